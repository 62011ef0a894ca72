
/* "review_llm_param": members of bodies, of one LLM or of all of a level. */

#include "http/llm/ngx_http_review_llm.h"


static ngx_uint_t
ngx_http_review_llm_params_same(ngx_http_review_llm_param_t *a,
    ngx_http_review_llm_param_t *b)
{
    return ngx_http_review_param_same(&a->llm, &b->llm)
           && a->param.name.len == b->param.name.len
           && ngx_memcmp(a->param.name.data, b->param.name.data,
                         a->param.name.len)
              == 0;
}


static ngx_http_review_llm_param_t *
ngx_http_review_llm_params_push(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf, ngx_http_review_llm_param_t *set)
{
    ngx_uint_t                    i;
    ngx_http_review_llm_param_t  *param;

    if (conf->params == NULL) {
        conf->params = ngx_array_create(cf->pool, 4,
                                        sizeof(ngx_http_review_llm_param_t));
        if (conf->params == NULL) {
            return NULL;
        }
    }

    param = conf->params->elts;

    for (i = 0; i < conf->params->nelts; i++) {
        if (ngx_http_review_llm_params_same(&param[i], set)) {
            return &param[i];
        }
    }

    param = ngx_array_push(conf->params);

    if (param) {
        *param = *set;
        param->line = 0;
    }

    return param;
}


char *
ngx_http_review_llm_params(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_llm_conf_t *rlcf = conf;

    ngx_str_t                    *value;
    ngx_uint_t                    i;
    review_str_t                  name, text;
    review_pool_t                *pool;
    review_error_t                err;
    ngx_http_review_llm_param_t   set, *param;

    value = cf->args->elts;
    i = cf->args->nelts - 2;

    ngx_memzero(&set, sizeof(ngx_http_review_llm_param_t));

    if (i == 2 && (!ngx_http_review_param(&value[1], "llm", &set.llm)
                   || set.llm.len == 0))
    {
        return ngx_http_review_param_bad(cf, &value[1]);
    }

    if (ngx_strncmp(value[i].data, "llm=", 4) == 0) {
        return "needs a name and a value";
    }

    name.data = (char *) value[i].data;
    name.len = value[i].len;
    text.data = (char *) value[i + 1].data;
    text.len = value[i + 1].len;

    pool = ngx_http_review_pool(cf->pool);
    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&err, sizeof(review_error_t));

    if (review_params_set(pool, &name, &text, &set.param, &err) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "parameter \"%V\" of \"review_llm_param\": %s",
                           &value[i], err.text);
        return NGX_CONF_ERROR;
    }

    param = ngx_http_review_llm_params_push(cf, rlcf, &set);
    if (param == NULL) {
        return NGX_CONF_ERROR;
    }

    if (param->line) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "parameter \"%V\" of \"review_llm_param\" was set "
                           "in %V:%ui already", &value[i], &param->file,
                           param->line);
        return NGX_CONF_ERROR;
    }

    param->file = cf->conf_file->file.name;
    param->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


/* those of the LLM alone, then those of all that it has not got itself */

static ngx_int_t
ngx_http_review_llm_params_of(ngx_conf_t *cf, ngx_http_review_llm_t *llm,
    ngx_array_t *all)
{
    ngx_uint_t                    i, general;
    review_params_t               params;
    ngx_http_review_llm_param_t  *param;

    params.n = 0;
    params.elts = ngx_palloc(cf->pool, all->nelts * sizeof(review_param_t));
    if (params.elts == NULL) {
        return NGX_ERROR;
    }

    param = all->elts;

    for (general = 0; general < 2; general++) {

        for (i = 0; i < all->nelts; i++) {

            if (general != (param[i].llm.len == 0)
                || review_params_find(&params, param[i].param.name.data,
                                      param[i].param.name.len))
            {
                continue;
            }

            if (general || ngx_http_review_param_same(&param[i].llm,
                                                      &llm->name))
            {
                params.elts[params.n++] = param[i].param;
            }
        }
    }

    llm->asked.params = params;

    return NGX_OK;
}


char *
ngx_http_review_llm_params_resolve(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf, ngx_uint_t own)
{
    ngx_uint_t                    i;
    ngx_http_review_llm_t        *llm;
    ngx_http_review_llm_param_t  *param;

    if (conf->params == NULL) {
        return NGX_CONF_OK;
    }

    param = conf->params->elts;

    for (i = 0; own && i < conf->params->nelts; i++) {

        if (param[i].llm.len == 0
            || ngx_http_review_llm_find(conf->llms, &param[i].llm))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"review_llm\" has the name \"%V\" of "
                      "\"review_llm_param\" in %V:%ui", &param[i].llm,
                      &param[i].file, param[i].line);
        return NGX_CONF_ERROR;
    }

    llm = conf->llms->elts;

    for (i = 0; i < conf->llms->nelts; i++) {
        if (ngx_http_review_llm_params_of(cf, &llm[i], conf->params)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
