
/* The configuration of the wing: how texts are split, and embedded. */

#include "http/steps/ngx_http_review_steps.h"

#include "review/base/utf8.h"


static char *ngx_http_review_embeddings(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_review_steps_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_steps_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_steps_commands[] = {

    { ngx_string("review_split"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_review_split,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_embed"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_review_embed,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_rank"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_review_rank,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_embeddings"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_embeddings,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_max_inputs"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_steps_conf_t, max_inputs),
      &ngx_http_review_param_positive },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_steps_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_steps_create_conf,     /* create location configuration */
    ngx_http_review_steps_merge_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_review_steps_module = {
    NGX_MODULE_V1,
    &ngx_http_review_steps_module_ctx,     /* module context */
    ngx_http_review_steps_commands,        /* module directives */
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
ngx_http_review_steps_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_steps_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_steps_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->embeddings = NGX_CONF_UNSET_PTR;
    conf->max_inputs = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_review_steps_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_steps_conf_t *prev = parent;
    ngx_http_review_steps_conf_t *conf = child;

    if (ngx_http_review_endpoint_inherits(cf)) {
        conf->split = prev->split;
    }

    ngx_conf_merge_ptr_value(conf->embeddings, prev->embeddings, NULL);
    ngx_conf_merge_uint_value(conf->max_inputs, prev->max_inputs, 100000);

    return ngx_http_review_endpoint_needs(cf, "review_embed",
                                          "review_embeddings",
                                          conf->embeddings);
}


/* NGX_DECLINED: it is none; NGX_ERROR: what is wrong with it has been told */

static ngx_int_t
ngx_http_review_embeddings_param(ngx_conf_t *cf,
    ngx_http_review_embeddings_t *e, ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "model", &arg) && arg.len) {
        e->model = arg;
        return review_utf8_valid((char *) arg.data, arg.len) == arg.len
               ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_review_param(param, "key_file", &arg)) {
        return ngx_http_review_file_key(cf, &arg, &e->authorization);
    }

    if (ngx_http_review_param(param, "batch", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        e->batch = n;
        return n >= 1 && n <= 2048 ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_review_param(param, "calls", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        e->calls = n;
        return n >= 1 && n <= 1000 ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_review_param(param, "encoding", &arg)) {

        if (arg.len == 4 && ngx_strncmp(arg.data, "auto", 4) == 0) {
            e->encoding = NGX_HTTP_REVIEW_ENCODING_AUTO;
            return NGX_OK;
        }

        if (arg.len == 5 && ngx_strncmp(arg.data, "float", 5) == 0) {
            e->encoding = NGX_HTTP_REVIEW_ENCODING_FLOAT;
            return NGX_OK;
        }

        e->encoding = NGX_HTTP_REVIEW_ENCODING_BASE64;

        return arg.len == 6 && ngx_strncmp(arg.data, "base64", 6) == 0
               ? NGX_OK : NGX_DECLINED;
    }

    return NGX_DECLINED;
}


static char *
ngx_http_review_embeddings(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_steps_conf_t *rlcf = conf;

    ngx_int_t                      rc;
    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_http_review_embeddings_t  *e;

    if (rlcf->embeddings != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    e = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_embeddings_t));
    if (e == NULL) {
        return NGX_CONF_ERROR;
    }

    e->batch = 32;
    e->calls = 4;

    value = cf->args->elts;

    if (ngx_http_review_param_set_uri(cf, &value[1], &e->uri) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rc = ngx_http_review_embeddings_param(cf, e, &value[i]);

        if (rc != NGX_OK) {
            return rc == NGX_ERROR ? NGX_CONF_ERROR
                                   : ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    rlcf->embeddings = e;

    return NGX_CONF_OK;
}
