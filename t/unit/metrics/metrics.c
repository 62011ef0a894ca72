
/*
 * What is counted is what is told: buckets at their edges, labels that are
 * bounded whatever comes, processes that count at once and lose nothing, tables
 * of LLMs, models and points that stay whole when they are full or a process
 * was killed over them.  The JSON parses, the page is one that
 * t/docs/prometheus.py accepts, and that one refuses pages that are not.
 */

#include "tap.h"
#include "review/metrics/metrics_shared.h"
#include "review/base/utf8.h"

#include <sched.h>
#include <stdarg.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>


#define PROCESSES  4
#define TIMES      100000
#define ROUNDS     2000
#define LAST       (REVIEW_METRICS_BUCKETS - 1)

/* those of an LLM without a name */

#define count_call(m, code, ms)                                               \
    review_metrics_call(&(m)->llms[0], REVIEW_PRIORITY_NORMAL, code, ms)
#define count_queue(m, ms)                                                    \
    review_metrics_queue(&(m)->llms[0], REVIEW_PRIORITY_HIGH, ms)
#define count_review(m, status, ms)                                           \
    review_metrics_review(m, REVIEW_PRIORITY_LOW, status, ms)

#define QUEUE      m.llms[0].queue[REVIEW_PRIORITY_HIGH]


static review_pool_t    *pool;
static review_metrics_t  m;

static const review_counted_tenant_t  counted[] = {
    { .name = "default", .len = 7, .calls = 5, .tokens = { 40, 4 } },
    { .name = "采\"购\n", .len = 8, .calls = 1, .tokens = { 10, 0 } }
};

static const review_gauges_t  gauges = {
    .in_flight = 7, .queued = 6, .limit = 8, .limit_min = 2, .limit_max = 64,
    .automatic = 1, .circuit = 1, .processes = 4, .processes_max = 9,
    .queued_high = 1, .queued_normal = 2, .queued_low = 3, .ntenants = 2,
    .tenants = { { .name = "a", .len = 1, .in_flight = 5, .queued = 2 },
                 { .name = "\"b\" of two", .len = 3, .queued = 4 } },
    .openings = 3, .ncounted = 2, .counted = counted,
    .build = { "0.9", "1.26.3", "8.1" }
};

static const review_gauges_t  unlimited = {
    .limit_min = 2, .limit_max = 64, .build = { "", "", "" }
};


static json_t *
json_of(const review_metrics_t *metrics, const review_gauges_t *g)
{
    json_t        *json;
    review_buf_t   b;

    review_buf_init(&b, pool, 0);
    review_metrics_json(&b, "llm", 3, metrics, g);

    json = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);

    if (json == NULL) {
        printf("# %.*s\n", (int) b.len, b.data);
        return json_object();
    }

    (void) review_pool_own_json(pool, json);

    return json;
}


/* the member at a path of names, which end with NULL */

static json_t *
at(json_t *json, ...)
{
    va_list      args;
    const char  *name;

    va_start(args, json);

    while ((name = va_arg(args, const char *)) != NULL) {
        json = json_object_get(json, name);
    }

    va_end(args);

    return json;
}


#define is_int(n, ...)                                                        \
    (json_is_integer(at(__VA_ARGS__, NULL))                                   \
     && json_integer_value(at(__VA_ARGS__, NULL)) == (n))


/* a null-terminated page with one zone */

static const char *
page_of(const char *name, const review_metrics_t *metrics,
    const review_gauges_t *g)
{
    review_buf_t           b;
    review_metrics_zone_t  zone;

    zone.name.data = name;
    zone.name.len = strlen(name);
    zone.metrics = metrics;
    zone.gauges = g;

    review_buf_init(&b, pool, 0);
    review_prometheus_write(&b, &zone, 1);
    review_buf_add(&b, "", 1);

    return b.data;
}


/* does t/docs/prometheus.py accept it?  -1: it could not be run */

static int
accepted(const char *page, const char *output)
{
    int     rc;
    char    command[512];
    FILE   *f;

    snprintf(command, sizeof(command),
             "/usr/bin/python3 '%.*s/../../docs/prometheus.py' %s",
             (int) (strrchr(__FILE__, '/') - __FILE__), __FILE__, output);

    fflush(stdout);

    f = popen(command, "w");
    fputs(page, f);
    rc = pclose(f);

    return rc == 0 ? 1 : WIFEXITED(rc) && WEXITSTATUS(rc) == 1 ? 0 : -1;
}


static size_t
bucket_of(uint32_t ms)
{
    size_t  i;

    memset(&m, 0, sizeof(m));
    count_queue(&m, ms);

    for (i = 0; i < LAST && QUEUE.buckets[i] == 0; i++) { /* void */ }

    return QUEUE.buckets[i] == 1 && QUEUE.sum == ms ? i : SIZE_MAX;
}


static void
test_buckets(void)
{
    int                 bad;
    size_t              i;
    uint32_t            bound;
    review_histogram_t  h;

    bad = 0;

    for (i = 0; i < LAST; i++) {
        bound = review_metrics_bounds[i];

        bad += (bucket_of(bound) != i);
        bad += (bucket_of(bound - 1) != i);
        bad += (bucket_of(bound + 1) != i + 1);
    }

    ok(bad == 0, "a bound is within its bucket: %d wrong", bad);
    ok(bucket_of(0) == 0, "no time at all is time");
    ok(bucket_of(UINT32_MAX - 1) == LAST, "+Inf takes what is left");

    memset(&m, 0, sizeof(m));
    count_queue(&m, REVIEW_METRICS_NO_TIME);
    count_queue(&m, 6);
    count_queue(&m, 10);
    count_queue(&m, 5000000);
    review_metrics_snapshot(&h, &QUEUE);

    ok(h.buckets[0] == 0 && h.buckets[1] == 2 && h.buckets[LAST - 1] == 2
       && h.buckets[LAST] == 3 && h.sum == 5000016,
       "a snapshot is cumulative; REVIEW_METRICS_NO_TIME is not in it");
}


static void
is_outcome(review_code_t code, const char *outcome)
{
    json_t  *json;

    memset(&m, 0, sizeof(m));
    count_call(&m, code, 1);
    json = at(json_of(&m, &gauges), "calls", NULL);

    ok(is_int(1, json, "outcomes", outcome) && is_int(1, json, "total")
       && is_int(1, json, "duration_ms", "count"),
       "code %u counts as %s", code, outcome);
}


static void
test_outcomes(void)
{
    int             bad;
    char            name[REVIEW_CODE_NAME], line[256];
    size_t          i;
    json_t         *json;
    const char     *page;
    review_code_t   code;

    is_outcome(REVIEW_CODE_OK, "ok");
    is_outcome(REVIEW_CODE_CANCELLED, "cancelled");
    is_outcome(review_code_http(503), "http_503");
    is_outcome(review_code_http(418), "http_4xx");
    is_outcome(review_code_http(599), "http_5xx");
    is_outcome(review_code_http(302), "other");
    is_outcome(review_code_http(4000), "other");
    is_outcome(review_code_http(6), "other");
    is_outcome(REVIEW_CODE_REGEX_LIMIT, "other");
    is_outcome(REVIEW_CODE_OTHER, "other");

    memset(&m, 0, sizeof(m));

    page = page_of("llm", &m, &gauges);
    bad = 0;

    for (i = 0; i < REVIEW_METRICS_OUTCOMES; i++) {
        snprintf(line, sizeof(line), "\nreview_calls_total{zone=\"llm\",llm="
                 "\"\",class=\"low\",outcome=\"%s\"} 0\n",
                 review_metrics_outcome_name(i, name));
        bad += strstr(page, line) == NULL;
    }

    ok(bad == 0, "all are told before they have come: %d missing", bad);

    for (i = 0; i < REVIEW_METRICS_OUTCOMES; i++) {
        page = review_metrics_outcome_name(i, name);

        code = i == 0 ? REVIEW_CODE_OK
               : strcmp(page, "http_4xx") == 0 ? review_code_http(499)
               : strcmp(page, "http_5xx") == 0 ? review_code_http(599)
               : review_code_of(page, strlen(page));

        count_call(&m, code, REVIEW_METRICS_NO_TIME);
    }

    json = at(json_of(&m, &gauges), "calls", NULL);
    bad = 0;

    for (i = 0; i < REVIEW_METRICS_OUTCOMES; i++) {
        bad += !is_int(1, json, "outcomes",
                       review_metrics_outcome_name(i, name));
    }

    ok(bad == 0, "each outcome has its own counter: %d wrong", bad);
    ok(is_int(REVIEW_METRICS_OUTCOMES, json, "total")
       && is_int(0, json, "duration_ms", "count"),
       "what was never sent is counted, and has no duration");
}


static void
test_statuses(void)
{
    json_t  *json;

    memset(&m, 0, sizeof(m));

    count_review(&m, REVIEW_METRICS_COMPLETE, 20);
    count_review(&m, REVIEW_METRICS_PARTIAL, 30);
    count_review(&m, REVIEW_METRICS_ABORTED, 40);
    count_review(&m, REVIEW_METRICS_ABORTED, 50);
    count_review(&m, REVIEW_METRICS_REJECTED,
                          REVIEW_METRICS_NO_TIME);
    review_metrics_point(&m, 0, NULL, NULL, REVIEW_METRICS_POINT_OK,
                         REVIEW_VERDICT_PASS, 0, 0);
    review_metrics_point(&m, 0, NULL, NULL, REVIEW_METRICS_POINT_TIMEOUT,
                         REVIEW_VERDICT_PASS, 0, 0);
    review_metrics_point(&m, 0, NULL, NULL, REVIEW_METRICS_POINT_SKIPPED,
                         REVIEW_VERDICT_PASS, 0, 0);
    review_metrics_retry(&m.llms[0], REVIEW_PRIORITY_LOW);
    review_metrics_first_token(&m.llms[0], 12);

    json = json_of(&m, &gauges);

    ok(is_int(5, json, "reviews", "total")
       && is_int(1, json, "reviews", "complete")
       && is_int(1, json, "reviews", "partial")
       && is_int(0, json, "reviews", "failed")
       && is_int(1, json, "reviews", "rejected")
       && is_int(2, json, "reviews", "aborted")
       && is_int(4, json, "reviews", "duration_ms", "count")
       && is_int(140, json, "reviews", "duration_ms", "sum"), "reviews");
    ok(is_int(3, json, "points", "total") && is_int(1, json, "points", "ok")
       && is_int(0, json, "points", "failed")
       && is_int(1, json, "points", "timeout")
       && is_int(1, json, "points", "skipped"), "points");
    ok(is_int(1, json, "calls", "retries")
       && is_int(12, json, "calls", "time_to_first_token_ms", "sum"),
       "retries, first tokens");
}


static void
test_quantiles(void)
{
    int      i;
    json_t  *h;

    memset(&m, 0, sizeof(m));
    h = at(json_of(&m, &gauges), "calls", "queue_ms", NULL);
    ok(is_int(0, h, "count") && is_int(0, h, "sum")
       && json_is_null(at(h, "p50", NULL)) && json_is_null(at(h, "p99", NULL)),
       "of nothing there is no quantile");

    for (i = 0; i < 100; i++) {
        count_queue(&m, 7);
    }

    h = at(json_of(&m, &gauges), "calls", "queue_ms", NULL);
    ok(json_number_value(at(h, "p50", NULL)) == 7.5
       && json_number_value(at(h, "p90", NULL)) == 9.5
       && json_number_value(at(h, "p99", NULL)) == 9.95,
       "quantiles lie within the bucket, not at its end");

    for (i = 0; i < 100; i++) {
        count_queue(&m, 3600001);
    }

    h = at(json_of(&m, &gauges), "calls", "queue_ms", NULL);
    ok(is_int(10, h, "p50") && is_int(3600000, h, "p90"),
       "at the edge of a bucket; and in +Inf, whose end is not known");
}


static void
test_gauges(void)
{
    json_t      *calls, *tenants, *tenant;
    const char  *page;

    memset(&m, 0, sizeof(m));

    calls = at(json_of(&m, &gauges), "calls", NULL);
    ok(is_int(7, calls, "in_flight") && is_int(6, calls, "queued", "total")
       && is_int(1, calls, "queued", "high")
       && is_int(2, calls, "queued", "normal")
       && is_int(3, calls, "queued", "low")
       && is_int(8, calls, "limit", "current")
       && is_int(2, calls, "limit", "min")
       && is_int(64, calls, "limit", "max")
       && json_is_true(at(calls, "limit", "automatic", NULL))
       && strcmp(json_string_value(at(calls, "circuit", NULL)), "half_open")
          == 0,
       "a zone with a limit that moves");

    tenants = at(json_of(&m, &gauges), "tenants", NULL);
    tenant = json_array_get(tenants, 1);
    ok(json_array_size(tenants) == 2
       && is_int(5, json_array_get(tenants, 0), "in_flight")
       && is_int(2, json_array_get(tenants, 0), "queued")
       && is_int(0, tenant, "in_flight") && is_int(4, tenant, "queued")
       && strcmp(json_string_value(at(tenant, "tenant", NULL)), "\"b\"") == 0
       && is_int(9, json_of(&m, &gauges), "processes_max"),
       "its tenants, and how many processes it has room for");

    page = page_of("llm", &m, &gauges);
    ok(strstr(page, "review_calls_limit{zone=\"llm\"} 8\n")
       && strstr(page, "review_calls_limit_min{zone=\"llm\"} 2\n")
       && strstr(page, "review_calls_limit_max{zone=\"llm\"} 64\n")
       && strstr(page, "queued{zone=\"llm\",priority=\"low\"} 3\n")
       && strstr(page, "_state{zone=\"llm\",state=\"half_open\"} 1\n")
       && strstr(page, "_state{zone=\"llm\",state=\"closed\"} 0\n")
       && strstr(page, "review_processes{zone=\"llm\"} 4\n")
       && strstr(page, "review_processes_max{zone=\"llm\"} 9\n"),
       "the same for Prometheus");

    calls = at(json_of(&m, &unlimited), "calls", NULL);
    ok(json_is_null(at(calls, "limit", "current", NULL))
       && json_is_null(at(calls, "limit", "min", NULL))
       && json_is_null(at(calls, "limit", "max", NULL))
       && json_is_false(at(calls, "limit", "automatic", NULL)),
       "no limit has no bounds");

    page = page_of("llm", &m, &unlimited);
    ok(strstr(page, "review_calls_limit{zone=\"llm\"} +Inf\n")
       && strstr(page, "review_calls_limit_min{zone=\"llm\"} +Inf\n"),
       "the same for Prometheus");
}


/* tokens go to the model of the name that is expected */

static void
is_model(const char *name, const char *data, size_t len, const char *expected)
{
    json_t  *json;

    memset(&m, 0, sizeof(m));
    review_metrics_tokens(&m, data, len, 30, 4);
    review_metrics_tokens(&m, data, len, 3, -1);
    json = at(json_of(&m, &gauges), "tokens", NULL);

    ok(json_object_size(json) == 1 && is_int(33, json, expected, "prompt")
       && is_int(4, json, expected, "completion"), "%s", name);
}


#define a8   "aaaaaaaa"
#define a61  a8 a8 a8 a8 a8 a8 a8 "aaaaa"

#define model(name, data, expected)                                           \
    is_model(name, data, sizeof(data) - 1, expected)


static void
test_models(void)
{
    json_t  *json;

    model("a model", "qwen2.5-72b", "qwen2.5-72b");
    model("a name that just fits", a61 "投", a61 "投");
    model("a longer one is cut between code points", a61 "a投标", a61 "a");
    model("a quote and a new line", "a\"b\\c\nd", "a\"b\\c\nd");
    model("no name", "", "other");
    model("a name that is not UTF-8", "\xff", "other");
    model("  and up to where it is not", "ab\xe6\x8a", "ab");
    model("a zero ends it", "ab\0cd", "ab");
    model("a model named like the others", "other", "other");
    is_model("no name at all", NULL, 0, "other");

    memset(&m, 0, sizeof(m));
    review_metrics_tokens(&m, "a", 1, INT64_MAX, 999999999999999);
    json = at(json_of(&m, &gauges), "tokens", NULL);
    ok(is_int(UINT32_MAX, json, "a", "prompt")
       && is_int(UINT32_MAX, json, "a", "completion"),
       "what no LLM can have used is bounded");

    /* two names of one hash */

    memset(&m, 0, sizeof(m));
    review_metrics_tokens(&m, "8yn0iYCKYHlIj4-BwPqk", 20, 1, 0);
    review_metrics_tokens(&m, "GReLUrM4wMqfg9yzV3KQ", 20, 2, 0);
    json = at(json_of(&m, &gauges), "tokens", NULL);
    ok(json_object_size(json) == 1
       && is_int(3, json, "8yn0iYCKYHlIj4-BwPqk", "prompt"),
       "names made for the same hash: the first one stays");
}


static void
test_table(void)
{
    int      i, n, bad, round;
    char     name[32];
    json_t  *json;

    memset(&m, 0, sizeof(m));

    for (round = 0; round < 2; round++) {
        for (i = 0; i < REVIEW_METRICS_MODELS + 8; i++) {
            n = snprintf(name, sizeof(name), "model-%d", i);
            review_metrics_tokens(&m, name, (size_t) n, i, 1);
        }
    }

    json = at(json_of(&m, &gauges), "tokens", NULL);
    bad = 0;

    for (i = 0; i < REVIEW_METRICS_MODELS; i++) {
        snprintf(name, sizeof(name), "model-%d", i);
        bad += !is_int(2 * i, json, name, "prompt");
    }

    ok(bad == 0 && json_object_size(json) == REVIEW_METRICS_MODELS + 1,
       "as many models as there is place for: %d wrong", bad);
    ok(is_int(16, json, "other", "completion"), "the rest are others");
    ok(accepted(page_of("llm", &m, &gauges), ">&2") == 1,
       "a page with all of them");
}


/* a process was killed when it had written so many words of the name */

static void
test_torn(size_t words)
{
    size_t      i;
    json_t     *json;
    const char  name[] = a8 "投标投标投标投标";

    memset(&m, 0, sizeof(m));
    review_metrics_tokens(&m, name, sizeof(name) - 1, 5, 5);

    for (i = words; i < REVIEW_NAME_WORDS; i++) {
        m.models[0].name[i] = 0;
    }

    review_metrics_tokens(&m, "b", 1, 1, 1);

    json = at(json_of(&m, &gauges), "tokens", NULL);
    ok(json_object_size(json) == 1 && is_int(1, json, "b", "prompt")
       && strstr(page_of("llm", &m, &gauges), "model=\"a") == NULL,
       "torn after %zu words, a name is not told", words);

    review_metrics_tokens(&m, name, sizeof(name) - 1, 2, 2);

    json = at(json_of(&m, &gauges), "tokens", NULL);
    ok(json_object_size(json) == 2 && is_int(7, json, name, "prompt"),
       "  until its next tokens mend it");
}


static review_metrics_t *
shared(size_t n)
{
    return mmap(NULL, n * sizeof(review_metrics_t), PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_ANONYMOUS, -1, 0);
}


/* runs it in processes that start at once; returns how many failed */

static int
run(void (*work)(review_metrics_t *, int), review_metrics_t *metrics)
{
    int     i, status, bad;
    char    byte;
    int     gate[2];
    pid_t   pids[PROCESSES];

    bad = pipe(gate);
    fflush(stdout);

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            close(gate[1]);
            (void) !read(gate[0], &byte, 1);
            work(metrics, i);
            _exit(0);
        }
    }

    close(gate[0]);
    close(gate[1]);

    for (i = 0; i < PROCESSES; i++) {
        bad += (waitpid(pids[i], &status, 0) != pids[i] || status != 0);
    }

    return bad;
}


static void
count(review_metrics_t *metrics, int process)
{
    int  i;

    for (i = 0; i < TIMES; i++) {
        count_call(metrics, i % 4 ? REVIEW_CODE_OK : review_code_http(503),
                   (uint32_t) (i % 8));
        review_metrics_tokens(metrics, "qwen", 4, 2, process);
    }
}


static void
test_processes(void)
{
    int                 bad;
    json_t             *json;
    review_metrics_t   *metrics;

    metrics = shared(1);
    bad = run(count, metrics);
    json = json_of(metrics, &gauges);

    ok(bad == 0 && is_int(PROCESSES * TIMES, json, "calls", "total")
       && is_int(PROCESSES * TIMES / 4 * 3, json, "calls", "outcomes", "ok")
       && is_int(PROCESSES * TIMES, json, "calls", "duration_ms", "count")
       && is_int(PROCESSES * (TIMES / 8) * 28, json, "calls", "duration_ms",
                 "sum"),
       "%d processes lose no call", PROCESSES);
    ok(is_int(PROCESSES * TIMES * 2, json, "tokens", "qwen", "prompt")
       && is_int(TIMES * 6, json, "tokens", "qwen", "completion"),
       "and no token");

    munmap(metrics, sizeof(*metrics));
}


/* waits for all processes; the last metrics of all count those that came */

static void
meet(review_metrics_t *metrics, int round)
{
    uint64_t  *came;

    came = &metrics[ROUNDS].llms[0].retries[0];

    (void) __atomic_fetch_add(came, 1, __ATOMIC_SEQ_CST);

    while (__atomic_load_n(came, __ATOMIC_SEQ_CST)
           < (uint64_t) (round + 1) * PROCESSES)
    {
        (void) sched_yield();
    }
}


/* a model of each process and one of all, added at the same moment */

static void
add_models(review_metrics_t *metrics, int process)
{
    int   i;
    char  own[] = "a model's name of its own, 0";

    own[sizeof(own) - 2] = (char) ('0' + process);
    alarm(20);

    for (i = 0; i < ROUNDS; i++) {
        meet(metrics, i);
        review_metrics_tokens(&metrics[i], own, sizeof(own) - 1, 1, 0);
        review_metrics_tokens(&metrics[i], "common", 6, 1, 0);
    }
}


static void
test_race(void)
{
    int                bad, i, j;
    char               own[] = "a model's name of its own, 0";
    json_t            *json;
    review_metrics_t  *metrics;

    metrics = shared(ROUNDS + 1);
    bad = run(add_models, metrics);

    for (i = 0; i < ROUNDS; i++) {
        json = at(json_of(&metrics[i], &gauges), "tokens", NULL);
        bad += (json_object_size(json) != PROCESSES + 1);
        bad += !is_int(PROCESSES, json, "common", "prompt");

        for (j = 0; j < PROCESSES; j++) {
            own[sizeof(own) - 2] = (char) ('0' + j);
            bad += !is_int(1, json, own, "prompt");
        }
    }

    ok(bad == 0, "models that all add at once stand there once: %d wrong",
       bad);

    munmap(metrics, (ROUNDS + 1) * sizeof(*metrics));
}


static void
test_reader(void)
{
    int                 i, bad, status;
    pid_t               pid;
    uint64_t            count_before;
    review_metrics_t   *metrics;
    review_histogram_t  h;

    metrics = shared(1);
    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        count(metrics, 1);
        _exit(0);
    }

    bad = 0;
    count_before = 0;

    for (i = 0; i < 1000; i++) {
        review_metrics_snapshot(&h, &metrics->llms[0].duration);
        bad += (h.buckets[LAST] < count_before
                || h.buckets[LAST] != h.buckets[LAST - 1]);
        count_before = h.buckets[LAST];
    }

    bad += !accepted(page_of("llm", metrics, &gauges), ">&2");

    waitpid(pid, &status, 0);
    ok(bad == 0 && status == 0, "read while it is counted: %d wrong", bad);

    munmap(metrics, sizeof(*metrics));
}


#define NORMAL  "llm=\"\",class=\"normal\","


static void
test_pages(void)
{
    json_t                *json;
    review_buf_t           b;
    const char            *type;
    review_metrics_t       other;
    review_metrics_zone_t  zones[2] = {
        { review_string("llm"), &m, &gauges },
        { review_string("a\\\"\n} 1投"), &other, &unlimited }
    };

    memset(&m, 0, sizeof(m));
    memset(&other, 0, sizeof(other));

    ok(accepted(page_of("llm", &m, &gauges), ">&2") == 1, "an empty page");

    count_call(&m, REVIEW_CODE_OK, 1234);
    count_call(&m, review_code_http(503), 12);
    count_call(&other, REVIEW_CODE_OK, 4294967);
    review_metrics_tokens(&m, "a\"\\\n{b}", 7, 100, 10);
    review_metrics_tokens(&other, "qwen", 4, 100, 10);

    review_buf_init(&b, pool, 0);
    review_prometheus_write(&b, zones, 2);
    review_buf_add(&b, "", 1);

    ok(accepted(b.data, ">&2") == 1, "a page of two zones");

    type = strstr(b.data, "# TYPE review_calls_total counter\n");
    ok(type && strstr(type + 1, "# TYPE review_calls_total") == NULL,
       "the type of a family stands there once");

    ok(strstr(b.data, "\nreview_calls_total{zone=\"llm\"," NORMAL
              "outcome=\"ok\"} 1\n")
       && strstr(b.data, "\nreview_calls_total{zone=\"llm\"," NORMAL
                 "outcome=\"http_503\"} 1\n")
       && strstr(b.data, "\nreview_calls_total{zone=\"a\\\\\\\"\\n} 1投\","
                 NORMAL "outcome=\"ok\"} 1\n"), "outcomes of both zones");
    ok(strstr(b.data, "{zone=\"llm\",model=\"a\\\"\\\\\\n{b}\","
              "kind=\"completion\"} 10\n"), "a model's name, escaped");
    ok(strstr(b.data, "_bucket{zone=\"llm\",llm=\"\",le=\"0.01\"} 0\n"
              "review_call_duration_seconds_bucket{zone=\"llm\",llm=\"\","
              "le=\"0.025\"} 1\n")
       && strstr(b.data, "seconds_bucket{zone=\"llm\",llm=\"\",le=\"+Inf\"} 2\n"
                 "review_call_duration_seconds_sum{zone=\"llm\",llm=\"\"} "
                 "1.246\n"
                 "review_call_duration_seconds_count{zone=\"llm\",llm=\"\"}"
                 " 2\n"),
       "a histogram, in seconds");

    review_buf_init(&b, pool, 0);
    review_metrics_json(&b, zones[1].name.data, zones[1].name.len, &other,
                        &unlimited);
    json = json_loadb(b.data, b.len, 0, NULL);
    ok(strcmp(json_string_value(at(json, "zone", NULL)), "a\\\"\n} 1投") == 0,
       "a zone's name in JSON");
    json_decref(json);

    review_buf_init(&b, pool, 0);
    review_prometheus_write(&b, zones, 0);
    ok(b.failed == 0, "no zone at all");
}


#define HEAD   "# HELP a_total Help.\n# TYPE a_total counter\n"
#define HIST   "# HELP h Help.\n# TYPE h histogram\n"
#define SUM    "h_sum 1\nh_count 2\n"


/* names of LLMs, points and tenants: in any language, and in no order */

static void
test_series(void)
{
    int                    i, n, bad;
    char                   text[32];
    json_t                *json, *point;
    uint64_t               key;
    const char            *page;
    review_str_t           rubric, id;
    review_metrics_llm_t  *llm;

    memset(&m, 0, sizeof(m));

    rubric.data = "标\"书\n";
    rubric.len = strlen(rubric.data);
    id.data = "签\\字";
    id.len = strlen(id.data);
    key = review_metrics_point_key(&rubric, &id);

    review_metrics_point(&m, key, &rubric, &id, REVIEW_METRICS_POINT_OK,
                         REVIEW_VERDICT_FAIL, 30, 4);
    review_metrics_point(&m, key, &rubric, &id, REVIEW_METRICS_POINT_TIMEOUT,
                         REVIEW_VERDICT_FAIL, 3, -1);
    review_metrics_point(&m, 0, NULL, &id, REVIEW_METRICS_POINT_OK,
                         REVIEW_VERDICT_UNSURE, 1, 1);

    page = page_of("llm", &m, &gauges);
    ok(strstr(page, "review_point_results_total{zone=\"llm\",rubric=\"标\\\"书"
              "\\n\",point=\"签\\\\字\",status=\"ok\",verdict=\"fail\"} 1\n")
       && strstr(page, "point=\"签\\\\字\",status=\"ok\",verdict=\"pass\"} 0\n")
       && strstr(page, "point=\"签\\\\字\",status=\"timeout\",verdict=\"\"} 1\n")
       && strstr(page, "point=\"签\\\\字\",kind=\"prompt\"} 33\n")
       && strstr(page, "rubric=\"\",point=\"\",status=\"ok\","
                 "verdict=\"unsure\"} 1\n")
       && strstr(page, "rubric=\"\",point=\"other\",kind=\"prompt\"} 0\n"),
       "a point of a rubric, and an inline one");

    json = at(json_of(&m, &gauges), "rubrics", NULL);
    point = json_array_get(json, 0);
    ok(json_array_size(json) == 2
       && strcmp(json_string_value(at(point, "point", NULL)), id.data) == 0
       && is_int(1, point, "verdicts", "fail")
       && is_int(1, point, "timeout") && is_int(33, point, "prompt"),
       "the same as JSON");

    /* more of them than there is place for */

    for (i = 0; i < REVIEW_METRICS_POINTS + 8; i++) {
        n = snprintf(text, sizeof(text), "p%d", i);
        id.data = text;
        id.len = (size_t) n;
        review_metrics_point(&m, review_metrics_point_key(&rubric, &id),
                             &rubric, &id, REVIEW_METRICS_POINT_OK,
                             REVIEW_VERDICT_PASS, 0, 0);
    }

    ok(m.other_points.cells[REVIEW_VERDICT_PASS] == 9,
       "points beyond the bound are others");

    m.points[key % REVIEW_METRICS_POINTS].name[0] ^= 1;
    page = page_of("llm", &m, &gauges);
    ok(strstr(page, "签") == NULL && accepted(page, ">&2") == 1,
       "a name that is torn is not told");

    id.data = "签\\字";
    id.len = strlen(id.data);
    review_metrics_point(&m, key, &rubric, &id, REVIEW_METRICS_POINT_OK,
                         REVIEW_VERDICT_FAIL, 0, 0);
    ok(strstr(page_of("llm", &m, &gauges), "签\\\\字\",status=\"ok\","
              "verdict=\"fail\"} 2\n") != NULL, "until it is mended");

    bad = 0;

    for (i = 0; i < REVIEW_METRICS_LLMS + 3; i++) {
        n = snprintf(text, sizeof(text), "模型\"%d", i);
        llm = review_metrics_llm(&m, text, (size_t) n);
        bad += llm != review_metrics_llm(&m, text, (size_t) n);
        review_metrics_call(llm, REVIEW_PRIORITY_HIGH, REVIEW_CODE_OK, 1);
    }

    page = page_of("llm", &m, &gauges);
    ok(bad == 0 && strstr(page, "llm=\"模型\\\"14\",class=\"high\",outcome="
                          "\"ok\"} 1\n")
       && strstr(page, "llm=\"other\",class=\"high\",outcome=\"ok\"} 4\n")
       && accepted(page, ">&2") == 1, "LLMs by name, and others");

    ok(strstr(page, "review_tenant_calls_total{zone=\"llm\",tenant=\"采\\\"购"
              "\\n\"} 1\n")
       && strstr(page, "tenant=\"default\",kind=\"completion\"} 4\n")
       && strstr(page, "review_circuit_openings_total{zone=\"llm\"} 3\n")
       && strstr(page, "review_build_info{zone=\"llm\",version=\"0.9\",nginx="
                 "\"1.26.3\",curl=\"8.1\"} 1\n"), "tenants, and the build");
}


static void
test_others(void)
{
    json_t                   *json;
    const char               *page;
    review_metrics_tenant_t   tenant = { 0, 0, { 0, 0 } };

    memset(&m, 0, sizeof(m));

    review_metrics_request(&m, REVIEW_METRICS_SPLIT, REVIEW_METRICS_PARTIAL,
                           700000, 10, 2000);
    review_metrics_request(&m, REVIEW_METRICS_OBJECT, REVIEW_METRICS_REJECTED,
                           REVIEW_METRICS_NO_TIME, 1, 2);
    review_metrics_operation(&m, REVIEW_METRICS_STORE_LIST, 1, 7, 500);
    review_metrics_operation(&m, REVIEW_METRICS_STORE_LIST, 0, 7, 0);

    page = page_of("llm", &m, &gauges);
    ok(strstr(page, "endpoint=\"split\",status=\"partial\"} 1\n")
       && strstr(page, "endpoint=\"object\",status=\"rejected\"} 1\n")
       && strstr(page, "endpoint=\"split\",direction=\"sent\"} 2000\n")
       && strstr(page, "endpoint=\"split\",le=\"600\"} 0\n")
       && strstr(page, "endpoint=\"split\",le=\"1800\"} 1\n")
       && strstr(page, "_seconds_count{zone=\"llm\",endpoint=\"object\"} 0\n"),
       "requests");
    ok(strstr(page, "operation=\"store_list\",outcome=\"failed\"} 1\n")
       && strstr(page, "operation=\"store_list\",outcome=\"ok\"} 1\n")
       && strstr(page, "bytes_total{zone=\"llm\",operation=\"store_list\"} "
                 "500\n") && accepted(page, ">&2") == 1, "operations");

    json = json_array_get(at(json_of(&m, &gauges), "requests", NULL),
                          REVIEW_METRICS_SPLIT);
    ok(is_int(1, json, "partial") && is_int(10, json, "received_bytes")
       && is_int(1, json, "duration_ms", "count"), "the same as JSON");

    review_metrics_tenant(&tenant, 7, 1, 30, -1);
    review_metrics_tenant(&tenant, 7, 0, -1, 4);
    ok(tenant.calls == 1 && tenant.tokens[0] == 30 && tenant.tokens[1] == 4,
       "what a tenant has had");
    review_metrics_tenant(&tenant, 8, 1, 1, 1);
    ok(tenant.key == 8 && tenant.calls == 1 && tenant.tokens[0] == 1,
       "whoever has the number next begins at 0");
}


static void
test_refused(void)
{
    int          bad;
    size_t       i;
    static const char *const  good[] = {
        HEAD "a_total 1\n",
        HEAD "a_total{b=\"} 1\\n\\\"\\\\\",c=\"\"} 1.5e+06\n",
        HIST "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\n" SUM,
        NULL
    };
    static const char *const  wrong[] = {
        HEAD "a_total 1", HEAD, "a_total 1\n", HEAD "a_total 1\n\n",
        "# HELP a_total Help.\na_total 1\n",
        "# TYPE a_total counter\na_total 1\n",
        HEAD "a_total 1\n" HEAD "a_total{b=\"c\"} 1\n",
        HEAD "b_total 1\n", HEAD "a_total 1\na_total 1\n",
        HEAD "a_total{b=\"1\",c=\"2\"} 1\na_total{c=\"2\",b=\"1\"} 1\n",
        HEAD "a_total -1\n", HEAD "a_total NaN\n", HEAD "a_total 1,5\n",
        HEAD "a_total 1 1700000000\n", HEAD "a_total{b=\"c\"d=\"e\"} 1\n",
        HEAD "a_total{b=\"\\t\"} 1\n", HEAD "a_total{b=\"\"\"} 1\n",
        HEAD "a_total{b=\"1\",b=\"2\"} 1\n", HEAD "a_total{le=\"1\"} 1\n",
        HEAD "a_total{b=\"\xff\"} 1\n", HEAD "a_total\t1\n",
        "# HELP a Help.\n# TYPE a counter\na 1\n",
        "# HELP a Help.\n# TYPE a summary\na 1\n",
        HIST SUM, HIST "h_bucket{le=\"1\"} 2\n" SUM,
        HIST "h_bucket{le=\"+Inf\"} 3\n" SUM,
        HIST "h_bucket{le=\"+Inf\"} 2\nh_count 2\n",
        HIST "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n" SUM,
        HIST "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n"
             "h_bucket{le=\"+Inf\"} 2\n" SUM,
        HIST "h_bucket{le=\"x\"} 1\nh_bucket{le=\"+Inf\"} 2\n" SUM,
        NULL
    };

    bad = 0;

    for (i = 0; good[i]; i++) {
        bad += (accepted(good[i], ">&2") != 1);
    }

    for (i = 0; wrong[i]; i++) {
        if (accepted(wrong[i], ">/dev/null 2>&1") != 0) {
            printf("# not refused: %s\n", wrong[i]);
            bad++;
        }
    }

    ok(bad == 0, "prometheus.py knows what is right: %d wrong", bad);
}


static void *
no_alloc(review_pool_t *p, size_t size)
{
    return (void) p, (void) size, NULL;
}


static void
test_no_memory(void)
{
    review_buf_t           b;
    review_pool_t          none = { no_alloc, NULL, NULL };
    review_metrics_zone_t  zone = { review_string("llm"), &m, &gauges };

    review_buf_init(&b, &none, 0);
    review_metrics_json(&b, "llm", 3, &m, &gauges);
    ok(b.failed, "no memory for JSON");

    review_buf_init(&b, &none, 0);
    review_prometheus_write(&b, &zone, 1);
    ok(b.failed, "no memory for a page");
}


int
main(void)
{
    pool = tap_pool();

    ok(sizeof(review_metrics_t) <= 192 * 1024, "a zone takes %zu bytes",
       sizeof(review_metrics_t));

    test_buckets();
    test_outcomes();
    test_statuses();
    test_quantiles();
    test_gauges();
    test_models();
    test_table();
    test_torn(0);
    test_torn(1);
    test_torn(3);
    test_processes();
    test_race();
    test_reader();
    test_pages();
    test_series();
    test_others();
    test_refused();
    test_no_memory();

    tap_pool_free(pool);

    return tap_end();
}
