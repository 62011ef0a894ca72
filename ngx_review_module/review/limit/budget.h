
/*
 * What a tenant has used of its tokens: how many in the last minute, hour and
 * day.  Each of these windows has a few parts; what was used in a part counts
 * until all of it is a window old.  So nobody ever has more than so many tokens
 * in any minute, wherever it begins, and has them back a tenth of it late at
 * most.
 *
 * It lies in memory that processes share, and belongs to the zone's lock.  A
 * process may die anywhere: what it has not yet added is all that is lost.
 * Times are milliseconds of a clock that does not step.
 */

#ifndef _REVIEW_BUDGET_H_INCLUDED_
#define _REVIEW_BUDGET_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_BUDGET_PARTS    10

/* in any window; a part holds no more */

#define REVIEW_BUDGET_MAX      UINT32_MAX


typedef enum {
    REVIEW_BUDGET_MINUTE = 0,
    REVIEW_BUDGET_HOUR,
    REVIEW_BUDGET_DAY
} review_budget_window_e;

#define REVIEW_BUDGET_WINDOWS  3


/* all zeros: nothing was used */

typedef struct {
    uint32_t    newest;                /* the number of the newest part */
    uint32_t    limit;                 /* it was held against last; 0: none */
    uint32_t    used[REVIEW_BUDGET_PARTS + 1];
} review_budget_part_t;


typedef struct {
    review_budget_part_t  windows[REVIEW_BUDGET_WINDOWS];
} review_budget_t;


/* milliseconds */

uint64_t review_budget_window(review_budget_window_e window);

/* "minute", "hour", "day" */

const char *review_budget_name(review_budget_window_e window);

void review_budget_add(review_budget_t *b, review_budget_window_e window,
    uint64_t now, uint64_t tokens);
uint64_t review_budget_used(const review_budget_t *b,
    review_budget_window_e window, uint64_t now);

/* milliseconds until less than the limit are used; 0: they are */

uint64_t review_budget_wait(const review_budget_t *b,
    review_budget_window_e window, uint64_t now, uint64_t limit);

/* nothing of it is used in any window: it may be forgotten */

int review_budget_idle(const review_budget_t *b, uint64_t now);


#pragma GCC visibility pop


#endif /* _REVIEW_BUDGET_H_INCLUDED_ */
