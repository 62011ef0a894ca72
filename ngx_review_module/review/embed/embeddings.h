
/*
 * Embeddings on the wire, as OpenAI has defined them and others speak them:
 * what a service is asked, and what it answers.
 */

#ifndef _REVIEW_EMBEDDINGS_H_INCLUDED_
#define _REVIEW_EMBEDDINGS_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/review.h"
#include "review/json/json.h"

#pragma GCC visibility push(hidden)


/*
 * One vector as it came: an array of numbers with its brackets, or base64 of
 * little-endian floats without its quotes, and without escapes.
 */

typedef struct {
    review_str_t           raw;
    size_t                 dim;
    unsigned               base64:1;
} review_embedding_t;


typedef struct {
    review_embedding_t    *items;       /* in the order of the inputs */
    review_str_t           model;       /* data is NULL: not told */
    int64_t                prompt_tokens; /* or all tokens; -1: not told */
} review_embeddings_t;


/*
 * Reads the answer to "n" inputs: all of them have to be there, each once, by
 * "index", or in the order of the inputs where none has one; all of the same
 * dimension, numbers finite.  An array of arrays of numbers is understood too,
 * as Text Embeddings Inference answers at /embed: in the order of the inputs.
 *
 * What is returned points into "data", or into the pool where there were
 * escapes.  Returns 0, or -1 with *err set: its pointer names the place in the
 * answer, as /data/3/embedding/17.
 */

int review_embeddings_parse(review_pool_t *pool, const char *data, size_t len,
    size_t n, review_embeddings_t *e, review_error_t *err);

/* writes "dim" floats to dst, which need not be aligned */

void review_embedding_floats(const review_embedding_t *item, float *dst);

/*
 * Writes it as JSON, in the form that is asked for: as it came where that is
 * the form, or else so that it reads back to the same floats, with as few
 * digits as that takes.
 */

void review_embedding_write(const review_embedding_t *item, review_buf_t *b,
    int base64);


/* why a service has refused a request */

typedef enum {
    REVIEW_EMBEDDINGS_REFUSED = 0,      /* for good, or nobody knows why */
    REVIEW_EMBEDDINGS_TOO_LARGE,        /* too many inputs, or too long ones */
    REVIEW_EMBEDDINGS_ENCODING          /* it does not know encoding_format */
} review_embeddings_why_e;

/*
 * Judges by the HTTP status and the body of an error, in whatever form it is:
 * 413 is too large; 400 and 422 are if the error speaks of lengths or numbers,
 * 500 only in the words of servers that are known to say so with it.
 *
 * "text" gets the error's own message, as one line of at most "size" bytes with
 * its zero, 4 or more, valid UTF-8, empty where there is none or it is markup.
 * Keys that a server repeats are masked.
 */

review_embeddings_why_e review_embeddings_why(int status, const char *data,
    size_t len, char *text, size_t size);


/* what a client asks of us, in the same form */

typedef struct {
    review_str_t          *inputs;      /* as JSON: strings, arrays of tokens */
    size_t                 n;
    size_t                *same;        /* of each input the first that is the
                                           same, mostly itself */
    review_str_t           model;       /* data is NULL: not given */
    review_str_t           rest;        /* other members that services know
                                           ("dimensions", "user", and whatever
                                           else): ,"name":value ... or empty */
    unsigned               base64:1;
} review_embed_request_t;

typedef struct {
    size_t                 max_inputs;
} review_embed_given_t;

extern const review_member_t  review_embed_members[];

/*
 * Returns 0, or the HTTP status of the problem that *err describes, or -1: no
 * memory.  The model is the body's, all else the pool's.  Members that are null
 * are as good as none.
 */

int review_embed_request(review_pool_t *pool, json_t *body,
    const review_embed_given_t *given, review_embed_request_t *request,
    review_error_t *err);

/* the inputs alone, made of texts in valid UTF-8: 0, or -1: no memory */

int review_embed_request_texts(review_pool_t *pool, const review_str_t *texts,
    size_t n, review_embed_request_t *request);


#pragma GCC visibility pop


#endif /* _REVIEW_EMBEDDINGS_H_INCLUDED_ */
