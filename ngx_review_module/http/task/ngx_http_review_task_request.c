
/*
 * What a client asks of a task.  Every error is found here, before anything is
 * done, and names the member at fault.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/json.h"
#include "review/split/split_json.h"


/* chunks for each point, where nothing else is said */

#define NGX_HTTP_REVIEW_TASK_TOP_K    5


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
static ngx_int_t ngx_http_review_task_read_result(
    ngx_http_review_task_t *task);


ngx_int_t
ngx_http_review_task_read_request(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    ngx_int_t  rc;

    if ((rc = ngx_http_review_task_read_documents(task, plan)) != NGX_OK
        || (rc = ngx_http_review_task_read_rubric(task)) != NGX_OK
        || (rc = ngx_http_review_task_read_points(task, plan)) != NGX_OK
        || (rc = ngx_http_review_task_read_split(task, plan)) != NGX_OK
        || (rc = ngx_http_review_task_read_select(task)) != NGX_OK
        || (rc = ngx_http_review_task_read_deadline(task)) != NGX_OK
        || (rc = ngx_http_review_task_read_result(task)) != NGX_OK)
    {
        return rc;
    }

    return ngx_http_review_check_vars(&task->ctx, &task->vars);
}


static ngx_int_t
ngx_http_review_task_read_rubric(ngx_http_review_task_t *task)
{
    int                                 rc;
    review_error_t                      err;
    ngx_http_review_chunk_conf_t       *conf;
    ngx_http_review_chunk_main_conf_t  *rmcf;

    conf = ngx_http_review_chunk_conf(&task->ctx);

    task->rubric = conf->rubric;
    task->rubric_name.data = (char *) conf->name.data;
    task->rubric_name.len = conf->name.len;

    rc = review_json_string(task->ctx.body, "", "rubric", 0, (size_t) -1,
                            &task->rubric_name, &err);
    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    if (rc) {
        rmcf = ngx_http_get_module_main_conf(task->ctx.request,
                                             ngx_http_review_chunk_module);
        task->rubric = ngx_http_review_rubric_find(rmcf,
                                                   task->rubric_name.data,
                                                   task->rubric_name.len);
    }

    if (task->rubric == NULL) {
        return rc ? ngx_http_review_task_unknown(task, "/rubric", "no rubric "
                                                 "has this name")
                  : ngx_http_review_task_bad(task, "/rubric", "is missing: "
                                             "the points to review");
    }

    task->ctx.rubric = &task->rubric->name;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_read_points(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    int              rc;
    size_t           i, n, max;
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

    max = ngx_http_review_chunk_conf(&task->ctx)->max_points;

    if (n > max) {
        return ngx_http_review_task_unknown(task, "/points", "there are %zu "
                                            "points, review_max_points allows "
                                            "%zu", n, max);
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

    plan->split = ngx_http_review_steps_conf(&task->ctx)->split;

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
    task->timeout = ngx_http_review_task_conf(&task->ctx)->task_timeout;

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


static ngx_uint_t
ngx_http_review_task_ends_with(review_str_t *str, const char *end)
{
    size_t  len;

    len = ngx_strlen(end);

    return str->len > len
           && ngx_memcmp(str->data + str->len - len, end, len) == 0;
}


/* {"object","format"?}: where the report is saved, too */

static ngx_int_t
ngx_http_review_task_read_result(ngx_http_review_task_t *task)
{
    int              rc, format;
    json_t          *result;
    const char      *why;
    review_str_t    *object;
    review_error_t   err;

    static const char *const  formats[] = { "json", "markdown", NULL };
    static const char *const  known[] = { "object", "format", NULL };

    object = &task->saving.object;

    rc = review_json_member(task->ctx.body, "", "result", JSON_OBJECT,
                            &result, &err);
    if (rc == 0) {
        return NGX_OK;
    }

    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    ngx_http_review_drop_nulls(result);

    rc = review_json_known(result, "/result", known, &err);

    if (rc == 0) {
        rc = review_json_string(result, "/result", "object", 1, (size_t) -1,
                                object, &err);
    }

    if (rc < 0) {
        return ngx_http_review_task_error(task, &err);
    }

    if (rc == 0) {
        return ngx_http_review_task_bad(task, "/result/object", "is missing: "
                                        "what the report is saved as");
    }

    if (ngx_http_review_store_conf(&task->ctx)->store == NULL) {
        return ngx_http_review_task_unknown(task, "/result/object", "there is "
                                            "no store here: \"review_task\" "
                                            "has no \"store=\"");
    }

    why = review_s3_bad_key(object->data, object->len);

    if (why) {
        return ngx_http_review_task_unknown(task, "/result/object", "%s", why);
    }

    format = ngx_http_review_task_ends_with(object, ".md");

    if (review_json_choice(result, "/result", "format", formats, &format,
                           &err)
        < 0)
    {
        return ngx_http_review_task_error(task, &err);
    }

    task->saving.markdown = format;

    return NGX_OK;
}
