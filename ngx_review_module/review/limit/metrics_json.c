
#include "review/limit/metrics_shared.h"
#include "review/json/write.h"


static uint64_t
review_metrics_json_sum(const uint64_t *counters, size_t n)
{
    size_t    i;
    uint64_t  sum;

    sum = 0;

    for (i = 0; i < n; i++) {
        sum += review_metrics_get(&counters[i]);
    }

    return sum;
}


static void
review_metrics_json_counters(review_buf_t *b, const char *const *names,
    const uint64_t *counters)
{
    size_t  i;

    for (i = 0; names[i]; i++) {
        review_write_number(b, names[i], review_metrics_get(&counters[i]));
    }
}


/* those that are 0 are left out, but for "ok" */

static void
review_metrics_json_outcomes(review_buf_t *b, const uint64_t *calls)
{
    char      name[REVIEW_CODE_NAME];
    size_t    i;
    uint64_t  n;

    for (i = 0; i < REVIEW_METRICS_OUTCOMES; i++) {
        n = review_metrics_get(&calls[i]);

        if (n || i == 0) {
            review_write_number(b, review_metrics_outcome_name(i, name), n);
        }
    }
}


/* as if what a bucket has counted were spread evenly in it */

static void
review_metrics_json_quantile(review_buf_t *b, const char *name,
    const review_histogram_t *h, double q)
{
    double    rank, low, high;
    size_t    i;
    uint64_t  before;

    if (h->buckets[REVIEW_METRICS_BUCKETS - 1] == 0) {
        review_write_null(b, name);
        return;
    }

    rank = q * (double) h->buckets[REVIEW_METRICS_BUCKETS - 1];

    for (i = 0; i < REVIEW_METRICS_BUCKETS - 1; i++) {
        if ((double) h->buckets[i] >= rank) {
            break;
        }
    }

    /* all that is known of the last bucket is where it begins */

    if (i == REVIEW_METRICS_BUCKETS - 1) {
        review_write_number(b, name, review_metrics_bounds[i - 1]);
        return;
    }

    low = i ? review_metrics_bounds[i - 1] : 0;
    high = review_metrics_bounds[i];
    before = i ? h->buckets[i - 1] : 0;

    review_write_decimal(b, name,
                         low + (high - low) * (rank - (double) before)
                               / (double) (h->buckets[i] - before));
}


static void
review_metrics_json_histogram(review_buf_t *b, const char *name,
    const review_histogram_t *histogram)
{
    review_histogram_t  h;

    review_metrics_snapshot(&h, histogram);

    review_write_object(b, name);
    review_write_number(b, "count", h.buckets[REVIEW_METRICS_BUCKETS - 1]);
    review_write_number(b, "sum", h.sum);
    review_metrics_json_quantile(b, "p50", &h, 0.5);
    review_metrics_json_quantile(b, "p90", &h, 0.9);
    review_metrics_json_quantile(b, "p99", &h, 0.99);
    review_write_object_end(b);
}


/* 0 is none */

static void
review_metrics_json_limit(review_buf_t *b, const char *name, uint32_t limit)
{
    review_write_number_or_null(b, name, limit, limit != 0);
}


static void
review_metrics_json_write_gauges(review_buf_t *b, const review_gauges_t *g)
{
    review_write_number(b, "in_flight", g->in_flight);

    review_write_object(b, "queued");
    review_write_number(b, "total", g->queued);
    review_write_number(b, "high", g->queued_high);
    review_write_number(b, "normal", g->queued_normal);
    review_write_number(b, "low", g->queued_low);
    review_write_object_end(b);

    review_write_object(b, "limit");
    review_metrics_json_limit(b, "current", g->limit);
    review_write_bool(b, "automatic", g->automatic);
    review_metrics_json_limit(b, "min", review_metrics_bound(g, g->limit_min));
    review_metrics_json_limit(b, "max", review_metrics_bound(g, g->limit_max));
    review_write_object_end(b);

    review_write_word(b, "circuit", review_metrics_circuits[g->circuit]);
}


static void
review_metrics_json_write_calls(review_buf_t *b, const review_metrics_t *m,
    const review_gauges_t *g)
{
    review_write_object(b, "calls");
    review_write_number(
        b, "total", review_metrics_json_sum(m->calls,
                                            REVIEW_METRICS_OUTCOMES));
    review_write_number(b, "retries", review_metrics_get(&m->retries));
    review_metrics_json_write_gauges(b, g);

    review_write_object(b, "outcomes");
    review_metrics_json_outcomes(b, m->calls);
    review_write_object_end(b);

    review_metrics_json_histogram(b, "duration_ms", &m->call_duration);
    review_metrics_json_histogram(b, "time_to_first_token_ms", &m->first_token);
    review_metrics_json_histogram(b, "queue_ms", &m->queue);
    review_write_object_end(b);
}


static void
review_metrics_json_write_model(review_buf_t *b, const char *name, size_t len,
    const uint64_t *tokens)
{
    review_write_key(b, name, len);
    review_write_object(b, NULL);
    review_metrics_json_counters(b, review_metrics_kinds, tokens);
    review_write_object_end(b);
}


static void
review_metrics_json_write_models(review_buf_t *b, const review_metrics_t *m)
{
    char    name[REVIEW_METRICS_NAME];
    size_t  i, len;

    review_write_object(b, "tokens");

    for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
        len = review_metrics_model(&m->models[i], name);

        if (len) {
            review_metrics_json_write_model(b, name, len, m->models[i].tokens);
        }
    }

    if (review_metrics_json_sum(m->others, REVIEW_METRICS_KINDS)) {
        review_metrics_json_write_model(b, REVIEW_METRICS_OTHER,
                                        sizeof(REVIEW_METRICS_OTHER) - 1,
                                        m->others);
    }

    review_write_object_end(b);
}


/* of each window that counts, and in which any were used */

static void
review_metrics_json_budgets(review_buf_t *b, const review_gauge_budget_t *used)
{
    int  i;

    review_write_object(b, "tokens");

    for (i = 0; i < REVIEW_BUDGET_WINDOWS; i++) {

        if (used[i].used == 0) {
            continue;
        }

        review_write_object(b, review_budget_name(i));
        review_write_number(b, "used", (int64_t) used[i].used);

        if (used[i].limit) {
            review_write_number(b, "limit", used[i].limit);

        } else {
            review_write_null(b, "limit");
        }

        review_write_number(b, "retry_after", used[i].seconds);
        review_write_object_end(b);
    }

    review_write_object_end(b);
}


/* those with calls, or tokens that were used */

static void
review_metrics_json_tenants(review_buf_t *b, const review_gauges_t *g)
{
    uint32_t                      i;
    const review_gauge_tenant_t  *tenant;

    review_write_array(b, "tenants");

    for (i = 0; i < g->ntenants; i++) {
        tenant = &g->tenants[i];

        review_write_object(b, NULL);
        review_write_string(b, "tenant", tenant->name, tenant->len);
        review_write_number(b, "in_flight", tenant->in_flight);
        review_write_number(b, "queued", tenant->queued);
        review_metrics_json_budgets(b, tenant->budgets);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


void
review_metrics_json(review_buf_t *b, const char *zone, size_t len,
    const review_metrics_t *m, const review_gauges_t *g)
{
    review_write_object(b, NULL);
    review_write_string(b, "zone", zone, len);
    review_write_number(b, "processes", g->processes);
    review_write_number(b, "processes_max", g->processes_max);
    review_metrics_json_write_calls(b, m, g);
    review_metrics_json_tenants(b, g);

    review_write_object(b, "reviews");
    review_write_number(
        b, "total", review_metrics_json_sum(m->reviews,
                                            REVIEW_METRICS_REVIEWS));
    review_metrics_json_counters(b, review_metrics_reviews, m->reviews);
    review_metrics_json_histogram(b, "duration_ms", &m->review_duration);
    review_write_object_end(b);

    review_write_object(b, "points");
    review_write_number(
        b, "total", review_metrics_json_sum(m->points, REVIEW_METRICS_POINTS));
    review_metrics_json_counters(b, review_metrics_points, m->points);
    review_write_object_end(b);

    review_write_object(b, "tasks");
    review_write_number(
        b, "total", review_metrics_json_sum(m->tasks, REVIEW_METRICS_TASKS));
    review_metrics_json_counters(b, review_metrics_tasks, m->tasks);
    review_write_object_end(b);

    review_metrics_json_write_models(b, m);
    review_write_object_end(b);
}
