
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem(), memrchr() */
#endif

#include "review/answer/answer_claim.h"
#include "review/answer/answer_find.h"
#include "review/answer/answer_said.h"
#include "review/answer/repair.h"
#include "review/base/buf.h"
#include "review/base/excerpt.h"
#include "review/base/utf8.h"
#include "review/json/json.h"
#include "review/json/load.h"
#include "review/json/scan.h"


/* so many objects may be looked up in the request: no answer has as many */

#define REVIEW_ANSWER_FIND_OBJECTS  64

typedef struct {
    review_answer_find_t  *find;
    const char            *text;
    const char            *last;
    review_buf_t           out;      /* a candidate, repaired or folded */
    json_t                *best;
    const char            *start;    /* where the best one stands */
    const char            *end;
    size_t                 depth;    /* braces open in prose; with a best
                                        one, about it or behind it */
    size_t                 objects;  /* that were looked up */
    size_t                 found;    /* candidates, quoted ones too */
    unsigned               said;     /* sets of verdicts: named elsewhere */
    unsigned               theirs;   /* in what is quoted, or in words */
    unsigned               bare;     /* in what is quoted, says no more */
    unsigned               differ:1; /* candidates that do not agree */
    unsigned               broken:1; /* a candidate that is no object */
    unsigned               torn:1;   /* a part of one without its object */
    unsigned               quoted:1; /* an object is the request's */
    unsigned               tried:1;  /* err is set */
    unsigned               looked:1; /* "named" is known */
    unsigned               named:1;  /* the request has a "verdict" */
    unsigned               may:1;    /* more verdicts in the best's text */
    review_error_t         err;
} review_answer_search_t;


static int
review_answer_find_is_quoted(review_answer_search_t *s, const char *p,
    size_t len)
{
    if (s->find->quoted == NULL) {
        return 0;
    }

    if (++s->objects > REVIEW_ANSWER_FIND_OBJECTS) {
        s->differ = 1;
        return 0;
    }

    return s->find->quoted(s->find->data, p, len);
}


/* the verdict that is named at p; returns where to go on */

static const char *
review_answer_find_claim(review_answer_search_t *s, const char *p,
    const char *last, int quoted)
{
    int          verdict, words;
    unsigned     bit;
    const char  *end;

    verdict = review_answer_claim_at(p, last, &end, &words);

    if (verdict == -1) {
        return p + 1;
    }

    bit = review_answer_claim_bit(verdict);

    if (s->said & bit) {
        return end;
    }

    /* words may speak of what would be, or of what is not so */

    if (quoted || words
        || review_answer_find_is_quoted(s, p, (size_t) (end - p)))
    {
        s->theirs |= bit;

    } else {
        s->said |= bit;
    }

    return end;
}


static void
review_answer_find_claims(review_answer_search_t *s, const char *p,
    const char *last, int quoted)
{
    while (p < last) {
        p = ((*p | 0x20) == 'v')
            ? review_answer_find_claim(s, p, last, quoted) : p + 1;
    }
}


/* does the request have the name?  A wrapper may have thousands that ask */

static int
review_answer_find_is_named(review_answer_search_t *s)
{
    if (!s->looked) {
        s->looked = 1;
        s->named = s->find->quoted(s->find->data, "verdict", 7) != 0;
    }

    return s->named;
}


/* what it says may stand in the request with other escapes */

static int
review_answer_find_is_quoted_json(review_answer_search_t *s, json_t *json)
{
    int            quoted;
    char          *text;
    review_str_t   raw;

    if (s->find->quoted == NULL) {
        return 0;
    }

    /* where its name does not stand, the object does not */

    if (json_object_get(json, "verdict")
        && !review_answer_find_is_named(s))
    {
        return 0;
    }

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        s->out.failed = 1;
        return 0;
    }

    raw.data = text;
    raw.len = strlen(text);

    s->out.len = 0;
    review_scan_unescape(&s->out, &raw);

    quoted = review_answer_find_is_quoted(s, s->out.data, s->out.len);

    free(text);

    return quoted;
}


/* null says what no member at all does */

static int
review_answer_find_same(json_t *one, json_t *other, const char *name)
{
    one = json_object_get(one, name);
    other = json_object_get(other, name);

    if (one == NULL || json_is_null(one)) {
        return other == NULL || json_is_null(other);
    }

    return json_equal(one, other);
}


/* a verdict within a string, as JSON writes it */

static void
review_answer_find_swallowed(review_answer_search_t *s, const json_t *json)
{
    int                 words;
    const char         *p, *q, *end, *last;
    static const char   name[] = "verdict";

    p = json_string_value(json);
    last = p + json_string_length(json);

    while ((p = memmem(p, (size_t) (last - p), name, sizeof(name) - 1))) {

        if (review_answer_claim_at(p, last, &end, &words) != -1) {

            for (q = p; q < end; q++) {
                if (*q == '"' || *q == '\'' || (unsigned char) *q == 0xe2) {
                    (void) review_answer_find_claim(s, p, last, 0);
                    break;
                }
            }
        }

        p += sizeof(name) - 1;
    }
}


/* is it another verdict, by a name that is not quite the contract's? */

static void
review_answer_find_member(review_answer_search_t *s, const char *name,
    const json_t *value, int top)
{
    int  verdict;

    if (review_answer_claim_is_name(name)
        || (!top && strcmp(name, "verdict") == 0))
    {
        verdict = review_answer_claim_index(review_verdicts, value);

        if (verdict != -1) {
            s->said |= review_answer_claim_bit(verdict);
        }
    }
}


/*
 * Verdicts within what was taken for an object: a piece of a document that was
 * quoted may have begun a string that goes on into the LLM's own object, or
 * have made one of its wrapper.
 */

static void
review_answer_find_inner(review_answer_search_t *s, json_t *json, int top)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (json_is_string(json)) {
        review_answer_find_swallowed(s, json);
        return;
    }

    json_array_foreach(json, i, value) {
        review_answer_find_inner(s, value, 0);
    }

    json_object_foreach(json, name, value) {

        if (top && s->find->more_verdicts && strcmp(name, "data") == 0) {
            continue;
        }

        review_answer_find_member(s, name, value, top);
        review_answer_find_inner(s, value, 0);
    }
}


/* an object that stands in the request; but who has said it? */

static void
review_answer_find_doubt(review_answer_search_t *s, json_t *json)
{
    int          verdict;
    json_t      *value;
    unsigned     set;
    const char  *name;

    s->quoted = 1;
    set = 0;

    json_object_foreach(json, name, value) {

        if (strcmp(name, "verdict") == 0 || review_answer_claim_is_name(name)) {
            verdict = review_answer_claim_index(review_verdicts, value);
            set |= (verdict == -1) ? 0 : review_answer_claim_bit(verdict);
        }
    }

    s->theirs |= set;

    if (review_answer_claim_is_bare(json)) {
        s->bare |= set;
    }
}


/* where the best one stands: once for all that a wrapper has */

static void
review_answer_find_place(review_answer_search_t *s, const char *p,
    const char *end)
{
    s->start = p;
    s->end = end;
    s->may = review_answer_claim_may(p, end) & 1;

    /* no brace elsewhere in what was said may hide that one is unmatched */

    for (s->depth = 0; p > s->text; p--) {
        if (p[-1] == '{') {
            s->depth++;

        } else if (!review_scan_is_space(p[-1])) {
            break;
        }
    }
}


static void
review_answer_find_candidate(review_answer_search_t *s, json_t *json,
    const char *p, const char *end, int quoted)
{
    s->found++;

    if (quoted || review_answer_find_is_quoted_json(s, json)) {
        review_answer_find_doubt(s, json);
        return;
    }

    if (s->best) {
        s->differ |= !review_answer_find_same(s->best, json, "verdict")
                     || !review_answer_find_same(s->best, json, "severity")
                     || !review_answer_find_same(s->best, json, "data");

        json_decref(s->best);
    }

    s->best = json_incref(json);

    if (s->start != p) {
        review_answer_find_place(s, p, end);
    }

    if (s->may) {
        review_answer_find_inner(s, json, 1);
    }
}


/* a wrapper's answer is that which is wrapped */

static void
review_answer_find_within(review_answer_search_t *s, json_t *json,
    const char *p, const char *end, int quoted)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (json_is_string(json) && !quoted) {
        review_answer_find_swallowed(s, json);
        return;
    }

    for (i = 0; review_answer_names[i]; i++) {
        if (json_object_get(json, review_answer_names[i])) {
            review_answer_find_candidate(s, json, p, end, quoted);
            return;
        }
    }

    json_array_foreach(json, i, value) {
        review_answer_find_within(s, value, p, end, quoted);
    }

    json_object_foreach(json, name, value) {

        if (!quoted) {
            review_answer_find_member(s, name, value, 1);
        }

        review_answer_find_within(s, value, p, end, quoted);
    }
}


/* takes the object that stands at [p, end) */

static void
review_answer_find_take(review_answer_search_t *s, json_t *json, const char *p,
    const char *end)
{
    int     quoted;
    size_t  found;

    quoted = review_answer_find_is_quoted(s, p, (size_t) (end - p));
    found = s->found;

    review_answer_find_within(s, json, p, end, quoted);

    if (s->found == found) {
        review_answer_find_claims(s, p, end, quoted);
    }

    json_decref(json);
}


/* an object that can't be understood, from p to end */

static void
review_answer_find_give_up(review_answer_search_t *s, const char *p,
    const char *end, review_error_t *err)
{
    if (review_answer_said_names(p, end)) {

        if (review_answer_find_is_quoted(s, p, (size_t) (end - p))) {
            s->quoted = 1;
            review_answer_find_claims(s, p, end, 1);
            return;
        }

        s->broken = 1;

    } else if (s->broken) {
        return;
    }

    s->err = *err;
    s->tried = 1;
}


/* the next character, an escape of an ASCII one undone, in lower case */

static int
review_answer_find_char(const char **p, const char *last)
{
    int                 i, c;
    const char         *q, *digit;
    static const char   digits[] = "0123456789abcdef";

    q = (*p)++;
    c = *q;

    if (c == '\\' && last - q >= 6 && q[1] == 'u') {

        for (i = 2, c = 0; i < 6; i++) {
            digit = q[i] ? strchr(digits, (q[i] >= 'A' && q[i] <= 'F')
                                          ? q[i] | 0x20 : q[i])
                         : NULL;
            if (digit == NULL) {
                return '\\';
            }

            c = c * 16 + (int) (digit - digits);
        }

        *p = q + 6;
    }

    return (c >= 'A' && c <= 'Z') ? c | 0x20 : c;
}


/*
 * Where quotes had to be guessed at, one that was copied from a document may
 * have ended a string: that a verdict's name stands once is what tells that it
 * is the LLM's own.
 */

static int
review_answer_find_twice(const char *p, const char *last)
{
    int                c;
    size_t             n, times;
    static const char  name[] = "verdict";

    n = 0;
    times = 0;

    while (p < last) {
        c = review_answer_find_char(&p, last);
        n = (c == name[n]) ? n + 1 : (c == name[0]);

        if (n == sizeof(name) - 1) {
            times++;
            n = 0;
        }
    }

    return times > 1;
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

        if (json && review_answer_find_twice(p, r.p)) {
            (void) review_error(&err, "", "strict JSON was expected: "
                                "\"verdict\" stands in it more than once");
            json_decref(json);
            json = NULL;
        }

        if (json) {
            review_answer_find_take(s, json, p, r.p);

        } else {
            review_answer_find_give_up(s, p, r.p, &err);
        }

        return r.p;
    }

    if (rc == REVIEW_SCAN_BAD && r.members == 0) {

        /* a brace, but no object */

        s->depth++;
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

    end = (rc == REVIEW_SCAN_CUT) ? s->last : review_repair_behind(&r);

    review_answer_find_give_up(s, p, end, &err);

    return end;
}


/* p stands at a brace; returns where prose goes on */

static const char *
review_answer_find_object(review_answer_search_t *s, const char *p)
{
    json_t          *json;
    const char      *end;
    review_error_t   err;

    end = p;

    if (review_scan_value(&end, s->last) != REVIEW_SCAN_OK) {
        return review_answer_find_repair(s, p);
    }

    json = review_json_parse(p, (size_t) (end - p), &err);

    if (json) {
        review_answer_find_take(s, json, p, end);

    } else {
        review_answer_find_give_up(s, p, end, &err);
    }

    return end;
}


/*
 * Prose may be anything, but a brace that nothing had opened, a name between
 * quotes behind an object, or one with a value anywhere, is a piece of another
 * object, which ended too early or began too late.
 */

static const char *
review_answer_find_prose(review_answer_search_t *s, const char *p)
{
    size_t  n;

    if (*p == '}') {
        s->torn |= (s->depth == 0);
        s->depth -= (s->depth != 0);
        return p + 1;
    }

    if ((*p | 0x20) == 'v') {
        return review_answer_find_claim(s, p, s->last, 0);
    }

    n = review_answer_said_quoted(p, s->last);

    if (n) {
        s->torn |= s->best || review_answer_said_value(p + n, s->last);
    }

    return p + 1;
}


static void
review_answer_find_search(review_answer_search_t *s, const char *p)
{
    while (p < s->last) {
        p = (*p == '{') ? review_answer_find_object(s, p)
                        : review_answer_find_prose(s, p);
    }
}


/* the whole text as one object; returns 1 if it is, be it good or not */

static int
review_answer_find_whole(review_answer_search_t *s, const review_str_t *text)
{
    json_t      *json;
    const char  *p;

    p = text->data;

    if (p == s->last || *p != '{') {
        return 0;
    }

    json = review_json_load_read(p, text->len, JSON_REJECT_DUPLICATES);

    if (json == NULL) {

        if (review_scan_value(&p, s->last) != REVIEW_SCAN_OK || p != s->last) {
            return 0;
        }

        json = review_json_parse(text->data, text->len, &s->err);

        if (json == NULL) {
            s->broken = 1;
            return 1;
        }
    }

    json_incref(json);
    review_answer_find_take(s, json, text->data, s->last);

    if (s->best == NULL && !s->quoted) {

        /* an object of other members lacks its verdict */

        s->best = json_incref(json);
        s->end = s->last;
    }

    json_decref(json);

    return 1;
}


/* is there more than white space and the end of a fence? */

static int
review_answer_find_more(const char *p, const char *last)
{
    review_scan_space(&p, last);

    if (last - p >= 3 && memcmp(p, "```", 3) == 0) {
        p += 3;
        review_scan_space(&p, last);
    }

    return p != last;
}


/* is another verdict than the best one's named, which may be the LLM's? */

static int
review_answer_find_is_doubtful(review_answer_search_t *s)
{
    int       verdict;
    unsigned  others;

    if ((s->said | s->theirs | s->bare) == 0) {
        return 0;
    }

    verdict = review_answer_claim_index(review_verdicts,
                                        json_object_get(s->best, "verdict"));
    if (verdict == -1) {
        return 0;
    }

    others = ~review_answer_claim_bit(verdict);

    return ((s->said | s->bare) & others)
           || (s->theirs & review_answer_claim_worse(verdict));
}


static json_t *
review_answer_find_result(review_answer_search_t *s, const review_str_t *said,
    int unclosed, review_error_t *err)
{
    char  got[REVIEW_EXCERPT];

    /* reasoning that never ends is the answer where it is nothing else */

    unclosed = unclosed && !(s->best && s->start == said->data
                             && s->end == s->last);

    if (s->out.failed) {
        (void) review_error(err, "", "no memory");

    } else if (s->broken) {
        *err = s->err;

    } else if (unclosed) {
        (void) review_error(err, "", "the answer ends within its reasoning");

    } else if (s->differ) {
        (void) review_error(err, "", "one JSON object was expected, got "
                            "several that do not agree");

    } else if (s->torn) {
        (void) review_error(err, "", "one JSON object was expected, got "
                            "members outside of it");

    } else if (s->best && review_answer_find_is_doubtful(s)) {
        (void) review_error(err, "", "one verdict was expected, got another "
                            "one outside of it");

    } else if (s->best) {
        s->find->more = review_answer_find_more(s->end, s->last) & 1;
        return s->best;

    } else if (s->quoted) {
        (void) review_error(err, "", "a JSON object was expected, got only "
                            "what stands in the material");

    } else if (s->tried) {
        *err = s->err;

    } else {
        (void) review_error(err, "", "a JSON object was expected, got \"%s\"",
                            review_excerpt(got, sizeof(got), said->data,
                                           said->len));
    }

    json_decref(s->best);

    return NULL;
}


/*
 * Where the document has the tag that has ended reasoning, the LLM may have
 * quoted it, and answered before.
 */

static void
review_answer_find_thought(review_answer_search_t *s, const char *p)
{
    const char  *tag, *end;

    end = s->text;
    tag = memrchr(p, '<', (size_t) (end - p));

    if (s->find->quoted == NULL || tag == NULL) {
        return;
    }

    end = memchr(tag, '>', (size_t) (end - tag));

    if (end && s->find->quoted(s->find->data, tag, (size_t) (end + 1 - tag))) {
        review_answer_find_claims(s, p, tag, 1);
    }
}


json_t *
review_answer_find(review_pool_t *pool, const char *content, size_t len,
    review_answer_find_t *find, review_error_t *err)
{
    int                      bare, unclosed;
    review_str_t             said;
    review_answer_search_t   s;

    memset(&s, 0, sizeof(s));

    review_buf_init(&s.out, pool, 0);

    find->more = 0;
    find->strict = 0;
    s.find = find;

    unclosed = review_answer_said(pool, content, len, find, &said) != 0;
    s.text = said.data;
    s.last = said.data + said.len;

    bare = (len == 0
            || memchr(content, '>', (size_t) (said.data - content)) == NULL);

    if (said.len == 0 && bare) {
        (void) review_error(err, "", "the answer is empty");
        return NULL;
    }

    if (review_answer_find_whole(&s, &said)) {
        find->strict = bare & 1;

    } else {
        review_answer_find_search(&s, said.data);
    }

    if (!bare) {
        review_answer_find_thought(&s, content);
    }

    return review_answer_find_result(&s, &said, unclosed, err);
}
