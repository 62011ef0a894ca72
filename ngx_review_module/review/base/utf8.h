
/* UTF-8: validity, counting, stepping.  No allocation. */

#ifndef _REVIEW_UTF8_H_INCLUDED_
#define _REVIEW_UTF8_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* is the byte one of a code point that an earlier byte began? */

#define review_utf8_trail(c)  (((c) & 0xc0) == 0x80)


/*
 * Decodes one code point and advances *p; returns it, or -1 for what is not
 * valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF), and then advances by one byte.  *p < last is required.
 */

int32_t review_utf8_next(const char **p, const char *last);

/*
 * The code point of the three bytes at p, as nearly all are in Chinese text,
 * or -1: they are something else.
 */

static inline int32_t
review_utf8_three(const char *p)
{
    int32_t               c;
    const unsigned char  *s;

    s = (const unsigned char *) p;
    c = s[0] << 16 | s[1] << 8 | s[2];

    if ((c & 0xf0c0c0) != 0xe08080) {
        return -1;
    }

    c = (c & 0x0f0000) >> 4 | (c & 0x3f00) >> 2 | (c & 0x3f);

    return (c < 0x800 || (c & 0xf800) == 0xd800) ? -1 : c;
}

/* the offset of the first byte that is not valid UTF-8, or len if all is */

size_t review_utf8_valid(const char *data, size_t len);

/* bytes before the first that no text of ours has: invalid, or NUL */

size_t review_utf8_text(const char *data, size_t len);

/* the number of code points in valid UTF-8 */

size_t review_utf8_count(const char *data, size_t len);

/* the largest n <= max such that no code point of data is cut at n */

size_t review_utf8_cut(const char *data, size_t len, size_t max);

/* is there nothing to be seen in valid UTF-8: white space, controls, none? */

int review_utf8_blank(const char *data, size_t len);

/* is all of it ASCII that has a shape, or blanks? */

int review_utf8_printable(const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_UTF8_H_INCLUDED_ */
