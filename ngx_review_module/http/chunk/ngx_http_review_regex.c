
/*
 * The regexes of a review, compiled and matched before its points are asked,
 * and its checks, which are made behind them:
 * at once, or on a thread where that takes long, whatever makes it so.  One
 * that does not match the text is tried on its folded form.  None is
 * trusted to be a good one, so PCRE calls us back before each item of a pattern
 * that it tries, and is told to give up once all of them took too much time.
 */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"
#include "review/document/flow.h"
#include "review/facts/date.h"

#if !(NGX_PCRE2)
#error "ngx_http_review_module needs an nginx that is built with PCRE2"
#endif


/* microseconds of the processor: of a thread, and of the event loop before */

#define NGX_HTTP_REVIEW_REGEX_TIME    500000
#define NGX_HTTP_REVIEW_REGEX_SHORT   4000

/* bytes of a text that the event loop folds, or checks, without a clock */

#define NGX_HTTP_REVIEW_REGEX_FOLD    16384

/* the clock is looked at when so many items have been tried */

#define NGX_HTTP_REVIEW_REGEX_ITEMS   64

/* of one starting place, and kilobytes of its backtracking */

#define NGX_HTTP_REVIEW_REGEX_MATCH   5000000
#define NGX_HTTP_REVIEW_REGEX_HEAP    65536

#define NGX_HTTP_REVIEW_REGEX_FLAGS                                           \
    (PCRE2_UTF|PCRE2_UCP|PCRE2_NO_AUTO_POSSESS|PCRE2_AUTO_CALLOUT)


typedef struct {
    review_str_t                pattern;
    const char                 *member;     /* of its point */
    size_t                      point;
    const char                 *of;         /* whose it is: "/points" */
    pcre2_code                 *code;
    ngx_uint_t                  own;        /* it is ours to free */
    ngx_uint_t                  raw;        /* the folded form is not for it */
    ngx_uint_t                  shown;      /* where it matches is told, */
    ngx_uint_t                  all;        /* as often as it does */
    size_t                      from;       /* where it is tried, */
    size_t                      end;        /* and its match ended */
    ngx_http_review_matched_t  *matched;    /* of the cell: the loop's */
    ngx_http_review_matched_t   result;
} ngx_http_review_regex_item_t;

/* the text folded, but for what patterns name; the last one is made anew */

#define NGX_HTTP_REVIEW_REGEX_FLOWS  4

typedef struct {
    review_flow_kept_t          kept;
    review_flow_t               flow;
    ngx_uint_t                  made;       /* 0: there was no memory */
} ngx_http_review_regex_flow_t;

typedef struct {
    review_check_t              check;
    int                         date;
    ngx_http_review_cell_t     *cell;       /* not for the thread */
    ngx_http_review_matched_t  *gate;       /* of an item; NULL: none */
    ngx_http_review_checked_t   checked;
} ngx_http_review_regex_check_t;

typedef struct {
    ngx_http_review_chunk_t    *chunk;      /* not for the thread */
    void                      (*next)(ngx_http_review_chunk_t *chunk);

    review_str_t                text;
    ngx_http_review_regex_item_t *items;
    size_t                      n;
    size_t                      done;       /* the first of them are */
    ngx_http_review_regex_check_t *checks;
    size_t                      nchecks;
    size_t                      checked;    /* the first of them are */
    int                         english;
    review_pool_t              *memory;
    review_source_t            *source;     /* of the text; NULL: not yet */
    ngx_http_review_regex_flow_t  flows[NGX_HTTP_REVIEW_REGEX_FLOWS];
    size_t                      nflows;
    uint64_t                    started;
    uint64_t                    limit;      /* of time, for all of them */
    uint64_t                    until;      /* the one at hand has time */
    ngx_uint_t                  ticks;
    ngx_int_t                   status;     /* NGX_OK, NGX_ERROR, or 400 */
    review_error_t              err;
} ngx_http_review_regexes_t;


static ngx_http_review_regexes_t *ngx_http_review_regex_create(
    ngx_http_review_chunk_t *chunk, ngx_http_review_work_t *work);
static void ngx_http_review_regex_free(void *data);
static void ngx_http_review_regex_run(void *data);
static void ngx_http_review_regex_done(void *data);


/* microseconds of this thread: a busy machine makes no regex a slow one */

static uint64_t
ngx_http_review_regex_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static pcre2_code *
ngx_http_review_regex_build(const char *pattern, size_t len, int *code,
    size_t *at)
{
    return pcre2_compile((PCRE2_SPTR) pattern, len,
                         NGX_HTTP_REVIEW_REGEX_FLAGS, code, at, NULL);
}


/* one that begins with a verb is fine, with a setting it is not: see there */

static int
ngx_http_review_regex_is_set(review_str_t *pattern)
{
    int          code;
    char        *group;
    size_t       at;
    pcre2_code  *compiled;

    if (pattern->len < 2 || ngx_memcmp(pattern->data, "(*", 2) != 0) {
        return 0;
    }

    group = ngx_alloc(pattern->len + 3, ngx_cycle->log);
    if (group == NULL) {
        return 1;
    }

    ngx_memcpy(group, "(?:", 3);
    ngx_memcpy(group + 3, pattern->data, pattern->len);

    /* not closed: that is all that may be wrong with it */

    compiled = ngx_http_review_regex_build(group, pattern->len + 3, &code,
                                           &at);
    pcre2_code_free(compiled);
    ngx_free(group);

    return at < pattern->len + 3;
}


/* "code" is the caller's to free */

static int
ngx_http_review_regex_compile(review_str_t *pattern, pcre2_code **compiled,
    review_error_t *err, const char *pointer)
{
    int      code;
    size_t   at;
    u_char   text[128];

    *compiled = ngx_http_review_regex_build(pattern->data, pattern->len,
                                            &code, &at);

    if (*compiled == NULL) {
        (void) pcre2_get_error_message(code, text, sizeof(text));

        return review_error(err, pointer, "is not a valid regex: %s, at "
                            "byte %zu of \"%.*s\"", text, at,
                            (int) pattern->len, pattern->data);
    }

    if (ngx_http_review_regex_is_set(pattern)) {
        pcre2_code_free(*compiled);
        *compiled = NULL;

        return review_error(err, pointer, "must not begin with a setting such "
                            "as (*UTF)");
    }

    return 0;
}


/* before each item that is tried */

static int
ngx_http_review_regex_callout(pcre2_callout_block *block, void *data)
{
    ngx_http_review_regexes_t *regexes = data;

    if (++regexes->ticks % NGX_HTTP_REVIEW_REGEX_ITEMS) {
        return 0;
    }

    return ngx_http_review_regex_clock() > regexes->until ? PCRE2_ERROR_CALLOUT
                                                          : 0;
}


static ngx_int_t
ngx_http_review_regex_match(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_item_t *item, const char *text, size_t len)
{
    int                   n;
    size_t               *ovector;
    pcre2_match_data     *data;
    pcre2_match_context  *context;

    data = pcre2_match_data_create_from_pattern(item->code, NULL);
    context = pcre2_match_context_create(NULL);

    n = PCRE2_ERROR_NOMEMORY;

    if (data && context) {
        (void) pcre2_set_match_limit(context, NGX_HTTP_REVIEW_REGEX_MATCH);
        (void) pcre2_set_heap_limit(context, NGX_HTTP_REVIEW_REGEX_HEAP);
        (void) pcre2_set_callout(context, ngx_http_review_regex_callout,
                                 regexes);

        n = pcre2_match(item->code, (PCRE2_SPTR) text, len, item->from,
                        PCRE2_NO_UTF_CHECK, data, context);
    }

    if (n >= 0) {
        ovector = pcre2_get_ovector_pointer(data);

        /* a \K of the pattern's own may place its start behind its end */

        item->result.captures[0] = ngx_min(ovector[0], ovector[1]);
        item->result.captures[1] = ovector[1];
        item->end = ovector[1];
    }

    pcre2_match_data_free(data);
    pcre2_match_context_free(context);

    item->result.rc = n >= 0 ? NGX_OK
                      : n == PCRE2_ERROR_NOMATCH ? NGX_DECLINED : NGX_ERROR;

    return n == PCRE2_ERROR_CALLOUT ? NGX_AGAIN : NGX_OK;
}


/* a bad one leaves half of the time to those after it */

static ngx_int_t
ngx_http_review_regex_until(ngx_http_review_regexes_t *regexes)
{
    uint64_t  now, end;

    now = ngx_http_review_regex_clock();
    end = regexes->started + regexes->limit;

    if (now > end) {
        return NGX_AGAIN;
    }

    regexes->until = regexes->limit < NGX_HTTP_REVIEW_REGEX_TIME
                     ? end : now + (end - now) / 2;

    return NGX_OK;
}


/* the text folded as this pattern is to see it; NULL: no memory */

static review_flow_t *
ngx_http_review_regex_flow(ngx_http_review_regexes_t *regexes,
    review_str_t *pattern)
{
    size_t                         i;
    review_flow_kept_t             kept;
    ngx_http_review_regex_flow_t  *flow;

    review_flow_keep(&kept, pattern);

    for (i = 0; i < regexes->nflows; i++) {
        flow = &regexes->flows[i];

        if (flow->kept.n == kept.n
            && ngx_memcmp(flow->kept.points, kept.points,
                          kept.n * sizeof(int32_t)) == 0)
        {
            return flow->made ? &flow->flow : NULL;
        }
    }

    if (i == NGX_HTTP_REVIEW_REGEX_FLOWS) {
        i--;

    } else {
        regexes->nflows++;
    }

    flow = &regexes->flows[i];
    flow->kept = kept;
    flow->made = review_flow_make(&flow->flow, regexes->memory, &regexes->text,
                                  &kept)
                 == 0;

    return flow->made ? &flow->flow : NULL;
}


/* once more, where the text itself has no match */

static ngx_int_t
ngx_http_review_regex_match_folded(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_item_t *item)
{
    size_t          from, to;
    ngx_int_t       rc;
    review_flow_t  *flow;

    if (regexes->limit < NGX_HTTP_REVIEW_REGEX_TIME
        && regexes->text.len > NGX_HTTP_REVIEW_REGEX_FOLD)
    {
        item->result.rc = NGX_ERROR;
        return NGX_AGAIN;
    }

    flow = ngx_http_review_regex_flow(regexes, &item->pattern);

    if (flow == NULL) {
        item->result.rc = NGX_ERROR;
        return NGX_OK;
    }

    if (!flow->changed) {
        return NGX_OK;
    }

    rc = ngx_http_review_regex_until(regexes);

    if (rc == NGX_OK) {
        rc = ngx_http_review_regex_match(regexes, item, flow->text.data,
                                         flow->text.len);
    }

    if (rc != NGX_OK) {
        item->result.rc = NGX_ERROR;
        return rc;
    }

    if (item->result.rc == NGX_OK) {
        from = item->result.captures[0];
        to = item->result.captures[1];

        review_flow_place(flow, &from, &to);

        item->result.captures[0] = from;
        item->result.captures[1] = to;
        item->result.folded = 1;
    }

    return NGX_OK;
}


/*
 * Where it has matched.  The chunk's own source may be with a thread by the
 * time that the rule's result is written.
 */

static ngx_int_t
ngx_http_review_regex_source(ngx_http_review_regexes_t *regexes)
{
    if (regexes->source == NULL) {
        regexes->source = review_quote_source_create(regexes->memory,
                                                     regexes->text.data,
                                                     regexes->text.len);
    }

    return regexes->source ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_review_regex_place(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_item_t *item)
{
    ngx_http_review_matched_t  *result;

    result = &item->result;

    if (ngx_http_review_regex_source(regexes) != NGX_OK) {
        result->rc = NGX_ERROR;
        return;
    }

    review_quote_source_span(regexes->source, result->captures[0],
                             result->captures[1], &result->span);

    if (result->folded) {
        result->span.match = REVIEW_MATCH_NORMALIZED;
    }
}


/* in all the ways that it may; NGX_AGAIN: its time was over */

static ngx_int_t
ngx_http_review_regex_try(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_item_t *item)
{
    ngx_int_t  rc;

    item->result.folded = 0;
    item->from = 0;

    rc = ngx_http_review_regex_until(regexes);

    if (rc != NGX_OK) {
        item->result.rc = NGX_ERROR;
        return rc;
    }

    rc = ngx_http_review_regex_match(regexes, item, regexes->text.data,
                                     regexes->text.len);

    if (rc == NGX_OK && item->result.rc == NGX_DECLINED && !item->raw) {
        return ngx_http_review_regex_match_folded(regexes, item);
    }

    return rc;
}


/* the next match behind the last one; NGX_DECLINED: there is no more */

static ngx_int_t
ngx_http_review_regex_next(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_item_t *item, review_flow_t *flow)
{
    size_t        from, to;
    review_str_t  text;

    text = regexes->text;

    if (flow) {
        text.data = flow->text.data;
        text.len = flow->text.len;
    }

    item->from = item->end;

    if (item->from >= text.len
        || ngx_http_review_regex_until(regexes) != NGX_OK
        || ngx_http_review_regex_match(regexes, item, text.data, text.len)
           != NGX_OK
        || item->result.rc != NGX_OK
        || item->result.captures[1] == item->result.captures[0])
    {
        return NGX_DECLINED;
    }

    if (flow) {
        from = item->result.captures[0];
        to = item->result.captures[1];

        review_flow_place(flow, &from, &to);

        item->result.captures[0] = from;
        item->result.captures[1] = to;
    }

    ngx_http_review_regex_place(regexes, item);

    return item->result.rc;
}


/* of a document, the matches behind the first one; none is an empty one */

static void
ngx_http_review_regex_more(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_item_t *item)
{
    ngx_uint_t                  n;
    review_flow_t              *flow;
    review_span_t              *more;
    ngx_http_review_matched_t   first;

    first = item->result;

    flow = first.folded ? ngx_http_review_regex_flow(regexes, &item->pattern)
                        : NULL;

    more = review_alloc(regexes->memory,
                        NGX_HTTP_REVIEW_MATCHES * sizeof(review_span_t));

    if (more == NULL || first.captures[1] == first.captures[0]
        || (first.folded && flow == NULL))
    {
        return;
    }

    for (n = 0; n + 1 < NGX_HTTP_REVIEW_MATCHES; n++) {

        if (ngx_http_review_regex_next(regexes, item, flow) != NGX_OK) {
            break;
        }

        more[n] = item->result.span;
    }

    item->result = first;
    item->result.more = more;
    item->result.nmore = n;
}


static void
ngx_http_review_regex_check(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_check_t *check)
{
    size_t                 i;
    review_checked_t      *found;
    review_check_place_t  *place;

    found = &check->checked.found;
    check->checked.rc = NGX_ERROR;

    if (ngx_http_review_regex_source(regexes) != NGX_OK
        || review_check(regexes->memory, &check->check, check->date,
                        regexes->english, &regexes->text, found)
           != 0)
    {
        return;
    }

    for (i = 0; i < found->nplaces; i++) {
        place = &found->places[i];

        review_quote_source_span(regexes->source, place->from, place->to,
                                 &check->checked.spans[i]);
    }

    check->checked.rc = NGX_OK;
}


/* one that is made already, the same */

static ngx_http_review_regex_check_t *
ngx_http_review_regex_checked(ngx_http_review_regexes_t *regexes,
    ngx_http_review_regex_check_t *check)
{
    ngx_http_review_regex_check_t  *other;

    for (other = regexes->checks; other < check; other++) {
        if (other->check.kind == check->check.kind
            && other->date == check->date && other->checked.rc == NGX_OK)
        {
            return other;
        }
    }

    return NULL;
}


/* is there time for one more?  The first one always has it on a thread */

static ngx_int_t
ngx_http_review_regex_time(ngx_http_review_regexes_t *regexes, uint64_t begun)
{
    uint64_t  spent;

    spent = ngx_http_review_regex_clock() - begun;

    if (regexes->limit < NGX_HTTP_REVIEW_REGEX_TIME) {
        return regexes->text.len > NGX_HTTP_REVIEW_REGEX_FOLD
               || spent > NGX_HTTP_REVIEW_REGEX_SHORT ? NGX_AGAIN : NGX_OK;
    }

    return spent > NGX_HTTP_REVIEW_REGEX_TIME ? NGX_DECLINED : NGX_OK;
}


static void
ngx_http_review_regex_checks(ngx_http_review_regexes_t *regexes)
{
    uint64_t                        begun;
    ngx_int_t                       rc;
    ngx_http_review_regex_check_t  *check, *same;

    begun = ngx_http_review_regex_clock();

    for ( /* void */ ; regexes->checked < regexes->nchecks;
         regexes->checked++)
    {
        check = &regexes->checks[regexes->checked];

        if (check->gate && check->gate->rc == NGX_DECLINED) {
            continue;
        }

        same = ngx_http_review_regex_checked(regexes, check);

        if (same) {
            check->checked = same->checked;
            continue;
        }

        rc = ngx_http_review_regex_time(regexes, begun);

        if (rc == NGX_AGAIN) {
            regexes->status = NGX_AGAIN;
            return;
        }

        if (rc == NGX_DECLINED) {
            check->checked.rc = NGX_DECLINED;
            continue;
        }

        ngx_http_review_regex_check(regexes, check);
    }
}


/* on a thread, or not; those that are done stay so */

static void
ngx_http_review_regex_run(void *data)
{
    ngx_http_review_regexes_t *regexes = data;

    char                           pointer[REVIEW_ERROR_POINTER];
    ngx_http_review_regex_item_t  *item;

    regexes->started = ngx_http_review_regex_clock();

    for ( /* void */ ; regexes->done < regexes->n; regexes->done++) {
        item = &regexes->items[regexes->done];

        if (item->code == NULL) {
            *ngx_snprintf((u_char *) pointer, sizeof(pointer) - 1,
                          "%s/%uz%s", item->of, item->point, item->member)
                = '\0';

            if (ngx_http_review_regex_compile(&item->pattern, &item->code,
                                              &regexes->err, pointer)
                != 0)
            {
                regexes->status = NGX_HTTP_BAD_REQUEST;
                return;
            }

            item->own = 1;
        }

        if (ngx_http_review_regex_try(regexes, item) == NGX_AGAIN) {
            regexes->status = NGX_AGAIN;
        }

        if (item->result.rc == NGX_OK && item->shown) {
            ngx_http_review_regex_place(regexes, item);
        }

        if (item->result.rc == NGX_OK && item->all) {
            ngx_http_review_regex_more(regexes, item);
        }

        if (regexes->status == NGX_AGAIN
            && regexes->limit < NGX_HTTP_REVIEW_REGEX_TIME)
        {
            return;
        }
    }

    regexes->status = NGX_OK;

    ngx_http_review_regex_checks(regexes);
}


void
ngx_http_review_regex_gates(review_pool_t *memory, const review_str_t *text,
    review_point_t **points, size_t n, unsigned char *open, uint64_t *left)
{
    size_t                        i;
    uint64_t                      spent;
    review_when_t                *when;
    ngx_http_review_regexes_t     regexes;
    ngx_http_review_regex_item_t  item;

    ngx_memzero(&regexes, sizeof(ngx_http_review_regexes_t));

    regexes.text = *text;
    regexes.memory = memory;
    regexes.limit = ngx_min(*left, NGX_HTTP_REVIEW_REGEX_TIME);
    regexes.started = ngx_http_review_regex_clock();

    for (i = 0; i < n; i++) {
        when = &points[i]->when;

        if (!open[i] || when->pattern.data == NULL) {
            continue;
        }

        ngx_memzero(&item, sizeof(ngx_http_review_regex_item_t));

        item.pattern = when->pattern;
        item.raw = when->raw;
        item.code = when->regex;

        if (ngx_http_review_regex_try(&regexes, &item) == NGX_OK
            && item.result.rc == NGX_DECLINED)
        {
            open[i] = 0;
        }
    }

    spent = ngx_http_review_regex_clock() - regexes.started;
    *left -= ngx_min(spent, *left);
}


static void
ngx_http_review_regex_done(void *data)
{
    ngx_http_review_regexes_t *regexes = data;

    size_t                         i;
    ngx_http_review_ctx_t         *ctx;
    ngx_http_review_chunk_t       *chunk;
    ngx_http_review_regex_item_t  *item;

    chunk = regexes->chunk;
    ctx = &chunk->ctx;

    if (regexes->status != NGX_OK) {
        ngx_http_review_ctx_fail(ctx,
            ngx_http_review_problem(ctx, NGX_HTTP_BAD_REQUEST,
                                    regexes->err.pointer, regexes->err.text));
        return;
    }

    for (i = 0; i < regexes->n; i++) {
        item = &regexes->items[i];
        *item->matched = item->result;

        if (item->result.rc == NGX_ERROR) {
            ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                          "review: a regex gave up on a text of %uz bytes",
                          regexes->text.len);
        }
    }

    for (i = 0; i < regexes->nchecks; i++) {
        regexes->checks[i].cell->checked = &regexes->checks[i].checked;
    }

    regexes->next(chunk);
}


static void
ngx_http_review_regex_free(void *data)
{
    ngx_http_review_regexes_t *regexes = data;

    size_t  i;

    for (i = 0; i < regexes->n; i++) {
        if (regexes->items[i].own) {
            pcre2_code_free(regexes->items[i].code);
        }
    }
}


static void
ngx_http_review_regex_add(ngx_http_review_regexes_t *regexes, size_t point,
    review_str_t *pattern, const char *member, int raw, void *code,
    ngx_http_review_matched_t *matched)
{
    ngx_http_review_regex_item_t  *item;

    item = &regexes->items[regexes->n++];

    ngx_memzero(item, sizeof(ngx_http_review_regex_item_t));

    item->pattern = *pattern;
    item->member = member;
    item->point = point;
    item->of = "/points";
    item->raw = raw;
    item->code = code;
    item->matched = matched;
}


/* those of a point in the request's own rubric are told as standing there */

static void
ngx_http_review_regex_name(ngx_http_review_regexes_t *regexes, size_t first,
    const review_rubric_t *rubric, const review_point_t *point)
{
    size_t  i;

    if (rubric == NULL || !rubric->own || point < rubric->points
        || point >= rubric->points + rubric->npoints)
    {
        return;
    }

    for (i = first; i < regexes->n; i++) {
        regexes->items[i].of = "/rubric/points";
        regexes->items[i].point = (size_t) (point - rubric->points);
    }
}


/* a copy in the work's memory, which the thread may read whatever happens */

static ngx_int_t
ngx_http_review_regex_copy(ngx_http_review_work_t *work, review_str_t *text)
{
    char  *p;

    p = ngx_pnalloc(work->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, text->data, text->len);
    text->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_regex_take(ngx_http_review_regexes_t *regexes,
    ngx_http_review_work_t *work)
{
    size_t                         i;
    ngx_http_review_regex_item_t  *item;

    regexes->source = NULL;

    /* of a large body all lies in the work's memory already */

    if (!ngx_http_review_work_is_large(work->ctx, regexes->text.len)
        && ngx_http_review_regex_copy(work, &regexes->text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < regexes->n; i++) {
        item = &regexes->items[i];

        if ((item->code == NULL || item->own)
            && ngx_http_review_regex_copy(work, &item->pattern) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the date that the request's variables have; all of them were looked at */

static int
ngx_http_review_regex_date(ngx_http_review_chunk_t *chunk,
    review_check_t *check)
{
    json_t         *value;
    review_str_t    text;
    review_date_t   date;

    if (check->var.data == NULL) {
        return check->date;
    }

    value = json_object_getn(chunk->subject.vars, check->var.data,
                             check->var.len);
    if (value == NULL) {
        return 0;
    }

    text.data = json_string_value(value);
    text.len = json_string_length(value);

    return text.data && review_date_is(&text, &date) ? date.first : 0;
}


static void
ngx_http_review_regex_add_check(ngx_http_review_regexes_t *regexes,
    ngx_http_review_cell_t *cell)
{
    ngx_http_review_regex_check_t  *check;

    check = &regexes->checks[regexes->nchecks++];

    check->check = *cell->point->check;
    check->date = ngx_http_review_regex_date(regexes->chunk, &check->check);
    check->cell = cell;
    check->checked.rc = NGX_ERROR;
}


static size_t
ngx_http_review_regex_count_checks(ngx_http_review_chunk_t *chunk)
{
    size_t      n;
    ngx_uint_t  i;

    for (i = 0, n = 0; i < chunk->ncells; i++) {
        n += chunk->cells[i].point->check != NULL;
    }

    return n;
}


static ngx_http_review_regexes_t *
ngx_http_review_regex_create(ngx_http_review_chunk_t *chunk,
    ngx_http_review_work_t *work)
{
    size_t                      n;
    ngx_uint_t                  i;
    review_point_t             *point;
    ngx_pool_cleanup_t         *cln;
    ngx_http_review_cell_t     *cell;
    ngx_http_review_regexes_t  *regexes;

    cln = ngx_pool_cleanup_add(work->pool, 0);
    regexes = ngx_pcalloc(work->pool, sizeof(ngx_http_review_regexes_t));

    if (cln == NULL || regexes == NULL) {
        return NULL;
    }

    regexes->items = ngx_palloc(work->pool,
                                2 * chunk->ncells
                                * sizeof(ngx_http_review_regex_item_t));
    n = ngx_http_review_regex_count_checks(chunk);
    regexes->checks = ngx_pcalloc(work->pool, n
                                  * sizeof(ngx_http_review_regex_check_t));

    if (regexes->items == NULL || regexes->checks == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_review_regex_free;
    cln->data = regexes;

    regexes->chunk = chunk;
    regexes->text = chunk->subject.chunk;
    regexes->memory = work->memory;
    regexes->english = chunk->subject.language.len == 2
                       && ngx_strncmp(chunk->subject.language.data, "en", 2)
                          == 0;

    for (i = 0; i < chunk->ncells; i++) {
        cell = &chunk->cells[i];
        point = cell->point;
        n = regexes->n;

        if (point->when.pattern.data) {
            ngx_http_review_regex_add(regexes, i, &point->when.pattern,
                                      point->when.member, point->when.raw,
                                      point->when.regex, &cell->when);
        }

        if (point->rule) {
            ngx_http_review_regex_add(regexes, i, &point->rule->pattern,
                                      point->rule->member, point->rule->raw,
                                      point->rule->regex, &cell->rule);

            regexes->items[regexes->n - 1].shown = 1;
            regexes->items[regexes->n - 1].all =
                                      point->scope == REVIEW_SCOPE_DOCUMENT;
        }

        if (point->check) {
            ngx_http_review_regex_add_check(regexes, cell);

            if (point->when.pattern.data) {
                regexes->checks[regexes->nchecks - 1].gate =
                                         &regexes->items[regexes->n - 1].result;
            }
        }

        ngx_http_review_regex_name(regexes, n, chunk->rubric, point);
    }

    return regexes;
}


static ngx_uint_t
ngx_http_review_regex_is_any(ngx_http_review_chunk_t *chunk)
{
    ngx_uint_t       i;
    review_point_t  *point;

    for (i = 0; i < chunk->ncells; i++) {
        point = chunk->cells[i].point;

        if (point->when.pattern.data || !review_point_asks(point)) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_review_regex_start(ngx_http_review_chunk_t *chunk,
    void (*next)(ngx_http_review_chunk_t *chunk))
{
    ngx_uint_t                  threads;
    ngx_http_review_work_t     *work;
    ngx_http_review_regexes_t  *regexes;

    if (!ngx_http_review_regex_is_any(chunk)) {
        next(chunk);
        return NGX_OK;
    }

    work = ngx_http_review_work(&chunk->ctx);
    if (work == NULL) {
        return NGX_ERROR;
    }

    regexes = ngx_http_review_regex_create(chunk, work);
    if (regexes == NULL) {
        return NGX_ERROR;
    }

    regexes->next = next;
    threads = ngx_http_review_work_is_large(&chunk->ctx, SIZE_MAX);
    regexes->limit = threads ? NGX_HTTP_REVIEW_REGEX_SHORT
                             : NGX_HTTP_REVIEW_REGEX_TIME;

    if (!ngx_http_review_work_is_large(&chunk->ctx, regexes->text.len)) {
        ngx_http_review_regex_run(regexes);

        if (regexes->status != NGX_AGAIN) {
            ngx_http_review_regex_done(regexes);
            return NGX_OK;
        }
    }

    if (ngx_http_review_regex_take(regexes, work) != NGX_OK) {
        return NGX_ERROR;
    }

    regexes->status = NGX_OK;
    regexes->limit = NGX_HTTP_REVIEW_REGEX_TIME;

    ngx_http_review_work_start(work, SIZE_MAX, ngx_http_review_regex_run,
                               ngx_http_review_regex_done, regexes);

    return NGX_OK;
}


static void
ngx_http_review_regex_conf_free(void *data)
{
    pcre2_code_free(data);
}


static ngx_int_t
ngx_http_review_regex_conf(ngx_pool_t *pool, review_str_t *pattern,
    const char *pointer, const char *member, void **regex, review_error_t *err)
{
    char                 at[REVIEW_ERROR_POINTER];
    pcre2_code          *code;
    ngx_pool_cleanup_t  *cln;

    *ngx_snprintf((u_char *) at, sizeof(at) - 1, "%s%s", pointer, member)
        = '\0';

    cln = ngx_pool_cleanup_add(pool, 0);

    if (cln == NULL
        || ngx_http_review_regex_compile(pattern, &code, err, at) != 0)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_review_regex_conf_free;
    cln->data = code;

    *regex = code;

    return NGX_OK;
}


ngx_int_t
ngx_http_review_regex_point(ngx_pool_t *pool, review_point_t *point,
    const char *pointer, review_error_t *err)
{
    if (point->when.pattern.data
        && ngx_http_review_regex_conf(pool, &point->when.pattern, pointer,
                                      point->when.member, &point->when.regex,
                                      err)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (point->rule
        && ngx_http_review_regex_conf(pool, &point->rule->pattern, pointer,
                                      point->rule->member,
                                      &point->rule->regex, err)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
