
/*
 * Okapi BM25 over texts: how well do their words fit those of a query?
 *
 *     sum of idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean length))
 *
 * over the query's words, each once, however often it stands there; f is how
 * often it stands in the text, k1 is 1.2, b is 0.75, idf is
 * ln(1 + (N - n + 0.5) / (n + 0.5)) for a word that n of N texts have.
 *
 * Words are runs of letters, and numbers, folded as for a search (case, full
 * width); of Chinese, Japanese and Korean, which do not part words, pairs of
 * characters that follow each other.  A character that stands alone in a query
 * is found wherever it stands.  A text's length is the number of its words,
 * numbers, and such characters.  words.h has more of it.
 */

#ifndef _REVIEW_BM25_H_INCLUDED_
#define _REVIEW_BM25_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct review_bm25_s  review_bm25_t;


/*
 * Valid UTF-8; the texts are read here only.  Takes time in proportion to
 * their bytes; and memory: 8 bytes a word, 8 a text.  NULL: no memory.
 */

review_bm25_t *review_bm25_create(review_pool_t *pool,
    const review_str_t *texts, size_t n);

/*
 * The scores of the n texts, 0 for those that share no word; 0, or -1: no
 * memory.  Not for several threads at once: it notes things in bm25.
 */

int review_bm25_scores(review_bm25_t *bm25, const review_str_t *query,
    float *scores);


#pragma GCC visibility pop


#endif /* _REVIEW_BM25_H_INCLUDED_ */
