
/* The configuration of the wing: stores, and which one a location has. */

#include "http/store/ngx_http_review_object.h"


static void *ngx_http_review_store_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_store_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_store_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_store_commands[] = {

    { ngx_string("review_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_review_store,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_object"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_object,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_store_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_review_store_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_store_create_conf,     /* create location configuration */
    ngx_http_review_store_merge_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_review_store_module = {
    NGX_MODULE_V1,
    &ngx_http_review_store_module_ctx,     /* module context */
    ngx_http_review_store_commands,        /* module directives */
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
ngx_http_review_store_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_review_store_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_store_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->stores, cf->pool, 1,
                       sizeof(ngx_http_review_store_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return conf;
}


static void *
ngx_http_review_store_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_review_store_conf_t));
}


static char *
ngx_http_review_store_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_store_conf_t *prev = parent;
    ngx_http_review_store_conf_t *conf = child;

    ngx_http_review_request_conf_t     *rcf;
    ngx_http_review_store_main_conf_t  *smcf;

    if (conf->name.len) {
        smcf = ngx_http_conf_get_module_main_conf(cf,
                                                  ngx_http_review_store_module);

        conf->store = ngx_http_review_store_find(smcf, &conf->name);

        if (conf->store == NULL) {
            rcf = ngx_http_conf_get_module_loc_conf(cf,
                                              ngx_http_review_request_module);

            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"review_store\" defines the store \"%V\" "
                          "of \"%s\" in %V:%ui", &conf->name,
                          rcf->directive, &rcf->file, rcf->line);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_review_endpoint_inherits(cf)) {
        conf->store = prev->store;
    }

    return NGX_CONF_OK;
}
