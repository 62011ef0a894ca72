
#include "review/embed/floats.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>


/* the digits that an uint64_t always holds */
#define REVIEW_FLOAT_DIGITS   19

/*
 * No number that lies exactly between two floats has more digits than this:
 * whether there are more behind them is all that matters then.
 */
#define REVIEW_FLOAT_EXACT    128

/* exponents are cut here, far from where anything but 0 and infinity begins */
#define REVIEW_FLOAT_FAR      1000000000000000

/* the bits that a double has more than a float, and the half of them */
#define REVIEW_FLOAT_SPARE    0x1fffffff
#define REVIEW_FLOAT_HALF     0x10000000

/* units in the last place by which a double here may be wrong, and to spare */
#define REVIEW_FLOAT_WRONG    8

#define review_float_digit(c)  ((unsigned char) ((c) - '0') <= 9)


/*
 * The smallest float has 45 places: with the digits of a mantissa these are
 * enough.  Up to 1e22 they are exact.
 */

static const double  review_float_powers[] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
    1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25,
    1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37,
    1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49,
    1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60, 1e61,
    1e62, 1e63, 1e64, 1e65, 1e66, 1e67, 1e68, 1e69, 1e70, 1e71, 1e72, 1e73,
    1e74, 1e75, 1e76, 1e77, 1e78, 1e79, 1e80
};

#define REVIEW_FLOAT_POWERS  80


/*
 * The float nearest to mantissa * 10^exponent.  A double takes up to four
 * roundings on the way, each less than a unit in its last place: the result is
 * right unless it is that near to the middle of two floats.  Returns 0 there.
 */

static int
review_floats_near(uint64_t mantissa, int64_t exponent, float *value)
{
    double    v, units;
    int64_t   off;
    uint64_t  bits;

    if (mantissa == 0 || exponent < -REVIEW_FLOAT_POWERS) {
        *value = 0;
        return 1;
    }

    if (exponent > FLT_MAX_10_EXP) {
        *value = __builtin_inff();
        return 1;
    }

    v = (exponent < 0) ? (double) mantissa / review_float_powers[-exponent]
                       : (double) mantissa * review_float_powers[exponent];

    *value = (float) v;

    if (v < FLT_MIN) {

        /* denormal: so many of the smallest there is */

        units = v * 0x1p149;
        units -= (double) (int64_t) units;

        return units < 0.499999 || units > 0.500001;
    }

    /* a whole number of which nothing was rounded away, in the middle or not */

    if (exponent >= 0 && v < 0x1p53) {
        return 1;
    }

    memcpy(&bits, &v, sizeof(bits));

    off = (int64_t) (bits & REVIEW_FLOAT_SPARE) - REVIEW_FLOAT_HALF;

    return off < -REVIEW_FLOAT_WRONG || off > REVIEW_FLOAT_WRONG;
}


/*
 * The digits from p to last, a point among them, by the library.  It is given
 * no point, which another locale may write in another way.
 */

static float
review_floats_exact(const char *p, const char *last, int64_t exponent)
{
    int     point, more;
    char    text[REVIEW_FLOAT_EXACT + 32];
    size_t  n;

    n = 0;
    more = 0;
    point = 0;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.') {
            point = 1;

        } else if (n == 0 && *p == '0') {
            exponent -= point;

        } else if (n < REVIEW_FLOAT_EXACT) {
            text[n++] = *p;
            exponent -= point;

        } else {
            more |= (*p != '0');
            exponent += !point;
        }
    }

    if (more) {
        text[n++] = '1';
        exponent--;
    }

    if (exponent > 9999 || exponent < -9999) {
        exponent = exponent < 0 ? -9999 : 9999;
    }

    snprintf(text + n, sizeof(text) - n, "e%d", (int) exponent);

    return strtof(text, NULL);
}


/* *m may overflow: the caller counts the digits */

static inline const char *
review_floats_digits(const char *p, const char *last, uint64_t *m)
{
    while (p < last && review_float_digit(*p)) {
        *m = *m * 10 + (unsigned char) (*p++ - '0');
    }

    return p;
}


/* p stands behind the "e" */

static const char *
review_floats_exponent(const char *p, const char *last, int64_t *exponent)
{
    int          negative;
    int64_t      e;
    const char  *start;

    negative = (p < last && *p == '-');

    if (p < last && (*p == '-' || *p == '+')) {
        p++;
    }

    e = 0;

    for (start = p; p < last && review_float_digit(*p); p++) {
        if (e < REVIEW_FLOAT_FAR) {
            e = e * 10 + (*p - '0');
        }
    }

    *exponent = negative ? -e : e;

    return p == start ? NULL : p;
}


/*
 * What is left of a mantissa of "n" digits that may be too many: leading zeros
 * don't count, and of the others the first are enough.  *exponent grows by the
 * digits that are dropped.
 */

static void
review_floats_first(const char *p, size_t n, uint64_t *m, int64_t *exponent)
{
    for ( /* void */ ; n && (*p == '0' || *p == '.'); p++) {
        n -= (*p == '0');
    }

    if (n <= REVIEW_FLOAT_DIGITS) {
        return;
    }

    *exponent += (int64_t) n - REVIEW_FLOAT_DIGITS;

    *m = 0;

    for (n = REVIEW_FLOAT_DIGITS; n; p++) {
        if (*p != '.') {
            *m = *m * 10 + (unsigned char) (*p - '0');
            n--;
        }
    }
}


const char *
review_floats_read(const char *p, const char *last, float *value)
{
    int          negative;
    size_t       n;
    int64_t      exponent, places;
    uint64_t     m;
    const char  *start, *end, *point;

    negative = (p < last && *p == '-');
    start = p + negative;

    m = 0;
    end = review_floats_digits(start, last, &m);
    n = (size_t) (end - start);

    if (n == 0 || (n > 1 && *start == '0')) {
        return NULL;
    }

    places = 0;

    if (end < last && *end == '.') {
        point = end + 1;
        end = review_floats_digits(point, last, &m);
        places = end - point;

        if (places == 0) {
            return NULL;
        }
    }

    exponent = 0;
    p = end;

    if (p < last && (*p | 0x20) == 'e') {
        p = review_floats_exponent(p + 1, last, &exponent);
        if (p == NULL) {
            return NULL;
        }
    }

    n += (size_t) places;
    places = exponent - places;

    if (n > REVIEW_FLOAT_DIGITS) {
        review_floats_first(start, n, &m, &places);
    }

    if (!review_floats_near(m, places, value)) {
        *value = review_floats_exact(start, end, exponent);
    }

    if (negative) {
        *value = -*value;
    }

    return p;
}


const char *
review_floats_skip(const char *p, const char *last, int *finite)
{
    float        value;
    const char  *s, *start, *point;

    s = p;

    if (s < last && *s == '-') {
        s++;
    }

    for (start = s; s < last && review_float_digit(*s); s++) { /* void */ }

    if (s == start || (s - start > 1 && *start == '0')) {
        return NULL;
    }

    if (s - start > FLT_MAX_10_EXP) {
        goto large;
    }

    if (s < last && *s == '.') {
        point = ++s;

        while (s < last && review_float_digit(*s)) {
            s++;
        }

        if (s == point) {
            return NULL;
        }
    }

    if (s < last && (*s | 0x20) == 'e') {
        goto large;
    }

    *finite = 1;

    return s;

large:

    s = review_floats_read(p, last, &value);

    if (s) {
        *finite = (value >= -FLT_MAX && value <= FLT_MAX);
    }

    return s;
}


/*
 * The least digits for a positive float; nine always do.  A float that is not
 * denormal gives back any six.
 */

static uint64_t
review_floats_shortest(float value, int *exponent)
{
    int       n, k;
    float     again;
    double    v, scaled;
    uint64_t  m, bits;

    v = (double) value;

    memcpy(&bits, &v, sizeof(bits));

    /* log10(2) is 1233 / 4096: this may be one too low */

    k = 8 - ((((int) (bits >> 52) - 1023) * 1233) >> 12);

    for ( ;; ) {
        scaled = (k < 0) ? v / review_float_powers[-k]
                         : v * review_float_powers[k];

        if (scaled < 1e9) {
            break;
        }

        k--;
    }

    m = 0;

    for (n = (value < FLT_MIN) ? 1 : 6; n < 9; n++) {
        m = (uint64_t) (scaled / review_float_powers[9 - n] + 0.5);

        if (review_floats_near(m, 9 - n - k, &again) && again == value) {
            break;
        }
    }

    if (n == 9) {
        m = (uint64_t) (scaled + 0.5);
    }

    *exponent = 9 - n - k;

    while (m % 10 == 0) {
        m /= 10;
        (*exponent)++;
    }

    return m;
}


static char *
review_floats_put(char *dst, const char *digits, int n)
{
    memcpy(dst, digits, (size_t) n);

    return dst + n;
}


/* d.ddde-dd */

static char *
review_floats_scientific(char *dst, const char *digits, int n, int exponent)
{
    *dst++ = digits[0];

    if (n > 1) {
        *dst++ = '.';
        dst = review_floats_put(dst, digits + 1, n - 1);
    }

    *dst++ = 'e';

    if (exponent < 0) {
        *dst++ = '-';
        exponent = -exponent;
    }

    if (exponent > 9) {
        *dst++ = (char) ('0' + exponent / 10);
    }

    *dst++ = (char) ('0' + exponent % 10);

    return dst;
}


/* "before" digits stand before the point, none if it is negative */

static char *
review_floats_plain(char *dst, const char *digits, int n, int before)
{
    int  i;

    if (before <= 0) {
        dst = review_floats_put(dst, "0.000", 2 - before);

        return review_floats_put(dst, digits, n);
    }

    if (before < n) {
        dst = review_floats_put(dst, digits, before);
        *dst++ = '.';

        return review_floats_put(dst, digits + before, n - before);
    }

    dst = review_floats_put(dst, digits, n);

    for (i = n; i < before; i++) {
        *dst++ = '0';
    }

    return review_floats_put(dst, ".0", 2);
}


size_t
review_floats_write(char *dst, float value)
{
    int        n, exponent;
    char      *p, *digits, text[20];
    uint64_t   m;

    p = dst;

    if (__builtin_signbit(value)) {
        *p++ = '-';
        value = -value;
    }

    if (value == 0) {
        p = review_floats_put(p, "0.0", 3);
        return (size_t) (p - dst);
    }

    m = review_floats_shortest(value, &exponent);

    digits = text + sizeof(text);

    do {
        *--digits = (char) ('0' + m % 10);
        m /= 10;
    } while (m);

    n = (int) (text + sizeof(text) - digits);

    if (n + exponent > 9 || n + exponent < -3) {
        p = review_floats_scientific(p, digits, n, n + exponent - 1);

    } else {
        p = review_floats_plain(p, digits, n, n + exponent);
    }

    return (size_t) (p - dst);
}
