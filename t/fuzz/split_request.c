
/*
 * Proves, for any JSON, that a request to split is either taken, with a split
 * that can be made, or refused with a pointer to what is wrong.
 */

#include "request.h"
#include "review/split/split_request.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                      rc;
    json_t                  *body;
    review_pool_t           *pool;
    review_error_t           err;
    review_split_given_t     given;
    review_split_request_t   request;

    pool = tap_pool();
    body = fuzz_body(pool, data, size, review_split_request_members);

    memset(&given, 0, sizeof(given));

    given.options.max = 100;
    given.options.overlap = 10;
    given.max_text = 4096;

    if (body) {
        rc = review_split_request(pool, body, &given, &request, &err);

        if (rc) {
            fuzz_refused(body, rc, &err);

        } else {
            check(!fuzz_unknown);
            fuzz_text(&request.text, 4096);
            check(request.options.max > 0
                  && request.options.max <= 1000000000
                  && request.options.overlap < request.options.max);
        }
    }

    tap_pool_free(pool);

    return 0;
}
