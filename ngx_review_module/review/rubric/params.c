
#include "review/rubric/params.h"
#include "review/base/utf8.h"
#include "review/json/write.h"


#define REVIEW_PARAMS_WORD  32          /* bytes of a client's word */


/* what a client may set, and to what */

typedef enum {
    REVIEW_PARAMS_NUMBER,               /* from min to max */
    REVIEW_PARAMS_INTEGER,
    REVIEW_PARAMS_BOOLEAN,
    REVIEW_PARAMS_TEXT,                 /* a short word */
    REVIEW_PARAMS_SWITCHES              /* an object of the two that follow */
} review_params_e;

typedef struct {
    const char          *name;
    review_params_e      kind;
    double               min;
    double               max;
} review_params_allowed_t;


/* all that is sent for every call: there is another way to say it */

static const char *const  review_params_ours[][2] = {
    { "messages", "it is made of the point" },
    { "model", "use \"model\" of \"review_llm\" or of the rubric" },
    { "stream", "use \"stream\" of \"review_llm\"" },
    { NULL, NULL }
};


/*
 * How the next token is chosen, how many there are, how much is thought: all of
 * it within what a point may have anyway.  Whatever else there is may lead to
 * other models, tools, keys, addresses or templates, or have a server compute
 * for a client's regex or grammar: gateways take "api_base", servers take
 * "chat_template" and "guided_regex", and there will be more.
 */

static const review_params_allowed_t  review_params_allowed[] = {
    { "chat_template_kwargs", REVIEW_PARAMS_SWITCHES, 0, 0 },
    { "enable_thinking", REVIEW_PARAMS_BOOLEAN, 0, 0 },
    { "frequency_penalty", REVIEW_PARAMS_NUMBER, -2, 2 },
    { "max_completion_tokens", REVIEW_PARAMS_INTEGER, 1, 1000000 },
    { "max_tokens", REVIEW_PARAMS_INTEGER, 1, 1000000 },
    { "min_p", REVIEW_PARAMS_NUMBER, 0, 1 },
    { "presence_penalty", REVIEW_PARAMS_NUMBER, -2, 2 },
    { "reasoning_effort", REVIEW_PARAMS_TEXT, 0, 0 },
    { "repetition_penalty", REVIEW_PARAMS_NUMBER, 0, 2 },
    { "seed", REVIEW_PARAMS_INTEGER, 0, 2147483647 },
    { "temperature", REVIEW_PARAMS_NUMBER, 0, 2 },
    { "thinking_budget", REVIEW_PARAMS_INTEGER, 0, 1000000 },
    { "top_k", REVIEW_PARAMS_INTEGER, -1, 1000000 },
    { "top_p", REVIEW_PARAMS_NUMBER, 0, 1 },
    { NULL, 0, 0, 0 }
};

static const review_params_allowed_t  review_params_switches[] = {
    { "enable_thinking", REVIEW_PARAMS_BOOLEAN, 0, 0 },
    { "thinking", REVIEW_PARAMS_BOOLEAN, 0, 0 },
    { NULL, 0, 0, 0 }
};


static int
review_params_name(const char *name, size_t len, const char *pointer,
    review_error_t *err)
{
    size_t  i;

    if (len == 0 || len > REVIEW_PARAMS_NAME
        || review_utf8_valid(name, len) != len)
    {
        return review_error(err, pointer, "the name of a parameter must have "
                            "1 to %d bytes of UTF-8", REVIEW_PARAMS_NAME);
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) name[i] < 0x20 || name[i] == 0x7f) {
            return review_error(err, pointer, "the name of a parameter must "
                                "not have control characters");
        }
    }

    for (i = 0; review_params_ours[i][0]; i++) {
        if (strlen(review_params_ours[i][0]) == len
            && memcmp(review_params_ours[i][0], name, len) == 0)
        {
            return review_error(err, pointer, "\"%s\" is no parameter: %s",
                                review_params_ours[i][0],
                                review_params_ours[i][1]);
        }
    }

    return 0;
}


static int
review_params_deep(const json_t *json, int left)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (left == 0) {
        return json_is_object(json) || json_is_array(json);
    }

    json_array_foreach(json, i, value) {
        if (review_params_deep(value, left - 1)) {
            return 1;
        }
    }

    json_object_foreach((json_t *) json, name, value) {
        if (review_params_deep(value, left - 1)) {
            return 1;
        }
    }

    return 0;
}


/* a JSON text that is the value of a parameter; the text is the pool's */

static int
review_params_write(review_pool_t *pool, const json_t *json,
    const char *pointer, review_param_t *param, review_error_t *err)
{
    review_buf_t  b;

    if (review_params_deep(json, REVIEW_PARAMS_DEPTH)) {
        return review_error(err, pointer, "must not be nested more than %d "
                            "times", REVIEW_PARAMS_DEPTH);
    }

    review_buf_init(&b, pool, 32);
    review_write_value(&b, NULL, json);

    if (b.failed) {
        return review_error(err, pointer, "no memory");
    }

    param->value.data = b.data;
    param->value.len = b.len;

    return 0;
}


static const review_params_allowed_t *
review_params_may(const review_params_allowed_t *allowed, const char *name,
    size_t len)
{
    for ( /* void */ ; allowed->name; allowed++) {
        if (strlen(allowed->name) == len
            && memcmp(allowed->name, name, len) == 0)
        {
            return allowed;
        }
    }

    return NULL;
}


static int
review_params_is_word(const json_t *value)
{
    size_t       i, n;
    const char  *p;

    p = json_string_value(value);
    n = json_string_length(value);

    for (i = 0; i < n; i++) {
        if (!(p[i] >= 'a' && p[i] <= 'z') && p[i] != '_') {
            return 0;
        }
    }

    return n > 0 && n <= REVIEW_PARAMS_WORD;
}


static int
review_params_check(const review_params_allowed_t *allowed, json_t *value,
    const char *pointer, review_error_t *err)
{
    int          good;
    char         at[REVIEW_ERROR_POINTER];
    json_t      *one;
    const char  *name;

    static const char *const  wanted[] = {
        "a number", "an integer", "a boolean", "a word of small letters",
        "an object"
    };

    good = 0;

    switch (allowed->kind) {

    case REVIEW_PARAMS_NUMBER:
        good = json_is_number(value);
        break;

    case REVIEW_PARAMS_INTEGER:
        good = json_is_integer(value);
        break;

    case REVIEW_PARAMS_BOOLEAN:
        good = json_is_boolean(value);
        break;

    case REVIEW_PARAMS_TEXT:
        good = json_is_string(value) && review_params_is_word(value);
        break;

    case REVIEW_PARAMS_SWITCHES:
        good = json_is_object(value);
        break;
    }

    if (!good) {
        return review_error(err, pointer, "must be %s", wanted[allowed->kind]);
    }

    if (json_is_number(value) && !(json_number_value(value) >= allowed->min
                                   && json_number_value(value) <= allowed->max))
    {
        return review_error(err, pointer, "must be %s from %g to %.10g",
                            wanted[allowed->kind], allowed->min, allowed->max);
    }

    json_object_foreach(value, name, one) {
        (void) review_json_member_pointer_name(at, pointer, name, strlen(name));

        allowed = review_params_may(review_params_switches, name, strlen(name));

        if (allowed == NULL) {
            return review_error(err, at, "is not for a request to set");
        }

        if (review_params_check(allowed, one, at, err) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
review_params_client(const review_param_t *param, json_t *value,
    const char *pointer, review_error_t *err)
{
    const review_params_allowed_t  *allowed;

    allowed = review_params_may(review_params_allowed, param->name.data,
                                param->name.len);

    if (allowed == NULL) {
        return review_error(err, pointer, "is not for a request to set: a "
                            "rubric of the configuration may");
    }

    return json_is_null(value) ? 0 : review_params_check(allowed, value,
                                                         pointer, err);
}


int
review_params_load(review_pool_t *pool, json_t *json, const char *pointer,
    int client, review_params_t *params, review_error_t *err)
{
    char             at[REVIEW_ERROR_POINTER];
    void            *iter;
    size_t           n, size;
    json_t          *value;
    review_param_t  *param;

    n = json_object_size(json);

    if (n > REVIEW_PARAMS_MAX) {
        return review_error(err, pointer, "must have at most %d parameters, "
                            "got %zu", REVIEW_PARAMS_MAX, n);
    }

    params->elts = n ? review_alloc(pool, n * sizeof(review_param_t)) : NULL;

    if (n && params->elts == NULL) {
        return review_error(err, pointer, "no memory");
    }

    size = 0;

    for (iter = json_object_iter(json); iter;
         iter = json_object_iter_next(json, iter))
    {
        param = &params->elts[params->n++];
        memset(param, 0, sizeof(*param));

        param->name.data = json_object_iter_key(iter);
        param->name.len = json_object_iter_key_len(iter);
        value = json_object_iter_value(iter);

        (void) review_json_member_pointer_name(at, pointer, param->name.data,
                                               param->name.len);

        if (review_params_name(param->name.data, param->name.len, at, err) != 0
            || (client && review_params_client(param, value, at, err) != 0)
            || (!json_is_null(value)
                && review_params_write(pool, value, at, param, err) != 0))
        {
            return -1;
        }

        size += param->value.len;

        if (size > REVIEW_PARAMS_SIZE) {
            return review_error(err, at, "the parameters must have at most %d "
                                "bytes together", REVIEW_PARAMS_SIZE);
        }
    }

    return 0;
}


/* what begins like JSON is meant to be JSON */

static int
review_params_is_json(const review_str_t *text)
{
    return text->len && memchr("{[\"", text->data[0], 3) != NULL;
}


int
review_params_set(review_pool_t *pool, const review_str_t *name,
    const review_str_t *text, review_param_t *param, review_error_t *err)
{
    int      rc;
    json_t  *json;

    memset(param, 0, sizeof(*param));
    param->name = *name;

    if (review_params_name(name->data, name->len, "", err) != 0) {
        return -1;
    }

    if (text->len == 3 && memcmp(text->data, "off", 3) == 0) {
        return 0;
    }

    if (text->len > REVIEW_PARAMS_SIZE) {
        return review_error(err, "", "the value must have at most %d bytes",
                            REVIEW_PARAMS_SIZE);
    }

    json = review_json_parse(text->data, text->len, err);

    if (json == NULL && review_params_is_json(text)) {
        err->pointer[0] = '\0';
        return -1;
    }

    if (json == NULL) {
        json = json_stringn(text->data, text->len);
    }

    if (json == NULL) {
        return review_error(err, "", "the value must be valid UTF-8");
    }

    rc = review_params_write(pool, json, "", param, err);

    json_decref(json);

    return rc;
}


const review_param_t *
review_params_find(const review_params_t *params, const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < params->n; i++) {
        if (params->elts[i].name.len == len
            && memcmp(params->elts[i].name.data, name, len) == 0)
        {
            return &params->elts[i];
        }
    }

    return NULL;
}


int
review_params_number(const review_param_t *param)
{
    int     n;
    size_t  i;

    n = 0;

    for (i = 0; i < param->value.len; i++) {
        if (param->value.data[i] < '0' || param->value.data[i] > '9'
            || n > 100000000)
        {
            return 0;
        }

        n = n * 10 + (param->value.data[i] - '0');
    }

    return n;
}
