
/* nginx's pools, for the lower floor. */

#include "http/base/ngx_http_review_base.h"


static void *
ngx_http_review_pool_alloc(review_pool_t *pool, size_t size)
{
    return ngx_palloc(pool->ctx, size);
}


static int
ngx_http_review_pool_cleanup(review_pool_t *pool, void (*handler)(void *),
    void *data)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool->ctx, 0);
    if (cln == NULL) {
        return -1;
    }

    cln->handler = handler;
    cln->data = data;

    return 0;
}


review_pool_t *
ngx_http_review_pool(ngx_pool_t *pool)
{
    review_pool_t  *p;

    p = ngx_palloc(pool, sizeof(review_pool_t));
    if (p == NULL) {
        return NULL;
    }

    p->alloc = ngx_http_review_pool_alloc;
    p->cleanup = ngx_http_review_pool_cleanup;
    p->ctx = pool;

    return p;
}
