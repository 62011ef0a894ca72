
/*
 * Proves which quotes are parts of another number, and stand nowhere for that,
 * and which are read as they stand: each of the table once verbatim and once
 * normalized.  In all texts the quote stands once, as bytes.
 */

#include "tap.h"
#include "quotes.h"
#include "review/quote/quote.h"


static const struct {
    const char  *text;
    const char  *quote;
    int          stands;
} table[] = {

    /* digits */

    { "共110万元", "10万元", 0 },
    { "共110万元", "110万元", 1 },
    { "质保13年", "3年", 0 },
    { "质保１3年", "3年", 0 },
    { "质保1３年", "３年", 0 },
    { "质保期3年", "3年", 1 },
    { "within 13 years", "3 years", 0 },
    { "within 3 years", "3 years", 1 },
    { "ID 4403011990", "1990", 0 },
    { "编号A13", "3", 0 },
    { "编号A13", "13", 1 },
    { "共١٢٣", "٢٣", 0 },
    { "共10³个", "10", 0 },
    { "3½天", "½天", 0 },
    { "面积20m²", "面积20", 1 },
    { "the 13th day", "3th day", 0 },

    /* groups, points */

    { "报价1,234,567.00元", "34,567.00", 0 },
    { "报价1,234,567.00元", "234,567.00元", 0 },
    { "报价1,234,567.00元", "1,234", 0 },
    { "报价1,234,567.00元", "1,234,567", 0 },
    { "报价1,234,567.00元", "567.00元", 0 },
    { "报价1,234,567.00元", "1,234,567.00", 1 },
    { "报价1，234元", "234元", 0 },
    { "价1'234元", "234元", 0 },
    { "价1’234元", "234元", 0 },
    { "价1\xc2\xa0""234元", "234元", 0 },
    { "价1\xe2\x80\xaf""234元", "234元", 0 },
    { "数量3，5日内交货", "5日内交货", 1 },
    { "in 2024,100 units", "100 units", 1 },
    { "数量1、234件", "234件", 1 },
    { "单价1.5元", "5元", 0 },
    { "单价1.5元", "单价1", 0 },
    { "单价1．5元", "5元", 0 },
    { "单价.5元", "5元", 1 },
    { "数量为5。2号楼", "2号楼", 1 },
    { "共3. 2号楼", "2号楼", 1 },

    /* sections, versions, addresses: what is left would be another one */

    { "1.2.3 付款", "2.3 付款", 0 },
    { "1.2.3 付款", "3 付款", 0 },
    { "见1.2.3", "见1.2", 0 },
    { "1.2.3 付款", "1.2.3 付款", 1 },
    { "1.2.3 付款", "付款", 1 },
    { "主机192.168.1.10", "168.1.10", 0 },
    { "11.2 付款", "1.2 付款", 0 },

    /* signs */

    { "偏差-5%", "5%", 0 },
    { "偏差－5%", "5%", 0 },
    { "偏差−5%", "5%", 0 },
    { "偏差±5%", "5%", 0 },
    { "偏差+5%", "5%", 1 },
    { "负5度", "5度", 0 },
    { "负一层", "一层", 0 },
    { "负责5年", "5年", 1 },
    { "时间——2024年", "2024年", 1 },
    { "时间--2024年", "2024年", 1 },
    { "model A-5", "5", 1 },

    /* fractions, ranges */

    { "不少于2/3", "3", 0 },
    { "不少于2/3", "不少于2", 0 },
    { "工期3-5天", "5天", 0 },
    { "工期3～5天", "5天", 0 },
    { "工期3—5天", "工期3", 0 },
    { "占3.5-5.5%", "5.5%", 0 },
    { "占3%-5%", "5%", 0 },
    { "2023-2024年", "2024年", 0 },
    { "10至20天", "20天", 1 },

    /* dates, times, names made of digits */

    { "2024/03/05前", "03/05", 1 },
    { "2024-03-05前", "03-05", 1 },
    { "2024.03.05前", "03.05", 1 },
    { "2024/03", "03", 1 },
    { "2024-03", "03", 1 },
    { "05/06/2024", "2024", 1 },
    { "金额2024.03", "2024", 0 },
    { "12024/03/05", "2024/03/05", 0 },
    { "3月5日前提交", "5日前提交", 1 },
    { "13月5日前提交", "3月5日前提交", 0 },
    { "上午8:30前", "30前", 1 },
    { "8点30分前", "30分前", 1 },
    { "八点三十分前", "三十分前", 1 },
    { "GB/T 50319-2013", "GB/T 50319", 1 },
    { "ISO 1234-2015", "ISO 1234", 1 },
    { "电话010-12345678", "12345678", 1 },
    { "电话138-1234-5678", "1234-5678", 1 },
    { "合同HT-2024-001", "2024-001", 1 },

    /* units and marks of lists are no part of a number */

    { "共10万元", "万元", 1 },
    { "共三万元", "万元", 1 },
    { "共二十万元", "万元", 1 },
    { "共5百万元", "百万元", 1 },
    { "共5千元", "千元", 1 },
    { "共10万元", "共10", 0 },
    { "共10万元", "共10万", 1 },
    { "共3万5千元", "5千元", 0 },
    { "共3万5千元", "万5千元", 0 },
    { "共3万5千元", "共3万", 0 },
    { "共10元", "共10", 1 },
    { "税率为5%", "税率为5", 0 },
    { "税率为5‰", "税率为5", 0 },
    { "税率为5％", "税率为5", 0 },
    { "①5日内提交", "5日内提交", 1 },
    { "○3年", "3年", 1 },
    { "○三年", "三年", 1 },
    { "1一般规定", "一般规定", 1 },
    { "10一般规定", "一般规定", 1 },
    { "1.付款", "付款", 1 },

    /* Chinese numerals */

    { "第十三条", "三条", 0 },
    { "第十三条", "第十", 0 },
    { "第十三条", "十三条", 1 },
    { "第二十三条", "十三条", 0 },
    { "第三条", "三条", 1 },
    { "共三百元", "百元", 0 },
    { "三十元", "十元", 0 },
    { "三万五千元", "五千元", 0 },
    { "三千零五元", "五元", 0 },
    { "三千零五元", "三千", 0 },
    { "三千两百元", "两百元", 0 },
    { "两百元", "百元", 0 },
    { "壹佰贰拾元", "贰拾元", 0 },
    { "壹万贰仟元伍角", "伍角", 1 },
    { "二〇二四年", "二四年", 0 },
    { "二○二四年", "二四年", 0 },
    { "二○二四年", "二○", 0 },
    { "一九九八年", "九八年", 0 },
    { "二0二四年", "二四年", 0 },
    { "二00九年", "九年", 0 },
    { "2〇24年", "24年", 0 },
    { "几十万元", "十万元", 0 },
    { "几万元", "万元", 1 },
    { "三点五元", "五元", 0 },
    { "三点五元", "三", 0 },
    { "三分之一", "一", 0 },
    { "三分之一", "三", 0 },
    { "百分之五", "五", 0 },
    { "百分之五", "百分之五", 1 },
    { "百分之三点五", "百分之三", 0 },
    { "10分之3", "3", 0 },
    { "三部分之一", "一", 1 },
    { "统一一个标准", "一个标准", 1 },
    { "唯一一家", "一家", 1 },
    { "五一一二", "一二", 0 },

    /* English numerals */

    { "twenty-three years", "three years", 0 },
    { "twenty-three years", "twenty", 0 },
    { "Twenty-Three years", "Three years", 0 },
    { "a three-year term", "year term", 1 },
    { "an empty-one way", "one way", 0 },
    { "a warranty-related term", "related term", 1 },
    { "a dirty-threefold term", "threefold term", 1 },
};


static review_pool_t  *pool;


/* in a block of its own length, for a sanitizer to see */

static review_str_t
copy(const char *text)
{
    char          *p;
    review_str_t   str;

    str.len = strlen(text);
    p = review_alloc(pool, str.len);
    memcpy(p, text, str.len);
    str.data = p;

    return str;
}


static void
find(const char *text, const char *quote, review_match_e expected,
    const char *what)
{
    review_str_t      t, q;
    review_span_t     span;
    review_source_t  *source;

    t = copy(text);
    q = copy(quote);

    source = review_quote_source_create(pool, t.data, t.len);

    (void) quote_find(pool, source, q.data, q.len, &span);

    ok(span.match == expected, "%s: \"%s\" %s \"%s\": %s", what, quote,
       expected ? "stands in" : "does not stand in", text,
       review_matches[span.match]);
}


int
main(void)
{
    char    quote[256];
    size_t  i;

    pool = tap_pool();

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        find(table[i].text, table[i].quote,
             table[i].stands ? REVIEW_MATCH_EXACT : REVIEW_MATCH_NONE,
             "verbatim");

        snprintf(quote, sizeof(quote), "“%s”", table[i].quote);

        find(table[i].text, quote,
             table[i].stands ? REVIEW_MATCH_NORMALIZED : REVIEW_MATCH_NONE,
             "normalized");
    }

    /* a whole one behind is found, in front as well */

    find("共110万元，质保金10万元", "10万元", REVIEW_MATCH_EXACT, "behind");
    find("质保金10万元，共110万元", "10万元", REVIEW_MATCH_EXACT, "before");
    find("共110万元，质保金10 万元", "10万元", REVIEW_MATCH_NORMALIZED,
         "behind");

    tap_pool_free(pool);

    return tap_end();
}
