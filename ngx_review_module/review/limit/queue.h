
/*
 * The capacity of an LLM, shared by processes: which calls are in flight,
 * which ones wait, and whose turn it is.
 *
 * All of it lies in one block of memory that may be mapped anywhere, and is
 * linked by index.  Whoever calls holds the lock of that memory.  Only
 * review_queue_reclaim() and review_queue_repair() take more than a few steps.
 *
 * A process may die anywhere in a change.  So what can't be made anew is
 * changed by one store: those calls of a waiter that others may change, and
 * those that its process runs.  All links and sums follow from them.
 *
 * A call that runs is counted with its waiter, so that it is known whose it is;
 * but those of the default tenant, which most of them are, with their process:
 * who of that tenant does not wait is nobody's place, and needs none.
 */

#ifndef _REVIEW_QUEUE_H_INCLUDED_
#define _REVIEW_QUEUE_H_INCLUDED_


#include "review/base/review.h"
#include "review/limit/tenant.h"

#pragma GCC visibility push(hidden)


#define REVIEW_QUEUE_PROCESSES  4096   /* at most; see review_waiter_t */
#define REVIEW_QUEUE_TENANTS    (1 << 24)
#define REVIEW_QUEUE_MOST       ((1 << 20) - 1)
#define REVIEW_QUEUE_FAILED     63
#define REVIEW_QUEUE_NONE       UINT32_MAX


typedef enum {
    REVIEW_PRIORITY_HIGH = 0,
    REVIEW_PRIORITY_NORMAL,
    REVIEW_PRIORITY_LOW
} review_priority_e;

#define REVIEW_PRIORITIES  3


/* the processes to be woken, a bit each; "any" has one for each word of them */

typedef struct {
    uint64_t         any;
    uint64_t         bits[REVIEW_QUEUE_PROCESSES / 64];
} review_wake_t;


/* calls that wait, or have got their turn and don't know it yet */

typedef union {
    struct {
        uint32_t     waiting;          /* not 0: in the ring of its line */
        uint32_t     granted;          /* not 0: in the list of the process */
    };
    uint64_t         both;             /* to be stored at once */
} review_calls_t;


/* one who has calls: a review; without any it is nobody's place */

typedef struct {
    uint32_t         next;             /* in the ring of its line, or in the */
    uint32_t         prev;             /* list of free ones */
    uint32_t         next_granted;     /* in the list of its process */
    uint32_t         process:12;
    uint32_t         most:20;          /* calls in flight that its tenant may
                                          have, for it to get one; 0: any */
    uint32_t         tenant:24;
    uint32_t         failed:6;         /* how often the one of those that wait
                                          has that has done so least */
    uint32_t         priority:2;
    uint32_t         running;          /* none but its process changes it; 0 if
                                          it is the default tenant's */
    review_calls_t   calls;
    void            *owner;            /* of use in its process alone */
} review_waiter_t;


/* the waiters of a class that are one tenant's */

typedef struct {
    uint32_t         head;             /* whose turn is next; NONE: nobody's */
    uint32_t         next;             /* in the ring of the class; NONE: it is
                                          not there */
    uint32_t         prev;
    uint32_t         most;             /* no waiter has a larger one; 0: any */
    uint32_t         waiting;          /* calls */
} review_queue_line_t;


typedef struct {
    uint32_t         in_flight;        /* see review_queue_in_flight() */
    review_queue_line_t    lines[REVIEW_PRIORITIES];
} review_queue_tenant_t;


/* what a process has */

typedef struct {
    uint32_t         running;          /* calls of the default tenant, none but
                                          the process changes it */
    uint32_t         granted;          /* the first of its waiters with a
                                          call whose turn has come */
    uint32_t         others;           /* calls of others that run */
} review_share_t;


typedef struct {
    uint32_t         limit;            /* of calls in flight; 0: none */
    uint32_t         in_flight;        /* running and granted */
    uint32_t         others;           /* those not of the default tenant */
    uint32_t         waiting;
    uint32_t         ready;            /* those that wait for a slot alone, and
                                          not for a call of their tenant's */
    uint32_t         free;
    uint32_t         top;              /* waiters from here on are untouched */
    uint32_t         used;
    uint32_t         size;
    uint32_t         tenants_at;       /* bytes from here */
    uint32_t         waiters_at;
    uint32_t         rings[REVIEW_PRIORITIES];    /* the line that is next */
    uint32_t         waiting_of[REVIEW_PRIORITIES];
    uint32_t         ready_of[REVIEW_PRIORITIES];
    uint64_t         passes[REVIEW_PRIORITIES];   /* see review_queue_next() */
    uint64_t         pass;
    uint32_t         processes;
    uint32_t         tenants;
    review_share_t   shares[];
} review_queue_t;


/* whoever asks for a slot */

typedef struct {
    uint32_t           process;
    uint32_t           tenant;
    uint32_t           most;           /* calls of the tenant; 0: any number */
    review_priority_e  priority;
    void              *owner;
} review_who_t;


static inline review_queue_tenant_t *
review_queue_tenant(review_queue_t *q, uint32_t tenant)
{
    return (review_queue_tenant_t *) ((char *) q + q->tenants_at) + tenant;
}


static inline review_waiter_t *
review_queue_waiter(review_queue_t *q, uint32_t waiter)
{
    return (review_waiter_t *) ((char *) q + q->waiters_at) + waiter;
}


/* calls of a tenant that run or are granted */

static inline uint32_t
review_queue_in_flight(review_queue_t *q, uint32_t tenant)
{
    if (tenant == REVIEW_TENANT_DEFAULT) {
        return q->in_flight - q->others;
    }

    return review_queue_tenant(q, tenant)->in_flight;
}


/* calls that a process runs */

static inline uint32_t
review_queue_running(const review_queue_t *q, uint32_t process)
{
    return q->shares[process].running + q->shares[process].others;
}


/* the bytes of a queue */

size_t review_queue_size(uint32_t processes, uint32_t tenants,
    uint32_t waiters);

/* makes a queue of a block of bytes; returns 0, or -1: it is too small */

int review_queue_init(review_queue_t *q, size_t size, uint32_t processes,
    uint32_t tenants);

/*
 * Takes a slot for a call, if one is free and nobody waits for it; returns 1
 * or 0.  *waiter is the one that the review has already, and counts, or
 * REVIEW_QUEUE_NONE and then becomes a new one.
 */

int review_queue_take(review_queue_t *q, uint32_t *waiter,
    const review_who_t *who);

/* gives it back; then somebody is to be served */

void review_queue_give(review_queue_t *q, uint32_t *waiter,
    const review_who_t *who);

/* a call waits; NONE: there is no room for a new waiter */

void review_queue_wait(review_queue_t *q, uint32_t *waiter,
    const review_who_t *who);

/*
 * A call of a waiter gives up: one that waits or, where there is none, one
 * whose turn has come, and then returns 1; then somebody is to be served.
 */

int review_queue_quit(review_queue_t *q, uint32_t *waiter);

/* with each of these: a waiter without calls is gone, *waiter becomes NONE */

/*
 * Gives free slots, so many at most, to those whose turn it is, each tenant of
 * a class in its turn, and each of its reviews, and marks the processes that
 * must be told.  Returns how many.
 */

uint32_t review_queue_turns(review_queue_t *q, uint32_t most,
    review_wake_t *wake);

static inline uint32_t
review_queue_serve(review_queue_t *q, uint32_t most, review_wake_t *wake)
{
    return q->ready ? review_queue_turns(q, most, wake) : 0;
}


/*
 * The same for a single call, of those which have failed least often; "fresh":
 * of those which have not at all.  It looks at so many waiters at most.
 */

#define REVIEW_QUEUE_LOOKED  4096

uint32_t review_queue_probe(review_queue_t *q, int fresh, review_wake_t *wake);

/* how often the one of a waiter's calls has failed that has done so least */

void review_queue_mark(review_queue_t *q, uint32_t waiter, uint32_t failed);

/*
 * Tells a process of calls whose turn has come: returns their number, whose
 * they are, and whether their waiter is gone.  They run now.  0: that was all.
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


/* could a call have a slot now, if nobody waited for it? */

int review_queue_room(review_queue_t *q, const review_who_t *who);

/* calls that wait, and whose turn may come before that of one that comes now */

uint32_t review_queue_ahead(review_queue_t *q, const review_who_t *who);

/* calls of a tenant that wait */

uint32_t review_queue_waiting(review_queue_t *q, uint32_t tenant);


static inline void
review_queue_wake_init(review_wake_t *wake)
{
    wake->any = 0;
}


void review_queue_wake_add(review_wake_t *wake, uint32_t process);

/* takes one out; NONE: that was all */

uint32_t review_queue_wake_next(review_wake_t *wake);


#pragma GCC visibility pop


#endif /* _REVIEW_QUEUE_H_INCLUDED_ */
