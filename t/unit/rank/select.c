
/*
 * Proves which chunks are asked about which points, and which clauses go with
 * a chunk, against a plain ranking of all, by vectors and by words, for some
 * hundred random plans; and what is asked for that is more than there is, or
 * that nobody waits for.
 * Results are in blocks of their own length, for a sanitizer to see.
 */

#include "tap.h"
#include "review/rank/bm25.h"
#include "review/rank/select.h"
#include "review/embed/vector.h"


#define MOST  12
#define DIM   7


typedef struct {
    review_pool_t   pool;
    int             left;       /* allocations that succeed */
} counted_t;


static review_pool_t  *pool;


static review_str_t
some_text(void)
{
    int             i;
    char           *p;
    review_str_t    text;

    static const char  *const words[] = {
        "bond ", "validity ", "price ", "投标", "保证金", "。", "工期 ", "12 "
    };

    p = review_alloc(pool, 128);
    text.data = p;

    for (i = 1 + rand() % 6; i; i--) {
        p = stpcpy(p, words[rand() % 8]);
    }

    text.len = (size_t) (p - text.data);

    return text;
}


static float *
some_vector(void)
{
    int     i;
    float  *v;

    v = review_alloc(pool, DIM * sizeof(float));

    for (i = 0; i < DIM; i++) {
        v[i] = (float) (rand() % 5) - 2;
    }

    return v;
}


static const review_str_t *
some_texts(size_t n)
{
    size_t         i;
    review_str_t  *texts;

    texts = review_alloc(pool, n * sizeof(review_str_t));

    for (i = 0; i < n; i++) {
        texts[i] = some_text();
    }

    return texts;
}


static void
some_plan(review_select_t *in, int vectors)
{
    size_t  i, n;

    memset(in, 0, sizeof(*in));

    in->nchunks = 1 + (size_t) rand() % MOST;
    in->npoints = 1 + (size_t) rand() % 4;
    in->nclauses = (size_t) rand() % MOST;
    in->top_k = (size_t) rand() % (MOST + 3);
    in->nreferences = (size_t) rand() % (MOST + 3);
    in->chunks = some_texts(in->nchunks);
    in->points = some_texts(in->npoints);
    in->clauses = some_texts(in->nclauses);

    if (vectors) {
        n = in->nchunks + in->npoints + in->nclauses;
        in->dim = DIM;
        in->vectors = review_alloc(pool, n * sizeof(float *));

        for (i = 0; i < n; i++) {
            in->vectors[i] = some_vector();
        }
    }
}


/* scores of texts that begin at "first", for the one at "query" */

static void
scores_of(const review_select_t *in, size_t query, const review_str_t *words,
    size_t first, const review_str_t *texts, size_t n, float *scores)
{
    if (in->vectors) {
        review_vector_cosines(in->vectors[query],
                              (const float *const *) in->vectors + first, n,
                              DIM, scores);
        return;
    }

    (void) review_bm25_scores(review_bm25_create(pool, texts, n), words,
                              scores);
}


/* how many are before the i-th; of equal ones the earlier is */

static size_t
place_of(const float *scores, size_t n, size_t i)
{
    size_t  j, place;

    for (j = 0, place = 0; j < n; j++) {
        place += scores[j] > scores[i] || (scores[j] == scores[i] && j < i);
    }

    return place;
}


static int
same_chunks(const review_select_t *in, const review_selection_t *out)
{
    float   scores[MOST];
    size_t  i, k;

    if (in->top_k == 0) {
        return out->asked == NULL;
    }

    for (i = 0; i < in->npoints; i++) {
        scores_of(in, in->nchunks + i, &in->points[i], 0, in->chunks,
                  in->nchunks, scores);

        for (k = 0; k < in->nchunks; k++) {
            if (out->asked[k * in->npoints + i]
                != (place_of(scores, in->nchunks, k) < in->top_k))
            {
                return 0;
            }
        }
    }

    return 1;
}


/* those that most chunks have first, then in their own order */

static int
in_order(const review_select_t *in, const review_selection_t *out)
{
    size_t  i, k, n, times[MOST], *list;

    n = out->nclauses;
    memset(times, 0, sizeof(times));

    for (i = 0; i < in->nchunks * n; i++) {
        times[out->clauses[i]]++;
    }

    for (i = 0; i < in->nchunks; i++) {
        list = out->clauses + i * n;

        for (k = 1; k < n; k++) {
            if (times[list[k - 1]] < times[list[k]]
                || (times[list[k - 1]] == times[list[k]]
                    && list[k - 1] >= list[k]))
            {
                return 0;
            }
        }
    }

    return 1;
}


static int
same_clauses(const review_select_t *in, const review_selection_t *out)
{
    float   scores[MOST];
    size_t  i, k, n;

    n = in->nreferences < in->nclauses ? in->nreferences : in->nclauses;

    if (out->nclauses != n) {
        return 0;
    }

    if (n == 0) {
        return out->clauses == NULL;
    }

    for (i = 0; i < in->nchunks; i++) {
        scores_of(in, i, &in->chunks[i], in->nchunks + in->npoints,
                  in->clauses, in->nclauses, scores);

        for (k = 0; k < n; k++) {
            if (place_of(scores, in->nclauses, out->clauses[i * n + k]) >= n) {
                return 0;
            }
        }
    }

    return in_order(in, out);
}


static void
test_random(int vectors, const char *by)
{
    int                 i, bad_chunks, bad_clauses, bad;
    review_select_t     in;
    review_selection_t  out;

    bad = bad_chunks = bad_clauses = 0;

    for (i = 0; i < 400; i++) {
        some_plan(&in, vectors);
        bad += review_select(pool, &in, &out) != 0;
        bad_chunks += !same_chunks(&in, &out);
        bad_clauses += !same_clauses(&in, &out);
    }

    ok(bad == 0, "by %s: a selection is made", by);
    ok(bad_chunks == 0, "by %s: the best chunks for a point", by);
    ok(bad_clauses == 0, "by %s: the best clauses for a chunk, in order", by);
}


static void
test_examples(void)
{
    review_select_t     in;
    review_selection_t  out;

    static const review_str_t  chunks[] = {
        review_string("投标有效期为九十日。"),
        review_string("投标保证金为十万元。")
    };
    static const review_str_t  points[] = {
        review_string("保证金"), review_string("有效期"),
        review_string("no such word")
    };

    memset(&in, 0, sizeof(in));

    in.chunks = chunks;
    in.nchunks = 2;
    in.points = points;
    in.npoints = 3;
    in.top_k = 1;

    ok(review_select(pool, &in, &out) == 0, "two chunks");
    ok(!out.asked[0] && out.asked[3], "the bond is asked of the second");
    ok(out.asked[1] && !out.asked[4], "the validity of the first");
    ok(out.asked[2] && !out.asked[5], "what stands nowhere, of the first");
    ok(out.clauses == NULL && out.nclauses == 0, "there are no clauses");

    in.clauses = chunks;
    in.nclauses = 2;
    in.nreferences = 100;
    in.top_k = 0;

    ok(review_select(pool, &in, &out) == 0 && out.asked == NULL,
       "all chunks are asked about all points");
    ok(out.nclauses == 2 && out.clauses[0] == 0 && out.clauses[1] == 1
       && out.clauses[2] == 0 && out.clauses[3] == 1,
       "what all chunks have stands in one order with all of them");

    in.nreferences = 1;

    ok(review_select(pool, &in, &out) == 0 && out.nclauses == 1
       && out.clauses[0] == 0 && out.clauses[1] == 1,
       "each chunk has the clause that says the same");

    in.top_k = (size_t) -1;
    in.nreferences = (size_t) -1;

    ok(review_select(pool, &in, &out) == 0 && out.asked[0] && out.asked[5]
       && out.nclauses == 2, "as many as there are, however many are wanted");
}


static void *
counted_alloc(review_pool_t *ctx, size_t size)
{
    counted_t *counted = (counted_t *) ctx;

    return counted->left-- > 0 ? review_alloc(pool, size) : NULL;
}


static void
test_memory(int vectors)
{
    int                 i, rc;
    counted_t           counted;
    review_select_t     in;
    review_selection_t  out;

    do {
        some_plan(&in, vectors);
    } while (in.top_k == 0 || in.nclauses == 0 || in.nreferences == 0);

    memset(&counted, 0, sizeof(counted));
    counted.pool.alloc = counted_alloc;

    for (i = 0, rc = -1; i < 1000 && rc == -1; i++) {
        counted.left = i;
        rc = review_select(&counted.pool, &in, &out);
    }

    ok(rc == 0 && i > 6 && same_chunks(&in, &out) && same_clauses(&in, &out),
       "fails for want of memory, until there is enough");
}


static void
test_stopped(int vectors)
{
    uintptr_t           stop;
    review_select_t     in;
    review_selection_t  out;

    do {
        some_plan(&in, vectors);
    } while (in.nchunks < 2 || in.nclauses < 2 || in.nreferences < 2);

    stop = 1;
    in.stop = &stop;

    ok(review_select(pool, &in, &out) == -1, "nobody waits any more");

    in.top_k = 0;
    ok(review_select(pool, &in, &out) == -1, "be it for clauses alone");
}


int
main(void)
{
    pool = tap_pool();
    srand(1);

    test_examples();
    test_random(0, "words");
    test_random(1, "vectors");
    test_memory(0);
    test_memory(1);
    test_stopped(0);
    test_stopped(1);

    tap_pool_free(pool);

    return tap_end();
}
