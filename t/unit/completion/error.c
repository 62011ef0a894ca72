
/*
 * Errors in place of an answer, as servers and gateways really write them: each
 * is known for one, comes to the HTTP status that it amounts to, so that what
 * passes is tried again and what does not is not, and is told in its own words.
 * And that an account that is used up is told from a server that has too much
 * to do, by the codes and types of a body, and by nothing else.
 */

#include "tap.h"
#include "review/completion/completion_error.h"


#define QUOTA    REVIEW_COMPLETION_ERROR_QUOTA
#define REFUSED  REVIEW_COMPLETION_ERROR_REFUSED
#define NONE     1                     /* no error at all */


/* single quotes stand for double ones */

static const struct {
    const char  *name;
    const char  *body;
    unsigned     status;
    const char  *words;
} tests[] = {

    /* one for each form */

    { "OpenAI", "{'error':{'message':'No such model','type':"
      "'invalid_request_error','param':null,'code':'model_not_found'}}", 404,
      "No such model" },
    { "vLLM", "{'error':{'message':'died','type':'InternalServerError',"
      "'param':null,'code':500}}", 500, "died" },
    { "an old vLLM", "{'object':'error','message':'m','type':"
      "'BadRequestError','code':400}", 400, "m" },
    { "llama.cpp", "{'error':{'code':503,'message':'Loading model','type':"
      "'unavailable_error'}}", 503, "Loading model" },
    { "llama.cpp, too long", "{'error':{'code':400,'message':'the request "
      "exceeds the available context size','type':'exceed_context_size_error'"
      "}}", 400, "the request exceeds the available context size" },
    { "TGI", "{'error':'Model is overloaded','error_type':'overloaded'}", 503,
      "Model is overloaded" },
    { "Ollama", "{'error':'model \\\\x not found'}", 0, "model \\x not found" },
    { "FastAPI", "{'detail':'Internal Server Error'}", 500,
      "Internal Server Error" },
    { "FastAPI's list", "{'detail':[{'loc':['body','messages',0,'content'],"
      "'msg':'field required','type':'value_error.missing'},{'loc':['body'],"
      "'msg':'no'}]}", 0,
      "body.messages.content: field required; body: no" },
    { "Mistral's 422", "{'object':'error','message':{'detail':[{'type':"
      "'extra_forbidden','loc':['body','stream_options'],'msg':'Extra inputs "
      "are not permitted','input':{}}]},'type':'invalid_request_error',"
      "'param':null,'code':null}", 400,
      "body.stream_options: Extra inputs are not permitted" },
    { "OpenRouter", "{'error':{'message':'Provider returned error','code':429,"
      "'metadata':{'raw':'slow down','provider_name':'x'}}}", 429,
      "Provider returned error: slow down" },
    { "a choice's", "{'choices':[{'error':{'code':502,'message':'gone'},"
      "'message':{'content':''}}]}", 502, "gone" },
    { "MiniMax", "{'id':'x','choices':null,'base_resp':{'status_code':1002,"
      "'status_msg':'rate limit exceeded(RPM)'}}", 429,
      "rate limit exceeded(RPM)" },
    { "MiniMax, of what was said", "{'choices':[{'message':{'content':'x'}}],"
      "'base_resp':{'status_code':1027,'status_msg':'output new_sensitive'}}",
      REFUSED, "output new_sensitive" },
    { "Baidu", "{'error_code':18,'error_msg':'Open api qps request limit "
      "reached'}", 429, "Open api qps request limit reached" },
    { "Baidu, busy", "{'error_code':336100,'error_msg':'try again'}", 503,
      "try again" },
    { "SiliconFlow", "{'code':50508,'message':'System is too busy now.',"
      "'data':null}", 503, "System is too busy now." },
    { "SiliconFlow, no model", "{'code':20012,'message':'Model does not "
      "exist.','data':null}", 400, "Model does not exist." },
    { "Zhipu", "{'error':{'code':'1302','message':'并发数过高'}}", 429,
      "并发数过高" },
    { "Zhipu, no token", "{'error':{'code':'1002','message':'无效'}}", 401,
      "无效" },
    { "Zhipu, a filter", "{'error':{'code':'1301','message':'敏感'}}", REFUSED,
      "敏感" },
    { "success: false", "{'code':500,'msg':'404 NOT_FOUND','success':false}",
      500, "404 NOT_FOUND" },
    { "success: false and no code", "{'success':false,'message':'系统繁忙'}",
      503, "系统繁忙" },
    { "DashScope", "{'code':'Throttling.RateQuota','message':'slow','request_"
      "id':'x'}", 429, "slow" },
    { "DashScope, a filter", "{'error':{'code':'data_inspection_failed',"
      "'message':'no','type':'data_inspection_failed'}}", REFUSED, "no" },
    { "Tencent", "{'Response':{'Error':{'Code':'InternalError','Message':'m'},"
      "'RequestId':'x'}}", 500, "m" },
    { "Spark", "{'code':11202,'message':'AppIdQpsOverFlowError','sid':'x'}",
      429, "AppIdQpsOverFlowError" },
    { "Google's", "{'error':{'code':429,'message':'m','status':"
      "'RESOURCE_EXHAUSTED','details':[]}}", 429, "m" },
    { "Anthropic's", "{'type':'error','error':{'type':'overloaded_error',"
      "'message':'Overloaded'}}", 503, "Overloaded" },
    { "Kong", "{'message':'An unexpected error occurred'}", 0,
      "An unexpected error occurred" },
    { "an error's name and its words", "{'error':'Bad Gateway','message':"
      "'no upstream'}", 502, "Bad Gateway: no upstream" },
    { "error: true", "{'error':true,'message':'m','code':503}", 503, "m" },
    { "an error in an error", "{'error':{'error':{'message':'deep','code':"
      "429}}}", 429, "deep" },
    { "errors", "{'errors':['one','two']}", 0, "one; two" },
    { "a code and no words", "{'error':{'code':'server_error'}}", 500,
      "server_error" },
    { "nothing", "{'error':{'x':1}}", 0, "" },

    /* what their names and numbers amount to */

    { "an account", "{'error':{'code':'insufficient_quota','message':'m',"
      "'type':'insufficient_quota','status':429}}", QUOTA, "m" },
    { "an account with a number", "{'error':{'code':429,'type':"
      "'exceeded_current_quota_error','message':'m'}}", QUOTA, "m" },
    { "MiniMax's account", "{'base_resp':{'status_code':1008,'status_msg':"
      "'insufficient balance'}}", QUOTA, "insufficient balance" },
    { "an account in arrears", "{'code':'Arrearage','message':'m'}", QUOTA,
      "m" },
    { "a quota of a minute", "{'error':{'code':'quota_exceeded','message':'m'}"
      "}", 429, "m" },
    { "a key", "{'error':{'code':'invalid_api_key','message':'m','type':"
      "'invalid_request_error'}}", 401, "m" },
    { "a limit of an odd type", "{'error':{'message':'m','type':'tokens',"
      "'code':'rate_limit_exceeded'}}", 429, "m" },
    { "a context", "{'error':{'code':'context_length_exceeded','message':'m',"
      "'type':'invalid_request_error'}}", 400, "m" },
    { "a status in words", "{'error':{'code':'529','message':'m'}}", 529, "m" },
    { "One-API's", "{'error':{'message':'m','type':'one_api_error','code':"
      "'bad_response_status_code'}}", 502, "m" },

    /* what their words amount to */

    { "busy", "{'error':{'message':'当前分组上游负载已饱和，请稍后再试'}}", 503,
      "当前分组上游负载已饱和，请稍后再试" },
    { "a context in words", "{'error':'This model\\u0027s maximum context "
      "length is 8192 tokens'}", 400,
      "This model's maximum context length is 8192 tokens" },
    { "time", "{'error':'Request timed out.'}", 504, "Request timed out." },
    { "memory", "{'error':'CUDA out of memory'}", 500, "CUDA out of memory" },
    { "who knows", "{'error':'oops'}", 0, "oops" },

    /* what is none */

    { "an answer", "{'choices':[{'message':{'content':'a'}}]}", NONE, "" },
    { "an answer with words beside it", "{'code':0,'message':'Success',"
      "'choices':[{'message':{'content':'a'}}]}", NONE, "" },
    { "an answer with a code", "{'code':'200','msg':'操作成功','success':true,"
      "'choices':[{'message':{'content':'a'}}]}", NONE, "" },
    { "Baidu's where all is well", "{'error_code':0,'error_msg':'','result':"
      "'x'}", NONE, "" },
    { "a last event", "{'choices':[],'usage':{},'base_resp':{'status_code':0}}",
      NONE, "" },
    { "a success without an answer", "{'code':0,'message':'Success'}", NONE,
      "" },
    { "no error", "{'error':null,'choices':[]}", NONE, "" },
    { "an empty one", "{'error':{},'choices':[]}", NONE, "" },
    { "an event of Ollama's own", "{'model':'m','message':{'content':'a'}}",
      NONE, "" },
    { "nothing at all", "{}", NONE, "" }
};


static json_t *
parsed(const char *text)
{
    char    *copy, *p;
    json_t  *json;

    copy = strdup(text);

    for (p = copy; *p; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    json = json_loads(copy, 0, NULL);

    ok(json != NULL, "JSON: %s", copy);
    free(copy);

    return json;
}


static void
check(size_t i)
{
    int             rc;
    json_t         *json;
    unsigned        status;
    review_buf_t    words;
    review_pool_t  *pool;

    pool = tap_pool();
    json = parsed(tests[i].body);

    status = NONE;
    review_buf_init(&words, pool, 0);

    rc = review_completion_error(json, 0, &words, &status);

    ok(rc == (tests[i].status != NONE), "%s: is it one", tests[i].name);
    ok(status == tests[i].status, "%s: %u", tests[i].name, status);
    ok(words.len == strlen(tests[i].words)
       && (words.len == 0
           || memcmp(words.data, tests[i].words, words.len) == 0),
       "%s: \"%.*s\"", tests[i].name, (int) words.len,
       words.len ? words.data : "");

    json_decref(json);
    tap_pool_free(pool);
}


/* an event that is called an error is one, whatever is in it */

static void
check_event(void)
{
    json_t         *json;
    unsigned        status;
    review_buf_t    words;
    review_pool_t  *pool;

    pool = tap_pool();
    json = json_string("oops, overloaded");

    status = NONE;
    review_buf_init(&words, pool, 0);

    ok(review_completion_error(json, 1, &words, &status) == 1
       && status == 503 && words.len == 16, "an event in words: %u", status);

    json_decref(json);
    tap_pool_free(pool);
}


/* however much is said, little of it is kept, in little time */

static void
check_long(const char *one)
{
    size_t          i;
    json_t         *list, *root, *problem;
    unsigned        status;
    review_buf_t    words;
    review_pool_t  *pool;

    pool = tap_pool();
    list = json_array();
    root = json_object();
    problem = parsed(one);

    for (i = 0; i < 1000000; i++) {
        json_array_append(list, problem);
    }

    json_decref(problem);
    json_object_set_new(root, "detail", list);
    review_buf_init(&words, pool, 0);

    ok(review_completion_error(root, 0, &words, &status) == 1
       && words.len < 1500, "%zu bytes are kept", words.len);

    json_decref(root);
    tap_pool_free(pool);
}


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
    "{\"code\":30001,\"message\":\"m\",\"data\":null}",
    "{\"error\":{\"code\":\"insufficient-user-quota\"}}",
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


static void
check_quota(void)
{
    char    *large;
    size_t   i, len;

    for (i = 0; i < sizeof(used_up) / sizeof(used_up[0]); i++) {
        ok(review_completion_error_quota(used_up[i], strlen(used_up[i])), "%s",
           used_up[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ok(!review_completion_error_quota(others[i], strlen(others[i])),
           "not: %s", others[i]);
    }

    len = 100000;
    large = malloc(len);
    memset(large, ' ', len);
    memcpy(large, used_up[0], strlen(used_up[0]));
    ok(!review_completion_error_quota(large, len),
       "nor a body that is no error");
    free(large);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        check(i);
    }

    check_event();
    check_long("{'loc':['a','b','c'],'msg':'long'}");
    check_quota();

    return tap_end();
}
