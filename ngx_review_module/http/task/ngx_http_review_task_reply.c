
/*
 * What a client is told of its task: progress, and in the end the report; which
 * may be saved as an object of the store, too.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/form/report_form.h"
#include "review/json/write.h"


/* a report is there, however late: so much time is left for it at least */

#define NGX_HTTP_REVIEW_TASK_SAVE     10000

/* of results so many bytes are sent at a time, and one more result */

#define NGX_HTTP_REVIEW_TASK_RESULTS  (32 * 1024)


static ngx_int_t ngx_http_review_task_reply_line(ngx_http_review_task_t *task,
    const char *name, ngx_chain_t *json, ngx_uint_t last);
static ngx_uint_t ngx_http_review_task_reply_code(ngx_http_review_task_t *task,
    review_report_counts_t *counts);
static ssize_t ngx_http_review_task_reply_upload(ngx_http_review_s3_t *op,
    u_char *buf, size_t size, off_t offset);
static void ngx_http_review_task_reply_uploaded(ngx_http_review_s3_t *op);
static void ngx_http_review_task_reply_unsaved(ngx_http_review_s3_t *op,
    review_code_t code);


/* the piece as an event or a line, as the client has asked for */

static ngx_int_t
ngx_http_review_task_reply_piece(ngx_http_review_task_t *task, const char *name,
    review_buf_t *b)
{
    ngx_chain_t  *out;

    out = ngx_http_review_reply_buf(task->ctx.request->pool, b);

    if (out == NULL) {
        return NGX_ERROR;
    }

    return task->format == NGX_HTTP_REVIEW_TASK_LINES
           ? ngx_http_review_task_reply_line(task, name, out, 0)
           : ngx_http_review_reply_event(&task->ctx, name, out, 0);
}


/* what is known of the texts, before anything is reviewed */

ngx_int_t
ngx_http_review_task_reply_document(ngx_http_review_task_t *task)
{
    return ngx_http_review_task_reply_piece(task, "document",
                                            &task->plan->event)
           == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_uint_t
ngx_http_review_task_reply_is_stream(ngx_http_review_task_t *task)
{
    return task->format == NGX_HTTP_REVIEW_TASK_EVENTS
           || task->format == NGX_HTTP_REVIEW_TASK_LINES;
}


/* the same as an event or a line in a buffer */

static void
ngx_http_review_task_reply_write(ngx_http_review_task_t *task, review_buf_t *b,
    const char *name, const review_buf_t *json)
{
    if (task->format == NGX_HTTP_REVIEW_TASK_LINES) {
        review_write_object(b, NULL);
        review_write_raw(b, name, json->data, json->len);
        review_write_object_end(b);
        review_buf_puts(b, "\n");

    } else {
        review_buf_puts(b, "event: ");
        review_buf_puts(b, name);
        review_buf_puts(b, "\ndata: ");
        review_buf_add(b, json->data, json->len);
        review_buf_puts(b, "\n\n");
    }

    b->failed |= json->failed;
}


/*
 * Some results, each of them once; are there more?  Behind the rows of chunks
 * there is one of points about the document.
 */

static ngx_uint_t
ngx_http_review_task_reply_results(ngx_http_review_task_t *task,
    review_buf_t *b)
{
    size_t                 row, point, chunk;
    review_buf_t           json;
    review_report_state_t  state;

    review_buf_init(&json, task->telling->memory, 0);

    while (b->len < NGX_HTTP_REVIEW_TASK_RESULTS && !b->failed) {

        if (!review_results_next(&task->results, &row, &point)) {
            return 0;
        }

        chunk = row < task->plan->nchunks ? row : REVIEW_REPORT_WHOLE;

        review_report_state(task->report, chunk, point, &state);

        if (state.ended) {
            json.len = 0;
            review_report_json_result(task->report, &json, chunk, point);
            ngx_http_review_task_reply_write(task, b, "result", &json);
            review_results_told(&task->results, row, point);
        }
    }

    return 1;
}


/* cells: that of each chunk, or of a point about the document */

static uint64_t
ngx_http_review_task_reply_total(const ngx_http_review_plan_t *plan)
{
    size_t    i;
    uint64_t  total;

    for (i = 0, total = 0; i < plan->npoints; i++) {
        total += plan->points[i].document ? 1 : plan->nchunks;
    }

    return total;
}


/*
 * {"done","total","failed","failing"?,"eta_ms","waiting"?}, in cells; behind
 * the last result, if all are done
 */

static void
ngx_http_review_task_reply_progress(ngx_http_review_task_t *task,
    review_buf_t *to, ngx_uint_t more)
{
    uint64_t                done, total;
    ngx_uint_t              waits;
    review_buf_t            b;
    review_report_counts_t  counts;

    waits = ngx_http_review_task_rounds_waits(task);
    total = ngx_http_review_task_reply_total(task->plan);

    review_report_counts(task->report, &counts);

    done = counts.ok + counts.failed + counts.timeout + counts.skipped;

    if ((task->told && task->waits == waits) || (more && done == total)) {
        return;
    }

    task->told = 1;
    task->waits = waits;
    task->ntold = done;

    review_buf_init(&b, task->telling->memory, 96);
    review_write_object(&b, NULL);
    review_write_number(&b, "done", done);
    review_write_number(&b, "total", total);
    review_write_number(&b, "failed", counts.failed + counts.timeout);

    if (counts.failing) {
        review_write_number(&b, "failing", counts.failing);
    }

    if (done) {
        review_write_number(&b, "eta_ms",
                            (uint64_t) (ngx_current_msec - task->reviewing)
                            * (total - done) / done);
    } else {
        review_write_null(&b, "eta_ms");
    }

    if (waits) {
        review_write_word(&b, "waiting", "llm");
    }

    review_write_object_end(&b);

    ngx_http_review_task_reply_write(task, to, "progress", &b);
}


/*
 * What the client is told next has memory of its own, which is used until it
 * has taken all of that.  NULL: there is none.
 */

static review_pool_t *
ngx_http_review_task_reply_memory(ngx_http_review_task_t *task)
{
    if (task->telling) {
        ngx_http_review_work_destroy(task->telling);
    }

    task->telling = ngx_http_review_work_create(&task->ctx);

    return task->telling ? task->telling->memory : NULL;
}


/* not more than once at a time; returns whether there is more to tell */

static ngx_uint_t
ngx_http_review_task_reply_send(ngx_http_review_task_t *task)
{
    ngx_uint_t              more;
    ngx_chain_t            *out;
    review_buf_t            b;
    review_pool_t          *memory;
    ngx_http_review_ctx_t  *ctx;

    if (task->told && !review_results_any(&task->results)
        && task->waits == ngx_http_review_task_rounds_waits(task))
    {
        return 0;
    }

    ctx = &task->ctx;
    memory = ngx_http_review_task_reply_memory(task);

    if (memory == NULL) {
        ctx->broken = 1;
        ngx_http_review_ctx_wake(ctx);
        return 1;
    }

    review_buf_init(&b, memory, 0);

    more = ngx_http_review_task_reply_results(task, &b);
    ngx_http_review_task_reply_progress(task, &b, more);

    if (b.len == 0 && !b.failed) {
        return more;
    }

    out = ngx_http_review_reply_buf(ctx->request->pool, &b);

    if (out == NULL
        || ngx_http_review_reply_piece(ctx, out, 0) == NGX_ERROR)
    {
        ctx->broken = 1;
        ngx_http_review_ctx_wake(ctx);
        return 1;
    }

    if (more) {
        ngx_http_review_ctx_wake_next(ctx);
    }

    return more;
}


void
ngx_http_review_task_reply_tell(ngx_http_review_task_t *task)
{
    if (ngx_http_review_task_reply_is_stream(task)
        && !ngx_http_review_reply_unsent(&task->ctx))
    {
        (void) ngx_http_review_task_reply_send(task);
    }
}


ngx_int_t
ngx_http_review_task_reply_rest(ngx_http_review_task_t *task)
{
    if (!ngx_http_review_task_reply_is_stream(task) || task->plan->dry) {
        return NGX_OK;
    }

    if (!task->rest) {
        review_results_add_all(&task->results);
        task->rest = 1;

        if (task->ntold < ngx_http_review_task_reply_total(task->plan)) {
            task->told = 0;
        }
    }

    return ngx_http_review_reply_unsent(&task->ctx)
           || ngx_http_review_task_reply_send(task)
           ? NGX_AGAIN : NGX_OK;
}


/* {"name":...}, a line */

static ngx_int_t
ngx_http_review_task_reply_line(ngx_http_review_task_t *task, const char *name,
    ngx_chain_t *json, ngx_uint_t last)
{
    ngx_pool_t    *pool;
    ngx_chain_t   *out, **ll;
    review_buf_t   b;

    pool = task->ctx.request->pool;

    review_buf_init(&b, task->ctx.pool, 32);
    review_write_object(&b, NULL);
    review_write_key(&b, name, ngx_strlen(name));

    out = ngx_http_review_reply_buf(pool, &b);
    if (out == NULL) {
        return NGX_ERROR;
    }

    out->next = json;

    for (ll = &json->next; *ll; ll = &(*ll)->next) { /* void */ }

    return ngx_http_review_reply_add(ll, pool, "}\n", 2)
           ? ngx_http_review_reply_piece(&task->ctx, out, last) : NGX_ERROR;
}


/* the report's body and its end, which lie elsewhere */

static ngx_chain_t *
ngx_http_review_task_reply_report(ngx_http_review_task_t *task)
{
    ngx_pool_t                 *pool;
    ngx_chain_t                *cl;
    review_str_t                end;
    ngx_http_review_written_t  *written;

    pool = task->ctx.request->pool;
    written = ngx_http_review_task_report_written(task, 0);

    cl = ngx_alloc_chain_link(pool);

    if (cl == NULL
        || ngx_http_review_task_report_end(task, written, &end) != NGX_OK)
    {
        return NULL;
    }

    cl->buf = ngx_http_review_output_buf(&written->body, pool);
    cl->next = NULL;

    if (end.len) {
        cl->next = ngx_http_review_reply_link(pool, end.data, end.len);
    }

    return cl->buf && (cl->next || end.len == 0) ? cl : NULL;
}


/* the report; returns what finalizes the request */

ngx_int_t
ngx_http_review_task_reply(ngx_http_review_task_t *task)
{
    ngx_uint_t                status;
    ngx_chain_t              *out;
    ngx_http_review_ctx_t    *ctx;
    review_report_counts_t    counts;

    ctx = &task->ctx;
    status = NGX_HTTP_OK;

    if (!task->plan->dry) {
        review_report_counts(task->report, &counts);
        status = ngx_http_review_task_reply_code(task, &counts);
    }

    out = ngx_http_review_task_reply_report(task);

    if (out == NULL) {
        return ctx->replied ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (task->format) {

    case NGX_HTTP_REVIEW_TASK_EVENTS:
        return ngx_http_review_reply_event(ctx, "done", out, 1);

    case NGX_HTTP_REVIEW_TASK_LINES:
        return ngx_http_review_task_reply_line(task, "report", out, 1);

    case NGX_HTTP_REVIEW_TASK_MARKDOWN:
        return ngx_http_review_reply_typed(ctx, status,
                                       "text/markdown; charset=utf-8", out);

    default:
        return ngx_http_review_reply_whole(ctx, status, out);
    }
}


/*
 * The task takes no turn of its own: it counts in the zone that its location
 * names, if it does
 */

static void
ngx_http_review_task_reply_count(ngx_http_review_task_t *task)
{
    const char               *status;
    ngx_http_review_limit_t  *limit;

    limit = ngx_http_review_limit_conf(&task->ctx)->counts;

    if (limit == NULL) {
        return;
    }

    status = task->ctx.status;

    review_metrics_task(ngx_http_review_zone_metrics(limit->zone),
                        status[0] == 'c' ? REVIEW_METRICS_COMPLETE
                        : status[0] == 'p' ? REVIEW_METRICS_PARTIAL
                        : REVIEW_METRICS_FAILED);
}


static ngx_uint_t
ngx_http_review_task_reply_code(ngx_http_review_task_t *task,
    review_report_counts_t *counts)
{
    ngx_uint_t  status;

    task->ctx.failed = counts->failed + counts->timeout;
    task->ctx.usage.prompt_tokens += counts->prompt_tokens;
    task->ctx.usage.completion_tokens += counts->completion_tokens;

    status = ngx_http_review_reply_outcome(&task->ctx, counts->total,
                                           counts->timeout);

    if (task->ctx.failed == 0 && review_report_is_unread(task->report)) {
        task->ctx.status = "partial";
    }

    ngx_http_review_task_reply_count(task);

    return status;
}


void
ngx_http_review_task_reply_save(ngx_http_review_task_t *task)
{
    ngx_int_t                  rc;
    ngx_http_review_s3_t      *op;
    ngx_http_review_ctx_t     *ctx;
    ngx_http_review_saving_t  *saving;

    static ngx_str_t  type = ngx_string("Content-Type");
    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  markdown = ngx_string("text/markdown; charset=utf-8");

    ctx = &task->ctx;
    saving = &task->saving;
    op = &saving->op;

    saving->report = ngx_http_review_task_report_written(task, 1);

    rc = ngx_http_review_task_report_end(task, saving->report, &saving->end);

    op->type = NGX_HTTP_REVIEW_S3_PUT;
    op->store = ngx_http_review_store_conf(ctx)->store;
    op->key.data = (u_char *) saving->object.data;
    op->key.len = saving->object.len;
    op->size = ngx_http_review_output_size(&saving->report->body)
               + saving->end.len;
    op->pool = ctx->request->pool;
    op->passages = ctx->passages;
    op->limit = ngx_http_review_limit_conf(ctx)->counts;
    op->log = ctx->request->connection->log;
    op->data = task;
    op->read = ngx_http_review_task_reply_upload;
    op->done = ngx_http_review_task_reply_uploaded;

    op->headers[0].name = type;
    op->headers[0].value = saving->markdown ? markdown : json;
    op->nheaders = 1;

    ngx_http_review_ctx_extend(ctx, NGX_HTTP_REVIEW_TASK_SAVE);

    if (rc != NGX_OK || ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_task_reply_unsaved(op, REVIEW_CODE_INTERNAL);
    }
}


static void
ngx_http_review_task_reply_unsaved(ngx_http_review_s3_t *op, review_code_t code)
{
    ngx_http_review_s3_request_fail(op, code, "");
    ngx_http_review_task_reply_uploaded(op);
}


void
ngx_http_review_task_reply_save_expire(ngx_http_review_task_t *task)
{
    /* the report is still being made: it is not late yet */

    if (task->saving.report && !task->saving.done) {
        ngx_http_review_s3_cancel(&task->saving.op);
        ngx_http_review_task_reply_unsaved(&task->saving.op, task->ctx.late);
    }
}


static ssize_t
ngx_http_review_task_reply_upload(ngx_http_review_s3_t *op, u_char *buf,
    size_t size, off_t offset)
{
    off_t                      body;
    ngx_http_review_saving_t  *saving;

    saving = &((ngx_http_review_task_t *) op->data)->saving;

    body = ngx_http_review_output_size(&saving->report->body);

    if (offset < body) {
        size = ngx_min((off_t) size, body - offset);

        return ngx_http_review_output_copy(&saving->report->body, buf, size,
                                           offset)
               == NGX_OK ? (ssize_t) size : NGX_ERROR;
    }

    offset -= body;
    size = ngx_min(size, saving->end.len - (size_t) offset);

    ngx_memcpy(buf, saving->end.data + offset, size);

    return size;
}


static void
ngx_http_review_task_reply_uploaded(ngx_http_review_s3_t *op)
{
    ngx_http_review_task_t  *task;

    task = op->data;
    task->saving.done = 1;

    if (op->failed) {
        ngx_http_review_s3_problem_log(op, ", a report is not saved");
    }

    ngx_http_review_ctx_wake_later(&task->ctx);
}
