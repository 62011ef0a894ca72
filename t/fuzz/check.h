
/* What fuzz targets share: checks, and blocks whose end a sanitizer sees. */

#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H


#include "../unit/tap.h"

#include <stdint.h>


#define check(cond)                                                           \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fprintf(stderr, "failed: %s at line %d\n", #cond, __LINE__);      \
            abort();                                                          \
        }                                                                     \
    } while (0)


static inline review_str_t
fuzz_copy(review_pool_t *pool, const void *data, size_t len)
{
    char          *p;
    review_str_t   text;

    p = review_alloc(pool, len);

    if (len) {
        memcpy(p, data, len);
    }

    text.data = p;
    text.len = len;

    return text;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#endif /* FUZZ_CHECK_H */
