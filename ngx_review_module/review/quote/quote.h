
/*
 * Evidence: where in a text an LLM's quote stands.
 *
 * A quote is looked for verbatim first; then both sides are normalized: full
 * and half width (NFKC), letter case, white space, punctuation variants.  An
 * offset always speaks of the original text.
 */

#ifndef _REVIEW_QUOTE_H_INCLUDED_
#define _REVIEW_QUOTE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_MATCH_NONE = 0,
    REVIEW_MATCH_NORMALIZED,
    REVIEW_MATCH_EXACT
} review_match_e;

extern const char *const  review_matches[];    /* names, by the enumeration */


/* a text in which quotes are looked for; made once, searched many times */

typedef struct review_source_s  review_source_t;

/* a quote that is looked for, in one text after the other */

typedef struct review_quote_s  review_quote_t;


typedef struct {
    review_match_e   match;
    size_t           start;      /* code points from the text's start */
    size_t           end;        /* one past the last code point */
    size_t           page;       /* from 1; 0: no form feed, no pages */
    size_t           line;       /* from 1 */
    review_str_t     text;       /* the original's own text between them;
                                    points into the source's text */
} review_span_t;


/*
 * The text is valid UTF-8, is not copied, and must live as long as the source.
 * Its normalized form and its offsets are made when first needed.  NULL: no
 * memory, or a text of more than UINT32_MAX bytes (4 GB).
 */

review_source_t *review_quote_source_create(review_pool_t *pool,
    const char *data, size_t len);

/*
 * One serves all quotes: "begin" before those of an answer, which have a budget
 * together, "set" for each of them, whose text is not copied.  NULL: no memory.
 */

review_quote_t *review_quote_create(review_pool_t *pool);
void review_quote_begin(review_quote_t *q);
void review_quote_set(review_quote_t *q, const review_str_t *text);

/*
 * Finds the first place where the quote stands and cuts no number in two: "10"
 * does not stand in "110".  Returns the kind of match, also in span->match;
 * offsets and text are set unless it is NONE.  A quote without any letter,
 * digit or ideograph in it matches exactly or not at all.
 */

review_match_e review_quote_source_find(review_source_t *source,
    review_quote_t *q, review_span_t *span);

/*
 * For many quotes, most of which do not stand there: these no longer cost the
 * reading of the text.  Costs about as much memory again, and time, as what is
 * made when first needed.
 */

void review_quote_source_index(review_source_t *source);

/* so many bytes of the text have been read to find quotes */

uint64_t review_quote_source_read(const review_source_t *source);

/*
 * After a quote was looked for and not found: was that given up in any text,
 * since too much was found that cuts numbers, or for want of memory?
 */

int review_quote_gave_up(const review_quote_t *q);

/* and what such places have cost, as bytes of text */

size_t review_quote_work(const review_quote_t *q);

/* the place of the bytes [from, to) of the text, for regex matches */

void review_quote_source_span(review_source_t *source, size_t from, size_t to,
    review_span_t *span);


#pragma GCC visibility pop


#endif /* _REVIEW_QUOTE_H_INCLUDED_ */
