
/* Values as they are compared, and looked for. */

#include "review/agree/value.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


/* neither blanks nor what only stands around words tells values apart */

static int
review_value_fold_is_left_out(int32_t c)
{
    return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == '"' || c == '\''
           || c == '*' || c == '`' || c == 0x3000 || c == 0xfeff
           || (c >= 0x2000 && c <= 0x200f) || (c >= 0x2018 && c <= 0x201f)
           || (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f);
}


static int32_t
review_value_fold_mark(int32_t c)
{
    switch (c) {

    case 0x2010: case 0x2011: case 0x2012: case 0x2013: case 0x2014:
    case 0x2212:
        return '-';

    case 0x3002:
        return '.';

    case 0x3014: case 0x3010:
        return '(';

    case 0x3015: case 0x3011:
        return ')';

    case 0xffe5:
        return 0xa5;

    default:
        return c;
    }
}


static void
review_value_fold_point(review_buf_t *b, int32_t c, review_buf_t *at,
    uint32_t from)
{
    int     i, n;
    char   *p;

    if (review_value_fold_is_left_out(c)) {
        return;
    }

    p = review_buf_reserve(b, 4);

    if (p == NULL) {
        return;
    }

    n = (int) utf8proc_encode_char(review_value_fold_mark(c),
                                   (utf8proc_uint8_t *) p);
    b->len += (size_t) n;

    for (i = 0; at && i < n; i++) {
        review_buf_add(at, (char *) &from, sizeof(from));
    }
}


void
review_value_fold(review_buf_t *b, const review_str_t *text, review_buf_t *at)
{
    int          i, k;
    size_t       n;
    int32_t      c, points[REVIEW_FOLD_POINTS];
    const char  *p, *q, *from, *last;

    p = text->data;
    last = p + text->len;

    while (p < last) {
        from = p;
        c = review_utf8_next(&p, last);
        n = 1;

        if (p < last && review_fold_may_extend(*p)) {
            p = review_fold_cluster(p, last, &n);
        }

        k = n == 1 && review_fold_is_han(c)
            ? -1 : review_fold_compat(from, (size_t) (p - from), n, 1, points);

        if (k < 0) {
            for (k = 0, q = from; q < p; k++) {
                points[k] = review_utf8_next(&q, p);
            }
        }

        for (i = 0; i < k; i++) {
            review_value_fold_point(b, points[i], at,
                                    (uint32_t) (from - text->data));
        }
    }
}
