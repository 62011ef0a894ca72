
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

/*
 * Signatures of requests to S3: see sign.h.  libcurl's own differ with its
 * versions, in which names and paths they encode again.
 */

#include "sign.h"

#include <strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>


#define REVIEW_SIGN_SHA256  32


void
review_sign_date(char *date, time_t now)
{
    struct tm  tm;

    gmtime_r(&now, &tm);
    strftime(date, REVIEW_SIGN_DATE, "%Y%m%dT%H%M%SZ", &tm);
}


review_str_t
review_sign_host(const review_str_t *url)
{
    size_t         i;
    review_str_t   host;
    const char    *scheme;

    scheme = memmem(url->data, url->len, "://", 3);
    host.data = scheme ? scheme + 3 : url->data;
    host.len = url->data + url->len - host.data;

    for (i = 0; i < host.len; i++) {
        if (host.data[i] == '/' || host.data[i] == '?') {
            host.len = i;
        }
    }

    return host;
}


static int
review_sign_less(const review_str_t *a, const review_str_t *b)
{
    int     rc;
    size_t  len;

    len = a->len < b->len ? a->len : b->len;
    rc = strncasecmp(a->data, b->data, len);

    return rc < 0 || (rc == 0 && a->len < b->len);
}


/* headers in the order of their names, which are written in lower case */

static void
review_sign_sort(const review_sign_t *sign,
    const review_sign_header_t *sorted[REVIEW_SIGN_HEADERS])
{
    size_t                       i, n;
    const review_sign_header_t  *h;

    for (n = 0; n < sign->nheaders; n++) {
        h = &sign->headers[n];

        for (i = n; i && review_sign_less(&h->name, &sorted[i - 1]->name); i--)
        {
            sorted[i] = sorted[i - 1];
        }

        sorted[i] = h;
    }
}


static void
review_sign_name(review_buf_t *b, const review_str_t *name)
{
    char    *p;
    size_t   i;

    p = review_buf_reserve(b, name->len);
    if (p == NULL) {
        return;
    }

    for (i = 0; i < name->len; i++) {
        p[i] = (name->data[i] >= 'A' && name->data[i] <= 'Z')
               ? name->data[i] | 0x20 : name->data[i];
    }

    b->len += name->len;
}


/* without spaces around it, and one where there are many */

static void
review_sign_value(review_buf_t *b, const review_str_t *value)
{
    size_t  i, start;

    start = b->len;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] == ' '
            && (b->len == start || i + 1 == value->len
                || value->data[i + 1] == ' '))
        {
            continue;
        }

        review_buf_add(b, value->data + i, 1);
    }
}


static void
review_sign_names(review_buf_t *b, const review_sign_t *sign,
    const review_sign_header_t *const *sorted)
{
    size_t  i;

    for (i = 0; i < sign->nheaders; i++) {

        if (i) {
            review_buf_puts(b, ";");
        }

        review_sign_name(b, &sorted[i]->name);
    }
}


static void
review_sign_request(review_buf_t *b, const review_sign_t *sign,
    const review_sign_header_t *const *sorted)
{
    size_t         i;
    review_str_t   host;
    const char    *path, *args, *end;

    host = review_sign_host(&sign->url);
    path = host.data + host.len;
    end = sign->url.data + sign->url.len;
    args = memchr(path, '?', end - path);

    review_buf_puts(b, sign->method);
    review_buf_puts(b, "\n");
    review_buf_add(b, path, (args ? args : end) - path);
    review_buf_puts(b, "\n");

    if (args) {
        review_buf_add(b, args + 1, end - args - 1);
    }

    review_buf_puts(b, "\n");

    for (i = 0; i < sign->nheaders; i++) {
        review_sign_name(b, &sorted[i]->name);
        review_buf_puts(b, ":");
        review_sign_value(b, &sorted[i]->value);
        review_buf_puts(b, "\n");
    }

    review_buf_puts(b, "\n");
    review_sign_names(b, sign, sorted);
    review_buf_puts(b, "\n");
    review_buf_puts(b, sign->payload);
}


static void
review_sign_hex(review_buf_t *b, const unsigned char *hash)
{
    size_t  i;
    char    hex[2 * REVIEW_SIGN_SHA256];

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < REVIEW_SIGN_SHA256; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }

    review_buf_add(b, hex, sizeof(hex));
}


static void
review_sign_scope(review_buf_t *b, const review_sign_t *sign)
{
    review_buf_add(b, sign->date, sizeof("20130524") - 1);
    review_buf_puts(b, "/");
    review_buf_str(b, &sign->region);
    review_buf_puts(b, "/s3/aws4_request");
}


/* what has been written is replaced by what is signed: a digest of it */

static void
review_sign_text(review_buf_t *b, const review_sign_t *sign)
{
    unsigned char  hash[REVIEW_SIGN_SHA256];

    if (b->failed
        || !EVP_Digest(b->data, b->len, hash, NULL, EVP_sha256(), NULL))
    {
        b->failed = 1;
        return;
    }

    b->len = 0;

    review_buf_puts(b, "AWS4-HMAC-SHA256\n");
    review_buf_puts(b, sign->date);
    review_buf_puts(b, "\n");
    review_sign_scope(b, sign);
    review_buf_puts(b, "\n");
    review_sign_hex(b, hash);
}


static void
review_sign_hmac(unsigned char *key, size_t len, const char *data, size_t n,
    review_buf_t *b)
{
    if (!HMAC(EVP_sha256(), key, len, (const unsigned char *) data, n, key,
              NULL))
    {
        b->failed = 1;
    }
}


/* the key of a day, a region and a service, by which the text is signed */

static void
review_sign_seal(review_buf_t *b, const review_sign_t *sign,
    unsigned char *key, size_t size)
{
    size_t  len;

    static const char  prefix[] = "AWS4", service[] = "s3",
                       end[] = "aws4_request";

    len = sizeof(prefix) - 1 + sign->secret_key.len;

    if (b->failed || len > size) {
        b->failed = 1;
        return;
    }

    memcpy(key, prefix, sizeof(prefix) - 1);
    memcpy(key + sizeof(prefix) - 1, sign->secret_key.data,
           sign->secret_key.len);

    review_sign_hmac(key, len, sign->date, sizeof("20130524") - 1, b);

    len = REVIEW_SIGN_SHA256;

    review_sign_hmac(key, len, sign->region.data, sign->region.len, b);
    review_sign_hmac(key, len, service, sizeof(service) - 1, b);
    review_sign_hmac(key, len, end, sizeof(end) - 1, b);
    review_sign_hmac(key, len, b->data, b->len, b);
}


void
review_sign(review_buf_t *b, const review_sign_t *sign)
{
    unsigned char                key[8192];
    const review_sign_header_t  *sorted[REVIEW_SIGN_HEADERS];

    if (sign->nheaders > REVIEW_SIGN_HEADERS) {
        b->failed = 1;
        return;
    }

    review_sign_sort(sign, sorted);

    b->len = 0;

    review_sign_request(b, sign, sorted);
    review_sign_text(b, sign);
    review_sign_seal(b, sign, key, sizeof(key));

    b->len = 0;

    review_buf_puts(b, "AWS4-HMAC-SHA256 Credential=");
    review_buf_str(b, &sign->access_key);
    review_buf_puts(b, "/");
    review_sign_scope(b, sign);
    review_buf_puts(b, ", SignedHeaders=");
    review_sign_names(b, sign, sorted);
    review_buf_puts(b, ", Signature=");

    if (!b->failed) {
        review_sign_hex(b, key);
    }

    OPENSSL_cleanse(key, sizeof(key));
}
