
/* The configuration of the request wing, and of endpoints. */

#ifndef _NGX_HTTP_REVIEW_REQUEST_H_INCLUDED_
#define _NGX_HTTP_REVIEW_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#pragma GCC visibility push(hidden)


typedef struct {
    ngx_str_t                   name;
    void                       *pool;       /* ngx_thread_pool_t; NULL: off */
    size_t                      threshold;  /* smaller work is done at once */
} ngx_http_review_threads_t;


typedef struct {
    ngx_http_review_threads_t   threads;    /* where nothing else is set */
} ngx_http_review_request_main_conf_t;


typedef struct {

    /* the endpoint that is set here, by which directive, and where */

    ngx_http_handler_pt         handler;    /* NULL: none */
    const char                 *directive;
    ngx_str_t                   file;
    ngx_uint_t                  line;
    ngx_uint_t                  plain_errors; /* nginx's stay nginx's */

    ngx_http_review_threads_t  *threads;
    ngx_msec_t                  timeout;
    ngx_msec_t                  call_timeout;
    ngx_msec_t                  ping;
    size_t                      max_text;
} ngx_http_review_request_conf_t;


extern ngx_module_t  ngx_http_review_request_module;

#define ngx_http_review_request_conf(r)                                       \
    ((ngx_http_review_request_conf_t *)                                       \
         (r)->loc_conf[ngx_http_review_request_module.ctx_index])


/*
 * ngx_http_review_endpoint.c: an endpoint is set by its directive; then its
 * location is looked at as a whole.
 */

char *ngx_http_review_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_handler_pt handler);
char *ngx_http_review_endpoint_merge(ngx_conf_t *cf,
    ngx_http_review_request_conf_t *prev,
    ngx_http_review_request_conf_t *conf);

/* "if" and "limit_except" are parts of their location, with its endpoint */

ngx_uint_t ngx_http_review_endpoint_inherits(ngx_conf_t *cf);

/* where that is the endpoint: what it needs has a value */

char *ngx_http_review_endpoint_needs(ngx_conf_t *cf, const char *directive,
    const char *needed, void *value);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_REQUEST_H_INCLUDED_ */
