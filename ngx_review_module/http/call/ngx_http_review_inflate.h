
/* Answers that come gzipped, for those who read them. */

#ifndef _NGX_HTTP_REVIEW_INFLATE_H_INCLUDED_
#define _NGX_HTTP_REVIEW_INFLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#pragma GCC visibility push(hidden)


/* takes what was inflated; anything but NGX_OK: it wants no more */

typedef ngx_int_t (*ngx_http_review_inflate_pt)(void *ctx, u_char *data,
    size_t len);


/* NGX_OK: plain; NGX_DONE: gzipped; NGX_DECLINED: nothing we can read */

ngx_int_t ngx_http_review_inflate_coding(ngx_table_elt_t *coding);

/* it ends with the pool; NULL: there was no memory */

void *ngx_http_review_inflate_create(ngx_pool_t *pool);

/* NGX_ERROR: no more is wanted; NGX_DECLINED: it is not gzipped at all */

ngx_int_t ngx_http_review_inflate(void *stream, u_char *data, size_t len,
    ngx_http_review_inflate_pt feed, void *ctx);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_INFLATE_H_INCLUDED_ */
