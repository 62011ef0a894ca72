
#include "review/embed/embedding.h"
#include "review/base/base64.h"
#include "review/embed/floats.h"
#include "review/json/scan.h"
#include "review/json/write.h"


/* floats that are converted at once, of no remainder in base64 */
#define REVIEW_EMBEDDING_BLOCK   192
#define REVIEW_EMBEDDING_BYTES   (REVIEW_EMBEDDING_BLOCK * sizeof(float))
#define REVIEW_EMBEDDING_CHARS   review_base64_length(REVIEW_EMBEDDING_BYTES)


/* little-endian bytes made into the machine's own, or the other way round */

static void
review_embedding_swap(char *data, size_t n)
{
#if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

    uint32_t  w;

    for ( /* void */ ; n; n--, data += sizeof(w)) {
        memcpy(&w, data, sizeof(w));
        w = __builtin_bswap32(w);
        memcpy(data, &w, sizeof(w));
    }

#else

    (void) data;
    (void) n;

#endif
}


review_embedding_e
review_embedding_array(const char **p, const char *last,
    review_embedding_t *item)
{
    int          finite;
    const char  *s, *end, *start;

    start = *p;
    s = start + 1;

    item->base64 = 0;
    item->dim = 0;

    review_scan_space(&s, last);

    if (s < last && *s == ']') {
        goto done;
    }

    for ( ;; ) {
        end = review_float_skip(s, last, &finite);

        if (end == NULL || !finite) {
            *p = s;
            return end ? REVIEW_EMBEDDING_INFINITE : REVIEW_EMBEDDING_NUMBER;
        }

        item->dim++;

        s = end;
        review_scan_space(&s, last);

        if (s == last || *s != ',') {
            break;
        }

        s++;
        review_scan_space(&s, last);
    }

    if (s == last || *s != ']') {
        *p = s;
        return REVIEW_EMBEDDING_COMMA;
    }

done:

    *p = s + 1;

    item->raw.data = start;
    item->raw.len = (size_t) (*p - start);

    return REVIEW_EMBEDDING_OK;
}


/* the first of the floats that is not finite, or n: all are */

static size_t
review_embedding_finite(const char *data, size_t n)
{
    size_t    i;
    uint32_t  w;

    for (i = 0; i < n; i++) {
        memcpy(&w, data + i * sizeof(w), sizeof(w));

        if ((w & 0x7f800000) == 0x7f800000) {
            break;
        }
    }

    return i;
}


review_embedding_e
review_embedding_base64(review_embedding_t *item)
{
    char         block[REVIEW_EMBEDDING_BYTES];
    size_t       n, size, left, finite;
    const char  *p;

    item->base64 = 1;
    item->dim = 0;

    left = item->raw.len;

    if (left % 4) {
        return REVIEW_EMBEDDING_BASE64;
    }

    for (p = item->raw.data; left; p += n, left -= n) {
        n = left < REVIEW_EMBEDDING_CHARS ? left : REVIEW_EMBEDDING_CHARS;

        /* padding within is no base64, either */

        if (review_base64_decode(block, p, n, &size) != 0
            || (n < left && size != sizeof(block)))
        {
            return REVIEW_EMBEDDING_BASE64;
        }

        if (size % sizeof(float)) {
            return REVIEW_EMBEDDING_LENGTH;
        }

        size /= sizeof(float);
        review_embedding_swap(block, size);

        finite = review_embedding_finite(block, size);
        item->dim += finite;

        if (finite < size) {
            return REVIEW_EMBEDDING_INFINITE;
        }
    }

    return REVIEW_EMBEDDING_OK;
}


/* the next "n" numbers of an array that was checked; *p stands before them */

static void
review_embedding_next(const char **p, const char *last, char *dst, size_t n)
{
    float  value;

    for ( /* void */ ; n; n--, dst += sizeof(value)) {

        /* the bracket, or a comma */

        (*p)++;
        review_scan_space(p, last);

        *p = review_float_read(*p, last, &value);
        review_scan_space(p, last);

        memcpy(dst, &value, sizeof(value));
    }
}


void
review_embedding_floats(const review_embedding_t *item, float *dst)
{
    size_t       size;
    const char  *p;

    if (!item->base64) {
        p = item->raw.data;
        review_embedding_next(&p, p + item->raw.len, (char *) dst, item->dim);
        return;
    }

    if (review_base64_decode((char *) dst, item->raw.data, item->raw.len,
                             &size)
        == 0)
    {
        review_embedding_swap((char *) dst, item->dim);
    }
}


static void
review_embedding_encode(const review_embedding_t *item, review_buf_t *b)
{
    char         block[REVIEW_EMBEDDING_BYTES], *dst;
    size_t       n, left, size;
    const char  *p, *last;

    p = item->raw.data;
    last = p + item->raw.len;

    (void) review_buf_reserve(b, review_base64_length(item->dim
                                                      * sizeof(float)) + 3);
    review_write_open(b, NULL);

    for (left = item->dim; left; left -= n) {
        n = left < REVIEW_EMBEDDING_BLOCK ? left : REVIEW_EMBEDDING_BLOCK;

        review_embedding_next(&p, last, block, n);
        review_embedding_swap(block, n);

        size = review_base64_length(n * sizeof(float));

        dst = review_buf_reserve(b, size);
        if (dst == NULL) {
            return;
        }

        review_base64_encode(dst, block, n * sizeof(float));
        b->len += size;
    }

    review_write_close(b);
}


static void
review_embedding_decode(const review_embedding_t *item, review_buf_t *b)
{
    char        *p, block[REVIEW_EMBEDDING_BYTES];
    float        value;
    size_t       i, n, left, size;
    const char  *src;

    review_write_array(b, NULL);

    src = item->raw.data;

    for (left = item->raw.len; left; left -= n, src += n) {
        n = left < REVIEW_EMBEDDING_CHARS ? left : REVIEW_EMBEDDING_CHARS;

        if (review_base64_decode(block, src, n, &size) != 0) {
            return;
        }

        size /= sizeof(float);
        review_embedding_swap(block, size);

        p = review_buf_reserve(b, size * (REVIEW_FLOAT_TEXT + 1));
        if (p == NULL) {
            return;
        }

        for (i = 0; i < size; i++) {
            memcpy(&value, block + i * sizeof(value), sizeof(value));

            p += review_float_write(p, value);
            *p++ = ',';
        }

        b->len = (size_t) (p - b->data);
    }

    /* in the place of the last comma */

    if (!b->failed) {
        b->len--;
    }

    review_write_array_end(b);
}


void
review_embedding_write(const review_embedding_t *item, review_buf_t *b,
    int base64)
{
    if (!base64 != !item->base64) {

        if (base64) {
            review_embedding_encode(item, b);

        } else {
            review_embedding_decode(item, b);
        }

        return;
    }

    if (base64) {
        review_write_open(b, NULL);
        review_buf_str(b, &item->raw);
        review_write_close(b);

    } else {
        review_write_raw(b, NULL, item->raw.data, item->raw.len);
    }
}
