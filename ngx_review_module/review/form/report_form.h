
/* A report in its forms: as JSON, for programs, and as Markdown, for people. */

#ifndef _REVIEW_REPORT_FORM_H_INCLUDED_
#define _REVIEW_REPORT_FORM_H_INCLUDED_


#include "review/report/report.h"

#pragma GCC visibility push(hidden)


/*
 * After finish.  Members of an object, without its braces:
 *
 *     "references":[...],"status":"complete|partial|failed","points":[...],
 *     "chunks":[...],"cells":[...],"usage":{...}
 *
 * and the same for people, as Markdown in the language ("zh", "en").
 */

void review_report_json(const review_report_t *report, review_buf_t *b);
void review_report_markdown(const review_report_t *report, review_buf_t *b,
    const char *language, const review_str_t *title);


/*
 * Members of an object: "id", "start", "end", "line", "page" and "heading" of a
 * chunk, whatever came of it
 */

void review_report_json_place(const review_report_t *report, review_buf_t *b,
    size_t chunk);

/*
 * Before finish, or after: a cell that has ended as an object, with what was
 * found there.  Not while quotes are looked up, or the report is finished.
 */

void review_report_json_result(const review_report_t *report, review_buf_t *b,
    size_t chunk, size_t point);

/* "references":[...] alone, of which there need be no report yet */

void review_report_json_references(review_buf_t *b,
    const review_report_reference_t *references, size_t n);


#pragma GCC visibility pop


#endif /* _REVIEW_REPORT_FORM_H_INCLUDED_ */
