
/* IP addresses, which of them are public, and the names of hosts. */

#ifndef _REVIEW_ADDRESS_H_INCLUDED_
#define _REVIEW_ADDRESS_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* an IPv4 address is kept as the IPv6 address ::ffff:a.b.c.d */

typedef struct {
    unsigned char      bytes[16];
} review_address_t;


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

size_t review_address_host_name(char *dst, const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_ADDRESS_H_INCLUDED_ */
