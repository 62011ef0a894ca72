
/* A result as JSON: it is written once, for the reply and for its event. */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/json/write.h"


#define NGX_HTTP_REVIEW_RESULT_SIZE  512


const char  *ngx_http_review_statuses[] = {
    "ok", "failed", "timeout", "skipped"
};


static ngx_uint_t ngx_http_review_write_evidence(ngx_http_review_cell_t *cell,
    review_buf_t *b, size_t i);
static void ngx_http_review_write_span(review_buf_t *b, const char *source,
    size_t len, review_span_t *span);


static void
ngx_http_review_result_begin(ngx_http_review_cell_t *cell, review_buf_t *b,
    ngx_http_review_status_e status)
{
    cell->status = status;

    review_buf_init(b, cell->chunk->ctx.pool, NGX_HTTP_REVIEW_RESULT_SIZE);

    review_buf_puts(b, "{\"point\":");
    review_buf_json(b, cell->point->id.data, cell->point->id.len);

    review_buf_puts(b, ",\"status\":\"");
    review_buf_puts(b, ngx_http_review_statuses[status]);
    review_buf_puts(b, "\",\"attempts\":");
    review_buf_number(b, cell->usage.calls);
    review_buf_puts(b, ",\"elapsed_ms\":");
    review_buf_number(b, ngx_current_msec - cell->started);
    review_buf_puts(b, ",\"model\":");

    if (cell->model.len) {
        review_buf_json(b, cell->model.data, cell->model.len);

    } else {
        review_buf_puts(b, "null");
    }

    review_buf_puts(b, ",\"usage\":");
    ngx_http_review_write_usage(b, &cell->usage, 0);
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

    review_buf_puts(b, "}");

    if (b->failed) {
        cell->status = NGX_HTTP_REVIEW_FAILED;
        cell->result = none;

    } else {
        cell->result.data = (u_char *) b->data;
        cell->result.len = b->len;
    }

    ngx_http_review_add_usage(&ctx->usage, &cell->usage);
    ngx_http_review_count_point(cell);

    cell->done = 1;
    chunk->ndone++;
    chunk->counts[cell->status]++;

    if (cell->status == NGX_HTTP_REVIEW_FAILED
        || cell->status == NGX_HTTP_REVIEW_TIMEOUT)
    {
        ctx->failed++;
    }

    if (ctx->sse) {
        ngx_http_review_reply_result(cell);
    }

    ngx_http_review_wake(ctx);
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

    ngx_http_review_result_begin(cell, &b, review_code_timeout(code)
                                           ? NGX_HTTP_REVIEW_TIMEOUT
                                           : NGX_HTTP_REVIEW_FAILED);

    review_buf_puts(&b, ",\"error\":");
    ngx_http_review_write_error(&b, code, detail ? detail
                                          : review_code_sentence(code), note);

    ngx_http_review_result_end(cell, &b);
}


static void
ngx_http_review_write_finding(review_buf_t *b, review_verdict_e verdict,
    review_severity_e severity, review_str_t *reason, review_str_t *suggestion)
{
    review_buf_puts(b, ",\"finding\":{\"verdict\":\"");
    review_buf_puts(b, review_verdicts[verdict]);
    review_buf_puts(b, "\",\"severity\":\"");
    review_buf_puts(b, review_severities[severity]);
    review_buf_puts(b, "\",\"reason\":");
    review_buf_json(b, reason->data, reason->len);
    review_buf_puts(b, ",\"suggestion\":");
    review_buf_json(b, suggestion->data, suggestion->len);
    review_buf_puts(b, ",\"confidence\":");
}


/* closes the list of evidence and the finding */

static void
ngx_http_review_write_judgement(review_buf_t *b, ngx_uint_t grounded,
    ngx_uint_t needs_human)
{
    review_buf_puts(b, "],\"grounded\":");
    review_buf_puts(b, grounded ? "true" : "false");
    review_buf_puts(b, ",\"needs_human\":");
    review_buf_puts(b, needs_human ? "true" : "false");
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

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_OK);

    ngx_http_review_write_finding(&b, answer->verdict,
                                  answer->severity >= 0
                                  ? (review_severity_e) answer->severity
                                  : cell->point->severity,
                                  &answer->reason, &answer->suggestion);

    if (answer->confidence >= 0) {
        review_buf_decimal(&b, answer->confidence);

    } else {
        review_buf_puts(&b, "null");
    }

    review_buf_puts(&b, ",\"evidence\":[");

    found = 0;

    for (i = 0; i < answer->nquotes; i++) {
        if (i) {
            review_buf_puts(&b, ",");
        }

        found += ngx_http_review_write_evidence(cell, &b, i);
    }

    grounded = found && found == answer->nquotes;

    needs_human = answer->verdict == REVIEW_VERDICT_UNSURE
                  || found < answer->nquotes
                  || (!grounded && (answer->verdict == REVIEW_VERDICT_RISK
                                    || answer->verdict
                                       == REVIEW_VERDICT_FAIL));

    ngx_http_review_write_judgement(&b, grounded, needs_human);

    if (answer->data) {
        review_buf_puts(&b, ",\"data\":");
        review_buf_value(&b, answer->data);
    }

    review_buf_puts(&b, "}");

    ngx_http_review_result_end(cell, &b);
}


/* returns 1 if the quote was found */

static ngx_uint_t
ngx_http_review_write_evidence(ngx_http_review_cell_t *cell, review_buf_t *b,
    size_t i)
{
    review_str_t       *quote, *ids;
    review_evidence_t  *e;

    e = &cell->evidence[i];
    quote = &cell->answer->quotes[i];
    ids = cell->chunk->subject.reference_ids;

    if (e->span.match == REVIEW_MATCH_NONE) {
        review_buf_puts(b, "{\"quote\":");
        review_buf_json(b, quote->data, quote->len);
        review_buf_puts(b, ",\"source\":null,\"start\":null,\"end\":null,"
                        "\"match\":\"none\"}");
        return 0;
    }

    if (e->source == 0) {
        ngx_http_review_write_span(b, "chunk", sizeof("chunk") - 1, &e->span);
        return 1;
    }

    ngx_http_review_write_span(b, ids[e->source - 1].data,
                               ids[e->source - 1].len, &e->span);

    return 1;
}


static void
ngx_http_review_write_span(review_buf_t *b, const char *source, size_t len,
    review_span_t *span)
{
    review_buf_puts(b, "{\"quote\":");
    review_buf_json(b, span->text.data, span->text.len);
    review_buf_puts(b, ",\"source\":");
    review_buf_json(b, source, len);
    review_buf_puts(b, ",\"start\":");
    review_buf_number(b, span->start);
    review_buf_puts(b, ",\"end\":");
    review_buf_number(b, span->end);
    review_buf_puts(b, ",\"match\":\"");
    review_buf_puts(b, review_matches[span->match]);
    review_buf_puts(b, "\"}");
}


/* captures: where the rule's regex has matched, NULL if it has not */

void
ngx_http_review_result_rule(ngx_http_review_cell_t *cell, ngx_int_t *captures)
{
    ngx_uint_t           shown;
    review_buf_t         b;
    review_str_t         reason;
    review_rule_t       *rule;
    review_span_t        span;
    review_verdict_e     verdict;

    static review_str_t  found_zh = review_string("规则所述的文字见于本文。");
    static review_str_t  missing_zh = review_string("本文没有规则所述的文字。");
    static review_str_t  found_en =
        review_string("The text has what the rule looks for.");
    static review_str_t  missing_en =
        review_string("The text does not have what the rule looks for.");

    rule = cell->point->rule;
    verdict = captures ? rule->match : rule->no_match;
    reason = rule->reason;

    if (reason.len == 0) {
        if (cell->chunk->subject.language.len == 2
            && ngx_strncmp(cell->chunk->subject.language.data, "en", 2) == 0)
        {
            reason = captures ? found_en : missing_en;

        } else {
            reason = captures ? found_zh : missing_zh;
        }
    }

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_OK);

    ngx_http_review_write_finding(&b, verdict, cell->point->severity, &reason,
                                  &rule->suggestion);

    review_buf_puts(&b, "1,\"evidence\":[");

    /* a pattern may match nothing at all, which shows nothing */

    shown = captures && captures[1] > captures[0];

    if (shown) {
        review_source_span(cell->chunk->sources[0], captures[0], captures[1],
                           &span);

        ngx_http_review_write_span(&b, "chunk", sizeof("chunk") - 1, &span);
    }

    ngx_http_review_write_judgement(&b, shown,
                                    verdict == REVIEW_VERDICT_UNSURE);
    review_buf_puts(&b, "}");

    ngx_http_review_result_end(cell, &b);
}
