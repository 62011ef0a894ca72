
/* An endpoint is set in a location: its content handler, and where that was. */

#include "http/request/ngx_http_review_request.h"


/* what is sent of a reply before other events are seen to */

#define NGX_HTTP_REVIEW_SEND  (256 * 1024)


char *
ngx_http_review_endpoint_set(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_review_request_conf_t  *conf;

    conf = ngx_http_conf_get_module_loc_conf(cf,
                                             ngx_http_review_request_module);

    if (conf->handler == handler) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is not allowed: the location has a content handler already";
    }

    clcf->handler = handler;

    conf->handler = handler;
    conf->directive = (char *) cmd->name.data;
    conf->file = cf->conf_file->file.name;
    conf->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_http_review_endpoint_inherits(ngx_conf_t *cf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    return clcf->noname || clcf->lmt_excpt;
}


char *
ngx_http_review_endpoint_merge(ngx_conf_t *cf,
    ngx_http_review_request_conf_t *prev, ngx_http_review_request_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->handler && clcf->handler != conf->handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "another content handler is set in the location of "
                      "\"%s\" in %V:%ui", conf->directive, &conf->file,
                      conf->line);
        return NGX_CONF_ERROR;
    }

    /* large replies leave others their turn: sending 2m takes milliseconds */

    if (conf->handler && (clcf->sendfile_max_chunk == 0
                          || clcf->sendfile_max_chunk > NGX_HTTP_REVIEW_SEND))
    {
        clcf->sendfile_max_chunk = NGX_HTTP_REVIEW_SEND;
    }

    if (ngx_http_review_endpoint_inherits(cf)) {
        conf->handler = prev->handler;
        conf->directive = prev->directive;
        conf->file = prev->file;
        conf->line = prev->line;
        conf->plain_errors = prev->plain_errors;

        if (clcf->lmt_excpt && clcf->handler == NULL) {
            clcf->handler = conf->handler;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_review_endpoint_needs(ngx_conf_t *cf, const char *directive,
    const char *needed, void *value)
{
    ngx_http_review_request_conf_t  *conf;

    conf = ngx_http_conf_get_module_loc_conf(cf,
                                             ngx_http_review_request_module);

    if (value || conf->directive == NULL
        || ngx_strcmp(conf->directive, directive) != 0)
    {
        return NGX_CONF_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "no \"%s\" is set for \"%s\" in %V:%ui", needed,
                  conf->directive, &conf->file, conf->line);

    return NGX_CONF_ERROR;
}
