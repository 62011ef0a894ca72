
/*
 * The fast path of an answer that comes whole: a chat completion as nearly all
 * servers send it is read in place.  Whatever looks unusual is left to a full
 * JSON parser.
 */

#ifndef _REVIEW_MESSAGE_H_INCLUDED_
#define _REVIEW_MESSAGE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * All point into the body.  The texts have their escapes, which
 * review_scan_unescape() undoes; the names have none.
 */

typedef struct {
    review_str_t    content;           /* not empty */
    review_str_t    reasoning;         /* len is 0: none, as for all below */
    review_str_t    model;
    review_str_t    finish_reason;
    int64_t         prompt_tokens;     /* -1: not told */
    int64_t         completion_tokens;
} review_message_t;


/* returns 0, or -1 for a body that must be parsed in full */

int review_message_scan(review_message_t *message, const char *data,
    size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_MESSAGE_H_INCLUDED_ */
