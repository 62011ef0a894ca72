
#include "review/rubric/rubric.h"
#include "review/json/json.h"
#include "review/json/schema.h"
#include "review/base/utf8.h"


#define REVIEW_POINTS_MAX    1000
#define REVIEW_STEPS_MAX     16
#define REVIEW_ID_MAX        128
#define REVIEW_REGEX_MAX     4096
#define REVIEW_TOKENS_MAX    1000000


static const char *const  review_rubric_members[] = {
    "name", "version", "language", "model", "system", "points", NULL
};

static const char *const  review_point_members[] = {
    "id", "title", "severity", "question", "when", "rule", "prompt", "steps",
    "max_tokens", "temperature", "data", NULL
};

static const char *const  review_rule_members[] = {
    "pattern", "match", "no_match", "reason", "suggestion", NULL
};

/* all that only makes sense where an LLM is asked */

static const char *const  review_llm_members[] = {
    "prompt", "steps", "max_tokens", "temperature", "data", NULL
};

static const char *const  review_languages[] = { "zh", "en", NULL };


static int
review_point_id(json_t *json, const char *pointer, review_point_t *point,
    review_error_t *err)
{
    int          rc;
    char         at[REVIEW_ERROR_POINTER];
    int32_t      c;
    const char  *p, *last;

    rc = review_json_string(json, pointer, "id", 1, REVIEW_ID_MAX, &point->id,
                            err);

    if (rc == 0) {
        return review_error(err, pointer, "\"id\" is required");
    }

    if (rc == -1) {
        return -1;
    }

    p = point->id.data;
    last = p + point->id.len;

    while (p < last) {
        c = review_utf8_next(&p, last);

        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            (void) review_pointer_name(at, pointer, "id", 2);
            return review_error(err, at, "must not have control characters");
        }
    }

    return 0;
}


/* whether a regex is sound is for its owner to say, who compiles it */

static int
review_point_regex(json_t *value, const char *pointer, review_str_t *regex,
    review_error_t *err)
{
    if (review_json_text(value, pointer, 1, REVIEW_REGEX_MAX, regex, err)
        != 0)
    {
        return -1;
    }

    if (memchr(regex->data, '\0', regex->len)) {
        return review_error(err, pointer, "must not have a NUL in it");
    }

    return 0;
}


static int
review_point_when(json_t *json, const char *pointer, review_point_t *point,
    review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *when;

    when = json_object_get(json, "when");

    if (when == NULL) {
        return 0;
    }

    (void) review_pointer_name(at, pointer, "when", 4);

    return review_point_regex(when, at, &point->when, err);
}


static int
review_rule_verdict(json_t *json, const char *pointer, const char *name,
    review_verdict_e *verdict, review_error_t *err)
{
    int  n;

    n = (int) *verdict;

    if (review_json_choice(json, pointer, name, review_verdicts, &n, err)
        == -1)
    {
        return -1;
    }

    *verdict = (review_verdict_e) n;

    return 0;
}


static int
review_rule_object(json_t *json, const char *pointer, review_rule_t *rule,
    review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *pattern;

    if (review_json_known(json, pointer, review_rule_members, err) != 0) {
        return -1;
    }

    pattern = json_object_get(json, "pattern");

    if (pattern == NULL) {
        return review_error(err, pointer, "\"pattern\" is required");
    }

    (void) review_pointer_name(at, pointer, "pattern", 7);

    if (review_point_regex(pattern, at, &rule->pattern, err) != 0
        || review_rule_verdict(json, pointer, "match", &rule->match, err) != 0
        || review_rule_verdict(json, pointer, "no_match", &rule->no_match, err)
           != 0
        || review_json_string(json, pointer, "reason", 0, SIZE_MAX,
                              &rule->reason, err) == -1
        || review_json_string(json, pointer, "suggestion", 0, SIZE_MAX,
                              &rule->suggestion, err) == -1)
    {
        return -1;
    }

    return 0;
}


static int
review_point_rule(review_pool_t *pool, json_t *json, const char *pointer,
    review_point_t *point, review_error_t *err)
{
    int             i;
    char            at[REVIEW_ERROR_POINTER];
    json_t         *value;
    const char     *name;
    review_rule_t  *rule;

    value = json_object_get(json, "rule");

    if (value == NULL) {
        return 0;
    }

    for (i = 0; review_llm_members[i]; i++) {
        name = review_llm_members[i];

        if (json_object_get(json, name)) {
            (void) review_pointer_name(at, pointer, name, strlen(name));
            return review_error(err, at, "must not stand beside \"rule\", "
                                "which asks no LLM");
        }
    }

    (void) review_pointer_name(at, pointer, "rule", 4);

    rule = review_alloc(pool, sizeof(*rule));

    if (rule == NULL) {
        return review_error(err, at, "no memory");
    }

    memset(rule, 0, sizeof(*rule));

    rule->member = json_is_string(value) ? "/rule" : "/rule/pattern";
    rule->match = REVIEW_VERDICT_PASS;
    rule->no_match = REVIEW_VERDICT_FAIL;
    point->rule = rule;

    if (json_is_string(value)) {
        return review_point_regex(value, at, &rule->pattern, err);
    }

    if (json_is_object(value)) {
        return review_rule_object(value, at, rule, err);
    }

    return review_error(err, at, "must be a regex or an object, got %s",
                        review_json_type(value));
}


static int
review_point_template(review_pool_t *pool, json_t *value, const char *pointer,
    review_point_t *point, review_error_t *err)
{
    review_str_t        text;
    review_template_t  *template;

    if (review_json_text(value, pointer, 1, SIZE_MAX, &text, err) != 0) {
        return -1;
    }

    template = review_template_compile(pool, text.data, text.len, pointer,
                                       err);
    if (template == NULL) {
        return -1;
    }

    point->prompts[point->nprompts++] = template;

    return 0;
}


static int
review_point_steps(review_pool_t *pool, json_t *steps, const char *pointer,
    review_point_t *point, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    size_t   i, n;
    json_t  *value;

    n = json_array_size(steps);

    if (n == 0 || n > REVIEW_STEPS_MAX) {
        return review_error(err, pointer, "must have 1 to %d steps, got %zu",
                            REVIEW_STEPS_MAX, n);
    }

    point->prompts = review_alloc(pool, n * sizeof(review_template_t *));

    if (point->prompts == NULL) {
        return review_error(err, pointer, "no memory");
    }

    json_array_foreach(steps, i, value) {
        (void) review_pointer_index(at, pointer, i);

        if (review_point_template(pool, value, at, point, err) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
review_point_prompts(review_pool_t *pool, json_t *json, const char *pointer,
    review_point_t *point, review_error_t *err)
{
    int      rc;
    char     at[REVIEW_ERROR_POINTER];
    json_t  *prompt, *steps;

    prompt = json_object_get(json, "prompt");

    rc = review_json_member(json, pointer, "steps", JSON_ARRAY, &steps, err);

    if (rc == -1) {
        return -1;
    }

    if (rc == 1) {
        (void) review_pointer_name(at, pointer, "steps", 5);

        if (prompt) {
            return review_error(err, at, "must not stand beside \"prompt\"");
        }

        return review_point_steps(pool, steps, at, point, err);
    }

    if (prompt == NULL) {
        return 0;
    }

    (void) review_pointer_name(at, pointer, "prompt", 6);

    point->prompts = review_alloc(pool, sizeof(review_template_t *));

    if (point->prompts == NULL) {
        return review_error(err, at, "no memory");
    }

    return review_point_template(pool, prompt, at, point, err);
}


static int
review_point_data(json_t *json, const char *pointer, review_point_t *point,
    review_error_t *err)
{
    int   rc;
    char  at[REVIEW_ERROR_POINTER];

    rc = review_json_member(json, pointer, "data", JSON_OBJECT, &point->data,
                            err);
    if (rc <= 0) {
        return rc;
    }

    (void) review_pointer_name(at, pointer, "data", 4);

    return review_schema_check(point->data, at, err);
}


/* what every kind of point may have */

static int
review_point_common(json_t *json, const char *pointer, review_point_t *point,
    review_error_t *err)
{
    int  severity;

    severity = REVIEW_SEVERITY_MAJOR;

    if (review_point_id(json, pointer, point, err) != 0
        || review_json_string(json, pointer, "title", 0, SIZE_MAX,
                              &point->title, err) == -1
        || review_json_choice(json, pointer, "severity", review_severities,
                              &severity, err) == -1
        || review_json_string(json, pointer, "question", 1, SIZE_MAX,
                              &point->question, err) == -1
        || review_point_when(json, pointer, point, err) != 0)
    {
        return -1;
    }

    point->severity = (review_severity_e) severity;

    if (point->title.len == 0) {
        point->title = point->id;
    }

    return 0;
}


int
review_point_load(review_pool_t *pool, json_t *json, const char *pointer,
    review_point_t *point, review_error_t *err)
{
    memset(point, 0, sizeof(*point));

    point->temperature = -1;

    if (!json_is_object(json)) {
        return review_error(err, pointer, "must be an object, got %s",
                            review_json_type(json));
    }

    if (review_json_known(json, pointer, review_point_members, err) != 0
        || review_point_common(json, pointer, point, err) != 0
        || review_point_rule(pool, json, pointer, point, err) != 0
        || review_point_prompts(pool, json, pointer, point, err) != 0
        || review_json_integer(json, pointer, "max_tokens", 1,
                               REVIEW_TOKENS_MAX, &point->max_tokens, err)
           == -1
        || review_json_number(json, pointer, "temperature", 0, 2,
                              &point->temperature, err) == -1
        || review_point_data(json, pointer, point, err) != 0)
    {
        return -1;
    }

    if (point->question.len == 0 && point->rule == NULL
        && point->nprompts == 0)
    {
        return review_error(err, pointer, "one of \"question\", \"prompt\", "
                            "\"steps\", \"rule\" is required");
    }

    return 0;
}


/* "ids" knows the index of the point that has an id */

static int
review_rubric_id(json_t *ids, review_point_t *point, size_t index,
    const char *pointer, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *first;

    first = json_object_getn(ids, point->id.data, point->id.len);

    if (first) {
        (void) review_pointer_name(at, pointer, "id", 2);

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
review_rubric_points(review_pool_t *pool, json_t *points,
    review_rubric_t *rubric, json_t *ids, review_error_t *err)
{
    char             at[REVIEW_ERROR_POINTER];
    size_t           i, n;
    json_t          *value;
    review_point_t  *point;

    n = json_array_size(points);

    if (n == 0 || n > REVIEW_POINTS_MAX) {
        return review_error(err, "/points", "must have 1 to %d points, got "
                            "%zu", REVIEW_POINTS_MAX, n);
    }

    rubric->points = review_alloc(pool, n * sizeof(review_point_t));

    if (rubric->points == NULL || ids == NULL) {
        return review_error(err, "", "no memory");
    }

    json_array_foreach(points, i, value) {
        (void) review_pointer_index(at, "/points", i);

        point = &rubric->points[i];

        if (review_point_load(pool, value, at, point, err) != 0
            || review_rubric_id(ids, point, i, at, err) != 0)
        {
            return -1;
        }
    }

    rubric->npoints = n;

    return 0;
}


static int
review_rubric_fill(review_pool_t *pool, json_t *json, review_rubric_t *rubric,
    review_error_t *err)
{
    int      rc, language;
    json_t  *ids, *points;

    if (!json_is_object(json)) {
        return review_error(err, "", "a rubric must be an object, got %s",
                            review_json_type(json));
    }

    if (review_json_known(json, "", review_rubric_members, err) != 0) {
        return -1;
    }

    rc = review_json_string(json, "", "name", 1, SIZE_MAX, &rubric->name, err);

    if (rc <= 0) {
        return rc == 0 ? review_error(err, "", "\"name\" is required") : -1;
    }

    language = 0;

    if (review_json_string(json, "", "version", 0, SIZE_MAX,
                           &rubric->version, err) == -1
        || review_json_choice(json, "", "language", review_languages,
                              &language, err) == -1
        || review_json_string(json, "", "model", 0, SIZE_MAX, &rubric->model,
                              err) == -1
        || review_json_string(json, "", "system", 0, SIZE_MAX,
                              &rubric->system, err) == -1)
    {
        return -1;
    }

    rubric->language.data = review_languages[language];
    rubric->language.len = strlen(review_languages[language]);

    rc = review_json_member(json, "", "points", JSON_ARRAY, &points, err);

    if (rc <= 0) {
        return rc == 0 ? review_error(err, "", "\"points\" is required") : -1;
    }

    ids = json_object();
    rc = review_rubric_points(pool, points, rubric, ids, err);
    json_decref(ids);

    return rc;
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

    memset(rubric, 0, sizeof(*rubric));

    if (review_rubric_fill(pool, json, rubric, err) != 0) {
        return NULL;
    }

    return rubric;
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
