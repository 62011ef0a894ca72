
/* The report as JSON, for programs. */

#include "review/quote/quote.h"
#include "review/report/shared.h"
#include "review/json/write.h"


/* about what is written of each beside its texts */

#define REVIEW_REPORT_SMALL_SIZE     4096
#define REVIEW_REPORT_CELL_SIZE      128
#define REVIEW_REPORT_FINDING_SIZE   320
#define REVIEW_REPORT_EVIDENCE_SIZE  160
#define REVIEW_REPORT_CHUNK_SIZE     16


/* a member that is a number; the name goes with all that stands around it */

static void
review_report_number(review_buf_t *b, const char *name, uint64_t n)
{
    review_buf_puts(b, name);
    review_buf_number(b, n);
}


static void
review_report_string(review_buf_t *b, const char *name,
    const review_str_t *str)
{
    review_buf_puts(b, name);
    review_buf_json(b, str->data, str->len);
}


static void
review_report_word(review_buf_t *b, const char *name, const char *word)
{
    review_buf_puts(b, name);
    review_buf_puts(b, "\"");
    review_buf_puts(b, word);
    review_buf_puts(b, "\"");
}


/* one of the names, or null */

static void
review_report_name(review_buf_t *b, const char *name,
    const char *const *names, int i)
{
    if (i == -1) {
        review_buf_puts(b, name);
        review_buf_puts(b, "null");

    } else {
        review_report_word(b, name, names[i]);
    }
}


static void
review_report_flag(review_buf_t *b, const char *name, unsigned flag)
{
    review_buf_puts(b, name);
    review_buf_puts(b, flag ? "true" : "false");
}


static void
review_report_heading(review_buf_t *b, const review_heading_t *heading)
{
    size_t               i, n;
    const review_str_t  *path[REVIEW_REPORT_PATH];

    n = review_report_path(heading, path);

    review_buf_puts(b, ",\"heading\":[");

    for (i = 0; i < n; i++) {
        review_report_string(b, i ? "," : "", path[i]);
    }

    review_buf_puts(b, "]");
}


static void
review_report_evidence(const review_report_t *report, review_buf_t *b,
    const review_report_evidence_t *e)
{
    review_report_string(b, "{\"quote\":", &e->quote);

    if (e->kind == REVIEW_REPORT_NOWHERE) {
        review_buf_puts(b, ",\"source\":null,\"start\":null,\"end\":null");

    } else {
        if (e->kind == REVIEW_REPORT_DOCUMENT) {
            review_report_word(b, ",\"source\":", "document");

        } else {
            review_report_string(b, ",\"source\":",
                                 &report->references[e->reference].id);
            review_report_string(b, ",\"clause\":",
                                 &report->clauses[e->clause].id);
        }

        review_report_number(b, ",\"start\":", e->start);
        review_report_number(b, ",\"end\":", e->end);
    }

    review_report_word(b, ",\"match\":", review_matches[e->match]);
    review_report_heading(b, review_report_heading_of(report, e));
    review_buf_puts(b, "}");
}


/* what the finding says that is told */

static void
review_report_told(review_buf_t *b, const review_report_group_t *group)
{
    review_report_finding_t  *f;

    f = group->told;

    review_report_word(b, "{\"verdict\":", review_verdicts[f->verdict]);
    review_report_word(b, ",\"severity\":",
                       review_severities[group->severity]);
    review_report_string(b, ",\"reason\":", &f->reason);
    review_report_string(b, ",\"suggestion\":", &f->suggestion);
    review_buf_puts(b, ",\"confidence\":");

    if (f->confidence >= 0) {
        review_buf_decimal(b, f->confidence);

    } else {
        review_buf_puts(b, "null");
    }
}


static void
review_report_finding(const review_report_t *report, review_buf_t *b,
    const review_report_group_t *group)
{
    uint32_t  i;

    review_report_told(b, group);
    review_buf_puts(b, ",\"evidence\":[");

    for (i = 0; i < group->nevidence; i++) {
        review_buf_puts(b, i ? "," : "");
        review_report_evidence(report, b, &group->evidence[i]);
    }

    review_buf_puts(b, "]");
    review_report_heading(b, group->heading);
    review_buf_puts(b, ",\"chunks\":[");

    for (i = 0; i < group->nchunks; i++) {
        review_report_string(b, i ? "," : "",
                             &report->chunks[group->chunks[i]].id);
    }

    review_report_flag(b, "],\"grounded\":", group->told->grounded);
    review_report_flag(b, ",\"needs_human\":", group->needs_human);

    if (group->told->data.len) {
        review_buf_puts(b, ",\"data\":");
        review_buf_str(b, &group->told->data);
    }

    review_buf_puts(b, "}");
}


static void
review_report_point(const review_report_t *report, review_buf_t *b, size_t n)
{
    size_t                         i;
    const review_report_column_t  *column;

    column = &report->columns[n];

    review_report_string(b, "{\"point\":", &report->points[n].id);
    review_report_string(b, ",\"title\":", &report->points[n].title);
    review_report_name(b, ",\"verdict\":", review_verdicts, column->verdict);
    review_report_name(b, ",\"severity\":", review_severities,
                       column->severity);
    review_report_flag(b, ",\"needs_human\":", column->needs_human);
    review_buf_puts(b, ",\"findings\":[");

    for (i = 0; i < column->ngroups; i++) {
        review_buf_puts(b, i ? "," : "");
        review_report_finding(report, b, &column->groups[i]);
    }

    review_buf_puts(b, "],\"cells\":{");

    for (i = 0; i < REVIEW_REPORT_STATUSES; i++) {
        review_report_word(b, i ? "," : "", review_report_statuses[i]);
        review_report_number(b, ":", column->cells[i]);
    }

    review_buf_puts(b, "}}");
}


static void
review_report_chunk(const review_report_t *report, review_buf_t *b, size_t n)
{
    size_t                        cells[REVIEW_REPORT_STATUSES];
    const review_report_chunk_t  *chunk;

    chunk = &report->chunks[n];

    review_report_chunk_cells(report, n, cells);

    review_report_string(b, "{\"id\":", &chunk->id);
    review_report_number(b, ",\"start\":", chunk->start);
    review_report_number(b, ",\"end\":", chunk->end);
    review_report_heading(b, chunk->heading);
    review_report_word(b, ",\"status\":",
                       review_report_outcomes[review_report_outcome(cells)]);
    review_buf_puts(b, "}");
}


static void
review_report_write_cell(const review_report_t *report, review_buf_t *b,
    size_t chunk, size_t point)
{
    char                         name[REVIEW_CODE_NAME];
    review_str_t                 code;
    const review_report_cell_t  *cell;

    cell = review_report_cell(report, chunk, point);

    review_report_string(b, "{\"chunk\":", &report->chunks[chunk].id);
    review_report_string(b, ",\"point\":", &report->points[point].id);
    review_report_word(b, ",\"status\":",
                       review_report_statuses[cell->status]);
    review_report_number(b, ",\"attempts\":", cell->attempts);
    review_report_number(b, ",\"elapsed_ms\":", cell->elapsed);

    switch (cell->status) {

    case REVIEW_REPORT_OK:
        review_report_word(b, ",\"verdict\":", review_verdicts[cell->verdict]);
        break;

    case REVIEW_REPORT_FAILED:
    case REVIEW_REPORT_TIMEOUT:
        code = review_report_code(cell->u.error, name);
        review_report_string(b, ",\"error\":{\"code\":", &code);
        review_report_string(b, ",\"detail\":", &cell->u.error->detail);
        review_buf_puts(b, "}");
        break;
    }

    review_buf_puts(b, "}");
}


static void
review_report_usage(const review_report_t *report, review_buf_t *b)
{
    const review_report_counts_t  *counts;

    counts = &report->counts;

    review_report_number(b, "\"usage\":{\"calls\":", counts->calls);
    review_report_number(b, ",\"retries\":", counts->retries);
    review_report_number(b, ",\"prompt_tokens\":", counts->prompt_tokens);
    review_report_number(b, ",\"completion_tokens\":",
                         counts->completion_tokens);
    review_report_number(b, ",\"total_tokens\":",
                         counts->prompt_tokens + counts->completion_tokens);
    review_buf_puts(b, "}");
}


static size_t
review_report_group_size(const review_report_group_t *group)
{
    size_t    size;
    uint32_t  i;

    size = REVIEW_REPORT_FINDING_SIZE + group->told->reason.len
           + group->told->suggestion.len + group->told->data.len
           + group->nchunks * REVIEW_REPORT_CHUNK_SIZE;

    for (i = 0; i < group->nevidence; i++) {
        size += REVIEW_REPORT_EVIDENCE_SIZE + group->evidence[i].quote.len;
    }

    return size;
}


/* a text that grows leaves what it was in its pool: this one seldom has to */

static void
review_report_reserve(const review_report_t *report, review_buf_t *b)
{
    size_t                         i, k, size;
    const review_report_column_t  *column;

    size = REVIEW_REPORT_SMALL_SIZE
           + report->nchunks * report->npoints * REVIEW_REPORT_CELL_SIZE;

    for (i = 0; i < report->npoints; i++) {
        column = &report->columns[i];

        for (k = 0; k < column->ngroups; k++) {
            size += review_report_group_size(&column->groups[k]);
        }
    }

    (void) review_buf_reserve(b, size);
}


void
review_report_json(const review_report_t *report, review_buf_t *b)
{
    size_t  i, k, cells[REVIEW_REPORT_STATUSES];

    review_report_reserve(report, b);
    review_report_all_cells(report, cells);

    review_report_word(b, "\"status\":",
                       review_report_outcomes[review_report_outcome(cells)]);

    review_buf_puts(b, ",\"points\":[");

    for (i = 0; i < report->npoints; i++) {
        review_buf_puts(b, i ? "," : "");
        review_report_point(report, b, i);
    }

    review_buf_puts(b, "],\"chunks\":[");

    for (i = 0; i < report->nchunks; i++) {
        review_buf_puts(b, i ? "," : "");
        review_report_chunk(report, b, i);
    }

    review_buf_puts(b, "],\"cells\":[");

    for (i = 0; i < report->nchunks; i++) {
        for (k = 0; k < report->npoints; k++) {
            review_buf_puts(b, i + k ? "," : "");
            review_report_write_cell(report, b, i, k);
        }
    }

    review_buf_puts(b, "],");
    review_report_usage(report, b);
}
