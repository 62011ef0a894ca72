
/* Do "review_limit" and "review_llm" of a location fit together? */

#include "http/llm/ngx_http_review_llm.h"
#include "http/request/ngx_http_review_request.h"


/* limits name LLMs, which may be set behind them, and on another level */

char *
ngx_http_review_llm_limits_check(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf, ngx_uint_t inherited)
{
    ngx_uint_t                     i, own, level;
    ngx_http_review_llm_limit_t   *named;
    ngx_http_review_limit_conf_t  *limits;

    limits = ngx_http_conf_get_module_loc_conf(cf,
                                               ngx_http_review_limit_module);

    if (limits->named == NULL) {
        return NGX_CONF_OK;
    }

    named = limits->named->elts;
    own = (named->conf == limits);

    /* at the level of "http" nothing is merged: both are of that one */

    if (named->checked || (!own && !inherited)) {
        return NGX_CONF_OK;
    }

    named->checked = 1;

    if (conf->llms == NULL) {
        return NGX_CONF_OK;
    }

    level = own && inherited ? NGX_LOG_WARN : NGX_LOG_EMERG;

    for (i = 0; i < limits->named->nelts; i++) {

        if (ngx_http_review_llm_find(conf->llms, &named[i].llm)) {
            continue;
        }

        ngx_log_error(level, cf->log, 0,
                      "no \"review_llm\" has the name \"%V\" of "
                      "\"review_limit\" in %V:%ui", &named[i].llm,
                      &named[i].file, named[i].line);

        if (level == NGX_LOG_EMERG) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* one circuit for both, and calls would wait for it as if there were one LLM */

void
ngx_http_review_llm_limits_warn(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf)
{
    ngx_uint_t                       i;
    ngx_http_review_llm_t           *llm;
    ngx_http_review_limit_t         *limit, *other;
    ngx_http_review_limit_conf_t    *limits;
    ngx_http_review_request_conf_t  *rcf;

    rcf = ngx_http_conf_get_module_loc_conf(cf,
                                            ngx_http_review_request_module);
    limits = ngx_http_conf_get_module_loc_conf(cf,
                                               ngx_http_review_limit_module);

    if (conf->llms == NULL || rcf->handler == NULL) {
        return;
    }

    llm = conf->llms->elts;

    for (i = 0; i < conf->llms->nelts; i++) {

        if (llm[i].fallback == NULL || llm[i].warned) {
            continue;
        }

        limit = ngx_http_review_limit_of(limits, &llm[i].name);
        other = ngx_http_review_limit_of(limits, &llm[i].fallback->name);

        if (limit && other && limit->zone == other->zone) {
            llm[i].warned = 1;

            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"review_llm\" in %V:%ui has zone \"%V\" in common "
                          "with its \"fallback\", which is not asked either "
                          "while the circuit is open: \"review_limit\" with "
                          "\"llm=%V\" gives it one of its own", &llm[i].file,
                          llm[i].line, &limit->zone->name, &llm[i].instead);
        }
    }
}


/* each LLM's calls are counted where they are limited, from 0 on */

char *
ngx_http_review_llm_limits_name(ngx_conf_t *cf,
    ngx_http_review_llm_conf_t *conf)
{
    ngx_uint_t                       i;
    ngx_http_review_llm_t           *llm;
    ngx_http_review_limit_t         *limit;
    ngx_http_review_request_conf_t  *rcf;

    rcf = ngx_http_conf_get_module_loc_conf(cf,
                                            ngx_http_review_request_module);

    if (conf->llms == NULL || rcf->handler == NULL) {
        return NGX_CONF_OK;
    }

    llm = conf->llms->elts;

    for (i = 0; i < conf->llms->nelts; i++) {
        limit = ngx_http_review_limit_of(
                    ngx_http_conf_get_module_loc_conf(cf,
                                                ngx_http_review_limit_module),
                    &llm[i].name);

        if (limit && llm[i].name.len
            && ngx_http_review_zone_add_llm(cf, limit->zone, &llm[i].name)
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
