
#include "review/outline/sign.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


int
review_sign_of(int32_t c)
{
    switch (c) {

    case '(': case '[': case '{':
    case 0x00ab: case 0x2018: case 0x201c: case 0x3008: case 0x300a:
    case 0x300c: case 0x300e: case 0x3010: case 0x3014: case 0x3016:
    case 0xff08: case 0xff3b: case 0xff5b: case 0xff62:
        return REVIEW_SIGN_OPEN;

    case ')': case ']': case '}':
    case 0x00bb: case 0x2019: case 0x201d: case 0x3009: case 0x300b:
    case 0x300d: case 0x300f: case 0x3011: case 0x3015: case 0x3017:
    case 0xff09: case 0xff3d: case 0xff5d: case 0xff63:
        return REVIEW_SIGN_CLOSE;

    case '"':
        return REVIEW_SIGN_QUOTE;

    case '.': case '!': case '?': case ';': case 0xff0e:
        return REVIEW_SIGN_ASCII;

    case 0x3002: case 0xff01: case 0xff1f: case 0xff1b: case 0xff61:
    case 0x2026: case 0x22ef: case 0x203c: case 0x2047: case 0x2048:
    case 0x2049: case 0x0589: case 0x061f: case 0x061b: case 0x06d4:
    case 0x0964: case 0x0965: case 0x104a: case 0x104b: case 0x1362:
    case 0x17d4: case 0x17d5: case 0x1803: case 0xfe52:
        return REVIEW_SIGN_STOP;

    case ',': case ':': case 0x3001: case 0xff0c: case 0xff1a: case 0x060c:
    case 0xff64:
        return REVIEW_SIGN_COMMA;
    }

    return REVIEW_SIGN_NONE;
}


int32_t
review_sign_peek(const char *p, const char *last)
{
    return p < last ? review_fold_radical(review_utf8_next(&p, last)) : 0;
}


int32_t
review_sign_back(const char **p, const char *first)
{
    const char  *s;

    if (*p == first) {
        return 0;
    }

    for (s = *p - 1; s > first && review_utf8_trail(*s); s--) { /* void */ }

    *p = s;

    return review_utf8_next(&s, s + 4);
}


int
review_sign_apart(int32_t before, int32_t c)
{
    if (review_sign_is_plain(before) && review_sign_is_plain(c)) {
        return before != '\r' || c != '\n';
    }

    return utf8proc_grapheme_break(before, c);
}
