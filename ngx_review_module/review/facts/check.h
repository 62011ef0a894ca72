
/*
 * Checks that need no LLM: do amounts in words and in digits agree, do tables
 * add up, is what is valid valid long enough?  What can't be read, and what may
 * not belong together, is never a pass and never a fail: a person has to look.
 */

#ifndef _REVIEW_CHECK_H_INCLUDED_
#define _REVIEW_CHECK_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_CHECK_AMOUNTS = 0,
    REVIEW_CHECK_SUMS,
    REVIEW_CHECK_DATE_AFTER
} review_check_e;

/* of those that are named by a word; NULL at the end */

extern const char *const  review_checks[];


typedef struct {
    review_check_e        kind;
    int                   date;        /* 20260630; 0: it is in a variable */
    review_str_t          var;         /* its name */
} review_check_t;


/* places of a finding, at most */

#define REVIEW_CHECK_PLACES  20

typedef struct {
    size_t                from;        /* bytes of the text */
    size_t                to;
} review_check_place_t;

typedef struct {
    review_verdict_e      verdict;
    review_str_t          reason;
    review_check_place_t  places[REVIEW_CHECK_PLACES];
    size_t                nplaces;
} review_checked_t;


/*
 * Checks a text that is valid UTF-8, in time that grows with its length; the
 * "date" is that of the check, or of its variable.  The reason is the pool's,
 * in English where "english" is set, else in Chinese.  Returns 0, or -1: no
 * memory.
 */

int review_check(review_pool_t *pool, const review_check_t *check, int date,
    int english, const review_str_t *text, review_checked_t *checked);


#pragma GCC visibility pop


#endif /* _REVIEW_CHECK_H_INCLUDED_ */
