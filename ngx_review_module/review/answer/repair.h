
/*
 * JSON as LLMs write it, made strict where what is meant is beyond doubt:
 * trailing commas, comments, single and typographic quotes around strings,
 * full-width colons and commas between tokens, names without quotes, Python's
 * literals, control characters and quotes inside of strings, needless
 * escapes; 95%, NaN and what no number can hold become strings.  What is
 * missing is never made up: an object that is not closed is not repaired.
 */

#ifndef _REVIEW_REPAIR_H_INCLUDED_
#define _REVIEW_REPAIR_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"
#include "review/json/scan.h"

#pragma GCC visibility push(hidden)


#define REVIEW_REPAIR_DEPTH  64


typedef struct {
    const char     *p;             /* in: at a brace; out: where it ended */
    const char     *last;
    review_buf_t   *out;           /* takes the strict JSON */
    const char     *expected;      /* what should have stood at p */
    size_t          depth;
    size_t          members;       /* how many were begun */
    char            stack[REVIEW_REPAIR_DEPTH];    /* closing brackets due */
} review_repair_t;


/* p, last and out must be set */

review_scan_e review_repair_object(review_repair_t *r);

/*
 * Of strict JSON: with what no number can hold, 1e400, as a string.  Returns
 * how many there are.
 */

size_t review_repair_numbers(review_buf_t *out, const char *p,
    const char *last);

/* behind the object that is broken at r->p, as far as brackets tell */

const char *review_repair_behind(review_repair_t *r);


#pragma GCC visibility pop


#endif /* _REVIEW_REPAIR_H_INCLUDED_ */
