
/* The rows of a report beside its chunks: readings, and the cells of all. */

#include "review/report/shared.h"


static int
review_report_row_grow(review_report_t *report)
{
    size_t                   room;
    review_report_row_t    **rows;

    room = report->room * 2 + 16;
    rows = review_alloc(report->pool, room * sizeof(*rows));

    if (rows == NULL) {
        return -1;
    }

    if (report->nrows) {
        memcpy(rows, report->rows, report->nrows * sizeof(*rows));
    }

    report->rows = rows;
    report->room = room;

    return 0;
}


int
review_report_row_add(review_report_t *report, size_t point, size_t *chunk)
{
    review_report_row_t  *row;

    if (report->nrows == report->room
        && review_report_row_grow(report) != 0)
    {
        return -1;
    }

    row = review_alloc(report->pool, sizeof(*row));

    if (row == NULL) {
        return -1;
    }

    memset(row, 0, sizeof(*row));

    row->point = point;
    row->cell.status = REVIEW_REPORT_NOTHING;
    row->cell.reading = 1;

    *chunk = report->nchunks + report->nrows;
    report->rows[report->nrows++] = row;

    return 0;
}


review_report_row_t *
review_report_row(const review_report_t *report, size_t chunk)
{
    size_t  n;

    n = chunk - report->nchunks;

    return chunk >= report->nchunks && n < report->nrows ? report->rows[n]
                                                         : NULL;
}


review_report_cell_t *
review_report_row_cell(const review_report_t *report, size_t chunk,
    size_t point)
{
    review_report_row_t  *row;

    if (chunk == REVIEW_REPORT_WHOLE) {
        return report->points[point].document
               ? &report->wholes[point].cell : NULL;
    }

    if (chunk < report->nchunks) {
        return report->points[point].document
               ? NULL : review_report_cell(report, chunk, point);
    }

    row = review_report_row(report, chunk);

    return row && row->point == point ? &row->cell : NULL;
}


int
review_report_row_is_unread(const review_report_t *report)
{
    size_t                         i;
    const review_search_result_t  *searched;

    if (report->unselected) {
        return 1;
    }

    for (i = 0; i < report->npoints; i++) {
        searched = &report->wholes[i].searched;

        if ((searched->outcome == REVIEW_SEARCH_UNREAD && searched->of)
            || searched->failed)
        {
            return 1;
        }
    }

    return 0;
}
