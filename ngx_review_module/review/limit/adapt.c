
#include "review/limit/adapt_mean.h"


/* the part of calls in flight that may wait; of few calls, nearly one may */

#define REVIEW_ADAPT_WAIT      0.05
#define REVIEW_ADAPT_WAIT_ONE  0.75

/* a probe lowers the limit to this part, once in so many windows */

#define REVIEW_ADAPT_PROBE     0.75
#define REVIEW_ADAPT_OFTEN     4
#define REVIEW_ADAPT_RARELY    32

/*
 * Of a change of load, calls get slower or faster by that part: the LLM is at
 * its best; doubling ends, as twice as much would be beyond; nothing is gained
 * by more load.
 */

#define REVIEW_ADAPT_KNEE      0.5
#define REVIEW_ADAPT_NEAR      0.35
#define REVIEW_ADAPT_FULL      0.75

/* how much of what latency was found to cost is granted */

#define REVIEW_ADAPT_GRANTED   0.75

/* overload is more than one failure, and one of so many calls */

#define REVIEW_ADAPT_FAILURES  16

/* between decreases for overload, while nobody knows how long calls take: ms */

#define REVIEW_ADAPT_PAUSE     1000

/* a window that is not full by then is begun anew: ms, and calls' times */

#define REVIEW_ADAPT_STALE     60000
#define REVIEW_ADAPT_STALE_BY  8

/* no call takes longer: a day, in ms */

#define REVIEW_ADAPT_LONGEST   86400000


static double
review_adapt_min(double a, double b)
{
    return a < b ? a : b;
}


static double
review_adapt_max(double a, double b)
{
    return a > b ? a : b;
}


static double
review_adapt_elapsed(uint64_t now, uint64_t then)
{
    return now > then ? (double) (now - then) : 0;
}


uint32_t
review_adapt_limit(const review_adapt_t *a)
{
    return (uint32_t) (a->limit + 0.5);
}


static void
review_adapt_clamp(review_adapt_t *a, double limit)
{
    limit = review_adapt_min(limit, a->max);
    a->limit = review_adapt_max(limit, a->min);
}


static void
review_adapt_restart(review_adapt_t *a, uint64_t start)
{
    memset(&a->window, 0, sizeof(a->window));
    a->window.start = start;
}


/*
 * Just after a change, calls end that ran under the former limit, and of those
 * that began since, the short ones: a window waits for as long as calls take.
 */

static void
review_adapt_set(review_adapt_t *a, uint64_t now, double limit)
{
    uint32_t  former;

    former = review_adapt_limit(a);

    review_adapt_clamp(a, limit);

    if (review_adapt_limit(a) != former) {
        a->changed = now;
        review_adapt_restart(a, now + (uint64_t) a->whole);
    }
}


void
review_adapt_bounds(review_adapt_t *a, uint32_t min, uint32_t max)
{
    a->min = min ? min : 1;
    a->max = max > a->min ? max : a->min;

    review_adapt_clamp(a, a->limit);
}


void
review_adapt_init(review_adapt_t *a, uint32_t min, uint32_t max)
{
    int     i;
    double  mean;

    memset(a, 0, sizeof(*a));

    review_adapt_bounds(a, min, max);

    /* the geometric mean, by Newton's method */

    mean = a->max;

    for (i = 0; i < 32; i++) {
        mean = (mean + (double) a->min * a->max / mean) / 2;
    }

    review_adapt_clamp(a, mean);

    a->every = REVIEW_ADAPT_OFTEN;
    a->next = REVIEW_ADAPT_OFTEN / 2;
}


/* a new baseline, put together with the former one where they agree */

static void
review_adapt_rebase(review_adapt_t *a, const review_adapt_point_t *p)
{
    if (a->base.load == 0
        || review_adapt_mean_differ(&a->base.whole, &p->whole)
        || review_adapt_mean_differ(&a->base.first, &p->first))
    {
        a->base = *p;
        return;
    }

    a->base.load = p->load;

    review_adapt_mean_merge(&a->base.whole, &p->whole, 0.5);
    review_adapt_mean_merge(&a->base.first, &p->first, 0.5);
}


/*
 * Between experiments, the baseline takes up what is measured under no more
 * load than it was itself, and what is better than it: slowly, as the best of
 * many is too good to be true, but not if calls have become much faster.
 */

static void
review_adapt_follow_mean(review_adapt_mean_t *base,
    const review_adapt_mean_t *m, int lower)
{
    if (lower || review_adapt_mean_less(m, base, REVIEW_ADAPT_ERRORS)) {
        review_adapt_mean_merge(base, m, m->value < base->value * 0.85 ? 1
                                : 0.25);
    }
}


static void
review_adapt_follow(review_adapt_t *a, const review_adapt_point_t *p)
{
    int  lower;

    if (a->base.load == 0) {
        a->base = *p;
        return;
    }

    lower = p->load <= a->base.load * 1.02;

    review_adapt_follow_mean(&a->base.whole, &p->whole, lower);
    review_adapt_follow_mean(&a->base.first, &p->first, lower);

    a->base.load = review_adapt_min(a->base.load, p->load);
}


/* what a change of load was found to cost in latency; by chance, it may gain */

static void
review_adapt_grant(review_adapt_t *a, double rise, double change)
{
    double  slope;

    slope = rise / review_adapt_max(change, 0.1);

    slope = review_adapt_min(slope, REVIEW_ADAPT_KNEE);
    slope = review_adapt_max(slope, -REVIEW_ADAPT_KNEE);

    a->slope = (a->slope + slope * REVIEW_ADAPT_GRANTED) / 2;
}


static int
review_adapt_known(const review_adapt_t *a, const review_adapt_point_t *p)
{
    return a->base.load > 0
           && !review_adapt_mean_differ(&a->base.whole, &p->whole);
}


static void
review_adapt_probe(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p)
{
    double  limit;

    limit = review_adapt_limit(a);

    a->probing = 1;
    a->before = *p;
    a->before.load = limit;

    limit = review_adapt_min(limit * REVIEW_ADAPT_PROBE, limit - 1);

    review_adapt_set(a, now, (uint32_t) limit);
}


static void
review_adapt_probed(review_adapt_t *a, uint32_t every)
{
    every = every > REVIEW_ADAPT_OFTEN ? every : REVIEW_ADAPT_OFTEN;

    a->every = every < REVIEW_ADAPT_RARELY ? every : REVIEW_ADAPT_RARELY;
    a->next = a->every;

    a->probing = 0;
    a->before.load = 0;
}


/* fewer calls, and no less time: the LLM is as fast as it is */

static void
review_adapt_in_vain(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p, double fall, double change)
{
    double    load;
    uint32_t  every;

    if (a->probing && fall < -0.2 && review_adapt_limit(a) > a->min
        && review_adapt_mean_risen(&a->before, p, REVIEW_ADAPT_ERRORS))
    {
        /* it has just become much slower, which tells nothing: once more */

        a->base = *p;
        review_adapt_probe(a, now, p);
        return;
    }

    load = a->before.load;
    every = 2 * (review_adapt_known(a, p) ? a->every : REVIEW_ADAPT_OFTEN);

    review_adapt_rebase(a, p);
    review_adapt_grant(a, fall, change);

    review_adapt_probed(a, every);
    review_adapt_set(a, now, review_adapt_max(load, a->limit));
}


/* fewer calls, less time: there were too many, and there still may be */

static void
review_adapt_relieved(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p, double fall, double change)
{
    double    load;
    uint32_t  every;

    load = a->before.load;
    every = a->every / 2;

    a->slope /= 2;
    a->ceiling = load;

    if (!review_adapt_known(a, p)) {
        every = 0;

        if (fall > change * REVIEW_ADAPT_FULL
            && review_adapt_limit(a) > a->min)
        {
            /* it has as much done as before */

            review_adapt_rebase(a, p);
            review_adapt_probe(a, now, p);
            return;
        }
    }

    review_adapt_rebase(a, p);
    review_adapt_probed(a, every);
    review_adapt_set(a, now, review_adapt_max(load * (1 - fall), a->limit));
}


/* the limit was lowered, to probe or because of latency: what came of it? */

static void
review_adapt_compare(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p)
{
    double  fall, change;

    change = 1 - p->load / a->before.load;
    fall = review_adapt_mean_rise(p, &a->before);

    if (fall < change * REVIEW_ADAPT_KNEE
        || !review_adapt_mean_risen(p, &a->before, REVIEW_ADAPT_ERRORS))
    {
        review_adapt_in_vain(a, now, p, fall, change);
        return;
    }

    if (a->probing) {
        review_adapt_relieved(a, now, p, fall, change);
        return;
    }

    a->before.load = 0;
    review_adapt_follow(a, p);
}


/* returns 0 when that is over */

static int
review_adapt_slow_start(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p)
{
    double  rise, change, near;

    if (a->before.load > 0) {
        change = 1 - a->before.load / p->load;
        rise = review_adapt_mean_rise(&a->before, p);
        near = review_adapt_max(change * REVIEW_ADAPT_NEAR,
                                REVIEW_ADAPT_WAIT_ONE / p->load);

        if (rise > near
            && review_adapt_mean_risen(&a->before, p, REVIEW_ADAPT_SURE))
        {
            a->ceiling = a->limit;
            a->before.load = 0;
            return 0;
        }

        review_adapt_grant(a, rise, change);
    }

    review_adapt_rebase(a, p);

    if (review_adapt_limit(a) < a->max) {
        a->before = *p;
        review_adapt_set(a, now, a->limit * 2);
        return 1;
    }

    /* there has been no less to compare with, if it began there */

    a->ceiling = a->limit;
    a->before.load = 0;
    a->next = 1;

    return 0;
}


/* towards where it was too much, and step by step larger beyond that */

static double
review_adapt_step(const review_adapt_t *a)
{
    double  step, least;

    step = a->limit < a->ceiling
           ? review_adapt_min((a->ceiling - a->limit) / 4, a->limit)
           : review_adapt_min(a->limit - a->ceiling, a->limit / 4);

    least = review_adapt_max(review_adapt_min(a->limit / 32, 1),
                             a->limit / 64);

    return review_adapt_max(step, least);
}


/* the part of calls in flight that may wait */

static double
review_adapt_bearable(double load)
{
    return review_adapt_max(REVIEW_ADAPT_WAIT, REVIEW_ADAPT_WAIT_ONE / load);
}


/* do calls take too long?  If not, the limit grows if it is used */

static void
review_adapt_judge(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p, int used)
{
    double  rise, bear;

    rise = review_adapt_mean_rise(&a->base, p);
    bear = review_adapt_bearable(p->load);

    if (a->slope > 0 && p->load > a->base.load) {
        rise -= a->slope * (1 - a->base.load / p->load);
    }

    if (rise < bear
        || !review_adapt_mean_risen(&a->base, p, REVIEW_ADAPT_ERRORS))
    {
        a->before.load = 0;

        if (used) {
            review_adapt_set(a, now, a->limit + review_adapt_step(a));
        }

        return;
    }

    if (used && rise < 0.3 && p->load > 1.6 * a->base.load
        && review_adapt_limit(a) > a->min)
    {
        /* the baseline is that of a much lower load */

        review_adapt_probe(a, now, p);
        return;
    }

    if (a->ceiling == 0 || (rise > 2 * bear && a->before.load == 0)) {
        a->before = *p;
        a->ceiling = a->limit;
    }

    review_adapt_set(a, now, review_adapt_max(p->load * (1 - rise + bear),
                                              a->limit / 2));
}


static void
review_adapt_stop(review_adapt_t *a, uint64_t now)
{
    if (a->probing) {
        review_adapt_set(a, now, a->before.load);
        review_adapt_probed(a, a->every);
    }

    a->before.load = 0;
}


/* as the limit is not used, it need not grow, but may still be too high */

static void
review_adapt_unused(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p)
{
    review_adapt_stop(a, now);
    review_adapt_follow(a, p);

    if (p->load > a->base.load * 1.02) {
        review_adapt_judge(a, now, p, 0);
    }
}


static void
review_adapt_used(review_adapt_t *a, uint64_t now,
    const review_adapt_point_t *p)
{
    if (a->ceiling == 0 && review_adapt_slow_start(a, now, p)) {
        return;
    }

    if (a->before.load > 0
        && (a->probing || p->load < 0.8 * a->before.load))
    {
        review_adapt_compare(a, now, p);
        return;
    }

    if (a->base.load == 0) {

        /* refusals are all that is known so far */

        a->next = 1;
    }

    review_adapt_follow(a, p);

    if (a->next > 0) {
        a->next--;
    }

    if (a->next == 0 && review_adapt_limit(a) > a->min) {
        review_adapt_probe(a, now, p);
        return;
    }

    review_adapt_judge(a, now, p, 1);
}


static void
review_adapt_full(review_adapt_t *a, uint64_t now)
{
    int                     first, used;
    review_adapt_point_t    p;
    review_adapt_window_t  *w;

    w = &a->window;

    memset(&p, 0, sizeof(p));

    p.load = w->load / w->whole.n;
    review_adapt_mean(&p.whole, &w->whole);

    if (w->first.n > w->whole.n / 2) {
        review_adapt_mean(&p.first, &w->first);
    }

    used = w->used > w->whole.n / 2;
    first = (a->whole == 0);

    a->whole = p.whole.value;
    a->cuts = 0;

    review_adapt_restart(a, now);

    if (first) {

        /* it has shown how long calls take, as short ones ended first */

        return;
    }

    if (used) {
        review_adapt_used(a, now, &p);

    } else {
        review_adapt_unused(a, now, &p);
    }
}


/* enough calls for the mean to be certain, or simply enough */

static int
review_adapt_is_full(const review_adapt_t *a)
{
    double                     mean, var, error;
    const review_adapt_sum_t  *s;

    s = &a->window.whole;

    if (s->n < a->limit) {
        return 0;
    }

    if (a->whole == 0 || s->n >= review_adapt_max(4 * a->limit, 8)) {
        return 1;
    }

    error = 0.15;

    if (a->ceiling > 0) {
        error = review_adapt_min(0.8 * review_adapt_bearable(a->limit), 0.1);
    }

    mean = s->sum / s->n;
    var = s->square / s->n - mean * mean;

    return s->n >= 4 && var < mean * mean * error * error * s->n;
}


/*
 * Refusals cost nothing: the limit falls a bit, and more if that is not enough.
 * Calls that take their time and fail are lost work: it falls by up to a half,
 * the more the more of them fail, or to a quarter if none has ended well yet.
 */

static double
review_adapt_factor(const review_adapt_t *a, double took)
{
    double                        part;
    const review_adapt_window_t  *w;

    w = &a->window;

    if (took < a->whole / 2) {
        return a->cuts == 0 ? 0.9 : a->cuts == 1 ? 0.75 : 0.5;
    }

    part = (double) w->bad / (w->bad + w->whole.n - w->good);
    part *= a->whole > 0 ? 0.5 : 0.75;

    return review_adapt_min(1 - part, 0.9);
}


static void
review_adapt_overload(review_adapt_t *a, uint64_t now, uint64_t began)
{
    double                  pause, calls, factor;
    review_adapt_window_t  *w;

    w = &a->window;

    pause = a->whole > 0 ? a->whole : REVIEW_ADAPT_PAUSE;

    if (began <= a->cut || review_adapt_elapsed(now, a->cut) < pause) {

        /* the limit was lowered because of these already */

        return;
    }

    if (w->bad == 0) {
        w->good = w->whole.n;
    }

    w->bad++;

    calls = review_adapt_max(w->whole.n, a->limit);

    if (w->bad < 2 || w->bad * REVIEW_ADAPT_FAILURES < calls) {
        return;
    }

    factor = review_adapt_factor(a, review_adapt_elapsed(now, began));

    if (a->cuts == 0) {
        a->ceiling = a->limit;
    }

    a->cuts++;
    a->cut = now;

    a->probing = 0;
    a->before.load = 0;

    review_adapt_restart(a, now);
    review_adapt_set(a, now, a->limit * factor);
}


void
review_adapt_sample(review_adapt_t *a, uint64_t now, uint64_t began,
    uint32_t in_flight, review_adapt_e outcome, uint32_t first,
    uint32_t waiting)
{
    double                  took, stale;
    review_adapt_window_t  *w;

    w = &a->window;

    took = review_adapt_min(review_adapt_elapsed(now, began),
                            REVIEW_ADAPT_LONGEST);
    stale = REVIEW_ADAPT_STALE
            + REVIEW_ADAPT_STALE_BY * review_adapt_max(a->whole, took);

    if (review_adapt_elapsed(now, w->start) > stale
        || review_adapt_elapsed(w->start, now) > stale)
    {
        review_adapt_stop(a, now);
        review_adapt_restart(a, now);

        if (a->changed > now || a->cut > now) {
            a->changed = now;
            a->cut = now;
        }
    }

    if (outcome == REVIEW_ADAPT_OVERLOAD) {

        /* it is not the limit's fault if so little of it is used */

        if (waiting || in_flight * 2.0 > a->limit) {
            review_adapt_overload(a, now, began);
        }

        return;
    }

    if (outcome != REVIEW_ADAPT_OK || now < w->start) {
        return;
    }

    if (w->whole.n == 0 && began < a->changed) {

        /* calls take longer now: none that began since then has ended */

        return;
    }

    review_adapt_mean_add(&w->whole, took);

    if (first) {
        review_adapt_mean_add(&w->first, first);
    }

    w->load += in_flight ? in_flight : 1;
    w->used += waiting || in_flight + in_flight / 8 >= review_adapt_limit(a);

    if (review_adapt_is_full(a)) {
        review_adapt_full(a, now);
    }
}
