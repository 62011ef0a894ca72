
/* The LLM as a backend: its answers are chat completions, streamed or not. */

#include "http/chunk/ngx_http_review_chunk.h"


static void
ngx_http_review_llm_begin(ngx_http_review_call_t *call)
{
    ngx_http_review_cell_t  *cell;

    cell = call->data;

    review_completion_init(cell->completion, call->ctx->pool,
                           ngx_http_review_chunk_conf(call->ctx)->max_answer);
}


static ngx_int_t
ngx_http_review_llm_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    ngx_http_review_cell_t  *cell;

    cell = call->data;

    return review_completion_feed(cell->completion, (char *) data, len)
           ? NGX_ERROR : NGX_OK;
}


/* tokens cost what they cost, whatever the answer is worth */

static const char *
ngx_http_review_llm_end(ngx_http_review_call_t *call)
{
    review_str_t             model;
    review_completion_t     *c;
    ngx_http_review_llm_t   *llm;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;

    cell->outcome = review_completion_end(c);

    if (c->prompt_tokens >= 0) {
        call->usage->prompt_tokens += c->prompt_tokens;
    }

    if (c->completion_tokens >= 0) {
        call->usage->completion_tokens += c->completion_tokens;
    }

    model = c->model;

    if (model.len == 0) {
        llm = ngx_http_review_chunk_conf(call->ctx)->llm;

        model.data = (char *) llm->model.data;
        model.len = llm->model.len;
    }

    ngx_http_review_count_tokens(call->ctx, &model, c->prompt_tokens,
                                 c->completion_tokens);

    return c->detail;
}


static ngx_uint_t
ngx_http_review_llm_outcome(ngx_http_review_call_t *call)
{
    const char              *detail;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    detail = cell->completion->detail;

    switch (cell->outcome) {

    case REVIEW_COMPLETION_OK:
        return 0;

    case REVIEW_COMPLETION_CUT:
        if (call->timedout || call->silent) {
            ngx_http_review_call_failed(call, "call_timeout",
                                 "the LLM fell silent in mid-answer");
            return 1;
        }

        ngx_http_review_call_failed(call, "cut",
                                    "the answer ended before its end");
        return 1;

    case REVIEW_COMPLETION_TRUNCATED:
        ngx_http_review_call_failed(call, "truncated",
                                    "the answer was cut at max_tokens");
        return 0;

    case REVIEW_COMPLETION_REFUSED:
        ngx_http_review_call_failed(call, "refused",
                                    detail[0] ? detail
                                    : "the LLM's filter withheld the answer");
        return 0;

    case REVIEW_COMPLETION_ERROR:
        ngx_http_review_call_failed(call, "llm_error", detail);
        return 0;

    case REVIEW_COMPLETION_EMPTY:
        ngx_http_review_call_failed(call, "bad_answer",
                                    detail[0] ? detail
                                    : "the answer is empty");
        return 0;

    case REVIEW_COMPLETION_BAD_JSON:
        ngx_http_review_call_failed(call, "bad_json",
                                    detail[0] ? detail
                                    : "the response is not JSON");
        return 0;

    case REVIEW_COMPLETION_TOO_LARGE:
        ngx_http_review_call_failed(call, "too_large",
                                    "the answer is over "
                                    "review_max_answer_size");
        return 0;

    default: /* REVIEW_COMPLETION_NO_MEMORY */
        ngx_http_review_call_failed(call, "internal", "no memory");
        return 0;
    }
}


const ngx_http_review_backend_t  ngx_http_review_llm_backend = {
    "the LLM",
    ngx_http_review_llm_begin,
    ngx_http_review_llm_feed,
    ngx_http_review_llm_end,
    ngx_http_review_llm_outcome
};
