
/*
 * What an LLM thought is told from what it said, in whatever marks its model
 * puts that: nothing of it goes back to the LLM between steps.  Marks that the
 * document has are the document's.
 */

#include "tap.h"
#include "review/answer/answer_said.h"
#include "review/quote/known.h"


#define UNCLOSED  1

#define ANALYSIS  "<|channel|>analysis<|message|>"
#define FINAL     "<|channel|>final<|message|>"
#define START     "<|start|>assistant"


typedef struct {
    const char  *name;
    const char  *document;
    const char  *content;
    const char  *said;
    int          unclosed;
} case_t;


static const case_t  cases[] = {

    { "no reasoning", "", " 80 万 < 100 万 ", "80 万 < 100 万", 0 },
    { "nothing", "", "", "", 0 },
    { "with a byte order mark", "", "\xEF\xBB\xBF<think>a</think>b", "b", 0 },

    { "a tag", "", "<think>a</think>\nb", "b", 0 },
    { "two blocks", "", "<think>a</think>\n<think>b</think>\nc", "c", 0 },
    { "two blocks of two kinds", "",
      "<think>a</think>[THINK]b[/THINK]<reasoning>c</reasoning>d", "d", 0 },
    { "a block in the text", "", "<think>a</think>b<think>c</think>d",
      "b<think>c</think>d", 0 },
    { "Mistral's", "", "[THINK]a, [b][/x][/THINK]c", "c", 0 },
    { "Kimi's", "", "◁think▷甲 ◁ 乙◁/think▷丙", "丙", 0 },
    { "Cohere's", "", "<|START_THINKING|>a<|END_THINKING|>b", "b", 0 },
    { "a thought between tokens", "",
      "<|begin_of_thought|>a<|end_of_thought|>b", "b", 0 },
    { "a channel of thoughts", "", "<|channel>thought\na<channel|>b", "b", 0 },

    { "harmony's", "", ANALYSIS "a<|end|>" START FINAL "b<|return|>", "b", 0 },
    { "harmony's, in three parts", "",
      ANALYSIS "a<|end|>" START ANALYSIS "b<|end|>" START
      "<|channel|>commentary<|message|>c<|end|>" START FINAL "d<|end|>",
      "d", 0 },
    { "harmony's, with a tool's call", "",
      "<|channel|>commentary to=f <|constrain|>json<|message|>{}<|call|>"
      START "<|channel|>final <|constrain|>json<|message|>{\"a\":1}",
      "{\"a\":1}", 0 },
    { "harmony's, with no end", "", ANALYSIS "a" FINAL "b", "b", 0 },
    { "harmony's end alone", "", ANALYSIS "a<|end|>b", "b", 0 },
    { "harmony's, opened by the template", "",
      "analysis<|message|>a<|end|>" START FINAL "b", "b", 0 },
    { "harmony's final alone", "", FINAL "b<|return|>", "b", 0 },
    { "it, which the document has, too", FINAL, FINAL "b", "b", 0 },
    { "a header with no message", "", "<|channel|>final b",
      "<|channel|>final b", 0 },
    { "an answer that ends as a channel does", "", "a<|end|>", "a", 0 },

    { "another kind's closing mark", "", "[THINK]a</think>b[/THINK]c", "c",
      0 },
    { "another kind's closing mark alone", "", "<think>a[/THINK]b",
      "a[/THINK]b", UNCLOSED },
    { "Mistral's, unclosed", "", "[THINK]a", "a", UNCLOSED },
    { "the second block unclosed", "", "<think>a</think><think>b", "b",
      UNCLOSED },
    { "harmony's, unclosed", "", ANALYSIS "a", "a", UNCLOSED },

    { "opened by the template", "", "a</think>b", "b", 0 },
    { "so Mistral's", "", "a[/THINK]b", "b", 0 },
    { "so Kimi's", "", "甲“乙”◁/think▷丙", "丙", 0 },
    { "and a second block", "", "a</think><think>b</think>c", "c", 0 },
    { "behind an answer", "", "{\"verdict\":\"fail\"}[/THINK]b",
      "{\"verdict\":\"fail\"}[/THINK]b", 0 },

    { "a mark that the document has", "标签</think>也支持",
      "<think>标签</think>也支持。</think>b", "b", 0 },
    { "so Mistral's, by what follows", "[/THINK]也支持多行的",
      "[THINK]有[/THINK]也支持多行，很好[/THINK]b", "b", 0 },
    { "so Kimi's", "标签◁/think▷", "◁think▷标签◁/think▷有◁/think▷b", "b",
      0 },
    { "so harmony's", "见<|end|>处", ANALYSIS "见<|end|>处<|end|>b", "b", 0 },
    { "so harmony's header", "见" FINAL "处",
      ANALYSIS "见" FINAL "处<|end|>b", "b", 0 },
    { "opened by the template, perhaps", "标签</think>", "a</think>b",
      "a</think>b", 0 },
    { "a second block that the document may have begun", "<think>",
      "<think>a</think><think>b</think>c", "<think>b</think>c", 0 },
    { "so Mistral's", "标签[THINK]", "[THINK]a[/THINK][THINK]b[/THINK]c",
      "[THINK]b[/THINK]c", 0 },

    { "in an object", "", "<think>{\"reason\":\"</think>\"}</think>b", "b",
      0 },
    { "in an object with a missing comma", "",
      "[THINK]{\"a\":1 \"b\":\"[/THINK]\"}c", "\"}c", 0 }
};


static int
quoted_by(void *data, const char *text, size_t len)
{
    return review_known_holds(data, text, len);
}


static void
check(const case_t *test)
{
    char                  *block;
    size_t                 len;
    review_str_t           text;
    review_pool_t         *pool;
    review_known_t        *known;
    review_answer_said_t   said;

    pool = tap_pool();

    text.data = test->document;
    text.len = strlen(test->document);

    known = review_known_create(pool, 1);
    review_known_add(known, &text);

    len = strlen(test->content);
    block = malloc(len ? len : 1);
    memcpy(block, test->content, len);

    review_answer_said(pool, block, len, quoted_by, known, &said);

    is_str(said.text, test->said, test->name);
    ok(said.unclosed == test->unclosed, "closed or not");

    free(block);
    tap_pool_free(pool);
}


/* no more marks are looked up in a document than any answer has */

static void
check_many(const char *name, const char *begin, const char *piece)
{
    size_t                 i, n, len;
    char                  *block;
    review_str_t           text;
    review_pool_t         *pool;
    review_known_t        *known;
    review_answer_said_t   said;

    pool = tap_pool();

    text.data = "甲</think>";
    text.len = strlen(text.data);

    known = review_known_create(pool, 1);
    review_known_add(known, &text);

    n = strlen(piece);
    len = strlen(begin);
    block = malloc(len + 1000 * n + 9);
    memcpy(block, begin, len);

    for (i = 0; i < 1000; i++) {
        memcpy(block + len, piece, n);
        len += n;
    }

    memcpy(block + len, "</think>b", 9);
    len += 9;

    review_answer_said(pool, block, len, quoted_by, known, &said);

    ok(said.text.len > 100, "%s: what is left is text", name);

    free(block);
    tap_pool_free(pool);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&cases[i]);
    }

    check_many("a thousand quoted marks", "<think>", "甲</think>");
    check_many("a thousand blocks", "", "<think>b</think>");

    return tap_end();
}
