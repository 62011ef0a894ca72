
/* The configuration of the wing: whom downloads may talk to. */

#include "http/transfer/ngx_http_review_download.h"


static void *ngx_http_review_transfer_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_transfer_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_transfer_commands[] = {

    { ngx_string("review_fetch_allow"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_fetch_allow,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_transfer_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_transfer_create_conf,  /* create location configuration */
    ngx_http_review_transfer_merge_conf    /* merge location configuration */
};


ngx_module_t  ngx_http_review_transfer_module = {
    NGX_MODULE_V1,
    &ngx_http_review_transfer_module_ctx,  /* module context */
    ngx_http_review_transfer_commands,     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_review_curl_exit,             /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_review_transfer_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_transfer_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_transfer_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->fetch_allow = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_http_review_transfer_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_transfer_conf_t *prev = parent;
    ngx_http_review_transfer_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->fetch_allow, prev->fetch_allow, NULL);

    return NGX_CONF_OK;
}
