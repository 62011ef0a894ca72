
/*
 * The embeddings of texts: cut into batches as the service takes them, some of
 * which run side by side.  A batch that is too much for it is halved until
 * what is at fault stands alone.
 */

#include "ngx_http_review_vectors.h"


/* what an answer may have for each input, and besides */

#define NGX_HTTP_REVIEW_VECTOR_MAX    (256 * 1024)
#define NGX_HTTP_REVIEW_VECTORS_MAX   (64 * 1024)

/*
 * So many inputs may be refused that stand alone, before one is taken, until
 * it is believed that the request as such is at fault, or that all are too
 * long: from then on batches that are refused are not halved.
 */

#define NGX_HTTP_REVIEW_VECTORS_REFUSED  8
#define NGX_HTTP_REVIEW_VECTORS_LARGE    64

#define NGX_HTTP_REVIEW_VECTORS_MESSAGE  200


/* some of the inputs that are sent, and the call for them */

typedef struct {
    ngx_queue_t                 queue;      /* in waiting, or in running */
    ngx_http_review_vectors_t  *vectors;
    size_t                      first;      /* in vectors->order */
    size_t                      n;
    ngx_http_review_encoding_e  encoding;
    ngx_http_review_call_t      call;
    ngx_http_review_work_t     *work;       /* owns the answer */
    review_buf_t                answer;
    size_t                      max;
    review_embeddings_why_e     why;        /* it was refused */
    ngx_http_review_failure_t   failure;
    char                        message[NGX_HTTP_REVIEW_VECTORS_MESSAGE];
    unsigned                    large:1;
    unsigned                    done:1;
    unsigned                    learns:1;   /* that floats will do */
} ngx_http_review_batch_t;


/* what a thread makes of an answer */

typedef struct {
    ngx_http_review_batch_t    *batch;      /* not the thread's */
    review_pool_t              *pool;
    review_str_t                data;
    size_t                      n;
    ngx_http_review_vectors_e   form;
    review_embeddings_t         embeddings;
    ngx_http_review_vector_t   *vectors;    /* in that form */
    review_error_t              err;
    int                         rc;
} ngx_http_review_answer_t;


static ngx_int_t ngx_http_review_vectors_order(ngx_http_review_vectors_t *v);
static ngx_int_t ngx_http_review_vectors_add(ngx_http_review_vectors_t *v,
    size_t first, size_t n, ngx_uint_t next);
static void ngx_http_review_batch_start(ngx_http_review_batch_t *batch);
static ngx_int_t ngx_http_review_batch_body(ngx_http_review_batch_t *batch);
static void ngx_http_review_batch_begin(ngx_http_review_call_t *call);
static ngx_int_t ngx_http_review_batch_feed(ngx_http_review_call_t *call,
    u_char *data, size_t len);
static const char *ngx_http_review_batch_end(ngx_http_review_call_t *call);
static ngx_uint_t ngx_http_review_batch_outcome(ngx_http_review_call_t *call);
static void ngx_http_review_batch_ended(ngx_http_review_call_t *call);
static void ngx_http_review_batch_refused(ngx_http_review_batch_t *batch);
static ngx_uint_t ngx_http_review_batch_halve(ngx_http_review_batch_t *batch,
    ngx_uint_t limit);
static void ngx_http_review_batch_failed(ngx_http_review_batch_t *batch,
    const char *code, const char *detail, const char *note);
static void ngx_http_review_batch_parse(ngx_http_review_batch_t *batch);
static void ngx_http_review_batch_run(void *data);
static void ngx_http_review_batch_parsed(void *data);
static int ngx_http_review_batch_form(ngx_http_review_answer_t *answer);
static ngx_uint_t ngx_http_review_batch_take(ngx_http_review_batch_t *batch,
    ngx_http_review_answer_t *answer);
static void ngx_http_review_batch_done(ngx_http_review_batch_t *batch);


static const ngx_http_review_backend_t  ngx_http_review_batch_backend = {
    "the embedding service",
    ngx_http_review_batch_begin,
    ngx_http_review_batch_feed,
    ngx_http_review_batch_end,
    ngx_http_review_batch_outcome
};


ngx_int_t
ngx_http_review_check_inputs(ngx_http_review_ctx_t *ctx, const char *pointer,
    size_t n)
{
    if (n <= ctx->conf->max_inputs) {
        return NGX_OK;
    }

    return ngx_http_review_refuse(ctx, NGX_HTTP_UNPROCESSABLE, pointer,
                                  "there are %zu, review_max_inputs allows "
                                  "%zu", n, (size_t) ctx->conf->max_inputs);
}


ngx_int_t
ngx_http_review_vectors_start(ngx_http_review_vectors_t *v)
{
    size_t  i, n;

    ngx_queue_init(&v->waiting);
    ngx_queue_init(&v->running);

    n = v->ctx->conf->embeddings->batch;

    if (ngx_http_review_vectors_order(v) != NGX_OK
        || ngx_array_init(&v->works, v->ctx->request->pool, v->norder / n + 1,
                          sizeof(ngx_http_review_work_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < v->norder; i += n) {
        if (ngx_http_review_vectors_add(v, i, ngx_min(n, v->norder - i), 0)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_http_review_wake(v->ctx);

    return NGX_OK;
}


/* each of the inputs that are the same is sent once */

static ngx_int_t
ngx_http_review_vectors_order(ngx_http_review_vectors_t *v)
{
    size_t       i;
    ngx_pool_t  *pool;

    pool = v->ctx->request->pool;

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


void
ngx_http_review_vectors_progress(ngx_http_review_vectors_t *v)
{
    ngx_queue_t              *q;
    ngx_http_review_batch_t  *batch;

    if (v->done) {
        return;
    }

    while (v->nrunning < v->ctx->conf->embeddings->calls
           && !ngx_queue_empty(&v->waiting))
    {
        q = ngx_queue_head(&v->waiting);
        ngx_queue_remove(q);

        batch = ngx_queue_data(q, ngx_http_review_batch_t, queue);

        ngx_queue_insert_tail(&v->running, &batch->queue);
        v->nrunning++;

        ngx_http_review_batch_start(batch);
    }

    if (v->nrunning == 0 && ngx_queue_empty(&v->waiting)) {
        v->done = 1;
        v->handler(v);
    }
}


static void
ngx_http_review_batch_start(ngx_http_review_batch_t *batch)
{
    ngx_http_review_ctx_t         *ctx;
    ngx_http_review_call_t        *call;
    ngx_http_review_embeddings_t  *conf;

    ctx = batch->vectors->ctx;
    conf = ctx->conf->embeddings;
    call = &batch->call;

    /* which may also be what the service has been found to know */

    if (conf->encoding != NGX_HTTP_REVIEW_ENCODING_AUTO) {
        batch->encoding = conf->encoding;
    }

    ngx_memzero(call, sizeof(ngx_http_review_call_t));

    call->ctx = ctx;
    call->data = batch;
    call->backend = &ngx_http_review_batch_backend;
    call->uri = &conf->uri;
    call->accept = "application/json";
    ngx_str_set(&call->type, "application/json");
    call->name.data = "embeddings";
    call->name.len = sizeof("embeddings") - 1;
    call->usage = &ctx->usage;
    call->handler = ngx_http_review_batch_ended;

    if (ngx_http_review_batch_body(batch) != NGX_OK) {
        ngx_http_review_batch_failed(batch, "internal", "no memory", NULL);
        return;
    }

    ngx_http_review_call_start(call);
}


/* the client's, else the configured; empty: none */

static review_str_t
ngx_http_review_vectors_model(ngx_http_review_vectors_t *v)
{
    review_str_t   model;
    ngx_str_t     *configured;

    model = v->model;

    if (model.data == NULL) {
        configured = &v->ctx->conf->embeddings->model;

        model.data = (char *) configured->data;
        model.len = configured->len;
    }

    return model;
}


void
ngx_http_review_write_model(review_buf_t *b, ngx_http_review_vectors_t *v)
{
    review_str_t  model;

    model = v->answered.len ? v->answered : ngx_http_review_vectors_model(v);

    if (model.len) {
        review_buf_json(b, model.data, model.len);

    } else {
        review_buf_puts(b, "null");
    }
}


/* {"model","input":[...],"encoding_format", and what the client has besides} */

static ngx_int_t
ngx_http_review_batch_body(ngx_http_review_batch_t *batch)
{
    size_t                      i, n;
    review_buf_t                b;
    review_str_t                model, *piece;
    ngx_http_review_vectors_t  *v;

    v = batch->vectors;
    model = ngx_http_review_vectors_model(v);

    review_buf_init(&b, v->ctx->pool, 128);
    review_buf_puts(&b, "{");

    if (model.len) {
        review_buf_puts(&b, "\"model\":");
        review_buf_json(&b, model.data, model.len);
        review_buf_puts(&b, ",");
    }

    review_buf_puts(&b, "\"encoding_format\":\"");
    review_buf_puts(&b, batch->encoding == NGX_HTTP_REVIEW_ENCODING_BASE64
                        ? "base64" : "float");
    review_buf_puts(&b, "\"");
    review_buf_str(&b, &v->rest);
    review_buf_puts(&b, ",\"input\":[");

    piece = ngx_palloc(v->ctx->request->pool,
                       (2 * batch->n + 1) * sizeof(review_str_t));

    if (piece == NULL || b.failed) {
        return NGX_ERROR;
    }

    batch->call.body = piece;

    piece->data = b.data;
    piece->len = b.len;

    n = 1;

    for (i = 0; i < batch->n; i++) {
        piece[n++] = v->inputs[v->order[batch->first + i]];

        piece[n].data = i + 1 < batch->n ? "," : "]}";
        piece[n].len = i + 1 < batch->n ? 1 : 2;
        n++;
    }

    batch->call.npieces = n;

    return NGX_OK;
}


/* a try's answer has memory of its own: a thread may read it */

static void
ngx_http_review_batch_begin(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    batch->large = 0;
    batch->why = REVIEW_EMBEDDINGS_REFUSED;

    if (batch->work == NULL) {
        batch->work = ngx_http_review_work_create(call->ctx);
    }

    if (batch->work) {
        review_buf_init(&batch->answer, batch->work->memory, 0);
    }
}


static ngx_int_t
ngx_http_review_batch_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    if (batch->work == NULL) {
        return NGX_ERROR;
    }

    if (len > batch->max - batch->answer.len) {
        batch->large = 1;
        return NGX_ERROR;
    }

    review_buf_add(&batch->answer, (char *) data, len);

    return batch->answer.failed ? NGX_ERROR : NGX_OK;
}


static const char *
ngx_http_review_batch_end(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    batch->message[0] = '\0';

    if (call->status != NGX_HTTP_OK && batch->work) {
        batch->why = review_embeddings_why(call->status, batch->answer.data,
                                           batch->answer.len, batch->message,
                                           sizeof(batch->message));
    }

    return batch->message;
}


/* whether it is all there is seen when it is parsed */

static ngx_uint_t
ngx_http_review_batch_outcome(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    if (batch->work == NULL || batch->answer.failed) {
        ngx_http_review_call_failed(call, "internal", "no memory");
        return 0;
    }

    if (batch->large) {
        ngx_http_review_call_failed(call, "too_large",
                                    "the answer is too large for so many "
                                    "inputs");
        return 0;
    }

    if (call->timedout || call->silent) {
        ngx_http_review_call_failed(call, "call_timeout",
                                    "the embedding service fell silent in "
                                    "mid-answer");
        return 1;
    }

    if (call->cut) {
        ngx_http_review_call_failed(call, "cut",
                                    "the answer ended before its end");
        return 1;
    }

    return 0;
}


static void
ngx_http_review_batch_ended(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    if (call->failure.code == NULL) {
        ngx_http_review_batch_parse(batch);
        return;
    }

    if (call->header && call->status != NGX_HTTP_OK) {
        ngx_http_review_batch_refused(batch);
        return;
    }

    ngx_http_review_batch_failed(batch, call->failure.code,
                                 call->failure.detail, call->failure.note);
}


/* asked in another way, or for less at a time, it may do */

static void
ngx_http_review_batch_refused(ngx_http_review_batch_t *batch)
{
    ngx_uint_t                     limit;
    ngx_http_review_call_t        *call;
    ngx_http_review_vectors_t     *v;
    ngx_http_review_embeddings_t  *conf;

    call = &batch->call;
    v = batch->vectors;
    conf = v->ctx->conf->embeddings;

    /* an error may only quote an input that speaks of base64 */

    if (batch->why == REVIEW_EMBEDDINGS_ENCODING
        && batch->encoding == NGX_HTTP_REVIEW_ENCODING_BASE64
        && conf->encoding != NGX_HTTP_REVIEW_ENCODING_BASE64)
    {
        batch->encoding = NGX_HTTP_REVIEW_ENCODING_FLOAT;
        batch->learns = 1;

        ngx_http_review_count_retry(v->ctx, call->usage);
        ngx_http_review_batch_start(batch);
        return;
    }

    limit = batch->why == REVIEW_EMBEDDINGS_TOO_LARGE
            ? NGX_HTTP_REVIEW_VECTORS_LARGE : NGX_HTTP_REVIEW_VECTORS_REFUSED;

    if ((batch->why == REVIEW_EMBEDDINGS_TOO_LARGE
         || call->status == NGX_HTTP_BAD_REQUEST
         || call->status == NGX_HTTP_UNPROCESSABLE)
        && ngx_http_review_batch_halve(batch, limit))
    {
        return;
    }

    ngx_http_review_batch_failed(batch, call->failure.code,
                                 call->failure.detail, call->failure.note);
}


/* the halves come next; 0: there is nothing to halve, or no use in it */

static ngx_uint_t
ngx_http_review_batch_halve(ngx_http_review_batch_t *batch, ngx_uint_t limit)
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

    ngx_http_review_count_retry(v->ctx, &v->ctx->usage);
    ngx_http_review_batch_done(batch);

    return 1;
}


static void
ngx_http_review_batch_failed(ngx_http_review_batch_t *batch, const char *code,
    const char *detail, const char *note)
{
    size_t                      i, k, timedout;
    ngx_http_review_vectors_t  *v;

    v = batch->vectors;

    batch->failure.code = code;
    batch->failure.detail = detail;
    batch->failure.note = note;

    timedout = ngx_strcmp(code, "call_timeout") == 0
               || ngx_strcmp(code, "deadline") == 0;

    for (i = 0; i < batch->n; i++) {
        k = v->order[batch->first + i];
        v->items[k].failure = &batch->failure;
        v->items[k].timedout = timedout;
    }

    ngx_http_review_batch_done(batch);
}


static void
ngx_http_review_batch_done(ngx_http_review_batch_t *batch)
{
    batch->done = 1;
    ngx_queue_remove(&batch->queue);
    batch->vectors->nrunning--;

    ngx_http_review_wake(batch->vectors->ctx);
}


static void
ngx_http_review_batch_parse(ngx_http_review_batch_t *batch)
{
    ngx_http_review_answer_t  *answer;

    answer = ngx_pcalloc(batch->work->pool, sizeof(ngx_http_review_answer_t));
    if (answer == NULL) {
        ngx_http_review_batch_failed(batch, "internal", "no memory", NULL);
        return;
    }

    answer->batch = batch;
    answer->pool = batch->work->memory;
    answer->data.data = batch->answer.data ? batch->answer.data : "";
    answer->data.len = batch->answer.len;
    answer->n = batch->n;
    answer->form = batch->vectors->form;

    ngx_http_review_work_start(batch->work, answer->data.len,
                               ngx_http_review_batch_run,
                               ngx_http_review_batch_parsed, answer);
}


/* on a thread */

static void
ngx_http_review_batch_run(void *data)
{
    ngx_http_review_answer_t *answer = data;

    answer->rc = review_embeddings_parse(answer->pool, answer->data.data,
                                         answer->data.len, answer->n,
                                         &answer->embeddings, &answer->err);

    if (answer->rc == 0) {
        answer->rc = ngx_http_review_batch_form(answer);
    }
}


/* what came in the form that is wanted is only copied */

static int
ngx_http_review_batch_form(ngx_http_review_answer_t *answer)
{
    size_t                     i, n, from;
    float                     *floats;
    review_buf_t               b;
    review_embedding_t        *item;
    ngx_http_review_vector_t  *vector;

    n = answer->n;
    item = answer->embeddings.items;

    vector = review_alloc(answer->pool, n * sizeof(ngx_http_review_vector_t));
    if (vector == NULL) {
        return review_error(&answer->err, "", "no memory");
    }

    memset(vector, 0, n * sizeof(ngx_http_review_vector_t));
    answer->vectors = vector;

    if (answer->form == NGX_HTTP_REVIEW_VECTORS_FLOATS) {

        floats = review_alloc(answer->pool, n * item->dim * sizeof(float));
        if (floats == NULL) {
            return review_error(&answer->err, "", "no memory");
        }

        for (i = 0; i < n; i++) {
            vector[i].floats = floats + i * item->dim;
            review_embedding_floats(&item[i], vector[i].floats);
        }

        return 0;
    }

    review_buf_init(&b, answer->pool, 0);

    for (i = 0; i < n; i++) {
        from = b.len;
        review_embedding_write(&item[i], &b,
                               answer->form == NGX_HTTP_REVIEW_VECTORS_BASE64);
        vector[i].json.len = b.len - from;
    }

    if (b.failed) {
        return review_error(&answer->err, "", "no memory");
    }

    for (i = 0, from = 0; i < n; i++) {
        vector[i].json.data = b.data + from;
        from += vector[i].json.len;
    }

    return 0;
}


/* an answer that can't be used is one input's fault, as far as we know */

static void
ngx_http_review_batch_parsed(void *data)
{
    ngx_http_review_answer_t *answer = data;

    u_char                     *last;
    ngx_http_review_batch_t    *batch;
    ngx_http_review_vectors_t  *v;

    batch = answer->batch;
    v = batch->vectors;

    if (batch->done) {
        return;
    }

    if (answer->rc == 0
        && ngx_http_review_batch_take(batch, answer))
    {
        v->succeeded++;
        ngx_http_review_batch_done(batch);
        return;
    }

    if (answer->rc == 0) {
        (void) review_error(&answer->err, "", "the vectors have another "
                            "number of dimensions than those before");
    }

    last = ngx_snprintf((u_char *) batch->message,
                        sizeof(batch->message) - 1, "%s%s%s",
                        answer->err.pointer, answer->err.pointer[0] ? ": " : "",
                        answer->err.text);
    *last = '\0';

    ngx_log_error(NGX_LOG_WARN, batch->call.timer.log, 0,
                  "review: the embedding service's answer to %uz inputs is "
                  "not understood: %s", batch->n, batch->message);

    if (ngx_http_review_batch_halve(batch, NGX_HTTP_REVIEW_VECTORS_REFUSED)) {
        return;
    }

    ngx_http_review_batch_failed(batch, "bad_answer", batch->message, NULL);
}


static ngx_uint_t
ngx_http_review_batch_take(ngx_http_review_batch_t *batch,
    ngx_http_review_answer_t *answer)
{
    size_t                      i;
    review_embeddings_t        *e;
    ngx_http_review_work_t    **work;
    ngx_http_review_vectors_t  *v;

    v = batch->vectors;
    e = &answer->embeddings;

    if (v->dim && v->dim != e->items[0].dim) {
        return 0;
    }

    work = ngx_array_push(&v->works);
    if (work == NULL) {
        return 0;
    }

    *work = batch->work;
    v->dim = e->items[0].dim;

    if (batch->learns) {
        ngx_log_error(NGX_LOG_NOTICE, batch->call.timer.log, 0,
                      "review: the embedding service does not know base64, "
                      "from now on it is asked for floats");

        v->ctx->conf->embeddings->encoding = NGX_HTTP_REVIEW_ENCODING_FLOAT;
    }

    for (i = 0; i < batch->n; i++) {
        v->items[v->order[batch->first + i]] = answer->vectors[i];
    }

    if (e->model.data) {
        v->answered = e->model;
    }

    if (e->prompt_tokens > 0) {
        v->ctx->usage.prompt_tokens += e->prompt_tokens;
    }

    return 1;
}


void
ngx_http_review_vectors_expire(ngx_http_review_vectors_t *v)
{
    ngx_queue_t              *q;
    ngx_http_review_batch_t  *batch;

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

        ngx_http_review_batch_failed(batch, "deadline",
                                     "review_timeout was over before an "
                                     "answer", NULL);
    }
}
