
/* What is said of a document: what was not read, or with doubt. */

#include "review/document/document.h"
#include "review/base/excerpt.h"


/* all codes but these tell of something that was not read */

static const review_str_t  review_warning_doubts[] = {
    review_string("ocr"),
    review_string("hidden_text"),
    review_string("charset"),
    review_string("reading_order"),
    review_string("numbering"),
    review_string("tracked_changes"),
    review_string("more_doubts"),
    { 0, NULL }
};


static int
review_warning_same(const review_str_t *a, const review_str_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


int
review_warning_is_doubt(const review_str_t *code)
{
    const review_str_t  *doubt;

    for (doubt = review_warning_doubts; doubt->data; doubt++) {
        if (review_warning_same(doubt, code)) {
            return 1;
        }
    }

    return 0;
}


static int
review_warning_copy(review_pool_t *pool, const review_str_t *text, size_t max,
    review_str_t *copy)
{
    char  *p;

    p = review_alloc(pool, max + 1);
    if (p == NULL) {
        return -1;
    }

    copy->data = review_excerpt(p, max + 1, text->data, text->len);
    copy->len = strlen(p);

    return 0;
}


static int
review_warning_grow(review_pool_t *pool, review_document_t *doc)
{
    size_t                      n;
    review_document_warning_t  *warnings;

    n = doc->nwarnings;

    /* powers of two: there is room for more until the next one */

    if (n & (n - 1)) {
        return 0;
    }

    warnings = review_alloc(pool, (2 * n + 1) * sizeof(*warnings));
    if (warnings == NULL) {
        return -1;
    }

    if (n) {
        memcpy(warnings, doc->warnings, n * sizeof(*warnings));
    }

    doc->warnings = warnings;

    return 0;
}


int
review_warning_add(review_pool_t *pool, review_document_t *doc,
    const review_str_t *code, const review_str_t *detail, size_t page)
{
    review_document_warning_t  *warning;

    if (!review_warning_is_doubt(code)) {
        doc->unread = 1;
    }

    if (review_warning_grow(pool, doc) != 0) {
        return -1;
    }

    warning = &doc->warnings[doc->nwarnings++];
    warning->page = page;
    warning->n = 0;
    warning->own = 0;

    return review_warning_copy(pool, code, REVIEW_DOCUMENT_CODE,
                                &warning->code) == 0
           && review_warning_copy(pool, detail, REVIEW_DOCUMENT_DETAIL,
                                   &warning->detail) == 0
           ? 0 : -1;
}


int
review_warning_add_own(review_pool_t *pool, review_document_t *doc,
    const review_str_t *code, const review_str_t *detail, size_t page, size_t n)
{
    if (review_warning_add(pool, doc, code, detail, page) != 0) {
        return -1;
    }

    doc->warnings[doc->nwarnings - 1].own = 1;
    doc->warnings[doc->nwarnings - 1].n = n;

    return 0;
}


/* has the converter said so itself? */

int
review_warning_is_there(const review_document_t *doc, const review_str_t *code)
{
    size_t  i;

    for (i = 0; i < doc->nwarnings; i++) {
        if (review_warning_same(&doc->warnings[i].code, code)) {
            return 1;
        }
    }

    return 0;
}
