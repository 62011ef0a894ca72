
/* Operations on objects: see ngx_http_review_s3.h. */

#include "http/store/ngx_http_review_s3.h"
#include "http/base/ngx_http_review_base.h"


#define NGX_HTTP_REVIEW_S3_BACKOFF  200


static ngx_int_t ngx_http_review_s3_try(ngx_http_review_s3_t *op);
static void ngx_http_review_s3_retry(ngx_event_t *ev);
static void ngx_http_review_s3_done(ngx_http_review_transfer_t *t);


ngx_int_t
ngx_http_review_s3_start(ngx_http_review_s3_t *op)
{
    op->memory = ngx_http_review_pool(op->pool);
    if (op->memory == NULL) {
        return NGX_ERROR;
    }

    review_buf_init(&op->url, op->memory, 256);

    op->retry.handler = ngx_http_review_s3_retry;
    op->retry.data = op;
    op->retry.log = ngx_cycle->log;

    op->answered = ngx_http_review_s3_done;
    op->started = ngx_current_msec;

    if (op->type == NGX_HTTP_REVIEW_S3_PUT
        && op->size > NGX_HTTP_REVIEW_S3_SINGLE
        && ngx_http_review_s3_parts_create(op) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_review_s3_try(op);
}


void
ngx_http_review_s3_resume(ngx_http_review_s3_t *op)
{
    ngx_http_review_curl_resume(&op->transfer);
}


static void
ngx_http_review_s3_abort(ngx_http_review_s3_t *op)
{
    ngx_http_review_s3_t  *abort;

    abort = ngx_http_review_s3_parts_abort(op);

    if (abort && ngx_http_review_s3_start(abort) != NGX_OK) {
        ngx_destroy_pool(abort->pool);
    }
}


void
ngx_http_review_s3_cancel(ngx_http_review_s3_t *op)
{
    ngx_http_review_curl_cancel(&op->transfer);

    if (op->retry.timer_set) {
        ngx_del_timer(&op->retry);
    }

    if (op->parts) {
        ngx_http_review_s3_abort(op);
    }
}


static ngx_int_t
ngx_http_review_s3_try(ngx_http_review_s3_t *op)
{
    static const char *methods[] = { "GET", "HEAD", "PUT", "DELETE", "GET" };

    if (op->parts) {
        return ngx_http_review_s3_parts_next(op);
    }

    ngx_http_review_s3_request_url(op);

    op->offset = 0;

    return ngx_http_review_s3_request_send(op, methods[op->type],
                            op->type == NGX_HTTP_REVIEW_S3_PUT ? op->size : -1,
                            NGX_HTTP_REVIEW_S3_ALL);
}


/* what the last request has come to; NGX_AGAIN: there is another to make */

static ngx_int_t
ngx_http_review_s3_outcome(ngx_http_review_s3_t *op)
{
    u_char                       md5[16];
    ngx_http_review_transfer_t  *t;

    t = &op->transfer;

    op->status = t->status;

    /* an answer that was too long for us is one all the same */

    if (t->result == REVIEW_CODE_STOPPED && op->reply.failed) {
        t->result = REVIEW_CODE_OK;
    }

    op->result = t->result;

    if (t->result != REVIEW_CODE_OK) {
        ngx_http_review_s3_request_fail(op, t->result, t->message);
        return NGX_OK;
    }

    if (t->status >= 300 && t->status != NGX_HTTP_NOT_MODIFIED) {

        if (ngx_http_review_s3_request_error(op) != NGX_OK) {
            ngx_http_review_s3_request_fail(op, review_code_http(t->status),
                                            "");
        }

        return op->parts && ngx_http_review_s3_parts_lost(op) ? NGX_AGAIN
                                                              : NGX_OK;
    }

    if (op->parts) {
        return ngx_http_review_s3_parts_done(op);
    }

    if (op->type == NGX_HTTP_REVIEW_S3_PUT) {
        ngx_md5_final(md5, &op->md5);
        (void) ngx_http_review_s3_request_check(op, md5, 0);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_review_s3_again(ngx_http_review_s3_t *op)
{
    if (!op->failed || op->handed || op->brief
        || op->tries >= NGX_HTTP_REVIEW_S3_TRIES)
    {
        return 0;
    }

    if (op->failed != REVIEW_CODE_STORE && op->failed < REVIEW_CODE_HTTP) {
        return review_code_retried(op->failed);
    }

    return op->said == REVIEW_S3_BUSY
           || op->status == NGX_HTTP_INTERNAL_SERVER_ERROR
           || (op->status >= NGX_HTTP_BAD_GATEWAY
               && op->status <= NGX_HTTP_GATEWAY_TIME_OUT)
           || op->status == NGX_HTTP_TOO_MANY_REQUESTS;
}


/* the end */

static void
ngx_http_review_s3_end(ngx_http_review_s3_t *op)
{
    op->etag.data = (u_char *) op->tag;
    op->etag.len = op->ntag;

    if (op->parts && op->failed) {
        ngx_http_review_s3_abort(op);
    }

    if (op->limit) {
        review_metrics_operation(ngx_http_review_zone_metrics(op->limit->zone),
                                 REVIEW_METRICS_STORE_GET + op->type,
                                 op->failed == REVIEW_CODE_OK,
                                 ngx_current_msec - op->started, op->bytes);
    }

    op->done(op);
}


static void
ngx_http_review_s3_go_on(ngx_http_review_s3_t *op)
{
    if (ngx_http_review_s3_try(op) != NGX_OK) {
        op->result = REVIEW_CODE_FAILED;
        ngx_http_review_s3_request_fail(op, REVIEW_CODE_FAILED,
                                        "a request cannot be made");
        ngx_http_review_s3_end(op);
    }
}


static void
ngx_http_review_s3_retry(ngx_event_t *ev)
{
    ngx_http_review_s3_go_on(ev->data);
}


static void
ngx_http_review_s3_done(ngx_http_review_transfer_t *t)
{
    ngx_msec_t             delay;
    ngx_http_review_s3_t  *op;

    op = t->data;

    if (ngx_http_review_s3_outcome(op) == NGX_AGAIN) {
        op->tries = 0;
        ngx_http_review_s3_go_on(op);
        return;
    }

    if (ngx_http_review_s3_again(op)) {
        delay = NGX_HTTP_REVIEW_S3_BACKOFF << (op->tries - 1);
        delay = delay / 2 + (ngx_msec_t) ngx_random() % delay;

        ngx_log_error(NGX_LOG_WARN, op->log, 0,
                      "object store \"%V\": %s%s%s, another try in %M ms",
                      &op->store->name, op->code, op->message[0] ? ": " : "",
                      op->message, delay);

        ngx_add_timer(&op->retry, delay);
        return;
    }

    ngx_http_review_s3_end(op);
}
