
/* SHA-256 of a text, as people write it. */

#ifndef _REVIEW_SHA256_H_INCLUDED_
#define _REVIEW_SHA256_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_SHA256_HEX  64

/*
 * Of the texts, one after the other, in hexadecimal digits with a zero behind
 * them.  0, or -1: no memory.
 */

int review_sha256(const review_str_t *texts, size_t n,
    char hex[REVIEW_SHA256_HEX + 1]);


#pragma GCC visibility pop


#endif /* _REVIEW_SHA256_H_INCLUDED_ */
