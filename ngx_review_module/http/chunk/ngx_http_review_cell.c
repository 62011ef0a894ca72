
/*
 * One point on one chunk: gate -> prompt -> call -> answer -> finding.
 *
 * A point may take several steps, each a question that sees the answers to
 * those before.  At each step an answer that can't be understood is asked for
 * once more, and so is one that was cut at max_tokens.  Where that fails, too,
 * another LLM may be asked, and what follows is asked of that one.
 */

#include "http/chunk/ngx_http_review_chunk.h"

#include "review/answer/answer_words.h"
#include "review/base/excerpt.h"
#include "review/base/utf8.h"


/* of a bad answer this much is shown to the LLM again */

#define NGX_HTTP_REVIEW_REASK_BYTES  8192

/* what an answer may take if it was cut and nothing had limited it */

#define NGX_HTTP_REVIEW_MAX_TOKENS   4096


static void ngx_http_review_cell_rule(ngx_http_review_cell_t *cell);
static ngx_int_t ngx_http_review_cell_call(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_ask(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_answered(ngx_http_review_call_t *call);
static void ngx_http_review_cell_said(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_failed(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_finding(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_cut(ngx_http_review_cell_t *cell);
static ngx_int_t ngx_http_review_cell_estimated(ngx_http_review_cell_t *cell);
static ngx_int_t ngx_http_review_cell_turn(ngx_http_review_cell_t *cell,
    const review_str_t *answer, review_error_t *complaint);
static void ngx_http_review_cell_again(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_torn(ngx_http_review_cell_t *cell);
static ngx_uint_t ngx_http_review_cell_is_large(ngx_http_review_cell_t *cell);
static void ngx_http_review_cell_fail(ngx_http_review_cell_t *cell,
    review_code_t code, const char *detail, const char *note);
static void ngx_http_review_cell_pass(ngx_http_review_cell_t *cell,
    review_code_t code, const char *detail, const char *note);


void
ngx_http_review_cell_start(ngx_http_review_cell_t *cell)
{
    review_point_t  *point;

    point = cell->point;

    /*
     * A gate that can't tell is open: an LLM call is cheaper than a miss.  Of a
     * document it says where to look first, and closes nothing.
     */

    if (point->when.pattern.data && cell->when.rc == NGX_DECLINED
        && !(point->scope == REVIEW_SCOPE_DOCUMENT
             && review_point_asks(point)))
    {
        ngx_http_review_result_skipped(cell);
        return;
    }

    if (point->rule) {
        ngx_http_review_cell_rule(cell);
        return;
    }

    if (point->check) {
        if (cell->checked->rc == NGX_OK) {
            ngx_http_review_result_check(cell);

        } else {
            ngx_http_review_result_failed(cell,
                                          cell->checked->rc == NGX_DECLINED
                                          ? REVIEW_CODE_REGEX_LIMIT
                                          : REVIEW_CODE_INTERNAL, NULL, NULL);
        }

        return;
    }

    ngx_http_review_cell_ask(cell);
}


static void
ngx_http_review_cell_rule(ngx_http_review_cell_t *cell)
{
    switch (cell->rule.rc) {

    case NGX_OK:
        ngx_http_review_result_rule(cell, &cell->rule);
        return;

    case NGX_DECLINED:
        ngx_http_review_result_rule(cell, NULL);
        return;

    default:
        ngx_http_review_result_failed(cell, REVIEW_CODE_REGEX_LIMIT, NULL,
                                      NULL);
    }
}


/* what a cell asks with, question after question */

static ngx_int_t
ngx_http_review_cell_call(ngx_http_review_cell_t *cell)
{
    review_buf_t             b;
    ngx_pool_t              *pool;
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_call_t  *call;

    ctx = &cell->chunk->ctx;
    pool = ctx->request->pool;

    call = ngx_pcalloc(pool, sizeof(ngx_http_review_call_t));
    cell->completion = ngx_pcalloc(pool, sizeof(review_completion_t));

    if (call == NULL || cell->completion == NULL) {
        return NGX_ERROR;
    }

    call->ctx = ctx;
    call->data = cell;
    call->backend = &ngx_http_review_chat_backend;
    ngx_str_set(&call->type, "application/json");
    call->usage = &cell->usage;
    call->handler = ngx_http_review_cell_answered;

    review_buf_init(&b, ctx->pool, cell->point->id.len + 8);
    review_buf_puts(&b, "point \"");
    review_buf_str(&b, &cell->point->id);
    review_buf_puts(&b, "\"");

    call->name.data = b.data;
    call->name.len = b.len;

    cell->call = call;

    return b.failed ? NGX_ERROR : NGX_OK;
}


/*
 * What a rubric and a point have is meant for the LLM that they ask: one that
 * is asked instead has its own
 */

static void
ngx_http_review_cell_question(ngx_http_review_cell_t *cell,
    review_question_t *question)
{
    ngx_http_review_chunk_t  *chunk;

    chunk = cell->chunk;

    question->point = cell->point;
    question->turns = cell->turns.elts;
    question->nturns = cell->turns.nelts;
    question->max_tokens = cell->max_tokens;
    question->llm = &cell->llm->asked;
    question->model = *ngx_http_review_chat_model(cell);

    question->params[0] = cell->llm == cell->meant ? &cell->point->params
                                                   : NULL;
    question->params[1] = cell->llm == chunk->llm && cell->llm == cell->meant
                          && chunk->rubric
                          ? &chunk->rubric->params : NULL;
}


static void
ngx_http_review_cell_ask(ngx_http_review_cell_t *cell)
{
    review_str_t            *body;
    review_question_t        question;
    ngx_http_review_call_t  *call;

    if (cell->call == NULL && ngx_http_review_cell_call(cell) != NGX_OK) {
        goto failed;
    }

    call = cell->call;

    if (ngx_http_review_llm_ask(call, cell->llm) != NGX_OK) {
        goto failed;
    }

    ngx_http_review_cell_question(cell, &question);

    call->llm = cell->llm->name;
    call->model = question.model;

    call->npieces = review_prompt_body(cell->chunk->prompt, &question, &body);
    cell->bounded = (review_prompt_body_tokens(&question) > 0);

    if (call->npieces == 0) {
        goto failed;
    }

    /* only a template repeats anything */

    if (cell->point->nprompts
        && review_prompt_body_is_large(cell->chunk->prompt, body,
                                       call->npieces))
    {
        ngx_http_review_result_failed(cell, REVIEW_CODE_TOO_LARGE,
                                      "the prompt is over four times its chunk "
                                      "and references, and 4m besides", NULL);
        return;
    }

    if (cell->chunk->explain
        && ngx_http_review_chunk_reply_explain(cell, body,
                                               call->npieces)
           != NGX_OK)
    {
        goto failed;
    }

    call->body = body;
    call->tries = 0;

    ngx_http_review_calls_start(call);
    return;

failed:

    ngx_http_review_result_failed(cell, REVIEW_CODE_INTERNAL, NULL, NULL);
}


static void
ngx_http_review_cell_answered(ngx_http_review_call_t *call)
{
    ngx_http_review_cell_t  *cell;

    cell = call->data;
    cell->model = cell->completion->model;

    if (call->failure.code) {
        ngx_http_review_cell_failed(cell);
        return;
    }

    ngx_http_review_evidence(cell, ngx_http_review_cell_is_last(cell)
                                   ? ngx_http_review_cell_finding
                                   : ngx_http_review_cell_said);
}


/* the answer to a step before the last */

static void
ngx_http_review_cell_said(ngx_http_review_cell_t *cell)
{
    if (ngx_http_review_cell_is_large(cell)) {
        return;
    }

    /* there is no JSON to tell that it is whole, nor goes on what is torn */

    if (cell->said.data && cell->completion->torn) {
        ngx_http_review_cell_torn(cell);
        return;
    }

    if (cell->said.data && cell->said.len == 0) {
        if (!cell->reasked) {
            ngx_http_review_cell_again(cell);
            return;
        }

        ngx_http_review_cell_fail(cell, REVIEW_CODE_BAD_ANSWER,
                                  "the answer ends within its reasoning",
                                  NULL);
        return;
    }

    if (cell->said.data == NULL
        || ngx_http_review_cell_estimated(cell) != NGX_OK
        || ngx_http_review_cell_turn(cell, &cell->said, NULL) != NGX_OK)
    {
        ngx_http_review_result_failed(cell, REVIEW_CODE_INTERNAL, NULL, NULL);
        return;
    }

    cell->step++;
    cell->reasked = 0;
    cell->extended = 0;
    cell->max_tokens = ngx_min(cell->max_tokens, 0);

    ngx_http_review_cell_ask(cell);
}


/* what prompts will have was estimated where it was read */

static ngx_int_t
ngx_http_review_cell_estimated(ngx_http_review_cell_t *cell)
{
    ngx_http_review_estimated_t  *known;

    if (cell->estimated == NULL) {
        cell->estimated = ngx_array_create(cell->chunk->ctx.request->pool,
                                           cell->point->nprompts,
                                           sizeof(ngx_http_review_estimated_t));
        if (cell->estimated == NULL) {
            return NGX_ERROR;
        }
    }

    known = ngx_array_push(cell->estimated);
    if (known == NULL) {
        return NGX_ERROR;
    }

    known->piece = cell->said;
    known->tokens = cell->said_tokens;

    return NGX_OK;
}


/* what an answer may take that was cut */

static ngx_int_t
ngx_http_review_cell_more_tokens(ngx_http_review_cell_t *cell)
{
    ngx_int_t          tokens;
    review_question_t  question;

    ngx_http_review_cell_question(cell, &question);
    tokens = review_prompt_body_tokens(&question);

    if (tokens) {
        return tokens * 2;
    }

    return ngx_max(cell->completion->completion_tokens * 2,
                   NGX_HTTP_REVIEW_MAX_TOKENS);
}


/* tries are over; what is left is to ask in another way, once */

static void
ngx_http_review_cell_failed(ngx_http_review_cell_t *cell)
{
    ngx_http_review_call_t  *call;

    call = cell->call;

    if (call->failure.code == REVIEW_CODE_TRUNCATED) {

        if (ngx_http_review_cell_is_last(cell)) {
            ngx_http_review_evidence(cell, ngx_http_review_cell_cut);

        } else {
            cell->answer = NULL;
            ngx_http_review_cell_cut(cell);
        }

        return;
    }

    if (call->failure.code == REVIEW_CODE_BAD_ANSWER && !cell->reasked) {
        ngx_http_review_cell_again(cell);
        return;
    }

    /* what an answer may have is counted with the prompt */

    if (call->context && cell->bounded) {
        cell->max_tokens = -1;
        ngx_http_review_call_count_retry(call);
        ngx_http_review_cell_ask(cell);
        return;
    }

    ngx_http_review_cell_fail(cell, call->failure.code, call->failure.detail,
                              call->failure.note);
}


/* an answer that was cut, perhaps behind its end */

static void
ngx_http_review_cell_cut(ngx_http_review_cell_t *cell)
{
    ngx_http_review_call_t  *call;

    if (cell->answer && !cell->answer->more) {
        ngx_http_review_result_finding(cell);
        return;
    }

    if (ngx_http_review_cell_is_large(cell)) {
        return;
    }

    if (!cell->extended && cell->max_tokens >= 0) {
        cell->extended = 1;
        cell->max_tokens = ngx_http_review_cell_more_tokens(cell);
        ngx_http_review_call_count_retry(cell->call);
        ngx_http_review_cell_ask(cell);
        return;
    }

    call = cell->call;

    ngx_http_review_cell_fail(cell, call->failure.code, call->failure.detail,
                              call->failure.note);
}


/* the same question once more: there is no answer to complain of */

static void
ngx_http_review_cell_again(ngx_http_review_cell_t *cell)
{
    cell->reasked = 1;
    ngx_http_review_call_count_retry(cell->call);
    ngx_http_review_cell_ask(cell);
}


/*
 * An answer whose end is missing, as the server itself says: a call that was
 * cut like any other, be it that nothing has cut its connection
 */

static void
ngx_http_review_cell_torn(ngx_http_review_cell_t *cell)
{
    char                     reason[REVIEW_EXCERPT], detail[128];
    review_completion_t     *c;
    ngx_http_review_call_t  *call;

    call = cell->call;
    c = cell->completion;

    review_excerpt(reason, sizeof(reason), c->finish_reason.data,
                   c->finish_reason.len);

    if (ngx_http_review_call_cut(call)) {
        return;
    }

    *ngx_snprintf((u_char *) detail, sizeof(detail) - 1,
                  "the answer ended before its end: finish_reason is \"%s\"",
                  reason) = '\0';

    ngx_http_review_cell_fail(cell, call->failure.code, detail,
                              call->failure.note);
}


/*
 * Where reasoning ends is seen by who reads it: what stands behind it must be
 * no larger than any other answer.  The cell has failed then.
 */

static ngx_uint_t
ngx_http_review_cell_is_large(ngx_http_review_cell_t *cell)
{
    size_t  max;

    max = ngx_http_review_chunk_conf(&cell->chunk->ctx)->max_answer;

    if (cell->completion->content.len <= max || cell->said.len <= max) {
        return 0;
    }

    ngx_http_review_cell_fail(cell, REVIEW_CODE_TOO_LARGE, NULL, NULL);

    return 1;
}


/* the answer has been read */

static void
ngx_http_review_cell_finding(ngx_http_review_cell_t *cell)
{
    char             detail[2 * REVIEW_ERROR_TEXT];
    review_str_t     said, answer;
    review_error_t  *err;

    if (ngx_http_review_cell_is_large(cell)) {
        return;
    }

    if (cell->answer && !(cell->completion->torn && cell->answer->more)) {
        ngx_http_review_result_finding(cell);
        return;
    }

    if (cell->completion->torn && (cell->answer || !cell->whole)) {
        ngx_http_review_cell_torn(cell);
        return;
    }

    err = cell->err;

    if (!cell->reasked) {
        said = cell->said;

        /* thinking is not shown again */

        if (said.len == 0) {
            ngx_http_review_cell_again(cell);
            return;
        }

        cell->reasked = 1;
        ngx_http_review_call_count_retry(cell->call);

        said.len = review_utf8_cut(said.data, said.len,
                                   NGX_HTTP_REVIEW_REASK_BYTES);

        if (review_prompt_body_answer(cell->chunk->ctx.pool, &said, &answer)
            == 0
            && ngx_http_review_cell_turn(cell, &answer, err) == NGX_OK)
        {
            ngx_http_review_cell_ask(cell);
            return;
        }
    }

    *ngx_snprintf((u_char *) detail, sizeof(detail) - 1, "%s%s%s",
                  err->pointer, err->pointer[0] ? ": " : "", err->text) = '\0';

    ngx_http_review_cell_fail(cell, REVIEW_CODE_BAD_ANSWER, detail, NULL);
}


/*
 * Its LLM has failed: another one is asked, from where this one was, and with
 * all that may be asked anew
 */

static void
ngx_http_review_cell_fall(ngx_http_review_cell_t *cell,
    ngx_http_review_llm_t *llm, review_code_t code)
{
    char                     name[REVIEW_CODE_NAME];
    ngx_uint_t               asked;
    ngx_http_review_call_t  *call;

    call = cell->call;
    asked = (call->turn.code == REVIEW_CODE_OK);

    ngx_log_error(NGX_LOG_INFO, call->timer.log, 0,
                  "review: a call for %*s is made to LLM \"%V\": \"%V\" has "
                  "failed it: %s", call->name.len, call->name.data, &llm->name,
                  &cell->llm->name, review_code_name(code, name));

    /* answers that were complained of are the other one's */

    cell->turns.nelts = cell->step;

    cell->llm = llm;
    cell->warnings = 0;
    cell->max_tokens = 0;
    cell->reasked = 0;
    cell->extended = 0;

    ngx_http_review_cell_ask(cell);

    /*
     * No zone counts it as a retry, as it is the first call there; one that was
     * not made, for want of a turn, was counted where it was to be made
     */

    cell->usage.retries += asked;
}


/* the last one was waited for in vain: is the first one back by now? */

static ngx_uint_t
ngx_http_review_cell_is_back(ngx_http_review_cell_t *cell)
{
    ngx_http_review_limit_t  *limit;

    if (cell->llm == cell->meant || cell->returned || cell->call->turn.late) {
        return 0;
    }

    limit = ngx_http_review_limit_of(
                             ngx_http_review_limit_conf(&cell->chunk->ctx),
                             &cell->meant->name);

    return limit == NULL || !ngx_http_review_limit_is_open(limit);
}


static void
ngx_http_review_cell_fail(ngx_http_review_cell_t *cell, review_code_t code,
    const char *detail, const char *note)
{
    ngx_http_review_failure_t  *passing;

    passing = &cell->passing;

    if (cell->llm->fallback && review_code_falls(code)) {

        if (passing->code == REVIEW_CODE_OK && review_code_passes(code)) {
            ngx_http_review_cell_pass(cell, code, detail, note);
        }

        ngx_http_review_cell_fall(cell, cell->llm->fallback, code);
        return;
    }

    if (code == REVIEW_CODE_CIRCUIT_OPEN
        && ngx_http_review_cell_is_back(cell))
    {
        cell->returned = 1;
        ngx_http_review_cell_fall(cell, cell->meant, code);
        return;
    }

    /* who has time may ask again: the one may come back, be the other not */

    if (passing->code && !review_code_passes(code)) {
        cell->llm = cell->passing_llm;
        code = passing->code;
        detail = passing->detail;
        note = passing->note;
    }

    ngx_http_review_result_failed(cell, code, detail, note);
}


static void
ngx_http_review_cell_pass(ngx_http_review_cell_t *cell, review_code_t code,
    const char *detail, const char *note)
{
    size_t   len;
    u_char  *p;

    p = NULL;

    if (detail) {
        len = ngx_strlen(detail) + 1;
        p = ngx_pnalloc(cell->chunk->ctx.request->pool, len);

        if (p) {
            ngx_memcpy(p, detail, len);
        }
    }

    cell->passing.code = code;
    cell->passing.detail = (char *) p;
    cell->passing.note = note;
    cell->passing_llm = cell->llm;
}


static ngx_uint_t
ngx_http_review_cell_is_english(ngx_http_review_cell_t *cell)
{
    review_str_t  *language;

    language = &cell->chunk->subject.language;

    return language->len == 2 && ngx_strncmp(language->data, "en", 2) == 0;
}


/* adds the answer to the conversation, and what was wrong with it, if so */

static ngx_int_t
ngx_http_review_cell_turn(ngx_http_review_cell_t *cell,
    const review_str_t *answer, review_error_t *complaint)
{
    review_buf_t    b;
    review_turn_t  *turn;

    turn = ngx_array_push(&cell->turns);
    if (turn == NULL) {
        return NGX_ERROR;
    }

    turn->answer = *answer;

    if (complaint == NULL) {
        turn->complaint.len = 0;
        turn->complaint.data = NULL;
        return NGX_OK;
    }

    review_buf_init(&b, cell->chunk->ctx.pool, 0);

    if (complaint->pointer[0]) {
        review_buf_puts(&b, complaint->pointer);
        review_buf_puts(&b, ": ");
    }

    if (ngx_http_review_cell_is_english(cell)) {
        review_buf_puts(&b, complaint->text);

    } else {
        review_answer_words_zh(&b, complaint);
    }

    turn->complaint.data = b.data;
    turn->complaint.len = b.len;

    return b.failed ? NGX_ERROR : NGX_OK;
}


void
ngx_http_review_cell_expire(ngx_http_review_cell_t *cell)
{
    const char              *detail;
    ngx_uint_t               waits;
    review_code_t            code, given_up;
    ngx_http_review_call_t  *call;

    if (cell->done) {
        return;
    }

    ngx_http_review_evidence_leave(cell);

    call = cell->call;

    if (call && cell->chunk->ctx.late == REVIEW_CODE_DEADLINE
        && ngx_http_review_call_is_pausing(call))
    {
        ngx_http_review_call_cancel(call);
        ngx_http_review_result_failed(cell, call->failure.code,
                                      call->failure.detail,
                                      call->failure.note);
        return;
    }

    detail = "review_timeout was over before an answer";
    code = REVIEW_CODE_DEADLINE;

    if (call) {
        waits = call->turn.state == NGX_HTTP_REVIEW_TURN_WAITING
                || call->turn.state == NGX_HTTP_REVIEW_TURN_READY
                || call->turn.state == NGX_HTTP_REVIEW_TURN_PAUSED;

        /* a try that is cut off has been made all the same */

        if (call->sr || (call->ended && call->turn.code == REVIEW_CODE_OK
                         && !call->busy))
        {
            cell->usage.calls++;
            cell->usage.time += ngx_current_msec - call->started;

            if (call->header && !call->judged) {
                ngx_http_review_chat_spent(call);
            }
        }

        if (waits) {
            detail = "review_timeout was over before the call's turn had come";
            code = ngx_http_review_limit_waited(&call->turn);
            cell->usage.queue_time += ngx_current_msec - call->turn.asked;
        }

        ngx_http_review_call_cancel(call);
    }

    given_up = ngx_http_review_ctx_give_up(&cell->chunk->ctx, &detail);

    ngx_http_review_result_failed(cell, given_up == REVIEW_CODE_DEADLINE
                                        ? code : given_up, detail, NULL);
}
