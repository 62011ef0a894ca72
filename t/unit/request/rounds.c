
/*
 * Proves when the chunks of a task are sent, and sent again: all failures of a
 * code, round after round; pauses that grow, and end with the first answer; how
 * many are under way where the LLM refuses, and that one at a time is a probe
 * where it is down; and, with an LLM that comes and goes as chance will have
 * it, that each cell is asked until it is answered.
 */

#include "tap.h"

#include "review/request/rounds.h"


static review_pool_t  *pool;
static uint64_t        seed = 20261130;


static uint32_t
roll(uint32_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (uint32_t) (seed >> 33) % n;
}


static review_rounds_t *
create(size_t nchunks, size_t npoints, size_t max)
{
    review_rounds_t  *r;

    r = review_alloc(pool, sizeof(*r));

    if (review_rounds_init(r, pool, nchunks, npoints, max) != 0) {
        abort();
    }

    return r;
}


/* the next one begins, or -1 */

static int
begin(review_rounds_t *r, uint64_t now, uint64_t *wait)
{
    size_t    chunk;
    uint64_t  w;

    if (!review_rounds_next(r, now, &chunk, wait ? wait : &w)) {
        return -1;
    }

    review_rounds_begin(r, chunk);

    return (int) chunk;
}


/* all its cells that are asked have this code: 1 if it is sent again */

static int
end_after(review_rounds_t *r, size_t chunk, uint64_t now, review_code_t code,
    uint64_t retry_after, uint64_t queue_time)
{
    size_t                 i;
    review_rounds_cell_t   cell = { .code = code, .llm = 1 };
    review_rounds_reply_t  reply = {
        .retry_after = retry_after, .queue_time = queue_time,
        .call_time = 100
    };

    for (i = 0; i < r->npoints; i++) {
        (void) review_rounds_cell(r, chunk, i, &cell);
    }

    return review_rounds_end(r, chunk, now, 0, &reply);
}


static int
end(review_rounds_t *r, size_t chunk, uint64_t now, review_code_t code)
{
    return end_after(r, chunk, now, code, 0, 0);
}


static void
test_order(void)
{
    uint64_t          wait;
    review_rounds_t  *r;

    r = create(5, 2, 3);

    ok(begin(r, 0, NULL) == 0 && begin(r, 0, NULL) == 1
       && begin(r, 0, NULL) == 2, "in their order");
    ok(begin(r, 0, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER,
       "no more at a time");
    ok(!end(r, 1, 10, REVIEW_CODE_OK), "one is done");
    ok(end(r, 0, 10, REVIEW_CODE_CUT), "one has failed");
    ok(begin(r, 20, NULL) == 3 && begin(r, 20, NULL) == 4, "others go on");
    ok(!end(r, 2, 500, REVIEW_CODE_OK) && !end(r, 3, 500, REVIEW_CODE_OK)
       && begin(r, 510, &wait) == -1 && wait == 500, "it waits for its pause");
    ok(begin(r, 1010, NULL) == 0, "and begins when it is due");
    ok(!end(r, 4, 1020, REVIEW_CODE_OK) && !end(r, 0, 1020, REVIEW_CODE_OK)
       && begin(r, 1020, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER
       && !review_rounds_drain(r, &(size_t) { 0 }), "all are done");
}


/* those that are added go before others, each with one cell */

static void
test_added(void)
{
    int               i, good;
    size_t            chunk;
    review_rounds_t  *r;

    r = create(3, 2, 10);

    ok(begin(r, 0, NULL) == 0, "one is under way");
    ok(review_rounds_add(r, pool, 1, &chunk) == 0 && chunk == 3
       && !review_rounds_is_asked(r, 3, 0) && review_rounds_is_asked(r, 3, 1),
       "one is added, of one point");
    ok(begin(r, 0, NULL) == 3 && begin(r, 0, NULL) == 1,
       "it goes before those that are left");
    ok(begin(r, 0, NULL) == 2, "then come these");
    ok(!end(r, 0, 0, REVIEW_CODE_OK) && end(r, 3, 0, REVIEW_CODE_CUT)
       && begin(r, 2000, NULL) == 3, "it is sent again, too");
    ok(!end(r, 3, 2000, REVIEW_CODE_OK) && !review_rounds_is_asked(r, 3, 1),
       "and is done");

    review_rounds_fresh(r, 3, 1);
    ok(review_rounds_is_fresh(r, 3, 1), "it may go past caches");

    for (i = 0, good = 1; i < 100; i++) {
        good &= review_rounds_add(r, pool, (size_t) i % 2, &chunk) == 0
                && chunk == 4 + (size_t) i;
    }

    for (i = 0; i < 100; i++) {
        good &= begin(r, 3000, NULL) == 4 + i
                && !end(r, 4 + (size_t) i, 3000, REVIEW_CODE_OK);
    }

    ok(good, "any number of them");
    ok(!end(r, 1, 3000, REVIEW_CODE_OK) && !end(r, 2, 3000, REVIEW_CODE_OK)
       && begin(r, 3000, NULL) == -1 && r->running == 0, "all are done");
    ok(review_rounds_add(r, pool, 0, &chunk) == 0
       && review_rounds_drain(r, &chunk) && chunk == 104
       && !review_rounds_drain(r, &chunk), "one is given up");
}


/* each code: which end a cell at once, which when, which never */

static void
test_codes(void)
{
    int               bad;
    size_t            n, most;
    uint64_t          now;
    review_code_t     code;
    review_rounds_t  *r;

    for (bad = 0, code = 1; code < REVIEW_CODE_HTTP + 600; code++) {

        r = create(1, 1, 1);
        now = 1;
        most = !review_code_passes(code) ? 1 : review_code_once(code) ? 2
               : review_code_asked(code) ? REVIEW_ROUNDS_OWN : 20;

        for (n = 0; n < 20; ) {
            (void) begin(r, now, NULL);
            review_rounds_answered(r, now);

            n++;

            if (!end(r, 0, now, code)) {
                break;
            }

            now += 40000;
        }

        bad += n != most;

        if (n != most) {
            printf("# code %u: %zu rounds, not %zu\n", code, n, most);
        }
    }

    ok(bad == 0, "rounds of each code while others are answered: %d wrong",
       bad);

    r = create(1, 1, 1);

    for (n = 0, now = 0; n < 1000; n++) {
        if (begin(r, now, NULL) != 0 || !end(r, 0, now, REVIEW_CODE_CUT)) {
            break;
        }

        now += 40000;
    }

    ok(n == 1000, "where none is answered it never ends: %zu rounds", n);
}


static void
test_fresh(void)
{
    review_rounds_cell_t    good = { .llm = 1 };
    review_rounds_cell_t    bad = { .code = REVIEW_CODE_BAD_ANSWER };
    review_rounds_cell_t    error = { .code = REVIEW_CODE_QUOTA };
    review_rounds_reply_t   reply = { 0 };
    review_rounds_t        *r;

    r = create(1, 4, 1);
    review_rounds_fresh(r, 0, 0);
    review_rounds_skip(r, 0, 3);

    ok(review_rounds_is_fresh(r, 0, 0) && !review_rounds_is_fresh(r, 0, 1)
       && review_rounds_is_asked(r, 0, 0) && !review_rounds_is_asked(r, 0, 3),
       "as asked for");

    (void) begin(r, 0, NULL);
    ok(!review_rounds_cell(r, 0, 0, &good), "an answer is enough");
    ok(review_rounds_cell(r, 0, 1, &bad) && review_rounds_is_fresh(r, 0, 1),
       "a bad one is asked again, past caches");
    ok(!review_rounds_cell(r, 0, 2, &error), "what won't pass is not");
    ok(!review_rounds_cell(r, 0, 3, &bad), "nor what was not asked");
    ok(review_rounds_end(r, 0, 5, 0, &reply) && !review_rounds_is_asked(r, 0, 0)
       && review_rounds_is_asked(r, 0, 1) && !review_rounds_is_asked(r, 0, 2)
       && begin(r, 5, NULL) == 0, "at once");
    ok(!review_rounds_cell(r, 0, 1, &bad)
       && !review_rounds_end(r, 0, 6, 0, &reply), "and once");
}


static void
test_pauses(void)
{
    size_t            i;
    uint64_t          now, wait;
    review_rounds_t  *r;

    static const uint64_t  pauses[] = {
        1000, 2000, 4000, 8000, 16000, 30000, 30000
    };

    r = create(40, 1, 2);
    now = 0;

    (void) begin(r, now, NULL);
    (void) end(r, 0, now, REVIEW_CODE_CONNECT);

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        ok(begin(r, now, &wait) == -1 && wait == pauses[i] && r->down,
           "down: a pause of %u", (unsigned) wait);
        now += wait;
        ok(begin(r, now, NULL) == (int) i + 1
           && begin(r, now, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER,
           "then one alone, another one each time");
        (void) end(r, i + 1, now, i % 2 ? REVIEW_CODE_CUT
                                       : REVIEW_CODE_CIRCUIT_OPEN);
    }

    now += 30000;
    i = (size_t) begin(r, now, NULL);
    (void) end(r, i, now, REVIEW_CODE_OK);
    ok(!r->down && r->nheap == 8, "an answer: all that failed is due");

    for (i = 0; begin(r, now, NULL) != -1 && i < 100; i++) {
        /* void */
    }

    ok(i == r->window, "as many as the window allows: %zu", i);

    r = create(2, 1, 2);
    (void) begin(r, 0, NULL);
    (void) begin(r, 0, NULL);
    (void) end_after(r, 0, 0, review_code_http(503), 7000, 0);
    (void) end_after(r, 1, 0, REVIEW_CODE_CUT, 0, 0);
    ok(begin(r, 6999, &wait) == -1 && wait == 1 && begin(r, 7000, NULL) >= 0,
       "Retry-After is the least");

    r = create(2, 1, 2);
    (void) begin(r, 0, NULL);
    review_rounds_waits(r, 0);
    ok(begin(r, 60000, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER,
       "while one waits for the circuit no other begins");
    review_rounds_answered(r, 60000);
    ok(begin(r, 60000, NULL) == 1, "until something is answered");

    r = create(5, 1, 4);
    (void) begin(r, 0, NULL);
    (void) begin(r, 0, NULL);
    review_rounds_waits(r, 0);
    r->waiting = 1;
    ok(begin(r, 1000, NULL) == -1, "nor where one of two does");
    r->waiting = 2;
    ok(begin(r, 999, &wait) == -1 && wait == 1 && begin(r, 1000, NULL) == 2,
       "where all do, one that was not sent yet is a probe");
    ok(begin(r, 3000, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER
       && (r->waiting = 3, begin(r, 2999, &wait)) == -1 && wait == 1
       && begin(r, 3000, NULL) == 3, "another one, after twice the pause");
    r->waiting = 4;
    ok(begin(r, 60000, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER,
       "not beyond the window");

    r = create(2, 1, 4);
    (void) begin(r, 0, NULL);
    (void) begin(r, 0, NULL);
    (void) end(r, 0, 0, REVIEW_CODE_CUT);
    review_rounds_waits(r, 0);
    r->waiting = 1;
    ok(begin(r, 60000, &wait) == -1 && wait == REVIEW_ROUNDS_NEVER,
       "nor one that has failed before");
}


/* is it the LLM, or the cell?  Where no other is left to tell, ask one again */

static void
test_doubt(void)
{
    size_t            n;
    uint64_t          now;
    review_rounds_t  *r;

    r = create(1, 1, 1);
    now = 0;

    (void) begin(r, now, NULL);
    ok(!review_rounds_is_doubtful(r, 0), "not in doubt at first");
    (void) end(r, 0, now, REVIEW_CODE_CUT);
    now += 30000;

    for (n = 0; n < 100; n++, now += 40000) {

        if (begin(r, now, NULL) != 0 || !review_rounds_is_doubtful(r, 0)) {
            break;
        }

        if (n >= 10) {
            review_rounds_answered(r, now);
        }

        if (!end(r, 0, now, REVIEW_CODE_CUT)) {
            break;
        }
    }

    ok(n == 14, "in doubt, until five rounds have told: %zu", n);

    r = create(1, 1, 1);

    for (n = 0, now = 0; n < 9; n++, now += 40000) {
        (void) begin(r, now, NULL);
        (void) end(r, 0, now, REVIEW_CODE_CONNECT);
    }

    ok(!review_rounds_is_doubtful(r, 0), "who could not be asked is in none");
}


/*
 * Each chunk has a cell that fails whatever happens to others, which are soon
 * answered: one that is asked along then tells of all of them
 */

static void
test_doubt_of_many(void)
{
    int               chunk, under[8];
    size_t            n, i, next, done, rounds;
    uint64_t          now, wait;
    review_rounds_t  *r;

    r = create(40, 1, 8);
    rounds = 0;
    done = 0;
    next = 0;
    now = 0;

    while (done < 40 && rounds < 10000) {

        for (n = 0; n < 8 && (chunk = begin(r, now, &wait)) != -1; n++) {
            under[n] = chunk;
            rounds++;

            if ((size_t) chunk == next
                || review_rounds_is_doubtful(r, (size_t) chunk))
            {
                next += (size_t) chunk == next;
                review_rounds_answered(r, now);
            }
        }

        for (i = 0; i < n; i++) {
            done += !end(r, (size_t) under[i], now, review_code_http(500));
        }

        now += n ? 100 : wait;
    }

    ok(done == 40 && rounds <= 40 * 8 && now < 120000,
       "cells that fail in all chunks end soon: %zu, in %zu rounds, %u s",
       done, rounds, (unsigned) (now / 1000));
}


static void
test_window(void)
{
    size_t            i, n;
    uint64_t          now;
    review_rounds_t  *r;

    r = create(1000, 1, 16);
    now = 0;

    while (begin(r, now, NULL) != -1) { /* void */ }

    for (i = 0; i < 16; i++) {
        (void) end(r, i, now, i % 2 ? REVIEW_CODE_QUEUE_TIMEOUT
                                    : REVIEW_CODE_OK);
    }

    ok(r->window == 7 && !r->down, "refusals of one time halve it once");

    for (n = 0; n < 6; n++) {
        i = (size_t) begin(r, now, NULL);
        review_rounds_answered(r, now);
        (void) end(r, i, now, REVIEW_CODE_QUEUE_FULL);
    }

    ok(r->window == 1, "those of others again, but one is left");

    i = (size_t) begin(r, now, NULL);
    (void) end_after(r, i, now, REVIEW_CODE_OK, 0, 1000);
    ok(r->window == 1, "who has waited long adds none");

    for (n = 0; n < 40; n++) {
        i = (size_t) begin(r, now, NULL);
        (void) end(r, i, now, REVIEW_CODE_OK);
    }

    ok(r->window == 16, "others add one each, up to \"calls\"");

    i = (size_t) begin(r, now, NULL);
    (void) end(r, i, now, REVIEW_CODE_QUEUE_FULL);
    ok(r->down && begin(r, now, NULL) == -1,
       "refused, and nothing answered: it is left alone for a while");
}


/* an LLM that comes and goes: 300 chunks, some under way at any time */

static void
test_random(void)
{
    int               chunk, under[16], n, down;
    size_t            i, rounds, done;
    uint64_t          now, wait;
    review_rounds_t  *r;

    static const review_code_t  codes[] = {
        REVIEW_CODE_CONNECT, REVIEW_CODE_QUEUE_TIMEOUT,
        REVIEW_CODE_CIRCUIT_OPEN
    };

    r = create(300, 3, 16);
    rounds = 0;
    done = 0;
    n = 0;
    now = 0;

    while (done < 300 && rounds < 100000) {
        down = (now / 500) % 3 == 1;
        wait = 1;

        while (n < 16 && (chunk = begin(r, now, &wait)) != -1) {
            under[n++] = chunk;
            rounds++;
        }

        if (n) {
            i = roll((uint32_t) n);
            done += !end(r, (size_t) under[i], now,
                         down ? codes[roll(3)] : REVIEW_CODE_OK);
            under[i] = under[--n];
            now += roll(30);

        } else {
            now += wait;
        }
    }

    ok(done == 300 && r->running == 0 && r->nheap == 0,
       "an LLM that comes and goes: %zu are done in %zu rounds", done, rounds);
    ok(rounds < 600, "without many in vain");
}


int
main(void)
{
    pool = tap_pool();

    test_order();
    test_added();
    test_codes();
    test_fresh();
    test_pauses();
    test_doubt();
    test_doubt_of_many();
    test_window();
    test_random();

    tap_pool_free(pool);

    return tap_end();
}
