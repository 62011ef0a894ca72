
#include "review/split/split_request.h"
#include "review/base/excerpt.h"


#define REVIEW_SPLIT_MAX    1000000000
#define REVIEW_SPLIT_WORD   80         /* bytes of a value in a message */


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

const review_member_t  review_split_options_members[] = {
    REVIEW_SPLIT_OPTIONS
};

const review_member_t  review_split_request_members[] = {
    review_member("text", STRING, review_split_members_t, text,
                  .missing = "is required"),
    REVIEW_SPLIT_OPTIONS
};


/* "options" has what is not said */

static int
review_split_request_read(json_t *json, const char *pointer,
    const review_member_t *list, review_split_options_t *options,
    review_str_t *text, review_error_t *err)
{
    review_split_members_t  members;

    memset(&members, 0, sizeof(members));

    members.max = (int) options->max;
    members.overlap = (int) options->overlap;
    members.tokens = options->tokens;
    members.keep_tables = options->keep_tables;

    review_json_object_drop_nulls(json);

    if (review_json_object(json, pointer, list, &members, err) != 0) {
        return 400;
    }

    options->max = (size_t) members.max;
    options->overlap = (size_t) members.overlap;
    options->tokens = members.tokens & 1;
    options->keep_tables = members.keep_tables & 1;

    *text = members.text;

    return review_split_request_check(options, pointer, err);
}


int
review_split_request_options(json_t *json, const char *pointer,
    review_split_options_t *options, review_error_t *err)
{
    review_str_t  none;

    return review_split_request_read(json, pointer,
                                     review_split_options_members, options,
                                     &none, err);
}


int
review_split_request(review_pool_t *pool, json_t *body,
    const review_split_given_t *given, review_split_request_t *request,
    review_error_t *err)
{
    int  rc;

    (void) pool;

    request->options = given->options;

    rc = review_split_request_read(body, "", review_split_request_members,
                                   &request->options, &request->text, err);

    if (rc == 0 && request->text.len > given->max_text) {
        return review_refuse(err, 413, "/text", "the text is of %zu bytes, "
                             "review_max_text_size allows %zu",
                             request->text.len, given->max_text);
    }

    return rc;
}


static int
review_split_request_is(const review_str_t *str, const char *word)
{
    return strlen(word) == str->len && memcmp(word, str->data, str->len) == 0;
}


static int
review_split_request_option_error(const char *name, const char *expected,
    const review_str_t *value, review_error_t *err)
{
    char  word[REVIEW_SPLIT_WORD];

    (void) review_error(err, "", "\"%s\" must be %s, got \"%s\"", name,
                        expected, review_excerpt(word, sizeof(word),
                                                 value->data, value->len));
    return 400;
}


static int
review_split_request_option_integer(const char *name, const review_str_t *text,
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
        return review_split_request_option_error(name, expected, text, err);
    }

    *value = n;

    return 0;
}


int
review_split_request_option(const review_str_t *name, const review_str_t *value,
    review_split_options_t *options, review_error_t *err)
{
    if (review_split_request_is(name, "max_chars")) {
        return review_split_request_option_integer("max_chars", value, 1,
                                                   &options->max, err);
    }

    if (review_split_request_is(name, "overlap")) {
        return review_split_request_option_integer("overlap", value, 0,
                                                   &options->overlap, err);
    }

    if (review_split_request_is(name, "unit")) {
        if (!review_split_request_is(value, "chars")
            && !review_split_request_is(value, "tokens"))
        {
            return review_split_request_option_error("unit", "\"chars\" or "
                                                     "\"tokens\"", value, err);
        }

        options->tokens = review_split_request_is(value, "tokens");
        return 0;
    }

    if (review_split_request_is(name, "keep_tables")) {
        options->keep_tables = review_split_request_is(value, "on")
                               || review_split_request_is(value, "true")
                               || review_split_request_is(value, "1");

        if (!options->keep_tables && !review_split_request_is(value, "off")
            && !review_split_request_is(value, "false")
            && !review_split_request_is(value, "0"))
        {
            return review_split_request_option_error("keep_tables", "on or off",
                                                     value, err);
        }

        return 0;
    }

    return REVIEW_SPLIT_UNKNOWN;
}


int
review_split_request_check(const review_split_options_t *options,
    const char *pointer, review_error_t *err)
{
    char  at[REVIEW_ERROR_POINTER];

    if (options->overlap < options->max) {
        return 0;
    }

    (void) review_json_member_pointer_name(at, pointer, "overlap", 7);

    return review_refuse(err, 422, at, "must be less than max_chars, which is "
                         "%zu, got %zu", options->max, options->overlap);
}
