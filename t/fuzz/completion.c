
/*
 * Proves, for any body, that how it was cut by the network changes nothing:
 * fed whole, byte by byte and in pieces of pseudo-random sizes it gives the
 * same result and content, both told in valid UTF-8; and that the fast paths
 * for ordinary events and bodies say what a full JSON parser says.
 */

#include "check.h"
#include "review/completion/completion_json.h"
#include "review/base/utf8.h"


#define WHOLE   0
#define BYTES   1
#define PIECES  2
#define SLOW    3                      /* by line, none on a fast path */


static size_t
piece_size(int how, const char *body, size_t len, uint32_t *seed)
{
    size_t       n;
    const char  *lf;

    switch (how) {

    case WHOLE:
        n = len;
        break;

    case BYTES:
        n = 1;
        break;

    case PIECES:
        *seed = *seed * 1103515245 + 12345;
        n = 1 + (*seed >> 16) % 40;
        break;

    default:
        lf = memchr(body, '\n', len);
        n = lf ? (size_t) (lf - body) + 1 : len;
    }

    return n < len ? n : len;
}


static review_completion_e
feed(review_completion_t *c, review_pool_t *pool, int how, const char *body,
    size_t len, uint32_t seed)
{
    char    *piece;
    size_t   i, n;

    review_completion_init(c, pool, 300);

    for (i = 0; i < len; i += n) {
        n = piece_size(how, body + i, len - i, &seed);

        piece = malloc(n);
        memcpy(piece, body + i, n);

        if (how == SLOW) {
            c->started = 0;
        }

        (void) review_completion_feed(c, piece, n);

        free(piece);
    }

    if (how == SLOW && c->mode == REVIEW_COMPLETION_JSON && !c->failed) {
        c->ending = 1;
        c->done = 1;
        review_completion_trim(c);
        review_completion_json(c, c->raw.data, c->raw.len, 0);
    }

    return review_completion_end(c);
}


static int
same(review_str_t one, review_str_t other)
{
    return one.len == other.len
           && (one.len == 0 || memcmp(one.data, other.data, one.len) == 0);
}


/* the fast path does not look into numbers and names that it passes over */

static int
is_lenient(review_completion_t *c)
{
    return strstr(c->detail, "overflow") || strstr(c->detail, "depth")
           || strstr(c->detail, "NUL byte");
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   how;
    uint32_t              seed;
    review_pool_t        *pool;
    review_completion_e   rc;
    review_completion_t   whole, c;

    pool = tap_pool();

    seed = size ? data[size / 2] : 0;

    rc = feed(&whole, pool, WHOLE, (const char *) data, size, seed);

    check(review_utf8_valid(whole.content.data, whole.content.len)
          == whole.content.len);
    check(review_utf8_valid(whole.detail, strlen(whole.detail))
          == strlen(whole.detail));
    check((rc == REVIEW_COMPLETION_OK) == (whole.detail[0] == '\0'));

    for (how = BYTES; how <= SLOW; how++) {

        if (feed(&c, pool, how, (const char *) data, size, seed) != rc) {
            check(how == SLOW && is_lenient(&c));
            continue;
        }

        if (how == SLOW && is_lenient(&c)) {
            continue;
        }

        check(same(c.content, whole.content));
        check(same(c.finish_reason, whole.finish_reason));
        check(strcmp(c.detail, whole.detail) == 0);
        check(c.prompt_tokens == whole.prompt_tokens);
        check(c.completion_tokens == whole.completion_tokens);
        check(how == SLOW || same(c.model, whole.model));
    }

    tap_pool_free(pool);

    return 0;
}
