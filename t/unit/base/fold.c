
/*
 * Proves that radicals and strokes become the ideographs that look the same,
 * all of those that Unicode's table has, and that nothing else does; and that
 * clusters are folded whole, or stay as they are.
 */

#include "tap.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"


static void
test_radicals(void)
{
    size_t   n;
    int32_t  c;

    ok(review_fold_radical(0x2eda) == 0x9875, "a page");
    ok(review_fold_radical(0x2ed3) == 0x957f, "long");
    ok(review_fold_radical(0x2ec5) == 0x89c1, "to see");
    ok(review_fold_radical(0x2ed4) == 0x95e8, "a gate");
    ok(review_fold_radical(0x2ecb) == 0x8f66, "a cart");
    ok(review_fold_radical(0x2f42) == 0x6587, "of Kangxi");
    ok(review_fold_radical(0x2e87) == 0x20628, "beyond 16 bits");
    ok(review_fold_radical(0x31d0) == 0x4e00, "a stroke");

    ok(review_fold_radical(0x2e80) == 0x2e80, "one without");
    ok(review_fold_radical(0x2e9a) == 0x2e9a, "none in the middle");
    ok(review_fold_radical(-1) == -1, "no code point");

    for (n = 0, c = 0; c < 0x110000; c++) {
        if (review_fold_radical(c) != c) {
            n++;

            if (c < 0x2e80 || c > 0x31ef || (c > 0x2fdf && c < 0x31c0)) {
                break;
            }
        }
    }

    ok(c == 0x110000, "all of them are radicals and strokes");
    ok(n > 330, "%zu of them", n);
}


static void
is_folded(const char *text, int cased, const char *expected)
{
    int           i, folded;
    size_t        n;
    int32_t       c[REVIEW_FOLD_POINTS], e;
    const char   *p, *end;

    p = text;
    (void) review_utf8_next(&p, text + strlen(text));
    end = review_fold_cluster(p, text + strlen(text), &n);

    ok(end == text + strlen(text), "\"%s\": is one cluster", text);

    folded = review_fold_compat(text, strlen(text), n, cased, c);

    for (i = 0, p = expected; i < folded && *p; i++) {
        e = review_utf8_next(&p, expected + strlen(expected));

        if (e != c[i]) {
            break;
        }
    }

    ok(i == folded && *p == '\0', "\"%s\": becomes \"%s\"", text, expected);
}


int
main(void)
{
    size_t       n;
    int32_t      c[REVIEW_FOLD_POINTS];
    const char  *p, *end;

    static const char  marks[] = "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
        "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
        "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
        "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
        "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81";

    test_radicals();

    is_folded("Ａ", 1, "a");
    is_folded("Ａ", 0, "A");
    is_folded("㎡", 0, "m2");
    is_folded("⻚", 0, "页");
    is_folded("⽂", 0, "文");
    is_folded("e\xcc\x81", 0, "é");
    is_folded("\xe2\x80\x8b", 0, "");
    is_folded("文", 0, "文");

    p = marks + 1;
    end = review_fold_cluster(p, marks + sizeof(marks) - 1, &n);
    ok(n == REVIEW_FOLD_CLUSTER && end < marks + sizeof(marks) - 1,
       "a cluster has an end");

    ok(review_fold_compat("\xef\xb7\xba", 3, 1, 0, c) == -1,
       "what becomes too much stays");

    return tap_end();
}
