
/*
 * A plain proxied location with the limit of reviews: other clients of the LLM
 * take their turn in the same queue.
 */

#include "ngx_http_review.h"


typedef struct {
    ngx_http_request_t         *request;
    ngx_http_review_turn_t      turn;
    ngx_http_review_waiter_t    waiter;
} ngx_http_review_guard_t;


static ngx_http_review_guard_t *ngx_http_review_guard_of(
    ngx_http_request_t *r);
static ngx_http_review_guard_t *ngx_http_review_guard_create(
    ngx_http_request_t *r, ngx_http_review_loc_conf_t *conf);
static ngx_int_t ngx_http_review_guard_refuse(ngx_http_review_guard_t *guard,
    ngx_uint_t seconds);
static void ngx_http_review_guard_turn(ngx_http_review_turn_t *turn);
static const char *ngx_http_review_guard_code(ngx_http_request_t *r);
static void ngx_http_review_guard_cleanup(void *data);


/* a handler of the precontent phase */

ngx_int_t
ngx_http_review_guard(ngx_http_request_t *r)
{
    ngx_uint_t                   seconds;
    ngx_http_review_guard_t     *guard;
    ngx_http_review_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_review_module);

    if (!conf->guard || conf->limit == NULL || conf->enable || r != r->main) {
        return NGX_DECLINED;
    }

    guard = ngx_http_review_guard_of(r);

    /* it has come back, or was redirected to another guarded location */

    if (guard) {
        return guard->turn.state == NGX_HTTP_REVIEW_TURN_WAITING
               ? NGX_AGAIN : NGX_DECLINED;
    }

    guard = ngx_http_review_guard_create(r, conf);
    if (guard == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    seconds = ngx_http_review_limit_full(conf->limit);

    if (seconds) {
        guard->turn.code = "queue_full";
        return ngx_http_review_guard_refuse(guard, seconds);
    }

    switch (ngx_http_review_limit_ask(&guard->turn)) {

    case NGX_OK:
        return NGX_DECLINED;

    case NGX_DECLINED:
        return ngx_http_review_guard_refuse(guard, 0);
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_AGAIN;
}


/* the context of the module is that of a review, which this is not */

static ngx_http_review_guard_t *
ngx_http_review_guard_of(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_review_guard_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static ngx_http_review_guard_t *
ngx_http_review_guard_create(ngx_http_request_t *r,
    ngx_http_review_loc_conf_t *conf)
{
    ngx_http_cleanup_t       *cln;
    ngx_http_review_guard_t  *guard;

    guard = ngx_pcalloc(r->pool, sizeof(ngx_http_review_guard_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (guard == NULL || cln == NULL) {
        return NULL;
    }

    guard->request = r;
    guard->turn.waiter = &guard->waiter;
    guard->turn.handler = ngx_http_review_guard_turn;

    ngx_http_review_waiter_init(&guard->waiter, r, conf);

    cln->handler = ngx_http_review_guard_cleanup;
    cln->data = guard;

    return guard;
}


/* seconds: to come back after; 0: when the circuit may be closed again */

static ngx_int_t
ngx_http_review_guard_refuse(ngx_http_review_guard_t *guard,
    ngx_uint_t seconds)
{
    uint32_t             ms;
    ngx_http_request_t  *r;

    r = guard->request;

    if (seconds == 0) {
        ms = review_circuit_retry_after(&ngx_http_review_zone_load(
                                    guard->waiter.limit->zone)->circuit,
                                        ngx_current_msec);
        seconds = ms / 1000 + 1;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "review: a request is refused by zone \"%V\": %s",
                  &guard->waiter.limit->zone->name, guard->turn.code);

    review_metrics_call(&ngx_http_review_zone_load(
                            guard->waiter.limit->zone)->metrics,
                        guard->turn.code, REVIEW_METRICS_NO_TIME);

    if (ngx_http_review_add_retry_after(r, seconds) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


/* its turn has come, or it has waited in vain */

static void
ngx_http_review_guard_turn(ngx_http_review_turn_t *turn)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_review_guard_t  *guard;

    guard = (ngx_http_review_guard_t *)
                ((u_char *) turn - offsetof(ngx_http_review_guard_t, turn));

    r = guard->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (turn->code) {
        ngx_http_finalize_request(r, ngx_http_review_guard_refuse(guard, 0));

    } else {
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_core_run_phases;

        ngx_http_core_run_phases(r);
    }

    ngx_http_run_posted_requests(c);
}


/* what the response says of the LLM; NULL: it was a success */

static const char *
ngx_http_review_guard_code(ngx_http_request_t *r)
{
    ngx_uint_t  status;

    status = r->err_status ? r->err_status : r->headers_out.status;

    if (status == NGX_HTTP_CLIENT_CLOSED_REQUEST || status == 0) {
        return "cancelled";
    }

    if (status < NGX_HTTP_BAD_REQUEST) {
        return NULL;
    }

    switch (status) {

    case NGX_HTTP_TOO_MANY_REQUESTS:
        return "rate_limited";

    case NGX_HTTP_BAD_GATEWAY:
        return "connect";

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return "http_503";

    case NGX_HTTP_GATEWAY_TIME_OUT:
        return "call_timeout";
    }

    return status < NGX_HTTP_INTERNAL_SERVER_ERROR ? "http_400" : "http_500";
}


static void
ngx_http_review_guard_cleanup(void *data)
{
    ngx_http_review_guard_t *guard = data;

    const char                 *code;
    review_metrics_t           *m;
    ngx_http_review_turn_t     *turn;
    ngx_http_upstream_state_t  *state;
    ngx_http_review_sample_t    sample;

    turn = &guard->turn;

    if (turn->state != NGX_HTTP_REVIEW_TURN_HELD) {
        ngx_http_review_limit_leave(turn);
        return;
    }

    m = &ngx_http_review_zone_load(guard->waiter.limit->zone)->metrics;
    code = ngx_http_review_guard_code(guard->request);

    review_metrics_call(m, code, ngx_current_msec - turn->begun);
    review_metrics_queue(m, turn->begun - turn->asked);

    ngx_http_review_limit_sample(&sample, code);

    sample.first = 0;

    if (guard->request->upstream_states
        && guard->request->upstream_states->nelts)
    {
        state = guard->request->upstream_states->elts;
        state += guard->request->upstream_states->nelts - 1;

        if (state->header_time != (ngx_msec_t) -1) {
            sample.first = state->header_time;
            review_metrics_first_token(m, sample.first);
        }
    }

    ngx_http_review_limit_done(turn, &sample);
}
