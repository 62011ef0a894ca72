
/* What the files of no wing share: filters, phases, variables, the guard. */

#ifndef _NGX_HTTP_REVIEW_MODULE_H_INCLUDED_
#define _NGX_HTTP_REVIEW_MODULE_H_INCLUDED_


#include "http/call/ngx_http_review_call.h"

#pragma GCC visibility push(hidden)


typedef struct {
    ngx_uint_t                  guard;      /* "on" somewhere */
} ngx_http_review_main_conf_t;


typedef struct {
    ngx_http_review_zone_t     *status;     /* of "review_status" */
    ngx_flag_t                  guard;
} ngx_http_review_loc_conf_t;


/* ngx_http_review_guard.c: plain proxied locations with the same limit */

ngx_int_t ngx_http_review_guard(ngx_http_request_t *r);
void ngx_http_review_guard_header(ngx_http_request_t *r);
void ngx_http_review_guard_filter(ngx_http_request_t *r, ngx_chain_t *in);

/* that of a guarded request that has asked for its turn, or NULL */

ngx_http_review_waiter_t *ngx_http_review_guard_waiter(ngx_http_request_t *r);

/* what is known of the call that it was, once it has ended, or NULL */

ngx_http_review_try_t *ngx_http_review_guard_told(ngx_http_request_t *r);


/*
 * ngx_http_review_passing.c: the tokens of what a guarded location passes; NULL
 * where it has none
 */

typedef struct ngx_http_review_passing_s  ngx_http_review_passing_t;

ngx_http_review_passing_t *ngx_http_review_passing_create(
    ngx_http_request_t *r);
void ngx_http_review_passing_feed(ngx_http_review_passing_t *p, ngx_buf_t *b);
void ngx_http_review_passing_count(ngx_http_review_passing_t *p,
    ngx_http_request_t *r, ngx_http_review_waiter_t *waiter,
    ngx_http_review_try_t *told);


/*
 * ngx_http_review_locations.c: those that endpoints ask, once nginx knows all:
 * is each there, and for us alone?
 */

void ngx_http_review_locations(ngx_conf_t *cf);


/* ngx_http_review_status.c: what is going on */

char *ngx_http_review_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/*
 * ngx_http_review_value.c: the value of a variable; there is none where "rc" is
 * NGX_DECLINED
 */

ngx_int_t ngx_http_review_value_found(ngx_http_variable_value_t *v,
    ngx_int_t rc, ngx_str_t *value);
ngx_int_t ngx_http_review_value_number(ngx_pool_t *pool, int64_t n,
    ngx_str_t *value);

/* seconds with milliseconds, as core's $request_time */

ngx_int_t ngx_http_review_value_time(ngx_pool_t *pool, ngx_msec_t msec,
    ngx_str_t *value);


/* ngx_http_review_variables.c */

ngx_int_t ngx_http_review_variables_add(ngx_conf_t *cf);


/* ngx_http_review_variables_call.c: those about one try of a call */

extern ngx_http_variable_t  ngx_http_review_variables_call_vars[];


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_MODULE_H_INCLUDED_ */
