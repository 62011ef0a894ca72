
#include "review/search/passages.h"
#include "review/base/utf8.h"
#include "review/outline/units.h"


/* of a path of headings, the innermost ones; of one heading that is longer */

#define REVIEW_PASSAGES_PATH     200      /* bytes */
#define REVIEW_PASSAGES_LEVELS   16

/* units of a label beside the name of its document and headings, at most */

#define REVIEW_PASSAGES_LABEL    48


typedef struct {
    const char  *first;                  /* before the number, and behind it */
    const char  *second;
    const char  *document;
    const char  *page;
    const char  *pages;
    const char  *page_end;
    const char  *comma;
    const char  *end;
} review_passages_words_t;


static const review_passages_words_t  review_passages_zh = {
    "【第", "段", "文件：", "第", "第", "页", "｜", "】\n"
};

static const review_passages_words_t  review_passages_en = {
    "[Passage ", "", "document: ", "page ", "pages ", "", " | ", "]\n"
};


/* on one line, and no end of the label's own */

static void
review_passages_plain(review_buf_t *b, const char *p, size_t len, size_t max)
{
    int32_t      c;
    const char  *last, *at;

    last = p + review_utf8_cut(p, len, max);

    while (p < last) {
        at = p;
        c = review_utf8_next(&p, last);

        if (c < 0x20 || c == 0x7f || c == 0x3011 || c == ']' || c == 0x2028
            || c == 0x2029 || (c >= 0x80 && c < 0xa0))
        {
            review_buf_puts(b, " ");

        } else {
            review_buf_add(b, at, (size_t) (p - at));
        }
    }
}


/* from the outermost of those that there is room for */

static void
review_passages_heading(review_buf_t *b, const review_heading_t *heading,
    const char *comma)
{
    size_t                   n, size;
    const review_heading_t  *path[REVIEW_PASSAGES_LEVELS];

    size = 0;

    for (n = 0; heading && n < REVIEW_PASSAGES_LEVELS; n++) {

        if (n && size + heading->text.len > REVIEW_PASSAGES_PATH) {
            break;
        }

        size += heading->text.len + 3;
        path[n] = heading;
        heading = heading->parent;
    }

    while (n-- > 0) {
        review_buf_puts(b, comma);
        review_passages_plain(b, path[n]->text.data, path[n]->text.len,
                              REVIEW_PASSAGES_PATH);
        comma = " > ";
    }
}


static void
review_passages_label(review_buf_t *b, size_t n,
    const review_passage_chunk_t *first, size_t last_page, int english)
{
    const review_passages_words_t  *words;

    words = english ? &review_passages_en : &review_passages_zh;

    review_buf_puts(b, words->first);
    review_buf_number(b, n);
    review_buf_puts(b, words->second);

    if (first->name) {
        review_buf_puts(b, words->comma);
        review_buf_puts(b, words->document);
        review_passages_plain(b, first->name->data, first->name->len,
                              REVIEW_PASSAGES_PATH);
    }

    if (first->page) {
        review_buf_puts(b, words->comma);
        review_buf_puts(b, last_page > first->page ? words->pages
                                                   : words->page);
        review_buf_number(b, first->page);

        if (last_page > first->page) {
            review_buf_puts(b, "-");
            review_buf_number(b, last_page);
        }

        review_buf_puts(b, words->page_end);
    }

    review_passages_heading(b, first->heading, words->comma);
    review_buf_puts(b, words->end);
}


/* in whole: what of them is left out takes less */

void
review_passages_size(const review_passage_chunk_t *chunk, int tokens,
    size_t *units, size_t *bytes)
{
    size_t                   n, size;
    const char              *text;
    const review_heading_t  *heading;

    text = chunk->text->data;

    *units = REVIEW_PASSAGES_LABEL
             + review_units(text + chunk->header_from, text + chunk->header_to,
                            tokens)
             + review_units(text + chunk->from, text + chunk->to, tokens);

    *bytes = 3 * REVIEW_PASSAGES_LABEL
             + (chunk->header_to - chunk->header_from)
             + (chunk->to - chunk->from);

    if (chunk->name) {
        *units += review_units(chunk->name->data,
                               chunk->name->data + chunk->name->len, tokens);
        *bytes += chunk->name->len;
    }

    size = 0;
    heading = chunk->heading;

    for (n = 0; heading && n < REVIEW_PASSAGES_LEVELS; n++) {

        if (n && size + heading->text.len > REVIEW_PASSAGES_PATH) {
            break;
        }

        *units += 3 + review_units(heading->text.data,
                                   heading->text.data + heading->text.len,
                                   tokens);
        size += heading->text.len + 3;
        heading = heading->parent;
    }

    *bytes += size;
}


static void
review_passages_add(review_passages_t *passages, size_t *points, size_t at,
    size_t length, size_t document)
{
    review_passage_t  *p;

    if (length == 0) {
        return;
    }

    p = &passages->passages[passages->n++];

    p->start = *points;
    p->end = *points + length;
    p->at = at;
    p->document = document;

    *points += length;
}


/* chunks up to here follow each other */

static size_t
review_passages_run(const review_passage_chunk_t *chunks,
    const uint32_t *indices, size_t n)
{
    size_t                         i;
    const review_passage_chunk_t  *one, *two;

    for (i = 1; i < n; i++) {
        one = &chunks[indices[i - 1]];
        two = &chunks[indices[i]];

        if (two->document != one->document || two->from > one->to
            || two->to < one->to)
        {
            break;
        }
    }

    return i;
}


/* the text of a run; *points are the code points so far */

static void
review_passages_write(review_buf_t *b, const review_passage_chunk_t *first,
    const review_passage_chunk_t *last, review_passages_t *passages,
    size_t *points)
{
    size_t       n;
    const char  *text;

    text = first->text->data;
    n = b->len;

    review_buf_add(b, text + first->header_from,
                   first->header_to - first->header_from);
    review_passages_add(passages, points, first->header_start, first->header,
                        first->document);

    review_buf_add(b, text + first->from, last->to - first->from);
    review_passages_add(passages, points, first->start,
                        last->end - first->start, first->document);

    n = b->failed || b->len == n ? 0 : (size_t) (b->data[b->len - 1] != '\n');

    review_buf_puts(b, n ? "\n\n" : "\n");
    *points += n + 1;
}


int
review_passages_text(review_pool_t *pool, const review_passage_chunk_t *chunks,
    const uint32_t *indices, size_t n, review_passages_e words,
    review_passages_t *passages)
{
    size_t                         i, run, number, points, label;
    review_buf_t                   b;
    const review_passage_chunk_t  *first, *last;

    memset(passages, 0, sizeof(*passages));

    passages->passages = review_alloc(pool,
                                      2 * n * sizeof(review_passage_t) + 1);

    if (passages->passages == NULL) {
        return -1;
    }

    review_buf_init(&b, pool, 4096);

    points = 0;

    for (i = 0, number = 1; i < n; i += run, number++) {
        run = review_passages_run(chunks, indices + i, n - i);

        first = &chunks[indices[i]];
        last = &chunks[indices[i + run - 1]];
        label = b.len;

        if (words != REVIEW_PASSAGES_PLAIN) {
            review_passages_label(&b, number, first, last->last_page,
                                  words == REVIEW_PASSAGES_EN);
        }

        if (b.failed) {
            return -1;
        }

        points += b.len > label ? review_utf8_count(b.data + label,
                                                    b.len - label) : 0;

        review_passages_write(&b, first, last, passages, &points);
    }

    passages->text.data = b.data;
    passages->text.len = b.len;

    return b.failed ? -1 : 0;
}
