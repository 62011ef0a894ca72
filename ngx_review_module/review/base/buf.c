
#include "review/base/buf.h"


void
review_buf_init(review_buf_t *b, review_pool_t *pool, size_t size)
{
    memset(b, 0, sizeof(*b));

    b->pool = pool;

    if (size) {
        (void) review_buf_reserve(b, size);
    }
}


/* all but the last byte goes; is there room for "size" more then? */

static int
review_buf_drain(review_buf_t *b, size_t size)
{
    if (b->drain == NULL || b->size < b->window || b->len < 2) {
        return 0;
    }

    switch (b->drain(b->to, b->data, b->len - 1)) {

    case 0:
        break;

    case 1:
        return b->size - b->len >= size;

    default:
        b->failed = 1;
        return 0;
    }

    b->data[0] = b->data[b->len - 1];
    b->len = 1;

    return b->size - b->len >= size;
}


char *
review_buf_grow(review_buf_t *b, size_t size)
{
    char    *data;
    size_t   n;

    if (!b->failed && review_buf_drain(b, size)) {
        return b->data + b->len;
    }

    if (b->failed) {
        return NULL;
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
