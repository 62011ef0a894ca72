
/*
 * A text as facts are read from it: one character after another, half width,
 * without what is never seen.  Tags and emphasis are no characters.
 */

#ifndef _REVIEW_GLYPH_H_INCLUDED_
#define _REVIEW_GLYPH_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_GLYPH_END    -1
#define REVIEW_GLYPH_CELL   -2         /* a cell of HTML begins or ends */
#define REVIEW_GLYPH_BLOCK  -3         /* likewise anything that ends a line */


typedef struct {
    const char   *from;                /* where it begins, */
    const char   *p;                   /* what stands behind it, */
    const char   *end;                 /* and where the one before ends */
    const char   *last;
    int32_t       c;                   /* blanks are ' ', ends of lines '\n' */
    unsigned      wide:1;              /* it is of full width */
    unsigned      skipped:1;           /* something unseen is before it */
} review_glyph_t;


/* the first one of a text that is valid UTF-8; then the one behind */

void review_glyph_begin(review_glyph_t *g, const char *data, size_t len);
void review_glyph_next(review_glyph_t *g);

/* over blanks; with "lines", also over the end of one line */

void review_glyph_blanks(review_glyph_t *g, int lines);

/* are the next ones these, blanks between them left out?  Goes behind them */

int review_glyph_is(review_glyph_t *g, const char *word);

/* the first of the words that stands here, NULL at their end; or -1 */

int review_glyph_any(review_glyph_t *g, const char *const *words);


#define review_glyph_is_digit(c)   ((c) >= '0' && (c) <= '9')
#define review_glyph_is_letter(c)                                             \
    (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))


#pragma GCC visibility pop


#endif /* _REVIEW_GLYPH_H_INCLUDED_ */
