
/* What is said of a fact whose values do not agree. */

#ifndef _REVIEW_AGREE_FINDING_H_INCLUDED_
#define _REVIEW_AGREE_FINDING_H_INCLUDED_


#include "review/report/shared.h"

#pragma GCC visibility push(hidden)


/* with every place of every value; 0, or -1: no memory */

int review_agree_finding(review_report_t *report, review_report_fact_t *fact,
    review_verdict_e verdict);


#pragma GCC visibility pop


#endif /* _REVIEW_AGREE_FINDING_H_INCLUDED_ */
