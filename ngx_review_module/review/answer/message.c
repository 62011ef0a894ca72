
#include "review/answer/message.h"
#include "review/json/scan.h"
#include "review/json/walk.h"


#define REVIEW_MESSAGE_CHOICES     0x0001
#define REVIEW_MESSAGE_MESSAGE     0x0002
#define REVIEW_MESSAGE_CONTENT     0x0004
#define REVIEW_MESSAGE_REASONING   0x0008
#define REVIEW_MESSAGE_FINISH      0x0010
#define REVIEW_MESSAGE_MODEL       0x0020
#define REVIEW_MESSAGE_USAGE       0x0040
#define REVIEW_MESSAGE_PROMPT      0x0080
#define REVIEW_MESSAGE_COMPLETION  0x0100
#define REVIEW_MESSAGE_INDEX       0x0200
#define REVIEW_MESSAGE_OBJECT      0x0400


/* real names are a few words long */
#define REVIEW_MESSAGE_NAME  256


typedef struct {
    review_walk_t      walk;           /* comes first: handlers are given it */
    review_message_t  *message;
} review_message_walk_t;


#define review_message(w)  (((review_message_walk_t *) (w))->message)


/* a short text without escapes */

static int
review_message_word(review_walk_t *w, unsigned member, review_str_t *word)
{
    return review_walk_once(w, member) == 0
           && review_walk_text(w, word) == 0
           && (word->len == 0
               || (word->len <= REVIEW_MESSAGE_NAME
                   && memchr(word->data, '\\', word->len) == NULL))
           ? 0 : -1;
}


static int
review_message_message(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "content")) {
        return review_walk_once(w, REVIEW_MESSAGE_CONTENT) == 0
               ? review_walk_text(w, &review_message(w)->content) : -1;
    }

    if (review_walk_named(name, "reasoning_content")) {
        return review_walk_once(w, REVIEW_MESSAGE_REASONING) == 0
               ? review_walk_text(w, &review_message(w)->reasoning) : -1;
    }

    if (review_walk_named(name, "reasoning")
        || review_walk_named(name, "refusal"))
    {
        return review_walk_nothing(w);
    }

    return review_walk_skip(w, name);
}


static int
review_message_choice(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "message")) {
        return review_walk_once(w, REVIEW_MESSAGE_MESSAGE) == 0
               ? review_walk_object(w, review_message_message) : -1;
    }

    if (review_walk_named(name, "index")) {
        return review_walk_once(w, REVIEW_MESSAGE_INDEX) == 0
               ? review_walk_byte(w, '0') : -1;
    }

    if (review_walk_named(name, "finish_reason")) {
        return review_message_word(w, REVIEW_MESSAGE_FINISH,
                                   &review_message(w)->finish_reason);
    }

    if (review_walk_named(name, "delta")) {
        return -1;
    }

    return review_walk_skip(w, name);
}


static int
review_message_usage(review_walk_t *w, const review_str_t *name)
{
    if (review_walk_named(name, "prompt_tokens")) {
        return review_walk_once(w, REVIEW_MESSAGE_PROMPT) == 0
               ? review_walk_number(w, &review_message(w)->prompt_tokens) : -1;
    }

    if (review_walk_named(name, "completion_tokens")) {
        return review_walk_once(w, REVIEW_MESSAGE_COMPLETION) == 0
               ? review_walk_number(w, &review_message(w)->completion_tokens)
               : -1;
    }

    return review_walk_skip(w, name);
}


static int
review_message_choices(review_walk_t *w)
{
    if (review_walk_once(w, REVIEW_MESSAGE_CHOICES) != 0
        || review_walk_byte(w, '[') != 0
        || review_walk_object(w, review_message_choice) != 0)
    {
        return -1;
    }

    review_scan_space(&w->p, w->last);

    return review_walk_byte(w, ']');
}


static int
review_message_body(review_walk_t *w, const review_str_t *name)
{
    review_str_t  kind;

    if (review_walk_named(name, "choices")) {
        return review_message_choices(w);
    }

    if (review_walk_named(name, "model")) {
        return review_message_word(w, REVIEW_MESSAGE_MODEL,
                                   &review_message(w)->model);
    }

    if (review_walk_named(name, "usage")) {
        return review_walk_once(w, REVIEW_MESSAGE_USAGE) == 0
               ? review_walk_object(w, review_message_usage) : -1;
    }

    if (review_walk_named(name, "error")) {
        return review_walk_null(w);
    }

    if (review_walk_named(name, "object")) {
        kind.len = 0;

        return review_message_word(w, REVIEW_MESSAGE_OBJECT, &kind) == 0
               && !review_walk_named(&kind, "error") ? 0 : -1;
    }

    return review_walk_skip(w, name);
}


int
review_message_scan(review_message_t *message, const char *data, size_t len)
{
    review_message_walk_t  w;

    memset(message, 0, sizeof(review_message_t));
    message->prompt_tokens = -1;
    message->completion_tokens = -1;

    memset(&w, 0, sizeof(w));
    w.walk.p = data;
    w.walk.last = data + len;
    w.message = message;

    review_scan_space(&w.walk.p, w.walk.last);

    if (review_walk_object(&w.walk, review_message_body) != 0) {
        return -1;
    }

    review_scan_space(&w.walk.p, w.walk.last);

    return w.walk.p == w.walk.last && message->content.len ? 0 : -1;
}
