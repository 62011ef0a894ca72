
/*
 * The reviews of a task's chunks.  Each is a call to review_chunk_uri: a
 * request of its own there, which may be on another machine.  It is asked for
 * as events, so that a review that takes long is not taken for one that is
 * dead; the last event is the whole reply.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/request/ngx_http_review_work.h"

#include "review/completion/sse.h"
#include "review/json/json.h"
#include "review/json/write.h"


/* a reply, and an event of it, may have this many bytes */

#define NGX_HTTP_REVIEW_REPLY_MAX  (8 * 1024 * 1024)


/*
 * An event of progress has no more bytes; nor is a larger result looked at
 * before its chunk has ended: it is news that can wait
 */

#define NGX_HTTP_REVIEW_PROGRESS_MAX  512
#define NGX_HTTP_REVIEW_RESULT_MAX    (64 * 1024)


struct ngx_http_review_part_s {
    ngx_queue_t                 queue;      /* in task->running */
    ngx_http_review_task_t     *task;
    size_t                      index;      /* of the chunk */
    ngx_http_review_call_t      call;
    ngx_http_review_asked_t     asked;
    ngx_http_review_work_t     *work;       /* what is asked */
    ngx_http_review_work_t     *heard;      /* what the last try has told */
    review_sse_t                sse;
    review_buf_t                reply;      /* the last event, or all of it */
    review_buf_t                results;    /* those that came before it */
    const char                 *message;
    size_t                      nasked;     /* cells, */
    size_t                      nfresh;     /* and those past caches */
    size_t                      control;    /* a point that was answered, and is
                                               asked along; npoints: none */
    review_rounds_reply_t       outcome;
    unsigned                    waiting:1;  /* its calls, for the LLM */
    unsigned                    plain:1;    /* it is no stream of events */
    unsigned                    events:1;   /* it is one */
    unsigned                    large:1;    /* it is still to be read, */
    unsigned                    reading:1;  /* a thread is at it */
};


/*
 * What a try has told as a thread reads it.  What is kept of it has memory of
 * its own, which lives as long as the report.
 */

typedef struct {
    ngx_http_review_part_t     *part;       /* not the thread's */
    review_str_t                text;
    int                         whole;      /* 0: there are results alone */
    ngx_uint_t                  torn;       /* it is no JSON, or no reply */
    review_rounds_reply_t       outcome;
    review_report_told_t       *told;
    ngx_uint_t                  failed;     /* no memory */
} ngx_http_review_told_t;


static ngx_http_review_part_t **ngx_http_review_task_chunks_slot(
    ngx_http_review_task_t *task, size_t index);
static ngx_http_review_part_t *ngx_http_review_task_chunks_create(
    ngx_http_review_task_t *task, size_t index, size_t control);
static void ngx_http_review_task_chunks_call(ngx_http_review_part_t *part);
static void ngx_http_review_task_chunks_waits(ngx_http_review_part_t *part,
    ngx_uint_t waits);
static void ngx_http_review_task_chunks_begin(ngx_http_review_call_t *call);
static ngx_int_t ngx_http_review_task_chunks_feed(ngx_http_review_call_t *call,
    u_char *data, size_t len);
static int ngx_http_review_task_chunks_event(void *data,
    const review_str_t *event, int error);
static const char *ngx_http_review_task_chunks_end(
    ngx_http_review_call_t *call);
static review_code_t ngx_http_review_task_chunks_whole(
    ngx_http_review_call_t *call);
static void ngx_http_review_task_chunks_outcome(json_t *reply,
    review_rounds_reply_t *outcome);
static ngx_uint_t ngx_http_review_task_chunks_is_reply(json_t *reply);
static void ngx_http_review_task_chunks_ended(ngx_http_review_call_t *call);
static void ngx_http_review_task_chunks_fail(ngx_http_review_part_t *part);
static void ngx_http_review_task_chunks_failed(ngx_http_review_part_t *part);
static ngx_int_t ngx_http_review_task_chunks_read(ngx_http_review_part_t *part,
    review_buf_t *b, int whole);
static void ngx_http_review_task_chunks_read_run(void *data);
static void ngx_http_review_task_chunks_read_done(void *data);
static void ngx_http_review_task_chunks_torn(ngx_http_review_part_t *part);
static void ngx_http_review_task_chunks_done(ngx_http_review_part_t *part,
    ngx_uint_t whole);


static const ngx_http_review_backend_t  ngx_http_review_part_backend = {
    "the chunk's review",
    "the reply to a chunk is too large",
    ngx_http_review_task_chunks_begin,
    ngx_http_review_task_chunks_feed,
    ngx_http_review_task_chunks_end,
    ngx_http_review_task_chunks_whole,
    1,
    NULL,
    REVIEW_METRICS_CHUNK
};


/*
 * What was asked before, and was left as it is for nginx may still have it, is
 * asked again in the same words: so rounds take no memory.
 */

ngx_int_t
ngx_http_review_task_chunks_start(ngx_http_review_task_t *task, size_t index)
{
    size_t                   i, nasked, nfresh, control;
    review_rounds_t         *r;
    ngx_http_review_part_t  *part, **slot;

    r = &task->rounds;
    nasked = 0;
    nfresh = 0;

    for (i = 0; i < task->plan->npoints; i++) {
        if (review_rounds_is_asked(r, index, i)) {
            nasked++;
            nfresh += (size_t) review_rounds_is_fresh(r, index, i);
        }
    }

    slot = ngx_http_review_task_chunks_slot(task, index);
    part = *slot;
    control = ngx_http_review_task_ask_control(task, index);

    if (part == NULL || part->nasked != nasked || part->nfresh != nfresh
        || part->control != control)
    {
        part = ngx_http_review_task_chunks_create(task, index, control);
        if (part == NULL) {
            return NGX_ERROR;
        }

        part->nasked = nasked;
        part->nfresh = nfresh;
    }

    *slot = NULL;

    ngx_http_review_task_chunks_call(part);

    ngx_queue_insert_tail(&task->running, &part->queue);
    task->nrunning++;

    ngx_http_review_calls_start(&part->call);

    return NGX_OK;
}


/* where a part is kept that may be used again */

static ngx_http_review_part_t **
ngx_http_review_task_chunks_slot(ngx_http_review_task_t *task, size_t index)
{
    ngx_http_review_reading_t  *reading;

    reading = ngx_http_review_task_search_reading(task, index);

    return reading ? &reading->part : &task->parts[index];
}


static ngx_http_review_part_t *
ngx_http_review_task_chunks_create(ngx_http_review_task_t *task, size_t index,
    size_t control)
{
    ngx_http_review_work_t  *work;
    ngx_http_review_part_t  *part;

    work = ngx_http_review_work_create(&task->ctx);
    if (work == NULL) {
        return NULL;
    }

    part = ngx_pcalloc(work->pool, sizeof(ngx_http_review_part_t));
    if (part == NULL) {
        return NULL;
    }

    part->task = task;
    part->index = index;
    part->control = control;
    part->work = work;

    ngx_http_review_task_ask_body(task, index, control, work->memory,
                                  &part->asked);

    return part->asked.pieces ? part : NULL;
}


/* a try that an earlier round has left behind still knows the call */

static void
ngx_http_review_task_chunks_call(ngx_http_review_part_t *part)
{
    ngx_uint_t               left;
    ngx_http_review_task_t  *task;
    ngx_http_review_call_t  *call;

    task = part->task;
    call = &part->call;
    left = call->left;

    ngx_memzero(&part->outcome, sizeof(review_rounds_reply_t));
    ngx_memzero(call, sizeof(ngx_http_review_call_t));

    call->left = left;

    call->ctx = &task->ctx;
    call->data = part;
    call->backend = &ngx_http_review_part_backend;
    call->uri = &ngx_http_review_task_conf(&task->ctx)->chunk_uri->uri;
    call->accept = "text/event-stream";
    ngx_str_set(&call->type, "application/json");
    call->name = *ngx_http_review_task_ask_id(task, part->index);
    call->usage = &task->ctx.usage;
    call->body = part->asked.pieces;
    call->npieces = part->asked.n;
    call->nkey = 1;
    call->handler = ngx_http_review_task_chunks_ended;
    call->timeout = task->timeout;
}


/* nothing of nginx's points to what a try has told: only what is asked */

static void
ngx_http_review_task_chunks_forget(ngx_http_review_part_t *part)
{
    if (part->heard) {
        ngx_http_review_work_destroy(part->heard);
        part->heard = NULL;
    }
}


static void
ngx_http_review_task_chunks_waits(ngx_http_review_part_t *part,
    ngx_uint_t waits)
{
    ngx_http_review_task_t  *task;

    task = part->task;

    if (part->waiting == waits) {
        return;
    }

    part->waiting = waits;

    if (waits) {
        task->nwaiting++;
        task->news(task, 0);

    } else {
        task->nwaiting--;
    }
}


/* what a try has told is kept until the next one, or the end */

static void
ngx_http_review_task_chunks_begin(ngx_http_review_call_t *call)
{
    review_pool_t           *memory;
    ngx_http_review_part_t  *part;

    part = call->data;

    ngx_http_review_task_ask_deadline(part->task, &part->asked);
    ngx_http_review_task_chunks_forget(part);
    ngx_http_review_task_chunks_waits(part, 0);

    part->heard = ngx_http_review_work_create(call->ctx);
    memory = part->heard ? part->heard->memory : NULL;

    review_sse_init(&part->sse, memory, NGX_HTTP_REVIEW_REPLY_MAX,
                    ngx_http_review_task_chunks_event, part);
    review_buf_init(&part->reply, memory, 0);
    review_buf_init(&part->results, memory, 0);

    part->reply.failed = (memory == NULL);
    part->plain = 0;
    part->events = 0;
    part->large = 0;
    part->message = "";
}


static ngx_int_t
ngx_http_review_task_chunks_events(ngx_http_review_part_t *part, u_char *data,
    size_t len)
{
    switch (review_sse_feed(&part->sse, (char *) data, len)) {

    case REVIEW_SSE_OK:
        return NGX_OK;

    case REVIEW_SSE_TOO_LARGE:
        part->call.large = 1;
        break;

    default:
        part->reply.failed = 1;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_review_task_chunks_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    ngx_http_review_part_t  *part;

    part = call->data;

    if (part->heard == NULL) {
        return NGX_ERROR;
    }

    call->heard = ngx_current_msec;

    if (!part->plain && !part->events) {
        part->plain = (data[0] == '{');
        part->events = !part->plain;
    }

    if (part->events) {
        return ngx_http_review_task_chunks_events(part, data, len);
    }

    return ngx_http_review_outcome_gather(call, &part->reply,
                                          NGX_HTTP_REVIEW_REPLY_MAX, data,
                                          len);
}


static ngx_uint_t
ngx_http_review_task_chunks_says(json_t *json, const char *name,
    const char *word)
{
    const char  *text;

    text = json_string_value(json_object_get(json, name));

    return text && ngx_strcmp(text, word) == 0;
}


/* is the LLM there?  An answer says so, and progress that it is waited for */

static void
ngx_http_review_task_chunks_news(ngx_http_review_part_t *part,
    const review_str_t *event, ngx_uint_t is_result)
{
    json_t                  *json;
    review_error_t           err;
    ngx_http_review_task_t  *task;

    task = part->task;

    if (event->len > (is_result ? NGX_HTTP_REVIEW_RESULT_MAX
                                : NGX_HTTP_REVIEW_PROGRESS_MAX)
        || (is_result && !task->rounds.down
            && part->control == task->plan->npoints))
    {
        return;
    }

    json = review_json_parse(event->data, event->len, &err);

    if (is_result) {

        if (json_integer_value(json_object_get(json, "attempts")) > 0
            && ngx_http_review_task_chunks_says(json, "status", "ok"))
        {
            task->news(task, 1);
        }

    } else if (json_object_get(json, "total")) {
        ngx_http_review_task_chunks_waits(part,
            ngx_http_review_task_chunks_says(json, "waiting", "llm"));
    }

    json_decref(json);
}


/*
 * "result" and "progress" are told once more in "done", the last one; results
 * are all that is left of a review that does not come that far.
 */

static int
ngx_http_review_task_chunks_event(void *data, const review_str_t *event,
    int error)
{
    ngx_http_review_part_t *part = data;

    ngx_uint_t  is_result;

    static const char  result[] = "{\"point\":";

    part->reply.len = 0;
    review_buf_str(&part->reply, event);

    is_result = event->len > sizeof(result)
                && ngx_memcmp(event->data, result, sizeof(result) - 1) == 0;

    ngx_http_review_task_chunks_news(part, event, is_result);

    if (is_result
        && part->results.len + event->len < NGX_HTTP_REVIEW_REPLY_MAX)
    {
        if (part->results.len == 0) {
            review_write_array(&part->results, NULL);
        }

        review_write_raw(&part->results, NULL, event->data, event->len);
    }

    return part->reply.failed || part->results.failed;
}


/* of a problem, its detail */

static const char *
ngx_http_review_task_chunks_end(ngx_http_review_call_t *call)
{
    json_t                  *problem;
    review_str_t             detail;
    review_buf_t             b;
    review_error_t           err;
    ngx_http_review_part_t  *part;

    part = call->data;

    if (part->events) {

        if (!call->large && !part->reply.failed) {
            (void) review_sse_end(&part->sse);
        }

        return "";
    }

    if (call->status == NGX_HTTP_OK || part->reply.len > 64 * 1024) {
        return "";
    }

    problem = review_json_parse(part->reply.data ? part->reply.data : "",
                                part->reply.len, &err);

    if (problem == NULL) {
        return "";
    }

    if (review_json_member_text(json_object_get(problem, "detail"), "", 1, 4096,
                                &detail, &err)
        == 0)
    {
        review_buf_init(&b, part->heard->memory, detail.len + 1);
        review_buf_str(&b, &detail);
        review_buf_add(&b, "", 1);

        part->message = b.failed ? "" : b.data;
    }

    json_decref(problem);

    return part->message;
}


/*
 * Whether the reply is whole is seen from its last event: what comes of it is
 * in the report, or else the review is made once more.  A large one is read
 * later, on a thread.
 */

static review_code_t
ngx_http_review_task_chunks_whole(ngx_http_review_call_t *call)
{
    json_t                  *reply;
    review_buf_t            *b;
    review_code_t            code;
    review_error_t           err;
    ngx_http_review_part_t  *part;

    part = call->data;
    b = &part->reply;
    code = ngx_http_review_outcome_gathered(call, b);

    if (code == REVIEW_CODE_INTERNAL || code == REVIEW_CODE_TOO_LARGE) {
        return code;
    }

    if (ngx_http_review_work_is_large(call->ctx, b->len)) {
        part->large = 1;
        return REVIEW_CODE_OK;
    }

    reply = review_json_parse(b->data ? b->data : "", b->len, &err);

    if (!ngx_http_review_task_chunks_is_reply(reply)) {
        code = REVIEW_CODE_CUT;

    } else {
        part->task->told_size += b->len;
        ngx_http_review_task_chunks_outcome(reply, &part->outcome);

        code = review_report_read_add(part->task->report, part->index, reply)
            == 0
               ? REVIEW_CODE_OK : REVIEW_CODE_INTERNAL;
    }

    json_decref(reply);

    return code;
}


/* what a reply tells of the LLM's capacity */

static void
ngx_http_review_task_chunks_outcome(json_t *reply,
    review_rounds_reply_t *outcome)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(reply, "retry_after"));
    outcome->retry_after = n > 0 ? (uint64_t) ngx_min(n, 3600) * 1000 : 0;

    n = json_integer_value(json_object_get(reply, "queue_ms"));
    outcome->queue_time = n > 0 ? (uint64_t) n : 0;

    n = json_integer_value(json_object_get(reply, "llm_ms"));
    outcome->call_time = n > 0 ? (uint64_t) n : 0;
}


static ngx_uint_t
ngx_http_review_task_chunks_is_reply(json_t *reply)
{
    return json_is_object(reply)
           && json_is_array(json_object_get(reply, "results"));
}


static void
ngx_http_review_task_chunks_ended(ngx_http_review_call_t *call)
{
    ngx_http_review_part_t  *part;

    part = call->data;

    if (call->failure.code) {
        ngx_http_review_task_chunks_failed(part);
        return;
    }

    if (!part->large) {
        ngx_http_review_task_chunks_done(part, 1);
        return;
    }

    if (ngx_http_review_task_chunks_read(part, &part->reply, 1) != NGX_OK) {
        call->failure.code = REVIEW_CODE_INTERNAL;
        call->failure.detail = "no memory";

        ngx_http_review_task_chunks_fail(part);
        ngx_http_review_task_chunks_done(part, 0);
    }
}


/* what has failed before the deadline has failed for that */

static void
ngx_http_review_task_chunks_fail(ngx_http_review_part_t *part)
{
    ngx_http_review_call_t  *call;
    ngx_http_review_task_t  *task;

    task = part->task;
    call = &part->call;

    part->outcome.code = call->failure.code;
    part->outcome.retry_after = call->retry_after;

    if (task->expired) {
        review_report_settle(task->report, part->index);
    }

    (void) review_report_fail(task->report, part->index, call->failure.code,
                              call->failure.detail);
}


/* 503 may have come with a reply, of which no cell is answered */

static ngx_uint_t
ngx_http_review_task_chunks_refused(ngx_http_review_part_t *part)
{
    ngx_uint_t               good;
    json_t                  *reply;
    review_buf_t            *b;
    review_error_t           err;
    ngx_http_review_call_t  *call;

    call = &part->call;
    b = &part->reply;

    if (call->failure.code != review_code_http(NGX_HTTP_SERVICE_UNAVAILABLE)
        || !part->plain || b->failed)
    {
        return 0;
    }

    reply = review_json_parse(b->data, b->len, &err);

    good = ngx_http_review_task_chunks_is_reply(reply)
           && review_report_read_add(part->task->report, part->index, reply)
              == 0;

    json_decref(reply);

    if (good) {
        part->outcome.code = call->failure.code;
        part->outcome.retry_after = call->retry_after;
    }

    return good;
}


/* of a review that has failed there may be some results */

static void
ngx_http_review_task_chunks_failed(ngx_http_review_part_t *part)
{
    review_buf_t  *b;

    if (ngx_http_review_task_chunks_refused(part)) {
        ngx_http_review_task_chunks_done(part, 0);
        return;
    }

    b = &part->results;

    if (b->len) {
        review_write_array_end(b);

        if (!b->failed
            && ngx_http_review_task_chunks_read(part, b, 0) == NGX_OK)
        {
            return;
        }
    }

    ngx_http_review_task_chunks_fail(part);
    ngx_http_review_task_chunks_done(part, 0);
}


/* what is kept lives as long as the report, what is read as long as a thread */

static ngx_int_t
ngx_http_review_task_chunks_read(ngx_http_review_part_t *part, review_buf_t *b,
    int whole)
{
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_work_t  *kept;
    ngx_http_review_told_t  *told;

    ctx = &part->task->ctx;

    kept = ngx_http_review_work_create(ctx);
    told = ngx_pcalloc(part->heard->pool, sizeof(ngx_http_review_told_t));

    if (kept == NULL || told == NULL
        || ngx_http_review_work_hold(ctx->work, kept) != NGX_OK
        || ngx_http_review_work_hold(part->heard, kept) != NGX_OK
        || ngx_http_review_work_hold(part->heard, ctx->work) != NGX_OK)
    {
        return NGX_ERROR;
    }

    told->part = part;
    told->told = review_report_read_begin(part->task->report, kept->memory,
                                          part->index);
    if (told->told == NULL) {
        return NGX_ERROR;
    }

    told->text.data = b->data;
    told->text.len = b->len;
    told->whole = whole;

    part->reading = 1;

    ngx_http_review_work_start(part->heard, b->len,
                               ngx_http_review_task_chunks_read_run,
                               ngx_http_review_task_chunks_read_done, told);
    return NGX_OK;
}


static void
ngx_http_review_task_chunks_read_run(void *data)
{
    ngx_http_review_told_t *told = data;

    json_t          *reply;
    review_error_t   err;

    reply = review_json_parse(told->text.data, told->text.len, &err);

    told->torn = told->whole ? !ngx_http_review_task_chunks_is_reply(reply)
                             : reply == NULL;

    if (!told->torn) {

        if (told->whole) {
            ngx_http_review_task_chunks_outcome(reply, &told->outcome);
        }

        told->failed = review_report_read(told->told, reply, told->whole) != 0;
    }

    json_decref(reply);
}


static void
ngx_http_review_task_chunks_read_done(void *data)
{
    ngx_http_review_told_t *told = data;

    ngx_uint_t                  good;
    review_report_t            *report;
    ngx_http_review_part_t     *part;
    ngx_http_review_task_t     *task;
    ngx_http_review_failure_t  *failure;

    part = told->part;
    part->reading = 0;

    task = part->task;
    report = task->report;
    failure = &part->call.failure;

    if (told->torn && told->whole) {
        ngx_http_review_task_chunks_torn(part);
        return;
    }

    good = !told->failed && review_report_read_take(report, told->told) == 0;
    task->told_size += told->text.len;
    part->outcome = told->outcome;

    if (!good && failure->code == REVIEW_CODE_OK) {
        failure->code = REVIEW_CODE_INTERNAL;
        failure->detail = "no memory";
    }

    if (failure->code) {
        ngx_http_review_task_chunks_fail(part);
    }

    ngx_http_review_task_chunks_done(part, good && told->whole);
}


/* it is made once more, or has failed */

static void
ngx_http_review_task_chunks_torn(ngx_http_review_part_t *part)
{
    if (part->task->expired) {
        ngx_http_review_outcome_cut(&part->call);

    } else if (ngx_http_review_call_cut(&part->call)) {
        return;
    }

    ngx_http_review_task_chunks_failed(part);
}


/*
 * A review that has come to its end leaves nothing behind but its subrequest;
 * of one that was cut off nginx may still have the body.  What it has told is
 * in the report.
 */

static void
ngx_http_review_task_chunks_done(ngx_http_review_part_t *part, ngx_uint_t whole)
{
    size_t                   index;
    review_rounds_reply_t    outcome;
    ngx_http_review_task_t  *task;

    task = part->task;
    index = part->index;
    outcome = part->outcome;

    ngx_queue_remove(&part->queue);
    task->nrunning--;

    ngx_http_review_task_chunks_waits(part, 0);
    ngx_http_review_task_chunks_forget(part);

    if (whole && part->call.tries == 1 && !part->call.left) {
        ngx_http_review_work_destroy(part->work);

    } else {
        *ngx_http_review_task_chunks_slot(task, index) = part;
    }

    task->ended(task, index, &outcome);

    ngx_http_review_ctx_wake(&task->ctx);
}


/*
 * A try that has ended, but was not looked at yet: is it all there is?  Then
 * the part has left the queue, and its memory may be gone.
 */

static ngx_uint_t
ngx_http_review_task_chunks_is_over(ngx_http_review_part_t *part)
{
    ngx_queue_t  *q, *prev;

    if (!part->call.ended) {
        return part->reading;
    }

    q = &part->queue;
    prev = ngx_queue_prev(q);

    ngx_queue_remove(&part->call.queue);
    part->call.ended = 0;

    ngx_http_review_call_ended(&part->call);

    return ngx_queue_next(prev) != q || part->reading;
}


void
ngx_http_review_task_chunks_expire(ngx_http_review_task_t *task)
{
    ngx_queue_t                *q, *next;
    ngx_http_review_part_t     *part;
    ngx_http_review_failure_t  *failure;

    /* what is there, and only has to be read, is not late */

    for (q = ngx_queue_head(&task->running);
         q != ngx_queue_sentinel(&task->running);
         q = next)
    {
        next = ngx_queue_next(q);
        part = ngx_queue_data(q, ngx_http_review_part_t, queue);

        if (ngx_http_review_task_chunks_is_over(part)) {
            continue;
        }

        part->call.usage->calls += part->call.sr != NULL;

        ngx_http_review_call_cancel(&part->call);

        failure = &part->call.failure;
        failure->detail = "the task's time was over";
        failure->code = ngx_http_review_ctx_give_up(&task->ctx,
                                                    &failure->detail);

        ngx_http_review_task_chunks_failed(part);
    }
}
