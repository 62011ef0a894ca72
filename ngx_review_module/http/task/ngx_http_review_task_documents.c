
/*
 * The document of a task and its references: texts as they are, or where they
 * are to be had.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/base/utf8.h"
#include "review/json/json.h"


/* clauses of the references that go with a chunk, where nothing else is said */

#define NGX_HTTP_REVIEW_TASK_CLAUSES  3


static ngx_int_t ngx_http_review_task_check_text(ngx_http_review_task_t *task,
    review_str_t *text, const char *pointer);
static ngx_int_t ngx_http_review_task_read_document(
    ngx_http_review_task_t *task, json_t *json, const char *pointer,
    ngx_http_review_document_t *document);
static ngx_int_t ngx_http_review_task_read_source(
    ngx_http_review_task_t *task, json_t *json, const char *pointer,
    ngx_http_review_document_t *document);
static ngx_int_t ngx_http_review_task_add_source(ngx_http_review_task_t *task,
    ngx_http_review_source_e from, const char *pointer, review_str_t *name,
    review_str_t *type, review_str_t *text);
static ngx_int_t ngx_http_review_task_read_references(
    ngx_http_review_task_t *task, ngx_http_review_plan_t *plan);
static ngx_int_t ngx_http_review_task_check_id(ngx_http_review_task_t *task,
    ngx_http_review_document_t *references, size_t n, const char *pointer);


ngx_int_t
ngx_http_review_task_read_documents(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    json_t     *json;
    ngx_int_t   rc;

    if (task->ctx.text.data) {
        plan->document.text = task->ctx.text;
        rc = ngx_http_review_task_check_text(task, &task->ctx.text, NULL);

    } else {
        json = json_object_get(task->ctx.body, "document");

        if (json == NULL) {
            return ngx_http_review_task_bad(task, "/document", "is missing: "
                                            "what is to be reviewed");
        }

        rc = ngx_http_review_task_read_document(task, json, "/document",
                                                &plan->document);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    task->id = plan->document.id;
    ngx_memzero(&plan->document.id, sizeof(review_str_t));

    return ngx_http_review_task_read_references(task, plan);
}


static ngx_int_t
ngx_http_review_task_check_text(ngx_http_review_task_t *task,
    review_str_t *text, const char *pointer)
{
    size_t  max;

    max = ngx_http_review_request_conf(&task->ctx)->max_text;

    if (text->len > max) {
        return ngx_http_review_refuse(&task->ctx,
                                      NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                      pointer, "the text is of %zu bytes, "
                                      "review_max_text_size allows %zu",
                                      text->len, max);
    }

    if (review_utf8_blank(text->data, text->len)) {
        return ngx_http_review_task_bad(task, pointer, "is empty: there is "
                                        "nothing to review");
    }

    return NGX_OK;
}


/* a text alone, or one of {"text"}, {"object"}, {"url"}, {"upload"} */

static ngx_int_t
ngx_http_review_task_read_document(ngx_http_review_task_t *task, json_t *json,
    const char *pointer, ngx_http_review_document_t *document)
{
    ngx_memzero(document, sizeof(ngx_http_review_document_t));

    if (json_is_string(json)) {
        document->text.data = json_string_value(json);
        document->text.len = json_string_length(json);

        return ngx_http_review_task_check_text(task, &document->text, pointer);
    }

    if (!json_is_object(json)) {
        return ngx_http_review_task_bad(task, pointer, "must be a string or "
                                        "an object, got %s",
                                        review_json_type(json));
    }

    ngx_http_review_drop_nulls(json);

    return ngx_http_review_task_read_source(task, json, pointer, document);
}


static ngx_int_t
ngx_http_review_task_read_source(ngx_http_review_task_t *task, json_t *json,
    const char *pointer, ngx_http_review_document_t *document)
{
    int              rc, i, from;
    char             at[REVIEW_ERROR_POINTER];
    review_str_t     name, type;
    review_error_t   err;

    static const char *const  known[] = {
        "id", "type", "text", "object", "url", "upload", NULL
    };

    static const char *const  names[] = { "text", "object", "url", "upload" };

    type.len = 0;
    type.data = "";

    if (review_json_known(json, pointer, known, &err) != 0
        || review_json_string(json, pointer, "id", 0, 1000, &document->id,
                              &err)
           < 0
        || review_json_string(json, pointer, "type", 1, 255, &type, &err) < 0)
    {
        return ngx_http_review_task_error(task, &err);
    }

    if (!ngx_http_review_source_is_type((u_char *) type.data, type.len)) {
        (void) review_pointer_name(at, pointer, "type", 4);

        return ngx_http_review_task_bad(task, at, "is no media type: it has "
                                        "characters other than printable "
                                        "ASCII");
    }

    from = -1;

    for (i = 0; i < 4; i++) {

        if (json_object_get(json, names[i]) == NULL) {
            continue;
        }

        if (from != -1) {
            return ngx_http_review_task_bad(task, pointer, "has both \"%s\" "
                                            "and \"%s\"", names[from],
                                            names[i]);
        }

        from = i;
    }

    if (from == -1) {
        return ngx_http_review_task_bad(task, pointer, "needs a \"text\", "
                                        "an \"object\", a \"url\" or an "
                                        "\"upload\"");
    }

    (void) review_pointer_name(at, pointer, names[from],
                               ngx_strlen(names[from]));

    rc = review_json_string(json, pointer, names[from], from ? 1 : 0,
                            (size_t) -1, &name, &err);
    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    if (from == 0) {
        document->text = name;
        return ngx_http_review_task_check_text(task, &name, at);
    }

    return ngx_http_review_task_add_source(task, from - 1, at, &name, &type,
                                           &document->text);
}


/* what of it the configuration allows is known before anything is done */

static ngx_int_t
ngx_http_review_task_add_source(ngx_http_review_task_t *task,
    ngx_http_review_source_e from, const char *pointer, review_str_t *name,
    review_str_t *type, review_str_t *text)
{
    const char                *why;
    ngx_http_review_source_t  *source;

    if (from == NGX_HTTP_REVIEW_SOURCE_OBJECT
        && ngx_http_review_store_conf(&task->ctx)->store == NULL)
    {
        return ngx_http_review_task_unknown(task, pointer, "there is no store "
                                            "here: \"review_task\" has no "
                                            "\"store=\"");
    }

    why = from == NGX_HTTP_REVIEW_SOURCE_OBJECT
          ? review_s3_bad_key(name->data, name->len) : NULL;

    if (why) {
        return ngx_http_review_task_unknown(task, pointer, "%s", why);
    }

    source = ngx_http_review_sources_add(&task->sources, from, pointer, text);
    if (source == NULL) {
        return NGX_ERROR;
    }

    source->name = *name;
    source->type.data = (u_char *) type->data;
    source->type.len = type->len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_read_references(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    int                          rc;
    char                         pointer[REVIEW_ERROR_POINTER];
    size_t                       i, n, max;
    json_t                      *list;
    ngx_int_t                    status;
    review_buf_t                 b;
    review_error_t               err;
    ngx_http_review_document_t  *d;

    rc = review_json_member(task->ctx.body, "", "references", JSON_ARRAY,
                            &list, &err);
    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    n = rc ? json_array_size(list) : 0;

    if (n == 0) {
        return NGX_OK;
    }

    max = ngx_http_review_chunk_conf(&task->ctx)->max_points;

    if (n > max) {
        return ngx_http_review_task_unknown(task, "/references", "there are "
                                            "%zu references, at most %zu are "
                                            "allowed", n, max);
    }

    plan->references = review_alloc(plan->pool, n
                                          * sizeof(ngx_http_review_document_t));
    if (plan->references == NULL) {
        return NGX_ERROR;
    }

    plan->nreferences = n;
    task->nreferences = NGX_HTTP_REVIEW_TASK_CLAUSES;

    for (i = 0; i < n; i++) {
        d = &plan->references[i];

        (void) review_pointer_index(pointer, "/references", i);

        status = ngx_http_review_task_read_document(task,
                                                    json_array_get(list, i),
                                                    pointer, d);
        if (status != NGX_OK) {
            return status;
        }

        if (d->id.len == 0) {
            review_buf_init(&b, plan->pool, 16);
            review_buf_puts(&b, "r");
            review_buf_number(&b, i + 1);

            d->id.data = b.data;
            d->id.len = b.len;

            if (b.failed) {
                return NGX_ERROR;
            }
        }

        status = ngx_http_review_task_check_id(task, plan->references, i,
                                               pointer);
        if (status != NGX_OK) {
            return status;
        }
    }

    return NGX_OK;
}


/* an id tells evidence apart */

static ngx_int_t
ngx_http_review_task_check_id(ngx_http_review_task_t *task,
    ngx_http_review_document_t *references, size_t n, const char *pointer)
{
    char           at[REVIEW_ERROR_POINTER];
    size_t         i;
    review_str_t  *id;

    id = &references[n].id;

    (void) review_pointer_name(at, pointer, "id", 2);

    if (id->len == 8 && ngx_memcmp(id->data, "document", 8) == 0) {
        return ngx_http_review_task_unknown(task, at, "evidence of the "
                                            "document itself has this id");
    }

    for (i = 0; i < n; i++) {
        if (references[i].id.len == id->len
            && ngx_memcmp(references[i].id.data, id->data, id->len) == 0)
        {
            return ngx_http_review_task_unknown(task, at, "another reference "
                                                "has this id");
        }
    }

    return NGX_OK;
}
