
/*
 * Where points about the document are to look, on a thread: chunks in the order
 * of how well they fit what a point asks for, by words and by embeddings; and
 * the text of a reading, made of some of them.
 */

#include "http/plan/ngx_http_review_plan.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_work.h"

#include "review/search/passages.h"
#include "review/search/ranks.h"


/* microseconds that the gates of these points may take, as in a count */

#define NGX_HTTP_REVIEW_QUERY_TIME   10000000
#define NGX_HTTP_REVIEW_QUERY_SHORT  500000


/* points with gates, and what becomes of them on one chunk */

typedef struct {
    review_point_t            **points;
    ngx_http_review_query_t   **queries;
    unsigned char              *open;
    size_t                      n;
    uint64_t                    left;
} ngx_http_review_query_gates_t;


static int ngx_http_review_task_query_sizes(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_query_init(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query, size_t point);
static int ngx_http_review_task_query_must(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_query_order(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query);


static ngx_uint_t
ngx_http_review_task_query_is(const review_point_t *point)
{
    return point->scope == REVIEW_SCOPE_DOCUMENT;
}


ngx_uint_t
ngx_http_review_task_query_any(const ngx_http_review_plan_t *plan)
{
    size_t  i;

    for (i = 0; i < plan->npoints; i++) {
        if (ngx_http_review_task_query_is(plan->asked[i])
            && review_point_asks(plan->asked[i]))
        {
            return 1;
        }
    }

    return 0;
}


int
ngx_http_review_task_query_prepare(ngx_http_review_plan_t *plan)
{
    size_t                    i, n, first;
    ngx_http_review_query_t  *query;

    for (i = 0, n = 0; i < plan->npoints; i++) {
        n += ngx_http_review_task_query_is(plan->asked[i]);
    }

    if (n == 0) {
        return 0;
    }

    plan->queries = review_alloc(plan->pool,
                                 n * sizeof(ngx_http_review_query_t));

    if (plan->queries == NULL || ngx_http_review_task_query_sizes(plan) != 0) {
        return -1;
    }

    for (i = 0, first = 0; i < plan->npoints; i++) {

        if (ngx_http_review_task_query_is(plan->asked[i])) {
            query = &plan->queries[plan->nqueries++];

            if (ngx_http_review_task_query_init(plan, query, i) != 0) {
                return -1;
            }

            query->first = first;
        }

        first += plan->asked[i]->nquery;
    }

    plan->words = review_bm25_create(plan->pool, plan->texts, plan->nchunks);

    return plan->words && ngx_http_review_task_query_must(plan) == 0
           ? ngx_http_review_task_query_rank(plan) : -1;
}


/* a chunk as it stands in its document */

static void
ngx_http_review_task_query_chunk(ngx_http_review_plan_t *plan, size_t of,
    size_t n, review_passage_chunk_t *to)
{
    review_chunk_t         *cut;
    review_document_t      *document;
    review_report_chunk_t  *chunk;

    cut = &plan->cuts[n];
    chunk = &plan->chunks[n];
    document = &plan->documents[of].document;

    to->text = &document->text;
    to->name = plan->several ? &plan->documents[of].id : NULL;
    to->heading = chunk->heading;
    to->document = of;
    to->start = chunk->start;
    to->end = chunk->end;
    to->header_start = chunk->header_start;
    to->header = chunk->header;
    to->from = cut->start;
    to->to = cut->end;
    to->header_from = cut->header;
    to->header_to = cut->header_end;
    to->page = review_place_page(document->pages, document->npages,
                                 cut->start);
    to->last_page = review_place_page(document->pages, document->npages,
                                      cut->end - 1);
}


/* how much of a reading a chunk takes, with what stands around it, at most */

static int
ngx_http_review_task_query_sizes(ngx_http_review_plan_t *plan)
{
    size_t                   i, of, last, *units, *bytes;
    review_passage_chunk_t  *passages;

    units = review_alloc(plan->pool, plan->nchunks * sizeof(size_t) + 1);
    bytes = review_alloc(plan->pool, plan->nchunks * sizeof(size_t) + 1);

    passages = review_alloc(plan->pool, plan->nchunks
                                        * sizeof(review_passage_chunk_t) + 1);

    if (units == NULL || bytes == NULL || passages == NULL) {
        return -1;
    }

    for (i = 0, of = 0, last = plan->documents->nclauses; i < plan->nchunks;
         i++)
    {
        while (i == last) {
            last += plan->documents[++of].nclauses;
        }

        ngx_http_review_task_query_chunk(plan, of, i, &passages[i]);
        review_passages_size(&passages[i], plan->split.tokens, &units[i],
                             &bytes[i]);
    }

    plan->units = units;
    plan->bytes = bytes;
    plan->passages = passages;

    return 0;
}


/* the chunks that a point may be asked of: there is something in them */

static int
ngx_http_review_task_query_in(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query)
{
    size_t                i;
    review_report_skip_e  why;

    query->in = review_alloc(plan->pool, plan->nchunks + 1);

    if (query->in == NULL) {
        return -1;
    }

    for (i = 0; i < plan->nchunks; i++) {
        query->in[i] = !ngx_http_review_task_gates_skips(plan, i, query->point,
                                                         &why);
    }

    return 0;
}


static int
ngx_http_review_task_query_init(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query, size_t point)
{
    review_point_t         *asked;
    review_search_given_t  *given;

    ngx_memzero(query, sizeof(ngx_http_review_query_t));

    asked = plan->asked[point];
    given = &query->given;
    query->point = point;

    query->order = review_alloc(plan->pool,
                                plan->nchunks * sizeof(uint32_t) + 1);

    if (query->order == NULL
        || ngx_http_review_task_query_in(plan, query) != 0)
    {
        return -1;
    }

    given->order = query->order;
    given->units = plan->units;
    given->bytes = plan->bytes;
    given->k = asked->k;
    given->max_units = asked->max_context;
    given->max_bytes = plan->max_reading;
    given->rounds = asked->rounds;
    given->steps = ngx_http_review_task_count_steps(asked);
    given->left = plan->max_calls ? &plan->left : NULL;

    /* a rule sees all of the text at once, in as many pieces as that takes */

    if (asked->rule) {
        given->must = query->in;
        given->k = ngx_max(plan->nchunks, 1);
        given->rounds = 1;
    }

    return 0;
}


static int
ngx_http_review_task_query_gates(ngx_http_review_plan_t *plan,
    ngx_http_review_query_gates_t *gates)
{
    size_t                    i;
    ngx_http_review_query_t  *query;

    gates->points = review_alloc(plan->pool, plan->nqueries * sizeof(void *));
    gates->queries = review_alloc(plan->pool, plan->nqueries * sizeof(void *));
    gates->open = review_alloc(plan->pool, plan->nqueries);

    if (gates->points == NULL || gates->queries == NULL || gates->open == NULL)
    {
        return -1;
    }

    gates->n = 0;
    gates->left = plan->work->busy ? NGX_HTTP_REVIEW_QUERY_TIME
                                   : NGX_HTTP_REVIEW_QUERY_SHORT;

    for (i = 0; i < plan->nqueries; i++) {
        query = &plan->queries[i];

        if (plan->asked[query->point]->when.pattern.data == NULL) {
            continue;
        }

        query->must = review_alloc(plan->pool, plan->nchunks + 1);
        query->given.must = query->must;

        if (query->must == NULL) {
            return -1;
        }

        gates->points[gates->n] = plan->asked[query->point];
        gates->queries[gates->n++] = query;
    }

    return 0;
}


/* what is folded for the regexes of a chunk is not needed for the next one */

static int
ngx_http_review_task_query_match(ngx_http_review_plan_t *plan, size_t chunk,
    ngx_http_review_query_gates_t *gates)
{
    size_t          i;
    ngx_pool_t     *pool;
    review_pool_t  *memory;

    for (i = 0; i < gates->n; i++) {
        gates->open[i] = gates->queries[i]->in[chunk];
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return -1;
    }

    memory = ngx_http_review_pool(pool);

    if (memory) {
        ngx_http_review_regex_gates(memory, &plan->texts[chunk], gates->points,
                                    gates->n, gates->open, &gates->left);
    }

    ngx_destroy_pool(pool);

    for (i = 0; i < gates->n; i++) {
        gates->queries[i]->must[chunk] = gates->open[i];
    }

    return memory ? 0 : -1;
}


/* chunks that the points' own regexes match are read whatever their rank is */

static int
ngx_http_review_task_query_must(ngx_http_review_plan_t *plan)
{
    size_t                         i;
    ngx_http_review_query_gates_t  gates;

    if (ngx_http_review_task_query_gates(plan, &gates) != 0) {
        return -1;
    }

    for (i = 0; gates.n && i < plan->nchunks; i++) {
        if (plan->work->gone
            || ngx_http_review_task_query_match(plan, i, &gates) != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* all that the point asks for, as one text */

static int
ngx_http_review_task_query_words(ngx_http_review_plan_t *plan,
    review_pool_t *memory, size_t point, review_str_t *words)
{
    size_t           i;
    review_buf_t     b;
    review_point_t  *asked;

    asked = plan->asked[point];

    if (asked->nquery == 0) {
        *words = plan->questions[point];
        return 0;
    }

    review_buf_init(&b, memory, 128);

    for (i = 0; i < asked->nquery; i++) {
        review_buf_str(&b, &asked->query[i]);
        review_buf_puts(&b, "\n");
    }

    words->data = b.data;
    words->len = b.len;

    return b.failed ? -1 : 0;
}


/* room for what does not change where other words are looked for */

static int
ngx_http_review_task_query_closest(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query)
{
    if (plan->select.vectors == NULL || !plan->asked[query->point]->expand) {
        return 0;
    }

    query->closest = review_alloc(plan->pool,
                                  plan->nchunks * sizeof(float) + 1);

    return query->closest ? 0 : -1;
}


/*
 * The vectors are those of chunks, points, clauses, then of queries.  Where
 * they were compared before, as is "known", there are other words alone.
 */

static int
ngx_http_review_task_query_by(ngx_http_review_plan_t *plan,
    review_pool_t *memory, ngx_http_review_query_t *query,
    const review_str_t *words, int known)
{
    size_t                 n;
    float                **vectors;
    review_point_t        *asked;
    review_ranks_t         ranks;
    review_ranks_query_t   sought;

    asked = plan->asked[query->point];
    vectors = plan->select.vectors;

    ranks.words = plan->words;
    ranks.vectors = vectors;
    ranks.dim = plan->select.dim;
    ranks.n = plan->nchunks;

    n = asked->nquery ? plan->nchunks + plan->npoints + plan->nclauses
                        + query->first
                      : plan->nchunks + query->point;

    sought.words = words;
    sought.vectors = vectors ? vectors + n : NULL;
    sought.nvectors = ngx_max(asked->nquery, 1);
    sought.closest = query->closest;
    sought.known = known;
    sought.in = query->in;

    return review_ranks_order(memory, &ranks, &sought, query->order,
                              &query->given.n);
}


static int
ngx_http_review_task_query_order(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query)
{
    review_str_t  words;

    return ngx_http_review_task_query_words(plan, plan->pool, query->point,
                                            &words)
           == 0
           && ngx_http_review_task_query_closest(plan, query) == 0
           ? ngx_http_review_task_query_by(plan, plan->pool, query, &words, 0)
           : -1;
}


/*
 * Other words are few, and the index is there: the event loop may do it.  What
 * it needs is not kept: there are rounds of many points.
 */

int
ngx_http_review_task_query_again(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query, const review_str_t *terms)
{
    int             rc;
    ngx_pool_t     *pool;
    review_buf_t    b;
    review_str_t    words;
    review_pool_t  *memory;

    pool = ngx_create_pool(4096, ngx_cycle->log);

    if (pool == NULL) {
        return -1;
    }

    rc = -1;
    memory = ngx_http_review_pool(pool);

    if (memory == NULL
        || ngx_http_review_task_query_words(plan, memory, query->point, &words)
           != 0)
    {
        goto done;
    }

    review_buf_init(&b, memory, words.len + terms->len + 1);
    review_buf_str(&b, &words);
    review_buf_puts(&b, "\n");
    review_buf_str(&b, terms);

    words.data = b.data;
    words.len = b.len;

    if (!b.failed) {
        rc = ngx_http_review_task_query_by(plan, memory, query, &words,
                                           query->closest != NULL);
    }

done:

    ngx_destroy_pool(pool);

    return rc;
}


int
ngx_http_review_task_query_rank(ngx_http_review_plan_t *plan)
{
    size_t  i;

    for (i = 0; i < plan->nqueries; i++) {
        if (plan->work->gone
            || ngx_http_review_task_query_order(plan, &plan->queries[i]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


int
ngx_http_review_task_query_text(ngx_http_review_plan_t *plan,
    review_pool_t *memory, size_t point, const uint32_t *chunks, size_t n,
    review_str_t *text, review_report_passages_t *passages)
{
    size_t                    i;
    review_passages_t         made;
    review_report_segment_t  *segments;

    if (review_passages_text(memory, plan->passages, chunks, n,
                             !review_point_asks(plan->asked[point])
                             ? REVIEW_PASSAGES_PLAIN
                             : plan->rubric->language.data[0] == 'e'
                               ? REVIEW_PASSAGES_EN : REVIEW_PASSAGES_ZH,
                             &made)
        != 0)
    {
        return -1;
    }

    segments = review_alloc(memory,
                            made.n * sizeof(review_report_segment_t) + 1);

    if (segments == NULL) {
        return -1;
    }

    for (i = 0; i < made.n; i++) {
        segments[i].start = made.passages[i].start;
        segments[i].end = made.passages[i].end;
        segments[i].at = made.passages[i].at;
        segments[i].document = made.passages[i].document;
    }

    *text = made.text;

    passages->segments = segments;
    passages->nsegments = made.n;
    passages->chunks = chunks;
    passages->nchunks = n;

    return 0;
}
