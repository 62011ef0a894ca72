
/*
 * The request body of a chat completion.  What is the same for all points of
 * a chunk (system prompt, references, chunk) is written and escaped once and
 * shared: a body is a list of pieces, and the LLM sees the same prefix.
 */

#ifndef _REVIEW_PROMPT_H_INCLUDED_
#define _REVIEW_PROMPT_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"
#include "review/rubric/rubric.h"

#pragma GCC visibility push(hidden)


/* what a review is about; all texts are valid UTF-8 */

typedef struct {
    review_str_t         chunk;
    review_str_t         heading;        /* levels joined with " > " */
    review_str_t        *reference_ids;
    review_str_t        *references;
    int                 *reference_orders; /* of the documents that they are
                                            of: a later one overrides; NULL:
                                            they are of one */
    size_t               nreferences;
    json_t              *vars;           /* object of strings, numbers and
                                            booleans, or NULL */
    review_str_t         system;         /* empty: the language's default */
    review_str_t         language;       /* "zh", "en" */
} review_subject_t;


/* which response_format is sent */

typedef enum {
    REVIEW_FORMAT_NONE = 0,
    REVIEW_FORMAT_SCHEMA,                /* "json_schema" */
    REVIEW_FORMAT_OBJECT                 /* "json_object" */
} review_format_e;


/* how an LLM is asked */

typedef struct {
    review_str_t         model;          /* empty: none is sent */
    review_format_e      format;
    const char          *tokens;         /* the name of max_tokens */
    review_params_t      params;
    unsigned             stream:1;
    unsigned             merged:1;       /* it knows no message of the system:
                                            the user's begins with its words */
} review_llm_t;


typedef struct review_prompt_s  review_prompt_t;


/* one turn of the conversation after the first question */

typedef struct {
    review_str_t         answer;         /* what the LLM said, escaped */
    review_str_t         complaint;      /* not empty: it must say it anew, and
                                            why; empty: the next step follows */
} review_turn_t;


typedef struct {
    review_point_t      *point;
    review_turn_t       *turns;          /* in their order */
    size_t               nturns;
    int                  max_tokens;     /* 0: the point's own, if any; -1:
                                            none, whoever has set it */
    const review_llm_t  *llm;
    const review_params_t *params[2];    /* the point's, then the rubric's, each
                                            NULL where it is none of the LLM */
    review_str_t         model;          /* the LLM's, or another one of it */
} review_question_t;


/* escapes and lays out what all points share; NULL: no memory */

review_prompt_t *review_prompt_create(review_pool_t *pool,
    review_subject_t *subject);

/*
 * What bodies share, in its order, without gaps: what they begin with, words,
 * the references, words, the heading, words, the chunk, words.  Bodies have
 * them one by one, all of them as one piece, or the first one as such.
 */

#define REVIEW_PROMPT_PARTS  8

void review_prompt_parts(const review_prompt_t *prompt, review_str_t *parts);

/* bodies are made in this pool from now on; it goes before the first one */

void review_prompt_use(review_prompt_t *prompt, review_pool_t *pool);

/*
 * What an LLM said, as bodies have it: escaped once for all of them.  The text
 * is the pool's.  Returns 0, or -1: no memory.
 */

int review_prompt_body_answer(review_pool_t *pool, const review_str_t *said,
    review_str_t *answer);

/*
 * The body for a question, as pieces to be sent one after another.  Pieces are
 * read-only, shared between bodies, and live as long as the pool.  The last one
 * has no text of a message.  Returns the number of pieces, 0: no memory.
 */

size_t review_prompt_body(review_prompt_t *prompt, review_question_t *question,
    review_str_t **pieces);

/* the bound of tokens that it has; 0: none */

int review_prompt_body_tokens(const review_question_t *question);

/*
 * A template may name the chunk 64 times: the most that a body may have is so
 * often what all points share, and so much besides.
 */

#define REVIEW_PROMPT_REPEATS  4
#define REVIEW_PROMPT_BESIDES  ((size_t) 4 * 1024 * 1024)

int review_prompt_body_is_large(const review_prompt_t *prompt,
    const review_str_t *pieces, size_t n);


#pragma GCC visibility pop


#endif /* _REVIEW_PROMPT_H_INCLUDED_ */
