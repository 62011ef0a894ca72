
/*
 * A review of a chunk, for the files that make one.  A cell is one point on
 * the chunk.
 */

#ifndef _NGX_HTTP_REVIEW_CHUNK_H_INCLUDED_
#define _NGX_HTTP_REVIEW_CHUNK_H_INCLUDED_


#include "http/call/ngx_http_review_call.h"
#include "http/llm/ngx_http_review_llm_ask.h"

#include "review/answer/answer.h"
#include "review/answer/answer_said.h"
#include "review/completion/completion.h"
#include "review/base/code.h"
#include "review/quote/evidence.h"
#include "review/quote/known.h"
#include "review/quote/quote.h"
#include "review/request/request.h"
#include "review/rubric/prompt.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_chunk_s  ngx_http_review_chunk_t;
typedef struct ngx_http_review_cell_s   ngx_http_review_cell_t;

typedef void (*ngx_http_review_cell_pt)(ngx_http_review_cell_t *cell);


typedef struct {
    ngx_str_t                   name;
    review_rubric_t            *rubric;
} ngx_http_review_named_rubric_t;


/* the wing's configuration */

typedef struct {
    ngx_array_t                 rubrics; /* of ngx_http_review_named_rubric_t */
} ngx_http_review_chunk_main_conf_t;


typedef struct {
    ngx_str_t                   name;       /* of the rubric; empty: none */
    review_rubric_t            *rubric;     /* NULL: a request must name one */
    size_t                      max_chunk;
    ngx_uint_t                  max_points;
    size_t                      max_answer;
    ngx_uint_t                  explain;    /* prompts may be asked for */
    ngx_uint_t                  own;        /* a request may have a rubric */
} ngx_http_review_chunk_conf_t;


extern ngx_module_t  ngx_http_review_chunk_module;

#define ngx_http_review_chunk_conf(r)                                         \
    ((ngx_http_review_chunk_conf_t *)                                         \
         (r)->loc_conf[ngx_http_review_chunk_module.ctx_index])


/* how a result came out; the order is that of its names in JSON */

typedef enum {
    NGX_HTTP_REVIEW_OK = 0,
    NGX_HTTP_REVIEW_FAILED,
    NGX_HTTP_REVIEW_TIMEOUT,
    NGX_HTTP_REVIEW_SKIPPED
} ngx_http_review_status_e;

#define NGX_HTTP_REVIEW_STATUSES  4


/* a piece of prompts */

typedef struct {
    review_str_t                piece;
    size_t                      points;     /* code points */
} ngx_http_review_measured_t;

/* the largest may be the chunk, its heading, the references, what begins */

#define NGX_HTTP_REVIEW_ESTIMATED  4

typedef struct {
    review_str_t                piece;
    size_t                      tokens;
} ngx_http_review_estimated_t;

/*
 * What a thread has estimated: parts of prompts, all of them together, and all
 * but the first
 */

#define NGX_HTTP_REVIEW_PARTS  (REVIEW_PROMPT_PARTS + 2)


/* the body of a call, to be shown; its pieces are those that are sent */

typedef struct {
    review_str_t               *pieces;
    size_t                      npieces;    /* 0: there is no room for it */
} ngx_http_review_explained_t;


/*
 * Of a regex: its first match in the chunk, in bytes, if "rc" is NGX_OK; if it
 * was found in the text's folded form, what that stands for.  Of a rule's, the
 * place of it, too.
 */

typedef struct {
    ngx_int_t                   rc;         /* NGX_DECLINED: there is none,
                                               NGX_ERROR: it took too much */
    ngx_int_t                   captures[2];
    ngx_uint_t                  folded;
    review_span_t               span;
    review_span_t              *more;       /* of a rule about the document:
                                               the next ones */
    ngx_uint_t                  nmore;
} ngx_http_review_matched_t;

/* so many are told, with the first one */

#define NGX_HTTP_REVIEW_MATCHES  20


/* what a point's check has found, and where in the chunk */

typedef struct {
    ngx_int_t                   rc;         /* NGX_DECLINED: no time was left,
                                               NGX_ERROR: no memory */
    review_checked_t            found;
    review_span_t               spans[REVIEW_CHECK_PLACES];
} ngx_http_review_checked_t;


struct ngx_http_review_cell_s {
    ngx_queue_t                 queue;      /* in chunk->answered */
    ngx_http_review_chunk_t    *chunk;
    review_point_t             *point;
    ngx_http_review_llm_t      *llm;        /* that it asks */
    ngx_http_review_llm_t      *meant;      /* that it is to ask, whatever is
                                               asked instead */
    ngx_http_review_failure_t   passing;    /* that of another one, which may
                                               pass; 0: none */
    ngx_http_review_llm_t      *passing_llm;
    ngx_http_review_matched_t   when;       /* if the point has any */
    ngx_http_review_matched_t   rule;
    ngx_http_review_checked_t  *checked;
    ngx_http_review_call_t     *call;       /* NULL: none was needed */
    review_completion_t        *completion; /* of the last try */
    review_completion_e         outcome;

    ngx_array_t                 turns;      /* of review_turn_t */
    ngx_uint_t                  step;
    ngx_int_t                   max_tokens; /* over the point's, after a cut;
                                               -1: none */
    ngx_http_review_usage_t     usage;
    review_str_t                model;
    ngx_uint_t                  warnings;   /* its own */
    ngx_msec_t                  started;

    ngx_http_review_cell_pt     read;       /* its answer is */
    review_str_t                said;       /* without reasoning; empty where
                                               that never ends; before the last
                                               step as prompts have it, or NULL:
                                               no memory */
    size_t                      said_tokens;
    ngx_array_t                *estimated;  /* of such answers */
    ngx_array_t                *explained;  /* of ngx_http_review_explained_t,
                                               if it is to be */
    review_answer_t            *answer;     /* NULL: none that makes sense */
    review_evidence_t          *evidence;
    review_error_t             *err;        /* what is wrong with it */
    void                       *search;     /* that of a thread */

    ngx_http_review_status_e    status;
    review_verdict_e            verdict;    /* of one that is ok */
    ngx_str_t                   result;     /* JSON, when done */

    unsigned                    done:1;
    unsigned                    open:1;     /* the result: bodies of calls are
                                               to follow */
    unsigned                    whole:1;    /* the answer ends, be it good or
                                               not */
    unsigned                    fresh:1;    /* caches are bypassed */
    unsigned                    searched:1; /* is in chunk->answered */
    unsigned                    reasked:1;  /* once, at this step */
    unsigned                    extended:1; /* more max_tokens, at this step */
    unsigned                    bounded:1;  /* there were any */
    unsigned                    returned:1; /* from a fallback to the first */
};


#define ngx_http_review_cell_is_last(cell)                                    \
    ((cell)->step + 1 >= ngx_max((cell)->point->nprompts, 1))


/* a review: "review" is its endpoint */

struct ngx_http_review_chunk_s {
    ngx_http_review_ctx_t       ctx;

    review_str_t                id;         /* data is NULL: none */
    review_rubric_t            *rubric;     /* NULL: inline points only */
    ngx_http_review_llm_t      *llm;        /* whose model and parameters are
                                               the rubric's */
    review_subject_t            subject;
    size_t                      size;       /* of all texts of the request */
    review_pool_t              *memory;     /* of what they are made into */
    review_source_t           **sources;    /* the chunk, then references */
    review_quote_t             *quote;      /* that is looked for in them */
    review_known_t             *known;      /* all texts of the request */
    review_prompt_t            *prompt;

    ngx_http_review_cell_t     *cells;
    ngx_uint_t                  ncells;
    ngx_uint_t                  ndone;
    ngx_uint_t                  next;       /* cell to begin, or give up */
    ngx_uint_t                  counts[NGX_HTTP_REVIEW_STATUSES];
    ngx_uint_t                  waited;     /* cells without a call: they had
                                               no turn */
    ngx_http_review_waiter_t   *waiter;     /* of the last one of these */
    ngx_uint_t                  retry_after; /* seconds, if there are any */
    ngx_queue_t                 answered;   /* cells whose answers are read,
                                               one after the other */
    ngx_str_t                   key;        /* $review_chunk_key */
    size_t                      explained;  /* bytes of what is shown */
    ngx_uint_t                  warnings;   /* of the texts: of all results */
    ngx_http_review_measured_t  measured;   /* what prompts begin with */
    ngx_http_review_estimated_t estimated[NGX_HTTP_REVIEW_ESTIMATED];
    ngx_uint_t                  nestimated;
    ngx_http_review_estimated_t parts[NGX_HTTP_REVIEW_PARTS];

    unsigned                    explain:1;  /* calls are shown */
    unsigned                    counted:1;  /* in the zone's metrics */
    unsigned                    shared:1;   /* with a thread: its texts, and
                                               what is learned of them */
    ngx_event_t                 watch;      /* of a stream: does it wait? */

    unsigned                    searching:1; /* a thread is at it */
    unsigned                    expired:1;
    unsigned                    waits:1;    /* for an LLM that fails */
};


extern const char   *ngx_http_review_statuses[];
extern const ngx_http_review_backend_t  ngx_http_review_chat_backend;


/*
 * ngx_http_review_chunk.c: the endpoint's directive; the review of a request,
 * or NULL
 */

char *ngx_http_review(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

ngx_http_review_chunk_t *ngx_http_review_chunk_of(ngx_http_request_t *r);


/* ngx_http_review_cell.c: one point on one chunk */

void ngx_http_review_cell_start(ngx_http_review_cell_t *cell);

/* gives up what runs or waits; the review's deadline is over */

void ngx_http_review_cell_expire(ngx_http_review_cell_t *cell);


/*
 * ngx_http_review_evidence.c: the texts that answers are held against; what the
 * completion says, and where its quotes stand, whereupon "read" is called, with
 * what came of it in the cell.
 */

ngx_int_t ngx_http_review_evidence_texts(ngx_http_review_chunk_t *chunk);

void ngx_http_review_evidence(ngx_http_review_cell_t *cell,
    ngx_http_review_cell_pt read);
void ngx_http_review_evidence_leave(ngx_http_review_cell_t *cell);


/* ngx_http_review_result.c: a result as JSON */

void ngx_http_review_result_finding(ngx_http_review_cell_t *cell);
void ngx_http_review_result_rule(ngx_http_review_cell_t *cell,
    ngx_http_review_matched_t *matched);
void ngx_http_review_result_check(ngx_http_review_cell_t *cell);
void ngx_http_review_result_skipped(ngx_http_review_cell_t *cell);
void ngx_http_review_result_failed(ngx_http_review_cell_t *cell,
    review_code_t code, const char *detail, const char *note);


/* ngx_http_review_chunk_reply.c: the results together, and as they come */

ngx_int_t ngx_http_review_chunk_reply(ngx_http_review_chunk_t *chunk,
    ngx_uint_t status);
void ngx_http_review_chunk_reply_result(ngx_http_review_cell_t *cell);
void ngx_http_review_chunk_reply_progress(ngx_http_review_chunk_t *chunk);

/* the body of a call is to be shown with its result */

ngx_int_t ngx_http_review_chunk_reply_explain(ngx_http_review_cell_t *cell,
    review_str_t *pieces, size_t n);


/* ngx_http_review_chunk_count.c: what the metrics of a zone are told */

void ngx_http_review_chunk_count_point(ngx_http_review_cell_t *cell);
void ngx_http_review_chunk_count_review(ngx_http_review_chunk_t *chunk,
    review_metrics_review_e status);
void ngx_http_review_chunk_count_finished(ngx_http_review_chunk_t *chunk);


/* ngx_http_review_chat.c: of a try that is ended: its tokens so far */

void ngx_http_review_chat_spent(ngx_http_review_call_t *call);

/* the model that a cell asks for; empty: none is named */

const review_str_t *ngx_http_review_chat_model(ngx_http_review_cell_t *cell);

/* how many tokens the parts of prompts may be; a thread may ask */

void ngx_http_review_chat_parts(const review_prompt_t *prompt,
    ngx_http_review_estimated_t *known);
size_t ngx_http_review_chat_tokens(const review_str_t *piece);


/* ngx_http_review_rubric.c: rubrics in the configuration */

char *ngx_http_review_rubric(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
review_rubric_t *ngx_http_review_rubric_find(
    ngx_http_review_chunk_main_conf_t *rmcf, const char *name, size_t len);

/* what readers of requests are given of them */

void ngx_http_review_rubric_all(ngx_http_review_ctx_t *ctx,
    review_rubrics_t *given);

/*
 * ngx_http_review_regex.c: has all regexes of a review matched, those that the
 * request has brought compiled, and all checks made; then "next" is called, or
 * the request has ended with a problem.
 */

ngx_int_t ngx_http_review_regex_start(ngx_http_review_chunk_t *chunk,
    void (*next)(ngx_http_review_chunk_t *chunk));

/*
 * On a thread: of the points in the configuration whose "open" is set it is
 * cleared where the text has no match for their "when".  One that can't tell is
 * open, and so are all once the microseconds that are "left" have been spent.
 */

void ngx_http_review_regex_gates(review_pool_t *memory,
    const review_str_t *text, review_point_t **points, size_t n,
    unsigned char *open, uint64_t *left);

/* those of a point in the configuration, compiled */

ngx_int_t ngx_http_review_regex_point(ngx_pool_t *pool, review_point_t *point,
    const char *pointer, review_error_t *err);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_CHUNK_H_INCLUDED_ */
