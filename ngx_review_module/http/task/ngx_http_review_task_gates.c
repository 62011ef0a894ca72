
/*
 * Which chunks are in question for which points, whatever they say: blank ones
 * are for none, and a point may be about certain chapters.
 */

#include "http/task/ngx_http_review_task.h"

#include "review/base/utf8.h"
#include "review/search/chapter.h"


/* how well the headings of the document fit; marks, or none does */

static int
ngx_http_review_task_gates_marks(ngx_http_review_plan_t *plan,
    const review_point_t *point, unsigned char *marks)
{
    unsigned                 best;
    const review_list_t     *headlines;
    review_chapter_names_t  *names;

    names = review_chapter_names(plan->pool, point->heading, point->nheading);

    if (names == NULL) {
        return -1;
    }

    headlines = &plan->places->headlines;
    best = review_chapter_grades(names, headlines, marks);

    review_chapter_mark(headlines, marks, best);

    return best != 0;
}


/* the chunks below them, by what is their own: not by their overlap */

static int
ngx_http_review_task_gates_heading(ngx_http_review_plan_t *plan, size_t point)
{
    int             rc;
    size_t          i;
    unsigned char  *marks, *in;

    marks = review_alloc(plan->pool, plan->places->headlines.n + 1);

    if (marks == NULL) {
        return -1;
    }

    rc = ngx_http_review_task_gates_marks(plan, plan->asked[point], marks);

    if (rc < 0) {
        return -1;
    }

    if (rc == 0) {
        plan->points[point].unheaded = 1;
        return 0;
    }

    in = review_alloc(plan->pool, plan->nchunks + 1);

    if (in == NULL) {
        return -1;
    }

    for (i = 0; i < plan->nchunks; i++) {
        in[i] = review_chapter_is_below(&plan->places->headlines, marks,
                                        plan->cuts[i].body, plan->cuts[i].end)
                & 1;
    }

    plan->in[point] = in;

    return 0;
}


int
ngx_http_review_task_gates(ngx_http_review_plan_t *plan)
{
    size_t  i;

    plan->in = review_alloc(plan->pool, plan->npoints * sizeof(void *) + 1);

    if (plan->in == NULL) {
        return -1;
    }

    ngx_memzero(plan->in, plan->npoints * sizeof(void *));

    for (i = 0; i < plan->npoints; i++) {

        if (plan->asked[i]->nheading
            && ngx_http_review_task_gates_heading(plan, i) != 0)
        {
            return -1;
        }
    }

    plan->select.in = plan->in;

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

    if (plan->in[point] && !plan->in[point][chunk]) {
        *why = REVIEW_REPORT_SKIP_HEADING;
        return 1;
    }

    if (asked && !asked[chunk * plan->npoints + point]) {
        *why = REVIEW_REPORT_SKIP_SELECT;
        return 1;
    }

    return 0;
}
