
/*
 * Proves what is known of the last minute's answers: the fastest tenth is never
 * told longer than it is, nor shorter by more than an eighth, for times from a
 * millisecond to hours; nothing is told of fewer than twenty; the mean is
 * exact; both follow the minute and forget what is older, at once after a
 * pause, and where the clock steps, but not for a process whose time is a bit
 * behind that of others; sums that a process has left half done mend; and a
 * server is the only one that is silent where others have answered lately, and
 * it has not: no more than that, however many there are.
 */

#include "tap.h"
#include "review/limit/recent.h"


static uint64_t         now;
static review_recent_t  recent;


static void
start(void)
{
    now = 1000000000;
    memset(&recent, 0, sizeof(recent));
}


static void
add(int n, uint64_t took)
{
    while (n--) {
        review_recent_add(&recent, now, took);
    }
}


static void
test_few(void)
{
    start();

    ok(review_recent_fastest(&recent, now) == 0
       && review_recent_mean(&recent, now) == 0, "nothing is known at first");

    add(19, 1000);
    ok(review_recent_fastest(&recent, now) == 0, "nor of nineteen");
    ok(review_recent_mean(&recent, now) == 1000, "but the mean is");

    add(1, 1000);
    ok(review_recent_fastest(&recent, now) == 960, "of twenty it is: %u",
       review_recent_fastest(&recent, now));
}


static void
test_tenth(void)
{
    int  i;

    start();

    for (i = 1; i <= 100; i++) {
        add(1, (uint64_t) i * 100);
    }

    ok(review_recent_fastest(&recent, now) == 960,
       "a tenth of a hundred, 1000 ms: %u",
       review_recent_fastest(&recent, now));
    ok(review_recent_mean(&recent, now) == 5050, "their mean");

    start();
    add(2, 10);
    add(19, 5000);

    ok(review_recent_fastest(&recent, now) == 4608,
       "two of 21 are less than a tenth: %u",
       review_recent_fastest(&recent, now));

    start();
    add(3, 10);
    add(19, 5000);

    ok(review_recent_fastest(&recent, now) == 10, "three of 22 are not");
}


static void
test_durations(void)
{
    int       bad;
    uint32_t  told, before;
    uint64_t  took;

    bad = 0;
    before = 0;

    for (took = 0; took < 30000000; took += took / 50 + 1) {
        start();
        add(20, took);

        told = review_recent_fastest(&recent, now);
        bad += told > took || told < took - took / 8 || told < before;
        before = told;
    }

    ok(bad == 0, "from nothing to eight hours: %d wrong", bad);

    start();
    add(20, UINT64_MAX / 40);
    ok(review_recent_fastest(&recent, now) > 30000000, "and for ever");
}


static void
test_minute(void)
{
    int  i;

    start();
    add(100, 8000);

    for (i = 0; i < 50; i++) {
        now += 1000;
        add(1, 400);
    }

    ok(review_recent_fastest(&recent, now) == 384,
       "an LLM that became faster: %u", review_recent_fastest(&recent, now));

    now += 15000;
    ok(review_recent_mean(&recent, now) == 400,
       "what is older than a minute is forgotten: %u",
       review_recent_mean(&recent, now));

    now += 59000;
    ok(review_recent_fastest(&recent, now) == 0,
       "and with it that there were enough");

    now += 3600000;
    ok(review_recent_fastest(&recent, now) == 0
       && review_recent_mean(&recent, now) == 820000 / 150,
       "of the last minute with answers the mean is kept");

    add(1, 100);
    ok(review_recent_mean(&recent, now) == 100, "until there is one");

    start();
    add(20, 4000);
    now += 54000;
    ok(review_recent_fastest(&recent, now) == 3840, "a minute is kept");
    now += 6000;
    ok(review_recent_fastest(&recent, now) == 0, "and no more");
}


static void
test_slower(void)
{
    start();
    add(20, 100);
    ok(review_recent_fastest(&recent, now) == 96, "it is fast");

    add(500, 9000);
    now += 100;
    ok(review_recent_fastest(&recent, now) == 8192,
       "and slow, at once: %u", review_recent_fastest(&recent, now));
}


static void
test_faster(void)
{
    start();
    add(20, 900);
    ok(review_recent_fastest(&recent, now) == 896, "it is slow");

    add(20, 5);
    ok(review_recent_fastest(&recent, now) == 5, "and fast, that very moment");
}


static void
test_clock(void)
{
    start();
    add(30, 1000);
    now -= 20000;

    ok(review_recent_fastest(&recent, now) == 0, "set back: all is forgotten");
    add(30, 2000);
    ok(review_recent_fastest(&recent, now) == 1920, "and begins anew");

    now = 0;
    ok(review_recent_fastest(&recent, now) == 0, "at the clock's begin");
    add(30, 500);
    ok(review_recent_fastest(&recent, now) == 480, "it works, too");
}


/* a process looks at the clock once in a turn of its loop: it lags behind */

static void
test_behind(void)
{
    start();
    add(30, 1000);

    now += REVIEW_RECENT_PART;
    add(1, 1000);
    now--;

    ok(review_recent_fastest(&recent, now) == 960,
       "a process that is a millisecond behind forgets nothing");

    add(1, 1000);
    ok(recent.all.n == 32 && review_recent_mean(&recent, now) == 1000,
       "and adds to what is there");

    now++;
    ok(review_recent_fastest(&recent, now) == 960 && recent.all.n == 32,
       "nor does the next one");
}


/* the sums of a process that was killed in the midst of them */

static void
test_torn(void)
{
    start();
    add(30, 1000);

    recent.all.n += 5;
    recent.all.sum += 100000;
    (void) review_recent_fastest(&recent, now + 200);

    now += REVIEW_RECENT_PART;
    ok(review_recent_mean(&recent, now) == 1000
       && review_recent_fastest(&recent, now) == 960, "torn sums mend");

    recent.all.n = 4000000000u;
    ok(review_recent_fastest(&recent, now + 500) > 0, "and lead nowhere");
}


/* servers answer, one a millisecond */

static void
answer(uint32_t from, uint32_t to)
{
    for ( /* void */ ; from <= to; from++) {
        review_recent_answered(&recent, now++, from);
    }
}


static int
alone(uint32_t peer)
{
    return review_recent_is_alone(&recent, now, peer, 2000);
}


static void
test_peers(void)
{
    start();
    ok(!alone(1), "no server has answered: nobody is alone");

    answer(1, 1);
    ok(!alone(1) && alone(2), "one has: the other is");

    now += 800;
    answer(2, 3);
    now += 500;
    ok(alone(1) && !alone(2) && !alone(3), "so is one that no longer answers");

    now += 500;
    ok(!alone(1) && !alone(2), "nor is anybody where all are silent");

    answer(0, 0);
    ok(!alone(1) && !alone(0), "a server that is not known is none");

    start();
    answer(1, REVIEW_RECENT_PEERS + 8);
    ok(alone(8) && !alone(9) && !alone(REVIEW_RECENT_PEERS + 8),
       "of many, those that have answered last are known");

    answer(9, 9);
    answer(100, 100);
    ok(!alone(9) && alone(10) && !alone(100), "one is known once");

    now -= 5;
    ok(!alone(100), "a clock that is a bit ahead does not matter");

    now -= 100000;
    ok(!alone(8) && !alone(9), "set back: nothing is known");
}


int
main(void)
{
    test_few();
    test_tenth();
    test_durations();
    test_minute();
    test_slower();
    test_faster();
    test_clock();
    test_behind();
    test_torn();
    test_peers();

    return tap_end();
}
