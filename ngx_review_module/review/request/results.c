
#include "review/request/results.h"


int
review_results_init(review_results_t *r, review_pool_t *pool, size_t nrows,
    size_t npoints)
{
    memset(r, 0, sizeof(*r));

    r->queue = review_alloc(pool, nrows * sizeof(uint32_t) + 1);
    r->queued = review_alloc(pool, nrows + 1);
    r->told = review_alloc(pool, nrows * npoints / 8 + 1);

    if (r->queue == NULL || r->queued == NULL || r->told == NULL) {
        return -1;
    }

    memset(r->queued, 0, nrows + 1);
    memset(r->told, 0, nrows * npoints / 8 + 1);

    r->nrows = nrows;
    r->npoints = npoints;
    r->point = npoints;

    return 0;
}


void
review_results_add(review_results_t *r, size_t row)
{
    if (row >= r->nrows || r->queued[row]) {
        return;
    }

    r->queued[row] = 1;
    r->queue[(r->first + r->n++) % r->nrows] = (uint32_t) row;
}


void
review_results_add_all(review_results_t *r)
{
    size_t  i;

    for (i = 0; i < r->nrows; i++) {
        review_results_add(r, i);
    }
}


int
review_results_any(const review_results_t *r)
{
    return r->n || r->point < r->npoints;
}


/* a row that is being told may be added again: its first cells have passed */

static int
review_results_row(review_results_t *r)
{
    if (r->n == 0) {
        return 0;
    }

    r->row = r->queue[r->first];
    r->point = 0;

    r->first = (r->first + 1) % r->nrows;
    r->n--;
    r->queued[r->row] = 0;

    return 1;
}


int
review_results_next(review_results_t *r, size_t *row, size_t *point)
{
    size_t  bit;

    for ( ;; ) {

        if (r->point == r->npoints && !review_results_row(r)) {
            return 0;
        }

        while (r->point < r->npoints) {
            bit = r->row * r->npoints + r->point;

            *row = r->row;
            *point = r->point++;

            if (!(r->told[bit / 8] & (1u << bit % 8))) {
                return 1;
            }
        }
    }
}


void
review_results_told(review_results_t *r, size_t row, size_t point)
{
    size_t  bit;

    bit = row * r->npoints + point;

    r->told[bit / 8] |= (unsigned char) (1u << bit % 8);
}
