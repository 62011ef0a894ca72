
#include "review/base/code.h"

#include <stdio.h>


typedef struct {
    const char      *name;
    unsigned short   retried;
    unsigned short   status;
    const char      *sentence;
} review_code_info_t;


static const review_code_info_t  review_codes[] = {

    [REVIEW_CODE_OK] = { "ok", 0, 200, "nothing is wrong" },
    [REVIEW_CODE_BUSY] = { "busy", 1, 502,
        "all servers of %s have as many connections as they may have" },
    [REVIEW_CODE_CONNECT] = { "connect", 1, 502, "%s cannot be reached" },
    [REVIEW_CODE_CUT] = { "cut", 1, 502, "%s closed the connection" },
    [REVIEW_CODE_CALL_TIMEOUT] = { "call_timeout", 1, 504,
        "no answer within review_call_timeout" },
    [REVIEW_CODE_SLOW] = { "slow", 1, 504,
        "the answer was still coming when review_call_timeout was over" },
    [REVIEW_CODE_DEADLINE] = { "deadline", 0, 504, "review_timeout is over" },
    [REVIEW_CODE_SHUTDOWN] = { "shutdown", 0, 503,
        "nginx was shutting down" },
    [REVIEW_CODE_RATE_LIMITED] = { "rate_limited", 1, 502,
        "too many requests" },
    [REVIEW_CODE_QUOTA] = { "quota", 0, 502,
        "%s's account has been used up" },
    [REVIEW_CODE_LLM_ERROR] = { "llm_error", 0, 502,
        "%s answered with an error" },
    [REVIEW_CODE_REFUSED] = { "refused", 0, 502,
        "%s's filter withheld the answer" },
    [REVIEW_CODE_TRUNCATED] = { "truncated", 0, 502,
        "the answer was cut at max_tokens" },
    [REVIEW_CODE_BAD_ANSWER] = { "bad_answer", 0, 502,
        "the answer is empty" },
    [REVIEW_CODE_BAD_JSON] = { "bad_json", 0, 502,
        "the response is not JSON" },
    [REVIEW_CODE_BAD_ENCODING] = { "bad_encoding", 0, 502,
        "the answer's Content-Encoding cannot be decoded" },
    [REVIEW_CODE_TOO_LARGE] = { "too_large", 0, 413,
        "the answer is over review_max_answer_size" },
    [REVIEW_CODE_INTERNAL] = { "internal", 0, 502, "no memory" },
    [REVIEW_CODE_QUEUE_FULL] = { "queue_full", 0, 502,
        "too many calls wait for the LLM" },
    [REVIEW_CODE_QUEUE_TIMEOUT] = { "queue_timeout", 0, 504,
        "the call has waited for its turn too long" },
    [REVIEW_CODE_CIRCUIT_OPEN] = { "circuit_open", 0, 502,
        "calls of the LLM have been failing, it is left alone for a while" },
    [REVIEW_CODE_CANCELLED] = { "cancelled", 0, 502, "the client has gone" },

    [REVIEW_CODE_REGEX_LIMIT] = { "regex_limit", 0, 502,
        "the rule's regex took too many steps" },
    [REVIEW_CODE_BAD_REPLY] = { "bad_reply", 0, 502,
        "the reply has no result for this point, or one that makes no sense" },
    [REVIEW_CODE_NO_EMBEDDINGS] = { "no_embeddings", 0, 502,
        "no \"review_embeddings\" is set" },

    [REVIEW_CODE_BAD_URL] = { "bad_url", 0, 422, "the URL is not understood" },
    [REVIEW_CODE_BAD_SCHEME] = { "bad_scheme", 0, 422,
        "the URL is neither of http nor of https" },
    [REVIEW_CODE_USERINFO] = { "userinfo", 0, 422,
        "the URL has a user's name or password" },
    [REVIEW_CODE_HOST_NOT_ALLOWED] = { "host_not_allowed", 0, 422,
        "the URL's host is not allowed" },
    [REVIEW_CODE_ADDRESS_NOT_ALLOWED] = { "address_not_allowed", 0, 422,
        "the address is not allowed" },
    [REVIEW_CODE_DOWNGRADE] = { "downgrade", 0, 422,
        "a redirect leads from https to http" },
    [REVIEW_CODE_TOO_MANY_REDIRECTS] = { "too_many_redirects", 0, 422,
        "there are too many redirects" },
    [REVIEW_CODE_TIMEOUT] = { "timeout", 0, 504, "%s took too long" },
    [REVIEW_CODE_FAILED] = { "failed", 0, 502, "%s could not be asked" },
    [REVIEW_CODE_STOPPED] = { "stopped", 0, 502, "%s could not be asked" },
    [REVIEW_CODE_FILE] = { "file", 0, 502, "a file cannot be written" },
    [REVIEW_CODE_STORE] = { "store", 0, 502,
        "the object store has not taken it" },
    [REVIEW_CODE_ETAG_MISMATCH] = { "etag_mismatch", 1, 502,
        "%s has got something else than was sent" },

    [REVIEW_CODE_OTHER] = { "other", 0, 502, "something else went wrong" },
    [REVIEW_CODE_HTTP] = { "http", 0, 502, "%s refused the request" }
};


static const review_code_info_t *
review_code_info(review_code_t code)
{
    return &review_codes[code < REVIEW_CODE_HTTP ? code : REVIEW_CODE_HTTP];
}


const char *
review_code_name(review_code_t code, char buf[REVIEW_CODE_NAME])
{
    if (code < REVIEW_CODE_HTTP) {
        return review_codes[code].name;
    }

    (void) snprintf(buf, REVIEW_CODE_NAME, "http_%u",
                    review_code_http_status(code));

    return buf;
}


/* "http_404", as it is written; a name is short */

static review_code_t
review_code_of_http(const char *name, size_t len)
{
    size_t    i;
    unsigned  status;

    if (len <= 5 || len > 5 + 9 || memcmp(name, "http_", 5) != 0
        || name[5] == '0')
    {
        return REVIEW_CODE_OTHER;
    }

    for (i = 5, status = 0; i < len; i++) {

        if (name[i] < '0' || name[i] > '9') {
            return REVIEW_CODE_OTHER;
        }

        status = status * 10 + (unsigned) (name[i] - '0');
    }

    return review_code_http(status);
}


review_code_t
review_code_of(const char *name, size_t len)
{
    review_code_t  code;

    for (code = REVIEW_CODE_BUSY; code < REVIEW_CODE_OTHER; code++) {
        if (strlen(review_codes[code].name) == len
            && memcmp(review_codes[code].name, name, len) == 0)
        {
            return code;
        }
    }

    return review_code_of_http(name, len);
}


int
review_code_retried(review_code_t code)
{
    unsigned  status;

    if (code < REVIEW_CODE_HTTP) {
        return review_codes[code].retried;
    }

    status = review_code_http_status(code);

    return status == 408 || status == 425 || status >= 500;
}


int
review_code_waited(review_code_t code)
{
    return code == REVIEW_CODE_QUEUE_FULL || code == REVIEW_CODE_QUEUE_TIMEOUT
           || code == REVIEW_CODE_CIRCUIT_OPEN;
}


int
review_code_passes(review_code_t code)
{
    unsigned  status;

    switch (code) {

    case REVIEW_CODE_OK:
    case REVIEW_CODE_QUOTA:
    case REVIEW_CODE_REFUSED:
    case REVIEW_CODE_TRUNCATED:
    case REVIEW_CODE_BAD_ENCODING:
    case REVIEW_CODE_TOO_LARGE:
    case REVIEW_CODE_REGEX_LIMIT:
    case REVIEW_CODE_NO_EMBEDDINGS:
        return 0;
    }

    if (code < REVIEW_CODE_HTTP) {
        return code < REVIEW_CODE_BAD_URL || code == REVIEW_CODE_OTHER;
    }

    status = review_code_http_status(code);

    return status < 300 || status >= 500
           || status == 408 || status == 425 || status == 429;
}


int
review_code_once(review_code_t code)
{
    return code == REVIEW_CODE_BAD_ANSWER || code == REVIEW_CODE_BAD_JSON
           || code == REVIEW_CODE_BAD_REPLY;
}


int
review_code_falls(review_code_t code)
{
    switch (code) {

    case REVIEW_CODE_OK:
    case REVIEW_CODE_DEADLINE:
    case REVIEW_CODE_SHUTDOWN:
    case REVIEW_CODE_INTERNAL:
    case REVIEW_CODE_CANCELLED:
        return 0;
    }

    return code < REVIEW_CODE_REGEX_LIMIT || code >= REVIEW_CODE_HTTP;
}


int
review_code_asked(review_code_t code)
{
    switch (code) {

    case REVIEW_CODE_BUSY:
    case REVIEW_CODE_SHUTDOWN:
    case REVIEW_CODE_CONNECT:
    case REVIEW_CODE_QUEUE_FULL:
    case REVIEW_CODE_QUEUE_TIMEOUT:
    case REVIEW_CODE_CIRCUIT_OPEN:
    case REVIEW_CODE_CANCELLED:
        return 0;
    }

    return 1;
}


unsigned
review_code_status(review_code_t code)
{
    return review_code_info(code)->status;
}


const char *
review_code_sentence(review_code_t code)
{
    return review_code_info(code)->sentence;
}
