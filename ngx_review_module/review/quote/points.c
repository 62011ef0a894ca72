
#include "review/quote/points.h"
#include "review/base/utf8.h"


#define REVIEW_POINTS_BLOCK  256       /* bytes between two checkpoints */


void
review_points_init(review_points_t *points, review_pool_t *pool,
    const char *data, size_t len)
{
    size_t    i, n;
    uint32_t  count;

    points->data = data;

    n = len / REVIEW_POINTS_BLOCK;

    points->marks = review_alloc(pool, (n + 1) * sizeof(uint32_t));
    if (points->marks == NULL) {
        return;
    }

    count = 0;
    points->marks[0] = 0;

    for (i = 0; i < n; i++) {
        count += (uint32_t) review_utf8_count(data + i * REVIEW_POINTS_BLOCK,
                                              REVIEW_POINTS_BLOCK);
        points->marks[i + 1] = count;
    }
}


size_t
review_points_before(review_points_t *points, size_t offset)
{
    size_t  n, from;

    n = 0;
    from = 0;

    if (points->marks) {
        n = points->marks[offset / REVIEW_POINTS_BLOCK];
        from = offset - offset % REVIEW_POINTS_BLOCK;
    }

    return n + review_utf8_count(points->data + from, offset - from);
}


size_t
review_points_offset(review_points_t *points, size_t len, size_t n)
{
    size_t       low, high, middle;
    const char  *p, *last;

    low = 0;
    high = len / REVIEW_POINTS_BLOCK + 1;

    while (points->marks && high - low > 1) {
        middle = low + (high - low) / 2;

        if (points->marks[middle] <= n) {
            low = middle;

        } else {
            high = middle;
        }
    }

    p = points->data + low * REVIEW_POINTS_BLOCK;
    last = points->data + len;
    n -= points->marks ? points->marks[low] : 0;

    /* a checkpoint may stand within a code point, which is counted before it */

    while (p < last && review_utf8_trail(*p)) {
        p++;
    }

    for ( /* void */ ; n && p < last; n--) {
        for (p++; p < last && review_utf8_trail(*p); p++) { /* void */ }
    }

    return (size_t) (p - points->data);
}
