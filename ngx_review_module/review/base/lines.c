
#include "review/base/lines.h"

#if (__SSE2__)
#include <emmintrin.h>
#endif


#define REVIEW_LINES_BLOCK  256        /* bytes between two checkpoints */
#define REVIEW_LINES_SMALL  512        /* of a text that needs none */


/* \r\n is counted by its \n */

static size_t
review_lines_returns(const char *p, const char *end, const char *last)
{
    size_t  n;

    for (n = 0; (p = memchr(p, '\r', (size_t) (end - p))); n++) {
        p++;
        n -= p < last && *p == '\n';
    }

    return n;
}


#if (__SSE2__)

/* blocks of 16 bytes whose sums are of 8 bits: 255 at most */

static inline size_t
review_lines_blocks(const char *p, size_t n)
{
    __m128i  sum;

    for (sum = _mm_setzero_si128(); n; n--, p += 16) {
        sum = _mm_sub_epi8(sum, _mm_cmpeq_epi8(
                  _mm_loadu_si128((const __m128i *) p), _mm_set1_epi8('\n')));
    }

    sum = _mm_sad_epu8(sum, _mm_setzero_si128());

    return (size_t) _mm_extract_epi16(sum, 0)
           + (size_t) _mm_extract_epi16(sum, 4);
}

#endif


static size_t
review_lines_feed(const char *p, const char *end)
{
    size_t  n;

    n = 0;

#if (__SSE2__)

    for (size_t blocks; end - p >= 16; p += blocks * 16) {
        blocks = (size_t) (end - p) / 16;
        blocks = blocks < 255 ? blocks : 255;

        n += review_lines_blocks(p, blocks);
    }

#endif

    for ( /* void */ ; p < end; p++) {
        n += *p == '\n';
    }

    return n;
}


size_t
review_lines_count(const char *p, const char *end, const char *last)
{
    return review_lines_feed(p, end) + review_lines_returns(p, end, last);
}


size_t
review_lines_feeds(const char *p, const char *end)
{
    size_t  n;

    for (n = 0; (p = memchr(p, '\f', (size_t) (end - p))); n++) {
        p++;
    }

    return n;
}


static void
review_lines_find_feeds(review_lines_t *lines, review_pool_t *pool)
{
    size_t       n;
    const char  *p, *last;

    last = lines->data + lines->len;
    lines->nfeeds = review_lines_feeds(lines->data, last);

    if (lines->nfeeds == 0) {
        return;
    }

    lines->feeds = review_alloc(pool, lines->nfeeds * sizeof(uint32_t));
    if (lines->feeds == NULL) {
        return;
    }

    p = lines->data;

    for (n = 0; (p = memchr(p, '\f', (size_t) (last - p))); n++) {
        lines->feeds[n] = (uint32_t) (p++ - lines->data);
    }
}


void
review_lines_init(review_lines_t *lines, review_pool_t *pool, const char *data,
    size_t len)
{
    size_t       i, n;
    uint32_t     count;
    const char  *p;

    memset(lines, 0, sizeof(*lines));

    lines->data = data;
    lines->len = len;

    if (len == 0) {
        return;
    }

    lines->returns = memchr(data, '\r', len) != NULL;

    review_lines_find_feeds(lines, pool);

    if (len < REVIEW_LINES_SMALL) {
        return;
    }

    n = len / REVIEW_LINES_BLOCK;

    lines->marks = review_alloc(pool, (n + 1) * sizeof(uint32_t));
    if (lines->marks == NULL) {
        return;
    }

    count = 0;
    lines->marks[0] = 0;

    for (i = 0; i < n; i++) {
        p = data + i * REVIEW_LINES_BLOCK;
        count += (uint32_t) review_lines_feed(p, p + REVIEW_LINES_BLOCK);

        if (lines->returns) {
            count += (uint32_t) review_lines_returns(p, p + REVIEW_LINES_BLOCK,
                                                     data + len);
        }

        lines->marks[i + 1] = count;
    }
}


size_t
review_lines_line(const review_lines_t *lines, size_t offset)
{
    size_t       n, from;
    const char  *p, *end;

    n = 1;
    from = 0;

    if (lines->marks) {
        n += lines->marks[offset / REVIEW_LINES_BLOCK];
        from = offset - offset % REVIEW_LINES_BLOCK;
    }

    p = lines->data + from;
    end = lines->data + offset;
    n += review_lines_feed(p, end);

    return lines->returns
           ? n + review_lines_returns(p, end, lines->data + lines->len) : n;
}


size_t
review_lines_page(const review_lines_t *lines, size_t offset)
{
    size_t  low, high, middle;

    if (lines->nfeeds == 0) {
        return 0;
    }

    if (lines->feeds == NULL) {
        return 1 + review_lines_feeds(lines->data, lines->data + offset);
    }

    low = 0;
    high = lines->nfeeds;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (lines->feeds[middle] < offset) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return 1 + low;
}
