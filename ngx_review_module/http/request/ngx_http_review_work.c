
/*
 * CPU-bound work that would hold up the event loop, on a pool of threads.
 *
 * A thread can't be cancelled, and a request must not wait for it: the work
 * has a pool of its own.  The request lets go of it when its own pool is
 * destroyed, the thread when it is done; the last one destroys the work's.
 */

#include "http/request/ngx_http_review_work.h"

#if (NGX_THREADS)
#include <ngx_thread_pool.h>
#endif

#if (NGX_LINUX)
#include <sys/syscall.h>
#endif

#if (__GLIBC__)
#include <malloc.h>
#endif


#define NGX_HTTP_REVIEW_WORK_POOL   4096
#define NGX_HTTP_REVIEW_WORK_ALIVE  60000

/* a piece of memory of so many bytes is freed on a thread, or so many pieces */

#define NGX_HTTP_REVIEW_FREE_SIZE   (1024 * 1024)
#define NGX_HTTP_REVIEW_FREE_MAX    64

/* nanoseconds: longer than the 3 ms of others, but these must get their turn */

#define NGX_HTTP_REVIEW_THREAD_SLICE  5000000


#if (NGX_THREADS)

/* what is freed on a thread */

typedef struct {
    ngx_pool_t                 *pool;       /* its own */
    ngx_event_t                 alive;      /* keeps a worker from its exit */
    ngx_http_review_work_t     *works;      /* one after the other */
    ngx_uint_t                  trim;
} ngx_http_review_freeing_t;

static void ngx_http_review_work_alive(ngx_event_t *ev);

#endif

static void ngx_http_review_work_free(ngx_http_review_work_t *work);
static void ngx_http_review_work_let_go(void *data);
static void ngx_http_review_work_release(void *data);


/*
 * glibc would give each thread an arena of its own, where the rests of large
 * requests stay: with two for all, a worker keeps a quarter of that.  And small
 * pieces that are free would not be joined until somebody needs, or frees, a
 * large one: that may be the event loop, long after a thread has freed a
 * million of them.
 */

void
ngx_http_review_work_init(void)
{
#ifdef M_ARENA_MAX
    (void) mallopt(M_ARENA_MAX, 2);
    (void) mallopt(M_MXFAST, 0);
#endif
}


ngx_http_review_work_t *
ngx_http_review_work_create(ngx_http_review_ctx_t *ctx)
{
    ngx_pool_t              *pool;
    ngx_pool_cleanup_t      *cln;
    ngx_http_review_work_t  *work;

    cln = ngx_pool_cleanup_add(ctx->request->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    /* the connection's log may be gone before the thread */

    pool = ngx_create_pool(NGX_HTTP_REVIEW_WORK_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    work = ngx_pcalloc(pool, sizeof(ngx_http_review_work_t));

    if (work) {
        work->ctx = ctx;
        work->pool = pool;
        work->memory = ngx_http_review_pool(pool);
        work->threads = ngx_http_review_request_conf(ctx)->threads->pool;
    }

    if (work == NULL || work->memory == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    cln->handler = ngx_http_review_work_let_go;
    cln->data = work;

    work->cleanup = cln;

    return work;
}


ngx_http_review_work_t *
ngx_http_review_work(ngx_http_review_ctx_t *ctx)
{
    if (ctx->work == NULL) {
        ctx->work = ngx_http_review_work_create(ctx);
    }

    return ctx->work;
}


static void
ngx_http_review_work_free_now(ngx_http_review_work_t *work)
{
    json_t  *json;

    json = work->json;

    ngx_destroy_pool(work->pool);
    json_decref(json);
}


#if (NGX_THREADS && defined __GLIBC__)

/*
 * To give back tens of megabytes takes the system milliseconds, and so do a
 * hundred thousand values of JSON, as many pieces of a pool, or the pages of a
 * large file: what a work has is freed on a thread then, once nothing points to
 * it.
 */

static void
ngx_http_review_work_free_run(void *data, ngx_log_t *log)
{
    ngx_http_review_freeing_t *freeing = data;

    ngx_http_review_work_t  *work, *next;

    for (work = freeing->works; work; work = next) {
        next = work->next;
        ngx_http_review_work_free_now(work);
    }

    /* what small pieces have left would stay with us */

    if (freeing->trim) {
        (void) malloc_trim(0);
    }
}


/* the task's memory is its pool's */

static void
ngx_http_review_work_free_event(ngx_event_t *ev)
{
    ngx_http_review_freeing_t *freeing = ev->data;

    ngx_del_timer(&freeing->alive);
    ngx_destroy_pool(freeing->pool);
}


/* has it so many pieces that it takes long to find them all? */

static ngx_uint_t
ngx_http_review_work_free_is_long(ngx_pool_t *pool)
{
    ngx_uint_t         n;
    ngx_pool_t        *p;
    ngx_pool_large_t  *l;

    n = 0;

    for (p = pool; p && n <= NGX_HTTP_REVIEW_FREE_MAX; p = p->d.next) {
        n++;
    }

    for (l = pool->large; l && n <= NGX_HTTP_REVIEW_FREE_MAX; l = l->next) {
        n++;
    }

    return n > NGX_HTTP_REVIEW_FREE_MAX;
}


/* of a pool with few pieces: has it a large one, or a file? */

static ngx_uint_t
ngx_http_review_work_free_is_large(ngx_pool_t *pool)
{
    ngx_pool_large_t    *l;
    ngx_pool_cleanup_t  *cln;

    for (l = pool->large; l; l = l->next) {
        if (l->alloc
            && malloc_usable_size(l->alloc) >= NGX_HTTP_REVIEW_FREE_SIZE)
        {
            return 1;
        }
    }

    for (cln = pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_pool_cleanup_file) {
            return 1;
        }
    }

    return 0;
}


/* NULL: there is nothing to be freed so, or no memory */

static ngx_thread_task_t *
ngx_http_review_work_free_task(ngx_http_review_work_t *work)
{
    ngx_uint_t                  is_long;
    ngx_pool_t                 *pool;
    ngx_thread_task_t          *task;
    ngx_http_review_freeing_t  *freeing;

    is_long = ngx_http_review_work_free_is_long(work->pool);

    if (!is_long && work->json == NULL
        && !ngx_http_review_work_free_is_large(work->pool))
    {
        return NULL;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    task = ngx_thread_task_alloc(pool, sizeof(ngx_http_review_freeing_t));
    if (task == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    freeing = task->ctx;
    freeing->pool = pool;
    freeing->works = work;
    freeing->trim = is_long || work->json;

    return task;
}


/* what nobody holds but these goes with them; a thread must not find that out */

static void
ngx_http_review_work_free_held(ngx_http_review_work_t *works)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_review_work_t  *work, *last, *other;

    last = works;

    for (work = works; work; work = work->next) {

        for (cln = work->pool->cleanup; cln; cln = cln->next) {

            if (cln->handler != ngx_http_review_work_release) {
                continue;
            }

            cln->handler = NULL;
            other = cln->data;

            if (--other->held == 0 && other->ctx == NULL && !other->busy) {
                last->next = other;
                last = other;
            }
        }
    }
}


static void
ngx_http_review_work_free_post(ngx_thread_task_t *task,
    ngx_thread_pool_t *threads)
{
    ngx_http_review_freeing_t  *freeing;

    freeing = task->ctx;

    freeing->alive.handler = ngx_http_review_work_alive;
    freeing->alive.data = freeing;
    freeing->alive.log = ngx_cycle->log;

    task->handler = ngx_http_review_work_free_run;
    task->event.handler = ngx_http_review_work_free_event;
    task->event.data = freeing;
    task->event.log = ngx_cycle->log;

    if (ngx_thread_task_post(threads, task) != NGX_OK) {
        ngx_http_review_work_free_run(freeing, ngx_cycle->log);
        ngx_destroy_pool(freeing->pool);
        return;
    }

    ngx_add_timer(&freeing->alive, NGX_HTTP_REVIEW_WORK_ALIVE);
}

#endif


static void
ngx_http_review_work_free(ngx_http_review_work_t *work)
{
#if (NGX_THREADS && defined __GLIBC__)

    ngx_thread_task_t  *task;

    task = work->threads ? ngx_http_review_work_free_task(work) : NULL;

    if (task) {
        ngx_http_review_work_free_held(work);
        ngx_http_review_work_free_post(task, work->threads);
        return;
    }

#endif

    ngx_http_review_work_free_now(work);
}


static void
ngx_http_review_work_let_go(void *data)
{
    ngx_http_review_work_t *work = data;

    work->ctx = NULL;
    work->gone = 1;

    if (!work->busy && work->held == 0) {
        ngx_http_review_work_free(work);
    }
}


void
ngx_http_review_work_destroy(ngx_http_review_work_t *work)
{
    work->cleanup->handler = NULL;

    ngx_http_review_work_let_go(work);
}


static void
ngx_http_review_work_release(void *data)
{
    ngx_http_review_work_t *other = data;

    other->held--;

    if (other->ctx == NULL) {
        ngx_http_review_work_let_go(other);
    }
}


ngx_int_t
ngx_http_review_work_hold(ngx_http_review_work_t *work,
    ngx_http_review_work_t *other)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(work->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    other->held++;

    cln->handler = ngx_http_review_work_release;
    cln->data = other;

    return NGX_OK;
}


#if (NGX_THREADS)

/* a worker that is to exit waits for its timers, but not for threads */

static void
ngx_http_review_work_alive(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_REVIEW_WORK_ALIVE);
}


/*
 * A thread that computes on the event loop's core holds it up for a slice of
 * the scheduler's each time, 3 ms or so.  Linux since 6.12 has a task with
 * shorter slices go first once it wakes: so the thread asks for longer ones,
 * which costs it nothing else.  Older ones ignore that.
 */

static void
ngx_http_review_work_yields(void)
{
#if (NGX_LINUX && defined SYS_sched_setattr)

    struct {
        uint32_t  size;
        uint32_t  policy;
        uint64_t  flags;
        int32_t   nice;
        uint32_t  priority;
        uint64_t  slice;                    /* nanoseconds */
        uint64_t  deadline;
        uint64_t  period;
    } attr;

    static __thread ngx_uint_t  asked;

    if (asked) {
        return;
    }

    asked = 1;

    ngx_memzero(&attr, sizeof(attr));

    if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0
        || attr.policy != SCHED_OTHER)
    {
        return;
    }

    attr.size = sizeof(attr);
    attr.slice = NGX_HTTP_REVIEW_THREAD_SLICE;

    (void) syscall(SYS_sched_setattr, 0, &attr, 0);

#endif
}


/* on a thread; the request may have ended while the work was waiting for one */

static void
ngx_http_review_work_run(void *data, ngx_log_t *log)
{
    ngx_http_review_work_t *work = *(ngx_http_review_work_t **) data;

    ngx_http_review_work_yields();

    if (!work->gone) {
        work->run(work->data);
    }
}


/* back in the event loop */

static void
ngx_http_review_work_event(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_review_ctx_t   *ctx;
    ngx_thread_task_t       *task;
    ngx_http_review_work_t  *work;

    task = (ngx_thread_task_t *)
               ((u_char *) ev - offsetof(ngx_thread_task_t, event));

    work = *(ngx_http_review_work_t **) task->ctx;
    work->busy = 0;
    ngx_del_timer(&work->alive);

    ctx = work->ctx;

    if (ctx == NULL) {
        ngx_http_review_work_let_go(work);
        return;
    }

    c = ngx_http_review_visit_begin(ctx);

    if (c == NULL) {
        return;
    }

    work->done(work->data);

    ngx_http_review_visit_end(c);
}


static ngx_int_t
ngx_http_review_work_post(ngx_http_review_work_t *work)
{
    ngx_thread_task_t          *task;
    ngx_http_review_threads_t  *threads;

    threads = ngx_http_review_request_conf(work->ctx)->threads;

    /* one work does many things, but one after the other */

    if (work->task == NULL) {
        work->task = ngx_thread_task_alloc(work->pool, sizeof(void *));
    }

    task = work->task;

    if (task == NULL) {
        return NGX_ERROR;
    }

    *(ngx_http_review_work_t **) task->ctx = work;

    task->handler = ngx_http_review_work_run;
    task->event.handler = ngx_http_review_work_event;
    task->event.log = ngx_cycle->log;

    work->busy = 1;

    if (ngx_thread_task_post(threads->pool, task) != NGX_OK) {
        work->busy = 0;
        return NGX_ERROR;
    }

    work->alive.handler = ngx_http_review_work_alive;
    work->alive.data = work;
    work->alive.log = ngx_cycle->log;

    ngx_add_timer(&work->alive, NGX_HTTP_REVIEW_WORK_ALIVE);

    return NGX_OK;
}

#endif


ngx_uint_t
ngx_http_review_work_is_large(ngx_http_review_ctx_t *ctx, size_t size)
{
    ngx_http_review_threads_t  *threads;

    threads = ngx_http_review_request_conf(ctx)->threads;

    return threads->pool && size >= threads->threshold;
}


/* a pool of threads that takes no more work is no reason to lose a request */

void
ngx_http_review_work_start(ngx_http_review_work_t *work, size_t size,
    ngx_http_review_work_pt run, ngx_http_review_work_pt done, void *data)
{
    work->run = run;
    work->done = done;
    work->data = data;

#if (NGX_THREADS)

    if (ngx_http_review_work_is_large(work->ctx, size)
        && ngx_http_review_work_post(work) == NGX_OK)
    {
        return;
    }

#endif

    run(data);
    done(data);
}
