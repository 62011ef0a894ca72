
/*
 * Names in memory that processes share, without a lock.  A process that is
 * killed while it writes a name leaves it torn.  So a name is there when its
 * hash is the key, and whoever finds it torn mends it.
 */

#ifndef _REVIEW_NAME_H_INCLUDED_
#define _REVIEW_NAME_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_NAME        64          /* bytes that are kept of each */
#define REVIEW_NAME_WORDS  (REVIEW_NAME / 8)

/* one place may have so many names */

#define REVIEW_NAME_MOST   2


/* what is kept of a name: valid UTF-8, without a zero */

review_str_t review_name_cut(const char *data, size_t len);

/* of names that were cut; never 0, which is the key of a free place */

uint64_t review_name_key(const review_str_t *names, size_t n);

/* 1: the place has this key, be it that it was free */

int review_name_claim(uint64_t *place, uint64_t key);

/* all who write names write the same; the place has their key */

void review_name_write(uint64_t *words, uint64_t key,
    const review_str_t *names, size_t n);

/* copies them, into n times REVIEW_NAME bytes; 0: they are torn, or none */

int review_name_read(const uint64_t *words, uint64_t key, char *data,
    review_str_t *names, size_t n);


#pragma GCC visibility pop


#endif /* _REVIEW_NAME_H_INCLUDED_ */
