
/*
 * What a zone has seen: counters and histograms in memory that processes
 * share, told as JSON and as a page for Prometheus.  Each has a place of its
 * own for what it is told apart by; names that come while nginx runs have
 * tables, and what finds no place there any more is counted as "other".
 */

#ifndef _REVIEW_METRICS_H_INCLUDED_
#define _REVIEW_METRICS_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/code.h"
#include "review/limit/budget.h"
#include "review/limit/queue.h"
#include "review/metrics/name.h"

#pragma GCC visibility push(hidden)


#define REVIEW_METRICS_BUCKETS   21    /* of a histogram; the last is +Inf */
#define REVIEW_METRICS_OUTCOMES  35
#define REVIEW_METRICS_MODELS    32
#define REVIEW_METRICS_LLMS      16    /* the first has no name */
#define REVIEW_METRICS_POINTS    512   /* of rubrics; a power of two */
#define REVIEW_METRICS_CLASSES   REVIEW_PRIORITIES

/* in place of milliseconds: none were spent, a histogram is not for it */

#define REVIEW_METRICS_NO_TIME   UINT32_MAX


/* how a review came out, and a point; the order is that of their names */

typedef enum {
    REVIEW_METRICS_COMPLETE = 0,
    REVIEW_METRICS_PARTIAL,
    REVIEW_METRICS_FAILED,
    REVIEW_METRICS_REJECTED,
    REVIEW_METRICS_ABORTED
} review_metrics_review_e;

#define REVIEW_METRICS_REVIEWS   5

/* of the report of a task, the first three */

#define REVIEW_METRICS_TASKS     3

typedef enum {
    REVIEW_METRICS_POINT_OK = 0,
    REVIEW_METRICS_POINT_FAILED,
    REVIEW_METRICS_POINT_TIMEOUT,
    REVIEW_METRICS_POINT_SKIPPED
} review_metrics_point_e;

#define REVIEW_METRICS_STATUSES  4

typedef enum {
    REVIEW_METRICS_PROMPT = 0,
    REVIEW_METRICS_COMPLETION
} review_metrics_kind_e;

#define REVIEW_METRICS_KINDS     2

/* what a client has asked for: the endpoints */

typedef enum {
    REVIEW_METRICS_REVIEW = 0,
    REVIEW_METRICS_TASK,
    REVIEW_METRICS_SPLIT,
    REVIEW_METRICS_EMBED,
    REVIEW_METRICS_RANK,
    REVIEW_METRICS_FETCH,
    REVIEW_METRICS_OBJECT
} review_metrics_endpoint_e;

#define REVIEW_METRICS_ENDPOINTS   7

/* what was asked for it of others than the LLM */

typedef enum {
    REVIEW_METRICS_EMBEDDING = 0,
    REVIEW_METRICS_CONVERSION,
    REVIEW_METRICS_CHUNK,
    REVIEW_METRICS_DOWNLOAD,
    REVIEW_METRICS_STORE_GET,
    REVIEW_METRICS_STORE_HEAD,
    REVIEW_METRICS_STORE_PUT,
    REVIEW_METRICS_STORE_DELETE,
    REVIEW_METRICS_STORE_LIST
} review_metrics_operation_e;

#define REVIEW_METRICS_OPERATIONS  9

/* the verdicts of results that are ok, then the other statuses */

#define REVIEW_METRICS_VERDICTS    5
#define REVIEW_METRICS_CELLS       (REVIEW_METRICS_VERDICTS                   \
                                    + REVIEW_METRICS_STATUSES - 1)


typedef struct {
    uint64_t                buckets[REVIEW_METRICS_BUCKETS];
    uint64_t                sum;                     /* milliseconds */
} review_histogram_t;


/* all that has a name is there when the name is, see name.h */

typedef struct {
    uint64_t                key;                     /* 0: free */
    uint64_t                name[REVIEW_NAME_WORDS];
    uint64_t                tokens[REVIEW_METRICS_KINDS];
} review_metrics_model_t;


typedef struct {
    uint64_t                key;
    uint64_t                name[REVIEW_NAME_WORDS];
    uint64_t                calls[REVIEW_METRICS_CLASSES]
                                 [REVIEW_METRICS_OUTCOMES];
    uint64_t                retries[REVIEW_METRICS_CLASSES];
    review_histogram_t      duration;
    review_histogram_t      first_token;
    review_histogram_t      queue[REVIEW_METRICS_CLASSES];
} review_metrics_llm_t;


/* of a rubric: its name, and the point's id */

typedef struct {
    uint64_t                key;
    uint64_t                name[2 * REVIEW_NAME_WORDS];
    uint64_t                cells[REVIEW_METRICS_CELLS];
    uint64_t                tokens[REVIEW_METRICS_KINDS];
} review_metrics_point_t;


typedef struct {
    uint64_t                ended[REVIEW_METRICS_REVIEWS];
    uint64_t                received;                /* bytes */
    uint64_t                sent;
    review_histogram_t      duration;
} review_metrics_request_t;


typedef struct {
    uint64_t                ok;
    uint64_t                failed;
    uint64_t                bytes;                   /* of both directions */
    review_histogram_t      duration;
} review_metrics_operated_t;


/*
 * All zeros is empty.  No lock is needed for anything here: whatever happens
 * to a process, the others count on.
 */

typedef struct {
    uint64_t                   reviews[REVIEW_METRICS_CLASSES]
                                      [REVIEW_METRICS_REVIEWS];
    uint64_t                   statuses[REVIEW_METRICS_STATUSES];
    uint64_t                   tasks[REVIEW_METRICS_TASKS];
    review_histogram_t         review_duration;
    review_metrics_request_t   requests[REVIEW_METRICS_ENDPOINTS];
    review_metrics_operated_t  operations[REVIEW_METRICS_OPERATIONS];
    review_metrics_model_t     models[REVIEW_METRICS_MODELS];
    uint64_t                   others[REVIEW_METRICS_KINDS];

    /* the last one is that of others; points: and one of inline points */

    review_metrics_llm_t       llms[REVIEW_METRICS_LLMS + 1];
    review_metrics_point_t     points[REVIEW_METRICS_POINTS];
    review_metrics_point_t     other_points;
    review_metrics_point_t     inline_points;
} review_metrics_t;


/*
 * Of the tenant that has a number in the zone, by its key there: a number may
 * have become another's, for whom it begins at 0
 */

typedef struct {
    uint64_t                key;
    uint64_t                calls;
    uint64_t                tokens[REVIEW_METRICS_KINDS];
} review_metrics_tenant_t;


/* that of the LLM with this name, empty: without one */

review_metrics_llm_t *review_metrics_llm(review_metrics_t *m, const char *name,
    size_t len);

/*
 * A try of a call; codes that are not of calls count as "other".  A try that
 * was never sent, since the queue was full, say, has REVIEW_METRICS_NO_TIME.
 */

void review_metrics_call(review_metrics_llm_t *llm, review_priority_e class,
    review_code_t code, uint32_t ms);

void review_metrics_retry(review_metrics_llm_t *llm, review_priority_e class);
void review_metrics_first_token(review_metrics_llm_t *llm, uint32_t ms);
void review_metrics_queue(review_metrics_llm_t *llm, review_priority_e class,
    uint32_t ms);

/* a review that was rejected best has REVIEW_METRICS_NO_TIME */

void review_metrics_review(review_metrics_t *m, review_priority_e class,
    review_metrics_review_e status, uint32_t ms);

void review_metrics_task(review_metrics_t *m, review_metrics_review_e status);

/*
 * A result, of a point of a rubric by its key, which is made once; 0: of any
 * other.  The verdict is that of one that is ok.
 */

uint64_t review_metrics_point_key(const review_str_t *rubric,
    const review_str_t *id);

void review_metrics_point(review_metrics_t *m, uint64_t key,
    const review_str_t *rubric, const review_str_t *id,
    review_metrics_point_e status, review_verdict_e verdict, int64_t prompt,
    int64_t completion);

void review_metrics_request(review_metrics_t *m,
    review_metrics_endpoint_e endpoint, review_metrics_review_e status,
    uint32_t ms, uint64_t received, uint64_t sent);
void review_metrics_operation(review_metrics_t *m,
    review_metrics_operation_e operation, int ok, uint32_t ms, uint64_t bytes);

/* a call of a tenant, and tokens */

void review_metrics_tenant(review_metrics_tenant_t *tenant, uint64_t key,
    uint64_t calls, int64_t prompt, int64_t completion);

/*
 * Tokens that are negative were not told.  The name is cut to what the table
 * holds; tokens of a model that has no name, or no place in the table any
 * more, are those of "other".
 */

void review_metrics_tokens(review_metrics_t *m, const char *model, size_t len,
    int64_t prompt, int64_t completion);


/* what a tenant has used of a budget */

typedef struct {
    uint64_t                used;
    uint32_t                limit;      /* 0: it is not known */
    uint32_t                seconds;    /* until there is some again */
} review_gauge_budget_t;


/* a tenant with calls, or that has used tokens */

typedef struct {
    char                    name[REVIEW_NAME];
    uint32_t                len;
    uint32_t                in_flight;
    uint32_t                queued;
    review_gauge_budget_t   budgets[REVIEW_BUDGET_WINDOWS];
} review_gauge_tenant_t;

/* not all of them, where they are many */

#define REVIEW_METRICS_TENANTS   100


/* what one has had; those that have no place in the list are the last one */

typedef struct {
    char                    name[REVIEW_NAME];
    uint32_t                len;
    uint64_t                calls;
    uint64_t                tokens[REVIEW_METRICS_KINDS];
} review_counted_tenant_t;

#define REVIEW_METRICS_COUNTED   1000


/* who tells it */

typedef struct {
    const char             *version;
    const char             *nginx;
    const char             *curl;
} review_build_t;


/* what is told beside: how the zone is at this moment */

typedef struct {
    uint32_t                in_flight;
    uint32_t                queued;
    uint32_t                limit;                   /* 0: there is none */
    uint32_t                limit_min;               /* of one that moves */
    uint32_t                limit_max;
    uint32_t                automatic:1;             /* it moves */
    int                     circuit;    /* 0: closed, 1: half-open, 2: open */
    uint32_t                openings;   /* of it */
    uint32_t                processes;
    uint32_t                processes_max;
    uint32_t                queued_high;
    uint32_t                queued_normal;
    uint32_t                queued_low;
    uint32_t                ntenants;
    review_gauge_tenant_t   tenants[REVIEW_METRICS_TENANTS];
    uint32_t                ncounted;
    const review_counted_tenant_t  *counted;
    review_build_t          build;
} review_gauges_t;

/* names of zones are valid UTF-8, and each stands once in a page */

typedef struct {
    review_str_t             name;
    const review_metrics_t  *metrics;
    const review_gauges_t   *gauges;
} review_metrics_zone_t;

/* one zone, as a JSON object */

void review_metrics_json(review_buf_t *b, const char *zone, size_t len,
    const review_metrics_t *m, const review_gauges_t *g);

/* a whole page, in the text format 0.0.4 */

void review_prometheus_write(review_buf_t *b,
    const review_metrics_zone_t *zones, size_t n);


#pragma GCC visibility pop


#endif /* _REVIEW_METRICS_H_INCLUDED_ */
