
#include "review/json/schema_walk.h"
#include "review/base/excerpt.h"


/* that there are */

#define REVIEW_SCHEMA_TYPES  7


typedef int (*review_schema_check_pt)(review_schema_t *s, json_t *value);


typedef struct {
    const char              *name;
    review_schema_check_pt   check;
} review_schema_keyword_t;


static int review_schema_check_schema(review_schema_t *s, json_t *value);


static int
review_schema_check_any(review_schema_t *s, json_t *value)
{
    (void) s;
    (void) value;

    return 0;
}


static int
review_schema_check_type_name(review_schema_t *s, json_t *value)
{
    if (!json_is_string(value)
        || review_name_index(review_schema_types, json_string_value(value),
                             json_string_length(value)) == -1)
    {
        return review_schema_must(s, "one of null, boolean, integer, number, "
                                  "string, array, object", value);
    }

    return 0;
}


static int
review_schema_check_string(review_schema_t *s, json_t *value)
{
    if (!json_is_string(value)) {
        return review_schema_must(s, "a string", value);
    }

    return 0;
}


/*
 * A list of at least "min" elements, all of them checked; there are no more
 * than a schema may have values, which has been seen to.
 */

static int
review_schema_check_list(review_schema_t *s, json_t *value, size_t min,
    review_schema_check_pt check)
{
    size_t   i, len;
    json_t  *element;

    if (!json_is_array(value)) {
        return review_schema_must(s, "an array", value);
    }

    if (json_array_size(value) < min) {
        return review_schema_error(s, "must not be empty");
    }

    json_array_foreach(value, i, element) {
        len = review_schema_enter_index(s, i);

        if (check(s, element) != 0) {
            return -1;
        }

        review_schema_leave(s, len);
    }

    return 0;
}


/* what is compared with all elements of an answer is not long */

static int
review_schema_check_few(review_schema_t *s, json_t *value, size_t max)
{
    if (json_array_size(value) > max) {
        return review_schema_error(s, "must have at most %zu elements, got %zu",
                                   max, json_array_size(value));
    }

    return 0;
}


static int
review_schema_check_type(review_schema_t *s, json_t *value)
{
    if (review_schema_check_few(s, value, REVIEW_SCHEMA_TYPES) != 0) {
        return -1;
    }

    if (json_is_array(value)) {
        return review_schema_check_list(s, value, 1,
                                        review_schema_check_type_name);
    }

    return review_schema_check_type_name(s, value);
}


static int
review_schema_check_enum(review_schema_t *s, json_t *value)
{
    if (review_schema_check_few(s, value, REVIEW_SCHEMA_LIST) != 0) {
        return -1;
    }

    return review_schema_check_list(s, value, 1, review_schema_check_any);
}


static int
review_schema_check_required(review_schema_t *s, json_t *value)
{
    if (review_schema_check_few(s, value, REVIEW_SCHEMA_LIST) != 0) {
        return -1;
    }

    return review_schema_check_list(s, value, 0, review_schema_check_string);
}


static int
review_schema_check_any_of(review_schema_t *s, json_t *value)
{
    return review_schema_check_list(s, value, 1, review_schema_check_schema);
}


static int
review_schema_check_properties(review_schema_t *s, json_t *value)
{
    size_t       len;
    json_t      *schema;
    const char  *name;

    if (!json_is_object(value)) {
        return review_schema_must(s, "an object", value);
    }

    json_object_foreach(value, name, schema) {
        len = review_schema_enter(s, name);

        if (review_schema_check_schema(s, schema) != 0) {
            return -1;
        }

        review_schema_leave(s, len);
    }

    return 0;
}


static int
review_schema_check_additional(review_schema_t *s, json_t *value)
{
    return json_is_boolean(value) ? 0 : review_schema_check_schema(s, value);
}


static int
review_schema_check_count(review_schema_t *s, json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return review_schema_must(s, "an integer of at least 0", value);
    }

    return 0;
}


static int
review_schema_check_number(review_schema_t *s, json_t *value)
{
    if (!json_is_number(value)) {
        return review_schema_must(s, "a number", value);
    }

    return 0;
}


static const review_schema_keyword_t  review_schema_keywords[] = {
    { "type",                 review_schema_check_type },
    { "enum",                 review_schema_check_enum },
    { "const",                review_schema_check_any },
    { "properties",           review_schema_check_properties },
    { "required",             review_schema_check_required },
    { "additionalProperties", review_schema_check_additional },
    { "items",                review_schema_check_schema },
    { "minItems",             review_schema_check_count },
    { "maxItems",             review_schema_check_count },
    { "minLength",            review_schema_check_count },
    { "maxLength",            review_schema_check_count },
    { "minimum",              review_schema_check_number },
    { "maximum",              review_schema_check_number },
    { "exclusiveMinimum",     review_schema_check_number },
    { "exclusiveMaximum",     review_schema_check_number },
    { "anyOf",                review_schema_check_any_of },
    { "title",                review_schema_check_any },
    { "description",          review_schema_check_any },
    { "default",              review_schema_check_any },
    { "examples",             review_schema_check_any },
    { "format",               review_schema_check_any },
    { "$schema",              review_schema_check_any },
    { "$id",                  review_schema_check_any },
    { "$comment",             review_schema_check_any },
    { NULL, NULL }
};


static int
review_schema_check_keyword(review_schema_t *s, const char *name,
    json_t *value)
{
    char                            shown[REVIEW_EXCERPT];
    const review_schema_keyword_t  *keyword;

    for (keyword = review_schema_keywords; keyword->name; keyword++) {
        if (strcmp(keyword->name, name) == 0) {
            return keyword->check(s, value);
        }
    }

    return review_schema_error(s, "the keyword \"%s\" is not supported",
                               review_excerpt(shown, sizeof(shown), name,
                                              strlen(name)));
}


static int
review_schema_check_schema(review_schema_t *s, json_t *value)
{
    size_t       len;
    json_t      *member;
    const char  *name;

    if (!json_is_object(value)) {
        return review_schema_must(s, "a schema, an object", value);
    }

    if (s->depth == REVIEW_SCHEMA_DEPTH) {
        return review_schema_error(s, "schemas are nested deeper than %d",
                                   REVIEW_SCHEMA_DEPTH);
    }

    s->depth++;

    json_object_foreach(value, name, member) {
        len = review_schema_enter(s, name);

        if (review_schema_check_keyword(s, name, member) != 0) {
            return -1;
        }

        review_schema_leave(s, len);
    }

    s->depth--;

    return 0;
}


int
review_schema_check(json_t *schema, const char *pointer, review_error_t *err)
{
    review_schema_t  s;

    review_schema_init(&s, pointer, err);

    if (review_schema_size(schema, REVIEW_SCHEMA_VALUES + 1)
        > REVIEW_SCHEMA_VALUES)
    {
        return review_schema_error(&s, "a schema may have at most %d values",
                                   REVIEW_SCHEMA_VALUES);
    }

    return review_schema_check_schema(&s, schema);
}
