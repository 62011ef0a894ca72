
/* CPU-bound work of a request, for threads. */

#ifndef _NGX_HTTP_REVIEW_WORK_H_INCLUDED_
#define _NGX_HTTP_REVIEW_WORK_H_INCLUDED_


#include "http/request/ngx_http_review_request.h"

#pragma GCC visibility push(hidden)


typedef void (*ngx_http_review_work_pt)(void *data);


struct ngx_http_review_work_s {
    ngx_http_review_ctx_t      *ctx;        /* NULL: the request is gone */
    ngx_pool_t                 *pool;       /* the thread's while it works */
    review_pool_t              *memory;     /* the same */
    ngx_http_review_work_pt     run;        /* on a thread */
    ngx_http_review_work_pt     done;       /* afterwards, in the event loop */
    void                       *data;
    json_t                     *json;       /* its own, of many values; or
                                               NULL */
    void                       *task;       /* nginx's, used again */
    void                       *threads;    /* their pool; NULL: none */
    ngx_http_review_work_t     *next;       /* that is freed behind it */
    ngx_uint_t                  held;       /* by other works */
    ngx_pool_cleanup_t         *cleanup;    /* of the request's pool */
    ngx_event_t                 alive;      /* keeps a worker from its exit */
    volatile ngx_uint_t         gone;       /* nobody waits for it any more:
                                               a thread may look at it */
    unsigned                    busy:1;
};


/*
 * ngx_http_review_work.c: work that would hold up the event loop.  It has a
 * pool of its own, which lives until both the request and the thread have let
 * go of it.  In between "run" and "done" nothing but the thread may touch it,
 * or what lies in it.
 */

void ngx_http_review_work_init(void);

ngx_http_review_work_t *ngx_http_review_work_create(
    ngx_http_review_ctx_t *ctx);

/* that of the request itself, made when first needed */

ngx_http_review_work_t *ngx_http_review_work(ngx_http_review_ctx_t *ctx);

/* before the request's end; nothing of the work may be used any more */

void ngx_http_review_work_destroy(ngx_http_review_work_t *work);

/* "other" is left alone for as long as "work" has a pool */

ngx_int_t ngx_http_review_work_hold(ngx_http_review_work_t *work,
    ngx_http_review_work_t *other);

/*
 * Has "run" called on a thread, then "done"; at once, where "size" bytes are
 * not worth it: then both have been called on return.
 */

void ngx_http_review_work_start(ngx_http_review_work_t *work, size_t size,
    ngx_http_review_work_pt run, ngx_http_review_work_pt done, void *data);
ngx_uint_t ngx_http_review_work_is_large(ngx_http_review_ctx_t *ctx,
    size_t size);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_WORK_H_INCLUDED_ */
