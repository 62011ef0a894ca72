
/* One vector on the wire: read over, checked, and written again. */

#ifndef _REVIEW_EMBEDDING_H_INCLUDED_
#define _REVIEW_EMBEDDING_H_INCLUDED_


#include "review/embed/embeddings.h"

#pragma GCC visibility push(hidden)


/* what a vector can be wrong in */

typedef enum {
    REVIEW_EMBEDDING_OK = 0,
    REVIEW_EMBEDDING_NUMBER,           /* what is there is none */
    REVIEW_EMBEDDING_INFINITE,         /* too large for a float, or no number */
    REVIEW_EMBEDDING_BASE64,           /* it is none */
    REVIEW_EMBEDDING_LENGTH,           /* bytes that make no whole floats */
    REVIEW_EMBEDDING_COMMA             /* neither "," nor "]" */
} review_embedding_e;


/*
 * Advances *p, which stands at "[", over an array of numbers.  Where something
 * is wrong *p is left, and item->dim numbers before it are good.
 */

review_embedding_e review_embedding_array(const char **p, const char *last,
    review_embedding_t *item);

/* checks item->raw, base64 without escapes; a bad float is number item->dim */

review_embedding_e review_embedding_base64(review_embedding_t *item);


#pragma GCC visibility pop


#endif /* _REVIEW_EMBEDDING_H_INCLUDED_ */
