
/*
 * Proves on which line and page a byte stands, as an editor counts them: for
 * every byte of texts with line ends of all kinds and form feeds, of any
 * length around the blocks that are counted at once, with memory and without.
 */

#include "tap.h"
#include "review/base/lines.h"


#define SIZE  9000


static review_pool_t  *pool;


static void *
nothing(review_pool_t *from, size_t size)
{
    (void) from;
    (void) size;

    return NULL;
}


/* byte by byte */

static size_t
line_of(const char *text, size_t len, size_t at)
{
    size_t  i, n;

    n = 1;

    for (i = 0; i < at; i++) {
        if (text[i] == '\r') {
            n += i + 1 == len || text[i + 1] != '\n';
        }

        n += text[i] == '\n';
    }

    return n;
}


static size_t
page_of(const char *text, size_t len, size_t at)
{
    size_t  i, n;

    n = 1;

    for (i = 0; i < at; i++) {
        n += text[i] == '\f';
    }

    return memchr(text, '\f', len) ? n : 0;
}


static void
is_counted(const char *text, size_t len, const char *name)
{
    size_t           i, wrong;
    review_lines_t   lines;

    review_lines_init(&lines, pool, text, len);
    wrong = 0;

    for (i = 0; i <= len; i++) {
        wrong += review_lines_line(&lines, i) != line_of(text, len, i);
        wrong += review_lines_page(&lines, i) != page_of(text, len, i);
    }

    ok(wrong == 0, "%s: %zu bytes", name, len);
}


static void
test_made(const char *part, const char *name)
{
    char    *text;
    size_t   i, n, len;

    static const size_t  sizes[] = { 0, 1, 15, 16, 17, 255, 256, 257, 511, 512,
                                     513, 4079, 4080, 4081,
                                     4096, 8192, SIZE };

    n = strlen(part);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        len = sizes[i];

        /* of its own length, for a sanitizer to see */

        text = malloc(len + !len);

        for (size_t k = 0; k < len; k++) {
            text[k] = part[k % n];
        }

        is_counted(text, len, name);
        free(text);
    }
}


static void
test_known(void)
{
    review_lines_t  lines;

    const char  *text = "一\r\n二\r三\n\n四\f五\u2028六\x0b七\n\f八";

    review_lines_init(&lines, pool, text, strlen(text));

    ok(review_lines_line(&lines, 0) == 1, "the first line");
    ok(review_lines_line(&lines, 4) == 1, "between \\r and \\n: not yet");
    ok(review_lines_line(&lines, 5) == 2, "behind \\r\\n: one line");
    ok(review_lines_line(&lines, (size_t) (strstr(text, "三") - text)) == 3,
       "behind \\r");
    ok(review_lines_line(&lines, (size_t) (strstr(text, "四") - text)) == 5,
       "a blank line counts");
    ok(review_lines_line(&lines, (size_t) (strstr(text, "七") - text)) == 5,
       "no line ends with \\f, U+2028 or \\v");
    ok(review_lines_line(&lines, (size_t) (strstr(text, "八") - text)) == 6,
       "nor is there one more behind \\n\\f");
    ok(review_lines_page(&lines, (size_t) (strstr(text, "四") - text)) == 1,
       "the first page");
    ok(review_lines_page(&lines, (size_t) (strstr(text, "五") - text)) == 2,
       "a form feed begins the second");
    ok(review_lines_page(&lines, (size_t) (strstr(text, "八") - text)) == 3,
       "and the third");

    review_lines_init(&lines, pool, "a\nb", 3);
    ok(review_lines_page(&lines, 2) == 0, "without a form feed: no pages");
}


static void
test_all(const char *name)
{
    static const char *const  parts[] = {
        "甲", "\n", "\r", "\r\n", "\f", "\n\f", "甲乙\r\n丙\n丁\r戊\f",
        "abc\r\n\r\n\n\r\r\n", "a\f\fb\n",
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        test_made(parts[i], name);
    }
}


int
main(void)
{
    pool = tap_pool();

    test_known();
    test_all("with memory");

    pool->alloc = nothing;
    test_all("without");
    pool->alloc = tap_alloc;

    tap_pool_free(pool);

    return tap_end();
}
