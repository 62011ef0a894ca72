
/*
 * Proves that evidence stands where a span says it does.
 *
 * The cases of t/data/quotes.json, whose offsets were counted by other means
 * than this code, fix what matches, how, and from which code point to which.
 * Around them: any substring of a mixed text is found verbatim, with its code
 * points counted one by one here; a span's own text is always found where the
 * span is; a code point's neighbours never slip into a span (the same cases
 * once more amid other text, behind more than one checkpoint); byte ranges of
 * a regex become code points; no memory is no crash; and a large text, also
 * one made to be slow, is searched in time that grows with its length alone.
 * Texts and quotes are in blocks of their own length, for a sanitizer to see.
 */

#include <time.h>

#include "tap.h"
#include "quotes.h"
#include "review/quote/quote.h"
#include "review/quote/edge.h"
#include "review/base/utf8.h"


#define MB  (1024 * 1024)


static review_pool_t  *pool;


static char *
copy(const char *data, size_t len)
{
    char  *p;

    p = review_alloc(pool, len);

    if (len) {
        memcpy(p, data, len);
    }

    return p;
}


/* the offset of a code point, counted one by one */

static size_t
offset_of(const char *data, size_t len, size_t n)
{
    const char  *p;

    for (p = data; n && p < data + len; n--) {
        (void) review_utf8_next(&p, data + len);
    }

    return (size_t) (p - data);
}


static int
holds(const char *data, size_t len, review_span_t *span)
{
    size_t  from, to;

    from = offset_of(data, len, span->start);
    to = offset_of(data, len, span->end);

    return span->start < span->end
           && span->text.data == data + from && span->text.len == to - from;
}


static review_match_e
find(const char *text, const char *quote, review_span_t *span)
{
    size_t            tlen, qlen;
    review_source_t  *source;

    tlen = strlen(text);
    qlen = strlen(quote);

    source = review_quote_source_create(pool, copy(text, tlen), tlen);

    return quote_find(pool, source, copy(quote, qlen), qlen, span);
}


/* what stands in "before" and "after" must neither match nor join */

static void
test_case(json_t *test, const char *before, const char *after)
{
    char              *text, *quote;
    size_t             tlen, qlen, blen, shift;
    const char        *name, *match;
    review_span_t      span, again;
    review_source_t   *source;

    name = json_string_value(json_object_get(test, "name"));
    match = json_string_value(json_object_get(test, "match"));

    blen = strlen(before);
    tlen = json_string_length(json_object_get(test, "text"));
    qlen = json_string_length(json_object_get(test, "quote"));

    text = review_alloc(pool, blen + tlen + strlen(after));
    memcpy(text, before, blen);
    memcpy(text + blen, json_string_value(json_object_get(test, "text")), tlen);
    memcpy(text + blen + tlen, after, strlen(after));
    tlen += blen + strlen(after);

    quote = copy(json_string_value(json_object_get(test, "quote")), qlen);

    source = review_quote_source_create(pool, text, tlen);
    (void) quote_find(pool, source, quote, qlen, &span);
    review_quote_source_index(source);
    (void) quote_find(pool, source, quote, qlen, &again);

    ok(strcmp(review_matches[span.match], match) == 0, "%s: %s", name, match);
    ok(again.match == span.match && again.start == span.start
       && again.end == span.end, "%s: the same with an index", name);

    if (strcmp(review_matches[span.match], match) != 0) {
        printf("# got: %s \"%.*s\"\n", review_matches[span.match],
               (int) span.text.len, span.text.len ? span.text.data : "");
        return;
    }

    if (span.match == REVIEW_MATCH_NONE) {
        ok(span.text.len == 0 && span.end == 0, "%s: no span", name);
        return;
    }

    shift = review_utf8_count(before, blen);

    is_str(span.text, json_string_value(json_object_get(test, "span")),
           "%s: text", name);
    ok(span.start - shift
       == (size_t) json_integer_value(json_object_get(test, "start")),
       "%s: start is %zu", name, span.start - shift);
    ok(span.end - shift
       == (size_t) json_integer_value(json_object_get(test, "end")),
       "%s: end is %zu", name, span.end - shift);
    ok(holds(text, tlen, &span), "%s: the span is its code points", name);

    ok(quote_find(pool, source, span.text.data, span.text.len, &again)
       == REVIEW_MATCH_EXACT && again.start <= span.start,
       "%s: the span's text stands verbatim", name);
}


static void
test_cases(const char *path)
{
    json_t        *root, *test;
    char           before[1200];
    size_t         i;
    json_error_t   err;

    root = json_load_file(path, 0, &err);
    ok(json_array_size(root) >= 80, "%s: at least 80 cases", path);

    before[0] = '\0';

    while (strlen(before) < 1000) {
        strcat(before, "a\xcc\x81 \xf0\xa0\xae\xb7\xef\xbc\x9b\xe3\x8f\x84@ ");
    }

    strcat(before, "@\n");

    json_array_foreach(root, i, test) {
        test_case(test, "", "");

        if (json_string_length(json_object_get(test, "text"))) {
            test_case(test, before, "\n@ @\xf0\xa0\xae\xb7 @");
        }
    }

    json_decref(root);
}


static void
test_substrings(void)
{
    int               bad, cut, tried;
    char             *text;
    size_t            len, n, i, j, from, to;
    review_str_t      whole;
    review_span_t     span;
    review_source_t  *source;

    static const char  sample[] =
        "1.1 投标人应当在投标截止时间前，将投标文件（含电子版）送达指定地点。\r\n"
        "1.2 逾期送达的，招标人不予受理；投标保证金……不予退还。\r\n"
        "\xef\xbb\xbf# 总则\r\n投标人**必须**在2024年3月5日前，提交１０万元。\r\n"
        "面积㎡½Ⅷ㈱ﬁ e\xcc\x81 \xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab 𠮷野家👨‍👩‍👧"
        "“甲”……（乙）——1,000.5\xe3\x80\x80" "|--|--|\xe2\x80\x8b- 5%";

    len = sizeof(sample) - 1;
    text = copy(sample, len);
    n = review_utf8_count(text, len);
    source = review_quote_source_create(pool, text, len);
    review_quote_source_index(source);
    bad = 0;
    cut = 0;
    tried = 0;

    for (i = 0; i < n; i++) {
        from = offset_of(text, len, i);

        for (j = i + 1; j <= n; j++) {
            to = offset_of(text, len, j);
            tried++;

            whole.data = text;
            whole.len = len;

            if (quote_find(pool, source, text + from, to - from, &span)
                != REVIEW_MATCH_EXACT
                && (review_edge_cuts(&whole, from, 1)
                    || review_edge_cuts(&whole, to, 0)))
            {
                cut++;
                continue;
            }

            if (span.match != REVIEW_MATCH_EXACT
                || !holds(text, len, &span)
                || span.text.len != to - from
                || memcmp(span.text.data, text + from, to - from) != 0)
            {
                bad++;
            }
        }
    }

    ok(tried > 10000 && cut < tried / 4 && bad == 0,
       "%d substrings stand verbatim, but for %d that cut numbers: %d don't",
       tried, cut, bad);
}


static void
test_span(void)
{
    char             *text;
    size_t            len;
    review_span_t     span;
    review_source_t  *source;

    len = strlen("a投𠮷b");
    text = copy("a投𠮷b", len);
    source = review_quote_source_create(pool, text, len);

    review_quote_source_span(source, 1, 8, &span);
    ok(span.start == 1 && span.end == 3, "bytes become code points");
    is_str(span.text, "投𠮷", "and their text");

    review_quote_source_span(source, 2, 6, &span);
    ok(span.start == 1 && span.end == 3, "no code point is cut");

    review_quote_source_span(source, 8, 100, &span);
    ok(span.start == 3 && span.end == 4, "nothing is read past the end");

    review_quote_source_span(source, 100, 200, &span);
    ok(span.start == 4 && span.end == 4 && span.text.len == 0, "or there");

    review_quote_source_span(source, 4, 4, &span);
    ok(span.start == 2 && span.end == 2 && span.text.len == 0, "no bytes");

    source = review_quote_source_create(pool, NULL, 0);
    review_quote_source_span(source, 0, 0, &span);
    ok(span.start == 0 && span.end == 0, "no text");
    ok(quote_find(pool, source, "a", 1, &span) == REVIEW_MATCH_NONE,
       "nothing in no text");
}


/* neither side need be what it should be */

static void
test_hostile(void)
{
    char             *text;
    size_t            i;
    review_span_t     span;
    review_source_t  *source;

    source = review_quote_source_create(pool, "\xe6\x8a\x95", 3);
    ok(quote_find(pool, source, "\x8a", 1, &span) == REVIEW_MATCH_NONE,
       "a quote that is not UTF-8 stands nowhere");

    text = copy("\xff\xe6\x8a 投 标\xf0\xa0", 13);
    source = review_quote_source_create(pool, text, 13);
    ok(quote_find(pool, source, "投标", 6,
                                &span) == REVIEW_MATCH_NORMALIZED, "a text "
       "that is not UTF-8 is searched all the same");

    source = review_quote_source_create(pool, "a\0b c", 5);
    ok(quote_find(pool, source, "\0b", 2, &span) == REVIEW_MATCH_EXACT
       && span.start == 1 && span.end == 3, "U+0000 is a code point");
    ok(quote_find(pool, source, "\001bc", 3, &span)
       == REVIEW_MATCH_NORMALIZED && span.start == 2 && span.end == 5,
       "control characters are white space");

    /* more marks than a cluster holds, and the longest expansion there is */

    text = review_alloc(pool, 4000);

    for (i = 0; i < 1998; i++) {
        memcpy(text + i * 2, i % 2 ? "\xcc\xa3" : "\xcc\x81", 2);
    }

    text[0] = 'a';
    text[1] = ' ';
    memcpy(text + 3996, " b", 2);
    source = review_quote_source_create(pool, text, 3998);
    ok(quote_find(pool, source, "A", 1,
                                &span) == REVIEW_MATCH_NORMALIZED && span.start
       == 0 && span.end == 1, "a mark without a base");
    ok(quote_find(pool, source, "B", 1,
                                &span) == REVIEW_MATCH_NORMALIZED
       && span.start == 2000, "behind very many marks");

    ok(find("甲 \xef\xb7\xba 乙", "甲\xef\xb7\xba乙", &span)
       == REVIEW_MATCH_NORMALIZED && span.start == 0 && span.end == 5,
       "what would become too long is compared as it is");
}


static void *
no_memory(review_pool_t *p, size_t size)
{
    int  *left;

    left = p->ctx;

    if (*left == 0) {
        return NULL;
    }

    (*left)--;

    return tap_alloc(pool, size);
}


static void
test_memory(void)
{
    int               left, n, none, found;
    review_pool_t     poor;
    review_span_t     span;
    review_quote_t   *q;
    review_source_t  *source;

    static const review_str_t  exact = review_string("乙 丙");
    static const review_str_t  close = review_string("甲乙丙");

    poor.alloc = no_memory;
    poor.cleanup = NULL;
    poor.ctx = &left;

    none = 0;
    found = 0;

    for (n = 0; n < 14; n++) {
        left = n;
        source = review_quote_source_create(&poor, "甲乙 丙丁", 13);
        q = review_quote_create(&poor);

        if (source == NULL || q == NULL) {
            none++;
            continue;
        }

        review_quote_set(q, &exact);
        ok(review_quote_source_find(source, q, &span) == REVIEW_MATCH_EXACT
           && span.start == 1 && span.end == 4, "verbatim without memory, %d "
           "allocations", n);

        review_quote_set(q, &close);

        if (review_quote_source_find(source, q, &span)
            == REVIEW_MATCH_NORMALIZED)
        {
            found++;
            ok(span.start == 0 && span.end == 4, "normalized, %d", n);

        } else {
            ok(review_quote_gave_up(q), "given up, %d", n);
        }
    }

    ok(none == 2 && found >= 4 && found < 10,
       "no source without memory, no normalized match with little");
}


static double
seconds(clock_t since)
{
    return (double) (clock() - since) / CLOCKS_PER_SEC;
}


static void
test_large(void)
{
    int               i, good;
    char              quote[128], *text, *p;
    size_t            last;
    clock_t           since;
    review_span_t     span;
    review_source_t  *source;

    text = review_alloc(pool, MB + 256);
    p = text;

    for (i = 10000; p < text + MB; i++) {
        p += sprintf(p, "第 %d 条　投标人应当按照“招标文件”（第%d章）的规定，"
                     "提交投标保证金 %d.5 万元。\r\n", i, i % 9, i);
    }

    /* numbers of five digits, so that every line is as long */

    since = clock();
    source = review_quote_source_create(pool, text, (size_t) (p - text));
    good = 0;

    for (i = 0; i < 200; i++) {

        /* a half of them not verbatim, a quarter nowhere */

        if (i % 2) {
            sprintf(quote, "投标保证金 %d.5 万元", 10000 + i * 30);
        } else {
            sprintf(quote, "第%d条投标人应当按照%s", 10000 + i * 30,
                    i % 4 ? "招标文件" : "合同文件");
        }

        (void) quote_find(pool, source, quote, strlen(quote), &span);

        good += (span.match == (i % 2 ? REVIEW_MATCH_EXACT
                                : i % 4 ? REVIEW_MATCH_NORMALIZED
                                : REVIEW_MATCH_NONE));
    }

    ok(good == 200, "200 quotes in %d bytes: %d right", (int) (p - text), good);
    ok(seconds(since) < 5, "in time: %.3f s", seconds(since));

    last = strlen("规定，提交投标保证金 12345.5 万元。\r\n");

    ok(quote_find(pool, source, p - last, last,
                                &span) == REVIEW_MATCH_EXACT
       && span.end == review_utf8_count(text, (size_t) (p - text))
       && span.start == span.end - 24, "its last code points");
}


/* texts in which very many places are refused, or almost match */

static void
test_slow(const char *name, const char *unit, const char *piece, size_t times,
    const char *end)
{
    char             *text, *quote;
    size_t            i, n, len;
    clock_t           since;
    review_span_t     span;
    review_source_t  *source;

    n = strlen(unit);
    text = review_alloc(pool, MB + n + 4);

    for (len = 0; len < MB; len += n) {
        memcpy(text + len, unit, n);
    }

    memcpy(text + len, "zzzz", 4);
    len += 4;

    n = strlen(piece);
    quote = review_alloc(pool, n * times + strlen(end));

    for (i = 0; i < times; i++) {
        memcpy(quote + i * n, piece, n);
    }

    memcpy(quote + n * times, end, strlen(end));

    source = review_quote_source_create(pool, text, len);

    since = clock();
    (void) quote_find(pool, source, quote, n * times + strlen(end),
                                    &span);
    ok(seconds(since) < 5, "%s: %.3f s", name, seconds(since));
}


/*
 * What refused places may cost an answer is bounded, in however many texts;
 * verbatim text is found all the same, and so is all of the next answer.
 */

static void
test_spent(void)
{
    int               i, spent;
    char             *text;
    size_t            n;
    review_span_t     span;
    review_quote_t   *q;
    review_source_t  *sources[8];

    static const review_str_t  close = review_string("甲A乙");
    static const review_str_t  exact = review_string("甲 A 乙");
    static const review_str_t  cuts = review_string("１１");

    n = 400000;
    text = review_alloc(pool, n);

    memset(text, '1', n);
    memcpy(text + n - exact.len, exact.data, exact.len);

    for (i = 0; i < 8; i++) {
        sources[i] = review_quote_source_create(pool, text, n);
    }

    q = review_quote_create(pool);
    review_quote_begin(q);

    review_quote_set(q, &close);
    ok(review_quote_source_find(sources[0], q, &span)
       == REVIEW_MATCH_NORMALIZED, "before it is spent");

    for (i = 0, spent = 0; i < 64; i++) {
        review_quote_set(q, &cuts);
        spent += review_quote_source_find(sources[i % 8], q, &span)
                 == REVIEW_MATCH_NONE && review_quote_gave_up(q);
    }

    ok(spent == 64, "a quote that cuts a number at best");
    ok(review_quote_work(q) < 1000, "is given up at once in the end: %zu",
       review_quote_work(q));

    review_quote_set(q, &exact);
    ok(review_quote_source_find(sources[1], q, &span) == REVIEW_MATCH_EXACT
       && span.start == n - exact.len,
       "verbatim text is found when all is spent");

    review_quote_begin(q);
    review_quote_set(q, &cuts);
    (void) review_quote_source_find(sources[2], q, &span);
    ok(review_quote_work(q) > 1000, "the next answer has its own budget");
}


/* a text that is too large to be read without its page ends, too */

static void
test_forms(void)
{
    int               i;
    char             *text;
    size_t            len;
    review_span_t     span;
    review_quote_t   *q;
    review_pool_t    *own;
    review_source_t  *source;

    static const char          end[] = "see the law\n- 3 -\n\f\nof 2026.";
    static const review_str_t  across = review_string("the lawof 2026.");
    static const size_t        sizes[] = { 1024, 16 * MB + 1 };

    for (i = 0; i < 2; i++) {
        own = tap_pool();
        len = sizes[i] + sizeof(end) - 1;
        text = review_alloc(own, len);
        memset(text, 'x', sizes[i]);
        memcpy(text + sizes[i], end, sizeof(end) - 1);

        q = review_quote_create(own);
        source = review_quote_source_create(own, text, len);
        review_quote_begin(q);
        review_quote_set(q, &across);

        ok((review_quote_source_find(source, q, &span) != REVIEW_MATCH_NONE)
           == !i && review_quote_gave_up(q) == i,
           "over a page's end, in %zu bytes", len);
        tap_pool_free(own);
    }
}


/* what an index tells is not in the text is not looked for there */

static void
test_index(void)
{
    size_t            n, len;
    char             *text;
    review_span_t     span;
    review_quote_t   *q;
    review_source_t  *source;

    static const review_str_t  none = review_string("no such words");
    static const review_str_t  cuts = review_string("2x1");

    len = MB - MB % 3;
    text = review_alloc(pool, len);

    for (n = 0; n < len; n++) {
        text[n] = "12x"[n % 3];
    }

    q = review_quote_create(pool);
    source = review_quote_source_create(pool, text, len);

    review_quote_set(q, &none);
    ok(review_quote_source_find(source, q, &span) == REVIEW_MATCH_NONE
       && review_quote_source_read(source) >= 2 * len,
       "a quote that is not there is looked for in all of the text");

    n = review_quote_source_read(source);
    review_quote_source_index(source);

    review_quote_set(q, &none);
    ok(review_quote_source_find(source, q, &span) == REVIEW_MATCH_NONE
       && review_quote_source_read(source) == n && !review_quote_gave_up(q),
       "but not with an index");

    review_quote_set(q, &cuts);
    ok(review_quote_source_find(source, q, &span) == REVIEW_MATCH_NONE
       && review_quote_gave_up(q),
       "too many places that cut a number are given up");
}


int
main(int argc, char **argv)
{
    pool = tap_pool();

    test_cases(argc > 1 ? argv[1] : "t/data/quotes.json");
    test_substrings();
    test_span();
    test_hostile();
    test_memory();
    test_large();
    test_spent();
    test_index();
    test_forms();

    test_slow("one long number", "1", "１", 4000, "");
    test_slow("a number cut at every place", "12x", "2x1", 30000, "");
    test_slow("and not verbatim", "12x", "2X1", 30000, "");
    test_slow("fragments never near", "abcde ", "ABCDE", 1, "...fghij");
    test_slow("fragments near, then not", "abcdefghij ", "ABCD", 1,
              "...EFGH...ABCD...zzzz");
    test_slow("invisible text", "\xe2\x80\x8b", "1", 1, "");
    test_slow("marks", "\xcc\xa3\xcc\x81", "e\xcc\x81", 1000, "");
    test_slow("dots", ".", "甲...", 1000, "");
    test_slow("expansions", "\xef\xb7\xba\xe3\x8d\xbf", "株式会社", 1, "甲");
    test_slow("rules that are none", "-|:-|: ", "甲", 1, "乙");
    test_slow("tags that are none", "<td a='", "甲", 1, "乙");
    test_slow("one tag after the other", "<td a=\"b\">", "甲", 1, "乙");
    test_slow("links that are none", "[a](b", "甲", 1, "乙");
    test_slow("links without an end", "[a](/aaaaaaaaaaaaaaaaaaaa", "甲", 1, "乙");
    test_slow("brackets", "[aaaaaaaa", "甲", 1, "乙");
    test_slow("entities that are none", "&#1", "甲", 1, "乙");
    test_slow("formulas that are none", "$ a\\", "甲", 1, "乙");
    test_slow("formulas", "$1 2$ ", "21", 1, "3");
    test_slow("hyphens", "a-\n", "甲", 1, "乙");
    test_slow("ends of pages", "a\n\f", "aa", 1, "乙");
    test_slow("ends of pages and nothing else", "\f", "甲", 1, "乙");
    test_slow("blank lines about them", "\f\n\n\n\n", "甲", 1, "乙");
    test_slow("numbered pages", "甲\n1\n\f", "甲甲", 1, "乙");
    test_slow("numbers of lists", "1.甲\n", "甲甲", 1, "乙");
    test_slow("and all of them left out", "1.甲\n", "甲甲", 300, "乙");
    test_slow("greater than", "1>", "1", 1000, "乙");
    test_slow("semicolons", "1;", "1", 1000, "乙");
    test_slow("lines", "\n#", "甲", 1, "乙");
    test_slow("a large quote", "投标 ", "投标", 150000, "乙");

    tap_pool_free(pool);

    return tap_end();
}
