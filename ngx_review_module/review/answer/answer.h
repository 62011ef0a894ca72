
/*
 * What an LLM said about a point, made into a finding's parts: found among
 * prose, fences and <think>, repaired where that is safe, checked member by
 * member.
 */

#ifndef _REVIEW_ANSWER_H_INCLUDED_
#define _REVIEW_ANSWER_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_verdict_e   verdict;
    int                severity;       /* a review_severity_e, or -1: unsaid */
    review_str_t       reason;         /* "" if unsaid */
    review_str_t       suggestion;
    double             confidence;     /* 0 to 1, or -1: unsaid */
    review_str_t      *quotes;         /* empty ones are left out */
    size_t             nquotes;
    json_t            *data;           /* borrowed, or NULL */
    unsigned           strict:1;       /* the content was one JSON object and
                                          nothing else, and needed no repair */
} review_answer_t;


/*
 * Parses the content of a completion.  "schema" is the JSON Schema that "data"
 * must satisfy, or NULL.  What is returned lives as long as the pool.
 *
 * Returns 0; or -1 where the content can't be understood, with the reason in
 * *err in words that may be told both to people and to the LLM: the pointer
 * names the member at fault, "" the answer as a whole.
 */

int review_answer_parse(review_pool_t *pool, const char *content, size_t len,
    json_t *schema, review_answer_t *answer, review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_H_INCLUDED_ */
