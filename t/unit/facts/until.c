
/*
 * Proves what is said of ends of validity: which are earlier than a day, which
 * are not, and of which that can't be told; that other dates are none.
 */

#include "tap.h"
#include "review/facts/check.h"


static review_pool_t     *pool;
static review_checked_t   checked;


/* held against 2026-06-30 */

static const struct {
    const char        *text;
    review_verdict_e   verdict;
    const char        *places;         /* joined by ~ */
} table[] = {

    { "营业执照有效期至2025年3月31日。", REVIEW_VERDICT_FAIL,
      "有效期至2025年3月31日" },
    { "有效期至2026年6月29日", REVIEW_VERDICT_FAIL, "有效期至2026年6月29日" },
    { "有效期限：2016年3月1日至2026年2月28日", REVIEW_VERDICT_FAIL,
      "有效期限：2016年3月1日至2026年2月28日" },
    { "有效期自2016-03-01起至2026-02-28止", REVIEW_VERDICT_FAIL,
      "有效期自2016-03-01起至2026-02-28" },
    { "证书截止日期：2026.1.1", REVIEW_VERDICT_FAIL, "截止日期：2026.1.1" },
    { "有效期至二〇二五年三月三十一日", REVIEW_VERDICT_FAIL,
      "有效期至二〇二五年三月三十一日" },
    { "有效期至2026年5月", REVIEW_VERDICT_FAIL, "有效期至2026年5月" },
    { "It is valid until March 31, 2025.", REVIEW_VERDICT_FAIL,
      "valid until March 31, 2025" },
    { "Expiry date: 2025-03-31", REVIEW_VERDICT_FAIL,
      "Expiry date: 2025-03-31" },
    { "有效期至\n2025年3月31日", REVIEW_VERDICT_FAIL,
      "有效期至\n2025年3月31日" },
    { "| 有效期 | 2025-03-31 |\n", REVIEW_VERDICT_FAIL,
      "有效期 | 2025-03-31" },
    { "| 证书 | 有效期至 |\n|---|---|\n| 甲 | 2025-03-31 |\n| 乙 | 长期 |\n",
      REVIEW_VERDICT_FAIL, "2025-03-31" },
    { "<table><tr><th>证书</th><th>有效期至</th></tr><tr><td>甲</td>"
      "<td>2025-03-31</td></tr></table>", REVIEW_VERDICT_FAIL, "2025-03-31" },
    { "甲有效期至2027年1月1日；乙有效期至2025年1月1日。", REVIEW_VERDICT_FAIL,
      "有效期至2025年1月1日" },

    { "有效期至2026年6月30日", REVIEW_VERDICT_PASS, "有效期至2026年6月30日" },
    { "有效期至2026年7月", REVIEW_VERDICT_PASS, "有效期至2026年7月" },
    { "有效期：2020年1月1日至长期", REVIEW_VERDICT_PASS,
      "有效期：2020年1月1日至长期" },
    { "有效期限：长期", REVIEW_VERDICT_PASS, "有效期限：长期" },
    { "有效期限 2020/1/1-2030/1/1", REVIEW_VERDICT_PASS,
      "有效期限 2020/1/1-2030/1/1" },
    { "| 证书 | 有效期至 |\n|---|---|\n| 甲 | 2027-03-31 |\n",
      REVIEW_VERDICT_PASS, "2027-03-31" },

    { "有效期至2026年6月", REVIEW_VERDICT_UNSURE, "有效期至2026年6月" },
    { "有效期至2026年13月1日", REVIEW_VERDICT_UNSURE,
      "有效期至2026年13月1日" },
    { "有效期至____", REVIEW_VERDICT_UNSURE, "有效期至____" },
    { "有效期至03/01/2026", REVIEW_VERDICT_UNSURE, "有效期至" },
    { "有效期至合同终止", REVIEW_VERDICT_UNSURE, "有效期至" },
    { "有效期自2020年1月1日起五年", REVIEW_VERDICT_UNSURE,
      "有效期自2020年1月1日" },
    { "资质证书有效期5年", REVIEW_VERDICT_UNSURE, "有效期" },
    { "| 证书 | 有效期至 |\n|---|---|\n| 甲 | 见附件 |\n",
      REVIEW_VERDICT_UNSURE, "见" },

    { "有效期至2025年3月31日（已续期至2030年3月31日）",
      REVIEW_VERDICT_UNSURE, "有效期至2025年3月31日" },

    { "投标保证金有效期应当与投标有效期一致。", REVIEW_VERDICT_NOT_APPLICABLE,
      "" },
    { "证书有效期一般不变。", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "投标有效期为自投标截止之日起90日历天。",
      REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "投标截止时间：2025年3月31日", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "证书均在有效期内。2025年3月31日", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "签订日期：2025年3月31日", REVIEW_VERDICT_NOT_APPLICABLE, "" },
    { "", REVIEW_VERDICT_NOT_APPLICABLE, "" }
};


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


int
main(void)
{
    char            *data;
    size_t           i;
    review_str_t     text;
    review_check_t   check;

    memset(&check, 0, sizeof(check));
    check.kind = REVIEW_CHECK_DATE_AFTER;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        pool = tap_pool();

        text.len = strlen(table[i].text);
        text.data = data = malloc(text.len + 1);
        memcpy(data, table[i].text, text.len);

        ok(review_check(pool, &check, 20260630, 0, &text, &checked) == 0
           && checked.verdict == table[i].verdict
           && has_places(text.data, table[i].places), "%s: %s",
           review_verdicts[table[i].verdict], table[i].text);

        printf("# %s: %.*s\n", review_verdicts[checked.verdict],
               (int) checked.reason.len, checked.reason.data);

        free(data);
        tap_pool_free(pool);
    }

    return tap_end();
}
