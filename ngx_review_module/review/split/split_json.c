
#include "review/split/split_json.h"
#include "review/base/excerpt.h"
#include "review/base/utf8.h"
#include "review/json/write.h"

#include <openssl/evp.h>
#include <stdio.h>


#define REVIEW_SPLIT_MAX    1000000000
#define REVIEW_SPLIT_WORD   80         /* bytes of a value in a message */
#define REVIEW_SPLIT_PATH   32         /* headings above each other */


static const char *const  review_split_units[] = { "chars", "tokens", NULL };


typedef struct {
    review_str_t   text;
    int            max;
    int            overlap;
    int            tokens;
    int            keep_tables;
} review_split_members_t;

#define REVIEW_SPLIT_OPTIONS                                                  \
    review_member("max_chars", INTEGER, review_split_members_t, max,          \
                  .min = 1, .max = REVIEW_SPLIT_MAX),                         \
    review_member("overlap", INTEGER, review_split_members_t, overlap,        \
                  .max = REVIEW_SPLIT_MAX),                                   \
    review_member("unit", CHOICE, review_split_members_t, tokens,             \
                  .names = review_split_units),                               \
    review_member("keep_tables", BOOLEAN, review_split_members_t,             \
                  keep_tables),                                               \
    review_member_end

static const review_member_t  review_split_options_members[] = {
    REVIEW_SPLIT_OPTIONS
};

static const review_member_t  review_split_request_members[] = {
    review_member("text", STRING, review_split_members_t, text,
                  .missing = "is required"),
    REVIEW_SPLIT_OPTIONS
};


/* "options" has what is not said */

static int
review_split_read(json_t *json, const char *pointer,
    const review_member_t *list, review_split_options_t *options,
    review_str_t *text, review_error_t *err)
{
    review_split_members_t  members;

    memset(&members, 0, sizeof(members));

    members.max = (int) options->max;
    members.overlap = (int) options->overlap;
    members.tokens = options->tokens;
    members.keep_tables = options->keep_tables;

    review_json_drop_nulls(json);

    if (review_json_object(json, pointer, list, &members, err) != 0) {
        return 400;
    }

    options->max = (size_t) members.max;
    options->overlap = (size_t) members.overlap;
    options->tokens = members.tokens & 1;
    options->keep_tables = members.keep_tables & 1;

    *text = members.text;

    return review_split_check(options, pointer, err);
}


int
review_split_options(json_t *json, const char *pointer,
    review_split_options_t *options, review_error_t *err)
{
    review_str_t  none;

    return review_split_read(json, pointer, review_split_options_members,
                             options, &none, err);
}


int
review_split_request(review_pool_t *pool, json_t *body,
    const review_split_given_t *given, review_split_request_t *request,
    review_error_t *err)
{
    int  rc;

    (void) pool;

    request->options = given->options;

    rc = review_split_read(body, "", review_split_request_members,
                           &request->options, &request->text, err);

    if (rc == 0 && request->text.len > given->max_text) {
        return review_refuse(err, 413, "/text", "the text is of %zu bytes, "
                             "review_max_text_size allows %zu",
                             request->text.len, given->max_text);
    }

    return rc;
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
review_split_check(const review_split_options_t *options, const char *pointer,
    review_error_t *err)
{
    char  at[REVIEW_ERROR_POINTER];

    if (options->overlap < options->max) {
        return 0;
    }

    (void) review_pointer_name(at, pointer, "overlap", 7);

    return review_refuse(err, 422, at, "must be less than max_chars, which is "
                         "%zu, got %zu", options->max, options->overlap);
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
