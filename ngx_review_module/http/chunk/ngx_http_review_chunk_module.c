
/* The configuration of the wing: rubrics, sizes. */

#include "http/chunk/ngx_http_review_chunk.h"


static void *ngx_http_review_chunk_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_chunk_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_chunk_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_chunk_commands[] = {

    { ngx_string("review_rubric"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_review_rubric,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE123,
      ngx_http_review,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_max_chunk_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_chunk_conf_t, max_chunk),
      &ngx_http_review_param_positive },

    { ngx_string("review_max_points"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_chunk_conf_t, max_points),
      &ngx_http_review_param_positive },

    { ngx_string("review_max_answer_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_chunk_conf_t, max_answer),
      &ngx_http_review_param_positive },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_chunk_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_review_chunk_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_chunk_create_conf,     /* create location configuration */
    ngx_http_review_chunk_merge_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_review_chunk_module = {
    NGX_MODULE_V1,
    &ngx_http_review_chunk_module_ctx,     /* module context */
    ngx_http_review_chunk_commands,        /* module directives */
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
ngx_http_review_chunk_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_review_chunk_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_chunk_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->rubrics, cf->pool, 4,
                       sizeof(ngx_http_review_named_rubric_t))
        != NGX_OK)
    {
        return NULL;
    }

    return conf;
}


static void *
ngx_http_review_chunk_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_chunk_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_chunk_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->max_chunk = NGX_CONF_UNSET_SIZE;
    conf->max_points = NGX_CONF_UNSET_UINT;
    conf->max_answer = NGX_CONF_UNSET_SIZE;

    return conf;
}


/* rubrics may be defined behind the locations that name them */

static char *
ngx_http_review_chunk_set_rubric(ngx_conf_t *cf,
    ngx_http_review_chunk_conf_t *conf)
{
    ngx_http_review_request_conf_t     *rcf;
    ngx_http_review_chunk_main_conf_t  *cmcf;

    if (conf->name.len == 0) {
        return NGX_CONF_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_review_chunk_module);

    conf->rubric = ngx_http_review_rubric_find(cmcf, (char *) conf->name.data,
                                               conf->name.len);
    if (conf->rubric) {
        return NGX_CONF_OK;
    }

    rcf = ngx_http_conf_get_module_loc_conf(cf,
                                            ngx_http_review_request_module);

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "no \"review_rubric\" defines the rubric \"%V\" of "
                  "\"review\" in %V:%ui", &conf->name, &rcf->file, rcf->line);

    return NGX_CONF_ERROR;
}


/* the location's rubric, and its points, may name LLMs */

static char *
ngx_http_review_chunk_check_llms(ngx_conf_t *cf,
    ngx_http_review_chunk_conf_t *conf, ngx_array_t *llms)
{
    size_t                           i;
    review_str_t                    *name;
    review_rubric_t                 *rubric;
    ngx_http_review_request_conf_t  *rcf;

    rubric = conf->rubric;

    if (rubric == NULL || llms == NULL) {
        return NGX_CONF_OK;
    }

    for (i = 0; i <= rubric->npoints; i++) {
        name = i < rubric->npoints ? &rubric->points[i].llm : &rubric->llm;

        if (name->len == 0 || ngx_http_review_llm_named(llms, name)) {
            continue;
        }

        rcf = ngx_http_conf_get_module_loc_conf(cf,
                                               ngx_http_review_request_module);

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"review_llm\" has the name \"%*s\", which the "
                      "rubric asks that is set in %V:%ui", name->len,
                      name->data, &rcf->file, rcf->line);

        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_review_chunk_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_chunk_conf_t *prev = parent;
    ngx_http_review_chunk_conf_t *conf = child;

    ngx_http_review_llm_conf_t  *llm;

    if (ngx_http_review_chunk_set_rubric(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_review_endpoint_inherits(cf)) {
        conf->name = prev->name;
        conf->rubric = prev->rubric;
        conf->explain = prev->explain;
        conf->own = prev->own;
    }

    ngx_conf_merge_size_value(conf->max_chunk, prev->max_chunk, 1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_points, prev->max_points, 1000);
    ngx_conf_merge_size_value(conf->max_answer, prev->max_answer, 256 * 1024);

    llm = ngx_http_conf_get_module_loc_conf(cf, ngx_http_review_llm_module);

    if (ngx_http_review_chunk_check_llms(cf, conf, llm->llms) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_review_endpoint_needs(cf, "review", "review_llm",
                                          llm->llms);
}
