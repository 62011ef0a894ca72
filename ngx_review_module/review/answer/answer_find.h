
/* The JSON object within what an LLM said. */

#ifndef _REVIEW_ANSWER_FIND_H_INCLUDED_
#define _REVIEW_ANSWER_FIND_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* does this text, as it is folded to compare, stand in the request? */

typedef int (*review_answer_quoted_pt)(void *data, const char *text,
    size_t len);


typedef struct {
    review_answer_quoted_pt   quoted;    /* NULL: nothing does */
    void                     *data;
    unsigned                  more_verdicts:1;    /* may stand in "data" */
    unsigned                  cut:1;     /* the content may go on */
    unsigned                  found:1;   /* "found" is a member, too */

    /* results */

    review_str_t              said;      /* without reasoning; "" where that
                                            never ends */
    unsigned                  strict:1;  /* there was nothing to find or to
                                            repair */
    unsigned                  mapped:1;  /* its names are in another case */
    unsigned                  more:1;    /* more than white space and a fence
                                            stands behind it */
} review_answer_find_t;


/*
 * Finds the object among reasoning, prose and fences, and repairs it where
 * that is safe.
 *
 * Candidates are the outermost objects, outside of reasoning and of strings of
 * other objects, in which a name of an answer's members stands; where an
 * object wraps others, those.  What stands in the request is quoted from it,
 * and is none.  The only one is the answer, or the last of several that agree.
 * Whatever else may be meant, be it broken, cut off, another one in part, or
 * another verdict that is named, is an error: the document's author has a hand
 * in what an LLM says.  So is a verdict that the author likes less, although it
 * stands in the request: it may be the LLM's answer, known beforehand.
 *
 * Nor is one taken that goes on in the request where the value before it ends:
 * it was copied along with that.
 *
 * Content that was cut must begin with its object, or another one may be to
 * come; and the object's end, from its verdict on, must not stand in the
 * request: words that were copied may have ended it.
 *
 * The caller owns the object.  NULL on an error.
 */

json_t *review_answer_find(review_pool_t *pool, const char *content,
    size_t len, review_answer_find_t *find, review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_FIND_H_INCLUDED_ */
