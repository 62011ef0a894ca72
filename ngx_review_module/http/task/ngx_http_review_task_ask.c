
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

/*
 * What a client spells out is sent from where it lies, once for all chunks, but
 * for pieces that are no larger than what it takes to say so
 */

#define NGX_HTTP_REVIEW_TASK_ASK_SHARED  1024


/* a body that is written: pieces of its own, whose data is NULL, and others */

typedef struct {
    review_buf_t                text;
    review_buf_t                pieces;     /* of review_str_t */
    size_t                      from;       /* of the text: no piece yet */
} ngx_http_review_asking_t;


ngx_int_t
ngx_http_review_task_ask_spell(ngx_http_review_task_t *task,
    const review_task_request_t *request)
{
    size_t          i, *at;
    json_t         *json;
    review_buf_t    b;
    review_pool_t  *pool;

    pool = task->plan->pool;

    if (request->own) {

        /* the braces are only there to be written behind */

        review_buf_init(&b, pool, 0);
        review_write_object(&b, NULL);
        review_write_object_end(&b);
        review_write_value(&b, "rubric", request->own);

        if (b.failed) {
            return NGX_ERROR;
        }

        task->own.data = b.data + 2;
        task->own.len = b.len - 2;
    }

    if (request->spelled == NULL) {
        return NGX_OK;
    }

    at = review_alloc(pool, (request->npoints + 1) * sizeof(size_t));
    task->spelled = review_alloc(pool,
                                 request->npoints * sizeof(review_str_t));

    if (at == NULL || task->spelled == NULL) {
        return NGX_ERROR;
    }

    review_buf_init(&b, pool, 0);
    review_write_array(&b, NULL);
    at[0] = b.len;

    json_array_foreach(request->spelled, i, json) {
        review_write_value(&b, NULL, json);
        at[i + 1] = b.len + 1;
    }

    if (b.failed) {
        return NGX_ERROR;
    }

    for (i = 0; i < request->npoints; i++) {
        task->spelled[i].data = b.data + at[i];
        task->spelled[i].len = at[i + 1] - 1 - at[i];
    }

    return NGX_OK;
}


static void
ngx_http_review_task_ask_piece(ngx_http_review_asking_t *asking)
{
    review_str_t  piece;

    piece.data = NULL;
    piece.len = asking->text.len - asking->from;

    review_buf_add(&asking->pieces, (char *) &piece, sizeof(piece));
    asking->from = asking->text.len;
}


static void
ngx_http_review_task_ask_share(ngx_http_review_asking_t *asking,
    const char *data, size_t len)
{
    review_str_t  piece;

    if (len < NGX_HTTP_REVIEW_TASK_ASK_SHARED) {
        review_buf_add(&asking->text, data, len);
        return;
    }

    ngx_http_review_task_ask_piece(asking);

    piece.data = data;
    piece.len = len;

    review_buf_add(&asking->pieces, (char *) &piece, sizeof(piece));
}


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


/* some that follow one another, with the comma before them unless it is none */

static void
ngx_http_review_task_ask_run(ngx_http_review_task_t *task, size_t first,
    size_t last, ngx_uint_t comma, ngx_http_review_asking_t *asking)
{
    const char    *p;
    review_str_t  *end;

    p = task->spelled[first].data - (comma ? 1 : 0);
    end = &task->spelled[last];

    ngx_http_review_task_ask_share(asking, p,
                                   (size_t) (end->data + end->len - p));
}


/* the cells that are asked, and the control */

static void
ngx_http_review_task_ask_points(ngx_http_review_task_t *task, size_t index,
    size_t control, ngx_http_review_asking_t *asking)
{
    size_t                   i, first, n;
    ngx_uint_t               any;
    review_buf_t            *b;
    ngx_http_review_plan_t  *plan;

    plan = task->plan;
    b = &asking->text;
    n = plan->npoints;
    first = n;
    any = 0;

    review_write_array(b, "points");

    for (i = 0; i <= n; i++) {

        if (i < n && (i == control
                      || review_rounds_is_asked(&task->rounds, index, i)))
        {
            if (task->spelled == NULL) {
                review_write_str(b, NULL, &plan->points[i].id);

            } else if (first == n) {
                first = i;
            }

            continue;
        }

        if (first < n) {
            ngx_http_review_task_ask_run(task, first, i - 1, any, asking);
            first = n;
            any = 1;
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


/* the number of the reference that the clause is of, from 1 */

static size_t
ngx_http_review_task_ask_order(const ngx_http_review_plan_t *plan,
    size_t clause)
{
    size_t  i, n;

    for (i = 0, n = 0; i < plan->nreferences; i++) {
        n += plan->references[i].nclauses;

        if (clause < n) {
            break;
        }
    }

    return i + 1;
}


/* clauses of one reference override none, those of a later one do */

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

        /* one alone overrides nothing */

        if (n > 1) {
            review_write_number(b, "order",
                                ngx_http_review_task_ask_order(plan, k));
        }

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
    const ngx_http_review_asked_t *asked)
{
    ngx_msec_int_t  left;

    left = ngx_http_review_task_ask_left(task);
    left = ngx_max(left, NGX_HTTP_REVIEW_TASK_ASK_LEAST);
    left = ngx_min(left, NGX_HTTP_REVIEW_TASK_ASK_MOST);

    /* of one length, since a try that was left behind may still be sent */

    ngx_sprintf((u_char *) asked->pieces[asked->n - 1].data,
                ",\"deadline\":%7i.%03i}", left / 1000, left % 1000);
}


/* the pieces that were written get their places, now that the text has one */

static void
ngx_http_review_task_ask_place(ngx_http_review_asking_t *asking,
    ngx_http_review_asked_t *asked)
{
    size_t         i;
    const char    *p;
    review_str_t  *pieces;

    if (asking->text.failed || asking->pieces.failed) {
        return;
    }

    p = asking->text.data;
    pieces = (review_str_t *) asking->pieces.data;

    asked->n = asking->pieces.len / sizeof(review_str_t);

    for (i = 0; i < asked->n; i++) {
        if (pieces[i].data == NULL) {
            pieces[i].data = p;
            p += pieces[i].len;
        }
    }

    asked->pieces = pieces;
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


void
ngx_http_review_task_ask_body(ngx_http_review_task_t *task, size_t index,
    size_t control, review_pool_t *memory, ngx_http_review_asked_t *asked)
{
    size_t                    *clauses;
    review_buf_t              *b;
    ngx_http_review_asking_t   asking;

    asked->pieces = NULL;
    asking.from = 0;
    b = &asking.text;

    review_buf_init(&asking.pieces, memory, 2 * sizeof(review_str_t));
    review_buf_init(b, memory, 4096);

    clauses = ngx_http_review_task_ask_clauses(task, index, memory);

    if (clauses == NULL && task->plan->selection.nclauses) {
        return;
    }

    review_write_object(b, NULL);

    if (ngx_http_review_task_ask_chunk(task, index, memory, b) != 0) {
        return;
    }

    if (task->own.len) {
        ngx_http_review_task_ask_share(&asking, task->own.data, task->own.len);

    } else if (task->rubric_name.data) {
        review_write_str(b, "rubric", &task->rubric_name);
    }

    ngx_http_review_task_ask_points(task, index, control, &asking);
    ngx_http_review_task_ask_fresh(task, index, control, b);
    ngx_http_review_task_ask_references(task, clauses, b);

    if (task->vars) {
        review_write_value(b, "vars", task->vars);
    }

    ngx_http_review_task_ask_piece(&asking);
    review_buf_puts(b, NGX_HTTP_REVIEW_TASK_ASK_END);
    ngx_http_review_task_ask_piece(&asking);

    ngx_http_review_task_ask_place(&asking, asked);
}
