
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


static ngx_int_t ngx_http_review_embed_handler(ngx_http_request_t *r);
static void ngx_http_review_embed_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_parsed(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_run(void *data);
static void ngx_http_review_embed_done(void *data);
static ngx_int_t ngx_http_review_embed_start(ngx_http_review_embed_t *embed);
static void ngx_http_review_embed_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_embed_finish(ngx_http_review_vectors_t *v);
static ngx_chain_t *ngx_http_review_embed_chain(
    ngx_http_review_embed_t *embed);


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
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_vectors_t  *v;

    ctx = &embed->ctx;
    v = &embed->vectors;

    ngx_http_review_ctx_waiter(ctx);

    /* the LLM's limit is not the embedding service's */

    ctx->waiter.limit = NULL;

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

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: review_timeout is over, not all of %uz inputs have "
                  "embeddings", embed->request.n);

    ngx_http_review_vectors_expire(&embed->vectors);
}


static void
ngx_http_review_embed_finish(ngx_http_review_vectors_t *v)
{
    size_t                    i, timedout;
    ngx_uint_t                status;
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_embed_t  *embed;

    ctx = v->ctx;
    embed = v->data;
    timedout = 0;

    for (i = 0; i < v->n; i++) {
        ctx->failed += v->items[v->same[i]].failure != NULL;
        timedout += v->items[v->same[i]].timedout;
    }

    status = ngx_http_review_reply_outcome(ctx, v->n, timedout);

    ngx_http_review_ctx_reply(ctx, status, ngx_http_review_embed_chain(embed));
}


/* what is between the vectors; "marks" tells where each of them belongs */

static void
ngx_http_review_embed_write(ngx_http_review_embed_t *embed, review_buf_t *b,
    size_t *marks)
{
    size_t                      i;
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_vector_t   *item;
    ngx_http_review_vectors_t  *v;

    ctx = &embed->ctx;
    v = &embed->vectors;

    review_write_object(b, NULL);
    review_write_word(b, "object", "list");
    review_write_array(b, "data");

    for (i = 0; i < v->n; i++) {
        item = &v->items[v->same[i]];

        review_write_object(b, NULL);
        review_write_word(b, "object", "embedding");
        review_write_number(b, "index", i);
        review_write_name(b, "embedding");

        marks[i] = b->len;

        if (item->failure) {
            review_write_null(b, NULL);
            ngx_http_review_reply_error(b, item->failure->code,
                                        item->failure->detail,
                                        item->failure->note);
        }

        review_write_object_end(b);
    }

    review_write_array_end(b);
    ngx_http_review_vectors_write_model(b, v);
    review_write_word(b, "status", ctx->status);

    review_write_object(b, "usage");
    review_write_number(b, "prompt_tokens", ctx->usage.prompt_tokens);
    review_write_number(b, "total_tokens", ctx->usage.prompt_tokens);
    review_write_number(b, "calls", ctx->usage.calls);
    review_write_number(b, "retries", ctx->usage.retries);
    review_write_object_end(b);

    review_write_number(b, "elapsed_ms", ngx_current_msec - ctx->started);
    review_write_object_end(b);
}


/* the vectors themselves are not copied */

static ngx_chain_t *
ngx_http_review_embed_chain(ngx_http_review_embed_t *embed)
{
    size_t                      i, from, *marks;
    review_buf_t                b;
    ngx_pool_t                 *pool;
    ngx_chain_t                *out, **ll;
    ngx_http_review_vector_t   *item;
    ngx_http_review_vectors_t  *v;

    v = &embed->vectors;
    pool = embed->ctx.request->pool;

    marks = ngx_palloc(pool, v->n * sizeof(size_t));
    if (marks == NULL) {
        return NULL;
    }

    review_buf_init(&b, embed->ctx.pool, 256 + 64 * v->n);
    ngx_http_review_embed_write(embed, &b, marks);

    if (b.failed) {
        return NULL;
    }

    out = NULL;
    ll = &out;
    from = 0;

    for (i = 0; i < v->n; i++) {
        item = &v->items[v->same[i]];

        if (item->json.data) {
            ll = ngx_http_review_reply_add(ll, pool, b.data + from,
                                            marks[i] - from);
            ll = ngx_http_review_reply_add(ll, pool, item->json.data,
                                            item->json.len);
            from = marks[i];
        }
    }

    ll = ngx_http_review_reply_add(ll, pool, b.data + from, b.len - from);

    return ll ? out : NULL;
}
