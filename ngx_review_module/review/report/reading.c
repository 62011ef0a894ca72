
/*
 * Readings: chunks made of passages, for points about the document.  What is
 * told of such a point is that of the reading that decides, or that it was
 * found in none.
 */

#include "review/report/shared.h"


int
review_report_reading_set(review_report_t *report, size_t chunk,
    const review_report_passages_t *passages)
{
    void                 *segments, *chunks;
    review_report_row_t  *row;

    row = review_report_row(report, chunk);

    if (row == NULL || row->passages.nsegments) {
        return 0;
    }

    segments = review_alloc(report->pool, passages->nsegments
                                          * sizeof(*passages->segments));
    chunks = review_alloc(report->pool,
                          passages->nchunks * sizeof(uint32_t) + 1);

    if (segments == NULL || chunks == NULL) {
        return -1;
    }

    memcpy(segments, passages->segments,
           passages->nsegments * sizeof(*passages->segments));
    memcpy(chunks, passages->chunks, passages->nchunks * sizeof(uint32_t));

    row->passages = *passages;
    row->passages.segments = segments;
    row->passages.chunks = chunks;

    return 0;
}


/* the chunks that its evidence stands in, some of them more than once */

static int
review_report_reading_quoted(const review_report_finding_t *f,
    review_pool_t *pool, review_search_answer_t *answer)
{
    uint32_t                         i, *quoted;
    const review_report_evidence_t  *e;

    quoted = review_alloc(pool, f->nevidence * sizeof(uint32_t) + 1);

    if (quoted == NULL) {
        return -1;
    }

    answer->quoted = quoted;

    for (i = 0; i < f->nevidence; i++) {
        e = &f->evidence[i];

        if (e->kind == REVIEW_REPORT_DOCUMENT) {
            quoted[answer->nquoted++] = e->chunk;
        }
    }

    return 0;
}


int
review_report_reading_said(const review_report_t *report, review_pool_t *pool,
    size_t chunk, review_search_answer_t *answer)
{
    const review_report_row_t      *row;
    const review_report_cell_t     *cell;

    memset(answer, 0, sizeof(*answer));

    row = review_report_row(report, chunk);

    if (row == NULL) {
        answer->failed = 1;
        return 0;
    }

    cell = &row->cell;

    answer->failed = cell->status != REVIEW_REPORT_OK;
    answer->found = !answer->failed && cell->found;
    answer->unsure = !answer->failed && cell->verdict == REVIEW_VERDICT_UNSURE;

    return answer->found && cell->u.finding
           ? review_report_reading_quoted(cell->u.finding, pool, answer) : 0;
}


review_str_t
review_report_reading_terms(const review_report_t *report, size_t chunk)
{
    const review_report_row_t  *row;

    static const review_str_t  none = review_string("");

    row = review_report_row(report, chunk);

    return row ? row->terms : none;
}


/* what all readings of a point have cost, and were warned of */

static void
review_report_reading_sum(const review_report_t *report, size_t point,
    review_report_cell_t *cell)
{
    size_t                       i;
    const review_report_row_t   *row;

    for (i = 0; i < report->nrows; i++) {
        row = report->rows[i];

        if (row->point != point) {
            continue;
        }

        cell->attempts += row->cell.attempts;
        cell->elapsed += row->cell.elapsed;
        cell->warnings |= row->cell.warnings;
    }
}


/* how far it was looked for in vain */

static void
review_report_reading_words(review_buf_t *b, int english,
    const review_search_result_t *result)
{
    int  all;

    all = result->outcome == REVIEW_SEARCH_ABSENT;

    if (english) {
        review_buf_puts(b, all ? "It is not there: all was read, "
                               : "It was not found in ");
        review_buf_number(b, result->chunks);
        review_buf_puts(b, all ? " chunks." : " of ");

        if (!all) {
            review_buf_number(b, result->of);
            review_buf_puts(b, " chunks; the others were not read.");
        }

        return;
    }

    review_buf_puts(b, all ? "已读全文（" : "已读 ");
    review_buf_number(b, result->chunks);
    review_buf_puts(b, all ? " 段），未找到。" : "/");

    if (!all) {
        review_buf_number(b, result->of);
        review_buf_puts(b, " 段，未找到；其余未读。");
    }
}


/* what nobody has found: a finding of our own words */

review_report_finding_t *
review_report_reading_absent(review_report_t *report, size_t point,
    const review_search_result_t *result)
{
    int                       absent, verdict;
    review_buf_t              b;
    review_report_finding_t  *f;

    static const review_report_passages_t  none;

    f = review_alloc(report->pool, sizeof(*f));

    if (f == NULL) {
        return NULL;
    }

    memset(f, 0, sizeof(*f));

    absent = result->outcome == REVIEW_SEARCH_ABSENT;
    verdict = report->points[point].absent;

    f->verdict = (uint8_t) (absent && verdict >= 0 ? verdict
                                                   : REVIEW_VERDICT_UNSURE);
    f->severity = report->points[point].severity;
    f->confidence = -1;
    f->absent = absent & 1;
    f->needs_human = f->verdict == REVIEW_VERDICT_UNSURE;
    f->passages = &none;

    review_buf_init(&b, report->pool, 96);
    review_report_reading_words(&b, report->english, result);

    f->reason.data = b.data;
    f->reason.len = b.len;
    f->suggestion.data = "";

    return b.failed ? NULL : f;
}


/* what the reading that decides has said, or was to say */

static int
review_report_reading_taken(review_report_t *report,
    const review_report_row_t *row, const review_search_result_t *result,
    review_report_cell_t *cell)
{
    review_report_finding_t  *f;

    cell->status = row->cell.status;
    cell->u = row->cell.u;
    cell->verdict = row->cell.verdict;
    cell->notes = row->cell.notes;
    cell->needs_human = row->cell.needs_human;

    if (cell->status != REVIEW_REPORT_OK || cell->u.finding == NULL) {
        return 0;
    }

    f = review_alloc(report->pool, sizeof(*f));

    if (f == NULL) {
        return -1;
    }

    *f = *cell->u.finding;

    if (result->outcome == REVIEW_SEARCH_DOUBTED) {
        f->verdict = REVIEW_VERDICT_UNSURE;
    }

    f->needs_human |= f->verdict == REVIEW_VERDICT_UNSURE || result->left
                      || result->failed;

    cell->u.finding = f;
    cell->verdict = f->verdict;
    cell->needs_human = f->needs_human;

    return 0;
}


int
review_report_reading_end(review_report_t *report, size_t point, size_t chunk,
    const review_search_result_t *result)
{
    review_report_row_t    *row;
    review_report_cell_t    told;
    review_report_whole_t  *whole;

    whole = &report->wholes[point];

    if (whole->cell.status != REVIEW_REPORT_NOTHING) {
        return 0;
    }

    memset(&told, 0, sizeof(told));

    row = review_report_row(report, chunk);

    whole->searched = *result;
    whole->row = row;

    switch (result->outcome) {

    case REVIEW_SEARCH_FOUND:
    case REVIEW_SEARCH_DOUBTED:
    case REVIEW_SEARCH_FAILED:

        if (row == NULL
            || review_report_reading_taken(report, row, result, &told) != 0)
        {
            return -1;
        }

        break;

    default:

        /* where there was nothing to be read, nothing was asked */

        if (result->of == 0) {
            told.status = REVIEW_REPORT_SKIPPED;
            break;
        }

        told.status = REVIEW_REPORT_OK;
        told.u.finding = review_report_reading_absent(report, point, result);

        if (told.u.finding == NULL) {
            return -1;
        }

        told.verdict = told.u.finding->verdict;
        told.needs_human = told.u.finding->needs_human;
    }

    review_report_reading_sum(report, point, &told);
    review_report_set(report, &whole->cell, &told);

    return 0;
}


int
review_report_reading_finish(review_report_t *report)
{
    size_t                  i;
    review_report_cell_t   *cell, told;
    review_report_error_t   error;

    memset(&told, 0, sizeof(told));
    memset(&error, 0, sizeof(error));

    told.status = REVIEW_REPORT_FAILED;
    error.code = REVIEW_CODE_INTERNAL;
    error.other.data = "";
    error.detail.data = "nothing was told of it";
    error.detail.len = strlen(error.detail.data);

    for (i = 0; i < report->npoints; i++) {
        cell = &report->wholes[i].cell;

        if (!report->points[i].document
            || cell->status != REVIEW_REPORT_NOTHING)
        {
            continue;
        }

        told.u.error = review_report_error(report->pool, &report->errors,
                                           &error, 0);
        if (told.u.error == NULL) {
            return -1;
        }

        review_report_set(report, cell, &told);
    }

    return 0;
}


void
review_report_reading_language(review_report_t *report,
    const review_str_t *language)
{
    report->english = language->len == 2
                      && memcmp(language->data, "en", 2) == 0;
}
