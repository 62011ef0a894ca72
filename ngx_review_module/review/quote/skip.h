
/*
 * What a quote may leave out of a text: what stands about the end of a page,
 * and the marks and numbers of lists.
 */

#ifndef _REVIEW_SKIP_H_INCLUDED_
#define _REVIEW_SKIP_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/*
 * About a form feed: up to three lines on either side, each short, that are
 * page numbers, or stand about another form feed, too, whatever their digits;
 * with "titles", one more on either side that has no sentence's punctuation:
 * before the form feed if a blank line parts it from the text, behind it also
 * if there is a page number or a line that comes again.
 */

#define REVIEW_SKIP_PAGES   1
#define REVIEW_SKIP_TITLES  2

/* at the start of a line: bullets, "1.", "（二）", "三、" */

#define REVIEW_SKIP_MARKS   4

#define REVIEW_SKIP_ALL     7


/* of a text, in bytes */

typedef struct {
    uint32_t         from;
    uint32_t         to;
    unsigned         kind;
} review_skip_span_t;


typedef struct {
    review_buf_t     spans;            /* in their order */
    unsigned         kinds;            /* the text has spans of these */
} review_skip_t;


/* is it a bullet, be it one that the normalized form keeps?  "next" follows */

int review_skip_is_bullet(int32_t c, int32_t next);

/* those of these kinds; the text is not kept; 0, or -1: no memory */

int review_skip_find(review_skip_t *skip, review_pool_t *pool,
    const char *data, size_t len, unsigned kinds);

/*
 * The end of what is left out about the end of a page, where that begins in
 * [from, to), titles not counted; or 0.  *i is 0 at first, offsets only grow.
 */

size_t review_skip_page_end(const review_skip_t *skip, size_t *i, size_t from,
    size_t to);


#pragma GCC visibility pop


#endif /* _REVIEW_SKIP_H_INCLUDED_ */
