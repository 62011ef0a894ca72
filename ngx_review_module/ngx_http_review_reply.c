
/* The reply: JSON at once, or server-sent events while it is made. */

#include "ngx_http_review.h"


static ngx_int_t ngx_http_review_reply_header(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type);
static ngx_uint_t ngx_http_review_reply_code(ngx_http_review_ctx_t *ctx);
static ngx_chain_t *ngx_http_review_reply_chain(ngx_http_review_ctx_t *ctx);
static ngx_int_t ngx_http_review_reply_event(ngx_http_review_ctx_t *ctx,
    const char *name, ngx_chain_t *data, ngx_uint_t last);


static ngx_str_t  ngx_http_review_json = ngx_string("application/json");
static ngx_str_t  ngx_http_review_sse = ngx_string("text/event-stream");


/* the whole reply, or what is left of it; returns what finalizes the request */

ngx_int_t
ngx_http_review_reply(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_chain_t         *out, *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    out = ngx_http_review_reply_chain(ctx);
    if (out == NULL) {
        return ctx->sse ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->sse) {
        return ngx_http_review_reply_event(ctx, "done", out, 1);
    }

    r->headers_out.content_length_n = 0;

    for (cl = out; cl; cl = cl->next) {
        r->headers_out.content_length_n += ngx_buf_size(cl->buf);

        if (cl->next == NULL) {
            cl->buf->last_buf = 1;
            cl->buf->last_in_chain = 1;
        }
    }

    ctx->replied = 1;

    rc = ngx_http_review_reply_header(r, ngx_http_review_reply_code(ctx),
                                      &ngx_http_review_json);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


static ngx_int_t
ngx_http_review_reply_header(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type)
{
    r->headers_out.status = status;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;

    return ngx_http_send_header(r);
}


const char *
ngx_http_review_reply_status(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t  good;

    good = ctx->counts[NGX_HTTP_REVIEW_OK]
           + ctx->counts[NGX_HTTP_REVIEW_SKIPPED];

    if (good == ctx->ncells) {
        return "complete";
    }

    return good ? "partial" : "failed";
}


static ngx_uint_t
ngx_http_review_reply_code(ngx_http_review_ctx_t *ctx)
{
    if (ctx->counts[NGX_HTTP_REVIEW_OK] || ctx->counts[NGX_HTTP_REVIEW_SKIPPED])
    {
        return NGX_HTTP_OK;
    }

    return ctx->counts[NGX_HTTP_REVIEW_TIMEOUT] == ctx->ncells
           ? NGX_HTTP_GATEWAY_TIME_OUT : NGX_HTTP_BAD_GATEWAY;
}


static ngx_chain_t *
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
    b->memory = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_review_module;

    cl->buf = b;
    cl->next = NULL;

    return cl;
}


/* {"id","rubric","status","results":[ */

static void
ngx_http_review_reply_head(ngx_http_review_ctx_t *ctx, review_buf_t *b)
{
    review_rubric_t  *rubric;

    rubric = ctx->rubric;

    review_buf_puts(b, "{\"id\":");

    if (ctx->id.data) {
        review_buf_json(b, ctx->id.data, ctx->id.len);

    } else {
        review_buf_puts(b, "null");
    }

    review_buf_puts(b, ",\"rubric\":");

    if (rubric) {
        review_buf_puts(b, "{\"name\":");
        review_buf_json(b, rubric->name.data, rubric->name.len);
        review_buf_puts(b, ",\"version\":");
        review_buf_json(b, rubric->version.data, rubric->version.len);
        review_buf_puts(b, "}");

    } else {
        review_buf_puts(b, "null");
    }

    review_buf_puts(b, ",\"status\":\"");
    review_buf_puts(b, ngx_http_review_reply_status(ctx));
    review_buf_puts(b, "\",\"results\":[");
}


static ngx_chain_t *
ngx_http_review_reply_chain(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t     i;
    ngx_pool_t    *pool;
    ngx_chain_t   *out, **ll;
    review_buf_t   head, tail;

    pool = ctx->request->pool;

    review_buf_init(&head, ctx->pool, 128);
    review_buf_init(&tail, ctx->pool, 192);

    ngx_http_review_reply_head(ctx, &head);

    review_buf_puts(&tail, "],\"usage\":");
    ngx_http_review_write_usage(&tail, &ctx->usage, 1);
    review_buf_puts(&tail, ",\"elapsed_ms\":");
    review_buf_number(&tail, ngx_current_msec - ctx->started);
    review_buf_puts(&tail, "}");

    if (head.failed || tail.failed) {
        return NULL;
    }

    out = ngx_http_review_reply_link(pool, head.data, head.len);

    for (i = 0, ll = &out; i < ctx->ncells && *ll; i++) {

        if (i) {
            ll = &(*ll)->next;
            *ll = ngx_http_review_reply_link(pool, ",", 1);
            if (*ll == NULL) {
                return NULL;
            }
        }

        ll = &(*ll)->next;
        *ll = ngx_http_review_reply_link(pool,
                                         (char *) ctx->cells[i].result.data,
                                         ctx->cells[i].result.len);
    }

    if (*ll == NULL) {
        return NULL;
    }

    ll = &(*ll)->next;
    *ll = ngx_http_review_reply_link(pool, tail.data, tail.len);

    return *ll ? out : NULL;
}


ngx_int_t
ngx_http_review_reply_start_sse(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    static ngx_str_t  no_cache = ngx_string("no-cache");
    static ngx_str_t  no = ngx_string("no");

    r = ctx->request;

    if (ngx_http_review_add_header(&r->headers_out.headers, r->pool,
                                   "Cache-Control", &no_cache)
        != NGX_OK
        || ngx_http_review_add_header(&r->headers_out.headers, r->pool,
                                      "X-Accel-Buffering", &no)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->replied = 1;

    rc = ngx_http_review_reply_header(r, NGX_HTTP_OK, &ngx_http_review_sse);

    /* no body goes with 204, which "error_page ... =204" may make of it */

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return NGX_ERROR;
    }

    return ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


/* "event: name", the data in one line, and a blank one */

static ngx_int_t
ngx_http_review_reply_event(ngx_http_review_ctx_t *ctx, const char *name,
    ngx_chain_t *data, ngx_uint_t last)
{
    ngx_chain_t         *out, *cl;
    review_buf_t         b;
    ngx_http_request_t  *r;

    r = ctx->request;

    review_buf_init(&b, ctx->pool, 32);
    review_buf_puts(&b, "event: ");
    review_buf_puts(&b, name);
    review_buf_puts(&b, "\ndata: ");

    out = b.failed ? NULL : ngx_http_review_reply_link(r->pool, b.data, b.len);

    if (out == NULL) {
        return NGX_ERROR;
    }

    out->next = data;

    for (cl = out; cl->next; cl = cl->next) { /* void */ }

    cl->next = ngx_http_review_reply_link(r->pool, "\n\n", 2);

    if (cl->next == NULL) {
        return NGX_ERROR;
    }

    cl->next->buf->flush = !last;
    cl->next->buf->last_buf = last;
    cl->next->buf->last_in_chain = 1;

    return ngx_http_output_filter(r, out);
}


void
ngx_http_review_reply_result(ngx_http_review_cell_t *cell)
{
    ngx_chain_t            *cl;
    review_buf_t            b;
    ngx_http_review_ctx_t  *ctx;

    ctx = cell->ctx;

    cl = ngx_http_review_reply_link(ctx->request->pool,
                                    (char *) cell->result.data,
                                    cell->result.len);

    if (cl == NULL
        || ngx_http_review_reply_event(ctx, "result", cl, 0) == NGX_ERROR)
    {
        ctx->broken = 1;
        return;
    }

    review_buf_init(&b, ctx->pool, 64);
    review_buf_puts(&b, "{\"done\":");
    review_buf_number(&b, ctx->ndone);
    review_buf_puts(&b, ",\"total\":");
    review_buf_number(&b, ctx->ncells);
    review_buf_puts(&b, ",\"failed\":");
    review_buf_number(&b, ctx->counts[NGX_HTTP_REVIEW_FAILED]
                          + ctx->counts[NGX_HTTP_REVIEW_TIMEOUT]);
    review_buf_puts(&b, "}");

    cl = b.failed ? NULL : ngx_http_review_reply_link(ctx->request->pool,
                                                      b.data, b.len);

    if (cl == NULL
        || ngx_http_review_reply_event(ctx, "progress", cl, 0) == NGX_ERROR)
    {
        ctx->broken = 1;
    }
}


/* a comment: it only shows proxies and clients that the reply is alive */

void
ngx_http_review_reply_ping(ngx_http_review_ctx_t *ctx)
{
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    /* a client that does not read is not sent more */

    if (r->buffered || r->connection->buffered) {
        return;
    }

    cl = ngx_http_review_reply_link(r->pool, ": ping\n\n",
                                    sizeof(": ping\n\n") - 1);

    if (cl == NULL) {
        ctx->broken = 1;
        return;
    }

    cl->buf->flush = 1;

    if (ngx_http_output_filter(r, cl) == NGX_ERROR) {
        ctx->broken = 1;
    }
}


/* goes on with what the client has not taken yet */

ngx_int_t
ngx_http_review_reply_flush(ngx_http_review_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!r->buffered && !r->connection->buffered) {
        return NGX_OK;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_handle_write_event(r->connection->write, 0);
}
