
/* The cells of a report: what is known of each chunk and each point. */

#include "report_shared.h"
#include "utf8.h"

#include <stdlib.h>


#define REVIEW_REPORT_BLOCK   128      /* code points between two marks */
#define REVIEW_REPORT_CHUNKS  ((size_t) 1 << 28)
#define REVIEW_REPORT_POINTS  ((size_t) 1 << 20)


const char *const  review_report_statuses[] = {
    "ok", "failed", "timeout", "skipped", NULL
};

const char *const  review_report_outcomes[] = {
    "complete", "partial", "failed", NULL
};


/* to the next code point; what its first byte says can be relied upon */

static size_t
review_report_step(const review_str_t *text, size_t at)
{
    unsigned char  c;

    c = (unsigned char) text->data[at];
    at += (size_t) (1 + (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0));

    return at < text->len ? at : text->len;
}


static int
review_report_mark(review_report_t *report)
{
    size_t  i, n, max;

    max = report->text.len / REVIEW_REPORT_BLOCK + 1;

    report->marks = review_alloc(report->pool, max * sizeof(uint32_t));
    if (report->marks == NULL) {
        return -1;
    }

    report->marks[0] = 0;
    n = 0;

    for (i = 0; i < report->text.len; /* void */ ) {
        if (n % REVIEW_REPORT_BLOCK == 0) {
            report->marks[n / REVIEW_REPORT_BLOCK] = (uint32_t) i;
        }

        i = review_report_step(&report->text, i);
        n++;
    }

    report->length = n;

    return 0;
}


/* the byte at which a code point begins; less than all of them */

static size_t
review_report_byte(const review_report_t *report, size_t point)
{
    size_t  at, n;

    at = report->marks[point / REVIEW_REPORT_BLOCK];

    for (n = point % REVIEW_REPORT_BLOCK; n; n--) {
        at = review_report_step(&report->text, at);
    }

    return at;
}


int
review_report_slice(const review_report_t *report, size_t start, size_t end,
    review_str_t *text)
{
    size_t  from, to;

    if (start > end || end > report->length) {
        return -1;
    }

    from = start < report->length ? review_report_byte(report, start)
                                  : report->text.len;
    to = end < report->length ? review_report_byte(report, end)
                              : report->text.len;

    text->data = report->text.data + from;
    text->len = to - from;

    return 0;
}


int
review_report_compare(const review_str_t *a, const review_str_t *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }

    return a->len ? memcmp(a->data, b->data, a->len) : 0;
}


static int
review_report_compare_index(const void *a, const void *b)
{
    int                           rc;
    const review_report_index_t  *one, *two;

    one = a;
    two = b;
    rc = review_report_compare(&one->id, &two->id);

    return rc ? rc : (one->point > two->point) - (one->point < two->point);
}


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
        report->index[i].point = i;
    }

    qsort(report->index, report->npoints, sizeof(review_report_index_t),
          review_report_compare_index);

    return 0;
}


static int
review_report_create_cells(review_report_t *report)
{
    size_t  i, n;

    n = report->nchunks * report->npoints;

    report->cells = review_alloc(report->pool,
                                 n * sizeof(review_report_cell_t));
    if (report->cells == NULL) {
        return -1;
    }

    memset(report->cells, 0, n * sizeof(review_report_cell_t));

    for (i = 0; i < n; i++) {
        report->cells[i].status = REVIEW_REPORT_NOTHING;
    }

    return 0;
}


review_report_t *
review_report_create(review_pool_t *pool, const review_str_t *text,
    const review_report_chunk_t *chunks, size_t nchunks,
    const review_report_point_t *points, size_t npoints)
{
    review_report_t  *report;

    if (text->len > UINT32_MAX || nchunks > REVIEW_REPORT_CHUNKS
        || npoints > REVIEW_REPORT_POINTS)
    {
        return NULL;
    }

    report = review_alloc(pool, sizeof(*report));
    if (report == NULL) {
        return NULL;
    }

    memset(report, 0, sizeof(*report));

    report->pool = pool;
    report->text = *text;
    report->chunks = chunks;
    report->nchunks = nchunks;
    report->points = points;
    report->npoints = npoints;

    if (review_report_mark(report) != 0
        || (npoints && review_report_sort_points(report) != 0)
        || (nchunks && npoints && review_report_create_cells(report) != 0))
    {
        return NULL;
    }

    return report;
}


int
review_report_copy(review_report_t *report, const review_str_t *str,
    review_str_t *copy)
{
    char  *p;

    copy->len = str->len;
    copy->data = "";

    if (str->len == 0) {
        return 0;
    }

    p = review_alloc(report->pool, str->len);
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


void
review_report_set(review_report_t *report, review_report_cell_t *cell,
    const review_report_cell_t *told)
{
    *cell = *told;

    report->counts.total++;
    (*review_report_counter(report, told->status))++;
}


const review_report_error_t *
review_report_error(review_report_t *report, const review_str_t *code,
    const review_str_t *detail)
{
    review_report_error_t  *error;

    if (report->error
        && review_report_compare(&report->error->code, code) == 0
        && review_report_compare(&report->error->detail, detail) == 0)
    {
        return report->error;
    }

    error = review_alloc(report->pool, sizeof(*error));

    if (error == NULL
        || review_report_copy(report, code, &error->code) != 0
        || review_report_copy(report, detail, &error->detail) != 0)
    {
        return NULL;
    }

    report->error = error;

    return error;
}


/* as much of it as is UTF-8 */

static review_str_t
review_report_words(const char *text)
{
    review_str_t  str;

    str.data = text ? text : "";
    str.len = review_utf8_valid(str.data, strlen(str.data));

    return str;
}


int
review_report_fill(review_report_t *report, size_t chunk,
    review_report_status_e status, const char *code, const char *detail)
{
    size_t                 i;
    review_str_t           words[2];
    review_report_cell_t  *cell, told;

    memset(&told, 0, sizeof(told));

    told.status = (uint8_t) status;
    words[0] = review_report_words(code);
    words[1] = review_report_words(detail);

    for (i = 0; i < report->npoints; i++) {
        cell = review_report_cell(report, chunk, i);

        if (cell->status != REVIEW_REPORT_NOTHING) {
            continue;
        }

        told.u.error = review_report_error(report, &words[0], &words[1]);
        if (told.u.error == NULL) {
            return -1;
        }

        review_report_set(report, cell, &told);
    }

    return 0;
}


int
review_report_fail(review_report_t *report, size_t chunk, const char *status,
    const char *code, const char *detail)
{
    if (chunk >= report->nchunks) {
        return 0;
    }

    return review_report_fill(report, chunk,
                              strcmp(status, "timeout") == 0
                              ? REVIEW_REPORT_TIMEOUT : REVIEW_REPORT_FAILED,
                              code, detail);
}


int
review_report_skip(review_report_t *report, size_t chunk, size_t point)
{
    review_report_cell_t  *cell, told;

    if (chunk >= report->nchunks || point >= report->npoints) {
        return 0;
    }

    cell = review_report_cell(report, chunk, point);

    if (cell->status == REVIEW_REPORT_NOTHING) {
        memset(&told, 0, sizeof(told));
        told.status = REVIEW_REPORT_SKIPPED;
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
review_report_chunk_cells(const review_report_t *report, size_t chunk,
    size_t *cells)
{
    size_t  i;

    memset(cells, 0, REVIEW_REPORT_STATUSES * sizeof(size_t));

    for (i = 0; i < report->npoints; i++) {
        cells[review_report_cell(report, chunk, i)->status]++;
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
