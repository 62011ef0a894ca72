
/*
 * Proves what is said of amounts in words beside those in digits: where they
 * agree, where they differ, each at its place; that amounts which do not belong
 * together are never held against one another, and that nobody is believed
 * where that can't be told, or where one can't be read; and that labels take no
 * time of what stands before all of them.
 */

#include "tap.h"
#include "review/facts/check.h"

#include <time.h>


static review_pool_t     *pool;
static review_checked_t   checked;


static const struct {
    const char        *text;
    review_verdict_e   verdict;
    const char        *places;         /* joined by ~ */
} table[] = {

    /* they differ */

    { "投标总价为人民币（大写）壹仟贰佰陆拾玖万元整（小写：¥12,960,000.00元）。",
      REVIEW_VERDICT_FAIL, "壹仟贰佰陆拾玖万元整~¥12,960,000.00元" },
    { "大写：壹佰万元整 小写：1000100", REVIEW_VERDICT_FAIL,
      "壹佰万元整~1000100" },
    { "小写：1000100元，大写：壹佰万元整", REVIEW_VERDICT_FAIL,
      "1000100元~壹佰万元整" },
    { "￥1,000,100.00（壹佰万元整）", REVIEW_VERDICT_FAIL,
      "￥1,000,100.00~壹佰万元整" },
    { "人民币壹佰万元整（RMB 1,000,100.00）", REVIEW_VERDICT_FAIL,
      "壹佰万元整~1,000,100.00" },
    { "投标总价（大写）：壹佰万元整\n投标总价（小写）：1000100元",
      REVIEW_VERDICT_FAIL, "壹佰万元整~1000100元" },
    { "1. 投标总价（大写）：人民币壹佰万元整；\n2. 投标总价（小写）：¥1000100.00元。",
      REVIEW_VERDICT_FAIL, "壹佰万元整~¥1000100.00元" },
    { "| 大写 | 壹佰万元整 | 小写 | 1000100.00 |\n", REVIEW_VERDICT_FAIL,
      "壹佰万元整~1000100.00" },
    { "| 投标总价（大写） | 壹佰万元整 |\n| 投标总价（小写） | 1,000,100.00 |\n",
      REVIEW_VERDICT_FAIL, "壹佰万元整~1,000,100.00" },
    { "投标报价：大写 壹佰万元整；小写 1000100元", REVIEW_VERDICT_FAIL,
      "壹佰万元整~1000100元" },
    { "| 标段 | 大写 | 小写 |\n|---|---|---|\n| 一 | 壹佰万元整 | 1000100.00 |\n",
      REVIEW_VERDICT_FAIL, "壹佰万元整~1000100.00" },
    { "<table><tr><td>大写</td><td>壹佰万元整</td><td>小写</td><td>"
      "1000100</td></tr></table>", REVIEW_VERDICT_FAIL, "壹佰万元整~1000100" },
    { "大写：壹佰万元整，小写：100.01万元", REVIEW_VERDICT_FAIL,
      "壹佰万元整~100.01万元" },
    { "第一包（大写）壹佰元整（小写）100元；第二包（大写）贰佰元整（小写）201元",
      REVIEW_VERDICT_FAIL, "贰佰元整~201元" },
    { "壹佰万元整（大写）1000100元（小写）", REVIEW_VERDICT_FAIL,
      "壹佰万元整~1000100元" },
    { "（大写）：**壹佰万元整**（￥**1,000,100.00**）", REVIEW_VERDICT_FAIL,
      "壹佰万元整~￥**1,000,100.00" },

    { "人民币（大写）：壹佰万元整 ￥：1,000,100.00", REVIEW_VERDICT_FAIL,
      "壹佰万元整~1,000,100.00" },
    { "人民币（大写）壹佰万元整 ¥1,000,100.00", REVIEW_VERDICT_FAIL,
      "壹佰万元整~¥1,000,100.00" },

    /* they agree */

    { "人民币100,000.00元（大写：壹拾万元整）", REVIEW_VERDICT_PASS,
      "100,000.00元~壹拾万元整" },
    { "大写：壹仟贰佰玖拾陆万元整，小写：1296万元", REVIEW_VERDICT_PASS,
      "壹仟贰佰玖拾陆万元整~1296万元" },
    { "小写（万元）：1296.00，大写：壹仟贰佰玖拾陆万元整", REVIEW_VERDICT_PASS,
      "1296.00~壹仟贰佰玖拾陆万元整" },
    { "壹佰万元整（1000000）", REVIEW_VERDICT_PASS, "壹佰万元整~1000000" },
    { "大写：壹佰万元整（含税13%），小写：1000000元", REVIEW_VERDICT_PASS,
      "壹佰万元整~1000000元" },
    { "小写：100元，大写：壹佰元整，小写：200元，大写：贰佰元整",
      REVIEW_VERDICT_PASS, "100元~壹佰元整~200元~贰佰元整" },
    { "保证金100,000.00元（大写：壹拾万元整），履约担保200,000.00元（大写：贰拾万元整）",
      REVIEW_VERDICT_PASS,
      "100,000.00元~壹拾万元整~200,000.00元~贰拾万元整" },
    { "| 壹佰万元整 | 1,000,000.00 |\n", REVIEW_VERDICT_PASS,
      "壹佰万元整~1,000,000.00" },

    /* who knows? */

    { "大写：壹仟贰佰伍元整，小写：1205元", REVIEW_VERDICT_UNSURE,
      "壹仟贰佰伍元整~1205元" },
    { "大写：臺佰万元整，小写：1000000元", REVIEW_VERDICT_UNSURE,
      "臺佰万元整~1000000元" },
    { "大写：壹佰万元整，小写：1,000,00元", REVIEW_VERDICT_UNSURE,
      "壹佰万元整~1,000,00元" },
    { "（大写）：____（小写：¥100.00元）", REVIEW_VERDICT_UNSURE,
      "大写~¥100.00元" },
    { "大写：壹仟贰佰玖拾陆万元整，小写：1296.00", REVIEW_VERDICT_UNSURE,
      "壹仟贰佰玖拾陆万元整~1296.00" },
    { "大写：壹仟贰佰玖拾陆万零伍佰元整，小写：1296万元",
      REVIEW_VERDICT_UNSURE, "壹仟贰佰玖拾陆万零伍佰元整~1296万元" },
    { "| 壹佰万元整 | 5,000.00 |\n", REVIEW_VERDICT_UNSURE,
      "壹佰万元整~5,000.00" },
    { "第一包大写：壹佰元整，第二包小写：200元", REVIEW_VERDICT_UNSURE,
      "壹佰元整~200元" },
    { "单价（大写）壹佰元整（¥1,000.00/10台）", REVIEW_VERDICT_UNSURE,
      "壹佰元整~¥1,000.00" },
    { "大写：壹佰万美元，小写：¥1000000", REVIEW_VERDICT_UNSURE,
      "壹佰万美元~¥1000000" },
    { "大写：壹佰元整，小写：200元，大写：贰佰元整", REVIEW_VERDICT_UNSURE,
      "壹佰元整~200元~贰佰元整" },

    { "| 报价（大写） | 壹佰万元整 | 5,000.00 |\n", REVIEW_VERDICT_UNSURE,
      "壹佰万元整~5,000.00" },
    { "大写：壹佰万元整，5,000.00元为保证金", REVIEW_VERDICT_UNSURE,
      "壹佰万元整~5,000.00元" },

    /* nothing belongs together */

    { "保证金为壹佰元整（2）质保期", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "保证金为壹佰元整（2026）", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "保证金为壹佰元整（12.50㎡）", REVIEW_VERDICT_NOT_APPLICABLE, "" },

    { "大写金额与小写金额不一致的，以大写金额为准。",
      REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "单价壹佰元整，合计¥5,000.00元。", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "合同金额壹佰万元整，已付500,000元。", REVIEW_VERDICT_NOT_APPLICABLE,
      "" },
    { "投标总价：壹佰万元整。¥5,000.00元", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "十分重要，1,000.00", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "大写：____ 小写：____", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "", REVIEW_VERDICT_NOT_APPLICABLE, "" }
};


static int
check_text(const char *data, size_t len)
{
    review_str_t    text;
    review_check_t  check;

    memset(&check, 0, sizeof(check));
    check.kind = REVIEW_CHECK_AMOUNTS;

    text.data = data;
    text.len = len;

    return review_check(pool, &check, 0, 0, &text, &checked);
}


static int
has_places(const char *text, const char *places)
{
    char    s[1024];
    size_t  i, n;

    for (i = 0, n = 0; i < checked.nplaces; i++) {
        n += (size_t) sprintf(s + n, "%s%.*s", i ? "~" : "",
                              (int) (checked.places[i].to
                                     - checked.places[i].from),
                              text + checked.places[i].from);
    }

    s[n] = '\0';

    if (strcmp(s, places) != 0) {
        printf("# places: %s\n", s);
        return 0;
    }

    return 1;
}


static double
now(void)
{
    struct timespec  t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


static void
test_labels(void)
{
    char    *text;
    size_t   i, len;
    double   took;

    text = malloc(160000);
    len = 40000;
    memset(text, '=', len);

    for (i = 0; i < 20000; i++, len += 6) {
        memcpy(text + len, "大写", 6);
    }

    pool = tap_pool();

    took = now();
    i = check_text(text, len) == 0;
    took = now() - took;

    ok(i && took < 5, "20000 labels of one clause, in %.0f ms", took * 1000);

    tap_pool_free(pool);
    free(text);
}


int
main(void)
{
    size_t  i, len;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        pool = tap_pool();
        len = strlen(table[i].text);

        char  *text = memcpy(malloc(len + 1), table[i].text, len);

        ok(check_text(text, len) == 0 && checked.verdict == table[i].verdict
           && has_places(text, table[i].places), "%s: %s",
           review_verdicts[table[i].verdict], table[i].text);

        printf("# %s: %.*s\n", review_verdicts[checked.verdict],
               (int) checked.reason.len, checked.reason.data);

        free(text);
        tap_pool_free(pool);
    }

    test_labels();

    return tap_end();
}
