
/*
 * Who waits: a guarded request, or a review, which has one waiter for each
 * limit that its calls go by.
 */

#include "http/limit/ngx_http_review_limit.h"


void
ngx_http_review_waiter_init(ngx_http_review_waiter_t *waiter,
    ngx_http_request_t *r, ngx_http_review_limit_conf_t *conf,
    ngx_msec_t call_timeout)
{
    ngx_str_t  value;

    waiter->next = NULL;
    waiter->admitted = 0;
    waiter->expiry = call_timeout + NGX_HTTP_REVIEW_LIMIT_EXPIRY;
    waiter->index = REVIEW_QUEUE_NONE;
    waiter->priority = REVIEW_PRIORITY_NORMAL;

    ngx_queue_init(&waiter->turns);

    ngx_http_review_tenant_init(waiter, r, conf);
    ngx_http_review_waiter_set_limit(waiter, conf->counts);

    if (conf->priority
        && ngx_http_complex_value(r, conf->priority, &value) == NGX_OK)
    {
        waiter->priority = ngx_http_review_limit_priority_of(&value);
    }
}


void
ngx_http_review_waiter_set_limit(ngx_http_review_waiter_t *waiter,
    ngx_http_review_limit_t *limit)
{
    waiter->limit = limit;

    ngx_http_review_tenant_set_zone(waiter, limit ? limit->zone : NULL);
}


ngx_http_review_waiter_t *
ngx_http_review_waiter_of(ngx_http_review_waiter_t *waiter, ngx_pool_t *pool,
    ngx_http_review_limit_t *limit)
{
    ngx_http_review_waiter_t  *other;

    for (other = waiter; other; other = other->next) {
        if (other->limit == limit) {
            return other;
        }
    }

    other = ngx_palloc(pool, sizeof(ngx_http_review_waiter_t));
    if (other == NULL) {
        return NULL;
    }

    /* the same class, and tenant */

    *other = *waiter;
    other->index = REVIEW_QUEUE_NONE;
    other->admitted = 0;

    ngx_queue_init(&other->turns);
    ngx_http_review_waiter_set_limit(other, limit);

    waiter->next = other;

    return other;
}
