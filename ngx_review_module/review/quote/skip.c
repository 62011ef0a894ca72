
#include "review/quote/skip.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <stdlib.h>
#include <utf8proc.h>


#define REVIEW_SKIP_LINES    3         /* on either side of a form feed */
#define REVIEW_SKIP_SHORT    160       /* bytes of such a line, at most */
#define REVIEW_SKIP_BLANKS   16        /* blank lines beside each, at most */
#define REVIEW_SKIP_NUMBER   48        /* bytes of a page number, */
#define REVIEW_SKIP_DIGITS   8         /* and its digits */
#define REVIEW_SKIP_TITLE    30        /* code points of a title, */
#define REVIEW_SKIP_LEAST    4         /* and at least */

#define review_skip_is_letter(c)                                              \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')


/* a line near a form feed, by all of it but digits and blanks */

typedef struct {
    uint64_t         hash;
    size_t           at;
} review_skip_line_t;


/* lines on one side of a form feed, the nearest one first */

typedef struct {
    review_str_t     lines[REVIEW_SKIP_LINES];
    unsigned         apart[REVIEW_SKIP_LINES]; /* a blank line is behind it */
    int              n;
} review_skip_side_t;


typedef struct {
    const char      *data;
    const char      *last;
    review_skip_t   *skip;
    review_buf_t     edges;            /* review_skip_line_t, sorted */
} review_skipping_t;


static int
review_skip_is_blank(int32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == 0x3000 || c == 0xa0;
}


static int32_t
review_skip_next(const char **p, const char *last)
{
    int32_t  c;

    c = review_fold_radical(review_utf8_next(p, last));

    return (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0 : c;
}


static void
review_skip_trim(review_str_t *line)
{
    const char  *p;

    while (line->len) {
        p = line->data;

        if (!review_skip_is_blank(review_utf8_next(&p, line->data
                                                       + line->len)))
        {
            break;
        }

        line->len -= (size_t) (p - line->data);
        line->data = p;
    }

    while (line->len && (line->data[line->len - 1] == ' '
                         || line->data[line->len - 1] == '\t'
                         || line->data[line->len - 1] == '\r'))
    {
        line->len--;
    }
}


/* one to nine, ten, hundred */

static int
review_skip_is_numeral(int32_t c)
{
    switch (c) {
    case 0x4e00: case 0x4e8c: case 0x4e09: case 0x56db: case 0x4e94:
    case 0x516d: case 0x4e03: case 0x516b: case 0x4e5d: case 0x5341:
    case 0x767e: case 0x96f6: case 0x3007:
        return 1;
    }

    return 0;
}


/* "page", "of", "p", or a Roman numeral: 2 */

static int
review_skip_word(const char *p, const char *end)
{
    size_t       n;
    const char  *q;

    n = (size_t) (end - p);

    for (q = p; q < end && strchr("ivxlcIVXLC", *q); q++) { /* void */ }

    if (q == end) {
        return n <= 8 ? 2 : 0;
    }

    return (n == 4 && (memcmp(p, "page", 4) == 0 || memcmp(p, "Page", 4) == 0
                       || memcmp(p, "PAGE", 4) == 0))
           || (n == 2 && (memcmp(p, "of", 2) == 0 || memcmp(p, "OF", 2) == 0))
           || (n == 1 && (*p == 'p' || *p == 'P'));
}


/* "- 3 -", "第 3 页 共 20 页", "Page 3 of 20", "iv" */

static int
review_skip_is_number(const review_str_t *line)
{
    int          digits, romans, numerals, pages, word;
    int32_t      c;
    const char  *p, *last, *start;

    if (line->len > REVIEW_SKIP_NUMBER) {
        return 0;
    }

    digits = 0;
    romans = 0;
    numerals = 0;
    pages = 0;
    p = line->data;
    last = p + line->len;

    while (p < last) {
        start = p;
        c = review_skip_next(&p, last);

        if (c >= '0' && c <= '9') {
            digits++;

        } else if (c < 0x80 && review_skip_is_letter(c)) {

            while (p < last && review_skip_is_letter(*p)) {
                p++;
            }

            word = review_skip_word(start, p);
            romans += (word == 2);

            if (word == 0) {
                return 0;
            }

        } else if (review_skip_is_numeral(c)) {
            numerals++;

        } else if (c == 0x9875 || c == 0x9801) {
            pages++;

        } else if (!review_skip_is_blank(c)) {

            switch (c) {
            case '-': case '/': case '|': case '(': case ')': case '[':
            case ']': case '~': case 0xb7: case 0x2022: case 0x2010:
            case 0x2013: case 0x2014: case 0x2015: case 0x2500:
            case 0x7b2c: case 0x5171:
                break;
            default:
                return 0;
            }
        }
    }

    return digits <= REVIEW_SKIP_DIGITS
           && (digits || romans || numerals) && (pages || !numerals);
}


/* a short line that is no part of a sentence, by its looks */

static int
review_skip_is_title(const review_str_t *line)
{
    int          n;
    int32_t      c;
    const char  *p, *last;

    p = line->data;
    last = p + line->len;

    for (n = 0; p < last; n++) {
        c = review_skip_next(&p, last);

        switch (c) {
        case ',': case ';': case ':': case '!': case '?': case '|': case '<':
        case 0x3001: case 0x3002: case 0x2026:
            return 0;

        case '.':
            if (p == last) {
                return 0;
            }
        }
    }

    return n >= REVIEW_SKIP_LEAST && n <= REVIEW_SKIP_TITLE;
}


static uint64_t
review_skip_hash(const review_str_t *line)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325;

    for (i = 0; i < line->len; i++) {
        if (line->data[i] != ' ' && (line->data[i] < '0'
                                     || line->data[i] > '9'))
        {
            h = (h ^ (unsigned char) line->data[i]) * 0x100000001b3;
        }
    }

    return h;
}


/* the next line away from a form feed, or from the text's start; 0: none */

static int
review_skip_step(review_skipping_t *s, const char **p, int back,
    review_str_t *line)
{
    const char  *q;

    q = *p;

    if (back) {
        if (q == s->data || q[-1] == '\f') {
            return 0;
        }

        for (q--; q > s->data && q[-1] != '\n' && q[-1] != '\f'
             && *p - q <= REVIEW_SKIP_SHORT; q--)
        {
            /* void */
        }

        line->data = q;
        line->len = (size_t) (*p - q);

        if (line->len && line->data[line->len - 1] == '\n') {
            line->len--;
        }

        *p = q;

    } else {
        if (q == s->last || *q == '\f') {
            return 0;
        }

        while (q < s->last && *q != '\n' && *q != '\f'
               && q - *p <= REVIEW_SKIP_SHORT)
        {
            q++;
        }

        line->data = *p;
        line->len = (size_t) (q - *p);
        *p = q + (q < s->last && *q == '\n');
    }

    return line->len <= REVIEW_SKIP_SHORT;
}


static void
review_skip_side(review_skipping_t *s, const char *p, int back,
    review_skip_side_t *side)
{
    int           blanks;
    review_str_t  line;

    memset(side, 0, sizeof(*side));
    blanks = 0;

    while (side->n < REVIEW_SKIP_LINES
           && review_skip_step(s, &p, back, &line))
    {
        review_skip_trim(&line);

        if (line.len) {
            side->lines[side->n++] = line;
            continue;
        }

        if (++blanks > REVIEW_SKIP_BLANKS) {
            break;
        }

        if (side->n) {
            side->apart[side->n - 1] = 1;
        }
    }

    /* is the last of them apart, too? */

    if (side->n == REVIEW_SKIP_LINES) {
        side->apart[side->n - 1] = review_skip_step(s, &p, back, &line)
                                   && (review_skip_trim(&line), line.len == 0);
    }
}


static void
review_skip_edge(review_skipping_t *s, const char *p, int back)
{
    int                  i;
    review_skip_line_t  *edge;
    review_skip_side_t   side;

    review_skip_side(s, p, back, &side);

    for (i = 0; i < side.n; i++) {
        edge = (review_skip_line_t *) review_buf_reserve(&s->edges,
                                                         sizeof(*edge));
        if (edge == NULL) {
            return;
        }

        edge->hash = review_skip_hash(&side.lines[i]);
        edge->at = (size_t) (side.lines[i].data - s->data);
        s->edges.len += sizeof(*edge);
    }
}


static int
review_skip_compare(const void *one, const void *two)
{
    const review_skip_line_t  *a = one, *b = two;

    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }

    return a->at < b->at ? -1 : a->at > b->at;
}


/* does the line stand at the edge of another page, too? */

static int
review_skip_is_repeated(review_skipping_t *s, const review_str_t *line)
{
    size_t               n, low, high, middle;
    uint64_t             hash;
    review_skip_line_t  *edges;

    edges = (review_skip_line_t *) s->edges.data;
    n = s->edges.len / sizeof(review_skip_line_t);
    hash = review_skip_hash(line);
    low = 0;
    high = n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (edges[middle].hash < hash) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    for (high = low; high < n && edges[high].hash == hash; high++) {
        if (edges[high].at != edges[low].at) {
            return 1;
        }
    }

    return 0;
}


static int
review_skip_runs(review_skipping_t *s, const review_str_t *line)
{
    return review_skip_is_number(line) || review_skip_is_repeated(s, line);
}


/* one of them near the form feed shows that there are such lines */

static int
review_skip_is_sure(review_skipping_t *s, const review_skip_side_t *side)
{
    return (side->n > 0 && review_skip_runs(s, &side->lines[0]))
           || (side->n > 1 && review_skip_runs(s, &side->lines[1]));
}


static void
review_skip_add(review_skipping_t *s, const char *from, const char *to,
    unsigned kind)
{
    review_skip_span_t  *span;

    span = (review_skip_span_t *) review_buf_reserve(&s->skip->spans,
                                                     sizeof(*span));
    if (span) {
        span->from = (uint32_t) (from - s->data);
        span->to = (uint32_t) (to - s->data);
        span->kind = kind;
        s->skip->spans.len += sizeof(*span);
        s->skip->kinds |= kind;
    }
}


/* how many of the lines of a side are left out; "titles": one may be one */

static int
review_skip_count(review_skipping_t *s, const review_skip_side_t *side,
    int titles, int sure)
{
    int  i;

    for (i = 0; i < side->n; i++) {

        if (review_skip_runs(s, &side->lines[i])) {
            continue;
        }

        if (!titles || !(side->apart[i] || sure)
            || !review_skip_is_title(&side->lines[i]))
        {
            break;
        }

        titles = 0;
    }

    return i;
}


/* all that is left out about the form feeds [p, end) */

static void
review_skip_page(review_skipping_t *s, const char *p, const char *end)
{
    int                  titles, before, behind, sure;
    int                  counts[2][2];
    const char          *from, *to;
    review_str_t        *line;
    review_skip_side_t   sides[2];

    review_skip_side(s, p, 1, &sides[0]);
    review_skip_side(s, end, 0, &sides[1]);

    for (titles = 0; titles < 2; titles++) {
        sure = titles && (review_skip_is_sure(s, &sides[0])
                          || review_skip_is_sure(s, &sides[1]));
        before = review_skip_count(s, &sides[0], titles, 0);
        behind = review_skip_count(s, &sides[1], titles, sure);

        counts[titles][0] = before;
        counts[titles][1] = behind;

        if (before + behind == 0
            || (titles && before == counts[0][0] && behind == counts[0][1]))
        {
            continue;
        }

        from = p;
        to = end;

        if (before) {
            from = sides[0].lines[before - 1].data;
        }

        if (behind) {
            line = &sides[1].lines[behind - 1];
            to = line->data + line->len;
        }

        review_skip_add(s, from, to, titles ? REVIEW_SKIP_TITLES
                                            : REVIEW_SKIP_PAGES);
    }
}


/* behind form feeds, and what is blank between them */

static const char *
review_skip_feeds(review_skipping_t *s, const char *p)
{
    const char  *end;

    for (end = p; p < s->last; p++) {

        if (*p == '\f') {
            end = p + 1;

        } else if (*p != '\n' && !review_skip_is_blank(*p)) {
            break;
        }
    }

    return end;
}


static void
review_skip_pages(review_skipping_t *s)
{
    int          pass;
    const char  *p, *end;

    for (pass = 0; pass < 2; pass++) {

        for (p = s->data; p < s->last; p = end) {
            p = memchr(p, '\f', (size_t) (s->last - p));

            if (p == NULL) {
                break;
            }

            end = review_skip_feeds(s, p);

            if (pass) {
                review_skip_page(s, p, end);

            } else {
                review_skip_edge(s, p, 1);
                review_skip_edge(s, end, 0);
            }
        }

        if (pass) {
            return;
        }

        review_skip_edge(s, s->data, 0);
        review_skip_edge(s, s->last, 1);

        if (s->edges.failed || s->edges.len == 0) {
            return;
        }

        qsort(s->edges.data, s->edges.len / sizeof(review_skip_line_t),
              sizeof(review_skip_line_t), review_skip_compare);
    }
}


int
review_skip_is_bullet(int32_t c, int32_t next)
{
    switch (c) {

    case 0xb7: case 0x203b: case 0x25a0: case 0x25a1: case 0x25aa:
    case 0x25ab: case 0x25b2: case 0x25b3: case 0x25b6: case 0x25ba:
    case 0x25c6: case 0x25c7: case 0x25cf: case 0x25e6: case 0x2605:
    case 0x2606: case 0x2610: case 0x2611: case 0x2612: case 0x2713:
    case 0x2714: case 0x27a2: case 0x27a4:
        return 1;

    case '+': case 0x25cb: case 0x2013: case 0x2014:
        return review_skip_is_blank(next);
    }

    return (c >= 0x2460 && c <= 0x249b)         /* circled, in brackets */
           || (c >= 0x3220 && c <= 0x3229)
           || (c >= 0xf020 && c <= 0xf0ff);     /* of a font of symbols */
}


/* behind "1.", "（二）", "三、" at p, or NULL */

static const char *
review_skip_numbered(const char *p, const char *last)
{
    int          closed, digits, numerals;
    int32_t      c;
    const char  *next;

    next = p;
    c = review_skip_next(&next, last);
    closed = (c == '(');
    p = closed ? next : p;

    for (digits = 0, numerals = 0; ; p = next) {

        if (p == last) {
            return NULL;
        }

        next = p;
        c = review_skip_next(&next, last);

        if (c >= '0' && c <= '9') {
            digits++;

        } else if (review_skip_is_numeral(c)) {
            numerals++;

        } else {
            break;
        }
    }

    if (digits + numerals == 0 || digits > 2 || numerals > 3
        || (digits && numerals)
        || !(c == ')' || (!closed && (c == 0x3001 || (digits && c == '.')))))
    {
        return NULL;
    }

    /* a number that goes on, or one that ends a sentence */

    p = next;
    c = p < last ? review_skip_next(&next, last) : '\n';

    return ((c >= '0' && c <= '9') || review_skip_is_numeral(c) || c == '\n'
            || c == '\r')
           ? NULL : p;
}


static void
review_skip_marks(review_skipping_t *s)
{
    int32_t      c, next;
    const char  *p, *q, *from;

    for (p = s->data; p < s->last; p++) {

        while (p < s->last && (*p == ' ' || *p == '\t' || *p == '\f')) {
            p++;
        }

        from = p;

        while (s->last - from >= 3 && memcmp(from, "\xe3\x80\x80", 3) == 0) {
            from += 3;
        }

        if (from < s->last && *from != '\n') {
            q = from;
            c = review_utf8_next(&q, s->last);
            p = q;
            next = p < s->last ? review_utf8_next(&p, s->last) : 0;

            p = review_skip_is_bullet(c, next)
                ? q : review_skip_numbered(from, s->last);

            if (p) {
                review_skip_add(s, from, p, REVIEW_SKIP_MARKS);
            }
        }

        p = memchr(from, '\n', (size_t) (s->last - from));

        if (p == NULL) {
            return;
        }
    }
}


static int
review_skip_sort(const void *one, const void *two)
{
    const review_skip_span_t  *a = one, *b = two;

    return a->from < b->from ? -1 : a->from > b->from;
}


int
review_skip_find(review_skip_t *skip, review_pool_t *pool, const char *data,
    size_t len, unsigned kinds)
{
    review_skipping_t  s;

    memset(&s, 0, sizeof(s));

    s.data = data;
    s.last = data + len;
    s.skip = skip;

    review_buf_init(&skip->spans, pool, 0);
    review_buf_init(&s.edges, pool, 0);
    skip->kinds = 0;

    if (len == 0) {
        return 0;
    }

    if ((kinds & REVIEW_SKIP_PAGES) && memchr(data, '\f', len)) {
        review_skip_pages(&s);
    }

    if (kinds & REVIEW_SKIP_MARKS) {
        review_skip_marks(&s);
    }

    if (skip->spans.failed || s.edges.failed) {
        return -1;
    }

    if (skip->spans.len) {
        qsort(skip->spans.data, skip->spans.len / sizeof(review_skip_span_t),
              sizeof(review_skip_span_t), review_skip_sort);
    }

    return 0;
}


size_t
review_skip_page_end(const review_skip_t *skip, size_t *i, size_t from,
    size_t to)
{
    size_t                     n;
    const review_skip_span_t  *spans;

    spans = (const review_skip_span_t *) skip->spans.data;
    n = skip->spans.len / sizeof(review_skip_span_t);

    while (*i < n && (spans[*i].from < from
                      || spans[*i].kind != REVIEW_SKIP_PAGES))
    {
        (*i)++;
    }

    return (*i < n && spans[*i].from < to) ? spans[*i].to : 0;
}
