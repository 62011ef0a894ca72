/*
 * What slots of the LLM's capacity cost: two processes take and give back
 * 100,000 a second between them, under one robust mutex, as workers do.
 *
 *     slots [SECONDS]
 *
 * A quarter of the calls goes through the queue: it waits, gets its turn, and
 * claims it.  Prints one line of JSON: the share of a core
 * that this took, in percent; waiting for the next millisecond is not counted.
 */

#define _GNU_SOURCE

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "review/limit/queue.h"


#define PROCESSES  2
#define EACH       50                  /* calls a millisecond, a process */
#define MEMORY     (1024 * 1024)


typedef struct {
    pthread_mutex_t  lock;
    double           cpu;              /* seconds */
    review_queue_t   queue __attribute__((aligned(64)));
} shared_t;


/* of this process: that of its call, while it has one, and whom it wakes */

static uint32_t       waiter = REVIEW_QUEUE_NONE;
static review_wake_t  wake;


static void
mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t  attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &attr);
}


/* as of a client without a name, in a location without a limit of calls */

static void
who_init(review_who_t *who, uint32_t process)
{
    who->process = process;
    who->tenant = REVIEW_TENANT_DEFAULT;
    who->most = 0;
    who->priority = REVIEW_PRIORITY_NORMAL;
    who->owner = &waiter;
}


/* takes what was granted to a process, and gives it back; see call() */

static void
claim(shared_t *s, uint32_t process)
{
    int            gone;
    void          *owner;
    uint32_t       n;
    review_who_t   who;

    review_queue_wake_init(&wake);
    who_init(&who, process);

    pthread_mutex_lock(&s->lock);

    while ((n = review_queue_claim(&s->queue, process, &owner, &gone))) {
        for ( /* void */ ; n; n--) {
            review_queue_give(&s->queue, owner, &who);
        }

        if (gone) {
            *(uint32_t *) owner = REVIEW_QUEUE_NONE;
        }
    }

    (void) review_queue_serve(&s->queue, UINT32_MAX, &wake);
    pthread_mutex_unlock(&s->lock);
}


/* a call; one that waits is claimed later, as after a wake-up */

static void
call(shared_t *s, uint32_t process, int wait)
{
    int           taken;
    review_who_t  who;

    review_queue_wake_init(&wake);
    who_init(&who, process);

    pthread_mutex_lock(&s->lock);

    taken = !wait && review_queue_take(&s->queue, &waiter, &who);

    if (!taken) {
        review_queue_wait(&s->queue, &waiter, &who);
        (void) review_queue_serve(&s->queue, UINT32_MAX, &wake);
    }

    pthread_mutex_unlock(&s->lock);

    if (!taken) {
        claim(s, process);
        return;
    }

    pthread_mutex_lock(&s->lock);
    review_queue_give(&s->queue, &waiter, &who);
    (void) review_queue_serve(&s->queue, UINT32_MAX, &wake);
    pthread_mutex_unlock(&s->lock);
}


static double
cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static void
work(shared_t *s, uint32_t process, int seconds)
{
    int              i;
    long             ms;
    double           sum, before;
    struct timespec  next;

    sum = 0;
    clock_gettime(CLOCK_MONOTONIC, &next);

    for (ms = 0; ms < seconds * 1000L; ms++) {
        before = cpu();

        for (i = 0; i < EACH; i++) {
            call(s, process, i % 4 == 0);
        }

        sum += cpu() - before;

        next.tv_nsec += 1000000;

        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }

    pthread_mutex_lock(&s->lock);
    s->cpu += sum;
    pthread_mutex_unlock(&s->lock);
}


static void
run(shared_t *s, int seconds)
{
    uint32_t  i;

    for (i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            work(s, i, seconds);
            _exit(0);
        }
    }

    while (wait(NULL) > 0) { /* void */ }
}


int
main(int argc, char **argv)
{
    int        seconds;
    uint32_t   i;
    shared_t  *s;

    seconds = argc > 1 ? atoi(argv[1]) : 5;

    s = mmap(NULL, MEMORY, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
             -1, 0);

    if (s == MAP_FAILED || seconds < 1) {
        return 2;
    }

    mutex_init(&s->lock);

    if (review_queue_init(&s->queue, MEMORY - sizeof(shared_t),
                          PROCESSES, REVIEW_TENANT_FIRST)
        != 0)
    {
        return 2;
    }

    s->queue.limit = 16;

    run(s, seconds);

    for (i = 0; i < PROCESSES; i++) {
        claim(s, i);
    }

    printf("{\"calls\": %d, \"percent\": %.2f, \"in_flight\": %u, "
           "\"waiting\": %u}\n", PROCESSES * EACH * 1000,
           s->cpu / seconds * 100, s->queue.in_flight, s->queue.waiting);

    return s->queue.in_flight || s->queue.waiting;
}
