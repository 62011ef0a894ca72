
/* Vectors of floats, as embeddings are. */

#ifndef _REVIEW_VECTOR_H_INCLUDED_
#define _REVIEW_VECTOR_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* "n" floats each, aligned or not */

float review_vector_dot(const float *a, const float *b, size_t n);

/*
 * The cosines of the query and each of "n" vectors, all of "dim" floats; 0 for
 * a vector that is all zeros or not finite, and for all if the query is.  They
 * need not be aligned.  Always from -1 to 1; lengths may be of any magnitude.
 */

void review_vector_cosines(const float *query, const float *const *vectors,
    size_t n, size_t dim, float *scores);


#pragma GCC visibility pop


#endif /* _REVIEW_VECTOR_H_INCLUDED_ */
