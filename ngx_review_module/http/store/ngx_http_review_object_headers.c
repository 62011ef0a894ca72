
/*
 * The object endpoint's headers and arguments: what of a client's is passed on
 * to the store, and what of the store's to the client.
 */

#include "http/store/ngx_http_review_object.h"
#include "http/request/ngx_http_review_reply.h"


#define NGX_HTTP_REVIEW_OBJECT_LIST  1000   /* keys of a list, S3's limit */


static const char  *ngx_http_review_object_wanted[] = {
    "Range", "If-Match", "If-None-Match", "If-Modified-Since",
    "If-Unmodified-Since", NULL
};

static const char  *ngx_http_review_object_uploaded[] = {
    "Content-Type", "Content-Disposition", "Content-Encoding",
    "Content-Language", "Cache-Control", "Expires", "If-Match",
    "If-None-Match", NULL
};

static const char  *ngx_http_review_object_returned[] = {
    "ETag", "Last-Modified", "Content-Range", "Accept-Ranges",
    "Content-Encoding", "Content-Disposition", "Content-Language",
    "Cache-Control", "Expires", NULL
};


ngx_int_t
ngx_http_review_object_headers_request(ngx_http_review_object_t *object)
{
    const char                        **name;
    ngx_list_t                         *headers;
    ngx_table_elt_t                    *h;
    ngx_http_review_s3_t               *op;
    ngx_http_review_transfer_header_t  *sent;

    op = &object->op;
    object->length = -1;

    headers = &object->ctx.request->headers_in.headers;

    switch (op->type) {

    case NGX_HTTP_REVIEW_S3_GET:
    case NGX_HTTP_REVIEW_S3_HEAD:
        name = ngx_http_review_object_wanted;

        /* not all stores know If-Range: the whole object is right as well */

        if (ngx_http_review_headers_find(headers, "If-Range")) {
            name++;
        }

        break;

    case NGX_HTTP_REVIEW_S3_PUT:

        if (ngx_http_review_headers_find(headers, "Content-Range")) {
            return ngx_http_review_problem(&object->ctx,
                                           NGX_HTTP_BAD_REQUEST, NULL,
                                           "a part of an object cannot be "
                                           "replaced");
        }

        name = ngx_http_review_object_uploaded;
        break;

    default:
        return NGX_OK;
    }

    for ( /* void */ ; *name; name++) {

        h = ngx_http_review_headers_find(headers, *name);

        if (h && h->value.len) {
            sent = &op->headers[op->nheaders++];

            sent->name.data = (u_char *) *name;
            sent->name.len = ngx_strlen(*name);
            sent->value = h->value;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_object_headers_arg(ngx_http_review_object_t *object,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t                    n;
    ngx_http_review_s3_query_t  *query;

    query = &object->op.query;

    switch (name->len) {

    case sizeof("max") - 1:

        if (ngx_strncmp(name->data, "max", 3) != 0) {
            break;
        }

        n = ngx_atoi(value->data, value->len);

        if (n < 1 || n > NGX_HTTP_REVIEW_OBJECT_LIST) {
            return ngx_http_review_problem_refuse(&object->ctx,
                                                  NGX_HTTP_BAD_REQUEST, NULL,
                                                  "\"max\" must be a number "
                                                  "from 1 to %d",
                                                  NGX_HTTP_REVIEW_OBJECT_LIST);
        }

        query->max = n;
        break;

    case sizeof("next") - 1:

        if (ngx_strncmp(name->data, "next", 4) == 0) {
            query->token = *value;
        }

        break;

    case sizeof("prefix") - 1:

        if (ngx_strncmp(name->data, "prefix", 6) == 0) {
            query->prefix = *value;
        }

        break;

    case sizeof("delimiter") - 1:

        if (ngx_strncmp(name->data, "delimiter", 9) == 0) {
            query->delimiter = *value;
        }

        break;
    }

    return NGX_OK;
}


/* NGX_DECLINED: there is no "list" among the arguments */

ngx_int_t
ngx_http_review_object_headers_query(ngx_http_review_object_t *object)
{
    u_char              *p, *last, *end, *eq, *dst, *src;
    ngx_int_t            rc;
    ngx_str_t            name, value;
    ngx_uint_t           list;
    ngx_http_request_t  *r;

    r = object->ctx.request;
    list = 0;
    last = r->args.data + r->args.len;

    for (p = r->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        end = end ? end : last;

        eq = ngx_strlchr(p, end, '=');
        eq = eq ? eq : end;

        name.data = p;
        name.len = eq - p;

        src = eq < end ? eq + 1 : end;

        value.data = ngx_pnalloc(r->pool, end - src + 1);
        if (value.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        dst = value.data;
        ngx_unescape_uri(&dst, &src, end - src, 0);
        value.len = dst - value.data;

        if (name.len == 4 && ngx_strncmp(name.data, "list", 4) == 0) {
            list = 1;
            continue;
        }

        rc = ngx_http_review_object_headers_arg(object, &name, &value);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return list ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_review_object_headers_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pstrdup(pool, src);

    return dst->data ? NGX_OK : NGX_ERROR;
}


/* nginx wants to know some by itself: its filters look at them */

static void
ngx_http_review_object_headers_known(ngx_http_request_t *r, const char *name,
    ngx_table_elt_t *h)
{
    if (ngx_strcmp(name, "ETag") == 0) {
        r->headers_out.etag = h;

    } else if (ngx_strcmp(name, "Last-Modified") == 0) {
        r->headers_out.last_modified = h;
        r->headers_out.last_modified_time = ngx_parse_http_time(h->value.data,
                                                                h->value.len);

    } else if (ngx_strcmp(name, "Content-Range") == 0) {
        r->headers_out.content_range = h;

    } else if (ngx_strcmp(name, "Accept-Ranges") == 0) {
        r->headers_out.accept_ranges = h;

    } else if (ngx_strcmp(name, "Content-Encoding") == 0) {
        r->headers_out.content_encoding = h;
    }
}


ngx_int_t
ngx_http_review_object_headers_add_header(ngx_http_review_object_t *object,
    ngx_str_t *name, ngx_str_t *value)
{
    size_t                i;
    ngx_str_t             copy;
    const char          **known;
    ngx_http_request_t   *r;

    r = object->ctx.request;

    if (name->len == sizeof("Content-Length") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Content-Length", name->len)
           == 0)
    {
        object->length = ngx_atoof(value->data, value->len);
        return NGX_OK;
    }

    if (name->len == sizeof("Transfer-Encoding") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Transfer-Encoding",
                           name->len)
           == 0)
    {
        object->chunked = 1;
        return NGX_OK;
    }

    if (name->len == sizeof("Content-Type") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Content-Type", name->len)
           == 0)
    {
        for (i = 0; i < value->len && value->data[i] != ';'; i++) {
            /* void */
        }

        r->headers_out.content_type_len = i;
        r->headers_out.content_type_lowcase = NULL;

        return ngx_http_review_object_headers_copy(r->pool,
                                                   &r->headers_out.content_type,
                                                   value);
    }

    for (known = ngx_http_review_object_returned; *known; known++) {

        if (ngx_strlen(*known) != name->len
            || ngx_strncasecmp(name->data, (u_char *) *known, name->len) != 0
            || ngx_http_review_headers_find(&r->headers_out.headers, *known))
        {
            continue;
        }

        if (ngx_http_review_object_headers_copy(r->pool, &copy, value) != NGX_OK
            || ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                           *known, &copy)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_review_object_headers_known(r, *known,
                    ngx_http_review_headers_find(&r->headers_out.headers,
                                                 *known));
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_object_headers_reply_header(ngx_http_review_object_t *object)
{
    ngx_http_request_t  *r;

    r = object->ctx.request;

    object->ctx.replied = 1;

    r->headers_out.status = object->op.status;
    r->headers_out.content_length_n = object->length;

    if (object->chunked || object->op.status == NGX_HTTP_NOT_MODIFIED) {
        r->headers_out.content_length_n = -1;
    }

    return ngx_http_send_header(r);
}
