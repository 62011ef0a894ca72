
/*
 * One document from elsewhere on its way: it is loaded in pieces, looked at on
 * a thread, and converted if it is no text.  Callbacks only note what has
 * happened; a step does what follows.
 */

#include "http/source/ngx_http_review_source.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/utf8.h"


#define NGX_HTTP_REVIEW_SOURCE_PIECE  (256 * 1024)


#define ngx_http_review_source_max(source)                                    \
    ngx_http_review_source_conf((source)->owner->ctx)->max_document



static void ngx_http_review_source_object(ngx_http_review_source_t *source);
static void ngx_http_review_source_url(ngx_http_review_source_t *source);
static ngx_int_t ngx_http_review_source_header(ngx_http_review_s3_t *op,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_review_source_s3_body(ngx_http_review_s3_t *op,
    u_char *data, size_t len);
static void ngx_http_review_source_s3_done(ngx_http_review_s3_t *op);
static void ngx_http_review_source_begin(ngx_http_review_download_t *d);
static ngx_int_t ngx_http_review_source_body(ngx_http_review_download_t *d,
    u_char *data, size_t len);
static void ngx_http_review_source_done(ngx_http_review_download_t *d);
static ngx_int_t ngx_http_review_source_add(ngx_http_review_source_t *source,
    u_char *data, size_t len);
static void ngx_http_review_source_loaded(ngx_http_review_source_t *source);
static ngx_int_t ngx_http_review_source_why(ngx_http_review_source_t *source);
static void ngx_http_review_source_looked(void *data);
static void ngx_http_review_source_convert(ngx_http_review_source_t *source);
static void ngx_http_review_source_converted(ngx_http_review_extraction_t *e);


static void
ngx_http_review_source_end(ngx_http_review_source_t *source, ngx_int_t rc)
{
    source->rc = rc;
    source->handler(source);
}


/* it is a text */

static void
ngx_http_review_source_made(ngx_http_review_source_t *source)
{
    size_t                  max;
    ngx_int_t               rc;
    review_str_t           *text;
    ngx_http_review_ctx_t  *ctx;

    rc = NGX_OK;
    ctx = source->owner->ctx;
    text = &source->document.text;

    max = ngx_http_review_request_conf(ctx)->max_text;

    if (text->len > max) {
        rc = ngx_http_review_problem_refuse(ctx,
                                            NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                            source->pointer, "the text is of "
                                            "%zu bytes, review_max_text_size "
                                            "allows %zu", text->len,
                                            max);

    } else if (review_utf8_blank(text->data, text->len)) {
        rc = ngx_http_review_problem(ctx, NGX_HTTP_UNPROCESSABLE,
                                     source->pointer,
                                     "the document has no text");
    }

    *source->into = source->document;

    ngx_http_review_source_end(source, rc);
}


void
ngx_http_review_source_start(ngx_http_review_source_t *source)
{
    source->state = NGX_HTTP_REVIEW_SOURCE_LOADS;

    switch (source->from) {

    case REVIEW_SOURCE_OBJECT:
        ngx_http_review_source_object(source);
        break;

    case REVIEW_SOURCE_URL:
        ngx_http_review_source_url(source);
        break;

    default:
        source->size = (source->name.len + 3) / 4 * 3;
        source->state = NGX_HTTP_REVIEW_SOURCE_LOADED;
    }
}


static void
ngx_http_review_source_object(ngx_http_review_source_t *source)
{
    ngx_http_review_s3_t   *op;
    ngx_http_review_ctx_t  *ctx;

    op = &source->op;
    ctx = source->owner->ctx;

    op->type = NGX_HTTP_REVIEW_S3_GET;
    op->store = ngx_http_review_store_conf(ctx)->store;
    op->key.data = (u_char *) source->name.data;
    op->key.len = source->name.len;
    op->pool = ctx->request->pool;
    op->passages = ctx->passages;
    op->limit = ngx_http_review_limit_conf(ctx)->counts;
    op->log = ctx->request->connection->log;
    op->data = source;
    op->header = ngx_http_review_source_header;
    op->body = ngx_http_review_source_s3_body;
    op->done = ngx_http_review_source_s3_done;

    if (ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_source_end(source, NGX_ERROR);
    }
}


static void
ngx_http_review_source_url(ngx_http_review_source_t *source)
{
    ngx_http_review_ctx_t       *ctx;
    ngx_http_review_download_t  *d;

    d = &source->download;
    ctx = source->owner->ctx;

    d->ctx = ctx;
    d->pool = ctx->request->pool;
    d->url = source->name;
    d->max_size = ngx_http_review_source_max(source);
    d->data = source;
    d->begin = ngx_http_review_source_begin;
    d->body = ngx_http_review_source_body;
    d->done = ngx_http_review_source_done;

    if (ngx_http_review_download_start(d) != NGX_OK) {
        ngx_http_review_source_end(source, NGX_ERROR);
    }
}


static ngx_int_t
ngx_http_review_source_header(ngx_http_review_s3_t *op, ngx_str_t *name,
    ngx_str_t *value)
{
    off_t                      length;
    ngx_http_review_source_t  *source;

    source = op->data;

    if (name->len == sizeof("Content-Type") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Content-Type", name->len)
           == 0)
    {
        return ngx_http_review_source_look_set_type(source, value->data,
                                                    value->len);
    }

    if (name->len == sizeof("Content-Length") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Content-Length", name->len)
           == 0)
    {
        length = ngx_atoof(value->data, value->len);

        if (length > (off_t) ngx_http_review_source_max(source)) {
            source->large = 1;
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_source_s3_body(ngx_http_review_s3_t *op, u_char *data,
    size_t len)
{
    return ngx_http_review_source_add(op->data, data, len);
}


static void
ngx_http_review_source_s3_done(ngx_http_review_s3_t *op)
{
    ngx_http_review_source_t  *source;

    source = op->data;
    source->state = NGX_HTTP_REVIEW_SOURCE_LOADED;

    ngx_http_review_ctx_wake_later(source->owner->ctx);
}


static void
ngx_http_review_source_begin(ngx_http_review_download_t *d)
{
    ngx_http_review_source_t  *source;

    source = d->data;

    source->pieces.nelts = 0;
    source->room = 0;
    source->size = 0;
}


static ngx_int_t
ngx_http_review_source_body(ngx_http_review_download_t *d, u_char *data,
    size_t len)
{
    return ngx_http_review_source_add(d->data, data, len);
}


static void
ngx_http_review_source_done(ngx_http_review_download_t *d)
{
    ngx_http_review_source_t  *source;

    source = d->data;
    source->state = NGX_HTTP_REVIEW_SOURCE_LOADED;

    ngx_http_review_ctx_wake_later(source->owner->ctx);
}


/* room for more, in the last piece or in a new one */

static review_str_t *
ngx_http_review_source_piece(ngx_http_review_source_t *source)
{
    review_str_t  *piece;

    if (source->room) {
        piece = source->pieces.elts;
        return piece + source->pieces.nelts - 1;
    }

    piece = ngx_array_push(&source->pieces);
    if (piece == NULL) {
        return NULL;
    }

    piece->len = 0;
    piece->data = ngx_palloc(source->raw->pool, NGX_HTTP_REVIEW_SOURCE_PIECE);

    if (piece->data == NULL) {
        source->pieces.nelts--;
        return NULL;
    }

    source->room = NGX_HTTP_REVIEW_SOURCE_PIECE;

    return piece;
}


static ngx_int_t
ngx_http_review_source_add(ngx_http_review_source_t *source, u_char *data,
    size_t len)
{
    size_t         n;
    review_str_t  *piece;

    if (len > ngx_http_review_source_max(source) - source->size) {
        source->large = 1;
        return NGX_ERROR;
    }

    source->size += len;

    while (len) {
        piece = ngx_http_review_source_piece(source);

        if (piece == NULL) {
            source->nomem = 1;
            return NGX_ERROR;
        }

        n = ngx_min(len, source->room);

        ngx_memcpy((char *) piece->data + piece->len, data, n);

        piece->len += n;
        source->room -= n;
        data += n;
        len -= n;
    }

    return NGX_OK;
}


void
ngx_http_review_source_step(ngx_http_review_source_t *source)
{
    switch (source->state) {

    case NGX_HTTP_REVIEW_SOURCE_LOADED:
        ngx_http_review_source_loaded(source);
        break;

    case NGX_HTTP_REVIEW_SOURCE_CONVERTS:
        ngx_http_review_extract_load_progress(&source->extraction);
        break;

    default:
        break;
    }
}


static void
ngx_http_review_source_loaded(ngx_http_review_source_t *source)
{
    ngx_int_t  rc;

    if (source->from == REVIEW_SOURCE_UPLOAD) {
        source->large = (source->size > ngx_http_review_source_max(source) + 2);
    }

    rc = ngx_http_review_source_why(source);

    if (rc != NGX_OK) {
        ngx_http_review_source_end(source, rc);
        return;
    }

    ngx_http_review_source_look_guess_type(source);

    source->state = NGX_HTTP_REVIEW_SOURCE_THREAD;

    ngx_http_review_work_start(source->raw, source->size,
                               ngx_http_review_source_look,
                               ngx_http_review_source_looked, source);
}


/* a URL that has led nowhere */

static ngx_int_t
ngx_http_review_source_lost(ngx_http_review_source_t *source)
{
    char                         name[REVIEW_CODE_NAME];
    ngx_int_t                    status;
    ngx_http_review_download_t  *d;

    d = &source->download;
    status = review_code_status(d->code);

    if (status == NGX_HTTP_BAD_GATEWAY
        && (d->http_status == NGX_HTTP_NOT_FOUND || d->http_status == 410))
    {
        status = NGX_HTTP_UNPROCESSABLE;
    }

    return ngx_http_review_problem_refuse(source->owner->ctx, status,
                                          source->pointer, "the document was "
                                          "not loaded: %s%s%s",
                                          review_code_name(d->code, name),
                                          d->detail ? ", " : "", d->detail
                                          ? d->detail : "");
}


/* NGX_OK: it is loaded */

static ngx_int_t
ngx_http_review_source_why(ngx_http_review_source_t *source)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = source->owner->ctx;

    if (source->nomem) {
        return NGX_ERROR;
    }

    if (source->large || source->download.code == REVIEW_CODE_TOO_LARGE) {
        return ngx_http_review_problem_refuse(
            ctx, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, source->pointer, "the "
            "document is larger than review_max_document_size, %zu bytes",
            ngx_http_review_source_max(source));
    }

    if (source->from == REVIEW_SOURCE_OBJECT && source->op.failed) {
        return ngx_http_review_s3_problem(ctx, &source->op, source->pointer);
    }

    if (source->from == REVIEW_SOURCE_OBJECT
        && source->op.status != NGX_HTTP_OK)
    {
        return ngx_http_review_problem_refuse(ctx, NGX_HTTP_BAD_GATEWAY,
                                              source->pointer, "the object "
                                              "store answered with %d, which "
                                              "is not all of the object",
                                              (int) source->op.status);
    }

    if (source->from == REVIEW_SOURCE_URL) {

        if (source->download.code != REVIEW_CODE_OK) {
            return ngx_http_review_source_lost(source);
        }

        if (ngx_http_review_source_look_set_type(source,
                                    (u_char *) source->download.type.data,
                                    source->download.type.len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (source->size == 0) {
        return ngx_http_review_problem(ctx, NGX_HTTP_UNPROCESSABLE,
                                       source->pointer,
                                       "the document is empty");
    }

    return NGX_OK;
}


static void
ngx_http_review_source_looked(void *data)
{
    ngx_http_review_source_t *source = data;

    ngx_http_review_ctx_t  *ctx;

    ctx = source->owner->ctx;

    if (source->state != NGX_HTTP_REVIEW_SOURCE_THREAD) {
        return;
    }

    if (source->nomem) {
        ngx_http_review_source_end(source, NGX_ERROR);
        return;
    }

    if (source->broken) {
        ngx_http_review_source_end(source,
                    ngx_http_review_problem(ctx, NGX_HTTP_BAD_REQUEST,
                                            source->pointer, "is not base64, "
                                            "with its padding and without "
                                            "line ends"));
        return;
    }

    if (source->size > ngx_http_review_source_max(source)) {
        source->large = 1;
        ngx_http_review_source_end(source, ngx_http_review_source_why(source));
        return;
    }

    if (source->maybe && source->valid == source->size) {
        ngx_http_review_work_destroy(source->raw);
        ngx_http_review_source_made(source);
        return;
    }

    ngx_http_review_source_convert(source);
}


/* what is said to be a text and is none is not converted */

static ngx_int_t
ngx_http_review_source_convertible(ngx_http_review_source_t *source)
{
    ngx_http_review_ctx_t  *ctx;

    static ngx_str_t  octets = ngx_string("application/octet-stream");

    ctx = source->owner->ctx;

    if (source->maybe && source->type.len) {
        return ngx_http_review_problem_refuse(ctx, NGX_HTTP_UNPROCESSABLE,
                                              source->pointer, "the document "
                                              "is said to be a text, and is "
                                              "not valid UTF-8 without NUL at "
                                              "byte %zu", source->valid);
    }

    if (source->type.len == 0) {
        source->type = octets;
    }

    if (ngx_http_review_source_conf(ctx)->extract == NULL) {
        return ngx_http_review_problem_refuse(ctx,
                                              NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                              source->pointer, "the document "
                                              "is not a text in UTF-8 (%.*s), "
                                              "and there is no "
                                              "\"review_extract\" to make it "
                                              "one",
                                              (int) ngx_min(source->type.len,
                                                            100),
                                              source->type.data);
    }

    return NGX_OK;
}


static void
ngx_http_review_source_convert(ngx_http_review_source_t *source)
{
    ngx_int_t                      rc;
    ngx_http_review_extraction_t  *e;

    rc = ngx_http_review_source_convertible(source);

    if (rc != NGX_OK) {
        ngx_http_review_source_end(source, rc);
        return;
    }

    e = &source->extraction;

    e->ctx = source->owner->ctx;
    e->work = source->work;
    e->pointer = source->pointer;
    e->type = source->type;
    e->body = source->pieces.elts;
    e->npieces = source->pieces.nelts;
    e->handler = ngx_http_review_source_converted;
    e->data = source;

    source->state = NGX_HTTP_REVIEW_SOURCE_CONVERTS;

    ngx_http_review_extract_load(e);
}


/* a try that was left behind may still send the pieces */

static void
ngx_http_review_source_converted(ngx_http_review_extraction_t *e)
{
    ngx_http_review_source_t  *source;

    source = e->data;

    if (!e->call.left) {
        ngx_http_review_work_destroy(source->raw);
    }

    if (e->rc != NGX_OK) {
        ngx_http_review_source_end(source, e->rc);
        return;
    }

    source->document = e->document;

    ngx_http_review_source_made(source);
}


/* a call to the converter is left to the end of the request */

void
ngx_http_review_source_cancel(ngx_http_review_source_t *source)
{
    ngx_http_review_s3_cancel(&source->op);
    ngx_http_review_download_cancel(&source->download);

    source->state = NGX_HTTP_REVIEW_SOURCE_DONE;
}
