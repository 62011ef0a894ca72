
/*
 * Proves that a text which is drained is the one that would have been kept,
 * however it is written and wherever the drain is full, and that the drain may
 * leave it to the buffer, or fail.
 */

#include "tap.h"

#include "review/base/buf.h"
#include "review/json/write.h"

#include <stdlib.h>


#define ALL  (1024 * 1024)


typedef struct {
    char           *data;
    size_t          len;
    size_t          times;
    size_t          most;              /* times; then "full" is said */
    int             full;
    review_buf_t   *b;
} drain_t;


static int
drain(void *to, const char *data, size_t len)
{
    drain_t *d = to;

    if (d->times == d->most) {
        d->b->drain = NULL;
        return d->full;
    }

    d->times++;
    memcpy(d->data + d->len, data, len);
    d->len += len;

    return 0;
}


/* of all that writers look back at: lists, members, what is escaped */

static void
write_all(review_buf_t *b, unsigned seed)
{
    char      text[300];
    size_t    i, n;
    unsigned  r;

    r = seed;

    review_write_object(b, NULL);

    for (i = 0; i < 400; i++) {
        r = r * 1103515245 + 12345;
        n = (r >> 16) % sizeof(text);
        memset(text, r & 0x10000 ? '"' : 'a', n);

        review_write_array(b, "list");
        review_write_number(b, NULL, r);
        review_write_string(b, NULL, text, n);
        review_write_object(b, NULL);
        review_write_object_end(b);
        review_write_array_end(b);
    }

    review_write_object_end(b);
}


static void
test_drain(review_pool_t *pool, unsigned seed, size_t window, size_t most,
    int full)
{
    drain_t       d;
    review_buf_t  kept, b;

    review_buf_init(&kept, pool, 0);
    write_all(&kept, seed);

    memset(&d, 0, sizeof(d));

    d.data = malloc(ALL);
    d.most = most;
    d.full = full;
    d.b = &b;

    review_buf_init(&b, pool, 64);

    b.drain = drain;
    b.to = &d;
    b.window = window;

    write_all(&b, seed);

    if (full == -1 && d.times == most) {
        ok(b.failed, "window %zu: a drain that fails is told", window);

    } else {
        ok(!b.failed && d.times && d.len + b.len == kept.len
           && memcmp(d.data, kept.data, d.len) == 0
           && memcmp(b.data, kept.data + d.len, b.len) == 0,
           "window %zu, seed %u, full after %zu: the same", window, seed, most);
    }

    free(d.data);
}


int
main(void)
{
    unsigned        seed;
    review_pool_t  *pool;

    pool = tap_pool();

    for (seed = 1; seed < 8; seed++) {
        test_drain(pool, seed, 0, ALL, 0);
        test_drain(pool, seed, 500 * seed, ALL, 0);
        test_drain(pool, seed, 4096, seed, 1);
        test_drain(pool, seed, 1024, seed, -1);
    }

    tap_pool_free(pool);

    return tap_end();
}
