
/*
 * Proves, for any answer of a converter, that it is refused with a reason that
 * is valid UTF-8, or that it is a document: its pages begin at code points, in
 * order, hidden places are within the text, what is unread is counted, and it
 * can be told as JSON.  So it is for any text.
 */

#include "request.h"
#include "review/document/document.h"
#include "review/json/write.h"


#define MAX_TEXT  4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_pages(const review_document_t *doc)
{
    size_t  i, n, without;

    for (i = 0, without = 0; i < doc->npages; i++) {
        n = doc->pages[i].start;

        check(i ? n >= doc->pages[i - 1].start : n == 0);
        check(n <= doc->text.len);
        check(n == doc->text.len || !review_utf8_trail(doc->text.data[n]));
        check(doc->pages[i].point == review_utf8_count(doc->text.data, n));
        check(doc->pages[i].kind < REVIEW_PAGE_UNKNOWN);

        without += doc->pages[i].kind == REVIEW_PAGE_SCAN;
    }

    check(doc->nwithout == without);
    check(!without || doc->unread);
}


static void
check_warnings(const review_document_t *doc)
{
    int                               unread;
    size_t                            i;
    const review_document_warning_t  *w;

    unread = doc->nwithout > 0;

    for (i = 0; i < doc->nwarnings; i++) {
        w = &doc->warnings[i];
        unread |= !review_warning_is_doubt(&w->code);

        check(w->code.len && w->code.len <= REVIEW_DOCUMENT_CODE);
        check(w->detail.len <= REVIEW_DOCUMENT_DETAIL + 3);
        check(review_utf8_valid(w->detail.data, w->detail.len)
              == w->detail.len);
        check(memchr(w->detail.data, '\n', w->detail.len) == NULL);
        check(doc->npages == 0 || w->page <= doc->npages);
    }

    check(doc->unread == (unsigned) unread);
}


static void
check_document(review_pool_t *pool, const review_document_t *doc)
{
    size_t          i;
    json_t         *json;
    review_buf_t    b;
    review_error_t  err;

    check(doc->length == review_utf8_count(doc->text.data, doc->text.len));
    check(strlen(doc->sha256) == REVIEW_SHA256_HEX);
    check_pages(doc);
    check_warnings(doc);

    for (i = 0; i < doc->nhidden; i++) {
        check(doc->hidden[i].start < doc->hidden[i].end
              && doc->hidden[i].end <= doc->length);
    }

    review_buf_init(&b, pool, 0);
    review_write_object(&b, NULL);
    review_write_object(&b, "document");
    review_document_json(&b, doc);
    review_write_object_end(&b);
    review_document_json_text(&b, doc);
    review_write_object_end(&b);

    json = review_json_parse(b.data, b.len, &err);
    check(json && review_pool_own_json(pool, json) == 0);
    check(json_array_size(json_object_get(json, "pages")) == doc->npages);
    json = json_object_get(json, "document");
    check(json_array_size(json_object_get(json, "pages_without_text"))
          == doc->nwithout);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                 rc;
    review_str_t        text;
    review_pool_t      *pool;
    review_error_t      err;
    review_document_t   doc;

    pool = tap_pool();
    memset(&err, 0, sizeof(err));

    text.data = (const char *) data;
    text.len = size;

    if (review_utf8_text(text.data, text.len) == text.len) {
        check(review_document_read(pool, &doc, &text) == 0);
        check_document(pool, &doc);
    }

    rc = review_extracted_read(pool, &doc, text.data, text.len, MAX_TEXT,
                               &err);

    if (rc == 0) {
        check(doc.text.len <= MAX_TEXT);
        check_document(pool, &doc);

    } else {
        check(rc == 502 || rc == 413);
        check(err.text[0]);
        check(review_utf8_valid(err.text, strlen(err.text))
              == strlen(err.text));
    }

    tap_pool_free(pool);

    return 0;
}
