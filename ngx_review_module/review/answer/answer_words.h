
/* What is wrong with an answer, in the language of those who gave it. */

#ifndef _REVIEW_ANSWER_WORDS_H_INCLUDED_
#define _REVIEW_ANSWER_WORDS_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* the error's text in Chinese; as it is, where none of its words are known */

void review_answer_words_zh(review_buf_t *b, const review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_ANSWER_WORDS_H_INCLUDED_ */
