
/* The value of a variable. */

#include "http/ngx_http_review_module.h"


ngx_int_t
ngx_http_review_value_number(ngx_pool_t *pool, int64_t n,
    ngx_str_t *value)
{
    value->data = ngx_pnalloc(pool, NGX_INT64_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data, "%L", n) - value->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_review_value_time(ngx_pool_t *pool, ngx_msec_t msec,
    ngx_str_t *value)
{
    value->data = ngx_pnalloc(pool, NGX_TIME_T_LEN + 4);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data, "%T.%03M", (time_t) (msec / 1000),
                             msec % 1000)
                 - value->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_review_value_found(ngx_http_variable_value_t *v, ngx_int_t rc,
    ngx_str_t *value)
{
    if (rc != NGX_OK) {
        v->not_found = 1;
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
