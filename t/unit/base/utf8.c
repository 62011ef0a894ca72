
/*
 * Proves that UTF-8 is what RFC 3629 says and nothing else: every code point
 * there is decodes to itself and, cut short, to nothing; overlong forms,
 * surrogates, stray bytes and all that lies above U+10FFFF are refused one
 * byte at a time; and that counting and cutting agree with decoding on every
 * prefix, also of what is not valid.  Texts are copied to blocks of their own
 * length, so that a sanitizer sees a byte read past an end.
 */

#include "tap.h"
#include "review/base/utf8.h"


static review_pool_t  *pool;


static size_t
encode(char *p, int32_t c)
{
    if (c < 0x80) {
        p[0] = (char) c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = (char) (0xc0 | c >> 6);
        p[1] = (char) (0x80 | (c & 0x3f));
        return 2;
    }

    if (c < 0x10000) {
        p[0] = (char) (0xe0 | c >> 12);
        p[1] = (char) (0x80 | (c >> 6 & 0x3f));
        p[2] = (char) (0x80 | (c & 0x3f));
        return 3;
    }

    p[0] = (char) (0xf0 | c >> 18);
    p[1] = (char) (0x80 | (c >> 12 & 0x3f));
    p[2] = (char) (0x80 | (c >> 6 & 0x3f));
    p[3] = (char) (0x80 | (c & 0x3f));

    return 4;
}


static void
test_code_points(void)
{
    int          bad;
    char         buf[4];
    size_t       n, i;
    int32_t      c, got;
    const char  *p;

    bad = 0;

    for (c = 0; c <= 0x10ffff + 0x1000; c++) {
        n = encode(buf, c);
        p = buf;
        got = review_utf8_next(&p, buf + n);

        if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) {
            bad += (got != -1 || p != buf + 1);
            bad += (review_utf8_valid(buf, n) != 0);
            continue;
        }

        bad += (got != c || p != buf + n);
        bad += (review_utf8_valid(buf, n) != n);
        bad += (review_utf8_count(buf, n) != 1);

        for (i = 1; i < n; i++) {
            p = buf;
            bad += (review_utf8_next(&p, buf + i) != -1 || p != buf + 1);
            bad += (review_utf8_cut(buf, n, i) != 0);
        }
    }

    ok(bad == 0, "every code point, whole and cut short: %d wrong", bad);
}


static void
test_invalid(const char *name, const char *data, size_t len, size_t valid)
{
    char        *copy;
    size_t       n;
    const char  *p;

    copy = review_alloc(pool, len);
    memcpy(copy, data, len);

    n = review_utf8_valid(copy, len);
    ok(n == valid, "%s: valid up to %zu, is %zu", name, valid, n);

    p = copy + valid;
    ok(review_utf8_next(&p, copy + len) == -1 && p == copy + valid + 1,
       "%s: one byte is skipped", name);
}


static void
test_cut(void)
{
    int          bad;
    char        *copy;
    size_t       len, max, n, best;
    const char  *p, *text, *start;

    /* ASCII, two, three and four bytes, and bytes that belong to nothing */

    text = "a\xc3\xa9" "\xe6\x8a\x95" "\xf0\xa0\xae\xb7" "\x80\x80\x80\x80\x80"
           "\xe6\x8a" "z" "\xf0\xa0\xae";
    bad = 0;

    for (len = 0; len <= strlen(text); len++) {
        copy = review_alloc(pool, len);
        memcpy(copy, text, len);

        for (max = 0; max <= len + 2; max++) {
            n = review_utf8_cut(copy, len, max);
            best = max < len ? max : len;

            for (p = copy; p < copy + len; /* void */ ) {
                start = p;
                (void) review_utf8_next(&p, copy + len);

                if (copy + best > start && copy + best < p) {
                    best = (size_t) (start - copy);
                    break;
                }
            }

            bad += (n != best);
        }
    }

    ok(bad == 0, "no code point is cut, and nothing more is: %d wrong", bad);
}


/*
 * Texts of some blocks, made of pieces that are right and wrong, and what was
 * said of them by decoding one code point after the other.
 */

static void
test_blocks(void)
{
    int                       bad, wrong;
    char                     *copy, text[96];
    size_t                    i, k, n, len, count;
    uint32_t                  random;
    const char               *p, *start;
    static const char *const  pieces[] = {
        "a", "abcdefghijklmnopqrs", "\xc3\xa9", "投", "投标有效期九十日",
        "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf", "\xf0\xa0\xae\xb7",
        "\x80", "\xc1\xbf", "\xc3", "\xe6\x8a", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf0\xa0\xae", "\xff"
    };

    bad = 0;
    wrong = 0;
    random = 1;

    for (i = 0; i < 200000; i++) {

        for (len = 0; len < 70; len += n) {
            random = random * 1664525 + 1013904223;
            k = (random >> 8) % 64;
            k = (k < 18 && (i & 1)) ? k : k % 9;
            n = strlen(pieces[k]);
            memcpy(text + len, pieces[k], n);

            if ((random >> 20) % 32 == 0) {
                len += n;
                break;
            }
        }

        copy = memcpy(malloc(len ? len : 1), text, len);
        start = copy;
        count = 0;

        for (p = copy; p < copy + len; start = p, count++) {
            if (review_utf8_next(&p, copy + len) == -1) {
                break;
            }
        }

        n = (size_t) (start - copy);
        wrong += n < len;
        bad += review_utf8_valid(copy, len) != n;
        bad += n == len && review_utf8_count(copy, len) != count;
        free(copy);
    }

    ok(wrong > 10000 && bad == 0, "blocks, %d with faults: %d wrong", wrong,
       bad);
}


#define invalid(name, data, valid)                                            \
    test_invalid(name, data, sizeof(data) - 1, valid)


int
main(void)
{
    static const char  text[] = "投标abcdefgh，𠮷é\n";

    pool = tap_pool();

    test_code_points();

    invalid("stray trail byte", "ab\x80", 2);
    invalid("overlong slash, 2 bytes", "\xc0\xaf", 0);
    invalid("overlong, 2 bytes", "\xc1\xbf", 0);
    invalid("overlong slash, 3 bytes", "\xe0\x80\xaf", 0);
    invalid("overlong, 4 bytes", "\xf0\x8f\xbf\xbf", 0);
    invalid("surrogate", "x\xed\xa0\x80", 1);
    invalid("above the last", "\xf4\x90\x80\x80", 0);
    invalid("five bytes", "\xf8\x88\x80\x80\x80", 0);
    invalid("0xff", "\xff", 0);
    invalid("cut short", "12345678\xe6\x8a", 8);
    invalid("cut by ASCII", "\xe6\x8a" "a", 0);
    invalid("the last of eight", "abcdefg\x80" "abcdefgh", 7);

    ok(review_utf8_valid(text, sizeof(text) - 1) == sizeof(text) - 1,
       "valid text");
    ok(review_utf8_count(text, sizeof(text) - 1) == 14, "its code points");
    ok(review_utf8_valid(text, 0) == 0 && review_utf8_count(text, 0) == 0
       && review_utf8_cut(text, 0, 3) == 0, "no text");

    test_cut();
    test_blocks();

    tap_pool_free(pool);

    return tap_end();
}
