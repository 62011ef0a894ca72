
#include "review/embed/vector.h"

#include <float.h>


#define REVIEW_VECTOR_LANES  8         /* floats at once */
#define REVIEW_VECTOR_STEP   (4 * REVIEW_VECTOR_LANES)

/*
 * What a square of a vector's length may be for floats to have told it: none
 * of the products has overflown, those that came to nothing would not count.
 */

#define review_vector_fits(square)  ((square) > 1e-20 && (square) < 1e20)


/* types of gcc and clang, for any processor; at any address */

typedef float  review_float_t __attribute__((aligned(1)));

typedef float  review_lanes_t
    __attribute__((vector_size(REVIEW_VECTOR_LANES * sizeof(float)),
                   aligned(1), may_alias));

#define review_float(p)  ((double) *(const review_float_t *) (p))
#define review_lanes(p)  (*(const review_lanes_t *) (p))


typedef struct {
    double         dot;                /* of a and b */
    double         square;             /* of b with itself */
} review_products_t;

typedef review_products_t (*review_products_pt)(const float *a, const float *b,
    size_t n);


static inline __attribute__((always_inline)) double
review_vector_lanes_sum(const review_lanes_t *lanes)
{
    int     i;
    double  sum;

    sum = 0;

    for (i = 0; i < REVIEW_VECTOR_LANES; i++) {
        sum += (double) (*lanes)[i];
    }

    return sum;
}


/*
 * Both products in one pass: to read the vectors is what takes time.  An
 * addition has to wait for the one before, so each has several sums.
 */

static inline __attribute__((always_inline)) review_products_t
review_vector_body(const float *a, const float *b, size_t n)
{
    size_t             i;
    review_lanes_t     d0, d1, d2, d3, s0, s1, s2, s3, b0, b1, b2, b3;
    review_products_t  products;

    d0 = d1 = d2 = d3 = s0 = s1 = s2 = s3 = (review_lanes_t) { 0 };

    for (i = 0; n - i >= REVIEW_VECTOR_STEP; i += REVIEW_VECTOR_STEP) {
        b0 = review_lanes(b + i);
        b1 = review_lanes(b + i + REVIEW_VECTOR_LANES);
        b2 = review_lanes(b + i + 2 * REVIEW_VECTOR_LANES);
        b3 = review_lanes(b + i + 3 * REVIEW_VECTOR_LANES);

        d0 += review_lanes(a + i) * b0;
        d1 += review_lanes(a + i + REVIEW_VECTOR_LANES) * b1;
        d2 += review_lanes(a + i + 2 * REVIEW_VECTOR_LANES) * b2;
        d3 += review_lanes(a + i + 3 * REVIEW_VECTOR_LANES) * b3;

        s0 += b0 * b0;
        s1 += b1 * b1;
        s2 += b2 * b2;
        s3 += b3 * b3;
    }

    d0 = (d0 + d1) + (d2 + d3);
    s0 = (s0 + s1) + (s2 + s3);

    products.dot = review_vector_lanes_sum(&d0);
    products.square = review_vector_lanes_sum(&s0);

    for ( /* void */ ; i < n; i++) {
        products.dot += review_float(a + i) * review_float(b + i);
        products.square += review_float(b + i) * review_float(b + i);
    }

    return products;
}


static review_products_t
review_vector_products_any(const float *a, const float *b, size_t n)
{
    return review_vector_body(a, b, n);
}


#if defined(__x86_64__)

static __attribute__((target("avx2,fma"))) review_products_t
review_vector_products_avx2(const float *a, const float *b, size_t n)
{
    return review_vector_body(a, b, n);
}

#endif


/* what this processor has; the compiler's start-up code has asked it once */

static review_products_pt
review_vector_products(void)
{
#if defined(__x86_64__)

    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return review_vector_products_avx2;
    }

#endif

    return review_vector_products_any;
}


/* for the few vectors that floats can't do: no square of a float overflows */

static review_products_t
review_vector_products_double(const float *a, const float *b, size_t n)
{
    size_t             i;
    review_products_t  products;

    products.dot = 0;
    products.square = 0;

    for (i = 0; i < n; i++) {
        products.dot += review_float(a + i) * review_float(b + i);
        products.square += review_float(b + i) * review_float(b + i);
    }

    return products;
}


/* not the one of libm, which nginx does not load; x is > 0 and normal */

static double
review_vector_sqrt(double x)
{
    int       i;
    double    root;
    uint64_t  bits;

    /* half of the exponent: at most 6% off, and then ever less */

    memcpy(&bits, &x, sizeof(bits));
    bits = (bits >> 1) + 0x1ff8000000000000;
    memcpy(&root, &bits, sizeof(root));

    for (i = 0; i < 3; i++) {
        root = (root + x / root) / 2;
    }

    return root;
}


/* is it the square of a length that is neither 0 nor infinite? */

#define review_vector_sane(square)  ((square) > 0 && (square) <= DBL_MAX)


static float
review_vector_cosine(const review_products_t *products, double square)
{
    double  cosine;

    if (!review_vector_sane(products->square)) {
        return 0;
    }

    cosine = products->dot / review_vector_sqrt(square * products->square);

    return (cosine > 1) ? 1 : (cosine < -1) ? -1 : (float) cosine;
}


float
review_vector_dot(const float *a, const float *b, size_t n)
{
    return (float) review_vector_products()(a, b, n).dot;
}


void
review_vector_cosines(const float *query, const float *const *vectors,
    size_t n, size_t dim, float *scores)
{
    size_t              i;
    double              square;
    review_products_t   products;
    review_products_pt  fast;

    square = review_vector_products_double(query, query, dim).square;

    if (!review_vector_sane(square)) {
        memset(scores, 0, n * sizeof(float));
        return;
    }

    fast = review_vector_fits(square) ? review_vector_products() : NULL;

    for (i = 0; i < n; i++) {

        if (fast) {
            products = fast(query, vectors[i], dim);
        }

        if (fast == NULL || !review_vector_fits(products.square)) {
            products = review_vector_products_double(query, vectors[i], dim);
        }

        scores[i] = review_vector_cosine(&products, square);
    }
}
