
#include "review/request/fetch_request.h"
#include "review/base/utf8.h"
#include "review/json/json.h"
#include "review/net/url.h"
#include "review/request/request.h"

#include <stdlib.h>


#define REVIEW_FETCH_URLS  10000


typedef struct {
    json_t        *urls;
    json_t        *save_as;
} review_fetch_body_t;


const review_member_t  review_fetch_members[] = {
    review_member("urls", ARRAY, review_fetch_body_t, urls,
                  .missing = "is missing: what to download"),
    review_member("save_as", ARRAY, review_fetch_body_t, save_as),
    review_member_end
};


/* what names are sorted by; the places tell which of them came first */

static int
review_fetch_request_compare(const void *one, const void *two)
{
    int                  rc;
    size_t               len;
    review_fetch_url_t  *a, *b;

    a = *(review_fetch_url_t **) one;
    b = *(review_fetch_url_t **) two;

    len = a->name.len < b->name.len ? a->name.len : b->name.len;
    rc = memcmp(a->name.data, b->name.data, len);

    if (rc == 0 && a->name.len != b->name.len) {
        rc = a->name.len < b->name.len ? -1 : 1;
    }

    return rc ? rc : (a < b ? -1 : a > b);
}


/* why it can't be a name of a file below a folder; NULL: it can */

static const char *
review_fetch_request_bad_name(review_str_t *name)
{
    size_t       len;
    const char  *p, *last, *end;

    if (name->len > REVIEW_FETCH_NAME) {
        return "is longer than 1024 bytes";
    }

    if (review_utf8_valid(name->data, name->len) != name->len) {
        return "is not valid UTF-8";
    }

    last = name->data + name->len;

    for (p = name->data; p < last; p++) {
        if ((unsigned char) *p < ' ' || *p == 0x7f) {
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

        if (len > REVIEW_FETCH_SEGMENT) {
            return "has a part of more than 255 bytes";
        }

        if (p[0] == '.' && (len == 1 || (len == 2 && p[1] == '.'))) {
            return "has \".\" or \"..\" as a part";
        }

        if (len >= sizeof(REVIEW_FETCH_BEGUN) - 1
            && memcmp(p, REVIEW_FETCH_BEGUN, sizeof(REVIEW_FETCH_BEGUN) - 1)
               == 0)
        {
            return "begins as names of unfinished files do";
        }

        if (end == last) {
            return NULL;
        }
    }
}


static int
review_fetch_request_refuse(review_error_t *err, const char *array, size_t i,
    const char *why)
{
    char  at[REVIEW_ERROR_POINTER];

    (void) review_json_member_pointer_index(at, array, i);

    return review_refuse(err, 422, at, "%s", why);
}


/* from the URL; one that is refused anyway needs none */

static int
review_fetch_request_own_name(review_pool_t *pool, review_fetch_url_t *item,
    size_t i, review_error_t *err)
{
    review_url_t  url;

    if (review_url_parse(pool, item->url.data, item->url.len, &url)
        != REVIEW_URL_OK)
    {
        return 0;
    }

    item->name = url.name;

    if (memchr(url.name.data, '/', url.name.len)
        || review_fetch_request_bad_name(&url.name))
    {
        return review_fetch_request_refuse(err, "/urls", i, "does not end "
                                           "with a name to save it as: "
                                           "\"save_as\" may tell one");
    }

    return 0;
}


static int
review_fetch_request_name(review_pool_t *pool, review_fetch_url_t *item,
    json_t *save_as, size_t i, review_error_t *err)
{
    char         at[REVIEW_ERROR_POINTER];
    json_t      *value;
    const char  *why;

    value = json_array_get(save_as, i);

    if (value == NULL || json_is_null(value)) {
        return review_fetch_request_own_name(pool, item, i, err);
    }

    (void) review_json_member_pointer_index(at, "/save_as", i);

    if (review_json_member_text(value, at, 0, SIZE_MAX, &item->name, err)
        != 0) {
        return 400;
    }

    why = review_fetch_request_bad_name(&item->name);

    return why ? review_fetch_request_refuse(err, "/save_as", i, why) : 0;
}


static int
review_fetch_request_duplicates(review_pool_t *pool,
    review_fetch_request_t *request, json_t *save_as, review_error_t *err)
{
    size_t                i, n;
    review_fetch_url_t  **sorted;

    sorted = review_alloc(pool, request->n * sizeof(void *));

    if (sorted == NULL) {
        return -1;
    }

    for (i = 0, n = 0; i < request->n; i++) {
        if (request->urls[i].name.data) {
            sorted[n++] = &request->urls[i];
        }
    }

    qsort(sorted, n, sizeof(void *), review_fetch_request_compare);

    for (i = 1; i < n; i++) {

        if (review_request_same(&sorted[i]->name, &sorted[i - 1]->name)) {
            n = (size_t) (sorted[i] - request->urls);

            return review_fetch_request_refuse(
                err, json_is_string(json_array_get(save_as, n))
                ? "/save_as" : "/urls", n, "would be saved under the name of "
                "one before it");
        }
    }

    return 0;
}


static int
review_fetch_request_names(review_pool_t *pool, json_t *save_as,
    const review_fetch_given_t *given, review_fetch_request_t *request,
    review_error_t *err)
{
    int     rc;
    size_t  i;

    if (!given->saves) {
        return save_as == NULL ? 0
               : review_refuse(err, 422, "/save_as", "nothing is saved here");
    }

    if (save_as && json_array_size(save_as) != request->n) {
        return review_refuse(err, 422, "/save_as", "has %zu names for %zu "
                             "URLs", json_array_size(save_as), request->n);
    }

    for (i = 0; i < request->n; i++) {
        rc = review_fetch_request_name(pool, &request->urls[i], save_as, i,
                                       err);

        if (rc) {
            return rc;
        }
    }

    return review_fetch_request_duplicates(pool, request, save_as, err);
}


static int
review_fetch_request_urls(review_pool_t *pool, json_t *urls,
    review_fetch_request_t *request, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    size_t   i;
    json_t  *value;

    request->n = json_array_size(urls);

    if (request->n == 0) {
        return review_refuse(err, 400, "/urls", "is empty");
    }

    if (request->n > REVIEW_FETCH_URLS) {
        return review_refuse(err, 422, "/urls", "has %zu URLs, at most %d are "
                             "allowed", request->n, REVIEW_FETCH_URLS);
    }

    request->urls = review_alloc(pool,
                                 request->n * sizeof(review_fetch_url_t));

    if (request->urls == NULL) {
        return -1;
    }

    memset(request->urls, 0, request->n * sizeof(review_fetch_url_t));

    json_array_foreach(urls, i, value) {
        (void) review_json_member_pointer_index(at, "/urls", i);

        if (review_json_member_text(value, at, 1, SIZE_MAX,
                                    &request->urls[i].url, err) != 0)
        {
            return 400;
        }
    }

    return 0;
}


int
review_fetch_request(review_pool_t *pool, json_t *body,
    const review_fetch_given_t *given, review_fetch_request_t *request,
    review_error_t *err)
{
    int                  rc;
    review_fetch_body_t  members;

    memset(&members, 0, sizeof(members));

    review_json_object_drop_nulls(body);

    if (review_json_object(body, "", review_fetch_members, &members, err)
        != 0)
    {
        return 400;
    }

    rc = review_fetch_request_urls(pool, members.urls, request, err);

    return rc ? rc : review_fetch_request_names(pool, members.save_as, given,
                                                request, err);
}
