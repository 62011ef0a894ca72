
/* The configuration of the wing: where a task sends its chunks, how many. */

#include "http/task/ngx_http_review_task.h"
#include "http/chunk/ngx_http_review_chunk.h"


static char *ngx_http_review_chunk_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_max_calls(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_review_task_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_task_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_task_commands[] = {

    { ngx_string("review_task"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE123,
      ngx_http_review_task,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_chunk_uri"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_review_chunk_uri,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_max_calls"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_max_calls,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_task_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_task_conf_t, task_timeout),
      &ngx_http_review_param_positive },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_task_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_task_create_conf,      /* create location configuration */
    ngx_http_review_task_merge_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_review_task_module = {
    NGX_MODULE_V1,
    &ngx_http_review_task_module_ctx,      /* module context */
    ngx_http_review_task_commands,         /* module directives */
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
ngx_http_review_task_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_task_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_task_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->chunk_uri = NGX_CONF_UNSET_PTR;
    conf->task_timeout = NGX_CONF_UNSET_MSEC;
    conf->max_calls = NGX_CONF_UNSET_UINT;

    return conf;
}


/* what fails where its words are missing fails in every chunk but one */

static void
ngx_http_review_task_warn(ngx_conf_t *cf)
{
    size_t                           i;
    review_point_t                  *point;
    ngx_http_review_chunk_conf_t    *chunk;
    ngx_http_review_request_conf_t  *conf;

    chunk = ngx_http_conf_get_module_loc_conf(cf, ngx_http_review_chunk_module);
    conf = ngx_http_conf_get_module_loc_conf(cf,
                                             ngx_http_review_request_module);

    if (chunk->rubric == NULL || conf->directive == NULL
        || ngx_strcmp(conf->directive, "review_task") != 0
        || ngx_http_review_endpoint_inherits(cf))
    {
        return;
    }

    for (i = 0; i < chunk->rubric->npoints; i++) {
        point = &chunk->rubric->points[i];

        if (point->rule && point->scope == REVIEW_SCOPE_CHUNK
            && (point->rule->no_match == REVIEW_VERDICT_FAIL
                || point->rule->no_match == REVIEW_VERDICT_RISK))
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "the rule of point \"%*s\" of rubric \"%V\" is a "
                          "%s in each chunk of a task that lacks its words: "
                          "\"scope\": \"document\" looks for them once, in "
                          "%V:%ui", point->id.len, point->id.data,
                          &chunk->name, review_verdicts[point->rule->no_match],
                          &conf->file, conf->line);
        }
    }
}


static char *
ngx_http_review_task_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_task_conf_t *prev = parent;
    ngx_http_review_task_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->chunk_uri, prev->chunk_uri, NULL);
    ngx_conf_merge_msec_value(conf->task_timeout, prev->task_timeout,
                              3600000);
    ngx_conf_merge_uint_value(conf->max_calls, prev->max_calls, 20000);

    ngx_http_review_task_warn(cf);

    return ngx_http_review_endpoint_needs(cf, "review_task",
                                          "review_chunk_uri",
                                          conf->chunk_uri);
}


static char *
ngx_http_review_chunk_uri(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_task_conf_t *rlcf = conf;

    ngx_int_t                     n;
    ngx_str_t                    *value, arg;
    ngx_http_review_chunk_uri_t  *uri;

    if (rlcf->chunk_uri != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    uri = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_chunk_uri_t));
    if (uri == NULL) {
        return NGX_CONF_ERROR;
    }

    uri->calls = 16;

    value = cf->args->elts;

    if (ngx_http_review_param_set_uri(cf, &value[1],
                                      &uri->uri) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts > 2) {

        if (!ngx_http_review_param(&value[2], "calls", &arg)) {
            return ngx_http_review_param_bad(cf, &value[2]);
        }

        n = ngx_atoi(arg.data, arg.len);

        if (n < 1 || n > 10000) {
            return ngx_http_review_param_bad(cf, &value[2]);
        }

        uri->calls = n;
    }

    rlcf->chunk_uri = uri;

    return NGX_CONF_OK;
}


static char *
ngx_http_review_max_calls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_task_conf_t *rlcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (rlcf->max_calls != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_http_review_param_on_off(&value[1]) == 0
        ? 0 : ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR) {
        return ngx_http_review_param_bad(cf, &value[1]);
    }

    rlcf->max_calls = n;

    return NGX_CONF_OK;
}
