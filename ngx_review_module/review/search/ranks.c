
#include "review/search/ranks.h"
#include "review/embed/vector.h"
#include "review/rank/rank.h"


/* of each chunk the cosine with the part of the query that is closest */

static int
review_ranks_cosines(review_pool_t *pool, const review_ranks_t *ranks,
    const review_ranks_query_t *query, float *best)
{
    size_t   i, k;
    float   *cosines;

    cosines = review_alloc(pool, ranks->n * sizeof(float) + 1);

    if (cosines == NULL) {
        return -1;
    }

    for (i = 0; i < query->nvectors; i++) {
        review_vector_cosines(query->vectors[i],
                              (const float *const *) ranks->vectors, ranks->n,
                              ranks->dim, cosines);

        for (k = 0; k < ranks->n; k++) {
            if (i == 0 || cosines[k] > best[k]) {
                best[k] = cosines[k];
            }
        }
    }

    return 0;
}


static int
review_ranks_scores(review_pool_t *pool, const review_ranks_t *ranks,
    const review_ranks_query_t *query, float *scores)
{
    float  *cosines, *words;

    if (ranks->vectors == NULL || query->nvectors == 0) {
        return review_bm25_scores(ranks->words, query->words, scores);
    }

    words = review_alloc(pool, ranks->n * sizeof(float) + 1);
    cosines = query->closest ? query->closest
              : review_alloc(pool, ranks->n * sizeof(float) + 1);

    return words && cosines
           && review_bm25_scores(ranks->words, query->words, words) == 0
           && (query->known
               || review_ranks_cosines(pool, ranks, query, cosines) == 0)
           && review_rank_fuse(pool, words, cosines, ranks->n, scores) == 0
           ? 0 : -1;
}


int
review_ranks_order(review_pool_t *pool, const review_ranks_t *ranks,
    const review_ranks_query_t *query, uint32_t *order, size_t *n)
{
    size_t            i, k, all;
    float            *scores;
    review_ranked_t  *ranked;

    scores = review_alloc(pool, ranks->n * sizeof(float) + 1);
    ranked = review_alloc(pool, ranks->n * sizeof(review_ranked_t) + 1);

    if (scores == NULL || ranked == NULL
        || review_ranks_scores(pool, ranks, query, scores) != 0)
    {
        return -1;
    }

    all = review_rank_top(scores, ranks->n, ranks->n, ranked);

    for (i = 0, k = 0; i < all; i++) {
        if (query->in[ranked[i].index]) {
            order[k++] = (uint32_t) ranked[i].index;
        }
    }

    *n = k;

    return 0;
}
