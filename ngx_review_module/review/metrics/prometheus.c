
/* The text exposition format of Prometheus, version 0.0.4. */

#include "review/metrics/metrics_shared.h"


#define REVIEW_LABELS  4


typedef struct review_family_s  review_family_t;

/* "write" writes all samples that a zone has of a family */

struct review_family_s {
    const char          *name;
    const char          *type;
    const char          *help;
    void               (*write)(review_buf_t *b, const review_family_t *f,
                                const review_metrics_zone_t *zone);
    size_t               offset;     /* of what it tells, in its structure */
    const char          *labels[REVIEW_LABELS + 1];
};


static void review_prometheus_calls(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_retries(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_llms(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_queues(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_reviews(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_review_time(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_statuses(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_cells(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_point_tokens(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_tasks(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_models(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_tenant_calls(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_tenant_tokens(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_requests(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_request_time(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_request_bytes(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_operations(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_operation_time(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_operation_bytes(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_gauge(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_queued(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_limit(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_circuit(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_openings(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_build(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);


static const review_family_t  review_families[] = {

    { "review_calls_total", "counter",
      "LLM calls, each try counted, by outcome: ok or an error code.",
      review_prometheus_calls, 0,
      { "llm", "class", "outcome", NULL } },

    { "review_call_retries_total", "counter",
      "LLM calls that repeated one or asked it anew.",
      review_prometheus_retries, 0,
      { "llm", "class", NULL } },

    { "review_call_duration_seconds", "histogram",
      "Time from the start of an LLM call to its end.",
      review_prometheus_llms, offsetof(review_metrics_llm_t, duration),
      { "llm", NULL } },

    { "review_time_to_first_token_seconds", "histogram",
      "Time from the start of an LLM call to the first piece of its answer.",
      review_prometheus_llms, offsetof(review_metrics_llm_t, first_token),
      { "llm", NULL } },

    { "review_queue_seconds", "histogram",
      "Time that LLM calls waited for their turn.",
      review_prometheus_queues, 0,
      { "llm", "class", NULL } },

    { "review_reviews_total", "counter",
      "Reviews of chunks, by status.",
      review_prometheus_reviews, 0,
      { "class", "status", NULL } },

    { "review_duration_seconds", "histogram",
      "Time from the request of a review to its end.",
      review_prometheus_review_time, 0,
      { NULL } },

    { "review_points_total", "counter",
      "Results of review points, by status.",
      review_prometheus_statuses, 0,
      { "status", NULL } },

    { "review_point_results_total", "counter",
      "Results of each point of a rubric, by status and verdict.",
      review_prometheus_cells, 0,
      { "rubric", "point", "status", "verdict", NULL } },

    { "review_point_tokens_total", "counter",
      "Tokens that were used for each point of a rubric, by kind.",
      review_prometheus_point_tokens, 0,
      { "rubric", "point", "kind", NULL } },

    { "review_tasks_total", "counter",
      "Reports of tasks, by status.",
      review_prometheus_tasks, 0,
      { "status", NULL } },

    { "review_tokens_total", "counter",
      "Tokens as LLMs count them, by model and kind.",
      review_prometheus_models, 0,
      { "model", "kind", NULL } },

    { "review_tenant_calls_total", "counter",
      "LLM calls that were made for a tenant.",
      review_prometheus_tenant_calls, 0,
      { "tenant", NULL } },

    { "review_tenant_tokens_total", "counter",
      "Tokens that a tenant has used, by kind.",
      review_prometheus_tenant_tokens, 0,
      { "tenant", "kind", NULL } },

    { "review_requests_total", "counter",
      "Requests of clients at endpoints, by status.",
      review_prometheus_requests, 0,
      { "endpoint", "status", NULL } },

    { "review_request_duration_seconds", "histogram",
      "Time from the headers of a request at an endpoint to its end.",
      review_prometheus_request_time, 0,
      { "endpoint", NULL } },

    { "review_request_bytes_total", "counter",
      "Bytes of requests at endpoints, and of the replies to them.",
      review_prometheus_request_bytes, 0,
      { "endpoint", "direction", NULL } },

    { "review_operations_total", "counter",
      "What was asked of other services than the LLM, by how it came out.",
      review_prometheus_operations, 0,
      { "operation", "outcome", NULL } },

    { "review_operation_duration_seconds", "histogram",
      "Time from the start of an operation to its end.",
      review_prometheus_operation_time, 0,
      { "operation", NULL } },

    { "review_operation_bytes_total", "counter",
      "Bytes that were sent and received in operations.",
      review_prometheus_operation_bytes, 0,
      { "operation", NULL } },

    { "review_calls_in_flight", "gauge",
      "LLM calls that run.",
      review_prometheus_gauge, offsetof(review_gauges_t, in_flight),
      { NULL } },

    { "review_calls_queued", "gauge",
      "LLM calls that wait for their turn, by priority.",
      review_prometheus_queued, 0,
      { "priority", NULL } },

    { "review_calls_limit", "gauge",
      "LLM calls that may run at once.",
      review_prometheus_limit, offsetof(review_gauges_t, limit),
      { NULL } },

    { "review_calls_limit_min", "gauge",
      "The least that the limit may become; the limit itself if it is fixed.",
      review_prometheus_limit, offsetof(review_gauges_t, limit_min),
      { NULL } },

    { "review_calls_limit_max", "gauge",
      "The most that the limit may become; the limit itself if it is fixed.",
      review_prometheus_limit, offsetof(review_gauges_t, limit_max),
      { NULL } },

    { "review_circuit_state", "gauge",
      "1 for the state that the circuit breaker is in, 0 for the others.",
      review_prometheus_circuit, 0,
      { "state", NULL } },

    { "review_circuit_openings_total", "counter",
      "How often the circuit breaker has opened.",
      review_prometheus_openings, 0,
      { NULL } },

    { "review_processes", "gauge",
      "Processes that share the zone.",
      review_prometheus_gauge, offsetof(review_gauges_t, processes),
      { NULL } },

    { "review_processes_max", "gauge",
      "Processes that the zone has room for.",
      review_prometheus_gauge, offsetof(review_gauges_t, processes_max),
      { NULL } },

    { "review_build_info", "gauge",
      "1, with the versions of what tells this.",
      review_prometheus_build, 0,
      { "version", "nginx", "curl", NULL } }
};

#define REVIEW_FAMILIES  (sizeof(review_families) / sizeof(review_families[0]))


/* the value of a label, of which three characters are escaped */

static void
review_prometheus_escape(review_buf_t *b, const char *data, size_t len)
{
    size_t  i, start;

    start = 0;

    for (i = 0; i < len; i++) {
        if (data[i] != '\\' && data[i] != '"' && data[i] != '\n') {
            continue;
        }

        review_buf_add(b, data + start, i - start);
        review_buf_puts(b, data[i] == '\n' ? "\\n"
                           : data[i] == '"' ? "\\\"" : "\\\\");
        start = i + 1;
    }

    review_buf_add(b, data + start, len - start);
}


/* the beginning of a sample: name{zone="...", and all labels but "le" */

static void
review_prometheus_open(review_buf_t *b, const review_family_t *f,
    const char *suffix, const review_metrics_zone_t *zone,
    const review_str_t *values)
{
    size_t  i;

    review_buf_puts(b, f->name);
    review_buf_puts(b, suffix);
    review_buf_puts(b, "{zone=\"");
    review_prometheus_escape(b, zone->name.data, zone->name.len);

    for (i = 0; f->labels[i]; i++) {
        review_buf_puts(b, "\",");
        review_buf_puts(b, f->labels[i]);
        review_buf_puts(b, "=\"");
        review_prometheus_escape(b, values[i].data, values[i].len);
    }

    review_buf_puts(b, "\"");
}


/* and its end: } n */

static void
review_prometheus_close(review_buf_t *b, uint64_t n)
{
    review_buf_puts(b, "} ");
    review_buf_number(b, n);
    review_buf_puts(b, "\n");
}


static void
review_prometheus_sample(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone, const review_str_t *values, uint64_t n)
{
    review_prometheus_open(b, f, "", zone, values);
    review_prometheus_close(b, n);
}


static review_str_t
review_prometheus_value(const char *text)
{
    review_str_t  value;

    value.data = text;
    value.len = strlen(text);

    return value;
}


/* counters whose last label has these values */

static void
review_prometheus_counters(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone, review_str_t *values,
    const char *const *names, const uint64_t *counters)
{
    size_t         i;
    review_str_t  *last;

    for (last = values, i = 1; f->labels[i]; i++) {
        last++;
    }

    for (i = 0; names[i]; i++) {
        *last = review_prometheus_value(names[i]);
        review_prometheus_sample(b, f, zone, values,
                                 review_metrics_get(&counters[i]));
    }
}


static void
review_prometheus_histogram(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone, const review_str_t *values,
    const review_histogram_t *histogram)
{
    size_t              i;
    review_histogram_t  h;

    review_metrics_snapshot(&h, histogram);

    for (i = 0; i < REVIEW_METRICS_BUCKETS; i++) {
        review_prometheus_open(b, f, "_bucket", zone, values);
        review_buf_puts(b, ",le=\"");

        if (i == REVIEW_METRICS_BUCKETS - 1) {
            review_buf_puts(b, "+Inf");

        } else {
            review_buf_decimal(b, (double) review_metrics_bounds[i] / 1000);
        }

        review_buf_puts(b, "\"");
        review_prometheus_close(b, h.buckets[i]);
    }

    review_prometheus_open(b, f, "_sum", zone, values);
    review_buf_puts(b, "} ");
    review_buf_decimal(b, (double) h.sum / 1000);
    review_buf_puts(b, "\n");

    review_prometheus_open(b, f, "_count", zone, values);
    review_prometheus_close(b, h.buckets[REVIEW_METRICS_BUCKETS - 1]);
}


/* the LLM of this number, if it is there; its name goes into "name" */

static const review_metrics_llm_t *
review_prometheus_llm(const review_metrics_zone_t *zone, size_t i,
    char name[REVIEW_NAME], review_str_t *value)
{
    const review_metrics_llm_t  *llm;

    llm = &zone->metrics->llms[i];

    return review_metrics_llm_name(zone->metrics, i, name, value) ? llm : NULL;
}


static void
review_prometheus_calls(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                         name[REVIEW_NAME], code[REVIEW_CODE_NAME];
    size_t                       i, j, k;
    review_str_t                 values[3];
    const review_metrics_llm_t  *llm;

    for (i = 0; i <= REVIEW_METRICS_LLMS; i++) {
        llm = review_prometheus_llm(zone, i, name, &values[0]);

        for (j = 0; llm && j < REVIEW_METRICS_CLASSES; j++) {
            values[1] = review_prometheus_value(review_metrics_classes[j]);

            for (k = 0; k < REVIEW_METRICS_OUTCOMES; k++) {
                values[2] = review_prometheus_value(
                                review_metrics_outcome_name(k, code));
                review_prometheus_sample(b, f, zone, values,
                                       review_metrics_get(&llm->calls[j][k]));
            }
        }
    }
}


static void
review_prometheus_retries(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                         name[REVIEW_NAME];
    size_t                       i;
    review_str_t                 values[2];
    const review_metrics_llm_t  *llm;

    for (i = 0; i <= REVIEW_METRICS_LLMS; i++) {
        llm = review_prometheus_llm(zone, i, name, &values[0]);

        if (llm) {
            review_prometheus_counters(b, f, zone, values,
                                       review_metrics_classes, llm->retries);
        }
    }
}


static void
review_prometheus_llms(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                         name[REVIEW_NAME];
    size_t                       i;
    review_str_t                 value;
    const review_metrics_llm_t  *llm;

    for (i = 0; i <= REVIEW_METRICS_LLMS; i++) {
        llm = review_prometheus_llm(zone, i, name, &value);

        if (llm) {
            review_prometheus_histogram(b, f, zone, &value,
                                        (const review_histogram_t *)
                                            (const void *)
                                            ((const char *) llm + f->offset));
        }
    }
}


static void
review_prometheus_queues(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                         name[REVIEW_NAME];
    size_t                       i, j;
    review_str_t                 values[2];
    const review_metrics_llm_t  *llm;

    for (i = 0; i <= REVIEW_METRICS_LLMS; i++) {
        llm = review_prometheus_llm(zone, i, name, &values[0]);

        for (j = 0; llm && j < REVIEW_METRICS_CLASSES; j++) {
            values[1] = review_prometheus_value(review_metrics_classes[j]);
            review_prometheus_histogram(b, f, zone, values, &llm->queue[j]);
        }
    }
}


static void
review_prometheus_reviews(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t        i;
    review_str_t  values[2];

    for (i = 0; i < REVIEW_METRICS_CLASSES; i++) {
        values[0] = review_prometheus_value(review_metrics_classes[i]);
        review_prometheus_counters(b, f, zone, values, review_metrics_reviews,
                                   zone->metrics->reviews[i]);
    }
}


static void
review_prometheus_review_time(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    review_prometheus_histogram(b, f, zone, NULL,
                                &zone->metrics->review_duration);
}


static void
review_prometheus_statuses(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    review_str_t  value;

    review_prometheus_counters(b, f, zone, &value, review_metrics_points,
                               zone->metrics->statuses);
}


static void
review_prometheus_tasks(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    review_str_t  value;

    review_prometheus_counters(b, f, zone, &value, review_metrics_tasks,
                               zone->metrics->tasks);
}


static void
review_prometheus_cells(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                           names[2 * REVIEW_NAME];
    size_t                         i, j;
    review_str_t                   values[4];
    const review_metrics_point_t  *point;

    for (i = 0; i < REVIEW_METRICS_POINTS + 2; i++) {
        point = review_metrics_point_at(zone->metrics, i, names, values);

        for (j = 0; point && j < REVIEW_METRICS_CELLS; j++) {
            review_metrics_cell_names(j, &values[2], &values[3]);
            review_prometheus_sample(b, f, zone, values,
                                     review_metrics_get(&point->cells[j]));
        }
    }
}


static void
review_prometheus_point_tokens(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                           names[2 * REVIEW_NAME];
    size_t                         i;
    review_str_t                   values[3];
    const review_metrics_point_t  *point;

    for (i = 0; i < REVIEW_METRICS_POINTS + 2; i++) {
        point = review_metrics_point_at(zone->metrics, i, names, values);

        if (point) {
            review_prometheus_counters(b, f, zone, values,
                                       review_metrics_kinds, point->tokens);
        }
    }
}


static void
review_prometheus_models(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                           name[REVIEW_NAME];
    size_t                         i;
    review_str_t                   values[2];
    const review_metrics_model_t  *model;

    for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
        model = &zone->metrics->models[i];

        if (review_name_read(model->name, review_metrics_get(&model->key),
                             name, values, 1))
        {
            review_prometheus_counters(b, f, zone, values,
                                       review_metrics_kinds, model->tokens);
        }
    }

    values[0] = review_prometheus_value(REVIEW_METRICS_OTHER);
    review_prometheus_counters(b, f, zone, values, review_metrics_kinds,
                               zone->metrics->others);
}


static void
review_prometheus_tenant_calls(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    uint32_t                        i;
    review_str_t                    value;
    const review_counted_tenant_t  *tenant;

    for (i = 0; i < zone->gauges->ncounted; i++) {
        tenant = &zone->gauges->counted[i];

        value.data = tenant->name;
        value.len = tenant->len;
        review_prometheus_sample(b, f, zone, &value, tenant->calls);
    }
}


static void
review_prometheus_tenant_tokens(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    uint32_t                        i;
    review_str_t                    values[2];
    const review_counted_tenant_t  *tenant;

    for (i = 0; i < zone->gauges->ncounted; i++) {
        tenant = &zone->gauges->counted[i];

        values[0].data = tenant->name;
        values[0].len = tenant->len;
        review_prometheus_counters(b, f, zone, values, review_metrics_kinds,
                                   tenant->tokens);
    }
}


static void
review_prometheus_requests(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t        i;
    review_str_t  values[2];

    for (i = 0; i < REVIEW_METRICS_ENDPOINTS; i++) {
        values[0] = review_prometheus_value(review_metrics_endpoints[i]);
        review_prometheus_counters(b, f, zone, values, review_metrics_reviews,
                                   zone->metrics->requests[i].ended);
    }
}


static void
review_prometheus_request_time(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t        i;
    review_str_t  value;

    for (i = 0; i < REVIEW_METRICS_ENDPOINTS; i++) {
        value = review_prometheus_value(review_metrics_endpoints[i]);
        review_prometheus_histogram(b, f, zone, &value,
                                    &zone->metrics->requests[i].duration);
    }
}


static void
review_prometheus_request_bytes(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t                           i;
    review_str_t                     values[2];
    const review_metrics_request_t  *request;

    for (i = 0; i < REVIEW_METRICS_ENDPOINTS; i++) {
        request = &zone->metrics->requests[i];

        values[0] = review_prometheus_value(review_metrics_endpoints[i]);
        values[1] = review_prometheus_value("received");
        review_prometheus_sample(b, f, zone, values,
                                 review_metrics_get(&request->received));
        values[1] = review_prometheus_value("sent");
        review_prometheus_sample(b, f, zone, values,
                                 review_metrics_get(&request->sent));
    }
}


static void
review_prometheus_operations(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t                            i;
    review_str_t                      values[2];
    const review_metrics_operated_t  *operated;

    for (i = 0; i < REVIEW_METRICS_OPERATIONS; i++) {
        operated = &zone->metrics->operations[i];

        values[0] = review_prometheus_value(review_metrics_operations[i]);
        values[1] = review_prometheus_value("ok");
        review_prometheus_sample(b, f, zone, values,
                                 review_metrics_get(&operated->ok));
        values[1] = review_prometheus_value("failed");
        review_prometheus_sample(b, f, zone, values,
                                 review_metrics_get(&operated->failed));
    }
}


static void
review_prometheus_operation_time(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t        i;
    review_str_t  value;

    for (i = 0; i < REVIEW_METRICS_OPERATIONS; i++) {
        value = review_prometheus_value(review_metrics_operations[i]);
        review_prometheus_histogram(b, f, zone, &value,
                                    &zone->metrics->operations[i].duration);
    }
}


static void
review_prometheus_operation_bytes(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t        i;
    review_str_t  value;

    for (i = 0; i < REVIEW_METRICS_OPERATIONS; i++) {
        value = review_prometheus_value(review_metrics_operations[i]);
        review_prometheus_sample(b, f, zone, &value,
                      review_metrics_get(&zone->metrics->operations[i].bytes));
    }
}


static uint32_t
review_prometheus_gauge_value(const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    uint32_t  n;

    memcpy(&n, (const char *) zone->gauges + f->offset, sizeof(n));

    return n;
}


static void
review_prometheus_gauge(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    review_prometheus_sample(b, f, zone, NULL,
                             review_prometheus_gauge_value(f, zone));
}


static void
review_prometheus_queued(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t                  i;
    uint32_t                queued[REVIEW_METRICS_CLASSES];
    review_str_t            value;
    const review_gauges_t  *g;

    g = zone->gauges;

    queued[REVIEW_PRIORITY_HIGH] = g->queued_high;
    queued[REVIEW_PRIORITY_NORMAL] = g->queued_normal;
    queued[REVIEW_PRIORITY_LOW] = g->queued_low;

    for (i = 0; i < REVIEW_METRICS_CLASSES; i++) {
        value = review_prometheus_value(review_metrics_classes[i]);
        review_prometheus_sample(b, f, zone, &value, queued[i]);
    }
}


static void
review_prometheus_limit(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    uint32_t  n;

    n = review_metrics_bound(zone->gauges,
                             review_prometheus_gauge_value(f, zone));

    if (n) {
        review_prometheus_sample(b, f, zone, NULL, n);
        return;
    }

    review_prometheus_open(b, f, "", zone, NULL);
    review_buf_puts(b, "} +Inf\n");
}


static void
review_prometheus_circuit(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    int           i;
    review_str_t  value;

    for (i = 0; review_metrics_circuits[i]; i++) {
        value = review_prometheus_value(review_metrics_circuits[i]);
        review_prometheus_sample(b, f, zone, &value,
                                 zone->gauges->circuit == i);
    }
}


static void
review_prometheus_openings(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    review_prometheus_sample(b, f, zone, NULL, zone->gauges->openings);
}


static void
review_prometheus_build(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    review_str_t           values[3];
    const review_build_t  *build;

    build = &zone->gauges->build;

    values[0] = review_prometheus_value(build->version);
    values[1] = review_prometheus_value(build->nginx);
    values[2] = review_prometheus_value(build->curl);

    review_prometheus_sample(b, f, zone, values, 1);
}


/* a family is told once, with the samples of all zones together */

void
review_prometheus_write(review_buf_t *b, const review_metrics_zone_t *zones,
    size_t n)
{
    size_t                  i, j;
    const review_family_t  *f;

    for (i = 0; i < REVIEW_FAMILIES; i++) {
        f = &review_families[i];

        review_buf_puts(b, "# HELP ");
        review_buf_puts(b, f->name);
        review_buf_puts(b, " ");
        review_buf_puts(b, f->help);
        review_buf_puts(b, "\n# TYPE ");
        review_buf_puts(b, f->name);
        review_buf_puts(b, " ");
        review_buf_puts(b, f->type);
        review_buf_puts(b, "\n");

        for (j = 0; j < n; j++) {
            f->write(b, f, &zones[j]);
        }
    }
}
