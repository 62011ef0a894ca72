
/*
 * Proves which chunks are read for a point about a document, in which readings:
 * the best ranked first, then wider, at last all; that what nobody has found is
 * absent only where every chunk was read and none has failed; which reading
 * decides where several have found something; that no more calls are made than
 * are left; and all of that for searches made by chance.
 */

#include "tap.h"

#include "review/search/search.h"


#define MOST  400

static review_pool_t  *pool;
static uint64_t        seed = 20261201;

static uint32_t        order[MOST];
static size_t          units[MOST], bytes[MOST];
static unsigned char   must[MOST];


static uint32_t
roll(uint32_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (uint32_t) (seed >> 33) % n;
}


/* n chunks of 100 units, the last ones ranked first */

static review_search_given_t
given(size_t n, size_t k, size_t rounds)
{
    size_t                 i;
    review_search_given_t  g;

    memset(&g, 0, sizeof(g));

    for (i = 0; i < n; i++) {
        order[i] = (uint32_t) (n - 1 - i);
        units[i] = 100;
        bytes[i] = 300;
        must[i] = 0;
    }

    g.order = order;
    g.n = n;
    g.units = units;
    g.bytes = bytes;
    g.max_bytes = 1000000;
    g.k = k;
    g.rounds = rounds;
    g.steps = 1;

    return g;
}


static review_search_t *
create(const review_search_given_t *g)
{
    review_search_t  *s;

    s = review_search_create(pool, g);

    if (s == NULL) {
        abort();
    }

    return s;
}


/* "4 5 6 | 1 2" from a reading on */

static const char *
told(const review_search_t *s, size_t from)
{
    size_t                          i, k;
    static char                     text[4096];
    const review_search_reading_t  *reading;

    text[0] = '\0';

    for (i = from; i < review_search_readings(s); i++) {
        reading = review_search_reading(s, i);

        for (k = 0; k < reading->n; k++) {
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
                     k ? " " : i > from ? "|" : "", reading->chunks[k]);
        }
    }

    return text;
}


static int
is(const review_search_t *s, size_t from, const char *expected)
{
    if (strcmp(told(s, from), expected) == 0) {
        return 1;
    }

    printf("# got %s\n", told(s, from));

    return 0;
}


/* f: found, u: found and unsure, U: unsure, n: not found, x: failed */

static void
end(review_search_t *s, size_t n, char how, uint32_t quoted)
{
    review_search_answer_t  answer = {
        .failed = how == 'x',
        .found = how == 'f' || how == 'u',
        .unsure = how == 'u' || how == 'U',
        .quoted = &quoted,
        .nquoted = quoted != UINT32_MAX
    };

    if (review_search_end(s, n, &answer) != 0) {
        abort();
    }
}


static int
widened(review_search_t *s, const char *expected)
{
    size_t  n;

    n = review_search_readings(s);

    return review_search_is_due(s) && review_search_widen(s, NULL) == 0
           && is(s, n, expected);
}


static int
came(const review_search_t *s, review_search_outcome_e outcome, size_t reading,
    size_t chunks, size_t rounds, size_t left)
{
    review_search_result_t  result;

    review_search_result(s, &result);

    if (result.outcome == outcome && result.reading == reading
        && result.chunks == chunks && result.rounds == rounds
        && result.left == left)
    {
        return 1;
    }

    printf("# got %d of %zu, %zu chunks, %zu rounds, %zu left\n",
           (int) result.outcome, result.reading, result.chunks, result.rounds,
           result.left);

    return 0;
}


static void
test_rounds(void)
{
    uint64_t               least, most;
    review_search_t       *s;
    review_search_given_t  g;

    g = given(10, 3, 3);

    s = create(&g);
    ok(is(s, 0, "7 8 9"), "the best ranked first, in the document's order");
    end(s, 0, 'f', 8);
    ok(came(s, REVIEW_SEARCH_FOUND, 0, 3, 1, 0), "found at once");

    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    ok(widened(s, "4 5 6"), "not found: the next ranks");
    end(s, 1, 'n', UINT32_MAX);
    ok(widened(s, "0 1 2|3"), "at last all that are left");
    end(s, 3, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_GOES_ON, 0, 7, 3, 0), "one is still read");
    end(s, 2, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_ABSENT, 0, 10, 3, 0), "it is nowhere");
    ok(review_search_cost(pool, &g, &least, &most) == 0 && least == 1
       && most == 5, "that is what it takes, and one to decide");

    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    (void) widened(s, "4 5 6");
    end(s, 1, 'f', 5);
    ok(came(s, REVIEW_SEARCH_FOUND, 1, 6, 2, 0), "found in the second round");

    s = create(&g);
    end(s, 0, 'x', UINT32_MAX);
    ok(widened(s, "4 5 6"), "after a failure it goes on");
    end(s, 1, 'n', UINT32_MAX);
    (void) widened(s, "0 1 2|3");
    end(s, 2, 'n', UINT32_MAX);
    end(s, 3, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_FAILED, 0, 7, 3, 0), "but is never absent");

    g = given(3, 3, 3);
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_ABSENT, 0, 3, 1, 0), "all is read in one round");

    g = given(10, 3, 1);
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_UNREAD, 0, 3, 1, 0), "one round is not enough");

    g = given(10, 3, 2);
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    ok(widened(s, "0 1 2|3 4 5|6"), "the second of two is the last");

    g = given(0, 3, 2);
    s = create(&g);
    ok(review_search_readings(s) == 0
       && came(s, REVIEW_SEARCH_UNREAD, 0, 0, 0, 0),
       "there is nothing to read");
}


static void
test_last(void)
{
    review_search_t       *s;
    review_search_given_t  g;

    g = given(10, 3, 3);

    s = create(&g);
    end(s, 0, 'u', 9);
    ok(widened(s, "4 5 6"), "unsure: wider");
    end(s, 1, 'f', 4);
    ok(is(s, 2, "4 9") && review_search_reading(s, 2)->last,
       "found twice: what is quoted is read together");
    end(s, 2, 'f', 4);
    ok(came(s, REVIEW_SEARCH_FOUND, 2, 6, 2, 0), "and decides");

    s = create(&g);
    end(s, 0, 'u', 9);
    (void) widened(s, "4 5 6");
    end(s, 1, 'f', 4);
    end(s, 2, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_DOUBTED, 2, 6, 2, 0), "or has not found it");

    s = create(&g);
    end(s, 0, 'u', 9);
    (void) widened(s, "4 5 6");
    end(s, 1, 'f', 4);
    end(s, 2, 'x', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_FAILED, 2, 6, 2, 0), "or failed");

    s = create(&g);
    end(s, 0, 'u', 9);
    (void) widened(s, "4 5 6");
    end(s, 1, 'n', UINT32_MAX);
    (void) widened(s, "0 1 2|3");
    end(s, 2, 'n', UINT32_MAX);
    end(s, 3, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_FOUND, 0, 10, 3, 0),
       "nobody else finds it: the unsure one is told");

    g = given(20, 3, 1);
    memset(must, 1, 12);
    g.must = must;
    s = create(&g);
    ok(is(s, 0, "0 1 2|3 4 5|6 7 8|9 10 11|17 18 19"),
       "what has to be read, and the best ranked");
    end(s, 0, 'f', 1);
    end(s, 1, 'f', 4);
    end(s, 2, 'f', 7);
    end(s, 3, 'f', 10);
    end(s, 4, 'f', UINT32_MAX);
    ok(is(s, 5, "17 18 19"), "what quotes nothing stands for all it has read");
    end(s, 5, 'f', 18);
    ok(came(s, REVIEW_SEARCH_FOUND, 5, 15, 1, 4), "others had no room");
}


static void
test_room(void)
{
    uint64_t               left;
    review_search_t       *s;
    review_search_given_t  g;

    g = given(10, 6, 3);
    g.max_units = 250;
    units[9] = 1000;

    s = create(&g);
    ok(is(s, 0, "9"), "a large chunk is read alone");
    end(s, 0, 'n', UINT32_MAX);
    ok(widened(s, "7 8"), "as many as there is room for");
    end(s, 1, 'n', UINT32_MAX);
    ok(widened(s, "0 1|2 3|4 5|6"), "all the others likewise");

    left = 3;
    g.left = &left;
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    (void) widened(s, "7 8");
    end(s, 1, 'n', UINT32_MAX);
    ok(left == 2 && widened(s, "3 4|5 6") && left == 0,
       "no more calls than are left: the best ranked");
    end(s, 2, 'n', UINT32_MAX);
    end(s, 3, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_UNREAD, 0, 7, 3, 0), "others are not read");

    left = 0;
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    ok(came(s, REVIEW_SEARCH_UNREAD, 0, 1, 1, 0), "no call is left");

    left = 1;
    s = create(&g);
    end(s, 0, 'u', 9);
    (void) widened(s, "7 8");
    end(s, 1, 'f', 8);
    ok(came(s, REVIEW_SEARCH_DOUBTED, 1, 3, 2, 2),
       "nor for one that would decide: the sure one is told, in doubt");

    g.steps = 2;
    left = 3;
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    ok(widened(s, "7 8") && left == 1, "a reading of two steps takes two");

    g = given(10, 3, 3);
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    (void) widened(s, "4 5 6");
    ok(review_search_stop(s) == 0
       && came(s, REVIEW_SEARCH_FAILED, 1, 3, 2, 0), "time is over");

    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);
    (void) widened(s, "4 5 6");
    end(s, 1, 'n', UINT32_MAX);
    (void) widened(s, "0 1 2|3");
    end(s, 3, 'f', 3);
    ok(review_search_stop(s) == 0
       && came(s, REVIEW_SEARCH_FOUND, 3, 7, 3, 0),
       "what was found before is told");
}


/* two have found it, and there is no time for one that would decide */

static void
test_stopped(void)
{
    size_t                 i;
    review_search_t       *s;
    review_search_given_t  g;

    for (i = 0; i < 2; i++) {
        g = given(10, 2, 1);
        memset(must, 1, 6);
        g.must = must;

        s = create(&g);
        end(s, 0, 'f', 0);
        end(s, 1, 'f', 2);
        end(s, 2, 'n', UINT32_MAX);

        if (i) {
            end(s, 3, 'n', UINT32_MAX);
        }

        ok(review_search_stop(s) == 0
           && came(s, REVIEW_SEARCH_DOUBTED, 0, i ? 8 : 6, 1, 2),
           "time is over %s the last reading", i ? "in" : "before");
    }
}


static void
test_order(void)
{
    review_search_t       *s;
    review_search_given_t  g;

    static const uint32_t  other[] = { 0, 9, 2, 8, 4, 7, 6, 1, 3, 5 };

    g = given(10, 3, 3);
    s = create(&g);
    end(s, 0, 'n', UINT32_MAX);

    ok(review_search_is_due(s) && review_search_widen(s, other) == 0
       && is(s, 1, "0 2 4"), "ranks may change between rounds");
}


/* every chunk in one reading, none too large, all that was found is told */

static int
search_by_chance(void)
{
    char                            how;
    size_t                          i, k, n, units_of, unread, found, failed;
    uint32_t                        swap;
    uint64_t                        left, before;
    unsigned char                   read[MOST];
    review_search_t                *s;
    review_search_given_t           g;
    review_search_result_t          result;
    const review_search_reading_t  *r;

    g = given(1 + roll(MOST), 1 + roll(20), 1 + roll(5));
    g.max_units = roll(2) ? 0 : 100 + roll(3000);
    g.max_bytes = roll(2) ? 1000000 : 1000 + roll(9000);
    g.must = roll(2) ? must : NULL;
    g.steps = 1 + roll(3);

    for (i = 0; i < g.n; i++) {
        k = roll((uint32_t) g.n);
        swap = order[i];
        order[i] = order[k];
        order[k] = swap;
        units[i] = 1 + roll(300);
        bytes[i] = 1 + roll(900);
        must[i] = roll(10) == 0;
    }

    before = left = roll(200);
    g.left = roll(2) ? &left : NULL;
    memset(read, 0, sizeof(read));
    found = 0;
    failed = 0;

    s = create(&g);

    for (n = 0; n < review_search_readings(s); n++) {
        r = review_search_reading(s, n);

        for (i = 0, units_of = 0; i < r->n; i++) {
            units_of += units[r->chunks[i]];

            if ((i && r->chunks[i] <= r->chunks[i - 1])
                || (!r->last && read[r->chunks[i]])
                || (r->last && !read[r->chunks[i]]))
            {
                return 0;
            }

            read[r->chunks[i]] |= !r->last;
        }

        if (r->n == 0 || (g.max_units && r->n > 1 && units_of > g.max_units)
            || (!g.max_units && r->n > g.k))
        {
            return 0;
        }

        how = "nnnnnnnnnnnnxufU"[roll(16)];
        found += how == 'f' || how == 'u';
        failed += how == 'x';

        end(s, n, how, roll(3) ? r->chunks[roll((uint32_t) r->n)]
                               : UINT32_MAX);

        if (review_search_is_due(s) && review_search_widen(s, NULL) != 0) {
            return 0;
        }
    }

    for (i = 0, unread = 0; i < g.n; i++) {
        unread += !read[i];
    }

    review_search_result(s, &result);

    return result.outcome != REVIEW_SEARCH_GOES_ON
           && left <= before && result.rounds <= g.rounds
           && (result.outcome == REVIEW_SEARCH_ABSENT)
              == (!found && !failed && !unread)
           && (result.outcome != REVIEW_SEARCH_UNREAD || (!found && !failed))
           && (result.outcome != REVIEW_SEARCH_FOUND || found)
           && (result.outcome != REVIEW_SEARCH_FAILED || failed);
}


static void
test_chance(void)
{
    int  i, good;

    for (i = 0, good = 0; i < 5000; i++) {
        good += search_by_chance();
    }

    ok(good == 5000, "searches by chance: %d of 5000", good);
}


int
main(void)
{
    pool = tap_pool();

    test_rounds();
    test_last();
    test_room();
    test_stopped();
    test_order();
    test_chance();

    tap_pool_free(pool);

    return tap_end();
}
