
/*
 * The task endpoint: a whole document in one call.  It is split, chunks and
 * clauses are selected, every chunk is reviewed by a request of its own, and
 * what was found becomes a report.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"


/* what a cell of the report costs, as bytes of text that is split */

#define NGX_HTTP_REVIEW_TASK_CELL     4

/*
 * What may be read for quotes that reviews have not found: on a thread, a few
 * seconds of it, or in the event loop
 */

#define NGX_HTTP_REVIEW_SEARCH_MAX    ((uint64_t) 4 << 30)
#define NGX_HTTP_REVIEW_SEARCH_SMALL  (4 * 1024 * 1024)


/* what the thread works with; nothing else touches the report meanwhile */

typedef struct {
    ngx_http_review_work_t     *work;
    ngx_http_review_task_t     *task;       /* not the thread's */
    review_report_t            *report;
} ngx_http_review_task_search_t;


static ngx_int_t ngx_http_review_task_handler(ngx_http_request_t *r);
static ngx_http_review_task_format_e ngx_http_review_task_format(
    ngx_http_request_t *r);
static void ngx_http_review_task_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_task_text(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_task_embeds(ngx_http_review_task_t *task);
static void ngx_http_review_task_parsed(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_task_loaded(ngx_http_review_sources_t *sources);
static void ngx_http_review_task_plan(ngx_http_review_task_t *task);
static ngx_int_t ngx_http_review_task_refuse(ngx_http_review_task_t *task);
static void ngx_http_review_task_dry(ngx_http_review_task_t *task);
static void ngx_http_review_task_planned(void *data);
static ngx_int_t ngx_http_review_task_start(ngx_http_review_task_t *task);
static ngx_int_t ngx_http_review_task_embed(ngx_http_review_task_t *task);
static void ngx_http_review_task_embedded(ngx_http_review_vectors_t *v);
static void ngx_http_review_task_select(ngx_http_review_task_t *task);
static void ngx_http_review_task_selected(void *data);
static void ngx_http_review_task_progress_load(
    ngx_http_review_task_t *task);
static void ngx_http_review_task_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_task_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_task_cancel(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_task_search(ngx_http_review_task_t *task);
static void ngx_http_review_task_search_run(void *data);
static void ngx_http_review_task_searched(void *data);
static void ngx_http_review_task_finish(ngx_http_review_task_t *task);
static void ngx_http_review_task_written(ngx_http_review_task_t *task);
static void ngx_http_review_task_close(ngx_http_review_task_t *task);
static void ngx_http_review_task_end(ngx_http_review_task_t *task);


char *
ngx_http_review_task(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                          *rv;
    ngx_int_t                      flag, own;
    ngx_str_t                     *value, name, arg;
    ngx_uint_t                     i;
    ngx_http_review_chunk_conf_t  *chunk;
    ngx_http_review_steps_conf_t  *steps;
    ngx_http_review_store_conf_t  *store;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_task_handler);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    chunk = ngx_http_conf_get_module_loc_conf(cf, ngx_http_review_chunk_module);
    steps = ngx_http_conf_get_module_loc_conf(cf, ngx_http_review_steps_module);
    store = ngx_http_conf_get_module_loc_conf(cf, ngx_http_review_store_module);

    steps->split.max = 2000;
    steps->split.keep_tables = 1;
    own = NGX_CONF_UNSET;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_review_param(&value[i], "store", &name)) {

            if (name.len == 0 || store->name.len) {
                return ngx_http_review_param_bad(cf, &value[i]);
            }

            store->name = name;
            continue;
        }

        if (ngx_http_review_param(&value[i], "inline", &arg)) {
            flag = ngx_http_review_param_on_off(&arg);

            if (flag == NGX_ERROR || own != NGX_CONF_UNSET) {
                return ngx_http_review_param_bad(cf, &value[i]);
            }

            own = flag;
            continue;
        }

        if (value[i].len == 0) {
            return "needs the name of a rubric";
        }

        if (chunk->name.len) {
            return ngx_http_review_param_bad(cf, &value[i]);
        }

        chunk->name = value[i];
    }

    chunk->own = (own == 1);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_task_handler(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_task_t  *task;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_task_t));

    if (ctx == NULL || ngx_http_review_work(ctx) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    task = (ngx_http_review_task_t *) ctx;

    ngx_queue_init(&task->running);
    task->format = ngx_http_review_task_format(r);

    ctx->read = ngx_http_review_task_read;

    return ngx_http_review_ctx_read(ctx,
                                    ngx_http_review_extract_check(ctx,
                                                                  &task->type));
}


static ngx_http_review_task_format_e
ngx_http_review_task_format(ngx_http_request_t *r)
{
    if (ngx_http_review_headers_accepts(r, "text/event-stream")) {
        return NGX_HTTP_REVIEW_TASK_EVENTS;
    }

    if (ngx_http_review_headers_accepts(r, "application/x-ndjson")) {
        return NGX_HTTP_REVIEW_TASK_LINES;
    }

    return ngx_http_review_headers_accepts(r, "text/markdown")
           ? NGX_HTTP_REVIEW_TASK_MARKDOWN : NGX_HTTP_REVIEW_TASK_JSON;
}


static void
ngx_http_review_task_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_task_t  *task;

    task = (ngx_http_review_task_t *) ctx;

    switch (task->type) {

    case NGX_HTTP_REVIEW_TYPE_JSON:
        ngx_http_review_parse_json(ctx, review_task_members,
                                   ngx_http_review_task_parsed);
        break;

    case NGX_HTTP_REVIEW_TYPE_TEXT:
        ngx_http_review_parse_text(ctx, ngx_http_review_task_text);
        break;

    default:
        ngx_http_review_extract_text(ctx, ngx_http_review_task_text);
    }
}


/* a document alone, as the body: nothing else is asked */

static void
ngx_http_review_task_text(ngx_http_review_ctx_t *ctx)
{
    char  *p;

    ctx->body = json_object();

    if (ctx->body == NULL
        || review_pool_own_json(ctx->work->memory, ctx->body) != 0)
    {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    /* a small one lies in the request's pool, which a thread may outlive */

    if (!ngx_http_review_work_is_large(ctx, ctx->text.len)) {

        p = review_alloc(ctx->work->memory, ctx->text.len + 1);
        if (p == NULL) {
            ngx_http_review_ctx_fail(ctx, NGX_ERROR);
            return;
        }

        ngx_memcpy(p, ctx->text.data, ctx->text.len);
        ctx->text.data = p;
    }

    ngx_http_review_task_parsed(ctx);
}


/* a dry run only tells of it */

static void
ngx_http_review_task_embeds(ngx_http_review_task_t *task)
{
    ngx_http_review_plan_t        *plan;
    ngx_http_review_embeddings_t  *embeddings;

    plan = task->plan;
    embeddings = ngx_http_review_steps_conf(&task->ctx)->embeddings;

    if (embeddings && (plan->select.top_k || plan->select.nreferences
                       || ngx_http_review_task_query_any(plan)))
    {
        plan->batch = embeddings->batch;
        plan->embed = !plan->dry;
    }
}


static void
ngx_http_review_task_parsed(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_http_review_plan_t  *plan;
    ngx_http_review_task_t  *task;

    task = (ngx_http_review_task_t *) ctx;

    plan = ngx_pcalloc(ctx->work->pool, sizeof(ngx_http_review_plan_t));

    if (plan == NULL
        || ngx_http_review_sources_init(&task->sources, ctx) != NGX_OK)
    {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    plan->ctx = ctx;
    plan->work = ctx->work;
    plan->pool = ctx->work->memory;
    plan->rc = -1;
    task->plan = plan;

    rc = ngx_http_review_task_request(task, plan);

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
        return;
    }

    plan->select.stop = &ctx->work->gone;
    ngx_http_review_task_embeds(task);

    ngx_http_review_ctx_waiter(ctx);

    /* the chunks' reviews take their turns, not the task */

    ctx->waiter.limit = NULL;

    /* a dry run uses no tokens */

    rc = plan->dry ? NGX_OK : ngx_http_review_ctx_budget(ctx, &ctx->waiter);

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
        return;
    }

    ctx->progress = ngx_http_review_task_progress;
    ctx->expire = ngx_http_review_task_expire;
    ctx->cancel = ngx_http_review_task_cancel;
    ctx->timeout = task->timeout;

    if (ngx_http_review_ctx_begin(ctx) != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    if (task->sources.list.nelts == 0) {
        ngx_http_review_task_plan(task);
        return;
    }

    task->loading = 1;
    task->sources.handler = ngx_http_review_task_loaded;
    task->sources.data = task;

    ngx_http_review_sources_start(&task->sources);
}


static void
ngx_http_review_task_loaded(ngx_http_review_sources_t *sources)
{
    ngx_http_review_task_t  *task;

    task = sources->data;
    task->loading = 0;

    if (sources->rc != NGX_OK) {
        ngx_http_review_ctx_fail(&task->ctx, sources->rc);
        return;
    }

    ngx_http_review_task_plan(task);
}


static void
ngx_http_review_task_plan(ngx_http_review_task_t *task)
{
    size_t                   i, size;
    ngx_http_review_plan_t  *plan;

    plan = task->plan;
    for (i = 0, size = 0; i < plan->ndocuments; i++) {
        size += plan->documents[i].document.text.len;
    }

    for (i = 0; i < plan->nreferences; i++) {
        size += plan->references[i].document.text.len;
    }

    /* a small text may have many chunks, and each of them all points */

    size += size / plan->split.max * plan->npoints
            * NGX_HTTP_REVIEW_TASK_CELL;

    task->load_time = ngx_current_msec - task->ctx.started;

    /* regexes may take any time */

    if (ngx_http_review_task_count_matches(plan)
        || ngx_http_review_task_plan_is_compiled(plan) == 0)
    {
        size = NGX_MAX_SIZE_T_VALUE;
    }

    ngx_http_review_work_start(task->ctx.work, size,
                               ngx_http_review_task_plan_run,
                               ngx_http_review_task_planned, plan);
}


/* what comes of a plan that is none, or that is too much */

static ngx_int_t
ngx_http_review_task_refuse(ngx_http_review_task_t *task)
{
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_plan_t  *plan;

    ctx = &task->ctx;
    plan = task->plan;

    if (plan->large) {
        return ngx_http_review_problem(ctx, NGX_HTTP_UNPROCESSABLE,
                                       "/document",
                                       "there are too many chunks, too many "
                                       "for so many points, or too many to be "
                                       "compared with clauses: ask for larger "
                                       "ones, in \"split\"");
    }

    if (plan->bad) {
        return ngx_http_review_problem(ctx, NGX_HTTP_BAD_REQUEST,
                                       plan->err.pointer, plan->err.text);
    }

    if (plan->rc != 0) {
        return plan->dry && task->expired
               ? ngx_http_review_ctx_problem_late(ctx, "the task's time was "
                                                  "over before it was planned")
               : NGX_ERROR;
    }

    if (plan->refused && !plan->dry) {
        return ngx_http_review_problem_refuse(ctx, NGX_HTTP_UNPROCESSABLE,
                                              NULL, "the task would take %lu "
                                              "calls of the LLM, over the %lu "
                                              "of review_max_calls: ask less "
                                              "of it, by \"points\" or "
                                              "\"select\", or larger chunks, "
                                              "by \"split\"",
                                              (unsigned long) plan->total.calls,
                                              (unsigned long) plan->max_calls);
    }

    return NGX_OK;
}


/* what it would be is all that is told */

static void
ngx_http_review_task_dry(ngx_http_review_task_t *task)
{
    task->report = task->plan->report;
    task->split_time = ngx_current_msec - task->ctx.started - task->load_time;
    task->reviewing = ngx_current_msec;

    ngx_http_review_task_finish(task);
}


static void
ngx_http_review_task_planned(void *data)
{
    ngx_http_review_plan_t *plan = data;

    ngx_int_t                rc;
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_task_t  *task;

    ctx = plan->ctx;
    task = (ngx_http_review_task_t *) ctx;

    rc = ngx_http_review_task_refuse(task);

    if (rc == NGX_OK) {
        rc = ngx_http_review_task_rounds_check(task);
    }

    if (rc == NGX_OK && plan->dry) {
        ngx_http_review_task_dry(task);
        return;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_review_task_start(task);
    }

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
    }
}


static ngx_int_t
ngx_http_review_task_start(ngx_http_review_task_t *task)
{
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_plan_t  *plan;

    ctx = &task->ctx;
    plan = task->plan;

    task->report = plan->report;
    task->split_time = ngx_current_msec - ctx->started - task->load_time;

    if (task->format == NGX_HTTP_REVIEW_TASK_EVENTS
        && ngx_http_review_ctx_begin_events(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (task->format == NGX_HTTP_REVIEW_TASK_LINES
        && ngx_http_review_reply_start(ctx, "application/x-ndjson") != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (plan->told && ngx_http_review_task_reply_document(task) != NGX_OK) {
        return NGX_ERROR;
    }

    if (plan->embed && !task->expired) {
        return ngx_http_review_task_embed(task);
    }

    ngx_http_review_task_select(task);

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_embed(ngx_http_review_task_t *task)
{
    ngx_http_review_vectors_t  *v;

    v = &task->vectors;

    v->ctx = &task->ctx;
    v->handler = ngx_http_review_task_embedded;
    v->data = task;
    v->inputs = task->plan->inputs.inputs;
    v->same = task->plan->inputs.same;
    v->n = task->plan->inputs.n;
    v->form = NGX_HTTP_REVIEW_VECTORS_FLOATS;

    return ngx_http_review_vectors_start(v);
}


/* without all of the vectors, words have to do */

static void
ngx_http_review_task_embedded(ngx_http_review_vectors_t *v)
{
    float                     **vectors;
    ngx_http_review_task_t     *task;

    task = v->data;

    vectors = ngx_http_review_vectors_floats(v, task->ctx.work,
                                             &task->failure);

    task->plan->select.vectors = vectors;
    task->plan->select.dim = v->dim;

    ngx_http_review_task_select(task);
}


static void
ngx_http_review_task_select(ngx_http_review_task_t *task)
{
    task->select_time = ngx_current_msec;

    /* a thread that finds nobody waiting does nothing */

    if (task->expired) {
        task->ctx.work->gone = 1;
    }

    ngx_http_review_work_start(task->ctx.work, task->plan->size,
                               ngx_http_review_task_plan_select,
                               ngx_http_review_task_selected, task->plan);
}


static void
ngx_http_review_task_selected(void *data)
{
    ngx_http_review_plan_t *plan = data;

    ngx_http_review_task_t  *task;

    task = (ngx_http_review_task_t *) plan->ctx;

    if (plan->rc != 0 && !task->expired) {
        ngx_http_review_ctx_fail(&task->ctx, NGX_ERROR);
        return;
    }

    if (ngx_http_review_task_rounds_init(task) != NGX_OK) {
        ngx_http_review_ctx_fail(&task->ctx, NGX_ERROR);
        return;
    }

    task->started = 1;
    task->reviewing = ngx_current_msec;
    task->select_time = ngx_current_msec - task->ctx.started
                        - task->load_time - task->split_time;

    if (task->expired) {
        ngx_http_review_task_rounds_expire(task);
    }

    ngx_http_review_ctx_wake(&task->ctx);
}


static void
ngx_http_review_task_progress_load(ngx_http_review_task_t *task)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = &task->ctx;

    if (task->expired) {
        ngx_http_review_ctx_fail(ctx, ngx_http_review_ctx_problem_late(ctx,
                                        "the task's time was over before its "
                                        "documents were loaded"));
        return;
    }

    ngx_http_review_sources_progress(&task->sources);
}


static void
ngx_http_review_task_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_task_t  *task;

    task = (ngx_http_review_task_t *) ctx;

    if (task->loading) {
        ngx_http_review_task_progress_load(task);
        return;
    }

    if (task->finished) {

        if (task->written) {
            ngx_http_review_task_close(task);
        }

        return;
    }

    if (task->searching) {
        return;
    }

    if (!task->started) {

        if (task->vectors.ctx) {
            ngx_http_review_vectors_progress(&task->vectors);
        }

        return;
    }

    ngx_http_review_task_rounds_progress(task);

    ngx_http_review_task_reply_tell(task);

    if (ngx_http_review_task_rounds_done(task)) {
        ngx_http_review_task_search(task);
    }
}


static void
ngx_http_review_task_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_task_t  *task;

    task = (ngx_http_review_task_t *) ctx;

    if (task->finished) {
        ngx_http_review_task_reply_save_expire(task);
        return;
    }

    task->expired = 1;

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: %s, %uz of %uz chunks are done",
                  ngx_http_review_ctx_why(ctx, "the task's time is over"),
                  task->ndone, task->plan->nchunks);

    if (task->searching) {
        task->search->gone = 1;

    } else if (task->started) {
        ngx_http_review_task_rounds_expire(task);

    } else if (task->vectors.ctx && !task->vectors.done) {
        ngx_http_review_vectors_expire(&task->vectors);

    } else if (task->report || task->plan->dry) {
        ctx->work->gone = 1;
    }
}


static void
ngx_http_review_task_cancel(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_task_t  *task;

    task = (ngx_http_review_task_t *) ctx;

    ngx_http_review_task_rounds_stop(task);
    ngx_http_review_sources_cancel(&task->sources);
    ngx_http_review_s3_cancel(&task->saving.op);
}


/*
 * All reviews have ended.  Before it is said of a quote that it stands nowhere,
 * all texts are searched, which takes memory and time: the work has a pool of
 * its own, and a thread if it is large.
 */

static void
ngx_http_review_task_search(ngx_http_review_task_t *task)
{
    size_t                          size;
    uint64_t                        n;
    ngx_http_review_work_t         *work;
    ngx_http_review_task_search_t  *search;

    n = task->expired ? 0 : review_report_elsewhere_size(task->report);

    if (n == 0) {
        ngx_http_review_task_finish(task);
        return;
    }

    work = ngx_http_review_work_create(&task->ctx);

    search = work ? ngx_palloc(work->pool,
                               sizeof(ngx_http_review_task_search_t))
                  : NULL;

    if (search == NULL
        || ngx_http_review_work_hold(work, task->ctx.work) != NGX_OK)
    {
        ngx_http_review_ctx_fail(&task->ctx, NGX_ERROR);
        return;
    }

    /* quotes may be larger than what they are looked for in */

    size = n < NGX_MAX_SIZE_T_VALUE ? (size_t) n : NGX_MAX_SIZE_T_VALUE;
    size = ngx_max(size, task->told_size);

    search->work = work;
    search->task = task;
    search->report = task->report;

    task->searching = 1;
    task->search = work;

    ngx_http_review_work_start(work, size, ngx_http_review_task_search_run,
                               ngx_http_review_task_searched, search);
}


/* without memory it is said that quotes were not looked for */

static void
ngx_http_review_task_search_run(void *data)
{
    ngx_http_review_task_search_t *search = data;

    uint64_t                 budget;
    ngx_http_review_work_t  *work;

    work = search->work;

    /* a pool of threads that is full leaves it to the event loop */

    budget = work->busy ? NGX_HTTP_REVIEW_SEARCH_MAX
                        : NGX_HTTP_REVIEW_SEARCH_SMALL;

    (void) review_report_elsewhere_find(search->report, work->memory, budget,
                                        &work->gone);
}


static void
ngx_http_review_task_searched(void *data)
{
    ngx_http_review_task_search_t *search = data;

    ngx_http_review_task_t  *task;

    task = search->task;
    task->searching = 0;
    task->search = NULL;

    ngx_http_review_work_destroy(search->work);
    ngx_http_review_task_finish(task);
}


static void
ngx_http_review_task_finish(ngx_http_review_task_t *task)
{
    task->finished = 1;

    ngx_http_review_task_report(task, ngx_http_review_task_written);
}


static void
ngx_http_review_task_written(ngx_http_review_task_t *task)
{
    task->written = 1;

    if (task->saving.object.data) {
        (void) ngx_http_review_task_reply_rest(task);
        ngx_http_review_task_reply_save(task);
        return;
    }

    ngx_http_review_task_close(task);
}


/* the report comes behind all results, however slowly the client takes them */

static void
ngx_http_review_task_close(ngx_http_review_task_t *task)
{
    ngx_int_t  rc;

    rc = ngx_http_review_task_reply_rest(task);

    if (rc == NGX_OK && (!task->saving.object.data || task->saving.done)) {
        ngx_http_review_task_end(task);
    }
}


static void
ngx_http_review_task_end(ngx_http_review_task_t *task)
{
    ngx_http_review_ctx_end(&task->ctx);

    ngx_http_finalize_request(task->ctx.request,
                              ngx_http_review_task_reply(task));
}
