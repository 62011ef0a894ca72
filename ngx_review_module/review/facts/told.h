
/* What a check has found, gathered: the worst of it is told. */

#ifndef _REVIEW_TOLD_H_INCLUDED_
#define _REVIEW_TOLD_H_INCLUDED_


#include "review/base/buf.h"
#include "review/facts/check.h"

#pragma GCC visibility push(hidden)


/* worst last */

typedef enum {
    REVIEW_TOLD_GOOD = 0,
    REVIEW_TOLD_UNSURE,
    REVIEW_TOLD_WRONG,
    REVIEW_TOLD_KINDS
} review_told_e;

#define REVIEW_TOLD_SENTENCES  5       /* of each kind */


typedef struct {
    review_pool_t         *pool;
    const char            *text;
    int                    english;
    review_buf_t           said[REVIEW_TOLD_KINDS];
    size_t                 n[REVIEW_TOLD_KINDS];
    review_check_place_t   places[REVIEW_TOLD_KINDS][REVIEW_CHECK_PLACES];
    size_t                 nplaces[REVIEW_TOLD_KINDS];
} review_told_t;


void review_told_begin(review_told_t *told, review_pool_t *pool,
    const char *text, int english);

/* one thing more, with its sentence; then the places that show it */

void review_told(review_told_t *told, review_told_e kind, const char *zh,
    const char *en, ...);
void review_told_place(review_told_t *told, review_told_e kind,
    const char *from, const char *to);

/* all together; "none" is said where there is nothing */

int review_told_end(review_told_t *told, const char *zh, const char *en,
    review_checked_t *checked);


#pragma GCC visibility pop


#endif /* _REVIEW_TOLD_H_INCLUDED_ */
