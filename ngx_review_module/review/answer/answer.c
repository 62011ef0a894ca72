
#include "review/answer/answer.h"
#include "review/answer/answer_claim.h"
#include "review/base/buf.h"
#include "review/base/excerpt.h"
#include "review/base/utf8.h"
#include "review/json/json.h"
#include "review/json/scan.h"
#include "review/json/schema.h"
#include "review/json/write.h"

#include <stdlib.h>
#include <strings.h>


#define REVIEW_ANSWER_QUOTES  64
#define REVIEW_ANSWER_NAME    32       /* longer than any name */


typedef struct {
    review_pool_t    *pool;
    json_t           *json;
    review_answer_t  *answer;
    review_error_t   *err;
    const review_answer_given_t  *given;
    unsigned          backslash:1;     /* the answer has one */
} review_answer_ctx_t;


static review_str_t
review_answer_trimmed(const json_t *value)
{
    review_str_t  str;

    str.data = json_string_value(value);
    str.len = json_string_length(value);

    review_scan_trim(&str);

    return str;
}


static int
review_answer_verdict(review_answer_ctx_t *a)
{
    int      n;
    char     got[REVIEW_EXCERPT];
    json_t  *value;

    value = json_object_get(a->json, "verdict");

    if (value == NULL) {
        return review_error(a->err, "/verdict", "member \"verdict\" is "
                            "missing, it must be one of \"pass\", \"risk\", "
                            "\"fail\", \"not_applicable\", \"unsure\"");
    }

    n = review_answer_claim_index(review_verdicts, value);

    if (n == -1) {
        return review_error(a->err, "/verdict", "must be one of \"pass\", "
                            "\"risk\", \"fail\", \"not_applicable\", "
                            "\"unsure\", got %s",
                            review_excerpt_value(got, sizeof(got), value));
    }

    a->answer->verdict = (review_verdict_e) n;

    if (json_is_array(value)) {
        a->answer->notes |= REVIEW_NOTE_VERDICT_MAPPED;
    }

    return 0;
}


static int
review_answer_found(review_answer_ctx_t *a)
{
    char     got[REVIEW_EXCERPT];
    json_t  *value;

    value = json_object_get(a->json, "found");

    if (value == NULL) {
        return review_error(a->err, "/found", "member \"found\" is missing, it "
                            "must be a boolean");
    }

    if (!json_is_boolean(value)) {
        return review_error(a->err, "/found", "must be a boolean, got %s",
                            review_excerpt_value(got, sizeof(got), value));
    }

    a->answer->found = json_is_true(value);

    return 0;
}


/* what models call severities that the contract calls otherwise, or null */

static const struct {
    const char  *word;
    int          severity;
} review_answer_severities[] = {
    { "critical", REVIEW_SEVERITY_FATAL },
    { "blocker", REVIEW_SEVERITY_FATAL },
    { "致命", REVIEW_SEVERITY_FATAL },
    { "极高", REVIEW_SEVERITY_FATAL },
    { "极其严重", REVIEW_SEVERITY_FATAL },
    { "特别严重", REVIEW_SEVERITY_FATAL },
    { "废标", REVIEW_SEVERITY_FATAL },
    { "否决", REVIEW_SEVERITY_FATAL },
    { "high", REVIEW_SEVERITY_MAJOR },
    { "serious", REVIEW_SEVERITY_MAJOR },
    { "severe", REVIEW_SEVERITY_MAJOR },
    { "significant", REVIEW_SEVERITY_MAJOR },
    { "important", REVIEW_SEVERITY_MAJOR },
    { "error", REVIEW_SEVERITY_MAJOR },
    { "严重", REVIEW_SEVERITY_MAJOR },
    { "较严重", REVIEW_SEVERITY_MAJOR },
    { "重大", REVIEW_SEVERITY_MAJOR },
    { "重要", REVIEW_SEVERITY_MAJOR },
    { "主要", REVIEW_SEVERITY_MAJOR },
    { "高", REVIEW_SEVERITY_MAJOR },
    { "较高", REVIEW_SEVERITY_MAJOR },
    { "高风险", REVIEW_SEVERITY_MAJOR },
    { "medium", REVIEW_SEVERITY_MINOR },
    { "moderate", REVIEW_SEVERITY_MINOR },
    { "normal", REVIEW_SEVERITY_MINOR },
    { "warning", REVIEW_SEVERITY_MINOR },
    { "low", REVIEW_SEVERITY_MINOR },
    { "中", REVIEW_SEVERITY_MINOR },
    { "中等", REVIEW_SEVERITY_MINOR },
    { "中风险", REVIEW_SEVERITY_MINOR },
    { "一般", REVIEW_SEVERITY_MINOR },
    { "次要", REVIEW_SEVERITY_MINOR },
    { "轻微", REVIEW_SEVERITY_MINOR },
    { "较低", REVIEW_SEVERITY_MINOR },
    { "低", REVIEW_SEVERITY_MINOR },
    { "低风险", REVIEW_SEVERITY_MINOR },
    { "informational", REVIEW_SEVERITY_INFO },
    { "information", REVIEW_SEVERITY_INFO },
    { "notice", REVIEW_SEVERITY_INFO },
    { "hint", REVIEW_SEVERITY_INFO },
    { "trivial", REVIEW_SEVERITY_INFO },
    { "提示", REVIEW_SEVERITY_INFO },
    { "仅供参考", REVIEW_SEVERITY_INFO },
    { "信息", REVIEW_SEVERITY_INFO },
    { "建议", REVIEW_SEVERITY_INFO }
};


static int
review_answer_severity_of(const review_str_t *str)
{
    size_t  i;

    for (i = 0; i < sizeof(review_answer_severities)
                    / sizeof(review_answer_severities[0]); i++)
    {
        if (strlen(review_answer_severities[i].word) == str->len
            && strncasecmp(review_answer_severities[i].word, str->data,
                           str->len)
               == 0)
        {
            return review_answer_severities[i].severity;
        }
    }

    return -1;
}


/* optional, as all that follows: it costs no finding, but is told */

static void
review_answer_severity(review_answer_ctx_t *a)
{
    int            n;
    json_t        *value;
    review_str_t   str;

    a->answer->severity = -1;

    value = json_object_get(a->json, "severity");

    if (value == NULL || json_is_null(value)
        || (json_is_string(value) && review_answer_trimmed(value).len == 0))
    {
        return;
    }

    n = review_answer_claim_index(review_severities, value);

    if (n != -1 && json_is_string(value)) {
        a->answer->severity = n;
        return;
    }

    if (n == -1) {
        value = (json_array_size(value) == 1) ? json_array_get(value, 0)
                                              : value;
        if (json_is_string(value)) {
            str = review_answer_trimmed(value);
            n = review_answer_severity_of(&str);
        }
    }

    a->answer->severity = n;
    a->answer->notes |= (n != -1) ? REVIEW_NOTE_SEVERITY_MAPPED
                                  : REVIEW_NOTE_SEVERITY_DROPPED;
}


static int
review_answer_no_memory(review_answer_ctx_t *a)
{
    return review_error(a->err, "", "no memory");
}


/* what was parsed goes at once: it may be a hundred thousand values */

static int
review_answer_keep(review_answer_ctx_t *a, const json_t *value,
    review_str_t *str)
{
    char  *p;

    p = review_alloc(a->pool, json_string_length(value) + 1);
    if (p == NULL) {
        return review_answer_no_memory(a);
    }

    memcpy(p, json_string_value(value), json_string_length(value));

    str->data = p;
    str->len = json_string_length(value);

    return 0;
}


/*
 * What is no string as one, where it says something: a number, an object.
 * Returns 0 if it does not.
 */

static int
review_answer_write(review_buf_t *b, const json_t *value)
{
    char  number[REVIEW_EXCERPT];

    if (json_is_string(value)) {
        review_buf_add(b, json_string_value(value), json_string_length(value));
        return 1;
    }

    if (json_is_number(value)) {
        review_excerpt_value(number, sizeof(number), value);
        review_buf_puts(b, number);
        return 1;
    }

    if (json_object_size(value) || json_array_size(value)) {
        review_write_value(b, NULL, value);
        return 1;
    }

    return 0;
}


static int
review_answer_written(review_answer_ctx_t *a, review_buf_t *b,
    review_str_t *text)
{
    if (b->failed) {
        return review_answer_no_memory(a);
    }

    if (b->len) {
        text->data = b->data;
        text->len = b->len;
    }

    return 0;
}


/* a list of lines */

static int
review_answer_lines(review_answer_ctx_t *a, const json_t *list,
    unsigned mapped, unsigned dropped, review_str_t *text)
{
    size_t        i;
    json_t       *line;
    review_buf_t  b, one;

    review_buf_init(&b, a->pool, 0);
    review_buf_init(&one, a->pool, 0);

    json_array_foreach(list, i, line) {

        if (i) {
            review_buf_add(&b, "\n", 1);
        }

        one.len = 0;

        if (!review_answer_write(&one, line)) {
            a->answer->notes |= json_is_null(line) ? 0 : dropped;
            continue;
        }

        a->answer->notes |= json_is_string(line) ? 0 : mapped;
        review_buf_add(&b, one.data, one.len);
    }

    b.failed |= one.failed;

    return review_answer_written(a, &b, text);
}


/*
 * A string, or what can be written as one; nothing is an empty one.  What makes
 * no sense is left out.
 */

static int
review_answer_text(review_answer_ctx_t *a, const char *name,
    unsigned mapped, unsigned dropped, review_str_t *text)
{
    json_t       *value;
    review_buf_t  b;

    text->data = "";
    text->len = 0;

    value = json_object_get(a->json, name);

    if (value == NULL || json_is_null(value)) {
        return 0;
    }

    if (json_is_string(value)) {
        return review_answer_keep(a, value, text);
    }

    if (json_is_array(value)) {
        return review_answer_lines(a, value, mapped, dropped, text);
    }

    review_buf_init(&b, a->pool, 0);

    if (!review_answer_write(&b, value)) {
        a->answer->notes |= dropped;

    } else if (json_is_object(value)) {
        a->answer->notes |= mapped;
    }

    return review_answer_written(a, &b, text);
}


/* of a string such as "0.8" or "85 %"; -1: it is something else */

static double
review_answer_percent(const review_str_t *str, int *percent)
{
    char     number[REVIEW_ANSWER_NAME], *end;
    size_t   n;
    double   value;

    n = str->len;

    /* a full-width one */

    if (n > 3 && memcmp(str->data + n - 3, "％", 3) == 0) {
        n -= 3;
        *percent = 1;
    }

    if (n == 0 || n >= sizeof(number)) {
        return -1;
    }

    memcpy(number, str->data, n);
    number[n] = '\0';

    /* neither a sign nor what else strtod() takes for a number */

    if (strspn(number, "0123456789.% ") != n) {
        return -1;
    }

    value = strtod(number, &end);

    if (end == number) {
        return -1;
    }

    while (*end == ' ') {
        end++;
    }

    if (*end == '%' && !*percent) {
        end++;
        *percent = 1;
    }

    /* "1%" is not 1 */

    if (*percent) {
        value = value > 100 ? -1 : value / 100;
    }

    return *end == '\0' ? value : -1;
}


static void
review_answer_confidence(review_answer_ctx_t *a)
{
    int            percent;
    double         value;
    json_t        *member;
    review_str_t   str;

    member = json_object_get(a->json, "confidence");
    value = -1;
    percent = 0;

    a->answer->confidence = -1;

    if (member == NULL || json_is_null(member)
        || (json_is_string(member) && review_answer_trimmed(member).len == 0))
    {
        return;
    }

    if (json_is_number(member)) {
        value = json_number_value(member);

    } else if (json_is_string(member)) {
        str = review_answer_trimmed(member);
        value = review_answer_percent(&str, &percent);
    }

    if (value > 1 && value <= 100) {
        value /= 100;
        percent = 1;
    }

    if (value >= 0 && value <= 1) {
        a->answer->confidence = value;
        a->answer->notes |= percent ? REVIEW_NOTE_CONFIDENCE_MAPPED : 0;

    } else {
        a->answer->notes |= REVIEW_NOTE_CONFIDENCE_DROPPED;
    }
}


/* white space, the ideographic space, and marks that stand around a word */

static size_t
review_answer_mark(const char *p, const char *last)
{
    size_t                    i, n;
    static const char *const  marks[] = {
        "\xE3\x80\x80", "（", "）", "【", "】", "“", "”", "。", "(", ")", "[",
        "]", "\"", "'", ".", "-", "—", "/"
    };

    if (review_scan_is_space(*p)) {
        return 1;
    }

    for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        n = strlen(marks[i]);

        if ((size_t) (last - p) >= n && memcmp(p, marks[i], n) == 0) {
            return n;
        }
    }

    return 0;
}


/* does it say no more than that there is no quote? */

static int
review_answer_is_nothing(const review_str_t *str)
{
    char         word[REVIEW_ANSWER_NAME];
    size_t        i, n, len;
    const char   *p, *last;
    review_str_t  text;

    static const char *const  words[] = {
        "", "无", "暂无", "不适用", "无引用", "无原文", "无引文", "未引用",
        "na", "none", "null", "nil", "notapplicable", "noquote"
    };

    text = *str;
    review_scan_trim(&text);

    /* most quotes are longer than all that says so */

    if (text.len > sizeof(word)) {
        return 0;
    }

    p = text.data;
    last = p + text.len;

    for (len = 0; p < last; p += n ? n : 1) {
        n = review_answer_mark(p, last);

        if (n) {
            continue;
        }

        if (len == sizeof(word)) {
            return 0;
        }

        word[len++] = (*p >= 'A' && *p <= 'Z') ? *p | 0x20 : *p;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* the letter that makes an escape of the control character, or 0 */

static char
review_answer_escape(char c)
{
    switch (c) {
    case '\b': return 'b';
    case '\f': return 'f';
    case '\t': return 't';
    case '\n': return 'n';
    case '\r': return 'r';
    default:   return 0;
    }
}


/*
 * A string with control characters before letters as what they may have been
 * meant as: the formula's \frac, the path's C:\new.  With "lines", ends of
 * lines are looked at as well.
 */

static int
review_answer_meant(review_answer_ctx_t *a, const review_str_t *quote,
    int lines, review_str_t *meant)
{
    char          c;
    size_t        i, from;
    review_buf_t  b;

    from = 0;
    review_buf_init(&b, a->pool, 0);

    for (i = 0; i + 1 < quote->len; i++) {
        c = review_answer_escape(quote->data[i]);

        if (c == 0 || (!lines && (c == 'n' || c == 'r'))
            || (quote->data[i + 1] | 0x20) < 'a'
            || (quote->data[i + 1] | 0x20) > 'z')
        {
            continue;
        }

        review_buf_add(&b, quote->data + from, i - from);
        review_buf_add(&b, "\\", 1);
        review_buf_add(&b, &c, 1);
        from = i + 1;
    }

    meant->data = "";
    meant->len = 0;

    if (from == 0) {
        return 0;
    }

    review_buf_add(&b, quote->data + from, quote->len - from);

    return review_answer_written(a, &b, meant);
}


static int
review_answer_is_escaped(const review_str_t *quote)
{
    size_t  i;

    for (i = 0; i < quote->len; i++) {
        if (review_answer_escape(quote->data[i])) {
            return 1;
        }
    }

    return 0;
}


/* where the answer has no backslash, none was meant to be one */

static int
review_answer_escapes(review_answer_ctx_t *a)
{
    size_t            i, n;
    review_str_t     *quote, *meant;
    review_answer_t  *answer;

    answer = a->answer;

    if (!a->backslash) {
        return 0;
    }

    for (i = 0; i < answer->nquotes; i++) {
        if (review_answer_is_escaped(&answer->quotes[i])) {
            break;
        }
    }

    if (i == answer->nquotes) {
        return 0;
    }

    n = answer->nquotes * REVIEW_ANSWER_MEANT * sizeof(review_str_t);

    answer->meant = review_alloc(a->pool, n);
    if (answer->meant == NULL) {
        return review_answer_no_memory(a);
    }

    for (i = 0; i < answer->nquotes; i++) {
        quote = &answer->quotes[i];
        meant = &answer->meant[i * REVIEW_ANSWER_MEANT];

        if (review_answer_meant(a, quote, 0, &meant[0]) != 0
            || review_answer_meant(a, quote, 1, &meant[1]) != 0)
        {
            return -1;
        }

        if (meant[0].len == meant[1].len) {
            meant[1].len = 0;
        }
    }

    return 0;
}


/* a string, or an object that holds one; what is neither is left out */

static int
review_answer_quote(review_answer_ctx_t *a, const json_t *value)
{
    json_t        *inner;
    review_str_t   str;

    if (json_is_null(value)) {
        return 0;
    }

    if (json_is_object(value)) {
        inner = json_object_get(value, "quote");

        if (inner == NULL) {
            inner = json_object_get(value, "text");
        }

        if (json_is_string(inner)) {
            value = inner;
        }
    }

    if (!json_is_string(value)) {
        a->answer->notes |= REVIEW_NOTE_QUOTE_DROPPED;
        return 0;
    }

    str.data = json_string_value(value);
    str.len = json_string_length(value);

    if (review_answer_is_nothing(&str)) {
        return 0;
    }

    return review_answer_keep(a, value,
                              &a->answer->quotes[a->answer->nquotes++]);
}


static int
review_answer_quotes(review_answer_ctx_t *a)
{
    size_t   i, n;
    json_t  *value;

    a->answer->quotes = NULL;
    a->answer->nquotes = 0;

    value = json_object_get(a->json, "quote");

    if (value == NULL || json_is_null(value)) {
        value = json_object_get(a->json, "quotes");
    }

    if (value == NULL || json_is_null(value)) {
        return 0;
    }

    n = json_is_array(value) ? json_array_size(value) : 1;

    if (n == 0) {
        return 0;
    }

    if (n > REVIEW_ANSWER_QUOTES) {
        n = REVIEW_ANSWER_QUOTES;
        a->answer->notes |= REVIEW_NOTE_QUOTE_DROPPED;
    }

    a->answer->quotes = review_alloc(a->pool, n * sizeof(review_str_t));

    if (a->answer->quotes == NULL) {
        return review_answer_no_memory(a);
    }

    for (i = 0; i < n; i++) {
        if (review_answer_quote(a, json_is_array(value)
                                   ? json_array_get(value, i) : value)
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


/*
 * "data" must be there if its schema requires members, but not where the
 * verdict says that there was nothing, or not enough, to take it from.
 */

static int
review_answer_data(review_answer_ctx_t *a, json_t *schema)
{
    int            nothing;
    json_t        *data;
    review_buf_t   b;

    if (schema == NULL) {
        return 0;
    }

    nothing = a->answer->verdict == REVIEW_VERDICT_NOT_APPLICABLE
              || a->answer->verdict == REVIEW_VERDICT_UNSURE
              || (a->given->found && !a->answer->found);

    data = json_object_get(a->json, "data");

    if (data == NULL || json_is_null(data)) {

        if (nothing || json_array_size(json_object_get(schema, "required"))
                       == 0)
        {
            return 0;
        }

        return review_error(a->err, "/data", "member \"data\" is missing");
    }

    if (nothing && json_is_object(data) && json_object_size(data) == 0) {
        return 0;
    }

    if (review_schema_validate(schema, data, "/data", a->err) != 0) {
        return -1;
    }

    review_buf_init(&b, a->pool, 0);
    review_write_value(&b, NULL, data);

    a->answer->data.data = b.data;
    a->answer->data.len = b.len;

    return b.failed ? review_answer_no_memory(a) : 0;
}


/* words to search for; what can be none is left out */

static int
review_answer_terms(review_answer_ctx_t *a)
{
    size_t            i;
    json_t           *list, *value;
    review_str_t      term;
    review_answer_t  *answer;

    answer = a->answer;
    list = json_object_get(a->json, "terms");

    if (json_array_size(list) == 0) {
        return 0;
    }

    answer->terms = review_alloc(a->pool,
                                 REVIEW_ANSWER_TERMS * sizeof(review_str_t));

    if (answer->terms == NULL) {
        return review_answer_no_memory(a);
    }

    json_array_foreach(list, i, value) {

        if (answer->nterms == REVIEW_ANSWER_TERMS) {
            break;
        }

        term = review_answer_trimmed(value);

        if (!json_is_string(value) || term.len == 0
            || review_utf8_count(term.data, term.len) > REVIEW_ANSWER_TERM)
        {
            continue;
        }

        if (review_answer_keep(a, value, &answer->terms[answer->nterms++])
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
review_answer_read(review_answer_ctx_t *a)
{
    json_t           *schema;
    review_answer_t  *answer;

    answer = a->answer;
    schema = a->given->schema;

    if ((a->given->found && review_answer_found(a) != 0)
        || (a->given->terms && review_answer_terms(a) != 0))
    {
        return -1;
    }

    review_answer_confidence(a);
    review_answer_severity(a);

    return review_answer_verdict(a) != 0
           || review_answer_text(a, "reason", REVIEW_NOTE_REASON_MAPPED,
                                 REVIEW_NOTE_REASON_DROPPED,
                                 &answer->reason) != 0
           || review_answer_text(a, "suggestion",
                                 REVIEW_NOTE_SUGGESTION_MAPPED,
                                 REVIEW_NOTE_SUGGESTION_DROPPED,
                                 &answer->suggestion) != 0
           || review_answer_quotes(a) != 0
           || review_answer_escapes(a) != 0
           || review_answer_data(a, schema) != 0 ? -1 : 0;
}


int
review_answer_parse(review_pool_t *pool, const char *content, size_t len,
    const review_answer_given_t *given, review_answer_t *answer,
    review_error_t *err)
{
    int                   rc;
    review_answer_ctx_t   a;
    review_answer_find_t  find;

    memset(answer, 0, sizeof(*answer));

    a.pool = pool;
    a.answer = answer;
    a.err = err;
    a.given = given;
    a.backslash = len && memchr(content, '\\', len);

    find.quoted = given->quoted;
    find.data = given->data;
    find.more_verdicts = (given->schema != NULL);
    find.cut = given->cut;
    find.found = given->found;

    a.json = review_answer_find(pool, content, len, &find, err);

    answer->said = find.said;

    if (a.json == NULL) {
        return -1;
    }

    answer->strict = find.strict;
    answer->more = find.more;
    answer->whole = 1;
    answer->notes |= find.mapped ? REVIEW_NOTE_NAMES_MAPPED : 0;

    rc = review_answer_read(&a);

    json_decref(a.json);

    return rc;
}
