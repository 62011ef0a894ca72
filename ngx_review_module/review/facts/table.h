
/* The tables of a text, those of pipes and those of HTML, as grids of cells. */

#ifndef _REVIEW_TABLE_H_INCLUDED_
#define _REVIEW_TABLE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_TABLE_COLUMNS  64


typedef struct {
    const char     *from;              /* what is in it, without blanks; */
    const char     *to;                /* nothing: both are the same */
    unsigned        span;              /* columns from here that it covers; 0:
                                          one before it covers this one */
    unsigned        below:1;           /* it began in a row above */
} review_cell_t;

typedef struct {
    const char     *from;
    const char     *to;
    size_t          first;             /* of its cells */
    size_t          n;
    unsigned        head:1;            /* it is said to be one */
} review_row_t;

typedef struct {
    review_pool_t  *pool;
    const char     *from;
    const char     *to;
    review_cell_t  *cells;
    size_t          ncells;
    size_t          acells;
    review_row_t   *rows;
    size_t          nrows;
    size_t          arows;
    unsigned        html:1;
    unsigned        headed:1;          /* its head is there */
    size_t          left;              /* what cells may have, each time that a
                                          row has them, see below */
    unsigned        bad:1;             /* a table in a table, or too wide */
    unsigned        over:1;            /* "left" was too little, since when
                                          there are no more cells */
    unsigned        failed:1;          /* there was no memory */
} review_table_t;


/*
 * Cells that span a thousand rows are in each of them, and are read there: so
 * all rows of a text together have no more than a text without spans may have.
 */

#define REVIEW_TABLE_CELL  8           /* of each, beside its bytes */

#define review_table_most(len)  (REVIEW_TABLE_CELL * (len) + 64 * 1024)


/*
 * The next table of [*p, last), which moves behind it; memory is used again.
 * Returns 0: there is none.
 */

int review_table_next(review_table_t *table, const char **p, const char *last);

/* the cell that covers a column of a row, or NULL */

const review_cell_t *review_table_cell(const review_table_t *table,
    const review_row_t *row, size_t column);


#pragma GCC visibility pop


#endif /* _REVIEW_TABLE_H_INCLUDED_ */
