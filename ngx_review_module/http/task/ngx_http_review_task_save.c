
/* The report of a task, saved as an object of the store. */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_work.h"


/* a report is there, however late: so much time is left for it at least */

#define NGX_HTTP_REVIEW_TASK_SAVE  10000


static ssize_t ngx_http_review_task_save_upload(ngx_http_review_s3_t *op,
    u_char *buf, size_t size, off_t offset);
static void ngx_http_review_task_save_uploaded(ngx_http_review_s3_t *op);
static void ngx_http_review_task_save_unsaved(ngx_http_review_s3_t *op,
    review_code_t code);


void
ngx_http_review_task_save(ngx_http_review_task_t *task)
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
    op->log = ctx->request->connection->log;
    op->data = task;
    op->read = ngx_http_review_task_save_upload;
    op->done = ngx_http_review_task_save_uploaded;

    op->headers[0].name = type;
    op->headers[0].value = saving->markdown ? markdown : json;
    op->nheaders = 1;

    ngx_http_review_ctx_extend(ctx, NGX_HTTP_REVIEW_TASK_SAVE);

    if (rc != NGX_OK || ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_task_save_unsaved(op, REVIEW_CODE_INTERNAL);
    }
}


static void
ngx_http_review_task_save_unsaved(ngx_http_review_s3_t *op, review_code_t code)
{
    ngx_http_review_s3_request_fail(op, code, "");
    ngx_http_review_task_save_uploaded(op);
}


void
ngx_http_review_task_save_expire(ngx_http_review_task_t *task)
{
    /* the report is still being made: it is not late yet */

    if (task->saving.report && !task->saving.done) {
        ngx_http_review_s3_cancel(&task->saving.op);
        ngx_http_review_task_save_unsaved(&task->saving.op, task->ctx.late);
    }
}


static ssize_t
ngx_http_review_task_save_upload(ngx_http_review_s3_t *op, u_char *buf,
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
ngx_http_review_task_save_uploaded(ngx_http_review_s3_t *op)
{
    ngx_http_review_task_t  *task;

    task = op->data;
    task->saving.done = 1;

    if (op->failed) {
        ngx_http_review_s3_problem_log(op, ", a report is not saved");
    }

    ngx_http_review_ctx_wake_later(&task->ctx);
}
