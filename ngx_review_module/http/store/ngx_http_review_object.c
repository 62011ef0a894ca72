
/*
 * The object endpoint: GET, HEAD, PUT and DELETE of objects of a store, keys
 * being what follows the location's prefix.  Downloads are passed on through
 * two buffers: while the client is sent the one, the other is filled, and then
 * the store has to wait.  Uploads are read by nginx first.
 */

#include "http/store/ngx_http_review_object.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"


static ngx_int_t ngx_http_review_object_handler(ngx_http_request_t *r);
static void ngx_http_review_object_read(ngx_http_review_ctx_t *ctx);
static ngx_int_t ngx_http_review_object_header(ngx_http_review_s3_t *op,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_review_object_body(ngx_http_review_s3_t *op,
    u_char *data, size_t len);
static ssize_t ngx_http_review_object_upload(ngx_http_review_s3_t *op,
    u_char *buf, size_t size, off_t offset);
static void ngx_http_review_object_done(ngx_http_review_s3_t *op);
static void ngx_http_review_object_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_object_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_object_cancel(ngx_http_review_ctx_t *ctx);


char *
ngx_http_review_object(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_store_conf_t *rlcf = conf;

    char                      *rv;
    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_object_handler);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    if (clcf->regex) {
        return "needs a location with a prefix, not a regular expression";
    }
#endif

    if (clcf->named) {
        return "needs a location with a prefix, not a named one";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of a store";
    }

    rlcf->name = value[1];

    return NGX_CONF_OK;
}


/* what follows the location's prefix, or NGX_DECLINED: another name does */

static ngx_int_t
ngx_http_review_object_key(ngx_http_request_t *r, ngx_str_t *key)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->uri.len < clcf->name.len) {
        return NGX_DECLINED;
    }

    key->data = r->uri.data + clcf->name.len;
    key->len = r->uri.len - clcf->name.len;

    if (key->len && clcf->name.len
        && clcf->name.data[clcf->name.len - 1] != '/')
    {
        if (key->data[0] != '/') {
            return NGX_DECLINED;
        }

        key->data++;
        key->len--;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_object_method(ngx_http_review_ctx_t *ctx,
    ngx_http_review_s3_e *type)
{
    ngx_http_request_t  *r;

    static ngx_str_t  allow = ngx_string("GET, HEAD, PUT, DELETE");

    r = ctx->request;

    switch (r->method) {

    case NGX_HTTP_GET:
        *type = NGX_HTTP_REVIEW_S3_GET;
        return NGX_OK;

    case NGX_HTTP_HEAD:
        *type = NGX_HTTP_REVIEW_S3_HEAD;
        return NGX_OK;

    case NGX_HTTP_PUT:
        *type = NGX_HTTP_REVIEW_S3_PUT;
        return NGX_OK;

    case NGX_HTTP_DELETE:
        *type = NGX_HTTP_REVIEW_S3_DELETE;
        return NGX_OK;
    }

    if (ngx_http_review_headers_add(&r->headers_out.headers, r->pool, "Allow",
                                    &allow)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_review_problem(ctx, NGX_HTTP_NOT_ALLOWED, NULL,
                                   "objects know GET, HEAD, PUT and DELETE");
}


static ngx_int_t
ngx_http_review_object_check(ngx_http_review_object_t *object)
{
    ngx_int_t               rc;
    ngx_str_t              *key;
    ngx_http_request_t     *r;
    ngx_http_review_ctx_t  *ctx;

    ctx = &object->ctx;
    r = ctx->request;
    key = &object->op.key;

    rc = ngx_http_review_object_method(ctx, &object->op.type);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_review_object_key(r, key) != NGX_OK) {
        return ngx_http_review_problem(ctx, NGX_HTTP_NOT_FOUND, NULL, NULL);
    }

    if (key->len == 0) {

        if (object->op.type == NGX_HTTP_REVIEW_S3_GET) {
            rc = ngx_http_review_object_headers_query(object);

            if (rc != NGX_DECLINED) {
                object->op.type = NGX_HTTP_REVIEW_S3_LIST;
                return rc;
            }
        }

        return ngx_http_review_problem(ctx, NGX_HTTP_NOT_FOUND, NULL,
                                       "the URI names no object");
    }

    if (key->len > REVIEW_S3_KEY) {
        return ngx_http_review_problem_refuse(ctx, NGX_HTTP_BAD_REQUEST, NULL,
                                              "a key of %zu bytes is too "
                                              "long, at most %d are allowed",
                                              key->len, REVIEW_S3_KEY);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_object_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_review_ctx_t     *ctx;
    ngx_http_review_object_t  *object;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_object_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    object = (ngx_http_review_object_t *) ctx;

    ctx->read = ngx_http_review_object_read;

    /* the store compares what the client knows of the object */

    r->disable_not_modified = 1;

    rc = ngx_http_review_object_check(object);

    if (rc == NGX_OK) {
        rc = ngx_http_review_object_headers_request(object);
    }

    return ngx_http_review_ctx_read(ctx, rc);
}


/* the body, if any, is there */

static void
ngx_http_review_object_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_request_t        *r;
    ngx_http_review_s3_t      *op;
    ngx_http_review_object_t  *object;

    object = (ngx_http_review_object_t *) ctx;
    op = &object->op;
    r = ctx->request;

    ctx->begun = 1;
    ctx->streaming = 1;
    ctx->progress = ngx_http_review_object_progress;
    ctx->expire = ngx_http_review_object_expire;
    ctx->cancel = ngx_http_review_object_cancel;

    ngx_http_review_ctx_extend(ctx, NGX_HTTP_REVIEW_CTX_ENDLESS);

    op->store = ngx_http_review_store_conf(ctx)->store;
    op->pool = r->pool;
    op->log = r->connection->log;
    op->passages = ctx->passages;
    op->limit = ngx_http_review_limit_conf(ctx)->counts;
    op->data = object;
    op->header = ngx_http_review_object_header;
    op->body = ngx_http_review_object_body;
    op->read = ngx_http_review_object_upload;
    op->done = ngx_http_review_object_done;

    if (op->type == NGX_HTTP_REVIEW_S3_PUT) {
        op->size = ngx_http_review_body_size(r);
    }

    /* what a thread reads must outlive the request */

    if (op->type == NGX_HTTP_REVIEW_S3_LIST) {

        if (ngx_http_review_work(ctx) == NULL) {
            ngx_http_review_ctx_fail(ctx, NGX_ERROR);
            return;
        }

        op->pool = ctx->work->pool;
    }

    if (ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
    }
}


static ngx_int_t
ngx_http_review_object_header(ngx_http_review_s3_t *op, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_http_review_object_t  *object;

    object = op->data;

    if (!ngx_http_review_visit_is_ours(&object->ctx)) {
        return NGX_ERROR;
    }

    if (ngx_http_review_object_headers_add_header(object, name, value)
        != NGX_OK) {
        object->failed = 1;
        ngx_http_review_ctx_wake_later(&object->ctx);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_object_body(ngx_http_review_s3_t *op, u_char *data, size_t len)
{
    ngx_buf_t                 *b;
    ngx_http_review_object_t  *object;

    object = op->data;

    if (!ngx_http_review_visit_is_ours(&object->ctx)) {
        return NGX_ERROR;
    }

    b = object->filling;

    if (b == NULL) {
        b = ngx_create_temp_buf(object->ctx.request->pool,
                                NGX_HTTP_REVIEW_OBJECT_BUFFER);
        if (b == NULL) {
            object->failed = 1;
            ngx_http_review_ctx_wake_later(&object->ctx);
            return NGX_ERROR;
        }

        object->filling = b;
    }

    if ((size_t) (b->end - b->last) < len) {
        object->paused = 1;
        return NGX_AGAIN;
    }

    b->last = ngx_cpymem(b->last, data, len);

    ngx_http_review_ctx_wake_later(&object->ctx);

    return NGX_OK;
}


/* a few buffers at most, in memory and in a file */

static ssize_t
ngx_http_review_object_upload(ngx_http_review_s3_t *op, u_char *buf,
    size_t size, off_t offset)
{
    off_t                      left;
    ngx_buf_t                 *b;
    ngx_chain_t               *cl;
    ngx_http_review_object_t  *object;

    object = op->data;

    if (!ngx_http_review_visit_is_ours(&object->ctx)) {
        return NGX_ERROR;
    }

    for (cl = object->ctx.request->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        left = ngx_buf_size(b) - offset;

        if (left <= 0) {
            offset -= ngx_buf_size(b);
            continue;
        }

        size = ngx_min((off_t) size, left);

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(buf, b->pos + offset, size);
            return size;
        }

        return ngx_read_file(b->file, buf, size, b->file_pos + offset);
    }

    return NGX_ERROR;
}


static void
ngx_http_review_object_done(ngx_http_review_s3_t *op)
{
    ngx_http_review_object_t  *object;

    object = op->data;
    object->done = 1;

    ngx_http_review_ctx_wake_later(&object->ctx);
}


/* an object that is on its way to the client ends with its connection */

static void
ngx_http_review_object_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_object_t  *object;

    object = (ngx_http_review_object_t *) ctx;

    if (!ctx->replied && !object->done) {
        ngx_http_review_s3_cancel(&object->op);
        object->expired = 1;
    }
}


static void
ngx_http_review_object_cancel(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_object_t  *object;

    object = (ngx_http_review_object_t *) ctx;

    ngx_http_review_s3_cancel(&object->op);
}


/* what is there goes to the client, and the store may fill what has gone */

static ngx_int_t
ngx_http_review_object_send(ngx_http_review_object_t *object)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    while (!ngx_http_review_reply_unsent(&object->ctx)) {

        b = object->filling;

        if (b == NULL || b->last == b->start) {
            break;
        }

        object->filling = object->sent;
        object->sent = b;

        if (object->filling) {
            object->filling->pos = object->filling->start;
            object->filling->last = object->filling->start;
        }

        b->temporary = 1;
        out.buf = b;
        out.next = NULL;

        if (ngx_http_review_reply_piece(&object->ctx, &out, 0) == NGX_ERROR
            || ngx_http_review_reply_flush(&object->ctx) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (object->paused) {
            object->paused = 0;
            ngx_http_review_s3_resume(&object->op);
        }
    }

    return NGX_OK;
}


/* the end of a body; one that was cut must not look whole */

static void
ngx_http_review_object_last(ngx_http_review_object_t *object)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = &object->ctx;

    if (object->op.failed) {
        ngx_http_review_s3_problem_log(&object->op, ", a download is cut");

        ctx->status = "failed";
        ctx->request->keepalive = 0;

        ngx_http_review_ctx_finish(ctx, NGX_ERROR);
        return;
    }

    ctx->status = "complete";

    ngx_http_review_ctx_finish(ctx, ngx_http_send_special(ctx->request,
                                                          NGX_HTTP_LAST));
}


static void
ngx_http_review_object_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_review_object_t  *object;

    object = (ngx_http_review_object_t *) ctx;

    if (object->failed) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    if (object->expired) {
        ctx->status = "failed";
        ngx_http_review_ctx_fail(ctx, ngx_http_review_ctx_problem_late(ctx,
                                                          "it took too long"));
        return;
    }

    if (object->listing) {
        return;
    }

    if (!ctx->replied && object->done
        && (object->op.failed || object->op.type >= NGX_HTTP_REVIEW_S3_PUT))
    {
        ngx_http_review_object_reply(object);
        return;
    }

    if (!ctx->replied && (object->done || object->filling)) {
        rc = ngx_http_review_object_headers_reply_header(object);

        if (rc == NGX_ERROR || rc > NGX_OK || ctx->request->header_only) {
            ctx->status = "complete";
            ngx_http_review_ctx_finish(ctx, rc);
            return;
        }
    }

    if (ctx->replied) {

        if (ngx_http_review_object_send(object) != NGX_OK) {
            ngx_http_review_ctx_finish(ctx, NGX_ERROR);
            return;
        }

        if (object->done && !ngx_http_review_reply_unsent(ctx)) {
            ngx_http_review_object_last(object);
        }
    }
}
