
/*
 * Proves what regexes see of a text that they do not match as it stands: lines
 * that were only wrapped are one, those of paragraphs, lists, tables and forms
 * are not; spaces between ideographs are gone, others stay; compatibility forms
 * are folded and radicals are ideographs, but for what a pattern names; no
 * number is joined.  And that a place in it leads back to the text: each byte
 * of the form to code points of the text, in their order, and a piece that was
 * not changed to itself.
 */

#include "tap.h"
#include "review/document/flow.h"
#include "review/base/utf8.h"


static review_pool_t  *pool;


static review_flow_t *
make(const char *text, const char *pattern)
{
    char                *copy;
    size_t               len;
    review_str_t         str;
    review_flow_t       *flow;
    review_flow_kept_t   kept;

    len = strlen(text);
    copy = review_alloc(pool, len);

    if (len) {
        memcpy(copy, text, len);
    }

    str.data = pattern;
    str.len = strlen(pattern);
    review_flow_keep(&kept, &str);

    str.data = copy;
    str.len = len;

    flow = review_alloc(pool, sizeof(review_flow_t));
    memset(flow, 0, sizeof(review_flow_t));

    return review_flow_make(flow, pool, &str, &kept) == 0 ? flow : NULL;
}


static void
flows_for(const char *pattern, const char *text, const char *expected)
{
    size_t          from, to, i;
    review_str_t    str;
    review_flow_t  *flow;

    flow = make(text, pattern);

    str.data = flow->text.data;
    str.len = flow->text.len;

    is_str(str, expected, "\"%s\"", text);
    ok(flow->changed == (strcmp(text, expected) != 0), "is it changed?");

    for (i = 0; i < flow->text.len; i++) {
        from = i;
        to = i + 1;
        review_flow_place(flow, &from, &to);

        if (from >= to || to > strlen(text)
            || (review_utf8_trail(text[from])
                && !review_utf8_trail(flow->text.data[i])))
        {
            break;
        }
    }

    ok(i == flow->text.len, "all of it has a place");
}


#define flows(text, expected)  flows_for("", text, expected)


/* the text that the first place of "piece" in the form stands for */

static void
test_place(const char *text, const char *piece, const char *expected)
{
    size_t          from, to;
    const char     *p;
    review_str_t    str;
    review_flow_t  *flow;

    flow = make(text, "");
    review_buf_add(&flow->text, "", 1);
    p = strstr(flow->text.data, piece);
    ok(p != NULL, "\"%s\": stands there", piece);

    if (p) {
        from = (size_t) (p - flow->text.data);
        to = from + strlen(piece);
        flow->text.len--;
        review_flow_place(flow, &from, &to);

        str.data = text + from;
        str.len = to - from;
        is_str(str, expected, "\"%s\": its place", piece);
    }
}


static void
test_wraps(void)
{
    flows("", "");
    flows("投标有效期", "投标有效期");
    flows("投标有效\n期为90天。", "投标有效期为90天。");
    flows("投标有效\r\n期", "投标有效期");
    flows("投标有效  \n期", "投标有效期");
    flows("投标有效期为\n90\n天", "投标有效期为90天");
    flows("投标有效，\n期", "投标有效,期");
    flows("投标有效\n\f期", "投标有效期");
    flows("投标有效\n\n\f\n期", "投标有效期");
    flows("投标有效\n\n- 3 -\n\f期", "投标有效期");
    flows("某项目\n甲。\n\f某项目\n投标有效\n4\n\n\f某项目\n\n期",
          "某项目甲。\n\f某项目投标有效期");
    flows("投标有效\n第3页\n期", "投标有效第3页期");
    flows("投标有效\n不予\n\f期", "投标有效不予期");
    flows("　　投标有效\n期", "  投标有效期");
    flows("bid\nbond", "bid bond");
    flows("long-\nterm", "long-term");
    flows("A -\nb", "A - b");
    flows("为9\n0天", "为9 0天");
    flows("共\nA\n类", "共A类");

    flows("投标有效\n\n期", "投标有效\n\n期");
    flows("投标有效\n \n期", "投标有效\n \n期");
    flows("天。\n期", "天。\n期");
    flows("天；\n期", "天;\n期");
    flows("投标有效\n　　期", "投标有效\n  期");
    flows("投标有效\n    期", "投标有效\n    期");
    flows("投标有效\n- 期", "投标有效\n- 期");
    flows("投标有效\n• 期", "投标有效\n• 期");
    flows("投标有效\n1. 期", "投标有效\n1. 期");
    flows("投标有效\n（二）期", "投标有效\n(二)期");
    flows("投标有效\n二、期", "投标有效\n二、期");
    flows("投标有效\n第二条 期", "投标有效\n第二条期");
    flows("第一章 投标有效\n期", "第一章投标有效\n期");
    flows("# 投标有效\n期", "# 投标有效\n期");
    flows("投标有效\n# 期", "投标有效\n# 期");
    flows("| 投标有效 |\n| 期 |", "| 投标有效 |\n| 期 |");
    flows("投标有效\t1\n期\t2", "投标有效\t1\n期\t2");
    flows("投标    有效\n期    二", "投标    有效\n期二");
    flows("有无   偏离说明\n无   偏离", "有无   偏离说明\n无   偏离");
    flows("投标　　有效", "投标  有效");
    flows("招   标　　文   件", "招标文件");
    flows("投标有效\n★期", "投标有效\n★期");
    flows("投标有效\n▲期", "投标有效\n▲期");
    flows("投标有效\n※期", "投标有效\n※期");
    flows("投标有效\n⑵期", "投标有效\n(2)期");
    flows("投标有效\n⒉期", "投标有效\n2.期");
    flows("投标有效\n㈡期", "投标有效\n(二)期");
    flows("投标有效\n\xef\x82\xb7期", "投标有效\n\xef\x82\xb7期");
    flows("投标有效\n☑期", "投标有效\n☑期");
    flows("投标有效\nB、期", "投标有效\nB、期");
    flows("投标有效…………3\n期", "投标有效............3\n期");
    flows("<td>投标有效</td>\n<td>期</td>", "<td>投标有效</td>\n<td>期</td>");
    flows("投标人：甲\n日期：乙", "投标人:甲\n日期:乙");
    flows("投标有效\n----\n期", "投标有效\n----\n期");

    flows("1. 投标有效\n   期", "1. 投标有效期");
    flows("- 投标有效\n  期", "- 投标有效期");
    flows("投标有效\n期：90天", "投标有效期:90天");
    flows("签字：\n____", "签字:____");
}


static void
test_folds(void)
{
    flows("投 标 文 件", "投标文件");
    flows("投　标　文　件", "投标文件");
    flows("投标 文件 ，二", "投标文件,二");
    flows("有效期 90 天", "有效期 90 天");
    flows("Bid Bond", "Bid Bond");
    flows("1 000 000", "1 000 000");
    flows("投标⽂件，见第⻚", "投标文件,见第页");
    flows("ＩＳＯ９００１：２０１５", "ISO9001:2015");
    flows("BID bond", "BID bond");
    flows("**投标**_文件_", "**投标**_文件_");
    flows("投\xe2\x80\x8b标\xc2\xad", "投标");
    flows("e\xcc\x81", "é");
    flows("100㎡", "100m2");
    flows("\xc2\xa0" "a", " a");

    flows("10³", "10³");
    flows("m²", "m2");
    flows("1½", "1½");
    flows("①②", "①②");
    flows("第①条", "第1条");
    flows("㎡3", "㎡3");

    flows_for("期：", "有效\n期：９0天（甲）", "有效期：90天(甲)");
    flows_for("[：:]", "有效\n期：", "有效期：");
    flows_for("⽂①", "⽂①①Ａ", "⽂①①A");
}


static void
test_places(void)
{
    test_place("甲投标有效\n期乙", "有效期", "有效\n期");
    test_place("甲投标有效\n  \f 期乙", "有效期", "有效\n  \f 期");
    test_place("甲有效\n- 3 -\n\f期乙", "有效期", "有效\n- 3 -\n\f期");
    test_place("投 标 文 件", "标文", "标 文");
    test_place("共100㎡地", "m", "㎡");
    test_place("共100㎡地", "0m2", "0㎡");
    test_place("bid\n bond", "d b", "d\n b");
    test_place("bid\n bond", " ", "\n ");
    test_place("投\xe2\x80\x8b标", "投标", "投\xe2\x80\x8b标");
    test_place("Ａ", "A", "Ａ");
    test_place("甲\n\n乙", "\n\n", "\n\n");
}


/* time that grows with the length alone */

static void
test_large(const char *piece)
{
    char                *text;
    size_t               i, n;
    review_str_t         str;
    review_flow_t        flow;
    review_flow_kept_t   kept;

    n = strlen(piece);
    str.len = (2 << 20) / n * n;
    text = review_alloc(pool, str.len);

    for (i = 0; i < str.len; i += n) {
        memcpy(text + i, piece, n);
    }

    memset(&flow, 0, sizeof(flow));
    kept.n = 0;
    str.data = text;

    ok(review_flow_make(&flow, pool, &str, &kept) == 0,
       "much of \"%s\"", piece);
}


static void *
scarce(review_pool_t *poor, size_t size)
{
    int  *left = poor->ctx;

    return (*left)-- > 0 ? review_alloc(pool, size) : NULL;
}


static void
test_memory(void)
{
    int                  i, left;
    review_str_t         str = review_string("Ａ投 标\n有效Ｂ\n期");
    review_pool_t        poor;
    review_flow_t        flow;
    review_flow_kept_t   kept;

    kept.n = 0;
    poor.alloc = scarce;
    poor.cleanup = NULL;
    poor.ctx = &left;

    for (i = 0; i < 3; i++) {
        left = i;
        memset(&flow, 0, sizeof(flow));

        ok((review_flow_make(&flow, &poor, &str, &kept) == 0) == (i == 2),
           "room for %d", i);
    }
}


int
main(void)
{
    pool = tap_pool();

    test_wraps();
    test_folds();
    test_places();

    test_large("\n");
    test_large("a\n");
    test_large("a\n\n\n\n");
    test_large("\f\n");
    test_large("甲\n3\n\f");
    test_large("甲\f3\n");
    test_large("投 ");
    test_large("１　");
    test_large("- a\n");
    test_large("a\xcc\x81");
    test_memory();

    tap_pool_free(pool);

    return tap_end();
}
