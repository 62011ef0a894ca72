
/* What is going on in a zone: as JSON, or as a page for Prometheus. */

#include "http/ngx_http_review_module.h"
#include "http/request/ngx_http_review_request.h"
#include "http/base/ngx_http_review_base.h"

#include "review/base/utf8.h"

#include <curl/curl.h>


static ngx_int_t ngx_http_review_status_handler(ngx_http_request_t *r);


char *
ngx_http_review_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    char                            *rv;
    ngx_str_t                       *value;
    ngx_http_review_request_conf_t  *rcf;

    rcf = ngx_http_conf_get_module_loc_conf(cf,
                                            ngx_http_review_request_module);
    rcf->plain_errors = 1;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_status_handler);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of a zone";
    }

    rlcf->status = ngx_http_review_zone_add(cf, &value[1], 0);
    if (rlcf->status == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* 1: it has used tokens that still count */

static ngx_uint_t
ngx_http_review_status_budgets(review_budget_t *budget,
    review_gauge_budget_t *used)
{
    ngx_uint_t  i, any;

    any = 0;

    for (i = 0; i < REVIEW_BUDGET_WINDOWS; i++) {
        used[i].used = review_budget_used(budget, i, ngx_current_msec);
        used[i].limit = budget->windows[i].limit;
        used[i].seconds = 0;

        if (used[i].limit) {
            used[i].seconds = (review_budget_wait(budget, i, ngx_current_msec,
                                                  used[i].limit)
                               + 999) / 1000;
        }

        any |= (used[i].used != 0);
    }

    return any;
}


/*
 * With the lock held: those with calls, or tokens that were used, as far as
 * there is room for them.
 */

static void
ngx_http_review_status_tenants(ngx_http_review_zone_t *zone,
    review_queue_t *q, review_gauges_t *g)
{
    uint32_t                i;
    review_tenants_t       *tenants;
    review_gauge_tenant_t  *tenant;

    tenants = ngx_http_review_zone_tenants(zone);

    for (i = 0; i < tenants->top && g->ntenants < REVIEW_METRICS_TENANTS; i++)
    {
        tenant = &g->tenants[g->ntenants];

        tenant->in_flight = review_queue_in_flight(q, i);
        tenant->queued = review_queue_waiting(q, i);

        if (!ngx_http_review_status_budgets(&tenants->tenants[i].budget,
                                            tenant->budgets)
            && tenant->in_flight == 0 && tenant->queued == 0)
        {
            continue;
        }

        tenant->len = ngx_min(tenants->tenants[i].len, REVIEW_TENANT_NAME);
        ngx_memcpy(tenant->name, tenants->tenants[i].name, tenant->len);

        g->ntenants++;
    }
}


/* with the lock held: what tenants have had, that still have their numbers */

static ngx_uint_t
ngx_http_review_status_copy(ngx_http_review_zone_t *zone,
    review_counted_tenant_t *counted, ngx_uint_t n)
{
    uint32_t                  i;
    ngx_uint_t                top;
    review_tenants_t         *tenants;
    review_metrics_tenant_t  *counts;

    tenants = ngx_http_review_zone_tenants(zone);
    counts = ngx_http_review_zone_counts(zone);
    top = ngx_min(tenants->top, n);

    for (i = 0, n = 0; i < top; i++) {

        if (i >= REVIEW_TENANT_FIRST
            && counts[i].key != ngx_http_review_tenant_counted(zone, i))
        {
            continue;
        }

        counted[n].len = ngx_min(tenants->tenants[i].len, REVIEW_NAME);
        ngx_memcpy(counted[n].name, tenants->tenants[i].name, counted[n].len);

        counted[n].calls = counts[i].calls;
        counted[n].tokens[REVIEW_METRICS_PROMPT] =
            counts[i].tokens[REVIEW_METRICS_PROMPT];
        counted[n].tokens[REVIEW_METRICS_COMPLETION] =
            counts[i].tokens[REVIEW_METRICS_COMPLETION];
        n++;
    }

    return n;
}


/*
 * Each name stands once, be it that a client has one of ours, or that names
 * differ behind what is told of them; and all of them are text.
 */

static ngx_uint_t
ngx_http_review_status_merge(review_counted_tenant_t *counted, ngx_uint_t all)
{
    ngx_uint_t                i, j, n;
    review_counted_tenant_t  *tenant, *other;

    for (i = 0, n = 0; i < all; i++) {
        tenant = &counted[i];
        tenant->len = review_utf8_valid(tenant->name, tenant->len);

        for (j = 0; j < n; j++) {
            if (counted[j].len == tenant->len
                && ngx_memcmp(counted[j].name, tenant->name, tenant->len) == 0)
            {
                break;
            }
        }

        if (j == n && n == REVIEW_METRICS_COUNTED) {
            j = 0;
        }

        other = &counted[j];

        if (j < n) {
            other->calls += tenant->calls;
            other->tokens[0] += tenant->tokens[0];
            other->tokens[1] += tenant->tokens[1];

        } else {
            *other = *tenant;
            n++;
        }
    }

    return n;
}


static ngx_int_t
ngx_http_review_status_counted(ngx_http_review_zone_t *zone, ngx_pool_t *pool,
    review_gauges_t *g)
{
    ngx_uint_t                n;
    review_counted_tenant_t  *counted;

    n = ngx_http_review_zone_tenants(zone)->size;
    counted = ngx_palloc(pool, n * sizeof(review_counted_tenant_t));

    if (counted == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_review_zone_lock(zone);
    n = ngx_http_review_status_copy(zone, counted, n);
    ngx_http_review_zone_unlock(zone);

    g->ncounted = ngx_http_review_status_merge(counted, n);
    g->counted = counted;

    return NGX_OK;
}


/* the lock is held for the numbers of the queue alone */

static void
ngx_http_review_status_gauges(ngx_http_review_zone_t *zone, review_gauges_t *g)
{
    review_queue_t          *q;
    ngx_http_review_load_t  *load;

    ngx_memzero(g, sizeof(review_gauges_t));

    g->processes = ngx_http_review_process_reclaim(zone);

    load = ngx_http_review_zone_load(zone);
    q = ngx_http_review_zone_lock(zone);

    g->in_flight = q->in_flight;
    g->queued = q->waiting;
    g->limit = q->limit;
    g->automatic = load->automatic & 1;
    g->limit_min = zone->min;
    g->limit_max = zone->max;
    g->queued_high = q->waiting_of[REVIEW_PRIORITY_HIGH];
    g->queued_normal = q->waiting_of[REVIEW_PRIORITY_NORMAL];
    g->queued_low = q->waiting_of[REVIEW_PRIORITY_LOW];
    g->processes_max = q->processes;

    g->openings = load->circuit.openings;
    g->build.version = NGX_HTTP_REVIEW_VERSION;
    g->build.nginx = NGINX_VERSION;
    g->build.curl = curl_version_info(CURLVERSION_NOW)->version;

    ngx_http_review_status_tenants(zone, q, g);

    switch (review_circuit_state(&load->circuit, ngx_current_msec)) {

    case REVIEW_CIRCUIT_CLOSED:
        break;

    case REVIEW_CIRCUIT_HALF_OPEN:
        g->circuit = 1;
        break;

    default:
        g->circuit = 2;
    }

    ngx_http_review_zone_unlock(zone);
}


/* 1: Prometheus, 0: JSON, NGX_DECLINED: something else was asked for */

static ngx_int_t
ngx_http_review_status_format(ngx_http_request_t *r)
{
    u_char           *last;
    ngx_str_t         value;
    ngx_table_elt_t  *accept;

    if (ngx_http_arg(r, (u_char *) "format", 6, &value) == NGX_OK) {

        if (value.len == 10 && ngx_strncmp(value.data, "prometheus", 10) == 0)
        {
            return 1;
        }

        return value.len == 4 && ngx_strncmp(value.data, "json", 4) == 0
               ? 0 : NGX_DECLINED;
    }

    accept = ngx_http_review_headers_find(&r->headers_in.headers, "Accept");

    if (accept == NULL) {
        return 0;
    }

    last = accept->value.data + accept->value.len;

    return ngx_strlcasestrn(accept->value.data, last,
                            (u_char *) "text/plain", 10 - 1)
           || ngx_strlcasestrn(accept->value.data, last,
                               (u_char *) "openmetrics", 11 - 1);
}


static ngx_int_t
ngx_http_review_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc, prometheus;
    ngx_buf_t                   *b;
    ngx_chain_t                  out;
    review_buf_t                 text;
    review_pool_t               *pool;
    review_gauges_t              gauges;
    review_metrics_zone_t        page;
    ngx_http_review_zone_t      *zone;
    ngx_http_review_loc_conf_t  *conf;

    static ngx_str_t  no_store = ngx_string("no-store");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    prometheus = ngx_http_review_status_format(r);

    if (prometheus == NGX_DECLINED) {
        return NGX_HTTP_BAD_REQUEST;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_review_module);
    zone = conf->status;

    pool = ngx_http_review_pool(r->pool);
    b = ngx_calloc_buf(r->pool);

    if (pool == NULL || b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_review_status_gauges(zone, &gauges);

    if (ngx_http_review_status_counted(zone, r->pool, &gauges) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    page.name.data = (char *) zone->name.data;
    page.name.len = zone->name.len;
    page.metrics = ngx_http_review_zone_metrics(zone);
    page.gauges = &gauges;

    review_buf_init(&text, pool, 4096);

    if (prometheus) {
        review_prometheus_write(&text, &page, 1);
        ngx_str_set(&r->headers_out.content_type,
                    "text/plain; version=0.0.4; charset=utf-8");

    } else {
        review_metrics_json(&text, page.name.data, page.name.len, page.metrics,
                            &gauges);
        review_buf_puts(&text, "\n");
        ngx_str_set(&r->headers_out.content_type, "application/json");
    }

    if (text.failed
        || ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                       "Cache-Control", &no_store)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->pos = (u_char *) text.data;
    b->last = b->pos + text.len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
