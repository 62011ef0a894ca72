
/*
 * Errors as RFC 9457 problems.  Ours are described where they are found;
 * nginx's own, at our locations (413 of client_max_body_size, 403, 503 of
 * limit_req), are turned into the same form on their way out.
 */

#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


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

    review_write_object(&b, NULL);
    review_write_word(&b, "type", "about:blank");
    review_write_word(&b, "title", ngx_http_review_titles[i].title);
    review_write_number(&b, "status", status);
    review_write_bytes(&b, "detail", detail, ngx_strlen(detail));

    if (pointer) {
        review_write_bytes(&b, "pointer", pointer, ngx_strlen(pointer));
    }

    review_write_object_end(&b);
    review_buf_puts(&b, "\n");

    ngx_str_null(&ctx->problem);

    if (!b.failed) {
        ctx->problem.data = (u_char *) b.data;
        ctx->problem.len = b.len;
    }

    return status;
}


/* the same, with the text made here */

ngx_int_t
ngx_http_review_problem_refuse(ngx_http_review_ctx_t *ctx, ngx_int_t status,
    const char *pointer, const char *fmt, ...)
{
    char     text[REVIEW_ERROR_TEXT];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    return ngx_http_review_problem(ctx, status, pointer, text);
}


/* a body that is no JSON has no members to point to */

ngx_int_t
ngx_http_review_problem_read(ngx_http_review_ctx_t *ctx, int rc,
    review_error_t *err)
{
    if (rc <= 0) {
        return rc ? NGX_ERROR : NGX_OK;
    }

    return ngx_http_review_problem(ctx, rc,
                                   ctx->text.data && err->pointer[0] == '\0'
                                   ? NULL : err->pointer, err->text);
}


void
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


ngx_buf_t *
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
ngx_http_review_problem_reply(ngx_http_review_ctx_t *ctx, ngx_int_t status)
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
