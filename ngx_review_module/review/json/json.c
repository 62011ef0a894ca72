
#include "review/json/json.h"
#include "review/base/excerpt.h"
#include "review/json/load.h"
#include "review/json/scan.h"
#include "review/base/utf8.h"

#include <ctype.h>
#include <stdio.h>


/* deeper than this a pointer has no room anyway */
#define REVIEW_JSON_LEVELS  (REVIEW_ERROR_POINTER / 2)


typedef struct {
    const char            *name;      /* between its quotes; NULL: none yet */
    size_t                 len;
    size_t                 index;
    unsigned               array:1;
} review_json_level_t;


/*
 * The parser tells only the byte at which it gave up.  What stands before is
 * sound JSON, so following brackets, commas and strings is enough to know
 * which member that was, and what was expected in place of the last token.
 * Tokens are kept by their first byte, 'n' is a name, 'v' a complete value.
 */

typedef struct {
    size_t                 depth;
    size_t                 token;     /* where the last one begins */
    char                   before;    /* the token before the last one */
    char                   kind;      /* the last one */
    unsigned               string:1;  /* the last one is a string, */
    unsigned               open:1;    /* and without an end */
    review_json_level_t    levels[REVIEW_JSON_LEVELS];
} review_json_scan_t;


static int
review_json_mark(char c)
{
    return c && strchr("{}[],:\"", c) != NULL;
}


/* what literals and numbers are made of */

static int
review_json_word(char c)
{
    return isalnum((unsigned char) c) || c == '-' || c == '+' || c == '.';
}


static review_json_level_t *
review_json_level(review_json_scan_t *s)
{
    if (s->depth == 0 || s->depth > REVIEW_JSON_LEVELS) {
        return NULL;
    }

    return &s->levels[s->depth - 1];
}


static const char *
review_json_scan_string(review_json_scan_t *s, const char *p, const char *last)
{
    const char           *start;
    review_json_level_t  *level;

    start = ++p;

    while (p < last && *p != '"') {
        p += (*p == '\\' && last - p > 1) ? 2 : 1;
    }

    level = review_json_level(s);

    s->string = 1;
    s->open = (p == last);
    s->kind = 'v';

    if (!s->open && level && !level->array
        && (s->before == '{' || s->before == ','))
    {
        s->kind = 'n';
        level->name = start;
        level->len = (size_t) (p - start);
    }

    return s->open ? p : p + 1;
}


static void
review_json_scan_mark(review_json_scan_t *s, char c)
{
    review_json_level_t  *level;

    s->kind = c;

    switch (c) {

    case '{':
    case '[':
        s->depth++;

        level = review_json_level(s);

        if (level) {
            memset(level, 0, sizeof(*level));
            level->array = (c == '[');
        }

        break;

    case '}':
    case ']':
        s->kind = 'v';

        if (s->depth) {
            s->depth--;
        }

        break;

    case ',':
        level = review_json_level(s);

        if (level) {
            level->name = NULL;
            level->index++;
        }

        break;
    }
}


/* "wrong": the last token is what is wrong, and counts for nothing */

static void
review_json_scan(review_json_scan_t *s, const char *data, size_t len,
    int wrong)
{
    int          word;
    const char  *p, *last;

    s->depth = 0;
    s->token = 0;
    s->before = 0;
    s->kind = 0;
    s->string = 0;
    s->open = 0;

    p = data;
    last = data + len;

    while (p < last) {

        if (review_scan_is_space(*p)) {
            p++;
            continue;
        }

        s->token = (size_t) (p - data);
        s->before = s->kind;
        s->string = 0;

        if (*p == '"') {
            p = review_json_scan_string(s, p, last);

        } else if (review_json_mark(*p)) {
            if (wrong && p + 1 == last) {
                return;
            }

            review_json_scan_mark(s, *p++);

        } else {
            word = review_json_word(*p);

            while (p < last && !review_scan_is_space(*p)
                   && !review_json_mark(*p) && review_json_word(*p) == word)
            {
                p++;
            }

            s->kind = 'v';
        }
    }
}


/* a name as it was meant: the quotes around it are there */

static int
review_json_scan_name(char *pointer, review_json_level_t *level)
{
    int      rc;
    json_t  *name;

    name = NULL;

    if (memchr(level->name, '\\', level->len)) {
        name = json_loadb(level->name - 1, level->len + 2, JSON_DECODE_ANY,
                          NULL);
    }

    if (!json_is_string(name)) {
        json_decref(name);
        return review_pointer_name(pointer, pointer, level->name, level->len);
    }

    rc = review_pointer_name(pointer, pointer, json_string_value(name),
                             json_string_length(name));
    json_decref(name);

    return rc;
}


static void
review_json_scan_pointer(review_json_scan_t *s, char *pointer)
{
    int                   rc;
    size_t                i;
    review_json_level_t  *level;

    pointer[0] = '\0';

    for (i = 0; i < s->depth && i < REVIEW_JSON_LEVELS; i++) {
        level = &s->levels[i];

        if (level->array) {
            rc = review_pointer_index(pointer, pointer, level->index);

        } else if (level->name) {
            rc = review_json_scan_name(pointer, level);

        } else {
            return;
        }

        if (rc != 0) {
            return;
        }
    }
}


static int
review_json_hex(const char *p, const char *last)
{
    int  i, c, n;

    if (last - p < 4) {
        return -1;
    }

    n = 0;

    for (i = 0; i < 4; i++) {
        c = (unsigned char) p[i];

        if (!isxdigit(c)) {
            return -1;
        }

        n = n * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }

    return n;
}


/* the first escape that can't be, and why; NULL if all can */

static const char *
review_json_bad_escape(const char *p, const char *last, const char **why)
{
    int  c, low;

    while (p < last) {

        if (*p != '\\') {
            p++;
            continue;
        }

        if (last - p < 2) {
            break;
        }

        if (p[1] != 'u') {
            if (!memchr("\"\\/bfnrt", p[1], 8)) {
                *why = "JSON has no such escape, a backslash is written \\\\";
                return p;
            }

            p += 2;
            continue;
        }

        c = review_json_hex(p + 2, last);
        low = (last - p >= 12 && p[6] == '\\' && p[7] == 'u')
              ? review_json_hex(p + 8, last) : -1;

        if (c < 0) {
            *why = "\\u must be followed by four hexadecimal digits";
            return p;
        }

        if (c == 0) {
            *why = "\\u0000 (NUL) is not allowed in a text";
            return p;
        }

        if (c < 0xd800 || c > 0xdfff) {
            p += 6;
            continue;
        }

        if (c > 0xdbff || low < 0xdc00 || low > 0xdfff) {
            *why = "half of a surrogate pair stands alone";
            return p;
        }

        p += 12;
    }

    return NULL;
}


static const char *
review_json_expected(review_json_scan_t *s, char got)
{
    review_json_level_t  *level;

    level = review_json_level(s);

    switch (s->before) {

    case 'n':
        return "\":\" was expected after the member's name";

    case 'v':
        return level == NULL ? "a closing bracket was expected"
               : level->array ? "\",\" or \"]\" was expected"
               : "\",\" or \"}\" was expected";

    case ',':
        if (got == '}' || got == ']') {
            return "the \",\" before it is one too many";
        }

        if (level == NULL || level->array) {
            break;
        }

        /* fall through */

    case '{':
        return "a member's name in double quotes was expected";
    }

    return "a value was expected";
}


static void
review_json_unexpected(review_json_scan_t *s, const char *data, size_t end,
    char *text, size_t size)
{
    char           got[REVIEW_EXCERPT];
    const char    *expected;
    unsigned char  c;

    c = (unsigned char) data[s->token];
    expected = review_json_expected(s, data[s->token]);

    if (c < 0x20 || c == 0x7f) {
        snprintf(text, size, "%s, got U+%04X", expected, c);
        return;
    }

    review_excerpt(got, sizeof(got), data + s->token, end - s->token);

    snprintf(text, size, "%s, got %s", expected, got);
}


/* what is wrong with the token at which the parser stopped; returns where */

static size_t
review_json_syntax(review_json_scan_t *s, const char *data, size_t len,
    size_t end, char *text, size_t size)
{
    const char  *p, *why;

    if (s->string) {
        p = review_json_bad_escape(data + s->token + 1, data + end, &why);

        if (p) {
            snprintf(text, size, "%s", why);
            return (size_t) (p - data);
        }

        if (s->open && end < len) {
            snprintf(text, size, "a control character in a string must be "
                     "written \\u%04x", (unsigned char) data[end]);
            return end;
        }
    }

    if (s->open) {
        snprintf(text, size, "the text ends before the JSON does");
        return end;
    }

    review_json_unexpected(s, data, end, text, size);

    return s->token;
}


static void
review_json_explain(const char *data, size_t len, json_error_t *error,
    review_error_t *err)
{
    char                  text[160], pointer[REVIEW_ERROR_POINTER];
    size_t                at, end, line, column;
    review_json_scan_t    s;
    enum json_error_code  code;

    code = json_error_code(error);

    end = (size_t) error->position;

    if (end > len) {
        end = len;
    }

    review_json_scan(&s, data, end, code == json_error_invalid_syntax);
    review_json_scan_pointer(&s, pointer);

    at = s.token;

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
                 end < len ? (unsigned char) data[end] : 0);
        break;

    case json_error_duplicate_key:
        snprintf(text, sizeof(text), "a member of this name stands before");
        break;

    case json_error_numeric_overflow:
        snprintf(text, sizeof(text), "the number is too large");
        break;

    case json_error_end_of_input_expected:
        pointer[0] = '\0';
        snprintf(text, sizeof(text), "nothing may follow the JSON value");
        break;

    case json_error_premature_end_of_input:

        /* a NUL byte is taken for the end, too */

        if (end == len && data[end - 1] != '\0') {
            at = end;
            snprintf(text, sizeof(text), "the text ends before the JSON does");
            break;
        }

        /* fall through */

    default:
        at = review_json_syntax(&s, data, len, end, text, sizeof(text));
    }

    review_json_place(data, at, &line, &column);

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


json_t *
review_json_parse(const char *data, size_t len, review_error_t *err)
{
    size_t         i;
    json_t        *json;
    json_error_t   error;

    if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        data += 3;
        len -= 3;
    }

    for (i = 0; i < len && review_scan_is_space(data[i]); i++) { /* void */ }

    if (i == len) {
        (void) review_error(err, "", "the text is empty, JSON was expected");
        return NULL;
    }

    json = review_json_load(data, len,
                            JSON_REJECT_DUPLICATES|JSON_DECODE_ANY, &error);

    if (json == NULL) {
        review_json_explain(data, len, &error, err);
    }

    return json;
}
