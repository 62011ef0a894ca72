
#include "review/answer/answer_find.h"
#include "review/base/buf.h"
#include "review/base/excerpt.h"
#include "review/json/json.h"
#include "review/json/load.h"
#include "review/answer/repair.h"
#include "review/json/scan.h"

#include <strings.h>


typedef struct {
    const char      *last;
    review_buf_t     out;          /* the repaired text of a candidate */
    json_t          *best;
    const char      *end;          /* where the best one ends */
    unsigned         verdict:1;    /* the best one has one */
    unsigned         many:1;       /* it is one of a list of answers */
    unsigned         broken:1;     /* what follows it is a broken answer */
    unsigned         tried:1;      /* err is set */
    review_error_t   err;
} review_answer_search_t;


/* the length of a reasoning tag at p, or 0 */

static size_t
review_answer_find_tag(const char *p, const char *last, int *closing)
{
    size_t                    i, slash;
    static const review_str_t  names[] = {
        review_string("think>"),
        review_string("thinking>"),
        review_string("thought>"),
        review_string("reasoning>")
    };

    p++;
    slash = (p < last && *p == '/');
    p += slash;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((size_t) (last - p) >= names[i].len
            && strncasecmp(p, names[i].data, names[i].len) == 0)
        {
            *closing = (int) slash;
            return 1 + slash + names[i].len;
        }
    }

    return 0;
}


/* the next tag, or NULL; with "closing" only a closing one will do */

static const char *
review_answer_find_next_tag(const char *p, const char *last, int *closing,
    size_t *len)
{
    int  found;

    for (p = memchr(p, '<', (size_t) (last - p));
         p;
         p = memchr(p + 1, '<', (size_t) (last - p - 1)))
    {
        *len = review_answer_find_tag(p, last, &found);

        if (*len && (found || !*closing)) {
            *closing = found;
            break;
        }
    }

    return p;
}


/*
 * Takes the reasoning out of the text.  Templates of chats often open it
 * themselves: then there is a closing tag alone, and all before it is
 * reasoning.  Where it never ends, what was said within is all there is.
 * Returns 1 in that case.
 */

static int
review_answer_find_strip(review_str_t *text, review_buf_t *b)
{
    int          closing, unclosed;
    size_t       n;
    const char  *p, *tag, *last;

    p = text->data;
    last = p + text->len;
    unclosed = 0;

    for ( ;; ) {
        closing = 0;
        tag = review_answer_find_next_tag(p, last, &closing, &n);

        if (tag == NULL) {
            break;
        }

        if (closing) {
            b->len = 0;
            p = tag + n;
            continue;
        }

        review_buf_add(b, p, (size_t) (tag - p));
        p = tag + n;

        if (!unclosed) {
            closing = 1;
            tag = review_answer_find_next_tag(p, last, &closing, &n);

            if (tag) {
                p = tag + n;

            } else {
                unclosed = 1;
            }
        }
    }

    if (p != text->data) {
        review_buf_add(b, p, (size_t) (last - p));

        text->data = b->len ? b->data : "";
        text->len = b->len;
    }

    return unclosed;
}


static void
review_answer_find_trim(review_str_t *text)
{
    if (text->len >= 3 && memcmp(text->data, "\xEF\xBB\xBF", 3) == 0) {
        text->data += 3;
        text->len -= 3;
    }

    review_scan_trim(text);
}


static int
review_answer_find_mentions(const char *p, const char *last)
{
    static const char  name[] = "verdict";

    while (p < last) {
        p = memchr(p, name[0], (size_t) (last - p));

        if (p == NULL || (size_t) (last - p) < sizeof(name) - 1) {
            return 0;
        }

        if (memcmp(p, name, sizeof(name) - 1) == 0) {
            return 1;
        }

        p++;
    }

    return 0;
}


/* do the answers up to "end" and from "p" on stand in one list? */

static int
review_answer_find_is_list(const char *end, const char *p)
{
    review_scan_space(&end, p);

    if (end == p || *end != ',') {
        return 0;
    }

    end++;
    review_scan_space(&end, p);

    return end == p;
}


static void
review_answer_find_take(review_answer_search_t *s, json_t *json, const char *p,
    const char *end)
{
    int  verdict;

    verdict = json_object_get(json, "verdict") != NULL;

    if (!verdict && s->best) {
        json_decref(json);
        return;
    }

    if (verdict) {
        s->many = s->verdict && (s->many
                                 || review_answer_find_is_list(s->end, p));
        s->broken = 0;
    }

    json_decref(s->best);

    s->best = json;
    s->end = end;
    s->verdict = verdict;
}


/* an object that can't be understood, from p to end */

static void
review_answer_find_give_up(review_answer_search_t *s, const char *p,
    const char *end, review_error_t *err)
{
    if (review_answer_find_mentions(p, end)) {
        s->broken = 1;

    } else if (s->broken) {
        return;
    }

    s->err = *err;
    s->tried = 1;
}


/* behind the object that is broken at r->p, as far as brackets tell */

static const char *
review_answer_find_behind(review_repair_t *r)
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


static const char *
review_answer_find_repair(review_answer_search_t *s, const char *p)
{
    char             got[REVIEW_EXCERPT];
    json_t          *json;
    const char      *end;
    review_error_t   err;
    review_scan_e    rc;
    review_repair_t  r;

    s->out.len = 0;

    r.p = p;
    r.last = s->last;
    r.out = &s->out;

    rc = review_repair_object(&r);

    if (s->out.failed) {
        return s->last;
    }

    if (rc == REVIEW_SCAN_OK) {
        json = review_json_parse(s->out.data, s->out.len, &err);

        if (json) {
            review_answer_find_take(s, json, p, r.p);

        } else {
            review_answer_find_give_up(s, p, r.p, &err);
        }

        return r.p;
    }

    if (rc == REVIEW_SCAN_BAD && r.members == 0) {

        /* a brace, but no object */

        return p + 1;
    }

    if (rc == REVIEW_SCAN_CUT) {
        (void) review_error(&err, "", "the answer ends early: its JSON object "
                            "is not complete");

    } else {
        (void) review_error(&err, "", "not JSON: %s was expected, got \"%s\"",
                            r.expected,
                            review_excerpt(got, sizeof(got), r.p,
                                           (size_t) (r.last - r.p)));
    }

    /* what is nested in a broken object is no answer of its own */

    end = (rc == REVIEW_SCAN_CUT) ? s->last : review_answer_find_behind(&r);

    review_answer_find_give_up(s, p, end, &err);

    return end;
}


static void
review_answer_find_search(review_answer_search_t *s, const char *p)
{
    json_t          *json;
    const char      *end;
    review_error_t   err;

    while (p < s->last) {
        p = memchr(p, '{', (size_t) (s->last - p));

        if (p == NULL) {
            break;
        }

        end = p;

        if (review_scan_value(&end, s->last) != REVIEW_SCAN_OK) {
            p = review_answer_find_repair(s, p);
            continue;
        }

        json = review_json_parse(p, (size_t) (end - p), &err);

        if (json) {
            review_answer_find_take(s, json, p, end);

        } else {
            review_answer_find_give_up(s, p, end, &err);
        }

        p = end;
    }
}


/* the whole text as one object; returns 1 if it is, be it good or not */

static int
review_answer_find_whole(const review_str_t *text, json_t **json,
    review_error_t *err)
{
    const char  *p, *last;

    p = text->data;
    last = p + text->len;

    if (p == last || *p != '{') {
        return 0;
    }

    *json = review_json_load_read(p, text->len, JSON_REJECT_DUPLICATES);

    if (*json) {
        return 1;
    }

    if (review_scan_value(&p, last) != REVIEW_SCAN_OK || p != last) {
        return 0;
    }

    *json = review_json_parse(text->data, text->len, err);

    return 1;
}


static json_t *
review_answer_find_result(review_answer_search_t *s, const review_str_t *text,
    int unclosed, review_error_t *err)
{
    char  got[REVIEW_EXCERPT];

    if (s->out.failed) {
        (void) review_error(err, "", "no memory");

    } else if (s->broken || (s->best == NULL && s->tried)) {
        *err = s->err;

    } else if (s->many) {
        (void) review_error(err, "", "one JSON object was expected, got a "
                            "list of them");

    } else if (s->best) {
        return s->best;

    } else if (unclosed) {
        (void) review_error(err, "", "the answer ends within its reasoning");

    } else {
        (void) review_error(err, "", "a JSON object was expected, got \"%s\"",
                            review_excerpt(got, sizeof(got), text->data,
                                           text->len));
    }

    json_decref(s->best);

    return NULL;
}


json_t *
review_answer_find(review_pool_t *pool, const char *content, size_t len,
    int *strict, review_error_t *err)
{
    int                      unclosed;
    json_t                  *json;
    review_buf_t             b;
    review_str_t             text;
    review_answer_search_t   s;

    *strict = 1;

    text.data = len ? content : "";
    text.len = len;

    review_answer_find_trim(&text);

    if (text.len == 0) {
        (void) review_error(err, "", "the answer is empty");
        return NULL;
    }

    if (review_answer_find_whole(&text, &json, err)) {
        return json;
    }

    *strict = 0;

    memset(&s, 0, sizeof(s));

    review_buf_init(&b, pool, 0);
    review_buf_init(&s.out, pool, 0);

    unclosed = review_answer_find_strip(&text, &b);
    s.out.failed = b.failed;
    s.last = text.data + text.len;

    review_answer_find_search(&s, text.data);

    review_answer_find_trim(&text);

    return review_answer_find_result(&s, &text, unclosed, err);
}
