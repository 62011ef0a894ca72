
/*
 * Which pieces of a few bytes a text has, as far as that can be told in less
 * memory than the text: what has a piece that the text has not is not in it.
 */

#ifndef _REVIEW_GRAMS_H_INCLUDED_
#define _REVIEW_GRAMS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    unsigned char   *bits;             /* NULL: anything may be in it */
    unsigned         shift;
} review_grams_t;


/* without memory anything may be in the text */

void review_grams_init(review_grams_t *grams, review_pool_t *pool,
    const char *data, size_t len);

/* 0: this is not in the text */

int review_grams_may(const review_grams_t *grams, const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_GRAMS_H_INCLUDED_ */
