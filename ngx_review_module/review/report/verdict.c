
/* What is said of each point over the whole document. */

#include "review/report/shared.h"


/* of a point about the document there is one cell */

static void
review_report_verdict_whole(review_report_merge_t *m, size_t point,
    review_report_column_t *column)
{
    review_report_cell_t  *cell;

    cell = &m->report->wholes[point].cell;

    column->cells[cell->status]++;
    column->warnings = cell->warnings;

    if (cell->status == REVIEW_REPORT_OK) {
        column->verdict = cell->verdict;
        m->entries[m->n++] = cell->u.finding;
    }
}


/* counts the cells of a point and lists its findings */

static void
review_report_verdict_collect(review_report_merge_t *m, size_t point,
    review_report_column_t *column)
{
    size_t                 i;
    review_report_cell_t  *cell;

    memset(column, 0, sizeof(*column));

    column->verdict = -1;
    column->severity = -1;
    m->n = 0;

    if (m->report->points[point].document) {
        review_report_verdict_whole(m, point, column);
        return;
    }

    for (i = 0; i < m->report->nchunks; i++) {
        cell = review_report_cell(m->report, i, point);
        column->cells[cell->status]++;
        column->warnings |= cell->warnings;

        if (cell->status == REVIEW_REPORT_SKIPPED) {
            column->skipped[cell->why]++;
        }

        if (cell->status != REVIEW_REPORT_OK) {
            continue;
        }

        if (column->verdict == -1
            || review_report_ranks[cell->verdict]
               < review_report_ranks[column->verdict])
        {
            column->verdict = cell->verdict;
        }

        if (cell->u.finding) {
            m->entries[m->n++] = cell->u.finding;
        }
    }

}


/*
 * All was looked at, and nothing is what the point is about: it says itself
 * what that means, or nobody does
 */

static int
review_report_verdict_nothing(review_report_merge_t *m, size_t point,
    review_report_column_t *column)
{
    review_report_finding_t  *f;
    review_search_result_t    searched;

    if (m->report->points[point].document
        || column->cells[REVIEW_REPORT_SKIPPED] < m->report->nchunks
        || column->skipped[REVIEW_REPORT_SKIP_SELECT]
        || m->report->points[point].absent == -1)
    {
        return 0;
    }

    memset(&searched, 0, sizeof(searched));

    searched.outcome = REVIEW_SEARCH_ABSENT;
    searched.chunks = m->report->nchunks;
    searched.of = m->report->nchunks;

    f = review_report_reading_absent(m->report, point, &searched);

    if (f == NULL) {
        return -1;
    }

    column->verdict = f->verdict;
    m->entries[m->n++] = f;

    return 0;
}


/* facts that do not agree are as bad as what a chunk says */

static int
review_report_verdict_facts(const review_report_t *report, size_t point,
    review_report_column_t *column)
{
    size_t                     i;
    review_report_finding_t   *f;

    for (i = 0; i < report->nfacts; i++) {
        f = report->facts[i].finding;

        if (report->facts[i].point != point || f == NULL) {
            continue;
        }

        if (column->verdict == -1 || review_report_ranks[f->verdict]
                                     < review_report_ranks[column->verdict])
        {
            column->verdict = f->verdict;
        }

        if (review_report_merge_add(report, column, f) != 0) {
            return -1;
        }
    }

    return 0;
}


/*
 * A person has to look if a finding with the point's verdict asks for it, if a
 * chunk has not been seen, and if there is a warning of any.
 */

static void
review_report_verdict_judge(review_report_merge_t *m, size_t point,
    review_report_column_t *column)
{
    int                     verdict;
    size_t                  i;
    review_report_cell_t   *cell;
    review_report_group_t  *group;

    column->needs_human = column->cells[REVIEW_REPORT_FAILED]
                          + column->cells[REVIEW_REPORT_TIMEOUT] > 0
                          || column->warnings || column->verdict == -1;

    for (i = 0; i < column->ngroups; i++) {
        group = &column->groups[i];
        verdict = group->told->verdict;

        if (verdict == column->verdict && group->needs_human) {
            column->needs_human = 1;
        }

        if ((verdict == REVIEW_VERDICT_FAIL || verdict == REVIEW_VERDICT_RISK)
            && (column->severity == -1 || group->severity < column->severity))
        {
            column->severity = group->severity;
        }
    }

    if (m->report->points[point].document) {
        column->needs_human |= m->report->wholes[point].cell.needs_human;
        return;
    }

    for (i = 0; i < m->report->nchunks && !column->needs_human; i++) {
        cell = review_report_cell(m->report, i, point);

        column->needs_human = cell->status == REVIEW_REPORT_OK
                              && cell->u.finding == NULL
                              && cell->verdict == column->verdict
                              && cell->needs_human;
    }
}


/* is the point's verdict that of a rule, or a search, which found nothing? */

static int
review_report_verdict_is_absence(const review_report_t *report, size_t point,
    const review_report_column_t *column)
{
    size_t                       i;
    const review_report_cell_t  *cell;

    if (report->points[point].document) {
        cell = &report->wholes[point].cell;

        return cell->status == REVIEW_REPORT_OK && cell->u.finding->absent;
    }

    if (!report->points[point].rule) {
        return 0;
    }

    for (i = 0; i < report->nchunks; i++) {
        cell = review_report_cell(report, i, point);

        if (cell->status == REVIEW_REPORT_OK
            && cell->verdict == column->verdict
            && cell->u.finding && cell->u.finding->nevidence)
        {
            return 0;
        }
    }

    return 1;
}


/* what was not read might hold anything, but no excuse for what fails */

static void
review_report_verdict_doubt(const review_report_t *report, size_t point,
    review_report_column_t *column)
{
    int  absence;

    absence = review_report_verdict_is_absence(report, point, column);

    if (absence && column->verdict == REVIEW_VERDICT_PASS) {
        column->verdict = REVIEW_VERDICT_UNSURE;
    }

    if (absence || column->verdict != REVIEW_VERDICT_FAIL) {
        column->needs_human = 1;
    }
}


/* room for the point that has most */

static int
review_report_verdict_merge_init(review_report_merge_t *m,
    review_report_t *report)
{
    size_t                 i, k, n, nspans, max, max_spans;
    review_pool_t         *pool;
    review_report_cell_t  *cell;

    memset(m, 0, sizeof(*m));

    m->report = report;
    max = 1;
    max_spans = 1;

    for (i = 0; i < report->npoints; i++) {
        n = 0;
        nspans = 0;

        if (report->points[i].document) {
            continue;
        }

        for (k = 0; k < report->nchunks; k++) {
            cell = review_report_cell(report, k, i);

            if (cell->status == REVIEW_REPORT_OK && cell->u.finding) {
                n++;
                nspans += cell->u.finding->nevidence + 1;
            }
        }

        max = n > max ? n : max;
        max_spans = nspans > max_spans ? nspans : max_spans;
    }

    if (max_spans > UINT32_MAX) {
        return -1;
    }

    pool = report->pool;

    m->entries = review_alloc(pool, max * sizeof(*m->entries) + 1);
    m->parents = review_alloc(pool, max * sizeof(uint32_t) + 1);
    m->order = review_alloc(pool, max * sizeof(uint32_t) + 1);
    m->firsts = review_alloc(pool, (max + 1) * sizeof(uint32_t));
    m->spans = review_alloc(pool, max_spans * sizeof(*m->spans) + 1);
    m->leaders = review_alloc(pool, max_spans * sizeof(uint32_t) + 1);

    return m->entries && m->parents && m->order && m->firsts && m->spans
           && m->leaders ? 0 : -1;
}


int
review_report_verdict_finish(review_report_t *report)
{
    int                      unread;
    size_t                   i;
    review_report_merge_t    m;
    review_report_column_t  *columns;

    if (report->columns) {
        return 0;
    }

    for (i = 0; i < report->nchunks; i++) {
        review_report_settle(report, i);

        if (review_report_fill(report, i, REVIEW_CODE_INTERNAL,
                               "nothing was told of it")
            != 0)
        {
            return -1;
        }
    }

    if (review_report_reading_finish(report) != 0) {
        return -1;
    }

    columns = review_alloc(report->pool,
                           (report->npoints + 1) * sizeof(*columns));

    if (columns == NULL || review_report_verdict_merge_init(&m, report) != 0) {
        return -1;
    }

    unread = review_report_text_is_unread(report);

    for (i = 0; i < report->npoints; i++) {
        review_report_verdict_collect(&m, i, &columns[i]);

        if (review_report_verdict_nothing(&m, i, &columns[i]) != 0
            || review_report_merge_groups(&m, &columns[i]) != 0
            || review_report_verdict_facts(report, i, &columns[i]) != 0)
        {
            return -1;
        }

        review_report_verdict_judge(&m, i, &columns[i]);

        if (unread) {
            review_report_verdict_doubt(report, i, &columns[i]);
        }
    }

    report->columns = columns;

    return 0;
}


int
review_report_verdict_read(const review_report_t *report, size_t point,
    review_search_result_t *searched)
{
    const review_report_column_t  *column;

    column = &report->columns[point];

    memset(searched, 0, sizeof(*searched));

    searched->chunks = report->nchunks - column->cells[REVIEW_REPORT_SKIPPED];
    searched->of = report->nchunks - column->skipped[REVIEW_REPORT_SKIP_BLANK]
                   - column->skipped[REVIEW_REPORT_SKIP_DOCUMENTS];

    return searched->chunks < searched->of;
}
