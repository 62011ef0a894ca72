
/* The verdicts that a text names, be it JSON or not. */

#ifndef _REVIEW_ANSWER_CLAIM_H_INCLUDED_
#define _REVIEW_ANSWER_CLAIM_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* sets of verdicts */

#define review_answer_claim_bit(verdict)  (1u << (verdict))

/*
 * At p "verdict" is followed by the name of one, with nothing but marks and
 * white space between them: "verdict": "fail", **Verdict**: fail,
 * <verdict>fail; or "is" and the like, and then *words is set.  A list of those
 * that may be is none.
 *
 * Returns a review_verdict_e, and *end is behind it; or -1.
 */

int review_answer_claim_at(const char *p, const char *last, const char **end,
    int *words);

/* does an object, or what is in it, say no more than a verdict? */

int review_answer_claim_is_bare(const json_t *json);

/*
 * May a text that has the name of a verdict have another one, in whatever case
 * and with whatever between its letters?
 */

int review_answer_claim_may(const char *p, const char *last);

/* is it the name of a verdict, in a way, but not quite that of the contract? */

int review_answer_claim_is_name(const char *name);

/* those that a document's author likes less than this one */

unsigned review_answer_claim_worse(review_verdict_e verdict);

/*
 * An index into the names; case, "-" and " " are not held against a model, nor
 * is a list of one.  -1: it is none of them.
 */

int review_answer_claim_index(const char *const *names, const json_t *value);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_CLAIM_H_INCLUDED_ */
