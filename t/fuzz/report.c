
/*
 * Any reply to the review of two chunks, the other one's being the same.
 * Proves that the report is JSON with each cell in it once, that its quotes
 * are the text of the document, or of a reference, where they are said to
 * stand, that no place is told of twice, that what quotes one place is one, and
 * that nothing in a reply can begin a line of the Markdown.
 */

#include "check.h"
#include "review/form/report_form.h"
#include "review/base/utf8.h"

#define is_document(e)                                                        \
    (strcmp(string(e, "source"), "document") == 0)


static const char  text[] =
    "|甲|é|。一二三四五六七八九十。ABCDEFGHIJ一二三四五六七八九十。𠮷𠮷𠮷|1|2|";

static const review_heading_t  heading = { NULL, review_string("# |`<") };

static const review_report_chunk_t  chunks[] = {
    { review_string("c1"), 0, 28, 0, 0, NULL },
    { review_string("c2"), 17, 46, 5, 0, &heading }
};

/* the references have the document's text; clauses overlap */

static const review_report_reference_t  references[] = {
    { review_string("law"), { .text = review_string(text) }, 2 },
    { review_string("l|`"), { .text = review_string(text) }, 1 }
};

static const review_report_chunk_t  clauses[] = {
    { review_string("law/c1"), 0, 28, 0, 0, &heading },
    { review_string("law/c2"), 17, 46, 5, 0, NULL },
    { review_string("l|`/c1"), 5, 28, 0, 0, NULL }
};

static const review_report_point_t  points[] = {
    { review_string("a"), review_string("A"), .absent = -1 },
    { review_string("b"), review_string("B"), .absent = -1 },
    { review_string("c"), review_string("C"), .absent = -1 }
};


static const char *
string(json_t *json, const char *name)
{
    const char  *s;

    s = json_string_value(json_object_get(json, name));

    return s ? s : "";
}


static size_t
number(json_t *json, const char *name)
{
    return (size_t) json_integer_value(json_object_get(json, name));
}


static size_t
offset_of(size_t n)
{
    const char  *p;

    for (p = text; n; n--) {
        check(*p);
        (void) review_utf8_next(&p, text + sizeof(text) - 1);
    }

    return (size_t) (p - text);
}


/* of texts in their order: the document, the references; 3: of none */

static int
source_of(json_t *e)
{
    if (strcmp(string(e, "match"), "none") == 0) {
        check(json_is_null(json_object_get(e, "source")));
        return 3;
    }

    if (is_document(e)) {
        check(json_object_get(e, "clause") == NULL);
        return 0;
    }

    check(json_is_string(json_object_get(e, "clause")));

    if (strcmp(string(e, "source"), references[0].id.data) == 0) {
        return 1;
    }

    check(strcmp(string(e, "source"), references[1].id.data) == 0);
    return 2;
}


/* in the order of the texts, and where they are said to stand */

static void
check_evidence(json_t *list)
{
    int          source, last;
    size_t       i, from, to, start, end;
    json_t      *e;

    start = 0;
    end = 0;
    last = 0;

    json_array_foreach(list, i, e) {
        source = source_of(e);
        check(source >= last);

        if (source > last) {
            start = 0;
            end = 0;
            last = source;
        }

        if (source == 3) {
            continue;
        }

        check(number(e, "start") > start
              || (number(e, "start") == start && number(e, "end") > end));

        start = number(e, "start");
        end = number(e, "end");
        from = offset_of(start);
        to = offset_of(end);

        check(start < end);
        check(strcmp(string(e, "match"), "none") != 0);
        check(strlen(string(e, "quote")) == to - from);
        check(memcmp(string(e, "quote"), text + from, to - from) == 0);
    }
}


/*
 * Two findings of a verdict are not one only if what they quote does not
 * overlap, but for the header, and for what they were judged without.
 */

static void
check_apart(json_t *one, json_t *two)
{
    size_t   i, k;
    json_t  *e, *f;

    if (strcmp(string(one, "verdict"), string(two, "verdict")) != 0) {
        return;
    }

    json_array_foreach(json_object_get(one, "evidence"), i, e) {
        json_array_foreach(json_object_get(two, "evidence"), k, f) {

            check(!is_document(e) || !is_document(f)
                  || json_object_get(e, "elsewhere")
                  || json_object_get(f, "elsewhere")
                  || number(e, "start") < chunks[1].header
                  || number(f, "start") < chunks[1].header
                  || number(e, "end") <= number(f, "start")
                  || number(f, "end") <= number(e, "start"));
        }
    }
}


static void
check_json(const review_buf_t *b)
{
    size_t         i, k, n;
    json_t        *json, *point, *findings, *cell;
    json_error_t   error;

    json = json_loadb(b->data, b->len, JSON_ALLOW_NUL|JSON_REJECT_DUPLICATES,
                      &error);
    check(json != NULL);

    json_array_foreach(json_object_get(json, "points"), i, point) {
        findings = json_object_get(point, "findings");
        n = json_array_size(findings);

        check(n <= 2);
        check(strcmp(string(point, "point"), points[i].id.data) == 0);

        for (k = 0; k < n; k++) {
            check_evidence(json_object_get(json_array_get(findings, k),
                                           "evidence"));
        }

        if (n == 2) {
            check_apart(json_array_get(findings, 0),
                        json_array_get(findings, 1));
        }
    }

    check(json_array_size(json_object_get(json, "cells")) == 6);

    json_array_foreach(json_object_get(json, "cells"), i, cell) {
        check(strcmp(string(cell, "chunk"), chunks[i / 3].id.data) == 0);
        check(strcmp(string(cell, "point"), points[i % 3].id.data) == 0);
        check(json_object_get(cell, "status") != NULL);
    }

    json_decref(json);
}


/* how a line may begin: what we say, and texts only behind it */

static int
line_is_ours(const char *line)
{
    size_t  i;

    static const char *const  begins[] = {
        "\n", "# A title\n", "## ", "### ", "> ", ">\n", "- **Reason**: ",
        "- **Suggestion**: ", "- **Confidence**: ", "- **Place**: ",
        "- **Chunks**: ", "| 1. A | ", "| 2. B | ", "| 3. C | ", "| c1 | ",
        "| c2 | ", "| --- | ", "| Point | ", "| Chunk | ", "Status: ",
        "Chunks: ", "Nothing was found.\n", "Read: ",
        "Not all chunks were reviewed: see the end.\n", NULL
    };

    for (i = 0; begins[i]; i++) {
        if (strncmp(line, begins[i], strlen(begins[i])) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
check_markdown(review_buf_t *b)
{
    size_t       columns, max;
    const char  *p, *end;

    review_buf_add(b, "", 1);
    check(strlen(b->data) + 1 == b->len);
    check(review_utf8_valid(b->data, b->len) == b->len);

    max = 7;

    for (p = b->data; *p; p = end + 1) {
        end = strchr(p, '\n');
        check(end != NULL && line_is_ours(p));
        max = strncmp(p, "| Chunk | ", 10) == 0 ? 6 : max;

        for (columns = 0; *p == '|' && p < end; p++) {
            columns++;

            for (p++; p < end && *p != '|'; p += 1 + (*p == '\\')) {
                /* void */
            }

            p--;
        }

        check(columns == 0 || columns == max);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t           *reply;
    review_buf_t      b;
    review_str_t      title = review_string("A\ntitle");
    json_error_t      error;
    review_pool_t    *pool;
    review_report_t  *report;

    static review_document_t  document = {
        .text = review_string(text)
    };

    reply = json_loadb((const char *) data, size,
                       JSON_ALLOW_NUL|JSON_DECODE_ANY, &error);

    if (reply == NULL) {
        return 0;
    }

    pool = tap_pool();

    report = review_report_create(pool, &document, chunks, 2, points, 3);
    check(report != NULL);
    check(review_report_text_references(report, references, 2, clauses) == 0);

    check(review_report_read_add(report, 1, reply) == 0);
    check(review_report_read_add(report, 0, reply) == 0);
    json_decref(reply);

    check(review_report_elsewhere_find(report, pool, size % 4 * 20000, NULL)
          == 0);
    check(review_report_verdict_finish(report) == 0);

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, "{");
    review_report_json(report, &b);
    review_buf_puts(&b, "}");
    check_json(&b);

    b.len = 0;
    review_report_markdown(report, &b, "en", &title);
    check_markdown(&b);

    tap_pool_free(pool);

    return 0;
}
