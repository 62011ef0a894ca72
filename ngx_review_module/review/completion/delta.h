
/*
 * The fast path of answers: an event that does nothing but carry on the text,
 * and a chat completion that comes whole, as nearly all servers send them, are
 * read in place.  Whatever looks unusual is left to a full JSON parser.
 */

#ifndef _REVIEW_DELTA_H_INCLUDED_
#define _REVIEW_DELTA_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/* what is said points into the event, or the body; len is 0: none */

typedef struct {
    /* with their escapes, for review_scan_unescape() */

    review_str_t    content;
    review_str_t    reasoning;

    /* without any; an event that is read in place has none of these */

    review_str_t    model;
    review_str_t    finish_reason;
    int64_t         prompt_tokens;     /* -1: not told */
    int64_t         completion_tokens;

    /* the last event without its text, which the next one mostly repeats */

    review_buf_t    frame;
    size_t          before;            /* bytes before the text */
    unsigned        reasons:1;         /* the text is reasoning */
} review_delta_t;


void review_delta_init(review_delta_t *delta, review_pool_t *pool);

/* return 0, or -1 for an event, or a body, that must be parsed in full */

int review_delta_event(review_delta_t *delta, const review_str_t *event);
int review_delta_body(review_delta_t *delta, const review_str_t *body);


#pragma GCC visibility pop


#endif /* _REVIEW_DELTA_H_INCLUDED_ */
