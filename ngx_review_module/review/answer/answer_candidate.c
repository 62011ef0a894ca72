
#include "review/answer/answer_candidate.h"
#include "review/answer/answer_claim.h"
#include "review/answer/answer_name.h"
#include "review/json/scan.h"


/* so many objects may be looked up in the request: no answer has as many */

#define REVIEW_ANSWER_CANDIDATE_OBJECTS  64


int
review_answer_candidate_is_quoted(review_answer_candidates_t *c, const char *p,
    size_t len)
{
    if (c->find->quoted == NULL) {
        return 0;
    }

    if (++c->objects > REVIEW_ANSWER_CANDIDATE_OBJECTS) {
        c->differ = 1;
        return 0;
    }

    return c->find->quoted(c->find->data, p, len);
}


/* the verdict that is named at p; returns where to go on */

const char *
review_answer_candidate_claim(review_answer_candidates_t *c, const char *p,
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

    if (c->said & bit) {
        return end;
    }

    /* words may speak of what would be, or of what is not so */

    if (quoted || words
        || review_answer_candidate_is_quoted(c, p, (size_t) (end - p)))
    {
        c->theirs |= bit;

    } else {
        c->said |= bit;
    }

    return end;
}


void
review_answer_candidate_claims(review_answer_candidates_t *c, const char *p,
    const char *last, int quoted)
{
    while (p < last) {
        p = ((*p | 0x20) == 'v')
            ? review_answer_candidate_claim(c, p, last, quoted) : p + 1;
    }
}


int
review_answer_candidate_is_named(review_answer_candidates_t *c)
{
    if (!c->looked && c->find->quoted) {
        c->looked = 1;
        c->named = c->find->quoted(c->find->data, "verdict", 7) != 0;
    }

    return c->named;
}


/* what it says may stand in the request with other escapes */

static int
review_answer_candidate_is_quoted_json(review_answer_candidates_t *c,
    json_t *json)
{
    int            quoted;
    char          *text;
    review_str_t   raw;

    if (c->find->quoted == NULL) {
        return 0;
    }

    /* where its name does not stand, the object does not */

    if (json_object_get(json, "verdict")
        && !review_answer_candidate_is_named(c))
    {
        return 0;
    }

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        c->out.failed = 1;
        return 0;
    }

    raw.data = text;
    raw.len = strlen(text);

    c->out.len = 0;
    review_scan_unescape(&c->out, &raw);

    quoted = review_answer_candidate_is_quoted(c, c->out.data, c->out.len);

    free(text);

    return quoted;
}


/* null says what no member at all does */

static int
review_answer_candidate_same(json_t *one, json_t *other, const char *name)
{
    one = json_object_get(one, name);
    other = json_object_get(other, name);

    if (one == NULL || json_is_null(one)) {
        return other == NULL || json_is_null(other);
    }

    return json_equal(one, other);
}


/* a verdict within a string, as JSON writes it, in whatever case */

static void
review_answer_candidate_swallowed(review_answer_candidates_t *c,
    const json_t *json)
{
    int          words;
    const char  *p, *q, *end, *last;

    p = json_string_value(json);
    last = p + json_string_length(json);

    for ( /* void */ ; p < last; p++) {

        if ((*p | 0x20) != 'v'
            || review_answer_claim_at(p, last, &end, &words) == -1)
        {
            continue;
        }

        for (q = p; q < end; q++) {
            if (*q == '"' || *q == '\'' || (unsigned char) *q == 0xe2) {
                (void) review_answer_candidate_claim(c, p, last, 0);
                break;
            }
        }
    }
}


/* is it another verdict, by a name that is not quite the contract's? */

static void
review_answer_candidate_member(review_answer_candidates_t *c, const char *name,
    const json_t *value, int top)
{
    int  verdict;

    if (review_answer_claim_is_name(name)
        || (!top && strcmp(name, "verdict") == 0))
    {
        verdict = review_answer_claim_index(review_verdicts, value);

        if (verdict != -1) {
            c->said |= review_answer_claim_bit(verdict);
        }
    }
}


/*
 * Verdicts within what was taken for an object: a piece of a document that was
 * quoted may have begun a string that goes on into the LLM's own object, or
 * have made one of its wrapper.
 */

static void
review_answer_candidate_inner(review_answer_candidates_t *c, json_t *json,
    int top)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (json_is_string(json)) {
        review_answer_candidate_swallowed(c, json);
        return;
    }

    json_array_foreach(json, i, value) {
        review_answer_candidate_inner(c, value, 0);
    }

    json_object_foreach(json, name, value) {

        if (top && c->find->more_verdicts && strcmp(name, "data") == 0) {
            continue;
        }

        review_answer_candidate_member(c, name, value, top);
        review_answer_candidate_inner(c, value, 0);
    }
}


/* an object that stands in the request; but who has said it? */

static void
review_answer_candidate_doubt(review_answer_candidates_t *c, json_t *json)
{
    int          verdict;
    json_t      *value;
    unsigned     set;
    const char  *name;

    c->quoted = 1;
    set = 0;

    json_object_foreach(json, name, value) {

        if (strcmp(name, "verdict") == 0
            || review_answer_claim_is_name(name))
        {
            verdict = review_answer_claim_index(review_verdicts, value);
            set |= (verdict == -1) ? 0 : review_answer_claim_bit(verdict);
        }
    }

    c->theirs |= set;

    if (review_answer_claim_is_bare(json)) {
        c->bare |= set;
    }
}


/* where the best one stands: once for all that a wrapper has */

static void
review_answer_candidate_place(review_answer_candidates_t *c, const char *p,
    const char *end)
{
    c->start = p;
    c->end = end;
    c->may = review_answer_claim_may(p, end) & 1;

    /* no brace elsewhere in what was said may hide that one is unmatched */

    for (c->depth = 0; p > c->text; p--) {
        if (p[-1] == '{') {
            c->depth++;

        } else if (!review_scan_is_space(p[-1])) {
            break;
        }
    }
}


static void
review_answer_candidate_add(review_answer_candidates_t *c, json_t *json,
    const char *p, const char *end, int quoted)
{
    c->found++;

    if (quoted || review_answer_candidate_is_quoted_json(c, json)) {
        review_answer_candidate_doubt(c, json);
        return;
    }

    if (c->best) {
        if (!review_answer_candidate_same(c->best, json, "verdict")
            || !review_answer_candidate_same(c->best, json, "severity")
            || (c->find->found
                && !review_answer_candidate_same(c->best, json, "found"))
            || !review_answer_candidate_same(c->best, json, "data"))
        {
            c->differ = 1;
        }

        json_decref(c->best);
    }

    c->best = json_incref(json);

    if (c->start != p) {
        review_answer_candidate_place(c, p, end);
    }

    if (c->may) {
        review_answer_candidate_inner(c, json, 1);
    }
}


/*
 * The same with names as they should be, in the same order, or NULL: they are,
 * or the name stands there in more than one way.  The caller owns it.
 */

static json_t *
review_answer_candidate_named(review_answer_candidates_t *c, json_t *json)
{
    size_t       n;
    json_t      *other, *value;
    const char  *name, *known;

    n = 0;

    json_object_foreach(json, name, value) {
        known = review_answer_name_other(name);

        if (known) {
            n++;

            if (json_object_get(json, known)) {
                return NULL;
            }
        }
    }

    if (n == 0) {
        return NULL;
    }

    other = json_object();

    json_object_foreach(json, name, value) {
        known = review_answer_name_other(name);
        known = known ? known : name;

        if (json_object_get(other, known)) {
            json_decref(other);
            return NULL;
        }

        if (json_object_set(other, known, value) != 0) {
            c->out.failed = 1;
        }
    }

    return other;
}


/* returns 1 if it is one */

static int
review_answer_candidate_is_one(review_answer_candidates_t *c, json_t *json,
    const char *p, const char *end, int quoted)
{
    int      one;
    size_t   i;
    json_t  *best, *other;

    other = review_answer_candidate_named(c, json);
    json = other ? other : json;

    for (i = 0, one = 0; review_answer_names[i] && !one; i++) {
        if (json_object_get(json, review_answer_names[i])) {
            best = c->best;
            one = 1;

            review_answer_candidate_add(c, json, p, end, quoted);

            if (c->best != best) {
                c->mapped = (other != NULL);
            }
        }
    }

    json_decref(other);

    return one;
}


/* a wrapper's answer is that which is wrapped */

static void
review_answer_candidate_within(review_answer_candidates_t *c, json_t *json,
    const char *p, const char *end, int quoted)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (json_is_string(json) && !quoted) {
        review_answer_candidate_swallowed(c, json);
        return;
    }

    if (review_answer_candidate_is_one(c, json, p, end, quoted)) {
        return;
    }

    json_array_foreach(json, i, value) {
        review_answer_candidate_within(c, value, p, end, quoted);
    }

    json_object_foreach(json, name, value) {

        if (!quoted) {
            review_answer_candidate_member(c, name, value, 1);
        }

        review_answer_candidate_within(c, value, p, end, quoted);
    }
}


/* takes the object that stands at [p, end) */

void
review_answer_candidate_take(review_answer_candidates_t *c, json_t *json,
    const char *p, const char *end)
{
    int     quoted;
    size_t  found;

    quoted = review_answer_candidate_is_quoted(c, p, (size_t) (end - p));
    found = c->found;

    review_answer_candidate_within(c, json, p, end, quoted);

    if (c->found == found) {
        review_answer_candidate_claims(c, p, end, quoted);
    }

    json_decref(json);
}


/* is another verdict than the best one's named, which may be the LLM's? */

int
review_answer_candidate_is_doubtful(review_answer_candidates_t *c)
{
    int       verdict;
    unsigned  others;

    if ((c->said | c->theirs | c->bare) == 0) {
        return 0;
    }

    verdict = review_answer_claim_index(review_verdicts,
                                        json_object_get(c->best, "verdict"));
    if (verdict == -1) {
        return 0;
    }

    others = ~review_answer_claim_bit(verdict);

    return ((c->said | c->bare) & others)
           || (c->theirs & review_answer_claim_worse(verdict));
}
