
/* The LLMs that a location may ask, and how each of them is asked. */

#ifndef _NGX_HTTP_REVIEW_LLM_H_INCLUDED_
#define _NGX_HTTP_REVIEW_LLM_H_INCLUDED_


#include "http/base/ngx_http_review_base.h"

#include "review/rubric/prompt.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_llm_s  ngx_http_review_llm_t;


struct ngx_http_review_llm_s {
    ngx_str_t                   name;       /* empty: it has none */
    ngx_http_review_uri_t       uri;
    ngx_str_t                   authorization; /* empty: none is sent */
    review_llm_t                asked;      /* how its bodies are made */
    uint64_t                    told;       /* a worker's own: what it refuses,
                                               a bit for each member */
    ngx_http_review_llm_t      *fallback;   /* asked where it fails; or NULL */
    ngx_str_t                   instead;    /* its name */
    ngx_str_t                   file;       /* where it is set */
    ngx_uint_t                  line;
    unsigned                    warned:1;   /* of its fallback's limit */
};


typedef struct {
    ngx_str_t                   llm;        /* empty: of all */
    review_param_t              param;
    ngx_str_t                   file;       /* where it is set */
    ngx_uint_t                  line;
} ngx_http_review_llm_param_t;


/* the wing's configuration */

typedef struct {
    ngx_array_t                *llms;       /* of ngx_http_review_llm_t, or
                                               NULL */
    ngx_array_t                *params;     /* of ngx_http_review_llm_param_t,
                                               or NULL */
    unsigned                    resolved:1; /* fallbacks are pointers, LLMs have
                                               their parameters */
} ngx_http_review_llm_conf_t;


extern ngx_module_t  ngx_http_review_llm_module;

#define ngx_http_review_llm_conf(r)                                           \
    ((ngx_http_review_llm_conf_t *)                                           \
         (r)->loc_conf[ngx_http_review_llm_module.ctx_index])


/* ngx_http_review_llm.c: one that is set */

char *ngx_http_review_llm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* fallbacks found by their names, none of which leads back to where it began */

char *ngx_http_review_llm_resolve(ngx_conf_t *cf, ngx_array_t *llms);

/* by its name, and the one that is asked where none is named; NULL: none */

ngx_http_review_llm_t *ngx_http_review_llm_find(ngx_array_t *llms,
    ngx_str_t *name);
ngx_http_review_llm_t *ngx_http_review_llm_named(ngx_array_t *llms,
    const review_str_t *name);
ngx_http_review_llm_t *ngx_http_review_llm_default(ngx_array_t *llms);

/*
 * ngx_http_review_llm_limits.c: LLMs that limits name, where those of the
 * level are its own or "inherited"; limits that a fallback should not have;
 * zones are told whose calls are made in them
 */

char *ngx_http_review_llm_limits_check(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf, ngx_uint_t inherited);
void ngx_http_review_llm_limits_warn(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf);
char *ngx_http_review_llm_limits_name(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf);

/*
 * ngx_http_review_llm_params.c: parameters that are set; each LLM is given its
 * own, where those of the level are its "own", not inherited
 */

char *ngx_http_review_llm_params(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_review_llm_params_resolve(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf, ngx_uint_t own);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_LLM_H_INCLUDED_ */
