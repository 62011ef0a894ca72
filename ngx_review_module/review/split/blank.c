
#include "review/split/split_shared.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"


#define REVIEW_SPLIT_RECUTS  4         /* tries to end a chunk earlier */


/* behind the last that is to be seen in [from, to) */

static size_t
review_split_blank_tail(const review_split_t *split, size_t from, size_t to)
{
    const char  *p, *s, *first;

    first = split->outline.text + from;
    p = split->outline.text + to;

    while (p > first) {
        s = p;
        (void) review_sign_back(&s, first);

        if (!review_utf8_blank(s, (size_t) (p - s))) {
            break;
        }

        p = s;
    }

    return (size_t) (p - split->outline.text);
}


/* is there, from "from" on, a chunk's worth of white space? */

static int
review_split_blank_is_gap(const review_split_t *split, size_t from)
{
    size_t       to;
    const char  *text, *last;

    text = split->outline.text;
    last = text + split->outline.len;
    to = (size_t) (review_units_fit(text + from, last, split->options.max,
                                    split->options.tokens)
                   - text);

    return to < split->outline.len && review_split_blank(split, from, to);
}


/* would the chunk be blank that begins where this one ends? */

static int
review_split_blank_spills(const review_split_t *split,
    const review_split_cut_t *cut)
{
    const char          *p, *end;
    review_split_t       next;
    review_split_cut_t   more;

    if (cut->end == split->outline.len) {
        return 0;
    }

    p = split->outline.text + cut->end;
    end = p;
    (void) review_utf8_next(&end, split->outline.text + split->outline.len);

    if (!review_utf8_blank(p, (size_t) (end - p))) {
        return 0;
    }

    next = *split;
    next.at = cut->end;
    next.block = cut->block;

    review_split_cut_full(&next, split->options.max, &more);

    return review_split_blank(split, cut->end, more.end);
}


/*
 * Where nothing but white space would be left for the next chunk, it is given
 * the last sentence, word or grapheme of this one.
 */

void
review_split_blank_cut(const review_split_t *split, size_t max,
    review_split_cut_t *cut)
{
    int                  n;
    size_t               tail, units;
    review_split_cut_t   other;

    review_split_cut_full(split, max, cut);

    if (cut->oversize || !review_split_blank_spills(split, cut)) {
        return;
    }

    tail = review_split_blank_tail(split, split->at, cut->end);

    if (review_split_blank_is_gap(split, tail)) {
        return;
    }

    for (n = 0; n < REVIEW_SPLIT_RECUTS; n++) {
        units = review_split_units(split, split->at, tail);

        if (units < 2) {
            return;
        }

        review_split_cut_full(split, units - 1, &other);

        if (other.oversize || review_split_blank(split, split->at, other.end))
        {
            return;
        }

        if (!review_split_blank_spills(split, &other)) {
            *cut = other;
            return;
        }

        tail = review_split_blank_tail(split, split->at, other.end);
    }
}
