
/* What the objects of an answer are worth, and what else names a verdict. */

#ifndef _REVIEW_ANSWER_CANDIDATE_H_INCLUDED_
#define _REVIEW_ANSWER_CANDIDATE_H_INCLUDED_


#include "review/answer/answer_find.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_answer_find_t  *find;
    const char            *text;     /* that is searched */
    review_buf_t           out;      /* a candidate, repaired or folded */
    json_t                *best;
    const char            *start;    /* where the best one stands */
    const char            *end;
    size_t                 depth;    /* braces open in prose; with a best
                                        one, about it or behind it */
    size_t                 objects;  /* that were looked up */
    size_t                 found;    /* candidates, quoted ones too */
    unsigned               said;     /* sets of verdicts: named elsewhere */
    unsigned               theirs;   /* in what is quoted, or in words */
    unsigned               bare;     /* in what is quoted, says no more */
    unsigned               differ:1; /* candidates that do not agree */
    unsigned               quoted:1; /* an object is the request's */
    unsigned               looked:1; /* "named" is known */
    unsigned               named:1;  /* the request has a "verdict" */
    unsigned               mapped:1; /* the best one's names are, of another
                                        case */
    unsigned               may:1;    /* more verdicts in the best's text */
} review_answer_candidates_t;


/* does the text stand in the request? */

int review_answer_candidate_is_quoted(review_answer_candidates_t *c,
    const char *p, size_t len);

/* does the request have the name?  A wrapper may have thousands that ask */

int review_answer_candidate_is_named(review_answer_candidates_t *c);

/* takes the object that stands at [p, end), and those that it wraps */

void review_answer_candidate_take(review_answer_candidates_t *c, json_t *json,
    const char *p, const char *end);

/* the verdict that is named at p; returns where to go on */

const char *review_answer_candidate_claim(review_answer_candidates_t *c,
    const char *p, const char *last, int quoted);

/* all that are named from p on */

void review_answer_candidate_claims(review_answer_candidates_t *c,
    const char *p, const char *last, int quoted);

/* is another verdict than the best one's named, which may be the LLM's? */

int review_answer_candidate_is_doubtful(review_answer_candidates_t *c);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_CANDIDATE_H_INCLUDED_ */
