
/* What a client asks to have ranked, from JSON. */

#ifndef _REVIEW_RANK_REQUEST_H_INCLUDED_
#define _REVIEW_RANK_REQUEST_H_INCLUDED_


#include "review/base/review.h"
#include "review/json/json.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_RANK_EMBEDDING = 0,          /* cosine of embeddings */
    REVIEW_RANK_BM25,
    REVIEW_RANK_HYBRID                  /* both, by reciprocal rank fusion */
} review_rank_by_e;

extern const char *const  review_rank_names[];  /* NULL at the end */


typedef struct {
    review_str_t      *texts;           /* the queries, then what is ranked */
    size_t             nqueries;
    size_t             ntexts;          /* without the queries */
    review_str_t      *ids;             /* of what is ranked; data is NULL:
                                           it has none */
    size_t             size;            /* bytes of all texts */
    size_t             top_k;
    review_rank_by_e   by;
} review_rank_request_t;


typedef struct {
    size_t             max_inputs;
} review_rank_given_t;


extern const review_member_t  review_rank_members[];

/*
 * Reads {"query"|"queries", "texts"|"chunks", "top_k"?, "by"?}.  A text is a
 * string or an object with "text" and maybe "id".  Texts and ids are the
 * JSON's own.  Returns 0, or the HTTP status of the problem that *err
 * describes, or -1: no memory.
 */

int review_rank_request(review_pool_t *pool, json_t *body,
    const review_rank_given_t *given, review_rank_request_t *request,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_RANK_REQUEST_H_INCLUDED_ */
