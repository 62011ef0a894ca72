
/*
 * Proves, for any text and any options, which the first four bytes say, that
 * the bodies of chunks follow each other without a gap up to the text's end,
 * that nothing has too many units which could be cut, that an overlap is of the
 * body before and within its limit and stands under the heading of what follows
 * it, that no code point is cut, and that the JSON is JSON whose offsets, lines
 * and pages are those counted here.
 */

#include "check.h"
#include "review/split/split.h"
#include "review/split/split_json.h"
#include "review/split/split_request.h"
#include "review/outline/units.h"
#include "review/base/utf8.h"


static size_t
points(const char *text, size_t to)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < to; i++) {
        n += !review_utf8_trail(text[i]);
    }

    return n;
}


/* "of" a kind of bytes, up to the first in [from, to) that is to be seen */

static size_t
count(const char *text, size_t len, size_t from, size_t to, char of)
{
    size_t       i, n;
    const char  *p;

    p = review_line_visible(text + from, text + to);
    from = p == text + to ? from : (size_t) (p - text);
    n = 0;

    for (i = 0; i < from; i++) {
        n += text[i] == of && !(of == '\r' && i + 1 < len
                                && text[i + 1] == '\n');
    }

    return n;
}


static void
check_chunk(const char *text, size_t len, const review_chunk_t *chunk,
    const review_split_options_t *options)
{
    size_t  units;

    check(chunk->start <= chunk->body && chunk->body < chunk->end);
    check(chunk->end <= len);
    check(chunk->end == len || !review_utf8_trail(text[chunk->end]));
    check(chunk->header <= chunk->header_end);
    check(chunk->header_end <= chunk->body);

    units = review_units(text + chunk->header, text + chunk->header_end,
                         options->tokens)
            + review_units(text + chunk->start, text + chunk->end,
                           options->tokens);

    check((units > options->max) == chunk->oversize);

    check(review_units(text + chunk->start, text + chunk->body,
                       options->tokens)
          <= options->overlap);
}


static void
check_json(review_pool_t *pool, review_split_writer_t *w, const char *text,
    size_t len, const review_chunk_t *chunk)
{
    size_t          page;
    json_t         *json;
    json_error_t    error;
    review_buf_t    b;

    review_buf_init(&b, pool, 0);
    review_split_json_write(w, &b, chunk);
    check(!b.failed);

    json = json_loadb(b.data, b.len, JSON_ALLOW_NUL, &error);
    check(json != NULL);

    check((size_t) json_integer_value(json_object_get(json, "start"))
          == points(text, chunk->start));
    check((size_t) json_integer_value(json_object_get(json, "end"))
          == points(text, chunk->end));
    check((size_t) json_integer_value(json_object_get(json, "line"))
          == 1 + count(text, len, chunk->start, chunk->end, '\n')
             + count(text, len, chunk->start, chunk->end, '\r'));

    page = 1 + count(text, len, chunk->start, chunk->end, '\f');
    check((size_t) json_integer_value(json_object_get(json, "page"))
          == (memchr(text, '\f', len) ? page : 0));

    json_decref(json);
}


static const review_heading_t *
above(const review_split_t *split, size_t byte)
{
    return review_heading_above(&review_split_outline(split)->headlines, byte);
}


static size_t
check_text(review_pool_t *pool, const char *text, size_t len,
    const review_split_options_t *options)
{
    size_t                  at, before, n;
    review_chunk_t          chunk;
    review_split_t         *split;
    review_document_t       document;
    review_split_writer_t   w;

    memset(&document, 0, sizeof(document));
    document.text.data = text;
    document.text.len = len;
    check(review_page_split(pool, &document) == 0);

    split = review_split_create(pool, text, len, options);
    check(split != NULL);

    review_split_json_writer_init(&w, &document);
    at = 0;
    before = 0;

    for (n = 0; review_split_next(split, &chunk) == 1; n++) {
        check(chunk.body == at);
        check(chunk.start >= before);
        check(chunk.start == chunk.body
              || above(split, chunk.start) == above(split, chunk.body));
        check_chunk(text, len, &chunk, options);

        if (n < 100) {
            check_json(pool, &w, text, len, &chunk);
        }

        before = at;
        at = chunk.end;
    }

    check(at == len || review_utf8_blank(text, len));

    return n;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                    *text;
    size_t                   len;
    review_pool_t           *pool;
    review_split_options_t   options;

    if (size < 4) {
        return 0;
    }

    len = size - 4;

    if (review_utf8_valid((const char *) data + 4, len) != len) {
        return 0;
    }

    memset(&options, 0, sizeof(options));
    options.max = 1 + data[0] + (size_t) (data[1] & 15) * 256;
    options.overlap = data[2] * options.max / 256;
    options.tokens = data[3] & 1;
    options.keep_tables = data[3] >> 1 & 1;

    pool = tap_pool();
    text = review_alloc(pool, len);

    if (len) {
        memcpy(text, data + 4, len);
    }

    (void) check_text(pool, text, len, &options);

    tap_pool_free(pool);

    return 0;
}
