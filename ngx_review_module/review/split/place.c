
#include "review/split/place.h"
#include "review/outline/line.h"
#include "review/split/sentence.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


/* may words part between the two, neither of which is white space? */

static int
review_place_words(int32_t before, int32_t c)
{
    int  sign;

    if (!review_sign_is_east(before) && !review_sign_is_east(c)) {
        return 0;
    }

    if (before >= 0x4e00 && before <= 0x9fff && c >= 0x4e00 && c <= 0x9fff) {
        return 1;
    }

    /* 第3条, 3年 */

    if (review_sign_is_digit(before) || review_sign_is_digit(c)) {
        return review_sign_is_digit(c) && before != 0x7b2c
               && review_sign_of(before) != REVIEW_SIGN_OPEN;
    }

    sign = review_sign_of(c);

    if (sign != REVIEW_SIGN_NONE && sign != REVIEW_SIGN_OPEN) {
        return 0;
    }

    if (review_sign_of(before) == REVIEW_SIGN_OPEN || before == c) {
        return 0;
    }

    return utf8proc_get_property(before)->boundclass
           == UTF8PROC_BOUNDCLASS_OTHER
           && utf8proc_get_property(c)->boundclass
              == UTF8PROC_BOUNDCLASS_OTHER;
}


/* what kind of place p is, where "before" and c meet */

static review_cut_e
review_place_kind(const char *first, const char *p, int32_t before, int32_t c)
{
    if (review_line_is_space(c)) {
        return REVIEW_CUT_NONE;
    }

    if (review_line_is_space(before)) {
        while (review_line_is_space(before)) {
            before = review_sign_back(&p, first);
        }

        if (before == 0 || !review_sign_apart(' ', c)) {
            return REVIEW_CUT_NONE;
        }

        return review_sign_of(before) == REVIEW_SIGN_COMMA
               ? REVIEW_CUT_CLAUSE : REVIEW_CUT_SPACE;
    }

    if (review_sign_is_east(before)
        && review_sign_of(before) == REVIEW_SIGN_COMMA
        && review_sign_of(c) < REVIEW_SIGN_CLOSE
        && review_sign_apart(before, c))
    {
        return REVIEW_CUT_CLAUSE;
    }

    return review_place_words(before, c) ? REVIEW_CUT_WORD : REVIEW_CUT_NONE;
}


/* the best place in [p, limit], in its second half if there is one */

static review_cut_e
review_place_phrase(const char **p, const char *last, const char *limit)
{
    int32_t        c, before;
    const char    *s, *at, *half, *best;
    review_cut_e   kind, found;

    found = REVIEW_CUT_NONE;
    best = limit;
    half = *p + (limit - *p) / 2;
    c = review_sign_peek(limit, last);

    for (s = limit; s > *p && found < REVIEW_CUT_CLAUSE; c = before) {

        if (s < half && found != REVIEW_CUT_NONE) {
            break;
        }

        at = s;
        before = review_sign_back(&s, *p);
        kind = review_place_kind(*p, at, before, c);

        if (kind > found) {
            found = kind;
            best = at;
        }
    }

    if (found != REVIEW_CUT_NONE) {
        *p = best;
    }

    return found;
}


/* the last end of a grapheme up to the limit, else the first */

static review_cut_e
review_place_cluster(const char **p, const char *last, const char *limit)
{
    int32_t            c, before;
    const char        *s, *at, *best;
    utf8proc_int32_t   state;

    /* most often it is plain that one ends there */

    s = limit;

    if (limit > *p && limit < last) {
        before = review_sign_back(&s, *p);
        c = review_sign_peek(limit, last);

        if (review_sign_is_plain(before) && review_sign_is_plain(c)
            && review_sign_apart(before, c))
        {
            *p = limit;
            return REVIEW_CUT_CLUSTER;
        }
    }

    s = *p;
    best = NULL;
    state = 0;
    before = review_utf8_next(&s, last);

    while (s < last) {
        at = s;
        c = review_utf8_next(&s, last);

        if (utf8proc_grapheme_break_stateful(before, c, &state)) {
            if (best && at > limit) {
                break;
            }

            best = at;

            if (at >= limit) {
                break;
            }
        }

        before = c;
    }

    if (best == NULL) {
        best = last;
    }

    *p = best;

    return REVIEW_CUT_CLUSTER;
}


/* at the limit, which stands before or in white space */

static review_cut_e
review_place_blank(const char **p, const char *last, const char *limit)
{
    const char  *s;

    s = limit;

    if (review_sign_apart(review_sign_back(&s, *p),
                              review_sign_peek(limit, last)))
    {
        *p = limit;
        return REVIEW_CUT_BLANK;
    }

    return review_place_cluster(p, last, limit);
}


review_cut_e
review_place_find(const char **p, const char *last, const char *tail,
    const char *limit)
{
    const char          *best[2], *blank;
    review_cut_e         found;
    review_sentences_t   s;

    if (limit > *p && review_line_visible(*p, limit) == limit) {
        return review_place_blank(p, last, limit);
    }

    best[0] = NULL;
    best[1] = NULL;
    blank = (tail <= limit && tail > *p) ? limit : NULL;

    review_sentence_init(&s, *p, last, limit);

    for ( ;; ) {
        found = review_sentence_next(&s);

        if (found == REVIEW_CUT_NONE) {
            break;
        }

        if (s.p > limit) {
            if (s.end <= limit) {
                blank = limit;
            }

            break;
        }

        best[found == REVIEW_CUT_SENTENCE] = s.p;
    }

    if (best[1] || best[0]) {
        found = best[1] ? REVIEW_CUT_SENTENCE : REVIEW_CUT_INNER;
        *p = best[1] ? best[1] : best[0];
        return found;
    }

    if (blank) {
        return review_place_blank(p, last, blank);
    }

    if (limit > *p) {
        found = review_place_phrase(p, last, limit);

        if (found != REVIEW_CUT_NONE) {
            return found;
        }
    }

    return review_place_cluster(p, last, limit);
}
