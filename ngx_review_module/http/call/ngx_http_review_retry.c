
/*
 * When, and whether, to try again.
 *
 * A budget keeps retries from storming an LLM that is down: each call earns a
 * share of a retry, each retry costs a whole one.  A small reserve, refilled
 * with time, lets single failures be retried while there is little traffic.
 */

#include "http/call/ngx_http_review_call.h"


/* in thousandths of a retry */

#define NGX_HTTP_REVIEW_RETRY        1000
#define NGX_HTTP_REVIEW_RESERVE      (10 * NGX_HTTP_REVIEW_RETRY)
#define NGX_HTTP_REVIEW_SAVINGS      (100 * NGX_HTTP_REVIEW_RETRY)
#define NGX_HTTP_REVIEW_REFILL       10                  /* a millisecond */


static void
ngx_http_review_retry_refill(ngx_http_review_retry_t *retry)
{
    ngx_msec_t  elapsed;

    elapsed = ngx_current_msec - retry->updated;

    if (retry->updated == 0 || elapsed > 1000) {
        elapsed = 1000;
    }

    retry->updated = ngx_current_msec;

    if (retry->balance < NGX_HTTP_REVIEW_RESERVE) {
        retry->balance = ngx_min(retry->balance
                                 + elapsed * NGX_HTTP_REVIEW_REFILL,
                                 NGX_HTTP_REVIEW_RESERVE);
    }
}


void
ngx_http_review_retry_earn(ngx_http_review_retry_t *retry)
{
    ngx_http_review_retry_refill(retry);

    retry->balance = ngx_min(retry->balance
                             + retry->budget * NGX_HTTP_REVIEW_RETRY / 100,
                             NGX_HTTP_REVIEW_SAVINGS);
}


static ngx_uint_t
ngx_http_review_retry_spend(ngx_http_review_retry_t *retry)
{
    ngx_http_review_retry_refill(retry);

    if (retry->budget == 0 || retry->balance < NGX_HTTP_REVIEW_RETRY) {
        return 0;
    }

    retry->balance -= NGX_HTTP_REVIEW_RETRY;

    return 1;
}


/* after "n" of them in a row */

static ngx_msec_t
ngx_http_review_retry_backoff(ngx_http_review_retry_t *retry, ngx_uint_t n,
    ngx_msec_t *jitter)
{
    ngx_msec_t  delay;

    delay = retry->backoff;

    for ( /* void */ ; n > 1 && delay < retry->max; n--) {
        delay *= 2;
    }

    delay = ngx_min(delay, retry->max);

    /* half of it is chance, lest all that failed together come together */

    *jitter = (ngx_msec_t) ngx_random() % (delay / 2 + 1);

    return delay - delay / 2 + *jitter;
}


ngx_msec_t
ngx_http_review_retry_pause(ngx_http_review_call_t *call)
{
    ngx_msec_t                jitter;
    ngx_http_review_retry_t  *retry;

    retry = ngx_http_review_call_conf(call->ctx)->retry;

    return ngx_http_review_retry_backoff(retry, call->pauses, &jitter);
}


ngx_int_t
ngx_http_review_retry_delay(ngx_http_review_call_t *call)
{
    ngx_msec_t                delay, jitter;
    ngx_msec_int_t            left;
    ngx_http_review_retry_t  *retry;

    retry = ngx_http_review_call_conf(call->ctx)->retry;

    if (call->tries >= retry->tries) {
        return NGX_DECLINED;
    }

    delay = ngx_http_review_retry_backoff(retry, call->tries, &jitter);

    if (call->retry_after) {
        delay = ngx_max(delay, call->retry_after + jitter);
    }

    left = (ngx_msec_int_t) (call->ctx->expires - ngx_current_msec);

    if ((ngx_msec_int_t) delay >= left) {
        call->failure.note = "no time is left to try again";
        return NGX_DECLINED;
    }

    if (!ngx_http_review_retry_spend(retry)) {
        call->failure.note = "the retry budget is used up";
        return NGX_DECLINED;
    }

    return delay;
}
