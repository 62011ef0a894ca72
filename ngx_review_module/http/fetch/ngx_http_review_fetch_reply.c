
/* The fetch endpoint's reply: what became of each URL, in their order. */

#include "http/fetch/ngx_http_review_fetch.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


static const char *
ngx_http_review_fetch_reply_word(review_code_t code)
{
    switch (review_code_status(code)) {

    case NGX_HTTP_OK:
        return "ok";

    case NGX_HTTP_GATEWAY_TIME_OUT:
        return "timeout";

    case NGX_HTTP_BAD_GATEWAY:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return "failed";

    default:
        return "refused";
    }
}


static void
ngx_http_review_fetch_reply_write_item(review_buf_t *b,
    ngx_http_review_fetch_item_t *item)
{
    char          hex[64];
    ngx_uint_t    ok;
    review_str_t  sha256;

    ok = (item->code == REVIEW_CODE_OK);

    ngx_hex_dump((u_char *) hex, item->sha256, 32);
    sha256.data = hex;
    sha256.len = sizeof(hex);

    review_write_object(b, NULL);
    review_write_str(b, "url", &item->url);
    review_write_word(b, "status",
                      ngx_http_review_fetch_reply_word(item->code));
    review_write_number_or_null(b, "http_status", item->http_status,
                                item->http_status != 0);
    review_write_number_or_null(b, "size", item->size, ok);
    review_write_str_or_null(b, "content_type", &item->type);
    review_write_str_or_null(b, "saved_as", ok ? &item->name : NULL);
    review_write_str_or_null(b, "sha256", ok ? &sha256 : NULL);
    review_write_number(b, "elapsed_ms", item->elapsed);

    if (item->code) {
        ngx_http_review_reply_error(b, item->code,
                                    item->detail ? item->detail : "", NULL);
    }

    review_write_object_end(b);
}


/* 200, if there is anything; 504, if there was no time for any of it */

static ngx_uint_t
ngx_http_review_fetch_reply_status(ngx_http_review_fetch_t *fetch)
{
    ngx_uint_t  i, timedout;

    timedout = 0;

    for (i = 0; i < fetch->nitems; i++) {
        fetch->ctx.failed += fetch->items[i].code != REVIEW_CODE_OK;
        timedout += review_code_timeout(fetch->items[i].code);
    }

    return ngx_http_review_reply_outcome(&fetch->ctx, fetch->nitems, timedout);
}


void
ngx_http_review_fetch_reply(ngx_http_review_fetch_t *fetch)
{
    ngx_uint_t              i, status;
    review_buf_t            b;
    ngx_http_review_ctx_t  *ctx;

    ctx = &fetch->ctx;
    status = ngx_http_review_fetch_reply_status(fetch);

    review_buf_init(&b, ctx->pool, 64 + 384 * fetch->nitems);
    review_write_object(&b, NULL);
    review_write_array(&b, "results");

    for (i = 0; i < fetch->nitems; i++) {
        ngx_http_review_fetch_reply_write_item(&b, &fetch->items[i]);
    }

    review_write_array_end(&b);
    review_write_word(&b, "status", ctx->status);
    review_write_number(&b, "elapsed_ms", ngx_current_msec - ctx->started);
    ngx_http_review_reply_cut(&b, ctx);
    review_write_object_end(&b);

    ngx_http_review_ctx_reply(ctx, status,
                              ngx_http_review_reply_buf(ctx->request->pool,
                                                        &b));
}
