
#include "review/completion/usage.h"
#include "review/completion/sse.h"
#include "review/json/scan.h"


/* the forms of a body */

#define REVIEW_USAGE_UNKNOWN  0
#define REVIEW_USAGE_JSON     1
#define REVIEW_USAGE_EVENTS   2

/* the parts of a line of events */

#define REVIEW_USAGE_FIELD    0        /* its name */
#define REVIEW_USAGE_COLON    1        /* a space may come before the data */
#define REVIEW_USAGE_DATA     2
#define REVIEW_USAGE_OTHER    3

/* a backslash has come; or so many digits of \uXXXX are to come */

#define REVIEW_USAGE_ESCAPE   5
#define REVIEW_USAGE_DIGITS   4


/* where in a body we are: objects and arrays, then values */

enum {
    REVIEW_USAGE_NOWHERE = 0,
    REVIEW_USAGE_TOP,
    REVIEW_USAGE_ROOT,
    REVIEW_USAGE_USAGE,
    REVIEW_USAGE_MESSAGES,             /* of a request */
    REVIEW_USAGE_CHOICES,
    REVIEW_USAGE_CHOICE,
    REVIEW_USAGE_MESSAGE,
    REVIEW_USAGE_TOOLS,
    REVIEW_USAGE_TOOL,
    REVIEW_USAGE_FUNCTION,
    REVIEW_USAGE_SAID,                 /* text, or parts of it, or token ids */
    REVIEW_USAGE_REASONING,
    REVIEW_USAGE_REASON,
    REVIEW_USAGE_MODEL,
    REVIEW_USAGE_PROMPT,
    REVIEW_USAGE_COMPLETION,
    REVIEW_USAGE_TOTAL
};

#define REVIEW_USAGE_ELEMENT  ""       /* of an array: it has no name */


static const struct {
    unsigned char   in;
    unsigned char   is;
    review_str_t    name;
} review_usage_members[] = {
    { REVIEW_USAGE_TOP, REVIEW_USAGE_ROOT,
      review_string(REVIEW_USAGE_ELEMENT) },

    { REVIEW_USAGE_ROOT, REVIEW_USAGE_CHOICES, review_string("choices") },
    { REVIEW_USAGE_ROOT, REVIEW_USAGE_USAGE, review_string("usage") },
    { REVIEW_USAGE_ROOT, REVIEW_USAGE_MODEL, review_string("model") },
    { REVIEW_USAGE_ROOT, REVIEW_USAGE_MESSAGES, review_string("messages") },
    { REVIEW_USAGE_ROOT, REVIEW_USAGE_SAID, review_string("prompt") },
    { REVIEW_USAGE_ROOT, REVIEW_USAGE_SAID, review_string("input") },

    { REVIEW_USAGE_USAGE, REVIEW_USAGE_PROMPT,
      review_string("prompt_tokens") },
    { REVIEW_USAGE_USAGE, REVIEW_USAGE_COMPLETION,
      review_string("completion_tokens") },
    { REVIEW_USAGE_USAGE, REVIEW_USAGE_TOTAL, review_string("total_tokens") },

    { REVIEW_USAGE_MESSAGES, REVIEW_USAGE_MESSAGE,
      review_string(REVIEW_USAGE_ELEMENT) },
    { REVIEW_USAGE_CHOICES, REVIEW_USAGE_CHOICE,
      review_string(REVIEW_USAGE_ELEMENT) },

    { REVIEW_USAGE_CHOICE, REVIEW_USAGE_MESSAGE, review_string("delta") },
    { REVIEW_USAGE_CHOICE, REVIEW_USAGE_MESSAGE, review_string("message") },
    { REVIEW_USAGE_CHOICE, REVIEW_USAGE_SAID, review_string("text") },
    { REVIEW_USAGE_CHOICE, REVIEW_USAGE_USAGE, review_string("usage") },

    { REVIEW_USAGE_MESSAGE, REVIEW_USAGE_SAID, review_string("content") },
    { REVIEW_USAGE_MESSAGE, REVIEW_USAGE_SAID, review_string("refusal") },
    { REVIEW_USAGE_MESSAGE, REVIEW_USAGE_REASONING,
      review_string("reasoning_content") },
    { REVIEW_USAGE_MESSAGE, REVIEW_USAGE_REASON, review_string("reasoning") },
    { REVIEW_USAGE_MESSAGE, REVIEW_USAGE_TOOLS, review_string("tool_calls") },
    { REVIEW_USAGE_MESSAGE, REVIEW_USAGE_FUNCTION,
      review_string("function_call") },

    { REVIEW_USAGE_TOOLS, REVIEW_USAGE_TOOL,
      review_string(REVIEW_USAGE_ELEMENT) },
    { REVIEW_USAGE_TOOL, REVIEW_USAGE_FUNCTION, review_string("function") },
    { REVIEW_USAGE_FUNCTION, REVIEW_USAGE_SAID, review_string("name") },
    { REVIEW_USAGE_FUNCTION, REVIEW_USAGE_SAID, review_string("arguments") },

    { REVIEW_USAGE_SAID, REVIEW_USAGE_SAID,
      review_string(REVIEW_USAGE_ELEMENT) },
    { REVIEW_USAGE_SAID, REVIEW_USAGE_SAID, review_string("text") }
};

#define REVIEW_USAGE_MEMBERS                                                  \
    (sizeof(review_usage_members) / sizeof(review_usage_members[0]))


static void
review_usage_reset(review_usage_t *u)
{
    u->depth = 0;
    u->number = -1;
    u->places[0] = REVIEW_USAGE_TOP;
    u->next = REVIEW_USAGE_ROOT;
    u->escape = 0;
    u->string = 0;
    u->named = 0;
    u->numeric = 0;
    u->told = 0;
}


void
review_usage_init(review_usage_t *u, review_usage_units_pt units)
{
    memset(u, 0, sizeof(review_usage_t));

    u->units = units;
    u->prompt_tokens = -1;
    u->completion_tokens = -1;
    u->total_tokens = -1;

    review_usage_reset(u);
}


static unsigned char
review_usage_find(unsigned char in, const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < REVIEW_USAGE_MEMBERS; i++) {
        if (review_usage_members[i].in == in
            && review_usage_members[i].name.len == len
            && memcmp(review_usage_members[i].name.data, name, len) == 0)
        {
            return review_usage_members[i].is;
        }
    }

    return REVIEW_USAGE_NOWHERE;
}


/* the place that an object or an array is; nothing within is, if it is deep */

static unsigned char
review_usage_place(review_usage_t *u)
{
    return u->depth <= REVIEW_USAGE_LEVELS ? u->places[u->depth]
                                           : REVIEW_USAGE_NOWHERE;
}


static void
review_usage_count(review_usage_t *u, review_usage_text_t *text)
{
    text->tokens += u->units(text->data, text->data + text->len, 1);
    text->len = 0;
}


static void
review_usage_add(review_usage_t *u, const char *p, size_t len)
{
    size_t                n;
    review_usage_text_t  *text;

    text = &u->texts[u->next - REVIEW_USAGE_SAID];

    while (len) {

        if (text->len == REVIEW_USAGE_TEXT) {
            review_usage_count(u, text);
        }

        n = REVIEW_USAGE_TEXT - text->len;
        n = len < n ? len : n;

        memcpy(text->data + text->len, p, n);
        text->len += n;
        p += n;
        len -= n;
    }
}


uint64_t
review_usage_estimate(review_usage_t *u)
{
    size_t    i;
    uint64_t  said, reasoning, reason;

    for (i = 0; i < REVIEW_USAGE_TEXTS; i++) {
        review_usage_count(u, &u->texts[i]);
    }

    said = u->texts[0].tokens;
    reasoning = u->texts[1].tokens;
    reason = u->texts[2].tokens;

    return said + (reasoning > reason ? reasoning : reason);
}


/* usage is of all that was said before, and beside it, in whatever order */

static void
review_usage_object(review_usage_t *u)
{
    size_t  i;

    if (!u->told) {
        return;
    }

    for (i = 0; i < REVIEW_USAGE_TEXTS; i++) {
        u->texts[i].tokens = 0;
        u->texts[i].len = 0;
    }

    u->told = 0;
}


static void
review_usage_number(review_usage_t *u)
{
    if (!u->numeric) {
        return;
    }

    u->numeric = 0;

    switch (u->next) {

    case REVIEW_USAGE_SAID:
        u->texts[0].tokens++;
        return;

    case REVIEW_USAGE_PROMPT:
        u->prompt_tokens = u->number;
        break;

    case REVIEW_USAGE_COMPLETION:
        u->completion_tokens = u->number;
        u->told = (u->number >= 0);
        break;

    case REVIEW_USAGE_TOTAL:
        u->total_tokens = u->number;
        break;
    }
}


/* "null" is no number, nor is what an estimate would not be any better than */

static void
review_usage_digit(review_usage_t *u, char c)
{
    if (!u->numeric) {
        u->numeric = (c == '-' || (c >= '0' && c <= '9'));
        u->number = 0;
    }

    if (c < '0' || c > '9') {
        u->number = -1;

    } else if (u->number >= 0) {
        u->number = u->number * 10 + (c - '0');

        if (u->number > UINT32_MAX) {
            u->number = UINT32_MAX;
        }
    }
}


/* a piece of a string, without escapes */

static void
review_usage_piece(review_usage_t *u, const char *p, size_t len)
{
    size_t  n;

    if (u->named) {

        /* too long, it is none of ours */

        if (len > REVIEW_USAGE_WORD - u->nword) {
            u->nword = REVIEW_USAGE_WORD;
            return;
        }

        memcpy(u->word + u->nword, p, len);
        u->nword += len;
        return;
    }

    switch (u->next) {

    case REVIEW_USAGE_SAID:
    case REVIEW_USAGE_REASONING:
    case REVIEW_USAGE_REASON:
        review_usage_add(u, p, len);
        break;

    case REVIEW_USAGE_MODEL:
        n = REVIEW_USAGE_NAME - u->nmodel;
        n = len < n ? len : n;

        memcpy(u->model + u->nmodel, p, n);
        u->nmodel += n;
        break;
    }
}


/* what an escape stands for, as far as an estimate sees a difference */

static void
review_usage_escape(review_usage_t *u, char c)
{
    char  digit;

    if (u->escape == REVIEW_USAGE_ESCAPE) {
        u->escape = 0;

        if (c == 'u') {
            u->escape = REVIEW_USAGE_DIGITS;
            u->code = 0;

        } else {
            review_usage_piece(u, strchr("nrtbf", c) ? "\n" : &c, 1);
        }

        return;
    }

    digit = (c >= '0' && c <= '9') ? c - '0' : ((c | 0x20) - 'a' + 10) & 0xf;
    u->code = u->code << 4 | (uint32_t) digit;

    if (--u->escape) {
        return;
    }

    if (u->code < 0x80) {
        c = (char) u->code;
        review_usage_piece(u, &c, 1);

    } else if (u->code < 0xdc00 || u->code > 0xdfff) {
        review_usage_piece(u, "\xe4\xb8\x80", 3);
    }
}


/* returns where the string, or the input, goes on */

static const char *
review_usage_string(review_usage_t *u, const char *p, const char *last)
{
    uint64_t     high;
    const char  *s;

    while (p < last) {

        if (u->escape) {
            review_usage_escape(u, *p++);
            continue;
        }

        high = 0;
        s = review_scan_run(p, last, &high);

        review_usage_piece(u, p, (size_t) (s - p));

        if (s == last) {
            return last;
        }

        p = s + 1;

        if (*s == '\\') {
            u->escape = REVIEW_USAGE_ESCAPE;

        } else if (*s == '"') {
            u->string = 0;

            if (u->named) {
                u->named = 0;
                u->next = review_usage_find(review_usage_place(u), u->word,
                                            u->nword);
            }

            return p;
        }
    }

    return p;
}


static void
review_usage_quote(review_usage_t *u)
{
    u->string = 1;
    u->escape = 0;

    if (u->named) {
        u->nword = 0;

    } else if (u->next == REVIEW_USAGE_MODEL) {
        u->nmodel = 0;
    }
}


static void
review_usage_open(review_usage_t *u, char c)
{
    u->depth++;

    if (u->depth <= REVIEW_USAGE_LEVELS) {
        u->places[u->depth] = u->next;
        u->arrays &= ~(1u << u->depth);
        u->arrays |= (unsigned) (c == '[') << u->depth;
    }

    /* names of what is nowhere are as good as values, and cost less */

    u->named = (c == '{' && review_usage_place(u) != REVIEW_USAGE_NOWHERE);
    u->next = (c == '[') ? review_usage_find(review_usage_place(u),
                                             REVIEW_USAGE_ELEMENT, 0)
                         : REVIEW_USAGE_NOWHERE;
}


static void
review_usage_close(review_usage_t *u)
{
    if (u->depth) {
        u->depth--;
    }

    u->named = 0;
    u->next = REVIEW_USAGE_NOWHERE;

    if (u->depth == 0) {
        review_usage_object(u);
        review_usage_reset(u);
    }
}


/* in an array another element comes, in an object another name */

static void
review_usage_comma(review_usage_t *u)
{
    unsigned char  place;

    place = review_usage_place(u);

    if (place == REVIEW_USAGE_NOWHERE) {
        return;
    }

    if (u->arrays >> u->depth & 1) {
        u->next = review_usage_find(place, REVIEW_USAGE_ELEMENT, 0);

    } else {
        u->named = 1;
    }
}


/* all but strings */

static void
review_usage_token(review_usage_t *u, char c)
{
    if ((unsigned char) c <= ' ') {
        review_usage_number(u);
        return;
    }

    switch (c) {

    case '"':
        review_usage_quote(u);
        break;

    case '{':
    case '[':
        review_usage_open(u, c);
        break;

    case '}':
    case ']':
        review_usage_number(u);
        review_usage_close(u);
        break;

    case ',':
        review_usage_number(u);
        review_usage_comma(u);
        break;

    case ':':
        break;

    default:
        review_usage_digit(u, c);
    }
}


/* the numbers of a vector, say */

static const char *
review_usage_skip(const char *p, const char *last)
{
    while (p < last && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}') {
        p++;
    }

    return p;
}


static void
review_usage_json(review_usage_t *u, const char *p, const char *last)
{
    while (p < last) {

        if (u->string) {
            p = review_usage_string(u, p, last);
            continue;
        }

        if (review_usage_place(u) == REVIEW_USAGE_NOWHERE) {
            p = review_usage_skip(p, last);

            if (p == last) {
                return;
            }
        }

        review_usage_token(u, *p++);
    }
}


/* an event that breaks off says nothing about the next one */

static void
review_usage_event(review_usage_t *u)
{
    review_usage_number(u);
    review_usage_object(u);
    review_usage_reset(u);
}


static void
review_usage_line_end(review_usage_t *u)
{
    if (u->part == REVIEW_USAGE_FIELD && u->nword == 0) {
        review_usage_event(u);
    }

    u->part = REVIEW_USAGE_FIELD;
    u->nword = 0;
}


/* a piece of a line */

static void
review_usage_line(review_usage_t *u, const char *p, const char *last)
{
    while (p < last && u->part == REVIEW_USAGE_FIELD) {

        if (*p == ':') {
            u->part = (u->nword == 4 && memcmp(u->word, "data", 4) == 0)
                      ? REVIEW_USAGE_COLON : REVIEW_USAGE_OTHER;

        } else if (u->nword < REVIEW_USAGE_WORD) {
            u->word[u->nword++] = *p;
        }

        p++;
    }

    if (p < last && u->part == REVIEW_USAGE_COLON) {
        u->part = REVIEW_USAGE_DATA;
    }

    if (p < last && u->part == REVIEW_USAGE_DATA) {
        review_usage_json(u, p, last);
    }
}


/* LF is looked for anew only when passed: no input is read twice */

static void
review_usage_events(review_usage_t *u, const char *p, const char *last)
{
    const char  *lf, *end;

    for (lf = review_sse_find('\n', p, last); p < last; p = end + 1) {

        if (u->cr && *p == '\n') {
            end = p;

        } else {
            end = review_sse_find('\r', p, lf);
            review_usage_line(u, p, end);

            if (end == last) {
                u->cr = 0;
                return;
            }

            review_usage_line_end(u);
        }

        u->cr = (*end == '\r');

        if (end == lf) {
            lf = review_sse_find('\n', end + 1, last);
        }
    }
}


void
review_usage_feed(review_usage_t *u, const char *data, size_t len)
{
    const char  *p, *last;

    last = data + len;

    for (p = data; p < last && u->form == REVIEW_USAGE_UNKNOWN; p++) {

        /* white space, or a byte order mark */

        if ((unsigned char) *p <= ' ' || strchr("\xEF\xBB\xBF", *p)) {
            continue;
        }

        u->form = (*p == '{' || *p == '[') ? REVIEW_USAGE_JSON
                                           : REVIEW_USAGE_EVENTS;
        break;
    }

    if (u->form == REVIEW_USAGE_JSON) {
        review_usage_json(u, p, last);

    } else if (u->form == REVIEW_USAGE_EVENTS) {
        review_usage_events(u, p, last);
    }
}


/* a number that has come last may be cut */

void
review_usage_end(review_usage_t *u)
{
    int64_t  told, since;

    review_usage_object(u);
    review_usage_reset(u);

    told = u->completion_tokens > 0 ? u->completion_tokens : 0;
    since = (int64_t) review_usage_estimate(u);

    if (u->prompt_tokens < 0 && u->total_tokens >= told) {
        u->prompt_tokens = u->total_tokens - told;
    }

    if (u->completion_tokens >= 0 || since) {
        u->completion_tokens = told + since;
    }
}
