
/* The JSON object within what an LLM said. */

#ifndef _REVIEW_ANSWER_FIND_H_INCLUDED_
#define _REVIEW_ANSWER_FIND_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * Finds the object among reasoning, prose and fences, and repairs it where
 * that is safe.  Models reason first and answer last: of several objects the
 * last that has a "verdict" is taken; but an object that is cut off or broken
 * where an answer should be is an error, and not passed over in favour of an
 * earlier draft.  *strict is set if there was nothing to find or to repair.
 *
 * The caller owns the object.  NULL on an error.
 */

json_t *review_answer_find(review_pool_t *pool, const char *content,
    size_t len, int *strict, review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_FIND_H_INCLUDED_ */
