
/* The texts that are quoted: the document and its references. */

#include "review/report/shared.h"
#include "review/base/utf8.h"


#define REVIEW_REPORT_BLOCK   128      /* code points between two marks */
#define REVIEW_REPORT_FEW     16       /* are stepped over one by one */


/* to the next code point; what its first byte says can be relied upon */

static size_t
review_report_text_step(const review_str_t *text, size_t at)
{
    unsigned char  c;

    c = (unsigned char) text->data[at];
    at += (size_t) (1 + (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0));

    return at < text->len ? at : text->len;
}


/* to the next mark, or the end; the code points up to there go into *n */

static size_t
review_report_text_block(const review_str_t *text, size_t at, size_t *n)
{
    size_t  left, size;

    /* so many bytes begin no more code points than are left */

    for (left = REVIEW_REPORT_BLOCK;
         left > REVIEW_REPORT_FEW && text->len - at > left;
         at += size)
    {
        size = left;
        left -= review_utf8_count(text->data + at, size);
    }

    while (at < text->len && (text->data[at] & 0xc0) == 0x80) {
        at++;
    }

    for ( /* void */ ; left && at < text->len; left--) {
        at = review_report_text_step(text, at);
    }

    *n += REVIEW_REPORT_BLOCK - left;

    return at;
}


int
review_report_text_mark(review_pool_t *pool, review_report_source_t *source,
    const review_str_t *text)
{
    size_t  i, n, max;

    if (text->len > UINT32_MAX) {
        return -1;
    }

    max = text->len / REVIEW_REPORT_BLOCK + 1;

    source->text = *text;
    source->places = NULL;
    source->marks = review_alloc(pool, max * sizeof(uint32_t));
    if (source->marks == NULL) {
        return -1;
    }

    source->marks[0] = 0;
    n = 0;

    for (i = 0; i < text->len; /* void */ ) {
        source->marks[n / REVIEW_REPORT_BLOCK] = (uint32_t) i;
        i = review_report_text_block(text, i, &n);
    }

    source->length = n;

    return 0;
}


/* the byte at which a code point begins; less than all of them */

static size_t
review_report_text_byte(const review_report_source_t *source, size_t point)
{
    size_t  at, n;

    at = source->marks[point / REVIEW_REPORT_BLOCK];

    for (n = point % REVIEW_REPORT_BLOCK; n; n--) {
        at = review_report_text_step(&source->text, at);
    }

    return at;
}


int
review_report_text_slice(const review_report_source_t *source, size_t start,
    size_t end, review_str_t *text)
{
    size_t  from, to;

    if (start > end || end > source->length) {
        return -1;
    }

    from = start < source->length ? review_report_text_byte(source, start)
                                  : source->text.len;
    to = end < source->length ? review_report_text_byte(source, end)
                              : source->text.len;

    text->data = source->text.data + from;
    text->len = to - from;

    return 0;
}


/* the table of clauses by their ids, and which reference each is of */

static void
review_report_text_sort_clauses(review_report_t *report)
{
    size_t  i, k, n;

    n = 0;

    for (i = 0; i < report->nreferences; i++) {
        for (k = 0; k < report->references[i].nclauses; k++, n++) {
            report->clause_index[n].id = report->clauses[n].id;
            report->clause_index[n].n = n;
            report->owners[n] = (uint32_t) i;
        }
    }

    review_report_index_sort(report->clause_index, n);
}


static int
review_report_text_create_sources(review_report_t *report)
{
    size_t  i;

    report->sources = review_alloc(report->pool,
                                   report->nreferences
                                   * sizeof(review_report_source_t));
    if (report->sources == NULL) {
        return -1;
    }

    for (i = 0; i < report->nreferences; i++) {
        if (review_report_text_mark(report->pool, &report->sources[i],
                                    &report->references[i].document.text)
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


int
review_report_text_references(review_report_t *report,
    const review_report_reference_t *references, size_t nreferences,
    const review_report_chunk_t *clauses)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < nreferences; i++) {
        if (references[i].nclauses > REVIEW_REPORT_CHUNKS - n) {
            return -1;
        }

        n += references[i].nclauses;
    }

    report->references = references;
    report->nreferences = nreferences;

    if (n == 0) {
        return 0;
    }

    report->clauses = clauses;
    report->clause_index = review_alloc(report->pool,
                                        n * sizeof(review_report_index_t));
    report->owners = review_alloc(report->pool, n * sizeof(uint32_t));

    if (report->clause_index == NULL || report->owners == NULL
        || review_report_text_create_sources(report) != 0)
    {
        return -1;
    }

    report->nclauses = n;

    review_report_text_sort_clauses(report);

    return 0;
}


void
review_report_text_places(review_report_t *report,
    const review_places_t *documents, const review_places_t *references)
{
    size_t  i;

    for (i = 0; i < report->ndocuments; i++) {
        report->texts[i].places = &documents[i];
    }

    for (i = 0; report->sources && i < report->nreferences; i++) {
        report->sources[i].places = &references[i];
    }
}


static void
review_report_text_place(const review_report_source_t *source, size_t start,
    size_t end, review_where_t *where)
{
    size_t        from;
    review_str_t  text;

    if (source->places == NULL
        || review_report_text_slice(source, start, end, &text) != 0)
    {
        return;
    }

    from = (size_t) (text.data - source->text.data);

    review_place_of(source->places, from, from + text.len, where);
}


void
review_report_text_where(const review_report_t *report,
    const review_report_evidence_t *e, review_where_t *where)
{
    memset(where, 0, sizeof(*where));

    switch (e->kind) {

    case REVIEW_REPORT_DOCUMENT:
        where->heading = report->chunks[e->chunk].heading;
        review_report_text_place(&report->texts[e->reference], e->start,
                                 e->end, where);
        break;

    case REVIEW_REPORT_REFERENCE:
        where->heading = report->clauses[e->clause].heading;
        review_report_text_place(&report->sources[e->reference], e->start,
                                 e->end, where);
        break;
    }
}


void
review_report_text_chunk(const review_report_t *report, size_t chunk,
    review_where_t *where)
{
    const review_report_chunk_t  *c;

    c = &report->chunks[chunk];
    memset(where, 0, sizeof(*where));

    review_report_text_place(&report->texts[review_report_home(report, chunk)],
                             c->start, c->end, where);

    where->heading = c->heading;
}


int
review_report_text_is_unread(const review_report_t *report)
{
    size_t  i;

    for (i = 0; i < report->ndocuments; i++) {
        if (report->documents[i].document.unread) {
            return 1;
        }
    }

    for (i = 0; i < report->nreferences; i++) {
        if (report->references[i].document.unread) {
            return 1;
        }
    }

    return 0;
}
