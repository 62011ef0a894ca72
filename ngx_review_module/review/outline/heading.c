
/* Headings as they are read, and as they are found again: by their place. */

#include "review/outline/outline.h"
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"


#define REVIEW_HEADING_SHORT  72       /* bytes of the words behind a number */


/* levels are ranks, or finer: all of both are of the one kind or the other */

int
review_heading_ends(unsigned hashes, unsigned level, unsigned hashes2,
    unsigned level2)
{
    if (hashes && hashes2) {
        return hashes > hashes2
               || (hashes == hashes2 && !(level && level < level2));
    }

    if (hashes) {
        return level && level >= level2;
    }

    return level2 == 0 || level >= level2;
}


/* parts of a book stand between two ranks */

static unsigned
review_heading_level(const review_mark_t *mark, int clause)
{
    if (!clause || mark->rank) {
        return mark->rank * 2u;
    }

    return mark->clause == REVIEW_CLAUSE_SUBPART ? REVIEW_RANK_PART * 2 + 1
                                                 : REVIEW_RANK_ARTICLE * 2;
}


/* "【招标代理】", "（定义）" but not "（二）" behind a label: its end, or p */

static const char *
review_heading_bracket(const char *p, const char *last)
{
    int          words;
    int32_t      c, close;
    const char  *s;

    s = p;

    if (last - s > 3) {
        s += *s == ' ' ? 1 : memcmp(s, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
    }

    /* ideographs are what mostly follows */

    if (s == last || strchr("[(\xe3\xef", *s) == NULL) {
        return p;
    }

    c = review_utf8_next(&s, last);

    switch (c) {
    case '[':
        close = ']';
        break;

    case '(':
        close = ')';
        break;

    case 0x3010: case 0x3014: case 0xff08:
        close = c + 1;
        break;

    default:
        return p;
    }

    for (words = 0; s < last && s - p < REVIEW_HEADING_SHORT; /* void */ ) {
        c = review_utf8_next(&s, last);

        if (c == close) {
            return words ? s : p;
        }

        if (review_sign_of(c) == REVIEW_SIGN_STOP) {
            break;
        }

        words |= !review_sign_is_digit(c) && review_clause_numeral(c) == -1;
    }

    return p;
}


/*
 * "3.2.1 投标保证金：…", "3.2 Bid Security. The bidder…": the words up to a
 * colon or a stop, if they are few and more follows, or up to the end, if
 * nothing ends there; else none.
 */

static const char *
review_heading_words(const char *p, const char *last)
{
    int32_t      c;
    const char  *s, *end;

    s = review_line_visible(p, last);

    while (s < last && s - p < REVIEW_HEADING_SHORT) {
        end = s;
        c = review_utf8_next(&s, last);

        switch (c) {

        case ':': case 0xff1a:
            return end;

        case 0x3002:
            return s < last ? end : p;

        case '.':
            if (s < last && *s == ' ') {
                return end;
            }

            break;

        case 0xff0c: case 0x3001: case 0xff1b: case ',': case ';':
            return p;
        }
    }

    return s == last && !review_mark_stops(p, last) ? last : p;
}


/* where the words of a heading end: those of a title are all of its line */

static const char *
review_heading_end(const review_mark_t *mark, int clause)
{
    const char  *p, *label, *last;

    if (mark->title || mark->clause == REVIEW_CLAUSE_SUBPART) {
        return mark->end;
    }

    last = mark->end;
    label = clause ? mark->clause_end : mark->label;
    p = review_heading_bracket(label, last);

    if (p == label && mark->clause == REVIEW_CLAUSE_DECIMAL) {
        p = review_heading_words(label, last);
    }

    return p;
}


int
review_heading_add(review_heading_reader_t *r, const review_mark_t *mark,
    const review_line_t *line, int clause)
{
    unsigned            level;
    review_headline_t  *headline, *above;

    level = review_heading_level(mark, clause);

    headline = review_level_list_add(r->list);
    if (headline == NULL) {
        return -1;
    }

    for (above = NULL; r->depth; r->depth--) {
        above = review_list_at(r->list, r->stack[r->depth - 1]);

        if (r->depth < REVIEW_OUTLINE_DEPTH
            && !review_heading_ends(above->hashes, above->level, mark->hashes,
                                    level))
        {
            break;
        }

        above = NULL;
    }

    headline->heading.parent = above ? &above->heading : NULL;
    headline->heading.text.data = mark->text;
    headline->heading.text.len = (size_t) (review_heading_end(mark, clause)
                                           - mark->text);
    headline->start = (uint32_t) (line->start - r->text);
    headline->hashes = mark->hashes;
    headline->level = (unsigned char) level;

    r->stack[r->depth++] = r->list->n - 1;
    headline->depth = (unsigned char) r->depth;

    return 0;
}


uint32_t
review_heading_until(const review_list_t *headlines, size_t byte)
{
    uint32_t            low, high, middle;
    review_headline_t  *headline;

    low = 0;
    high = headlines->n;

    while (low < high) {
        middle = low + (high - low) / 2;
        headline = review_list_at(headlines, middle);

        if (headline->start <= byte) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


const review_heading_t *
review_heading_above(const review_list_t *headlines, size_t byte)
{
    uint32_t            n;
    review_headline_t  *headline;

    n = review_heading_until(headlines, byte);

    if (n == 0) {
        return NULL;
    }

    headline = review_list_at(headlines, n - 1);

    return &headline->heading;
}


const review_heading_t *
review_heading_common(const review_list_t *headlines, size_t from, size_t to)
{
    uint32_t            n;
    review_headline_t  *common, *other;

    n = review_heading_until(headlines, from);

    if (n == 0) {
        return NULL;
    }

    common = review_list_at(headlines, n - 1);

    for ( /* void */ ; common && n < headlines->n; n++) {
        other = review_list_at(headlines, n);

        if (other->start >= to) {
            break;
        }

        while (common && common != other) {

            if (other == NULL || common->depth >= other->depth) {
                common = (review_headline_t *) common->heading.parent;

            } else {
                other = (review_headline_t *) other->heading.parent;
            }
        }
    }

    return common ? &common->heading : NULL;
}
