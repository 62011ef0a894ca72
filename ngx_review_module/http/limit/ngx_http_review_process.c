
/*
 * The places of processes in a zone: who lives there, how it is woken, and
 * what becomes of its calls when it dies.
 *
 * Each process holds a robust mutex for as long as it lives: the kernel hands
 * it over when the process dies, which is how others find out, whatever has
 * become of the pid.
 */

#include "http/limit/ngx_http_review_zone.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/un.h>


/* how late a process may learn of its turn if it could not be woken */

#define NGX_HTTP_REVIEW_PROCESS_POLL    50

/* how long a process that has died may take to close what it had open */

#define NGX_HTTP_REVIEW_PROCESS_DYING   1000

/* how often it is said that there is no place for a process */

#define NGX_HTTP_REVIEW_PROCESS_TOLD    60000


static void ngx_http_review_process_read(ngx_event_t *ev);
static void ngx_http_review_process_poll(ngx_event_t *ev);
static void ngx_http_review_process_posted(ngx_event_t *ev);


static ngx_http_review_process_claim_pt  ngx_http_review_process_claim;


/*
 * Where a process is woken: an abstract name needs neither a file nor a
 * descriptor made before the fork, so that workers of all generations reach
 * each other.
 */

static socklen_t
ngx_http_review_process_address(ngx_http_review_zone_t *zone,
    ngx_uint_t process, struct sockaddr_un *sun)
{
    u_char  *last;

    ngx_memzero(sun, sizeof(struct sockaddr_un));

    sun->sun_family = AF_UNIX;

    last = ngx_snprintf((u_char *) sun->sun_path + 1,
                        sizeof(sun->sun_path) - 1, "nginx-review-%xL-%ui",
                        (int64_t) zone->map->shared->id, process);

    return (socklen_t) (last - (u_char *) sun);
}


/* tells processes that the turn of calls of theirs has come */

void
ngx_http_review_process_wake(ngx_http_review_zone_t *zone, review_wake_t *wake)
{
    uint32_t            n;
    socklen_t           len;
    struct sockaddr_un  sun;

    while ((n = review_queue_wake_next(wake)) != REVIEW_QUEUE_NONE) {

        if (zone->entered && n == zone->process) {
            ngx_post_event(&zone->posted, &ngx_posted_events);
            continue;
        }

        /* who can't be told looks from time to time */

        if (zone->connection) {
            len = ngx_http_review_process_address(zone, n, &sun);

            (void) sendto(zone->connection->fd, "", 1, MSG_DONTWAIT,
                          (struct sockaddr *) &sun, len);
        }
    }
}


/* while a call waits here: has its turn come, has a process died? */

void
ngx_http_review_process_watch(ngx_http_review_zone_t *zone)
{
    if (!zone->poll.timer_set) {
        ngx_add_timer(&zone->poll, NGX_HTTP_REVIEW_PROCESS_POLL);
    }
}


/*
 * The kernel gives up the locks of a process that is killed some time before
 * it closes its connections: its calls are in flight until then.  The pid may
 * be another process's by now, which is not waited for.
 */

static ngx_uint_t
ngx_http_review_process_dying(ngx_http_review_process_t *process)
{
#ifdef SYS_pidfd_open
    int            fd, n;
    struct pollfd  ended;

    fd = syscall(SYS_pidfd_open, process->pid, 0);
    if (fd == -1) {
        return 0;
    }

    ended.fd = fd;
    ended.events = POLLIN;

    n = poll(&ended, 1, 0);
    (void) close(fd);

    if (n != 0) {
        return 0;
    }

    if (process->died == 0) {
        process->died = ngx_current_msec + 1;
    }

    return ngx_current_msec < process->died + NGX_HTTP_REVIEW_PROCESS_DYING;
#else
    return 0;
#endif
}


/* the place of a process that does not live, locked; NULL: there is none */

static ngx_http_review_process_t *
ngx_http_review_process_vacant(ngx_http_review_zone_t *zone, ngx_uint_t i,
    ngx_err_t *err)
{
    ngx_http_review_process_t  *process;

    process = &zone->map->processes[i];

    *err = pthread_mutex_trylock(&process->alive);

    if (*err == EOWNERDEAD) {
        *err = pthread_mutex_consistent(&process->alive);
    }

    if (*err) {
        return NULL;
    }

    if (process->pid && ngx_http_review_process_dying(process)) {
        (void) pthread_mutex_unlock(&process->alive);
        return NULL;
    }

    return process;
}


/* what the process of a place had is free again */

static void
ngx_http_review_process_clear(ngx_http_review_zone_t *zone, ngx_uint_t i)
{
    review_wake_t               wake;
    review_queue_t             *q;
    ngx_http_review_load_t     *load;
    ngx_http_review_process_t  *process;

    review_queue_wake_init(&wake);

    process = &zone->map->processes[i];
    load = ngx_http_review_zone_load(zone);

    q = ngx_http_review_zone_lock(zone);

    review_queue_reclaim(q, i);
    review_circuit_forget(&load->circuit);
    ngx_http_review_load_serve(load, q, &wake);

    ngx_memzero(&zone->map->lines[i], sizeof(ngx_http_review_line_t));

    process->pid = 0;
    process->died = 0;

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);
}


/* what a process had that is no more is free again; the caller has no lock */

ngx_uint_t
ngx_http_review_process_reclaim(ngx_http_review_zone_t *zone)
{
    ngx_err_t                   err;
    ngx_uint_t                  i, n;
    ngx_http_review_process_t  *process;

    n = 0;

    for (i = 0; i < zone->map->shared->nprocesses; i++) {

        if (zone->map->processes[i].pid == 0) {
            continue;
        }

        if (zone->entered && i == zone->process) {
            n++;
            continue;
        }

        process = ngx_http_review_process_vacant(zone, i, &err);

        if (process == NULL) {
            n += (err == EBUSY);
            continue;
        }

        if (process->pid) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "process %P has died, its calls in zone \"%V\" are "
                          "given back", process->pid, &zone->name);

            ngx_http_review_process_clear(zone, i);
        }

        (void) pthread_mutex_unlock(&process->alive);
    }

    return n;
}


static void
ngx_http_review_process_poll(ngx_event_t *ev)
{
    ngx_http_review_zone_t *zone = ev->data;

    (void) ngx_http_review_process_reclaim(zone);

    if (ngx_http_review_process_claim(zone)) {
        ngx_http_review_process_watch(zone);
    }
}


static void
ngx_http_review_process_posted(ngx_event_t *ev)
{
    (void) ngx_http_review_process_claim(ev->data);
}


static void
ngx_http_review_process_read(ngx_event_t *ev)
{
    char               buf[8];
    ngx_connection_t  *c;

    c = ev->data;

    while (recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0) { /* void */ }

    (void) ngx_http_review_process_claim(c->data);
}


static ngx_int_t
ngx_http_review_process_listen(ngx_http_review_zone_t *zone, ngx_cycle_t *cycle)
{
    int                  fd;
    socklen_t            len;
    ngx_connection_t    *c;
    struct sockaddr_un   sun;

    fd = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return NGX_ERROR;
    }

    len = ngx_http_review_process_address(zone, zone->process, &sun);

    if (bind(fd, (struct sockaddr *) &sun, len) == -1) {
        (void) close(fd);
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        (void) close(fd);
        return NGX_ERROR;
    }

    c->data = zone;
    c->log = cycle->log;
    c->read->handler = ngx_http_review_process_read;
    c->read->log = cycle->log;

    if (ngx_add_event(c->read, NGX_READ_EVENT, 0) != NGX_OK) {
        ngx_close_connection(c);
        return NGX_ERROR;
    }

    zone->connection = c;

    return NGX_OK;
}


/* a place that is nobody's, or whose process has died */

static ngx_int_t
ngx_http_review_process_enter(ngx_http_review_zone_t *zone)
{
    ngx_err_t                   err;
    ngx_uint_t                  i;
    ngx_http_review_process_t  *process;

    for (i = 0; i < zone->map->shared->nprocesses; i++) {

        process = ngx_http_review_process_vacant(zone, i, &err);

        if (process == NULL) {
            continue;
        }

        if (process->pid) {
            ngx_http_review_process_clear(zone, i);
        }

        process->pid = ngx_pid;
        zone->process = i;

        return NGX_OK;
    }

    return NGX_ERROR;
}


/*
 * A configuration may still fail when its zone has been set up: its limit
 * counts from when its first process starts.  A process of an older one that
 * starts beside it changes nothing; after a rollback, when the newer ones are
 * gone, it does.
 */

static void
ngx_http_review_process_apply(ngx_http_review_zone_t *zone)
{
    ngx_uint_t                  i, newer;
    review_wake_t               wake;
    review_queue_t             *q;
    ngx_http_review_shared_t   *shared;
    ngx_http_review_process_t  *process;

    newer = 0;
    shared = zone->map->shared;

    review_queue_wake_init(&wake);

    q = ngx_http_review_zone_lock(zone);

    process = zone->map->processes;
    process[zone->process].configured = zone->configured;

    for (i = 0; i < shared->nprocesses; i++) {
        newer |= process[i].pid && process[i].configured > zone->configured;
    }

    if (!newer && shared->applied != zone->configured) {
        shared->applied = zone->configured;
        ngx_http_review_load_apply(ngx_http_review_zone_load(zone), zone, q,
                                   &wake);
    }

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);
}


/* said once, and then from time to time while it is so */

static void
ngx_http_review_process_refused(ngx_http_review_zone_t *zone,
    ngx_cycle_t *cycle)
{
    if (zone->told
        && ngx_current_msec - zone->told < NGX_HTTP_REVIEW_PROCESS_TOLD)
    {
        return;
    }

    zone->told = ngx_current_msec;

    ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                  "zone \"%V\" has no room for more than %uD processes, old "
                  "workers that have not ended included: calls of this one "
                  "fail as \"queue_full\"; \"processes\" of \"review_zone\" "
                  "makes room for more", &zone->name,
                  zone->map->shared->nprocesses);
}


static void
ngx_http_review_process_start(ngx_http_review_zone_t *zone, ngx_cycle_t *cycle)
{
    zone->tried = ngx_current_msec;

    (void) ngx_http_review_process_reclaim(zone);

    if (ngx_http_review_process_enter(zone) != NGX_OK) {
        ngx_http_review_process_refused(zone, cycle);
        return;
    }

    zone->entered = 1;

    zone->poll.handler = ngx_http_review_process_poll;
    zone->poll.data = zone;
    zone->poll.log = cycle->log;
    zone->poll.cancelable = 1;

    zone->posted.handler = ngx_http_review_process_posted;
    zone->posted.data = zone;
    zone->posted.log = cycle->log;

    if (ngx_http_review_process_listen(zone, cycle) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                      "calls of this process in zone \"%V\" may wait %d ms "
                      "beyond their turn", &zone->name,
                      NGX_HTTP_REVIEW_PROCESS_POLL);
    }

    ngx_http_review_process_apply(zone);

    /* this process may have been started because another one has died */

    (void) ngx_http_review_process_reclaim(zone);
}


/* where there was no place, one may have become free since */

ngx_uint_t
ngx_http_review_process_entered(ngx_http_review_zone_t *zone)
{
    if (!zone->entered && ngx_current_msec - zone->tried >= 1000) {
        ngx_http_review_process_start(zone, (ngx_cycle_t *) ngx_cycle);
    }

    return zone->entered;
}


ngx_int_t
ngx_http_review_process_init(ngx_cycle_t *cycle, ngx_array_t *zones,
    ngx_http_review_process_claim_pt claim)
{
    ngx_uint_t                i;
    ngx_http_review_zone_t  **zone;

    ngx_http_review_process_claim = claim;

    zone = zones->elts;

    for (i = 0; i < zones->nelts; i++) {
        ngx_http_review_process_start(zone[i], cycle);
    }

    return NGX_OK;
}


/*
 * A process that is terminated ends with its calls in flight: others find out
 * that it has died, once its connections are closed.
 */

static void
ngx_http_review_process_leave(ngx_http_review_zone_t *zone)
{
    ngx_uint_t                  running;
    ngx_http_review_process_t  *process;

    running = review_queue_running(ngx_http_review_zone_lock(zone),
                                   zone->process);
    ngx_http_review_zone_unlock(zone);

    zone->entered = 0;

    if (running) {
        /* the kernel gives up no lock in memory that is not mapped */
        zone->map->references++;

    } else {
        ngx_http_review_process_clear(zone, zone->process);
    }

    /* the address must be free for the next one in this place */

    if (zone->connection) {
        ngx_close_connection(zone->connection);
    }

    if (!running) {
        process = &zone->map->processes[zone->process];
        (void) pthread_mutex_unlock(&process->alive);
    }
}


void
ngx_http_review_process_exit(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_http_review_zone_t       **zone;
    ngx_http_review_limit_main_conf_t  *lmcf;

    lmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_review_limit_module);

    if (lmcf == NULL) {
        return;
    }

    zone = lmcf->zones.elts;

    for (i = 0; i < lmcf->zones.nelts; i++) {

        if (zone[i]->entered) {
            ngx_http_review_process_leave(zone[i]);
        }
    }
}
