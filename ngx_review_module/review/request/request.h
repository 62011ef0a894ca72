
/*
 * What readers of requests share.  A reader takes a client's JSON, an object,
 * and what is given where it was sent to: limits, and what is known there.  It
 * returns 0, or the HTTP status of the problem that *err describes, or -1: no
 * memory.  Every error is found there, before anything is done, and names the
 * member at fault.  Texts are the JSON's own, all else is the pool's.
 */

#ifndef _REVIEW_REQUEST_H_INCLUDED_
#define _REVIEW_REQUEST_H_INCLUDED_


#include "review/base/review.h"
#include "review/json/json.h"
#include "review/rubric/rubric.h"

#pragma GCC visibility push(hidden)


/* they are the configuration's */

typedef struct {
    review_rubric_t   *rubric;          /* where none is named; NULL: none */
    review_rubric_t *(*find)(void *data, const review_str_t *name);
    void              *data;
    size_t             max_points;      /* of a request */
    int                own;             /* a request may have its own */
} review_rubrics_t;


/*
 * The rubric of a request: the one that it names, or its own; without any, the
 * given one.
 */

int review_request_rubric(review_pool_t *pool, const review_rubrics_t *given,
    json_t *json, const char *pointer, review_rubric_t **rubric,
    review_error_t *err);

/* may it have what is its own?  0, or 422, for a pointer to that */

int review_request_own(const review_rubrics_t *given, const char *pointer,
    review_error_t *err);

/* bytes of that, as JSON, at most */

#define REVIEW_REQUEST_OWN  (1024 * 1024)

/* a point that a list spells out: as a client's */

int review_request_own_point(review_pool_t *pool, json_t *json,
    const char *pointer, review_point_t **point, review_error_t *err);

/* is the last one of a list another one by its id?  0, or 422 */

int review_request_twice(review_point_t **points, size_t last,
    const char *pointer, review_error_t *err);

/*
 * Room for the points of a list, or, where there is none, all of the rubric;
 * how many may be asked for is checked.
 */

int review_request_points(review_pool_t *pool, json_t *list,
    review_rubric_t *rubric, size_t max, review_point_t ***points, size_t *n,
    review_error_t *err);

/*
 * Points in the order of their ids, to look up any number of them; NULL: no
 * memory.  The number of one in "points", or "n": it is none of them.
 */

typedef struct {
    review_str_t       id;
    size_t             point;
} review_request_id_t;

review_request_id_t *review_request_ids(review_pool_t *pool,
    review_point_t **points, size_t n);
size_t review_request_id(const review_request_id_t *ids, size_t n,
    const review_str_t *id);

/* an object of any members */

extern const review_member_t  review_request_any[];

/* names and values for templates, of "max" bytes together; NULL: none */

int review_request_vars(json_t *vars, size_t max, review_error_t *err);

/*
 * Has "vars" all that the prompts of the points name?  A text that somebody
 * means to be there and that is not would change what is asked.
 */

int review_request_named_vars(json_t *vars, review_point_t **points, size_t n,
    review_error_t *err);

int review_request_same(const review_str_t *a, const review_str_t *b);


#pragma GCC visibility pop


#endif /* _REVIEW_REQUEST_H_INCLUDED_ */
