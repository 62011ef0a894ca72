
/*
 * What chunks are measured in.  A code point is one unit; or a token is, and
 * texts are estimated: each code point outside of ASCII is one, as are digits,
 * marks and controls, every four letters of an ASCII word or a part of four,
 * and of spaces in a row every fourth.  Parts of a text that is not cut inside
 * of a word have as many together as the whole, else rather more.
 */

#ifndef _REVIEW_SPLIT_UNITS_H_INCLUDED_
#define _REVIEW_SPLIT_UNITS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* the units of valid UTF-8 */

size_t review_units(const char *p, const char *last, int tokens);

/* the end of the longest part that begins at p and has at most "max" units */

const char *review_units_fit(const char *p, const char *last, size_t max,
    int tokens);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_UNITS_H_INCLUDED_ */
