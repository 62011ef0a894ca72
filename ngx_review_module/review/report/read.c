
/* The reply to the review of a chunk, which may come from anywhere. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "review/quote/quote.h"
#include "review/report/shared.h"


/* what is wrong with a result makes it none; -1 is left to no memory */

#define REVIEW_REPORT_WRONG  1

/* words that a reading may name, and bytes of each */

#define REVIEW_REPORT_TERMS  10
#define REVIEW_REPORT_TERM   400


/* a member that may be absent or null, and else is a string */

static int
review_report_read_string(json_t *object, const char *name, review_str_t *str)
{
    json_t  *value;

    value = json_object_get(object, name);

    str->data = "";
    str->len = 0;

    if (value == NULL || json_is_null(value)) {
        return 0;
    }

    if (!json_is_string(value)) {
        return REVIEW_REPORT_WRONG;
    }

    str->data = json_string_value(value);
    str->len = json_string_length(value);

    return 0;
}


/* a member that is one of the names, or -1 */

static int
review_report_read_name(json_t *object, const char *name,
    const char *const *names)
{
    json_t  *value;

    value = json_object_get(object, name);

    return json_is_string(value)
           ? review_name_index(names, json_string_value(value),
                               json_string_length(value))
           : -1;
}


/* 0 for what is no such number */

static uint64_t
review_report_read_number(json_t *object, const char *name, uint64_t max)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(object, name));

    if (n < 0) {
        return 0;
    }

    return (uint64_t) n < max ? (uint64_t) n : max;
}


/*
 * Warnings, or notes, those that are known; one of a newer machine comes with
 * "needs_human"
 */

static unsigned
review_report_read_set(json_t *object, const char *name,
    const char *const *names)
{
    int        n;
    size_t     i;
    json_t    *list, *word;
    unsigned   set;

    set = 0;
    list = json_object_get(object, name);

    json_array_foreach(list, i, word) {
        n = json_is_string(word)
            ? review_name_index(names, json_string_value(word),
                                json_string_length(word))
            : -1;

        if (n != -1) {
            set |= 1u << n;
        }
    }

    return set;
}


static uint8_t
review_report_read_warnings(json_t *object)
{
    return (uint8_t) review_report_read_set(object, "warnings",
                                            review_warnings);
}


/* an offset, or -1: it is none, or too large for one */

static int64_t
review_report_read_offset(json_t *object, const char *name)
{
    json_t      *value;
    json_int_t   n;

    value = json_object_get(object, name);
    n = json_integer_value(value);

    return json_is_integer(value) && n >= 0 && n <= UINT32_MAX ? n : -1;
}


/* is the quote the one text followed by the other? */

static int
review_report_read_is_both(const review_str_t *quote, const review_str_t *head,
    const review_str_t *tail)
{
    return quote->len == head->len + tail->len
           && (head->len == 0
               || memcmp(quote->data, head->data, head->len) == 0)
           && (tail->len == 0
               || memcmp(quote->data + head->len, tail->data, tail->len) == 0);
}


/*
 * From code points of the text of a chunk or clause, its table header before
 * its body, to those of what it was cut from.  A quote that is in both is cut
 * to the larger part of it, to the body's if they are alike.  0, or -1: it does
 * not stand there.
 */

static int
review_report_read_place(const review_report_source_t *source,
    const review_report_chunk_t *c, size_t start, size_t end,
    review_report_evidence_t *e)
{
    size_t        from, to;
    review_str_t  head, tail;

    if (start >= end || c->end < c->start
        || end > c->header + (c->end - c->start))
    {
        return -1;
    }

    from = start < c->header ? c->header : start;
    to = end < c->header ? c->header : end;
    from = from - c->header + c->start;
    to = to - c->header + c->start;

    start = start < c->header ? start : c->header;
    end = end < c->header ? end : c->header;
    start += c->header_start;
    end += c->header_start;

    if (review_report_text_slice(source, start, end, &head) != 0
        || review_report_text_slice(source, from, to, &tail) != 0
        || !review_report_read_is_both(&e->quote, &head, &tail))
    {
        return -1;
    }

    e->header = end - start > to - from;
    e->quote = e->header ? head : tail;
    e->start = (uint32_t) (e->header ? start : from);
    e->end = (uint32_t) (e->header ? end : to);

    return 0;
}


/* is it what the quote says, or all of it that stands in one passage? */

static int
review_report_read_is_part(const review_str_t *quote, const review_str_t *text,
    int whole)
{
    return whole ? review_report_index_order(quote, text) == 0
                 : memmem(quote->data, quote->len, text->data, text->len)
                   != NULL;
}


/* the chunk of a reading that a place is in; of a table's header the first */

static uint32_t
review_report_read_chunk(const review_report_t *report,
    const review_report_passages_t *passages, size_t document, size_t at)
{
    size_t                        i;
    const review_report_chunk_t  *chunk;

    for (i = 0; i < passages->nchunks; i++) {
        chunk = &report->chunks[passages->chunks[i]];

        if (chunk->start <= at && at < chunk->end
            && review_report_home(report, passages->chunks[i]) == document)
        {
            return passages->chunks[i];
        }
    }

    for (i = 0; i < passages->nchunks; i++) {
        chunk = &report->chunks[passages->chunks[i]];

        if (chunk->header_start <= at
            && at < chunk->header_start + chunk->header
            && review_report_home(report, passages->chunks[i]) == document)
        {
            break;
        }
    }

    return passages->chunks[i < passages->nchunks ? i : 0];
}


/*
 * The same of a reading: what is in a passage stands where that does.  A quote
 * that is in several is cut to the largest part of it.
 */

static int
review_report_read_passage(const review_report_t *report,
    const review_report_passages_t *passages, size_t start, size_t end,
    review_report_evidence_t *e)
{
    size_t                          i, from, to, size;
    review_str_t                    text;
    const review_report_segment_t  *s, *best;

    size = 0;
    best = NULL;

    for (i = 0; i < passages->nsegments; i++) {
        s = &passages->segments[i];
        from = start > s->start ? start : s->start;
        to = end < s->end ? end : s->end;

        if (to > from && to - from > size) {
            size = to - from;
            best = s;
        }
    }

    if (best == NULL) {
        return -1;
    }

    from = (start > best->start ? start - best->start : 0) + best->at;
    to = from + size;

    if (review_report_text_slice(&report->texts[best->document], from, to,
                                 &text)
        != 0
        || !review_report_read_is_part(&e->quote, &text, size == end - start))
    {
        return -1;
    }

    e->quote = text;
    e->start = (uint32_t) from;
    e->end = (uint32_t) to;
    e->reference = (uint32_t) best->document;
    e->chunk = review_report_read_chunk(report, passages, best->document,
                                        from);

    return 0;
}


/* what can't be relied upon stands nowhere, and is what the reply says */

static review_report_kind_e
review_report_read_kind(review_report_told_t *told, json_t *json,
    const review_str_t *id, review_report_evidence_t *e)
{
    int                            match;
    int64_t                        start, end, clause;
    review_report_kind_e           kind;
    const review_report_t         *report;
    const review_report_chunk_t   *place;
    const review_report_source_t  *source;

    static const review_str_t  chunk = review_string("chunk");

    report = told->report;
    match = review_report_read_name(json, "match", review_matches);
    start = review_report_read_offset(json, "start");
    end = review_report_read_offset(json, "end");

    if (match <= REVIEW_MATCH_NONE || start < 0 || end < start) {
        return REVIEW_REPORT_NOWHERE;
    }

    e->match = (uint8_t) match;

    if (review_report_index_order(id, &chunk) == 0 && told->row) {
        return review_report_read_passage(report, &told->row->passages,
                                          (size_t) start, (size_t) end, e)
               == 0 ? REVIEW_REPORT_DOCUMENT : REVIEW_REPORT_NOWHERE;
    }

    if (review_report_index_order(id, &chunk) == 0) {
        kind = REVIEW_REPORT_DOCUMENT;
        e->reference = review_report_home(report, e->chunk);
        source = &report->texts[e->reference];
        place = &report->chunks[e->chunk];

    } else {
        clause = review_report_index_find(report->clause_index,
                                          report->nclauses, id);
        if (clause == -1) {
            return REVIEW_REPORT_NOWHERE;
        }

        e->clause = (uint32_t) clause;
        e->reference = report->owners[clause];

        kind = REVIEW_REPORT_REFERENCE;
        source = &report->sources[e->reference];
        place = &report->clauses[clause];
    }

    return review_report_read_place(source, place, (size_t) start,
                                    (size_t) end, e)
           == 0 ? kind : REVIEW_REPORT_NOWHERE;
}


static int
review_report_read_evidence(review_report_told_t *told, uint32_t chunk,
    json_t *json, review_report_evidence_t *e)
{
    review_str_t  quote, source;

    memset(e, 0, sizeof(*e));

    e->chunk = told->row && told->row->passages.nchunks
               ? told->row->passages.chunks[0] : chunk;

    if (!json_is_string(json_object_get(json, "quote"))
        || review_report_read_string(json, "quote", &e->quote) != 0
        || review_report_read_string(json, "source", &source) != 0)
    {
        return REVIEW_REPORT_WRONG;
    }

    e->kind = (uint8_t) review_report_read_kind(told, json, &source, e);

    if (e->kind != REVIEW_REPORT_NOWHERE) {
        return 0;
    }

    e->match = REVIEW_MATCH_NONE;
    quote = e->quote;

    return review_report_copy(told->pool, &quote, &e->quote);
}


/* all evidence there is; and whether all of it is found somewhere */

static int
review_report_read_list(review_report_told_t *told, json_t *list,
    review_report_finding_t *f)
{
    int     rc;
    size_t  i, n;

    n = json_array_size(list);

    if (!json_is_array(list) || n > UINT32_MAX) {
        return REVIEW_REPORT_WRONG;
    }

    if (n == 0) {
        f->grounded = 0;
        return 0;
    }

    f->evidence = review_alloc(told->pool,
                               n * sizeof(review_report_evidence_t));
    if (f->evidence == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        rc = review_report_read_evidence(told, f->chunk,
                                         json_array_get(list, i),
                                         &f->evidence[i]);
        if (rc != 0) {
            return rc;
        }

        if (f->evidence[i].kind == REVIEW_REPORT_NOWHERE) {
            f->grounded = 0;
            f->needs_human = 1;
            told->nowhere++;
        }
    }

    f->nevidence = (uint32_t) n;

    return 0;
}


/* the data that a point has asked for, as text */

static int
review_report_read_data(review_report_told_t *told, json_t *data,
    review_str_t *str)
{
    char    *p;
    size_t   flags, len;

    str->len = 0;

    if (data == NULL || json_is_null(data)) {
        return 0;
    }

    /* 15 digits, so that 0.1 stays 0.1 */

    flags = JSON_COMPACT|JSON_ENCODE_ANY|JSON_REAL_PRECISION(15);
    len = json_dumpb(data, NULL, 0, flags);

    if (len == 0) {
        return REVIEW_REPORT_WRONG;
    }

    p = review_alloc(told->pool, len);

    if (p == NULL || json_dumpb(data, p, len, flags) != len) {
        return -1;
    }

    str->data = p;
    str->len = len;

    return 0;
}


/* all but texts: what a cell is decided by.  0 or WRONG */

static int
review_report_read_verdict(json_t *json, review_report_finding_t *f)
{
    int      verdict, severity;
    json_t  *value;

    verdict = review_report_read_name(json, "verdict", review_verdicts);
    severity = review_report_read_name(json, "severity", review_severities);
    value = json_object_get(json, "confidence");

    if (verdict == -1 || severity == -1
        || (value && !json_is_null(value) && !json_is_number(value)))
    {
        return REVIEW_REPORT_WRONG;
    }

    f->verdict = (uint8_t) verdict;
    f->severity = (uint8_t) severity;
    f->confidence = json_is_number(value) ? json_number_value(value) : -1;

    if (json_is_number(value) && !(f->confidence >= 0 && f->confidence <= 1)) {
        return REVIEW_REPORT_WRONG;
    }

    /* who does not say that no person has to look may have left it out */

    f->grounded = json_is_true(json_object_get(json, "grounded"));
    f->needs_human = !json_is_false(json_object_get(json, "needs_human"))
                     || verdict == REVIEW_VERDICT_UNSURE
                     || f->warnings;

    return 0;
}


/*
 * What is passed without being shown, or does not apply, is not told, but for
 * what a reading says
 */

static int
review_report_read_is_told(const review_report_told_t *told,
    const review_report_finding_t *f, json_t *json)
{
    if (told->row) {
        return 1;
    }

    return f->verdict == REVIEW_VERDICT_PASS
           ? json_array_size(json_object_get(json, "evidence")) > 0
           : f->verdict != REVIEW_VERDICT_NOT_APPLICABLE;
}


/* words to search by, one a line: the first ones of a bound number */

static int
review_report_read_terms(review_report_told_t *told, json_t *list)
{
    size_t        i;
    json_t       *term;
    review_buf_t  b;

    if (json_array_size(list) == 0) {
        return 0;
    }

    review_buf_init(&b, told->pool, 64);

    json_array_foreach(list, i, term) {

        if (i == REVIEW_REPORT_TERMS) {
            break;
        }

        if (json_is_string(term)
            && json_string_length(term) <= REVIEW_REPORT_TERM)
        {
            review_buf_add(&b, json_string_value(term),
                           json_string_length(term));
            review_buf_puts(&b, "\n");
        }
    }

    told->terms.data = b.data;
    told->terms.len = b.len;

    return b.failed ? -1 : 0;
}


/* whatever the verdict: what does not apply may have been read all the same */

static int
review_report_read_compared(review_report_told_t *told, size_t point,
    json_t *json, const review_report_cell_t *cell)
{
    int                    rc;
    review_str_t           str;
    review_report_data_t  *data;

    if (told->report->points[point].nagree == 0
        || cell->status != REVIEW_REPORT_OK)
    {
        return 0;
    }

    rc = review_report_read_data(told,
                                 json_object_get(json_object_get(json,
                                                                 "finding"),
                                                 "data"),
                                 &str);
    if (rc != 0 || str.len == 0) {
        return rc;
    }

    data = review_alloc(told->pool, sizeof(*data));

    if (data == NULL) {
        return -1;
    }

    data->next = told->data;
    data->finding = cell->u.finding;
    data->data = str;
    data->point = (uint32_t) point;
    data->chunk = (uint32_t) told->chunk;
    told->data = data;

    return 0;
}


static int
review_report_read_finding(review_report_told_t *told, uint32_t chunk,
    json_t *json, review_report_cell_t *cell)
{
    int                       rc;
    json_t                   *value;
    review_str_t              reason, suggestion;
    review_report_finding_t   found, *f;

    memset(&found, 0, sizeof(found));

    found.warnings = cell->warnings | review_report_read_warnings(json);

    value = json_object_get(json, "found");

    /* a reading is asked whether it is there, and nothing else will do */

    if (told->row && !json_is_boolean(value)) {
        return REVIEW_REPORT_WRONG;
    }

    cell->found = json_is_true(value);

    if (review_report_read_verdict(json, &found) != 0
        || !json_is_array(json_object_get(json, "evidence"))
        || review_report_read_string(json, "reason", &reason) != 0
        || review_report_read_string(json, "suggestion", &suggestion) != 0)
    {
        return REVIEW_REPORT_WRONG;
    }

    found.chunk = chunk;
    found.passages = told->row ? &told->row->passages : NULL;
    found.notes = (uint16_t) review_report_read_set(json, "notes",
                                                    review_notes);
    cell->warnings = found.warnings;
    cell->notes = found.notes;
    cell->verdict = found.verdict;
    cell->needs_human = found.needs_human;

    if (!review_report_read_is_told(told, &found, json)) {
        return 0;
    }

    rc = review_report_read_list(told, json_object_get(json, "evidence"),
                                 &found);
    if (rc != 0) {
        return rc;
    }

    if (told->row
        && review_report_read_terms(told, json_object_get(json, "terms")) != 0)
    {
        return -1;
    }

    rc = review_report_read_data(told, json_object_get(json, "data"),
                                 &found.data);
    if (rc != 0) {
        return rc;
    }

    f = review_alloc(told->pool, sizeof(*f));

    if (f == NULL
        || review_report_copy(told->pool, &reason, &found.reason) != 0
        || review_report_copy(told->pool, &suggestion, &found.suggestion) != 0)
    {
        return -1;
    }

    *f = found;
    cell->u.finding = f;

    return 0;
}


static int
review_report_read_error(review_report_told_t *told, json_t *json,
    review_report_cell_t *cell)
{
    review_report_error_t  error;

    if (!json_is_object(json)
        || review_report_read_string(json, "code", &error.other) != 0
        || review_report_read_string(json, "detail", &error.detail) != 0
        || error.other.len == 0)
    {
        return REVIEW_REPORT_WRONG;
    }

    error.code = review_code_of(error.other.data, error.other.len);

    /* its name is kept only where it is not one of ours */

    if (error.code != REVIEW_CODE_OTHER) {
        error.other.len = 0;
        error.other.data = "";
    }

    cell->u.error = review_report_error(told->pool, &told->errors, &error,
                                        told->again);

    return cell->u.error ? 0 : -1;
}


static int
review_report_read_cell(review_report_told_t *told, uint32_t chunk,
    json_t *json, review_report_cell_t *cell)
{
    int  status;

    memset(cell, 0, sizeof(*cell));

    status = review_report_read_name(json, "status", review_report_statuses);

    if (status == -1) {
        return REVIEW_REPORT_WRONG;
    }

    cell->status = (uint8_t) status;
    cell->warnings = review_report_read_warnings(json);
    cell->attempts = (uint32_t) review_report_read_number(json, "attempts",
                                                          UINT32_MAX);
    cell->elapsed = (uint32_t) review_report_read_number(json, "elapsed_ms",
                                                         UINT32_MAX);
    switch (status) {

    case REVIEW_REPORT_OK:
        return review_report_read_finding(told, chunk,
                                          json_object_get(json, "finding"),
                                          cell);

    case REVIEW_REPORT_SKIPPED:
        return 0;

    default:
        return review_report_read_error(told, json_object_get(json, "error"),
                                        cell);
    }
}


/* mostly the one behind the last one; or -1: there is none */

static int64_t
review_report_read_point(const review_report_t *report, json_t *json,
    size_t next)
{
    review_str_t  id;

    if (review_report_read_string(json, "point", &id) != 0) {
        return -1;
    }

    if (next < report->npoints
        && review_report_index_order(&report->points[next].id, &id) == 0)
    {
        return (int64_t) next;
    }

    return review_report_index_find(report->index, report->npoints, &id);
}


/* a thread has no need to look for its row, nor may it */

static const review_report_cell_t *
review_report_read_cell_of(const review_report_told_t *told,
    const review_report_t *report, size_t point)
{
    if (told->row) {
        return told->row->point == point ? &told->row->cell : NULL;
    }

    return report->points[point].document
           ? NULL : review_report_cell(report, told->chunk, point);
}


/* of several results for a point the first that makes sense is taken */

static int
review_report_read_results(review_report_told_t *told, json_t *results)
{
    int                     rc;
    size_t                  i, next;
    json_t                 *json;
    int64_t                 point;
    review_report_cell_t    cell;
    const review_report_t  *report;
    const review_report_cell_t  *known;

    next = 0;
    report = told->report;

    for (i = 0; i < json_array_size(results); i++) {
        json = json_array_get(results, i);
        point = review_report_read_point(report, json, next);

        if (point == -1) {
            continue;
        }

        next = (size_t) point + 1;

        known = review_report_read_cell_of(told, report, (size_t) point);

        if (known == NULL
            || told->cells[point].status != REVIEW_REPORT_NOTHING
            || !review_report_is_open(known))
        {
            continue;
        }

        told->again = known->again;

        rc = review_report_read_cell(told, (uint32_t) told->chunk, json, &cell);

        if (rc == 0) {
            rc = review_report_read_compared(told, (size_t) point, json, &cell);
        }

        if (rc == -1) {
            return -1;
        }

        if (rc == 0) {
            told->cells[point] = cell;
        }
    }

    return 0;
}


static int
review_report_read_into(review_report_told_t *told, json_t *reply, int whole)
{
    size_t   i;
    json_t  *usage;

    for (i = 0; i < told->report->npoints; i++) {
        told->cells[i].status = REVIEW_REPORT_NOTHING;
    }

    told->whole = whole;
    told->data = NULL;
    told->terms.len = 0;

    if (!whole) {
        return review_report_read_results(told, reply);
    }

    usage = json_object_get(reply, "usage");

    told->calls = review_report_read_number(usage, "calls", INT64_MAX);
    told->retries = review_report_read_number(usage, "retries", INT64_MAX);
    told->prompt_tokens = review_report_read_number(usage, "prompt_tokens",
                                                    INT64_MAX);
    told->completion_tokens = review_report_read_number(usage,
                                                        "completion_tokens",
                                                        INT64_MAX);

    return review_report_read_results(told, json_object_get(reply, "results"));
}


static review_report_told_t *
review_report_read_create(const review_report_t *report, review_pool_t *pool)
{
    review_report_told_t  *told;

    told = review_alloc(pool, sizeof(*told));
    if (told == NULL) {
        return NULL;
    }

    memset(told, 0, sizeof(*told));

    told->report = report;
    told->pool = pool;
    told->cells = review_alloc(pool, report->npoints
                                     * sizeof(review_report_cell_t) + 1);

    return told->cells ? told : NULL;
}


review_report_told_t *
review_report_read_begin(const review_report_t *report, review_pool_t *pool,
    size_t chunk)
{
    review_report_told_t  *told;

    told = review_report_read_create(report, pool);

    if (told == NULL || chunk >= report->nchunks + report->nrows) {
        return NULL;
    }

    told->chunk = chunk;
    told->row = review_report_row(report, chunk);

    return told;
}


int
review_report_read(review_report_told_t *told, json_t *reply, int whole)
{
    return review_report_read_into(told, reply, whole);
}


static void
review_report_read_sum(uint64_t *sum, uint64_t n)
{
    *sum = n < (uint64_t) INT64_MAX - *sum ? *sum + n : (uint64_t) INT64_MAX;
}


/* of cells that are about to be set: what others say of them comes too late */

static void
review_report_read_take_data(review_report_t *report,
    const review_report_told_t *told)
{
    review_report_data_t  *data, *next;

    for (data = told->data; data; data = next) {
        next = data->next;

        if (review_report_is_open(review_report_row_cell(report, told->chunk,
                                                         data->point)))
        {
            data->next = report->data;
            report->data = data;
        }
    }
}


int
review_report_read_take(review_report_t *report,
    const review_report_told_t *told)
{
    size_t                   i;
    review_report_cell_t    *cell;
    review_report_counts_t  *counts;

    if (report->columns) {
        return 0;
    }

    review_report_read_take_data(report, told);

    for (i = 0; i < report->npoints; i++) {
        cell = review_report_row_cell(report, told->chunk, i);

        if (cell && told->cells[i].status != REVIEW_REPORT_NOTHING
            && review_report_is_open(cell))
        {
            review_report_set(report, cell, &told->cells[i]);
        }
    }

    if (told->terms.len) {
        review_report_row(report, told->chunk)->terms = told->terms;
    }

    report->nowhere += told->nowhere;

    if (!told->whole) {
        return 0;
    }

    counts = &report->counts;

    review_report_read_sum(&counts->calls, told->calls);
    review_report_read_sum(&counts->retries, told->retries);
    review_report_read_sum(&counts->prompt_tokens, told->prompt_tokens);
    review_report_read_sum(&counts->completion_tokens, told->completion_tokens);

    return review_report_fill(report, told->chunk, REVIEW_CODE_BAD_REPLY,
                              review_code_sentence(REVIEW_CODE_BAD_REPLY));
}


/* at once: what only reading needs is used again by the next reply */

int
review_report_read_add(review_report_t *report, size_t chunk, json_t *reply)
{
    int                    rc;
    review_report_told_t  *told;

    if (chunk >= report->nchunks + report->nrows || report->columns) {
        return 0;
    }

    if (report->told == NULL) {
        report->told = review_report_read_create(report, report->pool);
    }

    told = report->told;

    if (told == NULL) {
        return -1;
    }

    told->chunk = chunk;
    told->row = review_report_row(report, chunk);
    told->nowhere = 0;
    told->errors = report->errors;

    rc = review_report_read_into(told, reply, 1);
    report->errors = told->errors;

    return rc == 0 ? review_report_read_take(report, told) : -1;
}
