
/* What several chunks have found alike becomes one. */

#include "review/report/shared.h"

#include <stdlib.h>


const uint8_t  review_report_ranks[] = { 3, 1, 0, 4, 2 };


/* entries group by group: groups by their first entries, in each by chunks */

static void
review_report_merge_sort_entries(review_report_merge_t *m)
{
    uint32_t  i, n, sum, first;

    memset(m->firsts, 0, ((size_t) m->n + 1) * sizeof(uint32_t));

    for (i = 0; i < m->n; i++) {
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
    group->notes = group->told->notes;

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
        group->notes |= f->notes;
    }

    group->needs_human |= group->warnings != 0;
}


/* in what they say, then in whose it is */

static int
review_report_merge_compare_words(const void *a, const void *b)
{
    int                             rc;
    const review_report_finding_t  *one, *two;

    one = *(review_report_finding_t *const *) a;
    two = *(review_report_finding_t *const *) b;
    rc = review_report_index_order(&one->reason, &two->reason);
    rc = rc ? rc : review_report_index_order(&one->suggestion,
                                             &two->suggestion);
    rc = rc ? rc : review_report_index_order(&one->data, &two->data);

    return rc ? rc : (one->chunk > two->chunk) - (one->chunk < two->chunk);
}


static int
review_report_merge_compare_chunk(const void *a, const void *b)
{
    const review_report_finding_t  *one, *two;

    one = *(review_report_finding_t *const *) a;
    two = *(review_report_finding_t *const *) b;

    return (one->chunk > two->chunk) - (one->chunk < two->chunk);
}


static int
review_report_merge_says_same(const review_report_finding_t *one,
    const review_report_finding_t *two)
{
    return review_report_index_order(&one->reason, &two->reason) == 0
           && review_report_index_order(&one->suggestion, &two->suggestion) == 0
           && review_report_index_order(&one->data, &two->data) == 0;
}


/* the words of the others are told as well, what several say alike once */

static int
review_report_merge_also(review_report_merge_t *m,
    review_report_group_t *group, const uint32_t *entries, uint32_t n)
{
    uint32_t                  i, k;
    review_report_finding_t  *f, **also;

    also = review_alloc(m->report->pool, n * sizeof(*also));
    if (also == NULL) {
        return -1;
    }

    for (i = 0, k = 0; i < n; i++) {
        f = m->entries[entries[i]];

        if (!review_report_merge_says_same(f, group->told)) {
            also[k++] = f;
        }
    }

    if (k == 0) {
        return 0;
    }

    qsort(also, k, sizeof(*also), review_report_merge_compare_words);

    for (i = 1, n = 1; i < k; i++) {
        if (!review_report_merge_says_same(also[i], also[n - 1])) {
            also[n++] = also[i];
        }
    }

    qsort(also, n, sizeof(*also), review_report_merge_compare_chunk);

    group->also = also;
    group->nalso = n;

    return 0;
}


/* places in the order of the documents */

static uint64_t
review_report_merge_at(uint32_t document, size_t start)
{
    return ((uint64_t) document << 32) + start;
}


/* where the group stands: the first place that it was judged by, if any */

static void
review_report_merge_place(const review_report_t *report,
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
        group->place = review_report_merge_at(place->reference, place->start);
        review_report_text_where(report, place, &group->where);
        return;
    }

    if (group->told->passages) {
        return;
    }

    group->place = review_report_merge_at(
                                 review_report_home(report, group->chunks[0]),
                                 report->chunks[group->chunks[0]].start);
    review_report_text_chunk(report, group->chunks[0], &group->where);
}


/* does any of it stand where no reader sees it? */

static int
review_report_merge_is_hidden(const review_report_t *report,
    const review_report_evidence_t *e)
{
    size_t                    low, high, middle;
    const review_document_t  *doc;

    if (e->kind == REVIEW_REPORT_NOWHERE) {
        return 0;
    }

    doc = e->kind == REVIEW_REPORT_DOCUMENT
          ? &report->documents[e->reference].document
          : &report->references[e->reference].document;

    /* the first that ends behind its start */

    for (low = 0, high = doc->nhidden; low < high; /* void */) {
        middle = low + (high - low) / 2;

        if (doc->hidden[middle].end <= e->start) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low < doc->nhidden && doc->hidden[low].start < e->end;
}


/* what is hidden asks for a person; and where the group stands */

static void
review_report_merge_finish(const review_report_t *report,
    review_report_group_t *group)
{
    uint32_t  i;

    for (i = 0; i < group->nevidence; i++) {
        group->needs_human |= review_report_merge_is_hidden(report,
                                                        &group->evidence[i]);
    }

    review_report_merge_place(report, group);
}


/* what the only finding of a group quotes, and where it was found */

static void
review_report_merge_alone(review_report_group_t *group)
{
    const review_report_finding_t  *f;

    f = group->told;

    group->chunks = f->passages ? f->passages->chunks : &f->chunk;
    group->nchunks = f->passages ? (uint32_t) f->passages->nchunks : 1;
    group->evidence = f->evidence;
    group->nevidence = f->nevidence;
}


void
review_report_merge_one(const review_report_t *report,
    review_report_finding_t *f, review_report_group_t *group)
{
    memset(group, 0, sizeof(*group));

    group->told = f;
    group->severity = f->severity;
    group->needs_human = f->needs_human || f->warnings;
    group->warnings = f->warnings;
    group->notes = f->notes;

    review_report_merge_alone(group);
    review_report_merge_finish(report, group);
}


static int
review_report_merge_group(review_report_merge_t *m,
    review_report_group_t *group, const uint32_t *entries, uint32_t n)
{
    uint32_t                  i, *chunks;
    review_report_finding_t  *f;

    memset(group, 0, sizeof(*group));

    review_report_merge_choose(m, group, entries, n);

    f = group->told;
    group->nchunks = n;

    if (n == 1) {
        review_report_merge_alone(group);

    } else {
        chunks = review_alloc(m->report->pool, n * sizeof(uint32_t));
        group->chunks = chunks;

        if (chunks == NULL
            || review_report_merge_gather(m, group, entries, n) != 0
            || review_report_merge_also(m, group, entries, n) != 0)
        {
            return -1;
        }

        for (i = 0; i < n; i++) {
            chunks[i] = m->entries[entries[i]]->chunk;
        }
    }

    group->nevidence = review_report_merge_sort_evidence(group->evidence,
                                                         group->nevidence);

    /* a finding of its own is told so, too: each place once */

    if (n == 1) {
        f->nevidence = group->nevidence;
    }

    review_report_merge_finish(m->report, group);

    return 0;
}


/* no two groups of a point have the same place and first chunk */

static int
review_report_merge_compare_group(const void *a, const void *b)
{
    int                           rc;
    const review_report_group_t  *one, *two;

    one = a;
    two = b;
    rc = review_report_ranks[one->told->verdict]
         - review_report_ranks[two->told->verdict];

    if (rc == 0) {
        rc = one->severity - two->severity;
    }

    if (rc == 0) {
        rc = (one->place > two->place) - (one->place < two->place);
    }

    return rc ? rc : (one->chunks[0] > two->chunks[0])
                     - (one->chunks[0] < two->chunks[0]);
}


int
review_report_merge_add(const review_report_t *report,
    review_report_column_t *column, review_report_finding_t *f)
{
    size_t                  n;
    review_report_group_t  *groups;

    n = column->ngroups;
    groups = review_alloc(report->pool, (n + 1) * sizeof(*groups));

    if (groups == NULL) {
        return -1;
    }

    if (n) {
        memcpy(groups, column->groups, n * sizeof(*groups));
    }

    review_report_merge_one(report, f, &groups[n]);

    column->groups = groups;
    column->ngroups = n + 1;

    qsort(groups, n + 1, sizeof(*groups), review_report_merge_compare_group);

    return 0;
}


int
review_report_merge_groups(review_report_merge_t *m,
    review_report_column_t *column)
{
    uint32_t  i;

    if (m->n == 0) {
        return 0;
    }

    m->parents[0] = 0;

    if (m->entries[0]->passages == NULL && review_report_span_join(m) != 0) {
        return -1;
    }

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
