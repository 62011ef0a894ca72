
#include "delta.h"
#include "scan.h"


/* members that were seen: one that comes twice is not ours to judge */

#define REVIEW_DELTA_CHOICES    0x01
#define REVIEW_DELTA_DELTA      0x02
#define REVIEW_DELTA_CONTENT    0x04
#define REVIEW_DELTA_REASONING  0x08
#define REVIEW_DELTA_REASON     0x10


/* a larger one is parsed each time */

#define REVIEW_DELTA_FRAME      4096


typedef struct {
    const char    *p;
    const char    *last;
    unsigned       seen;
    review_str_t   content;
    review_str_t   reasoning_content;
    review_str_t   reasoning;
} review_delta_scan_t;


typedef int (*review_delta_member_pt)(review_delta_scan_t *s,
    const review_str_t *name);


static inline int
review_delta_is(const review_str_t *str, const char *name, size_t len)
{
    return str->len == len && memcmp(str->data, name, len) == 0;
}

#define review_delta_named(str, name)                                         \
    review_delta_is(str, name, sizeof(name) - 1)


static int
review_delta_once(review_delta_scan_t *s, unsigned member)
{
    if (s->seen & member) {
        return -1;
    }

    s->seen |= member;

    return 0;
}


/* the byte that must come next, and the white space after it */

static int
review_delta_byte(review_delta_scan_t *s, char c)
{
    if (s->p == s->last || *s->p != c) {
        return -1;
    }

    s->p++;
    review_scan_space(&s->p, s->last);

    return 0;
}


/* a member that is not ours, unless escapes hide that it is */

static int
review_delta_skip(review_delta_scan_t *s, const review_str_t *name)
{
    return memchr(name->data, '\\', name->len) == NULL
           && review_scan_value(&s->p, s->last) == REVIEW_SCAN_OK ? 0 : -1;
}


static int
review_delta_null(review_delta_scan_t *s)
{
    if (s->last - s->p < 4 || memcmp(s->p, "null", 4) != 0) {
        return -1;
    }

    s->p += 4;

    return 0;
}


static int
review_delta_text(review_delta_scan_t *s, review_str_t *text)
{
    if (review_delta_null(s) == 0) {
        return 0;
    }

    return review_scan_string(&s->p, s->last, text) == REVIEW_SCAN_OK ? 0 : -1;
}


/* null or an empty string: some servers send the one, some the other */

static int
review_delta_nothing(review_delta_scan_t *s)
{
    review_str_t  text;

    text.len = 0;

    return review_delta_text(s, &text) == 0 && text.len == 0 ? 0 : -1;
}


/* an object, its members handed to "member" one by one */

static int
review_delta_object(review_delta_scan_t *s, review_delta_member_pt member)
{
    review_str_t  name;

    if (review_delta_byte(s, '{') != 0) {
        return -1;
    }

    if (s->p < s->last && *s->p == '}') {
        s->p++;
        return 0;
    }

    for ( ;; ) {

        if (review_scan_string(&s->p, s->last, &name) != REVIEW_SCAN_OK) {
            return -1;
        }

        review_scan_space(&s->p, s->last);

        if (review_delta_byte(s, ':') != 0 || member(s, &name) != 0) {
            return -1;
        }

        review_scan_space(&s->p, s->last);

        if (s->p < s->last && *s->p == '}') {
            s->p++;
            return 0;
        }

        if (review_delta_byte(s, ',') != 0) {
            return -1;
        }
    }
}


static int
review_delta_delta(review_delta_scan_t *s, const review_str_t *name)
{
    if (review_delta_named(name, "content")) {
        return review_delta_once(s, REVIEW_DELTA_CONTENT) == 0
               ? review_delta_text(s, &s->content) : -1;
    }

    if (review_delta_named(name, "reasoning_content")) {
        return review_delta_once(s, REVIEW_DELTA_REASONING) == 0
               ? review_delta_text(s, &s->reasoning_content) : -1;
    }

    if (review_delta_named(name, "reasoning")) {
        return review_delta_once(s, REVIEW_DELTA_REASON) == 0
               ? review_delta_text(s, &s->reasoning) : -1;
    }

    if (review_delta_named(name, "refusal")) {
        return review_delta_nothing(s);
    }

    return review_delta_skip(s, name);
}


static int
review_delta_choice(review_delta_scan_t *s, const review_str_t *name)
{
    if (review_delta_named(name, "delta")) {
        return review_delta_once(s, REVIEW_DELTA_DELTA) == 0
               ? review_delta_object(s, review_delta_delta) : -1;
    }

    if (review_delta_named(name, "index")) {
        return review_delta_byte(s, '0');
    }

    if (review_delta_named(name, "finish_reason")) {
        return review_delta_nothing(s);
    }

    if (review_delta_named(name, "message")) {
        return -1;
    }

    return review_delta_skip(s, name);
}


static int
review_delta_event(review_delta_scan_t *s, const review_str_t *name)
{
    review_str_t  kind;

    if (review_delta_named(name, "choices")) {
        return review_delta_once(s, REVIEW_DELTA_CHOICES) == 0
               && review_delta_byte(s, '[') == 0
               && review_delta_object(s, review_delta_choice) == 0
               && (review_scan_space(&s->p, s->last),
                   review_delta_byte(s, ']') == 0)
               ? 0 : -1;
    }

    if (review_delta_named(name, "usage")
        || review_delta_named(name, "error"))
    {
        return review_delta_null(s);
    }

    if (review_delta_named(name, "object")) {
        kind.data = "";
        kind.len = 0;

        return review_delta_text(s, &kind) == 0
               && !review_delta_named(&kind, "error")
               && memchr(kind.data, '\\', kind.len) == NULL ? 0 : -1;
    }

    return review_delta_skip(s, name);
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
review_delta_scan(review_delta_t *delta, const review_str_t *event)
{
    review_delta_scan_t  s;

    delta->content.len = 0;
    delta->reasoning.len = 0;

    if (review_delta_again(delta, event) == 0) {
        return 0;
    }

    memset(&s, 0, sizeof(s));

    s.p = event->data;
    s.last = event->data + event->len;

    review_scan_space(&s.p, s.last);

    if (review_delta_object(&s, review_delta_event) != 0
        || !(s.seen & REVIEW_DELTA_DELTA))
    {
        return -1;
    }

    review_scan_space(&s.p, s.last);

    if (s.p != s.last) {
        return -1;
    }

    delta->content = s.content;
    delta->reasoning = s.reasoning_content.len ? s.reasoning_content
                                               : s.reasoning;

    /* not where two texts change, or where one stands for the other */

    if (!delta->content.len + !s.reasoning_content.len + !s.reasoning.len == 2)
    {
        review_delta_learn(delta, event);
    }

    return 0;
}
