
/* What the checks of schemas and of values share: where they are. */

#ifndef _REVIEW_SCHEMA_WALK_H_INCLUDED_
#define _REVIEW_SCHEMA_WALK_H_INCLUDED_


#include "review/json/schema.h"

#pragma GCC visibility push(hidden)


/* how deep schemas may be nested; values are followed no deeper */
#define REVIEW_SCHEMA_DEPTH  32


typedef struct {
    char             pointer[REVIEW_ERROR_POINTER];
    unsigned         depth;
    unsigned         lost;         /* names that the pointer had no room for */
    unsigned         quiet;        /* anyOf: what is wrong, nobody will read */
    long             steps;        /* that are left; less than 0: none were */
    review_error_t  *err;
} review_schema_t;


/* the names that "type" knows, NULL at the end */

extern const char *const  review_schema_types[];


void review_schema_init(review_schema_t *s, const char *pointer,
    review_error_t *err);

/* both return the pointer's length, to be given to review_schema_leave() */

size_t review_schema_enter(review_schema_t *s, const char *name);
size_t review_schema_enter_index(review_schema_t *s, size_t i);

void review_schema_leave(review_schema_t *s, size_t len);


/* these return -1: what is wrong; what the value "must be" and is not */

#define review_schema_error(s, ...)                                           \
    ((s)->quiet ? -1 : review_error((s)->err, (s)->pointer, __VA_ARGS__))

int review_schema_must(review_schema_t *s, const char *be, json_t *value);


#pragma GCC visibility pop


#endif /* _REVIEW_SCHEMA_WALK_H_INCLUDED_ */
