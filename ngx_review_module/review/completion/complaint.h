
/*
 * What a server says of a call that it has refused: which member of the body it
 * does not take, or that the prompt is over the model's context.
 */

#ifndef _REVIEW_COMPLAINT_H_INCLUDED_
#define _REVIEW_COMPLAINT_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* there are no more, so that a set of them is a number's bits */

#define REVIEW_COMPLAINT_MEMBERS  64


typedef struct {
    unsigned     index;            /* less than REVIEW_COMPLAINT_MEMBERS */
    const char  *member;           /* as it is called in bodies */
    const char  *directive;        /* that is set otherwise, and how */
    const char  *advice;
} review_complaint_t;


/*
 * The member that an error's words name first; 0: none that is known.  All that
 * is told of it are our own words: those of the error may quote the prompt.
 */

int review_complaint(const char *words, review_complaint_t *complaint);

/* do they say that the prompt, and what the answer may take, is too much? */

int review_complaint_context(const char *words);


#pragma GCC visibility pop


#endif /* _REVIEW_COMPLAINT_H_INCLUDED_ */
