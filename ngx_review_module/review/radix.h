
/* Sorts numbers in linear time, whatever they are, and where they are. */

#ifndef _REVIEW_RADIX_H_INCLUDED_
#define _REVIEW_RADIX_H_INCLUDED_


#include "review.h"


void review_radix_sort(uint64_t *keys, size_t n);


#endif /* _REVIEW_RADIX_H_INCLUDED_ */
