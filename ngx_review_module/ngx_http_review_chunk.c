
/*
 * The chunk endpoint, and the life of a review: body, cells, deadline, reply,
 * end.
 */

#include "ngx_http_review.h"


static void ngx_http_review_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_review_start(ngx_http_review_ctx_t *ctx);
static ngx_uint_t ngx_http_review_asks(ngx_http_review_ctx_t *ctx);
static ngx_int_t ngx_http_review_admit(ngx_http_review_ctx_t *ctx);
static ngx_int_t ngx_http_review_create_cells(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_write_handler(ngx_http_request_t *r);
static void ngx_http_review_kick_left(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_finish(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_deadline(ngx_event_t *ev);
static void ngx_http_review_ping(ngx_event_t *ev);
static void ngx_http_review_cleanup(void *data);


ngx_http_review_ctx_t *
ngx_http_review_create_ctx(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_review_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->pool = ngx_http_review_pool(r->pool);
    if (ctx->pool == NULL) {
        return NULL;
    }

    ctx->request = r;
    ctx->conf = ngx_http_get_module_loc_conf(r, ngx_http_review_module);
    ctx->started = ngx_current_msec;

    ngx_queue_init(&ctx->ended);

    ngx_http_set_ctx(r, ctx, ngx_http_review_module);

    return ctx;
}


ngx_int_t
ngx_http_review_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_review_ctx_t  *ctx;

    if (r != r->main) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"review\" cannot serve a subrequest: it has no body "
                      "of its own");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_review_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a reply is made for its request, there is nothing to compare it with */

    r->disable_not_modified = 1;

    rc = ngx_http_review_check_headers(ctx);

    if (rc != NGX_OK) {
        if (ngx_http_discard_request_body(r) != NGX_OK) {
            r->keepalive = 0;
        }

        return ngx_http_review_reply_problem(ctx, rc);
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_review_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_review_body_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    rc = ngx_http_review_read_request(ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_review_admit(ctx);
    }

    if (rc != NGX_OK) {
        if (rc != NGX_ERROR) {
            rc = ngx_http_review_reply_problem(ctx, rc);

        } else {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_finalize_request(r, rc);
        return;
    }

    if (ngx_http_review_start(ctx) != NGX_OK) {
        ngx_http_finalize_request(r, ctx->replied
                                     ? NGX_ERROR
                                     : NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


/* does any of the points need the LLM? */

static ngx_uint_t
ngx_http_review_asks(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t        captures[2];
    ngx_uint_t       i;
    review_point_t  *point;

    for (i = 0; i < ctx->ncells; i++) {
        point = ctx->cells[i].point;

        if (point->when_regex
            && ngx_http_review_regex(ctx, point->when_regex, captures)
               == NGX_DECLINED)
        {
            continue;
        }

        if (point->rule == NULL) {
            return 1;
        }
    }

    return 0;
}


/*
 * A review comes in while fewer calls wait than may: then all of its calls do.
 * One that needs no LLM always does.
 */

static ngx_int_t
ngx_http_review_admit(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t  seconds;

    if (ctx->conf->limit == NULL) {
        return NGX_OK;
    }

    seconds = ngx_http_review_limit_full(ctx->conf->limit);

    if (seconds == 0 || !ngx_http_review_asks(ctx)) {
        return NGX_OK;
    }

    if (ngx_http_review_add_retry_after(ctx->request, seconds) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: too many calls wait in zone \"%V\"",
                  &ctx->conf->limit->zone->name);

    ngx_http_review_count_review(ctx, REVIEW_METRICS_REJECTED);

    return ngx_http_review_problem(ctx, NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                                   "the queue of the LLM's calls is full");
}


/* a client may have gone already, or be not watched at all ("deferred") */

ngx_int_t
ngx_http_review_watch_client(ngx_http_request_t *r)
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


static ngx_int_t
ngx_http_review_start(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t           i;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ngx_http_review_create_cells(ctx) != NGX_OK
        || ngx_array_init(&ctx->left, r->pool, 1, sizeof(ngx_http_request_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->prompt = review_prompt_create(ctx->pool, &ctx->subject);
    if (ctx->prompt == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_review_cleanup;
    cln->data = ctx;

    ngx_http_review_waiter_init(&ctx->waiter, r, ctx->conf);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_review_write_handler;

    if (ngx_http_review_watch_client(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->sse) {
        if (ngx_http_review_reply_start_sse(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        ctx->ping.handler = ngx_http_review_ping;
        ctx->ping.data = ctx;
        ctx->ping.log = r->connection->log;

        ngx_add_timer(&ctx->ping, ctx->conf->ping);
    }

    ctx->deadline.handler = ngx_http_review_deadline;
    ctx->deadline.data = ctx;
    ctx->deadline.log = r->connection->log;
    ctx->expires = ngx_current_msec + ctx->conf->timeout;

    ngx_add_timer(&ctx->deadline, ctx->conf->timeout);

    for (i = 0; i < ctx->ncells; i++) {
        ngx_http_review_cell_start(&ctx->cells[i]);
    }

    return NGX_OK;
}


/* their points are known already */

static ngx_int_t
ngx_http_review_create_cells(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t               i;
    ngx_pool_t              *pool;
    review_str_t            *text;
    ngx_http_review_cell_t  *cell;

    pool = ctx->request->pool;

    for (i = 0; i < ctx->ncells; i++) {
        cell = &ctx->cells[i];
        cell->ctx = ctx;

        if (ngx_array_init(&cell->turns, pool, 1, sizeof(review_turn_t))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ctx->sources = ngx_palloc(pool, (ctx->subject.nreferences + 1)
                                    * sizeof(review_source_t *));
    if (ctx->sources == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i <= ctx->subject.nreferences; i++) {
        text = i ? &ctx->subject.references[i - 1] : &ctx->subject.chunk;

        ctx->sources[i] = review_source_create(ctx->pool, text->data,
                                               text->len);
        if (ctx->sources[i] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* has the request's write handler called, from the event loop */

void
ngx_http_review_wake(ngx_http_review_ctx_t *ctx)
{
    if (!ctx->posted) {
        ctx->posted = (ngx_http_post_request(ctx->request, NULL) == NGX_OK);
    }
}


/*
 * Lets calls go on that wait for the client connection's write event, as those
 * do that limit_req delays in the LLM's location: nginx wakes only the client's
 * request for it.  An answer that passes without buffering deletes the timer
 * of the delay: it is set anew.
 */

static void
ngx_http_review_kick(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t       i;
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

    for (i = 0; i < ctx->ncells; i++) {
        if (ctx->cells[i].call && ctx->cells[i].call->sr) {
            ngx_http_review_call_kick(ctx->cells[i].call->sr);
        }
    }

    ngx_http_review_kick_left(ctx);
}


static void
ngx_http_review_kick_left(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t            i;
    ngx_http_request_t  **left;

    left = ctx->left.elts;

    for (i = 0; i < ctx->left.nelts; i++) {
        ngx_http_review_call_kick(left[i]);
    }
}


/*
 * Everything about a review happens here, whatever has caused it: so that
 * nothing is pulled away from under a subrequest's feet.
 */

static void
ngx_http_review_write_handler(ngx_http_request_t *r)
{
    ngx_queue_t             *q;
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    /* a subrequest's upstream sets timers there; the deadline is our own */

    r->connection->write->timedout = 0;

    ngx_http_review_kick(ctx);

    /* what is waked for from here on is seen to right now */

    ctx->posted = 1;

    while (!ngx_queue_empty(&ctx->ended)) {
        q = ngx_queue_head(&ctx->ended);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_review_call_t, queue);
        call->ended = 0;

        ngx_http_review_call_ended(call);
    }

    ctx->posted = 0;

    if (ctx->broken
        || (ctx->sse && ngx_http_review_reply_flush(ctx) != NGX_OK))
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (ctx->ndone == ctx->ncells) {
        ngx_http_review_finish(ctx);
    }
}


static void
ngx_http_review_finish(ngx_http_review_ctx_t *ctx)
{
    ngx_event_t  *wev;

    ngx_http_review_count_finished(ctx);
    ngx_http_review_cleanup(ctx);

    /* limit_req may still delay a call that was given up, but not the reply */

    wev = ctx->request->connection->write;

    if (wev->delayed) {
        wev->delayed = 0;

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }
    }

    ngx_http_review_kick_left(ctx);

    ngx_http_finalize_request(ctx->request, ngx_http_review_reply(ctx));
}


/* what is finished is returned, what runs or waits is given up */

static void
ngx_http_review_deadline(ngx_event_t *ev)
{
    ngx_uint_t              i;
    ngx_connection_t       *c;
    ngx_http_review_ctx_t  *ctx;

    ctx = ev->data;
    c = ctx->request->connection;

    ngx_http_set_log_request(c->log, ctx->request);

    ngx_log_error(NGX_LOG_WARN, c->log, 0,
                  "review: review_timeout is over, %ui of %ui points are done",
                  ctx->ndone, ctx->ncells);

    for (i = 0; i < ctx->ncells; i++) {
        ngx_http_review_cell_expire(&ctx->cells[i]);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_review_ping(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_review_ctx_t  *ctx;

    ctx = ev->data;
    c = ctx->request->connection;

    ngx_http_set_log_request(c->log, ctx->request);

    ngx_http_review_reply_ping(ctx);
    ngx_add_timer(ev, ctx->conf->ping);

    if (ctx->broken) {
        ngx_http_review_wake(ctx);
    }

    ngx_http_run_posted_requests(c);
}


/* the end, whatever has caused it: nothing may call back any more */

static void
ngx_http_review_cleanup(void *data)
{
    ngx_http_review_ctx_t *ctx = data;

    ngx_uint_t  i;

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }

    if (ctx->ping.timer_set) {
        ngx_del_timer(&ctx->ping);
    }

    if (ctx->ndone < ctx->ncells) {
        ngx_http_review_count_review(ctx, REVIEW_METRICS_ABORTED);
    }

    for (i = 0; i < ctx->ncells; i++) {
        if (ctx->cells[i].call) {
            ngx_http_review_call_leave(ctx->cells[i].call);
        }
    }
}
