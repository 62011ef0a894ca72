
/*
 * Uploads in parts: a part that fails is sent again alone.  What is not
 * completed is aborted, so that the store does not keep it.
 */

#include "http/store/ngx_http_review_s3.h"


typedef enum {
    NGX_HTTP_REVIEW_S3_INITIATE = 0,
    NGX_HTTP_REVIEW_S3_UPLOAD,
    NGX_HTTP_REVIEW_S3_COMPLETE,
    NGX_HTTP_REVIEW_S3_VERIFY,
    NGX_HTTP_REVIEW_S3_COMPLETED
} ngx_http_review_s3_step_e;


struct ngx_http_review_s3_parts_s {
    ngx_http_review_s3_step_e   step;
    review_buf_t                id;         /* "uploadId=...", encoded */
    review_buf_t                complete;
    off_t                       size;       /* of a part */
    ngx_uint_t                  n;
    ngx_uint_t                  i;
    review_str_t               *etags;
    ngx_md5_t                   md5;        /* of the parts' MD5s */
};


ngx_int_t
ngx_http_review_s3_parts_create(ngx_http_review_s3_t *op)
{
    ngx_http_review_s3_parts_t  *parts;

    parts = ngx_pcalloc(op->pool, sizeof(ngx_http_review_s3_parts_t));
    if (parts == NULL) {
        return NGX_ERROR;
    }

    parts->size = NGX_HTTP_REVIEW_S3_PART;

    while (op->size / parts->size >= NGX_HTTP_REVIEW_S3_PARTS) {
        parts->size *= 2;
    }

    parts->n = (op->size + parts->size - 1) / parts->size;

    parts->etags = ngx_pcalloc(op->pool, parts->n * sizeof(review_str_t));
    if (parts->etags == NULL) {
        return NGX_ERROR;
    }

    review_buf_init(&parts->id, op->memory, 128);
    review_buf_init(&parts->complete, op->memory, 0);
    ngx_md5_init(&parts->md5);

    op->parts = parts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_s3_parts_upload(ngx_http_review_s3_t *op)
{
    off_t                        size;
    ngx_http_review_s3_parts_t  *parts;

    parts = op->parts;

    op->offset = parts->i * parts->size;

    size = ngx_min(parts->size, op->size - op->offset);

    review_buf_puts(&op->url, "?partNumber=");
    review_buf_number(&op->url, parts->i + 1);
    review_buf_puts(&op->url, "&");
    review_buf_add(&op->url, parts->id.data, parts->id.len);

    return ngx_http_review_s3_request_send(op, "PUT", size,
                                           NGX_HTTP_REVIEW_S3_NONE);
}


static ngx_int_t
ngx_http_review_s3_parts_complete(ngx_http_review_s3_t *op)
{
    ngx_http_review_s3_parts_t  *parts;

    parts = op->parts;

    parts->complete.len = 0;
    review_s3_complete(&parts->complete, parts->etags, parts->n);

    if (parts->complete.failed) {
        return NGX_ERROR;
    }

    op->own.data = parts->complete.data;
    op->own.len = parts->complete.len;

    review_buf_puts(&op->url, "?");
    review_buf_add(&op->url, parts->id.data, parts->id.len);

    return ngx_http_review_s3_request_send(op, "POST", parts->complete.len,
                                           NGX_HTTP_REVIEW_S3_CONDITIONS);
}


ngx_int_t
ngx_http_review_s3_parts_next(ngx_http_review_s3_t *op)
{
    ngx_http_review_s3_request_url(op);

    switch (op->parts->step) {

    case NGX_HTTP_REVIEW_S3_INITIATE:
        review_buf_puts(&op->url, "?uploads=");

        return ngx_http_review_s3_request_send(op, "POST", 0,
                                               NGX_HTTP_REVIEW_S3_OTHERS);

    case NGX_HTTP_REVIEW_S3_UPLOAD:
        return ngx_http_review_s3_parts_upload(op);

    case NGX_HTTP_REVIEW_S3_VERIFY:
        return ngx_http_review_s3_request_send(op, "HEAD", -1,
                                               NGX_HTTP_REVIEW_S3_NONE);

    default:
        return ngx_http_review_s3_parts_complete(op);
    }
}


static ngx_int_t
ngx_http_review_s3_parts_initiated(ngx_http_review_s3_t *op)
{
    review_str_t                 id;
    ngx_http_review_s3_parts_t  *parts;

    parts = op->parts;

    if (review_s3_value(op->memory, op->reply.data, op->reply.len,
                        "InitiateMultipartUploadResult/UploadId", &id)
        != 0
        || id.len == 0 || id.len > 4096)
    {
        ngx_http_review_s3_request_fail(op, REVIEW_CODE_BAD_ANSWER,
                                        "the store began no upload");
        return NGX_ERROR;
    }

    review_buf_puts(&parts->id, "uploadId=");
    review_s3_encode(&parts->id, id.data, id.len, 0);

    if (parts->id.failed) {
        ngx_http_review_s3_request_fail(op, REVIEW_CODE_FAILED,
                                        "there is no memory");
        return NGX_ERROR;
    }

    parts->step = NGX_HTTP_REVIEW_S3_UPLOAD;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_review_s3_parts_uploaded(ngx_http_review_s3_t *op)
{
    char                        *etag;
    u_char                       md5[16];
    ngx_http_review_s3_parts_t  *parts;

    parts = op->parts;

    ngx_md5_final(md5, &op->md5);

    if (ngx_http_review_s3_request_check(op, md5, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    etag = ngx_pnalloc(op->pool, op->ntag + 1);

    if (op->ntag == 0 || etag == NULL) {
        ngx_http_review_s3_request_fail(op, REVIEW_CODE_BAD_ANSWER,
                                        "a part has no ETag");
        return NGX_ERROR;
    }

    ngx_memcpy(etag, op->tag, op->ntag);
    ngx_md5_update(&parts->md5, md5, sizeof(md5));

    parts->etags[parts->i].data = etag;
    parts->etags[parts->i].len = op->ntag;

    if (++parts->i == parts->n) {
        parts->step = NGX_HTTP_REVIEW_S3_COMPLETE;
    }

    return NGX_AGAIN;
}


/* the status was sent before the store had tried: an error may be the body */

static ngx_int_t
ngx_http_review_s3_parts_completed(ngx_http_review_s3_t *op)
{
    u_char        md5[16];
    review_str_t  etag;

    if (review_s3_value(op->memory, op->reply.data, op->reply.len,
                        "CompleteMultipartUploadResult/ETag", &etag)
        != 0)
    {
        if (ngx_http_review_s3_request_error(op) != NGX_OK) {
            ngx_http_review_s3_request_fail(op, REVIEW_CODE_BAD_ANSWER, "the "
                                            "store did not complete an "
                                            "upload");
        }

        return NGX_ERROR;
    }

    op->parts->step = NGX_HTTP_REVIEW_S3_COMPLETED;

    /* whatever it is, the upload is gone: there is nothing to try again */

    op->handed = 1;

    op->ntag = ngx_min(etag.len, sizeof(op->tag));
    ngx_memcpy(op->tag, etag.data, op->ntag);

    ngx_md5_final(md5, &op->parts->md5);

    return ngx_http_review_s3_request_check(op, md5, op->parts->n);
}


/*
 * An answer was lost, and now the store knows the upload no more: was it
 * completed the first time?
 */

ngx_uint_t
ngx_http_review_s3_parts_lost(ngx_http_review_s3_t *op)
{
    if (op->parts->step != NGX_HTTP_REVIEW_S3_COMPLETE
        || op->tries < 2
        || op->said != REVIEW_S3_NO_UPLOAD)
    {
        return 0;
    }

    op->parts->step = NGX_HTTP_REVIEW_S3_VERIFY;

    return 1;
}


static ngx_int_t
ngx_http_review_s3_parts_verified(ngx_http_review_s3_t *op)
{
    u_char  md5[16];

    op->parts->step = NGX_HTTP_REVIEW_S3_COMPLETED;
    op->handed = 1;

    ngx_md5_final(md5, &op->parts->md5);

    if (review_s3_etag(op->tag, op->ntag, md5, op->parts->n) == 1) {
        return NGX_OK;
    }

    ngx_http_review_s3_request_fail(op, REVIEW_CODE_STORE, "it is not known "
                                    "if an upload was completed");

    ngx_cpystrn((u_char *) op->code, (u_char *) "NoSuchUpload",
                sizeof(op->code));

    return NGX_ERROR;
}


ngx_int_t
ngx_http_review_s3_parts_done(ngx_http_review_s3_t *op)
{
    switch (op->parts->step) {

    case NGX_HTTP_REVIEW_S3_INITIATE:
        return ngx_http_review_s3_parts_initiated(op);

    case NGX_HTTP_REVIEW_S3_UPLOAD:
        return ngx_http_review_s3_parts_uploaded(op);

    case NGX_HTTP_REVIEW_S3_VERIFY:
        return ngx_http_review_s3_parts_verified(op);

    default:
        return ngx_http_review_s3_parts_completed(op);
    }
}


static void
ngx_http_review_s3_parts_aborted(ngx_http_review_s3_t *op)
{
    if (op->failed && op->said != REVIEW_S3_NO_UPLOAD) {
        ngx_log_error(NGX_LOG_WARN, op->log, 0,
                      "object store \"%V\": an upload could not be aborted: "
                      "%s %s", &op->store->name, op->code, op->message);
    }

    ngx_destroy_pool(op->pool);
}


static ngx_http_review_s3_t *
ngx_http_review_s3_parts_leave(ngx_http_review_s3_t *op, ngx_pool_t *pool)
{
    ngx_str_t              args;
    ngx_http_review_s3_t  *abort;

    abort = ngx_pcalloc(pool, sizeof(ngx_http_review_s3_t));
    if (abort == NULL) {
        return NULL;
    }

    args.data = (u_char *) op->parts->id.data;
    args.len = op->parts->id.len;

    abort->key.data = ngx_pstrdup(pool, &op->key);
    abort->key.len = op->key.len;
    abort->args.data = ngx_pstrdup(pool, &args);
    abort->args.len = args.len;

    if (abort->key.data == NULL || abort->args.data == NULL) {
        return NULL;
    }

    abort->type = NGX_HTTP_REVIEW_S3_DELETE;
    abort->brief = ngx_exiting || ngx_terminate;
    abort->store = op->store;
    abort->passages = op->passages;
    abort->pool = pool;
    abort->log = ngx_cycle->log;
    abort->done = ngx_http_review_s3_parts_aborted;

    return abort;
}


ngx_http_review_s3_t *
ngx_http_review_s3_parts_abort(ngx_http_review_s3_t *op)
{
    ngx_pool_t                  *pool;
    ngx_http_review_s3_t        *abort;
    ngx_http_review_s3_parts_t  *parts;

    parts = op->parts;

    if (parts->step == NGX_HTTP_REVIEW_S3_INITIATE
        || parts->step == NGX_HTTP_REVIEW_S3_COMPLETED)
    {
        return NULL;
    }

    parts->step = NGX_HTTP_REVIEW_S3_COMPLETED;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    abort = ngx_http_review_s3_parts_leave(op, pool);
    if (abort == NULL) {
        ngx_destroy_pool(pool);
    }

    return abort;
}
