
/*
 * Words that say an end of validity, each with what stands behind it: a date,
 * two that make a span, or that there is no end.  A term (三年) says no day.
 */

#include "review/facts/until.h"

#include "review/base/utf8.h"
#include "review/facts/amount.h"
#include "review/facts/date.h"


#define REVIEW_UNTIL_COLUMNS  64
#define REVIEW_UNTIL_SHOWN    120      /* bytes of a place in a sentence */
#define REVIEW_UNTIL_GLYPHS   40       /* between the words and a date */


typedef struct {
    review_told_t    *told;
    review_glyph_t    g;
    int               date;
    const char       *from;            /* the words that say it */
    unsigned          certified:1;     /* the line is about a certificate */
    unsigned          row:1;
    size_t            column;
    unsigned char     columns[REVIEW_UNTIL_COLUMNS];
} review_until_t;


static const char *const  review_until_words[] = {
    "有效期限", "有效期", "有效日期", "有效截止", "valid until", "valid through",
    "valid till", "valid to", "expires", "expiry date", "expiration date",
    "date of expiry", "expiry", NULL
};

/* these say it of a certificate; there are other ends: 投标截止 */

static const char *const  review_until_ends[] = {
    "截止", "截至", "到期", NULL
};

static const char *const  review_until_certificates[] = {
    "证", "执照", "许可", "资质", "保函", "保险", "授权", NULL
};

static const char *const  review_until_terms[] = {
    "年", "个月", "月", "天", "日", "周", NULL
};

static const char *const  review_until_renewals[] = {
    "续", "延", "换", NULL
};

static const char *const  review_until_tos[] = {
    "截止至", "截止到", "截止", "截至", "至", "到", "until", "on", NULL
};

static const char *const  review_until_fillers[] = {
    "截止日期", "日期", "期限", "时间", "为", "是", "限", "止", "日", "is", "date",
    ":", "|", "(", ")", NULL
};

static const char *const  review_until_froms[] = { "自", "从", "由", NULL };

static const char *const  review_until_spans[] = {
    "起至", "起到", "起-", "至", "到", "-", "—", "–", "~", "to", NULL
};

static const char *const  review_until_forever[] = {
    "长期", "永久", "无固定期限", "不约定期限", "long-term", "long term",
    "permanent", "indefinite", NULL
};


static void
review_until_tell(review_until_t *u, review_told_e kind, const char *zh,
    const char *en, const char *to)
{
    size_t       n;
    const char  *from;

    from = u->from;
    n = review_utf8_cut(from, (size_t) (to - from), REVIEW_UNTIL_SHOWN);

    review_told(u->told, kind, zh, en, (int) n, from, u->date / 10000,
                u->date / 100 % 100, u->date % 100);
    review_told_place(u->told, kind, from, to);
}


static void
review_until_unsure(review_until_t *u, const char *to)
{
    review_until_tell(u, REVIEW_TOLD_UNSURE,
                      "“%.*s”：到期日无法确定，不能与%d年%d月%d日比较。",
                      "\"%.*s\": the day of its end is not certain, and not "
                      "compared with %04d-%02d-%02d.", to);
}


/* 有效期至2025年3月31日（已续期） */

static int
review_until_is_renewed(const review_until_t *u)
{
    int             i;
    review_glyph_t  at;

    at = u->g;

    for (i = 0; i < REVIEW_UNTIL_GLYPHS && at.c != '\n' && at.c != 0x3002
         && at.c != ';' && at.c != '|' && at.c >= 0; i++)
    {
        if (review_glyph_any(&at, review_until_renewals) >= 0) {
            return 1;
        }

        review_glyph_next(&at);
    }

    return 0;
}


static void
review_until_compare(review_until_t *u, const review_date_t *date)
{
    if (date->bad || (date->first < u->date
                      && (date->last >= u->date || review_until_is_renewed(u))))
    {
        review_until_unsure(u, date->to);
        return;
    }

    if (date->first >= u->date) {
        review_until_tell(u, REVIEW_TOLD_GOOD, "“%.*s”，不早于%d年%d月%d日。",
                          "\"%.*s\" is no earlier than %04d-%02d-%02d.",
                          date->to);
        return;
    }

    review_until_tell(u, REVIEW_TOLD_WRONG, "“%.*s”，早于%d年%d月%d日。",
                      "\"%.*s\" is earlier than %04d-%02d-%02d.", date->to);
}


static int
review_until_is_forever(review_until_t *u)
{
    if (review_glyph_any(&u->g, review_until_forever) < 0) {
        return 0;
    }

    review_until_tell(u, REVIEW_TOLD_GOOD, "“%.*s”，晚于%d年%d月%d日。",
                      "\"%.*s\" is later than %04d-%02d-%02d.", u->g.end);

    return 1;
}


/* a date is read: is it the end, or does it begin a span? */

static void
review_until_span(review_until_t *u, review_date_t *date, int begins)
{
    review_glyph_t  at;

    at = u->g;
    review_glyph_blanks(&at, 1);

    if (review_glyph_any(&at, review_until_spans) >= 0) {
        review_glyph_blanks(&at, 1);
        u->g = at;

        if (review_until_is_forever(u)) {
            return;
        }

        if (review_date_read(&u->g, date)) {
            review_until_compare(u, date);

        } else {
            review_until_unsure(u, u->g.end);
        }

        return;
    }

    if (begins || at.c == 0x8d77) {
        review_until_unsure(u, date->to);
        return;
    }

    review_until_compare(u, date);
}


/* 5年, 三个月 */

static int
review_until_is_term(const review_until_t *u)
{
    review_glyph_t   at;
    review_amount_t  amount;

    at = u->g;

    if (!review_figure_read(&at, &amount)
        && !review_numeral_read(&at, &amount))
    {
        return 0;
    }

    review_glyph_blanks(&at, 0);

    return review_glyph_any(&at, review_until_terms) >= 0;
}


/*
 * What stands behind the words; nothing is said where something else does.
 * "told": it is the end of what is named there.
 */

static void
review_until_value(review_until_t *u, int told)
{
    int              i, lines, begins;
    const char      *to;
    review_date_t    date;

    begins = 0;
    lines = 1;
    to = u->g.end;

    for (i = 0; i < REVIEW_UNTIL_GLYPHS; i++) {

        if (u->g.c == ' ' || u->g.c == '_') {
            review_glyph_next(&u->g);
            continue;
        }

        if (lines && u->g.c == '\n') {
            lines = 0;
            review_glyph_next(&u->g);
            continue;
        }

        if (u->g.c == REVIEW_GLYPH_CELL) {
            review_glyph_next(&u->g);
            continue;
        }

        if (review_date_read(&u->g, &date)) {
            review_until_span(u, &date, begins);
            return;
        }

        if (review_until_is_forever(u)) {
            return;
        }

        if (review_glyph_any(&u->g, review_until_tos) >= 0) {
            told = 1;
            to = u->g.end;
            continue;
        }

        if (review_glyph_any(&u->g, review_until_froms) >= 0) {
            begins = 1;
            continue;
        }

        if (review_glyph_any(&u->g, review_until_fillers) < 0) {
            break;
        }
    }

    /* 有效期5年: of a certificate, whose first day is another matter */

    told = told || (u->certified && review_until_is_term(u));

    if (told && u->g.c != 0x5185) {
        review_until_unsure(u, u->g.end > to ? u->g.end : to);
    }
}


/* the words may be the head of a column: nothing else is in its cell */

static int
review_until_is_head(review_until_t *u)
{
    review_glyph_t  at;

    at = u->g;

    do {
        review_glyph_blanks(&at, 0);
    } while (review_glyph_any(&at, review_until_tos) >= 0);

    if (!u->row || u->column >= REVIEW_UNTIL_COLUMNS
        || (at.c != '|' && at.c != REVIEW_GLYPH_CELL))
    {
        return 0;
    }

    /* 有效期 | 2026-03-01 is none */

    while (at.c == '|' || at.c == REVIEW_GLYPH_CELL || at.c == ' ') {
        review_glyph_next(&at);
    }

    if (review_glyph_is_digit(at.c) || review_numeral_begins(at.c)) {
        return 0;
    }

    if (review_glyph_any(&at, review_until_forever) >= 0) {
        return 0;
    }

    u->columns[u->column] = 1;

    return 1;
}


static void
review_until_line(review_until_t *u)
{
    u->certified = 0;

    if (u->g.c == 0x3002 || u->g.c == ';') {
        review_glyph_next(&u->g);
        return;
    }

    u->column = 0;

    if (u->g.c == REVIEW_GLYPH_BLOCK) {
        review_glyph_next(&u->g);
        return;
    }

    review_glyph_next(&u->g);
    review_glyph_blanks(&u->g, 0);

    u->row = u->g.c == '|';

    if (!u->row) {
        memset(u->columns, 0, sizeof(u->columns));
    }
}


/* a cell begins; one below such a head is told by that */

static void
review_until_cell(review_until_t *u)
{
    review_date_t  date;

    u->row |= u->g.c == REVIEW_GLYPH_CELL;
    u->column++;

    review_glyph_next(&u->g);

    if (u->column >= REVIEW_UNTIL_COLUMNS || !u->columns[u->column]) {
        return;
    }

    review_glyph_blanks(&u->g, 0);

    u->from = u->g.from;

    if (review_date_read(&u->g, &date)) {
        review_until_span(u, &date, 0);
        return;
    }

    if (review_until_is_forever(u)) {
        return;
    }

    if (u->g.c != '|' && u->g.c != '-' && u->g.c != ':' && u->g.c != '/'
        && u->g.c >= 0 && u->g.c != '\n')
    {
        review_glyph_next(&u->g);
        review_until_unsure(u, u->g.end);
    }
}


static void
review_until_other(review_until_t *u)
{
    if (review_glyph_is(&u->g, "保证")) {
        return;
    }

    if (review_glyph_any(&u->g, review_until_certificates) >= 0) {
        u->certified = 1;
        return;
    }

    u->from = u->g.from;

    if (review_glyph_any(&u->g, review_until_words) >= 0) {
        if (!review_until_is_head(u)) {
            review_until_value(u, 0);
        }

        return;
    }

    if (u->certified && review_glyph_any(&u->g, review_until_ends) >= 0) {
        review_until_value(u, 0);
        return;
    }

    review_glyph_next(&u->g);
}


void
review_until(review_told_t *told, const review_str_t *text, int date)
{
    review_until_t  u;

    memset(&u, 0, sizeof(u));

    u.told = told;
    u.date = date;

    review_glyph_begin(&u.g, text->data, text->len);
    u.row = u.g.c == '|';

    while (u.g.c != REVIEW_GLYPH_END) {
        switch (u.g.c) {
        case '\n':
        case ';':
        case 0x3002:
        case REVIEW_GLYPH_BLOCK:
            review_until_line(&u);
            continue;

        case '|':
        case REVIEW_GLYPH_CELL:
            review_until_cell(&u);
            continue;
        }

        review_until_other(&u);
    }
}
