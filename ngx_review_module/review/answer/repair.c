
#include "review/answer/repair.h"
#include "review/json/write.h"

#include <math.h>
#include <stdlib.h>


/*
 * Comments are looked through for so many bytes between two tokens, names of
 * members looked ahead for: no text makes this take more than linear time.
 */

#define REVIEW_REPAIR_COMMENT  256
#define REVIEW_REPAIR_NAME     128

/* no number is longer; an integer of more digits may be too large */

#define REVIEW_REPAIR_NUMBER   400
#define REVIEW_REPAIR_DIGITS   18


typedef enum {
    REVIEW_QUOTE_CLOSES = 0,
    REVIEW_QUOTE_TEXT,             /* part of what the string says */
    REVIEW_QUOTE_UNCLEAR
} review_quote_e;


static size_t
review_repair_starts(const char *p, const char *last, const char *str)
{
    size_t  len;

    len = strlen(str);

    return (size_t) (last - p) >= len && memcmp(p, str, len) == 0 ? len : 0;
}


static size_t
review_repair_either(const char *p, const char *last, const char *one,
    const char *other)
{
    size_t  n;

    n = review_repair_starts(p, last, one);

    return n ? n : review_repair_starts(p, last, other);
}

#define review_repair_comma(p, last)                                          \
    review_repair_either(p, last, ",", "，")

#define review_repair_colon(p, last)                                          \
    review_repair_either(p, last, ":", "：")

#define review_repair_smart(p, last)                                          \
    review_repair_either(p, last, "“", "”")


/* the length of a quote that may open or close a string, or 0 */

static size_t
review_repair_quote(const char *p, const char *last)
{
    return (p < last && (*p == '"' || *p == '\''))
           ? 1 : review_repair_smart(p, last);
}


/* what ends a string that "open" began; the length, or 0 */

static size_t
review_repair_closer(char open, const char *p, const char *last)
{
    if (open == '"' || open == '\'') {
        return *p == open;
    }

    return review_repair_smart(p, last);
}


/* the end of the comment at p, or NULL if it is none or a long one */

static const char *
review_repair_comment(const char *p, const char *last, size_t max)
{
    size_t       len;
    const char  *end;

    len = (size_t) (last - p);

    if (len > max) {
        len = max;
    }

    if (len < 2 || p[0] != '/') {
        return NULL;
    }

    if (p[1] == '/') {
        end = memchr(p, '\n', len);
        return end ? end : (len == (size_t) (last - p)) ? last : NULL;
    }

    if (p[1] == '*') {
        for (end = p + 2; end + 2 <= p + len; end++) {
            if (end[0] == '*' && end[1] == '/') {
                return end + 2;
            }
        }
    }

    return NULL;
}


/* skips white space, full-width one too, and comments */

static const char *
review_repair_gap(const char *p, const char *last)
{
    size_t       n, left;
    const char  *end;

    left = REVIEW_REPAIR_COMMENT;

    while (p < last) {

        if (review_scan_is_space(*p)) {
            p++;
            continue;
        }

        n = review_repair_either(p, last, "\xE3\x80\x80", "\xC2\xA0");

        if (n) {
            p += n;
            continue;
        }

        end = review_repair_comment(p, last, left);

        if (end == NULL) {
            break;
        }

        left -= (size_t) (end - p);
        p = end;
    }

    return p;
}


static int
review_repair_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_' || c == '$';
}


/* does a short name and a colon stand at p? */

static int
review_repair_is_name(const char *p, const char *last)
{
    char         open;
    size_t       n;
    const char  *end;

    end = ((size_t) (last - p) > REVIEW_REPAIR_NAME) ? p + REVIEW_REPAIR_NAME
                                                     : last;
    n = review_repair_quote(p, end);

    if (n) {
        open = *p;

        for (p += n; p < end; p++) {
            n = review_repair_closer(open, p, end);

            if (n) {
                p += n;
                break;
            }
        }

    } else {
        while (p < end && review_repair_word(*p)) {
            p++;
        }
    }

    p = review_repair_gap(p, last);

    return review_repair_colon(p, last) != 0;
}


/* may a value stand at p? */

static int
review_repair_is_value(const char *p, const char *last)
{
    return review_repair_quote(p, last)
           || (*p && strchr("{[-0123456789tfnTFN", *p));
}


/*
 * A quote inside of a string ends it only if what follows could not follow
 * otherwise: a bracket that is due, or a comma and what must come after it.
 */

static review_quote_e
review_repair_weigh(review_repair_t *r, const char *p)
{
    char    due;
    size_t  n;

    due = r->stack[r->depth - 1];
    p = review_repair_gap(p, r->last);

    if (p == r->last || *p == due || review_repair_starts(p, r->last, "```")) {
        return REVIEW_QUOTE_CLOSES;
    }

    if (review_repair_colon(p, r->last)) {

        /* a name here means that the comma before it is missing */

        return REVIEW_QUOTE_UNCLEAR;
    }

    n = review_repair_comma(p, r->last);

    if (n == 0) {
        return REVIEW_QUOTE_TEXT;
    }

    p = review_repair_gap(p + n, r->last);

    if (p == r->last || *p == due) {
        return REVIEW_QUOTE_CLOSES;
    }

    if (due == '}' ? review_repair_is_name(p, r->last)
                   : review_repair_is_value(p, r->last))
    {
        return REVIEW_QUOTE_CLOSES;
    }

    return REVIEW_QUOTE_TEXT;
}


static review_scan_e
review_repair_fail(review_repair_t *r, const char *expected)
{
    r->expected = expected;

    /* a fence ends an object as the end of the text does */

    return (r->p == r->last
            || (r->members && review_repair_starts(r->p, r->last, "```")))
           ? REVIEW_SCAN_CUT : REVIEW_SCAN_BAD;
}


/* r->p stands at a backslash */

static void
review_repair_escape(review_repair_t *r)
{
    char           quoted[] = "\"\\u0000\"";
    size_t         n;
    const char    *p, *end;
    review_str_t   raw;

    p = r->p++;

    if (r->p == r->last) {
        return;
    }

    if (*r->p && strchr("\"\\/bfnrt", *r->p)) {
        r->p++;
        review_buf_add(r->out, p, 2);
        return;
    }

    if (*r->p == 'u' && r->last - r->p >= 5) {
        memcpy(quoted + 3, r->p + 1, 4);
        end = quoted;

        if (review_scan_string(&end, quoted + 8, &raw) == REVIEW_SCAN_OK) {
            r->p += 5;
            review_buf_add(r->out, p, 6);
            return;
        }
    }

    /* \d is a backslash that wants to be one, \( a needless escape */

    if (review_repair_word(*r->p) && *r->p != '_' && *r->p != '$') {
        review_buf_puts(r->out, "\\\\");
        return;
    }

    /* and an escaped quote of any kind does not close the string */

    n = review_repair_quote(r->p, r->last);
    review_buf_add(r->out, r->p, n);
    r->p += n;
}


/* as in "don't" */

static int
review_repair_apostrophe(review_repair_t *r)
{
    return *r->p == '\'' && review_repair_word(r->p[-1])
           && r->last - r->p > 1 && review_repair_word(r->p[1]);
}


/* r->p stands behind the opening quote */

static review_scan_e
review_repair_string(review_repair_t *r, char open, int name)
{
    size_t           n, quotes;
    review_quote_e   quote;

    quotes = 0;

    review_buf_add(r->out, "\"", 1);

    while (r->p < r->last) {

        if (*r->p == '\\') {
            review_repair_escape(r);
            continue;
        }

        n = review_repair_closer(open, r->p, r->last);

        if (n) {
            quote = name ? REVIEW_QUOTE_CLOSES
                         : review_repair_weigh(r, r->p + n);

            /* quotes come in pairs: an odd one is not what it seems */

            if (quote == REVIEW_QUOTE_UNCLEAR
                || (quote == REVIEW_QUOTE_CLOSES && quotes % 2))
            {
                return review_repair_fail(r, "an escaped quote");
            }

            if (quote == REVIEW_QUOTE_CLOSES) {
                r->p += n;
                review_buf_add(r->out, "\"", 1);
                return REVIEW_SCAN_OK;
            }

            quotes += !review_repair_apostrophe(r);
        }

        n = n ? n : 1;

        review_write_text(r->out, r->p, n);
        r->p += n;
    }

    return review_repair_fail(r, "the end of a string");
}


static review_scan_e
review_repair_name(review_repair_t *r)
{
    char            open;
    size_t          n;
    const char     *start;
    review_scan_e   rc;

    n = review_repair_quote(r->p, r->last);

    if (n) {
        open = *r->p;
        r->p += n;

        rc = review_repair_string(r, open, 1);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }

    } else {
        start = r->p;

        while (r->p < r->last && review_repair_word(*r->p)) {
            r->p++;
        }

        if (r->p == start || (*start >= '0' && *start <= '9')) {
            return review_repair_fail(r, "a member's name");
        }

        review_buf_add(r->out, "\"", 1);
        review_buf_add(r->out, start, (size_t) (r->p - start));
        review_buf_add(r->out, "\"", 1);
    }

    r->p = review_repair_gap(r->p, r->last);
    n = review_repair_colon(r->p, r->last);

    if (n == 0) {
        return review_repair_fail(r, "\":\"");
    }

    r->p += n;
    r->members++;

    review_buf_add(r->out, ":", 1);

    return REVIEW_SCAN_OK;
}


/* one that JSON's readers have no room for */

static int
review_repair_is_huge(const char *p, size_t len)
{
    char    number[REVIEW_REPAIR_NUMBER];
    size_t  i;

    for (i = 0; i < len && p[i] != '.' && (p[i] | 0x20) != 'e'; i++) {
        /* void */
    }

    if (i == len) {
        return len > REVIEW_REPAIR_DIGITS;
    }

    if (len >= sizeof(number)) {
        return 1;
    }

    memcpy(number, p, len);
    number[len] = '\0';

    return isinf(strtod(number, NULL)) != 0;
}


static void
review_repair_as_string(review_buf_t *out, const char *p, const char *end)
{
    review_buf_add(out, "\"", 1);
    review_write_text(out, p, (size_t) (end - p));
    review_buf_add(out, "\"", 1);
}


/* .9 is 0.9; what is no number to JSON, as 95% and 1e400, is a string */

static review_scan_e
review_repair_number(review_repair_t *r)
{
    size_t           n;
    const char      *start, *end;
    review_scan_e    rc;

    start = r->p;

    if (*start == '.') {

        for (end = start + 1; end < r->last && *end >= '0' && *end <= '9';
             end++)
        {
            /* void */
        }

        rc = REVIEW_SCAN_OK;

    } else {
        end = start;
        rc = review_scan_value(&end, r->last);
    }

    r->p = end;

    if (rc != REVIEW_SCAN_OK) {
        return review_repair_fail(r, "a number");
    }

    n = review_repair_either(end, r->last, "%", "％");
    r->p += n;

    if (n || review_repair_is_huge(start, (size_t) (end - start))) {
        review_repair_as_string(r->out, start, r->p);
        return REVIEW_SCAN_OK;
    }

    if (*start == '.') {
        review_buf_add(r->out, "0", 1);
    }

    review_buf_add(r->out, start, (size_t) (end - start));

    return REVIEW_SCAN_OK;
}


/* a number, or a literal of JSON's, Python's or JavaScript's */

static review_scan_e
review_repair_literal(review_repair_t *r)
{
    size_t               i, n;
    const char          *start;
    static const char   *words[][2] = {
        { "true", "true" }, { "false", "false" }, { "null", "null" },
        { "True", "true" }, { "False", "false" }, { "None", "null" },
        { "NaN", "\"NaN\"" }, { "nan", "\"NaN\"" },
        { "Infinity", "\"Infinity\"" }, { "inf", "\"Infinity\"" }
    };

    start = r->p;

    if (review_repair_starts(start, r->last, "-Infinity")) {
        r->p++;
        start++;

    } else if (*start == '-' || (*start >= '0' && *start <= '9')
               || (*start == '.' && r->last - start > 1
                   && start[1] >= '0' && start[1] <= '9'))
    {
        return review_repair_number(r);
    }

    while (r->p < r->last && review_repair_word(*r->p)) {
        r->p++;
    }

    n = (size_t) (r->p - start);

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (n == strlen(words[i][0]) && memcmp(start, words[i][0], n) == 0) {
            review_buf_puts(r->out, words[i][1]);
            return REVIEW_SCAN_OK;
        }
    }

    if (r->p < r->last) {
        r->p = start;
    }

    return review_repair_fail(r, "a value");
}


static review_scan_e
review_repair_open(review_repair_t *r)
{
    if (r->depth == REVIEW_REPAIR_DEPTH) {
        return review_repair_fail(r, "no deeper nesting");
    }

    r->stack[r->depth++] = *r->p == '{' ? '}' : ']';
    review_buf_add(r->out, r->p++, 1);

    return REVIEW_SCAN_OK;
}


/* a member's name if one is due, and a value; *opened: it is not complete */

static review_scan_e
review_repair_element(review_repair_t *r, int *opened)
{
    char            open;
    size_t          n;
    review_scan_e   rc;

    if (r->stack[r->depth - 1] == '}') {
        rc = review_repair_name(r);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }
    }

    r->p = review_repair_gap(r->p, r->last);

    if (r->p == r->last) {
        return review_repair_fail(r, "a value");
    }

    *opened = (*r->p == '{' || *r->p == '[');

    if (*opened) {
        return review_repair_open(r);
    }

    n = review_repair_quote(r->p, r->last);

    if (n) {
        open = *r->p;
        r->p += n;
        return review_repair_string(r, open, 0);
    }

    return review_repair_literal(r);
}


review_scan_e
review_repair_object(review_repair_t *r)
{
    int             opened, comma;
    size_t          n;
    review_scan_e   rc;

    r->depth = 0;
    r->members = 0;
    r->expected = NULL;

    (void) review_repair_open(r);

    opened = 1;
    comma = 0;

    while (r->depth) {

        r->p = review_repair_gap(r->p, r->last);

        if (r->p < r->last && *r->p == r->stack[r->depth - 1]) {
            review_buf_add(r->out, r->p++, 1);
            r->depth--;
            opened = 0;
            comma = 0;
            continue;
        }

        if (!opened && !comma) {
            n = review_repair_comma(r->p, r->last);

            if (n == 0) {
                return review_repair_fail(r, r->stack[r->depth - 1] == '}'
                                          ? "\",\" or \"}\""
                                          : "\",\" or \"]\"");
            }

            r->p += n;
            comma = 1;
            continue;
        }

        if (comma) {
            review_buf_add(r->out, ",", 1);
            comma = 0;
        }

        rc = review_repair_element(r, &opened);
        if (rc != REVIEW_SCAN_OK) {
            return rc;
        }
    }

    return REVIEW_SCAN_OK;
}


/* the end of the string at p */

static const char *
review_repair_over(const char *p, const char *last)
{
    review_str_t  raw;

    return review_scan_string(&p, last, &raw) == REVIEW_SCAN_OK ? p : last;
}


size_t
review_repair_numbers(review_buf_t *out, const char *p, const char *last)
{
    size_t       n;
    const char  *end;

    for (n = 0; p < last; p = end) {

        if (*p == '"') {
            end = review_repair_over(p, last);

        } else if (*p == '-' || (*p >= '0' && *p <= '9')) {

            for (end = p + 1; end < last && *end && strchr("0123456789.eE+-",
                                                           *end); end++)
            {
                /* void */
            }

            if (review_repair_is_huge(p, (size_t) (end - p))) {
                review_repair_as_string(out, p, end);
                n++;
                continue;
            }

        } else {
            end = p + 1;
        }

        review_buf_add(out, p, (size_t) (end - p));
    }

    return n;
}


const char *
review_repair_behind(review_repair_t *r)
{
    size_t       i, depth;
    const char  *p;

    depth = 0;

    for (i = 0; i < r->depth; i++) {
        depth += (r->stack[i] == '}');
    }

    for (p = r->p; p < r->last && depth; p++) {
        if (*p == '{') {
            depth++;

        } else if (*p == '}') {
            depth--;
        }
    }

    return p;
}
