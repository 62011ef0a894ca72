
#include "review/search/search.h"

#include <stdlib.h>


/* a chunk was put into a reading; it was quoted by one */

#define REVIEW_SEARCH_READ    0x01
#define REVIEW_SEARCH_QUOTED  0x02


typedef struct {
    review_search_reading_t  *elts;
    size_t                    n;
    size_t                    room;
} review_search_readings_t;


struct review_search_s {
    review_pool_t            *pool;
    review_search_given_t     given;
    const uint32_t           *order;     /* as it is now */
    unsigned char            *marks;     /* of each chunk */
    size_t                    nmarks;
    uint32_t                 *list;      /* room for all chunks */
    review_search_readings_t  readings;
    size_t                    first;     /* reading of this round */
    size_t                    running;
    size_t                    rounds;
    size_t                    left;
    review_search_outcome_e   outcome;
    size_t                    decided;   /* the reading that does */
    size_t                    sure;      /* that is told if none can decide */
    unsigned                  due:1;
    unsigned                  stopped:1;
};


/* how much goes into one reading */

typedef struct {
    size_t                    n;
    size_t                    units;
    size_t                    bytes;
} review_search_fill_t;


static int
review_search_compare(const void *a, const void *b)
{
    uint32_t  one, two;

    one = *(const uint32_t *) a;
    two = *(const uint32_t *) b;

    return (one > two) - (one < two);
}


/* one that is too large by itself is read alone */

static int
review_search_fits(const review_search_given_t *given,
    review_search_fill_t *fill, uint32_t chunk)
{
    size_t  units, bytes;

    units = fill->units + given->units[chunk];
    bytes = fill->bytes + given->bytes[chunk];

    if (fill->n
        && (bytes > given->max_bytes
            || (given->max_units ? units > given->max_units
                                 : fill->n == given->k)))
    {
        return 0;
    }

    fill->n++;
    fill->units = units;
    fill->bytes = bytes;

    return 1;
}


static int
review_search_add(review_search_t *s, const uint32_t *chunks, size_t n,
    unsigned last)
{
    size_t                    i, room;
    review_search_reading_t  *elts, *reading;

    if (s->readings.n == s->readings.room) {
        room = s->readings.room * 2 + 4;
        elts = review_alloc(s->pool, room * sizeof(review_search_reading_t));

        if (elts == NULL) {
            return -1;
        }

        if (s->readings.n) {
            memcpy(elts, s->readings.elts,
                   s->readings.n * sizeof(review_search_reading_t));
        }

        s->readings.elts = elts;
        s->readings.room = room;
    }

    reading = &s->readings.elts[s->readings.n];
    memset(reading, 0, sizeof(*reading));

    reading->chunks = review_alloc(s->pool, n * sizeof(uint32_t));

    if (reading->chunks == NULL) {
        return -1;
    }

    memcpy(reading->chunks, chunks, n * sizeof(uint32_t));
    reading->n = n;
    reading->round = s->rounds;
    reading->last = last & 1;

    for (i = 0; i < n; i++) {
        s->marks[chunks[i]] |= REVIEW_SEARCH_READ;
    }

    s->readings.n++;
    s->running++;

    return 0;
}


/*
 * The first n of the list, which are sorted, become readings, at most "most" of
 * them; SIZE_MAX: no memory
 */

static size_t
review_search_pack(review_search_t *s, size_t n, size_t most)
{
    size_t                i, first, packed;
    review_search_fill_t  fill;

    qsort(s->list, n, sizeof(uint32_t), review_search_compare);

    packed = 0;

    for (i = 0; i < n && packed < most; /* void */) {
        memset(&fill, 0, sizeof(fill));

        for (first = i;
             i < n && review_search_fits(&s->given, &fill, s->list[i]);
             i++)
        { /* void */ }

        if (review_search_add(s, s->list + first, i - first, 0) != 0) {
            return SIZE_MAX;
        }

        packed++;
    }

    return packed;
}


/* the next ranks, as many as one reading takes */

static size_t
review_search_next_ranks(review_search_t *s)
{
    size_t                i, n;
    review_search_fill_t  fill;

    memset(&fill, 0, sizeof(fill));

    for (i = 0, n = 0; i < s->given.n && n < s->given.k; i++) {

        if (s->marks[s->order[i]] & REVIEW_SEARCH_READ) {
            continue;
        }

        if (!review_search_fits(&s->given, &fill, s->order[i])) {
            break;
        }

        s->list[n++] = s->order[i];
    }

    return n;
}


/* the best ranked, and what has to be read beside them */

static int
review_search_first_round(review_search_t *s)
{
    size_t                i, n;
    const unsigned char  *must;

    s->rounds = 1;

    n = review_search_next_ranks(s);

    for (i = 0; i < n; i++) {
        s->marks[s->list[i]] = REVIEW_SEARCH_READ;
    }

    must = s->given.must;

    for (i = 0; must && i < s->given.n; i++) {
        if (must[s->order[i]] && !s->marks[s->order[i]]) {
            s->list[n++] = s->order[i];
        }
    }

    return review_search_pack(s, n, SIZE_MAX) == SIZE_MAX ? -1 : 0;
}


review_search_t *
review_search_create(review_pool_t *pool, const review_search_given_t *given)
{
    size_t            i;
    review_search_t  *s;

    s = review_alloc(pool, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }

    memset(s, 0, sizeof(*s));

    s->pool = pool;
    s->given = *given;
    s->order = given->order;

    for (i = 0; i < given->n; i++) {
        if (given->order[i] >= s->nmarks) {
            s->nmarks = (size_t) given->order[i] + 1;
        }
    }

    s->marks = review_alloc(pool, s->nmarks + 1);
    s->list = review_alloc(pool, given->n * sizeof(uint32_t) + 1);

    if (s->marks == NULL || s->list == NULL) {
        return NULL;
    }

    memset(s->marks, 0, s->nmarks + 1);

    if (given->n == 0) {
        s->outcome = REVIEW_SEARCH_UNREAD;
        return s;
    }

    return review_search_first_round(s) == 0 ? s : NULL;
}


size_t
review_search_readings(const review_search_t *s)
{
    return s->readings.n;
}


const review_search_reading_t *
review_search_reading(const review_search_t *s, size_t n)
{
    return &s->readings.elts[n];
}


/* chunks that no reading has, or that those have which failed, are not read */

static size_t
review_search_unread(const review_search_t *s)
{
    size_t  i, n;

    for (i = 0, n = 0; i < s->given.n; i++) {
        n += !(s->marks[s->order[i]] & REVIEW_SEARCH_READ);
    }

    return n;
}


/* calls for so many readings, or for as many as there are */

static size_t
review_search_affords(const review_search_t *s)
{
    uint64_t  n;

    if (s->stopped) {
        return 0;
    }

    if (s->given.left == NULL || s->given.steps == 0) {
        return SIZE_MAX;
    }

    n = *s->given.left / s->given.steps;

    return n < SIZE_MAX ? (size_t) n : SIZE_MAX;
}


static void
review_search_spend(review_search_t *s, size_t readings)
{
    if (s->given.left) {
        *s->given.left -= (uint64_t) readings * s->given.steps;
    }
}


static void
review_search_decide(review_search_t *s, review_search_outcome_e outcome,
    size_t reading)
{
    s->outcome = outcome;
    s->decided = reading;
    s->due = 0;
}


/* of what is quoted, as much as one reading takes: the best ranked first */

static int
review_search_last(review_search_t *s, size_t found)
{
    size_t                i, n, quoted;
    review_search_fill_t  fill;

    memset(&fill, 0, sizeof(fill));
    s->sure = found;

    for (i = 0, n = 0, quoted = 0; i < s->given.n; i++) {

        if (!(s->marks[s->order[i]] & REVIEW_SEARCH_QUOTED)) {
            continue;
        }

        quoted++;

        if (n + 1 == quoted
            && review_search_fits(&s->given, &fill, s->order[i]))
        {
            s->list[n++] = s->order[i];
        }
    }

    s->left = quoted - n;

    if (n == 0 || review_search_affords(s) == 0) {
        s->left = quoted;
        review_search_decide(s, REVIEW_SEARCH_DOUBTED, found);
        return 0;
    }

    qsort(s->list, n, sizeof(uint32_t), review_search_compare);
    review_search_spend(s, 1);

    return review_search_add(s, s->list, n, 1);
}


/* all that could be read is: what came of it? */

static int
review_search_conclude(review_search_t *s)
{
    size_t                    i, n, found, failed, first;
    review_search_reading_t  *reading;

    found = 0;
    failed = 0;
    first = 0;

    for (i = s->readings.n; i-- > 0; /* void */) {
        reading = &s->readings.elts[i];

        if (reading->failed) {
            failed++;
            first = found ? first : i;

        } else if (reading->found) {

            /* one that is sure is told rather than one that is not */

            if (found == 0 || !reading->unsure
                || s->readings.elts[first].unsure)
            {
                first = i;
            }

            found++;
        }
    }

    if (found > 1) {
        return review_search_last(s, first);
    }

    n = review_search_unread(s);

    review_search_decide(s, found ? REVIEW_SEARCH_FOUND
                            : failed ? REVIEW_SEARCH_FAILED
                            : n ? REVIEW_SEARCH_UNREAD
                            : REVIEW_SEARCH_ABSENT, first);
    return 0;
}


/* a reading of the round has found it, and is sure of that */

static int
review_search_is_found(const review_search_t *s)
{
    size_t                          i;
    const review_search_reading_t  *reading;

    for (i = s->first; i < s->readings.n; i++) {
        reading = &s->readings.elts[i];

        if (!reading->failed && reading->found && !reading->unsure) {
            return 1;
        }
    }

    return 0;
}


static int
review_search_ended(review_search_t *s)
{
    review_search_reading_t  *reading;

    reading = &s->readings.elts[s->readings.n - 1];

    if (reading->last) {

        /* it could not be made: what was found before is told, in doubt */

        if (reading->failed && s->stopped) {
            s->left += reading->n;
            review_search_decide(s, REVIEW_SEARCH_DOUBTED, s->sure);
            return 0;
        }

        review_search_decide(s, reading->failed ? REVIEW_SEARCH_FAILED
                                : reading->found ? REVIEW_SEARCH_FOUND
                                : REVIEW_SEARCH_DOUBTED,
                             s->readings.n - 1);
        return 0;
    }

    if (review_search_is_found(s) || s->rounds >= s->given.rounds
        || review_search_unread(s) == 0 || review_search_affords(s) == 0)
    {
        return review_search_conclude(s);
    }

    s->due = 1;

    return 0;
}


int
review_search_end(review_search_t *s, size_t n,
    const review_search_answer_t *answer)
{
    size_t                    i;
    uint32_t                  chunk;
    review_search_reading_t  *reading;

    reading = &s->readings.elts[n];

    if (reading->ended) {
        return 0;
    }

    reading->ended = 1;
    reading->failed = answer->failed;
    reading->found = !answer->failed && answer->found;
    reading->unsure = answer->unsure;

    for (i = 0; reading->found && i < answer->nquoted; i++) {
        chunk = answer->quoted[i];

        if (chunk < s->nmarks && (s->marks[chunk] & REVIEW_SEARCH_READ)) {
            s->marks[chunk] |= REVIEW_SEARCH_QUOTED;
        }
    }

    /* what quotes nothing has found it in any of its chunks */

    for (i = 0; reading->found && answer->nquoted == 0 && i < reading->n; i++) {
        s->marks[reading->chunks[i]] |= REVIEW_SEARCH_QUOTED;
    }

    return --s->running == 0 ? review_search_ended(s) : 0;
}


int
review_search_is_due(const review_search_t *s)
{
    return s->due;
}


/* what is left, or as much of it as so many readings take */

static size_t
review_search_rest(review_search_t *s, size_t readings)
{
    size_t                i, n, filled;
    review_search_fill_t  fill;

    memset(&fill, 0, sizeof(fill));

    for (i = 0, n = 0, filled = 0; i < s->given.n; i++) {

        if (s->marks[s->order[i]] & REVIEW_SEARCH_READ) {
            continue;
        }

        if (!review_search_fits(&s->given, &fill, s->order[i])) {

            if (++filled == readings) {
                break;
            }

            memset(&fill, 0, sizeof(fill));
            (void) review_search_fits(&s->given, &fill, s->order[i]);
        }

        s->list[n++] = s->order[i];
    }

    return n;
}


int
review_search_widen(review_search_t *s, const uint32_t *order)
{
    size_t  n, packed, most;

    if (!s->due) {
        return 0;
    }

    s->due = 0;
    s->order = order ? order : s->order;
    s->first = s->readings.n;
    s->rounds++;

    most = review_search_affords(s);

    n = s->rounds < s->given.rounds ? review_search_next_ranks(s)
                                    : review_search_rest(s, most);

    packed = review_search_pack(s, n, most);

    if (packed == SIZE_MAX) {
        return -1;
    }

    review_search_spend(s, packed);

    return 0;
}


int
review_search_stop(review_search_t *s)
{
    size_t                    i;
    review_search_reading_t  *reading;

    if (s->outcome != REVIEW_SEARCH_GOES_ON) {
        return 0;
    }

    for (i = 0; i < s->readings.n; i++) {
        reading = &s->readings.elts[i];

        if (!reading->ended) {
            reading->ended = 1;
            reading->failed = 1;
        }
    }

    s->running = 0;
    s->stopped = 1;

    return review_search_ended(s);
}


/* each chunk is in one reading, but for what the last one has once more */

static size_t
review_search_chunks(const review_search_t *s)
{
    size_t                          i, n;
    const review_search_reading_t  *reading;

    for (i = 0, n = 0; i < s->readings.n; i++) {
        reading = &s->readings.elts[i];

        if (!reading->last && reading->ended && !reading->failed) {
            n += reading->n;
        }
    }

    return n;
}


void
review_search_result(const review_search_t *s, review_search_result_t *result)
{
    size_t  i;

    memset(result, 0, sizeof(*result));

    result->outcome = s->outcome;
    result->reading = s->decided;
    result->chunks = review_search_chunks(s);
    result->of = s->given.n;
    result->rounds = s->rounds;
    result->left = s->left;

    for (i = 0; i < s->readings.n; i++) {
        result->failed |= s->readings.elts[i].failed;
    }
}


/* nothing is found, so that all is read; or else one more has to decide */

int
review_search_cost(review_pool_t *pool, const review_search_given_t *given,
    uint64_t *least, uint64_t *most)
{
    size_t                  n;
    review_search_t        *s;
    review_search_given_t   alone;
    review_search_answer_t  none;

    memset(&none, 0, sizeof(none));

    alone = *given;
    alone.left = NULL;

    s = review_search_create(pool, &alone);

    if (s == NULL) {
        return -1;
    }

    *least = (uint64_t) s->readings.n * given->steps;

    for (n = 0; n < s->readings.n; n++) {

        if (review_search_end(s, n, &none) != 0
            || (s->due && review_search_widen(s, NULL) != 0))
        {
            return -1;
        }
    }

    *most = (uint64_t) (n + (n > 1)) * given->steps;

    return 0;
}
