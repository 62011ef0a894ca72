
/*
 * All amounts of a text in their order, those in words and those in digits,
 * with what stands between them.  Two of both kinds belong together where
 * nothing does but brackets, marks and 大写, 小写, or where the same words name
 * both.  Where one might belong to either neighbour, nobody is believed.
 */

#include "review/facts/amounts.h"

#include "review/base/utf8.h"
#include "review/facts/amount.h"


#define REVIEW_AMOUNTS_COLUMNS  64
#define REVIEW_AMOUNTS_SHOWN    90     /* bytes of one in a sentence */
#define REVIEW_AMOUNTS_GARBLED  40     /* characters of what is none */

/* what stands between two amounts */

#define REVIEW_AMOUNTS_OTHER    0x01   /* words that part them */
#define REVIEW_AMOUNTS_STOP     0x02   /* the end of a sentence */
#define REVIEW_AMOUNTS_COMMA    0x04
#define REVIEW_AMOUNTS_BRACKET  0x08
#define REVIEW_AMOUNTS_CELL     0x10


typedef enum {
    REVIEW_AMOUNTS_NONE = 0,
    REVIEW_AMOUNTS_WORDS,
    REVIEW_AMOUNTS_DIGITS
} review_amounts_e;

/* how surely two of them belong together */

typedef enum {
    REVIEW_AMOUNTS_APART = 0,
    REVIEW_AMOUNTS_LOOSE,              /* both labelled, in one sentence */
    REVIEW_AMOUNTS_WEAK,               /* side by side */
    REVIEW_AMOUNTS_STRONG
} review_amounts_link_e;


typedef struct {
    review_amounts_e       kind;
    review_amount_t        amount;
    review_str_t           subject;    /* what stands before its label */
    unsigned               between;    /* it and the one before */
    unsigned               lines;
    review_amounts_link_e  link;       /* to the one behind it */
    unsigned               labelled:1;
    unsigned               rate:1;     /* 100元/台 */
} review_amounts_item_t;


typedef struct {
    review_told_t          *told;
    review_glyph_t          g;
    review_amounts_item_t  *items;
    size_t                  n;
    size_t                  size;
    unsigned                between;
    unsigned                lines;
    const char             *clause;    /* where the words at hand begin */

    review_amounts_e        label;     /* that waits for its amount */
    review_str_t            subject;
    review_str_t            name;      /* the label itself */
    int                     power;     /* 小写（万元） */
    unsigned                colon:1;
    unsigned                failed:1;

    /* what the heads of a table's columns say */

    size_t                  column;
    unsigned char           columns[REVIEW_AMOUNTS_COLUMNS];
    unsigned                row:1;     /* the line is one of a table */
} review_amounts_t;


/* words that say nothing between an amount and another */

static const char *const  review_amounts_fillers[] = {
    "人民币", "rmb", "cny", "金额", "即", "计", "为", "元", NULL
};


static review_amounts_item_t *
review_amounts_push(review_amounts_t *a)
{
    size_t                  size;
    review_amounts_item_t  *items;

    if (a->n == a->size) {
        size = a->size ? a->size * 2 : 32;
        items = review_alloc(a->told->pool,
                             size * sizeof(review_amounts_item_t));
        if (items == NULL) {
            a->failed = 1;
            return NULL;
        }

        if (a->n) {
            memcpy(items, a->items, a->n * sizeof(review_amounts_item_t));
        }

        a->items = items;
        a->size = size;
    }

    items = &a->items[a->n++];
    memset(items, 0, sizeof(*items));

    return items;
}


/* an amount is there: what was between is over */

static void
review_amounts_add(review_amounts_t *a, review_amounts_e kind,
    const review_amount_t *amount)
{
    int32_t                 c;
    review_amounts_item_t  *item;

    item = review_amounts_push(a);

    if (item == NULL) {
        return;
    }

    c = a->g.c;

    item->kind = kind;
    item->amount = *amount;
    item->between = a->between;
    item->lines = a->lines;
    item->rate = c == '/' || c == '~' || c == '-' || c == 0xd7 || c == 0x2014
                 || c == 0x81f3;

    if (a->label == kind) {
        item->labelled = 1;
        item->subject = a->subject;

    } else if (a->row && a->column < REVIEW_AMOUNTS_COLUMNS
               && a->columns[a->column] == kind)
    {
        item->labelled = 1;
    }

    a->label = REVIEW_AMOUNTS_NONE;
    a->between = 0;
    a->lines = 0;
    a->clause = a->g.from;
}


/* blanks, brackets and numbers before a name, and what is behind it */

static review_str_t
review_amounts_subject(const char *from, const char *to)
{
    size_t           i, len;
    review_str_t     subject;
    review_glyph_t   g;

    static const char *const  ends[] = {
        "人民币", "（", "(", "：", ":", "　", " ", "【", "[", "金额", NULL
    };

    review_glyph_begin(&g, from, (size_t) (to - from));

    while (g.c != REVIEW_GLYPH_END
           && (g.c < 0x80 || g.c == 0x3010 || g.c == 0x300a)
           && !review_glyph_is_letter(g.c))
    {
        review_glyph_next(&g);
    }

    subject.data = g.from;
    subject.len = (size_t) (to - g.from);

    for (i = 0; ends[i]; i++) {
        len = strlen(ends[i]);

        if (subject.len >= len
            && memcmp(subject.data + subject.len - len, ends[i], len) == 0)
        {
            subject.len -= len;
            i = (size_t) -1;
        }
    }

    return subject;
}


/* 大写 without any: what has to be there is not */

static void
review_amounts_missing(review_amounts_t *a, const char *from, const char *to)
{
    review_amount_t  amount;

    memset(&amount, 0, sizeof(amount));

    amount.from = from;
    amount.to = to;
    amount.bad = 1;

    review_amounts_add(a, REVIEW_AMOUNTS_WORDS, &amount);
}


/* does the label belong to the amount before it: 壹佰元整（大写）? */

static int
review_amounts_is_behind(const review_amounts_t *a, review_amounts_e kind)
{
    const review_amounts_item_t  *item;

    if (a->n == 0 || a->between != REVIEW_AMOUNTS_BRACKET || a->lines) {
        return 0;
    }

    item = &a->items[a->n - 1];

    return item->kind == kind && !item->labelled && !item->amount.bad;
}


static void
review_amounts_label(review_amounts_t *a, review_amounts_e kind,
    const char *from)
{
    review_amount_t  unit;
    review_glyph_t   at;

    if (review_amounts_is_behind(a, kind)) {
        a->items[a->n - 1].labelled = 1;
        return;
    }

    if (a->label == REVIEW_AMOUNTS_WORDS && a->colon) {
        review_amounts_missing(a, a->name.data, a->name.data + a->name.len);
    }

    a->label = kind;
    a->colon = 0;
    a->power = 0;
    a->subject = review_amounts_subject(a->clause, from);

    /* another label of the clause need not look for that once more */

    a->clause = a->subject.data;

    a->name.data = from;
    a->name.len = (size_t) (a->g.end - from);

    /* the words that name it are those that it was told by */

    if (a->row && a->column < REVIEW_AMOUNTS_COLUMNS) {
        a->columns[a->column] = kind;
    }

    memset(&unit, 0, sizeof(unit));

    at = a->g;
    review_glyph_blanks(&at, 0);

    if (at.c == '(') {
        review_figure_unit(&at, &unit);

        if (unit.unit) {
            a->power = unit.power;
            a->g = at;
        }
    }
}


/* what is labelled, but no amount */

static void
review_amounts_garbled(review_amounts_t *a)
{
    int          i;
    const char  *from;

    from = a->g.from;

    for (i = 0; i < REVIEW_AMOUNTS_GARBLED; i++) {
        switch (a->g.c) {
        case REVIEW_GLYPH_END:
        case REVIEW_GLYPH_CELL:
        case REVIEW_GLYPH_BLOCK:
        case '\n':
        case '|':
        case ' ':
        case '(':
        case ')':
        case ',':
        case ';':
        case 0x3002:
            i = REVIEW_AMOUNTS_GARBLED;
            continue;
        }

        review_glyph_next(&a->g);
    }

    review_amounts_missing(a, from, a->g.end);
}


/* what else than the end of a number is no mark names something: 5 m2 */

static int
review_amounts_is_end(int32_t c)
{
    return c < 0 || c == '\n' || c == 0x3001 || c == 0x3002 || c == 0x3011
           || c == 0x2014 || (c < 0x80 && strchr(" |)],;:/~-.\"_=", c));
}


static int
review_amounts_is_plain(const review_amount_t *amount)
{
    return !amount->money && !amount->unit && amount->decimals != 2
           && !memchr(amount->from, ',', (size_t) (amount->to - amount->from));
}


/* a number that says nothing of money: is it an amount all the same? */

static int
review_amounts_is_bare(const review_amounts_t *a, const review_amount_t *amount)
{
    if (amount->unit || !review_amounts_is_end(a->g.c)) {
        return 0;
    }

    if (a->label == REVIEW_AMOUNTS_DIGITS) {
        return 1;
    }

    if (!review_amounts_is_plain(amount)) {
        return 1;
    }

    /* （2） and （2026） are none */

    return amount->number >= 10000 && a->n
           && a->items[a->n - 1].kind == REVIEW_AMOUNTS_WORDS;
}


/* an amount, or a number that is none; 0: neither */

static int
review_amounts_number(review_amounts_t *a)
{
    review_amount_t  amount;

    if (review_numeral_read(&a->g, &amount)) {
        if (amount.money || a->label == REVIEW_AMOUNTS_WORDS) {
            review_amounts_add(a, REVIEW_AMOUNTS_WORDS, &amount);
            return 1;
        }

        a->between |= REVIEW_AMOUNTS_OTHER;
        a->label = REVIEW_AMOUNTS_NONE;
        return 1;
    }

    if (!review_figure_read(&a->g, &amount)) {
        return 0;
    }

    if (a->g.c != '%' && (amount.money || review_amounts_is_bare(a, &amount))) {
        if (!amount.unit && a->label == REVIEW_AMOUNTS_DIGITS && a->power) {
            amount.power = a->power;
            amount.unit = 1;
        }

        review_amounts_add(a, REVIEW_AMOUNTS_DIGITS, &amount);
        return 1;
    }

    a->between |= REVIEW_AMOUNTS_OTHER;
    a->label = REVIEW_AMOUNTS_NONE;

    return 1;
}


/* a line ends: is the next one a row of the same table? */

static void
review_amounts_line(review_amounts_t *a)
{
    review_glyph_t  at;

    at = a->g;

    a->lines++;
    a->clause = at.p;
    a->column = 0;

    if (at.c == REVIEW_GLYPH_BLOCK) {
        return;
    }

    review_glyph_next(&at);
    review_glyph_blanks(&at, 0);

    a->row = at.c == '|';

    if (!a->row) {
        memset(a->columns, 0, sizeof(a->columns));
    }
}


/* marks that part amounts, or do not; 0: it is no mark */

static int
review_amounts_mark(review_amounts_t *a)
{
    switch (a->g.c) {
    case '\n':
    case REVIEW_GLYPH_BLOCK:
        review_amounts_line(a);
        return 1;

    case REVIEW_GLYPH_CELL:
        a->row = 1;

        /* fall through */

    case '|':
        a->column++;
        a->between |= REVIEW_AMOUNTS_CELL;
        a->clause = a->g.p;
        return 1;

    case ' ':
    case '"':
    case 0x201c:
    case 0x201d:
    case '=':
    case '_':
    case '-':
    case 0x2014:
        return 1;

    case 0xa5:
        if (a->label == REVIEW_AMOUNTS_NONE) {
            a->label = REVIEW_AMOUNTS_DIGITS;
            a->subject.len = 0;
            a->power = 0;
        }

        return 1;

    case ':':
        a->colon = 1;
        return 1;

    case ',':
    case 0x3001:
        a->between |= REVIEW_AMOUNTS_COMMA;
        a->clause = a->g.p;
        return 1;

    case ';':
    case 0x3002:
        a->between |= REVIEW_AMOUNTS_STOP;
        a->clause = a->g.p;
        return 1;

    case '(':
    case ')':
    case '[':
    case ']':
    case 0x3010:
    case 0x3011:
    case 0x3014:
    case 0x3015:
        a->between |= REVIEW_AMOUNTS_BRACKET;
        return 1;
    }

    return 0;
}


/* 大写, 小写, and words that say nothing; 0: none is there */

static int
review_amounts_word(review_amounts_t *a)
{
    const char  *from;

    from = a->g.from;

    if (a->g.c == 0x5927 && review_glyph_is(&a->g, "大写")) {
        review_amounts_label(a, REVIEW_AMOUNTS_WORDS, from);
        return 1;
    }

    if (a->g.c == 0x5c0f && review_glyph_is(&a->g, "小写")) {
        review_amounts_label(a, REVIEW_AMOUNTS_DIGITS, from);
        return 1;
    }

    return review_glyph_any(&a->g, review_amounts_fillers) >= 0;
}


static void
review_amounts_other(review_amounts_t *a)
{
    if (a->label == REVIEW_AMOUNTS_WORDS && a->colon) {
        review_amounts_garbled(a);
        return;
    }

    a->label = REVIEW_AMOUNTS_NONE;
    a->between |= REVIEW_AMOUNTS_OTHER;

    /* a name is no number: A13 */

    if (review_glyph_is_letter(a->g.c) || a->g.c == '.') {
        while (review_glyph_is_letter(a->g.c) || review_glyph_is_digit(a->g.c)
               || a->g.c == '.')
        {
            review_glyph_next(&a->g);
        }

        return;
    }

    review_glyph_next(&a->g);
}


static void
review_amounts_scan(review_amounts_t *a)
{
    a->row = a->g.c == '|';
    a->clause = a->g.from;

    while (a->g.c != REVIEW_GLYPH_END && !a->failed) {

        if (review_amounts_number(a) || review_amounts_word(a)) {
            continue;
        }

        if (review_amounts_mark(a)) {
            review_glyph_next(&a->g);
            continue;
        }

        review_amounts_other(a);
    }
}


static int
review_amounts_same_subject(const review_amounts_item_t *one,
    const review_amounts_item_t *two)
{
    return one->labelled && two->labelled && one->subject.len
           && one->subject.len == two->subject.len && two->lines <= 2
           && memcmp(one->subject.data, two->subject.data, one->subject.len)
              == 0;
}


/* "two" stands behind "one" */

static review_amounts_link_e
review_amounts_link(const review_amounts_item_t *one,
    const review_amounts_item_t *two)
{
    unsigned  both, bracket, cell;

    both = one->labelled && two->labelled;
    cell = two->between & REVIEW_AMOUNTS_CELL;
    bracket = (two->between & (REVIEW_AMOUNTS_BRACKET|REVIEW_AMOUNTS_CELL))
              == REVIEW_AMOUNTS_BRACKET;

    if (one->kind == two->kind) {
        return REVIEW_AMOUNTS_APART;
    }

    if (review_amounts_same_subject(one, two)) {
        return REVIEW_AMOUNTS_STRONG;
    }

    /* 大写：壹佰元整；小写：100元 */

    if (two->between & REVIEW_AMOUNTS_OTHER
        || (two->between & REVIEW_AMOUNTS_STOP && !both))
    {
        return both && two->lines == 0 && !(two->between & REVIEW_AMOUNTS_STOP)
               ? REVIEW_AMOUNTS_LOOSE : REVIEW_AMOUNTS_APART;
    }

    if (two->between & REVIEW_AMOUNTS_COMMA && !one->labelled
        && !two->labelled)
    {
        return REVIEW_AMOUNTS_APART;
    }

    if (two->lines > 1 || (two->lines && !both && !bracket)) {
        return REVIEW_AMOUNTS_APART;
    }

    if (both) {
        return REVIEW_AMOUNTS_STRONG;
    }

    if (review_amounts_is_plain(&two->amount)
        || review_amounts_is_plain(&one->amount))
    {
        return REVIEW_AMOUNTS_WEAK;
    }

    if (bracket || (two->labelled && !cell)) {
        return REVIEW_AMOUNTS_STRONG;
    }

    /* 大写：壹佰元整 ¥100.00 */

    return one->labelled && two->amount.money
           && two->kind == REVIEW_AMOUNTS_DIGITS
           && !(two->between & (REVIEW_AMOUNTS_COMMA|REVIEW_AMOUNTS_CELL))
           ? REVIEW_AMOUNTS_STRONG : REVIEW_AMOUNTS_WEAK;
}


/* what only stands side by side gives way to what belongs together */

static void
review_amounts_links(review_amounts_t *a)
{
    size_t                  i;
    review_amounts_item_t  *item;

    for (i = 0; i + 1 < a->n; i++) {
        item = &a->items[i];
        item->link = review_amounts_link(item, item + 1);
    }

    for (i = 0; i + 1 < a->n; i++) {
        item = &a->items[i];

        if (item->link == REVIEW_AMOUNTS_APART
            || item->link == REVIEW_AMOUNTS_STRONG)
        {
            continue;
        }

        if ((i && item[-1].link > item->link) || item[1].link > item->link) {
            item->link = REVIEW_AMOUNTS_APART;
        }
    }
}


static int
review_amounts_agree(const review_amounts_item_t *one,
    const review_amounts_item_t *two)
{
    int64_t  v, w;

    return one->amount.foreign == two->amount.foreign
           && review_figure_value(&one->amount, 2, &v) == 0
           && review_figure_value(&two->amount, 2, &w) == 0
           && v == w;
}


/* may both be right: is a unit told elsewhere, or the figure rounded? */

static int
review_amounts_may_agree(const review_amount_t *digits, int64_t v, int64_t w)
{
    int      k;
    int64_t  part;

    if (!digits->unit) {
        for (k = 0; k < 8 && w && w < INT64_MAX / 10; k++) {
            w *= 10;

            if ((k == 2 || k == 3 || k == 7) && v == w) {
                return 1;
            }
        }

        return 0;
    }

    part = 100;

    for (k = digits->power - digits->decimals; k > 0; k--) {
        part *= 10;
    }

    return digits->power > 0 && digits->power > digits->decimals
           && (v > w ? v - w : w - v) < part;
}


static void
review_amounts_places(review_amounts_t *a, review_told_e kind,
    const review_amounts_item_t *one, const review_amounts_item_t *two)
{
    review_told_place(a->told, kind, one->amount.from, one->amount.to);
    review_told_place(a->told, kind, two->amount.from, two->amount.to);
}


static void
review_amounts_tell(review_amounts_t *a, review_told_e kind, const char *zh,
    const char *en, const review_amounts_item_t *one,
    const review_amounts_item_t *two)
{
    size_t                  n, m;
    const review_amount_t  *words, *digits;

    words = one->kind == REVIEW_AMOUNTS_WORDS ? &one->amount : &two->amount;
    digits = one->kind == REVIEW_AMOUNTS_WORDS ? &two->amount : &one->amount;

    n = review_utf8_cut(words->from, (size_t) (words->to - words->from),
                        REVIEW_AMOUNTS_SHOWN);
    m = review_utf8_cut(digits->from, (size_t) (digits->to - digits->from),
                        REVIEW_AMOUNTS_SHOWN);

    review_told(a->told, kind, zh, en, (int) n, words->from, (int) m,
                digits->from);
    review_amounts_places(a, kind, one, two);
}


static void
review_amounts_judge(review_amounts_t *a, const review_amounts_item_t *one,
    const review_amounts_item_t *two, review_amounts_link_e link)
{
    int64_t                 v, w;
    const review_amount_t  *words, *digits;

    words = one->kind == REVIEW_AMOUNTS_WORDS ? &one->amount : &two->amount;
    digits = one->kind == REVIEW_AMOUNTS_WORDS ? &two->amount : &one->amount;

    if (review_figure_value(words, 2, &v) != 0
        || review_figure_value(digits, 2, &w) != 0)
    {
        review_amounts_tell(a, REVIEW_TOLD_UNSURE,
                            "大写“%.*s”与小写“%.*s”之中有写法无法识别的金额。",
                            "Of \"%.*s\" in words and \"%.*s\" in digits, one "
                            "cannot be read.", one, two);
        return;
    }

    if (v == w && words->foreign == digits->foreign) {
        review_amounts_tell(a, REVIEW_TOLD_GOOD, "大写“%.*s”与小写“%.*s”一致。",
                            "\"%.*s\" in words is \"%.*s\" in digits.", one,
                            two);
        return;
    }

    if (link < REVIEW_AMOUNTS_STRONG || one->rate || two->rate || !words->money
        || words->foreign != digits->foreign
        || review_amounts_may_agree(digits, v, w))
    {
        review_amounts_tell(a, REVIEW_TOLD_UNSURE,
                            "大写“%.*s”与小写“%.*s”不同，但不能确定是否指同一金额。",
                            "\"%.*s\" in words is not \"%.*s\" in digits, but "
                            "they may not be the same amount.", one, two);
        return;
    }

    review_amounts_tell(a, REVIEW_TOLD_WRONG, "大写“%.*s”与小写“%.*s”不一致。",
                        "\"%.*s\" in words is not \"%.*s\" in digits.", one,
                        two);
}


/* do all pairs of neighbours agree, from the first, or the second on? */

static int
review_amounts_all_agree(const review_amounts_item_t *items, size_t n,
    size_t from, size_t step)
{
    size_t  i;

    for (i = from; i + 1 < n; i += step) {
        if (!review_amounts_agree(&items[i], &items[i + 1])) {
            return 0;
        }
    }

    return 1;
}


/* so many in a row, each of which may belong to the one before it */

static void
review_amounts_chain(review_amounts_t *a, review_amounts_item_t *items,
    size_t n)
{
    size_t  i;

    if (n > 2 && !review_amounts_all_agree(items, n, 0, 1)
        && (n % 2 || review_amounts_all_agree(items, n - 1, 1, 2)))
    {
        review_amounts_tell(a, REVIEW_TOLD_UNSURE,
                            "“%.*s”“%.*s”等大小写金额连在一起，不能确定哪两个相对应。",
                            "Which of \"%.*s\", \"%.*s\" and others belong "
                            "together cannot be told.", &items[0], &items[1]);

        for (i = 2; i < n; i++) {
            review_told_place(a->told, REVIEW_TOLD_UNSURE,
                              items[i].amount.from, items[i].amount.to);
        }

        return;
    }

    /* an odd one agrees with the last */

    for (i = 0; i + 1 < n; i += 2) {
        review_amounts_judge(a, &items[i], &items[i + 1], items[i].link);
    }
}


int
review_amounts(review_told_t *told, const review_str_t *text)
{
    size_t            i, start;
    review_amounts_t  a;

    memset(&a, 0, sizeof(a));

    a.told = told;

    review_glyph_begin(&a.g, text->data, text->len);
    review_amounts_scan(&a);

    if (a.failed) {
        return -1;
    }

    review_amounts_links(&a);

    for (i = 0; i < a.n; i++) {
        for (start = i; a.items[i].link; i++) { /* void */ }

        if (i > start) {
            review_amounts_chain(&a, &a.items[start], i - start + 1);
        }
    }

    return 0;
}
