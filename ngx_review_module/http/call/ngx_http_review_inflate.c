
/*
 * Answers that come gzipped, although nobody has asked for that, or somebody
 * else has.  The bytes go on as they are inflated, in small portions: what they
 * can grow to is bounded by whoever takes them.
 */

#include "http/call/ngx_http_review_inflate.h"

#include <zlib.h>


#define NGX_HTTP_REVIEW_INFLATE_BUFFER  4096


static ngx_uint_t
ngx_http_review_inflate_is(ngx_str_t *coding, char *name)
{
    return coding->len == ngx_strlen(name)
           && ngx_strncasecmp(coding->data, (u_char *) name, coding->len) == 0;
}


ngx_int_t
ngx_http_review_inflate_coding(ngx_table_elt_t *coding)
{
    if (coding == NULL || coding->value.len == 0
        || ngx_http_review_inflate_is(&coding->value, "identity"))
    {
        return NGX_OK;
    }

    return ngx_http_review_inflate_is(&coding->value, "gzip") ? NGX_DONE
                                                              : NGX_DECLINED;
}


static void
ngx_http_review_inflate_cleanup(void *data)
{
    (void) inflateEnd(data);
}


void *
ngx_http_review_inflate_create(ngx_pool_t *pool)
{
    z_stream            *z;
    ngx_pool_cleanup_t  *cln;

    z = ngx_pcalloc(pool, sizeof(z_stream));
    cln = ngx_pool_cleanup_add(pool, 0);

    if (z == NULL || cln == NULL) {
        return NULL;
    }

    if (inflateInit2(z, MAX_WBITS + 16) != Z_OK) {
        return NULL;
    }

    cln->handler = ngx_http_review_inflate_cleanup;
    cln->data = z;

    return z;
}


ngx_int_t
ngx_http_review_inflate(void *stream, u_char *data, size_t len,
    ngx_http_review_inflate_pt feed, void *ctx)
{
    int        rc;
    size_t     n;
    u_char     buf[NGX_HTTP_REVIEW_INFLATE_BUFFER];
    z_stream  *z;

    z = stream;

    z->next_in = data;
    z->avail_in = len;

    do {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        rc = inflate(z, Z_SYNC_FLUSH);

        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            return NGX_DECLINED;
        }

        n = sizeof(buf) - z->avail_out;

        if (n && feed(ctx, buf, n) != NGX_OK) {
            return NGX_ERROR;
        }

    } while (rc == Z_OK && z->avail_out == 0);

    return NGX_OK;
}
