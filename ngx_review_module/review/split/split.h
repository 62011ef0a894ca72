
/*
 * A text cut into chunks where a reader would cut it: between chapters and
 * articles, else between paragraphs, else between sentences, and only at last
 * in the middle of one.
 */

#ifndef _REVIEW_SPLIT_H_INCLUDED_
#define _REVIEW_SPLIT_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/review.h"
#include "review/outline/heading.h"
#include "review/outline/outline.h"

#pragma GCC visibility push(hidden)


/*
 * Units are code points, or tokens: an estimate, rather too many than too few,
 * since each LLM counts in its own way (see outline/units.h).
 */

typedef struct {
    size_t                     max;      /* units of a chunk, all told */
    size_t                     overlap;  /* units of whole sentences at most
                                            that a chunk has of the one
                                            before; less than max, and half of
                                            it is the most that is used */
    unsigned                   tokens:1;
    unsigned                   keep_tables:1; /* a table that fits into a chunk
                                                 is not cut, one that does not
                                                 repeats its header */
} review_split_options_t;


/* offsets are bytes of the text, and never stand inside of a grapheme */

typedef struct {
    size_t                     start;
    size_t                     body;     /* start <= body < end; what stands
                                            before is the overlap */
    size_t                     end;      /* the next chunk's body */
    size_t                     header;   /* the header of a table that began */
    size_t                     header_end; /* earlier: its rows stand before
                                            those of the chunk; the same twice:
                                            there is none */
    const review_heading_t    *heading;  /* the innermost that all of the body
                                            stands under, but for headings that
                                            it begins with; NULL: none */
    unsigned                   oversize:1; /* a row or a grapheme has more than
                                            max units, and was not cut */
} review_chunk_t;


typedef struct review_split_s  review_split_t;


/*
 * The text is valid UTF-8, it is not copied and must outlive all that is made
 * of it.  "max" is at least 1.  NULL: no memory, or 4 GB of text or more.
 */

review_split_t *review_split_create(review_pool_t *pool, const char *text,
    size_t len, const review_split_options_t *options);

/* the outline that was read for it: its headings are those of all places */

const review_outline_t *review_split_outline(const review_split_t *split);

/*
 * The next chunk: 1; 0 at the end; -1: no memory.  Bodies follow each other
 * without a gap, from the first byte to the last.  A text without anything to
 * be seen has no chunk.
 */

int review_split_next(review_split_t *split, review_chunk_t *chunk);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_H_INCLUDED_ */
