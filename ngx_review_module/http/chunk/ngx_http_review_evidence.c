
/*
 * Where the quotes of an answer stand.  In large texts that is looked for on a
 * thread, for one cell after the other: what is learned of a text serves them
 * all.
 */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_work.h"


/* what the thread works with; nothing else touches it meanwhile */

typedef struct {
    review_source_t           **sources;
    size_t                      nsources;
    review_str_t               *quotes;
    size_t                      nquotes;
    review_evidence_t          *evidence;
    ngx_http_review_chunk_t    *chunk;
} ngx_http_review_search_t;


static void ngx_http_review_evidence_next(ngx_http_review_chunk_t *chunk);
static ngx_http_review_search_t *ngx_http_review_evidence_search(
    ngx_http_review_cell_t *cell);
static void ngx_http_review_evidence_run(void *data);
static void ngx_http_review_evidence_done(void *data);


void
ngx_http_review_evidence(ngx_http_review_cell_t *cell,
    review_answer_t *answer)
{
    ngx_pool_t               *pool;
    ngx_http_review_chunk_t  *chunk;

    chunk = cell->chunk;
    pool = chunk->ctx.request->pool;

    cell->answer = ngx_palloc(pool, sizeof(review_answer_t));
    cell->evidence = ngx_pcalloc(pool, answer->nquotes
                                       * sizeof(review_evidence_t) + 1);

    if (cell->answer == NULL || cell->evidence == NULL) {
        ngx_http_review_result_failed(cell, REVIEW_CODE_INTERNAL, NULL, NULL);
        return;
    }

    *cell->answer = *answer;

    if (answer->nquotes == 0
        || !ngx_http_review_work_is_large(&chunk->ctx, chunk->size))
    {
        review_evidence_find(chunk->sources, chunk->subject.nreferences + 1,
                             answer->quotes, answer->nquotes, cell->evidence);

        ngx_http_review_result_finding(cell);
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


/* the request may go away with the answer: the thread has its own quotes */

static ngx_http_review_search_t *
ngx_http_review_evidence_search(ngx_http_review_cell_t *cell)
{
    char                      *p;
    size_t                     i, n;
    review_str_t              *quotes;
    review_pool_t             *pool;
    ngx_http_review_chunk_t   *chunk;
    ngx_http_review_search_t  *s;

    chunk = cell->chunk;
    pool = chunk->ctx.work->memory;
    quotes = cell->answer->quotes;
    n = cell->answer->nquotes;

    s = review_alloc(pool, sizeof(ngx_http_review_search_t));
    if (s == NULL) {
        return NULL;
    }

    s->chunk = chunk;
    s->sources = chunk->sources;
    s->nsources = chunk->subject.nreferences + 1;
    s->nquotes = n;
    s->quotes = review_alloc(pool, n * sizeof(review_str_t));
    s->evidence = review_alloc(pool, n * sizeof(review_evidence_t));

    if (s->quotes == NULL || s->evidence == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        p = review_alloc(pool, quotes[i].len + 1);
        if (p == NULL) {
            return NULL;
        }

        ngx_memcpy(p, quotes[i].data, quotes[i].len);

        s->quotes[i].data = p;
        s->quotes[i].len = quotes[i].len;
    }

    return s;
}


static void
ngx_http_review_evidence_run(void *data)
{
    ngx_http_review_search_t *s = data;

    review_evidence_find(s->sources, s->nsources, s->quotes, s->nquotes,
                         s->evidence);
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

        ngx_memcpy(cell->evidence, s->evidence,
                   s->nquotes * sizeof(review_evidence_t));

        ngx_http_review_result_finding(cell);
    }

    ngx_http_review_evidence_next(chunk);
}


void
ngx_http_review_evidence_leave(ngx_http_review_cell_t *cell)
{
    if (cell->searched) {
        cell->searched = 0;
        ngx_queue_remove(&cell->queue);
    }
}
