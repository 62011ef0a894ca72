
/*
 * What a client asks of a task, read below: documents become sources, and
 * points what the report and the plan know of them.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/request/task_request.h"


static void ngx_http_review_task_request_given(ngx_http_review_task_t *task,
    review_task_given_t *given);
static ngx_int_t ngx_http_review_task_request_documents(
    ngx_http_review_task_t *task, ngx_http_review_plan_t *plan,
    review_task_request_t *request);
static ngx_int_t ngx_http_review_task_request_document(
    ngx_http_review_task_t *task, review_task_document_t *asked,
    const char *pointer, ngx_http_review_document_t *document);
static ngx_int_t ngx_http_review_task_request_points(
    ngx_http_review_plan_t *plan, review_task_request_t *request);


ngx_int_t
ngx_http_review_task_request(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan)
{
    ngx_int_t               rc;
    review_error_t          err;
    review_task_given_t     given;
    review_task_request_t   request;
    ngx_http_review_ctx_t  *ctx;

    ctx = &task->ctx;

    ngx_http_review_task_request_given(task, &given);

    rc = review_task_request(plan->pool, ctx->body, &given, &request, &err);

    if (request.rubric && request.rubric->name.len) {
        ctx->rubric = &request.rubric->name;
    }

    rc = ngx_http_review_problem_read(ctx, rc, &err);

    if (rc != NGX_OK) {
        return rc;
    }

    task->id = request.document.id;
    task->rubric = request.rubric;
    task->rubric_name = request.rubric_name;
    task->vars = request.vars;
    task->fresh = request.fresh;
    task->nfresh = request.nfresh;
    task->saving.object = request.object;
    task->saving.markdown = request.markdown;
    task->timeout = ngx_http_review_task_conf(ctx)->task_timeout;

    if (request.deadline > 0) {
        task->timeout = ngx_min(task->timeout,
                                (ngx_msec_t) (request.deadline * 1000));
    }

    plan->rubric = request.rubric;
    plan->asked = request.points;
    plan->vars = request.vars;
    plan->dry = request.dry_run;
    plan->max_calls = ngx_http_review_task_conf(ctx)->max_calls;
    plan->max_reading = ngx_http_review_chunk_conf(ctx)->max_chunk;

    /* a dry run saves nothing, and has one form */

    if (plan->dry) {
        task->saving.object.data = NULL;
        task->format = NGX_HTTP_REVIEW_TASK_JSON;
    }

    plan->split = request.split;
    plan->text = request.text;
    plan->told = (task->format == NGX_HTTP_REVIEW_TASK_EVENTS
                  || task->format == NGX_HTTP_REVIEW_TASK_LINES);
    plan->select.top_k = request.top_k;
    plan->select.nreferences = request.clauses;

    if (ngx_http_review_task_ask_spell(task, &request) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_review_task_request_documents(task, plan, &request);

    return rc == NGX_OK ? ngx_http_review_task_request_points(plan, &request)
        : rc;
}


static void
ngx_http_review_task_request_given(ngx_http_review_task_t *task,
    review_task_given_t *given)
{
    ngx_http_review_ctx_t         *ctx;
    ngx_http_review_chunk_conf_t  *conf;

    ctx = &task->ctx;
    conf = ngx_http_review_chunk_conf(ctx);

    ngx_http_review_rubric_all(ctx, &given->rubrics);

    given->rubric.data = (char *) conf->name.data;
    given->rubric.len = conf->name.len;
    given->split = ngx_http_review_steps_conf(ctx)->split;
    given->text = ctx->text;
    given->converted = task->type == NGX_HTTP_REVIEW_TYPE_OTHER;
    given->max_text = ngx_http_review_request_conf(ctx)->max_text;
    given->max_vars = conf->max_chunk;
    given->max_points = conf->max_points;
    given->store = ngx_http_review_store_conf(ctx)->store != NULL;
}


static ngx_int_t
ngx_http_review_task_request_documents(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan, review_task_request_t *request)
{
    char    pointer[REVIEW_ERROR_POINTER];
    size_t  i, n;

    plan->several = request->ndocuments != 0;
    plan->ndocuments = ngx_max(request->ndocuments, 1);
    plan->nreferences = request->nreferences;

    n = plan->ndocuments + plan->nreferences;

    plan->documents = ngx_pcalloc(plan->pool->ctx,
                                  n * sizeof(ngx_http_review_document_t));

    if (plan->documents == NULL) {
        return NGX_ERROR;
    }

    plan->references = plan->documents + plan->ndocuments;

    if (!plan->several) {
        plan->documents->id.data = "";

        if (ngx_http_review_task_request_document(task, &request->document,
                                                  "/document", plan->documents)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < request->ndocuments; i++) {
        (void) review_json_member_pointer_index(pointer, "/documents", i);

        plan->documents[i].id = request->documents[i].id;

        if (ngx_http_review_task_request_document(task, &request->documents[i],
                                                  pointer, &plan->documents[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < plan->nreferences; i++) {
        (void) review_json_member_pointer_index(pointer, "/references", i);

        plan->references[i].id = request->references[i].id;

        if (ngx_http_review_task_request_document(task, &request->references[i],
                                                  pointer, &plan->references[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a text as it is, or to be had from elsewhere */

static ngx_int_t
ngx_http_review_task_request_document(ngx_http_review_task_t *task,
    review_task_document_t *asked, const char *pointer,
    ngx_http_review_document_t *document)
{
    char                       at[REVIEW_ERROR_POINTER];
    const char                *from;
    ngx_http_review_source_t  *source;

    if (asked->from == REVIEW_SOURCE_TEXT) {

        /* the body that was made text, and moved since then */

        if (task->ctx.document) {
            document->document = *task->ctx.document;
        }

        document->document.text = asked->name;
        return NGX_OK;
    }

    from = review_sources[asked->from];
    (void) review_json_member_pointer_name(at, pointer, from, ngx_strlen(from));

    source = ngx_http_review_sources_add(&task->sources, asked->from, at,
                                         &document->document);
    if (source == NULL) {
        return NGX_ERROR;
    }

    source->name = asked->name;
    source->type.data = (u_char *) asked->type.data;
    source->type.len = asked->type.len;

    return NGX_OK;
}


/* values of all chunks are compared by the report */

static ngx_int_t
ngx_http_review_task_request_agree(ngx_http_review_plan_t *plan,
    review_point_t *point, review_report_point_t *told)
{
    size_t                  i;
    review_report_agree_t  *agree;

    if (point->nagree == 0) {
        return NGX_OK;
    }

    agree = review_alloc(plan->pool, point->nagree * sizeof(*agree));

    if (agree == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < point->nagree; i++) {
        agree[i].name = point->agree[i];
        agree[i].title = review_rubric_agree_title(point, i);
    }

    told->agree = agree;
    told->nagree = point->nagree;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_task_request_points(ngx_http_review_plan_t *plan,
    review_task_request_t *request)
{
    size_t           i, n;
    review_buf_t     b;
    review_point_t  *point;

    n = request->npoints;

    plan->npoints = n;
    plan->points = review_alloc(plan->pool, n * sizeof(review_report_point_t));
    plan->questions = review_alloc(plan->pool, n * sizeof(review_str_t));

    if (plan->points == NULL || plan->questions == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        point = request->points[i];

        ngx_memzero(&plan->points[i], sizeof(review_report_point_t));

        plan->points[i].id = point->id;
        plan->points[i].title = point->title;
        plan->points[i].absent = -1;
        plan->points[i].severity = point->severity;
        plan->points[i].rule = !review_point_asks(point);
        plan->points[i].document = (point->scope == REVIEW_SCOPE_DOCUMENT);
        plan->points[i].absent = point->rule ? (int) point->rule->no_match
                                             : point->absent;
        plan->points[i].severity = (uint8_t) point->severity;

        review_buf_init(&b, plan->pool,
                        point->title.len + point->question.len + 1);
        review_buf_str(&b, &point->title);
        review_buf_puts(&b, "\n");
        review_buf_str(&b, &point->question);

        if (b.failed
            || ngx_http_review_task_request_agree(plan, point,
                                                  &plan->points[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        plan->questions[i].data = b.data;
        plan->questions[i].len = b.len;
    }

    return NGX_OK;
}
