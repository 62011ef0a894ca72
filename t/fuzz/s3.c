
/*
 * Proves that no answer of a store makes its readers read or write outside of
 * it, and that what they return is whole: texts lie inside of blocks, lists
 * can be written as JSON that can be parsed.
 */

#include "check.h"
#include "review/net/s3.h"
#include "review/net/xml.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t           *json;
    review_buf_t      b;
    review_str_t      text;
    review_pool_t    *pool;
    review_s3_list_t  list;

    pool = tap_pool();

    review_buf_init(&b, pool, 0);

    if (review_s3_value(pool, (const char *) data, size, "Error/Code", &text)
        == 0)
    {
        review_s3_encode(&b, text.data, text.len, 1);
        review_s3_complete(&b, &text, 1);
        (void) review_s3_etag(text.data, text.len,
                              (const unsigned char *) "0123456789abcdef",
                              text.len % 2);
    }

    b.len = 0;

    if (review_s3_list(pool, (const char *) data, size, &list) == 0) {
        review_s3_list_json(&b, &list);

        json = json_loadb(b.data, b.len, JSON_ALLOW_NUL, NULL);

        if (json == NULL) {
            fprintf(stderr, "not JSON: %.*s\n", (int) b.len, b.data);
            abort();
        }

        json_decref(json);
    }

    tap_pool_free(pool);

    return 0;
}
