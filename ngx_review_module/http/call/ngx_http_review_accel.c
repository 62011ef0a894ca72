
/*
 * A backend's answer orders nothing.  nginx obeys its X-Accel-... headers as
 * soon as it reads them: X-Accel-Redirect would have us take any internal
 * location, or a file, for the answer.  In our subrequests they are no more
 * than lines; those of other requests mean what they always mean.
 *
 * nginx finds what to do with a header in a table that proxy_pass and all of
 * its kind share, also where an answer comes from a cache.  The table is made
 * for each configuration anew, what it points at is not.
 */

#include "http/call/ngx_http_review_call.h"


static ngx_str_t  ngx_http_review_accel_headers[] = {
    ngx_string("x-accel-redirect"),
    ngx_string("x-accel-expires"),
    ngx_string("x-accel-limit-rate"),
    ngx_string("x-accel-buffering"),
    ngx_string("x-accel-charset"),
    ngx_null_string
};


/* "data" is nginx's own entry */

static ngx_int_t
ngx_http_review_accel_read(ngx_http_request_t *r, ngx_table_elt_t *h,
    ngx_uint_t data)
{
    ngx_str_t                   *redirect;
    ngx_http_upstream_header_t  *header;

    redirect = &ngx_http_review_accel_headers[0];
    header = (ngx_http_upstream_header_t *) data;

    if (ngx_http_review_subrequest_of(r) == NULL) {
        return header->handler(r, h, header->offset);
    }

    /* the others are what honest servers send, too */

    if (h->key.len == redirect->len
        && ngx_strncmp(h->lowcase_key, redirect->data, redirect->len) == 0)
    {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "review: \"X-Accel-Redirect\" in an answer of \"%V\" "
                      "is not obeyed",
                      &r->uri);
    }

    return NGX_OK;
}


static ngx_hash_elt_t *
ngx_http_review_accel_find(ngx_hash_t *hash, ngx_str_t *name)
{
    ngx_uint_t       key;
    ngx_hash_elt_t  *elt;

    key = ngx_hash_key(name->data, name->len);
    elt = hash->buckets[key % hash->size];

    while (elt && elt->value) {

        if (elt->len == name->len
            && ngx_memcmp(elt->name, name->data, name->len) == 0)
        {
            return elt;
        }

        elt = (ngx_hash_elt_t *) ngx_align_ptr(&elt->name[0] + elt->len,
                                               sizeof(void *));
    }

    return NULL;
}


ngx_int_t
ngx_http_review_accel_init(ngx_conf_t *cf)
{
    ngx_str_t                      *name;
    ngx_hash_elt_t                 *elt;
    ngx_http_upstream_header_t     *header;
    ngx_http_upstream_main_conf_t  *umcf;

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);

    for (name = ngx_http_review_accel_headers; name->len; name++) {
        elt = ngx_http_review_accel_find(&umcf->headers_in_hash, name);

        if (elt == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "review: nginx has no entry for \"%V\"", name);
            return NGX_ERROR;
        }

        header = ngx_palloc(cf->pool, sizeof(ngx_http_upstream_header_t));
        if (header == NULL) {
            return NGX_ERROR;
        }

        *header = *(ngx_http_upstream_header_t *) elt->value;
        header->handler = ngx_http_review_accel_read;
        header->offset = (ngx_uint_t) elt->value;

        elt->value = header;
    }

    return NGX_OK;
}
