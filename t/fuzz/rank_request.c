
/*
 * Proves, for any JSON, that a request to rank is either taken, with queries
 * and texts none of which is blank, or refused with a pointer to what is wrong.
 */

#include "request.h"
#include "review/rank/rank_request.h"


static void
check_request(const review_rank_request_t *request)
{
    size_t  i, size;

    check(request->nqueries > 0 && request->ntexts > 0);
    check(request->ntexts <= 64 && request->top_k > 0);
    check((int) request->by >= 0 && request->by <= REVIEW_RANK_HYBRID);

    for (i = 0, size = 0; i < request->nqueries + request->ntexts; i++) {
        fuzz_text(&request->texts[i], SIZE_MAX);
        check(!review_utf8_blank(request->texts[i].data,
                                 request->texts[i].len));
        size += request->texts[i].len;
    }

    check(size == request->size);

    for (i = 0; i < request->ntexts; i++) {
        fuzz_text(&request->ids[i], 1024);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                     rc;
    json_t                 *body;
    review_pool_t          *pool;
    review_error_t          err;
    review_rank_given_t     given = { 64 };
    review_rank_request_t   request;

    pool = tap_pool();
    body = fuzz_body(pool, data, size, review_rank_members);

    if (body) {
        rc = review_rank_request(pool, body, &given, &request, &err);

        if (rc) {
            fuzz_refused(body, rc, &err);

        } else {
            check(!fuzz_unknown);
            check_request(&request);
        }
    }

    tap_pool_free(pool);

    return 0;
}
