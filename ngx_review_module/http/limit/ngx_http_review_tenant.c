
/* Whose a request is, and what one tenant may have. */

#include "http/limit/ngx_http_review_limit.h"
#include "http/base/ngx_http_review_base.h"


#define NGX_HTTP_REVIEW_TENANT_CALLS   1000000
#define NGX_HTTP_REVIEW_TENANT_TOKENS  1000000000


void
ngx_http_review_tenant_init(ngx_http_review_waiter_t *waiter,
    ngx_http_request_t *r, ngx_http_review_limit_conf_t *conf)
{
    ngx_str_t  *name;

    name = &waiter->tenant.name;

    waiter->tenant_limit = conf->tenant_limit;

    if (conf->tenant == NULL
        || ngx_http_complex_value(r, conf->tenant, name) != NGX_OK)
    {
        ngx_str_null(name);
    }

}


void
ngx_http_review_tenant_set_zone(ngx_http_review_waiter_t *waiter,
    ngx_http_review_zone_t *zone)
{
    ngx_http_review_tenant_t  *tenant;

    tenant = &waiter->tenant;

    tenant->index = REVIEW_TENANT_DEFAULT;
    tenant->zone = zone;

    if (zone) {
        tenant->key = review_tenant_key(ngx_http_review_zone_tenants(zone),
                                        (char *) tenant->name.data,
                                        tenant->name.len);
    }
}


static int
ngx_http_review_tenant_idle(void *data, uint32_t tenant)
{
    ngx_http_review_zone_t *zone = data;

    review_queue_t    *q;
    review_tenants_t  *t;

    q = ngx_http_review_zone_queue(zone);
    t = ngx_http_review_zone_tenants(zone);

    return review_queue_in_flight(q, tenant) == 0
           && review_queue_waiting(q, tenant) == 0
           && review_budget_idle(&t->tenants[tenant].budget, ngx_current_msec);
}


uint32_t
ngx_http_review_tenant_find(ngx_http_review_waiter_t *waiter)
{
    ngx_http_review_zone_t    *zone;
    ngx_http_review_tenant_t  *tenant;

    tenant = &waiter->tenant;
    zone = tenant->zone;

    /* with calls it keeps the number that it has got, without name always */

    if (waiter->index != REVIEW_QUEUE_NONE || tenant->name.len == 0) {
        return tenant->index;
    }

    tenant->index = review_tenant_find(ngx_http_review_zone_tenants(zone),
                                       tenant->key,
                                       (char *) tenant->name.data,
                                       tenant->name.len, tenant->index,
                                       ngx_http_review_tenant_idle, zone);

    return tenant->index;
}


/* "1000000/1h": the time is a minute, an hour or a day */

static ngx_int_t
ngx_http_review_tenant_tokens(ngx_http_review_tenant_limit_t *limit,
    ngx_str_t *arg)
{
    u_char     *p;
    ngx_int_t   n;

    p = ngx_strlchr(arg->data, arg->data + arg->len, '/');

    if (p == NULL || arg->data + arg->len - p != 3 || p[1] != '1') {
        return NGX_ERROR;
    }

    switch (p[2]) {

    case 'm':
        limit->window = REVIEW_BUDGET_MINUTE;
        break;

    case 'h':
        limit->window = REVIEW_BUDGET_HOUR;
        break;

    case 'd':
        limit->window = REVIEW_BUDGET_DAY;
        break;

    default:
        return NGX_ERROR;
    }

    n = ngx_atoi(arg->data, p - arg->data);
    limit->tokens = n;

    return n > 0 && n <= NGX_HTTP_REVIEW_TENANT_TOKENS ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_review_tenant_param(ngx_http_review_tenant_limit_t *limit,
    ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "calls", &arg) && limit->calls == 0) {
        n = ngx_atoi(arg.data, arg.len);
        limit->calls = n;

        return n > 0 && n <= NGX_HTTP_REVIEW_TENANT_CALLS ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "tokens", &arg) && limit->tokens == 0) {
        return ngx_http_review_tenant_tokens(limit, &arg);
    }

    return NGX_ERROR;
}


char *
ngx_http_review_tenant_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_limit_conf_t *rlcf = conf;

    ngx_str_t                       *value;
    ngx_uint_t                       i;
    ngx_http_review_tenant_limit_t  *limit;

    if (rlcf->tenant_limit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && value[1].len == 3
        && ngx_strncmp(value[1].data, "off", 3) == 0)
    {
        rlcf->tenant_limit = NULL;
        return NGX_CONF_OK;
    }

    limit = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_tenant_limit_t));
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_review_tenant_param(limit, &value[i]) != NGX_OK) {
            return ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    rlcf->tenant_limit = limit;

    return NGX_CONF_OK;
}
