
#include "review/quote/edge.h"
#include "review/quote/markup.h"
#include "review/quote/norm.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define REVIEW_EDGE_IGNORED  8         /* invisible ones looked past */
#define REVIEW_EDGE_SIDE     24        /* looked at on either side, at most */
#define REVIEW_EDGE_ENTITY   10        /* bytes of an entity */


/* behind what does not part the digits beside it: tags, marks; or NULL */

static const char *
review_edge_skip(const review_str_t *text, int32_t c, const char *p)
{
    const char  *last;

    last = text->data + text->len;

    switch (c) {

    case '<':
        return review_markup_inline(p, last);

    case '$':
        return p + 1;

    case '*':
        return (last - p > 1 && p[1] == '*') ? p + 2 : NULL;

    case '\\':
        return (last - p > 1 && p[1] == '%') ? p + 1 : NULL;
    }

    return NULL;
}


/* the same, where the last of it stands at p */

static const char *
review_edge_skip_back(const review_str_t *text, int32_t c, const char *p)
{
    switch (c) {

    case '>':
        return review_markup_inline_back(p + 1, text->data);

    case '$':
        return p;

    case '*':
        return (p > text->data && p[-1] == '*') ? p - 1 : NULL;
    }

    return NULL;
}


/* an entity whose last or first character stands at *p is one of its own */

static int32_t
review_edge_entity(const review_str_t *text, int32_t c, const char **p,
    int back)
{
    int          n;
    int32_t      entity;
    const char  *q, *end, *last;

    end = *p + back;
    last = text->data + text->len;

    for (n = 0, q = *p; back && *q != '&'; n++) {
        if (q == text->data || n == REVIEW_EDGE_ENTITY) {
            return c;
        }

        q--;
    }

    if (!back) {
        q--;
    }

    *p = q;
    entity = review_markup_entity(&q, last);

    if (entity == -1 || (back && q != end)) {
        *p = back ? end - 1 : end;
        return c;
    }

    if (!back) {
        *p = q;
    }

    return entity;
}


/* the code point before *p or after it, 0 at the end, in half width */

static int32_t
review_edge_step(const review_str_t *text, const char **p, int back)
{
    int          i;
    int32_t      c;
    const char  *q, *last;

    last = text->data + text->len;

    for (i = 0; i < REVIEW_EDGE_IGNORED; i++) {

        if (*p == (back ? text->data : last)) {
            return 0;
        }

        if (back) {
            do {
                (*p)--;
            } while (*p > text->data && review_utf8_trail(**p));

            q = *p;
            c = review_utf8_next(&q, last);
            q = (c > 0 && c < 0x80) ? review_edge_skip_back(text, c, *p)
                                    : NULL;

        } else {
            q = *p;
            c = review_utf8_next(p, last);
            q = (c > 0 && c < 0x80) ? review_edge_skip(text, c, q) : NULL;
        }

        if (q) {
            *p = q;
            continue;
        }

        if (c == (back ? ';' : '&')) {
            c = review_edge_entity(text, c, p, back);
        }

        if (!utf8proc_get_property(c)->ignorable) {
            return (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0
                                                : review_fold_radical(c);
        }
    }

    return 0;
}


/* what a code point is to a number */

typedef enum {
    REVIEW_EDGE_NONE = 0,
    REVIEW_EDGE_PUNCT,                 /* joins digits, or is their sign */
    REVIEW_EDGE_WORD,                  /* the same, in Chinese numerals */
    REVIEW_EDGE_DIGIT,                 /* from here on: a part of it */
    REVIEW_EDGE_ZERO,
    REVIEW_EDGE_NUMERAL,               /* one to nine */
    REVIEW_EDGE_TWO,                   /* only before a unit */
    REVIEW_EDGE_UNIT,                  /* ten, hundred, thousand */
    REVIEW_EDGE_MYRIAD                 /* and what is counted in them */
} review_edge_kind_e;

#define review_edge_is_part(kind)  ((kind) >= REVIEW_EDGE_DIGIT)
#define review_edge_is_unit(kind)  ((kind) >= REVIEW_EDGE_UNIT)

#define review_edge_is_letter(c)                                              \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')

#define REVIEW_EDGE_MINUS    0x2212
#define REVIEW_EDGE_BALL     0x25cb    /* a bullet, or a zero */
#define REVIEW_EDGE_ONE      0x4e00
#define REVIEW_EDGE_OF       0x4e4b    /* of "of parts" */
#define REVIEW_EDGE_SOME     0x51e0
#define REVIEW_EDGE_PARTS    0x5206
#define REVIEW_EDGE_POINT    0x70b9
#define REVIEW_EDGE_NEGATIVE 0x8d1f


static review_edge_kind_e
review_edge_chinese(int32_t c)
{
    switch (c) {

    case 0x3007: case REVIEW_EDGE_BALL: case 0x96f6:
        return REVIEW_EDGE_ZERO;

    case REVIEW_EDGE_ONE: case 0x4e8c: case 0x4e09: case 0x56db: case 0x4e94:
    case 0x516d: case 0x4e03: case 0x516b: case 0x4e5d:
    case 0x58f9: case 0x8d30: case 0x53c1: case 0x8086: case 0x4f0d:
    case 0x9646: case 0x67d2: case 0x634c: case 0x7396:
    case 0x5eff: case 0x5345:
        return REVIEW_EDGE_NUMERAL;

    case 0x4e24: case 0x5169:
        return REVIEW_EDGE_TWO;

    case 0x5341: case 0x767e: case 0x5343: case 0x62fe: case 0x4f70:
    case 0x4edf:
        return REVIEW_EDGE_UNIT;

    case 0x4e07: case 0x4ebf: case 0x842c: case 0x5104:
        return REVIEW_EDGE_MYRIAD;

    case REVIEW_EDGE_OF: case REVIEW_EDGE_SOME: case REVIEW_EDGE_PARTS:
    case REVIEW_EDGE_POINT: case REVIEW_EDGE_NEGATIVE: case 0x8ca0: case 0x5e7e:
        return REVIEW_EDGE_WORD;
    }

    return REVIEW_EDGE_NONE;
}


/* raised digits and fractions are parts of numbers, circled ones are not */

static review_edge_kind_e
review_edge_kind(int32_t c)
{
    if (c >= '0' && c <= '9') {
        return REVIEW_EDGE_DIGIT;
    }

    switch (c) {

    case ',': case '\'': case 0x2019: case 0xa0: case 0x2009: case 0x202f:
    case '.': case '/': case 0x2044: case 0x2215:
    case '-': case '~': case 0x2010: case 0x2011: case 0x2012: case 0x2013:
    case 0x2014: case REVIEW_EDGE_MINUS: case 0x301c: case 0xb1:
    case '%': case 0x2030:
        return REVIEW_EDGE_PUNCT;

    case 0xb2: case 0xb3: case 0xb9: case 0xbc: case 0xbd: case 0xbe:
        return REVIEW_EDGE_DIGIT;
    }

    if (c < 0x100) {
        return REVIEW_EDGE_NONE;
    }

    if (c >= 0x3007 && c <= 0x9fff) {
        return review_edge_chinese(c);
    }

    if ((c >= 0x2070 && c <= 0x2089 && c != 0x2071)
        || (c >= 0x2150 && c <= 0x215e))
    {
        return REVIEW_EDGE_DIGIT;
    }

    return c == REVIEW_EDGE_BALL ? REVIEW_EDGE_ZERO
           : utf8proc_category(c) == UTF8PROC_CATEGORY_ND
             ? REVIEW_EDGE_DIGIT : REVIEW_EDGE_NONE;
}


/* code points away from an edge, 0 behind the last one */

static void
review_edge_read(const review_str_t *text, size_t offset, int back,
    int32_t *side)
{
    int          i;
    const char  *p;

    p = text->data + offset;

    for (i = 0; i < REVIEW_EDGE_SIDE; i++) {
        side[i] = review_edge_step(text, &p, back);

        if (side[i] == 0) {
            break;
        }
    }

    for ( /* void */ ; i <= REVIEW_EDGE_SIDE; i++) {
        side[i] = 0;
    }
}


static int
review_edge_digits(const int32_t *side)
{
    int  n;

    for (n = 0; review_edge_kind(side[n]) == REVIEW_EDGE_DIGIT; n++) {
        /* void */
    }

    return n;
}


/*
 * Digits in groups, about one of the marks that join them.  Groups of one digit
 * or more are counted on both sides.
 */

typedef struct {
    int      n;                        /* groups */
    int      first;                    /* digits of the first one, */
    int      others;                   /* and of the longest behind it */
    int      year;                     /* the first one is one */
} review_edge_groups_t;


static void
review_edge_count(const int32_t *left, int32_t c, const int32_t *right,
    review_edge_groups_t *g)
{
    int             k;
    const int32_t  *p;

    g->n = 1;
    g->others = 0;

    for (p = right; (k = review_edge_digits(p)) > 0; p += k + 1) {
        g->n++;
        g->others = k > g->others ? k : g->others;

        if (p[k] != c) {
            break;
        }
    }

    for (p = left; ; p += k + 1) {
        k = review_edge_digits(p);

        if (p[k] != c || review_edge_kind(p[k + 1]) != REVIEW_EDGE_DIGIT) {
            break;
        }

        g->n++;
        g->others = k > g->others ? k : g->others;
    }

    g->first = k;
    g->year = k == 4 && ((p[3] == '1' && p[2] == '9')
                         || (p[3] == '2' && p[2] == '0'));
}


/*
 * The number that begins at the end of a side that is near the edge or, where
 * it is read backwards, ends there; -1: an ordinal such as "007", or too long.
 */

static double
review_edge_value(const int32_t *side, int back)
{
    int     i, n, at;
    double  value, scale;

    for (n = 0; (side[n] >= '0' && side[n] <= '9') || side[n] == '.'; n++) {
        /* void */
    }

    if (n == 0 || n > 15) {
        return -1;
    }

    value = 0;
    scale = 0;

    for (i = 0; i < n; i++) {
        at = back ? n - 1 - i : i;

        if (side[at] == '.') {
            scale = scale > 0 ? scale : 1;
            continue;
        }

        if (i == 1 && value < 1 && scale <= 0) {
            return -1;
        }

        scale /= 10;
        value = scale > 0 ? value + (side[at] - '0') * scale
                          : value * 10 + (side[at] - '0');
    }

    return value;
}


/* from a smaller number to a larger one, and no part of a name */

static int
review_edge_is_range(const int32_t *left, const int32_t *right)
{
    int     n;
    double  from, to;

    n = review_edge_digits(left);
    n += (left[n] == ' ');

    from = review_edge_value(left, 1);
    to = review_edge_value(right, 0);

    return !review_edge_is_letter(left[n]) && from >= 0 && to > from;
}


/*
 * Is it one number, fraction or range that the mark has digits of on either
 * side?  Dates, and names that are made of digits, are read in parts.
 */

static int
review_edge_joined(const int32_t *left, int32_t c, const int32_t *right)
{
    review_edge_groups_t  g;

    if (review_edge_kind(left[0]) != REVIEW_EDGE_DIGIT
        || review_edge_kind(right[0]) != REVIEW_EDGE_DIGIT)
    {
        return 0;
    }

    switch (c) {

    case ',': case '\'': case 0x2019: case 0xa0: case 0x2009: case 0x202f:
        return review_edge_digits(left) <= 3 && review_edge_digits(right) == 3;

    case '.':
        review_edge_count(left, c, right, &g);
        return !(g.n == 3 && g.year && g.others <= 2);

    case '/':
        review_edge_count(left, c, right, &g);
        return g.n == 2 && !(g.year && g.others <= 2);

    case '~': case 0x301c: case 0x2044: case 0x2215:
        return 1;

    case '%': case 0x2030: case 0xb1:
        return 0;

    default:
        review_edge_count(left, c, right, &g);
        return g.n == 2 && review_edge_is_range(left, right);
    }
}


/* "-5", but not "A-5", nor a dash made of hyphens */

static int
review_edge_signed(const int32_t *before, int32_t after)
{
    review_edge_kind_e  kind;

    kind = review_edge_kind(after);

    switch (before[0]) {

    case '-': case REVIEW_EDGE_MINUS:
        return kind == REVIEW_EDGE_DIGIT && !review_edge_is_letter(before[1])
               && before[1] != '-'
               && review_edge_kind(before[1]) != REVIEW_EDGE_DIGIT;

    case 0xb1:
        return kind == REVIEW_EDGE_DIGIT;

    case REVIEW_EDGE_NEGATIVE: case 0x8ca0:
        return review_edge_is_part(kind);
    }

    return 0;
}


/*
 * A number that ends before its unit is another one.  The unit alone is none:
 * a quote may begin with it, unless the number goes on behind it.
 */

static int
review_edge_scaled(const int32_t *after, int start, int digits)
{
    int                 i;
    review_edge_kind_e  kind;

    for (i = 0; start; i++) {
        kind = review_edge_kind(after[i]);

        if (kind == REVIEW_EDGE_MYRIAD
            || (digits && kind == REVIEW_EDGE_UNIT && after[i] != 0x5341
                && after[i] != 0x62fe))
        {
            continue;
        }

        return i == 0 || review_edge_is_part(kind);
    }

    return 1;
}


/* nothing but zeros, as in a year that is half written in digits */

static int
review_edge_zeros(const int32_t *side)
{
    while (*side == '0') {
        side++;
    }

    return review_edge_kind(*side) != REVIEW_EDGE_DIGIT;
}


/* is the zero before an edge one of a number, and no bullet or word? */

static int
review_edge_is_zero(const int32_t *before)
{
    if (*before == 0x3007) {
        return 1;
    }

    while (*before == REVIEW_EDGE_BALL) {
        before++;
    }

    return review_edge_is_part(review_edge_kind(*before))
           && (*before != 0x96f6 || review_edge_is_part(
                                        review_edge_kind(before[1])));
}


/* words that end in "one": what is counted behind them is a number anew */

static int
review_edge_is_word(const int32_t *before)
{
    if (before[0] != REVIEW_EDGE_ONE) {
        return 0;
    }

    switch (before[1]) {
    case 0x7edf: case 0x552f: case 0x5355: case 0x540c: case 0x4efb:
    case 0x9010: case 0x67d0: case 0x6bcf: case 0x5408: case 0x4e0d:
        return 1;
    }

    return before[1] == REVIEW_EDGE_OF && before[2] != REVIEW_EDGE_PARTS;
}


/* parts of numbers on both sides: are they of one? */

static int
review_edge_parts(const int32_t *before, const int32_t *after, int start)
{
    review_edge_kind_e  left, right;

    left = review_edge_kind(before[0]);
    right = review_edge_kind(after[0]);

    if (review_edge_is_unit(right)) {
        return review_edge_scaled(after, start, left == REVIEW_EDGE_DIGIT);
    }

    switch (left) {

    case REVIEW_EDGE_DIGIT:
        return right == REVIEW_EDGE_DIGIT || after[0] == 0x3007
               || (right == REVIEW_EDGE_NUMERAL && review_edge_zeros(before));

    case REVIEW_EDGE_ZERO:
        return right == REVIEW_EDGE_NUMERAL && before[0] == 0x96f6
               ? 1 : right != REVIEW_EDGE_TWO && review_edge_is_zero(before);

    case REVIEW_EDGE_NUMERAL:
        return right == REVIEW_EDGE_DIGIT
               ? review_edge_zeros(after)
               : right != REVIEW_EDGE_TWO && !review_edge_is_word(before);

    case REVIEW_EDGE_TWO:
        return right == REVIEW_EDGE_NUMERAL;

    default:

        /* units, and more behind them */

        if (right == REVIEW_EDGE_ZERO) {
            return after[0] == 0x3007
                   || (after[0] == 0x96f6
                       && review_edge_is_part(review_edge_kind(after[1])));
        }

        return right != REVIEW_EDGE_TWO
               || review_edge_is_unit(review_edge_kind(after[1]));
    }
}


/* "of parts", the point: words within a number, at or about the edge */

static int
review_edge_worded(const int32_t *before, const int32_t *after, int start)
{
    int                  i;
    int32_t              c[6];
    review_edge_kind_e   kind[6];

    for (i = 0; i < 3; i++) {
        c[2 - i] = before[i];
        c[3 + i] = after[i];
    }

    for (i = 0; i < 6; i++) {
        kind[i] = review_edge_kind(c[i]);
    }

    for (i = 0; i < 3; i++) {
        if (review_edge_is_part(kind[i]) && c[i + 1] == REVIEW_EDGE_PARTS
            && c[i + 2] == REVIEW_EDGE_OF && review_edge_is_part(kind[i + 3]))
        {
            return 1;
        }
    }

    for (i = 1; i < 3; i++) {
        if (kind[i] > REVIEW_EDGE_DIGIT && c[i + 1] == REVIEW_EDGE_POINT
            && (kind[i + 2] == REVIEW_EDGE_NUMERAL
                || kind[i + 2] == REVIEW_EDGE_ZERO)
            && c[i + 3] != 0x5341 && c[i + 3] != 0x523b)
        {
            return 1;
        }
    }

    return (c[2] == REVIEW_EDGE_SOME || c[2] == 0x5e7e)
           && review_edge_is_unit(kind[3])
           && review_edge_scaled(after, start, 0);
}


/* "twenty-three": letters on one side of the hyphen, or on both */

static int
review_edge_english(const int32_t *before, const int32_t *after)
{
    size_t              i, k;
    static const char  *const  ones[] = {
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"
    };

    before += (before[0] == '-');
    after += (after[0] == '-');

    if ((before[0] | 0x20) != 'y' || (before[1] | 0x20) != 't'
        || !review_edge_is_letter(before[2]))
    {
        return 0;
    }

    for (i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {

        for (k = 0; ones[i][k] && (after[k] | 0x20) == ones[i][k]; k++) {
            /* void */
        }

        if (ones[i][k] == '\0' && !review_edge_is_letter(after[k])) {
            return 1;
        }
    }

    return 0;
}


/* most edges are told by the two code points about them */

int
review_edge_cuts(const review_str_t *text, size_t offset, int start)
{
    int                  hyphen;
    int32_t              before[REVIEW_EDGE_SIDE + 1];
    int32_t              after[REVIEW_EDGE_SIDE + 1];
    const char          *p;
    review_edge_kind_e   left, right;

    p = text->data + offset;
    before[0] = review_edge_step(text, &p, 1);
    left = review_edge_kind(before[0]);

    p = text->data + offset;
    after[0] = review_edge_step(text, &p, 0);
    right = review_edge_kind(after[0]);

    hyphen = (before[0] == '-' && review_edge_is_letter(after[0]))
             || (after[0] == '-' && review_edge_is_letter(before[0]));

    if (!hyphen && (left == REVIEW_EDGE_NONE || right == REVIEW_EDGE_NONE)) {
        return 0;
    }

    review_edge_read(text, offset, 1, before);
    review_edge_read(text, offset, 0, after);

    if (hyphen) {
        return review_edge_english(before, after);
    }

    if (review_edge_is_part(left) && review_edge_is_part(right)) {
        return review_edge_parts(before, after, start)
               || review_edge_worded(before, after, start);
    }

    if (review_edge_signed(before, after[0])
        || review_edge_worded(before, after, start))
    {
        return 1;
    }

    if (left == REVIEW_EDGE_DIGIT && (after[0] == '%' || after[0] == 0x2030)) {
        return !start;
    }

    return left == REVIEW_EDGE_PUNCT
           ? review_edge_joined(before + 1, before[0], after)
           : review_edge_joined(before, after[0], after + 1);
}


size_t
review_edge_widen(const review_str_t *text, const review_str_t *quote,
    size_t offset, int start)
{
    int32_t              c;
    const char          *p;
    utf8proc_category_t  category;

    p = start ? quote->data : quote->data + quote->len;

    do {
        c = review_edge_step(quote, &p, !start);
    } while (c && review_norm_is_space(c));

    if (!review_norm_is_mark(c)) {
        return offset;
    }

    p = text->data + offset;
    c = review_edge_step(text, &p, start);
    category = utf8proc_category(c);

    if (!review_norm_is_mark(c)
        || category == (start ? UTF8PROC_CATEGORY_PF : UTF8PROC_CATEGORY_PI)
        || category == (start ? UTF8PROC_CATEGORY_PE : UTF8PROC_CATEGORY_PS))
    {
        return offset;
    }

    return (size_t) (p - text->data);
}
