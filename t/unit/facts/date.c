
/*
 * Proves that dates are read as what they say, 10,000 of them in all forms;
 * that those without a day, or a month, are any of them; that there is none
 * such as the 31st of April, and that what is no date is none.
 */

#include "tap.h"
#include "review/facts/date.h"


static const char *const  digits[] = {
    "〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"
};

static const char *const  months[] = {
    "January", "February", "March", "April", "May", "June", "July", "August",
    "September", "October", "November", "December"
};


static int
reads(const char *text, review_date_t *date)
{
    char            s[256];
    size_t          len;
    review_glyph_t  g;

    len = strlen(text);
    memcpy(s, text, len);
    memcpy(s + len, "；", 4);

    review_glyph_begin(&g, s, len + 3);

    return review_date_read(&g, date) && date->from == s && date->to == s + len
           && g.c == ';';
}


static void
is_date(const char *text, int first, int last)
{
    review_date_t  date;

    ok(reads(text, &date) && !date.bad && date.first == first
       && date.last == last, "%s", text);
}


static void
is_bad(const char *text)
{
    review_date_t  date;

    ok(reads(text, &date) && date.bad, "no day is %s", text);
}


static void
no_date(const char *text)
{
    review_date_t  date;

    ok(!reads(text, &date), "no date: %s", text);
}


static void
small(char *s, int n)
{
    if (n >= 20) {
        strcat(s, digits[n / 10]);
    }

    if (n >= 10) {
        strcat(s, "十");
    }

    if (n % 10) {
        strcat(s, digits[n % 10]);
    }
}


static void
write(char *s, int form, int y, int m, int d)
{
    static const char *const  forms[] = {
        "%d年%d月%d日", "%d年%02d月%02d日", "%d-%02d-%02d", "%d.%d.%d",
        "%d/%d/%d", "%d%02d%02d", "%d 年 %d 月 %d 日", "%d年%d月%d号"
    };

    if (form < 8) {
        sprintf(s, forms[form], y, m, d);

    } else if (form == 8) {
        sprintf(s, "%s %d, %d", months[m - 1], d, y);

    } else if (form == 9) {
        sprintf(s, "%d %.3s %d", d, months[m - 1], y);

    } else {
        sprintf(s, "%s%s%s%s年", digits[y / 1000], digits[y / 100 % 10],
                digits[y / 10 % 10], digits[y % 10]);
        small(s, m);
        strcat(s, "月");
        small(s, d);
        strcat(s, "日");
    }
}


static void
round_dates(void)
{
    int            i, y, m, d, wrong;
    char           s[256];
    review_date_t  date;

    for (i = 0, wrong = 0; i < 10000; i++) {
        y = 1990 + i * 7 % 100;
        m = i * 5 % 12 + 1;
        d = i * 11 % 28 + 1;

        write(s, i % 11, y, m, d);

        if (!reads(s, &date) || date.bad || date.first != date.last
            || date.first != y * 10000 + m * 100 + d)
        {
            wrong++;
            printf("# %s\n", s);
        }
    }

    ok(wrong == 0, "10000 dates are what they were");
}


int
main(void)
{
    round_dates();

    is_date("2026年3月1日", 20260301, 20260301);
    is_date("２０２６年３月１日", 20260301, 20260301);
    is_date("二〇二六年三月一日", 20260301, 20260301);
    is_date("二○二六年十二月三十一日", 20261231, 20261231);
    is_date("2026年\n3月1日", 20260301, 20260301);
    is_date("2024年2月29日", 20240229, 20240229);
    is_date("2026年2月", 20260201, 20260228);
    is_date("2026年", 20260101, 20261231);
    is_date("June 30th, 2026", 20260630, 20260630);
    is_date("30 June 2026", 20260630, 20260630);
    is_date("Sept. 1, 2026", 20260901, 20260901);

    is_bad("2026年13月1日");
    is_bad("2026年0月1日");
    is_bad("2026年2月30日");
    is_bad("2026-02-29");
    is_bad("2026-00-10");
    is_bad("20261301");
    is_bad("2026年4月31日");

    no_date("2026");
    no_date("26年3月1日");
    no_date("3月1日");
    no_date("03/01/2026");
    no_date("12345678");
    no_date("2026-03");
    no_date("二六年三月");
    no_date("June");

    return tap_end();
}
