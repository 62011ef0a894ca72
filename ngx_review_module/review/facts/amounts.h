
/* Amounts in words beside those in digits: do they agree? */

#ifndef _REVIEW_AMOUNTS_H_INCLUDED_
#define _REVIEW_AMOUNTS_H_INCLUDED_


#include "review/facts/told.h"

#pragma GCC visibility push(hidden)


/* returns 0, or -1: no memory */

int review_amounts(review_told_t *told, const review_str_t *text);


#pragma GCC visibility pop


#endif /* _REVIEW_AMOUNTS_H_INCLUDED_ */
