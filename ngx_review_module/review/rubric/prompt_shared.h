
/*
 * What laying out the shared texts and making bodies of them have in common.
 */

#ifndef _REVIEW_PROMPT_SHARED_H_INCLUDED_
#define _REVIEW_PROMPT_SHARED_H_INCLUDED_


#include "review/rubric/prompt.h"
#include "review/rubric/prompt_words.h"

#pragma GCC visibility push(hidden)


/*
 * All texts are escaped, are the pool's, and are never written again, so that
 * bodies may point to them.  Those below stand in one buffer: "head" is its
 * beginning up to where the first user message's text begins, "common" is all
 * of it.
 */

struct review_prompt_s {
    review_pool_t          *pool;
    const review_words_t   *words;
    review_str_t            head;
    review_str_t            system;      /* its message's text, within that */
    review_str_t            merged;      /* a head without that message; no
                                            data: none was needed yet */
    review_str_t            common;
    review_str_t            chunk;
    review_str_t            heading;
    review_str_t            references;
    json_t                 *vars;        /* name: escaped text */
};


/* these escape: a text that may be empty, and then be nowhere; our words */

void review_prompt_text(review_buf_t *b, const review_str_t *text);
void review_prompt_words(review_buf_t *b, const char *words);

/* opens a message, for its text, and ends it */

void review_prompt_message(review_buf_t *b, const char *role);
void review_prompt_message_end(review_buf_t *b);


#pragma GCC visibility pop


#endif /* _REVIEW_PROMPT_SHARED_H_INCLUDED_ */
