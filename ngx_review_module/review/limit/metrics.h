
/*
 * What a zone has seen: counters and histograms in memory that processes
 * share, told as JSON and as a page for Prometheus.
 */

#ifndef _REVIEW_METRICS_H_INCLUDED_
#define _REVIEW_METRICS_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/code.h"
#include "review/limit/budget.h"

#pragma GCC visibility push(hidden)


#define REVIEW_METRICS_BUCKETS   18    /* of a histogram; the last is +Inf */
#define REVIEW_METRICS_OUTCOMES  35
#define REVIEW_METRICS_MODELS    32
#define REVIEW_METRICS_NAME      64    /* bytes of a model's name */

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

#define REVIEW_METRICS_POINTS    4

typedef enum {
    REVIEW_METRICS_PROMPT = 0,
    REVIEW_METRICS_COMPLETION
} review_metrics_kind_e;

#define REVIEW_METRICS_KINDS     2


typedef struct {
    uint64_t                buckets[REVIEW_METRICS_BUCKETS];
    uint64_t                sum;                     /* milliseconds */
} review_histogram_t;


/*
 * A process that is killed while it writes a name leaves it torn.  So a name
 * is there when its hash is the key, and whoever finds it torn mends it.
 */

typedef struct {
    uint64_t                key;                     /* 0: free */
    uint64_t                name[REVIEW_METRICS_NAME / 8];
    uint64_t                tokens[REVIEW_METRICS_KINDS];
} review_metrics_model_t;


/*
 * All zeros is empty.  No lock is needed for anything here: whatever happens
 * to a process, the others count on.
 */

typedef struct {
    uint64_t                calls[REVIEW_METRICS_OUTCOMES];
    uint64_t                retries;
    uint64_t                reviews[REVIEW_METRICS_REVIEWS];
    uint64_t                points[REVIEW_METRICS_POINTS];
    uint64_t                tasks[REVIEW_METRICS_TASKS];
    review_histogram_t      call_duration;
    review_histogram_t      first_token;
    review_histogram_t      queue;
    review_histogram_t      review_duration;
    review_metrics_model_t  models[REVIEW_METRICS_MODELS];
    uint64_t                others[REVIEW_METRICS_KINDS];
} review_metrics_t;


/*
 * A try of a call; codes that are not of calls count as "other".  A try that
 * was never sent, since the queue was full, say, has REVIEW_METRICS_NO_TIME.
 */

void review_metrics_call(review_metrics_t *m, review_code_t code, uint32_t ms);

void review_metrics_retry(review_metrics_t *m);
void review_metrics_first_token(review_metrics_t *m, uint32_t ms);
void review_metrics_queue(review_metrics_t *m, uint32_t ms);

/* a review that was rejected best has REVIEW_METRICS_NO_TIME */

void review_metrics_review(review_metrics_t *m, review_metrics_review_e status,
    uint32_t ms);

void review_metrics_point(review_metrics_t *m, review_metrics_point_e status);
void review_metrics_task(review_metrics_t *m, review_metrics_review_e status);

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
    char                    name[REVIEW_METRICS_NAME];
    uint32_t                len;
    uint32_t                in_flight;
    uint32_t                queued;
    review_gauge_budget_t   budgets[REVIEW_BUDGET_WINDOWS];
} review_gauge_tenant_t;

/* not all of them, where they are many */

#define REVIEW_METRICS_TENANTS   100


/* what is told beside: how the zone is at this moment */

typedef struct {
    uint32_t                in_flight;
    uint32_t                queued;
    uint32_t                limit;                   /* 0: there is none */
    uint32_t                limit_min;               /* of one that moves */
    uint32_t                limit_max;
    uint32_t                automatic:1;             /* it moves */
    int                     circuit;    /* 0: closed, 1: half-open, 2: open */
    uint32_t                processes;
    uint32_t                processes_max;
    uint32_t                queued_high;
    uint32_t                queued_normal;
    uint32_t                queued_low;
    uint32_t                ntenants;
    review_gauge_tenant_t   tenants[REVIEW_METRICS_TENANTS];
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
