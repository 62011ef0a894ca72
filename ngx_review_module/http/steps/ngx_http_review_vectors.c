
/*
 * The embeddings of texts: cut into batches as the service takes them, some of
 * which run side by side.  A batch that is too much for it is halved until
 * what is at fault stands alone.
 */

#include "http/steps/ngx_http_review_batch.h"
#include "http/call/ngx_http_review_call.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"


/* batches that are sent in a turn of the event loop */

#define NGX_HTTP_REVIEW_VECTORS_PORTION  32


/* what a thread may still read when the request has gone */

static ngx_http_review_failure_t  ngx_http_review_vectors_late = {
    REVIEW_CODE_DEADLINE, "review_timeout was over before an answer", NULL
};

static ngx_http_review_failure_t  ngx_http_review_vectors_cut = {
    REVIEW_CODE_SHUTDOWN, "nginx was shutting down", NULL
};


static ngx_int_t ngx_http_review_vectors_order(ngx_http_review_vectors_t *v);
static ngx_int_t ngx_http_review_vectors_add(ngx_http_review_vectors_t *v,
    size_t first, size_t n, ngx_uint_t next);
static ngx_uint_t ngx_http_review_vectors_halve(
    ngx_http_review_batch_t *batch, ngx_uint_t limit);


ngx_int_t
ngx_http_review_vectors_start(ngx_http_review_vectors_t *v)
{
    size_t  n;

    ngx_queue_init(&v->waiting);
    ngx_queue_init(&v->running);

    n = ngx_http_review_steps_conf(v->ctx)->embeddings->batch;

    if (ngx_http_review_vectors_order(v) != NGX_OK
        || ngx_array_init(&v->works, v->ctx->request->pool, v->norder / n + 1,
                          sizeof(ngx_http_review_work_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_review_ctx_wake(v->ctx);

    return NGX_OK;
}


/*
 * Each of the inputs that are the same is sent once.  What becomes of them is
 * the work's: a thread may write it down.
 */

static ngx_int_t
ngx_http_review_vectors_order(ngx_http_review_vectors_t *v)
{
    size_t       i;
    ngx_pool_t  *pool;

    pool = v->ctx->work->pool;

    v->items = ngx_pcalloc(pool, v->n * sizeof(ngx_http_review_vector_t));
    v->order = ngx_palloc(pool, v->n * sizeof(size_t));

    if (v->items == NULL || v->order == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < v->n; i++) {
        if (v->same[i] == i) {
            v->order[v->norder++] = i;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_vectors_add(ngx_http_review_vectors_t *v, size_t first,
    size_t n, ngx_uint_t next)
{
    ngx_http_review_batch_t  *batch;

    batch = ngx_pcalloc(v->ctx->request->pool,
                        sizeof(ngx_http_review_batch_t));
    if (batch == NULL) {
        return NGX_ERROR;
    }

    batch->vectors = v;
    batch->halve = ngx_http_review_vectors_halve;
    batch->first = first;
    batch->n = n;
    batch->max = NGX_HTTP_REVIEW_VECTORS_MAX + n * NGX_HTTP_REVIEW_VECTOR_MAX;
    batch->encoding = v->form == NGX_HTTP_REVIEW_VECTORS_NUMBERS
                      ? NGX_HTTP_REVIEW_ENCODING_FLOAT
                      : NGX_HTTP_REVIEW_ENCODING_BASE64;

    if (next) {
        ngx_queue_insert_head(&v->waiting, &batch->queue);

    } else {
        ngx_queue_insert_tail(&v->waiting, &batch->queue);
    }

    return NGX_OK;
}


/* batches are made when they are sent: there may be very many */

static ngx_int_t
ngx_http_review_vectors_fill(ngx_http_review_vectors_t *v)
{
    size_t  n;

    if (!ngx_queue_empty(&v->waiting) || v->next == v->norder) {
        return NGX_OK;
    }

    n = ngx_http_review_steps_conf(v->ctx)->embeddings->batch;
    n = ngx_min(n, v->norder - v->next);

    if (ngx_http_review_vectors_add(v, v->next, n, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    v->next += n;

    return NGX_OK;
}


void
ngx_http_review_vectors_progress(ngx_http_review_vectors_t *v)
{
    ngx_queue_t              *q;
    ngx_uint_t                n;
    ngx_http_review_batch_t  *batch;

    if (v->done || ngx_http_review_ctx_is_tired(v->ctx)) {
        return;
    }

    n = 0;

    while (v->nrunning < ngx_http_review_steps_conf(v->ctx)->embeddings->calls
           && n < NGX_HTTP_REVIEW_VECTORS_PORTION)
    {
        if (ngx_http_review_vectors_fill(v) != NGX_OK) {
            ngx_http_review_ctx_fail(v->ctx, NGX_ERROR);
            return;
        }

        if (ngx_queue_empty(&v->waiting)) {
            break;
        }

        q = ngx_queue_head(&v->waiting);
        ngx_queue_remove(q);

        batch = ngx_queue_data(q, ngx_http_review_batch_t, queue);

        ngx_queue_insert_tail(&v->running, &batch->queue);
        v->nrunning++;
        n++;

        ngx_http_review_batch_start(batch);
    }

    /* they may fail at once, and the next ones, and so on */

    if (n) {
        ngx_http_review_ctx_wake_next(v->ctx);
        return;
    }

    if (v->nrunning == 0) {
        v->done = 1;
        v->handler(v);
    }
}


void
ngx_http_review_vectors_write_model(review_buf_t *b,
    ngx_http_review_vectors_t *v)
{
    review_str_t  model;

    model = v->answered.len ? v->answered : ngx_http_review_batch_model(v);

    review_write_str_or_null(b, "model", model.len ? &model : NULL);
}


/* the halves come next; 0: there is nothing to halve, or no use in it */

static ngx_uint_t
ngx_http_review_vectors_halve(ngx_http_review_batch_t *batch, ngx_uint_t limit)
{
    size_t                      half;
    ngx_http_review_vectors_t  *v;

    v = batch->vectors;
    half = batch->n / 2;

    if (half == 0) {
        v->refused++;
        return 0;
    }

    if ((v->succeeded == 0 && v->refused >= limit)
        || ngx_http_review_vectors_add(v, batch->first + half,
                                       batch->n - half, 1)
           != NGX_OK)
    {
        return 0;
    }

    batch->n = half;

    if (ngx_http_review_vectors_add(v, batch->first, half, 1) != NGX_OK) {
        return 0;
    }

    ngx_http_review_call_count_retry(&v->ctx->waiter, &v->ctx->usage);
    ngx_http_review_batch_answer_done(batch);

    return 1;
}


/* a text without a vector can't be compared with those that have one */

float **
ngx_http_review_vectors_floats(ngx_http_review_vectors_t *v,
    ngx_http_review_work_t *work, ngx_http_review_failure_t *failure)
{
    float                     **floats;
    size_t                      i;
    ngx_uint_t                  n;
    ngx_http_review_work_t    **owner;
    ngx_http_review_vector_t   *item;

    floats = ngx_palloc(work->pool, v->n * sizeof(float *));
    if (floats == NULL) {
        return NULL;
    }

    for (i = 0; i < v->n; i++) {
        item = &v->items[v->same[i]];

        if (item->failure) {
            *failure = *item->failure;
            return NULL;
        }

        floats[i] = item->floats;
    }

    owner = v->works.elts;

    for (n = 0; n < v->works.nelts; n++) {
        if (ngx_http_review_work_hold(work, owner[n]) != NGX_OK) {
            return NULL;
        }
    }

    return floats;
}


void
ngx_http_review_vectors_expire(ngx_http_review_vectors_t *v)
{
    size_t                      i;
    ngx_queue_t                *q;
    ngx_http_review_batch_t    *batch;
    const char                 *detail;
    ngx_http_review_failure_t  *late;

    late = ngx_http_review_ctx_give_up(v->ctx, &detail) == REVIEW_CODE_SHUTDOWN
           ? &ngx_http_review_vectors_cut : &ngx_http_review_vectors_late;

    for (i = v->next; i < v->norder; i++) {
        v->items[v->order[i]].failure = late;
        v->items[v->order[i]].timedout = review_code_timeout(late->code);
    }

    v->next = v->norder;

    while (!ngx_queue_empty(&v->waiting)) {
        q = ngx_queue_head(&v->waiting);
        ngx_queue_remove(q);

        ngx_queue_insert_tail(&v->running, q);
        v->nrunning++;
    }

    while (!ngx_queue_empty(&v->running)) {
        q = ngx_queue_head(&v->running);
        batch = ngx_queue_data(q, ngx_http_review_batch_t, queue);

        if (batch->call.active) {
            batch->call.usage->calls += batch->call.sr || batch->call.ended;

            ngx_http_review_call_cancel(&batch->call);
        }

        ngx_http_review_batch_answer_failed(batch, late->code, late->detail,
                                            NULL);
    }
}
