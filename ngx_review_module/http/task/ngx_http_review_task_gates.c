
/*
 * Which chunks are in question for which points, whatever they say: blank ones
 * are for none, and a point may be about certain chapters, or documents.
 */

#include "http/task/ngx_http_review_task.h"

#include "review/base/utf8.h"
#include "review/search/chapter.h"


/* how well the headings of all documents fit; marks, or none does */

static int
ngx_http_review_task_gates_marks(ngx_http_review_plan_t *plan,
    const review_point_t *point, unsigned char **marks)
{
    size_t                   i;
    unsigned                 grade, best;
    review_chapter_names_t  *names;

    names = review_chapter_names(plan->pool, point->heading, point->nheading);

    if (names == NULL) {
        return -1;
    }

    for (i = 0, best = 0; i < plan->ndocuments; i++) {
        marks[i] = review_alloc(plan->pool, plan->places[i].headlines.n + 1);

        if (marks[i] == NULL) {
            return -1;
        }

        grade = review_chapter_grades(names, &plan->places[i].headlines,
                                      marks[i]);
        best = ngx_max(best, grade);
    }

    for (i = 0; i < plan->ndocuments; i++) {
        review_chapter_mark(&plan->places[i].headlines, marks[i], best);
    }

    return best != 0;
}


/* the chunks below them, by what is their own: not by their overlap */

static int
ngx_http_review_task_gates_heading(ngx_http_review_plan_t *plan, size_t point,
    unsigned char *in)
{
    int              rc;
    size_t           i, k, n;
    unsigned char  **marks;

    marks = review_alloc(plan->pool, plan->ndocuments * sizeof(void *));

    if (marks == NULL) {
        return -1;
    }

    rc = ngx_http_review_task_gates_marks(plan, plan->asked[point], marks);

    if (rc <= 0) {
        plan->points[point].unheaded = rc == 0;
        return rc;
    }

    for (i = 0, n = 0; i < plan->ndocuments; i++) {
        for (k = 0; k < plan->documents[i].nclauses; k++, n++) {

            if (!review_chapter_is_below(&plan->places[i].headlines, marks[i],
                                         plan->cuts[n].body,
                                         plan->cuts[n].end))
            {
                in[n] = in[n] ? in[n] : REVIEW_REPORT_SKIP_HEADING;
            }
        }
    }

    return 0;
}


/* "*" stands for anything, also for nothing */

static ngx_uint_t
ngx_http_review_task_gates_fits(const review_str_t *pattern,
    const review_str_t *id)
{
    size_t  i, k, star, from;

    star = NGX_MAX_SIZE_T_VALUE;
    from = 0;

    for (i = 0, k = 0; k < id->len; /* void */) {

        if (i < pattern->len && pattern->data[i] == '*') {
            star = i++;
            from = k;

        } else if (i < pattern->len && pattern->data[i] == id->data[k]) {
            i++;
            k++;

        } else if (star != NGX_MAX_SIZE_T_VALUE) {
            i = star + 1;
            k = ++from;

        } else {
            return 0;
        }
    }

    while (i < pattern->len && pattern->data[i] == '*') {
        i++;
    }

    return i == pattern->len;
}


/* a document alone is whatever points ask for */

static void
ngx_http_review_task_gates_documents(ngx_http_review_plan_t *plan,
    const review_point_t *point, unsigned char *in)
{
    size_t      i, k, n;
    ngx_uint_t  fits;

    for (i = 0, n = 0; plan->several && i < plan->ndocuments; i++) {

        for (k = 0, fits = 0; k < point->ndocuments && !fits; k++) {
            fits = ngx_http_review_task_gates_fits(&point->documents[k],
                                                   &plan->documents[i].id);
        }

        if (!fits) {
            ngx_memset(in + n, REVIEW_REPORT_SKIP_DOCUMENTS,
                       plan->documents[i].nclauses);
        }

        n += plan->documents[i].nclauses;
    }
}


/* of each chunk, why it is in no question; 0: it is in question */

static int
ngx_http_review_task_gates_point(ngx_http_review_plan_t *plan, size_t point)
{
    unsigned char         *in;
    const review_point_t  *asked;

    asked = plan->asked[point];

    if (asked->nheading == 0 && asked->ndocuments == 0) {
        return 0;
    }

    in = review_alloc(plan->pool, plan->nchunks + 1);

    if (in == NULL) {
        return -1;
    }

    ngx_memzero(in, plan->nchunks);

    if (asked->ndocuments) {
        ngx_http_review_task_gates_documents(plan, asked, in);
    }

    plan->out[point] = in;

    return asked->nheading
           ? ngx_http_review_task_gates_heading(plan, point, in) : 0;
}


int
ngx_http_review_task_gates(ngx_http_review_plan_t *plan)
{
    size_t  i;

    plan->out = review_alloc(plan->pool, plan->npoints * sizeof(void *) + 1);

    if (plan->out == NULL) {
        return -1;
    }

    ngx_memzero(plan->out, plan->npoints * sizeof(void *));

    for (i = 0; i < plan->npoints; i++) {
        if (ngx_http_review_task_gates_point(plan, i) != 0) {
            return -1;
        }
    }

    plan->select.out = plan->out;

    return 0;
}


ngx_uint_t
ngx_http_review_task_gates_skips(const ngx_http_review_plan_t *plan,
    size_t chunk, size_t point, review_report_skip_e *why)
{
    const review_str_t   *text;
    const unsigned char  *asked;

    text = &plan->texts[chunk];
    asked = plan->selection.asked;

    if (review_utf8_blank(text->data, text->len)) {
        *why = REVIEW_REPORT_SKIP_BLANK;
        return 1;
    }

    if (plan->out[point] && plan->out[point][chunk]) {
        *why = plan->out[point][chunk];
        return 1;
    }

    if (asked && !asked[chunk * plan->npoints + point]) {
        *why = REVIEW_REPORT_SKIP_SELECT;
        return 1;
    }

    return 0;
}
