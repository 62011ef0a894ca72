
/* A text that grows in a pool: prompts, results, replies are written here. */

#ifndef _REVIEW_BUF_H_INCLUDED_
#define _REVIEW_BUF_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * Takes what is full of a text, "len" bytes.  0; 1: it is to be kept; or -1:
 * nothing goes on.
 */

typedef int (*review_buf_drain_pt)(void *to, const char *data, size_t len);


/*
 * Memory that could not be had sets "failed", after which nothing is written
 * any more: a writer checks once, at its end.
 *
 * A long text need not be kept: with a "drain", what is larger than "window"
 * goes there, and the last of it stays, one byte at least, since writers look
 * at what stands before.
 */

typedef struct {
    review_pool_t        *pool;
    char                 *data;
    size_t                len;
    size_t                size;
    review_buf_drain_pt   drain;         /* NULL: all is kept */
    void                 *to;
    size_t                window;
    unsigned              failed:1;
} review_buf_t;


/* "size" bytes are set aside at the first write; 0 is fine */

void review_buf_init(review_buf_t *b, review_pool_t *pool, size_t size);

/* makes room for "size" more bytes and returns where they go, or NULL */

char *review_buf_grow(review_buf_t *b, size_t size);

static inline char *
review_buf_reserve(review_buf_t *b, size_t size)
{
    return b->size - b->len >= size && !b->failed ? b->data + b->len
                                                  : review_buf_grow(b, size);
}

static inline void
review_buf_add(review_buf_t *b, const char *data, size_t len)
{
    char  *p;

    if (len) {
        p = review_buf_reserve(b, len);

        if (p) {
            memcpy(p, data, len);
            b->len += len;
        }
    }
}

/* most texts are literals, whose lengths are known when compiled */

static inline void
review_buf_puts(review_buf_t *b, const char *str)
{
    review_buf_add(b, str, strlen(str));
}

void review_buf_str(review_buf_t *b, const review_str_t *str);

/* digits; and a real, not negative, rounded to four digits after its point */

void review_buf_number(review_buf_t *b, uint64_t n);
void review_buf_decimal(review_buf_t *b, double value);


#pragma GCC visibility pop


#endif /* _REVIEW_BUF_H_INCLUDED_ */
