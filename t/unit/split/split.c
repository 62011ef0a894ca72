
/*
 * Proves where texts are split: the articles of a law and the headings they
 * stand under, chapters, tables of contents, tables, sentences in Chinese and
 * English, overlaps; what the JSON of chunks says and which requests are
 * refused; that no memory is no crash, and that the time grows with the text
 * alone, whatever it is made of.
 *
 * Chunks are written as "[path|of|headings] {overlap}body", white space at
 * their ends left out, in a line of their own.
 */

#include <time.h>

#include "tap.h"
#include "review/split/split.h"
#include "review/split/split_json.h"
#include "review/split/split_request.h"
#include "review/outline/units.h"


#define MB  (1024 * 1024)


static review_pool_t  *pool;


static review_split_options_t
options_of(size_t max, size_t overlap)
{
    review_split_options_t  options;

    memset(&options, 0, sizeof(options));

    options.max = max;
    options.overlap = overlap;
    options.keep_tables = 1;

    return options;
}


static void
add_path(review_buf_t *b, const review_heading_t *h)
{
    if (h->parent) {
        add_path(b, h->parent);
        review_buf_puts(b, "|");
    }

    review_buf_str(b, &h->text);
}


/* line breaks as /, the last ones left out */

static void
add_text(review_buf_t *b, const char *p, size_t len)
{
    size_t  i;

    while (len && strchr(" \r\n", p[len - 1])) {
        len--;
    }

    for (i = 0; i < len; i++) {
        if (p[i] != '\r') {
            review_buf_add(b, p[i] == '\n' ? "/" : p + i, 1);
        }
    }
}


static void
add_chunk(review_buf_t *b, const char *text, const review_chunk_t *chunk)
{
    if (chunk->heading) {
        review_buf_puts(b, "[");
        add_path(b, chunk->heading);
        review_buf_puts(b, "] ");
    }

    if (chunk->header_end > chunk->header) {
        review_buf_puts(b, "<");
        add_text(b, text + chunk->header, chunk->header_end - chunk->header);
        review_buf_puts(b, ">");
    }

    if (chunk->body > chunk->start) {
        review_buf_puts(b, "{");
        add_text(b, text + chunk->start, chunk->body - chunk->start);
        review_buf_puts(b, "}");
    }

    add_text(b, text + chunk->body, chunk->end - chunk->body);
    review_buf_puts(b, chunk->oversize ? " !\n" : "\n");
}


/* the text in a block of its own length, for a sanitizer to see */

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


static void
is_split(const char *text, const review_split_options_t *options,
    const char *expected, const char *name)
{
    size_t           len;
    review_buf_t     b;
    review_chunk_t   chunk;
    review_split_t  *split;

    len = strlen(text);
    text = copy(text, len);
    split = review_split_create(pool, text, len, options);

    review_buf_init(&b, pool, 256);

    while (review_split_next(split, &chunk) == 1) {
        add_chunk(&b, text, &chunk);
    }

    is_str(b, expected, "%s", name);
}


static void
splits(const char *text, size_t max, size_t overlap, const char *expected,
    const char *name)
{
    review_split_options_t  options;

    options = options_of(max, overlap);
    is_split(text, &options, expected, name);
}


static char *
read_file(const char *path, size_t *len)
{
    char  *data;
    FILE  *f;

    data = review_alloc(pool, MB);
    *len = 0;

    f = fopen(path, "rb");

    if (f) {
        *len = fread(data, 1, MB, f);
        fclose(f);
    }

    return data;
}


/* "第六条" behind a line break, and a blank behind it; its length or 0 */

static size_t
article_at(const char *p, const char *last)
{
    const char  *end;

    if (last - p < 12 || memcmp(p, "\n第", 4) != 0) {
        return 0;
    }

    end = memchr(p, ' ', (size_t) (last - p));

    if (end == NULL || end - p > 24 || memcmp(end - 3, "条", 3) != 0) {
        return 0;
    }

    return (size_t) (end - p - 1);
}


/*
 * Each article of the law begins a chunk, behind the chapter's title at most,
 * or lies whole in one; and a chunk that is of one article only says so.
 */

static void
check_articles(const char *text, size_t len, size_t max, size_t *articles)
{
    int                      wrong;
    size_t                   n, from, to, before, size;
    const char              *p, *last;
    review_chunk_t           chunk;
    review_split_t          *split;
    review_split_options_t   options;

    options = options_of(max, 0);
    split = review_split_create(pool, text, len, &options);
    last = text + len;
    wrong = 0;
    *articles = 0;

    while (review_split_next(split, &chunk) == 1) {
        n = 0;
        size = 0;
        before = 0;

        for (p = text + (chunk.body ? chunk.body - 1 : 0);
             p < text + chunk.end - 1; p++)
        {
            if (article_at(p, last) == 0) {
                continue;
            }

            n++;
            from = (size_t) (p - text) + 1;
            size = article_at(p, last);
            before = before ? before : from;

            /* up to the next one, or the next chapter */

            for (to = from + 1; to < len; to++) {
                if (article_at(text + to, last)
                    || (to + 3 < len && memcmp(text + to, "\n## ", 4) == 0))
                {
                    break;
                }
            }

            if (to + 1 > chunk.end && to < len && from > chunk.body
                && memcmp(text + chunk.body, "## ", 3) != 0)
            {
                wrong++;
            }
        }

        *articles += n;

        if (n == 1 && (before == chunk.body
                       || memcmp(text + chunk.body, "## ", 3) == 0))
        {
            wrong += chunk.heading->text.len != size
                     || memcmp(chunk.heading->text.data, text + before, size)
                        != 0;
        }

        if (chunk.body > 1000) {
            wrong += chunk.heading->parent == NULL;
        }
    }

    ok(wrong == 0 && *articles == 68, "articles whole with at most %zu: %zu",
       max, *articles);
}


static void
test_law(const char *path)
{
    char     *text;
    size_t    len, articles;

    text = read_file(path, &len);
    ok(len > 20000, "the law is read");

    check_articles(text, len, 150, &articles);
    check_articles(text, len, 300, &articles);
    check_articles(text, len, 500, &articles);
    check_articles(text, len, 1000, &articles);
    check_articles(text, len, 5000, &articles);
}


static void
test_headings(void)
{
    splits("第三章 投标文件\n\n3.2 投标保证金\n\n保证金不得超过百分之二。\n",
           100, 0,
           "[第三章 投标文件|3.2 投标保证金] 第三章 投标文件//3.2 投标保证金//"
           "保证金不得超过百分之二。\n", "titles that a chunk begins with");

    splits("# 法\n\n前言。\n\n## 第一章 总则\n\n第一条 甲。\n\n第二条 乙。\n\n"
           "## 第二章 附则\n\n第三条 丙。\n", 1000, 0,
           "[法] # 法//前言。\n"
           "[法|第一章 总则] ## 第一章 总则//第一条 甲。//第二条 乙。\n"
           "[法|第二章 附则|第三条] ## 第二章 附则//第三条 丙。\n",
           "chapters begin chunks, articles go together");

    splits("第 三 章　总则\n第十二条之二 甲。\n第3.2条 乙。\n第４条　定义\n丙。\n",
           16, 0,
           "[第 三 章　总则|第十二条之二] 第 三 章　总则/第十二条之二\n"
           "[第 三 章　总则] 甲。/第3.2条 乙。\n"
           "[第 三 章　总则|第４条　定义] 第４条　定义/丙。\n",
           "spaces, wide digits, points in numbers");

    splits("第一条 甲。\n根据\n第三条规定，乙。\n第四条、第五条所列。\n"
           "第六条第二款的。\n", 100, 0,
           "[第一条] 第一条 甲。/根据/第三条规定，乙。/第四条、第五条所列。/"
           "第六条第二款的。\n", "references are no headings");

    splits("一、项目概况\n甲。\n（一）名称\n乙。\n1. 范围\n丙。\n1.1 目的\n丁。\n"
           "1.1.1 细则\n戊。\n（二）地点\n己。\n", 15, 0,
           "[一、项目概况] 一、项目概况/甲。\n"
           "[一、项目概况|（一）名称] （一）名称/乙。\n"
           "[一、项目概况|（一）名称|1. 范围] 1. 范围/丙。\n"
           "[一、项目概况|（一）名称|1. 范围|1.1 目的] 1.1 目的/丁。\n"
           "[一、项目概况|（一）名称|1. 范围|1.1 目的|1.1.1 细则] "
           "1.1.1 细则/戊。\n"
           "[一、项目概况|（二）地点] （二）地点/己。\n", "levels of numbers");

    splits("甲。\n\n# 乙\n\n丙。\n", 2, 0,
           "甲。\n\n[乙] #\n[乙] 乙\n[乙] /丙\n[乙] 。\n",
           "hardly any room");

    splits("# 一\n\n（一）大型基础设施；\n（二）公用事业。\n1. 执照\n2. 证书\n\n"
           "3.5 万元以下。\n", 100, 0,
           "[一] # 一//（一）大型基础设施；/（二）公用事业。/1. 执照/2. 证书//"
           "3.5 万元以下。\n", "items of lists are no headings");

    splits("目录\n第一章 甲\n第二章 乙\n\n封面\n\n第一章 甲\n正文。\n", 100, 0,
           "目录/第一章 甲/第二章 乙//封面\n[第一章 甲] 第一章 甲/正文。\n",
           "a table of contents");

    splits("⽬录\n第⼀章 甲\n第⼆章 乙\n\n封面\n\n第⼀章 甲\n正文。\n", 100, 0,
           "⽬录/第⼀章 甲/第⼆章 乙//封面\n[第⼀章 甲] 第⼀章 甲/正文。\n",
           "the same with radicals");

    splits("目录\n第一章 甲……1\n第二章 乙 ..... 12\n第三章 丙\t3\n\n正文。\n",
           100, 0,
           "目录/第一章 甲……1/第二章 乙 ..... 12/第三章 丙\t3//正文。\n",
           "a table of contents with leaders");

    splits("\xef\xbb\xbf# 甲\r\n乙。\r\n## 丙 ##\r丁。\u2028**第二章 戊**\n己。\n",
           100, 0,
           "[甲] \xef\xbb\xbf# 甲/乙。\n[甲|丙] ## 丙 ##丁。\u2028**第二章 戊**"
           "/己。\n", "line ends of all kinds");

    splits("# 招标文件\n\n前言。\n\n# 第一章 总则\n\n# 第一节 甲\n\n乙。\n\n"
           "# 附录\n\n丙。\n", 100, 0,
           "[招标文件] # 招标文件//前言。\n"
           "[第一章 总则|第一节 甲] # 第一章 总则//# 第一节 甲//乙。\n"
           "[附录] # 附录//丙。\n", "levels where all have one #");

    splits("```\n# 甲\n```\n\n#标签# 乙\n\nTitle\n=====\n\ntext\n", 100, 0,
           "```/# 甲/```//#标签# 乙\n[Title] Title/=====//text\n",
           "code, a tag, a title that is underlined");

    splits("Chapter 1 Scope\n\n1.1 Purpose\n\nText.\n\nArticle 5. The parties "
           "agree.\n\nChapter 2 Terms\n\nSection 3 of it applies.\n", 200, 0,
           "[Chapter 1 Scope] Chapter 1 Scope//1.1 Purpose//Text.//Article 5. "
           "The parties agree.\n"
           "[Chapter 2 Terms] Chapter 2 Terms//Section 3 of it applies.\n",
           "English headings");

    splits("3 技术要求\n\n3.1 总体要求\n\n甲。\n\n4 台设备\n\n乙。\n", 100, 0,
           "[3 技术要求|3.1 总体要求] 3 技术要求//3.1 总体要求//甲。//4 台设备"
           "//乙。\n", "a number without a dot, if others count on from it");

    splits("1 范围\n\n1.10 甲乙\n\n丙。\n\n2 台\n\n3.1 丁\n\n戊。\n", 100, 0,
           "1 范围\n[1.10 甲乙] 1.10 甲乙//丙。//2 台\n[3.1 丁] 3.1 丁//戊。\n",
           "else it is none");
}


static void
test_blank(void)
{
    splits("甲乙丙丁\n", 4, 0, "甲乙丙\n丁\n", "no line break alone");
    splits("甲。乙丙\n\n", 4, 0, "甲。\n乙丙\n", "nor white space");
    splits("甲乙丙丁\n\n\n\n戊", 4, 0, "甲乙丙丁\n\n戊\n",
           "unless it is a chunk's worth");
    splits("\n\n# 甲乙\n丙丁。\n", 5, 0, "[甲乙] //#\n[甲乙] 甲乙/丙\n"
           "[甲乙] 丁。\n", "nor before a title");
}


static void
test_joined(void)
{
    splits("- one two three four five six seven eight nine ten eleven twelve\n"
           "  goes on\n- next\n", 80, 0,
           "- one two three four five six seven eight nine ten eleven twelve/"
           "  goes on\n- next\n", "a list's item goes on, indented");
}


static void
test_sentences(void)
{
    splits("甲甲甲。乙乙乙！丙丙丙？丁丁丁；戊戊……己己。", 4, 0,
           "甲甲甲。\n乙乙乙！\n丙丙丙？\n丁丁丁；\n戊戊……\n己己。\n", "stops");

    splits("他说：“好。走吧！”然后走了。她（没有。）也走。", 15, 0,
           "他说：“好。走吧！”然后走了。\n她（没有。）也走。\n",
           "stops within quotes and brackets are weaker");

    splits("价格为3.14元。按第3.2条办理。数量1,000.50个。", 10, 0,
           "价格为3.14元。\n按第3.2条办理。\n数量\n1,000.50个。\n",
           "numbers");

    splits("Dr. Smith met Mr. Jones, e.g. at No. 5. It was 3.14 p.m. there. "
           "See https://a.b/c?d.e for more! \"Yes. It is.\" Done.", 40, 0,
           "Dr. Smith met Mr. Jones, e.g. at No. 5.\n"
           "It was 3.14 p.m. there.\n"
           "See https://a.b/c?d.e for more!\n"
           "\"Yes. It is.\" Done.\n", "English");

    splits("甲乙，丙丁戊己，庚辛壬癸", 9, 0, "甲乙，丙丁戊己，\n庚辛壬癸\n",
           "clauses");

    splits("one two three four", 9, 0, "one two\nthree\nfour\n", "words");

    splits("使用internationalization技术", 21, 0,
           "使用\ninternationalization技\n术\n", "a word among Chinese");

    splits("👨‍👩‍👧‍👦🇨🇳🇨🇳e\u0301", 3, 0,
           "👨‍👩‍👧‍👦 !\n🇨🇳\n🇨🇳\ne\u0301\n", "graphemes");

    splits("一 二", 1, 0, "一\n\n二\n", "one at a time");

    splits(" \n\u3000\t\n", 10, 0, "", "nothing to be seen");
    splits("", 10, 0, "", "nothing at all");
}


static void
test_overlap(void)
{
    splits("甲甲。乙乙。丙丙。丁丁。", 6, 3,
           "甲甲。乙乙。\n{乙乙。}丙丙。\n{丙丙。}丁丁。\n", "whole sentences");

    splits("甲甲甲甲甲。乙乙。丙丙丙丙丙。丁丁。", 9, 4,
           "甲甲甲甲甲。乙乙。\n{乙乙。}丙丙丙丙丙。\n丁丁。\n",
           "none where the last is longer");

    splits("# 甲\n\n乙。\n\n# 丙\n\n丁。\n", 20, 9,
           "[甲] # 甲//乙。\n[丙] # 丙//丁。\n", "none across chapters");

    splits("第一条 甲甲甲甲。\n第二条 乙乙。\n丙丙。\n丁丁丁丁丁丁丁丁。\n", 20, 10,
           "[第一条] 第一条 甲甲甲甲。\n"
           "[第二条] 第二条 乙乙。/丙丙。\n"
           "[第二条] {丙丙。}丁丁丁丁丁丁丁丁。\n", "nor across articles");

    splits("3.1 甲，甲。乙乙。\n3.2 丙，丙。丁丁。戊戊戊戊。\n", 14, 7,
           "[3.1] 3.1 甲，甲。乙乙。\n"
           "[3.2] 3.2 丙，丙。丁丁。\n"
           "[3.2] {丁丁。}戊戊戊戊。\n", "nor across clauses");
}


static void
test_tables(void)
{
    review_split_options_t  options;

    const char  *table = "前。\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 一。 |\n"
                         "| 2 | 二。 |\n| 3 | 三。 |\n\n后。\n";

    splits(table, 100, 0, "前。//| 甲 | 乙 |/|---|---|/| 1 | 一。 |/"
           "| 2 | 二。 |/| 3 | 三。 |//后。\n", "a table that fits");

    splits(table, 57, 0, "前。\n| 甲 | 乙 |/|---|---|/| 1 | 一。 |/"
           "| 2 | 二。 |/| 3 | 三。 |//后。\n", "is not cut");

    splits(table, 45, 0, "前。//| 甲 | 乙 |/|---|---|/| 1 | 一。 |\n"
           "<| 甲 | 乙 |/|---|---|>| 2 | 二。 |/| 3 | 三。 |\n后。\n",
           "its header is repeated");

    splits(table, 33, 0, "前。\n| 甲 | 乙 |/|---|---|/| 1 | 一。 |\n"
           "<| 甲 | 乙 |/|---|---|>| 2 | 二。 |\n"
           "<| 甲 | 乙 |/|---|---|>| 3 | 三。 |\n后。\n",
           "as often as there are chunks");

    options = options_of(45, 0);
    options.keep_tables = 0;
    is_split(table, &options, "前。//| 甲 | 乙 |/|---|---|/| 1 | 一。 |\n"
             "| 2 | 二。 |/| 3 | 三。 |//后。\n", "unless told otherwise");

    splits("甲。\n| 一行很长的表格 |\n乙。\n", 6, 0,
           "甲。\n| 一行很长的表格 | !\n乙。\n", "a row is never cut");

    splits("甲。\n\n如下：\n\n| 一 |\n|---|\n| 二 |\n", 23, 0,
           "甲。\n如下：//| 一 |/|---|/| 二 |\n", "what leads to a table");

    splits("甲。\n<!-- 乙 -->\n```\na\nb\n```\n", 23, 0,
           "甲。\n<!-- 乙 -->/```/a/b/```\n", "or to code");

    splits("a | b\n--|--\n1 | 2\n\nx | y\n", 12, 0,
           "a | b/--|--\n1 | 2\nx | y\n", "bars that are not at both ends");
}


static void
test_tokens(void)
{
    const char              *text = "投标 bid security 2024.";
    review_split_options_t   options;

    ok(review_units(text, text + strlen(text), 1) == 2 + 1 + 2 + 5,
       "tokens: %zu", review_units(text, text + strlen(text), 1));

    options = options_of(4, 0);
    options.tokens = 1;

    is_split("one two three four five", &options,
             "one two three\nfour five\n", "tokens are counted");
}


static void
document_of(review_document_t *document, const char *text, size_t len)
{
    memset(document, 0, sizeof(*document));

    document->text.data = text;
    document->text.len = len;

    (void) review_page_split(pool, document);
}


/* where chunks begin, but for white space: on which page and line */

static void
test_places(void)
{
    size_t                   pages, n, wrong;
    json_t                  *json;
    review_buf_t             b;
    review_chunk_t           chunk;
    review_split_t          *split;
    review_document_t        document;
    review_split_writer_t    w;
    review_split_options_t   options;

    const char  *text = "\r\n甲甲甲甲。\r\n乙乙。\r丙丙丙丙。\n\f丁丁丁丁丁。\n\n\f"
                        "戊。己己己己。\f";

    static const size_t  expected[][2] = {
        { 1, 2 }, { 1, 3 }, { 1, 4 }, { 2, 5 }, { 3, 7 }, { 3, 7 }
    };

    for (pages = 0; pages < 2; pages++) {
        options = options_of(8, 2);
        split = review_split_create(pool, text, strlen(text), &options);
        document_of(&document, text, strlen(text));
        document.npages *= pages;
        review_split_json_writer_init(&w, &document);
        wrong = 0;

        for (n = 0; review_split_next(split, &chunk) == 1; n++) {
            review_buf_init(&b, pool, 0);
            review_split_json_write(&w, &b, &chunk);
            json = json_loadb(b.data, b.len, 0, NULL);

            if (n >= sizeof(expected) / sizeof(expected[0])
                || json_integer_value(json_object_get(json, "line"))
                   != (json_int_t) expected[n][1]
                || json_integer_value(json_object_get(json, "page"))
                   != (json_int_t) (expected[n][0] * pages)
                || !json_object_get(json, "page") != !pages)
            {
                wrong++;
                printf("# %.*s\n", (int) b.len, b.data);
            }

            json_decref(json);
        }

        ok(wrong == 0 && n == sizeof(expected) / sizeof(expected[0]),
           "lines, and %s pages: %zu of %zu are wrong", pages ? "" : "no",
           wrong, n);
    }
}


static void
test_json(void)
{
    json_t                  *json;
    review_buf_t             b;
    review_chunk_t           chunk;
    review_split_t          *split;
    review_document_t        document;
    review_split_writer_t    w;
    review_split_options_t   options;

    const char  *text = "# 甲\n\n\"乙\"。丙。\n";

    options = options_of(9, 4);
    split = review_split_create(pool, text, strlen(text), &options);
    document_of(&document, text, strlen(text));
    review_split_json_writer_init(&w, &document);
    review_buf_init(&b, pool, 0);

    while (review_split_next(split, &chunk) == 1) {
        review_split_json_write(&w, &b, &chunk);
        review_buf_puts(&b, "\n");
    }

    is_str(b, "{\"id\":\"c1\",\"text\":\"# 甲\\n\\n\\\"乙\\\"。\",\"start\":0,"
           "\"end\":9,\"overlap\":0,\"line\":1,\"heading\":[\"甲\"],"
           "\"sha256\":\""
           "49c7d97406ade243b590a86452faab18"
           "2b9157909aa7c244f654572242b9d680\"}\n"
           "{\"id\":\"c2\",\"text\":\"\\\"乙\\\"。丙。\\n\",\"start\":5,"
           "\"end\":12,\"overlap\":4,\"line\":3,\"heading\":[\"甲\"],"
           "\"sha256\":\""
           "580876cd8cae4754f4b6b663532650bd"
           "6419f36643f43663438e2cf127585ac2\"}\n", "chunks as JSON");

    json = json_loadb(b.data, strcspn(b.data, "\n"), 0, NULL);
    ok(json != NULL, "which is JSON");
    json_decref(json);
}


static void
is_refused(const char *body, int status, const char *pointer, const char *name)
{
    int                      rc;
    json_t                  *json;
    review_error_t           err;
    review_split_given_t     given;
    review_split_request_t   request;

    given.options = options_of(1000, 100);
    given.max_text = 9;
    memset(&err, 0, sizeof(err));

    json = json_loads(body, JSON_DECODE_ANY, NULL);
    rc = review_split_request(pool, json, &given, &request, &err);

    ok(rc == status && strcmp(err.pointer, pointer) == 0, "%s: %d %s %s", name,
       rc, err.pointer, err.text);

    json_decref(json);
}


static void
test_request(void)
{
    is_refused("{\"text\":\"a\"}", 0, "", "only a text");
    is_refused("{\"text\":\"\",\"max_chars\":null,\"overlap\":null,\"unit\":"
               "null,\"keep_tables\":null,\"x\":null}", 0, "",
               "null is none");
    is_refused("{\"text\":\"a\",\"x-a\":1,\"$b\":2,\"_c\":3}", 0, "",
               "comments");
    is_refused("{\"text\":\"a\",\"max_chars\":200,\"overlap\":199,\"unit\":"
               "\"tokens\",\"keep_tables\":false}", 0, "", "all members");
    is_refused("{\"text\":\"a\",\"x\":1}", 400, "/x", "not known");
    is_refused("{\"text\":\"a\",\"max_char\":1}", 400, "/max_char",
               "misspelt");
    is_refused("{\"text\":\"123456789\"}", 0, "", "as long as may be");
    is_refused("{\"text\":\"1234567890\"}", 413, "/text", "too long");
    is_refused("[]", 400, "", "an array");
    is_refused("{}", 400, "/text", "no text");
    is_refused("{\"text\":null}", 400, "/text", "null");
    is_refused("{\"text\":[\"a\"]}", 400, "/text", "no string");
    is_refused("{\"text\":\"a\",\"max_chars\":0}", 400, "/max_chars", "0");
    is_refused("{\"text\":\"a\",\"max_chars\":1.5}", 400, "/max_chars", "1.5");
    is_refused("{\"text\":\"a\",\"max_chars\":1000000001}", 400, "/max_chars",
               "too many");
    is_refused("{\"text\":\"a\",\"overlap\":-1}", 400, "/overlap", "-1");
    is_refused("{\"text\":\"a\",\"overlap\":\"1\"}", 400, "/overlap", "\"1\"");
    is_refused("{\"text\":\"a\",\"unit\":\"bytes\"}", 400, "/unit", "bytes");
    is_refused("{\"text\":\"a\",\"unit\":1}", 400, "/unit", "1");
    is_refused("{\"text\":\"a\",\"keep_tables\":1}", 400, "/keep_tables", "1");
    is_refused("{\"text\":\"a\",\"max_chars\":100}", 422, "/overlap",
               "overlap of max");
}


static void
is_option(const char *name, const char *value, int status)
{
    int                      rc;
    review_str_t             n, v;
    review_error_t           err;
    review_split_options_t   options;

    options = options_of(1000, 100);
    memset(&err, 0, sizeof(err));

    n.data = name;
    n.len = strlen(name);
    v.data = value;
    v.len = strlen(value);

    rc = review_split_request_option(&n, &v, &options, &err);

    ok(rc == status && (rc <= 0 || strstr(err.text, name)), "%s=%s: %d %s",
       name, value, rc, err.text);
}


static void
test_options(void)
{
    is_option("max_chars", "1", 0);
    is_option("max_chars", "1000000000", 0);
    is_option("max_chars", "0", 400);
    is_option("max_chars", "1000000001", 400);
    is_option("max_chars", "99999999999999999999999999", 400);
    is_option("max_chars", "", 400);
    is_option("max_chars", "1e3", 400);
    is_option("overlap", "0", 0);
    is_option("overlap", "-1", 400);
    is_option("unit", "tokens", 0);
    is_option("unit", "token", 400);
    is_option("keep_tables", "on", 0);
    is_option("keep_tables", "false", 0);
    is_option("keep_tables", "0", 0);
    is_option("keep_tables", "yes", 400);
    is_option("other", "x", REVIEW_SPLIT_UNKNOWN);
}


static int  left;


static void *
scarce(review_pool_t *from, size_t size)
{
    return left-- > 0 ? tap_alloc(from, size) : NULL;
}


static void
test_memory(void)
{
    int                      i, failed;
    const char              *text = "# 甲\n\n乙。\n\n| a |\n|---|\n| b |\n\n丙";
    review_split_options_t   options;

    failed = 0;
    options = options_of(5, 0);
    pool->alloc = scarce;

    for (i = 0; i < 10; i++) {
        left = i;
        failed += review_split_create(pool, text, strlen(text), &options)
                  == NULL;
    }

    pool->alloc = tap_alloc;

    ok(failed == 5, "no memory: %d times", failed);
}


static double
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


/* 256 KB of one thing: some seconds, under a sanitizer, are far from linear */

static void
test_slow(const char *part)
{
    char                    *text;
    size_t                   i, k, n, len, chunks;
    double                   took, most;
    review_chunk_t           chunk;
    review_split_t          *split;
    review_split_options_t   options;

    static const struct {
        size_t  max;
        size_t  overlap;
    } sizes[] = { { 1000, 999 }, { 10, 5 }, { 1000000, 100000 } };

    n = strlen(part);
    len = MB / 4 / n * n;
    text = malloc(len);
    most = 0;
    chunks = 0;

    for (i = 0; i < len; i += n) {
        memcpy(text + i, part, n);
    }

    for (k = 0; k < 6; k++) {
        options = options_of(sizes[k % 3].max, sizes[k % 3].overlap);
        options.tokens = (k >= 3);
        took = now();

        split = review_split_create(pool, text, len, &options);

        while (review_split_next(split, &chunk) == 1) {
            chunks++;
        }

        took = now() - took;
        most = took > most ? took : most;
    }

    free(text);

    ok(most < 2, "linear: %zu chunks in %.0f ms at most: %.*s", chunks,
       most * 1000, (int) strcspn(part, "\r\n#"), part);
}


static void
test_hostile(void)
{
    size_t  i;

    static const char *const  parts[] = {
        "（", "|", "#", "\u0301", " ", "\n", "# a\n", "a", "。", "“", "目录\n",
        "```\n", "~~~\n```\n", "| a |\n", "a|b\n--|-\n", "第一章 甲\n",
        "1. 甲\n", "\r", "\u200d", "👨‍👩‍👧‍👦", "🇨🇳", ". ", "a\"b. ",
        "目录\n第一章 甲\n", "甲\n===\n", "a。          ", "|a|\n|-|\n\n",
        "甲甲甲甲甲\n\n\n\n\n\n\n\n\n", "甲：\n| a |\n",
    };

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        test_slow(parts[i]);
    }
}


int
main(int argc, char **argv)
{
    pool = tap_pool();

    test_law(argc > 1 ? argv[1] : "t/data/招标投标法.md");
    test_headings();
    test_blank();
    test_joined();
    test_sentences();
    test_overlap();
    test_tables();
    test_tokens();
    test_places();
    test_json();
    test_request();
    test_options();
    test_memory();
    test_hostile();

    tap_pool_free(pool);

    return tap_end();
}
