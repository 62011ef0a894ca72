
/*
 * Proves every transition of the circuit breaker and that nothing else moves
 * it: it opens on evidence over a span of time only, errors in a row are none
 * while others are answered, probes come one at a time, and more with each that
 * is answered, what a probe says decides, a probe that is lost costs its expiry
 * and no more, one that is not made nothing, one that had failed before makes
 * none wait longer that had not, results that come late are void, who asks
 * nothing finds it closed, and a clock that steps neither opens it nor keeps it
 * open.
 */

#include "tap.h"
#include "review/limit/circuit.h"


#define EXPIRY  60000


static uint64_t          now;
static review_circuit_t  circuit;
static int               again;         /* calls have failed before */


static void
start(void)
{
    now = 1000000000;
    review_circuit_init(&circuit, EXPIRY);
}


/* what becomes of a call */

typedef enum {
    PASS,
    PROBE,
    REFUSE
} call_e;


/* the ticket of a call; 0: it was not treated as expected */

static uint32_t
begin(call_e expected)
{
    uint32_t  ticket;
    call_e    rc;

    if (review_circuit_room(&circuit, now) == 0) {
        return expected == REFUSE;
    }

    review_circuit_promise(&circuit, now, 1);

    rc = circuit.state == REVIEW_CIRCUIT_CLOSED ? PASS : PROBE;

    return review_circuit_begin(&circuit, 0, &ticket) && rc == expected
           ? ticket : 0;
}


static void
end(uint32_t ticket, review_circuit_result_e result)
{
    review_circuit_result(&circuit, now, ticket, result, again);
}


/* calls that end at once; returns how many were let through as expected */

static int
calls(int n, call_e expected, review_circuit_result_e result)
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


/* so many calls fail, some time apart */

static int
fail(int n, int apart)
{
    int  done;

    for (done = 0; n > 0; n--) {
        done += calls(1, PASS, REVIEW_CIRCUIT_FAILED);
        now += n > 1 ? apart : 0;
    }

    return done;
}


static void
open_it(void)
{
    start();
    (void) fail(20, 200);
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
    (void) calls(3, PROBE, REVIEW_CIRCUIT_GOOD);
}


/* of so many calls, the first one is good */

static void
mixed(int rounds, int of, int pause)
{
    int  i;

    start();

    for (i = 0; i < rounds * of; i++) {
        (void) calls(1, PASS, i % of ? REVIEW_CIRCUIT_FAILED
                                                    : REVIEW_CIRCUIT_GOOD);
        now += pause;
    }
}


static void
test_window(void)
{
    review_circuit_conf_t  conf;

    start();
    ok(fail(19, 200) == 19 && is(REVIEW_CIRCUIT_CLOSED),
       "19 failures are too few");
    ok(fail(1, 0) == 1 && is(REVIEW_CIRCUIT_OPEN), "20 open it");

    mixed(3, 10, 100);
    ok(is(REVIEW_CIRCUIT_OPEN), "so do 27 of 30");

    mixed(50, 9, 40);
    ok(is(REVIEW_CIRCUIT_CLOSED), "eight of nine do not, however many");

    mixed(10, 10, 600);
    ok(is(REVIEW_CIRCUIT_CLOSED), "nor 90 of 100 with 17 in ten seconds");

    mixed(3, 10, 300);
    ok(is(REVIEW_CIRCUIT_OPEN), "27 of 30 within nine seconds do");

    start();
    conf = circuit.conf;
    conf.failures = 5;
    conf.share = 50;
    conf.window = 1000;
    conf.pause = 300;
    review_circuit_set(&circuit, &conf);
    ok(fail(4, 100) == 4 && calls(5, PASS, REVIEW_CIRCUIT_GOOD) == 5
       && is(REVIEW_CIRCUIT_CLOSED), "of its own: four are too few");
    now += 100;
    ok(fail(1, 0) == 1 && is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == 300,
       "five of ten, for its pause");

    conf.failures = 0;
    review_circuit_set(&circuit, &conf);
    ok(is(REVIEW_CIRCUIT_CLOSED) && fail(1000, 10) == 1000
       && is(REVIEW_CIRCUIT_CLOSED), "off: it closes, and never opens");
}


/* a server that restarts cuts all calls at once: the next ones are answered */

static void
test_moment(void)
{
    start();
    (void) calls(1, PASS, REVIEW_CIRCUIT_GOOD);
    ok(fail(1000, 0) == 1000 && is(REVIEW_CIRCUIT_CLOSED),
       "a thousand failures of one moment");

    now += 199;
    ok(fail(1000, 0) == 1000 && is(REVIEW_CIRCUIT_CLOSED), "and of another");

    now += 1;
    (void) calls(1, PASS, REVIEW_CIRCUIT_GOOD);
    now += 199;
    ok(fail(500, 0) == 500 && is(REVIEW_CIRCUIT_CLOSED),
       "a little later, with an answer between them");

    now += 400;
    ok(fail(1, 0) == 1 && is(REVIEW_CIRCUIT_OPEN), "but not time and again");
}


static void
test_other(void)
{
    int  i;

    start();
    (void) calls(1000, PASS, REVIEW_CIRCUIT_ANSWERED);
    (void) calls(1000, PASS, REVIEW_CIRCUIT_NOTHING);
    ok(is(REVIEW_CIRCUIT_CLOSED), "429s and cancelled calls do not open it");

    start();

    for (i = 0; i < 100; i++) {
        (void) fail(19, 10);
        (void) calls(1, PASS, REVIEW_CIRCUIT_ANSWERED);
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
        tickets[i] = begin(PASS);
    }

    now += 60000;

    for (i = 0; i < 100; i++) {
        end(tickets[i], REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_CLOSED), "100 calls that time out together");

    now += 600;
    (void) calls(1, PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == REVIEW_CIRCUIT_PAUSE,
       "and another one that fails open it once");

    /* four at a time, each for a minute */

    start();

    for (i = 0; i < 20; i++) {
        now += 15000;
        (void) calls(1, PASS, REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_OPEN), "20 in a row open it, with no window full");
}


static void
test_open(void)
{
    uint32_t  ticket;

    open_it();
    ok(calls(100, REFUSE, REVIEW_CIRCUIT_GOOD) == 100
       && is(REVIEW_CIRCUIT_OPEN), "open: calls are refused");
    ok(review_circuit_retry_after(&circuit, now) == 2000, "for two seconds");

    now += 1999;
    ok(is(REVIEW_CIRCUIT_OPEN) && begin(REFUSE)
       && review_circuit_retry_after(&circuit, now) == 1, "not yet");

    now++;
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && review_circuit_retry_after(&circuit, now) == 0, "half-open");

    ticket = begin(PROBE);
    ok(ticket && calls(100, REFUSE, REVIEW_CIRCUIT_GOOD) == 100
       && review_circuit_retry_after(&circuit, now) == 2000,
       "one probe, and the others wait");

    end(ticket, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && review_circuit_room(&circuit, now) == 2
       && begin(PROBE) == ticket && begin(PROBE) == ticket && begin(REFUSE),
       "two at a time once one was answered");

    end(ticket, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(PROBE) == ticket
       && begin(PROBE) == ticket && begin(REFUSE), "then three");
    ok((end(ticket, REVIEW_CIRCUIT_GOOD), 1)
       && is(REVIEW_CIRCUIT_CLOSED)
       && review_circuit_retry_after(&circuit, now) == 0, "three do");
    ok(calls(100, PASS, REVIEW_CIRCUIT_GOOD) == 100,
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

        (void) calls(2, PROBE, REVIEW_CIRCUIT_GOOD);
        bad += calls(1, PROBE, REVIEW_CIRCUIT_FAILED) != 1;

        bad += review_circuit_retry_after(&circuit, now) != pauses[i];
        bad += !is(REVIEW_CIRCUIT_OPEN);
    }

    ok(bad == 0, "a probe that fails doubles the pause, up to half a minute");

    now += 30000;
    (void) calls(3, PROBE, REVIEW_CIRCUIT_ANSWERED);
    ok(is(REVIEW_CIRCUIT_CLOSED), "a 429 is a sign of life");

    (void) fail(20, 200);
    ok(review_circuit_retry_after(&circuit, now) == 2000,
       "once closed, the pause is short again");

    start();

    for (i = 0; i < 20; i++) {
        now += i ? 200 : 0;
        (void) review_circuit_begin(&circuit, UINT32_MAX, &ticket);
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
    lost = begin(PROBE);

    now += REVIEW_CIRCUIT_PAUSE - 1;
    ok(begin(REFUSE)
       && review_circuit_retry_after(&circuit, now) == 1,
       "a probe is waited for");

    now++;
    ok(begin(PROBE) == lost && begin(REFUSE), "but no longer than a pause");
    end(lost, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(PROBE) == lost,
       "an answer is one, whichever of them it is of");

    half_open_it();
    lost = begin(PROBE);
    now += EXPIRY;
    ticket = begin(PROBE);
    ok(ticket != lost && begin(REFUSE),
       "one that is lost is followed by another");

    end(lost, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(REFUSE),
       "and its late result is void");

    end(ticket, REVIEW_CIRCUIT_NOTHING);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && calls(3, PROBE, REVIEW_CIRCUIT_GOOD) == 3
       && is(REVIEW_CIRCUIT_CLOSED),
       "one that was cancelled makes room at once");

    half_open_it();
    ticket = begin(PROBE);
    review_circuit_return(&circuit);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(PROBE) == ticket
       && begin(REFUSE), "so does one that is not made");
    review_circuit_forget(&circuit);
    end(ticket, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(PROBE),
       "and those of a process that has died");

    half_open_it();
    ticket = begin(PROBE);
    end(ticket, REVIEW_CIRCUIT_GOOD);
    end(ticket, REVIEW_CIRCUIT_GOOD);
    end(ticket, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN), "a probe counts once");

    (void) calls(1, PROBE, REVIEW_CIRCUIT_GOOD);
    ticket = begin(PROBE);
    end(ticket, REVIEW_CIRCUIT_GOOD);

    for (i = 0; i < 20; i++) {
        end(ticket, REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_CLOSED), "so does the one that closes it");
}


/* nobody asks: half-open is no state to stay in */

static void
test_idle(void)
{
    uint32_t  ticket;

    half_open_it();
    now += REVIEW_CIRCUIT_WINDOW - 1;
    ok(is(REVIEW_CIRCUIT_HALF_OPEN), "nobody asks: half-open for a window");
    now++;
    ok(is(REVIEW_CIRCUIT_CLOSED) && begin(PASS)
       && calls(100, PASS, REVIEW_CIRCUIT_GOOD) == 100, "then closed");

    half_open_it();
    ticket = begin(PROBE);
    now += EXPIRY - 1;
    end(ticket, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN),
       "a probe that took long was asked for all the time");
    now += REVIEW_CIRCUIT_WINDOW;
    ok(is(REVIEW_CIRCUIT_CLOSED), "but no other one was");
    ok((begin(PASS), fail(20, 200)) == 20 && is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == 2000,
       "it opens as at first");
}


static void
test_late(void)
{
    int       i;
    uint32_t  old[40], probe;

    /* begun while it was closed, they end in each of the later states */

    start();

    for (i = 0; i < 40; i++) {
        old[i] = begin(PASS);
    }

    (void) fail(20, 200);

    end(old[0], REVIEW_CIRCUIT_GOOD);
    end(old[1], REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == 2000,
       "open: late results neither close it nor keep it open");

    now += 2000;
    probe = begin(PROBE);

    for (i = 2; i < 8; i++) {
        end(old[i], i & 1 ? REVIEW_CIRCUIT_GOOD : REVIEW_CIRCUIT_FAILED);
    }

    ok(is(REVIEW_CIRCUIT_HALF_OPEN) && begin(REFUSE),
       "half-open: they are no probes");

    end(probe, REVIEW_CIRCUIT_GOOD);
    end(old[8], REVIEW_CIRCUIT_FAILED);
    (void) calls(2, PROBE, REVIEW_CIRCUIT_GOOD);
    ok(is(REVIEW_CIRCUIT_CLOSED), "nor are they between two probes");

    for (i = 9; i < 40; i++) {
        end(old[i], REVIEW_CIRCUIT_FAILED);
    }

    end(probe, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_CLOSED)
       && fail(19, 200) == 19 && is(REVIEW_CIRCUIT_CLOSED),
       "closed again: 32 late failures do not open it, nor count for that");

    close_it();
    (void) fail(20, 200);
    ok(is(REVIEW_CIRCUIT_OPEN), "new ones do");
}


static void
test_clock(void)
{
    uint32_t  ticket;

    start();
    (void) calls(19, PASS, REVIEW_CIRCUIT_FAILED);
    (void) calls(1, PASS, REVIEW_CIRCUIT_ANSWERED);
    now -= 3605000;
    (void) calls(1, PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_CLOSED), "set back: the window forgets");

    start();
    (void) calls(19, PASS, REVIEW_CIRCUIT_FAILED);
    (void) calls(1, PASS, REVIEW_CIRCUIT_ANSWERED);
    now += 3605000;
    (void) calls(1, PASS, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_CLOSED), "set forward: the same");

    open_it();
    now -= 3600000;
    ok(is(REVIEW_CIRCUIT_OPEN) && begin(REFUSE)
       && review_circuit_retry_after(&circuit, now) == 2000,
       "set back while it is open: the pause begins anew");
    now += 2000;
    ticket = begin(PROBE);
    ok(ticket, "and ends");

    now -= 3600000;
    ok(begin(REFUSE), "set back: the probe is still on its way");
    now += EXPIRY;
    ok(begin(PROBE), "and expires");

    open_it();
    now += 3600000;
    ok(begin(PASS) && is(REVIEW_CIRCUIT_CLOSED), "set forward: it is closed");

    start();
    now = 0;
    (void) fail(20, 200);
    ok(is(REVIEW_CIRCUIT_OPEN), "a clock that has just begun");
}


static void
test_tickets(void)
{
    start();
    circuit.ticket = UINT32_MAX;
    (void) fail(20, 200);
    now += 2000;
    ok(is(REVIEW_CIRCUIT_HALF_OPEN)
       && calls(3, PROBE, REVIEW_CIRCUIT_GOOD) == 3
       && is(REVIEW_CIRCUIT_CLOSED), "tickets begin anew");

    half_open_it();
    end(0, REVIEW_CIRCUIT_FAILED);
    ok(is(REVIEW_CIRCUIT_HALF_OPEN), "and 0 is none");
}


/* errors of one question, again and again, while others are answered */

static void
test_errors(void)
{
    int  i;

    start();
    (void) calls(10, PASS, REVIEW_CIRCUIT_GOOD);

    for (i = 0; i < 60; i++) {
        now += 50;
        (void) calls(1, PASS, REVIEW_CIRCUIT_ERROR);
    }

    ok(circuit.state == REVIEW_CIRCUIT_CLOSED,
       "60 errors in a row, beside 10 answers within the window: closed");

    for ( /* void */ ; i < 120 && circuit.state == REVIEW_CIRCUIT_CLOSED; i++) {
        now += 50;
        (void) calls(1, PASS, REVIEW_CIRCUIT_ERROR);
    }

    ok(circuit.state == REVIEW_CIRCUIT_OPEN && i >= 89,
       "once they are nearly all, it opens");

    (void) (now += 3000, calls(1, PROBE, REVIEW_CIRCUIT_ERROR));
    ok(circuit.state == REVIEW_CIRCUIT_OPEN, "a probe that is one, too");

    start();
    (void) calls(10, PASS, REVIEW_CIRCUIT_GOOD);

    for (i = 0; i < 20; i++) {
        now += 50;
        (void) calls(1, PASS, REVIEW_CIRCUIT_FAILED);
    }

    ok(circuit.state == REVIEW_CIRCUIT_OPEN,
       "20 that had no answer at all open it, whatever was before");

    start();

    for (i = 0; i < 20; i++) {
        now += 60000;
        (void) calls(1, PASS, REVIEW_CIRCUIT_ERROR);
    }

    ok(circuit.state == REVIEW_CIRCUIT_OPEN,
       "slow errors, and nothing else, do as well");
}


/* who has failed before knows less of the LLM than who has not */

static void
test_fresh(void)
{
    int              i, bad;
    static uint32_t  pauses[] = { 4000, 8000, 16000, 30000, 30000 };

    open_it();
    again = 1;
    bad = 0;

    for (i = 0; i < 5; i++) {
        now += review_circuit_retry_after(&circuit, now);
        bad += calls(1, PROBE, REVIEW_CIRCUIT_ERROR) != 1;
        bad += review_circuit_retry_after(&circuit, now) != pauses[i];

        now += REVIEW_CIRCUIT_PAUSE - 1;
        bad += review_circuit_room_fresh(&circuit, now) != 0;
        now++;
        bad += review_circuit_room_fresh(&circuit, now) != 1;
        bad += review_circuit_room(&circuit, now) != 0;
    }

    ok(bad == 0, "who fails again makes no others wait for longer");

    again = 0;
    now += review_circuit_retry_after(&circuit, now);
    (void) calls(1, PROBE, REVIEW_CIRCUIT_ERROR);
    now += 2 * REVIEW_CIRCUIT_PAUSE - 1;
    ok(review_circuit_room_fresh(&circuit, now) == 0
       && review_circuit_room_fresh(&circuit, now + 1) == 1,
       "who fails for the first time does");

    now += review_circuit_retry_after(&circuit, now);
    (void) calls(1, PROBE, REVIEW_CIRCUIT_GOOD);
    (void) calls(1, PROBE, REVIEW_CIRCUIT_ERROR);
    ok(is(REVIEW_CIRCUIT_OPEN)
       && review_circuit_retry_after(&circuit, now) == REVIEW_CIRCUIT_PAUSE,
       "an error after an answer: both begin anew");

    now += REVIEW_CIRCUIT_PAUSE;
    (void) calls(1, PROBE, REVIEW_CIRCUIT_GOOD);
    (void) calls(1, PROBE, REVIEW_CIRCUIT_FAILED);
    ok(review_circuit_retry_after(&circuit, now) == 2 * REVIEW_CIRCUIT_PAUSE,
       "no answer at all after one: it is twice as long");

    now += 2 * REVIEW_CIRCUIT_PAUSE;
    (void) begin(PROBE);
    now += REVIEW_CIRCUIT_PAUSE;
    ok(review_circuit_room(&circuit, now) == 0
       && review_circuit_room_fresh(&circuit, now) == 0,
       "a probe hangs: it is waited for");
    now += REVIEW_CIRCUIT_PAUSE;
    ok(review_circuit_room_fresh(&circuit, now) == 1, "for a pause");
}


int
main(void)
{
    test_fresh();
    test_errors();
    test_window();
    test_moment();
    test_other();
    test_slow();
    test_open();
    test_pauses();
    test_lost();
    test_idle();
    test_late();
    test_clock();
    test_tickets();

    return tap_end();
}
