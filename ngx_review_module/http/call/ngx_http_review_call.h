
/* Calls of backends: the LLM, embeddings, the converter, chunks. */

#ifndef _NGX_HTTP_REVIEW_CALL_H_INCLUDED_
#define _NGX_HTTP_REVIEW_CALL_H_INCLUDED_


#include "http/request/ngx_http_review_request.h"

#include "review/metrics/metrics.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_call_s  ngx_http_review_call_t;


typedef struct {
    ngx_uint_t                  tries;
    ngx_msec_t                  backoff;
    ngx_msec_t                  max;
    ngx_uint_t                  budget;     /* percent of calls */

    /* a worker's own: thousandths of retries that may be made now */

    ngx_msec_t                  updated;
    ngx_uint_t                  balance;

    /* calls that wait for one, by rank: one of each request, and so on */

    ngx_rbtree_t                waiting;
    ngx_rbtree_node_t           sentinel;
    ngx_rbtree_key_t            rank;       /* of the last one that got it */
    ngx_event_t                 event;
} ngx_http_review_retry_t;


/* the wing's configuration */

typedef struct {
    ngx_int_t                   request_id; /* index of $request_id */
} ngx_http_review_call_main_conf_t;


typedef struct {
    ngx_http_review_retry_t    *retry;
} ngx_http_review_call_conf_t;


extern ngx_module_t  ngx_http_review_call_module;

#define ngx_http_review_call_conf(r)                                          \
    ((ngx_http_review_call_conf_t *)                                          \
         (r)->loc_conf[ngx_http_review_call_module.ctx_index])


/* what went wrong with a try; the detail may be the answer's own */

typedef struct {
    review_code_t               code;
    const char                 *detail;
    const char                 *note;       /* why there was no other try */
} ngx_http_review_failure_t;


/* what a call's answer is read by: the backend's own */

typedef void (*ngx_http_review_call_pt)(ngx_http_review_call_t *call);


/* what is known of a try, for logs: a number that is negative is not */

typedef struct {
    ngx_uint_t                  ended;
    review_code_t               code;
    ngx_uint_t                  attempt;    /* 0: it was not made */
    ngx_str_t                   llm;        /* its name; empty: it has none */
    review_str_t                model;      /* that answered, or was asked */
    int64_t                     prompt_tokens;
    int64_t                     completion_tokens;
    ngx_msec_int_t              queue_time;
    ngx_msec_int_t              first_token_time;
} ngx_http_review_try_t;


typedef struct {
    const char                 *name;       /* "the LLM": in messages, */
    const char                 *too_large;  /* and that an answer of it is */

    /* a try begins */

    ngx_http_review_call_pt     begin;

    /* a piece of the answer; NGX_ERROR: more of it makes no sense */

    ngx_int_t                 (*feed)(ngx_http_review_call_t *call,
                                      u_char *data, size_t len);

    /* the answer has ended, whatever it was; what an error's body tells */

    const char               *(*end)(ngx_http_review_call_t *call);

    /*
     * Of status 200: is the answer whole?  REVIEW_CODE_OK, _CUT, _TOO_LARGE,
     * _INTERNAL: no memory; or what else an answer of this backend may say.
     */

    review_code_t             (*whole)(ngx_http_review_call_t *call);

    unsigned                    counted:1;  /* it may be an endpoint of ours */

    /* model and tokens, as far as they are known; NULL: it has none */

    void                      (*told)(ngx_http_review_call_t *call,
                                      ngx_http_review_try_t *told);

    ngx_int_t                   operation;  /* that it counts as, of
                                               review_metrics_operation_e;
                                               NGX_DECLINED: as a call */
} ngx_http_review_backend_t;


struct ngx_http_review_call_s {
    ngx_queue_t                 queue;      /* in ctx->ended */
    ngx_queue_t                 running;    /* in ctx->calls */
    ngx_http_review_ctx_t      *ctx;
    void                       *data;       /* its owner's: cell, batch */

    const ngx_http_review_backend_t  *backend;
    ngx_http_review_uri_t      *uri;
    ngx_str_t                   llm;        /* its name; empty: it has none */
    review_str_t                model;      /* that is asked for; empty: none */
    const char                 *accept;
    ngx_str_t                   type;       /* empty: application/json */
    ngx_str_t                   authorization; /* empty: none is sent */
    review_str_t                name;       /* in logs */
    ngx_http_review_usage_t    *usage;
    review_str_t               *body;       /* pieces */
    size_t                      npieces;    /* 0: the client's own body */
    size_t                      nkey;       /* last ones, which make no other
                                               call of it */
    ngx_msec_t                  timeout;    /* 0: review_call_timeout */
    ngx_http_review_call_pt     handler;    /* called once: it has ended */

    ngx_http_request_t         *sr;         /* the try that runs, or NULL */
    ngx_http_request_t         *last;       /* the try that all of this is of */
    ngx_http_review_turn_t      turn;       /* of the LLM's capacity */
    ngx_event_t                 timer;      /* its timeout, or the backoff */
    ngx_msec_t                  started;
    ngx_msec_t                  first;      /* when the answer began; 0 */
    ngx_msec_t                  heard;      /* when text of it last came; 0 */
    ngx_uint_t                  tries;
    ngx_uint_t                  free;       /* of these, that cost nothing */
    ngx_uint_t                  row;        /* of these, in a row */
    ngx_msec_t                  away;       /* since when the LLM is; 0 */
    ngx_uint_t                  pauses;     /* in a row: the LLM is busy */
    ngx_uint_t                  status;     /* HTTP status, 0: no response */
    ngx_int_t                   rc;         /* of the subrequest */
    ngx_msec_t                  retry_after;
    const char                 *location;   /* of a redirect, or NULL */
    void                       *inflate;    /* of a gzipped answer */

    ngx_http_review_failure_t   failure;    /* of the last try */
    ngx_rbtree_node_t           node;       /* in retry->waiting */

    unsigned                    header:1;   /* a response header was seen */
    unsigned                    attempted:1; /* to connect to an upstream */
    unsigned                    connected:1;
    unsigned                    no_server:1; /* was found for it, */
    unsigned                    busy:1;     /* since all are busy */
    unsigned                    silent:1;   /* proxy_read_timeout in mid-body */
    unsigned                    active:1;   /* is in ctx->calls */
    unsigned                    ended:1;    /* waits in ctx->ended */
    unsigned                    judged:1;   /* its outcome is known, */
    unsigned                    again:1;    /* another try may be worth it */
    unsigned                    timedout:1; /* by review_call_timeout */
    unsigned                    encoded:1;  /* can't be decoded */
    unsigned                    cached:1;   /* the backend was not asked */
    unsigned                    cut:1;      /* before the end that was told */
    unsigned                    large:1;    /* more than is kept of one */
    unsigned                    quota:1;    /* the account is used up */
    unsigned                    context:1;  /* the prompt is over the model's */
    unsigned                    left:1;     /* a try was left behind, which
                                               still knows the call */
    unsigned                    pausing:1;  /* between two tries */
    unsigned                    waits:1;    /* for the budget of retries */
    unsigned                    paid:1;     /* the next try costs it nothing */
};


/*
 * ngx_http_review_call_count.c: what the metrics of a zone are told.  They are
 * those of the zone that limits the waiter's calls; NULL: none does.
 */

review_metrics_t *ngx_http_review_call_count_metrics(
    ngx_http_review_waiter_t *waiter);
void ngx_http_review_call_count(ngx_http_review_call_t *call);
void ngx_http_review_call_count_busy(ngx_http_review_call_t *call);
void ngx_http_review_call_count_cut(ngx_http_review_call_t *call,
    review_code_t code);
void ngx_http_review_call_count_retry(ngx_http_review_call_t *call);
void ngx_http_review_call_count_tokens(ngx_http_review_call_t *call,
    review_str_t *model, int64_t prompt, int64_t completion);
void ngx_http_review_call_count_add_usage(ngx_http_review_usage_t *sum,
    ngx_http_review_usage_t *usage);


/*
 * ngx_http_review_calls.c: the calls of a request.  A call that was started
 * ends in its handler, once, from the request's own wake-up and never from
 * inside of start; unless it is cancelled.
 */

void ngx_http_review_calls_start(ngx_http_review_call_t *call);


/* ngx_http_review_call.c: one of them */

void ngx_http_review_call_start(ngx_http_review_call_t *call);
void ngx_http_review_call_cancel(ngx_http_review_call_t *call);
void ngx_http_review_call_leave(ngx_http_review_call_t *call);
void ngx_http_review_call_ended(ngx_http_review_call_t *call);

/*
 * For those who find out only behind the call's end that its answer was cut: 1
 * if it is made once more, else call->failure says why that is the end.
 */

ngx_uint_t ngx_http_review_call_cut(ngx_http_review_call_t *call);

/*
 * Time is over: 1 if the call is between two tries; then call->failure is that
 * of the last one, and says why it was.
 */

ngx_uint_t ngx_http_review_call_is_pausing(ngx_http_review_call_t *call);

/* of the call whose subrequest this is, or was; NGX_DECLINED: it is of none */

ngx_int_t ngx_http_review_call_told(ngx_http_request_t *sr,
    ngx_http_review_try_t *told);


/*
 * ngx_http_review_subrequest.c: the subrequest of a try.  It is made; it is
 * cut off, or left behind, and its end is not told; it is nginx's to end with
 * the client's request.
 */

ngx_int_t ngx_http_review_subrequest_create(ngx_http_review_call_t *call);
void ngx_http_review_subrequest_stop(ngx_http_review_call_t *call);
void ngx_http_review_subrequest_let_go(ngx_http_review_call_t *call);

/* has nginx's balancer know of a server that falls silent in mid-answer */

void ngx_http_review_subrequest_observe(ngx_http_request_t *sr);

/* a try has ended, or must: has the call looked at when the request is woken */

void ngx_http_review_subrequest_end(ngx_http_review_call_t *call);

/* handlers of the server rewrite and the precontent phase */

ngx_int_t ngx_http_review_subrequest_rewrite(ngx_http_request_t *r);
ngx_int_t ngx_http_review_subrequest_precontent(ngx_http_request_t *r);

/* wakes a subrequest that may wait for an event of the client's connection */

void ngx_http_review_subrequest_kick(ngx_http_request_t *sr);

/* the call whose subrequest this is, or NULL */

ngx_http_review_call_t *ngx_http_review_subrequest_of(ngx_http_request_t *r);


/* ngx_http_review_capture.c: what a subrequest's response turns into */

ngx_int_t ngx_http_review_capture_header(ngx_http_request_t *r,
    ngx_http_review_call_t *call);
void ngx_http_review_capture_body(ngx_http_request_t *r,
    ngx_http_review_call_t *call, ngx_chain_t *in);

/* does it come out of nginx's cache? of any request */

ngx_uint_t ngx_http_review_capture_is_cached(ngx_http_request_t *r);


/*
 * ngx_http_review_outcome.c: was a try a success, and if not, what was it?
 * Sets call->failure; returns 1 if another try may be worth it.  It is found
 * out once: nginx logs a try before it is looked at.
 */

ngx_uint_t ngx_http_review_outcome(ngx_http_review_call_t *call);

/* an answer that is not whole */

void ngx_http_review_outcome_cut(ngx_http_review_call_t *call);

/* nothing of an answer has come for a good part of the try's time, or ever */

ngx_uint_t ngx_http_review_outcome_is_silent(ngx_http_review_call_t *call);

/* an answer that is kept as it comes, "max" bytes of it: a backend's "feed" */

ngx_int_t ngx_http_review_outcome_gather(ngx_http_review_call_t *call,
    review_buf_t *b, size_t max, u_char *data, size_t len);

/* and its "whole", as far as nginx knows */

review_code_t ngx_http_review_outcome_gathered(ngx_http_review_call_t *call,
    review_buf_t *b);


/* ngx_http_review_retry.c: when, and whether, to try again */

void ngx_http_review_retry_init(ngx_http_review_retry_t *retry);

/* counts a call towards the budget of retries */

void ngx_http_review_retry_earn(ngx_http_review_retry_t *retry);

/*
 * The next try's time has come: 1 if the budget allows it; 0: it waits for
 * that, and its timer will be called again.  And it waits no longer.
 */

ngx_uint_t ngx_http_review_retry_spend(ngx_http_review_call_t *call);
void ngx_http_review_retry_leave(ngx_http_review_call_t *call);

/*
 * The milliseconds to wait before the next try, NGX_DECLINED where there
 * must not be one; the failure's note then says why, if that is no matter of
 * course.
 */

ngx_int_t ngx_http_review_retry_delay(ngx_http_review_call_t *call);

/* the same where there was no try, since all servers were busy */

ngx_msec_t ngx_http_review_retry_pause(ngx_http_review_call_t *call);


/* ngx_http_review_accel.c: headers by which an answer would order us about */

ngx_int_t ngx_http_review_accel_init(ngx_conf_t *cf);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_CALL_H_INCLUDED_ */
