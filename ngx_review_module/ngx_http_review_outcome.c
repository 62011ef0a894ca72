
/*
 * Was a try a success, and if not, what was it?  nginx ends a subrequest that
 * was cut off like one that was not: only the answer itself proves that it is
 * whole.
 */

#include "ngx_http_review.h"


static ngx_uint_t ngx_http_review_outcome_transport(
    ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_outcome_status(
    ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_outcome_completion(
    ngx_http_review_call_t *call, review_completion_e rc);


static void
ngx_http_review_fail(ngx_http_review_call_t *call, const char *code,
    const char *detail)
{
    call->failure.code = code;
    call->failure.detail = detail;
}


/* sets call->failure; returns 1 if another try may be worth it */

ngx_uint_t
ngx_http_review_outcome(ngx_http_review_call_t *call)
{
    review_completion_e       rc;
    ngx_http_review_usage_t  *usage;

    if (!call->header) {
        return ngx_http_review_outcome_transport(call);
    }

    rc = review_completion_end(&call->completion);

    usage = &call->cell->usage;

    if (call->completion.prompt_tokens >= 0) {
        usage->prompt_tokens += call->completion.prompt_tokens;
    }

    if (call->completion.completion_tokens >= 0) {
        usage->completion_tokens += call->completion.completion_tokens;
    }

    /* what has no status line is HTTP/0.9 to nginx */

    if (call->status == 0) {
        ngx_http_review_fail(call, "cut", "the response is not HTTP");
        return 1;
    }

    if (call->status != NGX_HTTP_OK) {
        return ngx_http_review_outcome_status(call);
    }

    if (call->encoded) {
        ngx_http_review_fail(call, "bad_encoding",
                             "the answer's Content-Encoding cannot be decoded");
        return 0;
    }

    return ngx_http_review_outcome_completion(call, rc);
}


/* no response header was seen */

static ngx_uint_t
ngx_http_review_outcome_transport(ngx_http_review_call_t *call)
{
    if (call->timedout) {
        ngx_http_review_fail(call, "call_timeout",
                             "no answer within review_call_timeout");
        return 1;
    }

    switch (call->rc) {

    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_http_review_fail(call, "call_timeout",
                             call->connected ? "the LLM sent nothing in time"
                                             : "connecting took too long");
        return 1;

    case NGX_HTTP_BAD_GATEWAY:
        if (call->connected) {
            ngx_http_review_fail(call, "cut",
                                 "the connection ended, or was not HTTP, "
                                 "before a response");
            return 1;
        }

        ngx_http_review_fail(call, "connect", "no connection to the LLM");
        return 1;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        if (call->connected) {
            break;
        }

        /* worker_connections may be used up, for instance */

        if (call->attempted) {
            ngx_http_review_fail(call, "connect",
                                 "no connection could be had, see the error "
                                 "log");
            return 1;
        }

        /* fall through */

    case NGX_ERROR:
    case NGX_OK:
        ngx_http_review_fail(call, "internal",
                             "the LLM location failed, see the error log");
        return 0;
    }

    /*
     * An error of the LLM's that proxy_intercept_errors has kept from us, or
     * of the location itself: there is none, or it is closed to us.
     */

    call->status = call->rc;

    return ngx_http_review_outcome_status(call);
}


static ngx_uint_t
ngx_http_review_outcome_status(ngx_http_review_call_t *call)
{
    const char  *detail;

    detail = call->completion.detail;

    if (call->status == NGX_HTTP_TOO_MANY_REQUESTS) {
        ngx_http_review_fail(call, "rate_limited",
                             detail[0] ? detail : "too many requests");
        return 1;
    }

    /* the longest status is a word's, whatever the upstream says */

    *ngx_snprintf((u_char *) call->status_code,
                  sizeof(call->status_code) - 1, "http_%ui", call->status)
        = '\0';

    if (!call->header && !call->connected) {
        detail = "the LLM location itself has refused, see the error log";
    }

    ngx_http_review_fail(call, call->status_code,
                         detail[0] ? detail : "the LLM refused the request");

    return call->status >= NGX_HTTP_INTERNAL_SERVER_ERROR
           || call->status == NGX_HTTP_REQUEST_TIME_OUT;
}


static ngx_uint_t
ngx_http_review_outcome_completion(ngx_http_review_call_t *call,
    review_completion_e rc)
{
    const char  *detail;

    detail = call->completion.detail;

    switch (rc) {

    case REVIEW_COMPLETION_OK:
        return 0;

    case REVIEW_COMPLETION_CUT:
        if (call->timedout || call->silent) {
            ngx_http_review_fail(call, "call_timeout",
                                 "the LLM fell silent in mid-answer");
            return 1;
        }

        ngx_http_review_fail(call, "cut", "the answer ended before its end");
        return 1;

    case REVIEW_COMPLETION_TRUNCATED:
        ngx_http_review_fail(call, "truncated",
                             "the answer was cut at max_tokens");
        return 0;

    case REVIEW_COMPLETION_REFUSED:
        ngx_http_review_fail(call, "refused", detail[0] ? detail
                             : "the LLM's filter withheld the answer");
        return 0;

    case REVIEW_COMPLETION_ERROR:
        ngx_http_review_fail(call, "llm_error", detail);
        return 0;

    case REVIEW_COMPLETION_EMPTY:
        ngx_http_review_fail(call, "bad_answer",
                             detail[0] ? detail : "the answer is empty");
        return 0;

    case REVIEW_COMPLETION_BAD_JSON:
        ngx_http_review_fail(call, "bad_json",
                             detail[0] ? detail : "the response is not JSON");
        return 0;

    case REVIEW_COMPLETION_TOO_LARGE:
        ngx_http_review_fail(call, "too_large",
                             "the answer is over review_max_answer_size");
        return 0;

    default: /* REVIEW_COMPLETION_NO_MEMORY */
        ngx_http_review_fail(call, "internal", "no memory");
        return 0;
    }
}
