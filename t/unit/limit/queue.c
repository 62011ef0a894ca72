/*
 * Proves that the queue for an LLM's capacity is fair, exact and survives the
 * death of a process.
 *
 * Fair: tenants take turns whatever the number of their reviews, and reviews
 * whatever the number of their calls, classes get turns as 16:4:1, none
 * starves, and nobody saves up turns by being away.  A tenant that has as many
 * calls as it may waits alone: it is in nobody's way, and is there again when
 * one has ended; nor do those of a lower class take the room of a higher one.
 * Calls of the default tenant need no room to run.  The turn of a probe is that
 * of a call which has failed least, of whatever class, tenant and place.
 * Exact: in 200,000 random operations of eight processes the queue does what
 * an obvious model of it does, never lets more calls run than it may, and
 * leaves no slot free while a call waits; its rings, lists and sums agree.
 * Survives: a process that dies after any store of any operation, or is killed
 * at any moment, leaves a block that a repair makes sound again; all that other
 * processes run, wait for or were granted is still there, and there once.
 *
 * Blocks are of their own length and filled with rubbish, so that a sanitizer
 * sees a byte read past an end, and a repair would see what is not its own.
 */

#define _GNU_SOURCE

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tap.h"
#include "review/limit/queue.h"


#define HIGH    REVIEW_PRIORITY_HIGH
#define NORMAL  REVIEW_PRIORITY_NORMAL
#define LOW     REVIEW_PRIORITY_LOW
#define NONE    REVIEW_QUEUE_NONE


static int  bad;      /* of the checks of which there are too many for TAP */
static int  step;

#define expect(cond)                                                          \
    do {                                                                      \
        if (!(cond) && bad++ < 10) {                                          \
            printf("# step %d: not %s at line %d\n", step, #cond, __LINE__);  \
        }                                                                     \
    } while (0)


static uint32_t
rnd(uint32_t n)
{
    static uint64_t  state = 0x9e3779b97f4a7c15;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (uint32_t) (state >> 32) % n;
}


#define ALL      256                    /* processes */
#define TENANTS  4


static uint32_t   takers[ALL];          /* a call of each process, or some */
static uint32_t  *runner;               /* whose call runs */
static uint32_t   runner_tenant;


static size_t
queue_size(size_t waiters)
{
    return review_queue_size(ALL, TENANTS, (uint32_t) waiters);
}


static review_queue_t *
queue_create(size_t waiters, uint32_t limit)
{
    size_t           size;
    review_queue_t  *q;

    size = queue_size(waiters);
    q = malloc(size);
    memset(q, 0xa5, size);

    if (review_queue_init(q, size, ALL, TENANTS) != 0) {
        abort();
    }

    q->limit = limit;
    memset(takers, 0xff, sizeof(takers));

    return q;
}


/* sound: all links and sums are what the calls of waiters and shares say */

static void
check_line(review_queue_t *q, uint32_t tenant, uint32_t priority)
{
    int                   none;
    uint32_t              i, n, waiting, members;
    review_waiter_t      *w;
    review_queue_line_t  *line;

    n = 0;
    none = 0;
    waiting = 0;
    line = &review_queue_tenant(q, tenant)->lines[priority];

    for (i = line->head; i != NONE && n <= q->top; n++) {
        w = review_queue_waiter(q, i);

        expect(w->calls.waiting && w->priority == priority
               && w->tenant == tenant);
        expect(w->next < q->top && w->prev < q->top);

        if (w->next >= q->top) {
            return;
        }

        expect(review_queue_waiter(q, w->next)->prev == i);
        expect(line->most == 0 || (w->most && w->most <= line->most));

        none |= w->most == 0
                || review_queue_in_flight(q, tenant) < w->most;
        waiting += w->calls.waiting;
        i = (w->next == line->head) ? NONE : w->next;
    }

    members = 0;

    for (i = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);
        members += w->calls.waiting && w->priority == priority
                   && w->tenant == tenant;
    }

    expect(n == members);
    expect(waiting == line->waiting);

    /* it is in the ring if any of them may have a call */

    expect(!none || line->next != NONE);
    expect(line->next == NONE || line->head != NONE);
}


static void
check_ring(review_queue_t *q, uint32_t priority)
{
    uint32_t              i, n, waiting, ready, members;
    review_queue_line_t  *line;

    members = 0;
    waiting = 0;

    for (i = 0; i < q->tenants; i++) {
        line = &review_queue_tenant(q, i)->lines[priority];

        members += line->next != NONE;
        waiting += line->waiting;

        check_line(q, i, priority);
    }

    expect(waiting == q->waiting_of[priority]);

    n = 0;
    ready = 0;

    for (i = q->rings[priority]; i != NONE && n <= q->tenants; n++) {
        line = &review_queue_tenant(q, i)->lines[priority];

        expect(line->next < q->tenants && line->prev < q->tenants);

        if (line->next >= q->tenants) {
            return;
        }

        expect(review_queue_tenant(q, line->next)->lines[priority].prev == i);

        ready += line->waiting;
        i = (line->next == q->rings[priority]) ? NONE : line->next;
    }

    expect(n == members);
    expect(ready == q->ready_of[priority]);
}


static void
check_tenants(review_queue_t *q)
{
    uint32_t          i, n, tenant;
    review_waiter_t  *w;

    for (tenant = 0; tenant < q->tenants; tenant++) {
        for (i = 0, n = 0; i < q->top; i++) {
            w = review_queue_waiter(q, i);

            if (w->tenant == tenant) {
                n += (uint32_t) (w->calls.granted + w->running);
                expect(tenant != REVIEW_TENANT_DEFAULT || w->running == 0);
            }
        }

        for (i = 0; i < ALL && tenant == REVIEW_TENANT_DEFAULT; i++) {
            n += q->shares[i].running;
        }

        expect(n == review_queue_in_flight(q, tenant));
    }
}


static void
check_granted(review_queue_t *q)
{
    uint32_t          i, p, n, in_flight, members, running[ALL];
    review_waiter_t  *w;

    n = 0;
    members = 0;
    in_flight = 0;
    memset(running, 0, sizeof(running));

    for (i = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);

        if (w->calls.both || w->running) {
            members += w->calls.granted != 0;
            in_flight += (uint32_t) (w->calls.granted + w->running);
            running[w->process] += (uint32_t) w->running;
        }
    }

    for (p = 0; p < ALL; p++) {
        in_flight += q->shares[p].running;
        expect(q->shares[p].others == running[p]);

        for (i = q->shares[p].granted; i != NONE; i = w->next_granted) {
            expect(i < q->top && n <= q->top);

            if (i >= q->top || n++ > q->top) {
                return;
            }

            w = review_queue_waiter(q, i);
            expect(w->calls.granted && w->process == p);
        }
    }

    expect(n == members);
    expect(q->in_flight == in_flight);
}


static void
check_free(review_queue_t *q)
{
    uint32_t          i, n, unused;
    review_waiter_t  *w;

    unused = 0;

    for (i = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);
        unused += w->calls.both == 0 && w->running == 0;
    }

    n = 0;

    for (i = q->free; i < q->top && n <= q->top;
         i = review_queue_waiter(q, i)->next)
    {
        w = review_queue_waiter(q, i);
        expect(w->calls.both == 0 && w->running == 0);
        n++;
    }

    expect(i == NONE && n == unused && q->top <= q->size);
    expect(q->used == q->top - unused);
}


static void
check_sound(review_queue_t *q)
{
    check_ring(q, HIGH);
    check_ring(q, NORMAL);
    check_ring(q, LOW);
    check_tenants(q);
    check_granted(q);
    check_free(q);

    expect(q->waiting == q->waiting_of[HIGH] + q->waiting_of[NORMAL]
                         + q->waiting_of[LOW]);
    expect(q->ready == q->ready_of[HIGH] + q->ready_of[NORMAL]
                       + q->ready_of[LOW]);
}


/* plain cases: reviews of one process, which has all slots */

typedef struct {
    uint32_t  index;
    int       turns;
    uint32_t  tenant;
    uint32_t  most;
    int       waiting;
} one_t;

#define NOBODY  { NONE, 0, 0, 0, 0 }


static int
take(review_queue_t *q, uint32_t process)
{
    review_who_t  who = { process, 0, 0, NORMAL, NULL };

    return review_queue_take(q, &takers[process], &who);
}


static void
give_of(review_queue_t *q, uint32_t *index, uint32_t process, uint32_t tenant)
{
    review_who_t  who = { process, tenant, 0, NORMAL, NULL };

    review_queue_give(q, index, &who);
}


static void
give(review_queue_t *q, uint32_t process)
{
    give_of(q, &takers[process], process, 0);
}


static uint32_t
wait_of(review_queue_t *q, uint32_t index, uint32_t process,
    review_priority_e priority, void *owner)
{
    review_who_t  who = { process, 0, 0, priority, owner };

    review_queue_wait(q, &index, &who);

    return index;
}


static void
one_wait(review_queue_t *q, one_t *one, review_priority_e priority, int calls)
{
    review_who_t  who = { 0, one->tenant, one->most, priority, one };

    one->waiting += calls;

    while (calls--) {
        review_queue_wait(q, &one->index, &who);
    }
}


static one_t *
next_claimed(review_queue_t *q)
{
    int     gone;
    void   *owner;
    one_t  *one;

    if (review_queue_claim(q, 0, &owner, &gone) != 1) {
        return NULL;
    }

    one = owner;

    if (gone) {
        one->index = NONE;
    }

    one->turns++;
    one->waiting--;

    return one;
}


/* a call ends; whose turn is it? */

static one_t *
next_turn(review_queue_t *q)
{
    one_t         *one;
    review_wake_t  wake;

    review_queue_wake_init(&wake);

    give_of(q, runner, 0, runner_tenant);
    (void) review_queue_serve(q, UINT32_MAX, &wake);

    one = next_claimed(q);

    if (one) {
        runner = &one->index;
        runner_tenant = one->tenant;
    }

    return one;
}


/* a queue of one slot that is taken: each call that ends is one turn */

static review_queue_t *
turns_create(void)
{
    review_queue_t  *q;

    q = queue_create(8, 1);
    (void) take(q, 0);
    runner = &takers[0];
    runner_tenant = 0;

    return q;
}


static uint32_t
serve(review_queue_t *q, review_wake_t *wake)
{
    uint32_t  before;

    before = q->waiting;

    review_queue_wake_init(wake);
    (void) review_queue_serve(q, UINT32_MAX, wake);
    check_sound(q);

    return before - q->waiting;
}


static void
test_limit(void)
{
    int              taken;
    one_t            one = NOBODY;
    review_wake_t    wake;
    review_queue_t  *q;

    q = queue_create(8, 3);

    for (taken = 0; taken < 10 && take(q, taken); taken++) {
        /* void */
    }

    ok(taken == 3 && q->in_flight == 3, "a limit of 3: %d taken", taken);

    one_wait(q, &one, NORMAL, 4);
    q->limit = 1;

    give(q, 0);
    ok(serve(q, &wake) == 0, "limit lowered, 2 run: nobody's turn");

    give(q, 1);
    ok(serve(q, &wake) == 0, "1 runs: nobody's turn");

    give(q, 2);
    ok(serve(q, &wake) == 1, "none runs: one's turn");

    q->limit = 3;
    ok(serve(q, &wake) == 2, "limit raised by 2: two's turn");

    review_queue_quit(q, &one.index);
    ok(q->waiting == 0 && !take(q, 0), "what is granted is taken");

    q->limit = 4;
    ok(take(q, 0) && !take(q, 0), "one more");

    q->limit = 0;

    for (taken = 0; taken < 1000 && take(q, 255); taken++) {
        /* void */
    }

    ok(taken == 1000 && q->in_flight == 1004, "0: no limit");

    q->limit = 1;
    one_wait(q, &one, LOW, 5);
    q->limit = 0;
    ok(serve(q, &wake) == 5, "and nobody waits");

    one_wait(q, &one, LOW, 5);
    review_queue_wake_init(&wake);
    ok(review_queue_serve(q, 0, &wake) == 0 && q->waiting == 5
       && review_queue_serve(q, 2, &wake) == 2 && q->waiting == 3
       && review_queue_serve(q, 4, &wake) == 3, "no more than they may be");
    check_sound(q);
    ok(review_queue_quit(q, &one.index) == 1,
       "who leaves with its turn says so");
    one_wait(q, &one, LOW, 1);
    ok(review_queue_quit(q, &one.index) == 0, "who leaves without it, too");

    free(q);
}


static void
test_behind(void)
{
    one_t            one = NOBODY;
    review_wake_t    wake;
    review_queue_t  *q;

    q = turns_create();

    one_wait(q, &one, LOW, 1);
    q->limit = 2;
    ok(!take(q, 1), "nobody overtakes who waits");
    ok(serve(q, &wake) == 1 && !take(q, 1), "who waited has it");

    free(q);
}


static void
test_round_robin(void)
{
    int              wrong, i;
    char             order[16], *p;
    one_t            many = NOBODY, few = NOBODY, late = NOBODY;
    one_t           *one;
    review_queue_t  *q;

    q = turns_create();
    p = order;

    one_wait(q, &many, NORMAL, 200);
    one_wait(q, &few, NORMAL, 3);

    for (i = 0; i < 4; i++) {
        *p++ = next_turn(q) == &many ? 'm' : 'f';
    }

    one_wait(q, &late, NORMAL, 2);

    for (i = 0; i < 6; i++) {
        one = next_turn(q);
        *p++ = one == &many ? 'm' : one == &few ? 'f' : 'l';
    }

    *p = '\0';
    ok(strcmp(order, "mfmfmflmlm") == 0, "reviews take turns: %s", order);

    for (wrong = 0; many.turns < 200 && wrong == 0; /* void */ ) {
        wrong += next_turn(q) != &many;
    }

    ok(wrong == 0 && few.turns == 3 && late.turns == 2, "then the rest");
    ok(next_turn(q) == NULL && q->in_flight == 0, "and no more");
    ok(many.index == NONE && few.index == NONE && q->waiting == 0, "all gone");

    check_sound(q);
    free(q);
}


/* 100 reviews of one tenant, 10 of another, 1 of a third */

static void
test_tenants(void)
{
    int              i, turns[3] = { 0, 0, 0 };
    one_t            ones[111], *one;
    review_queue_t  *q;

    q = queue_create(120, 1);
    (void) take(q, 0);
    runner = &takers[0];
    runner_tenant = 0;

    for (i = 0; i < 111; i++) {
        ones[i] = (one_t) NOBODY;
        ones[i].tenant = i < 100 ? 0 : i < 110 ? 1 : 2;
        one_wait(q, &ones[i], NORMAL, 100);
    }

    for (i = 0; i < 300; i++) {
        one = next_turn(q);
        turns[one->tenant]++;
    }

    ok(turns[0] == 100 && turns[1] == 100 && turns[2] == 100,
       "100, 10 and 1 reviews of three tenants: a third of 300 turns each: "
       "%d %d %d", turns[0], turns[1], turns[2]);

    ok(ones[0].turns == 1 && ones[99].turns == 1 && ones[100].turns == 10
       && ones[109].turns == 10, "the reviews of each take turns");

    while (one) {
        one = next_turn(q);
    }

    ok(q->in_flight == 0 && q->waiting == 0, "all get there");

    check_sound(q);
    free(q);
}


/* a tenant that has all the calls that it may have */

static void
test_most(void)
{
    one_t            few = NOBODY, more = NOBODY, any = NOBODY,
                     any_low = NOBODY, other = NOBODY;
    review_wake_t    wake;
    review_queue_t  *q;
    review_who_t     who = { 0, 2, 2, NORMAL, NULL };

    q = queue_create(20, 10);

    few.tenant = more.tenant = any.tenant = any_low.tenant = 2;
    few.most = 2;
    more.most = 3;

    one_wait(q, &few, NORMAL, 5);
    ok(serve(q, &wake) == 2 && q->waiting == 3 && q->ready == 0,
       "2 of 5 calls of a tenant that may have 2");

    ok(take(q, 1) && take(q, 2), "nobody else waits for them");

    who.owner = &few;
    ok(!review_queue_take(q, &few.index, &who), "nor takes it one more");

    one_wait(q, &other, LOW, 2);
    ok(serve(q, &wake) == 2, "others of a lower class have their turn");

    one_wait(q, &more, NORMAL, 2);
    ok(serve(q, &wake) == 1 && q->waiting == 4,
       "where it may have 3 it has one more");

    one_wait(q, &any, NORMAL, 2);
    ok(serve(q, &wake) == 2 && q->waiting == 4,
       "and any where it may have any");
    ok(q->in_flight == 9, "9 in all");

    one_wait(q, &any_low, LOW, 1);
    ok(serve(q, &wake) == 1 && q->in_flight == 10, "whatever its class");

    /* calls quit that wait first, then those that have their turn */

    while (any.index != NONE) {
        (void) review_queue_quit(q, &any.index);
    }

    (void) review_queue_quit(q, &any_low.index);
    ok(serve(q, &wake) == 0 && q->waiting == 4, "3 are left: no one's turn");

    (void) review_queue_quit(q, &more.index);
    (void) review_queue_quit(q, &more.index);
    ok(serve(q, &wake) == 0 && q->waiting == 3, "2 are left: still none");

    while (few.index != NONE) {
        (void) review_queue_quit(q, &few.index);
    }

    ok(review_queue_tenant(q, 2)->in_flight == 0 && q->ready == 0,
       "all of its calls have gone");

    check_sound(q);
    free(q);
}


/* a call ends: one that waited for it has its turn, behind others' turns */

static void
test_most_again(void)
{
    char             order[16], *p;
    one_t            capped = NOBODY, other = NOBODY, *one;
    review_queue_t  *q;

    q = turns_create();
    p = order;

    capped.tenant = 1;
    capped.most = 1;

    one_wait(q, &capped, NORMAL, 4);
    one_wait(q, &other, NORMAL, 8);

    while ((one = next_turn(q))) {
        *p++ = one == &capped ? 'c' : 'o';
    }

    *p = '\0';
    ok(strcmp(order, "cocococooooo") == 0,
       "one slot, one call at a time: turns as for others: %s", order);

    q->limit = 2;
    one_wait(q, &capped, HIGH, 3);
    ok(q->ready == 3 && q->waiting == 3, "it waits for a slot alone");

    check_sound(q);
    free(q);
}


static void
test_ahead(void)
{
    one_t            high = NOBODY, normal = NOBODY, low = NOBODY,
                     capped = NOBODY;
    review_wake_t    wake;
    review_queue_t  *q;
    review_who_t     who = { 0, 0, 0, HIGH, NULL };

    q = queue_create(20, 1);

    capped.tenant = 1;
    capped.most = 1;
    one_wait(q, &capped, HIGH, 101);
    (void) serve(q, &wake);

    one_wait(q, &high, HIGH, 1);
    one_wait(q, &normal, NORMAL, 10);
    one_wait(q, &low, LOW, 50);

    ok(review_queue_ahead(q, &who) == 1, "high comes before all but high");

    who.priority = NORMAL;
    ok(review_queue_ahead(q, &who) == 11, "normal before low");

    who.priority = LOW;
    ok(review_queue_ahead(q, &who) == 61, "low comes last");

    who.tenant = 1;
    ok(review_queue_ahead(q, &who) == 161,
       "who has all its calls is in its own way alone");

    who.most = 1;
    ok(!review_queue_room(q, &who), "no room without a slot");
    q->limit = 2;
    ok(!review_queue_room(q, &who), "nor for who has all its calls");
    who.most = 2;
    ok(review_queue_room(q, &who), "but where it may have more");
    ok(review_queue_waiting(q, 1) == 100 && review_queue_waiting(q, 0) == 61,
       "how many calls of a tenant wait");

    free(q);
}


/* the memory is full of low ones: not for those of a higher class */

static void
test_places(void)
{
    int              i, n[3];
    review_queue_t  *q;

    q = queue_create(64, 1);
    (void) take(q, 0);

    for (i = LOW; i >= HIGH; i--) {
        for (n[i] = 0; wait_of(q, NONE, 0, i, q) != NONE; n[i]++) {
            /* void */
        }
    }

    ok(n[LOW] == 64 - 64 / 8 - 1 && n[NORMAL] == 64 / 8 - 64 / 16
       && n[HIGH] == 64 / 16,
       "low, normal and high find %d, %d and %d places", n[LOW], n[NORMAL],
       n[HIGH]);

    check_sound(q);
    free(q);
}


static void
test_shares(void)
{
    int              i;
    one_t            c[3] = { NOBODY, NOBODY, NOBODY };
    review_queue_t  *q;

    q = turns_create();

    one_wait(q, &c[LOW], LOW, 100);
    one_wait(q, &c[NORMAL], NORMAL, 100);
    one_wait(q, &c[HIGH], HIGH, 100);

    for (i = 0; i < 21; i++) {
        (void) next_turn(q);
    }

    ok(c[HIGH].turns == 16 && c[NORMAL].turns == 4 && c[LOW].turns == 1,
       "the first 21 turns are 16:4:1: %d:%d:%d", c[HIGH].turns,
       c[NORMAL].turns, c[LOW].turns);

    for ( /* void */ ; i < 105; i++) {
        (void) next_turn(q);
    }

    ok(c[HIGH].turns == 80 && c[NORMAL].turns == 20 && c[LOW].turns == 5,
       "and so are 105");

    review_queue_repair(q);

    for ( /* void */ ; i < 126; i++) {
        (void) next_turn(q);
    }

    ok(c[HIGH].turns == 96 && c[NORMAL].turns == 24 && c[LOW].turns == 6,
       "a repair changes nothing about it");

    for ( /* void */ ; i < 300; i++) {
        (void) next_turn(q);
    }

    ok(c[HIGH].turns == 100 && c[NORMAL].turns == 100 && c[LOW].turns == 100,
       "all get there");

    free(q);
}


/* high asks for one at a time, as a review does whose steps follow another */

static void
test_coming_and_going(void)
{
    int              i;
    one_t            high = NOBODY, low = NOBODY;
    review_queue_t  *q;

    q = turns_create();
    one_wait(q, &low, LOW, 1000);

    for (i = 0; i < 170; i++) {
        if (high.waiting == 0) {
            one_wait(q, &high, HIGH, 1);
        }

        (void) next_turn(q);
    }

    ok(high.turns == 160 && low.turns == 10,
       "one call at a time, and yet 16 of 17 turns: %d:%d", high.turns,
       low.turns);

    free(q);

    q = turns_create();
    low = high = (one_t) NOBODY;
    one_wait(q, &high, HIGH, 1000);

    for (i = 0; i < 170; i++) {
        if (low.waiting == 0) {
            one_wait(q, &low, LOW, 1);
        }

        (void) next_turn(q);
    }

    ok(high.turns == 160 && low.turns == 10,
       "to come again is no way to get more: %d:%d", high.turns, low.turns);

    free(q);
}


static void
test_backlog(void)
{
    int              i, before;
    one_t            high = NOBODY, low = NOBODY;
    review_queue_t  *q;

    q = turns_create();
    one_wait(q, &high, HIGH, 1000);

    for (i = 0; i < 500; i++) {
        (void) next_turn(q);
    }

    one_wait(q, &low, LOW, 1000);

    for (i = 0; i < 34; i++) {
        (void) next_turn(q);
    }

    ok(low.turns == 2, "low comes late, and gets its share: %d of 34",
       low.turns);

    while (high.index != NONE && high.turns < 1000) {
        (void) next_turn(q);
    }

    for (i = 0; i < 300; i++) {
        (void) next_turn(q);
    }

    before = low.turns;
    one_wait(q, &high, HIGH, 100);
    high.turns = 0;

    for (i = 0; i < 85; i++) {
        (void) next_turn(q);
    }

    ok(high.turns - 80 <= 1 && low.turns - before >= 4,
       "high comes back, and gets no more than its share: %d of 85",
       high.turns);

    free(q);
}


static void
test_quit(void)
{
    one_t            a = NOBODY, b = NOBODY, c = NOBODY;
    uint32_t         last;
    review_wake_t    wake;
    review_queue_t  *q;

    q = turns_create();

    one_wait(q, &a, NORMAL, 1);
    one_wait(q, &b, NORMAL, 2);
    one_wait(q, &c, NORMAL, 1);

    review_queue_quit(q, &a.index);
    ok(a.index == NONE && q->waiting == 3, "a waiter quits, at the head");

    ok(next_turn(q) == &b, "the next one's turn");

    last = c.index;
    review_queue_quit(q, &c.index);
    ok(c.index == NONE && q->waiting == 1, "another, at the end");
    check_sound(q);

    one_wait(q, &a, HIGH, 3);
    ok(a.index == last, "its place is used again");

    give_of(q, runner, 0, runner_tenant);
    ok(serve(q, &wake) == 1, "a call is granted");

    review_queue_quit(q, &a.index);
    review_queue_quit(q, &a.index);
    ok(a.index != NONE && q->waiting == 1 && q->in_flight == 1,
       "those that wait quit first");

    review_queue_quit(q, &a.index);
    ok(a.index == NONE && q->in_flight == 0, "then what is granted");
    check_sound(q);

    ok(serve(q, &wake) == 1, "the next one's turn");

    review_queue_quit(q, &b.index);
    ok(b.index == NONE && q->waiting == 0 && q->in_flight == 0
       && q->shares[0].granted == NONE, "who quits before it knows");
    check_sound(q);

    free(q);
}


/* quits of those at the head, in the middle and at the end of a list */

static void
test_quit_granted(void)
{
    int              i, j, order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 },
                                           { 1, 0, 2 }, { 1, 2, 0 },
                                           { 2, 0, 1 }, { 2, 1, 0 } };
    one_t            ones[3];
    review_wake_t    wake;
    review_queue_t  *q;

    bad = 0;
    q = queue_create(8, 3);

    for (i = 0; i < 6; i++) {
        for (j = 0; j < 3; j++) {
            ones[j] = (one_t) NOBODY;
            one_wait(q, &ones[j], LOW, 1);
        }

        expect(serve(q, &wake) == 3);

        for (j = 0; j < 3; j++) {
            review_queue_quit(q, &ones[order[i][j]].index);
            check_sound(q);
        }

        expect(q->in_flight == 0);
    }

    ok(bad == 0, "granted calls quit in any order: %d wrong", bad);

    free(q);
}


static void
test_claim(void)
{
    int              i, gone;
    void            *owner;
    char             names[3];
    uint32_t         n, index[3];
    review_wake_t    wake;
    review_queue_t  *q;

    q = queue_create(8, 5);

    /* two calls of each, the last one is of another process */

    for (i = 0; i < 6; i++) {
        index[i / 2] = wait_of(q, (i % 2) ? index[i / 2] : NONE,
                               i < 4 ? 70 : 255, NORMAL, &names[i / 2]);
    }

    ok(serve(q, &wake) == 5, "five of six calls are granted");
    ok(review_queue_wake_next(&wake) == 70
       && review_queue_wake_next(&wake) == 255
       && review_queue_wake_next(&wake) == NONE,
       "both processes are to be told");

    ok(review_queue_claim(q, 0, &owner, &gone) == 0, "nothing for a third");

    n = review_queue_claim(q, 255, &owner, &gone);
    ok(n == 1 && owner == &names[2], "one call, another waits");
    ok(review_queue_claim(q, 255, &owner, &gone) == 0, "that was all");

    names[0] = names[1] = 0;

    while ((n = review_queue_claim(q, 70, &owner, &gone))) {
        *(char *) owner += n;
    }

    ok(names[0] == 2 && names[1] == 2, "both calls of each, once");
    ok(review_queue_running(q, 70) == 4 && review_queue_running(q, 255) == 1
       && q->in_flight == 5, "their processes have them");

    index[0] = wait_of(q, index[0], 70, NORMAL, &names[0]);
    give_of(q, &index[0], 70, 0);
    ok(serve(q, &wake) == 1 && index[0] != NONE,
       "another call's turn, of one with two that run");
    index[0] = wait_of(q, index[0], 70, NORMAL, &names[0]);
    give_of(q, &index[0], 70, 0);
    give_of(q, &index[1], 70, 0);
    give_of(q, &index[1], 70, 0);
    ok(index[0] != NONE && index[1] == NONE && q->in_flight == 2,
       "who has no more calls is gone");

    ok(serve(q, &wake) == 2 && review_queue_claim(q, 70, &owner, &gone) == 2
       && owner == &names[0],
       "who waits again before it claims has both of its turns");

    check_sound(q);
    free(q);
}


static void
test_room(void)
{
    char             c;
    size_t           i;
    uint32_t         index[3];
    review_queue_t  *q;

    q = malloc(queue_size(1));

    ok(review_queue_init(q, 0, ALL, TENANTS) == -1
       && review_queue_init(q, queue_size(1) - 1, ALL, TENANTS) == -1,
       "too small a block");
    ok(review_queue_init(q, queue_size(1), ALL, TENANTS) == 0 && q->size == 1,
       "just enough for one");

    free(q);

    q = queue_create(3, 1);
    (void) take(q, 0);

    for (i = 0; i < 3; i++) {
        index[i] = wait_of(q, NONE, 0, LOW, &c);
    }

    ok(index[0] != NONE && index[1] != NONE && index[2] == NONE
       && q->waiting == 2, "no room for a third");

    index[0] = wait_of(q, index[0], 0, LOW, &c);
    ok(index[0] != NONE && q->waiting == 3, "room for one more call");

    review_queue_quit(q, &index[1]);
    index[2] = wait_of(q, NONE, 9, HIGH, &c);
    ok(index[1] == NONE && index[2] != NONE, "a place is used again");

    check_sound(q);
    free(q);
}


static void
test_reclaim(void)
{
    int              gone;
    char             mine, other;
    void            *owner;
    uint32_t         index;
    review_wake_t    wake;
    review_queue_t  *q;

    q = queue_create(8, 4);

    (void) take(q, 7);
    (void) take(q, 7);
    (void) take(q, 8);

    index = wait_of(q, NONE, 7, NORMAL, &mine);
    (void) wait_of(q, index, 7, NORMAL, &mine);
    (void) wait_of(q, NONE, 7, HIGH, &mine);
    index = wait_of(q, NONE, 8, NORMAL, &other);
    (void) wait_of(q, index, 8, NORMAL, &other);

    ok(serve(q, &wake) == 1 && q->in_flight == 4, "a process runs 2, waits "
       "with 3, of which 1 is granted");

    review_queue_reclaim(q, 7);
    check_sound(q);
    ok(q->in_flight == 1 && q->waiting == 2, "its calls are free");

    review_queue_reclaim(q, 7);
    review_queue_reclaim(q, 9);
    check_sound(q);
    ok(q->in_flight == 1 && q->waiting == 2, "nothing is freed twice");

    ok(serve(q, &wake) == 2
       && review_queue_claim(q, 7, &owner, &gone) == 0
       && review_queue_claim(q, 8, &owner, &gone) == 2 && owner == &other,
       "others have their turn");

    free(q);
}


/* calls of the default tenant that run have no place: none is needed */

static void
test_default(void)
{
    int              gone, taken;
    one_t            one = NOBODY;
    void            *owner;
    uint32_t         index;
    review_who_t     who = { 7, REVIEW_TENANT_DEFAULT, 5, NORMAL, NULL };
    review_wake_t    wake;
    review_queue_t  *q;

    q = queue_create(1, 0);
    index = NONE;
    one.tenant = REVIEW_TENANT_DEFAULT;
    one.most = 5;

    (void) take(q, 8);
    ok(q->used == 1 && take(q, 9) == 0, "no place is left");

    for (taken = 0; taken < 10 && review_queue_take(q, &index, &who); taken++)
    {
        /* void */
    }

    ok(taken == 5 && index == NONE && q->used == 1 && q->in_flight == 6,
       "who names no tenant needs none, and has as many calls as it may");

    review_queue_repair(q);
    ok(review_queue_in_flight(q, REVIEW_TENANT_DEFAULT) == 5
       && review_queue_running(q, 7) == 5 && q->in_flight == 6,
       "a repair keeps them");

    give(q, 8);
    one_wait(q, &one, HIGH, 3);
    ok(serve(q, &wake) == 0 && q->ready == 0, "one more waits for them");

    review_queue_give(q, &index, &who);
    ok(serve(q, &wake) == 1 && one.index != NONE, "a call ends: its turn");

    ok(review_queue_claim(q, 0, &owner, &gone) == 1 && owner == &one && !gone,
       "it claims its turn, and waits on");

    review_queue_reclaim(q, 7);
    check_sound(q);
    ok(review_queue_running(q, 7) == 0 && q->in_flight == 1,
       "the process of the others dies: theirs are free");

    ok(serve(q, &wake) == 2
       && review_queue_claim(q, 0, &owner, &gone) == 2 && gone
       && q->used == 0, "whose calls all run has no place any more");

    one.index = NONE;
    give_of(q, &one.index, 0, REVIEW_TENANT_DEFAULT);
    ok(one.index == NONE && q->in_flight == 2, "one ends");

    review_queue_reclaim(q, 0);
    check_sound(q);
    ok(q->in_flight == 0, "those that it had claimed are freed, too");

    free(q);
}


/*
 * The model: a world of reviews, those that wait in line for each class and
 * tenant, the tenants whose turn it may be.  It is shifted and counted anew
 * each time.
 */

#define PROCESSES  8
#define REVIEWS    48
#define ROOM       40

#define GRAVE      (PROCESSES - 1)      /* whom others reclaim, over and over */


static const uint32_t  ids[PROCESSES] = { 0, 1, 63, 64, 65, 127, 200, 255 };


typedef struct {
    uint32_t          process;          /* of "ids" */
    uint32_t          index;
    uint32_t          waiting;
    uint32_t          granted;
    uint32_t          running;
    uint32_t          priority;
    uint32_t          tenant;
    uint32_t          most;
} entry_t;


typedef struct {
    entry_t          *entries[REVIEWS];
    size_t            length;
    uint32_t          most;
} line_t;


typedef struct {
    review_queue_t   *q;
    entry_t           entries[REVIEWS];
    line_t            lines[REVIEW_PRIORITIES][TENANTS];
    uint32_t          rings[REVIEW_PRIORITIES][TENANTS];
    size_t            lengths[REVIEW_PRIORITIES];
    uint64_t          passes[REVIEW_PRIORITIES];
    uint64_t          pass;
    uint32_t          limit;
} world_t;


typedef enum {
    TAKE = 0, GIVE, WAIT, QUIT, SERVE, CLAIM, RECLAIM, LIMIT, REPAIR
} kind_e;


typedef struct {
    kind_e            kind;
    uint32_t          process;
    entry_t          *entry;
    review_who_t      who;
    uint32_t          limit;

    uint32_t          n;                /* what came of it */
    int               fresh;            /* the entry had no calls */
    int               gone;
    void             *owner;
    review_wake_t     wake;
} operation_t;


static world_t  world;


static void
world_init(review_queue_t *q, uint32_t limit)
{
    size_t  i;

    memset(&world, 0, sizeof(world));

    for (i = 0; i < REVIEWS; i++) {
        world.entries[i].process = i % PROCESSES;
        world.entries[i].index = NONE;
    }

    world.q = q;
    world.limit = limit;
    q->limit = limit;
}


static uint32_t
calls(const entry_t *e)
{
    return e->waiting + e->granted + e->running;
}


static uint32_t
flying(const entry_t *e)
{
    return e->granted + e->running;
}


/* calls of the default tenant that run are counted with the process */

static uint32_t
placed_running(const entry_t *e)
{
    return e->tenant == REVIEW_TENANT_DEFAULT ? 0 : e->running;
}


/* has it a place? */

static int
placed(const entry_t *e)
{
    return e->waiting || e->granted || placed_running(e);
}


static uint32_t
total(uint32_t *waiting)
{
    size_t    i;
    uint32_t  in_flight;

    *waiting = 0;
    in_flight = 0;

    for (i = 0; i < REVIEWS; i++) {
        *waiting += world.entries[i].waiting;
        in_flight += flying(&world.entries[i]);
    }

    return in_flight;
}


static uint32_t
runs(uint32_t process)
{
    size_t    i;
    uint32_t  n;

    for (i = 0, n = 0; i < REVIEWS; i++) {
        if (world.entries[i].process == process) {
            n += world.entries[i].running;
        }
    }

    return n;
}


static uint32_t
tenant_flying(uint32_t tenant)
{
    size_t    i;
    uint32_t  n;

    for (i = 0, n = 0; i < REVIEWS; i++) {
        if (world.entries[i].tenant == tenant) {
            n += flying(&world.entries[i]);
        }
    }

    return n;
}


static int
may(uint32_t tenant, uint32_t most)
{
    return most == 0 || tenant_flying(tenant) < most;
}


static int
slot_free(void)
{
    uint32_t  waiting;

    return world.limit == 0 || total(&waiting) < world.limit;
}


/* has the memory a place for one of this class? */

static int
place_free(uint32_t priority)
{
    size_t    i;
    uint32_t  n;

    n = ROOM;

    for (i = 0; i < REVIEWS; i++) {
        n -= (uint32_t) placed(&world.entries[i]);
    }

    return n > (priority == HIGH ? 0 : priority == NORMAL ? ROOM / 16
                                                          : ROOM / 8);
}


static int
in_ring(uint32_t class, uint32_t tenant)
{
    size_t  i;

    for (i = 0; i < world.lengths[class]; i++) {
        if (world.rings[class][i] == tenant) {
            return 1;
        }
    }

    return 0;
}


static void
ring_remove(uint32_t class, uint32_t tenant)
{
    size_t  i, n;

    for (i = 0, n = 0; i < world.lengths[class]; i++) {
        if (world.rings[class][i] != tenant) {
            world.rings[class][n++] = world.rings[class][i];
        }
    }

    world.lengths[class] = n;
}


static void
ring_add(uint32_t class, uint32_t tenant)
{
    if (world.lengths[class] == 0 && world.passes[class] < world.pass) {
        world.passes[class] = world.pass;
    }

    world.rings[class][world.lengths[class]++] = tenant;
}


static uint32_t
ready(void)
{
    size_t    i;
    uint32_t  n;

    for (i = 0, n = 0; i < REVIEWS; i++) {
        if (in_ring(world.entries[i].priority, world.entries[i].tenant)) {
            n += world.entries[i].waiting;
        }
    }

    return n;
}


static line_t *
line_of(const entry_t *e)
{
    return &world.lines[e->priority][e->tenant];
}


static void
line_remove(entry_t *e)
{
    size_t   i, n;
    line_t  *line;

    line = line_of(e);

    for (i = 0, n = 0; i < line->length; i++) {
        if (line->entries[i] != e) {
            line->entries[n++] = line->entries[i];
        }
    }

    line->length = n;

    if (n == 0) {
        ring_remove(e->priority, e->tenant);
    }
}


static void
line_add(entry_t *e)
{
    line_t  *line;

    line = line_of(e);

    if (line->length == 0) {
        line->most = e->most;

    } else if (e->most == 0 || (line->most && line->most < e->most)) {
        line->most = e->most;
    }

    line->entries[line->length++] = e;

    if (!in_ring(e->priority, e->tenant) && may(e->tenant, e->most)) {
        ring_add(e->priority, e->tenant);
    }
}


/* a call of the tenant has ended */

static void
model_resume(uint32_t tenant)
{
    int      c;
    line_t  *line;

    for (c = HIGH; c <= LOW; c++) {
        line = &world.lines[c][tenant];

        if (line->length && !in_ring(c, tenant) && may(tenant, line->most)) {
            ring_add(c, tenant);
        }
    }
}


/* the entry that has a place, in the order of places; NULL: nobody */

static entry_t *
entry_at(uint32_t index)
{
    size_t  i;

    for (i = 0; i < REVIEWS; i++) {
        if (world.entries[i].index == index) {
            return &world.entries[i];
        }
    }

    return NULL;
}


/* repaired lines and rings are in the order of places */

static void
model_repair(void)
{
    uint32_t  i, c, t;
    entry_t  *e;

    for (c = HIGH; c <= LOW; c++) {
        world.lengths[c] = 0;

        for (t = 0; t < TENANTS; t++) {
            world.lines[c][t].length = 0;
        }
    }

    for (i = 0; i < ROOM; i++) {
        e = entry_at(i);

        if (e && e->waiting) {
            line_add(e);
        }
    }
}


/* who asks is known from the first call on */

static void
model_enter(operation_t *op)
{
    if (op->fresh) {
        op->entry->priority = op->who.priority;
        op->entry->tenant = op->who.tenant;
        op->entry->most = op->who.most;
    }
}


static void
model_wait(operation_t *op)
{
    entry_t  *e;

    e = op->entry;

    if (e->index == NONE) {
        expect(!placed(e) && !place_free(op->who.priority));
        return;
    }

    expect(placed(e) || place_free(op->who.priority));

    model_enter(op);

    if (e->waiting++ == 0) {
        line_add(e);
    }
}


static void
model_take(operation_t *op)
{
    entry_t  *e;

    e = op->entry;

    expect((int) op->n == (ready() == 0 && slot_free()
                           && may(op->who.tenant, op->who.most)
                           && (!op->fresh || place_free(op->who.priority)
                               || op->who.tenant == REVIEW_TENANT_DEFAULT)));

    if (op->n) {
        model_enter(op);
        e->running++;
    }

    expect((e->index == NONE) == !placed(e));
}


static void
model_give(entry_t *e)
{
    e->running--;
    model_resume(e->tenant);

    expect((e->index == NONE) == !placed(e));
}


/* whose turn is it in a line? */

static int
line_next(uint32_t class, uint32_t tenant)
{
    size_t    i;
    line_t   *line;
    uint32_t  most;

    line = &world.lines[class][tenant];

    if (!may(tenant, line->most)) {
        return -1;
    }

    most = 1;

    for (i = 0; i < line->length; i++) {
        if (may(tenant, line->entries[i]->most)) {
            return (int) i;
        }

        if (line->entries[i]->most > most) {
            most = line->entries[i]->most;
        }
    }

    line->most = most;

    return -1;
}


static void
model_turn(uint64_t *wake)
{
    int        c, best, at;
    entry_t   *e;
    line_t    *line, before;
    size_t     i;
    uint32_t   tenant;

    best = -1;

    for (c = HIGH; c <= LOW; c++) {
        if (world.lengths[c]
            && (best == -1 || world.passes[c] < world.passes[best]))
        {
            best = c;
        }
    }

    tenant = world.rings[best][0];
    at = line_next(best, tenant);

    ring_remove(best, tenant);

    if (at == -1) {
        return;
    }

    world.pass = world.passes[best];
    world.passes[best] += best == HIGH ? 1 : best == NORMAL ? 4 : 16;
    world.rings[best][world.lengths[best]++] = tenant;

    line = &world.lines[best][tenant];
    before = *line;
    e = before.entries[at];

    for (i = 0; i < before.length; i++) {
        line->entries[i] = before.entries[(i + at + 1) % before.length];
    }

    e->granted++;

    if (--e->waiting == 0) {
        line_remove(e);
    }

    for (c = HIGH; c <= LOW; c++) {
        if (!may(tenant, world.lines[c][tenant].most)) {
            ring_remove(c, tenant);
        }
    }

    wake[ids[e->process] / 64] |= (uint64_t) 1 << ids[e->process] % 64;
}


static void
model_serve(operation_t *op)
{
    uint32_t  process;
    uint64_t  wake[ALL / 64], told[ALL / 64];

    memset(wake, 0, sizeof(wake));
    memset(told, 0, sizeof(told));

    while (ready() && slot_free()) {
        model_turn(wake);
    }

    while ((process = review_queue_wake_next(&op->wake)) != NONE) {
        told[process / 64] |= (uint64_t) 1 << process % 64;
    }

    expect(memcmp(wake, told, sizeof(wake)) == 0);
    expect(world.q->ready == 0 || world.q->limit <= world.q->in_flight);
}


static void
model_claim(operation_t *op)
{
    size_t    i;
    entry_t  *e;

    if (op->n == 0) {
        for (i = 0; i < REVIEWS; i++) {
            e = &world.entries[i];
            expect(e->process != op->process || e->granted == 0);
        }

        return;
    }

    e = op->owner;

    expect(e->process == op->process && e->granted == op->n);

    e->running += e->granted;
    e->granted = 0;

    expect(op->gone == !placed(e));

    if (op->gone) {
        e->index = NONE;
    }
}


static void
model_reclaim(uint32_t process)
{
    uint32_t  i;
    entry_t  *e;

    /* those that are counted with the process go first */

    for (i = 0; i < REVIEWS; i++) {
        e = &world.entries[i];

        if (e->process == process && e->tenant == REVIEW_TENANT_DEFAULT) {
            e->running = 0;
        }
    }

    model_resume(REVIEW_TENANT_DEFAULT);

    for (i = 0; i < ROOM; i++) {
        e = entry_at(i);

        if (e == NULL || e->process != process) {
            continue;
        }

        if (e->waiting) {
            line_remove(e);
        }

        e->waiting = 0;
        e->index = NONE;

        if (flying(e)) {
            e->granted = 0;
            e->running = 0;
            model_resume(e->tenant);
        }
    }
}


static void
model_quit(entry_t *e)
{
    if (e->waiting == 0) {
        if (e->granted) {
            e->granted--;
            model_resume(e->tenant);
        }

    } else if (--e->waiting == 0) {
        line_remove(e);
    }

    expect((e->index == NONE) == !placed(e));
}


/* what the operation does to the model, and whether that is what it did */

static void
model(operation_t *op)
{
    switch (op->kind) {

    case TAKE:
        model_take(op);
        break;

    case GIVE:
        model_give(op->entry);
        break;

    case WAIT:
        model_wait(op);
        break;

    case QUIT:
        model_quit(op->entry);
        break;

    case SERVE:
        model_serve(op);
        break;

    case CLAIM:
        model_claim(op);
        break;

    case RECLAIM:
        model_reclaim(op->process);
        break;

    case LIMIT:
        world.limit = op->limit;
        break;

    case REPAIR:
        model_repair();
        break;
    }
}


static void
operation_run(review_queue_t *q, operation_t *op)
{
    entry_t   *e;
    uint32_t   id;

    e = op->entry;
    id = ids[op->process];

    switch (op->kind) {

    case TAKE:
        op->n = (uint32_t) review_queue_take(q, &e->index, &op->who);
        break;

    case GIVE:
        review_queue_give(q, &e->index, &op->who);
        break;

    case WAIT:
        review_queue_wait(q, &e->index, &op->who);
        break;

    case QUIT:
        (void) review_queue_quit(q, &e->index);
        break;

    case SERVE:
        (void) review_queue_serve(q, UINT32_MAX, &op->wake);
        break;

    case CLAIM:
        op->n = review_queue_claim(q, id, &op->owner, &op->gone);
        break;

    case RECLAIM:
        review_queue_reclaim(q, id);
        break;

    case LIMIT:
        q->limit = op->limit;
        break;

    case REPAIR:
        review_queue_repair(q);
        break;
    }
}


/*
 * Whoever asks: one of four tenants, of which the first may have any number of
 * calls, the second, the default, few or any for some, the third few or fewer,
 * and the last the same few for all.
 */

static void
operation_who(operation_t *op)
{
    entry_t  *e;

    e = op->entry;

    op->fresh = (calls(e) == 0);
    op->who.process = ids[op->process];
    op->who.owner = e;

    if (!op->fresh) {
        op->who.priority = e->priority;
        op->who.tenant = e->tenant;
        op->who.most = e->most;
        return;
    }

    op->who.priority = rnd(REVIEW_PRIORITIES);
    op->who.tenant = rnd(TENANTS);

    switch (op->who.tenant) {

    case 0:
        op->who.most = 0;
        break;

    case REVIEW_TENANT_DEFAULT:
        op->who.most = rnd(4);
        break;

    case 2:
        op->who.most = 1 + rnd(4);
        break;

    default:
        op->who.most = 2;
    }
}


/* something that this process may do */

static void
operation_choose(operation_t *op, uint32_t process)
{
    static const kind_e  kinds[] = { TAKE, TAKE, TAKE, GIVE, GIVE, GIVE, GIVE,
                                     WAIT, WAIT, WAIT, WAIT, WAIT, QUIT, SERVE,
                                     SERVE, SERVE, CLAIM, CLAIM, CLAIM };
    uint32_t  n;

    memset(op, 0, sizeof(*op));

    op->process = process;
    op->kind = kinds[rnd(sizeof(kinds) / sizeof(kinds[0]))];
    op->entry = &world.entries[rnd(REVIEWS / PROCESSES) * PROCESSES + process];

    operation_who(op);

    n = rnd(1000);

    if (n < 10) {
        op->kind = LIMIT;
        op->limit = rnd(20) ? 1 + rnd(24) : 0;

    } else if (n < 16) {
        op->kind = RECLAIM;
        op->process = GRAVE;

    } else if (n < 19) {
        op->kind = REPAIR;
    }

    if (op->kind == GIVE && op->entry->running == 0) {
        op->kind = TAKE;
    }

    if (op->kind == QUIT && op->entry->waiting + op->entry->granted == 0) {
        op->kind = WAIT;
    }

    /* few wait with many calls: lines are to become empty, too */

    if (op->kind == WAIT && op->entry->waiting == 3) {
        op->kind = QUIT;
    }
}


static void
check_entry(const entry_t *e)
{
    review_waiter_t  *w;

    if (!placed(e)) {
        expect(e->index == NONE);
        return;
    }

    expect(e->index < world.q->top);

    if (e->index >= world.q->top) {
        return;
    }

    w = review_queue_waiter(world.q, e->index);

    expect(w->owner == e && w->priority == e->priority
           && w->process == ids[e->process] && w->tenant == e->tenant
           && w->most == e->most);
    expect(w->calls.waiting == e->waiting && w->calls.granted == e->granted
           && w->running == placed_running(e));
}


static void
check_order(uint32_t class, uint32_t tenant)
{
    size_t                i;
    uint32_t              n;
    line_t               *line;
    review_queue_line_t  *l;

    line = &world.lines[class][tenant];
    l = &review_queue_tenant(world.q, tenant)->lines[class];

    n = l->head;

    for (i = 0; i < line->length && n < world.q->top; i++) {
        expect(review_queue_waiter(world.q, n)->owner == line->entries[i]);
        n = review_queue_waiter(world.q, n)->next;
    }

    expect(n == l->head && (line->length || n == NONE));
}


/* who of a class, and of those above it, stands in the way of a tenant? */

static uint32_t
ahead(uint32_t class, uint32_t tenant)
{
    size_t    i;
    uint32_t  n;
    entry_t  *e;

    for (i = 0, n = 0; i < REVIEWS; i++) {
        e = &world.entries[i];

        if (e->priority <= class
            && (e->tenant == tenant || in_ring(e->priority, e->tenant)))
        {
            n += e->waiting;
        }
    }

    return n;
}


static void
check_model(void)
{
    size_t           i, c, t;
    uint32_t         n, waiting, in_flight;
    review_who_t     who;
    review_queue_t  *q;

    q = world.q;
    in_flight = total(&waiting);

    expect(q->limit == world.limit && q->in_flight == in_flight
           && q->waiting == waiting && q->ready == ready());

    for (i = 0; i < PROCESSES; i++) {
        expect(review_queue_running(q, ids[i]) == runs(i));
    }

    for (i = 0; i < REVIEWS; i++) {
        check_entry(&world.entries[i]);
    }

    memset(&who, 0, sizeof(who));

    for (c = 0; c < REVIEW_PRIORITIES; c++) {
        n = q->rings[c];

        for (i = 0; i < world.lengths[c] && n < TENANTS; i++) {
            expect(n == world.rings[c][i]);
            n = review_queue_tenant(q, n)->lines[c].next;
        }

        expect(n == q->rings[c]);

        for (t = 0; t < TENANTS; t++) {
            check_order(c, t);

            who.priority = c;
            who.tenant = t;
            expect(review_queue_ahead(q, &who) == ahead(c, t));
        }
    }
}


static void
test_random(void)
{
    int              most, full;
    uint32_t         before, held;
    operation_t      op;
    review_queue_t  *q;

    q = queue_create(ROOM, 0);
    world_init(q, 12);

    bad = 0;
    most = 0;
    full = 0;
    held = 0;

    for (step = 0; step < 200000 && bad == 0; step++) {
        before = q->in_flight;

        operation_choose(&op, rnd(PROCESSES));
        operation_run(q, &op);

        full += op.kind == WAIT && op.entry->index == NONE;
        held += q->ready < q->waiting;
        most = q->waiting > (uint32_t) most ? (int) q->waiting : most;

        model(&op);

        expect(q->in_flight <= before || q->limit == 0
               || q->in_flight <= q->limit);

        if (step % 4 == 0 || op.kind >= RECLAIM) {
            check_model();
            check_sound(q);
        }
    }

    ok(bad == 0, "%d random operations: %d wrong", step, bad);
    ok(most > 60 && full > 100 && held > 1000,
       "up to %d wait, %d found no room, after %u some had all their calls",
       most, full, held);

    free(q);
}


/* a world in which much goes on, in a block that is there already */

static void
world_fill(review_queue_t *q)
{
    int          i, n;
    operation_t  op;

    memset(q, 0xa5, queue_size(ROOM));
    (void) review_queue_init(q, queue_size(ROOM), ALL, TENANTS);

    world_init(q, 1 + rnd(16));

    for (i = 0, n = 20 + (int) rnd(100); i < n; i++) {
        operation_choose(&op, rnd(PROCESSES));
        operation_run(q, &op);
        model(&op);
    }
}


/*
 * A process has died in a change of the queue: what is left is a sound queue,
 * with all that processes have that live, each call once.
 */

static void
check_recovered(review_queue_t *q, uint32_t dead)
{
    size_t            i;
    entry_t          *e;
    uint32_t          n;
    review_wake_t     wake;
    review_waiter_t  *w;

    review_queue_repair(q);
    check_sound(q);

    review_queue_reclaim(q, ids[dead]);
    check_sound(q);
    review_queue_reclaim(q, ids[GRAVE]);
    check_sound(q);

    for (i = 0; i < PROCESSES; i++) {
        n = (i == dead || i == GRAVE) ? 0 : runs(i);
        expect(review_queue_running(q, ids[i]) == n);
    }

    for (i = 0, n = 0; i < q->top; i++) {
        w = review_queue_waiter(q, i);
        n += w->calls.both || w->running;
        expect((w->calls.both == 0 && w->running == 0)
               || (w->process != ids[dead] && w->process != ids[GRAVE]));
    }

    for (i = 0; i < REVIEWS; i++) {
        e = &world.entries[i];

        if (e->process == dead || e->process == GRAVE || !placed(e)) {
            continue;
        }

        w = review_queue_waiter(q, e->index);
        n--;

        expect(w->owner == e && w->process == ids[e->process]
               && w->priority == e->priority && w->tenant == e->tenant
               && w->most == e->most);
        expect(w->calls.granted >= e->granted
               && (uint32_t) (w->calls.waiting + w->calls.granted)
                  == e->waiting + e->granted
               && w->running == placed_running(e));
    }

    expect(n == 0);

    (void) serve(q, &wake);
    expect(q->ready == 0 || (q->limit && q->in_flight >= q->limit));
}


#if defined(__x86_64__)

/*
 * Every store: the block can't be written, so each store faults; it is let
 * through, and the trap flag stops us right behind it, where the block is
 * copied as it is.
 */

#define TRAP_FLAG  0x100
#define COPIES     1024


static struct {
    review_queue_t  *q;
    size_t           mapped;
    char            *copies;
    size_t           n;
} stores;


static void
on_fault(int signo, siginfo_t *info, void *context)
{
    char        *addr;
    ucontext_t  *u;

    (void) signo;

    u = context;
    addr = info->si_addr;

    if (addr < (char *) stores.q
        || addr >= (char *) stores.q + stores.mapped)
    {
        (void) signal(SIGSEGV, SIG_DFL);
        return;
    }

    (void) mprotect(stores.q, stores.mapped, PROT_READ|PROT_WRITE);
    u->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}


static void
on_trap(int signo, siginfo_t *info, void *context)
{
    size_t       size;
    ucontext_t  *u;

    (void) signo;
    (void) info;

    u = context;
    size = queue_size(ROOM);

    if (stores.n < COPIES) {
        memcpy(stores.copies + stores.n++ * size, stores.q, size);
    }

    (void) mprotect(stores.q, stores.mapped, PROT_READ);
    u->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}


static void
test_stores_of(review_queue_t *copy, operation_t *op, uint32_t process)
{
    size_t   i, size;
    world_t  before;

    size = queue_size(ROOM);
    before = world;
    stores.n = 0;

    (void) mprotect(stores.q, stores.mapped, PROT_READ);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);

    operation_run(stores.q, op);

    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    (void) mprotect(stores.q, stores.mapped, PROT_READ|PROT_WRITE);

    world = before;

    for (i = 0; i < stores.n; i++) {
        memcpy(copy, stores.copies + i * size, size);
        check_recovered(copy, process);
    }
}


static void
test_stores(void)
{
    int                of[REPAIR + 1];
    size_t             n, i;
    uint32_t           process;
    operation_t        op;
    review_queue_t    *copy;
    struct sigaction   sa, old_fault, old_trap;

    stores.mapped = 65536;
    stores.q = mmap(NULL, stores.mapped, PROT_READ|PROT_WRITE,
                    MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
    stores.copies = malloc(COPIES * queue_size(ROOM));
    copy = malloc(queue_size(ROOM));

    memset(&sa, 0, sizeof(sa));
    sa.sa_flags = SA_SIGINFO;
    sa.sa_sigaction = on_fault;
    (void) sigaction(SIGSEGV, &sa, &old_fault);
    sa.sa_sigaction = on_trap;
    (void) sigaction(SIGTRAP, &sa, &old_trap);

    memset(of, 0, sizeof(of));
    bad = 0;
    n = 0;

    for (step = 0; step < 700 && bad == 0; step++) {
        world_fill(stores.q);

        process = rnd(PROCESSES - 1);
        operation_choose(&op, process);

        if (step % 50 == 0) {
            op.kind = step % 100 ? REPAIR : RECLAIM;
            op.process = GRAVE;
        }

        test_stores_of(copy, &op, process);

        n += stores.n;
        of[op.kind] += (int) stores.n;
    }

    (void) sigaction(SIGSEGV, &old_fault, NULL);
    (void) sigaction(SIGTRAP, &old_trap, NULL);

    ok(bad == 0, "died behind each of %zu stores: %d wrong", n, bad);

    for (i = 0; i <= REPAIR && of[i]; i++) { /* void */ }

    ok(i > REPAIR, "those of all operations");

    (void) munmap(stores.q, stores.mapped);
    free(stores.copies);
    free(copy);
}

#else

static void
test_stores(void)
{
    ok(1, "died behind each store # SKIP needs a trap flag");
}

#endif


/*
 * Killed: the same with a real process, in as many places as chance finds.
 * "steps" and "inside" are shared with it.
 */

typedef struct {
    volatile uint32_t   steps;
    volatile uint32_t   inside;
    review_queue_t      q;              /* and what is behind it */
} shared_t;


static void
child(shared_t *shared, uint32_t process)
{
    uint32_t     i;
    operation_t  op;

    (void) alarm(10);

    for (i = 0; i < 50000; i++) {
        operation_choose(&op, process);

        shared->inside = 1;
        operation_run(&shared->q, &op);
        shared->inside = 0;
        shared->steps++;

        model(&op);
    }

    _exit(0);
}


static int
test_kill_one(shared_t *shared)
{
    pid_t     pid;
    uint32_t  i, process;

    world_fill(&shared->q);

    shared->steps = 0;
    shared->inside = 0;

    process = rnd(PROCESSES - 1);
    (void) fflush(stdout);

    pid = fork();

    if (pid == 0) {
        child(shared, process);
    }

    for (i = 0; i < 1000 && shared->steps == 0; i++) {
        (void) usleep(50);
    }

    for (i = rnd(100); i; i--) {
        (void) sched_yield();
    }

    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);

    check_recovered(&shared->q, process);

    return (int) shared->inside;
}


static void
test_kill(void)
{
    int        n, inside;
    size_t     size;
    shared_t  *shared;

    size = sizeof(shared_t) + queue_size(ROOM);
    shared = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                  -1, 0);

    bad = 0;
    inside = 0;

    for (n = 0; n < 120 && bad == 0; n++) {
        inside += test_kill_one(shared);
    }

    ok(bad == 0, "%d processes killed: %d wrong", n, bad);
    printf("# %d of them in the middle of an operation\n", inside);

    (void) munmap(shared, size);
}


/* whose call is a probe?  It ends at once */

static one_t *
next_probe(review_queue_t *q, int fresh)
{
    one_t          *one;
    review_wake_t   wake;

    review_queue_wake_init(&wake);

    if (!review_queue_probe(q, fresh, &wake)) {
        return NULL;
    }

    check_sound(q);
    one = next_claimed(q);

    if (one) {
        give_of(q, &one->index, 0, one->tenant);
    }

    return one;
}


static void
test_probe(void)
{
    int              i;
    one_t            ones[5] = { NOBODY, NOBODY, NOBODY, NOBODY, NOBODY };
    review_wake_t    wake;
    review_queue_t  *q;

    static const uint32_t           failed[5] = { 3, 2, 200, 0, 1 };
    static const review_priority_e  classes[5] = { HIGH, HIGH, NORMAL, LOW,
                                                   NORMAL };

    q = queue_create(8, 2);
    ok(next_probe(q, 0) == NULL, "nobody waits: there is no probe");

    ones[1].tenant = 1;
    ones[4].tenant = 1;
    ones[4].most = 1;

    for (i = 0; i < 5; i++) {
        one_wait(q, &ones[i], classes[i], 1);
        review_queue_mark(q, ones[i].index, failed[i]);
    }

    ok(next_probe(q, 1) == &ones[3], "one that has not failed, if low");
    ok(next_probe(q, 1) == NULL, "there is no other one");
    ok(next_probe(q, 0) == &ones[4] && next_probe(q, 0) == &ones[1]
       && next_probe(q, 0) == &ones[0] && next_probe(q, 0) == &ones[2],
       "then those that have failed least");

    for (i = 0; i < 3; i++) {
        ones[i].tenant = 0;
        one_wait(q, &ones[i], NORMAL, 2);
    }

    ok(next_probe(q, 0) == &ones[0] && next_probe(q, 0) == &ones[1]
       && next_probe(q, 0) == &ones[2] && next_probe(q, 0) == &ones[0],
       "of equal ones each in its turn");

    one_wait(q, &ones[4], NORMAL, 2);
    review_queue_mark(q, ones[1].index, 1);
    review_queue_mark(q, ones[2].index, 1);
    review_queue_wake_init(&wake);
    ok(review_queue_probe(q, 1, &wake) && next_probe(q, 1) == NULL,
       "a tenant has as many calls as it may: it is no probe");

    (void) review_queue_probe(q, 0, &wake);
    ok(q->in_flight == 2 && next_probe(q, 0) == NULL, "a full queue has none");

    free(q);
}


int
main(void)
{
    /* a broken ring may have no end */

    (void) alarm(60);

    bad = 0;

    test_limit();
    test_behind();
    test_round_robin();
    test_tenants();
    test_most();
    test_most_again();
    test_ahead();
    test_places();
    test_shares();
    test_coming_and_going();
    test_backlog();
    test_quit();
    test_claim();
    test_room();
    test_reclaim();
    test_default();
    test_probe();

    ok(bad == 0, "sound all the while: %d wrong", bad);

    test_quit_granted();
    test_random();
    test_stores();
    test_kill();

    return tap_end();
}
