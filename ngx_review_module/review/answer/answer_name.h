
/* The names that tell an answer, be it JSON or not. */

#ifndef _REVIEW_ANSWER_NAME_H_INCLUDED_
#define _REVIEW_ANSWER_NAME_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* those of the members that an answer may have; the last is NULL */

extern const char *const  review_answer_names[];


/* that which the name is but for its case, or NULL */

const char *review_answer_name_other(const char *name);

/* does one stand in the text, where it is no word of prose? */

int review_answer_name_stands(const char *p, const char *last);

/* the length of a member's name between quotes at p, or 0 */

size_t review_answer_name_quoted(const char *p, const char *last);

/* does a value follow the name that ends at p? */

int review_answer_name_value(const char *p, const char *last);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_NAME_H_INCLUDED_ */
