
/*
 * One URL after the other on its way: download, last piece written, upload to
 * the store.  Callbacks only note what has happened; a step does what follows
 * from it.
 */

#include "http/fetch/ngx_http_review_fetch.h"

#include "review/base/utf8.h"


#define NGX_HTTP_REVIEW_FETCH_POOL      4096


static ngx_int_t ngx_http_review_fetch_slot_body(ngx_http_review_download_t *d,
    u_char *data, size_t len);
static void ngx_http_review_fetch_slot_done(ngx_http_review_download_t *d);
static ssize_t ngx_http_review_fetch_slot_upload(ngx_http_review_s3_t *op,
    u_char *buf, size_t size, off_t offset);
static void ngx_http_review_fetch_slot_uploaded(ngx_http_review_s3_t *op);


static void
ngx_http_review_fetch_slot_free(void *data)
{
    ngx_http_review_fetch_slot_t *slot = data;

    if (slot->pool) {
        ngx_destroy_pool(slot->pool);
        slot->pool = NULL;
    }
}


/* the request is seen to from the event loop, not from inside of callbacks */

void
ngx_http_review_fetch_slot_wake(void *data)
{
    ngx_http_review_fetch_t *fetch = data;

    ngx_http_review_ctx_wake_later(&fetch->ctx);
}


ngx_int_t
ngx_http_review_fetch_slot_init(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_kind_e kind, ngx_str_t *folder)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_review_ctx_t  *ctx;

    ctx = &slot->fetch->ctx;

    slot->file = ngx_http_review_fetch_file_create(
        ctx, kind, folder, ngx_http_review_fetch_slot_wake, slot->fetch);

    cln = ngx_pool_cleanup_add(ctx->request->pool, 0);

    if (slot->file == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_review_fetch_slot_free;
    cln->data = slot;

    return NGX_OK;
}


/* a text that lasts as long as the request; NULL: there is none */

static const char *
ngx_http_review_fetch_slot_copy(ngx_http_review_fetch_slot_t *slot,
    const char *text)
{
    size_t   len;
    u_char  *p;

    if (text == NULL || text[0] == '\0') {
        return NULL;
    }

    /* it may have a server's words in it */

    len = review_utf8_valid(text, ngx_strlen(text));

    p = ngx_pnalloc(slot->fetch->ctx.request->pool, len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, text, len);
    p[len] = '\0';

    return (char *) p;
}


/* what the server has said so far */

static void
ngx_http_review_fetch_slot_told(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_download_t    *d;
    ngx_http_review_fetch_item_t  *item;

    d = &slot->download;
    item = slot->item;

    item->http_status = d->http_status;
    item->type.data = ngx_http_review_fetch_slot_copy(slot, d->type.data);
    item->type.len = d->type.len;
}


void
ngx_http_review_fetch_slot_cancel(ngx_http_review_fetch_slot_t *slot)
{
    if (slot->state == NGX_HTTP_REVIEW_FETCH_DOWNLOAD) {
        ngx_http_review_fetch_slot_told(slot);
        ngx_http_review_download_cancel(&slot->download);
    }

    if (slot->state == NGX_HTTP_REVIEW_FETCH_PUT) {
        ngx_http_review_s3_cancel(&slot->op);
    }

    ngx_http_review_fetch_file_leave(slot->file);

    slot->state = NGX_HTTP_REVIEW_FETCH_IDLE;
    slot->item = NULL;
}


/* the item's end; the slot is free once no thread is at its file */

static void
ngx_http_review_fetch_slot_result(ngx_http_review_fetch_slot_t *slot,
    review_code_t code, const char *detail)
{
    ngx_http_review_fetch_item_t  *item;

    item = slot->item;

    item->status = NGX_HTTP_REVIEW_FETCH_ENDED;
    item->code = code;
    item->detail = ngx_http_review_fetch_slot_copy(slot, detail);
    item->elapsed = ngx_current_msec - item->started;

    slot->fetch->left--;

    slot->state = ngx_http_review_fetch_file_drop(slot->file) == NGX_OK
                  ? NGX_HTTP_REVIEW_FETCH_IDLE : NGX_HTTP_REVIEW_FETCH_DROP;
}


/* a request may have many URLs, and redirects may be long: no more is kept */

static ngx_int_t
ngx_http_review_fetch_slot_pool(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_fetch_slot_free(slot);

    slot->pool = ngx_create_pool(NGX_HTTP_REVIEW_FETCH_POOL,
                                 slot->fetch->ctx.request->connection->log);

    return slot->pool ? NGX_OK : NGX_ERROR;
}


void
ngx_http_review_fetch_slot_start(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_item_t *item)
{
    ngx_http_review_download_t  *d;

    static review_str_t  none = review_string("");

    item->status = NGX_HTTP_REVIEW_FETCH_RUNS;
    item->started = ngx_current_msec;

    slot->item = item;
    slot->paused = 0;
    slot->ended = 0;

    if (ngx_http_review_fetch_slot_pool(slot) != NGX_OK) {
        ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_INTERNAL, NULL);
        return;
    }

    ngx_http_review_fetch_file_begin(slot->file, item->name.data ? &item->name
                                                                 : &none);
    d = &slot->download;

    d->ctx = &slot->fetch->ctx;
    d->pool = slot->pool;
    d->url = item->url;
    d->max_size = ngx_http_review_fetch_conf(&slot->fetch->ctx)->max_size;
    d->data = slot;
    d->body = ngx_http_review_fetch_slot_body;
    d->done = ngx_http_review_fetch_slot_done;

    slot->state = NGX_HTTP_REVIEW_FETCH_DOWNLOAD;

    if (ngx_http_review_download_start(d) != NGX_OK) {
        ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_INTERNAL, NULL);
    }
}


static ngx_int_t
ngx_http_review_fetch_slot_body(ngx_http_review_download_t *d, u_char *data,
    size_t len)
{
    ngx_int_t                      rc;
    ngx_http_review_fetch_slot_t  *slot;

    slot = d->data;

    rc = ngx_http_review_fetch_file_add(slot->file, data, len);

    slot->paused = (rc == NGX_AGAIN);

    return rc;
}


static void
ngx_http_review_fetch_slot_done(ngx_http_review_download_t *d)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = d->data;
    slot->ended = 1;

    ngx_http_review_fetch_slot_wake(slot->fetch);
}


/* the download has ended */

static void
ngx_http_review_fetch_slot_downloaded(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_download_t  *d;

    d = &slot->download;

    ngx_http_review_fetch_slot_told(slot);

    if (d->code == REVIEW_CODE_OK) {
        slot->item->size = d->size;
        slot->state = NGX_HTTP_REVIEW_FETCH_WRITE;
        ngx_http_review_fetch_file_end(slot->file);
        return;
    }

    ngx_http_review_fetch_slot_result(slot, d->code, d->detail);
}


/* a whole file goes to the store */

static void
ngx_http_review_fetch_slot_put(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_s3_t   *op;
    ngx_http_review_ctx_t  *ctx;

    ctx = &slot->fetch->ctx;
    op = &slot->op;

    ngx_memzero(op, sizeof(ngx_http_review_s3_t));

    op->type = NGX_HTTP_REVIEW_S3_PUT;
    op->store = ngx_http_review_store_conf(ctx)->store;
    op->key.data = (u_char *) slot->item->name.data;
    op->key.len = slot->item->name.len;
    op->size = slot->item->size;
    op->pool = slot->pool;
    op->passages = ctx->passages;
    op->limit = ngx_http_review_limit_conf(ctx)->counts;
    op->log = ctx->request->connection->log;
    op->data = slot;
    op->read = ngx_http_review_fetch_slot_upload;
    op->done = ngx_http_review_fetch_slot_uploaded;

    if (slot->item->type.data) {
        ngx_str_set(&op->headers[0].name, "Content-Type");
        op->headers[0].value.data = (u_char *) slot->item->type.data;
        op->headers[0].value.len = slot->item->type.len;
        op->nheaders = 1;
    }

    slot->ended = 0;
    slot->state = NGX_HTTP_REVIEW_FETCH_PUT;

    if (ngx_http_review_s3_start(op) != NGX_OK) {
        ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_STORE, NULL);
    }
}


static ssize_t
ngx_http_review_fetch_slot_upload(ngx_http_review_s3_t *op, u_char *buf,
    size_t size, off_t offset)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = op->data;

    return ngx_http_review_fetch_file_read(slot->file, buf, size, offset);
}


static void
ngx_http_review_fetch_slot_uploaded(ngx_http_review_s3_t *op)
{
    ngx_http_review_fetch_slot_t  *slot;

    slot = op->data;
    slot->ended = 1;

    ngx_http_review_fetch_slot_wake(slot->fetch);
}


static void
ngx_http_review_fetch_slot_stored(ngx_http_review_fetch_slot_t *slot)
{
    ngx_http_review_s3_t  *op;

    op = &slot->op;

    if (!op->failed) {
        ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_OK, NULL);
        return;
    }

    ngx_http_review_s3_problem_log(op, ", a download is not saved");
    ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_STORE, op->code);
}


/* the last piece is written */

static void
ngx_http_review_fetch_slot_written(ngx_http_review_fetch_slot_t *slot)
{
    if (ngx_http_review_fetch_file_ended(slot->file, slot->item->sha256)
        != NGX_OK)
    {
        return;
    }

    if (ngx_http_review_store_conf(&slot->fetch->ctx)->store) {
        ngx_http_review_fetch_slot_put(slot);
        return;
    }

    ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_OK, NULL);
}


/* more of it may come, or there is no more */

static void
ngx_http_review_fetch_slot_moved(ngx_http_review_fetch_slot_t *slot)
{
    if (slot->ended) {
        ngx_http_review_fetch_slot_downloaded(slot);
        return;
    }

    if (slot->paused && ngx_http_review_fetch_file_has_room(slot->file)) {
        slot->paused = 0;
        ngx_http_review_download_resume(&slot->download);
    }
}


static void
ngx_http_review_fetch_slot_unwritten(ngx_http_review_fetch_slot_t *slot,
    const char *error)
{
    ngx_log_error(NGX_LOG_ERR, slot->fetch->ctx.request->connection->log, 0,
                  "a download is not saved: %s", error);

    if (slot->state == NGX_HTTP_REVIEW_FETCH_DOWNLOAD) {
        ngx_http_review_download_cancel(&slot->download);
        ngx_http_review_fetch_slot_told(slot);
    }

    ngx_http_review_fetch_slot_result(slot, REVIEW_CODE_FILE, error);
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
        ngx_http_review_fetch_slot_unwritten(slot, error);

    } else if (slot->state == NGX_HTTP_REVIEW_FETCH_DOWNLOAD) {
        ngx_http_review_fetch_slot_moved(slot);

    } else if (slot->state == NGX_HTTP_REVIEW_FETCH_WRITE) {
        ngx_http_review_fetch_slot_written(slot);

    } else if (slot->ended) {
        ngx_http_review_fetch_slot_stored(slot);
    }
}
