
/* What a client's headers ask for, and lists of headers. */

#include "http/request/ngx_http_review_reply.h"


static ngx_uint_t ngx_http_review_headers_is_json(ngx_str_t *type);


static ngx_uint_t
ngx_http_review_headers_is_token(ngx_str_t *value, size_t len, const char *name)
{
    return len == ngx_strlen(name)
           && ngx_strncasecmp(value->data, (u_char *) name, len) == 0;
}


static ngx_int_t
ngx_http_review_headers_check_method(ngx_http_review_ctx_t *ctx)
{
    ngx_table_elt_t     *coding;
    ngx_http_request_t  *r;

    static ngx_str_t  post = ngx_string("POST");

    r = ctx->request;

    /* a reply is made for its request, there is nothing to compare it with */

    r->disable_not_modified = 1;

    if (r->method != NGX_HTTP_POST) {

        if (ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                        "Allow", &post)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_review_problem_refuse(ctx, NGX_HTTP_NOT_ALLOWED, NULL,
                              "\"%s\" is asked for with POST",
                              ngx_http_review_request_conf(ctx)->directive);
    }

    coding = ngx_http_review_headers_find(&r->headers_in.headers,
                                          "Content-Encoding");

    if (coding
        && !ngx_http_review_headers_is_token(&coding->value, coding->value.len,
                                             "identity"))
    {
        return ngx_http_review_problem(ctx, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       NULL, "the body must not be encoded, "
                                       "Content-Encoding is not supported");
    }

    return NGX_OK;
}


/*
 * The value of a media type's parameter, without its quotes; "params" is what
 * follows the type.  Empty if there is none.
 */

static void
ngx_http_review_headers_media_parameter(u_char *params, u_char *last,
    const char *name, ngx_str_t *value)
{
    u_char     *p, *end;
    ngx_str_t   key;

    ngx_str_null(value);

    for (p = params; p < last; p = end) {

        while (p < last && (*p == ';' || *p == ' ' || *p == '\t')) {
            p++;
        }

        for (key.data = p; p < last && *p != '=' && *p != ';'; p++) { }

        key.len = p - key.data;

        if (p < last && *p == '=') {
            p++;
        }

        if (p < last && *p == '"') {
            for (end = ++p; end < last && *end != '"'; end++) {
                end += (*end == '\\' && end + 1 < last);
            }

        } else {
            for (end = p; end < last && *end != ';' && *end != ' '
                          && *end != '\t'; end++)
            { /* void */ }
        }

        if (ngx_http_review_headers_is_token(&key, key.len, name)) {
            value->data = p;
            value->len = end - p;
            return;
        }

        if (end < last && *end == '"') {
            end++;
        }
    }
}


/* application/json, or another type's +json */

static ngx_uint_t
ngx_http_review_headers_is_json(ngx_str_t *type)
{
    u_char  *p;

    p = type->data + type->len;

    return ngx_http_review_headers_is_token(type, type->len, "application/json")
           || (type->len > sizeof("a/b+json") - 1
               && ngx_strncasecmp(p - 5, (u_char *) "+json", 5) == 0
               && p[-6] != '/'
               && ngx_strlchr(type->data, p, '/'));
}


ngx_int_t
ngx_http_review_headers_media_type(ngx_str_t *value,
    ngx_http_review_type_e *type)
{
    u_char     *p, *last;
    ngx_str_t   name, charset;

    last = value->data + value->len;

    for (p = value->data;
         p < last && *p != ';' && *p != ' ' && *p != '\t';
         p++)
    { /* void */ }

    name.data = value->data;
    name.len = p - name.data;

    if (ngx_http_review_headers_is_token(&name, name.len, "text/plain")
        || ngx_http_review_headers_is_token(&name, name.len, "text/markdown"))
    {
        *type = NGX_HTTP_REVIEW_TYPE_TEXT;

    } else if (ngx_http_review_headers_is_json(&name)) {
        *type = NGX_HTTP_REVIEW_TYPE_JSON;

    } else {
        *type = NGX_HTTP_REVIEW_TYPE_OTHER;
        return NGX_OK;
    }

    ngx_http_review_headers_media_parameter(p, last, "charset", &charset);

    return charset.data == NULL
           || ngx_http_review_headers_is_token(&charset, charset.len, "utf-8")
           || ngx_http_review_headers_is_token(&charset, charset.len, "utf8")
           || ngx_http_review_headers_is_token(&charset, charset.len,
                                               "us-ascii")
           ? NGX_OK : NGX_DECLINED;
}


/* a POST; and of which type is its body?  None at all is JSON */

ngx_int_t
ngx_http_review_headers_check_post(ngx_http_review_ctx_t *ctx,
    ngx_http_review_type_e *type)
{
    ngx_int_t         rc;
    ngx_table_elt_t  *h;

    rc = ngx_http_review_headers_check_method(ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    *type = NGX_HTTP_REVIEW_TYPE_JSON;

    h = ctx->request->headers_in.content_type;

    if (h && ngx_http_review_headers_media_type(&h->value, type) != NGX_OK) {
        return ngx_http_review_problem(ctx, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       NULL, "the charset must be utf-8");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_headers_check_json(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_http_review_type_e  type;

    rc = ngx_http_review_headers_check_post(ctx, &type);

    if (rc == NGX_OK && type != NGX_HTTP_REVIEW_TYPE_JSON) {
        return ngx_http_review_problem(ctx, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       NULL, "Content-Type must be "
                                       "application/json");
    }

    return rc;
}


/* the thousandths of a media range's "q"; the range may have parameters */

static ngx_uint_t
ngx_http_review_headers_accept_weight(u_char *params, u_char *last)
{
    ngx_int_t  q;
    ngx_str_t  value;

    ngx_http_review_headers_media_parameter(params, last, "q", &value);

    if (value.data == NULL) {
        return 1000;
    }

    q = ngx_atofp(value.data, value.len, 3);

    return q == NGX_ERROR ? 1000 : (ngx_uint_t) q;
}


/* the weights that one line of Accept gives to a type and to JSON */

static void
ngx_http_review_headers_accept_line(ngx_str_t *line, const char *type,
    ngx_uint_t *weight, ngx_uint_t *json)
{
    u_char     *p, *end, *last;
    ngx_str_t   range;

    last = line->data + line->len;

    for (p = line->data; p < last; p = end + 1) {

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        for (range.data = p; p < end && *p != ';' && *p != ' ' && *p != '\t';
             p++)
        { /* void */ }

        range.len = p - range.data;

        if (ngx_http_review_headers_is_token(&range, range.len, type)) {
            *weight = ngx_http_review_headers_accept_weight(p, end);

        } else if (ngx_http_review_headers_is_token(&range, range.len,
                                                    "application/json"))
        {
            *json = ngx_http_review_headers_accept_weight(p, end);
        }
    }
}


ngx_uint_t
ngx_http_review_headers_accepts(ngx_http_request_t *r, const char *type)
{
    ngx_uint_t        i, weight, json;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    weight = 0;
    json = 0;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (ngx_http_review_headers_is_token(&h[i].key, h[i].key.len,
                                             "Accept")) {
            ngx_http_review_headers_accept_line(&h[i].value, type, &weight,
                                                &json);
        }
    }

    return weight && weight >= json;
}


ngx_table_elt_t *
ngx_http_review_headers_find(ngx_list_t *headers, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);
    part = &headers->part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash
            && h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i];
        }
    }
}


/* the key must be a constant, the value must live as long as the pool */

ngx_int_t
ngx_http_review_headers_add(ngx_list_t *headers, ngx_pool_t *pool,
    const char *key, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value = *value;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    h->lowcase_key = ngx_pnalloc(pool, h->key.len);
    if (h->lowcase_key == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);

    return NGX_OK;
}


ngx_int_t
ngx_http_review_headers_add_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds)
{
    u_char     *p;
    ngx_str_t   value;

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%ui", seconds) - p;

    return ngx_http_review_headers_add(&r->headers_out.headers, r->pool,
                                       "Retry-After", &value);
}
