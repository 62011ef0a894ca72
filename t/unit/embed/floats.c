
/*
 * Proves that floats are read as strtof() reads them and written so that they
 * are read back, to the last bit: pseudo-random decimals of all lengths and
 * sizes, shortest forms, numbers exactly between two floats and next to these,
 * denormals, what is just finite and just not; that what is no JSON number is
 * refused, wherever it ends; that no shorter text would do; and that base64
 * is what RFC 4648 says.  Texts are in blocks of their own length, for a
 * sanitizer to see.
 */

#include <float.h>
#include <math.h>
#include <time.h>

#include "tap.h"
#include "review/base/base64.h"
#include "review/embed/floats.h"


static uint64_t  seed = 0x9e3779b97f4a7c15;


static uint64_t
rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed;
}


static uint32_t
bits_of(float value)
{
    uint32_t  bits;

    memcpy(&bits, &value, sizeof(bits));

    return bits;
}


static float
float_of(uint32_t bits)
{
    float  value;

    memcpy(&value, &bits, sizeof(value));

    return value;
}


/* reads a copy without a zero; NAN: not a number, or not all of it is */

static float
read_text(const char *text, size_t len)
{
    int          finite;
    char        *copy;
    float        value;
    const char  *end, *skipped;

    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    value = NAN;
    finite = -1;

    end = review_floats_read(copy, copy + len, &value);
    skipped = review_floats_skip(copy, copy + len, &finite);

    if (end != skipped || (end && finite != !!isfinite(value))) {
        printf("# %.*s: read and skipped differ\n", (int) len, text);
        value = NAN;
    }

    if (end != copy + len) {
        value = NAN;
    }

    free(copy);

    return value;
}


/* is it read as the library reads it? */

static int
same(const char *text)
{
    float  ours, theirs;

    ours = read_text(text, strlen(text));
    theirs = strtof(text, NULL);

    if (bits_of(ours) == bits_of(theirs)) {
        return 1;
    }

    printf("# %s: %.9g, expected %.9g\n", text, ours, theirs);

    return 0;
}


static void
digits(char **p, size_t n)
{
    while (n--) {
        *(*p)++ = (char) ('0' + rnd() % 10);
    }
}


static void
test_random(void)
{
    int    i, good, n;
    char   text[160], *p;
    float  f;

    good = 0;
    n = 200000;

    for (i = 0; i < n; i++) {
        p = text;

        switch (i % 4) {

        case 0:

            /* as services write */

            p += sprintf(p, "%s0.%s", rnd() % 2 ? "-" : "",
                         rnd() % 3 ? "0" : "");
            digits(&p, 1 + rnd() % 20);
            break;

        case 1:
            p += sprintf(p, "%s%d", rnd() % 2 ? "-" : "", (int) (rnd() % 10));

            if (p[-1] != '0') {
                digits(&p, rnd() % 45);
            }

            *p++ = '.';
            digits(&p, 1 + rnd() % 45);
            break;

        case 2:
            *p++ = (char) ('1' + rnd() % 9);
            *p++ = '.';
            digits(&p, 1 + rnd() % 25);
            p += sprintf(p, "e%d", (int) (rnd() % 110) - 60);
            break;

        default:
            f = float_of((uint32_t) rnd() & 0xff7fffff);
            p += sprintf(p, "%.*g", 6 + (int) (rnd() % 14), (double) f);
        }

        *p = '\0';
        good += same(text);
    }

    ok(good == n, "%d of %d decimals are read as strtof() reads them", good, n);
}


/* the number exactly between a float and the next, and its neighbours */

static void
test_halfway(void)
{
    int       i, n, good, last;
    char      text[512];
    float     f, next;
    double    half;

    good = 0;
    n = 20000;

    for (i = 0; i < n; i++) {
        f = float_of((uint32_t) rnd() & (i % 2 ? 0x7f7fffff : 0x01ffffff));

        if (f >= FLT_MAX) {
            good++;
            continue;
        }

        next = nextafterf(f, INFINITY);
        half = ((double) f + (double) next) / 2;

        /* all of its digits: it is a double, and glibc prints doubles whole */

        last = sprintf(text, "%.*e", 160, half);
        good += same(text);

        /* a digit more, far behind */

        memmove(text + 163 + 200, text + 162, (size_t) last - 162 + 1);
        memset(text + 162, '0', 201);
        text[362] = '1';

        if (read_text(text, strlen(text)) != next) {
            printf("# %s\n", text);
            good--;
        }

        /* a digit less in the last of 17, as most print them */

        sprintf(text, "%.16e", half);
        good += same(text) - 1;
    }

    ok(good == 0 || good == n, "%d of %d numbers between two floats", good, n);
}


static void
test_edges(void)
{
    int                       i, good;
    char                     *text, name[64];
    size_t                    n;
    static const char *const  texts[] = {
        "0", "-0", "0.0", "-0.0", "0e0", "0e99999999999999999999", "-0e-5",
        "1", "10", "123456789012345678", "1e0", "1E+2", "1e-2", "1e+00005",
        "9007199254740993", "9007199254740993e-3", "16777217", "16777219",
        "16777216.99999999999999999999999999999",
        "33554434.999999999999999999",
        "3.4028234663852886e38", "3.4028235677973366e38",
        "3.4028235677973367e38",
        "3.4028235677973365e38", "340282356779733661637539395458142568447",
        "340282356779733661637539395458142568448", "3.5e38", "1e39", "1e400",
        "1e99999999999999999999", "1e-99999999999999999999",
        "1.1754943508222875e-38", "1.1754942807573643e-38",
        "1.17549431578e-38", "1.4012984643248171e-45",
        "7.0064923216240854e-46", "7.0064923216240853e-46",
        "7.0064923216240862e-46", "7e-46", "1e-45", "1e-46", "1e-80", "1e-81",
        "18446744073709551615", "18446744073709551616", "9999999999999999999",
        "99999999999999999999",
        "0.00000000000000000000000000000000000000000001",
        "1.00000005960464477539062500000", "1.0000000596046447753906250000001",
        "1.0000000596046447753906249999999", "0.1", "0.3", "1.17549435e-38",
        NULL
    };
    static const char *const  wrong[] = {
        "", "-", "+1", ".5", "5.", "1.e5", "01", "-01", "00", "1e", "1e+",
        "1e-", "0x1p3", "NaN", "Infinity", "-Infinity", "inf", "nan", "null",
        "1,5", "1 ", " 1", "--1", "1..2", "1e5.5", "1_0", "\xef\xbc\x91", NULL
    };

    good = 1;

    for (i = 0; texts[i]; i++) {
        good &= same(texts[i]);
        sprintf(name, "-%.60s", texts[i]);

        if (texts[i][0] != '-') {
            good &= same(name);
        }
    }

    ok(good, "edges");

    for (i = 0; wrong[i]; i++) {
        ok(isnan(read_text(wrong[i], strlen(wrong[i]))), "\"%s\" is refused",
           wrong[i]);
    }

    /* very long ones: zeros before and behind, digits without an end */

    n = 1000000;
    text = malloc(n + 32);

    memset(text, '0', n);
    text[1] = '.';
    sprintf(text + n, "15e%d", (int) n);
    ok(same(text), "a million zeros, and an exponent that makes up for them");

    memset(text, '0', n);
    text[0] = '3';
    sprintf(text + n, "e-%d", (int) n);
    ok(same(text), "the same before the point");

    memset(text, '9', n);
    text[1] = '.';
    text[n] = '\0';
    ok(same(text), "a million nines");

    free(text);
}


/* the text that printf() would need: what reads back first, digits counted */

static int
shortest(float value)
{
    int    n, count;
    char   text[40], *p;

    for (n = (fabsf(value) < FLT_MIN) ? 1 : 6; n <= 9; n++) {
        sprintf(text, "%.*e", n - 1, (double) value);

        if (strtof(text, NULL) == value) {
            break;
        }
    }

    count = 0;

    for (p = strchr(text, 'e') - 1; p >= text && (*p == '0' || *p == '.'); p--);

    for ( /* void */ ; p >= text; p--) {
        count += (*p >= '0' && *p <= '9');
    }

    return count;
}


static int
count_digits(const char *text, size_t len)
{
    int     count;
    size_t  i, end;

    for (end = 0; end < len && text[end] != 'e'; end++);
    for (i = 0; i < end && strchr("-0.", text[i]); i++);
    while (end > i && strchr("0.", text[end - 1])) { end--; }

    for (count = 0; i < end; i++) {
        count += (text[i] != '.');
    }

    return count;
}


/* 1: reads back; 2: and is no longer than need be */

static int
writes(float value)
{
    char    text[64];
    float   again;
    size_t  len;

    memset(text, '#', sizeof(text));
    len = review_floats_write(text, value);
    again = read_text(text, len);

    if (len > REVIEW_FLOAT_TEXT || text[len] != '#'
        || bits_of(again) != bits_of(value))
    {
        printf("# %.9g: %.*s\n", value, (int) len, text);
        return 0;
    }

    if (value != 0 && count_digits(text, len) > shortest(value)) {
        printf("# %.9g: %.*s is not the shortest\n", value, (int) len, text);
        return 1;
    }

    return 2;
}


static void
test_write(void)
{
    int       i, n, good, e;
    char      text[64], expected[64];
    size_t    len;
    uint32_t  bits;

    static const struct {
        float        value;
        const char  *text;
    } cases[] = {
        { 0.0f, "0.0" }, { -0.0f, "-0.0" }, { 1.0f, "1.0" }, { -1.0f, "-1.0" },
        { 0.1f, "0.1" }, { 0.5f, "0.5" }, { 100.0f, "100.0" },
        { 123456784.0f, "123456780.0" }, { 1e9f, "1e9" },
        { 16777216.0f, "16777216.0" }, { 0.0023064255f, "0.0023064255" },
        { -0.009327292f, "-0.009327292" }, { 0.0001f, "0.0001" },
        { 0.00001f, "1e-5" }, { 1.2345678e-5f, "1.2345678e-5" },
        { 3.4028235e38f, "3.4028235e38" }, { 1.1754944e-38f, "1.1754944e-38" },
        { 1e-45f, "1e-45" }, { 1.5f, "1.5" }, { 1e10f, "1e10" },
    };

    for (i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++) {
        len = review_floats_write(text, cases[i].value);
        sprintf(expected, "%s", cases[i].text);
        tap_is_str(text, len, expected, __FILE__, __LINE__, "%s", expected);
    }

    good = 0;
    n = 150000;

    for (i = 0; i < n; i++) {
        bits = (uint32_t) rnd();

        /* a quarter like embeddings, a few denormal, the others anything */

        bits = (i % 4 == 0) ? (bits & 0x83ffffff) | 0x3a000000
               : (i % 100 == 1) ? bits & 0x807fffff : bits & 0xff7fffff;

        good += writes(float_of(bits));
    }

    ok(good == n * 2, "%d floats are read back, none is longer than need be",
       n);

    good = 0;
    n = 0;

    for (e = 0; e < 255; e++) {
        for (i = -2; i <= 2; i++) {
            bits = ((uint32_t) e << 23) + (uint32_t) i;

            if (bits < 0x7f800000) {
                good += writes(float_of(bits));
                n++;
            }
        }
    }

    ok(good == n * 2, "powers of two and their neighbours, %d", n);
}


static void
test_base64(void)
{
    int          i, good;
    char         bytes[64], text[96], back[96];
    size_t       len, size, j;

    static const char *const  texts[] = {
        "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", NULL
    };
    static const char *const  wrong[] = {
        "====", "Z===", "=Zm8", "Zm=v", "Zg=v", "Zm9-", "Zm9_", "Zm9\n",
        "Zm 9", "Zg==Zm9v", "Zm9\x80", "\xff\xff\xff\xff", NULL
    };

    for (i = 0; texts[i]; i++) {
        memcpy(bytes, "foobar", 6);
        review_base64_encode(text, bytes, (size_t) i);
        tap_is_str(text, review_base64_length(i), texts[i], __FILE__, __LINE__,
                   "\"%.*s\" is %s", i, bytes, texts[i]);
    }

    for (i = 0; wrong[i]; i++) {
        ok(review_base64_decode(back, wrong[i], strlen(wrong[i]), &size) == -1,
           "no base64, %d", i);
    }

    good = 0;

    for (i = 0; i < 20000; i++) {
        len = rnd() % sizeof(bytes);

        for (j = 0; j < len; j++) {
            bytes[j] = (char) rnd();
        }

        review_base64_encode(text, bytes, len);

        good += review_base64_decode(back, text, review_base64_length(len),
                                     &size) == 0
                && size == len && memcmp(back, bytes, len) == 0;
    }

    ok(good == 20000, "bytes come back");
}


int
main(void)
{
    test_edges();
    test_random();
    test_halfway();
    test_write();
    test_base64();

    return tap_end();
}
