
/* What an LLM said, without what it thought before. */

#ifndef _REVIEW_ANSWER_SAID_H_INCLUDED_
#define _REVIEW_ANSWER_SAID_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * Reasoning stands at the very start of the content, between an opening tag
 * and the first closing one that is in no object.  Templates of chats often
 * open it themselves: then it ends with a closing tag before which no answer
 * stands.  Any other tag is text: it may be the document's.
 *
 * Sets *said to what follows, without white space around it.  Returns 0, or -1
 * where reasoning never ends, and then *said is what stands within.
 */

int review_answer_said(review_pool_t *pool, const char *content, size_t len,
    review_str_t *said);


/* does the text name a member of an answer, be it well-formed or not? */

int review_answer_said_names(const char *p, const char *last);

/* the length of a member's name between quotes at p, or 0 */

size_t review_answer_said_quoted(const char *p, const char *last);

/* does a value follow the name that ends at p? */

int review_answer_said_value(const char *p, const char *last);


/* those that an answer may have; the last is NULL */

extern const char *const  review_answer_names[];


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_SAID_H_INCLUDED_ */
