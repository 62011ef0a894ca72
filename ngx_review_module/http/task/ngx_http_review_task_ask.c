
/*
 * What is asked of the chunk endpoint for a chunk of a task: its cells that are
 * to be answered in this round, and which of them past all caches.
 */

#include "http/task/ngx_http_review_task.h"

#include "review/json/write.h"
#include "review/split/split_json.h"


/*
 * Milliseconds that the reply of a chunk has to come back, or a tenth of the
 * task's time; and what a chunk may be given at least, and at most
 */

#define NGX_HTTP_REVIEW_TASK_ASK_MARGIN  1000
#define NGX_HTTP_REVIEW_TASK_ASK_LEAST   1000
#define NGX_HTTP_REVIEW_TASK_ASK_MOST    1000000000

/* chunks that are looked at for a point that the LLM has answered */

#define NGX_HTTP_REVIEW_TASK_ASK_CONTROLS  256

#define NGX_HTTP_REVIEW_TASK_ASK_END     ",\"deadline\":1000000.000}"


/* that of a chunk, or of a reading */

const review_str_t *
ngx_http_review_task_ask_id(ngx_http_review_task_t *task, size_t index)
{
    ngx_http_review_reading_t  *reading;

    reading = ngx_http_review_task_search_reading(task, index);

    return reading ? &reading->id : &task->plan->chunks[index].id;
}


/* a point that the LLM has answered of this chunk; or there is none */

static size_t
ngx_http_review_task_ask_answered(ngx_http_review_task_t *task, size_t chunk)
{
    size_t                  i, n;
    review_report_state_t   state;

    n = task->plan->npoints;

    for (i = 0; i < n; i++) {
        review_report_state(task->report, chunk, i, &state);

        if (state.told && state.code == REVIEW_CODE_OK && state.attempts) {
            break;
        }
    }

    return i;
}


size_t
ngx_http_review_task_ask_control(ngx_http_review_task_t *task, size_t index)
{
    size_t  i, n, last;

    n = task->plan->npoints;

    if (!review_rounds_is_doubtful(&task->rounds, index)) {
        return n;
    }

    if (index < task->plan->nchunks) {
        return ngx_http_review_task_ask_answered(task, index);
    }

    /* of a reading nothing was answered: one that was of any other chunk */

    last = ngx_min(task->plan->nchunks, NGX_HTTP_REVIEW_TASK_ASK_CONTROLS);

    for (i = 0; i < last; i++) {
        n = ngx_http_review_task_ask_answered(task, i);

        if (n < task->plan->npoints) {
            break;
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_review_task_ask_is_fresh(ngx_http_review_task_t *task, size_t index,
    size_t point)
{
    return review_rounds_is_asked(&task->rounds, index, point)
           && review_rounds_is_fresh(&task->rounds, index, point);
}


/* the cells that are asked, and the control */

static void
ngx_http_review_task_ask_points(ngx_http_review_task_t *task, size_t index,
    size_t control, review_buf_t *b)
{
    size_t                   i;
    ngx_http_review_plan_t  *plan;

    plan = task->plan;

    review_write_array(b, "points");

    for (i = 0; i < plan->npoints; i++) {
        if (i == control || review_rounds_is_asked(&task->rounds, index, i)) {
            review_write_str(b, NULL, &plan->points[i].id);
        }
    }

    review_write_array_end(b);
}


/* those of them that are asked past all caches, if there are any */

static void
ngx_http_review_task_ask_fresh(ngx_http_review_task_t *task, size_t index,
    size_t control, review_buf_t *b)
{
    size_t                   i;
    ngx_uint_t               any;
    ngx_http_review_plan_t  *plan;

    plan = task->plan;
    any = 0;

    for (i = 0; i < plan->npoints; i++) {
        if (i != control && !ngx_http_review_task_ask_is_fresh(task, index, i))
        {
            continue;
        }

        if (!any) {
            review_write_array(b, "fresh");
            any = 1;
        }

        review_write_str(b, NULL, &plan->points[i].id);
    }

    if (any) {
        review_write_array_end(b);
    }
}


static void
ngx_http_review_task_ask_references(ngx_http_review_task_t *task,
    const size_t *clauses, review_buf_t *b)
{
    size_t                   i, k, n;
    ngx_http_review_plan_t  *plan;

    plan = task->plan;
    n = plan->selection.nclauses;

    if (n == 0) {
        return;
    }

    review_write_array(b, "references");

    for (i = 0; i < n; i++) {
        k = clauses[i];

        review_write_object(b, NULL);
        review_write_str(b, "id", &plan->clauses[k].id);
        review_write_str(b, "text", &plan->select.clauses[k]);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


/* each once */

static size_t
ngx_http_review_task_ask_add(size_t *clauses, size_t n, size_t clause)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (clauses[i] == clause) {
            return n;
        }
    }

    clauses[n] = clause;

    return n + 1;
}


/* those of its chunks, of the best ones of most chunks first */

static size_t *
ngx_http_review_task_ask_clauses(ngx_http_review_task_t *task, size_t index,
    review_pool_t *memory)
{
    size_t                           i, k, n, found, *clauses;
    review_selection_t              *selection;
    ngx_http_review_reading_t       *reading;
    const review_search_reading_t   *chunks;

    selection = &task->plan->selection;
    n = selection->nclauses;
    reading = ngx_http_review_task_search_reading(task, index);

    if (n == 0 || reading == NULL) {
        return n ? selection->clauses + index * n : NULL;
    }

    chunks = ngx_http_review_task_search_chunks(reading);
    clauses = review_alloc(memory, n * sizeof(size_t));

    if (clauses == NULL) {
        return NULL;
    }

    for (i = 0, found = 0; found < n; i++) {
        k = selection->clauses[chunks->chunks[i % chunks->n] * n
                               + i / chunks->n];
        found = ngx_http_review_task_ask_add(clauses, found, k);
    }

    return clauses;
}


ngx_msec_int_t
ngx_http_review_task_ask_left(ngx_http_review_task_t *task)
{
    return (ngx_msec_int_t) (task->ctx.expires - ngx_current_msec)
           - (ngx_msec_int_t) ngx_min(task->timeout / 10,
                                      NGX_HTTP_REVIEW_TASK_ASK_MARGIN);
}


/*
 * A chunk that is not done in time says so itself, before the task's own time
 * is over: what was tried, and what it has cost, would else not be known
 */

void
ngx_http_review_task_ask_deadline(ngx_http_review_task_t *task,
    review_str_t *body)
{
    ngx_msec_int_t  left;

    left = ngx_http_review_task_ask_left(task);
    left = ngx_max(left, NGX_HTTP_REVIEW_TASK_ASK_LEAST);
    left = ngx_min(left, NGX_HTTP_REVIEW_TASK_ASK_MOST);

    /* of one length, since a try that was left behind may still be sent */

    ngx_sprintf((u_char *) body[1].data, ",\"deadline\":%7i.%03i}",
                left / 1000, left % 1000);
}


static int
ngx_http_review_task_ask_chunk(ngx_http_review_task_t *task, size_t index,
    review_pool_t *memory, review_buf_t *b)
{
    review_str_t                     text;
    const review_heading_t          *heading;
    review_report_passages_t         passages;
    ngx_http_review_reading_t       *reading;
    const review_search_reading_t   *chunks;

    reading = ngx_http_review_task_search_reading(task, index);
    heading = NULL;

    if (reading) {
        chunks = ngx_http_review_task_search_chunks(reading);

        if (ngx_http_review_task_query_text(task->plan, memory,
                                ngx_http_review_task_search_point(reading),
                                chunks->chunks, chunks->n, &text, &passages)
            != 0
            || review_report_reading_set(task->report, index, &passages) != 0)
        {
            return -1;
        }

    } else {
        text = task->plan->texts[index];
        heading = task->plan->chunks[index].heading;
    }

    review_write_object(b, "chunk");
    review_write_str(b, "id", ngx_http_review_task_ask_id(task, index));

    if (heading) {
        review_split_json_heading(b, heading);
    }

    review_write_str(b, "text", &text);
    review_write_object_end(b);

    return 0;
}


review_str_t *
ngx_http_review_task_ask_body(ngx_http_review_task_t *task, size_t index,
    size_t control, review_pool_t *memory)
{
    size_t         n, *clauses;
    review_buf_t   b;
    review_str_t  *body;

    review_buf_init(&b, memory, 4096);

    clauses = ngx_http_review_task_ask_clauses(task, index, memory);

    if (clauses == NULL && task->plan->selection.nclauses) {
        return NULL;
    }

    review_write_object(&b, NULL);

    if (ngx_http_review_task_ask_chunk(task, index, memory, &b) != 0) {
        return NULL;
    }

    review_write_str(&b, "rubric", &task->rubric_name);

    ngx_http_review_task_ask_points(task, index, control, &b);
    ngx_http_review_task_ask_fresh(task, index, control, &b);
    ngx_http_review_task_ask_references(task, clauses, &b);

    if (task->vars) {
        review_write_value(&b, "vars", task->vars);
    }

    n = b.len;

    review_buf_puts(&b, NGX_HTTP_REVIEW_TASK_ASK_END);

    body = review_alloc(memory, NGX_HTTP_REVIEW_TASK_ASK_PIECES
                                * sizeof(review_str_t));

    if (b.failed || body == NULL) {
        return NULL;
    }

    body[0].data = b.data;
    body[0].len = n;

    body[1].data = b.data + n;
    body[1].len = b.len - n;

    return body;
}
