
/*
 * In which order, and when, the chunks of a task are sent, and sent again for
 * those of their cells that have failed for a reason that may pass.
 *
 * A cell is asked again until it is answered or fails for good; once, and then
 * past all caches, if its answer was no good.  A failure that comes back in so
 * many rounds, while others were answered before each, is the cell's own: it
 * ends it, unless nobody was asked at all.
 *
 * A chunk that failed in part is sent again after a pause, which doubles while
 * nothing is answered.  No more chunks are under way than the LLM bears: a
 * refusal halves the window, a reply that had not waited long widens it by one.
 *
 * An LLM that is down answers nothing: one chunk at a time is a probe then,
 * after a pause of its own, and with the first answer all that failed is due.
 * Where all that are under way wait for the LLM, which may be for cells that
 * fail whatever it does, one that was not sent yet is a probe, too.
 *
 * Chunks may be added later, of one cell each: they are sent before those that
 * were not sent yet, since others may follow from what they are answered.
 *
 * Plain memory of one process; times are milliseconds, and passed in.
 */

#ifndef _REVIEW_ROUNDS_H_INCLUDED_
#define _REVIEW_ROUNDS_H_INCLUDED_


#include "review/base/code.h"
#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_ROUNDS_OWN        5
#define REVIEW_ROUNDS_PAUSE      1000
#define REVIEW_ROUNDS_PAUSE_MAX  30000

/* no time: something has to end first */

#define REVIEW_ROUNDS_NEVER      UINT64_MAX


typedef struct {
    uint64_t         due;                /* not before */
    uint32_t         pause;              /* the last one; 0: none */
    uint32_t         heard;              /* when it last failed, */
    uint32_t         begun;              /* and began */
    uint32_t         cuts;               /* of the window, when it began */
    uint32_t         point;              /* of one that was added: its cell's */
    uint8_t          cell;
    unsigned         again:1;            /* it has begun before */
    unsigned         probe:1;            /* while it was down */
    unsigned         control:1;          /* whose failures are its cells'? */
} review_rounds_chunk_t;


typedef struct {
    review_rounds_chunk_t  *chunks;
    uint8_t                *cells;       /* chunk by chunk */
    uint32_t               *heap;        /* chunks to be sent again: the first
                                            one is due first */
    size_t                  nheap;
    size_t                  nchunks;     /* with those that were added */
    size_t                  nfirst;      /* those that were there first */
    size_t                  npoints;
    size_t                  room;        /* in chunks, and the heap */
    size_t                  next;        /* chunk to be sent first */
    size_t                  added;       /* before it: one that was added */
    size_t                  running;
    size_t                  waiting;     /* of these, for the LLM: as is told */

    size_t                  max;         /* chunks at a time */
    size_t                  window;
    uint32_t                cuts;        /* how often it was halved */
    uint32_t                heard;       /* cells that were answered */

    uint64_t                probe;       /* while it is down: not before */
    uint32_t                pause;       /* the last one */
    unsigned                down:1;
    unsigned                unsure:1;    /* since then: it, or the cells? */

    /* of the round that ends */

    unsigned                answered:1;
    unsigned                again:1;     /* a cell is to be */
    unsigned                refused:1;   /* for want of room */
    unsigned                failed:1;    /* as an LLM that is down does */
    unsigned                open:1;      /* so the circuit says */
    unsigned                doubt:1;     /* nobody else was answered */
} review_rounds_t;


/* what has become of a cell that was asked */

typedef struct {
    review_code_t    code;               /* of its failure, or OK */
    unsigned         llm:1;              /* OK: the LLM has answered it */
} review_rounds_cell_t;


/* and of the chunk as a whole; times are sums over all calls */

typedef struct {
    review_code_t    code;               /* of its failure, or OK */
    uint64_t         retry_after;        /* 0: nothing is said of that */
    uint64_t         queue_time;
    uint64_t         call_time;
} review_rounds_reply_t;


/* 0, or -1: no memory */

int review_rounds_init(review_rounds_t *r, review_pool_t *pool, size_t nchunks,
    size_t npoints, size_t max);

/* one more chunk, with a cell of this point; 0, or -1: no memory */

int review_rounds_add(review_rounds_t *r, review_pool_t *pool, size_t point,
    size_t *chunk);

/* a cell that caches are bypassed for, whatever comes */

void review_rounds_fresh(review_rounds_t *r, size_t chunk, size_t point);
int review_rounds_is_fresh(const review_rounds_t *r, size_t chunk,
    size_t point);

/*
 * A cell that is not asked; is it asked in the next round?  A chunk that was
 * added has but one.
 */

void review_rounds_skip(review_rounds_t *r, size_t chunk, size_t point);
int review_rounds_is_asked(const review_rounds_t *r, size_t chunk,
    size_t point);

/*
 * 1: the chunk is to be sent now; it begins, or else is given up.  0: none is
 * before "wait" milliseconds have passed.
 */

int review_rounds_next(review_rounds_t *r, uint64_t now, size_t *chunk,
    uint64_t *wait);

/* any that has not begun, or is to be sent again: 0 if there is none */

int review_rounds_drain(review_rounds_t *r, size_t *chunk);

void review_rounds_begin(review_rounds_t *r, size_t chunk);

/*
 * Is it unknown whether the LLM fails, or cells of this chunk do?  Then one
 * that was answered before is asked along, where all other chunks have begun.
 */

int review_rounds_is_doubtful(const review_rounds_t *r, size_t chunk);

/*
 * A round of a chunk has ended: first what became of each cell that was asked,
 * the answered ones before the others, 1 if it is asked again; then of the
 * chunk, 1 if it is sent again.
 */

int review_rounds_cell(review_rounds_t *r, size_t chunk, size_t point,
    const review_rounds_cell_t *cell);
int review_rounds_end(review_rounds_t *r, size_t chunk, uint64_t now,
    uint32_t random, const review_rounds_reply_t *reply);

/* news of a chunk that is under review: its calls wait; a cell is answered */

void review_rounds_waits(review_rounds_t *r, uint64_t now);
void review_rounds_answered(review_rounds_t *r, uint64_t now);


#pragma GCC visibility pop


#endif /* _REVIEW_ROUNDS_H_INCLUDED_ */
