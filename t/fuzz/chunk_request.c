
/*
 * Proves, for any JSON, that a request to review a chunk is either taken, with
 * a text to be reviewed, points that are each there once, references that are
 * told apart and vars that are values; or refused with a pointer to what is
 * wrong.
 */

#include "request.h"
#include "review/request/chunk_request.h"


static review_pool_t    *rubrics;
static review_rubric_t  *rubric;


static review_rubric_t *
find(void *data, const review_str_t *name)
{
    (void) data;

    return name->len == 1 ? rubric : NULL;
}


static void
check_request(const review_chunk_request_t *request)
{
    size_t                   i, k;
    json_t                  *value;
    const char              *name;
    const review_subject_t  *subject;

    subject = &request->subject;

    fuzz_text(&request->id, 1024);
    fuzz_text(&subject->chunk, 4096);
    fuzz_text(&subject->heading, SIZE_MAX);
    check(!review_utf8_blank(subject->chunk.data, subject->chunk.len));

    check(request->npoints > 0 && request->npoints <= 8);

    for (i = 0; i < request->npoints; i++) {
        check(request->points[i]->id.len > 0);

        for (k = 0; k < i; k++) {
            check(!fuzz_same(&request->points[i]->id,
                             &request->points[k]->id));
        }
    }

    check(subject->nreferences <= 8);

    for (i = 0; i < subject->nreferences; i++) {
        check(subject->reference_ids[i].len > 0);
        fuzz_text(&subject->reference_ids[i], 1024);
        fuzz_text(&subject->references[i], SIZE_MAX);
        check(subject->reference_orders[i] >= 1
              && subject->reference_orders[i] <= 1000000);

        for (k = 0; k < i; k++) {
            check(!fuzz_same(&subject->reference_ids[i],
                             &subject->reference_ids[k]));
        }
    }

    json_object_foreach(subject->vars, name, value) {
        check(json_is_string(value) || json_is_number(value)
              || json_is_boolean(value));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                      rc;
    json_t                  *body;
    review_pool_t           *pool;
    review_error_t           err;
    review_chunk_given_t     given;
    review_chunk_request_t   request;

    static const char  text[] = "{\"name\":\"n\",\"points\":["
        "{\"id\":\"a\",\"question\":\"q\"},{\"id\":\"b\",\"rule\":\"q\"}]}";

    if (rubric == NULL) {
        rubrics = tap_pool();
        rubric = review_rubric_load(rubrics, text, sizeof(text) - 1, &err);
    }

    pool = tap_pool();
    body = fuzz_body(pool, data, size, review_chunk_members);

    memset(&given, 0, sizeof(given));

    given.rubrics.rubric = size % 2 ? rubric : NULL;
    given.rubrics.find = find;
    given.rubrics.max_points = 8;
    given.rubrics.own = size % 4 > 0;
    given.max_chunk = 4096;
    given.max_points = 8;
    given.explains = size % 3 == 0;

    if (body) {
        rc = review_chunk_request(pool, body, &given, &request, &err);

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
