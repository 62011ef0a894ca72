
/*
 * A text with what is known of it: its pages, what of them has no text, and
 * what whoever has made it says of it.
 */

#ifndef _REVIEW_DOCUMENT_H_INCLUDED_
#define _REVIEW_DOCUMENT_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/review.h"
#include "review/base/sha256.h"

#pragma GCC visibility push(hidden)


/* most pages of a text; what is behind them is all of the last one */

#define REVIEW_DOCUMENT_PAGES     100000

/* most spans that a converter says are hidden */

#define REVIEW_DOCUMENT_HIDDEN    10000

/* most warnings that are kept; of further ones it is told that there are */

#define REVIEW_DOCUMENT_WARNINGS  1000

/* bytes of a warning's code, and of its detail */

#define REVIEW_DOCUMENT_CODE      64
#define REVIEW_DOCUMENT_DETAIL    512


typedef enum {
    REVIEW_PAGE_TEXT = 0,
    REVIEW_PAGE_OCR,                   /* recognised: read with doubt */
    REVIEW_PAGE_SCAN,                  /* has no text, and may show something */
    REVIEW_PAGE_BLANK,                 /* has no text, and nothing else */
    REVIEW_PAGE_UNKNOWN                /* is to be looked at */
} review_page_e;

/* names, in the order of the enumeration, NULL at the end */

extern const char *const  review_pages[];

typedef struct {
    size_t                 start;      /* a byte of the text */
    size_t                 point;      /* code points before it */
    unsigned char          kind;
} review_page_t;


/* code points */

typedef struct {
    size_t                 start;
    size_t                 end;
} review_document_span_t;


typedef struct {
    review_str_t           code;
    review_str_t           detail;     /* one line; may be empty */
    size_t                 page;       /* from 1; 0: of none */
    size_t                 n;          /* what our own words count */
    unsigned               own:1;      /* they are ours: the code tells all */
} review_document_warning_t;


typedef struct {
    review_str_t           text;       /* valid UTF-8 */
    size_t                 length;     /* code points */

    review_page_t         *pages;      /* the first starts at 0 */
    size_t                 npages;     /* 0: the text has no pages */
    size_t                 nwithout;   /* that have no text: those scanned */

    review_document_span_t  *hidden;
    size_t                 nhidden;

    review_document_warning_t  *warnings;
    size_t                 nwarnings;

    unsigned               unread:1;   /* something in it was not read */
    char                   sha256[REVIEW_SHA256_HEX + 1];  /* "": it was not
                                                              read yet */
} review_document_t;


/*
 * Makes a document of a text, which is not copied and must outlive it.  Pages
 * are what form feeds are between; behind the last one there is a page only if
 * there is something on it.  Reads all of it: to be done on a thread.  0, or
 * -1: no memory.
 */

int review_document_read(review_pool_t *pool, review_document_t *doc,
    const review_str_t *text);

/*
 * document.c, for those who have filled in text, pages (byte, kind), spans and
 * warnings themselves: the rest of it.  0, or -1: no memory.
 */

int review_document_finish(review_pool_t *pool, review_document_t *doc);


/*
 * warning.c: one more, copied; "detail" becomes one line.  0, or -1: no memory.
 * Or one of our own, whose words others may choose: "n" is what they count.
 */

int review_warning_add(review_pool_t *pool, review_document_t *doc,
    const review_str_t *code, const review_str_t *detail, size_t page);
int review_warning_add_own(review_pool_t *pool, review_document_t *doc,
    const review_str_t *code, const review_str_t *detail, size_t page,
    size_t n);

/* is what the code tells read, though with doubt? */

int review_warning_is_doubt(const review_str_t *code);

/* has the document a warning of that code? */

int review_warning_is_there(const review_document_t *doc,
    const review_str_t *code);


/* page.c: the pages that form feeds make, none if there are none; 0, or -1 */

int review_page_split(review_pool_t *pool, review_document_t *doc);

/*
 * Those whose kind is not known get one: REVIEW_PAGE_SCAN where there is no
 * text to speak of, else REVIEW_PAGE_TEXT.  0, or -1: no memory.
 */

int review_page_judge(review_pool_t *pool, review_document_t *doc);

/* a page's text, without its form feed; n is less than npages */

void review_page_text(const review_document_t *doc, size_t n,
    review_str_t *text);

/* is there nothing in a page's text that could be read?  1 or 0 */

int review_page_blank(const review_str_t *text);


/*
 * extracted.c: what a converter answers as application/vnd.review.text+json:
 *
 *     {"text","pages":[{"start","kind"}],"hidden":[[start,end]],
 *      "warnings":[{"code","detail","page"}]}
 *
 * The text is the pool's.  0; -1: no memory; or 502, and *err names the member
 * that is wrong; or 413: the text has more than max_text bytes.
 */

int review_extracted_read(review_pool_t *pool, review_document_t *doc,
    const char *data, size_t len, size_t max_text, review_error_t *err);


/*
 * document_json.c: members of an object, without its braces:
 *
 *     "sha256","pages","pages_without_text":[...],"warnings":[...]
 */

void review_document_json(review_buf_t *b, const review_document_t *doc);

/* "text" and "pages":[{"start","kind"}], in code points */

void review_document_json_text(review_buf_t *b, const review_document_t *doc);

/*
 * The numbers of the pages of a kind as people write them, "2, 4–6": so many
 * ranges at most, then "…".
 */

void review_document_json_ranges(review_buf_t *b, const review_document_t *doc,
    review_page_e kind, size_t max);


#pragma GCC visibility pop


#endif /* _REVIEW_DOCUMENT_H_INCLUDED_ */
