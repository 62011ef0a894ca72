
/*
 * A document that is not text, made text by another service: it is sent to an
 * internal location with its own Content-Type, and what comes back is the text.
 */

#include "http/source/ngx_http_review_extract.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/excerpt.h"
#include "review/base/utf8.h"


/* what JSON has beside its text, and that is twice what it stands for */

#define NGX_HTTP_REVIEW_EXTRACT_JSON  (4 * 1024 * 1024)

#define ngx_http_review_extract_json(max)                                     \
    ((max) < NGX_MAX_SIZE_T_VALUE / 4                                         \
     ? 2 * (max) + NGX_HTTP_REVIEW_EXTRACT_JSON : (max))


/* a client's own body */

typedef struct {
    ngx_http_review_extraction_t  extraction;
    ngx_http_review_ctx_pt        next;
    ngx_uint_t                    expired;
} ngx_http_review_extract_body_t;


static void ngx_http_review_extract_begin(ngx_http_review_call_t *call);
static ngx_int_t ngx_http_review_extract_feed(ngx_http_review_call_t *call,
    u_char *data, size_t len);
static const char *ngx_http_review_extract_end(ngx_http_review_call_t *call);
static review_code_t ngx_http_review_extract_whole(
    ngx_http_review_call_t *call);
static void ngx_http_review_extract_ended(ngx_http_review_call_t *call);
static ngx_int_t ngx_http_review_extract_failed(
    ngx_http_review_extraction_t *e);
static void ngx_http_review_extract_run(void *data);
static void ngx_http_review_extract_done(void *data);
static void ngx_http_review_extract_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_extract_made(ngx_http_review_extraction_t *e);
static void ngx_http_review_extract_expire(ngx_http_review_ctx_t *ctx);


static const ngx_http_review_backend_t  ngx_http_review_extract_backend = {
    "the converter",
    "the document's text is over review_max_text_size",
    ngx_http_review_extract_begin,
    ngx_http_review_extract_feed,
    ngx_http_review_extract_end,
    ngx_http_review_extract_whole,
    1,
    NULL
};


void
ngx_http_review_extract_load(ngx_http_review_extraction_t *e)
{
    ngx_http_review_call_t  *call;

    call = &e->call;

    call->ctx = e->ctx;
    call->data = e;
    call->backend = &ngx_http_review_extract_backend;
    call->uri = ngx_http_review_source_conf(e->ctx)->extract;
    call->accept = "application/vnd.review.text+json, text/markdown;q=0.9, "
                   "text/plain;q=0.8";
    call->type = e->type;
    call->body = e->body;
    call->npieces = e->npieces;
    call->name.data = "the text of a document";
    call->name.len = ngx_strlen(call->name.data);
    call->usage = &e->ctx->usage;
    call->handler = ngx_http_review_extract_ended;

    e->max_text = ngx_http_review_request_conf(e->ctx)->max_text;

    ngx_http_review_calls_start(call);
}


static void
ngx_http_review_extract_begin(ngx_http_review_call_t *call)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;

    review_buf_init(&e->reply, e->work->memory, 0);
    e->json = 0;
}


/*
 * Does the converter answer with more than the text?  Any JSON says so, since
 * what is told of pages must not be lost in a text.
 */

static ngx_uint_t
ngx_http_review_extract_is_json(ngx_http_request_t *sr)
{
    size_t      len;
    ngx_str_t  *type;

    static ngx_str_t  json = ngx_string("application/json");

    type = &sr->headers_out.content_type;

    for (len = 0; len < type->len; len++) {
        if (type->data[len] == ';' || type->data[len] == ' ') {
            break;
        }
    }

    return (len == json.len
            && ngx_strncasecmp(type->data, json.data, len) == 0)
           || (len > 5
               && ngx_strncasecmp(type->data + len - 5, (u_char *) "+json", 5)
                  == 0);
}


static ngx_int_t
ngx_http_review_extract_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;

    if (e->reply.len == 0) {
        e->json = ngx_http_review_extract_is_json(call->sr);
    }

    return ngx_http_review_outcome_gather(call, &e->reply,
                             e->json
                             ? ngx_http_review_extract_json(e->max_text)
                             : e->max_text, data, len);
}


/* of an error's body, the first line */

static const char *
ngx_http_review_extract_end(ngx_http_review_call_t *call)
{
    size_t                         n;
    ngx_http_review_extraction_t  *e;

    e = call->data;

    n = ngx_min(e->reply.len, NGX_HTTP_REVIEW_EXTRACT_MESSAGE);
    n = review_utf8_valid(e->reply.data, n);

    ngx_memcpy(e->message, n ? e->reply.data : "", n);
    e->message[n] = '\0';

    e->message[strcspn(e->message, "\r\n<")] = '\0';

    review_excerpt_mask(e->message);

    return e->message;
}


static review_code_t
ngx_http_review_extract_whole(ngx_http_review_call_t *call)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;

    return ngx_http_review_outcome_gathered(call, &e->reply);
}


/* calls are ended one after the other, the request only when all have been */

static void
ngx_http_review_extract_ended(ngx_http_review_call_t *call)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;
    e->ended = 1;

    ngx_http_review_ctx_wake(e->ctx);
}


void
ngx_http_review_extract_load_progress(ngx_http_review_extraction_t *e)
{
    if (!e->ended) {
        return;
    }

    e->ended = 0;

    if (e->call.failure.code) {
        e->rc = ngx_http_review_extract_failed(e);
        e->handler(e);
        return;
    }

    ngx_http_review_work_start(e->work, e->reply.len,
                               ngx_http_review_extract_run,
                               ngx_http_review_extract_done, e);
}


/* what the converter says of the document is the client's to know */

static ngx_int_t
ngx_http_review_extract_failed(ngx_http_review_extraction_t *e)
{
    ngx_int_t                status;
    ngx_http_review_call_t  *call;

    call = &e->call;
    status = review_code_status(call->failure.code);

    switch (call->header ? call->status : 0) {

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        status = NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
        break;

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_UNPROCESSABLE:
        status = NGX_HTTP_UNPROCESSABLE;
    }

    return ngx_http_review_problem_refuse(e->ctx, status, e->pointer,
                                          "the document was not made text: %s",
                                          call->failure.detail);
}


/* on a thread */

static void
ngx_http_review_extract_run(void *data)
{
    ngx_http_review_extraction_t *e = data;

    review_str_t    text;
    review_pool_t  *pool;

    pool = e->work->memory;

    text.data = e->reply.data ? e->reply.data : "";
    text.len = e->reply.len;

    e->valid = review_utf8_text(text.data, text.len);

    if (e->valid < text.len) {
        return;
    }

    if (!e->json) {
        e->read = review_document_read(pool, &e->document, &text);
        return;
    }

    e->read = review_extracted_read(pool, &e->document, text.data, text.len,
                                    e->max_text, &e->err);

    /* what was parsed is not needed any more, and here nobody waits */

    (void) ngx_pfree(pool->ctx, (void *) text.data);
}


/* of a converter that says more than the text, and makes a mistake */

static ngx_int_t
ngx_http_review_extract_refused(ngx_http_review_extraction_t *e)
{
    const char  *at;

    if (e->read == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return ngx_http_review_problem_refuse(e->ctx, e->read, e->pointer,
                                              "the document's text %s",
                                              e->err.text);
    }

    at = e->err.pointer;

    return ngx_http_review_problem_refuse(e->ctx, NGX_HTTP_BAD_GATEWAY,
                                          e->pointer, "the converter's answer "
                                          "is not as it should be: %s%s%s",
                                          at, at[0] ? " " : "", e->err.text);
}


static void
ngx_http_review_extract_done(void *data)
{
    ngx_http_review_extraction_t *e = data;

    e->rc = NGX_OK;

    if (e->valid < e->reply.len) {
        e->rc = ngx_http_review_problem_refuse(e->ctx, NGX_HTTP_BAD_GATEWAY,
                                               e->pointer, "the text that the "
                                               "converter made is not valid "
                                               "UTF-8 without NUL at byte %zu",
                                               e->valid);

    } else if (e->read == -1) {
        e->rc = NGX_ERROR;

    } else if (e->read) {
        e->rc = ngx_http_review_extract_refused(e);
    }

    e->handler(e);
}


ngx_int_t
ngx_http_review_extract_check(ngx_http_review_ctx_t *ctx,
    ngx_http_review_type_e *type)
{
    ngx_int_t  rc;

    rc = ngx_http_review_headers_check_post(ctx, type);

    if (rc == NGX_OK && *type == NGX_HTTP_REVIEW_TYPE_OTHER
        && ngx_http_review_source_conf(ctx)->extract == NULL)
    {
        return ngx_http_review_problem(ctx, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       NULL, "Content-Type must be "
                                       "application/json, text/plain or "
                                       "text/markdown: there is no "
                                       "\"review_extract\" to make a text of "
                                       "anything else");
    }

    return rc;
}


void
ngx_http_review_extract_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next)
{
    ngx_http_request_t              *r;
    ngx_http_review_extraction_t    *e;
    ngx_http_review_extract_body_t  *body;

    r = ctx->request;

    if (ngx_http_review_body_size(r) == 0) {
        ngx_http_review_ctx_fail(ctx, ngx_http_review_problem(ctx,
                                             NGX_HTTP_BAD_REQUEST, NULL,
                                             "the document is empty"));
        return;
    }

    if (ngx_http_review_work(ctx) == NULL) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    /* a thread that is at work for it may outlive the request */

    body = ngx_pcalloc(ctx->work->pool,
                       sizeof(ngx_http_review_extract_body_t));
    if (body == NULL) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    body->next = next;

    e = &body->extraction;

    e->ctx = ctx;
    e->work = ctx->work;
    e->type = r->headers_in.content_type->value;
    e->handler = ngx_http_review_extract_made;

    ngx_http_review_ctx_waiter(ctx);

    /* the LLM's limit is not the converter's */

    ctx->waiter.limit = NULL;

    ctx->data = e;
    ctx->progress = ngx_http_review_extract_progress;
    ctx->expire = ngx_http_review_extract_expire;

    if (ngx_http_review_ctx_begin(ctx) != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    ngx_http_review_extract_load(e);
}


static void
ngx_http_review_extract_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_extract_body_t  *body;

    body = (ngx_http_review_extract_body_t *) ctx->data;

    if (body->expired) {
        ngx_http_review_ctx_fail(ctx, ngx_http_review_ctx_problem_late(ctx,
                                        "review_timeout was over before the "
                                        "document was made text"));
        return;
    }

    ngx_http_review_extract_load_progress(ctx->data);
}


static void
ngx_http_review_extract_made(ngx_http_review_extraction_t *e)
{
    ngx_http_review_ctx_t           *ctx;
    ngx_http_review_extract_body_t  *body;

    body = (ngx_http_review_extract_body_t *) e;
    ctx = e->ctx;

    if (e->rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, e->rc);
        return;
    }

    ctx->text = e->document.text;
    ctx->document = &e->document;

    ngx_http_review_exit_leave(&ctx->exits);

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }

    body->next(ctx);
}


static void
ngx_http_review_extract_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_extract_body_t  *body;

    body = (ngx_http_review_extract_body_t *) ctx->data;
    body->expired = 1;

    if (body->extraction.call.active) {
        ngx_http_review_call_cancel(&body->extraction.call);
    }
}
