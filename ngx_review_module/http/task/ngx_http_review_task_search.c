
/*
 * The searches of a task: points about the document are asked of passages, and
 * what comes of one reading decides which is the next.  A reading is sent as
 * chunks are, and asked again as they are.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"
#include "review/search/search.h"


struct ngx_http_review_search_s {
    ngx_http_review_query_t    *query;
    review_search_t            *search;
    size_t                      nrows;      /* readings that are rows */
    size_t                      decided;    /* a row */
    unsigned                    fresh:1;    /* caches are bypassed */
    unsigned                    done:1;
};


static ngx_int_t ngx_http_review_task_search_start(
    ngx_http_review_task_t *task, ngx_http_review_search_t *search);
static ngx_int_t ngx_http_review_task_search_rows(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search);
static ngx_int_t ngx_http_review_task_search_row(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search, size_t reading);
static ngx_int_t ngx_http_review_task_search_said(ngx_http_review_task_t *task,
    ngx_http_review_reading_t *reading, size_t row);
static ngx_int_t ngx_http_review_task_search_next(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search);
static ngx_int_t ngx_http_review_task_search_end(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search);


ngx_int_t
ngx_http_review_task_search_init(ngx_http_review_task_t *task)
{
    size_t                     i;
    ngx_http_review_plan_t    *plan;
    ngx_http_review_search_t  *search;

    plan = task->plan;

    task->searches = ngx_pcalloc(task->ctx.work->pool, plan->nqueries
                                 * sizeof(ngx_http_review_search_t) + 1);

    if (task->searches == NULL
        || ngx_array_init(&task->readings, task->ctx.work->pool, 16,
                          sizeof(ngx_http_review_reading_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    task->nsearching = plan->nqueries;

    for (i = 0; i < plan->nqueries; i++) {
        search = &task->searches[i];
        search->query = &plan->queries[i];

        if (ngx_http_review_task_search_start(task, search) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_search_start(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search)
{
    size_t                    i;
    ngx_http_review_query_t  *query;

    query = search->query;

    for (i = 0; i < task->nfresh; i++) {
        search->fresh |= task->fresh[i].whole
                         && task->fresh[i].point == query->point;
    }

    search->search = review_search_create(task->ctx.work->memory,
                                          &query->given);

    if (search->search == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_review_task_search_next(task, search);
}


/* those that have not found it may know other words for it */

static ngx_int_t
ngx_http_review_task_search_terms(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search)
{
    size_t                       i;
    review_buf_t                 b;
    review_str_t                 terms;
    ngx_http_review_reading_t  **readings;

    if (!task->plan->asked[search->query->point]->expand) {
        return NGX_OK;
    }

    review_buf_init(&b, task->ctx.work->memory, 0);
    readings = task->readings.elts;

    for (i = 0; i < task->readings.nelts; i++) {
        if (readings[i]->search == search) {
            terms = review_report_reading_terms(task->report,
                                                task->plan->nchunks + i);
            review_buf_str(&b, &terms);
        }
    }

    if (b.len == 0) {
        return NGX_OK;
    }

    terms.data = b.data;
    terms.len = b.len;

    return b.failed || ngx_http_review_task_query_again(task->plan,
                                                        search->query, &terms)
                       != 0
           ? NGX_ERROR : NGX_OK;
}


/* what the search has come to: more readings, or its end */

static ngx_int_t
ngx_http_review_task_search_next(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search)
{
    review_search_result_t  result;

    if (review_search_is_due(search->search)
        && (ngx_http_review_task_search_terms(task, search) != NGX_OK
            || review_search_widen(search->search, NULL) != 0))
    {
        return NGX_ERROR;
    }

    review_search_result(search->search, &result);

    return result.outcome == REVIEW_SEARCH_GOES_ON
           ? ngx_http_review_task_search_rows(task, search)
           : ngx_http_review_task_search_end(task, search);
}


static ngx_int_t
ngx_http_review_task_search_rows(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search)
{
    size_t  n;

    n = review_search_readings(search->search);

    for ( /* void */ ; search->nrows < n; search->nrows++) {
        if (ngx_http_review_task_search_row(task, search, search->nrows)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_search_row(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search, size_t n)
{
    size_t                      point, row, same;
    review_buf_t                b;
    review_pool_t              *memory;
    ngx_http_review_reading_t  *reading, **slot;

    point = search->query->point;
    memory = task->ctx.work->memory;

    reading = ngx_pcalloc(task->ctx.work->pool,
                          sizeof(ngx_http_review_reading_t));
    slot = reading ? ngx_array_push(&task->readings) : NULL;

    if (slot == NULL) {
        return NGX_ERROR;
    }

    *slot = reading;

    reading->search = search;
    reading->n = n;

    if (review_report_row_add(task->report, point, &row) != 0
        || review_rounds_add(&task->rounds, memory, point, &same) != 0)
    {
        return NGX_ERROR;
    }

    /* "/p1/2": the point's second one */

    review_buf_init(&b, memory, task->plan->points[point].id.len + 8);
    review_buf_puts(&b, "/");
    review_buf_str(&b, &task->plan->points[point].id);
    review_buf_puts(&b, "/");
    review_buf_number(&b, n + 1);

    reading->id.data = b.data;
    reading->id.len = b.len;

    if (search->fresh) {
        review_rounds_fresh(&task->rounds, row, point);
    }

    return b.failed ? NGX_ERROR : NGX_OK;
}


ngx_http_review_reading_t *
ngx_http_review_task_search_reading(ngx_http_review_task_t *task, size_t row)
{
    ngx_http_review_reading_t  **readings;

    readings = task->readings.elts;

    return row < task->plan->nchunks ? NULL
                                     : readings[row - task->plan->nchunks];
}


const review_search_reading_t *
ngx_http_review_task_search_chunks(ngx_http_review_reading_t *reading)
{
    return review_search_reading(reading->search->search, reading->n);
}


size_t
ngx_http_review_task_search_point(ngx_http_review_reading_t *reading)
{
    return reading->search->query->point;
}


/* without memory there is no report: the request ends when it is next seen */

static void
ngx_http_review_task_search_break(ngx_http_review_task_t *task)
{
    task->ctx.broken = 1;
    ngx_http_review_ctx_wake_later(&task->ctx);
}


void
ngx_http_review_task_search_ended(ngx_http_review_task_t *task, size_t row)
{
    ngx_http_review_reading_t  *reading;

    reading = ngx_http_review_task_search_reading(task, row);

    if (reading == NULL || reading->search->done || task->ctx.broken) {
        return;
    }

    /* behind the task's time nothing more is asked */

    if (ngx_http_review_task_search_said(task, reading, row) != NGX_OK
        || (!task->expired
            && ngx_http_review_task_search_next(task, reading->search)
               != NGX_OK))
    {
        ngx_http_review_task_search_break(task);
    }
}


static ngx_int_t
ngx_http_review_task_search_said(ngx_http_review_task_t *task,
    ngx_http_review_reading_t *reading, size_t row)
{
    review_search_answer_t  answer;

    if (review_report_reading_said(task->report, task->ctx.work->memory, row,
                                   &answer)
        != 0)
    {
        return NGX_ERROR;
    }

    return review_search_end(reading->search->search, reading->n, &answer) == 0
           ? NGX_OK : NGX_ERROR;
}


/* the row of a reading of this search */

static size_t
ngx_http_review_task_search_row_of(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search, size_t n)
{
    size_t                       i;
    ngx_http_review_reading_t  **readings;

    readings = task->readings.elts;

    for (i = 0; i < task->readings.nelts; i++) {
        if (readings[i]->search == search && readings[i]->n == n) {
            break;
        }
    }

    return task->plan->nchunks + i;
}


static ngx_int_t
ngx_http_review_task_search_end(ngx_http_review_task_t *task,
    ngx_http_review_search_t *search)
{
    size_t                  row;
    review_search_result_t  result;

    review_search_result(search->search, &result);

    row = ngx_http_review_task_search_row_of(task, search, result.reading);

    search->done = 1;
    task->nsearching--;

    if (review_report_reading_end(task->report, search->query->point, row,
                                  &result)
        != 0)
    {
        return NGX_ERROR;
    }

    review_results_add(&task->results, task->plan->nchunks);
    task->told = 0;

    return NGX_OK;
}


/* nothing more is begun: what was not answered by now has failed */

void
ngx_http_review_task_search_stop(ngx_http_review_task_t *task)
{
    size_t                     i;
    ngx_http_review_search_t  *search;

    for (i = 0; task->searches && i < task->plan->nqueries; i++) {
        search = &task->searches[i];

        if (search->done) {
            continue;
        }

        if (review_search_stop(search->search) != 0
            || ngx_http_review_task_search_end(task, search) != NGX_OK)
        {
            ngx_http_review_task_search_break(task);
        }
    }
}
