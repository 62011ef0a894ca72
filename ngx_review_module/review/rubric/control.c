
#include "review/rubric/control.h"
#include "review/rubric/prompt_words.h"
#include "review/base/utf8.h"
#include "review/json/write.h"

#include <strings.h>


#define REVIEW_CONTROL_NAME      64      /* bytes of a name, at most */
#define REVIEW_CONTROL_CAPITALS  3       /* of a name in "[...]", at least */


/* how brackets begin, by the byte to look for, the rarest of them */

typedef struct {
    review_str_t        bracket;
    size_t              rare;
    int               (*opens)(const char *p, const char *last);
} review_control_t;


/* full width as half width: some tokenizers do so, too */

static int32_t
review_control_next(const char **p, const char *last)
{
    int32_t  c;

    if (*p == last) {
        return 0;
    }

    c = review_utf8_next(p, last);

    return (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0 : c;
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


/* behind "<": "|", a name up to ">", or our own mark */

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

    if ((size_t) (last - name) >= sizeof(REVIEW_MARK) - 1
        && strncasecmp(name, REVIEW_MARK, sizeof(REVIEW_MARK) - 1) == 0)
    {
        return 1;
    }

    letters = 0;
    next = name;

    do {
        end = next;
        c = review_control_next(&next, last);
        letters += review_control_is_letter(c);
    } while (review_control_is_name(c) && end - name < REVIEW_CONTROL_NAME);

    return c == '>' && letters
           && !review_control_is_html(name, (size_t) (end - name));
}


/* behind "[": "|", "e~[", or a name up to "]" that is mostly capitals */

static int
review_control_opens_square(const char *p, const char *last)
{
    int          capitals;
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

    do {
        c = review_control_next(&next, last);
        capitals += review_control_is_capital(c);
    } while (review_control_is_name(c) && next - name < REVIEW_CONTROL_NAME);

    return c == ']' && capitals >= REVIEW_CONTROL_CAPITALS;
}


static int
review_control_opens_tilde(const char *p, const char *last)
{
    return p < last && *p == '~';
}


/* behind "◁": a name */

static int
review_control_opens_triangle(const char *p, const char *last)
{
    int32_t  c;

    c = review_control_next(&p, last);

    return c == '/' || c == '|' || review_control_is_name(c);
}


static const review_control_t  review_controls[] = {
    { review_string("<"), 0, review_control_opens_angle },
    { review_string("["), 0, review_control_opens_square },
    { review_string("]"), 0, review_control_opens_tilde },
    { review_string("＜"), 2, review_control_opens_angle },
    { review_string("［"), 2, review_control_opens_square },
    { review_string("◁"), 1, review_control_opens_triangle }
};

#define REVIEW_CONTROLS                                                       \
    (sizeof(review_controls) / sizeof(review_controls[0]))


/* behind the next bracket of the kind that opens a control token, or NULL */

static const char *
review_control_find(const review_control_t *control, const char *p,
    const char *last)
{
    size_t       rare, len;
    const char  *at, *from;

    from = p;
    rare = control->rare;
    len = control->bracket.len;

    while (p < last) {
        p = memchr(p, control->bracket.data[rare], (size_t) (last - p));

        if (p == NULL) {
            break;
        }

        at = p++ - rare;

        if (at >= from && (size_t) (last - at) >= len
            && (len == 1 || memcmp(at, control->bracket.data, len) == 0)
            && control->opens(at + len, last))
        {
            return at + len;
        }
    }

    return NULL;
}


/* each kind is looked for once, since most texts have none of it */

void
review_control_text(review_buf_t *b, const char *data, size_t len)
{
    size_t       i;
    const char  *next, *last, *found[REVIEW_CONTROLS];

    if (len == 0) {
        return;
    }

    last = data + len;

    for (i = 0; i < REVIEW_CONTROLS; i++) {
        found[i] = review_control_find(&review_controls[i], data, last);
    }

    for ( ;; ) {
        next = NULL;

        for (i = 0; i < REVIEW_CONTROLS; i++) {
            if (found[i] && (next == NULL || found[i] < next)) {
                next = found[i];
            }
        }

        if (next == NULL) {
            review_write_text(b, data, (size_t) (last - data));
            return;
        }

        review_write_text(b, data, (size_t) (next - data));
        review_buf_add(b, " ", 1);
        data = next;

        for (i = 0; i < REVIEW_CONTROLS; i++) {
            if (found[i] == next) {
                found[i] = review_control_find(&review_controls[i], next,
                                               last);
            }
        }
    }
}
