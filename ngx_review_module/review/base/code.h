
/*
 * What may go wrong, by the codes that clients are told, and what follows from
 * each: is another try worth it, did it take too long?
 */

#ifndef _REVIEW_CODE_H_INCLUDED_
#define _REVIEW_CODE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_CODE_OK = 0,

    /* of calls: counted each on its own, in this order */

    REVIEW_CODE_BUSY,
    REVIEW_CODE_CONNECT,
    REVIEW_CODE_CUT,
    REVIEW_CODE_CALL_TIMEOUT,
    REVIEW_CODE_SLOW,
    REVIEW_CODE_DEADLINE,
    REVIEW_CODE_SHUTDOWN,
    REVIEW_CODE_RATE_LIMITED,
    REVIEW_CODE_QUOTA,
    REVIEW_CODE_LLM_ERROR,
    REVIEW_CODE_REFUSED,
    REVIEW_CODE_TRUNCATED,
    REVIEW_CODE_BAD_ANSWER,
    REVIEW_CODE_BAD_JSON,
    REVIEW_CODE_BAD_ENCODING,
    REVIEW_CODE_TOO_LARGE,
    REVIEW_CODE_INTERNAL,
    REVIEW_CODE_QUEUE_FULL,
    REVIEW_CODE_QUEUE_TIMEOUT,
    REVIEW_CODE_CIRCUIT_OPEN,
    REVIEW_CODE_CANCELLED,

    /* where there was no call */

    REVIEW_CODE_REGEX_LIMIT,
    REVIEW_CODE_BAD_REPLY,
    REVIEW_CODE_NO_EMBEDDINGS,

    /* of transfers: downloads, objects */

    REVIEW_CODE_BAD_URL,
    REVIEW_CODE_BAD_SCHEME,
    REVIEW_CODE_USERINFO,
    REVIEW_CODE_HOST_NOT_ALLOWED,
    REVIEW_CODE_ADDRESS_NOT_ALLOWED,
    REVIEW_CODE_DOWNGRADE,
    REVIEW_CODE_TOO_MANY_REDIRECTS,
    REVIEW_CODE_TIMEOUT,
    REVIEW_CODE_FAILED,
    REVIEW_CODE_STOPPED,
    REVIEW_CODE_FILE,
    REVIEW_CODE_STORE,
    REVIEW_CODE_ETAG_MISMATCH,

    /* of another machine, which is newer: whoever has it keeps its name */

    REVIEW_CODE_OTHER,

    /* and an HTTP status: see below */

    REVIEW_CODE_HTTP
} review_code_e;

/* one of these, or what review_code_http makes of a status */

typedef unsigned  review_code_t;

#define review_code_http(status)                                              \
    ((review_code_t) REVIEW_CODE_HTTP + (review_code_t) (status))

/* the same, but for 429, which has a code of its own */

#define review_code_of_status(status)                                         \
    ((status) == 429 ? (review_code_t) REVIEW_CODE_RATE_LIMITED               \
                     : review_code_http(status))

/* the status, if the code is of one */

#define review_code_http_status(code)  ((code) - REVIEW_CODE_HTTP)

/* codes below are counted by metrics */

#define REVIEW_CODE_COUNTED  (REVIEW_CODE_CANCELLED + 1)


/* the name, which may be written into "buf" */

#define REVIEW_CODE_NAME  sizeof("http_4294967295")

const char *review_code_name(review_code_t code, char buf[REVIEW_CODE_NAME]);

/* the code of a name, or REVIEW_CODE_OTHER */

review_code_t review_code_of(const char *name, size_t len);

/* is another try worth it? */

int review_code_retried(review_code_t code);

/* a call has waited for its turn, and was not made */

int review_code_waited(review_code_t code);

/*
 * May it pass by itself, so that who has time asks again later?  So may an
 * "llm_error", of which no more is known, and what is not known at all.  And
 * once more only: an answer that is no good may be better for once.
 */

int review_code_passes(review_code_t code);
int review_code_once(review_code_t code);

/* may another LLM answer?  Not where time is over, or where we have failed */

int review_code_falls(review_code_t code);

/* it may be the question's own fault: 0 if nobody was asked */

int review_code_asked(review_code_t code);

/* of a document that is not had: 502, 504: it took too long, 503, 413, 422 */

unsigned review_code_status(review_code_t code);

/* it took too long */

#define review_code_timeout(code)  (review_code_status(code) == 504)

/* for people: "%s" is who is to blame, "the LLM", if it is there */

const char *review_code_sentence(review_code_t code);


#pragma GCC visibility pop


#endif /* _REVIEW_CODE_H_INCLUDED_ */
