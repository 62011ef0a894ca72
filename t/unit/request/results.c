
/*
 * Proves that each cell is told once, whenever its row is added and however
 * often, also while it is being told; against rows and cells made at random.
 */

#include "tap.h"
#include "review/request/results.h"


#define ROWS    7
#define POINTS  11


static uint64_t  seed = 20261201;


static size_t
roll(size_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (size_t) (seed >> 33) % n;
}


/* cells end at any time, rows are added then, and a client takes some cells */

static void
random_rows(review_pool_t *pool)
{
    size_t            i, row, point, left, steps;
    unsigned          told[ROWS][POINTS] = {{0}}, ended[ROWS][POINTS] = {{0}};
    review_results_t  r;

    if (review_results_init(&r, pool, ROWS, POINTS) != 0) {
        abort();
    }

    left = ROWS * POINTS;

    for (steps = 0; left && steps < 100000; steps++) {
        row = roll(ROWS);
        ended[row][roll(POINTS)] = 1;
        review_results_add(&r, row);

        for (i = roll(POINTS); i; i--) {
            if (!review_results_next(&r, &row, &point)) {
                break;
            }

            if (ended[row][point]) {
                left -= told[row][point]++ == 0;
                review_results_told(&r, row, point);
            }
        }
    }

    for (i = 0; i < ROWS * POINTS; i++) {
        left += told[i / POINTS][i % POINTS] != 1;
    }

    ok(left == 0, "each cell is told once");

    review_results_add_all(&r);
    ok(review_results_any(&r) && !review_results_next(&r, &row, &point)
       && !review_results_any(&r), "then there is nothing to tell");
}


static void
order(review_pool_t *pool)
{
    size_t            row, point;
    review_results_t  r;

    if (review_results_init(&r, pool, 3, 1) != 0) {
        abort();
    }

    ok(!review_results_any(&r), "nothing at first");

    review_results_add(&r, 2);
    review_results_add(&r, 0);
    review_results_add(&r, 2);
    review_results_add(&r, 3);

    ok(review_results_next(&r, &row, &point) && row == 2 && point == 0,
       "rows come as they are added");

    /* it was not told: it comes once more, behind the others */

    review_results_add(&r, 2);

    ok(review_results_next(&r, &row, &point) && row == 0,
       "one that was added twice comes once");
    review_results_told(&r, 0, 0);
    ok(review_results_next(&r, &row, &point) && row == 2,
       "one that was added again comes again");
    review_results_told(&r, 2, 0);

    review_results_add_all(&r);
    ok(review_results_next(&r, &row, &point) && row == 1
       && !review_results_next(&r, &row, &point), "all but what was told");

    ok(review_results_init(&r, pool, 0, 5) == 0, "no rows");
    review_results_add_all(&r);
    review_results_add(&r, 0);
    ok(!review_results_next(&r, &row, &point), "are nothing to tell");
}


int
main(void)
{
    review_pool_t  *pool;

    pool = tap_pool();

    order(pool);
    random_rows(pool);

    tap_pool_free(pool);

    return tap_end();
}
