
/*
 * An answer held against the texts of its request: what it says, and where its
 * quotes stand.  With large texts, or a large answer, that is done on a thread,
 * for one cell after the other: what is learned of a text serves them all.
 */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_work.h"


/* what an answer costs at most, as bytes of text: it may be anything at all */

#define NGX_HTTP_REVIEW_EVIDENCE_BYTE  2

/*
 * It may be all quotes, of so many bytes with what is about them; for each the
 * texts are read, which costs this part of what their bytes do else
 */

#define NGX_HTTP_REVIEW_EVIDENCE_QUOTE   8
#define NGX_HTTP_REVIEW_EVIDENCE_QUOTES  64
#define NGX_HTTP_REVIEW_EVIDENCE_READ    24

/* and its quotes for each reference */

#define NGX_HTTP_REVIEW_EVIDENCE_REFERENCE  640


/* what the thread works with; nothing else touches it meanwhile */

typedef struct {
    ngx_http_review_chunk_t    *chunk;      /* not the thread's */
    ngx_http_review_work_t     *work;       /* its own, with the pool */
    review_pool_t              *pool;
    review_pool_t              *kept;       /* the texts', lives longer */
    review_quote_t             *quote;
    review_source_t           **sources;
    size_t                      nsources;
    review_str_t                content;
    review_str_t                said;
    size_t                      tokens;     /* of a large one, estimated */
    ngx_uint_t                  last;       /* step: there is a verdict */
    review_answer_given_t       given;
    review_answer_t             answer;
    review_evidence_t          *evidence;   /* NULL: it makes no sense */
    review_error_t              err;
} ngx_http_review_search_t;


static void ngx_http_review_evidence_measure(ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_evidence_share(
    ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_evidence_keep(ngx_http_review_chunk_t *chunk,
    review_pool_t *pool);
static ngx_int_t ngx_http_review_evidence_create_sources(
    ngx_http_review_chunk_t *chunk);
static ngx_int_t ngx_http_review_evidence_create_known(
    ngx_http_review_chunk_t *chunk);
static ngx_uint_t ngx_http_review_evidence_is_large(
    ngx_http_review_cell_t *cell);
static void ngx_http_review_evidence_next(ngx_http_review_chunk_t *chunk);
static void ngx_http_review_evidence_given(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s);
static ngx_http_review_search_t *ngx_http_review_evidence_search(
    ngx_http_review_cell_t *cell);
static void ngx_http_review_evidence_run(void *data);
static void ngx_http_review_evidence_said(ngx_http_review_search_t *s);
static void ngx_http_review_evidence_done(void *data);
static void ngx_http_review_evidence_take(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s);


ngx_int_t
ngx_http_review_evidence_texts(ngx_http_review_chunk_t *chunk)
{
    ngx_http_review_evidence_measure(chunk);

    if (ngx_http_review_work_is_large(&chunk->ctx, chunk->size)) {
        return ngx_http_review_evidence_share(chunk);
    }

    chunk->memory = chunk->ctx.pool;

    if (ngx_http_review_evidence_create_sources(chunk) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_review_evidence_create_known(chunk);
}


static void
ngx_http_review_evidence_measure(ngx_http_review_chunk_t *chunk)
{
    json_t            *value;
    ngx_uint_t         i;
    const char        *name;
    review_subject_t  *subject;

    subject = &chunk->subject;

    chunk->size = subject->chunk.len + subject->heading.len
                  + subject->nreferences * NGX_HTTP_REVIEW_EVIDENCE_REFERENCE;

    for (i = 0; i < subject->nreferences; i++) {
        chunk->size += subject->references[i].len;
    }

    json_object_foreach(subject->vars, name, value) {
        chunk->size += json_string_length(value);
    }
}


/*
 * Large texts, or many of them, are in a thread's pool from the beginning,
 * small ones once an answer is large: what was learned of them is learned anew.
 */

static ngx_int_t
ngx_http_review_evidence_share(ngx_http_review_chunk_t *chunk)
{
    ngx_http_review_work_t   *work;
    ngx_http_review_chunk_t   small;

    if (chunk->shared) {
        return NGX_OK;
    }

    work = ngx_http_review_work(&chunk->ctx);

    if (work == NULL
        || ngx_http_review_evidence_keep(chunk, work->memory) != NGX_OK)
    {
        return NGX_ERROR;
    }

    small = *chunk;
    chunk->memory = work->memory;

    if (ngx_http_review_evidence_create_sources(chunk) != NGX_OK
        || ngx_http_review_evidence_create_known(chunk) != NGX_OK)
    {
        chunk->memory = small.memory;
        chunk->sources = small.sources;
        chunk->quote = small.quote;
        chunk->known = small.known;
        return NGX_ERROR;
    }

    chunk->shared = 1;

    return NGX_OK;
}


/*
 * The request may go away while a thread is at its texts.  Those of a large
 * body are the work's already; many small references come in a small one.
 */

static ngx_int_t
ngx_http_review_evidence_keep(ngx_http_review_chunk_t *chunk,
    review_pool_t *pool)
{
    int               *orders;
    char              *heading;
    off_t              size;
    review_str_t      *references;
    review_subject_t  *subject;

    subject = &chunk->subject;
    size = ngx_http_review_body_size(chunk->ctx.request);

    if (!ngx_http_review_work_is_large(&chunk->ctx, size)
        && review_pool_own_json(pool, json_incref(chunk->ctx.body)) != 0)
    {
        return NGX_ERROR;
    }

    heading = review_alloc(pool, subject->heading.len + 1);
    references = review_alloc(pool, 2 * subject->nreferences
                                    * sizeof(review_str_t) + 1);

    orders = review_alloc(pool, subject->nreferences * sizeof(int) + 1);

    if (heading == NULL || references == NULL || orders == NULL) {
        return NGX_ERROR;
    }

    if (subject->heading.len) {
        ngx_memcpy(heading, subject->heading.data, subject->heading.len);
        subject->heading.data = heading;
    }

    if (subject->nreferences == 0) {
        return NGX_OK;
    }

    ngx_memcpy(references, subject->references,
               subject->nreferences * sizeof(review_str_t));
    ngx_memcpy(references + subject->nreferences, subject->reference_ids,
               subject->nreferences * sizeof(review_str_t));

    ngx_memcpy(orders, subject->reference_orders,
               subject->nreferences * sizeof(int));

    subject->references = references;
    subject->reference_ids = references + subject->nreferences;
    subject->reference_orders = orders;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_evidence_create_sources(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t         i, n;
    review_str_t      *text;
    review_pool_t     *pool;
    review_subject_t  *subject;

    subject = &chunk->subject;
    n = subject->nreferences + 1;
    pool = chunk->memory;

    chunk->sources = review_alloc(pool, n * sizeof(review_source_t *));
    chunk->quote = review_quote_create(pool);

    if (chunk->sources == NULL || chunk->quote == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        text = i ? &subject->references[i - 1] : &subject->chunk;

        chunk->sources[i] = review_quote_source_create(pool, text->data,
                                                       text->len);
        if (chunk->sources[i] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* what an LLM may quote: none of it is its own answer */

static ngx_int_t
ngx_http_review_evidence_create_known(ngx_http_review_chunk_t *chunk)
{
    json_t            *value;
    ngx_uint_t         i;
    const char        *name;
    review_str_t       text;
    review_subject_t  *subject;

    subject = &chunk->subject;

    chunk->known = review_known_create(chunk->memory,
                                       subject->nreferences + 2
                                       + json_object_size(subject->vars));
    if (chunk->known == NULL) {
        return NGX_ERROR;
    }

    review_known_add(chunk->known, &subject->chunk);
    review_known_add(chunk->known, &subject->heading);

    for (i = 0; i < subject->nreferences; i++) {
        review_known_add(chunk->known, &subject->references[i]);
    }

    json_object_foreach(subject->vars, name, value) {
        text.data = json_string_value(value);
        text.len = json_string_length(value);

        review_known_add(chunk->known, &text);
    }

    return NGX_OK;
}


void
ngx_http_review_evidence(ngx_http_review_cell_t *cell,
    ngx_http_review_cell_pt read)
{
    ngx_http_review_chunk_t   *chunk;
    ngx_http_review_search_t   search;

    chunk = cell->chunk;
    cell->read = read;

    if (ngx_http_review_evidence_is_large(cell)) {

        if (ngx_http_review_evidence_share(chunk) != NGX_OK) {
            ngx_http_review_result_failed(cell, REVIEW_CODE_INTERNAL, NULL,
                                          NULL);
            return;
        }

    } else if (!chunk->searching) {
        ngx_http_review_evidence_given(cell, &search);
        ngx_http_review_evidence_run(&search);
        ngx_http_review_evidence_take(cell, &search);
        return;
    }

    cell->searched = 1;
    ngx_queue_insert_tail(&chunk->answered, &cell->queue);

    if (!chunk->searching) {
        ngx_http_review_evidence_next(chunk);
    }
}


static ngx_uint_t
ngx_http_review_evidence_is_large(ngx_http_review_cell_t *cell)
{
    size_t                    size, quotes;
    ngx_http_review_chunk_t  *chunk;

    chunk = cell->chunk;
    size = cell->completion->content.len;

    quotes = ngx_min(size / NGX_HTTP_REVIEW_EVIDENCE_QUOTE,
                     NGX_HTTP_REVIEW_EVIDENCE_QUOTES);

    size = size * NGX_HTTP_REVIEW_EVIDENCE_BYTE
           + chunk->size / NGX_HTTP_REVIEW_EVIDENCE_READ * quotes;

    return ngx_http_review_work_is_large(&chunk->ctx,
                                         ngx_max(size, chunk->size));
}


static void
ngx_http_review_evidence_next(ngx_http_review_chunk_t *chunk)
{
    ngx_http_review_cell_t    *cell;
    ngx_http_review_search_t  *search;

    while (!ngx_queue_empty(&chunk->answered)) {
        cell = ngx_queue_data(ngx_queue_head(&chunk->answered),
                              ngx_http_review_cell_t, queue);

        search = ngx_http_review_evidence_search(cell);

        if (search) {
            cell->search = search;
            chunk->searching = 1;

            /* a small answer has waited for a large one: so does the next */

            ngx_http_review_work_start(search->work, NGX_MAX_SIZE_T_VALUE,
                                       ngx_http_review_evidence_run,
                                       ngx_http_review_evidence_done, search);
            return;
        }

        ngx_http_review_evidence_leave(cell);
        ngx_http_review_result_failed(cell, REVIEW_CODE_INTERNAL, NULL, NULL);
    }
}


static int
ngx_http_review_evidence_quoted(void *data, const char *text, size_t len)
{
    return review_known_holds(data, text, len);
}


static void
ngx_http_review_evidence_given(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s)
{
    ngx_http_review_chunk_t  *chunk;

    chunk = cell->chunk;

    s->chunk = chunk;
    s->work = NULL;
    s->pool = chunk->memory;
    s->kept = chunk->memory;
    s->quote = chunk->quote;
    s->sources = chunk->sources;
    s->nsources = chunk->subject.nreferences + 1;
    s->content = cell->completion->content;
    s->last = ngx_http_review_cell_is_last(cell);
    s->evidence = NULL;
    s->tokens = 0;

    s->given.schema = cell->point->data;
    s->given.found = cell->point->scope == REVIEW_SCOPE_DOCUMENT;
    s->given.terms = cell->point->expand != 0;
    s->given.quoted = ngx_http_review_evidence_quoted;
    s->given.data = chunk->known;
    s->given.cut = cell->outcome == REVIEW_COMPLETION_TRUNCATED
                   || cell->completion->torn;
}


/*
 * The request may go away with the answer: the thread has its own, in memory
 * that is given back once the answer has been read.  That of the texts, and of
 * what is learned of them, is the thread's meanwhile, too.
 */

static ngx_http_review_search_t *
ngx_http_review_evidence_search(ngx_http_review_cell_t *cell)
{
    char                      *p;
    review_str_t              *content;
    ngx_http_review_ctx_t     *ctx;
    ngx_http_review_work_t    *work;
    ngx_http_review_search_t  *s;

    ctx = &cell->chunk->ctx;

    work = ngx_http_review_work_create(ctx);
    if (work == NULL) {
        return NULL;
    }

    s = review_alloc(work->memory, sizeof(ngx_http_review_search_t));

    if (s == NULL || ngx_http_review_work_hold(work, ctx->work) != NGX_OK) {
        return NULL;
    }

    ngx_http_review_evidence_given(cell, s);

    s->work = work;
    s->pool = work->memory;

    content = &s->content;

    p = review_alloc(s->pool, content->len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, content->data, content->len);
    content->data = p;

    return s;
}


static void
ngx_http_review_evidence_run(void *data)
{
    ngx_http_review_search_t *s = data;

    int     rc;
    size_t  i;

    if (!s->last) {
        ngx_http_review_evidence_said(s);
        return;
    }

    rc = review_answer_parse(s->pool, s->content.data, s->content.len,
                             &s->given, &s->answer, &s->err);
    s->said = s->answer.said;

    if (rc != 0) {
        return;
    }

    s->evidence = review_alloc(s->pool, s->answer.nquotes
                                        * sizeof(review_evidence_t) + 1);

    if (s->evidence == NULL) {
        (void) review_error(&s->err, "", "no memory");
        return;
    }

    review_evidence_find(s->quote, s->sources, s->nsources, s->answer.quotes,
                         s->answer.nquotes, s->evidence);

    for (i = 0; s->answer.meant && i < s->answer.nquotes; i++) {
        review_evidence_meant(s->quote, s->sources, s->nsources,
                              &s->answer.meant[i * REVIEW_ANSWER_MEANT],
                              REVIEW_ANSWER_MEANT, &s->evidence[i]);
    }
}


/* before the last step an answer is but a text, for the prompts to come */

static void
ngx_http_review_evidence_said(ngx_http_review_search_t *s)
{
    review_answer_said_t  said;

    review_answer_said(s->pool, s->content.data, s->content.len,
                       s->given.quoted, s->given.data, &said);

    if (said.unclosed) {
        said.text.len = 0;
    }

    if (review_prompt_body_answer(s->kept, &said.text, &s->said) != 0) {
        s->said.data = NULL;
        return;
    }

    s->tokens = ngx_http_review_chat_tokens(&s->said);
}


/* a cell whose time was over meanwhile has left the queue */

static void
ngx_http_review_evidence_done(void *data)
{
    ngx_http_review_search_t *s = data;

    ngx_http_review_cell_t   *cell;
    ngx_http_review_chunk_t  *chunk;

    chunk = s->chunk;
    chunk->searching = 0;

    cell = ngx_queue_empty(&chunk->answered) ? NULL
           : ngx_queue_data(ngx_queue_head(&chunk->answered),
                            ngx_http_review_cell_t, queue);

    if (cell && cell->search == s) {

        /* another one may come to lie where this one has */

        cell->search = NULL;

        ngx_http_review_evidence_leave(cell);
        ngx_http_review_evidence_take(cell, s);
    }

    ngx_http_review_work_destroy(s->work);

    ngx_http_review_evidence_next(chunk);
}


static void
ngx_http_review_evidence_take(ngx_http_review_cell_t *cell,
    ngx_http_review_search_t *s)
{
    cell->answer = s->evidence ? &s->answer : NULL;
    cell->evidence = s->evidence;
    cell->err = &s->err;
    cell->said = s->said;
    cell->said_tokens = s->tokens;
    cell->whole = s->last && s->answer.whole;

    cell->read(cell);

    cell->answer = NULL;
    cell->evidence = NULL;
    cell->err = NULL;
}


void
ngx_http_review_evidence_leave(ngx_http_review_cell_t *cell)
{
    if (cell->searched) {
        cell->searched = 0;
        ngx_queue_remove(&cell->queue);
    }
}
