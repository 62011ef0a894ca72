
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* strcasestr() */
#endif

#include "review/completion/quota.h"
#include "review/json/load.h"

#include <string.h>


/* errors are short */
#define REVIEW_QUOTA_BODY  65536


/*
 * Parts of codes and types.  What is called a quota may as well be one of a
 * minute: "Throttling.AllocationQuota", "quota_exceeded", RESOURCE_EXHAUSTED;
 * so messages tell nothing.
 */

static const char *const  review_quota_parts[] = {
    "insufficient_quota",               /* OpenAI, and many others */
    "insufficient_user_quota",          /* One-API */
    "billing",                          /* billing_hard_limit_reached */
    "exceeded_current_quota",           /* Moonshot */
    "insufficient_balance",
    "arrearage",                        /* DashScope */
    "overdue",                          /* PostpaidBillOverdue, Ark */
    NULL
};


static int
review_quota_names(const json_t *value)
{
    int          i;
    const char  *name;

    name = json_string_value(value);

    if (name == NULL) {
        return json_is_number(value) && json_number_value(value) == 1113;
    }

    for (i = 0; review_quota_parts[i]; i++) {
        if (strcasestr(name, review_quota_parts[i])) {
            return 1;
        }
    }

    /* Zhipu's number of an account in arrears */

    return strcmp(name, "1113") == 0;
}


int
review_quota(const json_t *error)
{
    return review_quota_names(json_object_get(error, "code"))
           || review_quota_names(json_object_get(error, "type"));
}


int
review_quota_body(const char *data, size_t len)
{
    int            found;
    json_t        *root;
    const json_t  *at;
    json_error_t   e;

    if (len == 0 || len > REVIEW_QUOTA_BODY) {
        return 0;
    }

    root = review_json_load(data, len, JSON_DECODE_INT_AS_REAL|JSON_ALLOW_NUL,
                            &e);

    /* some gateways wrap their errors into a list */

    at = json_is_array(root) ? json_array_get(root, 0) : root;

    found = review_quota(at) || review_quota(json_object_get(at, "error"));

    json_decref(root);

    return found;
}
