
/*
 * Proves every transition of the circuit breaker and that nothing else moves
 * it: it opens on evidence only, probes come one at a time, what a probe says
 * decides, a probe that is lost costs its expiry and no more, results that come
 * late are void, and a clock that steps neither opens it nor keeps it open.
 */

#include "tap.h"
#include "review/limit/circuit.h"


#define EXPIRY  60000


static uint64_t          now;
static review_circuit_t  circuit;


static void
start(void)
{
    now = 1000000000;
    review_circuit_init(&circuit, EXPIRY);
}


/* the ticket of a call; 0: it was not treated as expected */

static uint32_t
begin(review_circuit_call_e expected)
{
    uint32_t               ticket;
    review_circuit_call_e  rc;

    rc = review_circuit_allow(&circuit, now, 0, &ticket);

    if (rc == REVIEW_CIRCUIT_REFUSE && ticket != 0) {
        return 0;
    }

    return rc != expected ? 0 : ticket ? ticket : 1;
}


static void
end(uint32_t ticket, review_circuit_result_e result)
{
    review_circuit_result(&circuit, now, ticket, result);
}


/* calls that end at once; returns how many were let through as expected */

static int
calls(int n, review_circuit_call_e expected, review_circuit_result_e result)
{
    int       i, done;
    uint32_t  ticket;

    done = 0;

    for (i = 0; i < n; i++) {
        ticket = begin(expected);

        if (ticket) {
            end(ticket, result);
            done++;
        }
    }

    return done;
}


static int
is(review_circuit_e state)
{
    return review_circuit_state(&circuit, now) == state;
}


static void
open_it(void)
{
    start();
    (void) calls(20, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
}


/* open, and the pause is over */

static void
half_open_it(void)
{
    open_it();
    now += REVIEW_CIRCUIT_PAUSE;
}


static void
close_it(void)
{
    half_open_it();
    (void) calls(3, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD);
}


/* of so many calls, the first one is good */

static void
mixed(int rounds, int of, int pause)
{
    int  i;

    start();

    for (i = 0; i < rounds * of; i++) {
        (void) calls(1, REVIEW_CIRCUIT_PASS, i % of ? REVIEW_CIRCUIT_FAILED
                                                    : REVIEW_CIRCUIT_GOOD);
        now += pause;
    }
}


static void
test_window(void)
{
    start();
    ok(calls(19, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED) == 19
       && is(REVIEW_CIRCUIT_CLOSED), "19 failures are too few");
    ok(calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED) == 1
       && is(REVIEW_CIRCUIT_OPEN), "20 open it");

    mixed(2, 10, 0);
    ok(is(REVIEW_CIRCUIT_OPEN), "so do 18 of 20");

    mixed(50, 9, 0);
    ok(is(REVIEW_CIRCUIT_CLOSED), "eight of nine do not, however many");

    mixed(10, 10, 600);
    ok(is(REVIEW_CIRCUIT_CLOSED), "nor 90 of 100 with 17 in ten seconds");

    mixed(2, 10, 400);
    ok(is(REVIEW_CIRCUIT_OPEN), "18 of 20 within eight seconds do");
}


static void
test_other(void)
{
    int  i;

    start();
    (void) calls(1000, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_ANSWERED);
    (void) calls(1000, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_NOTHING);
    ok(is(REVIEW_CIRCUIT_CLOSED), "429s and cancelled calls do not open it");

    start();

    for (i = 0; i < 100; i++) {
        (void) calls(19, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
        (void) calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_ANSWERED);
        now += 10000;
    }

    ok(is(REVIEW_CIRCUIT_CLOSED), "a 429 ends a row of failures");
}


static void
test_slow(void)
{
    int       i;
    uint32_t  tickets[100];

    /* a hundred calls time out together */

    start();

    for (i = 0; i < 100; i++) {
        tickets[i] = begin(REVIEW_CIRCUIT_PASS);
    }

    now += 60000;

    for (i = 0; i < 100; i++) {
        end(tickets[i], REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == REVIEW_CIRCUIT_PAUSE,
       "100 calls that time out together open it once");

    /* four at a time, each for a minute */

    start();

    for (i = 0; i < 20; i++) {
        now += 15000;
        (void) calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_OPEN), "20 in a row open it, with no window full");
}


static void
test_open(void)
{
    uint32_t  ticket;

    open_it();
    ok(calls(100, REVIEW_CIRCUIT_REFUSE, REVIEW_CIRCUIT_GOOD) == 100
       && is(REVIEW_CIRCUIT_OPEN), "open: calls are refused");
    ok(review_circuit_retry_after(&circuit, now) == 2000, "for two seconds");

    now += 1999;
    ok(is(REVIEW_CIRCUIT_OPEN) && begin(REVIEW_CIRCUIT_REFUSE)
       && review_circuit_retry_after(&circuit, now) == 1, "not yet");

    now++;
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && review_circuit_retry_after(&circuit, now) == 0, "half-open");

    ticket = begin(REVIEW_CIRCUIT_PROBE);
    ok(ticket && calls(100, REVIEW_CIRCUIT_REFUSE, REVIEW_CIRCUIT_GOOD) == 100
       && review_circuit_retry_after(&circuit, now) == 2000,
       "one probe, and the others are refused");

    end(ticket, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && calls(1, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD) == 1
       && is(REVIEW_CIRCUIT_HALF_OPEN), "two answers do not close it");
    ok(calls(1, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD) == 1
       && is(REVIEW_CIRCUIT_CLOSED)
       && review_circuit_retry_after(&circuit, now) == 0, "three do");
    ok(calls(100, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_GOOD) == 100,
       "closed: calls pass");
}


static void
test_pauses(void)
{
    int              i, bad;
    uint32_t         ticket;
    static uint32_t  pauses[] = { 4000, 8000, 16000, 30000, 30000, 30000 };

    open_it();
    bad = 0;

    for (i = 0; i < 6; i++) {
        now += review_circuit_retry_after(&circuit, now);

        (void) calls(2, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD);
        bad += calls(1, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_FAILED) != 1;

        bad += review_circuit_retry_after(&circuit, now) != pauses[i];
        bad += !is(REVIEW_CIRCUIT_OPEN);
    }

    ok(bad == 0, "a probe that fails doubles the pause, up to half a minute");

    now += 30000;
    (void) calls(3, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_ANSWERED);
    ok(is(REVIEW_CIRCUIT_CLOSED), "a 429 is a sign of life");

    (void) calls(20, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    ok(review_circuit_retry_after(&circuit, now) == 2000,
       "once closed, the pause is short again");

    start();

    for (i = 0; i < 20; i++) {
        (void) review_circuit_allow(&circuit, now, UINT32_MAX, &ticket);
        end(ticket, REVIEW_CIRCUIT_FAILED);
    }

    ok(review_circuit_retry_after(&circuit, now) == 2499,
       "jitter is up to a quarter");
}


static void
test_lost(void)
{
    int       i;
    uint32_t  lost, ticket;

    half_open_it();
    lost = begin(REVIEW_CIRCUIT_PROBE);

    now += EXPIRY - 1;
    ok(begin(REVIEW_CIRCUIT_REFUSE)
       && review_circuit_retry_after(&circuit, now) == 1,
       "a probe is waited for");

    now++;
    ticket = begin(REVIEW_CIRCUIT_PROBE);
    ok(ticket && begin(REVIEW_CIRCUIT_REFUSE),
       "one that is lost is followed by another");

    end(lost, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(REVIEW_CIRCUIT_REFUSE),
       "and its late result is void");

    end(ticket, REVIEW_CIRCUIT_NOTHING);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && calls(3, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD) == 3
       && is(REVIEW_CIRCUIT_CLOSED),
       "one that was cancelled makes room at once");

    half_open_it();
    ticket = begin(REVIEW_CIRCUIT_PROBE);
    end(ticket, REVIEW_CIRCUIT_GOOD);
    end(ticket, REVIEW_CIRCUIT_GOOD);
    end(ticket, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN), "a probe counts once");

    (void) calls(1, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD);
    ticket = begin(REVIEW_CIRCUIT_PROBE);
    end(ticket, REVIEW_CIRCUIT_GOOD);

    for (i = 0; i < 20; i++) {
        end(ticket, REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_CLOSED), "so does the one that closes it");
}


static void
test_late(void)
{
    int       i;
    uint32_t  old[40], probe;

    /* begun while it was closed, they end in each of the later states */

    start();

    for (i = 0; i < 40; i++) {
        old[i] = begin(REVIEW_CIRCUIT_PASS);
    }

    (void) calls(20, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);

    end(old[0], REVIEW_CIRCUIT_GOOD);
    end(old[1], REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == 2000,
       "open: late results neither close it nor keep it open");

    now += 2000;
    probe = begin(REVIEW_CIRCUIT_PROBE);

    for (i = 2; i < 8; i++) {
        end(old[i], i & 1 ? REVIEW_CIRCUIT_GOOD : REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(REVIEW_CIRCUIT_REFUSE),
       "half-open: they are no probes");

    end(probe, REVIEW_CIRCUIT_GOOD);
    end(old[8], REVIEW_CIRCUIT_FAILED);
    (void) calls(2, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_CLOSED), "nor are they between two probes");

    for (i = 9; i < 40; i++) {
        end(old[i], REVIEW_CIRCUIT_FAILED);
    }

    end(probe, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_CLOSED)
       && calls(19, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED) == 19
       && is(REVIEW_CIRCUIT_CLOSED),
       "closed again: 32 late failures do not open it, nor count for that");

    close_it();
    (void) calls(20, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_OPEN), "new ones do");
}


static void
test_clock(void)
{
    uint32_t  ticket;

    start();
    (void) calls(19, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    (void) calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_ANSWERED);
    now -= 3605000;
    (void) calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_CLOSED), "set back: the window forgets");

    start();
    (void) calls(19, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    (void) calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_ANSWERED);
    now += 3605000;
    (void) calls(1, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_CLOSED), "set forward: the same");

    open_it();
    now -= 3600000;
    ok(is(REVIEW_CIRCUIT_OPEN) && begin(REVIEW_CIRCUIT_REFUSE)
       && review_circuit_retry_after(&circuit, now) == 2000,
       "set back while it is open: the pause begins anew");
    now += 2000;
    ticket = begin(REVIEW_CIRCUIT_PROBE);
    ok(ticket, "and ends");

    now -= 3600000;
    ok(begin(REVIEW_CIRCUIT_REFUSE), "set back: the probe is still on its way");
    now += EXPIRY;
    ok(begin(REVIEW_CIRCUIT_PROBE), "and expires");

    open_it();
    now += 3600000;
    ok(begin(REVIEW_CIRCUIT_PROBE), "set forward: a probe, which does no harm");

    start();
    now = 0;
    (void) calls(20, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_OPEN), "a clock that has just begun");
}


static void
test_tickets(void)
{
    start();
    circuit.ticket = UINT32_MAX;
    (void) calls(20, REVIEW_CIRCUIT_PASS, REVIEW_CIRCUIT_FAILED);
    now += 2000;
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && calls(3, REVIEW_CIRCUIT_PROBE, REVIEW_CIRCUIT_GOOD) == 3
       && is(REVIEW_CIRCUIT_CLOSED), "tickets begin anew");

    half_open_it();
    end(0, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN), "and 0 is none");
}


int
main(void)
{
    test_window();
    test_other();
    test_slow();
    test_open();
    test_pauses();
    test_lost();
    test_late();
    test_clock();
    test_tickets();

    return tap_end();
}
