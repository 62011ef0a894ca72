
/*
 * The tokens of what a guarded location passes: read as it goes by.  Nothing of
 * it is changed, kept back, or kept.
 */

#include "http/ngx_http_review_module.h"
#include "http/call/ngx_http_review_call.h"
#include "http/call/ngx_http_review_inflate.h"

#include "review/completion/usage.h"
#include "review/outline/units.h"


/* bytes that a response may inflate to; what is behind them is not read */

#define NGX_HTTP_REVIEW_PASSING_MAX     (64 * 1024 * 1024)

/* of a request; it is estimated by its beginning where it is larger */

#define NGX_HTTP_REVIEW_PASSING_PROMPT  (256 * 1024)
#define NGX_HTTP_REVIEW_PASSING_BUFFER  4096


struct ngx_http_review_passing_s {
    review_usage_t              usage;
    void                       *inflate;    /* NULL: it is plain */
    size_t                      left;       /* that it may inflate to */
    unsigned                    off:1;      /* it can't be read any more */
};


/* does its type say that it may have tokens? */

static ngx_uint_t
ngx_http_review_passing_typed(ngx_str_t *type)
{
    u_char  *last;

    last = type->data + type->len;

    return type->len == 0
           || ngx_strlcasestrn(type->data, last, (u_char *) "json", 4 - 1)
           || ngx_strlcasestrn(type->data, last, (u_char *) "event-stream",
                               12 - 1);
}


ngx_http_review_passing_t *
ngx_http_review_passing_create(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_review_passing_t  *p;

    if (r->headers_out.status < NGX_HTTP_OK
        || r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE
        || !ngx_http_review_passing_typed(&r->headers_out.content_type)
        || ngx_http_review_capture_is_cached(r))
    {
        return NULL;
    }

    rc = ngx_http_review_inflate_coding(r->headers_out.content_encoding);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "review: the tokens of a response are not counted, it is "
                      "encoded as \"%V\"",
                      &r->headers_out.content_encoding->value);
        return NULL;
    }

    p = ngx_pcalloc(r->pool, sizeof(ngx_http_review_passing_t));
    if (p == NULL) {
        return NULL;
    }

    if (rc == NGX_DONE) {
        p->inflate = ngx_http_review_inflate_create(r->pool);
        p->left = NGX_HTTP_REVIEW_PASSING_MAX;

        if (p->inflate == NULL) {
            return NULL;
        }
    }

    review_usage_init(&p->usage, review_units);

    return p;
}


static ngx_int_t
ngx_http_review_passing_inflated(void *data, u_char *text, size_t len)
{
    ngx_http_review_passing_t *p = data;

    if (len > p->left) {
        return NGX_ERROR;
    }

    p->left -= len;

    review_usage_feed(&p->usage, (char *) text, len);

    return NGX_OK;
}


static void
ngx_http_review_passing_text(ngx_http_review_passing_t *p, u_char *text,
    size_t len)
{
    if (p->inflate == NULL) {
        review_usage_feed(&p->usage, (char *) text, len);
        return;
    }

    if (ngx_http_review_inflate(p->inflate, text, len,
                                ngx_http_review_passing_inflated, p)
        != NGX_OK)
    {
        p->off = 1;
    }
}


/*
 * The next bytes of a buffer, where they are in memory, or a copy of them from
 * the page cache, since nginx has only just written its file: were it to bring
 * them itself, the last of a response would come by when its client has read
 * the rest.  Returns how many they are.
 */

static size_t
ngx_http_review_passing_bytes(ngx_buf_t *b, off_t offset, size_t max,
    u_char *copy, u_char **text)
{
    size_t   n;
    ssize_t  rc;

    if (ngx_buf_in_memory(b)) {
        *text = b->pos + offset;
        n = b->last - *text;

        return ngx_min(n, max);
    }

    n = ngx_min(b->file_last - b->file_pos - offset,
                NGX_HTTP_REVIEW_PASSING_BUFFER);

    rc = pread(b->file->fd, copy, ngx_min(n, max), b->file_pos + offset);

    *text = copy;

    return rc > 0 ? rc : 0;
}


void
ngx_http_review_passing_feed(ngx_http_review_passing_t *p, ngx_buf_t *b)
{
    off_t    offset, size;
    size_t   n;
    u_char  *text, copy[NGX_HTTP_REVIEW_PASSING_BUFFER];

    size = ngx_buf_in_memory(b) || b->in_file ? ngx_buf_size(b) : 0;

    for (offset = 0; offset < size && !p->off; offset += n) {
        n = ngx_http_review_passing_bytes(b, offset, size - offset, copy,
                                          &text);
        if (n == 0) {
            p->off = 1;
            break;
        }

        ngx_http_review_passing_text(p, text, n);
    }
}


/* the tokens of the request: nobody else has told them */

static int64_t
ngx_http_review_passing_prompt(ngx_http_request_t *r, review_usage_t *u)
{
    off_t         offset, size;
    size_t        n, left, seen;
    u_char       *text, copy[NGX_HTTP_REVIEW_PASSING_BUFFER];
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return 0;
    }

    review_usage_init(u, review_units);

    size = 0;
    left = NGX_HTTP_REVIEW_PASSING_PROMPT;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);

        for (offset = 0; offset < ngx_buf_size(cl->buf) && left; offset += n) {
            n = ngx_http_review_passing_bytes(cl->buf, offset, left, copy,
                                              &text);
            if (n == 0) {
                break;
            }

            review_usage_feed(u, (char *) text, n);
            left -= n;
        }
    }

    seen = NGX_HTTP_REVIEW_PASSING_PROMPT - left;

    return seen ? review_usage_estimate(u) * ((double) size / seen) : 0;
}


/* its end, whether it was all or not */

void
ngx_http_review_passing_count(ngx_http_review_passing_t *p,
    ngx_http_request_t *r, ngx_http_review_waiter_t *waiter,
    ngx_http_review_try_t *told)
{
    char              *model;
    int64_t            prompt, completion;
    review_usage_t    *u;
    review_metrics_t  *m;
    review_usage_t     request;

    u = &p->usage;

    review_usage_end(u);

    prompt = u->prompt_tokens;
    completion = u->completion_tokens;

    request.nmodel = 0;

    if (prompt < 0 && completion > 0) {
        prompt = ngx_http_review_passing_prompt(r, &request);
    }

    if (u->nmodel == 0) {
        u = &request;
    }

    model = ngx_pnalloc(r->pool, u->nmodel + 1);

    if (model) {
        ngx_memcpy(model, u->model, u->nmodel);
        told->model.data = model;
        told->model.len = u->nmodel;
    }

    told->prompt_tokens = prompt;
    told->completion_tokens = completion;

    if (prompt <= 0 && completion <= 0) {
        return;
    }

    m = &ngx_http_review_zone_load(waiter->limit->zone)->metrics;

    review_metrics_tokens(m, u->model, u->nmodel, prompt, completion);
    ngx_http_review_budget_add(waiter, prompt, completion);
}
