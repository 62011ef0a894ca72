
/*
 * The rank endpoint: which of many texts fit a query best, by the cosine of
 * their embeddings, by their words (BM25), or by both.  Where there are no
 * embeddings the words have to do.
 */

#include "http/steps/ngx_http_review_vectors.h"
#include "http/call/ngx_http_review_call.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/embed/vector.h"
#include "review/json/write.h"
#include "review/rank/bm25.h"
#include "review/rank/rank.h"
#include "review/rank/rank_request.h"


/* what the thread works with: first the request, then what is known of it */

typedef struct {
    ngx_http_review_ctx_t      *ctx;        /* not the thread's */
    ngx_http_review_work_t     *work;
    review_pool_t              *pool;
    json_t                     *body;
    review_rank_given_t         given;
    review_rank_request_t       request;
    review_embed_request_t      inputs;     /* the same texts */
    ngx_uint_t                  embed;      /* embeddings can be had */
    float                     **vectors;    /* of the texts; NULL: none */
    size_t                      dim;
    review_rank_by_e            by;         /* in the end */
    review_buf_t                out;        /* "results" */
    review_error_t              err;
    int                         rc;
} ngx_http_review_ranking_t;


typedef struct {
    ngx_http_review_ctx_t       ctx;
    ngx_http_review_ranking_t  *ranking;
    ngx_http_review_vectors_t   vectors;
    ngx_http_review_failure_t   failure;    /* why there are no embeddings */
} ngx_http_review_rank_t;


static ngx_int_t ngx_http_review_rank_handler(ngx_http_request_t *r);
static void ngx_http_review_rank_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_rank_parsed(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_rank_prepare(void *data);
static void ngx_http_review_rank_prepared(void *data);
static ngx_int_t ngx_http_review_rank_start(ngx_http_review_rank_t *rank);
static ngx_int_t ngx_http_review_rank_embed(ngx_http_review_rank_t *rank);
static void ngx_http_review_rank_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_rank_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_rank_embedded(ngx_http_review_vectors_t *v);
static void ngx_http_review_rank_score(ngx_http_review_rank_t *rank);
static void ngx_http_review_rank_run(void *data);
static float *ngx_http_review_rank_scores(ngx_http_review_ranking_t *ranking,
    review_bm25_t *bm25, size_t query, float *scores);
static void ngx_http_review_rank_write(ngx_http_review_ranking_t *ranking,
    size_t query, review_ranked_t *ranked, size_t n);
static void ngx_http_review_rank_done(void *data);


char *
ngx_http_review_rank(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_review_endpoint_set(cf, cmd,
                                        ngx_http_review_rank_handler);
}


static ngx_int_t
ngx_http_review_rank_handler(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_rank_t  *rank;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_rank_t));

    if (ctx == NULL || ngx_http_review_work(ctx) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rank = (ngx_http_review_rank_t *) ctx;

    rank->ranking = ngx_pcalloc(ctx->work->pool,
                                sizeof(ngx_http_review_ranking_t));
    if (rank->ranking == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rank->ranking->ctx = ctx;
    rank->ranking->work = ctx->work;
    rank->ranking->pool = ctx->work->memory;

    ctx->read = ngx_http_review_rank_read;

    return ngx_http_review_ctx_read(ctx,
                                    ngx_http_review_headers_check_json(ctx));
}


static void
ngx_http_review_rank_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_parse_json(ctx, review_rank_members,
                               ngx_http_review_rank_parsed);
}


static void
ngx_http_review_rank_parsed(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_rank_t        *rank;
    ngx_http_review_steps_conf_t  *conf;

    rank = (ngx_http_review_rank_t *) ctx;
    conf = ngx_http_review_steps_conf(ctx);

    rank->ranking->body = ctx->body;
    rank->ranking->given.max_inputs = conf->max_inputs;
    rank->ranking->embed = (conf->embeddings != NULL);

    ngx_http_review_work_start(ctx->work,
                               ngx_http_review_body_size(ctx->request),
                               ngx_http_review_rank_prepare,
                               ngx_http_review_rank_prepared, rank->ranking);
}


/* on a thread */

static void
ngx_http_review_rank_prepare(void *data)
{
    ngx_http_review_ranking_t *ranking = data;

    review_rank_request_t  *request;

    request = &ranking->request;

    ranking->rc = review_rank_request(ranking->pool, ranking->body,
                                      &ranking->given, request, &ranking->err);

    if (ranking->rc == 0 && ranking->embed
        && request->by != REVIEW_RANK_BM25)
    {
        ranking->rc = review_embed_request_texts(
            ranking->pool, request->texts, request->nqueries + request->ntexts,
            &ranking->inputs);
    }
}


static void
ngx_http_review_rank_prepared(void *data)
{
    ngx_http_review_ranking_t *ranking = data;

    ngx_int_t               rc;
    ngx_http_review_ctx_t  *ctx;

    ctx = ranking->ctx;

    rc = ngx_http_review_problem_read(ctx, ranking->rc, &ranking->err);

    if (rc == NGX_OK) {
        rc = ngx_http_review_rank_start((ngx_http_review_rank_t *) ctx);
    }

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
    }
}


static ngx_int_t
ngx_http_review_rank_start(ngx_http_review_rank_t *rank)
{
    ngx_int_t                   rc;
    ngx_uint_t                  embed;
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_ranking_t  *ranking;

    ctx = &rank->ctx;
    ranking = rank->ranking;
    embed = ranking->request.by != REVIEW_RANK_BM25 && ranking->embed;

    ngx_http_review_ctx_waiter(ctx);

    /* the LLM's limit is not the embedding service's */

    ctx->waiter.limit = NULL;

    rc = embed ? ngx_http_review_ctx_budget(ctx, &ctx->waiter) : NGX_OK;

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->progress = ngx_http_review_rank_progress;
    ctx->expire = ngx_http_review_rank_expire;

    if (ngx_http_review_ctx_begin(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (embed) {
        return ngx_http_review_rank_embed(rank);
    }

    if (ranking->request.by != REVIEW_RANK_BM25) {
        rank->failure.code = REVIEW_CODE_NO_EMBEDDINGS;
        rank->failure.detail = review_code_sentence(rank->failure.code);
    }

    ngx_http_review_rank_score(rank);

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_rank_embed(ngx_http_review_rank_t *rank)
{
    ngx_http_review_vectors_t  *v;

    v = &rank->vectors;

    v->ctx = &rank->ctx;
    v->handler = ngx_http_review_rank_embedded;
    v->data = rank;
    v->inputs = rank->ranking->inputs.inputs;
    v->same = rank->ranking->inputs.same;
    v->n = rank->ranking->inputs.n;
    v->form = NGX_HTTP_REVIEW_VECTORS_FLOATS;

    return ngx_http_review_vectors_start(v);
}


static void
ngx_http_review_rank_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_rank_t  *rank;

    rank = (ngx_http_review_rank_t *) ctx;

    if (rank->vectors.ctx) {
        ngx_http_review_vectors_progress(&rank->vectors);
    }
}


/* the words are left */

static void
ngx_http_review_rank_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_rank_t  *rank;

    rank = (ngx_http_review_rank_t *) ctx;

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: %s, not all texts have embeddings",
                  ngx_http_review_ctx_why(ctx, "review_timeout is over"));

    if (rank->vectors.ctx && !rank->vectors.done) {
        ngx_http_review_vectors_expire(&rank->vectors);
    }
}


static void
ngx_http_review_rank_embedded(ngx_http_review_vectors_t *v)
{
    ngx_http_review_rank_t  *rank;

    rank = v->data;

    rank->ranking->dim = v->dim;
    rank->ranking->vectors = ngx_http_review_vectors_floats(v, v->ctx->work,
                                                            &rank->failure);

    ngx_http_review_rank_score(rank);
}


static void
ngx_http_review_rank_score(ngx_http_review_rank_t *rank)
{
    size_t                      size;
    ngx_http_review_ranking_t  *ranking;

    ranking = rank->ranking;

    ranking->by = ranking->vectors ? ranking->request.by : REVIEW_RANK_BM25;

    size = ranking->request.size
           + ranking->request.nqueries * ranking->request.ntexts
             * (ranking->vectors ? ranking->dim * sizeof(float) : 1);

    ngx_http_review_work_start(rank->ctx.work, size, ngx_http_review_rank_run,
                               ngx_http_review_rank_done, ranking);
}


/* on a thread */

static void
ngx_http_review_rank_run(void *data)
{
    ngx_http_review_ranking_t *ranking = data;

    size_t                  i, k, n;
    float                  *scores, *best;
    review_bm25_t          *bm25;
    review_ranked_t        *ranked;
    review_rank_request_t  *request;

    request = &ranking->request;
    n = request->ntexts;
    k = ngx_min(request->top_k, n);

    ranking->rc = -1;
    bm25 = NULL;

    scores = review_alloc(ranking->pool, 3 * n * sizeof(float));
    ranked = review_alloc(ranking->pool, k * sizeof(review_ranked_t));

    if (ranking->by != REVIEW_RANK_EMBEDDING) {
        bm25 = review_bm25_create(ranking->pool,
                                  request->texts + request->nqueries, n);
    }

    if (scores == NULL || ranked == NULL
        || (bm25 == NULL && ranking->by != REVIEW_RANK_EMBEDDING))
    {
        return;
    }

    review_buf_init(&ranking->out, ranking->pool, 64 * k * request->nqueries);

    for (i = 0; i < request->nqueries && !ranking->work->gone; i++) {

        best = ngx_http_review_rank_scores(ranking, bm25, i, scores);
        if (best == NULL) {
            return;
        }

        ngx_http_review_rank_write(ranking, i, ranked,
                                   review_rank_top(best, n, k, ranked));
    }

    ranking->rc = ranking->out.failed ? -1 : 0;
}


/* by words, by vectors, and by both: "scores" has room for the three */

static float *
ngx_http_review_rank_scores(ngx_http_review_ranking_t *ranking,
    review_bm25_t *bm25, size_t query, float *scores)
{
    float                  *words, *both;
    review_rank_request_t  *request;

    request = &ranking->request;
    words = scores + request->ntexts;
    both = words + request->ntexts;

    if (bm25 && review_bm25_scores(bm25, &request->texts[query], words) != 0) {
        return NULL;
    }

    if (ranking->by == REVIEW_RANK_BM25) {
        return words;
    }

    review_vector_cosines(ranking->vectors[query],
                          (const float *const *) ranking->vectors
                          + request->nqueries,
                          request->ntexts, ranking->dim, scores);

    if (ranking->by == REVIEW_RANK_EMBEDDING) {
        return scores;
    }

    return review_rank_fuse(ranking->pool, scores, words, request->ntexts,
                            both)
           ? NULL : both;
}


/* {"query","ranked":[{"index","id","score"}]} */

static void
ngx_http_review_rank_write(ngx_http_review_ranking_t *ranking, size_t query,
    review_ranked_t *ranked, size_t n)
{
    size_t                  i;
    u_char                  score[NGX_INT64_LEN + 8], *last;
    review_buf_t           *b;
    review_str_t           *id;
    review_rank_request_t  *request;

    b = &ranking->out;
    request = &ranking->request;

    review_write_object(b, NULL);
    review_write_number(b, "query", query);
    review_write_array(b, "ranked");

    for (i = 0; i < n; i++) {
        id = &request->ids[ranked[i].index];

        review_write_object(b, NULL);
        review_write_number(b, "index", ranked[i].index);

        if (id->data) {
            review_write_str(b, "id", id);
        }

        last = ngx_snprintf(score, sizeof(score), "%.6f",
                            (double) ranked[i].score);

        review_write_raw(b, "score", (char *) score, last - score);
        review_write_object_end(b);
    }

    review_write_array_end(b);
    review_write_object_end(b);
}


static void
ngx_http_review_rank_done(void *data)
{
    ngx_http_review_ranking_t *ranking = data;

    review_buf_t             head, tail;
    ngx_chain_t             *out, **ll;
    ngx_pool_t              *pool;
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_rank_t  *rank;

    ctx = ranking->ctx;
    rank = (ngx_http_review_rank_t *) ctx;
    pool = ctx->request->pool;

    if (ranking->rc != 0) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    review_buf_init(&head, ctx->pool, 64);
    review_buf_init(&tail, ctx->pool, 256);

    review_write_object(&head, NULL);
    review_write_word(&head, "by", review_rank_names[ranking->by]);
    review_write_array(&head, "results");

    review_write_array_end(&tail);

    if (ranking->vectors) {
        ngx_http_review_vectors_write_model(&tail, &rank->vectors);
    }

    if (rank->failure.code) {
        ngx_http_review_reply_error(&tail, rank->failure.code,
                                    rank->failure.detail, rank->failure.note);
    }

    review_write_object(&tail, "usage");
    review_write_number(&tail, "prompt_tokens", ctx->usage.prompt_tokens);
    review_write_number(&tail, "calls", ctx->usage.calls);
    review_write_object_end(&tail);

    review_write_number(&tail, "elapsed_ms", ngx_current_msec - ctx->started);
    ngx_http_review_reply_cut(&tail, ctx);
    review_write_object_end(&tail);

    ll = ngx_http_review_reply_add(&out, pool, head.data, head.len);
    ll = ngx_http_review_reply_add(ll, pool, ranking->out.data,
                                   ranking->out.len);
    ll = ngx_http_review_reply_add(ll, pool, tail.data, tail.len);

    ctx->status = "complete";

    ngx_http_review_ctx_reply(ctx, NGX_HTTP_OK,
                              ll && !head.failed && !tail.failed ? out : NULL);
}
