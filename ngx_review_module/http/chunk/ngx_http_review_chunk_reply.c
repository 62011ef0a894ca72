
/* The reply to a review: its results together, and as events while it runs. */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


/*
 * Bodies share what is large, and are not copied to be shown; but a client
 * could have a thousand points shown with the same megabyte.
 */

#define NGX_HTTP_REVIEW_CHUNK_SHOWN  (16 * 1024 * 1024)


static ngx_chain_t *ngx_http_review_chunk_reply_chain(
    ngx_http_review_chunk_t *chunk);


/* the whole reply, or what is left of it; returns what finalizes the request */

ngx_int_t
ngx_http_review_chunk_reply(ngx_http_review_chunk_t *chunk, ngx_uint_t status)
{
    ngx_chain_t            *out;
    ngx_http_review_ctx_t  *ctx;

    ctx = &chunk->ctx;

    out = ngx_http_review_chunk_reply_chain(chunk);
    if (out == NULL) {
        return ctx->sse ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->sse) {
        return ngx_http_review_reply_event(ctx, "done", out, 1);
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE && !ctx->cut
        && ngx_http_review_headers_add_retry_after(ctx->request,
                                                   chunk->retry_after)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_review_reply_whole(ctx, status, out);
}


/* {"id","rubric","status","results":[ */

static void
ngx_http_review_chunk_reply_head(ngx_http_review_chunk_t *chunk,
    review_buf_t *b)
{
    review_rubric_t  *rubric;

    rubric = chunk->rubric;

    review_write_object(b, NULL);
    review_write_str_or_null(b, "id", &chunk->id);

    if (rubric) {
        review_write_object(b, "rubric");
        review_write_str(b, "name", &rubric->name);
        review_write_str(b, "version", &rubric->version);

        if (rubric->own) {
            review_write_bool(b, "inline", 1);
        }

        review_write_object_end(b);

    } else {
        review_write_null(b, "rubric");
    }

    review_write_word(b, "status", chunk->ctx.status);
    review_write_array(b, "results");
}


/* pieces are never written again, and live as long as the request */

ngx_int_t
ngx_http_review_chunk_reply_explain(ngx_http_review_cell_t *cell,
    review_str_t *pieces, size_t n)
{
    size_t                        i, size;
    ngx_http_review_chunk_t      *chunk;
    ngx_http_review_explained_t  *explained;

    chunk = cell->chunk;

    if (cell->explained == NULL) {
        cell->explained = ngx_array_create(chunk->ctx.request->pool, 1,
                                           sizeof(ngx_http_review_explained_t));
        if (cell->explained == NULL) {
            return NGX_ERROR;
        }
    }

    explained = ngx_array_push(cell->explained);
    if (explained == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, size = 0; i < n; i++) {
        size += pieces[i].len;
    }

    explained->pieces = pieces;
    explained->npieces = 0;

    if (size <= NGX_HTTP_REVIEW_CHUNK_SHOWN - chunk->explained) {
        explained->npieces = n;
        chunk->explained += size;
    }

    return NGX_OK;
}


/* each body as it is sent, or null */

static ngx_chain_t **
ngx_http_review_chunk_reply_bodies(ngx_chain_t **ll,
    ngx_http_review_cell_t *cell)
{
    size_t                        i, k;
    ngx_pool_t                   *pool;
    ngx_http_review_explained_t  *explained;

    pool = cell->chunk->ctx.request->pool;
    explained = cell->explained->elts;

    for (i = 0; i < cell->explained->nelts; i++) {

        if (i) {
            ll = ngx_http_review_reply_add(ll, pool, ",", 1);
        }

        if (explained[i].npieces == 0) {
            ll = ngx_http_review_reply_add(ll, pool, "null", 4);
        }

        for (k = 0; k < explained[i].npieces; k++) {
            ll = ngx_http_review_reply_add(ll, pool,
                                           explained[i].pieces[k].data,
                                           explained[i].pieces[k].len);
        }
    }

    return ll;
}


/* a result, and the bodies of its calls if these are shown */

static ngx_chain_t **
ngx_http_review_chunk_reply_cell(ngx_chain_t **ll,
    ngx_http_review_cell_t *cell)
{
    ngx_pool_t    *pool;
    review_buf_t   end;

    pool = cell->chunk->ctx.request->pool;

    ll = ngx_http_review_reply_add(ll, pool, (char *) cell->result.data,
                                   cell->result.len);

    if (!cell->open) {
        return ll;
    }

    if (cell->explained) {
        ll = ngx_http_review_chunk_reply_bodies(ll, cell);
    }

    review_buf_init(&end, cell->chunk->ctx.pool, 8);
    review_write_array_end(&end);
    review_write_object_end(&end);

    return end.failed ? NULL : ngx_http_review_reply_add(ll, pool, end.data,
                                                         end.len);
}


static ngx_chain_t *
ngx_http_review_chunk_reply_chain(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t     i;
    ngx_pool_t    *pool;
    ngx_chain_t   *out, **ll;
    review_buf_t   head, tail;

    pool = chunk->ctx.request->pool;

    review_buf_init(&head, chunk->ctx.pool, 128);
    review_buf_init(&tail, chunk->ctx.pool, 192);

    ngx_http_review_chunk_reply_head(chunk, &head);

    review_write_array_end(&tail);
    ngx_http_review_reply_usage(&tail, &chunk->ctx.usage, 1);

    /* for tasks: is this more than the LLM bears? */

    if (ngx_http_review_limit_conf(&chunk->ctx)->limited) {
        review_write_number(&tail, "queue_ms", chunk->ctx.usage.queue_time);
        review_write_number(&tail, "llm_ms", chunk->ctx.usage.time);
    }

    review_write_number(&tail, "elapsed_ms",
                        ngx_current_msec - chunk->ctx.started);

    if (chunk->retry_after) {
        review_write_number(&tail, "retry_after", chunk->retry_after);
    }

    ngx_http_review_reply_cut(&tail, &chunk->ctx);
    review_write_object_end(&tail);

    if (head.failed || tail.failed) {
        return NULL;
    }

    ll = ngx_http_review_reply_add(&out, pool, head.data, head.len);

    for (i = 0; i < chunk->ncells; i++) {

        if (i) {
            ll = ngx_http_review_reply_add(ll, pool, ",", 1);
        }

        ll = ngx_http_review_chunk_reply_cell(ll, &chunk->cells[i]);
    }

    ll = ngx_http_review_reply_add(ll, pool, tail.data, tail.len);

    return ll ? out : NULL;
}


/* an answer shows that the LLM is there */

void
ngx_http_review_chunk_reply_result(ngx_http_review_cell_t *cell)
{
    ngx_chain_t            *cl;
    ngx_http_review_ctx_t  *ctx;

    ctx = &cell->chunk->ctx;

    if (ngx_http_review_chunk_reply_cell(&cl, cell) == NULL
        || ngx_http_review_reply_event(ctx, "result", cl, 0) == NGX_ERROR)
    {
        ctx->broken = 1;
        return;
    }

    if (cell->status == NGX_HTTP_REVIEW_OK && cell->call) {
        cell->chunk->waits = 0;
    }

    ngx_http_review_chunk_reply_progress(cell->chunk);
}


/* {"done","total","failed","waiting"?} */

void
ngx_http_review_chunk_reply_progress(ngx_http_review_chunk_t *chunk)
{
    ngx_chain_t            *cl;
    review_buf_t            b;
    ngx_http_review_ctx_t  *ctx;

    ctx = &chunk->ctx;

    review_buf_init(&b, ctx->pool, 64);
    review_write_object(&b, NULL);
    review_write_number(&b, "done", chunk->ndone);
    review_write_number(&b, "total", chunk->ncells);
    review_write_number(&b, "failed", ctx->failed);

    if (chunk->waits) {
        review_write_word(&b, "waiting", "llm");
    }

    review_write_object_end(&b);

    cl = ngx_http_review_reply_buf(ctx->request->pool, &b);

    if (cl == NULL
        || ngx_http_review_reply_event(ctx, "progress", cl, 0) == NGX_ERROR)
    {
        ctx->broken = 1;
    }
}
