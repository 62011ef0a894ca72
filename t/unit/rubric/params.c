
/*
 * Parameters of a call: what they may be, who may set which, and what stands in
 * a body where a point, its rubric, an LLM and we ourselves have the same one.
 */

#include "review/rubric/prompt.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>


typedef struct {
    const char  *json;
    int          client;
    const char  *pointer;
    const char  *text;           /* how it begins; NULL: it is good */
} load_t;

typedef struct {
    const char  *text;
    const char  *value;          /* NULL: it is wrong */
} set_t;

typedef struct {
    const char  *point;          /* members of it */
    const char  *params;         /* the point's, the rubric's, the LLM's */
    const char  *rubric;
    const char  *llm;
    int          max_tokens;     /* the question's */
    const char  *tail;           /* what the body ends with */
    int          bound;
} body_t;


static review_pool_t  *pool;


static const load_t  loads[] = {
    { "{}", 0, "", NULL },
    { "{'a':1,'b':null,'中':{'x':[1,'y']}}", 0, "", NULL },
    { "{'temperature':null,'top_p':0.5,'seed':7,'reasoning_effort':'low',"
      "'chat_template_kwargs':{'enable_thinking':false,'thinking':true},"
      "'max_tokens':1000000,'enable_thinking':true}", 1, "", NULL },

    /* nobody may */

    { "{'messages':[]}", 0, "/params/messages", "\"messages\" is no para" },
    { "{'model':'x'}", 0, "/params/model", "\"model\" is no parameter" },
    { "{'stream':null}", 0, "/params/stream", "\"stream\" is no parameter" },
    { "{'':1}", 0, "/params/", "the name of a parameter must have 1 to 64" },
    { "{'a\\u0001':1}", 0, "/params/a\x01", "the name of a parameter must" },
    { "{'a':[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", 0, "/params/a",
      "must not be nested more than 16 times" },
    { "{'a':[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", 0, "", NULL },

    /* a client may not */

    { "{'messages':[]}", 1, "/params/messages", "\"messages\" is no para" },
    { "{'n':5}", 1, "/params/n", "is not for a request to set" },
    { "{'n':null}", 1, "/params/n", "is not for a request to set" },
    { "{'tools':[]}", 1, "/params/tools", "is not for a request to set" },
    { "{'response_format':null}", 1, "/params/response_format",
      "is not for a request to set" },
    { "{'stream_options':null}", 1, "/params/stream_options",
      "is not for a request to set" },
    { "{'api_base':'http://a'}", 1, "/params/api_base", "is not for" },
    { "{'chat_template':'{{x}}'}", 1, "/params/chat_template", "is not for" },
    { "{'Temperature':1}", 1, "/params/Temperature", "is not for" },
    { "{'temperature':2.5}", 1, "/params/temperature",
      "must be a number from 0 to 2" },
    { "{'temperature':'1'}", 1, "/params/temperature", "must be a number" },
    { "{'seed':1.5}", 1, "/params/seed", "must be an integer" },
    { "{'seed':-1}", 1, "/params/seed",
      "must be an integer from 0 to 2147483647" },
    { "{'max_tokens':0}", 1, "/params/max_tokens",
      "must be an integer from 1 to 1000000" },
    { "{'reasoning_effort':'Ignore all'}", 1, "/params/reasoning_effort",
      "must be a word" },
    { "{'reasoning_effort':''}", 1, "/params/reasoning_effort", "must be a w" },
    { "{'enable_thinking':1}", 1, "/params/enable_thinking", "must be a bool" },
    { "{'chat_template_kwargs':{'tokenize':true}}", 1,
      "/params/chat_template_kwargs/tokenize", "is not for a request to set" },
    { "{'chat_template_kwargs':{'thinking':'x'}}", 1,
      "/params/chat_template_kwargs/thinking", "must be a boolean" },
    { "{'chat_template_kwargs':{'thinking':{'thinking':true}}}", 1,
      "/params/chat_template_kwargs/thinking", "must be a boolean" },
    { "{'chat_template_kwargs':[]}", 1, "/params/chat_template_kwargs",
      "must be an object" },
    { "{'chat_template_kwargs':null}", 1, "", NULL }
};


static const set_t  sets[] = {
    { "off", "" },
    { "'off'", "'off'" },
    { "low", "'low'" },
    { "", "''" },
    { "1", "1" },
    { "-0.5", "-0.5" },
    { "true", "true" },
    { "null", "null" },
    { "OFF", "'OFF'" },
    { "{'enable_thinking': false}", "{'enable_thinking':false}" },
    { " {'a': 1}", "{'a':1}" },
    { "[1, 2]", "[1,2]" },
    { "1 2", "'1 2'" },
    { "{'a': 1", NULL },
    { "['a'", NULL },
    { "'a", NULL },
    { "{'a':1,'a':2}", NULL },
    { "\xff", NULL }
};


#define OURS  "'stream':true,'stream_options':{'include_usage':true}"

static const body_t  bodies[] = {
    { "", "", "", "", 0, "'temperature':0," OURS "}", 0 },
    { "", "", "", "'a':1,'b':'x'", 0, "'temperature':0," OURS ",'a':1,'b':'x'}",
      0 },

    /* the first one of a name counts */

    { "", "'a':1", "'a':2,'b':2", "'a':3,'b':3,'c':3", 0,
      "'temperature':0," OURS ",'a':1,'b':2,'c':3}", 0 },
    { "", "'a':null", "'b':null", "'a':3,'b':3,'c':3", 0,
      "'temperature':0," OURS ",'c':3}", 0 },
    { "", "'a':{'x':1}", "", "'a':{'y':2}", 0,
      "'temperature':0," OURS ",'a':{'x':1}}", 0 },

    /* in place of ours */

    { "", "", "", "'temperature':null", 0, "]," OURS "}", 0 },
    { "", "", "", "'temperature':1", 0, "'temperature':1," OURS "}", 0 },
    { "", "", "'temperature':0.5", "'temperature':null", 0,
      "'temperature':0.5," OURS "}", 0 },
    { ",'temperature':0.7", "", "'temperature':0.5", "'temperature':null", 0,
      "'temperature':0.7," OURS "}", 0 },
    { ",'temperature':0.7", "'temperature':null", "", "", 0, "]," OURS "}", 0 },
    { "", "", "", "'stream_options':null", 0,
      "'temperature':0,'stream':true}", 0 },
    { "", "", "", "'stream_options':{'include_usage':false}", 0,
      "'stream':true,'stream_options':{'include_usage':false}}", 0 },
    { "", "", "", "'response_format':{'type':'text'}", 0,
      OURS ",'response_format':{'type':'text'}}", 0 },

    /* how many tokens there may be */

    { "", "", "", "'max_tokens':9", 0, "0,'max_tokens':9," OURS "}", 9 },
    { ",'max_tokens':5", "", "'max_tokens':7", "'max_tokens':9", 0,
      "'max_tokens':5," OURS "}", 5 },
    { ",'max_tokens':5", "'max_tokens':6", "'max_tokens':7", "", 0,
      "'max_tokens':6," OURS "}", 6 },
    { ",'max_tokens':5", "'max_tokens':null", "", "", 0,
      "'temperature':0," OURS "}", 0 },
    { "", "", "'max_tokens':7", "'max_tokens':9", 20,
      "'max_tokens':20," OURS "}", 20 },
    { "", "", "", "'max_tokens':null", 20, "'temperature':0," OURS "}", 0 },
    { ",'max_tokens':5", "'max_tokens':6", "", "'max_tokens':9", -1,
      "'temperature':0," OURS "}", 0 },
    { "", "", "", "'max_tokens':'inf'", 0, "'max_tokens':'inf'," OURS "}", 0 }
};


/* with quotes for apostrophes */

static char *
quoted(const char *text)
{
    char  *copy, *p;

    copy = review_alloc(pool, strlen(text) + 1);
    strcpy(copy, text);

    for (p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    return copy;
}


static json_t *
load(const char *text)
{
    char            *copy;
    json_t          *json;
    review_error_t   err;

    copy = quoted(text);
    json = review_json_parse(copy, strlen(copy), &err);

    if (json == NULL || review_pool_own_json(pool, json) != 0) {
        printf("Bail out! the JSON of a test is wrong: %s\n", text);
        exit(1);
    }

    return json;
}


static void
set_params(const char *members, review_params_t *params)
{
    char             text[1024];
    review_error_t   err;

    memset(params, 0, sizeof(*params));
    snprintf(text, sizeof(text), "{%s}", members);

    ok(review_params_load(pool, load(text), "", 0, params, &err) == 0,
       "parameters: %s", members);
}


static void
test_loads(void)
{
    int               rc;
    size_t            i;
    const load_t     *test;
    review_error_t    err;
    review_params_t   params;

    for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        test = &loads[i];

        memset(&err, 0, sizeof(err));
        memset(&params, 0, sizeof(params));

        rc = review_params_load(pool, load(test->json), "/params",
                                test->client, &params, &err);

        ok(rc == (test->text ? -1 : 0), "%s of a %s: %s", test->json,
           test->client ? "client" : "rubric", rc ? err.text : "");

        if (test->text) {
            ok(strcmp(err.pointer, test->pointer) == 0, "where: %s",
               err.pointer);
            ok(strncmp(err.text, test->text, strlen(test->text)) == 0,
               "what: %s", err.text);
        }
    }
}


static void
test_bounds(void)
{
    char             *text;
    size_t            i, len;
    json_t           *json;
    review_error_t    err;
    review_params_t   params;

    for (len = 64; len <= 65; len++) {
        json = json_object();

        for (i = 0; i < len; i++) {
            text = review_alloc(pool, 32);
            snprintf(text, 32, "n%zu", i);
            json_object_set_new(json, text, json_true());
        }

        memset(&params, 0, sizeof(params));
        ok(review_params_load(pool, json, "", 0, &params, &err)
           == (len == 64 ? 0 : -1), "%zu parameters", len);
        json_decref(json);
    }

    for (len = 16382; len <= 16383; len++) {
        text = review_alloc(pool, len);
        memset(text, 'x', len);
        json = json_object();
        json_object_set_new(json, "a", json_stringn(text, len));

        memset(&params, 0, sizeof(params));
        ok(review_params_load(pool, json, "", 0, &params, &err)
           == (len == 16382 ? 0 : -1), "%zu bytes", len + 2);
        json_decref(json);
    }

    for (len = 64; len <= 65; len++) {
        text = review_alloc(pool, len + 1);
        memset(text, 'x', len);
        text[len] = '\0';
        json = json_object();
        json_object_set_new(json, text, json_true());

        memset(&params, 0, sizeof(params));
        ok(review_params_load(pool, json, "", 0, &params, &err)
           == (len == 64 ? 0 : -1), "a name of %zu bytes", len);
        json_decref(json);
    }
}


static void
test_sets(void)
{
    int              rc;
    size_t           i;
    review_str_t     name = review_string("a"), text;
    review_param_t   param;
    review_error_t   err;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        text.data = quoted(sets[i].text);
        text.len = strlen(text.data);

        memset(&err, 0, sizeof(err));
        rc = review_params_set(pool, &name, &text, &param, &err);

        ok(rc == (sets[i].value ? 0 : -1), "%s: %s", sets[i].text,
           rc ? err.text : "");

        if (rc == 0 && sets[i].value) {
            ok(param.value.len == strlen(sets[i].value)
               && (param.value.len == 0
                   || memcmp(param.value.data, quoted(sets[i].value),
                             param.value.len) == 0), "is %s", sets[i].value);
        }
    }

    name.data = "stream";
    name.len = 6;
    text.data = "off";
    text.len = 3;
    ok(review_params_set(pool, &name, &text, &param, &err) == -1,
       "stream is none: %s", err.text);
}


static void
test_bodies(void)
{
    char                json[1024], *tail;
    size_t              i, k, n, len;
    review_buf_t        b;
    review_llm_t        llm;
    const body_t       *test;
    review_str_t        chunk = review_string("c"), *pieces;
    review_error_t      err;
    review_point_t      point;
    review_prompt_t    *prompt;
    review_params_t     of_point, of_rubric;
    review_subject_t    subject;
    review_question_t   question;

    memset(&subject, 0, sizeof(subject));
    memset(&llm, 0, sizeof(llm));

    subject.chunk = chunk;
    llm.stream = 1;

    prompt = review_prompt_create(pool, &subject);
    ok(prompt != NULL, "a prompt");

    for (i = 0; i < 2 * sizeof(bodies) / sizeof(bodies[0]); i++) {
        test = &bodies[i / 2];
        llm.tokens = i % 2 ? "max_completion_tokens" : "max_tokens";

        snprintf(json, sizeof(json), "{'id':'p','question':'q'%s}",
                 test->point);
        ok(review_rubric_point_load(pool, load(json), "", &point, &err) == 0,
           "a point");

        set_params(test->params, &of_point);
        set_params(test->rubric, &of_rubric);
        set_params(test->llm, &llm.params);

        memset(&question, 0, sizeof(question));
        question.point = &point;
        question.max_tokens = test->max_tokens;
        question.llm = &llm;
        question.params[0] = &of_point;
        question.params[1] = &of_rubric;

        n = review_prompt_body(prompt, &question, &pieces);
        review_buf_init(&b, pool, 0);

        for (k = 0; k < n; k++) {
            review_buf_str(&b, &pieces[k]);
        }

        tail = quoted(test->tail);

        /* however it is called */

        if (i % 2 && strstr(tail, "max_tokens")) {
            snprintf(json, sizeof(json), "%.*s%s%s",
                     (int) (strstr(tail, "max_tokens") - tail), tail,
                     llm.tokens, strstr(tail, "max_tokens") + 10);
            tail = quoted(json);
        }

        len = strlen(tail);

        ok(b.len > len && memcmp(b.data + b.len - len, tail, len) == 0,
           "ends with %s", tail);

        if (b.len > len && memcmp(b.data + b.len - len, tail, len) != 0) {
            printf("# %.*s\n", 200, b.data + b.len - 200);
        }

        ok(review_prompt_body_tokens(&question) == test->bound,
           "%d tokens at most", test->bound);
    }
}


int
main(void)
{
    pool = tap_pool();

    test_loads();
    test_bounds();
    test_sets();
    test_bodies();

    return tap_end();
}
