
/*
 * Lines and pages before a byte, as an editor counts them: a line ends with \n,
 * \r\n or \r, and nothing else.  A form feed begins a page, and ends no line.
 */

#ifndef _REVIEW_LINES_H_INCLUDED_
#define _REVIEW_LINES_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* the ends of lines in [p, end) of a text that ends at "last" */

size_t review_lines_count(const char *p, const char *end, const char *last);

/* the form feeds there */

size_t review_lines_feeds(const char *p, const char *end);


/* counts from the nearest of the checkpoints set over the text */

typedef struct {
    const char      *data;       /* NULL: not set yet */
    size_t           len;
    uint32_t        *marks;      /* ends of lines before each; NULL: none */
    uint32_t        *feeds;      /* where form feeds stand */
    size_t           nfeeds;
    unsigned         returns:1;  /* there is a \r */
} review_lines_t;


/*
 * Reads all of the text, which has at most UINT32_MAX bytes, is not copied and
 * must outlive this.  Without memory counting is slower, but as right.
 */

void review_lines_init(review_lines_t *lines, review_pool_t *pool,
    const char *data, size_t len);

/* of the byte at an offset, from 1; without form feeds there is no page: 0 */

size_t review_lines_line(const review_lines_t *lines, size_t offset);
size_t review_lines_page(const review_lines_t *lines, size_t offset);


#pragma GCC visibility pop


#endif /* _REVIEW_LINES_H_INCLUDED_ */
