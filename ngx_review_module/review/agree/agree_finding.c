
#include "review/agree/agree_finding.h"


/* values that are said in the reason; "facts" of the report has all */

#define REVIEW_AGREE_SAID    8


static void
review_agree_finding_value(review_buf_t *b, const review_report_value_t *value,
    int english)
{
    review_buf_puts(b, english ? "\"" : "“");
    review_buf_str(b, &value->text);
    review_buf_puts(b, english ? "\"" : "”");

    if (value->nplaces > 1) {
        review_buf_puts(b, english ? " (" : "（");
        review_buf_number(b, value->nplaces);
        review_buf_puts(b, english ? " places)" : "处）");
    }

    if (!value->grounded) {
        review_buf_puts(b, english ? " (not in the text)" : "（原文中没有）");
    }
}


static void
review_agree_finding_reason(review_buf_t *b, const review_report_fact_t *fact,
    const review_str_t *title, review_verdict_e verdict, int english)
{
    size_t  i;

    review_buf_str(b, title);

    if (verdict == REVIEW_VERDICT_FAIL) {
        review_buf_puts(b, english ? " differs: " : "前后不一致：");

    } else {
        review_buf_puts(b, english ? ": whether it agrees can't be told: "
                                   : "是否一致无法判断：");
    }

    for (i = 0; i < fact->nvalues && i < REVIEW_AGREE_SAID; i++) {
        review_buf_puts(b, i == 0 ? "" : english ? ", " : "、");
        review_agree_finding_value(b, &fact->values[i], english);
    }

    if (i < fact->nvalues) {
        review_buf_puts(b, english ? ", and so on: " : "等，共");
        review_buf_number(b, fact->nvalues);
        review_buf_puts(b, english ? " values" : "个不同的值");
    }

    if (fact->left) {
        review_buf_puts(b, english ? "; not compared: " : "；未比较的还有");
        review_buf_number(b, fact->left);
        review_buf_puts(b, english ? " more" : "处");
    }

    review_buf_puts(b, english ? "." : "。");
}


static int
review_agree_finding_order(const void *a, const void *b)
{
    uint32_t  one, two;

    one = *(const uint32_t *) a;
    two = *(const uint32_t *) b;

    return (one > two) - (one < two);
}


/* the chunks that have said them, each once */

static const review_report_passages_t *
review_agree_finding_chunks(review_pool_t *pool,
    const review_report_finding_t *f)
{
    size_t                     i, n;
    uint32_t                  *chunks;
    review_report_passages_t  *passages;

    passages = review_alloc(pool, sizeof(*passages));
    chunks = review_alloc(pool, f->nevidence * sizeof(*chunks) + 1);

    if (passages == NULL || chunks == NULL) {
        return NULL;
    }

    for (i = 0; i < f->nevidence; i++) {
        chunks[i] = f->evidence[i].chunk;
    }

    qsort(chunks, f->nevidence, sizeof(*chunks), review_agree_finding_order);

    for (i = 1, n = f->nevidence > 0; i < f->nevidence; i++) {
        if (chunks[i] != chunks[n - 1]) {
            chunks[n++] = chunks[i];
        }
    }

    memset(passages, 0, sizeof(*passages));

    passages->chunks = chunks;
    passages->nchunks = n;

    return passages;
}


static int
review_agree_finding_places(review_pool_t *pool,
    const review_report_fact_t *fact, review_report_finding_t *f)
{
    size_t  i;

    f->evidence = review_alloc(pool, fact->total * sizeof(*f->evidence) + 1);

    if (f->evidence == NULL) {
        return -1;
    }

    f->grounded = 1;

    for (i = 0; i < fact->nvalues; i++) {
        memcpy(&f->evidence[f->nevidence], fact->values[i].places,
               fact->values[i].nplaces * sizeof(*f->evidence));

        f->nevidence += (uint32_t) fact->values[i].nplaces;
        f->grounded &= fact->values[i].grounded;
    }

    return 0;
}


int
review_agree_finding(review_report_t *report, review_report_fact_t *fact,
    review_verdict_e verdict)
{
    review_buf_t                  b;
    review_report_finding_t      *f;
    const review_report_point_t  *point;

    point = &report->points[fact->point];
    f = review_alloc(report->pool, sizeof(*f));

    if (f == NULL) {
        return -1;
    }

    memset(f, 0, sizeof(*f));

    f->verdict = (uint8_t) verdict;
    f->severity = point->severity;
    f->confidence = -1;
    f->needs_human = verdict == REVIEW_VERDICT_UNSURE;
    f->fact = &point->agree[fact->name];

    if (review_agree_finding_places(report->pool, fact, f) != 0) {
        return -1;
    }

    f->passages = review_agree_finding_chunks(report->pool, f);

    review_buf_init(&b, report->pool, 256);
    review_agree_finding_reason(&b, fact, &point->agree[fact->name].title,
                                verdict, report->english);

    f->reason.data = b.data;
    f->reason.len = b.len;
    f->suggestion.data = "";
    fact->finding = f;

    return f->passages == NULL || b.failed ? -1 : 0;
}
