
/*
 * Proves that no URL makes its reader read or write outside of it, and that
 * what is understood is written in a form that is understood in the same way,
 * and that curl can't take for something else.
 */

#include "check.h"
#include "review/net/url.h"


static void
check_url(int good, const review_url_t *url, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s: %.*s\n", what, (int) url->text.len,
                url->text.data);
        abort();
    }
}


static void
again(review_pool_t *pool, const review_url_t *url)
{
    size_t        i;
    review_url_t  other;

    for (i = 0; i < url->text.len; i++) {
        check_url(url->text.data[i] > ' ' && url->text.data[i] < 0x7f
                  && url->text.data[i] != '\\' && url->text.data[i] != '#',
                  url, "an odd byte");
    }

    if (url->text.len > REVIEW_URL_MAX) {
        return;
    }

    check_url(review_url_parse(pool, url->text.data, url->text.len, &other)
              == REVIEW_URL_OK, url, "not understood again");
    check_url(other.text.len == url->text.len
              && memcmp(other.text.data, url->text.data, url->text.len) == 0
              && other.port == url->port && other.host.len == url->host.len
              && memcmp(&other.address, &url->address, sizeof(url->address))
                 == 0,
              url, "understood in another way");
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    review_url_t     url, from;
    review_pool_t   *pool;

    pool = tap_pool();

    if (review_url_parse(pool, (const char *) data, size, &url)
        == REVIEW_URL_OK)
    {
        again(pool, &url);
    }

    (void) review_url_parse(pool, "https://[::1]:81/x", 18, &from);

    if (review_url_follow(pool, &from, (const char *) data, size, &url)
        == REVIEW_URL_OK)
    {
        again(pool, &url);
    }

    tap_pool_free(pool);

    return 0;
}
