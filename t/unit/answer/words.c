
/*
 * What is wrong with an answer is told in Chinese to an LLM that is spoken to
 * in Chinese: each kind of answer that can't be understood, of a value that
 * does not satisfy its schema, and of JSON that is none.
 */

#include "tap.h"
#include "review/answer/answer.h"
#include "review/answer/answer_words.h"
#include "review/json/json.h"


static review_pool_t  *pool;


/* a word of English, which is neither a name nor what was got, or NULL */

static const char *
english(const char *text)
{
    size_t  n;

    for ( /* void */ ; *text; text += n ? n : 1) {
        n = strspn(text, "abcdefghijklmnopqrstuvwxyz");

        if (n > 3 && text[n] == ' ' && text[n + 1] >= 'a' && text[n + 1] <= 'z')
        {
            return text;
        }
    }

    return NULL;
}


static void
told(const review_error_t *err, const char *in)
{
    review_buf_t  b;

    review_buf_init(&b, pool, 0);
    review_answer_words_zh(&b, err);
    review_buf_add(&b, "", 1);

    ok(strcmp(b.data, err->text) != 0 && english(b.data) == NULL
       && strstr(b.data, in), "%s: %s", err->text, b.data);
}


/* single quotes stand for double ones */

static void
answer(const char *schema, const char *content, const char *in)
{
    char                   *p;
    review_error_t          err;
    review_answer_t         said;
    review_answer_given_t   given;

    memset(&given, 0, sizeof(given));

    if (schema) {
        p = strcpy(review_alloc(pool, strlen(schema) + 1), schema);
        schema = p;

        for ( /* void */ ; *p; p++) {
            *p = (*p == '\'') ? '"' : *p;
        }

        given.schema = json_loads(schema, 0, NULL);
        (void) review_pool_own_json(pool, given.schema);
    }

    err.text[0] = '\0';

    ok(review_answer_parse(pool, content, strlen(content), &given, &said, &err)
       != 0, "wrong: %s", content);
    told(&err, in);
}


static void
json(const char *text, const char *in)
{
    review_error_t  err;

    ok(review_json_parse(text, strlen(text), &err) == NULL, "wrong: %s", text);
    told(&err, in);
}


static void
data(const char *schema, const char *value, const char *in)
{
    char  content[512];

    snprintf(content, sizeof(content), "{\"verdict\":\"fail\",\"data\":%s}",
             value);
    answer(schema, content, in);
}


int
main(void)
{
    review_error_t  err;
    review_buf_t    b;

    pool = tap_pool();

    answer(NULL, "", "回答为空");
    answer(NULL, "不知道", "应为一个 JSON 对象，得到的却是 \"不知道\"");
    answer(NULL, "<think>想", "回答在思考过程中就结束了");
    answer(NULL, "{\"verdict\":\"fail\"", "JSON 对象不完整");
    answer(NULL, "{\"verdict\":\"fail\"}{\"verdict\":\"pass\"}", "互不一致");
    answer(NULL, "{\"verdict\":\"fail\"} \"reason\":\"x\"}",
           "对象之外却还有成员");
    answer(NULL, "verdict: fail {\"verdict\":\"pass\"}", "还有另一个结论");
    answer(NULL, "{\"verdict\":\"fail\",\"a\":'b',\"verdict\":\"fail\"}", "");
    answer(NULL, "{'a':'x','b':{verdict:'fail','verdict':'pass'}}", "");
    answer(NULL, "{\"verdict\":\"fail\" \"reason\":\"x\"}",
           "此处应为转义的引号，得到的却是");
    answer(NULL, "{\"verdict\":\"fail\",\"reason\":}", "此处应为一个值");
    answer(NULL, "{\"verdict\":\"fail\",\"reason\":\"a\"b\"}", "此处应为");
    answer(NULL, "{\"reason\":\"x\"}",
           "缺少成员 \"verdict\"，它应为以下之一：\"pass\", \"risk\"");
    answer(NULL, "{\"verdict\":\"maybe\"}", "应为以下之一：\"pass\", \"risk\", "
           "\"fail\", \"not_applicable\", \"unsure\"，得到的却是 \"maybe\"");
    answer("{'required':['a']}", "{\"verdict\":\"fail\"}",
           "缺少成员 \"data\"");

    data("{'required':['金额']}", "{}", "缺少成员 \"金额\"");
    data("{'type':'object'}", "[]", "应为对象，得到的却是");
    data("{'type':'array'}", "1", "应为数组，得到的却是 1");
    data("{'type':'string'}", "1", "应为字符串，得到的却是 1");
    data("{'type':'number'}", "\"x\"", "应为数，得到的却是 \"x\"");
    data("{'type':'integer'}", "1.5", "应为整数，得到的却是 1.5");
    data("{'type':'boolean'}", "\"x\"", "应为布尔值，得到的却是 \"x\"");
    data("{'enum':['a','b']}", "\"c\"", "应为以下之一：\"a\"");
    data("{'const':'a'}", "\"c\"", "应为");
    data("{'anyOf':[{'type':'string'},{'type':'null'}]}", "3", "2 个 Schema");
    data("{'minimum':3}", "2", "不得小于 3，得到的却是 2");
    data("{'maximum':3}", "4", "不得大于 3，得到的却是 4");
    data("{'exclusiveMinimum':3}", "3", "应大于 3");
    data("{'exclusiveMaximum':3}", "3", "应小于 3");
    data("{'minLength':3}", "\"a\"", "至少应有 3 个字符，却有 1 个");
    data("{'maxLength':1}", "\"ab\"", "至多可有 1 个字符，却有 2 个");
    data("{'minItems':3}", "[1]", "至少应有 3 个元素，却有 1 个");
    data("{'maxItems':1}", "[1,2]", "至多可有 1 个元素，却有 2 个");
    data("{'properties':{},'additionalProperties':false}", "{\"a\":1}",
         "此处不允许有这个成员");

    json("{\"a\":1,}", "第 1 行第");
    json("{\"a\" 1}", "成员名之后应为");
    json("{\"a\":1 \"b\":2}", "此处应为 \",\" 或 \"}\"");
    json("[1 2]", "此处应为 \",\" 或 \"]\"");
    json("{a:1}", "双引号中的成员名");
    json("{\"a\":x}", "此处应为一个值");
    json("{\"a\":1,\"a\":2}", "前面已有同名的成员");
    json("{\"a\":\"\n\"}", "字符串中的控制字符应写成 \\u000a");
    json("{\"a\":\"\\d\"}", "反斜杠应写成 \\\\");
    json("{\"a\":\"\\u12\"}", "四个十六进制数字");
    json("{\"a\":\"\\ud800\"}", "代理对缺了一半");
    json("{\"a\":\"\\u0000\"}", "不允许 \\u0000");
    json("{\"a\":1e999}", "数值太大");
    json("{\"a\":[1", "文本就结束了");
    json("{} x", "不得有其他内容");

    /* what nobody has words for is told as it is */

    (void) review_error(&err, "", "%s", "quite another matter");
    review_buf_init(&b, pool, 0);
    review_answer_words_zh(&b, &err);
    ok(b.len == 20 && memcmp(b.data, "quite another matter", 20) == 0,
       "other words stay");

    tap_pool_free(pool);

    return tap_end();
}
