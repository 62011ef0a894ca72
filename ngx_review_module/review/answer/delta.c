
#include "review/answer/delta.h"
#include "review/json/scan.h"
#include "review/json/walk.h"


#define REVIEW_DELTA_CHOICES    0x01
#define REVIEW_DELTA_DELTA      0x02
#define REVIEW_DELTA_CONTENT    0x04
#define REVIEW_DELTA_REASONING  0x08
#define REVIEW_DELTA_REASON     0x10


/* a larger one is parsed each time */

#define REVIEW_DELTA_FRAME      4096


typedef struct {
    review_walk_t  walk;               /* comes first: handlers are given it */
    review_str_t   content;
    review_str_t   reasoning_content;
    review_str_t   reasoning;
} review_delta_walk_t;


#define review_delta(w)  ((review_delta_walk_t *) (w))


static int
review_delta_delta(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "content")) {
        return review_walk_once(w, REVIEW_DELTA_CONTENT) == 0
               ? review_walk_text(w, &review_delta(w)->content) : -1;
    }

    if (review_walk_named(name, "reasoning_content")) {
        return review_walk_once(w, REVIEW_DELTA_REASONING) == 0
               ? review_walk_text(w, &review_delta(w)->reasoning_content) : -1;
    }

    if (review_walk_named(name, "reasoning")) {
        return review_walk_once(w, REVIEW_DELTA_REASON) == 0
               ? review_walk_text(w, &review_delta(w)->reasoning) : -1;
    }

    if (review_walk_named(name, "refusal")) {
        return review_walk_nothing(w);
    }

    return review_walk_skip(w, name);
}


static int
review_delta_choice(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "delta")) {
        return review_walk_once(w, REVIEW_DELTA_DELTA) == 0
               ? review_walk_object(w, review_delta_delta) : -1;
    }

    if (review_walk_named(name, "index")) {
        return review_walk_byte(w, '0');
    }

    if (review_walk_named(name, "finish_reason")) {
        return review_walk_nothing(w);
    }

    if (review_walk_named(name, "message")) {
        return -1;
    }

    return review_walk_skip(w, name);
}


static int
review_delta_event(review_walk_t *w, const review_str_t *name)
{
    review_str_t  kind;

    if (review_walk_named(name, "choices")) {
        return review_walk_once(w, REVIEW_DELTA_CHOICES) == 0
               && review_walk_byte(w, '[') == 0
               && review_walk_object(w, review_delta_choice) == 0
               && (review_scan_space(&w->p, w->last),
                   review_walk_byte(w, ']') == 0)
               ? 0 : -1;
    }

    if (review_walk_named(name, "usage")
        || review_walk_named(name, "error"))
    {
        return review_walk_null(w);
    }

    if (review_walk_named(name, "object")) {
        kind.data = "";
        kind.len = 0;

        return review_walk_text(w, &kind) == 0
               && !review_walk_named(&kind, "error")
               && memchr(kind.data, '\\', kind.len) == NULL ? 0 : -1;
    }

    return review_walk_skip(w, name);
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
    review_delta_walk_t  s;

    delta->content.len = 0;
    delta->reasoning.len = 0;

    if (review_delta_again(delta, event) == 0) {
        return 0;
    }

    memset(&s, 0, sizeof(s));

    s.walk.p = event->data;
    s.walk.last = event->data + event->len;

    review_scan_space(&s.walk.p, s.walk.last);

    if (review_walk_object(&s.walk, review_delta_event) != 0
        || !(s.walk.seen & REVIEW_DELTA_DELTA))
    {
        return -1;
    }

    review_scan_space(&s.walk.p, s.walk.last);

    if (s.walk.p != s.walk.last) {
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
