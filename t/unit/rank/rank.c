
/*
 * Proves the best of many against a plain sort of all, and fusion against
 * ranks counted one by one, for some thousand lists with ties, infinities and
 * what is not a number.  Results are in blocks of their own length, for a
 * sanitizer to see.
 */

#include <math.h>
#include <time.h>

#include "tap.h"
#include "review/rank/rank.h"


static review_pool_t  *pool;


/* one of few, so that there are ties, or anything */

static float
some_score(int kinds)
{
    int                 i;
    static const float  odd[] = { NAN, -NAN, INFINITY, -INFINITY, 0, -0.0f };

    i = rand() % kinds;

    if (i < 6) {
        return odd[i];
    }

    return (i % 2) ? (float) (rand() % 5) / 4 - 0.5f
                   : (float) rand() / (float) RAND_MAX;
}


static float *
some_scores(size_t n, int kinds)
{
    float   *scores;
    size_t   i;

    scores = review_alloc(pool, n * sizeof(float));

    for (i = 0; i < n; i++) {
        scores[i] = some_score(kinds);
    }

    return scores;
}


static int
better(float a, float b)
{
    return isnan(b) ? !isnan(a) : a > b;
}


/* how many are before the i-th, in the order that is promised */

static size_t
place_of(const float *scores, size_t n, size_t i)
{
    size_t  j, place;

    place = 0;

    for (j = 0; j < n; j++) {
        place += better(scores[j], scores[i])
                 || (j < i && !better(scores[i], scores[j]));
    }

    return place;
}


static int
same(float a, float b)
{
    return a == b || (isnan(a) && isnan(b));
}


static int
check_top(const float *scores, size_t n, size_t k)
{
    size_t            i, got, expected;
    review_ranked_t  *ranked;

    ranked = review_alloc(pool, k * sizeof(review_ranked_t));
    got = review_rank_top(scores, n, k, ranked);
    expected = (k < n) ? k : n;

    for (i = 0; i < got; i++) {
        if (ranked[i].index >= n
            || place_of(scores, n, ranked[i].index) != i
            || !same(ranked[i].score, scores[ranked[i].index]))
        {
            return 0;
        }
    }

    return got == expected;
}


static void
test_top(void)
{
    int      i, bad;
    float   *scores;
    size_t   n;

    bad = 0;

    for (i = 0; i < 3000; i++) {
        n = (size_t) (rand() % 40);
        scores = some_scores(n, (i % 2) ? 12 : 1000);
        bad += !check_top(scores, n, (size_t) (rand() % 45));
    }

    ok(bad == 0, "3,000 lists");

    for (n = 0, bad = 0; n < 20; n++) {
        scores = some_scores(n, 12);
        bad += !check_top(scores, n, 0) || !check_top(scores, n, n)
               || !check_top(scores, n, n + 1) || !check_top(scores, n, 100);
    }

    ok(bad == 0, "none, all, more than there are");
    ok(review_rank_top(NULL, 0, 5, NULL) == 0, "nothing to choose from");
}


static void
test_order(void)
{
    const float      scores[] = { NAN, -INFINITY, 0.5f, 0.5f, -1, INFINITY };
    review_ranked_t  r[6];

    ok(review_rank_top(scores, 6, 6, r) == 6, "six");
    ok(r[0].index == 5, "infinity is first");
    ok(r[1].index == 2 && r[2].index == 3, "of equal ones the first");
    ok(r[3].index == 4 && r[4].index == 1, "minus infinity is a score");
    ok(r[5].index == 0, "what is not a number is last");
}


/* the worst that a heap can be given is each better than the one before */

static void
test_time(void)
{
    int               bad;
    float            *scores;
    size_t            i;
    clock_t           began;
    review_ranked_t  *ranked;

    scores = review_alloc(pool, 300000 * sizeof(float));
    ranked = review_alloc(pool, 300000 * sizeof(review_ranked_t));

    for (i = 0; i < 300000; i++) {
        scores[i] = (float) i;
    }

    began = clock();
    (void) review_rank_top(scores, 300000, 1000, ranked);
    bad = (ranked[999].index != 299000);
    (void) review_rank_top(scores, 300000, 300000, ranked);
    bad += (ranked[0].index != 299999 || ranked[299999].index != 0);

    ok(bad == 0, "300,000 in rising order");
    ok(clock() - began < 3 * CLOCKS_PER_SEC, "in little time");
}


static double
true_fusion(const float *scores, size_t n, size_t i)
{
    size_t  j, rank;

    if (isnan(scores[i]) || scores[i] == 0) {
        return 0;
    }

    rank = 1;

    for (j = 0; j < n; j++) {
        rank += (size_t) better(scores[j], scores[i]);
    }

    return 1.0 / (double) (60 + rank);
}


static void
test_fusion(void)
{
    int      i, bad;
    float   *a, *b, *fused;
    size_t   n, j;

    bad = 0;

    for (i = 0; i < 2000; i++) {
        n = (size_t) (rand() % 40);
        a = some_scores(n, 12);
        b = some_scores(n, (i % 2) ? 12 : 1000);
        fused = some_scores(n, 12);

        bad += (review_rank_fuse(pool, a, b, n, fused) != 0);

        for (j = 0; j < n; j++) {
            bad += !(fabs((double) fused[j] - true_fusion(a, n, j)
                          - true_fusion(b, n, j)) < 1e-8);
        }
    }

    ok(bad == 0, "2,000 pairs of lists");
}


/* one list knows the words, the other what is meant */

static void
test_fused_order(void)
{
    float            fused[4];
    const float      cosines[] = { 0.9f, 0.8f, 0.7f, 0.6f };
    const float      words[] = { 0, 0, 0, 3.5f };
    review_ranked_t  r[4];

    (void) review_rank_fuse(pool, cosines, words, 4, fused);
    (void) review_rank_top(fused, 4, 4, r);

    ok(r[0].index == 3, "the only one with the words is first");
    ok(r[1].index == 0 && r[2].index == 1 && r[3].index == 2,
       "the others stay as they were");

    (void) review_rank_fuse(pool, words, words, 4, fused);
    ok(fused[0] == 0 && fused[3] > 0.032f && fused[3] < 0.033f,
       "first of both: 2 / 61");
}


static void *
no_memory(review_pool_t *p, size_t size)
{
    (void) p;
    (void) size;

    return NULL;
}


static void
test_no_memory(void)
{
    float          fused[1];
    const float    scores[] = { 1 };
    review_pool_t  none;

    memset(&none, 0, sizeof(none));
    none.alloc = no_memory;

    ok(review_rank_fuse(&none, scores, scores, 1, fused) == -1, "no memory");
    ok(review_rank_fuse(&none, NULL, NULL, 0, NULL) == 0, "none is needed");
}


int
main(void)
{
    pool = tap_pool();
    srand(1);

    test_top();
    test_order();
    test_time();
    test_fusion();
    test_fused_order();
    test_no_memory();

    tap_pool_free(pool);

    return tap_end();
}
