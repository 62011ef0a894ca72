
/*
 * Proves that an account that is used up is told from a server that has too
 * much to do, by what servers send as "code" and "type", wherever it stands,
 * and by nothing else.
 */

#include "tap.h"
#include "review/completion/quota.h"


static const char  *used_up[] = {
    "{\"error\":{\"message\":\"You exceeded your current quota, please check "
        "your plan and billing details.\",\"type\":\"insufficient_quota\","
        "\"param\":null,\"code\":\"insufficient_quota\"}}",
    "{\"error\":{\"type\":\"insufficient_quota\",\"code\":null}}",
    "{\"error\":{\"type\":\"requests\",\"code\":\"billing_hard_limit_reached\""
        "}}",
    "{\"error\":{\"code\":\"billing_not_active\"}}",
    "{\"error\":{\"message\":\"Your account is suspended\","
        "\"type\":\"exceeded_current_quota_error\"}}",
    "{\"error\":{\"code\":\"1113\",\"message\":\"您的账户已欠费，请充值后重试\"}}",
    "{\"error\":{\"code\":1113}}",
    "{\"error\":{\"code\":\"AccountOverdueError\"}}",
    "{\"code\":\"Arrearage\",\"message\":\"Access denied, please make sure "
        "your account is in good standing.\",\"request_id\":\"x\"}",
    "{\"code\":\"PostpaidBillOverdue\"}",
    " [{\"error\":{\"code\":\"Insufficient_Quota\"}}]\n"
};

static const char  *others[] = {
    "", "x", "<html>insufficient_quota</html>", "[]", "{}", "null", "[[]]",
    "\"insufficient_quota\"",
    "{\"error\":\"insufficient_quota\"}",
    "{\"error\":{\"message\":\"insufficient_quota, see billing\"}}",
    "{\"error\":{\"message\":\"Rate limit reached\",\"type\":\"requests\","
        "\"code\":\"rate_limit_exceeded\"}}",
    "{\"error\":{\"code\":\"Throttling.AllocationQuota\",\"message\":"
        "\"Allocated quota exceeded, please increase your quota limit.\"}}",
    "[{\"error\":{\"code\":429,\"message\":\"You exceeded your current quota, "
        "please check your plan and billing details.\","
        "\"status\":\"RESOURCE_EXHAUSTED\"}}]",
    "{\"error\":{\"type\":\"engine_overloaded_error\"}}",
    "{\"error\":{\"type\":[\"insufficient_quota\"],\"code\":{}}}",
    "{\"error\":{\"code\":\"insufficient_quota\"}",
    "{\"error\":{\"code\":\"11130\"}}"
};


int
main(void)
{
    size_t  i, len;
    char   *large;

    for (i = 0; i < sizeof(used_up) / sizeof(used_up[0]); i++) {
        ok(review_quota_body(used_up[i], strlen(used_up[i])), "%s", used_up[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ok(!review_quota_body(others[i], strlen(others[i])), "not: %s",
           others[i]);
    }

    len = 100000;
    large = malloc(len);
    memset(large, ' ', len);
    memcpy(large, used_up[0], strlen(used_up[0]));
    ok(!review_quota_body(large, len), "nor a body that is no error");
    free(large);

    ok(!review_quota(NULL), "nor no object at all");

    return tap_end();
}
