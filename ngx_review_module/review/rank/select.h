
/*
 * Which chunks of a document are asked about which points, and which clauses
 * of other documents go with them: by embeddings, or by words.
 */

#ifndef _REVIEW_SELECT_H_INCLUDED_
#define _REVIEW_SELECT_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    const review_str_t    *chunks;
    size_t                 nchunks;
    const review_str_t    *points;      /* in words: title and question */
    size_t                 npoints;
    const review_str_t    *clauses;     /* of the references */
    size_t                 nclauses;
    float                **vectors;     /* of chunks, points, clauses, in this
                                           order; NULL: none */
    size_t                 dim;
    size_t                 top_k;       /* chunks a point is asked of; 0: all */
    unsigned char        **out;         /* of points: of each chunk, not 0: it
                                           is in no question; NULL, both: all
                                           are */
    size_t                 nreferences; /* clauses that go with a chunk */
    const volatile uintptr_t  *stop;    /* not zero: nobody waits any more;
                                           NULL: somebody always does */
} review_select_t;


typedef struct {
    unsigned char         *asked;       /* of chunk * npoints + point; NULL: all
                                           are */
    size_t                *clauses;     /* of chunk * nreferences: the indices;
                                           those of most chunks first */
    size_t                 nclauses;    /* so many with each chunk */
} review_selection_t;


/* 0, or -1: no memory, or stopped */

int review_select(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out);


#pragma GCC visibility pop


#endif /* _REVIEW_SELECT_H_INCLUDED_ */
