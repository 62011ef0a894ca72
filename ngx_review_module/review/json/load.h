
/*
 * JSON text made into jansson's values by the scanner, which takes a tenth of
 * what jansson's own loader takes, at a byte a time: an LLM's answers are most
 * of what a review parses.
 */

#ifndef _REVIEW_JSON_LOAD_H_INCLUDED_
#define _REVIEW_JSON_LOAD_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


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
