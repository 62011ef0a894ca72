
/* The chunk endpoint: many points on one text, as cells. */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/utf8.h"
#include "review/request/chunk_request.h"
#include "review/suspect/suspect.h"


/* points that are begun, or given up, in a turn of the event loop */

#define NGX_HTTP_REVIEW_CHUNK_PORTION    32


/* how often it is looked whether all calls of a review wait */

#define NGX_HTTP_REVIEW_CHUNK_WATCH      1000


/* the texts of prompts, written and looked over: large ones on a thread */

typedef struct {
    ngx_http_review_chunk_t    *chunk;      /* not the thread's */
    review_subject_t            subject;
    review_pool_t              *pool;
    review_prompt_t            *prompt;
    int                         suspect;
    ngx_uint_t                  large;
    ngx_http_review_estimated_t parts[NGX_HTTP_REVIEW_PARTS];
} ngx_http_review_texts_t;


static ngx_int_t ngx_http_review_chunk_handler(ngx_http_request_t *r);
static void ngx_http_review_chunk_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_chunk_parsed(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_chunk_matched(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_chunk_request(
    ngx_http_review_chunk_t *chunk);
static void ngx_http_review_chunk_subject(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_chunk_llms(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_chunk_admit(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_chunk_admit_to(
    ngx_http_review_chunk_t *chunk, ngx_http_review_waiter_t *waiter);
static ngx_int_t ngx_http_review_chunk_start(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_chunk_create_cells(
    ngx_http_review_chunk_t *chunk);
static void ngx_http_review_chunk_texts_run(void *data);
static void ngx_http_review_chunk_texts_done(void *data);
static void ngx_http_review_chunk_begin(ngx_http_review_chunk_t *chunk);
static void ngx_http_review_chunk_portion(ngx_http_review_chunk_t *chunk);
static void ngx_http_review_chunk_watch(ngx_event_t *ev);
static void ngx_http_review_chunk_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_chunk_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_chunk_cancel(ngx_http_review_ctx_t *ctx);


char *
ngx_http_review(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_chunk_conf_t *rlcf = conf;

    char        *rv;
    ngx_int_t    flag, explain, own, *set;
    ngx_str_t   *value, arg;
    ngx_uint_t   i;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_chunk_handler);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    explain = NGX_CONF_UNSET;
    own = NGX_CONF_UNSET;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        set = ngx_http_review_param(&value[i], "explain", &arg)
              ? &explain
              : ngx_http_review_param(&value[i], "inline", &arg) ? &own : NULL;

        if (set) {
            flag = ngx_http_review_param_on_off(&arg);

            if (flag == NGX_ERROR || *set != NGX_CONF_UNSET) {
                return ngx_http_review_param_bad(cf, &value[i]);
            }

            *set = flag;
            continue;
        }

        if (value[i].len == 0) {
            return "needs the name of a rubric";
        }

        if (i > 1) {
            return ngx_http_review_param_bad(cf, &value[i]);
        }

        rlcf->name = value[i];
    }

    rlcf->explain = (explain == 1);
    rlcf->own = (own == 1);

    return NGX_CONF_OK;
}


ngx_http_review_chunk_t *
ngx_http_review_chunk_of(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_review_module);

    if (ctx == NULL || ctx->read != ngx_http_review_chunk_read) {
        return NULL;
    }

    return (ngx_http_review_chunk_t *) ctx;
}


static ngx_int_t
ngx_http_review_chunk_handler(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_llm_t    *llm;
    ngx_http_review_chunk_t  *chunk;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_chunk_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chunk = (ngx_http_review_chunk_t *) ctx;
    ngx_queue_init(&chunk->answered);

    ctx->read = ngx_http_review_chunk_read;
    ctx->sse = ngx_http_review_headers_accepts(r, "text/event-stream");

    /* what is not a call's is counted with the LLM that is asked by default */

    llm = ngx_http_review_llm_default(ngx_http_review_llm_conf(ctx)->llms);

    ngx_http_review_waiter_set_limit(
        &ctx->waiter, ngx_http_review_limit_of(ngx_http_review_limit_conf(ctx),
                                               &llm->name));

    return ngx_http_review_ctx_read(ctx,
                                    ngx_http_review_headers_check_json(ctx));
}


static void
ngx_http_review_chunk_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_parse_json(ctx, review_chunk_members,
                               ngx_http_review_chunk_parsed);
}


static void
ngx_http_review_chunk_parsed(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_review_chunk_t  *chunk;

    chunk = (ngx_http_review_chunk_t *) ctx;

    rc = ngx_http_review_chunk_request(chunk);

    if (rc == NGX_OK) {
        rc = ngx_http_review_regex_start(chunk, ngx_http_review_chunk_matched);
    }

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
    }
}


static void
ngx_http_review_chunk_matched(ngx_http_review_chunk_t *chunk)
{
    ngx_int_t  rc;

    rc = ngx_http_review_chunk_admit(chunk);

    if (rc == NGX_OK) {
        rc = ngx_http_review_chunk_start(chunk);
    }

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(&chunk->ctx, rc);
    }
}


static ngx_int_t
ngx_http_review_chunk_request(ngx_http_review_chunk_t *chunk)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    review_error_t           err;
    review_chunk_given_t     given;
    review_chunk_request_t   request;
    ngx_http_review_ctx_t   *ctx;

    ctx = &chunk->ctx;

    ngx_http_review_rubric_all(ctx, &given.rubrics);
    given.max_chunk = ngx_http_review_chunk_conf(ctx)->max_chunk;
    given.max_points = ngx_http_review_chunk_conf(ctx)->max_points;
    given.explains = (int) ngx_http_review_chunk_conf(ctx)->explain;

    rc = review_chunk_request(ctx->pool, ctx->body, &given, &request, &err);

    if (request.rubric) {
        ctx->rubric = &request.rubric->name;
    }

    rc = ngx_http_review_problem_read(ctx, rc, &err);

    if (rc != NGX_OK) {
        return rc;
    }

    chunk->id = request.id;
    chunk->rubric = request.rubric;
    chunk->subject = request.subject;
    chunk->explain = request.explain & 1;

    if (request.deadline > 0) {
        ctx->timeout = ngx_min(ctx->timeout,
                               (ngx_msec_t) (request.deadline * 1000));
    }

    chunk->cells = ngx_pcalloc(ctx->request->pool,
                               request.npoints
                               * sizeof(ngx_http_review_cell_t));
    if (chunk->cells == NULL) {
        return NGX_ERROR;
    }

    chunk->ncells = request.npoints;

    for (i = 0; i < chunk->ncells; i++) {
        chunk->cells[i].point = request.points[i];
        chunk->cells[i].fresh = request.fresh && request.fresh[i];
    }

    ngx_http_review_chunk_subject(chunk);

    return ngx_http_review_chunk_llms(chunk);
}


/* in which words LLMs are asked */

static void
ngx_http_review_chunk_subject(ngx_http_review_chunk_t *chunk)
{
    review_rubric_t   *rubric;
    review_subject_t  *subject;

    rubric = chunk->rubric;
    subject = &chunk->subject;

    if (rubric == NULL) {
        subject->language.data = "zh";
        subject->language.len = 2;
        return;
    }

    subject->system = rubric->system;
    subject->language = rubric->language;
}


/* one that is named by a point of the request, or by its rubric */

static ngx_int_t
ngx_http_review_chunk_no_llm(ngx_http_review_chunk_t *chunk,
    const review_str_t *name, ngx_uint_t point)
{
    char              pointer[sizeof("/points//llm") + NGX_INT_T_LEN];
    ngx_uint_t        of_rubric;
    review_point_t   *given;
    review_rubric_t  *rubric;

    rubric = chunk->rubric;
    given = point < chunk->ncells ? chunk->cells[point].point : NULL;

    of_rubric = given == NULL
                || (rubric && given >= rubric->points
                    && given < rubric->points + rubric->npoints);

    if (of_rubric) {
        return ngx_http_review_problem_refuse(&chunk->ctx,
                   NGX_HTTP_UNPROCESSABLE, "/rubric", "no LLM of this location "
                   "has the name \"%.*s\", which the rubric asks",
                   (int) review_utf8_cut(name->data, name->len, 64),
                   name->data);
    }

    *ngx_sprintf((u_char *) pointer, "/points/%ui/llm", point) = '\0';

    return ngx_http_review_problem_refuse(&chunk->ctx, NGX_HTTP_UNPROCESSABLE,
               pointer, "no LLM of this location has the name \"%.*s\"",
               (int) review_utf8_cut(name->data, name->len, 64), name->data);
}


/* each point asks its own, or the rubric's, or that of the location */

static ngx_int_t
ngx_http_review_chunk_llms(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t               i;
    ngx_array_t             *llms;
    review_rubric_t         *rubric;
    ngx_http_review_cell_t  *cell;

    rubric = chunk->rubric;
    llms = ngx_http_review_llm_conf(&chunk->ctx)->llms;

    chunk->llm = rubric && rubric->llm.len
                 ? ngx_http_review_llm_named(llms, &rubric->llm)
                 : ngx_http_review_llm_default(llms);

    if (chunk->llm == NULL) {
        return ngx_http_review_chunk_no_llm(chunk, &rubric->llm, chunk->ncells);
    }

    for (i = 0; i < chunk->ncells; i++) {
        cell = &chunk->cells[i];

        cell->llm = cell->point->llm.len
                    ? ngx_http_review_llm_named(llms, &cell->point->llm)
                    : chunk->llm;
        cell->meant = cell->llm;

        if (cell->llm == NULL) {
            return ngx_http_review_chunk_no_llm(chunk, &cell->point->llm, i);
        }
    }

    return NGX_OK;
}


/* does the point need an LLM? */

static ngx_uint_t
ngx_http_review_chunk_asks(ngx_http_review_cell_t *cell)
{
    if (cell->point->when.pattern.data && cell->when.rc == NGX_DECLINED) {
        return 0;
    }

    return review_point_asks(cell->point);
}


/*
 * A review comes in while fewer calls wait than may, for each LLM that it asks:
 * then all of its calls do.  One that needs no LLM always does.
 */

static ngx_int_t
ngx_http_review_chunk_admit(ngx_http_review_chunk_t *chunk)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_http_review_ctx_t     *ctx;
    ngx_http_review_cell_t    *cell;
    ngx_http_review_waiter_t  *waiter;

    ctx = &chunk->ctx;

    if (!ngx_http_review_limit_conf(ctx)->limited) {
        return NGX_OK;
    }

    for (i = 0; i < chunk->ncells; i++) {
        cell = &chunk->cells[i];

        if (!ngx_http_review_chunk_asks(cell)) {
            continue;
        }

        waiter = ngx_http_review_llm_ask_waiter(
                         ctx, ngx_http_review_llm_ask_first(ctx, cell->llm));

        if (waiter == NULL) {
            return NGX_ERROR;
        }

        if (waiter->limit == NULL || waiter->admitted) {
            continue;
        }

        waiter->admitted = 1;
        rc = ngx_http_review_chunk_admit_to(chunk, waiter);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_chunk_admit_to(ngx_http_review_chunk_t *chunk,
    ngx_http_review_waiter_t *waiter)
{
    ngx_int_t               rc;
    ngx_uint_t              seconds;
    ngx_http_review_ctx_t  *ctx;

    ctx = &chunk->ctx;

    rc = ngx_http_review_ctx_budget(ctx, waiter);

    if (rc != NGX_OK) {
        ngx_http_review_chunk_count_review(chunk, REVIEW_METRICS_REJECTED);
        return rc;
    }

    seconds = ngx_http_review_limit_full(waiter);

    if (seconds == 0) {
        return NGX_OK;
    }

    if (ngx_http_review_headers_add_retry_after(ctx->request, seconds)
        != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: too many calls wait in zone \"%V\"",
                  &waiter->limit->zone->name);

    ngx_http_review_chunk_count_review(chunk, REVIEW_METRICS_REJECTED);

    return ngx_http_review_problem(ctx, NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                                   "the queue of the LLM's calls is full");
}


static ngx_int_t
ngx_http_review_chunk_start(ngx_http_review_chunk_t *chunk)
{
    ngx_http_review_texts_t  *texts;

    if (ngx_http_review_chunk_create_cells(chunk) != NGX_OK
        || ngx_http_review_evidence_texts(chunk) != NGX_OK)
    {
        return NGX_ERROR;
    }

    texts = review_alloc(chunk->memory, sizeof(ngx_http_review_texts_t));
    if (texts == NULL) {
        return NGX_ERROR;
    }

    texts->chunk = chunk;
    texts->subject = chunk->subject;
    texts->pool = chunk->memory;
    texts->large = ngx_http_review_work_is_large(&chunk->ctx, chunk->size);

    if (texts->large) {
        ngx_http_review_work_start(chunk->ctx.work, chunk->size,
                                   ngx_http_review_chunk_texts_run,
                                   ngx_http_review_chunk_texts_done, texts);
        return NGX_OK;
    }

    ngx_http_review_chunk_texts_run(texts);
    ngx_http_review_chunk_texts_done(texts);

    return NGX_OK;
}


static void
ngx_http_review_chunk_texts_run(void *data)
{
    ngx_http_review_texts_t *texts = data;

    texts->prompt = review_prompt_create(texts->pool, &texts->subject);
    texts->suspect = review_suspect(&texts->subject);

    /* it may be needed, and then by the event loop */

    if (texts->large && texts->prompt) {
        ngx_http_review_chat_parts(texts->prompt, texts->parts);
    }
}


static void
ngx_http_review_chunk_texts_done(void *data)
{
    ngx_http_review_texts_t *texts = data;

    ngx_http_review_chunk_t  *chunk;

    chunk = texts->chunk;
    chunk->prompt = texts->prompt;

    if (chunk->prompt == NULL) {
        ngx_http_review_ctx_fail(&chunk->ctx, NGX_ERROR);
        return;
    }

    if (texts->large) {
        ngx_memcpy(chunk->parts, texts->parts, sizeof(texts->parts));
    }

    /* threads will use theirs while bodies are made */

    review_prompt_use(chunk->prompt, chunk->ctx.pool);

    if (texts->suspect) {
        chunk->warnings |= REVIEW_WARNING_INJECTION;
    }

    ngx_http_review_chunk_begin(chunk);
}


static void
ngx_http_review_chunk_begin(ngx_http_review_chunk_t *chunk)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = &chunk->ctx;

    ctx->progress = ngx_http_review_chunk_progress;
    ctx->expire = ngx_http_review_chunk_expire;
    ctx->cancel = ngx_http_review_chunk_cancel;

    if (ngx_http_review_ctx_begin(ctx) != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    /* nobody else is told */

    if (ctx->sse && ngx_http_review_limit_conf(ctx)->limited) {
        chunk->watch.handler = ngx_http_review_chunk_watch;
        chunk->watch.data = chunk;
        chunk->watch.log = ctx->request->connection->log;

        ngx_add_timer(&chunk->watch, NGX_HTTP_REVIEW_CHUNK_WATCH);
    }

    ngx_http_review_chunk_portion(chunk);
}


/*
 * Do all calls that are left wait, since their circuits are open?  One that
 * runs then may be a probe, which changes nothing until it is answered.
 */

static ngx_uint_t
ngx_http_review_chunk_waits(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t                 i, runs;
    ngx_http_review_call_t    *call;
    ngx_http_review_waiter_t  *waiter;

    waiter = NULL;
    runs = 0;

    for (i = 0; i < chunk->ncells; i++) {
        call = chunk->cells[i].call;

        if (chunk->cells[i].done || call == NULL) {
            continue;
        }

        if (call->turn.state == NGX_HTTP_REVIEW_TURN_NONE) {
            continue;
        }

        runs |= call->turn.state != NGX_HTTP_REVIEW_TURN_WAITING;

        if (call->turn.waiter == waiter) {
            continue;
        }

        waiter = call->turn.waiter;

        if (!ngx_http_review_limit_is_open(waiter->limit)) {
            return 0;
        }
    }

    return waiter == NULL ? 0 : runs ? chunk->waits : 1;
}


static void
ngx_http_review_chunk_watch(ngx_event_t *ev)
{
    ngx_uint_t                waits;
    ngx_connection_t         *c;
    ngx_http_review_chunk_t  *chunk;

    chunk = ev->data;
    c = ngx_http_review_visit_begin(&chunk->ctx);

    if (c == NULL) {
        return;
    }

    waits = ngx_http_review_chunk_waits(chunk);

    if (chunk->waits != waits) {
        chunk->waits = waits;

        ngx_http_review_chunk_reply_progress(chunk);
        ngx_http_review_ctx_wake(&chunk->ctx);
    }

    ngx_add_timer(ev, NGX_HTTP_REVIEW_CHUNK_WATCH);

    ngx_http_review_visit_end(c);
}


/* thousands of subrequests and connections at once would hold up all others */

static void
ngx_http_review_chunk_portion(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t               last;
    ngx_http_review_cell_t  *cell;

    last = ngx_min(chunk->next + NGX_HTTP_REVIEW_CHUNK_PORTION, chunk->ncells);

    while (chunk->next < last) {
        cell = &chunk->cells[chunk->next++];

        if (chunk->expired) {
            ngx_http_review_cell_expire(cell);

        } else {
            ngx_http_review_cell_start(cell);
        }
    }

    if (chunk->next < chunk->ncells) {
        ngx_http_review_ctx_wake_next(&chunk->ctx);
    }
}


/* their points are known already */

static ngx_int_t
ngx_http_review_chunk_create_cells(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t               i;
    ngx_http_review_cell_t  *cell;

    for (i = 0; i < chunk->ncells; i++) {
        cell = &chunk->cells[i];
        cell->chunk = chunk;
        cell->started = ngx_current_msec;

        if (ngx_array_init(&cell->turns, chunk->ctx.request->pool, 1,
                           sizeof(review_turn_t))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_review_chunk_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t                status;
    ngx_http_review_chunk_t  *chunk;

    chunk = (ngx_http_review_chunk_t *) ctx;

    if (chunk->next < chunk->ncells && !ngx_http_review_ctx_is_tired(ctx)) {
        ngx_http_review_chunk_portion(chunk);
    }

    if (chunk->ndone < chunk->ncells) {
        return;
    }

    status = ngx_http_review_reply_outcome(ctx, chunk->ncells,
                                      chunk->counts[NGX_HTTP_REVIEW_TIMEOUT]);

    if (chunk->waited) {
        chunk->retry_after = ngx_http_review_limit_retry_after(chunk->waiter);
    }

    if (chunk->waited == chunk->ncells) {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_http_review_chunk_count_finished(chunk);
    ngx_http_review_ctx_end(ctx);

    ngx_http_finalize_request(ctx->request,
                              ngx_http_review_chunk_reply(chunk, status));
}


static void
ngx_http_review_chunk_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_chunk_t  *chunk;

    chunk = (ngx_http_review_chunk_t *) ctx;

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: %s, %ui of %ui points are done",
                  ngx_http_review_ctx_why(ctx, "review_timeout is over"),
                  chunk->ndone, chunk->ncells);

    chunk->expired = 1;
    chunk->next = 0;
}


static void
ngx_http_review_chunk_cancel(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_chunk_t  *chunk;

    chunk = (ngx_http_review_chunk_t *) ctx;

    if (chunk->watch.timer_set) {
        ngx_del_timer(&chunk->watch);
    }

    if (chunk->ndone < chunk->ncells) {
        ngx_http_review_chunk_count_review(chunk, REVIEW_METRICS_ABORTED);
    }
}
