
#include "review/quote/markup.h"


#define REVIEW_MARKUP_NAME     12      /* bytes of a tag's name, at most */
#define REVIEW_MARKUP_TAG      512     /* of a tag, */
#define REVIEW_MARKUP_ENTITY   10      /* an entity, */
#define REVIEW_MARKUP_TEXT     600     /* a link's text, */
#define REVIEW_MARKUP_ADDRESS  2000    /* its address, */
#define REVIEW_MARKUP_MATH     256     /* and a formula */

#define review_markup_is_digit(c)  ((c) >= '0' && (c) <= '9')
#define review_markup_is_letter(c)                                            \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define review_markup_is_blank(c)                                             \
    ((c) == ' ' || (c) == '\t' || (c) == '\n' || (c) == '\r')


typedef struct {
    const char  *name;
    int32_t      value;
} review_markup_name_t;


/* 1: inline */

static const review_markup_name_t  review_markup_tags[] = {
    { "a", 1 }, { "b", 1 }, { "big", 1 }, { "center", 0 }, { "code", 1 },
    { "del", 1 }, { "div", 0 }, { "em", 1 }, { "font", 1 }, { "i", 1 },
    { "img", 1 }, { "ins", 1 }, { "li", 0 }, { "mark", 1 }, { "ol", 0 },
    { "p", 0 }, { "small", 1 }, { "span", 1 }, { "strong", 1 },
    { "sub", 1 }, { "sup", 1 }, { "table", 0 }, { "tbody", 0 }, { "td", 0 },
    { "tfoot", 0 }, { "th", 0 }, { "thead", 0 }, { "tr", 0 }, { "tt", 1 },
    { "u", 1 }, { "ul", 0 }, { "br", 0 }, { "caption", 0 }, { "col", 0 },
    { "colgroup", 0 }, { "h1", 0 }, { "h2", 0 }, { "h3", 0 }, { "h4", 0 },
    { "h5", 0 }, { "h6", 0 }, { "hr", 0 }, { "html", 0 }, { "body", 0 },
    { NULL, 0 }
};


static const review_markup_name_t  review_markup_entities[] = {
    { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
    { "apos", '\'' }, { "nbsp", 0xa0 }, { "ensp", 0x2002 },
    { "emsp", 0x2003 }, { "thinsp", 0x2009 }, { "middot", 0xb7 },
    { "bull", 0x2022 }, { "hellip", 0x2026 }, { "ndash", 0x2013 },
    { "mdash", 0x2014 }, { "minus", 0x2212 }, { "lsquo", 0x2018 },
    { "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
    { "laquo", 0xab }, { "raquo", 0xbb }, { "times", 0xd7 },
    { "divide", 0xf7 }, { "plusmn", 0xb1 }, { "deg", 0xb0 }, { "le", 0x2264 },
    { "ge", 0x2265 }, { "ne", 0x2260 }, { "yen", 0xa5 }, { "euro", 0x20ac },
    { "pound", 0xa3 }, { "cent", 0xa2 }, { "sect", 0xa7 }, { "para", 0xb6 },
    { "copy", 0xa9 }, { "reg", 0xae }, { "trade", 0x2122 }, { "sup1", 0xb9 },
    { "sup2", 0xb2 }, { "sup3", 0xb3 }, { "frac12", 0xbd },
    { "frac14", 0xbc }, { "frac34", 0xbe }, { "permil", 0x2030 },
    { "shy", 0xad }, { "micro", 0xb5 }, { "Omega", 0x3a9 }, { NULL, 0 }
};


/* what other commands are named stays */

static const review_markup_name_t  review_markup_commands[] = {
    { "sim", '~' }, { "thicksim", '~' }, { "times", 0xd7 }, { "div", 0xf7 },
    { "pm", 0xb1 }, { "cdot", 0xb7 }, { "circ", 0xb0 }, { "degree", 0xb0 },
    { "ge", 0x2265 }, { "geq", 0x2265 }, { "geqslant", 0x2265 },
    { "le", 0x2264 }, { "leq", 0x2264 }, { "leqslant", 0x2264 },
    { "ne", 0x2260 }, { "neq", 0x2260 }, { "approx", 0x2248 },
    { "sqrt", 0x221a }, { "Omega", 0x3a9 }, { "mu", 0x3bc },
    { "ldots", 0x2026 }, { "cdots", 0x2026 }, { "dots", 0x2026 },
    { "prime", '\'' }, { "permil", 0x2030 }, { "yen", 0xa5 },
    { "mathrm", 0 }, { "mathbf", 0 }, { "mathsf", 0 }, { "mathit", 0 },
    { "mathfrak", 0 }, { "boldsymbol", 0 }, { "bf", 0 }, { "rm", 0 },
    { "text", 0 }, { "textbf", 0 }, { "textrm", 0 }, { "textit", 0 },
    { "mbox", 0 }, { "operatorname", 0 }, { "left", 0 }, { "right", 0 },
    { "displaystyle", 0 }, { "quad", ' ' }, { "qquad", ' ' }, { "frac", ' ' },
    { "textcircled", ' ' }, { NULL, 0 }
};


static const review_markup_name_t *
review_markup_find(const review_markup_name_t *names, const char *p, size_t n,
    int cased)
{
    size_t  i;

    for ( /* void */ ; names->name; names++) {

        for (i = 0; i < n && names->name[i]; i++) {
            if ((p[i] | (cased ? 0 : 0x20)) != names->name[i]) {
                break;
            }
        }

        if (i == n && names->name[i] == '\0') {
            return names;
        }
    }

    return NULL;
}


/* name="value", name=value; returns behind it, or NULL */

static const char *
review_markup_attribute(const char *p, const char *last)
{
    char         c;
    const char  *start;

    start = p;

    while (p < last && (review_markup_is_letter(*p) || *p == '-')) {
        p++;
    }

    if (p == start || last - p < 2 || *p != '=') {
        return NULL;
    }

    c = *++p;

    if (c == '"' || c == '\'') {
        for (p++; p < last && *p != c && *p != '<'; p++) { /* void */ }

        return (p < last && *p == c) ? p + 1 : NULL;
    }

    for (start = p; p < last && !review_markup_is_blank(*p) && *p != '>'
         && *p != '<' && *p != '"' && *p != '/'; p++)
    {
        /* void */
    }

    return p > start ? p : NULL;
}


/* the tag's row, and *end behind it; or NULL */

static const review_markup_name_t *
review_markup_read(const char *p, const char *last, const char **end)
{
    size_t                       n;
    const char                  *start;
    const review_markup_name_t  *tag;

    if (last - p > REVIEW_MARKUP_TAG) {
        last = p + REVIEW_MARKUP_TAG;
    }

    p++;
    p += (p < last && *p == '/');
    start = p;

    while (p < last && (review_markup_is_letter(*p)
                        || (p > start && review_markup_is_digit(*p)))
           && p - start <= REVIEW_MARKUP_NAME)
    {
        p++;
    }

    n = (size_t) (p - start);

    if (n == 0 || p == last) {
        return NULL;
    }

    tag = review_markup_find(review_markup_tags, start, n, 0);

    if (tag == NULL) {
        return NULL;
    }

    while (p < last) {
        start = p;

        while (p < last && review_markup_is_blank(*p)) {
            p++;
        }

        if (last - p >= 2 && *p == '/' && p[1] == '>') {
            p++;
        }

        if (p < last && *p == '>') {
            *end = p + 1;
            return tag;
        }

        p = p > start ? review_markup_attribute(p, last) : NULL;

        if (p == NULL) {
            break;
        }
    }

    return NULL;
}


const char *
review_markup_tag(const char *p, const char *last)
{
    const char  *end;

    return review_markup_read(p, last, &end) ? end : NULL;
}


const char *
review_markup_inline(const char *p, const char *last)
{
    const char                  *end;
    const review_markup_name_t  *tag;

    tag = review_markup_read(p, last, &end);

    return (tag && tag->value) ? end : NULL;
}


const char *
review_markup_inline_back(const char *p, const char *first)
{
    const char  *q;

    if (p - first > REVIEW_MARKUP_TAG) {
        first = p - REVIEW_MARKUP_TAG;
    }

    for (q = p - 1; q > first; /* void */) {

        if (*--q == '<') {
            return review_markup_inline(q, p) == p ? q : NULL;
        }

        if (*q == '>') {
            break;
        }
    }

    return NULL;
}


/* &#20803; &#x5143; */

static int32_t
review_markup_numbered(const char *p, const char *end)
{
    int      base, digit;
    int32_t  c;

    base = (p < end && (*p | 0x20) == 'x') ? 16 : 10;
    p += (base == 16);

    if (p == end) {
        return -1;
    }

    for (c = 0; p < end && c <= 0x10ffff; p++) {

        if (review_markup_is_digit(*p)) {
            digit = *p - '0';

        } else if (base == 16 && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f') {
            digit = (*p | 0x20) - 'a' + 10;

        } else {
            return -1;
        }

        c = c * base + digit;
    }

    return (c < ' ' || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) ? -1 : c;
}


int32_t
review_markup_entity(const char **p, const char *last)
{
    int32_t                      c;
    const char                  *start, *end;
    const review_markup_name_t  *entity;

    start = *p + 1;

    if (last - start > REVIEW_MARKUP_ENTITY) {
        last = start + REVIEW_MARKUP_ENTITY;
    }

    end = start < last ? memchr(start, ';', (size_t) (last - start)) : NULL;

    if (end == NULL) {
        return -1;
    }

    if (*start == '#') {
        c = review_markup_numbered(start + 1, end);

    } else {
        entity = review_markup_find(review_markup_entities, start,
                                    (size_t) (end - start), 1);
        c = entity ? entity->value : -1;
    }

    if (c != -1) {
        *p = end + 1;
    }

    return c;
}


/* does it look like an address, and not like a note in brackets? */

static int
review_markup_is_address(const char *p, const char *end)
{
    const char  *dot;

    if (p == end) {
        return 0;
    }

    if (memchr(p, '/', (size_t) (end - p)) || *p == '#') {
        return 1;
    }

    for (dot = end; dot > p && review_markup_is_letter(dot[-1]); dot--) {
        /* void */
    }

    return (dot > p + 1 && dot < end && dot[-1] == '.')
           || (end - p > 7 && memcmp(p, "mailto:", 7) == 0);
}


const char *
review_markup_link(const char *p, const char *last, const char **end)
{
    const char  *bracket, *address, *limit;

    limit = last - p > REVIEW_MARKUP_TEXT ? p + REVIEW_MARKUP_TEXT : last;

    for (p++; p < limit && *p != ']'; p++) {
        if (*p == '[' || *p == '\n' || *p == '\r') {
            return NULL;
        }
    }

    if (limit - p < 2 || p[1] != '(') {
        return NULL;
    }

    bracket = p;
    p += 2;
    address = p;
    limit = last - p > REVIEW_MARKUP_ADDRESS ? p + REVIEW_MARKUP_ADDRESS
                                             : last;

    while (p < limit && *p > ' ' && *p < 0x7f && *p != ')' && *p != '('
           && *p != '[' && *p != '<')
    {
        p++;
    }

    if (p == limit || *p != ')' || !review_markup_is_address(address, p)) {
        return NULL;
    }

    *end = p + 1;

    return bracket;
}


/* letters beside each other are words, but in commands and braces */

static int
review_markup_is_math(const char *p, const char *end)
{
    int  braces, digits;

    for (braces = 0, digits = 0; p < end; p++) {

        switch (*p) {

        case '{':
            braces++;
            continue;

        case '}':
            braces--;
            continue;

        case '\\':
            for (p++; p + 1 < end && review_markup_is_letter(*p)
                 && review_markup_is_letter(p[1]); p++)
            {
                /* void */
            }

            digits = 1;
            continue;
        }

        digits |= review_markup_is_digit(*p);

        if (braces == 0
            && ((*p & 0x80)
                || (review_markup_is_letter(*p) && p + 1 < end
                    && review_markup_is_letter(p[1]))))
        {
            return 0;
        }
    }

    return digits;
}


const char *
review_markup_math(const char *p, const char *first, const char *last)
{
    const char  *start;

    if (p > first && (review_markup_is_letter(p[-1])
                      || review_markup_is_digit(p[-1]) || p[-1] == '\\'))
    {
        return NULL;
    }

    if (last - p > REVIEW_MARKUP_MATH) {
        last = p + REVIEW_MARKUP_MATH;
    }

    start = ++p;

    while (p < last && *p != '$' && *p != '\n' && *p != '\r') {
        p += (*p == '\\' && last - p > 1 && p[1] != '\n' && p[1] != '\r') ? 2
                                                                          : 1;
    }

    if (p >= last || *p != '$' || p == start
        || (last - p > 1 && review_markup_is_digit(p[1])))
    {
        return NULL;
    }

    return review_markup_is_math(start, p) ? p : NULL;
}


int32_t
review_markup_command(const char **p, const char *last)
{
    char                         c;
    const char                  *start, *end;
    const review_markup_name_t  *command;

    start = *p + 1;

    if (start == last) {
        return -1;
    }

    c = *start;

    if (!review_markup_is_letter(c)) {
        if ((unsigned char) c >= 0x80 || c < ' ') {
            return -1;
        }

        *p = start + 1;

        return (c == ',' || c == ';' || c == ':' || c == '!' || c == ' ')
               ? ' ' : c;
    }

    for (end = start; end < last && review_markup_is_letter(*end); end++) {
        /* void */
    }

    command = review_markup_find(review_markup_commands, start,
                                 (size_t) (end - start), 1);

    if (command == NULL) {
        return -1;
    }

    *p = end;

    return command->value;
}
