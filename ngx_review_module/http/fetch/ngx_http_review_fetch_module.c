
/* The configuration of the wing: where what is fetched goes. */

#include "http/fetch/ngx_http_review_fetch.h"


static void *ngx_http_review_fetch_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_fetch_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_fetch_commands[] = {

    { ngx_string("review_fetch"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_review_fetch,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_fetch_access"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_conf_set_access_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_fetch_conf_t, access),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_fetch_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_fetch_create_conf,     /* create location configuration */
    ngx_http_review_fetch_merge_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_review_fetch_module = {
    NGX_MODULE_V1,
    &ngx_http_review_fetch_module_ctx,     /* module context */
    ngx_http_review_fetch_commands,        /* module directives */
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
ngx_http_review_fetch_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_fetch_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_fetch_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->access = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_review_fetch_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_fetch_conf_t *prev = parent;
    ngx_http_review_fetch_conf_t *conf = child;

    ngx_uint_t                        access;
    ngx_http_review_transfer_conf_t  *tcf;

    access = conf->access;

    if (ngx_http_review_endpoint_inherits(cf)) {
        *conf = *prev;
        conf->access = access;
    }

    ngx_conf_merge_uint_value(conf->access, prev->access, 0600);

    tcf = ngx_http_conf_get_module_loc_conf(cf,
                                            ngx_http_review_transfer_module);

    return ngx_http_review_endpoint_needs(cf, "review_fetch",
                                          "review_fetch_allow",
                                          tcf->fetch_allow);
}
