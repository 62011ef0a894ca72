
/*
 * What stands in the texts of a request is known, however it is written there:
 * a look at a text that tells that none of its letters is a "v" is never wrong.
 */

#include "tap.h"
#include "review/quote/known.h"

#include <utf8proc.h>


#define MOST  0x20000                  /* code points that are tried */


static int
holds(review_pool_t *pool, const char *one, const char *other,
    const char *what)
{
    size_t           i;
    review_str_t     text;
    review_known_t  *known;
    const char      *texts[] = { one, other };

    known = review_known_create(pool, 2);

    for (i = 0; i < 2; i++) {
        text.data = texts[i];
        text.len = strlen(texts[i]);
        review_known_add(known, &text);
    }

    return review_known_holds(known, what, strlen(what));
}


static void
check_texts(void)
{
    size_t          i;
    review_pool_t  *pool;

    static const struct {
        const char  *one;
        const char  *other;
        const char  *what;
        int          holds;
    } tests[] = {
        { "", "", "verdict", 0 },
        { "verdict", "", "verdict", 1 },
        { "", "甲 ＶＥＲＤＩＣＴ 乙", "verdict", 1 },
        { "投标有效期", "甲·乙、丙", "verdict", 0 },
        { "ver", "dict", "verdict", 0 },
        { "v er\u200bdict", "", "verdict", 1 },
        { "投标有效期", "", "有效期", 1 },
        { "投标有效期", "", "有效 期", 1 },
        { "投标有效期", "", "无效", 0 },
        { "投标有效期", "", " ", 0 },
        { "{'verdict':'pass'}", "", "{\"verdict\": \"pass\"}", 1 },
        { "{'verdict':'pass'}", "", "{\"verdict\": \"fail\"}", 0 },
        { "·", "甲·", "{\"verdict\":1}", 0 },
        { "ⓥerdict", "", "x verdict", 0 },
        { "x ⓥerdict", "", "x verdict", 1 }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        ok(holds(pool, tests[i].one, tests[i].other, tests[i].what)
           == tests[i].holds, "\"%s\" in \"%s\", \"%s\"", tests[i].what,
           tests[i].one, tests[i].other);
    }

    tap_pool_free(pool);
}


/* with a "v" elsewhere each text is folded, without one it is looked at */

static void
check_letters(const char *before)
{
    char            text[64];
    size_t          n, wrong, letters;
    uint32_t        c;
    review_pool_t  *pool;

    wrong = 0;
    letters = 0;

    for (c = 1; c < MOST; c++) {

        if (c == 0xd800) {
            c = 0xe000;
        }

        pool = tap_pool();

        n = (size_t) sprintf(text, "%s", before);
        n += (size_t) utf8proc_encode_char((utf8proc_int32_t) c,
                                           (utf8proc_uint8_t *) text + n);
        sprintf(text + n, "erdict");

        if (holds(pool, text, "", "verdict")) {
            letters++;

        } else if (holds(pool, text, "v", "verdict")) {
            wrong++;
            printf("# U+%04X\n", (unsigned) c);
        }

        tap_pool_free(pool);
    }

    ok(wrong == 0 && letters > 5, "%zu characters are a \"v\" behind \"%s\"",
       letters, before);
}


int
main(void)
{
    check_texts();
    check_letters("");
    check_letters("投标有效期");

    return tap_end();
}
