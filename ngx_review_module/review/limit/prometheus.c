
/* The text exposition format of Prometheus, version 0.0.4. */

#include "review/limit/metrics_shared.h"


typedef struct review_family_s  review_family_t;

/* "write" writes all samples that a zone has of a family */

struct review_family_s {
    const char          *name;
    const char          *type;
    const char          *help;
    void               (*write)(review_buf_t *b, const review_family_t *f,
                                const review_metrics_zone_t *zone);
    size_t               offset;     /* in review_metrics_t, review_gauges_t */
    const char          *label;
    const char *const   *values;     /* of that label */
};


static void review_prometheus_number(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone);
static void review_prometheus_counter(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_outcome(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_histogram(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);
static void review_prometheus_tokens(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone);
static void review_prometheus_gauge(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone);
static void review_prometheus_queued(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone);
static void review_prometheus_limit(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone);
static void review_prometheus_circuit(review_buf_t *b,
    const review_family_t *f, const review_metrics_zone_t *zone);


static const review_family_t  review_families[] = {

    { "review_calls_total", "counter",
      "LLM calls, each try counted, by outcome: ok or an error code.",
      review_prometheus_outcome,
      offsetof(review_metrics_t, calls), "outcome", NULL },

    { "review_call_retries_total", "counter",
      "LLM calls that repeated one or asked it anew.",
      review_prometheus_number, offsetof(review_metrics_t, retries),
      NULL, NULL },

    { "review_call_duration_seconds", "histogram",
      "Time from the start of an LLM call to its end.",
      review_prometheus_histogram, offsetof(review_metrics_t, call_duration),
      NULL, NULL },

    { "review_time_to_first_token_seconds", "histogram",
      "Time from the start of an LLM call to the first piece of its answer.",
      review_prometheus_histogram, offsetof(review_metrics_t, first_token),
      NULL, NULL },

    { "review_queue_seconds", "histogram",
      "Time that LLM calls waited for their turn.",
      review_prometheus_histogram, offsetof(review_metrics_t, queue),
      NULL, NULL },

    { "review_reviews_total", "counter", "Reviews of chunks, by status.",
      review_prometheus_counter,
      offsetof(review_metrics_t, reviews), "status", review_metrics_reviews },

    { "review_duration_seconds", "histogram",
      "Time from the request of a review to its end.",
      review_prometheus_histogram, offsetof(review_metrics_t, review_duration),
      NULL, NULL },

    { "review_points_total", "counter", "Results of review points, by status.",
      review_prometheus_counter,
      offsetof(review_metrics_t, points), "status", review_metrics_points },

    { "review_tasks_total", "counter", "Reports of tasks, by status.",
      review_prometheus_counter,
      offsetof(review_metrics_t, tasks), "status", review_metrics_tasks },

    { "review_tokens_total", "counter",
      "Tokens as LLMs count them, by model and kind.",
      review_prometheus_tokens, 0, "kind", review_metrics_kinds },

    { "review_calls_in_flight", "gauge", "LLM calls that run.",
      review_prometheus_gauge, offsetof(review_gauges_t, in_flight),
      NULL, NULL },

    { "review_calls_queued", "gauge",
      "LLM calls that wait for their turn, by priority.",
      review_prometheus_queued, 0, "priority", NULL },

    { "review_calls_limit", "gauge", "LLM calls that may run at once.",
      review_prometheus_limit, offsetof(review_gauges_t, limit),
      NULL, NULL },

    { "review_calls_limit_min", "gauge",
      "The least that the limit may become; the limit itself if it is fixed.",
      review_prometheus_limit, offsetof(review_gauges_t, limit_min),
      NULL, NULL },

    { "review_calls_limit_max", "gauge",
      "The most that the limit may become; the limit itself if it is fixed.",
      review_prometheus_limit, offsetof(review_gauges_t, limit_max),
      NULL, NULL },

    { "review_circuit_state", "gauge",
      "1 for the state that the circuit breaker is in, 0 for the others.",
      review_prometheus_circuit, 0, "state", review_metrics_circuits },

    { "review_processes", "gauge", "Processes that share the zone.",
      review_prometheus_gauge, offsetof(review_gauges_t, processes),
      NULL, NULL },

    { "review_processes_max", "gauge", "Processes that the zone has room for.",
      review_prometheus_gauge, offsetof(review_gauges_t, processes_max),
      NULL, NULL }
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


/* the beginning of a sample: name{zone="..." */

static void
review_prometheus_open(review_buf_t *b, const review_family_t *f,
    const char *suffix, const review_metrics_zone_t *zone)
{
    review_buf_puts(b, f->name);
    review_buf_puts(b, suffix);
    review_buf_puts(b, "{zone=\"");
    review_prometheus_escape(b, zone->name.data, zone->name.len);
    review_buf_puts(b, "\"");
}


static void
review_prometheus_label(review_buf_t *b, const char *name, const char *value)
{
    review_buf_puts(b, ",");
    review_buf_puts(b, name);
    review_buf_puts(b, "=\"");
    review_buf_puts(b, value);
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
    const review_metrics_zone_t *zone, const char *value, uint64_t n)
{
    review_prometheus_open(b, f, "", zone);

    if (value) {
        review_prometheus_label(b, f->label, value);
    }

    review_prometheus_close(b, n);
}


static const void *
review_prometheus_metric(const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    return (const char *) zone->metrics + f->offset;
}


static void
review_prometheus_number(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    const uint64_t  *counter;

    counter = review_prometheus_metric(f, zone);

    review_prometheus_sample(b, f, zone, NULL, review_metrics_get(counter));
}


static void
review_prometheus_counter(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t           i;
    const uint64_t  *counters;

    counters = review_prometheus_metric(f, zone);

    for (i = 0; f->values[i]; i++) {
        review_prometheus_sample(b, f, zone, f->values[i],
                                 review_metrics_get(&counters[i]));
    }
}


/* outcomes are many: those that have never come are left out, but for "ok" */

static void
review_prometheus_outcome(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char             name[REVIEW_CODE_NAME];
    size_t           i;
    uint64_t         n;
    const uint64_t  *counters;

    counters = review_prometheus_metric(f, zone);

    for (i = 0; i < REVIEW_METRICS_OUTCOMES; i++) {
        n = review_metrics_get(&counters[i]);

        if (n || i == 0) {
            review_prometheus_sample(b, f, zone,
                                     review_metrics_outcome_name(i, name), n);
        }
    }
}


static void
review_prometheus_bucket(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone, size_t i, uint64_t n)
{
    review_prometheus_open(b, f, "_bucket", zone);
    review_buf_puts(b, ",le=\"");

    if (i == REVIEW_METRICS_BUCKETS - 1) {
        review_buf_puts(b, "+Inf");

    } else {
        review_buf_decimal(b, (double) review_metrics_bounds[i] / 1000);
    }

    review_buf_puts(b, "\"");
    review_prometheus_close(b, n);
}


static void
review_prometheus_histogram(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    size_t              i;
    review_histogram_t  h;

    review_metrics_snapshot(&h, review_prometheus_metric(f, zone));

    for (i = 0; i < REVIEW_METRICS_BUCKETS; i++) {
        review_prometheus_bucket(b, f, zone, i, h.buckets[i]);
    }

    review_prometheus_open(b, f, "_sum", zone);
    review_buf_puts(b, "} ");
    review_buf_decimal(b, (double) h.sum / 1000);
    review_buf_puts(b, "\n");

    review_prometheus_open(b, f, "_count", zone);
    review_prometheus_close(b, h.buckets[REVIEW_METRICS_BUCKETS - 1]);
}


static void
review_prometheus_model(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone, const review_str_t *model,
    const uint64_t *tokens)
{
    size_t  i;

    for (i = 0; i < REVIEW_METRICS_KINDS; i++) {
        review_prometheus_open(b, f, "", zone);
        review_buf_puts(b, ",model=\"");
        review_prometheus_escape(b, model->data, model->len);
        review_buf_puts(b, "\"");
        review_prometheus_label(b, f->label, f->values[i]);
        review_prometheus_close(b, review_metrics_get(&tokens[i]));
    }
}


static void
review_prometheus_tokens(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    char                           name[REVIEW_METRICS_NAME];
    size_t                         i;
    review_str_t                   model;
    const review_metrics_model_t  *models;
    static const review_str_t      other = review_string(REVIEW_METRICS_OTHER);

    models = zone->metrics->models;
    model.data = name;

    for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
        model.len = review_metrics_model(&models[i], name);

        if (model.len) {
            review_prometheus_model(b, f, zone, &model, models[i].tokens);
        }
    }

    review_prometheus_model(b, f, zone, &other, zone->metrics->others);
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
    const review_gauges_t  *g;

    g = zone->gauges;

    review_prometheus_sample(b, f, zone, "high", g->queued_high);
    review_prometheus_sample(b, f, zone, "normal", g->queued_normal);
    review_prometheus_sample(b, f, zone, "low", g->queued_low);
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

    review_prometheus_open(b, f, "", zone);
    review_buf_puts(b, "} +Inf\n");
}


static void
review_prometheus_circuit(review_buf_t *b, const review_family_t *f,
    const review_metrics_zone_t *zone)
{
    int  i;

    for (i = 0; f->values[i]; i++) {
        review_prometheus_sample(b, f, zone, f->values[i],
                                 zone->gauges->circuit == i);
    }
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
