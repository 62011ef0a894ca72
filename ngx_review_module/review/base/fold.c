
#include "review/base/fold.h"
#include "review/base/radicals.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


int32_t
review_fold_ideograph(int32_t c)
{
    size_t   i;
    int32_t  ideograph;

    for (i = 0; i < sizeof(review_radicals) / sizeof(review_radicals[0]); i++) {

        if (c >= review_radicals[i].first && c <= review_radicals[i].last) {
            ideograph = review_radicals[i].ideographs[
                                                 c - review_radicals[i].first];

            return ideograph ? ideograph : c;
        }
    }

    return c;
}


/* does the code point belong to the one before it? */

static int
review_fold_extends(int32_t c)
{
    const utf8proc_property_t  *prop;

    if (c < 0x300 || review_fold_is_han(c)) {
        return 0;
    }

    prop = utf8proc_get_property(c);

    switch (prop->boundclass) {

    case UTF8PROC_BOUNDCLASS_EXTEND:
    case UTF8PROC_BOUNDCLASS_SPACINGMARK:
    case UTF8PROC_BOUNDCLASS_V:
    case UTF8PROC_BOUNDCLASS_T:
        return prop->category != UTF8PROC_CATEGORY_CF;

    default:
        return 0;
    }
}


const char *
review_fold_cluster(const char *p, const char *last, size_t *n)
{
    const char  *q;

    for (*n = 1, q = p; q < last && *n < REVIEW_FOLD_CLUSTER; (*n)++, p = q) {
        if (!review_fold_extends(review_utf8_next(&q, last))) {
            break;
        }
    }

    return p;
}


int
review_fold_compat(const char *data, size_t len, size_t n, int cased,
    int32_t *c)
{
    utf8proc_ssize_t   i, max, folded;
    utf8proc_option_t  options;

    max = (utf8proc_ssize_t) n * REVIEW_FOLD_EXPANSION;

    options = UTF8PROC_STABLE|UTF8PROC_COMPAT|UTF8PROC_COMPOSE
              |UTF8PROC_IGNORE;

    if (cased) {
        options |= UTF8PROC_CASEFOLD;
    }

    folded = utf8proc_decompose((const utf8proc_uint8_t *) data,
                                (utf8proc_ssize_t) len, c, max, options);

    if (folded >= 0 && folded <= max) {
        folded = utf8proc_normalize_utf32(c, folded,
                                          UTF8PROC_STABLE|UTF8PROC_COMPOSE);
    }

    if (folded < 0 || folded > max) {
        return -1;
    }

    for (i = 0; i < folded; i++) {
        c[i] = review_fold_radical(c[i]);
    }

    return (int) folded;
}
