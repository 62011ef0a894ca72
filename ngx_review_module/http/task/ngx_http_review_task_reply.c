
/* What a client is told of its task: progress, and in the end the report. */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/utf8.h"
#include "review/json/write.h"


static ngx_chain_t *ngx_http_review_task_link(ngx_http_review_task_t *task,
    review_buf_t *b);
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
    review_buf_puts(&b, "{\"done\":");
    review_buf_number(&b, done);
    review_buf_puts(&b, ",\"total\":");
    review_buf_number(&b, total);
    review_buf_puts(&b, ",\"failed\":");
    review_buf_number(&b, counts.failed + counts.timeout);
    review_buf_puts(&b, ",\"eta_ms\":");

    if (done) {
        review_buf_number(&b, (uint64_t) (ngx_current_msec - task->reviewing)
                              * (total - done) / done);
    } else {
        review_buf_puts(&b, "null");
    }

    review_buf_puts(&b, "}");

    if (task->format == NGX_HTTP_REVIEW_TASK_LINES) {
        rc = ngx_http_review_task_line(task, "progress", &b, 0);

    } else {
        out = ngx_http_review_task_link(task, &b);
        rc = out ? ngx_http_review_reply_event(ctx, "progress", out, 0)
                 : NGX_ERROR;
    }

    if (rc == NGX_ERROR) {
        ctx->broken = 1;
        ngx_http_review_wake(ctx);
    }
}


static ngx_chain_t *
ngx_http_review_task_link(ngx_http_review_task_t *task, review_buf_t *b)
{
    return b->failed ? NULL
                     : ngx_http_review_reply_link(task->ctx.request->pool,
                                                  b->data, b->len);
}


/* {"name":...}, a line */

static ngx_int_t
ngx_http_review_task_line(ngx_http_review_task_t *task, const char *name,
    review_buf_t *json, ngx_uint_t last)
{
    ngx_chain_t   *out;
    review_buf_t   b;

    review_buf_init(&b, json->pool, json->len + 32);
    review_buf_puts(&b, "{\"");
    review_buf_puts(&b, name);
    review_buf_puts(&b, "\":");
    review_buf_add(&b, json->data, json->len);
    review_buf_puts(&b, "}\n");

    out = ngx_http_review_task_link(task, &b);

    if (out == NULL || json->failed) {
        return NGX_ERROR;
    }

    return ngx_http_review_reply_piece(&task->ctx, out, last);
}


/* {"object","saved":true,"etag"}, or {"object","saved":false,"error"} */

static void
ngx_http_review_task_saved(ngx_http_review_task_t *task, review_buf_t *b)
{
    ngx_str_t              etag;
    ngx_http_review_s3_t  *op;

    op = &task->saving.op;

    review_buf_puts(b, "{\"object\":");
    review_buf_json(b, task->saving.object.data, task->saving.object.len);

    if (op->failed) {
        review_buf_puts(b, ",\"saved\":false,\"error\":");
        ngx_http_review_write_error(b, REVIEW_CODE_STORE, op->code, NULL);

    } else {
        etag = op->etag;

        if (etag.len >= 2 && etag.data[0] == '"') {
            etag.data++;
            etag.len -= 2;
        }

        review_buf_puts(b, ",\"saved\":true,\"etag\":");
        review_buf_json(b, (char *) etag.data,
                        review_utf8_valid((char *) etag.data, etag.len));
    }

    review_buf_puts(b, "}");
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

    review_buf_puts(b, "{\"id\":");

    if (task->id.len) {
        review_buf_json(b, task->id.data, task->id.len);

    } else {
        review_buf_puts(b, "null");
    }

    review_buf_puts(b, ",\"rubric\":{\"name\":");
    review_buf_json(b, task->rubric->name.data, task->rubric->name.len);
    review_buf_puts(b, ",\"version\":");
    review_buf_json(b, task->rubric->version.data, task->rubric->version.len);
    review_buf_puts(b, "},\"document\":{\"chars\":");
    review_buf_number(b, plan->length);
    review_buf_puts(b, ",\"chunks\":");
    review_buf_number(b, plan->nchunks);
    review_buf_puts(b, "},");

    review_report_json(task->report, b);

    review_buf_puts(b, ",\"selected_by\":");
    review_buf_puts(b, !task->plan->selection.asked
                       && !task->plan->selection.nclauses ? "null"
                       : plan->select.vectors ? "\"embedding\"" : "\"bm25\"");
    review_buf_puts(b, ",\"timings\":{\"load_ms\":");
    review_buf_number(b, task->load_time);
    review_buf_puts(b, ",\"split_ms\":");
    review_buf_number(b, task->split_time);
    review_buf_puts(b, ",\"select_ms\":");
    review_buf_number(b, task->select_time);
    review_buf_puts(b, ",\"review_ms\":");
    review_buf_number(b, ngx_current_msec - task->reviewing);
    review_buf_puts(b, "},\"elapsed_ms\":");
    review_buf_number(b, ngx_current_msec - task->ctx.started);

    if (task->saving.done) {
        review_buf_puts(b, ",\"result\":");
        ngx_http_review_task_saved(task, b);
    }

    review_buf_puts(b, "}");
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

    out = ngx_http_review_task_link(task, &b);

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

    if (counts->ok || counts->skipped) {
        task->ctx.status = task->ctx.failed ? "partial" : "complete";
        return NGX_HTTP_OK;
    }

    task->ctx.status = "failed";

    return counts->timeout == counts->total ? NGX_HTTP_GATEWAY_TIME_OUT
                                            : NGX_HTTP_BAD_GATEWAY;
}
