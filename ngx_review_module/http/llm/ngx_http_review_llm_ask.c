
/* A call of an LLM: where it goes, and by which limit. */

#include "http/llm/ngx_http_review_llm_ask.h"


ngx_http_review_waiter_t *
ngx_http_review_llm_ask_waiter(ngx_http_review_ctx_t *ctx,
    ngx_http_review_llm_t *llm)
{
    ngx_http_review_limit_t  *limit;

    limit = ngx_http_review_limit_of(ngx_http_review_limit_conf(ctx),
                                     &llm->name);

    return ngx_http_review_waiter_of(&ctx->waiter, ctx->request->pool, limit);
}


ngx_int_t
ngx_http_review_llm_ask(ngx_http_review_call_t *call,
    ngx_http_review_llm_t *llm)
{
    ngx_http_review_waiter_t  *waiter;

    waiter = ngx_http_review_llm_ask_waiter(call->ctx, llm);
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    call->uri = &llm->uri;
    call->authorization = llm->authorization;
    call->accept = llm->asked.stream ? "text/event-stream"
                                     : "application/json";

    call->turn.waiter = waiter;
    call->turn.falls = (llm->fallback != NULL);

    return NGX_OK;
}


ngx_http_review_llm_t *
ngx_http_review_llm_ask_first(ngx_http_review_ctx_t *ctx,
    ngx_http_review_llm_t *llm)
{
    ngx_http_review_limit_t       *limit;
    ngx_http_review_limit_conf_t  *conf;

    conf = ngx_http_review_limit_conf(ctx);

    while (llm->fallback) {
        limit = ngx_http_review_limit_of(conf, &llm->name);

        if (limit == NULL || !ngx_http_review_limit_is_open(limit)) {
            break;
        }

        llm = llm->fallback;
    }

    return llm;
}
