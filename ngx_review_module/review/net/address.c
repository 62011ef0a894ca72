
#include <arpa/inet.h>

#include "review/net/address.h"


#define REVIEW_ADDRESS_TEXT  64
#define REVIEW_HOST_MAX      253
#define REVIEW_LABEL_MAX     63


typedef struct {
    unsigned char  bytes[16];
    unsigned       bits;
} review_network_t;


static const unsigned char  review_mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

/* 64:ff9b::/96, a gateway to IPv4 */

static const unsigned char  review_nat64[12] = { 0, 0x64, 0xff, 0x9b };


void
review_address_v4(review_address_t *address, const void *bytes)
{
    memcpy(address->bytes, review_mapped, 12);
    memcpy(address->bytes + 12, bytes, 4);
}


void
review_address_v6(review_address_t *address, const void *bytes)
{
    memcpy(address->bytes, bytes, 16);
}


int
review_address_is_v4(const review_address_t *address)
{
    return memcmp(address->bytes, review_mapped, 12) == 0;
}


int
review_address_parse(review_address_t *address, const char *data, size_t len)
{
    char           text[REVIEW_ADDRESS_TEXT];
    unsigned char  bytes[16];

    if (len == 0 || len >= sizeof(text) || memchr(data, '\0', len)) {
        return -1;
    }

    memcpy(text, data, len);
    text[len] = '\0';

    if (inet_pton(AF_INET, text, bytes) == 1) {
        review_address_v4(address, bytes);
        return 0;
    }

    if (inet_pton(AF_INET6, text, bytes) == 1) {
        review_address_v6(address, bytes);
        return 0;
    }

    return -1;
}


static int
review_address_in(const unsigned char *address, const unsigned char *network,
    unsigned bits)
{
    unsigned  n, mask;

    n = bits / 8;

    if (memcmp(address, network, n) != 0) {
        return 0;
    }

    if (bits % 8 == 0) {
        return 1;
    }

    mask = 0xff00 >> (bits % 8);

    return ((address[n] ^ network[n]) & mask & 0xff) == 0;
}


/* RFC 6890 and its successors */

static int
review_address_public_v4(const unsigned char *address)
{
    size_t  i;

    static const review_network_t  special[] = {
        { { 0 }, 8 },                       /* "this network" */
        { { 10 }, 8 },                      /* private */
        { { 100, 64 }, 10 },                /* shared: carriers' NAT */
        { { 127 }, 8 },                     /* loopback */
        { { 169, 254 }, 16 },               /* link-local */
        { { 172, 16 }, 12 },                /* private */
        { { 192, 0, 0 }, 24 },              /* protocol assignments */
        { { 192, 0, 2 }, 24 },              /* documentation */
        { { 192, 88, 99 }, 24 },            /* 6to4 relays */
        { { 192, 168 }, 16 },               /* private */
        { { 198, 18 }, 15 },                /* benchmarks */
        { { 198, 51, 100 }, 24 },           /* documentation */
        { { 203, 0, 113 }, 24 },            /* documentation */
        { { 224 }, 3 }                      /* multicast, reserved */
    };

    for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (review_address_in(address, special[i].bytes, special[i].bits)) {
            return 0;
        }
    }

    return 1;
}


int
review_address_public(const review_address_t *address)
{
    size_t                i;
    const unsigned char  *b;

    static const review_network_t  special[] = {
        { { 0x20, 0x01 }, 23 },             /* Teredo, ORCHID, ... */
        { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
        { { 0x20, 0x02 }, 16 },             /* 6to4 */
        { { 0x3f, 0xff }, 20 }              /* documentation */
    };

    b = address->bytes;

    if (review_address_is_v4(address) || memcmp(b, review_nat64, 12) == 0) {
        return review_address_public_v4(b + 12);
    }

    /* 2000::/3 is all that has been given away for unicast */

    if ((b[0] & 0xe0) != 0x20) {
        return 0;
    }

    for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (review_address_in(b, special[i].bytes, special[i].bits)) {
            return 0;
        }
    }

    return 1;
}


static int
review_address_host_char(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_';
}


/* "1", "0x1", "0x": a resolver may read such a name as a number */

static int
review_address_host_number(const char *label, size_t len)
{
    size_t  i;

    if (len >= 2 && label[0] == '0' && label[1] == 'x') {
        return 1;
    }

    for (i = 0; i < len; i++) {
        if (label[i] < '0' || label[i] > '9') {
            return 0;
        }
    }

    return 1;
}


size_t
review_address_host_name(char *dst, const char *data, size_t len)
{
    size_t  i, label;
    char    c;

    if (len && data[len - 1] == '.') {
        len--;
    }

    if (len == 0 || len > REVIEW_HOST_MAX) {
        return 0;
    }

    for (i = 0, label = 0; i < len; i++) {
        c = data[i];

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        dst[i] = c;

        if (c == '.') {

            if (i == label) {
                return 0;
            }

            label = i + 1;

        } else if (!review_address_host_char(c)
                   || i - label >= REVIEW_LABEL_MAX) {
            return 0;
        }
    }

    if (label == len || review_address_host_number(dst + label, len - label)) {
        return 0;
    }

    return len;
}
