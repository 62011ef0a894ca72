
/*
 * The object endpoint's own replies: what became of an upload or a deletion, a
 * list, and problems.
 */

#include "ngx_http_review_object.h"


/* whose fault is it that the store has refused? */

static ngx_uint_t
ngx_http_review_object_refused(ngx_http_review_s3_t *op)
{
    ngx_uint_t  i;

    static const char *codes[] = {
        "KeyTooLongError", "InvalidArgument", "InvalidRange",
        "InvalidDigest", "BadDigest", "InvalidURI"
    };

    switch (op->status) {

    case NGX_HTTP_NOT_FOUND:
        return ngx_strcmp(op->code, "NoSuchBucket") == 0
               ? NGX_HTTP_BAD_GATEWAY : NGX_HTTP_NOT_FOUND;

    case NGX_HTTP_CONFLICT:
    case NGX_HTTP_PRECONDITION_FAILED:
    case NGX_HTTP_RANGE_NOT_SATISFIABLE:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return op->status;

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return NGX_HTTP_SERVICE_UNAVAILABLE;

    case NGX_HTTP_BAD_REQUEST:

        if (ngx_strcmp(op->code, "EntityTooLarge") == 0) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
            if (ngx_strcmp(op->code, codes[i]) == 0) {
                return NGX_HTTP_BAD_REQUEST;
            }
        }
    }

    return NGX_HTTP_BAD_GATEWAY;
}


static const char *
ngx_http_review_object_why(ngx_http_review_s3_t *op)
{
    switch (op->result) {

    case NGX_HTTP_REVIEW_TRANSFER_CONNECT:
        return "the object store cannot be reached";

    case NGX_HTTP_REVIEW_TRANSFER_TIMEOUT:
        return "the object store took too long";

    case NGX_HTTP_REVIEW_TRANSFER_CUT:
        return "the object store closed the connection";

    default:
        return "the object store could not be asked";
    }
}


static ngx_int_t
ngx_http_review_object_problem(ngx_http_review_object_t *object)
{
    ngx_uint_t              status;
    const char             *why;
    ngx_http_review_s3_t   *op;
    ngx_http_review_ctx_t  *ctx;

    ctx = &object->ctx;
    op = &object->op;

    if (op->result == NGX_HTTP_REVIEW_TRANSFER_OK) {
        status = ngx_http_review_object_refused(op);

    } else {
        status = op->result == NGX_HTTP_REVIEW_TRANSFER_TIMEOUT
                 ? NGX_HTTP_GATEWAY_TIME_OUT : NGX_HTTP_BAD_GATEWAY;
    }

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ctx->request->connection->log, 0,
                      "object store \"%V\": %s%s%s", &op->store->name,
                      op->code, op->message[0] ? ": " : "", op->message);
    }

    /* where the store is, is no matter of the client's */

    if (op->result != NGX_HTTP_REVIEW_TRANSFER_OK) {
        return ngx_http_review_problem(ctx, status, NULL,
                                       ngx_http_review_object_why(op));
    }

    /* what the store says then is about keys that are not the client's */

    if (op->status == NGX_HTTP_FORBIDDEN
        || op->status == NGX_HTTP_UNAUTHORIZED)
    {
        return ngx_http_review_refuse(ctx, status, NULL,
                                      "the object store refuses this "
                                      "server's key: %s", op->code);
    }

    if (status == NGX_HTTP_NOT_FOUND) {
        return ngx_http_review_problem(ctx, status, NULL,
                                       "there is no such object");
    }

    why = op->message[0] ? ": " : "";

    return ngx_http_review_refuse(ctx, status, NULL, "the object store: %s%s%s",
                                  op->code, why, op->message);
}


static ngx_int_t
ngx_http_review_object_json(ngx_http_review_object_t *object, review_buf_t *b)
{
    ngx_chain_t  *out;

    out = ngx_http_review_reply_link(object->ctx.request->pool, b->data,
                                     b->len);

    if (b->failed || out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_review_reply_whole(&object->ctx, NGX_HTTP_OK, out);
}


static void
ngx_http_review_object_string(review_buf_t *b, ngx_str_t *str)
{
    review_buf_json(b, (char *) str->data,
                    review_utf8_valid((char *) str->data, str->len));
}


/* {"key","size","etag"} */

static ngx_int_t
ngx_http_review_object_stored(ngx_http_review_object_t *object)
{
    ngx_str_t              name = ngx_string("ETag");
    ngx_str_t              etag;
    review_buf_t           b;
    ngx_http_review_s3_t  *op;

    op = &object->op;
    etag = op->etag;

    if (etag.len
        && ngx_http_review_object_add_header(object, &name, &etag) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (etag.len >= 2 && etag.data[0] == '"') {
        etag.data++;
        etag.len -= 2;
    }

    review_buf_init(&b, object->ctx.pool, 256);

    review_buf_puts(&b, "{\"key\":");
    ngx_http_review_object_string(&b, &op->key);
    review_buf_puts(&b, ",\"size\":");
    review_buf_number(&b, op->size);
    review_buf_puts(&b, ",\"etag\":");
    ngx_http_review_object_string(&b, &etag);
    review_buf_puts(&b, "}");

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

        ngx_http_review_fail(ctx, ngx_http_review_object_problem(object));
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
