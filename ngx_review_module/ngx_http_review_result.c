
/* A result as JSON: it is written once, for the reply and for its event. */

#include "ngx_http_review.h"


#define NGX_HTTP_REVIEW_RESULT_SIZE  512


const char  *ngx_http_review_statuses[] = {
    "ok", "failed", "timeout", "skipped"
};


static void ngx_http_review_write_evidence(ngx_http_review_cell_t *cell,
    review_buf_t *b, review_str_t *quote, ngx_uint_t *found);
static void ngx_http_review_write_span(review_buf_t *b, const char *source,
    size_t len, review_span_t *span);


static void
ngx_http_review_result_begin(ngx_http_review_cell_t *cell, review_buf_t *b,
    ngx_http_review_status_e status)
{
    cell->status = status;

    review_buf_init(b, cell->ctx->pool, NGX_HTTP_REVIEW_RESULT_SIZE);

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
    ngx_http_review_usage_t  *usage;

    static ngx_str_t  none = ngx_string("{\"status\":\"failed\"}");

    ctx = cell->ctx;
    usage = &ctx->usage;

    review_buf_puts(b, "}");

    if (b->failed) {
        cell->status = NGX_HTTP_REVIEW_FAILED;
        cell->result = none;

    } else {
        cell->result.data = (u_char *) b->data;
        cell->result.len = b->len;
    }

    usage->calls += cell->usage.calls;
    usage->retries += cell->usage.retries;
    usage->time += cell->usage.time;
    usage->queue_time += cell->usage.queue_time;
    usage->prompt_tokens += cell->usage.prompt_tokens;
    usage->completion_tokens += cell->usage.completion_tokens;

    ngx_http_review_count_point(cell);

    cell->done = 1;
    ctx->ndone++;
    ctx->counts[cell->status]++;

    if (ctx->sse) {
        ngx_http_review_reply_result(cell);
    }

    ngx_http_review_wake(ctx);
}


void
ngx_http_review_write_usage(review_buf_t *b, ngx_http_review_usage_t *usage,
    ngx_uint_t calls)
{
    review_buf_puts(b, "{");

    if (calls) {
        review_buf_puts(b, "\"calls\":");
        review_buf_number(b, usage->calls);
        review_buf_puts(b, ",\"retries\":");
        review_buf_number(b, usage->retries);
        review_buf_puts(b, ",");
    }

    review_buf_puts(b, "\"prompt_tokens\":");
    review_buf_number(b, usage->prompt_tokens);
    review_buf_puts(b, ",\"completion_tokens\":");
    review_buf_number(b, usage->completion_tokens);
    review_buf_puts(b, ",\"total_tokens\":");
    review_buf_number(b, usage->prompt_tokens + usage->completion_tokens);
    review_buf_puts(b, "}");
}


void
ngx_http_review_result_skipped(ngx_http_review_cell_t *cell)
{
    review_buf_t  b;

    ngx_http_review_result_begin(cell, &b, NGX_HTTP_REVIEW_SKIPPED);
    ngx_http_review_result_end(cell, &b);
}


void
ngx_http_review_result_failed(ngx_http_review_cell_t *cell, const char *code,
    const char *detail, const char *note)
{
    review_buf_t              b;
    ngx_http_review_status_e  status;

    status = ngx_strcmp(code, "deadline") == 0
             || ngx_strcmp(code, "call_timeout") == 0
             || ngx_strcmp(code, "queue_timeout") == 0
             ? NGX_HTTP_REVIEW_TIMEOUT : NGX_HTTP_REVIEW_FAILED;

    ngx_http_review_result_begin(cell, &b, status);

    review_buf_puts(&b, ",\"error\":{\"code\":");
    review_buf_json(&b, code, ngx_strlen(code));
    review_buf_puts(&b, ",\"detail\":\"");
    review_buf_escape(&b, detail,
                      review_utf8_valid(detail, ngx_strlen(detail)));

    if (note) {
        review_buf_puts(&b, "; ");
        review_buf_puts(&b, note);
    }

    review_buf_puts(&b, "\"}");

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
ngx_http_review_result_finding(ngx_http_review_cell_t *cell,
    review_answer_t *answer)
{
    size_t        i;
    ngx_uint_t    found, grounded, needs_human;
    review_buf_t  b;

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

        ngx_http_review_write_evidence(cell, &b, &answer->quotes[i], &found);
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


/* verbatim anywhere is better than normalized; the chunk before references */

static void
ngx_http_review_write_evidence(ngx_http_review_cell_t *cell, review_buf_t *b,
    review_str_t *quote, ngx_uint_t *found)
{
    size_t                  i, best;
    review_span_t           span, s;
    ngx_http_review_ctx_t  *ctx;

    ctx = cell->ctx;

    span.match = REVIEW_MATCH_NONE;
    best = 0;

    for (i = 0; i <= ctx->subject.nreferences; i++) {

        if (review_source_find(ctx->sources[i], quote->data, quote->len, &s)
            > span.match)
        {
            span = s;
            best = i;
        }

        if (span.match == REVIEW_MATCH_EXACT) {
            break;
        }
    }

    if (span.match == REVIEW_MATCH_NONE) {
        review_buf_puts(b, "{\"quote\":");
        review_buf_json(b, quote->data, quote->len);
        review_buf_puts(b, ",\"source\":null,\"start\":null,\"end\":null,"
                        "\"match\":\"none\"}");
        return;
    }

    (*found)++;

    if (best == 0) {
        ngx_http_review_write_span(b, "chunk", sizeof("chunk") - 1, &span);
        return;
    }

    ngx_http_review_write_span(b, ctx->subject.reference_ids[best - 1].data,
                               ctx->subject.reference_ids[best - 1].len,
                               &span);
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
        if (cell->ctx->subject.language.len == 2
            && ngx_strncmp(cell->ctx->subject.language.data, "en", 2) == 0)
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
        review_source_span(cell->ctx->sources[0], captures[0], captures[1],
                           &span);

        ngx_http_review_write_span(&b, "chunk", sizeof("chunk") - 1, &span);
    }

    ngx_http_review_write_judgement(&b, shown,
                                    verdict == REVIEW_VERDICT_UNSURE);
    review_buf_puts(&b, "}");

    ngx_http_review_result_end(cell, &b);
}
