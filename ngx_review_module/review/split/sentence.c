
#include "review/split/sentence.h"
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"

#include <strings.h>


#define REVIEW_SENTENCE_OPEN  1024     /* bytes that a bracket stays open */
#define REVIEW_SENTENCE_WORD  12       /* of a word that may be short for one */
#define REVIEW_SENTENCE_GAP   16       /* white space looked over */

/* bytes that signs begin with */

static const unsigned char  review_sentence_bytes[256] = {
    ['!'] = 1, ['"'] = 1, ['('] = 1, [')'] = 1, ['.'] = 1, [';'] = 1,
    ['?'] = 1, ['['] = 1, [']'] = 1, ['{'] = 1, ['}'] = 1,
    [0xc2] = 1, [0xd6] = 1, [0xd8] = 1, [0xdb] = 1, [0xe0] = 1, [0xe1] = 1,
    [0xe2] = 1, [0xe3] = 1, [0xef] = 1
};


void
review_sentence_init(review_sentences_t *s, const char *p, const char *last,
    const char *limit)
{
    memset(s, 0, sizeof(*s));

    s->p = p;
    s->last = last;
    s->limit = limit;
    s->begin = review_line_visible(p, limit);
}


/* what is short for something and does not end a sentence */

static const char *const  review_sentence_words[] = {
    "no", "nos", "mr", "mrs", "ms", "dr", "prof", "st", "vs", "fig", "figs",
    "eq", "sec", "art", "arts", "ch", "vol", "pp", "cf", "al", "approx",
    "para", "paras", "cl", "ref", "ca", "resp", "incl", "excl", "est", "dept",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct",
    "nov", "dec", "tel", "ext", "viz", "messrs", "rev", "gen", "col", "capt",
    NULL
};


static int
review_sentence_is_short(const char *word, size_t len)
{
    int  i;

    if (memchr(word, '.', len)) {
        return 1;                                   /* e.g. U.S. */
    }

    if (len == 1) {
        return 1;                                   /* J. Smith */
    }

    for (i = 0; review_sentence_words[i]; i++) {
        if (strlen(review_sentence_words[i]) == len
            && strncasecmp(review_sentence_words[i], word, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Does the dot at p stand behind a short word, or behind the number that the
 * sentence begins with, as in "1. " or "IV. "?
 */

static int
review_sentence_is_dotted(const review_sentences_t *s, const char *p)
{
    const char  *q, *word;

    for (word = p; word > s->begin && p - word < REVIEW_SENTENCE_WORD; word--) {
        if (!review_sign_is_letter(word[-1]) && word[-1] != '.') {
            break;
        }
    }

    if (word < p && !review_sign_is_letter(*word) && *word != '.') {
        return 0;
    }

    if (word < p && review_sentence_is_short(word, (size_t) (p - word))) {
        return 1;
    }

    for (q = p; q > s->begin && p - q < REVIEW_SENTENCE_WORD; q--) {
        if (!review_sign_is_digit(q[-1]) && q[-1] != '.'
            && (q[-1] == '\0' || !strchr("IVXLC", q[-1])))
        {
            return 0;
        }
    }

    return q == s->begin;
}


/* &amp; */

static int
review_sentence_is_entity(const review_sentences_t *s, const char *p)
{
    int  n;

    for (n = 0; n < REVIEW_SENTENCE_WORD && p > s->begin; n++) {
        p--;

        if (*p == '&') {
            return n > 0;
        }

        if (!review_sign_is_letter(*p) && !review_sign_is_digit(*p)
            && *p != '#')
        {
            return 0;
        }
    }

    return 0;
}


/*
 * Does the stop at p end a sentence that is followed by what stands at "next",
 * behind closing marks?
 */

static int
review_sentence_ends(const review_sentences_t *s, const char *p,
    const char *next)
{
    int          n, space;
    int32_t      c, stop;
    const char  *q;

    stop = review_sign_peek(p, s->last);
    c = review_sign_peek(next, s->last);

    if (next == s->last) {
        return 1;
    }

    space = review_line_is_space(c);

    if (stop == ';') {
        return (space || review_sign_is_east(c))
               && !review_sentence_is_entity(s, p);
    }

    q = p;

    if (stop == 0xff0e) {
        stop = review_sign_back(&q, s->begin);
        return !review_sign_is_digit(stop)
               && !(stop >= 0xff10 && stop <= 0xff19);
    }

    if (!space) {
        return review_sign_is_east(c)
               && !(stop == '.'
                    && ((p > s->begin && review_sign_is_digit(p[-1]))
                        || review_sentence_is_dotted(s, p)));
    }

    for (n = 0; n < REVIEW_SENTENCE_GAP && review_line_is_space(c); n++) {
        (void) review_utf8_next(&next, s->last);
        c = review_sign_peek(next, s->last);
    }

    return !review_sign_is_lower(c)
           && !(stop == '.' && review_sentence_is_dotted(s, p));
}


/* behind p, a closing mark, or p itself where another sign stands */

static const char *
review_sentence_closing(review_sentences_t *s, const char *p, int32_t c)
{
    int32_t  next;

    next = review_sign_peek(p + 1, s->last);

    switch (c) {

    case '"':
        if (!s->quote && next != 0 && !review_line_is_space(next)) {
            return p;
        }

        s->quote = 0;
        return p + 1;

    case '\'':
        return (next == 0 || review_line_is_space(next)) ? p + 1 : p;

    case '*': case '_': case '`':
        next = review_sign_peek(p + 1 + (next == c), s->last);
        return (next == 0 || review_line_is_space(next)) ? p + 1 : p;
    }

    if (review_sign_of(c) != REVIEW_SIGN_CLOSE) {
        return p;
    }

    if (s->depth) {
        s->depth--;
    }

    (void) review_utf8_next(&p, s->last);

    return p;
}


/* goes over stops and what closes behind them */

static const char *
review_sentence_stops(review_sentences_t *s, const char *p)
{
    int          sign;
    int32_t      c;
    const char  *q;

    while (p < s->last && p <= s->limit) {
        c = review_sign_peek(p, s->last);
        sign = review_sign_of(c);

        if (sign == REVIEW_SIGN_STOP
            || (sign == REVIEW_SIGN_ASCII && c != ';'))
        {
            (void) review_utf8_next(&p, s->last);
            continue;
        }

        q = review_sentence_closing(s, p, c);

        if (q == p) {
            break;
        }

        p = q;
    }

    return p;
}


/* takes white space, not that behind the limit; *before: the last one */

static const char *
review_sentence_spaces(review_sentences_t *s, const char *p, int32_t *before)
{
    int32_t  c;

    while (p < s->last && p <= s->limit) {
        c = review_sign_peek(p, s->last);

        if (!review_line_is_space(c)) {
            break;
        }

        (void) review_utf8_next(&p, s->last);
        *before = c;
    }

    return p;
}


/* the sentence ends behind the stop at p; or it does not: 0 */

static int
review_sentence_stop(review_sentences_t *s, const char *p, int sign)
{
    int32_t      c, before;
    const char  *end, *q;

    q = p;
    c = review_utf8_next(&q, s->last);

    end = review_sentence_stops(s, q);
    s->p = end;

    if (sign == REVIEW_SIGN_ASCII && end - p > 2 && c == '.'
        && p[1] == '.')
    {
        p = end - 1;                                /* an ellipsis */
    }

    if (sign == REVIEW_SIGN_ASCII && !review_sentence_ends(s, p, end)) {
        return 0;
    }

    before = review_sign_peek(end, s->last);

    if (review_sign_of(before) == REVIEW_SIGN_COMMA
        || before == ';' || before == 0xff1b
        || (review_sign_is_digit(before) && (c == 0x2026 || c == 0x22ef)))
    {
        return 0;
    }

    q = end;
    before = review_sign_back(&q, p);
    q = review_sentence_spaces(s, end, &before);

    if (!review_sign_apart(before, review_sign_peek(q, s->last))) {
        return 0;
    }

    s->end = end;
    s->begin = q;
    s->p = q;

    return 1;
}


static void
review_sentence_bracket(review_sentences_t *s, const char *p, int sign)
{
    if (sign == REVIEW_SIGN_CLOSE) {
        if (s->depth) {
            s->depth--;
        }

    } else if (sign == REVIEW_SIGN_OPEN || !s->quote) {

        if (s->depth == 0 && !s->quote) {
            s->open = p;
        }

        if (sign == REVIEW_SIGN_OPEN) {
            s->depth++;

        } else {
            s->quote = 1;
        }

    } else {
        s->quote = 0;
    }
}


review_cut_e
review_sentence_next(review_sentences_t *s)
{
    int          sign;
    const char  *p;

    while (s->p < s->limit) {

        for (p = s->p; p < s->limit; p++) {
            if (review_sentence_bytes[(unsigned char) *p]) {
                break;
            }
        }

        s->p = p;

        if (p >= s->limit) {
            break;
        }

        sign = review_sign_of(review_utf8_next(&s->p, s->last));

        if (sign == REVIEW_SIGN_NONE || sign == REVIEW_SIGN_COMMA) {
            continue;
        }

        /* a bracket that nobody closes does not keep its paragraph together */

        if ((s->depth || s->quote) && p - s->open > REVIEW_SENTENCE_OPEN) {
            s->depth = 0;
            s->quote = 0;
        }

        if (sign < REVIEW_SIGN_STOP) {
            review_sentence_bracket(s, p, sign);
            continue;
        }

        if (review_sentence_stop(s, p, sign)) {
            return (s->depth || s->quote) ? REVIEW_CUT_INNER
                                          : REVIEW_CUT_SENTENCE;
        }
    }

    return REVIEW_CUT_NONE;
}
