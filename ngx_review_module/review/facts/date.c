
#include "review/facts/date.h"


typedef struct {
    int   year;
    int   month;                       /* 0: not said */
    int   day;
} review_date_parts_t;


static const char *const  review_date_months[] = {
    "january", "february", "march", "april", "may", "june", "july", "august",
    "september", "october", "november", "december", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec", NULL
};

static const int  review_date_numbers[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 6, 7, 8, 9, 9, 10, 11,
    12
};

/* 零 is what all of its forms are folded to */

static const int32_t  review_date_digits[] = {
    0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94, 0x516d, 0x4e03, 0x516b,
    0x4e5d
};


static int
review_date_days(int year, int month)
{
    static const int  days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                 31 };

    return days[month - 1]
           + (month == 2 && year % 4 == 0
              && (year % 100 != 0 || year % 400 == 0));
}


static void
review_date_set(review_date_t *date, const review_date_parts_t *parts)
{
    int  month, day;

    date->bad = parts->year < 1900 || parts->year > 2999 || parts->month > 12
                || parts->month < 0;

    if (date->bad) {
        return;
    }

    month = parts->month ? parts->month : 12;
    day = review_date_days(parts->year, month);

    if (parts->day > day || parts->day < 0) {
        date->bad = 1;
        return;
    }

    date->first = parts->year * 10000 + (parts->month ? parts->month : 1) * 100
                  + (parts->day ? parts->day : 1);
    date->last = parts->year * 10000 + month * 100
                 + (parts->day ? parts->day : day);
}


/* digits without anything between them; returns how many */

static int
review_date_number(review_glyph_t *g, int *value)
{
    int  n;

    *value = 0;

    for (n = 0; n < 9 && review_glyph_is_digit(g->c) && (n == 0 || !g->skipped);
         n++)
    {
        *value = *value * 10 + (g->c - '0');
        review_glyph_next(g);
    }

    return n;
}


static int
review_date_digit(int32_t c)
{
    int  i;

    for (i = 0; i < 10; i++) {
        if (review_date_digits[i] == c) {
            return i;
        }
    }

    return -1;
}


/* 二〇二六; returns how many there are */

static int
review_date_year(review_glyph_t *g, int *value)
{
    int  n, d;

    *value = 0;

    for (n = 0; n < 9; n++) {
        d = review_date_digit(g->c);

        if (d < 0) {
            break;
        }

        *value = *value * 10 + d;
        review_glyph_next(g);
        review_glyph_blanks(g, 0);
    }

    return n;
}


/* 三, 十, 十二, 二十, 二十一, 廿一, 三十一; 0: none, or it is no such number */

static int
review_date_small(review_glyph_t *g)
{
    int  d, tens, ones;

    tens = 0;
    d = review_date_digit(g->c);

    if (d >= 0) {
        review_glyph_next(g);
        review_glyph_blanks(g, 0);

        if (d == 0) {
            d = review_date_digit(g->c);

            if (d > 0) {
                review_glyph_next(g);
            }

            return d > 0 ? d : 0;
        }
    }

    if (g->c == 0x5341) {
        tens = d > 0 ? d : 1;

    } else if (d < 0 && (g->c == 0x5eff || g->c == 0x5345)) {
        tens = g->c == 0x5eff ? 2 : 3;

    } else {
        return d > 0 ? d : 0;
    }

    review_glyph_next(g);
    review_glyph_blanks(g, 0);

    ones = review_date_digit(g->c);

    if (ones > 0) {
        review_glyph_next(g);
    }

    return tens * 10 + (ones > 0 ? ones : 0);
}


/* "%d月", "三月": what stands before the word; -1: it can't be read */

static int
review_date_before(review_glyph_t *g, const char *word, const char *other)
{
    int             value;
    review_glyph_t  at;

    at = *g;
    review_glyph_blanks(&at, 1);

    if (review_date_number(&at, &value) == 0) {
        value = review_date_small(&at);
    }

    review_glyph_blanks(&at, 0);

    if (!review_glyph_is(&at, word) && !(other && review_glyph_is(&at, other)))
    {
        return 0;
    }

    *g = at;

    return value ? value : -1;
}


/* behind 年 */

static void
review_date_chinese(review_glyph_t *g, review_date_parts_t *parts)
{
    parts->month = review_date_before(g, "月", NULL);

    if (parts->month) {
        parts->day = review_date_before(g, "日", "号");
    }
}


/* -03-01; returns 0: there is none */

static int
review_date_parted(review_glyph_t *g, review_date_parts_t *parts)
{
    int             n;
    int32_t         c;
    review_glyph_t  at;

    at = *g;
    c = at.c;

    if (c != '-' && c != '.' && c != '/' && c != 0x2013 && c != 0x2011) {
        return 0;
    }

    review_glyph_next(&at);
    n = review_date_number(&at, &parts->month);

    if (n < 1 || n > 2 || at.c != c) {
        return 0;
    }

    review_glyph_next(&at);
    n = review_date_number(&at, &parts->day);

    if (n < 1 || n > 2) {
        return 0;
    }

    /* no month is 0 */

    if (parts->month == 0 || parts->day == 0) {
        parts->month = 13;
    }

    *g = at;

    return 1;
}


/* 30 June 2026, June 30, 2026; "day" may have been read */

static int
review_date_english(review_glyph_t *g, review_date_parts_t *parts)
{
    int  i, n;

    review_glyph_blanks(g, 0);
    i = review_glyph_any(g, review_date_months);

    if (i < 0 || review_glyph_is_letter(g->c)) {
        return 0;
    }

    parts->month = review_date_numbers[i];

    if (g->c == '.') {
        review_glyph_next(g);
    }

    review_glyph_blanks(g, 0);

    if (parts->day == 0) {
        n = review_date_number(g, &parts->day);

        if (n < 1 || n > 2) {
            return 0;
        }

        (void) (review_glyph_is(g, "st") || review_glyph_is(g, "nd")
                || review_glyph_is(g, "rd") || review_glyph_is(g, "th"));
    }

    if (g->c == ',') {
        review_glyph_next(g);
    }

    review_glyph_blanks(g, 0);

    return review_date_number(g, &parts->year) == 4;
}


/* what begins with digits */

static int
review_date_digital(review_glyph_t *g, review_date_parts_t *parts)
{
    int  n, value;

    n = review_date_number(g, &value);

    if (n == 8) {
        parts->year = value / 10000;
        parts->month = value / 100 % 100;
        parts->day = value % 100;

        if (parts->month == 0 || parts->day == 0) {
            parts->month = 13;
        }

        return parts->year >= 1900 && parts->year < 3000;
    }

    if (n == 4) {
        parts->year = value;

        if (review_date_parted(g, parts)) {
            return 1;
        }

        parts->month = 0;
        parts->day = 0;

        review_glyph_blanks(g, 0);

        if (review_glyph_is(g, "年")) {
            review_date_chinese(g, parts);
            return 1;
        }

        return 0;
    }

    if (n == 1 || n == 2) {
        parts->day = value;
        return review_date_english(g, parts);
    }

    return 0;
}


int
review_date_read(review_glyph_t *g, review_date_t *date)
{
    int                  read;
    const char          *from;
    review_glyph_t       at;
    review_date_parts_t  parts;

    memset(date, 0, sizeof(*date));
    memset(&parts, 0, sizeof(parts));

    at = *g;
    from = at.from;

    if (review_glyph_is_digit(at.c)) {
        read = review_date_digital(&at, &parts);

    } else if (review_date_digit(at.c) >= 0) {
        read = review_date_year(&at, &parts.year) == 4
               && review_glyph_is(&at, "年");

        if (read) {
            review_date_chinese(&at, &parts);
        }

    } else {
        read = review_glyph_is_letter(at.c)
               && review_date_english(&at, &parts);
    }

    if (!read || review_glyph_is_digit(at.c)) {
        return 0;
    }

    date->from = from;
    date->to = at.end;
    review_date_set(date, &parts);
    *g = at;

    return 1;
}


int
review_date_is(const review_str_t *text, review_date_t *date)
{
    review_glyph_t  g;

    review_glyph_begin(&g, text->data, text->len);
    review_glyph_blanks(&g, 0);

    if (!review_date_read(&g, date)) {
        return 0;
    }

    review_glyph_blanks(&g, 0);

    return g.c == REVIEW_GLYPH_END && !date->bad && date->first == date->last;
}
