
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* strchrnul() */
#endif

#include "review/suspect/suspect.h"
#include "review/suspect/suspect_words.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <endian.h>
#include <utf8proc.h>


/* letters that have so many invisible ones among so many of them are laced */

#define REVIEW_SUSPECT_LACES    3
#define REVIEW_SUSPECT_LACED    24

/* of first words; a text that has more of them was made to cost time */

#define REVIEW_SUSPECT_BUDGET   4096

/* room for beginnings of first words, of which there are far fewer */

#define REVIEW_SUSPECT_PAIRS    1024


/* what a word begins with, and patterns whose first part has such a word */

typedef struct {
    int32_t       first;
    int32_t       second;
    uint32_t      patterns;
} review_suspect_pair_t;


typedef struct {
    const char              *first;
    const char              *last;
    size_t                   budget;
    size_t                   laces;      /* invisible ones lately, */
    const char              *laced;      /* and where the first stands */
} review_suspect_t;


/*
 * What a character may be: a word's first; its second, or what may stand before
 * that; something that is looked at whatever follows.
 */

#define REVIEW_SUSPECT_FIRST   1
#define REVIEW_SUSPECT_SECOND  2
#define REVIEW_SUSPECT_ALWAYS  4
#define REVIEW_SUSPECT_LOOK    (REVIEW_SUSPECT_FIRST|REVIEW_SUSPECT_ALWAYS)

/*
 * The kinds of ASCII, by the byte; all other bytes end a run of it.  Characters
 * of three bytes are known by the six bits of the last two: those that are
 * alike in them are told apart when they are looked at.
 */

static unsigned char          review_suspect_bytes[0x100];
static unsigned char          review_suspect_three[0x4000];

static review_suspect_pair_t  review_suspect_pairs[REVIEW_SUSPECT_PAIRS];


/* full width, dashes, radicals; invisible ones and white space are 0 */

static int32_t
review_suspect_fold(int32_t c)
{
    if (c < 0x80) {
        return c <= ' ' ? 0 : c == '_' ? '-'
               : (c >= 'A' && c <= 'Z') ? (c | 0x20) : c;
    }

    if (c >= 0x3400 && c <= 0x9fff) {
        return c;
    }

    if (c >= 0xff01 && c <= 0xff5e) {
        return review_suspect_fold(c - 0xfee0);
    }

    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212) {
        return '-';
    }

    if (c >= 0x2e80 && c < 0x31f0) {
        c = review_fold_radical(c);
    }

    switch (c) {

    case 0xa0: case 0x3000: case 0x202f: case 0x205f:
        return 0;

    case 0x2018: case 0x2019:
        return '\'';

    case 0x201c: case 0x201d: case 0x300c: case 0x300d:
        return '"';

    case 0x2039: case 0x27e8: case 0x3008: case 0xfe64:
        return '<';

    case 0x203a: case 0x27e9: case 0x3009: case 0xfe65:
        return '>';

    case 0x2044: case 0x2215:
        return '/';
    }

    return utf8proc_get_property(c)->ignorable ? 0 : c;
}


/* the next character that is one, folded; 0 at the end */

static int32_t
review_suspect_next(const char **p, const char *last)
{
    int32_t  c;

    while (*p < last) {
        c = review_suspect_fold(review_utf8_next(p, last));

        if (c) {
            return c;
        }
    }

    return 0;
}


static int
review_suspect_is_letter(int32_t c)
{
    return c >= 'a' && c <= 'z';
}


/* the end of the word in the text, if it stands at p; or NULL */

static const char *
review_suspect_word(const char *p, const char *last, const char *word,
    const char *end, int open)
{
    int32_t      c, w;
    const char  *next;

    w = 0;

    while (word < end) {
        w = review_utf8_next(&word, end);

        if (review_suspect_next(&p, last) != w) {
            return NULL;
        }
    }

    if (!open && review_suspect_is_letter(w) && p < last) {
        next = p;
        c = review_suspect_fold(review_utf8_next(&next, last));

        if (review_suspect_is_letter(c)) {
            return NULL;
        }
    }

    return p;
}


/* the end of one of the part's words, if one stands at p; or NULL */

static const char *
review_suspect_part(const char *p, const char *last, const char *part,
    int open)
{
    int32_t      c;
    const char  *end, *found, *first;

    first = p;
    c = review_suspect_next(&first, last);

    for ( /* void */ ; *part; part = end + (*end == ' ')) {
        end = strchrnul(part, ' ');
        first = part;

        if (review_utf8_next(&first, end) != c) {
            continue;
        }

        found = review_suspect_word(p, last, part, end, open);

        if (found) {
            return found;
        }
    }

    return NULL;
}


/* is it said not to do so? */

static int
review_suspect_is_negated(const char *p, const char *first)
{
    size_t                    i, n;
    static const char *const  nots[] = {
        "不得", "不可", "不应", "不能", "不要", "不会", "没有", "并未", "切勿",
        "请勿", "而不", "never ", "not ", "n't "
    };

    for (i = 0; i < sizeof(nots) / sizeof(nots[0]); i++) {
        n = strlen(nots[i]);

        if ((size_t) (p - first) >= n && memcmp(p - n, nots[i], n) == 0) {
            return 1;
        }
    }

    return 0;
}


/* in the middle of a word, not before its first letter? */

static int
review_suspect_is_inside(const char *p, const char *last)
{
    return p < last && review_suspect_is_letter(p[-1] | 0x20)
           && review_suspect_is_letter(*p | 0x20);
}


/* as "pass or fail", which is a choice */

static int
review_suspect_is_harmless(const char *p, const char *last, const char *unless)
{
    int32_t      c;
    const char  *next;

    for ( ;; ) {
        next = p;
        c = review_suspect_next(&next, last);

        if (c != '"' && c != '\'') {
            break;
        }

        p = next;
    }

    return review_suspect_part(p, last, unless, 0) != NULL;
}


/* does what begins at p look like the pattern? */

static int
review_suspect_is_like(review_suspect_t *s, const char *p,
    const review_suspect_words_t *words)
{
    int          i, gap;
    const char  *at, *end;

    at = p;

    for (i = 0; i < REVIEW_SUSPECT_PARTS && words->parts[i]; i++) {

        for (gap = i ? words->gap : 0; /* void */ ; gap--) {
            end = (i && review_suspect_is_inside(at, s->last)) ? NULL
                  : review_suspect_part(at, s->last, words->parts[i],
                                        words->open);

            if (end || gap == 0 || review_suspect_next(&at, s->last) == 0) {
                break;
            }
        }

        if (end == NULL) {
            return 0;
        }

        if (i == 0 && s->budget-- == 0) {
            return 1;
        }

        at = end;
    }

    if (words->unless
        && review_suspect_is_harmless(at, s->last, words->unless))
    {
        return 0;
    }

    return !words->negated || !review_suspect_is_negated(p, s->first);
}


/* the place of the pair, or where it would be */

static review_suspect_pair_t *
review_suspect_pair(int32_t first, int32_t second)
{
    uint32_t                i;
    review_suspect_pair_t  *pair;

    for (i = (uint32_t) (first * 31 + second); /* void */ ; i++) {
        pair = &review_suspect_pairs[i % REVIEW_SUSPECT_PAIRS];

        if (pair->patterns == 0
            || (pair->first == first && pair->second == second))
        {
            return pair;
        }
    }
}


/* of what stands in the low half of a word */

static inline unsigned
review_suspect_three_of(uint64_t trails)
{
    return review_suspect_three[trails & 0x3f3f];
}


/* of the three bytes at p */

static inline unsigned
review_suspect_three_at(const char *p)
{
    uint16_t  trails;

    memcpy(&trails, p + 1, sizeof(trails));

    return review_suspect_three_of(le16toh(trails));
}


static void
review_suspect_mark(int32_t c, unsigned kind)
{
    if (c < 0x80) {
        review_suspect_bytes[c] |= (unsigned char) kind;

    } else if (c >= 0x800) {
        review_suspect_three[(c & 0x3f) << 8 | (c >> 6 & 0x3f)]
            |= (unsigned char) kind;
    }
}


/* the first parts of a pattern; what its characters are goes into "kinds" */

static void
review_suspect_learn(size_t n, unsigned char *kinds)
{
    int32_t                 first, second;
    const char             *p, *part;
    review_suspect_pair_t  *pair;

    for (part = review_suspect_words[n].parts[0]; *part; /* void */) {
        p = part;
        part = strchrnul(part, ' ');
        first = review_utf8_next(&p, part);
        second = p < part ? review_utf8_next(&p, part) : 0;

        kinds[first] |= second ? REVIEW_SUSPECT_FIRST : REVIEW_SUSPECT_ALWAYS;
        kinds[second] |= REVIEW_SUSPECT_SECOND;

        pair = review_suspect_pair(first, second);
        pair->first = first;
        pair->second = second;
        pair->patterns |= (uint32_t) 1 << n;
        part += *part == ' ';
    }
}


/*
 * The tables are made when the module is loaded, before there is any process or
 * thread that would use them.
 */

static void __attribute__((constructor))
review_suspect_init(void)
{
    size_t                i;
    int32_t               c, folded;
    unsigned char         kinds[0x10000];
    static const int32_t  hidden[] = {
        0x200b, 0x200c, 0x200d, 0x202d, 0x202e, 0x2060, 0xfeff
    };

    memset(kinds, 0, sizeof(kinds));

    for (i = 0; review_suspect_words[i].parts[0]; i++) {
        review_suspect_learn(i, kinds);
    }

    /* white space and the like, which folds to nothing */

    kinds[0] = REVIEW_SUSPECT_SECOND;

    memset(review_suspect_bytes, REVIEW_SUSPECT_LOOK,
           sizeof(review_suspect_bytes));
    memset(review_suspect_bytes, 0, 0x80);

    for (c = 0; c < 0x10000; c++) {
        folded = review_suspect_fold(c);
        review_suspect_mark(c, folded < 0x10000 ? kinds[folded] : 0);
    }

    for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        review_suspect_mark(hidden[i], REVIEW_SUSPECT_ALWAYS);
    }
}


/*
 * Invisible characters: those that turn a text around or spell a hidden one
 * are never a document's own; others are told where they lace letters.
 */

static int
review_suspect_is_hidden(review_suspect_t *s, int32_t c, const char *p)
{
    if (c == 0x202d || c == 0x202e || (c >= 0xe0020 && c <= 0xe007f)) {
        return 1;
    }

    if ((c < 0x200b || c > 0x200d) && c != 0x2060 && c != 0xfeff && c != 0xad) {
        return 0;
    }

    if (s->laces == 0 || p - s->laced > REVIEW_SUSPECT_LACED) {
        s->laces = 0;
        s->laced = p;
    }

    return ++s->laces == REVIEW_SUSPECT_LACES;
}


/* at p, where some first word may begin, or something is hidden */

static int
review_suspect_at(review_suspect_t *s, const char *p)
{
    size_t       i;
    int32_t      first, second;
    uint32_t     patterns;
    const char  *next;

    if (p > s->first && review_suspect_is_inside(p, s->last)) {
        return 0;
    }

    next = p;
    first = review_utf8_next(&next, s->last);

    if (first >= 0x80 && review_suspect_is_hidden(s, first, p)) {
        return 1;
    }

    /* no word begins so, and of a run of these each would look to its end */

    first = review_suspect_fold(first);

    if (first == 0) {
        return 0;
    }

    second = review_suspect_next(&next, s->last);

    patterns = review_suspect_pair(first, second)->patterns
               | review_suspect_pair(first, 0)->patterns;

    for (i = 0; patterns; i++, patterns >>= 1) {
        if ((patterns & 1)
            && review_suspect_is_like(s, p, &review_suspect_words[i]))
        {
            return 1;
        }
    }

    return 0;
}


/* may a word's second character stand at p? */

static inline int
review_suspect_goes_on(const char *p, const char *last)
{
    unsigned char  c;

    if (p == last) {
        return 0;
    }

    c = (unsigned char) *p;

    if (c < 0x80) {
        return review_suspect_bytes[c] & REVIEW_SUSPECT_SECOND;
    }

    /* of valid UTF-8 all three bytes are there */

    return (c & 0xf0) != 0xe0
           || (review_suspect_three_at(p) & REVIEW_SUSPECT_SECOND);
}


/* one character; *p is set behind it */

static int
review_suspect_one(review_suspect_t *s, const char **p)
{
    unsigned       kind;
    const char    *at;
    unsigned char  c;

    at = *p;
    c = (unsigned char) *at;

    if (c < 0x80) {
        kind = review_suspect_bytes[c];
        *p = at + 1;

    } else if (c < 0xe0) {
        kind = (c == 0xc2 && (unsigned char) at[1] == 0xad)
               ? REVIEW_SUSPECT_ALWAYS : 0;
        *p = at + 2;

    } else if (c < 0xf0) {
        kind = review_suspect_three_at(at);
        *p = at + 3;

    } else {
        kind = c == 0xf3 ? REVIEW_SUSPECT_ALWAYS : 0;
        *p = at + 4;
    }

    if ((kind & REVIEW_SUSPECT_ALWAYS)
        || ((kind & REVIEW_SUSPECT_FIRST)
            && review_suspect_goes_on(*p, s->last)))
    {
        return review_suspect_at(s, at);
    }

    return 0;
}


/*
 * Advances over what begins no word.  Nearly all characters are ideographs and
 * such, whose first byte is from 0xe3 to 0xea, and of these two at a time are
 * looked at: is the later one a word's first, or its second?  Only then the
 * earlier one matters.  A function of its own has registers enough.
 */

static const char * __attribute__((noinline))
review_suspect_skip(const char *p, const char *last)
{
    uint64_t  word;
    unsigned  later;

    for (last -= sizeof(word); p <= last; /* void */) {
        memcpy(&word, p, sizeof(word));
        word = le64toh(word);

        if (((word + 0x05000005) & 0xf80000f8) == 0xe80000e8) {
            later = review_suspect_three_of(word >> 32);

            if (later == 0) {
                p += 6;
                continue;
            }

            if ((later & REVIEW_SUSPECT_SECOND)
                && (review_suspect_three_of(word >> 8) & REVIEW_SUSPECT_FIRST))
            {
                break;
            }

            p += (later & REVIEW_SUSPECT_FIRST) ? 3 : 6;

        } else if ((word & 0x80) == 0) {

            while (!(review_suspect_bytes[(unsigned char) *p]
                     & REVIEW_SUSPECT_LOOK))
            {
                if (++p > last) {
                    return p;
                }
            }

            if ((unsigned char) *p < 0x80) {
                break;
            }

        } else if ((word & 0xf0) == 0xe0
                   && !(review_suspect_three_of(word >> 8)
                        & REVIEW_SUSPECT_LOOK))
        {
            p += 3;

        } else {
            break;
        }
    }

    return p;
}


int
review_suspect_text(const char *data, size_t len)
{
    const char       *p;
    review_suspect_t  s;

    memset(&s, 0, sizeof(s));

    s.first = data;
    s.last = data + len;
    s.budget = REVIEW_SUSPECT_BUDGET + len / 256;

    for (p = data; p < s.last; /* void */) {

        if (s.last - p >= (ptrdiff_t) sizeof(uint64_t)) {
            p = review_suspect_skip(p, s.last);
        }

        if (review_suspect_one(&s, &p)) {
            return 1;
        }
    }

    return 0;
}


int
review_suspect(const review_subject_t *subject)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (review_suspect_text(subject->chunk.data, subject->chunk.len)
        || review_suspect_text(subject->heading.data, subject->heading.len))
    {
        return 1;
    }

    for (i = 0; i < subject->nreferences; i++) {
        if (review_suspect_text(subject->references[i].data,
                                subject->references[i].len)
            || review_suspect_text(subject->reference_ids[i].data,
                                   subject->reference_ids[i].len))
        {
            return 1;
        }
    }

    json_object_foreach(subject->vars, name, value) {
        if (json_is_string(value)
            && review_suspect_text(json_string_value(value),
                                   json_string_length(value)))
        {
            return 1;
        }
    }

    return 0;
}
