
#include "review/agree/agree.h"

#include "review/agree/agree_finding.h"
#include "review/agree/stands.h"
#include "review/base/utf8.h"
#include "review/quote/quote.h"
#include "review/report/shared.h"

#include <jansson.h>


#define REVIEW_AGREE_TEXT    1000      /* bytes that are told of a value */
#define REVIEW_AGREE_DEPTH   16        /* lists in lists */

/* bytes that are read to find values; the rest is told without its place */

#define REVIEW_AGREE_BUDGET  (256 * 1024 * 1024)


/* what one answer has said of a fact */

typedef struct {
    review_value_t            value;
    review_str_t              text;
    review_report_evidence_t  place;
    uint32_t                  kind;    /* which of those that differ */
} review_agree_said_t;


typedef struct {
    review_report_t          *report;
    review_stands_t           stands;
    size_t                    chunk;   /* whose text that has, */
    size_t                    from;    /* and which byte it begins at */
    review_agree_said_t      *said;    /* of a fact */
    size_t                    n;
    size_t                    room;
    size_t                    left;
} review_agree_t;


/* the chunk's text, with those of its values that may be looked up */

static int
review_agree_chunk(review_agree_t *a, size_t chunk)
{
    review_str_t                   text;
    const review_report_chunk_t   *c;
    const review_report_source_t  *source;

    if (a->chunk == chunk) {
        return 0;
    }

    c = &a->report->chunks[chunk];
    source = &a->report->texts[review_report_home(a->report, chunk)];

    if (review_report_text_slice(source, c->start, c->end, &text) != 0) {
        return -1;
    }

    review_stands_set(&a->stands, &text);

    a->stands.read += text.len;
    a->chunk = chunk;
    a->from = (size_t) (text.data - source->text.data);

    return 0;
}


/* what the finding quotes of its chunk is what the value was taken from */

static int
review_agree_quoted(review_agree_t *a, const review_report_data_t *data,
    const review_value_t *value, review_str_t *place)
{
    size_t                           i, from, to;
    const char                      *text;
    const review_report_finding_t   *f;
    const review_report_evidence_t  *e;

    f = data->finding;
    text = a->stands.text.data;

    for (i = 0; f && i < f->nevidence; i++) {
        e = &f->evidence[i];

        if (e->kind != REVIEW_REPORT_DOCUMENT || e->header || e->elsewhere
            || e->quote.data < text
            || e->quote.data + e->quote.len > text + a->stands.text.len)
        {
            continue;
        }

        from = (size_t) (e->quote.data - text);
        to = from + e->quote.len;

        if (review_stands_find(&a->stands, value, from, to, place)) {
            return 1;
        }
    }

    return 0;
}


/* true and false stand nowhere: what is quoted for them does */

static void
review_agree_judged(const review_report_data_t *data, review_agree_said_t *said)
{
    size_t                          i;
    const review_report_finding_t  *f;

    f = data->finding;

    for (i = 0; f && f->grounded && i < f->nevidence; i++) {
        if (f->evidence[i].kind == REVIEW_REPORT_DOCUMENT) {
            said->place = f->evidence[i];
            return;
        }
    }
}


static int
review_agree_place(review_agree_t *a, const review_report_data_t *data,
    json_t *json, review_agree_said_t *said)
{
    review_str_t               place;
    review_report_evidence_t  *e;

    e = &said->place;
    memset(e, 0, sizeof(*e));

    e->kind = REVIEW_REPORT_NOWHERE;
    e->match = REVIEW_MATCH_NONE;
    e->quote = said->text;
    e->chunk = data->chunk;

    if (json_is_boolean(json)) {
        review_agree_judged(data, said);
        return 0;
    }

    if (a->stands.read > REVIEW_AGREE_BUDGET
        || review_agree_chunk(a, data->chunk) != 0)
    {
        return 0;
    }

    if (!review_agree_quoted(a, data, &said->value, &place)
        && !review_stands_find(&a->stands, &said->value, 0, a->stands.text.len,
                               &place))
    {
        return a->stands.folded.failed || a->stands.at.failed ? -1 : 0;
    }

    e->kind = REVIEW_REPORT_DOCUMENT;
    e->match = review_report_index_order(&place, &said->text) == 0
               ? REVIEW_MATCH_EXACT : REVIEW_MATCH_NORMALIZED;
    e->reference = review_report_home(a->report, data->chunk);
    e->start = (uint32_t) (a->report->chunks[data->chunk].start
                           + review_utf8_count(a->stands.text.data,
                                 (size_t) (place.data - a->stands.text.data)));
    e->end = e->start + (uint32_t) review_utf8_count(place.data, place.len);
    e->quote = place;

    return 0;
}


static review_agree_said_t *
review_agree_room(review_agree_t *a)
{
    size_t                room;
    review_agree_said_t  *said;

    if (a->n < a->room) {
        return &a->said[a->n];
    }

    room = a->room * 2 + 16;
    said = review_alloc(a->report->pool, room * sizeof(*said));

    if (said == NULL) {
        return NULL;
    }

    if (a->n) {
        memcpy(said, a->said, a->n * sizeof(*said));
    }

    a->said = said;
    a->room = room;

    return &said[a->n];
}


/* a value as a text; what is no string is as it stands in JSON */

static int
review_agree_text(review_agree_t *a, json_t *json, review_str_t *text)
{
    char    *p;
    size_t   len, flags;

    if (json_is_string(json)) {
        text->data = json_string_value(json);
        text->len = json_string_length(json);
        return 0;
    }

    flags = JSON_COMPACT|JSON_SORT_KEYS|JSON_ENCODE_ANY|JSON_REAL_PRECISION(15);
    len = json_dumpb(json, NULL, 0, flags);
    p = review_alloc(a->report->pool, len + 1);

    if (p == NULL) {
        return -1;
    }

    (void) json_dumpb(json, p, len, flags);

    text->data = p;
    text->len = len;

    return 0;
}


static int
review_agree_one(review_agree_t *a, const review_report_data_t *data,
    json_t *json)
{
    review_str_t          text;
    review_value_t        value;
    review_agree_said_t  *said;

    if (review_agree_text(a, json, &text) != 0
        || review_value_read(a->report->pool, &text, &value) != 0)
    {
        return -1;
    }

    if (value.kind == REVIEW_VALUE_NONE) {
        return 0;
    }

    if (a->n == REVIEW_AGREE_VALUES) {
        a->left++;
        return 0;
    }

    said = review_agree_room(a);
    text.len = review_utf8_cut(text.data, text.len,
                               text.len < REVIEW_AGREE_TEXT
                               ? text.len : REVIEW_AGREE_TEXT);

    if (said == NULL
        || review_report_copy(a->report->pool, &text, &said->text) != 0)
    {
        return -1;
    }

    said->value = value;
    a->n++;

    return review_agree_place(a, data, json, said);
}


/* a list has several */

static int
review_agree_member(review_agree_t *a, const review_report_data_t *data,
    json_t *json, int depth)
{
    size_t   i;
    json_t  *value;

    if (json == NULL || json_is_null(json) || depth == REVIEW_AGREE_DEPTH) {
        return 0;
    }

    if (!json_is_array(json)) {
        return review_agree_one(a, data, json);
    }

    json_array_foreach(json, i, value) {
        if (review_agree_member(a, data, value, depth + 1) != 0) {
            return -1;
        }
    }

    return 0;
}


/* those of a fact, in the order of the chunks */

static int
review_agree_gather(review_agree_t *a, const review_report_data_t *const *data,
    size_t n, const review_str_t *name)
{
    int      rc;
    size_t   i;
    json_t  *json;

    a->n = 0;
    a->left = 0;

    for (i = 0; i < n; i++) {
        json = json_loadb(data[i]->data.data, data[i]->data.len,
                          JSON_DECODE_ANY, NULL);
        if (json == NULL) {
            return -1;
        }

        rc = review_agree_member(a, data[i],
                                 json_object_getn(json, name->data, name->len),
                                 0);
        json_decref(json);

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


/* those that say the same are one value: the first one's "kind" is its own */

static int
review_agree_kinds(review_agree_t *a, review_report_fact_t *fact)
{
    size_t                  i, k;
    review_agree_said_t    *said;
    review_report_value_t  *value;

    fact->values = review_alloc(a->report->pool,
                                a->n * sizeof(*fact->values) + 1);

    if (fact->values == NULL) {
        return -1;
    }

    for (i = 0; i < a->n; i++) {
        said = &a->said[i];

        for (k = 0; k < fact->nvalues; k++) {
            if (review_value_compare(&a->said[fact->values[k].first].value,
                                     &said->value)
                == REVIEW_VALUE_SAME)
            {
                break;
            }
        }

        value = &fact->values[k];

        if (k == fact->nvalues) {
            memset(value, 0, sizeof(*value));

            value->first = i;
            value->text = said->text;
            fact->nvalues++;
        }

        said->kind = (uint32_t) k;
        value->nplaces++;
        value->grounded |= said->place.kind == REVIEW_REPORT_DOCUMENT;
    }

    return 0;
}


static int
review_agree_compare_place(const void *a, const void *b)
{
    const review_report_evidence_t  *one, *two;

    one = a;
    two = b;

    if (one->kind != two->kind) {
        return one->kind - two->kind;
    }

    if (one->reference != two->reference) {
        return one->reference < two->reference ? -1 : 1;
    }

    if (one->start != two->start) {
        return one->start < two->start ? -1 : 1;
    }

    if (one->end != two->end) {
        return one->end < two->end ? -1 : 1;
    }

    return (one->chunk > two->chunk) - (one->chunk < two->chunk);
}


/* chunks that overlap have told the same place twice */

static size_t
review_agree_once(review_report_evidence_t *places, size_t n)
{
    size_t  i, k;

    qsort(places, n, sizeof(*places), review_agree_compare_place);

    for (i = 1, k = 1; i < n; i++) {
        if (places[i].kind == REVIEW_REPORT_DOCUMENT
            && places[i].kind == places[k - 1].kind
            && places[i].reference == places[k - 1].reference
            && places[i].start == places[k - 1].start
            && places[i].end == places[k - 1].end)
        {
            continue;
        }

        places[k++] = places[i];
    }

    return k;
}


static int
review_agree_places(review_agree_t *a, review_report_fact_t *fact)
{
    size_t                     i, k;
    review_report_value_t     *value;
    review_report_evidence_t  *places;

    places = review_alloc(a->report->pool, a->n * sizeof(*places) + 1);

    if (places == NULL) {
        return -1;
    }

    for (i = 0; i < fact->nvalues; i++) {
        value = &fact->values[i];
        value->places = places;
        places += value->nplaces;
        value->nplaces = 0;
    }

    for (k = 0; k < a->n; k++) {
        value = &fact->values[a->said[k].kind];
        value->places[value->nplaces++] = a->said[k].place;
    }

    for (i = 0; i < fact->nvalues; i++) {
        value = &fact->values[i];
        value->nplaces = review_agree_once(value->places, value->nplaces);
        fact->total += value->nplaces;
    }

    return 0;
}


/* the worst that two of the values say of each other */

static review_value_says_e
review_agree_says(const review_agree_t *a, const review_report_fact_t *fact)
{
    size_t                        i, k;
    review_value_says_e           says, worst;
    const review_report_value_t  *one, *two;

    worst = REVIEW_VALUE_SAME;

    for (i = 0; i < fact->nvalues; i++) {
        one = &fact->values[i];

        if (a->said[one->first].value.bad) {
            worst = worst > REVIEW_VALUE_UNSURE ? worst : REVIEW_VALUE_UNSURE;
        }

        for (k = 0; k < i; k++) {
            two = &fact->values[k];
            says = review_value_compare(&a->said[one->first].value,
                                        &a->said[two->first].value);

            if (says == REVIEW_VALUE_DIFFERS
                && !(one->grounded && two->grounded))
            {
                says = REVIEW_VALUE_UNSURE;
            }

            worst = worst > says ? worst : says;
        }
    }

    return worst;
}


/* was every chunk read that might have had another value? */

static int
review_agree_is_read(const review_report_t *report, size_t point)
{
    size_t                       i;
    const review_report_cell_t  *cell;

    if (review_report_text_is_unread(report)) {
        return 0;
    }

    for (i = 0; i < report->nchunks; i++) {
        cell = review_report_cell(report, i, point);

        if (cell->status == REVIEW_REPORT_SKIPPED
            ? cell->why == REVIEW_REPORT_SKIP_SELECT
            : cell->status != REVIEW_REPORT_OK)
        {
            return 0;
        }
    }

    return 1;
}


static int
review_agree_fact(review_agree_t *a, const review_report_data_t *const *data,
    size_t n, review_report_fact_t *fact)
{
    review_value_says_e           says;
    const review_report_point_t  *point;

    point = &a->report->points[fact->point];

    if (review_agree_gather(a, data, n, &point->agree[fact->name].name) != 0
        || review_agree_kinds(a, fact) != 0
        || review_agree_places(a, fact) != 0)
    {
        return -1;
    }

    fact->left = a->left;
    says = review_agree_says(a, fact);

    if (says == REVIEW_VALUE_DIFFERS) {
        fact->agree = 0;
        return review_agree_finding(a->report, fact, REVIEW_VERDICT_FAIL);
    }

    if (says == REVIEW_VALUE_UNSURE || fact->left) {
        fact->agree = -1;
        return review_agree_finding(a->report, fact, REVIEW_VERDICT_UNSURE);
    }

    fact->agree = review_agree_is_read(a->report, fact->point) ? 1 : -1;

    return 0;
}


static int
review_agree_compare_data(const void *a, const void *b)
{
    const review_report_data_t  *one, *two;

    one = *(const review_report_data_t *const *) a;
    two = *(const review_report_data_t *const *) b;

    if (one->point != two->point) {
        return one->point < two->point ? -1 : 1;
    }

    return (one->chunk > two->chunk) - (one->chunk < two->chunk);
}


/* what was told, point by point, in the order of the chunks */

static const review_report_data_t **
review_agree_sort(const review_report_t *report)
{
    size_t                       n;
    const review_report_data_t  *d, **data;

    for (n = 0, d = report->data; d; d = d->next) {
        n++;
    }

    data = review_alloc(report->pool, (n + 1) * sizeof(*data));

    if (data == NULL) {
        return NULL;
    }

    for (n = 0, d = report->data; d; d = d->next) {
        data[n++] = d;
    }

    data[n] = NULL;
    qsort(data, n, sizeof(*data), review_agree_compare_data);

    return data;
}


int
review_agree(review_report_t *report)
{
    size_t                       i, k, n;
    review_agree_t               a;
    review_report_fact_t        *fact;
    const review_report_data_t **data;

    for (i = 0, n = 0; i < report->npoints; i++) {
        n += report->points[i].nagree;
    }

    if (n == 0 || report->facts) {
        return 0;
    }

    memset(&a, 0, sizeof(a));

    a.report = report;
    a.chunk = SIZE_MAX;
    review_stands_init(&a.stands, report->pool);

    fact = review_alloc(report->pool, n * sizeof(*fact));
    data = review_agree_sort(report);

    if (fact == NULL || data == NULL) {
        return -1;
    }

    memset(fact, 0, n * sizeof(*fact));
    report->facts = fact;

    for (i = 0; i < report->npoints; i++) {
        for (n = 0; data[n] && data[n]->point == i; n++) { /* void */ }

        for (k = 0; k < report->points[i].nagree; k++, fact++) {
            fact->point = i;
            fact->name = k;

            if (review_agree_fact(&a, data, n, fact) != 0) {
                return -1;
            }

            report->nfacts++;
        }

        data += n;
    }

    return 0;
}
