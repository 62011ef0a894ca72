
/*
 * The word of a text's marks is the text's own: the same for the same text, and
 * another one as soon as a bit differs; and one that stands in a text, wherever
 * and in whichever case, is found there, so that the next one is taken.
 */

#include "tap.h"
#include "review/rubric/mark.h"


#define WORD  "b4d1afdd4ec1cc73"


static review_str_t
text_of(const char *data, size_t len)
{
    review_str_t  text;

    text.data = memcpy(malloc(len ? len : 1), data, len);
    text.len = len;

    return text;
}


static void
test_word(void)
{
    int           i, same;
    char          word[REVIEW_MARK_WORD], other[REVIEW_MARK_WORD];
    review_str_t  text = review_string("正文");
    review_str_t  none = { 0, NULL };

    /* computed elsewhere: SipHash-1-3 under a key of zeros */

    review_mark_word(&text, word);
    ok(memcmp(word, WORD, sizeof(word)) == 0, "the word: %.16s", word);

    review_mark_word(&none, word);
    ok(memcmp(word, "d1fba762150c532c", sizeof(word)) == 0, "of no text");

    same = 0;
    text = text_of("a text of some length, for the hash", 35);
    review_mark_word(&text, word);

    for (i = 0; i < 35 * 8; i++) {
        ((char *) text.data)[i / 8] ^= (char) (1 << i % 8);
        review_mark_word(&text, other);
        same += memcmp(word, other, sizeof(word)) == 0;
        ((char *) text.data)[i / 8] ^= (char) (1 << i % 8);
    }

    ok(same == 0, "no bit may differ: %d", same);
    free((char *) text.data);
}


/* at each place of texts of all lengths, among letters that are digits, too */

static void
test_holds(void)
{
    int                       bad, tried;
    char                      data[100];
    size_t                    i, k, n, at;
    review_str_t              text;
    static const char *const  words[] = {
        WORD, "B4D1AFDD4EC1CC73", "b4D1aFdD4eC1cC73"
    };
    static const char *const  others[] = {
        "b4d1afdd4ec1cc7", "b4d1afdd4ec1cc74", "4d1afdd4ec1cc730",
        "b4d1afdd 4ec1cc73", "", "\x02" "4d1afdd4ec1cc73"
    };

    bad = 0;
    tried = 0;

    for (i = 0; i < 3; i++) {
        for (n = REVIEW_MARK_WORD; n < sizeof(data); n++) {
            for (at = 0; at + REVIEW_MARK_WORD <= n; at++) {
                for (k = 0; k < n; k++) {
                    data[k] = "b\xe6 f"[(k + at) % 4];
                }

                text = text_of(data, n);
                bad += review_mark_holds(&text, WORD);
                memcpy((char *) text.data + at, words[i], REVIEW_MARK_WORD);
                bad += !review_mark_holds(&text, WORD);
                free((char *) text.data);
                tried++;
            }
        }
    }

    ok(tried > 10000 && bad == 0, "%d words, %d not found", tried, bad);

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        text = text_of(others[i], strlen(others[i]));
        ok(!review_mark_holds(&text, WORD), "not found in \"%s\"", others[i]);
        free((char *) text.data);
    }
}


int
main(void)
{
    test_word();
    test_holds();

    return tap_end();
}
