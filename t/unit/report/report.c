
/*
 * Proves what a report says: first case by case, then for documents, chunks
 * and findings made at random from a fixed seed, against a slow and plain way
 * to find out what is one.  Also that replies may come in any order, that they
 * may be anything, that what has failed may be asked again, that memory may end
 * anywhere, and that much is no trouble.
 */

#include "tap.h"
#include "review/report/report.h"
#include "review/base/utf8.h"

#include <time.h>


#define CASES   1500
#define SMALL   8                        /* chunks, of a case */
#define QUOTES  4                        /* of a finding */


static review_pool_t  *pool;
static uint64_t        seed = 20240607;


static size_t
roll(size_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (size_t) (seed >> 33) % n;
}


/* JSON with ' for " */

static json_t *
parse(const char *fmt, ...)
{
    char          text[8192], *p;
    json_t       *json;
    va_list       args;
    json_error_t  error;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    for (p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    json = json_loads(text, JSON_DECODE_ANY|JSON_ALLOW_NUL, &error);

    if (json == NULL) {
        printf("# %s: %s\n", error.text, text);
        abort();
    }

    return json;
}


static void
add(review_report_t *report, size_t chunk, json_t *reply)
{
    if (review_report_read_add(report, chunk, reply) != 0) {
        abort();
    }

    json_decref(reply);
}


/* a reply that has one result, which is ok */

static json_t *
finding(const char *point, const char *verdict, const char *severity,
    const char *confidence, const char *evidence)
{
    return parse("{'results':[{'point':'%s','status':'ok','attempts':1,"
                 "'elapsed_ms':7,'finding':{'verdict':'%s','severity':'%s',"
                 "'reason':'because %s','suggestion':'do','confidence':%s,"
                 "'evidence':[%s],'grounded':true,'needs_human':false}}],"
                 "'usage':{'calls':2,'retries':1,'prompt_tokens':10,"
                 "'completion_tokens':5,'total_tokens':15}}",
                 point, verdict, severity, confidence, confidence, evidence);
}


/* the finished report, parsed; the caller owns it */

static json_t *
finish(review_report_t *report)
{
    json_t        *json;
    review_buf_t   b;
    json_error_t   error;

    if (review_report_verdict_finish(report) != 0) {
        abort();
    }

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, "{");
    review_report_json(report, &b);
    review_buf_puts(&b, "}");

    json = b.failed ? NULL : json_loadb(b.data, b.len, JSON_ALLOW_NUL
                                        |JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        printf("# %s: %.*s\n", error.text, (int) b.len, b.data);
        abort();
    }

    return json;
}


/* "points.0.findings.1.reason" */

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


/* is it this JSON, with ' for "? */

static int
is(json_t *json, const char *path, const char *expected)
{
    int     same;
    char   *text;
    json_t *other;

    other = parse("%s", expected);
    same = json_equal(at(json, path), other);

    if (!same) {
        text = json_dumps(at(json, path), JSON_ENCODE_ANY);
        printf("# %s: %s, not %s\n", path, text ? text : "-", expected);
        free(text);
    }

    json_decref(other);

    return same;
}


static const char  text[] =
    "第一章 总则。投标有效期为 90日。|a|b|。第二章 保证金共计为两万元。|1|2|第三章";

/*   0                         18                                38   43 */

static const review_heading_t  outer = { NULL, review_string("总") };
static const review_heading_t  inner = {
    (review_heading_t *) &outer, review_string("章")
};

static const review_report_chunk_t  chunks[] = {
    { review_string("c1"), 0, 24, 0, 0, &inner },
    { review_string("c2"), 18, 38, 0, 0, &outer },
    { review_string("c3"), 38, 43, 5, 18, NULL },
    { review_string("c4"), 43, 46, 0, 0, NULL }
};

static const review_report_point_t  points[] = {
    { review_string("p1"), review_string("期限"), .absent = -1 },
    { review_string("p0"), review_string("金额"), .absent = -1 }
};


static const review_heading_t  rule = { NULL, review_string("规") };

static const review_report_reference_t  references[] = {
    { review_string("law"),
      { .text = review_string("第一条 期限为九十日。|a|b|1|2|3|4|。") }, 3 },
    { review_string("l|w"), { .text = review_string("𠮷q。") }, 1 }
};

static const review_report_chunk_t  clauses[] = {
    { review_string("law/c1"), 0, 16, 0, 0, &rule },
    { review_string("law/c2"), 7, 19, 0, 0, NULL },
    { review_string("law/c3"), 19, 25, 5, 11, &rule },
    { review_string("l|w/c1"), 0, 3, 0, 0, NULL }
};


static review_report_t *
with_references(review_report_t *report)
{
    return report && review_report_text_references(report, references, 2,
                                                   clauses)
                     == 0 ? report : NULL;
}


static review_report_t *
create(size_t nchunks, size_t npoints)
{
    static review_document_t  document = {
        .text = review_string(text)
    };

    return with_references(review_report_create(pool, &document, chunks,
                                                nchunks, points, npoints));
}


static void
test_merge(void)
{
    json_t           *json;
    review_report_t  *report;

    report = create(2, 1);

    /* "|a|b|" is [18, 23) in the document */

    add(report, 1, finding("p1", "risk", "minor", "0.8",
                           "{'quote':'|b|','source':'chunk','start':2,"
                           "'end':5,'match':'exact'}"));
    add(report, 0, finding("p1", "risk", "major", "0.5",
                           "{'quote':'|a|b|','source':'chunk','start':18,"
                           "'end':23,'match':'normalized'},"
                           "{'quote':'|b|','source':'chunk','start':20,"
                           "'end':23,'match':'normalized'}"));

    json = finish(report);

    ok(is(json, "status", "'complete'"), "complete");
    ok(json_array_size(at(json, "points.0.findings")) == 1, "one finding");
    ok(is(json, "points.0.findings.0.reason", "'because 0.8'"),
       "words of the higher confidence");
    ok(is(json, "points.0.findings.0.severity", "'major'"), "worst severity");
    ok(is(json, "points.0.findings.0.chunks", "['c1','c2']"), "both chunks");
    ok(is(json, "points.0.findings.0.heading", "['总','章']"), "heading");
    ok(is(json, "points.0.findings.0.evidence",
          "[{'quote':'|a|b|','source':'document','start':18,'end':23,"
          "'match':'normalized','heading':['总','章']},"
          "{'quote':'|b|','source':'document','start':20,'end':23,"
          "'match':'exact','heading':['总','章']}]"), "evidence of both");
    ok(is(json, "points.0.cells",
          "{'ok':2,'failed':0,'timeout':0,'skipped':0}"), "cells counted");
    ok(is(json, "usage", "{'calls':4,'retries':2,'prompt_tokens':20,"
                         "'completion_tokens':10,'total_tokens':30}"),
       "usage");
    ok(is(json, "cells", "[{'chunk':'c1','point':'p1','status':'ok',"
                         "'attempts':1,'elapsed_ms':7,'verdict':'risk'},"
                         "{'chunk':'c2','point':'p1','status':'ok',"
                         "'attempts':1,'elapsed_ms':7,'verdict':'risk'}]"),
       "cells");
    ok(is(json, "chunks.1", "{'id':'c2','start':18,'end':38,"
                            "'heading':['总'],'status':'complete'}"),
       "chunks");

    json_decref(json);
}


/* one finding of one chunk, and what becomes of its evidence */

static json_t *
evidence(size_t chunk, const char *list)
{
    review_report_t  *report;

    report = create(4, 1);
    add(report, chunk, finding("p1", "fail", "major", "1", list));

    return finish(report);
}


#define FIRST  "points.0.findings.0."

static void
test_place(void)
{
    json_t  *json;

    json = evidence(2, "{'quote':'|a|','source':'chunk','start':0,'end':3,"
                       "'match':'exact'}");
    ok(is(json, FIRST "evidence.0.start", "18")
       && is(json, FIRST "evidence.0.end", "21"), "in a repeated header");
    json_decref(json);

    json = evidence(2, "{'quote':'b||1|2','source':'chunk','start':3,'end':9,"
                       "'match':'exact'}");
    ok(is(json, FIRST "evidence.0.start", "38")
       && is(json, FIRST "evidence.0.quote", "'|1|2'"),
       "on the seam: the larger part, of the body");
    json_decref(json);

    json = evidence(2, "{'quote':'a|b||1','source':'chunk','start':1,'end':7,"
                       "'match':'normalized'}");
    ok(is(json, FIRST "evidence.0.start", "19")
       && is(json, FIRST "evidence.0.end", "23")
       && is(json, FIRST "evidence.0.quote", "'a|b|'")
       && is(json, FIRST "grounded", "true"),
       "on the seam: the larger part, of the header");
    json_decref(json);

    json = evidence(2, "{'quote':'||','source':'chunk','start':4,'end':6,"
                       "'match':'exact'}");
    ok(is(json, FIRST "evidence.0.start", "38"), "halves: that of the body");
    json_decref(json);

    json = evidence(3, "{'quote':'第三章','source':'chunk','start':0,'end':3,"
                       "'match':'exact'}");
    ok(is(json, FIRST "evidence.0.start", "43")
       && is(json, FIRST "evidence.0.end", "46"), "to the very end");
    json_decref(json);

    json = evidence(0, "{'quote':'九十日','source':'law/c2','start':0,"
                       "'end':3,'match':'exact'}");
    ok(is(json, FIRST "evidence.0",
          "{'quote':'九十日','source':'law','clause':'law/c2','start':7,"
          "'end':10,'match':'exact','heading':[]}"), "of a reference");
    ok(is(json, FIRST "heading", "['总','章']"), "and the chunk's heading");
    json_decref(json);

    json = evidence(0, "{'quote':'|a|b|','source':'law/c3','start':0,"
                       "'end':5,'match':'exact'}");
    ok(is(json, FIRST "evidence.0",
          "{'quote':'|a|b|','source':'law','clause':'law/c3','start':11,"
          "'end':16,'match':'exact','heading':['规']}"),
       "in a clause's repeated header");
    json_decref(json);

    json = evidence(0, "{'quote':'b||3|','source':'law/c3','start':3,"
                       "'end':8,'match':'exact'}");
    ok(is(json, FIRST "evidence.0.quote", "'|3|'")
       && is(json, FIRST "evidence.0.start", "19")
       && is(json, FIRST "evidence.0.end", "22")
       && is(json, FIRST "grounded", "true"), "on the seam of a clause");
    json_decref(json);
}


/* places of references that two chunks quote from clauses that overlap */

static void
test_references(void)
{
    int               order;
    json_t           *json;
    review_report_t  *report;

    static const char *const  said[] = {
        "{'quote':'|b|','source':'chunk','start':20,'end':23,"
            "'match':'exact'},"
        "{'quote':'𠮷','source':'l|w/c1','start':0,'end':1,'match':'exact'},"
        "{'quote':'日','source':'law/c2','start':2,'end':3,'match':'exact'},"
        "{'quote':'九十日','source':'law/c2','start':0,'end':3,"
            "'match':'exact'}",

        "{'quote':'九十日','source':'law/c1','start':7,'end':10,"
            "'match':'normalized'},"
        "{'quote':'|a|b|','source':'chunk','start':0,'end':5,"
            "'match':'exact'},"
        "{'quote':'|a|b|','source':'law/c3','start':0,'end':5,"
            "'match':'exact'},"
        "{'quote':'|a|b|','source':'law/c1','start':11,'end':16,"
            "'match':'exact'}"
    };

    for (order = 0; order < 2; order++) {
        report = create(2, 1);
        add(report, (size_t) order,
            finding("p1", "risk", "minor", "0.8", said[order]));
        add(report, (size_t) !order,
            finding("p1", "risk", "minor", "0.8", said[!order]));
        json = finish(report);

        ok(json_array_size(at(json, FIRST "evidence")) == 6
           && is(json, FIRST "evidence.2",
                 "{'quote':'九十日','source':'law','clause':'law/c1',"
                 "'start':7,'end':10,'match':'exact','heading':['规']}")
           && is(json, FIRST "evidence.3.quote", "'日'")
           && is(json, FIRST "evidence.4.clause", "'law/c1'")
           && is(json, FIRST "evidence.5.source", "'l|w'"),
           "each place of a reference once, reference by reference");
        json_decref(json);
    }

    report = create(1, 0);
    ok(review_report_text_references(report, NULL, 0, NULL) == 0, "no "
       "references");
}


static void
test_nowhere(void)
{
    size_t   i;
    json_t  *json;

    static const char *const  lists[] = {
        "{'quote':'章','source':'chunk','start':3,'end':4,'match':'exact'}",
        "{'quote':'第三章','source':'chunk','start':0,'end':4,"
            "'match':'exact'}",
        "{'quote':'','source':'chunk','start':1,'end':1,'match':'exact'}",
        "{'quote':'章','source':'chunk','start':3,'end':2,'match':'exact'}",
        "{'quote':'章','source':'chunk','start':-1,'end':2,'match':'exact'}",
        "{'quote':'章','source':'chunk','start':9223372036854775807,"
            "'end':9223372036854775807,'match':'exact'}",
        "{'quote':'一','source':'chunk','start':2,'end':3,'match':'exact'}",
        "{'quote':'章','source':'chunk','start':'2','end':3,'match':'exact'}",
        "{'quote':'章','source':'chunk','start':2.0,'end':3,'match':'exact'}",
        "{'quote':'章','source':'chunk','start':2,'end':3}",
        "{'quote':'章','source':'chunk','start':2,'end':3,'match':'none'}",
        "{'quote':'章','source':'chunk','start':2,'end':3,'match':'same'}",
        "{'quote':'章','source':'document','start':2,'end':3,"
            "'match':'exact'}",
        "{'quote':'章','source':null,'start':2,'end':3,'match':'exact'}",
        "{'quote':'章','source':'','start':2,'end':3,'match':'exact'}",
        "{'quote':'章'}",
        "{'quote':'第','source':'law','start':0,'end':1,'match':'exact'}",
        "{'quote':'第','source':'law/c4','start':0,'end':1,'match':'exact'}",
        "{'quote':'第','source':'law/c01','start':0,'end':1,"
            "'match':'exact'}",
        "{'quote':'第','source':'law/c1\\u0000','start':0,'end':1,"
            "'match':'exact'}",
        "{'quote':'第','source':'law/c2','start':0,'end':1,'match':'exact'}",
        "{'quote':'1','source':'law/c1','start':16,'end':17,'match':'exact'}",
        "{'quote':'𠮷q。','source':'l|w/c1','start':0,'end':4,"
            "'match':'exact'}",
        "{'quote':'','source':'l|w/c1','start':0,'end':0,'match':'exact'}",
        "{'quote':'q','source':'l|w/c1','start':4294967295,"
            "'end':4294967295,'match':'exact'}", NULL
    };

    for (i = 0; lists[i]; i++) {
        json = evidence(3, lists[i]);

        ok(is(json, FIRST "evidence.0.match", "'none'")
           && is(json, FIRST "evidence.0.source", "null")
           && is(json, FIRST "evidence.0.start", "null")
           && is(json, FIRST "evidence.0.end", "null")
           && is(json, FIRST "grounded", "false")
           && is(json, FIRST "needs_human", "true"),
           "nowhere: %s", lists[i]);

        json_decref(json);
    }
}


static void
test_bad(void)
{
    size_t            i;
    json_t           *json;
    review_report_t  *report;

    static const char *const  replies[] = {
        "null", "1", "[]", "{}", "{'results':null}", "{'results':{'p1':1}}",
        "{'results':[null,1,'p1',[],{}]}", "{'results':[{'point':1}]}",
        "{'results':[{'point':'p2','status':'skipped'}]}",
        "{'results':[{'point':'p1','status':'done'}]}",
        "{'results':[{'point':'p1','status':'ok'}]}",
        "{'results':[{'point':'p1','status':'ok','finding':[]}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{}}]}",
        "{'results':[{'point':'p1','status':'failed'}]}",
        "{'results':[{'point':'p1','status':'failed','error':{}}]}",
        "{'results':[{'point':'p1','status':'timeout','error':{'code':1}}]}",
        "{'results':[{'point':'p1','status':'failed','error':"
            "{'code':'a','detail':[]}}],'usage':[]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'good',"
            "'severity':'major','evidence':[]}}],'usage':{'calls':-1}}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'pass',"
            "'evidence':[]}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'pass',"
            "'severity':'major'}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'pass',"
            "'severity':'major','evidence':{}}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'pass',"
            "'severity':'major','evidence':['a']}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'risk',"
            "'severity':'major','evidence':[{'quote':1}]}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'risk',"
            "'severity':'major','evidence':[],'reason':1}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'risk',"
            "'severity':'major','evidence':[],'confidence':1.1}}]}",
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'risk',"
            "'severity':'major','evidence':[],'confidence':'1'}}]}", NULL
    };

    for (i = 0; replies[i]; i++) {
        report = create(1, 1);
        add(report, 0, parse("%s", replies[i]));
        json = finish(report);

        ok(is(json, "cells.0.error.code", "'bad_reply'")
           && is(json, "status", "'failed'")
           && is(json, "points.0.verdict", "null")
           && is(json, "points.0.findings", "[]")
           && is(json, "usage.calls", "0"), "bad reply: %s", replies[i]);

        json_decref(json);
    }
}


static void
test_odd(void)
{
    json_t                  *json;
    review_report_t         *report;
    review_report_counts_t   counts;

    report = create(2, 2);
    add(report, 0, parse("{'results':["
        "{'point':'p1','status':'ok','finding':{'verdict':'x'}},"
        "{'point':'p1','status':'ok','attempts':'3','elapsed_ms':-5,"
        "'finding':{'verdict':'unsure','severity':'info','evidence':[],"
        "'data':{'a':[0.1,'b']},'needs_human':false}},"
        "{'point':'p1','status':'skipped'},"
        "{'point':'p0','status':'skipped','attempts':99999999999}],"
        "'usage':{'calls':9223372036854775807,'retries':1.5,"
        "'prompt_tokens':9223372036854775807}}"));
    add(report, 1, parse("{'results':[],'usage':{'calls':5,"
                         "'prompt_tokens':5}}"));

    review_report_counts(report, &counts);
    ok(counts.total == 4 && counts.ok == 1 && counts.skipped == 1
       && counts.failed == 2 && counts.timeout == 0, "counts");

    add(report, 0, parse("{}"));
    add(report, 9, parse("{}"));
    (void) review_report_skip(report, 9, 0,
                              REVIEW_REPORT_SKIP_WHEN);
    (void) review_report_skip(report, 0, 9,
                              REVIEW_REPORT_SKIP_WHEN);
    (void) review_report_skip(report, 0, 0,
                              REVIEW_REPORT_SKIP_WHEN);
    (void) review_report_fail(report, 9, REVIEW_CODE_CUT, "b");
    (void) review_report_fail(report, 0, REVIEW_CODE_CUT, "b");

    json = finish(report);

    ok(is(json, "points.0.verdict", "'unsure'")
       && is(json, "points.0.findings.0.data", "{'a':[0.1,'b']}")
       && is(json, "points.0.findings.0.reason", "''")
       && is(json, "points.0.findings.0.confidence", "null")
       && is(json, "points.0.findings.0.needs_human", "true"),
       "the first result that makes sense");
    ok(is(json, "cells.0.attempts", "0")
       && is(json, "cells.0.elapsed_ms", "0")
       && is(json, "cells.1.attempts", "4294967295"), "numbers in bounds");
    ok(is(json, "usage.calls", "9223372036854775807")
       && is(json, "usage.prompt_tokens", "9223372036854775807")
       && is(json, "usage.retries", "0"), "usage does not overflow");
    ok(is(json, "status", "'partial'") && is(json, "chunks.0.status",
                                             "'complete'")
       && is(json, "chunks.1.status", "'failed'"), "statuses");

    json_decref(json);
}


/* of a machine that is newer */

static void
test_foreign(void)
{
    json_t           *json;
    review_report_t  *report;

    report = create(2, 2);
    add(report, 0, parse("{'results':[{'point':'p0','status':'failed',"
                         "'error':{'code':'of_tomorrow','detail':'d'}},"
                         "{'point':'p1','status':'timeout','error':{'code':"
                         "'http_0503','detail':'d'}}]}"));
    add(report, 1, parse("{'results':[{'point':'p0','status':'timeout',"
                         "'error':{'code':'connect','detail':'d'}},"
                         "{'point':'p1','status':'failed','error':{'code':"
                         "'http_503','detail':'d'}}]}"));

    json = finish(report);

    ok(is(json, "cells.1.error", "{'code':'of_tomorrow','detail':'d'}")
       && is(json, "cells.1.status", "'failed'")
       && is(json, "cells.0.error", "{'code':'http_0503','detail':'d'}")
       && is(json, "cells.0.status", "'timeout'"),
       "codes that are not known stay as they are");
    ok(is(json, "cells.3.error", "{'code':'connect','detail':'d'}")
       && is(json, "cells.3.status", "'timeout'")
       && is(json, "cells.2.error", "{'code':'http_503','detail':'d'}")
       && is(json, "cells.2.status", "'failed'"),
       "statuses are those that were told");

    json_decref(json);
}


static void
test_told(void)
{
    json_t                  *json;
    review_report_t         *report;
    review_report_counts_t   counts;

    report = create(4, 2);
    (void) review_report_skip(report, 0, 1,
                              REVIEW_REPORT_SKIP_WHEN);
    (void) review_report_fail(report, 0, REVIEW_CODE_DEADLINE, NULL);
    (void) review_report_fail(report, 1, review_code_http(503),
                              "bad \xff end");
    add(report, 2, parse("{'results':[{'point':'p0','status':'timeout',"
                         "'error':{'code':'call_timeout','detail':'d'}}]}"));

    review_report_counts(report, &counts);
    ok(counts.total == 6 && counts.ok == 0 && counts.skipped == 1
       && counts.failed == 3 && counts.timeout == 2, "counts so far");

    json = finish(report);
    review_report_counts(report, &counts);

    ok(counts.total == 8 && counts.failed == 5, "all cells are told of");
    ok(is(json, "cells.0.error", "{'code':'deadline','detail':''}")
       && is(json, "cells.0.status", "'timeout'")
       && is(json, "cells.1.status", "'skipped'"), "skipped, not failed");
    ok(is(json, "cells.3.error", "{'code':'http_503','detail':'bad '}"),
       "the detail is cut where it is not UTF-8");
    ok(is(json, "cells.4.error.code", "'bad_reply'")
       && is(json, "cells.5.error.code", "'call_timeout'")
       && is(json, "cells.7.error.code", "'internal'"), "errors");
    ok(is(json, "points.0.verdict", "null")
       && is(json, "points.1.verdict", "null")
       && is(json, "points.1.needs_human", "true"), "verdicts of no findings");
    ok(is(json, "status", "'partial'"), "partial");
    ok(review_report_verdict_finish(report) == 0, "finished once more");

    json_decref(json);
}


/* a reply that has one result, which has failed */

static json_t *
failure(const char *point, const char *code, const char *more)
{
    return parse("{'results':[{'point':'%s','status':'failed','attempts':3,"
                 "'elapsed_ms':7,'error':{'code':'%s','detail':'d'%s}}],"
                 "'usage':{'calls':3,'retries':2,'prompt_tokens':1,"
                 "'completion_tokens':0,'total_tokens':1}}",
                 point, code, more);
}


static unsigned
is_state(const review_report_t *report, size_t chunk, size_t point,
    const char *code, unsigned attempts)
{
    char                    name[REVIEW_CODE_NAME];
    review_report_state_t   state;

    review_report_state(report, chunk, point, &state);

    return state.told && state.attempts == attempts
           && strcmp(review_code_name(state.code, name), code) == 0;
}


/* what has failed is asked again: it stays until there is something else */

static void
test_again(void)
{
    json_t                  *json;
    review_report_t         *report;
    review_report_state_t    state;
    review_report_counts_t   counts;

    report = create(3, 2);
    review_report_state(report, 0, 0, &state);
    ok(!state.told && state.code == REVIEW_CODE_OK, "nothing is told");

    add(report, 0, failure("p1", "cut", ""));
    ok(is_state(report, 0, 0, "cut", 3)
       && is_state(report, 0, 1, "bad_reply", 0), "failed");
    add(report, 1, failure("p1", "llm_error", ""));
    ok(is_state(report, 1, 0, "llm_error", 3), "so has another");
    add(report, 2, failure("p1", "quota", ""));

    review_report_again(report, 0, 0);
    review_report_again(report, 0, 0);
    review_report_again(report, 1, 0);
    review_report_counts(report, &counts);
    ok(counts.failing == 2 && counts.failed == 4 && counts.total == 4,
       "what is asked again is counted for that, and once");
    ok(is_state(report, 0, 0, "cut", 3), "its failure is kept");

    add(report, 0, failure("p1", "connect", ""));
    review_report_counts(report, &counts);
    ok(is_state(report, 0, 0, "connect", 6) && counts.failing == 1
       && counts.failed == 5 && counts.calls == 12 && counts.retries == 9,
       "the next failure takes its place, tries and usage add up");

    review_report_again(report, 0, 0);
    add(report, 0, finding("p1", "pass", "minor", "1", ""));
    ok(is_state(report, 0, 0, "ok", 7), "so does an answer");

    review_report_again(report, 0, 0);
    add(report, 0, failure("p1", "cut", ""));
    (void) review_report_fail(report, 0, REVIEW_CODE_CUT, "");
    review_report_settle(report, 0);
    review_report_counts(report, &counts);
    ok(is_state(report, 0, 0, "ok", 7) && counts.ok == 1,
       "which nothing takes away");

    (void) review_report_fail(report, 1, REVIEW_CODE_CUT, "e");
    ok(is_state(report, 1, 0, "cut", 3), "a chunk's failure is a cell's");
    review_report_again(report, 1, 0);
    review_report_again(report, 2, 1);
    review_report_settle(report, 1);
    (void) review_report_fail(report, 1, REVIEW_CODE_DEADLINE, "");

    json = finish(report);
    review_report_counts(report, &counts);
    ok(is(json, "cells.2.error.code", "'cut'")
       && is(json, "cells.2.attempts", "3")
       && is(json, "cells.5.error.code", "'bad_reply'")
       && counts.failing == 0 && counts.total == 6 && counts.failed == 5,
       "at the end there are the last failures");
    ok(is(json, "points.0.cells",
          "{'ok':1,'failed':2,'timeout':0,'skipped':0}"), "they count");

    json_decref(json);
}


static size_t  taken;


static void *
counted_alloc(review_pool_t *counted, size_t size)
{
    (void) counted;

    taken += size;

    return review_alloc(pool, size);
}


/* rounds of an hour, each with a reason of its own, take no more memory */

static void
test_rounds(void)
{
    char                      detail[64];
    size_t                    i, first;
    json_t                   *json;
    review_report_t          *report;
    review_pool_t             counted = { .alloc = counted_alloc };
    static review_document_t  document = {
        .text = review_string(text)
    };

    report = review_report_create(&counted, &document, chunks, 4, points, 2);
    first = 0;

    for (i = 0; i < 40000; i++) {
        snprintf(detail, sizeof(detail), ",'detail':'request %zu'", i);
        add(report, i % 4, failure("p1", "http_500", detail));
        review_report_again(report, i % 4, 0);
        first = i == 0 ? taken : first;
    }

    ok(taken - first < 2 * 1024 * 1024, "40000 rounds took %zu KB",
       (taken - first) / 1024);

    json = finish(report);
    ok(is(json, "cells.0.error.code", "'http_500'")
       && is(json, "cells.0.attempts", "30000"), "and told their code");
    json_decref(json);
}


/* the verdict of a point whose chunks say these, by their first letters */

static json_t *
verdicts(const char *said)
{
    size_t            i, k;
    char             *severity;
    review_report_t  *report;

    report = create(4, 1);
    severity = "minor";

    for (i = 0; said[i]; i++) {
        for (k = 0; review_verdicts[k][0] != said[i]; k++) {
            if (review_verdicts[k + 1] == NULL) {
                break;
            }
        }

        if (said[i] == 's') {
            (void) review_report_skip(report, i, 0,
                              REVIEW_REPORT_SKIP_WHEN);

        } else if (said[i] == 'x') {
            (void) review_report_fail(report, i, REVIEW_CODE_CUT, "");

        } else {
            add(report, i, finding("p1", review_verdicts[k], severity, "null",
                                   ""));
            severity = "fatal";
        }
    }

    return finish(report);
}


static void
test_verdicts(void)
{
    size_t   i;
    json_t  *json;

    static const struct {
        const char  *said;
        const char  *verdict;
        const char  *severity;
        const char  *human;
        size_t       findings;
    } cases[] = {
        { "pppp", "'pass'", "null", "false", 0 },
        { "npss", "'pass'", "null", "false", 0 },
        { "nnns", "'not_applicable'", "null", "false", 0 },
        { "ssss", "null", "null", "true", 0 },
        { "pupp", "'unsure'", "null", "true", 1 },
        { "purp", "'risk'", "'fatal'", "false", 2 },
        { "rufp", "'fail'", "'fatal'", "false", 3 },
        { "rppp", "'risk'", "'minor'", "false", 1 },
        { "pppx", "'pass'", "null", "true", 0 },
        { "xxxx", "null", "null", "true", 0 },
        { "xxxs", "null", "null", "true", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json = verdicts(cases[i].said);

        ok(is(json, "points.0.verdict", cases[i].verdict)
           && is(json, "points.0.severity", cases[i].severity)
           && is(json, "points.0.needs_human", cases[i].human)
           && json_array_size(at(json, "points.0.findings"))
              == cases[i].findings, "verdict of %s", cases[i].said);

        json_decref(json);
    }
}


/* a result of any status, with its warnings */

static json_t *
warned(const char *status, const char *verdict, const char *warnings)
{
    return parse("{'results':[{'point':'p1','status':'%s','warnings':%s,"
                 "'finding':{'verdict':'%s','severity':'major',"
                 "'confidence':0.5,'evidence':[{'quote':'章',"
                 "'source':'chunk','start':2,'end':3,'match':'exact'}],"
                 "'grounded':true,'needs_human':false},"
                 "'error':{'code':'cut','detail':'d'}}]}",
                 status, warnings, verdict);
}


static void
test_warnings(void)
{
    size_t            i;
    json_t           *json;
    review_buf_t      b;
    review_report_t  *report;

    static const char *const  statuses[][2] = {
        { "ok", "pass" }, { "ok", "not_applicable" }, { "failed", "" },
        { "timeout", "" }, { "skipped", "" }
    };

    static const char *const  same[] = {
        "{'quote':'|a|','source':'chunk','start':18,'end':21,"
            "'match':'exact'}",
        "{'quote':'|a|b|','source':'chunk','start':0,'end':5,"
            "'match':'exact'}"
    };

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        report = create(2, 1);
        add(report, 0, finding("p1", "fail", "major", "0.9", ""));
        add(report, 1, warned(statuses[i][0], statuses[i][1],
                              "['injection']"));
        json = finish(report);

        ok(is(json, "points.0.needs_human", "true")
           && is(json, "points.0.warnings", "['injection']")
           && is(json, "points.0.verdict", "'fail'")
           && at(json, "cells.0.warnings") == NULL
           && is(json, "cells.1.warnings", "['injection']"),
           "a warning of %s %s", statuses[i][0], statuses[i][1]);
        json_decref(json);

        review_buf_init(&b, pool, 0);
        review_report_markdown(report, &b, "en", NULL);
        review_buf_add(&b, "", 1);
        ok(strstr(b.data, "- **Warning**: a text seems to give orders to the "
                  "reviewer\n- **Chunks**: c2\n") != NULL, "for people");
    }

    report = create(2, 1);
    add(report, 0, warned("ok", "fail", "['prompt_cut','new',1]"));
    add(report, 1, warned("ok", "fail", "['injection']"));
    json = finish(report);
    ok(is(json, "points.0.warnings", "['injection','prompt_cut']"),
       "warnings are united");
    ok(is(json, FIRST "needs_human", "true"), "and need a person");
    json_decref(json);

    for (i = 0; i < 2; i++) {
        report = create(2, 1);
        add(report, i, finding("p1", "fail", "major", "0.9", same[i]));
        add(report, !i, parse(
            "{'results':[{'point':'p1','status':'ok','warnings':["
            "'injection'],'finding':{'verdict':'fail','severity':'major',"
            "'confidence':0.1,'evidence':[%s],'grounded':true,"
            "'needs_human':true,'warnings':['injection']}}]}", same[!i]));
        json = finish(report);
        ok(json_array_size(at(json, "points.0.findings")) == 1
           && is(json, FIRST "warnings", "['injection']")
           && is(json, FIRST "needs_human", "true")
           && is(json, FIRST "chunks", "['c1','c2']"),
           "another chunk does not outdo a warning");
        json_decref(json);
    }

    report = create(1, 1);
    add(report, 0, warned("ok", "pass", "{'injection':1}"));
    json = finish(report);
    ok(at(json, "points.0.warnings") == NULL
       && is(json, "points.0.needs_human", "false"), "none");
    json_decref(json);
}


/* what was made of an answer is told of its cell, and of its finding */

static void
test_notes(void)
{
    size_t            i;
    json_t           *json;
    review_buf_t      b;
    review_report_t  *report;

    static const char  noted[] =
        "{'results':[{'point':'p1','status':'ok','finding':{'verdict':'%s',"
        "'severity':'major','confidence':%s,'evidence':[{'quote':%s,"
        "'source':'chunk','match':'exact'}],'grounded':true,"
        "'needs_human':false,'notes':%s}}]}";

    report = create(2, 1);
    add(report, 0, parse(noted, "fail", "0.1", "'|a|','start':18,'end':21",
                         "['severity_mapped','new',7]"));
    add(report, 1, parse(noted, "fail", "0.9", "'|a|b|','start':0,'end':5",
                         "['quote_dropped']"));
    json = finish(report);

    ok(is(json, "cells.0.notes", "['severity_mapped']")
       && is(json, "cells.1.notes", "['quote_dropped']"), "of a cell");
    ok(json_array_size(at(json, "points.0.findings")) == 1
       && is(json, FIRST "notes", "['severity_mapped','quote_dropped']"),
       "of a finding, all of them");
    ok(is(json, "points.0.needs_human", "false"), "nobody is asked for that");
    json_decref(json);

    for (i = 0; i < 2; i++) {
        review_buf_init(&b, pool, 0);
        review_report_markdown(report, &b, i ? "zh" : "en", NULL);
        review_buf_add(&b, "", 1);
        ok(strstr(b.data, i ? "- **说明**：模型用别的词说严重程度\n"
                            : "- **Note**: the model has other words for the "
                              "severity\n") != NULL, "for people");
        ok(review_utf8_valid(b.data, b.len) == b.len, "in UTF-8");
    }

    report = create(1, 1);
    add(report, 0, parse(noted, "not_applicable", "1",
                         "'|a|','start':0,'end':3", "['names_mapped']"));
    json = finish(report);
    ok(is(json, "cells.0.notes", "['names_mapped']"),
       "of what is no finding, too");
    json_decref(json);

    report = create(1, 1);
    add(report, 0, parse(noted, "pass", "1", "'|a|','start':0,'end':3",
                         "{'a':1}"));
    json = finish(report);
    ok(at(json, "cells.0.notes") == NULL && at(json, FIRST "notes") == NULL,
       "none");
    json_decref(json);
}


/* points about the document: p1 of each chunk, d of all */

static review_report_t *
create_points(int absent, size_t n)
{
    review_report_t               *report;
    review_report_point_t         *two;
    static review_document_t       document;

    static const review_report_point_t  first = {
        review_string("p1"), review_string("期限"), .absent = -1
    };
    static const review_report_point_t  second = {
        review_string("d"), review_string("许可证"), .severity = 1,
        .document = 1
    };

    two = review_alloc(pool, 2 * sizeof(*two));
    two[0] = first;
    two[1] = second;
    two[1].absent = absent;

    memset(&document, 0, sizeof(document));
    document.text.data = text;
    document.text.len = strlen(text);

    two[0].absent = n == 1 ? absent : -1;

    report = review_report_create(pool, &document, chunks, 3, two, n);

    if (report == NULL) {
        abort();
    }

    return report;
}


static review_report_t *
create_whole(int absent)
{
    return create_points(absent, 2);
}


/* one of c1 and c3: "L" stands for a label of two code points before each */

static size_t
reading(review_report_t *report)
{
    size_t                                chunk;
    static const review_report_segment_t  segments[] = {
        { 2, 10, 0, 0 }, { 12, 17, 38, 0 }
    };
    static const uint32_t                 of[] = { 0, 2 };
    static const review_report_passages_t passages = { segments, 2, of, 2 };

    if (review_report_row_add(report, 1, &chunk) != 0
        || review_report_reading_set(report, chunk, &passages) != 0)
    {
        abort();
    }

    return chunk;
}


static json_t *
said(const char *found, const char *verdict, const char *evidence)
{
    return parse("{'results':[{'point':'p1','status':'failed','error':"
                 "{'code':'x','detail':'the control'}},{'point':'d',"
                 "'status':'ok','attempts':1,'elapsed_ms':7,'finding':"
                 "{'verdict':'%s','severity':'major','reason':'because',"
                 "'suggestion':'','confidence':0.5,'evidence':[%s],%s"
                 "'grounded':true,'needs_human':false}}],'usage':{'calls':1,"
                 "'retries':0,'prompt_tokens':10,'completion_tokens':5}}",
                 verdict, evidence, found);
}


static void
answer_chunks(review_report_t *report)
{
    size_t  i;

    for (i = 0; i < 3; i++) {
        add(report, i, finding("p1", "pass", "major", "1", ""));
    }
}


static void
test_readings(void)
{
    size_t                  one, two;
    json_t                 *json;
    review_report_t        *report;
    review_search_answer_t  answer;
    review_report_counts_t  counts;
    review_search_result_t  found = {
        .outcome = REVIEW_SEARCH_FOUND, .chunks = 2, .of = 3, .rounds = 1
    };
    review_search_result_t  doubted = {
        .outcome = REVIEW_SEARCH_DOUBTED, .chunks = 3, .of = 3, .rounds = 2,
        .left = 1
    };
    review_search_result_t  absent = {
        .outcome = REVIEW_SEARCH_ABSENT, .chunks = 3, .of = 3, .rounds = 2
    };
    review_search_result_t  unread = {
        .outcome = REVIEW_SEARCH_UNREAD, .chunks = 2, .of = 3, .rounds = 1
    };
    review_search_result_t  failed = {
        .outcome = REVIEW_SEARCH_FAILED, .chunks = 2, .of = 3, .rounds = 2,
        .failed = 1
    };

    report = create_whole(-1);
    answer_chunks(report);
    one = reading(report);

    add(report, one, said("'found':true,", "fail",
                          "{'quote':'总则','source':'chunk','start':6,'end':8,"
                          "'match':'exact'},"
                          "{'quote':'。L|1|2','source':'chunk','start':9,"
                          "'end':15,'match':'exact'},"
                          "{'quote':'LL','source':'chunk','start':10,'end':12,"
                          "'match':'exact'},"
                          "{'quote':'规则','source':'chunk','start':6,'end':8,"
                          "'match':'exact'}"));

    ok(one == 3 && review_report_reading_said(report, pool, one, &answer) == 0
       && !answer.failed && answer.found && !answer.unsure
       && answer.nquoted == 2 && answer.quoted[0] == 0
       && answer.quoted[1] == 2, "a reading has found it, and quotes chunks");
    review_report_counts(report, &counts);
    ok(counts.total == 3 && counts.failed == 0 && counts.calls == 7,
       "it is no result yet, but has cost something");
    ok(review_report_reading_end(report, 1, one, &found) == 0, "it decides");
    review_report_counts(report, &counts);
    ok(counts.total == 4 && counts.ok == 4, "that is a result");

    json = finish(report);
    ok(is(json, "points.1.verdict", "'fail'")
       && is(json, "points.1.severity", "'major'")
       && is(json, "points.1.searched", "{'chunks':2,'of':3,'rounds':1}")
       && is(json, "points.1.findings.0.evidence.0.quote", "'总则'")
       && is(json, "points.1.findings.0.evidence.0.start", "4")
       && is(json, "points.1.findings.0.evidence.0.end", "6")
       && is(json, "points.1.findings.0.evidence.1.quote", "'|1|'")
       && is(json, "points.1.findings.0.evidence.1.start", "38")
       && is(json, "points.1.findings.0.evidence.2.match", "'none'")
       && is(json, "points.1.findings.0.evidence.3.match", "'none'")
       && is(json, "points.1.findings.0.grounded", "false")
       && is(json, "points.1.findings.0.chunks", "['c1','c3']")
       && is(json, "points.1.cells",
             "{'ok':1,'failed':0,'timeout':0,'skipped':0}")
       && is(json, "status", "'complete'")
       && is(json, "cells.3",
             "{'chunk':null,'point':'d','passages':['c1','c3'],'status':'ok',"
             "'attempts':1,'elapsed_ms':7,'verdict':'fail'}"),
       "places are those of the document");
    json_decref(json);

    report = create_whole(-1);
    answer_chunks(report);
    one = reading(report);
    two = reading(report);
    add(report, one, said("'found':true,", "unsure", ""));
    add(report, two, said("'found':false,", "unsure", ""));
    (void) review_report_reading_said(report, pool, two, &answer);
    ok(two == 4 && !answer.failed && !answer.found && answer.unsure,
       "one that has not found it");
    (void) review_report_reading_end(report, 1, one, &doubted);
    json = finish(report);
    ok(is(json, "points.1.verdict", "'unsure'")
       && is(json, "points.1.needs_human", "true")
       && is(json, "points.1.searched",
             "{'chunks':3,'of':3,'rounds':2,'left':1}")
       && is(json, "status", "'complete'")
       && is(json, "cells.3.attempts", "2"), "in doubt");
    json_decref(json);

    report = create_whole(REVIEW_VERDICT_FAIL);
    answer_chunks(report);
    one = reading(report);
    add(report, one, said("'found':false,", "pass", ""));
    (void) review_report_reading_end(report, 1, one, &absent);
    json = finish(report);
    ok(is(json, "points.1.verdict", "'fail'")
       && is(json, "points.1.severity", "'major'")
       && is(json, "points.1.needs_human", "false")
       && is(json, "points.1.findings.0.absent", "true")
       && is(json, "points.1.findings.0.evidence", "[]")
       && is(json, "points.1.findings.0.chunks", "[]")
       && is(json, "points.1.findings.0.reason",
             "'已读全文（3 段），未找到。'")
       && is(json, "status", "'complete'"), "it is nowhere, which fails");
    json_decref(json);

    report = create_whole(-1);
    answer_chunks(report);
    one = reading(report);
    (void) review_report_reading_end(report, 1, one, &absent);
    json = finish(report);
    ok(is(json, "points.1.verdict", "'unsure'")
       && is(json, "points.1.needs_human", "true"),
       "or else nobody says what that means");
    json_decref(json);

    report = create_whole(REVIEW_VERDICT_FAIL);
    answer_chunks(report);
    one = reading(report);
    (void) review_report_reading_end(report, 1, one, &unread);
    json = finish(report);
    ok(is(json, "points.1.verdict", "'unsure'")
       && is(json, "points.1.needs_human", "true")
       && is(json, "status", "'partial'")
       && at(json, "points.1.findings.0.absent") == NULL
       && is(json, "points.1.findings.0.reason",
             "'已读 2/3 段，未找到；其余未读。'"),
       "what was not read is not complete");
    json_decref(json);

    report = create_whole(REVIEW_VERDICT_FAIL);
    answer_chunks(report);
    one = reading(report);
    (void) review_report_fail(report, one, REVIEW_CODE_CUT, "cut");
    review_report_again(report, one, 1);
    review_report_counts(report, &counts);
    ok(counts.failing == 1 && counts.total == 3, "it is asked again");
    (void) review_report_fail(report, one, REVIEW_CODE_CUT, "cut");
    (void) review_report_reading_said(report, pool, one, &answer);
    ok(answer.failed, "and has failed");
    (void) review_report_reading_end(report, 1, one, &failed);
    json = finish(report);
    ok(is(json, "points.1.verdict", "null")
       && is(json, "points.1.needs_human", "true")
       && is(json, "points.1.findings", "[]")
       && is(json, "cells.3.status", "'failed'")
       && is(json, "status", "'partial'"), "so has the point");
    json_decref(json);

    report = create_whole(-1);
    answer_chunks(report);
    one = reading(report);
    add(report, one, said("", "pass", ""));
    (void) review_report_reading_said(report, pool, one, &answer);
    ok(answer.failed, "who does not say whether it is there says nothing");
    json = finish(report);
    ok(is(json, "cells.3.error.code", "'internal'"), "what never ended failed");
    json_decref(json);
}


/* where nothing is asked of any chunk: w by itself, s not selected, h */

static void
test_skipped(void)
{
    size_t                 i, k;
    json_t                *json;
    review_buf_t           b;
    review_report_t       *report;
    review_report_skip_e   why;

    static const struct {
        const char  *skips;
        int          absent;
        const char  *verdict;
        const char  *human;
        const char  *status;
        const char  *searched;
        const char  *told;
    } cases[] = {
        { "www", -1, "null", "true", "'complete'", "{'chunks':0,'of':3}",
          "未涉及" },
        { "hhh", -1, "null", "true", "'complete'", "{'chunks':0,'of':3}",
          "未审核" },
        { "sss", -1, "null", "true", "'partial'", "{'chunks':0,'of':3}",
          "未审核" },
        { "wsw", REVIEW_VERDICT_FAIL, "null", "true", "'partial'",
          "{'chunks':0,'of':3}", "未审核" },
        { "wbw", REVIEW_VERDICT_FAIL, "'fail'", "false", "'complete'",
          "{'chunks':0,'of':2}", "不符合" },
        { "www", REVIEW_VERDICT_PASS, "'pass'", "false", "'complete'",
          "{'chunks':0,'of':3}", "符合" },
        { "www", REVIEW_VERDICT_UNSURE, "'unsure'", "true", "'complete'",
          "{'chunks':0,'of':3}", "无法判断" },
        { "wpw", REVIEW_VERDICT_FAIL, "'pass'", "false", "'complete'",
          "{'chunks':1,'of':3}", "符合" },
        { "pps", -1, "'pass'", "false", "'partial'", "{'chunks':2,'of':3}",
          "符合" },
        { "ppb", -1, "'pass'", "false", "'complete'", NULL, "符合" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        report = create_points(cases[i].absent, 1);

        for (k = 0; k < 3; k++) {

            if (cases[i].skips[k] == 'p') {
                add(report, k, finding("p1", "pass", "major", "1", ""));
                continue;
            }

            why = cases[i].skips[k] == 'w' ? REVIEW_REPORT_SKIP_WHEN
                  : cases[i].skips[k] == 's' ? REVIEW_REPORT_SKIP_SELECT
                  : cases[i].skips[k] == 'h' ? REVIEW_REPORT_SKIP_HEADING
                  : REVIEW_REPORT_SKIP_BLANK;

            (void) review_report_skip(report, k, 0, why);
        }

        json = finish(report);

        review_buf_init(&b, pool, 0);
        review_report_markdown(report, &b, "zh", NULL);
        review_buf_add(&b, "", 1);

        ok(is(json, "points.0.verdict", cases[i].verdict)
           && is(json, "points.0.needs_human", cases[i].human)
           && is(json, "status", cases[i].status)
           && (cases[i].searched
               ? is(json, "points.0.searched", cases[i].searched)
               : at(json, "points.0.searched") == NULL)
           && strstr(b.data, cases[i].told),
           "skipped %s, absent %d", cases[i].skips, cases[i].absent);

        json_decref(json);
    }
}


static void
test_order(void)
{
    json_t           *json;
    review_report_t  *report;

    report = create(4, 1);
    add(report, 0, finding("p1", "pass", "major", "0.1",
                           "{'quote':'第','source':'chunk','start':0,'end':1,"
                           "'match':'exact'}"));
    add(report, 1, finding("p1", "unsure", "major", "0.2", ""));
    add(report, 2, finding("p1", "fail", "major", "0.3", ""));
    add(report, 3, finding("p1", "risk", "fatal", "0.4", ""));
    json = finish(report);

    ok(is(json, "points.0.findings.0.verdict", "'fail'")
       && is(json, "points.0.findings.1.verdict", "'risk'")
       && is(json, "points.0.findings.2.verdict", "'unsure'")
       && is(json, "points.0.findings.3.verdict", "'pass'"),
       "by verdict, whatever the severity");
    ok(is(json, "points.0.severity", "'fatal'")
       && is(json, "points.0.verdict", "'fail'"), "the point's own");

    json_decref(json);

    report = create(4, 1);
    add(report, 0, finding("p1", "risk", "minor", "0.1", ""));
    add(report, 1, finding("p1", "pass", "fatal", "0.1",
                           "{'quote':'第','source':'chunk','start':0,'end':1,"
                           "'match':'exact'}"));
    add(report, 2, finding("p1", "fail", "info", "0.1", ""));
    add(report, 3, finding("p1", "fail", "minor", "0.1", ""));
    json = finish(report);

    ok(is(json, "points.0.findings.0.chunks", "['c4']")
       && is(json, "points.0.findings.1.chunks", "['c3']")
       && is(json, "points.0.findings.2.chunks", "['c1']")
       && is(json, "points.0.findings.3.verdict", "'pass'")
       && is(json, "points.0.severity", "'minor'"),
       "of one verdict by severity; a fatal pass is no severity of the point");

    json_decref(json);

    report = create(2, 1);
    add(report, 0, finding("p1", "risk", "major", "0.1",
                           "{'quote':'|b|','source':'chunk','start':20,"
                           "'end':23,'match':'exact'}"));
    add(report, 1, finding("p1", "risk", "major", "0.2", ""));
    json = finish(report);

    ok(is(json, "points.0.findings.0.chunks", "['c2']"),
       "by place: that of the quote, or where the chunk begins");

    json_decref(json);
}


static void
test_none(void)
{
    json_t           *json;
    review_report_t  *report;

    json = finish(create(0, 2));
    ok(is(json, "status", "'complete'") && is(json, "cells", "[]")
       && is(json, "points.1.verdict", "null"), "no chunks");
    json_decref(json);

    report = create(4, 0);
    add(report, 0, parse("{'results':[{'point':'p1','status':'skipped'}]}"));
    json = finish(report);
    ok(is(json, "points", "[]") && is(json, "cells", "[]")
       && json_array_size(at(json, "chunks")) == 4, "no points");
    json_decref(json);
}


static void
test_same_text(void)
{
    json_t           *json;
    review_report_t  *report;

    static review_document_t  document = {
        .text = review_string("同样。同样。不同。")
    };

    static const review_report_chunk_t  same[] = {
        { review_string("c1"), 0, 3, 0, 0, NULL },
        { review_string("c2"), 3, 6, 0, 0, NULL },
        { review_string("c3"), 6, 9, 0, 0, NULL },
        { review_string("c4"), 3, 6, 1, 0, NULL }
    };

    report = with_references(review_report_create(pool, &document, same, 4,
                                                  points, 1));
    add(report, 0, finding("p1", "risk", "major", "null",
                           "{'quote':'也没有','source':null,'match':'none'},"
                           "{'quote':'q','source':'l|w/c1','start':1,'end':2,"
                           "'match':'exact'}"));
    add(report, 1, finding("p1", "risk", "major", "0",
                           "{'quote':'没有','source':null,'match':'none'}"));
    add(report, 2, finding("p1", "risk", "major", "0.3", ""));
    add(report, 3, finding("p1", "risk", "major", "0.4", ""));
    json = finish(report);

    ok(json_array_size(at(json, "points.0.findings")) == 3, "three texts");
    ok(is(json, "points.0.findings.0.chunks", "['c1','c2']")
       && is(json, "points.0.findings.0.confidence", "0")
       && is(json, "points.0.findings.0.needs_human", "true"),
       "null is the lowest confidence");
    ok(json_array_size(at(json, "points.0.findings.0.evidence")) == 2
       && is(json, "points.0.findings.0.evidence.0.quote", "'q'")
       && is(json, "points.0.findings.0.evidence.1.quote", "'没有'"),
       "quotes that stand nowhere are only those of the one told");
    json_decref(json);

    /* the same quote in the same text, but at two places */

    report = review_report_create(pool, &document, same, 2, points, 1);
    add(report, 0, finding("p1", "risk", "major", "0.2",
                           "{'quote':'同样','source':'chunk','start':0,"
                           "'end':2,'match':'exact'}"));
    add(report, 1, finding("p1", "risk", "major", "0.1",
                           "{'quote':'同样','source':'chunk','start':0,"
                           "'end':2,'match':'exact'}"));
    json = finish(report);

    ok(json_array_size(at(json, "points.0.findings")) == 2, "two places");
    json_decref(json);
}


static void
test_headers(void)
{
    json_t           *json;
    review_report_t  *report;

    static review_document_t  document = {
        .text = review_string("|a|1|2|3|")
    };

    static const char  head[] =
        "{'quote':'|a|','source':'chunk','start':0,'end':3,'match':'exact'}";

    static const review_report_chunk_t  rows[] = {
        { review_string("c1"), 0, 5, 0, 0, NULL },
        { review_string("c2"), 5, 7, 3, 0, NULL },
        { review_string("c3"), 7, 9, 3, 0, NULL }
    };

    report = review_report_create(pool, &document, rows, 3, points, 1);
    add(report, 0, finding("p1", "risk", "major", "0.1", head));
    add(report, 1, finding("p1", "risk", "major", "0.2", head));
    add(report, 2, finding("p1", "risk", "major", "0.3",
                           "{'quote':'|a|','source':'chunk','start':0,"
                           "'end':3,'match':'exact'},"
                           "{'quote':'3','source':'chunk','start':3,"
                           "'end':4,'match':'exact'}"));
    json = finish(report);

    ok(json_array_size(at(json, "points.0.findings")) == 2
       && is(json, "points.0.findings.0.chunks", "['c1','c2']")
       && is(json, "points.0.findings.1.chunks", "['c3']"),
       "a header beside a row does not make rows one");
    json_decref(json);
}


static void
test_markdown(void)
{
    review_buf_t      b;
    review_report_t  *report;

    static const review_str_t  title = review_string("# A\n|b| <i>`c`\r\n");

    report = create(3, 2);
    add(report, 0, finding("p1", "fail", "fatal", "0.5",
                           "{'quote':'|a|','source':'chunk','start':18,"
                           "'end':21,'match':'exact'},"
                           "{'quote':'1. x\\n\\n- y\\n<b>\\u202e','match':"
                           "'none'},{'quote':'q','source':'l|w/c1','start':1,"
                           "'end':2,'match':'exact'},{'quote':'|3','source':"
                           "'law/c3','start':5,'end':7,'match':'exact'}"));
    add(report, 1, parse("{'results':[{'point':'p0','status':'failed','error':"
                         "{'code':'c|d','detail':'`e`\\n# f'}},{'point':'p1',"
                         "'status':'failed','error':{'code':'c|d','detail':"
                         "'`e`\\n# f'}}]}"));
    add(report, 2, parse("{'results':[{'point':'p1','status':'ok','finding':"
                         "{'verdict':'unsure','severity':'info','evidence':[],"
                         "'reason':'+ *a*\\n===\\n\\u0000&amp;'}}]}"));

    (void) review_report_elsewhere_find(report, pool, UINT64_MAX / 2, NULL);
    (void) review_report_verdict_finish(report);
    review_buf_init(&b, pool, 0);
    review_report_markdown(report, &b, "en", &title);

    is_str(((review_str_t) { b.len, b.data }),
        "# \\# A \\|b\\| &lt;i&gt;\\`c\\`\n\n"
        "Status: partial  \nChunks: 3\n\n"
        "## Summary\n\n"
        "| Point | Verdict | Severity | Findings | Not done | Person |\n"
        "| --- | --- | --- | ---: | ---: | --- |\n"
        "| 1. 期限 | fail | fatal | 2 | 1 | needs a person |\n"
        "| 2. 金额 | none |  | 0 | 3 | needs a person |\n\n"
        "## 1. 期限\n\nNot all chunks were reviewed: see the end.\n\n"
        "### 1.1 fail · fatal · needs a person\n\n"
        "> \\|a\\|  \n>\n> — 总 › 章, characters 18–21\n\n"
        "> \\|3  \n>\n> — reference law, 规, characters 19–21\n\n"
        "> q  \n>\n> — reference l\\|w, characters 1–2\n\n"
        "> 1\\. x  \n> \\- y  \n> &lt;b&gt;  \n>\n> — not in the text\n\n"
        "- **Chunks**: c1\n"
        "- **Reason**: because 0.5\n"
        "- **Suggestion**: do\n"
        "- **Confidence**: 0.5\n\n"
        "### 1.2 unsure · info · needs a person\n\n"
        "- **Place**: characters 38–43\n"
        "- **Chunks**: c3\n"
        "- **Reason**: \\+ \\*a\\* === &amp;amp;\n\n"
        "## 2. 金额\n\nNot all chunks were reviewed: see the end.\n\n"
        "## What was not done\n\n"
        "| Chunk | Place | Point | Status | Why |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| c1 | 总 › 章, characters 0–24 | 金额 | failed | bad\\_reply: the "
        "reply has no result for this point, or one that makes no sense |\n"
        "| c2 | 总, characters 18–38 | all | failed | c\\|d: \\`e\\` \\# f |\n"
        "| c3 | characters 38–43 | 金额 | failed | bad\\_reply: the reply has "
        "no result for this point, or one that makes no sense |\n\n",
        "Markdown, in English");

    b.len = 0;
    review_report_markdown(report, &b, "zh", NULL);
    review_buf_add(&b, "", 1);

    ok(strstr(b.data, "# 审核报告\n\n状态：部分完成  \n文本块：3\n") == b.data
       && strstr(b.data, "| 1. 期限 | 不符合 | 致命 | 2 | 1 | 需人工复核 |\n")
       && strstr(b.data, "> — 总 › 章，第 18–21 字\n")
       && strstr(b.data, "> — 参考资料 law，规，第 19–21 字\n"),
       "and in Chinese");

    review_report_cut(report);

    b.len = 0;
    review_report_markdown(report, &b, "en", NULL);
    review_report_markdown(report, &b, "zh", NULL);
    review_buf_add(&b, "", 1);

    ok(strstr(b.data, "\nStatus: partial, cut since nginx was shutting down: "
              "ask again  \n")
       && strstr(b.data, "\n状态：部分完成，因 nginx 正在关闭而中断，请重新提交  \n"),
       "that it was cut");
}


/*
 * 100 code points, in chunks of which each has the half of the one before, and
 * what they quote: from, to in the document.
 */

static review_report_t  *chained;

static json_t *
chain(const size_t (*places)[2], size_t n, const char *reason)
{
    char                    evidence[256];
    size_t                  i;
    json_t                 *reply;
    review_report_t        *report;
    review_document_t      *document;
    review_report_chunk_t  *cs;
    static char             ids[8][24];

    document = review_alloc(pool, sizeof(*document));
    memset(document, 0, sizeof(*document));
    document->text.len = 100;
    document->text.data = memset(review_alloc(pool, 100), 'x', 100);
    cs = review_alloc(pool, n * sizeof(*cs));
    memset(cs, 0, n * sizeof(*cs));

    for (i = 0; i < n; i++) {
        snprintf(ids[i], sizeof(ids[i]), "c%zu", i + 1);
        cs[i].id.data = ids[i];
        cs[i].id.len = strlen(ids[i]);
        cs[i].start = i * 20;
        cs[i].end = i * 20 + 40;
    }

    report = review_report_create(pool, document, cs, n, points, 1);

    for (i = 0; i < n; i++) {
        snprintf(evidence, sizeof(evidence), "{'quote':'%.*s','source':'chunk',"
                 "'start':%zu,'end':%zu,'match':'exact'}",
                 (int) (places[i][1] - places[i][0]), document->text.data,
                 places[i][0] - i * 20, places[i][1] - i * 20);

        reply = finding("p1", "risk", "major", i == 1 ? "0.9" : "0.5",
                        evidence);
        json_object_set_new(
            json_object_get(json_array_get(json_object_get(reply, "results"),
                                           0), "finding"),
            "reason", json_sprintf("%s%zu", reason, strlen(reason) ? 0 : i));
        add(report, i, reply);
    }

    chained = report;

    return finish(report);
}


static void
test_chain(void)
{
    json_t        *json;
    review_buf_t   b;

    static const size_t  apart[][2] = { {0, 36}, {32, 56}, {52, 76} };
    static const size_t  near[][2] = { {22, 34}, {22, 36}, {42, 50} };
    static const size_t  drift[][2] = { {20, 40}, {26, 46}, {40, 53} };
    static const size_t  within[][2] = { {0, 38}, {26, 32} };

    json = chain(apart, 3, "");
    ok(json_array_size(at(json, "points.0.findings")) == 3,
       "chunks that overlap in a chain, and quote each its own");
    json_decref(json);

    json = chain(near, 3, "");
    ok(json_array_size(at(json, "points.0.findings")) == 2
       && is(json, "points.0.findings.0.chunks", "['c1','c2']")
       && is(json, "points.0.findings.0.reason", "'1'")
       && is(json, "points.0.findings.0.also",
             "[{'chunk':'c1','severity':'major','reason':'0','suggestion':"
             "'do','confidence':0.5}]")
       && at(json, "points.0.findings.1.also") == NULL,
       "nearly the same is one, with the reasons of both");
    json_decref(json);

    review_buf_init(&b, pool, 0);
    review_report_markdown(chained, &b, "en", NULL);
    review_buf_add(&b, "", 1);
    ok(strstr(b.data, "- **Reason**: 1\n- **Suggestion**: do\n"
              "- **Confidence**: 0.9\n"
              "- **Also**: c1, 0, Suggestion: do\n\n"), "for people, too");

    json = chain(near, 3, "same");
    ok(is(json, "points.0.findings.0.chunks", "['c1','c2']")
       && at(json, "points.0.findings.0.also") == NULL,
       "the same reason is told once");
    json_decref(json);

    json = chain(drift, 3, "");
    ok(json_array_size(at(json, "points.0.findings")) == 2
       && is(json, "points.0.findings.0.chunks", "['c1','c2']")
       && is(json, "points.0.findings.1.chunks", "['c3']"),
       "the last of a chain is compared with the first");
    json_decref(json);

    json = chain(within, 2, "");
    ok(json_array_size(at(json, "points.0.findings")) == 2,
       "some words within a long quote");
    json_decref(json);
}


/*
 * A document made at random, cut into chunks that overlap and may repeat a
 * header, and what each of them says of one point.  Its reference, "ref", has
 * the same text, and clauses that are cut alike.
 */

typedef struct {
    size_t                  start;       /* in the document */
    size_t                  end;
    int                     header;
    int                     kind;        /* 0: document, 1: reference, 2 */
} place_t;

typedef struct {
    int                     status;      /* 0: ok, 1: failed, 2: skipped */
    int                     verdict;
    int                     severity;
    int                     confidence;  /* in tenths, -1: null */
    size_t                  n;
    place_t                 places[QUOTES];
    json_t                 *reply;
    size_t                  group;
} said_t;

typedef struct {
    char                    text[512];
    size_t                  bytes[128];  /* before each code point */
    size_t                  len;         /* code points */
    size_t                  n;
    review_report_chunk_t   chunks[SMALL];
    review_report_chunk_t   clauses[SMALL];
    char                    ids[SMALL][24];
    char                    clause_ids[SMALL][32];
    said_t                  said[SMALL];
} case_t;


static void
case_text(case_t *c)
{
    size_t       i, n, kinds;
    const char  *p;

    static const char *const  pieces[] = { "标", "é", "a", "𠮷" };

    c->len = 20 + roll(100);
    kinds = roll(3) ? 4 : 1;             /* many texts that are the same */
    n = 0;

    for (i = 0; i < c->len; i++) {
        c->bytes[i] = n;
        p = pieces[roll(kinds)];
        memcpy(c->text + n, p, strlen(p));
        n += strlen(p);
    }

    c->bytes[i] = n;
}


static void
case_chunks(case_t *c)
{
    size_t                  i, body;
    review_report_chunk_t  *chunk;

    c->n = 1 + roll(SMALL);

    for (i = 0; i < c->n; i++) {
        chunk = &c->chunks[i];
        memset(chunk, 0, sizeof(*chunk));

        snprintf(c->ids[i], sizeof(c->ids[i]), "c%zu", i + 1);
        chunk->id.data = c->ids[i];
        chunk->id.len = strlen(c->ids[i]);

        body = i * c->len / c->n;
        chunk->start = body - (body ? roll(body < 40 ? body : 40) : 0);
        chunk->end = (i + 1) * c->len / c->n;

        if (i && roll(3) == 0) {
            chunk->header = 1 + roll(4);
            chunk->header_start = roll(6);
        }

        snprintf(c->clause_ids[i], sizeof(c->clause_ids[i]), "ref/c%zu",
                 i + 1);
        c->clauses[i] = *chunk;
        c->clauses[i].id.data = c->clause_ids[i];
        c->clauses[i].id.len = strlen(c->clause_ids[i]);
    }
}


/* code points of the chunk's text, be they in the header or the body */

static json_t *
case_quote(case_t *c, const review_report_chunk_t *chunk, size_t from,
    size_t to)
{
    char    quote[1024];
    size_t  k, n, i;

    for (k = from, n = 0; k < to; k++) {
        i = k < chunk->header ? chunk->header_start + k
                              : chunk->start + k - chunk->header;
        memcpy(quote + n, c->text + c->bytes[i],
               c->bytes[i + 1] - c->bytes[i]);
        n += c->bytes[i + 1] - c->bytes[i];
    }

    return json_stringn(quote, n);
}


/* a place that the chunk before quotes, or about, if it is this one's, too */

static void
case_again(case_t *c, size_t i, size_t *from, size_t *to)
{
    place_t                *place;
    said_t                 *said;
    review_report_chunk_t  *chunk;

    if (i == 0 || c->said[i - 1].n == 0 || roll(4) == 0) {
        return;
    }

    said = &c->said[i - 1];
    place = &said->places[roll(said->n)];
    chunk = &c->chunks[i];

    if (place->kind || place->header || place->start < chunk->start
        || place->end > chunk->end)
    {
        return;
    }

    *from = chunk->header + place->start - chunk->start;
    *to = chunk->header + place->end - chunk->start;
    *to += *to < chunk->header + chunk->end - chunk->start ? roll(2) : 0;
}


/* a place of the chunk's text, or a clause's, and the JSON that tells of it */

static json_t *
case_place(case_t *c, size_t i, place_t *place)
{
    size_t                  from, to, seam;
    json_t                 *json;
    review_report_chunk_t  *chunk;

    place->kind = roll(4) ? 0 : 1 + (int) roll(2);

    if (place->kind == 2) {
        return parse("{'quote':'none %d','match':'none'}", (int) roll(3));
    }

    chunk = place->kind ? &c->clauses[roll(c->n)] : &c->chunks[i];

    seam = chunk->header;
    from = roll(seam + chunk->end - chunk->start);
    to = from + 1 + roll(seam + chunk->end - chunk->start - from);

    if (roll(4)) {
        to = to > from + 5 ? from + 5 : to;
    }

    if (place->kind == 0) {
        case_again(c, i, &from, &to);
    }

    json = json_pack("{s:o,s:s,s:i,s:i,s:s}", "quote",
                     case_quote(c, chunk, from, to), "source",
                     place->kind ? chunk->id.data : "chunk",
                     "start", (int) from, "end", (int) to, "match",
                     roll(2) ? "exact" : "normalized");

    place->header = from < seam && (to <= seam || seam - from > to - seam);

    if (place->header) {
        place->start = chunk->header_start + from;
        place->end = chunk->header_start + (to < seam ? to : seam);

    } else {
        place->start = chunk->start + (from < seam ? 0 : from - seam);
        place->end = chunk->start + to - seam;
    }

    return json;
}


static void
case_said(case_t *c, size_t i)
{
    size_t   k;
    said_t  *said;
    json_t  *list, *confidence;

    said = &c->said[i];
    said->status = roll(5) ? 0 : 1 + (int) roll(2);
    said->verdict = roll(2) ? REVIEW_VERDICT_RISK : (int) roll(5);
    said->severity = (int) roll(4);
    said->confidence = (int) roll(12) - 1;
    said->n = roll(QUOTES + 1);
    list = json_array();

    for (k = 0; k < said->n; k++) {
        json_array_append_new(list, case_place(c, i, &said->places[k]));
    }

    if (said->status) {
        said->reply = parse("{'results':[{'point':'p1','status':'%s','error':"
                            "{'code':'cut'}}]}",
                            said->status == 1 ? "failed" : "skipped");
        json_decref(list);
        return;
    }

    confidence = said->confidence == -1 ? json_null()
                                        : json_real(said->confidence / 10.0);

    said->reply = json_pack("{s:[{s:s,s:s,s:{s:s,s:s,s:s,s:o,s:o,s:b,s:b}}]}",
                            "results", "point", "p1", "status", "ok",
                            "finding", "verdict",
                            review_verdicts[said->verdict], "severity",
                            review_severities[said->severity], "reason",
                            c->ids[i], "confidence", confidence, "evidence",
                            list, "grounded", (int) roll(2), "needs_human",
                            (int) roll(2));
}


/* is it to be told? */

static int
told(const said_t *said)
{
    return said->status == 0
           && (said->verdict == REVIEW_VERDICT_PASS
               ? said->n > 0 : said->verdict != REVIEW_VERDICT_NOT_APPLICABLE);
}


/* what it quotes that counts: 0: of the body, 1: of headers alone, -1: none */

static int
level(const said_t *said)
{
    int     best;
    size_t  i;

    best = -1;

    for (i = 0; i < said->n; i++) {
        if (said->places[i].kind == 0
            && (best == -1 || said->places[i].header < best))
        {
            best = said->places[i].header;
        }
    }

    return best;
}


static int
same_text(const case_t *c, const review_report_chunk_t *a,
    const review_report_chunk_t *b)
{
    size_t  n, m;

    n = c->bytes[a->end] - c->bytes[a->start];
    m = c->bytes[a->header_start + a->header] - c->bytes[a->header_start];

    return n == c->bytes[b->end] - c->bytes[b->start]
           && m == c->bytes[b->header_start + b->header]
                   - c->bytes[b->header_start]
           && memcmp(c->text + c->bytes[a->start],
                     c->text + c->bytes[b->start], n) == 0
           && memcmp(c->text + c->bytes[a->header_start],
                     c->text + c->bytes[b->header_start], m) == 0;
}


/* most of the shorter, a good part of the longer */

static int
near(const place_t *a, const place_t *b)
{
    size_t  start, end, one, two;

    start = a->start > b->start ? a->start : b->start;
    end = a->end < b->end ? a->end : b->end;
    one = a->end - a->start;
    two = b->end - b->start;

    return start < end
           && 3 * (end - start) >= 2 * (one < two ? one : two)
           && 3 * (end - start) >= (one > two ? one : two);
}


/*
 * What is quoted that counts, in the order of places: each is one with the
 * earliest of those it is near to which are themselves one with none.
 */

typedef struct {
    const place_t  *place;
    size_t          said;
    size_t          first;
} counted_t;


static int
compare_counted(const void *a, const void *b)
{
    const counted_t  *one, *two;

    one = a;
    two = b;

    if (one->place->start != two->place->start) {
        return one->place->start < two->place->start ? -1 : 1;
    }

    return one->said < two->said ? -1 : one->said > two->said;
}


static size_t
case_counted(case_t *c, int verdict, counted_t *list)
{
    size_t   i, k, n;
    said_t  *said;

    n = 0;

    for (i = 0; i < c->n; i++) {
        said = &c->said[i];

        for (k = 0; told(said) && said->verdict == verdict && k < said->n;
             k++)
        {
            if (said->places[k].kind == 0
                && said->places[k].header == level(said))
            {
                list[n].place = &said->places[k];
                list[n++].said = i;
            }
        }
    }

    qsort(list, n, sizeof(counted_t), compare_counted);

    return n;
}


static void
case_places(counted_t *list, size_t n)
{
    size_t  i, k, nopen, open[SMALL * QUOTES];

    nopen = 0;

    for (i = 0; i < n; i++) {
        list[i].first = i;

        /* the last eight only */

        for (k = nopen > 8 ? nopen - 8 : 0; k < nopen; k++) {
            if (near(list[open[k]].place, list[i].place)) {
                list[i].first = open[k];
                break;
            }
        }

        if (k == nopen) {
            open[nopen++] = i;
        }
    }
}


/* of chunks with one verdict that quote of the document */

static void
case_join(case_t *c, int verdict)
{
    size_t     i, k, j, n, group;
    counted_t  list[SMALL * QUOTES];

    n = case_counted(c, verdict, list);
    case_places(list, n);

    for (i = 0; i < c->n; i++) {
        group = i;

        for (k = 0; k < n; k++) {
            for (j = 0; j < n; j++) {
                if (list[k].said == i && list[j].said < group
                    && list[j].first == list[k].first
                    && c->said[list[j].said].group == list[j].said)
                {
                    group = list[j].said;
                }
            }
        }

        c->said[i].group = group < i ? group : c->said[i].group;
    }
}


/* the number of groups; each is named by its first chunk */

static size_t
case_groups(case_t *c)
{
    int      verdict;
    size_t   i, k, n;
    said_t  *said;

    for (i = 0; i < c->n; i++) {
        said = &c->said[i];

        for (k = 0; k < i; k++) {
            if (told(said) && told(&c->said[k])
                && said->verdict == c->said[k].verdict
                && level(said) == -1 && level(&c->said[k]) == -1
                && same_text(c, &c->chunks[i], &c->chunks[k]))
            {
                break;
            }
        }

        said->group = k < i ? c->said[k].group : i;
    }

    for (verdict = 0; verdict < 5; verdict++) {
        case_join(c, verdict);
    }

    n = 0;

    for (i = 0; i < c->n; i++) {
        n += told(&c->said[i]) && c->said[i].group == i;
    }

    return n;
}


static const char  *why;

#define fail_if(cond)                                                         \
    do {                                                                      \
        if (cond) {                                                           \
            why = #cond;                                                      \
            return 0;                                                         \
        }                                                                     \
    } while (0)


static size_t
number(json_t *json, const char *name)
{
    return (size_t) json_integer_value(json_object_get(json, name));
}


static const char *
string(json_t *json, const char *name)
{
    const char  *s;

    s = json_string_value(json_object_get(json, name));

    return s ? s : "";
}


static int
check_quotes(const case_t *c, json_t *list)
{
    int      reference, references_begun;
    size_t   i, start, end, before[2];
    json_t  *e;

    before[0] = 0;
    before[1] = 0;
    references_begun = 0;

    json_array_foreach(list, i, e) {

        if (strcmp(string(e, "match"), "none") == 0) {
            continue;
        }

        reference = strcmp(string(e, "source"), "ref") == 0;

        fail_if(!reference && strcmp(string(e, "source"), "document") != 0);
        fail_if(reference != !!json_object_get(e, "clause"));
        fail_if(!reference && references_begun);

        if (reference && !references_begun) {
            references_begun = 1;
            before[0] = 0;
            before[1] = 0;
        }

        start = number(e, "start");
        end = number(e, "end");

        fail_if(start >= end || end > c->len);
        fail_if(start < before[0] || (start == before[0] && end <= before[1]));
        fail_if(strlen(string(e, "quote")) != c->bytes[end] - c->bytes[start]);
        fail_if(memcmp(string(e, "quote"), c->text + c->bytes[start],
                       c->bytes[end] - c->bytes[start]) != 0);

        before[0] = start;
        before[1] = end;
    }

    return 1;
}


static int
has_place(json_t *list, const place_t *place)
{
    size_t   i;
    json_t  *e;

    json_array_foreach(list, i, e) {
        if (strcmp(string(e, "source"), place->kind ? "ref" : "document") == 0
            && number(e, "start") == place->start
            && number(e, "end") == place->end)
        {
            return 1;
        }
    }

    return 0;
}


/* each says its own: all that is not the finding's own reason, in order */

static int
check_also(json_t *f)
{
    size_t       i, n;
    json_t      *id, *other;
    const char  *reason;

    n = 0;

    json_array_foreach(json_object_get(f, "chunks"), i, id) {
        if (strcmp(json_string_value(id), string(f, "reason")) == 0) {
            continue;
        }

        other = json_array_get(json_object_get(f, "also"), n++);
        reason = string(other, "reason");

        fail_if(strcmp(reason, json_string_value(id)) != 0);
        fail_if(strcmp(string(other, "chunk"), reason) != 0);
    }

    fail_if(n != json_array_size(json_object_get(f, "also")));
    fail_if(n == 0 && json_object_get(f, "also"));

    return 1;
}


/* the finding is that of all these chunks, and of no other */

static int
check_group(const case_t *c, json_t *f, int *seen)
{
    int            severity, confidence;
    size_t         i, k, n, best, group;
    json_t        *ids;
    const said_t  *said;

    ids = json_object_get(f, "chunks");
    best = strtoul(json_string_value(json_array_get(ids, 0)) + 1, 0, 10) - 1;
    group = c->said[best].group;
    severity = 9;
    confidence = -2;
    n = 0;

    for (i = 0; i < c->n; i++) {
        said = &c->said[i];

        if (said->group != group || !told(said)) {
            continue;
        }

        fail_if(seen[i]++);
        fail_if(strcmp(json_string_value(json_array_get(ids, n++)),
                       c->ids[i]) != 0);
        fail_if(strcmp(string(f, "verdict"), review_verdicts[said->verdict])
                != 0);

        severity = said->severity < severity ? said->severity : severity;

        if (said->confidence > confidence) {
            confidence = said->confidence;
            best = i;
        }

        for (k = 0; k < said->n; k++) {
            fail_if(said->places[k].kind != 2
                    && !has_place(json_object_get(f, "evidence"),
                                  &said->places[k]));
        }
    }

    fail_if(n != json_array_size(ids));
    fail_if(strcmp(string(f, "severity"), review_severities[severity]) != 0);
    fail_if(strcmp(string(f, "reason"), c->ids[best]) != 0);

    return check_also(f) && check_quotes(c, json_object_get(f, "evidence"));
}


static int
check_case(const case_t *c, json_t *json, size_t ngroups)
{
    int      seen[SMALL] = { 0 };
    size_t   i;
    json_t  *list, *f, *cell;

    list = at(json, "points.0.findings");
    fail_if(json_array_size(list) != ngroups);

    json_array_foreach(list, i, f) {
        if (!check_group(c, f, seen)) {
            return 0;
        }
    }

    list = json_object_get(json, "cells");
    fail_if(json_array_size(list) != c->n);

    json_array_foreach(list, i, cell) {
        fail_if(strcmp(string(cell, "chunk"), c->ids[i]) != 0);
        fail_if(seen[i] != told(&c->said[i]));
    }

    return 1;
}


static json_t *
case_report(case_t *c, int backwards)
{
    size_t            i;
    review_document_t  document;
    review_report_t  *report;

    review_report_reference_t  reference = { .id = review_string("ref") };

    memset(&document, 0, sizeof(document));

    document.text.data = c->text;
    document.text.len = c->bytes[c->len];
    reference.document = document;
    reference.nclauses = c->n;
    report = review_report_create(pool, &document, c->chunks, c->n, points, 1);

    if (review_report_text_references(report, &reference, 1, c->clauses) != 0) {
        abort();
    }

    for (i = 0; i < c->n; i++) {
        add(report, backwards ? c->n - 1 - i : i,
            json_incref(c->said[backwards ? c->n - 1 - i : i].reply));
    }

    return finish(report);
}


static void
test_random(void)
{
    size_t   i, k, failed, merged, n;
    case_t   c;
    json_t  *json, *other;

    failed = 0;
    merged = 0;

    for (i = 0; i < CASES; i++) {
        memset(&c, 0, sizeof(c));
        case_text(&c);
        case_chunks(&c);

        for (k = 0; k < c.n; k++) {
            case_said(&c, k);
        }

        n = case_groups(&c);
        json = case_report(&c, 0);
        other = case_report(&c, 1);

        for (k = 0; k < c.n; k++) {
            merged += told(&c.said[k]);
            json_decref(c.said[k].reply);
        }

        merged -= n;

        if ((!check_case(&c, json, n)
             || (!json_equal(json, other) && (why = "another order")))
            && ++failed <= 3)
        {
            char  *dump = json_dumps(json, 0);

            printf("# case %zu: %s\n# %s\n", i, why, dump);
            free(dump);
        }

        json_decref(json);
        json_decref(other);
    }

    ok(failed == 0, "%d cases: %zu are wrong", CASES, failed);
    ok(merged > CASES / 4, "%zu findings were told with others", merged);
}


/* a pool that counts, and may end */

static size_t  allocated, allocations, limit;

static void *
counting_alloc(review_pool_t *p, size_t size)
{
    if (limit && allocations >= limit) {
        return NULL;
    }

    allocations++;
    allocated += size;

    return tap_alloc(p, size);
}


static int
all_of_it(void)
{
    int               rc;
    json_t           *reply;
    review_buf_t      b;
    review_report_t  *report;

    report = create(2, 2);

    if (report == NULL) {
        return -1;
    }

    reply = finding("p1", "risk", "major", "0.5",
                    "{'quote':'|a|','source':'chunk','start':18,'end':21,"
                    "'match':'exact'},{'quote':'nowhere'},{'quote':'q',"
                    "'source':'l|w/c1','start':1,'end':2,'match':'exact'}");
    rc = review_report_read_add(report, 0, reply);
    json_decref(reply);

    reply = finding("p1", "risk", "major", "0.5",
                    "{'quote':'|a|','source':'chunk','start':0,'end':3,"
                    "'match':'exact'},{'quote':'nowhere'}");
    json_object_set_new(at(reply, "results.0.finding"), "data",
                        json_pack("{s:i}", "a", 1));
    rc |= review_report_read_add(report, 1, reply);
    json_decref(reply);

    rc |= review_report_verdict_finish(report);

    if (rc != 0) {
        return -1;
    }

    review_buf_init(&b, pool, 0);
    review_report_json(report, &b);
    review_report_markdown(report, &b, "en", NULL);

    return b.failed ? -1 : 0;
}


static void
test_memory(void)
{
    int     rc;
    size_t  n;

    pool->alloc = counting_alloc;

    for (limit = 1, rc = -1; rc != 0 && limit < 1000; limit++) {
        allocations = 0;
        rc = all_of_it();
    }

    n = limit - 2;
    limit = 0;
    pool->alloc = tap_alloc;

    ok(rc == 0 && n > 20, "memory may end at each of %zu places", n);
}


/* a document of "nchunks" times "npoints" cells; one in "every" has findings */

static double
big(size_t nchunks, size_t npoints, size_t every, size_t *used)
{
    char                    *doc, id[32];
    size_t                   i, k;
    clock_t                  began;
    json_t                  *replies[8], *list, *result;
    review_buf_t             b;
    review_document_t        document;
    review_report_t         *report;
    review_report_chunk_t   *cs;
    review_report_point_t   *ps;

    memset(&document, 0, sizeof(document));
    document.text.len = nchunks * 300;
    doc = review_alloc(pool, document.text.len);
    cs = review_alloc(pool, nchunks * sizeof(*cs));
    ps = review_alloc(pool, npoints * sizeof(*ps));
    memset(ps, 0, npoints * sizeof(*ps));
    memset(cs, 0, nchunks * sizeof(*cs));

    for (i = 0; i < nchunks * 100; i++) {
        memcpy(doc + 3 * i, "标", 3);
    }

    document.text.data = doc;

    for (i = 0; i < nchunks; i++) {
        cs[i].id = (review_str_t) review_string("c");
        cs[i].start = i * 100 - (i ? 50 : 0);
        cs[i].end = i * 100 + 100;
    }

    for (i = 0; i < npoints; i++) {
        snprintf(id, sizeof(id), "point-%zu", i);
        ps[i].id.len = strlen(id);
        ps[i].id.data = memcpy(review_alloc(pool, strlen(id)), id, strlen(id));
        ps[i].title = ps[i].id;
    }

    for (k = 0; k < 8; k++) {
        list = json_array();

        for (i = 0; i < npoints; i++) {
            snprintf(id, sizeof(id), "point-%zu", i);

            result = (i + k) % every == 0 ? parse(
                "{'status':'ok','finding':{'verdict':'risk','severity':'major',"
                "'reason':'%0250d','suggestion':'%0150d','confidence':0.5,"
                "'evidence':[{'quote':'标标标标','source':'chunk','start':%d,"
                "'end':%d,'match':'exact'},{'quote':'标标','source':'chunk',"
                "'start':1,'end':3,'match':'exact'}],'grounded':true,"
                "'needs_human':false}}", 1, 2, (int) k * 7, (int) k * 7 + 4)
                : parse("{'status':'skipped'}");

            json_object_set_new(result, "point", json_string(id));
            json_array_append_new(list, result);
        }

        replies[k] = json_pack("{s:o}", "results", list);
    }

    allocated = 0;
    pool->alloc = counting_alloc;
    began = clock();

    report = review_report_create(pool, &document, cs, nchunks, ps, npoints);

    for (i = 0; i < nchunks; i++) {
        if (review_report_read_add(report, i, replies[i % 8]) != 0) {
            abort();
        }
    }

    if (review_report_verdict_finish(report) != 0) {
        abort();
    }

    began = clock() - began;
    *used = allocated;
    pool->alloc = tap_alloc;

    review_buf_init(&b, pool, 0);
    review_report_json(report, &b);
    printf("# %zu cells: %zu KB, JSON of %zu KB\n", nchunks * npoints,
           *used / 1024, b.len / 1024);

    for (k = 0; k < 8; k++) {
        json_decref(replies[k]);
    }

    return (double) began / CLOCKS_PER_SEC;
}


static void
test_big(void)
{
    double          seconds;
    size_t          used;
    review_pool_t  *before;

    before = pool;
    pool = tap_pool();
    seconds = big(1000, 12, 1, &used);
    ok(used < 16 * 1024 * 1024, "12000 findings in %zu bytes", used);
    tap_pool_free(pool);

    /* many places that overlap in a chain */

    pool = tap_pool();
    seconds = big(10000, 100, 20, &used);
    ok(seconds < 8, "a million cells in %.2f s", seconds);
    tap_pool_free(pool);

    pool = before;
}


/* many clauses, whose ids are long and alike, quoted in any order */

#define CLAUSES  20000

static void
test_many_clauses(void)
{
    char                       (*ids)[1024];
    double                     seconds;
    size_t                     i, n;
    json_t                    *list, *reply, *json;
    clock_t                    began;
    review_report_t           *report;
    review_report_chunk_t     *cs;
    review_report_reference_t  reference = {
        review_string("r"), { .text = review_string("丙丁") }, CLAUSES
    };

    static review_document_t  document = {
        .text = review_string("甲乙")
    };

    ids = review_alloc(pool, CLAUSES * sizeof(*ids));
    cs = review_alloc(pool, CLAUSES * sizeof(*cs));
    memset(cs, 0, CLAUSES * sizeof(*cs));
    list = json_array();

    for (i = 0; i < CLAUSES; i++) {
        n = (size_t) snprintf(ids[i], sizeof(ids[i]), "%01000d/c%zu", 0,
                              i + 1);
        cs[i].id.data = ids[i];
        cs[i].id.len = n;
        cs[i].end = 2;
    }

    for (i = 0; i < CLAUSES; i++) {
        json_array_append_new(list, json_pack(
            "{s:s,s:s,s:i,s:i,s:s}", "quote", i % 2 ? "丁" : "丙", "source",
            ids[i * 7919 % CLAUSES], "start", (int) (i % 2), "end",
            (int) (i % 2) + 1, "match", "exact"));
    }

    reply = finding("p1", "risk", "minor", "1", "");
    json_object_set_new(at(reply, "results.0.finding"), "evidence", list);

    began = clock();
    report = review_report_create(pool, &document, cs, 1, points, 1);
    i = review_report_text_references(report, &reference, 1, cs) == 0;
    add(report, 0, reply);
    json = finish(report);
    seconds = (double) (clock() - began) / CLOCKS_PER_SEC;

    ok(i && json_array_size(at(json, FIRST "evidence")) == 2
       && is(json, FIRST "evidence.1.quote", "'丁'")
       && is(json, FIRST "grounded", "true"), "two places in all clauses");
    ok(seconds < 3, "%d clauses in %.2f s", CLAUSES, seconds);

    json_decref(json);
}


int
main(void)
{
    pool = tap_pool();

    test_merge();
    test_place();
    test_references();
    test_nowhere();
    test_bad();
    test_odd();
    test_foreign();
    test_told();
    test_again();
    test_rounds();
    test_verdicts();
    test_warnings();
    test_notes();
    test_readings();
    test_skipped();
    test_order();
    test_chain();
    test_none();
    test_same_text();
    test_headers();
    test_markdown();
    test_random();
    test_memory();
    test_big();
    test_many_clauses();

    tap_pool_free(pool);

    return tap_end();
}
