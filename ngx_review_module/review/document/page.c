
/*
 * Which pages have no text to speak of.  A scanned page may well have a running
 * header and a number; these do not count, nor do a few characters beside.
 */

#include "review/document/document.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


/* lines at the top of a page, and at its bottom, that may be on all of them */

#define REVIEW_PAGE_EDGE     3
#define REVIEW_PAGE_LINES    (2 * REVIEW_PAGE_EDGE)

/* pages before and behind, on which such a line is looked for */

#define REVIEW_PAGE_NEAR     4

/* letters of such a line: more are a paragraph */

#define REVIEW_PAGE_RUNNING  100

/* ten letters are text; a digit alone says little */

#define REVIEW_PAGE_LETTER   4
#define REVIEW_PAGE_DIGIT    1
#define REVIEW_PAGE_ENOUGH   (10 * REVIEW_PAGE_LETTER)

/* a page number: what it is made of at most */

#define REVIEW_PAGE_POINTS   48
#define REVIEW_PAGE_NUMBERS  3
#define REVIEW_PAGE_DIGITS   5
#define REVIEW_PAGE_WORD     8


const char *const  review_pages[] = { "text", "ocr", "scan", "blank", NULL };


typedef struct {
    const char             *data;
    size_t                  len;
    size_t                  weight;
    uint64_t                hash;      /* of all but digits and spaces */
} review_page_line_t;

typedef struct {
    size_t                  nlines;
    review_page_line_t      lines[REVIEW_PAGE_LINES];
    size_t                  weight;    /* of the lines between these */
} review_page_edges_t;


typedef enum {
    REVIEW_PAGE_IS_SPACE = 0,
    REVIEW_PAGE_IS_SIGN,
    REVIEW_PAGE_IS_DIGIT,
    REVIEW_PAGE_IS_LETTER
} review_page_class_e;


static int
review_page_warn_many(review_pool_t *pool, review_document_t *doc)
{
    static const review_str_t  code = review_string("too_many_pages");
    static const review_str_t  detail = review_string("what follows is all of "
                                                      "the last page");

    return review_warning_add_own(pool, doc, &code, &detail, doc->npages, 0);
}


int
review_page_split(review_pool_t *pool, review_document_t *doc)
{
    size_t       n;
    const char  *p, *last, *data;

    data = doc->text.data;
    last = data + doc->text.len;

    for (p = data, n = 0; p < last && n < REVIEW_DOCUMENT_PAGES; p++, n++) {
        p = memchr(p, '\f', (size_t) (last - p));

        if (p == NULL) {
            break;
        }
    }

    if (n == 0) {
        return 0;
    }

    doc->pages = review_alloc(pool, (n + 1) * sizeof(review_page_t));
    if (doc->pages == NULL) {
        return -1;
    }

    doc->pages[0].start = 0;
    doc->pages[0].kind = REVIEW_PAGE_UNKNOWN;

    for (p = data, doc->npages = 1; doc->npages <= n; doc->npages++) {
        p = (const char *) memchr(p, '\f', (size_t) (last - p)) + 1;
        doc->pages[doc->npages].start = (size_t) (p - data);
        doc->pages[doc->npages].kind = REVIEW_PAGE_UNKNOWN;
    }

    if (review_utf8_blank(p, (size_t) (last - p))
        && memchr(p, '\f', (size_t) (last - p)) == NULL)
    {
        doc->npages--;
        return 0;
    }

    if (doc->npages <= REVIEW_DOCUMENT_PAGES) {
        return 0;
    }

    doc->npages = REVIEW_DOCUMENT_PAGES;

    return review_page_warn_many(pool, doc);
}


static review_page_class_e
review_page_class(int32_t c)
{
    if (c >= 0x4e00 && c <= 0x9fff) {
        return REVIEW_PAGE_IS_LETTER;
    }

    if (c == 0xfffd) {
        return REVIEW_PAGE_IS_SPACE;
    }

    switch (utf8proc_category(c)) {

    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
        return REVIEW_PAGE_IS_LETTER;

    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NO:
        return REVIEW_PAGE_IS_DIGIT;

    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:

    /* glyphs of a font that tells no characters: nobody can read them */

    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
        return REVIEW_PAGE_IS_SPACE;

    default:
        return REVIEW_PAGE_IS_SIGN;
    }
}


/* advances *p behind the line's end; 0: there is nothing on it */

static int
review_page_line(const char **p, const char *last, review_page_line_t *line)
{
    int                  seen;
    int32_t              c;
    review_page_class_e  class;

    line->data = *p;
    line->weight = 0;
    line->hash = 0;
    seen = 0;

    while (*p < last && **p != '\n' && **p != '\r') {
        c = review_utf8_next(p, last);
        class = review_page_class(c);

        if (class == REVIEW_PAGE_IS_SPACE) {
            continue;
        }

        seen = 1;

        if (class == REVIEW_PAGE_IS_DIGIT) {
            line->weight += REVIEW_PAGE_DIGIT;
            continue;
        }

        line->hash = (line->hash ^ (uint64_t) c) * 0x9e3779b97f4a7c15;
        line->hash ^= line->hash >> 29;

        if (class == REVIEW_PAGE_IS_LETTER) {
            line->weight += REVIEW_PAGE_LETTER;
        }
    }

    line->len = (size_t) (*p - line->data);

    if (*p < last) {
        (*p)++;
    }

    return seen;
}


/* one of the words around a number, or a roman number: *roman is set */

static int
review_page_is_word(const char *word, size_t len, int *roman)
{
    size_t  i;

    static const char *const  words[] = {
        "p", "pp", "pg", "page", "pages", "no", "of", NULL
    };

    for (i = 0; words[i]; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
            return 1;
        }
    }

    for (i = 0; i < len; i++) {
        if (strchr("ivxlcdm", word[i]) == NULL) {
            return 0;
        }
    }

    *roman = 1;

    return 1;
}


/* 1: a number; 0: what may stand around one; -1: neither */

static int
review_page_ideograph(int32_t c)
{
    const int32_t  *p;

    static const int32_t  around[] = {
        0x7b2c /* 第 */, 0x9875 /* 页 */, 0x9801 /* 頁 */, 0x5171 /* 共 */,
        0x603b /* 总 */, 0x7e3d /* 總 */, 0x4e4b /* 之 */, 0x7801 /* 码 */, 0
    };

    static const int32_t  numbers[] = {
        0x3007 /* 〇 */, 0x96f6 /* 零 */, 0x4e00 /* 一 */, 0x4e8c /* 二 */,
        0x4e09 /* 三 */, 0x56db /* 四 */, 0x4e94 /* 五 */, 0x516d /* 六 */,
        0x4e03 /* 七 */, 0x516b /* 八 */, 0x4e5d /* 九 */, 0x5341 /* 十 */,
        0x767e /* 百 */, 0
    };

    for (p = numbers; *p; p++) {
        if (*p == c) {
            return 1;
        }
    }

    for (p = around; *p; p++) {
        if (*p == c) {
            return 0;
        }
    }

    return -1;
}


/* where the walk over a line that may be a page number stands */

typedef struct {
    char                    word[REVIEW_PAGE_WORD];
    size_t                  len;       /* of the word, */
    size_t                  digits;    /* and of the number, so far */
    size_t                  numbers;
    size_t                  points;
    int                     other;     /* a roman number, or a Chinese one */
} review_page_number_t;


/* a word has ended; 0, or -1: it is none of those */

static int
review_page_number_word(review_page_number_t *n)
{
    size_t  len;

    len = n->len;
    n->len = 0;

    return len == 0 || review_page_is_word(n->word, len, &n->other) ? 0 : -1;
}


static int
review_page_number_add(review_page_number_t *n, int32_t c)
{
    int                  rc;
    review_page_class_e  class;

    class = review_page_class(c);

    if (class == REVIEW_PAGE_IS_LETTER && c < 0x80) {
        n->digits = 0;

        if (n->len == sizeof(n->word)) {
            return -1;
        }

        n->word[n->len++] = (char) (c | 0x20);
        return 0;
    }

    if (review_page_number_word(n) != 0) {
        return -1;
    }

    switch (class) {

    case REVIEW_PAGE_IS_DIGIT:
        n->numbers += n->digits == 0;
        return ++n->digits <= REVIEW_PAGE_DIGITS
               && n->numbers <= REVIEW_PAGE_NUMBERS ? 0 : -1;

    case REVIEW_PAGE_IS_LETTER:
        n->digits = 0;
        rc = review_page_ideograph(c);
        n->other |= rc == 1;
        return rc == -1 ? -1 : 0;

    default:
        n->digits = 0;
        return 0;
    }
}


/* 第 3 页 共 20 页, - 3 -, 3/20, Page 3 of 20, iv */

static int
review_page_is_number(const review_page_line_t *line)
{
    int32_t                c;
    const char            *p, *last;
    review_page_number_t   n;

    memset(&n, 0, sizeof(n));

    last = line->data + line->len;

    for (p = line->data; p < last; /* void */) {
        c = review_utf8_next(&p, last);

        if (review_page_class(c) != REVIEW_PAGE_IS_SPACE
            && ++n.points > REVIEW_PAGE_POINTS)
        {
            return 0;
        }

        if (review_page_number_add(&n, c) != 0) {
            return 0;
        }
    }

    return review_page_number_word(&n) == 0 && (n.numbers || n.other);
}


/* the first lines stay where they are, the last ones move up */

static void
review_page_edges_add(review_page_edges_t *edges,
    const review_page_line_t *line)
{
    review_page_line_t  *lines;

    lines = edges->lines;

    if (edges->nlines == REVIEW_PAGE_LINES) {
        edges->weight += lines[REVIEW_PAGE_EDGE].weight;

        memmove(&lines[REVIEW_PAGE_EDGE], &lines[REVIEW_PAGE_EDGE + 1],
                (REVIEW_PAGE_EDGE - 1) * sizeof(*lines));
        edges->nlines--;
    }

    lines[edges->nlines++] = *line;
}


static void
review_page_edges(const review_document_t *doc, size_t n,
    review_page_edges_t *edges)
{
    const char          *p, *last;
    review_str_t         text;
    review_page_line_t   line;

    review_page_text(doc, n, &text);

    memset(edges, 0, sizeof(*edges));

    last = text.data + text.len;

    for (p = text.data; p < last; /* void */) {
        if (review_page_line(&p, last, &line)) {
            review_page_edges_add(edges, &line);
        }
    }
}


static int
review_page_has(const review_page_edges_t *edges, uint64_t hash)
{
    size_t  i;

    for (i = 0; i < edges->nlines; i++) {
        if (edges->lines[i].hash == hash) {
            return 1;
        }
    }

    return 0;
}


/*
 * Does the line stand on half of the pages near this one, or of those on the
 * same side of the sheet?
 */

static int
review_page_is_running(const review_page_edges_t *edges, size_t npages,
    size_t page, uint64_t hash)
{
    size_t  i, side, has, near[2], found[2];

    memset(near, 0, sizeof(near));
    memset(found, 0, sizeof(found));

    i = page < REVIEW_PAGE_NEAR ? 0 : page - REVIEW_PAGE_NEAR;

    for ( /* void */ ; i < npages && i <= page + REVIEW_PAGE_NEAR; i++) {

        if (i == page) {
            continue;
        }

        side = (i ^ page) & 1;
        has = (size_t) review_page_has(&edges[i], hash);

        near[side]++;
        found[side] += has;
    }

    return (found[0] + found[1]
            && 2 * (found[0] + found[1]) >= near[0] + near[1])
           || (found[0] > 1 && 2 * found[0] >= near[0]);
}


static int
review_page_is_without(const review_page_edges_t *edges, size_t npages,
    size_t page)
{
    size_t                     i, weight;
    const review_page_line_t  *line;

    weight = edges[page].weight;

    for (i = 0; i < edges[page].nlines && weight < REVIEW_PAGE_ENOUGH; i++) {
        line = &edges[page].lines[i];

        if (!review_page_is_number(line)
            && (line->weight > REVIEW_PAGE_RUNNING * REVIEW_PAGE_LETTER
                || !review_page_is_running(edges, npages, page, line->hash)))
        {
            weight += line->weight;
        }
    }

    return weight < REVIEW_PAGE_ENOUGH;
}


int
review_page_judge(review_pool_t *pool, review_document_t *doc)
{
    size_t                i;
    review_page_edges_t  *edges;

    for (i = 0; i < doc->npages && doc->pages[i].kind != REVIEW_PAGE_UNKNOWN;
         i++)
    {
        /* void */
    }

    if (i == doc->npages) {
        return 0;
    }

    edges = review_alloc(pool, doc->npages * sizeof(*edges));
    if (edges == NULL) {
        return -1;
    }

    for (i = 0; i < doc->npages; i++) {
        review_page_edges(doc, i, &edges[i]);
    }

    for (i = 0; i < doc->npages; i++) {
        if (doc->pages[i].kind == REVIEW_PAGE_UNKNOWN) {
            doc->pages[i].kind = review_page_is_without(edges, doc->npages, i)
                                 ? REVIEW_PAGE_SCAN : REVIEW_PAGE_TEXT;
        }
    }

    return 0;
}


void
review_page_text(const review_document_t *doc, size_t n, review_str_t *text)
{
    size_t  end;

    end = n + 1 < doc->npages ? doc->pages[n + 1].start : doc->text.len;

    text->data = doc->text.data + doc->pages[n].start;
    text->len = end - doc->pages[n].start;

    if (text->len && text->data[text->len - 1] == '\f') {
        text->len--;
    }
}


int
review_page_blank(const review_str_t *text)
{
    const char  *p, *last;

    last = text->data + text->len;

    for (p = text->data; p < last; /* void */) {
        if (review_page_class(review_utf8_next(&p, last))
            != REVIEW_PAGE_IS_SPACE)
        {
            return 0;
        }
    }

    return 1;
}
