
/*
 * The pages of a text, and which of them have nothing to read: form feeds make
 * them; page numbers, running headers and a few characters are no text; what a
 * converter says of its pages holds, unless it calls text what has none.  All
 * that is wrong in its answer is refused, and the member is named.
 */

#include "tap.h"
#include "review/document/document.h"
#include "review/base/utf8.h"


/* lines that stand alike on many pages would be running ones */

#define REAL  "本页有足够的文字说明投标人的义务和责任。\n"
#define MORE  "质量保证期自验收合格之日起不少于三年整。\n"
#define LAST  "争议由合同签订地有管辖权的人民法院处理。\n"


static review_pool_t  *pool;


/* a letter for each page: t, o, s, b */

static const char *
kinds(const review_document_t *doc)
{
    char    *p;
    size_t   i;

    p = review_alloc(pool, doc->npages + 1);

    for (i = 0; i < doc->npages; i++) {
        p[i] = review_pages[doc->pages[i].kind][0];
    }

    p[i] = '\0';

    return p;
}


static review_document_t *
document(const char *text)
{
    review_str_t        str;
    review_document_t  *doc;

    str.data = text;
    str.len = strlen(text);

    doc = review_alloc(pool, sizeof(*doc));
    ok(review_document_read(pool, doc, &str) == 0, "it is read");

    return doc;
}


static void
is_kinds(const char *text, const char *wanted, const char *what)
{
    review_document_t  *doc;

    doc = document(text);

    ok(strcmp(kinds(doc), wanted) == 0, "%s: %s, got %s", what, wanted,
       kinds(doc));
    ok(doc->unread == (strchr(wanted, 's') != NULL), "%s: is it unread?", what);
}


static void
test_pages(void)
{
    review_buf_t        b;
    review_document_t  *doc;

    doc = document("没有分页");
    ok(doc->npages == 0 && doc->length == 4 && !doc->unread
       && doc->nwarnings == 0, "a text without pages");
    ok(strlen(doc->sha256) == 64, "has a hash");

    doc = document(REAL "\f" MORE "\f");
    ok(doc->npages == 2 && doc->nwithout == 0, "the last form feed ends all");
    ok(doc->pages[1].start == sizeof(REAL) && doc->pages[1].point == 22,
       "where a page begins: %zu, %zu", doc->pages[1].start,
       doc->pages[1].point);

    is_kinds(REAL "\f\f", "ts", "the last page is empty");
    is_kinds("\f" MORE, "st", "the first page is empty");
    is_kinds(REAL "\f \n\t\f" MORE, "tst", "white space alone");
    is_kinds(REAL "\f" MORE, "tt", "no form feed at the end");
    is_kinds(REAL "\f \n", "t", "nothing behind the last form feed");
    is_kinds("\f\f\f", "sss", "nothing at all");
    is_kinds(REAL "\f附件\n\f" MORE, "tst", "a divider");
    is_kinds(REAL "\f本页有十个汉字在此处\f" MORE, "ttt", "ten characters");
    is_kinds(REAL "\f123456789 2026-11-30\f" MORE, "tst", "a stamp");
    is_kinds("Some words in English here.\f1,200 3,400 5,600 7,800 9,100\n"
             "1,200 3,400 5,600 7,800 9,100\n1,200 3,400 5,600 7,800 9,100\f",
             "tt", "a page of figures");
    is_kinds(REAL "\f\xee\x80\x80\xee\x80\x81\xee\x80\x82\xee\x80\x83\xee\x80"
             "\x84\xee\x80\x85\xee\x80\x86\xee\x80\x87\xee\x80\x88\xee\x80\x89"
             "\xee\x80\x8a\f" MORE, "tst", "characters that nobody can read");

    doc = document(REAL "\f\f" MORE "\f\f\f\f" LAST);
    review_buf_init(&b, pool, 0);
    review_document_json_ranges(&b, doc, REVIEW_PAGE_SCAN, 9);
    ok(b.len == 8 && memcmp(b.data, "2, 4–6", 8) == 0, "ranges: %.*s",
       (int) b.len, b.data);
    ok(doc->nwarnings == 1 && doc->warnings[0].page == 2, "are warned of");
    is_str(doc->warnings[0].code, "scan", "as scans");
    is_str(doc->warnings[0].detail, "pages 2, 4–6", "with their numbers");

    b.len = 0;
    review_document_json_ranges(&b, doc, REVIEW_PAGE_SCAN, 1);
    ok(b.len == 6 && memcmp(b.data, "2, …", 6) == 0, "not too many: %.*s",
       (int) b.len, b.data);
}


static void
test_numbers(void)
{
    char    text[512];
    size_t  i;

    static const char *const  numbers[] = {
        "第 3 页", "第 3 页，共 20 页", "第3页 共20页", "- 3 -", "— 3 —", "3/20",
        "3 / 20", "Page 3 of 20", "PAGE 3", "p. 3", "3", "iv", "XII", "-iii-",
        "１２", "第三页", "第二十一頁", "第 3 页 / 总 20 页", "[3]", "~ 3 ~",
        "3 | Page", "页码：3", NULL
    };

    static const char *const  words[] = {
        "第三章投标文件的格式要求", "投标函及投标函附录格式",
        "This is a short line", NULL
    };

    for (i = 0; numbers[i]; i++) {
        snprintf(text, sizeof(text), REAL "\f\n  %s\n\f" MORE, numbers[i]);
        is_kinds(text, "tst", numbers[i]);

        snprintf(text, sizeof(text), "本页有八个汉字的\n%s\f" MORE, numbers[i]);
        is_kinds(text, "st", numbers[i]);
    }

    for (i = 0; words[i]; i++) {
        snprintf(text, sizeof(text), REAL "\f\n  %s\n3\n\f" MORE, words[i]);
        is_kinds(text, "ttt", words[i]);
    }
}


/* running headers and footers: on all pages, on those of one side */

static void
test_running(void)
{
    int           i;
    char          line[512];
    review_buf_t  b;

    static const char *const  lines[] = {
        REAL REAL REAL REAL, MORE MORE MORE MORE, LAST LAST LAST LAST
    };

    review_buf_init(&b, pool, 0);

    for (i = 1; i <= 12; i++) {
        snprintf(line, sizeof(line), "某某市人民医院信息化建设项目投标文件\n%s"
                 "编号 HT-2026-%04d 某某科技股份有限公司 第 %d 页\n\f",
                 i == 2 || i == 7 || i == 12 ? "" : lines[i % 3], i, i);
        review_buf_puts(&b, line);
    }

    review_buf_add(&b, "", 1);
    is_kinds(b.data, "tsttttstttts",
             "headers with a number");

    review_buf_init(&b, pool, 0);

    for (i = 1; i <= 12; i++) {
        snprintf(line, sizeof(line), "%s\n%s\f", i % 2
                 ? "某某市人民医院信息化建设项目投标文件"
                 : "某某科技股份有限公司商务和技术部分",
                 i == 3 || i == 6 ? "" : lines[i / 2 % 3]);
        review_buf_puts(&b, line);
    }

    review_buf_add(&b, "", 1);
    is_kinds(b.data, "ttsttstttttt",
             "headers of two sides");

    is_kinds("某某市人民医院信息化建设项目\n\f某某市人民医院信息化建设项目\n" REAL
             "\f某某市人民医院信息化建设项目\n\f", "sts",
             "more scans than text");
    is_kinds("这一页的第一行与其他页不同，字数够\n\f" MORE "\f某某市人民医院\n"
             "信息化建设项目的另一页文字\n\f", "ttt", "lines of their own");
}


static int
extracted(review_document_t *doc, const char *json, review_error_t *err)
{
    int    rc;
    char  *p, *data;

    /* single quotes are easier to read */

    data = review_alloc(pool, strlen(json) + 1);
    strcpy(data, json);

    for (p = data; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    memset(err, 0, sizeof(*err));
    rc = review_extracted_read(pool, doc, data, strlen(data), 4096, err);

    if (rc) {
        printf("# %s: %s\n", err->pointer, err->text);
    }

    return rc;
}


static void
test_extracted(void)
{
    review_error_t     err;
    review_document_t  doc;

    ok(extracted(&doc, "{'text':'甲乙丙'}", &err) == 0 && doc.npages == 0
       && doc.length == 3 && !doc.unread, "a text alone");

    ok(extracted(&doc, "{'text':'甲乙丙\\f丁\\f戊\\f','pages':[{'start':0,"
                 "'kind':'text'},{'start':4,'kind':'ocr'},{'start':6,"
                 "'kind':'scan'},{'start':8,'kind':'blank'}]}", &err) == 0
       && strcmp(kinds(&doc), "tosb") == 0, "kinds hold");
    ok(doc.pages[1].start == 10 && doc.pages[1].point == 4
       && doc.pages[3].start == doc.text.len && doc.nwithout == 1
       && doc.unread, "places, and what was not read");
    ok(doc.nwarnings == 2, "warnings of both");
    is_str(doc.warnings[0].code, "scan", "of the scan");
    is_str(doc.warnings[1].code, "ocr", "of what was recognised");
    is_str(doc.warnings[1].detail, "pages 2", "with its page");

    ok(extracted(&doc, "{'text':'甲\\f\\f','pages':[{'start':0,'kind':'text'},"
                 "{'start':2,'kind':'text'},{'start':3,'kind':'ocr'}]}", &err)
       == 0 && strcmp(kinds(&doc), "tss") == 0,
       "what is called text, and has none");

    ok(extracted(&doc, "{'text':'甲','pages':[{'start':0,'kind':'ocr'}]}", &err)
       == 0 && !doc.unread && doc.nwarnings == 1, "a doubt is not unread");

    ok(extracted(&doc, "{'text':'甲','pages':[{'start':0,'kind':'blank'},"
                 "{'start':1,'kind':'blank'}]}", &err) == 0
       && !doc.unread && doc.nwarnings == 0, "nor is a blank page");

    ok(extracted(&doc, "{'text':'" "本页有足够的文字说明投标人的义务" "\\f',"
                 "'pages':[{'start':0},{'start':17}]}", &err) == 0
       && strcmp(kinds(&doc), "ts") == 0, "no kinds: they are found out");

    ok(extracted(&doc, "{'text':'甲\\f乙\\f丙\\f','pages':[{'start':0},"
                 "{'start':2,'kind':'text'},{'start':4,'kind':null},"
                 "{'start':6,'kind':'blank'}]}", &err) == 0
       && strcmp(kinds(&doc), "stsb") == 0, "those that are told hold");

    ok(extracted(&doc, "{'text':'甲\\f乙','pages':null,'hidden':null,"
                 "'warnings':null}", &err) == 0 && doc.npages == 2
       && strcmp(kinds(&doc), "ss") == 0, "no pages: form feeds make them");
    ok(extracted(&doc, "{'text':'\xef\xbf\xbd\xef\xbf\xbd\xee\x80\x80\\f"
                 "\xef\xbf\xbd甲','pages':[{'start':0,'kind':'text'},"
                 "{'start':4,'kind':'text'}]}", &err) == 0
       && strcmp(kinds(&doc), "st") == 0, "glyphs that are no characters");
    ok(extracted(&doc, "{'text':'甲\\f乙','pages':[]}", &err) == 0
       && doc.npages == 2 && strcmp(kinds(&doc), "ss") == 0,
       "an empty list: the same");

    ok(extracted(&doc, "{'text':'甲乙丙丁','hidden':[[0,1],[2,4]],"
                 "'x-tool':{'a':1}}", &err) == 0
       && doc.nhidden == 2 && doc.hidden[1].start == 2
       && doc.hidden[1].end == 4 && !doc.unread, "hidden text");
    is_str(doc.warnings[0].code, "hidden_text", "is warned of");
    is_str(doc.warnings[0].detail, "3 characters in 2 places, the first at 0",
           "with its size");

    ok(extracted(&doc, "{'text':'甲','warnings':[{'code':'textbox','detail':"
                 "'two\\nlines\\u0007\\u0085','page':7},{'code':'ocr'},"
                 "{'code':'x','detail':null,'page':null}]}", &err) == 0
       && doc.nwarnings == 3 && doc.unread, "a converter's warnings");
    is_str(doc.warnings[0].detail, "two lines ", "are one line");
    ok(doc.warnings[0].page == 7 && doc.warnings[1].page == 0, "with a page");
    ok(extracted(&doc, "{'text':'甲','warnings':[{'code':'ocr'},{'code':"
                 "'numbering'}]}", &err) == 0 && !doc.unread, "doubts alone");
    ok(extracted(&doc, "{'text':'甲','warnings':[{'code':'OCR'}]}", &err) == 0
       && doc.unread, "a code that is not known counts");
    ok(extracted(&doc, "{'text':''}", &err) == 0, "no text");
}


static void
test_refused(void)
{
    size_t             i;
    review_error_t     err;
    review_document_t  doc;

    static const struct {
        const char  *json;
        const char  *pointer;
    } cases[] = {
        { "", "" }, { "{", "" }, { "[]", "" }, { "'text'", "" },
        { "{}", "/text" },
        { "{'text':1}", "/text" }, { "{'text':null}", "/text" },
        { "{'text':'a','text':'b'}", "/text" },
        { "{'text':'\\u0000'}", "/text" }, { "{'text':'\\ud800'}", "/text" },
        { "{'text':'a','hiden':[]}", "/hiden" },
        { "{'text':'a','pages':{}}", "/pages" },
        { "{'text':'a','pages':[1]}", "/pages/0" },
        { "{'text':'a','pages':[{}]}", "/pages/0/start" },
        { "{'text':'a','pages':[{'start':1}]}", "/pages/0/start" },
        { "{'text':'a','pages':[{'start':-1}]}", "/pages/0/start" },
        { "{'text':'a','pages':[{'start':0.5}]}", "/pages/0/start" },
        { "{'text':'a','pages':[{'start':0},{'start':2}]}", "/pages/1/start" },
        { "{'text':'abc','pages':[{'start':0},{'start':2},{'start':1}]}",
          "/pages/2/start" },
        { "{'text':'a','pages':[{'start':0,'kind':'image'}]}",
          "/pages/0/kind" },
        { "{'text':'a','pages':[{'start':0,'kind':1}]}", "/pages/0/kind" },
        { "{'text':'a','pages':[{'start':0,'end':1}]}", "/pages/0/end" },
        { "{'text':'a','hidden':[[0]]}", "/hidden/0" },
        { "{'text':'a','hidden':[[0,2]]}", "/hidden/0" },
        { "{'text':'a','hidden':[[0,0]]}", "/hidden/0" },
        { "{'text':'a','hidden':[['0',1]]}", "/hidden/0" },
        { "{'text':'abc','hidden':[[1,2],[0,1]]}", "/hidden/1" },
        { "{'text':'abc','hidden':[0,1]}", "/hidden/0" },
        { "{'text':'a','warnings':['x']}", "/warnings/0" },
        { "{'text':'a','warnings':[{}]}", "/warnings/0/code" },
        { "{'text':'a','warnings':[{'code':''}]}", "/warnings/0/code" },
        { "{'text':'a','warnings':[{'code':'a b'}]}", "/warnings/0/code" },
        { "{'text':'a','warnings':[{'code':'x','page':0}]}",
          "/warnings/0/page" },
        { "{'text':'a','pages':[{'start':0}],'warnings':[{'code':'x',"
          "'page':2}]}", "/warnings/0/page" },
        { "{'text':'a','warnings':[{'code':'x','detail':1}]}",
          "/warnings/0/detail" },
        { NULL, NULL }
    };

    for (i = 0; cases[i].json; i++) {
        ok(extracted(&doc, cases[i].json, &err) == 502
           && strcmp(err.pointer, cases[i].pointer) == 0 && err.text[0],
           "refused: %s", cases[i].json);
    }
}


static char *
many(const char *before, const char *each, size_t n, const char *after)
{
    size_t        i;
    review_buf_t  b;

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, before);

    for (i = 0; i < n; i++) {
        review_buf_puts(&b, i && strchr("[{", each[0]) ? "," : "");
        review_buf_puts(&b, each);
    }

    review_buf_puts(&b, after);
    review_buf_add(&b, "", 1);

    return b.data;
}


static void
test_bounds(void)
{
    char               *text;
    review_error_t      err;
    review_document_t   doc, *plain;

    text = many("", "a", 4096, "");
    ok(extracted(&doc, many("{'text':'", "a", 4096, "'}"), &err) == 0,
       "as long a text as there may be");
    ok(extracted(&doc, many("{'text':'", "a", 4097, "'}"), &err) == 413,
       "and a longer one");

    ok(extracted(&doc, many("{'text':'a','pages':[", "{'start':0}",
                            REVIEW_DOCUMENT_PAGES, "]}"), &err) == 0
       && doc.npages == REVIEW_DOCUMENT_PAGES, "as many pages");
    ok(extracted(&doc, many("{'text':'a','pages':[", "{'start':0}",
                            REVIEW_DOCUMENT_PAGES + 1, "]}"), &err) == 502
       && strcmp(err.pointer, "/pages") == 0, "one more");

    ok(extracted(&doc, many("{'text':'a','hidden':[", "[0,1]",
                            REVIEW_DOCUMENT_HIDDEN + 1, "]}"), &err) == 502
       && strcmp(err.pointer, "/hidden") == 0, "too many spans");

    ok(extracted(&doc, many("{'text':'a','warnings':[", "{'code':'ocr'}",
                            REVIEW_DOCUMENT_WARNINGS + 7, "]}"), &err) == 0
       && doc.nwarnings == REVIEW_DOCUMENT_WARNINGS + 1 && !doc.unread,
       "too many warnings are told of");
    is_str(doc.warnings[REVIEW_DOCUMENT_WARNINGS].code, "more_doubts",
           "as doubts");
    is_str(doc.warnings[REVIEW_DOCUMENT_WARNINGS].detail, "7 more warnings",
           "and how many");
    ok(extracted(&doc, many("{'text':'a','warnings':[", "{'code':'ocr'}",
                            REVIEW_DOCUMENT_WARNINGS, ",{'code':'chart'}]}"),
                 &err) == 0
       && doc.unread, "the last one counts as well");

    text = many("", "\f", REVIEW_DOCUMENT_PAGES - 1, REAL);
    plain = document(text);
    ok(plain->npages == REVIEW_DOCUMENT_PAGES && plain->nwarnings == 1,
       "form feeds: as many pages as there may be");
    text = many("", "\f", REVIEW_DOCUMENT_PAGES + 5, REAL);
    plain = document(text);
    ok(plain->npages == REVIEW_DOCUMENT_PAGES && plain->nwarnings == 2
       && plain->unread, "and more");
    is_str(plain->warnings[0].code, "too_many_pages", "are told of");

    ok(extracted(&doc, many("{'text':'a','warnings':[{'code':'x','detail':'",
                            "标", 1000, "'}]}"), &err) == 0
       && doc.warnings[0].detail.len <= REVIEW_DOCUMENT_DETAIL
       && review_utf8_valid(doc.warnings[0].detail.data,
                            doc.warnings[0].detail.len)
          == doc.warnings[0].detail.len, "a long detail is cut: %zu bytes",
       doc.warnings[0].detail.len);
    ok(extracted(&doc, many("{'text':'a','warnings':[{'code':'", "x",
                            REVIEW_DOCUMENT_CODE, "'}]}"), &err) == 0
       && doc.warnings[0].code.len == REVIEW_DOCUMENT_CODE, "a long code");
}


int
main(void)
{
    pool = tap_pool();

    test_pages();
    test_numbers();
    test_running();
    test_extracted();
    test_refused();
    test_bounds();

    tap_pool_free(pool);

    return tap_end();
}
