
/* Amounts in digits. */

#include "review/facts/amount.h"


#define REVIEW_FIGURE_DIGITS    18     /* of a number, at most */
#define REVIEW_FIGURE_DECIMALS  6


static const struct {
    const char  *name;
    int          power;
    unsigned     money:1;
    unsigned     foreign:1;
} review_figure_units[] = {
    { "千万元", 7, 1, 0 }, { "百万元", 6, 1, 0 }, { "万亿元", 12, 1, 0 },
    { "亿元", 8, 1, 0 }, { "万元", 4, 1, 0 }, { "千元", 3, 1, 0 },
    { "仟元", 3, 1, 0 }, { "百元", 2, 1, 0 }, { "萬元", 4, 1, 0 },
    { "万圆", 4, 1, 0 }, { "万美元", 4, 1, 1 }, { "亿美元", 8, 1, 1 },
    { "万欧元", 4, 1, 1 }, { "万港元", 4, 1, 1 },
    { "美元", 0, 1, 1 }, { "欧元", 0, 1, 1 }, { "港元", 0, 1, 1 },
    { "日元", 0, 1, 1 }, { "英镑", 0, 1, 1 }, { "人民币元", 0, 1, 0 },
    { "元", 0, 1, 0 }, { "圆", 0, 1, 0 }, { "角", -1, 1, 0 },
    { "分", -2, 1, 0 }, { "万", 4, 0, 0 }, { "亿", 8, 0, 0 },
    { NULL, 0, 0, 0 }
};


/* one digit more */

static void
review_figure_digit(review_amount_t *amount, int32_t c)
{
    if (amount->number >= 100000000000000000) {
        amount->bad = 1;
        return;
    }

    amount->number = amount->number * 10 + (c - '0');
}


/* a group of digits; returns how many there are */

static size_t
review_figure_group(review_glyph_t *g, review_amount_t *amount)
{
    size_t  n;

    for (n = 0; review_glyph_is_digit(g->c); n++) {

        /* what is not seen is no part of a number */

        amount->bad |= n && g->skipped;

        review_figure_digit(amount, g->c);
        review_glyph_next(g);
        amount->to = g->end;
    }

    return n;
}


/*
 * Is it the comma between groups?  One of full width between digits that are
 * not may be one, or the end of a clause: then nobody can tell.
 */

static int
review_figure_comma(review_glyph_t *g, int wide, review_amount_t *amount)
{
    int             i;
    review_glyph_t  at;

    if (g->c != ',' && g->c != '\'' && g->c != 0x2019 && g->c != ' ') {
        return 0;
    }

    at = *g;
    review_glyph_next(&at);

    if (!review_glyph_is_digit(at.c)) {
        return 0;
    }

    if (g->c == ',' && g->wide == (unsigned) wide) {
        *g = at;
        return 1;
    }

    for (i = 0; review_glyph_is_digit(at.c); i++) {
        review_glyph_next(&at);
    }

    amount->bad |= i == 3;

    return 0;
}


/* all in front of the point */

static void
review_figure_whole(review_glyph_t *g, review_amount_t *amount)
{
    int     wide;
    size_t  n, groups;

    for (groups = 0; /* void */ ; groups++) {
        wide = g->wide;
        n = review_figure_group(g, amount);

        if (groups) {
            amount->bad |= n != 3;
        }

        if (!review_figure_comma(g, wide, amount)) {
            return;
        }

        amount->bad |= groups == 0 && n > 3;
    }
}


static void
review_figure_point(review_glyph_t *g, review_amount_t *amount)
{
    size_t          n;
    review_glyph_t  at;

    if (g->c != '.') {
        return;
    }

    at = *g;
    review_glyph_next(&at);

    if (!review_glyph_is_digit(at.c)) {
        return;
    }

    *g = at;
    n = review_figure_group(g, amount);

    if (n > REVIEW_FIGURE_DECIMALS) {
        amount->bad = 1;
        n = 0;
    }

    amount->decimals = (int) n;

    /* 1.234.567, 1.234,56: of whoever writes so */

    at = *g;

    if (at.c == '.' || (at.c == ',' && !at.wide)) {
        review_glyph_next(&at);
        amount->bad |= review_glyph_is_digit(at.c);
    }
}


void
review_figure_unit(review_glyph_t *g, review_amount_t *amount)
{
    int             open;
    size_t          i;
    review_glyph_t  at;

    at = *g;
    review_glyph_blanks(&at, 0);
    open = at.c == '(';

    if (open) {
        review_glyph_next(&at);
        review_glyph_blanks(&at, 0);
    }

    for (i = 0; review_figure_units[i].name; i++) {
        if (review_glyph_is(&at, review_figure_units[i].name)) {
            break;
        }
    }

    if (review_figure_units[i].name == NULL) {
        return;
    }

    if (open) {
        review_glyph_blanks(&at, 0);

        if (at.c != ')') {
            return;
        }

        review_glyph_next(&at);
    }

    amount->unit = 1;
    amount->money |= review_figure_units[i].money;
    amount->foreign |= review_figure_units[i].foreign;
    amount->power = review_figure_units[i].power;
    amount->to = at.end;
    *g = at;

    /* 5元6角, 12万5千: there is more of it */

    review_glyph_blanks(&at, 0);

    amount->bad |= amount->power != 0 && amount->power != 12
                   && review_glyph_is_digit(at.c) && at.end == at.from;
}


int
review_figure_read(review_glyph_t *g, review_amount_t *amount)
{
    unsigned        money, foreign;
    const char     *from;
    review_glyph_t  at;

    at = *g;
    from = at.from;
    foreign = at.c == '$';
    money = at.c == 0xa5 || foreign;

    if (money) {
        review_glyph_next(&at);
        review_glyph_blanks(&at, 0);
    }

    memset(amount, 0, sizeof(*amount));

    if (at.c == '-' || at.c == 0x2212) {
        amount->negative = 1;
        review_glyph_next(&at);
    }

    if (!review_glyph_is_digit(at.c)) {
        return 0;
    }

    amount->from = from;
    amount->money = money;
    amount->foreign = foreign;

    review_figure_whole(&at, amount);
    review_figure_point(&at, amount);
    *g = at;
    review_figure_unit(g, amount);

    return 1;
}


int
review_figure_value(const review_amount_t *amount, int digits, int64_t *value)
{
    int      n;
    int64_t  v;

    if (amount->bad) {
        return -1;
    }

    v = amount->number;
    n = amount->power - amount->decimals + digits;

    for ( /* void */ ; n > 0 && v; n--) {
        if (v > INT64_MAX / 10) {
            return -1;
        }

        v *= 10;
    }

    for ( /* void */ ; n < 0 && v; n++) {
        if (v % 10) {
            return -1;
        }

        v /= 10;
    }

    *value = amount->negative ? -v : v;

    return 0;
}
