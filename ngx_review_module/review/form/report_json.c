
/* The report as JSON, for programs. */

#include "review/quote/quote.h"
#include "review/form/report_form.h"
#include "review/report/shared.h"
#include "review/json/write.h"
#include "review/split/split_json.h"


/* one of the names, or null */

static void
review_report_json_name(review_buf_t *b, const char *name,
    const char *const *names, int i)
{
    review_write_word(b, name, i == -1 ? NULL : names[i]);
}


static void
review_report_json_where(review_buf_t *b, const review_where_t *where)
{
    if (where->line) {
        review_split_json_place(b, where->page, where->line);
    }
}


/* a document alone needs no name */

static void
review_report_json_source(const review_report_t *report, review_buf_t *b,
    size_t document)
{
    const review_str_t  *id;

    id = &report->documents[document].id;

    if (id->len) {
        review_write_str(b, "source", id);

    } else {
        review_write_word(b, "source", "document");
    }
}


static void
review_report_json_evidence(const review_report_t *report, review_buf_t *b,
    const review_report_evidence_t *e)
{
    review_where_t  where;

    review_report_text_where(report, e, &where);

    review_write_object(b, NULL);
    review_write_str(b, "quote", &e->quote);

    switch (e->kind) {

    case REVIEW_REPORT_NOWHERE:
        review_write_null(b, "source");
        review_write_null(b, "start");
        review_write_null(b, "end");
        break;

    case REVIEW_REPORT_DOCUMENT:
        review_report_json_source(report, b, e->reference);
        review_write_number(b, "start", e->start);
        review_write_number(b, "end", e->end);
        break;

    default:
        review_write_str(b, "source", &report->references[e->reference].id);
        review_write_str(b, "clause", &report->clauses[e->clause].id);
        review_write_number(b, "start", e->start);
        review_write_number(b, "end", e->end);
    }

    review_report_json_where(b, &where);
    review_write_word(b, "match", review_matches[e->match]);

    if (e->elsewhere) {
        review_write_bool(b, "elsewhere", 1);
    }

    if (e->kind == REVIEW_REPORT_NOWHERE) {
        review_write_bool(b, "searched", e->sought);
    }

    review_split_json_heading(b, where.heading);
    review_write_object_end(b);
}


/* what the finding says that is told */

static void
review_report_json_told(review_buf_t *b, const review_report_group_t *group)
{
    review_report_finding_t  *f;

    f = group->told;

    review_write_word(b, "verdict", review_verdicts[f->verdict]);
    review_write_word(b, "severity", review_severities[group->severity]);
    review_write_str(b, "reason", &f->reason);
    review_write_str(b, "suggestion", &f->suggestion);
    review_write_decimal(b, "confidence", f->confidence);
}


/* what the others say that it is told for */

static void
review_report_json_also(const review_report_t *report, review_buf_t *b,
    const review_report_group_t *group)
{
    uint32_t                        i;
    const review_report_finding_t  *f;

    if (group->nalso == 0) {
        return;
    }

    review_write_array(b, "also");

    for (i = 0; i < group->nalso; i++) {
        f = group->also[i];

        review_write_object(b, NULL);
        review_write_str(b, "chunk", &report->chunks[f->chunk].id);
        review_write_word(b, "severity", review_severities[f->severity]);
        review_write_str(b, "reason", &f->reason);
        review_write_str(b, "suggestion", &f->suggestion);
        review_write_decimal(b, "confidence", f->confidence);

        if (f->data.len) {
            review_write_raw(b, "data", f->data.data, f->data.len);
        }

        review_write_object_end(b);
    }

    review_write_array_end(b);
}


static void
review_report_json_finding(const review_report_t *report, review_buf_t *b,
    const review_report_group_t *group)
{
    uint32_t  i;

    review_write_object(b, NULL);
    review_report_json_told(b, group);
    review_write_array(b, "evidence");

    for (i = 0; i < group->nevidence; i++) {
        review_report_json_evidence(report, b, &group->evidence[i]);
    }

    review_write_array_end(b);
    review_report_json_where(b, &group->where);
    review_split_json_heading(b, group->where.heading);
    review_write_array(b, "chunks");

    for (i = 0; i < group->nchunks; i++) {
        review_write_str(b, NULL, &report->chunks[group->chunks[i]].id);
    }

    review_write_array_end(b);
    review_write_bool(b, "grounded", group->told->grounded);
    review_write_bool(b, "needs_human", group->needs_human);
    review_write_set(b, "warnings", review_warnings, group->warnings);
    review_write_set(b, "notes", review_notes, group->notes);

    if (group->told->absent) {
        review_write_bool(b, "absent", 1);
    }

    if (group->told->fact) {
        review_write_str(b, "fact", &group->told->fact->name);
    }

    if (group->told->data.len) {
        review_write_raw(b, "data", group->told->data.data,
                         group->told->data.len);
    }

    review_report_json_also(report, b, group);
    review_write_object_end(b);
}


/* how much of the document was read for a point about it */

static void
review_report_json_searched(review_buf_t *b,
    const review_search_result_t *searched)
{
    review_write_object(b, "searched");
    review_write_number(b, "chunks", searched->chunks);
    review_write_number(b, "of", searched->of);

    if (searched->rounds) {
        review_write_number(b, "rounds", searched->rounds);
    }

    if (searched->left) {
        review_write_number(b, "left", searched->left);
    }

    review_write_object_end(b);
}


/* of a point that was not asked of all there is */

static void
review_report_json_read(const review_report_t *report, review_buf_t *b,
    size_t n)
{
    review_search_result_t  searched;

    if (report->points[n].document) {
        review_report_json_searched(b, &report->wholes[n].searched);

    } else if (review_report_verdict_read(report, n, &searched)) {
        review_report_json_searched(b, &searched);
    }
}


static void
review_report_json_point(const review_report_t *report, review_buf_t *b,
    size_t n)
{
    size_t                         i;
    const review_report_column_t  *column;

    column = &report->columns[n];

    review_write_object(b, NULL);
    review_write_str(b, "point", &report->points[n].id);
    review_write_str(b, "title", &report->points[n].title);
    review_report_json_name(b, "verdict", review_verdicts, column->verdict);
    review_report_json_name(b, "severity", review_severities, column->severity);
    review_write_bool(b, "needs_human", column->needs_human);
    review_write_set(b, "warnings", review_warnings, column->warnings);
    review_write_array(b, "findings");

    for (i = 0; i < column->ngroups; i++) {
        review_report_json_finding(report, b, &column->groups[i]);
    }

    review_write_array_end(b);

    if (report->points[n].unheaded) {
        review_write_array(b, "notes");
        review_write_word(b, NULL, "heading_not_found");
        review_write_array_end(b);
    }

    review_report_json_read(report, b, n);

    review_write_object(b, "cells");

    for (i = 0; i < REVIEW_REPORT_STATUSES; i++) {
        review_write_number(b, review_report_statuses[i], column->cells[i]);
    }

    review_write_object_end(b);
    review_write_object_end(b);
}


void
review_report_json_place(const review_report_t *report, review_buf_t *b,
    size_t n)
{
    review_where_t                where;
    const review_report_chunk_t  *chunk;

    chunk = &report->chunks[n];

    review_report_text_chunk(report, n, &where);

    review_write_str(b, "id", &chunk->id);
    review_write_number(b, "start", chunk->start);
    review_write_number(b, "end", chunk->end);
    review_report_json_where(b, &where);
    review_split_json_heading(b, where.heading);
}


static void
review_report_json_chunk(const review_report_t *report, review_buf_t *b,
    size_t n)
{
    size_t  cells[REVIEW_REPORT_STATUSES];

    review_report_chunk_cells(report, n, cells);

    review_write_object(b, NULL);
    review_report_json_place(report, b, n);
    review_write_word(b, "status",
                      review_report_outcomes[review_report_outcome(cells)]);
    review_write_object_end(b);
}


/* what came of a cell: all behind what it is a cell of */

static void
review_report_json_became(review_buf_t *b, const review_report_cell_t *cell)
{
    char          name[REVIEW_CODE_NAME];
    review_str_t  code;

    review_write_word(b, "status", review_report_statuses[cell->status]);
    review_write_number(b, "attempts", cell->attempts);
    review_write_number(b, "elapsed_ms", cell->elapsed);
    review_write_set(b, "warnings", review_warnings, cell->warnings);

    switch (cell->status) {

    case REVIEW_REPORT_OK:
        review_write_word(b, "verdict", review_verdicts[cell->verdict]);
        review_write_set(b, "notes", review_notes, cell->notes);
        break;

    case REVIEW_REPORT_FAILED:
    case REVIEW_REPORT_TIMEOUT:
        code = review_report_code(cell->u.error, name);
        review_write_object(b, "error");
        review_write_str(b, "code", &code);
        review_write_str(b, "detail", &cell->u.error->detail);
        review_write_object_end(b);
        break;
    }
}


/*
 * Members of an object: which cell it is.  That of a point about the document
 * has the passages that it was decided by.
 */

static void
review_report_json_whose(const review_report_t *report, review_buf_t *b,
    size_t chunk, size_t point)
{
    size_t                           i;
    const review_report_whole_t     *whole;
    const review_report_passages_t  *passages;

    if (chunk != REVIEW_REPORT_WHOLE) {
        review_write_str(b, "chunk", &report->chunks[chunk].id);
        review_write_str(b, "point", &report->points[point].id);
        return;
    }

    whole = &report->wholes[point];

    review_write_null(b, "chunk");
    review_write_str(b, "point", &report->points[point].id);
    review_write_array(b, "passages");

    passages = whole->row ? &whole->row->passages : NULL;

    for (i = 0; passages && i < passages->nchunks; i++) {
        review_write_str(b, NULL, &report->chunks[passages->chunks[i]].id);
    }

    review_write_array_end(b);
}


static void
review_report_json_cell(const review_report_t *report, review_buf_t *b,
    size_t chunk, size_t point)
{
    review_write_object(b, NULL);
    review_report_json_whose(report, b, chunk, point);
    review_report_json_became(b, review_report_row_cell(report, chunk, point));
    review_write_object_end(b);
}


/* of what is not worth telling there is a verdict alone */

void
review_report_json_result(const review_report_t *report, review_buf_t *b,
    size_t chunk, size_t point)
{
    review_report_group_t        group;
    const review_report_cell_t  *cell;

    cell = review_report_row_cell(report, chunk, point);

    review_write_object(b, NULL);
    review_report_json_whose(report, b, chunk, point);
    review_report_json_became(b, cell);

    if (cell->status == REVIEW_REPORT_OK && cell->u.finding) {
        review_report_merge_one(report, cell->u.finding, &group);
        review_write_bool(b, "needs_human", group.needs_human);
        review_write_name(b, "finding");
        review_report_json_finding(report, b, &group);

    } else if (cell->status == REVIEW_REPORT_OK) {
        review_write_bool(b, "needs_human", cell->needs_human);
        review_write_null(b, "finding");
    }

    review_write_object_end(b);
}


static void
review_report_json_usage(const review_report_t *report, review_buf_t *b)
{
    const review_report_counts_t  *counts;

    counts = &report->counts;

    review_write_object(b, "usage");
    review_write_number(b, "calls", counts->calls);
    review_write_number(b, "retries", counts->retries);
    review_write_number(b, "prompt_tokens", counts->prompt_tokens);
    review_write_number(b, "completion_tokens", counts->completion_tokens);
    review_write_number(b, "total_tokens",
                        counts->prompt_tokens + counts->completion_tokens);
    review_write_object_end(b);
}


/* what is known of their texts */

void
review_report_json_references(review_buf_t *b,
    const review_report_reference_t *references, size_t n)
{
    size_t  i;

    review_write_array(b, "references");

    for (i = 0; i < n; i++) {
        review_write_object(b, NULL);
        review_write_str(b, "id", &references[i].id);
        review_document_json(b, &references[i].document);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


/* a place of a value, and the chunk in which that was read */

static void
review_report_json_value(const review_report_t *report, review_buf_t *b,
    const review_report_value_t *value)
{
    size_t  i;

    review_write_object(b, NULL);
    review_write_str(b, "value", &value->text);
    review_write_bool(b, "grounded", value->grounded);
    review_write_array(b, "evidence");

    for (i = 0; i < value->nplaces; i++) {
        review_report_json_evidence(report, b, &value->places[i]);
    }

    review_write_array_end(b);
    review_write_array(b, "chunks");

    for (i = 0; i < value->nplaces; i++) {
        if (i == 0 || value->places[i].chunk != value->places[i - 1].chunk) {
            review_write_str(b, NULL,
                             &report->chunks[value->places[i].chunk].id);
        }
    }

    review_write_array_end(b);
    review_write_object_end(b);
}


/* where a point compares any */

static void
review_report_json_facts(const review_report_t *report, review_buf_t *b)
{
    size_t                        i, k;
    const review_report_fact_t   *fact;
    const review_report_point_t  *point;

    if (report->nfacts == 0) {
        return;
    }

    review_write_array(b, "facts");

    for (i = 0; i < report->nfacts; i++) {
        fact = &report->facts[i];
        point = &report->points[fact->point];

        review_write_object(b, NULL);
        review_write_str(b, "point", &point->id);
        review_write_str(b, "name", &point->agree[fact->name].name);
        review_write_str(b, "title", &point->agree[fact->name].title);

        if (fact->agree < 0) {
            review_write_null(b, "agree");

        } else {
            review_write_bool(b, "agree", fact->agree);
        }

        review_write_array(b, "values");

        for (k = 0; k < fact->nvalues; k++) {
            review_report_json_value(report, b, &fact->values[k]);
        }

        review_write_array_end(b);
        review_write_number(b, "left", fact->left);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


void
review_report_json(const review_report_t *report, review_buf_t *b)
{
    size_t                   i, k;
    review_report_outcome_e  outcome;

    review_report_json_references(b, report->references, report->nreferences);

    outcome = review_report_outcome_all(report);
    review_write_word(b, "status", review_report_outcomes[outcome]);

    review_write_array(b, "points");

    for (i = 0; i < report->npoints; i++) {
        review_report_json_point(report, b, i);
    }

    review_write_array_end(b);
    review_report_json_facts(report, b);
    review_write_array(b, "chunks");

    for (i = 0; i < report->nchunks; i++) {
        review_report_json_chunk(report, b, i);
    }

    review_write_array_end(b);
    review_write_array(b, "cells");

    for (i = 0; i < report->nchunks; i++) {
        for (k = 0; k < report->npoints; k++) {
            if (!report->points[k].document) {
                review_report_json_cell(report, b, i, k);
            }
        }
    }

    for (k = 0; k < report->npoints; k++) {
        if (report->points[k].document) {
            review_report_json_cell(report, b, REVIEW_REPORT_WHOLE, k);
        }
    }

    review_write_array_end(b);
    review_report_json_usage(report, b);
}
