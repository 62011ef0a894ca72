
#include "review/limit/circuit.h"


void
review_circuit_init(review_circuit_t *c, uint32_t expiry)
{
    memset(c, 0, sizeof(*c));

    c->calls = REVIEW_CIRCUIT_CALLS;
    c->percent = REVIEW_CIRCUIT_PERCENT;
    c->pause_min = REVIEW_CIRCUIT_PAUSE;
    c->pause_max = REVIEW_CIRCUIT_PAUSE_MAX;
    c->probes = REVIEW_CIRCUIT_PROBES;
    c->expiry = expiry;
    c->ticket = 1;
}


/* what is left of a time that began; if the clock was set back, all of it is */

static uint32_t
review_circuit_left(uint64_t now, uint64_t since, uint32_t length)
{
    if (now < since) {
        return length;
    }

    return now - since < length ? length - (uint32_t) (now - since) : 0;
}


/* until the next probe, unless the one on its way ends before */

static uint32_t
review_circuit_wait(const review_circuit_t *c, uint64_t now)
{
    if (c->state == REVIEW_CIRCUIT_OPEN) {
        return review_circuit_left(now, c->since, c->length);
    }

    if (c->state == REVIEW_CIRCUIT_HALF_OPEN && c->probing) {
        return review_circuit_left(now, c->since, c->expiry);
    }

    return 0;
}


/* a clock that was set back must not make a time longer than it was to be */

static void
review_circuit_step(review_circuit_t *c, uint64_t now)
{
    if (now < c->since) {
        c->since = now;
    }
}


/* results of calls with earlier tickets do not count any more */

static uint32_t
review_circuit_ticket(review_circuit_t *c)
{
    c->ticket++;

    if (c->ticket == 0) {

        /* 0 is no ticket */

        c->ticket = 1;
    }

    return c->ticket;
}


static void
review_circuit_close(review_circuit_t *c)
{
    /* the last probe is over, too */

    (void) review_circuit_ticket(c);

    memset(c->slots, 0, sizeof(c->slots));

    c->state = REVIEW_CIRCUIT_CLOSED;
    c->row = 0;
    c->pause = 0;
}


/* the jitter, up to a quarter, keeps processes and LLMs out of step */

static void
review_circuit_open(review_circuit_t *c, uint64_t now)
{
    uint64_t  pause;

    pause = c->pause ? (uint64_t) c->pause * 2 : c->pause_min;
    c->pause = (uint32_t) (pause < c->pause_max ? pause : c->pause_max);

    c->state = REVIEW_CIRCUIT_OPEN;
    c->row = 0;
    c->probing = 0;
    c->since = now;
    c->length = c->pause
                + (uint32_t) ((uint64_t) (c->pause / 4) * c->random >> 32);
}


review_circuit_call_e
review_circuit_allow(review_circuit_t *c, uint64_t now, uint32_t random,
    uint32_t *ticket)
{
    *ticket = c->ticket;

    if (c->state == REVIEW_CIRCUIT_CLOSED) {
        c->random = random;
        return REVIEW_CIRCUIT_PASS;
    }

    review_circuit_step(c, now);

    if (review_circuit_wait(c, now)) {
        *ticket = 0;
        return REVIEW_CIRCUIT_REFUSE;
    }

    c->state = REVIEW_CIRCUIT_HALF_OPEN;
    c->random = random;
    c->probing = 1;
    c->since = now;

    *ticket = review_circuit_ticket(c);

    return REVIEW_CIRCUIT_PROBE;
}


static review_circuit_slot_t *
review_circuit_slot(review_circuit_t *c, uint64_t now)
{
    review_circuit_slot_t  *s;

    s = &c->slots[now / 1000 % REVIEW_CIRCUIT_WINDOW];

    if (s->second != now / 1000) {
        s->second = now / 1000;
        s->good = 0;
        s->failed = 0;
    }

    return s;
}


/*
 * Slots of the future, from before the clock was set back, are as far away as
 * those of the past, as the difference is unsigned.
 */

static int
review_circuit_is_failing(const review_circuit_t *c, uint64_t now)
{
    int                           i;
    uint64_t                      good, failed, second;
    const review_circuit_slot_t  *s;

    if (c->row >= c->calls) {
        return 1;
    }

    good = 0;
    failed = 0;
    second = now / 1000;

    for (i = 0; i < REVIEW_CIRCUIT_WINDOW; i++) {
        s = &c->slots[i];

        if (second - s->second < REVIEW_CIRCUIT_WINDOW) {
            good += s->good;
            failed += s->failed;
        }
    }

    return good + failed >= c->calls
           && failed * 100 >= (good + failed) * c->percent;
}


static void
review_circuit_count(review_circuit_t *c, uint64_t now,
    review_circuit_result_e result)
{
    switch (result) {

    case REVIEW_CIRCUIT_GOOD:
        review_circuit_slot(c, now)->good++;
        c->row = 0;
        break;

    case REVIEW_CIRCUIT_ANSWERED:
        c->row = 0;
        break;

    case REVIEW_CIRCUIT_FAILED:
        review_circuit_slot(c, now)->failed++;
        c->row++;

        if (review_circuit_is_failing(c, now)) {
            review_circuit_open(c, now);
        }

        break;

    case REVIEW_CIRCUIT_NOTHING:
        break;
    }
}


void
review_circuit_result(review_circuit_t *c, uint64_t now, uint32_t ticket,
    review_circuit_result_e result)
{
    if (ticket != c->ticket) {
        return;
    }

    if (c->state == REVIEW_CIRCUIT_CLOSED) {
        review_circuit_count(c, now, result);
        return;
    }

    if (!c->probing) {
        return;
    }

    c->probing = 0;

    if (result == REVIEW_CIRCUIT_NOTHING) {
        return;
    }

    if (result == REVIEW_CIRCUIT_FAILED) {
        review_circuit_open(c, now);
        return;
    }

    c->row++;

    if (c->row >= c->probes) {
        review_circuit_close(c);
    }
}


review_circuit_e
review_circuit_state(const review_circuit_t *c, uint64_t now)
{
    if (c->state == REVIEW_CIRCUIT_OPEN
        && review_circuit_wait(c, now) == 0)
    {
        return REVIEW_CIRCUIT_HALF_OPEN;
    }

    return c->state;
}


uint32_t
review_circuit_retry_after(const review_circuit_t *c, uint64_t now)
{
    uint32_t  left;

    left = review_circuit_wait(c, now);

    /* most probes end long before they expire */

    return c->state == REVIEW_CIRCUIT_HALF_OPEN && left > c->pause_min
           ? c->pause_min : left;
}
