
/*
 * SipHash-1-3 (Aumasson, Bernstein): a hash of 64 bits that is as good as
 * random to all who do not know its key, at the cost of a few steps for eight
 * bytes.
 */

#ifndef _REVIEW_SIPHASH_H_INCLUDED_
#define _REVIEW_SIPHASH_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* the same on all machines; the key is of 128 bits */

uint64_t review_siphash(const char *data, size_t len, const uint64_t key[2]);


#pragma GCC visibility pop


#endif /* _REVIEW_SIPHASH_H_INCLUDED_ */
