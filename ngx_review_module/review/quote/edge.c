
#include "review/quote/edge.h"
#include "review/quote/norm.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define REVIEW_EDGE_IGNORED  8         /* invisible ones looked past */


/* the code point before *p or after it, 0 at the end, in half width */

static int32_t
review_edge_step(const review_str_t *text, const char **p, int back)
{
    int          i;
    int32_t      c;
    const char  *q, *last;

    last = text->data + text->len;

    for (i = 0; i < REVIEW_EDGE_IGNORED; i++) {

        if (*p == (back ? text->data : last)) {
            return 0;
        }

        if (back) {
            do {
                (*p)--;
            } while (*p > text->data && review_utf8_trail(**p));

            q = *p;
            c = review_utf8_next(&q, last);

        } else {
            c = review_utf8_next(p, last);
        }

        if (!utf8proc_get_property(c)->ignorable) {
            return (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0 : c;
        }
    }

    return 0;
}


static int
review_edge_number_digit(int32_t c)
{
    utf8proc_category_t  category;

    category = utf8proc_category(c);

    return category == UTF8PROC_CATEGORY_ND
           || category == UTF8PROC_CATEGORY_NO;
}


static int
review_edge_number_part(int32_t c)
{
    size_t                i;
    static const int32_t  numerals[] = {
        0x3007, 0x25cb, 0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,
        0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341, 0x767e, 0x5343, 0x4e07,
        0x4ebf, 0x58f9, 0x8d30, 0x53c1, 0x8086, 0x4f0d, 0x9646, 0x67d2,
        0x634c, 0x7396, 0x62fe, 0x4f70, 0x4edf, 0x842c, 0x5104
    };

    for (i = 0; i < sizeof(numerals) / sizeof(numerals[0]); i++) {
        if (c == numerals[i]) {
            return 1;
        }
    }

    return review_edge_number_digit(c);
}


/* does the punctuation join the digit before it with those after "p"? */

static int
review_edge_number_joined(const review_str_t *text, int32_t digit, int32_t c,
    const char *p)
{
    int  n;

    if (!review_edge_number_digit(digit)) {
        return 0;
    }

    for (n = 0; n < 4; n++) {
        if (!review_edge_number_digit(review_edge_step(text, &p, 0))) {
            break;
        }
    }

    switch (c) {

    case ',':
        return n == 3;

    case '.': case '/': case '-': case '~':
    case 0x2010: case 0x2011: case 0x2012: case 0x2013: case 0x2014:
    case 0x2212: case 0x301c:
        return n > 0;
    }

    return 0;
}


int
review_edge_cuts(const review_str_t *text, size_t offset)
{
    int32_t      before2, before, after;
    const char  *p, *next;

    p = text->data + offset;
    before = review_edge_step(text, &p, 1);
    before2 = review_edge_step(text, &p, 1);

    p = text->data + offset;
    next = p;
    after = review_edge_step(text, &next, 0);

    if (review_edge_number_part(before) && review_edge_number_part(after)) {
        return 1;
    }

    if ((before == '-' || before == 0x2212)
        && review_edge_number_digit(after)) {
        return 1;
    }

    return review_edge_number_joined(text, before2, before, p)
           || review_edge_number_joined(text, before, after, next);
}


size_t
review_edge_widen(const review_str_t *text, const review_str_t *quote,
    size_t offset, int start)
{
    int32_t              c;
    const char          *p;
    utf8proc_category_t  category;

    p = start ? quote->data : quote->data + quote->len;

    do {
        c = review_edge_step(quote, &p, !start);
    } while (c && review_norm_is_space(c));

    if (!review_norm_is_mark(c)) {
        return offset;
    }

    p = text->data + offset;
    c = review_edge_step(text, &p, start);
    category = utf8proc_category(c);

    if (!review_norm_is_mark(c)
        || category == (start ? UTF8PROC_CATEGORY_PF : UTF8PROC_CATEGORY_PI)
        || category == (start ? UTF8PROC_CATEGORY_PE : UTF8PROC_CATEGORY_PS))
    {
        return offset;
    }

    return (size_t) (p - text->data);
}
