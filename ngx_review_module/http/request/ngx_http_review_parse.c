
/*
 * A client's body read, checked, and parsed, as JSON or as a text: on a thread
 * if it is large.
 */

#include "http/request/ngx_http_review_reply.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/utf8.h"
#include "review/json/json.h"


/* so many values of JSON are freed in less time than a thread takes to wake */

#define NGX_HTTP_REVIEW_PARSE_VALUES  1000


typedef struct {
    ngx_http_review_ctx_t      *ctx;
    ngx_http_review_ctx_pt      next;
    review_pool_t              *pool;
    ngx_chain_t                *bufs;       /* the thread's own */
    off_t                       size;
    ngx_http_review_work_t     *work;       /* NULL: it is small */
    const review_member_t      *members;    /* of JSON; NULL: it is a text */
    json_t                     *value;
    review_str_t                text;
    review_error_t              err;
    ngx_int_t                   status;     /* NGX_OK, NGX_ERROR, or 400 */
} ngx_http_review_reading_t;


static void ngx_http_review_parse_as(ngx_http_review_ctx_t *ctx,
    const review_member_t *members, ngx_http_review_ctx_pt next);
static ngx_int_t ngx_http_review_parse_reading_small(
    ngx_http_review_reading_t *reading);
static ngx_int_t ngx_http_review_parse_reading_large(
    ngx_http_review_reading_t *reading);
static void ngx_http_review_parse_reading_run(void *data);
static void ngx_http_review_parse_reading_done(void *data);
static void ngx_http_review_parse_reading(ngx_http_review_reading_t *reading,
    const char *data, size_t len);
static void ngx_http_review_parse_reading_check(
    ngx_http_review_reading_t *reading, const char *data, size_t len);


void
ngx_http_review_parse_json(ngx_http_review_ctx_t *ctx,
    const review_member_t *members, ngx_http_review_ctx_pt next)
{
    ngx_http_review_parse_as(ctx, members, next);
}


void
ngx_http_review_parse_text(ngx_http_review_ctx_t *ctx,
    ngx_http_review_ctx_pt next)
{
    ngx_http_review_parse_as(ctx, NULL, next);
}


static void
ngx_http_review_parse_as(ngx_http_review_ctx_t *ctx,
    const review_member_t *members, ngx_http_review_ctx_pt next)
{
    size_t                     max;
    ngx_int_t                  rc;
    ngx_http_review_reading_t  reading;

    ngx_memzero(&reading, sizeof(ngx_http_review_reading_t));

    reading.ctx = ctx;
    reading.next = next;
    reading.members = members;
    reading.size = ngx_http_review_body_size(ctx->request);

    /* a text is all of the body, of JSON it is a part */

    max = ngx_http_review_request_conf(ctx)->max_text;

    if ((members == NULL && reading.size > (off_t) max)
        || reading.size > NGX_MAX_SIZE_T_VALUE / 2)
    {
        ngx_http_review_ctx_fail(ctx,
            ngx_http_review_problem_refuse(ctx,
                                           NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                           NULL, "the text is of %jd bytes, "
                                           "review_max_text_size allows %zu",
                                           (intmax_t) reading.size, max));
        return;
    }

    rc = ngx_http_review_work_is_large(ctx, reading.size)
         ? ngx_http_review_parse_reading_large(&reading)
         : ngx_http_review_parse_reading_small(&reading);

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
    }
}


static ngx_int_t
ngx_http_review_parse_reading_small(ngx_http_review_reading_t *reading)
{
    ngx_str_t  body;

    if (ngx_http_review_body_read(reading->ctx->request, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    reading->pool = reading->ctx->work ? reading->ctx->work->memory
                                       : reading->ctx->pool;

    ngx_http_review_parse_reading(reading, (char *) body.data, body.len);
    ngx_http_review_parse_reading_done(reading);

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_parse_reading_large(ngx_http_review_reading_t *request)
{
    ngx_http_review_work_t  *work;
    ngx_http_review_reading_t  *reading;

    work = ngx_http_review_work(request->ctx);
    if (work == NULL) {
        return NGX_ERROR;
    }

    reading = ngx_palloc(work->pool, sizeof(ngx_http_review_reading_t));
    if (reading == NULL) {
        return NGX_ERROR;
    }

    *reading = *request;
    reading->pool = work->memory;
    reading->work = work;

    if (ngx_http_review_body_take(reading->ctx->request, work->pool,
                                  &reading->bufs)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_review_work_start(work, reading->size,
                               ngx_http_review_parse_reading_run,
                               ngx_http_review_parse_reading_done, reading);
    return NGX_OK;
}


static void
ngx_http_review_parse_reading_run(void *data)
{
    ngx_http_review_reading_t *reading = data;

    char       *p;
    ngx_str_t   body;

    if (reading->bufs && ngx_http_review_body_is_whole(reading->bufs, &body)) {
        ngx_http_review_parse_reading(reading, (char *) body.data, body.len);
        return;
    }

    p = review_alloc(reading->pool, reading->size + 1);

    if (p == NULL
        || ngx_http_review_body_join(reading->bufs, (u_char *) p) != NGX_OK)
    {
        reading->status = NGX_ERROR;
        return;
    }

    ngx_http_review_parse_reading(reading, p, reading->size);

    /* what was parsed is not needed any more, and here nobody waits */

    if (reading->members) {
        (void) ngx_pfree(reading->pool->ctx, p);
    }
}


/* a thread frees what takes long to be freed */

static int
ngx_http_review_parse_reading_own(ngx_http_review_reading_t *reading,
    size_t values)
{
    if (reading->work && values > NGX_HTTP_REVIEW_PARSE_VALUES) {
        reading->work->json = reading->value;
        return 0;
    }

    return review_pool_own_json(reading->pool, reading->value);
}


static void
ngx_http_review_parse_reading(ngx_http_review_reading_t *reading,
    const char *data, size_t len)
{
    size_t  values;

    if (reading->members == NULL) {
        ngx_http_review_parse_reading_check(reading, data, len);
        return;
    }

    reading->value = review_json_parse_known(data, len, reading->members,
                                             &values, &reading->err);

    if (reading->value == NULL) {
        reading->status = NGX_HTTP_BAD_REQUEST;
        return;
    }

    if (ngx_http_review_parse_reading_own(reading, values) != 0) {
        reading->status = NGX_ERROR;
        return;
    }

    if (!json_is_object(reading->value)) {
        reading->status = NGX_HTTP_BAD_REQUEST;
        (void) review_error(&reading->err, "", "the body must be an object, "
                            "got %s", review_json_member_type(reading->value));
        return;
    }

    reading->status = NGX_OK;
}


static void
ngx_http_review_parse_reading_check(ngx_http_review_reading_t *reading,
    const char *data, size_t len)
{
    size_t       valid;
    const char  *nul;

    valid = review_utf8_valid(data, len);

    if (valid < len) {
        reading->status = NGX_HTTP_BAD_REQUEST;
        (void) review_error(&reading->err, "", "the text is not valid UTF-8 at "
                            "byte %zu", valid);
        return;
    }

    /* as in JSON: most that would take a chunk do not take that */

    nul = len ? memchr(data, '\0', len) : NULL;

    if (nul) {
        reading->status = NGX_HTTP_BAD_REQUEST;
        (void) review_error(&reading->err, "", "the text has a NUL character "
                            "at byte %zu", (size_t) (nul - data));
        return;
    }

    reading->text.data = data;
    reading->text.len = len;
    reading->status = NGX_OK;
}


static void
ngx_http_review_parse_reading_done(void *data)
{
    ngx_http_review_reading_t *reading = data;

    ngx_http_review_ctx_t  *ctx;

    ctx = reading->ctx;

    if (reading->status == NGX_HTTP_BAD_REQUEST) {
        reading->status = ngx_http_review_problem(ctx, NGX_HTTP_BAD_REQUEST,
                                               reading->err.pointer,
                                               reading->err.text);
    }

    if (reading->status != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, reading->status);
        return;
    }

    if (reading->members) {
        ctx->body = reading->value;

    } else {
        ctx->text = reading->text;
    }

    reading->next(ctx);
}
