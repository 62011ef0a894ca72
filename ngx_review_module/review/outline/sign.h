
/* What single code points are to a sentence. */

#ifndef _REVIEW_SPLIT_SIGN_H_INCLUDED_
#define _REVIEW_SPLIT_SIGN_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define review_sign_is_digit(c)   ((c) >= '0' && (c) <= '9')
#define review_sign_is_letter(c)                                              \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define review_sign_is_lower(c)   ((c) >= 'a' && (c) <= 'z')
#define review_sign_is_east(c)    ((c) >= 0x2e80)
#define review_sign_is_plain(c)                                               \
    ((c) < 0x300 || ((c) >= 0x3400 && (c) <= 0x9fff)                          \
     || ((c) >= 0x3000 && (c) <= 0x3029) || ((c) >= 0xff00 && (c) <= 0xff9d))


enum {
    REVIEW_SIGN_NONE = 0,
    REVIEW_SIGN_OPEN,
    REVIEW_SIGN_CLOSE,
    REVIEW_SIGN_QUOTE,         /* opens or closes */
    REVIEW_SIGN_STOP,
    REVIEW_SIGN_ASCII,         /* a stop only where it looks like one */
    REVIEW_SIGN_COMMA
};

int review_sign_of(int32_t c);

/* the code point at p, or 0 at the end */

int32_t review_sign_peek(const char *p, const char *last);

/* the code point before p, which is left there */

int32_t review_sign_back(const char **p, const char *first);

/* does a grapheme end between the two, neither of which is of an emoji? */

int review_sign_apart(int32_t before, int32_t c);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_SIGN_H_INCLUDED_ */
