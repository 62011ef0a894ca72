
/*
 * JSON of a form that is known, read member by member in place: what the hot
 * paths share.  Whatever is not as expected ends the walk, and a full parser
 * judges it.  All return 0, or -1 for that.
 */

#ifndef _REVIEW_WALK_H_INCLUDED_
#define _REVIEW_WALK_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    const char     *p;
    const char     *last;
    unsigned        seen;              /* the members seen, a bit each */
} review_walk_t;


/* takes the value of the member "name", at which the walk stands */

typedef int (*review_walk_member_pt)(review_walk_t *w,
    const review_str_t *name);


#define review_walk_named(str, literal)                                       \
    ((str)->len == sizeof(literal) - 1                                        \
     && memcmp((str)->data, literal, sizeof(literal) - 1) == 0)


/* an object, its members handed to "member" one by one */

int review_walk_object(review_walk_t *w, review_walk_member_pt member);

/* the byte that must come next, and the white space after it */

int review_walk_byte(review_walk_t *w, char c);

/* marks a member as seen: one that comes twice is not ours to judge */

int review_walk_once(review_walk_t *w, unsigned member);

/* goes over a member that is not ours, unless escapes hide that it is */

int review_walk_skip(review_walk_t *w, const review_str_t *name);

int review_walk_null(review_walk_t *w);

/* a string, its escapes kept, or null, which leaves *text alone */

int review_walk_text(review_walk_t *w, review_str_t *text);

/* null or an empty string: some servers send the one, some the other */

int review_walk_nothing(review_walk_t *w);

/* a whole number of 15 digits at most, or null, which leaves *n alone */

int review_walk_number(review_walk_t *w, int64_t *n);


#pragma GCC visibility pop


#endif /* _REVIEW_WALK_H_INCLUDED_ */
