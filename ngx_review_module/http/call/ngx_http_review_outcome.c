
/*
 * Was a try a success, and if not, what was it?  nginx ends a subrequest that
 * was cut off like one that was not: only the answer itself proves that it is
 * whole.
 */

#include "http/call/ngx_http_review_call.h"


/* a stream that is silent for this part of its time is no longer coming */

#define NGX_HTTP_REVIEW_OUTCOME_HANGS  4


static void ngx_http_review_outcome_answer(ngx_http_review_call_t *call);
static void ngx_http_review_outcome_transport(ngx_http_review_call_t *call);
static void ngx_http_review_outcome_status(ngx_http_review_call_t *call,
    const char *detail);


ngx_uint_t
ngx_http_review_outcome(ngx_http_review_call_t *call)
{
    if (call->judged) {
        return call->again;
    }

    call->judged = 1;

    if (call->header) {
        ngx_http_review_outcome_answer(call);

    } else {
        ngx_http_review_outcome_transport(call);
    }

    call->again = (review_code_retried(call->failure.code) != 0);

    return call->again;
}


/* the backend's name is that of the detail's "%s" */

static void
ngx_http_review_outcome_failed(ngx_http_review_call_t *call,
    review_code_t code, const char *detail)
{
    u_char  *p, *last;
    size_t   size;

    call->failure.code = code;
    call->failure.detail = detail;

    if (ngx_strstr(detail, "%s")) {
        size = ngx_strlen(detail) + ngx_strlen(call->backend->name);
        p = ngx_pnalloc(call->ctx->request->pool, size);

        if (p == NULL) {
            call->failure.detail = "no memory";
            return;
        }

        last = ngx_snprintf(p, size - 1, detail, call->backend->name);
        *last = '\0';

        call->failure.detail = (char *) p;
    }
}


/* in the answer's own words, if it has any */

static void
ngx_http_review_outcome_told(ngx_http_review_call_t *call, review_code_t code,
    const char *detail)
{
    if (detail[0]) {
        call->failure.code = code;
        call->failure.detail = detail;

    } else {
        ngx_http_review_outcome_failed(call, code, review_code_sentence(code));
    }
}


static void
ngx_http_review_outcome_answer(ngx_http_review_call_t *call)
{
    const char     *detail;
    review_code_t   code;

    detail = call->backend->end(call);

    /* what has no status line is HTTP/0.9 to nginx */

    if (call->status == 0) {
        ngx_http_review_outcome_failed(call, REVIEW_CODE_CUT,
                                       "the response is not HTTP");
        return;
    }

    /* 201 with a good answer is as good as 200 */

    if (call->status < NGX_HTTP_OK || call->status > 203) {
        ngx_http_review_outcome_status(call, detail);
        return;
    }

    code = call->encoded ? REVIEW_CODE_BAD_ENCODING
                         : call->backend->whole(call);

    switch (code) {

    case REVIEW_CODE_OK:
        break;

    case REVIEW_CODE_CUT:
        ngx_http_review_outcome_cut(call);

        /* of one that has come whole, and says itself that it is not */

        if (call->failure.code == code && !call->cut && detail[0]) {
            call->failure.detail = detail;
        }

        break;

    case REVIEW_CODE_TOO_LARGE:
        ngx_http_review_outcome_told(call, code, call->context ? detail
                                                 : call->backend->too_large);
        break;

    case REVIEW_CODE_INTERNAL:
    case REVIEW_CODE_BAD_ENCODING:
        ngx_http_review_outcome_told(call, code, "");
        break;

    default:
        ngx_http_review_outcome_told(call, code, detail);
    }
}


void
ngx_http_review_outcome_cut(ngx_http_review_call_t *call)
{
    if (call->timedout || call->silent) {
        ngx_http_review_outcome_failed(call, REVIEW_CODE_CALL_TIMEOUT,
                                       "%s fell silent in mid-answer");
        return;
    }

    ngx_http_review_outcome_failed(call, REVIEW_CODE_CUT,
                                   "the answer ended before its end");
}


ngx_uint_t
ngx_http_review_outcome_is_silent(ngx_http_review_call_t *call)
{
    return call->heard == 0
           || ngx_current_msec - call->heard
              >= (ngx_current_msec - call->started)
                 / NGX_HTTP_REVIEW_OUTCOME_HANGS;
}


ngx_int_t
ngx_http_review_outcome_gather(ngx_http_review_call_t *call, review_buf_t *b,
    size_t max, u_char *data, size_t len)
{
    if (len > max - b->len) {
        call->large = 1;
        return NGX_ERROR;
    }

    call->heard = ngx_current_msec;

    review_buf_add(b, (char *) data, len);

    return b->failed ? NGX_ERROR : NGX_OK;
}


review_code_t
ngx_http_review_outcome_gathered(ngx_http_review_call_t *call, review_buf_t *b)
{
    if (b->failed) {
        return REVIEW_CODE_INTERNAL;
    }

    if (call->large) {
        return REVIEW_CODE_TOO_LARGE;
    }

    return call->timedout || call->silent || call->cut ? REVIEW_CODE_CUT
                                                       : REVIEW_CODE_OK;
}


/* no response header was seen */

static void
ngx_http_review_outcome_transport(ngx_http_review_call_t *call)
{
    if (call->timedout) {
        ngx_http_review_outcome_told(call, REVIEW_CODE_CALL_TIMEOUT, "");
        return;
    }

    switch (call->rc) {

    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_http_review_outcome_failed(call, REVIEW_CODE_CALL_TIMEOUT,
                                       call->connected
                                       ? "%s sent nothing in time"
                                       : "connecting to %s took too long");
        return;

    case NGX_HTTP_BAD_GATEWAY:
        if (call->connected) {
            ngx_http_review_outcome_failed(call, REVIEW_CODE_CUT,
                                           "the connection ended, or was not "
                                           "HTTP, before a response");
            return;
        }

        ngx_http_review_outcome_failed(call, REVIEW_CODE_CONNECT,
                                       call->no_server
                                       ? "no server of %s is up, or free"
                                       : "no connection to %s");
        return;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        if (call->connected) {
            break;
        }

        /* worker_connections may be used up, for instance */

        if (call->attempted) {
            ngx_http_review_outcome_failed(call, REVIEW_CODE_CONNECT,
                                           "no connection could be had, see "
                                           "the error log");
            return;
        }

        /* fall through */

    case NGX_ERROR:
    case NGX_OK:
        ngx_http_review_outcome_failed(call, REVIEW_CODE_INTERNAL,
                                       "the location of %s failed, see the "
                                       "error log");
        return;
    }

    /*
     * An error of the backend's that proxy_intercept_errors has kept from us,
     * or of the location itself: there is none, or it is closed to us.
     */

    call->status = call->rc;

    ngx_http_review_outcome_status(call, "");
}


static void
ngx_http_review_outcome_status(ngx_http_review_call_t *call,
    const char *detail)
{
    review_code_t  code;

    code = call->context ? (review_code_t) REVIEW_CODE_TOO_LARGE
                         : review_code_of_status(call->status);

    if (code == REVIEW_CODE_RATE_LIMITED) {
        code = call->quota ? REVIEW_CODE_QUOTA : code;

    } else if (!call->header && !call->connected) {
        ngx_http_review_outcome_failed(call, code,
                                       "the location of %s itself has "
                                       "refused, see the error log");
        return;
    }

    /* a redirect is not followed: where it leads says more than its body */

    ngx_http_review_outcome_told(call, code,
                                 call->location ? call->location : detail);
}
