
/*
 * What a client asks of a task.  Every error is found here, before anything is
 * done, and names the member at fault.
 */

#include "ngx_http_review_task.h"
#include "ngx_http_review_chunk.h"

#include "review/json.h"
#include "review/split_json.h"


/* clauses of the references that go with a chunk, where nothing else is said */

#define NGX_HTTP_REVIEW_TASK_CLAUSES  3
#define NGX_HTTP_REVIEW_TASK_TOP_K    5


#define ngx_http_review_task_bad(task, pointer, ...)                          \
    ngx_http_review_refuse(&(task)->ctx, NGX_HTTP_BAD_REQUEST, pointer,       \
                           __VA_ARGS__)

#define ngx_http_review_task_unknown(task, pointer, ...)                      \
    ngx_http_review_refuse(&(task)->ctx, NGX_HTTP_UNPROCESSABLE, pointer,     \
                           __VA_ARGS__)

#define ngx_http_review_task_error(task, err)                                 \
    ngx_http_review_task_bad(task, (err)->pointer, "%s", (err)->text)


static ngx_int_t ngx_http_review_task_read_document(
    ngx_http_review_task_t *task, json_t *json, const char *pointer,
    ngx_http_review_document_t *document);
static ngx_int_t ngx_http_review_task_read_references(
    ngx_http_review_task_t *task, ngx_http_review_plan_t *plan);
static ngx_int_t ngx_http_review_task_check_id(ngx_http_review_task_t *task,
    ngx_http_review_document_t *references, size_t n, const char *pointer);
static ngx_int_t ngx_http_review_task_read_rubric(
    ngx_http_review_task_t *task);
static ngx_int_t ngx_http_review_task_read_points(
    ngx_http_review_task_t *task, ngx_http_review_plan_t *plan);
static ngx_int_t ngx_http_review_task_read_point(ngx_http_review_task_t *task,
    json_t *id, size_t i, review_point_t **point);
static ngx_int_t ngx_http_review_task_add_point(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan, size_t i, review_point_t *point);
static ngx_int_t ngx_http_review_task_read_split(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan);
static ngx_int_t ngx_http_review_task_read_select(
    ngx_http_review_task_t *task);
static ngx_int_t ngx_http_review_task_read_deadline(
    ngx_http_review_task_t *task);


ngx_int_t
ngx_http_review_task_read_request(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    json_t     *json;
    ngx_int_t   rc;

    json = json_object_get(task->ctx.body, "document");

    if (json == NULL) {
        return ngx_http_review_task_bad(task, "/document", "is missing: what "
                                        "is to be reviewed");
    }

    rc = ngx_http_review_task_read_document(task, json, "/document",
                                            &plan->document);
    if (rc != NGX_OK) {
        return rc;
    }

    task->id = plan->document.id;
    ngx_memzero(&plan->document.id, sizeof(review_str_t));

    if ((rc = ngx_http_review_task_read_references(task, plan)) != NGX_OK
        || (rc = ngx_http_review_task_read_rubric(task)) != NGX_OK
        || (rc = ngx_http_review_task_read_points(task, plan)) != NGX_OK
        || (rc = ngx_http_review_task_read_split(task, plan)) != NGX_OK
        || (rc = ngx_http_review_task_read_select(task)) != NGX_OK
        || (rc = ngx_http_review_task_read_deadline(task)) != NGX_OK)
    {
        return rc;
    }

    return ngx_http_review_check_vars(&task->ctx, &task->vars);
}


/* a text alone, or {"text","id"?} */

static ngx_int_t
ngx_http_review_task_read_document(ngx_http_review_task_t *task, json_t *json,
    const char *pointer, ngx_http_review_document_t *document)
{
    int              rc;
    char             at[REVIEW_ERROR_POINTER];
    review_error_t   err;

    ngx_memzero(document, sizeof(ngx_http_review_document_t));

    (void) review_pointer_name(at, pointer, "text", 4);

    if (json_is_string(json)) {
        document->text.data = json_string_value(json);
        document->text.len = json_string_length(json);

        ngx_memcpy(at, pointer, ngx_strlen(pointer) + 1);

    } else if (json_is_object(json)) {
        ngx_http_review_drop_nulls(json);

        rc = review_json_string(json, pointer, "id", 0, 1000, &document->id,
                                &err);
        if (rc >= 0) {
            rc = review_json_string(json, pointer, "text", 0, (size_t) -1,
                                    &document->text, &err);
        }

        if (rc < 0) {
            return ngx_http_review_task_error(task, &err);
        }

        if (rc == 0) {
            return ngx_http_review_task_bad(task, at, "is missing: the text");
        }

    } else {
        return ngx_http_review_task_bad(task, pointer, "must be a string or "
                                        "an object, got %s",
                                        review_json_type(json));
    }

    if (document->text.len > task->ctx.conf->max_text) {
        return ngx_http_review_refuse(&task->ctx,
                                      NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, at,
                                      "the text is of %zu bytes, "
                                      "review_max_text_size allows %zu",
                                      document->text.len,
                                      task->ctx.conf->max_text);
    }

    if (review_utf8_blank(document->text.data, document->text.len)) {
        return ngx_http_review_task_bad(task, at, "is empty: there is nothing "
                                        "to review");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_read_references(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    int                          rc;
    char                         pointer[REVIEW_ERROR_POINTER];
    size_t                       i, n;
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

    if (n > task->ctx.conf->max_points) {
        return ngx_http_review_task_unknown(task, "/references", "there are "
                                            "%zu references, at most %zu are "
                                            "allowed", n,
                                            (size_t)
                                            task->ctx.conf->max_points);
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


static ngx_int_t
ngx_http_review_task_read_rubric(ngx_http_review_task_t *task)
{
    int                           rc;
    review_error_t                err;
    ngx_http_review_main_conf_t  *rmcf;

    task->rubric = task->ctx.conf->rubric;
    task->rubric_name.data = (char *) task->ctx.conf->name.data;
    task->rubric_name.len = task->ctx.conf->name.len;

    rc = review_json_string(task->ctx.body, "", "rubric", 0, (size_t) -1,
                            &task->rubric_name, &err);
    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    if (rc) {
        rmcf = ngx_http_get_module_main_conf(task->ctx.request,
                                             ngx_http_review_module);
        task->rubric = ngx_http_review_rubric_find(rmcf,
                                                   task->rubric_name.data,
                                                   task->rubric_name.len);
    }

    task->ctx.rubric = task->rubric;

    if (task->rubric == NULL) {
        return rc ? ngx_http_review_task_unknown(task, "/rubric", "no rubric "
                                                 "has this name")
                  : ngx_http_review_task_bad(task, "/rubric", "is missing: "
                                             "the points to review");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_read_points(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    int              rc;
    size_t           i, n;
    json_t          *list;
    ngx_int_t        status;
    review_error_t   err;
    review_point_t  *point;

    list = NULL;

    rc = review_json_member(task->ctx.body, "", "points", JSON_ARRAY, &list,
                            &err);
    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    n = list ? json_array_size(list) : task->rubric->npoints;

    if (n == 0) {
        return ngx_http_review_task_bad(task, "/points", "is empty: there is "
                                        "no point to review");
    }

    if (n > task->ctx.conf->max_points) {
        return ngx_http_review_task_unknown(task, "/points", "there are %zu "
                                            "points, review_max_points allows "
                                            "%zu", n, (size_t)
                                            task->ctx.conf->max_points);
    }

    task->points = review_alloc(plan->pool, n * sizeof(review_point_t *));
    plan->points = review_alloc(plan->pool, n * sizeof(review_report_point_t));
    plan->questions = review_alloc(plan->pool, n * sizeof(review_str_t));

    if (task->points == NULL || plan->points == NULL
        || plan->questions == NULL)
    {
        return NGX_ERROR;
    }

    plan->npoints = n;

    for (i = 0; i < n; i++) {
        point = &task->rubric->points[i];

        if (list) {
            status = ngx_http_review_task_read_point(task,
                                                     json_array_get(list, i),
                                                     i, &point);
            if (status != NGX_OK) {
                return status;
            }
        }

        if (ngx_http_review_task_add_point(task, plan, i, point) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_read_point(ngx_http_review_task_t *task, json_t *id,
    size_t i, review_point_t **point)
{
    char    pointer[REVIEW_ERROR_POINTER];
    size_t  k;

    (void) review_pointer_index(pointer, "/points", i);

    if (!json_is_string(id)) {
        return ngx_http_review_task_bad(task, pointer, "must be the id of a "
                                        "point, got %s", review_json_type(id));
    }

    *point = review_rubric_point(task->rubric, json_string_value(id),
                                 json_string_length(id));

    if (*point == NULL) {
        return ngx_http_review_task_unknown(task, pointer, "the rubric has no "
                                            "such point");
    }

    for (k = 0; k < i; k++) {
        if (task->points[k] == *point) {
            return ngx_http_review_task_unknown(task, pointer, "the point is "
                                                "asked for twice");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_add_point(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan, size_t i, review_point_t *point)
{
    review_buf_t  b;

    task->points[i] = point;
    plan->points[i].id = point->id;
    plan->points[i].title = point->title;

    review_buf_init(&b, plan->pool, point->title.len + point->question.len + 1);
    review_buf_str(&b, &point->title);
    review_buf_puts(&b, "\n");
    review_buf_str(&b, &point->question);

    plan->questions[i].data = b.data;
    plan->questions[i].len = b.len;

    return b.failed ? NGX_ERROR : NGX_OK;
}


/* the options of the split endpoint, in an object of their own */

static ngx_int_t
ngx_http_review_task_read_split(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    int              rc;
    char             pointer[2 * REVIEW_ERROR_POINTER];
    json_t          *split;
    review_error_t   err;

    plan->split = task->ctx.conf->split;

    rc = review_json_member(task->ctx.body, "", "split", JSON_OBJECT, &split,
                            &err);
    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    rc = rc ? review_split_options(split, &plan->split, &err) : 0;

    if (rc == 0) {
        rc = review_split_check(&plan->split, &err);
    }

    if (rc) {
        *ngx_snprintf((u_char *) pointer, sizeof(pointer) - 1, "/split%s",
                      err.pointer)
            = '\0';

        return ngx_http_review_problem(&task->ctx, rc, pointer, err.text);
    }

    return NGX_OK;
}


/* {"mode":"all"|"top_k","k","references"} */

static ngx_int_t
ngx_http_review_task_read_select(ngx_http_review_task_t *task)
{
    int              rc, mode, k, n;
    json_t          *select;
    review_error_t   err;

    static const char *const  modes[] = { "all", "top_k", NULL };

    mode = 0;
    k = NGX_HTTP_REVIEW_TASK_TOP_K;
    n = task->nreferences;

    rc = review_json_member(task->ctx.body, "", "select", JSON_OBJECT,
                            &select, &err);
    if (rc == 0) {
        return NGX_OK;
    }

    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    ngx_http_review_drop_nulls(select);

    if (review_json_choice(select, "/select", "mode", modes, &mode, &err) < 0
        || review_json_integer(select, "/select", "k", 1, 1000000, &k, &err)
           < 0
        || review_json_integer(select, "/select", "references", 0, 100, &n,
                               &err)
           < 0)
    {
        return ngx_http_review_task_error(task, &err);
    }

    task->top_k = mode ? k : 0;
    task->nreferences = n;

    return NGX_OK;
}


/* in seconds, at most what the configuration allows */

static ngx_int_t
ngx_http_review_task_read_deadline(ngx_http_review_task_t *task)
{
    double          seconds;
    review_error_t  err;

    seconds = 0;
    task->timeout = task->ctx.conf->task_timeout;

    if (review_json_number(task->ctx.body, "", "deadline", 1, 1000000,
                           &seconds, &err)
        < 0)
    {
        return ngx_http_review_task_error(task, &err);
    }

    if (seconds > 0) {
        task->timeout = ngx_min(task->timeout,
                                (ngx_msec_t) (seconds * 1000));
    }

    return NGX_OK;
}
