
/*
 * A rubric is read with every member where it belongs and every default in
 * place; and each mistake that its authors can make is told with the exact
 * JSON Pointer and with what was expected.
 */

#include "tap.h"
#include "review/rubric/rubric.h"
#include "review/base/buf.h"


typedef struct {
    const char  *json;
    const char  *pointer;
    const char  *text;
} bad_t;


/* mistakes in a rubric */

static const bad_t  rubrics[] = {
    { "", "", "the text is empty, JSON was expected" },
    { "[]", "", "a rubric must be an object, got an array" },
    { "{}", "", "\"name\" is required" },
    { "{'name':'','points':[]}", "/name", "must not be empty" },
    { "{'name':7,'points':[]}", "/name", "must be a string, got an integer" },
    { "{'name':'n','version':2,'points':[]}", "/version",
      "must be a string, got an integer" },
    { "{'name':'n','language':'fr','points':[]}", "/language",
      "must be one of zh, en, got \"fr\"" },
    { "{'name':'n','language':['zh'],'points':[]}", "/language",
      "must be a string, got an array" },
    { "{'name':'n','model':null,'points':[]}", "/model",
      "must be a string, got null" },
    { "{'name':'n','system':{},'points':[]}", "/system",
      "must be a string, got an object" },
    { "{'name':'n'}", "", "\"points\" is required" },
    { "{'name':'n','points':{}}", "/points",
      "must be an array, got an object" },
    { "{'name':'n','points':[]}", "/points",
      "must have 1 to 1000 points, got 0" },
    { "{'name':'n','point':[]}", "/point", "\"point\" is unknown, known are: "
      "name, version, language, model, system, llm, params, points; did you "
      "mean \"points\"?" },
    { "{'name':'n','a/~b':[]}", "/a~1~0b", "\"a/~b\" is unknown, known are: "
      "name, version, language, model, system, llm, params, points" },
    { "{'name':'n','points':[{'id':'a','question':'q'},7]}", "/points/1",
      "must be an object, got an integer" },
    { "{'name':'n','points':[{'id':'a','question':'q'},"
      "{'id':'b','question':'q'},{'id':'a','question':'q'}]}",
      "/points/2/id", "\"a\" is the id of /points/0 already" },
    { "{'name':'n','points':[{'id':'a','question':'q'},\n"
      "{'id':'b','question':'q',}]}", "/points/1",
      "line 2, column 26: the \",\" before it is one too many, got }" },
    { "{'name':'n','points':[{'id':'a','id':'b'}]}", "/points/0/id",
      "line 1, column 33: a member of this name stands before" },
};


#define KNOWN                                                                 \
    " is unknown, known are: id, title, severity, question, when, rule, "     \
    "check, prompt, steps, max_tokens, temperature, data, agree, llm, "       \
    "params, "                                                                \
    "scope, query, heading, documents, absent, k, max_context, rounds, "       \
    "expand"
#define RULE    "must not stand beside \"rule\", which asks no LLM"
#define CHECK   "must not stand beside \"check\", which asks no LLM"
#define VERDICT "must be one of pass, risk, fail, not_applicable, unsure, got "
#define STEPS   "must have 1 to 16 steps, got "

/* mistakes in a point, which stands at /points/0 */

static const bad_t  points[] = {
    { "'x'", "", "must be an object, got a string" },
    { "{}", "", "\"id\" is required" },
    { "{'id':1}", "/id", "must be a string, got an integer" },
    { "{'id':''}", "/id", "must not be empty" },
    { "{'id':'a\\nb','question':'q'}", "/id",
      "must not have control characters" },
    { "{'id':'a\\u0085b','question':'q'}", "/id",
      "must not have control characters" },
    { "{'id':'a'}", "", "one of \"question\", \"prompt\", \"steps\", \"rule\", "
      "\"check\" is required" },
    { "{'id':'a','data':{}}", "", "one of \"question\", \"prompt\", "
      "\"steps\", \"rule\", \"check\" is required" },
    { "{'id':'a','question':''}", "/question", "must not be empty" },
    { "{'id':'a','question':[]}", "/question",
      "must be a string, got an array" },
    { "{'id':'a','question':'q','title':1.5}", "/title",
      "must be a string, got a real number" },
    { "{'id':'a','question':'q','severity':'high'}", "/severity",
      "must be one of fatal, major, minor, info, got \"high\"" },
    { "{'id':'a','question':'q','severity':1}", "/severity",
      "must be a string, got an integer" },
    { "{'id':'a','question':'q','titel':'t'}", "/titel", "\"titel\"" KNOWN
      "; did you mean \"title\"?" },
    { "{'id':'a','question':'q','x_tool':'t'}", "/x_tool",
      "\"x_tool\"" KNOWN },

    { "{'id':'a','question':'q','when':''}", "/when", "must not be empty" },
    { "{'id':'a','question':'q','when':{}}", "/when",
      "\"pattern\" is required" },
    { "{'id':'a','question':'q','when':[]}", "/when",
      "must be a regex or an object, got an array" },
    { "{'id':'a','question':'q','when':{'pattern':''}}", "/when/pattern",
      "must not be empty" },
    { "{'id':'a','question':'q','when':{'pattern':'x','raw':1}}", "/when/raw",
      "must be true or false, got an integer" },
    { "{'id':'a','question':'q','when':{'pattern':'x','match':1}}",
      "/when/match", "\"match\" is unknown, known are: pattern, raw" },

    { "{'id':'a','rule':''}", "/rule", "must not be empty" },
    { "{'id':'a','rule':true}", "/rule",
      "must be a regex or an object, got a boolean" },
    { "{'id':'a','rule':{}}", "/rule", "\"pattern\" is required" },
    { "{'id':'a','rule':{'pattern':''}}", "/rule/pattern",
      "must not be empty" },
    { "{'id':'a','rule':{'pattern':[]}}", "/rule/pattern",
      "must be a string, got an array" },
    { "{'id':'a','rule':{'pattern':'x','match':'ok'}}", "/rule/match",
      VERDICT "\"ok\"" },
    { "{'id':'a','rule':{'pattern':'x','no_match':'no'}}", "/rule/no_match",
      VERDICT "\"no\"" },
    { "{'id':'a','rule':{'pattern':'x','reason':1}}", "/rule/reason",
      "must be a string, got an integer" },
    { "{'id':'a','rule':{'pattern':'x','suggestion':1}}", "/rule/suggestion",
      "must be a string, got an integer" },
    { "{'id':'a','rule':{'pattern':'x','nomatch':'fail'}}", "/rule/nomatch",
      "\"nomatch\" is unknown, known are: pattern, match, no_match, reason, "
      "suggestion, raw; did you mean \"no_match\"?" },
    { "{'id':'a','rule':'x','prompt':'p'}", "/prompt", RULE },
    { "{'id':'a','rule':'x','steps':['p']}", "/steps", RULE },
    { "{'id':'a','rule':'x','max_tokens':5}", "/max_tokens", RULE },
    { "{'id':'a','rule':'x','temperature':1}", "/temperature", RULE },
    { "{'id':'a','rule':'x','data':{}}", "/data", RULE },
    { "{'id':'a','check':'amounts','data':{}}", "/data", CHECK },
    { "{'id':'a','check':'amounts','question':'q'}", "/question", CHECK },
    { "{'id':'a','check':'amounts','rule':'x'}", "/rule", CHECK },
    { "{'id':'a','check':1}", "/check",
      "must be a string or an object, got an integer" },
    { "{'id':'a','check':{}}", "/check", "\"date_after\" is required" },
    { "{'id':'a','check':{'date_after':'x'}}", "/check/date_after",
      "must be a date, as 2026-06-30, or {{vars.NAME}}" },
    { "{'id':'a','check':{'date_after':'{{vars.a}} '}}", "/check/date_after",
      "must be a date, as 2026-06-30, or {{vars.NAME}}" },

    { "{'id':'a','prompt':''}", "/prompt", "must not be empty" },
    { "{'id':'a','prompt':['p']}", "/prompt",
      "must be a string, got an array" },
    { "{'id':'a','prompt':'一 {{'}", "/prompt", "line 1, column 3: \"{{\" has "
      "no \"}}\" on its line; \"{{{{\" stands for \"{{\" itself" },
    { "{'id':'a','prompt':'p','steps':['p']}", "/steps",
      "must not stand beside \"prompt\"" },
    { "{'id':'a','steps':'p'}", "/steps", "must be an array, got a string" },
    { "{'id':'a','steps':[]}", "/steps", STEPS "0" },
    { "{'id':'a','steps':['','','','','','','','','','','','','','','','',"
      "'']}", "/steps", STEPS "17" },
    { "{'id':'a','steps':['p',null]}", "/steps/1",
      "must be a string, got null" },
    { "{'id':'a','steps':['p','']}", "/steps/1", "must not be empty" },
    { "{'id':'a','steps':['p','q','\\n{{vars.}}']}", "/steps/2",
      "line 2, column 1: \"vars.\" is no name: after \"vars.\" come letters, "
      "digits, \"_\", \".\" or \"-\"" },

    { "{'id':'a','question':'q','max_tokens':0}", "/max_tokens",
      "must be an integer from 1 to 1000000, got 0" },
    { "{'id':'a','question':'q','max_tokens':1000001}", "/max_tokens",
      "must be an integer from 1 to 1000000, got 1000001" },
    { "{'id':'a','question':'q','max_tokens':-9223372036854775808}",
      "/max_tokens", "must be an integer from 1 to 1000000, got "
      "-9223372036854775808" },
    { "{'id':'a','question':'q','max_tokens':1.0}", "/max_tokens",
      "must be an integer from 1 to 1000000, got a real number" },
    { "{'id':'a','question':'q','temperature':-0.1}", "/temperature",
      "must be a number from 0 to 2, got -0.1" },
    { "{'id':'a','question':'q','temperature':2.5}", "/temperature",
      "must be a number from 0 to 2, got 2.5" },
    { "{'id':'a','question':'q','temperature':'0'}", "/temperature",
      "must be a number from 0 to 2, got a string" },

    { "{'id':'a','question':'q','data':[]}", "/data",
      "must be an object, got an array" },
    { "{'id':'a','question':'q','data':{'pattern':'x'}}", "/data/pattern",
      NULL },
};


/* single quotes become double ones; the text is copied to its exact size */

static review_rubric_t *
load(review_pool_t *pool, const char *json, review_error_t *err)
{
    char             *copy;
    size_t            i, len;
    review_rubric_t  *rubric;

    len = strlen(json);
    copy = malloc(len ? len : 1);

    for (i = 0; i < len; i++) {
        copy[i] = (json[i] == '\'') ? '"' : json[i];
    }

    memset(err, 0, sizeof(*err));
    rubric = review_rubric_load(pool, copy, len, err);

    free(copy);

    return rubric;
}


static void
check(review_rubric_t *rubric, review_error_t *err, const bad_t *bad,
    const char *pointer)
{
    ok(rubric == NULL, "wrong: %.60s", bad->json);

    tap_is_str(err->pointer, strlen(err->pointer), pointer, __FILE__,
               __LINE__, "pointer");

    if (bad->text) {
        tap_is_str(err->text, strlen(err->text), bad->text, __FILE__,
                   __LINE__, "text");

    } else {
        ok(err->text[0] != '\0', "text: %s", err->text);
    }
}


static void
test_bad(review_pool_t *pool)
{
    char             text[1024], pointer[256];
    size_t           i;
    review_error_t   err;
    review_rubric_t *rubric;

    for (i = 0; i < sizeof(rubrics) / sizeof(rubrics[0]); i++) {
        rubric = load(pool, rubrics[i].json, &err);
        check(rubric, &err, &rubrics[i], rubrics[i].pointer);
    }

    for (i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        snprintf(text, sizeof(text), "{'name':'n','points':[%s]}",
                 points[i].json);
        snprintf(pointer, sizeof(pointer), "/points/0%s", points[i].pointer);

        rubric = load(pool, text, &err);
        check(rubric, &err, &points[i], pointer);
    }
}


static void
test_lengths(review_pool_t *pool)
{
    char             *text, *long_text;
    review_error_t    err;
    review_rubric_t  *rubric;

    text = malloc(8192);
    long_text = malloc(8192);
    memset(long_text, 'x', 8192);

#define load_long(n, fmt)                                                     \
    snprintf(text, 8192, "{'name':'n','points':[" fmt "]}", n, long_text);    \
    rubric = load(pool, text, &err)

    load_long(128, "{'id':'%.*s','question':'q'}");
    ok(rubric && rubric->points[0].id.len == 128, "an id of 128 bytes");

    load_long(129, "{'id':'%.*s','question':'q'}");
    ok(rubric == NULL && strcmp(err.pointer, "/points/0/id") == 0
       && strcmp(err.text, "must not be longer than 128 bytes, got 129") == 0,
       "not of 129: %s", err.text);

    load_long(4096, "{'id':'a','rule':'%.*s'}");
    ok(rubric && rubric->points[0].rule->pattern.len == 4096,
       "a regex of 4096 bytes");

    load_long(4097, "{'id':'a','rule':{'pattern':'%.*s'}}");
    ok(rubric == NULL && strcmp(err.pointer, "/points/0/rule/pattern") == 0,
       "not of 4097: %s", err.text);

    load_long(4097, "{'id':'a','question':'q','when':'%.*s'}");
    ok(rubric == NULL && strcmp(err.pointer, "/points/0/when") == 0,
       "nor one that gates: %s", err.text);

    free(text);
    free(long_text);
}


static void
test_defaults(review_pool_t *pool)
{
    review_point_t   *p;
    review_error_t    err;
    review_rubric_t  *rubric;

    rubric = load(pool, "{'name':'招标','points':[{'id':'资质','question':'有?'},"
                  "{'id':'r','rule':'保证金'}]}", &err);

    ok(rubric != NULL, "a rubric of few words: %s", err.text);

    if (rubric == NULL) {
        return;
    }

    is_str(rubric->name, "招标", "name");
    is_str(rubric->version, "", "version");
    is_str(rubric->model, "", "model");
    is_str(rubric->system, "", "system");
    is_str(rubric->language, "zh", "language");
    ok(rubric->npoints == 2, "points");

    p = &rubric->points[0];
    is_str(p->id, "资质", "id");
    is_str(p->title, "资质", "the title is the id");
    is_str(p->question, "有?", "question");
    ok(p->severity == REVIEW_SEVERITY_MAJOR, "severity");
    ok(p->when.pattern.data == NULL && p->when.regex == NULL, "no gate");
    ok(p->rule == NULL && p->prompts == NULL && p->nprompts == 0,
       "the default prompt");
    ok(p->max_tokens == 0 && p->temperature == -1 && p->data == NULL,
       "nothing set");

    p = &rubric->points[1];
    ok(p->rule && p->rule->match == REVIEW_VERDICT_PASS
       && p->rule->no_match == REVIEW_VERDICT_FAIL && p->rule->regex == NULL,
       "verdicts of a rule");
    is_str(p->rule->pattern, "保证金", "pattern");
    is_str(p->rule->reason, "", "reason");
}


static void
test_all(review_pool_t *pool)
{
    review_point_t   *p;
    review_error_t    err;
    review_rubric_t  *rubric;

    rubric = load(pool,
        "{'$schema':'s','name':'n','version':'2.1','language':'en',"
        "'model':'m','system':'sys','_note':[1],'x-tool':{},'points':["
        "{'id':'a','title':'A','severity':'fatal','question':'q',"
        "'when':'w.*','prompt':'{{chunk}} p','max_tokens':1000000,"
        "'temperature':2,'data':{'type':'object'},'_todo':'later'},"
        "{'id':'b','severity':'info','steps':['one','two {{answer}}'],"
        "'temperature':0.25},"
        "{'id':'c','title':'','question':'why',"
        "'when':{'pattern':'x','raw':true},'rule':{'raw':true,"
        "'pattern':'y','match':'fail','no_match':'not_applicable',"
        "'reason':'re','suggestion':'su','$comment':1}}]}", &err);

    ok(rubric != NULL, "a rubric with everything: %s %s", err.pointer,
       err.text);

    if (rubric == NULL) {
        return;
    }

    is_str(rubric->version, "2.1", "version");
    is_str(rubric->language, "en", "language");
    is_str(rubric->model, "m", "model");
    is_str(rubric->system, "sys", "system");

    p = &rubric->points[0];
    is_str(p->title, "A", "title");
    is_str(p->when.pattern, "w.*", "when");
    ok(!p->when.raw && strcmp(p->when.member, "/when") == 0, "a string");
    ok(p->severity == REVIEW_SEVERITY_FATAL, "severity");
    ok(p->nprompts == 1 && p->prompts[0]->chunk, "prompt");
    ok(p->max_tokens == 1000000 && p->temperature == 2, "numbers");
    ok(json_is_object(p->data), "data");

    p = &rubric->points[1];
    ok(p->nprompts == 2 && p->prompts[1]->nparts == 2 && !p->prompts[1]->chunk,
       "steps");
    ok(p->temperature == 0.25, "a temperature");

    p = &rubric->points[2];
    is_str(p->title, "c", "an empty title is none");
    is_str(p->when.pattern, "x", "when, as an object");
    ok(strcmp(p->when.member, "/when/pattern") == 0, "and where it stands");
    ok(p->when.raw && p->rule->raw, "for the text itself alone");
    is_str(p->rule->pattern, "y", "pattern");
    is_str(p->rule->reason, "re", "reason");
    is_str(p->rule->suggestion, "su", "suggestion");
    ok(p->rule->match == REVIEW_VERDICT_FAIL
       && p->rule->no_match == REVIEW_VERDICT_NOT_APPLICABLE, "verdicts");

    ok(review_rubric_point(rubric, "b", 1) == &rubric->points[1], "found");
    ok(review_rubric_point(rubric, "bb", 1) == &rubric->points[1],
       "found by length");
    ok(review_rubric_point(rubric, "B", 1) == NULL, "another case");
    ok(review_rubric_point(rubric, "", 0) == NULL, "an empty id");
}


/* 1,000 points fit, 1,001 don't; each is found */

static void
test_many(review_pool_t *pool)
{
    int               i, found;
    char              id[16];
    review_buf_t      b;
    review_error_t    err;
    review_point_t   *point;
    review_rubric_t  *rubric;

    review_buf_init(&b, pool, 64 * 1024);
    review_buf_puts(&b, "{\"name\":\"n\",\"points\":[");

    for (i = 0; i < 1000; i++) {
        review_buf_puts(&b, "{\"id\":\"p");
        review_buf_number(&b, (uint64_t) i);
        review_buf_puts(&b, "\",\"question\":\"q\"},");
    }

    b.data[b.len - 1] = ']';
    review_buf_puts(&b, "}");

    rubric = review_rubric_load(pool, b.data, b.len, &err);
    ok(rubric && rubric->npoints == 1000, "1000 points");

    for (i = 0, found = 0; rubric && i < 1000; i++) {
        point = review_rubric_point(rubric, id,
                                    (size_t) sprintf(id, "p%d", i));
        found += (point == &rubric->points[i]);
    }

    ok(found == 1000, "all are found");

    b.len -= 2;
    review_buf_puts(&b, ",{\"id\":\"x\",\"question\":\"q\"}]}");

    rubric = review_rubric_load(pool, b.data, b.len, &err);
    ok(rubric == NULL && strcmp(err.pointer, "/points") == 0
       && strcmp(err.text, "must have 1 to 1000 points, got 1001") == 0,
       "1001 points: %s", err.text);
}


/* what the schemas of all points may have is more than one may */

static void
test_schemas(review_pool_t *pool)
{
    int               i, k, n;
    review_buf_t      b;
    review_error_t    err;
    review_rubric_t  *rubric;

    for (n = 50; n <= 51; n++) {
        review_buf_init(&b, pool, 64 * 1024);
        review_buf_puts(&b, "{\"name\":\"n\",\"points\":[");

        for (i = 0; i < n; i++) {
            review_buf_puts(&b, "{\"id\":\"p");
            review_buf_number(&b, (uint64_t) i);
            review_buf_puts(&b, "\",\"question\":\"q\",\"data\":{\"enum\":[");

            for (k = 0; k < 998; k++) {
                review_buf_puts(&b, "1,");
            }

            b.data[b.len - 1] = ']';
            review_buf_puts(&b, "}},");
        }

        b.data[b.len - 1] = ']';
        review_buf_puts(&b, "}");

        rubric = review_rubric_load(pool, b.data, b.len, &err);

        ok(n == 50 ? rubric != NULL
                   : rubric == NULL
                     && strcmp(err.pointer, "/points/50/data") == 0
                     && strstr(err.text, "at most 50000 values together"),
           "%d schemas of 1000 values: %s", n, n == 50 ? "" : err.text);
    }
}


/* a point of a request: its pointer begins where it stands */

static void
test_point(review_pool_t *pool)
{
    json_t          *json;
    review_point_t   point;
    review_error_t   err;

    json = json_pack("{s:s, s:s}", "id", "a", "question", "q");
    ok(review_rubric_point_load(pool, json, "/points/7", &point, &err) == 0,
       "a point of its own");

    json_object_set_new(json, "steps", json_pack("[s, s]", "p", "{{x}}"));
    ok(review_rubric_point_load(pool, json, "/points/7", &point, &err) == -1
       && strcmp(err.pointer, "/points/7/steps/1") == 0,
       "its error: %s", err.pointer);

    json_decref(json);
}


static void *
no_memory(review_pool_t *pool, size_t size)
{
    void  **left;

    left = pool->ctx;

    if ((*(int *) left[0])-- <= 0) {
        return NULL;
    }

    return ((review_pool_t *) left[1])->alloc(left[1], size);
}


static int
no_cleanup(review_pool_t *pool, void (*handler)(void *), void *data)
{
    void  **left;

    left = pool->ctx;

    if ((*(int *) left[0])-- <= 0) {
        return -1;
    }

    return ((review_pool_t *) left[1])->cleanup(left[1], handler, data);
}


/* memory that runs out at any place is an error, and nothing leaks */

static void
test_memory(review_pool_t *pool)
{
    int               i, left;
    void             *ctx[2];
    review_pool_t     small;
    review_error_t    err;
    review_rubric_t  *rubric;

    ctx[0] = &left;
    ctx[1] = pool;

    small.alloc = no_memory;
    small.cleanup = no_cleanup;
    small.ctx = ctx;

    for (i = 0, rubric = NULL; rubric == NULL && i < 100; i++) {
        left = i;
        rubric = load(&small, "{'name':'n','points':[{'id':'a','rule':'x'},"
                      "{'id':'b','prompt':'p\\n{{chunk}}'},"
                      "{'id':'c','steps':['a{{answer}}','b']}]}", &err);

        if (rubric == NULL && strcmp(err.text, "no memory") != 0) {
            break;
        }
    }

    ok(rubric && i > 10, "loaded with memory for %d allocations, not with "
       "less", i);
}


int
main(void)
{
    review_pool_t  *pool;

    pool = tap_pool();

    test_bad(pool);
    test_lengths(pool);
    test_defaults(pool);
    test_all(pool);
    test_many(pool);
    test_schemas(pool);
    test_point(pool);
    test_memory(pool);

    tap_pool_free(pool);

    return tap_end();
}
