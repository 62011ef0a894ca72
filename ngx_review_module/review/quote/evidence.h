
/* Evidence: in which of several texts the quotes of an answer stand. */

#ifndef _REVIEW_EVIDENCE_H_INCLUDED_
#define _REVIEW_EVIDENCE_H_INCLUDED_


#include "review/quote/quote.h"
#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_span_t          span;         /* its match is NONE: nowhere */
    size_t                 source;       /* index of the text */
} review_evidence_t;


/*
 * Looks each quote of an answer up in the sources, of which there is at least
 * one: verbatim anywhere is better than normalized, an earlier source than a
 * later one.
 */

void review_evidence_find(review_quote_t *q, review_source_t **sources,
    size_t nsources, const review_str_t *quotes, size_t nquotes,
    review_evidence_t *evidence);

/*
 * After these: what one of them may have been meant as, which is looked up
 * unless the quote stands there verbatim, and counts if it stands there.
 */

void review_evidence_meant(review_quote_t *q, review_source_t **sources,
    size_t nsources, const review_str_t *meant, size_t nmeant,
    review_evidence_t *e);


#pragma GCC visibility pop


#endif /* _REVIEW_EVIDENCE_H_INCLUDED_ */
