
/*
 * Parameters: members of a request to an LLM which are none of ours, or in
 * place of ours.  They are read, checked and written as JSON once; a body takes
 * them as they are.
 */

#ifndef _REVIEW_PARAMS_H_INCLUDED_
#define _REVIEW_PARAMS_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"
#include "review/json/json.h"

#pragma GCC visibility push(hidden)


#define REVIEW_PARAMS_MAX    64         /* of one place */
#define REVIEW_PARAMS_NAME   64         /* bytes of a name */
#define REVIEW_PARAMS_SIZE   16384      /* bytes of all values, as JSON */
#define REVIEW_PARAMS_DEPTH  16


typedef struct {
    review_str_t         name;
    review_str_t         value;         /* JSON; empty: the member is not sent,
                                            be it ours */
} review_param_t;


typedef struct {
    review_param_t      *elts;
    size_t               n;
} review_params_t;


/*
 * The members of an object; null: one that is not sent.  Those of a request are
 * a client's, who may set only what costs nobody anything but its own answer.
 * Returns 0 or -1.
 */

int review_params_load(review_pool_t *pool, json_t *json, const char *pointer,
    int client, review_params_t *params, review_error_t *err);

/*
 * One from a configuration: the text is JSON, or else a string; "off": the
 * member is not sent.  Returns 0 or -1; then *err has no pointer.
 */

int review_params_set(review_pool_t *pool, const review_str_t *name,
    const review_str_t *text, review_param_t *param, review_error_t *err);

/* the one of that name, or NULL */

const review_param_t *review_params_find(const review_params_t *params,
    const char *name, size_t len);

/* the whole number that it is, or 0 */

int review_params_number(const review_param_t *param);


#pragma GCC visibility pop


#endif /* _REVIEW_PARAMS_H_INCLUDED_ */
