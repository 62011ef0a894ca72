
#include "review/completion/completion_json.h"
#include "review/json/scan.h"

#include <strings.h>


/* what a server may say around the content */
#define REVIEW_COMPLETION_AROUND   65536


static int review_completion_event(void *ctx, const review_str_t *data,
    int error);
static int review_completion_whole(const review_str_t *data);


void
review_completion_init(review_completion_t *c, review_pool_t *pool, size_t max)
{
    memset(c, 0, sizeof(*c));

    c->pool = pool;
    c->max = max;
    c->max_thought = max > SIZE_MAX / REVIEW_COMPLETION_THOUGHT
                     ? SIZE_MAX : max * REVIEW_COMPLETION_THOUGHT;
    c->limit = review_completion_sum(review_completion_sum(max, c->max_thought),
                                     REVIEW_COMPLETION_AROUND);
    c->max_parsed = review_completion_sum(max, REVIEW_COMPLETION_AROUND);

    c->detail = "";
    c->prompt_tokens = -1;
    c->completion_tokens = -1;
    c->reasoning_tokens = -1;
    c->empty = "no \"choices\" in it";

    review_buf_init(&c->raw, pool, 0);
    review_buf_init(&c->text, pool, 0);
    review_buf_init(&c->reasoning, pool, 0);
    review_buf_init(&c->arguments, pool, 0);
    review_buf_init(&c->refusal, pool, 0);
    review_buf_init(&c->name, pool, 0);
    review_buf_init(&c->finish, pool, 0);

    review_delta_init(&c->delta, pool);
    review_sse_init(&c->sse, pool, c->limit, review_completion_event, c);
    c->sse.whole = review_completion_whole;
}


static void
review_completion_raw(review_completion_t *c, review_buf_t *b,
    const review_str_t *raw)
{
    size_t  before;

    if (raw->len) {
        before = b->len;
        review_scan_unescape(b, raw);
        review_completion_json_count(c, b, before);
    }
}


/* some that are asked for a stream send a whole body, and end it as one */

void
review_completion_trim(review_completion_t *c)
{
    size_t        i, n;
    review_str_t  body;

    static const review_str_t  end[] = {
        review_string("[DONE]"), review_string("data:")
    };

    body.data = c->raw.data;
    body.len = c->raw.len;

    for (i = 0; i < sizeof(end) / sizeof(end[0]); i++) {
        review_scan_trim(&body);

        n = end[i].len;

        if (body.len < n || memcmp(body.data + body.len - n, end[i].data, n)) {
            return;
        }

        body.len -= n;
    }

    c->raw.len = (size_t) (body.data + body.len - c->raw.data);
}


/* a whole body of the usual form; returns 0, or -1 for any other one */

static int
review_completion_body(review_completion_t *c)
{
    review_str_t     body;
    review_delta_t  *d;

    d = &c->delta;

    body.data = c->raw.data;
    body.len = c->raw.len;

    if (review_delta_body(d, &body) != 0) {
        return -1;
    }

    review_completion_raw(c, &c->text, &d->content);
    review_completion_raw(c, &c->reasoning, &d->reasoning);
    review_buf_str(&c->name, &d->model);
    review_buf_str(&c->finish, &d->finish_reason);

    c->prompt_tokens = d->prompt_tokens;
    c->completion_tokens = d->completion_tokens;
    c->empty = "\"content\" is empty";

    return 0;
}


/* returns 0 to go on with the stream */

static int
review_completion_event(void *ctx, const review_str_t *data, int error)
{
    const char           *p, *last;
    review_completion_t  *c;

    c = ctx;

    /* the first event is parsed in full: it names the model */

    if (c->started && !error && review_delta_event(&c->delta, data) == 0) {
        review_completion_raw(c, &c->text, &c->delta.content);
        review_completion_raw(c, &c->reasoning, &c->delta.reasoning);
        return c->failed;
    }

    p = data->data;
    last = p + data->len;

    review_scan_space(&p, last);

    while (last > p && (last[-1] == ' ' || last[-1] == '\n')) {
        last--;
    }

    if (p == last) {
        return 0;
    }

    if (last - p == 6 && memcmp(p, "[DONE]", 6) == 0) {
        c->done = 1;
        return 1;
    }

    c->started = 1;

    review_completion_json(c, p, (size_t) (last - p), error);

    return c->failed;
}


/* is the data an event of its own, although no blank line follows it? */

static int
review_completion_whole(const review_str_t *data)
{
    const char    *p, *last;
    review_str_t   text;

    if (data->len == 0) {
        return 0;
    }

    text = *data;
    review_scan_trim(&text);

    p = text.data;
    last = p + text.len;

    return text.len && (*p == '{' || *p == '[')
           && ((text.len == 6 && memcmp(p, "[DONE]", 6) == 0)
               || (review_scan_value(&p, last) == REVIEW_SCAN_OK
                   && p == last));
}


static void
review_completion_stream(review_completion_t *c, review_sse_e rc)
{
    if (rc == REVIEW_SSE_TOO_LARGE) {
        review_completion_json_too_large(c);

    } else if (rc == REVIEW_SSE_NO_MEMORY) {
        review_completion_json_no_memory(c);
    }
}


/*
 * What a body begins with decides what it is: one of these, then events.  A
 * byte order mark and white space before it say nothing.
 */

static unsigned
review_completion_mode(const char *head, size_t len)
{
    size_t                     i, n;
    unsigned                   mode;
    static const review_str_t  starts[] = {
        review_string(":"),
        review_string("data:"),
        review_string("event:"),
        review_string("id:"),
        review_string("retry:")
    };

    mode = REVIEW_COMPLETION_JSON;

    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        n = starts[i].len < len ? starts[i].len : len;

        if (memcmp(head, starts[i].data, n) == 0) {
            mode = (n == starts[i].len) ? REVIEW_COMPLETION_SSE
                                        : REVIEW_COMPLETION_UNKNOWN;
        }
    }

    return mode;
}


/* returns the number of bytes taken */

static size_t
review_completion_detect(review_completion_t *c, const char *data, size_t len)
{
    size_t              i;
    static const char   bom[] = "\xEF\xBB\xBF";

    for (i = 0; i < len && c->mode == REVIEW_COMPLETION_UNKNOWN; i++) {

        if (c->nhead == 0 && data[i] && strchr(" \t\r\n", data[i])) {
            continue;
        }

        c->head[c->nhead++] = data[i];

        if (memcmp(c->head, bom, c->nhead < 3 ? c->nhead : 3) == 0) {
            c->nhead %= 3;
            continue;
        }

        c->mode = review_completion_mode(c->head, c->nhead);
    }

    return i;
}


static void
review_completion_bytes(review_completion_t *c, const char *data, size_t len)
{
    if (c->failed || c->done || len == 0) {
        return;
    }

    if (c->mode == REVIEW_COMPLETION_SSE) {
        review_completion_stream(c, review_sse_feed(&c->sse, data, len));
        return;
    }

    if (len > c->limit - c->raw.len) {
        review_completion_json_too_large(c);
        return;
    }

    review_buf_add(&c->raw, data, len);

    if (c->raw.failed) {
        review_completion_json_no_memory(c);
    }
}


int
review_completion_feed(review_completion_t *c, const char *data, size_t len)
{
    size_t  n;

    if (c->mode == REVIEW_COMPLETION_UNKNOWN) {
        n = review_completion_detect(c, data, len);

        if (c->mode != REVIEW_COMPLETION_UNKNOWN) {
            review_completion_bytes(c, c->head, c->nhead);
            review_completion_bytes(c, data + n, len - n);
        }

    } else {
        review_completion_bytes(c, data, len);
    }

    return (c->failed == REVIEW_COMPLETION_TOO_LARGE
            || c->failed == REVIEW_COMPLETION_NO_MEMORY) ? -1 : 0;
}


static int
review_completion_finish_is(review_completion_t *c, const char *const *reasons)
{
    for ( /* void */ ; *reasons; reasons++) {
        if (c->finish.len == strlen(*reasons)
            && strncasecmp(c->finish.data, *reasons, c->finish.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static int
review_completion_blank(const review_buf_t *b)
{
    const char  *p;

    if (b->len == 0) {
        return 1;
    }

    p = b->data;
    review_scan_space(&p, b->data + b->len);

    return p == b->data + b->len;
}


/* of a model that has said all it wanted to; servers that say nothing, too */

static int
review_completion_ended(review_completion_t *c)
{
    static const char *const  reasons[] = {
        "stop", "eos", "eos_token", "stop_sequence", "stop_token", "end_turn",
        "tool_calls", "tool_use", "function_call", "complete", "completed",
        "finished", NULL
    };

    return c->finish.len == 0 || review_completion_finish_is(c, reasons);
}


static int
review_completion_truncated(review_completion_t *c)
{
    static const char *const  reasons[] = {
        "length", "max_tokens", "max_length", "max_output_tokens",
        "model_length", "token_limit", "model_context_window_exceeded",
        "context_window_exceeded", "context_length_exceeded", NULL
    };

    return review_completion_finish_is(c, reasons);
}


static int
review_completion_filtered(review_completion_t *c)
{
    static const char *const  reasons[] = {
        "content_filter", "content_filtered", "sensitive", "safety",
        "prohibited_content", "blocklist", "recitation", "spii", "refusal",
        "guardrail_intervened", NULL
    };

    return review_completion_finish_is(c, reasons);
}


/* is the text one JSON object? */

static int
review_completion_object(const review_buf_t *b)
{
    const char  *p, *last;

    if (review_completion_blank(b)) {
        return 0;
    }

    p = b->data;
    last = p + b->len;

    review_scan_space(&p, last);

    if (*p != '{' || review_scan_value(&p, last) != REVIEW_SCAN_OK) {
        return 0;
    }

    review_scan_space(&p, last);

    return p == last;
}


/*
 * Some servers take the whole of what a model says for its reasoning.  It is
 * the answer if it is an object and nothing else, and no draft.  Others take an
 * answer for a function that is called: whoever reads it finds it there, and
 * whatever was said before.
 */

static void
review_completion_gather(review_completion_t *c)
{
    if (review_completion_blank(&c->text)) {
        c->text.len = 0;

    } else if (c->arguments.len) {
        review_buf_add(&c->text, "\n", 1);
    }

    if (c->arguments.len) {
        review_buf_add(&c->text, c->arguments.data, c->arguments.len);

    } else if (c->text.len == 0 && !review_completion_truncated(c)
               && review_completion_object(&c->reasoning))
    {
        c->text = c->reasoning;
    }
}


/* what an answer that arrived whole, or as far as it did, comes to */

static void
review_completion_judge(review_completion_t *c)
{
    int  ended;

    ended = review_completion_ended(c);
    c->torn = !ended;

    if (c->refusal.len) {
        review_completion_json_fail(c, REVIEW_COMPLETION_REFUSED, "%.*s",
                                    (int) c->refusal.len, c->refusal.data);
        return;
    }

    if (!ended && review_completion_filtered(c)) {
        review_completion_json_fail(c, REVIEW_COMPLETION_REFUSED,
                                    "stopped by the server's content filter");
        return;
    }

    if (c->mode == REVIEW_COMPLETION_SSE && !c->done && c->finish.len == 0) {
        review_completion_json_fail(c, REVIEW_COMPLETION_CUT,
                                    "the stream ends early, after %zu bytes of "
                                    "text", c->seen + c->thought);
        return;
    }

    if (!ended && review_completion_truncated(c)) {
        c->thinking = review_completion_blank(&c->text) && c->thought;
        review_completion_json_fail(c, REVIEW_COMPLETION_TRUNCATED,
                                    "stopped at the limit of tokens%s",
                                    review_completion_blank(&c->text)
                                    ? ", before the answer began" : "");
        return;
    }

    if (!review_completion_blank(&c->text)) {
        return;
    }

    if (!ended) {
        review_completion_json_fail(c, REVIEW_COMPLETION_CUT,
                                    "the server gave up: finish_reason is "
                                    "\"%.*s\"", (int) c->finish.len,
                                    c->finish.data);
        return;
    }

    review_completion_json_fail(c, REVIEW_COMPLETION_EMPTY,
                                "an empty answer: %s",
                                c->mode == REVIEW_COMPLETION_SSE
                                ? "no \"content\" in any event" : c->empty);
}


static void
review_completion_result(review_str_t *str, const review_buf_t *b)
{
    str->len = b->len;
    str->data = b->len ? b->data : "";
}


review_completion_e
review_completion_end(review_completion_t *c)
{
    c->ending = 1;

    if (!c->failed && !c->done) {

        if (c->mode == REVIEW_COMPLETION_SSE) {
            review_completion_stream(c, review_sse_end(&c->sse));

        } else if (c->mode == REVIEW_COMPLETION_JSON) {
            review_completion_trim(c);

            if (review_completion_body(c) != 0) {
                review_completion_json(c, c->raw.data, c->raw.len, 0);
            }

        } else {
            review_completion_json_fail(c, REVIEW_COMPLETION_CUT,
                                        "the body is empty");
        }
    }

    if (!c->failed) {
        review_completion_gather(c);
        review_completion_judge(c);
    }

    if (c->text.failed || c->arguments.failed || c->refusal.failed
        || c->name.failed || c->finish.failed)
    {
        c->failed = 0;
        review_completion_json_no_memory(c);
    }

    review_completion_result(&c->content, &c->text);
    review_completion_result(&c->model, &c->name);
    review_completion_result(&c->finish_reason, &c->finish);

    return c->failed;
}
