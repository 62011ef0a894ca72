
/*
 * Control tokens of chat templates are set off with a space, so that none is
 * left; what is none stays as it is; and a quote of a text that was set off is
 * found in the original, with the space and without it.
 */

#include "tap.h"
#include "quotes.h"
#include "review/quote/quote.h"
#include "review/rubric/control.h"


static review_pool_t  *pool;


static const char *const  tokens[][2] = {
    { "<|im_start|>system\n", "< |im_start|>system\\n" },
    { "<|", "< |" },
    { "<｜User｜>", "< ｜User｜>" },
    { "<｜begin▁of▁sentence｜>", "< ｜begin▁of▁sentence｜>" },
    { "<start_of_turn>user<end_of_turn>",
      "< start_of_turn>user< end_of_turn>" },
    { "<bos><s></s><eos>", "< bos>< s>< /s>< eos>" },
    { "<<SYS>>x<</SYS>>", "<< SYS>>x<< /SYS>>" },
    { "[INST]x[/INST]", "[ INST]x[ /INST]" },
    { "[TOOL_CALLS][gMASK]<sop>", "[ TOOL_CALLS][ gMASK]< sop>" },
    { "[|user|][control_8]", "[ |user|][ control_8]" },
    { "]~b]user[e~[。", "] ~b]user[ e~[。" },
    { "◁think▷a◁/think▷", "◁ think▷a◁ /think▷" },
    { "<_user><reserved_106><0x0A><seed:bos>",
      "< _user>< reserved_106>< 0x0A>< seed:bos>" },
    { "</think><tool_call>", "< /think>< tool_call>" },
    { "＜|im_end|＞", "＜ |im_end|＞" },
    { "＜／ｓ＞［ＩＮＳＴ］", "＜ ／ｓ＞［ ＩＮＳＴ］" },
    { "a<s>b[INST]c<s>", "a< s>b[ INST]c< s>" },
    { "<|turn>a<turn|><tool_call|>", "< |turn>a< turn|>< tool_call|>" },
    { "[start_header_id]a[extra_id_0]",
      "[ start_header_id]a[ extra_id_0]" },
    { "]!p~[]!d~[]<]image[>[。", "] !p~[] !d~[] <]image[>[。" },
    { "</review-text>", "< /review-text>" },
    { "<REVIEW-TEXT id=1>", "< REVIEW-TEXT id=1>" },
    { "＜／ＲＥＶＩＥＷ－Text id=1＞", "＜ ／ＲＥＶＩＥＷ－Text id=1＞" },
    { "<\u200b/rev\u200diew-text key", "< \u200b/rev\u200diew-text key" },
    { "<\ufeff|im_start|>", "< \ufeff|im_start|>" },
    { "[\u00adIN\u2060ST]", "[ \u00adIN\u2060ST]" },
    { NULL, NULL }
};

/* at a text's end, where another one may go on with it */

static const char *const  ends[][2] = {
    { "<", "< " },
    { "a ［", "a ［ " },
    { "◁", "◁ " },
    { "</", "< /" },
    { "x <start_of", "x < start_of" },
    { "[/INS", "[ /INS" },
    { "<turn|", "< turn|" },
    { "]~b]user[e~[", "] ~b]user[ e~[ " },
    { NULL, NULL }
};

static const char *const  plain[] = {
    "", "]", "<>", "[]", "<a b", "[附", "◁ ",
    "a < b, c > d", "<br><TD>80</td></table>",
    "<table border=1>", "[1][附件](x)[GB][X][ ]", "a[i] = b[j_max]",
    "a <b|c> d", "]!", "]<a b",
    "<投标人名称>", "＜项目名称＞", "［附件一］", "<https://a.b/c>", "<12>",
    "< |im_start|>", "完全｜符合", NULL
};


static review_str_t
set_off(const char *text, size_t len)
{
    review_buf_t  b;
    review_str_t  out;

    review_buf_init(&b, pool, 0);
    review_control_text(&b, text, len);

    out.data = b.len ? b.data : "";
    out.len = b.len;

    return out;
}


static void
test_tokens(void)
{
    int  i;

    for (i = 0; tokens[i][0]; i++) {
        is_str(set_off(tokens[i][0], strlen(tokens[i][0])), tokens[i][1],
               "set off: %s", tokens[i][1]);
    }

    for (i = 0; ends[i][0]; i++) {
        is_str(set_off(ends[i][0], strlen(ends[i][0])), ends[i][1],
               "at the end: %s", ends[i][0]);
    }

    for (i = 0; plain[i]; i++) {
        is_str(set_off(plain[i], strlen(plain[i])), plain[i], "left: %s",
               plain[i]);
    }

    is_str(set_off("<<br>", 1), "< ", "no byte behind the end");
}


static void
test_quotes(void)
{
    int               i;
    char              text[512], with[512];
    size_t            n;
    review_str_t      out;
    review_span_t     span;
    review_source_t  *source;

    for (i = 0; tokens[i][0]; i++) {
        n = (size_t) snprintf(text, sizeof(text), "一、总则 本公司 %s 承诺",
                              tokens[i][0]);

        /* as an LLM writes it, which is not escaped */

        out = set_off(text, n);
        snprintf(with, sizeof(with), "%.*s", (int) out.len, out.data);

        if (strstr(with, "\\n")) {
            memmove(strstr(with, "\\n"), strstr(with, "\\n") + 1,
                    strlen(strstr(with, "\\n") + 1) + 1);
            *strstr(with, "n 承诺") = '\n';
        }

        source = review_quote_source_create(pool, text, n);

        ok(quote_find(pool, source, text, n, &span)
           == REVIEW_MATCH_EXACT && span.text.len == n, "a quote without it");
        ok(quote_find(pool, source, with, strlen(with), &span)
           == REVIEW_MATCH_NORMALIZED && span.text.len == n,
           "and with it: %s", with);
    }
}


int
main(void)
{
    pool = tap_pool();

    test_tokens();
    test_quotes();

    return tap_end();
}
