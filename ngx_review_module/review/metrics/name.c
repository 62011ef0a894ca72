
#include "review/metrics/name.h"
#include "review/base/utf8.h"


review_str_t
review_name_cut(const char *data, size_t len)
{
    review_str_t  name;

    /* a code point that is cut is not valid either */

    if (len) {
        len = strnlen(data, len < REVIEW_NAME ? len : REVIEW_NAME);
        len = review_utf8_valid(data, len);
    }

    name.data = (char *) data;
    name.len = len;

    return name;
}


/* FNV-1a, with a zero between two names */

uint64_t
review_name_key(const review_str_t *names, size_t n)
{
    size_t    i, j;
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for (i = 0; i < n; i++) {

        if (i) {
            hash *= 0x100000001b3;
        }

        for (j = 0; j < names[i].len; j++) {
            hash = (hash ^ (unsigned char) names[i].data[j]) * 0x100000001b3;
        }
    }

    return hash ? hash : 1;
}


int
review_name_claim(uint64_t *place, uint64_t key)
{
    uint64_t  found;

    found = __atomic_load_n(place, __ATOMIC_RELAXED);

    return found == key
           || (found == 0
               && (__atomic_compare_exchange_n(place, &found, key, 0,
                                               __ATOMIC_RELAXED,
                                               __ATOMIC_RELAXED)
                   || found == key));
}


/* two names made for the same hash: the first one stays */

void
review_name_write(uint64_t *words, uint64_t key, const review_str_t *names,
    size_t n)
{
    char          old[REVIEW_NAME_MOST * REVIEW_NAME];
    size_t        i;
    uint64_t      all[REVIEW_NAME_MOST * REVIEW_NAME_WORDS];
    review_str_t  found[REVIEW_NAME_MOST];

    memset(all, 0, sizeof(all));

    for (i = 0; i < n; i++) {
        if (names[i].len) {
            memcpy(all + i * REVIEW_NAME_WORDS, names[i].data, names[i].len);
        }
    }

    for (i = 0; i < n * REVIEW_NAME_WORDS; i++) {
        if (__atomic_load_n(&words[i], __ATOMIC_RELAXED) != all[i]) {
            break;
        }
    }

    if (i == n * REVIEW_NAME_WORDS
        || review_name_read(words, key, old, found, n))
    {
        return;
    }

    for (i = 0; i < n * REVIEW_NAME_WORDS; i++) {
        __atomic_store_n(&words[i], all[i], __ATOMIC_RELAXED);
    }
}


int
review_name_read(const uint64_t *words, uint64_t key, char *data,
    review_str_t *names, size_t n)
{
    size_t    i;
    uint64_t  word;

    if (key == 0) {
        return 0;
    }

    for (i = 0; i < n * REVIEW_NAME_WORDS; i++) {
        word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
        memcpy(data + i * sizeof(word), &word, sizeof(word));
    }

    for (i = 0; i < n; i++) {
        names[i].data = data + i * REVIEW_NAME;
        names[i].len = strnlen(names[i].data, REVIEW_NAME);

        /* names of one hash could be torn into each other */

        if (review_utf8_valid(names[i].data, names[i].len) != names[i].len) {
            return 0;
        }
    }

    return review_name_key(names, n) == key;
}
