
/*
 * What the columns of a table are is told by their heads; then each row is
 * multiplied, and each total is held against the rows above it.  Numbers are
 * millionths of a yuan, or of one; products are 10^-12.
 */

#include "review/facts/sums.h"

#include "review/base/utf8.h"
#include "review/facts/amount.h"
#include "review/facts/table.h"

#include <stdio.h>


#define REVIEW_SUMS_WORD    96         /* bytes of a head, without brackets */
#define REVIEW_SUMS_LABEL   192        /* of the words of a row */
#define REVIEW_SUMS_SHOWN   60
#define REVIEW_SUMS_NUMBER  48

#define REVIEW_SUMS_ONE     ((__int128) 1000000)
#define REVIEW_SUMS_FEN     ((__int128) 10000)


typedef enum {
    REVIEW_SUMS_OTHER = 0,
    REVIEW_SUMS_INDEX,
    REVIEW_SUMS_QUANTITY,
    REVIEW_SUMS_PRICE,
    REVIEW_SUMS_AMOUNT,
    REVIEW_SUMS_ADJUST                 /* tax, discount: more than a product */
} review_sums_role_e;

typedef enum {
    REVIEW_SUMS_EMPTY = 0,
    REVIEW_SUMS_NUMERIC,
    REVIEW_SUMS_WORDS
} review_sums_cell_e;


typedef struct {
    review_sums_role_e   role;
    char                 prefix[REVIEW_SUMS_WORD];
    int                  power;
    unsigned             unit:1;       /* the head has one */
    size_t               amount;       /* of a price: the column of products */
} review_sums_column_t;

typedef struct {
    review_sums_cell_e   kind;
    int64_t              value;
    __int128             step;         /* of its last digit */
    const review_cell_t *cell;
    unsigned             unit:1;
} review_sums_number_t;

/* what the totals of a column are held against */

typedef struct {
    __int128             all;
    __int128             block;        /* since the last total */
    __int128             top;          /* of the outermost level */
    int64_t              total;        /* the last one */
    size_t               rounded;      /* rows that may be by a step */
    unsigned             totals:1;     /* there is one, */
    unsigned             sub:1;        /* which is of a part */
} review_sums_sum_t;

typedef struct {
    review_told_t        *told;
    review_table_t        table;
    review_sums_column_t  columns[REVIEW_TABLE_COLUMNS];
    review_sums_sum_t     sums[REVIEW_TABLE_COLUMNS];
    size_t                ncolumns;
    size_t                top;         /* rows of a title, then of the head */
    size_t                heads;
    size_t                namounts;
    size_t                row;         /* at hand, from 1 */
    size_t                rows;        /* since the last total */
    size_t                good;        /* what is right in this table */
    const review_row_t   *shown;       /* the first of it */
    int                   level;       /* the outermost; -1: none yet */
    size_t                tables;      /* with amounts, so far */
    __int128              before;      /* of those before this */
    __int128              carried;     /* of the last ones without a total */
    unsigned              continued:1; /* its first row is not 1 */
    unsigned              unread:1;    /* a row of this table can't be read, */
    unsigned              odd:1;       /* or says 其中, 税, 优惠 */
    unsigned              levels:1;
    unsigned              adjusts:1;
    char                  label[REVIEW_SUMS_LABEL];
} review_sums_t;


static const struct {
    const char          *word;
    review_sums_role_e   role;
} review_sums_roles[] = {
    { "序号", REVIEW_SUMS_INDEX }, { "编号", REVIEW_SUMS_INDEX },
    { "项次", REVIEW_SUMS_INDEX }, { "项号", REVIEW_SUMS_INDEX },
    { "no.", REVIEW_SUMS_INDEX }, { "no", REVIEW_SUMS_INDEX },
    { "数量", REVIEW_SUMS_QUANTITY }, { "工程量", REVIEW_SUMS_QUANTITY },
    { "台数", REVIEW_SUMS_QUANTITY }, { "quantity", REVIEW_SUMS_QUANTITY },
    { "qty", REVIEW_SUMS_QUANTITY }, { "qty.", REVIEW_SUMS_QUANTITY },
    { "单价", REVIEW_SUMS_PRICE }, { "unitprice", REVIEW_SUMS_PRICE },
    { "税额", REVIEW_SUMS_ADJUST }, { "税金", REVIEW_SUMS_ADJUST },
    { "合价", REVIEW_SUMS_AMOUNT }, { "金额", REVIEW_SUMS_AMOUNT },
    { "小计", REVIEW_SUMS_AMOUNT }, { "总价", REVIEW_SUMS_AMOUNT },
    { "合计", REVIEW_SUMS_AMOUNT }, { "总额", REVIEW_SUMS_AMOUNT },
    { "总计", REVIEW_SUMS_AMOUNT }, { "报价", REVIEW_SUMS_AMOUNT },
    { "lineamount", REVIEW_SUMS_AMOUNT }, { "linetotal", REVIEW_SUMS_AMOUNT },
    { "totalprice", REVIEW_SUMS_AMOUNT }, { "amount", REVIEW_SUMS_AMOUNT },
    { "subtotal", REVIEW_SUMS_AMOUNT }, { "total", REVIEW_SUMS_AMOUNT },
    { NULL, REVIEW_SUMS_OTHER }
};

static const char *const  review_sums_adjusts[] = {
    "税", "折扣", "优惠", "下浮", "系数", "费率", "tax", "discount", NULL
};

static const char *const  review_sums_totals[] = {
    "合计", "总计", "共计", "总价", "总报价", "投标报价", "grandtotal", "total",
    NULL
};

static const char *const  review_sums_subtotals[] = {
    "小计", "subtotal", NULL
};

static const char *const  review_sums_odds[] = {
    "其中", "税金", "税额", "增值税", "优惠", "下浮", "折扣", "扣除", "扣减",
    "减免", "暂列", "tax", "discount", "ofwhich", NULL
};

static const char *const  review_sums_leads[] = {
    "投标总价", "投标总报价", "投标报价", "报价合计", "本表合计", "总报价", "总价",
    "合计", "总计", "grand total", "total price", "total", NULL
};

static const char *const  review_sums_parts[] = {
    "分项", "明细", "构成", "组成", "breakdown", NULL
};


/* one of the words in a text that was folded; 0: none */

static int
review_sums_has(const char *text, const char *const *words)
{
    for ( /* void */ ; *words; words++) {
        if (strstr(text, *words)) {
            return 1;
        }
    }

    return 0;
}


/*
 * The letters of a cell, folded, without blanks and what stands in brackets;
 * "amount" is given the unit that is there.
 */

static void
review_sums_fold(const char *from, const char *to, char *s, size_t size,
    review_amount_t *amount)
{
    int             depth;
    size_t          n, len;
    review_glyph_t  g, at;

    n = 0;
    depth = 0;
    review_glyph_begin(&g, from, (size_t) (to - from));

    for ( /* void */ ; g.c != REVIEW_GLYPH_END; review_glyph_next(&g)) {

        if (amount && !amount->unit && (g.c == '(' || g.c == '/' || depth)) {
            at = g;

            if (at.c == '(' || at.c == '/' || at.c == ':') {
                review_glyph_next(&at);
            }

            review_figure_unit(&at, amount);
        }

        depth += g.c == '(' || g.c == '[';

        if (depth) {
            depth -= g.c == ')' || g.c == ']';
            continue;
        }

        /* 单价/元 */

        if (g.c == '/' && amount && amount->unit) {
            break;
        }

        len = (size_t) (g.p - g.from);

        if (g.c <= ' ' || g.c == '|' || n + len >= size || len > 4) {
            continue;
        }

        if (g.c < 0x80) {
            s[n++] = (char) (g.c >= 'A' && g.c <= 'Z' ? g.c + 0x20 : g.c);

        } else {
            memcpy(s + n, g.from, len);
            n += len;
        }
    }

    s[n] = '\0';
}


static review_sums_role_e
review_sums_role(const char *word, size_t *prefix)
{
    size_t              i, n, len, best;
    review_sums_role_e  role;

    len = strlen(word);
    best = 0;
    role = REVIEW_SUMS_OTHER;

    for (i = 0; review_sums_roles[i].word; i++) {
        n = strlen(review_sums_roles[i].word);

        if (n > best && len >= n
            && strcmp(word + len - n, review_sums_roles[i].word) == 0
            && ((unsigned char) review_sums_roles[i].word[0] >= 0x80
                || n == len))
        {
            role = review_sums_roles[i].role;
            best = n;
        }
    }

    *prefix = len - best;

    return role;
}


/* 报价（大写）: its cells are no numbers */

static int
review_sums_is_words(const review_cell_t *cell)
{
    review_glyph_t  g;

    review_glyph_begin(&g, cell->from, (size_t) (cell->to - cell->from));

    while (g.c != REVIEW_GLYPH_END) {
        if (review_glyph_is(&g, "大写")) {
            return 1;
        }

        review_glyph_next(&g);
    }

    return 0;
}


static void
review_sums_column(review_sums_t *s, size_t i, const char *word,
    const review_amount_t *unit)
{
    size_t                 prefix;
    review_sums_column_t  *column;

    column = &s->columns[i];

    column->role = review_sums_role(word, &prefix);

    if (column->role == REVIEW_SUMS_OTHER
        && review_sums_has(word, review_sums_adjusts))
    {
        column->role = REVIEW_SUMS_ADJUST;
    }

    memcpy(column->prefix, word, prefix);
    column->prefix[prefix] = '\0';
    column->unit = unit->unit && unit->money;
    column->power = column->unit ? unit->power : 0;
    column->amount = REVIEW_TABLE_COLUMNS;

    s->namounts += column->role == REVIEW_SUMS_AMOUNT;
    s->adjusts |= column->role == REVIEW_SUMS_ADJUST;
}


/* rows at the top that are heads: said to be, or reached into by the first */

static size_t
review_sums_count_heads(const review_table_t *table, size_t top)
{
    size_t               i, n;
    const review_row_t  *row;

    if (!table->html) {
        return top + 1;
    }

    for (n = top + 1; n < table->nrows; n++) {
        row = &table->rows[n];

        if (row->head && table->rows[top].head) {
            continue;
        }

        for (i = 0; i < row->n; i++) {
            if (table->cells[row->first + i].below) {
                break;
            }
        }

        /* what reaches into a row of numbers is no head */

        if (i == row->n || table->rows[top].head || n > top + 2) {
            break;
        }
    }

    return n < table->nrows ? n : top + 1;
}


/* cells that are numbers and nothing else, of all, or of prices: 36,000.00 */

static size_t
review_sums_figures(const review_table_t *table, const review_row_t *row,
    int all)
{
    size_t                i, n;
    review_glyph_t        g;
    review_amount_t       amount;
    const review_cell_t  *cell;

    for (i = 0, n = 0; i < row->n; i++) {
        cell = &table->cells[row->first + i];

        review_glyph_begin(&g, cell->from, (size_t) (cell->to - cell->from));

        n += review_figure_read(&g, &amount) && g.c == REVIEW_GLYPH_END
             && (all || amount.decimals == 2
                 || memchr(amount.from, ',',
                           (size_t) (amount.to - amount.from)));
    }

    return n;
}


static void
review_sums_heads(review_sums_t *s)
{
    char                  word[REVIEW_SUMS_WORD];
    size_t                i, k, n;
    review_amount_t       unit;
    const review_row_t   *row;
    const review_cell_t  *cell, *above;

    memset(s->columns, 0, sizeof(s->columns));
    s->namounts = 0;
    s->adjusts = 0;

    s->heads = review_sums_count_heads(&s->table, s->top);
    s->ncolumns = s->table.rows[s->heads - 1].n;

    /* a row of numbers is none */

    if (!(s->table.headed > s->table.html)
        && review_sums_figures(&s->table, &s->table.rows[s->top], 1))
    {
        s->ncolumns = 0;
    }

    for (i = 0; i < s->ncolumns; i++) {
        memset(&unit, 0, sizeof(unit));
        word[0] = '\0';
        above = NULL;

        for (k = s->top, n = 0; k < s->heads; k++) {
            row = &s->table.rows[k];
            cell = review_table_cell(&s->table, row, i);

            if (cell == NULL || (above && cell->from == above->from)) {
                continue;
            }

            review_sums_fold(cell->from, cell->to, word + n,
                             sizeof(word) - n, &unit);
            n = review_sums_is_words(cell) ? 0 : strlen(word);
            word[n] = '\0';
            above = cell;
        }

        review_sums_column(s, i, word, &unit);
    }
}


/* the number of a cell; a quantity may have its unit behind it: 120台 */

static void
review_sums_number(const review_sums_t *s, const review_row_t *row,
    size_t column, review_sums_number_t *number)
{
    int                          k, rest;
    review_glyph_t               g;
    review_amount_t              amount;
    const review_cell_t         *cell;
    const review_sums_column_t  *about;

    memset(number, 0, sizeof(*number));

    about = &s->columns[column];
    cell = review_table_cell(&s->table, row, column);
    number->cell = cell;

    if (cell == NULL || cell->from == cell->to) {
        return;
    }

    number->kind = REVIEW_SUMS_WORDS;
    review_glyph_begin(&g, cell->from, (size_t) (cell->to - cell->from));
    review_glyph_blanks(&g, 1);

    if (!review_figure_read(&g, &amount)) {
        while (g.c == '-' || g.c == '/' || g.c == 0x2014 || g.c == 0xff0f
               || g.c == ' ' || g.c == '\\' || g.c == '\n')
        {
            review_glyph_next(&g);
        }

        if (g.c == REVIEW_GLYPH_END) {
            number->kind = REVIEW_SUMS_EMPTY;
        }

        return;
    }

    review_glyph_blanks(&g, 1);

    for (rest = 0; g.c != REVIEW_GLYPH_END; rest++) {
        if (about->role != REVIEW_SUMS_QUANTITY || rest == 4
            || (g.c < 0x80 && !review_glyph_is_letter(g.c)))
        {
            return;
        }

        review_glyph_next(&g);
    }

    if (about->role == REVIEW_SUMS_QUANTITY) {
        if (amount.money) {
            return;
        }

    } else if (!amount.unit) {
        amount.power = about->power;
    }

    if (review_figure_value(&amount, 6, &number->value) != 0) {
        return;
    }

    number->kind = REVIEW_SUMS_NUMERIC;
    number->unit = amount.unit;
    number->step = 1;

    for (k = 6 + amount.power - amount.decimals; k > 0; k--) {
        number->step *= 10;
    }
}


/* millionths as people write them */

static const char *
review_sums_write(__int128 value, char *s)
{
    int                 n;
    unsigned long long  whole, part;

    whole = (unsigned long long) ((value < 0 ? -value : value)
                                  / REVIEW_SUMS_ONE);
    part = (unsigned long long) ((value < 0 ? -value : value)
                                 % REVIEW_SUMS_ONE);

    n = snprintf(s, REVIEW_SUMS_NUMBER, "%s%llu.%06llu", value < 0 ? "-" : "",
                 whole, part);

    while (s[n - 1] == '0' && s[n - 3] != '.') {
        s[--n] = '\0';
    }

    if (n > 3 && strcmp(s + n - 3, ".00") == 0) {
        s[n - 3] = '\0';
    }

    return s;
}


static void
review_sums_good(review_sums_t *s, const review_row_t *row)
{
    s->good++;

    if (s->shown == NULL) {
        s->shown = row;
    }
}


static void
review_sums_unread(review_sums_t *s, const review_row_t *row)
{
    s->unread = 1;

    review_told(s->told, REVIEW_TOLD_UNSURE, "表中第%zu行有数字无法识别。",
                "Row %zu of a table has a number that cannot be read.", s->row);
    review_told_place(s->told, REVIEW_TOLD_UNSURE, row->from, row->to);
}


/* a number in a column that nobody knows: of months, perhaps */

static int
review_sums_is_more(const review_sums_t *s, const review_row_t *row)
{
    size_t                i;
    review_sums_number_t  number;

    for (i = 1; i < s->ncolumns; i++) {
        if (s->columns[i].role != REVIEW_SUMS_OTHER) {
            continue;
        }

        review_sums_number(s, row, i, &number);

        if (number.kind == REVIEW_SUMS_NUMERIC) {
            return 1;
        }
    }

    return 0;
}


/* quantity times price; returns 1 if the amount was rounded */

static int
review_sums_product(review_sums_t *s, const review_row_t *row,
    const review_sums_number_t *quantity, const review_sums_number_t *price,
    const review_sums_number_t *amount, const review_sums_column_t *columns[2])
{
    char           a[REVIEW_SUMS_NUMBER], b[REVIEW_SUMS_NUMBER];
    char           c[REVIEW_SUMS_NUMBER], d[REVIEW_SUMS_NUMBER];
    int            exact;
    __int128       product, shown, step, less;
    review_told_e  kind;

    product = (__int128) quantity->value * price->value;
    shown = (__int128) amount->value * REVIEW_SUMS_ONE;
    step = amount->step * REVIEW_SUMS_ONE;
    less = product > shown ? product - shown : shown - product;
    exact = product % step == 0;

    if (exact ? less == 0 : less < step) {
        review_sums_good(s, row);
        return !exact;
    }

    /* a unit that one head has and the other one has not; taxes */

    kind = s->adjusts || columns[0]->unit != columns[1]->unit
           || review_sums_is_more(s, row)
           ? REVIEW_TOLD_UNSURE : REVIEW_TOLD_WRONG;

    review_told(s->told, kind, "表中第%zu行：%s×%s=%s，表中写的是%s。",
                "Row %zu of a table: %s x %s = %s, and %s stands there.",
                s->row, review_sums_write(quantity->value, a),
                review_sums_write(price->value, b),
                review_sums_write(product / REVIEW_SUMS_ONE, c),
                review_sums_write(amount->value, d));
    review_told_place(s->told, kind, row->from, row->to);

    return 0;
}


/* which amounts are the products of which prices */

static void
review_sums_pairs(review_sums_t *s)
{
    size_t                 i, k, prices;
    review_sums_column_t  *price, *amount;

    for (i = 0, prices = 0; i < s->ncolumns; i++) {
        prices += s->columns[i].role == REVIEW_SUMS_PRICE;
    }

    for (i = 0; i < s->ncolumns; i++) {
        price = &s->columns[i];

        for (k = 0; k < s->ncolumns && price->role == REVIEW_SUMS_PRICE; k++) {
            amount = &s->columns[k];

            if (amount->role != REVIEW_SUMS_AMOUNT) {
                continue;
            }

            if ((prices == 1 && s->namounts == 1)
                || strcmp(price->prefix, amount->prefix) == 0)
            {
                /* two of one name: nobody can tell */

                price->amount = price->amount == REVIEW_TABLE_COLUMNS
                                ? k : REVIEW_TABLE_COLUMNS + 1;
            }
        }
    }
}


/* a column that is the only one of its role, or none */

static size_t
review_sums_only(const review_sums_t *s, review_sums_role_e role)
{
    size_t  i, found;

    found = REVIEW_TABLE_COLUMNS;

    for (i = 0; i < s->ncolumns; i++) {
        if (s->columns[i].role == role) {
            if (found < REVIEW_TABLE_COLUMNS) {
                return REVIEW_TABLE_COLUMNS;
            }

            found = i;
        }
    }

    return found;
}


/* how deep: 一 is 0, 1 is 1, 1.1 is 2; -1: it does not say */

static int
review_sums_level(const review_sums_t *s, const review_row_t *row)
{
    int                   level;
    size_t                i;
    review_glyph_t        g;
    const review_cell_t  *cell;

    i = review_sums_only(s, REVIEW_SUMS_INDEX);
    cell = review_table_cell(&s->table, row, i);

    if (i == REVIEW_TABLE_COLUMNS || cell == NULL || cell->from == cell->to) {
        return -1;
    }

    review_glyph_begin(&g, cell->from, (size_t) (cell->to - cell->from));

    if (g.c == '(') {
        review_glyph_next(&g);
    }

    if (review_numeral_begins(g.c)) {
        return 0;
    }

    if (!review_glyph_is_digit(g.c)) {
        return -1;
    }

    for (level = 1; g.c != REVIEW_GLYPH_END; review_glyph_next(&g)) {
        level += (g.c == '.' || g.c == '-') && g.p < g.last;
    }

    return level;
}


/* the words of a row, all that is no number */

static void
review_sums_label(review_sums_t *s, const review_row_t *row)
{
    size_t                i, n;
    const review_cell_t  *cell;

    s->label[0] = '\0';

    for (i = 0, n = 0; i < row->n && n + 8 < sizeof(s->label); i++) {
        cell = &s->table.cells[row->first + i];

        if (cell->span == 0
            || (i < s->ncolumns && s->columns[i].role > REVIEW_SUMS_INDEX))
        {
            continue;
        }

        review_sums_fold(cell->from, cell->to, s->label + n,
                         sizeof(s->label) - n, NULL);
        n = strlen(s->label);
    }
}


/* is there a digit in any cell of these roles that is no title? */

static int
review_sums_is_numeric(const review_sums_t *s, const review_row_t *row,
    review_sums_role_e least)
{
    size_t                i;
    const char           *p;
    const review_cell_t  *cell;

    for (i = 0; i < row->n; i++) {
        cell = &s->table.cells[row->first + i];

        if (i < s->ncolumns && s->columns[i].role < least) {
            continue;
        }

        if (cell->span > 1 && i == 0) {
            continue;
        }

        for (p = cell->from; p < cell->to; p++) {
            if (review_glyph_is_digit(*p)
                || (*p == (char) 0xef && cell->to - p > 2
                    && p[1] == (char) 0xbc && p[2] >= (char) 0x90
                    && p[2] <= (char) 0x99))
            {
                return 1;
            }
        }
    }

    return 0;
}


/* does the total agree with any of what it may be the sum of? */

static int
review_sums_is(const review_sums_sum_t *sum, __int128 of,
    const review_sums_number_t *total)
{
    __int128  less, may;

    may = sum->rounded * (total->step > REVIEW_SUMS_FEN ? total->step
                                                        : REVIEW_SUMS_FEN);
    less = of > total->value ? of - total->value : total->value - of;

    /* it may show fewer digits than what it is the sum of */

    return of % total->step ? less < total->step + may : less <= may;
}


static int
review_sums_agrees(const review_sums_t *s, const review_sums_sum_t *sum,
    const review_sums_number_t *total, int sub)
{
    if (sum->totals && s->rows == 0 && sum->total == total->value) {
        return 1;
    }

    if (sub || (sum->totals && !sum->sub && s->rows)) {
        if (review_sums_is(sum, sum->block, total)) {
            return 1;
        }

        if (sub) {
            return 0;
        }
    }

    return review_sums_is(sum, sum->all, total)
           || (s->carried && review_sums_is(sum, sum->all + s->carried, total))
           || (s->levels && review_sums_is(sum, sum->top, total));
}


static void
review_sums_total(review_sums_t *s, const review_row_t *row, size_t column,
    const review_sums_number_t *total, int sub)
{
    char                a[REVIEW_SUMS_NUMBER], b[REVIEW_SUMS_NUMBER];
    __int128            of, less;
    review_told_e       kind;
    review_sums_sum_t  *sum;

    sum = &s->sums[column];

    if (review_sums_agrees(s, sum, total, sub)) {
        review_sums_good(s, row);

    } else {
        of = sub || (sum->totals && !sum->sub && s->rows) ? sum->block
                                                          : sum->all;

        less = of > total->value ? of - total->value : total->value - of;

        /* of 万元 each row may be rounded */

        kind = s->unread || s->odd || s->levels || of == 0 || s->continued
               || s->carried
               || (s->columns[column].power
                   && less <= total->step * (__int128) s->row)
               ? REVIEW_TOLD_UNSURE : REVIEW_TOLD_WRONG;

        review_told(s->told, kind,
                    "表中第%zu行（合计）：各行之和是%s，表中写的是%s。",
                    "Row %zu of a table, a total: the rows are %s together, "
                    "and %s stands there.", s->row, review_sums_write(of, a),
                    review_sums_write(total->value, b));
        review_told_place(s->told, kind, row->from, row->to);
    }

    sum->total = total->value;
    sum->totals = 1;
    sum->sub = sub;
    sum->block = 0;
}


/* a row of totals; 0: it is none, or says no number */

static int
review_sums_totals_row(review_sums_t *s, const review_row_t *row)
{
    int                   sub, done;
    size_t                i, price;
    review_sums_number_t  number;

    sub = review_sums_has(s->label, review_sums_subtotals);

    if (!sub && !review_sums_has(s->label, review_sums_totals)) {
        return 0;
    }

    price = review_sums_only(s, REVIEW_SUMS_PRICE);

    if (price < REVIEW_TABLE_COLUMNS) {
        review_sums_number(s, row, price, &number);

        if (number.kind == REVIEW_SUMS_NUMERIC && number.cell->span == 1) {
            return 0;
        }
    }

    /* 小计 of what stands elsewhere is a row like others */

    if (sub && s->rows == 0) {
        return 0;
    }

    for (i = 0, done = 0; i < s->ncolumns; i++) {
        if (s->columns[i].role != REVIEW_SUMS_AMOUNT) {
            continue;
        }

        review_sums_number(s, row, i, &number);

        if (number.kind == REVIEW_SUMS_NUMERIC) {
            review_sums_total(s, row, i, &number, sub);
            done = 1;

        } else if (number.kind == REVIEW_SUMS_WORDS
                   && review_sums_is_numeric(s, row, REVIEW_SUMS_AMOUNT))
        {
            review_sums_unread(s, row);
            done = 1;
        }
    }

    /* it stands in another column, or nowhere */

    if (!done && review_sums_is_numeric(s, row, REVIEW_SUMS_OTHER)
        && !review_sums_is_numeric(s, row, REVIEW_SUMS_QUANTITY))
    {
        review_sums_unread(s, row);
    }

    s->rows = 0;

    return 1;
}


static void
review_sums_add(review_sums_t *s, size_t column,
    const review_sums_number_t *number, int level)
{
    review_sums_sum_t  *sum;

    sum = &s->sums[column];
    sum->all += number->value;
    sum->block += number->value;

    if (level >= 0 && (s->level < 0 || level < s->level)) {
        sum->top = 0;
    }

    if (level < 0 || s->level < 0 || level <= s->level) {
        sum->top += number->value;
    }
}


/* which amount is the product is not said: is any? */

static int
review_sums_is_any(review_sums_t *s, const review_row_t *row,
    const review_sums_number_t *quantity, const review_sums_number_t *price)
{
    size_t                i;
    review_sums_number_t  amount;

    for (i = 0; i < s->ncolumns; i++) {
        if (s->columns[i].role != REVIEW_SUMS_AMOUNT) {
            continue;
        }

        review_sums_number(s, row, i, &amount);

        if (amount.kind == REVIEW_SUMS_NUMERIC
            && quantity->kind == REVIEW_SUMS_NUMERIC
            && price->kind == REVIEW_SUMS_NUMERIC
            && (__int128) quantity->value * price->value
               == amount.value * REVIEW_SUMS_ONE)
        {
            review_sums_good(s, row);
            return 1;
        }
    }

    return 0;
}


/* the products of a row */

static void
review_sums_multiply(review_sums_t *s, const review_row_t *row)
{
    size_t                       i, k, quantity;
    review_sums_number_t         q, p, a;
    const review_sums_column_t  *columns[2];

    quantity = review_sums_only(s, REVIEW_SUMS_QUANTITY);

    for (i = 0; i < s->ncolumns; i++) {
        k = s->columns[i].amount;

        if (s->columns[i].role != REVIEW_SUMS_PRICE
            || quantity == REVIEW_TABLE_COLUMNS)
        {
            continue;
        }

        review_sums_number(s, row, quantity, &q);
        review_sums_number(s, row, i, &p);

        if (q.kind == REVIEW_SUMS_EMPTY || p.kind == REVIEW_SUMS_EMPTY) {
            continue;
        }

        if (k >= REVIEW_TABLE_COLUMNS) {
            if (!review_sums_is_any(s, row, &q, &p)) {
                review_sums_unread(s, row);
            }

            continue;
        }

        review_sums_number(s, row, k, &a);

        if (q.kind == REVIEW_SUMS_WORDS || p.kind == REVIEW_SUMS_WORDS
            || a.kind != REVIEW_SUMS_NUMERIC)
        {
            review_sums_unread(s, row);
            continue;
        }

        columns[0] = &s->columns[i];
        columns[1] = &s->columns[k];

        s->sums[k].rounded += review_sums_product(s, row, &q, &p, &a, columns);
    }
}


/* does the table begin elsewhere: is its first row number 12? */

static int
review_sums_is_later(const review_sums_t *s, const review_row_t *row)
{
    size_t                i;
    review_sums_number_t  number;

    i = review_sums_only(s, REVIEW_SUMS_INDEX);

    if (i == REVIEW_TABLE_COLUMNS) {
        return 0;
    }

    review_sums_number(s, row, i, &number);

    return number.kind == REVIEW_SUMS_NUMERIC
           && number.value != REVIEW_SUMS_ONE;
}


static void
review_sums_row(review_sums_t *s, const review_row_t *row)
{
    int                   level;
    size_t                i;
    review_sums_number_t  number;

    review_sums_label(s, row);

    if (row->n != s->ncolumns) {
        if (review_sums_is_numeric(s, row, REVIEW_SUMS_OTHER)) {
            review_sums_unread(s, row);
        }

        return;
    }

    if (review_sums_totals_row(s, row)) {
        return;
    }

    /* a title */

    if (!review_sums_is_numeric(s, row, REVIEW_SUMS_QUANTITY)) {
        return;
    }

    s->odd |= review_sums_has(s->label, review_sums_odds);
    s->rows++;

    level = review_sums_level(s, row);
    s->continued |= s->row == 1 && review_sums_is_later(s, row);

    if (level >= 0 && s->level >= 0 && level != s->level) {
        s->levels = 1;
    }

    review_sums_multiply(s, row);

    for (i = 0; i < s->ncolumns; i++) {
        if (s->columns[i].role != REVIEW_SUMS_AMOUNT) {
            continue;
        }

        review_sums_number(s, row, i, &number);

        /* one cell of several rows is one amount */

        if (number.cell && number.cell->below) {
            continue;
        }

        if (number.kind == REVIEW_SUMS_NUMERIC && number.cell->span == 1) {
            review_sums_add(s, i, &number, level);

        } else if (number.kind != REVIEW_SUMS_EMPTY) {
            if (!s->unread) {
                review_sums_unread(s, row);
            }

            s->unread = 1;
        }
    }

    if (level >= 0 && (s->level < 0 || level < s->level)) {
        s->level = level;
    }
}


/* a table whose columns nobody can tell, with words of prices in it */

static void
review_sums_unknown(review_sums_t *s)
{
    size_t               i;
    const review_row_t  *row;

    for (i = 0; i < s->table.nrows; i++) {
        row = &s->table.rows[i];
        s->ncolumns = 0;
        review_sums_label(s, row);

        if (s->table.over || review_sums_has(s->label, review_sums_totals)
            || review_sums_has(s->label, review_sums_subtotals)
            || strstr(s->label, "单价") || strstr(s->label, "合价")
            || (!s->table.headed
                && review_sums_figures(&s->table, row, 0) > 1))
        {
            review_told(s->told, REVIEW_TOLD_UNSURE,
                        "有一张表的结构无法识别，其中的合计未核对。",
                        "The form of a table cannot be told, and its sums were "
                        "not checked.");
            review_told_place(s->told, REVIEW_TOLD_UNSURE, row->from, row->to);
            return;
        }
    }
}


static void
review_sums_table(review_sums_t *s)
{
    size_t  i;

    memset(s->sums, 0, sizeof(s->sums));
    s->namounts = 0;
    s->rows = 0;
    s->good = 0;
    s->shown = NULL;
    s->level = -1;
    s->unread = 0;
    s->continued = 0;
    s->odd = 0;
    s->levels = 0;
    s->ncolumns = 0;

    if (s->table.nrows == 0) {
        return;
    }

    /* above the head may stand the title of the table */

    for (s->top = 0; !s->table.bad && s->top < 3 && s->top < s->table.nrows;
         s->top++)
    {
        review_sums_heads(s);

        if (s->namounts || !s->table.html) {
            break;
        }
    }

    if (s->namounts == 0) {
        review_sums_unknown(s);
        s->ncolumns = 0;
        return;
    }

    review_sums_pairs(s);

    for (i = s->heads; i < s->table.nrows; i++) {
        s->row = i - s->heads + 1;
        review_sums_row(s, &s->table.rows[i]);
    }

    if (s->good) {
        review_told(s->told, REVIEW_TOLD_GOOD, "表中%zu处数量×单价、合计相符。",
                    "%zu products and totals of a table are right.", s->good);
        review_told_place(s->told, REVIEW_TOLD_GOOD, s->shown->from,
                          s->shown->to);
    }
}


/* the line before the table says that these are parts of a whole */

static int
review_sums_is_parts(const char *first, const char *at)
{
    char         s[REVIEW_SUMS_LABEL];
    const char  *from;

    while (at > first && (unsigned char) at[-1] <= ' ') {
        at--;
    }

    for (from = at; from > first && from[-1] != '\n'
         && at - from < (ptrdiff_t) sizeof(s) - 8; from--)
    {
        /* void */
    }

    while (from < at && review_utf8_trail(*from)) {
        from++;
    }

    review_sums_fold(from, at, s, sizeof(s), NULL);

    return review_sums_has(s, review_sums_parts);
}


/* 投标总价（小写）：¥12,960,000.00元: the first amount of the line behind it */

static int
review_sums_behind(const char *p, const char *last, review_amount_t *amount)
{
    review_glyph_t  g;

    review_glyph_begin(&g, p, (size_t) (last - p));

    while (g.c == ' ' || g.c == '\n' || g.c == REVIEW_GLYPH_BLOCK) {
        review_glyph_next(&g);
    }

    if (review_glyph_any(&g, review_sums_leads) < 0) {
        return 0;
    }

    while (g.c >= 0 && g.c != '\n' && g.c != 0x3002 && g.c != ';'
           && g.c != ',' && g.c != '|')
    {
        if (review_figure_read(&g, amount)) {
            return g.c != '%' && amount->money;
        }

        review_glyph_next(&g);
    }

    return 0;
}


/* the total of a table, in the text behind it */

static void
review_sums_whole(review_sums_t *s, const char *first, const char *last)
{
    char                a[REVIEW_SUMS_NUMBER], b[REVIEW_SUMS_NUMBER];
    size_t              i;
    int64_t             value;
    __int128            of;
    review_told_e       kind;
    review_amount_t     amount;
    review_sums_sum_t  *sum;

    i = review_sums_only(s, REVIEW_SUMS_AMOUNT);

    if (i == REVIEW_TABLE_COLUMNS) {
        return;
    }

    sum = &s->sums[i];
    of = sum->totals ? sum->total : sum->all;

    s->tables++;
    s->before += of;
    s->carried = sum->totals ? 0 : s->carried + sum->all;

    if (of == 0 || !review_sums_behind(s->table.to, last, &amount)) {
        return;
    }

    if (review_figure_value(&amount, 6, &value) != 0) {
        kind = REVIEW_TOLD_UNSURE;
        value = 0;

    } else if (value == of || value == s->before || value == sum->top) {
        review_told(s->told, REVIEW_TOLD_GOOD, "表后的总价与表中各项之和相符。",
                    "The total behind a table is that of its rows.");
        review_told_place(s->told, REVIEW_TOLD_GOOD, amount.from, amount.to);
        return;

    } else {
        kind = s->unread || s->odd || s->levels || s->tables > 1
               || s->continued
               || s->columns[i].power || amount.power
               || value / 1000 > of || of / 1000 > value
               || !review_sums_is_parts(first, s->table.from)
               ? REVIEW_TOLD_UNSURE : REVIEW_TOLD_WRONG;
    }

    review_told(s->told, kind, "表中各项之和是%s，表后写的总价是“%.*s”，相差%s。",
                "The rows of a table are %s together, and the total behind it "
                "is \"%.*s\", a difference of %s.", review_sums_write(of, a),
                (int) (amount.to - amount.from > REVIEW_SUMS_SHOWN
                       ? 0 : amount.to - amount.from), amount.from,
                review_sums_write(value > of ? value - of : of - value, b));
    review_told_place(s->told, kind, amount.from, amount.to);
}


int
review_sums(review_told_t *told, const review_str_t *text)
{
    const char     *p, *last;
    review_sums_t  *s;

    s = review_alloc(told->pool, sizeof(review_sums_t));

    if (s == NULL) {
        return -1;
    }

    memset(s, 0, sizeof(*s));
    s->told = told;
    s->table.pool = told->pool;
    s->table.left = review_table_most(text->len);

    p = text->data;
    last = p + text->len;

    while (review_table_next(&s->table, &p, last)) {
        if (s->table.failed) {
            return -1;
        }

        review_sums_table(s);
        review_sums_whole(s, text->data, last);
    }

    return 0;
}
