
/*
 * The object endpoint's own replies: what became of an upload or a deletion,
 * and a list.
 */

#include "http/store/ngx_http_review_object.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


static ngx_int_t
ngx_http_review_object_json(ngx_http_review_object_t *object, review_buf_t *b)
{
    ngx_chain_t  *out;

    out = ngx_http_review_reply_buf(object->ctx.request->pool, b);
    if (out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_review_reply_whole(&object->ctx, NGX_HTTP_OK, out);
}


/* {"key","size","etag"} */

static ngx_int_t
ngx_http_review_object_stored(ngx_http_review_object_t *object)
{
    ngx_str_t              name = ngx_string("ETag");
    review_buf_t           b;
    ngx_http_review_s3_t  *op;

    op = &object->op;

    if (op->etag.len
        && ngx_http_review_object_add_header(object, &name, &op->etag)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    review_buf_init(&b, object->ctx.pool, 256);

    review_write_object(&b, NULL);
    review_write_bytes(&b, "key", (char *) op->key.data, op->key.len);
    review_write_number(&b, "size", op->size);
    ngx_http_review_s3_request_etag(op, &b);
    review_write_object_end(&b);

    return ngx_http_review_object_json(object, &b);
}


static ngx_int_t
ngx_http_review_object_listed(ngx_http_review_object_t *object)
{
    review_buf_t  b;

    review_buf_init(&b, object->ctx.pool, 4096);
    review_s3_list_json(&b, &object->op.list);

    return ngx_http_review_object_json(object, &b);
}


static ngx_int_t
ngx_http_review_object_deleted(ngx_http_review_object_t *object)
{
    ngx_http_request_t  *r;

    r = object->ctx.request;

    object->ctx.replied = 1;

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


void
ngx_http_review_object_reply(ngx_http_review_object_t *object)
{
    ngx_int_t               rc;
    ngx_http_review_ctx_t  *ctx;

    ctx = &object->ctx;

    if (object->op.failed) {
        ctx->status = "failed";

        ngx_http_review_fail(ctx, ngx_http_review_s3_problem(ctx, &object->op,
                                                             NULL));
        return;
    }

    ctx->status = "complete";

    switch (object->op.type) {

    case NGX_HTTP_REVIEW_S3_PUT:
        rc = ngx_http_review_object_stored(object);
        break;

    case NGX_HTTP_REVIEW_S3_LIST:
        rc = ngx_http_review_object_listed(object);
        break;

    default:
        rc = ngx_http_review_object_deleted(object);
    }

    ngx_http_review_finish(ctx, rc);
}
