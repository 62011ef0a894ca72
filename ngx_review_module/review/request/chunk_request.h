
/* What a client has reviewed: a chunk of text, and the points asked of it. */

#ifndef _REVIEW_CHUNK_REQUEST_H_INCLUDED_
#define _REVIEW_CHUNK_REQUEST_H_INCLUDED_


#include "review/request/request.h"
#include "review/rubric/prompt.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_rubrics_t    rubrics;
    size_t              max_chunk;      /* bytes of the chunk, and of vars */
    size_t              max_points;     /* and references */
    int                 explains;       /* prompts may be asked for */
} review_chunk_given_t;


typedef struct {
    review_str_t        id;             /* data is NULL: none */
    review_rubric_t    *rubric;         /* NULL: inline points only */
    review_point_t    **points;
    size_t              npoints;
    unsigned char      *fresh;          /* of each point: caches are bypassed;
                                           NULL: for none */
    double              deadline;       /* seconds; 0: none is told */
    review_subject_t    subject;        /* but for how the LLM is asked */
    int                 explain;        /* its prompts are asked for */
} review_chunk_request_t;


extern const review_member_t  review_chunk_members[];

/*
 * {"chunk", "rubric"?, "points"?, "references"?, "vars"?, "fresh"?,
 *  "deadline"?, "explain"?}
 */

int review_chunk_request(review_pool_t *pool, json_t *body,
    const review_chunk_given_t *given, review_chunk_request_t *request,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_CHUNK_REQUEST_H_INCLUDED_ */
