
/*
 * Proves where a report finds quotes that the reviews of chunks have not found:
 * in another chunk, in a reference, nowhere; that a number is not cut there,
 * and that the finding is left as it was made.  For quotes made at random from
 * a fixed seed the text from "start" to "end" is the quote, and the heading is
 * that of a chunk with that place in it.  Then that the work is bounded, which
 * is counted, that the same quote is looked up once, and that what was not
 * looked up is said to be so.
 */

#include "tap.h"
#include "review/report/shared.h"
#include "review/base/utf8.h"

#include <jansson.h>


#define LARGE     (1024 * 1024)
#define QUOTES    4000
#define NO_LIMIT  ((uint64_t) 1 << 40)
#define FIRST     "points.0.findings.0."


static review_pool_t  *pool;
static uint64_t        seed = 20261130;
static size_t          left;             /* allocations; 0: no limit */
static int             failed;           /* one of them has */


/* chunks c1 and c2 overlap; c3 has the header of a table before it */

static const char  text[] =
    "总则。质保期为13年。投标保证金10 万元。|项|价|。工期90日。|甲|2|共110万元。工期90日。";

/*   0     3          11                22      28     34          46     52 */

static const review_heading_t  top = { NULL, review_string("总") };
static const review_heading_t  low = {
    (review_heading_t *) &top, review_string("价")
};

static const review_report_chunk_t  chunks[] = {
    { review_string("c1"), 0, 22, 0, 0, &top },
    { review_string("c2"), 11, 34, 0, 0, NULL },
    { review_string("c3"), 34, 52, 5, 22, &low }
};

static const review_report_point_t  points[] = {
    { review_string("p"), review_string("期限"), .absent = -1 }
};

static const review_heading_t  rule = { NULL, review_string("规") };

static const review_report_reference_t  references[] = {
    { review_string("empty"), { .text = review_string("") }, 0 },
    { review_string("law"),
      { .text = review_string("第一条 不少于３0日。第二条 盖章有效。") }, 2 },
    { review_string("tender"), { .text = review_string("盖章有效。自行承担。") }, 1 }
};

static const review_report_chunk_t  clauses[] = {
    { review_string("law/c1"), 0, 11, 0, 0, NULL },
    { review_string("law/c2"), 11, 20, 0, 0, &rule },
    { review_string("tender/c1"), 0, 10, 0, 0, NULL }
};


static void *
limited_alloc(review_pool_t *p, size_t size)
{
    if (left && --left == 0) {
        failed = 1;
        left = 1;
        return NULL;
    }

    return tap_alloc(p, size);
}


/* the allocation of marks in the last text, of all that a search makes */

#define MARKS  19


static size_t
roll(size_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (size_t) (seed >> 33) % n;
}


static review_report_t *
create(void)
{
    review_report_t  *report;

    static review_document_t  document = {
        .text = review_string(text)
    };

    report = review_report_create(pool, &document, chunks, 3, points, 1);

    if (review_report_text_references(report, references, 3, clauses) != 0) {
        abort();
    }

    return report;
}


/* "own" is evidence that the chunk has found, or NULL */

static void
add(review_report_t *report, size_t chunk, const char *quote, const char *own,
    size_t start, size_t end, double confidence)
{
    json_t  *evidence, *reply;

    evidence = json_pack("[{s:s, s:n, s:n, s:n, s:s}]", "quote", quote,
                         "source", "start", "end", "match", "none");

    if (own) {
        json_array_append_new(evidence,
            json_pack("{s:s, s:s, s:i, s:i, s:s}", "quote", own, "source",
                      "chunk", "start", (int) start, "end", (int) end,
                      "match", "exact"));
    }

    reply = json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:s, s:f, s:o, s:b, s:b}}]}",
                      "results", "point", "p", "status", "ok", "finding",
                      "verdict", "fail", "severity", "major", "reason", own
                      ? "own" : "none", "confidence", confidence, "evidence",
                      evidence, "grounded", 0, "needs_human", 1);

    if (review_report_read_add(report, chunk, reply) != 0) {
        abort();
    }

    json_decref(reply);
}


static void
seen(review_report_t *report, size_t chunk, const char *quote, size_t start,
    size_t end, double confidence)
{
    json_t  *reply;

    reply = json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:s, s:f, "
                      "s:[{s:s, s:s, s:i, s:i, s:s}], s:b, s:b}}]}",
                      "results", "point", "p", "status", "ok", "finding",
                      "verdict", "fail", "severity", "major", "reason", "seen",
                      "confidence", confidence, "evidence", "quote", quote,
                      "source", "chunk", "start", (int) start, "end", (int) end,
                      "match", "exact", "grounded", 1, "needs_human", 0);

    if (review_report_read_add(report, chunk, reply) != 0) {
        abort();
    }

    json_decref(reply);
}


static json_t *
told(review_report_t *report)
{
    size_t         i;
    json_t        *json;
    review_buf_t   b;

    for (i = 0; i < report->nchunks; i++) {
        (void) review_report_skip(report, i, 0,
                              REVIEW_REPORT_SKIP_WHEN);
    }

    if (review_report_verdict_finish(report) != 0) {
        abort();
    }

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, "{");
    review_report_json(report, &b);
    review_buf_puts(&b, "}");

    json = json_loadb(b.data, b.len, 0, NULL);

    if (json == NULL) {
        abort();
    }

    return json;
}


static json_t *
search(review_report_t *report, uint64_t budget)
{
    if (review_report_elsewhere_find(report, pool, budget, NULL) != 0) {
        abort();
    }

    return told(report);
}


static int
has(review_report_t *report, const char *language, const char *words)
{
    review_buf_t  b;

    review_buf_init(&b, pool, 0);
    review_report_markdown(report, &b, language, NULL);
    review_buf_add(&b, "", 1);

    return strstr(b.data, words) != NULL;
}


static json_t *
at(json_t *json, const char *path)
{
    char    name[64];
    size_t  n;

    for ( /* void */ ; *path; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int) n, path);

        json = json_is_array(json) ? json_array_get(json, strtoul(name, 0, 10))
                                   : json_object_get(json, name);
    }

    return json;
}


/* as compact JSON with ' for " */

static int
is(json_t *json, const char *path, const char *expected)
{
    int    same;
    char  *got, *p;

    got = json_dumps(at(json, path), JSON_ENCODE_ANY|JSON_COMPACT);

    for (p = got; p && *p; p++) {
        *p = *p == '"' ? '\'' : *p;
    }

    same = strcmp(got ? got : "(none)", expected) == 0;

    if (!same) {
        printf("# %s: %s, not %s\n", path, got ? got : "(none)", expected);
    }

    free(got);

    return same;
}


static void
test_places(void)
{
    size_t            i;
    json_t           *json;
    review_report_t  *report;

    static const struct {
        const char  *name;
        size_t       chunk;
        const char  *quote;
        const char  *evidence;
    } cases[] = {
        { "in another chunk", 2, "质保期为13年",
          "{'quote':'质保期为13年','source':'document','start':3,'end':10,"
          "'match':'exact','elsewhere':true,'heading':['总']}" },
        { "normalized", 2, "投标保证金10万元。",
          "{'quote':'投标保证金10 万元。','source':'document','start':11,"
          "'end':22,'match':'normalized','elsewhere':true,"
          "'heading':['总']}" },
        { "twice, the first place is told", 0, "工期90日",
          "{'quote':'工期90日','source':'document','start':28,'end':33,"
          "'match':'exact','elsewhere':true,'heading':[]}" },
        { "in a chunk that is in the text of this one", 1, "投标保证金",
          "{'quote':'投标保证金','source':'document','start':11,'end':16,"
          "'match':'exact','heading':[]}" },
        { "in a header that this chunk repeats", 2, "|项|",
          "{'quote':'|项|','source':'document','start':22,'end':25,"
          "'match':'exact','heading':['总','价']}" },
        { "across two chunks", 0, "。|甲|2|",
          "{'quote':'。|甲|2|','source':'document','start':33,'end':39,"
          "'match':'exact','elsewhere':true,'heading':[]}" },
        { "in a reference's clause", 0, "盖章有效。",
          "{'quote':'盖章有效。','source':'law','clause':'law/c2','start':15,"
          "'end':20,'match':'exact','elsewhere':true,'heading':['规']}" },
        { "in a reference, normalized", 0, "不少于30日",
          "{'quote':'不少于３0日','source':'law','clause':'law/c1','start':4,"
          "'end':10,'match':'normalized','elsewhere':true,'heading':[]}" },
        { "in the last reference", 0, "自行承担",
          "{'quote':'自行承担','source':'tender','clause':'tender/c1',"
          "'start':5,'end':9,'match':'exact','elsewhere':true,"
          "'heading':[]}" },
        { "nowhere", 0, "没有这句话",
          "{'quote':'没有这句话','source':null,'start':null,'end':null,"
          "'match':'none','searched':true,'heading':[]}" },
        { "in the middle of a number", 0, "10万元。工期",
          "{'quote':'10万元。工期','source':null,'start':null,'end':null,"
          "'match':'none','searched':true,'heading':[]}" },
        { "nothing", 0, "",
          "{'quote':'','source':null,'start':null,'end':null,"
          "'match':'none','searched':true,'heading':[]}" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        report = create();
        add(report, cases[i].chunk, cases[i].quote, NULL, 0, 0, 0.5);
        json = search(report, NO_LIMIT);

        ok(is(json, FIRST "evidence.0", cases[i].evidence), "%s",
           cases[i].name);
        ok(is(json, FIRST "grounded", "false")
           && is(json, FIRST "needs_human", "true")
           && is(json, "points.0.needs_human", "true"),
           "%s: the finding needs a person", cases[i].name);
        ok(has(report, "zh", "原文中没有")
           == (strstr(cases[i].evidence, "'none'") != NULL)
           && has(report, "en", "not in the text")
              == (strstr(cases[i].evidence, "'none'") != NULL)
           && has(report, "zh", "，不在所审的文本块中\n")
              == (strstr(cases[i].evidence, "elsewhere") != NULL)
           && has(report, "en", ", not in the chunk that was reviewed\n")
              == (strstr(cases[i].evidence, "elsewhere") != NULL)
           && !has(report, "zh", "未能"), "%s: Markdown", cases[i].name);

        json_decref(json);
    }
}


static void
test_findings(void)
{
    json_t           *json;
    review_report_t  *report;

    report = create();
    add(report, 2, "质保期为13年", NULL, 0, 0, 0.9);
    json = search(report, NO_LIMIT);

    ok(is(json, FIRST "heading", "['总']") && is(json, FIRST "chunks",
                                                 "['c3']"),
       "a finding stands where its only quote does");
    ok(has(report, "zh", "> — 总，第 3–10 字，不在所审的文本块中\n"),
       "Markdown tells the place and its heading");
    json_decref(json);

    report = create();
    add(report, 2, "质保期为13年", "|甲|2|", 5, 10, 0.9);
    json = search(report, NO_LIMIT);

    ok(is(json, FIRST "heading", "['总','价']")
       && is(json, FIRST "evidence.0.elsewhere", "true")
       && is(json, FIRST "evidence.1.quote", "'|甲|2|'"),
       "one that has a place of its own stands there");
    json_decref(json);

    report = create();
    add(report, 2, "质保期为13年", NULL, 0, 0, 0.9);
    seen(report, 0, "质保期为13年", 3, 10, 0.2);
    json = search(report, NO_LIMIT);

    ok(json_array_size(at(json, "points.0.findings")) == 2
       && is(json, "points.0.findings.0.needs_human", "false")
       && is(json, "points.0.findings.0.reason", "'seen'")
       && is(json, "points.0.findings.1.needs_human", "true")
       && is(json, "points.0.needs_human", "true"),
       "a place that was not seen makes no two findings one");
    json_decref(json);

    /* c2 has seen the place, and is one with c1 for another one */

    report = create();
    add(report, 1, "质保期为13年", "投标保证金", 0, 5, 0.9);
    seen(report, 0, "投标保证金10 万元", 11, 21, 0.2);
    json = search(report, NO_LIMIT);

    ok(json_array_size(at(json, "points.0.findings")) == 1
       && is(json, FIRST "chunks", "['c1','c2']")
       && is(json, FIRST "evidence.0.start", "3"),
       "in a finding of several chunks");
    json_decref(json);
}


/* a place that a reply has wrong is not believed, but looked up */

static void
test_wrong(void)
{
    json_t           *json;
    review_report_t  *report;

    report = create();
    seen(report, 2, "质保期为13年", 5, 12, 0.2);
    json = search(report, NO_LIMIT);

    ok(is(json, FIRST "evidence.0.start", "3")
       && is(json, FIRST "evidence.0.elsewhere", "true")
       && is(json, FIRST "grounded", "false")
       && is(json, FIRST "needs_human", "true"), "a wrong place is looked up");
    json_decref(json);
}


static int
is_unsought(review_report_t *report, json_t *json)
{
    return is(json, FIRST "evidence.0.match", "'none'")
           && is(json, FIRST "evidence.0.searched", "false")
           && is(json, FIRST "needs_human", "true")
           && has(report, "zh", "> — 未能在全文中查找\n")
           && has(report, "en", "> — not looked for in the whole text\n")
           && !has(report, "zh", "原文中没有")
           && !has(report, "en", "not in the text");
}


static void
test_unsought(void)
{
    int                  rc, bad;
    size_t               n;
    json_t              *json;
    review_pool_t       *small;
    review_report_t     *report;
    volatile uintptr_t   stop;

    bad = 0;

    report = create();
    add(report, 2, "质保期为13年", NULL, 0, 0, 0.9);
    ok(review_report_elsewhere_size(report) > sizeof(text), "there is work");
    json = told(report);
    ok(is_unsought(report, json), "nobody has looked for it");
    json_decref(json);

    report = create();
    add(report, 2, "质保期为13年", NULL, 0, 0, 0.9);
    json = search(report, 1000);
    ok(is_unsought(report, json) && report->read <= 1000, "it was too much");
    json_decref(json);

    stop = 1;
    report = create();
    add(report, 2, "质保期为13年", NULL, 0, 0, 0.9);
    ok(review_report_elsewhere_find(report, pool, NO_LIMIT, &stop) == 0,
       "nobody waits");
    json = told(report);
    ok(is_unsought(report, json), "nobody waited");
    json_decref(json);

    for (n = 1, rc = -1; n < 1000 && rc != 0; n++) {
        report = create();
        add(report, 2, "质保期为12年", NULL, 0, 0, 0.9);

        small = tap_pool();
        small->alloc = limited_alloc;
        left = n;
        failed = 0;
        rc = review_report_elsewhere_find(report, small, NO_LIMIT, NULL);
        rc = failed ? -1 : rc;
        left = 0;
        tap_pool_free(small);

        json = told(report);

        /* the last piece of memory only makes a search faster */

        if (rc == 0 || n == MARKS) {
            bad += !is(json, FIRST "evidence.0.searched", "true");

        } else {
            bad += !is_unsought(report, json);
        }

        json_decref(json);
    }

    ok(n > 5 && rc == 0 && bad == 0, "no memory for any of %zu allocations",
       n - 2);

    report = create();
    seen(report, 0, "质保期为13年", 3, 10, 0.2);
    ok(review_report_elsewhere_size(report) == 0
       && review_report_elsewhere_find(report, pool, 0, NULL) == 0
       && report->read == 0, "nothing has to be looked for");
}


/* any piece of the document, asked of any chunk */

static void
test_random(void)
{
    int                              bad, found;
    char                             quote[sizeof(text)];
    size_t                           i, n, from, to, chunk;
    review_str_t                     piece;
    review_report_t                 *report;
    review_report_evidence_t        *e;
    const review_report_chunk_t     *c;

    n = review_utf8_count(text, sizeof(text) - 1);
    bad = 0;
    found = 0;

    for (i = 0; i < 2000; i++) {
        from = roll(n);
        to = from + 1 + roll(n - from);
        chunk = roll(3);

        report = create();
        (void) review_report_text_slice(&report->texts[0], from, to, &piece);
        snprintf(quote, sizeof(quote), "%.*s", (int) piece.len, piece.data);
        add(report, chunk, quote, NULL, 0, 0, 0.5);

        if (review_report_elsewhere_find(report, pool, NO_LIMIT, NULL) != 0) {
            abort();
        }

        e = report->cells[chunk].u.finding->evidence;

        if (e->kind != REVIEW_REPORT_DOCUMENT) {
            bad += !e->sought && e->kind != REVIEW_REPORT_REFERENCE;
            continue;
        }

        found++;
        c = &chunks[e->chunk];

        bad += review_report_text_slice(&report->texts[0], e->start, e->end,
                                        &piece) != 0
               || review_report_index_order(&piece, &e->quote) != 0
               || e->start > from || e->start >= e->end
               || (!(e->start >= c->start && e->start < c->end)
                   && !(e->start >= 22 && e->end <= 27 && e->chunk == 2));
    }

    ok(found > 1400 && bad == 0, "%d of %zu pieces stand where they are said "
       "to, %d don't", found, i, bad);
}


/* as many quotes as there may be, in a large document */

static void
test_large(void)
{
    char                        *data, quote[64];
    size_t                       i, n, sought, found;
    json_t                      *list, *reply;
    review_document_t            document;
    review_report_t             *report;
    review_report_chunk_t        chunk;
    review_report_evidence_t    *e;

    static const uint64_t  budgets[] = {
        (uint64_t) 100 * LARGE, (uint64_t) 1000 * LARGE, NO_LIMIT
    };

    data = review_alloc(pool, LARGE);

    for (i = 0; i < LARGE; i++) {
        data[i] = (char) ('a' + roll(26));
    }

    memset(&document, 0, sizeof(document));
    document.text.data = data;
    document.text.len = LARGE;

    memset(&chunk, 0, sizeof(chunk));
    chunk.id.data = "c1";
    chunk.id.len = 2;
    chunk.end = 1;

    for (n = 0; n < 3; n++) {
        report = review_report_create(pool, &document, &chunk, 1, points, 1);
        list = json_array();

        for (i = 0; i < QUOTES; i++) {

            if (n == 2) {
                snprintf(quote, sizeof(quote), "Is it there? %d", (int) i % 2);

            } else if (i % 4) {
                snprintf(quote, sizeof(quote), "quote %06d", (int) i);

            } else {
                snprintf(quote, sizeof(quote), "%.10s", data + roll(LARGE / 2));
            }

            json_array_append_new(list, json_pack("{s:s, s:s}", "quote", quote,
                                                  "match", "none"));
        }

        reply = json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:o}}]}", "results",
                          "point", "p", "status", "ok", "finding", "verdict",
                          "fail", "severity", "major", "evidence", list);

        if (review_report_read_add(report, 0, reply) != 0
            || review_report_elsewhere_find(report, pool, budgets[n], NULL)
               != 0)
        {
            abort();
        }

        json_decref(reply);

        sought = 0;
        found = 0;

        for (i = 0; i < QUOTES; i++) {
            e = &report->cells[0].u.finding->evidence[i];
            found += e->kind == REVIEW_REPORT_DOCUMENT;
            sought += e->sought;
        }

        printf("# %zu found, %zu nowhere, %zu not looked for, %.0f MB read\n",
               found, sought, QUOTES - found - sought,
               (double) report->read / LARGE);

        ok(report->read <= budgets[n], "work is bounded");

        switch (n) {

        case 0:
            ok(found + sought > 0 && found + sought < QUOTES,
               "some are not looked for");
            break;

        case 1:
            ok(found + sought == QUOTES && found >= QUOTES / 4
               && report->read < review_report_elsewhere_size(report) / 10,
               "an index spares most of the reading");
            break;

        default:
            ok(sought == QUOTES && report->read < 16 * LARGE + 64 * 1024,
               "the same quotes are looked up once");
        }
    }
}


int
main(void)
{
    pool = tap_pool();

    test_places();
    test_findings();
    test_wrong();
    test_unsought();
    test_random();
    test_large();

    tap_pool_free(pool);

    return tap_end();
}
