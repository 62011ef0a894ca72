
/* The configuration of the wing: how often a call is tried again. */

#include "http/call/ngx_http_review_call.h"


static char *ngx_http_review_retry(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_review_call_init(ngx_conf_t *cf);
static void *ngx_http_review_call_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_call_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_call_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_call_commands[] = {

    { ngx_string("review_retry"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_retry,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_call_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_review_call_init,             /* postconfiguration */

    ngx_http_review_call_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_call_create_conf,      /* create location configuration */
    ngx_http_review_call_merge_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_review_call_module = {
    NGX_MODULE_V1,
    &ngx_http_review_call_module_ctx,      /* module context */
    ngx_http_review_call_commands,         /* module directives */
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
ngx_http_review_call_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_review_call_main_conf_t));
}


static void *
ngx_http_review_call_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_call_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_call_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->retry = NGX_CONF_UNSET_PTR;

    return conf;
}


static ngx_http_review_retry_t *
ngx_http_review_create_retry(ngx_conf_t *cf)
{
    ngx_http_review_retry_t  *retry;

    retry = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_retry_t));
    if (retry == NULL) {
        return NULL;
    }

    retry->tries = 3;
    retry->backoff = 500;
    retry->max = 10000;
    retry->budget = 20;

    ngx_http_review_retry_init(retry);

    return retry;
}


static char *
ngx_http_review_call_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_call_conf_t *prev = parent;
    ngx_http_review_call_conf_t *conf = child;

    /*
     * The default is made once, at the top, and inherited: all locations that
     * do not say otherwise share one budget of retries.
     */

    if (prev->retry == NGX_CONF_UNSET_PTR) {
        prev->retry = ngx_http_review_create_retry(cf);
        if (prev->retry == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_merge_ptr_value(conf->retry, prev->retry, NULL);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_call_init(ngx_conf_t *cf)
{
    ngx_str_t                          name = ngx_string("request_id");
    ngx_http_review_call_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_call_module);

    cmcf->request_id = ngx_http_get_variable_index(cf, &name);

    if (cmcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_review_accel_init(cf);
}


static ngx_int_t
ngx_http_review_retry_param(ngx_http_review_retry_t *retry, ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "tries", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        if (n < 1 || n > 100) {
            return NGX_ERROR;
        }

        retry->tries = n;
        return NGX_OK;
    }

    if (ngx_http_review_param(param, "backoff", &arg)) {
        n = ngx_parse_time(&arg, 0);
        retry->backoff = n;
        return n > 0 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "max", &arg)) {
        n = ngx_parse_time(&arg, 0);
        retry->max = n;
        return n > 0 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "budget", &arg)
        && arg.len > 1 && arg.data[arg.len - 1] == '%')
    {
        n = ngx_atoi(arg.data, arg.len - 1);
        if (n == NGX_ERROR || n > 1000) {
            return NGX_ERROR;
        }

        retry->budget = n;
        return NGX_OK;
    }

    return NGX_ERROR;
}


static char *
ngx_http_review_retry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_call_conf_t *rlcf = conf;

    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_review_retry_t  *retry;

    if (rlcf->retry != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    retry = ngx_http_review_create_retry(cf);
    if (retry == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_review_retry_param(retry, &value[i]) != NGX_OK) {
            return ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    if (retry->max < retry->backoff) {
        return "has \"max\" less than \"backoff\"";
    }

    rlcf->retry = retry;

    return NGX_CONF_OK;
}
