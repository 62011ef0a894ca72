
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "review/quote/quote.h"
#include "review/quote/edge.h"
#include "review/quote/grams.h"
#include "review/quote/norm.h"
#include "review/quote/points.h"
#include "review/quote/lean.h"
#include "review/quote/skip.h"
#include "review/base/lines.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


#define REVIEW_QUOTE_FRAGMENTS  8       /* between a quote's ellipses */
#define REVIEW_QUOTE_LETTERS    4       /* in such a fragment, at least */
#define REVIEW_QUOTE_GAP        500     /* code points left out, at most */


/*
 * What a place that is found but refused costs, beside the quote's length;
 * what may be spent for a quote, a few milliseconds at most; and for how many
 * such quotes of an answer together, in however many texts.  Text made to be
 * refused must not hold up others.
 */

#define REVIEW_QUOTE_COST       512
#define REVIEW_QUOTE_BUDGET     1048576
#define REVIEW_QUOTE_SPENDERS   4


struct review_quote_s {
    review_str_t     text;
    size_t           work;             /* spent on its refused places */
    size_t           total;            /* and on those of all quotes */
    review_norm_t    norm;             /* its buffers serve every quote */
    review_str_t     form;             /* of no length: it can't be compared */
    review_str_t     trimmed;
    review_str_t     fragments[REVIEW_QUOTE_FRAGMENTS];
    size_t           nfragments;
    unsigned         valid:1;
    unsigned         normalized:1;
    unsigned         gave_up:1;
};


/* a text's normalized form, in which quotes are looked for */

typedef struct {
    review_norm_t    norm;
    review_points_t  points;
    review_grams_t   grams;            /* once the text is indexed */
    review_joints_t  joints;           /* of one that lacks something */
    unsigned         made:1;
    unsigned         joined:1;         /* the joints are known */
} review_form_t;


/* the first one is whole; others are of use where it has what they lack */

static const unsigned  review_quote_forms[] = {
    0,
    REVIEW_SKIP_PAGES,
    REVIEW_SKIP_PAGES|REVIEW_SKIP_TITLES,
    REVIEW_SKIP_PAGES|REVIEW_SKIP_MARKS
};

#define REVIEW_QUOTE_FORMS                                                    \
    (sizeof(review_quote_forms) / sizeof(review_quote_forms[0]))


/* bytes of a text that has others: each takes five times as much */

#define REVIEW_QUOTE_FORMED  (16 * 1024 * 1024)


struct review_source_s {
    review_pool_t   *pool;
    review_str_t     text;
    uint64_t         read;             /* bytes, for all quotes */
    review_points_t  points;
    review_lines_t   lines;
    review_grams_t   grams;            /* of the text, once it is indexed */
    review_form_t    forms[REVIEW_QUOTE_FORMS];
    review_skip_t    skip;
    unsigned         skipped:1;        /* what may be skipped is known */
    unsigned         indexed:1;
};


/* where a piece of normalized text stands */

typedef struct {
    size_t           pos;              /* in the normalized form */
    size_t           end;
    size_t           from;             /* in the text */
    size_t           to;
} review_place_t;


const char *const  review_matches[] = {
    "none", "normalized", "exact", NULL
};


review_source_t *
review_quote_source_create(review_pool_t *pool, const char *data, size_t len)
{
    review_source_t  *source;

    if (len > UINT32_MAX) {
        return NULL;
    }

    source = review_alloc(pool, sizeof(review_source_t));
    if (source == NULL) {
        return NULL;
    }

    memset(source, 0, sizeof(review_source_t));

    source->pool = pool;
    source->text.data = len ? data : "";
    source->text.len = len;

    return source;
}


review_quote_t *
review_quote_create(review_pool_t *pool)
{
    review_quote_t  *q;

    q = review_alloc(pool, sizeof(review_quote_t));

    if (q) {
        memset(q, 0, sizeof(review_quote_t));

        review_norm_init(&q->norm, pool, 0, 0);
    }

    return q;
}


void
review_quote_begin(review_quote_t *q)
{
    q->total = 0;
}


void
review_quote_set(review_quote_t *q, const review_str_t *text)
{
    q->text = *text;
    q->work = 0;
    q->normalized = 0;
    q->gave_up = 0;
    q->valid = text->len > 0 && text->len <= UINT32_MAX
               && review_utf8_valid(text->data, text->len) == text->len;
}


/* the number of code points before an offset */

static size_t
review_quote_source_point(review_source_t *source, size_t offset)
{
    if (source->points.data == NULL) {
        review_points_init(&source->points, source->pool, source->text.data,
                           source->text.len);
    }

    return review_points_before(&source->points, offset);
}


/* 0, or -1: no memory, and then there is none later either */

static int
review_quote_source_normalize(review_source_t *source, review_form_t *form,
    unsigned kinds)
{
    int             rc;
    size_t          n;
    review_norm_t  *norm;

    norm = &form->norm;

    if (form->made) {
        return norm->text.failed ? -1 : 0;
    }

    form->made = 1;

    if (kinds) {
        review_norm_init(norm, source->pool, source->forms[0].norm.text.len,
                         source->forms[0].norm.units.len
                         / sizeof(review_unit_t));

        rc = review_lean_make(norm, &source->forms[0].norm,
                              &source->forms[0].points, &source->skip, kinds);

    } else {
        n = review_utf8_count(source->text.data, source->text.len);

        review_norm_init(norm, source->pool, source->text.len + 4, n + 1);

        rc = review_norm_make(norm, source->text.data, source->text.len);
    }

    if (rc != 0) {
        norm->text.failed = 1;
        return -1;
    }

    review_points_init(&form->points, source->pool, norm->text.data,
                       norm->text.len);

    if (source->indexed) {
        review_grams_init(&form->grams, source->pool, norm->text.data,
                          norm->text.len);
    }

    return 0;
}


/*
 * The form of that number, if the quote may stand there, and in none of those
 * before; or NULL.
 */

static review_form_t *
review_quote_source_form(review_source_t *source, review_quote_t *q, size_t i)
{
    unsigned        own, kinds;
    review_form_t  *form;

    form = &source->forms[i];
    kinds = review_quote_forms[i];

    if (!source->skipped) {
        source->skipped = 1;

        if (review_skip_find(&source->skip, source->pool, source->text.data,
                             source->text.len, REVIEW_SKIP_ALL)
            != 0)
        {
            source->skip.kinds = 0;
        }
    }

    /* pages are what the second one is for */

    own = (i == 1) ? kinds : kinds & ~(unsigned) REVIEW_SKIP_PAGES;

    if (!(source->skip.kinds & own)) {
        return NULL;
    }

    if (!form->joined) {
        form->joined = 1;

        review_lean_joints(&form->joints, source->pool,
                           &source->forms[0].norm, &source->forms[0].points,
                           &source->skip, kinds);
    }

    return (review_lean_may(&form->joints, &q->form)
            && review_quote_source_normalize(source, form, kinds) == 0)
           ? form : NULL;
}


static int
review_quote_spent(review_quote_t *q, size_t len)
{
    q->work += len + REVIEW_QUOTE_COST;
    q->total += len + REVIEW_QUOTE_COST;

    if (q->work > REVIEW_QUOTE_BUDGET
        || q->total > REVIEW_QUOTE_BUDGET * REVIEW_QUOTE_SPENDERS)
    {
        q->gave_up = 1;
    }

    return q->gave_up;
}


/* the first place that cuts no number, or NULL */

static const char *
review_quote_source_exact(review_source_t *source, review_quote_t *q)
{
    size_t       from, len;
    const char  *p, *last;

    if (!review_grams_may(&source->grams, q->text.data, q->text.len)) {
        return NULL;
    }

    p = source->text.data;
    last = p + source->text.len;
    len = q->text.len;

    while ((p = memmem(p, (size_t) (last - p), q->text.data, len))) {
        from = (size_t) (p - source->text.data);

        if (!review_edge_cuts(&source->text, from, 1)
            && !review_edge_cuts(&source->text, from + len, 0))
        {
            source->read += from + len;
            return p;
        }

        if (review_quote_spent(q, len)) {
            break;
        }

        p++;
    }

    source->read += source->text.len;

    return NULL;
}


/* in a formula spaces part no number, as its form tells */

static int
review_quote_source_cuts(review_source_t *source, review_form_t *form,
    size_t offset, size_t pos, int start)
{
    review_str_t  text;

    if (review_edge_cuts(&source->text, offset, start)) {
        return 1;
    }

    if (!review_norm_in_formula(&form->norm, offset)) {
        return 0;
    }

    text.data = form->norm.text.data;
    text.len = form->norm.text.len;

    return review_edge_cuts(&text, pos, start);
}


/* the bytes of the text that [pos, end) was made of; 0: a number is cut */

static int
review_quote_source_place(review_source_t *source, review_form_t *form,
    review_place_t *place)
{
    size_t          i, j, n;
    const char     *text;
    review_unit_t  *units;

    text = form->norm.text.data;
    units = (review_unit_t *) form->norm.units.data;
    n = form->norm.units.len / sizeof(review_unit_t);

    i = review_points_before(&form->points, place->pos);
    j = review_points_before(&form->points, place->end) - 1;

    place->from = units[i].from;
    place->to = units[j].to;

    /* one digit of several that a code point became is not its number */

    if ((i > 0 && units[i - 1].from == units[i].from
         && units[i - 1].to == units[i].to
         && review_quote_is_digit(text[place->pos]))
        || (j + 1 < n && units[j + 1].from == units[j].from
            && review_quote_is_digit(text[place->end - 1])))
    {
        return 0;
    }

    return !review_quote_source_cuts(source, form, place->from, place->pos, 1)
           && !review_quote_source_cuts(source, form, place->to, place->end, 0);
}


/* looks for normalized text from place->pos on; 0: there is none */

static int
review_quote_source_search(review_source_t *source, review_form_t *form,
    review_quote_t *q, const review_str_t *text, review_place_t *place)
{
    size_t         start;
    const char    *p, *last;
    review_buf_t  *norm;

    norm = &form->norm.text;
    start = place->pos;

    if (norm->len - start < text->len
        || !review_grams_may(&form->grams, text->data, text->len))
    {
        return 0;
    }

    p = norm->data + start;
    last = norm->data + norm->len;

    while ((p = memmem(p, (size_t) (last - p), text->data, text->len))) {

        place->pos = (size_t) (p - norm->data);
        place->end = place->pos + text->len;

        if (review_quote_source_place(source, form, place)) {
            source->read += place->end - start;
            return 1;
        }

        if (review_quote_spent(q, text->len)) {
            break;
        }

        p++;
    }

    source->read += norm->len - start;

    return 0;
}


/* letters, digits and ideographs; stops at "max" */

static size_t
review_quote_letters(review_str_t *text, size_t max)
{
    size_t       n;
    const char  *p, *last;

    n = 0;
    p = text->data;
    last = p + text->len;

    while (p < last && n < max) {

        switch (utf8proc_category(review_utf8_next(&p, last))) {

        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            n++;
            break;

        default:
            break;
        }
    }

    return n;
}


/* punctuation that an LLM may have added: ".5" keeps its point, though */

static void
review_quote_trim(review_str_t *text)
{
    static const char  trimmed[] = { '.', ',', ';', ':', '!', '?',
                                     REVIEW_NORM_ELLIPSIS };

    while (text->len > 0 && memchr(trimmed, text->data[0], sizeof(trimmed))) {

        if (text->len > 1 && review_quote_is_digit(text->data[1])
            && (text->data[0] == '.' || text->data[0] == ','))
        {
            break;
        }

        text->data++;
        text->len--;
    }

    while (text->len > 0
           && memchr(trimmed, text->data[text->len - 1], sizeof(trimmed)))
    {
        text->len--;
    }
}


/*
 * Splits a quote at its ellipses, with the brackets about them.  Returns the
 * number of fragments; 0: too many, or one of them says too little.
 */

static size_t
review_quote_split(review_str_t *text, review_str_t *fragments)
{
    size_t         n;
    const char    *p, *end, *last;
    review_str_t  *fragment;

    last = text->data + text->len;

    for (p = text->data, n = 0; p <= last; p = end + 1, n++) {

        if (n == REVIEW_QUOTE_FRAGMENTS) {
            return 0;
        }

        end = memchr(p, REVIEW_NORM_ELLIPSIS, (size_t) (last - p));
        if (end == NULL) {
            end = last;
        }

        fragment = &fragments[n];
        fragment->data = p;
        fragment->len = (size_t) (end - p);

        if (n > 0 && fragment->len > 0 && *p == ')'
            && fragment[-1].len > 0
            && fragment[-1].data[fragment[-1].len - 1] == '(')
        {
            fragment->data++;
            fragment->len--;
            fragment[-1].len--;
        }
    }

    for (fragment = fragments; fragment < fragments + n; fragment++) {
        review_quote_trim(fragment);

        if (review_quote_letters(fragment, REVIEW_QUOTE_LETTERS)
            < REVIEW_QUOTE_LETTERS)
        {
            return 0;
        }
    }

    return n;
}


static int
review_quote_source_near(review_source_t *source, size_t from, size_t to)
{
    if (from >= to) {
        return 1;
    }

    return to - from <= REVIEW_QUOTE_GAP * 4
           && review_quote_source_point(source, to)
              - review_quote_source_point(source, from) <= REVIEW_QUOTE_GAP;
}


/*
 * Looks for fragments in their order, each near the one before it.  Places
 * only ever move on, so that all of them together pass the text once for each
 * fragment.
 */

static int
review_quote_source_fragments(review_source_t *source, review_form_t *form,
    review_quote_t *q, review_place_t *place)
{
    size_t          i, n;
    review_place_t  places[REVIEW_QUOTE_FRAGMENTS];

    n = q->nfragments;

    if (n < 2) {
        return 0;
    }

    memset(places, 0, sizeof(places));

    for ( ;; ) {

        for (i = 0; i < n; i++) {

            if (i > 0 && places[i].pos < places[i - 1].end) {
                places[i].pos = places[i - 1].end;
            }

            if (!review_quote_source_search(source, form, q,
                                            &q->fragments[i],
                                            &places[i]))
            {
                return 0;
            }

            if (i > 0 && !review_quote_source_near(source, places[i - 1].to,
                                                   places[i].from))
            {
                break;
            }
        }

        if (i == n) {
            *place = places[0];
            place->to = places[n - 1].to;
            return 1;
        }

        if (review_quote_spent(q, q->fragments[0].len)) {
            return 0;
        }

        places[0].pos++;
    }
}


/* once for all texts; 0, or -1: no memory */

static int
review_quote_normalize(review_quote_t *q)
{
    if (q->normalized) {
        return q->norm.text.failed ? -1 : 0;
    }

    q->normalized = 1;

    if (review_norm_make(&q->norm, q->text.data, q->text.len) != 0) {
        return -1;
    }

    q->form.data = q->norm.text.data;
    q->form.len = q->norm.text.len;
    q->nfragments = 0;

    if (q->form.len == 0 || review_quote_letters(&q->form, 1) == 0) {
        q->form.len = 0;
        return 0;
    }

    q->trimmed = q->form;
    review_quote_trim(&q->trimmed);
    q->nfragments = review_quote_split(&q->trimmed, q->fragments);

    return 0;
}


static int
review_quote_source_look(review_source_t *source, review_form_t *form,
    review_quote_t *q, review_place_t *place)
{
    memset(place, 0, sizeof(review_place_t));

    if (review_quote_source_search(source, form, q, &q->form, place)) {
        return 1;
    }

    place->pos = 0;

    if (q->trimmed.len < q->form.len
        && review_quote_source_search(source, form, q, &q->trimmed, place))
    {
        return 1;
    }

    return review_quote_source_fragments(source, form, q, place);
}


/* in the whole form, and then in those that lack what may be left out */

static int
review_quote_source_find_normalized(review_source_t *source, review_quote_t *q,
    review_place_t *place)
{
    size_t          i;
    review_form_t  *form;

    form = &source->forms[0];

    if (review_quote_source_normalize(source, form, 0) != 0
        || review_quote_normalize(q) != 0)
    {
        q->gave_up = 1;
        return 0;
    }

    if (q->form.len == 0) {
        return 0;
    }

    if (review_quote_source_look(source, form, q, place)) {
        return 1;
    }

    if (source->text.len > REVIEW_QUOTE_FORMED) {
        q->gave_up = 1;
    }

    for (i = 1; i < REVIEW_QUOTE_FORMS && !q->gave_up; i++) {
        form = review_quote_source_form(source, q, i);

        if (form && review_quote_source_look(source, form, q, place)) {
            return 1;
        }
    }

    return 0;
}


/* white space that a place begins with may be of a line, or page, before */

static void
review_quote_source_line(review_source_t *source, size_t from, size_t to,
    review_span_t *span)
{
    size_t  at;

    if (source->lines.data == NULL) {
        review_lines_init(&source->lines, source->pool, source->text.data,
                          source->text.len);
    }

    for (at = from; at < to; at++) {
        if ((unsigned char) source->text.data[at] > ' ') {
            from = at;
            break;
        }
    }

    span->line = review_lines_line(&source->lines, from);
    span->page = review_lines_page(&source->lines, from);
}


void
review_quote_source_span(review_source_t *source, size_t from, size_t to,
    review_span_t *span)
{
    if (to > source->text.len) {
        to = source->text.len;
    }

    if (from > to) {
        from = to;
    }

    /* a code point is never cut */

    while (from > 0 && from < source->text.len
           && review_utf8_trail(source->text.data[from]))
    {
        from--;
    }

    while (to < source->text.len && review_utf8_trail(source->text.data[to])) {
        to++;
    }

    span->match = REVIEW_MATCH_EXACT;
    span->start = review_quote_source_point(source, from);
    span->end = review_quote_source_point(source, to);
    span->text.data = source->text.data + from;
    span->text.len = to - from;

    review_quote_source_line(source, from, to, span);
}


review_match_e
review_quote_source_find(review_source_t *source, review_quote_t *q,
    review_span_t *span)
{
    const char      *p;
    review_place_t   place;

    memset(span, 0, sizeof(review_span_t));

    if (!q->valid || source->text.len == 0) {
        return REVIEW_MATCH_NONE;
    }

    p = review_quote_source_exact(source, q);

    if (p) {
        place.from = (size_t) (p - source->text.data);
        review_quote_source_span(source, place.from, place.from + q->text.len,
                                 span);
        return span->match;
    }

    if (review_quote_source_find_normalized(source, q, &place)) {
        place.from = review_edge_widen(&source->text, &q->text, place.from, 1);
        place.to = review_edge_widen(&source->text, &q->text, place.to, 0);

        review_quote_source_span(source, place.from, place.to, span);
        span->match = REVIEW_MATCH_NORMALIZED;
    }

    return span->match;
}


int
review_quote_gave_up(const review_quote_t *q)
{
    return q->gave_up;
}


size_t
review_quote_work(const review_quote_t *q)
{
    return q->work;
}


void
review_quote_source_index(review_source_t *source)
{
    size_t          i;
    review_form_t  *form;

    if (source->indexed
        || review_quote_source_normalize(source, &source->forms[0], 0) != 0)
    {
        return;
    }

    source->indexed = 1;

    review_grams_init(&source->grams, source->pool, source->text.data,
                      source->text.len);

    /* others get theirs when they are made */

    for (i = 0; i < REVIEW_QUOTE_FORMS; i++) {
        form = &source->forms[i];

        if (form->made && !form->norm.text.failed) {
            review_grams_init(&form->grams, source->pool, form->norm.text.data,
                              form->norm.text.len);
        }
    }
}


uint64_t
review_quote_source_read(const review_source_t *source)
{
    return source->read;
}
