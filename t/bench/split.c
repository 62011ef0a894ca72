
/*
 * How fast a text is split: the file given is repeated up to 64 MB and split
 * from beginning to end, without and with its chunks written as JSON, hashes
 * and all.  Beside it, what anything at all costs with such a text: copying it,
 * counting its lines, hashing it.
 *
 *     split FILE [SECONDS]
 *
 * Prints one line of JSON: the best of a few runs, in MB (10^6 bytes) a second
 * of one core's time.  With SECONDS it prints nothing: it splits for so long,
 * to keep a core busy.
 */

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "review/split/split.h"
#include "review/split/split_json.h"
#include "review/split/split_request.h"


#define SIZE    (64 * 1024 * 1024)
#define RUNS    5
#define WINDOW  (512 * 1024)           /* of JSON, written over each time */


typedef struct {
    const char              *text;
    size_t                   len;
    review_split_options_t   options;
    unsigned                 json:1;
    size_t                   chunks;
    size_t                   memory;
} job_t;


static volatile size_t  kept;          /* what is found must be used */


/* blocks in a list, so that each run gives its memory back */

typedef struct block_s  block_t;

struct block_s {
    block_t  *next;
};


static size_t  memory;


static void *
alloc(review_pool_t *pool, size_t size)
{
    block_t  *b;

    memory += size;

    b = malloc(sizeof(*b) + 8 + size);
    if (b == NULL) {
        return NULL;
    }

    b->next = pool->ctx;
    pool->ctx = b;

    return (char *) b + 16;
}


static void
empty(review_pool_t *pool)
{
    block_t  *b, *next;

    for (b = pool->ctx; b; b = next) {
        next = b->next;
        free(b);
    }

    pool->ctx = NULL;
    memory = 0;
}


static double
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


/* MB a second */

static double
measure(void (*run)(job_t *), job_t *job)
{
    int     i;
    double  start, took, best;

    best = 1e9;

    for (i = 0; i < RUNS; i++) {
        start = now();
        run(job);
        took = now() - start;
        best = took < best ? took : best;
    }

    return (double) job->len / 1e6 / best;
}


static void
run_split(job_t *job)
{
    review_buf_t            out;
    review_pool_t           pool;
    review_chunk_t          chunk;
    review_split_t         *split;
    review_document_t       document;
    review_split_writer_t   writer;

    memset(&pool, 0, sizeof(pool));
    pool.alloc = alloc;

    split = review_split_create(&pool, job->text, job->len, &job->options);
    memset(&document, 0, sizeof(document));
    document.text.data = job->text;
    document.text.len = job->len;
    review_split_json_writer_init(&writer, &document);
    review_buf_init(&out, &pool, WINDOW + 65536);

    job->chunks = 0;

    while (split && review_split_next(split, &chunk) == 1) {
        job->chunks++;

        if (job->json) {
            out.len = out.len > WINDOW ? 0 : out.len;
            review_split_json_write(&writer, &out, &chunk);
        }
    }

    job->memory = memory;
    empty(&pool);
}


static void
bench_split(job_t *job, size_t max, size_t overlap, int tokens)
{
    double  split;

    job->options.max = max;
    job->options.overlap = overlap;
    job->options.tokens = tokens & 1;
    job->options.keep_tables = 1;

    job->json = 0;
    split = measure(run_split, job);

    printf(", \"%s_%zu_overlap_%zu\": {\"mb_per_s\": %.0f, \"chunks\": %zu, "
           "\"memory_ratio\": %.2f", tokens ? "tokens" : "max", max, overlap,
           split, job->chunks, (double) job->memory / (double) job->len);

    job->json = 1;
    printf(", \"json_mb_per_s\": %.0f}", measure(run_split, job));
}


static void
run_copy(job_t *job)
{
    static char  *copy;

    if (copy == NULL) {
        copy = malloc(SIZE);
    }

    if (copy) {
        memcpy(copy, job->text, job->len);
        kept += (size_t) copy[kept % job->len];
    }
}


static void
run_lines(job_t *job)
{
    size_t       n;
    const char  *p, *last;

    n = 0;
    last = job->text + job->len;

    for (p = job->text; p < last; p++) {
        p = memchr(p, '\n', (size_t) (last - p));

        if (p == NULL) {
            break;
        }

        n++;
    }

    kept += n;
}


static void
run_hash(job_t *job)
{
    unsigned       size;
    unsigned char  md[EVP_MAX_MD_SIZE];

    if (EVP_Digest(job->text, job->len, md, &size, EVP_sha256(), NULL) == 1) {
        kept += md[0];
    }
}


/* only whole files, so that the text stays valid */

static size_t
fill(char *text, const char *path)
{
    FILE    *f;
    size_t   n, len;

    f = fopen(path, "rb");
    if (f == NULL) {
        return 0;
    }

    n = fread(text, 1, SIZE, f);
    fclose(f);

    for (len = n; n && len + n <= SIZE; len += n) {
        memcpy(text + len, text, n);
    }

    return len;
}


static void
keep_busy(job_t *job, double seconds)
{
    job->options.max = 1000;
    job->json = 1;

    while (now() < seconds) {
        run_split(job);
    }
}


static void
bench(job_t *job)
{
    printf("{\"bytes\": %zu, \"memcpy\": %.0f", job->len,
           measure(run_copy, job));
    printf(", \"lines\": %.0f", measure(run_lines, job));
    printf(", \"sha256\": %.0f", measure(run_hash, job));

    bench_split(job, 1000, 0, 0);
    bench_split(job, 1000, 100, 0);
    bench_split(job, 500, 50, 1);
    printf("}\n");
}


int
main(int argc, char **argv)
{
    char   *text;
    job_t   job;

    memset(&job, 0, sizeof(job));

    text = malloc(SIZE);
    job.text = text;
    job.len = (argc > 1 && text) ? fill(text, argv[1]) : 0;

    if (job.len == 0) {
        fprintf(stderr, "usage: split FILE [SECONDS]\n");
        return 2;
    }

    if (argc > 2) {
        keep_busy(&job, atof(argv[2]));

    } else {
        bench(&job);
    }

    free(text);

    return 0;
}
