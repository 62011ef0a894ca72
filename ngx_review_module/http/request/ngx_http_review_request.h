
/* A client's request at one of our locations, and the configuration of it. */

#ifndef _NGX_HTTP_REVIEW_REQUEST_H_INCLUDED_
#define _NGX_HTTP_REVIEW_REQUEST_H_INCLUDED_


#include "http/limit/ngx_http_review_limit.h"
#include "http/base/ngx_http_review_base.h"

#include "review/base/code.h"
#include "review/document/document.h"
#include "review/json/json.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_ctx_s   ngx_http_review_ctx_t;
typedef struct ngx_http_review_work_s  ngx_http_review_work_t;


typedef struct {
    ngx_str_t                   name;
    void                       *pool;       /* ngx_thread_pool_t; NULL: off */
    size_t                      threshold;  /* smaller work is done at once */
} ngx_http_review_threads_t;


typedef struct {
    ngx_http_review_threads_t   threads;    /* where nothing else is set */
} ngx_http_review_request_main_conf_t;


typedef struct {

    /* the endpoint that is set here, by which directive, and where */

    ngx_http_handler_pt         handler;    /* NULL: none */
    const char                 *directive;
    ngx_str_t                   file;
    ngx_uint_t                  line;
    ngx_uint_t                  plain_errors; /* nginx's stay nginx's */

    ngx_http_review_threads_t  *threads;
    ngx_msec_t                  timeout;
    ngx_msec_t                  call_timeout;
    ngx_msec_t                  ping;
    size_t                      max_text;
} ngx_http_review_request_conf_t;


extern ngx_module_t  ngx_http_review_request_module;

#define ngx_http_review_request_conf(r)                                       \
    ((ngx_http_review_request_conf_t *)                                       \
         (r)->loc_conf[ngx_http_review_request_module.ctx_index])


/*
 * ngx_http_review_endpoint.c: an endpoint is set by its directive; then its
 * location is looked at as a whole.
 */

char *ngx_http_review_endpoint_set(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_handler_pt handler);
char *ngx_http_review_endpoint_merge(ngx_conf_t *cf,
    ngx_http_review_request_conf_t *prev,
    ngx_http_review_request_conf_t *conf);

/* "if" and "limit_except" are parts of their location, with its endpoint */

ngx_uint_t ngx_http_review_endpoint_inherits(ngx_conf_t *cf);

/* where that is the endpoint: what it needs has a value */

char *ngx_http_review_endpoint_needs(ngx_conf_t *cf, const char *directive,
    const char *needed, void *value);


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


/*
 * A location of ours may lead to another one, that of chunks for example, and
 * so on, but not in a circle: each call that may says how often it has come
 * through us.
 */

#define NGX_HTTP_REVIEW_PASSAGES_HEADER  "X-Review-Passages"
#define NGX_HTTP_REVIEW_PASSAGES         4


struct ngx_http_review_ctx_s {
    ngx_http_request_t         *request;
    void                      **loc_conf;   /* the location's, as it was then */
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
    ngx_http_review_ctx_pt      expire;     /* its time is over, see "late" */
    ngx_http_review_ctx_pt      cancel;     /* the end, maybe before its time */

    json_t                     *body;       /* the client's JSON, */
    review_str_t                text;       /* or its text */
    review_document_t          *document;   /* that was made the text; NULL: it
                                               has come as one */
    ngx_http_review_work_t     *work;       /* what the request's threads do */
    void                       *data;       /* what progress waits for */
    ngx_http_review_usage_t     usage;
    ngx_uint_t                  failed;     /* points, inputs */
    ngx_uint_t                  passages;   /* of us, that it has behind it */
    review_str_t               *rubric;     /* its name; NULL: none */
    const char                 *status;     /* of the reply; NULL: none yet */

    ngx_http_review_waiter_t    waiter;
    const ngx_http_review_calling_t *calling; /* NULL: no call was started */
    ngx_queue_t                 calls;      /* started and not ended */
    ngx_queue_t                 ended;      /* calls to be looked at */
    ngx_array_t                 left;       /* of ngx_http_request_t *, tries
                                               that were left behind */
    ngx_rbtree_key_t            rank;       /* of its calls, that wait for the
                                               budget of retries, the last */
    ngx_event_t                 deadline;
    ngx_event_t                 ping;
    ngx_event_t                 waking;     /* see wake_later */
    ngx_msec_t                  expires;
    ngx_http_review_exits_t     exits;
    ngx_msec_t                  margin;     /* before a worker's exit */
    review_code_t               late;       /* why its time is over: its own
                                               deadline, or the exit */
    ngx_msec_t                  delayed_until; /* by limit_req, see kick */

    ngx_buf_t                  *sending;    /* of the reply, the last piece */
    ngx_chain_t                *rest;       /* of it, still to be sent */
    ngx_str_t                   problem;    /* replaces nginx's error page */

    unsigned                    post_action:1; /* the request is one */
    unsigned                    begun:1;    /* it may have calls */
    unsigned                    over:1;     /* and must not any more */
    unsigned                    cut:1;      /* for the exit: not all is done */
    unsigned                    sse:1;
    unsigned                    replied:1;  /* a reply of ours is on its way */
    unsigned                    replacing:1; /* the body of an error page */
    unsigned                    posted:1;   /* the request will be woken */
    unsigned                    broken:1;   /* events can't be sent any more */
    unsigned                    streaming:1; /* the client has to keep up */
};


/*
 * ngx_http_review_ctx.c: a client's request, from its first header to its end.
 * "size" is that of the endpoint's structure.
 */

ngx_http_review_ctx_t *ngx_http_review_ctx_create(ngx_http_request_t *r,
    size_t size);

/* of those who will wait for the LLM's capacity, if the location limits it */

void ngx_http_review_ctx_waiter(ngx_http_review_ctx_t *ctx);

/*
 * Has the tenant used all of its tokens?  NGX_OK, NGX_ERROR, or the status of a
 * problem that has been described.
 */

ngx_int_t ngx_http_review_ctx_budget(ngx_http_review_ctx_t *ctx,
    ngx_http_review_waiter_t *waiter);

/*
 * Has the body read, then ctx->read called, which may have it parsed, begin,
 * and reply; or declines the request for its headers, where "rc" is not NGX_OK
 * but the status of a problem.  Returns what a content handler does.
 */

ngx_int_t ngx_http_review_ctx_read(ngx_http_review_ctx_t *ctx, ngx_int_t rc);

/* from here on there may be calls; the client is watched, the time runs */

ngx_int_t ngx_http_review_ctx_begin(ngx_http_review_ctx_t *ctx);

/*
 * What is left to be done has so much time at least, and nearly until the exit
 * of a worker that has to; two weeks: as long as nothing is to be feared
 */

#define NGX_HTTP_REVIEW_CTX_ENDLESS  ((ngx_msec_t) 1000 * 86400 * 14)

void ngx_http_review_ctx_extend(ngx_http_review_ctx_t *ctx, ngx_msec_t least);

/*
 * Of a time that is over: the code of what is given up, whose detail is another
 * one if it is not the deadline's; and in words, for logs, which one it was.
 */

review_code_t ngx_http_review_ctx_give_up(ngx_http_review_ctx_t *ctx,
    const char **detail);
const char *ngx_http_review_ctx_why(ngx_http_review_ctx_t *ctx,
    const char *deadline);

/* a reply of events; "begin" does that if ctx->sse is set already */

ngx_int_t ngx_http_review_ctx_begin_events(ngx_http_review_ctx_t *ctx);

/*
 * Has ctx->progress called, from the event loop.  The second is for those who
 * are not in the middle of an event of the client's connection, or must not
 * have anything happen before they return; the third for those who have done a
 * portion, and let others have their turn: until then is_tired says so.
 */

void ngx_http_review_ctx_wake(ngx_http_review_ctx_t *ctx);
void ngx_http_review_ctx_wake_later(ngx_http_review_ctx_t *ctx);
void ngx_http_review_ctx_wake_next(ngx_http_review_ctx_t *ctx);

#define ngx_http_review_ctx_is_tired(ctx)  ((ctx)->waking.posted)

/* the end: nothing calls back any more; "rc" finalizes the request */

void ngx_http_review_ctx_end(ngx_http_review_ctx_t *ctx);
void ngx_http_review_ctx_finish(ngx_http_review_ctx_t *ctx, ngx_int_t rc);

/* ends it with a whole reply; NULL: there was no memory for one */

void ngx_http_review_ctx_reply(ngx_http_review_ctx_t *ctx, ngx_uint_t status,
    ngx_chain_t *out);

/* the same with a problem, that has been described, or with 500 */

void ngx_http_review_ctx_fail(ngx_http_review_ctx_t *ctx, ngx_int_t status);

/* nothing is there, and its time is over; "detail" is about its deadline */

ngx_int_t ngx_http_review_ctx_problem_late(ngx_http_review_ctx_t *ctx,
    const char *detail);

/*
 * ngx_http_review_visit.c: whatever comes to a request from outside, a timer, a
 * turn, a thread, a transfer, does so between these two.  NULL: the request is
 * not ours any more.  nginx may have sent it elsewhere, as post_action does
 * once the client has gone: then all that runs for it has been ended.
 */

ngx_connection_t *ngx_http_review_visit_begin(ngx_http_review_ctx_t *ctx);
void ngx_http_review_visit_end(ngx_connection_t *c);

/* the same at a request that has no context of ours */

ngx_connection_t *ngx_http_review_visit_request(ngx_http_request_t *r);

/* the same question, for callbacks that only note what has come */

ngx_uint_t ngx_http_review_visit_is_ours(ngx_http_review_ctx_t *ctx);

/* ends all that runs for a request; a cleanup of its pool */

void ngx_http_review_visit_cleanup(void *data);

/* a handler of the precontent phase: a post_action takes the request away */

ngx_int_t ngx_http_review_visit_precontent(ngx_http_request_t *r);

/* has a client's going away noticed */

ngx_int_t ngx_http_review_ctx_watch_client(ngx_http_request_t *r);


/*
 * ngx_http_review_parse.c: the body as JSON, an object of these members, in
 * ctx->body, or as a text of valid UTF-8 in ctx->text.  Then "next" is called;
 * or the request has ended with a problem.
 */

void ngx_http_review_parse_json(ngx_http_review_ctx_t *ctx,
    const review_member_t *members, ngx_http_review_ctx_pt next);
void ngx_http_review_parse_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next);


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

ngx_int_t ngx_http_review_headers_media_type(ngx_str_t *value,
    ngx_http_review_type_e *type);

/* a POST of whatever it is; or of JSON */

ngx_int_t ngx_http_review_headers_check_post(ngx_http_review_ctx_t *ctx,
    ngx_http_review_type_e *type);
ngx_int_t ngx_http_review_headers_check_json(ngx_http_review_ctx_t *ctx);

/* is the type asked for by name, and not less than JSON? */

ngx_uint_t ngx_http_review_headers_accepts(ngx_http_request_t *r,
    const char *type);

/* a header by its name, or NULL; a new header, from constants */

ngx_table_elt_t *ngx_http_review_headers_find(ngx_list_t *headers,
    const char *name);
ngx_int_t ngx_http_review_headers_add(ngx_list_t *headers, ngx_pool_t *pool,
    const char *key, ngx_str_t *value);
ngx_int_t ngx_http_review_headers_add_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);


/* ngx_http_review_error_page.c: nginx's own, at our locations, as problems */

ngx_int_t ngx_http_review_error_page_header(ngx_http_request_t *r);
ngx_int_t ngx_http_review_error_page_body(ngx_http_request_t *r,
    ngx_chain_t *in, ngx_http_output_body_filter_pt next);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_REQUEST_H_INCLUDED_ */
