
/*
 * Proves where each byte of a document stands: on which page, be it told by
 * form feeds or by whoever has made the text, on which line, and under which
 * headings; of a place that begins with white space, where its words begin; and
 * that without memory it is the same.
 */

#include "tap.h"
#include "review/document/place.h"


static review_pool_t  *pool;

static const char  text[] =
    "前言。\n\n第一章 总则\r\n第一条 甲。\n\f第二条 乙。\n3.2.1 丙，丁。\n\n\f\n"
    "第二章 招标\n戊。\f";


static void *
nothing(review_pool_t *from, size_t size)
{
    (void) from;
    (void) size;

    return NULL;
}


static void
stands(const review_places_t *places, const char *words, size_t page,
    size_t line, const char *heading)
{
    size_t          from;
    review_str_t    last;
    review_where_t  where;

    from = (size_t) (strstr(text, words) - text);

    review_place_of(places, from, from + strlen(words), &where);

    last.data = where.heading ? where.heading->text.data : "";
    last.len = where.heading ? where.heading->text.len : 0;

    ok(where.page == page && where.line == line
       && last.len == strlen(heading)
       && memcmp(last.data, heading, last.len) == 0,
       "page %zu, line %zu, %.*s: %.*s", where.page, where.line,
       (int) last.len, last.data, (int) strcspn(words, "\r\n\f"), words);
}


static void
test_places(void)
{
    review_str_t        words;
    review_places_t     places;
    review_outline_t    outline;
    review_document_t   document;

    words.data = text;
    words.len = sizeof(text) - 1;

    memset(&document, 0, sizeof(document));
    document.text = words;

    ok(review_page_split(pool, &document) == 0 && document.npages == 3
       && review_outline_read(&outline, pool, text, words.len, 0) == 0,
       "three pages");

    review_place_init(&places, pool, &words, document.pages, document.npages,
                      &outline);

    stands(&places, "前言", 1, 1, "");
    stands(&places, "第一章", 1, 3, "第一章 总则");
    stands(&places, "章 总则", 1, 3, "第一章 总则");
    stands(&places, "甲", 1, 4, "第一条");
    stands(&places, "\n\f第二条", 2, 5, "第二条");
    stands(&places, "\n3.2.1", 2, 6, "3.2.1");
    stands(&places, "丁。\n\n\f\n第二章", 2, 6, "3.2.1");
    stands(&places, "\n\f\n第二章", 3, 9, "第二章 招标");
    stands(&places, "戊", 3, 10, "第二章 招标");

    pool->alloc = nothing;
    review_place_init(&places, pool, &words, document.pages, document.npages,
                      &outline);
    pool->alloc = tap_alloc;

    stands(&places, "戊", 3, 10, "第二章 招标");

    review_place_init(&places, pool, &words, NULL, 0, &outline);

    stands(&places, "戊", 0, 10, "第二章 招标");
}


static void
test_pages(void)
{
    static const review_page_t  pages[] = {
        { 0, 0, REVIEW_PAGE_BLANK }, { 0, 0, REVIEW_PAGE_TEXT },
        { 5, 5, REVIEW_PAGE_OCR }
    };

    ok(review_place_page(pages, 3, 0) == 2, "of two that start there the last");
    ok(review_place_page(pages, 3, 4) == 2, "up to the next one");
    ok(review_place_page(pages, 3, 5) == 3, "which begins a page");
    ok(review_place_page(pages, 3, 1000) == 3, "up to the end");
    ok(review_place_page(NULL, 0, 5) == 0, "no pages");
}


int
main(void)
{
    pool = tap_pool();

    test_places();
    test_pages();

    tap_pool_free(pool);

    return tap_end();
}
