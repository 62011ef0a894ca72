
/*
 * What a task does with its documents: their chunks, what is asked of which,
 * where points about the document look, and what all that would cost.
 */

#ifndef _NGX_HTTP_REVIEW_PLAN_H_INCLUDED_
#define _NGX_HTTP_REVIEW_PLAN_H_INCLUDED_


#include "http/request/ngx_http_review_request.h"

#include "review/embed/embeddings.h"
#include "review/rank/bm25.h"
#include "review/rank/select.h"
#include "review/report/report.h"
#include "review/rubric/rubric.h"
#include "review/search/passages.h"
#include "review/search/search.h"
#include "review/split/split.h"

#pragma GCC visibility push(hidden)


/* a text that something is taken from: the document, or a reference */

typedef review_report_reference_t  ngx_http_review_document_t;


/* what would become of a cell; the order is that of its names in JSON */

typedef enum {
    NGX_HTTP_REVIEW_PLANNED_ASKED = 0,
    NGX_HTTP_REVIEW_PLANNED_RULE,           /* needs no LLM */
    NGX_HTTP_REVIEW_PLANNED_WHEN,           /* its gate is closed */
    NGX_HTTP_REVIEW_PLANNED_SKIPPED         /* not selected, or blank */
} ngx_http_review_planned_e;

#define NGX_HTTP_REVIEW_PLANNED  4


/* what a point would cost, or all of them */

typedef struct {
    size_t                      cells[NGX_HTTP_REVIEW_PLANNED];
    uint64_t                    calls;      /* at least: more are made where
                                               a search has to widen, */
    uint64_t                    most;       /* and no more than these */
    uint64_t                    tokens;     /* of prompts: an estimate */
} ngx_http_review_planned_t;


/* a point about the document: which chunks it may be asked of, best first */

typedef struct {
    size_t                      point;
    size_t                      first;      /* of its texts to be embedded */
    unsigned char              *in;         /* of each chunk: it is asked of */
    unsigned char              *must;       /* and first of all; NULL: none */
    uint32_t                   *order;
    float                      *closest;    /* of each chunk, by embeddings;
                                               NULL: it is not kept */
    review_search_given_t       given;
} ngx_http_review_query_t;


/*
 * What a thread makes of the texts.  It is the work's, and only read once it
 * has been made.
 */

typedef struct {
    ngx_http_review_ctx_t      *ctx;        /* not the thread's */
    ngx_http_review_work_t     *work;
    review_pool_t              *pool;
    ngx_http_review_document_t *documents;  /* chunks are their "clauses" */
    size_t                      ndocuments;
    ngx_uint_t                  several;    /* they have ids */
    ngx_http_review_document_t *references;
    size_t                      nreferences;
    review_split_options_t      split;

    review_rubric_t            *rubric;
    review_point_t            **asked;      /* its points, or others */
    ngx_uint_t                  bad;        /* a regex of these is */
    review_error_t              err;        /* why */
    json_t                     *vars;       /* NULL: none */
    review_str_t               *questions;  /* of the points, in words */
    review_str_t               *texts;      /* of chunks, points, clauses */
    review_report_chunk_t      *chunks;
    review_chunk_t             *cuts;       /* the same, in bytes */
    size_t                      nchunks;
    review_report_point_t      *points;
    size_t                      npoints;
    review_places_t            *places;     /* of document and references */
    review_report_chunk_t      *clauses;    /* reference by reference */
    size_t                      nclauses;
    size_t                      size;       /* of all texts: bytes */

    review_embed_request_t      inputs;     /* the texts, to be embedded */
    review_buf_t                event;      /* what is known of the texts */
    ngx_uint_t                  told;       /* is that to be told first? */
    ngx_uint_t                  text;       /* is to be in the report */
    ngx_uint_t                  embed;
    ngx_uint_t                  dry;        /* nothing is called */
    ngx_uint_t                  batch;      /* of texts that a task would have
                                               embedded; 0: none is */
    ngx_uint_t                  max_calls;  /* 0: any number */
    review_select_t             select;
    review_selection_t          selection;
    review_report_t            *report;
    ngx_http_review_planned_t  *planned;    /* of each point, if counted, */
    ngx_http_review_planned_t   total;      /* and of all */
    unsigned char              *cells;      /* what becomes of each */
    unsigned char             **out;        /* of points, of each chunk: why it
                                               is in no question, or 0; NULL:
                                               all are in question */
    ngx_http_review_query_t    *queries;    /* points about the document */
    size_t                      nqueries;
    size_t                      ntexts;     /* that they ask for */
    review_passage_chunk_t     *passages;   /* of the chunks */
    size_t                     *units;      /* of each, in a reading, */
    size_t                     *bytes;      /* and its bytes */
    size_t                      max_reading; /* bytes of one */
    review_bm25_t              *words;      /* of all chunks */
    uint64_t                    left;       /* calls that they may still make */
    size_t                     *tokens;     /* of chunks, if dry */
    ngx_uint_t                  refused;    /* it would be too many calls */
    ngx_uint_t                  large;      /* there are too many chunks */
    int                         rc;
} ngx_http_review_plan_t;


/*
 * ngx_http_review_task_plan.c: on a thread: the document is split; then chunks
 * and clauses are selected
 */

void ngx_http_review_task_plan_run(void *data);

/* what a client has sent was not: it may take long */

ngx_uint_t ngx_http_review_task_plan_is_compiled(
    const ngx_http_review_plan_t *plan);

void ngx_http_review_task_plan_select(void *data);


/*
 * ngx_http_review_task_count.c: on a thread: what would be asked of the LLM, if
 * that is to be known; 0, or -1: no memory, or stopped.  Does it take regexes?
 * The calls of a point's cell.
 */

int ngx_http_review_task_count(ngx_http_review_plan_t *plan);
ngx_uint_t ngx_http_review_task_count_matches(
    const ngx_http_review_plan_t *plan);
size_t ngx_http_review_task_count_steps(const review_point_t *point);


/*
 * Members of an object: what is known of the document, or of all of them
 * together; then of several, each
 */

void ngx_http_review_task_plan_document(review_buf_t *b,
    const ngx_http_review_plan_t *plan);
void ngx_http_review_task_plan_documents(review_buf_t *b,
    const ngx_http_review_plan_t *plan);


/*
 * ngx_http_review_task_gates.c: on a thread: which chunks are in question for
 * which points, before anything is selected; 0, or -1: no memory.  Is a cell
 * not asked, whatever its chunk says, and why?
 */

int ngx_http_review_task_gates(ngx_http_review_plan_t *plan);
ngx_uint_t ngx_http_review_task_gates_skips(const ngx_http_review_plan_t *plan,
    size_t chunk, size_t point, review_report_skip_e *why);


/*
 * ngx_http_review_task_query.c: on a thread: where points about the document
 * are to look; by words, then again with the vectors, if there are any; in the
 * event loop: once more, by words that were named.  0, or -1: no memory, or
 * stopped.  Are there any?  The text of a reading, and what
 * it is made of.
 */

ngx_uint_t ngx_http_review_task_query_any(const ngx_http_review_plan_t *plan);
int ngx_http_review_task_query_prepare(ngx_http_review_plan_t *plan);
int ngx_http_review_task_query_rank(ngx_http_review_plan_t *plan);
int ngx_http_review_task_query_again(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query, const review_str_t *terms);
int ngx_http_review_task_query_text(ngx_http_review_plan_t *plan,
    review_pool_t *memory, size_t point, const uint32_t *chunks, size_t n,
    review_str_t *text, review_report_passages_t *passages);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_PLAN_H_INCLUDED_ */
