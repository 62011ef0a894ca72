
/*
 * Unit tests speak TAP, and prove runs them.  A test program:
 *
 *     int main(void) { pool = tap_pool(); ...; return tap_end(); }
 */

#ifndef TAP_H
#define TAP_H


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "review/base/review.h"


static int  tap_count, tap_failed;


#define ok(cond, ...)                                                         \
    do {                                                                      \
        int ok_ = (cond) ? 1 : 0;                                             \
        printf("%sok %d - ", ok_ ? "" : "not ", ++tap_count);                 \
        printf(__VA_ARGS__);                                                  \
        printf("\n");                                                         \
        if (!ok_) {                                                           \
            tap_failed++;                                                     \
            printf("# failed: %s at %s:%d\n", #cond, __FILE__, __LINE__);     \
        }                                                                     \
    } while (0)

#define is_str(str, expected, ...)                                            \
    tap_is_str((str).data, (str).len, expected, __FILE__, __LINE__,           \
               __VA_ARGS__)


static inline __attribute__((format(printf, 6, 7))) void
tap_is_str(const char *data, size_t len, const char *expected,
    const char *file, int line, const char *fmt, ...)
{
    int      same;
    va_list  args;

    same = strlen(expected) == len
           && (len == 0 || memcmp(data, expected, len) == 0);

    printf("%sok %d - ", same ? "" : "not ", ++tap_count);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");

    if (!same) {
        tap_failed++;
        printf("# got:      \"%.*s\"\n# expected: \"%s\" at %s:%d\n",
               (int) len, len ? data : "", expected, file, line);
    }
}


/* a pool of single mallocs, so that ASan sees every byte past an end */

typedef struct tap_block_s  tap_block_t;

struct tap_block_s {
    tap_block_t   *next;
    void         (*handler)(void *);
    void          *data;
};


static inline void *
tap_alloc(review_pool_t *pool, size_t size)
{
    void         *p;
    tap_block_t  *b;

    p = malloc(size ? size : 1);
    b = malloc(sizeof(*b));

    b->handler = free;
    b->data = p;
    b->next = pool->ctx;
    pool->ctx = b;

    return p;
}


static inline int
tap_cleanup(review_pool_t *pool, void (*handler)(void *), void *data)
{
    tap_block_t  *b;

    b = malloc(sizeof(*b));

    b->handler = handler;
    b->data = data;
    b->next = pool->ctx;
    pool->ctx = b;

    return 0;
}


static inline review_pool_t *
tap_pool(void)
{
    review_pool_t  *pool;

    pool = calloc(1, sizeof(*pool));
    pool->alloc = tap_alloc;
    pool->cleanup = tap_cleanup;

    return pool;
}


static inline void
tap_pool_free(review_pool_t *pool)
{
    tap_block_t  *b, *next;

    for (b = pool->ctx; b; b = next) {
        next = b->next;
        b->handler(b->data);
        free(b);
    }

    free(pool);
}


static inline int
tap_end(void)
{
    printf("1..%d\n", tap_count);

    return tap_failed ? 1 : 0;
}


#endif
