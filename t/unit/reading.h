
/*
 * For tests of what reads requests: "refused" tells that one is, with which
 * status, where, and why.  They have a read_request(text) of their own.
 */

#ifndef READING_H
#define READING_H


#include "tap.h"
#include "review/json/json.h"


static review_pool_t   *pool;
static review_error_t   err;


static int read_request(const char *text);


/*
 * Single quotes stand for double ones.  The pool is made anew: what is left of
 * the one before would be seen.
 */

static inline json_t *
read_body(const char *text)
{
    char    *p, *copy;
    size_t   len;
    json_t  *body;

    if (pool) {
        tap_pool_free(pool);
    }

    pool = tap_pool();
    memset(&err, 0, sizeof(err));

    len = strlen(text);
    copy = review_alloc(pool, len + 1);
    memcpy(copy, text, len + 1);

    for (p = copy; *p; p++) {
        *p = (*p == '\'') ? '"' : *p;
    }

    body = review_json_parse(copy, len, &err);

    if (body == NULL || review_pool_own_json(pool, body) != 0) {
        printf("# not JSON: %s\n", text);
        exit(1);
    }

    return body;
}


static inline void
refused(int status, const char *pointer, const char *words, const char *text)
{
    int  rc;

    rc = read_request(text);

    ok(rc == status && strcmp(err.pointer, pointer) == 0
       && strstr(err.text, words), "%d %s %s: %.100s", status, pointer, words,
       text);

    if (rc != status || strcmp(err.pointer, pointer) != 0
        || strstr(err.text, words) == NULL)
    {
        printf("# got %d at \"%s\": %s\n", rc, err.pointer, err.text);
    }
}


/* so many allocations succeed */

static int  reading_left;

static inline void *
reading_poor_alloc(review_pool_t *poor, size_t size)
{
    return reading_left-- > 0 ? pool->alloc(poor->ctx, size) : NULL;
}


static inline review_pool_t *
reading_poor(review_pool_t *poor, int n)
{
    poor->alloc = reading_poor_alloc;
    poor->cleanup = pool->cleanup;
    poor->ctx = pool;
    reading_left = n;

    return poor;
}


#endif
