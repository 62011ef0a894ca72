
#include "review/base/base64.h"


/* what a character stands for; -1: nothing */

static const signed char  review_base64_values[256] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
    -1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
    -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
    [128 ... 255] = -1
};


static const char  review_base64_names[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


/* 24 bits of four characters, or less than 0: not all of them are base64 */

static inline int32_t
review_base64_four(const char *src)
{
    int32_t               a, b, c, d;
    const unsigned char  *s;

    s = (const unsigned char *) src;

    a = review_base64_values[s[0]];
    b = review_base64_values[s[1]];
    c = review_base64_values[s[2]];
    d = review_base64_values[s[3]];

    if ((a | b | c | d) < 0) {
        return -1;
    }

    return a << 18 | b << 12 | c << 6 | d;
}


/* the last four, some of them padding; returns the bytes written, or 0 */

static size_t
review_base64_last(char *dst, const char *src)
{
    char     last[4];
    size_t   pad;
    int32_t  v;

    memcpy(last, src, 4);
    pad = 0;

    while (pad < 2 && last[3 - pad] == '=') {
        last[3 - pad] = 'A';
        pad++;
    }

    v = review_base64_four(last);
    if (v < 0) {
        return 0;
    }

    dst[0] = (char) (v >> 16);

    if (pad < 2) {
        dst[1] = (char) (v >> 8);
    }

    if (pad < 1) {
        dst[2] = (char) v;
    }

    return 3 - pad;
}


int
review_base64_decode(char *dst, const char *src, size_t len, size_t *size)
{
    char        *d;
    size_t       n;
    int32_t      v;
    const char  *end;

    *size = 0;

    if (len == 0) {
        return 0;
    }

    d = dst;

    for (end = src + len - 4; src < end; src += 4) {
        v = review_base64_four(src);
        if (v < 0) {
            return -1;
        }

        *d++ = (char) (v >> 16);
        *d++ = (char) (v >> 8);
        *d++ = (char) v;
    }

    n = review_base64_last(d, src);
    *size = (size_t) (d - dst) + n;

    return n ? 0 : -1;
}


static void
review_base64_put(char *dst, uint32_t v)
{
    dst[0] = review_base64_names[v >> 18];
    dst[1] = review_base64_names[v >> 12 & 63];
    dst[2] = review_base64_names[v >> 6 & 63];
    dst[3] = review_base64_names[v & 63];
}


void
review_base64_encode(char *dst, const char *src, size_t len)
{
    const unsigned char  *s;

    s = (const unsigned char *) src;

    for ( /* void */ ; len >= 3; len -= 3, s += 3, dst += 4) {
        review_base64_put(dst, (uint32_t) s[0] << 16 | (uint32_t) s[1] << 8
                               | s[2]);
    }

    if (len) {
        review_base64_put(dst, (uint32_t) s[0] << 16
                               | (len == 2 ? (uint32_t) s[1] << 8 : 0));

        dst[3] = '=';

        if (len == 1) {
            dst[2] = '=';
        }
    }
}
