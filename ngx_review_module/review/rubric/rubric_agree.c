
/* The members of "data" whose values have to be the same in all chunks. */

#include "review/rubric/rubric_shared.h"


/* of a list the elements' */

static json_t *
review_rubric_agree_schema(json_t *schema)
{
    int     depth;
    json_t  *items;

    for (depth = 0; depth < 32; depth++) {
        items = json_object_get(schema, "items");

        if (items == NULL) {
            break;
        }

        schema = items;
    }

    return schema;
}


/* a member of the data that is a value, or a list of some */

static int
review_rubric_agree_name(const review_point_t *point, size_t n,
    const char *pointer, review_error_t *err)
{
    size_t               i;
    json_t              *schema, *type;
    const review_str_t  *name;

    name = &point->agree[n];

    for (i = 0; i < n; i++) {
        if (point->agree[i].len == name->len
            && memcmp(point->agree[i].data, name->data, name->len) == 0)
        {
            return review_error(err, pointer, "is there twice");
        }
    }

    schema = json_object_getn(json_object_get(point->data, "properties"),
                              name->data, name->len);
    if (schema == NULL) {
        return review_error(err, pointer, "must be a name in \"properties\" of "
                            "\"data\"");
    }

    type = json_object_get(review_rubric_agree_schema(schema), "type");

    if (json_is_string(type)
        && strcmp(json_string_value(type), "object") == 0)
    {
        return review_error(err, pointer, "must be a string, a number, a "
                            "boolean or a list of these, not an object");
    }

    return 0;
}


int
review_rubric_agree(const review_point_t *point, const char *pointer,
    review_error_t *err)
{
    char    list[REVIEW_ERROR_POINTER], at[REVIEW_ERROR_POINTER];
    size_t  i;

    if (point->nagree == 0) {
        return 0;
    }

    (void) review_json_member_pointer_name(list, pointer, "agree", 5);

    if (point->data == NULL) {
        return review_error(err, list, "needs \"data\"");
    }

    if (point->scope == REVIEW_SCOPE_DOCUMENT) {
        return review_error(err, list, "needs \"scope\": \"chunk\": values are "
                            "gathered from all chunks");
    }

    for (i = 0; i < point->nagree; i++) {
        (void) review_json_member_pointer_index(at, list, i);

        if (review_rubric_agree_name(point, i, at, err) != 0) {
            return -1;
        }
    }

    return 0;
}


review_str_t
review_rubric_agree_title(const review_point_t *point, size_t n)
{
    json_t        *schema, *value;
    review_str_t   title;

    schema = json_object_getn(json_object_get(point->data, "properties"),
                              point->agree[n].data, point->agree[n].len);
    value = json_object_get(schema, "title");
    title = point->agree[n];

    if (json_is_string(value) && json_string_length(value)) {
        title.data = json_string_value(value);
        title.len = json_string_length(value);
    }

    return title;
}
