
/*
 * Proves, for any text and any quote, split at the first NUL byte, that a span
 * is what it says: the text's own code points from start to end, the quote
 * itself where the match is exact; that what was cut from the text is found in
 * it verbatim, and any quote that stands there, but where all of its places cut
 * a number; and that an index changes nothing.  A text that is not valid UTF-8
 * need only do no harm.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "check.h"
#include "../unit/quotes.h"
#include "review/quote/edge.h"
#include "review/quote/quote.h"
#include "review/base/utf8.h"


static size_t
offset_of(const char *data, size_t len, size_t n)
{
    const char  *p;

    for (p = data; n; n--) {
        check(p < data + len);
        (void) review_utf8_next(&p, data + len);
    }

    return (size_t) (p - data);
}


/* a place that cuts no number */

static int
stands(const char *text, size_t len, const char *quote, size_t qlen)
{
    size_t        at;
    const char   *p;
    review_str_t  all;

    all.data = text;
    all.len = len;

    for (p = text; (p = memmem(p, len - (size_t) (p - text), quote, qlen));
         p++)
    {
        at = (size_t) (p - text);

        if (!review_edge_cuts(&all, at, 1)
            && !review_edge_cuts(&all, at + qlen, 0))
        {
            return 1;
        }
    }

    return 0;
}


static void
check_span(const char *text, size_t len, const char *quote, size_t qlen,
    review_span_t *span)
{
    size_t  from, to;

    if (span->match == REVIEW_MATCH_NONE) {
        check(qlen == 0 || review_utf8_valid(quote, qlen) != qlen
              || review_quote_gave_up(quote_found)
              || !stands(text, len, quote, qlen));
        return;
    }

    from = offset_of(text, len, span->start);
    to = offset_of(text, len, span->end);

    check(span->start < span->end);
    check(span->text.data == text + from);
    check(span->text.len == to - from);

    if (span->match == REVIEW_MATCH_EXACT) {
        check(span->text.len == qlen);
        check(memcmp(span->text.data, quote, qlen) == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            len, qlen, n, from, to;
    const char       *text, *quote;
    const uint8_t    *nul;
    review_pool_t    *pool;
    review_span_t     span, again;
    review_source_t  *source;

    nul = size ? memchr(data, 0, size) : NULL;

    if (nul == NULL) {
        return 0;
    }

    len = (size_t) (nul - data);
    qlen = size - len - 1;

    pool = tap_pool();
    text = fuzz_copy(pool, data, len).data;
    quote = fuzz_copy(pool, nul + 1, qlen).data;

    source = review_quote_source_create(pool, text, len);
    check(source != NULL);

    (void) quote_find(pool, source, quote, qlen, &span);

    if (review_utf8_valid(text, len) == len) {
        check_span(text, len, quote, qlen, &span);

        if (span.match != REVIEW_MATCH_NONE) {
            (void) quote_find(pool, source, span.text.data, span.text.len,
                              &again);
            check(again.match == REVIEW_MATCH_EXACT);
        }

        review_quote_source_index(source);
        (void) quote_find(pool, source, quote, qlen, &again);
        check(review_quote_gave_up(quote_found)
              || (again.match == span.match && again.start == span.start
                  && again.end == span.end));

        /* where it is cut, the quote's bytes say */

        n = review_utf8_count(text, len);

        if (n && qlen >= 2) {
            from = (size_t) (uint8_t) quote[0] * n / 256;
            to = from + 1 + (size_t) (uint8_t) quote[1] * (n - from) / 256;

            from = offset_of(text, len, from);
            to = offset_of(text, len, to);

            (void) quote_find(pool, source, text + from, to - from, &again);
            check_span(text, len, text + from, to - from, &again);
            check(again.match == REVIEW_MATCH_EXACT
                  || review_quote_gave_up(quote_found)
                  || !stands(text, len, text + from, to - from));
        }
    }

    tap_pool_free(pool);

    return 0;
}
