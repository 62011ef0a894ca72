
/*
 * A point about a document is asked of passages, a few at a time: where is what
 * it asks for, and is it anywhere?
 *
 * A reading is one question about several chunks.  The first round has the best
 * ranked ones and all that have to be read; where no reading of it has found
 * anything for sure, the next round has those ranked next, and the last one all
 * that are left, in as many readings as that takes.  What nobody finds is
 * absent only where every chunk was read, and no reading has failed.
 *
 * Where several readings have found something, one more decides, of the chunks
 * that they quote.
 *
 * Plain memory of one process; nothing is asked here.
 */

#ifndef _REVIEW_SEARCH_H_INCLUDED_
#define _REVIEW_SEARCH_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef struct {
    const uint32_t         *order;       /* chunks in question, best first */
    size_t                  n;           /* of them */
    const unsigned char    *must;        /* of each chunk: it is read in the
                                            first round; NULL: none is */
    const size_t           *units;       /* of each, at most, with what stands
                                            around it in a reading; */
    const size_t           *bytes;       /* bytes likewise */
    size_t                  k;           /* chunks of a round but the last */
    size_t                  max_units;   /* of a reading; 0: it has k chunks */
    size_t                  max_bytes;
    size_t                  rounds;      /* at least 1 */
    size_t                  steps;       /* calls that a reading takes */
    uint64_t               *left;        /* calls that searches may make behind
                                            their first rounds, shared; NULL:
                                            any number */
} review_search_given_t;


typedef struct {
    uint32_t               *chunks;      /* ascending */
    size_t                  n;
    size_t                  round;       /* from 1 */
    unsigned                last:1;      /* of what others have quoted */
    unsigned                ended:1;
    unsigned                failed:1;
    unsigned                found:1;
    unsigned                unsure:1;
} review_search_reading_t;


/* what came of a reading */

typedef struct {
    unsigned                failed:1;    /* for good */
    unsigned                found:1;
    unsigned                unsure:1;    /* its verdict is */
    const uint32_t         *quoted;      /* chunks that it quotes, if it has
                                            found anything, in any order */
    size_t                  nquoted;
} review_search_answer_t;


typedef enum {
    REVIEW_SEARCH_GOES_ON = 0,
    REVIEW_SEARCH_FOUND,                 /* the reading says what */
    REVIEW_SEARCH_DOUBTED,               /* it was found, but the reading that
                                            was to decide has not found it, or
                                            could not be made */
    REVIEW_SEARCH_ABSENT,                /* it is nowhere */
    REVIEW_SEARCH_UNREAD,                /* not found, not all is read */
    REVIEW_SEARCH_FAILED                 /* as the reading did */
} review_search_outcome_e;


typedef struct {
    review_search_outcome_e outcome;
    size_t                  reading;     /* that decides: FOUND, DOUBTED,
                                            FAILED; of others the first one */
    size_t                  chunks;      /* that were read */
    size_t                  of;          /* so many */
    size_t                  rounds;      /* that were made */
    size_t                  left;        /* quoted, with no room in the last */
    unsigned                failed:1;    /* any reading was, for good */
} review_search_result_t;


typedef struct review_search_s  review_search_t;


/*
 * What is given is the caller's, and outlives the search.  The first round is
 * there at once: it costs nothing of "left".  NULL: no memory.
 */

review_search_t *review_search_create(review_pool_t *pool,
    const review_search_given_t *given);

/* all readings so far, those that are to be asked first among them */

size_t review_search_readings(const review_search_t *search);
const review_search_reading_t *review_search_reading(
    const review_search_t *search, size_t n);

/* a reading has come to its end; 0, or -1: no memory */

int review_search_end(review_search_t *search, size_t n,
    const review_search_answer_t *answer);

/*
 * 1: all readings have ended, and the next round is due: the chunks may be
 * given in another order, which is the caller's; then "widen" adds its
 * readings.  0, or -1: no memory.
 */

int review_search_is_due(const review_search_t *search);
int review_search_widen(review_search_t *search, const uint32_t *order);

/* no more is read: what is under way has failed */

int review_search_stop(review_search_t *search);

void review_search_result(const review_search_t *search,
    review_search_result_t *result);

/* calls that it takes at least, and at most, by itself */

int review_search_cost(review_pool_t *pool, const review_search_given_t *given,
    uint64_t *least, uint64_t *most);


#pragma GCC visibility pop


#endif /* _REVIEW_SEARCH_H_INCLUDED_ */
