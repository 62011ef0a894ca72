
/*
 * Downloads of URLs that somebody has sent us: each is checked before it is
 * asked for, as are the redirects it leads to, and the addresses that names
 * lead to.  What becomes of the bytes is the owner's.
 */

#ifndef _NGX_HTTP_REVIEW_DOWNLOAD_H_INCLUDED_
#define _NGX_HTTP_REVIEW_DOWNLOAD_H_INCLUDED_


#include "http/transfer/ngx_http_review_curl.h"
#include "http/request/ngx_http_review_request.h"

#include "review/net/address.h"
#include "review/net/url.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_download_s  ngx_http_review_download_t;


/* the wing's configuration */

typedef struct {
    ngx_array_t                *fetch_allow; /* NULL: nobody */
} ngx_http_review_transfer_conf_t;


extern ngx_module_t  ngx_http_review_transfer_module;

#define ngx_http_review_transfer_conf(r)                                      \
    ((ngx_http_review_transfer_conf_t *)                                      \
         (r)->loc_conf[ngx_http_review_transfer_module.ctx_index])

char *ngx_http_review_fetch_allow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * A download, zeroed when it is made; it may be started again once it has
 * ended, then with a pool of that start's.  Callbacks are called from the
 * event loop, never from inside of start, resume, or cancel; after cancel, or
 * done, none is.
 */

struct ngx_http_review_download_s {

    /* what the owner sets */

    ngx_http_review_ctx_t      *ctx;        /* whose review_fetch_allow, and
                                               timeout, it is */
    ngx_pool_t                 *pool;       /* must last until the end */
    review_str_t                url;        /* as somebody wrote it */
    off_t                       max_size;
    void                       *data;

    /*
     * The body of a success begins, if there is any, and a piece of it:
     * NGX_OK, NGX_AGAIN: not now, it comes again after resume; NGX_ERROR stops
     * the download.  Both are called from inside of libcurl: they only note
     * what there is, and must not end the request.  "begin" may be NULL.
     */

    void                      (*begin)(ngx_http_review_download_t *d);
    ngx_int_t                 (*body)(ngx_http_review_download_t *d,
                                      u_char *data, size_t len);

    /* the end; it may start the download again, or end the request */

    void                      (*done)(ngx_http_review_download_t *d);

    /*
     * What came of it; texts lie in the pool.  The type and the length are
     * those that the server tells, known when the body begins.
     */

    review_code_t               code;
    const char                 *detail;     /* for people; NULL: none */
    ngx_uint_t                  http_status; /* 0: no response */
    off_t                       size;       /* of the body so far */
    review_str_t                type;       /* data is NULL: none; has a zero
                                               behind it */
    off_t                       length;     /* at most max_size; -1: none */

    /* its own */

    ngx_http_review_transfer_t  transfer;
    ngx_event_t                 posted;
    review_pool_t              *memory;     /* the pool */
    review_url_t                at;         /* where it is now */
    review_str_t                location;   /* data is NULL: none */
    ngx_uint_t                  redirects;
    ngx_msec_t                  started;
    unsigned                    begun:1;    /* the body */
    unsigned                    too_large:1;
    unsigned                    ended:1;    /* there is a result */
};


/*
 * NGX_OK: done is called, though for a URL that is refused; NGX_ERROR: nothing
 * was started, and nothing is called.
 */

ngx_int_t ngx_http_review_download_start(ngx_http_review_download_t *d);

/* goes on after NGX_AGAIN of body */

void ngx_http_review_download_resume(ngx_http_review_download_t *d);

/* idempotent; then http_status is what has come until now */

void ngx_http_review_download_cancel(ngx_http_review_download_t *d);


/*
 * ngx_http_review_download_allow.c: why may this not be asked for?
 */

review_code_t ngx_http_review_download_allow_why_bad(review_url_e rc);
review_code_t ngx_http_review_download_allow_why_not(ngx_http_review_ctx_t *ctx,
    review_url_t *url);

/* may a transfer for that URL talk to that address? */

ngx_uint_t ngx_http_review_download_allow_may_connect(
    ngx_http_review_ctx_t *ctx, review_url_t *url, struct sockaddr *sockaddr);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_DOWNLOAD_H_INCLUDED_ */
