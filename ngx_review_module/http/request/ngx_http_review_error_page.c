
/* Errors at our locations that are nginx's own: their pages become problems. */

#include "http/request/ngx_http_review_reply.h"


/*
 * The header filter's part: an error that comes from a location of ours, but
 * not from us, gets a problem for its body.  The text of a "return" is its
 * author's and stays.
 */

ngx_int_t
ngx_http_review_error_page_header(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t           *ctx;
    ngx_http_review_request_conf_t  *conf;

    if (r != r->main || r->err_status < NGX_HTTP_BAD_REQUEST) {
        return NGX_OK;
    }

    conf = ngx_http_review_request_conf(r);

    if (conf->handler == NULL || conf->plain_errors) {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    if (ctx && ctx->replied) {
        return NGX_OK;
    }

    if (ctx == NULL) {
        ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_ctx_t));
        if (ctx == NULL) {
            return NGX_ERROR;
        }
    }

    (void) ngx_http_review_problem(ctx, r->headers_out.status, NULL, NULL);

    ngx_http_review_problem_headers(ctx);
    ctx->replacing = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_review_error_page_body(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_http_output_body_filter_pt next)
{
    ngx_uint_t              last;
    ngx_chain_t            *cl, out;
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    if (r != r->main || ctx == NULL || !ctx->replacing || in == NULL) {
        return next(r, in);
    }

    last = 0;

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
        last |= cl->buf->last_buf;
    }

    if (!last) {
        return NGX_OK;
    }

    ctx->replacing = 0;

    out.buf = ngx_http_review_problem_buf(ctx);
    out.next = NULL;

    return out.buf ? next(r, &out) : NGX_ERROR;
}
