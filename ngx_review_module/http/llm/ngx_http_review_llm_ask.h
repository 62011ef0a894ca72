
/* Calls of LLMs, each of which goes by the limit of the one that it asks. */

#ifndef _NGX_HTTP_REVIEW_LLM_ASK_H_INCLUDED_
#define _NGX_HTTP_REVIEW_LLM_ASK_H_INCLUDED_


#include "http/call/ngx_http_review_call.h"
#include "http/llm/ngx_http_review_llm.h"

#pragma GCC visibility push(hidden)


/* who waits for it, of the request; NULL: no memory */

ngx_http_review_waiter_t *ngx_http_review_llm_ask_waiter(
    ngx_http_review_ctx_t *ctx, ngx_http_review_llm_t *llm);

/* it is that one which the call asks from its start on */

ngx_int_t ngx_http_review_llm_ask(ngx_http_review_call_t *call,
    ngx_http_review_llm_t *llm);

/* the one that answers now: those whose circuits are open are left out */

ngx_http_review_llm_t *ngx_http_review_llm_ask_first(
    ngx_http_review_ctx_t *ctx, ngx_http_review_llm_t *llm);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_LLM_ASK_H_INCLUDED_ */
