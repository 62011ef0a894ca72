
/*
 * What became of requests at endpoints, for the metrics of the zone that limits
 * their location: when they are logged, all of it is known.
 */

#include "http/ngx_http_review_module.h"
#include "http/request/ngx_http_review_request.h"


/* directives, in the order of review_metrics_endpoint_e */

static const char *const  ngx_http_review_count_directives[] = {
    "review", "review_task", "review_split", "review_embed", "review_rank",
    "review_fetch", "review_object"
};


static review_metrics_endpoint_e
ngx_http_review_count_endpoint(const char *directive)
{
    ngx_uint_t  i;

    for (i = 0; i < REVIEW_METRICS_ENDPOINTS - 1; i++) {
        if (ngx_strcmp(directive, ngx_http_review_count_directives[i]) == 0) {
            break;
        }
    }

    return i;
}


/* a dry run has no status of a report; a stream has begun with 200 */

static review_metrics_review_e
ngx_http_review_count_status(ngx_http_request_t *r, ngx_http_review_ctx_t *ctx)
{
    if (ctx->status) {
        return ctx->status[0] == 'c' ? REVIEW_METRICS_COMPLETE
               : ctx->status[0] == 'p' ? REVIEW_METRICS_PARTIAL
               : REVIEW_METRICS_FAILED;
    }

    if (r->headers_out.status == NGX_HTTP_CLIENT_CLOSED_REQUEST || ctx->sse) {
        return REVIEW_METRICS_ABORTED;
    }

    return r->headers_out.status >= NGX_HTTP_BAD_REQUEST
           ? REVIEW_METRICS_REJECTED : REVIEW_METRICS_COMPLETE;
}


/* a handler of the log phase */

ngx_int_t
ngx_http_review_count(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t           *ctx;
    review_metrics_review_e          status;
    ngx_http_review_limit_t         *limit;
    ngx_http_review_request_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    if (r != r->main || ctx == NULL) {
        return NGX_OK;
    }

    conf = ngx_http_review_request_conf(ctx);
    limit = ngx_http_review_limit_conf(ctx)->counts;

    if (limit == NULL || conf->directive == NULL) {
        return NGX_OK;
    }

    status = ngx_http_review_count_status(r, ctx);

    review_metrics_request(ngx_http_review_zone_metrics(limit->zone),
                           ngx_http_review_count_endpoint(conf->directive),
                           status,
                           status == REVIEW_METRICS_REJECTED
                           ? REVIEW_METRICS_NO_TIME
                           : ngx_current_msec - ctx->started,
                           r->request_length, r->connection->sent);

    return NGX_OK;
}
