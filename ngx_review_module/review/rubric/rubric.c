
#include "review/rubric/rubric_shared.h"
#include "review/json/schema.h"


#define REVIEW_POINTS_MAX    1000


/* what is being read */

typedef struct {
    review_pool_t    *pool;
    review_rubric_t   rubric;
    const char       *pointer;
    int               client;
    int               language;
} review_rubric_reading_t;


static const char *const  review_languages[] = { "zh", "en", NULL };


/* "ids" knows the index of the point that has an id */

static int
review_rubric_id(json_t *ids, review_point_t *point, size_t index,
    const char *pointer, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *first;

    first = json_object_getn(ids, point->id.data, point->id.len);

    if (first) {
        (void) review_json_member_pointer_name(at, pointer, "id", 2);

        return review_error(err, at, "\"%.*s\" is the id of /points/%"
                            JSON_INTEGER_FORMAT " already",
                            (int) point->id.len, point->id.data,
                            json_integer_value(first));
    }

    if (json_object_setn_new(ids, point->id.data, point->id.len,
                             json_integer((json_int_t) index))
        != 0)
    {
        return review_error(err, pointer, "no memory");
    }

    return 0;
}


static int
review_rubric_points(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_rubric_reading_t *reading = data;

    int              rc;
    char             at[REVIEW_ERROR_POINTER];
    size_t           i, n, schemas;
    json_t          *ids, *value;
    review_point_t  *points;

    schemas = 0;

    if (json == NULL) {
        return review_error(err, reading->pointer, "\"points\" is required");
    }

    n = json_array_size(json);

    if (n == 0 || n > REVIEW_POINTS_MAX) {
        return review_error(err, pointer, "must have 1 to %d points, got %zu",
                            REVIEW_POINTS_MAX, n);
    }

    points = review_alloc(reading->pool, n * sizeof(review_point_t));
    ids = json_object();

    rc = points && ids ? 0 : review_error(err, "", "no memory");

    for (i = 0; i < n && rc == 0; i++) {
        value = json_array_get(json, i);
        (void) review_json_member_pointer_index(at, pointer, i);

        rc = review_rubric_point_read(reading->pool, value, at,
                                      reading->client, &points[i], err);

        if (rc == 0) {
            rc = review_rubric_id(ids, &points[i], i, at, err);
        }

        if (rc == 0) {
            rc = review_rubric_schemas(&points[i], &schemas, at, err);
        }
    }

    json_decref(ids);

    reading->rubric.points = points;
    reading->rubric.npoints = n;

    return rc;
}


static int
review_rubric_params(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_rubric_reading_t *reading = data;

    return json ? review_params_load(reading->pool, json, pointer,
                                     reading->client,
                                     &reading->rubric.params, err)
                : 0;
}


const review_member_t  review_rubric_members[] = {
    review_member("name", STRING, review_rubric_reading_t, rubric.name,
                  .min = 1),
    review_member("version", STRING, review_rubric_reading_t, rubric.version),
    review_member("language", CHOICE, review_rubric_reading_t, language,
                  .names = review_languages),
    review_member("model", STRING, review_rubric_reading_t, rubric.model),
    review_member("system", STRING, review_rubric_reading_t, rubric.system),
    review_member("llm", STRING, review_rubric_reading_t, rubric.llm,
                  .min = 1),
    review_member_by("params", OBJECT, review_rubric_params),
    review_member_by("points", ARRAY, review_rubric_points,
                     .each = review_point_members),
    review_member_end
};


static int
review_rubric_fill(review_pool_t *pool, json_t *json, const char *pointer,
    int client, review_rubric_t *rubric, review_error_t *err)
{
    const char               *language;
    review_rubric_reading_t   reading;

    memset(&reading, 0, sizeof(reading));
    reading.pool = pool;
    reading.pointer = pointer;
    reading.client = client;
    reading.rubric.own = client;

    if (!json_is_object(json)) {
        return review_error(err, pointer, "a rubric must be an object, got %s",
                            review_json_member_type(json));
    }

    if (review_rubric_point_object(json, pointer, "name", review_rubric_members,
                                   &reading, err)
        != 0)
    {
        return -1;
    }

    language = review_languages[reading.language];

    *rubric = reading.rubric;
    rubric->language.data = language;
    rubric->language.len = strlen(language);

    return 0;
}


int
review_rubric_schemas(review_point_t *point, size_t *values,
    const char *pointer, review_error_t *err)
{
    char  at[REVIEW_ERROR_POINTER];

    if (point->data == NULL) {
        return 0;
    }

    *values += review_schema_size(point->data, REVIEW_SCHEMA_VALUES);

    if (*values <= REVIEW_SCHEMA_ALL) {
        return 0;
    }

    (void) review_json_member_pointer_name(at, pointer, "data", 4);

    return review_error(err, at, "the schemas of all points may have at most "
                        "%d values together", REVIEW_SCHEMA_ALL);
}


review_rubric_t *
review_rubric_load(review_pool_t *pool, const char *data, size_t len,
    review_error_t *err)
{
    json_t           *json;
    review_rubric_t  *rubric;

    json = review_json_parse(data, len, err);

    if (json == NULL) {
        return NULL;
    }

    rubric = NULL;

    if (review_pool_own_json(pool, json) == 0) {
        rubric = review_alloc(pool, sizeof(*rubric));
    }

    if (rubric == NULL) {
        (void) review_error(err, "", "no memory");
        return NULL;
    }

    if (review_rubric_fill(pool, json, "", 0, rubric, err) != 0) {
        return NULL;
    }

    return rubric;
}


int
review_rubric_read(review_pool_t *pool, json_t *json, const char *pointer,
    review_rubric_t *rubric, review_error_t *err)
{
    return review_rubric_fill(pool, json, pointer, 1, rubric, err);
}


review_point_t *
review_rubric_point(review_rubric_t *rubric, const char *id, size_t len)
{
    size_t           i;
    review_point_t  *point;

    for (i = 0; i < rubric->npoints; i++) {
        point = &rubric->points[i];

        if (point->id.len == len && memcmp(point->id.data, id, len) == 0) {
            return point;
        }
    }

    return NULL;
}
