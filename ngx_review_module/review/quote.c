
/*
 * The normalized form of a text is what is left of it to compare:
 *
 * - compatibility forms and letter case are folded (NFKC, case folding);
 * - white space, quote marks and marks of Markdown are left out, as an LLM
 *   drops, adds and changes them at will; but between two digits a space stays,
 *   so that "1 5", "1|5", and "10" with a superscript 3 never become a number;
 * - other punctuation stays, its variants made one.  A full stop or an
 *   enumeration comma between digits is neither a decimal point nor a
 *   thousands separator and stays apart from them.
 *
 * Every code point of it knows which bytes of the text it was made of.  These
 * are whole clusters: a base with its combining marks, or a run of dots.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "quote.h"
#include "utf8.h"
#include "buf.h"

#include <utf8proc.h>


#define REVIEW_QUOTE_BLOCK      256     /* bytes between two checkpoints */
#define REVIEW_QUOTE_CLUSTER    32      /* code points in a cluster, at most */
#define REVIEW_QUOTE_EXPANSION  4       /* what one may become, at most */
#define REVIEW_QUOTE_FRAGMENTS  8       /* between a quote's ellipses */
#define REVIEW_QUOTE_LETTERS    4       /* in such a fragment, at least */
#define REVIEW_QUOTE_GAP        500     /* code points left out, at most */
#define REVIEW_QUOTE_IGNORED    8       /* invisible ones looked past */


/*
 * What a place that is found but refused costs, beside the quote's length, and
 * what may be spent for a quote: text made to be refused stays linear.
 */

#define REVIEW_QUOTE_COST       64
#define REVIEW_QUOTE_BUDGET(n)  ((n) * 8 + 65536)


/* control characters are white space, so these can't be a text's own */

#define REVIEW_QUOTE_DROP       0
#define REVIEW_QUOTE_STOP       1       /* a full stop after a digit */
#define REVIEW_QUOTE_PAUSE      2       /* an enumeration comma after a digit */
#define REVIEW_QUOTE_ELLIPSIS   3

#define review_quote_is_digit(c)  ((c) >= '0' && (c) <= '9')
#define review_quote_is_dot(c)                                                \
    ((c) == '.' || (c) == REVIEW_QUOTE_STOP || (c) == REVIEW_QUOTE_ELLIPSIS)


/* counts code points before an offset, from the nearest checkpoint */

typedef struct {
    const char      *data;
    size_t           len;
    uint32_t        *marks;
} review_points_t;


/* the bytes of the text that became a code point of the normalized form */

typedef struct {
    uint32_t         from;
    uint32_t         to;
} review_unit_t;


typedef struct {
    review_buf_t     text;
    review_buf_t     units;
    int32_t          last;             /* the last code point written */
    int32_t          before;           /* and the one before it */
    unsigned         gap:1;            /* something was left out since */
} review_norm_t;


struct review_source_s {
    review_pool_t   *pool;
    review_str_t     text;
    size_t           work;             /* spent on refused places */
    review_points_t  points;
    review_points_t  norm_points;
    review_norm_t    norm;
    review_norm_t    quote;            /* its buffers serve every quote */
    unsigned         normalized:1;
};


/* where a piece of normalized text stands */

typedef struct {
    size_t           pos;              /* in the normalized form */
    size_t           end;
    size_t           from;             /* in the text */
    size_t           to;
} review_place_t;


const char *const  review_matches[] = {
    "none", "normalized", "exact", NULL
};


static void
review_points_init(review_points_t *points, review_pool_t *pool,
    const char *data, size_t len)
{
    size_t    i, n;
    uint32_t  count;

    points->data = data;
    points->len = len;

    n = len / REVIEW_QUOTE_BLOCK;

    points->marks = review_alloc(pool, (n + 1) * sizeof(uint32_t));
    if (points->marks == NULL) {

        /* counting from the start is slower, but as right */

        return;
    }

    count = 0;
    points->marks[0] = 0;

    for (i = 0; i < n; i++) {
        count += (uint32_t) review_utf8_count(data + i * REVIEW_QUOTE_BLOCK,
                                              REVIEW_QUOTE_BLOCK);
        points->marks[i + 1] = count;
    }
}


static size_t
review_points_before(review_points_t *points, size_t offset)
{
    size_t  n, from;

    n = 0;
    from = 0;

    if (points->marks) {
        n = points->marks[offset / REVIEW_QUOTE_BLOCK];
        from = offset - offset % REVIEW_QUOTE_BLOCK;
    }

    return n + review_utf8_count(points->data + from, offset - from);
}


static int
review_quote_is_mark(int32_t c)
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


static int
review_quote_is_space(int32_t c)
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
review_quote_fold(int32_t c)
{
    if (c >= 0x3400 && c <= 0x9fff) {
        return c;
    }

    switch (c) {

    case '*': case '_': case '|': case '\\':
    case 0x2022:                                    /* bullet */
        return REVIEW_QUOTE_DROP;

    case 0x3002:                                    /* full stop */
    case 0x00b7: case 0x2027: case 0x2219: case 0x22c5: case 0x30fb:
        return REVIEW_QUOTE_STOP;

    case 0x3001:
        return REVIEW_QUOTE_PAUSE;

    case 0x22ef:                                    /* midline ellipsis */
        return REVIEW_QUOTE_ELLIPSIS;

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

    if (review_quote_is_mark(c) || review_quote_is_space(c)) {
        return REVIEW_QUOTE_DROP;
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
    if (norm->last == REVIEW_QUOTE_STOP) {
        review_norm_replace(norm, '.');

    } else if (norm->last == REVIEW_QUOTE_PAUSE) {
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

    if (review_quote_is_dot(c) && review_quote_is_dot(norm->last)) {
        review_norm_replace(norm, REVIEW_QUOTE_ELLIPSIS);

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

    c = review_quote_fold(c);

    if (c == REVIEW_QUOTE_DROP) {
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
        if (c == REVIEW_QUOTE_STOP) {
            c = '.';

        } else if (c == REVIEW_QUOTE_PAUSE) {
            c = ',';
        }
    }

    review_norm_append(norm, c, from, to);
    norm->gap = 0;
}


/*
 * NFKC and case folding of a cluster.  A circled, raised or otherwise dressed
 * digit is not part of a number beside it.
 */

static void
review_norm_cluster(review_norm_t *norm, const char *data, size_t from,
    size_t to, size_t npoints)
{
    int               apart;
    int32_t           base, c[REVIEW_QUOTE_CLUSTER * REVIEW_QUOTE_EXPANSION];
    const char       *p;
    utf8proc_ssize_t  n, i, max;

    p = data + from;
    base = review_utf8_next(&p, data + to);
    max = (utf8proc_ssize_t) npoints * REVIEW_QUOTE_EXPANSION;

    n = utf8proc_decompose((const utf8proc_uint8_t *) data + from,
                           (utf8proc_ssize_t) (to - from), c, max,
                           UTF8PROC_STABLE|UTF8PROC_COMPAT|UTF8PROC_COMPOSE
                           |UTF8PROC_CASEFOLD|UTF8PROC_IGNORE);

    if (n >= 0 && n <= max) {
        n = utf8proc_normalize_utf32(c, n, UTF8PROC_STABLE|UTF8PROC_COMPOSE);
    }

    if (n < 0 || n > max) {
        review_norm_put(norm, base, from, to);
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


/* does the code point belong to the one before it? */

static int
review_norm_extends(int32_t c)
{
    const utf8proc_property_t  *prop;

    if (c < 0x300 || (c >= 0x3400 && c <= 0x9fff)) {
        return 0;
    }

    prop = utf8proc_get_property(c);

    switch (prop->boundclass) {

    case UTF8PROC_BOUNDCLASS_EXTEND:
    case UTF8PROC_BOUNDCLASS_SPACINGMARK:
    case UTF8PROC_BOUNDCLASS_V:
    case UTF8PROC_BOUNDCLASS_T:
        return prop->category != UTF8PROC_CATEGORY_CF;

    default:
        return 0;
    }
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


/*
 * Skips what Markdown has at the start of a line: a rule, a heading's #, a
 * bullet.  A number keeps its sign, and "#3" its meaning.
 */

static const char *
review_norm_line(const char *p, const char *last)
{
    const char  *q, *text;

    for (q = p; q < last && (*q == ' ' || *q == '\t'); q++) { /* void */ }

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

        for (text = q; text < last && (*text == ' ' || *text == '\t'); text++) {
            /* void */
        }

        if (text > q && text < last && utf8proc_category(
                            review_utf8_next(&text, last))
                        != UTF8PROC_CATEGORY_ND)
        {
            return q;
        }
    }

    return p;
}


static int
review_norm_make(review_norm_t *norm, const char *data, size_t len)
{
    int          line;
    size_t       n;
    int32_t      c;
    const char  *p, *q, *last, *from;

    norm->text.len = 0;
    norm->units.len = 0;
    norm->last = 0;
    norm->before = 0;
    norm->gap = 0;

    p = data;
    last = data + len;
    line = 1;

    while (p < last) {

        if (line) {
            p = review_norm_line(p, last);
            norm->gap = 1;
            line = 0;
            continue;
        }

        from = p;
        c = review_utf8_next(&p, last);

        if (c <= ' ') {

            /* nor is there anything to compare in what is not UTF-8 */

            line = (c == '\n' || c == '\r');
            norm->gap = 1;
            continue;
        }

        for (n = 1, q = p; q < last && n < REVIEW_QUOTE_CLUSTER; n++, p = q) {
            if (!review_norm_extends(review_utf8_next(&q, last))) {
                break;
            }
        }

        if (n > 1 || (c >= 0x80 && (c < 0x3400 || c > 0x9fff))) {
            review_norm_cluster(norm, data, (size_t) (from - data),
                                (size_t) (p - data), n);
            continue;
        }

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        review_norm_put(norm, c, (size_t) (from - data), (size_t) (p - data));
    }

    review_norm_settle(norm);

    return norm->text.failed ? -1 : 0;
}


review_source_t *
review_source_create(review_pool_t *pool, const char *data, size_t len)
{
    review_source_t  *source;

    if (len > UINT32_MAX) {
        return NULL;
    }

    source = review_alloc(pool, sizeof(review_source_t));
    if (source == NULL) {
        return NULL;
    }

    memset(source, 0, sizeof(review_source_t));

    source->pool = pool;
    source->text.data = len ? data : "";
    source->text.len = len;

    review_buf_init(&source->quote.text, pool, 0);
    review_buf_init(&source->quote.units, pool, 0);

    return source;
}


/* the number of code points before an offset */

static size_t
review_source_point(review_source_t *source, size_t offset)
{
    if (source->points.data == NULL) {
        review_points_init(&source->points, source->pool, source->text.data,
                           source->text.len);
    }

    return review_points_before(&source->points, offset);
}


static int
review_source_normalize(review_source_t *source)
{
    size_t          n;
    review_norm_t  *norm;

    norm = &source->norm;

    if (!source->normalized) {
        source->normalized = 1;

        n = review_utf8_count(source->text.data, source->text.len);

        review_buf_init(&norm->text, source->pool, source->text.len + 4);
        review_buf_init(&norm->units, source->pool,
                        (n + 1) * sizeof(review_unit_t));

        if (review_norm_make(norm, source->text.data, source->text.len) == 0) {
            review_points_init(&source->norm_points, source->pool,
                               norm->text.data, norm->text.len);
        }
    }

    return norm->text.failed ? -1 : 0;
}


/* the code point before *p or after it, 0 at the end, in half width */

static int32_t
review_quote_step(review_str_t *text, const char **p, int back)
{
    int          i;
    int32_t      c;
    const char  *q, *last;

    last = text->data + text->len;

    for (i = 0; i < REVIEW_QUOTE_IGNORED; i++) {

        if (*p == (back ? text->data : last)) {
            return 0;
        }

        if (back) {
            do {
                (*p)--;
            } while (*p > text->data && (**p & 0xc0) == 0x80);

            q = *p;
            c = review_utf8_next(&q, last);

        } else {
            c = review_utf8_next(p, last);
        }

        if (!utf8proc_get_property(c)->ignorable) {
            return (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0 : c;
        }
    }

    return 0;
}


static int
review_number_digit(int32_t c)
{
    utf8proc_category_t  category;

    category = utf8proc_category(c);

    return category == UTF8PROC_CATEGORY_ND
           || category == UTF8PROC_CATEGORY_NO;
}


static int
review_number_part(int32_t c)
{
    size_t                i;
    static const int32_t  numerals[] = {
        0x3007, 0x25cb, 0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,
        0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341, 0x767e, 0x5343, 0x4e07,
        0x4ebf, 0x58f9, 0x8d30, 0x53c1, 0x8086, 0x4f0d, 0x9646, 0x67d2,
        0x634c, 0x7396, 0x62fe, 0x4f70, 0x4edf, 0x842c, 0x5104
    };

    for (i = 0; i < sizeof(numerals) / sizeof(numerals[0]); i++) {
        if (c == numerals[i]) {
            return 1;
        }
    }

    return review_number_digit(c);
}


/* does the punctuation join the digit before it with those after "p"? */

static int
review_number_joined(review_source_t *source, int32_t digit, int32_t c,
    const char *p)
{
    int  n;

    if (!review_number_digit(digit)) {
        return 0;
    }

    for (n = 0; n < 4; n++) {
        if (!review_number_digit(review_quote_step(&source->text, &p, 0))) {
            break;
        }
    }

    switch (c) {

    case ',':
        return n == 3;

    case '.': case '/': case '-': case '~':
    case 0x2010: case 0x2011: case 0x2012: case 0x2013: case 0x2014:
    case 0x2212: case 0x301c:
        return n > 0;
    }

    return 0;
}


/*
 * Would a quote that starts or ends here cut a number in two?  "10" does not
 * stand in "110", "10.5", "-10" or "10,000", nor does a written-out numeral in
 * a longer one.
 */

static int
review_source_cuts(review_source_t *source, size_t offset)
{
    int32_t      before2, before, after;
    const char  *p, *next;

    p = source->text.data + offset;
    before = review_quote_step(&source->text, &p, 1);
    before2 = review_quote_step(&source->text, &p, 1);

    p = source->text.data + offset;
    next = p;
    after = review_quote_step(&source->text, &next, 0);

    if (review_number_part(before) && review_number_part(after)) {
        return 1;
    }

    if ((before == '-' || before == 0x2212) && review_number_digit(after)) {
        return 1;
    }

    return review_number_joined(source, before2, before, p)
           || review_number_joined(source, before, after, next);
}


static int
review_source_spent(review_source_t *source, size_t len)
{
    source->work += len + REVIEW_QUOTE_COST;

    return source->work > REVIEW_QUOTE_BUDGET(source->text.len);
}


/*
 * The first place that cuts no number or, where there is none, the first.
 */

static const char *
review_source_exact(review_source_t *source, const char *quote, size_t len)
{
    size_t       from;
    const char  *p, *first, *last;

    last = source->text.data + source->text.len;
    first = memmem(source->text.data, source->text.len, quote, len);

    for (p = first; p; p = memmem(p, (size_t) (last - p), quote, len)) {
        from = (size_t) (p - source->text.data);

        if (!review_source_cuts(source, from)
            && !review_source_cuts(source, from + len))
        {
            return p;
        }

        if (review_source_spent(source, len)) {
            break;
        }

        p++;
    }

    return first;
}


/* the bytes of the text that [pos, end) was made of; 0: a number is cut */

static int
review_source_place(review_source_t *source, review_place_t *place)
{
    size_t          i, j, n;
    const char     *text;
    review_unit_t  *units;

    text = source->norm.text.data;
    units = (review_unit_t *) source->norm.units.data;
    n = source->norm.units.len / sizeof(review_unit_t);

    i = review_points_before(&source->norm_points, place->pos);
    j = review_points_before(&source->norm_points, place->end) - 1;

    place->from = units[i].from;
    place->to = units[j].to;

    /* one digit of several that a code point became is not its number */

    if ((i > 0 && units[i - 1].from == units[i].from
         && review_quote_is_digit(text[place->pos]))
        || (j + 1 < n && units[j + 1].from == units[j].from
            && review_quote_is_digit(text[place->end - 1])))
    {
        return 0;
    }

    return !review_source_cuts(source, place->from)
           && !review_source_cuts(source, place->to);
}


/* looks for normalized text from place->pos on; 0: there is none */

static int
review_source_search(review_source_t *source, review_str_t *text,
    review_place_t *place)
{
    const char    *p, *last;
    review_buf_t  *norm;

    norm = &source->norm.text;

    if (norm->len - place->pos < text->len) {
        return 0;
    }

    p = norm->data + place->pos;
    last = norm->data + norm->len;

    while ((p = memmem(p, (size_t) (last - p), text->data, text->len))) {

        place->pos = (size_t) (p - norm->data);
        place->end = place->pos + text->len;

        if (review_source_place(source, place)) {
            return 1;
        }

        if (review_source_spent(source, text->len)) {
            return 0;
        }

        p++;
    }

    return 0;
}


/* letters, digits and ideographs; stops at "max" */

static size_t
review_quote_letters(review_str_t *text, size_t max)
{
    size_t       n;
    const char  *p, *last;

    n = 0;
    p = text->data;
    last = p + text->len;

    while (p < last && n < max) {

        switch (utf8proc_category(review_utf8_next(&p, last))) {

        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            n++;
            break;

        default:
            break;
        }
    }

    return n;
}


/* punctuation that an LLM may have added: ".5" keeps its point, though */

static void
review_quote_trim(review_str_t *text)
{
    static const char  trimmed[] = { '.', ',', ';', ':', '!', '?',
                                     REVIEW_QUOTE_ELLIPSIS };

    while (text->len > 0 && memchr(trimmed, text->data[0], sizeof(trimmed))) {

        if (text->len > 1 && review_quote_is_digit(text->data[1])
            && (text->data[0] == '.' || text->data[0] == ','))
        {
            break;
        }

        text->data++;
        text->len--;
    }

    while (text->len > 0
           && memchr(trimmed, text->data[text->len - 1], sizeof(trimmed)))
    {
        text->len--;
    }
}


/*
 * Splits a quote at its ellipses, with the brackets about them.  Returns the
 * number of fragments; 0: too many, or one of them says too little.
 */

static size_t
review_quote_split(review_str_t *text, review_str_t *fragments)
{
    size_t         n;
    const char    *p, *end, *last;
    review_str_t  *fragment;

    last = text->data + text->len;

    for (p = text->data, n = 0; p <= last; p = end + 1, n++) {

        if (n == REVIEW_QUOTE_FRAGMENTS) {
            return 0;
        }

        end = memchr(p, REVIEW_QUOTE_ELLIPSIS, (size_t) (last - p));
        if (end == NULL) {
            end = last;
        }

        fragment = &fragments[n];
        fragment->data = p;
        fragment->len = (size_t) (end - p);

        if (n > 0 && fragment->len > 0 && *p == ')'
            && fragment[-1].len > 0
            && fragment[-1].data[fragment[-1].len - 1] == '(')
        {
            fragment->data++;
            fragment->len--;
            fragment[-1].len--;
        }
    }

    for (fragment = fragments; fragment < fragments + n; fragment++) {
        review_quote_trim(fragment);

        if (review_quote_letters(fragment, REVIEW_QUOTE_LETTERS)
            < REVIEW_QUOTE_LETTERS)
        {
            return 0;
        }
    }

    return n;
}


static int
review_source_near(review_source_t *source, size_t from, size_t to)
{
    if (from >= to) {
        return 1;
    }

    return to - from <= REVIEW_QUOTE_GAP * 4
           && review_source_point(source, to)
              - review_source_point(source, from) <= REVIEW_QUOTE_GAP;
}


/*
 * Looks for fragments in their order, each near the one before it.  Places
 * only ever move on, so that all of them together pass the text once for each
 * fragment.
 */

static int
review_source_fragments(review_source_t *source, review_str_t *text,
    review_place_t *place)
{
    size_t          i, n;
    review_str_t    fragments[REVIEW_QUOTE_FRAGMENTS];
    review_place_t  places[REVIEW_QUOTE_FRAGMENTS];

    n = review_quote_split(text, fragments);
    if (n < 2) {
        return 0;
    }

    memset(places, 0, sizeof(places));

    for ( ;; ) {

        for (i = 0; i < n; i++) {

            if (i > 0 && places[i].pos < places[i - 1].end) {
                places[i].pos = places[i - 1].end;
            }

            if (!review_source_search(source, &fragments[i], &places[i])) {
                return 0;
            }

            if (i > 0 && !review_source_near(source, places[i - 1].to,
                                             places[i].from))
            {
                break;
            }
        }

        if (i == n) {
            *place = places[0];
            place->to = places[n - 1].to;
            return 1;
        }

        if (review_source_spent(source, fragments[0].len)) {
            return 0;
        }

        places[0].pos++;
    }
}


static int
review_source_find_normalized(review_source_t *source, const char *quote,
    size_t len, review_place_t *place)
{
    review_str_t  text, trimmed;

    if (review_source_normalize(source) != 0
        || review_norm_make(&source->quote, quote, len) != 0)
    {
        return 0;
    }

    text.data = source->quote.text.data;
    text.len = source->quote.text.len;

    if (text.len == 0 || review_quote_letters(&text, 1) == 0) {
        return 0;
    }

    memset(place, 0, sizeof(review_place_t));

    if (review_source_search(source, &text, place)) {
        return 1;
    }

    trimmed = text;
    review_quote_trim(&trimmed);

    place->pos = 0;

    if (trimmed.len < text.len && review_source_search(source, &trimmed, place))
    {
        return 1;
    }

    return review_source_fragments(source, &trimmed, place);
}


/*
 * Quote marks are not compared.  Where the quote has one at its start or end,
 * and the text has one there, it belongs to the place.
 */

static size_t
review_source_widen(review_source_t *source, review_str_t *quote, size_t offset,
    int start)
{
    int32_t              c;
    const char          *p;
    utf8proc_category_t  category;

    p = start ? quote->data : quote->data + quote->len;

    do {
        c = review_quote_step(quote, &p, !start);
    } while (c && review_quote_is_space(c));

    if (!review_quote_is_mark(c)) {
        return offset;
    }

    p = source->text.data + offset;
    c = review_quote_step(&source->text, &p, start);
    category = utf8proc_category(c);

    if (!review_quote_is_mark(c)
        || category == (start ? UTF8PROC_CATEGORY_PF : UTF8PROC_CATEGORY_PI)
        || category == (start ? UTF8PROC_CATEGORY_PE : UTF8PROC_CATEGORY_PS))
    {
        return offset;
    }

    return (size_t) (p - source->text.data);
}


void
review_source_span(review_source_t *source, size_t from, size_t to,
    review_span_t *span)
{
    if (to > source->text.len) {
        to = source->text.len;
    }

    if (from > to) {
        from = to;
    }

    /* a code point is never cut */

    while (from > 0 && from < source->text.len
           && (source->text.data[from] & 0xc0) == 0x80)
    {
        from--;
    }

    while (to < source->text.len && (source->text.data[to] & 0xc0) == 0x80) {
        to++;
    }

    span->match = REVIEW_MATCH_EXACT;
    span->start = review_source_point(source, from);
    span->end = review_source_point(source, to);
    span->text.data = source->text.data + from;
    span->text.len = to - from;
}


review_match_e
review_source_find(review_source_t *source, const char *quote, size_t len,
    review_span_t *span)
{
    const char      *p;
    review_str_t     text;
    review_place_t   place;

    memset(span, 0, sizeof(review_span_t));

    if (len == 0 || source->text.len == 0 || len > UINT32_MAX
        || review_utf8_valid(quote, len) != len)
    {
        return REVIEW_MATCH_NONE;
    }

    source->work = 0;

    p = review_source_exact(source, quote, len);

    if (p) {
        place.from = (size_t) (p - source->text.data);
        review_source_span(source, place.from, place.from + len, span);
        return span->match;
    }

    if (review_source_find_normalized(source, quote, len, &place)) {
        text.data = quote;
        text.len = len;

        place.from = review_source_widen(source, &text, place.from, 1);
        place.to = review_source_widen(source, &text, place.to, 0);

        review_source_span(source, place.from, place.to, span);
        span->match = REVIEW_MATCH_NORMALIZED;
    }

    return span->match;
}
