
/* base64 of RFC 4648, with its padding and without line ends. */

#ifndef _REVIEW_BASE64_H_INCLUDED_
#define _REVIEW_BASE64_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* the characters that "len" bytes make */
#define review_base64_length(len)  (((len) + 2) / 3 * 4)


/*
 * Decodes "len" characters, a multiple of four, of which only the last ones may
 * be padding; dst has room for three bytes of every four characters.  Returns
 * 0 and the bytes written, or -1: it is no base64.
 */

int review_base64_decode(char *dst, const char *src, size_t len, size_t *size);

/* writes review_base64_length(len) characters */

void review_base64_encode(char *dst, const char *src, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_BASE64_H_INCLUDED_ */
