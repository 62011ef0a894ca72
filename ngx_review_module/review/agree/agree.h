
/*
 * Facts that must agree: values that the answers about a point have given, of
 * all chunks and documents, each with the place where it stands.
 */

#ifndef _REVIEW_AGREE_H_INCLUDED_
#define _REVIEW_AGREE_H_INCLUDED_


#include "review/report/report.h"

#pragma GCC visibility push(hidden)


/* values of a fact, at most; of those behind them it is told that they are */

#define REVIEW_AGREE_VALUES  1000

/*
 * Once, when all cells have something, before the report is finished: what of
 * a fact differs becomes a finding of its point.  Two values differ for certain
 * only if both stand in the chunks that they were taken from; else, and where
 * a number can't be told, nobody knows, and a person has to look.  To be done
 * on a thread.  0, or -1: no memory.
 */

int review_agree(review_report_t *report);


#pragma GCC visibility pop


#endif /* _REVIEW_AGREE_H_INCLUDED_ */
