
#include "review/document/flow.h"
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/quote/skip.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define REVIEW_FLOW_MAX      (UINT32_MAX / 4)
#define REVIEW_FLOW_WIDE     56        /* columns of a line that may go on */
#define REVIEW_FLOW_COLUMNS  3         /* blanks that part columns, at least */
#define REVIEW_FLOW_LABEL    12        /* code points of a label, at most */
#define REVIEW_FLOW_RULE     3         /* marks of a rule, at least */


/* a piece of the form, up to where the next one begins */

typedef struct {
    uint32_t         at;               /* in the form */
    uint32_t         from;             /* in the text */
    uint32_t         to;               /* 0: it is a copy */
} review_flow_run_t;


/* what of a code point matters to the space beside it */

typedef enum {
    REVIEW_FLOW_NARROW = 0,
    REVIEW_FLOW_MARK,                  /* as wide as an ideograph */
    REVIEW_FLOW_HAN
} review_flow_width_e;


typedef struct {
    review_flow_t             *flow;
    const review_flow_kept_t  *kept;
    const char                *text;
    const char                *last;
    int32_t                    before;     /* the code point written last */
    const char                *blanks;     /* behind it; NULL: none */
    size_t                     page;       /* the next end of one */
    unsigned                   hangs:1;    /* the paragraph is an item's */
} review_flow_writer_t;


static review_flow_width_e
review_flow_width(int32_t c)
{
    if (c < 0x2e80) {
        return REVIEW_FLOW_NARROW;
    }

    if (review_fold_is_han(c)) {
        return REVIEW_FLOW_HAN;
    }

    if ((c >= 0x3041 && c <= 0x31ff)                /* kana */
        || c < 0x3000                               /* radicals */
        || (c >= 0x3005 && c <= 0x3007)             /* zero */
        || (c >= 0xf900 && c <= 0xfaff)
        || (c >= 0x20000 && c <= 0x3fffd))
    {
        return (c >= 0x3130 && c <= 0x318f) ? REVIEW_FLOW_NARROW
                                            : REVIEW_FLOW_HAN;
    }

    return ((c >= 0x3001 && c <= 0x301f)
            || (c >= 0xff01 && c <= 0xff0f) || (c >= 0xff1a && c <= 0xff20)
            || (c >= 0xff3b && c <= 0xff40) || (c >= 0xff5b && c <= 0xff65))
           ? REVIEW_FLOW_MARK : REVIEW_FLOW_NARROW;
}


static int
review_flow_is_blank(int32_t c)
{
    switch (c) {
    case ' ': case 0xa0: case 0x202f: case 0x205f: case 0x3000:
        return 1;
    }

    return c >= 0x2000 && c <= 0x200a;
}


/* do blanks between them only set them apart? */

static int
review_flow_closes(int32_t before, int32_t c)
{
    review_flow_width_e  left, right;

    left = review_flow_width(before);
    right = review_flow_width(c);

    return left && right
           && (left == REVIEW_FLOW_HAN || right == REVIEW_FLOW_HAN);
}


/* columns that a blank takes, where columns are told by them */

static size_t
review_flow_blank(int32_t c)
{
    return review_flow_is_blank(c) ? 1 + (c == 0x3000) : 0;
}


/*
 * Do the blanks in [from, to) part columns?  Wide ones do, unless they space
 * out a title, whose characters stand each for itself.
 */

static int
review_flow_parts(const review_flow_writer_t *w, const char *from,
    const char *to)
{
    size_t       n;
    const char  *p;

    if (to - from < REVIEW_FLOW_COLUMNS) {
        return 0;
    }

    for (p = from, n = 0; p < to; /* void */) {
        n += review_flow_blank(review_utf8_next(&p, to));
    }

    if (n < REVIEW_FLOW_COLUMNS) {
        return 0;
    }

    (void) review_sign_back(&from, w->text);
    (void) review_utf8_next(&to, w->last);

    return review_flow_width(review_sign_back(&from, w->text))
           == REVIEW_FLOW_HAN
           || review_flow_width(review_sign_peek(to, w->last))
              == REVIEW_FLOW_HAN;
}


/* "n" bytes that stand for [from, to) of the text, or are those themselves */

static void
review_flow_add(review_flow_writer_t *w, const char *data, size_t n,
    const char *from, const char *to)
{
    int                 copy;
    review_flow_t      *flow;
    review_flow_run_t  *run;

    flow = w->flow;
    copy = (data == from);

    if (n == 0) {
        return;
    }

    run = (review_flow_run_t *) (flow->runs.data + flow->runs.len);

    if (!copy || flow->runs.len == 0 || run[-1].to
        || (size_t) (from - w->text) - run[-1].from
           != flow->text.len - run[-1].at)
    {
        run = (review_flow_run_t *) review_buf_reserve(&flow->runs,
                                                       sizeof(*run));
        if (run == NULL) {
            return;
        }

        run->at = (uint32_t) flow->text.len;
        run->from = (uint32_t) (from - w->text);
        run->to = copy ? 0 : (uint32_t) (to - w->text);
        flow->runs.len += sizeof(*run);
    }

    review_buf_add(&flow->text, data, n);
}


static void
review_flow_copy(review_flow_writer_t *w, const char *from, const char *to)
{
    review_flow_add(w, from, (size_t) (to - from), from, to);
}


static int
review_flow_is_kept(const review_flow_kept_t *kept, int32_t c)
{
    size_t  i;

    for (i = 0; i < kept->n; i++) {
        if (kept->points[i] == c) {
            return 1;
        }
    }

    return 0;
}


/* a digit, be it raised or circled */

static int
review_flow_is_number(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NO:
        return 1;
    default:
        return 0;
    }
}


/*
 * The cluster [from, to) folded, as UTF-8 in "out"; -1: it is as it was.  A
 * dressed digit is not part of a number beside it: it stays.
 */

static int
review_flow_fold(review_flow_writer_t *w, const char *from, const char *to,
    size_t n, int32_t base, char *out)
{
    int      i, folded;
    size_t   len;
    int32_t  c[REVIEW_FOLD_POINTS];

    folded = review_fold_compat(from, (size_t) (to - from), n, 0, c);

    if (folded < 0) {
        return -1;
    }

    for (i = 0, len = 0; i < folded; i++) {
        len += (size_t) utf8proc_encode_char(c[i],
                                       (utf8proc_uint8_t *) out + len);
    }

    if (folded && utf8proc_category(base) != UTF8PROC_CATEGORY_ND
        && ((review_sign_is_digit(c[0]) && review_flow_is_number(w->before))
            || (review_sign_is_digit(c[folded - 1])
                && review_flow_is_number(review_sign_peek(to, w->last)))))
    {
        return -1;
    }

    return (len == (size_t) (to - from) && memcmp(out, from, len) == 0)
           ? -1 : (int) len;
}


/* the blanks before "c", which may be the last of the line */

static void
review_flow_settle(review_flow_writer_t *w, const char *to, int32_t c)
{
    int32_t      blank;
    const char  *p, *from;

    p = w->blanks;

    if (p == NULL) {
        return;
    }

    w->blanks = NULL;

    if (review_flow_closes(w->before, c) && !review_flow_parts(w, p, to)) {
        return;
    }

    while (p < to) {
        from = p;
        blank = review_utf8_next(&p, to);

        if (blank == ' ' || review_flow_is_kept(w->kept, blank)) {
            review_flow_copy(w, from, p);

        } else {
            review_flow_add(w, " ", 1, from, p);
        }
    }
}


/* the line's characters from p on; returns behind the last of them */

static const char *
review_flow_write(review_flow_writer_t *w, const char *p, const char *end)
{
    int          len;
    size_t       n;
    int32_t      c;
    const char  *from;
    char         out[REVIEW_FOLD_POINTS * 4];

    while (p < end) {
        from = p;
        c = review_utf8_next(&p, end);

        if (review_flow_is_blank(c)) {
            w->blanks = w->blanks ? w->blanks : from;
            continue;
        }

        /* a mark that nothing stands before is one of the line before */

        n = 1;

        if (p < end && review_fold_may_extend(*p)) {
            p = review_fold_cluster(p, end, &n);
        }

        review_flow_settle(w, from, c);

        len = -1;

        if ((n > 1 || (c >= 0x80 && !review_fold_is_han(c)))
            && !review_flow_is_kept(w->kept, c))
        {
            len = review_flow_fold(w, from, p, n, c, out);
        }

        if (len < 0) {
            review_flow_copy(w, from, p);

        } else {
            review_flow_add(w, out, (size_t) len, from, p);
        }

        if (len != 0) {
            w->before = (len > 0 && out[len - 1] >= '0' && out[len - 1] <= '9')
                        ? out[len - 1] : c;
        }
    }

    return p;
}


/* columns before what is to be seen, on the page that it is on */

static size_t
review_flow_indent(const review_line_t *line)
{
    size_t       n;
    int32_t      c;
    const char  *p;

    for (p = line->start, n = 0; p < line->text; /* void */) {
        c = review_utf8_next(&p, line->text);

        if (c == '\f') {
            n = 0;
            continue;
        }

        n += (c == 0x3000) ? 2 : (c == '\t') ? 8
             : (c >= ' ' && !utf8proc_get_property(c)->ignorable);
    }

    return n;
}


/* a table's row: bars, tabs, tags, or columns that blanks set apart */

static int
review_flow_is_row(const review_line_t *line)
{
    size_t       blanks;
    int32_t      c;
    const char  *p;

    if (*line->text == '<' || line->end[-1] == '>') {
        return 1;
    }

    for (p = line->text, blanks = 0; p < line->end; /* void */) {
        c = review_utf8_next(&p, line->end);

        if (c == '|' || c == '\t') {
            return 1;
        }

        blanks = review_flow_is_blank(c) ? blanks + review_flow_blank(c) : 0;

        if (blanks >= REVIEW_FLOW_COLUMNS) {
            return 1;
        }
    }

    return 0;
}


/* "Bidder: ...", one of a form's */

static int
review_flow_is_field(const review_line_t *line)
{
    int          n;
    int32_t      c;
    const char  *p;

    for (p = line->text, n = 0; p < line->end && n < REVIEW_FLOW_LABEL; n++) {
        c = review_utf8_next(&p, line->end);

        if (c == ':' || c == 0xff1a) {
            return n > 0;
        }

        if (!review_flow_is_blank(c) && review_sign_of(c)) {
            return 0;
        }
    }

    return 0;
}


/* a line across the page, or a fence */

static int
review_flow_is_rule(const review_line_t *line)
{
    const char  *p;

    if (strchr("-=*~`+", *line->text) == NULL) {
        return 0;
    }

    for (p = line->text; p < line->end && *p == *line->text; p++) {
        /* void */
    }

    return p - line->text >= REVIEW_FLOW_RULE;
}


/* a sentence ends with the line, and there was room for more */

static int
review_flow_is_over(const review_line_t *line)
{
    ptrdiff_t    columns;
    const char  *p;

    columns = line->end - line->text;

    if (*line->text & 0x80) {
        columns = columns * 2 / 3;
    }

    if (columns >= REVIEW_FLOW_WIDE
        || !review_mark_stops(line->text, line->end))
    {
        return 0;
    }

    /* a comma or a colon ends none */

    p = line->end;

    switch (review_sign_back(&p, line->text)) {
    case ',': case ':': case 0x3001: case 0xff0c: case 0xff1a:
        return 0;
    }

    return 1;
}


/* one of a list, by a mark that begins no section: "★", "A、" */

static int
review_flow_is_item(const review_line_t *line)
{
    int32_t      c, next;
    const char  *p;

    p = line->text;
    c = review_utf8_next(&p, line->end);
    next = review_sign_peek(p, line->end);

    return review_skip_is_bullet(c, next)
           || (c < 0x80 && review_sign_is_letter(c)
               && (next == 0x3001 || next == 0xff0e));
}


/* was the line only wrapped, so that the next one goes on with it? */

static int
review_flow_joins(review_flow_writer_t *w, const review_line_t *line,
    const review_mark_t *mark, const review_line_t *next,
    const review_mark_t *ahead)
{
    if (ahead->bullet || ahead->rank || ahead->hashes || mark->hashes
        || (mark->title && mark->rank <= REVIEW_RANK_SECTION)
        || review_flow_is_item(next) || review_mark_contents(line)
        || review_flow_is_over(line))
    {
        return 0;
    }

    if (!w->hangs && review_flow_indent(next) >= review_flow_indent(line) + 2) {
        return 0;
    }

    return !(review_flow_is_field(line) && review_flow_is_field(next))
           && !review_flow_is_row(line) && !review_flow_is_row(next)
           && !review_flow_is_rule(line) && !review_flow_is_rule(next);
}


/* what becomes of the end of a line that was only wrapped */

static void
review_flow_join(review_flow_writer_t *w, const char *end, const char *text)
{
    int32_t      c;
    const char  *p;

    c = review_sign_peek(text, w->last);
    p = end;

    if (review_flow_width(w->before) || review_flow_width(c)) {
        return;
    }

    if (w->before == '-' && review_sign_is_lower(c)
        && review_sign_back(&p, w->text)
        && review_sign_is_letter(review_sign_back(&p, w->text)))
    {
        return;
    }

    review_flow_add(w, " ", 1, end, text);
}


/*
 * The next line with anything on it, but for what stands about the end of a
 * page; 0: a paragraph ends before it.
 */

static int
review_flow_next(review_flow_writer_t *w, const review_line_t *line,
    review_line_t *next)
{
    int          blank;
    size_t       end;
    const char  *p;

    blank = 0;
    next->text = w->last;

    for (p = line->next; p < w->last; p = next->next) {
        review_line_read(next, p, w->last);

        end = 0;

        if (w->flow->skip.kinds) {
            end = review_skip_page_end(&w->flow->skip, &w->page,
                                       (size_t) (p - w->text),
                                       (size_t) (next->next - w->text));
        }

        if (end) {
            next->next = w->text + end;

        } else if (next->text < next->end) {
            break;
        }

        blank |= !end;
    }

    if (p >= w->last) {
        return 0;
    }

    return !blank || memchr(line->end, '\f', (size_t) (next->text - line->end));
}


int
review_flow_make(review_flow_t *flow, review_pool_t *pool,
    const review_str_t *text, const review_flow_kept_t *kept)
{
    const char            *p;
    review_mark_t          mark, ahead;
    review_line_t          line, next;
    review_flow_writer_t   w;

    memset(&w, 0, sizeof(w));

    w.flow = flow;
    w.kept = kept;
    w.text = text->len ? text->data : "";
    w.last = w.text + text->len;

    if (flow->text.pool == NULL) {
        review_buf_init(&flow->text, pool, text->len + 4);
        review_buf_init(&flow->runs, pool, 64 * sizeof(review_flow_run_t));

        if (review_skip_find(&flow->skip, pool, w.text, text->len,
                             REVIEW_SKIP_PAGES)
            != 0)
        {
            flow->text.failed = 1;
        }
    }

    flow->text.len = 0;
    flow->runs.len = 0;
    flow->changed = 0;

    if (text->len > REVIEW_FLOW_MAX) {
        return -1;
    }

    p = w.text;
    review_line_read(&line, p, w.last);
    review_mark_read(&mark, &line);

    while (p < w.last) {
        w.hangs |= mark.bullet || mark.rank;

        p = review_flow_write(&w, p, line.end);
        review_flow_settle(&w, p, 0);

        if (line.text < line.end && review_flow_next(&w, &line, &next)) {
            review_mark_read(&ahead, &next);

            if (review_flow_joins(&w, &line, &mark, &next, &ahead)) {
                review_flow_join(&w, line.end, next.text);
                p = next.text;
                line = next;
                mark = ahead;
                continue;
            }
        }

        review_flow_copy(&w, p, line.next);
        p = line.next;
        w.before = 0;
        w.hangs = 0;

        if (p < w.last) {
            review_line_read(&line, p, w.last);
            review_mark_read(&mark, &line);
        }
    }

    if (flow->text.failed || flow->runs.failed) {
        return -1;
    }

    flow->changed = flow->text.len != text->len
                    || flow->runs.len > sizeof(review_flow_run_t)
                    || (text->len
                        && ((review_flow_run_t *) flow->runs.data)->to);

    return 0;
}


/* the run that a byte of the form is of */

static const review_flow_run_t *
review_flow_run(const review_flow_t *flow, size_t at)
{
    size_t                    low, high, middle;
    const review_flow_run_t  *runs;

    runs = (const review_flow_run_t *) flow->runs.data;
    low = 0;
    high = flow->runs.len / sizeof(review_flow_run_t);

    while (high - low > 1) {
        middle = low + (high - low) / 2;

        if (runs[middle].at <= at) {
            low = middle;

        } else {
            high = middle;
        }
    }

    return &runs[low];
}


void
review_flow_place(const review_flow_t *flow, size_t *from, size_t *to)
{
    size_t                    at;
    const review_flow_run_t  *run;

    if (flow->runs.len == 0) {
        *from = 0;
        *to = 0;
        return;
    }

    at = *from;
    run = review_flow_run(flow, at);
    *from = run->from + (run->to ? 0 : at - run->at);

    if (*to <= at) {
        *to = *from;
        return;
    }

    run = review_flow_run(flow, *to - 1);
    *to = run->to ? run->to : run->from + (*to - run->at);
}


void
review_flow_keep(review_flow_kept_t *kept, const review_str_t *pattern)
{
    int          folded;
    int32_t      c, points[REVIEW_FOLD_POINTS];
    const char  *p, *from, *last;

    kept->n = 0;
    p = pattern->data;
    last = p + pattern->len;

    while (p < last && kept->n < REVIEW_FLOW_KEPT) {
        from = p;
        c = review_utf8_next(&p, last);

        if (c < 0x80 || review_fold_is_han(c) || review_flow_is_kept(kept, c)) {
            continue;
        }

        folded = review_fold_compat(from, (size_t) (p - from), 1, 0, points);

        if (folded >= 0 && !(folded == 1 && points[0] == c)) {
            kept->points[kept->n++] = c;
        }
    }
}
