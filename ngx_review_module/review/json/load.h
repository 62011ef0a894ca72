
/*
 * JSON text made into jansson's values by the scanner, which takes a tenth of
 * what jansson's own loader takes, at a byte a time: an LLM's answers are most
 * of what a review parses.
 */

#ifndef _REVIEW_JSON_LOAD_H_INCLUDED_
#define _REVIEW_JSON_LOAD_H_INCLUDED_


#include "review/json/json.h"

#pragma GCC visibility push(hidden)


/*
 * What is built of one text at most: jansson's values take some 50 bytes each,
 * objects and arrays 300, however few bytes of JSON they are.
 */

#define REVIEW_LOAD_VALUES  1048576
#define REVIEW_LOAD_LISTS   200000


typedef enum {
    REVIEW_LOAD_BAD = 0,               /* not JSON, or not for the scanner */
    REVIEW_LOAD_UNKNOWN,               /* a member's name */
    REVIEW_LOAD_TOO_MANY,              /* values */
    REVIEW_LOAD_TOO_MANY_LISTS         /* objects and arrays */
} review_load_e;

typedef struct {
    review_load_e           why;       /* there is no value; and then: */
    const char             *at;        /* where the name, or the value, begins,
                                          but for what is bad */
    const review_member_t  *members;   /* what is known there */
    size_t                  values;    /* that were read */
} review_load_known_t;


/*
 * Of the object that the text is: what its list does not know is refused before
 * it is built, and what is of no use is not built.  So in objects within, where
 * the list has lists for these.  Where all else is kept, nulls are not.
 */

json_t *review_json_load_known(const char *data, size_t len, size_t flags,
    const review_member_t *members, review_load_known_t *known);


/*
 * As json_loadb(), with the same flags and the same result: what the scanner
 * would not read as jansson does, and all that is wrong, is left to jansson,
 * which also says why in *error.  The caller owns the value.
 */

json_t *review_json_load(const char *data, size_t len, size_t flags,
    json_error_t *error);


/* the same without jansson: NULL where it is needed, be the text good or not */

json_t *review_json_load_read(const char *data, size_t len, size_t flags);


#pragma GCC visibility pop


#endif /* _REVIEW_JSON_LOAD_H_INCLUDED_ */
