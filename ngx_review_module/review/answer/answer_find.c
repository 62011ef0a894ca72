
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "review/answer/answer_candidate.h"
#include "review/answer/answer_claim.h"
#include "review/answer/answer_name.h"
#include "review/answer/answer_said.h"
#include "review/answer/repair.h"
#include "review/base/buf.h"
#include "review/base/excerpt.h"
#include "review/base/utf8.h"
#include "review/json/json.h"
#include "review/json/load.h"
#include "review/json/scan.h"

#include <strings.h>


/* so many characters before a verdict tell that it was copied with them */

#define REVIEW_ANSWER_FIND_BEFORE  2


typedef struct {
    review_answer_candidates_t   c;
    const char                  *last;
    unsigned                     broken:1;   /* one that is no object */
    unsigned                     torn:1;     /* a part of one without its
                                                object */
    unsigned                     tried:1;    /* err is set */
    unsigned                     mended:1;   /* a number */
    review_error_t               err;
} review_answer_search_t;


/* an object that can't be understood, from p to end */

static void
review_answer_find_give_up(review_answer_search_t *s, const char *p,
    const char *end, review_error_t *err)
{
    if (review_answer_name_stands(p, end)) {

        if (review_answer_candidate_is_quoted(&s->c, p, (size_t) (end - p))) {
            s->c.quoted = 1;
            review_answer_candidate_claims(&s->c, p, end, 1);
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
review_answer_find_twice(const char *p, const char *last, const char *name)
{
    int     c;
    size_t  n, times;

    n = 0;
    times = 0;

    while (p < last) {
        c = review_answer_find_char(&p, last);
        n = (c == name[n]) ? n + 1 : (c == name[0]);

        if (name[n] == '\0') {
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
    const char      *end, *twice;
    review_error_t   err;
    review_scan_e    rc;
    review_repair_t  r;

    s->c.out.len = 0;

    r.p = p;
    r.last = s->last;
    r.out = &s->c.out;

    rc = review_repair_object(&r);

    if (s->c.out.failed) {
        return s->last;
    }

    if (rc == REVIEW_SCAN_OK) {
        json = review_json_parse(s->c.out.data, s->c.out.len, &err);

        twice = review_answer_find_twice(p, r.p, "verdict") ? "verdict"
                : s->c.find->found && review_answer_find_twice(p, r.p,
                                                             "\"found\"")
                ? "found" : NULL;

        if (json && twice) {
            (void) review_error(&err, "", "strict JSON was expected: "
                                "\"%s\" stands in it more than once", twice);
            json_decref(json);
            json = NULL;
        }

        if (json) {
            review_answer_candidate_take(&s->c, json, p, r.p);

        } else {
            review_answer_find_give_up(s, p, r.p, &err);
        }

        return r.p;
    }

    if (rc == REVIEW_SCAN_BAD && r.members == 0) {

        /* a brace, but no object */

        s->c.depth++;
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


/* a number that is too large for anybody is no reason to lose the object */

static json_t *
review_answer_find_parse(review_answer_search_t *s, const char *p, size_t len,
    review_error_t *err)
{
    json_t  *json;

    json = review_json_parse(p, len, err);

    if (json) {
        return json;
    }

    s->c.out.len = 0;

    if (review_repair_numbers(&s->c.out, p, p + len) == 0
        || s->c.out.failed)
    {
        return NULL;
    }

    s->mended = 1;

    return review_json_parse(s->c.out.data, s->c.out.len, err);
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

    json = review_answer_find_parse(s, p, (size_t) (end - p), &err);

    if (json) {
        review_answer_candidate_take(&s->c, json, p, end);

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
        s->torn |= (s->c.depth == 0);
        s->c.depth -= (s->c.depth != 0);
        return p + 1;
    }

    if ((*p | 0x20) == 'v') {
        return review_answer_candidate_claim(&s->c, p, s->last, 0);
    }

    n = review_answer_name_quoted(p, s->last);

    if (n) {
        s->torn |= s->c.best || review_answer_name_value(p + n, s->last);
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

        json = review_answer_find_parse(s, text->data, text->len, &s->err);

        if (json == NULL) {
            s->broken = 1;
            return 1;
        }
    }

    json_incref(json);
    review_answer_candidate_take(&s->c, json, text->data, s->last);

    if (s->c.best == NULL && !s->c.quoted) {

        /* an object of other members lacks its verdict */

        s->c.best = json_incref(json);
        s->c.end = s->last;
    }

    json_decref(json);

    return 1;
}


/* does what follows have anything of an answer, or of one that is begun? */

static int
review_answer_find_is_said(review_answer_search_t *s, const char *p)
{
    return memchr(p, '{', (size_t) (s->last - p))
           || review_answer_name_stands(p, s->last);
}


/*
 * Is there more than white space and the end of a fence, which may be cut
 * itself?  What an answer begins with is all of it where it is in a fence that
 * is closed: then prose may follow.
 */

static int
review_answer_find_more(review_answer_search_t *s, const char *text)
{
    size_t       n;
    const char  *p;

    p = s->c.end;
    review_scan_space(&p, s->last);

    for (n = 0; p < s->last && *p == '`' && n < 3; n++) {
        p++;
    }

    review_scan_space(&p, s->last);

    return p != s->last
           && (n < 3 || s->last - text < 3 || memcmp(text, "```", 3) != 0
               || s->c.found > 1 || review_answer_find_is_said(s, p));
}


/* where the fence begins that the best object is in, or its own beginning */

static const char *
review_answer_find_fence(review_answer_search_t *s, const char *text)
{
    const char  *p;

    p = s->c.start;

    while (p > text && review_scan_is_space(p[-1])) {
        p--;
    }

    while (p > text && (p[-1] | 0x20) >= 'a' && (p[-1] | 0x20) <= 'z') {
        p--;
    }

    return p - text >= 3 && memcmp(p - 3, "```", 3) == 0 ? p - 3 : s->c.start;
}


/* may content that was cut have gone on to say something else? */

static int
review_answer_find_is_early(review_answer_search_t *s, const char *text)
{
    const char    *p, *end, *fence, *verdict;
    review_str_t   before;

    end = s->c.end;
    fence = review_answer_find_fence(s, text);

    before.data = text;
    before.len = (size_t) (fence - text);
    review_scan_trim(&before);

    if (before.len) {
        p = end;
        review_scan_space(&p, s->last);

        if (fence == s->c.start || s->last - p < 3
            || memcmp(p, "```", 3) != 0)
        {
            return 1;
        }
    }

    verdict = NULL;

    for (p = s->c.start; end - p > 7; p++) {
        if ((*p | 0x20) == 'v' && strncasecmp(p, "verdict", 7) == 0) {
            verdict = p;
        }
    }

    return verdict == NULL
           || review_answer_candidate_is_quoted(&s->c, verdict,
                                                (size_t) (end - verdict));
}


/* what may stand between a value and the name behind it, before p */

static size_t
review_answer_find_between(const char *start, const char *p)
{
    size_t                    i, n;
    static const char *const  marks[] = {
        "\"", "'", ",", "]", "}", "“", "”", "，", "\xE3\x80\x80"
    };

    if (p > start && review_scan_is_space(p[-1])) {
        return 1;
    }

    for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        n = strlen(marks[i]);

        if ((size_t) (p - start) >= n && memcmp(p - n, marks[i], n) == 0) {
            return n;
        }
    }

    return 0;
}


/*
 * Is the verdict that is named from p to "end" a member, and does it stand in
 * the request as it stands here, behind the last characters of the value before
 * it?  -1: it is no member, but text, or the value of one.
 */

static int
review_answer_find_member(review_answer_search_t *s, const char *p,
    const char *end)
{
    size_t       i, n;
    const char  *from, *start;

    start = s->c.start;
    from = p;

    while ((n = review_answer_find_between(start, from)) != 0) {
        from -= n;
    }

    if (from == p || from == start || from[-1] == '\\' || from[-1] == ':') {
        return -1;
    }

    /* the first one of an object: nothing was copied before it */

    if (from[-1] == '{') {
        return 0;
    }

    for (i = 0; i < REVIEW_ANSWER_FIND_BEFORE && from > start; i++) {
        do {
            from--;
        } while (from > start && ((unsigned char) *from & 0xc0) == 0x80);
    }

    return review_answer_candidate_is_quoted(&s->c, from,
                                             (size_t) (end - from));
}


/*
 * An LLM that copies words without escapes may end a string by them, and tell
 * their verdict as its own.  It need not notice: a grammar that it is held to
 * lets it end there, or go on with what comes behind a verdict.
 */

static int
review_answer_find_is_copied(review_answer_search_t *s)
{
    int          member, named, stands, strict, words;
    const char  *p, *end;

    if (json_object_get(s->c.best, "verdict") == NULL) {
        return 0;
    }

    /* of a request that has no such name it is written with escapes */

    if (!review_answer_candidate_is_named(&s->c)
        && memmem(s->c.start, (size_t) (s->c.end - s->c.start), "\"verdict\"",
                  9))
    {
        return 0;
    }

    end = s->c.start;
    strict = review_scan_value(&end, s->c.end) == REVIEW_SCAN_OK
             && end == s->c.end;

    named = 0;
    stands = 0;

    for (p = s->c.start + 1; s->c.end - p > 7; p++) {

        if ((*p | 0x20) != 'v' || strncasecmp(p, "verdict", 7) != 0) {
            continue;
        }

        stands = 1;

        if ((strict && (p[-1] != '"' || p[7] != '"'))
            || review_answer_claim_at(p, s->c.end, &end, &words) == -1)
        {
            continue;
        }

        member = review_answer_find_member(s, p, end);

        if (member > 0) {
            return 1;
        }

        named |= (member == 0);
    }

    /* one that is written in another way than LLMs write it */

    return !named
           && (!stands
               || review_answer_candidate_is_quoted(&s->c, "verdict", 7));
}


static json_t *
review_answer_find_result(review_answer_search_t *s,
    const review_answer_said_t *said, review_error_t *err)
{
    int   copied, unclosed;
    char  got[REVIEW_EXCERPT];

    copied = s->c.best && review_answer_find_is_copied(s);

    /* reasoning that never ends is the answer where it is nothing else */

    unclosed = said->unclosed && !(s->c.best && s->c.start == said->text.data
                                   && s->c.end == s->last);

    if (s->c.out.failed) {
        (void) review_error(err, "", "no memory");

    } else if (s->broken) {
        *err = s->err;

    } else if (unclosed) {
        (void) review_error(err, "", "the answer ends within its reasoning");

    } else if (s->c.differ) {
        (void) review_error(err, "", "one JSON object was expected, got "
                            "several that do not agree");

    } else if (s->torn) {
        (void) review_error(err, "", "one JSON object was expected, got "
                            "members outside of it");

    } else if (s->c.best && review_answer_candidate_is_doubtful(&s->c)) {
        (void) review_error(err, "", "one verdict was expected, got another "
                            "one outside of it");

    } else if (copied) {
        (void) review_error(err, "", "the verdict stands in the material, "
                            "behind what is quoted: quotes within strings "
                            "must be escaped");

    } else if (s->c.best && s->c.find->cut
               && (said->unclosed
                   || review_answer_find_is_early(s, said->text.data)))
    {
        (void) review_error(err, "", "the answer ends early: another one may "
                            "have been to come");

    } else if (s->c.best) {
        s->c.find->more = review_answer_find_more(s, said->text.data) & 1;
        s->c.find->mapped = s->c.mapped;
        return s->c.best;

    } else if (s->c.quoted) {
        (void) review_error(err, "", "a JSON object was expected, got only "
                            "what stands in the material");

    } else if (s->tried) {
        *err = s->err;

    } else {
        (void) review_error(err, "", "a JSON object was expected, got \"%s\"",
                            review_excerpt(got, sizeof(got), said->text.data,
                                           said->text.len));
    }

    json_decref(s->c.best);

    return NULL;
}


json_t *
review_answer_find(review_pool_t *pool, const char *content, size_t len,
    review_answer_find_t *find, review_error_t *err)
{
    review_str_t            *text;
    review_answer_said_t     said;
    review_answer_search_t   s;

    memset(&s, 0, sizeof(s));

    review_buf_init(&s.c.out, pool, 0);

    find->more = 0;
    find->mapped = 0;
    find->strict = 0;
    s.c.find = find;

    review_answer_said(pool, content, len, find->quoted, find->data, &said);

    find->said = said.text;
    find->said.len = said.unclosed ? 0 : said.text.len;

    text = &said.text;
    s.c.text = text->data;
    s.last = text->data + text->len;

    if (text->len == 0 && !said.thought) {
        (void) review_error(err, "", "the answer is empty");
        return NULL;
    }

    if (review_answer_find_whole(&s, text)) {
        find->strict = !said.thought && !s.mended;

    } else {
        review_answer_find_search(&s, text->data);
    }

    /*
     * Where the document has the mark that has ended reasoning, the LLM may
     * have quoted it, and answered before.
     */

    if (said.doubt) {
        review_answer_candidate_claims(&s.c, content, said.doubt, 1);
    }

    return review_answer_find_result(&s, &said, err);
}
