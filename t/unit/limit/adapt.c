
/*
 * Proves that the adaptive limit finds out what an LLM bears: a simulation of
 * LLMs that collapse, queue or refuse beyond their capacity, with more calls
 * waiting than any of them bears.  What the limit gets done in a second, once
 * it has had some tens of calls' times to find its way, is held against what
 * the best of all fixed limits gets done.  The figure at the end of a test's
 * name is that ratio: the mean of some runs, and the worst one.
 *
 * Time is simulated, and chance is seeded: each run of the test is the same.
 */

#include "tap.h"
#include "review/limit/adapt.h"


#define CALLERS   300
#define MAX       256
#define RUNS      4

/* in times that a call takes: what is left out, and what is measured */

#define WARM_UP   40
#define MEASURED  160

#define NEVER     1e18


typedef struct {
    const char  *name;
    double       capacity;
    double       time;             /* of a call, while there is capacity: ms */
    int          power;            /* that the overload is raised to */
    double       slope;            /* slower at capacity than alone, by this */
    double       timeout;          /* in such times */
    int          spread;           /* lengths of answers: 0 +-30%, 1 any */
    unsigned     refuses:1;        /* what is beyond its capacity */
    unsigned     at_start:1;       /* a call's speed is settled at its start */
    unsigned     streamed:1;
} llm_t;


typedef struct {
    double       began;
    double       end;              /* NEVER: when its work is done */
    double       work;             /* on the LLM's own clock, see "clock" */
    int          refused;
} call_t;


typedef struct {
    llm_t        llm;
    int          callers;
    double       failing;          /* of all calls, whatever the load */

    double       now;
    double       clock;            /* goes by the speed that calls have */
    int          n;
    call_t       calls[CALLERS];

    double       area;             /* of calls in flight, over time */
    uint32_t     good;
} sim_t;


static sim_t     sim;
static uint64_t  seed;


/* between 0 and 1: xorshift */

static double
chance(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (double) (seed >> 11) / (double) (1ull << 53);
}


static void
seed_chance(int run)
{
    int  i;

    seed = 7919 * (uint64_t) (run + 1);

    for (i = 0; i < 20; i++) {
        (void) chance();
    }
}


/* how many times slower a call is with n in flight */

static double
slower(const llm_t *llm, double n)
{
    int     i;
    double  over, times;

    over = n / llm->capacity;
    times = 1 + llm->slope * (over < 1 ? over : 1);

    if (over > 1) {
        for (i = 0; i < llm->power; i++) {
            times *= over;
        }
    }

    return times;
}


/* lengths of answers; "any" has the mean 1 and a standard deviation of 0.58 */

static double
length(const llm_t *llm)
{
    return llm->spread ? chance() * 2 : 0.7 + 0.6 * chance();
}


static void
start_call(void)
{
    int      i, running;
    call_t  *c;

    c = &sim.calls[sim.n++];

    c->began = sim.now;
    c->end = NEVER;
    c->refused = 0;
    c->work = sim.clock + sim.llm.time * length(&sim.llm);

    running = 0;

    for (i = 0; i < sim.n - 1; i++) {
        running += !sim.calls[i].refused;
    }

    if ((sim.llm.refuses && running >= sim.llm.capacity)
        || (sim.failing > 0 && chance() < sim.failing))
    {
        c->refused = 1;
        c->end = sim.now + 10;

    } else if (sim.llm.at_start) {
        c->end = sim.now + (c->work - sim.clock) * slower(&sim.llm, sim.n);
    }
}


/* the call that ends next, and when */

static int
next_end(double *when)
{
    int      i, next;
    double   end, times, timeout;
    call_t  *c;

    next = -1;
    *when = NEVER;
    times = slower(&sim.llm, sim.n);

    for (i = 0; i < sim.n; i++) {
        c = &sim.calls[i];

        end = c->end < NEVER ? c->end
                             : sim.now + (c->work - sim.clock) * times;
        timeout = c->began + sim.llm.timeout * sim.llm.time;
        end = end < timeout ? end : timeout;

        if (end < *when) {
            *when = end;
            next = i;
        }
    }

    return next;
}


static void
pass_time(double until)
{
    sim.area += (until - sim.now) * sim.n;
    sim.clock += (until - sim.now) / slower(&sim.llm, sim.n);
    sim.now = until;
}


static void
end_call(review_adapt_t *a, int i)
{
    int             in_flight;
    call_t          c;
    double          took;
    uint32_t        first, waiting;
    review_adapt_e  outcome;

    c = sim.calls[i];
    in_flight = sim.n;
    sim.calls[i] = sim.calls[--sim.n];

    took = sim.now - c.began;
    outcome = REVIEW_ADAPT_OK;

    if (c.refused || took >= sim.llm.timeout * sim.llm.time - 0.001) {
        outcome = REVIEW_ADAPT_OVERLOAD;

    } else {
        sim.good++;
    }

    if (a) {
        first = (uint32_t) (sim.llm.streamed ? took / 20 : took);
        waiting = (uint32_t) (sim.callers - in_flight);

        review_adapt_sample(a, (uint64_t) sim.now, (uint64_t) c.began,
                            (uint32_t) in_flight, outcome, first, waiting);
    }
}


/* runs for so many times of a call; returns the good calls in a second */

static double
run(review_adapt_t *a, int limit, double times)
{
    int     next;
    double  start, until, when;

    start = sim.now;
    until = sim.now + times * sim.llm.time;

    sim.area = 0;
    sim.good = 0;

    for ( ;; ) {
        if (a) {
            limit = (int) review_adapt_limit(a);
        }

        while (sim.n < limit && sim.n < sim.callers) {
            start_call();
        }

        next = next_end(&when);

        if (when >= until) {
            break;
        }

        pass_time(when);
        end_call(a, next);
    }

    pass_time(until);

    return sim.good * 1000 / (until - start);
}


static void
reset(const llm_t *llm, int run)
{
    memset(&sim, 0, sizeof(sim));

    sim.llm = *llm;
    sim.callers = CALLERS;
    sim.now = 1e9;

    seed_chance(run);
}


static double
best_fixed(const llm_t *llm)
{
    int     limit, from;
    double  got, best;

    best = 0;
    from = (int) (llm->capacity * 7 / 8);

    for (limit = from; limit <= llm->capacity * 5 / 4; limit++) {
        reset(llm, 0);

        (void) run(NULL, limit, 10);
        got = run(NULL, limit, 60);

        best = got > best ? got : best;
    }

    return best;
}


typedef struct {
    double       mean;
    double       worst;
    double       in_flight;        /* the most of the runs' means */
} result_t;


static void
measure(result_t *r, review_adapt_t *a, double best)
{
    double  got, in_flight;

    (void) run(a, 0, WARM_UP);
    got = run(a, 0, MEASURED) / best;

    in_flight = sim.area / (MEASURED * sim.llm.time);

    r->mean += got / RUNS;
    r->worst = got < r->worst ? got : r->worst;
    r->in_flight = in_flight > r->in_flight ? in_flight : r->in_flight;
}


/* from a limit of 1, of 256, and where it starts by itself */

static void
test_llm(const llm_t *llm, double mean, double worst, double in_flight)
{
    int                       i, j;
    double                    best;
    result_t                  r;
    review_adapt_t            a;
    static const uint32_t     limits[] = { 1, MAX, 0 };
    static const char *const  names[] = { "from 1", "from 256", "from 16" };

    best = best_fixed(llm);

    for (i = 0; i < 3; i++) {
        r = (result_t) { 0, 10, 0 };

        for (j = 0; j < RUNS; j++) {
            reset(llm, j);
            review_adapt_init(&a, 1, MAX);

            if (limits[i]) {
                a.limit = limits[i];
            }

            measure(&r, &a, best);
        }

        ok(r.mean >= mean && r.worst >= worst
           && r.in_flight <= llm->capacity * in_flight,
           "%s, %s: %.3f (worst %.3f, %.0f in flight)", llm->name, names[i],
           r.mean, r.worst, r.in_flight);
    }
}


/* capacity, or the time that calls take, changes and changes back */

static void
test_change(const llm_t *llm, double capacity, double time)
{
    int             i, j;
    double          best[2];
    llm_t           llms[2];
    result_t        r[3];
    review_adapt_t  a;

    llms[0] = *llm;
    llms[1] = *llm;
    llms[1].capacity *= capacity;
    llms[1].time *= time;
    llms[1].timeout /= time;

    best[0] = best_fixed(&llms[0]);
    best[1] = best_fixed(&llms[1]);

    for (i = 0; i < 3; i++) {
        r[i] = (result_t) { 0, 10, 0 };
    }

    for (j = 0; j < RUNS; j++) {
        reset(llm, j);
        review_adapt_init(&a, 1, MAX);

        for (i = 0; i < 3; i++) {
            sim.llm = llms[i % 2];
            measure(&r[i], &a, best[i % 2]);
        }
    }

    ok(r[0].mean >= 0.9 && r[1].mean >= 0.9 && r[2].mean >= 0.9
       && r[0].worst >= 0.8 && r[1].worst >= 0.8 && r[2].worst >= 0.8,
       "%s: before %.3f (%.3f), then %.3f (%.3f), and back %.3f (%.3f)",
       llm->name, r[0].mean, r[0].worst, r[1].mean, r[1].worst, r[2].mean,
       r[2].worst);
}


static void
test_llms(void)
{
    llm_t        llm;
    const llm_t  square = { "collapse", 32, 1000, 2, 0, 10, 0, 0, 0, 0 };

    test_llm(&square, 0.9, 0.85, 1.25);

    llm = square;
    llm.name = "collapse, settled at a call's start";
    llm.at_start = 1;
    test_llm(&llm, 0.9, 0.85, 1.25);

    llm = square;
    llm.name = "collapse, streamed";
    llm.streamed = 1;
    test_llm(&llm, 0.9, 0.85, 1.25);

    llm = square;
    llm.name = "steeper collapse";
    llm.power = 3;
    test_llm(&llm, 0.87, 0.8, 1.25);

    llm = square;
    llm.name = "collapse, 50 ms";
    llm.time = 50;
    test_llm(&llm, 0.9, 0.85, 1.25);

    llm = square;
    llm.name = "collapse, 20 s";
    llm.time = 20000;
    test_llm(&llm, 0.9, 0.85, 1.25);

    llm = square;
    llm.name = "collapse, slower with load before";
    llm.slope = 0.25;
    test_llm(&llm, 0.87, 0.7, 1.25);

    llm = square;
    llm.name = "collapse, answers of any length";
    llm.spread = 1;
    test_llm(&llm, 0.8, 0.5, 1.25);

    llm = square;
    llm.name = "refusals";
    llm.refuses = 1;
    llm.power = 0;
    test_llm(&llm, 0.9, 0.85, 1.25);

    llm = square;
    llm.name = "shared";
    llm.power = 1;
    test_llm(&llm, 0.9, 0.9, 2.5);
}


static void
test_changes(void)
{
    llm_t        llm;
    const llm_t  square = { "half of capacity", 32, 1000, 2, 0, 10, 0, 0, 0,
                            0 };

    test_change(&square, 0.5, 1);

    llm = square;
    llm.name = "half of capacity, refusals";
    llm.refuses = 1;
    llm.power = 0;
    test_change(&llm, 0.5, 1);

    llm = square;
    llm.name = "half of capacity, shared";
    llm.power = 1;
    test_change(&llm, 0.5, 1);

    llm = square;
    llm.name = "as many calls, twice as slow";
    test_change(&llm, 1, 2);

    llm = square;
    llm.name = "half as many, twice as slow";
    test_change(&llm, 0.5, 2);
}


static const llm_t  plain = { "", 32, 1000, 2, 0, 10, 0, 0, 0, 0 };


static void
test_low_load(void)
{
    double          limit, got;
    review_adapt_t  a;

    reset(&plain, 0);
    review_adapt_init(&a, 1, MAX);

    sim.callers = 5;
    (void) run(&a, 0, 400);
    ok(a.limit == 16, "low load: the limit does not grow, %.1f", a.limit);

    sim.callers = CALLERS;
    (void) run(&a, 0, WARM_UP);
    got = run(&a, 0, MEASURED) / best_fixed(&plain);
    ok(got >= 0.9, "then full load: %.3f", got);

    reset(&plain, 0);
    (void) run(&a, 0, 100);
    limit = a.limit;

    sim.callers = 5;
    (void) run(&a, 0, 400);
    ok(a.limit >= limit * 0.75 && a.limit <= limit * 1.34,
       "then low load: what was learned stays, %.1f, %.1f", limit, a.limit);

    limit = a.limit;

    sim.failing = 0.05;
    (void) run(&a, 0, 2000);
    ok(a.limit >= limit * 0.75, "five of a hundred calls fail: %.1f", a.limit);
}


/* more callers than the LLM bears, and fewer than the limit lets through */

static void
test_half_used(void)
{
    double          got;
    review_adapt_t  a;

    reset(&plain, 0);
    review_adapt_init(&a, 1, MAX);
    (void) run(&a, 0, 20);

    a.limit = 128;
    sim.callers = 48;
    (void) run(&a, 0, WARM_UP);
    got = run(&a, 0, MEASURED) / best_fixed(&plain);
    ok(got >= 0.85, "a limit that is not used, but is too high: %.3f", got);
}


/* callers come and go, all at once */

static void
test_bursts(int seconds)
{
    int             i, j;
    double          got[2];
    review_adapt_t  a;

    for (i = 0; i < 2; i++) {
        reset(&plain, 0);
        review_adapt_init(&a, 1, MAX);
        got[i] = 0;

        for (j = 0; j < 400; j += 2 * seconds) {
            sim.callers = CALLERS;
            got[i] += run(i ? &a : NULL, 32, seconds);
            sim.callers = 1;
            got[i] += run(i ? &a : NULL, 32, seconds);
        }
    }

    ok(got[1] >= got[0] * 0.8, "bursts of %d s: %.3f", seconds,
       got[1] / got[0]);
}


/* calls that end one after another */

static void
sample_first(review_adapt_t *a, uint64_t *now, int n, uint32_t took,
    uint32_t first, review_adapt_e outcome)
{
    while (n--) {
        *now += 10;
        review_adapt_sample(a, *now, *now - took, review_adapt_limit(a),
                            outcome, first, 100);
    }
}


static void
sample(review_adapt_t *a, uint64_t *now, int n, uint32_t took,
    review_adapt_e outcome)
{
    sample_first(a, now, n, took, took, outcome);
}


/* all get slower: is that load, or are answers longer? */

static void
test_first(void)
{
    int             i;
    uint64_t        now;
    uint32_t        least[3];
    review_adapt_t  a;
    static const struct {
        uint32_t    before;
        uint32_t    then;
    } firsts[] = { { 50, 50 }, { 50, 100 }, { 0, 0 } };

    for (i = 0; i < 3; i++) {
        now = 1000000;
        review_adapt_init(&a, 1, 64);
        a.limit = 40;
        a.ceiling = 64;

        /* with the probes that come first */

        while (now < 1050000 || a.probing) {
            sample_first(&a, &now, 1, 1000, firsts[i].before,
                         REVIEW_ADAPT_OK);
        }

        a.next = 1000;
        least[i] = 64;

        while (now < 1100000) {
            sample_first(&a, &now, 1, 2000, firsts[i].then, REVIEW_ADAPT_OK);

            if (review_adapt_limit(&a) < least[i]) {
                least[i] = review_adapt_limit(&a);
            }
        }
    }

    ok(least[0] == 64, "longer answers are no overload: %u", least[0]);
    ok(least[1] < 56, "tokens that begin later are: %u", least[1]);
    ok(least[2] < 56, "as is what takes longer, if that is all: %u", least[2]);
}


static void
test_bounds(void)
{
    uint64_t        now;
    review_adapt_t  a;

    review_adapt_init(&a, 4, 64);
    ok(review_adapt_limit(&a) == 16, "the start is in the middle");

    review_adapt_init(&a, 0, 0);
    ok(review_adapt_limit(&a) == 1, "there is at least one call");

    review_adapt_init(&a, 8, 4);
    ok(review_adapt_limit(&a) == 8, "a maximum is no less than the minimum");

    now = 1000000;
    review_adapt_init(&a, 8, 8);
    sample(&a, &now, 1000, 100, REVIEW_ADAPT_OK);
    sample(&a, &now, 1000, 900, REVIEW_ADAPT_OK);
    sample(&a, &now, 1000, 900, REVIEW_ADAPT_OVERLOAD);
    ok(review_adapt_limit(&a) == 8, "bounds that are the same");

    review_adapt_init(&a, 1, 256);
    a.limit = 40;
    review_adapt_bounds(&a, 1, 100);
    ok(review_adapt_limit(&a) == 40, "other bounds: the limit stays");

    review_adapt_bounds(&a, 1, 30);
    ok(review_adapt_limit(&a) == 30, "or comes down");

    review_adapt_bounds(&a, 50, 60);
    ok(review_adapt_limit(&a) == 50, "or goes up");
}


static void
test_overload(void)
{
    int             i;
    uint64_t        now;
    uint32_t        limit;
    review_adapt_t  a;

    now = 1000000;
    review_adapt_init(&a, 1, 256);
    a.limit = 64;

    for (i = 0; i < 64; i++) {
        review_adapt_sample(&a, now + i % 3, now - 10000, 64,
                            REVIEW_ADAPT_OVERLOAD, 0, 100);
    }

    limit = review_adapt_limit(&a);
    ok(limit >= 16 && limit <= 32, "64 calls time out together: one decrease");

    now += 5000;

    for (i = 0; i < 64; i++) {
        review_adapt_sample(&a, now, now - 6000, 64, REVIEW_ADAPT_OVERLOAD, 0,
                            100);
    }

    ok(review_adapt_limit(&a) == limit, "those begun before it do not count");

    for (i = 0; i < 64; i++) {
        review_adapt_sample(&a, now, now - 1000, limit, REVIEW_ADAPT_OVERLOAD,
                            0, 100);
    }

    ok(review_adapt_limit(&a) < limit, "later ones do");

    for (i = 0; i < 1000; i++) {
        now += 1000;
        sample(&a, &now, 20, 5, REVIEW_ADAPT_OVERLOAD);
    }

    ok(review_adapt_limit(&a) == 1, "overload for ever: the minimum");

    for (i = 0; i < 1000; i++) {
        sample(&a, &now, 20, 5, REVIEW_ADAPT_OTHER);
    }

    ok(review_adapt_limit(&a) == 1, "what says nothing changes nothing");
}


/* the calls stop during a probe, and begin again much later, or never at all */

static void
test_idle(void)
{
    int             i;
    uint32_t        limit;
    uint64_t        now;
    review_adapt_t  a;

    now = 1000000;
    review_adapt_init(&a, 1, 16);

    for (i = 0; i < 10000 && !a.probing; i++) {
        sample(&a, &now, 1, 100, REVIEW_ADAPT_OK);
    }

    limit = review_adapt_limit(&a);
    ok(a.probing && limit == 12, "a probe takes a quarter away: %u", limit);

    now += 3600000;
    review_adapt_sample(&a, now, now - 100, 1, REVIEW_ADAPT_OK, 100, 0);
    ok(!a.probing && review_adapt_limit(&a) == 16, "it ends with the load");

    now -= 7200000;
    sample(&a, &now, 100, 100, REVIEW_ADAPT_OVERLOAD);
    ok(review_adapt_limit(&a) < 12, "a clock set back");
    sample(&a, &now, 10000, 100, REVIEW_ADAPT_OK);
    ok(review_adapt_limit(&a) >= 12, "it goes on from there");

    review_adapt_sample(&a, 5, 900, 0, REVIEW_ADAPT_OK, 0, 0);
    review_adapt_sample(&a, 5, 900, 0, REVIEW_ADAPT_OVERLOAD, 0, 0);
    ok(review_adapt_limit(&a) >= 12, "nonsense");
}


/* whatever is told, the limit keeps within its bounds */

static void
test_random(void)
{
    int             i, bad;
    uint32_t        limit, took;
    uint64_t        now;
    review_adapt_t  a;

    seed_chance(0);

    bad = 0;
    now = 1000000;
    review_adapt_init(&a, 2, 50);

    for (i = 0; i < 300000; i++) {
        now += (uint64_t) (chance() * 20);
        took = (uint32_t) (chance() * (i % 5000));

        if (chance() < 0.0001) {
            now = chance() < 0.5 ? 0 : (uint64_t) (chance() * 1.8e19);
        }

        review_adapt_sample(&a, now, chance() < 0.01 ? 0 : now - took,
                            (uint32_t) (chance() * 60),
                            (review_adapt_e) (chance() * chance() * 3),
                            chance() < 0.5 ? 0 : took / 2,
                            (uint32_t) (chance() * 3));

        limit = review_adapt_limit(&a);
        bad += !(limit >= 2 && limit <= 50 && a.limit >= 2 && a.limit <= 50);
    }

    ok(bad == 0, "samples at random: %d wrong", bad);
}


int
main(void)
{
    test_llms();
    test_changes();
    test_low_load();
    test_half_used();
    test_bursts(1);
    test_bursts(5);
    test_bursts(25);
    test_bounds();
    test_first();
    test_overload();
    test_idle();
    test_random();

    return tap_end();
}
