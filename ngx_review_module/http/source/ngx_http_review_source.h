
/*
 * A document from elsewhere on its way to be a text: an object of the store,
 * what a URL leads to, or an upload within JSON.  It is loaded, and made text
 * by the converter if it is none.
 */

#ifndef _NGX_HTTP_REVIEW_SOURCE_H_INCLUDED_
#define _NGX_HTTP_REVIEW_SOURCE_H_INCLUDED_


#include "http/source/ngx_http_review_extract.h"
#include "http/store/ngx_http_review_store.h"
#include "http/transfer/ngx_http_review_download.h"

#include "review/request/task_request.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_source_s  ngx_http_review_source_t;
typedef struct ngx_http_review_sources_s  ngx_http_review_sources_t;


typedef enum {
    NGX_HTTP_REVIEW_SOURCE_WAITS = 0,
    NGX_HTTP_REVIEW_SOURCE_LOADS,
    NGX_HTTP_REVIEW_SOURCE_LOADED,
    NGX_HTTP_REVIEW_SOURCE_THREAD,          /* it is looked at on one */
    NGX_HTTP_REVIEW_SOURCE_CONVERTS,        /* by the converter */
    NGX_HTTP_REVIEW_SOURCE_DONE
} ngx_http_review_source_state_e;


/* it lies in its work's pool, which a thread may have to outlive the request */

struct ngx_http_review_source_s {
    ngx_http_review_sources_t  *owner;
    void                      (*handler)(ngx_http_review_source_t *source);
    review_source_e    from;
    char                        pointer[REVIEW_ERROR_POINTER];
    review_str_t                name;       /* key, URL, or base64 */
    ngx_str_t                   type;       /* of it; empty: not told */
    review_document_t          *into;       /* where the text is wanted */

    ngx_http_review_source_state_e  state;
    ngx_http_review_work_t     *work;       /* the text's memory */
    ngx_http_review_work_t     *raw;        /* the pieces', holds the other */
    ngx_array_t                 pieces;     /* of review_str_t */
    size_t                      room;       /* in the last one */
    size_t                      size;       /* of all */

    ngx_http_review_s3_t        op;
    ngx_http_review_download_t  download;
    ngx_http_review_extraction_t  extraction;

    ngx_int_t                   rc;         /* NGX_OK, or why it has failed */
    review_document_t           document;
    size_t                      valid;      /* bytes that may be a text's */
    unsigned                    large:1;
    unsigned                    maybe:1;    /* a text, if it looks like one */
    unsigned                    broken:1;   /* is no base64 */
    unsigned                    nomem:1;
};


/* the documents of a request, a few at a time */

struct ngx_http_review_sources_s {
    ngx_http_review_ctx_t      *ctx;
    ngx_array_t                 list;       /* of ngx_http_review_source_t * */
    ngx_uint_t                  next;       /* the first that waits */
    ngx_uint_t                  left;       /* that are not done */
    void                      (*handler)(ngx_http_review_sources_t *sources);
    void                       *data;
    ngx_int_t                   rc;         /* as a source's */
};


/*
 * ngx_http_review_sources.c, for a request that has a work, which will read the
 * texts.  "init" and "add", then "start"; "progress" whenever the request is
 * woken: the handler is called from there, once, and may end the request.
 * After "cancel" nothing is called any more.
 */

ngx_int_t ngx_http_review_sources_init(ngx_http_review_sources_t *sources,
    ngx_http_review_ctx_t *ctx);
ngx_http_review_source_t *ngx_http_review_sources_add(
    ngx_http_review_sources_t *sources, review_source_e from,
    const char *pointer, review_document_t *document);
void ngx_http_review_sources_start(ngx_http_review_sources_t *sources);
void ngx_http_review_sources_progress(ngx_http_review_sources_t *sources);
void ngx_http_review_sources_cancel(ngx_http_review_sources_t *sources);


/* ngx_http_review_source.c: one of them; "step" does what follows */

void ngx_http_review_source_start(ngx_http_review_source_t *source);
void ngx_http_review_source_step(ngx_http_review_source_t *source);
void ngx_http_review_source_cancel(ngx_http_review_source_t *source);


/*
 * ngx_http_review_source_look.c: what is it?  By what is told of it, by its
 * name; then, on a thread, by its bytes: a text is in source->document, of
 * which nothing else is known yet.
 */

ngx_int_t ngx_http_review_source_look_set_type(ngx_http_review_source_t *source,
    u_char *data, size_t len);
void ngx_http_review_source_look_guess_type(ngx_http_review_source_t *source);
void ngx_http_review_source_look(void *data);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_SOURCE_H_INCLUDED_ */
