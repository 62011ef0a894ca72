
/* Which chunks are asked about which points, and what goes with them. */

#include "review/rank/bm25.h"
#include "review/rank/rank.h"
#include "review/rank/select.h"
#include "review/embed/vector.h"

#include <math.h>


static int
review_select_stopped(const review_select_t *in)
{
    return in->stop && *in->stop;
}


static int
review_select_is_in(const review_select_t *in, size_t point, size_t chunk)
{
    return in->out == NULL || in->out[point] == NULL || !in->out[point][chunk];
}


/* what is in no question is no better than any other */

static void
review_select_leave_out(const review_select_t *in, size_t point, float *scores)
{
    size_t  i;

    for (i = 0; i < in->nchunks; i++) {
        if (!review_select_is_in(in, point, i)) {
            scores[i] = NAN;
        }
    }
}


/* of "n" texts, whose vectors begin at "first", for a query; 0 or -1 */

static int
review_select_scores(const review_select_t *in, review_bm25_t *bm25,
    size_t query, const review_str_t *words, size_t first, size_t n,
    float *scores)
{
    if (in->vectors) {
        review_vector_cosines(in->vectors[query],
                              (const float *const *) in->vectors + first, n,
                              in->dim, scores);
        return 0;
    }

    return review_bm25_scores(bm25, words, scores);
}


static int
review_select_chunks(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out)
{
    float            *scores;
    size_t            i, k, n;
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
        if (review_select_scores(in, bm25, in->nchunks + i, &in->points[i], 0,
                                 in->nchunks, scores)
            != 0)
        {
            return -1;
        }

        review_select_leave_out(in, i, scores);
        n = review_rank_top(scores, in->nchunks, k, ranked);

        while (n-- > 0) {
            if (review_select_is_in(in, i, ranked[n].index)) {
                out->asked[ranked[n].index * in->npoints + i] = 1;
            }
        }
    }

    return 0;
}


static int
review_select_clauses(review_pool_t *pool, const review_select_t *in,
    review_selection_t *out)
{
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
        if (review_select_scores(in, bm25, i, &in->chunks[i],
                                 in->nchunks + in->npoints, in->nclauses,
                                 scores)
            != 0)
        {
            return -1;
        }

        (void) review_rank_top(scores, in->nclauses, k, ranked);

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
