
/* The answer to a batch: parsed on a thread, and given to its inputs. */

#include "http/steps/ngx_http_review_batch.h"
#include "http/request/ngx_http_review_work.h"


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


static void ngx_http_review_batch_answer_run(void *data);
static void ngx_http_review_batch_answer_parsed(void *data);
static int ngx_http_review_batch_answer_form(ngx_http_review_answer_t *answer);
static int ngx_http_review_batch_answer_slice(ngx_http_review_answer_t *answer,
    review_embedding_t *item, review_str_t *json);
static ngx_uint_t ngx_http_review_batch_answer_take(
    ngx_http_review_batch_t *batch, ngx_http_review_answer_t *answer);


void
ngx_http_review_batch_answer_done(ngx_http_review_batch_t *batch)
{
    batch->done = 1;
    ngx_queue_remove(&batch->queue);
    batch->vectors->nrunning--;

    ngx_http_review_ctx_wake(batch->vectors->ctx);
}


/* a thread may outlive the request, and write this down */

static ngx_http_review_failure_t *
ngx_http_review_batch_answer_failure(ngx_pool_t *pool, review_code_t code,
    const char *detail, const char *note)
{
    char                       *p;
    size_t                      size;
    ngx_http_review_failure_t  *failure;

    static ngx_http_review_failure_t  no_memory = {
        REVIEW_CODE_INTERNAL, "no memory", NULL
    };

    size = ngx_strlen(detail) + 1;

    failure = ngx_palloc(pool, sizeof(ngx_http_review_failure_t));
    p = ngx_pnalloc(pool, size);

    if (failure == NULL || p == NULL) {
        return &no_memory;
    }

    ngx_memcpy(p, detail, size);

    failure->code = code;
    failure->detail = p;
    failure->note = note;

    return failure;
}


void
ngx_http_review_batch_answer_failed(ngx_http_review_batch_t *batch,
    review_code_t code, const char *detail, const char *note)
{
    size_t                      i, k;
    ngx_http_review_vectors_t  *v;
    ngx_http_review_failure_t  *failure;

    v = batch->vectors;

    failure = ngx_http_review_batch_answer_failure(
                  v->ctx->work->pool, code,
                  detail ? detail : review_code_sentence(code), note);

    for (i = 0; i < batch->n; i++) {
        k = v->order[batch->first + i];
        v->items[k].failure = failure;
        v->items[k].timedout = review_code_timeout(code);
    }

    ngx_http_review_batch_answer_done(batch);
}


void
ngx_http_review_batch_answer_parse(ngx_http_review_batch_t *batch)
{
    ngx_http_review_answer_t  *answer;

    answer = ngx_pcalloc(batch->work->pool, sizeof(ngx_http_review_answer_t));
    if (answer == NULL) {
        ngx_http_review_batch_answer_failed(batch, REVIEW_CODE_INTERNAL, NULL,
                                            NULL);
        return;
    }

    answer->batch = batch;
    answer->pool = batch->work->memory;
    answer->data.data = batch->answer.data ? batch->answer.data : "";
    answer->data.len = batch->answer.len;
    answer->n = batch->n;
    answer->form = batch->vectors->form;

    ngx_http_review_work_start(batch->work, answer->data.len,
                               ngx_http_review_batch_answer_run,
                               ngx_http_review_batch_answer_parsed, answer);
}


/* on a thread */

static void
ngx_http_review_batch_answer_run(void *data)
{
    ngx_http_review_answer_t *answer = data;

    answer->rc = review_embeddings_parse(answer->pool, answer->data.data,
                                         answer->data.len, answer->n,
                                         &answer->embeddings, &answer->err);

    if (answer->rc == 0) {
        answer->rc = ngx_http_review_batch_answer_form(answer);
    }
}


/* vectors as they are wanted, whatever the service has made of them */

static int
ngx_http_review_batch_answer_form(ngx_http_review_answer_t *answer)
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

        if (!ngx_http_review_batch_answer_slice(answer, &item[i],
                                                &vector[i].json)) {
            from = b.len + (b.len != 0);
            review_embedding_write(&item[i], &b, answer->form
                                            == NGX_HTTP_REVIEW_VECTORS_BASE64);
            vector[i].json.len = b.len - from;
        }
    }

    if (b.failed) {
        return review_error(&answer->err, "", "no memory");
    }

    for (i = 0, from = 0; i < n; i++) {
        if (vector[i].json.data == NULL) {
            vector[i].json.data = b.data + from;
            from += vector[i].json.len + 1;
        }
    }

    return 0;
}


/* what came in the form that is wanted stays where it is: 1 */

static int
ngx_http_review_batch_answer_slice(ngx_http_review_answer_t *answer,
    review_embedding_t *item, review_str_t *json)
{
    size_t  base64;

    base64 = (answer->form == NGX_HTTP_REVIEW_VECTORS_BASE64);

    if (item->base64 != base64) {
        return 0;
    }

    /* of base64 with its quotes; without escapes it is the answer's own */

    if (base64
        && (item->raw.data <= answer->data.data
            || item->raw.data + item->raw.len
               >= answer->data.data + answer->data.len))
    {
        return 0;
    }

    json->data = item->raw.data - base64;
    json->len = item->raw.len + 2 * base64;

    return 1;
}


/* an answer that can't be used is one input's fault, as far as we know */

static void
ngx_http_review_batch_answer_parsed(void *data)
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
        && ngx_http_review_batch_answer_take(batch, answer))
    {
        v->succeeded++;
        ngx_http_review_batch_answer_done(batch);
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

    if (batch->halve(batch, NGX_HTTP_REVIEW_VECTORS_REFUSED)) {
        return;
    }

    ngx_http_review_batch_answer_failed(batch, REVIEW_CODE_BAD_ANSWER,
                                        batch->message, NULL);
}


static ngx_uint_t
ngx_http_review_batch_answer_take(ngx_http_review_batch_t *batch,
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

        ngx_http_review_steps_conf(v->ctx)->embeddings->encoding =
                                               NGX_HTTP_REVIEW_ENCODING_FLOAT;
    }

    for (i = 0; i < batch->n; i++) {
        v->items[v->order[batch->first + i]] = answer->vectors[i];
    }

    if (e->model.data) {
        v->answered = e->model;
    }

    if (e->prompt_tokens > 0) {
        v->ctx->usage.prompt_tokens += e->prompt_tokens;

        if (!batch->call.cached) {
            ngx_http_review_budget_add(&v->ctx->waiter, e->prompt_tokens, 0);
        }
    }

    return 1;
}
