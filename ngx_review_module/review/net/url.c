
#include <arpa/inet.h>
#include <stdio.h>

#include "review/base/buf.h"
#include "review/net/url.h"


#define REVIEW_URL_HOST  254


static int
review_url_hex(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* the scheme's length, 0: there is none */

static size_t
review_url_scheme(const char *data, size_t len)
{
    int     c;
    size_t  i;

    for (i = 0; i < len; i++) {
        c = (unsigned char) data[i] | 0x20;

        if (c >= 'a' && c <= 'z') {
            continue;
        }

        if (data[i] == ':') {
            return i;
        }

        if (i == 0 || !((data[i] >= '0' && data[i] <= '9') || data[i] == '+'
                        || data[i] == '-' || data[i] == '.'))
        {
            return 0;
        }
    }

    return 0;
}


static int
review_url_is(const char *data, size_t len, const char *word)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (word[i] == '\0' || ((unsigned char) data[i] | 0x20) != word[i]) {
            return 0;
        }
    }

    return word[len] == '\0';
}


/* digits behind ":", up to the authority's end */

static int
review_url_port(const char *p, const char *last)
{
    int  port;

    if (p == last || last - p > 5) {
        return -1;
    }

    for (port = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return -1;
        }

        port = port * 10 + (*p - '0');
    }

    return port > 0 && port <= 65535 ? port : -1;
}


/* "[address]"; returns what follows, or NULL */

static const char *
review_url_literal(const char *p, const char *last, review_url_t *url)
{
    const char  *end;

    end = memchr(p, ']', last - p);

    if (end == NULL || memchr(p, ':', end - p) == NULL
        || review_address_parse(&url->address, p + 1, end - p - 1) != 0)
    {
        return NULL;
    }

    return end + 1;
}


static review_url_e
review_url_host(review_pool_t *pool, const char *p, const char *last,
    review_url_t *url)
{
    char        *name;
    const char  *end;

    if (p < last && *p == '[') {
        end = review_url_literal(p, last, url);

        if (end == NULL) {
            return REVIEW_URL_BAD;
        }

    } else {
        end = memchr(p, ':', last - p);
        end = end ? end : last;

        if (end == p || end - p > REVIEW_URL_HOST) {
            return REVIEW_URL_BAD;
        }

        if (review_address_parse(&url->address, p, end - p) != 0) {
            name = review_alloc(pool, end - p);

            if (name == NULL) {
                return REVIEW_URL_MEMORY;
            }

            url->host.data = name;
            url->host.len = review_host_name(name, p, end - p);

            if (url->host.len == 0) {
                return REVIEW_URL_BAD;
            }
        }
    }

    url->port = url->https ? 443 : 80;

    if (end < last) {
        url->port = *end == ':' ? review_url_port(end + 1, last) : -1;
    }

    return url->port > 0 ? REVIEW_URL_OK : REVIEW_URL_BAD;
}


/* the path and the query, up to a fragment */

static review_url_e
review_url_path(review_buf_t *b, const char *p, const char *last)
{
    unsigned char  c;

    static const char  hex[] = "0123456789ABCDEF";

    if (p == last || *p != '/') {
        review_buf_puts(b, "/");
    }

    for ( /* void */ ; p < last && *p != '#'; p++) {
        c = *p;

        if (c <= ' ' || c == 0x7f || c == '\\') {
            return REVIEW_URL_BAD;
        }

        if (c == '%' && (last - p < 3 || review_url_hex(p[1]) == -1
                         || review_url_hex(p[2]) == -1))
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

    return REVIEW_URL_OK;
}


static void
review_url_origin(review_buf_t *b, const review_url_t *url)
{
    char  text[INET6_ADDRSTRLEN];

    review_buf_puts(b, url->https ? "https://" : "http://");

    if (url->host.len) {
        review_buf_str(b, &url->host);

    } else if (review_address_is_v4(&url->address)) {
        inet_ntop(AF_INET, url->address.bytes + 12, text, sizeof(text));
        review_buf_puts(b, text);

    } else {
        inet_ntop(AF_INET6, url->address.bytes, text, sizeof(text));
        review_buf_puts(b, "[");
        review_buf_puts(b, text);
        review_buf_puts(b, "]");
    }

    if (url->port != (url->https ? 443 : 80)) {
        review_buf_puts(b, ":");
        review_buf_number(b, url->port);
    }
}


/* the last segment of the path, decoded */

static int
review_url_name(review_pool_t *pool, review_url_t *url)
{
    char        *dst;
    size_t       len;
    const char  *p, *last;

    p = url->path.data;
    last = memchr(p, '?', url->path.len);
    last = last ? last : p + url->path.len;

    for (len = 0; last[-1 - (ptrdiff_t) len] != '/'; len++) { /* void */ }

    dst = review_alloc(pool, len + 1);
    if (dst == NULL) {
        return -1;
    }

    url->name.data = dst;

    for (p = last - len; p < last; p++) {

        if (*p == '%') {
            *dst++ = (char) (review_url_hex(p[1]) << 4 | review_url_hex(p[2]));
            p += 2;

        } else {
            *dst++ = *p;
        }
    }

    url->name.len = dst - url->name.data;

    return 0;
}


/* "p" is what follows the authority */

static review_url_e
review_url_write(review_pool_t *pool, review_url_t *url, const char *p,
    const char *last)
{
    size_t        origin;
    review_buf_t  b;
    review_url_e  rc;

    review_buf_init(&b, pool, last - p + REVIEW_URL_HOST + 32);
    review_url_origin(&b, url);

    origin = b.len;
    rc = review_url_path(&b, p, last);

    if (rc != REVIEW_URL_OK) {
        return rc;
    }

    if (b.failed) {
        return REVIEW_URL_MEMORY;
    }

    url->text.data = b.data;
    url->text.len = b.len;
    url->path.data = b.data + origin;
    url->path.len = b.len - origin;

    return review_url_name(pool, url) == 0 ? REVIEW_URL_OK
                                           : REVIEW_URL_MEMORY;
}


/* behind "//": an authority, which has no bytes that anybody reads twice */

static review_url_e
review_url_rest(review_pool_t *pool, const char *p, const char *last,
    review_url_t *url)
{
    const char    *end;
    review_url_e   rc;

    for (end = p; end < last; end++) {

        if (*end == '/' || *end == '?' || *end == '#') {
            break;
        }

        if (*end == '\\') {
            return REVIEW_URL_BAD;
        }
    }

    if (memchr(p, '@', end - p)) {
        return REVIEW_URL_USERINFO;
    }

    rc = review_url_host(pool, p, end, url);

    return rc == REVIEW_URL_OK ? review_url_write(pool, url, end, last) : rc;
}


review_url_e
review_url_parse(review_pool_t *pool, const char *data, size_t len,
    review_url_t *url)
{
    size_t  n;

    memset(url, 0, sizeof(*url));

    n = review_url_scheme(data, len);

    if (n == 0 || len > REVIEW_URL_MAX) {
        return REVIEW_URL_BAD;
    }

    url->https = review_url_is(data, n, "https");

    if (!url->https && !review_url_is(data, n, "http")) {
        return REVIEW_URL_SCHEME;
    }

    if (len - n < 3 || memcmp(data + n, "://", 3) != 0) {
        return REVIEW_URL_BAD;
    }

    return review_url_rest(pool, data + n + 3, data + len, url);
}


review_url_e
review_url_follow(review_pool_t *pool, const review_url_t *from,
    const char *data, size_t len, review_url_t *url)
{
    review_url_e  rc;

    if (len == 0 || len > REVIEW_URL_MAX) {
        return REVIEW_URL_BAD;
    }

    if (data[0] != '/') {
        rc = review_url_parse(pool, data, len, url);

        return rc == REVIEW_URL_OK && from->https && !url->https
               ? REVIEW_URL_DOWNGRADE : rc;
    }

    memset(url, 0, sizeof(*url));
    url->https = from->https;

    if (len > 1 && data[1] == '/') {
        return review_url_rest(pool, data + 2, data + len, url);
    }

    url->host = from->host;
    url->address = from->address;
    url->port = from->port;

    return review_url_write(pool, url, data, data + len);
}
