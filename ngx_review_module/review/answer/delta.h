
/*
 * The fast path of a stream: an event that does nothing but carry on the text
 * is read in place.  The other ones, and whatever looks unusual, are left to a
 * full JSON parser.
 */

#ifndef _REVIEW_DELTA_H_INCLUDED_
#define _REVIEW_DELTA_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


typedef struct {
    /* with their escapes, for review_scan_unescape(); len is 0: none */

    review_str_t    content;
    review_str_t    reasoning;

    /* the last event without its text, which the next one mostly repeats */

    review_buf_t    frame;
    size_t          before;            /* bytes before the text */
    unsigned        reasons:1;         /* the text is reasoning */
} review_delta_t;


void review_delta_init(review_delta_t *delta, review_pool_t *pool);

/* returns 0, or -1 for an event that must be parsed in full */

int review_delta_scan(review_delta_t *delta, const review_str_t *event);


#pragma GCC visibility pop


#endif /* _REVIEW_DELTA_H_INCLUDED_ */
