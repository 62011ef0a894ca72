
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* strcasestr() */
#endif

#include "review/completion/completion_error.h"
#include "review/json/load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define REVIEW_COMPLETION_ERROR_WORDS  448     /* bytes that are kept */
#define REVIEW_COMPLETION_ERROR_NAME   64      /* of a code, or a type */
#define REVIEW_COMPLETION_ERROR_DEPTH  5       /* of objects in errors */
#define REVIEW_COMPLETION_ERROR_BODY   65536   /* bytes: errors are short */

#define QUOTA    REVIEW_COMPLETION_ERROR_QUOTA
#define REFUSED  REVIEW_COMPLETION_ERROR_REFUSED


typedef struct {
    const char      *part;
    unsigned         status;
} review_completion_error_name_t;

typedef struct {
    unsigned         first;
    unsigned         last;
    unsigned         status;
} review_completion_error_number_t;


/*
 * Parts of codes and types, in lower case and without what is no letter or
 * digit; the first that stands in one tells.  What is called a quota and no
 * more may be one of a minute: "Throttling.AllocationQuota", "quota_exceeded",
 * RESOURCE_EXHAUSTED.
 */

static const review_completion_error_name_t  review_completion_error_names[] = {
    { "insufficientquota", QUOTA },    /* OpenAI, and many others */
    { "insufficientuserquota", QUOTA },    /* One-API */
    { "billing", QUOTA },              /* billing_hard_limit_reached */
    { "exceededcurrentquota", QUOTA }, /* Moonshot */
    { "insufficientbalance", QUOTA },
    { "arrearage", QUOTA },            /* DashScope */
    { "overdue", QUOTA },              /* PostpaidBillOverdue, Ark */

    { "contentfilter", REFUSED },
    { "contentpolicy", REFUSED },
    { "inspection", REFUSED },         /* DashScope: data_inspection_failed */
    { "sensitive", REFUSED },
    { "moderation", REFUSED },
    { "guardrail", REFUSED },

    { "ratelimit", 429 },
    { "throttl", 429 },
    { "toomanyrequests", 429 },
    { "limitrequests", 429 },          /* DashScope */
    { "limitburstrate", 429 },
    { "requestbursttoofast", 429 },    /* Ark */
    { "quota", 429 },
    { "resourceexhausted", 429 },      /* Google */

    { "overload", 503 },
    { "unavailable", 503 },
    { "modelloading", 503 },
    { "nocapacity", 503 },
    { "timeout", 504 },
    { "timedout", 504 },
    { "deadlineexceeded", 504 },

    { "contextlength", 400 },
    { "contextsize", 400 },
    { "contextwindow", 400 },
    { "toolong", 400 },
    { "toolarge", 400 },
    { "apikey", 401 },
    { "authenticat", 401 },
    { "unauthorized", 401 },
    { "permission", 403 },
    { "accessdenied", 403 },
    { "forbidden", 403 },
    { "notfound", 404 },
    { "notexist", 404 },
    { "unsupported", 400 },
    { "notsupported", 400 },
    { "validation", 422 },
    { "unprocessable", 422 },

    { "internal", 500 },
    { "servererror", 500 },
    { "systemerror", 500 },
    { "serviceerror", 500 },
    { "servingerror", 500 },           /* DashScope */
    { "apierror", 500 },               /* Anthropic */
    { "networkerror", 502 },
    { "badgateway", 502 },
    { "badresponse", 502 },            /* One-API */
    { "requestfailed", 502 },
    { "upstream", 502 },
    { "aborted", 500 },
    { "enginedead", 500 },

    { "badrequest", 400 },
    { "invalid", 400 },
    { "extraforbidden", 422 },
    { NULL, 0 }
};


/* numbers that are no HTTP statuses, of those who do not overlap */

static const review_completion_error_number_t
    review_completion_error_numbers[] =
{
    /* Zhipu */

    { 1000, 1004, 401 }, { 1100, 1112, 401 }, { 1113, 1113, QUOTA },
    { 1120, 1121, 401 }, { 1200, 1200, 500 }, { 1210, 1215, 400 },
    { 1220, 1222, 403 }, { 1230, 1234, 500 }, { 1261, 1261, 400 },
    { 1300, 1301, REFUSED }, { 1302, 1303, 429 }, { 1304, 1304, QUOTA },
    { 1305, 1305, 503 }, { 1308, 1310, QUOTA }, { 1312, 1313, 429 },

    /* iFlytek's Spark */

    { 10007, 10007, 429 }, { 10008, 10008, 503 }, { 10010, 10012, 500 },
    { 10013, 10014, REFUSED }, { 10019, 10019, REFUSED },
    { 10110, 10110, 503 }, { 10163, 10163, 400 }, { 10907, 10907, 400 },
    { 11200, 11200, 403 }, { 11201, 11201, QUOTA }, { 11202, 11203, 429 },

    /* SiliconFlow */

    { 20000, 20999, 400 }, { 30001, 30001, QUOTA }, { 50000, 50999, 503 },

    /* Baidu */

    { 336000, 336000, 500 }, { 336001, 336099, 400 }, { 336100, 336100, 503 },
    { 336101, 336199, 400 }, { 336200, 336299, 500 }, { 336501, 336502, 429 },
    { 0, 0, 0 }
};


/* of Baidu's "error_code" */

static const review_completion_error_number_t  review_completion_error_baidu[] =
{
    { 1, 2, 503 }, { 3, 3, 404 }, { 4, 4, 429 }, { 6, 6, 403 },
    { 13, 15, 401 }, { 17, 17, QUOTA }, { 18, 18, 429 }, { 19, 19, QUOTA },
    { 100, 100, 400 }, { 110, 111, 401 },
    { 0, 0, 0 }
};


/* of MiniMax's "base_resp" */

static const review_completion_error_number_t
    review_completion_error_minimax[] =
{
    { 1000, 1000, 500 }, { 1001, 1001, 504 }, { 1002, 1002, 429 },
    { 1004, 1004, 401 }, { 1008, 1008, QUOTA }, { 1013, 1013, 500 },
    { 1024, 1024, 500 }, { 1026, 1027, REFUSED }, { 1033, 1033, 500 },
    { 1039, 1039, 429 }, { 1041, 1041, 429 }, { 1042, 1042, 400 },
    { 2013, 2013, 400 }, { 2045, 2045, 429 }, { 2049, 2049, 401 },
    { 2056, 2056, QUOTA },
    { 0, 0, 0 }
};


/* words of messages, where nothing else tells */

static const review_completion_error_name_t  review_completion_error_words[] = {
    { "rate limit", 429 },
    { "ratelimit", 429 },
    { "too many requests", 429 },
    { "请求过于频繁", 429 },
    { "频率", 429 },
    { "限流", 429 },
    { "并发", 429 },

    { "context length", 400 },
    { "maximum context", 400 },
    { "context window", 400 },
    { "context size", 400 },
    { "prompt is too long", 400 },
    { "input is too long", 400 },
    { "validation error", 400 },
    { "上下文长度", 400 },
    { "输入过长", 400 },
    { "invalid api key", 401 },
    { "incorrect api key", 401 },
    { "unauthorized", 401 },
    { "does not exist", 404 },
    { "model not found", 404 },

    { "overload", 503 },
    { "server is busy", 503 },
    { "system is busy", 503 },
    { "too busy", 503 },
    { "try again later", 503 },
    { "temporarily unavailable", 503 },
    { "service unavailable", 503 },
    { "no available", 503 },
    { "繁忙", 503 },
    { "稍后", 503 },
    { "过载", 503 },
    { "负载", 503 },
    { "暂不可用", 503 },
    { "无可用", 503 },

    { "timed out", 504 },
    { "timeout", 504 },
    { "超时", 504 },

    { "out of memory", 500 },
    { "internal server error", 500 },
    { "internal error", 500 },
    { "enginecore", 500 },
    { "engine is dead", 500 },
    { "connection error", 502 },
    { "connection reset", 502 },
    { "bad gateway", 502 },
    { "内部错误", 500 },
    { "系统错误", 500 },
    { NULL, 0 }
};


static const json_t *
review_completion_error_text(const json_t *object, const char *name)
{
    const json_t  *value;

    value = json_object_get(object, name);

    return json_string_length(value) ? value : NULL;
}


/* a number, or a string of digits; -1: it is neither */

static double
review_completion_error_number(const json_t *value)
{
    char        *end;
    double       n;
    const char  *text;

    if (json_is_number(value)) {
        return json_number_value(value);
    }

    text = json_string_value(value);

    if (text == NULL || *text < '0' || *text > '9' || strlen(text) > 9) {
        return -1;
    }

    n = (double) strtoul(text, &end, 10);

    return *end ? -1 : n;
}


/* does a code say that nothing is wrong? */

static int
review_completion_error_is_good(const json_t *value)
{
    double       n;
    size_t       i;
    const char  *text;

    static const char *const  good[] = { "ok", "success", "succeeded" };

    if (value == NULL || json_is_null(value) || json_is_false(value)) {
        return 1;
    }

    n = review_completion_error_number(value);

    if (n == 0 || (n >= 200 && n < 300)) {
        return 1;
    }

    text = json_string_value(value);

    if (text == NULL) {
        return 0;
    }

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (strcasecmp(text, good[i]) == 0) {
            return 1;
        }
    }

    return *text == '\0';
}


static unsigned
review_completion_error_of_number(const json_t *value,
    const review_completion_error_number_t *known)
{
    double  n;

    n = review_completion_error_number(value);

    for ( /* void */ ; known->first; known++) {
        if (n >= known->first && n <= known->last) {
            return known->status;
        }
    }

    return 0;
}


/* an HTTP status, or a number that is known; or the parts of a name */

static unsigned
review_completion_error_of_code(const json_t *value)
{
    char                                   c, *to;
    char                                   name[REVIEW_COMPLETION_ERROR_NAME];
    double                                 n;
    const char                            *text;
    const review_completion_error_name_t  *known;

    n = review_completion_error_number(value);

    if (n >= 300 && n < 600) {
        return (unsigned) n;
    }

    if (n >= 0) {
        return review_completion_error_of_number(value,
                                              review_completion_error_numbers);
    }

    text = json_string_value(value);

    if (text == NULL) {
        return 0;
    }

    for (to = name; *text && to < name + sizeof(name) - 1; text++) {
        c = (*text >= 'A' && *text <= 'Z') ? *text | 0x20 : *text;

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            *to++ = c;
        }
    }

    *to = '\0';

    for (known = review_completion_error_names; known->part; known++) {
        if (strstr(name, known->part)) {
            return known->status;
        }
    }

    return 0;
}


/*
 * What the codes and types of an object amount to.  A name may tell more than
 * the status beside it: an account that is used up is a 429 like any other.
 */

static unsigned
review_completion_error_of(const json_t *object)
{
    size_t    i;
    unsigned  status, found;

    static const char *const  names[] = {
        "code", "type", "error_code", "error_type", "status", "status_code",
        "Code", NULL
    };

    status = 0;

    for (i = 0; names[i]; i++) {
        found = review_completion_error_of_code(json_object_get(object,
                                                                names[i]));

        if (found == QUOTA || found == REFUSED) {
            return found;
        }

        if (status == 0) {
            status = found;
        }
    }

    found = review_completion_error_of_number(
                json_object_get(object, "error_code"),
                review_completion_error_baidu);
    if (status == 0) {
        status = found;
    }

    found = review_completion_error_of_number(
                json_object_get(object, "status_code"),
                review_completion_error_minimax);

    return json_object_get(object, "status_msg") && found ? found : status;
}


static unsigned
review_completion_error_of_words(const char *words)
{
    const review_completion_error_name_t  *known;

    for (known = review_completion_error_words; known->part; known++) {
        if (strcasestr(words, known->part)) {
            return known->status;
        }
    }

    return 0;
}


/* text, after what is there already; U+0000 ends it */

static void
review_completion_error_say(review_buf_t *words, const char *before,
    const json_t *value)
{
    size_t       n;
    const char  *text;

    text = json_string_value(value);

    if (text == NULL || *text == '\0'
        || words->len >= REVIEW_COMPLETION_ERROR_WORDS)
    {
        return;
    }

    if (words->len) {
        review_buf_puts(words, before);
    }

    n = strlen(text);

    if (n > REVIEW_COMPLETION_ERROR_WORDS) {
        n = REVIEW_COMPLETION_ERROR_WORDS;
    }

    review_buf_add(words, text, n);
}


/* FastAPI: [{"loc": ["body", "input"], "msg": "...", "type": "..."}, ...] */

static void
review_completion_error_list(review_buf_t *words, const json_t *list)
{
    size_t   i, j;
    json_t  *problem, *name;

    json_array_foreach(list, i, problem) {

        if (words->len >= REVIEW_COMPLETION_ERROR_WORDS) {
            return;
        }

        review_completion_error_say(words, "; ", problem);

        json_array_foreach(json_object_get(problem, "loc"), j, name) {
            review_completion_error_say(words, j ? "." : "; ", name);

            if (j == REVIEW_COMPLETION_ERROR_DEPTH) {
                break;
            }
        }

        review_completion_error_say(words, ": ", json_object_get(problem,
                                                                 "msg"));
    }
}


/*
 * The words of an error, which may be those of an object in it; and the status
 * of the innermost that has one
 */

static unsigned
review_completion_error_look(review_buf_t *words, const json_t *error)
{
    int            depth;
    unsigned       status, found;
    const json_t  *value;

    static const char *const  names[] = {
        "error", "Error", "message", "Message", "detail", "msg", "status_msg",
        "error_msg", "errorMessage", "error_message", "errors", "reason",
        "title", "description", NULL
    };

    status = 0;

    for (depth = 0; depth < REVIEW_COMPLETION_ERROR_DEPTH; depth++) {

        if (json_is_array(error)) {
            value = json_array_get(error, 0);

            if (json_is_string(value) || json_object_get(value, "msg")) {
                review_completion_error_list(words, error);
                break;
            }

            error = value;
        }

        if (json_is_string(error)) {
            review_completion_error_say(words, "", error);
            break;
        }

        found = review_completion_error_of(error);
        status = found ? found : status;

        value = review_json_member_first(error, names);

        if (value == NULL) {
            break;
        }

        if (json_is_string(value)) {
            review_completion_error_say(words, "", value);

            /* OpenRouter: what the one behind it has said */

            value = json_object_get(error, "metadata");
            review_completion_error_say(words, ": ",
                                        json_object_get(value, "raw"));
            break;
        }

        error = value;
    }

    return status;
}


/* a code alone is better than nothing */

static void
review_completion_error_name(review_buf_t *words, const json_t *error)
{
    size_t  i;

    static const char *const  names[] = { "type", "code", "error_type", NULL };

    for (i = 0; names[i] && words->len == 0; i++) {
        review_completion_error_say(words, "",
                                    json_object_get(error, names[i]));
    }
}


static int
review_completion_error_is_member(const json_t *member)
{
    return json_is_string(member) ? json_string_length(member) != 0
           : json_is_object(member) ? json_object_size(member) != 0
           : json_is_array(member) || json_is_true(member)
             || json_is_number(member);
}


/* where there is no answer, a message or a code is an error's */

static int
review_completion_error_is_bare(const json_t *root)
{
    if (json_is_false(json_object_get(root, "success"))
        || json_array_size(json_object_get(root, "detail"))
        || review_completion_error_text(root, "detail")
        || json_array_size(json_object_get(root, "errors"))
        || !review_completion_error_is_good(json_object_get(root,
                                                            "error_code"))
        || review_completion_error_text(root, "error_msg"))
    {
        return 1;
    }

    if (review_completion_error_text(root, "message") == NULL
        && review_completion_error_text(root, "msg") == NULL)
    {
        return 0;
    }

    return json_object_get(root, "code") == NULL
           || !review_completion_error_is_good(json_object_get(root, "code"));
}


/* the error in a body or an event, or NULL */

static const json_t *
review_completion_error_find(const json_t *root, int event)
{
    const json_t  *member, *object;

    member = json_object_get(root, "error");

    if (review_completion_error_is_member(member)) {
        return member;
    }

    object = json_object_get(root, "object");

    if (event || (json_is_string(object)
                  && strcmp(json_string_value(object), "error") == 0))
    {
        return root;
    }

    member = json_object_get(root, "base_resp");

    if (!review_completion_error_is_good(json_object_get(member,
                                                         "status_code")))
    {
        return member;
    }

    member = json_object_get(json_array_get(json_object_get(root, "choices"),
                                            0), "error");

    if (review_completion_error_is_member(member)) {
        return member;
    }

    if (json_array_size(json_object_get(root, "choices"))) {
        return NULL;
    }

    member = json_object_get(json_object_get(root, "Response"), "Error");

    if (json_object_size(member)) {
        return member;
    }

    return review_completion_error_is_bare(root) ? root : NULL;
}


int
review_completion_error(const json_t *root, int event, review_buf_t *words,
    unsigned *status)
{
    unsigned       found;
    const json_t  *error;

    error = review_completion_error_find(root, event);

    if (error == NULL) {
        return 0;
    }

    *status = review_completion_error_look(words, error);

    if (error != root) {
        found = review_completion_error_of(root);

        if (*status == 0) {
            *status = found;
        }
    }

    /* an "error" that is a text may be no more than the status in words */

    if (!json_is_object(error) && !json_is_array(error)) {
        review_completion_error_say(words, ": ",
                                    json_object_get(root, "message"));
    }

    review_completion_error_name(words, error);
    review_completion_error_name(words, root);

    if (*status == 0 && words->len) {
        review_buf_add(words, "", 1);

        if (!words->failed) {
            *status = review_completion_error_of_words(words->data);
            words->len--;
        }
    }

    return 1;
}


int
review_completion_error_quota(const char *data, size_t len)
{
    int            found;
    json_t        *root;
    const json_t  *at;
    json_error_t   e;

    if (len == 0 || len > REVIEW_COMPLETION_ERROR_BODY) {
        return 0;
    }

    root = review_json_load(data, len, JSON_DECODE_INT_AS_REAL|JSON_ALLOW_NUL,
                            &e);

    /* some gateways wrap their errors into a list */

    at = json_is_array(root) ? json_array_get(root, 0) : root;

    found = review_completion_error_of(at) == QUOTA
            || review_completion_error_of(json_object_get(at, "error"))
               == QUOTA;

    json_decref(root);

    return found;
}
