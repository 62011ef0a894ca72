
#include "review/quote/norm.h"
#include "review/quote/markup.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define REVIEW_NORM_DROP       0       /* is left out */

#define review_norm_is_dot(c)                                                 \
    ((c) == '.' || (c) == REVIEW_NORM_STOP || (c) == REVIEW_NORM_ELLIPSIS)


int
review_norm_is_mark(int32_t c)
{
    switch (c) {
    case '"': case '\'': case '`':
    case 0x00ab: case 0x00bb:                       /* << >> */
    case 0x2018: case 0x2019: case 0x201a: case 0x201b:
    case 0x201c: case 0x201d: case 0x201e: case 0x201f:
    case 0x2039: case 0x203a:                       /* < > */
    case 0x3008: case 0x3009: case 0x300a: case 0x300b:
    case 0x300c: case 0x300d: case 0x300e: case 0x300f:
    case 0x301d: case 0x301e: case 0x301f:
    case 0xff62: case 0xff63:
        return 1;
    }

    return 0;
}


int
review_norm_is_space(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return 1;
    default:
        return 0;
    }
}


/* what stands for a code point that is NFKC and case folded already */

static int32_t
review_norm_fold(int32_t c)
{
    if (review_fold_is_han(c)) {
        return c;
    }

    switch (c) {

    case '*': case '_': case '|': case '\\':
    case 0x2022:                                    /* bullet */
        return REVIEW_NORM_DROP;

    case 0x3002:                                    /* full stop */
    case 0x00b7: case 0x2027: case 0x2219: case 0x22c5: case 0x30fb:
        return REVIEW_NORM_STOP;

    case 0x3001:
        return REVIEW_NORM_PAUSE;

    case 0x22ef:                                    /* midline ellipsis */
        return REVIEW_NORM_ELLIPSIS;

    case '~': case 0x2043: case 0x2053: case 0x223c: case 0x301c:
    case 0x2010: case 0x2012: case 0x2013: case 0x2014: case 0x2015:
    case 0x2212: case 0x2500: case 0x2501: case 0x2e3a: case 0x2e3b:
        return '-';

    case '[': case '{': case 0x3010: case 0x3014: case 0x3016: case 0x3018:
        return '(';

    case ']': case '}': case 0x3011: case 0x3015: case 0x3017: case 0x3019:
        return ')';

    case 0x2236:                                    /* ratio */
        return ':';

    case 0x2044: case 0x2215:                       /* slashes */
        return '/';

    case 0x25cb: case 0x25ef:                       /* a circle for a zero */
        return 0x3007;
    }

    if (review_norm_is_mark(c) || review_norm_is_space(c)) {
        return REVIEW_NORM_DROP;
    }

    return c;
}


static void
review_norm_append(review_norm_t *norm, int32_t c, size_t from, size_t to)
{
    char           *p;
    review_unit_t  *unit;

    unit = (review_unit_t *) review_buf_reserve(&norm->units, sizeof(*unit));
    p = review_buf_reserve(&norm->text, 4);

    if (unit == NULL || p == NULL) {
        norm->units.failed = 1;
        norm->text.failed = 1;
        return;
    }

    unit->from = (uint32_t) from;
    unit->to = (uint32_t) to;

    norm->units.len += sizeof(*unit);
    norm->text.len += (size_t) utf8proc_encode_char(c, (utf8proc_uint8_t *) p);

    norm->before = norm->last;
    norm->last = c;
}


/* puts another ASCII character in place of the last one, which is one, too */

static void
review_norm_replace(review_norm_t *norm, int32_t c)
{
    if (!norm->text.failed) {
        norm->text.data[norm->text.len - 1] = (char) c;
        norm->last = c;
    }
}


/* only between digits are these something of their own */

static void
review_norm_settle(review_norm_t *norm)
{
    if (norm->last == REVIEW_NORM_STOP) {
        review_norm_replace(norm, '.');

    } else if (norm->last == REVIEW_NORM_PAUSE) {
        review_norm_replace(norm, ',');
    }
}


/* dashes and dots in a row are one, however many of them there are */

static int
review_norm_collapse(review_norm_t *norm, int32_t c, size_t to)
{
    review_unit_t  *unit;

    if (norm->gap || norm->text.failed) {
        return 0;
    }

    if (review_norm_is_dot(c) && review_norm_is_dot(norm->last)) {
        review_norm_replace(norm, REVIEW_NORM_ELLIPSIS);

    } else if (c != '-' || norm->last != '-') {
        return 0;
    }

    unit = (review_unit_t *) (norm->units.data + norm->units.len) - 1;
    unit->to = (uint32_t) to;

    return 1;
}


/* takes the next code point, NFKC and case folded, made of [from, to) */

static void
review_norm_put(review_norm_t *norm, int32_t c, size_t from, size_t to)
{
    review_unit_t  *unit;

    c = review_norm_fold(c);

    if (c == REVIEW_NORM_DROP) {
        norm->gap = 1;
        return;
    }

    if (review_norm_collapse(norm, c, to)) {
        return;
    }

    if (!review_quote_is_digit(c)) {
        review_norm_settle(norm);

    } else if (norm->gap && !norm->text.failed
               && (review_quote_is_digit(norm->last)
                   || ((norm->last == '.' || norm->last == ',')
                       && review_quote_is_digit(norm->before))))
    {
        unit = (review_unit_t *) (norm->units.data + norm->units.len) - 1;
        review_norm_append(norm, ' ', unit->to, unit->to);
    }

    if (!review_quote_is_digit(norm->last)) {
        if (c == REVIEW_NORM_STOP) {
            c = '.';

        } else if (c == REVIEW_NORM_PAUSE) {
            c = ',';
        }
    }

    review_norm_append(norm, c, from, to);
    norm->gap = 0;
}


/*
 * NFKC and case folding of a cluster, made of [from, to).  A circled, raised or
 * otherwise dressed digit is not part of a number beside it.
 */

static void
review_norm_folded(review_norm_t *norm, const char *data, size_t len,
    size_t npoints, size_t from, size_t to)
{
    int          i, n, apart;
    int32_t      base, c[REVIEW_FOLD_POINTS];
    const char  *p;

    p = data;
    base = review_utf8_next(&p, data + len);

    n = review_fold_compat(data, len, npoints, 1, c);

    if (n < 0) {
        review_norm_put(norm, review_fold_radical(base), from, to);
        return;
    }

    if (n == 0) {
        return;
    }

    apart = 0;

    switch (utf8proc_category(base)) {

    case UTF8PROC_CATEGORY_ND:
        break;

    case UTF8PROC_CATEGORY_NO:
        apart = 1;
        break;

    default:
        apart = review_quote_is_digit(c[0]) || review_quote_is_digit(c[n - 1]);
    }

    norm->gap |= apart;

    for (i = 0; i < n; i++) {
        review_norm_put(norm, c[i], from, to);
    }

    norm->gap |= apart;
}


/* a code point that [from, to) stands for */

static void
review_norm_decoded(review_norm_t *norm, int32_t c, size_t from, size_t to)
{
    char  data[4];

    if (c <= ' ') {
        norm->gap = 1;
        return;
    }

    review_norm_folded(norm, data,
                       (size_t) utf8proc_encode_char(c,
                                              (utf8proc_uint8_t *) data),
                       1, from, to);
}


/* a line of nothing but | - : and spaces, that rules a table or a page */

static const char *
review_norm_rule(const char *p, const char *last)
{
    size_t  dashes;

    dashes = 0;

    for ( /* void */ ; p < last && *p != '\n' && *p != '\r'; p++) {

        if (*p == '-') {
            dashes++;

        } else if (*p != '|' && *p != ':' && *p != ' ' && *p != '\t') {
            return NULL;
        }
    }

    return (dashes >= 3) ? p : NULL;
}


static const char *
review_norm_blanks(const char *p, const char *last)
{
    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}


/*
 * Skips what Markdown has at the start of a line: a rule, a heading's #, a
 * bullet.  A number keeps its sign, and "#3" its meaning.
 */

static const char *
review_norm_line(const char *p, const char *last)
{
    const char  *q, *text;

    q = review_norm_blanks(p, last);

    if (q == last) {
        return p;
    }

    if (*q == '#') {
        while (q < last && *q == '#') {
            q++;
        }

        return (q < last && review_quote_is_digit(*q)) ? p : q;
    }

    if (*q != '-' && *q != '|' && *q != ':') {
        return p;
    }

    text = review_norm_rule(q, last);

    if (text) {
        return text;
    }

    if (*q == '-') {
        q++;
        text = review_norm_blanks(q, last);

        if (text > q && text < last && utf8proc_category(
                            review_utf8_next(&text, last))
                        != UTF8PROC_CATEGORY_ND)
        {
            return q;
        }
    }

    return p;
}


/* the text while it is read */

typedef struct {
    review_norm_t   *norm;
    const char      *data;
    const char      *last;
    const char      *bracket;          /* of the link that is read; or NULL */
    const char      *link;             /* behind that link */
    const char      *formula;          /* the $ that ends the one that is read;
                                          or NULL */
} review_reading_t;


static void
review_norm_formula(review_reading_t *r, const char *from, const char *end)
{
    review_buf_t   *formulas;
    review_unit_t  *unit;

    formulas = &r->norm->formulas;
    unit = (review_unit_t *) review_buf_reserve(formulas, sizeof(*unit));

    if (unit) {
        unit->from = (uint32_t) (from - r->data);
        unit->to = (uint32_t) (end - r->data);
        formulas->len += sizeof(*unit);
        r->formula = end;
    }
}


/* a hyphen within a word, be it at a line's end or not */

static int
review_norm_is_hyphen(review_reading_t *r, const char *from, const char *p)
{
    int  lines;

    if (from == r->data || from[-1] < 'a' || from[-1] > 'z') {
        return 0;
    }

    for (lines = 0; p < r->last && *p > 0 && *p <= ' '; p++) {
        lines += (*p == '\n');
    }

    return p < r->last && *p >= 'a' && *p <= 'z'
           && (lines == 1 || (lines == 0 && p == from + 1));
}


/* what of a formula are no characters; or NULL */

static const char *
review_norm_math(review_reading_t *r, const char *from, int32_t c)
{
    const char  *p;

    p = from + 1;

    switch (c) {

    case '$':
        r->formula = NULL;
        r->norm->gap = 1;
        return p;

    case ' ': case '\t': case '~':
        return p;

    case '{': case '}': case '^': case '_':
        r->norm->gap = 1;
        return p;

    case '\\':
        p = from;
        c = review_markup_command(&p, r->formula);

        if (c > ' ') {
            if (c < 0x80) {
                review_norm_put(r->norm, c, (size_t) (from - r->data),
                                (size_t) (p - r->data));
            } else {
                review_norm_decoded(r->norm, c, (size_t) (from - r->data),
                                    (size_t) (p - r->data));
            }

        } else {
            r->norm->gap |= (c != 0);
            p += (c == -1);
        }

        return p;
    }

    return NULL;
}


/* ASCII that is no character of its own: returns behind it; or NULL */

static const char *
review_norm_markup(review_reading_t *r, const char *from, int32_t c)
{
    const char  *p, *end;

    if (r->formula) {
        return review_norm_math(r, from, c);
    }

    switch (c) {

    case '<':
        p = review_markup_tag(from, r->last);
        r->norm->gap |= (p != NULL);
        return p;

    case '&':
        p = from;
        c = review_markup_entity(&p, r->last);

        if (c == -1) {
            return NULL;
        }

        review_norm_decoded(r->norm, c, (size_t) (from - r->data),
                            (size_t) (p - r->data));
        return p;

    case '!':
        return (r->last - from > 2 && from[1] == '['
                && review_markup_link(from + 1, r->last, &end))
               ? from + 1 : NULL;

    case '[':
        if (r->bracket) {
            return NULL;
        }

        r->bracket = review_markup_link(from, r->last, &r->link);
        r->norm->gap |= (r->bracket != NULL);
        return r->bracket ? from + 1 : NULL;

    case ']':
        if (from != r->bracket) {
            return NULL;
        }

        r->bracket = NULL;
        r->norm->gap = 1;
        return r->link;

    case '$':
        end = review_markup_math(from, r->data, r->last);

        if (end == NULL) {
            return NULL;
        }

        review_norm_formula(r, from, end);
        r->norm->gap = 1;
        return from + 1;

    case '-':
        return review_norm_is_hyphen(r, from, from + 1) ? from + 1 : NULL;
    }

    return NULL;
}


/* characters of ASCII that may be marks of HTML, Markdown or LaTeX */

static const unsigned char  review_norm_marks[0x80] = {
    ['<'] = 1, ['&'] = 1, ['!'] = 1, ['['] = 1, [']'] = 1, ['$'] = 1,
    ['-'] = 1
};


void
review_norm_init(review_norm_t *norm, review_pool_t *pool, size_t text,
    size_t units)
{
    review_buf_init(&norm->text, pool, text);
    review_buf_init(&norm->units, pool, units * sizeof(review_unit_t));
    review_buf_init(&norm->formulas, pool, 0);
}


int
review_norm_in_formula(const review_norm_t *norm, size_t offset)
{
    size_t                low, high, middle;
    const review_unit_t  *formulas;

    formulas = (const review_unit_t *) norm->formulas.data;
    low = 0;
    high = norm->formulas.len / sizeof(review_unit_t);

    while (low < high) {
        middle = low + (high - low) / 2;

        if (formulas[middle].to < offset) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low < norm->formulas.len / sizeof(review_unit_t)
           && formulas[low].from < offset;
}


int
review_norm_make(review_norm_t *norm, const char *data, size_t len)
{
    int                line;
    size_t             n;
    int32_t            c;
    const char        *p, *last, *from;
    review_reading_t   r;

    norm->text.len = 0;
    norm->units.len = 0;
    norm->formulas.len = 0;
    norm->last = 0;
    norm->before = 0;
    norm->gap = 0;

    p = data;
    last = data + len;
    line = 1;

    memset(&r, 0, sizeof(r));
    r.norm = norm;
    r.data = data;
    r.last = last;

    while (p < last) {

        if (line) {
            p = review_norm_line(p, last);
            norm->gap = 1;
            line = 0;
            continue;
        }

        from = p;
        c = review_utf8_next(&p, last);

        if (c < 0x80 && (r.formula || (c > 0 && review_norm_marks[c]))) {
            from = review_norm_markup(&r, from, c);

            if (from) {
                p = from;
                continue;
            }

            from = p - 1;
        }

        if (c <= ' ') {

            /* nor is there anything to compare in what is not UTF-8 */

            line = (c == '\n' || c == '\r');
            norm->gap = 1;
            continue;
        }

        n = 1;

        if (p < last && review_fold_may_extend(*p)) {
            p = review_fold_cluster(p, last, &n);
        }

        if (n > 1 || (c >= 0x80 && !review_fold_is_han(c))) {
            review_norm_folded(norm, from, (size_t) (p - from), n,
                               (size_t) (from - data), (size_t) (p - data));
            continue;
        }

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        review_norm_put(norm, c, (size_t) (from - data), (size_t) (p - data));
    }

    review_norm_settle(norm);

    return (norm->text.failed || norm->formulas.failed) ? -1 : 0;
}
