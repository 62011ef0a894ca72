
/*
 * How many calls an LLM bears at a time, found out by trying.
 *
 * The limit grows while it is used and calls take no longer than they should.
 * It falls when the LLM is overloaded: it refuses calls, they time out, or they
 * take longer because there are so many of them.
 *
 * Where the ideas are from:
 *
 * - TCP: slow start, that is doubling, up to the first sign of overload; one
 *   decrease for all losses of a round trip; no increase of what is not used.
 *
 * - BIC TCP: the way back to where it was too much is quick and its end slow;
 *   beyond that place steps get larger again.
 *
 * - TCP Vegas, Netflix's concurrency-limits (Vegas, Gradient): of the calls in
 *   flight, the part 1 - baseline / latency only waits.  A few may wait: the
 *   LLM is busy then.  If it is more, the limit falls by that many.
 *
 * - Envoy's adaptive concurrency: from time to time the limit is lowered for a
 *   while, to measure the baseline anew.
 *
 * - Kleinrock's power, throughput divided by latency, which is at its maximum
 *   where one per cent more load makes calls half a per cent slower.
 *
 * A baseline that is the minimum of all times makes an LLM that has got slower
 * look overloaded for ever; one that follows the latency makes an overloaded
 * LLM look healthy.  So here the baseline comes from experiments: a probe
 * lowers the limit by a quarter.  If calls get faster by more than half of
 * that, then there were too many of them, and if the LLM has as much done as
 * before, it is lowered further at once.  If they do not, the LLM is as fast as
 * it is: the limit goes back up, and that is the baseline.  What calls got
 * faster by is what load costs there, and most of it is granted when the limit
 * grows from there.  A decrease because of latency is an experiment as well.
 *
 * Answers are of very different lengths.  So nothing is made of single calls: a
 * window has as many calls as the limit at least, and up to four times as many
 * if their mean is not certain before.  Two means differ only if they do by
 * more than chance.  A window begins when what ends tells of the present limit.
 *
 * The state is one plain struct, which processes may share; the caller holds a
 * lock.  Times are milliseconds of a clock that all of them have in common.
 */

#ifndef _REVIEW_ADAPT_H_INCLUDED_
#define _REVIEW_ADAPT_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_ADAPT_OK = 0,
    REVIEW_ADAPT_OVERLOAD,             /* refused (429, 503), or timed out */
    REVIEW_ADAPT_OTHER                 /* says nothing about load */
} review_adapt_e;


typedef struct {
    uint32_t               n;
    double                 sum;
    double                 square;
} review_adapt_sum_t;


/* "error" is the variance that such means have by chance; value 0: unknown */

typedef struct {
    double                 value;
    double                 error;
} review_adapt_mean_t;


/* how long calls take with so many of them in flight; load 0: unknown */

typedef struct {
    double                 load;
    review_adapt_mean_t    whole;      /* to the end */
    review_adapt_mean_t    first;      /* to the first token */
} review_adapt_point_t;


typedef struct {
    uint64_t               start;
    review_adapt_sum_t     whole;
    review_adapt_sum_t     first;
    double                 load;       /* a sum as well */
    uint32_t               used;       /* calls that found the limit used */
    uint32_t               bad;        /* refused, or timed out */
    uint32_t               good;       /* that ended before the first of them */
} review_adapt_window_t;


typedef struct {
    uint32_t               min;
    uint32_t               max;
    double                 limit;
    double                 ceiling;    /* where it was too much; 0: nowhere */

    review_adapt_window_t  window;
    double                 whole;      /* how long calls took lately */
    uint64_t               changed;    /* when the limit was */
    uint64_t               cut;        /* when it last was, for overload */
    uint32_t               cuts;       /* of these, in a row */

    review_adapt_point_t   base;
    double                 slope;      /* the rise that is granted, by load */
    review_adapt_point_t   before;     /* what an experiment began with */
    uint32_t               probing;
    uint32_t               next;       /* windows up to the next probe */
    uint32_t               every;
} review_adapt_t;


/* starts in the middle, as many doublings from one bound as from the other */

void review_adapt_init(review_adapt_t *a, uint32_t min, uint32_t max);

/* other bounds: what was learned stays */

void review_adapt_bounds(review_adapt_t *a, uint32_t min, uint32_t max);

/*
 * A call has ended "now": when it began, how many were in flight then, itself
 * included, the time to its first token or, if it was not streamed, to its
 * answer (0: unknown), and how many wait for their turn.
 */

void review_adapt_sample(review_adapt_t *a, uint64_t now, uint64_t began,
    uint32_t in_flight, review_adapt_e outcome, uint32_t first,
    uint32_t waiting);

uint32_t review_adapt_limit(const review_adapt_t *a);


#pragma GCC visibility pop


#endif /* _REVIEW_ADAPT_H_INCLUDED_ */
