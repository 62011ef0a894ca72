
/* What a client asks to have ranked, from JSON. */

#include "review/rank/rank_request.h"
#include "review/json/json.h"
#include "review/base/utf8.h"


#define REVIEW_RANK_TOP_K      10
#define REVIEW_RANK_TOP_K_MAX  1000000000

/* of queries and texts, to be compared; and of results, to be told */
#define REVIEW_RANK_PAIRS      10000000
#define REVIEW_RANK_RESULTS    1000000


const char *const  review_rank_names[] = {
    "embedding", "bm25", "hybrid", NULL
};


/* the one of two members that is there */

static int
review_rank_member(json_t *body, const char *one, const char *many,
    const char **name, json_t **value, review_error_t *err)
{
    char     pointer[REVIEW_ERROR_POINTER];
    json_t  *a, *b;

    a = json_object_get(body, one);
    b = json_object_get(body, many);

    a = json_is_null(a) ? NULL : a;
    b = json_is_null(b) ? NULL : b;

    *name = b ? many : one;
    *value = b ? b : a;

    (void) review_pointer_name(pointer, "", *name, strlen(*name));

    if (a && b) {
        (void) review_error(err, pointer, "cannot be given together with "
                            "\"%s\"", one);
        return 422;
    }

    if (*value == NULL) {
        (void) review_error(err, pointer, "is missing, and so is \"%s\"",
                            many);
        return 400;
    }

    return 0;
}


static int
review_rank_items(json_t *value, const char *name, review_error_t *err)
{
    char  pointer[REVIEW_ERROR_POINTER];

    (void) review_pointer_name(pointer, "", name, strlen(name));

    if (!json_is_array(value)) {
        (void) review_error(err, pointer, "must be an array, got %s",
                            review_json_type(value));
        return 400;
    }

    if (json_array_size(value) == 0) {
        (void) review_error(err, pointer, "is empty");
        return 400;
    }

    return 0;
}


/* a string, or an object with a text; "id" may be NULL: it has none */

static int
review_rank_text(json_t *value, const char *pointer, review_str_t *text,
    review_str_t *id, review_error_t *err)
{
    int   rc;
    char  at[REVIEW_ERROR_POINTER];

    memcpy(at, pointer, strlen(pointer) + 1);

    if (id && json_is_object(value)) {

        rc = review_json_string(value, pointer, "id", 0, 1024, id, err);
        if (rc == -1) {
            return 400;
        }

        (void) review_pointer_name(at, pointer, "text", 4);
        value = json_object_get(value, "text");

        if (value == NULL) {
            (void) review_error(err, at, "is missing");
            return 400;
        }
    }

    if (!json_is_string(value)) {
        (void) review_error(err, at, id ? "must be a string, or an object "
                            "with \"text\", got %s"
                            : "must be a string, got %s",
                            review_json_type(value));
        return 400;
    }

    text->data = json_string_value(value);
    text->len = json_string_length(value);

    if (review_utf8_blank(text->data, text->len)) {
        (void) review_error(err, at, "is empty");
        return 400;
    }

    return 0;
}


static int
review_rank_list(json_t *list, const char *name, review_str_t *texts,
    review_str_t *ids, review_error_t *err)
{
    int     rc;
    char    base[REVIEW_ERROR_POINTER], pointer[REVIEW_ERROR_POINTER];
    size_t  i;

    (void) review_pointer_name(base, "", name, strlen(name));

    if (strcmp(name, "query") == 0) {
        return review_rank_text(list, base, texts, NULL, err);
    }

    for (i = 0; i < json_array_size(list); i++) {
        (void) review_pointer_index(pointer, base, i);

        rc = review_rank_text(json_array_get(list, i), pointer, &texts[i],
                              ids ? &ids[i] : NULL, err);
        if (rc) {
            return rc;
        }
    }

    return 0;
}


static int
review_rank_options(json_t *body, review_rank_request_t *request,
    review_error_t *err)
{
    int      k, by;
    json_t  *value;

    value = json_object_get(body, "top_k");
    k = REVIEW_RANK_TOP_K;

    if (!json_is_null(value)
        && review_json_integer(body, "", "top_k", 1, REVIEW_RANK_TOP_K_MAX, &k,
                               err)
           == -1)
    {
        return 400;
    }

    value = json_object_get(body, "by");
    by = request->by;

    if (!json_is_null(value)
        && review_json_choice(body, "", "by", review_rank_names, &by, err)
           == -1)
    {
        return 400;
    }

    request->top_k = k;
    request->by = by;

    return 0;
}


int
review_rank_request(review_pool_t *pool, json_t *body,
    review_rank_request_t *request, review_error_t *err)
{
    int          rc;
    size_t       i, n;
    json_t      *queries, *texts;
    const char  *qname, *tname;

    if ((rc = review_rank_member(body, "query", "queries", &qname, &queries,
                                 err))
        || (rc = review_rank_member(body, "texts", "chunks", &tname, &texts,
                                    err))
        || (rc = review_rank_items(texts, tname, err)))
    {
        return rc;
    }

    if (strcmp(qname, "queries") == 0
        && (rc = review_rank_items(queries, qname, err)))
    {
        return rc;
    }

    request->nqueries = strcmp(qname, "queries") == 0
                        ? json_array_size(queries) : 1;
    request->ntexts = json_array_size(texts);

    n = request->nqueries + request->ntexts;

    request->texts = review_alloc(pool, n * sizeof(review_str_t));
    request->ids = review_alloc(pool, request->ntexts * sizeof(review_str_t));

    if (request->texts == NULL || request->ids == NULL) {
        return -1;
    }

    memset(request->ids, 0, request->ntexts * sizeof(review_str_t));

    if ((rc = review_rank_list(queries, qname, request->texts, NULL, err))
        || (rc = review_rank_list(texts, tname,
                                  request->texts + request->nqueries,
                                  request->ids, err))
        || (rc = review_rank_options(body, request, err)))
    {
        return rc;
    }

    if (n > REVIEW_RANK_PAIRS || request->nqueries * request->ntexts
                                 > REVIEW_RANK_PAIRS)
    {
        (void) review_error(err, "/queries", "%zu queries for %zu texts are "
                            "too many at once", request->nqueries,
                            request->ntexts);
        return 422;
    }

    if (request->nqueries * (request->top_k < request->ntexts
                             ? request->top_k : request->ntexts)
        > REVIEW_RANK_RESULTS)
    {
        (void) review_error(err, "/top_k", "asks for more than %d results",
                            REVIEW_RANK_RESULTS);
        return 422;
    }

    request->size = 0;

    for (i = 0; i < n; i++) {
        request->size += request->texts[i].len;
    }

    return 0;
}
