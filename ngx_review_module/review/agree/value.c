
#include "review/agree/value.h"

#include "review/facts/amount.h"
#include "review/facts/date.h"


#define REVIEW_VALUE_CODE    12        /* digits: more are a code, no number */
#define REVIEW_VALUE_NAME    12        /* letters of a unit */
#define REVIEW_VALUE_SCALE   6         /* millionths */


/* what an LLM says where a text says nothing */

static const char *const  review_value_nothing[] = {
    "无", "没有", "空", "未知", "未提及", "未说明", "未注明", "未写明", "未提供",
    "未填写", "未明确", "未标明", "不详", "不适用", "未找到", "n/a", "na", "none", "null",
    "nil", "unknown", "notspecified", "notstated", "notmentioned", "notgiven",
    "notfound", "notavailable", "notapplicable", NULL
};

/* says nothing of the number behind it */

static const char *const  review_value_before[] = {
    "人民币", "rmb", "cny", "总计", "合计", "共计", "小写", "大写", "计", "共", "为", "即",
    ":", "(", ")", NULL
};

static const char *const  review_value_bounds[] = {
    "不少于", "不低于", "不小于", "不短于", "至少", "不超过", "不多于", "不高于", "不大于",
    "至多", "最多", "最少", "大于等于", "小于等于", "大于", "小于", "超过", "多于", "少于",
    "低于", "高于", "大约", "约", "atleast", "atmost", "notlessthan",
    "notmorethan", "morethan", "lessthan", "about", ">=", "<=", "≥", "≤", ">",
    "<", "≧", "≦", "~", NULL
};

/* what may be counted, and may stand behind a unit; 三一重工 is no number */

static const char *const  review_value_names[] = {
    "个", "人", "名", "位", "台", "套", "件", "份", "项", "次", "辆", "栋", "层", "户", "处",
    "家", "座", "块", "张", "章", "级", "只", "支", "根", "条", "批", "组", "盏", "樘", "株",
    "倍", "度", "分", "元", "立方米", "升", "亩", "千瓦", "兆帕", "内", "以内", "以上", "以下",
    "左右", "含税", "不含税", "之内", NULL
};

static const char *const  review_value_behind[] = {
    "整", "正", "人民币", "rmb", "cny", NULL
};


static int
review_value_is(const review_str_t *text, const char *word)
{
    return strlen(word) == text->len
           && memcmp(word, text->data, text->len) == 0;
}


/* over the first of the words that the text begins with; NULL: none */

static const char *
review_value_skip(review_str_t *text, const char *const *words)
{
    size_t  i, n;

    for (i = 0; words[i]; i++) {
        n = strlen(words[i]);

        if (n <= text->len && memcmp(words[i], text->data, n) == 0) {
            text->data += n;
            text->len -= n;
            return words[i];
        }
    }

    return NULL;
}


/* punctuation at both ends */

static void
review_value_trim(review_str_t *text)
{
    while (text->len && strchr(",.;:!?/|_", text->data[text->len - 1])) {
        text->len--;
    }

    while (text->len && strchr(",;:!?/|_", text->data[0])) {
        text->data++;
        text->len--;
    }

    if (text->len == 1 && text->data[0] == '-') {
        text->len = 0;
    }
}


/* (盖章) and the like behind a name are no part of it */

static void
review_value_seal(review_str_t *text)
{
    size_t  i;

    static const char *const  seals[] = {
        "(盖章)", "(公章)", "(盖单位章)", "(盖公章)", "(签字)", "(签章)", "(签名)", "(印章)",
        "(签字或盖章)", "(盖单位公章)", "(seal)", "(signature)", NULL
    };

    for (i = 0; seals[i]; i++) {
        if (text->len > strlen(seals[i])
            && memcmp(text->data + text->len - strlen(seals[i]), seals[i],
                      strlen(seals[i]))
               == 0)
        {
            text->len -= strlen(seals[i]);
            return;
        }
    }
}


static int
review_value_amount(review_glyph_t *g, review_amount_t *amount)
{
    return review_numeral_read(g, amount) || review_figure_read(g, amount);
}


static void
review_value_scale(review_value_t *value, int64_t factor)
{
    if (factor > 1
        && (value->number > INT64_MAX / factor
            || value->number < INT64_MIN / factor))
    {
        value->bad = 1;
        return;
    }

    value->number *= factor;
}


/* 百分之五 */

static int
review_value_share(review_glyph_t *g)
{
    return review_glyph_is(g, "百分之");
}


static int
review_value_number(review_glyph_t *g, review_value_t *value)
{
    int                   share;
    review_glyph_t        at;
    review_amount_t       amount, plain;
    const review_unit_t  *unit;

    at = *g;
    share = review_value_share(&at);

    if (!review_value_amount(&at, &amount)) {
        return 0;
    }

    memset(value, 0, sizeof(*value));

    value->kind = REVIEW_VALUE_NUMBER;

    plain = amount;
    plain.power = 0;

    value->bad = review_figure_value(&amount, REVIEW_VALUE_SCALE,
                                     &value->number)
                 != 0
                 || review_figure_value(&plain, REVIEW_VALUE_SCALE,
                                        &value->written)
                    != 0;

    if (amount.foreign) {
        value->unit = REVIEW_UNIT_FOREIGN;

    } else if (amount.money) {
        value->unit = REVIEW_UNIT_MONEY;

    } else if (share) {
        value->unit = REVIEW_UNIT_SHARE;
        review_value_scale(value, 10);

    } else {
        unit = review_unit_read(&at);

        if (unit) {
            value->unit = unit->unit;
            review_value_scale(value, unit->factor);
        }
    }

    *g = at;

    return 1;
}


int
review_value_at(review_glyph_t *g, review_value_t *value)
{
    review_date_t   date;
    review_glyph_t  at;

    at = *g;

    if (review_date_read(&at, &date) && !date.bad) {
        memset(value, 0, sizeof(*value));

        value->kind = REVIEW_VALUE_DATE;
        value->first = date.first;
        value->last = date.last;
        *g = at;

        return 1;
    }

    return review_value_number(g, value);
}


/* an amount in words, then in digits, or the other way, is one if they agree */

static void
review_value_again(review_str_t *rest, review_value_t *value)
{
    review_str_t    text;
    review_glyph_t  g;
    review_value_t  other;

    if (value->unit != REVIEW_UNIT_MONEY) {
        return;
    }

    text = *rest;
    (void) review_value_skip(&text, review_value_behind);

    while (review_value_skip(&text, review_value_before)) { /* void */ }

    review_glyph_begin(&g, text.data, text.len);

    if (!review_value_number(&g, &other)) {
        return;
    }

    value->bad |= other.bad || other.number != value->number
                  || (other.unit != REVIEW_UNIT_MONEY
                      && other.unit != REVIEW_UNIT_NONE);

    rest->len = (size_t) (text.data + text.len - g.from);
    rest->data = g.from;
}


static int
review_value_is_name(const review_str_t *text)
{
    size_t  i;

    for (i = 0; review_value_names[i]; i++) {
        if (review_value_is(text, review_value_names[i])) {
            return 1;
        }
    }

    for (i = 0; i < text->len; i++) {
        if (!review_glyph_is_letter(text->data[i])) {
            return 0;
        }
    }

    return text->len <= REVIEW_VALUE_NAME;
}


/* what stands behind the number: its unit, if it is not known, and a note */

static int
review_value_rest(review_str_t *rest, review_value_t *value)
{
    const char  *open;

    review_value_again(rest, value);

    while (review_value_skip(rest, review_value_behind)) { /* void */ }

    if (rest->len == 1 && rest->data[0] == ')') {
        rest->len = 0;
    }

    open = memchr(rest->data, '(', rest->len);

    if (open) {
        value->note.data = open;
        value->note.len = (size_t) (rest->data + rest->len - open);
        rest->len = (size_t) (open - rest->data);
    }

    if (rest->len == 0) {
        return 1;
    }

    if (!review_value_is_name(rest)) {
        return 0;
    }

    value->name = *rest;

    if (value->unit == REVIEW_UNIT_NONE) {
        value->unit = REVIEW_UNIT_OTHER;
    }

    return 1;
}


/* 0012, 91330100: a code, of which no zero may be left out */

static int
review_value_is_code(const review_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (!review_glyph_is_digit(text->data[i])) {
            return 0;
        }
    }

    return text->len > REVIEW_VALUE_CODE
           || (text->len > 1 && text->data[0] == '0');
}


/* is all of the text a number, or a date? */

static int
review_value_parse(const review_str_t *text, review_value_t *value)
{
    const char     *bound;
    review_str_t    rest;
    review_glyph_t  g;
    review_value_t  read;

    if (review_value_is_code(text)) {
        return 0;
    }

    rest = *text;

    while (review_value_skip(&rest, review_value_before)) { /* void */ }

    bound = review_value_skip(&rest, review_value_bounds);

    while (review_value_skip(&rest, review_value_before)) { /* void */ }

    review_glyph_begin(&g, rest.data, rest.len);

    if (!review_value_at(&g, &read)) {
        return 0;
    }

    rest.len = (size_t) (rest.data + rest.len - g.from);
    rest.data = g.from;

    if (g.c == REVIEW_GLYPH_END) {
        rest.len = 0;
    }

    if (read.kind == REVIEW_VALUE_DATE ? rest.len > 0
                                       : !review_value_rest(&rest, &read))
    {
        return 0;
    }

    if (bound) {
        read.bound.data = bound;
        read.bound.len = strlen(bound);
    }

    read.text = value->text;
    *value = read;

    return 1;
}


int
review_value_read(review_pool_t *pool, const review_str_t *text,
    review_value_t *value)
{
    size_t        i;
    review_buf_t  b;

    memset(value, 0, sizeof(*value));

    review_buf_init(&b, pool, text->len + 4);
    review_value_fold(&b, text, NULL);

    if (b.failed) {
        return -1;
    }

    value->text.data = b.data ? b.data : "";
    value->text.len = b.len;

    review_value_trim(&value->text);
    review_value_seal(&value->text);

    if (value->text.len == 0) {
        return 0;
    }

    for (i = 0; review_value_nothing[i]; i++) {
        if (review_value_is(&value->text, review_value_nothing[i])) {
            return 0;
        }
    }

    if (!review_value_parse(&value->text, value)) {
        value->kind = REVIEW_VALUE_TEXT;
    }

    return 0;
}


static int
review_value_same(const review_str_t *one, const review_str_t *two)
{
    return one->len == two->len
           && (one->len == 0 || memcmp(one->data, two->data, one->len) == 0);
}


/* are they the same number, if both mean the same by it? */

static review_value_says_e
review_value_compare_said(const review_value_t *one, const review_value_t *two,
    int same)
{
    int  bounded, noted;

    bounded = !review_value_same(&one->bound, &two->bound);
    noted = one->note.len && two->note.len
            && !review_value_same(&one->note, &two->note);

    return bounded || (same && noted) ? REVIEW_VALUE_UNSURE
           : same ? REVIEW_VALUE_SAME : REVIEW_VALUE_DIFFERS;
}


/* a month has 28 to 31 days */

static review_value_says_e
review_value_compare_months(const review_value_t *months,
    const review_value_t *minutes)
{
    int64_t  days;

    days = minutes->number / 1440;

    return days / 31 <= months->number && days / 28 >= months->number
           ? REVIEW_VALUE_UNSURE : REVIEW_VALUE_DIFFERS;
}


static review_value_says_e
review_value_compare_units(const review_value_t *one,
    const review_value_t *two)
{
    if (one->unit == REVIEW_UNIT_NONE || two->unit == REVIEW_UNIT_NONE) {
        return one->written == two->written || one->number == two->number
               ? review_value_compare_said(one, two, 1) : REVIEW_VALUE_UNSURE;
    }

    if (one->unit == REVIEW_UNIT_MONTHS && two->unit == REVIEW_UNIT_MINUTES) {
        return review_value_compare_months(one, two);
    }

    if (two->unit == REVIEW_UNIT_MONTHS && one->unit == REVIEW_UNIT_MINUTES) {
        return review_value_compare_months(two, one);
    }

    return REVIEW_VALUE_DIFFERS;
}


static review_value_says_e
review_value_compare_numbers(const review_value_t *one,
    const review_value_t *two)
{
    if (one->bad || two->bad) {
        return REVIEW_VALUE_UNSURE;
    }

    if (one->unit != two->unit) {
        return review_value_compare_units(one, two);
    }

    if (!review_value_same(&one->name, &two->name)) {
        return one->number == two->number ? REVIEW_VALUE_UNSURE
                                          : REVIEW_VALUE_DIFFERS;
    }

    return review_value_compare_said(one, two, one->number == two->number);
}


review_value_says_e
review_value_compare(const review_value_t *one, const review_value_t *two)
{
    if (review_value_same(&one->text, &two->text)) {
        return REVIEW_VALUE_SAME;
    }

    if (one->kind != two->kind) {
        return REVIEW_VALUE_UNSURE;
    }

    switch (one->kind) {

    case REVIEW_VALUE_DATE:
        if (one->first == two->first && one->last == two->last) {
            return REVIEW_VALUE_SAME;
        }

        return one->first <= two->last && two->first <= one->last
               ? REVIEW_VALUE_FITS : REVIEW_VALUE_DIFFERS;

    case REVIEW_VALUE_NUMBER:
        return review_value_compare_numbers(one, two);

    default:
        return REVIEW_VALUE_DIFFERS;
    }
}
