
#include "review/limit/circuit.h"


const review_circuit_conf_t  review_circuit_default = {
    REVIEW_CIRCUIT_FAILURES, REVIEW_CIRCUIT_WINDOW, REVIEW_CIRCUIT_SHARE,
    REVIEW_CIRCUIT_PAUSE
};


void
review_circuit_init(review_circuit_t *c, uint32_t expiry)
{
    memset(c, 0, sizeof(*c));

    c->conf = review_circuit_default;
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


/* until the next probe, unless one on its way ends before */

static uint32_t
review_circuit_wait(const review_circuit_t *c, uint64_t now)
{
    if (c->state == REVIEW_CIRCUIT_OPEN) {
        return review_circuit_left(now, c->since, c->length);
    }

    if (c->state == REVIEW_CIRCUIT_HALF_OPEN && c->probing > c->row) {
        return review_circuit_left(now, c->since, c->pause);
    }

    return 0;
}


/* nobody has asked for a window, since when it could be asked */

static int
review_circuit_is_idle(const review_circuit_t *c, uint64_t now)
{
    uint64_t  since;

    since = c->since;

    switch (c->state) {

    case REVIEW_CIRCUIT_OPEN:
        since += c->length;
        break;

    case REVIEW_CIRCUIT_HALF_OPEN:
        if (c->probing) {
            return 0;
        }

        break;

    default:
        return 0;
    }

    return now >= since && now - since >= c->conf.window;
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
    c->fresh = 0;
}


/* the next pause after this one; 0: the first */

static uint32_t
review_circuit_longer(const review_circuit_t *c, uint32_t pause)
{
    uint32_t  max;

    max = c->conf.pause > REVIEW_CIRCUIT_PAUSE_MAX ? c->conf.pause
                                                   : REVIEW_CIRCUIT_PAUSE_MAX;
    if (pause == 0) {
        return c->conf.pause;
    }

    return pause < max / 2 ? pause * 2 : max;
}


/* the jitter, up to a quarter, keeps processes and LLMs out of step */

static uint32_t
review_circuit_jitter(const review_circuit_t *c, uint32_t pause)
{
    return pause + (uint32_t) ((uint64_t) (pause / 4) * c->random >> 32);
}


static void
review_circuit_open(review_circuit_t *c, uint64_t now, int again)
{
    if (c->fresh == 0 || !again) {
        c->fresh = review_circuit_longer(c, c->fresh);
    }

    c->pause = review_circuit_longer(c, c->pause);

    c->state = REVIEW_CIRCUIT_OPEN;
    c->row = 0;
    c->probing = 0;
    c->since = now;
    c->length = review_circuit_jitter(c, c->pause);
    c->fresh_length = review_circuit_jitter(c, c->fresh);
}


void
review_circuit_set(review_circuit_t *c, const review_circuit_conf_t *conf)
{
    if (c->conf.window != conf->window) {
        memset(c->slots, 0, sizeof(c->slots));
    }

    c->conf = *conf;

    if (conf->failures == 0 && c->state != REVIEW_CIRCUIT_CLOSED) {
        review_circuit_close(c);
    }
}


static uint32_t
review_circuit_room_after(review_circuit_t *c, uint64_t now, int fresh)
{
    if (c->state == REVIEW_CIRCUIT_CLOSED) {
        return REVIEW_CIRCUIT_ALL;
    }

    /* a clock that was set back makes no time longer than it was to be */

    if (now < c->since) {
        c->since = now;
    }

    if (review_circuit_is_idle(c, now)) {
        review_circuit_close(c);
        return REVIEW_CIRCUIT_ALL;
    }

    if (c->state == REVIEW_CIRCUIT_OPEN) {
        return review_circuit_left(now, c->since,
                                   fresh ? c->fresh_length : c->length)
               ? 0 : 1;
    }

    if (c->probing && review_circuit_left(now, c->since, c->expiry) == 0) {
        c->probing = 0;
        (void) review_circuit_ticket(c);
    }

    /* one that hangs keeps nobody from asking again */

    if (c->probing > c->row) {
        return review_circuit_left(now, c->since, fresh ? c->fresh : c->pause)
               ? 0 : 1;
    }

    return c->row + 1 - c->probing;
}


uint32_t
review_circuit_room(review_circuit_t *c, uint64_t now)
{
    return review_circuit_room_after(c, now, 0);
}


uint32_t
review_circuit_room_fresh(review_circuit_t *c, uint64_t now)
{
    return review_circuit_room_after(c, now, 1);
}


void
review_circuit_promise(review_circuit_t *c, uint64_t now, uint32_t n)
{
    if (c->state == REVIEW_CIRCUIT_CLOSED || n == 0) {
        return;
    }

    if (c->state == REVIEW_CIRCUIT_OPEN) {
        c->state = REVIEW_CIRCUIT_HALF_OPEN;
        (void) review_circuit_ticket(c);
    }

    c->probing += n;
    c->since = now;
}


int
review_circuit_begin(review_circuit_t *c, uint32_t random, uint32_t *ticket)
{
    *ticket = 0;

    if (c->state == REVIEW_CIRCUIT_OPEN) {
        return 0;
    }

    c->random = random;
    *ticket = c->ticket;

    return 1;
}


void
review_circuit_return(review_circuit_t *c)
{
    if (c->state == REVIEW_CIRCUIT_HALF_OPEN && c->probing) {
        c->probing--;
    }
}


void
review_circuit_forget(review_circuit_t *c)
{
    if (c->state == REVIEW_CIRCUIT_HALF_OPEN) {
        c->probing = 0;
        (void) review_circuit_ticket(c);
    }
}


static review_circuit_slot_t *
review_circuit_slot(review_circuit_t *c, uint64_t now)
{
    uint64_t                part;
    review_circuit_slot_t  *s;

    part = now / (c->conf.window / REVIEW_CIRCUIT_PARTS);
    s = &c->slots[part % REVIEW_CIRCUIT_PARTS];

    if (s->part != part) {
        s->part = part;
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
    int                           i, span;
    uint64_t                      good, failed, part, length;
    const review_circuit_slot_t  *s;

    length = c->conf.window / REVIEW_CIRCUIT_PARTS;

    good = 0;
    failed = 0;
    span = 0;
    part = now / length;

    for (i = 0; i < REVIEW_CIRCUIT_PARTS; i++) {
        s = &c->slots[i];

        if (part - s->part < REVIEW_CIRCUIT_PARTS) {
            good += s->good;
            failed += s->failed;
            span += s->failed != 0;
        }
    }

    if ((good == 0 ? c->row : c->lost) >= c->conf.failures
        && now - c->since >= length * REVIEW_CIRCUIT_SPAN)
    {
        return 1;
    }

    return span >= REVIEW_CIRCUIT_SPAN && failed >= c->conf.failures
           && failed * 100 >= (good + failed) * c->conf.share;
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
    case REVIEW_CIRCUIT_ERROR:
        review_circuit_slot(c, now)->failed++;

        if (c->row == 0) {
            c->lost = 0;
        }

        if (c->row++ == 0 || now < c->since) {
            c->since = now;
        }

        c->lost += (result == REVIEW_CIRCUIT_FAILED);

        if (c->conf.failures && review_circuit_is_failing(c, now)) {
            review_circuit_open(c, now, 0);
        }

        break;

    case REVIEW_CIRCUIT_NOTHING:
        break;
    }
}


void
review_circuit_result(review_circuit_t *c, uint64_t now, uint32_t ticket,
    review_circuit_result_e result, int again)
{
    if (ticket != c->ticket) {
        return;
    }

    if (c->state == REVIEW_CIRCUIT_CLOSED) {
        review_circuit_count(c, now, result);
        return;
    }

    if (c->state == REVIEW_CIRCUIT_OPEN || c->probing == 0) {
        return;
    }

    c->probing--;
    c->since = now;

    switch (result) {

    case REVIEW_CIRCUIT_NOTHING:
        break;

    case REVIEW_CIRCUIT_ERROR:

        if (c->row) {
            c->pause = 0;
            c->fresh = 0;
        }

        /* fall through */

    case REVIEW_CIRCUIT_FAILED:
        review_circuit_open(c, now, again);
        break;

    default:

        if (++c->row >= REVIEW_CIRCUIT_PROBES) {
            review_circuit_close(c);
        }
    }
}


review_circuit_e
review_circuit_state(const review_circuit_t *c, uint64_t now)
{
    if (review_circuit_is_idle(c, now)) {
        return REVIEW_CIRCUIT_CLOSED;
    }

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
    return review_circuit_wait(c, now);
}
