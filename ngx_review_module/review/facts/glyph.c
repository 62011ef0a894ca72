
#include "review/facts/glyph.h"

#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <strings.h>


#define REVIEW_GLYPH_TAG  512          /* bytes of a tag, at most */


static const struct {
    const char  *name;
    int32_t      c;
} review_glyph_entities[] = {
    { "&nbsp;", ' ' }, { "&ensp;", ' ' }, { "&emsp;", ' ' }, { "&yen;", 0xa5 },
    { "&amp;", '&' }, { "&#160;", ' ' }, { "&#165;", 0xa5 },
    { "&times;", 0xd7 }, { "&lt;", '<' }, { "&gt;", '>' }, { NULL, 0 }
};

static const char *const  review_glyph_blocks[] = {
    "br", "p", "div", "tr", "table", "thead", "tbody", "tfoot", "li", "ul",
    "ol", "hr", "caption", "h1", "h2", "h3", "h4", "h5", "h6", NULL
};


static int
review_glyph_named(const char *const *names, const char *p, size_t n)
{
    for ( /* void */ ; *names; names++) {
        if (strlen(*names) == n && strncasecmp(*names, p, n) == 0) {
            return 1;
        }
    }

    return 0;
}


/* behind the tag at p, or NULL; *c is what it is, 0: nothing to be seen */

static const char *
review_glyph_tag(const char *p, const char *last, int32_t *c)
{
    size_t       n;
    const char  *name;

    if (last - p > REVIEW_GLYPH_TAG) {
        last = p + REVIEW_GLYPH_TAG;
    }

    p++;
    p += p < last && *p == '/';

    for (name = p; p < last && (review_glyph_is_letter(*p)
                                || review_glyph_is_digit(*p)); p++)
    {
        /* void */
    }

    n = (size_t) (p - name);

    if (n == 0 || p == last || review_glyph_is_digit(*name)
        || (*p != '>' && *p != '/' && *p != ' ' && *p != '\n' && *p != '\t'))
    {
        return NULL;
    }

    while (p < last && *p != '>' && *p != '<') {
        p++;
    }

    if (p == last || *p != '>') {
        return NULL;
    }

    *c = n == 2 && (strncasecmp(name, "td", 2) == 0
                    || strncasecmp(name, "th", 2) == 0)
         ? REVIEW_GLYPH_CELL
         : review_glyph_named(review_glyph_blocks, name, n)
           ? REVIEW_GLYPH_BLOCK : 0;

    return p + 1;
}


static const char *
review_glyph_entity(const char *p, const char *last, int32_t *c)
{
    size_t  i, n;

    for (i = 0; review_glyph_entities[i].name; i++) {
        n = strlen(review_glyph_entities[i].name);

        if ((size_t) (last - p) >= n
            && memcmp(p, review_glyph_entities[i].name, n) == 0)
        {
            *c = review_glyph_entities[i].c;
            return p + n;
        }
    }

    return NULL;
}


/* what a code point is taken for, 0: nothing is seen */

static int32_t
review_glyph_fold(int32_t c)
{
    switch (c) {
    case '\t':
    case 0xa0:
    case 0x202f:
    case 0x3000:
        return ' ';

    case '\f':
    case 0x2028:
        return '\n';

    case 0xad:
    case 0x200b:
    case 0x200c:
    case 0x200d:
    case 0xfeff:
        return 0;

    case 0xffe5:
        return 0xa5;

    case 0x25cb:
    case 0x25ef:
    case 0x3007:
        return 0x96f6;
    }

    if (c >= 0xff01 && c <= 0xff5e) {
        return c - 0xfee0;
    }

    return c >= 0x2000 && c <= 0x200a ? ' ' : review_fold_radical(c);
}


/* compatibility ideographs are written in more ways than one */

static int32_t
review_glyph_compat(const char *from, const char *p, int32_t c)
{
    int32_t  folded[REVIEW_FOLD_POINTS];

    return review_fold_compat(from, (size_t) (p - from), 1, 0, folded) == 1
           ? folded[0] : c;
}


static int32_t
review_glyph_read(review_glyph_t *g)
{
    int32_t      c;
    const char  *end;

    if (*g->p == '<' || *g->p == '&') {
        end = *g->p == '<' ? review_glyph_tag(g->p, g->last, &c)
                           : review_glyph_entity(g->p, g->last, &c);

        if (end) {
            g->p = end;
            return c;
        }
    }

    /* emphasis */

    if (*g->p == '*' && g->last - g->p > 1 && g->p[1] == '*') {
        g->p += 2;
        return 0;
    }

    if (*g->p == '\r') {
        g->p++;
        return g->p < g->last && *g->p == '\n' ? 0 : '\n';
    }

    c = review_utf8_next(&g->p, g->last);

    if (review_fold_is_han(c) || (c > ' ' && c < 0x7f)) {
        return c;
    }

    g->wide = c >= 0xff01 && c <= 0xff5e;

    return c >= 0xf900 && c <= 0xfaff ? review_glyph_compat(g->from, g->p, c)
                                      : review_glyph_fold(c);
}


void
review_glyph_next(review_glyph_t *g)
{
    g->end = g->p;
    g->skipped = 0;
    g->wide = 0;

    while (g->p < g->last) {
        g->from = g->p;
        g->c = review_glyph_read(g);

        if (g->c) {
            return;
        }

        g->skipped = 1;
    }

    g->from = g->last;
    g->c = REVIEW_GLYPH_END;
}


void
review_glyph_begin(review_glyph_t *g, const char *data, size_t len)
{
    g->p = data;
    g->last = data + len;

    review_glyph_next(g);
}


void
review_glyph_blanks(review_glyph_t *g, int lines)
{
    while (g->c == ' ' || (lines && g->c == '\n')) {
        lines -= g->c == '\n';
        review_glyph_next(g);
    }
}


int
review_glyph_is(review_glyph_t *g, const char *word)
{
    int32_t          c;
    const char      *p, *last;
    review_glyph_t   at;

    at = *g;
    last = word + strlen(word);

    for (p = word; p < last; /* void */ ) {
        if (p > word) {
            review_glyph_blanks(&at, 0);
        }

        c = review_utf8_next(&p, last);

        if (c == ' ') {
            continue;
        }

        if (at.c != c
            && !(at.c >= 'A' && at.c <= 'Z' && at.c + ('a' - 'A') == c))
        {
            return 0;
        }

        review_glyph_next(&at);
    }

    *g = at;

    return 1;
}


int
review_glyph_any(review_glyph_t *g, const char *const *words)
{
    int  i;

    for (i = 0; words[i]; i++) {
        if (review_glyph_is(g, words[i])) {
            return i;
        }
    }

    return -1;
}
