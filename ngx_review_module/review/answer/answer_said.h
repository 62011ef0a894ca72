
/* What an LLM said, without what it thought before. */

#ifndef _REVIEW_ANSWER_SAID_H_INCLUDED_
#define _REVIEW_ANSWER_SAID_H_INCLUDED_


#include "review/answer/answer_find.h"
#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_str_t   text;               /* without white space around it; where
                                          reasoning never ends, it is that */
    const char    *doubt;              /* reasoning up to here ended with a mark
                                          that the request has; or NULL */
    unsigned       thought:1;          /* marks of reasoning were left out */
    unsigned       unclosed:1;         /* it never ends */
} review_answer_said_t;


/*
 * Reasoning stands at the very start of the content, between an opening mark
 * and the first closing one of its kind that is in no object; and so does more
 * of it right behind, if the request has no such mark.  Templates of chats
 * often open it themselves: then it ends with a closing mark before which no
 * answer stands.  Any other mark is text: it may be the document's, and so is
 * one within reasoning that stands in the request.
 */

void review_answer_said(review_pool_t *pool, const char *content, size_t len,
    review_answer_quoted_pt quoted, void *data, review_answer_said_t *said);

/* is there no end of the reasoning that the content begins with? */

int review_answer_said_is_open(const char *content, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_SAID_H_INCLUDED_ */
