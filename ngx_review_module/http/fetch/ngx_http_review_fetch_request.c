
/* What a client asks to have downloaded: URLs, and names to save them as. */

#include "http/fetch/ngx_http_review_fetch.h"
#include "http/request/ngx_http_review_reply.h"

#include "review/base/utf8.h"
#include "review/json/json.h"


#define NGX_HTTP_REVIEW_FETCH_URLS  10000


/* what names are sorted by; the places tell which of them came first */

static int
ngx_http_review_fetch_compare(const void *one, const void *two)
{
    int                            rc;
    size_t                         len;
    ngx_http_review_fetch_item_t  *a, *b;

    a = *(ngx_http_review_fetch_item_t **) one;
    b = *(ngx_http_review_fetch_item_t **) two;

    len = ngx_min(a->name.len, b->name.len);
    rc = memcmp(a->name.data, b->name.data, len);

    if (rc == 0 && a->name.len != b->name.len) {
        rc = a->name.len < b->name.len ? -1 : 1;
    }

    return rc ? rc : (a < b ? -1 : a > b);
}


/* why it can't be a name of a file below a folder; NULL: it can */

static const char *
ngx_http_review_fetch_bad_name(review_str_t *name)
{
    size_t       len;
    const char  *p, *last, *end;

    if (name->len > NGX_HTTP_REVIEW_FETCH_NAME) {
        return "is longer than 1024 bytes";
    }

    if (review_utf8_valid(name->data, name->len) != name->len) {
        return "is not valid UTF-8";
    }

    last = name->data + name->len;

    for (p = name->data; p < last; p++) {
        if ((u_char) *p < ' ' || *p == 0x7f) {
            return "has a control character";
        }
    }

    for (p = name->data; /* void */ ; p = end + 1) {
        end = memchr(p, '/', last - p);
        end = end ? end : last;
        len = end - p;

        if (len == 0) {
            return "is empty, or a part between slashes is";
        }

        if (len > NGX_HTTP_REVIEW_FETCH_SEGMENT) {
            return "has a part of more than 255 bytes";
        }

        if (p[0] == '.' && (len == 1 || (len == 2 && p[1] == '.'))) {
            return "has \".\" or \"..\" as a part";
        }

        if (len >= sizeof(NGX_HTTP_REVIEW_FETCH_BEGUN) - 1
            && memcmp(p, NGX_HTTP_REVIEW_FETCH_BEGUN,
                      sizeof(NGX_HTTP_REVIEW_FETCH_BEGUN) - 1)
               == 0)
        {
            return "begins as names of unfinished files do";
        }

        if (end == last) {
            return NULL;
        }
    }
}


static ngx_int_t
ngx_http_review_fetch_refuse(ngx_http_review_fetch_t *fetch, const char *array,
    size_t i, const char *why)
{
    char  pointer[REVIEW_ERROR_POINTER];

    (void) review_pointer_index(pointer, array, i);

    return ngx_http_review_problem(&fetch->ctx, NGX_HTTP_UNPROCESSABLE,
                                   pointer, why);
}


/* from the URL; one that is refused anyway needs none */

static ngx_int_t
ngx_http_review_fetch_own_name(ngx_http_review_fetch_t *fetch, size_t i)
{
    review_url_t                   url;
    ngx_http_review_fetch_item_t  *item;

    item = &fetch->items[i];

    if (review_url_parse(fetch->ctx.pool, item->url.data, item->url.len, &url)
        != REVIEW_URL_OK)
    {
        return NGX_OK;
    }

    item->name = url.name;

    if (memchr(url.name.data, '/', url.name.len)
        || ngx_http_review_fetch_bad_name(&url.name))
    {
        return ngx_http_review_fetch_refuse(fetch, "/urls", i,
                                            "does not end with a name to save "
                                            "it as: \"save_as\" may tell one");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_fetch_name(ngx_http_review_fetch_t *fetch, json_t *save_as,
    size_t i)
{
    char                           pointer[REVIEW_ERROR_POINTER];
    json_t                        *value;
    const char                    *why;
    review_error_t                 err;
    ngx_http_review_fetch_item_t  *item;

    item = &fetch->items[i];
    value = json_array_get(save_as, i);

    if (value == NULL || json_is_null(value)) {
        return ngx_http_review_fetch_own_name(fetch, i);
    }

    (void) review_pointer_index(pointer, "/save_as", i);

    if (review_json_text(value, pointer, 0, SIZE_MAX, &item->name, &err)
        != 0)
    {
        return ngx_http_review_problem(&fetch->ctx, NGX_HTTP_BAD_REQUEST,
                                       err.pointer, err.text);
    }

    why = ngx_http_review_fetch_bad_name(&item->name);

    return why ? ngx_http_review_fetch_refuse(fetch, "/save_as", i, why)
               : NGX_OK;
}


static ngx_int_t
ngx_http_review_fetch_duplicates(ngx_http_review_fetch_t *fetch,
    json_t *save_as)
{
    size_t                          i, n;
    json_t                         *value;
    ngx_http_review_fetch_item_t  **sorted;

    sorted = ngx_palloc(fetch->ctx.request->pool,
                        fetch->nitems * sizeof(void *));
    if (sorted == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < fetch->nitems; i++) {
        if (fetch->items[i].name.data) {
            sorted[n++] = &fetch->items[i];
        }
    }

    qsort(sorted, n, sizeof(void *), ngx_http_review_fetch_compare);

    for (i = 1; i < n; i++) {

        if (sorted[i]->name.len == sorted[i - 1]->name.len
            && memcmp(sorted[i]->name.data, sorted[i - 1]->name.data,
                      sorted[i]->name.len)
               == 0)
        {
            n = sorted[i] - fetch->items;
            value = json_array_get(save_as, n);

            return ngx_http_review_fetch_refuse(fetch,
                                         json_is_string(value) ? "/save_as"
                                                               : "/urls", n,
                                         "would be saved under the name of "
                                         "one before it");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_fetch_names(ngx_http_review_fetch_t *fetch, json_t *save_as)
{
    size_t     i;
    ngx_int_t  rc;

    if (ngx_http_review_fetch_conf(&fetch->ctx)->path.len == 0
        && ngx_http_review_store_conf(&fetch->ctx)->store == NULL)
    {
        return save_as == NULL
               ? NGX_OK
               : ngx_http_review_problem(&fetch->ctx, NGX_HTTP_UNPROCESSABLE,
                                         "/save_as", "nothing is saved here");
    }

    if (save_as && json_array_size(save_as) != fetch->nitems) {
        return ngx_http_review_refuse(&fetch->ctx, NGX_HTTP_UNPROCESSABLE,
                                      "/save_as", "has %zu names for %zu URLs",
                                      json_array_size(save_as),
                                      (size_t) fetch->nitems);
    }

    for (i = 0; i < fetch->nitems; i++) {
        rc = ngx_http_review_fetch_name(fetch, save_as, i);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_review_fetch_duplicates(fetch, save_as);
}


static ngx_int_t
ngx_http_review_fetch_urls(ngx_http_review_fetch_t *fetch, json_t *urls)
{
    char             pointer[REVIEW_ERROR_POINTER];
    size_t           i;
    json_t          *value;
    review_error_t   err;

    fetch->nitems = json_array_size(urls);

    if (fetch->nitems == 0) {
        return ngx_http_review_problem(&fetch->ctx, NGX_HTTP_BAD_REQUEST,
                                       "/urls", "is empty");
    }

    if (fetch->nitems > NGX_HTTP_REVIEW_FETCH_URLS) {
        return ngx_http_review_refuse(&fetch->ctx, NGX_HTTP_UNPROCESSABLE,
                                      "/urls", "has %zu URLs, at most %d are "
                                      "allowed", (size_t) fetch->nitems,
                                      NGX_HTTP_REVIEW_FETCH_URLS);
    }

    fetch->items = ngx_pcalloc(fetch->ctx.request->pool,
                               fetch->nitems
                               * sizeof(ngx_http_review_fetch_item_t));
    if (fetch->items == NULL) {
        return NGX_ERROR;
    }

    json_array_foreach(urls, i, value) {
        (void) review_pointer_index(pointer, "/urls", i);

        if (review_json_text(value, pointer, 1, SIZE_MAX,
                             &fetch->items[i].url, &err)
            != 0)
        {
            return ngx_http_review_problem(&fetch->ctx, NGX_HTTP_BAD_REQUEST,
                                           err.pointer, err.text);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_fetch_request(ngx_http_review_fetch_t *fetch)
{
    json_t          *urls, *save_as;
    ngx_int_t        rc;
    review_error_t   err;

    static const char *const  names[] = { "urls", "save_as", NULL };

    urls = NULL;
    save_as = NULL;

    if (review_json_known(fetch->ctx.body, "", names, &err) != 0
        || review_json_member(fetch->ctx.body, "", "urls", JSON_ARRAY, &urls,
                              &err)
           == -1
        || review_json_member(fetch->ctx.body, "", "save_as", JSON_ARRAY,
                              &save_as, &err)
           == -1)
    {
        return ngx_http_review_problem(&fetch->ctx, NGX_HTTP_BAD_REQUEST,
                                       err.pointer, err.text);
    }

    if (urls == NULL) {
        return ngx_http_review_problem(&fetch->ctx, NGX_HTTP_BAD_REQUEST,
                                       "/urls",
                                       "is missing: what to download");
    }

    rc = ngx_http_review_fetch_urls(fetch, urls);

    return rc == NGX_OK ? ngx_http_review_fetch_names(fetch, save_as) : rc;
}
