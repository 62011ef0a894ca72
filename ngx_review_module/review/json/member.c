
#include "review/json/json.h"
#include "review/base/excerpt.h"

#include <stdio.h>


int
review_json_member_pointer_name(char *dst, const char *pointer,
    const char *name, size_t len)
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
review_json_member_pointer_index(char *dst, const char *pointer, size_t index)
{
    int   n;
    char  text[24];

    n = snprintf(text, sizeof(text), "%zu", index);

    return review_json_member_pointer_name(dst, pointer, text, (size_t) n);
}


const char *
review_json_member_type(const json_t *value)
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


const json_t *
review_json_member_first(const json_t *object, const char *const *names)
{
    size_t         i;
    const json_t  *value;

    for (i = 0; names[i]; i++) {
        value = json_object_get(object, names[i]);

        if (json_string_length(value) || json_array_size(value)
            || json_object_size(value))
        {
            return value;
        }
    }

    return NULL;
}


int
review_json_member_text(json_t *value, const char *pointer, size_t min,
    size_t max, review_str_t *text, review_error_t *err)
{
    size_t  len;

    if (!json_is_string(value)) {
        return review_error(err, pointer, "must be a string, got %s",
                            review_json_member_type(value));
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
