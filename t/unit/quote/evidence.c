
/*
 * Proves where a quote is said to stand if there are several texts: verbatim
 * in any of them is better than normalized in an earlier one, and of places
 * that are as good the first text has it.
 */

#include "tap.h"
#include "review/quote/evidence.h"


#define TEXTS  3

static review_pool_t    *pool;
static review_quote_t   *q;
static review_source_t  *sources[TEXTS];

static const char  *texts[TEXTS] = {
    "投标有效期为90日。第一章 总则",
    "投标有效期为９０日。投标保证金，两万元。第一章 总则",
    "投标保证金,两万元。前言：投标保证金，两万元。"
};


static review_evidence_t
find(const char *text, size_t nsources)
{
    review_str_t       quote;
    review_evidence_t  e;

    memset(&e, 0xff, sizeof(e));

    quote.data = text;
    quote.len = strlen(text);

    review_evidence_find(q, sources, nsources, &quote, 1, &e);

    return e;
}


static void
test_choice(void)
{
    review_evidence_t  e;

    e = find("第一章 总则", TEXTS);
    ok(e.span.match == REVIEW_MATCH_EXACT && e.source == 0,
       "in two texts: the first");

    e = find("投标有效期为９０日", TEXTS);
    ok(e.span.match == REVIEW_MATCH_EXACT && e.source == 1,
       "verbatim in the second, normalized in the first");
    ok(e.span.start == 0 && e.span.end == 9, "where it stands there");
    is_str(e.span.text, "投标有效期为９０日", "and its text");

    e = find("投标保证金,两万元", TEXTS);
    ok(e.span.match == REVIEW_MATCH_EXACT && e.source == 2,
       "verbatim in the last");

    e = find("投标保证金， 两万元。", TEXTS);
    ok(e.span.match == REVIEW_MATCH_NORMALIZED && e.source == 1,
       "normalized in two: the first of them");
    is_str(e.span.text, "投标保证金，两万元。", "the original's own text");

    e = find("前言", TEXTS);
    ok(e.span.match == REVIEW_MATCH_EXACT && e.source == 2
       && e.span.start == 10 && e.span.end == 12, "in the last alone");
}


static void
test_none(void)
{
    review_evidence_t  e;

    e = find("工程质量保证金", TEXTS);
    ok(e.span.match == REVIEW_MATCH_NONE && e.source == 0, "nowhere");

    e = find("", TEXTS);
    ok(e.span.match == REVIEW_MATCH_NONE && e.source == 0, "no quote");

    e = find("前言", 2);
    ok(e.span.match == REVIEW_MATCH_NONE, "in a text that is not asked");

    e = find("投标有效期", 1);
    ok(e.span.match == REVIEW_MATCH_EXACT && e.source == 0, "one text");
}


static void
test_many(void)
{
    size_t             i;
    review_evidence_t  e[4];
    review_str_t       quotes[] = {
        review_string("前言"), review_string("没有"),
        review_string("有效期为90日"), review_string("有效期为９０日")
    };

    review_evidence_find(q, sources, TEXTS, quotes, 4, e);

    ok(e[0].source == 2 && e[0].span.match == REVIEW_MATCH_EXACT, "the last");
    ok(e[1].source == 0 && e[1].span.match == REVIEW_MATCH_NONE, "none");
    ok(e[2].source == 0 && e[2].span.match == REVIEW_MATCH_EXACT, "the first");
    ok(e[3].source == 1 && e[3].span.match == REVIEW_MATCH_EXACT,
       "what is not found does not spoil the next");

    for (i = 0; i < 4; i++) {
        e[i].source = 77;
    }

    review_evidence_find(q, sources, TEXTS, quotes, 0, e);
    ok(e[0].source == 77, "no quotes at all");

    review_evidence_find(q, sources, TEXTS, quotes, 2, e);
    ok(e[1].source == 0 && e[2].source == 77, "as many as there are quotes");
}


int
main(void)
{
    size_t  i;

    pool = tap_pool();

    q = review_quote_create(pool);

    for (i = 0; i < TEXTS; i++) {
        sources[i] = review_quote_source_create(pool, texts[i],
                                                strlen(texts[i]));
    }

    test_choice();
    test_none();
    test_many();

    tap_pool_free(pool);

    return tap_end();
}
