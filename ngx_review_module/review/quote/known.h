
/* All texts of a request, to tell what an LLM says from what it quotes. */

#ifndef _REVIEW_KNOWN_H_INCLUDED_
#define _REVIEW_KNOWN_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct review_known_s  review_known_t;


/*
 * Room for n texts, of at most UINT32_MAX bytes, which are not copied and must
 * live as long.  NULL: no memory.
 */

review_known_t *review_known_create(review_pool_t *pool, size_t n);

void review_known_add(review_known_t *known, const review_str_t *text);

/*
 * Does an object of JSON, as quotes are folded to compare, stand in any of the
 * texts?  They are folded once, and only where they may hold any.  Without
 * memory for it everything does.
 */

int review_known_holds(review_known_t *known, const char *text, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_KNOWN_H_INCLUDED_ */
