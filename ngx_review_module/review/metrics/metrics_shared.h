
/* What counting and telling the counts share. */

#ifndef _REVIEW_METRICS_SHARED_H_INCLUDED_
#define _REVIEW_METRICS_SHARED_H_INCLUDED_


#include "review/metrics/metrics.h"

#pragma GCC visibility push(hidden)


/* names, in the order of counters and enumerations, NULL at the end */

extern const char *const  review_metrics_reviews[];
extern const char *const  review_metrics_tasks[];
extern const char *const  review_metrics_points[];
extern const char *const  review_metrics_classes[];
extern const char *const  review_metrics_endpoints[];
extern const char *const  review_metrics_operations[];
extern const char *const  review_metrics_kinds[];
extern const char *const  review_metrics_circuits[];

/* the label of a counter of calls, which may be written into "buf" */

const char *review_metrics_outcome_name(size_t i, char buf[REVIEW_CODE_NAME]);

/* all calls of an LLM; those of each outcome are added, if "calls" is there */

uint64_t review_metrics_calls(const review_metrics_llm_t *llm,
    uint64_t *calls);

/* the LLM of that number has a name, which is copied; the last is "other" */

int review_metrics_llm_name(const review_metrics_t *m, size_t i,
    char data[REVIEW_NAME], review_str_t *name);

/*
 * The point of that number, or NULL: its rubric's name and its id are copied.
 * The last two are all others, and the inline ones.
 */

const review_metrics_point_t *review_metrics_point_at(
    const review_metrics_t *m, size_t i, char data[2 * REVIEW_NAME],
    review_str_t names[2]);

/* what a counter of results is of */

void review_metrics_cell_names(size_t i, review_str_t *status,
    review_str_t *verdict);

/* the name of all that have no place of their own */

#define REVIEW_METRICS_OTHER  "other"

/* the largest milliseconds of each bucket but the last */

extern const uint32_t  review_metrics_bounds[];


#define review_metrics_get(n)  __atomic_load_n(n, __ATOMIC_RELAXED)

/*
 * A histogram at one moment: each bucket has those before it in it, so the
 * last is the count, even while others count on.
 */

void review_metrics_snapshot(review_histogram_t *snapshot,
    const review_histogram_t *h);

/* several of them as one, which is all zeros at first */

void review_metrics_gather(review_histogram_t *sum,
    const review_histogram_t *h);

/* what a limit says that does not move is said by its bounds as well */

#define review_metrics_bound(g, bound)  ((g)->automatic ? (bound) : (g)->limit)


#pragma GCC visibility pop


#endif /* _REVIEW_METRICS_SHARED_H_INCLUDED_ */
