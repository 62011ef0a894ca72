/*
 * Proves that the queue for an LLM's capacity is fair, exact and survives the
 * death of a process.
 *
 * Fair: reviews take turns whatever the number of their calls, classes get
 * turns as 16:4:1, none starves, and nobody saves up turns by being away.
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


static size_t
queue_size(size_t waiters)
{
    return sizeof(review_queue_t) + waiters * sizeof(review_waiter_t);
}


static review_queue_t *
queue_create(size_t waiters, uint32_t limit)
{
    size_t           size;
    review_queue_t  *q;

    size = queue_size(waiters);
    q = malloc(size);
    memset(q, 0xa5, size);

    if (review_queue_init(q, size) != 0) {
        abort();
    }

    q->limit = limit;

    return q;
}


/* sound: all links and sums are what the calls of waiters and shares say */

static void
check_ring(review_queue_t *q, uint32_t priority)
{
    uint32_t          i, n, waiting, members;
    review_waiter_t  *w;

    n = 0;
    waiting = 0;

    for (i = q->rings[priority]; i != NONE && n <= q->top; n++) {
        w = &q->waiters[i];

        expect(w->used && w->calls.waiting && w->priority == priority);
        expect(w->next < q->top && w->prev < q->top);

        if (w->next >= q->top) {
            return;
        }

        expect(q->waiters[w->next].prev == i);

        waiting += w->calls.waiting;
        i = (w->next == q->rings[priority]) ? NONE : w->next;
    }

    members = 0;

    for (i = 0; i < q->top; i++) {
        w = &q->waiters[i];
        members += w->used && w->priority == priority && w->calls.waiting;
    }

    expect(n == members);
    expect(waiting == q->waiting_of[priority]);
}


static void
check_granted(review_queue_t *q)
{
    uint32_t          i, p, n, in_flight, members;
    review_waiter_t  *w;

    n = 0;
    members = 0;
    in_flight = 0;

    for (p = 0; p < REVIEW_QUEUE_PROCESSES; p++) {
        in_flight += q->shares[p].in_flight;

        for (i = q->shares[p].granted; i != NONE; i = w->next_granted) {
            expect(i < q->top && n <= q->top);

            if (i >= q->top || n++ > q->top) {
                return;
            }

            w = &q->waiters[i];
            expect(w->used && w->calls.granted && w->process == p);
        }
    }

    for (i = 0; i < q->top; i++) {
        w = &q->waiters[i];
        members += w->used && w->calls.granted;
        in_flight += w->used ? w->calls.granted : 0;
    }

    expect(n == members);
    expect(q->in_flight == in_flight);
}


static void
check_free(review_queue_t *q)
{
    uint32_t  i, n, unused;

    unused = 0;

    for (i = 0; i < q->top; i++) {
        unused += !q->waiters[i].used;
        expect(!q->waiters[i].used || q->waiters[i].calls.both);
    }

    n = 0;

    for (i = q->free; i < q->top && n <= q->top; i = q->waiters[i].next) {
        expect(!q->waiters[i].used);
        n++;
    }

    expect(i == NONE && n == unused && q->top <= q->size);
}


static void
check_sound(review_queue_t *q)
{
    check_ring(q, HIGH);
    check_ring(q, NORMAL);
    check_ring(q, LOW);
    check_granted(q);
    check_free(q);

    expect(q->waiting == q->waiting_of[HIGH] + q->waiting_of[NORMAL]
                         + q->waiting_of[LOW]);
}


/* plain cases: reviews of one process, which has all slots */

typedef struct {
    uint32_t  index;
    int       turns;
} one_t;


static void
one_wait(review_queue_t *q, one_t *one, review_priority_e priority, int calls)
{
    while (calls--) {
        one->index = review_queue_wait(q, one->index, 0, priority, one);
    }
}


/* a call ends; whose turn is it? */

static one_t *
next_turn(review_queue_t *q)
{
    int             gone;
    void           *owner;
    one_t          *one;
    review_wake_t   wake;

    memset(&wake, 0, sizeof(wake));

    review_queue_give(q, 0);
    (void) review_queue_serve(q, UINT32_MAX, &wake);

    if (review_queue_claim(q, 0, &owner, &gone) != 1) {
        return NULL;
    }

    one = owner;
    one->turns++;

    if (gone) {
        one->index = NONE;
    }

    return one;
}


/* a queue of one slot that is taken: each call that ends is one turn */

static review_queue_t *
turns_create(void)
{
    review_queue_t  *q;

    q = queue_create(8, 1);
    (void) review_queue_take(q, 0);

    return q;
}


static uint32_t
serve(review_queue_t *q, review_wake_t *wake)
{
    uint32_t  before;

    before = q->waiting;

    memset(wake, 0, sizeof(*wake));
    (void) review_queue_serve(q, UINT32_MAX, wake);
    check_sound(q);

    return before - q->waiting;
}


static void
test_limit(void)
{
    int              taken;
    one_t            one = { NONE, 0 };
    review_wake_t    wake;
    review_queue_t  *q;

    q = queue_create(8, 3);

    for (taken = 0; taken < 10 && review_queue_take(q, taken); taken++) {
        /* void */
    }

    ok(taken == 3 && q->in_flight == 3, "a limit of 3: %d taken", taken);

    one_wait(q, &one, NORMAL, 4);
    q->limit = 1;

    review_queue_give(q, 0);
    ok(serve(q, &wake) == 0, "limit lowered, 2 run: nobody's turn");

    review_queue_give(q, 1);
    ok(serve(q, &wake) == 0, "1 runs: nobody's turn");

    review_queue_give(q, 2);
    ok(serve(q, &wake) == 1, "none runs: one's turn");

    q->limit = 3;
    ok(serve(q, &wake) == 2, "limit raised by 2: two's turn");

    review_queue_quit(q, &one.index);
    ok(q->waiting == 0 && !review_queue_take(q, 0), "what is granted is taken");

    q->limit = 4;
    ok(review_queue_take(q, 0) && !review_queue_take(q, 0), "one more");

    q->limit = 0;

    for (taken = 0; taken < 1000 && review_queue_take(q, 255); taken++) {
        /* void */
    }

    ok(taken == 1000 && q->in_flight == 1004, "0: no limit");

    q->limit = 1;
    one_wait(q, &one, LOW, 5);
    q->limit = 0;
    ok(serve(q, &wake) == 5, "and nobody waits");

    one_wait(q, &one, LOW, 5);
    memset(&wake, 0, sizeof(wake));
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
    one_t            one = { NONE, 0 };
    review_wake_t    wake;
    review_queue_t  *q;

    q = turns_create();

    one_wait(q, &one, LOW, 1);
    q->limit = 2;
    ok(!review_queue_take(q, 1), "nobody overtakes who waits");
    ok(serve(q, &wake) == 1 && !review_queue_take(q, 1), "who waited has it");

    free(q);
}


static void
test_round_robin(void)
{
    int              wrong, i;
    char             order[16], *p;
    one_t            many = { NONE, 0 }, few = { NONE, 0 }, late = { NONE, 0 };
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


static void
test_shares(void)
{
    int              i;
    one_t            c[3] = { { NONE, 0 }, { NONE, 0 }, { NONE, 0 } };
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
    one_t            high = { NONE, 0 }, low = { NONE, 0 };
    review_queue_t  *q;

    q = turns_create();
    one_wait(q, &low, LOW, 1000);

    for (i = 0; i < 170; i++) {
        if (high.index == NONE) {
            one_wait(q, &high, HIGH, 1);
        }

        (void) next_turn(q);
    }

    ok(high.turns == 160 && low.turns == 10,
       "one call at a time, and yet 16 of 17 turns: %d:%d", high.turns,
       low.turns);

    free(q);

    q = turns_create();
    high.turns = low.turns = 0;
    low.index = NONE;
    one_wait(q, &high, HIGH, 1000);

    for (i = 0; i < 170; i++) {
        if (low.index == NONE) {
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
    one_t            high = { NONE, 0 }, low = { NONE, 0 };
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
    one_t            a = { NONE, 0 }, b = { NONE, 0 }, c = { NONE, 0 };
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

    review_queue_give(q, 0);
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
            ones[j].index = NONE;
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
        index[i / 2] = review_queue_wait(q, (i % 2) ? index[i / 2] : NONE,
                                         i < 4 ? 70 : 255, NORMAL,
                                         &names[i / 2]);
    }

    ok(serve(q, &wake) == 5, "five of six calls are granted");
    ok(wake.bits[0] == 0 && wake.bits[1] == 1 << 6 && wake.bits[2] == 0
       && wake.bits[3] == (uint64_t) 1 << 63, "both processes are to be told");

    ok(review_queue_claim(q, 0, &owner, &gone) == 0, "nothing for a third");

    n = review_queue_claim(q, 255, &owner, &gone);
    ok(n == 1 && owner == &names[2] && !gone, "one call, another waits");
    ok(review_queue_claim(q, 255, &owner, &gone) == 0, "that was all");

    names[0] = names[1] = 0;

    while ((n = review_queue_claim(q, 70, &owner, &gone))) {
        *(char *) owner += n;
        expect(gone);
    }

    ok(names[0] == 2 && names[1] == 2, "both calls of each, once");
    ok(q->shares[70].in_flight == 4 && q->shares[255].in_flight == 1
       && q->in_flight == 5, "their processes have them");

    index[0] = review_queue_wait(q, NONE, 70, HIGH, &names[0]);
    review_queue_give(q, 70);
    ok(serve(q, &wake) == 1, "its turn");
    index[0] = review_queue_wait(q, index[0], 70, HIGH, &names[0]);

    n = review_queue_claim(q, 70, &owner, &gone);
    ok(n == 1 && owner == &names[0] && !gone,
       "who waits again before it claims is not gone");

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

    ok(review_queue_init(q, 0) == -1
       && review_queue_init(q, queue_size(1) - 1) == -1, "too small a block");
    ok(review_queue_init(q, queue_size(1)) == 0 && q->size == 1,
       "just enough for one");

    free(q);

    q = queue_create(2, 1);
    (void) review_queue_take(q, 0);

    for (i = 0; i < 3; i++) {
        index[i] = review_queue_wait(q, NONE, 0, LOW, &c);
    }

    ok(index[0] != NONE && index[1] != NONE && index[2] == NONE
       && q->waiting == 2, "no room for a third");

    index[0] = review_queue_wait(q, index[0], 0, LOW, &c);
    ok(index[0] != NONE && q->waiting == 3, "room for one more call");

    review_queue_quit(q, &index[1]);
    index[2] = review_queue_wait(q, NONE, 9, HIGH, &c);
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

    (void) review_queue_take(q, 7);
    (void) review_queue_take(q, 7);
    (void) review_queue_take(q, 8);

    index = review_queue_wait(q, NONE, 7, NORMAL, &mine);
    (void) review_queue_wait(q, index, 7, NORMAL, &mine);
    (void) review_queue_wait(q, NONE, 7, HIGH, &mine);
    index = review_queue_wait(q, NONE, 8, NORMAL, &other);
    (void) review_queue_wait(q, index, 8, NORMAL, &other);

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


/*
 * The model: a world of reviews, those that wait in line for each class, what
 * each process runs.  It is shifted and counted anew each time.
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
    uint32_t          priority;
} entry_t;


typedef struct {
    review_queue_t   *q;
    entry_t           entries[REVIEWS];
    entry_t          *lines[REVIEW_PRIORITIES][REVIEWS];
    size_t            lengths[REVIEW_PRIORITIES];
    uint64_t          passes[REVIEW_PRIORITIES];
    uint64_t          pass;
    uint32_t          runs[PROCESSES];
    uint32_t          limit;
} world_t;


typedef enum {
    TAKE = 0, GIVE, WAIT, QUIT, SERVE, CLAIM, RECLAIM, LIMIT, REPAIR
} kind_e;


typedef struct {
    kind_e            kind;
    uint32_t          process;
    entry_t          *entry;
    uint32_t          priority;
    uint32_t          limit;

    uint32_t          n;                /* what came of it */
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
total(uint32_t *waiting)
{
    size_t    i;
    uint32_t  in_flight;

    *waiting = 0;
    in_flight = 0;

    for (i = 0; i < PROCESSES; i++) {
        in_flight += world.runs[i];
    }

    for (i = 0; i < REVIEWS; i++) {
        *waiting += world.entries[i].waiting;
        in_flight += world.entries[i].granted;
    }

    return in_flight;
}


static int
slot_free(void)
{
    uint32_t  waiting;

    return world.limit == 0 || total(&waiting) < world.limit;
}


static uint32_t
places(void)
{
    size_t    i;
    uint32_t  n;

    for (i = 0, n = 0; i < REVIEWS; i++) {
        n += world.entries[i].waiting || world.entries[i].granted;
    }

    return n;
}


static void
line_remove(entry_t *e)
{
    size_t  i, n;

    n = world.lengths[e->priority]--;

    for (i = 0; world.lines[e->priority][i] != e; i++) { /* void */ }

    for ( /* void */ ; i + 1 < n; i++) {
        world.lines[e->priority][i] = world.lines[e->priority][i + 1];
    }
}


static void
line_add(entry_t *e)
{
    world.lines[e->priority][world.lengths[e->priority]++] = e;
}


/* a repaired line is in the order of its members' places */

static void
lines_sort(void)
{
    size_t    i, n, c;
    entry_t  *e, **line;

    for (c = 0; c < REVIEW_PRIORITIES; c++) {
        line = world.lines[c];

        for (n = 1; n < world.lengths[c]; n++) {
            e = line[n];

            for (i = n; i && line[i - 1]->index > e->index; i--) {
                line[i] = line[i - 1];
            }

            line[i] = e;
        }
    }
}


static void
model_wait(entry_t *e, uint32_t priority)
{
    if (e->waiting + e->granted == 0) {
        e->priority = priority;
    }

    if (e->waiting++) {
        return;
    }

    if (world.lengths[e->priority] == 0
        && world.passes[e->priority] < world.pass)
    {
        world.passes[e->priority] = world.pass;
    }

    line_add(e);
}


static void
model_turn(review_wake_t *wake)
{
    int      c, best;
    entry_t  *e;

    best = -1;

    for (c = HIGH; c <= LOW; c++) {
        if (world.lengths[c]
            && (best == -1 || world.passes[c] < world.passes[best]))
        {
            best = c;
        }
    }

    world.pass = world.passes[best];
    world.passes[best] += best == HIGH ? 1 : best == NORMAL ? 4 : 16;

    e = world.lines[best][0];
    line_remove(e);

    e->granted++;

    if (--e->waiting) {
        line_add(e);
    }

    wake->bits[ids[e->process] / 64] |= (uint64_t) 1 << ids[e->process] % 64;
}


static void
model_serve(operation_t *op)
{
    uint32_t       waiting;
    review_wake_t  wake;

    memset(&wake, 0, sizeof(wake));

    for ( ;; ) {
        (void) total(&waiting);

        if (waiting == 0 || !slot_free()) {
            break;
        }

        model_turn(&wake);
    }

    expect(memcmp(&wake, &op->wake, sizeof(wake)) == 0);
    expect(world.q->waiting == 0 || world.q->limit <= world.q->in_flight);
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
    expect(op->gone == (e->waiting == 0));

    world.runs[e->process] += e->granted;
    e->granted = 0;

    if (op->gone) {
        e->index = NONE;
    }
}


static void
model_reclaim(uint32_t process)
{
    size_t    i;
    entry_t  *e;

    world.runs[process] = 0;

    for (i = 0; i < REVIEWS; i++) {
        e = &world.entries[i];

        if (e->process != process) {
            continue;
        }

        if (e->waiting) {
            line_remove(e);
        }

        e->waiting = 0;
        e->granted = 0;
        e->index = NONE;
    }
}


static void
model_quit(entry_t *e)
{
    if (e->waiting == 0) {
        e->granted--;

    } else if (--e->waiting == 0) {
        line_remove(e);
    }

    expect((e->index == NONE) == (e->waiting + e->granted == 0));
}


/* what the operation does to the model, and whether that is what it did */

static void
model(operation_t *op)
{
    uint32_t  waiting;

    switch (op->kind) {

    case TAKE:
        (void) total(&waiting);
        expect(op->n == (waiting == 0 && slot_free()));
        world.runs[op->process] += op->n;
        break;

    case GIVE:
        world.runs[op->process]--;
        break;

    case WAIT:
        if (op->entry->index == NONE) {
            expect(places() == ROOM);
            break;
        }

        model_wait(op->entry, op->priority);
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
        lines_sort();
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
        op->n = (uint32_t) review_queue_take(q, id);
        break;

    case GIVE:
        review_queue_give(q, id);
        break;

    case WAIT:
        e->index = review_queue_wait(q, e->index, id, op->priority, e);
        break;

    case QUIT:
        review_queue_quit(q, &e->index);
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
    op->priority = rnd(REVIEW_PRIORITIES);

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

    if (op->kind == GIVE && world.runs[process] == 0) {
        op->kind = TAKE;
    }

    if (op->kind == QUIT && op->entry->index == NONE) {
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

    if (e->waiting + e->granted == 0) {
        expect(e->index == NONE);
        return;
    }

    expect(e->index < world.q->top);

    if (e->index >= world.q->top) {
        return;
    }

    w = &world.q->waiters[e->index];

    expect(w->used && w->owner == e && w->priority == e->priority
           && w->process == ids[e->process]);
    expect(w->calls.waiting == e->waiting && w->calls.granted == e->granted);
}


static void
check_model(void)
{
    size_t           i, c;
    uint32_t         n, waiting, in_flight;
    review_queue_t  *q;

    q = world.q;
    in_flight = total(&waiting);

    expect(q->limit == world.limit && q->in_flight == in_flight
           && q->waiting == waiting);

    for (i = 0; i < PROCESSES; i++) {
        expect(q->shares[ids[i]].in_flight == world.runs[i]);
    }

    for (i = 0; i < REVIEWS; i++) {
        check_entry(&world.entries[i]);
    }

    for (c = 0; c < REVIEW_PRIORITIES; c++) {
        n = q->rings[c];

        for (i = 0; i < world.lengths[c] && n < q->top; i++) {
            expect(q->waiters[n].owner == world.lines[c][i]);
            n = q->waiters[n].next;
        }

        expect(n == q->rings[c]);
    }
}


static void
test_random(void)
{
    int              most, full;
    uint32_t         before;
    operation_t      op;
    review_queue_t  *q;

    q = queue_create(ROOM, 0);
    world_init(q, 12);

    bad = 0;
    most = 0;
    full = 0;

    for (step = 0; step < 200000 && bad == 0; step++) {
        before = q->in_flight;

        operation_choose(&op, rnd(PROCESSES));
        operation_run(q, &op);

        full += op.kind == WAIT && op.entry->index == NONE;
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
    ok(most > 60 && full > 100, "up to %d wait, and %d found no room", most,
       full);

    free(q);
}


/* a world in which much goes on, in a block that is there already */

static void
world_fill(review_queue_t *q)
{
    int          i, n;
    operation_t  op;

    memset(q, 0xa5, queue_size(ROOM));
    (void) review_queue_init(q, queue_size(ROOM));

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
        n = (i == dead || i == GRAVE) ? 0 : world.runs[i];
        expect(q->shares[ids[i]].in_flight == n);
    }

    for (i = 0, n = 0; i < q->top; i++) {
        w = &q->waiters[i];
        n += w->used;
        expect(!w->used || (w->process != ids[dead]
                            && w->process != ids[GRAVE]));
    }

    for (i = 0; i < REVIEWS; i++) {
        e = &world.entries[i];

        if (e->process == dead || e->process == GRAVE
            || e->waiting + e->granted == 0)
        {
            continue;
        }

        w = &q->waiters[e->index];
        n--;

        expect(w->used && w->owner == e && w->process == ids[e->process]
               && w->priority == e->priority);
        expect(w->calls.granted >= e->granted
               && w->calls.waiting + w->calls.granted
                  == e->waiting + e->granted);
    }

    expect(n == 0);

    (void) serve(q, &wake);
    expect(q->waiting == 0 || (q->limit && q->in_flight >= q->limit));
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
    review_queue_t      q;
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


int
main(void)
{
    /* a broken ring may have no end */

    (void) alarm(60);

    bad = 0;

    test_limit();
    test_behind();
    test_round_robin();
    test_shares();
    test_coming_and_going();
    test_backlog();
    test_quit();
    test_claim();
    test_room();
    test_reclaim();

    ok(bad == 0, "sound all the while: %d wrong", bad);

    test_quit_granted();
    test_random();
    test_stores();
    test_kill();

    return tap_end();
}
