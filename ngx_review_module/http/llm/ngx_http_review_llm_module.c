
/* The configuration of the wing: LLMs, and their parameters. */

#include "http/llm/ngx_http_review_llm.h"


static void *ngx_http_review_llm_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_llm_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_llm_commands[] = {

    { ngx_string("review_llm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_llm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_llm_param"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE23,
      ngx_http_review_llm_params,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_llm_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_llm_create_conf,       /* create location configuration */
    ngx_http_review_llm_merge_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_review_llm_module = {
    NGX_MODULE_V1,
    &ngx_http_review_llm_module_ctx,       /* module context */
    ngx_http_review_llm_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_review_llm_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_review_llm_conf_t));
}


/* all may be set behind those that name them */

static char *
ngx_http_review_llm_resolve_conf(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf, ngx_uint_t own_params)
{
    if (conf->llms == NULL || conf->resolved) {
        return NGX_CONF_OK;
    }

    conf->resolved = 1;

    if (ngx_http_review_llm_resolve(cf, conf->llms) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_review_llm_params_resolve(cf, conf, own_params);
}


/* those of the level above, which have other parameters here */

static ngx_array_t *
ngx_http_review_llm_copy(ngx_conf_t *cf, ngx_array_t *llms)
{
    ngx_array_t            *copy;
    ngx_http_review_llm_t  *llm;

    copy = ngx_array_create(cf->pool, llms->nelts,
                            sizeof(ngx_http_review_llm_t));
    if (copy == NULL) {
        return NULL;
    }

    llm = ngx_array_push_n(copy, llms->nelts);
    if (llm == NULL) {
        return NULL;
    }

    ngx_memcpy(llm, llms->elts, llms->nelts * sizeof(ngx_http_review_llm_t));

    return copy;
}


/* of either a level that has one of its own inherits none */

static char *
ngx_http_review_llm_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_llm_conf_t *prev = parent;
    ngx_http_review_llm_conf_t *conf = child;

    ngx_uint_t  own, inherited;

    /* at the level of "http" nothing is merged */

    if (ngx_http_review_llm_resolve_conf(cf, prev, 1) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    own = (conf->params != NULL);
    inherited = (conf->llms == NULL);

    if (inherited && !own) {
        *conf = *prev;

    } else if (inherited && prev->llms) {
        conf->llms = ngx_http_review_llm_copy(cf, prev->llms);
        if (conf->llms == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (!own) {
        conf->params = prev->params;
    }

    if (ngx_http_review_llm_resolve_conf(cf, conf, own) != NGX_CONF_OK
        || ngx_http_review_llm_limits_check(cf, conf, inherited)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_review_llm_limits_warn(cf, conf);

    return ngx_http_review_llm_limits_name(cf, conf);
}
