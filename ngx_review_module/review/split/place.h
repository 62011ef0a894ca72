
/* Where a paragraph may be cut: behind a sentence, and where else at last. */

#ifndef _REVIEW_SPLIT_PLACE_H_INCLUDED_
#define _REVIEW_SPLIT_PLACE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* how good a place to cut at is, from the worst */

typedef enum {
    REVIEW_CUT_NONE = 0,
    REVIEW_CUT_CLUSTER,        /* between graphemes */
    REVIEW_CUT_WORD,           /* between words that no space divides */
    REVIEW_CUT_SPACE,
    REVIEW_CUT_CLAUSE,         /* behind a comma */
    REVIEW_CUT_BLANK,          /* in white space behind a sentence */
    REVIEW_CUT_INNER,          /* behind a sentence inside of brackets */
    REVIEW_CUT_SENTENCE
} review_cut_e;


/*
 * The best place to cut [p, last) at, which is not behind "limit", except where
 * a grapheme is; "tail" is the end of what is to be seen.
 */

review_cut_e review_place_find(const char **p, const char *last,
    const char *tail, const char *limit);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_PLACE_H_INCLUDED_ */
