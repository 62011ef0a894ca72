
/* Evidence: in which of several texts the quotes of an answer stand. */

#include "review/quote/evidence.h"


static void
review_evidence_of(review_quote_t *q, review_source_t **sources,
    size_t nsources, review_evidence_t *e)
{
    size_t         i;
    review_span_t  span;

    e->span.match = REVIEW_MATCH_NONE;
    e->source = 0;

    for (i = 0; i < nsources; i++) {

        if (review_quote_source_find(sources[i], q, &span) > e->span.match) {
            e->span = span;
            e->source = i;
        }

        if (e->span.match == REVIEW_MATCH_EXACT) {
            return;
        }
    }
}


void
review_evidence_find(review_quote_t *q, review_source_t **sources,
    size_t nsources, const review_str_t *quotes, size_t nquotes,
    review_evidence_t *evidence)
{
    size_t  i;

    review_quote_begin(q);

    for (i = 0; i < nquotes; i++) {
        review_quote_set(q, &quotes[i]);
        review_evidence_of(q, sources, nsources, &evidence[i]);
    }
}


void
review_evidence_meant(review_quote_t *q, review_source_t **sources,
    size_t nsources, const review_str_t *meant, size_t nmeant,
    review_evidence_t *e)
{
    size_t             i;
    review_evidence_t  found;

    for (i = 0; i < nmeant && e->span.match != REVIEW_MATCH_EXACT; i++) {

        if (meant[i].len == 0) {
            continue;
        }

        review_quote_set(q, &meant[i]);
        review_evidence_of(q, sources, nsources, &found);

        if (found.span.match != REVIEW_MATCH_NONE) {
            *e = found;
        }
    }
}
