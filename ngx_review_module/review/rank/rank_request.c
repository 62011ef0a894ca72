
/* What a client asks to have ranked, from JSON. */

#include "review/rank/rank_request.h"
#include "review/split/split_request.h"
#include "review/base/utf8.h"


#define REVIEW_RANK_TOP_K      10
#define REVIEW_RANK_TOP_K_MAX  1000000000

/* of queries and texts, to be compared; and of results, to be told */
#define REVIEW_RANK_PAIRS      10000000
#define REVIEW_RANK_RESULTS    1000000


const char *const  review_rank_names[] = {
    "embedding", "bm25", "hybrid", NULL
};


typedef struct {
    json_t        *query;
    json_t        *queries;
    json_t        *texts;
    json_t        *chunks;
    int            top_k;
    int            by;
} review_rank_body_t;

typedef struct {
    review_str_t   id;
    json_t        *text;
} review_rank_text_t;


static const review_member_t  review_rank_text_members[] = {
    review_member("id", STRING, review_rank_text_t, id, .max = 1024),
    review_member("text", ANY, review_rank_text_t, text,
                  .missing = "is missing"),
    REVIEW_CHUNK_IDLE,
    review_member_end
};

/* what a split has told may be sent as it is, with a query */

const review_member_t  review_rank_members[] = {
    review_member("query", ANY, review_rank_body_t, query),
    review_member("queries", ANY, review_rank_body_t, queries),
    review_member("texts", ANY, review_rank_body_t, texts,
                  .each = review_rank_text_members),
    review_member("chunks", ANY, review_rank_body_t, chunks,
                  .each = review_rank_text_members),
    review_member("top_k", INTEGER, review_rank_body_t, top_k, .min = 1,
                  .max = REVIEW_RANK_TOP_K_MAX),
    review_member("by", CHOICE, review_rank_body_t, by,
                  .names = review_rank_names),
    review_member_idle("count"),
    review_member_idle("elapsed_ms"),
    review_member_idle("document"),
    review_member_end
};

/* the one of two members that is there */

static int
review_rank_request_member(json_t *a, json_t *b, const char *one,
    const char *many, const char **name, json_t **value, review_error_t *err)
{
    char  pointer[REVIEW_ERROR_POINTER];

    *name = b ? many : one;
    *value = b ? b : a;

    (void) review_json_member_pointer_name(pointer, "", *name, strlen(*name));

    if (a && b) {
        return review_refuse(err, 422, pointer, "cannot be given together "
                             "with \"%s\"", one);
    }

    if (*value == NULL) {
        return review_refuse(err, 400, pointer, "is missing, and so is \"%s\"",
                             many);
    }

    return 0;
}


static int
review_rank_request_items(json_t *value, const char *name, review_error_t *err)
{
    char  pointer[REVIEW_ERROR_POINTER];

    (void) review_json_member_pointer_name(pointer, "", name, strlen(name));

    if (!json_is_array(value)) {
        return review_refuse(err, 400, pointer, "must be an array, got %s",
                             review_json_member_type(value));
    }

    if (json_array_size(value) == 0) {
        return review_refuse(err, 400, pointer, "is empty");
    }

    return 0;
}


/* a string, or an object with a text; "id" may be NULL: it has none */

static int
review_rank_request_text(json_t *value, const char *pointer, review_str_t *text,
    review_str_t *id, review_error_t *err)
{
    char                at[REVIEW_ERROR_POINTER];
    review_rank_text_t  item;

    memcpy(at, pointer, strlen(pointer) + 1);

    if (id && json_is_object(value)) {
        memset(&item, 0, sizeof(item));

        if (review_json_object(value, pointer, review_rank_text_members, &item,
                               err)
            != 0)
        {
            return 400;
        }

        (void) review_json_member_pointer_name(at, pointer, "text", 4);
        value = item.text;
        *id = item.id;
    }

    if (!json_is_string(value)) {
        return review_refuse(err, 400, at, id ? "must be a string, or an "
                             "object with \"text\", got %s"
                             : "must be a string, got %s",
                             review_json_member_type(value));
    }

    text->data = json_string_value(value);
    text->len = json_string_length(value);

    if (review_utf8_blank(text->data, text->len)) {
        return review_refuse(err, 400, at, "is empty");
    }

    return 0;
}


static int
review_rank_request_list(json_t *list, const char *name, review_str_t *texts,
    review_str_t *ids, review_error_t *err)
{
    int     rc;
    char    base[REVIEW_ERROR_POINTER], pointer[REVIEW_ERROR_POINTER];
    size_t  i;

    (void) review_json_member_pointer_name(base, "", name, strlen(name));

    if (strcmp(name, "query") == 0) {
        return review_rank_request_text(list, base, texts, NULL, err);
    }

    for (i = 0; i < json_array_size(list); i++) {
        (void) review_json_member_pointer_index(pointer, base, i);

        rc = review_rank_request_text(json_array_get(list, i), pointer,
                                      &texts[i], ids ? &ids[i] : NULL, err);
        if (rc) {
            return rc;
        }
    }

    return 0;
}


/* what there is to compare, and to tell of it */

static int
review_rank_request_size(const review_rank_request_t *request,
    const review_rank_given_t *given, const char *texts, review_error_t *err)
{
    char    pointer[REVIEW_ERROR_POINTER];
    size_t  n, k;

    n = request->ntexts;
    k = request->nqueries;

    if (n + k > REVIEW_RANK_PAIRS || n * k > REVIEW_RANK_PAIRS) {
        return review_refuse(err, 422, "/queries", "%zu queries for %zu texts "
                             "are too many at once", k, n);
    }

    if (k * (request->top_k < n ? request->top_k : n) > REVIEW_RANK_RESULTS) {
        return review_refuse(err, 422, "/top_k", "asks for more than %d "
                             "results", REVIEW_RANK_RESULTS);
    }

    if (n > given->max_inputs) {
        (void) review_json_member_pointer_name(pointer, "", texts,
                                               strlen(texts));

        return review_refuse(err, 422, pointer, "there are %zu, "
                             "review_max_inputs allows %zu", n,
                             given->max_inputs);
    }

    return 0;
}


int
review_rank_request(review_pool_t *pool, json_t *body,
    const review_rank_given_t *given, review_rank_request_t *request,
    review_error_t *err)
{
    int                  rc;
    size_t               i, n;
    json_t              *queries, *texts;
    const char          *qname, *tname;
    review_rank_body_t   members;

    memset(&members, 0, sizeof(members));

    members.top_k = REVIEW_RANK_TOP_K;
    members.by = REVIEW_RANK_EMBEDDING;

    review_json_object_drop_nulls(body);

    if (review_json_object(body, "", review_rank_members, &members, err)
        != 0)
    {
        return 400;
    }

    if ((rc = review_rank_request_member(members.query, members.queries,
                                         "query", "queries", &qname, &queries,
                                         err))
        || (rc = review_rank_request_member(members.texts, members.chunks,
                                            "texts", "chunks", &tname, &texts,
                                            err))
        || (rc = review_rank_request_items(texts, tname, err))
        || (members.queries && (rc = review_rank_request_items(queries, qname,
                                                               err))))
    {
        return rc;
    }

    request->nqueries = members.queries ? json_array_size(queries) : 1;
    request->ntexts = json_array_size(texts);
    request->top_k = (size_t) members.top_k;
    request->by = (review_rank_by_e) members.by;

    n = request->nqueries + request->ntexts;

    request->texts = review_alloc(pool, n * sizeof(review_str_t));
    request->ids = review_alloc(pool, request->ntexts * sizeof(review_str_t));

    if (request->texts == NULL || request->ids == NULL) {
        return -1;
    }

    memset(request->ids, 0, request->ntexts * sizeof(review_str_t));

    if ((rc = review_rank_request_list(queries, qname, request->texts, NULL,
                                       err))
        || (rc = review_rank_request_list(texts, tname,
                                          request->texts + request->nqueries,
                                          request->ids, err))
        || (rc = review_rank_request_size(request, given, tname, err)))
    {
        return rc;
    }

    request->size = 0;

    for (i = 0; i < n; i++) {
        request->size += request->texts[i].len;
    }

    return 0;
}
