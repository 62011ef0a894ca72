
#include "review/json/schema.h"
#include "review/json/json.h"
#include "review/json/write.h"


/* they constrain nothing, and strict servers refuse some of them */

static const char *const  review_schema_write_left_out[] = {
    "title", "default", "examples", "format", "$schema", "$id", "$comment",
    NULL
};


static void review_schema_write_value(review_buf_t *b, json_t *schema);


/* a description guides the model; what is no text does not */

static int
review_schema_write_is_left_out(const char *name, json_t *value)
{
    if (strcmp(name, "description") == 0) {
        return !json_is_string(value);
    }

    return review_name_index(review_schema_write_left_out, name, strlen(name))
           != -1;
}


/* what is named so is a property, whatever its name is */

static void
review_schema_write_properties(review_buf_t *b, json_t *properties)
{
    json_t      *schema;
    const char  *name;

    review_write_object(b, NULL);

    json_object_foreach(properties, name, schema) {
        review_write_key(b, name, strlen(name));
        review_schema_write_value(b, schema);
    }

    review_write_object_end(b);
}


static void
review_schema_write_any_of(review_buf_t *b, json_t *list)
{
    size_t   i;
    json_t  *schema;

    review_write_array(b, NULL);

    json_array_foreach(list, i, schema) {
        review_schema_write_value(b, schema);
    }

    review_write_array_end(b);
}


static void
review_schema_write_member(review_buf_t *b, const char *name, json_t *value)
{
    if (strcmp(name, "properties") == 0) {
        review_schema_write_properties(b, value);

    } else if (strcmp(name, "anyOf") == 0) {
        review_schema_write_any_of(b, value);

    } else if (strcmp(name, "items") == 0
               || (strcmp(name, "additionalProperties") == 0
                   && json_is_object(value)))
    {
        review_schema_write_value(b, value);

    } else {
        review_write_value(b, NULL, value);
    }
}


static void
review_schema_write_value(review_buf_t *b, json_t *schema)
{
    json_t      *member;
    const char  *name;

    review_write_object(b, NULL);

    json_object_foreach(schema, name, member) {

        if (review_schema_write_is_left_out(name, member)) {
            continue;
        }

        review_write_name(b, name);
        review_schema_write_member(b, name, member);
    }

    review_write_object_end(b);
}


void
review_schema_write(review_buf_t *b, const char *name, json_t *schema)
{
    review_write_name(b, name);
    review_schema_write_value(b, schema);
}
