
/*
 * A circuit breaker: while an LLM fails whatever it is asked, calls wait until
 * it is well again, instead of being spent on it.
 *
 * Closed, calls pass.  It opens when within a window enough calls have failed,
 * they are nearly all that have ended, and they did so in three of its fifty
 * parts: calls that are cut in one moment, by a server that is well in the
 * next, open nothing.  It also opens when so many calls have failed in a row,
 * however long that took: with calls that take a minute to time out, and few of
 * them in flight, no window ever sees enough of them.  Errors make no such row
 * where any call was answered within the window: they may be the question's.
 *
 * Open, there is no room.  After a pause it is half-open: one call is let
 * through as a probe, and with each that is answered one more at a time; where
 * none ends, one more after each pause.  If a probe fails, it opens again, for
 * twice as long; if some in a row are answered, it closes.  It also closes when
 * nobody has asked for a window.
 *
 * A call that has failed before, and fails again as a probe, may fail whatever
 * the LLM does.  So there is a pause for those that have not failed, too, which
 * no such failure makes longer; and after an error that comes when others were
 * answered since it opened, both begin anew.
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


#define REVIEW_CIRCUIT_FAILURES  20
#define REVIEW_CIRCUIT_WINDOW    10000
#define REVIEW_CIRCUIT_SHARE     90
#define REVIEW_CIRCUIT_PAUSE     2000
#define REVIEW_CIRCUIT_PAUSE_MAX 30000     /* or the first one, if longer */
#define REVIEW_CIRCUIT_PROBES    3

/* parts of the window, and how many of them must have seen failures */

#define REVIEW_CIRCUIT_PARTS     50
#define REVIEW_CIRCUIT_SPAN      3

/* room for as many calls as want to */

#define REVIEW_CIRCUIT_ALL       UINT32_MAX


typedef enum {
    REVIEW_CIRCUIT_CLOSED = 0,
    REVIEW_CIRCUIT_OPEN,
    REVIEW_CIRCUIT_HALF_OPEN
} review_circuit_e;


/*
 * What came of it.  Another answer (429 and the like, 4xx, one that cannot be
 * used) shows that the LLM lives, which is what a probe wants to know; but it
 * is not put down in its favour in the window.
 */

typedef enum {
    REVIEW_CIRCUIT_NOTHING = -1,       /* it was cancelled, say */
    REVIEW_CIRCUIT_FAILED = 0,         /* no connection, timeout, cut,
                                          502 to 504 */
    REVIEW_CIRCUIT_GOOD = 1,
    REVIEW_CIRCUIT_ANSWERED = 2,
    REVIEW_CIRCUIT_ERROR = 3           /* another 5xx: a failure, too */
} review_circuit_result_e;


/* times are milliseconds */

typedef struct {
    uint32_t          failures;        /* calls that must have failed; 0: it
                                          never opens */
    uint32_t          window;          /* at least 50 */
    uint32_t          share;           /* percent of all that have ended */
    uint32_t          pause;           /* the first one */
} review_circuit_conf_t;


extern const review_circuit_conf_t  review_circuit_default;


typedef struct {
    uint64_t          part;            /* of the clock */
    uint32_t          good;
    uint32_t          failed;
} review_circuit_slot_t;


typedef struct {
    review_circuit_e       state;

    review_circuit_conf_t  conf;
    uint32_t               expiry;     /* of a probe, ms */

    uint32_t               ticket;     /* the last one given */
    uint32_t               row;        /* failures, or answered probes */
    uint32_t               lost;       /* failures of it that are no errors */
    uint32_t               pause;      /* without jitter, ms */
    uint32_t               length;     /* with it */
    uint32_t               fresh;      /* the same of calls that have not */
    uint32_t               fresh_length;  /* failed */
    uint32_t               random;
    uint32_t               probing;    /* probes on their way */
    uint64_t               since;      /* when the row of failures began, it
                                          opened, or a probe began or ended */
    review_circuit_slot_t  slots[REVIEW_CIRCUIT_PARTS];
} review_circuit_t;


/*
 * "expiry" is when a probe is given up: longer than a call may take, or an LLM
 * that answers slowly would never be found alive.
 */

void review_circuit_init(review_circuit_t *c, uint32_t expiry);

/* what it goes by from now on; one that is open stays so, unless it is off */

void review_circuit_set(review_circuit_t *c, const review_circuit_conf_t *conf);

/*
 * How many calls may begin now, any or such that have not failed; so many of
 * them are promised, and have room.  A call that begins needs such a promise.
 */

uint32_t review_circuit_room(review_circuit_t *c, uint64_t now);
uint32_t review_circuit_room_fresh(review_circuit_t *c, uint64_t now);
void review_circuit_promise(review_circuit_t *c, uint64_t now, uint32_t n);

/*
 * A call that was promised room begins, and its result is to be told with the
 * ticket: 1; or 0: the circuit has opened since.
 */

int review_circuit_begin(review_circuit_t *c, uint32_t random,
    uint32_t *ticket);

/* a promise that nobody makes use of; all of them, since a process has died */

void review_circuit_return(review_circuit_t *c);
void review_circuit_forget(review_circuit_t *c);

/* "again": it had failed before, when it began */

void review_circuit_result(review_circuit_t *c, uint64_t now, uint32_t ticket,
    review_circuit_result_e result, int again);

review_circuit_e review_circuit_state(const review_circuit_t *c, uint64_t now);

/* in how many milliseconds to ask again; 0: now */

uint32_t review_circuit_retry_after(const review_circuit_t *c, uint64_t now);


#pragma GCC visibility pop


#endif /* _REVIEW_CIRCUIT_H_INCLUDED_ */
