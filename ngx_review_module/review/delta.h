
/*
 * The fast path of a stream: an event that does nothing but carry on the text
 * is read in place.  The other ones, and whatever looks unusual, are left to a
 * full JSON parser.
 */

#ifndef _REVIEW_DELTA_H_INCLUDED_
#define _REVIEW_DELTA_H_INCLUDED_


#include "review.h"


/* both with their escapes, for review_scan_unescape(); len is 0: none */

typedef struct {
    review_str_t    content;
    review_str_t    reasoning;
} review_delta_t;


/* returns 0, or -1 for an event that must be parsed in full */

int review_delta_scan(const review_str_t *event, review_delta_t *delta);


#endif /* _REVIEW_DELTA_H_INCLUDED_ */
