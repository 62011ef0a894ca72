
#include "review/metrics/metrics_shared.h"
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


/* what all classes of all LLMs come to, or of one: its number */

#define REVIEW_METRICS_JSON_ALL  SIZE_MAX

typedef struct {
    uint64_t            calls[REVIEW_METRICS_OUTCOMES];
    uint64_t            total;
    uint64_t            retries;
    review_histogram_t  duration;
    review_histogram_t  first_token;
    review_histogram_t  queue;
} review_metrics_sum_t;


static void
review_metrics_json_sum_up(review_metrics_sum_t *sum,
    const review_metrics_t *m, size_t llm)
{
    size_t                       i, j;
    const review_metrics_llm_t  *l;

    memset(sum, 0, sizeof(*sum));

    for (i = 0; i <= REVIEW_METRICS_LLMS; i++) {

        if (llm != REVIEW_METRICS_JSON_ALL && llm != i) {
            continue;
        }

        l = &m->llms[i];

        sum->total += review_metrics_calls(l, sum->calls);
        sum->retries += review_metrics_json_sum(l->retries,
                                                REVIEW_METRICS_CLASSES);
        review_metrics_gather(&sum->duration, &l->duration);
        review_metrics_gather(&sum->first_token, &l->first_token);

        for (j = 0; j < REVIEW_METRICS_CLASSES; j++) {
            review_metrics_gather(&sum->queue, &l->queue[j]);
        }
    }
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
    review_write_number(b, "circuit_openings", g->openings);
}


static void
review_metrics_json_times(review_buf_t *b, const review_metrics_sum_t *sum)
{
    review_write_object(b, "outcomes");
    review_metrics_json_outcomes(b, sum->calls);
    review_write_object_end(b);

    review_metrics_json_histogram(b, "duration_ms", &sum->duration);
    review_metrics_json_histogram(b, "time_to_first_token_ms",
                                  &sum->first_token);
    review_metrics_json_histogram(b, "queue_ms", &sum->queue);
}


static void
review_metrics_json_write_calls(review_buf_t *b, const review_metrics_t *m,
    const review_gauges_t *g)
{
    review_metrics_sum_t  sum;

    review_metrics_json_sum_up(&sum, m, REVIEW_METRICS_JSON_ALL);

    review_write_object(b, "calls");
    review_write_number(b, "total", sum.total);
    review_write_number(b, "retries", sum.retries);
    review_metrics_json_write_gauges(b, g);
    review_metrics_json_times(b, &sum);
    review_write_object_end(b);
}


/* of each LLM */

static void
review_metrics_json_write_llms(review_buf_t *b, const review_metrics_t *m)
{
    char                  data[REVIEW_NAME];
    size_t                i;
    review_str_t          name;
    review_metrics_sum_t  sum;

    review_write_array(b, "llms");

    for (i = 0; i <= REVIEW_METRICS_LLMS; i++) {

        if (!review_metrics_llm_name(m, i, data, &name)) {
            continue;
        }

        review_metrics_json_sum_up(&sum, m, i);

        review_write_object(b, NULL);
        review_write_str(b, "llm", &name);
        review_write_number(b, "calls", sum.total);
        review_write_number(b, "retries", sum.retries);
        review_metrics_json_times(b, &sum);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


/* of each point of a rubric, and of those that have no place of their own */

static void
review_metrics_json_write_points(review_buf_t *b, const review_metrics_t *m)
{
    char                           data[2 * REVIEW_NAME];
    size_t                         i, j;
    review_str_t                   names[2];
    const review_metrics_point_t  *point;

    review_write_array(b, "rubrics");

    for (i = 0; i < REVIEW_METRICS_POINTS + 2; i++) {
        point = review_metrics_point_at(m, i, data, names);

        if (point == NULL
            || review_metrics_json_sum(point->cells, REVIEW_METRICS_CELLS)
               == 0)
        {
            continue;
        }

        review_write_object(b, NULL);
        review_write_str(b, "rubric", &names[0]);
        review_write_str(b, "point", &names[1]);
        review_write_object(b, "verdicts");
        review_metrics_json_counters(b, review_verdicts, point->cells);
        review_write_object_end(b);

        for (j = REVIEW_METRICS_VERDICTS; j < REVIEW_METRICS_CELLS; j++) {
            review_write_number(b, review_metrics_points[
                                       j + 1 - REVIEW_METRICS_VERDICTS],
                                review_metrics_get(&point->cells[j]));
        }

        review_metrics_json_counters(b, review_metrics_kinds, point->tokens);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


static void
review_metrics_json_write_requests(review_buf_t *b, const review_metrics_t *m)
{
    size_t                           i;
    const review_metrics_request_t  *request;

    review_write_array(b, "requests");

    for (i = 0; i < REVIEW_METRICS_ENDPOINTS; i++) {
        request = &m->requests[i];

        review_write_object(b, NULL);
        review_write_word(b, "endpoint", review_metrics_endpoints[i]);
        review_metrics_json_counters(b, review_metrics_reviews,
                                     request->ended);
        review_write_number(b, "received_bytes",
                            review_metrics_get(&request->received));
        review_write_number(b, "sent_bytes",
                            review_metrics_get(&request->sent));
        review_metrics_json_histogram(b, "duration_ms", &request->duration);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


static void
review_metrics_json_write_operations(review_buf_t *b,
    const review_metrics_t *m)
{
    size_t                            i;
    const review_metrics_operated_t  *operated;

    review_write_array(b, "operations");

    for (i = 0; i < REVIEW_METRICS_OPERATIONS; i++) {
        operated = &m->operations[i];

        review_write_object(b, NULL);
        review_write_word(b, "operation", review_metrics_operations[i]);
        review_write_number(b, "ok", review_metrics_get(&operated->ok));
        review_write_number(b, "failed",
                            review_metrics_get(&operated->failed));
        review_write_number(b, "bytes", review_metrics_get(&operated->bytes));
        review_metrics_json_histogram(b, "duration_ms", &operated->duration);
        review_write_object_end(b);
    }

    review_write_array_end(b);
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
    char                           data[REVIEW_NAME];
    size_t                         i;
    review_str_t                   name;
    const review_metrics_model_t  *model;

    review_write_object(b, "tokens");

    for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
        model = &m->models[i];

        if (review_name_read(model->name, review_metrics_get(&model->key),
                             data, &name, 1))
        {
            review_metrics_json_write_model(b, name.data, name.len,
                                            model->tokens);
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


/* what each tenant has had */

static void
review_metrics_json_write_counted(review_buf_t *b, const review_gauges_t *g)
{
    uint32_t                        i;
    const review_counted_tenant_t  *tenant;

    review_write_array(b, "tenant_totals");

    for (i = 0; i < g->ncounted; i++) {
        tenant = &g->counted[i];

        review_write_object(b, NULL);
        review_write_string(b, "tenant", tenant->name, tenant->len);
        review_write_number(b, "calls", tenant->calls);
        review_metrics_json_counters(b, review_metrics_kinds, tenant->tokens);
        review_write_object_end(b);
    }

    review_write_array_end(b);
}


/* of all classes */

static void
review_metrics_json_write_reviews(review_buf_t *b, const review_metrics_t *m)
{
    size_t    i, j;
    uint64_t  sums[REVIEW_METRICS_REVIEWS];

    for (i = 0; i < REVIEW_METRICS_REVIEWS; i++) {
        for (j = 0, sums[i] = 0; j < REVIEW_METRICS_CLASSES; j++) {
            sums[i] += review_metrics_get(&m->reviews[j][i]);
        }
    }

    review_write_number(b, "total",
                        review_metrics_json_sum(sums, REVIEW_METRICS_REVIEWS));
    review_metrics_json_counters(b, review_metrics_reviews, sums);
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

    review_metrics_json_write_counted(b, g);

    review_write_object(b, "reviews");
    review_metrics_json_write_reviews(b, m);
    review_metrics_json_histogram(b, "duration_ms", &m->review_duration);
    review_write_object_end(b);

    review_write_object(b, "points");
    review_write_number(
        b, "total", review_metrics_json_sum(m->statuses,
                                            REVIEW_METRICS_STATUSES));
    review_metrics_json_counters(b, review_metrics_points, m->statuses);
    review_write_object_end(b);

    review_write_object(b, "tasks");
    review_write_number(
        b, "total", review_metrics_json_sum(m->tasks, REVIEW_METRICS_TASKS));
    review_metrics_json_counters(b, review_metrics_tasks, m->tasks);
    review_write_object_end(b);

    review_metrics_json_write_models(b, m);
    review_metrics_json_write_llms(b, m);
    review_metrics_json_write_points(b, m);
    review_metrics_json_write_requests(b, m);
    review_metrics_json_write_operations(b, m);

    review_write_object(b, "build");
    review_write_word(b, "version", g->build.version);
    review_write_word(b, "nginx", g->build.nginx);
    review_write_word(b, "curl", g->build.curl);
    review_write_object_end(b);

    review_write_object_end(b);
}
