
/* The documents of a request that come from elsewhere, a few at a time. */

#include "http/source/ngx_http_review_source.h"
#include "http/request/ngx_http_review_work.h"


#define NGX_HTTP_REVIEW_SOURCES_CALLS  4


static void ngx_http_review_sources_more(ngx_http_review_sources_t *sources);
static void ngx_http_review_sources_done(ngx_http_review_source_t *source);


ngx_int_t
ngx_http_review_sources_init(ngx_http_review_sources_t *sources,
    ngx_http_review_ctx_t *ctx)
{
    sources->ctx = ctx;

    return ngx_array_init(&sources->list, ctx->request->pool, 1,
                          sizeof(ngx_http_review_source_t *));
}


ngx_http_review_source_t *
ngx_http_review_sources_add(ngx_http_review_sources_t *sources,
    review_source_e from, const char *pointer, review_document_t *document)
{
    ngx_http_review_work_t     *work, *raw;
    ngx_http_review_source_t   *source, **list;

    list = ngx_array_push(&sources->list);
    work = ngx_http_review_work_create(sources->ctx);
    raw = ngx_http_review_work_create(sources->ctx);

    if (list == NULL || work == NULL || raw == NULL
        || ngx_http_review_work_hold(raw, work) != NGX_OK
        || ngx_http_review_work_hold(raw, sources->ctx->work) != NGX_OK
        || ngx_http_review_work_hold(sources->ctx->work, work) != NGX_OK)
    {
        return NULL;
    }

    source = ngx_pcalloc(work->pool, sizeof(ngx_http_review_source_t));

    if (source == NULL
        || ngx_array_init(&source->pieces, raw->pool, 4, sizeof(review_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    source->owner = sources;
    source->handler = ngx_http_review_sources_done;
    source->from = from;
    source->into = document;
    source->work = work;
    source->raw = raw;

    ngx_memcpy(source->pointer, pointer, ngx_strlen(pointer) + 1);

    *list = source;
    sources->left++;

    return source;
}


void
ngx_http_review_sources_start(ngx_http_review_sources_t *sources)
{
    ngx_http_review_sources_more(sources);
    ngx_http_review_ctx_wake(sources->ctx);
}


static void
ngx_http_review_sources_more(ngx_http_review_sources_t *sources)
{
    ngx_uint_t                  i, running;
    ngx_http_review_source_t  **source;

    source = sources->list.elts;
    running = 0;

    for (i = 0; i < sources->next; i++) {
        running += (source[i]->state != NGX_HTTP_REVIEW_SOURCE_DONE);
    }

    while (running < NGX_HTTP_REVIEW_SOURCES_CALLS
           && sources->next < sources->list.nelts)
    {
        ngx_http_review_source_start(source[sources->next++]);
        running++;
    }
}


/* the handler may end the request: nothing is touched after it */

void
ngx_http_review_sources_progress(ngx_http_review_sources_t *sources)
{
    ngx_uint_t                  i;
    ngx_http_review_source_t  **source;

    source = sources->list.elts;

    /* of several that fail, the first is told: there is one problem */

    for (i = 0; i < sources->next && sources->rc == NGX_OK; i++) {
        ngx_http_review_source_step(source[i]);
    }

    if (sources->rc != NGX_OK) {

        /* without one of them there is nothing to do */

        ngx_http_review_sources_cancel(sources);
        sources->handler(sources);
        return;
    }

    if (sources->left) {
        ngx_http_review_sources_more(sources);
        return;
    }

    sources->next = 0;
    sources->handler(sources);
}


static void
ngx_http_review_sources_done(ngx_http_review_source_t *source)
{
    ngx_http_review_sources_t  *sources;

    sources = source->owner;

    source->state = NGX_HTTP_REVIEW_SOURCE_DONE;

    sources->left--;

    if (sources->rc == NGX_OK) {
        sources->rc = source->rc;
    }

    ngx_http_review_ctx_wake(sources->ctx);
}


void
ngx_http_review_sources_cancel(ngx_http_review_sources_t *sources)
{
    ngx_uint_t                  i;
    ngx_http_review_source_t  **source;

    source = sources->list.elts;

    for (i = 0; i < sources->next; i++) {
        if (source[i]->state != NGX_HTTP_REVIEW_SOURCE_DONE) {
            ngx_http_review_source_cancel(source[i]);
        }
    }

    sources->next = 0;
}
