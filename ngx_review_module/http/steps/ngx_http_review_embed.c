
/*
 * The embed endpoint: embeddings of any number of inputs, in OpenAI's format.
 * What fails is told of each input, the others are there all the same.
 */

#include "http/steps/ngx_http_review_vectors.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"


/* what the thread works with */

typedef struct {
    ngx_http_review_ctx_t      *ctx;        /* not the thread's */
    review_pool_t              *pool;
    json_t                     *body;
    review_embed_given_t        given;
    review_embed_request_t      request;
    review_error_t              err;
    int                         rc;
} ngx_http_review_embed_job_t;


typedef struct {
    ngx_http_review_ctx_t       ctx;
    review_embed_request_t      request;
    ngx_http_review_vectors_t   vectors;
} ngx_http_review_embed_t;


/* the reply, as a thread writes it, but for its end */

typedef struct {
    ngx_http_review_embed_t    *embed;      /* not the thread's */
    ngx_pool_t                 *pool;
    ngx_http_review_vector_t   *items;
    size_t                     *same;
    size_t                      n;
    review_buf_t                b;
    ngx_chain_t                *out;
    ngx_chain_t               **last;       /* NULL: no memory */
    size_t                      failed;
    size_t                      timedout;
} ngx_http_review_embed_reply_t;


/* of JSON, what an input costs at least */

#define NGX_HTTP_REVIEW_EMBED_INPUT  64


static ngx_int_t ngx_http_review_embed_handler(ngx_http_request_t *r);
static void ngx_http_review_embed_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_parsed(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_run(void *data);
static void ngx_http_review_embed_done(void *data);
static ngx_int_t ngx_http_review_embed_start(ngx_http_review_embed_t *embed);
static void ngx_http_review_embed_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_finish(ngx_http_review_vectors_t *v);
static void ngx_http_review_embed_write(void *data);
static void ngx_http_review_embed_written(void *data);
static ngx_chain_t *ngx_http_review_embed_end(
    ngx_http_review_embed_reply_t *reply);


char *
ngx_http_review_embed(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_review_endpoint_set(cf, cmd,
                                        ngx_http_review_embed_handler);
}


static ngx_int_t
ngx_http_review_embed_handler(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_embed_t));

    if (ctx == NULL || ngx_http_review_work(ctx) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->read = ngx_http_review_embed_read;

    return ngx_http_review_ctx_read(ctx,
                                    ngx_http_review_headers_check_json(ctx));
}


static void
ngx_http_review_embed_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_parse_json(ctx, review_embed_members,
                               ngx_http_review_embed_parsed);
}


static void
ngx_http_review_embed_parsed(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_embed_job_t  *job;

    job = ngx_pcalloc(ctx->work->pool, sizeof(ngx_http_review_embed_job_t));
    if (job == NULL) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    job->ctx = ctx;
    job->pool = ctx->work->memory;
    job->body = ctx->body;
    job->given.max_inputs = ngx_http_review_steps_conf(ctx)->max_inputs;

    ngx_http_review_work_start(ctx->work,
                               ngx_http_review_body_size(ctx->request),
                               ngx_http_review_embed_run,
                               ngx_http_review_embed_done, job);
}


static void
ngx_http_review_embed_run(void *data)
{
    ngx_http_review_embed_job_t *job = data;

    job->rc = review_embed_request(job->pool, job->body, &job->given,
                                   &job->request, &job->err);
}


static void
ngx_http_review_embed_done(void *data)
{
    ngx_http_review_embed_job_t *job = data;

    ngx_int_t                 rc;
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_embed_t  *embed;

    ctx = job->ctx;
    embed = (ngx_http_review_embed_t *) ctx;

    rc = ngx_http_review_problem_read(ctx, job->rc, &job->err);

    if (rc == NGX_OK) {
        embed->request = job->request;
        rc = ngx_http_review_embed_start(embed);
    }

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
    }
}


static ngx_int_t
ngx_http_review_embed_start(ngx_http_review_embed_t *embed)
{
    ngx_int_t                   rc;
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_vectors_t  *v;

    ctx = &embed->ctx;
    v = &embed->vectors;

    ngx_http_review_ctx_waiter(ctx);

    /* the LLM's limit is not the embedding service's */

    ctx->waiter.limit = NULL;

    rc = ngx_http_review_ctx_budget(ctx, &ctx->waiter);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->progress = ngx_http_review_embed_progress;
    ctx->expire = ngx_http_review_embed_expire;

    v->ctx = ctx;
    v->handler = ngx_http_review_embed_finish;
    v->data = embed;
    v->inputs = embed->request.inputs;
    v->same = embed->request.same;
    v->n = embed->request.n;
    v->model = embed->request.model;
    v->rest = embed->request.rest;
    v->form = embed->request.base64 ? NGX_HTTP_REVIEW_VECTORS_BASE64
                                    : NGX_HTTP_REVIEW_VECTORS_NUMBERS;

    if (ngx_http_review_ctx_begin(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_review_vectors_start(v);
}


static void
ngx_http_review_embed_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_embed_t  *embed;

    embed = (ngx_http_review_embed_t *) ctx;

    ngx_http_review_vectors_progress(&embed->vectors);
}


static void
ngx_http_review_embed_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_embed_t  *embed;

    embed = (ngx_http_review_embed_t *) ctx;

    if (embed->vectors.done) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: %s, not all of %uz inputs have embeddings",
                  ngx_http_review_ctx_why(ctx, "review_timeout is over"),
                  embed->request.n);

    ngx_http_review_vectors_expire(&embed->vectors);
}


static void
ngx_http_review_embed_finish(ngx_http_review_vectors_t *v)
{
    ngx_http_review_ctx_t          *ctx;
    ngx_http_review_embed_reply_t  *reply;

    ctx = v->ctx;

    reply = ngx_pcalloc(ctx->work->pool, sizeof(ngx_http_review_embed_reply_t));

    if (reply == NULL) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    reply->embed = v->data;
    reply->pool = ctx->work->pool;
    reply->items = v->items;
    reply->same = v->same;
    reply->n = v->n;

    review_buf_init(&reply->b, ctx->work->memory,
                    256 + NGX_HTTP_REVIEW_EMBED_INPUT * v->n);

    ngx_http_review_work_start(ctx->work, NGX_HTTP_REVIEW_EMBED_INPUT * v->n,
                               ngx_http_review_embed_write,
                               ngx_http_review_embed_written, reply);
}


/* what is between the vectors; "marks" tells where each of them belongs */

static void
ngx_http_review_embed_write_items(ngx_http_review_embed_reply_t *reply,
    size_t *marks)
{
    size_t                     i;
    review_buf_t              *b;
    ngx_http_review_vector_t  *item;

    b = &reply->b;

    review_write_object(b, NULL);
    review_write_word(b, "object", "list");
    review_write_array(b, "data");

    for (i = 0; i < reply->n; i++) {
        item = &reply->items[reply->same[i]];

        review_write_object(b, NULL);
        review_write_word(b, "object", "embedding");
        review_write_number(b, "index", i);
        review_write_name(b, "embedding");

        marks[i] = b->len;

        if (item->failure) {
            reply->failed++;
            reply->timedout += item->timedout;

            review_write_null(b, NULL);
            ngx_http_review_reply_error(b, item->failure->code,
                                        item->failure->detail,
                                        item->failure->note);
        }

        review_write_object_end(b);
    }

    review_write_array_end(b);
}


/* on a thread; the vectors themselves are not copied, nor looked at */

static void
ngx_http_review_embed_write(void *data)
{
    ngx_http_review_embed_reply_t *reply = data;

    size_t                      i, from, *marks;
    ngx_chain_t               **ll;
    review_buf_t               *b;
    ngx_http_review_vector_t   *item;

    marks = ngx_palloc(reply->pool, reply->n * sizeof(size_t));
    if (marks == NULL) {
        return;
    }

    b = &reply->b;
    ngx_http_review_embed_write_items(reply, marks);

    if (b->failed) {
        return;
    }

    ll = &reply->out;
    from = 0;

    for (i = 0; i < reply->n; i++) {
        item = &reply->items[reply->same[i]];

        if (item->json.data) {
            ll = ngx_http_review_reply_add(ll, reply->pool, b->data + from,
                                            marks[i] - from);
            ll = ngx_http_review_reply_add(ll, reply->pool, item->json.data,
                                            item->json.len);
            from = marks[i];
        }
    }

    reply->last = ngx_http_review_reply_add(ll, reply->pool, b->data + from,
                                            b->len - from);
}


static void
ngx_http_review_embed_written(void *data)
{
    ngx_http_review_embed_reply_t *reply = data;

    ngx_uint_t              status;
    ngx_http_review_ctx_t  *ctx;

    ctx = &reply->embed->ctx;

    ctx->failed = reply->failed;
    status = ngx_http_review_reply_outcome(ctx, reply->n, reply->timedout);

    ngx_http_review_ctx_reply(ctx, status, ngx_http_review_embed_end(reply));
}


static ngx_chain_t *
ngx_http_review_embed_end(ngx_http_review_embed_reply_t *reply)
{
    review_buf_t            b;
    ngx_http_review_ctx_t  *ctx;

    ctx = &reply->embed->ctx;

    /* the brace is only there to be written behind */

    review_buf_init(&b, ctx->pool, 256);
    review_write_object(&b, NULL);
    review_write_object_end(&b);

    ngx_http_review_vectors_write_model(&b, &reply->embed->vectors);
    review_write_word(&b, "status", ctx->status);

    review_write_object(&b, "usage");
    review_write_number(&b, "prompt_tokens", ctx->usage.prompt_tokens);
    review_write_number(&b, "total_tokens", ctx->usage.prompt_tokens);
    review_write_number(&b, "calls", ctx->usage.calls);
    review_write_number(&b, "retries", ctx->usage.retries);
    review_write_object_end(&b);

    review_write_number(&b, "elapsed_ms", ngx_current_msec - ctx->started);
    ngx_http_review_reply_cut(&b, ctx);
    review_write_object_end(&b);

    if (b.failed || reply->last == NULL) {
        return NULL;
    }

    return ngx_http_review_reply_add(reply->last, ctx->request->pool,
                                     b.data + 2, b.len - 2)
           ? reply->out : NULL;
}
