
/*
 * A circuit breaker: while an LLM fails whatever it is asked, calls to it fail
 * at once, instead of waiting for what does not come.
 *
 * Closed, calls pass.  It opens when within ten seconds enough calls have ended
 * and nearly all of them failed.  It also opens when so many calls have failed
 * in a row, however long that took: with calls that take a minute to time out,
 * and few of them in flight, no ten seconds ever see enough of them.
 *
 * Open, calls fail.  After a pause it is half-open: one call at a time is let
 * through as a probe.  If a probe fails, it opens again, for twice as long; if
 * some in a row are answered, it closes.
 *
 * A call is given a ticket, and its result is told with that.  A result counts
 * only while the circuit is in the state in which the call was let through, so
 * that calls that time out long after the circuit has opened and closed again
 * do not open it once more.  A probe whose result does not come, because its
 * process is gone, is given up after a time.
 *
 * The state is one plain struct, which processes may share; the caller holds a
 * lock.  Times are milliseconds of a clock that all of them have in common; it
 * may step.
 */

#ifndef _REVIEW_CIRCUIT_H_INCLUDED_
#define _REVIEW_CIRCUIT_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_CIRCUIT_WINDOW    10        /* seconds */
#define REVIEW_CIRCUIT_CALLS     20
#define REVIEW_CIRCUIT_PERCENT   90
#define REVIEW_CIRCUIT_PAUSE     2000
#define REVIEW_CIRCUIT_PAUSE_MAX 30000
#define REVIEW_CIRCUIT_PROBES    3


typedef enum {
    REVIEW_CIRCUIT_CLOSED = 0,
    REVIEW_CIRCUIT_OPEN,
    REVIEW_CIRCUIT_HALF_OPEN
} review_circuit_e;


/* what becomes of a call */

typedef enum {
    REVIEW_CIRCUIT_PASS = 0,
    REVIEW_CIRCUIT_PROBE,
    REVIEW_CIRCUIT_REFUSE
} review_circuit_call_e;


/*
 * What came of it.  Another answer (429 and the like, 4xx, one that cannot be
 * used) shows that the LLM lives, which is what a probe wants to know; but it
 * is not put down in its favour in the window.
 */

typedef enum {
    REVIEW_CIRCUIT_NOTHING = -1,       /* it was cancelled, say */
    REVIEW_CIRCUIT_FAILED = 0,         /* no connection, 5xx, timeout, cut */
    REVIEW_CIRCUIT_GOOD = 1,
    REVIEW_CIRCUIT_ANSWERED = 2
} review_circuit_result_e;


typedef struct {
    uint64_t          second;          /* of the clock */
    uint32_t          good;
    uint32_t          failed;
} review_circuit_slot_t;


typedef struct {
    review_circuit_e       state;

    uint32_t               calls;      /* that must have ended, at least */
    uint32_t               percent;    /* of them that must have failed */
    uint32_t               pause_min;  /* ms */
    uint32_t               pause_max;
    uint32_t               probes;     /* that must be answered */
    uint32_t               expiry;     /* of a probe, ms */

    uint32_t               ticket;     /* the last one given */
    uint32_t               row;        /* failures, or answered probes */
    uint32_t               pause;      /* without jitter, ms */
    uint32_t               length;     /* with it */
    uint32_t               random;
    uint32_t               probing;    /* a probe is on its way */
    uint64_t               since;      /* when it opened, or the probe began */
    review_circuit_slot_t  slots[REVIEW_CIRCUIT_WINDOW];
} review_circuit_t;


/*
 * "expiry" is when a probe is given up: longer than a call may take, or an LLM
 * that answers slowly would never be found alive.  The other parameters may be
 * set after that.
 */

void review_circuit_init(review_circuit_t *c, uint32_t expiry);

/* may there be a call?  If so, its result is to be told with the ticket */

review_circuit_call_e review_circuit_allow(review_circuit_t *c, uint64_t now,
    uint32_t random, uint32_t *ticket);

void review_circuit_result(review_circuit_t *c, uint64_t now, uint32_t ticket,
    review_circuit_result_e result);

review_circuit_e review_circuit_state(const review_circuit_t *c, uint64_t now);

/* in how many milliseconds to ask again; 0: now */

uint32_t review_circuit_retry_after(const review_circuit_t *c, uint64_t now);


#pragma GCC visibility pop


#endif /* _REVIEW_CIRCUIT_H_INCLUDED_ */
