
/*
 * The calls of a request, as the events of the request's life meet them.  The
 * request is told of them by the first one.
 */

#include "http/call/ngx_http_review_call.h"


static void ngx_http_review_calls_ended(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_calls_kick(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_calls_stop(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_calls_leave(ngx_http_review_ctx_t *ctx);


static const ngx_http_review_calling_t  ngx_http_review_calls = {
    ngx_http_review_calls_ended,
    ngx_http_review_calls_kick,
    ngx_http_review_calls_stop,
    ngx_http_review_calls_leave
};


void
ngx_http_review_calls_start(ngx_http_review_call_t *call)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = call->ctx;

    if (ctx->calling == NULL) {
        ngx_queue_init(&ctx->calls);
        ngx_queue_init(&ctx->ended);

        ctx->calling = &ngx_http_review_calls;
    }

    if (!call->active) {
        call->active = 1;
        ngx_queue_insert_tail(&ctx->calls, &call->running);
    }

    if (call->turn.waiter == NULL) {
        call->turn.waiter = &ctx->waiter;
    }

    call->free = 0;
    call->row = 0;
    call->away = 0;

    ngx_http_review_call_start(call);
}


static void
ngx_http_review_calls_ended(ngx_http_review_ctx_t *ctx)
{
    ngx_queue_t             *q;
    ngx_http_review_call_t  *call;

    while (!ngx_queue_empty(&ctx->ended) && !ctx->over) {
        q = ngx_queue_head(&ctx->ended);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_review_call_t, queue);
        call->ended = 0;

        ngx_http_review_call_ended(call);
    }
}


static void
ngx_http_review_calls_kick(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_request_t      **left;
    ngx_http_review_call_t   *call;

    for (q = ngx_queue_head(&ctx->calls);
         q != ngx_queue_sentinel(&ctx->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_http_review_call_t, running);

        if (call->sr) {
            ngx_http_review_subrequest_kick(call->sr);
        }
    }

    left = ctx->left.elts;

    for (i = 0; i < ctx->left.nelts; i++) {
        ngx_http_review_subrequest_kick(left[i]);
    }
}


static void
ngx_http_review_calls_stop(ngx_http_review_ctx_t *ctx)
{
    ngx_queue_t             *q;
    ngx_http_review_call_t  *call;

    for (q = ngx_queue_head(&ctx->calls);
         q != ngx_queue_sentinel(&ctx->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_http_review_call_t, running);

        ngx_http_review_subrequest_stop(call);
    }
}


static void
ngx_http_review_calls_leave(ngx_http_review_ctx_t *ctx)
{
    ngx_queue_t             *q;
    ngx_http_review_call_t  *call;

    while (!ngx_queue_empty(&ctx->calls)) {
        q = ngx_queue_head(&ctx->calls);
        call = ngx_queue_data(q, ngx_http_review_call_t, running);

        ngx_http_review_call_leave(call);
    }
}
