
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
    size_t                     n;        /* chunks written */
    size_t                     at;       /* bytes, */
    size_t                     points;   /* and the code points before them */
    size_t                     header[2]; /* the last table header's bytes, */
    size_t                     header_points[2]; /* and code points */
    const review_document_t   *document; /* is told with the first chunk; NULL:
                                            it is not */
} review_split_writer_t;

void review_split_json_writer_init(review_split_writer_t *w, const char *text);

/*
 * Appends {"id","text","start","end","overlap","heading","sha256"}, and
 * "table_header":{"start","end"} and "oversize":true where they apply.  Offsets
 * are code points, "overlap" is a number of them; the hash is of "text".
 */

void review_split_json_write(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk);

/* "heading": from the outermost one; of a longer path the innermost part */

void review_split_json_heading(review_buf_t *b,
    const review_heading_t *heading);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_JSON_H_INCLUDED_ */
