
#include "review/base/review.h"
#include "review/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>


const char *const  review_verdicts[] = {
    "pass", "risk", "fail", "not_applicable", "unsure", NULL
};

const char *const  review_warnings[] = {
    "injection", "prompt_cut", NULL
};

const char *const  review_notes[] = {
    "verdict_mapped", "names_mapped", "severity_mapped", "severity_dropped",
    "confidence_mapped", "confidence_dropped", "reason_mapped",
    "reason_dropped", "suggestion_mapped", "suggestion_dropped",
    "quote_dropped", NULL
};

const char *const  review_severities[] = {
    "fatal", "major", "minor", "info", NULL
};


static void
review_json_cleanup(void *data)
{
    json_decref(data);
}


int
review_pool_own_json(review_pool_t *pool, json_t *json)
{
    if (pool->cleanup(pool, review_json_cleanup, json) != 0) {
        json_decref(json);
        return -1;
    }

    return 0;
}


/* formatting may have cut a character in two */

static void
review_error_end(char *text)
{
    text[review_utf8_valid(text, strlen(text))] = '\0';
}


int
review_error(review_error_t *err, const char *pointer, const char *fmt, ...)
{
    va_list  args;

    snprintf(err->pointer, sizeof(err->pointer), "%s", pointer);

    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);

    review_error_end(err->pointer);
    review_error_end(err->text);

    return -1;
}


int
review_name_index(const char *const *names, const char *name, size_t len)
{
    int  i;

    for (i = 0; names[i]; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
            return i;
        }
    }

    return -1;
}
