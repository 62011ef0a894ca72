
#include "review/rank/rank.h"


#define REVIEW_RANK_CONSTANT  60       /* as in the paper of Cormack et al. */


/* what is not a number equals itself here, and is less than anything else */

static int
review_rank_less(float a, float b)
{
    return a < b || (a != a && b == b);
}


static int
review_rank_worse(const review_ranked_t *a, const review_ranked_t *b)
{
    if (review_rank_less(a->score, b->score)) {
        return 1;
    }

    return !review_rank_less(b->score, a->score) && a->index > b->index;
}


/* puts an item at i or, below it, where none of a heap's children is worse */

static void
review_rank_sink(review_ranked_t *heap, size_t n, size_t i,
    review_ranked_t item)
{
    size_t  child;

    for (child = 2 * i + 1; child < n; child = 2 * i + 1) {

        if (child + 1 < n && review_rank_worse(&heap[child + 1], &heap[child]))
        {
            child++;
        }

        if (!review_rank_worse(&heap[child], &item)) {
            break;
        }

        heap[i] = heap[child];
        i = child;
    }

    heap[i] = item;
}


/* The worst of the best so far is at the root of a heap: it is the next out. */

size_t
review_rank_top(const float *scores, size_t n, size_t k,
    review_ranked_t *ranked)
{
    size_t           i;
    review_ranked_t  item;

    if (k > n) {
        k = n;
    }

    if (k == 0) {
        return 0;
    }

    for (i = 0; i < k; i++) {
        ranked[i].index = i;
        ranked[i].score = scores[i];
    }

    for (i = k / 2; i > 0; i--) {
        review_rank_sink(ranked, k, i - 1, ranked[i - 1]);
    }

    for (i = k; i < n; i++) {
        item.index = i;
        item.score = scores[i];

        if (review_rank_worse(&ranked[0], &item)) {
            review_rank_sink(ranked, k, 0, item);
        }
    }

    for (i = k - 1; i > 0; i--) {
        item = ranked[i];
        ranked[i] = ranked[0];
        review_rank_sink(ranked, i, 0, item);
    }

    return k;
}


static void
review_rank_add(const float *scores, size_t n, review_ranked_t *ranked,
    float *fused)
{
    size_t  i, rank;

    (void) review_rank_top(scores, n, n, ranked);

    rank = 0;

    for (i = 0; i < n; i++) {

        if (i == 0 || review_rank_less(ranked[i].score, ranked[i - 1].score)) {
            rank = i + 1;
        }

        if (ranked[i].score < 0 || ranked[i].score > 0) {
            fused[ranked[i].index] += 1.0f
                                      / (float) (REVIEW_RANK_CONSTANT + rank);
        }
    }
}


int
review_rank_fuse(review_pool_t *pool, const float *a, const float *b,
    size_t n, float *fused)
{
    size_t            i;
    review_ranked_t  *ranked;

    if (n == 0) {
        return 0;
    }

    ranked = review_alloc(pool, n * sizeof(review_ranked_t));
    if (ranked == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        fused[i] = 0;
    }

    review_rank_add(a, n, ranked, fused);
    review_rank_add(b, n, ranked, fused);

    return 0;
}
