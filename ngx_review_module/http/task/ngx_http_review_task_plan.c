
/*
 * What a thread makes of the texts of a task: chunks of the document, clauses
 * of the references, and what goes with what.
 */

#include "http/task/ngx_http_review_task.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"
#include "review/quote/points.h"


/* a document of more chunks is not reviewed: it would take days */

#define NGX_HTTP_REVIEW_PLAN_CHUNKS  20000

/* chunks and clauses that are compared, each with each */

#define NGX_HTTP_REVIEW_PLAN_PAIRS   10000000

/* chunks and points: each has a cell in the report, of 400 bytes or so */

#define NGX_HTTP_REVIEW_PLAN_CELLS   500000


/* chunks of one text after the other */

typedef struct {
    review_buf_t                chunks;     /* of review_chunk_t */
    review_buf_t                texts;      /* of review_str_t */
    review_buf_t                ids;        /* of review_str_t */
    size_t                      n;
} ngx_http_review_cuts_t;


static int ngx_http_review_task_plan_read(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_plan_event(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_plan_cut(ngx_http_review_plan_t *plan,
    ngx_http_review_document_t *document, review_places_t *places,
    ngx_http_review_cuts_t *cuts);
static int ngx_http_review_task_plan_text(review_pool_t *pool, const char *text,
    review_chunk_t *chunk, review_str_t *cut);
static int ngx_http_review_task_plan_id(review_pool_t *pool, review_str_t *of,
    size_t n, review_str_t *id);
static int ngx_http_review_task_plan_chunks(ngx_http_review_plan_t *plan,
    ngx_http_review_cuts_t *cuts);
static int ngx_http_review_task_plan_clauses(ngx_http_review_plan_t *plan,
    ngx_http_review_cuts_t *cuts);
static void ngx_http_review_task_plan_places(review_points_t *points,
    ngx_http_review_cuts_t *cuts, size_t first, size_t n,
    review_report_chunk_t *to);
static int ngx_http_review_task_plan_texts(ngx_http_review_plan_t *plan,
    ngx_http_review_cuts_t *chunks, ngx_http_review_cuts_t *clauses);
static int ngx_http_review_task_plan_report(ngx_http_review_plan_t *plan);


static void
ngx_http_review_task_plan_cuts_init(ngx_http_review_cuts_t *cuts,
    review_pool_t *pool)
{
    review_buf_init(&cuts->chunks, pool, 0);
    review_buf_init(&cuts->texts, pool, 0);
    review_buf_init(&cuts->ids, pool, 0);

    cuts->n = 0;
}


static ngx_uint_t
ngx_http_review_task_plan_needs(const review_point_t *point)
{
    return (point->when.pattern.data && point->when.regex == NULL)
           || (point->rule && point->rule->regex == NULL);
}


ngx_uint_t
ngx_http_review_task_plan_is_compiled(const ngx_http_review_plan_t *plan)
{
    size_t  i;

    for (i = 0; i < plan->npoints; i++) {
        if (ngx_http_review_task_plan_needs(plan->asked[i])) {
            return 0;
        }
    }

    return 1;
}


/* what clients send is compiled once, so that a bad regex is told at once */

static int
ngx_http_review_task_plan_compile(ngx_http_review_plan_t *plan)
{
    char             pointer[sizeof("/rubric/points/") + NGX_INT_T_LEN];
    size_t           i;
    review_point_t  *point, *points;

    points = plan->rubric->points;

    for (i = 0; i < plan->npoints; i++) {
        point = plan->asked[i];

        if (plan->work->gone) {
            return -1;
        }

        if (!ngx_http_review_task_plan_needs(point)) {
            continue;
        }

        if (points && point >= points
            && point < points + plan->rubric->npoints)
        {
            *ngx_sprintf((u_char *) pointer, "/rubric/points/%uz",
                         (size_t) (point - points)) = '\0';

        } else {
            *ngx_sprintf((u_char *) pointer, "/points/%uz", i) = '\0';
        }

        if (ngx_http_review_regex_point(plan->work->pool, point, pointer,
                                        &plan->err)
            != NGX_OK)
        {
            plan->bad = (plan->err.text[0] != '\0');
            return -1;
        }
    }

    return 0;
}


void
ngx_http_review_task_plan_run(void *data)
{
    ngx_http_review_plan_t *plan = data;

    size_t                  i, n;
    ngx_http_review_cuts_t  chunks, clauses, *cuts;

    plan->rc = -1;

    ngx_http_review_task_plan_cuts_init(&chunks, plan->pool);
    ngx_http_review_task_plan_cuts_init(&clauses, plan->pool);

    plan->places = review_alloc(plan->pool,
                                (plan->ndocuments + plan->nreferences)
                                * sizeof(review_places_t));

    if (plan->places == NULL
        || ngx_http_review_task_plan_compile(plan) != 0
        || ngx_http_review_task_plan_read(plan) != 0)
    {
        return;
    }

    /* documents, then references */

    for (i = 0; i < plan->ndocuments + plan->nreferences && !plan->large; i++) {
        cuts = i < plan->ndocuments ? &chunks : &clauses;
        n = cuts->n;

        if (ngx_http_review_task_plan_cut(plan, &plan->documents[i],
                                          &plan->places[i], cuts)
            != 0)
        {
            return;
        }

        plan->documents[i].nclauses = cuts->n - n;
    }

    if (chunks.n * plan->npoints > NGX_HTTP_REVIEW_PLAN_CELLS
        || (plan->select.nreferences
            && chunks.n * clauses.n > NGX_HTTP_REVIEW_PLAN_PAIRS))
    {
        plan->large = 1;
    }

    if (!plan->large
        && (ngx_http_review_task_plan_chunks(plan, &chunks) != 0
            || ngx_http_review_task_plan_clauses(plan, &clauses) != 0
            || ngx_http_review_task_plan_texts(plan, &chunks, &clauses) != 0
            || ngx_http_review_task_plan_report(plan) != 0
            || ngx_http_review_task_gates(plan) != 0
            || ngx_http_review_task_query_prepare(plan) != 0
            || ngx_http_review_task_count(plan) != 0))
    {
        return;
    }

    if (plan->told && ngx_http_review_task_plan_event(plan) != 0) {
        return;
    }

    plan->rc = 0;
}


/* what has come as a text was not looked at yet */

static int
ngx_http_review_task_plan_read_one(review_pool_t *pool, review_document_t *doc)
{
    review_str_t  text;

    text = doc->text;

    return doc->sha256[0] ? 0 : review_document_read(pool, doc, &text);
}


static int
ngx_http_review_task_plan_read(ngx_http_review_plan_t *plan)
{
    size_t  i;

    for (i = 0; i < plan->ndocuments + plan->nreferences; i++) {
        if (ngx_http_review_task_plan_read_one(plan->pool,
                                               &plan->documents[i].document)
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* what is told before anything is reviewed */

static int
ngx_http_review_task_plan_event(ngx_http_review_plan_t *plan)
{
    review_buf_t  *b;

    b = &plan->event;

    review_buf_init(b, plan->pool, 0);
    review_write_object(b, NULL);
    ngx_http_review_task_report_document(b, plan);
    ngx_http_review_task_report_documents(b, plan);
    review_report_json_references(b, plan->references, plan->nreferences);
    review_write_object_end(b);

    return b->failed ? -1 : 0;
}


static int
ngx_http_review_task_plan_cut(ngx_http_review_plan_t *plan,
    ngx_http_review_document_t *document, review_places_t *places,
    ngx_http_review_cuts_t *cuts)
{
    int                  rc;
    size_t               n;
    review_str_t         text, id;
    review_chunk_t       chunk;
    review_split_t      *split;
    const review_str_t  *from;

    from = &document->document.text;
    split = review_split_create(plan->pool, from->data, from->len,
                                &plan->split);
    if (split == NULL) {
        return -1;
    }

    review_place_init(places, plan->pool, from, document->document.pages,
                      document->document.npages, review_split_outline(split));

    for (n = 1; /* void */ ; n++) {
        rc = review_split_next(split, &chunk);

        if (rc <= 0) {
            return rc;
        }

        if (++cuts->n > NGX_HTTP_REVIEW_PLAN_CHUNKS) {
            plan->large = 1;
            return 0;
        }

        if (ngx_http_review_task_plan_text(plan->pool, from->data, &chunk,
                                           &text) != 0
            || ngx_http_review_task_plan_id(plan->pool, &document->id, n, &id)
            != 0)
        {
            return -1;
        }

        review_buf_add(&cuts->chunks, (char *) &chunk, sizeof(chunk));
        review_buf_add(&cuts->texts, (char *) &text, sizeof(text));
        review_buf_add(&cuts->ids, (char *) &id, sizeof(id));

        if (cuts->chunks.failed || cuts->texts.failed || cuts->ids.failed) {
            return -1;
        }
    }
}


/* what follows the header of a table is not beside it in the document */

static int
ngx_http_review_task_plan_text(review_pool_t *pool, const char *text,
    review_chunk_t *chunk, review_str_t *cut)
{
    char    *p;
    size_t   header, body;

    header = chunk->header_end - chunk->header;
    body = chunk->end - chunk->start;

    cut->data = text + chunk->start;
    cut->len = header + body;

    if (header == 0) {
        return 0;
    }

    p = review_alloc(pool, header + body);
    if (p == NULL) {
        return -1;
    }

    ngx_memcpy(p, text + chunk->header, header);
    ngx_memcpy(p + header, text + chunk->start, body);

    cut->data = p;

    return 0;
}


/* "c1", and of a reference, or one of several documents, "its id/c1" */

static int
ngx_http_review_task_plan_id(review_pool_t *pool, review_str_t *of, size_t n,
    review_str_t *id)
{
    review_buf_t  b;

    review_buf_init(&b, pool, of->len + 8);

    if (of->len) {
        review_buf_str(&b, of);
        review_buf_puts(&b, "/");
    }

    review_buf_puts(&b, "c");
    review_buf_number(&b, n);

    id->data = b.data;
    id->len = b.len;

    return b.failed ? -1 : 0;
}


/* the cuts of some documents, one after the other; NULL: no memory */

static review_report_chunk_t *
ngx_http_review_task_plan_cuts(ngx_http_review_plan_t *plan,
    const ngx_http_review_document_t *documents, size_t ndocuments,
    ngx_http_review_cuts_t *cuts)
{
    size_t                  i, n;
    const review_str_t     *text;
    review_points_t         points;
    review_report_chunk_t  *chunks;

    chunks = review_alloc(plan->pool, cuts->n * sizeof(review_report_chunk_t)
                                      + 1);
    if (chunks == NULL) {
        return NULL;
    }

    for (i = 0, n = 0; i < ndocuments; i++) {
        text = &documents[i].document.text;

        review_points_init(&points, plan->pool, text->data, text->len);
        ngx_http_review_task_plan_places(&points, cuts, n,
                                         documents[i].nclauses, chunks + n);
        n += documents[i].nclauses;
    }

    return chunks;
}


static int
ngx_http_review_task_plan_chunks(ngx_http_review_plan_t *plan,
    ngx_http_review_cuts_t *cuts)
{
    plan->nchunks = cuts->n;
    plan->cuts = (review_chunk_t *) cuts->chunks.data;
    plan->chunks = ngx_http_review_task_plan_cuts(plan, plan->documents,
                                                  plan->ndocuments, cuts);

    return plan->chunks ? 0 : -1;
}


static int
ngx_http_review_task_plan_clauses(ngx_http_review_plan_t *plan,
    ngx_http_review_cuts_t *cuts)
{
    plan->nclauses = cuts->n;

    if (cuts->n == 0) {
        return 0;
    }

    plan->clauses = ngx_http_review_task_plan_cuts(plan, plan->references,
                                                   plan->nreferences, cuts);

    return plan->clauses ? 0 : -1;
}


/* of some of the cuts, all of one text: bytes become code points */

static void
ngx_http_review_task_plan_places(review_points_t *points,
    ngx_http_review_cuts_t *cuts, size_t first, size_t n,
    review_report_chunk_t *to)
{
    size_t           i;
    review_str_t    *ids;
    review_chunk_t  *from;

    from = (review_chunk_t *) cuts->chunks.data + first;
    ids = (review_str_t *) cuts->ids.data + first;

    for (i = 0; i < n; i++) {
        to[i].id = ids[i];
        to[i].start = review_points_before(points, from[i].start);
        to[i].end = review_points_before(points, from[i].end);
        to[i].header_start = review_points_before(points, from[i].header);
        to[i].header = review_points_before(points, from[i].header_end)
                       - to[i].header_start;
        to[i].heading = from[i].heading;
    }
}


/* what points about the document ask for, in words of their own; how many */

static size_t
ngx_http_review_task_plan_queries(ngx_http_review_plan_t *plan,
    review_str_t *texts)
{
    size_t           i, k, n;
    review_point_t  *point;

    for (i = 0, n = 0; i < plan->npoints; i++) {
        point = plan->asked[i];

        for (k = 0; k < point->nquery; k++, n++) {
            if (texts) {
                texts[n] = point->query[k];
            }
        }
    }

    return n;
}


/* one list of them all, in the order in which their vectors are wanted */

static int
ngx_http_review_task_plan_texts(ngx_http_review_plan_t *plan,
    ngx_http_review_cuts_t *chunks, ngx_http_review_cuts_t *clauses)
{
    size_t         i, n;
    review_str_t  *p;

    plan->ntexts = ngx_http_review_task_plan_queries(plan, NULL);
    n = chunks->n + plan->npoints + clauses->n + plan->ntexts;

    p = review_alloc(plan->pool, n * sizeof(review_str_t));
    if (p == NULL) {
        return -1;
    }

    plan->texts = p;

    ngx_memcpy(p, chunks->texts.data, chunks->texts.len);
    p += chunks->n;

    ngx_memcpy(p, plan->questions, plan->npoints * sizeof(review_str_t));
    p += plan->npoints;

    ngx_memcpy(p, clauses->texts.data ? clauses->texts.data : "",
               clauses->texts.len);
    p += clauses->n;

    (void) ngx_http_review_task_plan_queries(plan, p);

    plan->size = 0;

    for (i = 0; i < n; i++) {
        plan->size += plan->texts[i].len;
    }

    plan->select.chunks = plan->texts;
    plan->select.nchunks = plan->nchunks;
    plan->select.points = plan->texts + plan->nchunks;
    plan->select.npoints = plan->npoints;
    plan->select.clauses = plan->texts + plan->nchunks + plan->npoints;
    plan->select.nclauses = plan->nclauses;

    if (plan->embed && review_embed_request_texts(plan->pool, plan->texts, n,
                                                  &plan->inputs) != 0)
    {
        return -1;
    }

    return 0;
}


/* the report, all of its cells empty; a dry run has none */

static int
ngx_http_review_task_plan_report(ngx_http_review_plan_t *plan)
{
    plan->report = review_report_create_of(plan->pool, plan->documents,
                                           plan->ndocuments, plan->chunks,
                                           plan->nchunks, plan->points,
                                           plan->dry ? 0 : plan->npoints);
    if (plan->report == NULL
        || review_report_text_references(plan->report, plan->references,
                                         plan->nreferences, plan->clauses)
           != 0)
    {
        return -1;
    }

    review_report_text_places(plan->report, plan->places,
                              plan->places + plan->ndocuments);
    review_report_reading_language(plan->report, &plan->rubric->language);

    return 0;
}


/* on a thread, once vectors are there, or will not be */

void
ngx_http_review_task_plan_select(void *data)
{
    ngx_http_review_plan_t *plan = data;

    plan->rc = review_select(plan->pool, &plan->select, &plan->selection);

    /* by words they were ranked before */

    if (plan->rc == 0 && plan->select.vectors) {
        plan->rc = ngx_http_review_task_query_rank(plan);
    }
}
