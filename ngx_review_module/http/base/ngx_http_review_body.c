
/* A client's body in one piece of memory, however nginx has kept it. */

#include "http/base/ngx_http_review_base.h"


static ngx_int_t
ngx_http_review_body_read_file(ngx_buf_t *b, u_char *dst)
{
    ssize_t  n;
    size_t   size;

    size = b->file_last - b->file_pos;

    n = ngx_read_file(b->file, dst, size, b->file_pos);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    if ((size_t) n != size) {
        ngx_log_error(NGX_LOG_ALERT, b->file->log, 0,
                      ngx_read_file_n " returned only %z bytes instead of %uz",
                      n, size);
        return NGX_ERROR;
    }

    return NGX_OK;
}


off_t
ngx_http_review_body_size(ngx_http_request_t *r)
{
    off_t         size;
    ngx_chain_t  *cl;

    size = 0;

    for (cl = r->request_body ? r->request_body->bufs : NULL;
         cl;
         cl = cl->next)
    {
        size += ngx_buf_size(cl->buf);
    }

    return size;
}


ngx_int_t
ngx_http_review_body_join(ngx_chain_t *bufs, u_char *p)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        /* what is in neither only marks the end */

        if (b->in_file) {
            if (ngx_http_review_body_read_file(b, p) != NGX_OK) {
                return NGX_ERROR;
            }

            p += b->file_last - b->file_pos;
        }
    }

    return NGX_OK;
}


/* nginx has one buffer for a body in memory, and a link for each read */

ngx_int_t
ngx_http_review_body_is_whole(ngx_chain_t *bufs, ngx_str_t *body)
{
    ngx_chain_t  *cl;

    body->data = bufs->buf->pos;
    body->len = 0;

    for (cl = bufs; cl; cl = cl->next) {

        if (!ngx_buf_in_memory(cl->buf)
            || cl->buf->pos != body->data + body->len)
        {
            return 0;
        }

        body->len += cl->buf->last - cl->buf->pos;
    }

    return 1;
}


ngx_int_t
ngx_http_review_body_read(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char       *p;
    ngx_chain_t  *bufs;

    ngx_str_null(body);

    bufs = r->request_body ? r->request_body->bufs : NULL;

    if (bufs == NULL || ngx_http_review_body_is_whole(bufs, body)) {
        return NGX_OK;
    }

    body->len = ngx_http_review_body_size(r);

    p = ngx_pnalloc(r->pool, body->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;

    return ngx_http_review_body_join(bufs, p);
}


/*
 * What a thread may read although the request ends meanwhile: nginx's buffer
 * changes its owner if it is large, other memory is copied, a temporary file
 * gets another descriptor.
 */

static ngx_int_t
ngx_http_review_body_take_large(ngx_http_request_t *r, ngx_pool_t *pool)
{
    ngx_buf_t         *b;
    ngx_pool_large_t  *l, *taken;

    b = r->request_body ? r->request_body->buf : NULL;

    for (l = b ? r->pool->large : NULL; l; l = l->next) {

        if (l->alloc == NULL || l->alloc != b->start) {
            continue;
        }

        taken = ngx_palloc(pool, sizeof(ngx_pool_large_t));
        if (taken == NULL) {
            return NGX_ERROR;
        }

        taken->alloc = l->alloc;
        taken->next = pool->large;
        pool->large = taken;

        l->alloc = NULL;

        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_buf_t *
ngx_http_review_body_take_memory(ngx_pool_t *pool, ngx_buf_t *b,
    ngx_buf_t *large)
{
    size_t      size;
    ngx_buf_t  *taken;

    if (large && b->pos >= large->start && b->last <= large->end) {
        taken = ngx_palloc(pool, sizeof(ngx_buf_t));

        if (taken) {
            *taken = *b;
        }

        return taken;
    }

    size = b->last - b->pos;
    taken = ngx_create_temp_buf(pool, size);

    if (taken) {
        taken->last = ngx_cpymem(taken->pos, b->pos, size);
    }

    return taken;
}


static ngx_buf_t *
ngx_http_review_body_take_file(ngx_pool_t *pool, ngx_buf_t *b)
{
    ngx_buf_t                *taken;
    ngx_file_t               *file;
    ngx_pool_cleanup_t       *cln;
    ngx_pool_cleanup_file_t  *closing;

    taken = ngx_palloc(pool, sizeof(ngx_buf_t));
    file = ngx_palloc(pool, sizeof(ngx_file_t));
    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_pool_cleanup_file_t));

    if (taken == NULL || file == NULL || cln == NULL) {
        return NULL;
    }

    *taken = *b;
    *file = *b->file;

    taken->file = file;
    file->log = ngx_cycle->log;

    /* its own name goes with the request */

    ngx_str_set(&file->name, "a request's body");

    file->fd = fcntl(b->file->fd, F_DUPFD_CLOEXEC, 0);

    if (file->fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_ALERT, file->log, ngx_errno,
                      "fcntl(F_DUPFD_CLOEXEC) failed");
        return NULL;
    }

    closing = cln->data;
    closing->fd = file->fd;
    closing->name = file->name.data;
    closing->log = file->log;

    cln->handler = ngx_pool_cleanup_file;

    return taken;
}


ngx_int_t
ngx_http_review_body_take(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_chain_t **bufs)
{
    ngx_buf_t    *b, *large;
    ngx_int_t     rc;
    ngx_chain_t  *cl, **ll;

    rc = ngx_http_review_body_take_large(r, pool);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    large = (rc == NGX_OK) ? r->request_body->buf : NULL;
    ll = bufs;

    for (cl = r->request_body ? r->request_body->bufs : NULL;
         cl;
         cl = cl->next)
    {
        b = cl->buf;

        if (!ngx_buf_in_memory(b) && !b->in_file) {
            continue;
        }

        *ll = ngx_alloc_chain_link(pool);
        if (*ll == NULL) {
            return NGX_ERROR;
        }

        (*ll)->buf = ngx_buf_in_memory(b)
                     ? ngx_http_review_body_take_memory(pool, b, large)
                     : ngx_http_review_body_take_file(pool, b);

        if ((*ll)->buf == NULL) {
            return NGX_ERROR;
        }

        ll = &(*ll)->next;
    }

    *ll = NULL;

    return NGX_OK;
}
