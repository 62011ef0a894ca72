
/*
 * A zone: memory that all workers share, and the only file that knows how.
 *
 * The memory is a file without a name.  A reload keeps it, and an upgraded
 * binary inherits its descriptor, told by a variable of the environment: old
 * and new workers count on the same numbers.
 *
 * The lock is a robust mutex.  Each process also holds one for as long as it
 * lives: the kernel hands it over when the process dies, which is how others
 * find out, whatever has become of the pid.
 */

#include "ngx_http_review.h"

#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/un.h>


#define NGX_HTTP_REVIEW_ZONE_MAGIC   0x52565a31                 /* "RVZ1" */
#define NGX_HTTP_REVIEW_ZONE_ENV     "NGINX_REVIEW_ZONE_"

/* how late a process may learn of its turn if it could not be woken */

#define NGX_HTTP_REVIEW_ZONE_POLL    50

/* how long a process that has died may take to close what it had open */

#define NGX_HTTP_REVIEW_ZONE_DYING   1000


typedef struct {
    pthread_mutex_t             alive;      /* held by the process itself */
    ngx_pid_t                   pid;        /* 0: nobody's */
    uint64_t                    died;       /* when that was noticed, or 0 */
} ngx_http_review_process_t;


struct ngx_http_review_shared_s {
    uint32_t                    magic;
    uint32_t                    layout;     /* differs where this differs */
    uint64_t                    size;
    uint64_t                    id;         /* of this memory, by chance */
    pthread_mutex_t             lock;
    ngx_http_review_process_t   processes[REVIEW_QUEUE_PROCESSES];
    ngx_http_review_load_t      load;
    review_queue_t              queue;      /* up to the end */
};


/* the mapping, which the configurations before and after a reload share */

struct ngx_http_review_map_s {
    ngx_http_review_shared_t   *shared;
    size_t                      size;
    int                         fd;
    ngx_uint_t                  references;
};


static ngx_int_t ngx_http_review_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_review_zone_unmap(void *data);
static void ngx_http_review_zone_read(ngx_event_t *ev);
static void ngx_http_review_zone_poll(ngx_event_t *ev);
static void ngx_http_review_zone_posted(ngx_event_t *ev);


/* the zone of this name, which may be defined later, as nginx's own may */

ngx_http_review_zone_t *
ngx_http_review_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size)
{
    ngx_shm_zone_t                *shm_zone;
    ngx_http_review_zone_t        *zone, **z;
    ngx_http_review_main_conf_t   *rmcf;

    shm_zone = ngx_shared_memory_add(cf, name, size ? 8 * ngx_pagesize : 0,
                                     &ngx_http_review_module);
    if (shm_zone == NULL) {
        return NULL;
    }

    zone = shm_zone->data;

    if (zone == NULL) {
        zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_zone_t));
        if (zone == NULL) {
            return NULL;
        }

        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);

        z = ngx_array_push(&rmcf->zones);
        if (z == NULL) {
            return NULL;
        }

        *z = zone;

        zone->name = *name;
        zone->cycle = cf->cycle;
        zone->process = REVIEW_QUEUE_NONE;

        ngx_queue_init(&zone->ready);

        shm_zone->init = ngx_http_review_zone_init;
        shm_zone->data = zone;
    }

    if (size) {
        zone->size = size;
    }

    return zone;
}


/* names go into the environment, into file names and labels */

static ngx_int_t
ngx_http_review_zone_name(ngx_str_t *name)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < name->len; i++) {
        c = ngx_tolower(name->data[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
              || c == '_' || c == '-' || c == '.'))
        {
            return NGX_ERROR;
        }
    }

    return name->len ? NGX_OK : NGX_ERROR;
}


char *
ngx_http_review_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ssize_t                  size;
    ngx_str_t               *value;
    ngx_http_review_zone_t  *zone;

    value = cf->args->elts;

    if (ngx_http_review_zone_name(&value[1]) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone name \"%V\", it must be made of "
                           "letters, digits, \"_\", \"-\" and \".\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR || size == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid zone size \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_HTTP_REVIEW_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small, it must be at least %uz",
                           &value[1], (size_t) NGX_HTTP_REVIEW_ZONE_MIN);
        return NGX_CONF_ERROR;
    }

    zone = ngx_http_review_zone_add(cf, &value[1], size);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is already defined", &value[1]);
        return NGX_CONF_ERROR;
    }

    zone->defined = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_zone_mutex(pthread_mutex_t *mutex)
{
    ngx_err_t            err;
    pthread_mutexattr_t  attr;

    if (pthread_mutexattr_init(&attr) != 0) {
        return NGX_ERROR;
    }

    (void) pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    (void) pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);

    err = pthread_mutex_init(mutex, &attr);

    (void) pthread_mutexattr_destroy(&attr);

    return err ? NGX_ERROR : NGX_OK;
}


static ngx_http_review_map_t *
ngx_http_review_zone_map(int fd, size_t size)
{
    void                   *p;
    ngx_http_review_map_t  *map;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }

    map = ngx_alloc(sizeof(ngx_http_review_map_t), ngx_cycle->log);
    if (map == NULL) {
        (void) munmap(p, size);
        return NULL;
    }

    map->shared = p;
    map->size = size;
    map->fd = fd;
    map->references = 0;

    return map;
}


static ngx_uint_t
ngx_http_review_zone_fits(ngx_http_review_shared_t *shared, size_t size)
{
    return shared->magic == NGX_HTTP_REVIEW_ZONE_MAGIC
           && shared->layout == sizeof(ngx_http_review_shared_t)
           && shared->size == size;
}


/* the memory of the binary that has started this one, if it fits */

static ngx_http_review_map_t *
ngx_http_review_zone_inherit(ngx_http_review_zone_t *zone, ngx_log_t *log)
{
    int                     fd;
    char                   *value, name[NGX_MAX_ERROR_STR];
    struct stat             st;
    ngx_http_review_map_t  *map;

    /* later on the descriptor may have become another file's */

    if (getenv(NGINX_VAR) == NULL
        || !ngx_is_init_cycle(zone->cycle->old_cycle))
    {
        return NULL;
    }

    *ngx_snprintf((u_char *) name, sizeof(name) - 1,
                  NGX_HTTP_REVIEW_ZONE_ENV "%V", &zone->name) = '\0';

    value = getenv(name);
    if (value == NULL) {
        return NULL;
    }

    fd = ngx_atoi((u_char *) value, ngx_strlen(value));

    if (fd == NGX_ERROR || fstat(fd, &st) != 0
        || st.st_size != (off_t) zone->size)
    {
        goto anew;
    }

    map = ngx_http_review_zone_map(fd, zone->size);
    if (map == NULL) {
        goto anew;
    }

    if (ngx_http_review_zone_fits(map->shared, zone->size)) {
        return map;
    }

    (void) munmap(map->shared, map->size);
    ngx_free(map);

anew:

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "zone \"%V\" of the old binary does not fit, it starts anew",
                  &zone->name);

    return NULL;
}


static ngx_http_review_map_t *
ngx_http_review_zone_create(ngx_http_review_zone_t *zone, ngx_log_t *log)
{
    int                        fd;
    ngx_uint_t                 i;
    ngx_http_review_map_t     *map;
    ngx_http_review_shared_t  *shared;

    fd = memfd_create("nginx-review", 0);

    if (fd == -1 || ftruncate(fd, zone->size) != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "memory for zone \"%V\" could not be had", &zone->name);
        return NULL;
    }

    map = ngx_http_review_zone_map(fd, zone->size);
    if (map == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "mmap() failed for zone \"%V\"", &zone->name);
        return NULL;
    }

    shared = map->shared;

    if (ngx_http_review_zone_mutex(&shared->lock) != NGX_OK) {
        return NULL;
    }

    for (i = 0; i < REVIEW_QUEUE_PROCESSES; i++) {
        if (ngx_http_review_zone_mutex(&shared->processes[i].alive) != NGX_OK)
        {
            return NULL;
        }
    }

    if (review_queue_init(&shared->queue, zone->size
                          - offsetof(ngx_http_review_shared_t, queue))
        != 0)
    {
        return NULL;
    }

    ngx_http_review_load_init(&shared->load);

    shared->layout = sizeof(ngx_http_review_shared_t);
    shared->size = zone->size;
    shared->id = (uint64_t) ngx_random() << 32 | ngx_pid;
    shared->magic = NGX_HTTP_REVIEW_ZONE_MAGIC;

    return map;
}


/* an upgraded binary will find the descriptor in its environment */

static ngx_int_t
ngx_http_review_zone_bequeath(ngx_http_review_zone_t *zone)
{
    u_char           *p;
    size_t            len;
    ngx_str_t        *var;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    len = sizeof(NGX_HTTP_REVIEW_ZONE_ENV) - 1 + zone->name.len;

    var = ngx_array_push(&ccf->env);
    p = ngx_pnalloc(zone->cycle->pool, len + sizeof("=") + NGX_INT_T_LEN);

    if (var == NULL || p == NULL) {
        return NGX_ERROR;
    }

    var->data = p;
    var->len = len;

    *ngx_sprintf(p, NGX_HTTP_REVIEW_ZONE_ENV "%V=%d", &zone->name,
                 zone->map->fd) = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_review_zone_t  *old = data;

    ngx_log_t               *log;
    ngx_pool_cleanup_t      *cln;
    ngx_http_review_zone_t  *zone;

    zone = shm_zone->data;
    log = shm_zone->shm.log;

    if (old && old->map && old->size == zone->size) {
        zone->map = old->map;

    } else {
        if (old) {
            ngx_log_error(NGX_LOG_NOTICE, log, 0,
                          "size of zone \"%V\" has changed, it starts anew",
                          &zone->name);

        } else {
            zone->map = ngx_http_review_zone_inherit(zone, log);
        }

        if (zone->map == NULL) {
            zone->map = ngx_http_review_zone_create(zone, log);
        }

        if (zone->map == NULL) {
            return NGX_ERROR;
        }
    }

    cln = ngx_pool_cleanup_add(zone->cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_review_zone_unmap;
    cln->data = zone->map;

    zone->map->references++;

    if (ngx_http_review_zone_bequeath(zone) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_review_limit_apply(zone);

    return NGX_OK;
}


static void
ngx_http_review_zone_unmap(void *data)
{
    ngx_http_review_map_t *map = data;

    if (--map->references == 0) {
        (void) munmap(map->shared, map->size);
        (void) close(map->fd);
        ngx_free(map);
    }
}


/*
 * Locks the memory.  Whoever has died while it held the lock may have left the
 * queue's links half done.
 */

review_queue_t *
ngx_http_review_zone_lock(ngx_http_review_zone_t *zone)
{
    ngx_http_review_shared_t  *shared;

    shared = zone->map->shared;

    if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD) {
        review_queue_repair(&shared->queue);
        (void) pthread_mutex_consistent(&shared->lock);
    }

    return &shared->queue;
}


void
ngx_http_review_zone_unlock(ngx_http_review_zone_t *zone)
{
    (void) pthread_mutex_unlock(&zone->map->shared->lock);
}


ngx_http_review_load_t *
ngx_http_review_zone_load(ngx_http_review_zone_t *zone)
{
    return &zone->map->shared->load;
}


/*
 * Where a process is woken: an abstract name needs neither a file nor a
 * descriptor made before the fork, so that workers of all generations reach
 * each other.
 */

static socklen_t
ngx_http_review_zone_address(ngx_http_review_zone_t *zone, ngx_uint_t process,
    struct sockaddr_un *sun)
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
ngx_http_review_zone_wake(ngx_http_review_zone_t *zone, review_wake_t *wake)
{
    ngx_uint_t          i, n;
    socklen_t           len;
    struct sockaddr_un  sun;

    for (i = 0; i < REVIEW_QUEUE_PROCESSES / 64; i++) {

        while (wake->bits[i]) {
            n = __builtin_ctzll(wake->bits[i]);
            wake->bits[i] &= wake->bits[i] - 1;
            n += i * 64;

            if (zone->entered && n == zone->process) {
                ngx_post_event(&zone->posted, &ngx_posted_events);
                continue;
            }

            /* who can't be told looks from time to time */

            if (zone->connection) {
                len = ngx_http_review_zone_address(zone, n, &sun);

                (void) sendto(zone->connection->fd, "", 1, MSG_DONTWAIT,
                              (struct sockaddr *) &sun, len);
            }
        }
    }
}


/* while a call waits here: has its turn come, has a process died? */

void
ngx_http_review_zone_watch(ngx_http_review_zone_t *zone)
{
    if (!zone->poll.timer_set) {
        ngx_add_timer(&zone->poll, NGX_HTTP_REVIEW_ZONE_POLL);
    }
}


/*
 * The kernel gives up the locks of a process that is killed some time before
 * it closes its connections: its calls are in flight until then.  The pid may
 * be another process's by now, which is not waited for.
 */

static ngx_uint_t
ngx_http_review_zone_dying(ngx_http_review_process_t *process)
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

    return ngx_current_msec < process->died + NGX_HTTP_REVIEW_ZONE_DYING;
#else
    return 0;
#endif
}


/* the place of a process that does not live, locked; NULL: there is none */

static ngx_http_review_process_t *
ngx_http_review_zone_vacant(ngx_http_review_zone_t *zone, ngx_uint_t i,
    ngx_err_t *err)
{
    ngx_http_review_process_t  *process;

    process = &zone->map->shared->processes[i];

    *err = pthread_mutex_trylock(&process->alive);

    if (*err == EOWNERDEAD) {
        *err = pthread_mutex_consistent(&process->alive);
    }

    if (*err) {
        return NULL;
    }

    if (process->pid && ngx_http_review_zone_dying(process)) {
        (void) pthread_mutex_unlock(&process->alive);
        return NULL;
    }

    return process;
}


/* what the process of a place had is free again */

static void
ngx_http_review_zone_clear(ngx_http_review_zone_t *zone, ngx_uint_t i)
{
    review_wake_t               wake;
    review_queue_t             *q;
    ngx_http_review_process_t  *process;

    ngx_memzero(&wake, sizeof(review_wake_t));

    process = &zone->map->shared->processes[i];

    q = ngx_http_review_zone_lock(zone);

    review_queue_reclaim(q, i);
    review_queue_serve(q, &wake);

    process->pid = 0;
    process->died = 0;

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_zone_wake(zone, &wake);
}


/* what a process had that is no more is free again; the caller has no lock */

ngx_uint_t
ngx_http_review_zone_reclaim(ngx_http_review_zone_t *zone)
{
    ngx_err_t                   err;
    ngx_uint_t                  i, n;
    ngx_http_review_process_t  *process;

    n = 0;

    for (i = 0; i < REVIEW_QUEUE_PROCESSES; i++) {

        if (zone->map->shared->processes[i].pid == 0) {
            continue;
        }

        if (zone->entered && i == zone->process) {
            n++;
            continue;
        }

        process = ngx_http_review_zone_vacant(zone, i, &err);

        if (process == NULL) {
            n += (err == EBUSY);
            continue;
        }

        if (process->pid) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "process %P has died, its calls in zone \"%V\" are "
                          "given back", process->pid, &zone->name);

            ngx_http_review_zone_clear(zone, i);
        }

        (void) pthread_mutex_unlock(&process->alive);
    }

    return n;
}


static void
ngx_http_review_zone_poll(ngx_event_t *ev)
{
    ngx_http_review_zone_t *zone = ev->data;

    (void) ngx_http_review_zone_reclaim(zone);

    if (ngx_http_review_limit_claim(zone)) {
        ngx_http_review_zone_watch(zone);
    }
}


static void
ngx_http_review_zone_posted(ngx_event_t *ev)
{
    (void) ngx_http_review_limit_claim(ev->data);
}


static void
ngx_http_review_zone_read(ngx_event_t *ev)
{
    char               buf[8];
    ngx_connection_t  *c;

    c = ev->data;

    while (recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0) { /* void */ }

    (void) ngx_http_review_limit_claim(c->data);
}


static ngx_int_t
ngx_http_review_zone_listen(ngx_http_review_zone_t *zone, ngx_cycle_t *cycle)
{
    int                  fd;
    socklen_t            len;
    ngx_connection_t    *c;
    struct sockaddr_un   sun;

    fd = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return NGX_ERROR;
    }

    len = ngx_http_review_zone_address(zone, zone->process, &sun);

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
    c->read->handler = ngx_http_review_zone_read;
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
ngx_http_review_zone_enter(ngx_http_review_zone_t *zone)
{
    ngx_err_t                   err;
    ngx_uint_t                  i;
    ngx_http_review_process_t  *process;

    for (i = 0; i < REVIEW_QUEUE_PROCESSES; i++) {

        process = ngx_http_review_zone_vacant(zone, i, &err);

        if (process == NULL) {
            continue;
        }

        if (process->pid) {
            ngx_http_review_zone_clear(zone, i);
        }

        process->pid = ngx_pid;
        zone->process = i;

        return NGX_OK;
    }

    return NGX_ERROR;
}


static void
ngx_http_review_zone_start(ngx_http_review_zone_t *zone, ngx_cycle_t *cycle)
{
    (void) ngx_http_review_zone_reclaim(zone);

    if (ngx_http_review_zone_enter(zone) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "zone \"%V\" has no room for more than %d processes",
                      &zone->name, REVIEW_QUEUE_PROCESSES);
        return;
    }

    zone->entered = 1;

    zone->poll.handler = ngx_http_review_zone_poll;
    zone->poll.data = zone;
    zone->poll.log = cycle->log;
    zone->poll.cancelable = 1;

    zone->posted.handler = ngx_http_review_zone_posted;
    zone->posted.data = zone;
    zone->posted.log = cycle->log;

    if (ngx_http_review_zone_listen(zone, cycle) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                      "calls of this process in zone \"%V\" may wait %d ms "
                      "beyond their turn", &zone->name,
                      NGX_HTTP_REVIEW_ZONE_POLL);
    }

    /* this process may have been started because another one has died */

    (void) ngx_http_review_zone_reclaim(zone);
}


ngx_int_t
ngx_http_review_zone_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_http_review_zone_t       **zone;
    ngx_http_review_main_conf_t   *rmcf;

    /* cache managers and loaders make no calls */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_review_module);

    if (rmcf == NULL) {
        return NGX_OK;
    }

    zone = rmcf->zones.elts;

    for (i = 0; i < rmcf->zones.nelts; i++) {
        ngx_http_review_zone_start(zone[i], cycle);
    }

    return NGX_OK;
}


/*
 * A process that is terminated ends with its calls in flight: others find out
 * that it has died, once its connections are closed.
 */

static void
ngx_http_review_zone_leave(ngx_http_review_zone_t *zone)
{
    ngx_uint_t                  running;
    ngx_http_review_process_t  *process;

    running = ngx_http_review_zone_lock(zone)->shares[zone->process].in_flight;
    ngx_http_review_zone_unlock(zone);

    zone->entered = 0;

    if (!running) {
        ngx_http_review_zone_clear(zone, zone->process);
    }

    /* the address must be free for the next one in this place */

    if (zone->connection) {
        ngx_close_connection(zone->connection);
    }

    if (!running) {
        process = &zone->map->shared->processes[zone->process];
        (void) pthread_mutex_unlock(&process->alive);
    }
}


void
ngx_http_review_zone_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_http_review_zone_t       **zone;
    ngx_http_review_main_conf_t   *rmcf;

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_review_module);

    if (rmcf == NULL) {
        return;
    }

    zone = rmcf->zones.elts;

    for (i = 0; i < rmcf->zones.nelts; i++) {

        if (zone[i]->entered) {
            ngx_http_review_zone_leave(zone[i]);
        }
    }
}
