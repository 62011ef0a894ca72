
/* What needs no more than nginx. */

#ifndef _NGX_HTTP_REVIEW_BASE_H_INCLUDED_
#define _NGX_HTTP_REVIEW_BASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


#define NGX_HTTP_UNPROCESSABLE  422


/* the one whose context a request has; buffers and errors bear its name */

extern ngx_module_t  ngx_http_review_module;


/* the internal location of a backend */

typedef struct {
    ngx_str_t                   uri;
    ngx_str_t                   args;
    ngx_str_t                   file;       /* where it is set */
    ngx_uint_t                  line;
    unsigned                    warned:1;   /* of what it leads to */
} ngx_http_review_uri_t;


/*
 * ngx_http_review_param.c: parameters of directives.  "name=value": 1, and the
 * value; 1 or 0 for "on" and "off", or NGX_ERROR.
 */

ngx_uint_t ngx_http_review_param(ngx_str_t *param, const char *name,
    ngx_str_t *value);
ngx_uint_t ngx_http_review_param_same(ngx_str_t *a, ngx_str_t *b);
ngx_int_t ngx_http_review_param_on_off(ngx_str_t *value);
char *ngx_http_review_param_bad(ngx_conf_t *cf, ngx_str_t *param);
char *ngx_http_review_param_set_uri(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_uri_t *uri);

extern ngx_conf_post_t  ngx_http_review_param_positive;


/*
 * ngx_http_review_file.c: files that directives name.  One that is called
 * "what", of at most "max" bytes.  A key, as the value of "Authorization":
 * NGX_DECLINED where it has no name.  What is wrong has been told.
 */

ngx_int_t ngx_http_review_file_read(ngx_conf_t *cf, ngx_str_t *name,
    const char *what, size_t max, ngx_str_t *text);
ngx_int_t ngx_http_review_file_key(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *authorization);


/*
 * ngx_http_review_body.c: a client's body.  In one piece: it may point to
 * nginx's memory.  As buffers that last as long as the pool, for another
 * thread, which joins them at "dst" unless they are whole already; the pool
 * must not be destroyed before the request's, which still points to them.
 */

ngx_int_t ngx_http_review_body_read(ngx_http_request_t *r, ngx_str_t *body);
off_t ngx_http_review_body_size(ngx_http_request_t *r);
ngx_int_t ngx_http_review_body_take(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_chain_t **bufs);
ngx_int_t ngx_http_review_body_is_whole(ngx_chain_t *bufs, ngx_str_t *body);
ngx_int_t ngx_http_review_body_join(ngx_chain_t *bufs, u_char *dst);


/*
 * ngx_http_review_output.c: what is to be sent, written by a thread to "buf",
 * and kept in a temporary file where it is large.  The pool is the thread's; a
 * buffer to be sent points to it.  "stop" ends a writing that nobody waits for.
 */

typedef struct {
    review_buf_t                buf;
    ngx_pool_t                 *pool;
    ngx_path_t                 *path;       /* of temporary files */
    ngx_file_t                 *file;       /* NULL: all is in "buf" */
    off_t                       size;       /* of what is in the file */
    volatile ngx_uint_t        *stop;       /* NULL: never */
} ngx_http_review_output_t;

void ngx_http_review_output_init(ngx_http_review_output_t *out,
    ngx_pool_t *pool, review_pool_t *memory, ngx_path_t *path);
ngx_int_t ngx_http_review_output_end(ngx_http_review_output_t *out);
off_t ngx_http_review_output_size(ngx_http_review_output_t *out);
ngx_int_t ngx_http_review_output_copy(ngx_http_review_output_t *out,
    u_char *dst, size_t size, off_t offset);
ngx_buf_t *ngx_http_review_output_buf(ngx_http_review_output_t *out,
    ngx_pool_t *pool);


/*
 * ngx_http_review_exit.c: who has joined is told, once, that the worker is to
 * exit at the end of worker_shutdown_timeout; not if that is not set.  What is
 * left of a time that is wanted then: it is over "margin" milliseconds earlier.
 */

/* another worker is there then, or another nginx */

#define NGX_HTTP_REVIEW_EXIT_SECONDS  2

typedef struct {
    ngx_queue_t                 queue;
    void                      (*handler)(void *data);
    void                       *data;
} ngx_http_review_exits_t;

void ngx_http_review_exit_join(ngx_http_review_exits_t *exits);
void ngx_http_review_exit_leave(ngx_http_review_exits_t *exits);
ngx_msec_t ngx_http_review_exit_left(ngx_msec_t wanted, ngx_msec_t margin);


/* ngx_http_review_pool.c: nginx's pools, for the lower floor */

review_pool_t *ngx_http_review_pool(ngx_pool_t *pool);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_BASE_H_INCLUDED_ */
