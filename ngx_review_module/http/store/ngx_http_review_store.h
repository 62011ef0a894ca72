
/* Stores in the configuration, and what clients are told of them. */

#ifndef _NGX_HTTP_REVIEW_STORE_H_INCLUDED_
#define _NGX_HTTP_REVIEW_STORE_H_INCLUDED_


#include "http/store/ngx_http_review_s3.h"
#include "http/request/ngx_http_review_request.h"

#pragma GCC visibility push(hidden)


/* the wing's configuration */

typedef struct {
    ngx_array_t                 stores; /* of ngx_http_review_store_t * */
} ngx_http_review_store_main_conf_t;


typedef struct {
    ngx_str_t                   name;       /* of the store; empty: none */
    ngx_http_review_store_t    *store;      /* of _object, _fetch, _task */
} ngx_http_review_store_conf_t;


extern ngx_module_t  ngx_http_review_store_module;

#define ngx_http_review_store_conf(r)                                         \
    ((ngx_http_review_store_conf_t *)                                         \
         (r)->loc_conf[ngx_http_review_store_module.ctx_index])


/* ngx_http_review_store.c: object stores; NULL: there is none of that name */

char *ngx_http_review_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_http_review_store_t *ngx_http_review_store_find(
    ngx_http_review_store_main_conf_t *smcf, ngx_str_t *name);


/*
 * ngx_http_review_s3_problem.c: an operation that has failed, as a problem;
 * the pointer is that of a member that names the object, or NULL
 */

ngx_int_t ngx_http_review_s3_problem(ngx_http_review_ctx_t *ctx,
    ngx_http_review_s3_t *op, const char *pointer);

/* what has failed, and what comes of it, in the error log */

void ngx_http_review_s3_problem_log(ngx_http_review_s3_t *op,
    const char *what);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_STORE_H_INCLUDED_ */
