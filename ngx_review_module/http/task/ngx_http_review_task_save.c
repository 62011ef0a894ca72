
/* The report of a task, saved as an object of the store. */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_work.h"


/* a report is there, however late: so much time is left for it at least */

#define NGX_HTTP_REVIEW_TASK_SAVE  10000


static ssize_t ngx_http_review_task_upload(ngx_http_review_s3_t *op,
    u_char *buf, size_t size, off_t offset);
static void ngx_http_review_task_uploaded(ngx_http_review_s3_t *op);
static void ngx_http_review_task_unsaved(ngx_http_review_s3_t *op,
    review_code_t code);


void
ngx_http_review_task_save(ngx_http_review_task_t *task)
{
    review_buf_t               b;
    ngx_http_review_s3_t      *op;
    ngx_http_review_ctx_t     *ctx;
    ngx_http_review_saving_t  *saving;

    static ngx_str_t  type = ngx_string("Content-Type");
    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  markdown = ngx_string("text/markdown; charset=utf-8");

    ctx = &task->ctx;
    saving = &task->saving;
    op = &saving->op;

    review_buf_init(&b, ctx->work->memory, 64 * 1024);
    ngx_http_review_task_report(task, &b, saving->markdown);

    saving->report.data = b.data;
    saving->report.len = b.len;

    op->type = NGX_HTTP_REVIEW_S3_PUT;
    op->store = ngx_http_review_store_conf(ctx)->store;
    op->key.data = (u_char *) saving->object.data;
    op->key.len = saving->object.len;
    op->size = b.len;
    op->pool = ctx->request->pool;
    op->log = ctx->request->connection->log;
    op->data = task;
    op->read = ngx_http_review_task_upload;
    op->done = ngx_http_review_task_uploaded;

    op->headers[0].name = type;
    op->headers[0].value = saving->markdown ? markdown : json;
    op->nheaders = 1;

    if ((ngx_msec_int_t) (ctx->expires - ngx_current_msec)
        < NGX_HTTP_REVIEW_TASK_SAVE)
    {
        ngx_add_timer(&ctx->deadline, NGX_HTTP_REVIEW_TASK_SAVE);
    }

    if (b.failed || ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_task_unsaved(op, REVIEW_CODE_INTERNAL);
    }
}


static void
ngx_http_review_task_unsaved(ngx_http_review_s3_t *op, review_code_t code)
{
    ngx_http_review_s3_fail(op, code, "");
    ngx_http_review_task_uploaded(op);
}


void
ngx_http_review_task_save_expire(ngx_http_review_task_t *task)
{
    if (!task->saving.done) {
        ngx_http_review_s3_cancel(&task->saving.op);
        ngx_http_review_task_unsaved(&task->saving.op, REVIEW_CODE_DEADLINE);
    }
}


static ssize_t
ngx_http_review_task_upload(ngx_http_review_s3_t *op, u_char *buf, size_t size,
    off_t offset)
{
    size_t                   left;
    ngx_http_review_task_t  *task;

    task = op->data;

    left = task->saving.report.len - offset;
    size = ngx_min(size, left);

    ngx_memcpy(buf, task->saving.report.data + offset, size);

    return size;
}


static void
ngx_http_review_task_uploaded(ngx_http_review_s3_t *op)
{
    ngx_http_review_task_t  *task;

    task = op->data;
    task->saving.done = 1;

    if (op->failed) {
        ngx_http_review_s3_problem_log(op, ", a report is not saved");
    }

    ngx_http_review_wake_later(&task->ctx);
}
