
#include "review/json/scan.h"
#include "review/base/utf8.h"

#if (__SSE2__)
#include <emmintrin.h>
#endif


/* eight bytes at once: the high bit of each byte that is "c", or less */

#define review_scan_each(c)    (0x0101010101010101 * (uint64_t) (c))
#define review_scan_less(w, c)                                                \
    (((w) - review_scan_each(c)) & ~(w) & review_scan_each(0x80))
#define review_scan_is(w, c)   review_scan_less((w) ^ review_scan_each(c), 1)


void
review_scan_spaces(const char **p, const char *last)
{
    const char  *s;

    for (s = *p; s < last; s++) {
        if (!review_scan_is_space(*s)) {
            break;
        }
    }

    *p = s;
}


void
review_scan_trim(review_str_t *text)
{
    const char  *p, *last;

    p = text->data;
    last = p + text->len;

    review_scan_space(&p, last);

    while (last > p && review_scan_is_space(last[-1])) {
        last--;
    }

    text->data = p;
    text->len = (size_t) (last - p);
}


/* four hexadecimal digits, or -1 */

static int32_t
review_scan_hex(const char *p, const char *last)
{
    int      i;
    char     c;
    int32_t  value;

    if (last - p < 4) {
        return -1;
    }

    value = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            c = (char) ((c | 0x20) - 'a' + 10);

        } else {
            return -1;
        }

        value = value << 4 | c;
    }

    return value;
}


/* *p stands behind the backslash */

static review_scan_e
review_scan_escape(const char **p, const char *last)
{
    int          i;
    const char  *s;

    s = *p;

    if (s == last) {
        return REVIEW_SCAN_CUT;
    }

    if (*s != 'u') {
        *p = s + 1;
        return *s && strchr("\"\\/bfnrt", *s) ? REVIEW_SCAN_OK
                                              : REVIEW_SCAN_BAD;
    }

    for (i = 1; i <= 4; i++) {
        if (s + i == last) {
            return REVIEW_SCAN_CUT;
        }

        if (!((s[i] >= '0' && s[i] <= '9')
              || ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'f')))
        {
            return REVIEW_SCAN_BAD;
        }
    }

    *p = s + 5;

    return REVIEW_SCAN_OK;
}


const char *
review_scan_run(const char *p, const char *last, uint64_t *high)
{
    uint64_t       w, ends;
    unsigned char  c;

#if (__SSE2__)

    int            found;
    __m128i        v;

    for ( /* void */ ; last - p >= 16; p += 16) {
        v = _mm_loadu_si128((const __m128i *) p);

        *high |= (uint64_t) _mm_movemask_epi8(v);

        found = _mm_movemask_epi8(
                    _mm_or_si128(
                        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
                        _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)),
                                       v)));

        if (found) {
            return p + __builtin_ctz((unsigned) found);
        }
    }

#endif

    for ( /* void */ ; last - p >= 8; p += 8) {
        memcpy(&w, p, 8);

        *high |= w & review_scan_each(0x80);

        ends = review_scan_is(w, '"') | review_scan_is(w, '\\')
               | review_scan_less(w, 0x20);

        if (ends) {
#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
            return p + __builtin_ctzll(ends) / 8;
#else
            break;
#endif
        }
    }

    for ( /* void */ ; p < last; p++) {
        c = (unsigned char) *p;

        if (c < 0x20 || c == '"' || c == '\\') {
            break;
        }

        *high |= c & 0x80;
    }

    return p;
}


review_scan_e
review_scan_string(const char **p, const char *last, review_str_t *raw)
{
    uint64_t        high;
    const char     *s, *start;
    review_scan_e   rc;

    s = *p;

    if (s == last) {
        return REVIEW_SCAN_CUT;
    }

    if (*s != '"') {
        return REVIEW_SCAN_BAD;
    }

    start = ++s;
    high = 0;

    for ( ;; ) {
        s = review_scan_run(s, last, &high);

        *p = s;

        if (s == last) {
            return REVIEW_SCAN_CUT;
        }

        if (*s == '"') {
            break;
        }

        if (*s != '\\') {
            return REVIEW_SCAN_BAD;
        }

        s++;

        rc = review_scan_escape(&s, last);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }
    }

    raw->data = start;
    raw->len = (size_t) (s - start);

    if (high && review_utf8_valid(raw->data, raw->len) != raw->len) {
        return REVIEW_SCAN_BAD;
    }

    *p = s + 1;

    return REVIEW_SCAN_OK;
}


/* at least one digit */

static review_scan_e
review_scan_digits(const char **p, const char *last)
{
    const char  *s;

    for (s = *p; s < last && *s >= '0' && *s <= '9'; s++) { /* void */ }

    if (s == *p) {
        return s == last ? REVIEW_SCAN_CUT : REVIEW_SCAN_BAD;
    }

    *p = s;

    return REVIEW_SCAN_OK;
}


static review_scan_e
review_scan_number(const char **p, const char *last)
{
    review_scan_e  rc;

    if (**p == '-') {
        (*p)++;
    }

    if (*p < last && **p == '0') {
        (*p)++;

    } else {
        rc = review_scan_digits(p, last);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }
    }

    if (*p < last && **p == '.') {
        (*p)++;

        rc = review_scan_digits(p, last);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }
    }

    if (*p < last && (**p | 0x20) == 'e') {
        (*p)++;

        if (*p < last && (**p == '+' || **p == '-')) {
            (*p)++;
        }

        return review_scan_digits(p, last);
    }

    return REVIEW_SCAN_OK;
}


/* a string, a number or a literal; *p < last */

static review_scan_e
review_scan_scalar(const char **p, const char *last)
{
    const char    *word;
    review_str_t   raw;

    switch (**p) {

    case '"':
        return review_scan_string(p, last, &raw);

    case 't':
        word = "true";
        break;

    case 'f':
        word = "false";
        break;

    case 'n':
        word = "null";
        break;

    default:
        return review_scan_number(p, last);
    }

    for ( /* void */ ; *word; word++, (*p)++) {
        if (*p == last) {
            return REVIEW_SCAN_CUT;
        }

        if (**p != *word) {
            return REVIEW_SCAN_BAD;
        }
    }

    return REVIEW_SCAN_OK;
}


/* compiled for each: those who only skip have no path, and pay for none */

#define review_scan_inline  static inline __attribute__((always_inline))


/* a token begins here */

static inline void
review_scan_token(review_scan_path_t *path, const char *p, const char *last,
    review_scan_expected_e expected)
{
    if (path && p < last) {
        path->before = path->token;
        path->token = p;
        path->expected = expected;
    }
}


/* the level's name is known, or the next element is due */

static inline void
review_scan_level(review_scan_path_t *path, size_t depth,
    const review_str_t *name)
{
    review_scan_level_t  *level;

    if (path && depth <= REVIEW_SCAN_LEVELS) {
        level = &path->levels[depth - 1];

        level->index += (name == NULL);
        level->name.data = name ? name->data : NULL;
        level->name.len = name ? name->len : 0;
    }
}


static inline void
review_scan_open(review_scan_path_t *path, size_t depth, char bracket)
{
    if (path && depth <= REVIEW_SCAN_LEVELS) {
        memset(&path->levels[depth - 1], 0, sizeof(review_scan_level_t));
        path->levels[depth - 1].array = (bracket == '[');
    }
}


/* a member's name and the colon behind it */

review_scan_inline review_scan_e
review_scan_key(const char **p, const char *last, review_scan_path_t *path,
    size_t depth)
{
    review_str_t   raw;
    review_scan_e  rc;

    review_scan_space(p, last);
    review_scan_token(path, *p, last, REVIEW_SCAN_NAME);

    rc = review_scan_string(p, last, &raw);
    if (rc != REVIEW_SCAN_OK) {
        return rc;
    }

    review_scan_level(path, depth, &raw);
    review_scan_space(p, last);
    review_scan_token(path, *p, last, REVIEW_SCAN_COLON);

    if (*p == last) {
        return REVIEW_SCAN_CUT;
    }

    return *(*p)++ == ':' ? REVIEW_SCAN_OK : REVIEW_SCAN_BAD;
}


/*
 * What follows a value: commas and closing brackets up to where the next value
 * is due, or until all are closed.
 */

review_scan_inline review_scan_e
review_scan_close(const char **p, const char *last, const char *stack,
    size_t *depth, review_scan_path_t *path)
{
    char  c;

    while (*depth) {
        review_scan_space(p, last);
        review_scan_token(path, *p, last, REVIEW_SCAN_NEXT);

        if (*p == last) {
            return REVIEW_SCAN_CUT;
        }

        c = *(*p)++;

        if (c == ',') {
            review_scan_level(path, *depth, NULL);

            return stack[*depth - 1] == '}'
                   ? review_scan_key(p, last, path, *depth) : REVIEW_SCAN_OK;
        }

        if (c != stack[*depth - 1]) {
            (*p)--;
            return REVIEW_SCAN_BAD;
        }

        (*depth)--;
    }

    return REVIEW_SCAN_OK;
}


/* "truest", "012": more of a word than the grammar wants */

static inline int
review_scan_is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
           || c == '-' || c == '+' || c == '.';
}


review_scan_inline review_scan_e
review_scan_walk(const char **p, const char *last, review_scan_path_t *path,
    size_t *depth, size_t *values)
{
    char           c, stack[REVIEW_SCAN_DEPTH];
    review_scan_e  rc;

    do {
        review_scan_space(p, last);
        review_scan_token(path, *p, last, REVIEW_SCAN_VALUE);

        if (*p == last) {
            return REVIEW_SCAN_CUT;
        }

        if (values) {
            (*values)++;
        }

        c = **p;

        if (c == '{' || c == '[') {

            if (*depth == REVIEW_SCAN_DEPTH) {
                return REVIEW_SCAN_BAD;
            }

            stack[(*depth)++] = c == '{' ? '}' : ']';
            review_scan_open(path, *depth, c);

            (*p)++;
            review_scan_space(p, last);

            if (*p == last || **p != stack[*depth - 1]) {
                rc = c == '{' ? review_scan_key(p, last, path, *depth)
                              : REVIEW_SCAN_OK;

                if (rc != REVIEW_SCAN_OK) {
                    return rc;
                }

                continue;
            }

        } else {
            rc = review_scan_scalar(p, last);

            if (rc == REVIEW_SCAN_OK && path && *p < last && c != '"'
                && review_scan_is_word(**p))
            {
                rc = REVIEW_SCAN_BAD;
            }

            if (rc != REVIEW_SCAN_OK) {
                return rc;
            }
        }

        rc = review_scan_close(p, last, stack, depth, path);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }

    } while (*depth);

    return REVIEW_SCAN_OK;
}


review_scan_e
review_scan_value(const char **p, const char *last)
{
    size_t  depth;

    depth = 0;

    return review_scan_walk(p, last, NULL, &depth, NULL);
}


review_scan_e
review_scan_count(const char **p, const char *last, size_t *values)
{
    size_t  depth;

    depth = 0;

    return review_scan_walk(p, last, NULL, &depth, values);
}


review_scan_e
review_scan_path(const char **p, const char *last, review_scan_path_t *path)
{
    review_scan_e  rc;

    path->token = *p;
    path->before = *p;
    path->expected = REVIEW_SCAN_VALUE;
    path->depth = 0;

    rc = review_scan_walk(p, last, path, &path->depth, NULL);

    if (rc == REVIEW_SCAN_OK) {
        review_scan_space(p, last);
        review_scan_token(path, *p, last, REVIEW_SCAN_NEXT);
    }

    return rc;
}


static char *
review_scan_put(char *d, int32_t cp)
{
    if (cp < 0x80) {
        *d++ = (char) cp;
        return d;
    }

    if (cp < 0x800) {
        *d++ = (char) (0xc0 | cp >> 6);

    } else {

        if (cp < 0x10000) {
            *d++ = (char) (0xe0 | cp >> 12);

        } else {
            *d++ = (char) (0xf0 | cp >> 18);
            *d++ = (char) (0x80 | (cp >> 12 & 0x3f));
        }

        *d++ = (char) (0x80 | (cp >> 6 & 0x3f));
    }

    *d++ = (char) (0x80 | (cp & 0x3f));

    return d;
}


/* *p stands at the "u"; -1: half of a surrogate pair */

static int32_t
review_scan_code_point(const char **p, const char *last)
{
    int32_t      cp, low;
    const char  *s;

    cp = review_scan_hex(*p + 1, last);
    *p += 5;

    if (cp < 0xd800 || cp > 0xdfff) {
        return cp;
    }

    s = *p;

    if (cp > 0xdbff || last - s < 6 || s[0] != '\\' || s[1] != 'u') {
        return -1;
    }

    low = review_scan_hex(s + 2, last);

    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }

    *p += 6;

    return 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
}


const char *
review_scan_bad_escape(const char *p, const char *last, int32_t *cp)
{
    const char     *s;
    review_scan_e   rc;

    for ( ;; ) {
        p = memchr(p, '\\', (size_t) (last - p));

        if (p == NULL || last - p < 2) {
            return NULL;
        }

        s = p + 1;
        rc = review_scan_escape(&s, last);

        if (rc == REVIEW_SCAN_OK && p[1] != 'u') {
            p = s;
            continue;
        }

        s = p + 1;
        *cp = rc == REVIEW_SCAN_OK ? review_scan_code_point(&s, last)
                                   : REVIEW_SCAN_NO_ESCAPE;
        if (*cp <= 0) {
            return p;
        }

        p = s;
    }
}


size_t
review_scan_unescape_to(char *dst, const review_str_t *raw, int *lossy)
{
    char        *d;
    size_t       n;
    int32_t      cp;
    const char  *p, *q, *last;

    d = dst;
    p = raw->data;
    last = p + raw->len;

    while (p < last) {
        q = memchr(p, '\\', (size_t) (last - p));

        n = (size_t) ((q ? q : last) - p);
        memcpy(d, p, n);
        d += n;

        if (q == NULL) {
            break;
        }

        p = q + 1;

        if (*p == 'u') {
            cp = review_scan_code_point(&p, last);

            if (cp <= 0) {
                *lossy = 1;
            }

            if (cp != 0) {
                d = review_scan_put(d, cp < 0 ? 0xfffd : cp);
            }

            continue;
        }

        switch (*p) {
        case 'b': *d++ = '\b'; break;
        case 'f': *d++ = '\f'; break;
        case 'n': *d++ = '\n'; break;
        case 'r': *d++ = '\r'; break;
        case 't': *d++ = '\t'; break;
        default:  *d++ = *p;   break;
        }

        p++;
    }

    return (size_t) (d - dst);
}


void
review_scan_unescape(review_buf_t *b, const review_str_t *raw)
{
    int    lossy;
    char  *dst;

    dst = review_buf_reserve(b, raw->len);

    if (dst) {
        b->len += review_scan_unescape_to(dst, raw, &lossy);
    }
}


size_t
review_scan_mend(char *data, size_t len)
{
    char        *p, *last;
    size_t       n;
    const char  *q;

    n = 0;
    last = data + len;

    for (p = data; p < last; /* void */ ) {

        p = memchr(p, '\\', (size_t) (last - p));

        if (p == NULL || last - p < 6) {
            break;
        }

        if (p[1] != 'u' || review_scan_hex(p + 2, last) == -1) {
            p += 2;
            continue;
        }

        q = p + 1;

        if (review_scan_code_point(&q, last) == -1) {
            memcpy(p, "\\ufffd", 6);
            n++;
        }

        p = data + (q - data);
    }

    return n;
}
