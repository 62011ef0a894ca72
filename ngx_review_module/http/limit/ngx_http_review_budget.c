
/*
 * The tokens that a tenant may use: counted whenever an answer tells its usage,
 * held against the limit when a request comes in.  What is in flight when they
 * run out goes on.
 */

#include "http/limit/ngx_http_review_limit.h"


ngx_uint_t
ngx_http_review_budget_is_over(ngx_http_review_waiter_t *waiter,
    ngx_http_review_over_t *over)
{
    uint64_t                         wait;
    review_tenant_t                 *tenant;
    ngx_http_review_zone_t          *zone;
    ngx_http_review_tenant_limit_t  *limit;

    zone = waiter->tenant.zone;
    limit = waiter->tenant_limit;

    if (zone == NULL || limit == NULL || limit->tokens == 0) {
        return 0;
    }

    (void) ngx_http_review_zone_lock(zone);

    tenant = &ngx_http_review_zone_tenants(zone)->tenants[
                                        ngx_http_review_tenant_find(waiter)];

    tenant->budget.windows[limit->window].limit = (uint32_t) limit->tokens;

    wait = review_budget_wait(&tenant->budget, limit->window, ngx_current_msec,
                              limit->tokens);

    if (wait) {
        over->used = review_budget_used(&tenant->budget, limit->window,
                                        ngx_current_msec);
        over->len = ngx_min(tenant->len, REVIEW_TENANT_NAME);
        ngx_memcpy(over->name, tenant->name, over->len);
    }

    ngx_http_review_zone_unlock(zone);

    if (wait == 0) {
        return 0;
    }

    over->tokens = limit->tokens;
    over->window = review_budget_name(limit->window);
    over->seconds = (wait + 999) / 1000;

    return 1;
}


size_t
ngx_http_review_budget_text(ngx_http_review_over_t *over,
    char text[NGX_HTTP_REVIEW_BUDGET_TEXT])
{
    int  n;

    n = snprintf(text, NGX_HTTP_REVIEW_BUDGET_TEXT,
                 "tenant \"%.*s\" has used %llu of the %llu tokens that it may "
                 "in any %s: there are some again in %llu s", (int) over->len,
                 over->name, (unsigned long long) over->used,
                 (unsigned long long) over->tokens, over->window,
                 (unsigned long long) over->seconds);

    return n < 0 ? 0 : ngx_min((size_t) n, NGX_HTTP_REVIEW_BUDGET_TEXT - 1);
}


void
ngx_http_review_budget_add(ngx_http_review_waiter_t *waiter, int64_t prompt,
    int64_t completion)
{
    int64_t                  tokens;
    ngx_uint_t               i;
    review_budget_t         *budget;
    ngx_http_review_zone_t  *zone;

    zone = waiter->tenant.zone;

    /* an LLM may tell anything */

    tokens = ngx_max(0, ngx_min(prompt, UINT32_MAX))
             + ngx_max(0, ngx_min(completion, UINT32_MAX));

    if (zone == NULL || zone->budgets == 0 || tokens == 0) {
        return;
    }

    (void) ngx_http_review_zone_lock(zone);

    budget = &ngx_http_review_zone_tenants(zone)->tenants[
                                  ngx_http_review_tenant_find(waiter)].budget;

    for (i = 0; i < REVIEW_BUDGET_WINDOWS; i++) {
        if (zone->budgets & (1 << i)) {
            review_budget_add(budget, i, ngx_current_msec, tokens);
        }
    }

    ngx_http_review_zone_unlock(zone);
}
