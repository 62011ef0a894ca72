
/*
 * The memory of a zone, for the two files that know it: zone.c makes it and
 * locks it, process.c has what each process keeps there.
 */

#ifndef _NGX_HTTP_REVIEW_ZONE_H_INCLUDED_
#define _NGX_HTTP_REVIEW_ZONE_H_INCLUDED_


#include "http/limit/ngx_http_review_limit.h"

#include <pthread.h>

#pragma GCC visibility push(hidden)


typedef struct {
    pthread_mutex_t             alive;      /* held by the process itself */
    ngx_pid_t                   pid;        /* 0: nobody's */
    uint64_t                    died;       /* when that was noticed, or 0 */
    uint64_t                    configured; /* its configuration's number */
} ngx_http_review_process_t;


struct ngx_http_review_shared_s {
    uint32_t                    magic;
    uint32_t                    layout;     /* differs where this differs */
    uint64_t                    size;
    uint64_t                    id;         /* of this memory, by chance */
    uint64_t                    configured; /* so many configurations */
    uint64_t                    applied;    /* whose limit it is */
    pthread_mutex_t             lock;
    uint32_t                    nprocesses;
    uint32_t                    ntenants;
    ngx_http_review_load_t      load;
};


/* the mapping, which the configurations before and after a reload share */

struct ngx_http_review_map_s {
    ngx_http_review_shared_t   *shared;     /* and behind it: */
    ngx_http_review_process_t  *processes;
    ngx_http_review_line_t     *lines;
    review_tenants_t           *tenants;
    review_queue_t             *queue;      /* up to the zone's size, */
    review_metrics_t           *metrics;    /* and these behind it */
    review_metrics_tenant_t    *counts;
    size_t                      size;
    int                         fd;
    ngx_uint_t                  references;
};


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_ZONE_H_INCLUDED_ */
