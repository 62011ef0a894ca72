
/* What packing blocks into chunks and finding where a chunk ends share. */

#ifndef _REVIEW_SPLIT_SHARED_H_INCLUDED_
#define _REVIEW_SPLIT_SHARED_H_INCLUDED_


#include "review/split/split.h"
#include "review/outline/line.h"
#include "review/outline/outline.h"
#include "review/split/place.h"
#include "review/outline/units.h"

#pragma GCC visibility push(hidden)


struct review_split_s {
    review_outline_t          outline;
    review_split_options_t    options;

    size_t                    at;        /* where the next body begins */
    uint32_t                  block;     /* the block that it begins in */
    size_t                    before;    /* where the last body began */
    unsigned                  whole:1;   /* with a sentence */
    unsigned                  follows:1; /* "at" is behind a whole sentence */
};


/* where a chunk ends */

typedef struct {
    size_t                    end;
    uint32_t                  block;     /* that "end" stands in */
    size_t                    units;
    review_cut_e              kind;
    unsigned                  oversize:1;
} review_split_cut_t;


#define review_split_block(split, i)  review_outline_block(&(split)->outline, i)


static inline size_t
review_split_units(const review_split_t *split, size_t from, size_t to)
{
    return review_units(split->outline.text + from, split->outline.text + to,
                        split->options.tokens);
}


/* of the blocks [i, k) */

static inline size_t
review_split_size(const review_split_t *split, uint32_t i, uint32_t k)
{
    return review_split_block(split, k)->units
           - review_split_block(split, i)->units;
}


/* is there nothing to be seen? */

static inline int
review_split_blank(const review_split_t *split, size_t from, size_t to)
{
    const char  *text;

    text = split->outline.text;

    return review_line_visible(text + from, text + to) == text + to;
}


/* does block i go with what follows it: a title, "as follows:", white space? */

int review_split_cut_sticks(const review_split_t *split, uint32_t i);

/* the end of the line that a block's first row is, its line break included */

size_t review_split_cut_row_end(const review_split_t *split, uint32_t k);

/*
 * Where the chunk ends that begins at split->at and has at most max units; so
 * that the next one is not blank, if that can be avoided.
 */

void review_split_blank_cut(const review_split_t *split, size_t max,
    review_split_cut_t *cut);

/* the same, no matter what the next one is */

void review_split_cut_full(const review_split_t *split, size_t max,
    review_split_cut_t *cut);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_SHARED_H_INCLUDED_ */
