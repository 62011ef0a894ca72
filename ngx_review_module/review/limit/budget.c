
#include "review/limit/budget.h"


/* a process's clock may be behind that of another one, by so many parts */

#define REVIEW_BUDGET_BEHIND  1

/* see review/limit/queue.c */

#define review_budget_barrier()  __atomic_signal_fence(__ATOMIC_SEQ_CST)


static const struct {
    uint32_t     ms;
    const char  *name;
} review_budget_windows[] = {
    { 60 * 1000, "minute" },
    { 3600 * 1000, "hour" },
    { 24 * 3600 * 1000, "day" }
};


uint64_t
review_budget_window(review_budget_window_e window)
{
    return review_budget_windows[window].ms;
}


const char *
review_budget_name(review_budget_window_e window)
{
    return review_budget_windows[window].name;
}


static uint64_t
review_budget_length(review_budget_window_e window)
{
    return review_budget_windows[window].ms / REVIEW_BUDGET_PARTS;
}


/* where the part with this number is */

#define review_budget_part(w, number)                                         \
    (w)->used[(number) % (REVIEW_BUDGET_PARTS + 1)]


/* no part that is looked at has a number below 0, however young the clock */

static uint32_t
review_budget_number(review_budget_window_e window, uint64_t now)
{
    return (uint32_t) (now / review_budget_length(window))
           + REVIEW_BUDGET_PARTS + 1;
}


/*
 * By how many parts the newest one is older than now; more than a window: all
 * of it is, or the clock has begun anew.
 */

static uint32_t
review_budget_age(const review_budget_part_t *w, uint32_t number)
{
    if (w->newest > number && w->newest - number <= REVIEW_BUDGET_BEHIND) {
        return 0;
    }

    return number >= w->newest && number - w->newest <= REVIEW_BUDGET_PARTS
           ? number - w->newest : REVIEW_BUDGET_PARTS + 1;
}


/* parts that become new ones are too old to count: they may be empty before */

static void
review_budget_advance(review_budget_part_t *w, uint32_t number)
{
    uint32_t  age;

    for (age = review_budget_age(w, number); age; age--) {
        review_budget_part(w, number - (age - 1)) = 0;
    }

    if (review_budget_age(w, number)) {
        review_budget_barrier();
        w->newest = number;
    }
}


void
review_budget_add(review_budget_t *b, review_budget_window_e window,
    uint64_t now, uint64_t tokens)
{
    uint32_t              *used;
    review_budget_part_t  *w;

    w = &b->windows[window];

    review_budget_advance(w, review_budget_number(window, now));

    used = &review_budget_part(w, w->newest);

    *used = tokens < REVIEW_BUDGET_MAX - *used ? *used + (uint32_t) tokens
                                               : REVIEW_BUDGET_MAX;
}


uint64_t
review_budget_used(const review_budget_t *b, review_budget_window_e window,
    uint64_t now)
{
    uint32_t                     i, age;
    uint64_t                     sum;
    const review_budget_part_t  *w;

    w = &b->windows[window];
    age = review_budget_age(w, review_budget_number(window, now));
    sum = 0;

    for (i = age; i <= REVIEW_BUDGET_PARTS; i++) {
        sum += review_budget_part(w, w->newest - (i - age));
    }

    return sum;
}


uint64_t
review_budget_wait(const review_budget_t *b, review_budget_window_e window,
    uint64_t now, uint64_t limit)
{
    uint32_t                     i, age;
    uint64_t                     sum, length, end;
    const review_budget_part_t  *w;

    sum = review_budget_used(b, window, now);

    if (sum < limit) {
        return 0;
    }

    w = &b->windows[window];
    length = review_budget_length(window);
    age = review_budget_age(w, review_budget_number(window, now));

    /* the oldest goes first */

    for (i = REVIEW_BUDGET_PARTS; i > age; i--) {
        sum -= review_budget_part(w, w->newest - (i - age));

        if (sum < limit) {
            break;
        }
    }

    /* a window after its end, which is where the next one begins */

    end = (uint64_t) (w->newest - (i - age)) * length;

    return end > now ? end - now : 1;
}


int
review_budget_idle(const review_budget_t *b, uint64_t now)
{
    int  i;

    for (i = 0; i < REVIEW_BUDGET_WINDOWS; i++) {
        if (review_budget_used(b, i, now)) {
            return 0;
        }
    }

    return 1;
}
