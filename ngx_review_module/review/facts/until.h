
/* What is said to be valid until a day: long enough? */

#ifndef _REVIEW_UNTIL_H_INCLUDED_
#define _REVIEW_UNTIL_H_INCLUDED_


#include "review/facts/told.h"

#pragma GCC visibility push(hidden)


/* "date" is 20260630: the day that all of it has to reach */

void review_until(review_told_t *told, const review_str_t *text, int date);


#pragma GCC visibility pop


#endif /* _REVIEW_UNTIL_H_INCLUDED_ */
