
/* Which chunks are asked about which points, and what goes with them. */

#include "review/rank/bm25.h"
#include "review/rank/rank.h"
#include "review/rank/select.h"
#include "review/embed/vector.h"


static int
review_select_stopped(const review_select_t *in)
{
    return in->stop && *in->stop;
}


/*
 * Ranks "n" texts, whose vectors begin at "first", for a query; the k best are
 * left in "ranked".  Returns how many there are, or -1: no memory.
 */

static long
review_select_best(const review_select_t *in, review_bm25_t *bm25,
    size_t query, const review_str_t *words, size_t first, size_t n, size_t k,
    float *scores, review_ranked_t *ranked)
{
    if (in->vectors) {
        review_vector_cosines(in->vectors[query],
                              (const float *const *) in->vectors + first, n,
                              in->dim, scores);

    } else if (review_bm25_scores(bm25, words, scores) != 0) {
        return -1;
    }

    return (long) review_rank_top(scores, n, k, ranked);
}


static int
review_select_chunks(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out)
{
    long              n;
    float            *scores;
    size_t            i, k;
    review_bm25_t    *bm25;
    review_ranked_t  *ranked;

    k = in->top_k < in->nchunks ? in->top_k : in->nchunks;

    out->asked = review_alloc(pool, in->nchunks * in->npoints);
    scores = review_alloc(pool, in->nchunks * sizeof(float));
    ranked = review_alloc(pool, k * sizeof(review_ranked_t));
    bm25 = in->vectors ? NULL
                       : review_bm25_create(pool, in->chunks, in->nchunks);

    if (out->asked == NULL || scores == NULL || ranked == NULL
        || (bm25 == NULL && in->vectors == NULL))
    {
        return -1;
    }

    memset(out->asked, 0, in->nchunks * in->npoints);

    for (i = 0; i < in->npoints && !review_select_stopped(in); i++) {
        n = review_select_best(in, bm25, in->nchunks + i, &in->points[i], 0,
                               in->nchunks, k, scores, ranked);
        if (n < 0) {
            return -1;
        }

        while (n-- > 0) {
            out->asked[ranked[n].index * in->npoints + i] = 1;
        }
    }

    return 0;
}


static int
review_select_clauses(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out)
{
    long              n;
    float            *scores;
    size_t            i, j, k;
    review_bm25_t    *bm25;
    review_ranked_t  *ranked;

    k = in->nreferences < in->nclauses ? in->nreferences : in->nclauses;

    out->nclauses = k;
    out->clauses = review_alloc(pool, in->nchunks * k * sizeof(size_t));
    scores = review_alloc(pool, in->nclauses * sizeof(float));
    ranked = review_alloc(pool, k * sizeof(review_ranked_t));
    bm25 = in->vectors ? NULL
                       : review_bm25_create(pool, in->clauses, in->nclauses);

    if (out->clauses == NULL || scores == NULL || ranked == NULL
        || (bm25 == NULL && in->vectors == NULL))
    {
        return -1;
    }

    for (i = 0; i < in->nchunks && !review_select_stopped(in); i++) {
        n = review_select_best(in, bm25, i, &in->chunks[i],
                               in->nchunks + in->npoints, in->nclauses, k,
                               scores, ranked);
        if (n < 0) {
            return -1;
        }

        for (j = 0; j < k; j++) {
            out->clauses[i * k + j] = ranked[j].index;
        }
    }

    /* of a chunk behind the stop there are none */

    return review_select_stopped(in) ? -1 : 0;
}


/*
 * Prompts have the clauses before the chunk, and what they have in common with
 * others' up to there need not be computed again: so those of most chunks come
 * first, and where these are equally many, in the order of their document.
 */

static int
review_select_order(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out)
{
    size_t  i, j, n, *times, *list, clause;

    times = review_alloc(pool, in->nclauses * sizeof(size_t));
    if (times == NULL) {
        return -1;
    }

    memset(times, 0, in->nclauses * sizeof(size_t));

    for (i = 0; i < in->nchunks * out->nclauses; i++) {
        times[out->clauses[i]]++;
    }

    for (i = 0; i < in->nchunks && !review_select_stopped(in); i++) {
        list = out->clauses + i * out->nclauses;

        for (n = 1; n < out->nclauses; n++) {
            clause = list[n];

            for (j = n; j; j--) {
                if (times[list[j - 1]] > times[clause]
                    || (times[list[j - 1]] == times[clause]
                        && list[j - 1] < clause))
                {
                    break;
                }

                list[j] = list[j - 1];
            }

            list[j] = clause;
        }
    }

    return 0;
}


int
review_select(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out)
{
    memset(out, 0, sizeof(review_selection_t));

    if (in->top_k && review_select_chunks(pool, in, out) != 0) {
        return -1;
    }

    if (in->nclauses && in->nreferences
        && (review_select_clauses(pool, in, out) != 0
            || review_select_order(pool, in, out) != 0))
    {
        return -1;
    }

    return review_select_stopped(in) ? -1 : 0;
}
