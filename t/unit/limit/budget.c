
/*
 * Proves the window of a budget against what was really used: at any time it
 * counts all that was used within the last minute, hour or day, and nothing
 * that is older than that by more than a tenth; it is over exactly when it says
 * it will be, and no millisecond before.  So whoever is let in only while less
 * than the limit is used never has more of it in any window, but for the last
 * one who was let in.  A clock may be a little behind another process's, or
 * begin anew; a process may die between any two stores.
 */

#include "tap.h"
#include "review/limit/budget.h"


#define MINUTE  REVIEW_BUDGET_MINUTE
#define USES    100000


static review_budget_t  budget;


static void
start(void)
{
    memset(&budget, 0, sizeof(budget));
}


static uint32_t
chance(void)
{
    static uint32_t  seed = 1;

    seed = seed * 1103515245 + 12345;

    return seed >> 8;
}


/* what was used, when, and the sum up to there */

static struct {
    uint64_t  when;
    uint64_t  sum;
} uses[USES + 1];


static uint64_t
used_since(size_t n, uint64_t since)
{
    size_t  low, high, middle;

    for (low = 0, high = n; low < high; /* void */ ) {
        middle = (low + high) / 2;

        if (uses[middle].when < since) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return uses[n].sum - uses[low].sum;
}


/* used[i].sum is what was used before it */

static void
test_random(review_budget_window_e window, uint64_t now)
{
    size_t    i, lost, kept, late, early;
    uint64_t  length, limit, used, wait, tokens, from;

    start();

    length = review_budget_window(window);
    from = now;
    lost = kept = late = early = 0;
    uses[0].sum = 0;

    for (i = 0; i < USES; i++) {
        now += (chance() % 50 == 0) ? chance() % (length * 2)
                                    : chance() % (length / 40);
        tokens = chance() % 1000;

        review_budget_add(&budget, window, now, tokens);

        uses[i].when = now;
        uses[i + 1].sum = uses[i].sum + tokens;
        uses[i + 1].when = UINT64_MAX;

        used = review_budget_used(&budget, window, now);

        lost += used < used_since(i + 1, now < length ? 0 : now - length + 1);
        kept += used > used_since(i + 1, now < length * 11 / 10 ? 0
                                         : now - length * 11 / 10);

        limit = chance() % 20000 + 1;
        wait = review_budget_wait(&budget, window, now, limit);

        late += (wait == 0) != (used < limit) || wait > length * 11 / 10
                || review_budget_used(&budget, window, now + wait) >= limit;
        early += wait && review_budget_used(&budget, window, now + wait - 1)
                         < limit;
    }

    ok(lost == 0 && kept == 0,
       "any %s, from %llu: all that was used, and not for long",
       review_budget_name(window), (unsigned long long) from);
    ok(late == 0 && early == 0, "it is over when it says so");
}


static void
test_bound(void)
{
    size_t    n;
    uint64_t  now, sum, most;

    start();

    n = 0;
    most = 0;
    uses[0].sum = 0;

    for (now = 5; n < USES; now += chance() % 100) {

        if (review_budget_wait(&budget, MINUTE, now, 10000)) {
            continue;
        }

        review_budget_add(&budget, MINUTE, now, 10);

        uses[n].when = now;
        uses[n + 1].sum = uses[n].sum + 10;
        uses[n + 1].when = UINT64_MAX;
        n++;

        sum = used_since(n, now < 60000 ? 0 : now - 60000 + 1);
        most = sum > most ? sum : most;
    }

    ok(most == 10000, "no more than may be in any minute: %llu",
       (unsigned long long) most);
    ok(uses[USES].sum * 66000 / 10000 >= now - 70000,
       "and no less than ten elevenths of it");
}


static void
test_windows(void)
{
    start();

    review_budget_add(&budget, REVIEW_BUDGET_HOUR, 1000, 7);

    ok(review_budget_used(&budget, REVIEW_BUDGET_HOUR, 1000) == 7
       && review_budget_used(&budget, MINUTE, 1000) == 0
       && review_budget_used(&budget, REVIEW_BUDGET_DAY, 1000) == 0,
       "windows are apart");
    ok(!review_budget_idle(&budget, 1000 + 3600 * 1000)
       && review_budget_idle(&budget, 1000 + 3600 * 1100),
       "it may be forgotten when nothing counts any more");
}


static void
test_much(void)
{
    start();

    review_budget_add(&budget, MINUTE, 0, UINT64_MAX);
    review_budget_add(&budget, MINUTE, 0, UINT64_MAX);

    ok(review_budget_used(&budget, MINUTE, 0) == REVIEW_BUDGET_MAX
       && review_budget_wait(&budget, MINUTE, 0, REVIEW_BUDGET_MAX) == 66000,
       "what is too much for anybody is the most that may be");
}


static void
test_clocks(void)
{
    uint64_t  now;

    start();

    now = 1000 * 6000;
    review_budget_add(&budget, MINUTE, now, 5);
    review_budget_add(&budget, MINUTE, now - 1, 7);

    ok(review_budget_used(&budget, MINUTE, now - 1) == 12
       && review_budget_used(&budget, MINUTE, now) == 12
       && review_budget_wait(&budget, MINUTE, now - 1, 1) == 66001,
       "a clock that is behind another process's");

    review_budget_add(&budget, MINUTE, 100, 3);

    ok(review_budget_used(&budget, MINUTE, 100) == 3
       && review_budget_used(&budget, MINUTE, 66000) == 0,
       "one that begins anew begins a budget anew");

    start();
    review_budget_add(&budget, MINUTE, 0, 5);
    ok(review_budget_used(&budget, MINUTE, 60000) == 5
       && review_budget_used(&budget, MINUTE, 66000) == 0,
       "one that has only just begun");
}


/* it has emptied parts, but not yet said which time they are for */

static void
test_death(void)
{
    uint64_t         i, now;
    review_budget_t  before;

    start();

    for (now = 0; now < 120000; now += 1000) {
        review_budget_add(&budget, MINUTE, now, 1);
    }

    before = budget;

    now += 20000;
    review_budget_add(&budget, MINUTE, now, 0);

    budget.windows[MINUTE].newest = before.windows[MINUTE].newest;

    ok(review_budget_used(&budget, MINUTE, now)
       == review_budget_used(&before, MINUTE, now), "killed in the middle");

    for (i = 0; i < 2; i++) {
        review_budget_add(&budget, MINUTE, now, 1);
        review_budget_add(&before, MINUTE, now, 1);
    }

    ok(review_budget_used(&budget, MINUTE, now)
       == review_budget_used(&before, MINUTE, now), "others go on");
}


int
main(void)
{
    int  i;

    for (i = 0; i < REVIEW_BUDGET_WINDOWS; i++) {
        test_random(i, 0);
        test_random(i, 123456789012);
    }

    test_bound();
    test_windows();
    test_much();
    test_clocks();
    test_death();

    return tap_end();
}
