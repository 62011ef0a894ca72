
/* What the JSON of a chat completion says: a whole body, or one event. */

#ifndef _REVIEW_COMPLETION_JSON_H_INCLUDED_
#define _REVIEW_COMPLETION_JSON_H_INCLUDED_


#include "review/completion/completion.h"

#pragma GCC visibility push(hidden)


/* the forms of a body */

#define REVIEW_COMPLETION_UNKNOWN  0
#define REVIEW_COMPLETION_JSON     1
#define REVIEW_COMPLETION_SSE      2


/* sets the result and its detail; the first failure is the one that is told */

void review_completion_json_fail(review_completion_t *c,
    review_completion_e code, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

void review_completion_json_too_large(review_completion_t *c);
void review_completion_json_no_memory(review_completion_t *c);

/*
 * To be called after text was added to "b", the content, the arguments of a
 * function, or the reasoning, of which there were "before" bytes.  Reasoning
 * has a limit of its own.
 */

void review_completion_json_count(review_completion_t *c, const review_buf_t *b,
    size_t before);

/* no more than there may be */

static inline size_t
review_completion_sum(size_t one, size_t other)
{
    return one > SIZE_MAX - other ? SIZE_MAX : one + other;
}

/* does the text only lack its end? */

int review_completion_json_is_cut(const char *data, size_t len);

/*
 * Takes a body or an event; "error" is set if the event was called one.  The
 * text is not empty and does not begin with white space.  What is wrong is
 * told by review_completion_json_fail().
 */

void review_completion_json(review_completion_t *c, const char *data,
    size_t len, int error);


#pragma GCC visibility pop


#endif /* _REVIEW_COMPLETION_JSON_H_INCLUDED_ */
