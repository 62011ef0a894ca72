
/*
 * Proves, for any body that passes, that how it was cut changes nothing of what
 * is read from it; and that of a JSON object it is what a full JSON parser
 * says.  The first byte is a seed for the cuts.
 */

#include "check.h"
#include "review/completion/usage.h"
#include "review/outline/units.h"


#define WHOLE   0
#define BYTES   1
#define PIECES  2


static void
feed(review_usage_t *u, int how, const uint8_t *data, size_t size,
    uint32_t seed)
{
    char    *piece;
    size_t   i, n;

    review_usage_init(u, review_units);

    for (i = 0; i < size; i += n) {
        seed = seed * 1103515245 + 12345;
        n = how == WHOLE ? size : how == BYTES ? 1 : 1 + (seed >> 16) % 40;
        n = n < size - i ? n : size - i;

        piece = malloc(n);
        memcpy(piece, data + i, n);
        review_usage_feed(u, piece, n);
        memset(piece, '#', n);
        free(piece);
    }

    review_usage_end(u);
}


static int
same(review_usage_t *one, review_usage_t *other)
{
    return one->prompt_tokens == other->prompt_tokens
           && one->completion_tokens == other->completion_tokens
           && one->nmodel == other->nmodel
           && memcmp(one->model, other->model, one->nmodel) == 0;
}


/* -1: none that is told; "-0" is one to a parser alone */

static int64_t
count(json_t *usage, const char *name)
{
    json_t  *n;

    n = json_object_get(usage, name);

    return json_is_integer(n) && json_integer_value(n) > 0
           && json_integer_value(n) <= UINT32_MAX ? json_integer_value(n) : -1;
}


static void
parsed(review_usage_t *u, json_t *body)
{
    int64_t  n;
    json_t  *usage;

    usage = json_object_get(body, "usage");

    n = count(usage, "prompt_tokens");
    check(n == -1 || u->prompt_tokens == n);

    n = count(usage, "completion_tokens");
    check(n == -1 || u->completion_tokens == n);

    if (!json_is_object(usage)) {
        check(u->prompt_tokens == -1);
    }

    if (!json_is_object(usage) && !json_is_array(json_object_get(body,
                                                                 "choices"))
        && !json_object_get(body, "messages")
        && !json_object_get(body, "input") && !json_object_get(body, "prompt"))
    {
        check(u->completion_tokens == -1);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t          *body;
    review_usage_t   whole, other;

    if (size == 0) {
        return 0;
    }

    feed(&whole, WHOLE, data + 1, size - 1, data[0]);

    feed(&other, BYTES, data + 1, size - 1, data[0]);
    check(same(&whole, &other));

    feed(&other, PIECES, data + 1, size - 1, data[0]);
    check(same(&whole, &other));

    body = json_loadb((const char *) data + 1, size - 1, JSON_REJECT_DUPLICATES,
                      NULL);

    if (json_is_object(body)) {
        parsed(&whole, body);
    }

    json_decref(body);

    return 0;
}
