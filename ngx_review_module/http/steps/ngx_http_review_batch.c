
/* The call of a batch: what is asked for, and what comes of a refusal. */

#include "http/steps/ngx_http_review_batch.h"
#include "http/call/ngx_http_review_call.h"
#include "http/request/ngx_http_review_work.h"

#include "review/completion/completion_error.h"
#include "review/json/write.h"


/* bytes of inputs, which are copied, and which are not */

#define NGX_HTTP_REVIEW_BATCH_COPY  (256 * 1024)


static ngx_int_t ngx_http_review_batch_body(ngx_http_review_batch_t *batch);
static ngx_int_t ngx_http_review_batch_pieces(ngx_http_review_batch_t *batch);
static void ngx_http_review_batch_begin(ngx_http_review_call_t *call);
static ngx_int_t ngx_http_review_batch_feed(ngx_http_review_call_t *call,
    u_char *data, size_t len);
static const char *ngx_http_review_batch_end(ngx_http_review_call_t *call);
static review_code_t ngx_http_review_batch_whole(ngx_http_review_call_t *call);
static void ngx_http_review_batch_told(ngx_http_review_call_t *call,
    ngx_http_review_try_t *told);
static void ngx_http_review_batch_ended(ngx_http_review_call_t *call);
static void ngx_http_review_batch_refused(ngx_http_review_batch_t *batch);


static const ngx_http_review_backend_t  ngx_http_review_batch_backend = {
    "the embedding service",
    "the answer is too large for so many inputs",
    ngx_http_review_batch_begin,
    ngx_http_review_batch_feed,
    ngx_http_review_batch_end,
    ngx_http_review_batch_whole,
    1,
    ngx_http_review_batch_told
};


/* the client's, else the configured; empty: none */

review_str_t
ngx_http_review_batch_model(ngx_http_review_vectors_t *v)
{
    review_str_t   model;
    ngx_str_t     *configured;

    model = v->model;

    if (model.data == NULL) {
        configured = &ngx_http_review_steps_conf(v->ctx)->embeddings->model;

        model.data = (char *) configured->data;
        model.len = configured->len;
    }

    return model;
}


void
ngx_http_review_batch_start(ngx_http_review_batch_t *batch)
{
    ngx_http_review_ctx_t         *ctx;
    ngx_http_review_call_t        *call;
    ngx_http_review_embeddings_t  *conf;

    ctx = batch->vectors->ctx;
    conf = ngx_http_review_steps_conf(ctx)->embeddings;
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
    call->authorization = conf->authorization;
    call->accept = "application/json";
    ngx_str_set(&call->type, "application/json");
    call->name.data = "embeddings";
    call->name.len = sizeof("embeddings") - 1;
    call->usage = &ctx->usage;
    call->handler = ngx_http_review_batch_ended;

    if (ngx_http_review_batch_body(batch) != NGX_OK) {
        ngx_http_review_batch_answer_failed(batch, REVIEW_CODE_INTERNAL, NULL,
                                            NULL);
        return;
    }

    ngx_http_review_calls_start(call);
}


/* {"model","encoding_format", and what the client has besides, "input":[ */

static void
ngx_http_review_batch_head(ngx_http_review_batch_t *batch, review_buf_t *b,
    size_t size)
{
    review_str_t                model;
    ngx_http_review_vectors_t  *v;

    v = batch->vectors;
    model = ngx_http_review_batch_model(v);

    review_buf_init(b, v->ctx->pool, 128 + model.len + v->rest.len + size);
    review_write_object(b, NULL);

    if (model.len) {
        review_write_str(b, "model", &model);
    }

    review_write_word(b, "encoding_format",
                      batch->encoding == NGX_HTTP_REVIEW_ENCODING_BASE64
                      ? "base64" : "float");

    if (v->rest.len) {
        review_write_raw(b, NULL, v->rest.data, v->rest.len);
    }

    review_write_array(b, "input");
}


/*
 * Small ones in one piece, since what takes more than one writev() waits for an
 * ACK in between; to copy large ones would take longer.
 */

static ngx_int_t
ngx_http_review_batch_body(ngx_http_review_batch_t *batch)
{
    size_t                      i, size;
    review_buf_t                b;
    review_str_t               *input, *piece;
    ngx_http_review_vectors_t  *v;

    v = batch->vectors;
    size = 0;

    for (i = 0; i < batch->n; i++) {
        size += v->inputs[v->order[batch->first + i]].len + 1;
    }

    if (size > NGX_HTTP_REVIEW_BATCH_COPY) {
        return ngx_http_review_batch_pieces(batch);
    }

    ngx_http_review_batch_head(batch, &b, size);

    for (i = 0; i < batch->n; i++) {
        input = &v->inputs[v->order[batch->first + i]];
        review_write_raw(&b, NULL, input->data, input->len);
    }

    review_write_array_end(&b);
    review_write_object_end(&b);

    piece = ngx_palloc(v->ctx->request->pool, sizeof(review_str_t));

    if (piece == NULL || b.failed) {
        return NGX_ERROR;
    }

    piece->data = b.data;
    piece->len = b.len;

    batch->call.body = piece;
    batch->call.npieces = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_batch_pieces(ngx_http_review_batch_t *batch)
{
    size_t                      i;
    review_buf_t                b;
    review_str_t               *piece;
    ngx_http_review_vectors_t  *v;

    static const review_str_t  comma = review_string(",");
    static const review_str_t  end = review_string("]}");

    v = batch->vectors;

    ngx_http_review_batch_head(batch, &b, 0);

    piece = ngx_palloc(v->ctx->request->pool,
                       (2 * batch->n + 1) * sizeof(review_str_t));

    if (piece == NULL || b.failed) {
        return NGX_ERROR;
    }

    batch->call.body = piece;
    batch->call.npieces = 2 * batch->n + 1;

    piece->data = b.data;
    piece->len = b.len;

    for (i = 0; i < batch->n; i++) {
        *++piece = v->inputs[v->order[batch->first + i]];
        *++piece = (i + 1 < batch->n) ? comma : end;
    }

    return NGX_OK;
}


/* a try's answer has memory of its own: a thread may read it */

static void
ngx_http_review_batch_begin(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    batch->why = REVIEW_EMBEDDINGS_REFUSED;

    if (batch->work == NULL) {
        batch->work = ngx_http_review_work_create(call->ctx);
    }

    review_buf_init(&batch->answer, batch->work ? batch->work->memory : NULL,
                    0);

    batch->answer.failed = (batch->work == NULL);
}


static ngx_int_t
ngx_http_review_batch_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    off_t                     size;
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    /* how much is to come is mostly said */

    size = call->sr->headers_out.content_length_n;

    if (batch->answer.len == 0 && size > 0 && size <= (off_t) batch->max
        && batch->work)
    {
        review_buf_init(&batch->answer, batch->work->memory, size);
    }

    return ngx_http_review_outcome_gather(call, &batch->answer, batch->max,
                                          data, len);
}


static const char *
ngx_http_review_batch_end(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    batch->message[0] = '\0';

    if (call->status == NGX_HTTP_TOO_MANY_REQUESTS) {
        call->quota = (review_completion_error_quota(batch->answer.data,
                                                     batch->answer.len)
                       != 0);
    }

    if (call->status != NGX_HTTP_OK && batch->work) {
        batch->why = review_embeddings_why(call->status, batch->answer.data,
                                           batch->answer.len, batch->message,
                                           sizeof(batch->message));
    }

    return batch->message;
}


/* what it says is seen when it is parsed */

static review_code_t
ngx_http_review_batch_whole(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    return ngx_http_review_outcome_gathered(call, &batch->answer);
}


/* what it has cost is read from it later, by a thread */

static void
ngx_http_review_batch_told(ngx_http_review_call_t *call,
    ngx_http_review_try_t *told)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    told->model = ngx_http_review_batch_model(batch->vectors);
}


static void
ngx_http_review_batch_ended(ngx_http_review_call_t *call)
{
    ngx_http_review_batch_t  *batch;

    batch = call->data;

    if (call->failure.code == REVIEW_CODE_OK) {
        ngx_http_review_batch_answer_parse(batch);
        return;
    }

    if (call->header && call->status != NGX_HTTP_OK) {
        ngx_http_review_batch_refused(batch);
        return;
    }

    ngx_http_review_batch_answer_failed(batch, call->failure.code,
                                        call->failure.detail,
                                        call->failure.note);
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
    conf = ngx_http_review_steps_conf(v->ctx)->embeddings;

    /* an error may only quote an input that speaks of base64 */

    if (batch->why == REVIEW_EMBEDDINGS_ENCODING
        && batch->encoding == NGX_HTTP_REVIEW_ENCODING_BASE64
        && conf->encoding != NGX_HTTP_REVIEW_ENCODING_BASE64)
    {
        batch->encoding = NGX_HTTP_REVIEW_ENCODING_FLOAT;
        batch->learns = 1;

        ngx_http_review_call_count_retry(&v->ctx->waiter, call->usage);
        ngx_http_review_batch_start(batch);
        return;
    }

    limit = batch->why == REVIEW_EMBEDDINGS_TOO_LARGE
            ? NGX_HTTP_REVIEW_VECTORS_LARGE : NGX_HTTP_REVIEW_VECTORS_REFUSED;

    if ((batch->why == REVIEW_EMBEDDINGS_TOO_LARGE
         || call->status == NGX_HTTP_BAD_REQUEST
         || call->status == NGX_HTTP_UNPROCESSABLE)
        && batch->halve(batch, limit))
    {
        return;
    }

    ngx_http_review_batch_answer_failed(batch, call->failure.code,
                                        call->failure.detail,
                                        call->failure.note);
}
