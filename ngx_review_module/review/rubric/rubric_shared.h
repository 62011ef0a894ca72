
/* For the files that read a rubric. */

#ifndef _REVIEW_RUBRIC_SHARED_H_INCLUDED_
#define _REVIEW_RUBRIC_SHARED_H_INCLUDED_


#include "review/rubric/rubric.h"
#include "review/json/json.h"

#pragma GCC visibility push(hidden)


/*
 * rubric_point.c: the members of an object that has to have one of them; a
 * point, which may be a client's.  0 or -1.
 */

int review_rubric_point_object(json_t *json, const char *pointer,
    const char *required, const review_member_t *members, void *into,
    review_error_t *err);
int review_rubric_point_read(review_pool_t *pool, json_t *json,
    const char *pointer, int client, review_point_t *point,
    review_error_t *err);

/* are the members that have to agree there?  0 or -1 */

int review_rubric_agree(const review_point_t *point, const char *pointer,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_RUBRIC_SHARED_H_INCLUDED_ */
