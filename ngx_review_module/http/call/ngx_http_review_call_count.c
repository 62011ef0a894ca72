
/* What the metrics of a zone are told about calls, and what these cost. */

#include "http/call/ngx_http_review_call.h"


/* of the zone that limits the waiter's calls; NULL: none does */

review_metrics_t *
ngx_http_review_call_count_metrics(ngx_http_review_waiter_t *waiter)
{
    if (waiter == NULL || waiter->limit == NULL) {
        return NULL;
    }

    return &ngx_http_review_zone_load(waiter->limit->zone)->metrics;
}


/* a try that has ended, or was not made at all */

void
ngx_http_review_call_count(ngx_http_review_call_t *call)
{
    review_metrics_t  *m;

    m = ngx_http_review_call_count_metrics(call->turn.waiter);

    if (m == NULL) {
        return;
    }

    if (call->turn.code) {
        review_metrics_call(m, call->turn.code, REVIEW_METRICS_NO_TIME);
        review_metrics_queue(m, ngx_current_msec - call->turn.asked);
        return;
    }

    review_metrics_call(m, call->failure.code,
                        ngx_current_msec - call->started);
    review_metrics_queue(m, call->started - call->turn.asked);

    if (call->first) {
        review_metrics_first_token(m, call->first - call->started);
    }
}


/* a call that no server was free for */

void
ngx_http_review_call_count_busy(ngx_http_review_call_t *call)
{
    review_metrics_t  *m;

    m = ngx_http_review_call_count_metrics(call->turn.waiter);

    if (m) {
        review_metrics_call(m, REVIEW_CODE_BUSY, REVIEW_METRICS_NO_TIME);
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
        ngx_http_review_budget_add(call->turn.waiter, prompt, completion);
    }
}


/* a call that is given up while it runs, or while it waits */

void
ngx_http_review_call_count_cut(ngx_http_review_call_t *call, review_code_t code)
{
    review_metrics_t  *m;

    m = ngx_http_review_call_count_metrics(call->turn.waiter);

    if (m == NULL || call->turn.state == NGX_HTTP_REVIEW_TURN_NONE) {
        return;
    }

    if (call->turn.state == NGX_HTTP_REVIEW_TURN_HELD) {
        review_metrics_call(m, code, ngx_current_msec - call->started);
        review_metrics_queue(m, call->started - call->turn.asked);
        return;
    }

    if (code == REVIEW_CODE_DEADLINE) {
        code = ngx_http_review_limit_waited(&call->turn);
    }

    review_metrics_call(m, code, REVIEW_METRICS_NO_TIME);
    review_metrics_queue(m, ngx_current_msec - call->turn.asked);
}


/* a call that is made again, or asks anew */

void
ngx_http_review_call_count_retry(ngx_http_review_waiter_t *waiter,
    ngx_http_review_usage_t *usage)
{
    review_metrics_t  *m;

    usage->retries++;

    m = ngx_http_review_call_count_metrics(waiter);

    if (m) {
        review_metrics_retry(m);
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
