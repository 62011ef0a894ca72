
/* A few words of somebody's text or JSON, to be shown in a message. */

#ifndef _REVIEW_EXCERPT_H_INCLUDED_
#define _REVIEW_EXCERPT_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_EXCERPT  64     /* a good size for dst */


/*
 * Copies as much of the text as fits into "size" bytes with the final zero;
 * "..." marks a cut.  The copy is one line of valid UTF-8: white space and
 * control characters become one space, a byte that is not UTF-8 becomes "?".
 * Returns dst.
 */

char *review_excerpt(char *dst, size_t size, const char *data, size_t len);

/* the same of a JSON value: a string in quotes, a number, "an array", ... */

char *review_excerpt_value(char *dst, size_t size, const json_t *value);

/* overwrites what looks like a key (sk-..., Bearer ...) with asterisks */

void review_excerpt_mask(char *text);


#pragma GCC visibility pop


#endif /* _REVIEW_EXCERPT_H_INCLUDED_ */
