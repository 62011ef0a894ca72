
/*
 * Errors as RFC 9457 problems.  Ours are described where they are found;
 * nginx's own, at our locations (413 of client_max_body_size, 403, 503 of
 * limit_req), are turned into the same form on their way out.
 */

#include "http/ngx_http_review.h"


static ngx_str_t  ngx_http_review_problem_type =
    ngx_string("application/problem+json");


static struct {
    ngx_int_t          status;
    const char        *title;
    const char        *detail;      /* where nginx has found it */
} ngx_http_review_titles[] = {
    { 400, "Bad Request", "the request is malformed" },
    { 401, "Unauthorized", "credentials are required" },
    { 403, "Forbidden", "access is denied" },
    { 404, "Not Found", "nothing is here" },
    { 405, "Method Not Allowed", "the method is not allowed" },
    { 408, "Request Timeout", "the request took too long to arrive" },
    { 409, "Conflict", "the request conflicts with another" },
    { 411, "Length Required", "a Content-Length is required" },
    { 412, "Precondition Failed", "a condition of the request is not met" },
    { 413, "Content Too Large",
      "the body is larger than client_max_body_size" },
    { 415, "Unsupported Media Type", "the body is of the wrong type" },
    { 416, "Range Not Satisfiable", "the range is not one of the object" },
    { 422, "Unprocessable Content", "the request cannot be processed" },
    { 429, "Too Many Requests", "requests come too fast" },
    { 500, "Internal Server Error", "something failed, see the error log" },
    { 502, "Bad Gateway", "the backend failed" },
    { 503, "Service Unavailable", "there is too much to do at the moment" },
    { 504, "Gateway Timeout", "the backend took too long" },
    { 0, "Error", "the request failed" }
};


/* describes a problem; returns the status */

ngx_int_t
ngx_http_review_problem(ngx_http_review_ctx_t *ctx, ngx_int_t status,
    const char *pointer, const char *detail)
{
    ngx_uint_t    i;
    review_buf_t  b;

    for (i = 0; ngx_http_review_titles[i].status; i++) {
        if (ngx_http_review_titles[i].status == status) {
            break;
        }
    }

    if (detail == NULL) {
        detail = ngx_http_review_titles[i].detail;
    }

    review_buf_init(&b, ctx->pool, 192);

    review_buf_puts(&b, "{\"type\":\"about:blank\",\"title\":\"");
    review_buf_puts(&b, ngx_http_review_titles[i].title);
    review_buf_puts(&b, "\",\"status\":");
    review_buf_number(&b, status);
    review_buf_puts(&b, ",\"detail\":");
    review_buf_json(&b, detail, review_utf8_valid(detail, ngx_strlen(detail)));

    if (pointer) {
        review_buf_puts(&b, ",\"pointer\":");
        review_buf_json(&b, pointer,
                        review_utf8_valid(pointer, ngx_strlen(pointer)));
    }

    review_buf_puts(&b, "}\n");

    ngx_str_null(&ctx->problem);

    if (!b.failed) {
        ctx->problem.data = (u_char *) b.data;
        ctx->problem.len = b.len;
    }

    return status;
}


/* the same, with the text made here */

ngx_int_t
ngx_http_review_refuse(ngx_http_review_ctx_t *ctx, ngx_int_t status,
    const char *pointer, const char *fmt, ...)
{
    char     text[REVIEW_ERROR_TEXT];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    return ngx_http_review_problem(ctx, status, pointer, text);
}


static void
ngx_http_review_problem_headers(ngx_http_review_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = ctx->problem.len;
    r->headers_out.content_type = ngx_http_review_problem_type;
    r->headers_out.content_type_len = ngx_http_review_problem_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);
}


static ngx_buf_t *
ngx_http_review_problem_buf(ngx_http_review_ctx_t *ctx)
{
    ngx_buf_t  *b;

    b = ngx_calloc_buf(ctx->request->pool);

    if (b) {
        b->pos = ctx->problem.data;
        b->last = b->pos + ctx->problem.len;
        b->memory = ctx->problem.len ? 1 : 0;
        b->last_buf = 1;
        b->last_in_chain = 1;
    }

    return b;
}


/* sends a problem that was described; returns what finalizes the request */

ngx_int_t
ngx_http_review_reply_problem(ngx_http_review_ctx_t *ctx, ngx_int_t status)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = ctx->request;
    ctx->replied = 1;

    r->headers_out.status = status;
    ngx_http_review_problem_headers(ctx);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_http_review_problem_buf(ctx);
    if (b == NULL) {
        return NGX_ERROR;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/*
 * The header filter's part: an error that comes from a location of ours, but
 * not from us, gets a problem for its body.  The text of a "return" is its
 * author's and stays.
 */

ngx_int_t
ngx_http_review_problem_header(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t       *ctx;
    ngx_http_review_loc_conf_t  *rlcf;

    if (r != r->main || r->err_status < NGX_HTTP_BAD_REQUEST) {
        return NGX_OK;
    }

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_review_module);

    if (rlcf->handler == NULL
        || rlcf->handler == ngx_http_review_status_handler)
    {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_review_module);

    if (ctx && ctx->replied) {
        return NGX_OK;
    }

    if (ctx == NULL) {
        ctx = ngx_http_review_create_ctx(r, sizeof(ngx_http_review_ctx_t));
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
ngx_http_review_problem_body(ngx_http_request_t *r, ngx_chain_t *in,
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
