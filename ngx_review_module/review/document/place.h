
/* Where a place of a document stands: page, line, and the headings above it. */

#ifndef _REVIEW_DOCUMENT_PLACE_H_INCLUDED_
#define _REVIEW_DOCUMENT_PLACE_H_INCLUDED_


#include "review/base/lines.h"
#include "review/base/review.h"
#include "review/document/document.h"
#include "review/outline/heading.h"
#include "review/outline/outline.h"

#pragma GCC visibility push(hidden)


typedef struct {
    size_t                     page;     /* from 1; 0: the text has no pages */
    size_t                     line;     /* of the text, from 1 */
    const review_heading_t    *heading;  /* the innermost; NULL: none */
} review_where_t;


typedef struct {
    review_lines_t             lines;
    const review_page_t       *pages;
    size_t                     npages;
    review_list_t              headlines;
} review_places_t;


/*
 * Reads all of the text: to be done on a thread.  The pages are the document's,
 * the headings those of the outline of its text; both must outlive this.
 */

void review_place_init(review_places_t *places, review_pool_t *pool,
    const review_str_t *text, const review_page_t *pages, size_t npages,
    const review_outline_t *outline);

/* of the first to be seen of the bytes [from, to), of "from" if nothing is */

void review_place_of(const review_places_t *places, size_t from, size_t to,
    review_where_t *where);

/* the page that a byte is on, from 1; 0: there are none */

size_t review_place_page(const review_page_t *pages, size_t npages,
    size_t byte);


#pragma GCC visibility pop


#endif /* _REVIEW_DOCUMENT_PLACE_H_INCLUDED_ */
