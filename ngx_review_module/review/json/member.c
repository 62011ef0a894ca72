
#include "review/json/json.h"
#include "review/base/excerpt.h"

#include <stdio.h>


int
review_pointer_name(char *dst, const char *pointer, const char *name,
    size_t len)
{
    char    *p, *last;
    size_t   i, n;

    n = strlen(pointer);

    if (dst != pointer) {
        memcpy(dst, pointer, n + 1);
    }

    p = dst + n;
    last = dst + REVIEW_ERROR_POINTER - 1;

    if (p < last) {
        *p++ = '/';
    }

    for (i = 0; i < len && last - p >= 2; i++) {

        if (name[i] == '~' || name[i] == '/') {
            *p++ = '~';
            *p++ = (name[i] == '~') ? '0' : '1';

        } else {
            *p++ = name[i];
        }
    }

    if (i < len || p == dst + n) {
        dst[n] = '\0';
        return -1;
    }

    *p = '\0';

    return 0;
}


int
review_pointer_index(char *dst, const char *pointer, size_t index)
{
    int   n;
    char  text[24];

    n = snprintf(text, sizeof(text), "%zu", index);

    return review_pointer_name(dst, pointer, text, (size_t) n);
}


const char *
review_json_type(const json_t *value)
{
    if (value == NULL) {
        return "nothing";
    }

    switch (json_typeof(value)) {

    case JSON_OBJECT:
        return "an object";

    case JSON_ARRAY:
        return "an array";

    case JSON_STRING:
        return "a string";

    case JSON_INTEGER:
        return "an integer";

    case JSON_REAL:
        return "a real number";

    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";

    default:
        return "null";
    }
}


int
review_json_text(json_t *value, const char *pointer, size_t min, size_t max,
    review_str_t *text, review_error_t *err)
{
    size_t  len;

    if (!json_is_string(value)) {
        return review_error(err, pointer, "must be a string, got %s",
                            review_json_type(value));
    }

    len = json_string_length(value);

    if (len < min) {
        return review_error(err, pointer, "must not be empty");
    }

    if (len > max) {
        return review_error(err, pointer, "must not be longer than %zu bytes, "
                            "got %zu", max, len);
    }

    text->data = json_string_value(value);
    text->len = len;

    return 0;
}


static json_t *
review_json_get(json_t *object, const char *pointer, const char *name,
    char *dst)
{
    (void) review_pointer_name(dst, pointer, name, strlen(name));

    return json_object_get(object, name);
}


int
review_json_member(json_t *object, const char *pointer, const char *name,
    json_type type, json_t **value, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *member;

    member = review_json_get(object, pointer, name, at);

    if (member == NULL) {
        return 0;
    }

    if (json_typeof(member) != type) {
        return review_error(err, at, "must be %s, got %s",
                            type == JSON_OBJECT ? "an object" : "an array",
                            review_json_type(member));
    }

    *value = member;

    return 1;
}


int
review_json_string(json_t *object, const char *pointer, const char *name,
    size_t min, size_t max, review_str_t *value, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *member;

    member = review_json_get(object, pointer, name, at);

    if (member == NULL) {
        return 0;
    }

    return review_json_text(member, at, min, max, value, err) == 0 ? 1 : -1;
}


int
review_json_integer(json_t *object, const char *pointer, const char *name,
    int min, int max, int *value, review_error_t *err)
{
    char        at[REVIEW_ERROR_POINTER];
    json_t     *member;
    json_int_t  n;

    member = review_json_get(object, pointer, name, at);

    if (member == NULL) {
        return 0;
    }

    if (!json_is_integer(member)) {
        return review_error(err, at, "must be an integer from %d to %d, got "
                            "%s", min, max, review_json_type(member));
    }

    n = json_integer_value(member);

    if (n < min || n > max) {
        return review_error(err, at, "must be an integer from %d to %d, got "
                            "%" JSON_INTEGER_FORMAT, min, max, n);
    }

    *value = (int) n;

    return 1;
}


int
review_json_number(json_t *object, const char *pointer, const char *name,
    int min, int max, double *value, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    double   n;
    json_t  *member;

    member = review_json_get(object, pointer, name, at);

    if (member == NULL) {
        return 0;
    }

    if (!json_is_number(member)) {
        return review_error(err, at, "must be a number from %d to %d, got %s",
                            min, max, review_json_type(member));
    }

    n = json_number_value(member);

    if (n < min || n > max) {
        return review_error(err, at, "must be a number from %d to %d, got %g",
                            min, max, n);
    }

    *value = n;

    return 1;
}


static void
review_json_list(const char *const *names, char *text, size_t size)
{
    int     i;
    size_t  n;

    n = 0;
    text[0] = '\0';

    for (i = 0; names[i] && n < size; i++) {
        n += (size_t) snprintf(text + n, size - n, "%s%s", i ? ", " : "",
                               names[i]);
    }
}


int
review_json_choice(json_t *object, const char *pointer, const char *name,
    const char *const *names, int *value, review_error_t *err)
{
    int            n;
    char           at[REVIEW_ERROR_POINTER], list[160], got[REVIEW_EXCERPT];
    json_t        *member;
    review_str_t   text;

    member = review_json_get(object, pointer, name, at);

    if (member == NULL) {
        return 0;
    }

    if (review_json_text(member, at, 0, SIZE_MAX, &text, err) != 0) {
        return -1;
    }

    n = review_name_index(names, text.data, text.len);

    if (n == -1) {
        review_json_list(names, list, sizeof(list));

        return review_error(err, at, "must be one of %s, got \"%s\"", list,
                            review_excerpt(got, sizeof(got), text.data,
                                           text.len));
    }

    *value = n;

    return 1;
}
