
/*
 * float32 as decimal text and back, to the last bit, whatever the locale is.
 */

#ifndef _REVIEW_FLOATS_H_INCLUDED_
#define _REVIEW_FLOATS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* the longest that review_floats_write() writes */
#define REVIEW_FLOAT_TEXT  16


/*
 * Reads the JSON number at p, rounded to the nearest float, which is infinite
 * if the number is too large.  Returns the number's end, or NULL: it is none.
 */

const char *review_floats_read(const char *p, const char *last, float *value);

/* the same for one who only wants to know whether it is finite */

const char *review_floats_skip(const char *p, const char *last, int *finite);

/*
 * Writes a finite float with as few digits as read back to the same float, and
 * so that it is taken for a real number: 1.0, -0.0, 1e-9.  Returns the length;
 * no zero is added.
 */

size_t review_floats_write(char *dst, float value);


#pragma GCC visibility pop


#endif /* _REVIEW_FLOATS_H_INCLUDED_ */
