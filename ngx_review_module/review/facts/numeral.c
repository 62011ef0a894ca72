
/*
 * Numerals in words.  Below 10000 each digit has its unit, in falling order,
 * and 零 stands where some are missing; above, 万 and 亿 part the number.
 */

#include "review/facts/amount.h"


#define REVIEW_NUMERAL_MAX  64

/* digits are what they are; units by their powers of ten */

enum {
    REVIEW_NUMERAL_TEN = 11,           /* TEN + k: 10^(k+1) */
    REVIEW_NUMERAL_THOUSAND = 13,
    REVIEW_NUMERAL_WAN,
    REVIEW_NUMERAL_YI,
    REVIEW_NUMERAL_YUAN,
    REVIEW_NUMERAL_JIAO,
    REVIEW_NUMERAL_FEN,
    REVIEW_NUMERAL_WHOLE,
    REVIEW_NUMERAL_TWENTY,
    REVIEW_NUMERAL_THIRTY,
    REVIEW_NUMERAL_NONE
};


typedef struct {
    unsigned char   s[REVIEW_NUMERAL_MAX + 1];
    size_t          n;
    size_t          i;
    uint64_t        value;             /* of a section */
    int             low;               /* the last digit of the one before */
    unsigned        first:1;           /* none is before it */
    unsigned        led:1;             /* it begins with 零 */
    unsigned        shown:1;           /* 零 has a unit: 零佰 */
    unsigned        any:1;             /* something is in it */
    unsigned        bad:1;
} review_numeral_t;


static const struct {
    int32_t         c;
    unsigned char   symbol;
} review_numeral_symbols[] = {
    { 0x96f6, 0 },                                     /* 零 */
    { 0x4e00, 1 }, { 0x58f9, 1 }, { 0x58f1, 1 },       /* 一壹壱 */
    { 0x4e8c, 2 }, { 0x8d30, 2 }, { 0x8cb3, 2 },       /* 二贰貳 */
    { 0x5f10, 2 }, { 0x4e24, 2 },                      /* 弐两 */
    { 0x4e09, 3 }, { 0x53c1, 3 }, { 0x53c3, 3 },       /* 三叁參 */
    { 0x53c4, 3 },                                     /* 叄 */
    { 0x56db, 4 }, { 0x8086, 4 },                      /* 四肆 */
    { 0x4e94, 5 }, { 0x4f0d, 5 },                      /* 五伍 */
    { 0x516d, 6 }, { 0x9646, 6 }, { 0x9678, 6 },       /* 六陆陸 */
    { 0x4e03, 7 }, { 0x67d2, 7 },                      /* 七柒 */
    { 0x516b, 8 }, { 0x634c, 8 },                      /* 八捌 */
    { 0x4e5d, 9 }, { 0x7396, 9 },                      /* 九玖 */
    { 0x5341, REVIEW_NUMERAL_TEN },                    /* 十 */
    { 0x62fe, REVIEW_NUMERAL_TEN },                    /* 拾 */
    { 0x767e, REVIEW_NUMERAL_TEN + 1 },                /* 百 */
    { 0x4f70, REVIEW_NUMERAL_TEN + 1 },                /* 佰 */
    { 0x5343, REVIEW_NUMERAL_THOUSAND },               /* 千 */
    { 0x4edf, REVIEW_NUMERAL_THOUSAND },               /* 仟 */
    { 0x4e07, REVIEW_NUMERAL_WAN },                    /* 万 */
    { 0x842c, REVIEW_NUMERAL_WAN },                    /* 萬 */
    { 0x4ebf, REVIEW_NUMERAL_YI },                     /* 亿 */
    { 0x5104, REVIEW_NUMERAL_YI },                     /* 億 */
    { 0x5143, REVIEW_NUMERAL_YUAN },                   /* 元 */
    { 0x5706, REVIEW_NUMERAL_YUAN },                   /* 圆 */
    { 0x5713, REVIEW_NUMERAL_YUAN },                   /* 圓 */
    { 0x89d2, REVIEW_NUMERAL_JIAO },                   /* 角 */
    { 0x5206, REVIEW_NUMERAL_FEN },                    /* 分 */
    { 0x6574, REVIEW_NUMERAL_WHOLE },                  /* 整 */
    { 0x6b63, REVIEW_NUMERAL_WHOLE },                  /* 正 */
    { 0x5eff, REVIEW_NUMERAL_TWENTY },                 /* 廿 */
    { 0x5345, REVIEW_NUMERAL_THIRTY },                 /* 卅 */
    { 0, 0 }
};

/* 美元 and others: so many yuan would be another amount */

static const char *const  review_numeral_foreign[] = {
    "美元", "美圆", "欧元", "港元", "日元", "日圆", "加元", "澳元", "英镑", NULL
};


static unsigned
review_numeral_symbol(int32_t c)
{
    size_t  i;

    if (c < 0x4e00) {
        return REVIEW_NUMERAL_NONE;
    }

    for (i = 0; review_numeral_symbols[i].c; i++) {
        if (review_numeral_symbols[i].c == c) {
            return review_numeral_symbols[i].symbol;
        }
    }

    return REVIEW_NUMERAL_NONE;
}


int
review_numeral_begins(int32_t c)
{
    unsigned  symbol;

    symbol = review_numeral_symbol(c);

    return symbol <= 9 || symbol == REVIEW_NUMERAL_TEN
           || symbol == REVIEW_NUMERAL_TWENTY
           || symbol == REVIEW_NUMERAL_THIRTY;
}


/* does the symbol go on with what is there?  Words have 正 and 分, too */

static int
review_numeral_takes(const review_numeral_t *n, unsigned symbol)
{
    unsigned  before;

    before = n->n ? n->s[n->n - 1] : REVIEW_NUMERAL_NONE;

    if (symbol == REVIEW_NUMERAL_WHOLE) {
        return before >= REVIEW_NUMERAL_WAN && before <= REVIEW_NUMERAL_FEN;
    }

    if (symbol == REVIEW_NUMERAL_JIAO || symbol == REVIEW_NUMERAL_FEN) {
        return before <= 9;
    }

    return symbol != REVIEW_NUMERAL_NONE && before != REVIEW_NUMERAL_FEN
           && before != REVIEW_NUMERAL_WHOLE;
}


/* all of the symbols; what stands between them may be blank */

static void
review_numeral_gather(review_numeral_t *n, review_glyph_t *g,
    review_amount_t *amount)
{
    unsigned        symbol;
    review_glyph_t  at;

    for (at = *g; /* void */ ; review_glyph_blanks(&at, 1)) {

        if (n->n && !amount->foreign
            && review_glyph_any(&at, review_numeral_foreign) >= 0)
        {
            amount->foreign = 1;
            symbol = REVIEW_NUMERAL_YUAN;

        } else {
            symbol = review_numeral_symbol(at.c);

            if (!review_numeral_takes(n, symbol)) {
                return;
            }

            review_glyph_next(&at);
        }

        if (n->n == REVIEW_NUMERAL_MAX) {
            n->bad = 1;

        } else {
            n->s[n->n++] = symbol;
        }

        amount->to = at.end;
        *g = at;
    }
}


/* a digit of 10^k, "pos" that of the one before it */

static void
review_numeral_digit(review_numeral_t *n, unsigned d, int k, int *pos,
    int *zero)
{
    static const unsigned  powers[] = { 1, 10, 100, 1000 };

    if (k >= *pos) {
        n->bad = 1;
        return;
    }

    if (*pos < 4 || !n->first) {
        if (k < *pos - 1 && !*zero) {
            n->bad = 1;
        }

        /* 壹拾万零柒仟: what is missing is the last of the section before */

        if (k == *pos - 1 && *zero && !(*pos == 4 && n->low == 0)) {
            n->bad = 1;
        }

    } else if (*zero) {
        n->bad = 1;
    }

    n->value += d * powers[k];
    *pos = k;
    *zero = 0;
}


/* a number below 10000; n->i goes behind it */

static void
review_numeral_section(review_numeral_t *n)
{
    int       pos, zero, k;
    size_t    start;
    unsigned  d, next;

    pos = 4;
    zero = 0;
    start = n->i;

    n->value = 0;
    n->shown = 0;
    n->led = n->s[n->i] == 0 && n->s[n->i + 1] <= 9;

    for ( /* void */ ; n->i < n->n; n->i++) {
        d = n->s[n->i];
        next = n->s[n->i + 1];

        if (d == REVIEW_NUMERAL_TWENTY || d == REVIEW_NUMERAL_THIRTY) {
            review_numeral_digit(n, d - REVIEW_NUMERAL_TWENTY + 2, 1, &pos,
                                 &zero);
            continue;
        }

        if (d == REVIEW_NUMERAL_TEN && n->i == 0) {
            review_numeral_digit(n, 1, 1, &pos, &zero);
            continue;
        }

        if (d > 9) {
            break;
        }

        k = next >= REVIEW_NUMERAL_TEN && next <= REVIEW_NUMERAL_THOUSAND
            ? (int) next - REVIEW_NUMERAL_TEN + 1 : 0;

        if (d == 0 && k) {
            n->bad |= k >= pos;
            n->shown = 1;
            pos = k;

        } else if (d == 0) {
            n->bad |= zero;
            zero = 1;

        } else {
            review_numeral_digit(n, d, k, &pos, &zero);
        }

        n->i += k > 0;
    }

    n->any = n->i > start;

    /* 零 is the end of 零拾零, or all there is */

    if (zero && !(n->shown && pos == 1) && n->i != 1) {
        n->bad = 1;
    }
}


/* a number below 10^8 */

static uint64_t
review_numeral_eight(review_numeral_t *n)
{
    uint64_t  high;

    review_numeral_section(n);

    high = n->value;

    if (n->s[n->i] != REVIEW_NUMERAL_WAN) {

        /* 壹亿伍仟 is 1.5 of them where people speak */

        n->bad |= !n->first && n->value && !n->led;

        return high;
    }

    n->bad |= !n->any || (high == 0 && !n->shown);
    n->i++;
    n->first = 0;
    n->low = high % 10;

    review_numeral_section(n);

    n->any = 1;
    high = high * 10000 + n->value;

    return high;
}


static uint64_t
review_numeral_whole(review_numeral_t *n)
{
    uint64_t  value;

    n->first = 1;
    value = review_numeral_eight(n);
    n->bad |= !n->any;

    if (n->s[n->i] != REVIEW_NUMERAL_YI) {
        return value;
    }

    n->bad |= value == 0;
    n->i++;
    n->first = 0;

    /* without 万 its 零 stands for that, too */

    n->low = memchr(&n->s[n->i], REVIEW_NUMERAL_WAN, n->n - n->i)
             ? value % 10 : 0;

    return value * 100000000 + review_numeral_eight(n);
}


/* what stands behind 元, or alone: hundredths */

static unsigned
review_numeral_parts(review_numeral_t *n, int yuan, int low)
{
    int       zero, jiao;
    unsigned  value;

    zero = 0;
    jiao = 0;
    value = 0;

    if (n->s[n->i] == 0 && n->s[n->i + 1] <= 9) {
        zero = 1;
        n->i++;
    }

    if (n->s[n->i] <= 9 && n->s[n->i + 1] == REVIEW_NUMERAL_JIAO) {
        n->bad |= zero && (low || n->s[n->i] == 0);
        value = n->s[n->i] * 10;
        jiao = 1;
        zero = 0;
        n->i += 2;
    }

    if (n->s[n->i] <= 9 && n->s[n->i + 1] == REVIEW_NUMERAL_FEN) {
        n->bad |= yuan || jiao ? !jiao && !zero && n->s[n->i] : 1;
        value += n->s[n->i];
        zero = 0;
        n->i += 2;
    }

    n->bad |= zero;

    return value;
}


static int64_t
review_numeral_parse(review_numeral_t *n, review_amount_t *amount)
{
    int       yuan;
    uint64_t  value;

    /* no symbol is behind the last */

    n->s[n->n] = REVIEW_NUMERAL_NONE;

    if (n->n > 1 && n->s[1] == REVIEW_NUMERAL_JIAO) {
        amount->money = 1;
        value = review_numeral_parts(n, 0, 0);

    } else {
        value = review_numeral_whole(n);
        yuan = n->s[n->i] == REVIEW_NUMERAL_YUAN;
        n->i += yuan;

        amount->money = yuan;
        value = value * 100
                + (yuan ? review_numeral_parts(n, 1, value % 10) : 0);
    }

    n->i += n->s[n->i] == REVIEW_NUMERAL_WHOLE;
    n->bad |= n->i < n->n;

    return (int64_t) value;
}


int
review_numeral_read(review_glyph_t *g, review_amount_t *amount)
{
    review_numeral_t  n;

    if (!review_numeral_begins(g->c)) {
        return 0;
    }

    memset(&n, 0, sizeof(n));
    memset(amount, 0, sizeof(*amount));

    amount->from = g->from;

    review_numeral_gather(&n, g, amount);

    amount->number = review_numeral_parse(&n, amount);
    amount->decimals = 2;
    amount->money |= memchr(n.s, REVIEW_NUMERAL_YUAN, n.n) != NULL;
    amount->unit = amount->money;
    amount->bad = n.bad;

    return 1;
}
