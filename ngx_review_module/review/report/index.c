
/* Ids, sorted, to be found again. */

#include "review/report/shared.h"

#include <stdlib.h>


int
review_report_index_order(const review_str_t *a, const review_str_t *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }

    return a->len ? memcmp(a->data, b->data, a->len) : 0;
}


static int
review_report_index_compare(const void *a, const void *b)
{
    int                           rc;
    const review_report_index_t  *one, *two;

    one = a;
    two = b;
    rc = review_report_index_order(&one->id, &two->id);

    return rc ? rc : (one->n > two->n) - (one->n < two->n);
}


void
review_report_index_sort(review_report_index_t *index, size_t n)
{
    qsort(index, n, sizeof(*index), review_report_index_compare);
}


int64_t
review_report_index_find(const review_report_index_t *index, size_t n,
    const review_str_t *id)
{
    int     rc;
    size_t  from, to, middle;

    from = 0;
    to = n;

    while (from < to) {
        middle = from + (to - from) / 2;
        rc = review_report_index_order(&index[middle].id, id);

        if (rc == 0) {
            return (int64_t) index[middle].n;
        }

        if (rc < 0) {
            from = middle + 1;

        } else {
            to = middle;
        }
    }

    return -1;
}
