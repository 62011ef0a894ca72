
/*
 * Has an account been used up?  A server that says 429 mostly has too much to
 * do, and will answer later; or nobody has paid, and waiting is in vain.
 */

#ifndef _REVIEW_QUOTA_H_INCLUDED_
#define _REVIEW_QUOTA_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* what an error object says of it by its "code" and "type"; or NULL */

int review_quota(const json_t *error);

/* the same for the body of a response, whatever it is */

int review_quota_body(const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_QUOTA_H_INCLUDED_ */
