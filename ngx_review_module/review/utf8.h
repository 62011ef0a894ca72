
/* UTF-8: validity, counting, stepping.  No allocation. */

#ifndef _REVIEW_UTF8_H_INCLUDED_
#define _REVIEW_UTF8_H_INCLUDED_


#include "review.h"


/* is the byte one of a code point that an earlier byte began? */

#define review_utf8_trail(c)  (((c) & 0xc0) == 0x80)


/*
 * Decodes one code point and advances *p; returns it, or -1 for what is not
 * valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF), and then advances by one byte.  *p < last is required.
 */

int32_t review_utf8_next(const char **p, const char *last);

/* the offset of the first byte that is not valid UTF-8, or len if all is */

size_t review_utf8_valid(const char *data, size_t len);

/* the number of code points in valid UTF-8 */

size_t review_utf8_count(const char *data, size_t len);

/* the largest n <= max such that no code point of data is cut at n */

size_t review_utf8_cut(const char *data, size_t len, size_t max);

/* is there nothing to be seen in valid UTF-8: white space, controls, none? */

int review_utf8_blank(const char *data, size_t len);


#endif /* _REVIEW_UTF8_H_INCLUDED_ */
