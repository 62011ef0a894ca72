
#include "review/limit/queue.h"


/*
 * Of 21 turns, while calls of all classes wait, high gets 16, normal 4 and low
 * 1: a lower class waits, but not for ever.
 */

static const uint64_t  review_queue_strides[REVIEW_PRIORITIES] = { 1, 4, 16 };


/*
 * Nor does it take the memory from a higher one: a sixteenth of the places for
 * waiters is not for normal, an eighth not for low; by how many bits that is.
 */

static const uint32_t  review_queue_spared[REVIEW_PRIORITIES] = { 31, 4, 3 };


/*
 * What is above is stored before what is below.  This is for the compiler: a
 * process that dies has done all that it came to, and the lock shows it to the
 * next one.
 */

#define review_queue_barrier()  __atomic_signal_fence(__ATOMIC_SEQ_CST)


static void
review_queue_empty_tenant(review_queue_tenant_t *tenant)
{
    size_t  i;

    tenant->in_flight = 0;

    for (i = 0; i < REVIEW_PRIORITIES; i++) {
        tenant->lines[i].head = REVIEW_QUEUE_NONE;
        tenant->lines[i].next = REVIEW_QUEUE_NONE;
        tenant->lines[i].waiting = 0;
    }
}


static void
review_queue_empty(review_queue_t *q)
{
    uint32_t  i;

    for (i = 0; i < REVIEW_PRIORITIES; i++) {
        q->rings[i] = REVIEW_QUEUE_NONE;
        q->waiting_of[i] = 0;
        q->ready_of[i] = 0;
    }

    for (i = 0; i < q->processes; i++) {
        q->shares[i].others = 0;
        q->shares[i].granted = REVIEW_QUEUE_NONE;
    }

    for (i = 0; i < q->tenants; i++) {
        review_queue_empty_tenant(review_queue_tenant(q, i));
    }

    q->free = REVIEW_QUEUE_NONE;
    q->used = 0;
    q->in_flight = 0;
    q->others = 0;
    q->waiting = 0;
    q->ready = 0;
}


/* where the tenants begin: each has a cache line, if the block begins one */

static size_t
review_queue_head(uint32_t processes)
{
    size_t  n;

    n = sizeof(review_queue_t) + processes * sizeof(review_share_t);

    return (n + 63) & ~(size_t) 63;
}


size_t
review_queue_size(uint32_t processes, uint32_t tenants, uint32_t waiters)
{
    return review_queue_head(processes)
           + tenants * sizeof(review_queue_tenant_t)
           + waiters * sizeof(review_waiter_t);
}


int
review_queue_init(review_queue_t *q, size_t size, uint32_t processes,
    uint32_t tenants)
{
    size_t    n;
    uint32_t  i;

    if (size < review_queue_size(processes, tenants, 1)) {
        return -1;
    }

    memset(q, 0, sizeof(review_queue_t));

    q->processes = processes;
    q->tenants = tenants;
    q->tenants_at = (uint32_t) review_queue_head(processes);
    q->waiters_at = q->tenants_at
                    + tenants * (uint32_t) sizeof(review_queue_tenant_t);

    n = (size - q->waiters_at) / sizeof(review_waiter_t);

    q->size = (n < REVIEW_QUEUE_NONE) ? (uint32_t) n : REVIEW_QUEUE_NONE;

    for (i = 0; i < processes; i++) {
        q->shares[i].running = 0;
    }

    review_queue_empty(q);

    return 0;
}


static inline int
review_queue_full(const review_queue_t *q)
{
    return q->limit && q->in_flight >= q->limit;
}


static inline int
review_queue_waiter_is(const review_waiter_t *w)
{
    return w->calls.both || w->running;
}


static inline uint32_t
review_queue_waiter_place(review_queue_t *q, review_priority_e priority)
{
    uint32_t  waiter;

    if (q->size - q->used <= q->size >> review_queue_spared[priority]) {
        return REVIEW_QUEUE_NONE;
    }

    if (q->free != REVIEW_QUEUE_NONE) {
        waiter = q->free;
        q->free = review_queue_waiter(q, waiter)->next;
        return waiter;
    }

    if (q->top == q->size) {
        return REVIEW_QUEUE_NONE;
    }

    /* nobody's, should a repair see it: the block need not have been zeroed */

    waiter = q->top;
    review_queue_waiter(q, waiter)->calls.both = 0;
    review_queue_waiter(q, waiter)->running = 0;

    review_queue_barrier();
    q->top = waiter + 1;

    return waiter;
}


static inline uint32_t
review_queue_waiter_create(review_queue_t *q, const review_who_t *who)
{
    uint32_t          waiter;
    review_waiter_t  *w;

    waiter = review_queue_waiter_place(q, who->priority);

    if (waiter == REVIEW_QUEUE_NONE) {
        return waiter;
    }

    w = review_queue_waiter(q, waiter);

    w->process = who->process & (REVIEW_QUEUE_PROCESSES - 1);
    w->most = who->most & REVIEW_QUEUE_MOST;
    w->tenant = who->tenant & (REVIEW_QUEUE_TENANTS - 1);
    w->priority = who->priority & 3;
    w->failed = 0;
    w->owner = who->owner;

    /* it is there with its first call */

    review_queue_barrier();
    q->used++;

    return waiter;
}


static inline void
review_queue_waiter_free(review_queue_t *q, uint32_t waiter)
{
    review_waiter_t  *w;

    w = review_queue_waiter(q, waiter);

    w->calls.both = 0;
    w->running = 0;
    w->next = q->free;
    q->free = waiter;
    q->used--;
}


static void
review_queue_waiter_done(review_queue_t *q, uint32_t *waiter)
{
    if (!review_queue_waiter_is(review_queue_waiter(q, *waiter))) {
        review_queue_waiter_free(q, *waiter);
        *waiter = REVIEW_QUEUE_NONE;
    }
}


static inline int
review_queue_may(review_queue_t *q, uint32_t tenant, uint32_t most)
{
    return most == 0 || review_queue_in_flight(q, tenant) < most;
}


/* at the end of the ring of its class, which is before its head */

static inline void
review_queue_line_link(review_queue_t *q, uint32_t tenant, int class)
{
    uint32_t             *ring, last;
    review_queue_line_t  *line, *head;

    line = &review_queue_tenant(q, tenant)->lines[class];
    ring = &q->rings[class];

    q->ready += line->waiting;
    q->ready_of[class] += line->waiting;

    if (*ring == REVIEW_QUEUE_NONE) {
        *ring = tenant;
        line->next = tenant;
        line->prev = tenant;

        /* who comes back does not make up for the turns that it missed */

        if (q->passes[class] < q->pass) {
            q->passes[class] = q->pass;
        }

        return;
    }

    head = &review_queue_tenant(q, *ring)->lines[class];
    last = head->prev;

    line->next = *ring;
    line->prev = last;
    review_queue_tenant(q, last)->lines[class].next = tenant;
    head->prev = tenant;
}


static inline void
review_queue_line_unlink(review_queue_t *q, uint32_t tenant, int class)
{
    review_queue_line_t  *line;

    line = &review_queue_tenant(q, tenant)->lines[class];

    if (line->next == tenant) {
        q->rings[class] = REVIEW_QUEUE_NONE;

    } else {
        review_queue_tenant(q, line->next)->lines[class].prev = line->prev;
        review_queue_tenant(q, line->prev)->lines[class].next = line->next;

        if (q->rings[class] == tenant) {
            q->rings[class] = line->next;
        }
    }

    line->next = REVIEW_QUEUE_NONE;
}


/* a tenant that has its calls is in no ring, until one of them has ended */

static inline void
review_queue_line_pause(review_queue_t *q, uint32_t tenant, int class)
{
    review_queue_line_t  *line;

    line = &review_queue_tenant(q, tenant)->lines[class];

    q->ready -= line->waiting;
    q->ready_of[class] -= line->waiting;

    review_queue_line_unlink(q, tenant, class);
}


static void
review_queue_pause(review_queue_t *q, uint32_t tenant)
{
    int                   class;
    review_queue_line_t  *line;

    for (class = 0; class < REVIEW_PRIORITIES; class++) {
        line = &review_queue_tenant(q, tenant)->lines[class];

        if (line->next != REVIEW_QUEUE_NONE
            && !review_queue_may(q, tenant, line->most))
        {
            review_queue_line_pause(q, tenant, class);
        }
    }
}


static void
review_queue_resume(review_queue_t *q, uint32_t tenant)
{
    int                   class;
    review_queue_line_t  *line;

    for (class = 0; class < REVIEW_PRIORITIES; class++) {
        line = &review_queue_tenant(q, tenant)->lines[class];

        if (line->next == REVIEW_QUEUE_NONE && line->head != REVIEW_QUEUE_NONE
            && review_queue_may(q, tenant, line->most))
        {
            review_queue_line_link(q, tenant, class);
        }
    }
}


/* calls of a tenant that are in flight: what follows from that */

static inline void
review_queue_tenant_more(review_queue_t *q, uint32_t tenant, uint32_t n)
{
    q->in_flight += n;

    if (tenant != REVIEW_TENANT_DEFAULT) {
        q->others += n;
        review_queue_tenant(q, tenant)->in_flight += n;
    }
}


static inline void
review_queue_tenant_less(review_queue_t *q, uint32_t tenant)
{
    q->in_flight--;

    if (tenant != REVIEW_TENANT_DEFAULT) {
        q->others--;
        review_queue_tenant(q, tenant)->in_flight--;
    }

    if (q->ready != q->waiting) {
        review_queue_resume(q, tenant);
    }
}


/* at the end of the ring of its line */

static inline void
review_queue_waiter_link(review_queue_t *q, uint32_t waiter)
{
    review_queue_line_t  *line;
    review_waiter_t      *w, *head;

    w = review_queue_waiter(q, waiter);
    line = &review_queue_tenant(q, w->tenant)->lines[w->priority];

    if (line->head == REVIEW_QUEUE_NONE) {
        line->head = waiter;
        line->most = w->most;
        w->next = waiter;
        w->prev = waiter;

    } else {
        head = review_queue_waiter(q, line->head);

        w->next = line->head;
        w->prev = head->prev;
        review_queue_waiter(q, w->prev)->next = waiter;
        head->prev = waiter;

        if (w->most == 0 || (line->most && line->most < w->most)) {
            line->most = w->most;
        }
    }
}


static inline void
review_queue_waiter_unlink(review_queue_t *q, uint32_t waiter)
{
    review_queue_line_t  *line;
    review_waiter_t      *w;

    w = review_queue_waiter(q, waiter);
    line = &review_queue_tenant(q, w->tenant)->lines[w->priority];

    if (w->next == waiter) {
        line->head = REVIEW_QUEUE_NONE;

        if (line->next != REVIEW_QUEUE_NONE) {
            review_queue_line_unlink(q, w->tenant, w->priority);
        }

        return;
    }

    review_queue_waiter(q, w->next)->prev = w->prev;
    review_queue_waiter(q, w->prev)->next = w->next;

    if (line->head == waiter) {
        line->head = w->next;
    }
}


/* calls that wait: what follows from that */

static inline void
review_queue_waiter_more(review_queue_t *q, uint32_t waiter, uint32_t n)
{
    review_queue_line_t  *line;
    review_waiter_t      *w;

    w = review_queue_waiter(q, waiter);
    line = &review_queue_tenant(q, w->tenant)->lines[w->priority];

    q->waiting += n;
    q->waiting_of[w->priority] += n;
    line->waiting += n;

    if (line->next != REVIEW_QUEUE_NONE) {
        q->ready += n;
        q->ready_of[w->priority] += n;
    }

    if (w->calls.waiting == n) {
        review_queue_waiter_link(q, waiter);

        /* none of the others there may have a call */

        if (line->next == REVIEW_QUEUE_NONE
            && review_queue_may(q, w->tenant, w->most))
        {
            review_queue_line_link(q, w->tenant, w->priority);
        }
    }
}


static inline void
review_queue_waiter_less(review_queue_t *q, uint32_t waiter, uint32_t n)
{
    review_queue_line_t  *line;
    review_waiter_t      *w;

    w = review_queue_waiter(q, waiter);
    line = &review_queue_tenant(q, w->tenant)->lines[w->priority];

    q->waiting -= n;
    q->waiting_of[w->priority] -= n;
    line->waiting -= n;

    if (line->next != REVIEW_QUEUE_NONE) {
        q->ready -= n;
        q->ready_of[w->priority] -= n;
    }

    if (w->calls.waiting == 0) {
        review_queue_waiter_unlink(q, waiter);
    }
}


int
review_queue_room(review_queue_t *q, const review_who_t *who)
{
    return !review_queue_full(q)
           && review_queue_may(q, who->tenant, who->most);
}


int
review_queue_take(review_queue_t *q, uint32_t *waiter, const review_who_t *who)
{
    if (q->ready || review_queue_full(q)
        || !review_queue_may(q, who->tenant, who->most))
    {
        return 0;
    }

    if (who->tenant == REVIEW_TENANT_DEFAULT) {
        q->shares[who->process].running++;
        q->in_flight++;
        return 1;
    }

    if (*waiter == REVIEW_QUEUE_NONE) {
        *waiter = review_queue_waiter_create(q, who);

        if (*waiter == REVIEW_QUEUE_NONE) {
            return 0;
        }
    }

    review_queue_waiter(q, *waiter)->running++;

    q->shares[who->process].others++;
    review_queue_tenant_more(q, who->tenant, 1);

    return 1;
}


static void
review_queue_waiter_give(review_queue_t *q, uint32_t *waiter)
{
    review_waiter_t  *w;

    w = review_queue_waiter(q, *waiter);
    w->running--;

    q->shares[w->process].others--;
    review_queue_tenant_less(q, w->tenant);

    review_queue_waiter_done(q, waiter);
}


void
review_queue_give(review_queue_t *q, uint32_t *waiter, const review_who_t *who)
{
    if (who->tenant != REVIEW_TENANT_DEFAULT) {
        review_queue_waiter_give(q, waiter);
        return;
    }

    q->shares[who->process].running--;
    review_queue_tenant_less(q, REVIEW_TENANT_DEFAULT);
}


void
review_queue_mark(review_queue_t *q, uint32_t waiter, uint32_t failed)
{
    review_queue_waiter(q, waiter)->failed =
                        (failed < REVIEW_QUEUE_FAILED ? failed
                                                      : REVIEW_QUEUE_FAILED)
                        & REVIEW_QUEUE_FAILED;
}


void
review_queue_wait(review_queue_t *q, uint32_t *waiter, const review_who_t *who)
{
    review_calls_t    calls;
    review_waiter_t  *w;

    if (*waiter == REVIEW_QUEUE_NONE) {
        *waiter = review_queue_waiter_create(q, who);

        if (*waiter == REVIEW_QUEUE_NONE) {
            return;
        }
    }

    w = review_queue_waiter(q, *waiter);

    /* both are read at once by whoever grants it: a part is slow to be read */

    calls = w->calls;
    calls.waiting++;
    w->calls.both = calls.both;

    review_queue_waiter_more(q, *waiter, 1);
}


static inline void
review_queue_waiter_add_granted(review_queue_t *q, uint32_t waiter)
{
    review_waiter_t  *w;
    review_share_t   *share;

    w = review_queue_waiter(q, waiter);
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

    w = review_queue_waiter(q, waiter);
    link = &q->shares[w->process].granted;

    while (*link != REVIEW_QUEUE_NONE) {
        if (*link == waiter) {
            *link = w->next_granted;
            return;
        }

        link = &review_queue_waiter(q, *link)->next_granted;
    }
}


int
review_queue_quit(review_queue_t *q, uint32_t *waiter)
{
    int               granted;
    review_waiter_t  *w;

    w = review_queue_waiter(q, *waiter);
    granted = 0;

    if (w->calls.waiting) {
        w->calls.waiting--;
        review_queue_waiter_less(q, *waiter, 1);

    } else if (w->calls.granted) {
        granted = 1;

        if (--w->calls.granted == 0) {
            review_queue_waiter_remove_granted(q, *waiter);
        }

        review_queue_tenant_less(q, w->tenant);
    }

    review_queue_waiter_done(q, waiter);

    return granted;
}


/*
 * Stride scheduling: each class has passed so much of the way, and steps on
 * by its stride when it gets a turn; the one that is behind is next.
 */

static inline int
review_queue_next(review_queue_t *q)
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

    return best;
}


/*
 * The first of a line who may have a call, which nearly always is its head:
 * others have to be looked for only where locations grant a tenant different
 * numbers of calls.  Where there is none, the line knows it from then on.
 */

static inline uint32_t
review_queue_line_next(review_queue_t *q, uint32_t tenant, int class)
{
    uint32_t              waiter, most;
    review_queue_line_t  *line;
    review_waiter_t      *w;

    line = &review_queue_tenant(q, tenant)->lines[class];

    waiter = line->head;
    most = 1;

    do {
        w = review_queue_waiter(q, waiter);

        if (review_queue_may(q, tenant, w->most)) {
            return waiter;
        }

        most = (w->most > most) ? w->most : most;
        waiter = w->next;

    } while (waiter != line->head);

    line->most = most;

    return REVIEW_QUEUE_NONE;
}


/* in one step: there is no moment at which a call is lost, or there twice */

static inline void
review_queue_grant(review_queue_t *q, uint32_t waiter)
{
    review_calls_t    calls;
    review_waiter_t  *w;

    w = review_queue_waiter(q, waiter);
    calls = w->calls;

    review_queue_tenant_more(q, w->tenant, 1);

    if (calls.granted == 0) {
        review_queue_waiter_add_granted(q, waiter);
    }

    calls.waiting--;
    calls.granted++;

    __atomic_store_n(&w->calls.both, calls.both, __ATOMIC_RELAXED);
}


/* its turn has come: the next one is that of who is behind it */

static void
review_queue_turn(review_queue_t *q, uint32_t waiter, review_wake_t *wake)
{
    int                   class;
    uint32_t              tenant;
    review_queue_line_t  *line;
    review_waiter_t      *w;

    w = review_queue_waiter(q, waiter);
    class = w->priority;
    tenant = w->tenant;
    line = &review_queue_tenant(q, tenant)->lines[class];

    q->pass = q->passes[class];
    q->passes[class] += review_queue_strides[class];

    q->rings[class] = line->next;
    line->head = w->next;

    review_queue_grant(q, waiter);
    review_queue_waiter_less(q, waiter, 1);
    review_queue_wake_add(wake, w->process);

    if (q->ready) {
        review_queue_pause(q, tenant);
    }
}


/* of a line; "best" is the best one so far, or NONE, "left" may be looked at */

static uint32_t
review_queue_line_best(review_queue_t *q, uint32_t tenant, int class,
    uint32_t best, uint32_t *left)
{
    uint32_t          waiter, head;
    review_waiter_t  *w;

    head = review_queue_tenant(q, tenant)->lines[class].head;
    waiter = head;

    do {
        w = review_queue_waiter(q, waiter);

        if ((best == REVIEW_QUEUE_NONE
             || w->failed < review_queue_waiter(q, best)->failed)
            && review_queue_may(q, tenant, w->most))
        {
            best = waiter;

            if (w->failed == 0) {
                break;
            }
        }

        waiter = w->next;

    } while (waiter != head && --*left);

    return best;
}


uint32_t
review_queue_probe(review_queue_t *q, int fresh, review_wake_t *wake)
{
    int       class;
    uint32_t  best, left, tenant;

    best = REVIEW_QUEUE_NONE;
    left = REVIEW_QUEUE_LOOKED;

    if (review_queue_full(q)) {
        return 0;
    }

    for (class = 0; class < REVIEW_PRIORITIES; class++) {
        tenant = q->rings[class];

        if (tenant == REVIEW_QUEUE_NONE) {
            continue;
        }

        do {
            best = review_queue_line_best(q, tenant, class, best, &left);

            if (left == 0
                || (best != REVIEW_QUEUE_NONE
                    && review_queue_waiter(q, best)->failed == 0))
            {
                goto found;
            }

            tenant = review_queue_tenant(q, tenant)->lines[class].next;

        } while (tenant != q->rings[class]);
    }

found:

    if (best == REVIEW_QUEUE_NONE
        || (fresh && review_queue_waiter(q, best)->failed))
    {
        return 0;
    }

    review_queue_turn(q, best, wake);

    return 1;
}


uint32_t
review_queue_turns(review_queue_t *q, uint32_t most, review_wake_t *wake)
{
    int       class;
    uint32_t  n, tenant, waiter;

    n = 0;

    while (n < most && q->ready && !review_queue_full(q)) {

        class = review_queue_next(q);

        if (class == -1) {
            break;
        }

        tenant = q->rings[class];
        waiter = review_queue_line_next(q, tenant, class);

        if (waiter == REVIEW_QUEUE_NONE) {
            review_queue_line_pause(q, tenant, class);
            continue;
        }

        n++;

        review_queue_turn(q, waiter, wake);
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

    w = review_queue_waiter(q, waiter);

    share->granted = w->next_granted;
    n = w->calls.granted;

    /* if it dies in between, all of its calls are gone */

    if (w->tenant == REVIEW_TENANT_DEFAULT) {
        share->running += n;

    } else {
        w->running += n;
        share->others += n;
    }

    w->calls.granted = 0;

    *owner = w->owner;
    *gone = (w->calls.waiting == 0 && w->running == 0);

    if (*gone) {
        review_queue_waiter_free(q, waiter);
    }

    return n;
}


static void
review_queue_waiter_reclaim(review_queue_t *q, uint32_t waiter)
{
    uint32_t          n, waiting;
    review_waiter_t  *w;

    w = review_queue_waiter(q, waiter);
    n = w->calls.granted + w->running;
    waiting = w->calls.waiting;

    w->calls.both = 0;
    w->running = 0;

    if (waiting) {
        review_queue_waiter_less(q, waiter, waiting);
    }

    for ( /* void */ ; n; n--) {
        review_queue_tenant_less(q, w->tenant);
    }

    review_queue_waiter_free(q, waiter);
}


void
review_queue_reclaim(review_queue_t *q, uint32_t process)
{
    uint32_t          i, n;
    review_share_t   *share;
    review_waiter_t  *w;

    share = &q->shares[process];

    n = share->running;
    share->running = 0;

    for ( /* void */ ; n; n--) {
        review_queue_tenant_less(q, REVIEW_TENANT_DEFAULT);
    }

    share->others = 0;
    share->granted = REVIEW_QUEUE_NONE;

    for (i = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);

        if (review_queue_waiter_is(w) && w->process == process) {
            review_queue_waiter_reclaim(q, i);
        }
    }
}


void
review_queue_repair(review_queue_t *q)
{
    uint32_t          i;
    review_waiter_t  *w;

    review_queue_empty(q);

    for (i = 0; i < q->processes; i++) {
        q->in_flight += q->shares[i].running;
    }

    q->used = q->top;

    for (i = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);

        if (!review_queue_waiter_is(w)) {
            review_queue_waiter_free(q, i);
            continue;
        }

        q->shares[w->process].others += w->running;
        review_queue_tenant_more(q, w->tenant,
                                 w->calls.granted + w->running);

        if (w->calls.granted) {
            review_queue_waiter_add_granted(q, i);
        }
    }

    /* now that it is known which tenants have their calls */

    for (i = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);

        if (w->calls.waiting) {
            review_queue_waiter_more(q, i, w->calls.waiting);
        }
    }
}


uint32_t
review_queue_ahead(review_queue_t *q, const review_who_t *who)
{
    int                   class;
    uint32_t              n;
    review_queue_line_t  *line;

    n = 0;

    for (class = 0; class <= (int) who->priority; class++) {
        line = &review_queue_tenant(q, who->tenant)->lines[class];

        n += q->ready_of[class];

        if (line->next == REVIEW_QUEUE_NONE) {
            n += line->waiting;
        }
    }

    return n;
}


uint32_t
review_queue_waiting(review_queue_t *q, uint32_t tenant)
{
    int       class;
    uint32_t  n;

    n = 0;

    for (class = 0; class < REVIEW_PRIORITIES; class++) {
        n += review_queue_tenant(q, tenant)->lines[class].waiting;
    }

    return n;
}


void
review_queue_wake_add(review_wake_t *wake, uint32_t process)
{
    uint32_t  i;

    i = process / 64;

    if (!(wake->any & (uint64_t) 1 << i)) {
        wake->any |= (uint64_t) 1 << i;
        wake->bits[i] = 0;
    }

    wake->bits[i] |= (uint64_t) 1 << process % 64;
}


uint32_t
review_queue_wake_next(review_wake_t *wake)
{
    uint32_t  i, process;

    if (wake->any == 0) {
        return REVIEW_QUEUE_NONE;
    }

    i = (uint32_t) __builtin_ctzll(wake->any);
    process = i * 64 + (uint32_t) __builtin_ctzll(wake->bits[i]);

    wake->bits[i] &= wake->bits[i] - 1;

    if (wake->bits[i] == 0) {
        wake->any &= wake->any - 1;
    }

    return process;
}
