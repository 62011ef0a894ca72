
/* What the metrics of a zone are told about calls, and what these cost. */

#include "http/call/ngx_http_review_call.h"


/* of the zone that limits the waiter's calls; NULL: none does */

review_metrics_t *
ngx_http_review_call_count_metrics(ngx_http_review_waiter_t *waiter)
{
    if (waiter == NULL || waiter->limit == NULL) {
        return NULL;
    }

    return ngx_http_review_zone_metrics(waiter->limit->zone);
}


static review_metrics_llm_t *
ngx_http_review_call_count_llm(ngx_http_review_call_t *call)
{
    review_metrics_t  *m;

    m = ngx_http_review_call_count_metrics(call->turn.waiter);

    return m ? review_metrics_llm(m, (char *) call->llm.data, call->llm.len)
             : NULL;
}


/* a call that was made, or not, and waited for its turn before */

static void
ngx_http_review_call_count_try(ngx_http_review_call_t *call,
    review_code_t code, ngx_uint_t made)
{
    ngx_msec_t             begun;
    review_priority_e      class;
    review_metrics_llm_t  *llm;

    llm = ngx_http_review_call_count_llm(call);

    if (llm == NULL) {
        return;
    }

    class = call->turn.waiter->priority;
    begun = made ? call->started : ngx_current_msec;

    review_metrics_call(llm, class, code, made ? ngx_current_msec - begun
                                               : REVIEW_METRICS_NO_TIME);
    review_metrics_queue(llm, class, begun - call->turn.asked);

    if (made && call->first) {
        review_metrics_first_token(llm, call->first - begun);
    }
}


/* what is no call of the LLM counts where the location's limit does */

static void
ngx_http_review_call_count_operation(ngx_http_review_call_t *call)
{
    uint64_t                    bytes;
    ngx_http_upstream_state_t  *state;
    ngx_http_review_limit_t    *limit;

    limit = ngx_http_review_limit_conf(call->ctx)->counts;

    if (limit == NULL || call->backend->operation == NGX_DECLINED) {
        return;
    }

    bytes = 0;

    if (call->last && call->last->upstream_states
        && call->last->upstream_states->nelts)
    {
        state = call->last->upstream_states->elts;
        state += call->last->upstream_states->nelts - 1;
        bytes = state->bytes_sent + state->bytes_received;
    }

    review_metrics_operation(ngx_http_review_zone_metrics(limit->zone),
                             call->backend->operation,
                             call->failure.code == REVIEW_CODE_OK,
                             ngx_current_msec - call->started, bytes);
}


/* a try that has ended, or was not made at all */

void
ngx_http_review_call_count(ngx_http_review_call_t *call)
{
    if (call->turn.code) {
        ngx_http_review_call_count_try(call, call->turn.code, 0);

    } else {
        ngx_http_review_call_count_try(call, call->failure.code, 1);
        ngx_http_review_call_count_operation(call);
    }
}


/* a call that no server was free for */

void
ngx_http_review_call_count_busy(ngx_http_review_call_t *call)
{
    review_metrics_llm_t  *llm;

    llm = ngx_http_review_call_count_llm(call);

    if (llm) {
        review_metrics_call(llm, call->turn.waiter->priority, REVIEW_CODE_BUSY,
                            REVIEW_METRICS_NO_TIME);
    }
}


void
ngx_http_review_call_count_tokens(ngx_http_review_call_t *call,
    review_str_t *model, int64_t prompt, int64_t completion)
{
    review_metrics_t  *m;

    m = ngx_http_review_call_count_metrics(call->turn.waiter);

    if (m && (prompt > 0 || completion > 0)) {
        review_metrics_tokens(m, model->data, model->len, prompt, completion);
    }

    if (!call->cached) {
        ngx_http_review_tenant_count(call->turn.waiter, 0, prompt,
                                     completion);
        ngx_http_review_budget_add(call->turn.waiter, prompt, completion);
    }
}


/* a call that is given up while it runs, or while it waits */

void
ngx_http_review_call_count_cut(ngx_http_review_call_t *call, review_code_t code)
{
    if (call->turn.state == NGX_HTTP_REVIEW_TURN_NONE) {
        return;
    }

    if (call->turn.state == NGX_HTTP_REVIEW_TURN_HELD) {
        ngx_http_review_tenant_count(call->turn.waiter, 1, 0, 0);
        ngx_http_review_call_count_try(call, code, 1);
        return;
    }

    if (code == REVIEW_CODE_DEADLINE) {
        code = ngx_http_review_limit_waited(&call->turn);
    }

    ngx_http_review_call_count_try(call, code, 0);
}


/* a call that is made again, or asks anew */

void
ngx_http_review_call_count_retry(ngx_http_review_call_t *call)
{
    review_metrics_llm_t  *llm;

    call->usage->retries++;

    llm = ngx_http_review_call_count_llm(call);

    if (llm) {
        review_metrics_retry(llm, call->turn.waiter->priority);
    }
}


void
ngx_http_review_call_count_add_usage(ngx_http_review_usage_t *sum,
    ngx_http_review_usage_t *usage)
{
    sum->calls += usage->calls;
    sum->retries += usage->retries;
    sum->time += usage->time;
    sum->queue_time += usage->queue_time;
    sum->prompt_tokens += usage->prompt_tokens;
    sum->completion_tokens += usage->completion_tokens;
}
