
/*
 * Proves that amounts are read as what they say: 10,000 of them written in
 * words, in all of the forms that are right, and 10,000 in digits, with groups,
 * full width and units; that any digit or unit which is missing, twice or out
 * of its place makes no other number, but none at all; and where they end.
 */

#include "tap.h"
#include "review/facts/amount.h"


static uint64_t  seed = 20260301;


static uint64_t
any(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed % n;
}


/* the same with as many digits as come */

static uint64_t
amount(int digits)
{
    uint64_t  n, max;

    for (n = any((uint64_t) digits) + 1, max = 1; n; n--) {
        max *= 10;
    }

    n = any(max);

    /* many zeros in it */

    while (any(2)) {
        max = any(3) ? 100 : 10000000;
        n = n / max * max;
    }

    return n;
}


static const char *const  formal[] = {
    "零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"
};

static const char *const  plain[] = {
    "〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"
};

static const char *const  units[][4] = {
    { "", "拾", "佰", "仟" }, { "", "十", "百", "千" }
};


/* below 10000; "zero": something is before it */

static void
section(char *s, unsigned n, const char *const *digits, int form, int before)
{
    int       k, zero;
    unsigned  d, power;

    zero = before && n < 1000;

    for (k = 3, power = 1000; k >= 0; k--, power /= 10) {
        d = n / power % 10;

        if (d == 0) {
            zero |= before;
            continue;
        }

        if (zero) {
            strcat(s, digits[0]);
        }

        strcat(s, digits[d]);
        strcat(s, units[form][k]);
        zero = 0;
        before = 1;
    }
}


static void
eight(char *s, uint64_t n, const char *const *digits, int form, int before)
{
    if (n >= 10000) {
        section(s, (unsigned) (n / 10000), digits, form, before);
        strcat(s, any(9) ? "万" : "萬");

        /* 壹拾万零柒仟 */

        if (n / 10000 % 10 == 0 && n % 10000 >= 1000 && any(2)) {
            strcat(s, digits[0]);
        }

    } else if (before && n >= 1000) {
        strcat(s, digits[0]);
    }

    if (n % 10000) {
        section(s, (unsigned) (n % 10000), digits, form,
                before || n >= 10000);
    }
}


static void
words(char *s, uint64_t fen)
{
    int                 form;
    uint64_t            yuan;
    const char *const  *digits;

    form = any(3) == 0;
    digits = form ? plain : formal;
    yuan = fen / 100;
    s[0] = '\0';

    if (yuan >= 100000000) {
        eight(s, yuan / 100000000, digits, form, 0);
        strcat(s, "亿");

        if (yuan % 100000000) {
            eight(s, yuan % 100000000, digits, form, 1);
        }

    } else if (yuan) {
        eight(s, yuan, digits, form, 0);

    } else {
        strcat(s, digits[0]);
    }

    strcat(s, any(2) ? "元" : any(2) ? "圆" : "圓");

    if (fen % 100 == 0) {
        strcat(s, any(3) ? any(2) ? "整" : "正" : "");
        return;
    }

    if (fen / 10 % 10) {
        if (yuan % 10 == 0 && any(2)) {
            strcat(s, digits[0]);
        }

        strcat(s, digits[fen / 10 % 10]);
        strcat(s, "角");

    } else {
        strcat(s, digits[0]);
    }

    if (fen % 10) {
        strcat(s, digits[fen % 10]);
        strcat(s, "分");
    }
}


/* all of it is read, and what stands behind it is not */

static int
reads(const char *text, int word, int64_t *fen)
{
    char             s[1024];
    int              read;
    size_t           len;
    review_glyph_t   g;
    review_amount_t  a;

    len = strlen(text);
    memcpy(s, text, len);
    memcpy(s + len, "。", 4);

    review_glyph_begin(&g, s, len + 3);
    read = word ? review_numeral_read(&g, &a) : review_figure_read(&g, &a);

    if (!read || review_figure_value(&a, 2, fen) != 0) {
        return 0;
    }

    return a.from == s && a.to == s + len && g.c == 0x3002;
}


static void
is_words(const char *text, int64_t fen)
{
    int64_t  got;

    ok(reads(text, 1, &got) && got == fen, "%s", text);
}


static void
is_figure(const char *text, int64_t fen)
{
    int64_t  got;

    ok(reads(text, 0, &got) && got == fen, "%s", text);
}


static void
no_words(const char *text)
{
    int64_t  got;

    ok(!reads(text, 1, &got), "not %s", text);
}


static void
no_figure(const char *text)
{
    int64_t  got;

    ok(!reads(text, 0, &got), "not %s", text);
}


static void
round_words(void)
{
    int       i, wrong;
    char      s[1024];
    int64_t   got;
    uint64_t  fen;

    for (i = 0, wrong = 0; i < 10000; i++) {
        fen = amount(18);
        words(s, fen);

        if (!reads(s, 1, &got) || (uint64_t) got != fen) {
            wrong++;
            printf("# %s is not %llu\n", s, (unsigned long long) fen);
        }
    }

    ok(wrong == 0, "10000 amounts in words are what they were");
}


/* in ASCII; groups of three, or none */

static void
digits(char *s, uint64_t n, int grouped)
{
    char    d[32];
    size_t  i, len;

    len = (size_t) snprintf(d, sizeof(d), "%llu", (unsigned long long) n);

    for (i = 0; i < len; i++) {
        if (grouped && i && (len - i) % 3 == 0) {
            *s++ = ',';
        }

        *s++ = d[i];
    }

    *s = '\0';
}


static void
widen(char *s, const char *ascii)
{
    for ( /* void */ ; *ascii; ascii++, s += 3) {
        s[0] = (char) 0xef;
        s[1] = (char) (0xbc + (*ascii - 0x20) / 0x40);
        s[2] = (char) (0x80 + (*ascii - 0x20) % 0x40);
    }

    *s = '\0';
}


static void
figure(char *s, uint64_t fen)
{
    int   unit;
    char  ascii[64], part[32];

    unit = any(4) == 0 ? 6 : any(4) == 0 ? 10 : 2;

    if (unit != 2) {
        uint64_t  power = unit == 6 ? 1000000 : 10000000000;

        fen = fen / (power / 10000) * (power / 10000);
        digits(ascii, fen / power, any(2));
        snprintf(part, sizeof(part), ".%04llu",
                 (unsigned long long) (fen % power / (power / 10000)));
    } else {
        digits(ascii, fen / 100, any(2));
        snprintf(part, sizeof(part), ".%02llu",
                 (unsigned long long) (fen % 100));
    }

    strcat(ascii, part);
    strcpy(s, any(2) ? any(2) ? "￥" : "¥" : "");

    if (any(4)) {
        strcat(s, ascii);

    } else {
        widen(s + strlen(s), ascii);
    }

    strcat(s, unit == 6 ? "万元" : unit == 10 ? "亿元" : any(2) ? "元" : "");
}


static void
round_figures(void)
{
    int       i, wrong;
    char      s[1024];
    int64_t   got;
    uint64_t  fen;

    for (i = 0, wrong = 0; i < 10000; i++) {
        fen = amount(16);
        figure(s, fen / 1000000 * 1000000);

        if (!reads(s, 0, &got) || (uint64_t) got != fen / 1000000 * 1000000) {
            wrong++;
            printf("# %s is not %llu but %lld\n", s, (unsigned long long) fen,
                   (long long) got);
        }
    }

    ok(wrong == 0, "10000 amounts in digits are what they were");
}


/* one symbol less, or one twice, is the same number, or it can't be read */

static void
mistakes(void)
{
    int       i, other;
    char      s[1024], t[1024];
    size_t    n, at;
    int64_t   got;
    uint64_t  fen;

    for (i = 0, other = 0; i < 10000; i++) {
        fen = amount(14) / 100 * 100;
        words(s, fen);
        n = strlen(s) / 3;
        at = any(n) * 3;
        memcpy(t, s, at + 3);
        strcpy(t + at + 3, s + at);

        if (reads(t, 1, &got) && (uint64_t) got != fen) {
            other++;
            printf("# %s is %lld\n", t, (long long) got);
        }
    }

    ok(other == 0, "10000 amounts with a symbol twice are no other ones");
}


int
main(void)
{
    round_words();
    round_figures();
    mistakes();

    is_words("壹仟贰佰陆拾玖万元整", 1269000000);
    is_words("壹仟贰佰陆拾玖萬圓整", 1269000000);
    is_words("壹仟陆佰捌拾元零叁角贰分", 168032);
    is_words("壹仟陆佰捌拾元叁角贰分", 168032);
    is_words("壹拾万柒仟元零伍角叁分", 10700053);
    is_words("壹拾万零柒仟元伍角叁分", 10700053);
    is_words("壹万零捌拾元整", 1008000);
    is_words("壹佰元零伍分", 10005);
    is_words("零元整", 0);
    is_words("伍角", 50);
    is_words("零元伍角整", 50);
    is_words("拾贰万元", 12000000);
    is_words("廿五元", 2500);
    is_words("卅元", 3000);
    is_words("两百元", 20000);
    is_words("壹亿零伍佰元", 10000050000);
    is_words("壹亿零伍仟元", 10000500000);
    is_words("壹亿伍仟万元", 15000000000);
    is_words("壹万亿元整", 100000000000000);
    is_words("壹万贰仟亿元", 120000000000000);
    is_words("零仟零佰壹拾零万零仟零佰零拾零元零角零分", 10000000);
    is_words("壹 仟 贰 佰 万 元 整", 1200000000);
    is_words("壹仟贰佰\n万元整", 1200000000);
    is_words("壹佰**万**元", 100000000);
    is_words("壹佰<b>万</b>元", 100000000);
    is_words("一千二百六十九万", 1269000000);

    no_words("一万八元");
    no_words("壹佰贰元");
    no_words("壹仟贰佰伍元");
    no_words("壹仟伍拾元");
    no_words("壹万捌拾元");
    no_words("壹亿伍仟元");
    no_words("壹仟零贰佰元");
    no_words("壹佰零元");
    no_words("壹拾伍元零叁角");
    no_words("壹元伍分");
    no_words("壹佰佰元");
    no_words("壹拾佰元");
    no_words("壹贰叁元");
    no_words("壹万万元");
    no_words("壹亿亿元");
    no_words("叁分");
    no_words("壹佰元叁角肆角");
    no_words("万元");
    no_words("壹佰拾元");
    no_words("壹零零壹元");
    no_words("壹点伍万元");
    no_words("12万元");

    is_figure("12,960,000.00", 1296000000);
    is_figure("¥12,960,000.00元", 1296000000);
    is_figure("￥ 12960000", 1296000000);
    is_figure("１２，９６０，０００．００", 1296000000);
    is_figure("1296万元", 1296000000);
    is_figure("1,296.5 万元", 1296500000);
    is_figure("1296（万元）", 1296000000);
    is_figure("0.1296亿元", 1296000000);
    is_figure("1.2万亿元", 120000000000000);
    is_figure("5角", 50);
    is_figure("12,960,000.00&nbsp;元", 1296000000);
    is_figure("-12.5元", -1250);
    is_figure("12**元", 1200);
    is_figure("12.500", 1250);

    no_figure("12,960,00.00");
    no_figure("1296,0000");
    no_figure("1234,567");
    no_figure("1，234元");
    no_figure("12 960 000");
    no_figure("1'234");
    no_figure("1.234.567");
    no_figure("1.234,56");
    no_figure("12.345元");
    no_figure("1<b>0</b>元");
    no_figure("1000000000000000000000");
    no_figure("5.1234567");
    no_figure("12万5千元");
    no_figure("元");

    return tap_end();
}
