
#include "review/completion/completion_json.h"
#include "review/completion/completion_error.h"
#include "review/base/excerpt.h"
#include "review/json/load.h"
#include "review/json/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>


/* real ones are a few words long */
#define REVIEW_COMPLETION_NAME   256

/* every number as a double: counts are small, and no integer is too large */
#define REVIEW_COMPLETION_FLAGS  (JSON_DECODE_INT_AS_REAL|JSON_ALLOW_NUL)


void
review_completion_json_fail(review_completion_t *c, review_completion_e code,
    const char *fmt, ...)
{
    int      n;
    char    *detail, text[512];
    va_list  args;

    if (c->failed) {
        return;
    }

    c->failed = code;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (n >= (int) sizeof(text)) {
        n = sizeof(text) - 1;
    }

    c->detail = "nothing readable was said";

    /* kept aside, since it is seldom needed and calls are many */

    detail = review_alloc(c->pool, REVIEW_COMPLETION_DETAIL);

    if (detail == NULL) {
        return;
    }

    review_excerpt(detail, REVIEW_COMPLETION_DETAIL, text, (size_t) n);
    review_excerpt_mask(detail);

    if (detail[0]) {
        c->detail = detail;
    }
}


void
review_completion_json_too_large(review_completion_t *c)
{
    review_completion_json_fail(c, REVIEW_COMPLETION_TOO_LARGE,
                                "larger than %zu bytes",
                                c->thought > c->max_thought ? c->max_thought
                                                            : c->max);
}


void
review_completion_json_no_memory(review_completion_t *c)
{
    review_completion_json_fail(c, REVIEW_COMPLETION_NO_MEMORY, "no memory");
}


/*
 * Content that begins as an answer does is one.  Any other may be reasoning at
 * first, which templates of chats often open themselves: whoever reads it knows
 * where it ends.
 */

static size_t
review_completion_json_bound(review_completion_t *c)
{
    const char  *p, *last;

    if (c->text.len == 0) {
        return c->max;
    }

    p = c->text.data + c->blank;
    last = c->text.data + c->text.len;

    review_scan_space(&p, last);

    c->blank = (size_t) (p - c->text.data);

    return (p == last || *p == '{' || *p == '`')
           ? c->max : review_completion_sum(c->max, c->max_thought);
}


void
review_completion_json_count(review_completion_t *c, const review_buf_t *b,
    size_t before)
{
    size_t  n;

    n = b->len - before;
    c->pieces += (n != 0);

    if (b == &c->reasoning) {
        c->thought += n;

    } else {
        c->seen += n;
    }

    if (c->thought > c->max_thought
        || (c->seen > c->max && c->seen > review_completion_json_bound(c)))
    {
        review_completion_json_too_large(c);

    } else if (b->failed) {
        review_completion_json_no_memory(c);
    }
}


static const char *
review_completion_json_string(const json_t *object, const char *name)
{
    const char  *str;

    str = json_string_value(json_object_get(object, name));

    return (str && *str) ? str : NULL;
}


/* as in the fast path, U+0000 is dropped */

static void
review_completion_json_add(review_completion_t *c, review_buf_t *b,
    const json_t *string)
{
    size_t       before, n;
    const char  *p, *last;

    before = b->len;

    p = json_string_value(string);
    last = p + json_string_length(string);

    while (p < last) {
        n = strlen(p);
        review_buf_add(b, p, n);
        p += n + 1;
    }

    review_completion_json_count(c, b, before);
}


/* "content": a string, null, or a list of parts; returns 0, or -1: neither */

static int
review_completion_json_content(review_completion_t *c, const json_t *content)
{
    size_t   i;
    json_t  *part, *text;

    if (json_is_string(content)) {
        review_completion_json_add(c, &c->text, content);
        return 0;
    }

    if (!json_is_array(content)) {
        return (content == NULL || json_is_null(content)) ? 0 : -1;
    }

    json_array_foreach(content, i, part) {
        text = json_object_get(part, "text");

        if (json_is_string(text)) {
            review_completion_json_add(c, &c->text, text);
        }
    }

    return 0;
}


/* an answer that is told as the arguments of a function, a string mostly */

static void
review_completion_json_arguments(review_completion_t *c, const json_t *function)
{
    char    *text;
    json_t  *arguments, *string;

    arguments = json_object_get(function, "arguments");

    if (json_is_string(arguments)) {
        review_completion_json_add(c, &c->arguments, arguments);
        return;
    }

    if (json_object_size(arguments) == 0) {
        return;
    }

    text = json_dumps(arguments, JSON_COMPACT);
    string = text ? json_string(text) : NULL;

    if (string) {
        review_completion_json_add(c, &c->arguments, string);

    } else {
        review_completion_json_no_memory(c);
    }

    json_decref(string);
    free(text);
}


/* of several calls each has a line of its own: they are to agree */

static void
review_completion_json_calls(review_completion_t *c, const json_t *message)
{
    size_t   i, call;
    json_t  *tool, *index;

    json_array_foreach(json_object_get(message, "tool_calls"), i, tool) {

        index = json_object_get(tool, "index");
        call = (json_is_number(index) && json_number_value(index) >= 0
                && json_number_value(index) < 1e6)
               ? (size_t) json_number_value(index) : i;

        if (call != c->call && c->arguments.len) {
            review_buf_add(&c->arguments, "\n", 1);
        }

        c->call = call;

        review_completion_json_arguments(c, json_object_get(tool, "function"));
    }

    review_completion_json_arguments(c, json_object_get(message,
                                                        "function_call"));
}


static void
review_completion_json_message(review_completion_t *c, const json_t *message)
{
    json_t      *content, *reasoning;
    const char  *refusal;

    content = json_object_get(message, "content");

    if (review_completion_json_content(c, content) != 0) {
        review_completion_json_fail(c, REVIEW_COMPLETION_BAD_JSON, "not a chat "
                                    "completion: \"content\" is not a text");
        return;
    }

    c->empty = json_is_null(content) ? "\"content\" is null"
               : content == NULL ? "no \"content\" in it"
               : "\"content\" is empty";

    /* some servers send both, and the same in both */

    reasoning = json_object_get(message, "reasoning_content");

    if (json_string_length(reasoning) == 0) {
        reasoning = json_object_get(message, "reasoning");
    }

    if (json_is_string(reasoning)) {
        review_completion_json_add(c, &c->reasoning, reasoning);
    }

    review_completion_json_calls(c, message);

    refusal = review_completion_json_string(message, "refusal");

    if (refusal && c->refusal.len < REVIEW_COMPLETION_DETAIL) {
        review_buf_puts(&c->refusal, refusal);
    }
}


static json_t *
review_completion_json_choice(const json_t *root)
{
    size_t   i;
    json_t  *choice, *index;

    json_array_foreach(json_object_get(root, "choices"), i, choice) {
        index = json_object_get(choice, "index");

        if (json_is_object(choice)
            && (!json_is_number(index) || json_number_value(index) == 0))
        {
            return choice;
        }
    }

    return NULL;
}


/* a word, or an object that has it (SGLang); what it is else is told, too */

static void
review_completion_json_finish(review_completion_t *c, const json_t *choice)
{
    json_t      *value;
    const char  *reason;

    value = json_object_get(choice, "finish_reason");

    if (value == NULL || json_is_null(value)
        || (json_is_string(value) && json_string_length(value) == 0))
    {
        return;
    }

    reason = json_is_object(value) ? review_completion_json_string(value,
                                                                   "type")
                                   : json_string_value(value);

    if (reason == NULL || *reason == '\0'
        || strlen(reason) > REVIEW_COMPLETION_NAME)
    {
        reason = "unknown";
    }

    c->finish.len = 0;
    review_buf_puts(&c->finish, reason);
}


static void
review_completion_json_choices(review_completion_t *c, const json_t *root)
{
    json_t  *choice, *message;

    choice = review_completion_json_choice(root);

    if (choice == NULL) {
        if (json_object_get(root, "choices")) {
            c->empty = "\"choices\" is empty";
        }

        return;
    }

    message = json_object_get(choice, "delta");

    /* a stream's last event may repeat the whole of what was said */

    if (!json_is_object(message) && c->text.len == 0) {
        message = json_object_get(choice, "message");
    }

    if (json_is_object(message)) {
        review_completion_json_message(c, message);
    }

    review_completion_json_finish(c, choice);
}


static void
review_completion_json_tokens(const json_t *usage, const char *name, int64_t *n)
{
    double   value;
    json_t  *member;

    member = json_object_get(usage, name);

    if (json_is_number(member)) {
        value = json_number_value(member);

        if (value >= 0 && value < 1e15 && value == (double) (int64_t) value) {
            *n = (int64_t) value;
        }
    }
}


/* an error in place of an answer; returns 1 if it is one */

static int
review_completion_json_error(review_completion_t *c, const json_t *root,
    int error)
{
    unsigned      status;
    review_buf_t  words;

    status = 0;
    review_buf_init(&words, c->pool, 0);

    if (!review_completion_error(root, error, &words, &status)) {
        return 0;
    }

    if (words.failed) {
        review_completion_json_no_memory(c);
        return 1;
    }

    /*
     * What was begun to be answered was no wrong request: what breaks off then
     * is likely to pass
     */

    if (status == 0 && c->seen + c->thought) {
        status = 500;
    }

    c->status = status;
    c->quota = (status == REVIEW_COMPLETION_ERROR_QUOTA);

    if (status == REVIEW_COMPLETION_ERROR_REFUSED) {
        review_completion_json_fail(c, REVIEW_COMPLETION_REFUSED, "%.*s",
                                    (int) words.len, words.data);
        return 1;
    }

    if (words.len == 0) {
        review_buf_puts(&words, "an error without a message");
    }

    review_completion_json_fail(c, REVIEW_COMPLETION_ERROR, "%.*s",
                                (int) words.len, words.data);
    return 1;
}


/* a whole body, or an event, that was parsed in full */

static void
review_completion_json_take(review_completion_t *c, const json_t *root,
    int error)
{
    json_t      *usage;
    const char  *model;

    /* some gateways wrap their errors into a list */

    if (json_is_array(root)) {
        root = json_array_get(root, 0);
    }

    if (review_completion_json_error(c, root, error)) {
        return;
    }

    if (!json_is_object(root)) {
        review_completion_json_fail(c, REVIEW_COMPLETION_BAD_JSON,
                                    "not a chat completion: not an object");
        return;
    }

    model = review_completion_json_string(root, "model");

    if (model && c->name.len == 0 && strlen(model) <= REVIEW_COMPLETION_NAME) {
        review_buf_puts(&c->name, model);
    }

    usage = json_object_get(root, "usage");

    if (!json_is_object(usage)) {
        usage = json_object_get(json_array_get(json_object_get(root, "choices"),
                                               0), "usage");
    }

    review_completion_json_tokens(usage, "prompt_tokens", &c->prompt_tokens);
    review_completion_json_tokens(usage, "completion_tokens",
                                  &c->completion_tokens);
    review_completion_json_tokens(json_object_get(usage,
                                                  "completion_tokens_details"),
                                  "reasoning_tokens", &c->reasoning_tokens);

    review_completion_json_choices(c, root);
}


/*
 * A text with half of a surrogate pair in it is no reason to lose an answer,
 * but jansson refuses it: then it is mended and parsed again.  "raw" takes the
 * copy; for a body it is "data" itself.
 */

static json_t *
review_completion_json_load(review_completion_t *c, const char *data,
    size_t len, json_error_t *e)
{
    json_t      *root;
    const char  *p;

    root = review_json_load(data, len, REVIEW_COMPLETION_FLAGS, e);

    p = data;

    if (root || review_scan_value(&p, data + len) != REVIEW_SCAN_OK) {
        return root;
    }

    if (data != c->raw.data) {
        c->raw.len = 0;
        review_buf_add(&c->raw, data, len);
    }

    if (c->raw.failed || review_scan_mend(c->raw.data, len) == 0) {
        return NULL;
    }

    return json_loadb(c->raw.data, len, REVIEW_COMPLETION_FLAGS, e);
}


static void
review_completion_json_bad(review_completion_t *c, const char *data, size_t len,
    const json_error_t *e)
{
    char  text[REVIEW_EXCERPT];

    if (*data != '{' && *data != '[') {
        review_completion_json_fail(c, REVIEW_COMPLETION_BAD_JSON, "not JSON: "
                                    "%s", review_excerpt(text, sizeof(text),
                                                         data, len));
        return;
    }

    review_completion_json_fail(c, REVIEW_COMPLETION_BAD_JSON,
                                "not JSON: line %d, column %d: %s", e->line,
                                e->column, e->text);
}


int
review_completion_json_is_cut(const char *data, size_t len)
{
    const char  *p;

    if (len < sizeof("[DONE]") - 1 && memcmp(data, "[DONE]", len) == 0) {
        return 1;
    }

    p = data;

    return review_scan_value(&p, data + len) == REVIEW_SCAN_CUT;
}


/* it ends early: of a stream that says no more there is nothing to tell */

static void
review_completion_json_cut(review_completion_t *c, size_t len)
{
    if (c->mode == REVIEW_COMPLETION_JSON) {
        review_completion_json_fail(c, REVIEW_COMPLETION_CUT,
                                    "the body ends early, after %zu bytes",
                                    len);
    }
}


void
review_completion_json(review_completion_t *c, const char *data, size_t len,
    int error)
{
    char           text[REVIEW_COMPLETION_DETAIL];
    json_t        *root;
    json_error_t   e;

    /* what has so many bytes may have as many values: nobody waits for them */

    if (len > c->max_parsed) {

        if (c->ending && review_completion_json_is_cut(data, len)) {
            review_completion_json_cut(c, len);

        } else {
            review_completion_json_too_large(c);
        }

        return;
    }

    root = review_completion_json_load(c, data, len, &e);

    if (root) {
        review_completion_json_take(c, root, error);
        json_decref(root);
        return;
    }

    if (json_error_code(&e) == json_error_out_of_memory || c->raw.failed) {
        review_completion_json_no_memory(c);
        return;
    }

    /* an error in words */

    if (error) {
        root = json_string(review_excerpt(text, sizeof(text), data, len));

        if (root == NULL) {
            review_completion_json_no_memory(c);
            return;
        }

        (void) review_completion_json_error(c, root, error);
        json_decref(root);
        return;
    }

    /* once it has finished, an event that is cut or broken is no loss */

    if (c->ending && c->mode == REVIEW_COMPLETION_SSE && c->finish.len) {
        return;
    }

    if (c->ending && review_completion_json_is_cut(data, len)) {
        review_completion_json_cut(c, len);
        return;
    }

    review_completion_json_bad(c, data, len, &e);
}
