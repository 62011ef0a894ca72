
/*
 * Proves, for any texts and any query, split at NUL bytes, the query last:
 * scores are finite, and at least 0; those of a text's own words are above 0
 * unless it has none; equal texts score the same; a query changes nothing for
 * later ones; and the order of the texts changes their scores by no more than
 * rounding.
 */

#include <math.h>

#include "check.h"
#include "review/rank/bm25.h"
#include "review/rank/words.h"


#define TEXTS  16


/* NUL bytes end texts; the last one is the query, and counted, too */

static size_t
split(review_pool_t *pool, const uint8_t *data, size_t size,
    review_str_t *texts)
{
    size_t          n, len;
    const uint8_t  *nul;

    for (n = 0; ; n++) {
        nul = (size && n < TEXTS) ? memchr(data, 0, size) : NULL;
        len = nul ? (size_t) (nul - data) : size;
        texts[n] = fuzz_copy(pool, data, len);

        if (nul == NULL) {
            return n + 1;
        }

        data += len + 1;
        size -= len + 1;
    }
}


static int
has_words(const review_str_t *text)
{
    uint64_t        keys[REVIEW_WORDS_MOST + 1];
    review_words_t  words;

    review_words_init(&words, text);

    return review_words_read(&words, keys, REVIEW_WORDS_MOST + 1) != 0;
}


static void
check_own(review_bm25_t *bm25, const review_str_t *texts, size_t n)
{
    float   scores[TEXTS];
    size_t  i, j;

    for (i = 0; i < n; i++) {
        check(review_bm25_scores(bm25, &texts[i], scores) == 0);
        check((scores[i] > 0) == has_words(&texts[i]));

        for (j = 0; j < n; j++) {
            check(isfinite(scores[j]) && scores[j] >= 0);

            if (texts[i].len == texts[j].len
                && memcmp(texts[i].data, texts[j].data, texts[i].len) == 0)
            {
                check(scores[i] == scores[j]);
            }
        }
    }
}


static void
check_turned(review_pool_t *pool, const review_str_t *texts, size_t n,
    const review_str_t *query, const float *expected)
{
    float           scores[TEXTS];
    size_t          i;
    review_str_t    turned[TEXTS];
    review_bm25_t  *bm25;

    for (i = 0; i < n; i++) {
        turned[i] = texts[n - 1 - i];
    }

    bm25 = review_bm25_create(pool, turned, n);
    check(bm25 != NULL);
    check(review_bm25_scores(bm25, query, scores) == 0);

    for (i = 0; i < n; i++) {
        check(fabsf(scores[n - 1 - i] - expected[i])
              <= 1e-4f * (1 + expected[i]));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float           scores[TEXTS], again[TEXTS];
    size_t          n;
    review_str_t    texts[TEXTS + 1], query;
    review_pool_t  *pool;
    review_bm25_t  *bm25;

    pool = tap_pool();

    n = split(pool, data, size, texts) - 1;
    query = texts[n];

    bm25 = review_bm25_create(pool, texts, n);
    check(bm25 != NULL);
    check(review_bm25_scores(bm25, &query, scores) == 0);

    check_own(bm25, texts, n);

    check(review_bm25_scores(bm25, &query, again) == 0);
    check(memcmp(scores, again, n * sizeof(float)) == 0);

    check_turned(pool, texts, n, &query, scores);

    tap_pool_free(pool);

    return 0;
}
