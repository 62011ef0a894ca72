
/* Parameters of directives, "name=value", and the values that many have. */

#include "http/base/ngx_http_review_base.h"


static char *ngx_http_review_param_is_positive(ngx_conf_t *cf, void *post,
    void *data);


ngx_conf_post_t  ngx_http_review_param_positive = {
    ngx_http_review_param_is_positive
};


/* zero would mean a timeout at once, or that nothing is ever allowed */

static char *
ngx_http_review_param_is_positive(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t *value = data;

    /* times, sizes and numbers are all of a word's size */

    return *value ? NGX_CONF_OK : "must be greater than zero";
}


/* of names that may be empty, and then have no data */

ngx_uint_t
ngx_http_review_param_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}


/* "name=value": the value is left in *value */

ngx_uint_t
ngx_http_review_param(ngx_str_t *param, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (param->len <= len
        || ngx_strncmp(param->data, name, len) != 0
        || param->data[len] != '=')
    {
        return 0;
    }

    value->data = param->data + len + 1;
    value->len = param->len - len - 1;

    return 1;
}


ngx_int_t
ngx_http_review_param_on_off(ngx_str_t *value)
{
    if (value->len == 2 && ngx_strncmp(value->data, "on", 2) == 0) {
        return 1;
    }

    if (value->len == 3 && ngx_strncmp(value->data, "off", 3) == 0) {
        return 0;
    }

    return NGX_ERROR;
}


char *
ngx_http_review_param_bad(ngx_conf_t *cf, ngx_str_t *param)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       param);

    return NGX_CONF_ERROR;
}


/* of an internal location, maybe with arguments */

char *
ngx_http_review_param_set_uri(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_uri_t *uri)
{
    u_char  *p;

    if (value->len == 0 || value->data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid uri \"%V\", it must be that of a location "
                           "of this server and begin with \"/\"", value);
        return NGX_CONF_ERROR;
    }

    uri->uri = *value;
    uri->file = cf->conf_file->file.name;
    uri->line = cf->conf_file->line;

    p = ngx_strlchr(value->data, value->data + value->len, '?');

    if (p) {
        uri->uri.len = p - value->data;
        uri->args.data = p + 1;
        uri->args.len = value->data + value->len - (p + 1);
    }

    return NGX_CONF_OK;
}
