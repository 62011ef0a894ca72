
/*
 * An answer held against the texts of its request: what it says, and where its
 * quotes stand.  With large texts that is done on a thread, for one cell after
 * the other: what is learned of a text serves them all.
 */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_work.h"


/* what the thread works with; nothing else touches it meanwhile */

typedef struct {
    ngx_http_review_chunk_t    *chunk;      /* not the thread's */
    review_pool_t              *pool;
    review_quote_t             *quote;
    review_source_t           **sources;
    size_t                      nsources;
    review_str_t                content;
    review_answer_given_t       given;
    review_answer_t             answer;
    review_evidence_t          *evidence;   /* NULL: it makes no sense */
    review_error_t              err;
} ngx_http_review_search_t;


static void ngx_http_review_evidence_next(ngx_http_review_chunk_t *chunk);
static void ngx_http_review_evidence_given(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s);
static ngx_http_review_search_t *ngx_http_review_evidence_search(
    ngx_http_review_cell_t *cell);
static void ngx_http_review_evidence_run(void *data);
static void ngx_http_review_evidence_done(void *data);
static void ngx_http_review_evidence_take(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s);


void
ngx_http_review_evidence(ngx_http_review_cell_t *cell,
    ngx_http_review_cell_pt read)
{
    ngx_http_review_chunk_t   *chunk;
    ngx_http_review_search_t   search;

    chunk = cell->chunk;
    cell->read = read;

    if (!ngx_http_review_work_is_large(&chunk->ctx, chunk->size)) {
        ngx_http_review_evidence_given(cell, &search);
        ngx_http_review_evidence_run(&search);
        ngx_http_review_evidence_take(cell, &search);
        return;
    }

    cell->searched = 1;
    ngx_queue_insert_tail(&chunk->answered, &cell->queue);

    if (!chunk->searching) {
        ngx_http_review_evidence_next(chunk);
    }
}


static void
ngx_http_review_evidence_next(ngx_http_review_chunk_t *chunk)
{
    ngx_http_review_cell_t    *cell;
    ngx_http_review_search_t  *search;

    while (!ngx_queue_empty(&chunk->answered)) {
        cell = ngx_queue_data(ngx_queue_head(&chunk->answered),
                              ngx_http_review_cell_t, queue);

        search = ngx_http_review_evidence_search(cell);

        if (search) {
            cell->search = search;
            chunk->searching = 1;

            ngx_http_review_work_start(chunk->ctx.work, chunk->size,
                                       ngx_http_review_evidence_run,
                                       ngx_http_review_evidence_done, search);
            return;
        }

        ngx_http_review_evidence_leave(cell);
        ngx_http_review_result_failed(cell, REVIEW_CODE_INTERNAL, NULL, NULL);
    }
}


static int
ngx_http_review_evidence_quoted(void *data, const char *text, size_t len)
{
    return review_known_holds(data, text, len);
}


static void
ngx_http_review_evidence_given(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s)
{
    ngx_http_review_chunk_t  *chunk;

    chunk = cell->chunk;

    s->chunk = chunk;
    s->pool = chunk->memory;
    s->quote = chunk->quote;
    s->sources = chunk->sources;
    s->nsources = chunk->subject.nreferences + 1;
    s->content = cell->completion->content;
    s->evidence = NULL;

    s->given.schema = cell->point->data;
    s->given.quoted = ngx_http_review_evidence_quoted;
    s->given.data = chunk->known;
}


/* the request may go away with the answer: the thread has its own */

static ngx_http_review_search_t *
ngx_http_review_evidence_search(ngx_http_review_cell_t *cell)
{
    char                      *p;
    review_str_t              *content;
    ngx_http_review_search_t  *s;

    s = review_alloc(cell->chunk->memory, sizeof(ngx_http_review_search_t));
    if (s == NULL) {
        return NULL;
    }

    ngx_http_review_evidence_given(cell, s);

    content = &s->content;

    p = review_alloc(s->pool, content->len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, content->data, content->len);
    content->data = p;

    return s;
}


static void
ngx_http_review_evidence_run(void *data)
{
    ngx_http_review_search_t *s = data;

    if (review_answer_parse(s->pool, s->content.data, s->content.len,
                            &s->given, &s->answer, &s->err)
        != 0)
    {
        return;
    }

    s->evidence = review_alloc(s->pool, s->answer.nquotes
                                        * sizeof(review_evidence_t) + 1);

    if (s->evidence == NULL) {
        (void) review_error(&s->err, "", "no memory");
        return;
    }

    review_evidence_find(s->quote, s->sources, s->nsources, s->answer.quotes,
                         s->answer.nquotes, s->evidence);
}


/* a cell whose time was over meanwhile has left the queue */

static void
ngx_http_review_evidence_done(void *data)
{
    ngx_http_review_search_t *s = data;

    ngx_http_review_cell_t   *cell;
    ngx_http_review_chunk_t  *chunk;

    chunk = s->chunk;
    chunk->searching = 0;

    cell = ngx_queue_empty(&chunk->answered) ? NULL
           : ngx_queue_data(ngx_queue_head(&chunk->answered),
                            ngx_http_review_cell_t, queue);

    if (cell && cell->search == s) {
        ngx_http_review_evidence_leave(cell);
        ngx_http_review_evidence_take(cell, s);
    }

    ngx_http_review_evidence_next(chunk);
}


static void
ngx_http_review_evidence_take(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s)
{
    cell->answer = s->evidence ? &s->answer : NULL;
    cell->evidence = s->evidence;
    cell->err = &s->err;

    cell->read(cell);

    cell->answer = NULL;
    cell->evidence = NULL;
    cell->err = NULL;
}


void
ngx_http_review_evidence_leave(ngx_http_review_cell_t *cell)
{
    if (cell->searched) {
        cell->searched = 0;
        ngx_queue_remove(&cell->queue);
    }
}
