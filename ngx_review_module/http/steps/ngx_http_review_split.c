
/*
 * The split endpoint: a text, or a document made text, cut into chunks.  The
 * cutting and the writing of JSON are work for a thread; the reply is made in
 * one go, or, as lines of JSON, in windows, each when the one before it has
 * been sent.
 */

#include "http/steps/ngx_http_review_steps.h"
#include "http/source/ngx_http_review_extract.h"
#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/json/write.h"
#include "review/split/split.h"
#include "review/split/split_json.h"
#include "review/split/split_request.h"


/* what is made of a text before it is sent on, as lines */

#define NGX_HTTP_REVIEW_SPLIT_WINDOW  (512 * 1024)

/* what a reply in one go may have beside four times its text */

#define NGX_HTTP_REVIEW_SPLIT_REPLY   (16 * 1024 * 1024)


/* what the thread works with */

typedef struct {
    ngx_http_review_ctx_t      *ctx;        /* not the thread's */
    ngx_http_review_work_t     *work;
    review_pool_t              *pool;
    json_t                     *body;       /* the text's; NULL: not JSON */
    review_str_t                text;
    review_document_t           document;   /* of the text */
    review_split_options_t      options;
    review_split_t             *split;
    review_split_writer_t       writer;
    review_buf_t                out;
    unsigned                    lines:1;    /* NDJSON is asked for */
    unsigned                    last:1;     /* all is in "out" */
    unsigned                    failed:1;   /* no memory */
    unsigned                    large:1;    /* so small are the chunks */
} ngx_http_review_cut_t;


typedef struct {
    ngx_http_review_ctx_t       ctx;
    review_split_options_t      options;
    ngx_http_review_type_e      type;       /* of the body */
    ngx_http_review_cut_t      *cut;
    unsigned                    lines:1;
    unsigned                    busy:1;     /* the thread's turn */
} ngx_http_review_split_t;


static ngx_int_t ngx_http_review_split_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_review_split_args(ngx_http_review_split_t *split);
static void ngx_http_review_split_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_split_parsed(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_split_text(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_split_start(ngx_http_review_split_t *split);
static void ngx_http_review_split_next(ngx_http_review_split_t *split);
static void ngx_http_review_split_run(void *data);
static void ngx_http_review_split_done(void *data);
static void ngx_http_review_split_whole(ngx_http_review_ctx_t *ctx,
    ngx_http_review_cut_t *cut);
static void ngx_http_review_split_window(ngx_http_review_ctx_t *ctx,
    ngx_http_review_cut_t *cut);
static void ngx_http_review_split_progress(ngx_http_review_ctx_t *ctx);


char *
ngx_http_review_split(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_steps_conf_t *rlcf = conf;

    char            *rv;
    u_char          *p;
    ngx_str_t       *value;
    ngx_uint_t       i;
    review_str_t     name, arg;
    review_error_t   err;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_split_handler);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rlcf->split.max = 2000;
    rlcf->split.keep_tables = 1;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');

        if (p == NULL) {
            return ngx_http_review_param_bad(cf, &value[i]);
        }

        name.data = (char *) value[i].data;
        name.len = p - value[i].data;
        arg.data = (char *) p + 1;
        arg.len = value[i].len - name.len - 1;

        switch (review_split_request_option(&name, &arg, &rlcf->split, &err)) {

        case REVIEW_SPLIT_UNKNOWN:
            return ngx_http_review_param_bad(cf, &value[i]);

        case 0:
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s", &value[i],
                           err.text);
        return NGX_CONF_ERROR;
    }

    if (review_split_request_check(&rlcf->split, "", &err) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"review_split\": %s",
                           err.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_split_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_split_t  *split;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_split_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    split = (ngx_http_review_split_t *) ctx;

    split->options = ngx_http_review_steps_conf(ctx)->split;
    split->lines = ngx_http_review_headers_accepts(r, "application/x-ndjson");

    ctx->read = ngx_http_review_split_read;

    rc = ngx_http_review_extract_check(ctx, &split->type);

    if (rc == NGX_OK) {
        rc = ngx_http_review_split_args(split);
    }

    return ngx_http_review_ctx_read(ctx, rc);
}


/* options in the query string, which JSON may override */

static ngx_int_t
ngx_http_review_split_args(ngx_http_review_split_t *split)
{
    int              status;
    u_char          *p, *last, *end, *dst;
    ngx_str_t        arg;
    review_str_t     name, value;
    review_error_t   err;

    last = split->ctx.request->args.data + split->ctx.request->args.len;

    for (p = split->ctx.request->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        arg.len = end - p;
        arg.data = ngx_pnalloc(split->ctx.request->pool, arg.len + 1);

        if (arg.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        dst = arg.data;
        ngx_unescape_uri(&dst, &p, arg.len, 0);
        arg.len = dst - arg.data;

        dst = ngx_strlchr(arg.data, arg.data + arg.len, '=');

        if (dst == NULL) {
            dst = arg.data + arg.len;
        }

        name.data = (char *) arg.data;
        name.len = dst - arg.data;

        value.len = arg.len - name.len;
        value.data = (char *) dst;

        if (value.len) {
            value.data++;
            value.len--;
        }

        status = review_split_request_option(&name, &value, &split->options,
                                             &err);

        if (status > 0) {
            return ngx_http_review_problem(&split->ctx, status, NULL,
                                           err.text);
        }
    }

    return NGX_OK;
}


static void
ngx_http_review_split_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_split_t  *split;

    split = (ngx_http_review_split_t *) ctx;

    switch (split->type) {

    case NGX_HTTP_REVIEW_TYPE_JSON:
        ngx_http_review_parse_json(ctx, review_split_request_members,
                                   ngx_http_review_split_parsed);
        break;

    case NGX_HTTP_REVIEW_TYPE_TEXT:
        ngx_http_review_parse_text(ctx, ngx_http_review_split_text);
        break;

    default:
        ngx_http_review_extract_text(ctx, ngx_http_review_split_text);
    }
}


static void
ngx_http_review_split_parsed(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t                 rc;
    review_error_t            err;
    review_split_given_t      given;
    review_split_request_t    request;
    ngx_http_review_split_t  *split;

    split = (ngx_http_review_split_t *) ctx;

    given.options = split->options;
    given.max_text = ngx_http_review_request_conf(ctx)->max_text;

    rc = review_split_request(ctx->pool, ctx->body, &given, &request, &err);
    rc = ngx_http_review_problem_read(ctx, rc, &err);

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
        return;
    }

    ctx->text = request.text;
    split->options = request.options;

    ngx_http_review_split_start(split);
}


static void
ngx_http_review_split_text(ngx_http_review_ctx_t *ctx)
{
    int                       status;
    review_error_t            err;
    ngx_http_review_split_t  *split;

    split = (ngx_http_review_split_t *) ctx;

    status = review_split_request_check(&split->options, "", &err);

    if (status) {
        ngx_http_review_ctx_fail(
            ctx, ngx_http_review_problem_refuse(ctx, status, NULL,
                                                "\"overlap\" %s", err.text));
        return;
    }

    ngx_http_review_split_start(split);
}


static void
ngx_http_review_split_start(ngx_http_review_split_t *split)
{
    ngx_http_review_ctx_t   *ctx;
    ngx_http_review_cut_t   *cut;
    ngx_http_review_work_t  *work;

    ctx = &split->ctx;

    work = ngx_http_review_work(ctx);
    cut = work ? ngx_pcalloc(work->pool, sizeof(ngx_http_review_cut_t)) : NULL;

    if (cut == NULL) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    cut->ctx = ctx;
    cut->work = work;
    cut->pool = work->memory;
    cut->body = ctx->body;
    cut->text = ctx->text;

    if (ctx->document) {
        cut->document = *ctx->document;
    }

    cut->options = split->options;
    cut->lines = split->lines;

    ctx->begun = 1;
    ctx->progress = ngx_http_review_split_progress;

    split->cut = cut;

    ngx_http_review_split_next(split);
}


static void
ngx_http_review_split_next(ngx_http_review_split_t *split)
{
    split->busy = 1;

    ngx_http_review_work_start(split->ctx.work, split->cut->text.len,
                               ngx_http_review_split_run,
                               ngx_http_review_split_done, split->cut);
}


/* on a thread */

static void
ngx_http_review_split_run(void *data)
{
    ngx_http_review_cut_t *cut = data;

    int             rc;
    size_t          size;
    review_chunk_t  chunk;

    if (cut->split == NULL) {
        if (cut->document.sha256[0] == '\0'
            && review_document_read(cut->pool, &cut->document, &cut->text) != 0)
        {
            cut->failed = 1;
            return;
        }

        cut->split = review_split_create(cut->pool, cut->text.data,
                                         cut->text.len, &cut->options);
        if (cut->split == NULL) {
            cut->failed = 1;
            return;
        }

        size = cut->lines ? NGX_HTTP_REVIEW_SPLIT_WINDOW
                          : cut->text.len + cut->text.len / 4;

        review_split_json_writer_init(&cut->writer, &cut->document);
        review_buf_init(&cut->out, cut->pool, size + 4096);

        if (cut->lines) {
            cut->writer.document = &cut->document;
        }

        if (!cut->lines) {
            review_write_object(&cut->out, NULL);
            review_write_array(&cut->out, "chunks");
        }
    }

    for ( ;; ) {
        rc = review_split_next(cut->split, &chunk);

        if (rc <= 0 || cut->work->gone) {
            break;
        }

        review_split_json_write(&cut->writer, &cut->out, &chunk);

        if (cut->lines) {
            review_buf_puts(&cut->out, "\n");
        }

        if (cut->out.failed
            || (cut->lines && cut->out.len > NGX_HTTP_REVIEW_SPLIT_WINDOW))
        {
            cut->failed = cut->out.failed;
            return;
        }

        if (!cut->lines && cut->out.len / 4 > cut->text.len
                                              + NGX_HTTP_REVIEW_SPLIT_REPLY / 4)
        {
            cut->large = 1;
            return;
        }
    }

    cut->last = 1;
    cut->failed = rc < 0;

    /* to give back so much takes milliseconds, which the event loop hasn't */

    if (cut->body) {
        (void) json_object_clear(cut->body);
    }
}


static void
ngx_http_review_split_done(void *data)
{
    ngx_http_review_cut_t *cut = data;

    ngx_http_review_ctx_t    *ctx;
    ngx_http_review_split_t  *split;

    ctx = cut->ctx;
    split = (ngx_http_review_split_t *) ctx;
    split->busy = 0;

    if (cut->failed) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    if (cut->large) {
        ngx_http_review_ctx_fail(ctx,
                ngx_http_review_problem(ctx, NGX_HTTP_UNPROCESSABLE,
                                        ctx->body ? "/max_chars" : NULL,
                                        "the chunks are so small that the "
                                        "reply grows too large: ask for larger "
                                        "ones, or for application/x-ndjson"));
        return;
    }

    if (cut->writer.n == 0) {
        ngx_http_review_ctx_fail(ctx,
                ngx_http_review_problem(ctx,
                                        split->type
                                        == NGX_HTTP_REVIEW_TYPE_OTHER
                                        ? NGX_HTTP_UNPROCESSABLE
                                        : NGX_HTTP_BAD_REQUEST,
                                        ctx->body ? "/text" : NULL,
                                        "the text is empty: there is nothing "
                                        "to split"));
        return;
    }

    if (cut->lines) {
        ngx_http_review_split_window(ctx, cut);

    } else {
        ngx_http_review_split_whole(ctx, cut);
    }
}


static void
ngx_http_review_split_whole(ngx_http_review_ctx_t *ctx,
    ngx_http_review_cut_t *cut)
{
    review_write_array_end(&cut->out);
    review_write_object(&cut->out, "document");
    review_document_json(&cut->out, &cut->document);
    review_write_object_end(&cut->out);
    review_write_number(&cut->out, "count", cut->writer.n);
    review_write_number(&cut->out, "elapsed_ms",
                        ngx_current_msec - ctx->started);
    review_write_object_end(&cut->out);

    ctx->status = cut->document.unread ? "partial" : "complete";

    ngx_http_review_ctx_reply(ctx, NGX_HTTP_OK,
                              ngx_http_review_reply_buf(ctx->request->pool,
                                                        &cut->out));
}


/* the window is used again once all of it has been sent */

static void
ngx_http_review_split_window(ngx_http_review_ctx_t *ctx,
    ngx_http_review_cut_t *cut)
{
    ngx_chain_t         *out;
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->streaming = 1;

    if (!ctx->replied
        && ngx_http_review_reply_start(ctx, "application/x-ndjson") != NGX_OK)
    {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    out = ngx_http_review_reply_link(r->pool, cut->out.data, cut->out.len);

    if (out == NULL) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    if (cut->last) {
        ctx->status = cut->document.unread ? "partial" : "complete";

        ngx_http_review_ctx_end(ctx);
        ngx_http_finalize_request(r, ngx_http_review_reply_piece(ctx, out, 1));
        return;
    }

    if (ngx_http_review_reply_piece(ctx, out, 0) == NGX_ERROR) {
        ngx_http_review_ctx_fail(ctx, NGX_ERROR);
        return;
    }

    ngx_http_review_ctx_wake(ctx);
}


static void
ngx_http_review_split_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_split_t  *split;

    split = (ngx_http_review_split_t *) ctx;

    if (split->cut == NULL || split->busy || !split->cut->lines
        || ngx_http_review_reply_unsent(ctx))
    {
        return;
    }

    split->cut->out.len = 0;

    ngx_http_review_split_next(split);
}
