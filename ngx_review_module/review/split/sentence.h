
/* Where sentences end. */

#ifndef _REVIEW_SPLIT_SENTENCE_H_INCLUDED_
#define _REVIEW_SPLIT_SENTENCE_H_INCLUDED_


#include "review/base/review.h"
#include "review/split/place.h"

#pragma GCC visibility push(hidden)


/*
 * Steps from sentence to sentence through the paragraph [p, last).  Stops, the
 * closing marks behind them and white space belong to the sentence that they
 * end.
 */

typedef struct {
    const char     *p;         /* behind the sentence */
    const char     *last;
    const char     *limit;     /* looks no further; white space that goes on
                                  is left there */
    const char     *begin;     /* of the sentence */
    const char     *end;       /* of what is to be seen of it */
    const char     *open;      /* the outermost bracket that is open */
    unsigned        depth;     /* brackets and quotes that are */
    unsigned        quote:1;   /* an ASCII one is */
} review_sentences_t;

void review_sentence_init(review_sentences_t *s, const char *p,
    const char *last, const char *limit);

/* REVIEW_CUT_SENTENCE, REVIEW_CUT_INNER, or REVIEW_CUT_NONE at the end */

review_cut_e review_sentence_next(review_sentences_t *s);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_SENTENCE_H_INCLUDED_ */
