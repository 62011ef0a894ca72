
/*
 * A client's request at one of our locations, from its first header to its
 * end, whatever the endpoint: its body is read, it is watched, woken, timed,
 * and ended.
 */

#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"


/*
 * A request is cut so many milliseconds before nginx closes its connection; the
 * last thing that is to be done for it, only when it must be
 */

#define NGX_HTTP_REVIEW_CTX_MARGIN       2000
#define NGX_HTTP_REVIEW_CTX_LAST_MARGIN  500


static void ngx_http_review_ctx_body_handler(ngx_http_request_t *r);
static void ngx_http_review_ctx_write_handler(ngx_http_request_t *r);
static void ngx_http_review_ctx_kick(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_ctx_set_deadline(ngx_http_review_ctx_t *ctx,
    ngx_msec_t time);
static void ngx_http_review_ctx_exits(void *data);
static void ngx_http_review_ctx_deadline(ngx_event_t *ev);
static void ngx_http_review_ctx_ping(ngx_event_t *ev);
static void ngx_http_review_ctx_waking(ngx_event_t *ev);


static ngx_uint_t
ngx_http_review_ctx_passages(ngx_http_request_t *r)
{
    ngx_int_t         n;
    ngx_table_elt_t  *h;

    h = ngx_http_review_headers_find(&r->headers_in.headers,
                                     NGX_HTTP_REVIEW_PASSAGES_HEADER);
    if (h == NULL) {
        return 0;
    }

    n = ngx_atoi(h->value.data, h->value.len);

    return n == NGX_ERROR ? NGX_HTTP_REVIEW_PASSAGES : (ngx_uint_t) n;
}


ngx_http_review_ctx_t *
ngx_http_review_ctx_create(ngx_http_request_t *r, size_t size)
{
    ngx_http_review_ctx_t           *ctx;
    ngx_http_review_request_conf_t  *conf;

    conf = ngx_http_review_request_conf(r);

    if (r != r->main) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%s\" cannot serve a subrequest: it has no body of "
                      "its own", conf->directive);
        return NULL;
    }

    ctx = ngx_pcalloc(r->pool, size);
    if (ctx == NULL) {
        return NULL;
    }

    ctx->pool = ngx_http_review_pool(r->pool);
    if (ctx->pool == NULL) {
        return NULL;
    }

    ctx->request = r;
    ctx->loc_conf = r->loc_conf;
    ctx->started = ngx_current_msec;
    ctx->timeout = conf->timeout;
    ctx->margin = NGX_HTTP_REVIEW_CTX_MARGIN;
    ctx->late = REVIEW_CODE_DEADLINE;
    ctx->post_action = r->post_action;
    ctx->passages = ngx_http_review_ctx_passages(r);

    ctx->waking.handler = ngx_http_review_ctx_waking;
    ctx->waking.data = ctx;
    ctx->waking.log = r->connection->log;

    /* its class and tenant, whether its calls take turns or not */

    ngx_http_review_waiter_init(&ctx->waiter, r,
                                ngx_http_review_limit_conf(ctx),
                                conf->call_timeout);
    ctx->waiter.limit = NULL;

    ngx_http_set_ctx(r, ctx, ngx_http_review_module);

    return ctx;
}


void
ngx_http_review_ctx_waiter(ngx_http_review_ctx_t *ctx)
{
    ctx->waiter.limit = ngx_http_review_limit_conf(ctx)->limit;
}


ngx_int_t
ngx_http_review_ctx_budget(ngx_http_review_ctx_t *ctx,
    ngx_http_review_waiter_t *waiter)
{
    char                     text[NGX_HTTP_REVIEW_BUDGET_TEXT];
    ngx_http_review_over_t   over;

    if (!ngx_http_review_budget_is_over(waiter, &over)) {
        return NGX_OK;
    }

    (void) ngx_http_review_budget_text(&over, text);

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: a request is refused: %s", text);

    if (ngx_http_review_headers_add_retry_after(ctx->request, over.seconds)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_review_problem(ctx, NGX_HTTP_TOO_MANY_REQUESTS, NULL, text);
}


ngx_int_t
ngx_http_review_ctx_read(ngx_http_review_ctx_t *ctx, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (rc == NGX_OK && ctx->passages >= NGX_HTTP_REVIEW_PASSAGES) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "review: a request has come through here %ui times: a "
                      "location leads back to itself", ctx->passages);

        rc = ngx_http_review_problem(ctx, NGX_HTTP_FORBIDDEN, NULL,
                                     "the request has come through this kind "
                                     "of location too often: one leads back "
                                     "to itself");
    }

    if (rc != NGX_OK) {

        if (ngx_http_discard_request_body(r) != NGX_OK) {
            r->keepalive = 0;
        }

        return ngx_http_review_problem_reply(ctx, rc);
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_review_ctx_body_handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_http_review_ctx_body_handler(ngx_http_request_t *r)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    cln = ngx_http_cleanup_add(r, 0);

    if (cln == NULL
        || ngx_array_init(&ctx->left, r->pool, 1, sizeof(ngx_http_request_t *))
           != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    cln->handler = ngx_http_review_visit_cleanup;
    cln->data = ctx;

    /* from here on a thread may be at work for it: its end has to be noticed */

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_review_ctx_write_handler;

    if (ngx_http_review_ctx_watch_client(r) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->read(ctx);
}


/* a client may have gone already, or be not watched at all ("deferred") */

ngx_int_t
ngx_http_review_ctx_watch_client(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

#if (NGX_HTTP_V2 || NGX_COMPAT)
    if (r->stream) {
        return NGX_OK;
    }
#endif

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);
        return NGX_OK;
    }

    return ngx_handle_read_event(rev, 0);
}


ngx_int_t
ngx_http_review_ctx_begin(ngx_http_review_ctx_t *ctx)
{
    ctx->begun = 1;

    if (ctx->sse && ngx_http_review_ctx_begin_events(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_review_ctx_set_deadline(ctx, ctx->timeout);

    return NGX_OK;
}


void
ngx_http_review_ctx_extend(ngx_http_review_ctx_t *ctx, ngx_msec_t least)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (ctx->expires - ngx_current_msec);

    ctx->margin = NGX_HTTP_REVIEW_CTX_LAST_MARGIN;

    ngx_http_review_ctx_set_deadline(ctx, ngx_max(left,
                                                  (ngx_msec_int_t) least));
}


static void
ngx_http_review_ctx_set_deadline(ngx_http_review_ctx_t *ctx, ngx_msec_t time)
{
    ctx->expires = ngx_current_msec + time;

    ctx->deadline.handler = ngx_http_review_ctx_deadline;
    ctx->deadline.data = ctx;
    ctx->deadline.log = ctx->request->connection->log;

    ctx->exits.handler = ngx_http_review_ctx_exits;
    ctx->exits.data = ctx;

    ngx_http_review_exit_join(&ctx->exits);

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }

    ngx_add_timer(&ctx->deadline,
                  ngx_http_review_exit_left(time, ctx->margin));
}


/* a deadline that would come too late comes before the worker's exit */

static void
ngx_http_review_ctx_exits(void *data)
{
    ngx_http_review_ctx_t *ctx = data;

    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (ctx->expires - ngx_current_msec);

    if (left > 0) {
        ngx_http_review_ctx_set_deadline(ctx, left);
    }
}


ngx_int_t
ngx_http_review_ctx_begin_events(ngx_http_review_ctx_t *ctx)
{
    ctx->sse = 1;

    if (ngx_http_review_reply_start(ctx, "text/event-stream") != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->ping.handler = ngx_http_review_ctx_ping;
    ctx->ping.data = ctx;
    ctx->ping.log = ctx->request->connection->log;

    ngx_add_timer(&ctx->ping, ngx_http_review_request_conf(ctx)->ping);

    return NGX_OK;
}


/* has the request's write handler called, from the event loop */

void
ngx_http_review_ctx_wake(ngx_http_review_ctx_t *ctx)
{
    if (!ctx->posted) {
        ctx->posted = (ngx_http_post_request(ctx->request, NULL) == NGX_OK);
    }
}


void
ngx_http_review_ctx_wake_later(ngx_http_review_ctx_t *ctx)
{
    ngx_post_event(&ctx->waking, &ngx_posted_events);
}


void
ngx_http_review_ctx_wake_next(ngx_http_review_ctx_t *ctx)
{
    ngx_post_event(&ctx->waking, &ngx_posted_next_events);
}


static void
ngx_http_review_ctx_waking(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_review_ctx_t  *ctx;

    ctx = ev->data;
    c = ngx_http_review_visit_begin(ctx);

    if (c == NULL) {
        return;
    }

    ngx_http_review_ctx_wake(ctx);

    ngx_http_review_visit_end(c);
}


/*
 * Everything about a request's calls happens here, whatever has caused it: so
 * that nothing is pulled away from under a subrequest's feet.
 */

static void
ngx_http_review_ctx_write_handler(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    /* a subrequest's upstream sets timers there; the deadline is our own */

    if (r->connection->write->timedout && ctx->streaming) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    r->connection->write->timedout = 0;

    ngx_http_review_ctx_kick(ctx);

    /* what is waked for from here on is seen to right now */

    ctx->posted = 1;

    if (ctx->calling) {
        ctx->calling->ended(ctx);
    }

    ctx->posted = 0;

    if (ctx->broken
        || (ctx->replied && ngx_http_review_reply_flush(ctx) != NGX_OK))
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (ctx->progress && !ctx->over) {
        ctx->progress(ctx);
    }
}


/*
 * Lets calls go on that wait for the client connection's write event, as those
 * do that limit_req delays in the backend's location: nginx wakes only the
 * client's request for it.  An answer that passes without buffering deletes
 * the timer of the delay: it is set anew.
 */

static void
ngx_http_review_ctx_kick(ngx_http_review_ctx_t *ctx)
{
    ngx_event_t     *wev;
    ngx_msec_int_t   left;

    wev = ctx->request->connection->write;

    if (wev->delayed && !wev->timer_set) {
        left = (ngx_msec_int_t) (ctx->delayed_until - ngx_current_msec);

        if (left > 0) {
            ngx_add_timer(wev, left);
            return;
        }

        wev->delayed = 0;

    } else if (ctx->posted) {
        return;
    }

    if (ctx->calling) {
        ctx->calling->kick(ctx);
    }
}


void
ngx_http_review_ctx_end(ngx_http_review_ctx_t *ctx)
{
    ngx_event_t  *wev;

    /* nginx would wait for the subrequests of calls that still run */

    if (ctx->calling) {
        ctx->calling->stop(ctx);
    }

    ngx_http_review_visit_cleanup(ctx);

    /* limit_req may still delay a call that was given up, but not the reply */

    wev = ctx->request->connection->write;

    if (wev->delayed) {
        wev->delayed = 0;

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }
    }

    if (ctx->calling) {
        ctx->calling->kick(ctx);
    }
}


void
ngx_http_review_ctx_finish(ngx_http_review_ctx_t *ctx, ngx_int_t rc)
{
    ngx_http_review_ctx_end(ctx);
    ngx_http_finalize_request(ctx->request, rc);
}


void
ngx_http_review_ctx_reply(ngx_http_review_ctx_t *ctx, ngx_uint_t status,
    ngx_chain_t *out)
{
    if (out == NULL) {
        ctx->status = NULL;
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    ngx_http_review_ctx_end(ctx);
    ngx_http_finalize_request(ctx->request,
                              ngx_http_review_reply_whole(ctx, status, out));
}


/* "status" is that of a problem, or NGX_ERROR */

void
ngx_http_review_ctx_fail(ngx_http_review_ctx_t *ctx, ngx_int_t status)
{
    ngx_int_t  rc;

    ngx_http_review_ctx_end(ctx);

    if (status == NGX_ERROR) {
        rc = ctx->replied ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        rc = ngx_http_review_problem_reply(ctx, status);
    }

    ngx_http_finalize_request(ctx->request, rc);
}


ngx_int_t
ngx_http_review_ctx_problem_late(ngx_http_review_ctx_t *ctx,
    const char *detail)
{
    ngx_int_t  status;

    status = NGX_HTTP_GATEWAY_TIME_OUT;

    if (ngx_http_review_ctx_give_up(ctx, &detail) == REVIEW_CODE_SHUTDOWN) {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;

        (void) ngx_http_review_headers_add_retry_after(ctx->request,
                                                NGX_HTTP_REVIEW_EXIT_SECONDS);
    }

    return ngx_http_review_problem(ctx, status, NULL, detail);
}


/* what is finished is returned, what runs or waits is given up */

static void
ngx_http_review_ctx_deadline(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_review_ctx_t  *ctx;

    ctx = ev->data;
    c = ngx_http_review_visit_begin(ctx);

    if (c == NULL) {
        return;
    }

    if ((ngx_msec_int_t) (ctx->expires - ngx_current_msec) > 0) {
        ctx->late = REVIEW_CODE_SHUTDOWN;
        ctx->request->keepalive = 0;
    }

    ctx->expire(ctx);
    ngx_http_review_ctx_wake(ctx);

    ngx_http_review_visit_end(c);
}


review_code_t
ngx_http_review_ctx_give_up(ngx_http_review_ctx_t *ctx, const char **detail)
{
    if (ctx->late == REVIEW_CODE_SHUTDOWN) {
        ctx->cut = 1;
        *detail = review_code_sentence(ctx->late);
    }

    return ctx->late;
}


const char *
ngx_http_review_ctx_why(ngx_http_review_ctx_t *ctx, const char *deadline)
{
    return ctx->late == REVIEW_CODE_SHUTDOWN ? "the worker has to exit"
                                             : deadline;
}


static void
ngx_http_review_ctx_ping(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_review_ctx_t  *ctx;

    ctx = ev->data;
    c = ngx_http_review_visit_begin(ctx);

    if (c == NULL) {
        return;
    }

    ngx_http_review_reply_ping(ctx);
    ngx_add_timer(ev, ngx_http_review_request_conf(ctx)->ping);

    /* a filter may keep it, or forget that it is to be sent now */

    ngx_http_review_ctx_wake(ctx);

    ngx_http_review_visit_end(c);
}
