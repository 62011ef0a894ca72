
/*
 * Was a try a success, and if not, what was it?  nginx ends a subrequest that
 * was cut off like one that was not: only the answer itself proves that it is
 * whole.
 */

#include "http/call/ngx_http_review_call.h"


static ngx_uint_t ngx_http_review_outcome_transport(
    ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_outcome_status(
    ngx_http_review_call_t *call, const char *detail);


void
ngx_http_review_call_failed(ngx_http_review_call_t *call, const char *code,
    const char *detail)
{
    call->failure.code = code;
    call->failure.detail = detail;
}


/* the same, with the backend's name for its "%s" */

static void
ngx_http_review_call_blame(ngx_http_review_call_t *call, const char *code,
    const char *fmt)
{
    u_char  *p, *last;
    size_t   size;

    size = ngx_strlen(fmt) + ngx_strlen(call->backend->name);

    p = ngx_pnalloc(call->ctx->request->pool, size);

    if (p) {
        last = ngx_snprintf(p, size - 1, fmt, call->backend->name);
        *last = '\0';
    }

    ngx_http_review_call_failed(call, code, p ? (char *) p : "no memory");
}


/* sets call->failure; returns 1 if another try may be worth it */

ngx_uint_t
ngx_http_review_outcome(ngx_http_review_call_t *call)
{
    const char  *detail;

    if (!call->header) {
        return ngx_http_review_outcome_transport(call);
    }

    detail = call->backend->end(call);

    /* what has no status line is HTTP/0.9 to nginx */

    if (call->status == 0) {
        ngx_http_review_call_failed(call, "cut", "the response is not HTTP");
        return 1;
    }

    if (call->status != NGX_HTTP_OK) {
        return ngx_http_review_outcome_status(call, detail);
    }

    if (call->encoded) {
        ngx_http_review_call_failed(call, "bad_encoding",
                             "the answer's Content-Encoding cannot be decoded");
        return 0;
    }

    return call->backend->outcome(call);
}


/* no response header was seen */

static ngx_uint_t
ngx_http_review_outcome_transport(ngx_http_review_call_t *call)
{
    if (call->timedout) {
        ngx_http_review_call_failed(call, "call_timeout",
                             "no answer within review_call_timeout");
        return 1;
    }

    switch (call->rc) {

    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_http_review_call_blame(call, "call_timeout",
                                   call->connected
                                   ? "%s sent nothing in time"
                                   : "connecting to %s took too long");
        return 1;

    case NGX_HTTP_BAD_GATEWAY:
        if (call->connected) {
            ngx_http_review_call_failed(call, "cut",
                                 "the connection ended, or was not HTTP, "
                                 "before a response");
            return 1;
        }

        ngx_http_review_call_blame(call, "connect",
                                   call->no_server
                                   ? "no server of %s is up, or free"
                                   : "no connection to %s");
        return 1;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        if (call->connected) {
            break;
        }

        /* worker_connections may be used up, for instance */

        if (call->attempted) {
            ngx_http_review_call_failed(call, "connect",
                                 "no connection could be had, see the error "
                                 "log");
            return 1;
        }

        /* fall through */

    case NGX_ERROR:
    case NGX_OK:
        ngx_http_review_call_blame(call, "internal",
                                   "the location of %s failed, see the error "
                                   "log");
        return 0;
    }

    /*
     * An error of the LLM's that proxy_intercept_errors has kept from us, or
     * of the location itself: there is none, or it is closed to us.
     */

    call->status = call->rc;

    return ngx_http_review_outcome_status(call, "");
}


static ngx_uint_t
ngx_http_review_outcome_status(ngx_http_review_call_t *call,
    const char *detail)
{
    if (call->status == NGX_HTTP_TOO_MANY_REQUESTS) {
        ngx_http_review_call_failed(call, "rate_limited",
                             detail[0] ? detail : "too many requests");
        return 1;
    }

    /* the longest status is a word's, whatever the upstream says */

    *ngx_snprintf((u_char *) call->status_code,
                  sizeof(call->status_code) - 1, "http_%ui", call->status)
        = '\0';

    if (!call->header && !call->connected) {
        ngx_http_review_call_blame(call, call->status_code,
                                   "the location of %s itself has refused, "
                                   "see the error log");

    } else if (detail[0]) {
        ngx_http_review_call_failed(call, call->status_code, detail);

    } else {
        ngx_http_review_call_blame(call, call->status_code,
                                   "%s refused the request");
    }

    return call->status >= NGX_HTTP_INTERNAL_SERVER_ERROR
           || call->status == NGX_HTTP_REQUEST_TIME_OUT;
}
