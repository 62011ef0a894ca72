
/*
 * How long calls take, as means of windows, and what two of them say: whether
 * one is less than the other by more than chance, and by how much.
 */

#ifndef _REVIEW_ADAPT_MEAN_H_INCLUDED_
#define _REVIEW_ADAPT_MEAN_H_INCLUDED_


#include "review/limit/adapt.h"

#pragma GCC visibility push(hidden)


/*
 * Standard errors that two means differ by if it is not by chance.  Doubling
 * ends but once, and if by mistake, then far too early.
 */

#define REVIEW_ADAPT_ERRORS    2
#define REVIEW_ADAPT_SURE      3


void review_adapt_mean_add(review_adapt_sum_t *s, double value);

/* the mean of a sum that is not empty; "error" is its standard error squared */

void review_adapt_mean(review_adapt_mean_t *m, const review_adapt_sum_t *s);

/* by more than so many standard errors? */

int review_adapt_mean_less(const review_adapt_mean_t *a,
    const review_adapt_mean_t *b, double errors);
int review_adapt_mean_differ(const review_adapt_mean_t *a,
    const review_adapt_mean_t *b);

/* the part of the time calls take by which it has risen; whether it has */

double review_adapt_mean_rise(const review_adapt_point_t *from,
    const review_adapt_point_t *to);
int review_adapt_mean_risen(const review_adapt_point_t *from,
    const review_adapt_point_t *to, double errors);

/* moves a mean towards another one by a part of their difference */

void review_adapt_mean_merge(review_adapt_mean_t *m,
    const review_adapt_mean_t *other, double weight);


#pragma GCC visibility pop


#endif /* _REVIEW_ADAPT_MEAN_H_INCLUDED_ */
