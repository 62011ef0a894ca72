
/* Tables of prices: do their rows and their totals add up? */

#ifndef _REVIEW_SUMS_H_INCLUDED_
#define _REVIEW_SUMS_H_INCLUDED_


#include "review/facts/told.h"

#pragma GCC visibility push(hidden)


/* returns 0, or -1: no memory */

int review_sums(review_told_t *told, const review_str_t *text);


#pragma GCC visibility pop


#endif /* _REVIEW_SUMS_H_INCLUDED_ */
