
/* What several chunks have found alike becomes one. */

#include "review/report/shared.h"

#include <stdlib.h>


const uint8_t  review_report_ranks[] = { 3, 1, 0, 4, 2 };


/*
 * Findings of one point and one verdict are one if they quote places of the
 * document that overlap.  A header that is repeated in many chunks shows no
 * more than that they are of one table: what is quoted of it, beside other
 * places, does not count.  Those that quote nothing of the document are one if
 * their chunks have the same text.
 */

/* one that quotes nothing: its chunk's text is the place */

#define REVIEW_REPORT_TEXT   8

typedef struct {
    review_str_t               header;
    review_str_t               body;
    uint32_t                   chunk;
} review_report_text_t;


static int
review_report_merge_compare_text(const void *a, const void *b)
{
    int                          rc;
    const review_report_text_t  *one, *two;

    one = a;
    two = b;
    rc = review_report_index_order(&one->body, &two->body);

    if (rc == 0) {
        rc = review_report_index_order(&one->header, &two->header);
    }

    return rc ? rc : (one->chunk > two->chunk) - (one->chunk < two->chunk);
}


static void
review_report_merge_read_text(review_report_t *report, size_t chunk,
    review_report_text_t *text)
{
    const review_report_chunk_t  *c;

    memset(text, 0, sizeof(*text));

    c = &report->chunks[chunk];
    text->chunk = (uint32_t) chunk;

    (void) review_report_text_slice(&report->document, c->start, c->end,
                                    &text->body);
    (void) review_report_text_slice(&report->document, c->header_start,
                                    c->header_start + c->header, &text->header);
}


/* which chunks have the same text: only few documents ask for it */

static int
review_report_merge_texts(review_report_merge_t *m)
{
    size_t                 i, n;
    uint32_t               same;
    review_report_text_t  *texts;

    if (m->texts) {
        return 0;
    }

    n = m->report->nchunks;
    texts = review_alloc(m->report->pool, n * sizeof(*texts));
    m->texts = review_alloc(m->report->pool, n * sizeof(uint32_t));

    if (texts == NULL || m->texts == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        review_report_merge_read_text(m->report, i, &texts[i]);
    }

    qsort(texts, n, sizeof(*texts), review_report_merge_compare_text);

    same = texts[0].chunk;

    for (i = 0; i < n; i++) {
        if (review_report_index_order(&texts[i].body, &texts[i ? i - 1
                                                             : 0].body)
            || review_report_index_order(&texts[i].header, &texts[i ? i - 1
                                                                  : 0].header))
        {
            same = texts[i].chunk;
        }

        m->texts[texts[i].chunk] = same;
    }

    return 0;
}


/* by lane and start */

static int
review_report_merge_compare_span(const void *a, const void *b)
{
    const review_report_span_t  *one, *two;

    one = a;
    two = b;

    if (one->lane != two->lane) {
        return one->lane < two->lane ? -1 : 1;
    }

    return (one->start > two->start) - (one->start < two->start);
}


/* adds what the entry quotes of the document, in repeated headers or not */

static void
review_report_merge_add_spans(review_report_merge_t *m, uint32_t entry,
    unsigned header)
{
    uint32_t                   i;
    review_report_span_t      *span;
    review_report_finding_t   *f;
    review_report_evidence_t  *e;

    f = m->entries[entry];

    for (i = 0; i < f->nevidence; i++) {
        e = &f->evidence[i];

        if (e->kind == REVIEW_REPORT_DOCUMENT && e->header == header
            && !e->elsewhere)
        {
            span = &m->spans[m->nspans++];
            span->lane = f->verdict;
            span->start = e->start;
            span->end = e->end;
            span->entry = entry;
        }
    }
}


static int
review_report_merge_spans(review_report_merge_t *m)
{
    uint32_t               i, n;
    review_report_span_t  *span;

    m->nspans = 0;

    for (i = 0; i < m->n; i++) {
        n = m->nspans;
        review_report_merge_add_spans(m, i, 0);

        if (m->nspans == n) {
            review_report_merge_add_spans(m, i, 1);
        }

        if (m->nspans > n) {
            continue;
        }

        if (review_report_merge_texts(m) != 0) {
            return -1;
        }

        span = &m->spans[m->nspans++];
        span->lane = m->entries[i]->verdict + REVIEW_REPORT_TEXT;
        span->start = m->texts[m->entries[i]->chunk];
        span->end = span->start + 1;
        span->entry = i;
    }

    qsort(m->spans, m->nspans, sizeof(*m->spans),
          review_report_merge_compare_span);

    return 0;
}


/* the first entry of those that are one; paths are halved on the way */

static uint32_t
review_report_merge_first(review_report_merge_t *m, uint32_t entry)
{
    while (m->parents[entry] != entry) {
        m->parents[entry] = m->parents[m->parents[entry]];
        entry = m->parents[entry];
    }

    return entry;
}


static void
review_report_merge_join(review_report_merge_t *m, uint32_t a, uint32_t b)
{
    a = review_report_merge_first(m, a);
    b = review_report_merge_first(m, b);

    if (a < b) {
        m->parents[b] = a;

    } else {
        m->parents[a] = b;
    }
}


/* spans are sorted: each joins those before it that have not ended yet */

static void
review_report_merge_join_spans(review_report_merge_t *m)
{
    uint32_t               i, end;
    review_report_span_t  *span;

    for (i = 0; i < m->n; i++) {
        m->parents[i] = i;
    }

    end = 0;

    for (i = 0; i < m->nspans; i++) {
        span = &m->spans[i];

        if (i && span->lane == span[-1].lane && span->start < end) {
            review_report_merge_join(m, span[-1].entry, span->entry);
            end = span->end > end ? span->end : end;

        } else {
            end = span->end;
        }
    }
}


/* entries group by group: groups by their first entries, in each by chunks */

static void
review_report_merge_sort_entries(review_report_merge_t *m)
{
    uint32_t  i, n, sum, first;

    memset(m->firsts, 0, ((size_t) m->n + 1) * sizeof(uint32_t));

    for (i = 0; i < m->n; i++) {
        m->parents[i] = review_report_merge_first(m, i);
        m->firsts[m->parents[i]]++;
    }

    sum = 0;

    for (i = 0; i < m->n; i++) {
        n = m->firsts[i];
        m->firsts[i] = sum;
        sum += n;
    }

    for (i = 0; i < m->n; i++) {
        m->order[m->firsts[m->parents[i]]++] = i;
    }

    /* "firsts" of a first entry is the end of its group by now */

    m->ngroups = 0;
    first = 0;

    for (i = 0; i < m->n; i++) {
        if (m->parents[i] == i) {
            n = m->firsts[i];
            m->firsts[m->ngroups++] = first;
            first = n;
        }
    }

    m->firsts[m->ngroups] = first;
}


/*
 * In the order of the document, then of the references, then what stands
 * nowhere; doubles together.
 */

static int
review_report_merge_compare_evidence(const void *a, const void *b)
{
    int                              rc;
    const review_report_evidence_t  *one, *two;

    one = a;
    two = b;

    if (one->kind != two->kind) {
        return one->kind < two->kind ? -1 : 1;
    }

    if (one->kind == REVIEW_REPORT_NOWHERE) {
        return review_report_index_order(&one->quote, &two->quote);
    }

    rc = (one->reference > two->reference) - (one->reference < two->reference);
    rc = rc ? rc : (one->start > two->start) - (one->start < two->start);

    return rc ? rc : (one->end > two->end) - (one->end < two->end);
}


static int
review_report_merge_order_evidence(const void *a, const void *b)
{
    int                              rc;
    const review_report_evidence_t  *one, *two;

    one = a;
    two = b;
    rc = review_report_merge_compare_evidence(one, two);

    if (rc == 0) {
        rc = (one->clause > two->clause) - (one->clause < two->clause);
        rc = rc ? rc : (one->chunk > two->chunk) - (one->chunk < two->chunk);
    }

    return rc ? rc : (one->match < two->match) - (one->match > two->match);
}


/*
 * Of doubles the first clause's or chunk's is left, and the best match.  What
 * one of them was judged by is not elsewhere.
 */

static uint32_t
review_report_merge_sort_evidence(review_report_evidence_t *e, uint32_t n)
{
    uint32_t  i, k;

    if (n < 2) {
        return n;
    }

    qsort(e, n, sizeof(*e), review_report_merge_order_evidence);

    for (i = 1, k = 0; i < n; i++) {
        if (review_report_merge_compare_evidence(&e[k], &e[i]) != 0) {
            e[++k] = e[i];
            continue;
        }

        e[k].elsewhere &= e[i].elsewhere;
        e[k].sought |= e[i].sought;

        if (e[i].match > e[k].match) {
            e[k].match = e[i].match;
        }
    }

    return k + 1;
}


/*
 * The evidence of all.  Quotes that stand nowhere are told only with the words
 * that go with them.
 */

static int
review_report_merge_gather(review_report_merge_t *m,
    review_report_group_t *group, const uint32_t *entries, uint32_t n)
{
    size_t                     sum;
    uint32_t                   i, k;
    review_report_finding_t   *f;
    review_report_evidence_t  *e;

    sum = 0;

    for (i = 0; i < n; i++) {
        sum += m->entries[entries[i]]->nevidence;
    }

    if (sum == 0) {
        return 0;
    }

    if (sum > UINT32_MAX) {
        return -1;
    }

    e = review_alloc(m->report->pool, sum * sizeof(*e));
    if (e == NULL) {
        return -1;
    }

    group->evidence = e;

    for (i = 0; i < n; i++) {
        f = m->entries[entries[i]];

        for (k = 0; k < f->nevidence; k++) {
            if (f == group->told
                || f->evidence[k].kind != REVIEW_REPORT_NOWHERE)
            {
                *e++ = f->evidence[k];
            }
        }
    }

    group->nevidence = (uint32_t) (e - group->evidence);

    return 0;
}


/*
 * The words are those of the finding with the highest confidence, and so is
 * whether it is grounded.  A person has to look only if none of the findings
 * can do without: another chunk may have shown what this one could not.  A
 * warning is never outdone by that.
 */

static void
review_report_merge_choose(review_report_merge_t *m,
    review_report_group_t *group, const uint32_t *entries, uint32_t n)
{
    uint32_t                  i;
    review_report_finding_t  *f;

    group->told = m->entries[entries[0]];
    group->severity = group->told->severity;
    group->needs_human = group->told->needs_human;
    group->warnings = group->told->warnings;

    for (i = 1; i < n; i++) {
        f = m->entries[entries[i]];

        if (f->confidence > group->told->confidence) {
            group->told = f;
        }

        if (f->severity < group->severity) {
            group->severity = f->severity;
        }

        group->needs_human &= f->needs_human;
        group->warnings |= f->warnings;
    }

    group->needs_human |= group->warnings != 0;
}


/* where the group stands: the first place that it was judged by, if any */

static void
review_report_merge_place(review_report_merge_t *m,
    review_report_group_t *group)
{
    uint32_t                         i;
    const review_report_evidence_t  *e, *place;

    place = NULL;

    for (i = 0; i < group->nevidence; i++) {
        e = &group->evidence[i];

        if (e->kind == REVIEW_REPORT_DOCUMENT
            && (place == NULL || (place->elsewhere && !e->elsewhere)))
        {
            place = e;
        }
    }

    if (place) {
        group->place = place->start;
        review_report_text_where(m->report, place, &group->where);
        return;
    }

    group->place = m->report->chunks[group->chunks[0]].start;
    review_report_text_chunk(m->report, group->chunks[0], &group->where);
}


static int
review_report_merge_group(review_report_merge_t *m,
    review_report_group_t *group, const uint32_t *entries, uint32_t n)
{
    uint32_t                  i;
    review_report_finding_t  *f;

    memset(group, 0, sizeof(*group));

    review_report_merge_choose(m, group, entries, n);

    f = group->told;
    group->nchunks = n;

    if (n == 1) {
        group->chunks = &f->chunk;
        group->evidence = f->evidence;
        group->nevidence = f->nevidence;

    } else {
        group->chunks = review_alloc(m->report->pool, n * sizeof(uint32_t));

        if (group->chunks == NULL
            || review_report_merge_gather(m, group, entries, n) != 0)
        {
            return -1;
        }

        for (i = 0; i < n; i++) {
            group->chunks[i] = m->entries[entries[i]]->chunk;
        }
    }

    group->nevidence = review_report_merge_sort_evidence(group->evidence,
                                                         group->nevidence);

    review_report_merge_place(m, group);

    return 0;
}


/* no two groups of a point have the same first chunk */

static int
review_report_merge_compare_group(const void *a, const void *b)
{
    int                           rc;
    const review_report_group_t  *one, *two;

    one = a;
    two = b;
    rc = one->severity - two->severity;

    if (rc == 0) {
        rc = review_report_ranks[one->told->verdict]
             - review_report_ranks[two->told->verdict];
    }

    if (rc == 0) {
        rc = (one->place > two->place) - (one->place < two->place);
    }

    return rc ? rc : (one->chunks[0] > two->chunks[0])
                     - (one->chunks[0] < two->chunks[0]);
}


int
review_report_merge_groups(review_report_merge_t *m,
    review_report_column_t *column)
{
    uint32_t  i;

    if (m->n == 0) {
        return 0;
    }

    if (review_report_merge_spans(m) != 0) {
        return -1;
    }

    review_report_merge_join_spans(m);
    review_report_merge_sort_entries(m);

    column->ngroups = m->ngroups;
    column->groups = review_alloc(m->report->pool,
                                  m->ngroups * sizeof(review_report_group_t));
    if (column->groups == NULL) {
        return -1;
    }

    for (i = 0; i < m->ngroups; i++) {
        if (review_report_merge_group(m, &column->groups[i],
                                      &m->order[m->firsts[i]],
                                      m->firsts[i + 1] - m->firsts[i])
            != 0)
        {
            return -1;
        }
    }

    qsort(column->groups, column->ngroups, sizeof(review_report_group_t),
          review_report_merge_compare_group);

    return 0;
}
