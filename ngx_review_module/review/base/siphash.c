
#include "review/base/siphash.h"

#include <endian.h>


#define review_siphash_turn(x, n)  ((x) << (n) | (x) >> (64 - (n)))


static inline void
review_siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = review_siphash_turn(v[1], 13) ^ v[0];
    v[3] = review_siphash_turn(v[3], 16) ^ v[2];
    v[0] = review_siphash_turn(v[0], 32);

    v[2] += v[1];
    v[0] += v[3];
    v[1] = review_siphash_turn(v[1], 17) ^ v[2];
    v[3] = review_siphash_turn(v[3], 21) ^ v[0];
    v[2] = review_siphash_turn(v[2], 32);
}


static inline void
review_siphash_word(uint64_t v[4], uint64_t word)
{
    word = le64toh(word);

    v[3] ^= word;
    review_siphash_round(v);
    v[0] ^= word;
}


uint64_t
review_siphash(const char *data, size_t len, const uint64_t key[2])
{
    size_t    i;
    uint64_t  word, v[4];

    v[0] = key[0] ^ 0x736f6d6570736575;
    v[1] = key[1] ^ 0x646f72616e646f6d;
    v[2] = key[0] ^ 0x6c7967656e657261;
    v[3] = key[1] ^ 0x7465646279746573;

    for (i = 0; len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, data + i, sizeof(word));
        review_siphash_word(v, word);
    }

    /* the last one has what is left, and in its last byte the length */

    word = htole64((uint64_t) len << 56);

    if (i < len) {
        memcpy(&word, data + i, len - i);
    }

    review_siphash_word(v, word);

    v[2] ^= 0xff;
    review_siphash_round(v);
    review_siphash_round(v);
    review_siphash_round(v);

    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
