
#include "review/rank/bm25.h"
#include "review/base/buf.h"
#include "review/rank/radix.h"
#include "review/rank/words.h"


#define REVIEW_BM25_K1     1.2
#define REVIEW_BM25_B      0.75

#define REVIEW_BM25_BATCH  1024        /* keys read at once, of texts */
#define REVIEW_BM25_FEW    64          /* and of queries, at least */


/*
 * All words of all texts, as keys of which the lowest bits, as many as are
 * needed, are the number of the text.  Sorted, they are an index: those of a
 * word stand side by side, in the order of the texts, as often as it is there.
 */

struct review_bm25_s {
    size_t           n;
    uint64_t        *keys;
    size_t           nkeys;
    uint64_t         mask;             /* the bits of the text in a key */
    float           *lengths;          /* k1 * (1 - b + b * length / mean) */
    uint32_t        *counts;           /* for one word: in each text */
    review_buf_t     query;            /* its keys */
};


/* the natural logarithm, without libm, which nginx does not load; x >= 1 */

static double
review_bm25_log(double x)
{
    int     i, halves;
    double  y, square, sum;

    for (halves = 0; x >= 1.5; halves++) {
        x /= 2;
    }

    /* x from 0.75: the series of the inverse hyperbolic tangent */

    y = (x - 1) / (x + 1);
    square = y * y;
    sum = 0;

    for (i = 21; i > 0; i -= 2) {
        sum = sum * square + 1.0 / i;
    }

    return 2 * y * sum + halves * 0.69314718055994530942;
}


/* the lengths of the texts, in words, and the sum of them */

static size_t
review_bm25_count(review_bm25_t *bm25, const review_str_t *texts)
{
    size_t          i, n, len, total;
    uint64_t        keys[REVIEW_BM25_BATCH];
    review_words_t  words;

    total = 0;

    for (i = 0; i < bm25->n; i++) {
        review_words_init(&words, &texts[i]);

        for (len = 0; ; len += n) {
            n = review_words_read(&words, keys, REVIEW_BM25_BATCH);
            if (n == 0) {
                break;
            }
        }

        bm25->lengths[i] = (float) len;
        total += len;
    }

    return total;
}


static void
review_bm25_fill(review_bm25_t *bm25, const review_str_t *texts)
{
    size_t          i, j, n;
    uint64_t        keys[REVIEW_BM25_BATCH];
    review_words_t  words;

    bm25->nkeys = 0;

    for (i = 0; i < bm25->n; i++) {
        review_words_init(&words, &texts[i]);

        for ( ;; ) {
            n = review_words_read(&words, keys, REVIEW_BM25_BATCH);
            if (n == 0) {
                break;
            }

            for (j = 0; j < n; j++) {
                bm25->keys[bm25->nkeys++] = (keys[j] & ~bm25->mask) | i;
            }
        }
    }
}


static review_bm25_t *
review_bm25_alloc(review_pool_t *pool, size_t n)
{
    review_bm25_t  *bm25;

    if (n > UINT32_MAX) {
        return NULL;
    }

    bm25 = review_alloc(pool, sizeof(review_bm25_t));
    if (bm25 == NULL) {
        return NULL;
    }

    memset(bm25, 0, sizeof(review_bm25_t));

    bm25->n = n;

    while (bm25->mask + 1 < n) {
        bm25->mask = bm25->mask << 1 | 1;
    }

    review_buf_init(&bm25->query, pool, 0);

    if (n == 0) {
        return bm25;
    }

    bm25->lengths = review_alloc(pool, n * sizeof(float));
    bm25->counts = review_alloc(pool, n * sizeof(uint32_t));

    if (bm25->lengths == NULL || bm25->counts == NULL) {
        return NULL;
    }

    memset(bm25->counts, 0, n * sizeof(uint32_t));

    return bm25;
}


/* reads the texts twice, so as to take the memory that it needs, and no more */

review_bm25_t *
review_bm25_create(review_pool_t *pool, const review_str_t *texts, size_t n)
{
    size_t          i, total;
    double          mean;
    review_bm25_t  *bm25;

    bm25 = review_bm25_alloc(pool, n);
    if (bm25 == NULL) {
        return NULL;
    }

    total = review_bm25_count(bm25, texts);
    if (total == 0) {
        return bm25;
    }

    bm25->keys = review_alloc(pool, total * sizeof(uint64_t));
    if (bm25->keys == NULL) {
        return NULL;
    }

    review_bm25_fill(bm25, texts);
    review_radix_sort(bm25->keys, bm25->nkeys);

    mean = (double) total / (double) n;

    for (i = 0; i < n; i++) {
        bm25->lengths[i] = (float) (REVIEW_BM25_K1
                                    * (1 - REVIEW_BM25_B
                                       + REVIEW_BM25_B
                                         * (double) bm25->lengths[i] / mean));
    }

    return bm25;
}


/* where the first key stands that is not less */

static size_t
review_bm25_find(review_bm25_t *bm25, uint64_t key)
{
    size_t  from, to, middle;

    from = 0;
    to = bm25->nkeys;

    while (from < to) {
        middle = from + (to - from) / 2;

        if (bm25->keys[middle] < key) {
            from = middle + 1;

        } else {
            to = middle;
        }
    }

    return from;
}


/* adds what all keys from "low" to "high", taken for one word, are worth */

static void
review_bm25_add(review_bm25_t *bm25, uint64_t low, uint64_t high,
    float *scores)
{
    size_t     i, from, to, texts;
    double     weight, count;
    uint32_t  *counts;

    from = review_bm25_find(bm25, low);
    counts = bm25->counts;
    texts = 0;

    for (to = from; to < bm25->nkeys && bm25->keys[to] <= high; to++) {
        texts += (counts[bm25->keys[to] & bm25->mask]++ == 0);
    }

    weight = (REVIEW_BM25_K1 + 1)
             * review_bm25_log(1 + ((double) (bm25->n - texts) + 0.5)
                                   / ((double) texts + 0.5));

    for ( /* void */ ; from < to; from++) {
        i = bm25->keys[from] & bm25->mask;
        count = counts[i];

        if (count > 0) {
            scores[i] += (float) (weight * count
                                  / (count + (double) bm25->lengths[i]));
            counts[i] = 0;
        }
    }
}


/* the keys that the query asks for, in order, whatever they are */

static int
review_bm25_query(review_bm25_t *bm25, const review_str_t *text)
{
    size_t          n;
    uint64_t       *keys;
    review_words_t  words;

    bm25->query.len = 0;
    review_words_init(&words, text);

    do {
        keys = (uint64_t *) review_buf_reserve(&bm25->query,
                                               REVIEW_BM25_FEW
                                               * sizeof(uint64_t));
        if (keys == NULL) {
            return -1;
        }

        n = review_words_read(&words, keys,
                              (bm25->query.size - bm25->query.len)
                              / sizeof(uint64_t));
        bm25->query.len += n * sizeof(uint64_t);

    } while (n);

    review_radix_sort((uint64_t *) bm25->query.data,
                      bm25->query.len / sizeof(uint64_t));

    return 0;
}


int
review_bm25_scores(review_bm25_t *bm25, const review_str_t *query,
    float *scores)
{
    size_t     i, n;
    uint64_t  *keys, key, bits, before;

    for (i = 0; i < bm25->n; i++) {
        scores[i] = 0;
    }

    if (bm25->nkeys == 0) {
        return 0;
    }

    if (review_bm25_query(bm25, query) != 0) {
        return -1;
    }

    keys = (uint64_t *) bm25->query.data;
    n = bm25->query.len / sizeof(uint64_t);

    before = 0;

    for (i = 0; i < n; i++) {
        key = keys[i] & ~bm25->mask;

        /*
         * A word counts once, however often it is asked for.  The last
         * character of several is in a pair already.
         */

        if ((i > 0 && key == before)
            || review_words_ends(keys[i], REVIEW_WORDS_LAST))
        {
            continue;
        }

        before = key;

        /* one that is alone there is sought wherever it stands */

        bits = review_words_ends(keys[i], REVIEW_WORDS_ALONE)
               ? ((uint64_t) 1 << REVIEW_WORDS_FIRST) - 1
               : bm25->mask;

        review_bm25_add(bm25, key & ~bits, key | bits, scores);
    }

    return 0;
}
