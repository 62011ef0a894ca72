
/* What the metrics of a zone are told about reviews and points. */

#include "http/chunk/ngx_http_review_chunk.h"


void
ngx_http_review_chunk_count_point(ngx_http_review_cell_t *cell)
{
    review_metrics_t  *m;

    static const review_metrics_point_e  points[] = {
        REVIEW_METRICS_POINT_OK,
        REVIEW_METRICS_POINT_FAILED,
        REVIEW_METRICS_POINT_TIMEOUT,
        REVIEW_METRICS_POINT_SKIPPED
    };

    m = ngx_http_review_call_count_metrics(cell->call
                                           ? cell->call->turn.waiter
                                           : &cell->chunk->ctx.waiter);

    if (m) {
        review_metrics_point(m, points[cell->status]);
    }
}


/* once for each review, whatever comes later */

void
ngx_http_review_chunk_count_review(ngx_http_review_chunk_t *chunk,
    review_metrics_review_e status)
{
    review_metrics_t  *m;

    m = ngx_http_review_call_count_metrics(&chunk->ctx.waiter);

    if (m && !chunk->counted) {
        chunk->counted = 1;

        review_metrics_review(m, status, status == REVIEW_METRICS_REJECTED
                                         ? REVIEW_METRICS_NO_TIME
                                         : ngx_current_msec
                                           - chunk->ctx.started);
    }
}


void
ngx_http_review_chunk_count_finished(ngx_http_review_chunk_t *chunk)
{
    const char  *status;

    status = chunk->ctx.status;

    ngx_http_review_chunk_count_review(
        chunk, status[0] == 'c' ? REVIEW_METRICS_COMPLETE
        : status[0] == 'p' ? REVIEW_METRICS_PARTIAL : REVIEW_METRICS_FAILED);
}
