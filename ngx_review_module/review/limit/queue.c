
#include "review/limit/queue.h"


/*
 * Of 21 turns, while calls of all classes wait, high gets 16, normal 4 and low
 * 1: a lower class waits, but not for ever.
 */

static const uint64_t  review_queue_strides[REVIEW_PRIORITIES] = { 1, 4, 16 };


/*
 * What is above is stored before what is below.  This is for the compiler: a
 * process that dies has done all that it came to, and the lock shows it to the
 * next one.
 */

#define review_queue_barrier()  __atomic_signal_fence(__ATOMIC_SEQ_CST)


static void
review_queue_empty(review_queue_t *q)
{
    size_t  i;

    for (i = 0; i < REVIEW_PRIORITIES; i++) {
        q->rings[i] = REVIEW_QUEUE_NONE;
        q->waiting_of[i] = 0;
    }

    for (i = 0; i < REVIEW_QUEUE_PROCESSES; i++) {
        q->shares[i].granted = REVIEW_QUEUE_NONE;
    }

    q->free = REVIEW_QUEUE_NONE;
    q->in_flight = 0;
    q->waiting = 0;
}


int
review_queue_init(review_queue_t *q, size_t size)
{
    size_t  n;

    if (size < sizeof(review_queue_t) + sizeof(review_waiter_t)) {
        return -1;
    }

    n = (size - sizeof(review_queue_t)) / sizeof(review_waiter_t);

    memset(q, 0, sizeof(review_queue_t));

    q->size = (n < REVIEW_QUEUE_NONE) ? (uint32_t) n : REVIEW_QUEUE_NONE;

    review_queue_empty(q);

    return 0;
}


static int
review_queue_full(const review_queue_t *q)
{
    return q->limit && q->in_flight >= q->limit;
}


int
review_queue_take(review_queue_t *q, uint32_t process)
{
    if (q->waiting || review_queue_full(q)) {
        return 0;
    }

    q->in_flight++;
    q->shares[process].in_flight++;

    return 1;
}


void
review_queue_give(review_queue_t *q, uint32_t process)
{
    q->in_flight--;
    q->shares[process].in_flight--;
}


static uint32_t
review_queue_waiter_create(review_queue_t *q)
{
    uint32_t  waiter;

    if (q->free != REVIEW_QUEUE_NONE) {
        waiter = q->free;
        q->free = q->waiters[waiter].next;
        return waiter;
    }

    if (q->top == q->size) {
        return REVIEW_QUEUE_NONE;
    }

    /* nobody's, should a repair see it: the block need not have been zeroed */

    waiter = q->top;
    q->waiters[waiter].used = 0;

    review_queue_barrier();
    q->top = waiter + 1;

    return waiter;
}


static void
review_queue_waiter_free(review_queue_t *q, uint32_t waiter)
{
    q->waiters[waiter].used = 0;
    q->waiters[waiter].next = q->free;
    q->free = waiter;
}


/* at the end of the ring, which is before its head */

static void
review_queue_waiter_link(review_queue_t *q, uint32_t waiter)
{
    uint32_t          *ring;
    review_waiter_t   *w, *head;

    w = &q->waiters[waiter];
    ring = &q->rings[w->priority];

    if (*ring == REVIEW_QUEUE_NONE) {
        *ring = waiter;
        w->next = waiter;
        w->prev = waiter;

        /* who comes back does not make up for the turns that it missed */

        if (q->passes[w->priority] < q->pass) {
            q->passes[w->priority] = q->pass;
        }

        return;
    }

    head = &q->waiters[*ring];

    w->next = *ring;
    w->prev = head->prev;
    q->waiters[w->prev].next = waiter;
    head->prev = waiter;
}


static void
review_queue_waiter_unlink(review_queue_t *q, uint32_t waiter)
{
    review_waiter_t  *w;

    w = &q->waiters[waiter];

    if (w->next == waiter) {
        q->rings[w->priority] = REVIEW_QUEUE_NONE;
        return;
    }

    q->waiters[w->next].prev = w->prev;
    q->waiters[w->prev].next = w->next;

    if (q->rings[w->priority] == waiter) {
        q->rings[w->priority] = w->next;
    }
}


uint32_t
review_queue_wait(review_queue_t *q, uint32_t waiter, uint32_t process,
    review_priority_e priority, void *owner)
{
    review_waiter_t  *w;

    if (waiter == REVIEW_QUEUE_NONE) {
        waiter = review_queue_waiter_create(q);

        if (waiter == REVIEW_QUEUE_NONE) {
            return waiter;
        }

        w = &q->waiters[waiter];

        w->process = process;
        w->priority = (uint16_t) priority;
        w->owner = owner;
        w->calls.both = 0;

        /* a repair must not see the calls of who had this place before */

        review_queue_barrier();
        w->used = 1;
    }

    w = &q->waiters[waiter];

    if (w->calls.waiting++ == 0) {
        review_queue_waiter_link(q, waiter);
    }

    q->waiting++;
    q->waiting_of[w->priority]++;

    return waiter;
}


/* a call that waited does so no longer: what follows from that */

static void
review_queue_waiter_less(review_queue_t *q, uint32_t waiter)
{
    review_waiter_t  *w;

    w = &q->waiters[waiter];

    q->waiting--;
    q->waiting_of[w->priority]--;

    if (w->calls.waiting == 0) {
        review_queue_waiter_unlink(q, waiter);
    }
}


/* in one step: there is no moment at which the call is lost, or there twice */

static void
review_queue_waiter_grant(review_waiter_t *w)
{
    review_calls_t  calls;

    calls = w->calls;

    calls.waiting--;
    calls.granted++;

    __atomic_store_n(&w->calls.both, calls.both, __ATOMIC_RELAXED);
}


static void
review_queue_waiter_add_granted(review_queue_t *q, uint32_t waiter)
{
    review_waiter_t  *w;
    review_share_t   *share;

    w = &q->waiters[waiter];
    share = &q->shares[w->process];

    w->next_granted = share->granted;
    share->granted = waiter;
}


/* the list of a process is as long as it is late: a few */

static void
review_queue_waiter_remove_granted(review_queue_t *q, uint32_t waiter)
{
    uint32_t         *link;
    review_waiter_t  *w;

    w = &q->waiters[waiter];
    link = &q->shares[w->process].granted;

    while (*link != REVIEW_QUEUE_NONE) {
        if (*link == waiter) {
            *link = w->next_granted;
            return;
        }

        link = &q->waiters[*link].next_granted;
    }
}


int
review_queue_quit(review_queue_t *q, uint32_t *waiter)
{
    int               granted;
    review_waiter_t  *w;

    w = &q->waiters[*waiter];
    granted = 0;

    if (w->calls.waiting) {
        w->calls.waiting--;
        review_queue_waiter_less(q, *waiter);

    } else if (w->calls.granted) {
        q->in_flight--;
        granted = 1;

        if (--w->calls.granted == 0) {
            review_queue_waiter_remove_granted(q, *waiter);
        }
    }

    if (w->calls.both == 0) {
        review_queue_waiter_free(q, *waiter);
        *waiter = REVIEW_QUEUE_NONE;
    }

    return granted;
}


/*
 * Stride scheduling: each class has passed so much of the way, and steps on
 * by its stride when it gets a turn; the one that is behind is next.
 */

static int
review_queue_pick(review_queue_t *q)
{
    int  i, best;

    best = -1;

    for (i = 0; i < REVIEW_PRIORITIES; i++) {
        if (q->rings[i] != REVIEW_QUEUE_NONE
            && (best == -1 || q->passes[i] < q->passes[best]))
        {
            best = i;
        }
    }

    if (best != -1) {
        q->pass = q->passes[best];
        q->passes[best] += review_queue_strides[best];
    }

    return best;
}


uint32_t
review_queue_serve(review_queue_t *q, uint32_t most, review_wake_t *wake)
{
    int               priority;
    uint32_t          n, waiter;
    review_waiter_t  *w;

    for (n = 0; n < most && q->waiting && !review_queue_full(q); n++) {

        priority = review_queue_pick(q);

        if (priority == -1) {
            break;
        }

        waiter = q->rings[priority];
        w = &q->waiters[waiter];

        q->in_flight++;

        if (w->calls.granted == 0) {
            review_queue_waiter_add_granted(q, waiter);
        }

        review_queue_waiter_grant(w);

        q->rings[priority] = w->next;
        review_queue_waiter_less(q, waiter);

        wake->bits[w->process / 64] |= (uint64_t) 1 << w->process % 64;
    }

    return n;
}


uint32_t
review_queue_claim(review_queue_t *q, uint32_t process, void **owner,
    int *gone)
{
    uint32_t          n, waiter;
    review_share_t   *share;
    review_waiter_t  *w;

    share = &q->shares[process];
    waiter = share->granted;

    if (waiter == REVIEW_QUEUE_NONE) {
        return 0;
    }

    w = &q->waiters[waiter];

    share->granted = w->next_granted;

    n = w->calls.granted;
    share->in_flight += n;
    w->calls.granted = 0;

    *owner = w->owner;
    *gone = (w->calls.waiting == 0);

    if (*gone) {
        review_queue_waiter_free(q, waiter);
    }

    return n;
}


void
review_queue_reclaim(review_queue_t *q, uint32_t process)
{
    uint32_t          i;
    review_waiter_t  *w;

    q->in_flight -= q->shares[process].in_flight;

    q->shares[process].in_flight = 0;
    q->shares[process].granted = REVIEW_QUEUE_NONE;

    for (i = 0; i < q->top; i++) {
        w = &q->waiters[i];

        if (!w->used || w->process != process) {
            continue;
        }

        q->in_flight -= w->calls.granted;

        while (w->calls.waiting) {
            w->calls.waiting--;
            review_queue_waiter_less(q, i);
        }

        review_queue_waiter_free(q, i);
    }
}


void
review_queue_repair(review_queue_t *q)
{
    uint32_t          i;
    review_waiter_t  *w;

    review_queue_empty(q);

    for (i = 0; i < REVIEW_QUEUE_PROCESSES; i++) {
        q->in_flight += q->shares[i].in_flight;
    }

    for (i = 0; i < q->top; i++) {
        w = &q->waiters[i];

        if (!w->used || w->calls.both == 0) {
            review_queue_waiter_free(q, i);
            continue;
        }

        if (w->calls.granted) {
            q->in_flight += w->calls.granted;
            review_queue_waiter_add_granted(q, i);
        }

        if (w->calls.waiting) {
            q->waiting += w->calls.waiting;
            q->waiting_of[w->priority] += w->calls.waiting;
            review_queue_waiter_link(q, i);
        }
    }
}
