
/*
 * What the files of the module share.
 *
 * A review flows one way: request -> cells -> calls -> reply.  A cell is one
 * point on one chunk; a call is what a cell asks of the LLM, with its retries.
 */

#ifndef _NGX_HTTP_REVIEW_H_INCLUDED_
#define _NGX_HTTP_REVIEW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "review/review.h"
#include "review/answer.h"
#include "review/buf.h"
#include "review/completion.h"
#include "review/prompt.h"
#include "review/quote.h"
#include "review/rubric.h"
#include "review/utf8.h"


#define NGX_HTTP_UNPROCESSABLE  422


typedef struct ngx_http_review_ctx_s   ngx_http_review_ctx_t;
typedef struct ngx_http_review_cell_s  ngx_http_review_cell_t;
typedef struct ngx_http_review_call_s  ngx_http_review_call_t;


/* configuration */

typedef struct {
    ngx_str_t                   name;
    review_rubric_t            *rubric;
} ngx_http_review_named_rubric_t;


typedef struct {
    ngx_array_t                 rubrics; /* of ngx_http_review_named_rubric_t */
    ngx_int_t                   request_id; /* index of $request_id */
} ngx_http_review_main_conf_t;


typedef struct {
    ngx_str_t                   uri;
    ngx_str_t                   args;
    ngx_str_t                   model;
    unsigned                    stream:1;
    unsigned                    schema:1;
} ngx_http_review_llm_t;


typedef struct {
    ngx_uint_t                  tries;
    ngx_msec_t                  backoff;
    ngx_msec_t                  max;
    ngx_uint_t                  budget;     /* percent of calls */

    /* a worker's own: thousandths of retries that may be made now */

    ngx_msec_t                  updated;
    ngx_uint_t                  balance;
} ngx_http_review_retry_t;


typedef struct {
    ngx_flag_t                  enable;     /* "review" is set here */
    ngx_str_t                   file;       /* where: for error messages */
    ngx_uint_t                  line;
    ngx_str_t                   name;       /* of the rubric; empty: none */
    review_rubric_t            *rubric;     /* NULL: a request must name one */
    ngx_http_review_llm_t      *llm;
    ngx_http_review_retry_t    *retry;
    ngx_msec_t                  call_timeout;
    ngx_msec_t                  timeout;
    ngx_msec_t                  ping;
    size_t                      max_chunk;
    size_t                      max_answer;
    ngx_uint_t                  max_points;
} ngx_http_review_loc_conf_t;


/* how a result came out; the order is that of its names in JSON */

typedef enum {
    NGX_HTTP_REVIEW_OK = 0,
    NGX_HTTP_REVIEW_FAILED,
    NGX_HTTP_REVIEW_TIMEOUT,
    NGX_HTTP_REVIEW_SKIPPED
} ngx_http_review_status_e;

#define NGX_HTTP_REVIEW_STATUSES  4


/*
 * What went wrong with a try, named as in "error.code"; NULL code: nothing.
 * The detail may be the completion's own.
 */

typedef struct {
    const char                 *code;
    const char                 *detail;
    const char                 *note;       /* why there was no other try */
} ngx_http_review_failure_t;


/* what calls cost, added up */

typedef struct {
    ngx_uint_t                  calls;      /* tries, each a subrequest */
    ngx_uint_t                  retries;
    ngx_msec_t                  time;       /* of all tries */
    int64_t                     prompt_tokens;
    int64_t                     completion_tokens;
} ngx_http_review_usage_t;


typedef void (*ngx_http_review_call_pt)(ngx_http_review_call_t *call);


struct ngx_http_review_call_s {
    ngx_queue_t                 queue;      /* in ctx->ended */
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_cell_t     *cell;

    review_str_t               *body;       /* pieces */
    size_t                      npieces;
    ngx_http_review_call_pt     handler;    /* called once: it has ended */

    ngx_http_request_t         *sr;         /* the try that runs, or NULL */
    ngx_event_t                 timer;      /* its timeout, or the backoff */
    ngx_msec_t                  started;
    ngx_uint_t                  tries;
    ngx_uint_t                  status;     /* HTTP status, 0: no response */
    ngx_int_t                   rc;         /* of the subrequest */
    ngx_event_t                *read;       /* of the upstream connection */
    ngx_msec_t                  retry_after;
    void                       *inflate;    /* of a gzipped answer */

    review_completion_t         completion; /* of the last try */
    ngx_http_review_failure_t   failure;    /* of the last try */
    char                        status_code[sizeof("http_") + NGX_INT_T_LEN];

    unsigned                    header:1;   /* a response header was seen */
    unsigned                    attempted:1; /* to connect to an upstream */
    unsigned                    connected:1;
    unsigned                    silent:1;   /* proxy_read_timeout in mid-body */
    unsigned                    ended:1;    /* waits in ctx->ended */
    unsigned                    timedout:1; /* by review_call_timeout */
    unsigned                    encoded:1;  /* can't be decoded */
};


struct ngx_http_review_cell_s {
    ngx_http_review_ctx_t      *ctx;
    review_point_t             *point;
    ngx_http_review_call_t     *call;       /* NULL: none was needed */

    ngx_array_t                 turns;      /* of review_turn_t */
    ngx_uint_t                  step;
    ngx_int_t                   max_tokens; /* over the point's, after a cut */
    ngx_http_review_usage_t     usage;
    review_str_t                model;
    ngx_msec_t                  started;

    ngx_http_review_status_e    status;
    ngx_str_t                   result;     /* JSON, when done */

    unsigned                    done:1;
    unsigned                    reasked:1;  /* once, at this step */
    unsigned                    extended:1; /* more max_tokens, at this step */
};


/* a review: the context of a client's request */

struct ngx_http_review_ctx_s {
    ngx_http_request_t         *request;
    ngx_http_review_loc_conf_t *conf;
    review_pool_t              *pool;
    ngx_msec_t                  started;

    json_t                     *body;       /* the client's JSON */
    review_str_t                id;         /* data is NULL: none */
    review_rubric_t            *rubric;     /* NULL: inline points only */
    review_subject_t            subject;
    review_source_t           **sources;    /* the chunk, then references */
    review_prompt_t            *prompt;

    ngx_http_review_cell_t     *cells;
    ngx_uint_t                  ncells;
    ngx_uint_t                  ndone;
    ngx_uint_t                  counts[NGX_HTTP_REVIEW_STATUSES];
    ngx_http_review_usage_t     usage;

    ngx_queue_t                 ended;      /* calls to be looked at */
    ngx_array_t                 left;       /* of ngx_http_request_t *, tries
                                               that were left behind */
    ngx_event_t                 deadline;
    ngx_event_t                 ping;
    ngx_msec_t                  expires;
    ngx_msec_t                  delayed_until; /* by limit_req, see kick */

    uint64_t                    regex_time; /* microseconds */

    ngx_str_t                   problem;    /* replaces nginx's error page */
    ngx_str_t                   chunk_key;

    unsigned                    sse:1;
    unsigned                    replied:1;  /* a reply of ours is on its way */
    unsigned                    replacing:1; /* the body of an error page */
    unsigned                    posted:1;   /* the request will be woken */
    unsigned                    broken:1;   /* events can't be sent any more */
};


extern ngx_module_t  ngx_http_review_module;
extern const char   *ngx_http_review_statuses[];


/* ngx_http_review_chunk.c: the endpoint, and the life of a review */

ngx_http_review_ctx_t *ngx_http_review_create_ctx(ngx_http_request_t *r);
ngx_int_t ngx_http_review_handler(ngx_http_request_t *r);
void ngx_http_review_wake(ngx_http_review_ctx_t *ctx);


/*
 * ngx_http_review_request.c: what the client asks.  Returns NGX_OK, NGX_ERROR,
 * or the HTTP status of a problem that has been described in ctx->problem.
 */

ngx_int_t ngx_http_review_read_request(ngx_http_review_ctx_t *ctx);


/* ngx_http_review_body.c: the body in one piece; it may point to nginx's */

ngx_int_t ngx_http_review_read_body(ngx_http_request_t *r, ngx_str_t *body);


/*
 * ngx_http_review_headers.c: may the request be a review?  Returns as the
 * above.  A header by its name, or NULL.  A new header, from constants.
 */

ngx_int_t ngx_http_review_check_headers(ngx_http_review_ctx_t *ctx);
ngx_table_elt_t *ngx_http_review_find_header(ngx_list_t *headers,
    const char *name);
ngx_int_t ngx_http_review_add_header(ngx_list_t *headers, ngx_pool_t *pool,
    const char *key, ngx_str_t *value);


/* ngx_http_review_cell.c: one point on one chunk */

void ngx_http_review_cell_start(ngx_http_review_cell_t *cell);

/* gives up what runs or waits; the review's deadline is over */

void ngx_http_review_cell_expire(ngx_http_review_cell_t *cell);


/* ngx_http_review_result.c: a result as JSON */

void ngx_http_review_result_finding(ngx_http_review_cell_t *cell,
    review_answer_t *answer);
void ngx_http_review_result_rule(ngx_http_review_cell_t *cell,
    ngx_int_t *captures);
void ngx_http_review_result_skipped(ngx_http_review_cell_t *cell);
void ngx_http_review_result_failed(ngx_http_review_cell_t *cell,
    const char *code, const char *detail, const char *note);
void ngx_http_review_write_usage(review_buf_t *b,
    ngx_http_review_usage_t *usage, ngx_uint_t calls);


/*
 * ngx_http_review_call.c: one backend call.  A call that was started ends in
 * its handler, once, from the request's own wake-up and never from inside of
 * start; unless it is cancelled.
 */

void ngx_http_review_call_start(ngx_http_review_call_t *call);
void ngx_http_review_call_cancel(ngx_http_review_call_t *call);
void ngx_http_review_call_leave(ngx_http_review_call_t *call);

/* a try has ended, or must: has the call looked at when the request is woken */

void ngx_http_review_call_end(ngx_http_review_call_t *call);
void ngx_http_review_call_ended(ngx_http_review_call_t *call);

/* handlers of the server rewrite and the precontent phase */

ngx_int_t ngx_http_review_call_rewrite(ngx_http_request_t *r);
ngx_int_t ngx_http_review_call_precontent(ngx_http_request_t *r);

/* wakes a subrequest that may wait for an event of the client's connection */

void ngx_http_review_call_kick(ngx_http_request_t *sr);

/* the call whose subrequest this is, or NULL */

ngx_http_review_call_t *ngx_http_review_call_of(ngx_http_request_t *r);


/* ngx_http_review_capture.c: what a subrequest's response turns into */

ngx_int_t ngx_http_review_capture_header(ngx_http_request_t *r,
    ngx_http_review_call_t *call);
void ngx_http_review_capture_body(ngx_http_request_t *r,
    ngx_http_review_call_t *call, ngx_chain_t *in);


/*
 * ngx_http_review_outcome.c: was a try a success, and if not, what was it?
 * Sets call->failure; returns 1 if another try may be worth it.
 */

ngx_uint_t ngx_http_review_outcome(ngx_http_review_call_t *call);


/* ngx_http_review_retry.c: when, and whether, to try again */

/* counts a call towards the budget of retries */

void ngx_http_review_retry_earn(ngx_http_review_retry_t *retry);

/*
 * The milliseconds to wait before the next try, NGX_DECLINED where there
 * must not be one; the failure's note then says why, if that is no matter of
 * course.
 */

ngx_int_t ngx_http_review_retry_delay(ngx_http_review_call_t *call);


/* ngx_http_review_reply.c: the reply, as JSON or as server-sent events */

ngx_int_t ngx_http_review_reply(ngx_http_review_ctx_t *ctx);
const char *ngx_http_review_reply_status(ngx_http_review_ctx_t *ctx);
ngx_int_t ngx_http_review_reply_start_sse(ngx_http_review_ctx_t *ctx);
void ngx_http_review_reply_result(ngx_http_review_cell_t *cell);
void ngx_http_review_reply_ping(ngx_http_review_ctx_t *ctx);
ngx_int_t ngx_http_review_reply_flush(ngx_http_review_ctx_t *ctx);


/*
 * ngx_http_review_problem.c: errors as RFC 9457 problems.  The first describes
 * one and returns the status; pointer and detail may be NULL.
 */

ngx_int_t ngx_http_review_problem(ngx_http_review_ctx_t *ctx,
    ngx_int_t status, const char *pointer, const char *detail);
ngx_int_t ngx_http_review_reply_problem(ngx_http_review_ctx_t *ctx,
    ngx_int_t status);

/* nginx's own error pages, at our locations, become problems */

ngx_int_t ngx_http_review_problem_header(ngx_http_request_t *r);
ngx_int_t ngx_http_review_problem_body(ngx_http_request_t *r,
    ngx_chain_t *in, ngx_http_output_body_filter_pt next);


/* ngx_http_review_rubric.c: rubrics in the configuration, and regexes */

char *ngx_http_review_rubric(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
review_rubric_t *ngx_http_review_rubric_find(
    ngx_http_review_main_conf_t *rmcf, const char *name, size_t len);
ngx_int_t ngx_http_review_point_compile(ngx_pool_t *pool,
    review_point_t *point, const char *pointer, review_error_t *err);

/*
 * The place of the first match in the chunk, in bytes: captures[0..1].  NGX_OK,
 * NGX_DECLINED: no match, NGX_ERROR: the match took too much, or the review's
 * regexes together did.
 */

ngx_int_t ngx_http_review_regex(ngx_http_review_ctx_t *ctx, void *regex,
    ngx_int_t *captures);


/* ngx_http_review_inflate.c: answers that come gzipped in spite of us */

ngx_int_t ngx_http_review_inflate_init(ngx_http_review_call_t *call);
ngx_int_t ngx_http_review_inflate(ngx_http_review_call_t *call, u_char *data,
    size_t len);


/* ngx_http_review_variables.c */

ngx_int_t ngx_http_review_add_variables(ngx_conf_t *cf);


/* ngx_http_review_pool.c: nginx's pools, for the lower floor */

review_pool_t *ngx_http_review_pool(ngx_pool_t *pool);


#endif /* _NGX_HTTP_REVIEW_H_INCLUDED_ */
