
/*
 * The capacity of an LLM, shared by processes: which calls are in flight,
 * which ones wait, and whose turn it is.
 *
 * All of it lies in one block of memory that may be mapped anywhere, and is
 * linked by index.  Whoever calls holds the lock of that memory.  Only
 * review_queue_reclaim() and review_queue_repair() take more than a few steps.
 *
 * A process may die anywhere in a change.  So what can't be made anew is
 * changed by one store: the calls of a waiter, and those that a process runs.
 * All links and sums follow from them.
 */

#ifndef _REVIEW_QUEUE_H_INCLUDED_
#define _REVIEW_QUEUE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_QUEUE_PROCESSES  256
#define REVIEW_QUEUE_NONE       UINT32_MAX


typedef enum {
    REVIEW_PRIORITY_HIGH = 0,
    REVIEW_PRIORITY_NORMAL,
    REVIEW_PRIORITY_LOW
} review_priority_e;

#define REVIEW_PRIORITIES  3


/* the processes to be woken, a bit each */

typedef struct {
    uint64_t         bits[REVIEW_QUEUE_PROCESSES / 64];
} review_wake_t;


/* calls that wait, or have got their turn and don't know it yet */

typedef union {
    struct {
        uint32_t     waiting;          /* not 0: in the ring */
        uint32_t     granted;          /* not 0: in the list of the process */
    };
    uint64_t         both;             /* to be stored at once */
} review_calls_t;


/* one who waits: a review with such calls */

typedef struct {
    uint32_t         next;             /* in the ring of its priority, or in */
    uint32_t         prev;             /* the list of free ones */
    uint32_t         next_granted;     /* in the list of its process */
    uint32_t         process;
    review_calls_t   calls;
    uint16_t         priority;
    uint16_t         used;
    void            *owner;            /* of use in its process alone */
} review_waiter_t;


/* what a process has */

typedef struct {
    uint32_t         in_flight;        /* calls that run */
    uint32_t         granted;          /* the first of its waiters with a
                                          call whose turn has come */
} review_share_t;


typedef struct {
    uint32_t         limit;            /* of calls in flight; 0: none */
    uint32_t         in_flight;        /* running and granted */
    uint32_t         waiting;
    uint32_t         waiting_of[REVIEW_PRIORITIES];
    uint32_t         rings[REVIEW_PRIORITIES];    /* whose turn is next */
    uint64_t         passes[REVIEW_PRIORITIES];   /* see review_queue_pick() */
    uint64_t         pass;
    uint32_t         free;
    uint32_t         top;              /* waiters from here on are untouched */
    uint32_t         size;
    review_share_t   shares[REVIEW_QUEUE_PROCESSES];
    review_waiter_t  waiters[];
} review_queue_t;


/* makes a queue of a block of bytes; returns 0, or -1: it is too small */

int review_queue_init(review_queue_t *q, size_t size);

/* takes a slot for a call of a process, if one is free; returns 1 or 0 */

int review_queue_take(review_queue_t *q, uint32_t process);

/* gives it back; then somebody is to be served */

void review_queue_give(review_queue_t *q, uint32_t process);

/*
 * A call waits.  "waiter" is the one that its review has already, or
 * REVIEW_QUEUE_NONE for a new one, with "owner" as its own.  Returns the
 * waiter; NONE: there is no room.
 */

uint32_t review_queue_wait(review_queue_t *q, uint32_t waiter,
    uint32_t process, review_priority_e priority, void *owner);

/*
 * A call of a waiter gives up: one that waits or, where there is none, one
 * whose turn has come, and then returns 1; then somebody is to be served.  A
 * waiter without calls is gone: *waiter becomes NONE.
 */

int review_queue_quit(review_queue_t *q, uint32_t *waiter);

/*
 * Gives free slots, so many at most, to those whose turn it is, each review in
 * its turn, and marks the processes that must be told.  Returns how many.
 */

uint32_t review_queue_serve(review_queue_t *q, uint32_t most,
    review_wake_t *wake);

/*
 * Tells a process of calls whose turn has come: returns their number, and
 * whose they are; the slots are the process's to give back.  *gone: the waiter
 * has no more calls, and is not to be named again.  0: that was all.
 */

uint32_t review_queue_claim(review_queue_t *q, uint32_t process, void **owner,
    int *gone);

/* a process is no more: frees what it had; then somebody is to be served */

void review_queue_reclaim(review_queue_t *q, uint32_t process);

/*
 * A process died in the middle of a change, this one perhaps: makes all links
 * and sums anew.  No call of another process is lost or granted twice; what
 * the dead one had is still to be reclaimed.
 */

void review_queue_repair(review_queue_t *q);


#pragma GCC visibility pop


#endif /* _REVIEW_QUEUE_H_INCLUDED_ */
