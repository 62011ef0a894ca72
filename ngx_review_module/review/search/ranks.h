
/* In which order chunks are read for what somebody asks. */

#ifndef _REVIEW_RANKS_H_INCLUDED_
#define _REVIEW_RANKS_H_INCLUDED_


#include "review/rank/bm25.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_bm25_t          *words;       /* of all chunks */
    float                 **vectors;     /* of the chunks; NULL: none */
    size_t                  dim;
    size_t                  n;           /* chunks */
} review_ranks_t;


typedef struct {
    const review_str_t     *words;       /* all of them, as one text */
    float                 **vectors;     /* of its parts: the best one counts */
    size_t                  nvectors;
    float                  *closest;     /* of each chunk its best cosine, for
                                            whoever asks again with other
                                            words; NULL: nobody does */
    int                     known;       /* it was made before */
    const unsigned char    *in;          /* of each chunk: it is in question */
} review_ranks_query_t;


/*
 * The chunks in question, best first, by words and by vectors, if there are
 * any: reciprocal ranks.  Those that share nothing with the query come last, in
 * the order of the document.  There is room for all in "order".  0, or -1: no
 * memory; the pool is for what is needed meanwhile.
 */

int review_ranks_order(review_pool_t *pool, const review_ranks_t *ranks,
    const review_ranks_query_t *query, uint32_t *order, size_t *n);


#pragma GCC visibility pop


#endif /* _REVIEW_RANKS_H_INCLUDED_ */
