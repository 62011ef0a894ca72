
/*
 * A task: a whole document reviewed, chunk by chunk, for the files that make
 * one.  Each chunk's review is a request of its own, at review_chunk_uri.
 */

#ifndef _NGX_HTTP_REVIEW_TASK_H_INCLUDED_
#define _NGX_HTTP_REVIEW_TASK_H_INCLUDED_


#include "http/plan/ngx_http_review_plan.h"
#include "http/steps/ngx_http_review_vectors.h"
#include "http/source/ngx_http_review_source.h"
#include "http/call/ngx_http_review_call.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/request/results.h"
#include "review/request/rounds.h"
#include "review/report/report.h"
#include "review/request/task_request.h"

#pragma GCC visibility push(hidden)


/* where a task sends its chunks */

typedef struct {
    ngx_http_review_uri_t       uri;
    ngx_uint_t                  calls;      /* of a task at a time */
} ngx_http_review_chunk_uri_t;


/* the wing's configuration */

typedef struct {
    ngx_http_review_chunk_uri_t *chunk_uri;
    ngx_msec_t                  task_timeout;
    ngx_uint_t                  max_calls;  /* of the LLM; 0: any number */
} ngx_http_review_task_conf_t;


extern ngx_module_t  ngx_http_review_task_module;

#define ngx_http_review_task_conf(r)                                          \
    ((ngx_http_review_task_conf_t *)                                          \
         (r)->loc_conf[ngx_http_review_task_module.ctx_index])


typedef enum {
    NGX_HTTP_REVIEW_TASK_JSON = 0,
    NGX_HTTP_REVIEW_TASK_MARKDOWN,
    NGX_HTTP_REVIEW_TASK_EVENTS,        /* server-sent, with progress */
    NGX_HTTP_REVIEW_TASK_LINES          /* NDJSON, with progress */
} ngx_http_review_task_format_e;


typedef struct ngx_http_review_task_s  ngx_http_review_task_t;


/* a report in one form; JSON lacks its end, which comes last */

typedef struct {
    ngx_http_review_output_t    body;
    ngx_uint_t                  markdown;
} ngx_http_review_written_t;

typedef struct ngx_http_review_report_s  ngx_http_review_report_t;
typedef struct ngx_http_review_part_s    ngx_http_review_part_t;
typedef struct ngx_http_review_search_s  ngx_http_review_search_t;


/* one question about passages: a row of its own, behind those of the chunks */

typedef struct {
    ngx_http_review_search_t   *search;
    size_t                      n;          /* of its readings */
    review_str_t                id;
    ngx_http_review_part_t     *part;       /* to be used again */
} ngx_http_review_reading_t;


/* where the report is saved, too */

typedef struct {
    review_str_t                object;     /* its key; data is NULL: nowhere */
    ngx_uint_t                  markdown;
    ngx_http_review_s3_t        op;
    ngx_http_review_written_t  *report;     /* NULL: not yet */
    review_str_t                end;
    ngx_uint_t                  done;
} ngx_http_review_saving_t;


struct ngx_http_review_task_s {
    ngx_http_review_ctx_t       ctx;
    ngx_http_review_task_format_e  format;
    ngx_http_review_type_e      type;       /* of the body */

    /* what is asked */

    review_str_t                id;         /* data is NULL: none */
    review_rubric_t            *rubric;
    review_str_t                rubric_name; /* in the configuration; data is
                                            NULL: it is not from there */
    review_str_t                own;        /* the client's rubric as JSON, a
                                            member; or len is 0 */
    review_str_t               *spelled;    /* points as JSON, in one text, if
                                            some are the client's; or NULL */
    json_t                     *vars;       /* NULL: none */
    review_task_fresh_t        *fresh;      /* cells past caches */
    size_t                      nfresh;
    ngx_msec_t                  timeout;

    ngx_http_review_sources_t   sources;    /* documents from elsewhere */
    ngx_http_review_plan_t     *plan;
    ngx_http_review_vectors_t   vectors;
    ngx_http_review_failure_t   failure;    /* why there are none */
    review_report_t            *report;
    ngx_http_review_work_t     *search;     /* for quotes, in all texts */
    ngx_http_review_report_t   *writing;    /* what a thread makes of it */
    ngx_http_review_saving_t    saving;

    ngx_queue_t                 running;    /* reviews of chunks */
    ngx_uint_t                  nrunning;
    ngx_uint_t                  nwaiting;   /* of them, for the LLM */
    ngx_http_review_part_t    **parts;      /* of chunks, to be used again */
    review_rounds_t             rounds;
    review_results_t            results;    /* that the client is told of */
    ngx_http_review_work_t     *telling;    /* the last of them, as sent */
    ngx_event_t                 again;      /* the next one is due */
    ngx_http_review_search_t   *searches;   /* of the plan's queries */
    size_t                      nsearching; /* that go on */
    ngx_array_t                 readings;   /* of pointers to them */
    size_t                      ndone;      /* chunks, and readings */
    uint64_t                    ntold;      /* cells, as progress has it */
    size_t                      told_size;  /* of replies: bytes */
    ngx_msec_t                  reviewing;  /* since then */
    ngx_msec_t                  load_time;
    ngx_msec_t                  split_time;
    ngx_msec_t                  select_time;

    unsigned                    loading:1;
    unsigned                    started:1;  /* chunks are under review */
    unsigned                    searching:1; /* all are: quotes are looked up */
    unsigned                    finished:1; /* the report is being made, */
    unsigned                    written:1;  /* and is there */
    unsigned                    expired:1;
    unsigned                    waits:1;    /* as progress was told */
    unsigned                    told:1;     /* progress, since something was */
    unsigned                    rest:1;     /* all cells are to be told */

    /* how those who review chunks tell those who send them */

    void                      (*ended)(ngx_http_review_task_t *task,
                                       size_t chunk,
                                       const review_rounds_reply_t *reply);
    void                      (*news)(ngx_http_review_task_t *task,
                                      ngx_uint_t answered);
};


/* ngx_http_review_task.c: the endpoint's directive */

char *ngx_http_review_task(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/*
 * ngx_http_review_task_request.c: what the client asks.  NGX_OK, NGX_ERROR, or
 * the HTTP status of a problem that has been described.
 */

ngx_int_t ngx_http_review_task_request(ngx_http_review_task_t *task,
    ngx_http_review_plan_t *plan);


/*
 * ngx_http_review_task_rounds.c: the reviews of chunks, some at a time, and
 * again for what may be answered later; "init" when all is planned, "check"
 * before anything is told: NGX_OK, or the status of a problem
 */

ngx_int_t ngx_http_review_task_rounds_check(ngx_http_review_task_t *task);

ngx_int_t ngx_http_review_task_rounds_init(ngx_http_review_task_t *task);
void ngx_http_review_task_rounds_progress(ngx_http_review_task_t *task);
void ngx_http_review_task_rounds_expire(ngx_http_review_task_t *task);
void ngx_http_review_task_rounds_stop(ngx_http_review_task_t *task);

/* nothing can be answered at the moment */

ngx_uint_t ngx_http_review_task_rounds_waits(ngx_http_review_task_t *task);

/*
 * Cells have come to their end, and the client is told: of a chunk, or of
 * points about the document, whose row is plan->nchunks
 */

void ngx_http_review_task_rounds_row(ngx_http_review_task_t *task, size_t row);


/* everything has come to its end */

ngx_uint_t ngx_http_review_task_rounds_done(ngx_http_review_task_t *task);


/*
 * ngx_http_review_task_search.c: the searches for what points about the
 * document ask for: all begun; a reading that has come to its end; no more of
 * them.  The reading that a row is, or NULL: it is a chunk.
 */

ngx_int_t ngx_http_review_task_search_init(ngx_http_review_task_t *task);
void ngx_http_review_task_search_ended(ngx_http_review_task_t *task,
    size_t row);
void ngx_http_review_task_search_stop(ngx_http_review_task_t *task);
ngx_http_review_reading_t *ngx_http_review_task_search_reading(
    ngx_http_review_task_t *task, size_t row);
const review_search_reading_t *ngx_http_review_task_search_chunks(
    ngx_http_review_reading_t *reading);
size_t ngx_http_review_task_search_point(ngx_http_review_reading_t *reading);


/*
 * ngx_http_review_task_ask.c: what the chunk endpoint takes.  The control is a
 * point that was answered, and is asked along where cells fail: is it the LLM
 * that does?  npoints: none is.  The last piece is the deadline, another one
 * each time; what a client has spelled out is a piece that all chunks share.
 */

typedef struct {
    review_str_t               *pieces;     /* NULL: no memory */
    size_t                      n;
} ngx_http_review_asked_t;

void ngx_http_review_task_ask_body(ngx_http_review_task_t *task, size_t index,
    size_t control, review_pool_t *memory, ngx_http_review_asked_t *asked);

/* made of that, once; NGX_OK or NGX_ERROR */

ngx_int_t ngx_http_review_task_ask_spell(ngx_http_review_task_t *task,
    const review_task_request_t *request);

size_t ngx_http_review_task_ask_control(ngx_http_review_task_t *task,
    size_t index);
const review_str_t *ngx_http_review_task_ask_id(ngx_http_review_task_t *task,
    size_t index);

/* milliseconds until a chunk that is asked now has to be back; may be < 0 */

ngx_msec_int_t ngx_http_review_task_ask_left(ngx_http_review_task_t *task);

/* and its own deadline, as it is now: in the last piece of the body */

void ngx_http_review_task_ask_deadline(ngx_http_review_task_t *task,
    const ngx_http_review_asked_t *asked);


/*
 * ngx_http_review_task_chunks.c: the review of a chunk, of the cells that are
 * asked.  When it has ended, and its cells have something, task->ended is
 * called; before that task->news, where its calls begin to wait for the LLM, or
 * one is answered.
 */

ngx_int_t ngx_http_review_task_chunks_start(ngx_http_review_task_t *task,
    size_t index);
void ngx_http_review_task_chunks_expire(ngx_http_review_task_t *task);


/*
 * ngx_http_review_task_report.c: the report merged and written, on a thread if
 * it is large; then "written" is called, unless the request has been failed.
 * What is to be sent, or saved, in its form; and what comes behind it.
 */

void ngx_http_review_task_report(ngx_http_review_task_t *task,
    void (*written)(ngx_http_review_task_t *task));
ngx_http_review_written_t *ngx_http_review_task_report_written(
    ngx_http_review_task_t *task, ngx_uint_t saved);
size_t ngx_http_review_task_report_cells(const ngx_http_review_plan_t *plan);
ngx_int_t ngx_http_review_task_report_end(ngx_http_review_task_t *task,
    ngx_http_review_written_t *written, review_str_t *end);


/* ngx_http_review_task_reply.c: results and progress, and the report */

ngx_int_t ngx_http_review_task_reply_document(ngx_http_review_task_t *task);
void ngx_http_review_task_reply_tell(ngx_http_review_task_t *task);

/* all that was not told yet, once there is a report; NGX_AGAIN: not yet all */

ngx_int_t ngx_http_review_task_reply_rest(ngx_http_review_task_t *task);
ngx_int_t ngx_http_review_task_reply(ngx_http_review_task_t *task);

/*
 * The report as an object; has the request woken when that is done, well or
 * not, which "saved" tells as JSON
 */

void ngx_http_review_task_reply_save(ngx_http_review_task_t *task);
void ngx_http_review_task_reply_save_expire(ngx_http_review_task_t *task);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_TASK_H_INCLUDED_ */
