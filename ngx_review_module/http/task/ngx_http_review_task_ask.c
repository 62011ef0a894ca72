
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

#define NGX_HTTP_REVIEW_TASK_ASK_END     ",\"deadline\":1000000.000}"


size_t
ngx_http_review_task_ask_control(ngx_http_review_task_t *task, size_t index)
{
    size_t                  i, n;
    review_report_state_t   state;

    n = task->plan->npoints;

    if (!review_rounds_is_doubtful(&task->rounds, index)) {
        return n;
    }

    for (i = 0; i < n; i++) {
        review_report_state(task->report, index, i, &state);

        if (state.told && state.code == REVIEW_CODE_OK && state.attempts) {
            break;
        }
    }

    return i;
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
ngx_http_review_task_ask_references(ngx_http_review_task_t *task, size_t index,
    review_buf_t *b)
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
        k = plan->selection.clauses[index * n + i];

        review_write_object(b, NULL);
        review_write_str(b, "id", &plan->clauses[k].id);
        review_write_str(b, "text", &plan->select.clauses[k]);
        review_write_object_end(b);
    }

    review_write_array_end(b);
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


review_str_t *
ngx_http_review_task_ask_body(ngx_http_review_task_t *task, size_t index,
    size_t control, review_pool_t *memory)
{
    size_t                  n;
    review_buf_t            b;
    review_str_t           *text, *body;
    review_report_chunk_t  *chunk;

    chunk = &task->plan->chunks[index];
    text = &task->plan->texts[index];

    review_buf_init(&b, memory, text->len + text->len / 8 + 512);

    review_write_object(&b, NULL);

    review_write_object(&b, "chunk");
    review_write_str(&b, "id", &chunk->id);

    if (chunk->heading) {
        review_split_json_heading(&b, chunk->heading);
    }

    review_write_str(&b, "text", text);
    review_write_object_end(&b);

    review_write_str(&b, "rubric", &task->rubric_name);

    ngx_http_review_task_ask_points(task, index, control, &b);
    ngx_http_review_task_ask_fresh(task, index, control, &b);
    ngx_http_review_task_ask_references(task, index, &b);

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
