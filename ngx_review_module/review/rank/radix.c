
#include "review/rank/radix.h"


#define REVIEW_RADIX_FEW  64           /* are sorted by insertion */
#define REVIEW_RADIX_TOP  56           /* the shift to the highest byte */

#define review_radix_byte(key, shift)  ((key) >> (shift) & 0xff)


static void
review_radix_insert(uint64_t *keys, size_t n)
{
    size_t    i, j;
    uint64_t  key;

    for (i = 1; i < n; i++) {
        key = keys[i];

        for (j = i; j > 0 && keys[j - 1] > key; j--) {
            keys[j] = keys[j - 1];
        }

        keys[j] = key;
    }
}


/* ends[b]: where the keys with the byte b end; begins: where they begin */

static void
review_radix_bounds(const uint64_t *keys, size_t n, unsigned shift,
    size_t *begins, size_t *ends)
{
    size_t  i, sum;

    memset(ends, 0, 256 * sizeof(size_t));

    for (i = 0; i < n; i++) {
        ends[review_radix_byte(keys[i], shift)]++;
    }

    sum = 0;

    for (i = 0; i < 256; i++) {
        begins[i] = sum;
        sum += ends[i];
        ends[i] = sum;
    }
}


/*
 * Each key goes where the next one of its byte belongs, and the key that is
 * there goes on, until one comes that belongs where the first one was.
 */

static void
review_radix_place(uint64_t *keys, unsigned shift, size_t *begins,
    const size_t *ends)
{
    size_t    i, b;
    uint64_t  key, other;

    for (i = 0; i < 256; i++) {

        while (begins[i] < ends[i]) {
            key = keys[begins[i]];
            b = review_radix_byte(key, shift);

            while (b != i) {
                other = keys[begins[b]];
                keys[begins[b]++] = key;
                key = other;
                b = review_radix_byte(key, shift);
            }

            keys[begins[i]++] = key;
        }
    }
}


/* by the byte at "shift" and all below it: so deep is the recursion, at most */

static void
review_radix_sort_byte(uint64_t *keys, size_t n, unsigned shift)
{
    size_t  i, from, begins[256], ends[256];

    if (n <= REVIEW_RADIX_FEW) {
        review_radix_insert(keys, n);
        return;
    }

    review_radix_bounds(keys, n, shift, begins, ends);
    review_radix_place(keys, shift, begins, ends);

    if (shift == 0) {
        return;
    }

    from = 0;

    for (i = 0; i < 256; i++) {

        if (ends[i] - from > 1) {
            review_radix_sort_byte(keys + from, ends[i] - from, shift - 8);
        }

        from = ends[i];
    }
}


void
review_radix_sort(uint64_t *keys, size_t n)
{
    review_radix_sort_byte(keys, n, REVIEW_RADIX_TOP);
}
