
#include "review/limit/metrics_shared.h"
#include "review/base/utf8.h"


/* counters of calls: those of codes, of these statuses, and of all others */

static const unsigned short  review_metrics_statuses[] = {
    400, 401, 403, 404, 408, 413, 500, 502, 503, 504
};

static const char *const  review_metrics_others[] = {
    "http_4xx", "http_5xx", "other"
};

#define REVIEW_METRICS_OTHERS         (REVIEW_METRICS_OUTCOMES - 3)
#define REVIEW_METRICS_HTTP_4XX       REVIEW_METRICS_OTHERS
#define REVIEW_METRICS_HTTP_5XX       (REVIEW_METRICS_OTHERS + 1)
#define REVIEW_METRICS_OTHER_OUTCOME  (REVIEW_METRICS_OTHERS + 2)

const char *const  review_metrics_reviews[] = {
    "complete", "partial", "failed", "rejected", "aborted", NULL
};

const char *const  review_metrics_tasks[] = {
    "complete", "partial", "failed", NULL
};

const char *const  review_metrics_points[] = {
    "ok", "failed", "timeout", "skipped", NULL
};

const char *const  review_metrics_kinds[] = {
    "prompt", "completion", NULL
};

const char *const  review_metrics_circuits[] = {
    "closed", "half_open", "open", NULL
};

/* from a cached answer to a long chain of thought */

const uint32_t  review_metrics_bounds[] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000, 5000, 10000, 20000, 30000,
    60000, 120000, 300000
};

#define review_metrics_size(array)  (sizeof(array) / sizeof((array)[0]))

_Static_assert(REVIEW_CODE_COUNTED
               + review_metrics_size(review_metrics_statuses)
               == REVIEW_METRICS_OTHERS, "outcomes");
_Static_assert(review_metrics_size(review_metrics_reviews)
               == REVIEW_METRICS_REVIEWS + 1, "reviews");
_Static_assert(review_metrics_size(review_metrics_tasks)
               == REVIEW_METRICS_TASKS + 1, "tasks");
_Static_assert(review_metrics_size(review_metrics_points)
               == REVIEW_METRICS_POINTS + 1, "points");
_Static_assert(review_metrics_size(review_metrics_kinds)
               == REVIEW_METRICS_KINDS + 1, "kinds");
_Static_assert(review_metrics_size(review_metrics_bounds)
               == REVIEW_METRICS_BUCKETS - 1, "bounds");


static inline void
review_metrics_add(uint64_t *n, uint64_t by)
{
    (void) __atomic_fetch_add(n, by, __ATOMIC_RELAXED);
}


static void
review_metrics_observe(review_histogram_t *h, uint32_t ms)
{
    size_t  i;

    if (ms == REVIEW_METRICS_NO_TIME) {
        return;
    }

    for (i = 0; i < REVIEW_METRICS_BUCKETS - 1; i++) {
        if (ms <= review_metrics_bounds[i]) {
            break;
        }
    }

    review_metrics_add(&h->buckets[i], 1);
    review_metrics_add(&h->sum, ms);
}


static size_t
review_metrics_outcome(review_code_t code)
{
    size_t    i;
    unsigned  status;

    if (code < REVIEW_CODE_COUNTED) {
        return code;
    }

    if (code < REVIEW_CODE_HTTP) {
        return REVIEW_METRICS_OTHER_OUTCOME;
    }

    status = review_code_http_status(code);

    for (i = 0; i < review_metrics_size(review_metrics_statuses); i++) {
        if (review_metrics_statuses[i] == status) {
            return REVIEW_CODE_COUNTED + i;
        }
    }

    /* any other status: there are too many to count each */

    switch (status / 100) {

    case 4:
        return REVIEW_METRICS_HTTP_4XX;

    case 5:
        return REVIEW_METRICS_HTTP_5XX;

    default:
        return REVIEW_METRICS_OTHER_OUTCOME;
    }
}


const char *
review_metrics_outcome_name(size_t i, char buf[REVIEW_CODE_NAME])
{
    if (i < REVIEW_CODE_COUNTED) {
        return review_code_name((review_code_t) i, buf);
    }

    if (i < REVIEW_METRICS_OTHERS) {
        i -= REVIEW_CODE_COUNTED;
        return review_code_name(review_code_http(review_metrics_statuses[i]),
                                buf);
    }

    return review_metrics_others[i - REVIEW_METRICS_OTHERS];
}


void
review_metrics_call(review_metrics_t *m, review_code_t code, uint32_t ms)
{
    review_metrics_add(&m->calls[review_metrics_outcome(code)], 1);
    review_metrics_observe(&m->call_duration, ms);
}


void
review_metrics_retry(review_metrics_t *m)
{
    review_metrics_add(&m->retries, 1);
}


void
review_metrics_first_token(review_metrics_t *m, uint32_t ms)
{
    review_metrics_observe(&m->first_token, ms);
}


void
review_metrics_queue(review_metrics_t *m, uint32_t ms)
{
    review_metrics_observe(&m->queue, ms);
}


void
review_metrics_review(review_metrics_t *m, review_metrics_review_e status,
    uint32_t ms)
{
    review_metrics_add(&m->reviews[status], 1);
    review_metrics_observe(&m->review_duration, ms);
}


void
review_metrics_task(review_metrics_t *m, review_metrics_review_e status)
{
    review_metrics_add(&m->tasks[status], 1);
}


void
review_metrics_point(review_metrics_t *m, review_metrics_point_e status)
{
    review_metrics_add(&m->points[status], 1);
}


/* FNV-1a; never 0, which is the key of a free place */

static uint64_t
review_metrics_hash(const char *name, size_t len)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for (i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char) name[i]) * 0x100000001b3;
    }

    return hash ? hash : 1;
}


size_t
review_metrics_model(const review_metrics_model_t *model,
    char name[REVIEW_METRICS_NAME])
{
    size_t    i, len;
    uint64_t  key, word;

    key = review_metrics_get(&model->key);

    if (key == 0) {
        return 0;
    }

    for (i = 0; i < REVIEW_METRICS_NAME / sizeof(word); i++) {
        word = review_metrics_get(&model->name[i]);
        memcpy(name + i * sizeof(word), &word, sizeof(word));
    }

    len = strnlen(name, REVIEW_METRICS_NAME);

    /* two names made for the same hash could be torn into each other */

    if (review_metrics_hash(name, len) != key
        || review_utf8_valid(name, len) != len)
    {
        return 0;
    }

    return len;
}


/*
 * All who write a name write the same one, unless somebody has taken the
 * trouble to make two of the same hash: the first of those stays.
 */

static void
review_metrics_write_name(review_metrics_model_t *model, const char *name,
    size_t len)
{
    char      old[REVIEW_METRICS_NAME];
    size_t    i;
    uint64_t  words[REVIEW_METRICS_NAME / 8];

    memset(words, 0, sizeof(words));
    memcpy(words, name, len);

    for (i = 0; review_metrics_get(&model->name[i]) == words[i]; i++) {
        if (i == REVIEW_METRICS_NAME / 8 - 1) {
            return;
        }
    }

    if (review_metrics_model(model, old)) {
        return;
    }

    for (i = 0; i < REVIEW_METRICS_NAME / 8; i++) {
        __atomic_store_n(&model->name[i], words[i], __ATOMIC_RELAXED);
    }
}


/*
 * Places are taken in their order, and never given back: two processes with
 * the same key try for the same place, and one of them finds it taken.
 */

static uint64_t *
review_metrics_find(review_metrics_t *m, const char *name, size_t len)
{
    size_t                   i;
    uint64_t                 key, found;
    review_metrics_model_t  *model;

    key = review_metrics_hash(name, len);

    for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
        model = &m->models[i];
        found = review_metrics_get(&model->key);

        if (found == 0
            && __atomic_compare_exchange_n(&model->key, &found, key, 0,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        {
            found = key;
        }

        if (found == key) {
            review_metrics_write_name(model, name, len);
            return model->tokens;
        }
    }

    return m->others;
}


/* an LLM may tell anything: no single count makes a counter overflow */

static void
review_metrics_add_tokens(uint64_t *n, int64_t tokens)
{
    if (tokens > 0) {
        review_metrics_add(n, tokens < UINT32_MAX ? (uint64_t) tokens
                                                  : UINT32_MAX);
    }
}


void
review_metrics_tokens(review_metrics_t *m, const char *model, size_t len,
    int64_t prompt, int64_t completion)
{
    uint64_t  *tokens;

    /* a code point that is cut is not valid either */

    if (len) {
        len = strnlen(model, len < REVIEW_METRICS_NAME ? len
                                                       : REVIEW_METRICS_NAME);
        len = review_utf8_valid(model, len);
    }

    if (len == 0 || (len == sizeof(REVIEW_METRICS_OTHER) - 1
                     && memcmp(model, REVIEW_METRICS_OTHER, len) == 0))
    {
        tokens = m->others;

    } else {
        tokens = review_metrics_find(m, model, len);
    }

    review_metrics_add_tokens(&tokens[REVIEW_METRICS_PROMPT], prompt);
    review_metrics_add_tokens(&tokens[REVIEW_METRICS_COMPLETION], completion);
}


void
review_metrics_snapshot(review_histogram_t *snapshot,
    const review_histogram_t *h)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < REVIEW_METRICS_BUCKETS; i++) {
        n += review_metrics_get(&h->buckets[i]);
        snapshot->buckets[i] = n;
    }

    snapshot->sum = review_metrics_get(&h->sum);
}
