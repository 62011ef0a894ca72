
#include "review/metrics/metrics_shared.h"


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

const char *const  review_metrics_classes[] = {
    "high", "normal", "low", NULL
};

const char *const  review_metrics_endpoints[] = {
    "review", "task", "split", "embed", "rank", "fetch", "object", NULL
};

const char *const  review_metrics_operations[] = {
    "embedding", "conversion", "chunk", "download", "store_get", "store_head",
    "store_put", "store_delete", "store_list", NULL
};

const char *const  review_metrics_kinds[] = {
    "prompt", "completion", NULL
};

const char *const  review_metrics_circuits[] = {
    "closed", "half_open", "open", NULL
};

/* from a cached answer to a long chain of thought, and a long task */

const uint32_t  review_metrics_bounds[] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000, 5000, 10000, 20000, 30000,
    60000, 120000, 300000, 600000, 1800000, 3600000
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
               == REVIEW_METRICS_STATUSES + 1, "points");
_Static_assert(review_metrics_size(review_metrics_classes)
               == REVIEW_METRICS_CLASSES + 1, "classes");
_Static_assert(review_metrics_size(review_metrics_endpoints)
               == REVIEW_METRICS_ENDPOINTS + 1, "endpoints");
_Static_assert(review_metrics_size(review_metrics_operations)
               == REVIEW_METRICS_OPERATIONS + 1, "operations");
_Static_assert(REVIEW_VERDICT_UNSURE + 1 == REVIEW_METRICS_VERDICTS,
               "verdicts");
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


/* an LLM may tell anything: no single count makes a counter overflow */

static void
review_metrics_add_tokens(uint64_t *tokens, int64_t prompt, int64_t completion)
{
    if (prompt > 0) {
        review_metrics_add(&tokens[REVIEW_METRICS_PROMPT],
                           prompt < UINT32_MAX ? (uint64_t) prompt
                                               : UINT32_MAX);
    }

    if (completion > 0) {
        review_metrics_add(&tokens[REVIEW_METRICS_COMPLETION],
                           completion < UINT32_MAX ? (uint64_t) completion
                                                   : UINT32_MAX);
    }
}


static int
review_metrics_is_other(const review_str_t *name)
{
    return name->len == sizeof(REVIEW_METRICS_OTHER) - 1
           && memcmp(name->data, REVIEW_METRICS_OTHER, name->len) == 0;
}


/*
 * Places are taken in their order, and never given back: two processes with
 * the same key try for the same place, and one of them finds it taken.
 */

review_metrics_llm_t *
review_metrics_llm(review_metrics_t *m, const char *data, size_t len)
{
    size_t         i;
    uint64_t       key;
    review_str_t   name;

    name = review_name_cut(data, len);

    if (name.len == 0) {
        return &m->llms[0];
    }

    if (!review_metrics_is_other(&name)) {
        key = review_name_key(&name, 1);

        for (i = 1; i < REVIEW_METRICS_LLMS; i++) {
            if (review_name_claim(&m->llms[i].key, key)) {
                review_name_write(m->llms[i].name, key, &name, 1);
                return &m->llms[i];
            }
        }
    }

    return &m->llms[REVIEW_METRICS_LLMS];
}


void
review_metrics_call(review_metrics_llm_t *llm, review_priority_e class,
    review_code_t code, uint32_t ms)
{
    review_metrics_add(&llm->calls[class][review_metrics_outcome(code)], 1);
    review_metrics_observe(&llm->duration, ms);
}


void
review_metrics_retry(review_metrics_llm_t *llm, review_priority_e class)
{
    review_metrics_add(&llm->retries[class], 1);
}


void
review_metrics_first_token(review_metrics_llm_t *llm, uint32_t ms)
{
    review_metrics_observe(&llm->first_token, ms);
}


void
review_metrics_queue(review_metrics_llm_t *llm, review_priority_e class,
    uint32_t ms)
{
    review_metrics_observe(&llm->queue[class], ms);
}


void
review_metrics_review(review_metrics_t *m, review_priority_e class,
    review_metrics_review_e status, uint32_t ms)
{
    review_metrics_add(&m->reviews[class][status], 1);
    review_metrics_observe(&m->review_duration, ms);
}


void
review_metrics_task(review_metrics_t *m, review_metrics_review_e status)
{
    review_metrics_add(&m->tasks[status], 1);
}


void
review_metrics_request(review_metrics_t *m, review_metrics_endpoint_e endpoint,
    review_metrics_review_e status, uint32_t ms, uint64_t received,
    uint64_t sent)
{
    review_metrics_request_t  *request;

    request = &m->requests[endpoint];

    review_metrics_add(&request->ended[status], 1);
    review_metrics_add(&request->received, received);
    review_metrics_add(&request->sent, sent);
    review_metrics_observe(&request->duration, ms);
}


void
review_metrics_operation(review_metrics_t *m,
    review_metrics_operation_e operation, int ok, uint32_t ms, uint64_t bytes)
{
    review_metrics_operated_t  *operated;

    operated = &m->operations[operation];

    review_metrics_add(ok ? &operated->ok : &operated->failed, 1);
    review_metrics_add(&operated->bytes, bytes);
    review_metrics_observe(&operated->duration, ms);
}


uint64_t
review_metrics_point_key(const review_str_t *rubric, const review_str_t *id)
{
    review_str_t  names[2];

    names[0] = review_name_cut(rubric->data, rubric->len);
    names[1] = review_name_cut(id->data, id->len);

    return review_name_key(names, 2);
}


/* a place that is taken by another is followed by others, a few of them */

static review_metrics_point_t *
review_metrics_point_find(review_metrics_t *m, uint64_t key,
    const review_str_t *rubric, const review_str_t *id)
{
    size_t                   i;
    review_str_t             names[2];
    review_metrics_point_t  *point;

    if (key == 0) {
        return &m->inline_points;
    }

    for (i = 0; i < REVIEW_METRICS_POINTS; i++) {
        point = &m->points[(key + i) % REVIEW_METRICS_POINTS];

        if (review_name_claim(&point->key, key)) {
            names[0] = review_name_cut(rubric->data, rubric->len);
            names[1] = review_name_cut(id->data, id->len);
            review_name_write(point->name, key, names, 2);
            return point;
        }
    }

    return &m->other_points;
}


void
review_metrics_point(review_metrics_t *m, uint64_t key,
    const review_str_t *rubric, const review_str_t *id,
    review_metrics_point_e status, review_verdict_e verdict, int64_t prompt,
    int64_t completion)
{
    review_metrics_point_t  *point;

    review_metrics_add(&m->statuses[status], 1);

    point = review_metrics_point_find(m, key, rubric, id);

    review_metrics_add(&point->cells[status == REVIEW_METRICS_POINT_OK
                                     ? (size_t) verdict
                                     : REVIEW_METRICS_VERDICTS - 1
                                       + (size_t) status], 1);
    review_metrics_add_tokens(point->tokens, prompt, completion);
}


void
review_metrics_tenant(review_metrics_tenant_t *tenant, uint64_t key,
    uint64_t calls, int64_t prompt, int64_t completion)
{
    uint64_t  old;

    old = review_metrics_get(&tenant->key);

    if (old != key
        && __atomic_compare_exchange_n(&tenant->key, &old, key, 0,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    {
        __atomic_store_n(&tenant->calls, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&tenant->tokens[0], 0, __ATOMIC_RELAXED);
        __atomic_store_n(&tenant->tokens[1], 0, __ATOMIC_RELAXED);
    }

    review_metrics_add(&tenant->calls, calls);
    review_metrics_add_tokens(tenant->tokens, prompt, completion);
}


void
review_metrics_tokens(review_metrics_t *m, const char *model, size_t len,
    int64_t prompt, int64_t completion)
{
    size_t         i;
    uint64_t       key, *tokens;
    review_str_t   name;

    name = review_name_cut(model, len);
    tokens = m->others;

    if (name.len && !review_metrics_is_other(&name)) {
        key = review_name_key(&name, 1);

        for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
            if (review_name_claim(&m->models[i].key, key)) {
                review_name_write(m->models[i].name, key, &name, 1);
                tokens = m->models[i].tokens;
                break;
            }
        }
    }

    review_metrics_add_tokens(tokens, prompt, completion);
}


static review_str_t
review_metrics_str(const char *text)
{
    review_str_t  str;

    str.data = text;
    str.len = strlen(text);

    return str;
}


uint64_t
review_metrics_calls(const review_metrics_llm_t *llm, uint64_t *calls)
{
    size_t    i, j;
    uint64_t  n, sum;

    for (i = 0, sum = 0; i < REVIEW_METRICS_OUTCOMES; i++) {
        for (j = 0, n = 0; j < REVIEW_METRICS_CLASSES; j++) {
            n += review_metrics_get(&llm->calls[j][i]);
        }

        sum += n;

        if (calls) {
            calls[i] += n;
        }
    }

    return sum;
}


int
review_metrics_llm_name(const review_metrics_t *m, size_t i,
    char data[REVIEW_NAME], review_str_t *name)
{
    const review_metrics_llm_t  *llm;

    if (i == 0) {
        *name = review_metrics_str("");
        return 1;
    }

    if (i == REVIEW_METRICS_LLMS) {
        *name = review_metrics_str(REVIEW_METRICS_OTHER);
        return review_metrics_calls(&m->llms[i], NULL) != 0;
    }

    llm = &m->llms[i];

    return review_name_read(llm->name, review_metrics_get(&llm->key), data,
                            name, 1);
}


const review_metrics_point_t *
review_metrics_point_at(const review_metrics_t *m, size_t i,
    char data[2 * REVIEW_NAME], review_str_t names[2])
{
    const review_metrics_point_t  *point;

    if (i >= REVIEW_METRICS_POINTS) {
        names[0] = review_metrics_str("");
        names[1] = names[0];

        if (i > REVIEW_METRICS_POINTS) {
            return &m->inline_points;
        }

        names[1] = review_metrics_str(REVIEW_METRICS_OTHER);

        return &m->other_points;
    }

    point = &m->points[i];

    return review_name_read(point->name, review_metrics_get(&point->key), data,
                            names, 2)
           ? point : NULL;
}


void
review_metrics_cell_names(size_t i, review_str_t *status,
    review_str_t *verdict)
{
    int  ok;

    ok = i < REVIEW_METRICS_VERDICTS;

    *status = review_metrics_str(ok ? review_metrics_points[0]
                                    : review_metrics_points[
                                          i + 1 - REVIEW_METRICS_VERDICTS]);
    *verdict = review_metrics_str(ok ? review_verdicts[i] : "");
}


/* adds one that counts to those that were counted before */

void
review_metrics_gather(review_histogram_t *sum, const review_histogram_t *h)
{
    size_t  i;

    for (i = 0; i < REVIEW_METRICS_BUCKETS; i++) {
        sum->buckets[i] += review_metrics_get(&h->buckets[i]);
    }

    sum->sum += review_metrics_get(&h->sum);
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
