
#include "review/answer/answer.h"
#include "review/answer/answer_claim.h"
#include "review/base/buf.h"
#include "review/base/excerpt.h"
#include "review/json/json.h"
#include "review/json/scan.h"
#include "review/json/schema.h"
#include "review/json/write.h"

#include <stdlib.h>


#define REVIEW_ANSWER_QUOTES  64
#define REVIEW_ANSWER_NAME    32       /* longer than any name */


typedef struct {
    review_pool_t    *pool;
    json_t           *json;
    review_answer_t  *answer;
    review_error_t   *err;
} review_answer_ctx_t;


static review_str_t
review_answer_trimmed(const json_t *value)
{
    review_str_t  str;

    str.data = json_string_value(value);
    str.len = json_string_length(value);

    review_scan_trim(&str);

    return str;
}


static int
review_answer_verdict(review_answer_ctx_t *a)
{
    int      n;
    char     got[REVIEW_EXCERPT];
    json_t  *value;

    value = json_object_get(a->json, "verdict");

    if (value == NULL) {
        return review_error(a->err, "/verdict", "member \"verdict\" is "
                            "missing, it must be one of \"pass\", \"risk\", "
                            "\"fail\", \"not_applicable\", \"unsure\"");
    }

    n = review_answer_claim_index(review_verdicts, value);

    if (n == -1) {
        return review_error(a->err, "/verdict", "must be one of \"pass\", "
                            "\"risk\", \"fail\", \"not_applicable\", "
                            "\"unsure\", got %s",
                            review_excerpt_value(got, sizeof(got), value));
    }

    a->answer->verdict = (review_verdict_e) n;

    return 0;
}


static int
review_answer_severity(review_answer_ctx_t *a)
{
    int      n;
    char     got[REVIEW_EXCERPT];
    json_t  *value;

    a->answer->severity = -1;

    value = json_object_get(a->json, "severity");

    if (value == NULL || json_is_null(value)
        || (json_is_string(value) && review_answer_trimmed(value).len == 0))
    {
        return 0;
    }

    n = review_answer_claim_index(review_severities, value);

    if (n == -1) {
        return review_error(a->err, "/severity", "must be one of \"fatal\", "
                            "\"major\", \"minor\", \"info\", got %s",
                            review_excerpt_value(got, sizeof(got), value));
    }

    a->answer->severity = n;

    return 0;
}


static int
review_answer_wrong_text(review_answer_ctx_t *a, const char *pointer,
    const json_t *value)
{
    char  got[REVIEW_EXCERPT];

    return review_error(a->err, pointer, "must be a string, got %s",
                        review_excerpt_value(got, sizeof(got), value));
}


static int
review_answer_no_memory(review_answer_ctx_t *a)
{
    return review_error(a->err, "", "no memory");
}


/* what was parsed goes at once: it may be a hundred thousand values */

static int
review_answer_keep(review_answer_ctx_t *a, const json_t *value,
    review_str_t *str)
{
    char  *p;

    p = review_alloc(a->pool, json_string_length(value) + 1);
    if (p == NULL) {
        return review_answer_no_memory(a);
    }

    memcpy(p, json_string_value(value), json_string_length(value));

    str->data = p;
    str->len = json_string_length(value);

    return 0;
}


static int
review_answer_lines(review_answer_ctx_t *a, const char *pointer,
    const json_t *list, review_str_t *text)
{
    char          at[REVIEW_ERROR_POINTER];
    size_t        i;
    json_t       *line;
    review_buf_t  b;

    review_buf_init(&b, a->pool, 0);

    json_array_foreach(list, i, line) {

        if (!json_is_string(line)) {
            (void) review_json_member_pointer_index(at, pointer, i);
            return review_answer_wrong_text(a, at, line);
        }

        if (i) {
            review_buf_add(&b, "\n", 1);
        }

        review_buf_add(&b, json_string_value(line), json_string_length(line));
    }

    if (b.failed) {
        return review_answer_no_memory(a);
    }

    if (b.len) {
        text->data = b.data;
        text->len = b.len;
    }

    return 0;
}


/* a string, or what can be written as one; nothing is an empty one */

static int
review_answer_text(review_answer_ctx_t *a, const char *name,
    review_str_t *text)
{
    char          pointer[REVIEW_ERROR_POINTER], number[REVIEW_EXCERPT];
    json_t       *value;
    review_buf_t  b;

    text->data = "";
    text->len = 0;

    value = json_object_get(a->json, name);

    if (value == NULL || json_is_null(value)) {
        return 0;
    }

    if (json_is_string(value)) {
        return review_answer_keep(a, value, text);
    }

    (void) review_json_member_pointer_name(pointer, "", name, strlen(name));

    if (json_is_array(value)) {
        return review_answer_lines(a, pointer, value, text);
    }

    if (json_is_number(value)) {
        review_excerpt_value(number, sizeof(number), value);

        review_buf_init(&b, a->pool, 0);
        review_buf_puts(&b, number);

        text->data = b.data;
        text->len = b.len;

        return b.failed ? review_answer_no_memory(a) : 0;
    }

    return review_answer_wrong_text(a, pointer, value);
}


/* of a string such as "0.8" or "85 %"; -1: it is something else */

static double
review_answer_percent(const review_str_t *str)
{
    char     number[REVIEW_ANSWER_NAME], *end;
    size_t   n;
    double   value;

    n = str->len;

    if (n == 0 || n >= sizeof(number)) {
        return -1;
    }

    memcpy(number, str->data, n);
    number[n] = '\0';

    /* neither a sign nor what else strtod() takes for a number */

    if (strspn(number, "0123456789.% ") != n) {
        return -1;
    }

    value = strtod(number, &end);

    if (end == number) {
        return -1;
    }

    while (*end == ' ') {
        end++;
    }

    if (*end == '%') {
        end++;

        /* "1%" is not 1 */

        value = value > 100 ? -1 : value / 100;
    }

    return *end == '\0' ? value : -1;
}


/* optional: one that makes no sense is no reason to lose a finding */

static void
review_answer_confidence(review_answer_ctx_t *a)
{
    double         value;
    json_t        *member;
    review_str_t   str;

    member = json_object_get(a->json, "confidence");
    value = -1;

    if (json_is_number(member)) {
        value = json_number_value(member);

    } else if (json_is_string(member)) {
        str = review_answer_trimmed(member);
        value = review_answer_percent(&str);
    }

    if (value > 1 && value <= 100) {
        value /= 100;
    }

    a->answer->confidence = (value >= 0 && value <= 1) ? value : -1;
}


static int
review_answer_blank(const review_str_t *str)
{
    size_t  i;

    for (i = 0; i < str->len; i++) {

        if (review_scan_is_space(str->data[i])) {
            continue;
        }

        /* the ideographic space */

        if (str->len - i < 3 || memcmp(str->data + i, "\xE3\x80\x80", 3) != 0)
        {
            return 0;
        }

        i += 2;
    }

    return 1;
}


/* a string, or an object that holds one */

static int
review_answer_quote(review_answer_ctx_t *a, const char *pointer,
    const json_t *value)
{
    char           got[REVIEW_EXCERPT];
    json_t        *inner;
    review_str_t   str;

    if (json_is_null(value)) {
        return 0;
    }

    if (json_is_object(value)) {
        inner = json_object_get(value, "quote");

        if (inner == NULL) {
            inner = json_object_get(value, "text");
        }

        if (json_is_string(inner)) {
            value = inner;
        }
    }

    if (!json_is_string(value)) {
        return review_error(a->err, pointer, "must be a string or an array of "
                            "strings, got %s",
                            review_excerpt_value(got, sizeof(got), value));
    }

    str.data = json_string_value(value);
    str.len = json_string_length(value);

    if (review_answer_blank(&str)) {
        return 0;
    }

    return review_answer_keep(a, value,
                              &a->answer->quotes[a->answer->nquotes++]);
}


static int
review_answer_quotes(review_answer_ctx_t *a)
{
    char         pointer[REVIEW_ERROR_POINTER];
    size_t       i, n;
    json_t      *value, *element;
    const char  *name;

    a->answer->quotes = NULL;
    a->answer->nquotes = 0;

    name = "/quote";
    value = json_object_get(a->json, "quote");

    if (value == NULL || json_is_null(value)) {
        name = "/quotes";
        value = json_object_get(a->json, "quotes");
    }

    if (value == NULL || json_is_null(value)) {
        return 0;
    }

    n = json_is_array(value) ? json_array_size(value) : 1;

    if (n == 0) {
        return 0;
    }

    if (n > REVIEW_ANSWER_QUOTES) {
        return review_error(a->err, name, "must have at most %d elements, got "
                            "%zu", REVIEW_ANSWER_QUOTES, n);
    }

    a->answer->quotes = review_alloc(a->pool, n * sizeof(review_str_t));

    if (a->answer->quotes == NULL) {
        return review_answer_no_memory(a);
    }

    if (!json_is_array(value)) {
        return review_answer_quote(a, name, value);
    }

    json_array_foreach(value, i, element) {
        (void) review_json_member_pointer_index(pointer, name, i);

        if (review_answer_quote(a, pointer, element) != 0) {
            return -1;
        }
    }

    return 0;
}


/*
 * "data" must be there if its schema requires members, but not where the
 * verdict says that there was nothing, or not enough, to take it from.
 */

static int
review_answer_data(review_answer_ctx_t *a, json_t *schema)
{
    int            nothing;
    json_t        *data;
    review_buf_t   b;

    if (schema == NULL) {
        return 0;
    }

    nothing = a->answer->verdict == REVIEW_VERDICT_NOT_APPLICABLE
              || a->answer->verdict == REVIEW_VERDICT_UNSURE;

    data = json_object_get(a->json, "data");

    if (data == NULL || json_is_null(data)) {

        if (nothing || json_array_size(json_object_get(schema, "required"))
                       == 0)
        {
            return 0;
        }

        return review_error(a->err, "/data", "member \"data\" is missing");
    }

    if (nothing && json_is_object(data) && json_object_size(data) == 0) {
        return 0;
    }

    if (review_schema_validate(schema, data, "/data", a->err) != 0) {
        return -1;
    }

    review_buf_init(&b, a->pool, 0);
    review_write_value(&b, NULL, data);

    a->answer->data.data = b.data;
    a->answer->data.len = b.len;

    return b.failed ? review_answer_no_memory(a) : 0;
}


static int
review_answer_read(review_answer_ctx_t *a, json_t *schema)
{
    review_answer_t  *answer;

    answer = a->answer;

    review_answer_confidence(a);

    return review_answer_verdict(a) != 0
           || review_answer_severity(a) != 0
           || review_answer_text(a, "reason", &answer->reason) != 0
           || review_answer_text(a, "suggestion", &answer->suggestion) != 0
           || review_answer_quotes(a) != 0
           || review_answer_data(a, schema) != 0 ? -1 : 0;
}


int
review_answer_parse(review_pool_t *pool, const char *content, size_t len,
    const review_answer_given_t *given, review_answer_t *answer,
    review_error_t *err)
{
    int                   rc;
    review_answer_ctx_t   a;
    review_answer_find_t  find;

    memset(answer, 0, sizeof(*answer));

    a.pool = pool;
    a.answer = answer;
    a.err = err;

    find.quoted = given->quoted;
    find.data = given->data;
    find.more_verdicts = (given->schema != NULL);

    a.json = review_answer_find(pool, content, len, &find, err);

    answer->said = find.said;

    if (a.json == NULL) {
        return -1;
    }

    answer->strict = find.strict;
    answer->more = find.more;

    rc = review_answer_read(&a, given->schema);

    json_decref(a.json);

    return rc;
}
