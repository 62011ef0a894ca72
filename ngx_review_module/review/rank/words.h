
/*
 * The words of a text, folded as for a search, as keys of 64 bits.
 *
 * A word is a run of letters.  A number is one of its own, also beside
 * letters: "GB/T 50500" and "GBT50500" share 50500.  It may have points
 * ("3.5", "3.2.1"), and the commas of thousands are left out of it.
 *
 * Chinese, Japanese and Korean do not part words: there, each character gives
 * a key of itself and the next one, the last one of a run a key of its own.
 */

#ifndef _REVIEW_WORDS_H_INCLUDED_
#define _REVIEW_WORDS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * A word's key is a hash with the highest bit clear.  A pair's is exact: below
 * the highest bit, which is set, are its characters, 21 bits each, shuffled
 * but each to one of its own, and then 21 zeros.  So the keys in the order of
 * numbers have all pairs that begin with a character side by side.
 */

#define REVIEW_WORDS_PAIR   ((uint64_t) 1 << 63)
#define REVIEW_WORDS_FIRST  42         /* bits below the first character */
#define REVIEW_WORDS_NEXT   21         /* bits below the one after it */

/* how many keys a code point gives at most, folded to up to 18 of them */

#define REVIEW_WORDS_MOST   40

/* these stand for the second character: that which was before is ... */

typedef enum {
    REVIEW_WORDS_LAST = 0,             /* the last of several */
    REVIEW_WORDS_ALONE                 /* the only one */
} review_words_end_e;


typedef struct {
    const char         *p;
    const char         *last;
    uint64_t            hash;          /* of the word so far */
    int32_t             first;         /* a character, its pair is due */
    unsigned            digits;        /* of a number, since its last comma */
    unsigned            kind:3;        /* what goes on here */
    unsigned            point:1;       /* after a number, or within? */
    unsigned            pairs:1;       /* has the run given any? */
} review_words_t;


/* the text is valid UTF-8; it is not copied */

void review_words_init(review_words_t *words, const review_str_t *text);

/*
 * The next keys, in the order of the text, at most "max", which is larger than
 * REVIEW_WORDS_MOST; 0: that was all.
 */

size_t review_words_read(review_words_t *words, uint64_t *keys, size_t max);

/* is it the key of a character that ends a run in this way? */

int review_words_ends(uint64_t key, review_words_end_e end);


#pragma GCC visibility pop


#endif /* _REVIEW_WORDS_H_INCLUDED_ */
