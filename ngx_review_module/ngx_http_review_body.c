
/* A client's body in one piece of memory, however nginx has kept it. */

#include "ngx_http_review.h"


static ngx_int_t
ngx_http_review_read_file(ngx_buf_t *b, u_char *dst)
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


ngx_int_t
ngx_http_review_read_body(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t         size;
    u_char       *p;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *bufs;

    ngx_str_null(body);

    bufs = r->request_body ? r->request_body->bufs : NULL;

    if (bufs == NULL) {
        return NGX_OK;
    }

    b = bufs->buf;

    if (bufs->next == NULL && ngx_buf_in_memory(b)) {
        body->data = b->pos;
        body->len = b->last - b->pos;
        return NGX_OK;
    }

    size = 0;

    for (cl = bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = size;

    for (cl = bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        /* what is in neither only marks the end */

        if (b->in_file) {
            if (ngx_http_review_read_file(b, p) != NGX_OK) {
                return NGX_ERROR;
            }

            p += b->file_last - b->file_pos;
        }
    }

    return NGX_OK;
}
