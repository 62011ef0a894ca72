
#include "review/request/request.h"
#include "review/base/utf8.h"
#include "review/facts/date.h"


/* for templates; they are looked up and sent on with every chunk */

#define REVIEW_REQUEST_VARS   1000

/* bytes of somebody's name in an error */

#define REVIEW_REQUEST_SHOWN  64


/* any members: their names are the client's */

const review_member_t  review_request_any[] = {
    review_member_rest
};


int
review_request_same(const review_str_t *a, const review_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


int
review_request_own(const review_rubrics_t *given, const char *pointer,
    review_error_t *err)
{
    return given->own ? 0
           : review_refuse(err, 422, pointer, "is the request's own, which is "
                           "not taken here: \"inline=on\" is not set");
}


static int
review_request_own_rubric(review_pool_t *pool, const review_rubrics_t *given,
    json_t *json, const char *pointer, review_rubric_t **rubric,
    review_error_t *err)
{
    int     rc;
    char    at[REVIEW_ERROR_POINTER];
    size_t  n;

    rc = review_request_own(given, pointer, err);

    if (rc) {
        return rc;
    }

    n = json_array_size(json_object_get(json, "points"));

    if (n > given->max_points) {
        (void) review_json_member_pointer_name(at, pointer, "points", 6);

        return review_refuse(err, 422, at, "there are %zu points, "
                             "review_max_points allows %zu", n,
                             given->max_points);
    }

    n = json_dumpb(json, NULL, 0, JSON_COMPACT);

    if (n > REVIEW_REQUEST_OWN) {
        return review_refuse(err, 413, pointer, "is of %zu bytes, at most %d "
                             "are allowed", n, REVIEW_REQUEST_OWN);
    }

    *rubric = review_alloc(pool, sizeof(review_rubric_t));

    if (*rubric == NULL) {
        return -1;
    }

    if (review_rubric_read(pool, json, pointer, *rubric, err) != 0) {
        *rubric = NULL;
        return 400;
    }

    return 0;
}


int
review_request_rubric(review_pool_t *pool, const review_rubrics_t *given,
    json_t *json, const char *pointer, review_rubric_t **rubric,
    review_error_t *err)
{
    review_str_t  name;

    *rubric = given->rubric;

    if (json == NULL) {
        return 0;
    }

    *rubric = NULL;

    if (json_is_object(json)) {
        return review_request_own_rubric(pool, given, json, pointer, rubric,
                                         err);
    }

    if (!json_is_string(json)) {
        return review_refuse(err, 400, pointer, "must be the name of a rubric, "
                             "or a rubric, got %s",
                             review_json_member_type(json));
    }

    if (review_json_member_text(json, pointer, 0, SIZE_MAX, &name, err) != 0) {
        return 400;
    }

    *rubric = given->find(given->data, &name);

    if (*rubric == NULL) {
        return review_refuse(err, 422, pointer, "no rubric has the name "
                             "\"%.*s\"",
                             (int) review_utf8_cut(name.data, name.len,
                                                   REVIEW_REQUEST_SHOWN),
                             name.data);
    }

    return 0;
}


int
review_request_own_point(review_pool_t *pool, json_t *json,
    const char *pointer, review_point_t **point, review_error_t *err)
{
    *point = review_alloc(pool, sizeof(review_point_t));

    if (*point == NULL) {
        return -1;
    }

    return review_rubric_point_load(pool, json, pointer, *point, err) == 0
           ? 0 : 400;
}


int
review_request_twice(review_point_t **points, size_t last,
    const char *pointer, review_error_t *err)
{
    size_t               i;
    const review_str_t  *id;

    id = &points[last]->id;

    for (i = 0; i < last; i++) {
        if (review_request_same(&points[i]->id, id)) {
            return review_refuse(err, 422, pointer, "the point \"%.*s\" is "
                                 "asked for twice", (int) id->len, id->data);
        }
    }

    return 0;
}


int
review_request_points(review_pool_t *pool, json_t *list,
    review_rubric_t *rubric, size_t max, review_point_t ***points, size_t *n,
    review_error_t *err)
{
    size_t  i;

    *n = list ? json_array_size(list) : rubric->npoints;

    if (*n == 0) {
        return review_refuse(err, 400, "/points", "is empty: there is no "
                             "point to review");
    }

    if (*n > max) {
        return review_refuse(err, 422, "/points", "there are %zu points, "
                             "review_max_points allows %zu", *n, max);
    }

    *points = review_alloc(pool, *n * sizeof(review_point_t *));

    if (*points == NULL) {
        return -1;
    }

    for (i = 0; list == NULL && i < *n; i++) {
        (*points)[i] = &rubric->points[i];
    }

    return 0;
}


static int
review_request_id_order(const void *one, const void *other)
{
    const review_str_t  *a, *b;

    a = &((const review_request_id_t *) one)->id;
    b = &((const review_request_id_t *) other)->id;

    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }

    return a->len ? memcmp(a->data, b->data, a->len) : 0;
}


review_request_id_t *
review_request_ids(review_pool_t *pool, review_point_t **points, size_t n)
{
    size_t                i;
    review_request_id_t  *ids;

    ids = review_alloc(pool, n * sizeof(review_request_id_t));

    if (ids == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        ids[i].id = points[i]->id;
        ids[i].point = i;
    }

    qsort(ids, n, sizeof(review_request_id_t), review_request_id_order);

    return ids;
}


size_t
review_request_id(const review_request_id_t *ids, size_t n,
    const review_str_t *id)
{
    review_request_id_t         wanted;
    const review_request_id_t  *found;

    wanted.id = *id;

    found = bsearch(&wanted, ids, n, sizeof(review_request_id_t),
                    review_request_id_order);

    return found ? found->point : n;
}


int
review_request_vars(json_t *vars, size_t max, review_error_t *err)
{
    char         at[REVIEW_ERROR_POINTER];
    size_t       size;
    json_t      *value;
    const char  *name;

    if (vars == NULL) {
        return 0;
    }

    /* nulls are none, and whoever parsed this has dropped them */

    if (json_object_size(vars) <= 2 * REVIEW_REQUEST_VARS) {
        review_json_object_drop_nulls(vars);
    }

    if (json_object_size(vars) > REVIEW_REQUEST_VARS) {
        return review_refuse(err, 422, "/vars", "there are %zu variables, at "
                             "most %d are allowed", json_object_size(vars),
                             REVIEW_REQUEST_VARS);
    }

    size = 0;

    json_object_foreach(vars, name, value) {
        size += strlen(name) + json_string_length(value);

        if (json_is_array(value) || json_is_object(value)) {
            (void) review_json_member_pointer_name(at, "/vars", name,
                                                   strlen(name));

            return review_refuse(err, 400, at, "must be a string, a number or "
                                 "a boolean, got %s",
                                 review_json_member_type(value));
        }
    }

    if (size > max) {
        return review_refuse(err, 413, "/vars", "the variables are of %zu "
                             "bytes, review_max_chunk_size allows %zu", size,
                             max);
    }

    return 0;
}


static int
review_request_template_vars(json_t *vars, const review_template_t *template,
    const review_point_t *point, review_error_t *err)
{
    char                  at[REVIEW_ERROR_POINTER];
    size_t                i, n;
    const review_part_t  *part;

    for (i = 0; i < template->nparts; i++) {
        part = &template->parts[i];

        if (part->type != REVIEW_PART_VAR || part->optional
            || json_object_getn(vars, part->text.data, part->text.len))
        {
            continue;
        }

        n = review_utf8_cut(part->text.data, part->text.len,
                            REVIEW_REQUEST_SHOWN);

        (void) review_json_member_pointer_name(at, "/vars", part->text.data, n);

        return review_refuse(err, 422, at, "is missing: the prompt of point "
                             "\"%.*s\" has \"{{vars.%.*s}}\", which would be "
                             "\"{{vars.%.*s?}}\" if it need not be there",
                             (int) review_utf8_cut(point->id.data,
                                                   point->id.len,
                                                   REVIEW_REQUEST_SHOWN),
                             point->id.data, (int) n, part->text.data,
                             (int) n, part->text.data);
    }

    return 0;
}


/* the one that a check compares with has to be a date */

static int
review_request_check_var(json_t *vars, const review_point_t *point,
    review_error_t *err)
{
    char                 at[REVIEW_ERROR_POINTER];
    json_t              *value;
    review_str_t         text;
    review_date_t        date;
    const review_str_t  *var;

    var = &point->check->var;
    value = json_object_getn(vars, var->data, var->len);

    if (json_is_string(value)) {
        text.data = json_string_value(value);
        text.len = json_string_length(value);

        if (review_date_is(&text, &date)) {
            return 0;
        }
    }

    (void) review_json_member_pointer_name(at, "/vars", var->data,
                                           review_utf8_cut(var->data, var->len,
                                               REVIEW_REQUEST_SHOWN));

    return review_refuse(err, 422, at, "%s: the check of point \"%.*s\" asks "
                         "for a date, as 2026-06-30",
                         value ? "is not a date" : "is missing",
                         (int) review_utf8_cut(point->id.data, point->id.len,
                                               REVIEW_REQUEST_SHOWN),
                         point->id.data);
}


int
review_request_named_vars(json_t *vars, review_point_t **points, size_t n,
    review_error_t *err)
{
    int              rc;
    size_t           i, k;
    review_point_t  *point;

    for (i = 0; i < n; i++) {
        point = points[i];

        if (point->check && point->check->var.data) {
            rc = review_request_check_var(vars, point, err);

            if (rc) {
                return rc;
            }
        }

        for (k = 0; k < point->nprompts; k++) {
            if (!point->prompts[k]->vars) {
                continue;
            }

            rc = review_request_template_vars(vars, point->prompts[k], point,
                                              err);
            if (rc) {
                return rc;
            }
        }
    }

    return 0;
}
