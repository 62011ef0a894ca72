
/* A point, as a rubric or a request has it. */

#include "review/rubric/rubric_shared.h"
#include "review/json/schema.h"
#include "review/base/utf8.h"
#include "review/facts/date.h"


#define REVIEW_STEPS_MAX     16
#define REVIEW_ID_MAX        128
#define REVIEW_REGEX_MAX     4096
#define REVIEW_TOKENS_MAX    1000000
#define REVIEW_QUERIES_MAX   32
#define REVIEW_QUERY_MAX     4000
#define REVIEW_HEADINGS_MAX  64
#define REVIEW_PATTERNS_MAX  100
#define REVIEW_AGREE_MAX     32

/* of a point about the document, where nothing else is said */

#define REVIEW_SEARCH_K      12
#define REVIEW_SEARCH_ROUNDS 3


/* what is being read */

typedef struct {
    review_pool_t    *pool;
    json_t           *json;
    const char       *pointer;
    int               client;
    review_point_t    point;
} review_point_reading_t;

typedef struct {
    review_pool_t    *pool;
    review_check_t    check;
} review_check_reading_t;


/* all that only makes sense where an LLM is asked */

static const char *const  review_llm_members[] = {
    "prompt", "steps", "max_tokens", "temperature", "data", "agree", "llm",
    "params", "query", "k", "max_context", "rounds", "expand", "absent", NULL
};

/* where it is asked of passages */

static const char *const  review_search_members[] = {
    "query", "k", "max_context", "rounds", "expand", NULL
};

static const char *const  review_scopes[] = { "chunk", "document", NULL };

/* and what else decides */

static const char *const  review_check_others[] = {
    "question", "rule", NULL
};


/* the members of an object that has to have one of them */

int
review_rubric_point_object(json_t *json, const char *pointer,
    const char *required, const review_member_t *members, void *into,
    review_error_t *err)
{
    if (review_json_object_known(json, pointer, members, err) != 0) {
        return -1;
    }

    if (json_is_object(json) && json_object_get(json, required) == NULL) {
        return review_error(err, pointer, "\"%s\" is required", required);
    }

    return review_json_object_members(json, pointer, members, into, err);
}


static int
review_rubric_point_id(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    int32_t      c;
    const char  *p, *last;

    (void) json;

    p = reading->point.id.data;
    last = p + reading->point.id.len;

    while (p < last) {
        c = review_utf8_next(&p, last);

        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            return review_error(err, pointer, "must not have control "
                                "characters");
        }
    }

    return 0;
}


/* whether a regex is sound is for its owner to say, who compiles it */

static int
review_rubric_point_regex(json_t *value, const char *pointer,
    review_str_t *regex, review_error_t *err)
{
    if (review_json_member_text(value, pointer, 1, REVIEW_REGEX_MAX, regex, err)
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
review_rubric_point_when_pattern(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_when_t *when = data;

    return review_rubric_point_regex(json, pointer, &when->pattern, err);
}


static const review_member_t  review_when_members[] = {
    review_member_by("pattern", ANY, review_rubric_point_when_pattern),
    review_member("raw", BOOLEAN, review_when_t, raw),
    review_member_end
};


/* a regex, or an object that has one, which is read "into" by its members */

static int
review_rubric_point_pattern(json_t *json, const char *pointer,
    const review_member_t *members, review_str_t *pattern, void *into,
    review_error_t *err)
{
    if (json_is_string(json)) {
        return review_rubric_point_regex(json, pointer, pattern, err);
    }

    if (json_is_object(json)) {
        return review_rubric_point_object(json, pointer, "pattern", members,
                                          into, err);
    }

    return review_error(err, pointer, "must be a regex or an object, got %s",
                        review_json_member_type(json));
}


static int
review_rubric_point_when(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    review_when_t  *when;

    when = &reading->point.when;
    when->member = json_is_object(json) ? "/when/pattern" : "/when";

    return json ? review_rubric_point_pattern(json, pointer,
                                              review_when_members,
                                              &when->pattern, when, err)
                : 0;
}


static int
review_rubric_point_rule_pattern(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_rule_t *rule = data;

    return review_rubric_point_regex(json, pointer, &rule->pattern, err);
}


static const review_member_t  review_rule_members[] = {
    review_member_by("pattern", ANY, review_rubric_point_rule_pattern),
    review_member("match", CHOICE, review_rule_t, match,
                  .names = review_verdicts),
    review_member("no_match", CHOICE, review_rule_t, no_match,
                  .names = review_verdicts),
    review_member("reason", STRING, review_rule_t, reason),
    review_member("suggestion", STRING, review_rule_t, suggestion),
    review_member("raw", BOOLEAN, review_rule_t, raw),
    review_member_end
};


/* these are wrong beside what decides without an LLM, whatever they are */

static int
review_rubric_point_alone(review_point_reading_t *reading,
    const char *const *names, const char *beside, review_error_t *err)
{
    int          i;
    char         at[REVIEW_ERROR_POINTER];
    const char  *name;

    for (i = 0; names[i]; i++) {
        name = names[i];

        if (json_object_get(reading->json, name) == NULL) {
            continue;
        }

        (void) review_json_member_pointer_name(at, reading->pointer, name,
                                               strlen(name));

        return review_error(err, at, "must not stand beside \"%s\", which "
                            "asks no LLM", beside);
    }

    return 0;
}


static int
review_rubric_point_rule(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    review_rule_t  *rule;

    if (json == NULL) {
        return 0;
    }

    if (review_rubric_point_alone(reading, review_llm_members, "rule", err)
        != 0)
    {
        return -1;
    }

    rule = review_alloc(reading->pool, sizeof(*rule));

    if (rule == NULL) {
        return review_error(err, pointer, "no memory");
    }

    memset(rule, 0, sizeof(*rule));

    rule->member = json_is_string(json) ? "/rule" : "/rule/pattern";
    rule->match = REVIEW_VERDICT_PASS;
    rule->no_match = REVIEW_VERDICT_FAIL;
    reading->point.rule = rule;

    return review_rubric_point_pattern(json, pointer, review_rule_members,
                                       &rule->pattern, rule, err);
}


/* a day, or a variable of the request that has one */

static int
review_rubric_point_check_date(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_check_reading_t *reading = data;

    review_str_t        text;
    review_date_t       date;
    review_template_t  *template;

    if (review_json_member_text(json, pointer, 1, SIZE_MAX, &text, err) != 0) {
        return -1;
    }

    reading->check.kind = REVIEW_CHECK_DATE_AFTER;

    if (review_date_is(&text, &date)) {
        reading->check.date = date.first;
        return 0;
    }

    if (text.len < 2 || memcmp(text.data, "{{", 2) != 0) {
        return review_error(err, pointer, "must be a date, as 2026-06-30, or "
                            "{{vars.NAME}}");
    }

    template = review_template_compile(reading->pool, text.data, text.len,
                                       pointer, err);
    if (template == NULL) {
        return -1;
    }

    if (template->nparts != 1 || template->parts[0].type != REVIEW_PART_VAR
        || template->parts[0].optional)
    {
        return review_error(err, pointer, "must be a date, as 2026-06-30, or "
                            "{{vars.NAME}}");
    }

    reading->check.var = template->parts[0].text;

    return 0;
}


static const review_member_t  review_check_members[] = {
    review_member_by("date_after", ANY, review_rubric_point_check_date),
    review_member_end
};


static int
review_rubric_point_check_read(review_check_reading_t *reading, json_t *json,
    const char *pointer, review_error_t *err)
{
    int  kind;

    if (json_is_object(json)) {
        return review_rubric_point_object(json, pointer, "date_after",
                                    review_check_members, reading, err);
    }

    if (!json_is_string(json)) {
        return review_error(err, pointer, "must be a string or an object, got "
                            "%s", review_json_member_type(json));
    }

    kind = review_name_index(review_checks, json_string_value(json),
                             json_string_length(json));
    if (kind < 0) {
        return review_error(err, pointer, "must be \"amounts\", \"sums\" or "
                            "an object with \"date_after\"");
    }

    reading->check.kind = (review_check_e) kind;

    return 0;
}


static int
review_rubric_point_check(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    review_check_t          *check;
    review_check_reading_t   into;

    if (json == NULL) {
        return 0;
    }

    if (review_rubric_point_alone(reading, review_check_others, "check", err)
        != 0
        || review_rubric_point_alone(reading, review_llm_members, "check", err)
           != 0)
    {
        return -1;
    }

    memset(&into, 0, sizeof(into));
    into.pool = reading->pool;

    if (review_rubric_point_check_read(&into, json, pointer, err) != 0) {
        return -1;
    }

    check = review_alloc(reading->pool, sizeof(*check));

    if (check == NULL) {
        return review_error(err, pointer, "no memory");
    }

    *check = into.check;
    reading->point.check = check;

    return 0;
}


static int
review_rubric_point_template(review_pool_t *pool, json_t *value,
    const char *pointer, review_point_t *point, review_error_t *err)
{
    review_str_t        text;
    review_template_t  *template;

    if (review_json_member_text(value, pointer, 1, SIZE_MAX, &text, err) != 0) {
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
review_rubric_point_prompt(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    if (json == NULL) {
        return 0;
    }

    reading->point.prompts = review_alloc(reading->pool,
                                          sizeof(review_template_t *));

    if (reading->point.prompts == NULL) {
        return review_error(err, pointer, "no memory");
    }

    return review_rubric_point_template(reading->pool, json, pointer,
                                        &reading->point, err);
}


static int
review_rubric_point_steps(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    char             at[REVIEW_ERROR_POINTER];
    size_t           i, n;
    json_t          *value;
    review_point_t  *point;

    if (json == NULL) {
        return 0;
    }

    point = &reading->point;

    if (point->prompts) {
        return review_error(err, pointer, "must not stand beside \"prompt\"");
    }

    n = json_array_size(json);

    if (n == 0 || n > REVIEW_STEPS_MAX) {
        return review_error(err, pointer, "must have 1 to %d steps, got %zu",
                            REVIEW_STEPS_MAX, n);
    }

    point->prompts = review_alloc(reading->pool,
                                  n * sizeof(review_template_t *));

    if (point->prompts == NULL) {
        return review_error(err, pointer, "no memory");
    }

    json_array_foreach(json, i, value) {
        (void) review_json_member_pointer_index(at, pointer, i);

        if (review_rubric_point_template(reading->pool, value, at, point, err)
            != 0) {
            return -1;
        }
    }

    return 0;
}


static int
review_rubric_point_data(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    reading->point.data = json;

    return json ? review_schema_check(json, pointer, err) : 0;
}


static int
review_rubric_point_params(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    return json ? review_params_load(reading->pool, json, pointer,
                                     reading->client, &reading->point.params,
                                     err)
                : 0;
}


/* a string, or a list of them */

static int
review_rubric_point_strings(review_pool_t *pool, json_t *json,
    const char *pointer, size_t most, size_t max, review_str_t **list,
    size_t *n, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    size_t   i;
    json_t  *value;

    *n = json_is_array(json) ? json_array_size(json) : 1;

    if (*n == 0 || *n > most) {
        return review_error(err, pointer, "must have 1 to %zu strings, got %zu",
                            most, *n);
    }

    *list = review_alloc(pool, *n * sizeof(review_str_t));

    if (*list == NULL) {
        return review_error(err, pointer, "no memory");
    }

    if (json_is_string(json)) {
        return review_json_member_text(json, pointer, 1, max, *list, err);
    }

    if (!json_is_array(json)) {
        return review_error(err, pointer, "must be a string or a list of "
                            "strings, got %s", review_json_member_type(json));
    }

    json_array_foreach(json, i, value) {
        (void) review_json_member_pointer_index(at, pointer, i);

        if (review_json_member_text(value, at, 1, max, &(*list)[i], err) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
review_rubric_point_query(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    return json ? review_rubric_point_strings(reading->pool, json, pointer,
                                              REVIEW_QUERIES_MAX,
                                              REVIEW_QUERY_MAX,
                                              &reading->point.query,
                                              &reading->point.nquery, err)
                : 0;
}


static int
review_rubric_point_agree(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    if (json && !json_is_array(json)) {
        return review_error(err, pointer, "must be a list of strings, got %s",
                            review_json_member_type(json));
    }

    return json ? review_rubric_point_strings(reading->pool, json, pointer,
                                              REVIEW_AGREE_MAX, REVIEW_ID_MAX,
                                              &reading->point.agree,
                                              &reading->point.nagree, err)
                : 0;
}


static int
review_rubric_point_heading(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    return json ? review_rubric_point_strings(reading->pool, json, pointer,
                                              REVIEW_HEADINGS_MAX,
                                              REVIEW_QUERY_MAX,
                                              &reading->point.heading,
                                              &reading->point.nheading, err)
                : 0;
}


static int
review_rubric_point_documents(void *data, json_t *json, const char *pointer,
    review_error_t *err)
{
    review_point_reading_t *reading = data;

    return json ? review_rubric_point_strings(reading->pool, json, pointer,
                                              REVIEW_PATTERNS_MAX,
                                              REVIEW_QUERY_MAX,
                                              &reading->point.documents,
                                              &reading->point.ndocuments, err)
                : 0;
}


const review_member_t  review_point_members[] = {
    review_member("id", STRING, review_point_reading_t, point.id, .min = 1,
                  .max = REVIEW_ID_MAX, .read = review_rubric_point_id),
    review_member("title", STRING, review_point_reading_t, point.title),
    review_member("severity", CHOICE, review_point_reading_t, point.severity,
                  .names = review_severities),
    review_member("question", STRING, review_point_reading_t, point.question,
                  .min = 1),
    review_member_by("when", ANY, review_rubric_point_when,
                     .of = review_when_members),
    review_member_by("rule", ANY, review_rubric_point_rule,
                     .of = review_rule_members),
    review_member_by("check", ANY, review_rubric_point_check,
                     .of = review_check_members),
    review_member_by("prompt", ANY, review_rubric_point_prompt),
    review_member_by("steps", ARRAY, review_rubric_point_steps),
    review_member("max_tokens", INTEGER, review_point_reading_t,
                  point.max_tokens, .min = 1, .max = REVIEW_TOKENS_MAX),
    review_member("temperature", NUMBER, review_point_reading_t,
                  point.temperature, .max = 2),
    review_member_by("data", OBJECT, review_rubric_point_data),
    review_member_by("agree", ANY, review_rubric_point_agree),
    review_member("llm", STRING, review_point_reading_t, point.llm, .min = 1),
    review_member_by("params", OBJECT, review_rubric_point_params),
    review_member("scope", CHOICE, review_point_reading_t, point.scope,
                  .names = review_scopes),
    review_member_by("query", ANY, review_rubric_point_query),
    review_member_by("heading", ANY, review_rubric_point_heading),
    review_member_by("documents", ANY, review_rubric_point_documents),
    review_member("absent", CHOICE, review_point_reading_t, point.absent,
                  .names = review_verdicts),
    review_member("k", INTEGER, review_point_reading_t, point.k, .min = 1,
                  .max = 1000),
    review_member("max_context", INTEGER, review_point_reading_t,
                  point.max_context, .min = 1, .max = 10000000),
    review_member("rounds", INTEGER, review_point_reading_t, point.rounds,
                  .min = 1, .max = 10),
    review_member("expand", BOOLEAN, review_point_reading_t, point.expand),
    review_member_end
};


/* a check reads tables and sentences as they are cut, a rule all of the text */

static int
review_rubric_point_whole(review_point_reading_t *reading,
    review_error_t *err)
{
    char             at[REVIEW_ERROR_POINTER];
    review_point_t  *point;

    point = &reading->point;

    if (point->check) {
        (void) review_json_member_pointer_name(at, reading->pointer, "scope",
                                               5);

        return review_error(err, at, "must be \"chunk\" beside \"check\"");
    }

    if (point->rule && point->when.pattern.data) {
        (void) review_json_member_pointer_name(at, reading->pointer, "when", 4);

        return review_error(err, at, "must not stand beside \"rule\" in a "
                            "point about the document");
    }

    return 0;
}


/* of a point of each chunk nothing is looked for, and nothing is nowhere */

static int
review_rubric_point_searches(review_point_reading_t *reading,
    review_error_t *err)
{
    int              i;
    char             at[REVIEW_ERROR_POINTER];
    const char      *name;
    review_point_t  *point;

    point = &reading->point;

    if (point->scope == REVIEW_SCOPE_DOCUMENT) {
        return review_rubric_point_whole(reading, err);
    }

    for (i = 0; review_search_members[i]; i++) {
        name = review_search_members[i];

        if (json_object_get(reading->json, name)) {
            (void) review_json_member_pointer_name(at, reading->pointer, name,
                                                   strlen(name));

            return review_error(err, at, "needs \"scope\": \"document\"");
        }
    }

    if (point->absent == -1 || point->when.pattern.data || point->nheading
        || point->ndocuments)
    {
        return 0;
    }

    (void) review_json_member_pointer_name(at, reading->pointer, "absent", 6);

    return review_error(err, at, "needs \"scope\": \"document\", or one of "
                        "\"when\", \"heading\", \"documents\"");
}


int
review_rubric_point_read(review_pool_t *pool, json_t *json, const char *pointer,
    int client, review_point_t *point, review_error_t *err)
{
    review_point_reading_t  reading;

    memset(&reading, 0, sizeof(reading));

    reading.pool = pool;
    reading.json = json;
    reading.pointer = pointer;
    reading.client = client;
    reading.point.severity = REVIEW_SEVERITY_MAJOR;
    reading.point.temperature = -1;
    reading.point.absent = -1;
    reading.point.k = REVIEW_SEARCH_K;
    reading.point.rounds = REVIEW_SEARCH_ROUNDS;

    if (review_rubric_point_object(json, pointer, "id", review_point_members,
                             &reading, err)
        != 0)
    {
        return -1;
    }

    if (review_rubric_point_searches(&reading, err) != 0
        || review_rubric_agree(&reading.point, pointer, err) != 0)
    {
        return -1;
    }

    *point = reading.point;

    if (point->title.len == 0) {
        point->title = point->id;
    }

    if (point->question.len == 0 && review_point_asks(point)
        && point->nprompts == 0)
    {
        return review_error(err, pointer, "one of \"question\", \"prompt\", "
                            "\"steps\", \"rule\", \"check\" is required");
    }

    return 0;
}


int
review_rubric_point_load(review_pool_t *pool, json_t *json, const char *pointer,
    review_point_t *point, review_error_t *err)
{
    return review_rubric_point_read(pool, json, pointer, 1, point, err);
}
