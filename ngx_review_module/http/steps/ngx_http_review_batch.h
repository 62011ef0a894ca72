
/* A batch: some of the inputs that want embeddings, and the call for them. */

#ifndef _NGX_HTTP_REVIEW_BATCH_H_INCLUDED_
#define _NGX_HTTP_REVIEW_BATCH_H_INCLUDED_


#include "http/steps/ngx_http_review_vectors.h"
#include "http/call/ngx_http_review_call.h"

#pragma GCC visibility push(hidden)


/*
 * So many inputs may be refused that stand alone, before one is taken, until
 * it is believed that the request as such is at fault, or that all are too
 * long: from then on batches that are refused are not halved.
 */

#define NGX_HTTP_REVIEW_VECTORS_REFUSED  8
#define NGX_HTTP_REVIEW_VECTORS_LARGE    64

#define NGX_HTTP_REVIEW_VECTORS_MESSAGE  200

/* what an answer may have for each input, and besides */

#define NGX_HTTP_REVIEW_VECTOR_MAX    (256 * 1024)
#define NGX_HTTP_REVIEW_VECTORS_MAX   (64 * 1024)


/* some of the inputs that are sent, and the call for them */

typedef struct ngx_http_review_batch_s  ngx_http_review_batch_t;


struct ngx_http_review_batch_s {
    ngx_queue_t                 queue;      /* in waiting, or in running */
    ngx_http_review_vectors_t  *vectors;
    size_t                      first;      /* in vectors->order */
    size_t                      n;

    /* makes two of it; 0: that is not done, after so many refusals */

    ngx_uint_t                (*halve)(ngx_http_review_batch_t *batch,
                                       ngx_uint_t limit);
    ngx_http_review_encoding_e  encoding;
    ngx_http_review_call_t      call;
    ngx_http_review_work_t     *work;       /* owns the answer */
    review_buf_t                answer;
    size_t                      max;
    review_embeddings_why_e     why;        /* it was refused */
    char                        message[NGX_HTTP_REVIEW_VECTORS_MESSAGE];
    unsigned                    done:1;
    unsigned                    learns:1;   /* that floats will do */
};


/* ngx_http_review_batch.c: the call: what is asked, and what is refused */

void ngx_http_review_batch_start(ngx_http_review_batch_t *batch);

/* the client's, else the configured; empty: none */

review_str_t ngx_http_review_batch_model(ngx_http_review_vectors_t *v);


/*
 * ngx_http_review_batch_answer.c: what came back, parsed, and given to those
 * who wait for it; or why there is nothing
 */

void ngx_http_review_batch_answer_parse(ngx_http_review_batch_t *batch);
void ngx_http_review_batch_answer_failed(ngx_http_review_batch_t *batch,
    review_code_t code, const char *detail, const char *note);
void ngx_http_review_batch_answer_done(ngx_http_review_batch_t *batch);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_BATCH_H_INCLUDED_ */
