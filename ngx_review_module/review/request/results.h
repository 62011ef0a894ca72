
/*
 * Which cells of a task its client is to be told of while the task goes on:
 * each once, when it has come to its end, as fast as the client takes them.
 * Rows come in the order in which something of them has ended; what is told
 * stays in the report, and no copy of it is kept here.
 */

#ifndef _REVIEW_RESULTS_H_INCLUDED_
#define _REVIEW_RESULTS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    uint32_t        *queue;              /* a ring of rows, each once */
    unsigned char   *queued;             /* rows that are in it */
    unsigned char   *told;               /* cells, row by row */
    size_t           nrows;
    size_t           npoints;
    size_t           first;              /* of the queue */
    size_t           n;
    size_t           row;                /* the one that is being told, */
    size_t           point;              /* from there; npoints: none is */
} review_results_t;


/* 0, or -1: no memory */

int review_results_init(review_results_t *r, review_pool_t *pool, size_t nrows,
    size_t npoints);

/* something of the row has come to its end; or of any that was not told */

void review_results_add(review_results_t *r, size_t row);
void review_results_add_all(review_results_t *r);

/* 0: there is nothing to tell */

int review_results_any(const review_results_t *r);

/*
 * 1: the next cell that may be told, which was not yet; whoever tells it says
 * so.  One that is not, since it has no end yet, comes with its row once more.
 */

int review_results_next(review_results_t *r, size_t *row, size_t *point);
void review_results_told(review_results_t *r, size_t row, size_t point);


#pragma GCC visibility pop


#endif /* _REVIEW_RESULTS_H_INCLUDED_ */
