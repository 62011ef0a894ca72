
#include "review/answer/answer_said.h"
#include "review/answer/answer_name.h"
#include "review/answer/repair.h"
#include "review/base/buf.h"
#include "review/base/utf8.h"
#include "review/json/scan.h"

#include <strings.h>


#define REVIEW_ANSWER_SAID_NEAR    16  /* bytes that tell whose a mark is */
#define REVIEW_ANSWER_SAID_MARKS   64  /* that may be the document's */
#define REVIEW_ANSWER_SAID_HEADER  64  /* bytes of a channel's */


/* marks of one kind close what others of it have opened */

typedef enum {
    REVIEW_ANSWER_SAID_NONE = 0,
    REVIEW_ANSWER_SAID_TAG,
    REVIEW_ANSWER_SAID_BRACKET,
    REVIEW_ANSWER_SAID_TRIANGLE,
    REVIEW_ANSWER_SAID_THINKING,
    REVIEW_ANSWER_SAID_THOUGHT,
    REVIEW_ANSWER_SAID_THOUGHTS,
    REVIEW_ANSWER_SAID_CHANNEL
} review_answer_said_kind_e;

typedef struct {
    review_answer_said_kind_e   kind;
    review_str_t                open;
    review_str_t                close;
} review_answer_said_mark_t;

typedef struct {
    review_answer_quoted_pt     quoted;  /* NULL: nothing is */
    void                       *data;
    review_buf_t                out;     /* an object, repaired */
    const char                 *last;
    size_t                      marks;   /* that were looked up */
    review_answer_said_kind_e   kind;    /* of the reasoning that is open */
} review_answer_reasoning_t;


static const review_answer_said_mark_t  review_answer_said_marks[] = {
    { REVIEW_ANSWER_SAID_TAG, review_string("<think>"),
      review_string("</think>") },
    { REVIEW_ANSWER_SAID_TAG, review_string("<thinking>"),
      review_string("</thinking>") },
    { REVIEW_ANSWER_SAID_TAG, review_string("<thought>"),
      review_string("</thought>") },
    { REVIEW_ANSWER_SAID_TAG, review_string("<reasoning>"),
      review_string("</reasoning>") },
    { REVIEW_ANSWER_SAID_TAG, review_string("<seed:think>"),
      review_string("</seed:think>") },
    { REVIEW_ANSWER_SAID_BRACKET, review_string("[THINK]"),
      review_string("[/THINK]") },
    { REVIEW_ANSWER_SAID_TRIANGLE, review_string("◁think▷"),
      review_string("◁/think▷") },
    { REVIEW_ANSWER_SAID_THINKING, review_string("<|START_THINKING|>"),
      review_string("<|END_THINKING|>") },
    { REVIEW_ANSWER_SAID_THOUGHT, review_string("<|begin_of_thought|>"),
      review_string("<|end_of_thought|>") },
    { REVIEW_ANSWER_SAID_THOUGHTS, review_string("<|channel>thought"),
      review_string("<channel|>") },
    { REVIEW_ANSWER_SAID_CHANNEL, review_string("<|channel|>analysis"),
      review_string("<|end|>") },
    { REVIEW_ANSWER_SAID_CHANNEL, review_string("<|channel|>commentary"),
      review_string("<|call|>") }
};

#define REVIEW_ANSWER_SAID_KNOWN                                              \
    (sizeof(review_answer_said_marks) / sizeof(review_answer_said_marks[0]))


static const review_str_t  review_answer_said_start =
    review_string("<|start|>assistant");
static const review_str_t  review_answer_said_final =
    review_string("<|channel|>final");
static const review_str_t  review_answer_said_message =
    review_string("<|message|>");

/* what the text of a channel ends with */

static const review_str_t  review_answer_said_ends[] = {
    review_string("<|return|>"), review_string("<|end|>")
};


/* the length of the mark if it stands at p, or 0 */

static size_t
review_answer_said_at(const char *p, const char *last,
    const review_str_t *mark)
{
    return ((size_t) (last - p) >= mark->len
            && p[0] == mark->data[0] && p[1] == mark->data[1]
            && strncasecmp(p, mark->data, mark->len) == 0) ? mark->len : 0;
}


/* behind the header of a channel that goes on at p, or NULL */

static const char *
review_answer_said_message_at(const char *p, const char *last)
{
    size_t  n;

    if (last - p > REVIEW_ANSWER_SAID_HEADER) {
        last = p + REVIEW_ANSWER_SAID_HEADER;
    }

    for ( /* void */ ; p < last; p++) {
        n = review_answer_said_at(p, last, &review_answer_said_message);

        if (n) {
            return p + n;
        }
    }

    return NULL;
}


/* the length of an opening mark at p, and its kind; or 0 */

static size_t
review_answer_said_opening(const char *p, const char *last,
    review_answer_said_kind_e *kind)
{
    size_t       i, n;
    const char  *q, *end;

    q = p + review_answer_said_at(p, last, &review_answer_said_start);

    for (i = 0; i < REVIEW_ANSWER_SAID_KNOWN; i++) {
        n = review_answer_said_at(q, last, &review_answer_said_marks[i].open);

        if (n == 0) {
            continue;
        }

        *kind = review_answer_said_marks[i].kind;

        end = (*kind == REVIEW_ANSWER_SAID_CHANNEL)
              ? review_answer_said_message_at(q + n, last) : NULL;

        return (size_t) ((end ? end : q + n) - p);
    }

    return 0;
}


/* the header of the channel that is meant for others: its length, or 0 */

static size_t
review_answer_said_header(const char *p, const char *last)
{
    size_t       n;
    const char  *q, *end;

    q = p + review_answer_said_at(p, last, &review_answer_said_start);
    n = review_answer_said_at(q, last, &review_answer_said_final);
    end = n ? review_answer_said_message_at(q + n, last) : NULL;

    return end ? (size_t) (end - p) : 0;
}


/*
 * The length of a closing mark at p, or 0.  The text of a channel may end as
 * reasoning in one does, so without any that was opened only the next one's
 * header tells.
 */

static size_t
review_answer_said_closing(const char *p, const char *last,
    review_answer_said_kind_e kind)
{
    size_t                            i, n;
    const review_answer_said_mark_t  *mark;

    for (i = 0; i < REVIEW_ANSWER_SAID_KNOWN; i++) {
        mark = &review_answer_said_marks[i];

        if (kind ? mark->kind != kind
                 : mark->kind == REVIEW_ANSWER_SAID_CHANNEL)
        {
            continue;
        }

        n = review_answer_said_at(p, last, &mark->close);

        if (n) {
            return n;
        }
    }

    return (kind == REVIEW_ANSWER_SAID_NONE
            || kind == REVIEW_ANSWER_SAID_CHANNEL)
           ? review_answer_said_header(p, last) : 0;
}


/* may a mark begin with this character? */

static int
review_answer_said_may(const char *p, const char *last)
{
    return *p == '<' || *p == '['
           || (last - p > 1 && (unsigned char) p[0] == 0xe2
               && (unsigned char) p[1] == 0x97);
}


/* most answers have no closing mark at all */

static int
review_answer_said_closes(const char *p, const char *last)
{
    const char  *q;

    if (p == last) {
        return 0;
    }

    if (memchr(p, '<', (size_t) (last - p))) {
        return 1;
    }

    for (q = p; (q = memchr(q, '[', (size_t) (last - q))); q++) {
        if (last - q > 1 && q[1] == '/') {
            return 1;
        }
    }

    for (q = p; (q = memchr(q, 0xe2, (size_t) (last - q))); q++) {
        if (review_answer_said_may(q, last)) {
            return 1;
        }
    }

    return 0;
}


/* behind the object at p, or NULL: who knows where it ends */

static const char *
review_answer_said_object(review_answer_reasoning_t *r, const char *p)
{
    const char       *end;
    review_repair_t   repair;

    r->out.len = 0;

    repair.p = p;
    repair.last = r->last;
    repair.out = &r->out;

    switch (review_repair_object(&repair)) {

    case REVIEW_SCAN_OK:
        return repair.p;

    case REVIEW_SCAN_CUT:
        return NULL;

    default:
        break;
    }

    if (repair.members == 0) {
        return p + 1;
    }

    end = review_repair_behind(&repair);

    while (p < end && (!review_answer_said_may(p, end)
                       || review_answer_said_closing(p, end, r->kind) == 0))
    {
        p++;
    }

    return (p < end || end == r->last) ? NULL : end;
}


/*
 * Is the mark at p the document's, with what stands before it, from "first" on,
 * or behind it?  "first" is NULL: nobody opened reasoning, and any may be.
 */

static int
review_answer_said_is_quoted(review_answer_reasoning_t *r, const char *first,
    const char *p, size_t len)
{
    const char  *begin, *end;

    if (r->quoted == NULL) {
        return 0;
    }

    if (first == NULL) {
        return r->quoted(r->data, p, len);
    }

    begin = p - (p - first > REVIEW_ANSWER_SAID_NEAR ? REVIEW_ANSWER_SAID_NEAR
                                                     : p - first);

    while ((*begin & 0xc0) == 0x80) {
        begin++;
    }

    while (begin < p && review_scan_is_space(*begin)) {
        begin++;
    }

    /* before an empty one's mark there is nothing that tells whose it is */

    if (begin < p
        && r->quoted(r->data, begin, (size_t) (p + len - begin)))
    {
        return 1;
    }

    end = p + len;
    review_scan_space(&end, r->last);

    end += review_utf8_cut(end, (size_t) (r->last - end),
                           REVIEW_ANSWER_SAID_NEAR);

    return end > p + len
           && r->quoted(r->data, p, (size_t) (end - p));
}


/*
 * The first closing mark from p on, or NULL: where reasoning was opened, behind
 * the objects in it; and where an answer may stand before it, it is text.
 */

static const char *
review_answer_said_end(review_answer_reasoning_t *r, const char *p,
    size_t *len)
{
    const char  *end, *brace, *first;

    if (!review_answer_said_closes(p, r->last)) {
        return NULL;
    }

    brace = NULL;
    first = p;

    while (p < r->last) {

        if (review_answer_said_may(p, r->last)) {
            *len = review_answer_said_closing(p, r->last, r->kind);

            if (*len && (r->marks++ >= REVIEW_ANSWER_SAID_MARKS
                         || (brace && review_answer_name_stands(brace, p))))
            {
                return NULL;
            }

            if (*len && !review_answer_said_is_quoted(r, r->kind ? first : NULL,
                                                      p, *len))
            {
                return p;
            }

        } else if (*p == '{' && brace == NULL) {
            end = r->kind ? review_answer_said_object(r, p) : NULL;

            if (end) {
                p = end;
                continue;
            }

            brace = p;
        }

        p++;
    }

    return NULL;
}


/* the mark of reasoning that begins at p; what goes on may be a quote */

static size_t
review_answer_said_begin(review_answer_reasoning_t *r, const char *p,
    int goes_on)
{
    size_t  n;

    r->kind = REVIEW_ANSWER_SAID_NONE;

    n = review_answer_said_opening(p, r->last, &r->kind);

    if (n && goes_on && (r->marks++ >= REVIEW_ANSWER_SAID_MARKS
                         || review_answer_said_is_quoted(r, NULL, p, n)))
    {
        r->kind = REVIEW_ANSWER_SAID_NONE;
        return 0;
    }

    return n;
}


/* behind all reasoning that stands at p */

static const char *
review_answer_said_behind(review_answer_reasoning_t *r, const char *p,
    review_answer_said_t *said)
{
    size_t       n, len;
    const char  *mark;

    for ( ;; ) {
        n = review_answer_said_begin(r, p, said->thought);

        if (n == 0 && said->thought) {
            return p;
        }

        mark = review_answer_said_end(r, p + n, &len);

        if (mark == NULL) {
            said->thought |= (n != 0);
            said->unclosed = (n != 0);
            return p + n;
        }

        if (n && r->quoted && r->quoted(r->data, mark, len)) {
            said->doubt = mark;
        }

        said->thought = 1;

        p = mark + len;
        review_scan_space(&p, r->last);
    }
}


static void
review_answer_said_trim(review_str_t *text)
{
    if (text->len >= 3 && memcmp(text->data, "\xEF\xBB\xBF", 3) == 0) {
        text->data += 3;
        text->len -= 3;
    }

    review_scan_trim(text);
}


/* what others are told in a channel of its own, without its marks */

static void
review_answer_said_unwrap(review_str_t *text, review_answer_said_t *said)
{
    size_t        i, n;
    review_str_t  end;

    n = review_answer_said_header(text->data, text->data + text->len);

    if (n) {
        text->data += n;
        text->len -= n;
        said->thought = 1;
    }

    for (i = 0; i < sizeof(review_answer_said_ends) / sizeof(end); i++) {
        end = review_answer_said_ends[i];

        if (text->len >= end.len
            && review_answer_said_at(text->data + text->len - end.len,
                                     text->data + text->len, &end))
        {
            text->len -= end.len;
            said->thought = 1;
        }
    }
}


void
review_answer_said(review_pool_t *pool, const char *content, size_t len,
    review_answer_quoted_pt quoted, void *data, review_answer_said_t *said)
{
    const char                 *p;
    review_str_t               *text;
    review_answer_reasoning_t   r;

    memset(said, 0, sizeof(*said));

    text = &said->text;
    text->data = len ? content : "";
    text->len = len;

    review_answer_said_trim(text);

    r.quoted = quoted;
    r.data = data;
    r.last = text->data + text->len;
    r.marks = 0;

    review_buf_init(&r.out, pool, 0);

    p = review_answer_said_behind(&r, text->data, said);

    text->data = p;
    text->len = (size_t) (r.last - p);

    review_answer_said_unwrap(text, said);
    review_answer_said_trim(text);
}


int
review_answer_said_is_open(const char *content, size_t len)
{
    const char                 *p, *last;
    review_str_t                text;
    review_answer_said_kind_e   kind;

    text.data = content;
    text.len = len;

    review_answer_said_trim(&text);

    kind = REVIEW_ANSWER_SAID_NONE;
    p = text.data;
    last = p + text.len;

    if (len == 0 || review_answer_said_opening(p, last, &kind) == 0) {
        return 0;
    }

    for ( /* void */ ; p < last; p++) {
        if (review_answer_said_may(p, last)
            && review_answer_said_closing(p, last, kind))
        {
            return 0;
        }
    }

    return 1;
}
