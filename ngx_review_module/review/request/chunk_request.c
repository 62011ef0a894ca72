
#include "review/request/chunk_request.h"
#include "review/base/buf.h"
#include "review/base/utf8.h"
#include "review/split/split_request.h"


#define REVIEW_CHUNK_SHOWN  64          /* bytes of a name in an error */


typedef struct {
    review_pool_t               *pool;
    const review_chunk_given_t  *given;
    review_chunk_request_t      *request;
    double                       deadline;
    int                          explain;
} review_chunk_reading_t;

typedef struct {
    review_pool_t               *pool;
    review_str_t                 id;
    review_str_t                 heading;
    json_t                      *text;
} review_chunk_text_t;

typedef struct {
    review_str_t                 id;
    review_str_t                 text;
    int                          order;
} review_chunk_reference_t;


/* an array of levels; a single string is one level */

static int
review_chunk_request_heading(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_chunk_text_t *chunk = data;

    char           at[REVIEW_ERROR_POINTER];
    size_t         i, n;
    json_t        *level;
    review_buf_t   b;
    review_str_t   name;

    if (json == NULL) {
        return 0;
    }

    if (!json_is_array(json) && !json_is_string(json)) {
        return review_refuse(err, 400, pointer, "must be an array of strings, "
                             "got %s", review_json_member_type(json));
    }

    review_buf_init(&b, chunk->pool, 0);

    n = json_is_array(json) ? json_array_size(json) : 1;

    for (i = 0; i < n; i++) {
        level = json_is_array(json) ? json_array_get(json, i) : json;

        (void) review_json_member_pointer_index(at, pointer, i);

        if (review_json_member_text(level, at, 0, SIZE_MAX, &name, err) != 0) {
            return 400;
        }

        if (b.len && name.len) {
            review_buf_puts(&b, " > ");
        }

        review_buf_str(&b, &name);
    }

    chunk->heading.data = b.data;
    chunk->heading.len = b.len;

    return b.failed ? -1 : 0;
}


static const review_member_t  review_chunk_text_members[] = {
    review_member("id", STRING, review_chunk_text_t, id, .max = 1024),
    review_member_by("heading", ANY, review_chunk_request_heading),
    review_member("text", ANY, review_chunk_text_t, text,
                  .missing = "is missing: the chunk's text"),
    REVIEW_CHUNK_IDLE,
    review_member_end
};


/* a text, or an object that has one */

static int
review_chunk_request_text(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    int                   rc;
    size_t                max;
    review_str_t         *text;
    review_chunk_text_t   chunk;

    if (!json_is_string(json) && !json_is_object(json)) {
        return review_refuse(err, 400, pointer, "must be a string or an "
                             "object, got %s", review_json_member_type(json));
    }

    memset(&chunk, 0, sizeof(chunk));

    chunk.pool = reading->pool;
    chunk.text = json;

    if (json_is_object(json)) {
        review_json_object_drop_nulls(json);

        rc = review_json_object(json, pointer, review_chunk_text_members,
                                &chunk, err);
        if (rc) {
            return rc;
        }

        pointer = "/chunk/text";
    }

    reading->request->id = chunk.id;
    reading->request->subject.heading = chunk.heading;

    text = &reading->request->subject.chunk;
    max = reading->given->max_chunk;

    if (review_json_member_text(chunk.text, pointer, 0, SIZE_MAX, text, err)
        != 0) {
        return 400;
    }

    if (review_utf8_blank(text->data, text->len)) {
        return review_refuse(err, 400, pointer, "is empty: there is nothing "
                             "to review");
    }

    if (text->len > max) {
        return review_refuse(err, 413, pointer, "is of %zu bytes, "
                             "review_max_chunk_size allows %zu", text->len,
                             max);
    }

    return 0;
}


static int
review_chunk_request_rubric(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    return review_request_rubric(reading->pool, &reading->given->rubrics, json,
                                 pointer, &reading->request->rubric, err);
}


/* the id of one in the rubric */

static int
review_chunk_request_point(json_t *json, review_rubric_t *rubric,
    const char *pointer, review_point_t **point, review_error_t *err)
{
    size_t        len;
    const char   *id;

    if (!json_is_string(json)) {
        return review_refuse(err, 400, pointer, "must be the id of a point or "
                             "a point, got %s", review_json_member_type(json));
    }

    id = json_string_value(json);
    len = json_string_length(json);

    if (rubric == NULL) {
        return review_refuse(err, 422, pointer, "there is no rubric in which "
                             "to look the point up");
    }

    *point = review_rubric_point(rubric, id, len);

    if (*point == NULL) {
        return review_refuse(err, 422, pointer, "the rubric \"%.*s\" has no "
                             "point \"%.*s\"",
                             (int) review_utf8_cut(rubric->name.data,
                                                   rubric->name.len,
                                                   REVIEW_CHUNK_SHOWN),
                             rubric->name.data,
                             (int) review_utf8_cut(id, len,
                                                   REVIEW_CHUNK_SHOWN), id);
    }

    return 0;
}


static int
review_chunk_request_list(review_chunk_reading_t *reading, json_t *list,
    review_error_t *err)
{
    int                      rc;
    char                     at[REVIEW_ERROR_POINTER];
    size_t                   i, schemas;
    json_t                  *json;
    review_point_t         **points;
    review_chunk_request_t  *request;

    request = reading->request;
    points = request->points;
    schemas = 0;

    json_array_foreach(list, i, json) {
        (void) review_json_member_pointer_index(at, "/points", i);

        rc = json_is_object(json)
             ? review_request_own_point(reading->pool, json, at, &points[i],
                                        err)
             : review_chunk_request_point(json, request->rubric, at,
                                          &points[i], err);

        if (rc) {
            return rc;
        }

        if (review_rubric_schemas(points[i], &schemas, at, err) != 0) {
            return 422;
        }

        rc = review_request_twice(points, i, at, err);

        if (rc) {
            return rc;
        }
    }

    return 0;
}


static int
review_chunk_request_points(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    int                      rc;
    review_rubric_t         *rubric;
    review_chunk_request_t  *request;

    request = reading->request;
    rubric = request->rubric;

    if (list == NULL && rubric == NULL) {
        return review_refuse(err, 400, pointer, "is missing, and so is a "
                             "rubric: there is no point to review");
    }

    rc = review_request_points(reading->pool, list, rubric,
                               reading->given->max_points, &request->points,
                               &request->npoints, err);

    return rc || list == NULL ? rc : review_chunk_request_list(reading, list,
                                                               err);
}


/* which of the points are asked past all caches */

static int
review_chunk_request_fresh(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    char                     at[REVIEW_ERROR_POINTER];
    size_t                   i, k, n;
    json_t                  *json;
    review_str_t             id;
    review_request_id_t     *ids;
    review_chunk_request_t  *request;

    request = reading->request;

    n = json_array_size(list);

    if (n == 0) {
        return 0;
    }

    if (n > reading->given->max_points) {
        return review_refuse(err, 422, pointer, "there are %zu points, "
                             "review_max_points allows %zu", n,
                             reading->given->max_points);
    }

    request->fresh = review_alloc(reading->pool, request->npoints + 1);
    ids = review_request_ids(reading->pool, request->points, request->npoints);

    if (request->fresh == NULL || ids == NULL) {
        return -1;
    }

    memset(request->fresh, 0, request->npoints + 1);

    json_array_foreach(list, i, json) {
        (void) review_json_member_pointer_index(at, pointer, i);

        if (review_json_member_text(json, at, 0, SIZE_MAX, &id, err) != 0) {
            return 400;
        }

        k = review_request_id(ids, request->npoints, &id);

        if (k == request->npoints) {
            return review_refuse(err, 422, at, "no such point is asked for");
        }

        request->fresh[k] = 1;
    }

    return 0;
}


static const review_member_t  review_chunk_reference_members[] = {
    review_member("id", STRING, review_chunk_reference_t, id, .min = 1,
                  .max = 1024,
                  .missing = "is missing: what the reference is called in "
                             "evidence"),
    review_member("text", STRING, review_chunk_reference_t, text,
                  .missing = "is missing: the reference's text"),
    review_member("order", INTEGER, review_chunk_reference_t, order, .min = 1,
                  .max = 1000000),
    REVIEW_CHUNK_IDLE,
    review_member_end
};


static int
review_chunk_request_reference(json_t *json, const char *pointer,
    review_subject_t *subject, size_t n, review_error_t *err)
{
    int                       rc;
    char                      at[REVIEW_ERROR_POINTER];
    size_t                    i;
    review_str_t              chunk = review_string("chunk");
    review_chunk_reference_t  reference;

    if (!json_is_object(json)) {
        return review_refuse(err, 400, pointer, "must be an object with "
                             "\"id\" and \"text\", got %s",
                             review_json_member_type(json));
    }

    reference.order = (int) n + 1;

    rc = review_json_object(json, pointer, review_chunk_reference_members,
                            &reference, err);
    if (rc) {
        return rc;
    }

    (void) review_json_member_pointer_name(at, pointer, "id", 2);

    if (review_request_same(&reference.id, &chunk)) {
        return review_refuse(err, 422, at, "\"chunk\" is the name of the "
                             "chunk itself in evidence");
    }

    for (i = 0; i < n; i++) {
        if (review_request_same(&subject->reference_ids[i], &reference.id)) {
            return review_refuse(err, 422, at, "another reference has this "
                                 "id");
        }
    }

    subject->reference_ids[n] = reference.id;
    subject->references[n] = reference.text;
    subject->reference_orders[n] = reference.order;

    return 0;
}


static int
review_chunk_request_references(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    int                rc;
    char               at[REVIEW_ERROR_POINTER];
    size_t             i, n;
    json_t            *json;
    review_subject_t  *subject;

    subject = &reading->request->subject;
    n = json_array_size(list);

    if (n == 0) {
        return 0;
    }

    if (n > reading->given->max_points) {
        return review_refuse(err, 422, pointer, "there are %zu references, at "
                             "most %zu are allowed", n,
                             reading->given->max_points);
    }

    subject->references = review_alloc(reading->pool,
                                       2 * n * sizeof(review_str_t));

    subject->reference_orders = review_alloc(reading->pool, n * sizeof(int));

    if (subject->references == NULL || subject->reference_orders == NULL) {
        return -1;
    }

    subject->reference_ids = subject->references + n;
    subject->nreferences = n;

    json_array_foreach(list, i, json) {
        (void) review_json_member_pointer_index(at, pointer, i);

        rc = review_chunk_request_reference(json, at, subject, i, err);
        if (rc) {
            return rc;
        }
    }

    return 0;
}


static int
review_chunk_request_vars(void *data, json_t *vars, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    (void) pointer;

    reading->request->subject.vars = vars;

    return review_request_vars(vars, reading->given->max_chunk, err);
}


/* what is said to the LLM is the operator's to show */

static int
review_chunk_request_explain(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_chunk_reading_t *reading = data;

    (void) json;

    if (reading->explain && !reading->given->explains) {
        return review_refuse(err, 422, pointer, "prompts are not shown here: "
                             "\"review\" has no \"explain=on\"");
    }

    reading->request->explain = reading->explain;

    return 0;
}


const review_member_t  review_chunk_members[] = {
    review_member_by("chunk", ANY, review_chunk_request_text,
                     .missing = "is missing: the text to be reviewed",
                     .of = review_chunk_text_members),
    review_member_by("rubric", ANY, review_chunk_request_rubric,
                     .of = review_rubric_members),
    review_member_by("points", ARRAY, review_chunk_request_points,
                     .each = review_point_members),
    review_member_by("references", ARRAY, review_chunk_request_references,
                     .each = review_chunk_reference_members),
    review_member_by("vars", OBJECT, review_chunk_request_vars,
                     .of = review_request_any),
    review_member_by("fresh", ARRAY, review_chunk_request_fresh),
    review_member("deadline", NUMBER, review_chunk_reading_t, deadline,
                  .min = 1, .max = 1000000),
    review_member("explain", BOOLEAN, review_chunk_reading_t, explain,
                  .read = review_chunk_request_explain),
    review_member_end
};


int
review_chunk_request(review_pool_t *pool, json_t *body,
    const review_chunk_given_t *given, review_chunk_request_t *request,
    review_error_t *err)
{
    int                     rc;
    review_chunk_reading_t  reading;

    memset(request, 0, sizeof(*request));
    memset(&reading, 0, sizeof(reading));

    reading.pool = pool;
    reading.given = given;
    reading.request = request;

    review_json_object_drop_nulls(body);

    rc = review_json_object(body, "", review_chunk_members, &reading, err);

    request->deadline = reading.deadline;

    return rc ? rc : review_request_named_vars(request->subject.vars,
                                               request->points,
                                               request->npoints, err);
}
