
/*
 * A zone: memory that all workers share.
 *
 * The memory is a file without a name.  A reload keeps it, and an upgraded
 * binary inherits its descriptor, told by a variable of the environment: old
 * and new workers count on the same numbers.
 *
 * The lock is a robust mutex: whoever gets it after a process that has died
 * with it is told so.
 */

#include "http/limit/ngx_http_review_zone.h"
#include "http/base/ngx_http_review_base.h"

#include <sys/mman.h>
#include <sys/random.h>


/* "RVZ3": the number changes where anything there changes its meaning */

#define NGX_HTTP_REVIEW_ZONE_MAGIC   0x52565a33
#define NGX_HTTP_REVIEW_ZONE_LAYOUT                                           \
    (sizeof(ngx_http_review_shared_t) + sizeof(review_metrics_t))
#define NGX_HTTP_REVIEW_ZONE_ENV     "NGINX_REVIEW_ZONE_"

/* so many who wait are to have room, whatever else has */

#define NGX_HTTP_REVIEW_ZONE_WAITERS 1000

#define NGX_HTTP_REVIEW_ZONE_TENANTS_MAX  100000

/* from here on it has room for as many tenants as it is to have */

#define NGX_HTTP_REVIEW_ZONE_LARGE  (1024 * 1024)

/* so many times the workers that are configured */

#define NGX_HTTP_REVIEW_ZONE_GENERATIONS  8


static ngx_int_t ngx_http_review_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_review_zone_name_llms(ngx_http_review_zone_t *zone);
static void ngx_http_review_zone_unmap(void *data);


/* the zone of this name, which may be defined later, as nginx's own may */

ngx_http_review_zone_t *
ngx_http_review_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size)
{
    ngx_shm_zone_t                *shm_zone;
    ngx_http_review_zone_t        *zone, **z;
    ngx_http_review_limit_main_conf_t  *lmcf;

    shm_zone = ngx_shared_memory_add(cf, name, size ? 8 * ngx_pagesize : 0,
                                     &ngx_http_review_limit_module);
    if (shm_zone == NULL) {
        return NULL;
    }

    zone = shm_zone->data;

    if (zone == NULL) {
        zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_zone_t));
        if (zone == NULL) {
            return NULL;
        }

        lmcf = ngx_http_conf_get_module_main_conf(cf,
                                                  ngx_http_review_limit_module);

        z = ngx_array_push(&lmcf->zones);
        if (z == NULL) {
            return NULL;
        }

        *z = zone;

        zone->name = *name;
        zone->cycle = cf->cycle;
        zone->process = REVIEW_QUEUE_NONE;
        zone->circuit.conf = review_circuit_default;

        ngx_queue_init(&zone->ready);
        ngx_queue_init(&zone->falling);
        ngx_queue_init(&zone->held);
        ngx_queue_init(&zone->paused);

        shm_zone->init = ngx_http_review_zone_init;
        shm_zone->data = zone;
    }

    if (size) {
        zone->size = size;
    }

    return zone;
}


/* names go into the environment, and into the labels of metrics */

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


static void *
ngx_http_review_zone_part(size_t *at, size_t size, void *memory)
{
    size_t  begin;

    begin = ngx_align(*at, 64);
    *at = begin + size;

    return (u_char *) memory + begin;
}


/* where the parts of the memory are; returns where the queue begins */

static size_t
ngx_http_review_zone_place(ngx_http_review_map_t *map, ngx_uint_t processes,
    ngx_uint_t tenants)
{
    size_t  at;

    at = sizeof(ngx_http_review_shared_t);

    map->processes = ngx_http_review_zone_part(&at,
                          processes * sizeof(ngx_http_review_process_t),
                          map->shared);
    map->lines = ngx_http_review_zone_part(&at,
                          processes * sizeof(ngx_http_review_line_t),
                          map->shared);
    map->tenants = ngx_http_review_zone_part(&at, review_tenant_size(tenants),
                                             map->shared);
    map->queue = ngx_http_review_zone_part(&at, 0, map->shared);

    return at;
}


/*
 * Metrics lie behind what the zone has room for: however many there come to be,
 * a size that is enough stays enough.  Returns the size of it all.
 */

static size_t
ngx_http_review_zone_behind(ngx_http_review_map_t *map, size_t size,
    ngx_uint_t tenants)
{
    size_t  at;

    at = size;

    map->metrics = ngx_http_review_zone_part(&at, sizeof(review_metrics_t),
                                             map->shared);
    map->counts = ngx_http_review_zone_part(&at,
                          (tenants + REVIEW_TENANT_FIRST)
                          * sizeof(review_metrics_tenant_t), map->shared);

    return at;
}


static size_t
ngx_http_review_zone_need(ngx_uint_t processes, ngx_uint_t tenants)
{
    ngx_http_review_map_t  map;

    ngx_memzero(&map, sizeof(ngx_http_review_map_t));

    return ngx_http_review_zone_place(&map, processes, tenants)
           + review_queue_size(processes, tenants + REVIEW_TENANT_FIRST,
                               NGX_HTTP_REVIEW_ZONE_WAITERS);
}


/* where the memory is small, those who wait are to have most of it */

static ngx_uint_t
ngx_http_review_zone_ntenants(ngx_http_review_zone_t *zone)
{
    ngx_uint_t  n;

    if (zone->tenants) {
        return zone->tenants;
    }

    if (zone->size >= NGX_HTTP_REVIEW_ZONE_LARGE) {
        return NGX_HTTP_REVIEW_ZONE_TENANTS;
    }

    n = zone->size / 8 / (review_tenant_size(1024) / 1024
                          + sizeof(review_queue_tenant_t));

    return ngx_min(n, NGX_HTTP_REVIEW_ZONE_TENANTS);
}


/* some generations of workers, old ones that still wait for their calls */

static ngx_uint_t
ngx_http_review_zone_nprocesses(ngx_http_review_zone_t *zone)
{
    ngx_uint_t        n;
    ngx_core_conf_t  *ccf;

    if (zone->processes) {
        return zone->processes;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    n = (ccf->worker_processes + 2) * NGX_HTTP_REVIEW_ZONE_GENERATIONS;

    n = ngx_min(n, zone->size / 8 / sizeof(ngx_http_review_process_t));
    n = ngx_min(n, REVIEW_QUEUE_PROCESSES);

    return ngx_max(n, NGX_HTTP_REVIEW_ZONE_PROCESSES);
}


static ngx_int_t
ngx_http_review_zone_param(ngx_http_review_zone_t *zone, ngx_str_t *param)
{
    ngx_int_t    n, max;
    ngx_str_t    arg;
    ngx_uint_t  *number;

    if (ngx_http_review_param(param, "tenants", &arg)) {
        number = &zone->tenants;
        max = NGX_HTTP_REVIEW_ZONE_TENANTS_MAX;

    } else if (ngx_http_review_param(param, "processes", &arg)) {
        number = &zone->processes;
        max = REVIEW_QUEUE_PROCESSES;

    } else {
        return NGX_ERROR;
    }

    n = ngx_atoi(arg.data, arg.len);

    if (*number || n < 1 || n > max) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


static char *
ngx_http_review_zone_params(ngx_conf_t *cf, ngx_http_review_zone_t *zone)
{
    size_t       need;
    ngx_str_t   *value;
    ngx_uint_t   i, tenants, processes;

    value = cf->args->elts;

    for (i = 3; i < cf->args->nelts; i++) {
        if (ngx_http_review_zone_param(zone, &value[i]) != NGX_OK) {
            return ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    tenants = ngx_http_review_zone_ntenants(zone);
    processes = zone->processes ? zone->processes
                                : NGX_HTTP_REVIEW_ZONE_PROCESSES;

    need = ngx_http_review_zone_need(processes, tenants);

    if (need > zone->size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small for %ui tenants and %ui "
                           "processes, it must be at least %uzk", &zone->name,
                           tenants, processes, need / 1024 + 1);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
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

    return ngx_http_review_zone_params(cf, zone);
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


/* memory that is there already: a number that is not told may be larger */

static ngx_uint_t
ngx_http_review_zone_fits(ngx_http_review_zone_t *zone,
    ngx_http_review_shared_t *shared)
{
    if (shared->magic != NGX_HTTP_REVIEW_ZONE_MAGIC
        || shared->layout != NGX_HTTP_REVIEW_ZONE_LAYOUT
        || shared->size != zone->size
        || (zone->tenants && zone->tenants != shared->ntenants))
    {
        return 0;
    }

    return zone->processes
           ? zone->processes == shared->nprocesses
           : ngx_http_review_zone_nprocesses(zone) <= shared->nprocesses;
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
        || st.st_size < (off_t) zone->size)
    {
        goto anew;
    }

    map = ngx_http_review_zone_map(fd, st.st_size);
    if (map == NULL) {
        goto anew;
    }

    if (ngx_http_review_zone_fits(zone, map->shared)
        && ngx_http_review_zone_behind(map, zone->size, map->shared->ntenants)
           == map->size)
    {
        (void) ngx_http_review_zone_place(map, map->shared->nprocesses,
                                          map->shared->ntenants);
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


/* clients must not know which names have the same key */

static void
ngx_http_review_zone_secret(uint64_t secret[2])
{
    if (getrandom(secret, 2 * sizeof(uint64_t), GRND_NONBLOCK)
        != 2 * sizeof(uint64_t))
    {
        secret[0] = (uint64_t) ngx_random() << 32 | ngx_random();
        secret[1] = (uint64_t) ngx_random() << 32 | ngx_random();
    }
}


static ngx_http_review_map_t *
ngx_http_review_zone_create(ngx_http_review_zone_t *zone, ngx_log_t *log)
{
    int                        fd;
    size_t                     at, size;
    uint64_t                   secret[2];
    ngx_int_t                  rc;
    ngx_uint_t                 i, tenants, processes;
    ngx_http_review_map_t     *map, none;
    ngx_http_review_shared_t  *shared;

    map = NULL;
    tenants = ngx_http_review_zone_ntenants(zone);

    ngx_memzero(&none, sizeof(ngx_http_review_map_t));
    size = ngx_http_review_zone_behind(&none, zone->size, tenants);

    fd = memfd_create("nginx-review", 0);

    if (fd != -1 && ftruncate(fd, size) == 0) {
        map = ngx_http_review_zone_map(fd, size);
    }

    if (map == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "memory for zone \"%V\" could not be had", &zone->name);

        if (fd != -1) {
            (void) close(fd);
        }

        return NULL;
    }

    shared = map->shared;
    processes = ngx_http_review_zone_nprocesses(zone);

    (void) ngx_http_review_zone_behind(map, zone->size, tenants);
    at = ngx_http_review_zone_place(map, processes, tenants);

    rc = ngx_http_review_zone_mutex(&shared->lock);

    for (i = 0; i < processes && rc == NGX_OK; i++) {
        rc = ngx_http_review_zone_mutex(&map->processes[i].alive);
    }

    if (rc != NGX_OK
        || review_queue_init(map->queue, zone->size - at, processes,
                             tenants + REVIEW_TENANT_FIRST)
           != 0)
    {
        map->references = 1;
        ngx_http_review_zone_unmap(map);
        return NULL;
    }

    ngx_http_review_zone_secret(secret);
    review_tenant_init(map->tenants, tenants, secret);

    ngx_http_review_load_init(&shared->load);

    shared->ntenants = tenants;
    shared->nprocesses = processes;
    shared->layout = NGX_HTTP_REVIEW_ZONE_LAYOUT;
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

    if (old && old->map && ngx_http_review_zone_fits(zone, old->map->shared)) {
        zone->map = old->map;

    } else {
        if (old) {
            ngx_log_error(NGX_LOG_NOTICE, log, 0,
                          "%s of zone \"%V\" has changed, it starts anew",
                          old->size == zone->size ? "room" : "size",
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

    (void) ngx_http_review_zone_lock(zone);
    zone->configured = ++zone->map->shared->configured;
    ngx_http_review_zone_unlock(zone);

    ngx_http_review_zone_name_llms(zone);

    return NGX_OK;
}


ngx_int_t
ngx_http_review_zone_add_llm(ngx_conf_t *cf, ngx_http_review_zone_t *zone,
    ngx_str_t *name)
{
    ngx_str_t   *names;
    ngx_uint_t   i;

    if (zone->llms == NULL) {
        zone->llms = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (zone->llms == NULL) {
            return NGX_ERROR;
        }
    }

    names = zone->llms->elts;

    for (i = 0; i < zone->llms->nelts; i++) {
        if (ngx_http_review_param_same(&names[i], name)) {
            return NGX_OK;
        }
    }

    names = ngx_array_push(zone->llms);
    if (names == NULL) {
        return NGX_ERROR;
    }

    *names = *name;

    return NGX_OK;
}


/* counters that nothing has happened to are 0, and not absent */

static void
ngx_http_review_zone_name_llms(ngx_http_review_zone_t *zone)
{
    ngx_str_t   *names;
    ngx_uint_t   i;

    if (zone->llms == NULL) {
        return;
    }

    names = zone->llms->elts;

    for (i = 0; i < zone->llms->nelts; i++) {
        (void) review_metrics_llm(zone->map->metrics, (char *) names[i].data,
                                  names[i].len);
    }
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
        review_tenant_repair(zone->map->tenants);
        review_queue_repair(zone->map->queue);
        (void) pthread_mutex_consistent(&shared->lock);
    }

    return zone->map->queue;
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


review_metrics_t *
ngx_http_review_zone_metrics(ngx_http_review_zone_t *zone)
{
    return zone->map->metrics;
}


review_metrics_tenant_t *
ngx_http_review_zone_counts(ngx_http_review_zone_t *zone)
{
    return zone->map->counts;
}


ngx_http_review_line_t *
ngx_http_review_zone_lines(ngx_http_review_zone_t *zone, ngx_uint_t *n)
{
    *n = zone->map->shared->nprocesses;

    return zone->map->lines;
}


review_tenants_t *
ngx_http_review_zone_tenants(ngx_http_review_zone_t *zone)
{
    return zone->map->tenants;
}


review_queue_t *
ngx_http_review_zone_queue(ngx_http_review_zone_t *zone)
{
    return zone->map->queue;
}
