
/* What counting and telling the counts share. */

#ifndef _REVIEW_METRICS_SHARED_H_INCLUDED_
#define _REVIEW_METRICS_SHARED_H_INCLUDED_


#include "review/limit/metrics.h"

#pragma GCC visibility push(hidden)


/* names, in the order of counters and enumerations, NULL at the end */

extern const char *const  review_metrics_reviews[];
extern const char *const  review_metrics_tasks[];
extern const char *const  review_metrics_points[];
extern const char *const  review_metrics_kinds[];
extern const char *const  review_metrics_circuits[];

/* the label of a counter of calls, which may be written into "buf" */

const char *review_metrics_outcome_name(size_t i, char buf[REVIEW_CODE_NAME]);

/* the model of all that have no place of their own */

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

/* copies a model's name and returns its length; 0: there is none, it is torn */

size_t review_metrics_model(const review_metrics_model_t *model,
    char name[REVIEW_METRICS_NAME]);

/* what a limit says that does not move is said by its bounds as well */

#define review_metrics_bound(g, bound)  ((g)->automatic ? (bound) : (g)->limit)


#pragma GCC visibility pop


#endif /* _REVIEW_METRICS_SHARED_H_INCLUDED_ */
