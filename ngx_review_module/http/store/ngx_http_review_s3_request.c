
/*
 * The requests of an operation on objects: what is asked, and what of an answer
 * is kept.
 */

#include "http/store/ngx_http_review_s3.h"
#include "http/request/ngx_http_review_request.h"

#include "review/base/excerpt.h"
#include "review/base/utf8.h"
#include "review/json/write.h"


/* what is kept of answers that are for us: errors, and lists of 1000 keys */

#define NGX_HTTP_REVIEW_S3_ERROR    (64 * 1024)
#define NGX_HTTP_REVIEW_S3_LISTING  (8 * 1024 * 1024)


/* arguments are signed in the order of the alphabet, and all have a value */

static void
ngx_http_review_s3_request_arg(review_buf_t *b, const char *name,
    ngx_str_t *value)
{
    if (value->len) {
        review_buf_puts(b, name);
        review_s3_encode(b, (char *) value->data, value->len, 0);
        review_buf_puts(b, "&");
    }
}


static void
ngx_http_review_s3_request_query(ngx_http_review_s3_t *op)
{
    review_buf_t                *b;
    ngx_http_review_s3_query_t  *query;

    b = &op->url;
    query = &op->query;

    review_buf_puts(b, "?");
    ngx_http_review_s3_request_arg(b, "continuation-token=", &query->token);
    ngx_http_review_s3_request_arg(b, "delimiter=", &query->delimiter);
    review_buf_puts(b, "encoding-type=url&list-type=2&");

    if (query->max) {
        review_buf_puts(b, "max-keys=");
        review_buf_number(b, query->max);
        review_buf_puts(b, "&");
    }

    review_buf_puts(b, "prefix=");
    review_s3_encode(b, (char *) query->prefix.data, query->prefix.len, 0);
}


/* endpoint/bucket/key: any store understands it, whatever its names in DNS */

void
ngx_http_review_s3_request_url(ngx_http_review_s3_t *op)
{
    review_buf_t             *b;
    ngx_http_review_store_t  *store;

    b = &op->url;
    store = op->store;

    b->len = 0;

    review_buf_add(b, (char *) store->endpoint.data, store->endpoint.len);
    review_buf_puts(b, "/");
    review_buf_add(b, (char *) store->bucket.data, store->bucket.len);

    if (op->type == NGX_HTTP_REVIEW_S3_LIST) {
        ngx_http_review_s3_request_query(op);
        return;
    }

    review_buf_puts(b, "/");
    review_s3_encode(b, (char *) op->key.data, op->key.len, 1);

    if (op->args.len) {
        review_buf_puts(b, "?");
        review_buf_add(b, (char *) op->args.data, op->args.len);
    }
}


static void
ngx_http_review_s3_request_set_headers(ngx_http_review_s3_t *op,
    ngx_http_review_s3_headers_e headers)
{
    ngx_uint_t                          i, n, condition;
    ngx_http_review_transfer_header_t  *h;

    static ngx_str_t  name = ngx_string("x-amz-content-sha256");
    static ngx_str_t  value = ngx_string("UNSIGNED-PAYLOAD");

    h = op->headers;
    n = 0;

    for (i = 0; i < op->nheaders; i++) {

        condition = h[i].name.len > 3
                    && ngx_strncasecmp(h[i].name.data, (u_char *) "If-", 3)
                       == 0;

        if (headers == NGX_HTTP_REVIEW_S3_NONE
            || (headers == NGX_HTTP_REVIEW_S3_CONDITIONS && !condition)
            || (headers == NGX_HTTP_REVIEW_S3_OTHERS && condition))
        {
            continue;
        }

        op->sent[n++] = h[i];
    }

    /* ETags tell what has arrived; a body's hash would need it all first */

    op->sent[n].name = name;
    op->sent[n++].value = value;

    /* the store may be an endpoint of ours, and that of this very location */

    ngx_str_set(&op->sent[n].name, NGX_HTTP_REVIEW_PASSAGES_HEADER);
    op->sent[n].value.data = op->passage;
    op->sent[n++].value.len = ngx_sprintf(op->passage, "%ui", op->passages + 1)
                              - op->passage;

    op->transfer.headers = op->sent;
    op->transfer.nheaders = n;
}


/* whom the reply is for */

static void
ngx_http_review_s3_request_begin(ngx_http_review_s3_t *op)
{
    ngx_uint_t  status;

    if (op->begun) {
        return;
    }

    op->begun = 1;

    status = op->transfer.status;

    op->ours = op->type != NGX_HTTP_REVIEW_S3_GET
               || (status >= 300 && status != NGX_HTTP_NOT_MODIFIED);
}


static ngx_uint_t
ngx_http_review_s3_request_is(ngx_str_t *name, const char *str)
{
    return name->len == ngx_strlen(str)
           && ngx_strncasecmp(name->data, (u_char *) str, name->len) == 0;
}


static ngx_int_t
ngx_http_review_s3_request_header(ngx_http_review_transfer_t *t,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_http_review_s3_t  *op;

    op = t->data;

    ngx_http_review_s3_request_begin(op);

    if (ngx_http_review_s3_request_is(name, "ETag")
        && value->len <= sizeof(op->tag)) {
        ngx_memcpy(op->tag, value->data, value->len);
        op->ntag = value->len;
    }

    if ((ngx_http_review_s3_request_is(name, "x-amz-server-side-encryption")
         && !ngx_http_review_s3_request_is(value, "AES256"))
        || ngx_http_review_s3_request_is(name, "x-amz-server-side-encryption-"
                                       "customer-algorithm"))
    {
        op->encrypted = 1;
    }

    if (op->header == NULL
        || op->type > NGX_HTTP_REVIEW_S3_HEAD
        || (t->status >= 300 && t->status != NGX_HTTP_NOT_MODIFIED))
    {
        return NGX_OK;
    }

    op->handed = 1;
    op->status = t->status;

    return op->header(op, name, value);
}


static ngx_int_t
ngx_http_review_s3_request_body(ngx_http_review_transfer_t *t, u_char *data,
    size_t len)
{
    size_t                 max;
    ngx_int_t              rc;
    ngx_http_review_s3_t  *op;

    op = t->data;

    ngx_http_review_s3_request_begin(op);

    if (!op->ours) {
        op->status = t->status;

        rc = op->body(op, data, len);

        if (rc == NGX_OK) {
            op->bytes += len;
            op->handed = 1;
        }

        return rc;
    }

    max = op->type == NGX_HTTP_REVIEW_S3_LIST ? NGX_HTTP_REVIEW_S3_LISTING
                                              : NGX_HTTP_REVIEW_S3_ERROR;

    /* what is cut off is no XML any more, and is told as such */

    if (op->reply.len + len > max) {
        op->reply.failed = 1;
        return NGX_ERROR;
    }

    review_buf_add(&op->reply, (char *) data, len);
    op->bytes += len;

    return NGX_OK;
}


static ssize_t
ngx_http_review_s3_request_read(ngx_http_review_transfer_t *t, u_char *buf,
    size_t size)
{
    ssize_t                n;
    ngx_http_review_s3_t  *op;

    op = t->data;

    if ((off_t) size > op->sending - op->moved) {
        size = op->sending - op->moved;
    }

    if (size == 0) {
        return 0;
    }

    if (op->own.len) {
        ngx_memcpy(buf, op->own.data + op->moved, size);
        n = size;

    } else {
        n = op->read(op, buf, size, op->offset + op->moved);

        if (n <= 0) {
            return NGX_ERROR;
        }

        ngx_md5_update(&op->md5, buf, n);
    }

    op->moved += n;
    op->bytes += n;

    return n;
}


ngx_int_t
ngx_http_review_s3_request_send(ngx_http_review_s3_t *op, const char *method,
    off_t upload, ngx_http_review_s3_headers_e headers)
{
    ngx_http_review_store_t     *store;
    ngx_http_review_transfer_t  *t;

    if (op->url.failed) {
        return NGX_ERROR;
    }

    t = &op->transfer;
    store = op->store;

    ngx_memzero(t, sizeof(ngx_http_review_transfer_t));

    t->method = method;
    t->url.data = (u_char *) op->url.data;
    t->url.len = op->url.len;
    t->region = store->region;
    t->access_key = store->access_key;
    t->secret_key = store->secret_key;
    t->connect_timeout = store->connect_timeout;
    t->timeout = op->brief ? NGX_HTTP_REVIEW_S3_BRIEF : store->timeout;
    t->upload = upload;
    t->data = op;
    t->log = op->log;
    t->header = ngx_http_review_s3_request_header;
    t->body = ngx_http_review_s3_request_body;
    t->read = ngx_http_review_s3_request_read;
    t->done = op->answered;

    ngx_http_review_s3_request_set_headers(op, headers);

    if (op->reply.pool == NULL) {
        review_buf_init(&op->reply, op->memory, 0);
    }

    ngx_md5_init(&op->md5);

    op->reply.len = 0;
    op->reply.failed = 0;
    op->sending = upload > 0 ? upload : 0;
    op->moved = 0;
    op->ntag = 0;
    op->begun = 0;
    op->failed = REVIEW_CODE_OK;
    op->said = REVIEW_S3_OTHER;
    op->code[0] = '\0';
    op->message[0] = '\0';
    op->tries++;

    return ngx_http_review_curl_start(t);
}


void
ngx_http_review_s3_request_fail(ngx_http_review_s3_t *op, review_code_t code,
    const char *message)
{
    char  name[REVIEW_CODE_NAME];

    op->failed = code;

    ngx_cpystrn((u_char *) op->code, (u_char *) review_code_name(code, name),
                sizeof(op->code));
    ngx_cpystrn((u_char *) op->message, (u_char *) message,
                sizeof(op->message));
}


static void
ngx_http_review_s3_request_copy(char *dst, size_t size, review_str_t *str)
{
    size_t  i, len;

    len = review_utf8_valid(str->data, str->len);

    if (len >= size) {
        len = review_utf8_cut(str->data, len, size - 1);
    }

    for (i = 0; i < len; i++) {
        dst[i] = (u_char) str->data[i] < ' ' ? ' ' : str->data[i];
    }

    dst[len] = '\0';

    review_excerpt_mask(dst);
}


/* what a store says may be anything, but not our key in a log */

static void
ngx_http_review_s3_request_hide(review_str_t *text, ngx_str_t *key)
{
    if (memmem(text->data, text->len, key->data, key->len)) {
        text->len = 0;
    }
}


/* <Error>, as the reply to anything; NGX_DECLINED: the reply is none */

ngx_int_t
ngx_http_review_s3_request_error(ngx_http_review_s3_t *op)
{
    review_str_t  code, message;

    if (op->reply.len == 0
        || review_s3_value(op->memory, op->reply.data, op->reply.len,
                           "Error/Code", &code) != 0
        || code.len == 0)
    {
        return NGX_DECLINED;
    }

    op->failed = REVIEW_CODE_STORE;
    op->said = review_s3_error(&code);

    ngx_http_review_s3_request_hide(&code, &op->store->secret_key);
    ngx_http_review_s3_request_copy(op->code, sizeof(op->code), &code);

    if (review_s3_value(op->memory, op->reply.data, op->reply.len,
                        "Error/Message", &message)
        == 0)
    {
        ngx_http_review_s3_request_hide(&message, &op->store->secret_key);
        ngx_http_review_s3_request_copy(op->message, sizeof(op->message),
                                        &message);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_s3_request_check(ngx_http_review_s3_t *op, u_char *md5,
    ngx_uint_t parts)
{
    if (op->encrypted
        || review_s3_etag(op->tag, op->ntag, md5, parts) >= 0)
    {
        return NGX_OK;
    }

    ngx_http_review_s3_request_fail(op, REVIEW_CODE_ETAG_MISMATCH, "the store "
                                    "has got something else than was sent");
    return NGX_ERROR;
}


void
ngx_http_review_s3_request_etag(ngx_http_review_s3_t *op, review_buf_t *b)
{
    ngx_str_t  etag;

    etag = op->etag;

    if (etag.len >= 2 && etag.data[0] == '"') {
        etag.data++;
        etag.len -= 2;
    }

    review_write_bytes(b, "etag", (char *) etag.data, etag.len);
}
