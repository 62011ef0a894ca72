
/*
 * Which findings of a point are one: those of one verdict that quote nearly the
 * same of the document; those that quote nothing of it, if their chunks have
 * the same text.
 */

#include "review/report/shared.h"

#include <stdlib.h>


/* places at a time that a span is compared with */

#define REVIEW_REPORT_SPAN_OPEN  8

#define REVIEW_REPORT_SPAN_NONE  UINT32_MAX

/* one that quotes nothing: its chunk's text is the place */

#define REVIEW_REPORT_TEXT   8

/* of a document, so that findings of several never meet */

#define REVIEW_REPORT_LANES  16

typedef struct {
    review_str_t               header;
    review_str_t               body;
    uint32_t                   chunk;
} review_report_span_text_t;


static int
review_report_span_compare_text(const void *a, const void *b)
{
    int                          rc;
    const review_report_span_text_t  *one, *two;

    one = a;
    two = b;
    rc = review_report_index_order(&one->body, &two->body);

    if (rc == 0) {
        rc = review_report_index_order(&one->header, &two->header);
    }

    return rc ? rc : (one->chunk > two->chunk) - (one->chunk < two->chunk);
}


static void
review_report_span_read_text(review_report_t *report, size_t chunk,
    review_report_span_text_t *text)
{
    const review_report_chunk_t   *c;
    const review_report_source_t  *source;

    memset(text, 0, sizeof(*text));

    c = &report->chunks[chunk];
    text->chunk = (uint32_t) chunk;

    source = &report->texts[review_report_home(report, chunk)];

    (void) review_report_text_slice(source, c->start, c->end, &text->body);
    (void) review_report_text_slice(source, c->header_start,
                                    c->header_start + c->header, &text->header);
}


/* which chunks have the same text: only few documents ask for it */

static int
review_report_span_texts(review_report_merge_t *m)
{
    size_t                 i, n;
    uint32_t               same;
    review_report_span_text_t  *texts;

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
        review_report_span_read_text(m->report, i, &texts[i]);
    }

    qsort(texts, n, sizeof(*texts), review_report_span_compare_text);

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
review_report_span_compare(const void *a, const void *b)
{
    const review_report_span_t  *one, *two;

    one = a;
    two = b;

    if (one->lane != two->lane) {
        return one->lane < two->lane ? -1 : 1;
    }

    if (one->start != two->start) {
        return one->start < two->start ? -1 : 1;
    }

    return (one->entry > two->entry) - (one->entry < two->entry);
}


/*
 * Adds what the entry quotes of the document, in repeated headers or not.  Such
 * a header shows no more than that chunks are of one table: what is quoted of
 * it, beside other places, does not count.
 */

static void
review_report_span_add(review_report_merge_t *m, uint32_t entry,
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
            span->lane = f->verdict + e->reference * REVIEW_REPORT_LANES;
            span->start = e->start;
            span->end = e->end;
            span->entry = entry;
        }
    }
}


static int
review_report_span_gather(review_report_merge_t *m)
{
    uint32_t               i, n;
    review_report_span_t  *span;

    m->nspans = 0;

    for (i = 0; i < m->n; i++) {
        n = m->nspans;
        review_report_span_add(m, i, 0);

        if (m->nspans == n) {
            review_report_span_add(m, i, 1);
        }

        if (m->nspans > n) {
            continue;
        }

        if (review_report_span_texts(m) != 0) {
            return -1;
        }

        span = &m->spans[m->nspans++];
        span->lane = m->entries[i]->verdict + REVIEW_REPORT_TEXT;
        span->start = m->texts[m->entries[i]->chunk];
        span->end = span->start + 1;
        span->entry = i;
    }

    qsort(m->spans, m->nspans, sizeof(*m->spans),
          review_report_span_compare);

    return 0;
}


/*
 * Nearly the same: most of the shorter, and a good part of the longer.  What a
 * chunk has of the end of a place that goes on before it is another one.
 */

static int
review_report_span_is_near(const review_report_span_t *a,
    const review_report_span_t *b)
{
    uint64_t  one, two, both, start, end;

    if (a->lane != b->lane) {
        return 0;
    }

    start = a->start > b->start ? a->start : b->start;
    end = a->end < b->end ? a->end : b->end;

    if (start >= end) {
        return 0;
    }

    one = a->end - a->start;
    two = b->end - b->start;
    both = 3 * (end - start);

    return both >= 2 * (one < two ? one : two)
           && both >= (one > two ? one : two);
}


/*
 * Gives each span the number of its place.  It is compared with the first span
 * of a place alone: of many that overlap in a chain the last has nothing of the
 * first.  Returns how many places there are.
 */

static uint32_t
review_report_span_places(review_report_merge_t *m)
{
    uint32_t                     i, k, n;
    review_report_span_t        *span;
    const review_report_span_t  *open[REVIEW_REPORT_SPAN_OPEN];

    n = 0;

    for (i = 0; i < m->nspans; i++) {
        span = &m->spans[i];

        k = n < REVIEW_REPORT_SPAN_OPEN ? 0 : n - REVIEW_REPORT_SPAN_OPEN;

        while (k < n
               && !review_report_span_is_near(open[k % REVIEW_REPORT_SPAN_OPEN],
                                              span))
        {
            k++;
        }

        span->place = k;

        if (k == n) {
            open[n++ % REVIEW_REPORT_SPAN_OPEN] = span;
        }
    }

    return n;
}


static int
review_report_span_compare_entry(const void *a, const void *b)
{
    const review_report_span_t  *one, *two;

    one = a;
    two = b;

    return (one->entry > two->entry) - (one->entry < two->entry);
}


/* the first entry that has one of the places, if it is the first of its own */

static uint32_t
review_report_span_leader(review_report_merge_t *m,
    const review_report_span_t *span, uint32_t n)
{
    uint32_t  i, leader;

    leader = REVIEW_REPORT_SPAN_NONE;

    for (i = 0; i < n; i++) {
        if (m->leaders[span[i].place] < leader) {
            leader = m->leaders[span[i].place];
        }
    }

    return leader;
}


int
review_report_span_join(review_report_merge_t *m)
{
    uint32_t               i, k, n, leader;
    review_report_span_t  *span;

    if (review_report_span_gather(m) != 0) {
        return -1;
    }

    n = review_report_span_places(m);

    for (i = 0; i < n; i++) {
        m->leaders[i] = REVIEW_REPORT_SPAN_NONE;
    }

    qsort(m->spans, m->nspans, sizeof(*m->spans),
          review_report_span_compare_entry);

    for (i = 0, span = m->spans; i < m->n; i++, span += n) {

        for (n = 1; span + n < m->spans + m->nspans && span[n].entry == i;
             n++)
        { /* void */ }

        leader = review_report_span_leader(m, span, n);

        if (leader == REVIEW_REPORT_SPAN_NONE) {
            leader = i;

            for (k = 0; k < n; k++) {
                m->leaders[span[k].place] = i;
            }
        }

        m->parents[i] = leader;
    }

    return 0;
}
