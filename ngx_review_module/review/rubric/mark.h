
/*
 * The word in the marks around a text, which stands in no text that it marks:
 * so nobody who writes a text can end its marks.
 */

#ifndef _REVIEW_MARK_H_INCLUDED_
#define _REVIEW_MARK_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* hexadecimal digits */

#define REVIEW_MARK_WORD  16


/* the text's own, with no NUL behind it; equal texts have the same */

void review_mark_word(const review_str_t *text, char *word);

/* does the word stand in the text, in whichever case? */

int review_mark_holds(const review_str_t *text, const char *word);


#pragma GCC visibility pop


#endif /* _REVIEW_MARK_H_INCLUDED_ */
