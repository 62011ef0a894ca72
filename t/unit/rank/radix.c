
/*
 * Proves sorting against qsort(), for numbers that share few bits or many, in
 * any order; and that its time has no bad cases.
 */

#include <time.h>

#include "tap.h"
#include "review/rank/radix.h"


static review_pool_t  *pool;


static uint64_t
any(void)
{
    return (uint64_t) rand() << 42 ^ (uint64_t) rand() << 21
           ^ (uint64_t) rand();
}


static int
less(const void *a, const void *b)
{
    uint64_t  x, y;

    x = *(const uint64_t *) a;
    y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


static int
sorts(uint64_t *keys, size_t n)
{
    uint64_t  *copy;

    copy = review_alloc(pool, n * sizeof(uint64_t));
    memcpy(copy, keys, n * sizeof(uint64_t));

    qsort(copy, n, sizeof(uint64_t), less);
    review_radix_sort(keys, n);

    return memcmp(copy, keys, n * sizeof(uint64_t)) == 0;
}


static void
test_any(void)
{
    int        i, bad;
    size_t     n, j;
    uint64_t  *keys, mask, base;

    bad = 0;

    for (i = 0; i < 2000; i++) {
        n = (size_t) (rand() % ((i % 10) ? 200 : 3000));
        keys = review_alloc(pool, n * sizeof(uint64_t));
        mask = any() & any() & any();
        base = any();

        for (j = 0; j < n; j++) {
            keys[j] = (i % 3) ? (any() & mask) | (base & ~mask) : any();
        }

        bad += !sorts(keys, n);
    }

    ok(bad == 0, "2,000 lists");
    ok(sorts(review_alloc(pool, 0), 0), "an empty one");
}


static void
test_cases(void)
{
    size_t     n, i, j;
    clock_t    began;
    uint64_t  *keys;

    n = 500000;
    keys = review_alloc(pool, n * sizeof(uint64_t));

    began = clock();

    for (i = 0; i < 6; i++) {
        for (j = 0; j < n; j++) {
            keys[j] = (i == 0) ? 7
                      : (i == 1) ? j
                      : (i == 2) ? n - j
                      : (i == 3) ? (uint64_t) j << 44
                      : (i == 4) ? (j % 65) * 0x0101010101010101
                      : ~(uint64_t) 0 - j % 2;
        }

        review_radix_sort(keys, n);

        for (j = 1; j < n && keys[j - 1] <= keys[j]; j++) {
            /* void */
        }

        ok(j == n, "half a million, case %zu", i);
    }

    ok(clock() - began < 5 * CLOCKS_PER_SEC, "in little time");
}


int
main(void)
{
    pool = tap_pool();
    srand(1);

    test_any();
    test_cases();

    tap_pool_free(pool);

    return tap_end();
}
