
/*
 * Answers that come gzipped, although nobody has asked for that.  The bytes go
 * on as they are inflated, in small portions: what they can grow to is bounded
 * by the limit of whoever takes them.
 */

#include "http/call/ngx_http_review_call.h"

#include <zlib.h>


#define NGX_HTTP_REVIEW_INFLATE_BUFFER  4096


static void
ngx_http_review_inflate_cleanup(void *data)
{
    (void) inflateEnd(data);
}


ngx_int_t
ngx_http_review_inflate_init(ngx_http_review_call_t *call)
{
    z_stream            *z;
    ngx_pool_cleanup_t  *cln;

    z = ngx_pcalloc(call->ctx->request->pool, sizeof(z_stream));
    cln = ngx_pool_cleanup_add(call->ctx->request->pool, 0);

    if (z == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    if (inflateInit2(z, MAX_WBITS + 16) != Z_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_review_inflate_cleanup;
    cln->data = z;

    call->inflate = z;

    return NGX_OK;
}


/* NGX_ERROR: more input makes no sense */

ngx_int_t
ngx_http_review_inflate(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    int        rc;
    size_t     n;
    u_char     buf[NGX_HTTP_REVIEW_INFLATE_BUFFER];
    z_stream  *z;

    z = call->inflate;

    z->next_in = data;
    z->avail_in = len;

    do {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        rc = inflate(z, Z_SYNC_FLUSH);

        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            call->encoded = 1;
            return NGX_ERROR;
        }

        n = sizeof(buf) - z->avail_out;

        if (n && call->backend->feed(call, buf, n) != NGX_OK) {
            return NGX_ERROR;
        }

    } while (rc == Z_OK && z->avail_out == 0);

    return NGX_OK;
}
