
#include "review/answer/answer_words.h"


#define REVIEW_ANSWER_WORDS_HOLES  4
#define REVIEW_ANSWER_WORDS_DEPTH  3


/*
 * Errors are made in English wherever they are found, for people as well.  Here
 * "*" stands for any text, and comes again in its order; "@" for one whose
 * words are looked up, too; one that does not come again is left out.  The
 * first that fits is taken.
 */

static const char *const  review_answer_words[][2] = {

    /* the object */

    { "the answer is empty", "回答为空" },
    { "the answer ends within its reasoning", "回答在思考过程中就结束了" },
    { "the answer ends early: its JSON object is not complete",
      "回答过早结束，JSON 对象不完整" },
    { "the answer ends early: another one may have been to come",
      "回答过早结束，其后可能还有另一个" },
    { "one JSON object was expected, got several that do not agree",
      "应只有一个 JSON 对象，却有多个互不一致的对象" },
    { "one JSON object was expected, got members outside of it",
      "应只有一个 JSON 对象，对象之外却还有成员" },
    { "one verdict was expected, got another one outside of it",
      "应只有一个结论，对象之外却还有另一个结论" },
    { "the verdict stands in the material, behind what is quoted: quotes "
      "within strings must be escaped",
      "结论与它前面的引文在材料中连在一起，字符串内的引号应转义" },
    { "a JSON object was expected, got only what stands in the material",
      "应为一个 JSON 对象，却只有材料中已有的文字" },
    { "a JSON object was expected, got \"*\"",
      "应为一个 JSON 对象，得到的却是 \"*\"" },
    { "strict JSON was expected: \"*\" stands in it more than once",
      "应为严格的 JSON，\"*\" 却出现了不止一次" },
    { "not JSON: @ was expected, got \"*\"",
      "不是 JSON：此处应为@，得到的却是 \"*\"" },

    /* its members */

    { "member \"verdict\" is missing, it must be @",
      "缺少成员 \"verdict\"，它应为@" },
    { "member \"found\" is missing, it must be @",
      "缺少成员 \"found\"，它应为@" },
    { "member \"*\" is missing", "缺少成员 \"*\"" },
    { "must be at least *, got *", "不得小于 *，得到的却是 *" },
    { "must be at most *, got *", "不得大于 *，得到的却是 *" },
    { "must be greater than *, got *", "应大于 *，得到的却是 *" },
    { "must be less than *, got *", "应小于 *，得到的却是 *" },
    { "must have at least * characters, got *",
      "至少应有 * 个字符，却有 * 个" },
    { "must have at most * characters, got *",
      "至多可有 * 个字符，却有 * 个" },
    { "must have at least * elements, got *",
      "至少应有 * 个元素，却有 * 个" },
    { "must have at most * elements, got *",
      "至多可有 * 个元素，却有 * 个" },
    { "must be @, got *", "应为@，得到的却是 *" },
    { "is not a member that is allowed here", "此处不允许有这个成员" },
    { "matches none of the * schemas of anyOf",
      "与 anyOf 的 * 个 Schema 都不相符" },

    /* JSON */

    { "line *, column *: @", "第 * 行第 * 列：@" },
    { "\":\" was expected after the member's name*", "成员名之后应为 \":\"" },
    { "the \",\" before it is one too many*", "它前面的 \",\" 是多余的" },
    { "@ was expected, got *", "此处应为@，得到的却是 *" },
    { "@ was expected", "此处应为@" },
    { "a member of this name stands before", "前面已有同名的成员" },
    { "a control character in a string must be written *",
      "字符串中的控制字符应写成 *" },
    { "the text ends before the JSON does", "JSON 尚未结束，文本就结束了" },
    { "nothing may follow the JSON value", "JSON 值之后不得有其他内容" },
    { "nested too deeply", "嵌套太深" },
    { "the number is too large", "数值太大" },
    { "JSON has no such escape, a backslash is written *",
      "JSON 没有这种转义，反斜杠应写成 *" },
    { "\\u must be followed by four hexadecimal digits",
      "\\u 之后应为四个十六进制数字" },
    { "\\u0000 (NUL) is not allowed in a text", "文本中不允许 \\u0000" },
    { "half of a surrogate pair stands alone", "代理对缺了一半" },

    /* what is expected */

    { "one of *", "以下之一：*" },
    { "an escaped quote", "转义的引号" },
    { "the end of a string", "字符串的结尾" },
    { "a member's name in double quotes", "双引号中的成员名" },
    { "a member's name", "成员名" },
    { "a closing bracket", "右括号" },
    { "a value", "一个值" },
    { "no deeper nesting", "较浅的嵌套" },
    { "\",\" or \"*\"", " \",\" 或 \"*\"" },
    { "\":\"", " \":\"" },
    { "an object", "对象" },
    { "an array", "数组" },
    { "a string", "字符串" },
    { "a number", "数" },
    { "an integer", "整数" },
    { "a boolean", "布尔值" },
    { "null", " null" }
};


#define review_answer_words_is_hole(c)  ((c) == '*' || (c) == '@')


/* where the pattern's words up to its next hole stand in the text, or NULL */

static const char *
review_answer_words_find(const char *pattern, size_t n, const char *text,
    size_t len)
{
    size_t  i;

    /* those at the end are the last ones of the text */

    if (pattern[n] == '\0') {
        return len >= n && memcmp(text + len - n, pattern, n) == 0
               ? text + len - n : NULL;
    }

    for (i = 0; i + n <= len; i++) {
        if (memcmp(text + i, pattern, n) == 0) {
            return text + i;
        }
    }

    return NULL;
}


/* does the text fit?  What stands for its holes */

static int
review_answer_words_fits(const char *pattern, const char *text, size_t len,
    review_str_t *holes)
{
    size_t       i, n;
    const char  *at;

    n = strcspn(pattern, "*@");

    if (len < n || memcmp(text, pattern, n) != 0) {
        return 0;
    }

    for (i = 0; pattern[n]; i++) {
        text += n;
        len -= n;
        pattern += n + 1;

        n = strcspn(pattern, "*@");
        at = review_answer_words_find(pattern, n, text, len);

        if (at == NULL) {
            return 0;
        }

        holes[i].data = text;
        holes[i].len = (size_t) (at - text);

        len -= holes[i].len;
        text = at;
    }

    return len == n;
}


static void
review_answer_words_say(review_buf_t *b, const review_str_t *text, int depth)
{
    size_t         i, hole;
    const char    *p;
    review_str_t   holes[REVIEW_ANSWER_WORDS_HOLES];

    for (i = 0; depth && i < sizeof(review_answer_words)
                             / sizeof(review_answer_words[0]); i++)
    {
        if (!review_answer_words_fits(review_answer_words[i][0], text->data,
                                      text->len, holes))
        {
            continue;
        }

        for (p = review_answer_words[i][1], hole = 0; *p; p++) {

            if (!review_answer_words_is_hole(*p)) {
                review_buf_add(b, p, 1);

            } else if (*p == '*') {
                review_buf_str(b, &holes[hole++]);

            } else {
                review_answer_words_say(b, &holes[hole++], depth - 1);
            }
        }

        return;
    }

    review_buf_str(b, text);
}


void
review_answer_words_zh(review_buf_t *b, const review_error_t *err)
{
    review_str_t  text;

    text.data = err->text;
    text.len = strlen(err->text);

    review_answer_words_say(b, &text, REVIEW_ANSWER_WORDS_DEPTH);
}
