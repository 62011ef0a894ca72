
/*
 * Proves, for any stream, that how it was cut changes nothing: fed in pieces
 * cut at places that the stream itself gives, and byte by byte, each in a
 * block of its own, it has the same events and the same end as when fed whole,
 * and as a simple parser of lines says, also when a handler stops it and when
 * a line or an event is larger than may be.  The first byte is the limit, the
 * second the event at which the handler stops, the third a seed for the cuts.
 */

#include "check.h"
#include "review/completion/sse.h"


#define WHOLE   0
#define PIECES  1
#define BYTES   2


/* all events, one behind the other */

typedef struct {
    review_buf_t   text;
    size_t         count;
    size_t         stop;               /* 0: at none */
    review_sse_e   end;
} events_t;


static int
take(void *ctx, const review_str_t *data, int error)
{
    uint64_t   len;
    events_t  *events;

    events = ctx;
    len = data->len;

    check(len && (error == 0 || error == 1));

    review_buf_add(&events->text, error ? "E" : "D", 1);
    review_buf_add(&events->text, (char *) &len, sizeof(len));
    review_buf_str(&events->text, data);

    return ++events->count == events->stop;
}


static size_t
piece_size(int how, const uint8_t *data, size_t left, uint32_t *seed)
{
    size_t  n;

    switch (how) {

    case WHOLE:
        return left;

    case BYTES:
        return 1;
    }

    /* mostly small, now and then none at all or large */

    *seed = *seed * 1103515245 + 12345 + data[0];
    n = (*seed >> 16) % 9;
    n = (n == 8) ? (*seed >> 20) % 300 : n;

    return n < left ? n : left;
}


static void
feed(events_t *events, review_pool_t *pool, int how, size_t max, size_t stop,
    uint32_t seed, const uint8_t *data, size_t size)
{
    char          *piece;
    size_t         i, n, empty;
    review_sse_t   sse;

    memset(events, 0, sizeof(*events));
    review_buf_init(&events->text, pool, 0);
    events->stop = stop;

    review_sse_init(&sse, pool, max, take, events);

    empty = 0;

    for (i = 0; i < size; i += n) {
        n = piece_size(how, data + i, size - i, &seed);

        if (n == 0 && empty++ == 3) {
            n = 1;
            empty = 0;
        }

        piece = malloc(n ? n : 1);
        memcpy(piece, data + i, n);

        events->end = review_sse_feed(&sse, piece, n);

        memset(piece, '#', n);
        free(piece);

        if (events->end != REVIEW_SSE_OK) {
            return;
        }
    }

    events->end = review_sse_end(&sse);
}


/* the same in the plainest way there is, of a stream that is in one piece */

typedef struct {
    events_t      *events;
    review_buf_t   data;
    int            any;
    int            error;
} plain_t;


static int
plain_line(plain_t *p, const char *line, size_t len)
{
    int           stop;
    size_t        n, skip;
    review_str_t  data;

    if (len == 0) {
        data.data = p->data.data;
        data.len = p->data.len;

        stop = data.len ? take(p->events, &data, p->error) : 0;

        p->data.len = 0;
        p->any = 0;
        p->error = 0;

        return stop;
    }

    for (n = 0; n < len && line[n] != ':'; n++) { /* void */ }

    skip = n + (n < len);
    skip += (skip < len && line[skip] == ' ');

    if (n == 4 && memcmp(line, "data", 4) == 0) {

        if (p->any) {
            review_buf_add(&p->data, "\n", 1);
        }

        review_buf_add(&p->data, line + skip, len - skip);
        p->any = 1;
    }

    if (n == 5 && memcmp(line, "event", 5) == 0) {
        p->error = (len - skip == 5 && memcmp(line + skip, "error", 5) == 0);
    }

    return 0;
}


static void
plain(events_t *events, review_pool_t *pool, size_t stop, const char *data,
    size_t size)
{
    size_t   i, n;
    plain_t  p;

    memset(events, 0, sizeof(*events));
    review_buf_init(&events->text, pool, 0);
    events->stop = stop;
    events->end = REVIEW_SSE_STOP;

    memset(&p, 0, sizeof(p));
    p.events = events;
    review_buf_init(&p.data, pool, 0);

    for (i = 0; i < size; i = n + 1) {

        for (n = i; n < size && data[n] != '\n' && data[n] != '\r'; n++) {
            /* void */
        }

        if (plain_line(&p, data + i, n - i)) {
            return;
        }

        n += (n + 1 < size && data[n] == '\r' && data[n + 1] == '\n');
    }

    events->end = plain_line(&p, "", 0) ? REVIEW_SSE_STOP : REVIEW_SSE_OK;
}


static int
same(events_t *one, events_t *other)
{
    return one->end == other->end && one->count == other->count
           && one->text.len == other->text.len
           && (one->text.len == 0
               || memcmp(one->text.data, other->text.data, one->text.len)
                  == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          max, stop;
    uint32_t        seed;
    events_t        whole, other;
    review_pool_t  *pool;

    if (size < 3) {
        return 0;
    }

    pool = tap_pool();

    max = data[0] ? data[0] : 1 << 20;
    stop = data[1] % 16;
    seed = data[2];

    data += 3;
    size -= 3;

    feed(&whole, pool, WHOLE, max, stop, seed, data, size);

    feed(&other, pool, PIECES, max, stop, seed, data, size);
    check(same(&whole, &other));

    feed(&other, pool, BYTES, max, stop, seed, data, size);
    check(same(&whole, &other));

    if (whole.end != REVIEW_SSE_TOO_LARGE) {
        plain(&other, pool, stop, (const char *) data, size);
        check(same(&whole, &other));
    }

    tap_pool_free(pool);

    return 0;
}
