
#include "review/request/rounds.h"


/* of a cell: how often it has failed alone, and */

#define REVIEW_ROUNDS_COUNT  0x0f
#define REVIEW_ROUNDS_DONE   0x80
#define REVIEW_ROUNDS_FRESH  0x40
#define REVIEW_ROUNDS_ONCE   0x20        /* it was asked once more */


int
review_rounds_init(review_rounds_t *r, review_pool_t *pool, size_t nchunks,
    size_t npoints, size_t max)
{
    memset(r, 0, sizeof(*r));

    r->nchunks = nchunks;
    r->nfirst = nchunks;
    r->npoints = npoints;
    r->room = nchunks;
    r->added = nchunks;
    r->max = max;
    r->window = max;

    r->chunks = review_alloc(pool, nchunks * sizeof(review_rounds_chunk_t) + 1);
    r->heap = review_alloc(pool, nchunks * sizeof(uint32_t) + 1);
    r->cells = review_alloc(pool, nchunks * npoints + 1);

    if (r->chunks == NULL || r->heap == NULL || r->cells == NULL) {
        return -1;
    }

    memset(r->chunks, 0, nchunks * sizeof(review_rounds_chunk_t));
    memset(r->cells, 0, nchunks * npoints);

    return 0;
}


static int
review_rounds_grow(review_rounds_t *r, review_pool_t *pool)
{
    size_t                  room;
    uint32_t               *heap;
    review_rounds_chunk_t  *chunks;

    room = r->room + r->room / 2 + 16;

    chunks = review_alloc(pool, room * sizeof(review_rounds_chunk_t));
    heap = review_alloc(pool, room * sizeof(uint32_t));

    if (chunks == NULL || heap == NULL) {
        return -1;
    }

    memcpy(chunks, r->chunks, r->nchunks * sizeof(review_rounds_chunk_t));
    memcpy(heap, r->heap, r->nheap * sizeof(uint32_t));

    r->chunks = chunks;
    r->heap = heap;
    r->room = room;

    return 0;
}


int
review_rounds_add(review_rounds_t *r, review_pool_t *pool, size_t point,
    size_t *chunk)
{
    if (r->nchunks == r->room && review_rounds_grow(r, pool) != 0) {
        return -1;
    }

    *chunk = r->nchunks++;

    memset(&r->chunks[*chunk], 0, sizeof(review_rounds_chunk_t));
    r->chunks[*chunk].point = (uint32_t) point;

    return 0;
}


static uint8_t *
review_rounds_flags(const review_rounds_t *r, size_t chunk, size_t point)
{
    return chunk < r->nfirst ? &r->cells[chunk * r->npoints + point]
                             : &r->chunks[chunk].cell;
}


/* the chunks that were not sent yet: those that were added go first */

static int
review_rounds_are_unsent(const review_rounds_t *r)
{
    return r->next < r->nfirst || r->added < r->nchunks;
}


static size_t
review_rounds_unsent(review_rounds_t *r)
{
    return r->added < r->nchunks ? r->added++ : r->next++;
}


void
review_rounds_fresh(review_rounds_t *r, size_t chunk, size_t point)
{
    *review_rounds_flags(r, chunk, point) |= REVIEW_ROUNDS_FRESH;
}


int
review_rounds_is_fresh(const review_rounds_t *r, size_t chunk, size_t point)
{
    return (*review_rounds_flags(r, chunk, point) & REVIEW_ROUNDS_FRESH) != 0;
}


void
review_rounds_skip(review_rounds_t *r, size_t chunk, size_t point)
{
    *review_rounds_flags(r, chunk, point) |= REVIEW_ROUNDS_DONE;
}


int
review_rounds_is_asked(const review_rounds_t *r, size_t chunk, size_t point)
{
    if (chunk >= r->nfirst && r->chunks[chunk].point != point) {
        return 0;
    }

    return !(*review_rounds_flags(r, chunk, point) & REVIEW_ROUNDS_DONE);
}


static void
review_rounds_push(review_rounds_t *r, size_t chunk)
{
    size_t    i, parent;
    uint64_t  due;

    due = r->chunks[chunk].due;

    for (i = r->nheap++; i; i = parent) {
        parent = (i - 1) / 2;

        if (r->chunks[r->heap[parent]].due <= due) {
            break;
        }

        r->heap[i] = r->heap[parent];
    }

    r->heap[i] = (uint32_t) chunk;
}


static size_t
review_rounds_pop(review_rounds_t *r)
{
    size_t    i, child;
    uint32_t  first, last;
    uint64_t  due;

    first = r->heap[0];
    last = r->heap[--r->nheap];
    due = r->chunks[last].due;

    for (i = 0; (child = 2 * i + 1) < r->nheap; i = child) {

        if (child + 1 < r->nheap
            && r->chunks[r->heap[child + 1]].due
               < r->chunks[r->heap[child]].due)
        {
            child++;
        }

        if (due <= r->chunks[r->heap[child]].due) {
            break;
        }

        r->heap[i] = r->heap[child];
    }

    r->heap[i] = last;

    return first;
}


/* half of a pause is chance, lest all that failed together come together */

static uint64_t
review_rounds_pause(uint32_t *pause, uint32_t random)
{
    *pause = *pause == 0 ? REVIEW_ROUNDS_PAUSE
             : *pause < REVIEW_ROUNDS_PAUSE_MAX / 2 ? *pause * 2
             : REVIEW_ROUNDS_PAUSE_MAX;

    return *pause - random % (*pause / 2 + 1);
}


/*
 * One that has failed goes before those that were not sent yet, so that what is
 * wrong with it is seen while others are answered; but a probe is one of these,
 * so that none that fails whatever the LLM does keeps it from being found well.
 */

int
review_rounds_next(review_rounds_t *r, uint64_t now, size_t *chunk,
    uint64_t *wait)
{
    int  beside;

    *wait = REVIEW_ROUNDS_NEVER;

    beside = r->down && r->running;

    if (r->running >= r->window
        || (beside && (r->waiting < r->running
                       || !review_rounds_are_unsent(r))))
    {
        return 0;
    }

    if (r->down && now < r->probe) {
        *wait = review_rounds_are_unsent(r) || r->nheap ? r->probe - now
                                                        : *wait;
        return 0;
    }

    if (beside) {
        r->probe = now + review_rounds_pause(&r->pause, 0);
    }

    if (r->nheap && !r->down && r->chunks[r->heap[0]].due <= now) {
        *chunk = review_rounds_pop(r);
        return 1;
    }

    if (review_rounds_are_unsent(r)) {
        *chunk = review_rounds_unsent(r);
        return 1;
    }

    if (r->nheap == 0) {
        return 0;
    }

    if (r->down || r->chunks[r->heap[0]].due <= now) {
        *chunk = review_rounds_pop(r);
        return 1;
    }

    *wait = r->chunks[r->heap[0]].due - now;

    return 0;
}


int
review_rounds_drain(review_rounds_t *r, size_t *chunk)
{
    if (r->nheap) {
        *chunk = review_rounds_pop(r);
        return 1;
    }

    if (review_rounds_are_unsent(r)) {
        *chunk = review_rounds_unsent(r);
        return 1;
    }

    return 0;
}


int
review_rounds_is_doubtful(const review_rounds_t *r, size_t chunk)
{
    const review_rounds_chunk_t  *c;

    c = &r->chunks[chunk];

    return !review_rounds_are_unsent(r)
           && (c->control || (c->probe && r->unsure));
}


void
review_rounds_begin(review_rounds_t *r, size_t chunk)
{
    review_rounds_chunk_t  *c;

    c = &r->chunks[chunk];

    r->running++;

    c->cuts = r->cuts;
    c->begun = r->heard;
    c->probe = r->down;

    if (!c->again) {
        c->again = 1;
        c->heard = r->heard;
    }
}


/* what a failure tells of the LLM, but for an answer that is no good */

static void
review_rounds_learn(review_rounds_t *r, review_code_t code)
{
    switch (code) {

    case REVIEW_CODE_QUEUE_FULL:
    case REVIEW_CODE_QUEUE_TIMEOUT:
        r->refused = 1;
        return;

    case REVIEW_CODE_CIRCUIT_OPEN:
        r->open = 1;
        /* fall through */

    case REVIEW_CODE_BUSY:
    case REVIEW_CODE_RATE_LIMITED:
    case review_code_http(503):
        r->refused = 1;
    }

    r->failed = 1;
}


static int
review_rounds_cell_again(review_rounds_t *r, size_t chunk, uint8_t *flags,
    const review_rounds_cell_t *cell)
{
    if (!review_code_passes(cell->code)) {
        return 0;
    }

    if (review_code_once(cell->code)) {

        if (*flags & REVIEW_ROUNDS_ONCE) {
            return 0;
        }

        *flags |= REVIEW_ROUNDS_ONCE | REVIEW_ROUNDS_FRESH;

        return 1;
    }

    review_rounds_learn(r, cell->code);

    /* those that were answered are others: this one was not */

    if (review_code_asked(cell->code)) {

        r->unsure = 1;

        if (r->heard != r->chunks[chunk].heard) {
            ++*flags;

        } else {
            r->doubt = 1;
        }
    }

    return (*flags & REVIEW_ROUNDS_COUNT) < REVIEW_ROUNDS_OWN;
}


int
review_rounds_cell(review_rounds_t *r, size_t chunk, size_t point,
    const review_rounds_cell_t *cell)
{
    uint8_t  *flags;

    if (!review_rounds_is_asked(r, chunk, point)) {
        return 0;
    }

    flags = review_rounds_flags(r, chunk, point);

    if (cell->code == REVIEW_CODE_OK && cell->llm) {
        r->answered = 1;
        r->heard++;
    }

    if (cell->code && review_rounds_cell_again(r, chunk, flags, cell)) {
        r->again = 1;
        return 1;
    }

    *flags |= REVIEW_ROUNDS_DONE;

    return 0;
}


/* all that has failed since it was down is due now */

static void
review_rounds_recover(review_rounds_t *r, uint64_t now)
{
    size_t                  i;
    review_rounds_chunk_t  *c;

    if (!r->down) {
        return;
    }

    r->down = 0;
    r->pause = 0;
    r->unsure = 0;

    for (i = 0; i < r->nheap; i++) {
        c = &r->chunks[r->heap[i]];
        c->due = now;
        c->pause = 0;
        c->control = 0;
    }
}


/* only a probe says that it is down still: others were under way before */

static void
review_rounds_lose(review_rounds_t *r, const review_rounds_chunk_t *c,
    uint64_t now, uint32_t random, uint64_t retry_after)
{
    if (!r->down || c->probe) {
        r->down = 1;
        r->probe = now + review_rounds_pause(&r->pause, random);
    }

    if (r->probe < now + retry_after) {
        r->probe = now + retry_after;
    }
}


/* what was under way when the window was halved knows nothing of that */

static void
review_rounds_window(review_rounds_t *r, const review_rounds_chunk_t *c,
    const review_rounds_reply_t *reply)
{
    size_t  n;

    if (c->cuts != r->cuts) {
        return;
    }

    if (r->refused) {
        n = r->running < r->window ? r->running : r->window;
        r->window = n / 2 ? n / 2 : 1;
        r->cuts++;

    } else if (r->answered && r->window < r->max
               && reply->queue_time / 2 <= reply->call_time)
    {
        r->window++;
    }
}


int
review_rounds_end(review_rounds_t *r, size_t chunk, uint64_t now,
    uint32_t random, const review_rounds_reply_t *reply)
{
    int                     again;
    uint64_t                pause;
    review_rounds_chunk_t  *c;

    c = &r->chunks[chunk];

    review_rounds_window(r, c, reply);
    r->running--;

    if (r->answered) {
        review_rounds_recover(r, now);
    }

    if (reply->code == review_code_http(503) && reply->retry_after) {
        r->open = 1;
    }

    if (r->open || ((r->failed || r->refused) && c->begun == r->heard)) {
        review_rounds_lose(r, c, now, random, reply->retry_after);
    }

    again = r->again;

    if (again) {

        if (c->heard != r->heard) {
            c->pause = 0;
        }

        pause = r->failed || r->refused
                ? review_rounds_pause(&c->pause, random) : 0;

        c->control |= r->doubt;

        c->heard = r->heard;
        c->due = now + (pause > reply->retry_after ? pause
                                                   : reply->retry_after);
        review_rounds_push(r, chunk);
    }

    r->answered = 0;
    r->again = 0;
    r->refused = 0;
    r->failed = 0;
    r->open = 0;
    r->doubt = 0;

    return again;
}


void
review_rounds_waits(review_rounds_t *r, uint64_t now)
{
    if (!r->down) {
        r->down = 1;
        r->probe = now + review_rounds_pause(&r->pause, 0);
    }
}


void
review_rounds_answered(review_rounds_t *r, uint64_t now)
{
    r->heard++;
    review_rounds_recover(r, now);
}
