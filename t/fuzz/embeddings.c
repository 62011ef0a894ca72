
/*
 * Proves, for any answer to a few inputs, that it is refused with a reason in
 * valid UTF-8, or that its vectors are finite, all of one length, the same to
 * the last bit when written in either form and read again, and next to what
 * another JSON parser reads; and that any error is taken without harm.  The
 * first byte says how many inputs there are.
 */

#include <math.h>

#include "check.h"
#include "review/embed/embeddings.h"
#include "review/base/utf8.h"


static int
is_text(const char *text)
{
    return review_utf8_valid(text, strlen(text)) == strlen(text);
}


static float *
floats(review_pool_t *pool, const review_embedding_t *item)
{
    float   *values;
    size_t   i;

    values = review_alloc(pool, item->dim * sizeof(float));
    review_embedding_floats(item, values);

    for (i = 0; i < item->dim; i++) {
        check(isfinite(values[i]));
    }

    return values;
}


static void
check_written(review_pool_t *pool, const review_embedding_t *item, int base64)
{
    float                *one, *two;
    review_buf_t          b;
    review_error_t        err;
    review_embeddings_t   e;

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, "{\"data\":[{\"embedding\":");
    review_embedding_write(item, &b, base64);
    review_buf_puts(&b, "}]}");

    check(!b.failed);
    check(review_embeddings_parse(pool, b.data, b.len, 1, &e, &err) == 0);
    check(e.items[0].dim == item->dim);
    check(e.items[0].base64 == (unsigned) base64);

    one = floats(pool, item);
    two = floats(pool, &e.items[0]);

    check(memcmp(one, two, item->dim * sizeof(float)) == 0);
}


/* what another parser makes a double of must round to the same, or nearly */

static void
check_numbers(review_pool_t *pool, const review_embedding_t *item)
{
    float         *values, expected;
    size_t         i;
    json_t        *array, *number;
    json_error_t   error;

    if (item->base64) {
        return;
    }

    array = json_loadb(item->raw.data, item->raw.len, JSON_DECODE_INT_AS_REAL,
                       &error);

    /* of numbers that are 0 to a float, some are too small for it */

    if (array == NULL) {
        check(json_error_code(&error) == json_error_numeric_overflow);
        return;
    }

    check(json_array_size(array) == item->dim);
    values = floats(pool, item);

    json_array_foreach(array, i, number) {
        expected = (float) json_real_value(number);

        check(expected == values[i]
              || nextafterf(expected, values[i]) == values[i]);
    }

    json_decref(array);
}


static void
check_answer(review_pool_t *pool, const char *data, size_t len, size_t n)
{
    size_t                i;
    review_error_t        err;
    review_embeddings_t   e;

    if (review_embeddings_parse(pool, data, len, n, &e, &err) != 0) {
        check(err.text[0]);
        check(is_text(err.text) && is_text(err.pointer));
        return;
    }

    for (i = 0; i < n; i++) {
        check(e.items[i].dim && e.items[i].dim == e.items[0].dim);

        check_numbers(pool, &e.items[i]);
        check_written(pool, &e.items[i], 0);
        check_written(pool, &e.items[i], 1);
    }
}


static void
check_error(const char *data, size_t len, int status)
{
    char                     text[64];
    review_embeddings_why_e  why;

    memset(text, 'x', sizeof(text));

    why = review_embeddings_why(status, data, len, text, sizeof(text));

    check(memchr(text, '\0', sizeof(text)) && is_text(text));
    check(status != 413 || why == REVIEW_EMBEDDINGS_TOO_LARGE);
    check(status == 413 || status == 400 || why != REVIEW_EMBEDDINGS_TOO_LARGE);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           *text;
    size_t          len;
    review_pool_t  *pool;

    if (size == 0) {
        return 0;
    }

    pool = tap_pool();

    len = size - 1;
    text = review_alloc(pool, len);
    memcpy(text, data + 1, len);

    check_answer(pool, text, len, data[0] % 8);

    check_error(text, len, 400);
    check_error(text, len, 413);
    check_error(text, len, 401);

    tap_pool_free(pool);

    return 0;
}
