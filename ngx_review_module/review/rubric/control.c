
#include "review/rubric/control.h"
#include "review/rubric/prompt_words.h"
#include "review/base/utf8.h"
#include "review/json/write.h"

#include <strings.h>

#if (__SSE2__)
#include <emmintrin.h>
#endif


#define REVIEW_CONTROL_NAME      64      /* bytes of a name, at most */
#define REVIEW_CONTROL_CAPITALS  3       /* of a name in "[...]", at least */
#define REVIEW_CONTROL_LINES     2       /* or so many low lines */


typedef struct {
    review_str_t        bracket;
    int               (*opens)(const char *p, const char *last);
} review_control_t;


/*
 * What stands behind a bracket is looked at up to where it is told, or the text
 * ends: another text may follow then, which goes on with it.
 */

#define REVIEW_CONTROL_END  0


/* full width as half width, nothing invisible: some tokenizers do so, too */

static int32_t
review_control_next(const char **p, const char *last)
{
    int32_t  c;

    while (*p < last) {
        c = review_utf8_next(p, last);

        if (c != 0xad && (c < 0x200b || c > 0x200d) && c != 0x2060
            && c != 0xfeff)
        {
            return (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0 : c;
        }
    }

    return REVIEW_CONTROL_END;
}


static int
review_control_is_capital(int32_t c)
{
    return c >= 'A' && c <= 'Z';
}


static int
review_control_is_letter(int32_t c)
{
    return review_control_is_capital(c) || (c >= 'a' && c <= 'z');
}


/* "_" and "-" are, and so are a colon, and the low line of some tokenizers */

static int
review_control_is_name(int32_t c)
{
    return review_control_is_letter(c) || (c >= '0' && c <= '9')
           || c == '_' || c == '-' || c == ':' || c == 0x2581;
}


/* elements of HTML, which converters leave in texts, and which mean no turn */

static int
review_control_is_html(const char *name, size_t len)
{
    size_t                    i;
    static const char *const  names[] = {
        "a", "b", "i", "u", "p", "br", "hr", "em", "sub", "sup", "strong",
        "div", "span", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6",
        "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption",
        "col", "colgroup", "del", "ins", "pre", "center", "font", "small",
        "big", "blockquote"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* does our own mark begin at p? */

static int
review_control_is_mark(const char *p, const char *last)
{
    const char  *mark;

    for (mark = REVIEW_MARK; *mark; mark++) {
        if ((review_control_next(&p, last) | 0x20) != (*mark | 0x20)) {
            return 0;
        }
    }

    return 1;
}


/* behind "<": "|", a name up to ">" or "|>", or our own mark */

static int
review_control_opens_angle(const char *p, const char *last)
{
    int          letters;
    int32_t      c;
    const char  *name, *end, *next;

    name = p;
    next = p;
    c = review_control_next(&next, last);

    if (c == '|') {
        return 1;
    }

    if (c == '/') {
        name = next;
    }

    if (review_control_is_mark(name, last)) {
        return 1;
    }

    letters = 0;
    next = name;

    do {
        end = next;
        c = review_control_next(&next, last);
        letters += review_control_is_letter(c);

    } while (review_control_is_name(c) && end - name < REVIEW_CONTROL_NAME);

    if (c == '|' && letters) {
        c = review_control_next(&next, last);

        return c == '>' || c == REVIEW_CONTROL_END;
    }

    return c == REVIEW_CONTROL_END
           || (c == '>' && letters
               && !review_control_is_html(name, (size_t) (end - name)));
}


/*
 * Behind "[": "|", "e~[", or a name up to "]" that is mostly capitals, or made
 * of three words, as "start_header_id"
 */

static int
review_control_opens_square(const char *p, const char *last)
{
    int          capitals, lines;
    int32_t      c;
    const char  *name, *next;

    next = p;
    c = review_control_next(&next, last);

    if (c == '|' || (last - p >= 3 && memcmp(p, "e~[", 3) == 0)
        || (last - p >= 8 && memcmp(p, "control_", 8) == 0))
    {
        return 1;
    }

    name = (c == '/') ? next : p;
    next = name;
    capitals = 0;
    lines = 0;

    do {
        c = review_control_next(&next, last);
        capitals += review_control_is_capital(c);
        lines += (c == '_');
    } while (review_control_is_name(c) && next - name < REVIEW_CONTROL_NAME);

    return c == REVIEW_CONTROL_END
           || (c == ']' && (capitals >= REVIEW_CONTROL_CAPITALS
                            || lines >= REVIEW_CONTROL_LINES));
}


/* behind "]": as in "]~b]", "]!p~[" and "]<]image[>[" */

static int
review_control_opens_closing(const char *p, const char *last)
{
    if (p == last) {
        return 0;
    }

    return *p == '~' || (last - p >= 3 && *p == '!' && p[2] == '~')
           || (last - p >= 2 && *p == '<' && p[1] == ']');
}


/* behind "◁": a name */

static int
review_control_opens_triangle(const char *p, const char *last)
{
    int32_t  c;

    c = review_control_next(&p, last);

    return c == '/' || c == '|' || c == REVIEW_CONTROL_END
           || review_control_is_name(c);
}


static const review_control_t  review_controls[] = {
    { review_string("<"), review_control_opens_angle },
    { review_string("["), review_control_opens_square },
    { review_string("]"), review_control_opens_closing },
    { review_string("＜"), review_control_opens_angle },
    { review_string("［"), review_control_opens_square },
    { review_string("◁"), review_control_opens_triangle }
};

#define REVIEW_CONTROLS                                                       \
    (sizeof(review_controls) / sizeof(review_controls[0]))


/* may one of the brackets be at p?  Those of three bytes: by two of these */

static inline int
review_control_may_be(const char *p, const char *last)
{
    switch ((unsigned char) *p) {

    case '<': case '[': case ']':
        return 1;

    case 0xef:
        return last - p >= 3 && ((unsigned char) p[2] == 0x9c
                                 || (unsigned char) p[2] == 0xbb);

    case 0xe2:
        return last - p >= 3 && (unsigned char) p[2] == 0x81;

    default:
        return 0;
    }
}


/* the first place from p on where one of the brackets may be, or "last" */

static const char *
review_control_seek(const char *p, const char *last)
{
#if (__SSE2__)

#define review_control_is(v, c)  _mm_cmpeq_epi8(v, _mm_set1_epi8((char) (c)))

    int      found;
    __m128i  v, third, one, full, triangle;

    for ( /* void */ ; last - p >= 18; p += 16) {
        v = _mm_loadu_si128((const __m128i *) p);
        third = _mm_loadu_si128((const __m128i *) (p + 2));

        one = _mm_or_si128(_mm_or_si128(review_control_is(v, '<'),
                                        review_control_is(v, '[')),
                           review_control_is(v, ']'));
        full = _mm_and_si128(review_control_is(v, 0xef),
                             _mm_or_si128(review_control_is(third, 0x9c),
                                          review_control_is(third, 0xbb)));
        triangle = _mm_and_si128(review_control_is(v, 0xe2),
                                 review_control_is(third, 0x81));

        found = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(one, full),
                                               triangle));
        if (found) {
            return p + __builtin_ctz((unsigned) found);
        }
    }

#endif

    while (p < last && !review_control_may_be(p, last)) {
        p++;
    }

    return p;
}


/* behind the bracket at p, if it opens a control token; or NULL */

static const char *
review_control_opened(const char *p, const char *last)
{
    size_t               i;
    const review_str_t  *bracket;

    for (i = 0; i < REVIEW_CONTROLS; i++) {
        bracket = &review_controls[i].bracket;

        if ((size_t) (last - p) >= bracket->len
            && memcmp(p, bracket->data, bracket->len) == 0)
        {
            p += bracket->len;

            return review_controls[i].opens(p, last) ? p : NULL;
        }
    }

    return NULL;
}


void
review_control_text(review_buf_t *b, const char *data, size_t len)
{
    const char  *p, *last, *opened;

    if (len == 0) {
        return;
    }

    last = data + len;

    for (p = data; (p = review_control_seek(p, last)) < last; p++) {
        opened = review_control_opened(p, last);

        if (opened) {
            review_write_text(b, data, (size_t) (opened - data));
            review_buf_add(b, " ", 1);
            data = opened;
        }
    }

    review_write_text(b, data, (size_t) (last - data));
}
