
/*
 * What the client asks: the JSON of a chunk.  Every error is found here, before
 * any call, and names the member at fault.
 *
 * 400: the JSON or the form of a member is wrong; 422: the form is right, but
 * it names what is not known or names something twice; 413: a text is too long.
 */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/base/utf8.h"
#include "review/json/json.h"


/* for templates; they are looked up and sent on with every chunk */

#define NGX_HTTP_REVIEW_VARS  1000


static void ngx_http_review_set_llm(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_read_chunk(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_read_heading(ngx_http_review_chunk_t *chunk,
    json_t *heading);
static ngx_int_t ngx_http_review_read_rubric(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_read_points(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_read_point(ngx_http_review_chunk_t *chunk,
    json_t *json, const char *pointer, review_point_t **point);
static ngx_int_t ngx_http_review_read_references(
    ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_read_vars(ngx_http_review_chunk_t *chunk);


/* a wrong form, and what is not known or contradicts itself */

#define ngx_http_review_bad(chunk, pointer, ...)                              \
    ngx_http_review_refuse(&(chunk)->ctx, NGX_HTTP_BAD_REQUEST, pointer,      \
                           __VA_ARGS__)

#define ngx_http_review_unknown(chunk, pointer, ...)                          \
    ngx_http_review_refuse(&(chunk)->ctx, NGX_HTTP_UNPROCESSABLE, pointer,    \
                           __VA_ARGS__)

#define ngx_http_review_bad_request(chunk, err)                               \
    ngx_http_review_bad(chunk, (err)->pointer, "%s", (err)->text)


/* how much of somebody's name is shown in an error */

static int
ngx_http_review_shown(const char *name, size_t len)
{
    return (int) review_utf8_cut(name, len, 64);
}


ngx_int_t
ngx_http_review_read_request(ngx_http_review_chunk_t *chunk)
{
    ngx_int_t  rc;

    if ((rc = ngx_http_review_read_chunk(chunk)) != NGX_OK
        || (rc = ngx_http_review_read_rubric(chunk)) != NGX_OK
        || (rc = ngx_http_review_read_points(chunk)) != NGX_OK
        || (rc = ngx_http_review_read_references(chunk)) != NGX_OK
        || (rc = ngx_http_review_read_vars(chunk)) != NGX_OK)
    {
        return rc;
    }

    ngx_http_review_set_llm(chunk);

    return NGX_OK;
}


/* how the LLM is asked: as the rubric says, else as the configuration does */

static void
ngx_http_review_set_llm(ngx_http_review_chunk_t *chunk)
{
    review_rubric_t        *rubric;
    review_subject_t       *subject;
    ngx_http_review_llm_t  *llm;

    rubric = chunk->rubric;
    subject = &chunk->subject;
    llm = ngx_http_review_chunk_conf(&chunk->ctx)->llm;

    subject->stream = llm->stream;
    subject->schema = llm->schema;
    subject->model.data = (char *) llm->model.data;
    subject->model.len = llm->model.len;

    if (rubric == NULL) {
        subject->language.data = "zh";
        subject->language.len = 2;
        return;
    }

    subject->system = rubric->system;
    subject->language = rubric->language;

    if (rubric->model.len) {
        subject->model = rubric->model;
    }
}


static ngx_int_t
ngx_http_review_read_chunk(ngx_http_review_chunk_t *chunk)
{
    size_t           max;
    json_t          *json, *value;
    const char      *pointer;
    review_str_t    *text;
    review_error_t   err;

    json = json_object_get(chunk->ctx.body, "chunk");
    text = &chunk->subject.chunk;
    pointer = "/chunk";
    value = json;

    if (json == NULL) {
        return ngx_http_review_bad(chunk, pointer, "is missing: the text to be "
                                   "reviewed");
    }

    if (!json_is_string(json) && !json_is_object(json)) {
        return ngx_http_review_bad(chunk, pointer, "must be a string or an "
                                   "object, got %s", review_json_type(json));
    }

    if (json_is_object(json)) {
        ngx_http_review_drop_nulls(json);

        if (review_json_string(json, pointer, "id", 0, 1024, &chunk->id, &err)
            < 0)
        {
            return ngx_http_review_bad_request(chunk, &err);
        }

        if (ngx_http_review_read_heading(chunk,
                                         json_object_get(json, "heading"))
            != NGX_OK)
        {
            return NGX_HTTP_BAD_REQUEST;
        }

        value = json_object_get(json, "text");
        pointer = "/chunk/text";

        if (value == NULL) {
            return ngx_http_review_bad(chunk, pointer, "is missing: the "
                                       "chunk's text");
        }
    }

    if (review_json_text(value, pointer, 0, (size_t) -1, text, &err) != 0) {
        return ngx_http_review_bad_request(chunk, &err);
    }

    if (review_utf8_blank(text->data, text->len)) {
        return ngx_http_review_bad(chunk, pointer, "is empty: there is nothing "
                                   "to review");
    }

    max = ngx_http_review_chunk_conf(&chunk->ctx)->max_chunk;

    if (text->len > max) {
        return ngx_http_review_refuse(&chunk->ctx,
                                      NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                      pointer, "is of %zu bytes, "
                                      "review_max_chunk_size allows %zu",
                                      text->len, max);
    }

    return NGX_OK;
}


/* an array of levels; a single string is one level */

static ngx_int_t
ngx_http_review_read_heading(ngx_http_review_chunk_t *chunk, json_t *heading)
{
    char             pointer[REVIEW_ERROR_POINTER];
    size_t           i, n;
    json_t          *level;
    review_buf_t     b;
    review_str_t     text;
    review_error_t   err;

    if (heading == NULL) {
        return NGX_OK;
    }

    if (!json_is_array(heading) && !json_is_string(heading)) {
        return ngx_http_review_bad(chunk, "/chunk/heading", "must be an array "
                                   "of strings, got %s",
                                   review_json_type(heading));
    }

    review_buf_init(&b, chunk->ctx.pool, 0);

    n = json_is_array(heading) ? json_array_size(heading) : 1;

    for (i = 0; i < n; i++) {
        level = json_is_array(heading) ? json_array_get(heading, i) : heading;

        (void) review_pointer_index(pointer, "/chunk/heading", i);

        if (review_json_text(level, pointer, 0, (size_t) -1, &text, &err)
            != 0)
        {
            return ngx_http_review_bad_request(chunk, &err);
        }

        if (b.len && text.len) {
            review_buf_puts(&b, " > ");
        }

        review_buf_str(&b, &text);
    }

    chunk->subject.heading.data = b.data;
    chunk->subject.heading.len = b.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_read_rubric(ngx_http_review_chunk_t *chunk)
{
    int                                 rc;
    review_str_t                        name;
    review_error_t                      err;
    ngx_http_review_chunk_main_conf_t  *rmcf;

    chunk->rubric = ngx_http_review_chunk_conf(&chunk->ctx)->rubric;

    rc = review_json_string(chunk->ctx.body, "", "rubric", 0, (size_t) -1,
                            &name, &err);

    if (rc > 0) {
        rmcf = ngx_http_get_module_main_conf(chunk->ctx.request,
                                             ngx_http_review_chunk_module);
        chunk->rubric = ngx_http_review_rubric_find(rmcf, name.data, name.len);
    }

    if (chunk->rubric) {
        chunk->ctx.rubric = &chunk->rubric->name;
    }

    if (rc < 0) {
        return ngx_http_review_bad_request(chunk, &err);
    }

    if (rc > 0 && chunk->rubric == NULL) {
        return ngx_http_review_unknown(chunk, "/rubric", "no rubric has the "
                                       "name \"%.*s\"",
                                       ngx_http_review_shown(name.data,
                                                             name.len),
                                       name.data);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_read_points(ngx_http_review_chunk_t *chunk)
{
    char             pointer[REVIEW_ERROR_POINTER];
    size_t           i, k, n, max;
    json_t          *points;
    ngx_int_t        rc;
    review_str_t    *a, *b;
    review_point_t  *point;

    points = json_object_get(chunk->ctx.body, "points");

    if (points && !json_is_array(points)) {
        return ngx_http_review_bad(chunk, "/points", "must be an array, got %s",
                                   review_json_type(points));
    }

    if (points == NULL && chunk->rubric == NULL) {
        return ngx_http_review_bad(chunk, "/points", "is missing, and so is a "
                                   "rubric: there is no point to review");
    }

    n = points ? json_array_size(points) : chunk->rubric->npoints;

    if (n == 0) {
        return ngx_http_review_bad(chunk, "/points", "is empty: there is no "
                                   "point to review");
    }

    max = ngx_http_review_chunk_conf(&chunk->ctx)->max_points;

    if (n > max) {
        return ngx_http_review_unknown(chunk, "/points", "there are %zu "
                                       "points, review_max_points allows %zu",
                                       n, max);
    }

    chunk->cells = ngx_pcalloc(chunk->ctx.request->pool,
                             n * sizeof(ngx_http_review_cell_t));
    if (chunk->cells == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        if (points == NULL) {
            chunk->cells[i].point = &chunk->rubric->points[i];
            continue;
        }

        (void) review_pointer_index(pointer, "/points", i);
        point = NULL;

        rc = ngx_http_review_read_point(chunk, json_array_get(points, i),
                                        pointer, &point);
        if (rc != NGX_OK) {
            return rc;
        }

        for (k = 0; k < i; k++) {
            a = &chunk->cells[k].point->id;
            b = &point->id;

            if (a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0)
            {
                return ngx_http_review_unknown(chunk, pointer,
                                               "the point \"%.*s\" is asked "
                                               "for twice", (int) b->len,
                                               b->data);
            }
        }

        chunk->cells[i].point = point;
    }

    chunk->ncells = n;

    return NGX_OK;
}


/* the id of one in the rubric, or one that is spelled out */

static ngx_int_t
ngx_http_review_read_point(ngx_http_review_chunk_t *chunk, json_t *json,
    const char *pointer, review_point_t **point)
{
    size_t           len;
    const char      *id;
    review_str_t    *name;
    review_error_t   err;

    if (json_is_object(json)) {

        *point = ngx_pcalloc(chunk->ctx.request->pool, sizeof(review_point_t));
        if (*point == NULL) {
            return NGX_ERROR;
        }

        if (review_point_load(chunk->ctx.pool, json, pointer, *point, &err) != 0
            || ngx_http_review_point_compile(chunk->ctx.request->pool, *point,
                                             pointer, &err)
               != NGX_OK)
        {
            return ngx_http_review_bad_request(chunk, &err);
        }

        return NGX_OK;
    }

    if (!json_is_string(json)) {
        return ngx_http_review_bad(chunk, pointer, "must be the id of a point "
                                   "or a point, got %s",
                                   review_json_type(json));
    }

    id = json_string_value(json);
    len = json_string_length(json);

    if (chunk->rubric == NULL) {
        return ngx_http_review_unknown(chunk, pointer, "there is no rubric in "
                                       "which to look the point up");
    }

    name = &chunk->rubric->name;
    *point = review_rubric_point(chunk->rubric, id, len);

    if (*point == NULL) {
        return ngx_http_review_unknown(chunk, pointer, "the rubric \"%.*s\" "
                                       "has no point \"%.*s\"",
                                       ngx_http_review_shown(name->data,
                                                             name->len),
                                       name->data,
                                       ngx_http_review_shown(id, len), id);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_read_reference(ngx_http_review_chunk_t *chunk, json_t *json,
    const char *pointer, size_t n)
{
    int              rc;
    char             at[REVIEW_ERROR_POINTER];
    size_t           i;
    review_str_t    *ids, *id;
    review_error_t   err;

    ids = chunk->subject.reference_ids;
    id = &ids[n];

    if (!json_is_object(json)) {
        return ngx_http_review_bad(chunk, pointer, "must be an object with "
                                   "\"id\" and \"text\", got %s",
                                   review_json_type(json));
    }

    rc = review_json_string(json, pointer, "id", 1, 1024, id, &err);

    if (rc == 0) {
        (void) review_pointer_name(at, pointer, "id", 2);
        return ngx_http_review_bad(chunk, at, "is missing: what the reference "
                                   "is called in evidence");
    }

    if (rc > 0) {
        rc = review_json_string(json, pointer, "text", 0, (size_t) -1,
                                &chunk->subject.references[n], &err);

        if (rc == 0) {
            (void) review_pointer_name(at, pointer, "text", 4);
            return ngx_http_review_bad(chunk, at, "is missing: the reference's "
                                       "text");
        }
    }

    if (rc < 0) {
        return ngx_http_review_bad_request(chunk, &err);
    }

    (void) review_pointer_name(at, pointer, "id", 2);

    if (id->len == 5 && ngx_memcmp(id->data, "chunk", 5) == 0) {
        return ngx_http_review_unknown(chunk, at, "\"chunk\" is the name of "
                                       "the chunk itself in evidence");
    }

    for (i = 0; i < n; i++) {
        if (ids[i].len == id->len
            && ngx_memcmp(ids[i].data, id->data, id->len) == 0)
        {
            return ngx_http_review_unknown(chunk, at, "another reference has "
                                           "this id");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_read_references(ngx_http_review_chunk_t *chunk)
{
    int              rc;
    char             pointer[REVIEW_ERROR_POINTER];
    size_t           i, n, max;
    json_t          *references;
    ngx_int_t        status;
    review_error_t   err;

    rc = review_json_member(chunk->ctx.body, "", "references", JSON_ARRAY,
                            &references, &err);
    if (rc < 0) {
        return ngx_http_review_bad_request(chunk, &err);
    }

    if (rc == 0 || json_array_size(references) == 0) {
        return NGX_OK;
    }

    n = json_array_size(references);

    max = ngx_http_review_chunk_conf(&chunk->ctx)->max_points;

    if (n > max) {
        return ngx_http_review_unknown(chunk, "/references",
                                       "there are %zu references, at most %zu "
                                       "are allowed", n, max);
    }

    chunk->subject.references = ngx_pcalloc(chunk->ctx.request->pool,
                                          2 * n * sizeof(review_str_t));
    if (chunk->subject.references == NULL) {
        return NGX_ERROR;
    }

    chunk->subject.reference_ids = chunk->subject.references + n;
    chunk->subject.nreferences = n;

    for (i = 0; i < n; i++) {
        (void) review_pointer_index(pointer, "/references", i);

        status = ngx_http_review_read_reference(chunk,
                                                json_array_get(references, i),
                                                pointer, i);
        if (status != NGX_OK) {
            return status;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_read_vars(ngx_http_review_chunk_t *chunk)
{
    return ngx_http_review_check_vars(&chunk->ctx, &chunk->subject.vars);
}


/* names and values for templates; left alone if there are none */

ngx_int_t
ngx_http_review_check_vars(ngx_http_review_ctx_t *ctx, json_t **vars)
{
    int              rc;
    char             pointer[REVIEW_ERROR_POINTER];
    size_t           size, max;
    json_t          *value;
    const char      *key;
    review_error_t   err;

    rc = review_json_member(ctx->body, "", "vars", JSON_OBJECT, vars, &err);

    if (rc < 0) {
        return ngx_http_review_refuse(ctx, NGX_HTTP_BAD_REQUEST, err.pointer,
                                      "%s", err.text);
    }

    if (rc == 0) {
        return NGX_OK;
    }

    ngx_http_review_drop_nulls(*vars);

    if (json_object_size(*vars) > NGX_HTTP_REVIEW_VARS) {
        return ngx_http_review_refuse(ctx, NGX_HTTP_UNPROCESSABLE, "/vars",
                                      "there are %zu variables, at most %d "
                                      "are allowed", json_object_size(*vars),
                                      NGX_HTTP_REVIEW_VARS);
    }

    size = 0;

    json_object_foreach(*vars, key, value) {
        size += ngx_strlen(key) + json_string_length(value);

        if (json_is_array(value) || json_is_object(value)) {
            (void) review_pointer_name(pointer, "/vars", key,
                                       ngx_strlen(key));

            return ngx_http_review_refuse(ctx, NGX_HTTP_BAD_REQUEST, pointer,
                                          "must be a string, a number or a "
                                          "boolean, got %s",
                                          review_json_type(value));
        }
    }

    max = ngx_http_review_chunk_conf(ctx)->max_chunk;

    if (size > max) {
        return ngx_http_review_refuse(ctx, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                      "/vars", "the variables are of %zu "
                                      "bytes, review_max_chunk_size allows "
                                      "%zu", size, max);
    }

    return NGX_OK;
}
