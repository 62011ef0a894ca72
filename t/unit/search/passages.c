
/*
 * Proves what the text of a reading is: which chunks are one passage, what
 * stands before each; that places in it lead back to those of the documents,
 * and lines of ours to none; that no text is larger than it was said to be; for
 * chunks of texts made by chance, too.
 */

#include "tap.h"

#include "review/base/utf8.h"
#include "review/outline/units.h"
#include "review/search/passages.h"
#include "review/split/split.h"


#define MOST  200

static review_pool_t  *pool;
static uint64_t        seed = 20261201;


static uint32_t
roll(uint32_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (uint32_t) (seed >> 33) % n;
}


/* the chunks of a text, as a task has them */

static size_t
chunks_of(const review_str_t *text, size_t document, const review_str_t *name,
    size_t max, size_t overlap, review_passage_chunk_t *chunks)
{
    size_t                  n;
    review_chunk_t          cut;
    review_split_t         *split;
    review_split_options_t  options;

    memset(&options, 0, sizeof(options));
    options.max = max;
    options.overlap = overlap;
    options.keep_tables = 1;

    split = review_split_create(pool, text->data, text->len, &options);

    for (n = 0; n < MOST && review_split_next(split, &cut) > 0; n++) {
        memset(&chunks[n], 0, sizeof(chunks[n]));

        chunks[n].text = text;
        chunks[n].name = name;
        chunks[n].document = document;
        chunks[n].heading = cut.heading;
        chunks[n].from = cut.start;
        chunks[n].to = cut.end;
        chunks[n].header_from = cut.header;
        chunks[n].header_to = cut.header_end;
        chunks[n].start = review_utf8_count(text->data, cut.start);
        chunks[n].end = review_utf8_count(text->data, cut.end);
        chunks[n].header_start = review_utf8_count(text->data, cut.header);
        chunks[n].header = review_utf8_count(text->data + cut.header,
                                             cut.header_end - cut.header);
    }

    return n;
}


/* n code points of valid UTF-8 from one on */

static review_str_t
slice(const review_str_t *text, size_t from, size_t n)
{
    const char    *p, *last;
    review_str_t   piece;

    p = text->data;
    last = p + text->len;

    while (from--) {
        (void) review_utf8_next(&p, last);
    }

    piece.data = p;

    while (n--) {
        (void) review_utf8_next(&p, last);
    }

    piece.len = (size_t) (p - piece.data);

    return piece;
}


/* what is said to stand in a document does, and in order */

static int
leads_back(const review_passages_t *made, const review_str_t *texts)
{
    size_t        i;
    review_str_t  here, there;

    for (i = 0; i < made->n; i++) {
        if (i && made->passages[i].start < made->passages[i - 1].end) {
            return 0;
        }

        here = slice(&made->text, made->passages[i].start,
                     made->passages[i].end - made->passages[i].start);
        there = slice(&texts[made->passages[i].document],
                      made->passages[i].at,
                      made->passages[i].end - made->passages[i].start);

        if (here.len != there.len
            || memcmp(here.data, there.data, here.len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


static int
is(const review_passages_t *made, const char *text)
{
    if (made->text.len == strlen(text)
        && memcmp(made->text.data, text, made->text.len) == 0)
    {
        return 1;
    }

    printf("# got %.*s\n", (int) made->text.len, made->text.data);

    return 0;
}


static void
test_text(void)
{
    size_t                  n;
    review_passages_t       made;
    review_passage_chunk_t  chunks[MOST];

    static const review_str_t  text = review_string(
        "# 一\n\n甲甲甲甲。\n\n# 二\n\n乙乙乙乙。\n\n# 三】\n\n丙丙丙丙。\n");
    static const review_str_t  name = review_string("bid\n1");
    static const uint32_t      all[] = { 0, 1, 2 }, ends[] = { 0, 2 };

    n = chunks_of(&text, 0, NULL, 12, 0, chunks);
    ok(n == 3, "three chunks");

    (void) review_passages_text(pool, chunks, ends, 2, REVIEW_PASSAGES_ZH,
                                &made);
    ok(is(&made, "【第1段｜一】\n# 一\n\n甲甲甲甲。\n\n\n"
          "【第2段｜三 】\n# 三】\n\n丙丙丙丙。\n\n")
       && leads_back(&made, &text) && made.n == 2, "two passages");

    (void) review_passages_text(pool, chunks, all, 3, REVIEW_PASSAGES_EN,
                                &made);
    ok(is(&made, "[Passage 1 | 一]\n# 一\n\n甲甲甲甲。\n\n# 二\n\n乙乙乙乙。\n\n"
          "# 三】\n\n丙丙丙丙。\n\n")
       && leads_back(&made, &text) && made.n == 1, "neighbours are one");

    (void) review_passages_text(pool, chunks, ends, 2, REVIEW_PASSAGES_PLAIN,
                                &made);
    ok(is(&made, "# 一\n\n甲甲甲甲。\n\n\n# 三】\n\n丙丙丙丙。\n\n")
       && leads_back(&made, &text), "without lines of ours");

    chunks[0].page = 2;
    chunks[0].last_page = 3;
    chunks[2].page = 4;
    chunks[2].last_page = 4;
    chunks[0].name = &name;
    chunks[2].document = 1;

    (void) review_passages_text(pool, chunks, ends, 2, REVIEW_PASSAGES_ZH,
                                &made);
    ok(strncmp(made.text.data, "【第1段｜文件：bid 1｜第2-3页｜一】\n", 40) == 0
       && strstr(made.text.data, "【第2段｜第4页｜三 】\n") != NULL,
       "documents and pages, on one line");
}


static void
test_headers(void)
{
    size_t                  n;
    review_passages_t       made;
    review_passage_chunk_t  chunks[MOST];

    static const review_str_t  text = review_string(
        "|名|价|\n|---|---|\n|甲甲|1|\n|乙乙|2|\n|丙丙|3|\n|丁丁|4|\n|戊戊|5|\n");
    static const uint32_t      last[] = { 2 };

    n = chunks_of(&text, 0, NULL, 36, 0, chunks);
    ok(n > 2 && chunks[2].header, "rows of a table, cut");

    (void) review_passages_text(pool, chunks, last, 1, REVIEW_PASSAGES_ZH,
                                &made);
    ok(strncmp(made.text.data, "【第1段】\n|名|价|\n|---|---|\n", 20) == 0
       && made.n == 2 && made.passages[0].at == 0
       && leads_back(&made, &text), "its header stands before them");
}


static void
test_headings(void)
{
    size_t                  i, units, bytes;
    char                    text[4096];
    review_buf_t            b;
    review_str_t            one;
    review_passages_t       made;
    review_passage_chunk_t  chunk[MOST];
    static const uint32_t   first[] = { 0 };

    review_buf_init(&b, pool, 0);

    for (i = 1; i <= 6; i++) {
        snprintf(text, sizeof(text), "%.*s 第%zu层%s\n\n", (int) i, "######", i,
                 i < 3 ? "长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长" : "");
        review_buf_puts(&b, text);
    }

    review_buf_puts(&b, "正文。\n");
    one.data = b.data;
    one.len = b.len;

    (void) chunks_of(&one, 0, NULL, 1000, 0, chunk);
    chunk[0].heading = NULL;

    {
        review_split_options_t   options = { .max = 1000 };
        review_split_t          *split;
        review_headline_t       *headline;

        split = review_split_create(pool, one.data, one.len, &options);
        headline = review_list_at(&review_split_outline(split)->headlines, 5);
        chunk[0].heading = &headline->heading;
    }

    (void) review_passages_text(pool, chunk, first, 1, REVIEW_PASSAGES_ZH,
                                &made);
    ok(strncmp(made.text.data, "【第1段｜第2层", 18) == 0
       && strstr(made.text.data, " > 第6层】\n") != NULL
       && strstr(made.text.data, "第1层长") > strstr(made.text.data, "】"),
       "of a long path the innermost headings");

    review_passages_size(&chunk[0], 0, &units, &bytes);
    ok(units >= review_utf8_count(made.text.data, made.text.len)
       && bytes >= made.text.len, "no larger than it may be");
}


/* texts of headings, tables and paragraphs; any set of their chunks */

static int
by_chance(void)
{
    size_t                  i, k, n, m, units, bytes, all, size;
    int                     tokens;
    uint32_t                set[MOST];
    review_buf_t            b;
    review_str_t            texts[2];
    review_passages_t       made;
    review_passage_chunk_t  chunks[2 * MOST];

    static const review_str_t        name = review_string("标书 甲");
    static const char *const         pieces[] = {
        "# 第一章 总则\n\n", "## 二、报价 price\n\n", "甲乙丙丁。", "a b c d. ",
        "\n\n", "|a|b|\n|---|---|\n|1|2|\n|3|4|\n|5|6|\n", "三年质保，", "𠮷é。"
    };

    n = 0;

    for (k = 0; k < 2; k++) {
        review_buf_init(&b, pool, 0);

        for (i = 1 + roll(60); i; i--) {
            review_buf_puts(&b, pieces[roll(8)]);
        }

        review_buf_puts(&b, "末。");

        texts[k].data = b.data;
        texts[k].len = b.len;

        n += chunks_of(&texts[k], k, roll(2) ? &name : NULL, 20 + roll(60),
                       roll(10), chunks + n);
    }

    for (i = 0, m = 0, all = 0, size = 0, tokens = roll(2) != 0; i < n; i++) {
        if (roll(3) == 0 && m < MOST) {
            set[m++] = (uint32_t) i;
            review_passages_size(&chunks[i], tokens, &units, &bytes);
            all += units;
            size += bytes;
        }
    }

    if (review_passages_text(pool, chunks, set, m,
                             roll(2) ? REVIEW_PASSAGES_ZH : REVIEW_PASSAGES_EN,
                             &made)
        != 0)
    {
        return 0;
    }

    return leads_back(&made, texts) && made.text.len <= size
           && review_units(made.text.data, made.text.data + made.text.len,
                           tokens)
              <= all;
}


static void
test_chance(void)
{
    int  i, good;

    for (i = 0, good = 0; i < 3000; i++) {
        good += by_chance();
    }

    ok(good == 3000, "readings by chance: %d of 3000", good);
}


int
main(void)
{
    pool = tap_pool();

    test_text();
    test_headers();
    test_headings();
    test_chance();

    tap_pool_free(pool);

    return tap_end();
}
