
#include "review/completion/delta.h"
#include "review/json/scan.h"
#include "review/json/walk.h"


#define REVIEW_DELTA_CHOICES     0x0001
#define REVIEW_DELTA_DELTA       0x0002
#define REVIEW_DELTA_MESSAGE     0x0004
#define REVIEW_DELTA_CONTENT     0x0008
#define REVIEW_DELTA_REASONING   0x0010
#define REVIEW_DELTA_REASON      0x0020
#define REVIEW_DELTA_FINISH      0x0040
#define REVIEW_DELTA_MODEL       0x0080
#define REVIEW_DELTA_USAGE       0x0100
#define REVIEW_DELTA_PROMPT      0x0200
#define REVIEW_DELTA_COMPLETION  0x0400
#define REVIEW_DELTA_INDEX       0x0800
#define REVIEW_DELTA_OBJECT      0x1000


/* real names are a few words long */
#define REVIEW_DELTA_NAME   256

/* a larger one is parsed each time */
#define REVIEW_DELTA_FRAME  4096


typedef struct {
    review_walk_t    walk;             /* comes first: handlers are given it */
    review_delta_t  *delta;
    review_str_t     reason;           /* as some call it */
} review_delta_walk_t;


#define review_delta(w)  (((review_delta_walk_t *) (w))->delta)


static int
review_delta_text(review_walk_t *w, unsigned member, review_str_t *text)
{
    return review_walk_once(w, member) == 0 ? review_walk_text(w, text) : -1;
}


/* a short text without escapes */

static int
review_delta_word(review_walk_t *w, unsigned member, review_str_t *word)
{
    return review_delta_text(w, member, word) == 0
           && (word->len == 0
               || (word->len <= REVIEW_DELTA_NAME
                   && memchr(word->data, '\\', word->len) == NULL))
           ? 0 : -1;
}


static int
review_delta_count(review_walk_t *w, unsigned member, int64_t *n)
{
    return review_walk_once(w, member) == 0 ? review_walk_number(w, n) : -1;
}


/* a function that is called may have the answer: null, or an empty list */

static int
review_delta_no_call(review_walk_t *w)
{
    return review_walk_null(w) == 0
           || (review_walk_byte(w, '[') == 0 && w->p < w->last && *w->p == ']'
               && w->p++) ? 0 : -1;
}


/* a message, or a piece of one */

static int
review_delta_message(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "content")) {
        return review_delta_text(w, REVIEW_DELTA_CONTENT,
                                 &review_delta(w)->content);
    }

    if (review_walk_named(name, "reasoning_content")) {
        return review_delta_text(w, REVIEW_DELTA_REASONING,
                                 &review_delta(w)->reasoning);
    }

    if (review_walk_named(name, "reasoning")) {
        return review_delta_text(w, REVIEW_DELTA_REASON,
                                 &((review_delta_walk_t *) w)->reason);
    }

    if (review_walk_named(name, "refusal")) {
        return review_walk_nothing(w);
    }

    if (review_walk_named(name, "tool_calls")
        || review_walk_named(name, "function_call"))
    {
        return review_delta_no_call(w);
    }

    return review_walk_skip(w, name);
}


static int
review_delta_usage(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "prompt_tokens")) {
        return review_delta_count(w, REVIEW_DELTA_PROMPT,
                                  &review_delta(w)->prompt_tokens);
    }

    if (review_walk_named(name, "completion_tokens")) {
        return review_delta_count(w, REVIEW_DELTA_COMPLETION,
                                  &review_delta(w)->completion_tokens);
    }

    return review_walk_skip(w, name);
}


static int
review_delta_usages(review_walk_t *w)
{
    return review_walk_once(w, REVIEW_DELTA_USAGE) == 0
           && (review_walk_null(w) == 0
               || review_walk_object(w, review_delta_usage) == 0)
           ? 0 : -1;
}


static int
review_delta_choice(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "delta")) {
        return review_walk_once(w, REVIEW_DELTA_DELTA) == 0
               ? review_walk_object(w, review_delta_message) : -1;
    }

    if (review_walk_named(name, "message")) {
        return review_walk_once(w, REVIEW_DELTA_MESSAGE) == 0
               ? review_walk_object(w, review_delta_message) : -1;
    }

    if (review_walk_named(name, "index")) {
        return review_walk_once(w, REVIEW_DELTA_INDEX) == 0
               ? review_walk_byte(w, '0') : -1;
    }

    if (review_walk_named(name, "finish_reason")) {
        return review_delta_word(w, REVIEW_DELTA_FINISH,
                                 &review_delta(w)->finish_reason);
    }

    if (review_walk_named(name, "error")) {
        return review_walk_null(w);
    }

    /* some servers tell it there */

    if (review_walk_named(name, "usage")) {
        return review_delta_usages(w);
    }

    return review_walk_skip(w, name);
}


static int
review_delta_choices(review_walk_t *w)
{
    if (review_walk_once(w, REVIEW_DELTA_CHOICES) != 0
        || review_walk_byte(w, '[') != 0
        || review_walk_object(w, review_delta_choice) != 0)
    {
        return -1;
    }

    review_scan_space(&w->p, w->last);

    return review_walk_byte(w, ']');
}


static int
review_delta_member(review_walk_t *w, const review_str_t *name)
{
    review_str_t  kind;

    if (review_walk_named(name, "choices")) {
        return review_delta_choices(w);
    }

    if (review_walk_named(name, "model")) {
        return review_delta_word(w, REVIEW_DELTA_MODEL,
                                 &review_delta(w)->model);
    }

    if (review_walk_named(name, "usage")) {
        return review_delta_usages(w);
    }

    if (review_walk_named(name, "error")
        || review_walk_named(name, "base_resp"))
    {
        return review_walk_null(w);
    }

    if (review_walk_named(name, "object")) {
        kind.len = 0;

        return review_delta_word(w, REVIEW_DELTA_OBJECT, &kind) == 0
               && !review_walk_named(&kind, "error") ? 0 : -1;
    }

    return review_walk_skip(w, name);
}


/* "kind" is what it must be of: a delta, or a message */

static int
review_delta_scan(review_delta_walk_t *s, review_delta_t *delta,
    const review_str_t *text, unsigned kind)
{
    memset(s, 0, sizeof(review_delta_walk_t));

    s->walk.p = text->data;
    s->walk.last = text->data + text->len;
    s->delta = delta;

    delta->content.len = 0;
    delta->reasoning.len = 0;
    delta->model.len = 0;
    delta->finish_reason.len = 0;
    delta->prompt_tokens = -1;
    delta->completion_tokens = -1;

    review_scan_space(&s->walk.p, s->walk.last);

    if (review_walk_object(&s->walk, review_delta_member) != 0
        || (s->walk.seen & (REVIEW_DELTA_DELTA|REVIEW_DELTA_MESSAGE)) != kind)
    {
        return -1;
    }

    review_scan_space(&s->walk.p, s->walk.last);

    return s->walk.p == s->walk.last ? 0 : -1;
}


void
review_delta_init(review_delta_t *delta, review_pool_t *pool)
{
    memset(delta, 0, sizeof(*delta));

    review_buf_init(&delta->frame, pool, 0);
}


/*
 * An event that is the last one but for its text needs no parsing: up to the
 * text it is the same, and so is what is behind it.
 */

static int
review_delta_again(review_delta_t *delta, const review_str_t *event)
{
    size_t         n;
    const char    *p, *last;
    review_str_t   text;

    if (delta->frame.len == 0 || event->len < delta->before
        || memcmp(event->data, delta->frame.data, delta->before) != 0)
    {
        return -1;
    }

    p = event->data + delta->before - 1;
    last = event->data + event->len;

    if (review_scan_string(&p, last, &text) != REVIEW_SCAN_OK) {
        return -1;
    }

    n = delta->frame.len - delta->before;

    if ((size_t) (last - p) != n
        || memcmp(p, delta->frame.data + delta->before, n) != 0)
    {
        return -1;
    }

    if (delta->reasons) {
        delta->reasoning = text;

    } else {
        delta->content = text;
    }

    return 0;
}


/* both quotes around the text belong to what must not change */

static void
review_delta_learn(review_delta_t *delta, const review_str_t *event)
{
    size_t         n;
    review_str_t  *text;

    delta->frame.len = 0;
    delta->reasons = (delta->content.len == 0);

    text = delta->reasons ? &delta->reasoning : &delta->content;

    if (text->len == 0 || event->len - text->len > REVIEW_DELTA_FRAME) {
        return;
    }

    delta->before = (size_t) (text->data - event->data);
    n = delta->before + text->len + 1;

    review_buf_add(&delta->frame, event->data, delta->before);
    review_buf_add(&delta->frame, event->data + n, event->len - n);

    if (delta->frame.failed) {
        delta->frame.len = 0;
    }
}


int
review_delta_event(review_delta_t *delta, const review_str_t *event)
{
    size_t               reasoning;
    review_delta_walk_t  s;

    delta->content.len = 0;
    delta->reasoning.len = 0;

    if (review_delta_again(delta, event) == 0) {
        return 0;
    }

    if (review_delta_scan(&s, delta, event, REVIEW_DELTA_DELTA) != 0
        || delta->finish_reason.len || delta->prompt_tokens != -1
        || delta->completion_tokens != -1)
    {
        return -1;
    }

    reasoning = delta->reasoning.len;

    if (reasoning == 0) {
        delta->reasoning = s.reason;
    }

    /* not where two texts change, or where one stands for the other */

    if (!delta->content.len + !reasoning + !s.reason.len == 2) {
        review_delta_learn(delta, event);
    }

    return 0;
}


int
review_delta_body(review_delta_t *delta, const review_str_t *body)
{
    review_delta_walk_t  s;

    if (review_delta_scan(&s, delta, body, REVIEW_DELTA_MESSAGE) != 0) {
        return -1;
    }

    if (delta->reasoning.len == 0) {
        delta->reasoning = s.reason;
    }

    return delta->content.len ? 0 : -1;
}
