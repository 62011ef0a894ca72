
/* Replies: whole, or in pieces while they are made. */

#include "http/request/ngx_http_review_reply.h"

#include "review/base/utf8.h"
#include "review/json/write.h"


/*
 * What is sent in a turn of the event loop.  Without sendfile nginx copies a
 * file for as long as a client takes it, and a fast one takes it all.
 */

#define NGX_HTTP_REVIEW_REPLY_FILE   (2 * 1024 * 1024)
#define NGX_HTTP_REVIEW_REPLY_LINKS  4096


static ngx_int_t ngx_http_review_reply_send(ngx_http_review_ctx_t *ctx,
    ngx_chain_t *out);
static ngx_int_t ngx_http_review_reply_portion(ngx_http_review_ctx_t *ctx);
static ngx_int_t ngx_http_review_reply_wait(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_reply_writer(ngx_http_request_t *r);
static ngx_uint_t ngx_http_review_reply_held(ngx_http_review_ctx_t *ctx);


ngx_chain_t *
ngx_http_review_reply_link(ngx_pool_t *pool, const char *data, size_t len)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(pool);
    cl = ngx_alloc_chain_link(pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    b->pos = (u_char *) data;
    b->last = b->pos + len;
    b->memory = len ? 1 : 0;
    b->tag = (ngx_buf_tag_t) &ngx_http_review_module;

    cl->buf = b;
    cl->next = NULL;

    return cl;
}


ngx_chain_t *
ngx_http_review_reply_buf(ngx_pool_t *pool, const review_buf_t *b)
{
    return b->failed ? NULL : ngx_http_review_reply_link(pool, b->data, b->len);
}


ngx_chain_t **
ngx_http_review_reply_add(ngx_chain_t **ll, ngx_pool_t *pool,
    const char *data, size_t len)
{
    if (ll) {
        *ll = ngx_http_review_reply_link(pool, data, len);
        ll = *ll ? &(*ll)->next : NULL;
    }

    return ll;
}


ngx_int_t
ngx_http_review_reply_header(ngx_http_review_ctx_t *ctx, ngx_uint_t status,
    const char *type)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->replied = 1;

    /* whoever has got nothing is to come back, to another worker */

    if (ctx->cut && status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_review_headers_add_retry_after(r,
                                                NGX_HTTP_REVIEW_EXIT_SECONDS)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = strcspn(type, ";");
    r->headers_out.content_type_lowcase = NULL;

    return ngx_http_send_header(r);
}


/* JSON, at once */

ngx_int_t
ngx_http_review_reply_whole(ngx_http_review_ctx_t *ctx, ngx_uint_t status,
    ngx_chain_t *out)
{
    return ngx_http_review_reply_typed(ctx, status, "application/json", out);
}


ngx_int_t
ngx_http_review_reply_typed(ngx_http_review_ctx_t *ctx, ngx_uint_t status,
    const char *type, ngx_chain_t *out)
{
    ngx_int_t            rc;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    r->headers_out.content_length_n = 0;

    for (cl = out; cl; cl = cl->next) {
        r->headers_out.content_length_n += ngx_buf_size(cl->buf);

        if (cl->next == NULL) {
            cl->buf->last_buf = 1;
            cl->buf->last_in_chain = 1;
        }
    }

    rc = ngx_http_review_reply_header(ctx, status, type);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_review_reply_send(ctx, out);
}


/*
 * The rest of a reply, in portions; returns what finalizes the request, or
 * NGX_DONE: there is more to come, and then it is finalized once more.
 */

static ngx_int_t
ngx_http_review_reply_send(ngx_http_review_ctx_t *ctx, ngx_chain_t *out)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;
    ctx->rest = out;

    rc = ngx_http_review_reply_portion(ctx);

    if (ctx->rest == NULL || rc == NGX_ERROR) {
        return rc;
    }

    r->main->count++;
    r->write_event_handler = ngx_http_review_reply_writer;

    if (ngx_http_review_reply_wait(ctx) != NGX_OK) {
        r->main->count--;
        return NGX_ERROR;
    }

    return NGX_DONE;
}


/* of a large file, its next piece; the buffer is left with the rest */

static ngx_chain_t *
ngx_http_review_reply_slice(ngx_pool_t *pool, ngx_buf_t *b)
{
    ngx_chain_t  *cl;

    cl = ngx_http_review_reply_link(pool, NULL, 0);
    if (cl == NULL) {
        return NULL;
    }

    *cl->buf = *b;

    b->file_pos += NGX_HTTP_REVIEW_REPLY_FILE;

    cl->buf->file_last = b->file_pos;
    cl->buf->last_buf = 0;
    cl->buf->last_in_chain = 0;
    cl->buf->flush = 0;

    return cl;
}


static ngx_int_t
ngx_http_review_reply_portion(ngx_http_review_ctx_t *ctx)
{
    off_t         left;
    ngx_buf_t    *b;
    ngx_uint_t    n;
    ngx_chain_t  *out, *cl, **ll;

    out = NULL;
    ll = &out;
    left = NGX_HTTP_REVIEW_REPLY_FILE;

    for (n = 0; ctx->rest && n < NGX_HTTP_REVIEW_REPLY_LINKS && left; n++) {
        cl = ctx->rest;
        b = cl->buf;

        if (!ngx_buf_in_memory(b) && ngx_buf_size(b) > left) {
            cl = ngx_http_review_reply_slice(ctx->request->pool, b);

            if (cl == NULL) {
                return NGX_ERROR;
            }

            left = 0;

        } else {
            ctx->rest = cl->next;
        }

        if (ngx_buf_size(cl->buf)) {
            ctx->sending = cl->buf;
        }

        *ll = cl;
        ll = &cl->next;
    }

    *ll = NULL;

    return ngx_http_output_filter(ctx->request, out);
}


/* for the client, or, where it has taken all, for a turn of the event loop */

static ngx_int_t
ngx_http_review_reply_wait(ngx_http_review_ctx_t *ctx)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = ctx->request->connection->write;

    if (wev->delayed) {
        return ngx_handle_write_event(wev, 0);
    }

    /* without a timer a worker that is to exit would not wait for it */

    clcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_core_module);
    ngx_add_timer(wev, clcf->send_timeout);

    if (!ngx_http_review_reply_held(ctx)) {
        ngx_post_event(wev, &ngx_posted_next_events);
        return NGX_OK;
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


/* the write event of a client whose reply is sent in portions */

static void
ngx_http_review_reply_writer(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_event_t            *wev;
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);
    wev = r->connection->write;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = NGX_OK;

    if (!wev->delayed && !r->aio) {
        rc = ngx_http_review_reply_held(ctx)
             ? ngx_http_output_filter(r, NULL)
             : ngx_http_review_reply_portion(ctx);
    }

    if (rc == NGX_ERROR || ctx->rest == NULL) {

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        r->write_event_handler = ngx_http_request_empty_handler;
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (ngx_http_review_reply_wait(ctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


ngx_int_t
ngx_http_review_reply_start(ngx_http_review_ctx_t *ctx, const char *type)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    static ngx_str_t  no_cache = ngx_string("no-cache");
    static ngx_str_t  no = ngx_string("no");

    r = ctx->request;

    if (ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                    "Cache-Control", &no_cache)
        != NGX_OK
        || ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                       "X-Accel-Buffering", &no)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_review_reply_header(ctx, NGX_HTTP_OK, type);

    /* no body goes with 204, which "error_page ... =204" may make of it */

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return NGX_ERROR;
    }

    return ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


/*
 * "last_in_chain" means the end, as "last_buf" does: filters of other modules
 * are done with the reply when they see it.
 */

ngx_int_t
ngx_http_review_reply_piece(ngx_http_review_ctx_t *ctx, ngx_chain_t *out,
    ngx_uint_t last)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = NULL;

    for (cl = out; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_size(b)) {
            ctx->sending = b;
        }
    }

    b->flush = !last;
    b->last_buf = last;
    b->last_in_chain = last;

    return last ? ngx_http_review_reply_send(ctx, out)
                : ngx_http_output_filter(ctx->request, out);
}


/*
 * Does the client, or a filter, still hold what it was sent?  Filters set
 * flags of their own in "buffered", and some keep them as long as the reply
 * lasts: so only what is known to be ours counts, and what waits for the
 * client's socket.
 */

static ngx_uint_t
ngx_http_review_reply_held(ngx_http_review_ctx_t *ctx)
{
    if (ctx->request->connection->buffered & NGX_HTTP_WRITE_BUFFERED) {
        return 1;
    }

    return ctx->sending && ngx_buf_size(ctx->sending);
}


/* "event: name", the data in one line, and a blank one */

ngx_int_t
ngx_http_review_reply_event(ngx_http_review_ctx_t *ctx, const char *name,
    ngx_chain_t *data, ngx_uint_t last)
{
    ngx_pool_t    *pool;
    ngx_chain_t   *out, *cl;
    review_buf_t   b;

    pool = ctx->request->pool;

    review_buf_init(&b, ctx->pool, 32);
    review_buf_puts(&b, "event: ");
    review_buf_puts(&b, name);
    review_buf_puts(&b, "\ndata: ");

    out = ngx_http_review_reply_buf(pool, &b);
    if (out == NULL) {
        return NGX_ERROR;
    }

    out->next = data;

    for (cl = out; cl->next; cl = cl->next) { /* void */ }

    cl->next = ngx_http_review_reply_link(pool, "\n\n", 2);

    if (cl->next == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_review_reply_piece(ctx, out, last);
}


/* a comment: it only shows proxies and clients that the reply is alive */

void
ngx_http_review_reply_ping(ngx_http_review_ctx_t *ctx)
{
    ngx_chain_t  *out;

    /* a client that does not read is not sent more */

    if (ngx_http_review_reply_held(ctx)) {
        return;
    }

    out = ngx_http_review_reply_link(ctx->request->pool, ": ping\n\n",
                                     sizeof(": ping\n\n") - 1);

    if (out == NULL
        || ngx_http_review_reply_piece(ctx, out, 0) == NGX_ERROR)
    {
        ctx->broken = 1;
    }
}


/*
 * Goes on with what the client has not taken yet, whoever keeps it: nginx does
 * while a subrequest of another module, "add_before_body", goes before it.
 */

ngx_int_t
ngx_http_review_reply_flush(ngx_http_review_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ngx_http_review_reply_unsent(ctx)
        && !r->buffered && !r->connection->buffered && r->postponed == NULL)
    {
        return NGX_OK;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_handle_write_event(r->connection->write, 0);
}


ngx_uint_t
ngx_http_review_reply_unsent(ngx_http_review_ctx_t *ctx)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = ctx->request->connection->write;

    /* limit_rate has a timer of its own */

    if (wev->delayed) {
        return 1;
    }

    if (ctx->streaming && wev->timer_set) {
        ngx_del_timer(wev);
    }

    if (!ngx_http_review_reply_held(ctx)) {
        return 0;
    }

    if (ctx->streaming) {
        clcf = ngx_http_get_module_loc_conf(ctx->request,
                                            ngx_http_core_module);
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return 1;
}


ngx_uint_t
ngx_http_review_reply_outcome(ngx_http_review_ctx_t *ctx, size_t n,
    size_t timedout)
{
    if (ctx->failed < n) {
        ctx->status = ctx->failed ? "partial" : "complete";
        return NGX_HTTP_OK;
    }

    ctx->status = "failed";

    if (ctx->cut) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return timedout == n ? NGX_HTTP_GATEWAY_TIME_OUT : NGX_HTTP_BAD_GATEWAY;
}


void
ngx_http_review_reply_usage(review_buf_t *b, ngx_http_review_usage_t *usage,
    ngx_uint_t calls)
{
    review_write_object(b, "usage");

    if (calls) {
        review_write_number(b, "calls", usage->calls);
        review_write_number(b, "retries", usage->retries);
    }

    review_write_number(b, "prompt_tokens", usage->prompt_tokens);
    review_write_number(b, "completion_tokens", usage->completion_tokens);
    review_write_number(b, "total_tokens",
                        usage->prompt_tokens + usage->completion_tokens);
    review_write_object_end(b);
}


void
ngx_http_review_reply_error(review_buf_t *b, review_code_t code,
    const char *detail, const char *note)
{
    char  name[REVIEW_CODE_NAME];

    review_write_object(b, "error");
    review_write_word(b, "code", review_code_name(code, name));

    review_write_open(b, "detail");
    review_write_text(b, detail,
                      review_utf8_valid(detail, ngx_strlen(detail)));

    if (note) {
        review_buf_puts(b, "; ");
        review_buf_puts(b, note);
    }

    review_write_close(b);
    review_write_object_end(b);
}


void
ngx_http_review_reply_cut(review_buf_t *b, ngx_http_review_ctx_t *ctx)
{
    if (ctx->cut) {
        review_write_word(b, "cut", "shutdown");
    }
}
