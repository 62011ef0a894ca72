
/*
 * Errors in place of an answer: servers and gateways write them in many forms,
 * with whatever status, 200 among them.
 */

#ifndef _REVIEW_COMPLETION_ERROR_H_INCLUDED_
#define _REVIEW_COMPLETION_ERROR_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/* statuses that stand for what none is: nobody has paid, a filter objects */

#define REVIEW_COMPLETION_ERROR_QUOTA    402
#define REVIEW_COMPLETION_ERROR_REFUSED  451


/*
 * Is the object, a body or an event, an error?  "event" is set if the event was
 * called one.  1: "words" gets what it says, with nothing cut but what is far
 * too long; *status is the HTTP status that its codes, types or words amount
 * to, 0: they tell nothing.
 */

int review_completion_error(const json_t *root, int event, review_buf_t *words,
    unsigned *status);

/*
 * Has the account been used up, by the codes and types of a body, whatever it
 * is?  A server that says 429 mostly has too much to do, and will answer later;
 * or nobody has paid, and waiting is in vain.
 */

int review_completion_error_quota(const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_COMPLETION_ERROR_H_INCLUDED_ */
