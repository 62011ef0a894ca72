
/*
 * Proves that sums of tables are checked as they stand: 10,000 tables of pipes
 * and of HTML, in Chinese and in English, with parts, subtotals and totals,
 * with roundings, in 元 and 万元, are right; with one number changed, each is
 * wrong in that row and in no other.  And tables that people write: what can't
 * be read is never right, and what may be meant otherwise never wrong; and what
 * spans many rows takes no time of each.
 */

#include "tap.h"
#include "review/facts/check.h"

#include <time.h>


#define ROWS  12

static review_pool_t     *pool;
static review_checked_t   checked;

static uint64_t  seed = 20260301;

/* the table at hand, and where its rows are */

static char    text[64 * 1024];
static size_t  len;
static size_t  from[3 * ROWS], to[3 * ROWS];
static size_t  nrows;


static uint64_t
any(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed % n;
}


static __attribute__((format(printf, 1, 2))) void
put(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    len += (size_t) vsprintf(text + len, fmt, args);
    va_end(args);
}


/* with as many decimals, in groups or not */

static const char *
number(uint64_t n, int decimals, int grouped)
{
    int          i, k;
    char         digits[32];
    static char  s[8][48];
    static int   at;
    char        *p;
    uint64_t     power;

    for (power = 1, i = 0; i < decimals; i++) {
        power *= 10;
    }

    p = s[at++ % 8];
    k = sprintf(digits, "%llu", (unsigned long long) (n / power));

    for (i = 0; i < k; i++) {
        if (grouped && i && (k - i) % 3 == 0) {
            *p++ = ',';
        }

        *p++ = digits[i];
    }

    if (decimals) {
        p += sprintf(p, ".%0*llu", decimals, (unsigned long long) (n % power));
    }

    *p = '\0';

    return s[(at - 1) % 8];
}


static void
row_begin(int html)
{
    put("%s", html ? "<tr>" : "");
    from[nrows] = len;
    put("%s", html ? "" : "|");
}


static void
cell(int html, const char *tag, const char *s)
{
    if (html) {
        put("<%s>%s</%s>", tag, s, tag);

    } else {
        put(" %s |", s);
    }
}


static void
row_end(int html)
{
    to[nrows++] = len;
    put("%s\n", html ? "</tr>" : "");
}


static void
total(int html, const char *word, const char *sum)
{
    int  i;

    row_begin(html);

    if (html) {
        put("<td colspan=\"5\">%s</td>", word);
        cell(html, "td", sum);

    } else {
        cell(html, "td", word);

        for (i = 0; i < 4; i++) {
            cell(html, "td", any(2) ? "" : "-");
        }

        cell(html, "td", sum);
    }

    row_end(html);
}


/*
 * A table, whose number "wrong", of those that may be, is not what it should
 * be; returns how many there are.  Prices are in fen, or hundredths of 万元;
 * those with four decimals have amounts that are rounded.
 */

static size_t
table(size_t wrong, int html, size_t *bad)
{
    int       wan, english, parts, fine, grouped, p;
    size_t    i, n, at;
    uint64_t  q, price, amount, block, all, add;

    static const char *const  zh[] = {
        "序号", "名称", "单位", "数量", "单价（%s）", "合价（%s）"
    };
    static const char *const  en[] = {
        "No.", "Item", "Unit", "Qty", "Unit price", "Amount"
    };

    len = 0;
    nrows = 0;
    at = 0;
    block = 0;
    all = 0;
    *bad = 0;

    english = any(3) == 0;
    wan = !english && any(4) == 0;
    parts = any(3) == 0;
    fine = !wan && any(4) == 0;
    grouped = (int) any(2);
    n = any(ROWS - 1) + 2;

    put("%s", html ? "<table>\n" : "");
    row_begin(html);

    for (i = 0; i < 6; i++) {
        char  s[64];

        sprintf(s, english ? en[i] : zh[i], wan ? "万元" : "元");
        cell(html, "th", s);
    }

    row_end(html);
    put("%s", html ? "" : "|---|---|---|--:|--:|--:|\n");

    for (i = 0; i < n; i++) {
        q = any(500) + 1;
        price = any(any(2) ? 100000 : 50000000) + 1;
        p = fine ? 4 : 2;
        amount = q * price;

        if (fine) {
            amount = (amount + 50) / 100;
        }

        block += amount;
        all += amount;

        add = at++ == wrong ? any(2) ? 100 : any(1000000) + 100 : 0;

        if (add) {
            *bad = nrows;
        }

        row_begin(html);
        cell(html, "td", number(i + 1, 0, 0));
        cell(html, "td", english ? "Part" : "设备");
        cell(html, "td", english ? "pcs" : "台");
        cell(html, "td", number(q, 0, 0));
        cell(html, "td", number(price, p, grouped));
        cell(html, "td", number(amount + add, 2, grouped));
        row_end(html);

        /* what is wrong in a row is in its totals as well */

        block += add;
        all += add;

        if (parts && (i == n - 1 || any(3) == 0)) {
            add = at++ == wrong ? any(1000000) + 100 : 0;

            if (add) {
                *bad = nrows;
            }

            total(html, english ? "Subtotal" : "小计",
                  number(block + add, 2, grouped));
            block = 0;
        }
    }

    add = at++ == wrong ? any(1000000) + 100 : 0;

    if (add) {
        *bad = nrows;
    }

    total(html, english ? "Total" : any(2) ? "合计" : "总价",
          number(all + add, 2, grouped));

    put("%s", html ? "</table>\n" : "");

    return at;
}


static void
check_text(const char *data, size_t n)
{
    review_str_t    str;
    review_check_t  check;

    memset(&check, 0, sizeof(check));
    check.kind = REVIEW_CHECK_SUMS;

    str.data = data;
    str.len = n;

    if (review_check(pool, &check, 0, 0, &str, &checked) != 0) {
        printf("# no memory\n");
    }
}


static void
round_tables(void)
{
    size_t    i, n, bad, right, found;
    uint64_t  start;

    for (i = 0, right = 0, found = 0; i < 10000; i++) {
        pool = tap_pool();
        start = any(UINT64_MAX) | 1;

        seed = start;
        n = table(SIZE_MAX, i % 2, &bad);
        check_text(text, len);

        if (checked.verdict == REVIEW_VERDICT_PASS) {
            right++;

        } else if (right + 3 > i) {
            printf("# %s: %.*s\n%s\n", review_verdicts[checked.verdict],
                   (int) checked.reason.len, checked.reason.data, text);
        }

        /* the same but for one number */

        seed = start;
        table(i % n, i % 2, &bad);
        check_text(text, len);

        if (checked.verdict == REVIEW_VERDICT_FAIL && checked.nplaces == 1
            && checked.places[0].from == from[bad]
            && checked.places[0].to == to[bad])
        {
            found++;

        } else if (found + 3 > i) {
            printf("# %s: %.*s\n%s# row %zu\n",
                   review_verdicts[checked.verdict], (int) checked.reason.len,
                   checked.reason.data, text, bad);
        }

        tap_pool_free(pool);
        seed ^= start + i + 1;
    }

    ok(right == 10000, "of 10000 tables all are right: %zu", right);
    ok(found == 10000, "of 10000 wrong rows all are found: %zu", found);
}


#define HEAD  "| 名称 | 数量 | 单价（元） | 合价（元） |\n|---|---|---|---|\n"

static const struct {
    const char        *text;
    review_verdict_e   verdict;
    const char        *place;          /* the first; NULL: any */
} tables[] = {

    { HEAD "| 甲 | 2 | 3.00 | 7.00 |\n", REVIEW_VERDICT_FAIL,
      "| 甲 | 2 | 3.00 | 7.00 |" },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n| 合计 | | | 7.00 |\n",
      REVIEW_VERDICT_FAIL, "| 合计 | | | 7.00 |" },
    { "分项报价如下：\n\n" HEAD "| 甲 | 2 | 3.00 | 6.00 |\n\n"
      "投标总价（小写）：¥7.00元。", REVIEW_VERDICT_FAIL, "¥7.00元" },
    { "<table><tr><th rowspan=2>名称</th><th rowspan=2>数量</th><th colspan=2>"
      "价格（元）</th></tr><tr><th>单价</th><th>合价</th></tr><tr><td>甲</td>"
      "<td>2</td><td>3.00</td><td>7.00</td></tr></table>",
      REVIEW_VERDICT_FAIL, "<td>甲</td><td>2</td><td>3.00</td><td>7.00</td>" },
    { "<table><tr><td colspan=4>报价表</td></tr><tr><td>名称</td><td>数量</td>"
      "<td>单价</td><td>金额</td></tr><tr><td>甲<td>2<td>3.00<td>7.00</table>",
      REVIEW_VERDICT_FAIL, "<td>甲<td>2<td>3.00<td>7.00" },
    { "| 名称 | 单价 | 数量 | 金额（万元） |\n|--|--|--|--|\n"
      "| 甲 | 3万元 | 2台 | 7.00 |\n| 合计 | | | 7.00 |\n",
      REVIEW_VERDICT_UNSURE, NULL },
    { "| 项目 | 金额 |\n|--|--|\n| 甲 | 1.00 |\n| 乙 | 2.00 |\n"
      "| 合计 | 4.00 |\n", REVIEW_VERDICT_FAIL, "| 合计 | 4.00 |" },
    { "| 项目 | 金额 |\n|--|--|\n| 甲 | 1.00 |\n| 小计 | 1.00 |\n"
      "| 乙 | 2.00 |\n| 合计 | 2.00 |\n", REVIEW_VERDICT_FAIL,
      "| 合计 | 2.00 |" },

    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n", REVIEW_VERDICT_PASS,
      "| 甲 | 2 | 3.00 | 6.00 |" },
    { HEAD "| 甲 | 2台 | ¥3.00 | 6 |\n| 乙 | / | — | 1 |\n"
      "| **合计** | | | **7.00元** |\n", REVIEW_VERDICT_PASS, NULL },
    { HEAD "| 甲 | 3 | 0.333 | 1.00 |\n| 合计 | | | 1.00 |\n",
      REVIEW_VERDICT_PASS, NULL },
    { "| 名称 | 数量 | 单价（元） | 合价（万元） |\n|---|---|---|---|\n"
      "| 甲 | 20 | 3,000 | 6.00 |\n", REVIEW_VERDICT_PASS, NULL },
    { "| 名称 | 数量 | 单价 | 小计 | 税额 | 合计 |\n|---|---|---|---|---|---|\n"
      "| 甲 | 2 | 3.00 | 6.00 | 0.78 | 6.78 |\n", REVIEW_VERDICT_PASS, NULL },
    { "| 名称 | 数量 | 含税单价 | 不含税单价 | 含税合价 | 不含税合价 |\n"
      "|---|---|---|---|---|---|\n| 甲 | 2 | 3.00 | 2.00 | 6.00 | 4.00 |\n",
      REVIEW_VERDICT_PASS, NULL },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n\n投标总价（小写）：¥6.00元。",
      REVIEW_VERDICT_PASS, NULL },
    { "| 标段 | 金额 |\n|--|--|\n| 甲 | 1.00 |\n| 合计 | 1.00 |\n"
      "| 乙 | 2.00 |\n| 合计 | 2.00 |\n| 总计 | 3.00 |\n",
      REVIEW_VERDICT_PASS, NULL },

    { "| 标段 | 报价（小写） | 报价（大写） |\n|--|--|--|\n"
      "| 甲 | 1.00 | 壹元整 |\n| 合计 | 1.00 | 壹元整 |\n",
      REVIEW_VERDICT_PASS, NULL },

    { HEAD "| 甲 | 若干 | 3.00 | 6.00 |\n", REVIEW_VERDICT_UNSURE,
      "| 甲 | 若干 | 3.00 | 6.00 |" },
    { HEAD "| 甲 | 2 | 3.00 | 6,00.00 |\n", REVIEW_VERDICT_UNSURE, NULL },
    { HEAD "| 甲 | 2 | 3.00 | |\n", REVIEW_VERDICT_UNSURE, NULL },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n| 合计 | | | 12,76,0 |\n",
      REVIEW_VERDICT_UNSURE, "| 合计 | | | 12,76,0 |" },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n| 合计 | 7.00 |\n",
      REVIEW_VERDICT_UNSURE, "| 合计 | 7.00 |" },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n| 其中：乙 | 1 | 2.00 | 2.00 |\n"
      "| 合计 | | | 6.00 |\n", REVIEW_VERDICT_UNSURE, NULL },
    { "| 序号 | 名称 | 金额 |\n|--|--|--|\n| 一 | 甲 | 6.00 |\n"
      "| 1 | 乙 | 2.00 |\n| 2 | 丙 | 3.00 |\n| 合计 | | 7.00 |\n",
      REVIEW_VERDICT_UNSURE, NULL },
    { "| 名称 | 数量 | 单价 | 折扣 | 金额 |\n|--|--|--|--|--|\n"
      "| 甲 | 2 | 3.00 | 0.9 | 5.40 |\n", REVIEW_VERDICT_UNSURE, NULL },
    { "<table><tr><td>单价</td><td><table></table></td></tr></table>",
      REVIEW_VERDICT_UNSURE, NULL },
    { "| 3 | 软件 | 1 | 1,850,000.00 | 1,850,000.00 |\n| 合计 | | | | 1 |\n",
      REVIEW_VERDICT_UNSURE, NULL },
    { "| 3 | 软件 | 1 | 1,850,000.00 | 1,850,000.00 |\n",
      REVIEW_VERDICT_UNSURE, NULL },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n\n投标总价（小写）：¥7.00元。",
      REVIEW_VERDICT_UNSURE, "¥7.00元" },

    { "| 岗位 | 数量 | 月数 | 单价 | 金额 |\n|--|--|--|--|--|\n"
      "| 甲 | 2 | 12 | 3.00 | 72.00 |\n", REVIEW_VERDICT_UNSURE, NULL },
    { "| 序号 | 名称 | 金额 |\n|--|--|--|\n| 12 | 乙 | 2.00 |\n"
      "| 合计 | | 7.00 |\n", REVIEW_VERDICT_UNSURE, NULL },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n\n\f" HEAD "| 乙 | 1 | 1.00 | 1.00 |\n"
      "| 合计 | | | 7.00 |\n", REVIEW_VERDICT_PASS, NULL },
    { HEAD "| 甲 | 2 | 3.00 | 6.00 |\n\n" HEAD "| 乙 | 1 | 1.00 | 1.00 |\n"
      "| 合计 | | | 8.00 |\n", REVIEW_VERDICT_UNSURE, NULL },

    { "| 姓名 | 年龄 |\n|--|--|\n| 甲 | 46 |\n", REVIEW_VERDICT_NOT_APPLICABLE,
      NULL },
    { "一共2台，单价3.00元，合计7.00元。", REVIEW_VERDICT_NOT_APPLICABLE,
      NULL },
    { "", REVIEW_VERDICT_NOT_APPLICABLE, NULL }
};


static int
is_place(const char *data, const char *place)
{
    size_t  n;

    if (place == NULL) {
        return 1;
    }

    n = strlen(place);

    return checked.nplaces && checked.places[0].to - checked.places[0].from == n
           && memcmp(data + checked.places[0].from, place, n) == 0;
}


static double
now(void)
{
    struct timespec  t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


/* one cell of all rows: as people have it, and as nobody has */

static void
test_spans(void)
{
    size_t  i;
    double  took;

    len = 0;
    put("<table><tr><th>类别</th><th>数量</th><th>单价</th><th>合价</th></tr>");

    for (i = 0; i < 500; i++) {
        put("<tr>%s<td>2</td><td>3.00</td><td>6.00</td></tr>", i ? ""
            : "<td rowspan=500>设备，含运输、安装、调试、培训以及五年质保</td>");
    }

    put("<tr><td>合计</td><td></td><td></td><td>3000.00</td></tr></table>");
    check_text(text, len);

    ok(checked.verdict == REVIEW_VERDICT_PASS, "a cell of 500 rows: %.*s",
       (int) checked.reason.len, checked.reason.data);

    len = 0;
    put("<table><tr><td>数量</td>");

    for (i = 0; i < 31; i++) {
        put("<td>甲%zu单价</td><td>乙%zu合价</td>", i, i);
    }

    put("</tr><tr><td colspan=63 rowspan=9999>");

    for (i = 0; i < 2000; i++) {
        put("1");
    }

    put("</td></tr>");

    for (i = 0; i < 500; i++) {
        put("<tr>");
    }

    put("</table>\n\n" HEAD "| 甲 | 2 | 3.00 | 6.00 |\n");

    took = now();
    check_text(text, len);
    took = now() - took;

    ok(took < 5 && checked.verdict == REVIEW_VERDICT_UNSURE,
       "2000 digits of 31500 cells, in %.0f ms, and a table: %.*s",
       took * 1000, (int) checked.reason.len, checked.reason.data);
}


int
main(void)
{
    char    *data;
    size_t   i, n;

    round_tables();

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        pool = tap_pool();
        n = strlen(tables[i].text);
        data = memcpy(malloc(n + 1), tables[i].text, n);
        check_text(data, n);

        ok(checked.verdict == tables[i].verdict
           && is_place(data, tables[i].place), "table %zu is %s", i,
           review_verdicts[tables[i].verdict]);
        printf("# %s: %.*s\n", review_verdicts[checked.verdict],
               (int) checked.reason.len, checked.reason.data);

        if (checked.verdict != tables[i].verdict
            || !is_place(data, tables[i].place))
        {
            printf("# %s\n", tables[i].text);
        }

        free(data);
        tap_pool_free(pool);
    }

    pool = tap_pool();
    test_spans();
    tap_pool_free(pool);

    return tap_end();
}
