
/*
 * When, and whether, to try again.
 *
 * A budget keeps retries from storming an LLM that is down: each call earns a
 * share of a retry, each retry costs a whole one.  A small reserve, refilled
 * with time, lets single failures be retried while there is little traffic.
 * What the budget does not allow yet waits until it does.
 *
 * No try and no retry is spent where the LLM wants it so: it has said 429, or
 * the circuit is open; then the call waits for its turn like one that was never
 * made.
 */

#include "http/call/ngx_http_review_call.h"


/* in thousandths of a retry */

#define NGX_HTTP_REVIEW_RETRY        1000
#define NGX_HTTP_REVIEW_RESERVE      (10 * NGX_HTTP_REVIEW_RETRY)
#define NGX_HTTP_REVIEW_SAVINGS      (100 * NGX_HTTP_REVIEW_RETRY)
#define NGX_HTTP_REVIEW_REFILL       10                  /* a millisecond */

/* after so many tries in a row that cost nothing a pause is about a second */

#define NGX_HTTP_REVIEW_ROW          10


static void ngx_http_review_retry_serve(ngx_event_t *ev);


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

    if (retry->waiting.root != &retry->sentinel) {
        ngx_post_event(&retry->event, &ngx_posted_events);
    }
}


void
ngx_http_review_retry_init(ngx_http_review_retry_t *retry)
{
    ngx_rbtree_init(&retry->waiting, &retry->sentinel, ngx_rbtree_insert_value);

    retry->event.handler = ngx_http_review_retry_serve;
    retry->event.data = retry;
}


static ngx_uint_t
ngx_http_review_retry_take(ngx_http_review_retry_t *retry,
    ngx_http_review_call_t *call)
{
    ngx_http_review_limit_t  *limit;

    /* it will wait for its turn */

    limit = call->turn.waiter->limit;

    if (call->paid || (limit && ngx_http_review_limit_is_open(limit))) {
        return 1;
    }

    ngx_http_review_retry_refill(retry);

    if (retry->balance < NGX_HTTP_REVIEW_RETRY) {
        return 0;
    }

    retry->balance -= NGX_HTTP_REVIEW_RETRY;

    return 1;
}


static void
ngx_http_review_retry_watch(ngx_http_review_retry_t *retry)
{
    if (retry->event.timer_set) {
        return;
    }

    retry->event.log = ngx_cycle->log;

    ngx_add_timer(&retry->event,
                  NGX_HTTP_REVIEW_RETRY / NGX_HTTP_REVIEW_REFILL);
}


ngx_uint_t
ngx_http_review_retry_spend(ngx_http_review_call_t *call)
{
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_retry_t  *retry;

    ctx = call->ctx;
    retry = ngx_http_review_call_conf(ctx)->retry;

    if ((call->paid || retry->waiting.root == &retry->sentinel)
        && ngx_http_review_retry_take(retry, call))
    {
        return 1;
    }

    /* a request of many calls does not keep others waiting */

    ctx->rank = ngx_max(ctx->rank, retry->rank) + 1;

    call->node.key = ctx->rank;
    ngx_rbtree_insert(&retry->waiting, &call->node);
    call->waits = 1;

    ngx_http_review_retry_watch(retry);

    return 0;
}


void
ngx_http_review_retry_leave(ngx_http_review_call_t *call)
{
    ngx_http_review_retry_t  *retry;

    if (!call->waits) {
        return;
    }

    retry = ngx_http_review_call_conf(call->ctx)->retry;

    call->waits = 0;
    ngx_rbtree_delete(&retry->waiting, &call->node);

    if (retry->waiting.root == &retry->sentinel && retry->event.timer_set) {
        ngx_del_timer(&retry->event);
    }
}


/* time has passed, or calls have earned something */

static void
ngx_http_review_retry_serve(ngx_event_t *ev)
{
    ngx_rbtree_node_t        *node;
    ngx_http_review_call_t   *call;
    ngx_http_review_retry_t  *retry;

    retry = ev->data;

    while (retry->waiting.root != &retry->sentinel) {
        node = ngx_rbtree_min(retry->waiting.root, &retry->sentinel);
        call = ngx_rbtree_data(node, ngx_http_review_call_t, node);

        if (!ngx_http_review_retry_take(retry, call)) {
            ngx_http_review_retry_watch(retry);
            return;
        }

        retry->rank = node->key;
        ngx_http_review_retry_leave(call);

        call->paid = 1;
        ngx_add_timer(&call->timer, 0);
    }
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


/*
 * The LLM is not there: that is no failure of the call's own.  No connection is
 * one, and so is a gateway that has none, where nobody was answered since the
 * last try.  Where there is a circuit, which is about to open, such a call is
 * tried for as long as it may wait for its turn.
 */

static ngx_uint_t
ngx_http_review_retry_is_away(ngx_http_review_call_t *call)
{
    ngx_uint_t  away;

    switch (call->failure.code) {

    case REVIEW_CODE_CONNECT:
        away = 1;
        break;

    case review_code_http(NGX_HTTP_BAD_GATEWAY):
    case review_code_http(NGX_HTTP_SERVICE_UNAVAILABLE):
    case review_code_http(NGX_HTTP_GATEWAY_TIME_OUT):
        away = call->tries > 1 && call->turn.alone;
        break;

    default:
        away = 0;
    }

    if (!away || !call->turn.watched || call->turn.falls
        || ngx_http_review_call_conf(call->ctx)->retry->tries == 1)
    {
        call->away = 0;
        return 0;
    }

    if (call->away == 0) {
        call->away = ngx_max(ngx_current_msec, 1);
    }

    return ngx_current_msec - call->away < call->turn.waiter->limit->wait;
}


/* is there another try?  Of those that failed in a row, "n" is how many */

static ngx_uint_t
ngx_http_review_retry_is_made(ngx_http_review_call_t *call, ngx_uint_t *n)
{
    ngx_uint_t                limited, away;
    ngx_http_review_retry_t  *retry;

    retry = ngx_http_review_call_conf(call->ctx)->retry;

    limited = (call->failure.code == REVIEW_CODE_RATE_LIMITED);
    away = ngx_http_review_retry_is_away(call);

    if (limited || call->turn.open || away) {
        call->free++;
        call->row++;

        *n = limited || !call->turn.open ? call->row : 0;

    } else {
        call->row = 0;
        *n = call->tries - call->free;

        if (*n >= retry->tries) {
            return 0;
        }
    }

    call->paid = limited || call->turn.open;

    if (!call->paid && retry->budget == 0) {
        call->failure.note = "the retry budget is used up";
        return 0;
    }

    return 1;
}


/*
 * What the next try may take of the time that is left: where another LLM may be
 * asked, as much as this one has, and as much for that one.
 */

static ngx_msec_t
ngx_http_review_retry_needs(ngx_http_review_call_t *call)
{
    if (!call->turn.falls || call->failure.code == REVIEW_CODE_RATE_LIMITED) {
        return 0;
    }

    return 2 * (ngx_current_msec - call->started);
}


ngx_int_t
ngx_http_review_retry_delay(ngx_http_review_call_t *call)
{
    ngx_uint_t                n;
    ngx_msec_t                delay, jitter;
    ngx_msec_int_t            left;
    ngx_http_review_retry_t  *retry;

    retry = ngx_http_review_call_conf(call->ctx)->retry;

    if (!ngx_http_review_retry_is_made(call, &n)) {
        return NGX_DECLINED;
    }

    delay = ngx_http_review_retry_backoff(retry, n, &jitter);

    /* it waits for its turn */

    if (n == 0) {
        delay = 0;

    } else if (call->row > NGX_HTTP_REVIEW_ROW) {
        delay = ngx_max(delay, 500 + (ngx_msec_t) ngx_random() % 1000);
    }

    if (call->retry_after) {
        delay = ngx_max(delay, call->retry_after + jitter);
    }

    left = (ngx_msec_int_t) (call->ctx->expires - ngx_current_msec);

    if ((ngx_msec_int_t) (delay + ngx_http_review_retry_needs(call)) >= left) {
        call->failure.note = "no time is left to try again";
        return NGX_DECLINED;
    }

    return delay;
}
