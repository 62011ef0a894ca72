
/*
 * The subrequest of a call: how it is made, what it meets in nginx's phases,
 * how it ends, and how it is left behind.
 */

#include "http/call/ngx_http_review_call.h"


typedef struct {
    void                      (*finalize_request)(ngx_http_request_t *r,
                                                  ngx_int_t rc);
} ngx_http_review_subrequest_t;


static ngx_int_t ngx_http_review_subrequest_headers(
    ngx_http_review_call_t *call, ngx_http_request_t *sr);
static ngx_int_t ngx_http_review_subrequest_body(ngx_http_review_call_t *call,
    ngx_http_request_t *sr);
static ngx_int_t ngx_http_review_subrequest_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_review_subrequest_look(ngx_http_review_call_t *call,
    ngx_http_request_t *sr);
static ngx_uint_t ngx_http_review_subrequest_is_cut(ngx_http_request_t *sr);
static void ngx_http_review_subrequest_log(ngx_http_review_call_t *call,
    ngx_http_request_t *sr);
static void ngx_http_review_subrequest_abandoned(ngx_http_request_t *sr);
static ngx_uint_t ngx_http_review_subrequest_waits_for_file(
    ngx_http_request_t *sr);


static ngx_str_t  ngx_http_review_post = ngx_string("POST");


ngx_int_t
ngx_http_review_subrequest_create(ngx_http_review_call_t *call)
{
    ngx_http_request_t                *r, *sr;
    ngx_http_variable_value_t         *vars, *vv;
    ngx_http_core_main_conf_t         *cmcf;
    ngx_http_post_subrequest_t        *ps;
    ngx_http_review_call_main_conf_t  *rmcf;

    r = call->ctx->request;

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_review_subrequest_done;
    ps->data = call;

    /*
     * Variables are cached by request, and subrequests share the cache: what
     * one call has seen, $review_point for example, is not for the next one.
     * An id of the request, if any, is for all.
     */

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    rmcf = ngx_http_get_module_main_conf(r, ngx_http_review_call_module);

    vars = ngx_pcalloc(r->pool, cmcf->variables.nelts
                                * sizeof(ngx_http_variable_value_t));
    vv = ngx_http_get_indexed_variable(r, rmcf->request_id);

    if (vars == NULL || vv == NULL) {
        return NGX_ERROR;
    }

    sr = NULL;

    if (ngx_http_subrequest(r, &call->uri->uri, &call->uri->args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        if (sr) {
            /* it was counted, but will never run */
            r->main->count--;
        }

        return NGX_ERROR;
    }

    /* it has not run yet, and from here on it must end by itself */

    sr->method = NGX_HTTP_POST;
    sr->method_name = ngx_http_review_post;

    sr->variables = vars;
    sr->variables[rmcf->request_id] = *vv;

    if (ngx_http_review_subrequest_headers(call, sr) != NGX_OK
        || ngx_http_review_subrequest_body(call, sr) != NGX_OK)
    {
        sr->write_event_handler = ngx_http_review_subrequest_abandoned;
        return NGX_ERROR;
    }

    call->sr = sr;
    call->last = sr;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_subrequest_passage(ngx_http_review_call_t *call,
    ngx_list_t *headers)
{
    ngx_str_t    value;
    ngx_pool_t  *pool;

    pool = call->ctx->request->pool;

    value.data = ngx_pnalloc(pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%ui", call->ctx->passages + 1)
                - value.data;

    return ngx_http_review_headers_add(headers, pool,
                                       NGX_HTTP_REVIEW_PASSAGES_HEADER, &value);
}


/*
 * Only our own headers reach the backend, and those that trace a request
 * through services: never the client's credentials, conditions or codings.
 */

static ngx_int_t
ngx_http_review_subrequest_headers(ngx_http_review_call_t *call,
    ngx_http_request_t *sr)
{
    ngx_str_t             accept;
    ngx_list_t           *headers;
    const char          **name;
    ngx_table_elt_t      *h;
    ngx_http_request_t   *r;

    static const char  *traces[] = {
        "traceparent", "tracestate", "X-Request-ID", NULL
    };

    r = call->ctx->request;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.server = r->headers_in.server;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    headers = &sr->headers_in.headers;

    accept.data = (u_char *) call->accept;
    accept.len = ngx_strlen(call->accept);

    if (ngx_list_init(headers, r->pool, 2, sizeof(ngx_table_elt_t)) != NGX_OK
        || ngx_http_review_headers_add(headers, r->pool, "Content-Type",
                                       &call->type)
           != NGX_OK
        || ngx_http_review_headers_add(headers, r->pool, "Accept", &accept)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (call->authorization.len
        && ngx_http_review_headers_add(headers, r->pool, "Authorization",
                                       &call->authorization)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    sr->headers_in.content_type = ngx_http_review_headers_find(headers,
                                                               "Content-Type");

    for (name = traces; *name; name++) {
        h = ngx_http_review_headers_find(&r->headers_in.headers, *name);

        if (h && ngx_http_review_headers_add(headers, r->pool, *name, &h->value)
                 != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return call->backend->counted
           ? ngx_http_review_subrequest_passage(call, headers) : NGX_OK;
}


/*
 * The pieces are shared between calls, the buffers are not.  Without pieces it
 * is the client's own body, which a subrequest has anyway.
 */

static ngx_int_t
ngx_http_review_subrequest_body(ngx_http_review_call_t *call,
    ngx_http_request_t *sr)
{
    size_t                    i;
    ngx_buf_t                *b;
    ngx_chain_t              *cl, **ll;
    ngx_http_request_body_t  *rb;

    if (call->npieces == 0) {
        return NGX_OK;
    }

    rb = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    ll = &rb->bufs;

    for (i = 0; i < call->npieces; i++) {

        if (call->body[i].len == 0) {
            continue;
        }

        b = ngx_calloc_buf(sr->pool);
        cl = ngx_alloc_chain_link(sr->pool);

        if (b == NULL || cl == NULL) {
            return NGX_ERROR;
        }

        b->start = (u_char *) call->body[i].data;
        b->pos = b->start;
        b->end = b->start + call->body[i].len;
        b->last = b->end;
        b->memory = 1;

        cl->buf = b;
        *ll = cl;
        ll = &cl->next;
    }

    *ll = NULL;

    sr->request_body = rb;

    return NGX_OK;
}


/* has the call looked at when the request is woken: not here, not now */

void
ngx_http_review_subrequest_end(ngx_http_review_call_t *call)
{
    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (!call->ended) {
        call->ended = 1;
        ngx_queue_insert_tail(&call->ctx->ended, &call->queue);
    }

    ngx_http_review_ctx_wake(call->ctx);
}


/*
 * The subrequest's own end.  nginx may come here twice, before it has read all
 * of a cached answer from its file for the first time, and it may come here
 * for a try that we have left behind.  Whatever happened, the client's request
 * goes on: the answer is always NGX_OK.
 */

static ngx_int_t
ngx_http_review_subrequest_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_review_call_t *call = data;

    if (call->sr != sr) {
        return NGX_OK;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "review call done: \"%V\" rc:%i status:%ui",
                   &sr->uri, rc, call->status);

    if (sr->buffered) {
        if (rc == NGX_OK || rc == NGX_AGAIN) {
            return NGX_OK;
        }

        sr->buffered = 0;
    }

    call->sr = NULL;
    call->rc = rc;

    call->cut = ngx_http_review_subrequest_is_cut(sr);

    ngx_http_review_subrequest_look(call, sr);

    call->no_server = !call->header && ngx_http_review_busy_no_server(sr);
    call->busy = call->no_server && ngx_http_review_busy(&call->turn);

    if (!call->busy) {
        (void) ngx_http_review_outcome(call);
    }

    ngx_http_review_subrequest_end(call);

    return NGX_OK;
}


/* how far the try has come */

static void
ngx_http_review_subrequest_look(ngx_http_review_call_t *call,
    ngx_http_request_t *sr)
{
    ngx_http_upstream_state_t  *state;

    if (sr->upstream && sr->upstream_states && sr->upstream_states->nelts) {
        state = sr->upstream_states->elts;
        state += sr->upstream_states->nelts - 1;
        call->attempted = 1;
        call->connected = (state->connect_time != (ngx_msec_t) -1);
    }

    ngx_http_review_busy_set_upstream(&call->turn, sr);
}


/* nginx knows how much of a response was to come, if that was said */

static ngx_uint_t
ngx_http_review_subrequest_is_cut(ngx_http_request_t *sr)
{
    ngx_http_upstream_t  *u;

    u = sr->upstream;

    if (u == NULL) {
        return 0;
    }

    return u->buffering ? u->pipe && u->pipe->length > 0 : u->length > 0;
}


/*
 * nginx counts a failure of a server as one only up to the response's header.
 * Where the balancer has freed the peer, nginx does not free it once more.
 */

static void
ngx_http_review_subrequest_fail_peer(ngx_http_upstream_t *u)
{
    if (u->peer.free && u->peer.sockaddr) {
        u->peer.free(&u->peer, u->peer.data, NGX_PEER_FAILED);
        u->peer.sockaddr = NULL;
    }
}


/* just before nginx frees the peer; proxy_read_timeout may be over */

static void
ngx_http_review_subrequest_finalize(ngx_http_request_t *sr, ngx_int_t rc)
{
    ngx_http_upstream_t           *u;
    ngx_http_review_call_t        *call;
    ngx_http_review_subrequest_t  *ctx;

    u = sr->upstream;
    ctx = ngx_http_get_module_ctx(sr, ngx_http_review_call_module);

    if (ctx) {
        ctx->finalize_request(sr, rc);
    }

    if (u->peer.connection == NULL || !u->peer.connection->read->timedout) {
        return;
    }

    call = ngx_http_review_subrequest_of(sr);

    if (call && call->sr == sr) {
        call->silent = 1;
    }

    ngx_http_review_subrequest_fail_peer(u);
}


void
ngx_http_review_subrequest_observe(ngx_http_request_t *sr)
{
    ngx_http_upstream_t           *u;
    ngx_http_review_subrequest_t  *ctx;

    u = sr->upstream;

    if (u == NULL || u->peer.connection == NULL
        || u->finalize_request == ngx_http_review_subrequest_finalize)
    {
        return;
    }

    ctx = ngx_palloc(sr->pool, sizeof(ngx_http_review_subrequest_t));

    if (ctx) {
        ctx->finalize_request = u->finalize_request;
        ngx_http_set_ctx(sr, ctx, ngx_http_review_call_module);

        u->finalize_request = ngx_http_review_subrequest_finalize;
    }
}


/*
 * Leaves the subrequest behind.  One that talks to an upstream is cut off, so
 * that the LLM does not work in vain; its end is not told then.  One that
 * waits for a file is woken by that.  Another one may be in the hands of any
 * module: it goes on, but not into the content phase, if it is not there yet.
 */

void
ngx_http_review_subrequest_stop(ngx_http_review_call_t *call)
{
    ngx_http_request_t  *sr, **left;

    sr = call->sr;

    if (sr == NULL) {
        return;
    }

    call->sr = NULL;
    call->left = 1;

    ngx_http_review_subrequest_look(call, sr);

    if (ngx_http_review_subrequest_waits_for_file(sr)) {
        sr->write_event_handler = ngx_http_review_subrequest_abandoned;
        return;
    }

    if (sr->upstream && sr->upstream->cleanup && *sr->upstream->cleanup) {

        if (call->timedout && ngx_http_review_outcome_is_silent(call)) {
            ngx_http_review_subrequest_fail_peer(sr->upstream);
        }

        ngx_http_review_subrequest_log(call, sr);
        ngx_http_review_subrequest_abandoned(sr);
        return;
    }

    left = ngx_array_push(&call->ctx->left);

    if (left) {
        *left = sr;
    }
}


/* nginx logs a subrequest when it ends, but not when it is cut off */

static void
ngx_http_review_subrequest_log(ngx_http_review_call_t *call,
    ngx_http_request_t *sr)
{
    ngx_uint_t                  i, n;
    ngx_http_handler_pt        *handler;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_core_main_conf_t  *cmcf;

    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    if (!clcf->log_subrequest || sr->logged) {
        return;
    }

    if (call->timedout) {
        (void) ngx_http_review_outcome(call);
    }

    if (sr->headers_out.status == 0) {
        sr->headers_out.status = call->timedout
                                 ? NGX_HTTP_GATEWAY_TIME_OUT
                                 : NGX_HTTP_CLIENT_CLOSED_REQUEST;
    }

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    handler = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.elts;
    n = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.nelts;

    for (i = 0; i < n; i++) {
        (void) handler[i](sr);
    }

    sr->logged = 1;
}


/*
 * The client's request is over.  nginx ends its subrequests, but for those
 * that wait for a file or for the lock of a cache entry: it would let them
 * begin with a call when they get it.
 */

void
ngx_http_review_subrequest_let_go(ngx_http_review_call_t *call)
{
    if (call->sr && ngx_http_review_subrequest_waits_for_file(call->sr)) {
        call->sr->write_event_handler = ngx_http_review_subrequest_abandoned;
    }

    if (call->sr) {
        ngx_http_review_subrequest_look(call, call->sr);
        ngx_http_review_subrequest_log(call, call->sr);
    }

    call->sr = NULL;
}


static void
ngx_http_review_subrequest_abandoned(ngx_http_request_t *sr)
{
    ngx_http_upstream_t  *u;

    sr->write_event_handler = ngx_http_request_empty_handler;

    u = sr->upstream;

    if (u && u->cleanup && *u->cleanup) {
        (*u->cleanup)(sr);
        return;
    }

    sr->buffered = 0;

    ngx_http_finalize_request(sr, NGX_OK);
}


/* wakes a subrequest that may wait for the client connection's write event */

void
ngx_http_review_subrequest_kick(ngx_http_request_t *sr)
{
    if (!sr->done
        && (sr->upstream == NULL || sr->buffered)
        && !ngx_http_review_subrequest_waits_for_file(sr))
    {
        (void) ngx_http_post_request(sr, NULL);
    }
}


/* nginx compares the size again after an internal redirect */

ngx_int_t
ngx_http_review_subrequest_rewrite(ngx_http_request_t *r)
{
    if (ngx_http_review_subrequest_of(r)) {
        r->headers_in.content_length_n = -1;
    }

    return NGX_DECLINED;
}


/*
 * The last phase before a subrequest's content: one that was left behind ends
 * here.  The size of a prompt is made known only now, after nginx has compared
 * a client's body with client_max_body_size: a prompt is none.
 */

ngx_int_t
ngx_http_review_subrequest_precontent(ngx_http_request_t *r)
{
    size_t                   i;
    ngx_http_review_call_t  *call;

    call = ngx_http_review_subrequest_of(r);

    if (call == NULL) {
        return NGX_DECLINED;
    }

    if (call->sr != r) {
        ngx_http_review_subrequest_abandoned(r);
        return NGX_DONE;
    }

    if (r->headers_in.content_length_n == -1 && call->npieces == 0) {
        r->headers_in.content_length_n = ngx_http_review_body_size(r);

    } else if (r->headers_in.content_length_n == -1) {
        r->headers_in.content_length_n = 0;

        for (i = 0; i < call->npieces; i++) {
            r->headers_in.content_length_n += call->body[i].len;
        }
    }

    return NGX_DECLINED;
}


/* whoever waits for a file, or the lock of a cache entry, is woken by that */

static ngx_uint_t
ngx_http_review_subrequest_waits_for_file(ngx_http_request_t *sr)
{
#if (NGX_HTTP_CACHE)
    if (sr->cache && sr->cache->waiting) {
        return 1;
    }
#endif

    return sr->aio;
}


ngx_http_review_call_t *
ngx_http_review_subrequest_of(ngx_http_request_t *r)
{
    if (r == r->main
        || r->post_subrequest == NULL
        || r->post_subrequest->handler != ngx_http_review_subrequest_done)
    {
        return NULL;
    }

    return r->post_subrequest->data;
}
