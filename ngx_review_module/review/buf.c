
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>


void
review_buf_init(review_buf_t *b, review_pool_t *pool, size_t size)
{
    memset(b, 0, sizeof(*b));

    b->pool = pool;

    if (size) {
        (void) review_buf_reserve(b, size);
    }
}


char *
review_buf_reserve(review_buf_t *b, size_t size)
{
    char    *data;
    size_t   n;

    if (b->failed) {
        return NULL;
    }

    if (size <= b->size - b->len) {
        return b->data + b->len;
    }

    n = b->size * 2;

    if (n - b->len < size) {
        n = b->len + size;
    }

    if (n < 128) {
        n = 128;
    }

    data = review_alloc(b->pool, n);
    if (data == NULL) {
        b->failed = 1;
        return NULL;
    }

    if (b->len) {
        memcpy(data, b->data, b->len);
    }

    b->data = data;
    b->size = n;

    return data + b->len;
}


void
review_buf_add(review_buf_t *b, const char *data, size_t len)
{
    char  *p;

    if (len == 0) {
        return;
    }

    p = review_buf_reserve(b, len);

    if (p) {
        memcpy(p, data, len);
        b->len += len;
    }
}


void
review_buf_str(review_buf_t *b, const review_str_t *str)
{
    review_buf_add(b, str->data, str->len);
}


void
review_buf_puts(review_buf_t *b, const char *str)
{
    review_buf_add(b, str, strlen(str));
}


void
review_buf_printf(review_buf_t *b, const char *fmt, ...)
{
    int      n;
    char    *p, none[1];
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(none, sizeof(none), fmt, args);
    va_end(args);

    p = review_buf_reserve(b, (size_t) n + 1);

    if (p) {
        va_start(args, fmt);
        vsnprintf(p, (size_t) n + 1, fmt, args);
        va_end(args);
        b->len += (size_t) n;
    }
}


void
review_buf_escape(review_buf_t *b, const char *data, size_t len)
{
    char                 *p;
    size_t                i, from;
    unsigned char         c;
    static const char     hex[] = "0123456789abcdef";
    static const char     names[] = "btn?fr";

    if (len == 0) {
        return;
    }

    from = 0;

    for (i = 0; i < len; i++) {
        c = (unsigned char) data[i];

        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }

        review_buf_add(b, data + from, i - from);
        from = i + 1;

        p = review_buf_reserve(b, sizeof("\\u0000") - 1);
        if (p == NULL) {
            return;
        }

        p[0] = '\\';
        b->len += 2;

        if (c >= 0x20) {
            p[1] = (char) c;

        } else if (c >= '\b' && c <= '\r' && c != '\v') {
            p[1] = names[c - '\b'];

        } else {
            p[1] = 'u';
            p[2] = '0';
            p[3] = '0';
            p[4] = hex[c >> 4];
            p[5] = hex[c & 15];
            b->len += 4;
        }
    }

    review_buf_add(b, data + from, i - from);
}


void
review_buf_json(review_buf_t *b, const char *data, size_t len)
{
    (void) review_buf_reserve(b, len + 2);

    review_buf_add(b, "\"", 1);
    review_buf_escape(b, data, len);
    review_buf_add(b, "\"", 1);
}


static int
review_buf_dump(const char *data, size_t len, void *buf)
{
    review_buf_add(buf, data, len);

    return 0;
}


void
review_buf_value(review_buf_t *b, const json_t *value)
{
    if (value == NULL) {
        review_buf_add(b, "null", 4);
        return;
    }

    /* 15 digits, so that 0.1 stays 0.1 */

    if (json_dump_callback(value, review_buf_dump, b,
                           JSON_COMPACT|JSON_ENCODE_ANY
                           |JSON_REAL_PRECISION(15))
        != 0)
    {
        b->failed = 1;
    }
}
