
/* What a client is told of its task: progress, and in the end the report. */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"


static ngx_int_t ngx_http_review_task_line(ngx_http_review_task_t *task,
    const char *name, review_buf_t *json, ngx_uint_t last);
static ngx_uint_t ngx_http_review_task_code(ngx_http_review_task_t *task,
    review_report_counts_t *counts);


/* {"done","total","failed","eta_ms"}, in cells; not more than once at a time */

void
ngx_http_review_task_tell(ngx_http_review_task_t *task)
{
    uint64_t                  done, total;
    ngx_int_t                 rc;
    ngx_chain_t              *out;
    review_buf_t              b;
    ngx_http_review_ctx_t    *ctx;
    review_report_counts_t    counts;

    ctx = &task->ctx;

    if (task->told || (task->format != NGX_HTTP_REVIEW_TASK_EVENTS
                       && task->format != NGX_HTTP_REVIEW_TASK_LINES)
        || ngx_http_review_reply_unsent(ctx))
    {
        return;
    }

    task->told = 1;

    review_report_counts(task->report, &counts);

    done = counts.ok + counts.failed + counts.timeout + counts.skipped;
    total = task->plan->nchunks * task->plan->npoints;

    review_buf_init(&b, ctx->pool, 96);
    review_write_object(&b, NULL);
    review_write_number(&b, "done", done);
    review_write_number(&b, "total", total);
    review_write_number(&b, "failed", counts.failed + counts.timeout);

    if (done) {
        review_write_number(&b, "eta_ms",
                            (uint64_t) (ngx_current_msec - task->reviewing)
                            * (total - done) / done);
    } else {
        review_write_null(&b, "eta_ms");
    }

    review_write_object_end(&b);

    if (task->format == NGX_HTTP_REVIEW_TASK_LINES) {
        rc = ngx_http_review_task_line(task, "progress", &b, 0);

    } else {
        out = ngx_http_review_reply_buf(ctx->request->pool, &b);
        rc = out ? ngx_http_review_reply_event(ctx, "progress", out, 0)
                 : NGX_ERROR;
    }

    if (rc == NGX_ERROR) {
        ctx->broken = 1;
        ngx_http_review_wake(ctx);
    }
}


/* {"name":...}, a line */

static ngx_int_t
ngx_http_review_task_line(ngx_http_review_task_t *task, const char *name,
    review_buf_t *json, ngx_uint_t last)
{
    ngx_chain_t   *out;
    review_buf_t   b;

    review_buf_init(&b, json->pool, json->len + 32);
    b.failed = json->failed;

    review_write_object(&b, NULL);
    review_write_raw(&b, name, json->data, json->len);
    review_write_object_end(&b);
    review_buf_puts(&b, "\n");

    out = ngx_http_review_reply_buf(task->ctx.request->pool, &b);
    if (out == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_review_reply_piece(&task->ctx, out, last);
}


/* "result": {"object","saved":true,"etag"}, or {...,"saved":false,"error"} */

static void
ngx_http_review_task_saved(ngx_http_review_task_t *task, review_buf_t *b)
{
    ngx_http_review_s3_t  *op;

    op = &task->saving.op;

    review_write_object(b, "result");
    review_write_str(b, "object", &task->saving.object);
    review_write_bool(b, "saved", !op->failed);

    if (op->failed) {
        ngx_http_review_reply_error(b, REVIEW_CODE_STORE, op->code, NULL);

    } else {
        ngx_http_review_s3_request_etag(op, b);
    }

    review_write_object_end(b);
}


void
ngx_http_review_task_report(ngx_http_review_task_t *task, review_buf_t *b,
    ngx_uint_t markdown)
{
    ngx_http_review_plan_t  *plan;

    if (markdown) {
        review_report_markdown(task->report, b, task->rubric->language.data,
                               &task->id);
        return;
    }

    plan = task->plan;

    review_write_object(b, NULL);
    review_write_str_or_null(b, "id", task->id.len ? &task->id : NULL);

    review_write_object(b, "rubric");
    review_write_str(b, "name", &task->rubric->name);
    review_write_str(b, "version", &task->rubric->version);
    review_write_object_end(b);

    review_write_object(b, "document");
    review_write_number(b, "chars", plan->length);
    review_write_number(b, "chunks", plan->nchunks);
    review_write_object_end(b);

    review_report_json(task->report, b);

    review_write_word(b, "selected_by",
                      !plan->selection.asked && !plan->selection.nclauses
                      ? NULL : plan->select.vectors ? "embedding" : "bm25");

    review_write_object(b, "timings");
    review_write_number(b, "load_ms", task->load_time);
    review_write_number(b, "split_ms", task->split_time);
    review_write_number(b, "select_ms", task->select_time);
    review_write_number(b, "review_ms", ngx_current_msec - task->reviewing);
    review_write_object_end(b);

    review_write_number(b, "elapsed_ms", ngx_current_msec - task->ctx.started);

    if (task->saving.done) {
        ngx_http_review_task_saved(task, b);
    }

    review_write_object_end(b);
}


/* the report; returns what finalizes the request */

ngx_int_t
ngx_http_review_task_reply(ngx_http_review_task_t *task)
{
    ngx_uint_t                status;
    ngx_chain_t              *out;
    review_buf_t              b;
    ngx_http_review_ctx_t    *ctx;
    review_report_counts_t    counts;

    ctx = &task->ctx;

    review_report_counts(task->report, &counts);
    status = ngx_http_review_task_code(task, &counts);

    review_buf_init(&b, ctx->work->memory, 64 * 1024);

    ngx_http_review_task_report(task, &b, task->format
                                          == NGX_HTTP_REVIEW_TASK_MARKDOWN);

    if (task->format == NGX_HTTP_REVIEW_TASK_LINES) {
        return ngx_http_review_task_line(task, "report", &b, 1);
    }

    out = ngx_http_review_reply_buf(ctx->request->pool, &b);

    if (out == NULL) {
        return ctx->replied ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (task->format) {

    case NGX_HTTP_REVIEW_TASK_EVENTS:
        return ngx_http_review_reply_event(ctx, "done", out, 1);

    case NGX_HTTP_REVIEW_TASK_MARKDOWN:
        return ngx_http_review_reply_typed(ctx, status,
                                       "text/markdown; charset=utf-8", out);

    default:
        return ngx_http_review_reply_whole(ctx, status, out);
    }
}


static ngx_uint_t
ngx_http_review_task_code(ngx_http_review_task_t *task,
    review_report_counts_t *counts)
{
    task->ctx.failed = counts->failed + counts->timeout;
    task->ctx.usage.prompt_tokens += counts->prompt_tokens;
    task->ctx.usage.completion_tokens += counts->completion_tokens;

    return ngx_http_review_reply_outcome(&task->ctx, counts->total,
                                         counts->timeout);
}
