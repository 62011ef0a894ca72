
#include "review/outline/line.h"
#include "review/base/utf8.h"

#include <utf8proc.h>

#if (__SSE2__)
#include <emmintrin.h>
#endif


/* U+2028 and U+2029 end lines as well */

#define review_line_is_separator(p, last)                                     \
    ((last) - (p) >= 3 && (p)[1] == '\x80'                                    \
     && ((p)[2] == '\xa8' || (p)[2] == '\xa9'))


/* the next byte that ends a line, or may */

static const char *
review_line_scan(const char *p, const char *last)
{
#if (__SSE2__)

    int      found;
    __m128i  v;

    for ( /* void */ ; last - p >= 16; p += 16) {
        v = _mm_loadu_si128((const __m128i *) p);

        found = _mm_movemask_epi8(
                    _mm_or_si128(
                        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
                                     _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'))),
                        _mm_cmpeq_epi8(v, _mm_set1_epi8('\xe2'))));

        if (found) {
            return p + __builtin_ctz((unsigned) found);
        }
    }

#endif

    while (p < last && *p != '\n' && *p != '\r' && *p != '\xe2') {
        p++;
    }

    return p;
}


/* the line's end; *next is the next line */

static const char *
review_line_end(const char *p, const char *last, const char **next)
{
    for ( ;; ) {
        p = review_line_scan(p, last);

        if (p == last) {
            *next = p;
            return p;
        }

        if (*p == '\n') {
            *next = p + 1;
            return p;
        }

        if (*p == '\r') {
            *next = p + 1 + (last - p > 1 && p[1] == '\n');
            return p;
        }

        if (review_line_is_separator(p, last)) {
            *next = p + 3;
            return p;
        }

        p++;
    }
}


int
review_line_is_space(int32_t c)
{
    if (c < 0x80) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }

    switch (c) {
    case 0x85: case 0xa0: case 0x1680: case 0x2028: case 0x2029: case 0x202f:
    case 0x205f: case 0x3000: case 0xfeff:
        return 1;
    }

    return c >= 0x2000 && c <= 0x200b;
}


const char *
review_line_visible(const char *p, const char *last)
{
    unsigned char   c;
    const char     *start;

    while (p < last) {
        c = (unsigned char) *p;

        if (c < 0x80) {
            if (c > ' ' && c != 0x7f) {
                return p;
            }

            p++;
            continue;
        }

        if (c >= 0xe4 && c <= 0xe9) {
            return p;
        }

        start = p;

        (void) review_utf8_next(&p, last);

        if (!review_utf8_blank(start, (size_t) (p - start))) {
            return start;
        }
    }

    return last;
}


/* behind the last that is not white space */

static const char *
review_line_trim(const char *p, const char *end)
{
    const char  *s, *q;

    while (end > p) {

        if ((unsigned char) end[-1] < 0x80) {
            if (!review_line_is_space(end[-1])) {
                break;
            }

            end--;
            continue;
        }

        for (s = end - 1; s > p && review_utf8_trail(*s); s--) { /* void */ }

        q = s;

        if (!review_line_is_space(review_utf8_next(&q, end))) {
            break;
        }

        end = s;
    }

    return end;
}


void
review_line_read(review_line_t *line, const char *p, const char *last)
{
    const char  *end;

    end = review_line_end(p, last, &line->next);

    line->start = p;
    line->text = review_line_visible(p, end);
    line->end = review_line_trim(line->text, end);
}
