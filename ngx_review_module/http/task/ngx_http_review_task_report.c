
/*
 * The report of a task: what was found is merged and written, on a thread if
 * there is much of it.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_work.h"

#include "review/agree/agree.h"
#include "review/form/report_form.h"
#include "review/json/write.h"


/* what a cell may cost, as bytes of text */

#define NGX_HTTP_REVIEW_REPORT_CELL  256


/* what the thread works with; it may outlive the request */

struct ngx_http_review_report_s {
    ngx_http_review_task_t     *task;       /* not the thread's */
    ngx_http_review_plan_t     *plan;
    review_rubric_t            *rubric;
    review_report_t            *report;
    review_str_t                id;
    ngx_msec_t                  load_time;
    ngx_msec_t                  split_time;
    ngx_msec_t                  select_time;
    ngx_msec_t                  review_time;
    ngx_http_review_written_t   written[2]; /* the reply, and what is saved */
    ngx_uint_t                  n;          /* 1: they are the same */
    ngx_uint_t                  failed;     /* no memory, or disk */
    void                      (*handler)(ngx_http_review_task_t *task);
};


static void ngx_http_review_task_report_run(void *data);
static void ngx_http_review_task_report_done(void *data);


static void
ngx_http_review_task_report_add(ngx_http_review_report_t *report,
    ngx_uint_t markdown)
{
    ngx_http_review_ctx_t      *ctx;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_review_written_t  *written;

    ctx = &report->task->ctx;
    clcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_core_module);

    written = &report->written[report->n++];
    written->markdown = markdown;

    ngx_http_review_output_init(&written->body, ctx->work->pool,
                                ctx->work->memory,
                                clcf->client_body_temp_path);

    written->body.stop = &ctx->work->gone;
}


void
ngx_http_review_task_report(ngx_http_review_task_t *task,
    void (*written)(ngx_http_review_task_t *task))
{
    ngx_uint_t                 markdown;
    ngx_http_review_report_t  *report;

    report = ngx_pcalloc(task->ctx.work->pool,
                         sizeof(ngx_http_review_report_t));
    if (report == NULL) {
        ngx_http_review_ctx_fail(&task->ctx, NGX_ERROR);
        return;
    }

    report->task = task;
    report->plan = task->plan;
    report->rubric = task->rubric;
    report->report = task->report;
    report->id = task->id;
    report->load_time = task->load_time;
    report->split_time = task->split_time;
    report->select_time = task->select_time;
    report->review_time = ngx_current_msec - task->reviewing;
    report->failed = 1;
    report->handler = written;

    if (task->ctx.cut) {
        review_report_cut(task->report);
    }

    task->writing = report;
    markdown = (task->format == NGX_HTTP_REVIEW_TASK_MARKDOWN);

    ngx_http_review_task_report_add(report, markdown);

    if (task->saving.object.data && task->saving.markdown != markdown) {
        ngx_http_review_task_report_add(report, task->saving.markdown);
    }

    /* a task whose time was over has sent its thread home */

    task->ctx.work->gone = 0;

    ngx_http_review_work_start(task->ctx.work,
                               task->plan->size + task->told_size
                               + task->plan->nchunks * task->plan->npoints
                                 * NGX_HTTP_REVIEW_REPORT_CELL,
                               ngx_http_review_task_report_run,
                               ngx_http_review_task_report_done, report);
}


/* a point about the document has one, any other one of each chunk */

size_t
ngx_http_review_task_report_cells(const ngx_http_review_plan_t *plan)
{
    size_t  i, n;

    for (i = 0, n = 0; i < plan->npoints; i++) {
        n += plan->points[i].document ? 1 : plan->nchunks;
    }

    return n;
}


static void
ngx_http_review_task_report_texts(review_buf_t *b, const char *name,
    const ngx_http_review_document_t *documents, size_t n)
{
    size_t  i;

    review_write_array(b, name);

    for (i = 0; i < n; i++) {
        review_write_object(b, NULL);
        review_write_str(b, "id", &documents[i].id);
        review_document_json_text(b, &documents[i].document);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


/* what places are about: those of the documents, and of references */

static void
ngx_http_review_task_report_text(review_buf_t *b,
    const ngx_http_review_plan_t *plan)
{
    if (plan->several) {
        ngx_http_review_task_report_texts(b, "document_texts", plan->documents,
                                          plan->ndocuments);

    } else {
        review_document_json_text(b, &plan->documents->document);
    }

    ngx_http_review_task_report_texts(b, "reference_texts", plan->references,
                                      plan->nreferences);
}


/* there is none where all points are the client's */

static void
ngx_http_review_task_report_rubric(const review_rubric_t *rubric,
    review_buf_t *b)
{
    if (rubric->name.len == 0) {
        review_write_null(b, "rubric");
        return;
    }

    review_write_object(b, "rubric");
    review_write_str(b, "name", &rubric->name);
    review_write_str(b, "version", &rubric->version);

    if (rubric->own) {
        review_write_bool(b, "inline", 1);
    }

    review_write_object_end(b);
}


static void
ngx_http_review_task_report_head(ngx_http_review_report_t *report,
    review_buf_t *b)
{
    review_write_str_or_null(b, "id", report->id.len ? &report->id : NULL);

    ngx_http_review_task_report_rubric(report->rubric, b);

    review_write_object(b, "document");
    ngx_http_review_task_plan_document(b, report->plan);
    review_write_object_end(b);
    ngx_http_review_task_plan_documents(b, report->plan);
}


static void
ngx_http_review_task_report_selected(const ngx_http_review_plan_t *plan,
    review_buf_t *b)
{
    review_write_word(b, "selected_by",
                      !plan->selection.asked && !plan->selection.nclauses
                      ? NULL : plan->select.vectors ? "embedding" : "bm25");
}


/* members of an object: what would become of cells, and what that would cost */

static void
ngx_http_review_task_report_planned(review_buf_t *b,
    const ngx_http_review_planned_t *planned)
{
    size_t  i;

    static const char *const  names[] = { "asked", "rule", "when", "skipped" };

    review_write_object(b, "cells");

    for (i = 0; i < NGX_HTTP_REVIEW_PLANNED; i++) {
        review_write_number(b, names[i], planned->cells[i]);
    }

    review_write_object_end(b);
    review_write_number(b, "calls", planned->calls);
    review_write_number(b, "calls_most", planned->most);
    review_write_number(b, "prompt_tokens", planned->tokens);
}


/* a chunk, what would be asked of it, and what would go with it */

static void
ngx_http_review_task_report_chunk(ngx_http_review_report_t *report,
    review_buf_t *b, size_t chunk)
{
    size_t                   i, k;
    ngx_http_review_plan_t  *plan;

    plan = report->plan;

    review_write_object(b, NULL);
    review_report_json_place(report->report, b, chunk);
    review_write_number(b, "tokens", plan->tokens[chunk]);

    review_write_array(b, "points");

    for (i = 0; i < plan->npoints; i++) {
        if (plan->cells[chunk * plan->npoints + i]
            == NGX_HTTP_REVIEW_PLANNED_ASKED)
        {
            review_write_str(b, NULL, &plan->points[i].id);
        }
    }

    review_write_array_end(b);
    review_write_array(b, "references");

    for (i = 0; i < plan->selection.nclauses; i++) {
        k = plan->selection.clauses[chunk * plan->selection.nclauses + i];
        review_write_str(b, NULL, &plan->clauses[k].id);
    }

    review_write_array_end(b);
    review_write_object_end(b);
}


/* what would be embedded, and in how many calls at most; null: nothing */

static void
ngx_http_review_task_report_embeddings(const ngx_http_review_plan_t *plan,
    review_buf_t *b)
{
    size_t  n;

    if (plan->batch == 0) {
        review_write_null(b, "embeddings");
        return;
    }

    n = plan->nchunks + plan->npoints + plan->nclauses + plan->ntexts;

    review_write_object(b, "embeddings");
    review_write_number(b, "texts", n);
    review_write_number(b, "calls", (n + plan->batch - 1) / plan->batch);
    review_write_object_end(b);
}


/* of a dry run: all but how long it took */

static void
ngx_http_review_task_report_dry(ngx_http_review_report_t *report,
    review_buf_t *b)
{
    size_t                   i;
    ngx_http_review_plan_t  *plan;

    plan = report->plan;

    review_write_object(b, NULL);
    review_write_bool(b, "dry_run", 1);
    ngx_http_review_task_report_head(report, b);
    review_report_json_references(b, plan->references, plan->nreferences);
    ngx_http_review_task_report_planned(b, &plan->total);
    review_write_number_or_null(b, "max_calls", plan->max_calls,
                                plan->max_calls != 0);
    review_write_bool(b, "refused", plan->refused);
    ngx_http_review_task_report_selected(plan, b);
    ngx_http_review_task_report_embeddings(plan, b);
    review_write_array(b, "points");

    for (i = 0; i < plan->npoints; i++) {
        review_write_object(b, NULL);
        review_write_str(b, "point", &plan->points[i].id);
        review_write_str(b, "title", &plan->points[i].title);
        review_write_number(b, "steps",
                            ngx_http_review_task_count_steps(plan->asked[i]));
        ngx_http_review_task_report_planned(b, &plan->planned[i]);
        review_write_object_end(b);
    }

    review_write_array_end(b);
    review_write_array(b, "chunks");

    for (i = 0; i < plan->nchunks; i++) {
        ngx_http_review_task_report_chunk(report, b, i);
    }

    review_write_array_end(b);

    review_write_object(b, "timings");
    review_write_number(b, "load_ms", report->load_time);
    review_write_number(b, "plan_ms", report->split_time);
    review_write_object_end(b);

    if (plan->text) {
        ngx_http_review_task_report_text(b, plan);
    }
}


/* all but how long it took, and where it is saved */

static void
ngx_http_review_task_report_json(ngx_http_review_report_t *report,
    review_buf_t *b)
{
    ngx_http_review_plan_t  *plan;

    plan = report->plan;

    review_write_object(b, NULL);
    ngx_http_review_task_report_head(report, b);
    review_report_json(report->report, b);
    ngx_http_review_task_report_selected(plan, b);

    review_write_object(b, "timings");
    review_write_number(b, "load_ms", report->load_time);
    review_write_number(b, "split_ms", report->split_time);
    review_write_number(b, "select_ms", report->select_time);
    review_write_number(b, "review_ms", report->review_time);
    review_write_object_end(b);

    if (plan->text) {
        ngx_http_review_task_report_text(b, plan);
    }
}


/* on a thread */

static void
ngx_http_review_task_report_run(void *data)
{
    ngx_http_review_report_t *report = data;

    ngx_uint_t                  i;
    ngx_http_review_written_t  *written;

    if (!report->plan->dry
        && (review_agree(report->report) != 0
            || review_report_verdict_finish(report->report) != 0))
    {
        return;
    }

    for (i = 0; i < report->n; i++) {
        written = &report->written[i];

        if (written->markdown) {
            review_report_markdown(report->report, &written->body.buf,
                                   report->rubric->language.data, &report->id);

        } else if (report->plan->dry) {
            ngx_http_review_task_report_dry(report, &written->body.buf);

        } else {
            ngx_http_review_task_report_json(report, &written->body.buf);
        }

        if (ngx_http_review_output_end(&written->body) != NGX_OK) {
            return;
        }
    }

    report->failed = 0;
}


static void
ngx_http_review_task_report_done(void *data)
{
    ngx_http_review_report_t *report = data;

    if (report->failed) {
        ngx_http_review_ctx_fail(&report->task->ctx, NGX_ERROR);
        return;
    }

    report->handler(report->task);
}


ngx_http_review_written_t *
ngx_http_review_task_report_written(ngx_http_review_task_t *task,
    ngx_uint_t saved)
{
    return &task->writing->written[saved ? task->writing->n - 1 : 0];
}


/* "result": {"object","saved":true,"etag"}, or {...,"saved":false,"error"} */

static void
ngx_http_review_task_report_saved(ngx_http_review_task_t *task,
    review_buf_t *b)
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


ngx_int_t
ngx_http_review_task_report_end(ngx_http_review_task_t *task,
    ngx_http_review_written_t *written, review_str_t *end)
{
    review_buf_t  b;

    end->data = "";
    end->len = 0;

    if (written->markdown) {
        return NGX_OK;
    }

    /* the brace is only there to be written behind */

    review_buf_init(&b, task->ctx.pool, 256);
    review_write_object(&b, NULL);
    review_write_object_end(&b);
    review_write_number(&b, "elapsed_ms", ngx_current_msec - task->ctx.started);
    ngx_http_review_reply_cut(&b, &task->ctx);

    if (task->saving.done) {
        ngx_http_review_task_report_saved(task, &b);
    }

    review_write_object_end(&b);

    if (b.failed) {
        return NGX_ERROR;
    }

    end->data = b.data + 2;
    end->len = b.len - 2;

    return NGX_OK;
}
