
/*
 * A body that is not text, made text by another service: it is sent to an
 * internal location with its own Content-Type, and what comes back is the text.
 */

#include "ngx_http_review.h"


#define NGX_HTTP_REVIEW_EXTRACT_MESSAGE  160


struct ngx_http_review_extraction_s {
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_ctx_pt      next;
    ngx_http_review_call_t      call;
    review_buf_t                text;       /* in the work's memory */
    char                        message[NGX_HTTP_REVIEW_EXTRACT_MESSAGE + 1];
    unsigned                    large:1;
    unsigned                    ended:1;    /* the call */
    unsigned                    expired:1;
};


/* what the thread works with */

typedef struct {
    ngx_http_review_extraction_t  *extraction;
    review_str_t                   text;
    size_t                         valid;
} ngx_http_review_validation_t;


static void ngx_http_review_extract_begin(ngx_http_review_call_t *call);
static ngx_int_t ngx_http_review_extract_feed(ngx_http_review_call_t *call,
    u_char *data, size_t len);
static const char *ngx_http_review_extract_end(ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_extract_outcome(
    ngx_http_review_call_t *call);
static void ngx_http_review_extract_ended(ngx_http_review_call_t *call);
static void ngx_http_review_extract_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_extract_check(
    ngx_http_review_extraction_t *extraction);
static void ngx_http_review_extract_failed(
    ngx_http_review_extraction_t *extraction);
static void ngx_http_review_extract_run(void *data);
static void ngx_http_review_extract_done(void *data);
static void ngx_http_review_extract_expire(ngx_http_review_ctx_t *ctx);


static const ngx_http_review_backend_t  ngx_http_review_extract_backend = {
    "the converter",
    ngx_http_review_extract_begin,
    ngx_http_review_extract_feed,
    ngx_http_review_extract_end,
    ngx_http_review_extract_outcome
};


void
ngx_http_review_extract_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next)
{
    ngx_http_request_t            *r;
    ngx_http_review_call_t        *call;
    ngx_http_review_extraction_t  *e;

    r = ctx->request;

    if (ngx_http_review_body_size(r) == 0) {
        ngx_http_review_fail(ctx, ngx_http_review_problem(ctx,
                                             NGX_HTTP_BAD_REQUEST, NULL,
                                             "the document is empty"));
        return;
    }

    e = ngx_pcalloc(r->pool, sizeof(ngx_http_review_extraction_t));

    if (e == NULL || ngx_http_review_work(ctx) == NULL) {
        ngx_http_review_fail(ctx, NGX_ERROR);
        return;
    }

    e->ctx = ctx;
    e->next = next;

    ngx_http_review_waiter_init(&ctx->waiter, r, ctx->conf);

    /* the LLM's limit is not the converter's */

    ctx->waiter.limit = NULL;

    ctx->extraction = e;
    ctx->progress = ngx_http_review_extract_progress;
    ctx->expire = ngx_http_review_extract_expire;

    if (ngx_http_review_begin(ctx) != NGX_OK) {
        ngx_http_review_fail(ctx, NGX_ERROR);
        return;
    }

    call = &e->call;

    call->ctx = ctx;
    call->data = e;
    call->backend = &ngx_http_review_extract_backend;
    call->uri = ctx->conf->extract;
    call->accept = "text/markdown, text/plain;q=0.9";
    call->type = r->headers_in.content_type->value;
    call->name.data = "the text of a document";
    call->name.len = ngx_strlen(call->name.data);
    call->usage = &ctx->usage;
    call->handler = ngx_http_review_extract_ended;

    ngx_http_review_call_start(call);
}


static void
ngx_http_review_extract_begin(ngx_http_review_call_t *call)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;

    review_buf_init(&e->text, call->ctx->work->memory, 0);
    e->large = 0;
}


static ngx_int_t
ngx_http_review_extract_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;

    if (len > call->ctx->conf->max_text - e->text.len) {
        e->large = 1;
        return NGX_ERROR;
    }

    review_buf_add(&e->text, (char *) data, len);

    return e->text.failed ? NGX_ERROR : NGX_OK;
}


/* of an error's body, the first line */

static const char *
ngx_http_review_extract_end(ngx_http_review_call_t *call)
{
    size_t                         n;
    ngx_http_review_extraction_t  *e;

    e = call->data;

    n = ngx_min(e->text.len, NGX_HTTP_REVIEW_EXTRACT_MESSAGE);
    n = review_utf8_valid(e->text.data, n);

    ngx_memcpy(e->message, n ? e->text.data : "", n);
    e->message[n] = '\0';

    e->message[strcspn(e->message, "\r\n<")] = '\0';

    return e->message;
}


static ngx_uint_t
ngx_http_review_extract_outcome(ngx_http_review_call_t *call)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;

    if (e->large) {
        ngx_http_review_call_failed(call, "too_large",
                                    "the document's text is over "
                                    "review_max_text_size");
        return 0;
    }

    if (e->text.failed) {
        ngx_http_review_call_failed(call, "internal", "no memory");
        return 0;
    }

    if (call->timedout || call->silent) {
        ngx_http_review_call_failed(call, "call_timeout",
                                    "the converter fell silent in mid-text");
        return 1;
    }

    if (call->cut) {
        ngx_http_review_call_failed(call, "cut",
                                    "the text ended before its end");
        return 1;
    }

    return 0;
}


/* calls are ended one after the other, the request only when all have been */

static void
ngx_http_review_extract_ended(ngx_http_review_call_t *call)
{
    ngx_http_review_extraction_t  *e;

    e = call->data;
    e->ended = 1;

    ngx_http_review_wake(e->ctx);
}


static void
ngx_http_review_extract_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_extraction_t  *e;

    e = ctx->extraction;

    if (e->expired) {
        ngx_http_review_fail(ctx,
                ngx_http_review_problem(ctx, NGX_HTTP_GATEWAY_TIME_OUT, NULL,
                                        "review_timeout was over before the "
                                        "document was made text"));
        return;
    }

    if (!e->ended) {
        return;
    }

    e->ended = 0;

    if (e->call.failure.code) {
        ngx_http_review_extract_failed(e);
        return;
    }

    ngx_http_review_extract_check(e);
}


static void
ngx_http_review_extract_check(ngx_http_review_extraction_t *e)
{
    ngx_http_review_work_t        *work;
    ngx_http_review_validation_t  *v;

    work = e->ctx->work;

    v = ngx_palloc(work->pool, sizeof(ngx_http_review_validation_t));
    if (v == NULL) {
        ngx_http_review_fail(e->ctx, NGX_ERROR);
        return;
    }

    v->extraction = e;
    v->text.data = e->text.data ? e->text.data : "";
    v->text.len = e->text.len;

    ngx_http_review_work_start(work, v->text.len, ngx_http_review_extract_run,
                               ngx_http_review_extract_done, v);
}


/* what the converter says of the document is the client's to know */

static void
ngx_http_review_extract_failed(ngx_http_review_extraction_t *e)
{
    ngx_int_t                   status;
    ngx_http_review_call_t     *call;
    ngx_http_review_failure_t  *failure;

    call = &e->call;
    failure = &call->failure;

    if (ngx_strcmp(failure->code, "call_timeout") == 0) {
        status = NGX_HTTP_GATEWAY_TIME_OUT;

    } else if (ngx_strcmp(failure->code, "too_large") == 0) {
        status = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;

    } else if (call->header && call->status == NGX_HTTP_UNSUPPORTED_MEDIA_TYPE)
    {
        status = NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;

    } else if (call->header && (call->status == NGX_HTTP_BAD_REQUEST
                                || call->status == NGX_HTTP_UNPROCESSABLE))
    {
        status = NGX_HTTP_UNPROCESSABLE;

    } else {
        status = NGX_HTTP_BAD_GATEWAY;
    }

    ngx_http_review_fail(e->ctx,
                ngx_http_review_refuse(e->ctx, status, NULL,
                                       "the document was not made text: %s",
                                       failure->detail));
}


/* on a thread */

static void
ngx_http_review_extract_run(void *data)
{
    ngx_http_review_validation_t *v = data;

    v->valid = review_utf8_valid(v->text.data, v->text.len);
}


static void
ngx_http_review_extract_done(void *data)
{
    ngx_http_review_validation_t *v = data;

    ngx_http_review_ctx_t         *ctx;
    ngx_http_review_extraction_t  *e;

    e = v->extraction;
    ctx = e->ctx;

    if (v->valid < v->text.len) {
        ngx_http_review_fail(ctx,
                ngx_http_review_refuse(ctx, NGX_HTTP_BAD_GATEWAY, NULL,
                                       "the text that the converter made is "
                                       "not valid UTF-8 at byte %zu",
                                       v->valid));
        return;
    }

    ctx->text = v->text;

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }

    e->next(ctx);
}


static void
ngx_http_review_extract_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_extraction_t  *e;

    e = ctx->extraction;
    e->expired = 1;

    if (e->call.active) {
        ngx_http_review_call_cancel(&e->call);
    }
}
