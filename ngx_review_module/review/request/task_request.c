
#include "review/request/task_shared.h"
#include "review/net/s3.h"
#include "review/split/split_request.h"


/* chunks for each point, where nothing else is said */

#define REVIEW_TASK_TOP_K    5


typedef struct {
    int            mode;
    int            k;
    int            references;
} review_task_select_t;

typedef struct {
    review_str_t   object;
    int            format;
} review_task_result_t;


static const char *const  review_task_modes[] = { "all", "top_k", NULL };
static const char *const  review_task_formats[] = { "json", "markdown", NULL };

static int
review_task_request_rubric(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    int                     rc;
    review_task_request_t  *request;

    request = reading->request;

    rc = review_request_rubric(reading->pool, &reading->given->rubrics, json,
                               pointer, &request->rubric, err);

    if (rc || request->rubric == NULL) {
        return rc;
    }

    if (json_is_object(json)) {
        request->own = json;

    } else if (json) {
        request->rubric_name.data = json_string_value(json);
        request->rubric_name.len = json_string_length(json);

    } else {
        request->rubric_name = reading->given->rubric;
    }

    return 0;
}


/* one that is spelled out, or the id of one in the rubric */

static int
review_task_request_point(review_task_reading_t *reading, json_t *json,
    const char *at, review_point_t **point, review_error_t *err)
{
    int               rc;
    review_rubric_t  *rubric;

    rubric = reading->request->rubric;

    if (json_is_object(json)) {
        rc = review_request_own(&reading->given->rubrics, at, err);

        return rc ? rc : review_request_own_point(reading->pool, json, at,
                                                  point, err);
    }

    if (!json_is_string(json)) {
        return review_refuse(err, 400, at, "must be the id of a point or a "
                             "point, got %s", review_json_member_type(json));
    }

    if (rubric == NULL) {
        return review_refuse(err, 422, at, "there is no rubric in which to "
                             "look the point up");
    }

    *point = review_rubric_point(rubric, json_string_value(json),
                                 json_string_length(json));

    return *point ? 0 : review_refuse(err, 422, at, "the rubric has no such "
                                      "point");
}


static int
review_task_request_list(review_task_reading_t *reading, json_t *list,
    review_error_t *err)
{
    int                     rc;
    char                    at[REVIEW_ERROR_POINTER];
    size_t                  i, size, schemas;
    json_t                 *json;
    review_point_t        **points;

    points = reading->request->points;
    schemas = 0;
    size = 0;

    json_array_foreach(list, i, json) {
        (void) review_json_member_pointer_index(at, "/points", i);

        rc = review_task_request_point(reading, json, at, &points[i], err);

        if (rc) {
            return rc;
        }

        if (json_is_object(json)) {
            size += json_dumpb(json, NULL, 0, JSON_COMPACT);
            reading->request->spelled = list;
        }

        if (size > REVIEW_REQUEST_OWN) {
            return review_refuse(err, 413, "/points", "the request's own are "
                                 "of more than %d bytes", REVIEW_REQUEST_OWN);
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


/* where there is none, all points are the request's own */

static int
review_task_request_no_rubric(review_task_reading_t *reading)
{
    review_rubric_t  *rubric;

    if (reading->request->rubric) {
        return 0;
    }

    rubric = review_alloc(reading->pool, sizeof(*rubric));

    if (rubric == NULL) {
        return -1;
    }

    memset(rubric, 0, sizeof(*rubric));

    rubric->name.data = "";
    rubric->system.data = "";
    rubric->language.data = "zh";
    rubric->language.len = 2;
    rubric->own = 1;

    reading->request->rubric = rubric;

    return 0;
}


static int
review_task_request_points(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    int                     rc;
    review_task_request_t  *request;

    request = reading->request;

    if (list == NULL && request->rubric == NULL) {
        return review_refuse(err, 400, "/rubric", "is missing: the points to "
                             "review");
    }

    (void) pointer;

    rc = review_request_points(reading->pool, list, request->rubric,
                               reading->given->max_points, &request->points,
                               &request->npoints, err);

    if (rc == 0 && list) {
        rc = review_task_request_list(reading, list, err);
    }

    return rc ? rc : review_task_request_no_rubric(reading);
}


static int
review_task_request_split(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    return json ? review_split_request_options(json, pointer,
                                               &reading->request->split, err)
                : 0;
}


static const review_member_t  review_task_select_members[] = {
    review_member("mode", CHOICE, review_task_select_t, mode,
                  .names = review_task_modes),
    review_member("k", INTEGER, review_task_select_t, k, .min = 1,
                  .max = 1000000),
    review_member("references", INTEGER, review_task_select_t, references,
                  .max = 100),
    review_member_end
};


static int
review_task_request_select(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    int                    rc;
    review_task_select_t   select;

    if (json == NULL) {
        return 0;
    }

    select.mode = 0;
    select.k = REVIEW_TASK_TOP_K;
    select.references = (int) reading->request->clauses;

    review_json_object_drop_nulls(json);

    rc = review_json_object(json, pointer, review_task_select_members, &select,
                            err);

    reading->request->top_k = select.mode ? (size_t) select.k : 0;
    reading->request->clauses = (size_t) select.references;

    return rc;
}


static int
review_task_request_ends_with(const review_str_t *str, const char *end)
{
    size_t  len;

    len = strlen(end);

    return str->len > len && memcmp(str->data + str->len - len, end, len) == 0;
}


/* that of another report may be sent as it is */

static const review_member_t  review_task_result_members[] = {
    review_member("object", STRING, review_task_result_t, object, .min = 1,
                  .missing = "is missing: what the report is saved as"),
    review_member("format", CHOICE, review_task_result_t, format,
                  .names = review_task_formats),
    review_member_idle("saved"),
    review_member_idle("etag"),
    review_member_idle("error"),
    review_member_end
};


/* where the report is saved, too */

static int
review_task_request_result(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    int                    rc;
    const char            *why;
    review_task_result_t   result;

    if (json == NULL) {
        return 0;
    }

    result.format = -1;

    review_json_object_drop_nulls(json);

    rc = review_json_object(json, pointer, review_task_result_members, &result,
                            err);
    if (rc) {
        return rc;
    }

    why = reading->given->store
          ? review_s3_bad_key(result.object.data, result.object.len)
          : "there is no store here: \"review_task\" has no \"store=\"";

    if (why) {
        return review_refuse(err, 422, "/result/object", "%s", why);
    }

    reading->request->object = result.object;
    reading->request->markdown = result.format == -1
                                 ? review_task_request_ends_with(
                                     &result.object, ".md")
                                 : result.format;

    return 0;
}


/* what the report is to have beside: the texts that places are about */

static int
review_task_request_return(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    char     at[REVIEW_ERROR_POINTER];
    size_t   i;
    json_t  *name;

    json_array_foreach(list, i, name) {

        if (!json_is_string(name)
            || strcmp(json_string_value(name), "text") != 0)
        {
            (void) review_json_member_pointer_index(at, pointer, i);

            return review_refuse(err, 400, at, "must be \"text\"");
        }

        reading->request->text = 1;
    }

    return 0;
}


static int
review_task_request_vars(void *data, json_t *vars, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    (void) pointer;

    reading->request->vars = vars;

    return review_request_vars(vars, reading->given->max_vars, err);
}


/* the number in "c12", or 0: no chunk is called so */

static size_t
review_task_request_chunk(const char *id, size_t len)
{
    size_t  i, n;

    if (len < 2 || len > 10 || id[0] != 'c' || id[1] == '0') {
        return 0;
    }

    for (i = 1, n = 0; i < len; i++) {

        if (id[i] < '0' || id[i] > '9') {
            return 0;
        }

        n = n * 10 + (size_t) (id[i] - '0');
    }

    return n;
}


/* "bid/c2/p1" where there are several documents: the rest goes on */

static int
review_task_request_cell_document(const review_task_request_t *request,
    review_str_t *cell, size_t *document)
{
    const char    *slash;
    review_str_t   id;

    *document = 0;

    if (request->ndocuments == 0 || (cell->len && cell->data[0] == '/')) {
        return 0;
    }

    slash = memchr(cell->data, '/', cell->len);

    if (slash == NULL) {
        return -1;
    }

    id.data = cell->data;
    id.len = (size_t) (slash - cell->data);

    cell->data = slash + 1;
    cell->len -= id.len + 1;

    for (/* void */; *document < request->ndocuments; ++*document) {
        if (review_request_same(&request->documents[*document].id, &id)) {
            return 0;
        }
    }

    return -1;
}


/*
 * "c2/p1": a chunk, up to the first slash, and a point; "/p1": one about the
 * document
 */

static int
review_task_request_cell(const review_task_request_t *request,
    review_str_t *cell, const review_request_id_t *ids,
    review_task_fresh_t *fresh)
{
    size_t        n, npoints;
    const char   *slash;
    review_str_t  point;

    npoints = request->npoints;

    if (review_task_request_cell_document(request, cell, &fresh->document)
        != 0)
    {
        return -1;
    }

    slash = memchr(cell->data, '/', cell->len);

    if (slash == NULL) {
        return -1;
    }

    n = review_task_request_chunk(cell->data, (size_t) (slash - cell->data));

    point.data = slash + 1;
    point.len = (size_t) (cell->data + cell->len - point.data);

    fresh->chunk = n - 1;
    fresh->point = review_request_id(ids, npoints, &point);
    fresh->whole = slash == cell->data;

    if (fresh->point == npoints) {
        return -1;
    }

    return fresh->whole == (request->points[fresh->point]->scope
                            == REVIEW_SCOPE_DOCUMENT)
           && (n || fresh->whole) ? 0 : -1;
}


static int
review_task_request_fresh(void *data, json_t *list, const char *pointer,
    review_error_t *err)
{
    review_task_reading_t *reading = data;

    char                    at[REVIEW_ERROR_POINTER];
    size_t                  i, n;
    json_t                 *json;
    review_str_t            cell;
    review_request_id_t    *ids;
    review_task_request_t  *request;

    request = reading->request;
    n = json_array_size(list);

    if (n == 0) {
        return 0;
    }

    if (n > REVIEW_TASK_FRESH) {
        return review_refuse(err, 422, pointer, "there are %zu cells, at most "
                             "%d are allowed", n, REVIEW_TASK_FRESH);
    }

    request->fresh = review_alloc(reading->pool,
                                  n * sizeof(review_task_fresh_t));
    ids = review_request_ids(reading->pool, request->points, request->npoints);

    if (request->fresh == NULL || ids == NULL) {
        return -1;
    }

    request->nfresh = n;

    /* there may be very many of them: a pointer is made for a bad one alone */

    json_array_foreach(list, i, json) {
        cell.data = json_string_value(json);
        cell.len = json_string_length(json);

        if (cell.data
            && review_task_request_cell(request, &cell, ids, &request->fresh[i])
               == 0)
        {
            continue;
        }

        (void) review_json_member_pointer_index(at, pointer, i);

        if (review_json_member_text(json, at, 0, SIZE_MAX, &cell, err) != 0) {
            return 400;
        }

        return review_refuse(err, 422, at, "must be the id of a chunk, a "
                             "slash, and that of a point that is asked, as "
                             "in \"c2/p1\"; of a point about the document "
                             "there is no chunk: \"/p1\"");
    }

    return 0;
}


const review_member_t  review_task_members[] = {
    review_member_by("documents", ARRAY, review_task_documents_several,
                     .each = review_task_document_members),
    review_member_by("document", ANY, review_task_documents_one,
                     .of = review_task_document_members),
    review_member_by("references", ARRAY, review_task_documents_references,
                     .each = review_task_document_members),
    review_member_by("rubric", ANY, review_task_request_rubric,
                     .of = review_rubric_members),
    review_member_by("points", ARRAY, review_task_request_points,
                     .each = review_point_members),
    review_member_by("split", OBJECT, review_task_request_split,
                     .of = review_split_options_members),
    review_member_by("select", OBJECT, review_task_request_select,
                     .of = review_task_select_members),
    review_member("deadline", NUMBER, review_task_reading_t, deadline,
                  .min = 1, .max = 1000000),
    review_member_by("result", OBJECT, review_task_request_result,
                     .of = review_task_result_members),
    review_member_by("return", ARRAY, review_task_request_return),
    review_member("dry_run", BOOLEAN, review_task_reading_t, dry_run),
    review_member_by("vars", OBJECT, review_task_request_vars,
                     .of = review_request_any),
    review_member_by("fresh", ARRAY, review_task_request_fresh),
    review_member_end
};


int
review_task_request(review_pool_t *pool, json_t *body,
    const review_task_given_t *given, review_task_request_t *request,
    review_error_t *err)
{
    int                    rc;
    review_task_reading_t  reading;

    memset(request, 0, sizeof(*request));
    memset(&reading, 0, sizeof(reading));

    reading.pool = pool;
    reading.given = given;
    reading.request = request;

    request->split = given->split;

    review_json_object_drop_nulls(body);

    rc = review_json_object(body, "", review_task_members, &reading, err);

    request->deadline = reading.deadline;
    request->dry_run = reading.dry_run;

    return rc ? rc : review_request_named_vars(request->vars, request->points,
                                               request->npoints, err);
}
