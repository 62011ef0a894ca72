
#include "review/quote/lean.h"
#include "review/base/utf8.h"


static size_t
review_lean_joint(const review_joints_t *joints, int32_t before, int32_t c)
{
    uint64_t  pair;

    pair = (uint64_t) (uint32_t) before << 21 | (uint32_t) c;

    return (size_t) ((pair * 0x9e3779b97f4a7c15) >> joints->shift);
}


int
review_lean_may(const review_joints_t *joints, const review_str_t *text)
{
    size_t       bit;
    int32_t      before, c;
    const char  *p, *last;

    if (joints->bits == NULL) {
        return 1;
    }

    p = text->data;
    last = p + text->len;
    before = 0;

    while (p < last) {
        c = review_utf8_next(&p, last);
        bit = review_lean_joint(joints, before, c);

        if (joints->bits[bit / 64] >> (bit % 64) & 1) {
            return 1;
        }

        before = c;
    }

    return 0;
}


/* the code point before p, which is set to it; 0: none */

static int32_t
review_lean_back(const char **p, const char *first)
{
    const char  *q;

    if (*p == first) {
        return 0;
    }

    for ((*p)--; *p > first && review_utf8_trail(**p); (*p)--) { /* void */ }

    q = *p;

    return review_utf8_next(&q, q + 4);
}


/* would they make a number, with what stands before p and what c is? */

static int
review_lean_parts(const char *p, const char *first, int32_t c)
{
    int32_t  before;

    if (!review_quote_is_digit(c)) {
        return 0;
    }

    before = review_lean_back(&p, first);

    return review_quote_is_digit(before)
           || ((before == '.' || before == ',')
               && review_quote_is_digit(review_lean_back(&p, first)));
}


/* the first code point of the form that was made of "from", or behind it */

static size_t
review_lean_unit(const review_norm_t *norm, size_t from)
{
    size_t                low, high, middle;
    const review_unit_t  *units;

    units = (const review_unit_t *) norm->units.data;
    low = 0;
    high = norm->units.len / sizeof(review_unit_t);

    while (low < high) {
        middle = low + (high - low) / 2;

        if (units[middle].from < from) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* spans of these kinds that overlap are one; 0: there is none any more */

static int
review_lean_span(const review_skip_span_t **span,
    const review_skip_span_t *last, unsigned kinds, size_t *from, size_t *to)
{
    while (*span < last && !((*span)->kind & kinds)) {
        (*span)++;
    }

    if (*span == last) {
        return 0;
    }

    *from = (*span)->from;
    *to = (*span)->to;

    for ((*span)++; *span < last && (*span)->from <= *to; (*span)++) {
        if (((*span)->kind & kinds) && (*span)->to > *to) {
            *to = (*span)->to;
        }
    }

    return 1;
}


/* what is left out of the form: code points, and their bytes */

typedef struct {
    size_t                     first;
    size_t                     last;
    size_t                     start;
    size_t                     end;
} review_gap_t;

typedef struct {
    const review_norm_t       *norm;
    review_points_t           *points;
    const review_skip_span_t  *span;
    const review_skip_span_t  *last;
    unsigned                   kinds;
    review_gap_t               ahead;
    unsigned                   any:1;  /* there is one ahead */
} review_gaps_t;


/*
 * A gap has the spaces about it: such a space only parts digits, and is put
 * anew where it has to.
 */

static void
review_lean_ahead(review_gaps_t *gaps)
{
    size_t         from, to, len, n;
    const char    *text;
    review_gap_t  *gap;

    gap = &gaps->ahead;
    text = gaps->norm->text.data;
    len = gaps->norm->text.len;
    n = gaps->norm->units.len / sizeof(review_unit_t);
    gaps->any = 0;

    while (review_lean_span(&gaps->span, gaps->last, gaps->kinds, &from, &to)) {
        gap->first = review_lean_unit(gaps->norm, from);
        gap->last = review_lean_unit(gaps->norm, to);

        if (gap->first >= gap->last) {
            continue;
        }

        gap->start = review_points_offset(gaps->points, len, gap->first);
        gap->end = review_points_offset(gaps->points, len, gap->last);

        if (gap->start > 0 && text[gap->start - 1] == ' ') {
            gap->start--;
            gap->first--;
        }

        if (gap->last < n && text[gap->end] == ' ') {
            gap->end++;
            gap->last++;
        }

        gaps->any = 1;
        return;
    }
}


/* those that touch one another are one; 0: there is none any more */

static int
review_lean_gap(review_gaps_t *gaps, review_gap_t *gap)
{
    if (!gaps->any) {
        return 0;
    }

    *gap = gaps->ahead;

    for ( ;; ) {
        review_lean_ahead(gaps);

        if (!gaps->any || gaps->ahead.start > gap->end) {
            return 1;
        }

        if (gaps->ahead.end > gap->end) {
            gap->end = gaps->ahead.end;
            gap->last = gaps->ahead.last;
        }
    }
}


static void
review_lean_gaps(review_gaps_t *gaps, const review_norm_t *norm,
    review_points_t *points, const review_skip_t *skip, unsigned kinds)
{
    gaps->norm = norm;
    gaps->points = points;
    gaps->span = (const review_skip_span_t *) skip->spans.data;
    gaps->last = gaps->span + skip->spans.len / sizeof(review_skip_span_t);
    gaps->kinds = kinds;

    review_lean_ahead(gaps);
}


void
review_lean_joints(review_joints_t *joints, review_pool_t *pool,
    const review_norm_t *norm, review_points_t *points,
    const review_skip_t *skip, unsigned kinds)
{
    size_t          n, bit;
    int32_t         before, c;
    const char     *p, *q, *first, *last;
    review_gap_t    gap;
    review_gaps_t   gaps;

    n = skip->spans.len / sizeof(review_skip_span_t);
    first = norm->text.data;
    last = first + norm->text.len;

    joints->shift = 64 - 6;

    while (((uint64_t) 1 << (64 - joints->shift)) < (uint64_t) n * 16) {
        joints->shift--;
    }

    n = (size_t) 1 << (64 - joints->shift - 3);
    joints->bits = review_alloc(pool, n);

    if (joints->bits == NULL) {
        return;
    }

    memset(joints->bits, 0, n);

    review_lean_gaps(&gaps, norm, points, skip, kinds);

    while (review_lean_gap(&gaps, &gap)) {
        p = first + gap.start;
        q = first + gap.end;

        if (p == first || q == last) {
            continue;
        }

        c = review_utf8_next(&q, last);
        before = review_lean_parts(p, first, c) ? ' '
                                                : review_lean_back(&p, first);

        bit = review_lean_joint(joints, before, c);
        joints->bits[bit / 64] |= (uint64_t) 1 << (bit % 64);
    }
}


/* the bytes [from, to) of the form, whose code points [first, last) are */

static void
review_lean_copy(review_norm_t *lean, const review_norm_t *norm, size_t from,
    size_t to, size_t first, size_t last)
{
    review_buf_add(&lean->text, norm->text.data + from, to - from);
    review_buf_add(&lean->units,
                   norm->units.data + first * sizeof(review_unit_t),
                   (last - first) * sizeof(review_unit_t));
}


int
review_lean_make(review_norm_t *lean, const review_norm_t *norm,
    review_points_t *points, const review_skip_t *skip, unsigned kinds)
{
    size_t          from, first;
    const char     *q, *last;
    review_gap_t    gap;
    review_gaps_t   gaps;
    review_unit_t   space;

    lean->formulas = norm->formulas;
    last = norm->text.data + norm->text.len;
    from = 0;
    first = 0;

    review_lean_gaps(&gaps, norm, points, skip, kinds);

    while (review_lean_gap(&gaps, &gap)) {
        review_lean_copy(lean, norm, from, gap.start, first, gap.first);

        from = gap.end;
        first = gap.last;
        q = norm->text.data + gap.end;

        if (q < last && gap.start > 0
            && review_lean_parts(norm->text.data + gap.start, norm->text.data,
                                 *q))
        {
            space.from = ((review_unit_t *) norm->units.data)[gap.first - 1].to;
            space.to = space.from;

            review_buf_add(&lean->text, " ", 1);
            review_buf_add(&lean->units, (const char *) &space, sizeof(space));
        }
    }

    review_lean_copy(lean, norm, from, norm->text.len, first,
                     norm->units.len / sizeof(review_unit_t));

    return (lean->text.failed || lean->units.failed) ? -1 : 0;
}
