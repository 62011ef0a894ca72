
#include "review/split/split_json.h"
#include "review/base/excerpt.h"
#include "review/json/json.h"
#include "review/base/utf8.h"
#include "review/json/write.h"

#include <openssl/evp.h>
#include <stdio.h>


#define REVIEW_SPLIT_MAX    1000000000
#define REVIEW_SPLIT_WORD   80         /* bytes of a value in a message */
#define REVIEW_SPLIT_PATH   32         /* headings above each other */


static const char *const  review_split_units[] = { "chars", "tokens", NULL };


/* null is as good as none */

static json_t *
review_split_member(json_t *body, const char *name)
{
    json_t  *value;

    value = json_object_get(body, name);

    return json_is_null(value) ? NULL : value;
}


static int
review_split_integer(json_t *body, const char *name, int min, size_t *value,
    review_error_t *err)
{
    int  n;

    n = 0;

    if (review_split_member(body, name) == NULL) {
        return 0;
    }

    if (review_json_integer(body, "", name, min, REVIEW_SPLIT_MAX, &n, err)
        == -1)
    {
        return 400;
    }

    *value = (size_t) n;

    return 0;
}


static int
review_split_text(json_t *body, review_str_t *text, review_error_t *err)
{
    json_t  *value;

    value = json_object_get(body, "text");

    if (value == NULL) {
        (void) review_error(err, "/text", "is required");
        return 400;
    }

    if (!json_is_string(value)) {
        (void) review_error(err, "/text", "must be a string, got %s",
                            review_json_type(value));
        return 400;
    }

    text->data = json_string_value(value);
    text->len = json_string_length(value);

    return 0;
}


int
review_split_request(json_t *body, review_split_options_t *options,
    review_str_t *text, review_error_t *err)
{
    if (!json_is_object(body)) {
        (void) review_error(err, "", "must be an object, got %s",
                            review_json_type(body));
        return 400;
    }

    if (review_split_text(body, text, err) != 0) {
        return 400;
    }

    return review_split_options(body, options, err);
}


int
review_split_options(json_t *body, review_split_options_t *options,
    review_error_t *err)
{
    int      unit;
    json_t  *value;

    if (review_split_integer(body, "max_chars", 1, &options->max, err) != 0
        || review_split_integer(body, "overlap", 0, &options->overlap, err)
           != 0)
    {
        return 400;
    }

    unit = options->tokens;

    if (review_split_member(body, "unit")
        && review_json_choice(body, "", "unit", review_split_units, &unit,
                              err)
           == -1)
    {
        return 400;
    }

    options->tokens = unit & 1;

    value = review_split_member(body, "keep_tables");

    if (value && !json_is_boolean(value)) {
        (void) review_error(err, "/keep_tables", "must be true or false, got "
                            "%s", review_json_type(value));
        return 400;
    }

    if (value) {
        options->keep_tables = json_is_true(value);
    }

    return 0;
}


static int
review_split_is(const review_str_t *str, const char *word)
{
    return strlen(word) == str->len && memcmp(word, str->data, str->len) == 0;
}


static int
review_split_option_error(const char *name, const char *expected,
    const review_str_t *value, review_error_t *err)
{
    char  word[REVIEW_SPLIT_WORD];

    (void) review_error(err, "", "\"%s\" must be %s, got \"%s\"", name,
                        expected, review_excerpt(word, sizeof(word),
                                                 value->data, value->len));
    return 400;
}


static int
review_split_option_integer(const char *name, const review_str_t *text,
    size_t min, size_t *value, review_error_t *err)
{
    char    expected[64];
    size_t  i, n;

    n = 0;

    for (i = 0; i < text->len && n <= REVIEW_SPLIT_MAX; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            break;
        }

        n = n * 10 + (size_t) (text->data[i] - '0');
    }

    if (text->len == 0 || i < text->len || n < min || n > REVIEW_SPLIT_MAX) {
        snprintf(expected, sizeof(expected), "an integer from %zu to %d", min,
                 REVIEW_SPLIT_MAX);
        return review_split_option_error(name, expected, text, err);
    }

    *value = n;

    return 0;
}


int
review_split_option(const review_str_t *name, const review_str_t *value,
    review_split_options_t *options, review_error_t *err)
{
    if (review_split_is(name, "max_chars")) {
        return review_split_option_integer("max_chars", value, 1,
                                           &options->max, err);
    }

    if (review_split_is(name, "overlap")) {
        return review_split_option_integer("overlap", value, 0,
                                           &options->overlap, err);
    }

    if (review_split_is(name, "unit")) {
        if (!review_split_is(value, "chars")
            && !review_split_is(value, "tokens"))
        {
            return review_split_option_error("unit", "\"chars\" or \"tokens\"",
                                             value, err);
        }

        options->tokens = review_split_is(value, "tokens");
        return 0;
    }

    if (review_split_is(name, "keep_tables")) {
        options->keep_tables = review_split_is(value, "on")
                               || review_split_is(value, "true")
                               || review_split_is(value, "1");

        if (!options->keep_tables && !review_split_is(value, "off")
            && !review_split_is(value, "false")
            && !review_split_is(value, "0"))
        {
            return review_split_option_error("keep_tables", "on or off",
                                             value, err);
        }

        return 0;
    }

    return REVIEW_SPLIT_UNKNOWN;
}


int
review_split_check(const review_split_options_t *options, review_error_t *err)
{
    if (options->overlap < options->max) {
        return 0;
    }

    (void) review_error(err, "/overlap", "must be less than max_chars, which "
                        "is %zu, got %zu", options->max, options->overlap);

    return 422;
}


void
review_split_writer_init(review_split_writer_t *w, const char *text)
{
    memset(w, 0, sizeof(*w));

    w->text = text;
}


static size_t
review_split_points(const review_split_writer_t *w, size_t from, size_t to)
{
    return review_utf8_count(w->text + from, to - from);
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
review_split_write_hash(review_buf_t *b, const review_split_writer_t *w,
    const review_chunk_t *chunk)
{
    char           hex[2 * EVP_MAX_MD_SIZE];
    unsigned       i, n;
    EVP_MD_CTX    *ctx;
    unsigned char  hash[EVP_MAX_MD_SIZE];

    static const char  digits[] = "0123456789abcdef";

    ctx = EVP_MD_CTX_new();

    if (ctx == NULL || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
        || !EVP_DigestUpdate(ctx, w->text + chunk->header,
                             chunk->header_end - chunk->header)
        || !EVP_DigestUpdate(ctx, w->text + chunk->start,
                             chunk->end - chunk->start)
        || !EVP_DigestFinal_ex(ctx, hash, &n))
    {
        b->failed = 1;
        EVP_MD_CTX_free(ctx);
        return;
    }

    EVP_MD_CTX_free(ctx);

    for (i = 0; i < n; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }

    review_write_string(b, "sha256", hex, 2 * n);
}


/* the header of a table stands somewhere before, often the same many times */

static void
review_split_write_header(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk)
{
    size_t  points;

    if (w->header[0] != chunk->header || w->header[1] != chunk->header_end) {
        points = w->points - review_split_points(w, chunk->header_end, w->at);

        w->header[0] = chunk->header;
        w->header[1] = chunk->header_end;
        w->header_points[0] = points - review_split_points(w, chunk->header,
                                                           chunk->header_end);
        w->header_points[1] = points;
    }

    review_write_object(b, "table_header");
    review_write_number(b, "start", w->header_points[0]);
    review_write_number(b, "end", w->header_points[1]);
    review_write_object_end(b);
}


void
review_split_write(review_split_writer_t *w, review_buf_t *b,
    const review_chunk_t *chunk)
{
    size_t  start, body, end;

    /* the overlap begins behind the body before, the body where that ended */

    start = w->points + review_split_points(w, w->at, chunk->start);
    body = start + review_split_points(w, chunk->start, chunk->body);
    end = body + review_split_points(w, chunk->body, chunk->end);

    w->at = chunk->body;
    w->points = body;

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

    review_split_json_heading(b, chunk->heading);
    review_split_write_hash(b, w, chunk);

    if (chunk->header_end > chunk->header) {
        review_split_write_header(w, b, chunk);
    }

    if (chunk->oversize) {
        review_write_bool(b, "oversize", 1);
    }

    review_write_object_end(b);
}
