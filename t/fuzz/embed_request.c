
/*
 * Proves, for any JSON, that a request to embed is either taken, with inputs
 * that are JSON, each alike with one that is the same, and members for the
 * service that are JSON with what is asked; or refused with a pointer to what
 * is wrong.
 */

#include "request.h"
#include "review/base/buf.h"
#include "review/embed/embeddings.h"


static void
check_request(review_pool_t *pool, const review_embed_request_t *request)
{
    size_t         i;
    json_t        *json;
    review_buf_t   b;

    check(request->n > 0 && request->n <= 64);
    fuzz_text(&request->model, SIZE_MAX);

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, "{\"input\":[");

    for (i = 0; i < request->n; i++) {
        check(request->same[i] <= i);
        check(request->same[request->same[i]] == request->same[i]);
        check(fuzz_same(&request->inputs[i],
                        &request->inputs[request->same[i]]));

        review_buf_puts(&b, i ? "," : "");
        review_buf_str(&b, &request->inputs[i]);
    }

    review_buf_puts(&b, request->rest.len ? "]," : "]");
    review_buf_str(&b, &request->rest);
    review_buf_puts(&b, "}");

    json = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
    check(json_array_size(json_object_get(json, "input")) == request->n);
    check(json_object_get(json, "model") == NULL);
    check(json_object_get(json, "encoding_format") == NULL);
    json_decref(json);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                      rc;
    json_t                  *body;
    review_pool_t           *pool;
    review_error_t           err;
    review_embed_given_t     given = { 64 };
    review_embed_request_t   request;

    pool = tap_pool();
    body = fuzz_body(pool, data, size, review_embed_members);

    if (body) {
        rc = review_embed_request(pool, body, &given, &request, &err);

        if (rc) {
            fuzz_refused(body, rc, &err);

        } else {
            check(!fuzz_unknown);
            check_request(pool, &request);
        }
    }

    tap_pool_free(pool);

    return 0;
}
