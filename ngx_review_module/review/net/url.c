
/*
 * What a URL says is what libcurl says, which will ask for it: see url.h.  Its
 * versions differ in what they forgive, and programs in what they take a host
 * for, so what it has read in another way than it is written is refused.
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "review/base/buf.h"
#include "review/net/url.h"


/* as it goes over the wire: without a fragment, odd bytes encoded */

static review_url_e
review_url_encode(review_buf_t *b, const char *p, const char *last)
{
    unsigned char  c;

    static const char  hex[] = "0123456789ABCDEF";

    for ( /* void */ ; p < last && *p != '#'; p++) {
        c = *p;

        if (c <= ' ' || c == 0x7f
            || (c == '%' && (last - p < 3 || !isxdigit((unsigned char) p[1])
                             || !isxdigit((unsigned char) p[2]))))
        {
            return REVIEW_URL_BAD;
        }

        if (c > 0x7f || strchr("\"<>^`{|}", c)) {
            review_buf_puts(b, "%");
            review_buf_add(b, &hex[c >> 4], 1);
            review_buf_add(b, &hex[c & 15], 1);

        } else {
            review_buf_add(b, p, 1);
        }
    }

    review_buf_add(b, "", 1);

    return b->failed ? REVIEW_URL_MEMORY : REVIEW_URL_OK;
}


/* one that every URL of ours has; NULL: no memory */

static char *
review_url_part(review_pool_t *pool, CURLU *curl, CURLUPart what,
    unsigned flags)
{
    char    *part, *copy;
    size_t   size;

    if (curl_url_get(curl, what, &part, flags) != CURLUE_OK) {
        return NULL;
    }

    size = strlen(part) + 1;
    copy = review_alloc(pool, size);

    if (copy) {
        memcpy(copy, part, size);
    }

    curl_free(part);

    return copy;
}


/*
 * What follows the host: libcurl takes a port without digits, or with too
 * many, and some versions drop a dot.
 */

static review_url_e
review_url_port(const char *p, int port)
{
    size_t  digits;

    digits = *p == ':' ? strspn(p + 1, "0123456789")
                       : strchr("/?", *p) != NULL;

    return digits >= 1 && digits <= 5 && port > 0 ? REVIEW_URL_OK
                                                  : REVIEW_URL_BAD;
}


/* "p" is the authority, which has no user, and "host" what was made of it */

static review_url_e
review_url_host(const char *p, char *host, review_url_t *url)
{
    size_t  len;

    if (*p == '[') {
        len = strcspn(p, "]") + 1;

        return review_address_parse(&url->address, p + 1, len - 2) == 0
               ? review_url_port(p + len, url->port) : REVIEW_URL_BAD;
    }

    len = strlen(host);

    /* not so "127.1", "0x7f000001", "%61" */

    if (strncasecmp(p, host, len) != 0) {
        return REVIEW_URL_BAD;
    }

    if (review_address_parse(&url->address, host, len) != 0) {
        url->host.data = host;
        url->host.len = review_address_host_name(host, host, len);

        if (url->host.len == 0) {
            return REVIEW_URL_BAD;
        }

        host[url->host.len] = '\0';
    }

    return review_url_port(p + len, url->port);
}


/* as it is written in the end; "text" has room for an address */

static const char *
review_url_host_text(const review_url_t *url, char *text)
{
    if (url->host.len) {
        return url->host.data;
    }

    if (review_address_is_v4(&url->address)) {
        return inet_ntop(AF_INET, url->address.bytes + 12, text,
                         INET6_ADDRSTRLEN);
    }

    text[0] = '[';
    inet_ntop(AF_INET6, url->address.bytes, text + 1, INET6_ADDRSTRLEN);

    return strcat(text, "]");
}


/* the last segment of the path, decoded */

static int
review_url_name(review_pool_t *pool, review_url_t *url)
{
    int          len;
    char        *name, *copy;
    const char  *p, *last;

    last = url->path.data + strcspn(url->path.data, "?");

    for (p = last; p[-1] != '/'; p--) { /* void */ }

    if (p == last) {
        return 0;
    }

    name = curl_easy_unescape(NULL, p, last - p, &len);
    copy = name ? review_alloc(pool, len) : NULL;

    if (copy) {
        memcpy(copy, name, len);
        url->name.data = copy;
        url->name.len = len;
    }

    curl_free(name);

    return copy ? 0 : -1;
}


/* written anew, with a host that nobody reads in another way */

static review_url_e
review_url_write(review_pool_t *pool, CURLU *curl, review_url_t *url)
{
    char         address[INET6_ADDRSTRLEN + 2];
    const char  *text;

    if (curl_url_set(curl, CURLUPART_HOST, review_url_host_text(url, address),
                     0)
        != CURLUE_OK)
    {
        return REVIEW_URL_BAD;
    }

    text = review_url_part(pool, curl, CURLUPART_URL, CURLU_NO_DEFAULT_PORT);

    if (text == NULL) {
        return REVIEW_URL_MEMORY;
    }

    url->text.data = text;
    url->text.len = strlen(text);

    text = strchr(text + sizeof("https://") - 1, '/');

    url->path.data = text;
    url->path.len = strlen(text);

    return review_url_name(pool, url) == 0 ? REVIEW_URL_OK : REVIEW_URL_MEMORY;
}


/* "text" is what libcurl has understood */

static review_url_e
review_url_check(review_pool_t *pool, CURLU *curl, const char *text,
    review_url_t *url)
{
    char          *scheme, *host, *port;
    review_url_e   rc;

    scheme = review_url_part(pool, curl, CURLUPART_SCHEME, 0);

    if (scheme == NULL) {
        return REVIEW_URL_MEMORY;
    }

    url->https = (strcmp(scheme, "https") == 0);

    if (!url->https && strcmp(scheme, "http") != 0) {
        return REVIEW_URL_SCHEME;
    }

    text += strlen(scheme);

    if (strncmp(text, "://", 3) != 0 || strchr(text, '\\')) {
        return REVIEW_URL_BAD;
    }

    host = review_url_part(pool, curl, CURLUPART_HOST, 0);
    port = review_url_part(pool, curl, CURLUPART_PORT, CURLU_DEFAULT_PORT);

    if (host == NULL || port == NULL) {
        return REVIEW_URL_MEMORY;
    }

    url->port = atoi(port);
    rc = review_url_host(text + 3, host, url);

    return rc == REVIEW_URL_OK ? review_url_write(pool, curl, url) : rc;
}


static review_url_e
review_url_read(review_pool_t *pool, const char *data, size_t len,
    review_url_t *url)
{
    CURLU         *curl;
    review_buf_t   b;
    review_url_e   rc;

    memset(url, 0, sizeof(*url));
    url->name.data = "";

    review_buf_init(&b, pool, len + 1);

    rc = review_url_encode(&b, data, data + len);
    if (rc != REVIEW_URL_OK) {
        return rc;
    }

    curl = curl_url();

    if (curl == NULL) {
        return REVIEW_URL_MEMORY;
    }

    switch (curl_url_set(curl, CURLUPART_URL, b.data,
                         CURLU_PATH_AS_IS|CURLU_DISALLOW_USER))
    {
    case CURLUE_OK:
        rc = review_url_check(pool, curl, b.data, url);
        break;

    case CURLUE_UNSUPPORTED_SCHEME:
        rc = isalpha((unsigned char) *b.data) ? REVIEW_URL_SCHEME
                                              : REVIEW_URL_BAD;
        break;

    case CURLUE_USER_NOT_ALLOWED:
        rc = strchr(b.data, '\\') ? REVIEW_URL_BAD : REVIEW_URL_USERINFO;
        break;

    case CURLUE_OUT_OF_MEMORY:
        rc = REVIEW_URL_MEMORY;
        break;

    default:
        rc = REVIEW_URL_BAD;
    }

    curl_url_cleanup(curl);

    return rc;
}


review_url_e
review_url_parse(review_pool_t *pool, const char *data, size_t len,
    review_url_t *url)
{
    return len > REVIEW_URL_MAX ? REVIEW_URL_BAD
                                : review_url_read(pool, data, len, url);
}


review_url_e
review_url_follow(review_pool_t *pool, const review_url_t *from,
    const char *data, size_t len, review_url_t *url)
{
    review_buf_t  b;
    review_url_e  rc;

    if (len == 0 || len > REVIEW_URL_MAX) {
        return REVIEW_URL_BAD;
    }

    review_buf_init(&b, pool, from->text.len + len);

    if (len > 1 && memcmp(data, "//", 2) == 0) {
        review_buf_puts(&b, from->https ? "https:" : "http:");

    } else if (data[0] == '/') {
        review_buf_add(&b, from->text.data,
                       from->text.len - from->path.len);
    }

    review_buf_add(&b, data, len);

    if (b.failed) {
        return REVIEW_URL_MEMORY;
    }

    rc = review_url_read(pool, b.data, b.len, url);

    return rc == REVIEW_URL_OK && from->https && !url->https
           ? REVIEW_URL_DOWNGRADE : rc;
}
