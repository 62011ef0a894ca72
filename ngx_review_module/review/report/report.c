
/* The cells of a report: what is known of each chunk and each point. */

#include "review/report/shared.h"
#include "review/base/utf8.h"

#include <stdlib.h>


#define REVIEW_REPORT_POINTS  ((size_t) 1 << 20)


const char *const  review_report_statuses[] = {
    "ok", "failed", "timeout", "skipped", NULL
};

const char *const  review_report_outcomes[] = {
    "complete", "partial", "failed", NULL
};


static int
review_report_sort_points(review_report_t *report)
{
    size_t  i;

    report->index = review_alloc(report->pool,
                                 report->npoints
                                 * sizeof(review_report_index_t));
    if (report->index == NULL) {
        return -1;
    }

    for (i = 0; i < report->npoints; i++) {
        report->index[i].id = report->points[i].id;
        report->index[i].n = i;
    }

    review_report_index_sort(report->index, report->npoints);

    return 0;
}


static int
review_report_create_cells(review_report_t *report)
{
    size_t  i, n;

    n = report->nchunks * report->npoints;

    report->cells = review_alloc(report->pool,
                                 n * sizeof(review_report_cell_t) + 1);
    report->wholes = review_alloc(report->pool,
                                  report->npoints
                                  * sizeof(review_report_whole_t));

    if (report->cells == NULL || report->wholes == NULL) {
        return -1;
    }

    memset(report->cells, 0, n * sizeof(review_report_cell_t));
    memset(report->wholes, 0, report->npoints * sizeof(review_report_whole_t));

    for (i = 0; i < n; i++) {
        report->cells[i].status = REVIEW_REPORT_NOTHING;
    }

    for (i = 0; i < report->npoints; i++) {
        report->wholes[i].cell.status = REVIEW_REPORT_NOTHING;
    }

    return 0;
}


/* their texts, and whose the chunks are */

static int
review_report_create_texts(review_report_t *report)
{
    size_t  i, k, n;

    report->texts = review_alloc(report->pool,
                                 report->ndocuments
                                 * sizeof(review_report_source_t));

    if (report->texts == NULL) {
        return -1;
    }

    for (i = 0; i < report->ndocuments; i++) {
        if (review_report_text_mark(report->pool, &report->texts[i],
                                    &report->documents[i].document.text)
            != 0)
        {
            return -1;
        }
    }

    if (report->ndocuments == 1) {
        return 0;
    }

    report->homes = review_alloc(report->pool,
                                 report->nchunks * sizeof(uint32_t) + 1);

    if (report->homes == NULL) {
        return -1;
    }

    for (i = 0, n = 0; i < report->ndocuments; i++) {
        for (k = 0; k < report->documents[i].nclauses; k++) {
            report->homes[n++] = (uint32_t) i;
        }
    }

    return 0;
}


review_report_t *
review_report_create_of(review_pool_t *pool,
    const review_report_reference_t *documents, size_t ndocuments,
    const review_report_chunk_t *chunks, size_t nchunks,
    const review_report_point_t *points, size_t npoints)
{
    review_report_t  *report;

    if (nchunks > REVIEW_REPORT_CHUNKS || npoints > REVIEW_REPORT_POINTS) {
        return NULL;
    }

    report = review_alloc(pool, sizeof(*report));
    if (report == NULL) {
        return NULL;
    }

    memset(report, 0, sizeof(*report));

    report->pool = pool;
    report->documents = documents;
    report->ndocuments = ndocuments;
    report->chunks = chunks;
    report->nchunks = nchunks;
    report->points = points;
    report->npoints = npoints;

    if (review_report_create_texts(report) != 0
        || (npoints && review_report_sort_points(report) != 0)
        || (npoints && review_report_create_cells(report) != 0))
    {
        return NULL;
    }

    return report;
}


review_report_t *
review_report_create(review_pool_t *pool, const review_document_t *document,
    const review_report_chunk_t *chunks, size_t nchunks,
    const review_report_point_t *points, size_t npoints)
{
    review_report_reference_t  *only;

    only = review_alloc(pool, sizeof(*only));

    if (only == NULL) {
        return NULL;
    }

    memset(only, 0, sizeof(*only));

    only->id.data = "";
    only->document = *document;
    only->nclauses = nchunks;

    return review_report_create_of(pool, only, 1, chunks, nchunks, points,
                                   npoints);
}


int
review_report_copy(review_pool_t *pool, const review_str_t *str,
    review_str_t *copy)
{
    char  *p;

    copy->len = str->len;
    copy->data = "";

    if (str->len == 0) {
        return 0;
    }

    p = review_alloc(pool, str->len);
    if (p == NULL) {
        return -1;
    }

    memcpy(p, str->data, str->len);
    copy->data = p;

    return 0;
}


static size_t *
review_report_counter(review_report_t *report, unsigned status)
{
    switch (status) {

    case REVIEW_REPORT_OK:
        return &report->counts.ok;

    case REVIEW_REPORT_FAILED:
        return &report->counts.failed;

    case REVIEW_REPORT_TIMEOUT:
        return &report->counts.timeout;

    default:
        return &report->counts.skipped;
    }
}


/* one cell more, or less; a reading is no result */

static void
review_report_count(review_report_t *report, const review_report_cell_t *cell,
    int n)
{
    if (!cell->reading) {
        report->counts.total += (size_t) n;
        *review_report_counter(report, cell->status) += (size_t) n;
    }
}


void
review_report_set(review_report_t *report, review_report_cell_t *cell,
    const review_report_cell_t *told)
{
    uint8_t   reading;
    uint32_t  attempts;

    reading = cell->reading;
    attempts = 0;

    if (cell->again) {
        attempts = cell->attempts;
        report->counts.failing--;
        report->counts.retries += attempts && told->attempts;
    }

    *cell = *told;

    cell->reading = reading;
    cell->attempts = attempts < UINT32_MAX - told->attempts
                     ? attempts + told->attempts : UINT32_MAX;

    review_report_count(report, cell, 1);
}


void
review_report_state(const review_report_t *report, size_t chunk, size_t point,
    review_report_state_t *state)
{
    const review_report_cell_t  *cell;

    memset(state, 0, sizeof(*state));

    cell = review_report_row_cell(report, chunk, point);

    if (cell == NULL) {
        return;
    }

    state->told = cell->status != REVIEW_REPORT_NOTHING;
    state->ended = state->told && !cell->again;
    state->attempts = cell->attempts;

    if (cell->status == REVIEW_REPORT_FAILED
        || cell->status == REVIEW_REPORT_TIMEOUT)
    {
        state->code = cell->u.error->code;
    }
}


void
review_report_again(review_report_t *report, size_t chunk, size_t point)
{
    review_report_cell_t  *cell;

    cell = review_report_row_cell(report, chunk, point);

    if (cell == NULL || cell->again
        || (cell->status != REVIEW_REPORT_FAILED
            && cell->status != REVIEW_REPORT_TIMEOUT))
    {
        return;
    }

    cell->again = 1;

    report->counts.failing++;
    review_report_count(report, cell, -1);
}


void
review_report_settle(review_report_t *report, size_t chunk)
{
    size_t                 i;
    review_report_cell_t  *cell;

    for (i = 0; i < report->npoints; i++) {
        cell = review_report_row_cell(report, chunk, i);

        if (cell && cell->again) {
            cell->again = 0;

            report->counts.failing--;
            review_report_count(report, cell, 1);
        }
    }
}


static const review_report_error_t *
review_report_error_find(const review_report_errors_t *errors,
    const review_report_error_t *told)
{
    size_t                        i;
    const review_report_error_t  *error;

    for (i = 0; i < REVIEW_REPORT_ERRORS; i++) {
        error = errors->last[i];

        if (error && error->code == told->code
            && review_report_index_order(&error->other, &told->other) == 0
            && review_report_index_order(&error->detail, &told->detail) == 0)
        {
            return error;
        }
    }

    return NULL;
}


const review_report_error_t *
review_report_error(review_pool_t *pool, review_report_errors_t *errors,
    const review_report_error_t *told, int again)
{
    size_t                        size;
    review_report_error_t        *error, brief;
    const review_report_error_t  *known;

    size = sizeof(*error) + told->other.len + told->detail.len;

    if (again && size > REVIEW_REPORT_AGAIN - errors->size) {
        brief = *told;
        brief.detail.len = 0;
        told = &brief;
        size = 0;
    }

    known = review_report_error_find(errors, told);

    if (known) {
        return known;
    }

    error = review_alloc(pool, sizeof(*error));

    if (error == NULL
        || review_report_copy(pool, &told->other, &error->other) != 0
        || review_report_copy(pool, &told->detail, &error->detail) != 0)
    {
        return NULL;
    }

    error->code = told->code;
    errors->size += again ? (uint32_t) size : 0;
    errors->last[errors->next++ % REVIEW_REPORT_ERRORS] = error;

    return error;
}


review_str_t
review_report_code(const review_report_error_t *error,
    char buf[REVIEW_CODE_NAME])
{
    review_str_t  name;

    if (error->code == REVIEW_CODE_OTHER) {
        return error->other;
    }

    name.data = review_code_name(error->code, buf);
    name.len = strlen(name.data);

    return name;
}


/* of the detail, as much as is UTF-8 */

int
review_report_fill(review_report_t *report, size_t chunk, review_code_t code,
    const char *detail)
{
    size_t                  i;
    review_report_cell_t   *cell, told;
    review_report_error_t   error;

    memset(&told, 0, sizeof(told));
    memset(&error, 0, sizeof(error));

    told.status = review_code_timeout(code) ? REVIEW_REPORT_TIMEOUT
                                            : REVIEW_REPORT_FAILED;
    error.code = code;
    error.other.data = "";
    error.detail.data = detail ? detail : "";
    error.detail.len = review_utf8_valid(error.detail.data,
                                         strlen(error.detail.data));

    for (i = 0; i < report->npoints; i++) {
        cell = review_report_row_cell(report, chunk, i);

        if (cell == NULL || !review_report_is_open(cell)) {
            continue;
        }

        told.u.error = review_report_error(report->pool, &report->errors,
                                           &error, cell->again);
        if (told.u.error == NULL) {
            return -1;
        }

        review_report_set(report, cell, &told);
    }

    return 0;
}


int
review_report_fail(review_report_t *report, size_t chunk, review_code_t code,
    const char *detail)
{
    return review_report_fill(report, chunk, code, detail);
}


int
review_report_skip(review_report_t *report, size_t chunk, size_t point,
    review_report_skip_e why)
{
    review_report_cell_t  *cell, told;

    if (chunk >= report->nchunks || point >= report->npoints) {
        return 0;
    }

    cell = review_report_row_cell(report, chunk, point);

    if (cell && cell->status == REVIEW_REPORT_NOTHING) {
        memset(&told, 0, sizeof(told));
        told.status = REVIEW_REPORT_SKIPPED;
        told.why = (uint8_t) why;
        report->unselected |= why == REVIEW_REPORT_SKIP_SELECT;
        review_report_set(report, cell, &told);
    }

    return 0;
}


void
review_report_counts(const review_report_t *report,
    review_report_counts_t *counts)
{
    *counts = report->counts;
}


review_report_outcome_e
review_report_outcome(const size_t *cells)
{
    if (cells[REVIEW_REPORT_FAILED] + cells[REVIEW_REPORT_TIMEOUT] == 0) {
        return REVIEW_REPORT_COMPLETE;
    }

    return cells[REVIEW_REPORT_OK] + cells[REVIEW_REPORT_SKIPPED]
           ? REVIEW_REPORT_PARTIAL : REVIEW_REPORT_NONE;
}


void
review_report_cut(review_report_t *report)
{
    report->cut = 1;
}


int
review_report_is_unread(const review_report_t *report)
{
    return review_report_text_is_unread(report)
           || review_report_row_is_unread(report);
}


/* what nobody has read is not complete */

review_report_outcome_e
review_report_outcome_all(const review_report_t *report)
{
    size_t                   cells[REVIEW_REPORT_STATUSES];
    review_report_outcome_e  outcome;

    review_report_all_cells(report, cells);

    outcome = review_report_outcome(cells);

    return outcome == REVIEW_REPORT_COMPLETE && review_report_is_unread(report)
           ? REVIEW_REPORT_PARTIAL : outcome;
}


void
review_report_chunk_cells(const review_report_t *report, size_t chunk,
    size_t *cells)
{
    size_t  i;

    memset(cells, 0, REVIEW_REPORT_STATUSES * sizeof(size_t));

    for (i = 0; i < report->npoints; i++) {
        if (!report->points[i].document) {
            cells[review_report_cell(report, chunk, i)->status]++;
        }
    }
}


void
review_report_all_cells(const review_report_t *report, size_t *cells)
{
    cells[REVIEW_REPORT_OK] = report->counts.ok;
    cells[REVIEW_REPORT_FAILED] = report->counts.failed;
    cells[REVIEW_REPORT_TIMEOUT] = report->counts.timeout;
    cells[REVIEW_REPORT_SKIPPED] = report->counts.skipped;
}


size_t
review_report_path(const review_heading_t *heading,
    const review_str_t *path[REVIEW_REPORT_PATH])
{
    size_t               i, n;
    const review_str_t  *text;

    for (n = 0; heading && n < REVIEW_REPORT_PATH; heading = heading->parent) {
        path[n++] = &heading->text;
    }

    for (i = 0; i < n / 2; i++) {
        text = path[i];
        path[i] = path[n - 1 - i];
        path[n - 1 - i] = text;
    }

    return n;
}
