
/*
 * Quotes that the reviews of chunks have not found: where in the document, or
 * in a reference, do they stand?
 */

#include "review/quote/evidence.h"
#include "review/report/shared.h"

#include <stdlib.h>


/*
 * How often the texts are read for a quote at most, but for rare ones of many
 * fragments; what it costs to normalize them, and to index them for many quotes
 * as well, in such readings; and what each quote costs beside that.
 */

#define REVIEW_ELSEWHERE_TIMES   4
#define REVIEW_ELSEWHERE_MAKE    8
#define REVIEW_ELSEWHERE_INDEX   16
#define REVIEW_ELSEWHERE_MANY    8
#define REVIEW_ELSEWHERE_QUOTE   256


typedef struct {
    review_report_t            *report;
    review_report_evidence_t  **evidence; /* NOWHERE, by quote */
    size_t                      n;
    review_quote_t             *quote;
    review_source_t           **sources; /* documents, then references */
    uint32_t                   *owners;  /* of sources: which of them, */
    uint32_t                   *clauses; /* and the first chunk, or clause */
    size_t                      nsources;
    uint64_t                    size;    /* of the texts */
    unsigned                    made:1;  /* they are normalized, or indexed */
} review_report_elsewhere_t;


static uint64_t
review_report_elsewhere_texts(const review_report_t *report)
{
    size_t    i;
    uint64_t  size;

    for (i = 0, size = 0; i < report->ndocuments; i++) {
        size += report->texts[i].text.len;
    }

    for (i = 0; i < report->nreferences; i++) {
        size += report->sources ? report->sources[i].text.len : 0;
    }

    return size;
}


uint64_t
review_report_elsewhere_size(const review_report_t *report)
{
    uint64_t  size;

    size = review_report_elsewhere_texts(report) + REVIEW_ELSEWHERE_QUOTE;

    return size < UINT64_MAX / (report->nowhere + 1)
           ? size * report->nowhere : UINT64_MAX;
}


/* the same quote is looked up once */

static int
review_report_elsewhere_compare(const void *a, const void *b)
{
    const review_report_evidence_t  *one, *two;

    one = *(review_report_evidence_t *const *) a;
    two = *(review_report_evidence_t *const *) b;

    return review_report_index_order(&one->quote, &two->quote);
}


static void
review_report_elsewhere_list(review_report_elsewhere_t *w,
    review_report_finding_t *f)
{
    uint32_t  i;

    for (i = 0; i < f->nevidence; i++) {
        if (f->evidence[i].kind == REVIEW_REPORT_NOWHERE) {
            w->evidence[w->n++] = &f->evidence[i];
        }
    }
}


static int
review_report_elsewhere_collect(review_report_elsewhere_t *w,
    review_pool_t *pool)
{
    size_t                 i, n;
    review_report_t       *report;
    review_report_cell_t  *cell;

    report = w->report;
    n = report->nchunks * report->npoints;

    w->evidence = review_alloc(pool, report->nowhere * sizeof(void *));
    if (w->evidence == NULL) {
        return -1;
    }

    for (i = 0; i < n + report->npoints; i++) {
        cell = i < n ? &report->cells[i] : &report->wholes[i - n].cell;

        if (cell->status == REVIEW_REPORT_OK && cell->u.finding) {
            review_report_elsewhere_list(w, cell->u.finding);
        }
    }

    qsort(w->evidence, w->n, sizeof(void *), review_report_elsewhere_compare);

    return 0;
}


static int
review_report_elsewhere_source(review_report_elsewhere_t *w,
    review_pool_t *pool, const review_str_t *text)
{
    review_source_t  *source;

    source = review_quote_source_create(pool, text->data, text->len);
    w->sources[w->nsources++] = source;

    return source ? 0 : -1;
}


/* a reference without clauses has nothing that could be quoted */

static int
review_report_elsewhere_sources(review_report_elsewhere_t *w,
    review_pool_t *pool)
{
    size_t            i, n, all, clauses;
    review_report_t  *report;

    report = w->report;
    n = report->nclauses ? report->nreferences : 0;
    all = report->ndocuments + n;

    w->size = review_report_elsewhere_texts(report);
    w->quote = review_quote_create(pool);
    w->sources = review_alloc(pool, all * sizeof(void *));
    w->owners = review_alloc(pool, all * sizeof(uint32_t));
    w->clauses = review_alloc(pool, all * sizeof(uint32_t));

    if (w->quote == NULL || w->sources == NULL || w->owners == NULL
        || w->clauses == NULL)
    {
        return -1;
    }

    for (i = 0, clauses = 0; i < report->ndocuments; i++) {
        w->owners[w->nsources] = (uint32_t) i;
        w->clauses[w->nsources] = (uint32_t) clauses;
        clauses += report->documents[i].nclauses;

        if (review_report_elsewhere_source(w, pool, &report->texts[i].text)
            != 0)
        {
            return -1;
        }
    }

    clauses = 0;

    for (i = 0; i < n; i++) {

        if (report->references[i].nclauses) {
            w->owners[w->nsources] = (uint32_t) i;
            w->clauses[w->nsources] = (uint32_t) clauses;
            clauses += report->references[i].nclauses;

            if (review_report_elsewhere_source(w, pool,
                                               &report->sources[i].text)
                != 0)
            {
                return -1;
            }
        }
    }

    return 0;
}


/* the first one that does not end before the place, or the last one of all */

static uint32_t
review_report_elsewhere_chunk(const review_report_chunk_t *chunks, size_t n,
    size_t start)
{
    size_t  low, high, middle;

    low = 0;
    high = n - 1;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (chunks[middle].end > start) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return (uint32_t) low;
}


static int
review_report_elsewhere_is_own(const review_report_chunk_t *c,
    const review_span_t *span)
{
    return (span->start >= c->start && span->end <= c->end)
           || (span->start >= c->header_start
               && span->end <= c->header_start + c->header);
}


/* the finding stays as it is: it was made without that place */

static void
review_report_elsewhere_set(review_report_elsewhere_t *w,
    review_report_evidence_t *e, const review_evidence_t *found)
{
    uint32_t                          first;
    const review_span_t              *span;
    const review_report_t            *report;
    const review_report_reference_t  *reference;

    report = w->report;
    span = &found->span;

    e->quote = span->text;
    e->start = (uint32_t) span->start;
    e->end = (uint32_t) span->end;
    e->match = (uint8_t) span->match;
    e->elsewhere = 1;

    if (found->source < report->ndocuments) {
        e->kind = REVIEW_REPORT_DOCUMENT;

        /* a reply may have named a clause in vain: doubles must be alike */

        e->reference = w->owners[found->source];
        e->clause = 0;

        if (review_report_home(report, e->chunk) == e->reference
            && review_report_elsewhere_is_own(&report->chunks[e->chunk], span))
        {
            e->elsewhere = 0;
            return;
        }

        first = w->clauses[found->source];
        e->chunk = first + review_report_elsewhere_chunk(
                                &report->chunks[first],
                                report->documents[e->reference].nclauses,
                                span->start);
        return;
    }

    e->kind = REVIEW_REPORT_REFERENCE;
    e->reference = w->owners[found->source];
    reference = &report->references[e->reference];
    e->clause = w->clauses[found->source];
    e->clause += review_report_elsewhere_chunk(&report->clauses[e->clause],
                                               reference->nclauses,
                                               span->start);
}


/* all that was read, however often */

static uint64_t
review_report_elsewhere_read(review_report_elsewhere_t *w)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < w->nsources; i++) {
        n += review_quote_source_read(w->sources[i]);
    }

    return n;
}


/* with an index the texts are only read for quotes that may stand there */

static void
review_report_elsewhere_index(review_report_elsewhere_t *w, uint64_t budget)
{
    size_t  i;

    if (w->n < REVIEW_ELSEWHERE_MANY
        || w->size * REVIEW_ELSEWHERE_INDEX > budget / 2)
    {
        return;
    }

    for (i = 0; i < w->nsources; i++) {
        review_quote_source_index(w->sources[i]);
    }

    w->made = 1;
    w->report->read += w->size * REVIEW_ELSEWHERE_INDEX;
}


/* looks a quote up, if that does not cost more than is left */

static int
review_report_elsewhere_look(review_report_elsewhere_t *w,
    const review_str_t *quote, review_evidence_t *found, uint64_t budget)
{
    uint64_t  cost, times, *read;

    read = &w->report->read;

    cost = quote->len * REVIEW_ELSEWHERE_MAKE + REVIEW_ELSEWHERE_QUOTE;
    times = REVIEW_ELSEWHERE_TIMES + (w->made ? 0 : REVIEW_ELSEWHERE_MAKE);

    if (*read + cost + w->size * times > budget) {
        return -1;
    }

    *read += cost;
    *read -= review_report_elsewhere_read(w);

    review_evidence_find(w->quote, w->sources, w->nsources, quote, 1, found);

    *read += review_report_elsewhere_read(w) + review_quote_work(w->quote);

    if (!w->made && found->span.match != REVIEW_MATCH_EXACT) {
        w->made = 1;
        *read += w->size * REVIEW_ELSEWHERE_MAKE;
    }

    return 0;
}


int
review_report_elsewhere_find(review_report_t *report, review_pool_t *pool,
    uint64_t budget, const volatile uintptr_t *stop)
{
    size_t                      i, k;
    unsigned                    sought;
    review_str_t                quote;
    review_evidence_t           found;
    review_report_elsewhere_t   w;

    if (report->nowhere == 0) {
        return 0;
    }

    memset(&w, 0, sizeof(w));
    w.report = report;

    if (review_report_elsewhere_collect(&w, pool) != 0
        || review_report_elsewhere_sources(&w, pool) != 0)
    {
        return -1;
    }

    review_report_elsewhere_index(&w, budget);

    for (i = 0; i < w.n && !(stop && *stop); i = k) {
        quote = w.evidence[i]->quote;

        for (k = i + 1; k < w.n; k++) {
            if (review_report_index_order(&w.evidence[k]->quote, &quote)) {
                break;
            }
        }

        if (review_report_elsewhere_look(&w, &quote, &found, budget) != 0) {
            continue;
        }

        sought = !review_quote_gave_up(w.quote);

        for ( /* void */ ; i < k; i++) {

            if (found.span.match == REVIEW_MATCH_NONE) {
                w.evidence[i]->sought = sought;

            } else {
                review_report_elsewhere_set(&w, w.evidence[i], &found);
            }
        }
    }

    return 0;
}
