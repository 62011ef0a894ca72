
/* Chunks as JSON. */

#ifndef _REVIEW_SPLIT_JSON_H_INCLUDED_
#define _REVIEW_SPLIT_JSON_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/review.h"
#include "review/document/document.h"
#include "review/split/split.h"

#pragma GCC visibility push(hidden)


/* writes the chunks of one text, in their order */

typedef struct {
    const char                *text;
    size_t                     len;
    const review_page_t       *pages;
    size_t                     npages;   /* 0: the text has none */
    size_t                     n;        /* chunks written */
    size_t                     at;       /* bytes, */
    size_t                     points;   /* and the code points before them, */
    size_t                     lines;    /* and ends of lines */
    size_t                     header[2]; /* the last table header's bytes, */
    size_t                     header_points[2]; /* and code points */
    const review_document_t   *document; /* is told with the first chunk; NULL:
                                            it is not */
} review_split_writer_t;

void review_split_json_writer_init(review_split_writer_t *w,
    const review_document_t *document);

/*
 * Appends {"id","text","start","end","overlap","line","heading","sha256"}, and
 * "page", "table_header":{"start","end"} and "oversize":true where they apply.
 * Offsets are code points, "overlap" is a number of them; page and line are
 * those of the first to be seen from "start" on; the hash is of "text".
 */

void review_split_json_write(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk);

/* "page", unless it is 0: there are none; "line" */

void review_split_json_place(review_buf_t *b, size_t page, size_t line);

/* "heading": from the outermost one; of a longer path the innermost part */

void review_split_json_heading(review_buf_t *b,
    const review_heading_t *heading);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_JSON_H_INCLUDED_ */
