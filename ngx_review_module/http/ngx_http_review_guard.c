
/*
 * A plain proxied location with the limit of reviews: other clients of the LLM
 * take their turn in the same queue, and have the tokens of their tenant.
 *
 * A slot is held for as long as the LLM is at work: it is asked for when the
 * request's body has been read, and given back with the last of the response,
 * however slow the client is.
 */

#include "http/ngx_http_review_module.h"
#include "http/call/ngx_http_review_call.h"
#include "http/request/ngx_http_review_request.h"
#include "http/base/ngx_http_review_base.h"

#include "review/json/write.h"


/* seconds: clients of OpenAI's wait no longer than that when told to */

#define NGX_HTTP_REVIEW_GUARD_RETRY  60


typedef struct {
    ngx_http_request_t         *request;
    ngx_http_review_turn_t      turn;
    ngx_http_review_waiter_t    waiter;
    ngx_http_review_passing_t  *passing;    /* NULL: nothing is counted */
    ngx_http_review_try_t      told;
    unsigned                    admitted:1; /* by its tenant's budget */
    unsigned                    read:1;     /* the body is, or is being, read */
    unsigned                    reading:1;
    unsigned                    refused:1;  /* once, at least */
} ngx_http_review_guard_t;


static ngx_http_review_guard_t *ngx_http_review_guard_of(
    ngx_http_request_t *r);
static ngx_http_review_guard_t *ngx_http_review_guard_create(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_review_guard_over(ngx_http_review_guard_t *guard,
    ngx_http_review_over_t *over);
static ngx_int_t ngx_http_review_guard_read(ngx_http_review_guard_t *guard);
static void ngx_http_review_guard_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_review_guard_ask(ngx_http_review_guard_t *guard,
    ngx_http_review_limit_conf_t *conf);
static ngx_int_t ngx_http_review_guard_refuse(ngx_http_review_guard_t *guard,
    ngx_uint_t seconds);
static void ngx_http_review_guard_turn(ngx_http_review_turn_t *turn);
static void ngx_http_review_guard_release(ngx_http_review_guard_t *guard);
static review_code_t ngx_http_review_guard_code(
    ngx_http_review_guard_t *guard);
static void ngx_http_review_guard_cleanup(void *data);
static void ngx_http_review_guard_mark(void *data);


/*
 * A handler of the precontent phase.  A request comes back to it when its body
 * has been read, when its turn has come, and when it is redirected: then the
 * slot that it has is given back, unless it is one of the same zone.
 */

ngx_int_t
ngx_http_review_guard(ngx_http_request_t *r)
{
    ngx_uint_t                     guarded;
    ngx_http_review_over_t         over;
    ngx_http_review_guard_t       *guard;
    ngx_http_review_loc_conf_t    *rlcf;
    ngx_http_review_main_conf_t   *rmcf;
    ngx_http_review_limit_conf_t  *conf;

    rmcf = ngx_http_get_module_main_conf(r, ngx_http_review_module);

    if (!rmcf->guard || r != r->main) {
        return NGX_DECLINED;
    }

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_review_module);
    conf = ngx_http_review_limit_conf(r);

    /* for a post_action nobody waits: it takes no turn, nor does it keep one */

    guarded = rlcf->guard && conf->limit && !r->post_action
              && ngx_http_review_request_conf(r)->handler == NULL;
    guard = ngx_http_review_guard_of(r);

    if (guard) {

        if (!r->post_action
            && (guard->reading
                || guard->turn.state == NGX_HTTP_REVIEW_TURN_WAITING
                || guard->turn.state == NGX_HTTP_REVIEW_TURN_READY))
        {
            return NGX_DONE;
        }

        if (guarded && guard->turn.state == NGX_HTTP_REVIEW_TURN_HELD
            && guard->waiter.limit->zone == conf->limit->zone)
        {
            return NGX_DECLINED;
        }

        ngx_http_review_guard_release(guard);
    }

    if (!guarded) {
        return NGX_DECLINED;
    }

    if (guard == NULL) {
        guard = ngx_http_review_guard_create(r);
        if (guard == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_review_waiter_init(&guard->waiter, r, conf,
                                ngx_http_review_request_conf(r)->call_timeout);

    if (!guard->admitted) {

        if (ngx_http_review_budget_is_over(&guard->waiter, &over)) {
            return ngx_http_review_guard_over(guard, &over);
        }

        guard->admitted = 1;
    }

    return guard->read ? ngx_http_review_guard_ask(guard, conf)
                       : ngx_http_review_guard_read(guard);
}


/*
 * The context of the module is that of a review, which this is not.  Cleanups
 * of the request are gone when it is logged, those of its pool are not.
 */

static ngx_http_review_guard_t *
ngx_http_review_guard_of(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_review_guard_mark) {
            return cln->data;
        }
    }

    return NULL;
}


ngx_http_review_waiter_t *
ngx_http_review_guard_waiter(ngx_http_request_t *r)
{
    ngx_http_review_guard_t  *guard;

    guard = ngx_http_review_guard_of(r);

    return guard && guard->waiter.limit ? &guard->waiter : NULL;
}


ngx_http_review_try_t *
ngx_http_review_guard_told(ngx_http_request_t *r)
{
    ngx_http_review_guard_t  *guard;

    guard = ngx_http_review_guard_of(r);

    return guard && guard->told.ended ? &guard->told : NULL;
}


/* none of those that reviews ask has a name for it */

static review_metrics_llm_t *
ngx_http_review_guard_llm(ngx_http_review_guard_t *guard)
{
    return review_metrics_llm(
               ngx_http_review_zone_metrics(guard->waiter.limit->zone), "", 0);
}


/* how it has ended that it asked for a turn; nothing is known of an answer */

static void
ngx_http_review_guard_tell(ngx_http_review_guard_t *guard, review_code_t code,
    ngx_msec_t queue_time)
{
    ngx_memzero(&guard->told, sizeof(ngx_http_review_try_t));

    guard->told.ended = 1;
    guard->told.code = code;
    guard->told.prompt_tokens = -1;
    guard->told.completion_tokens = -1;
    guard->told.queue_time = queue_time;
    guard->told.first_token_time = -1;
}


static ngx_http_review_guard_t *
ngx_http_review_guard_create(ngx_http_request_t *r)
{
    ngx_http_cleanup_t       *cln;
    ngx_pool_cleanup_t       *mark;
    ngx_http_review_guard_t  *guard;

    guard = ngx_pcalloc(r->pool, sizeof(ngx_http_review_guard_t));
    cln = ngx_http_cleanup_add(r, 0);
    mark = ngx_pool_cleanup_add(r->pool, 0);

    if (guard == NULL || cln == NULL || mark == NULL) {
        return NULL;
    }

    guard->request = r;
    guard->turn.waiter = &guard->waiter;
    guard->turn.handler = ngx_http_review_guard_turn;
    guard->turn.request = &guard->request;

    cln->handler = ngx_http_review_guard_cleanup;
    cln->data = guard;

    mark->handler = ngx_http_review_guard_mark;
    mark->data = guard;

    return guard;
}


/*
 * In the form of OpenAI's errors, whose clients try again by themselves: after
 * the time that is told if that is a minute at most, and else too soon, unless
 * they are told not to.
 */

static ngx_int_t
ngx_http_review_guard_over(ngx_http_review_guard_t *guard,
    ngx_http_review_over_t *over)
{
    char                       text[NGX_HTTP_REVIEW_BUDGET_TEXT];
    size_t                     len;
    review_buf_t               b;
    review_pool_t             *pool;
    ngx_http_request_t        *r;
    ngx_http_complex_value_t   value;

    static ngx_str_t  type = ngx_string("application/json");
    static ngx_str_t  no = ngx_string("false");

    r = guard->request;
    len = ngx_http_review_budget_text(over, text);

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "review: a request is refused: %s", text);

    pool = ngx_http_review_pool(r->pool);
    if (pool == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    review_buf_init(&b, pool, 256);

    review_write_object(&b, NULL);
    review_write_object(&b, "error");
    review_write_bytes(&b, "message", text, len);
    review_write_word(&b, "type", "rate_limit_error");
    review_write_null(&b, "param");
    review_write_word(&b, "code", "rate_limit_exceeded");
    review_write_object_end(&b);
    review_write_object_end(&b);
    review_buf_puts(&b, "\n");

    if (b.failed
        || ngx_http_review_headers_add_retry_after(r, over->seconds) != NGX_OK
        || (over->seconds > NGX_HTTP_REVIEW_GUARD_RETRY
            && ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                           "X-Should-Retry", &no)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&value, sizeof(ngx_http_complex_value_t));
    value.value.data = (u_char *) b.data;
    value.value.len = b.len;

    ngx_http_finalize_request(r,
                              ngx_http_send_response(r,
                                                  NGX_HTTP_TOO_MANY_REQUESTS,
                                                  &type, &value));
    return NGX_DONE;
}


/* a client that sends its body slowly must not keep others from the LLM */

static ngx_int_t
ngx_http_review_guard_read(ngx_http_review_guard_t *guard)
{
    ngx_int_t  rc;

    guard->read = 1;
    guard->reading = 1;

    rc = ngx_http_read_client_request_body(guard->request,
                                           ngx_http_review_guard_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(guard->request, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_review_guard_body(ngx_http_request_t *r)
{
    ngx_http_review_guard_of(r)->reading = 0;

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


static ngx_int_t
ngx_http_review_guard_ask(ngx_http_review_guard_t *guard,
    ngx_http_review_limit_conf_t *conf)
{
    ngx_uint_t           seconds;
    ngx_http_request_t  *r;

    r = guard->request;

    guard->turn.asked = ngx_current_msec;

    seconds = ngx_http_review_limit_full(&guard->waiter);

    if (seconds) {
        guard->turn.code = REVIEW_CODE_QUEUE_FULL;
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

    if (ngx_http_review_ctx_watch_client(r) != NGX_OK) {
        ngx_http_review_limit_leave(&guard->turn);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


/* seconds: to come back after; 0: what there is of them now */

static ngx_int_t
ngx_http_review_guard_refuse(ngx_http_review_guard_t *guard,
    ngx_uint_t seconds)
{
    char                 name[REVIEW_CODE_NAME];
    ngx_http_request_t  *r;

    r = guard->request;

    guard->refused = 1;

    if (seconds == 0) {
        seconds = ngx_http_review_limit_retry_after(&guard->waiter);
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "review: a request is refused by zone \"%V\": %s",
                  &guard->waiter.limit->zone->name,
                  review_code_name(guard->turn.code, name));

    ngx_http_review_guard_tell(guard, guard->turn.code,
                               ngx_current_msec - guard->turn.asked);

    review_metrics_call(ngx_http_review_guard_llm(guard),
                        guard->waiter.priority, guard->turn.code,
                        REVIEW_METRICS_NO_TIME);

    if (ngx_http_review_headers_add_retry_after(r, seconds) != NGX_OK) {
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
    c = ngx_http_review_visit_request(r);

    if (turn->code) {
        ngx_http_finalize_request(r, ngx_http_review_guard_refuse(guard, 0));

    } else {
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_core_run_phases;

        ngx_http_core_run_phases(r);
    }

    ngx_http_review_visit_end(c);
}


/*
 * A page for the refusal still says when to come back, an answer from elsewhere
 * does not.
 */

static void
ngx_http_review_guard_refused(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    if (r->headers_out.status != NGX_HTTP_SERVICE_UNAVAILABLE) {

        h = ngx_http_review_headers_find(&r->headers_out.headers,
                                         "Retry-After");
        if (h) {
            h->hash = 0;
        }
    }
}


/* in the header filter */

void
ngx_http_review_guard_header(ngx_http_request_t *r)
{
    ngx_http_review_guard_t      *guard;
    ngx_http_review_main_conf_t  *rmcf;

    rmcf = ngx_http_get_module_main_conf(r, ngx_http_review_module);

    guard = rmcf->guard && r == r->main ? ngx_http_review_guard_of(r) : NULL;

    if (guard == NULL) {
        return;
    }

    if (guard->refused) {
        ngx_http_review_guard_refused(r);
    }

    if (guard->turn.state == NGX_HTTP_REVIEW_TURN_HELD) {
        guard->passing = ngx_http_review_passing_create(r);
    }
}


/* in the body filter: what passes, and has the last of it come? */

void
ngx_http_review_guard_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t                  *cl;
    ngx_http_review_guard_t      *guard;
    ngx_http_review_main_conf_t  *rmcf;

    rmcf = ngx_http_get_module_main_conf(r, ngx_http_review_module);

    guard = rmcf->guard && r == r->main ? ngx_http_review_guard_of(r) : NULL;

    if (guard == NULL) {
        return;
    }

    for (cl = in; cl; cl = cl->next) {

        if (guard->passing) {
            ngx_http_review_passing_feed(guard->passing, cl->buf);
        }

        if (cl->buf->last_buf) {
            ngx_http_review_guard_release(guard);
            return;
        }
    }
}


/* the last upstream that was asked; NULL: none was */

static ngx_http_upstream_state_t *
ngx_http_review_guard_upstream(ngx_http_request_t *r)
{
    ngx_http_upstream_state_t  *state;

    if (r->upstream_states == NULL || r->upstream_states->nelts == 0) {
        return NULL;
    }

    state = r->upstream_states->elts;

    return &state[r->upstream_states->nelts - 1];
}


/* what its response was, as far as it is known */

static review_code_t
ngx_http_review_guard_code(ngx_http_review_guard_t *guard)
{
    ngx_uint_t                  status, answered;
    ngx_http_request_t         *r;
    ngx_http_upstream_state_t  *state;

    r = guard->request;
    state = ngx_http_review_guard_upstream(r);

    answered = state && state->header_time != (ngx_msec_t) -1;
    status = state ? state->status : 0;

    if (status == 0) {
        status = r->err_status ? r->err_status : r->headers_out.status;
    }

    if (status == NGX_HTTP_CLIENT_CLOSED_REQUEST || status == 0) {
        return REVIEW_CODE_CANCELLED;
    }

    if (status < NGX_HTTP_BAD_REQUEST) {
        return REVIEW_CODE_OK;
    }

    if (status == NGX_HTTP_BAD_GATEWAY && !answered) {
        return ngx_http_review_busy_no_server(r)
               && ngx_http_review_busy(&guard->turn)
               ? REVIEW_CODE_BUSY : REVIEW_CODE_CONNECT;
    }

    if (status == NGX_HTTP_GATEWAY_TIME_OUT && !answered) {
        return REVIEW_CODE_CALL_TIMEOUT;
    }

    return review_code_of_status(status);
}


static void
ngx_http_review_guard_release(ngx_http_review_guard_t *guard)
{
    review_code_t               code;
    review_metrics_llm_t       *llm;
    ngx_http_review_turn_t     *turn;
    ngx_http_upstream_state_t  *state;
    ngx_http_review_sample_t    sample;

    turn = &guard->turn;

    if (turn->state != NGX_HTTP_REVIEW_TURN_HELD) {
        ngx_http_review_limit_leave(turn);
        return;
    }

    guard->admitted = 0;

    ngx_http_review_busy_set_upstream(turn, guard->request);

    llm = ngx_http_review_guard_llm(guard);
    code = ngx_http_review_guard_code(guard);

    ngx_http_review_guard_tell(guard, code, turn->begun - turn->asked);
    guard->told.attempt = 1;

    if (guard->passing) {
        ngx_http_review_passing_count(guard->passing, guard->request,
                                      &guard->waiter, &guard->told);
        guard->passing = NULL;
    }

    review_metrics_call(llm, guard->waiter.priority, code,
                        ngx_current_msec - turn->begun);
    review_metrics_queue(llm, guard->waiter.priority,
                         turn->begun - turn->asked);
    ngx_http_review_tenant_count(&guard->waiter, 1, 0, 0);

    ngx_http_review_limit_sample(&sample, code);
    sample.took = ngx_current_msec - turn->begun;

    if (ngx_http_review_busy_no_server(guard->request)) {
        sample.lost = 0;
        turn->upstream = 0;
    }

    state = ngx_http_review_guard_upstream(guard->request);

    if (state && state->header_time != (ngx_msec_t) -1) {
        sample.first = state->header_time;
        review_metrics_first_token(llm, sample.first);
        guard->told.first_token_time = sample.first;
    }

    ngx_http_review_limit_done(turn, &sample);
}


/* where there is no last of a response: the client has gone away, say */

static void
ngx_http_review_guard_cleanup(void *data)
{
    ngx_http_review_guard_release(data);
}


/* by this handler a request's guard is known, until its pool is destroyed */

static void
ngx_http_review_guard_mark(void *data)
{
    (void) data;
}
