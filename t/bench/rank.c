/*
 * How fast texts are ranked, on one core:
 *
 *     rank [FILE]
 *
 * - the cosines of a query and 10,000 vectors of 1,024 floats, and the best 10
 *   of them; the same as anybody would write it, as a plain loop in C;
 * - an index of BM25 over 10 MB of something like Chinese, in pieces of 1,500
 *   bytes, and a query to it.
 *
 * Prints one line of JSON: least and median milliseconds, the best rows, and
 * megabytes a second.  FILE gets the query and the vectors, as floats, so that
 * others can rank the same: rank.py.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "review/rank/bm25.h"
#include "review/rank/rank.h"
#include "review/embed/vector.h"


#define ROWS     10000
#define DIM      1024
#define BEST     10
#define RUNS     25                    /* an odd number: there is a median */

#define TEXTS    6667
#define TEXT     1500                  /* bytes */
#define WORDS    32768
#define QUERIES  100


typedef struct {
    double             least;          /* milliseconds */
    double             median;
} time_ms_t;

typedef struct {
    const float       *query;
    const float      **rows;
    float             *scores;
    review_ranked_t    best[BEST];
} ranking_t;

/* a pool of a few blocks, freed after each run */

typedef struct {
    review_pool_t      pool;
    void              *blocks[16];
    size_t             n;
    size_t             bytes;
} blocks_t;

typedef struct {
    review_str_t      *texts;
    blocks_t           blocks;
    review_bm25_t     *bm25;
    float             *scores;
} indexing_t;


static void *
memory(size_t size)
{
    void  *p;

    p = malloc(size);

    if (p == NULL) {
        fprintf(stderr, "rank: no memory\n");
        exit(1);
    }

    return p;
}


static uint32_t
next_random(void)
{
    static uint64_t  state = 1;

    state = state * 6364136223846793005 + 1442695040888963407;

    return (uint32_t) (state >> 33);
}


static int
less(const void *a, const void *b)
{
    double  x, y;

    x = *(const double *) a;
    y = *(const double *) b;

    return (x > y) - (x < y);
}


static time_ms_t
measure(void (*run)(void *), void *data)
{
    int              i;
    double           ms[RUNS];
    time_ms_t        result;
    struct timespec  from, to;

    for (i = 0; i < RUNS; i++) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        run(data);
        clock_gettime(CLOCK_MONOTONIC, &to);

        ms[i] = (double) (to.tv_sec - from.tv_sec) * 1e3
                + (double) (to.tv_nsec - from.tv_nsec) / 1e6;
    }

    qsort(ms, RUNS, sizeof(double), less);

    result.least = ms[0];
    result.median = ms[RUNS / 2];

    return result;
}


static void
run_module(void *data)
{
    ranking_t  *r = data;

    review_vector_cosines(r->query, r->rows, ROWS, DIM, r->scores);
    (void) review_rank_top(r->scores, ROWS, BEST, r->best);
}


/* the best are kept in order, each new one moves those that are worse */

static void
plain_best(ranking_t *r, size_t row, float score)
{
    int  i;

    if (score <= r->best[BEST - 1].score) {
        return;
    }

    for (i = BEST - 1; i > 0 && r->best[i - 1].score < score; i--) {
        r->best[i] = r->best[i - 1];
    }

    r->best[i].index = row;
    r->best[i].score = score;
}


static void
run_plain(void *data)
{
    float       dot, norm, norm_query;
    size_t      i, j;
    ranking_t  *r = data;

    norm_query = 0;

    for (j = 0; j < DIM; j++) {
        norm_query += r->query[j] * r->query[j];
    }

    for (j = 0; j < BEST; j++) {
        r->best[j].index = 0;
        r->best[j].score = -INFINITY;
    }

    for (i = 0; i < ROWS; i++) {
        dot = 0;
        norm = 0;

        for (j = 0; j < DIM; j++) {
            dot += r->query[j] * r->rows[i][j];
            norm += r->rows[i][j] * r->rows[i][j];
        }

        plain_best(r, i, dot / (sqrtf(norm_query) * sqrtf(norm)));
    }
}


static void
write_floats(const char *name, const float *floats, size_t n)
{
    FILE  *f;

    f = fopen(name, "wb");

    if (f == NULL || fwrite(floats, sizeof(float), n, f) != n
        || fclose(f) != 0)
    {
        perror(name);
        exit(1);
    }
}


static void
print_time(const char *name, time_ms_t ms)
{
    printf("\"%s_ms\": %.3f, \"%s_median_ms\": %.3f, ", name, ms.least, name,
           ms.median);
}


static void
bench_vectors(const char *file)
{
    float       *floats;
    size_t       i, n;
    ranking_t    module, plain;

    n = (ROWS + 1) * (size_t) DIM;
    floats = memory(n * sizeof(float));

    for (i = 0; i < n; i++) {
        floats[i] = (float) next_random() / 1073741824.0f - 1.0f;
    }

    if (file) {
        write_floats(file, floats, n);
    }

    module.query = floats;
    module.rows = memory(ROWS * sizeof(float *));
    module.scores = memory(ROWS * sizeof(float));

    for (i = 0; i < ROWS; i++) {
        module.rows[i] = floats + (i + 1) * DIM;
    }

    plain = module;

    print_time("rank", measure(run_module, &module));
    print_time("plain", measure(run_plain, &plain));

    for (i = 0; i < BEST; i++) {
        if (module.best[i].index != plain.best[i].index) {
            fprintf(stderr, "rank: the plain loop finds others\n");
            exit(1);
        }

        printf("%s%zu", i ? ", " : "\"best\": [", module.best[i].index);
    }

    printf("], ");

    free(floats);
    free(module.rows);
    free(module.scores);
}


static void *
blocks_alloc(review_pool_t *pool, size_t size)
{
    blocks_t  *blocks = pool->ctx;

    if (blocks->n == sizeof(blocks->blocks) / sizeof(void *)) {
        return NULL;
    }

    blocks->bytes += size;
    blocks->blocks[blocks->n] = memory(size);

    return blocks->blocks[blocks->n++];
}


static void
blocks_free(blocks_t *blocks)
{
    while (blocks->n) {
        free(blocks->blocks[--blocks->n]);
    }

    blocks->bytes = 0;
}


/* small numbers are the more frequent ones, as words are */

static uint32_t
skewed(uint32_t n)
{
    return next_random() % n >> next_random() % 12;
}


/* one of 3,500 ideographs for each part of each word */

static size_t
write_word(char *p, uint32_t word, uint32_t part)
{
    uint32_t  c;

    c = (word * 2 + part) * 2654435761u;
    c = 0x4e00 + (c >> 16) % 3500 / ((c >> 12) % 4 + 1);

    p[0] = (char) (0xe0 | c >> 12);
    p[1] = (char) (0x80 | (c >> 6 & 0x3f));
    p[2] = (char) (0x80 | (c & 0x3f));

    return 3;
}


static void
write_text(review_str_t *text)
{
    char      *p;
    size_t     n;
    uint32_t   word;

    p = memory(TEXT);

    for (n = 0; n + 9 <= TEXT; /* void */) {
        word = skewed(WORDS);
        n += write_word(p + n, word, 0);
        n += write_word(p + n, word, 1);

        if (next_random() % 8 == 0) {
            memcpy(p + n, "\357\274\214", 3);       /* a comma */
            n += 3;
        }
    }

    text->data = p;
    text->len = n;
}


static void
run_index(void *data)
{
    indexing_t  *x = data;

    blocks_free(&x->blocks);
    x->bm25 = review_bm25_create(&x->blocks.pool, x->texts, TEXTS);
}


static void
run_query(void *data)
{
    int           i;
    indexing_t   *x = data;
    review_str_t  query;

    for (i = 0; i < QUERIES; i++) {
        query = x->texts[i];
        query.len = 60;
        (void) review_bm25_scores(x->bm25, &query, x->scores);
    }
}


static void
bench_bm25(void)
{
    double      bytes;
    size_t      i;
    time_ms_t   index, query;
    indexing_t  x;

    memset(&x, 0, sizeof(x));

    x.blocks.pool.alloc = blocks_alloc;
    x.blocks.pool.ctx = &x.blocks;
    x.texts = memory(TEXTS * sizeof(review_str_t));
    x.scores = memory(TEXTS * sizeof(float));

    for (i = 0, bytes = 0; i < TEXTS; i++) {
        write_text(&x.texts[i]);
        bytes += (double) x.texts[i].len;
    }

    index = measure(run_index, &x);
    printf("\"bm25_memory\": %.2f, ", (double) x.blocks.bytes / bytes);

    query = measure(run_query, &x);
    printf("\"bm25_query_us\": %.1f, ", query.least * 1e3 / QUERIES);

    printf("\"bm25_mb_s\": %.1f, \"bm25_median_mb_s\": %.1f",
           bytes / index.least / 1e3, bytes / index.median / 1e3);

    blocks_free(&x.blocks);

    for (i = 0; i < TEXTS; i++) {
        free((char *) x.texts[i].data);
    }

    free(x.texts);
    free(x.scores);
}


int
main(int argc, char **argv)
{
    printf("{");
    bench_vectors(argc > 1 ? argv[1] : NULL);
    bench_bm25();
    printf("}\n");

    return 0;
}
