
/* Documents that are not text, made text by a converter. */

#ifndef _NGX_HTTP_REVIEW_EXTRACT_H_INCLUDED_
#define _NGX_HTTP_REVIEW_EXTRACT_H_INCLUDED_


#include "http/call/ngx_http_review_call.h"

#include "review/document/document.h"

#pragma GCC visibility push(hidden)


#define NGX_HTTP_REVIEW_EXTRACT_MESSAGE  160


/* the wing's configuration */

typedef struct {
    ngx_http_review_uri_t      *extract;    /* NULL: none */
    size_t                      max_document;
} ngx_http_review_source_conf_t;


extern ngx_module_t  ngx_http_review_source_module;

#define ngx_http_review_source_conf(r)                                        \
    ((ngx_http_review_source_conf_t *)                                        \
         (r)->loc_conf[ngx_http_review_source_module.ctx_index])


typedef struct ngx_http_review_extraction_s  ngx_http_review_extraction_t;

typedef void (*ngx_http_review_extraction_pt)(
    ngx_http_review_extraction_t *extraction);


struct ngx_http_review_extraction_s {

    /* what the owner sets; zeroed when it is made */

    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_work_t     *work;       /* the text will lie there */
    const char                 *pointer;    /* of the document; NULL: none */
    ngx_str_t                   type;       /* of the document */
    review_str_t               *body;       /* pieces of it */
    size_t                      npieces;    /* 0: the client's own body */
    ngx_http_review_extraction_pt  handler; /* the end; may end the request */
    void                       *data;

    /* NGX_OK and the document; NGX_ERROR; the status of a described problem */

    ngx_int_t                   rc;
    review_document_t           document;

    /* its own */

    ngx_http_review_call_t      call;
    review_buf_t                reply;
    size_t                      max_text;
    size_t                      valid;
    int                         read;       /* 0, or why it is no document */
    review_error_t              err;
    char                        message[NGX_HTTP_REVIEW_EXTRACT_MESSAGE + 1];
    unsigned                    ended:1;    /* the call */
    unsigned                    json:1;     /* is what the converter answers */
};


/*
 * Sends the document off.  What has become of it is looked at when the owner
 * calls "progress", whenever its request is woken; it calls the handler once.
 */

void ngx_http_review_extract_load(ngx_http_review_extraction_t *e);
void ngx_http_review_extract_load_progress(ngx_http_review_extraction_t *e);


/*
 * A client's body: NGX_OK if it is JSON or a text, or can be made one; or the
 * status of a problem.  What is not text is made text; then "next" is called
 * with ctx->text and ctx->document; or the request has ended with a problem.
 */

ngx_int_t ngx_http_review_extract_check(ngx_http_review_ctx_t *ctx,
    ngx_http_review_type_e *type);
void ngx_http_review_extract_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_EXTRACT_H_INCLUDED_ */
