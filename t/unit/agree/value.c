
/*
 * Proves which values are the same, in all the forms that amounts, dates and
 * numbers have, 10,000 of them made at random from a fixed seed; which differ,
 * and of which nobody can tell; that this does not depend on the order; and
 * that a value is found where it stands, whatever is around it, and no part of
 * another.
 */

#include "tap.h"
#include "review/agree/stands.h"


static review_pool_t  *pool;
static uint64_t        seed = 20261201;


static uint64_t
roll(uint64_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (seed >> 33) % n;
}


static review_value_t
value(const char *s)
{
    review_str_t    text;
    review_value_t  v;

    text.data = s;
    text.len = strlen(s);

    if (review_value_read(pool, &text, &v) != 0) {
        abort();
    }

    return v;
}


static const char *const  words[] = { "same", "fits", "unsure", "differs" };

static void
says(const char *one, const char *two, review_value_says_e expected)
{
    review_value_t       a, b;
    review_value_says_e  there, back;

    a = value(one);
    b = value(two);
    there = review_value_compare(&a, &b);
    back = review_value_compare(&b, &a);

    ok(there == expected && back == expected, "%s, %s: %s (%s, %s)", one, two,
       words[expected], words[there], words[back]);
}


static void
none(const char *s)
{
    review_value_t  v;

    v = value(s);

    ok(v.kind == REVIEW_VALUE_NONE, "no value is \"%s\"", s);
}


static void
stands(const char *s, const char *text, const char *expected)
{
    int              found;
    review_str_t     t, place;
    review_value_t   v;
    review_stands_t  in;

    t.data = text;
    t.len = strlen(text);
    v = value(s);

    review_stands_init(&in, pool);
    review_stands_set(&in, &t);

    found = review_stands_find(&in, &v, 0, t.len, &place);

    ok(expected ? found && place.len == strlen(expected)
                  && memcmp(place.data, expected, place.len) == 0 : !found,
       "%s in %s: %s", s, text, expected ? expected : "not there");
}


/* in words, as is written on cheques: of whole yuan below 10^8 */

static void
in_words(char *p, uint64_t n)
{
    int       i, zero, any, group;
    uint64_t  digit, power;

    static const char *const  digits[] = {
        "零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"
    };

    static const char *const  units[] = {
        "", "拾", "佰", "仟", "万", "拾", "佰", "仟"
    };

    *p = '\0';
    zero = 0;
    any = 0;
    group = 0;
    power = 10000000;

    for (i = 7; i >= 0; i--, power /= 10) {
        digit = n / power % 10;

        if (digit) {
            if (zero && any) {
                strcat(p, "零");
            }

            strcat(p, digits[digit]);

            if (i != 4) {
                strcat(p, units[i]);
            }

            zero = 0;
            any = 1;
            group = 1;

        } else {
            zero = 1;
        }

        if (i == 4 && group) {
            strcat(p, "万");
        }
    }

    strcat(p, "元整");
}


static void
grouped(char *p, uint64_t n)
{
    int   i, k, len;
    char  s[32];

    len = sprintf(s, "%llu", (unsigned long long) n);

    for (i = 0, k = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) {
            p[k++] = ',';
        }

        p[k++] = s[i];
    }

    p[k] = '\0';
}


static void
amounts(void)
{
    int             i, k, good;
    char            form[5][256], digits[64];
    uint64_t        n;
    review_value_t  first, v, other;

    good = 0;

    for (i = 0; i < 10000; i++) {
        n = roll(i % 2 ? 99999999 : 9999) + 1;

        grouped(digits, n);
        in_words(form[0], n);
        sprintf(form[1], "%s元", digits);
        sprintf(form[2], "人民币 ¥%s.00", digits);
        sprintf(form[3], "%llu.%04llu 万元", (unsigned long long) n / 10000,
                (unsigned long long) n % 10000);
        strcpy(form[4], "（大写）");
        in_words(form[4] + strlen(form[4]), n);
        sprintf(form[4] + strlen(form[4]), "（小写：￥%s元）", digits);

        first = value(form[0]);

        for (k = 1; k < 5; k++) {
            v = value(form[k]);

            if (review_value_compare(&first, &v) != REVIEW_VALUE_SAME) {
                printf("# %s, %s\n", form[0], form[k]);
                break;
            }
        }

        grouped(digits, n + 1 + roll(9));
        sprintf(form[1], "%s元", digits);
        other = value(form[1]);

        good += k == 5 && review_value_compare(&first, &other)
                          == REVIEW_VALUE_DIFFERS;
    }

    ok(good == 10000, "10,000 amounts in five forms: %d", good);
}


static void
dates(void)
{
    int             i, k, y, m, d, good;
    char            form[4][64];
    review_value_t  first, v;

    good = 0;

    for (i = 0; i < 10000; i++) {
        y = 1990 + (int) roll(60);
        m = 1 + (int) roll(12);
        d = 1 + (int) roll(28);

        sprintf(form[0], "%d年%d月%d日", y, m, d);
        sprintf(form[1], "%d-%02d-%02d", y, m, d);
        sprintf(form[2], "%d.%d.%d", y, m, d);
        sprintf(form[3], " %d 年 %02d 月 %02d 日 ", y, m, d);

        first = value(form[0]);

        for (k = 1; k < 4; k++) {
            v = value(form[k]);

            if (review_value_compare(&first, &v) != REVIEW_VALUE_SAME) {
                break;
            }
        }

        sprintf(form[1], "%d-%02d-%02d", y, m, d % 28 + 1);
        v = value(form[1]);

        good += k == 4 && review_value_compare(&first, &v)
                          == REVIEW_VALUE_DIFFERS;
    }

    ok(good == 10000, "10,000 dates in four forms: %d", good);
}


int
main(void)
{
    pool = tap_pool();

    says("24个月", "二十四个月", REVIEW_VALUE_SAME);
    says("24个月", "２４ 個月", REVIEW_VALUE_SAME);
    says("24 months", "2 years", REVIEW_VALUE_SAME);
    says("两年", "24个月", REVIEW_VALUE_SAME);
    says("24个月（自验收之日起）", "24个月", REVIEW_VALUE_SAME);
    says("24个月（自验收之日起）", "24个月（自交付之日起）", REVIEW_VALUE_UNSURE);
    says("2周", "14天", REVIEW_VALUE_SAME);
    says("48小时", "2天", REVIEW_VALUE_SAME);
    says("5%", "５％", REVIEW_VALUE_SAME);
    says("5%", "50‰", REVIEW_VALUE_SAME);
    says("百分之五", "5%", REVIEW_VALUE_SAME);
    says("1000mm", "1米", REVIEW_VALUE_SAME);
    says("3万平方米", "30000 m2", REVIEW_VALUE_SAME);
    says("3台", "3 台", REVIEW_VALUE_SAME);
    says("24", "24.0", REVIEW_VALUE_SAME);
    says("24", "24个月", REVIEW_VALUE_SAME);
    says("12960000", "1296万元", REVIEW_VALUE_SAME);
    says("12,960,000", "12960000.00", REVIEW_VALUE_SAME);
    says("USD 5", "usd5", REVIEW_VALUE_SAME);
    says("ＡＢＣ－１２", "abc-12", REVIEW_VALUE_SAME);
    says("甲（集团）有限公司", "甲(集团)有限公司。", REVIEW_VALUE_SAME);
    says("《甲》有限公司（公章）", "《甲》有限公司", REVIEW_VALUE_SAME);
    says("2026年3月", "2026年3月1日", REVIEW_VALUE_FITS);
    says("2026年", "2026-12-31", REVIEW_VALUE_FITS);

    says("24个月", "36个月", REVIEW_VALUE_DIFFERS);
    says("24个月", "24天", REVIEW_VALUE_DIFFERS);
    says("1个月", "32天", REVIEW_VALUE_DIFFERS);
    says("1个月", "27天", REVIEW_VALUE_DIFFERS);
    says("30天", "30个工作日", REVIEW_VALUE_DIFFERS);
    says("24", "36", REVIEW_VALUE_DIFFERS);
    says("3台", "4台", REVIEW_VALUE_DIFFERS);
    says("100万元", "100万美元", REVIEW_VALUE_DIFFERS);
    says("180万", "170万", REVIEW_VALUE_DIFFERS);
    says("5%", "5‰", REVIEW_VALUE_DIFFERS);
    says("甲公司", "乙公司", REVIEW_VALUE_DIFFERS);
    says("三一重工", "中联重科", REVIEW_VALUE_DIFFERS);
    says("3M公司", "5M公司", REVIEW_VALUE_DIFFERS);
    says("0571-88880000", "0571-88880001", REVIEW_VALUE_DIFFERS);
    says("91330100MA27", "91330100MA28", REVIEW_VALUE_DIFFERS);
    says("true", "false", REVIEW_VALUE_DIFFERS);
    says("2026年3月", "2026年4月1日", REVIEW_VALUE_DIFFERS);
    says("-5%", "5%", REVIEW_VALUE_DIFFERS);

    says("1个月", "30天", REVIEW_VALUE_UNSURE);
    says("24", "36个月", REVIEW_VALUE_UNSURE);
    says("不少于24个月", "24个月", REVIEW_VALUE_UNSURE);
    says("≥24个月", "36个月", REVIEW_VALUE_UNSURE);
    says("3台", "3套", REVIEW_VALUE_UNSURE);
    says("壹佰万元整（¥1,100,000）", "100万元", REVIEW_VALUE_UNSURE);
    says("壹仟贰佰伍元", "1205元", REVIEW_VALUE_UNSURE);
    says("2026年3月1日", "三月一日", REVIEW_VALUE_UNSURE);
    says("24个月", "很久", REVIEW_VALUE_UNSURE);

    none("");
    none(" 　");
    none("无");
    none("N/A");
    none("—");
    none("/");
    none("未提及。");
    none("null");
    none("________");

    stands("24个月", "质保期为24个月，", "24个月");
    stands("24个月", "质保期为 ２４ 个 月，", "２４ 个 月");
    stands("24个月", "质保期为二年，", "二年");
    stands("24个月", "质保期为124个月，", NULL);
    stands("24", "2024年，24.5，124，24", "24");
    stands("24", "2024", NULL);
    stands("12", "12,000", NULL);
    stands("12", "12,13", NULL);
    stands("2", "㎡2", "2");
    stands("1296万元", "总价12,960,000.00元整", "12,960,000.00元");
    stands("1296万元", "壹仟贰佰玖拾陆万元整。", "壹仟贰佰玖拾陆万元整");
    stands("2026-03-01", "于2026年3月1日签", "2026年3月1日");
    stands("2026-03-01", "于2026年3月11日签", NULL);
    stands("甲公司", "甲 方为“甲\n公司”。", "甲\n公司");
    stands("ab", "cab ab", "ab");
    stands("café", "le cafe\xcc\x81 bleu", "cafe\xcc\x81");
    stands("不少于24个月", "质保期二十四个月", "二十四个月");
    stands("乙公司", "甲公司", NULL);
    stands("3台", "3 台", "3 台");

    amounts();
    dates();

    return tap_end();
}
