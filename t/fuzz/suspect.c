
/*
 * Proves, for any text, that what speaks to the reviewer does so amid other
 * words as well; and, but for words of letters, which must not begin inside of
 * another one, with a space behind each character and in full width; and that
 * ideographs, which are read two at a time, say the same when they are not.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "check.h"
#include "review/base/buf.h"
#include "review/base/utf8.h"
#include "review/suspect/suspect.h"


/* in a block of its own, for the sanitizer to see its end */

static int
told(const char *data, size_t len)
{
    int    rc;
    char  *copy;

    copy = memcpy(malloc(len ? len : 1), data, len);
    rc = review_suspect_text(copy, len);
    free(copy);

    return rc;
}


static void
put(review_buf_t *b, int32_t c)
{
    char  out[3];

    out[0] = (char) (0xe0 | c >> 12);
    out[1] = (char) (0x80 | (c >> 6 & 0x3f));
    out[2] = (char) (0x80 | (c & 0x3f));
    review_buf_add(b, out, 3);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int             told_it, plain, ideographs;
    int32_t         c;
    const char     *p, *start, *last;
    review_buf_t    amid, spaced, wide;
    review_pool_t  *pool;

    size = review_utf8_text((const char *) data, size);

    if (size == 0) {
        return 0;
    }

    pool = tap_pool();
    p = (const char *) data;
    last = p + size;
    told_it = told(p, size);

    review_buf_init(&amid, pool, 0);
    review_buf_init(&spaced, pool, 0);
    review_buf_init(&wide, pool, 0);

    review_buf_puts(&amid, "第一章 总则。\n\n");
    review_buf_add(&amid, p, size);
    review_buf_puts(&amid, "\n\n第二章");

    plain = 1;
    ideographs = 1;

    while (p < last) {
        start = p;
        c = review_utf8_next(&p, last);
        review_buf_add(&spaced, start, (size_t) (p - start));
        review_buf_add(&spaced, " ", 1);

        if (c > ' ' && c < 0x7f) {
            put(&wide, c + 0xfee0);

        } else {
            review_buf_add(&wide, start, (size_t) (p - start));
        }

        plain &= !(c == 0xad || (c >= 0x200b && c <= 0x200d) || c == 0x2060
                   || c == 0xfeff || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));

        /* but for those that say not to do so */

        ideographs &= c >= 0x3400 && c <= 0x9fff
                      && memmem("不没未切请勿并而", 24, start, 3) == NULL;
    }

    if (told_it) {
        check(told(amid.data, amid.len));
    }

    if (told_it && plain) {
        check(told(spaced.data, spaced.len));
        check(told(wide.data, wide.len));
    }

    if (ideographs) {
        check(told(spaced.data, spaced.len) == told_it);
    }

    tap_pool_free(pool);

    return 0;
}
