
/*
 * What an LLM said about a point, made into a finding's parts: found among
 * prose, fences and <think>, repaired where that is safe, checked member by
 * member.
 */

#ifndef _REVIEW_ANSWER_H_INCLUDED_
#define _REVIEW_ANSWER_H_INCLUDED_


#include "review/answer/answer_find.h"
#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* "\frac" and "C:\new" in a string of JSON say something else */

#define REVIEW_ANSWER_MEANT  2

/* other words to search for, and characters of each */

#define REVIEW_ANSWER_TERMS  10
#define REVIEW_ANSWER_TERM   100


typedef struct {
    review_verdict_e   verdict;
    int                severity;       /* a review_severity_e, or -1: unsaid */
    review_str_t       reason;         /* "" if unsaid */
    review_str_t       suggestion;
    double             confidence;     /* 0 to 1, or -1: unsaid */
    review_str_t      *quotes;         /* empty ones are left out */
    size_t             nquotes;
    review_str_t      *meant;          /* REVIEW_ANSWER_MEANT for each: what
                                          may have been meant by its escapes,
                                          "" if there is none; or NULL */
    unsigned           notes;          /* a set of REVIEW_NOTE_... */
    review_str_t       data;           /* JSON; its data is NULL: none */
    review_str_t      *terms;
    size_t             nterms;
    review_str_t       said;           /* the content without reasoning, be it
                                          understood or not; "" where that
                                          never ends */
    unsigned           found:1;        /* what is asked for is there, if that
                                          is asked */
    unsigned           strict:1;       /* the content was one JSON object and
                                          nothing else, and needed no repair */
    unsigned           whole:1;        /* an object was found, and its end, be
                                          it good or not */
    unsigned           more:1;         /* more than the end of a fence stands
                                          behind it */
} review_answer_t;


/* what an answer is held against */

typedef struct {
    json_t                   *schema;  /* that "data" must satisfy, or NULL */
    review_answer_quoted_pt   quoted;  /* is it the request's?  NULL: nothing */
    void                     *data;    /* of quoted */
    unsigned                  cut:1;   /* the answer may go on: it was cut */
    unsigned                  found:1; /* it must say whether it is there, */
    unsigned                  terms:1; /* and may name other words */
} review_answer_given_t;


/*
 * Parses the content of a completion.  What is returned lives as long as the
 * pool, "said" as long as the content.
 *
 * Returns 0; or -1 where the content can't be understood, with the reason in
 * *err in words that may be told both to people and to the LLM: the pointer
 * names the member at fault, "" the answer as a whole.
 */

int review_answer_parse(review_pool_t *pool, const char *content, size_t len,
    const review_answer_given_t *given, review_answer_t *answer,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_H_INCLUDED_ */
