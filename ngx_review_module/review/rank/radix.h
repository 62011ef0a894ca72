
/* Sorts numbers in linear time, whatever they are, and where they are. */

#ifndef _REVIEW_RADIX_H_INCLUDED_
#define _REVIEW_RADIX_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


void review_radix_sort(uint64_t *keys, size_t n);


#pragma GCC visibility pop


#endif /* _REVIEW_RADIX_H_INCLUDED_ */
