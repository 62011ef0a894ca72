
#include "review/base/buf.h"
#include "review/json/scan.h"


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
review_buf_str(review_buf_t *b, const review_str_t *str)
{
    review_buf_add(b, str->data, str->len);
}


void
review_buf_number(review_buf_t *b, uint64_t n)
{
    char  *p, digits[20];

    p = digits + sizeof(digits);

    do {
        *--p = (char) ('0' + n % 10);
        n /= 10;
    } while (n);

    review_buf_add(b, p, (size_t) (digits + sizeof(digits) - p));
}


/* not printf(): what that makes of a real depends on the locale */

void
review_buf_decimal(review_buf_t *b, double value)
{
    int       i;
    char      text[5];
    uint64_t  n;

    n = (uint64_t) (value * 10000 + 0.5);

    review_buf_number(b, n / 10000);

    n %= 10000;

    if (n == 0) {
        return;
    }

    text[0] = '.';

    for (i = 4; i > 0; i--) {
        text[i] = (char) ('0' + n % 10);
        n /= 10;
    }

    for (i = 5; text[i - 1] == '0'; i--) { /* void */ }

    review_buf_add(b, text, (size_t) i);
}


void
review_buf_escape(review_buf_t *b, const char *data, size_t len)
{
    char                 *p;
    uint64_t              high;
    const char           *end, *last;
    unsigned char         c;
    static const char     hex[] = "0123456789abcdef";
    static const char     names[] = "btn?fr";

    if (len == 0) {
        return;
    }

    high = 0;
    last = data + len;

    for ( ;; ) {
        end = review_scan_run(data, last, &high);
        review_buf_add(b, data, (size_t) (end - data));

        if (end == last) {
            return;
        }

        c = (unsigned char) *end;
        data = end + 1;

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
