
/*
 * What a subrequest's response turns into: nothing of it goes to the client,
 * all of it into the call.  A subrequest that was left behind is still
 * drained here.
 */

#include "http/call/ngx_http_review_call.h"
#include "http/call/ngx_http_review_inflate.h"

#include "review/base/excerpt.h"


#define NGX_HTTP_REVIEW_DAY  (24 * 60 * 60)

/* bytes of what is told of a redirect */

#define NGX_HTTP_REVIEW_LOCATION  256


/* seconds, or a date (RFC 9110); milliseconds from now, 0 for neither */

static ngx_msec_t
ngx_http_review_capture_retry_after(ngx_str_t *value)
{
    time_t  n;

    n = ngx_atotm(value->data, value->len);

    if (n == (time_t) NGX_ERROR) {
        n = ngx_parse_http_time(value->data, value->len);

        if (n == (time_t) NGX_ERROR) {
            return 0;
        }

        n -= ngx_time();
    }

    if (n <= 0) {
        return 0;
    }

    return (ngx_msec_t) ngx_min(n, NGX_HTTP_REVIEW_DAY) * 1000;
}


/* where a redirect leads, in words; arguments may be secret */

static void
ngx_http_review_capture_location(ngx_http_request_t *r,
    ngx_http_review_call_t *call)
{
    char             *p;
    size_t            len;
    ngx_table_elt_t  *h;

    static const char  words[] = "it is a redirect to ";

    if (call->status < NGX_HTTP_SPECIAL_RESPONSE
        || call->status >= NGX_HTTP_BAD_REQUEST)
    {
        return;
    }

    h = ngx_http_review_headers_find(&r->headers_out.headers, "Location");

    if (h == NULL || h->value.len == 0) {
        return;
    }

    len = sizeof(words) - 1;
    p = ngx_pnalloc(call->ctx->request->pool, NGX_HTTP_REVIEW_LOCATION);

    if (p) {
        ngx_memcpy(p, words, len);
        review_excerpt(p + len, NGX_HTTP_REVIEW_LOCATION - len,
                       (char *) h->value.data, h->value.len);
        p[strcspn(p, "?#")] = '\0';
        review_excerpt_mask(p);
        call->location = p;
    }
}


/* what comes out of a cache has cost its server nothing */

ngx_uint_t
ngx_http_review_capture_is_cached(ngx_http_request_t *r)
{
#if (NGX_HTTP_CACHE)

    switch (r->upstream ? r->upstream->cache_status : 0) {

    case NGX_HTTP_CACHE_HIT:
    case NGX_HTTP_CACHE_STALE:
    case NGX_HTTP_CACHE_UPDATING:
    case NGX_HTTP_CACHE_REVALIDATED:
        return 1;
    }

#endif

    return 0;
}


ngx_int_t
ngx_http_review_capture_header(ngx_http_request_t *r,
    ngx_http_review_call_t *call)
{
    ngx_event_t          *wev;
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    /* what is in files comes to us in memory */

    r->filter_need_in_memory = 1;
    r->header_sent = 1;

    /*
     * A background subrequest is never the one that may write to the client:
     * with buffering nginx would keep all of the answer back until its end,
     * in a file if need be.  Only what is to be cached has to go that way.
     */

    u = r->upstream;

    if (u && u->buffering && !u->cacheable && !u->store) {
        u->buffering = 0;
    }

    wev = r->connection->write;

    if (wev->delayed && wev->timer_set) {
        call->ctx->delayed_until = wev->timer.key;
    }

    if (call->sr != r) {
        return NGX_OK;
    }

    call->header = 1;
    call->status = r->headers_out.status;
    call->cached = ngx_http_review_capture_is_cached(r);

    ngx_http_review_capture_location(r, call);

    ngx_http_review_subrequest_observe(r);

    h = ngx_http_review_headers_find(&r->headers_out.headers, "Retry-After");

    if (h) {
        call->retry_after = ngx_http_review_capture_retry_after(&h->value);
    }

    switch (ngx_http_review_inflate_coding(r->headers_out.content_encoding)) {

    case NGX_OK:
        break;

    case NGX_DONE:
        call->inflate = ngx_http_review_inflate_create(
                                                call->ctx->request->pool);
        call->encoded = (call->inflate == NULL);
        break;

    default:
        call->encoded = 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_capture_inflated(void *data, u_char *p, size_t len)
{
    ngx_http_review_call_t *call = data;

    return call->backend->feed(call, p, len);
}


static ngx_int_t
ngx_http_review_capture_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    ngx_int_t  rc;

    if (call->inflate == NULL) {
        return call->backend->feed(call, data, len);
    }

    rc = ngx_http_review_inflate(call->inflate, data, len,
                                 ngx_http_review_capture_inflated, call);

    if (rc == NGX_DECLINED) {
        call->encoded = 1;
    }

    return rc;
}


void
ngx_http_review_capture_body(ngx_http_request_t *r,
    ngx_http_review_call_t *call, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (call->sr == r && call->first == 0 && b->last > b->pos) {
            call->first = ngx_current_msec;
        }

        if (call->sr == r
            && !call->ended
            && !call->encoded
            && ngx_buf_in_memory(b)
            && b->last > b->pos
            && ngx_http_review_capture_feed(call, b->pos, b->last - b->pos)
               != NGX_OK)
        {
            /* more of it makes no sense: the call is cut off when woken */

            ngx_http_review_subrequest_end(call);
        }

        b->pos = b->last;

        if (b->in_file) {
            b->file_pos = b->file_last;
        }
    }
}
