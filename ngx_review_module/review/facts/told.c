
#include "review/facts/told.h"

#include "review/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>


#define REVIEW_TOLD_SENTENCE  512


void
review_told_begin(review_told_t *told, review_pool_t *pool, const char *text,
    int english)
{
    int  i;

    memset(told, 0, sizeof(*told));

    told->pool = pool;
    told->text = text;
    told->english = english;

    for (i = 0; i < REVIEW_TOLD_KINDS; i++) {
        review_buf_init(&told->said[i], pool, 0);
    }
}


void
review_told(review_told_t *told, review_told_e kind, const char *zh,
    const char *en, ...)
{
    int      n;
    char     s[REVIEW_TOLD_SENTENCE];
    va_list  args;

    if (told->n[kind]++ >= REVIEW_TOLD_SENTENCES) {
        return;
    }

    va_start(args, en);
    n = vsnprintf(s, sizeof(s), told->english ? en : zh, args);
    va_end(args);

    n = n < (int) sizeof(s) ? n : (int) sizeof(s) - 1;

    if (told->said[kind].len && told->english) {
        review_buf_puts(&told->said[kind], " ");
    }

    review_buf_add(&told->said[kind], s,
                   review_utf8_cut(s, (size_t) n, (size_t) n));
}


void
review_told_place(review_told_t *told, review_told_e kind, const char *from,
    const char *to)
{
    size_t                 i;
    review_check_place_t  *place;

    i = told->nplaces[kind];

    if (i == REVIEW_CHECK_PLACES || from >= to) {
        return;
    }

    place = &told->places[kind][i];
    place->from = (size_t) (from - told->text);
    place->to = (size_t) (to - told->text);

    if (i && place[-1].from == place->from && place[-1].to == place->to) {
        return;
    }

    told->nplaces[kind]++;
}


static review_told_e
review_told_worst(const review_told_t *told)
{
    return told->n[REVIEW_TOLD_WRONG] ? REVIEW_TOLD_WRONG
           : told->n[REVIEW_TOLD_UNSURE] ? REVIEW_TOLD_UNSURE
           : REVIEW_TOLD_GOOD;
}


/* how many sentences were left out, and what else has to be looked at */

static void
review_told_more(review_told_t *told, review_told_e kind)
{
    char    s[128];
    size_t  n;

    if (told->n[kind] > REVIEW_TOLD_SENTENCES) {
        n = told->n[kind] - REVIEW_TOLD_SENTENCES;
        (void) snprintf(s, sizeof(s), told->english ? " And %zu more."
                                                    : "另有%zu处。", n);
        review_buf_puts(&told->said[kind], s);
    }

    n = told->n[REVIEW_TOLD_UNSURE];

    if (kind == REVIEW_TOLD_WRONG && n) {
        (void) snprintf(s, sizeof(s),
                        told->english ? " Besides, %zu could not be checked."
                                      : "还有%zu处无法核对，须人工查看。", n);
        review_buf_puts(&told->said[kind], s);
    }
}


int
review_told_end(review_told_t *told, const char *zh, const char *en,
    review_checked_t *checked)
{
    const char     *none;
    review_buf_t   *said;
    review_told_e   kind;

    static const review_verdict_e  verdicts[] = {
        REVIEW_VERDICT_PASS, REVIEW_VERDICT_UNSURE, REVIEW_VERDICT_FAIL
    };

    kind = review_told_worst(told);
    said = &told->said[kind];

    if (told->n[kind] == 0) {
        none = told->english ? en : zh;
        checked->verdict = REVIEW_VERDICT_NOT_APPLICABLE;
        checked->reason.data = none;
        checked->reason.len = strlen(none);
        checked->nplaces = 0;
        return 0;
    }

    review_told_more(told, kind);

    checked->verdict = verdicts[kind];
    checked->reason.data = said->data;
    checked->reason.len = said->len;
    checked->nplaces = told->nplaces[kind];

    memcpy(checked->places, told->places[kind], sizeof(checked->places));

    return said->failed ? -1 : 0;
}
