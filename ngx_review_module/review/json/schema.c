
#include "review/json/schema_walk.h"
#include "review/base/excerpt.h"
#include "review/json/json.h"
#include "review/base/utf8.h"

#include <stdio.h>


/*
 * What is done for a value, in steps of some ten nanoseconds; and how many a
 * whole value may take
 */

#define REVIEW_SCHEMA_VISIT    40
#define REVIEW_SCHEMA_LOOKUP   5
#define REVIEW_SCHEMA_BYTES    32      /* are compared, or counted, in one */
#define REVIEW_SCHEMA_STEPS    1000000


static int review_schema_value(review_schema_t *s, json_t *schema,
    json_t *value);


const char *const  review_schema_types[] = {
    "null", "boolean", "integer", "number", "string", "array", "object", NULL
};

static const char *const  review_schema_type_words[] = {
    "null", "a boolean", "an integer", "a number", "a string", "an array",
    "an object"
};


void
review_schema_init(review_schema_t *s, const char *pointer,
    review_error_t *err)
{
    snprintf(s->pointer, sizeof(s->pointer), "%s", pointer);

    s->depth = 0;
    s->lost = 0;
    s->quiet = 0;
    s->steps = REVIEW_SCHEMA_STEPS;
    s->err = err;
}


size_t
review_schema_size(json_t *schema, size_t max)
{
    size_t       i, n;
    json_t      *value;
    const char  *name;

    n = 1;

    json_array_foreach(schema, i, value) {

        if (n >= max) {
            break;
        }

        n += review_schema_size(value, max - n);
    }

    json_object_foreach(schema, name, value) {

        if (n >= max) {
            break;
        }

        n += review_schema_size(value, max - n);
    }

    return n;
}


/* returns 0, or -1: there are not so many left */

static int
review_schema_spend(review_schema_t *s, size_t steps)
{
    if (s->steps < 0) {
        return -1;
    }

    s->steps -= (long) steps;

    return s->steps < 0 ? review_error(s->err, s->pointer, "it takes too long "
                                       "to be checked against its schema")
                        : 0;
}


size_t
review_schema_enter(review_schema_t *s, const char *name)
{
    size_t  len;

    len = strlen(s->pointer);

    if (s->lost || review_json_member_pointer_name(s->pointer, s->pointer,
                                                   name, strlen(name)) != 0)
    {
        s->lost++;
    }

    return len;
}


size_t
review_schema_enter_index(review_schema_t *s, size_t i)
{
    char  name[24];

    snprintf(name, sizeof(name), "%zu", i);

    return review_schema_enter(s, name);
}


void
review_schema_leave(review_schema_t *s, size_t len)
{
    if (s->lost) {
        s->lost--;
    }

    s->pointer[len] = '\0';
}


int
review_schema_must(review_schema_t *s, const char *be, json_t *value)
{
    char  got[REVIEW_EXCERPT];

    if (s->quiet) {
        return -1;
    }

    return review_schema_error(s, "must be %s, got %s", be,
                               review_excerpt_value(got, sizeof(got), value));
}


/* does the value satisfy it? */

static int
review_schema_is_integer(json_t *value)
{
    double  x;

    if (!json_is_real(value)) {
        return json_is_integer(value);
    }

    x = json_real_value(value);

    /* a double as large as 2^53 has no fraction */

    return x >= 9007199254740992.0 || x <= -9007199254740992.0
           || x == (double) (int64_t) x;
}


static int
review_schema_is(json_t *value, const char *type)
{
    switch (review_name_index(review_schema_types, type, strlen(type))) {
    case 0:   return json_is_null(value);
    case 1:   return json_is_boolean(value);
    case 2:   return review_schema_is_integer(value);
    case 3:   return json_is_number(value);
    case 4:   return json_is_string(value);
    case 5:   return json_is_array(value);
    case 6:   return json_is_object(value);
    default:  return 0;
    }
}


static int
review_schema_type(review_schema_t *s, json_t *type, json_t *value)
{
    int          n;
    char         words[128];
    size_t       i, size, used;
    json_t      *name;
    const char  *str;

    size = json_is_array(type) ? json_array_size(type) : 1;
    used = 0;
    words[0] = '\0';

    for (i = 0; i < size; i++) {
        name = json_is_array(type) ? json_array_get(type, i) : type;
        str = json_string_value(name);

        if (str == NULL || review_schema_is(value, str)) {
            return 0;
        }

        if (s->quiet) {
            continue;
        }

        n = review_name_index(review_schema_types, str, strlen(str));

        if (n != -1 && used < sizeof(words)) {
            used += (size_t) snprintf(words + used, sizeof(words) - used,
                                      "%s%s", used ? " or " : "",
                                      review_schema_type_words[n]);
        }
    }

    return review_schema_must(s, words, value);
}


/* 1 and 1.0 are the same to JSON Schema */

static int
review_schema_equal(review_schema_t *s, json_t *one, json_t *other)
{
    size_t  steps;

    steps = 1;

    if (json_is_string(one)) {
        steps += json_string_length(one) == json_string_length(other)
                 ? json_string_length(one) / REVIEW_SCHEMA_BYTES : 0;

    } else if (json_array_size(one) == json_array_size(other)
               && json_object_size(one) == json_object_size(other))
    {
        steps += (review_schema_size(one, REVIEW_SCHEMA_VALUES) - 1)
                 * REVIEW_SCHEMA_LOOKUP;
    }

    if (review_schema_spend(s, steps) != 0) {
        return 0;
    }

    if (json_is_real(one) || json_is_real(other)) {
        return json_is_number(one) && json_is_number(other)
               && json_number_value(one) == json_number_value(other);
    }

    return json_equal(one, other);
}


static int
review_schema_one_of(review_schema_t *s, json_t *list, json_t *value)
{
    int          more;
    char         item[32], words[128], be[160];
    size_t       i, n, used;
    json_t      *allowed;

    more = 0;
    used = 0;
    words[0] = '\0';

    for (i = 0; i < json_array_size(list) && !more; i++) {
        allowed = json_array_get(list, i);

        review_excerpt_value(item, sizeof(item), allowed);
        n = strlen(item);

        if (used + n + sizeof(", ") > sizeof(words)) {
            more = 1;
            continue;
        }

        used += (size_t) snprintf(words + used, sizeof(words) - used, "%s%s",
                                  i ? ", " : "", item);
    }

    snprintf(be, sizeof(be), "one of %s%s", words, more ? ", ..." : "");

    return review_schema_must(s, be, value);
}


static int
review_schema_enum(review_schema_t *s, json_t *list, json_t *value)
{
    size_t   i;
    json_t  *allowed;

    json_array_foreach(list, i, allowed) {
        if (review_schema_equal(s, allowed, value)) {
            return 0;
        }
    }

    return s->quiet || s->steps < 0 ? -1
                                    : review_schema_one_of(s, list, value);
}


static int
review_schema_const(review_schema_t *s, json_t *allowed, json_t *value)
{
    char  be[REVIEW_EXCERPT];

    if (review_schema_equal(s, allowed, value)) {
        return 0;
    }

    if (s->quiet || s->steps < 0) {
        return -1;
    }

    review_excerpt_value(be, sizeof(be), allowed);

    return review_schema_must(s, be, value);
}


static int
review_schema_any_of(review_schema_t *s, json_t *list, json_t *value)
{
    int       rc;
    size_t    i, len;
    json_t   *schema;
    unsigned  depth, lost;

    /* a failure leaves the pointer where it happened */

    len = strlen(s->pointer);
    depth = s->depth;
    lost = s->lost;

    if (json_array_size(list) == 1) {
        return review_schema_value(s, json_array_get(list, 0), value);
    }

    json_array_foreach(list, i, schema) {
        s->quiet++;
        rc = review_schema_value(s, schema, value);
        s->quiet--;

        if (rc == 0 || s->steps < 0) {
            return rc;
        }

        s->pointer[len] = '\0';
        s->depth = depth;
        s->lost = lost;
    }

    return review_schema_error(s, "matches none of the %zu schemas of anyOf",
                               json_array_size(list));
}


/* is "value" within the limit that the schema sets under that name? */

static int
review_schema_limit(json_t *schema, const char *name, double value)
{
    double   limit;
    json_t  *member;

    member = json_object_get(schema, name);

    if (!json_is_number(member)) {
        return 1;
    }

    limit = json_number_value(member);

    if (strcmp(name, "exclusiveMinimum") == 0) {
        return value > limit;
    }

    if (strcmp(name, "exclusiveMaximum") == 0) {
        return value < limit;
    }

    return strncmp(name, "min", 3) == 0 ? value >= limit : value <= limit;
}


static int
review_schema_limits(review_schema_t *s, json_t *schema, json_t *value)
{
    char     limit[32];
    size_t   i, first, last;
    double   n;
    json_t  *member;

    static const char  *limits[][3] = {
        { "minimum",          "be at least", "" },
        { "maximum",          "be at most", "" },
        { "exclusiveMinimum", "be greater than", "" },
        { "exclusiveMaximum", "be less than", "" },
        { "minLength",        "have at least", " characters" },
        { "maxLength",        "have at most", " characters" },
        { "minItems",         "have at least", " elements" },
        { "maxItems",         "have at most", " elements" }
    };

    if (json_is_number(value)) {
        n = json_number_value(value);
        first = 0;
        last = 4;

    } else if (json_is_string(value)) {

        if (json_object_get(schema, "minLength") == NULL
            && json_object_get(schema, "maxLength") == NULL)
        {
            return 0;
        }

        if (review_schema_spend(s, json_string_length(value)
                                   / REVIEW_SCHEMA_BYTES)
            != 0)
        {
            return -1;
        }

        n = (double) review_utf8_count(json_string_value(value),
                                       json_string_length(value));
        first = 4;
        last = 6;

    } else {
        n = (double) json_array_size(value);
        first = 6;
        last = json_is_array(value) ? 8 : 6;
    }

    for (i = first; i < last; i++) {

        if (review_schema_limit(schema, limits[i][0], n)) {
            continue;
        }

        member = json_object_get(schema, limits[i][0]);

        snprintf(limit, sizeof(limit), "%.15g", json_number_value(member));

        return review_schema_error(s, "must %s %s%s, got %.15g", limits[i][1],
                                   limit, limits[i][2], n);
    }

    return 0;
}


static int
review_schema_required(review_schema_t *s, json_t *required, json_t *value)
{
    char         shown[REVIEW_EXCERPT];
    size_t       i;
    json_t      *member;
    const char  *name;

    if (review_schema_spend(s, json_array_size(required)
                               * REVIEW_SCHEMA_LOOKUP)
        != 0)
    {
        return -1;
    }

    json_array_foreach(required, i, member) {
        name = json_string_value(member);

        if (name && json_object_get(value, name) == NULL) {
            return review_schema_error(s, "member \"%s\" is missing",
                                       review_excerpt(shown, sizeof(shown),
                                                      name, strlen(name)));
        }
    }

    return 0;
}


static int
review_schema_object(review_schema_t *s, json_t *schema, json_t *value)
{
    size_t       len;
    json_t      *properties, *additional, *member, *expected;
    const char  *name;

    if (review_schema_required(s, json_object_get(schema, "required"), value)
        != 0)
    {
        return -1;
    }

    properties = json_object_get(schema, "properties");
    additional = json_object_get(schema, "additionalProperties");

    json_object_foreach(value, name, member) {
        expected = json_object_get(properties, name);

        if (expected == NULL) {
            expected = additional;
        }

        if (expected == NULL || json_is_true(expected)) {
            continue;
        }

        len = review_schema_enter(s, name);

        if (json_is_false(expected)) {
            return review_schema_error(s, "is not a member that is allowed "
                                       "here");
        }

        if (review_schema_value(s, expected, member) != 0) {
            return -1;
        }

        review_schema_leave(s, len);
    }

    return 0;
}


static int
review_schema_items(review_schema_t *s, json_t *items, json_t *value)
{
    size_t   i, len;
    json_t  *element;

    json_array_foreach(value, i, element) {
        len = review_schema_enter_index(s, i);

        if (review_schema_value(s, items, element) != 0) {
            return -1;
        }

        review_schema_leave(s, len);
    }

    return 0;
}


static int
review_schema_value(review_schema_t *s, json_t *schema, json_t *value)
{
    json_t  *type, *list, *constant, *any_of, *items;

    if (s->depth == REVIEW_SCHEMA_DEPTH) {
        return review_schema_error(s, "schemas are nested deeper than %d",
                                   REVIEW_SCHEMA_DEPTH);
    }

    if (review_schema_spend(s, REVIEW_SCHEMA_VISIT) != 0) {
        return -1;
    }

    s->depth++;

    type = json_object_get(schema, "type");
    list = json_object_get(schema, "enum");
    constant = json_object_get(schema, "const");
    any_of = json_object_get(schema, "anyOf");
    items = json_object_get(schema, "items");

    if ((type && review_schema_type(s, type, value) != 0)
        || (list && review_schema_enum(s, list, value) != 0)
        || (constant && review_schema_const(s, constant, value) != 0)
        || (any_of && review_schema_any_of(s, any_of, value) != 0)
        || review_schema_limits(s, schema, value) != 0)
    {
        return -1;
    }

    if (json_is_object(value)) {
        if (review_schema_object(s, schema, value) != 0) {
            return -1;
        }

    } else if (items && json_is_array(value)) {
        if (review_schema_items(s, items, value) != 0) {
            return -1;
        }
    }

    s->depth--;

    return 0;
}


int
review_schema_validate(json_t *schema, json_t *value, const char *pointer,
    review_error_t *err)
{
    review_schema_t  s;

    review_schema_init(&s, pointer, err);

    return review_schema_value(&s, schema, value);
}
