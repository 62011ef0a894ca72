
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"

#include <strings.h>


#define REVIEW_NUMBER_DIGITS  12      /* of a number, or parts of one */
#define REVIEW_NUMBER_GAP     8       /* white space within a label */

#define review_number_is_digit(c)                                             \
    (((c) >= '0' && (c) <= '9') || ((c) >= 0xff10 && (c) <= 0xff19))
#define review_number_is_dot(c)  ((c) == '.' || (c) == 0xff0e)


static const char *
review_number_step(const char *p, const char *last)
{
    if (p < last) {
        (void) review_utf8_next(&p, last);
    }

    return p;
}


static const char *
review_number_spaces(const char *p, const char *last)
{
    int  n;

    for (n = 0; n < REVIEW_NUMBER_GAP; n++) {
        if (!review_line_is_space(review_sign_peek(p, last))) {
            break;
        }

        p = review_number_step(p, last);
    }

    return p;
}


static int
review_number_in(int32_t c, const int32_t *set)
{
    for ( /* void */ ; *set; set++) {
        if (*set == c) {
            return 1;
        }
    }

    return 0;
}


/* 零〇○ 一 to 十, 百千两廿卅, and as they stand on cheques */

static const int32_t  review_number_numerals[] = {
    0x96f6, 0x3007, 0x25cb, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94, 0x516d,
    0x4e03, 0x516b, 0x4e5d, 0x5341, 0x767e, 0x5343, 0x4e24, 0x5eff, 0x5345,
    0x58f9, 0x8d30, 0x53c1, 0x8086, 0x4f0d, 0x9646, 0x67d2, 0x634c, 0x7396,
    0x62fe, 0
};


/* a number of Chinese numerals, or p itself */

static const char *
review_number_han(const char *p, const char *last)
{
    int          n;
    const char  *s;

    s = p;

    for (n = 0; n < REVIEW_NUMBER_DIGITS; n++) {
        if (!review_number_in(review_sign_peek(s, last),
                              review_number_numerals))
        {
            break;
        }

        s = review_number_step(s, last);
    }

    return n < REVIEW_NUMBER_DIGITS ? s : p;
}


/* 3, 3.2, 3.2.1: at most "max" digits between dots; *parts are counted */

static const char *
review_number_digits(const char *p, const char *last, int max, int *parts)
{
    int          n;
    const char  *s, *end;

    *parts = 0;
    end = p;

    for (s = p; *parts < REVIEW_NUMBER_DIGITS; /* void */ ) {

        for (n = 0; review_number_is_digit(review_sign_peek(s, last)); n++) {
            s = review_number_step(s, last);
        }

        if (n > max) {
            *parts = 0;
            return p;
        }

        if (n == 0) {
            break;
        }

        end = s;
        (*parts)++;

        if (!review_number_is_dot(review_sign_peek(s, last))) {
            break;
        }

        s = review_number_step(s, last);
    }

    return end;
}


/* I, IV, Ⅳ, or a letter */

static const char *
review_number_roman(const char *p, const char *last)
{
    int          n;
    int32_t      c;
    const char  *s;

    c = review_sign_peek(p, last);

    if (c >= 0x2160 && c <= 0x217f) {
        return review_number_step(p, last);
    }

    for (s = p, n = 0; s < last && strchr("IVXLC", *s) && *s; s++) {
        n++;
    }

    if (n == 0 && s < last && *s >= 'A' && *s <= 'Z') {
        s++;
    }

    if (n > REVIEW_NUMBER_GAP
        || review_sign_is_letter(review_sign_peek(s, last)))
    {
        return p;
    }

    return s;
}


/* 编篇卷部, 章, 节, 条; Korean 편 장 절 조 */

static int
review_number_counter(int32_t c)
{
    switch (c) {
    case 0x7f16: case 0x7de8: case 0x7bc7: case 0x5377: case 0x90e8:
    case 0xd3b8:
        return REVIEW_RANK_PART;

    case 0x7ae0: case 0xc7a5:
        return REVIEW_RANK_CHAPTER;

    case 0x8282: case 0x7bc0: case 0xc808:
        return REVIEW_RANK_SECTION;

    case 0x6761: case 0x689d: case 0xc870:
        return REVIEW_RANK_ARTICLE;
    }

    return REVIEW_RANK_NONE;
}


/*
 * What follows a label that is only referred to: 第三条规定, 第二章的, 第六条、
 * 第七条; the second set follows articles, which run on as text.
 */

static const int32_t  review_number_after[] = {
    0x7684, 0x3001, 0xff0c, 0x3002, 0xff1b, 0xff09, ')', 0x300b, 0x201d,
    0x300d, 0x7b2c, ',', ';', 0
};

static const int32_t  review_number_after_article[] = {
    0x89c4, 0x6240, 0x4e4b, 0x548c, 0x53ca, 0x6216, 0x81f3, 0x4e2d, 0x4e0e,
    0x6b3e, 0x9879, 0x7ea6, 0x4ee5, 0x7b49, 0x5185, 0x5230, 0x60c5, 0x8981,
    0x662f, 0
};


/*
 * What follows makes an article's own words of it, unless it is only referred
 * to: 第三条所有投标人 and 第三条所列, 第三条以招标方式 and 第三条以下.
 */

static int
review_number_is_clause(const char *p, const char *last)
{
    int32_t  c;

    static const int32_t  runs_on[] = { 0x89c4, 0x6240, 0x4e2d, 0x4ee5, 0 };
    static const int32_t  refers[] = {
        0x5b9a, 0x5217, 0x79f0, 0x8ff0, 0x7684, 0x89c4, 0x5916, 0x4e0a, 0x4e0b,
        0x5185, 0x524d, 0x540e, 0x6307, 0x8bf4, 0x53ca, 0x4e4b, 0
    };

    c = review_sign_peek(p, last);

    return review_number_in(c, runs_on)
           && !review_number_in(review_sign_peek(review_number_step(p, last),
                                                 last), refers);
}


/* fills in the label that ends at p */

static void
review_number_label(review_mark_t *mark, const char *p, int rank)
{
    int32_t      c;
    const char  *s;

    c = review_sign_peek(p, mark->end);

    if (review_number_in(c, review_number_after)) {
        return;
    }

    if (rank == REVIEW_RANK_ARTICLE
        && review_number_in(c, review_number_after_article))
    {
        if (review_number_is_clause(p, mark->end)) {
            mark->clause = REVIEW_CLAUSE_ARTICLE;
            mark->clause_end = p;
        }

        return;
    }

    mark->apart = c == 0 || c == ':' || c == 0xff1a || c == '*' || c == '_'
                  || review_line_is_space(c);

    if (c == '(' || c == 0xff08) {

        /* 第三条（二）项 is a reference, 第三条（定义） is none */

        s = review_number_spaces(review_number_step(p, mark->end), mark->end);
        c = review_sign_peek(s, mark->end);

        if (review_number_is_digit(c)
            || review_number_in(c, review_number_numerals))
        {
            return;
        }

        mark->apart = 1;

    } else if (c == '[' || c == 0x3010 || c == 0x3014) {
        mark->apart = 1;
    }

    mark->label = p;
    mark->rank = (unsigned char) rank;
}


/* 第一分编, whose 分编 is at p */

static void
review_number_subpart(review_mark_t *mark, const char *p)
{
    const char  *s, *last;

    last = mark->end;
    s = review_number_step(p, last);

    if (review_sign_peek(p, last) != 0x5206
        || (review_sign_peek(s, last) != 0x7f16
            && review_sign_peek(s, last) != 0x7de8))
    {
        return;
    }

    s = review_number_step(s, last);

    if (!review_number_in(review_sign_peek(s, last), review_number_after)) {
        mark->clause = REVIEW_CLAUSE_SUBPART;
        mark->clause_end = s;
    }
}


/* 第三章, 第 3.2 条, 第三十一条之二 */

static void
review_number_ordinal(review_mark_t *mark, const char *p)
{
    int          rank, parts;
    const char  *s, *last;

    last = mark->end;
    p = review_number_spaces(p, last);

    s = review_number_han(p, last);

    if (s == p) {
        s = review_number_digits(p, last, 4, &parts);
    }

    if (s == p) {
        s = review_number_roman(p, last);
    }

    if (s == p) {
        return;
    }

    s = review_number_spaces(s, last);

    rank = review_number_counter(review_sign_peek(s, last));
    if (rank == REVIEW_RANK_NONE) {
        review_number_subpart(mark, s);
        return;
    }

    p = review_number_step(s, last);

    if (review_sign_peek(s, last) == 0x90e8                     /* 部分 */
        && review_sign_peek(p, last) == 0x5206)
    {
        p = review_number_step(p, last);
    }

    if (review_sign_peek(p, last) == 0x4e4b) {                  /* 之 */
        s = review_number_step(p, last);
        p = review_number_han(s, last) > s ? review_number_han(s, last) : p;
    }

    review_number_label(mark, p, rank);
}


/* 附件一, 附录 A */

static void
review_number_annex(review_mark_t *mark, const char *p)
{
    int          parts;
    int32_t      c;
    const char  *s, *last;

    last = mark->end;
    c = review_sign_peek(p, last);

    if (c != 0x4ef6 && c != 0x5f55 && c != 0x8868) {
        return;
    }

    p = review_number_spaces(review_number_step(p, last), last);
    s = review_number_han(p, last);

    if (s == p) {
        s = review_number_digits(p, last, 3, &parts);
    }

    if (s == p) {
        s = review_number_roman(p, last);
    }

    if (s > p) {
        review_number_label(mark, s, REVIEW_RANK_CHAPTER);
    }
}


/* Chapter 3, ARTICLE IV: a word, a number, and nothing that runs on */

static int
review_number_word(review_mark_t *mark, const char *p)
{
    int          parts;
    size_t       i, n;
    int32_t      c;
    const char  *s, *last;

    static const struct {
        review_str_t   word;
        int            rank;
    } words[] = {
        { review_string("PART"), REVIEW_RANK_PART },
        { review_string("CHAPTER"), REVIEW_RANK_CHAPTER },
        { review_string("APPENDIX"), REVIEW_RANK_CHAPTER },
        { review_string("ANNEX"), REVIEW_RANK_CHAPTER },
        { review_string("SCHEDULE"), REVIEW_RANK_CHAPTER },
        { review_string("EXHIBIT"), REVIEW_RANK_CHAPTER },
        { review_string("SECTION"), REVIEW_RANK_SECTION },
        { review_string("ARTICLE"), REVIEW_RANK_ARTICLE },
    };

    last = mark->end;
    n = 0;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        n = words[i].word.len;

        if ((size_t) (last - p) > n && *p == words[i].word.data[0]
            && p[n] == ' '
            && strncasecmp(p, words[i].word.data, n) == 0)
        {
            break;
        }
    }

    if (i == sizeof(words) / sizeof(words[0])) {
        return 0;
    }

    p += n + 1;
    s = review_number_digits(p, last, 4, &parts);

    if (s == p) {
        s = review_number_roman(p, last);
    }

    if (s == p) {
        return 0;
    }

    c = review_sign_peek(s, last);
    p = review_number_spaces(s, last);

    if (c == 0 || c == '.' || c == ':' || c == 0x2013 || c == 0x2014
        || (p > s && *p != '(' && !(*p >= 'a' && *p <= 'z')))
    {
        mark->label = s;
        mark->rank = (unsigned char) words[i].rank;
        mark->apart = 1;
    }

    return 1;
}


/* 万亿元个年月日%级倍米: what a decimal is a number of */

static const int32_t  review_number_measures[] = {
    0x4e07, 0x4ebf, 0x5143, 0x4e2a, 0x5e74, 0x6708, 0x65e5, '%', 0xff05,
    0x7ea7, 0x500d, 0x7c73, 0x5343, 0x767e, 0x5341, 0x5ea6, 0x6298, 0x5428,
    0x516c, 0x5206, 0x79d2, 0x5c0f, 0x5e73, 0x2103, 0
};


/* 万亿%％倍℃, and 条款项节章目, by which clauses are referred to */

static const int32_t  review_number_amounts[] = {
    0x4e07, 0x4ebf, '%', 0xff05, 0x500d, 0x2103, 0
};

static const int32_t  review_number_references[] = {
    0x6761, 0x6b3e, 0x9879, 0x8282, 0x7ae0, 0x76ee, 0x7684, 0
};


/* 3.2 公里, 3.2 mm, 3.2 条规定: what no title begins with */

static int
review_number_is_measure(const char *p, const char *last)
{
    size_t               i;
    const review_str_t  *word;

    static const review_str_t  words[] = {
        review_string("公里"), review_string("公斤"), review_string("公顷"),
        review_string("千克"), review_string("千米"), review_string("千瓦"),
        review_string("毫米"), review_string("厘米"), review_string("微米"),
        review_string("毫升"), review_string("平方米"),
        review_string("平方公里"), review_string("立方米"),
        review_string("小时"), review_string("分钟"), review_string("个月"),
        review_string("美元"), review_string("欧元"), review_string("元人民币"),
        review_string("条规定"), review_string("条要求"), review_string("条所"),
        review_string("条的"), review_string("款规定"), review_string("款要求"),
        review_string("款所"), review_string("款的"), review_string("项规定"),
        review_string("项要求"), review_string("项所"), review_string("项的"),
        review_string("节规定"), review_string("节要求"), review_string("节所"),
        review_string("节的"),
        review_string("mm"), review_string("cm"), review_string("km"),
        review_string("m²"), review_string("m³"), review_string("kg"),
        review_string("kW"), review_string("kV"), review_string("kVA"),
        review_string("kWh"), review_string("kN"), review_string("kPa"),
        review_string("MPa"), review_string("Hz"), review_string("kHz"),
        review_string("MHz"), review_string("GHz"), review_string("ms")
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        word = &words[i];

        if ((size_t) (last - p) >= word->len
            && memcmp(p, word->data, word->len) == 0
            && (!review_sign_is_letter(*p) || (size_t) (last - p) == word->len
                || !review_sign_is_letter(p[word->len])))
        {
            return 1;
        }
    }

    return 0;
}


/* a decimal of several parts names a clause; "p" follows it */

static void
review_number_clause(review_mark_t *mark, const char *end, const char *p)
{
    int32_t  c;

    c = review_sign_peek(p, mark->end);

    if (review_number_in(c, review_number_after)) {
        return;
    }

    mark->clause = REVIEW_CLAUSE_DECIMAL;
    mark->clause_end = end;

    if (review_number_in(c, review_number_amounts)
        || review_number_is_measure(p, mark->end))
    {
        mark->doubt = REVIEW_DOUBT_SURE;

    } else if (review_number_in(c, review_number_measures)
               || review_number_in(c, review_number_references))
    {
        mark->doubt = REVIEW_DOUBT_SOME;
    }
}


/* 1.  1、 1)  3.2  1.1.1 */

static void
review_number_decimal(review_mark_t *mark, const char *p)
{
    int          parts;
    int32_t      c;
    const char  *s, *last;

    last = mark->end;
    s = review_number_digits(p, last, 3, &parts);

    if (parts == 0) {
        return;
    }

    c = review_sign_peek(s, last);

    if (parts == 1) {
        p = review_number_step(s, last);

        if (c == ')' || c == 0xff09) {
            mark->rank = REVIEW_RANK_CLOSED;

        } else if (c == 0x3001 || c == 0xff0e
                   || (c == '.' && (p == last || *p == ' ' || *p == '\t'
                                    || review_sign_is_east(
                                           review_sign_peek(p, last)))))
        {
            mark->rank = REVIEW_RANK_NUMBER;

        } else {
            mark->bare = review_line_is_space(c);
            mark->label = mark->bare ? s : NULL;
            return;
        }

        mark->label = p;
        mark->apart = 1;
        return;
    }

    if (review_number_is_dot(c) || c == 0x3001) {
        s = review_number_step(s, last);
        c = review_sign_peek(s, last);
    }

    p = review_number_spaces(s, last);

    if (p == s && c != 0 && !review_sign_is_east(c)) {
        return;
    }

    c = review_sign_peek(p, last);
    review_number_clause(mark, s, p);

    if (mark->doubt == REVIEW_DOUBT_SURE
        || review_number_in(c, review_number_measures))
    {
        return;
    }

    mark->rank = (unsigned char) (REVIEW_RANK_NUMBER - 1
                                  + (parts < 5 ? parts : 5));
    mark->label = s;
    mark->apart = p > s || c == 0;
}


/* （一） (2) (a), behind the opening bracket */

static void
review_number_closed(review_mark_t *mark, const char *p)
{
    int          parts, rank;
    int32_t      c;
    const char  *s, *last;

    last = mark->end;
    p = review_number_spaces(p, last);

    rank = REVIEW_RANK_HAN_CLOSED;
    s = review_number_han(p, last);

    if (s == p) {
        rank = REVIEW_RANK_CLOSED;
        s = review_number_digits(p, last, 3, &parts);
    }

    if (s == p && review_sign_is_letter(review_sign_peek(p, last))) {
        s = review_number_step(p, last);
    }

    if (s == p) {
        return;
    }

    s = review_number_spaces(s, last);
    c = review_sign_peek(s, last);

    if (c == ')' || c == 0xff09) {
        mark->label = review_number_step(s, last);
        mark->rank = (unsigned char) rank;
        mark->apart = 1;
    }
}


/* 一、 IV. A. a) */

static void
review_number_letters(review_mark_t *mark, const char *p)
{
    int32_t      c;
    const char  *s, *q, *last;

    last = mark->end;
    s = review_number_han(p, last);
    c = review_sign_peek(s, last);

    if (s > p) {
        if (c == 0x3001 || review_number_is_dot(c)) {
            mark->label = review_number_step(s, last);
            mark->rank = REVIEW_RANK_HAN;
            mark->apart = 1;
        }

        return;
    }

    if (last - p > 2 && *p >= 'a' && *p <= 'z' && p[1] == ')') {
        mark->label = p + 2;
        mark->rank = REVIEW_RANK_CLOSED;
        mark->apart = 1;
        return;
    }

    s = review_number_roman(p, last);

    if (s == p || s == last || *s != '.') {
        return;
    }

    q = review_number_spaces(s + 1, last);

    if (q > s + 1) {
        mark->label = s + 1;
        mark->rank = (s - p > 1 || strchr("IVX", *p)) ? REVIEW_RANK_HAN
                                                      : REVIEW_RANK_HAN_CLOSED;
        mark->apart = 1;
    }
}


void
review_number_read(review_mark_t *mark)
{
    int32_t      c;
    const char  *p, *last;

    last = mark->end;
    c = review_sign_peek(mark->text, last);
    p = review_number_step(mark->text, last);

    if (c == 0x7b2c || c == 0xc81c) {                           /* 第 제 */
        review_number_ordinal(mark, p);

    } else if (c == 0x9644) {                                   /* 附 */
        review_number_annex(mark, p);

    } else if (c == '(' || c == 0xff08) {
        review_number_closed(mark, p);

    } else if (review_number_is_digit(c)) {
        review_number_decimal(mark, mark->text);

    } else if (c >= 0x2460 && c <= 0x2473) {
        mark->label = p;
        mark->rank = REVIEW_RANK_CIRCLED;
        mark->apart = 1;

    } else if ((c >= 'A' && c <= 'Z') || (c >= 0x2160 && c <= 0x217f)) {
        if (!review_number_word(mark, mark->text)) {
            review_number_letters(mark, mark->text);
        }

    } else if (review_sign_is_letter(c) || review_sign_is_east(c)
               || c == 0x25cb)
    {
        review_number_letters(mark, mark->text);
    }
}
