
/*
 * The embeddings of texts, for the endpoints that need them: in batches, side
 * by side, each text once.
 */

#ifndef _NGX_HTTP_REVIEW_VECTORS_H_INCLUDED_
#define _NGX_HTTP_REVIEW_VECTORS_H_INCLUDED_


#include "http/steps/ngx_http_review_steps.h"
#include "http/call/ngx_http_review_call.h"

#include "review/embed/embeddings.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_vectors_s  ngx_http_review_vectors_t;

typedef void (*ngx_http_review_vectors_pt)(ngx_http_review_vectors_t *v);


typedef enum {
    NGX_HTTP_REVIEW_VECTORS_NUMBERS = 0,    /* JSON: an array of numbers */
    NGX_HTTP_REVIEW_VECTORS_BASE64,         /* JSON: a string */
    NGX_HTTP_REVIEW_VECTORS_FLOATS          /* in memory */
} ngx_http_review_vectors_e;


/* one input: what came of it */

typedef struct {
    review_str_t                json;       /* data is NULL: failed, or none */
    float                      *floats;     /* NULL: failed, or none */
    ngx_http_review_failure_t  *failure;    /* why */
    unsigned                    timedout:1;
} ngx_http_review_vector_t;


struct ngx_http_review_vectors_s {
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_vectors_pt  handler;    /* all is done; called once, from
                                               ctx->progress */
    void                       *data;       /* the handler's */

    review_str_t               *inputs;     /* as JSON */
    size_t                     *same;       /* of each the first like it */
    size_t                      n;
    review_str_t                model;      /* data is NULL: the configured */
    review_str_t                rest;       /* other members of the request */
    ngx_http_review_vectors_e   form;       /* in which they are wanted */

    /* what came of it */

    ngx_http_review_vector_t   *items;      /* n */
    size_t                      dim;        /* 0: none is known yet */
    review_str_t                answered;   /* the model, as the service says */

    /* its own */

    size_t                     *order;      /* inputs that are sent */
    size_t                      norder;
    size_t                      next;       /* in order, of no batch yet */
    ngx_queue_t                 waiting;    /* batches */
    ngx_queue_t                 running;
    ngx_uint_t                  nrunning;
    ngx_array_t                 works;      /* that own vectors, of
                                               ngx_http_review_work_t * */
    ngx_uint_t                  succeeded;
    ngx_uint_t                  refused;
    unsigned                    done:1;
};


/*
 * Sends the inputs; the members above "what came of it" are set.  NGX_ERROR:
 * no memory.
 */

ngx_int_t ngx_http_review_vectors_start(ngx_http_review_vectors_t *v);

/* is to be called whenever ctx->progress is */

void ngx_http_review_vectors_progress(ngx_http_review_vectors_t *v);

/* gives up what runs or waits */

void ngx_http_review_vectors_expire(ngx_http_review_vectors_t *v);


/*
 * The vectors of all inputs, in their order, for a thread of "work", which
 * holds what owns them; NULL: not all are there, or no memory.  *failure is
 * that of the first that is missing, or left alone.
 */

float **ngx_http_review_vectors_floats(ngx_http_review_vectors_t *v,
    ngx_http_review_work_t *work, ngx_http_review_failure_t *failure);

/* the model's name as JSON: as answered, else as asked for, else null */

void ngx_http_review_vectors_write_model(review_buf_t *b,
    ngx_http_review_vectors_t *v);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_VECTORS_H_INCLUDED_ */
