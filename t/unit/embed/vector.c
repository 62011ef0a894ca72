
/*
 * Proves cosines and products: against sums in long double, for all dimensions
 * up to 300 and some large ones, at any address, by each of the ways that a
 * processor may take; lengths from the least to the largest floats; what has
 * no direction scores 0; equal vectors score the same.  Vectors are in blocks
 * of their own length, for a sanitizer to see.
 */

#include <math.h>

#include "tap.h"

/* once more, with all ways that it knows in reach */

#define review_vector_dot      copy_vector_dot
#define review_vector_cosines  copy_vector_cosines
#include "review/embed/vector.c"
#undef review_vector_dot
#undef review_vector_cosines

float review_vector_dot(const float *a, const float *b, size_t n);
void review_vector_cosines(const float *query, const float *const *vectors,
    size_t n, size_t dim, float *scores);


static review_pool_t  *pool;


static float
uniform(void)
{
    return (float) rand() / (float) RAND_MAX * 2 - 1;
}


/* n floats, "skew" bytes behind an aligned address, up to a block's end */

static float *
vector(size_t n, size_t skew, float scale)
{
    char    *p;
    float    value;
    size_t   i;

    p = review_alloc(pool, n * sizeof(float) + skew);

    for (i = 0; i < n; i++) {
        value = uniform() * scale;
        memcpy(p + skew + i * sizeof(float), &value, sizeof(float));
    }

    return (float *) (p + skew);
}


static float *
filled(size_t n, float value)
{
    float   *v;
    size_t   i;

    v = vector(n, 0, 1);

    for (i = 0; i < n; i++) {
        v[i] = value;
    }

    return v;
}


static float
value_at(const float *v, size_t i)
{
    float  value;

    memcpy(&value, (const char *) v + i * sizeof(float), sizeof(float));

    return value;
}


static long double
true_dot(const float *a, const float *b, size_t n)
{
    size_t       i;
    long double  sum;

    sum = 0;

    for (i = 0; i < n; i++) {
        sum += (long double) value_at(a, i) * (long double) value_at(b, i);
    }

    return sum;
}


static long double
true_cosine(const float *a, const float *b, size_t n)
{
    return true_dot(a, b, n)
           / (sqrtl(true_dot(a, a, n)) * sqrtl(true_dot(b, b, n)));
}


/* of two vectors; rows of several are tested elsewhere */

static float
cosine(const float *a, const float *b, size_t n)
{
    float        score;
    const float  *row[1];

    row[0] = b;
    score = 7;

    review_vector_cosines(a, row, 1, n, &score);

    return score;
}


static int
near(double got, long double expected)
{
    return fabsl((long double) got - expected) <= 2e-6L;
}


static void
test_dimensions(void)
{
    int                bad, bad_any;
    float             *a, *b;
    size_t             n;
    long double        dot, room;
    review_products_t  products;

    bad = 0;
    bad_any = 0;

    for (n = 0; n <= 5000; n += (n < 300) ? 1 : 469) {
        a = vector(n, n % 4, 1);
        b = vector(n, n % 7, 1);

        dot = true_dot(a, b, n);
        room = 1e-6L * (long double) (n + 1);

        bad += (fabsl((long double) review_vector_dot(a, b, n) - dot) > room);

        products = review_vector_products_any(a, b, n);

        bad_any += (fabsl((long double) products.dot - dot) > room);
        bad_any += (fabsl((long double) products.square - true_dot(b, b, n))
                    > room);

        if (n) {
            bad += !near(cosine(a, b, n), true_cosine(a, b, n));
            bad += !near(cosine(a, a, n), 1);
        }
    }

    ok(bad == 0, "products and cosines of any dimension, at any address");
    ok(bad_any == 0, "so without what only some processors have");
    ok(review_vector_dot(NULL, NULL, 0) == 0, "no dimension: 0");
}


static void
test_rows(void)
{
    int           bad;
    float        *query, scores[1001], again[1000];
    size_t        i;
    const float  *rows[1000];

    query = vector(96, 0, 1);
    scores[1000] = 7;

    for (i = 0; i < 1000; i++) {
        rows[i] = vector(96, i % 8, (float) pow(10, (int) (i % 60) - 30));
    }

    rows[500] = query;
    rows[600] = filled(96, 0);
    rows[700] = rows[400];

    review_vector_cosines(query, rows, 1000, 96, scores);
    review_vector_cosines(query, rows, 1000, 96, again);

    for (i = 0, bad = 0; i < 1000; i++) {
        if (i != 600) {
            bad += !near(scores[i], true_cosine(query, rows[i], 96));
        }
    }

    ok(bad == 0, "a thousand rows, each as it is alone");
    ok(near(scores[500], 1), "the query itself: 1");
    ok(scores[600] == 0, "zeros amid others: 0");
    ok(scores[700] == scores[400], "the same vector: the same score");
    ok(memcmp(scores, again, sizeof(again)) == 0, "and once more all the same");
    ok(scores[1000] == 7, "nothing is written past them");

    review_vector_cosines(query, NULL, 0, 96, scores);
    ok(scores[0] == again[0], "no rows: nothing is written");
}


static void
test_magnitudes(void)
{
    int           bad;
    float        *a, *b;
    size_t        i, j;
    const float   scales[] = { 1e-45f, 1e-40f, 1e-38f, 1e-30f, 1e-20f, 1e-10f,
                               1, 1e8f, 1e12f, 1e19f, 1e25f, 3e38f };

    bad = 0;

    for (i = 0; i < sizeof(scales) / sizeof(float); i++) {
        for (j = 0; j < sizeof(scales) / sizeof(float); j++) {
            a = filled(70, scales[i]);
            b = filled(70, scales[j]);

            bad += !near(cosine(a, b, 70), 1);

            memset(b, 0, 35 * sizeof(float));
            bad += !near(cosine(a, b, 70), sqrtl(0.5L));

            b[69] = -b[69];
            bad += !near(cosine(a, b, 70), 33 / sqrtl(70 * 35));
        }
    }

    ok(bad == 0, "lengths of any magnitude, of both");

    a = filled(70, 1);
    b = filled(70, -1);
    ok(cosine(a, b, 70) >= -1 && near(cosine(a, b, 70), -1), "opposite: -1");

    a = filled(2, 0);
    b = filled(2, 0);
    a[0] = 3e38f;
    b[1] = 1e-45f;
    ok(cosine(a, b, 2) == 0, "at right angles: 0");

    b[0] = 1e-45f;
    ok(near(cosine(a, b, 2), sqrtl(0.5L)), "the largest and the least float");

    a = vector(1536, 0, 1);
    a[7] = 1e30f;
    b = vector(1536, 0, 1);
    b[7] = 1e30f;
    ok(near(cosine(a, b, 1536), 1), "one value far above all others");
}


static void
test_no_direction(void)
{
    int           bad;
    float        *a, *b;
    size_t        i, n;
    const float   odd[] = { NAN, -NAN, INFINITY, -INFINITY };

    bad = 0;

    for (n = 1; n <= 100; n += 33) {
        for (i = 0; i < 4 * n; i++) {
            a = vector(n, 0, 1);
            b = vector(n, 0, 1);
            b[i / 4] = odd[i % 4];

            bad += (cosine(a, b, n) != 0);
            bad += (cosine(b, a, n) != 0);
            bad += (cosine(b, b, n) != 0);
        }

        b = filled(n, 0);
        bad += (cosine(a, b, n) != 0);
        bad += (cosine(b, a, n) != 0);
        bad += (cosine(b, b, n) != 0);

        b = filled(n, -0.0f);
        bad += (cosine(a, b, n) != 0);
    }

    ok(bad == 0, "not finite, wherever, or zeros: 0");
    ok(cosine(NULL, NULL, 0) == 0, "no dimension: 0");
}


static void
test_range(void)
{
    int     bad;
    float  *a, score;
    size_t  i, n;

    bad = 0;

    for (i = 0; i < 3000; i++) {
        n = 1 + i % 400;
        a = (i % 2) ? vector(n, 0, 1) : filled(n, 1 / (float) (1 + i));
        score = cosine(a, a, n);
        bad += !(score <= 1 && score > 0.99999f);
    }

    ok(bad == 0, "never above 1");
}


static void
test_sqrt(void)
{
    int     i, bad;
    double  x;

    bad = 0;

    for (i = 0, x = 1e-300; x < 1e300; i++, x *= 1.37) {
        bad += (fabs(review_vector_sqrt(x) / sqrt(x) - 1) > 1e-10);
    }

    ok(bad == 0 && i > 4000, "roots");
}


int
main(void)
{
    pool = tap_pool();
    srand(1);

    test_dimensions();
    test_rows();
    test_magnitudes();
    test_no_direction();
    test_range();
    test_sqrt();

    tap_pool_free(pool);

    return tap_end();
}
