
/*
 * Proves, for any JSON, that a request to fetch is either taken, with names
 * that lead nowhere but below a folder and are each there once, or refused with
 * a pointer to what is wrong.
 */

#include "request.h"
#include "review/request/fetch_request.h"


/* as a part between slashes */

static int
has_part(const review_str_t *name, const char *part)
{
    char  *padded, *found;
    char   wanted[16];

    padded = malloc(name->len + 3);
    padded[0] = '/';
    memcpy(padded + 1, name->data, name->len);
    memcpy(padded + 1 + name->len, "/", 2);

    snprintf(wanted, sizeof(wanted), "/%s/", part);
    found = strstr(padded, wanted);

    free(padded);

    return found != NULL;
}


static void
check_request(const review_fetch_request_t *request, int saves)
{
    size_t               i, k;
    const review_str_t  *name;

    check(request->n > 0 && request->n <= 10000);

    for (i = 0; i < request->n; i++) {
        fuzz_text(&request->urls[i].url, SIZE_MAX);
        check(request->urls[i].url.len > 0);

        name = &request->urls[i].name;

        if (name->data == NULL) {
            continue;
        }

        check(saves);
        fuzz_text(name, REVIEW_FETCH_NAME);
        check(name->len > 0 && memchr(name->data, '\0', name->len) == NULL);
        check(!has_part(name, "") && !has_part(name, ".")
              && !has_part(name, ".."));

        for (k = 0; k < i && k < 100; k++) {
            check(request->urls[k].name.data == NULL
                  || !fuzz_same(name, &request->urls[k].name));
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                      rc;
    json_t                  *body;
    review_pool_t           *pool;
    review_error_t           err;
    review_fetch_given_t     given;
    review_fetch_request_t   request;

    pool = tap_pool();
    body = fuzz_body(pool, data, size, review_fetch_members);

    given.saves = size % 8 > 0;

    if (body) {
        rc = review_fetch_request(pool, body, &given, &request, &err);

        if (rc) {
            fuzz_refused(body, rc, &err);

        } else {
            check(!fuzz_unknown);
            check_request(&request, given.saves);
        }
    }

    tap_pool_free(pool);

    return 0;
}
