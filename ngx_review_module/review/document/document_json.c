
#include "review/document/document.h"
#include "review/json/write.h"


void
review_document_json_ranges(review_buf_t *b, const review_document_t *doc,
    review_page_e kind, size_t max)
{
    size_t  i, k, n;

    for (i = 0, n = 0; i < doc->npages; i = k + 1) {

        for (k = i; k < doc->npages && doc->pages[k].kind == kind; k++) {
            /* void */
        }

        if (k == i) {
            continue;
        }

        if (n == max) {
            review_buf_puts(b, ", …");
            return;
        }

        review_buf_puts(b, n++ ? ", " : "");
        review_buf_number(b, i + 1);

        if (k > i + 1) {
            review_buf_puts(b, "–");
            review_buf_number(b, k);
        }
    }
}


static void
review_document_json_warnings(review_buf_t *b, const review_document_t *doc)
{
    size_t                            i;
    const review_document_warning_t  *warning;

    review_write_array(b, "warnings");

    for (i = 0; i < doc->nwarnings; i++) {
        warning = &doc->warnings[i];

        review_write_object(b, NULL);
        review_write_str(b, "code", &warning->code);
        review_write_str(b, "detail", &warning->detail);

        if (warning->page) {
            review_write_number(b, "page", warning->page);
        }

        review_write_object_end(b);
    }

    review_write_array_end(b);
}


void
review_document_json(review_buf_t *b, const review_document_t *doc)
{
    size_t  i;

    review_write_word(b, "sha256", doc->sha256);
    review_write_number_or_null(b, "pages", doc->npages, doc->npages > 0);
    review_write_array(b, "pages_without_text");

    for (i = 0; i < doc->npages; i++) {
        if (doc->pages[i].kind == REVIEW_PAGE_SCAN) {
            review_write_number(b, NULL, i + 1);
        }
    }

    review_write_array_end(b);
    review_document_json_warnings(b, doc);
}


void
review_document_json_text(review_buf_t *b, const review_document_t *doc)
{
    size_t  i;

    review_write_str(b, "text", &doc->text);
    review_write_array(b, "pages");

    for (i = 0; i < doc->npages; i++) {
        review_write_object(b, NULL);
        review_write_number(b, "start", doc->pages[i].point);
        review_write_word(b, "kind", review_pages[doc->pages[i].kind]);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}
