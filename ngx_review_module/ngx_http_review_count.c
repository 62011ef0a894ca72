
/* What the metrics of a zone are told about reviews, points and calls. */

#include "ngx_http_review.h"


/* of the zone that limits the review; NULL: none does */

static review_metrics_t *
ngx_http_review_metrics(ngx_http_review_ctx_t *ctx)
{
    if (ctx->conf->limit == NULL) {
        return NULL;
    }

    return &ngx_http_review_zone_load(ctx->conf->limit->zone)->metrics;
}


/* a try that has ended, or was not made at all */

void
ngx_http_review_count_call(ngx_http_review_call_t *call)
{
    review_str_t          model;
    review_metrics_t     *m;
    review_completion_t  *c;

    m = ngx_http_review_metrics(call->ctx);

    if (m == NULL) {
        return;
    }

    if (call->turn.code) {
        review_metrics_call(m, call->turn.code, REVIEW_METRICS_NO_TIME);
        review_metrics_queue(m, ngx_current_msec - call->turn.asked);
        return;
    }

    review_metrics_call(m, call->failure.code,
                        ngx_current_msec - call->started);
    review_metrics_queue(m, call->started - call->turn.asked);

    if (call->first) {
        review_metrics_first_token(m, call->first - call->started);
    }

    c = &call->completion;
    model = c->model;

    if (model.len == 0) {
        model.data = (char *) call->ctx->conf->llm->model.data;
        model.len = call->ctx->conf->llm->model.len;
    }

    if (c->prompt_tokens > 0 || c->completion_tokens > 0) {
        review_metrics_tokens(m, model.data, model.len, c->prompt_tokens,
                              c->completion_tokens);
    }
}


/* a call that is given up while it runs, or while it waits */

void
ngx_http_review_count_cut(ngx_http_review_call_t *call, const char *code)
{
    review_metrics_t  *m;

    m = ngx_http_review_metrics(call->ctx);

    if (m == NULL || call->turn.state == NGX_HTTP_REVIEW_TURN_NONE) {
        return;
    }

    if (call->turn.state == NGX_HTTP_REVIEW_TURN_HELD) {
        review_metrics_call(m, code, ngx_current_msec - call->started);
        review_metrics_queue(m, call->started - call->turn.asked);
        return;
    }

    if (ngx_strcmp(code, "deadline") == 0) {
        code = "queue_timeout";
    }

    review_metrics_call(m, code, REVIEW_METRICS_NO_TIME);
    review_metrics_queue(m, ngx_current_msec - call->turn.asked);
}


/* a call that is made again, or asks anew */

void
ngx_http_review_count_retry(ngx_http_review_cell_t *cell)
{
    review_metrics_t  *m;

    cell->usage.retries++;

    m = ngx_http_review_metrics(cell->ctx);

    if (m) {
        review_metrics_retry(m);
    }
}


void
ngx_http_review_count_point(ngx_http_review_cell_t *cell)
{
    review_metrics_t  *m;

    static const review_metrics_point_e  points[] = {
        REVIEW_METRICS_POINT_OK,
        REVIEW_METRICS_POINT_FAILED,
        REVIEW_METRICS_POINT_TIMEOUT,
        REVIEW_METRICS_POINT_SKIPPED
    };

    m = ngx_http_review_metrics(cell->ctx);

    if (m) {
        review_metrics_point(m, points[cell->status]);
    }
}


/* once for each review, whatever comes later */

void
ngx_http_review_count_review(ngx_http_review_ctx_t *ctx,
    review_metrics_review_e status)
{
    review_metrics_t  *m;

    m = ngx_http_review_metrics(ctx);

    if (m && !ctx->counted) {
        ctx->counted = 1;

        review_metrics_review(m, status, status == REVIEW_METRICS_REJECTED
                                         ? REVIEW_METRICS_NO_TIME
                                         : ngx_current_msec - ctx->started);
    }
}


void
ngx_http_review_count_finished(ngx_http_review_ctx_t *ctx)
{
    const char  *status;

    status = ngx_http_review_reply_status(ctx);

    ngx_http_review_count_review(ctx,
                                 status[0] == 'c' ? REVIEW_METRICS_COMPLETE
                                 : status[0] == 'p' ? REVIEW_METRICS_PARTIAL
                                 : REVIEW_METRICS_FAILED);
}
