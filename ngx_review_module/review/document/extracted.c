
/* What a converter says of a document: its text, its pages, and its doubts. */

#include "review/document/document.h"
#include "review/base/utf8.h"
#include "review/json/json.h"

#include <limits.h>
#include <stdio.h>


typedef struct {
    review_str_t            text;
    json_t                 *pages;
    json_t                 *hidden;
    json_t                 *warnings;
} review_extracted_t;

typedef struct {
    int                     start;
    int                     kind;
} review_extracted_page_t;

typedef struct {
    review_str_t            code;
    review_str_t            detail;
    int                     page;
} review_extracted_warning_t;


/* walks over the text, in code points */

typedef struct {
    const review_str_t     *text;
    size_t                  at;
    size_t                  point;
} review_extracted_walk_t;


static const review_member_t  review_extracted_page_members[] = {
    review_member("start", INTEGER, review_extracted_page_t, start,
                  .max = INT_MAX, .missing = "is required"),
    review_member("kind", CHOICE, review_extracted_page_t, kind,
                  .names = review_pages),
    review_member_end
};

static const review_member_t  review_extracted_warning_members[] = {
    review_member("code", STRING, review_extracted_warning_t, code,
                  .min = 1, .max = REVIEW_DOCUMENT_CODE,
                  .missing = "is required"),
    review_member("detail", STRING, review_extracted_warning_t, detail),
    review_member("page", INTEGER, review_extracted_warning_t, page,
                  .min = 1, .max = INT_MAX),
    review_member_end
};

static const review_member_t  review_extracted_members[] = {
    review_member("text", STRING, review_extracted_t, text,
                  .missing = "is required"),
    review_member("pages", ARRAY, review_extracted_t, pages,
                  .each = review_extracted_page_members),
    review_member("hidden", ARRAY, review_extracted_t, hidden),
    review_member("warnings", ARRAY, review_extracted_t, warnings,
                  .each = review_extracted_warning_members),
    review_member_end
};


/* an element of a list, which must be an object of those members */

static int
review_extracted_object(json_t *json, const char *list, size_t i,
    const review_member_t *members, void *into, char *pointer,
    review_error_t *err)
{
    (void) review_json_member_pointer_index(pointer, list, i);

    if (!json_is_object(json)) {
        return review_refuse(err, 502, pointer, "must be an object, got %s",
                             review_json_member_type(json));
    }

    review_json_object_drop_nulls(json);

    return review_json_object(json, pointer, members, into, err) == 0 ? 0
                                                                      : 502;
}


/* 0, or -1: the text has not so many code points, or the walk is past them */

static int
review_extracted_walk(review_extracted_walk_t *w, size_t point)
{
    const char  *data;

    data = w->text->data;

    if (point < w->point) {
        return -1;
    }

    while (w->point < point && w->at < w->text->len) {

        do {
            w->at++;
        } while (w->at < w->text->len && review_utf8_trail(data[w->at]));

        w->point++;
    }

    return w->point == point ? 0 : -1;
}


static int
review_extracted_page(review_extracted_walk_t *w, json_t *json, size_t i,
    review_page_t *page, review_error_t *err)
{
    int                      rc;
    char                     pointer[REVIEW_ERROR_POINTER];
    review_extracted_page_t  members;

    members.start = 0;
    members.kind = REVIEW_PAGE_UNKNOWN;

    rc = review_extracted_object(json, "/pages", i,
                                 review_extracted_page_members, &members,
                                 pointer, err);
    if (rc) {
        return rc;
    }

    (void) review_json_member_pointer_name(pointer, pointer, "start", 5);

    if (i == 0 && members.start != 0) {
        return review_refuse(err, 502, pointer, "must be 0, got %d",
                             members.start);
    }

    if (review_extracted_walk(w, (size_t) members.start) != 0) {
        return review_refuse(err, 502, pointer, "must not be before the page "
                             "before, nor behind the text, got %d",
                             members.start);
    }

    page->start = w->at;
    page->kind = (unsigned char) members.kind;

    return 0;
}


static int
review_extracted_pages(review_pool_t *pool, review_document_t *doc,
    json_t *list, review_error_t *err)
{
    int                      rc;
    size_t                   i, n;
    json_t                  *json;
    review_extracted_walk_t  w;

    n = json_array_size(list);

    if (n > REVIEW_DOCUMENT_PAGES) {
        return review_refuse(err, 502, "/pages", "has %zu elements, more than "
                             "%d", n, REVIEW_DOCUMENT_PAGES);
    }

    doc->pages = review_alloc(pool, (n + 1) * sizeof(review_page_t));
    if (doc->pages == NULL) {
        return -1;
    }

    w.text = &doc->text;
    w.at = 0;
    w.point = 0;

    json_array_foreach(list, i, json) {
        rc = review_extracted_page(&w, json, i, &doc->pages[i], err);

        if (rc) {
            return rc;
        }
    }

    doc->npages = n;

    return 0;
}


static int
review_extracted_span(review_extracted_walk_t *w, json_t *json, size_t i,
    review_document_span_t *span, review_error_t *err)
{
    char         pointer[REVIEW_ERROR_POINTER];
    json_int_t   start, end;

    (void) review_json_member_pointer_index(pointer, "/hidden", i);

    if (json_array_size(json) != 2
        || !json_is_integer(json_array_get(json, 0))
        || !json_is_integer(json_array_get(json, 1)))
    {
        return review_refuse(err, 502, pointer, "must be two integers");
    }

    start = json_integer_value(json_array_get(json, 0));
    end = json_integer_value(json_array_get(json, 1));

    if (start < 0 || end <= start
        || review_extracted_walk(w, (size_t) start) != 0
        || review_extracted_walk(w, (size_t) end) != 0)
    {
        return review_refuse(err, 502, pointer, "must be a place in the text, "
                             "behind the one before");
    }

    span->start = (size_t) start;
    span->end = (size_t) end;

    return 0;
}


static int
review_extracted_hidden(review_pool_t *pool, review_document_t *doc,
    json_t *list, review_error_t *err)
{
    int                      rc;
    size_t                   i, n;
    json_t                  *json;
    review_extracted_walk_t  w;

    n = json_array_size(list);

    if (n > REVIEW_DOCUMENT_HIDDEN) {
        return review_refuse(err, 502, "/hidden", "has %zu elements, more than "
                             "%d", n, REVIEW_DOCUMENT_HIDDEN);
    }

    doc->hidden = review_alloc(pool, (n + 1) * sizeof(review_document_span_t));
    if (doc->hidden == NULL) {
        return -1;
    }

    w.text = &doc->text;
    w.at = 0;
    w.point = 0;

    json_array_foreach(list, i, json) {
        rc = review_extracted_span(&w, json, i, &doc->hidden[i], err);

        if (rc) {
            return rc;
        }
    }

    doc->nhidden = n;

    return 0;
}


static int
review_extracted_is_code(const review_str_t *code)
{
    size_t  i;

    static const char  letters[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    for (i = 0; i < code->len; i++) {
        if (code->data[i] == '\0' || strchr(letters, code->data[i]) == NULL) {
            return 0;
        }
    }

    return 1;
}


static int
review_extracted_warning(review_document_t *doc, json_t *json, size_t i,
    review_extracted_warning_t *members, review_error_t *err)
{
    int   rc;
    char  pointer[REVIEW_ERROR_POINTER];

    memset(members, 0, sizeof(*members));

    members->detail.data = "";

    rc = review_extracted_object(json, "/warnings", i,
                                 review_extracted_warning_members, members,
                                 pointer, err);
    if (rc) {
        return rc;
    }

    if (!review_extracted_is_code(&members->code)) {
        (void) review_json_member_pointer_name(pointer, pointer, "code", 4);
        return review_refuse(err, 502, pointer, "must be of letters, digits, "
                             "\"_\", \".\" and \"-\"");
    }

    if (doc->npages && (size_t) members->page > doc->npages) {
        (void) review_json_member_pointer_name(pointer, pointer, "page", 4);
        return review_refuse(err, 502, pointer, "must be at most %zu, got %d",
                             doc->npages, members->page);
    }

    return 0;
}


/* more of them than are kept: if any of these counts, so does what tells it */

static int
review_extracted_more(review_pool_t *pool, review_document_t *doc, size_t n,
    int doubt)
{
    char          text[80];
    review_str_t  code, detail;

    code.data = doubt ? "more_doubts" : "more_warnings";
    code.len = strlen(code.data);

    (void) snprintf(text, sizeof(text), "%zu more warnings", n);

    detail.data = text;
    detail.len = strlen(text);

    return review_warning_add_own(pool, doc, &code, &detail, 0, n);
}


static int
review_extracted_warnings(review_pool_t *pool, review_document_t *doc,
    json_t *list, review_error_t *err)
{
    int                         rc, doubt;
    size_t                      i, n;
    json_t                     *json;
    review_extracted_warning_t  w;

    doubt = 1;
    n = 0;

    json_array_foreach(list, i, json) {
        rc = review_extracted_warning(doc, json, i, &w, err);

        if (rc) {
            return rc;
        }

        if (i >= REVIEW_DOCUMENT_WARNINGS) {
            doubt &= review_warning_is_doubt(&w.code);
            n++;

        } else if (review_warning_add(pool, doc, &w.code, &w.detail,
                                        (size_t) w.page)
                   != 0)
        {
            return -1;
        }
    }

    return n ? review_extracted_more(pool, doc, n, doubt) : 0;
}


static int
review_extracted_document(review_pool_t *pool, review_document_t *doc,
    json_t *json, size_t max_text, review_error_t *err)
{
    int                 rc;
    review_extracted_t  members;

    memset(&members, 0, sizeof(members));

    if (!json_is_object(json)) {
        return review_refuse(err, 502, "", "must be an object, got %s",
                             review_json_member_type(json));
    }

    review_json_object_drop_nulls(json);

    if (review_json_object(json, "", review_extracted_members, &members, err)
        != 0)
    {
        return 502;
    }

    if (members.text.len > max_text) {
        return review_refuse(err, 413, "/text", "is of %zu bytes, "
                             "review_max_text_size allows %zu",
                             members.text.len, max_text);
    }

    doc->text = members.text;

    /* an empty list says no more than none: form feeds are looked at */

    rc = json_array_size(members.pages)
         ? review_extracted_pages(pool, doc, members.pages, err)
         : review_page_split(pool, doc);

    if (rc == 0) {
        rc = review_extracted_hidden(pool, doc, members.hidden, err);
    }

    if (rc == 0) {
        rc = review_extracted_warnings(pool, doc, members.warnings, err);
    }

    return rc ? rc : review_document_finish(pool, doc);
}


int
review_extracted_read(review_pool_t *pool, review_document_t *doc,
    const char *data, size_t len, size_t max_text, review_error_t *err)
{
    int      rc;
    size_t   values;
    json_t  *json, *text;

    memset(doc, 0, sizeof(*doc));

    json = review_json_parse_known(data, len, review_extracted_members,
                                   &values, err);

    if (json == NULL) {
        return 502;
    }

    rc = review_extracted_document(pool, doc, json, max_text, err);

    /* whoever ends the pool has but the text to give back, which is quick */

    text = json_incref(json_object_get(json, "text"));
    json_decref(json);

    return text && review_pool_own_json(pool, text) != 0 ? -1 : rc;
}
