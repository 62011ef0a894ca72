
/* Looks up one quote alone, as tests and fuzzing do. */

#ifndef QUOTES_H
#define QUOTES_H


#include "review/quote/quote.h"


/* the last one */

static review_quote_t  *quote_found;


static inline review_match_e
quote_find(review_pool_t *pool, review_source_t *source, const char *data,
    size_t len, review_span_t *span)
{
    review_str_t     text;
    review_quote_t  *q;

    memset(span, 0, sizeof(*span));

    q = review_quote_create(pool);
    if (q == NULL) {
        return REVIEW_MATCH_NONE;
    }

    text.data = data;
    text.len = len;

    review_quote_set(q, &text);
    quote_found = q;

    return review_quote_source_find(source, q, span);
}


#endif /* QUOTES_H */
