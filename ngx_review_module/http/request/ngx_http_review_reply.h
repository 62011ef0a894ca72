
/* What a client is sent: replies, and problems. */

#ifndef _NGX_HTTP_REVIEW_REPLY_H_INCLUDED_
#define _NGX_HTTP_REVIEW_REPLY_H_INCLUDED_


#include "http/request/ngx_http_review_request.h"

#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/*
 * ngx_http_review_reply.c: replies, whole or in pieces.  What returns an
 * ngx_int_t returns what finalizes the request, or goes on with it.
 */

ngx_chain_t *ngx_http_review_reply_link(ngx_pool_t *pool, const char *data,
    size_t len);

/* the same for a text that was written; NULL, too, if it has failed */

ngx_chain_t *ngx_http_review_reply_buf(ngx_pool_t *pool,
    const review_buf_t *b);

/* appends at *ll; returns where the next goes, or NULL, which may be passed */

ngx_chain_t **ngx_http_review_reply_add(ngx_chain_t **ll, ngx_pool_t *pool,
    const char *data, size_t len);

ngx_int_t ngx_http_review_reply_header(ngx_http_review_ctx_t *ctx,
    ngx_uint_t status, const char *type);
ngx_int_t ngx_http_review_reply_whole(ngx_http_review_ctx_t *ctx,
    ngx_uint_t status, ngx_chain_t *out);
ngx_int_t ngx_http_review_reply_typed(ngx_http_review_ctx_t *ctx,
    ngx_uint_t status, const char *type, ngx_chain_t *out);

/* server-sent events; a reply in pieces is not to be kept back by proxies */

ngx_int_t ngx_http_review_reply_start(ngx_http_review_ctx_t *ctx,
    const char *type);
ngx_int_t ngx_http_review_reply_event(ngx_http_review_ctx_t *ctx,
    const char *name, ngx_chain_t *data, ngx_uint_t last);

/* a piece of it: its memory must stay as it is until nothing is unsent */

ngx_int_t ngx_http_review_reply_piece(ngx_http_review_ctx_t *ctx,
    ngx_chain_t *out, ngx_uint_t last);
void ngx_http_review_reply_ping(ngx_http_review_ctx_t *ctx);
ngx_int_t ngx_http_review_reply_flush(ngx_http_review_ctx_t *ctx);

/* something is unsent: 1; a streaming reply's client has send_timeout for it */

ngx_uint_t ngx_http_review_reply_unsent(ngx_http_review_ctx_t *ctx);

/*
 * What is said of "n" parts of which ctx->failed have failed, and "timedout" of
 * them for want of time: sets ctx->status and returns the HTTP status.
 */

ngx_uint_t ngx_http_review_reply_outcome(ngx_http_review_ctx_t *ctx, size_t n,
    size_t timedout);

/*
 * Members that replies have in common: "usage", with "calls" and "retries" if
 * these are asked for; and "error", of "code" and "detail".
 */

void ngx_http_review_reply_usage(review_buf_t *b,
    ngx_http_review_usage_t *usage, ngx_uint_t calls);
void ngx_http_review_reply_error(review_buf_t *b, review_code_t code,
    const char *detail, const char *note);

/* "cut", if the request was, for the worker's exit */

void ngx_http_review_reply_cut(review_buf_t *b, ngx_http_review_ctx_t *ctx);


/*
 * ngx_http_review_problem.c: errors as RFC 9457 problems.  The first describes
 * one and returns the status; pointer and detail may be NULL.
 */

ngx_int_t ngx_http_review_problem(ngx_http_review_ctx_t *ctx,
    ngx_int_t status, const char *pointer, const char *detail);
ngx_int_t ngx_http_review_problem_refuse(ngx_http_review_ctx_t *ctx,
    ngx_int_t status, const char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
ngx_int_t ngx_http_review_problem_reply(ngx_http_review_ctx_t *ctx,
    ngx_int_t status);

/* what a reader of requests has returned; NGX_OK, NGX_ERROR, or the status */

ngx_int_t ngx_http_review_problem_read(ngx_http_review_ctx_t *ctx, int rc,
    review_error_t *err);


/*
 * a problem's headers and body, that was described: instead of those that are
 * on their way
 */

void ngx_http_review_problem_headers(ngx_http_review_ctx_t *ctx);
ngx_buf_t *ngx_http_review_problem_buf(ngx_http_review_ctx_t *ctx);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_REPLY_H_INCLUDED_ */
