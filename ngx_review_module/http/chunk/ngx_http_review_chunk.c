
/* The chunk endpoint: many points on one text, as cells. */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/request/chunk_request.h"
#include "review/rubric/suspect.h"


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
static void ngx_http_review_chunk_llm(ngx_http_review_chunk_t *chunk);
static ngx_uint_t ngx_http_review_chunk_asks(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_chunk_admit(ngx_http_review_chunk_t *chunk);
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

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_chunk_handler);

    if (rv != NGX_CONF_OK || cf->args->nelts == 1) {
        return rv;
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of a rubric";
    }

    rlcf->name = value[1];

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
    ngx_http_review_chunk_t  *chunk;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_chunk_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chunk = (ngx_http_review_chunk_t *) ctx;
    ngx_queue_init(&chunk->answered);

    ctx->read = ngx_http_review_chunk_read;
    ctx->sse = ngx_http_review_headers_accepts(r, "text/event-stream");

    ngx_http_review_ctx_waiter(ctx);

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

    ngx_http_review_chunk_llm(chunk);

    return NGX_OK;
}


/* how the LLM is asked: as the rubric says, else as the configuration does */

static void
ngx_http_review_chunk_llm(ngx_http_review_chunk_t *chunk)
{
    review_rubric_t        *rubric;
    review_subject_t       *subject;
    ngx_http_review_llm_t  *llm;

    rubric = chunk->rubric;
    subject = &chunk->subject;
    llm = ngx_http_review_chunk_conf(&chunk->ctx)->llm;

    subject->stream = llm->stream;
    subject->schema = llm->schema;
    subject->model.data = (char *) llm->model.data;
    subject->model.len = llm->model.len;

    if (rubric == NULL) {
        subject->language.data = "zh";
        subject->language.len = 2;
        return;
    }

    subject->system = rubric->system;
    subject->language = rubric->language;

    if (rubric->model.len) {
        subject->model = rubric->model;
    }
}


/* does any of the points need the LLM? */

static ngx_uint_t
ngx_http_review_chunk_asks(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t               i;
    ngx_http_review_cell_t  *cell;

    for (i = 0; i < chunk->ncells; i++) {
        cell = &chunk->cells[i];

        if (cell->point->when.pattern.data && cell->when.rc == NGX_DECLINED) {
            continue;
        }

        if (review_point_asks(cell->point)) {
            return 1;
        }
    }

    return 0;
}


/*
 * A review comes in while fewer calls wait than may: then all of its calls do.
 * One that needs no LLM always does.
 */

static ngx_int_t
ngx_http_review_chunk_admit(ngx_http_review_chunk_t *chunk)
{
    ngx_int_t               rc;
    ngx_uint_t              seconds;
    ngx_http_review_ctx_t  *ctx;

    ctx = &chunk->ctx;

    if (ctx->waiter.limit == NULL || !ngx_http_review_chunk_asks(chunk)) {
        return NGX_OK;
    }

    rc = ngx_http_review_ctx_budget(ctx);

    if (rc != NGX_OK) {
        ngx_http_review_chunk_count_review(chunk, REVIEW_METRICS_REJECTED);
        return rc;
    }

    seconds = ngx_http_review_limit_full(&ctx->waiter);

    if (seconds == 0) {
        return NGX_OK;
    }

    if (ngx_http_review_headers_add_retry_after(ctx->request, seconds)
        != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: too many calls wait in zone \"%V\"",
                  &ctx->waiter.limit->zone->name);

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
        ngx_http_review_llm_parts(texts->prompt, texts->parts);
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

    if (ctx->sse && ctx->waiter.limit) {
        chunk->watch.handler = ngx_http_review_chunk_watch;
        chunk->watch.data = chunk;
        chunk->watch.log = ctx->request->connection->log;

        ngx_add_timer(&chunk->watch, NGX_HTTP_REVIEW_CHUNK_WATCH);
    }

    ngx_http_review_chunk_portion(chunk);
}


/*
 * Do all calls that are left wait, since the circuit is open?  One that runs
 * then may be a probe, which changes nothing until it is answered.
 */

static ngx_uint_t
ngx_http_review_chunk_waits(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t               i, runs;
    ngx_http_review_call_t  *call;
    ngx_http_review_turn_t  *turn;

    turn = NULL;
    runs = 0;

    for (i = 0; i < chunk->ncells; i++) {
        call = chunk->cells[i].call;

        if (chunk->cells[i].done || call == NULL) {
            continue;
        }

        if (call->turn.state != NGX_HTTP_REVIEW_TURN_NONE) {
            turn = &call->turn;
            runs |= turn->state != NGX_HTTP_REVIEW_TURN_WAITING;
        }
    }

    if (turn == NULL
        || ngx_http_review_limit_waited(turn) != REVIEW_CODE_CIRCUIT_OPEN)
    {
        return 0;
    }

    return runs ? chunk->waits : 1;
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
        chunk->retry_after =
                      ngx_http_review_limit_retry_after(&ctx->waiter);
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
