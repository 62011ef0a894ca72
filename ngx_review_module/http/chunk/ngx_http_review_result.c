
/* A result as JSON: it is written once, for the reply and for its event. */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


#define NGX_HTTP_REVIEW_RESULT_SIZE  512


const char  *ngx_http_review_statuses[] = {
    "ok", "failed", "timeout", "skipped"
};


static ngx_uint_t ngx_http_review_result_write_evidence(
    ngx_http_review_cell_t *cell, review_buf_t *b, size_t i);
static void ngx_http_review_result_write_span(review_buf_t *b,
    const review_str_t *source, const review_span_t *span);


static const review_str_t  ngx_http_review_result_chunk =
    review_string("chunk");


static ngx_uint_t
ngx_http_review_result_warnings(ngx_http_review_cell_t *cell)
{
    return cell->warnings | cell->chunk->warnings;
}


static void
ngx_http_review_result_begin(ngx_http_review_cell_t *cell, review_buf_t *b,
    ngx_http_review_status_e status)
{
    review_str_t  llm;

    cell->status = status;

    review_buf_init(b, cell->chunk->ctx.pool, NGX_HTTP_REVIEW_RESULT_SIZE);

    review_write_object(b, NULL);
    review_write_str(b, "point", &cell->point->id);
    review_write_word(b, "status", ngx_http_review_statuses[status]);
    review_write_number(b, "attempts", cell->usage.calls);
    review_write_number(b, "elapsed_ms", ngx_current_msec - cell->started);
    review_write_str_or_null(b, "model",
                             cell->model.len ? &cell->model : NULL);

    if (cell->call && cell->llm->name.len) {
        llm.data = (char *) cell->llm->name.data;
        llm.len = cell->llm->name.len;

        review_write_str(b, "llm", &llm);
    }

    ngx_http_review_reply_usage(b, &cell->usage, 0);
    review_write_set(b, "warnings", review_warnings,
                     ngx_http_review_result_warnings(cell));
}


/* the cell is done: its result, its count, its part of the review's usage */

static void
ngx_http_review_result_end(ngx_http_review_cell_t *cell, review_buf_t *b)
{
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_chunk_t  *chunk;

    static ngx_str_t  none = ngx_string("{\"status\":\"failed\"}");

    chunk = cell->chunk;
    ctx = &chunk->ctx;

    if (chunk->explain) {
        review_write_array(b, "explain");

    } else {
        review_write_object_end(b);
    }

    if (b->failed) {
        cell->status = NGX_HTTP_REVIEW_FAILED;
        cell->result = none;

    } else {
        cell->result.data = (u_char *) b->data;
        cell->result.len = b->len;
        cell->open = chunk->explain;
    }

    ngx_http_review_call_count_add_usage(&ctx->usage, &cell->usage);
    ngx_http_review_chunk_count_point(cell);

    cell->done = 1;
    chunk->ndone++;
    chunk->counts[cell->status]++;

    if (cell->status == NGX_HTTP_REVIEW_FAILED
        || cell->status == NGX_HTTP_REVIEW_TIMEOUT)
    {
        ctx->failed++;
    }

    if (ctx->sse) {
        ngx_http_review_chunk_reply_result(cell);
    }

    ngx_http_review_ctx_wake(ctx);
}


void
ngx_http_review_result_skipped(ngx_http_review_cell_t *cell)
{
    review_buf_t  b;

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_SKIPPED);
    ngx_http_review_result_end(cell, &b);
}


void
ngx_http_review_result_failed(ngx_http_review_cell_t *cell, review_code_t code,
    const char *detail, const char *note)
{
    review_buf_t  b;

    /* that of the LLM which is told of: the call may have asked another one */

    if (review_code_waited(code)) {
        cell->chunk->waited++;
        cell->chunk->waiter = ngx_http_review_llm_ask_waiter(&cell->chunk->ctx,
                                                             cell->llm);
    }

    ngx_http_review_result_begin(cell, &b, review_code_timeout(code)
                                           ? NGX_HTTP_REVIEW_TIMEOUT
                                           : NGX_HTTP_REVIEW_FAILED);

    ngx_http_review_reply_error(&b, code, detail ? detail
                                          : review_code_sentence(code), note);

    ngx_http_review_result_end(cell, &b);
}


/* opens the finding, whose verdict is counted, and its list of evidence */

static void
ngx_http_review_result_write_finding(ngx_http_review_cell_t *cell,
    review_buf_t *b, review_verdict_e verdict, review_severity_e severity,
    review_str_t *reason, review_str_t *suggestion, double confidence)
{
    cell->verdict = verdict;

    review_write_object(b, "finding");
    review_write_word(b, "verdict", review_verdicts[verdict]);
    review_write_word(b, "severity", review_severities[severity]);
    review_write_str(b, "reason", reason);
    review_write_str(b, "suggestion", suggestion);
    review_write_decimal(b, "confidence", confidence);
    review_write_array(b, "evidence");
}


/* words by which it may be found: none are told where nobody has asked */

static void
ngx_http_review_result_write_terms(review_buf_t *b,
    const review_answer_t *answer)
{
    size_t  i;

    if (answer->nterms == 0) {
        return;
    }

    review_write_array(b, "terms");

    for (i = 0; i < answer->nterms; i++) {
        review_write_str(b, NULL, &answer->terms[i]);
    }

    review_write_array_end(b);
}


/* is it there?  A rule knows, too */

static void
ngx_http_review_result_write_found(ngx_http_review_cell_t *cell,
    review_buf_t *b)
{
    ngx_uint_t  found;

    found = cell->point->rule ? cell->rule.rc == NGX_OK : cell->answer->found;

    review_write_bool(b, "found", found);

    if (found) {
        return;
    }

    review_write_bool(b, "absent", 1);

    if (cell->answer) {
        ngx_http_review_result_write_terms(b, cell->answer);
    }
}


/*
 * Closes both, with what the LLM has to say besides, if it has.  Whatever there
 * is a warning of, a person has to look at.
 */

static void
ngx_http_review_result_write_judgement(ngx_http_review_cell_t *cell,
    review_buf_t *b, ngx_uint_t grounded, ngx_uint_t needs_human,
    const review_str_t *data, unsigned notes)
{
    ngx_uint_t  warnings;

    warnings = ngx_http_review_result_warnings(cell);

    review_write_array_end(b);
    review_write_bool(b, "grounded", grounded);
    review_write_bool(b, "needs_human", needs_human || warnings);
    review_write_set(b, "warnings", review_warnings, warnings);
    review_write_set(b, "notes", review_notes, notes);

    if (cell->point->scope == REVIEW_SCOPE_DOCUMENT) {
        ngx_http_review_result_write_found(cell, b);
    }

    if (data && data->data) {
        review_write_raw(b, "data", data->data, data->len);
    }

    review_write_object_end(b);
}


/*
 * What a point about the document asks for is not in this text: what that means
 * is the point's to say.  An answer that has not found it shows nothing.
 */

static void
ngx_http_review_result_absent(ngx_http_review_cell_t *cell)
{
    review_buf_t      b;
    review_answer_t  *answer;
    review_verdict_e  verdict;

    answer = cell->answer;
    verdict = cell->point->absent == -1
              ? REVIEW_VERDICT_UNSURE
              : (review_verdict_e) cell->point->absent;

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_OK);

    ngx_http_review_result_write_finding(cell, &b, verdict,
                                         cell->point->severity,
                                         &answer->reason, &answer->suggestion,
                                         answer->confidence);

    ngx_http_review_result_write_judgement(cell, &b, 0,
                                           verdict == REVIEW_VERDICT_UNSURE,
                                           NULL, answer->notes);
    ngx_http_review_result_end(cell, &b);
}


/*
 * A person has to look where the LLM is unsure, where it has quoted what is
 * not there, and where it objects to something without showing it.
 */

void
ngx_http_review_result_finding(ngx_http_review_cell_t *cell)
{
    size_t            i;
    ngx_uint_t        found, grounded, needs_human;
    review_buf_t      b;
    review_answer_t  *answer;

    answer = cell->answer;

    if (cell->point->scope == REVIEW_SCOPE_DOCUMENT && !answer->found) {
        ngx_http_review_result_absent(cell);
        return;
    }

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_OK);

    ngx_http_review_result_write_finding(cell, &b, answer->verdict,
                                         answer->severity >= 0
                                         ? (review_severity_e) answer->severity
                                         : cell->point->severity,
                                         &answer->reason, &answer->suggestion,
                                         answer->confidence);

    found = 0;

    for (i = 0; i < answer->nquotes; i++) {
        found += ngx_http_review_result_write_evidence(cell, &b, i);
    }

    grounded = found && found == answer->nquotes;

    needs_human = answer->verdict == REVIEW_VERDICT_UNSURE
                  || found < answer->nquotes
                  || (answer->notes & REVIEW_NOTE_QUOTE_DROPPED)
                  || (!grounded && (answer->verdict == REVIEW_VERDICT_RISK
                                    || answer->verdict
                                       == REVIEW_VERDICT_FAIL));

    ngx_http_review_result_write_judgement(cell, &b, grounded, needs_human,
                                           &answer->data, answer->notes);
    ngx_http_review_result_end(cell, &b);
}


/* returns 1 if the quote was found */

static ngx_uint_t
ngx_http_review_result_write_evidence(ngx_http_review_cell_t *cell,
    review_buf_t *b, size_t i)
{
    review_str_t       *quote, *ids;
    review_evidence_t  *e;

    e = &cell->evidence[i];
    quote = &cell->answer->quotes[i];
    ids = cell->chunk->subject.reference_ids;

    if (e->span.match == REVIEW_MATCH_NONE) {
        review_write_object(b, NULL);
        review_write_str(b, "quote", quote);
        review_write_null(b, "source");
        review_write_null(b, "start");
        review_write_null(b, "end");
        review_write_word(b, "match", "none");
        review_write_object_end(b);
        return 0;
    }

    ngx_http_review_result_write_span(b, e->source ? &ids[e->source - 1]
                                            : &ngx_http_review_result_chunk,
                                      &e->span);
    return 1;
}


static void
ngx_http_review_result_write_span(review_buf_t *b, const review_str_t *source,
    const review_span_t *span)
{
    review_write_object(b, NULL);
    review_write_str(b, "quote", &span->text);
    review_write_str(b, "source", source);
    review_write_number(b, "start", span->start);
    review_write_number(b, "end", span->end);

    if (span->page) {
        review_write_number(b, "page", span->page);
    }

    review_write_number(b, "line", span->line);
    review_write_word(b, "match", review_matches[span->match]);
    review_write_object_end(b);
}


/* where the rule's regex has matched, NULL: it has not */

void
ngx_http_review_result_rule(ngx_http_review_cell_t *cell,
    ngx_http_review_matched_t *matched)
{
    ngx_uint_t           i, shown;
    review_buf_t         b;
    review_str_t         reason;
    review_rule_t       *rule;
    review_verdict_e     verdict;

    static review_str_t  found_zh = review_string("规则所述的文字见于本文。");
    static review_str_t  missing_zh = review_string("本文没有规则所述的文字。");
    static review_str_t  found_en =
        review_string("The text has what the rule looks for.");
    static review_str_t  missing_en =
        review_string("The text does not have what the rule looks for.");

    rule = cell->point->rule;
    verdict = matched ? rule->match : rule->no_match;
    reason = rule->reason;

    if (reason.len == 0) {
        if (cell->chunk->subject.language.len == 2
            && ngx_strncmp(cell->chunk->subject.language.data, "en", 2) == 0)
        {
            reason = matched ? found_en : missing_en;

        } else {
            reason = matched ? found_zh : missing_zh;
        }
    }

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_OK);

    ngx_http_review_result_write_finding(cell, &b, verdict,
                                         cell->point->severity, &reason,
                                         &rule->suggestion, 1);

    /* a pattern may match nothing at all, which shows nothing */

    shown = matched && matched->captures[1] > matched->captures[0];

    if (shown) {
        ngx_http_review_result_write_span(&b, &ngx_http_review_result_chunk,
                                          &matched->span);
    }

    for (i = 0; shown && i < matched->nmore; i++) {
        ngx_http_review_result_write_span(&b, &ngx_http_review_result_chunk,
                                          &matched->more[i]);
    }

    ngx_http_review_result_write_judgement(cell, &b, shown,
                                           verdict == REVIEW_VERDICT_UNSURE,
                                           NULL, 0);
    ngx_http_review_result_end(cell, &b);
}


void
ngx_http_review_result_check(ngx_http_review_cell_t *cell)
{
    size_t                      i;
    review_buf_t                b;
    ngx_http_review_checked_t  *checked;

    static review_str_t  none = review_string("");

    checked = cell->checked;
    cell->verdict = checked->found.verdict;

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_OK);

    ngx_http_review_result_write_finding(cell, &b, checked->found.verdict,
                                         cell->point->severity,
                                         &checked->found.reason, &none, 1);

    for (i = 0; i < checked->found.nplaces; i++) {
        ngx_http_review_result_write_span(&b, &ngx_http_review_result_chunk,
                                          &checked->spans[i]);
    }

    ngx_http_review_result_write_judgement(cell, &b,
                                           checked->found.nplaces != 0,
                                           checked->found.verdict
                                           == REVIEW_VERDICT_UNSURE,
                                           NULL, 0);
    ngx_http_review_result_end(cell, &b);
}
