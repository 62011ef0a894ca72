
#include "review/rank/words.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define REVIEW_WORDS_FOLDED  20        /* code points one folds to, at most */

#define REVIEW_WORDS_MASK    0x1fffff  /* of a code point */


typedef enum {
    REVIEW_WORDS_GAP = 0,
    REVIEW_WORDS_LETTER,
    REVIEW_WORDS_DIGIT,
    REVIEW_WORDS_IDEOGRAPH,
    REVIEW_WORDS_MARK                  /* belongs to what is before it */
} review_words_e;


/* each code point gets another one: the factor is odd */

#define review_words_shuffle(c)                                               \
    ((uint64_t) ((uint32_t) (c) * 0x9e3779b1 & REVIEW_WORDS_MASK))

#define review_words_pair(first, next)                                        \
    (REVIEW_WORDS_PAIR                                                        \
     | review_words_shuffle(first) << REVIEW_WORDS_FIRST                      \
     | review_words_shuffle(next) << REVIEW_WORDS_NEXT)

/* nearly all of Chinese text */

#define review_words_is_han(c)                                                \
    (((c) >= 0x4e00 && (c) <= 0x9fff) || ((c) >= 0x3400 && (c) <= 0x4dbf))


int
review_words_ends(uint64_t key, review_words_end_e end)
{
    return (key & REVIEW_WORDS_PAIR)
           && (key >> REVIEW_WORDS_NEXT & REVIEW_WORDS_MASK)
              == review_words_shuffle(end);
}


/* scripts that do not part words by spaces, of which pairs are made */

static int
review_words_is_ideograph(int32_t c)
{
    return review_words_is_han(c)
           || (c >= 0x3005 && c <= 0x3007)          /* iteration mark, zero */
           || (c >= 0x3041 && c <= 0x3096)          /* hiragana */
           || (c >= 0x309d && c <= 0x309f)
           || (c >= 0x30a1 && c <= 0x30fa)          /* katakana */
           || (c >= 0x30fc && c <= 0x312f)          /* and bopomofo */
           || (c >= 0x31a0 && c <= 0x31bf)
           || (c >= 0x31f0 && c <= 0x31ff)
           || (c >= 0xac00 && c <= 0xd7a3)          /* hangul */
           || (c >= 0xf900 && c <= 0xfaff)
           || (c >= 0x1b000 && c <= 0x1b16f)
           || (c >= 0x20000 && c <= 0x3fffd);
}


static review_words_e
review_words_class(int32_t c)
{
    if (review_words_is_ideograph(c)) {
        return REVIEW_WORDS_IDEOGRAPH;
    }

    switch (utf8proc_category(c)) {

    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return REVIEW_WORDS_LETTER;

    case UTF8PROC_CATEGORY_ND:
        return REVIEW_WORDS_DIGIT;

    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return REVIEW_WORDS_MARK;

    default:
        return REVIEW_WORDS_GAP;
    }
}


/* FNV-1a, over code points */

static void
review_words_hash(review_words_t *words, int32_t c)
{
    words->hash = (words->hash ^ (uint64_t) c) * 0x100000001b3;
}


static void
review_words_begin(review_words_t *words, review_words_e kind)
{
    words->kind = kind;
    words->hash = 0xcbf29ce484222325;
    words->digits = 0;
    words->point = 0;
    words->pairs = 0;
}


/* the key of what ends here, if anything does; the number of keys: 0 or 1 */

static size_t
review_words_end(review_words_t *words, uint64_t *key)
{
    uint64_t        h;
    review_words_e  kind;

    kind = words->kind;
    words->kind = REVIEW_WORDS_GAP;

    if (kind == REVIEW_WORDS_GAP) {
        return 0;
    }

    if (kind == REVIEW_WORDS_IDEOGRAPH) {
        *key = review_words_pair(words->first,
                                 words->pairs ? REVIEW_WORDS_LAST
                                              : REVIEW_WORDS_ALONE);
        return 1;
    }

    /* all bits of the hash into the upper ones */

    h = words->hash;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93;

    *key = (h ^ h >> 32) & ~REVIEW_WORDS_PAIR;

    return 1;
}


static size_t
review_words_letter(review_words_t *words, int32_t c, uint64_t *keys)
{
    size_t  n;

    n = 0;

    if (words->kind != REVIEW_WORDS_LETTER) {
        n = review_words_end(words, keys);
        review_words_begin(words, REVIEW_WORDS_LETTER);
    }

    review_words_hash(words, c);

    return n;
}


static size_t
review_words_digit(review_words_t *words, int32_t c, uint64_t *keys)
{
    size_t  n;

    n = 0;

    if (words->kind != REVIEW_WORDS_DIGIT) {
        n = review_words_end(words, keys);
        review_words_begin(words, REVIEW_WORDS_DIGIT);
    }

    if (words->point) {
        words->point = 0;
        review_words_hash(words, '.');
    }

    words->digits++;
    review_words_hash(words, c);

    return n;
}


static size_t
review_words_ideograph(review_words_t *words, int32_t c, uint64_t *keys)
{
    size_t  n;

    if (words->kind == REVIEW_WORDS_IDEOGRAPH) {
        *keys = review_words_pair(words->first, c);
        words->first = c;
        words->pairs = 1;
        return 1;
    }

    n = review_words_end(words, keys);
    review_words_begin(words, REVIEW_WORDS_IDEOGRAPH);
    words->first = c;

    return n;
}


/* one to three digits, a comma, three digits: 1,000,000 */

static int
review_words_thousands(review_words_t *words)
{
    int          i;
    const char  *p;

    p = words->p;

    if (words->digits < 1 || words->digits > 3 || words->point
        || words->last - p < 3)
    {
        return 0;
    }

    for (i = 0; i < 3; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return 0;
        }
    }

    return words->last - p == 3 || p[3] < '0' || p[3] > '9';
}


static size_t
review_words_gap(review_words_t *words, int32_t c, uint64_t *keys)
{
    if (words->kind == REVIEW_WORDS_DIGIT) {

        if (c == '.' && !words->point) {
            words->point = 1;
            words->digits = 3;
            return 0;
        }

        if (c == ',' && review_words_thousands(words)) {
            words->digits = 0;
            return 0;
        }
    }

    return review_words_end(words, keys);
}


static size_t
review_words_put(review_words_t *words, int32_t c, uint64_t *keys)
{
    switch (review_words_class(c)) {

    case REVIEW_WORDS_LETTER:
        return review_words_letter(words, c, keys);

    case REVIEW_WORDS_DIGIT:
        return review_words_digit(words, c, keys);

    case REVIEW_WORDS_IDEOGRAPH:
        return review_words_ideograph(words, c, keys);

    case REVIEW_WORDS_MARK:
        if (words->kind == REVIEW_WORDS_LETTER) {
            review_words_hash(words, c);
        }

        return 0;

    default:
        return review_words_gap(words, c, keys);
    }
}


/*
 * Letter case; and forms made for compatibility, which begin in Latin-1 with
 * raised digits: full width, half width, circled, radicals, ligatures.
 */

static size_t
review_words_fold(review_words_t *words, int32_t c, uint64_t *keys)
{
    int                i, boundary;
    size_t             n;
    int32_t            folded[REVIEW_WORDS_FOLDED];
    utf8proc_ssize_t   nfolded;
    utf8proc_option_t  options;

    options = UTF8PROC_CASEFOLD|UTF8PROC_IGNORE;

    if (c < 0xc0 || c >= 0x2000) {
        options |= UTF8PROC_COMPAT|UTF8PROC_DECOMPOSE;
    }

    boundary = 0;
    nfolded = utf8proc_decompose_char(c, folded, REVIEW_WORDS_FOLDED, options,
                                      &boundary);

    if (nfolded < 0 || nfolded > REVIEW_WORDS_FOLDED) {
        return review_words_put(words, c, keys);
    }

    n = 0;

    for (i = 0; i < nfolded; i++) {
        n += review_words_put(words, review_fold_radical(folded[i]), keys + n);
    }

    return n;
}


static size_t
review_words_ascii(review_words_t *words, int32_t c, uint64_t *keys)
{
    if (c >= '0' && c <= '9') {
        return review_words_digit(words, c, keys);
    }

    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
        return review_words_letter(words, c | 0x20, keys);
    }

    return review_words_gap(words, c, keys);
}


void
review_words_init(review_words_t *words, const review_str_t *text)
{
    memset(words, 0, sizeof(review_words_t));

    words->p = text->len ? text->data : "";
    words->last = words->p + text->len;
}


size_t
review_words_read(review_words_t *words, uint64_t *keys, size_t max)
{
    size_t   n;
    int32_t  c;

    n = 0;

    while (words->p < words->last && max - n > REVIEW_WORDS_MOST) {

        if (words->last - words->p >= 3) {
            c = review_utf8_three(words->p);

            if (review_words_is_han(c)) {
                words->p += 3;
                n += review_words_ideograph(words, c, keys + n);
                continue;
            }
        }

        c = review_utf8_next(&words->p, words->last);

        if (c >= 0 && c < 0x80) {
            n += review_words_ascii(words, c, keys + n);

        } else if (review_words_is_ideograph(c)) {
            n += review_words_ideograph(words, c, keys + n);

        } else {
            n += review_words_fold(words, c, keys + n);
        }
    }

    if (words->p == words->last) {
        n += review_words_end(words, keys + n);
    }

    return n;
}
