
/* What the files of the object endpoint share. */

#ifndef _NGX_HTTP_REVIEW_OBJECT_H_INCLUDED_
#define _NGX_HTTP_REVIEW_OBJECT_H_INCLUDED_


#include "http/store/ngx_http_review_store.h"

#pragma GCC visibility push(hidden)


/* of a download there are two */

#define NGX_HTTP_REVIEW_OBJECT_BUFFER   (64 * 1024)


typedef struct {
    ngx_http_review_ctx_t       ctx;
    ngx_http_review_s3_t        op;
    ngx_buf_t                  *filling;    /* by the store */
    ngx_buf_t                  *sent;       /* by the client's connection */
    off_t                       length;     /* of the reply; -1: not told */
    ngx_uint_t                  chunked;    /* then that is not the length */
    unsigned                    paused:1;
    unsigned                    done:1;
    unsigned                    failed:1;   /* no memory */
    unsigned                    listing:1;  /* a thread reads the list */
    unsigned                    expired:1;
} ngx_http_review_object_t;


/* ngx_http_review_object.c: the endpoint's directive */

char *ngx_http_review_object(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* ngx_http_review_object_headers.c: what is passed on to the store and back */

ngx_int_t ngx_http_review_object_headers_request(
    ngx_http_review_object_t *object);
ngx_int_t ngx_http_review_object_headers_query(
    ngx_http_review_object_t *object);
ngx_int_t ngx_http_review_object_headers_add_header(
    ngx_http_review_object_t *object, ngx_str_t *name, ngx_str_t *value);
ngx_int_t ngx_http_review_object_headers_reply_header(
    ngx_http_review_object_t *object);


/* ngx_http_review_object_reply.c: replies that are ours; ends the request */

void ngx_http_review_object_reply(ngx_http_review_object_t *object);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_OBJECT_H_INCLUDED_ */
