
#include "review/base/sha256.h"

#include <openssl/evp.h>


static int
review_sha256_digest(EVP_MD_CTX *ctx, const review_str_t *texts, size_t n,
    unsigned char hash[EVP_MAX_MD_SIZE])
{
    size_t  i;

    if (ctx == NULL || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        if (!EVP_DigestUpdate(ctx, texts[i].data, texts[i].len)) {
            return -1;
        }
    }

    return EVP_DigestFinal_ex(ctx, hash, NULL) ? 0 : -1;
}


int
review_sha256(const review_str_t *texts, size_t n,
    char hex[REVIEW_SHA256_HEX + 1])
{
    int            rc;
    size_t         i;
    EVP_MD_CTX    *ctx;
    unsigned char  hash[EVP_MAX_MD_SIZE];

    static const char  digits[] = "0123456789abcdef";

    ctx = EVP_MD_CTX_new();
    rc = review_sha256_digest(ctx, texts, n, hash);

    EVP_MD_CTX_free(ctx);

    if (rc != 0) {
        return -1;
    }

    for (i = 0; i < REVIEW_SHA256_HEX / 2; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }

    hex[REVIEW_SHA256_HEX] = '\0';

    return 0;
}
