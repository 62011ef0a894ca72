
/*
 * How long the answers of the last minute have taken: their mean, by which it
 * is told when to come back, and the fastest tenth of them, by which it is
 * known that a deadline is too near for one more.
 *
 * They are counted by duration, eight steps for twice as long, in parts of five
 * seconds, of which the oldest is forgotten when a new one begins.
 *
 * And which servers have answered lately: where one is silent while others are
 * not, its calls say nothing of the load that all of them bear together.
 *
 * The state is one plain struct, all zeros at first, which processes may share;
 * the caller holds a lock.  Times are milliseconds of a clock that all of them
 * have in common; it may step, and then all is forgotten.
 */

#ifndef _REVIEW_RECENT_H_INCLUDED_
#define _REVIEW_RECENT_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_RECENT_PART     5000
#define REVIEW_RECENT_PARTS    12
#define REVIEW_RECENT_BUCKETS  184      /* up to some hours */

/* servers; the one that has not answered for longest gives way */

#define REVIEW_RECENT_PEERS    32

/* with fewer answers nothing is said of the fastest */

#define REVIEW_RECENT_FEW      20


typedef struct {
    uint64_t               sum;         /* of milliseconds */
    uint32_t               n;
    uint32_t               buckets[REVIEW_RECENT_BUCKETS];
} review_recent_part_t;


typedef struct {
    uint32_t               peer;        /* 0: none */
    uint64_t               answered;
} review_recent_peer_t;


typedef struct {
    uint64_t               part;        /* of the clock, the newest */
    uint64_t               looked;      /* when it was known, */
    uint32_t               fastest;     /* what this was */
    uint32_t               mean;        /* of the last minute with an answer */
    review_recent_part_t   all;         /* of these */
    review_recent_part_t   parts[REVIEW_RECENT_PARTS];
    review_recent_peer_t   peers[REVIEW_RECENT_PEERS];
} review_recent_t;


void review_recent_add(review_recent_t *r, uint64_t now, uint64_t took);

/*
 * A tenth of the answers took about so long, or less: never more than that, and
 * less by an eighth at most.  0: there were too few.
 */

uint32_t review_recent_fastest(review_recent_t *r, uint64_t now);

/* where there was none in this minute, of the last one; 0: none ever */

uint32_t review_recent_mean(review_recent_t *r, uint64_t now);

/* a server, by any number but 0, has answered; 0: it is not known which */

void review_recent_answered(review_recent_t *r, uint64_t now, uint32_t peer);

/*
 * A server's call has timed out after so long.  1: it is the only one that is
 * silent, as for half of that time others have answered, and it has not.
 */

int review_recent_is_alone(const review_recent_t *r, uint64_t now,
    uint32_t peer, uint64_t took);


#pragma GCC visibility pop


#endif /* _REVIEW_RECENT_H_INCLUDED_ */
