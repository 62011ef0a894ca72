
/* Code points before a byte: offsets as people count them. */

#ifndef _REVIEW_POINTS_H_INCLUDED_
#define _REVIEW_POINTS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* counts from the nearest of the checkpoints set over the text */

typedef struct {
    const char      *data;
    uint32_t        *marks;      /* code points before each; NULL: none set */
} review_points_t;


/*
 * Reads all of the text, which is valid UTF-8, has at most UINT32_MAX bytes,
 * is not copied and must outlive the index.  The checkpoints are the pool's;
 * without memory for them counting is slower, but as right.
 */

void review_points_init(review_points_t *points, review_pool_t *pool,
    const char *data, size_t len);

/* the number of code points before a byte offset, which is at most len */

size_t review_points_before(review_points_t *points, size_t offset);

/* and the other way: where in the text of "len" bytes the n-th one begins */

size_t review_points_offset(review_points_t *points, size_t len, size_t n);


#pragma GCC visibility pop


#endif /* _REVIEW_POINTS_H_INCLUDED_ */
