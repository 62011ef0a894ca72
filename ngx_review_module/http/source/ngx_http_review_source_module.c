
/* The configuration of the wing: how documents become texts. */

#include "http/source/ngx_http_review_source.h"


static char *ngx_http_review_extract(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_review_source_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_source_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_source_commands[] = {

    { ngx_string("review_extract"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_extract,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_max_document_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_source_conf_t, max_document),
      &ngx_http_review_param_positive },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_source_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_source_create_conf,    /* create location configuration */
    ngx_http_review_source_merge_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_review_source_module = {
    NGX_MODULE_V1,
    &ngx_http_review_source_module_ctx,    /* module context */
    ngx_http_review_source_commands,       /* module directives */
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
ngx_http_review_source_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_source_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_source_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->extract = NGX_CONF_UNSET_PTR;
    conf->max_document = NGX_CONF_UNSET_SIZE;

    return conf;
}


static char *
ngx_http_review_source_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_source_conf_t *prev = parent;
    ngx_http_review_source_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->extract, prev->extract, NULL);
    ngx_conf_merge_size_value(conf->max_document, prev->max_document,
                              64 * 1024 * 1024);

    return NGX_CONF_OK;
}


/* "off" keeps a location from what it would inherit */

static char *
ngx_http_review_extract(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_source_conf_t *rlcf = conf;

    ngx_str_t              *value;
    ngx_http_review_uri_t  *uri;

    if (rlcf->extract != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        rlcf->extract = NULL;
        return NGX_CONF_OK;
    }

    uri = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_uri_t));
    if (uri == NULL) {
        return NGX_CONF_ERROR;
    }

    rlcf->extract = uri;

    return ngx_http_review_param_set_uri(cf, &value[1], uri);
}
