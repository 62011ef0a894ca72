
/*
 * A URL downloaded, redirects and all: see ngx_http_review_download.h.
 * libcurl follows no redirect: each is a transfer of its own, for a URL that
 * was checked.  The end of a transfer is only noted; what follows from it is
 * done by a posted event.
 */

#include "http/transfer/ngx_http_review_download.h"

#include "review/base/utf8.h"


#define NGX_HTTP_REVIEW_DOWNLOAD_REDIRECTS  5

/* a Content-Type that is told and passed on */

#define NGX_HTTP_REVIEW_DOWNLOAD_TYPE       255


static ngx_int_t ngx_http_review_download_go(ngx_http_review_download_t *d);
static ngx_int_t ngx_http_review_download_header(ngx_http_review_transfer_t *t,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_review_download_body(ngx_http_review_transfer_t *t,
    u_char *data, size_t len);
static ngx_uint_t ngx_http_review_download_allowed(
    ngx_http_review_transfer_t *t, struct sockaddr *sockaddr);
static void ngx_http_review_download_done(ngx_http_review_transfer_t *t);
static void ngx_http_review_download_posted(ngx_event_t *ev);


/* the end, of which the owner is not told yet */

static void
ngx_http_review_download_end(ngx_http_review_download_t *d, review_code_t code,
    const char *detail)
{
    size_t   len;
    u_char  *p;

    d->ended = 1;
    d->code = code;

    /* what curl says may have a server's words in it */

    if (detail && detail[0]) {
        len = review_utf8_valid(detail, ngx_strlen(detail));
        p = ngx_pnalloc(d->pool, len + 1);

        if (p) {
            ngx_memcpy(p, detail, len);
            p[len] = '\0';
            d->detail = (char *) p;
        }
    }
}


ngx_int_t
ngx_http_review_download_start(ngx_http_review_download_t *d)
{
    review_url_e   rc;
    review_code_t  why;

    d->memory = ngx_http_review_pool(d->pool);
    if (d->memory == NULL) {
        return NGX_ERROR;
    }

    d->posted.handler = ngx_http_review_download_posted;
    d->posted.data = d;
    d->posted.log = ngx_cycle->log;

    d->code = REVIEW_CODE_OK;
    d->detail = NULL;
    d->http_status = 0;
    d->size = 0;
    d->type.data = NULL;
    d->length = -1;
    d->redirects = 0;
    d->ended = 0;
    d->started = ngx_current_msec;

    rc = review_url_parse(d->memory, d->url.data, d->url.len, &d->at);

    why = rc == REVIEW_URL_OK
          ? ngx_http_review_download_allow_why_not(d->ctx, &d->at)
          : ngx_http_review_download_allow_why_bad(rc);

    if (why) {
        ngx_http_review_download_end(d, why, NULL);
        ngx_post_event(&d->posted, &ngx_posted_events);
        return NGX_OK;
    }

    return ngx_http_review_download_go(d);
}


void
ngx_http_review_download_resume(ngx_http_review_download_t *d)
{
    ngx_http_review_curl_resume(&d->transfer);
}


void
ngx_http_review_download_cancel(ngx_http_review_download_t *d)
{
    ngx_http_review_curl_cancel(&d->transfer);

    if (d->posted.posted) {
        ngx_delete_posted_event(&d->posted);
    }

    if (!d->ended) {
        d->http_status = d->transfer.status;
    }
}


/* asks for d->at */

static ngx_int_t
ngx_http_review_download_go(ngx_http_review_download_t *d)
{
    ngx_http_review_ctx_t       *ctx;
    ngx_http_review_transfer_t  *t;

    ctx = d->ctx;
    t = &d->transfer;

    ngx_memzero(t, sizeof(ngx_http_review_transfer_t));

    t->method = "GET";
    t->url.data = (u_char *) d->at.text.data;
    t->url.len = d->at.text.len;
    t->connect_timeout = ngx_http_review_request_conf(ctx)->call_timeout;
    t->timeout = ngx_http_review_request_conf(ctx)->call_timeout;
    t->upload = -1;
    t->data = d;
    t->log = ctx->request->connection->log;
    t->header = ngx_http_review_download_header;
    t->body = ngx_http_review_download_body;
    t->allowed = ngx_http_review_download_allowed;
    t->done = ngx_http_review_download_done;

    d->location.data = NULL;
    d->type.data = NULL;
    d->length = -1;
    d->begun = 0;
    d->too_large = 0;

    return ngx_http_review_curl_start(t);
}


static ngx_uint_t
ngx_http_review_download_is(ngx_str_t *name, const char *str)
{
    return name->len == ngx_strlen(str)
           && ngx_strncasecmp(name->data, (u_char *) str, name->len) == 0;
}


static ngx_int_t
ngx_http_review_download_copy(ngx_http_review_download_t *d,
    review_str_t *dst, ngx_str_t *src)
{
    u_char  *p;

    p = ngx_pnalloc(d->pool, src->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, src->data, src->len);
    p[src->len] = '\0';

    dst->data = (char *) p;
    dst->len = src->len;

    return NGX_OK;
}


/* as a server says it; what is no plain text is not passed on */

static ngx_uint_t
ngx_http_review_download_type(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < ' ' || value->data[i] > '~') {
            return 0;
        }
    }

    return value->len && value->len <= NGX_HTTP_REVIEW_DOWNLOAD_TYPE;
}


static ngx_uint_t
ngx_http_review_download_success(ngx_uint_t status)
{
    return status >= 200 && status < 300 && status != NGX_HTTP_PARTIAL_CONTENT;
}


static ngx_uint_t
ngx_http_review_download_redirect(ngx_uint_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307
           || status == 308;
}


static ngx_int_t
ngx_http_review_download_header(ngx_http_review_transfer_t *t, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_http_review_download_t  *d;

    d = t->data;

    if (ngx_http_review_download_is(name, "Location")
        && d->location.data == NULL && value->len <= REVIEW_URL_MAX)
    {
        return ngx_http_review_download_copy(d, &d->location, value);
    }

    if (ngx_http_review_download_is(name, "Content-Type")
        && d->type.data == NULL && ngx_http_review_download_type(value))
    {
        return ngx_http_review_download_copy(d, &d->type, value);
    }

    if (ngx_http_review_download_is(name, "Content-Length")
        && ngx_http_review_download_success(t->status))
    {
        d->length = ngx_atoof(value->data, value->len);

        if (d->length > d->max_size) {
            d->length = -1;
            d->too_large = 1;
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_download_body(ngx_http_review_transfer_t *t, u_char *data,
    size_t len)
{
    ngx_int_t                    rc;
    ngx_http_review_download_t  *d;

    d = t->data;

    /* what a server says along with other statuses is not looked at */

    if (!ngx_http_review_download_success(t->status)) {
        return NGX_ERROR;
    }

    if ((off_t) len > d->max_size - d->size) {
        d->too_large = 1;
        return NGX_ERROR;
    }

    if (!d->begun) {
        d->begun = 1;

        if (d->begin) {
            d->begin(d);
        }
    }

    rc = d->body(d, data, len);

    if (rc == NGX_OK) {
        d->size += len;
    }

    return rc;
}


static ngx_uint_t
ngx_http_review_download_allowed(ngx_http_review_transfer_t *t,
    struct sockaddr *sockaddr)
{
    ngx_http_review_download_t  *d;

    d = t->data;

    return ngx_http_review_download_allow_may_connect(d->ctx, &d->at, sockaddr);
}


static void
ngx_http_review_download_done(ngx_http_review_transfer_t *t)
{
    ngx_http_review_download_t  *d;

    d = t->data;

    ngx_post_event(&d->posted, &ngx_posted_events);
}


/* to where "Location" says, if a first URL might be that */

static void
ngx_http_review_download_follow(ngx_http_review_download_t *d)
{
    review_url_t   url;
    review_url_e   rc;
    review_code_t  why;

    if (d->redirects++ == NGX_HTTP_REVIEW_DOWNLOAD_REDIRECTS) {
        ngx_http_review_download_end(d, REVIEW_CODE_TOO_MANY_REDIRECTS,
                                     NULL);
        return;
    }

    ngx_memzero(&url, sizeof(review_url_t));

    rc = d->location.data
         ? review_url_follow(d->memory, &d->at, d->location.data,
                             d->location.len, &url)
         : REVIEW_URL_BAD;

    why = rc == REVIEW_URL_OK
          ? ngx_http_review_download_allow_why_not(d->ctx, &url)
          : ngx_http_review_download_allow_why_bad(rc);

    if (why) {
        ngx_http_review_download_end(d, why, "by a redirect");
        return;
    }

    d->at = url;

    if (ngx_http_review_download_go(d) != NGX_OK) {
        ngx_http_review_download_end(d, REVIEW_CODE_INTERNAL, NULL);
    }
}


/* a transfer has ended: the download has, too, or it goes on elsewhere */

static void
ngx_http_review_download_outcome(ngx_http_review_download_t *d)
{
    ngx_http_review_transfer_t  *t;

    t = &d->transfer;
    d->http_status = t->status;

    if (d->too_large) {
        ngx_http_review_download_end(d, REVIEW_CODE_TOO_LARGE,
                                     "it is larger than max_size");
        return;
    }

    if (t->result != REVIEW_CODE_OK && t->result != REVIEW_CODE_STOPPED) {
        ngx_http_review_download_end(d, t->result, t->message);
        return;
    }

    if (ngx_http_review_download_redirect(t->status)) {
        ngx_http_review_download_follow(d);
        return;
    }

    if (!ngx_http_review_download_success(t->status)) {
        ngx_http_review_download_end(d, review_code_http(t->status), NULL);
        return;
    }

    ngx_http_review_download_end(d, t->result == REVIEW_CODE_OK
                                    ? REVIEW_CODE_OK : REVIEW_CODE_INTERNAL,
                                 NULL);
}


/* where the location's limit counts */

static void
ngx_http_review_download_count(ngx_http_review_download_t *d)
{
    ngx_http_review_limit_t  *limit;

    limit = ngx_http_review_limit_conf(d->ctx)->counts;

    if (limit) {
        review_metrics_operation(ngx_http_review_zone_metrics(limit->zone),
                                 REVIEW_METRICS_DOWNLOAD,
                                 d->code == REVIEW_CODE_OK,
                                 ngx_current_msec - d->started, d->size);
    }
}


static void
ngx_http_review_download_posted(ngx_event_t *ev)
{
    ngx_connection_t            *c;
    ngx_http_review_download_t  *d;

    d = ev->data;
    c = ngx_http_review_visit_begin(d->ctx);

    if (c == NULL) {
        return;
    }

    /* a first URL that is refused has no transfer */

    if (!d->ended) {
        ngx_http_review_download_outcome(d);
    }

    /* then nothing of it may be touched */

    if (d->ended) {
        ngx_http_review_download_count(d);
        d->done(d);
    }

    ngx_http_review_visit_end(c);
}
