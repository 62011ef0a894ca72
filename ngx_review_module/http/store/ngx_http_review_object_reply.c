
/*
 * The object endpoint's own replies: what became of an upload or a deletion,
 * and a list.
 */

#include "http/store/ngx_http_review_object.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"


/* a list while it is read; all of it is the work's */

typedef struct {
    ngx_http_review_object_t   *object;
    ngx_http_review_work_t     *work;
    review_str_t                xml;
    review_buf_t                json;
    ngx_uint_t                  bad;
} ngx_http_review_object_list_t;


static ngx_int_t
ngx_http_review_object_reply_json(ngx_http_review_object_t *object,
    review_buf_t *b)
{
    ngx_chain_t  *out;

    out = ngx_http_review_reply_buf(object->ctx.request->pool, b);
    if (out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_review_reply_whole(&object->ctx, NGX_HTTP_OK, out);
}


static void
ngx_http_review_object_reply_failed(ngx_http_review_object_t *object)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = &object->ctx;
    ctx->status = "failed";

    ngx_http_review_ctx_fail(ctx, ngx_http_review_s3_problem(ctx, &object->op,
                                                             NULL));
}


/* {"key","size","etag"} */

static ngx_int_t
ngx_http_review_object_reply_stored(ngx_http_review_object_t *object)
{
    ngx_str_t              name = ngx_string("ETag");
    review_buf_t           b;
    ngx_http_review_s3_t  *op;

    op = &object->op;

    if (op->etag.len
        && ngx_http_review_object_headers_add_header(object, &name, &op->etag)
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

    return ngx_http_review_object_reply_json(object, &b);
}


/* on a thread: a list may have megabytes */

static void
ngx_http_review_object_reply_read_list(void *data)
{
    ngx_http_review_object_list_t *list = data;

    review_pool_t     *memory;
    review_s3_list_t   listed;

    memory = list->work->memory;

    /* a client that has gone leaves no work for those behind it */

    if (list->work->gone
        || review_s3_list(memory, list->xml.data, list->xml.len, &listed) != 0)
    {
        list->bad = 1;
        return;
    }

    review_buf_init(&list->json, memory, 4096);
    review_s3_list_json(&list->json, &listed);
}


static void
ngx_http_review_object_reply_listed(void *data)
{
    ngx_http_review_object_list_t *list = data;

    ngx_http_review_ctx_t     *ctx;
    ngx_http_review_object_t  *object;

    object = list->object;
    ctx = &object->ctx;

    if (list->bad) {
        ngx_http_review_s3_request_fail(&object->op, REVIEW_CODE_BAD_ANSWER,
                                        "the store's list is not understood");
        ngx_http_review_object_reply_failed(object);
        return;
    }

    ctx->status = "complete";

    ngx_http_review_ctx_finish(ctx, ngx_http_review_object_reply_json(object,
                                                                 &list->json));
}


static void
ngx_http_review_object_reply_list(ngx_http_review_object_t *object)
{
    ngx_http_review_work_t         *work;
    ngx_http_review_object_list_t  *list;

    work = object->ctx.work;

    list = ngx_pcalloc(work->pool, sizeof(ngx_http_review_object_list_t));
    if (list == NULL) {
        ngx_http_review_ctx_fail(&object->ctx, NGX_ERROR);
        return;
    }

    list->object = object;
    list->work = work;
    list->xml.data = object->op.reply.data;
    list->xml.len = object->op.reply.len;

    object->listing = 1;

    ngx_http_review_work_start(work, list->xml.len,
                               ngx_http_review_object_reply_read_list,
                               ngx_http_review_object_reply_listed, list);
}


static ngx_int_t
ngx_http_review_object_reply_deleted(ngx_http_review_object_t *object)
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
        ngx_http_review_object_reply_failed(object);
        return;
    }

    if (object->op.type == NGX_HTTP_REVIEW_S3_LIST) {
        ngx_http_review_object_reply_list(object);
        return;
    }

    ctx->status = "complete";

    rc = object->op.type == NGX_HTTP_REVIEW_S3_PUT
         ? ngx_http_review_object_reply_stored(object)
         : ngx_http_review_object_reply_deleted(object);

    ngx_http_review_ctx_finish(ctx, rc);
}
