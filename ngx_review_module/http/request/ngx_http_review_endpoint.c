
/* An endpoint is set in a location: its content handler, and where that was. */

#include "http/ngx_http_review.h"


char *
ngx_http_review_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_review_loc_conf_t *conf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

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
