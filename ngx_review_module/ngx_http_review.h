
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
#include "review/adapt.h"
#include "review/answer.h"
#include "review/buf.h"
#include "review/circuit.h"
#include "review/completion.h"
#include "review/metrics.h"
#include "review/prompt.h"
#include "review/queue.h"
#include "review/quote.h"
#include "review/rubric.h"
#include "review/utf8.h"


#define NGX_HTTP_UNPROCESSABLE  422


typedef struct ngx_http_review_ctx_s   ngx_http_review_ctx_t;
typedef struct ngx_http_review_cell_s  ngx_http_review_cell_t;
typedef struct ngx_http_review_call_s  ngx_http_review_call_t;
typedef struct ngx_http_review_zone_s  ngx_http_review_zone_t;
typedef struct ngx_http_review_turn_s  ngx_http_review_turn_t;
typedef struct ngx_http_review_map_s   ngx_http_review_map_t;
typedef struct ngx_http_review_shared_s  ngx_http_review_shared_t;


/* configuration */

typedef struct {
    ngx_str_t                   name;
    review_rubric_t            *rubric;
} ngx_http_review_named_rubric_t;


typedef struct {
    ngx_array_t                 rubrics; /* of ngx_http_review_named_rubric_t */
    ngx_array_t                 zones; /* of ngx_http_review_zone_t * */
    ngx_int_t                   request_id; /* index of $request_id */
    ngx_uint_t                  guard;   /* "review_guard" is on somewhere */
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


/* a zone, in the configuration and in this process */

struct ngx_http_review_zone_s {
    ngx_str_t                   name;
    size_t                      size;
    ngx_cycle_t                *cycle;
    ngx_http_review_map_t      *map;

    ngx_uint_t                  calls;      /* 0: no limit */
    ngx_uint_t                  min;        /* of a limit that moves */
    ngx_uint_t                  max;
    ngx_str_t                   file;       /* where the limit is set */
    ngx_uint_t                  line;

    uint64_t                    configured; /* the configuration's number */
    uint32_t                    process;    /* this one's place */
    ngx_msec_t                  tried;      /* to have one */
    ngx_connection_t           *connection; /* where it is woken */
    ngx_event_t                 poll;
    ngx_event_t                 posted;
    ngx_queue_t                 ready;      /* turns that have come */

    unsigned                    defined:1;  /* by review_zone */
    unsigned                    automatic:1; /* the limit moves */
    unsigned                    entered:1;  /* this process has a place */
};


typedef struct {
    ngx_http_review_zone_t     *zone;
    ngx_uint_t                  queue;      /* calls that may wait */
    ngx_msec_t                  wait;       /* how long each of them may */
} ngx_http_review_limit_t;


typedef struct {
    ngx_flag_t                  enable;     /* "review" is set here */
    ngx_str_t                   file;       /* where: for error messages */
    ngx_uint_t                  line;
    ngx_str_t                   name;       /* of the rubric; empty: none */
    review_rubric_t            *rubric;     /* NULL: a request must name one */
    ngx_http_review_llm_t      *llm;
    ngx_http_review_retry_t    *retry;
    ngx_http_review_limit_t    *limit;      /* NULL: none */
    ngx_http_complex_value_t   *priority;   /* NULL: normal */
    ngx_flag_t                  guard;
    ngx_http_review_zone_t     *status;     /* of "review_status" */
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


/* what all processes know of an LLM, beside the queue of its calls */

typedef struct {
    review_adapt_t              adapt;
    review_circuit_t            circuit;
    review_metrics_t            metrics;
    ngx_uint_t                  automatic;
} ngx_http_review_load_t;


/* one who waits: a review with some of its calls, or a guarded request */

typedef struct {
    ngx_http_review_limit_t    *limit;      /* NULL: there is none */
    ngx_msec_t                  expiry;     /* no call takes longer */
    review_priority_e           priority;
    uint32_t                    index;      /* in the shared queue, or NONE */
    ngx_queue_t                 turns;      /* that wait */
} ngx_http_review_waiter_t;


typedef enum {
    NGX_HTTP_REVIEW_TURN_NONE = 0,
    NGX_HTTP_REVIEW_TURN_WAITING,
    NGX_HTTP_REVIEW_TURN_READY,             /* has come, not yet begun */
    NGX_HTTP_REVIEW_TURN_HELD               /* a slot is taken */
} ngx_http_review_turn_e;


typedef void (*ngx_http_review_turn_pt)(ngx_http_review_turn_t *turn);


struct ngx_http_review_turn_s {
    ngx_queue_t                 queue;
    ngx_http_review_waiter_t   *waiter;
    ngx_http_review_turn_pt     handler;    /* its turn has come, or won't */
    ngx_event_t                 timer;
    ngx_msec_t                  asked;
    ngx_msec_t                  begun;
    const char                 *code;       /* why there is none; NULL */
    ngx_http_review_turn_e      state;
    uint32_t                    ticket;     /* of the circuit; 0: none */
};


/* what a call has seen of the LLM */

typedef struct {
    review_adapt_e              outcome;
    review_circuit_result_e     result;
    ngx_msec_t                  first;      /* to its first token; 0: none */
} ngx_http_review_sample_t;


/* what calls cost, added up */

typedef struct {
    ngx_uint_t                  calls;      /* tries, each a subrequest */
    ngx_uint_t                  retries;
    ngx_msec_t                  time;       /* of all tries */
    ngx_msec_t                  queue_time;
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
    ngx_http_review_turn_t      turn;       /* of the LLM's capacity */
    ngx_event_t                 timer;      /* its timeout, or the backoff */
    ngx_msec_t                  started;
    ngx_msec_t                  first;      /* when the answer began; 0 */
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

    ngx_http_review_waiter_t    waiter;
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
    unsigned                    counted:1;  /* in the zone's metrics */
};


extern ngx_module_t  ngx_http_review_module;
extern const char   *ngx_http_review_statuses[];


/* ngx_http_review_chunk.c: the endpoint, and the life of a review */

ngx_http_review_ctx_t *ngx_http_review_create_ctx(ngx_http_request_t *r);
ngx_int_t ngx_http_review_handler(ngx_http_request_t *r);
void ngx_http_review_wake(ngx_http_review_ctx_t *ctx);

/* has a client's going away noticed */

ngx_int_t ngx_http_review_watch_client(ngx_http_request_t *r);


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
ngx_int_t ngx_http_review_add_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);


/* ngx_http_review_module.c: parameters, "name=value" */

ngx_uint_t ngx_http_review_param(ngx_str_t *param, const char *name,
    ngx_str_t *value);
char *ngx_http_review_bad_param(ngx_conf_t *cf, ngx_str_t *param);


/*
 * ngx_http_review_zone.c: memory that workers share.  The lock is held for a
 * few steps only, and nothing is woken or called while it is.
 */

/* the least size of a zone */

#define NGX_HTTP_REVIEW_ZONE_MIN  (256 * 1024)

char *ngx_http_review_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_http_review_zone_t *ngx_http_review_zone_add(ngx_conf_t *cf,
    ngx_str_t *name, size_t size);

review_queue_t *ngx_http_review_zone_lock(ngx_http_review_zone_t *zone);
void ngx_http_review_zone_unlock(ngx_http_review_zone_t *zone);
ngx_http_review_load_t *ngx_http_review_zone_load(
    ngx_http_review_zone_t *zone);


/*
 * ngx_http_review_process.c: the places of processes in a zone.  1 if this one
 * has a place; without one there are no slots for it.
 */

ngx_int_t ngx_http_review_process_init(ngx_cycle_t *cycle);
void ngx_http_review_process_exit(ngx_cycle_t *cycle);
ngx_uint_t ngx_http_review_process_entered(ngx_http_review_zone_t *zone);

/* has other processes, or this one, claim what was granted to them */

void ngx_http_review_process_wake(ngx_http_review_zone_t *zone,
    review_wake_t *wake);

/* has the zone looked at from time to time, while calls wait */

void ngx_http_review_process_watch(ngx_http_review_zone_t *zone);

/* gives back what dead processes had; the number of those that live */

ngx_uint_t ngx_http_review_process_reclaim(ngx_http_review_zone_t *zone);


/*
 * ngx_http_review_limit_conf.c: the directives.  The class of priority that a
 * value names; one that names none is normal.
 */

char *ngx_http_review_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_priority(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
review_priority_e ngx_http_review_priority_of(ngx_str_t *value);


/*
 * ngx_http_review_limit.c: the LLM's capacity.  NGX_OK: a slot is taken;
 * NGX_AGAIN: the turn's handler will be called, from the event loop, with
 * turn->code set if there won't be a slot; NGX_DECLINED: turn->code says why
 * there is none.
 */

void ngx_http_review_load_init(ngx_http_review_load_t *load);
void ngx_http_review_limit_apply(ngx_http_review_zone_t *zone,
    review_queue_t *q, review_wake_t *wake);
void ngx_http_review_waiter_init(ngx_http_review_waiter_t *waiter,
    ngx_http_request_t *r, ngx_http_review_loc_conf_t *conf);
ngx_int_t ngx_http_review_limit_ask(ngx_http_review_turn_t *turn);

/* gives the slot back, with what was learned; or leaves the queue */

void ngx_http_review_limit_done(ngx_http_review_turn_t *turn,
    ngx_http_review_sample_t *sample);
void ngx_http_review_limit_leave(ngx_http_review_turn_t *turn);

/* 1 if any call waits in the zone */

ngx_uint_t ngx_http_review_limit_claim(ngx_http_review_zone_t *zone);

/* 0: there is room; or the seconds after which it makes sense to come back */

ngx_uint_t ngx_http_review_limit_full(ngx_http_review_limit_t *limit);

/* what an HTTP status, or a failure, says of the LLM */

void ngx_http_review_limit_sample(ngx_http_review_sample_t *sample,
    const char *code);


/* ngx_http_review_count.c: what the metrics of a zone are told */

void ngx_http_review_count_call(ngx_http_review_call_t *call);
void ngx_http_review_count_cut(ngx_http_review_call_t *call,
    const char *code);
void ngx_http_review_count_retry(ngx_http_review_cell_t *cell);
void ngx_http_review_count_point(ngx_http_review_cell_t *cell);
void ngx_http_review_count_review(ngx_http_review_ctx_t *ctx,
    review_metrics_review_e status);
void ngx_http_review_count_finished(ngx_http_review_ctx_t *ctx);


/* ngx_http_review_guard.c: plain proxied locations with the same limit */

ngx_int_t ngx_http_review_guard(ngx_http_request_t *r);
void ngx_http_review_guard_header(ngx_http_request_t *r);
void ngx_http_review_guard_filter(ngx_http_request_t *r, ngx_chain_t *in);


/* ngx_http_review_status.c: what is going on */

char *ngx_http_review_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_review_status_handler(ngx_http_request_t *r);


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
