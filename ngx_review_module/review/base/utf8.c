
#include "review/base/utf8.h"

#include <utf8proc.h>

#if (__SSE2__)
#include <emmintrin.h>
#endif


int32_t
review_utf8_next(const char **p, const char *last)
{
    size_t                n, i;
    int32_t               c;
    const unsigned char  *s;
    static const int32_t  least[] = { 0, 0x80, 0x800, 0x10000 };

    s = (const unsigned char *) *p;
    (*p)++;

    if (s[0] < 0x80) {
        return s[0];
    }

    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        n = 1;
        c = s[0] & 0x1f;

    } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
        n = 2;
        c = s[0] & 0x0f;

    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        n = 3;
        c = s[0] & 0x07;

    } else {
        return -1;
    }

    if ((size_t) (last - *p) < n) {
        return -1;
    }

    for (i = 1; i <= n; i++) {
        if (!review_utf8_trail(s[i])) {
            return -1;
        }

        c = c << 6 | (s[i] & 0x3f);
    }

    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return -1;
    }

    *p += n;

    return c;
}


#if (__SSE2__)

#define review_utf8_each(c)  _mm_set1_epi8((char) (c))


/*
 * Which of 16 bytes are wrong, given those one and two before each, or begin a
 * code point of four bytes?  A bit for each.
 */

static inline int
review_utf8_bad(__m128i v, __m128i one, __m128i two)
{
    __m128i  bad, free;

    /* a trail byte stands behind a lead, or two behind, and nowhere else */

    free = _mm_cmpeq_epi8(
               _mm_or_si128(_mm_subs_epu8(one, review_utf8_each(0xbf)),
                            _mm_subs_epu8(two, review_utf8_each(0xdf))),
               _mm_setzero_si128());
    bad = _mm_cmpeq_epi8(_mm_cmplt_epi8(v, review_utf8_each(0xc0)), free);

    /* overlong forms, surrogates, leads of none and of four */

    bad = _mm_or_si128(bad,
              _mm_and_si128(_mm_cmpeq_epi8(one, review_utf8_each(0xe0)),
                            _mm_cmplt_epi8(v, review_utf8_each(0xa0))));
    bad = _mm_or_si128(bad,
              _mm_and_si128(_mm_cmpeq_epi8(one, review_utf8_each(0xed)),
                            _mm_cmpgt_epi8(v, review_utf8_each(0x9f))));
    bad = _mm_or_si128(bad,
              _mm_cmpeq_epi8(_mm_and_si128(v, review_utf8_each(0xfe)),
                             review_utf8_each(0xc0)));
    bad = _mm_or_si128(bad,
              _mm_cmpeq_epi8(_mm_max_epu8(v, review_utf8_each(0xf0)), v));

    return _mm_movemask_epi8(bad);
}


/*
 * Advances over code points of one to three bytes, in blocks, of which the last
 * one may overlap the one before.
 */

static const char *
review_utf8_run(const char *p, const char *last)
{
    int          bad;
    __m128i      v;
    const char  *first;

    if (last - p < 18) {
        return p;
    }

    first = p;
    v = _mm_loadu_si128((const __m128i *) p);
    bad = review_utf8_bad(v, _mm_slli_si128(v, 1), _mm_slli_si128(v, 2));

    while (bad == 0) {
        p += 16;

        if (p == last) {
            break;
        }

        if (last - p < 16) {
            p = last - 16;
        }

        bad = review_utf8_bad(_mm_loadu_si128((const __m128i *) p),
                              _mm_loadu_si128((const __m128i *) (p - 1)),
                              _mm_loadu_si128((const __m128i *) (p - 2)));
    }

    if (bad) {
        p += __builtin_ctz((unsigned) bad);
    }

    /* back to what is not whole */

    if (p > first && (unsigned char) p[-1] >= 0xc0) {
        return p - 1;
    }

    return p - first > 1 && (unsigned char) p[-2] >= 0xe0 ? p - 2 : p;
}

#else

/*
 * Advances over code points of three bytes each, two at once where neither
 * begins with 0xe0 or 0xed, which not all bytes may follow.
 */

static const char *
review_utf8_ideographs(const char *p, const char *last)
{
#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

    uint64_t  word;

    while (last - p >= (ptrdiff_t) sizeof(word)) {
        memcpy(&word, p, sizeof(word));

        if ((word & 0xc0c0f0c0c0f0) != 0x8080e08080e0
            || ((1 << (word & 15) | 1 << (word >> 24 & 15)) & 0x2001))
        {
            break;
        }

        p += 6;
    }

#endif

    while (last - p >= 3 && review_utf8_three(p) >= 0) {
        p += 3;
    }

    return p;
}


/* eight bytes of ASCII at once, and ideographs */

static const char *
review_utf8_run(const char *p, const char *last)
{
    uint64_t  word;

    while (last - p >= (ptrdiff_t) sizeof(word)) {
        memcpy(&word, p, sizeof(word));

        if (word & 0x8080808080808080) {
            break;
        }

        p += sizeof(word);
    }

    return review_utf8_ideographs(p, last);
}

#endif


size_t
review_utf8_valid(const char *data, size_t len)
{
    const char  *p, *last, *start;

    /* an empty text may be at no address */

    if (len == 0) {
        return 0;
    }

    p = data;
    last = data + len;

    while (p < last) {

        p = review_utf8_run(p, last);

        if (p == last) {
            break;
        }

        start = p;

        if (review_utf8_next(&p, last) == -1) {
            return (size_t) (start - data);
        }
    }

    return len;
}


size_t
review_utf8_text(const char *data, size_t len)
{
    size_t       valid;
    const char  *nul;

    valid = review_utf8_valid(data, len);
    nul = valid ? memchr(data, '\0', valid) : NULL;

    return nul ? (size_t) (nul - data) : valid;
}


size_t
review_utf8_count(const char *data, size_t len)
{
    size_t         i, n;
    uint64_t       word;

#if (__SSE2__)

    uint64_t       sums[2];
    __m128i        v, sum;
    const __m128i  zero = _mm_setzero_si128();

#endif

    n = 0;
    i = 0;

#if (__SSE2__)

    for (sum = zero; len - i >= 16; i += 16) {
        v = _mm_loadu_si128((const __m128i *) (data + i));
        v = _mm_cmpgt_epi8(v, review_utf8_each(0xbf));
        sum = _mm_add_epi64(sum, _mm_sad_epu8(_mm_sub_epi8(zero, v), zero));
    }

    _mm_storeu_si128((__m128i *) sums, sum);
    n = (size_t) (sums[0] + sums[1]);

#endif

    /* a trail byte is one whose highest bit is set and the next one is not */

    for ( /* void */ ; len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, data + i, sizeof(word));
        word = (word >> 7) & (~word >> 6) & 0x0101010101010101;
        n += sizeof(word) - (word * 0x0101010101010101 >> 56);
    }

    for ( /* void */ ; i < len; i++) {
        n += !review_utf8_trail(data[i]);
    }

    return n;
}


size_t
review_utf8_cut(const char *data, size_t len, size_t max)
{
    size_t       n;
    const char  *p;

    if (max >= len) {
        return len;
    }

    for (n = max; n > 0 && max - n < 3 && review_utf8_trail(data[n]); n--) {
        /* void */
    }

    p = data + n;

    /* trail bytes that belong to no code point may be cut anywhere */

    if (n < max && (review_utf8_next(&p, data + len) == -1
                    || (size_t) (p - data) <= max))
    {
        return max;
    }

    return n;
}


int
review_utf8_blank(const char *data, size_t len)
{
    const char  *p;

    for (p = data; p < data + len; /* void */) {

        switch (utf8proc_category(review_utf8_next(&p, data + len))) {

        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
            break;

        default:
            return 0;
        }
    }

    return 1;
}


int
review_utf8_printable(const char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i] < ' ' || data[i] > '~') {
            return 0;
        }
    }

    return 1;
}
