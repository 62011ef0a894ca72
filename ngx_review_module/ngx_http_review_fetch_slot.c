
/*
 * One URL after the other on its way: transfer, last piece written, upload to
 * the store.  Callbacks only note what has happened; a step does what follows
 * from it.
 */

#include "ngx_http_review_fetch.h"


/* a Content-Type that is told and passed on */

#define NGX_HTTP_REVIEW_FETCH_TYPE      255

#define NGX_HTTP_REVIEW_FETCH_POOL      4096


static void ngx_http_review_fetch_go(ngx_http_review_fetch_slot_t *slot);
static ngx_int_t ngx_http_review_fetch_header(ngx_http_review_transfer_t *t,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_review_fetch_body(ngx_http_review_transfer_t *t,
    u_char *data, size_t len);
static ngx_uint_t ngx_http_review_fetch_allowed(ngx_http_review_transfer_t *t,
    struct sockaddr *sockaddr);
static void ngx_http_review_fetch_done(ngx_http_review_transfer_t *t);
static ssize_t ngx_http_review_fetch_upload(ngx_http_review_s3_t *op,
    u_char *buf, size_t size, off_t offset);
static void ngx_http_review_fetch_uploaded(ngx_http_review_s3_t *op);


static void
ngx_http_review_fetch_free(void *data)
{
    ngx_http_review_fetch_slot_t *slot = data;

    if (slot->pool) {
        ngx_destroy_pool(slot->pool);
        slot->pool = NULL;
    }
}


ngx_int_t
ngx_http_review_fetch_slot_init(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_kind_e kind, ngx_str_t *folder)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_review_ctx_t  *ctx;

    ctx = &slot->fetch->ctx;

    slot->file = ngx_http_review_fetch_file_create(ctx, kind, folder,
                                                   ngx_http_review_fetch_wake,
                                                   slot->fetch);

    cln = ngx_pool_cleanup_add(ctx->request->pool, 0);

    if (slot->file == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_review_fetch_free;
    cln->data = slot;

    return NGX_OK;
}


void
ngx_http_review_fetch_slot_cancel(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_transfer_cancel(&slot->transfer);

    if (slot->state == NGX_HTTP_REVIEW_FETCH_PUT) {
        ngx_http_review_s3_cancel(&slot->op);
    }

    ngx_http_review_fetch_file_leave(slot->file);

    slot->state = NGX_HTTP_REVIEW_FETCH_IDLE;
    slot->item = NULL;
}


/* the item's end; the slot is free once no thread is at its file */

static void
ngx_http_review_fetch_result(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_status_e status, const char *code,
    const char *detail)
{
    size_t                         len;
    u_char                        *p;
    ngx_http_review_fetch_item_t  *item;

    item = slot->item;

    item->status = status;
    item->code = code;
    item->elapsed = ngx_current_msec - item->started;

    /* what curl says may have a server's words in it */

    if (detail && detail[0]) {
        len = review_utf8_valid(detail, ngx_strlen(detail));
        p = ngx_pnalloc(slot->fetch->ctx.request->pool, len + 1);

        if (p) {
            ngx_memcpy(p, detail, len);
            p[len] = '\0';
            item->detail = (char *) p;
        }
    }

    slot->fetch->left--;

    slot->state = ngx_http_review_fetch_file_drop(slot->file) == NGX_OK
                  ? NGX_HTTP_REVIEW_FETCH_IDLE : NGX_HTTP_REVIEW_FETCH_DROP;
}


static void
ngx_http_review_fetch_refused(ngx_http_review_fetch_slot_t *slot,
    const char *code, const char *detail)
{
    ngx_http_review_fetch_result(slot, NGX_HTTP_REVIEW_FETCH_REFUSED, code,
                                 detail);
}


static void
ngx_http_review_fetch_failed(ngx_http_review_fetch_slot_t *slot,
    const char *code, const char *detail)
{
    ngx_http_review_fetch_result(slot, NGX_HTTP_REVIEW_FETCH_FAILED, code,
                                 detail);
}


/* a request may have many URLs, and redirects may be long: no more is kept */

static ngx_int_t
ngx_http_review_fetch_pool(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_fetch_free(slot);

    slot->pool = ngx_create_pool(NGX_HTTP_REVIEW_FETCH_POOL,
                                 slot->fetch->ctx.request->connection->log);
    if (slot->pool == NULL) {
        return NGX_ERROR;
    }

    slot->memory = ngx_http_review_pool(slot->pool);

    return slot->memory ? NGX_OK : NGX_ERROR;
}


void
ngx_http_review_fetch_slot_start(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_item_t *item)
{
    const char    *why;
    review_url_e   rc;

    item->status = NGX_HTTP_REVIEW_FETCH_RUNS;
    item->started = ngx_current_msec;

    slot->item = item;
    slot->redirects = 0;

    if (ngx_http_review_fetch_pool(slot) != NGX_OK) {
        ngx_http_review_fetch_failed(slot, "internal", NULL);
        return;
    }

    rc = review_url_parse(slot->memory, item->url.data, item->url.len,
                          &slot->url);

    why = rc == REVIEW_URL_OK
          ? ngx_http_review_fetch_why_not(&slot->fetch->ctx, &slot->url)
          : ngx_http_review_fetch_why_bad(rc);

    if (why) {
        ngx_http_review_fetch_refused(slot, why, NULL);
        return;
    }

    ngx_http_review_fetch_go(slot);
}


/* asks for slot->url */

static void
ngx_http_review_fetch_go(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_ctx_t       *ctx;
    ngx_http_review_transfer_t  *t;

    static review_str_t  none = review_string("");

    ctx = &slot->fetch->ctx;
    t = &slot->transfer;

    ngx_memzero(t, sizeof(ngx_http_review_transfer_t));

    t->method = "GET";
    t->url.data = (u_char *) slot->url.text.data;
    t->url.len = slot->url.text.len;
    t->connect_timeout = ctx->conf->call_timeout;
    t->timeout = ctx->conf->call_timeout;
    t->upload = -1;
    t->data = slot;
    t->log = ctx->request->connection->log;
    t->header = ngx_http_review_fetch_header;
    t->body = ngx_http_review_fetch_body;
    t->allowed = ngx_http_review_fetch_allowed;
    t->done = ngx_http_review_fetch_done;

    slot->paused = 0;
    slot->ended = 0;
    slot->location.data = NULL;
    slot->item->size = 0;
    slot->item->code = NULL;
    slot->item->type.data = NULL;

    ngx_http_review_fetch_file_begin(slot->file, slot->item->name.data
                                                 ? &slot->item->name : &none);

    slot->state = NGX_HTTP_REVIEW_FETCH_TRANSFER;

    if (ngx_http_review_transfer_start(t) != NGX_OK) {
        ngx_http_review_fetch_failed(slot, "internal", NULL);
    }
}


static ngx_uint_t
ngx_http_review_fetch_is(ngx_str_t *name, const char *str)
{
    return name->len == ngx_strlen(str)
           && ngx_strncasecmp(name->data, (u_char *) str, name->len) == 0;
}


static ngx_int_t
ngx_http_review_fetch_copy(ngx_pool_t *pool, review_str_t *dst,
    ngx_str_t *src)
{
    u_char  *p;

    p = ngx_pnalloc(pool, src->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, src->data, src->len);

    dst->data = (char *) p;
    dst->len = src->len;

    return NGX_OK;
}


/* as a server says it; what is no plain text is not passed on */

static ngx_uint_t
ngx_http_review_fetch_type(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < ' ' || value->data[i] > '~') {
            return 0;
        }
    }

    return value->len && value->len <= NGX_HTTP_REVIEW_FETCH_TYPE;
}


static ngx_uint_t
ngx_http_review_fetch_success(ngx_uint_t status)
{
    return status >= 200 && status < 300 && status != NGX_HTTP_PARTIAL_CONTENT;
}


static ngx_uint_t
ngx_http_review_fetch_redirect(ngx_uint_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307
           || status == 308;
}


static ngx_int_t
ngx_http_review_fetch_header(ngx_http_review_transfer_t *t, ngx_str_t *name,
    ngx_str_t *value)
{
    off_t                          n;
    ngx_http_review_fetch_slot_t  *slot;

    slot = t->data;

    if (ngx_http_review_fetch_is(name, "Location")
        && slot->location.data == NULL && value->len <= REVIEW_URL_MAX)
    {
        return ngx_http_review_fetch_copy(slot->pool, &slot->location, value);
    }

    if (ngx_http_review_fetch_is(name, "Content-Type")
        && slot->item->type.data == NULL && ngx_http_review_fetch_type(value))
    {
        return ngx_http_review_fetch_copy(slot->fetch->ctx.request->pool,
                                          &slot->item->type, value);
    }

    if (ngx_http_review_fetch_is(name, "Content-Length")
        && ngx_http_review_fetch_success(t->status))
    {
        n = ngx_atoof(value->data, value->len);

        if (n > slot->fetch->ctx.conf->fetch->max_size) {
            slot->item->code = "too_large";
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_fetch_body(ngx_http_review_transfer_t *t, u_char *data,
    size_t len)
{
    ngx_int_t                      rc;
    ngx_http_review_fetch_item_t  *item;
    ngx_http_review_fetch_slot_t  *slot;

    slot = t->data;
    item = slot->item;

    /* what a server says along with other statuses is not looked at */

    if (!ngx_http_review_fetch_success(t->status)) {
        return NGX_ERROR;
    }

    if ((off_t) len > slot->fetch->ctx.conf->fetch->max_size - item->size) {
        item->code = "too_large";
        return NGX_ERROR;
    }

    rc = ngx_http_review_fetch_file_add(slot->file, data, len);

    if (rc == NGX_OK) {
        item->size += len;
    }

    slot->paused = (rc == NGX_AGAIN);

    return rc;
}


static ngx_uint_t
ngx_http_review_fetch_allowed(ngx_http_review_transfer_t *t,
    struct sockaddr *sockaddr)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = t->data;

    return ngx_http_review_fetch_may_connect(&slot->fetch->ctx, &slot->url,
                                             sockaddr);
}


static void
ngx_http_review_fetch_done(ngx_http_review_transfer_t *t)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = t->data;
    slot->ended = 1;

    ngx_http_review_fetch_wake(slot->fetch);
}


/* to where "Location" says, if a first URL might be that */

static void
ngx_http_review_fetch_follow(ngx_http_review_fetch_slot_t *slot)
{
    const char             *why;
    review_url_t            url;
    review_url_e            rc;
    ngx_http_review_ctx_t  *ctx;

    ctx = &slot->fetch->ctx;

    if (slot->redirects++ == NGX_HTTP_REVIEW_FETCH_REDIRECTS) {
        ngx_http_review_fetch_refused(slot, "too_many_redirects", NULL);
        return;
    }

    rc = slot->location.data
         ? review_url_follow(slot->memory, &slot->url, slot->location.data,
                             slot->location.len, &url)
         : REVIEW_URL_BAD;

    why = rc == REVIEW_URL_OK ? ngx_http_review_fetch_why_not(ctx, &url)
                              : ngx_http_review_fetch_why_bad(rc);

    if (why) {
        ngx_http_review_fetch_refused(slot, why, "by a redirect");
        return;
    }

    slot->url = url;

    ngx_http_review_fetch_go(slot);
}


/* a transfer without a success */

static void
ngx_http_review_fetch_lost(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_transfer_t  *t;

    t = &slot->transfer;

    switch (t->result) {

    case NGX_HTTP_REVIEW_TRANSFER_CONNECT:
        ngx_http_review_fetch_failed(slot, "connect", t->message);
        break;

    case NGX_HTTP_REVIEW_TRANSFER_TIMEOUT:
        ngx_http_review_fetch_result(slot, NGX_HTTP_REVIEW_FETCH_TIMEOUT,
                                     "timeout", t->message);
        break;

    case NGX_HTTP_REVIEW_TRANSFER_CUT:
        ngx_http_review_fetch_failed(slot, "cut", t->message);
        break;

    case NGX_HTTP_REVIEW_TRANSFER_FORBIDDEN:
        ngx_http_review_fetch_refused(slot, "address_not_allowed",
                                      t->message);
        break;

    default:
        ngx_http_review_fetch_failed(slot, "failed", t->message);
    }
}


/* the transfer has ended */

static void
ngx_http_review_fetch_outcome(ngx_http_review_fetch_slot_t *slot)
{
    u_char                      *code;
    ngx_http_review_transfer_t  *t;

    t = &slot->transfer;
    slot->item->http_status = t->status;

    if (slot->item->code) {
        ngx_http_review_fetch_refused(slot, slot->item->code,
                                      "it is larger than max_size");
        return;
    }

    if (t->result != NGX_HTTP_REVIEW_TRANSFER_OK
        && t->result != NGX_HTTP_REVIEW_TRANSFER_STOPPED)
    {
        ngx_http_review_fetch_lost(slot);
        return;
    }

    if (ngx_http_review_fetch_redirect(t->status)) {
        ngx_http_review_fetch_follow(slot);
        return;
    }

    if (!ngx_http_review_fetch_success(t->status)) {
        code = ngx_pnalloc(slot->fetch->ctx.request->pool,
                           sizeof("http_") + NGX_INT_T_LEN);
        if (code) {
            ngx_sprintf(code, "http_%ui%Z", t->status);
        }

        ngx_http_review_fetch_failed(slot, code ? (char *) code : "http",
                                     NULL);
        return;
    }

    if (t->result != NGX_HTTP_REVIEW_TRANSFER_OK) {
        ngx_http_review_fetch_failed(slot, "internal", NULL);
        return;
    }

    slot->state = NGX_HTTP_REVIEW_FETCH_WRITE;
    ngx_http_review_fetch_file_end(slot->file);
}


/* a whole file goes to the store */

static void
ngx_http_review_fetch_put(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_s3_t   *op;
    ngx_http_review_ctx_t  *ctx;

    ctx = &slot->fetch->ctx;
    op = &slot->op;

    ngx_memzero(op, sizeof(ngx_http_review_s3_t));

    op->type = NGX_HTTP_REVIEW_S3_PUT;
    op->store = ctx->conf->store;
    op->key.data = (u_char *) slot->item->name.data;
    op->key.len = slot->item->name.len;
    op->size = slot->item->size;
    op->pool = slot->pool;
    op->log = ctx->request->connection->log;
    op->data = slot;
    op->read = ngx_http_review_fetch_upload;
    op->done = ngx_http_review_fetch_uploaded;

    if (slot->item->type.data) {
        ngx_str_set(&op->headers[0].name, "Content-Type");
        op->headers[0].value.data = (u_char *) slot->item->type.data;
        op->headers[0].value.len = slot->item->type.len;
        op->nheaders = 1;
    }

    slot->ended = 0;
    slot->state = NGX_HTTP_REVIEW_FETCH_PUT;

    if (ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_fetch_failed(slot, "store", NULL);
    }
}


static ssize_t
ngx_http_review_fetch_upload(ngx_http_review_s3_t *op, u_char *buf,
    size_t size, off_t offset)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = op->data;

    return ngx_http_review_fetch_file_read(slot->file, buf, size, offset);
}


static void
ngx_http_review_fetch_uploaded(ngx_http_review_s3_t *op)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = op->data;
    slot->ended = 1;

    ngx_http_review_fetch_wake(slot->fetch);
}


static void
ngx_http_review_fetch_stored(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_s3_t  *op;

    op = &slot->op;

    if (!op->failed) {
        ngx_http_review_fetch_result(slot, NGX_HTTP_REVIEW_FETCH_OK, NULL,
                                     NULL);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, op->log, 0,
                  "object store \"%V\": %s%s%s, a download is not saved",
                  &op->store->name, op->code, op->message[0] ? ": " : "",
                  op->message);

    ngx_http_review_fetch_failed(slot, "store", op->code);
}


/* the last piece is written */

static void
ngx_http_review_fetch_written(ngx_http_review_fetch_slot_t *slot)
{
    if (ngx_http_review_fetch_file_ended(slot->file, slot->item->sha256)
        != NGX_OK)
    {
        return;
    }

    if (slot->fetch->ctx.conf->store) {
        ngx_http_review_fetch_put(slot);
        return;
    }

    ngx_http_review_fetch_result(slot, NGX_HTTP_REVIEW_FETCH_OK, NULL, NULL);
}


/* more of it may come, or there is no more */

static void
ngx_http_review_fetch_moved(ngx_http_review_fetch_slot_t *slot)
{
    if (slot->ended) {
        ngx_http_review_fetch_outcome(slot);
        return;
    }

    if (slot->paused && ngx_http_review_fetch_file_has_room(slot->file)) {
        slot->paused = 0;
        ngx_http_review_transfer_resume(&slot->transfer);
    }
}


static void
ngx_http_review_fetch_unwritten(ngx_http_review_fetch_slot_t *slot,
    const char *error)
{
    ngx_log_error(NGX_LOG_ERR, slot->fetch->ctx.request->connection->log, 0,
                  "a download is not saved: %s", error);

    ngx_http_review_transfer_cancel(&slot->transfer);
    slot->item->http_status = slot->transfer.status;

    ngx_http_review_fetch_failed(slot, "file", error);
}


void
ngx_http_review_fetch_slot_step(ngx_http_review_fetch_slot_t *slot)
{
    const char  *error;

    if (slot->state == NGX_HTTP_REVIEW_FETCH_DROP
        && ngx_http_review_fetch_file_drop(slot->file) == NGX_OK)
    {
        slot->state = NGX_HTTP_REVIEW_FETCH_IDLE;
    }

    if (slot->state == NGX_HTTP_REVIEW_FETCH_IDLE
        || slot->state == NGX_HTTP_REVIEW_FETCH_DROP)
    {
        return;
    }

    error = ngx_http_review_fetch_file_error(slot->file);

    if (error) {
        ngx_http_review_fetch_unwritten(slot, error);

    } else if (slot->state == NGX_HTTP_REVIEW_FETCH_TRANSFER) {
        ngx_http_review_fetch_moved(slot);

    } else if (slot->state == NGX_HTTP_REVIEW_FETCH_WRITE) {
        ngx_http_review_fetch_written(slot);

    } else if (slot->ended) {
        ngx_http_review_fetch_stored(slot);
    }
}
