
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "review/agree/stands.h"

#include "review/base/fold.h"
#include "review/base/utf8.h"
#include "review/facts/amount.h"


#define review_stands_at(stands, i)                                           \
    (((const uint32_t *) (stands)->at.data)[i])


void
review_stands_init(review_stands_t *stands, review_pool_t *pool)
{
    memset(stands, 0, sizeof(*stands));

    review_buf_init(&stands->folded, pool, 0);
    review_buf_init(&stands->at, pool, 0);
}


void
review_stands_set(review_stands_t *stands, const review_str_t *text)
{
    stands->text = *text;
    stands->folded.len = 0;
    stands->at.len = 0;

    review_value_fold(&stands->folded, text, &stands->at);
}


static int
review_stands_is_word(char c)
{
    return review_glyph_is_digit(c) || review_glyph_is_letter(c);
}


/* do two folded bytes follow each other in the text, too? */

static int
review_stands_touch(const review_stands_t *stands, size_t before)
{
    const char  *p;

    p = stands->text.data + review_stands_at(stands, before);
    (void) review_utf8_next(&p, stands->text.data + stands->text.len);

    return p >= stands->text.data + review_stands_at(stands, before + 1);
}


/* does a word or a number that ends before "at" go on there? */

static int
review_stands_goes_on(const review_stands_t *stands, size_t at)
{
    char         before, behind;
    size_t       len;
    const char  *p;

    p = stands->folded.data;
    len = stands->folded.len;

    if (at == 0 || at >= len || !review_stands_touch(stands, at - 1)) {
        return 0;
    }

    before = p[at - 1];
    behind = p[at];

    if (review_stands_is_word(before) && review_stands_is_word(behind)) {
        return 1;
    }

    /* 24.5, 24,000 */

    if (before == '.' || before == ',') {
        return at > 1 && review_glyph_is_digit(behind)
               && review_glyph_is_digit(p[at - 2])
               && review_stands_touch(stands, at - 2);
    }

    return (behind == '.' || behind == ',') && at + 1 < len
           && review_glyph_is_digit(before) && review_glyph_is_digit(p[at + 1])
           && review_stands_touch(stands, at);
}


/* "24" does not stand in 2024, nor in 24.5, nor "ab" in "cab" */

static int
review_stands_cuts(const review_stands_t *stands, size_t from, size_t to)
{
    return review_stands_goes_on(stands, from)
           || review_stands_goes_on(stands, to);
}


/* the folded byte that comes from a byte of the text, or the next one */

static size_t
review_stands_folded(const review_stands_t *stands, size_t byte)
{
    size_t  low, high, middle;

    low = 0;
    high = stands->folded.len;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (review_stands_at(stands, middle) < byte) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* a letter and its marks are one */

static void
review_stands_place(const review_stands_t *stands, size_t from, size_t to,
    review_str_t *place)
{
    size_t       n;
    const char  *p, *end;

    p = stands->text.data + review_stands_at(stands, to - 1);
    end = stands->text.data + stands->text.len;

    (void) review_utf8_next(&p, end);

    if (p < end && review_fold_may_extend(*p)) {
        p = review_fold_cluster(p, end, &n);
    }

    place->data = stands->text.data + review_stands_at(stands, from);
    place->len = (size_t) (p - place->data);
}


static int
review_stands_words(review_stands_t *stands, const review_str_t *words,
    size_t from, size_t to, review_str_t *place)
{
    size_t       at;
    const char  *p, *found;

    p = stands->folded.data;

    for (at = from; at < to; at++) {
        stands->read += to - at;
        found = memmem(p + at, to - at, words->data, words->len);

        if (found == NULL) {
            return 0;
        }

        at = (size_t) (found - p);
        stands->read -= to - at;

        if (!review_stands_cuts(stands, at, at + words->len)) {
            review_stands_place(stands, at, at + words->len, place);
            return 1;
        }
    }

    return 0;
}


static int
review_stands_begins(const review_glyph_t *g)
{
    return review_glyph_is_digit(g->c) || review_numeral_begins(g->c)
           || g->c == '-' || g->c == 0xa5 || g->c == '$' || g->c == 0x2212
           || review_glyph_is_letter(g->c) || g->c == 0x3007;
}


/* as any number, or date, that means the same */

static int
review_stands_values(review_stands_t *stands, const review_value_t *value,
    size_t from, size_t to, review_str_t *place)
{
    int32_t         before;
    review_glyph_t  g, at;
    review_value_t  wanted, found;

    wanted = *value;
    wanted.bound.len = 0;
    wanted.note.len = 0;

    if (wanted.unit != REVIEW_UNIT_OTHER) {
        wanted.name.len = 0;
    }

    stands->read += to - from;
    review_glyph_begin(&g, stands->text.data + from, to - from);

    for (before = ' '; g.c != REVIEW_GLYPH_END; /* void */ ) {

        if (!review_stands_begins(&g) || review_glyph_is_digit(before)
            || (review_glyph_is_letter(g.c) && review_glyph_is_letter(before)))
        {
            before = g.c;
            review_glyph_next(&g);
            continue;
        }

        at = g;

        if (!review_value_at(&at, &found)) {
            before = g.c;
            review_glyph_next(&g);
            continue;
        }

        if (review_value_compare(&wanted, &found) == REVIEW_VALUE_SAME) {
            place->data = g.from;
            place->len = (size_t) (at.end - g.from);
            return 1;
        }

        before = '0';
        g = at;
    }

    return 0;
}


int
review_stands_find(review_stands_t *stands, const review_value_t *value,
    size_t from, size_t to, review_str_t *place)
{
    size_t  first, last;

    if (stands->folded.failed || stands->at.failed || from >= to
        || value->text.len == 0)
    {
        return 0;
    }

    first = review_stands_folded(stands, from);
    last = review_stands_folded(stands, to);

    if (review_stands_words(stands, &value->text, first, last, place)) {
        return 1;
    }

    return value->kind != REVIEW_VALUE_TEXT
           && review_stands_values(stands, value, from, to, place);
}
