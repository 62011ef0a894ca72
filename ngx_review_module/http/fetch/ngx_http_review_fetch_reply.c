
/* The fetch endpoint's reply: what became of each URL, in their order. */

#include "http/fetch/ngx_http_review_fetch.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


static void
ngx_http_review_fetch_write_text(review_buf_t *b, const char *name,
    review_str_t *text)
{
    review_buf_puts(b, ",\"");
    review_buf_puts(b, name);
    review_buf_puts(b, "\":");

    if (text && text->data) {
        review_buf_json(b, text->data, text->len);

    } else {
        review_buf_puts(b, "null");
    }
}


static void
ngx_http_review_fetch_write_number(review_buf_t *b, const char *name,
    uint64_t n, ngx_uint_t known)
{
    review_buf_puts(b, ",\"");
    review_buf_puts(b, name);
    review_buf_puts(b, "\":");

    if (known) {
        review_buf_number(b, n);

    } else {
        review_buf_puts(b, "null");
    }
}


static const char *
ngx_http_review_fetch_reply_word(review_code_t code)
{
    switch (review_code_status(code)) {

    case NGX_HTTP_OK:
        return "ok";

    case NGX_HTTP_GATEWAY_TIME_OUT:
        return "timeout";

    case NGX_HTTP_BAD_GATEWAY:
        return "failed";

    default:
        return "refused";
    }
}


static void
ngx_http_review_fetch_write_item(review_buf_t *b,
    ngx_http_review_fetch_item_t *item)
{
    char          hex[64];
    ngx_uint_t    ok;
    review_str_t  sha256;

    ok = (item->code == REVIEW_CODE_OK);

    ngx_hex_dump((u_char *) hex, item->sha256, 32);
    sha256.data = hex;
    sha256.len = sizeof(hex);

    review_buf_puts(b, "{\"url\":");
    review_buf_json(b, item->url.data, item->url.len);
    review_buf_puts(b, ",\"status\":\"");
    review_buf_puts(b, ngx_http_review_fetch_reply_word(item->code));
    review_buf_puts(b, "\"");

    ngx_http_review_fetch_write_number(b, "http_status", item->http_status,
                                       item->http_status != 0);
    ngx_http_review_fetch_write_number(b, "size", item->size, ok);
    ngx_http_review_fetch_write_text(b, "content_type", &item->type);
    ngx_http_review_fetch_write_text(b, "saved_as", ok ? &item->name : NULL);
    ngx_http_review_fetch_write_text(b, "sha256", ok ? &sha256 : NULL);
    ngx_http_review_fetch_write_number(b, "elapsed_ms", item->elapsed, 1);

    if (item->code) {
        review_buf_puts(b, ",\"error\":");
        ngx_http_review_write_error(b, item->code,
                                    item->detail ? item->detail : "", NULL);
    }

    review_buf_puts(b, "}");
}


/* 200, if there is anything; 504, if there was no time for any of it */

static ngx_uint_t
ngx_http_review_fetch_status(ngx_http_review_fetch_t *fetch)
{
    ngx_uint_t  i, timedout;

    timedout = 0;

    for (i = 0; i < fetch->nitems; i++) {
        fetch->ctx.failed += fetch->items[i].code != REVIEW_CODE_OK;
        timedout += review_code_timeout(fetch->items[i].code);
    }

    if (fetch->ctx.failed < fetch->nitems) {
        fetch->ctx.status = fetch->ctx.failed ? "partial" : "complete";
        return NGX_HTTP_OK;
    }

    fetch->ctx.status = "failed";

    return timedout == fetch->nitems ? NGX_HTTP_GATEWAY_TIME_OUT
                                     : NGX_HTTP_BAD_GATEWAY;
}


void
ngx_http_review_fetch_reply(ngx_http_review_fetch_t *fetch)
{
    ngx_uint_t              i, status;
    ngx_chain_t            *out;
    review_buf_t            b;
    ngx_http_review_ctx_t  *ctx;

    ctx = &fetch->ctx;
    status = ngx_http_review_fetch_status(fetch);

    review_buf_init(&b, ctx->pool, 64 + 384 * fetch->nitems);
    review_buf_puts(&b, "{\"results\":[");

    for (i = 0; i < fetch->nitems; i++) {
        review_buf_puts(&b, i ? "," : "");
        ngx_http_review_fetch_write_item(&b, &fetch->items[i]);
    }

    review_buf_puts(&b, "],\"status\":\"");
    review_buf_puts(&b, ctx->status);
    review_buf_puts(&b, "\"");
    ngx_http_review_fetch_write_number(&b, "elapsed_ms",
                                       ngx_current_msec - ctx->started, 1);
    review_buf_puts(&b, "}");

    out = ngx_http_review_reply_link(ctx->request->pool, b.data, b.len);

    if (b.failed || out == NULL) {
        ngx_http_review_fail(ctx, NGX_ERROR);
        return;
    }

    ngx_http_review_end(ctx);
    ngx_http_finalize_request(ctx->request,
                              ngx_http_review_reply_whole(ctx, status, out));
}
