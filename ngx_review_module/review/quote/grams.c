
#include "review/quote/grams.h"


#define REVIEW_GRAMS_BYTES  8          /* of a piece */
#define REVIEW_GRAMS_BITS   4          /* for each of them, at least */


static size_t
review_grams_bit(const review_grams_t *grams, const char *p)
{
    uint64_t  n;

    memcpy(&n, p, REVIEW_GRAMS_BYTES);

    return (size_t) ((n * 0x9e3779b97f4a7c15) >> grams->shift);
}


void
review_grams_init(review_grams_t *grams, review_pool_t *pool, const char *data,
    size_t len)
{
    size_t  i, bit, size;

    grams->shift = 64 - 6;

    while (((uint64_t) 1 << (64 - grams->shift))
           < (uint64_t) len * REVIEW_GRAMS_BITS)
    {
        grams->shift--;
    }

    size = (size_t) 1 << (64 - grams->shift - 3);

    grams->bits = review_alloc(pool, size);
    if (grams->bits == NULL) {
        return;
    }

    memset(grams->bits, 0, size);

    for (i = 0; i + REVIEW_GRAMS_BYTES <= len; i++) {
        bit = review_grams_bit(grams, data + i);
        grams->bits[bit >> 3] |= (unsigned char) (1 << (bit & 7));
    }
}


int
review_grams_may(const review_grams_t *grams, const char *data, size_t len)
{
    size_t  i, bit;

    if (grams->bits == NULL) {
        return 1;
    }

    for (i = 0; i + REVIEW_GRAMS_BYTES <= len; i++) {
        bit = review_grams_bit(grams, data + i);

        if (!(grams->bits[bit >> 3] & (1 << (bit & 7)))) {
            return 0;
        }
    }

    return 1;
}
