
#include "review/split/split_json.h"
#include "review/document/place.h"
#include "review/outline/line.h"
#include "review/base/lines.h"
#include "review/base/sha256.h"
#include "review/base/utf8.h"
#include "review/json/write.h"


#define REVIEW_SPLIT_PATH   32         /* headings above each other */


void
review_split_json_writer_init(review_split_writer_t *w,
    const review_document_t *document)
{
    memset(w, 0, sizeof(*w));

    w->text = document->text.data;
    w->len = document->text.len;
    w->pages = document->pages;
    w->npages = document->npages;
}


static size_t
review_split_json_points(const review_split_writer_t *w, size_t from, size_t to)
{
    return review_utf8_count(w->text + from, to - from);
}


void
review_split_json_place(review_buf_t *b, size_t page, size_t line)
{
    if (page) {
        review_write_number(b, "page", page);
    }

    review_write_number(b, "line", line);
}


void
review_split_json_heading(review_buf_t *b, const review_heading_t *heading)
{
    int                      n;
    const review_heading_t  *path[REVIEW_SPLIT_PATH];

    for (n = 0; heading && n < REVIEW_SPLIT_PATH; heading = heading->parent) {
        path[n++] = heading;
    }

    review_write_array(b, "heading");

    while (n--) {
        review_write_str(b, NULL, &path[n]->text);
    }

    review_write_array_end(b);
}


/* of the chunk's text, a repeated header included */

static void
review_split_json_write_hash(review_buf_t *b, const review_split_writer_t *w,
    const review_chunk_t *chunk)
{
    char          hex[REVIEW_SHA256_HEX + 1];
    review_str_t  texts[2];

    texts[0].data = w->text + chunk->header;
    texts[0].len = chunk->header_end - chunk->header;
    texts[1].data = w->text + chunk->start;
    texts[1].len = chunk->end - chunk->start;

    if (review_sha256(texts, 2, hex) != 0) {
        b->failed = 1;
        return;
    }

    review_write_string(b, "sha256", hex, REVIEW_SHA256_HEX);
}


/* the header of a table stands somewhere before, often the same many times */

static void
review_split_json_write_header(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk)
{
    size_t  points;

    if (w->header[0] != chunk->header || w->header[1] != chunk->header_end) {
        points = w->points - review_split_json_points(w, chunk->header_end,
                                                      w->at);

        w->header[0] = chunk->header;
        w->header[1] = chunk->header_end;
        w->header_points[0] = points - review_split_json_points(
            w, chunk->header, chunk->header_end);
        w->header_points[1] = points;
    }

    review_write_object(b, "table_header");
    review_write_number(b, "start", w->header_points[0]);
    review_write_number(b, "end", w->header_points[1]);
    review_write_object_end(b);
}


/* where the chunk begins, but for the white space that it begins with */

static void
review_split_json_write_place(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk)
{
    size_t       lines;
    const char  *start, *body, *seen, *last;

    last = w->text + w->len;
    start = w->text + chunk->start;
    body = w->text + chunk->body;
    seen = review_line_visible(start, w->text + chunk->end);

    if (seen == w->text + chunk->end) {
        seen = start;
    }

    w->lines += review_lines_count(w->text + w->at, start, last);
    lines = w->lines + review_lines_count(start, seen, last);

    review_split_json_place(b, review_place_page(w->pages, w->npages,
                                                 (size_t) (seen - w->text)),
                            lines + 1);

    w->lines += review_lines_count(start, body, last);
    w->at = chunk->body;
}


void
review_split_json_write(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk)
{
    size_t  start, body, end;

    /* the overlap begins behind the body before, the body where that ended */

    start = w->points + review_split_json_points(w, w->at, chunk->start);
    body = start + review_split_json_points(w, chunk->start, chunk->body);
    end = body + review_split_json_points(w, chunk->body, chunk->end);

    review_write_object(b, NULL);

    review_write_open(b, "id");
    review_buf_puts(b, "c");
    review_buf_number(b, ++w->n);
    review_write_close(b);

    review_write_open(b, "text");
    review_write_text(b, w->text + chunk->header,
                      chunk->header_end - chunk->header);
    review_write_text(b, w->text + chunk->start, chunk->end - chunk->start);
    review_write_close(b);

    review_write_number(b, "start", start);
    review_write_number(b, "end", end);
    review_write_number(b, "overlap", body - start);

    w->points = body;

    review_split_json_write_place(w, b, chunk);
    review_split_json_heading(b, chunk->heading);
    review_split_json_write_hash(b, w, chunk);

    if (chunk->header_end > chunk->header) {
        review_split_json_write_header(w, b, chunk);
    }

    if (chunk->oversize) {
        review_write_bool(b, "oversize", 1);
    }

    if (w->document && w->n == 1) {
        review_write_object(b, "document");
        review_document_json(b, w->document);
        review_write_object_end(b);
    }

    review_write_object_end(b);
}
