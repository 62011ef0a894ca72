
/* Where in a text a value stands. */

#ifndef _REVIEW_AGREE_STANDS_H_INCLUDED_
#define _REVIEW_AGREE_STANDS_H_INCLUDED_


#include "review/agree/value.h"

#pragma GCC visibility push(hidden)


/* serves many texts and values; what it needs is the pool's, and used again */

typedef struct {
    review_buf_t          folded;
    review_buf_t          at;          /* of each byte: where it is from */
    review_str_t          text;
    uint64_t              read;        /* bytes, of all searches */
} review_stands_t;


void review_stands_init(review_stands_t *stands, review_pool_t *pool);

/* the text is valid UTF-8, has less than 4 GB, and is not copied */

void review_stands_set(review_stands_t *stands, const review_str_t *text);

/*
 * The first place in the bytes [from, to) of the text where the value stands,
 * in its own words, else as a number or a date that is the same: 24 个月 for
 * "2年".  Returns 1, or 0: it does not.
 */

int review_stands_find(review_stands_t *stands, const review_value_t *value,
    size_t from, size_t to, review_str_t *place);


#pragma GCC visibility pop


#endif /* _REVIEW_AGREE_STANDS_H_INCLUDED_ */
