
/*
 * The text of a reading: chunks of documents as passages, each headed by a line
 * that says where it stands; and the way back, from places in that text to
 * those of the documents.
 */

#ifndef _REVIEW_PASSAGES_H_INCLUDED_
#define _REVIEW_PASSAGES_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/review.h"
#include "review/outline/heading.h"

#pragma GCC visibility push(hidden)


/* a chunk in its document: code points, then bytes */

typedef struct {
    const review_str_t     *text;        /* all of its document's */
    const review_str_t     *name;        /* of the document; NULL: it is the
                                            only one */
    const review_heading_t *heading;     /* NULL: none */
    size_t                  document;
    size_t                  start;       /* with its overlap */
    size_t                  end;
    size_t                  header_start; /* of a table, repeated before it; */
    size_t                  header;      /* 0: there is none */
    size_t                  from;
    size_t                  to;
    size_t                  header_from;
    size_t                  header_to;
    size_t                  page;        /* it begins on; 0: there are none */
    size_t                  last_page;
} review_passage_chunk_t;


/* code points of a reading that stand in a document: not the lines of ours */

typedef struct {
    size_t                  start;
    size_t                  end;
    size_t                  at;          /* where they stand */
    size_t                  document;
} review_passage_t;


typedef struct {
    review_str_t            text;
    review_passage_t       *passages;    /* ascending; of a header, too */
    size_t                  n;
} review_passages_t;


/* what the lines say; or there are none */

typedef enum {
    REVIEW_PASSAGES_ZH = 0,
    REVIEW_PASSAGES_EN,
    REVIEW_PASSAGES_PLAIN
} review_passages_e;


/*
 * Chunks that follow each other are one passage.  The indices are ascending.
 * 0, or -1: no memory.
 */

int review_passages_text(review_pool_t *pool,
    const review_passage_chunk_t *chunks, const uint32_t *indices, size_t n,
    review_passages_e words, review_passages_t *passages);

/* what a chunk may add to such a text at most: units as split, and bytes */

void review_passages_size(const review_passage_chunk_t *chunk, int tokens,
    size_t *units, size_t *bytes);


#pragma GCC visibility pop


#endif /* _REVIEW_PASSAGES_H_INCLUDED_ */
