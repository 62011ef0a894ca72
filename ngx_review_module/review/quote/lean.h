
/* The form of a text in which quotes are looked for, without what they skip. */

#ifndef _REVIEW_LEAN_H_INCLUDED_
#define _REVIEW_LEAN_H_INCLUDED_


#include "review/base/review.h"
#include "review/quote/norm.h"
#include "review/quote/points.h"
#include "review/quote/skip.h"

#pragma GCC visibility push(hidden)


/*
 * The form without what spans of these kinds have.  "lean" is initialized, and
 * keeps what "norm" has of formulas.  Digits never join.  0, or -1: no memory.
 */

int review_lean_make(review_norm_t *lean, const review_norm_t *norm,
    review_points_t *points, const review_skip_t *skip, unsigned kinds);


/* the characters that come to stand beside each other there, as bits */

typedef struct {
    uint64_t        *bits;             /* NULL: no memory for that */
    unsigned         shift;
} review_joints_t;

void review_lean_joints(review_joints_t *joints, review_pool_t *pool,
    const review_norm_t *norm, review_points_t *points,
    const review_skip_t *skip, unsigned kinds);

/* may a text stand in the lean form that does not stand in the whole one? */

int review_lean_may(const review_joints_t *joints, const review_str_t *text);


#pragma GCC visibility pop


#endif /* _REVIEW_LEAN_H_INCLUDED_ */
