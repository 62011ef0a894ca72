
/*
 * What models really write becomes the answer that was meant, or an error that
 * says what is wrong: never a verdict that was not given, never an object that
 * was cut off.  Adversarial text takes no more than linear time.
 */

#include "tap.h"
#include "review/answer/answer.h"
#include "review/base/utf8.h"

#include <time.h>


#define PASS    REVIEW_VERDICT_PASS
#define RISK    REVIEW_VERDICT_RISK
#define FAIL    REVIEW_VERDICT_FAIL
#define NA      REVIEW_VERDICT_NOT_APPLICABLE
#define UNSURE  REVIEW_VERDICT_UNSURE
#define NONE    (-1)


/* in contents ^ stands for a double quote */

typedef struct {
    const char  *name;
    const char  *content;
    int          verdict;         /* or NONE: an error */
    const char  *reason;          /* or a part of the error's text */
    const char  *pointer;         /* of the error; "strict" */
} case_t;


#define STRICT  "strict"

#define EARLY   "the answer ends early"
#define DIFFER  "several that do not agree"
#define OUTSIDE "members outside of it"
#define NAMES   "must be one of \"pass\", \"risk\", \"fail\", "               \
                "\"not_applicable\", \"unsure\""


static const case_t  cases[] = {

    /* where the object stands */

    { "one object", "{^verdict^:^pass^,^reason^:^符合^}", PASS, "符合",
      STRICT },
    { "white space around", "\n {^verdict^: ^pass^, ^reason^: ^a^}\r\n", PASS,
      "a", STRICT },
    { "tags inside of a strict object's strings",
      "{^verdict^:^pass^,^reason^:^<think>a</think> ```json {}^}", PASS,
      "<think>a</think> ```json {}", STRICT },
    { "a byte order mark", "\xEF\xBB\xBF{^verdict^:^pass^,^reason^:^a^}", PASS,
      "a", STRICT },
    { "a fence (Qwen)", "```json\n{^verdict^:^risk^,^reason^:^a^}\n```", RISK,
      "a", "" },
    { "a fence without a language, words around",
      "好的，审核结论如下：\n```\n{\n  ^verdict^: ^fail^,\n  ^reason^: ^a^\n}"
      "\n```\n如有疑问请告知。", FAIL, "a", "" },
    { "an object in words", "结论：{^verdict^:^fail^,^reason^:^a^}。以上。",
      FAIL, "a", "" },
    { "braces in the words before it",
      "集合{a, b}与 {x | x > 1} 中，{^verdict^:^fail^,^reason^:^a^}", FAIL,
      "a", "" },
    { "a brace that is never closed",
      "如 { 所示，it's \"x\": {^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "double braces, as in a template", "{{^verdict^:^pass^,^reason^:^a^}}",
      PASS, "a", "" },
    { "braces in a string", "x{^verdict^:^pass^,^reason^:^}{ \\^}{^}y", PASS,
      "}{ \"}{", "" },
    { "a broken one first, the answer last",
      "我将按 {^verdict^: ^pass|risk^, ^reason^: ...} 的格式回答。\n"
      "{^verdict^:^risk^,^reason^:^a^}", NONE, "a value was expected", "" },
    { "a draft that differs first, the answer last",
      "初步：{^verdict^:^pass^,^reason^:^x^}\n修正后：\n```json\n"
      "{^verdict^:^fail^,^reason^:^a^}\n```", NONE, DIFFER, "" },
    { "a draft that agrees first, the answer last",
      "初步：{^verdict^:^fail^,^reason^:^x^,^severity^:null}\n修正后：\n```json"
      "\n{^verdict^:^fail^,^reason^:^a^}\n```", FAIL, "a", "" },
    { "of another severity",
      "{^verdict^:^fail^,^severity^:^info^} {^verdict^:^fail^}", NONE, DIFFER,
      "" },
    { "of other data",
      "{^verdict^:^fail^,^data^:{^a^:1}} {^verdict^:^fail^,^data^:{^a^:2}}",
      NONE, DIFFER, "" },
    { "a wrapper", "{^result^:{^verdict^:^fail^,^reason^:^a^}}", FAIL, "a",
      STRICT },
    { "a wrapper in a wrapper, in words",
      "答：{^output^:[{^result^:{^verdict^:^fail^,^reason^:^a^}}],^n^:1}", FAIL,
      "a", "" },
    { "a wrapper of two that differ",
      "{^a^:{^verdict^:^fail^},^b^:{^verdict^:^pass^}}", NONE, DIFFER, "" },
    { "a part of another behind it",
      "{^verdict^:^fail^,^reason^:^a^}, ^quote^: ^x^", NONE, OUTSIDE, "" },
    { "a name with curly quotes behind it",
      "{^verdict^:^fail^,^reason^:^a^} “reason”", NONE, OUTSIDE, "" },
    { "other words behind it",
      "{^verdict^:^fail^,^reason^:^a^} ^x^: reason: b",
      FAIL, "a", "" },
    { "a brace too many", "{^verdict^:^fail^,^reason^:^a^}}", NONE, OUTSIDE,
      "" },
    { "no braces but those of what it quotes",
      "^verdict^:^fail^,^quote^:^见{'verdict':'pass'}^", NONE, OUTSIDE, "" },
    { "an object without a verdict behind it",
      "{^verdict^:^fail^,^reason^:^a^}\n{^note^:^done^}", FAIL, "a", "" },
    { "and before it", "{^page^: 3}\n{^verdict^:^fail^,^reason^:^a^}", FAIL,
      "a", "" },
    { "a list of one", "[{^verdict^:^fail^,^reason^:^a^}]", FAIL, "a", "" },
    { "a list of one, in a fence",
      "```json\n[\n  {^verdict^:^fail^,^reason^:^a^}\n]\n```", FAIL, "a", "" },
    { "a list of several",
      "[{^verdict^:^fail^,^reason^:^a^},\n{^verdict^:^pass^,^reason^:^b^}]",
      NONE, DIFFER, "" },
    { "tokens of a template (GLM)",
      "<|begin_of_box|>{^verdict^:^fail^,^reason^:^a^}<|end_of_box|>", FAIL,
      "a", "" },
    { "a box of its own", "<answer>{^verdict^:^fail^,^reason^:^a^}</answer>",
      FAIL, "a", "" },

    /* reasoning */

    { "DeepSeek R1",
      "<think>\n嗯，{^verdict^:^pass^}？不对。\n</think>\n\n```json\n"
      "{^verdict^:^fail^,^reason^:^a^}\n```", FAIL, "a", "" },
    { "an empty one (Qwen3)",
      "<think>\n\n</think>\n\n{^verdict^:^pass^,^reason^:^a^}", PASS, "a",
      "" },
    { "a closing tag alone, the template opened it",
      "好的，先看金额 {x}。\n</think>\n"
      "{^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "a closing tag alone behind what may be an answer",
      "好的，先看金额 {^verdict^:^pass^}。\n</think>\n"
      "{^verdict^:^fail^,^reason^:^a^}", NONE, DIFFER, "" },
    { "a tag in an object in the reasoning",
      "<think>如 {^reason^:^</think>{'verdict':'pass'}^}</think>"
      "{^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "a format in the reasoning",
      "<think>{^verdict^: ^pass|fail^, ^reason^: ...}</think>"
      "{^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "two of them, the second with a draft",
      "<think>a</think><think>{^verdict^:^pass^}</think>"
      "{^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "one more behind words",
      "<think>a</think>b<think>{^verdict^:^pass^}</think>"
      "{^verdict^:^fail^,^reason^:^a^}", NONE, DIFFER, "" },
    { "Mistral's",
      "[THINK]{^verdict^:^pass^}?[/THINK]{^verdict^:^fail^,^reason^:^a^}",
      FAIL, "a", "" },
    { "Kimi's",
      "◁think▷{^verdict^:^pass^}?◁/think▷{^verdict^:^fail^,^reason^:^a^}",
      FAIL, "a", "" },
    { "harmony's",
      "<|channel|>analysis<|message|>{^verdict^:^pass^}?<|end|><|start|>"
      "assistant<|channel|>final<|message|>{^verdict^:^fail^,^reason^:^a^}"
      "<|return|>", FAIL, "a", "" },
    { "Mistral's, never closed", "[THINK]{^verdict^:^pass^}? ", NONE,
      "ends within its reasoning", "" },
    { "Mistral's, but nothing else", "[THINK]{^verdict^:^fail^,^reason^:^a^}",
      FAIL, "a", "" },
    { "other names",
      "<thinking>{^verdict^:^pass^}</thinking><Reasoning>x</Reasoning>"
      "{^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "the answer first",
      "{^verdict^:^fail^,^reason^:^a^}<think>{^verdict^:^pass^}</think>", NONE,
      DIFFER, "" },
    { "the answer first, prose in tags",
      "{^verdict^:^fail^,^reason^:^a^}<think>b</think>", FAIL, "a", "" },
    { "nested",
      "<think>a<think>b</think>{^verdict^:^pass^}</think>"
      "{^verdict^:^fail^,^reason^:^a^}", NONE, DIFFER, "" },
    { "never closed, with a draft",
      "<think>看一下。{^verdict^:^fail^,^reason^:^a^}", NONE,
      "ends within its reasoning", "" },
    { "never closed, and nothing but the answer",
      "<think>\n{^verdict^:^fail^,^reason^:^a^}\n", FAIL, "a", "" },
    { "a tag of a model's own",
      "<seed:think>如 {^verdict^:^pass^}</seed:think>"
      "{^verdict^:^fail^,^reason^:^a^}", FAIL, "a", "" },
    { "never closed", "<think>看一下，金额是 80 万", NONE,
      "ends within its reasoning", "" },
    { "never closed, and cut", "<think>x {^verdict^:^fail^,^reas", NONE, EARLY,
      "" },
    { "nothing behind it", "<think>{^verdict^:^pass^}</think>\n", NONE,
      "a JSON object was expected, got \"\"", "" },
    { "other tags are text", "<b><thin></thin> {^verdict^:^fail^}", FAIL, "",
      "" },

    /* repairs */

    { "commas too many",
      "{^verdict^:^fail^,^quote^:[^x^,^y^,],^reason^:^a^,}", FAIL, "a", "" },
    { "single quotes (Python)",
      "{'verdict': 'fail', 'reason': 'it\\'s ^a^', 'data': {'a': [True, False,"
      " None]}, 'quote': None}", FAIL, "it's \"a\"", "" },
    { "an apostrophe in single quotes",
      "{'verdict': 'fail', 'reason': 'it's a don't'}", FAIL, "it's a don't",
      "" },
    { "line ends and tabs in a string",
      "{^verdict^:^fail^,^reason^:^1. a\n\t2. b\r\n\x01^}", FAIL,
      "1. a\n\t2. b\r\n\x01", "" },
    { "typographic quotes around strings",
      "{“verdict”: “fail”, “reason”: “见“附件”一”}", FAIL, "见“附件”一", "" },
    { "typographic quotes and punctuation everywhere",
      "{“verdict”：“fail”，“reason”：“a，b：c”，“quote”：[“x”，“y”]}", FAIL,
      "a，b：c", "" },
    { "two opening ones", "{“verdict“: “fail“, “reason“: “a“}", FAIL, "a", "" },
    { "typographic quotes are text elsewhere",
      "{^verdict^:^fail^,^reason^:^见“附件”：“一”，“二”^,}", FAIL,
      "见“附件”：“一”，“二”", "" },
    { "full-width punctuation",
      "{^verdict^：^fail^，^reason^：^a，b：c^，^quote^：[^x^，^y^]}", FAIL,
      "a，b：c", "" },
    { "full-width spaces", "{　^verdict^: ^fail^,\xC2\xA0^reason^: ^a^　}",
      FAIL, "a", "" },
    { "names without quotes", "{verdict: ^fail^, reason: ^a^}", FAIL, "a",
      "" },
    { "comments",
      "{\n  // 结论\n  ^verdict^: ^fail^, // 见下\n  /* x, ^y^ */ ^reason^: "
      "^http://a/*b*/^ /* z */\n}", FAIL, "http://a/*b*/", "" },
    { "escapes that are needless, and one that is not",
      "{^verdict^:^fail^,^reason^:^\\'a\\（b\\)\\_\\d \\u6295 \\u12 \\\\ \\n^}",
      FAIL, "'a（b)_\\d 投 \\u12 \\ \n", "" },
    { "a quote inside of a string",
      "{^verdict^:^fail^,^reason^:^应为^投标保证金^而非^履约保证金^。^}", FAIL,
      "应为\"投标保证金\"而非\"履约保证金\"。", "" },
    { "a quote before a comma",
      "{^verdict^:^fail^,^reason^:^写明^甲^, 不符合^, ^suggestion^:^b^}", FAIL,
      "写明\"甲\", 不符合", "" },
    { "a quote before the end",
      "{^verdict^:^fail^,^reason^:^写明^甲^^}", FAIL, "写明\"甲\"", "" },
    { "quotes in a list",
      "{^verdict^:^fail^,^reason^:^a^,^quote^:[^写明^甲^等^,^乙^]}", FAIL, "a",
      "" },
    { "a bracket behind a quote is text in an object",
      "{^verdict^:^fail^,^reason^:^[见^甲^]^}", FAIL, "[见\"甲\"]", "" },
    { "an odd quote is not understood",
      "{^verdict^:^fail^,^reason^:^12^寸屏^}", NONE,
      "an escaped quote was expected", "" },
    { "nor one in a list that could be two elements",
      "{^verdict^:^fail^,^quote^:[^他说^甲^, ^乙^等^]}", NONE,
      "an escaped quote", "" },
    { "nor with single quotes",
      "{'verdict':'fail','quote':['他说'甲', '乙'等', '丙']}", NONE,
      "an escaped quote", "" },
    { "a missing comma does not make one string of two",
      "{^verdict^:^fail^,^reason^:^a^\n^suggestion^:^b^}", NONE,
      "an escaped quote", "" },
    { "of single quotes neither",
      "{'verdict':'fail','reason':'a' 'b':'c'}", NONE, "an escaped quote", "" },
    { "numbers", "{^verdict^:^fail^,^reason^:-1.5e3,}", FAIL, "-1500", "" },
    { "numbers that are none", "{^verdict^:^fail^,^reason^:01,}", NONE,
      "\",\" or \"}\" was expected, got \"1,}\"", "" },
    { "words that are no values", "{^verdict^:pass,^reason^:^a^}", NONE,
      "a value was expected, got \"pass,\"reason\"", "" },
    { "two commas", "{^verdict^:^fail^,^confidence^:1,,^reason^:^a^}", NONE,
      "a member's name was expected", "" },
    { "a long comment is none",
      "{^verdict^:^fail^,^confidence^:1, /*"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "*/^reason^:^a^}", NONE, "a member's name was expected", "" },

    /* what is cut is not completed */

    { "cut before the brace", "{^verdict^:^fail^,^reason^:^a^", NONE, EARLY,
      "" },
    { "cut in a string", "{^verdict^:^fail^,^reason^:^投标保证", NONE, EARLY,
      "" },
    { "cut in a name", "{^verdict^:^fail^,^reas", NONE, EARLY, "" },
    { "cut in the first name", "{^verd", NONE, EARLY, "" },
    { "cut at once", "{", NONE, EARLY, "" },
    { "cut behind a name", "{^verdict^:^fail^,^reason^", NONE, EARLY, "" },
    { "cut behind a colon", "{^verdict^:^fail^,^reason^:", NONE, EARLY, "" },
    { "cut in a list", "{^verdict^:^fail^,^quote^:[^a^,^b^", NONE, EARLY, "" },
    { "cut in a literal", "{^verdict^:^fail^,^quote^:nul", NONE, EARLY, "" },
    { "cut in a number", "{^verdict^:^fail^,^confidence^:0.", NONE, EARLY,
      "" },
    { "cut behind a backslash", "{^verdict^:^fail^,^reason^:^a\\", NONE, EARLY,
      "" },
    { "cut in a fence", "```json\n{^verdict^:^fail^,^reason^:^a^\n```", NONE,
      EARLY, "" },
    { "cut behind a number in a fence",
      "```json\n{^verdict^:^fail^,^confidence^:0.9\n```", NONE, EARLY, "" },
    { "cut, with a draft before it",
      "{^verdict^:^pass^}\n{^verdict^:^fail^,^reason^:^a", NONE, EARLY, "" },
    { "cut, with an object inside of it",
      "{^x^:^y^,^data^:{^verdict^:^pass^},^reason^:^a", NONE, EARLY, "" },
    { "broken, with a draft before it",
      "{^verdict^:^pass^}\n{^verdict^:^fail^,^reason^:oops}", NONE,
      "a value was expected, got \"oops}\"", "" },
    { "broken, with an object inside of it",
      "{^verdict^:^fail^,^reason^:oops,^data^:{^verdict^:^pass^}}", NONE,
      "a value was expected", "" },
    { "something else is broken behind it",
      "{^verdict^:^fail^,^reason^:^a^}\n{^note^:oops}", FAIL, "a", "" },
    { "something else is cut behind it",
      "{^verdict^:^fail^,^reason^:^a^}\n{^note^:^", FAIL, "a", "" },

    /* nothing to be found */

    { "nothing", "", NONE, "the answer is empty", "" },
    { "white space", " \n\t", NONE, "the answer is empty", "" },
    { "words", "经审核，该段落符合要求。", NONE,
      "a JSON object was expected, got \"经审核，该段落符合要求。\"", "" },
    { "a list", "[1,2]", NONE, "a JSON object was expected", "" },
    { "an object without a verdict", "{^result^:^pass^}", NONE, "is missing",
      "/verdict" },
    { "an empty object", "{}", NONE, NAMES, "/verdict" },
    { "a NUL", "{^verdict^:^pass^,^reason^:^a\\u0000b^}", NONE, "\\u0000",
      "/reason" },
    { "half of a surrogate pair", "{^verdict^:^pass^,^reason^:^\\ud83d^}",
      NONE, "surrogate", "/reason" },
    { "bytes that are not UTF-8", "{^verdict^:^pass^,^reason^:^\xff^}", NONE,
      "UTF-8", "/reason" },
    { "a huge number", "{^verdict^:^pass^,^data^:1e999}", PASS, "", "" },
    { "a huge number in words", "x {^verdict^:^pass^,^n^:[-1e999,"
      "123456789012345678901234567890],^reason^:^1e999 \\^a^}", PASS,
      "1e999 \"a", "" },
    { "a huge number and another fault", "{^verdict^:^pass^,^data^:1e999,"
      "^reason^:^a\\u0000b^}", NONE, "\\u0000", "/reason" },
    { "a huge number that is repaired", "{^verdict^:^pass^,^n^:1e999,}", PASS,
      "", "" },
    { "a verdict that comes twice", "{^verdict^:^pass^,^verdict^:^fail^}",
      NONE, "a member of this name stands before", "/verdict" },
    { "a verdict in a comment of repaired text",
      "{^quote^:^a^,^\\u0076erdict^:^pass^,/*^,^verdict^:^fail^*/}", NONE,
      "stands in it more than once", "" },
    { "a word of a string in repaired text",
      "{^verdict^:^fail^,^reason^:^VERDICT^,}", NONE,
      "stands in it more than once", "" },
    { "and in a strict one", "{^verdict^:^fail^,^reason^:^verdict^}", FAIL,
      "verdict", STRICT },
    { "and in repaired text", "{verdict:^pass^,verdict:^fail^}", NONE,
      "a member of this name stands before", "/verdict" },

    /* the verdict */

    { "risk", "{^verdict^:^risk^}", RISK, "", STRICT },
    { "unsure", "{^verdict^:^unsure^}", UNSURE, "", STRICT },
    { "capitals, white space", "{^verdict^:^ Fail\\n^}", FAIL, "", STRICT },
    { "a hyphen", "{^verdict^:^Not-Applicable^}", NA, "", STRICT },
    { "a space", "{^verdict^:^NOT APPLICABLE^}", NA, "", STRICT },
    { "not_applicable", "{^verdict^:^not_applicable^}", NA, "", STRICT },
    { "Chinese", "{^verdict^:^通过^}", NONE, NAMES ", got \"通过\"",
      "/verdict" },
    { "a synonym", "{^verdict^:^passed^}", NONE, NAMES ", got \"passed\"",
      "/verdict" },
    { "a choice", "{^verdict^:^pass|fail^}", NONE, NAMES, "/verdict" },
    { "empty", "{^verdict^:^^}", NONE, NAMES ", got \"\"", "/verdict" },
    { "a boolean", "{^verdict^:true}", NONE, NAMES ", got true", "/verdict" },
    { "null", "{^verdict^:null}", NONE, NAMES ", got null", "/verdict" },
    { "a list of one", "{^verdict^:[^pass^]}", PASS, "", STRICT },
    { "a list of two", "{^verdict^:[^pass^,^fail^]}", NONE,
      NAMES ", got an array", "/verdict" },
    { "a list of a list", "{^verdict^:[[^pass^]]}", NONE,
      NAMES ", got an array", "/verdict" },
    { "an empty list", "{^verdict^:[]}", NONE, NAMES, "/verdict" },
    { "a name in capitals", "{^Verdict^:^fail^,^Reason^:^a^}", FAIL, "a",
      STRICT },
    { "in a wrapper", "{^Result^:{^VERDICT^:[^Fail^],^reason^:^a^}}", FAIL,
      "a", STRICT },
    { "in words, broken a bit", "答：{^Verdict^:^fail^,^Reason^:^a^,}。", FAIL,
      "a", "" },
    { "two names that are the same", "{^Verdict^:^fail^,^verdict^:^fail^}",
      FAIL, "", STRICT },
    { "that differ", "{^Verdict^:^fail^,^verdict^:^pass^}", NONE,
      "another one outside of it", "" },
    { "neither of which is right", "{^Verdict^:^fail^,^VERDICT^:^fail^}", NONE,
      "is missing", "/verdict" },
    { "a name of another kind", "{^final_verdict^:^fail^}", NONE, "is missing",
      "/verdict" },
    { "of two objects one in capitals", "{^Verdict^:^fail^} {^verdict^:^pass^}",
      NONE, DIFFER, "" },
    { "a novel",
      "{^verdict^:^投标保证金投标保证金投标保证金投标保证金投标保证金^}", NONE,
      "got \"投标保证金投标保证金投标保证金投标保证...\"", "/verdict" },

    /* reason */

    { "null as reason", "{^verdict^:^pass^,^reason^:null}", PASS, "", STRICT },
    { "a number", "{^verdict^:^pass^,^reason^:80}", PASS, "80", STRICT },
    { "a list", "{^verdict^:^pass^,^reason^:[^a^,^^,^b^]}", PASS, "a\n\nb",
      STRICT },
    { "an empty list", "{^verdict^:^pass^,^reason^:[]}", PASS, "", STRICT },
    { "a list of other things", "{^verdict^:^pass^,^reason^:[^a^,1]}", PASS,
      "a\n1", STRICT },
    { "a list of objects", "{^verdict^:^pass^,^reason^:[{^a^:1},[2],null]}",
      PASS, "{\"a\":1}\n[2]\n", STRICT },
    { "an object", "{^verdict^:^pass^,^reason^:{^a^:^b^}}", PASS,
      "{\"a\":\"b\"}", STRICT },
    { "an empty object", "{^verdict^:^pass^,^reason^:{}}", PASS, "", STRICT },
    { "a boolean as suggestion", "{^verdict^:^pass^,^suggestion^:false}", PASS,
      "", STRICT }
};


static char *
quoted(const char *text)
{
    char  *copy, *p;

    copy = strdup(text);

    for (p = copy; *p; p++) {
        if (*p == '^') {
            *p = '"';
        }
    }

    return copy;
}


/* from a block of its own, for the sanitizer to see its end */

static int
parse(review_pool_t *pool, const char *content, json_t *schema,
    review_answer_t *answer, review_error_t *err)
{
    int                     rc;
    char                   *text, *block;
    size_t                  len;
    review_answer_given_t   given;

    text = quoted(content);
    len = strlen(text);

    block = malloc(len ? len : 1);
    memcpy(block, text, len);
    free(text);

    memset(err, 0, sizeof(*err));

    memset(&given, 0, sizeof(given));
    given.schema = schema;

    rc = review_answer_parse(pool, block, len, &given, answer, err);

    free(block);

    return rc;
}


static void
check(const case_t *test)
{
    int               rc;
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

    pool = tap_pool();

    rc = parse(pool, test->content, NULL, &answer, &err);

    if (test->verdict == NONE) {
        ok(rc == -1, "%s: an error", test->name);
        ok(strstr(err.text, test->reason), "it says: %s", err.text);
        ok(strcmp(err.pointer, test->pointer) == 0, "pointer \"%s\"",
           err.pointer);
        ok(review_utf8_valid(err.text, strlen(err.text)) == strlen(err.text),
           "it is UTF-8");

    } else {
        ok(rc == 0, "%s %s", test->name, err.text);

        if (rc == 0) {
            ok((int) answer.verdict == test->verdict, "its verdict");
            is_str(answer.reason, test->reason, "its reason");
            ok(answer.strict == (strcmp(test->pointer, STRICT) == 0),
               "strict or not");
        }
    }

    tap_pool_free(pool);
}


/* the names of the notes, with blanks between them */

static const char *
notes_of(const review_answer_t *answer)
{
    int          i;
    static char  text[512];

    text[0] = '\0';

    for (i = 0; review_notes[i]; i++) {
        if (answer->notes & (1u << i)) {
            sprintf(text + strlen(text), "%s%s", text[0] ? " " : "",
                    review_notes[i]);
        }
    }

    return text;
}


static void
check_confidence(void)
{
    size_t            i;
    char              content[128];
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

#define MAPPED   "confidence_mapped"
#define DROPPED  "confidence_dropped"

    static const struct {
        const char  *json;
        double       value;
        const char  *notes;
    } tests[] = {
        { "0.85", 0.85, "" }, { "0", 0, "" }, { "1", 1, "" }, { "1.0", 1, "" },
        { "85", 0.85, MAPPED }, { "100", 1, MAPPED }, { "100.5", -1, DROPPED },
        { "-0.5", -1, DROPPED }, { "^0.85^", 0.85, "" },
        { "^ 0.85 ^", 0.85, "" }, { "^.9^", 0.9, "" },
        { "^85%^", 0.85, MAPPED }, { "^85％^", 0.85, MAPPED },
        { "^85%％^", -1, DROPPED }, { "^85 %^", 0.85, MAPPED },
        { "^85^", 0.85, MAPPED }, { "^1%^", 0.01, MAPPED },
        { "^100%^", 1, MAPPED }, { "^120%^", -1, DROPPED }, { "^0^", 0, "" },
        { "^^", -1, "" }, { "^ ^", -1, "" }, { "^high^", -1, DROPPED },
        { "^高^", -1, DROPPED }, { "^-0.5^", -1, DROPPED },
        { "^0x1^", -1, DROPPED }, { "^nan^", -1, DROPPED },
        { "^inf^", -1, DROPPED }, { "^0.8.1^", -1, DROPPED },
        { "^8/10^", -1, DROPPED }, { "^%^", -1, DROPPED },
        { "^％^", -1, DROPPED }, { "^85%%^", -1, DROPPED },
        { "^.^", -1, DROPPED },
        { "^0.80000000000000000000000000000000001^", -1, DROPPED },
        { "null", -1, "" }, { "true", -1, DROPPED }, { "[0.5]", -1, DROPPED },
        { "{}", -1, DROPPED },

        /* such as are no JSON */

        { ".9", 0.9, "" }, { "95%", 0.95, MAPPED }, { "95％", 0.95, MAPPED },
        { ".9%", 0.009, MAPPED }, { "NaN", -1, DROPPED },
        { "nan", -1, DROPPED }, { "Infinity", -1, DROPPED },
        { "-Infinity", -1, DROPPED }, { "1e400", -1, DROPPED },
        { "-1e400", -1, DROPPED }, { "1.0e400", -1, DROPPED },
        { "1e-400", 0, "" },
        { "12345678901234567890123", -1, DROPPED }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        snprintf(content, sizeof(content),
                 "{^verdict^:^pass^,^confidence^:%s}", tests[i].json);

        ok(parse(pool, content, NULL, &answer, &err) == 0
           && answer.confidence > tests[i].value - 1e-9
           && answer.confidence < tests[i].value + 1e-9,
           "confidence %s: %g %s", tests[i].json, answer.confidence, err.text);
        ok(strcmp(notes_of(&answer), tests[i].notes) == 0, "notes: %s",
           notes_of(&answer));
    }

    (void) parse(pool, "{^verdict^:^pass^}", NULL, &answer, &err);

    ok(answer.confidence == -1, "no confidence");

    ok(parse(pool, "{^verdict^:^pass^,^confidence^:.}", NULL, &answer, &err)
       == -1, "a point is no number");

    tap_pool_free(pool);
}


static void
check_severity(void)
{
    size_t            i;
    char              content[128];
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

    static const struct {
        const char  *json;
        int          severity;
        const char  *notes;
    } tests[] = {
        { "^fatal^", REVIEW_SEVERITY_FATAL, "" }, { "^Major^", 1, "" },
        { "^ minor ^", REVIEW_SEVERITY_MINOR, "" }, { "^INFO^", 3, "" },
        { "null", -1, "" }, { "^^", -1, "" }, { "^ ^", -1, "" },
        { "^严重^", 1, "severity_mapped" }, { "^high^", 1, "severity_mapped" },
        { "^ High ^", 1, "severity_mapped" },
        { "[^high^]", 1, "severity_mapped" },
        { "[^fatal^]", 0, "severity_mapped" },
        { "^critical^", 0, "severity_mapped" },
        { "^一般^", 2, "severity_mapped" }, { "^提示^", 3, "severity_mapped" },
        { "^low^", 2, "severity_mapped" },
        { "^无^", -1, "severity_dropped" },
        { "^none^", -1, "severity_dropped" },
        { "^N/A^", -1, "severity_dropped" },
        { "^highest of all^", -1, "severity_dropped" },
        { "3", -1, "severity_dropped" }, { "[]", -1, "severity_dropped" },
        { "false", -1, "severity_dropped" },
        { "{^a^:1}", -1, "severity_dropped" }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        snprintf(content, sizeof(content),
                 "{^verdict^:^fail^,^severity^:%s}", tests[i].json);

        ok(parse(pool, content, NULL, &answer, &err) == 0
           && answer.severity == tests[i].severity, "severity %s: %d",
           tests[i].json, answer.severity);
        ok(strcmp(notes_of(&answer), tests[i].notes) == 0, "notes: %s",
           notes_of(&answer));
    }

    (void) parse(pool, "{^verdict^:^fail^}", NULL, &answer, &err);

    ok(answer.severity == -1, "no severity");

    tap_pool_free(pool);
}


/* what is mapped or dropped is told, what is as it should be is not */

static void
check_notes(void)
{
    size_t            i;
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

    static const struct {
        const char  *content;
        const char  *notes;
    } tests[] = {
        { "{^verdict^:^Not applicable^,^reason^:^a^,^suggestion^:null,"
          "^quote^:^b^,^severity^:^info^,^confidence^:0.5}", "" },
        { "{^verdict^:[^fail^]}", "verdict_mapped" },
        { "{^Verdict^:^fail^}", "names_mapped" },
        { "{^Verdict^:^fail^} {^verdict^:^fail^}", "" },
        { "{^verdict^:^fail^} {^Verdict^:^fail^}", "names_mapped" },
        { "{^verdict^:^fail^,^Note^:^x^}", "" },
        { "{^verdict^:^fail^,^reason^:1,^suggestion^:[^a^,^b^]}", "" },
        { "{^verdict^:^fail^,^reason^:{^a^:1},^suggestion^:[1]}",
          "reason_mapped suggestion_mapped" },
        { "{^verdict^:^fail^,^reason^:true,^suggestion^:false}",
          "reason_dropped suggestion_dropped" },
        { "{^verdict^:^fail^,^suggestion^:[^a^,true,null]}",
          "suggestion_dropped" },
        { "{^verdict^:^fail^,^quote^:[^a^,7]}", "quote_dropped" },
        { "{^verdict^:^fail^,^quote^:[^无^,^^,null]}", "" }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        ok(parse(pool, tests[i].content, NULL, &answer, &err) == 0, "%s %s",
           tests[i].content, err.text);
        ok(strcmp(notes_of(&answer), tests[i].notes) == 0, "notes: %s",
           notes_of(&answer));
    }

    tap_pool_free(pool);
}


static void
check_quotes(void)
{
    size_t            i, j;
    int               rc;
    char              joined[256], content[1024];
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

    static const struct {
        const char  *members;
        const char  *quotes;      /* with | between them */
    } tests[] = {
        { "^quote^:^甲^", "甲" },
        { "^quote^:[^甲^,^乙 丙^]", "甲|乙 丙" },
        { "^quote^:[]", "" },
        { "^quote^:null", "" },
        { "^reason^:^a^", "" },
        { "^quote^:^^", "" },
        { "^quote^:^ \\n　\\t^", "" },
        { "^quote^:[^^,^ 甲 ^,^　　^,null,^乙^]", " 甲 |乙" },
        { "^quotes^:[^甲^]", "甲" },
        { "^quote^:null,^quotes^:^甲^", "甲" },
        { "^quote^:^乙^,^quotes^:^甲^", "乙" },
        { "^quote^:[{^quote^:^甲^},{^text^:^乙^},^丙^]", "甲|乙|丙" },
        { "^quote^:{^text^:^甲^,^page^:3}", "甲" },
        { "^quote^:7", "" },
        { "^quote^:true", "" },
        { "^quote^:[^甲^,7]", "甲" },
        { "^quote^:[[^甲^]]", "" },
        { "^quote^:[{^page^:3}]", "" },
        { "^quote^:[{^quote^:7}]", "" },
        { "^quotes^:[^甲^,false]", "甲" },
        { "^quote^:^无^", "" },
        { "^quote^:^（无）。^", "" },
        { "^quote^:^N/A^", "" },
        { "^quote^:^n/a.^", "" },
        { "^quote^:[^None^,^null^,^-^,^不适用^,^暂无^]", "" },
        { "^quote^:^无犯罪记录^", "无犯罪记录" },
        { "^quote^:^nano^", "nano" },
        { "^quote^:^没有^", "没有" },
        { "^quote^:^nananananananananananananananananana^",
          "nananananananananananananananananana" }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        snprintf(content, sizeof(content), "{^verdict^:^fail^,%s}",
                 tests[i].members);

        rc = parse(pool, content, NULL, &answer, &err);

        joined[0] = '\0';

        for (j = 0; rc == 0 && j < answer.nquotes; j++) {
            sprintf(joined + strlen(joined), "%s%.*s", j ? "|" : "",
                    (int) answer.quotes[j].len, answer.quotes[j].data);
        }

        ok(rc == 0 && strcmp(joined, tests[i].quotes) == 0, "%s: %s",
           tests[i].members, joined);
    }

    for (i = 64; i <= 65; i++) {
        strcpy(content, "{^verdict^:^fail^,^quote^:[^甲^");

        for (j = 1; j < i; j++) {
            strcat(content, ",^甲^");
        }

        strcat(content, "]}");

        rc = parse(pool, content, NULL, &answer, &err);

        ok(rc == 0 && answer.nquotes == 64, "%zu quotes", i);
        ok(strcmp(notes_of(&answer), i == 64 ? "" : "quote_dropped") == 0,
           "told: %s", notes_of(&answer));
    }

    tap_pool_free(pool);
}


/* escapes that models write without knowing that they are some */

static void
check_meant(void)
{
    size_t            i;
    int               rc;
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

    static const struct {
        const char  *quote;
        const char  *one;         /* what else is looked for; NULL: nothing */
        const char  *other;
    } tests[] = {
        { "a", NULL, NULL },
        { "\\frac{1}{2}", "\\frac{1}{2}", "" },
        { "3\\times 4", "3\\times 4", "" },
        { "\\beta \\alpha", "\\beta \\alpha", "" },
        { "C:\\new", "", "C:\\new" },
        { "C:\\temp\\new", "C:\\temp\new", "C:\\temp\\new" },
        { "D:\\readme", "", "D:\\readme" },
        { "a\\n1", "", "" },
        { "a\\t", "", "" },
        { "\\t甲", "", "" }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        char  content[128];

        snprintf(content, sizeof(content), "{^verdict^:^fail^,^quote^:^%s^}",
                 tests[i].quote);

        rc = parse(pool, content, NULL, &answer, &err);

        ok(rc == 0 && (answer.meant != NULL) == (tests[i].one != NULL), "%s",
           content);

        if (rc == 0 && answer.meant) {
            is_str(answer.meant[0], tests[i].one, "meant");
            is_str(answer.meant[1], tests[i].other, "with ends of lines");
        }
    }

    tap_pool_free(pool);
}


/* an answer that was cut behind its object: is more of it missing? */

static void
check_more(void)
{
    size_t            i;
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

#define OBJECT  "{^verdict^:^fail^}"

    static const struct {
        const char  *content;
        int          more;
    } tests[] = {
        { OBJECT, 0 },
        { OBJECT " \n", 0 },
        { OBJECT "\n说明", 1 },
        { "```json\n" OBJECT, 0 },
        { "```json\n" OBJECT "\n`", 0 },
        { "```json\n" OBJECT "\n``", 0 },
        { "```json\n" OBJECT "\n```", 0 },
        { "```json\n" OBJECT "\n``\n说明", 1 },
        { "```json\n" OBJECT "\n```\n说明：保证金不足", 0 },
        { "<think>x</think>```json\n" OBJECT "\n```\n说明", 0 },
        { "```json\n" OBJECT "\n```\n更正：{", 1 },
        { "```json\n" OBJECT "\n```\n更正后的 verdict", 1 },
        { "```json\n" OBJECT "\n```\nreason: 更正", 1 },
        { "结论：```json\n" OBJECT "\n```\n说明", 1 },
        { "```json\n" OBJECT "\n" OBJECT "\n```\n说明", 1 }
    };

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        ok(parse(pool, tests[i].content, NULL, &answer, &err) == 0
           && answer.whole && answer.more == tests[i].more, "%s: %s %d",
           tests[i].content, err.text, answer.more);
    }

    ok(parse(pool, "{^verdict^:^fa", NULL, &answer, &err) == -1
       && !answer.whole, "what is cut is not whole");
    ok(parse(pool, "{^verdict^:^maybe^}", NULL, &answer, &err) == -1
       && answer.whole, "what is wrong is whole");

    tap_pool_free(pool);
}


static void
check_data(void)
{
    int               rc;
    size_t            i;
    char             *text, content[256];
    json_t           *schema, *required, *optional;
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;

    static const struct {
        const char  *verdict;
        const char  *members;
        int          required;    /* the schema's */
        const char  *pointer;     /* of an error, NULL: none */
        int          data;        /* there is some */
    } tests[] = {
        { "fail", ",^data^:{^amount^:80}", 1, NULL, 1 },
        { "fail", ",^data^:{^amount^:^80万^}", 1, "/data/amount", 0 },
        { "fail", ",^data^:{}", 1, "/data", 0 },
        { "fail", ",^data^:^80^", 1, "/data", 0 },
        { "fail", "", 1, "/data", 0 },
        { "fail", ",^data^:null", 1, "/data", 0 },
        { "fail", "", 0, NULL, 0 },
        { "fail", ",^data^:null", 0, NULL, 0 },
        { "fail", ",^data^:{}", 0, NULL, 1 },
        { "unsure", "", 1, NULL, 0 },
        { "not_applicable", ",^data^:{}", 1, NULL, 0 },
        { "not_applicable", ",^data^:null", 1, NULL, 0 },
        { "not_applicable", ",^data^:{^amount^:80}", 1, NULL, 1 },
        { "not_applicable", ",^data^:{^amount^:true}", 1, "/data/amount", 0 }
    };

    text = quoted("{^type^:^object^,^properties^:{^amount^:{^type^:"
                  "^integer^}},^required^:[^amount^]}");
    required = json_loads(text, 0, NULL);
    free(text);

    optional = json_deep_copy(required);
    json_object_del(optional, "required");

    pool = tap_pool();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        snprintf(content, sizeof(content), "{^verdict^:^%s^%s}",
                 tests[i].verdict, tests[i].members);

        schema = tests[i].required ? required : optional;

        rc = parse(pool, content, schema, &answer, &err);

        if (tests[i].pointer) {
            ok(rc == -1 && strcmp(err.pointer, tests[i].pointer) == 0,
               "%s: %s %s", content, err.pointer, err.text);

        } else {
            ok(rc == 0 && (answer.data.data != NULL) == tests[i].data,
               "%s %s", content, err.text);
        }
    }

    rc = parse(pool, "{^verdict^:^fail^,^data^:7}", NULL, &answer, &err);

    ok(rc == 0 && answer.data.data == NULL, "no schema, no data");

    json_decref(required);
    json_decref(optional);
    tap_pool_free(pool);
}


/* a megabyte of what makes careless code quadratic */

static void
check_time(const char *text)
{
    char             *block, *unit;
    size_t            i, n, len;
    double            spent;
    review_pool_t    *pool;
    review_error_t    err;
    review_answer_t   answer;
    struct timespec   from, to;

    static const review_answer_given_t  given = { .cut = 0 };

    pool = tap_pool();

    unit = quoted(text);
    n = strlen(unit);
    len = (1 << 20) / n * n;
    block = malloc(len);

    for (i = 0; i < len; i += n) {
        memcpy(block + i, unit, n);
    }

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);

    (void) review_answer_parse(pool, block, len, &given, &answer, &err);

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);

    spent = (double) (to.tv_sec - from.tv_sec)
            + (double) (to.tv_nsec - from.tv_nsec) / 1e9;

    ok(spent < 5, "1 MB of %.*s takes %.3f s", (int) strcspn(text, "\n"), text,
       spent);

    free(block);
    free(unit);
    tap_pool_free(pool);
}


/* of a point about the document: is it there, and how else is it called? */

static void
test_found(void)
{
    int                     rc;
    char                   *text;
    size_t                  i;
    review_pool_t          *pool;
    review_error_t          err;
    review_answer_t         answer;
    review_answer_given_t   given;

    static const struct {
        const char  *content;
        int          found;              /* -1: none is told */
        size_t       nterms;
        const char  *why;
    } tests[] = {
        { "{^found^:true,^verdict^:^pass^}", 1, 0, "" },
        { "{^found^:false,^verdict^:^not_applicable^,^terms^:[^a^,^ b ^]}", 0,
          2, "" },
        { "```json\n{^found^:true,^verdict^:^pass^}\n```", 1, 0, "" },
        { "<think>{^found^:false}</think>{^found^:true,^verdict^:^fail^}", 1,
          0, "" },
        { "{^verdict^:^pass^}", -1, 0, "\"found\" is missing" },
        { "{^Found^:true,^verdict^:^pass^}", -1, 0, "\"found\" is missing" },
        { "{^found^:null,^verdict^:^pass^}", -1, 0, "must be a boolean" },
        { "{^found^:^true^,^verdict^:^pass^}", -1, 0, "must be a boolean" },
        { "{^found^:1,^verdict^:^pass^}", -1, 0, "must be a boolean" },
        { "{^found^:[true],^verdict^:^pass^}", -1, 0, "must be a boolean" },
        { "{^found^:true}", -1, 0, "\"verdict\" is missing" },

        /* several answers have to agree in that, too */

        { "{^found^:true,^verdict^:^pass^} {^found^:true,^verdict^:^pass^}", 1,
          0, "" },
        { "{^found^:true,^verdict^:^pass^} {^found^:false,^verdict^:^pass^}",
          -1, 0, "do not agree" },
        { "{^found^:true,^verdict^:^pass^} {^verdict^:^pass^}", -1, 0,
          "do not agree" },

        /* words that were copied may have ended a string */

        { "{^quote^:^a^,^found^:true,^x^:^b^,^found^:false,"
          "^verdict^:^not_applicable^}", -1, 0, "" },
        { "{^quote^:^a^,^found^:true,^x^:^b c^d^,^found^:false,"
          "^verdict^:^not_applicable^}", -1, 0, "" },
        { "{^quote^:^a^b^,^found^:true,^verdict^:^pass^,}", -1, 0,
          "escaped quote" },
        { "{^reason^:^not found^,^found^:false,^verdict^:^unsure^,}", 0, 0,
          "" },

        /* words that can be none are left out */

        { "{^found^:false,^verdict^:^unsure^,^terms^:^a^}", 0, 0, "" },
        { "{^found^:false,^verdict^:^unsure^,^terms^:[1,null,[],^^,^ ^,^a^]}",
          0, 1, "" },
        { "{^found^:false,^verdict^:^unsure^,^terms^:[^1^,^2^,^3^,^4^,^5^,"
          "^6^,^7^,^8^,^9^,^10^,^11^]}", 0, 10, "" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        pool = tap_pool();
        text = quoted(tests[i].content);

        memset(&given, 0, sizeof(given));
        memset(&err, 0, sizeof(err));
        given.found = 1;
        given.terms = 1;

        rc = review_answer_parse(pool, text, strlen(text), &given, &answer,
                                 &err);

        ok(tests[i].found == -1
           ? rc == -1 && strstr(err.text, tests[i].why) != NULL
           : rc == 0 && answer.found == (unsigned) tests[i].found
             && answer.nterms == tests[i].nterms,
           "found: %s (%s)", tests[i].content, err.text);

        free(text);
        tap_pool_free(pool);
    }
}


int
main(void)
{
    test_found();
    size_t  i;

    static const char  *hostile[] = {
        "{", "[", "<think>", "</think>", "<think></think>", "<", "{^", "{'",
        "{“", "{^a", "{^a^:", "{^a^:{", "{^a^:[", "{a:", "{a", "{/*", "{//\n",
        "[THINK]", "[/THINK]", "[THINK][/THINK]", "◁/think▷", "◁think▷", "◁",
        "<|channel|>final", "<|start|>assistant", "<|end|>",
        "<|channel|>analysis<|end|>", "[/", "{/**/", "{^a^:^", "{^a^:^b^,",
        "^,^", "{^verdict^:", "{^verdict^:!", "{^verdict^:^pass^}",
        "{^verdict^:^pass^},", "verdict", "v", "`", "```", "{```", "{^a^://",
        "{^a^:^\\", "{^a^:1e999,", "{^a^:.9", "{^a^:9%",
        "{^Verdict^:^a^}", "{^Verdict^:^pass^,", "{   ", "　", "{^a^:^^ , ^",
        "{^a^:^^//\n"
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&cases[i]);
    }

    check_confidence();
    check_severity();
    check_notes();
    check_quotes();
    check_meant();
    check_more();
    check_data();

    for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        check_time(hostile[i]);
    }

    return tap_end();
}
