
/* The best of many, by their scores. */

#ifndef _REVIEW_RANK_H_INCLUDED_
#define _REVIEW_RANK_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    size_t          index;
    float           score;
} review_ranked_t;


/*
 * The k best of n scores, best first; of equal ones that with the least index.
 * What is not a number comes last.  "ranked" has room for k; returns how many
 * there are: min(n, k).
 */

size_t review_rank_top(const float *scores, size_t n, size_t k,
    review_ranked_t *ranked);

/*
 * Reciprocal rank fusion of two lists of n scores each: the sum of
 * 1 / (60 + rank), where a rank is 1 and the number of better scores of the
 * list: equal ones share it.  A score of 0, which is that of a text with none
 * of the words, or without a vector, adds nothing, nor does what is not a
 * number.  Returns 0, or -1 without memory; "pool" is for what is needed
 * meanwhile.
 */

int review_rank_fuse(review_pool_t *pool, const float *a, const float *b,
    size_t n, float *fused);


#pragma GCC visibility pop


#endif /* _REVIEW_RANK_H_INCLUDED_ */
