
/* The LLM as a backend: its answers are chat completions, streamed or not. */

#include "http/chunk/ngx_http_review_chunk.h"

#include "review/base/utf8.h"
#include "review/completion/complaint.h"
#include "review/outline/units.h"


/* how many times fewer tokens than estimated show that a prompt was cut */

#define NGX_HTTP_REVIEW_CHAT_CUT  3

/*
 * Of one character so many times in a row, a token has that many at least; a
 * shorter row, as in "1,000,000", may well be as many tokens
 */

#define NGX_HTTP_REVIEW_CHAT_RUN  16
#define NGX_HTTP_REVIEW_CHAT_ROW  8

/* bytes of a piece that is worth to be remembered */

#define NGX_HTTP_REVIEW_CHAT_LARGE  4096

/* bytes of what is told of a failure, its numbers included */

#define NGX_HTTP_REVIEW_CHAT_DETAIL  160

/* and of a prompt that is too long, with what the server says */

#define NGX_HTTP_REVIEW_CHAT_CONTEXT  (REVIEW_COMPLETION_DETAIL + 64)


static void
ngx_http_review_chat_begin(ngx_http_review_call_t *call)
{
    ngx_http_review_cell_t  *cell;

    cell = call->data;

    review_completion_init(cell->completion, call->ctx->pool,
                           ngx_http_review_chunk_conf(call->ctx)->max_answer);
}


static ngx_int_t
ngx_http_review_chat_feed(ngx_http_review_call_t *call, u_char *data,
    size_t len)
{
    int                      rc;
    size_t                   pieces;
    review_completion_t     *c;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;
    pieces = c->pieces;

    rc = review_completion_feed(c, (char *) data, len);

    /* comments that keep the connection alive are no answer */

    if (c->pieces != pieces) {
        call->heard = ngx_current_msec;
    }

    return rc ? NGX_ERROR : NGX_OK;
}


/*
 * Dots of a table of contents, lines to be filled in, borders of tables: by how
 * many tokens too much they are estimated, as each character were one
 */

static size_t
ngx_http_review_chat_repeated(const char *p, const char *last)
{
    size_t       n, len, run;
    u_char       c;
    const char  *s;

    for (n = 0; p < last; p = s) {
        c = (u_char) *p;
        len = (c == '\\') ? 2 : (c < 0xc0) ? 1 : (c < 0xe0) ? 2
              : (c < 0xf0) ? 3 : 4;

        for (s = p; (size_t) (last - s) >= 2 * len; s += len) {
            if (s[len] != *p || memcmp(s + len, p, len) != 0) {
                break;
            }
        }

        s += len;
        run = (size_t) (s - p) / len;

        if (run >= NGX_HTTP_REVIEW_CHAT_ROW && c != ' '
            && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        {
            n += run - (run + NGX_HTTP_REVIEW_CHAT_RUN - 1)
                       / NGX_HTTP_REVIEW_CHAT_RUN;
        }
    }

    return n;
}


/* the tokens of a piece, by the estimate of splits; an escape is one */

size_t
ngx_http_review_chat_tokens(const review_str_t *piece)
{
    size_t       n;
    const char  *p, *last;

    p = piece->data;
    last = p + piece->len;
    n = review_units(p, last, 1) - ngx_http_review_chat_repeated(p, last);

    while (last - p > 2 && (p = memchr(p, '\\', last - p - 2)) != NULL) {
        n--;
        p += 2;
    }

    return n;
}


void
ngx_http_review_chat_parts(const review_prompt_t *prompt,
    ngx_http_review_estimated_t *known)
{
    ngx_uint_t                    i;
    review_str_t                  parts[REVIEW_PROMPT_PARTS];
    ngx_http_review_estimated_t  *all, *rest;

    review_prompt_parts(prompt, parts);

    all = &known[REVIEW_PROMPT_PARTS];
    rest = all + 1;
    all->piece.data = parts[0].data;
    all->piece.len = 0;
    all->tokens = 0;

    for (i = 0; i < REVIEW_PROMPT_PARTS; i++) {
        known[i].piece = parts[i];
        known[i].tokens = ngx_http_review_chat_tokens(&parts[i]);

        all->piece.len += parts[i].len;
        all->tokens += known[i].tokens;
    }

    rest->piece.data = parts[0].data + parts[0].len;
    rest->piece.len = all->piece.len - parts[0].len;
    rest->tokens = all->tokens - known[0].tokens;
}


static ngx_http_review_estimated_t *
ngx_http_review_chat_known(ngx_http_review_estimated_t *known, ngx_uint_t n,
    const review_str_t *piece)
{
    for ( /* void */ ; n; n--, known++) {
        if (known->piece.data == piece->data
            && known->piece.len == piece->len)
        {
            return known;
        }
    }

    return NULL;
}


/* a large one stands in many prompts, or many times in one: once is enough */

static size_t
ngx_http_review_chat_estimate(ngx_http_review_cell_t *cell,
    const review_str_t *piece)
{
    ngx_http_review_chunk_t      *chunk;
    ngx_http_review_estimated_t  *known;

    chunk = cell->chunk;

    if (piece->len < NGX_HTTP_REVIEW_CHAT_LARGE) {
        return ngx_http_review_chat_tokens(piece);
    }

    known = ngx_http_review_chat_known(chunk->parts, NGX_HTTP_REVIEW_PARTS,
                                      piece);

    if (known == NULL && cell->estimated) {
        known = ngx_http_review_chat_known(cell->estimated->elts,
                                          cell->estimated->nelts, piece);
    }

    if (known == NULL) {
        known = ngx_http_review_chat_known(chunk->estimated,
                                          NGX_HTTP_REVIEW_ESTIMATED, piece);
    }

    if (known) {
        return known->tokens;
    }

    known = &chunk->estimated[chunk->nestimated++ % NGX_HTTP_REVIEW_ESTIMATED];

    known->piece = *piece;
    known->tokens = ngx_http_review_chat_tokens(piece);

    return known->tokens;
}


/*
 * Has the server counted far fewer tokens than the prompt has?  There are no
 * more of these than code points, which are counted in no time; so most prompts
 * need not be estimated.  What prompts begin with is the same for all of a
 * chunk, and is counted once.
 */

static ngx_uint_t
ngx_http_review_chat_is_cut(ngx_http_review_call_t *call, uint64_t counted)
{
    size_t                       i, points, tokens;
    review_str_t                *body;
    ngx_http_review_chunk_t     *chunk;
    ngx_http_review_measured_t  *measured;

    chunk = ((ngx_http_review_cell_t *) call->data)->chunk;
    measured = &chunk->measured;
    body = call->body;

    if (body[0].data != measured->piece.data
        || body[0].len != measured->piece.len)
    {
        measured->piece = body[0];
        measured->points = review_utf8_count(body[0].data, body[0].len);
    }

    points = measured->points;

    for (i = 1; i + 1 < call->npieces; i++) {
        points += review_utf8_count(body[i].data, body[i].len);
    }

    if (counted >= points / NGX_HTTP_REVIEW_CHAT_CUT) {
        return 0;
    }

    tokens = 0;

    for (i = 0; i + 1 < call->npieces; i++) {
        tokens += ngx_http_review_chat_estimate(call->data, &body[i]);

        if (counted < tokens / NGX_HTTP_REVIEW_CHAT_CUT) {
            return 1;
        }
    }

    return 0;
}


/*
 * Tokens cost what they cost, whatever the answer is worth.  Of a stream that
 * has not come to where servers tell, each piece is one at least.
 */

static void
ngx_http_review_chat_usage(ngx_http_review_call_t *call, ngx_uint_t ended)
{
    review_str_t             model;
    review_completion_t     *c;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;

    if (!ended && c->completion_tokens < 0 && c->pieces) {
        c->completion_tokens = (int64_t) c->pieces;
    }

    if (c->prompt_tokens >= 0) {
        call->usage->prompt_tokens += c->prompt_tokens;
    }

    if (c->completion_tokens >= 0) {
        call->usage->completion_tokens += c->completion_tokens;
    }

    model = c->model;

    if (model.len == 0) {
        model = cell->llm->asked.model;
    }

    ngx_http_review_call_count_tokens(call, &model, c->prompt_tokens,
                                      c->completion_tokens);
}


/*
 * Did it still come when its time was over?  One that came and has been silent
 * for long since is not slow, but hangs.
 */

static ngx_uint_t
ngx_http_review_chat_is_slow(ngx_http_review_call_t *call)
{
    return call->timedout && !ngx_http_review_outcome_is_silent(call);
}


static const char *
ngx_http_review_chat_slow(ngx_http_review_call_t *call)
{
    u_char                  *p;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    p = ngx_pnalloc(call->ctx->request->pool, NGX_HTTP_REVIEW_CHAT_DETAIL);

    if (p == NULL) {
        return "";
    }

    *ngx_snprintf(p, NGX_HTTP_REVIEW_CHAT_DETAIL - 1,
                  "the answer was still coming when review_call_timeout was "
                  "over: %L tokens in %M ms",
                  cell->completion->completion_tokens,
                  ngx_current_msec - call->started) = '\0';

    return (char *) p;
}


void
ngx_http_review_chat_spent(ngx_http_review_call_t *call)
{
    review_completion_t     *c;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;

    /* what was heard of it so far */

    (void) review_completion_end(c);

    cell->model = c->model;

    ngx_http_review_chat_usage(call, 0);
}


/* did what limits an answer go into reasoning? */

static const char *
ngx_http_review_chat_truncated(ngx_http_review_call_t *call)
{
    u_char                  *p;
    review_completion_t     *c;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;

    if (c->thinking || review_answer_said_is_open(c->content.data,
                                                  c->content.len))
    {
        return "the answer was cut at max_tokens, all of which went into "
               "reasoning";
    }

    if (c->reasoning_tokens > 0
        ? c->reasoning_tokens * 2 <= c->completion_tokens
        : c->thought <= c->content.len)
    {
        return "";
    }

    if (c->reasoning_tokens <= 0) {
        return "the answer was cut at max_tokens, most of which went into "
               "reasoning";
    }

    p = ngx_pnalloc(call->ctx->request->pool, NGX_HTTP_REVIEW_CHAT_DETAIL);

    if (p == NULL) {
        return "";
    }

    *ngx_snprintf(p, NGX_HTTP_REVIEW_CHAT_DETAIL - 1,
                  "the answer was cut at max_tokens: of %L tokens %L went into "
                  "reasoning", c->completion_tokens, c->reasoning_tokens)
        = '\0';

    return (char *) p;
}


/*
 * Whoever wrote the point or its rubric has set it, and sees the result: no
 * parameter in the configuration would change it
 */

static ngx_uint_t
ngx_http_review_chat_is_set(ngx_http_review_cell_t *cell, const char *member)
{
    size_t                    len;
    review_point_t           *point;
    ngx_http_review_chunk_t  *chunk;

    if (cell->llm != cell->meant) {
        return 0;
    }

    len = ngx_strlen(member);
    point = cell->point;
    chunk = cell->chunk;

    return review_params_find(&point->params, member, len)
           || (chunk->rubric && cell->llm == chunk->llm
               && review_params_find(&chunk->rubric->params, member, len))
           || (point->temperature >= 0
               && ngx_strcmp(member, "temperature") == 0)
           || (point->max_tokens > 0
               && ngx_strcmp(member, "max_tokens") == 0);
}


/* once for each of them: every call would say the same */

static void
ngx_http_review_chat_complain(ngx_http_review_call_t *call,
    review_complaint_t *complaint)
{
    ngx_str_t               *name;
    const char              *of;
    ngx_http_review_llm_t   *llm;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    llm = cell->llm;

    if (ngx_strcmp(complaint->directive, "review_llm_param") == 0
        && ngx_http_review_chat_is_set(cell, complaint->member))
    {
        return;
    }

    if (llm->told & ((uint64_t) 1 << complaint->index)) {
        return;
    }

    llm->told |= (uint64_t) 1 << complaint->index;

    name = &llm->name;
    of = name->len ? " llm=" : "";

    if (ngx_strcmp(complaint->directive, "review_llm") == 0) {
        ngx_log_error(NGX_LOG_ERR, call->ctx->request->connection->log, 0,
                      "review: the LLM at \"%V\" refuses \"%s\" as it is "
                      "sent: set \"%s\" of \"review_llm\" in %V:%ui",
                      &llm->uri.uri, complaint->member, complaint->advice,
                      &llm->file, llm->line);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, call->ctx->request->connection->log, 0,
                  "review: the LLM at \"%V\" refuses \"%s\" as it is sent: "
                  "set \"%s%s%V %s%s;\" for the \"review_llm\" in %V:%ui",
                  &llm->uri.uri, complaint->member, complaint->directive, of,
                  name, complaint->advice ? complaint->advice
                                          : complaint->member,
                  complaint->advice ? "" : " off", &llm->file, llm->line);
}


/*
 * What the server says of a call that it has refused, be it with a status of
 * 200.  Some say with a 500 that a prompt is too long; it will be so again.
 */

static const char *
ngx_http_review_chat_refused(ngx_http_review_call_t *call, const char *said)
{
    u_char                  *p;
    ngx_uint_t               status;
    review_complaint_t       complaint;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    status = call->status / 100 == 2 ? cell->completion->status : call->status;

    if (status != 400 && status != 413 && status != 422 && status != 500) {
        return said;
    }

    if (review_complaint_context(said)) {
        call->context = 1;

        p = ngx_pnalloc(call->ctx->request->pool,
                        NGX_HTTP_REVIEW_CHAT_CONTEXT);
        if (p == NULL) {
            return said;
        }

        *ngx_snprintf(p, NGX_HTTP_REVIEW_CHAT_CONTEXT - 1,
                      "the prompt is over the model's context: %s", said)
            = '\0';

        return (char *) p;
    }

    if (status != 500 && review_complaint(said, &complaint)) {
        ngx_http_review_chat_complain(call, &complaint);
    }

    return said;
}


static const char *
ngx_http_review_chat_end(ngx_http_review_call_t *call)
{
    review_completion_t     *c;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;

    cell->outcome = review_completion_end(c);
    call->quota = c->quota;

    if (c->prompt_tokens > 0
        && ngx_http_review_chat_is_cut(call, (uint64_t) c->prompt_tokens))
    {
        cell->warnings |= REVIEW_WARNING_PROMPT_CUT;
    }

    ngx_http_review_chat_usage(call, cell->outcome != REVIEW_COMPLETION_CUT
                                    && cell->outcome
                                       != REVIEW_COMPLETION_ERROR
                                    && cell->outcome
                                       != REVIEW_COMPLETION_TOO_LARGE);

    switch (cell->outcome) {

    case REVIEW_COMPLETION_TRUNCATED:
        return ngx_http_review_chat_truncated(call);

    case REVIEW_COMPLETION_CUT:

        /* how an answer was cut is known better by its connection */

        return ngx_http_review_chat_is_slow(call)
               ? ngx_http_review_chat_slow(call) : c->torn ? c->detail : "";

    case REVIEW_COMPLETION_ERROR:
    case REVIEW_COMPLETION_BAD_JSON:
        return ngx_http_review_chat_refused(call, c->detail);

    default:
        return c->detail;
    }
}


static review_code_t
ngx_http_review_chat_whole(ngx_http_review_call_t *call)
{
    unsigned                 status;
    ngx_http_review_cell_t  *cell;

    static const review_code_t  codes[] = {
        [REVIEW_COMPLETION_OK] = REVIEW_CODE_OK,
        [REVIEW_COMPLETION_CUT] = REVIEW_CODE_CUT,
        [REVIEW_COMPLETION_TRUNCATED] = REVIEW_CODE_TRUNCATED,
        [REVIEW_COMPLETION_REFUSED] = REVIEW_CODE_REFUSED,
        [REVIEW_COMPLETION_ERROR] = REVIEW_CODE_LLM_ERROR,
        [REVIEW_COMPLETION_EMPTY] = REVIEW_CODE_BAD_ANSWER,
        [REVIEW_COMPLETION_BAD_JSON] = REVIEW_CODE_BAD_JSON,
        [REVIEW_COMPLETION_TOO_LARGE] = REVIEW_CODE_TOO_LARGE,
        [REVIEW_COMPLETION_NO_MEMORY] = REVIEW_CODE_INTERNAL
    };

    cell = call->data;
    status = cell->completion->status;

    if (cell->outcome == REVIEW_COMPLETION_CUT
        && ngx_http_review_chat_is_slow(call))
    {
        return REVIEW_CODE_SLOW;
    }

    if (call->quota) {
        return REVIEW_CODE_QUOTA;
    }

    if (call->context) {
        return REVIEW_CODE_TOO_LARGE;
    }

    /* an error is what it would have been with a status of its own */

    if (cell->outcome == REVIEW_COMPLETION_ERROR && status) {
        return review_code_of_status(status);
    }

    return codes[cell->outcome];
}


/* that of a rubric is one of the LLM which the rubric asks */

const review_str_t *
ngx_http_review_chat_model(ngx_http_review_cell_t *cell)
{
    ngx_http_review_chunk_t  *chunk;

    chunk = cell->chunk;

    if (cell->llm == chunk->llm && cell->llm == cell->meant && chunk->rubric
        && chunk->rubric->model.len)
    {
        return &chunk->rubric->model;
    }

    return &cell->llm->asked.model;
}

/* the model that was asked for is known anyway */

static void
ngx_http_review_chat_told(ngx_http_review_call_t *call,
    ngx_http_review_try_t *told)
{
    review_completion_t     *c;
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    c = cell->completion;

    if (c->model.len) {
        told->model = c->model;
    }

    told->prompt_tokens = c->prompt_tokens;
    told->completion_tokens = c->completion_tokens;

    if (told->completion_tokens < 0 && c->pieces) {
        told->completion_tokens = (int64_t) c->pieces;
    }
}


const ngx_http_review_backend_t  ngx_http_review_chat_backend = {
    "the LLM",
    "the answer is over review_max_answer_size",
    ngx_http_review_chat_begin,
    ngx_http_review_chat_feed,
    ngx_http_review_chat_end,
    ngx_http_review_chat_whole,
    0,
    ngx_http_review_chat_told,
    NGX_DECLINED
};
