
/*
 * URLs of http and https, as a program is given them by somebody it does not
 * trust: what is not plain is refused, and what is asked for in the end is
 * written anew from the parts that libcurl has understood.
 */

#ifndef _REVIEW_URL_H_INCLUDED_
#define _REVIEW_URL_H_INCLUDED_


#include "review/net/address.h"

#pragma GCC visibility push(hidden)


#define REVIEW_URL_MAX  8192            /* bytes, as it came */


typedef enum {
    REVIEW_URL_OK = 0,
    REVIEW_URL_BAD,                     /* not understood, or ambiguous */
    REVIEW_URL_SCHEME,                  /* neither http nor https */
    REVIEW_URL_USERINFO,                /* user:password@ */
    REVIEW_URL_DOWNGRADE,               /* a redirect from https to http */
    REVIEW_URL_MEMORY
} review_url_e;


typedef struct {
    review_str_t       text;            /* all of it, without a fragment */
    review_str_t       host;            /* a name: in lower case, without a
                                           dot at its end; empty: an address */
    review_str_t       path;            /* with the query; encoded */
    review_str_t       name;            /* the path's last segment, decoded */
    review_address_t   address;
    int                port;
    unsigned           https:1;
} review_url_t;


/*
 * Parses an absolute URL.  Hosts are names of letters, digits, "-" and "_",
 * IPv4 addresses of four decimal numbers, or IPv6 addresses in brackets; what
 * some take for an address and others for a name ("127.1", "0x7f000001") is
 * bad.  Bytes above ASCII in the path are encoded.
 */

review_url_e review_url_parse(review_pool_t *pool, const char *data,
    size_t len, review_url_t *url);

/* where a "Location", absolute or beginning with "/", leads from "from" */

review_url_e review_url_follow(review_pool_t *pool, const review_url_t *from,
    const char *data, size_t len, review_url_t *url);


#pragma GCC visibility pop


#endif /* _REVIEW_URL_H_INCLUDED_ */
