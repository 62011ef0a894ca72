
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "review/quote/known.h"
#include "review/quote/norm.h"


struct review_known_s {
    review_pool_t   *pool;
    size_t           n;
    review_str_t    *texts;
    review_norm_t   *norms;
    review_norm_t    one;              /* what is looked for */
    unsigned         looked:1;         /* "may" is known */
    unsigned         may:1;            /* a text may hold a "verdict" */
    unsigned         folded:1;
    unsigned         named:1;          /* one does, */
    unsigned         searched:1;       /* as has been looked */
};


review_known_t *
review_known_create(review_pool_t *pool, size_t n)
{
    review_known_t  *known;

    known = review_alloc(pool, sizeof(review_known_t));
    if (known == NULL) {
        return NULL;
    }

    memset(known, 0, sizeof(review_known_t));

    known->pool = pool;
    known->texts = review_alloc(pool, (n + 1) * sizeof(review_str_t));

    return known->texts ? known : NULL;
}


void
review_known_add(review_known_t *known, const review_str_t *text)
{
    if (text->len) {
        known->texts[known->n++] = *text;
    }
}


/* the bytes of a character by its first, where that tells that it is no "v" */

static const unsigned char  review_known_steps[256] = {
    [0 ... '&' - 1] = 1,
    ['&' + 1 ... 'V' - 1] = 1,
    ['V' + 1 ... 'v' - 1] = 1,
    ['v' + 1 ... 0x7f] = 1
};


/*
 * How far to go over a character that is no "v" when it is folded, 0: it may
 * be.  What is common in Chinese texts is known, any other is not looked at.
 */

static size_t
review_known_step(const unsigned char *p, size_t left)
{
    if (*p == 0xc2 && left > 1) {
        return 2;
    }

    /* an entity with a number may be one, an ampersand is none */

    if (*p == '&') {
        return !(left > 1 && p[1] == '#');
    }

    if (left < 3) {
        return 0;
    }

    switch (*p) {

    case 0xe2:

        /* letterlike symbols, numerals, enclosed letters */

        return (p[1] == 0x80 || (p[1] >= 0x86 && p[1] <= 0x91)
                || (p[1] >= 0x94 && p[1] <= 0xaf)) ? 3 : 0;

    case 0xe3:

        /* squared letters */

        return (p[1] < 0x88 || p[1] >= 0x90) ? 3 : 0;

    case 0xef:

        /* full-width ones: V, v */

        return ((p[1] == 0xbc && p[2] != 0xb6)
                || (p[1] == 0xbd && p[2] != 0x96)) ? 3 : 0;

    default:
        return 0;
    }
}


/*
 * Behind the ideographs at p, of which there is one: most begin with such a
 * byte, as Hangul does.  Three at a time.
 */

static const unsigned char *
review_known_ideographs(const unsigned char *p, const unsigned char *last)
{
    uint64_t              three;
    const unsigned char  *start;

    start = p;

    while (last - p > 8) {
        memcpy(&three, p, 8);

#if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        three = __builtin_bswap64(three);
#endif

        /* from 0xe4 to 0xeb; a byte that borrows is none itself */

        three = ((three & 0x00ff0000ff0000ff) - 0x00e40000e40000e4)
                & 0x00f80000f80000f8;

        if (three) {
            return p + __builtin_ctzll(three) / 8;
        }

        p += 9;
    }

    if (p == start) {
        p += (last - p < 3) ? last - p : 3;
    }

    return p;
}


/* most texts in Chinese have no such letter, and need no folding then */

static int
review_known_may(const review_str_t *text)
{
    size_t                n;
    const unsigned char  *p, *last;

    p = (const unsigned char *) text->data;
    last = p + text->len;

    for ( /* void */ ; p < last; p += n) {

        if (*p >= 0xe4 && *p <= 0xe9) {
            p = review_known_ideographs(p, last);
            n = 0;
            continue;
        }

        n = review_known_steps[*p];

        if (n == 0) {
            n = review_known_step(p, (size_t) (last - p));

            if (n == 0) {
                return 1;
            }
        }
    }

    return 0;
}


/* an object has it, most often as its first name */

static int
review_known_has(const char *text, size_t len)
{
    return (len >= 9 && memcmp(text + 2, "verdict", 7) == 0)
           || (len == 7 && memcmp(text, "verdict", 7) == 0)
           || memmem(text, len, "verdict", 7);
}


static int
review_known_look(review_known_t *known)
{
    size_t  i;

    if (!known->looked) {
        known->looked = 1;

        for (i = 0; i < known->n && !known->may; i++) {
            known->may = review_known_may(&known->texts[i]) & 1;
        }
    }

    return known->may;
}


static int
review_known_fold(review_known_t *known)
{
    size_t          i;
    review_norm_t  *norm;

    if (known->folded) {
        return 0;
    }

    known->norms = review_alloc(known->pool,
                                (known->n + 1) * sizeof(review_norm_t));
    if (known->norms == NULL) {
        return -1;
    }

    for (i = 0; i <= known->n; i++) {
        norm = (i < known->n) ? &known->norms[i] : &known->one;

        review_norm_init(norm, known->pool, 0, 0);

        if (i < known->n
            && review_norm_make(norm, known->texts[i].data,
                                known->texts[i].len) != 0)
        {
            return -1;
        }
    }

    known->folded = 1;

    return 0;
}


static int
review_known_find(review_known_t *known, const char *text, size_t len)
{
    size_t         i;
    review_buf_t  *one;

    if (known->n == 0 || len > UINT32_MAX
        || (review_known_has(text, len) && !review_known_look(known)))
    {
        return 0;
    }

    if (review_known_fold(known) != 0
        || review_norm_make(&known->one, text, len) != 0)
    {
        return 1;
    }

    one = &known->one.text;

    for (i = 0; i < known->n && one->len; i++) {
        if (known->norms[i].text.len >= one->len
            && memmem(known->norms[i].text.data, known->norms[i].text.len,
                      one->data, one->len))
        {
            return 1;
        }
    }

    return 0;
}


int
review_known_holds(review_known_t *known, const char *text, size_t len)
{
    if (len != 7 || memcmp(text, "verdict", 7) != 0) {
        return review_known_find(known, text, len);
    }

    /* the name alone is asked for with each answer */

    if (!known->searched) {
        known->searched = 1;
        known->named = review_known_find(known, text, len) & 1;
    }

    return known->named;
}
