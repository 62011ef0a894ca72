
#include "review/json/json.h"
#include "review/base/excerpt.h"
#include "review/json/load.h"
#include "review/json/scan.h"
#include "review/base/utf8.h"

#include <stdio.h>


#define REVIEW_JSON_FLAGS  (JSON_REJECT_DUPLICATES|JSON_DECODE_ANY)

/* more of a name is neither shown nor has room in a pointer */

#define REVIEW_JSON_NAME   (2 * REVIEW_ERROR_POINTER)


/* as it was meant, if it can be a text */

static int
review_json_name(char *pointer, const review_str_t *raw)
{
    int     lossy;
    char    name[6 * REVIEW_ERROR_POINTER];
    size_t  len;

    /* an escape has six bytes at most */

    if (raw->len > sizeof(name)) {
        return -1;
    }

    lossy = 0;
    len = review_scan_unescape_to(name, raw, &lossy);

    return lossy ? review_json_member_pointer_name(pointer, pointer, raw->data,
                                                   raw->len)
                 : review_json_member_pointer_name(pointer, pointer, name, len);
}


/* so much of it as is shown; an escape cut in two may take three bytes */

static void
review_json_name_cut(char *name, review_str_t *raw)
{
    int  lossy;

    lossy = 0;

    if (raw->len >= REVIEW_JSON_NAME) {
        raw->len = review_utf8_cut(raw->data, raw->len, REVIEW_JSON_NAME - 1);
    }

    name[review_scan_unescape_to(name, raw, &lossy)] = '\0';
}


static void
review_json_pointer(const review_scan_path_t *path, char *pointer)
{
    int                         rc;
    size_t                      i;
    const review_scan_level_t  *level;

    pointer[0] = '\0';

    for (i = 0; i < path->depth && i < REVIEW_SCAN_LEVELS; i++) {
        level = &path->levels[i];

        if (level->array) {
            rc = review_json_member_pointer_index(pointer, pointer,
                                                  level->index);

        } else {
            rc = level->name.data ? review_json_name(pointer, &level->name)
                                  : -1;
        }

        if (rc != 0) {
            return;
        }
    }
}


static const char *
review_json_bad_escape(const char *p, int32_t cp)
{
    switch (cp) {

    case 0:
        return "\\u0000 (NUL) is not allowed in a text";

    case -1:
        return "half of a surrogate pair stands alone";
    }

    return p[1] == 'u' ? "\\u must be followed by four hexadecimal digits"
           : "JSON has no such escape, a backslash is written \\\\";
}


static const char *
review_json_expected(const review_scan_path_t *path)
{
    char  got;

    got = *path->token;

    switch (path->expected) {

    case REVIEW_SCAN_COLON:
        return "\":\" was expected after the member's name";

    case REVIEW_SCAN_NEXT:
        return path->depth == 0 || path->depth > REVIEW_SCAN_LEVELS
               ? "a closing bracket was expected"
               : path->levels[path->depth - 1].array
               ? "\",\" or \"]\" was expected"
               : "\",\" or \"}\" was expected";

    default:
        break;
    }

    if (*path->before == ',' && (got == '}' || got == ']')) {
        return "the \",\" before it is one too many";
    }

    return path->expected == REVIEW_SCAN_NAME
           ? "a member's name in double quotes was expected"
           : "a value was expected";
}


static void
review_json_unexpected(const review_scan_path_t *path, const char *last,
    char *text, size_t size)
{
    char           got[REVIEW_EXCERPT];
    const char    *expected;
    unsigned char  c;

    c = (unsigned char) *path->token;
    expected = review_json_expected(path);

    if (c < 0x20 || c == 0x7f) {
        snprintf(text, size, "%s, got U+%04X", expected, c);
        return;
    }

    review_excerpt(got, sizeof(got), path->token, last - path->token);

    snprintf(text, size, "%s, got %s", expected, got);
}


/*
 * What is wrong with the token at which the parser stopped, at "end", which may
 * be before "last"; returns where.
 */

static const char *
review_json_syntax(const review_scan_path_t *path, const char *end,
    const char *last, char *text, size_t size)
{
    int32_t        cp;
    const char    *p;
    review_str_t   raw;

    p = path->token;

    if (*p != '"') {
        review_json_unexpected(path, end, text, size);
        return p;
    }

    p = review_scan_bad_escape(path->token + 1, end, &cp);

    if (p) {
        snprintf(text, size, "%s", review_json_bad_escape(p, cp));
        return p;
    }

    p = path->token;

    if (review_scan_string(&p, end, &raw) == REVIEW_SCAN_OK) {
        review_json_unexpected(path, end, text, size);
        return path->token;
    }

    if (end < last) {
        snprintf(text, size, "a control character in a string must be written "
                 "\\u%04x", (unsigned char) *end);

    } else {
        snprintf(text, size, "the text ends before the JSON does");
    }

    return end;
}


/*
 * The parser tells only the byte at which it gave up.  What stands before is
 * sound JSON, so a scan up to there finds the member it was about.
 */

static void
review_json_explain(const char *data, size_t len, json_error_t *error,
    review_error_t *err)
{
    char                  text[160], pointer[REVIEW_ERROR_POINTER];
    size_t                line, column;
    const char           *p, *at, *end, *last;
    review_scan_path_t    path;
    enum json_error_code  code;

    code = json_error_code(error);

    last = data + len;
    end = (size_t) error->position < len ? data + error->position : last;

    p = data;
    (void) review_scan_path(&p, end, &path);

    review_json_pointer(&path, pointer);

    at = path.token;

    switch (code) {

    case json_error_out_of_memory:
        (void) review_error(err, "", "no memory");
        return;

    case json_error_stack_overflow:
        snprintf(text, sizeof(text), "nested too deeply");
        break;

    case json_error_invalid_utf8:
        at = end;
        snprintf(text, sizeof(text), "the byte 0x%02x is not valid UTF-8 here",
                 end < last ? (unsigned char) *end : 0);
        break;

    case json_error_duplicate_key:
        snprintf(text, sizeof(text), "a member of this name stands before");
        break;

    case json_error_numeric_overflow:
        snprintf(text, sizeof(text), "the number is too large");
        break;

    case json_error_end_of_input_expected:
        review_scan_space(&p, last);
        at = p;
        snprintf(text, sizeof(text), "nothing may follow the JSON value");
        break;

    case json_error_premature_end_of_input:

        /* a NUL byte is taken for the end, too */

        if (end == last && end[-1] != '\0') {
            at = end;
            snprintf(text, sizeof(text), "the text ends before the JSON does");
            break;
        }

        /* fall through */

    default:
        at = review_json_syntax(&path, end, last, text, sizeof(text));
    }

    review_json_place(data, (size_t) (at - data), &line, &column);

    (void) review_error(err, pointer, "line %zu, column %zu: %s", line, column,
                        text);
}


void
review_json_place(const char *data, size_t at, size_t *line, size_t *column)
{
    size_t  i;

    *line = 1;
    *column = 1;

    for (i = 0; i < at; i++) {

        if (data[i] == '\n') {
            (*line)++;
            *column = 1;

        } else if (!review_utf8_trail(data[i])) {
            (*column)++;
        }
    }
}


/* where the list, or there being too many, has ended the reading */

static void
review_json_refuse(const char *data, size_t len,
    const review_load_known_t *known, review_error_t *err)
{
    char                 name[REVIEW_JSON_NAME + 8];
    char                 pointer[REVIEW_ERROR_POINTER];
    size_t               line, column;
    const char          *p;
    review_str_t         raw;
    review_scan_path_t   path;

    /* before a name the path is that of what holds it */

    p = data;
    (void) review_scan_path(&p, known->at, &path);
    review_json_pointer(&path, pointer);

    if (known->why == REVIEW_LOAD_UNKNOWN) {
        p = known->at;
        (void) review_scan_string(&p, data + len, &raw);
        review_json_name_cut(name, &raw);

        (void) review_json_object_unknown(known->members, pointer, name, err);
        return;
    }

    review_json_place(data, (size_t) (known->at - data), &line, &column);

    (void) review_error(err, pointer, "line %zu, column %zu: JSON may have at "
                        "most %d %s", line, column,
                        known->why == REVIEW_LOAD_TOO_MANY
                        ? REVIEW_LOAD_VALUES : REVIEW_LOAD_LISTS,
                        known->why == REVIEW_LOAD_TOO_MANY
                        ? "values" : "objects and arrays");
}


json_t *
review_json_parse_known(const char *data, size_t len,
    const review_member_t *members, size_t *values, review_error_t *err)
{
    size_t                i;
    json_t               *json;
    json_error_t          error;
    review_load_known_t   known;

    if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        data += 3;
        len -= 3;
    }

    for (i = 0; i < len && review_scan_is_space(data[i]); i++) { /* void */ }

    if (i == len) {
        (void) review_error(err, "", "the text is empty, JSON was expected");
        return NULL;
    }

    json = review_json_load_known(data, len, REVIEW_JSON_FLAGS, members,
                                  &known);

    if (json == NULL && known.why != REVIEW_LOAD_BAD) {
        review_json_refuse(data, len, &known, err);
        return NULL;
    }

    /* of what is bad jansson says why: it builds no more of it than we did */

    if (json == NULL) {
        json = json_loadb(data, len, REVIEW_JSON_FLAGS, &error);
    }

    if (json == NULL) {
        review_json_explain(data, len, &error, err);
    }

    *values = known.values;

    return json;
}


json_t *
review_json_parse(const char *data, size_t len, review_error_t *err)
{
    size_t  values;

    return review_json_parse_known(data, len, NULL, &values, err);
}
