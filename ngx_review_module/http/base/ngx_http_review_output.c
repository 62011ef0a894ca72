
/*
 * What is to be sent, written by a thread: a small one is kept in memory, a
 * large one goes to a temporary file, as nginx's own buffers do; if there is no
 * room for that, it is kept in memory after all, since much work is in it.
 */

#include "http/base/ngx_http_review_base.h"


/* bytes kept in memory, and written to the file at a time */

#define NGX_HTTP_REVIEW_OUTPUT_WINDOW  (512 * 1024)
#define NGX_HTTP_REVIEW_OUTPUT_SIZE    (16 * 1024)


static int ngx_http_review_output_drain(void *data, const char *p, size_t len);


void
ngx_http_review_output_init(ngx_http_review_output_t *out, ngx_pool_t *pool,
    review_pool_t *memory, ngx_path_t *path)
{
    ngx_memzero(out, sizeof(ngx_http_review_output_t));

    out->pool = pool;
    out->path = path;

    review_buf_init(&out->buf, memory, NGX_HTTP_REVIEW_OUTPUT_SIZE);

    out->buf.drain = ngx_http_review_output_drain;
    out->buf.to = out;
    out->buf.window = NGX_HTTP_REVIEW_OUTPUT_WINDOW;
}


/* nobody else can open it: it has no name any more */

static ngx_int_t
ngx_http_review_output_file(ngx_http_review_output_t *out)
{
    ngx_file_t  *file;

    file = ngx_pcalloc(out->pool, sizeof(ngx_file_t));
    if (file == NULL) {
        return NGX_ERROR;
    }

    file->fd = NGX_INVALID_FILE;
    file->log = ngx_cycle->log;

    if (ngx_create_temp_file(file, out->path, out->pool, 0, 0, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    out->file = file;

    return NGX_OK;
}


/* what the file has comes back, before what the buffer has */

static int
ngx_http_review_output_keep(ngx_http_review_output_t *out)
{
    char          *data;
    size_t         size;
    review_buf_t  *b;

    b = &out->buf;
    size = (size_t) out->size + b->size;

    data = review_alloc(b->pool, size);

    if (data == NULL
        || ngx_read_file(out->file, (u_char *) data, out->size, 0)
           != (ssize_t) out->size)
    {
        return -1;
    }

    ngx_memcpy(data + out->size, b->data, b->len);

    b->data = data;
    b->len += (size_t) out->size;
    b->size = size;

    out->file = NULL;

    return 1;
}


static int
ngx_http_review_output_drain(void *data, const char *p, size_t len)
{
    ngx_http_review_output_t *out = data;

    if (out->stop && *out->stop) {
        return -1;
    }

    if (out->file == NULL && ngx_http_review_output_file(out) != NGX_OK) {
        out->buf.drain = NULL;
        return 1;
    }

    if (ngx_write_file(out->file, (u_char *) p, len, out->size) == NGX_ERROR) {
        out->buf.drain = NULL;
        return ngx_http_review_output_keep(out);
    }

    out->size += len;

    return 0;
}


ngx_int_t
ngx_http_review_output_end(ngx_http_review_output_t *out)
{
    int            rc;
    review_buf_t  *b;

    b = &out->buf;

    if (out->file && !b->failed) {
        rc = ngx_http_review_output_drain(out, b->data, b->len);

        b->failed = (rc < 0);
        b->len = (rc == 0) ? 0 : b->len;
    }

    return b->failed ? NGX_ERROR : NGX_OK;
}


off_t
ngx_http_review_output_size(ngx_http_review_output_t *out)
{
    return out->file ? out->size : (off_t) out->buf.len;
}


ngx_int_t
ngx_http_review_output_copy(ngx_http_review_output_t *out, u_char *dst,
    size_t size, off_t offset)
{
    if (out->file) {
        return ngx_read_file(out->file, dst, size, offset) == (ssize_t) size
               ? NGX_OK : NGX_ERROR;
    }

    ngx_memcpy(dst, out->buf.data + offset, size);

    return NGX_OK;
}


ngx_buf_t *
ngx_http_review_output_buf(ngx_http_review_output_t *out, ngx_pool_t *pool)
{
    ngx_buf_t  *b;

    b = ngx_calloc_buf(pool);
    if (b == NULL) {
        return NULL;
    }

    b->tag = (ngx_buf_tag_t) &ngx_http_review_module;

    if (out->file) {
        b->in_file = 1;
        b->file = out->file;
        b->file_last = out->size;

    } else {
        b->memory = 1;
        b->pos = (u_char *) out->buf.data;
        b->last = b->pos + out->buf.len;
    }

    return b;
}
