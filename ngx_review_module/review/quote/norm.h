
/*
 * The normalized form of a text is what is left of it to compare:
 *
 * - compatibility forms and letter case are folded (NFKC, case folding);
 * - white space, quote marks and marks of Markdown are left out, as an LLM
 *   drops, adds and changes them at will; but between two digits a space stays,
 *   so that "1 5", "1|5", and "10" with a superscript 3 never become a number;
 * - so are tags of HTML, the addresses of links, hyphens within words, and what
 *   a formula of LaTeX has beside its characters, even the spaces between its
 *   digits; entities are what they stand for;
 * - other punctuation stays, its variants made one.  A full stop or an
 *   enumeration comma between digits is neither a decimal point nor a
 *   thousands separator and stays apart from them.
 *
 * Every code point of it knows which bytes of the text it was made of.  These
 * are whole clusters: a base with its combining marks, or a run of dots.
 */

#ifndef _REVIEW_NORM_H_INCLUDED_
#define _REVIEW_NORM_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/*
 * Characters that only the form has: control characters are white space, so
 * these can't be a text's own.
 */

#define REVIEW_NORM_STOP      1        /* a full stop between digits */
#define REVIEW_NORM_PAUSE     2        /* an enumeration comma between them */
#define REVIEW_NORM_ELLIPSIS  3

#define review_quote_is_digit(c)  ((c) >= '0' && (c) <= '9')


/* the bytes [from, to) of the text that a code point of the form is made of */

typedef struct {
    uint32_t         from;
    uint32_t         to;
} review_unit_t;


typedef struct {
    review_buf_t     text;             /* the form, in UTF-8 */
    review_buf_t     units;            /* a review_unit_t for each of its code
                                          points */
    review_buf_t     formulas;         /* a review_unit_t for each: there the
                                          form tells what a number is */
    int32_t          last;             /* the last code point written */
    int32_t          before;           /* and the one before it */
    unsigned         gap:1;            /* something was left out since */
} review_norm_t;


/*
 * Replaces what is in the buffers, which the caller has initialized, with
 * the form of a text of at most UINT32_MAX bytes; the text is not kept.  0, or
 * -1: no memory, and then no later call has any either.
 */

int review_norm_make(review_norm_t *norm, const char *data, size_t len);

void review_norm_init(review_norm_t *norm, review_pool_t *pool, size_t text,
    size_t units);

/* is the byte of the text one of a formula, or just behind it? */

int review_norm_in_formula(const review_norm_t *norm, size_t offset);


/* code points that are not compared: quote marks, white space */

int review_norm_is_mark(int32_t c);
int review_norm_is_space(int32_t c);


#pragma GCC visibility pop


#endif /* _REVIEW_NORM_H_INCLUDED_ */
