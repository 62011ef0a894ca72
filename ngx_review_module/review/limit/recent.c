
#include "review/limit/recent.h"


/* what is known stays so for a while: it is asked for by each call */

#define REVIEW_RECENT_LOOK  100

/* a process's clock may be behind that of another one, by so many parts */

#define REVIEW_RECENT_BEHIND  1


/* below 16 each millisecond has its own; then eight for twice as long */

static uint32_t
review_recent_bucket(uint64_t took)
{
    uint32_t  n, shift;

    for (shift = 0; took >> shift >= 16; shift++) { /* void */ }

    n = shift * 8 + (uint32_t) (took >> shift);

    return n < REVIEW_RECENT_BUCKETS ? n : REVIEW_RECENT_BUCKETS - 1;
}


static uint32_t
review_recent_least(uint32_t bucket)
{
    uint32_t  shift;

    if (bucket < 16) {
        return bucket;
    }

    shift = bucket / 8 - 1;

    return (bucket - shift * 8) << shift;
}


/* a process may have died in the midst of it: nothing is kept but the parts */

static void
review_recent_sum(review_recent_t *r)
{
    int                          i, j;
    const review_recent_part_t  *part;

    memset(&r->all, 0, sizeof(r->all));

    for (i = 0; i < REVIEW_RECENT_PARTS; i++) {
        part = &r->parts[i];

        if (part->n == 0) {
            continue;
        }

        r->all.sum += part->sum;
        r->all.n += part->n;

        for (j = 0; j < REVIEW_RECENT_BUCKETS; j++) {
            r->all.buckets[j] += part->buckets[j];
        }
    }
}


/* forgets what is a minute old */

static void
review_recent_now(review_recent_t *r, uint64_t now)
{
    uint64_t  part;

    part = now / REVIEW_RECENT_PART;

    if (part <= r->part && r->part - part <= REVIEW_RECENT_BEHIND) {
        return;
    }

    if (part < r->part || part - r->part >= REVIEW_RECENT_PARTS) {
        memset(r->parts, 0, sizeof(r->parts));
        r->part = part;
    }

    while (r->part < part) {
        r->part++;
        memset(&r->parts[r->part % REVIEW_RECENT_PARTS], 0,
               sizeof(review_recent_part_t));
    }

    review_recent_sum(r);

    r->looked = 0;
}


static void
review_recent_count(review_recent_part_t *part, uint64_t took, uint32_t bucket)
{
    part->sum += took;
    part->n++;
    part->buckets[bucket]++;
}


void
review_recent_add(review_recent_t *r, uint64_t now, uint64_t took)
{
    uint32_t  bucket;

    review_recent_now(r, now);

    bucket = review_recent_bucket(took);

    review_recent_count(&r->parts[r->part % REVIEW_RECENT_PARTS], took, bucket);
    review_recent_count(&r->all, took, bucket);

    r->mean = (uint32_t) (r->all.sum / r->all.n);

    if (took < r->fastest) {
        r->looked = 0;
    }
}


uint32_t
review_recent_fastest(review_recent_t *r, uint64_t now)
{
    uint32_t  i, n, tenth;

    review_recent_now(r, now);

    if (r->all.n < REVIEW_RECENT_FEW) {
        return 0;
    }

    if (r->looked && now - r->looked < REVIEW_RECENT_LOOK) {
        return r->fastest;
    }

    tenth = (r->all.n + 9) / 10;
    n = r->all.buckets[0];

    for (i = 0; n < tenth && i < REVIEW_RECENT_BUCKETS - 1; /* void */ ) {
        n += r->all.buckets[++i];
    }

    r->fastest = review_recent_least(i);
    r->looked = now;

    return r->fastest;
}


uint32_t
review_recent_mean(review_recent_t *r, uint64_t now)
{
    review_recent_now(r, now);

    return r->all.n ? (uint32_t) (r->all.sum / r->all.n) : r->mean;
}


void
review_recent_answered(review_recent_t *r, uint64_t now, uint32_t peer)
{
    int                    i;
    review_recent_peer_t  *p, *found;

    if (peer == 0) {
        return;
    }

    found = &r->peers[0];

    for (i = 0; i < REVIEW_RECENT_PEERS; i++) {
        p = &r->peers[i];

        if (p->peer == peer) {
            found = p;
            break;
        }

        if (p->answered < found->answered) {
            found = p;
        }
    }

    found->peer = peer;
    found->answered = now;
}


/* another process's clock may be a bit ahead */

static int
review_recent_within(uint64_t now, uint64_t then, uint64_t time)
{
    return (now > then ? now - then : then - now) <= time;
}


int
review_recent_is_alone(const review_recent_t *r, uint64_t now, uint32_t peer,
    uint64_t took)
{
    int                          i, others;
    const review_recent_peer_t  *p;

    others = 0;

    for (i = 0; i < REVIEW_RECENT_PEERS && peer; i++) {
        p = &r->peers[i];

        if (p->peer == 0
            || !review_recent_within(now, p->answered, took / 2))
        {
            continue;
        }

        if (p->peer == peer) {
            return 0;
        }

        others = 1;
    }

    return others;
}
