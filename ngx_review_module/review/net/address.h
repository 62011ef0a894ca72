
/* IP addresses, and lists of hosts and addresses that are allowed. */

#ifndef _REVIEW_ADDRESS_H_INCLUDED_
#define _REVIEW_ADDRESS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* an IPv4 address is kept as the IPv6 address ::ffff:a.b.c.d */

typedef struct {
    unsigned char      bytes[16];
} review_address_t;


/* one of "example.com", "*.example.com:8443", "10.1.2.3:80", "fd00::/8" */

typedef struct {
    review_str_t       name;            /* in lower case; empty: an address */
    review_address_t   address;
    unsigned           bits;            /* of the address, 0 to 128 */
    int                port;            /* 0: any */
    unsigned           sub:1;           /* all names below, not itself */
} review_allow_t;


void review_address_v4(review_address_t *address, const void *bytes);
void review_address_v6(review_address_t *address, const void *bytes);

/* "127.0.0.1" (four decimal numbers) or "::1"; 0, or -1: it is neither */

int review_address_parse(review_address_t *address, const char *data,
    size_t len);

int review_address_is_v4(const review_address_t *address);

/*
 * Is it an address of the public internet?  Not so are private, shared,
 * loopback, link-local, multicast, documentation, reserved addresses, and
 * IPv6 addresses that wrap such, or whose end nobody knows (6to4, Teredo).
 */

int review_address_public(const review_address_t *address);

/*
 * A host's name in lower case at dst, which has room for "len" bytes.  Returns
 * its length without a dot at the end, or 0: it is no name, or may be taken
 * for an address.
 */

size_t review_host_name(char *dst, const char *data, size_t len);

/* an entry; returns 0, or -1: it is none, or no memory */

int review_allow_parse(review_pool_t *pool, const char *data, size_t len,
    review_allow_t *allow);

/* is there an entry for that name, or that address, and the port? */

int review_allow_name(const review_allow_t *list, size_t n,
    const review_str_t *name, int port);
int review_allow_address(const review_allow_t *list, size_t n,
    const review_address_t *address, int port);


#pragma GCC visibility pop


#endif /* _REVIEW_ADDRESS_H_INCLUDED_ */
