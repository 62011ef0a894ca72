
/*
 * The document of a task and its references: texts as they are, or where they
 * are to be had.
 */

#include "review/request/task_shared.h"
#include "review/base/buf.h"
#include "review/base/utf8.h"
#include "review/net/s3.h"
#include "review/split/split_request.h"


/* clauses of the references that go with a chunk, where nothing else is said */

#define REVIEW_TASK_CLAUSES  3

/* documents of a task */

#define REVIEW_TASK_DOCUMENTS  100


const char *const  review_sources[] = {
    "text", "object", "url", "upload", NULL
};

/*
 * Chunks of a split may be references, downloads and saved reports documents,
 * and so may listed objects that are given an "object".
 */

const review_member_t  review_task_document_members[] = {
    review_member("id", STRING, review_task_document_t, id, .max = 1000),
    review_member("type", STRING, review_task_document_t, type, .min = 1,
                  .max = 255),
    review_member("text", STRING, review_task_document_t, name),
    review_member("object", STRING, review_task_document_t, name, .min = 1),
    review_member("url", STRING, review_task_document_t, name, .min = 1),
    review_member("upload", STRING, review_task_document_t, name, .min = 1),
    REVIEW_CHUNK_IDLE,
    review_member_idle("http_status"),
    review_member_idle("size"),
    review_member_idle("content_type"),
    review_member_idle("saved_as"),
    review_member_idle("elapsed_ms"),
    review_member_idle("error"),
    review_member_idle("saved"),
    review_member_idle("key"),
    review_member_idle("etag"),
    review_member_idle("last_modified"),
    review_member_end
};


static int
review_task_documents_text(const review_str_t *text, const char *pointer,
    size_t max, review_error_t *err)
{
    if (text->len > max) {
        return review_refuse(err, 413, pointer, "the text is of %zu bytes, "
                             "review_max_text_size allows %zu", text->len,
                             max);
    }

    if (review_utf8_blank(text->data, text->len)) {
        return review_refuse(err, 400, pointer, "is empty: there is nothing "
                             "to review");
    }

    return 0;
}


/* exactly one of the four */

static int
review_task_documents_origin(json_t *json, const char *pointer,
    review_source_e *from, review_error_t *err)
{
    int  i, n;

    for (i = 0, n = -1; review_sources[i]; i++) {

        if (json_object_get(json, review_sources[i]) == NULL) {
            continue;
        }

        if (n != -1) {
            return review_refuse(err, 400, pointer, "has both \"%s\" and "
                                 "\"%s\"", review_sources[n],
                                 review_sources[i]);
        }

        n = i;
    }

    if (n == -1) {
        return review_refuse(err, 400, pointer, "needs a \"text\", an "
                             "\"object\", a \"url\" or an \"upload\"");
    }

    *from = (review_source_e) n;

    return 0;
}


/* what of it is allowed here is known before anything is done */

static int
review_task_documents_source(json_t *json, const char *pointer,
    const review_task_given_t *given, review_task_document_t *document,
    review_error_t *err)
{
    int          rc;
    char         at[REVIEW_ERROR_POINTER];
    const char  *from, *why;

    review_json_object_drop_nulls(json);

    rc = review_json_object(json, pointer, review_task_document_members,
                            document, err);
    if (rc) {
        return rc;
    }

    if (!review_utf8_printable(document->type.data, document->type.len)) {
        (void) review_json_member_pointer_name(at, pointer, "type", 4);

        return review_refuse(err, 400, at, "is no media type: it has "
                             "characters other than printable ASCII");
    }

    rc = review_task_documents_origin(json, pointer, &document->from, err);

    if (rc) {
        return rc;
    }

    from = review_sources[document->from];
    (void) review_json_member_pointer_name(at, pointer, from, strlen(from));

    switch (document->from) {

    case REVIEW_SOURCE_TEXT:
        return review_task_documents_text(&document->name, at, given->max_text,
                                          err);

    case REVIEW_SOURCE_OBJECT:

        if (!given->store) {
            return review_refuse(err, 422, at, "there is no store here: "
                                 "\"review_task\" has no \"store=\"");
        }

        why = review_s3_bad_key(document->name.data, document->name.len);

        return why ? review_refuse(err, 422, at, "%s", why) : 0;

    default:
        return 0;
    }
}


static int
review_task_documents_read(json_t *json, const char *pointer,
    const review_task_given_t *given, review_task_document_t *document,
    review_error_t *err)
{
    memset(document, 0, sizeof(*document));

    if (json_is_object(json)) {
        return review_task_documents_source(json, pointer, given, document,
                                            err);
    }

    if (!json_is_string(json)) {
        return review_refuse(err, 400, pointer, "must be a string or an "
                             "object, got %s", review_json_member_type(json));
    }

    document->name.data = json_string_value(json);
    document->name.len = json_string_length(json);

    return review_task_documents_text(&document->name, pointer,
                                      given->max_text, err);
}


/* is there one of that id? */

static int
review_task_documents_has(const review_task_document_t *documents, size_t n,
    const review_str_t *id)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (review_request_same(&documents[i].id, id)) {
            return 1;
        }
    }

    return 0;
}


/* an id tells evidence apart; one without is called by its place */

static int
review_task_documents_id(review_task_reading_t *reading, const char *letter,
    review_task_document_t *list, size_t n, const char *pointer,
    review_error_t *err)
{
    char                    at[REVIEW_ERROR_POINTER];
    review_buf_t            b;
    review_str_t           *id;
    review_task_request_t  *request;
    review_str_t            document = review_string("document");

    id = &list[n].id;
    request = reading->request;

    if (id->len == 0) {
        review_buf_init(&b, reading->pool, 16);
        review_buf_puts(&b, letter);
        review_buf_number(&b, n + 1);

        if (b.failed) {
            return -1;
        }

        id->data = b.data;
        id->len = b.len;
    }

    (void) review_json_member_pointer_name(at, pointer, "id", 2);

    if (review_request_same(id, &document)) {
        return review_refuse(err, 422, at, "evidence of the document itself "
                             "has this id");
    }

    if (review_task_documents_has(list, n, id)) {
        return review_refuse(err, 422, at, "another %s has this id",
                             list == request->documents ? "document"
                                                        : "reference");
    }

    if (list != request->documents
        && review_task_documents_has(request->documents, request->ndocuments,
                                     id))
    {
        return review_refuse(err, 422, at, "a document has this id");
    }

    return 0;
}


int
review_task_documents_one(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    const review_task_given_t  *given;

    given = reading->given;

    if (given->text.data) {
        reading->request->document.name = given->text;

        /* of a client's own words it is the client's mistake */

        if (given->converted
            && review_utf8_blank(given->text.data, given->text.len))
        {
            return review_refuse(err, 422, "", "the document has no text");
        }

        return review_task_documents_text(&given->text, "", given->max_text,
                                          err);
    }

    if (reading->request->ndocuments) {
        return json ? review_refuse(err, 400, pointer, "must not stand beside "
                                    "\"documents\"")
                    : 0;
    }

    if (json == NULL) {
        return review_refuse(err, 400, pointer, "is missing: what is to be "
                             "reviewed");
    }

    return review_task_documents_read(json, pointer, given,
                                      &reading->request->document, err);
}


int
review_task_documents_references(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    int                         rc;
    char                        at[REVIEW_ERROR_POINTER];
    size_t                      i, n;
    json_t                     *json;
    review_task_document_t     *references;
    const review_task_given_t  *given;

    given = reading->given;
    n = json_array_size(list);

    if (n == 0) {
        return 0;
    }

    if (n > given->max_points) {
        return review_refuse(err, 422, pointer, "there are %zu references, at "
                             "most %zu are allowed", n, given->max_points);
    }

    references = review_alloc(reading->pool,
                              n * sizeof(review_task_document_t));

    if (references == NULL) {
        return -1;
    }

    reading->request->references = references;
    reading->request->nreferences = n;
    reading->request->clauses = REVIEW_TASK_CLAUSES;

    json_array_foreach(list, i, json) {
        (void) review_json_member_pointer_index(at, pointer, i);

        if ((rc = review_task_documents_read(json, at, given, &references[i],
                                             err))
            || (rc = review_task_documents_id(reading, "r", references, i, at,
                                              err)))
        {
            return rc;
        }
    }

    return 0;
}


/* one of several has an id, which its chunks' ids begin with */

static int
review_task_documents_add(review_task_reading_t *reading, json_t *json,
    size_t i, const char *pointer, review_error_t *err)
{
    int                      rc;
    char                     at[REVIEW_ERROR_POINTER];
    review_task_document_t  *documents;

    documents = reading->request->documents;

    rc = review_task_documents_read(json, pointer, reading->given,
                                    &documents[i], err);
    if (rc) {
        return rc;
    }

    if (documents[i].id.len
        && memchr(documents[i].id.data, '/', documents[i].id.len))
    {
        (void) review_json_member_pointer_name(at, pointer, "id", 2);

        return review_refuse(err, 422, at, "must not have a slash in it: the "
                             "ids of its chunks are \"ID/c1\"");
    }

    return review_task_documents_id(reading, "d", documents, i, pointer, err);
}


int
review_task_documents_several(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    int                     rc;
    char                    at[REVIEW_ERROR_POINTER];
    size_t                  i, n;
    json_t                 *json;
    review_task_request_t  *request;

    if (list == NULL) {
        return 0;
    }

    n = json_array_size(list);
    request = reading->request;

    if (reading->given->text.data) {
        return review_refuse(err, 400, pointer, "the body is the document");
    }

    if (n == 0 || n > REVIEW_TASK_DOCUMENTS) {
        return review_refuse(err, 422, pointer, "there are %zu documents, 1 to "
                             "%d are allowed", n, REVIEW_TASK_DOCUMENTS);
    }

    request->documents = review_alloc(reading->pool,
                                      n * sizeof(review_task_document_t));

    if (request->documents == NULL) {
        return -1;
    }

    request->ndocuments = n;

    json_array_foreach(list, i, json) {
        (void) review_json_member_pointer_index(at, pointer, i);

        rc = review_task_documents_add(reading, json, i, at, err);

        if (rc) {
            return rc;
        }
    }

    return 0;
}
