
#include "review/document/document.h"
#include "review/base/utf8.h"

#include <stdio.h>


/* how many ranges of pages a warning names */

#define REVIEW_DOCUMENT_RANGES  20


/* one warning for all pages of a kind */

static int
review_document_warn_pages(review_pool_t *pool, review_document_t *doc,
    review_page_e kind)
{
    size_t        i;
    review_buf_t  b;
    review_str_t  code, detail;

    for (i = 0; i < doc->npages && doc->pages[i].kind != kind; i++) {
        /* void */
    }

    code.data = review_pages[kind];
    code.len = strlen(code.data);

    if (i == doc->npages || review_warning_is_there(doc, &code)) {
        return 0;
    }

    review_buf_init(&b, pool, 64);
    review_buf_puts(&b, "pages ");
    review_document_json_ranges(&b, doc, kind, REVIEW_DOCUMENT_RANGES);

    detail.data = b.data;
    detail.len = b.len;

    return b.failed ? -1
                    : review_warning_add_own(pool, doc, &code, &detail, i + 1,
                                             0);
}


static int
review_document_warn_hidden(review_pool_t *pool, review_document_t *doc)
{
    char          text[80];
    size_t        i, n;
    review_str_t  detail;

    static const review_str_t  code = review_string("hidden_text");

    if (doc->nhidden == 0 || review_warning_is_there(doc, &code)) {
        return 0;
    }

    for (i = 0, n = 0; i < doc->nhidden; i++) {
        n += doc->hidden[i].end - doc->hidden[i].start;
    }

    (void) snprintf(text, sizeof(text), "%zu characters in %zu places, the "
                    "first at %zu", n, doc->nhidden, doc->hidden[0].start);

    detail.data = text;
    detail.len = strlen(text);

    for (i = 0; i < doc->npages
                && doc->pages[i].point <= doc->hidden[0].start; i++)
    {
        /* void */
    }

    return review_warning_add_own(pool, doc, &code, &detail, i, n);
}


/* a page that is said to have text has some, or it was not read */

static void
review_document_check_told(review_document_t *doc)
{
    size_t        i;
    review_str_t  text;

    for (i = 0; i < doc->npages; i++) {

        if (doc->pages[i].kind != REVIEW_PAGE_TEXT
            && doc->pages[i].kind != REVIEW_PAGE_OCR)
        {
            continue;
        }

        review_page_text(doc, i, &text);

        if (review_page_blank(&text)) {
            doc->pages[i].kind = REVIEW_PAGE_SCAN;
        }
    }
}


static void
review_document_count(review_document_t *doc)
{
    size_t  i, at, n;

    for (i = 0, at = 0, n = 0; i < doc->npages; i++) {
        n += review_utf8_count(doc->text.data + at, doc->pages[i].start - at);
        at = doc->pages[i].start;

        doc->pages[i].point = n;
    }

    doc->length = n + review_utf8_count(doc->text.data + at,
                                        doc->text.len - at);
}


int
review_document_finish(review_pool_t *pool, review_document_t *doc)
{
    size_t  i;

    review_document_count(doc);

    review_document_check_told(doc);

    if (review_page_judge(pool, doc) != 0) {
        return -1;
    }

    for (i = 0; i < doc->npages; i++) {
        doc->nwithout += doc->pages[i].kind == REVIEW_PAGE_SCAN;
    }

    if (review_document_warn_pages(pool, doc, REVIEW_PAGE_SCAN) != 0
        || review_document_warn_pages(pool, doc, REVIEW_PAGE_OCR) != 0
        || review_document_warn_hidden(pool, doc) != 0)
    {
        return -1;
    }

    if (doc->nwithout) {
        doc->unread = 1;
    }

    return review_sha256(&doc->text, 1, doc->sha256);
}


int
review_document_read(review_pool_t *pool, review_document_t *doc,
    const review_str_t *text)
{
    memset(doc, 0, sizeof(*doc));

    doc->text = *text;

    return review_page_split(pool, doc) == 0
           ? review_document_finish(pool, doc) : -1;
}
