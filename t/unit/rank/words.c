
/*
 * Proves which texts have the same words, and how many; that keys are what
 * words.h says of their order; and that a text read in small parts gives the
 * same as at once.  Texts are in blocks of their own length, for a sanitizer
 * to see.
 */

#include "tap.h"
#include "review/rank/words.h"


#define MAX  5000


static review_pool_t  *pool;


static size_t
read_len(const char *data, size_t len, size_t max, uint64_t *keys)
{
    char            *p;
    size_t           n, got;
    review_str_t     text;
    review_words_t   words;

    p = review_alloc(pool, len);
    memcpy(p, data, len);

    text.data = p;
    text.len = len;

    review_words_init(&words, &text);

    for (n = 0; ; n += got) {
        got = review_words_read(&words, keys + n, max);
        if (got == 0) {
            break;
        }
    }

    return n;
}


static size_t
read_all(const char *text, uint64_t *keys)
{
    return read_len(text, strlen(text), MAX, keys);
}


static int
same(const char *a, const char *b)
{
    size_t    n, m;
    uint64_t  x[MAX], y[MAX];

    n = read_all(a, x);
    m = read_all(b, y);

    return n == m && memcmp(x, y, n * sizeof(uint64_t)) == 0;
}


#define test_same(a, b)     ok(same(a, b), "\"%s\" as \"%s\"", a, b)
#define test_differ(a, b)   ok(!same(a, b), "\"%s\", not \"%s\"", a, b)

static void
test_count(const char *text, size_t expected)
{
    size_t    n;
    uint64_t  keys[MAX];

    n = read_all(text, keys);

    ok(n == expected, "\"%s\": %zu", text, expected);

    if (n != expected) {
        printf("# got: %zu\n", n);
    }
}


static void
test_words(void)
{
    test_count("", 0);
    ok(same(" \t\r\n\v\f", ""), "white space");
    test_count(" .,;!?\"'()[]{}<>-_/\\|@#$%^&*+=~`", 0);
    test_count("，。、；：？！“”‘’（）【】《》—…·　￥", 0);
    test_count("bid bond", 2);
    test_count("  bid,bond.", 2);
    test_count("naïve Ärger", 2);
    test_count("договор", 1);

    test_same("Bid BOND", "bid bond");
    test_same("bid-bond", "bid bond");
    test_same("ＢｉＤ", "bid");
    test_same("ÄRGER ΛΌΓΟΣ ДОГОВОР", "ärger λόγος договор");
    test_same("ﬁnal", "final");
    test_same("co\302\255operate", "cooperate");
    test_same("bid\342\200\213bond", "bidbond");

    test_differ("bid bond", "bond bid");
    test_differ("bid", "bids");
    test_differ("a b", "ab");
}


static void
test_numbers(void)
{
    test_count("3.5", 1);
    test_count("3.2.1", 1);
    test_count("3.", 1);
    test_count("3..5", 2);
    test_count(".5", 1);
    test_count("2024-01-05", 3);
    test_count("2024年1月5日", 6);
    test_count("GB/T 50500-2013", 4);
    test_count("1,000,000.50", 1);
    test_count("1,2,3", 3);
    test_count("1,0000", 2);
    test_count("1000,000", 2);
    test_count("0.500,000", 2);
    test_count("0.5,000", 2);

    test_same("３．５", "3.5");
    test_same("3.", "3");
    test_same(".5", "5");
    test_same("GBT50500", "GBT 50500");
    test_same("800,000元", "800000元");
    test_same("８００,000元", "800000元");
    test_same("1,000,000.50", "1000000.50");
    test_same("20m²", "20 m 2");
    test_same("①", "1");
    test_same("2024-01-05", "2024/01/05");

    test_differ("3.5", "3 5");
    test_differ("3.5", "35");
    test_differ("1,2", "12");
    test_differ("3", "03");
}


static void
test_pairs(void)
{
    test_count("保", 1);
    test_count("保证", 2);
    test_count("保证金", 3);
    test_count("投标bond保证金", 6);
    test_count("保 证 金", 3);
    test_count("㐀𠀀𰀀", 3);
    test_count("カタカナとひらがな", 9);
    test_count("입찰보증금", 5);

    test_same("⽂件", "文件");
    test_same("第⻚，⻓度⻅⻔⻋", "第页，长度见门车");
    test_same("ｶﾀｶﾅ", "カタカナ");
    test_same("保\342\200\213证", "保证");
    test_same("保，证", "保 证");

    test_differ("保证", "证保");
    test_differ("保证", "保 证");
    test_differ("保", "证");
}


/* the keys of a character and whatever is next are a range of their own */

static void
test_order(void)
{
    int       bad;
    size_t    n, i;
    uint64_t  keys[MAX], first;

    n = read_all("保证保全保", keys);
    first = keys[0] >> REVIEW_WORDS_FIRST;

    ok(n == 5 && keys[2] >> REVIEW_WORDS_FIRST == first
       && keys[4] >> REVIEW_WORDS_FIRST == first
       && keys[1] >> REVIEW_WORDS_FIRST != first,
       "pairs with the same first character");

    ok(review_words_ends(keys[4], REVIEW_WORDS_LAST)
       && !review_words_ends(keys[4], REVIEW_WORDS_ALONE)
       && !review_words_ends(keys[0], REVIEW_WORDS_LAST), "the last one");

    n = read_all("保", keys);

    ok(n == 1 && keys[0] >> REVIEW_WORDS_FIRST == first
       && review_words_ends(keys[0], REVIEW_WORDS_ALONE)
       && !review_words_ends(keys[0], REVIEW_WORDS_LAST), "one alone");

    n = read_all("a b c d e f g h i j 0 1 2 3 4 5 6 7 8 9", keys);

    for (i = 0, bad = 0; i < n; i++) {
        bad += (keys[i] & REVIEW_WORDS_PAIR) != 0;
        bad += review_words_ends(keys[i], REVIEW_WORDS_LAST);
        bad += review_words_ends(keys[i], REVIEW_WORDS_ALONE);
    }

    ok(n == 20 && bad == 0, "words are no pairs");
}


static void
test_parts(void)
{
    int           bad;
    char          text[3001];
    size_t        i, n, max, last;
    uint64_t      whole[MAX], parts[MAX];
    const char   *piece;
    const char   *pieces[] = { "a", "B", "1", ".", ",", "保", "证", " ", "é",
                               "ﷺ", "㌀", "ｶ", "𠀀", "\314\201", "한", "２" };

    bad = 0;

    for (i = 0; i < 200; i++) {
        text[0] = '\0';

        for (n = 0; n < 400; n++) {
            piece = pieces[(size_t) rand() % (sizeof(pieces) / sizeof(char *))];
            strcat(text, piece);
        }

        n = read_len(text, strlen(text), MAX, whole);
        max = REVIEW_WORDS_MOST + 1 + (size_t) rand() % 50;
        last = read_len(text, strlen(text), max, parts);

        bad += (n != last || memcmp(whole, parts, n * sizeof(uint64_t)) != 0);
    }

    ok(bad == 0, "in parts as at once");
}


/* every code point, alone and amid others, gives few enough keys */

static void
test_code_points(void)
{
    int        bad;
    char       text[16];
    size_t     len, n;
    int32_t    c;
    uint64_t   keys[MAX];

    bad = 0;

    for (c = 0x80; c <= 0x10ffff; c += (c < 0x3400 || c >= 0xa000) ? 1 : 97) {

        if (c >= 0x30000) {
            c += 1009;
        }

        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }

        text[0] = 'a';
        len = 1;

        if (c < 0x800) {
            text[len++] = (char) (0xc0 | c >> 6);

        } else if (c < 0x10000) {
            text[len++] = (char) (0xe0 | c >> 12);
            text[len++] = (char) (0x80 | (c >> 6 & 0x3f));

        } else {
            text[len++] = (char) (0xf0 | (c >> 18 & 7));
            text[len++] = (char) (0x80 | (c >> 12 & 0x3f));
            text[len++] = (char) (0x80 | (c >> 6 & 0x3f));
        }

        text[len++] = (char) (0x80 | (c & 0x3f));
        text[len++] = '1';

        n = read_len(text, len, REVIEW_WORDS_MOST + 1, keys);
        bad += (n < 2 || n > REVIEW_WORDS_MOST);

        tap_pool_free(pool);
        pool = tap_pool();
    }

    ok(bad == 0, "every code point");
}


int
main(void)
{
    pool = tap_pool();
    srand(1);

    test_words();
    test_numbers();
    test_pairs();
    test_order();
    test_parts();
    test_code_points();

    tap_pool_free(pool);

    return tap_end();
}
