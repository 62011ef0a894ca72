
/*
 * What the files of the module share.
 *
 * A client's request flows one way: body -> endpoint -> calls -> reply.  What
 * is CPU-bound in between and large is done on a thread.
 */

#ifndef _NGX_HTTP_REVIEW_H_INCLUDED_
#define _NGX_HTTP_REVIEW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "http/limit/ngx_http_review_limit.h"

#include "review/base/review.h"
#include "review/base/buf.h"
#include "review/json/write.h"
#include "review/rubric/rubric.h"
#include "review/split/split.h"
#include "review/base/utf8.h"

#pragma GCC visibility push(hidden)


#define NGX_HTTP_UNPROCESSABLE  422


typedef struct ngx_http_review_ctx_s   ngx_http_review_ctx_t;
typedef struct ngx_http_review_call_s  ngx_http_review_call_t;
typedef struct ngx_http_review_work_s  ngx_http_review_work_t;
typedef struct ngx_http_review_extraction_s  ngx_http_review_extraction_t;
typedef struct ngx_http_review_store_s  ngx_http_review_store_t;
typedef struct ngx_http_review_s3_s  ngx_http_review_s3_t;
typedef struct ngx_http_review_fetch_conf_s  ngx_http_review_fetch_conf_t;


/* configuration */

typedef struct {
    ngx_str_t                   name;
    review_rubric_t            *rubric;
} ngx_http_review_named_rubric_t;


typedef struct {
    ngx_str_t                   name;
    void                       *pool;       /* ngx_thread_pool_t; NULL: off */
    size_t                      threshold;  /* smaller work is done at once */
} ngx_http_review_threads_t;


typedef struct {
    ngx_array_t                 rubrics; /* of ngx_http_review_named_rubric_t */
    ngx_array_t                 zones; /* of ngx_http_review_zone_t * */
    ngx_array_t                 stores; /* of ngx_http_review_store_t * */
    ngx_int_t                   request_id; /* index of $request_id */
    ngx_uint_t                  guard;   /* "review_guard" is on somewhere */
    ngx_http_review_threads_t   threads; /* where nothing else is set */
} ngx_http_review_main_conf_t;


/* the internal location of a backend */

typedef struct {
    ngx_str_t                   uri;
    ngx_str_t                   args;
} ngx_http_review_uri_t;


typedef struct {
    ngx_http_review_uri_t       uri;
    ngx_str_t                   model;
    unsigned                    stream:1;
    unsigned                    schema:1;
} ngx_http_review_llm_t;


typedef enum {
    NGX_HTTP_REVIEW_ENCODING_AUTO = 0,
    NGX_HTTP_REVIEW_ENCODING_FLOAT,
    NGX_HTTP_REVIEW_ENCODING_BASE64
} ngx_http_review_encoding_e;


typedef struct {
    ngx_http_review_uri_t       uri;
    ngx_str_t                   model;
    ngx_uint_t                  batch;      /* inputs of a call, at most */
    ngx_uint_t                  calls;      /* of a request at a time */
    ngx_http_review_encoding_e  encoding;   /* a worker's own, once it knows */
} ngx_http_review_embeddings_t;


/* where a task sends its chunks */

typedef struct {
    ngx_http_review_uri_t       uri;
    ngx_uint_t                  calls;      /* of a task at a time */
} ngx_http_review_chunk_uri_t;


typedef struct {
    ngx_uint_t                  tries;
    ngx_msec_t                  backoff;
    ngx_msec_t                  max;
    ngx_uint_t                  budget;     /* percent of calls */

    /* a worker's own: thousandths of retries that may be made now */

    ngx_msec_t                  updated;
    ngx_uint_t                  balance;
} ngx_http_review_retry_t;


struct ngx_http_review_loc_conf_s {
    ngx_http_handler_pt         handler;    /* the endpoint that is set here */
    const char                 *directive;  /* which one, and where: */
    ngx_str_t                   file;
    ngx_uint_t                  line;
    ngx_str_t                   name;       /* of the rubric; empty: none */
    review_rubric_t            *rubric;     /* NULL: a request must name one */
    review_split_options_t      split;      /* defaults of "review_split" */
    ngx_http_review_zone_t     *status;     /* of "review_status" */
    ngx_uint_t                  plain_errors; /* nginx's stay nginx's */
    ngx_str_t                   store_name;
    ngx_http_review_store_t    *store;      /* of _object, _fetch, _task */
    ngx_http_review_fetch_conf_t  *fetch;
    ngx_array_t                *fetch_allow; /* of review_allow_t */

    ngx_http_review_llm_t      *llm;
    ngx_http_review_embeddings_t *embeddings;
    ngx_http_review_uri_t      *extract;    /* NULL: none */
    ngx_http_review_chunk_uri_t *chunk_uri;
    ngx_http_review_threads_t  *threads;
    ngx_http_review_retry_t    *retry;
    ngx_http_review_limit_t    *limit;      /* NULL: none */
    ngx_http_complex_value_t   *priority;   /* NULL: normal */
    ngx_flag_t                  guard;
    ngx_msec_t                  call_timeout;
    ngx_msec_t                  timeout;
    ngx_msec_t                  task_timeout;
    ngx_msec_t                  ping;
    size_t                      max_chunk;
    size_t                      max_text;
    size_t                      max_document;
    ngx_uint_t                  max_inputs;
    size_t                      max_answer;
    ngx_uint_t                  max_points;
};


/*
 * What went wrong with a try, named as in "error.code"; NULL code: nothing.
 * The detail may be the answer's own.
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
    ngx_msec_t                  queue_time;
    int64_t                     prompt_tokens;
    int64_t                     completion_tokens;
} ngx_http_review_usage_t;


/*
 * A client's request at one of our locations.  An endpoint that keeps more of
 * it has this as the first member of a structure of its own.
 */

typedef void (*ngx_http_review_ctx_pt)(ngx_http_review_ctx_t *ctx);


/*
 * What its life means to its calls: some have ended, and are looked at when the
 * request is woken; the client connection's write event has come, which some
 * may wait for; a reply is made, and no more is asked; the request is over.
 */

typedef struct {
    ngx_http_review_ctx_pt      ended;
    ngx_http_review_ctx_pt      kick;
    ngx_http_review_ctx_pt      stop;
    ngx_http_review_ctx_pt      leave;
} ngx_http_review_calling_t;


struct ngx_http_review_ctx_s {
    ngx_http_request_t         *request;
    ngx_http_review_loc_conf_t *conf;
    review_pool_t              *pool;
    ngx_msec_t                  started;
    ngx_msec_t                  timeout;    /* of the whole, review_timeout */

    /*
     * The endpoint's.  "read", "progress", and what a thread's work is done
     * with may end the request, and then nothing of it may be touched; the
     * others, and handlers of calls, must not.
     */

    ngx_http_review_ctx_pt      read;       /* the body is there */
    ngx_http_review_ctx_pt      progress;   /* something has happened */
    ngx_http_review_ctx_pt      expire;     /* review_timeout is over */
    ngx_http_review_ctx_pt      cancel;     /* the end, maybe before its time */

    json_t                     *body;       /* the client's JSON, */
    review_str_t                text;       /* or its text */
    ngx_http_review_work_t     *work;       /* what the request's threads do */
    ngx_http_review_extraction_t *extraction; /* NULL: none */
    ngx_http_review_usage_t     usage;
    ngx_uint_t                  failed;     /* points, inputs */
    review_rubric_t            *rubric;     /* NULL: none */
    const char                 *status;     /* of the reply; NULL: none yet */

    ngx_http_review_waiter_t    waiter;
    const ngx_http_review_calling_t *calling; /* NULL: no call was started */
    ngx_queue_t                 calls;      /* started and not ended */
    ngx_queue_t                 ended;      /* calls to be looked at */
    ngx_array_t                 left;       /* of ngx_http_request_t *, tries
                                               that were left behind */
    ngx_event_t                 deadline;
    ngx_event_t                 ping;
    ngx_event_t                 waking;     /* see wake_later */
    ngx_msec_t                  expires;
    ngx_msec_t                  delayed_until; /* by limit_req, see kick */

    ngx_buf_t                  *sending;    /* of the reply, the last piece */
    ngx_str_t                   problem;    /* replaces nginx's error page */

    unsigned                    post_action:1; /* the request is one */
    unsigned                    begun:1;    /* it may have calls */
    unsigned                    over:1;     /* and must not any more */
    unsigned                    sse:1;
    unsigned                    replied:1;  /* a reply of ours is on its way */
    unsigned                    replacing:1; /* the body of an error page */
    unsigned                    posted:1;   /* the request will be woken */
    unsigned                    broken:1;   /* events can't be sent any more */
    unsigned                    streaming:1; /* the client has to keep up */
};


/* what a call's answer is read by: the backend's own */

typedef void (*ngx_http_review_call_pt)(ngx_http_review_call_t *call);


typedef struct {
    const char                 *name;       /* "the LLM": in messages */

    /* a try begins */

    ngx_http_review_call_pt     begin;

    /* a piece of the answer; NGX_ERROR: more of it makes no sense */

    ngx_int_t                 (*feed)(ngx_http_review_call_t *call,
                                      u_char *data, size_t len);

    /* the answer has ended, whatever it was; what an error's body tells */

    const char               *(*end)(ngx_http_review_call_t *call);

    /* of status 200: sets call->failure; 1: another try may be worth it */

    ngx_uint_t                (*outcome)(ngx_http_review_call_t *call);
} ngx_http_review_backend_t;


struct ngx_http_review_call_s {
    ngx_queue_t                 queue;      /* in ctx->ended */
    ngx_queue_t                 running;    /* in ctx->calls */
    ngx_http_review_ctx_t      *ctx;
    void                       *data;       /* its owner's: cell, batch */

    const ngx_http_review_backend_t  *backend;
    ngx_http_review_uri_t      *uri;
    const char                 *accept;
    ngx_str_t                   type;       /* empty: application/json */
    review_str_t                name;       /* in logs */
    ngx_http_review_usage_t    *usage;
    review_str_t               *body;       /* pieces */
    size_t                      npieces;    /* 0: the client's own body */
    ngx_msec_t                  timeout;    /* 0: review_call_timeout */
    ngx_http_review_call_pt     handler;    /* called once: it has ended */

    ngx_http_request_t         *sr;         /* the try that runs, or NULL */
    ngx_http_review_turn_t      turn;       /* of the LLM's capacity */
    ngx_event_t                 timer;      /* its timeout, or the backoff */
    ngx_msec_t                  started;
    ngx_msec_t                  first;      /* when the answer began; 0 */
    ngx_uint_t                  tries;
    ngx_uint_t                  pauses;     /* in a row: the LLM is busy */
    ngx_uint_t                  status;     /* HTTP status, 0: no response */
    ngx_int_t                   rc;         /* of the subrequest */
    ngx_event_t                *read;       /* of the upstream connection */
    ngx_msec_t                  retry_after;
    void                       *inflate;    /* of a gzipped answer */

    ngx_http_review_failure_t   failure;    /* of the last try */
    char                        status_code[sizeof("http_") + NGX_INT_T_LEN];

    unsigned                    header:1;   /* a response header was seen */
    unsigned                    attempted:1; /* to connect to an upstream */
    unsigned                    connected:1;
    unsigned                    no_server:1; /* was found for it, */
    unsigned                    busy:1;     /* since all are busy */
    unsigned                    silent:1;   /* proxy_read_timeout in mid-body */
    unsigned                    active:1;   /* is in ctx->calls */
    unsigned                    ended:1;    /* waits in ctx->ended */
    unsigned                    timedout:1; /* by review_call_timeout */
    unsigned                    encoded:1;  /* can't be decoded */
    unsigned                    cut:1;      /* before the end that was told */
    unsigned                    left:1;     /* a try was left behind, which
                                               still knows the call */
};


/* CPU-bound work of a request: see ngx_http_review_thread.c */

typedef void (*ngx_http_review_work_pt)(void *data);


struct ngx_http_review_work_s {
    ngx_http_review_ctx_t      *ctx;        /* NULL: the request is gone */
    ngx_pool_t                 *pool;       /* the thread's while it works */
    review_pool_t              *memory;     /* the same */
    ngx_http_review_work_pt     run;        /* on a thread */
    ngx_http_review_work_pt     done;       /* afterwards, in the event loop */
    void                       *data;
    void                       *task;       /* nginx's, used again */
    void                       *threads;    /* its pool; NULL: never needed */
    ngx_uint_t                  held;       /* by other works */
    ngx_pool_cleanup_t         *cleanup;    /* of the request's pool */
    ngx_event_t                 alive;      /* keeps a worker from its exit */
    volatile ngx_uint_t         gone;       /* nobody waits for it any more:
                                               a thread may look at it */
    unsigned                    busy:1;
};


extern ngx_module_t  ngx_http_review_module;


/*
 * ngx_http_review_ctx.c: a client's request, from its first header to its end.
 * "size" is that of the endpoint's structure.
 */

ngx_http_review_ctx_t *ngx_http_review_create_ctx(ngx_http_request_t *r,
    size_t size);

/*
 * Has the body read, then ctx->read called, which may have it parsed, begin,
 * and reply; or declines the request for its headers, where "rc" is not NGX_OK
 * but the status of a problem.  Returns what a content handler does.
 */

ngx_int_t ngx_http_review_read(ngx_http_review_ctx_t *ctx, ngx_int_t rc);

/* from here on there may be calls; the client is watched, the time runs */

ngx_int_t ngx_http_review_begin(ngx_http_review_ctx_t *ctx);

/* a reply of events; "begin" does that if ctx->sse is set already */

ngx_int_t ngx_http_review_begin_events(ngx_http_review_ctx_t *ctx);

/*
 * Has ctx->progress called, from the event loop.  The second is for those who
 * are not in the middle of an event of the client's connection, or must not
 * have anything happen before they return.
 */

void ngx_http_review_wake(ngx_http_review_ctx_t *ctx);
void ngx_http_review_wake_later(ngx_http_review_ctx_t *ctx);

/*
 * Is the request still ours?  nginx may have sent it elsewhere, as post_action
 * does once the client has gone: then all that runs for it is ended.  Whatever
 * a timer or a thread has come with asks this first.
 */

ngx_uint_t ngx_http_review_is_ours(ngx_http_review_ctx_t *ctx);

/* the end: nothing calls back any more; "rc" finalizes the request */

void ngx_http_review_end(ngx_http_review_ctx_t *ctx);
void ngx_http_review_finish(ngx_http_review_ctx_t *ctx, ngx_int_t rc);

/* ends it with a whole reply; NULL: there was no memory for one */

void ngx_http_review_ctx_reply(ngx_http_review_ctx_t *ctx, ngx_uint_t status,
    ngx_chain_t *out);

/* the same with a problem, that has been described, or with 500 */

void ngx_http_review_fail(ngx_http_review_ctx_t *ctx, ngx_int_t status);

/* has a client's going away noticed */

ngx_int_t ngx_http_review_watch_client(ngx_http_request_t *r);


/*
 * ngx_http_review_thread.c: work that would hold up the event loop.  It has a
 * pool of its own, which lives until both the request and the thread have let
 * go of it.  In between "run" and "done" nothing but the thread may touch it,
 * or what lies in it.
 */

void ngx_http_review_thread_init(void);

ngx_http_review_work_t *ngx_http_review_work_create(
    ngx_http_review_ctx_t *ctx);

/* that of the request itself, made when first needed */

ngx_http_review_work_t *ngx_http_review_work(ngx_http_review_ctx_t *ctx);

/* before the request's end; nothing of the work may be used any more */

void ngx_http_review_work_destroy(ngx_http_review_work_t *work);

/* "other" is left alone for as long as "work" has a pool */

ngx_int_t ngx_http_review_work_hold(ngx_http_review_work_t *work,
    ngx_http_review_work_t *other);

/*
 * Has "run" called on a thread, then "done"; at once, where "size" bytes are
 * not worth it: then both have been called on return.
 */

void ngx_http_review_work_start(ngx_http_review_work_t *work, size_t size,
    ngx_http_review_work_pt run, ngx_http_review_work_pt done, void *data);
ngx_uint_t ngx_http_review_work_is_large(ngx_http_review_ctx_t *ctx,
    size_t size);
char *ngx_http_review_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_review_merge_threads(ngx_conf_t *cf,
    ngx_http_review_loc_conf_t *prev, ngx_http_review_loc_conf_t *conf);


/*
 * ngx_http_review_body.c: a client's body.  In one piece: it may point to
 * nginx's memory.  As buffers that last as long as the pool, to be joined at
 * "dst" by another thread.
 */

ngx_int_t ngx_http_review_read_body(ngx_http_request_t *r, ngx_str_t *body);
off_t ngx_http_review_body_size(ngx_http_request_t *r);
ngx_int_t ngx_http_review_take_body(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_chain_t **bufs);
ngx_int_t ngx_http_review_join_body(ngx_chain_t *bufs, u_char *dst);


/*
 * ngx_http_review_parse.c: the body as JSON, an object, in ctx->body, or as a
 * text of valid UTF-8 in ctx->text.  Then "next" is called; or the request has
 * ended with a problem.
 */

void ngx_http_review_read_json(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next);
void ngx_http_review_read_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next);

/* members that are null are as good as none */

void ngx_http_review_drop_nulls(json_t *object);


/*
 * ngx_http_review_headers.c: what a client's headers ask for.  The checks
 * return NGX_OK, or the HTTP status of a problem that has been described.
 */

typedef enum {
    NGX_HTTP_REVIEW_TYPE_JSON = 0,
    NGX_HTTP_REVIEW_TYPE_TEXT,              /* plain, or Markdown */
    NGX_HTTP_REVIEW_TYPE_OTHER
} ngx_http_review_type_e;

/* of a Content-Type; NGX_DECLINED: of a text, or JSON, not in UTF-8 */

ngx_int_t ngx_http_review_media_type(ngx_str_t *value,
    ngx_http_review_type_e *type);

/* a POST of JSON; or of a document, that is or can be made a text */

ngx_int_t ngx_http_review_check_json(ngx_http_review_ctx_t *ctx);
ngx_int_t ngx_http_review_check_document(ngx_http_review_ctx_t *ctx,
    ngx_http_review_type_e *type);

/* is the type asked for by name, and not less than JSON? */

ngx_uint_t ngx_http_review_accepts(ngx_http_request_t *r, const char *type);

/* a header by its name, or NULL; a new header, from constants */

ngx_table_elt_t *ngx_http_review_find_header(ngx_list_t *headers,
    const char *name);
ngx_int_t ngx_http_review_add_header(ngx_list_t *headers, ngx_pool_t *pool,
    const char *key, ngx_str_t *value);
ngx_int_t ngx_http_review_add_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);


/* ngx_http_review_endpoint.c: an endpoint's directive */

char *ngx_http_review_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_review_loc_conf_t *conf, ngx_http_handler_pt handler);


/* ngx_http_review_call_conf.c: the directives about backends */

char *ngx_http_review_llm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_embeddings(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_review_extract(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_chunk_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_review_retry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_http_review_retry_t *ngx_http_review_create_retry(ngx_conf_t *cf);


/*
 * ngx_http_review_param.c: parameters of directives.  "name=value": 1, and the
 * value; 1 or 0 for "on" and "off", or NGX_ERROR.
 */

ngx_uint_t ngx_http_review_param(ngx_str_t *param, const char *name,
    ngx_str_t *value);
ngx_int_t ngx_http_review_on_off(ngx_str_t *value);
char *ngx_http_review_bad_param(ngx_conf_t *cf, ngx_str_t *param);
char *ngx_http_review_set_uri(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_uri_t *uri);


/*
 * ngx_http_review_call_count.c: what the metrics of a zone are told.  They are
 * those of the zone that limits the request's calls; NULL: none does.
 */

review_metrics_t *ngx_http_review_metrics(ngx_http_review_ctx_t *ctx);
void ngx_http_review_count_call(ngx_http_review_call_t *call);
void ngx_http_review_count_busy(ngx_http_review_call_t *call);
void ngx_http_review_count_cut(ngx_http_review_call_t *call,
    const char *code);
void ngx_http_review_count_retry(ngx_http_review_ctx_t *ctx,
    ngx_http_review_usage_t *usage);
void ngx_http_review_count_tokens(ngx_http_review_ctx_t *ctx,
    review_str_t *model, int64_t prompt, int64_t completion);
void ngx_http_review_add_usage(ngx_http_review_usage_t *sum,
    ngx_http_review_usage_t *usage);


/* ngx_http_review_guard.c: plain proxied locations with the same limit */

ngx_int_t ngx_http_review_guard(ngx_http_request_t *r);
void ngx_http_review_guard_header(ngx_http_request_t *r);
void ngx_http_review_guard_filter(ngx_http_request_t *r, ngx_chain_t *in);


/* ngx_http_review_status.c: what is going on */

char *ngx_http_review_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/*
 * The endpoints, and their directives: ngx_http_review_chunk.c, _split.c,
 * _embed.c, _rank.c, _object.c, _fetch.c, _task.c
 */

char *ngx_http_review(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_split(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_embed(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_rank(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_task(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_object(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_fetch(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_review_fetch_allow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_review_store.c: object stores; NULL: there is none of that name */

char *ngx_http_review_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_http_review_store_t *ngx_http_review_store_find(
    ngx_http_review_main_conf_t *rmcf, ngx_str_t *name);


/*
 * ngx_http_review_s3_problem.c: an operation that has failed, as a problem;
 * the pointer is that of a member that names the object, or NULL
 */

ngx_int_t ngx_http_review_s3_problem(ngx_http_review_ctx_t *ctx,
    ngx_http_review_s3_t *op, const char *pointer);


/*
 * ngx_http_review_extract.c: a body that is not text, made text by another
 * service.  Then "next" is called with ctx->text; or the request has ended with
 * a problem.
 */

void ngx_http_review_extract_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next);


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
 * ngx_http_review_subrequest.c: the subrequest of a try.  It is made; it is
 * cut off, or left behind, and its end is not told; it is nginx's to end with
 * the client's request.
 */

ngx_int_t ngx_http_review_call_subrequest(ngx_http_review_call_t *call);
void ngx_http_review_call_stop(ngx_http_review_call_t *call);
void ngx_http_review_call_let_go(ngx_http_review_call_t *call);

/* a try has ended, or must: has the call looked at when the request is woken */

void ngx_http_review_call_end(ngx_http_review_call_t *call);

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


/* sets call->failure */

void ngx_http_review_call_failed(ngx_http_review_call_t *call,
    const char *code, const char *detail);


/* ngx_http_review_retry.c: when, and whether, to try again */

/* counts a call towards the budget of retries */

void ngx_http_review_retry_earn(ngx_http_review_retry_t *retry);

/*
 * The milliseconds to wait before the next try, NGX_DECLINED where there
 * must not be one; the failure's note then says why, if that is no matter of
 * course.
 */

ngx_int_t ngx_http_review_retry_delay(ngx_http_review_call_t *call);

/* the same where there was no try, since all servers were busy */

ngx_msec_t ngx_http_review_retry_pause(ngx_http_review_call_t *call);


/*
 * ngx_http_review_reply.c: replies, whole or in pieces.  What returns an
 * ngx_int_t returns what finalizes the request, or goes on with it.
 */

ngx_chain_t *ngx_http_review_reply_link(ngx_pool_t *pool, const char *data,
    size_t len);
ngx_chain_t *ngx_http_review_reply_buf(ngx_pool_t *pool,
    const review_buf_t *b);
ngx_chain_t **ngx_http_review_reply_add(ngx_chain_t **ll, ngx_pool_t *pool,
    const char *data, size_t len);
ngx_int_t ngx_http_review_reply_header(ngx_http_review_ctx_t *ctx,
    ngx_uint_t status, const char *type);
ngx_int_t ngx_http_review_reply_whole(ngx_http_review_ctx_t *ctx,
    ngx_uint_t status, ngx_chain_t *out);
ngx_int_t ngx_http_review_reply_typed(ngx_http_review_ctx_t *ctx,
    ngx_uint_t status, const char *type, ngx_chain_t *out);

/* server-sent events; a reply in pieces is not to be kept back by proxies */

ngx_int_t ngx_http_review_reply_start(ngx_http_review_ctx_t *ctx,
    const char *type);
ngx_int_t ngx_http_review_reply_event(ngx_http_review_ctx_t *ctx,
    const char *name, ngx_chain_t *data, ngx_uint_t last);

/* a piece of it: its memory must stay as it is until nothing is unsent */

ngx_int_t ngx_http_review_reply_piece(ngx_http_review_ctx_t *ctx,
    ngx_chain_t *out, ngx_uint_t last);
void ngx_http_review_reply_ping(ngx_http_review_ctx_t *ctx);
ngx_int_t ngx_http_review_reply_flush(ngx_http_review_ctx_t *ctx);

/* something is unsent: 1; a streaming reply's client has send_timeout for it */

ngx_uint_t ngx_http_review_reply_unsent(ngx_http_review_ctx_t *ctx);

/* members that replies have in common */

void ngx_http_review_reply_usage(review_buf_t *b,
    ngx_http_review_usage_t *usage, ngx_uint_t calls);
void ngx_http_review_reply_error(review_buf_t *b, const char *code,
    const char *detail, const char *note);


/*
 * ngx_http_review_problem.c: errors as RFC 9457 problems.  The first describes
 * one and returns the status; pointer and detail may be NULL.
 */

ngx_int_t ngx_http_review_problem(ngx_http_review_ctx_t *ctx,
    ngx_int_t status, const char *pointer, const char *detail);
ngx_int_t ngx_http_review_refuse(ngx_http_review_ctx_t *ctx, ngx_int_t status,
    const char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
ngx_int_t ngx_http_review_reply_problem(ngx_http_review_ctx_t *ctx,
    ngx_int_t status);


/*
 * a problem's headers and body, that was described: instead of those that are
 * on their way
 */

void ngx_http_review_problem_headers(ngx_http_review_ctx_t *ctx);
ngx_buf_t *ngx_http_review_problem_buf(ngx_http_review_ctx_t *ctx);


/* ngx_http_review_error_page.c: nginx's own, at our locations, as problems */

ngx_int_t ngx_http_review_error_page_header(ngx_http_request_t *r);
ngx_int_t ngx_http_review_error_page_body(ngx_http_request_t *r,
    ngx_chain_t *in, ngx_http_output_body_filter_pt next);


/* ngx_http_review_inflate.c: answers that come gzipped in spite of us */

ngx_int_t ngx_http_review_inflate_init(ngx_http_review_call_t *call);
ngx_int_t ngx_http_review_inflate(ngx_http_review_call_t *call, u_char *data,
    size_t len);


/* ngx_http_review_variables.c */

ngx_int_t ngx_http_review_add_variables(ngx_conf_t *cf);


/* ngx_http_review_pool.c: nginx's pools, for the lower floor */

review_pool_t *ngx_http_review_pool(ngx_pool_t *pool);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_H_INCLUDED_ */
