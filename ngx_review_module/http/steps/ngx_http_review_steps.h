
/* The configuration of the steps on their own: split, embed, rank. */

#ifndef _NGX_HTTP_REVIEW_STEPS_H_INCLUDED_
#define _NGX_HTTP_REVIEW_STEPS_H_INCLUDED_


#include "http/request/ngx_http_review_request.h"

#include "review/split/split.h"

#pragma GCC visibility push(hidden)


typedef enum {
    NGX_HTTP_REVIEW_ENCODING_AUTO = 0,
    NGX_HTTP_REVIEW_ENCODING_FLOAT,
    NGX_HTTP_REVIEW_ENCODING_BASE64
} ngx_http_review_encoding_e;


typedef struct {
    ngx_http_review_uri_t       uri;
    ngx_str_t                   model;
    ngx_uint_t                  batch;      /* inputs of a call, at most */
    ngx_uint_t                  calls;      /* of a request at a time */
    ngx_str_t                   authorization; /* empty: none is sent */
    ngx_http_review_encoding_e  encoding;   /* a worker's own, once it knows */
} ngx_http_review_embeddings_t;


typedef struct {
    review_split_options_t      split;      /* defaults of "review_split" */
    ngx_http_review_embeddings_t *embeddings; /* NULL: none */
    ngx_uint_t                  max_inputs;
} ngx_http_review_steps_conf_t;


extern ngx_module_t  ngx_http_review_steps_module;

#define ngx_http_review_steps_conf(r)                                         \
    ((ngx_http_review_steps_conf_t *)                                         \
         (r)->loc_conf[ngx_http_review_steps_module.ctx_index])


/* ngx_http_review_split.c, _embed.c, _rank.c: the directives of endpoints */

char *ngx_http_review_split(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_embed(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_rank(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_STEPS_H_INCLUDED_ */
