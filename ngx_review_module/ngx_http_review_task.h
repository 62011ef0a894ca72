
/*
 * A task: a whole document reviewed, chunk by chunk, for the files that make
 * one.  Each chunk's review is a request of its own, at review_chunk_uri.
 */

#ifndef _NGX_HTTP_REVIEW_TASK_H_INCLUDED_
#define _NGX_HTTP_REVIEW_TASK_H_INCLUDED_


#include "ngx_http_review_vectors.h"

#include "review/report.h"
#include "review/select.h"
#include "review/split.h"


typedef enum {
    NGX_HTTP_REVIEW_TASK_JSON = 0,
    NGX_HTTP_REVIEW_TASK_MARKDOWN,
    NGX_HTTP_REVIEW_TASK_EVENTS,        /* server-sent, with progress */
    NGX_HTTP_REVIEW_TASK_LINES          /* NDJSON, with progress */
} ngx_http_review_task_format_e;


/* a text that something is taken from: the document, or a reference */

typedef struct {
    review_str_t                id;
    review_str_t                text;
} ngx_http_review_document_t;


/*
 * What a thread makes of the texts.  It is the work's, and only read once it
 * has been made.
 */

typedef struct {
    ngx_http_review_ctx_t      *ctx;        /* not the thread's */
    review_pool_t              *pool;
    ngx_http_review_document_t  document;
    ngx_http_review_document_t *references;
    size_t                      nreferences;
    review_split_options_t      split;

    review_str_t               *questions;  /* of the points, in words */
    review_str_t               *texts;      /* of chunks, points, clauses */
    review_report_chunk_t      *chunks;
    size_t                      nchunks;
    review_report_point_t      *points;
    size_t                      npoints;
    review_str_t               *clause_ids;
    size_t                      nclauses;
    size_t                      length;     /* of the document: code points */
    size_t                      size;       /* of all texts: bytes */

    review_embed_request_t      inputs;     /* the texts, to be embedded */
    ngx_uint_t                  embed;
    review_select_t             select;
    review_selection_t          selection;
    ngx_uint_t                  large;      /* there are too many chunks */
    int                         rc;
} ngx_http_review_plan_t;


typedef struct ngx_http_review_task_s  ngx_http_review_task_t;


struct ngx_http_review_task_s {
    ngx_http_review_ctx_t       ctx;
    ngx_http_review_task_format_e  format;

    /* what is asked */

    review_str_t                id;         /* data is NULL: none */
    review_rubric_t            *rubric;
    review_str_t                rubric_name; /* in the configuration */
    review_point_t            **points;
    json_t                     *vars;       /* NULL: none */
    size_t                      top_k;      /* 0: all */
    size_t                      nreferences; /* clauses with each chunk */
    ngx_msec_t                  timeout;

    ngx_http_review_plan_t     *plan;
    ngx_http_review_vectors_t   vectors;
    ngx_http_review_failure_t   failure;    /* why there are none */
    review_report_t            *report;

    ngx_queue_t                 running;    /* reviews of chunks */
    ngx_uint_t                  nrunning;
    size_t                      next;       /* chunk */
    size_t                      ndone;      /* chunks */
    ngx_msec_t                  reviewing;  /* since then */
    ngx_msec_t                  split_time;
    ngx_msec_t                  select_time;

    unsigned                    started:1;  /* chunks are under review */
    unsigned                    expired:1;
    unsigned                    told:1;     /* progress, since something was */
};


/*
 * ngx_http_review_task_request.c: what the client asks.  NGX_OK, NGX_ERROR, or
 * the HTTP status of a problem that has been described.
 */

ngx_int_t ngx_http_review_task_read_request(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan);


/*
 * ngx_http_review_task_plan.c: on a thread: the document is split; then chunks
 * and clauses are selected
 */

void ngx_http_review_plan_run(void *data);
void ngx_http_review_plan_select(void *data);


/* ngx_http_review_task_chunks.c: the reviews of chunks, some at a time */

void ngx_http_review_task_progress_chunks(ngx_http_review_task_t *task);
void ngx_http_review_task_expire_chunks(ngx_http_review_task_t *task);


/* ngx_http_review_task_reply.c: progress, and the report */

void ngx_http_review_task_tell(ngx_http_review_task_t *task);
ngx_int_t ngx_http_review_task_reply(ngx_http_review_task_t *task);


#endif /* _NGX_HTTP_REVIEW_TASK_H_INCLUDED_ */
