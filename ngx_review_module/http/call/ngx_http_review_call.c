
/*
 * One backend call: its turn, its tries, each a subrequest, its timeout, its
 * end.
 */

#include "http/call/ngx_http_review_call.h"


static void ngx_http_review_call_turn(ngx_http_review_turn_t *turn);
static void ngx_http_review_call_pause(ngx_http_review_call_t *call);
static void ngx_http_review_call_try(ngx_http_review_call_t *call);
static void ngx_http_review_call_timeout(ngx_event_t *ev);
static void ngx_http_review_call_again(ngx_event_t *ev);
static ngx_uint_t ngx_http_review_call_retry(ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_call_refused(ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_call_answered(ngx_http_review_call_t *call);
static void ngx_http_review_call_log(ngx_http_review_call_t *call);
static void ngx_http_review_call_over(ngx_http_review_call_t *call);


/* nothing is known of the next try */

static void
ngx_http_review_call_reset(ngx_http_review_call_t *call)
{
    call->status = 0;
    call->rc = NGX_OK;
    call->first = 0;
    call->heard = 0;
    call->retry_after = 0;
    call->location = NULL;
    call->inflate = NULL;
    ngx_memzero(&call->failure, sizeof(ngx_http_review_failure_t));
    call->header = 0;
    call->attempted = 0;
    call->connected = 0;
    call->no_server = 0;
    call->busy = 0;
    call->silent = 0;
    call->timedout = 0;
    call->encoded = 0;
    call->cached = 0;
    call->cut = 0;
    call->large = 0;
    call->quota = 0;
    call->context = 0;
    call->judged = 0;
    call->again = 0;
    call->last = NULL;

    call->backend->begin(call);
}


/* by what it asks: calls that are the same, of whichever request, have one */

static void
ngx_http_review_call_set_key(ngx_http_review_call_t *call)
{
    size_t    i;
    uint32_t  key;

    if (call->turn.key) {
        return;
    }

    ngx_crc32_init(key);

    for (i = 0; i < call->npieces; i++) {
        ngx_crc32_update(&key, (u_char *) call->body[i].data,
                         call->body[i].len);
    }

    ngx_crc32_final(key);

    call->turn.key = key | 1;
}


/* the first try, or the next one: now, or when its turn has come */

void
ngx_http_review_call_start(ngx_http_review_call_t *call)
{
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_limit_t  *limit;

    ctx = call->ctx;

    ngx_http_review_call_reset(call);

    call->timer.data = call;
    call->timer.log = ctx->request->connection->log;

    call->turn.handler = ngx_http_review_call_turn;
    call->turn.request = &call->sr;
    call->turn.expires = ctx->expires;

    call->pausing = 0;
    call->paid = 0;

    /* it matters for probes alone */

    limit = call->turn.waiter->limit;

    if (limit && ngx_http_review_limit_is_open(limit)) {
        ngx_http_review_call_set_key(call);
    }

    switch (ngx_http_review_limit_ask(&call->turn)) {

    case NGX_OK:
        ngx_http_review_call_try(call);
        break;

    case NGX_DECLINED:
        ngx_http_review_subrequest_end(call);
        break;
    }
}


/* the turn of a call has come, or the call has waited in vain */

static void
ngx_http_review_call_turn(ngx_http_review_turn_t *turn)
{
    ngx_connection_t        *c;
    ngx_http_review_call_t  *call;

    call = (ngx_http_review_call_t *)
               ((u_char *) turn - offsetof(ngx_http_review_call_t, turn));

    c = ngx_http_review_visit_begin(call->ctx);

    if (c == NULL) {
        return;
    }

    if (turn->code) {
        ngx_http_review_subrequest_end(call);

    } else {
        ngx_http_review_call_try(call);
    }

    ngx_http_review_visit_end(c);
}


static void
ngx_http_review_call_try(ngx_http_review_call_t *call)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = call->ctx;

    call->started = ngx_current_msec;

    if (call->tries++ == 0 && call->pauses == 0) {
        ngx_http_review_retry_earn(ngx_http_review_call_conf(ctx)->retry);
    }

    if (ngx_http_review_subrequest_create(call) != NGX_OK) {
        call->rc = NGX_ERROR;
        ngx_http_review_subrequest_end(call);
        return;
    }

    call->timer.handler = ngx_http_review_call_timeout;
    ngx_add_timer(&call->timer,
                  call->timeout ? call->timeout
                  : ngx_http_review_request_conf(ctx)->call_timeout);
}


/* a try has ended: is it the call's end too? */

void
ngx_http_review_call_ended(ngx_http_review_call_t *call)
{
    ngx_uint_t  again;

    ngx_http_review_subrequest_stop(call);

    if (call->busy) {
        ngx_http_review_call_pause(call);
        return;
    }

    again = call->turn.code ? ngx_http_review_call_refused(call)
                            : ngx_http_review_call_answered(call);

    ngx_http_review_call_count(call);

    if (again && ngx_http_review_call_retry(call)) {
        return;
    }

    ngx_http_review_call_over(call);

    call->handler(call);
}


/* 0: there is no other try */

static ngx_uint_t
ngx_http_review_call_retry(ngx_http_review_call_t *call)
{
    ngx_int_t  delay;

    delay = ngx_http_review_retry_delay(call);

    if (delay < 0) {
        return 0;
    }

    ngx_http_review_call_count_retry(call);

    call->pausing = 1;
    call->timer.handler = ngx_http_review_call_again;
    ngx_add_timer(&call->timer, delay);

    return 1;
}


ngx_uint_t
ngx_http_review_call_is_pausing(ngx_http_review_call_t *call)
{
    if (call->pausing) {
        call->failure.note = call->waits ? "the retry budget is used up"
                                         : "no time is left to try again";
    }

    return call->pausing;
}


ngx_uint_t
ngx_http_review_call_cut(ngx_http_review_call_t *call)
{
    ngx_http_review_outcome_cut(call);
    ngx_http_review_call_log(call);

    if (!ngx_http_review_call_retry(call)) {
        return 0;
    }

    call->active = 1;
    ngx_queue_insert_tail(&call->ctx->calls, &call->running);

    return 1;
}


/*
 * That was no try: the LLM's servers have all the connections they may have.
 * The call keeps its slot, so that no more calls than these ask them again.
 */

static void
ngx_http_review_call_pause(ngx_http_review_call_t *call)
{
    ngx_uint_t  first;

    call->tries--;

    /* pauses grow where nothing but time has ended them */

    first = (call->pauses == 0);

    if (first || !call->turn.go) {
        call->pauses++;
    }

    ngx_http_review_call_count_busy(call);

    ngx_http_review_call_reset(call);

    ngx_http_review_busy_pause(&call->turn, ngx_http_review_retry_pause(call),
                               first);
}


static void
ngx_http_review_call_over(ngx_http_review_call_t *call)
{
    call->pausing = 0;
    ngx_http_review_retry_leave(call);

    if (call->active) {
        call->active = 0;
        ngx_queue_remove(&call->running);
    }
}


/* no try was made: the LLM has no room for it, or has failed all others */

static ngx_uint_t
ngx_http_review_call_refused(ngx_http_review_call_t *call)
{
    char           name[REVIEW_CODE_NAME];
    ngx_uint_t     level;
    review_code_t  code;

    code = call->turn.code;

    call->failure.code = code;
    call->failure.detail = call->turn.late ? "the deadline was nearer than an "
                                             "answer could be"
                                           : review_code_sentence(code);

    call->usage->queue_time += ngx_current_msec - call->turn.asked;

    /* while a circuit is open, all that may be asked elsewhere comes by here */

    level = call->turn.falls ? NGX_LOG_INFO : NGX_LOG_WARN;

    ngx_log_error(level, call->timer.log, 0,
                  "review: a call for %*s was not made: %s",
                  call->name.len, call->name.data,
                  review_code_name(code, name));

    return 0;
}


static ngx_uint_t
ngx_http_review_call_answered(ngx_http_review_call_t *call)
{
    ngx_uint_t                 again;
    ngx_http_review_usage_t   *usage;
    ngx_http_review_sample_t   sample;

    again = ngx_http_review_outcome(call);

    call->pauses = 0;

    usage = call->usage;
    usage->calls++;
    usage->time += ngx_current_msec - call->started;
    usage->queue_time += call->started - call->turn.asked;

    ngx_http_review_limit_sample(&sample, call->failure.code);

    sample.took = ngx_current_msec - call->started;
    sample.first = call->first ? call->first - call->started : 0;
    sample.lost |= call->attempted && !call->connected;
    sample.lost &= !call->no_server;

    if (call->no_server) {
        call->turn.upstream = 0;
    }

    if (sample.result == REVIEW_CIRCUIT_FAILED
        || sample.result == REVIEW_CIRCUIT_ERROR)
    {
        ngx_http_review_call_set_key(call);
    }

    ngx_http_review_tenant_count(call->turn.waiter,
                                 call->turn.waiter->limit != NULL, 0, 0);
    ngx_http_review_limit_done(&call->turn, &sample);

    if (call->failure.code) {
        ngx_http_review_call_log(call);
    }

    return again;
}


ngx_int_t
ngx_http_review_call_told(ngx_http_request_t *sr, ngx_http_review_try_t *told)
{
    ngx_http_review_call_t  *call;

    call = ngx_http_review_subrequest_of(sr);

    /* one that was left behind may end when the next try has begun */

    if (call == NULL || call->last != sr) {
        return NGX_DECLINED;
    }

    ngx_memzero(told, sizeof(ngx_http_review_try_t));

    told->ended = call->judged || call->busy;
    told->code = call->busy ? REVIEW_CODE_BUSY : call->failure.code;
    told->attempt = call->tries;
    told->llm = call->llm;
    told->model = call->model;
    told->prompt_tokens = -1;
    told->completion_tokens = -1;
    told->queue_time = call->turn.waiter->limit
                       ? (ngx_msec_int_t) (call->started - call->turn.asked)
                       : -1;
    told->first_token_time = call->first
                             ? (ngx_msec_int_t) (call->first - call->started)
                             : -1;

    if (call->backend->told) {
        call->backend->told(call, told);
    }

    return NGX_OK;
}


/* it is ended before its end, for this reason */

static void
ngx_http_review_call_give_up(ngx_http_review_call_t *call, review_code_t code)
{
    if (call->sr && !call->judged) {
        call->judged = 1;
        call->failure.code = code;
    }
}


static void
ngx_http_review_call_log(ngx_http_review_call_t *call)
{
    char  name[REVIEW_CODE_NAME];

    ngx_log_error(NGX_LOG_WARN, call->timer.log, 0,
                  "review: try %ui of a call for %*s failed: %s",
                  call->tries, call->name.len, call->name.data,
                  review_code_name(call->failure.code, name));
}


static void
ngx_http_review_call_timeout(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_review_call_t  *call;

    call = ev->data;
    c = ngx_http_review_visit_begin(call->ctx);

    if (c == NULL) {
        return;
    }

    call->timedout = 1;

    ngx_http_review_subrequest_stop(call);
    ngx_http_review_subrequest_end(call);

    ngx_http_review_visit_end(c);
}


static void
ngx_http_review_call_again(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_review_call_t  *call;

    call = ev->data;
    c = ngx_http_review_visit_begin(call->ctx);

    if (c == NULL) {
        return;
    }

    if (ngx_http_review_retry_spend(call)) {
        ngx_http_review_call_start(call);
    }

    ngx_http_review_visit_end(c);
}


void
ngx_http_review_call_cancel(ngx_http_review_call_t *call)
{
    ngx_http_review_sample_t         sample;
    ngx_http_review_request_conf_t  *conf;

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->ended) {
        call->ended = 0;
        ngx_queue_remove(&call->queue);
    }

    ngx_http_review_call_over(call);
    ngx_http_review_call_give_up(call, call->ctx->late);
    ngx_http_review_subrequest_stop(call);
    ngx_http_review_call_count_cut(call, call->ctx->late);

    /*
     * Half of what a call may take without a word is a sign: an LLM that hangs
     * is to be noticed even where the review's time is over before a call's.
     */

    ngx_http_review_limit_sample(&sample, REVIEW_CODE_CANCELLED);

    conf = ngx_http_review_request_conf(call->ctx);

    if (call->turn.state == NGX_HTTP_REVIEW_TURN_HELD && !call->header
        && ngx_current_msec - call->started
           >= ngx_min(conf->call_timeout, conf->timeout) / 2)
    {
        ngx_http_review_limit_sample(&sample, REVIEW_CODE_CALL_TIMEOUT);
    }

    ngx_http_review_limit_done(&call->turn, &sample);
}


/* the client's request is over, and so is the call */

void
ngx_http_review_call_leave(ngx_http_review_call_t *call)
{
    ngx_http_review_call_over(call);

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->ended) {
        call->ended = 0;
        ngx_queue_remove(&call->queue);
    }

    ngx_http_review_call_give_up(call, REVIEW_CODE_CANCELLED);
    ngx_http_review_subrequest_let_go(call);

    ngx_http_review_call_count_cut(call, REVIEW_CODE_CANCELLED);
    ngx_http_review_limit_leave(&call->turn);
}
