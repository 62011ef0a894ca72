
/*
 * The chunks of a task, round after round: some are under review at a time, and
 * those of which cells have failed for a reason that may pass are reviewed once
 * more, for these cells alone, until the task's time is over.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/json.h"


/*
 * In a turn of the event loop so many cells get something without a review, or
 * so many reviews begin
 */

#define NGX_HTTP_REVIEW_ROUNDS_CELLS  16384
#define NGX_HTTP_REVIEW_ROUNDS_CALLS  32


static void ngx_http_review_task_rounds_start(ngx_http_review_task_t *task,
    size_t chunk);
static void ngx_http_review_task_rounds_skip(ngx_http_review_task_t *task,
    size_t chunk);
static void ngx_http_review_task_rounds_ended(ngx_http_review_task_t *task,
    size_t chunk, const review_rounds_reply_t *reply);
static void ngx_http_review_task_rounds_news(ngx_http_review_task_t *task,
    ngx_uint_t answered);
static void ngx_http_review_task_rounds_due(ngx_event_t *ev);


/* the number of a chunk in its document becomes that among all of them */

static ngx_int_t
ngx_http_review_task_rounds_fresh(ngx_http_review_task_t *task,
    review_task_fresh_t *fresh)
{
    size_t                       i;
    ngx_http_review_document_t  *documents;

    documents = task->plan->documents;

    if (fresh->chunk >= documents[fresh->document].nclauses) {
        return NGX_ERROR;
    }

    for (i = 0; i < fresh->document; i++) {
        fresh->chunk += documents[i].nclauses;
    }

    return NGX_OK;
}


/* are there the chunks that a client has named? */

ngx_int_t
ngx_http_review_task_rounds_check(ngx_http_review_task_t *task)
{
    char    pointer[REVIEW_ERROR_POINTER];
    size_t  i;

    for (i = 0; i < task->nfresh; i++) {

        if (!task->fresh[i].whole
            && ngx_http_review_task_rounds_fresh(task, &task->fresh[i])
               != NGX_OK)
        {
            (void) review_json_member_pointer_index(pointer, "/fresh", i);

            return ngx_http_review_problem(&task->ctx,
                                           NGX_HTTP_UNPROCESSABLE, pointer,
                                           "the document has no such chunk");
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_task_rounds_init(ngx_http_review_task_t *task)
{
    size_t                   i;
    ngx_uint_t               calls;
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_plan_t  *plan;

    ctx = &task->ctx;
    plan = task->plan;
    calls = ngx_http_review_task_conf(ctx)->chunk_uri->calls;

    task->ended = ngx_http_review_task_rounds_ended;
    task->news = ngx_http_review_task_rounds_news;

    task->again.handler = ngx_http_review_task_rounds_due;
    task->again.data = task;
    task->again.log = ctx->request->connection->log;

    task->parts = ngx_pcalloc(ctx->work->pool, plan->nchunks
                                       * sizeof(ngx_http_review_part_t *) + 1);
    if (task->parts == NULL
        || review_rounds_init(&task->rounds, ctx->work->memory, plan->nchunks,
                              plan->npoints, calls)
           != 0
        || review_results_init(&task->results, ctx->work->memory,
                               plan->nchunks + 1, plan->npoints)
           != 0)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < task->nfresh; i++) {
        if (!task->fresh[i].whole) {
            review_rounds_fresh(&task->rounds, task->fresh[i].chunk,
                                task->fresh[i].point);
        }
    }

    return ngx_http_review_task_search_init(task);
}


/* nothing is begun that would not be told in time */

static ngx_uint_t
ngx_http_review_task_rounds_is_over(ngx_http_review_task_t *task)
{
    return task->expired || ngx_http_review_task_ask_left(task) <= 0;
}


/* what is found by searches may take more: not behind the task's time */

ngx_uint_t
ngx_http_review_task_rounds_done(ngx_http_review_task_t *task)
{
    if (task->ctx.broken || task->ndone < task->rounds.nchunks) {
        return 0;
    }

    if (task->nsearching && ngx_http_review_task_rounds_is_over(task)) {
        ngx_http_review_task_search_stop(task);
    }

    return task->nsearching == 0 && !task->ctx.broken;
}


void
ngx_http_review_task_rounds_progress(ngx_http_review_task_t *task)
{
    size_t          n, chunk;
    uint64_t        wait;
    ngx_uint_t      before, over;
    const char     *detail;
    review_code_t   code;

    if (ngx_http_review_ctx_is_tired(&task->ctx)) {
        return;
    }

    n = 0;
    wait = REVIEW_ROUNDS_NEVER;

    over = ngx_http_review_task_rounds_is_over(task);

    task->rounds.waiting = task->nwaiting;

    while (n < NGX_HTTP_REVIEW_ROUNDS_CELLS && !task->ctx.broken) {

        if (over) {

            if (!review_rounds_drain(&task->rounds, &chunk)) {
                break;
            }

            detail = "the task's time was over";
            code = ngx_http_review_ctx_give_up(&task->ctx, &detail);

            review_report_settle(task->report, chunk);
            (void) review_report_fail(task->report, chunk, code, detail);
            ngx_http_review_task_rounds_row(task, chunk);
            task->ndone++;
            n += task->plan->npoints;

            continue;
        }

        if (!review_rounds_next(&task->rounds, ngx_current_msec, &chunk,
                                &wait))
        {
            break;
        }

        before = task->nrunning;

        ngx_http_review_task_rounds_start(task, chunk);

        n += task->nrunning > before ? NGX_HTTP_REVIEW_ROUNDS_CELLS
                                       / NGX_HTTP_REVIEW_ROUNDS_CALLS
                                     : task->plan->npoints;
    }

    /* calls may fail at once, and the next ones, and so on */

    if (n) {
        ngx_http_review_ctx_wake_next(&task->ctx);
    }

    if (wait != REVIEW_ROUNDS_NEVER) {
        ngx_add_timer(&task->again, (ngx_msec_t) wait);
    }
}


void
ngx_http_review_task_rounds_row(ngx_http_review_task_t *task, size_t row)
{
    task->told = 0;

    review_results_add(&task->results, ngx_min(row, task->plan->nchunks));
}


/* a chunk that no point is asked of, or with nothing in it, needs no review */

static void
ngx_http_review_task_rounds_start(ngx_http_review_task_t *task, size_t chunk)
{
    size_t                 i, n;
    review_rounds_t       *r;
    review_rounds_reply_t  none;

    r = &task->rounds;

    if (!r->chunks[chunk].again && chunk < task->plan->nchunks) {
        ngx_http_review_task_rounds_skip(task, chunk);
    }

    for (i = 0, n = 0; i < task->plan->npoints; i++) {
        n += (size_t) review_rounds_is_asked(r, chunk, i);
    }

    if (n < task->plan->npoints) {
        ngx_http_review_task_rounds_row(task, chunk);
    }

    if (n == 0) {
        task->ndone++;
        return;
    }

    review_rounds_begin(r, chunk);

    if (ngx_http_review_task_chunks_start(task, chunk) != NGX_OK) {
        ngx_memzero(&none, sizeof(review_rounds_reply_t));
        none.code = REVIEW_CODE_INTERNAL;

        (void) review_report_fail(task->report, chunk, none.code, "no memory");
        ngx_http_review_task_rounds_ended(task, chunk, &none);
    }
}


static void
ngx_http_review_task_rounds_skip(ngx_http_review_task_t *task, size_t chunk)
{
    size_t                   i;
    review_report_skip_e     why;
    ngx_http_review_plan_t  *plan;

    plan = task->plan;

    for (i = 0; i < plan->npoints; i++) {

        if (plan->points[i].document) {
            review_rounds_skip(&task->rounds, chunk, i);

        } else if (ngx_http_review_task_gates_skips(plan, chunk, i, &why)) {
            (void) review_report_skip(task->report, chunk, i, why);
            review_rounds_skip(&task->rounds, chunk, i);
        }
    }
}


/* the cells that were answered, or not: those that are asked again are open */

static void
ngx_http_review_task_rounds_cells(ngx_http_review_task_t *task, size_t chunk,
    ngx_uint_t answered)
{
    size_t                  i;
    review_rounds_cell_t    cell;
    review_report_state_t   state;

    for (i = 0; i < task->plan->npoints; i++) {

        if (!review_rounds_is_asked(&task->rounds, chunk, i)) {
            continue;
        }

        review_report_state(task->report, chunk, i, &state);

        cell.code = state.told ? state.code : REVIEW_CODE_INTERNAL;
        cell.llm = state.attempts > 0;

        if ((cell.code == REVIEW_CODE_OK) == answered
            && review_rounds_cell(&task->rounds, chunk, i, &cell))
        {
            review_report_again(task->report, chunk, i);
        }
    }
}


static void
ngx_http_review_task_rounds_ended(ngx_http_review_task_t *task, size_t chunk,
    const review_rounds_reply_t *reply)
{
    ngx_http_review_task_rounds_row(task, chunk);

    if (task->expired) {
        review_report_settle(task->report, chunk);
        task->ndone++;
        ngx_http_review_task_search_ended(task, chunk);
        return;
    }

    ngx_http_review_task_rounds_cells(task, chunk, 1);
    ngx_http_review_task_rounds_cells(task, chunk, 0);

    if (!review_rounds_end(&task->rounds, chunk, ngx_current_msec,
                           (uint32_t) ngx_random(), reply))
    {
        task->ndone++;
        ngx_http_review_task_search_ended(task, chunk);
    }
}


static void
ngx_http_review_task_rounds_news(ngx_http_review_task_t *task,
    ngx_uint_t answered)
{
    if (answered) {
        review_rounds_answered(&task->rounds, ngx_current_msec);

    } else {
        review_rounds_waits(&task->rounds, ngx_current_msec);
    }

    ngx_http_review_ctx_wake(&task->ctx);
}


ngx_uint_t
ngx_http_review_task_rounds_waits(ngx_http_review_task_t *task)
{
    return task->rounds.down && task->nwaiting == task->nrunning;
}


static void
ngx_http_review_task_rounds_due(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_review_task_t  *task;

    task = ev->data;
    c = ngx_http_review_visit_begin(&task->ctx);

    if (c == NULL) {
        return;
    }

    ngx_http_review_ctx_wake(&task->ctx);

    ngx_http_review_visit_end(c);
}


void
ngx_http_review_task_rounds_expire(ngx_http_review_task_t *task)
{
    ngx_http_review_task_rounds_stop(task);
    ngx_http_review_task_chunks_expire(task);
}


void
ngx_http_review_task_rounds_stop(ngx_http_review_task_t *task)
{
    if (task->again.timer_set) {
        ngx_del_timer(&task->again);
    }
}
