
/*
 * A text as it flows: what regexes are tried on where they do not match the
 * text itself.  Lines that were only wrapped are one; compatibility forms are
 * folded (NFKC), radicals are ideographs, nothing stands between ideographs
 * that only set them apart, and nothing that is never seen.  Letter case and
 * all that ASCII has stay as they are.
 */

#ifndef _REVIEW_FLOW_H_INCLUDED_
#define _REVIEW_FLOW_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"
#include "review/quote/skip.h"

#pragma GCC visibility push(hidden)


/* characters that a pattern has and folding would change, at most */

#define REVIEW_FLOW_KEPT  32

typedef struct {
    size_t           n;
    int32_t          points[REVIEW_FLOW_KEPT];
} review_flow_kept_t;


typedef struct {
    review_buf_t     text;             /* the form, in UTF-8 */
    review_buf_t     runs;             /* where its pieces come from */
    review_skip_t    skip;             /* what stands about pages' ends */
    unsigned         changed:1;        /* it is not the text itself */
} review_flow_t;


/* what a pattern names is left as it is in the text */

void review_flow_keep(review_flow_kept_t *kept, const review_str_t *pattern);

/*
 * The form of a text that is valid UTF-8 and not kept.  One that is all zeroes
 * gets its memory from the pool, one that was made of the text before is made
 * anew in its own.  0, or -1: no memory, or the text has more than a gigabyte.
 */

int review_flow_make(review_flow_t *flow, review_pool_t *pool,
    const review_str_t *text, const review_flow_kept_t *kept);

/*
 * The bytes of the text that [*from, *to) of the form were made of; neither
 * cuts a code point.
 */

void review_flow_place(const review_flow_t *flow, size_t *from, size_t *to);


#pragma GCC visibility pop


#endif /* _REVIEW_FLOW_H_INCLUDED_ */
