
/*
 * Proves, for any JSON, that a request for a task is either taken, with a
 * document from one place, references that are told apart, points that are
 * each there once, a split that can be made and a key that may be one; or
 * refused with a pointer to what is wrong.
 */

#include "request.h"
#include "review/net/s3.h"
#include "review/request/task_request.h"


static review_pool_t    *rubrics;
static review_rubric_t  *rubric;


static review_rubric_t *
find(void *data, const review_str_t *name)
{
    (void) data;

    return name->len == 1 ? rubric : NULL;
}


static void
check_document(const review_task_document_t *document)
{
    fuzz_text(&document->id, 1000);
    fuzz_text(&document->name, SIZE_MAX);
    check(document->name.len > 0);
    check(document->type.len <= 255
          && review_utf8_printable(document->type.data, document->type.len));

    if (document->from == REVIEW_SOURCE_TEXT) {
        check(!review_utf8_blank(document->name.data, document->name.len));
        check(document->name.len <= 4096);
    }

    if (document->from == REVIEW_SOURCE_OBJECT) {
        check(review_s3_bad_key(document->name.data, document->name.len)
              == NULL);
    }
}


static void
check_request(const review_task_request_t *request)
{
    size_t  i, k;

    check_document(&request->document);
    check(request->nreferences <= 8);

    for (i = 0; i < request->nreferences; i++) {
        check_document(&request->references[i]);
        check(request->references[i].id.len > 0);

        for (k = 0; k < i; k++) {
            check(!fuzz_same(&request->references[i].id,
                             &request->references[k].id));
        }
    }

    /* one of ours has a name, a client's has not: it is sent on as it is */

    check(request->rubric && request->rubric->npoints <= 8);
    check((request->rubric == rubric) == (request->rubric_name.data != NULL));
    check(!request->own || request->rubric->own);
    check(request->npoints > 0 && request->npoints <= 8);

    for (i = 0; i < request->npoints; i++) {
        check(request->points[i]->id.len > 0);

        for (k = 0; k < i; k++) {
            check(!fuzz_same(&request->points[i]->id,
                             &request->points[k]->id));
        }
    }

    check(request->split.max > 0
          && request->split.overlap < request->split.max);
    check(request->clauses <= 100 && request->top_k <= 1000000);
    check(request->deadline == 0 || request->deadline >= 1);
    check(request->object.data == NULL
          || review_s3_bad_key(request->object.data, request->object.len)
             == NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                     rc;
    json_t                 *body;
    review_str_t            name = review_string("n");
    review_pool_t          *pool;
    review_error_t          err;
    review_task_given_t     given;
    review_task_request_t   request;

    static const char  text[] = "{\"name\":\"n\",\"points\":["
        "{\"id\":\"a\",\"question\":\"q\"},{\"id\":\"b\",\"rule\":\"q\"}]}";

    if (rubric == NULL) {
        rubrics = tap_pool();
        rubric = review_rubric_load(rubrics, text, sizeof(text) - 1, &err);
    }

    pool = tap_pool();
    body = fuzz_body(pool, data, size, review_task_members);

    memset(&given, 0, sizeof(given));

    given.rubrics.rubric = rubric;
    given.rubrics.find = find;
    given.rubrics.max_points = 8;
    given.rubrics.own = size % 4 > 0;
    given.rubric = name;
    given.split.max = 2000;
    given.max_text = 4096;
    given.max_vars = 4096;
    given.max_points = 8;
    given.store = size % 8 > 0;

    if (body) {
        rc = review_task_request(pool, body, &given, &request, &err);

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
