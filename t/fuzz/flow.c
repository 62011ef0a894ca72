
/*
 * Proves, for any pattern and any text, split at the first NUL byte, that the
 * text as it flows leads back to the text: places of its pieces lie in the
 * text, cut no code point, are in order and cover one another; what was not
 * changed is the text's own; and nothing but white space and what is never seen
 * is left out, but for what stands about the end of a page.
 */

#include "../unit/tap.h"
#include "review/document/flow.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define check(cond)                                                           \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fprintf(stderr, "failed: %s at line %d\n", #cond, __LINE__);      \
            abort();                                                          \
        }                                                                     \
    } while (0)


static char *
copy(review_pool_t *pool, const char *data, size_t len)
{
    char  *p;

    p = review_alloc(pool, len);

    if (len) {
        memcpy(p, data, len);
    }

    return p;
}


static int
is_whole(const char *text, size_t len, size_t at)
{
    return at == len || (at < len && !review_utf8_trail(text[at]));
}


/* all between places may be left out */

static int
is_nothing(const char *p, const char *last)
{
    int32_t  c;

    if (p < last && memchr(p, '\f', (size_t) (last - p))) {
        return 1;
    }

    while (p < last) {
        c = review_utf8_next(&p, last);

        if (!utf8proc_get_property(c)->ignorable
            && !review_utf8_blank(p - (c < 0x80 ? 1 : c < 0x800 ? 2
                                       : c < 0x10000 ? 3 : 4),
                                  c < 0x80 ? 1 : c < 0x800 ? 2
                                  : c < 0x10000 ? 3 : 4))
        {
            return 0;
        }
    }

    return 1;
}


static void
check_flow(review_flow_t *flow, const char *text, size_t len)
{
    size_t       n, at, from, to, last, first;
    const char  *form, *p;

    form = flow->text.data;
    n = flow->text.len;

    check(review_utf8_valid(form, n) == n);
    check(flow->changed || (n == len && (n == 0
                                         || memcmp(form, text, n) == 0)));

    first = 0;
    last = 0;

    for (at = 0, p = form; at < n; at = (size_t) (p - form)) {
        (void) review_utf8_next(&p, form + n);

        from = at;
        to = (size_t) (p - form);
        review_flow_place(flow, &from, &to);

        check(from < to && to <= len);
        check(is_whole(text, len, from) && is_whole(text, len, to));
        check(from >= first && to >= last);

        check(from <= last || is_nothing(text + last, text + from));

        first = from;
        last = to;

        /* no match at all has a place, too, and so has one up to here */

        from = at;
        to = at;
        review_flow_place(flow, &from, &to);
        check(from == first && to == first);

        from = 0;
        to = (size_t) (p - form);
        review_flow_place(flow, &from, &to);
        check(to == last && from <= first);
    }

    check(is_nothing(text + last, text + len));
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                *text;
    size_t               len;
    const uint8_t       *nul;
    review_str_t         str;
    review_pool_t       *pool;
    review_flow_t        flow;
    review_flow_kept_t   kept;

    nul = size ? memchr(data, 0, size) : NULL;

    if (nul == NULL) {
        return 0;
    }

    len = size - (size_t) (nul - data) - 1;

    if (review_utf8_valid((const char *) nul + 1, len) != len
        || review_utf8_valid((const char *) data, size - len - 1)
           != size - len - 1)
    {
        return 0;
    }

    pool = tap_pool();
    text = copy(pool, (const char *) nul + 1, len);

    str.data = copy(pool, (const char *) data, size - len - 1);
    str.len = size - len - 1;
    review_flow_keep(&kept, &str);

    memset(&flow, 0, sizeof(flow));
    str.data = text;
    str.len = len;

    check(review_flow_make(&flow, pool, &str, &kept) == 0);
    check_flow(&flow, text, len);

    /* anew, in its own memory */

    check(review_flow_make(&flow, pool, &str, &kept) == 0);
    check_flow(&flow, text, len);

    tap_pool_free(pool);

    return 0;
}
