
/*
 * The capacity of an LLM, which all workers share: zones, slots, turns, and
 * the places that processes have there.
 */

#ifndef _NGX_HTTP_REVIEW_LIMIT_H_INCLUDED_
#define _NGX_HTTP_REVIEW_LIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "review/limit/adapt.h"
#include "review/limit/circuit.h"
#include "review/metrics/metrics.h"
#include "review/limit/queue.h"
#include "review/limit/recent.h"
#include "review/limit/tenant.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_zone_s      ngx_http_review_zone_t;
typedef struct ngx_http_review_turn_s      ngx_http_review_turn_t;
typedef struct ngx_http_review_map_s       ngx_http_review_map_t;
typedef struct ngx_http_review_shared_s    ngx_http_review_shared_t;


/* "review_circuit": it becomes that of the zone of the location's limit */

typedef struct {
    review_circuit_conf_t       conf;
    ngx_str_t                   file;
    ngx_uint_t                  line;
    ngx_uint_t                  used;       /* it has become a zone's */
} ngx_http_review_circuit_t;


/* a zone, in the configuration and in this process */

struct ngx_http_review_zone_s {
    ngx_str_t                   name;
    size_t                      size;
    ngx_cycle_t                *cycle;
    ngx_http_review_map_t      *map;

    ngx_uint_t                  calls;      /* 0: no limit */
    ngx_uint_t                  min;        /* of a limit that moves */
    ngx_uint_t                  max;
    ngx_str_t                   file;       /* where the limit is set */
    ngx_uint_t                  line;
    ngx_http_review_circuit_t   circuit;    /* line is 0: not set */
    ngx_uint_t                  tenants;    /* 0: as many as there is room */
    ngx_uint_t                  budgets;    /* a bit for each window that
                                               somebody has tokens in */
    ngx_uint_t                  processes;  /* 0: by the number of workers */
    ngx_array_t                *llms;       /* names, of whose calls are made
                                               here; NULL: none */

    uint64_t                    configured; /* the configuration's number */
    uint32_t                    process;    /* this one's place */
    ngx_msec_t                  tried;      /* to have one */
    ngx_msec_t                  told;       /* that there is none */
    ngx_connection_t           *connection; /* where it is woken */
    ngx_event_t                 poll;
    ngx_event_t                 posted;
    ngx_queue_t                 ready;      /* turns that have come */
    ngx_queue_t                 falling;    /* that wait while the circuit is
                                               closed, and no longer */
    ngx_queue_t                 held;       /* turns with a slot, */
    ngx_queue_t                 paused;     /* and those that find no server */
    ngx_uint_t                  npaused;
    ngx_msec_t                  looked;     /* at connections of those held */

    unsigned                    defined:1;  /* by review_zone */
    unsigned                    automatic:1; /* the limit moves */
    unsigned                    entered:1;  /* this process has a place */
};


typedef struct {
    ngx_http_review_zone_t     *zone;
    ngx_uint_t                  queue;      /* calls that may wait */
    ngx_msec_t                  wait;       /* how long each of them may */
} ngx_http_review_limit_t;


/* "llm=name": that of one LLM, which has its own; or none */

typedef struct {
    ngx_str_t                   llm;
    ngx_http_review_limit_t    *limit;      /* NULL: off */
    void                       *conf;       /* of the level where it is set */
    ngx_uint_t                  checked;    /* there is such an LLM */
    ngx_str_t                   file;
    ngx_uint_t                  line;
} ngx_http_review_llm_limit_t;


/* "review_tenant_limit": what one tenant may have; 0: any number */

typedef struct {
    ngx_uint_t                  calls;      /* at a time */
    ngx_uint_t                  tokens;     /* in any */
    review_budget_window_e      window;
} ngx_http_review_tenant_limit_t;


/* the wing's configuration */

typedef struct {
    ngx_array_t                 zones;      /* of ngx_http_review_zone_t * */
    ngx_array_t                 circuits; /* of ngx_http_review_circuit_t * */
} ngx_http_review_limit_main_conf_t;


typedef struct {
    ngx_http_review_limit_t    *limit;      /* of all others; NULL: none */
    ngx_array_t                *named;      /* of ngx_http_review_llm_limit_t,
                                               NULL: there are none */
    ngx_uint_t                  limited;    /* calls of any of them */
    ngx_http_review_circuit_t  *circuit;    /* NULL: as it is */
    ngx_http_complex_value_t   *priority;   /* NULL: normal */
    ngx_http_complex_value_t   *tenant;     /* NULL: the default one */
    ngx_http_review_tenant_limit_t  *tenant_limit;  /* NULL: none */
} ngx_http_review_limit_conf_t;


extern ngx_module_t  ngx_http_review_limit_module;

/* that of the calls of an LLM; NULL: none */

ngx_http_review_limit_t *ngx_http_review_limit_of(
    ngx_http_review_limit_conf_t *conf, ngx_str_t *llm);

#define ngx_http_review_limit_conf(r)                                         \
    ((ngx_http_review_limit_conf_t *)                                         \
         (r)->loc_conf[ngx_http_review_limit_module.ctx_index])


/* when something was last seen of an upstream's connections; 0: never */

typedef struct {
    uint32_t                    upstream;   /* which one; 0: none */
    ngx_msec_t                  answered;   /* a call was */
    ngx_msec_t                  connected;  /* one had its connection */
    ngx_msec_t                  lost;       /* one had none, or was cut */
} ngx_http_review_seen_t;


/* of a process: the calls that pause, since their servers are busy */

typedef struct {
    ngx_msec_t                  since;      /* the first of them; 0: none */
    ngx_msec_t                  told;       /* when the process said so */
    ngx_uint_t                  calls;      /* how many they are */
    ngx_uint_t                  go;         /* so many may ask again */
} ngx_http_review_line_t;


#define NGX_HTTP_REVIEW_SEEN  8

/* calls of which it is known how often they have failed, by what they ask */

#define NGX_HTTP_REVIEW_LOAD_FAILED  1024


/* what all processes know of an LLM, beside the queue of its calls */

typedef struct {
    review_adapt_t              adapt;
    review_circuit_t            circuit;
    review_recent_t             recent;
    uint32_t                    answers;    /* of calls, so many */
    ngx_uint_t                  automatic;
    ngx_http_review_seen_t      seen[NGX_HTTP_REVIEW_SEEN];
    ngx_msec_t                  paused;     /* when there was one in them */
    u_char                      failed[NGX_HTTP_REVIEW_LOAD_FAILED];
} ngx_http_review_load_t;


/* whose a request is; the number may have become another's since */

typedef struct {
    ngx_str_t                   name;       /* empty: the default one's */
    uint64_t                    key;
    uint32_t                    index;
    ngx_http_review_zone_t     *zone;       /* that it is in; NULL: in none */
} ngx_http_review_tenant_t;


/* one who waits: a review with some of its calls, or a guarded request */

typedef struct ngx_http_review_waiter_s  ngx_http_review_waiter_t;

struct ngx_http_review_waiter_s {
    ngx_http_review_waiter_t   *next;       /* of the same review, with another
                                               limit */
    ngx_http_review_limit_t    *limit;      /* NULL: there is none */
    ngx_http_review_tenant_limit_t  *tenant_limit;  /* NULL: none */
    ngx_http_review_tenant_t    tenant;
    ngx_msec_t                  expiry;     /* no call takes longer */
    review_priority_e           priority;
    uint32_t                    index;      /* in the shared queue, or NONE */
    ngx_queue_t                 turns;      /* that wait */
    ngx_uint_t                  admitted;   /* once, for all of its calls */
};


typedef enum {
    NGX_HTTP_REVIEW_TURN_NONE = 0,
    NGX_HTTP_REVIEW_TURN_WAITING,
    NGX_HTTP_REVIEW_TURN_READY,             /* has come, not yet begun */
    NGX_HTTP_REVIEW_TURN_HELD,              /* a slot is taken */
    NGX_HTTP_REVIEW_TURN_PAUSED             /* the same, but not used */
} ngx_http_review_turn_e;


typedef void (*ngx_http_review_turn_pt)(ngx_http_review_turn_t *turn);


struct ngx_http_review_turn_s {
    ngx_queue_t                 queue;
    ngx_queue_t                 falling;    /* in the zone's, see "falls" */
    ngx_http_review_waiter_t   *waiter;
    ngx_http_review_turn_pt     handler;    /* its turn has come, or won't */
    ngx_http_request_t        **request;    /* that asks the LLM, if any does */
    ngx_event_t                 timer;
    ngx_msec_t                  asked;
    ngx_msec_t                  begun;
    ngx_msec_t                  expires;    /* its deadline; 0: none */
    review_code_t               code;       /* why there is none */
    ngx_http_review_turn_e      state;
    uint32_t                    ticket;     /* of the circuit; 0: none */
    uint32_t                    answers;    /* of the LLM's, that it knows of */
    uint32_t                    upstream;   /* that was asked last; 0: none
                                               whose servers may be busy */
    unsigned                    falls:1;    /* another LLM may be asked: it
                                               waits for no circuit */
    uint32_t                    peer;       /* of any upstream; 0: none */
    uint32_t                    key;        /* of what it asks; 0: unknown */
    uint32_t                    failed;     /* so often, when it came */
    unsigned                    promised:1; /* the circuit has room for it */
    unsigned                    late:1;     /* that is why: its deadline */
    unsigned                    watched:1;  /* there is a circuit, */
    unsigned                    open:1;     /* and it is open, after it */
    unsigned                    alone:1;    /* nobody was answered since it was
                                               last given back */
    unsigned                    local:1;    /* which counts by process */
    unsigned                    go:1;       /* a pause has ended for another
                                               call's end */
};


/* what a call has seen of the LLM */

typedef struct {
    review_adapt_e              outcome;
    review_circuit_result_e     result;
    ngx_msec_t                  first;      /* to its first token; 0: none */
    ngx_msec_t                  took;       /* to its end */
    ngx_uint_t                  lost;       /* no connection, or it was cut */
    ngx_uint_t                  silent;     /* it timed out */
} ngx_http_review_sample_t;


/*
 * ngx_http_review_zone.c: memory that workers share.  The lock is held for a
 * few steps only, and nothing is woken or called while it is.
 */

/* the least size of a zone */

#define NGX_HTTP_REVIEW_ZONE_MIN  (256 * 1024)

/* tenants that a zone knows at a time; fewer where it is small */

#define NGX_HTTP_REVIEW_ZONE_TENANTS  1000

/* processes that it has room for, at least; more where there are many */

#define NGX_HTTP_REVIEW_ZONE_PROCESSES  256

char *ngx_http_review_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_http_review_zone_t *ngx_http_review_zone_add(ngx_conf_t *cf,
    ngx_str_t *name, size_t size);

/* the name of an LLM whose calls are made in the zone */

ngx_int_t ngx_http_review_zone_add_llm(ngx_conf_t *cf,
    ngx_http_review_zone_t *zone, ngx_str_t *name);

review_queue_t *ngx_http_review_zone_lock(ngx_http_review_zone_t *zone);
void ngx_http_review_zone_unlock(ngx_http_review_zone_t *zone);
ngx_http_review_load_t *ngx_http_review_zone_load(
    ngx_http_review_zone_t *zone);

/* what is counted, without the lock; of tenants, by their numbers */

review_metrics_t *ngx_http_review_zone_metrics(ngx_http_review_zone_t *zone);
review_metrics_tenant_t *ngx_http_review_zone_counts(
    ngx_http_review_zone_t *zone);


/* one for each process; *n is set to their number */

ngx_http_review_line_t *ngx_http_review_zone_lines(
    ngx_http_review_zone_t *zone, ngx_uint_t *n);

/* with the lock held */

review_tenants_t *ngx_http_review_zone_tenants(ngx_http_review_zone_t *zone);
review_queue_t *ngx_http_review_zone_queue(ngx_http_review_zone_t *zone);


/*
 * ngx_http_review_tenant.c: whose a request is.  With the lock held its number
 * in the zone is found, or given; others may get it while it has no calls.
 */

void ngx_http_review_tenant_init(ngx_http_review_waiter_t *waiter,
    ngx_http_request_t *r, ngx_http_review_limit_conf_t *conf);
void ngx_http_review_tenant_set_zone(ngx_http_review_waiter_t *waiter,
    ngx_http_review_zone_t *zone);
uint32_t ngx_http_review_tenant_find(ngx_http_review_waiter_t *waiter);

/* calls that have run, and tokens, while the request has its number */

void ngx_http_review_tenant_count(ngx_http_review_waiter_t *waiter,
    ngx_uint_t calls, int64_t prompt, int64_t completion);

/* by what counters know that a number is still this one's */

uint64_t ngx_http_review_tenant_counted(ngx_http_review_zone_t *zone,
    uint32_t index);

char *ngx_http_review_tenant_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * ngx_http_review_waiter.c: who waits.  It begins with the limit that is for
 * all LLMs; it is given another one before its first turn; of a review's first
 * one there are others, for other limits: one that is made if there is none
 * yet, NULL: no memory.
 */

void ngx_http_review_waiter_init(ngx_http_review_waiter_t *waiter,
    ngx_http_request_t *r, ngx_http_review_limit_conf_t *conf,
    ngx_msec_t call_timeout);
void ngx_http_review_waiter_set_limit(ngx_http_review_waiter_t *waiter,
    ngx_http_review_limit_t *limit);
ngx_http_review_waiter_t *ngx_http_review_waiter_of(
    ngx_http_review_waiter_t *waiter, ngx_pool_t *pool,
    ngx_http_review_limit_t *limit);


/*
 * ngx_http_review_budget.c: the tokens that a tenant may use.  1: it has used
 * them all, and "over" says so.
 */

typedef struct {
    char                        name[REVIEW_TENANT_NAME];
    size_t                      len;
    uint64_t                    used;
    uint64_t                    tokens;
    const char                 *window;
    ngx_uint_t                  seconds;    /* until there are some again */
} ngx_http_review_over_t;

#define NGX_HTTP_REVIEW_BUDGET_TEXT  192

ngx_uint_t ngx_http_review_budget_is_over(ngx_http_review_waiter_t *waiter,
    ngx_http_review_over_t *over);

/* for people; returns its length */

size_t ngx_http_review_budget_text(ngx_http_review_over_t *over,
    char text[NGX_HTTP_REVIEW_BUDGET_TEXT]);

/* what was used, whatever the tenant may: negative numbers were not told */

void ngx_http_review_budget_add(ngx_http_review_waiter_t *waiter,
    int64_t prompt, int64_t completion);


/*
 * ngx_http_review_process.c: the places of processes in a zone.  1 if this one
 * has a place; without one there are no slots for it.
 */

typedef ngx_uint_t (*ngx_http_review_process_claim_pt)(
    ngx_http_review_zone_t *zone);

/* "claim" takes what was granted to this process: limit.c's */

ngx_int_t ngx_http_review_process_init(ngx_cycle_t *cycle, ngx_array_t *zones,
    ngx_http_review_process_claim_pt claim);
void ngx_http_review_process_exit(ngx_cycle_t *cycle);
ngx_uint_t ngx_http_review_process_entered(ngx_http_review_zone_t *zone);

/* has other processes, or this one, claim what was granted to them */

void ngx_http_review_process_wake(ngx_http_review_zone_t *zone,
    review_wake_t *wake);

/* has the zone looked at from time to time, while calls wait, or run */

void ngx_http_review_process_watch(ngx_http_review_zone_t *zone);

/* gives back what dead processes had; the number of those that live */

ngx_uint_t ngx_http_review_process_reclaim(ngx_http_review_zone_t *zone);


/*
 * ngx_http_review_load.c: what all processes know of an LLM.  With the lock
 * held, limit and circuit are made what the configuration says, and free slots
 * are given to those who wait.
 */

/* when a probe of the circuit is given up, beyond what its call may take */

#define NGX_HTTP_REVIEW_LIMIT_EXPIRY  10000

void ngx_http_review_load_init(ngx_http_review_load_t *load);
void ngx_http_review_load_serve(ngx_http_review_load_t *load,
    review_queue_t *q, review_wake_t *wake);

/* how often a call has failed that asks this, since the circuit was closed */

uint32_t ngx_http_review_load_failed(ngx_http_review_load_t *load,
    uint32_t key);
void ngx_http_review_load_result(ngx_http_review_load_t *load,
    ngx_http_review_turn_t *turn, review_circuit_result_e result);

void ngx_http_review_load_apply(ngx_http_review_load_t *load,
    ngx_http_review_zone_t *zone, review_queue_t *q, review_wake_t *wake);


/*
 * ngx_http_review_limit.c: the LLM's capacity.  NGX_OK: a slot is taken;
 * NGX_AGAIN: the turn's handler will be called, from the event loop, with
 * turn->code set if there won't be a slot; NGX_DECLINED: turn->code says why
 * there is none.
 */

ngx_int_t ngx_http_review_limit_ask(ngx_http_review_turn_t *turn);

/* the class of priority that a value names; one that names none is normal */

review_priority_e ngx_http_review_limit_priority_of(ngx_str_t *value);

/* gives the slot back, with what was learned; or leaves the queue */

void ngx_http_review_limit_done(ngx_http_review_turn_t *turn,
    ngx_http_review_sample_t *sample);
void ngx_http_review_limit_leave(ngx_http_review_turn_t *turn);

/* the code of a wait that ends now: the LLM was busy, or the circuit is open */

review_code_t ngx_http_review_limit_waited(ngx_http_review_turn_t *turn);

/* 1: the circuit is not closed: who asks for a turn waits */

ngx_uint_t ngx_http_review_limit_is_open(ngx_http_review_limit_t *limit);

/* 1 if the zone is to be looked at again: calls wait, or run */

ngx_uint_t ngx_http_review_limit_claim(ngx_http_review_zone_t *zone);

/* 0: there is room; or the seconds after which it makes sense to come back */

ngx_uint_t ngx_http_review_limit_full(ngx_http_review_waiter_t *waiter);
ngx_uint_t ngx_http_review_limit_retry_after(ngx_http_review_waiter_t *waiter);

/* what an HTTP status, or a failure, says of the LLM */

void ngx_http_review_limit_sample(ngx_http_review_sample_t *sample,
    review_code_t code);


/*
 * ngx_http_review_busy.c: upstreams whose servers have all the connections they
 * may have ("max_conns").  nginx says of them what it says of those that are
 * down.
 */

/*
 * Which server the request has asked, and which upstream, if its servers may be
 * busy at all
 */

void ngx_http_review_busy_set_upstream(ngx_http_review_turn_t *turn,
    ngx_http_request_t *r);

/* nginx has found no server, where some may have but so many connections */

ngx_uint_t ngx_http_review_busy_no_server(ngx_http_request_t *r);

/*
 * Are they busy?  So it is where a call to the upstream has its connection
 * right now, or was answered within the last second; or where one has begun to
 * connect since, and none has failed to, or was cut.  What other processes'
 * calls do is known a little late: a call that has just begun gets the benefit
 * of the doubt.
 */

ngx_uint_t ngx_http_review_busy(ngx_http_review_turn_t *turn);

/*
 * The turn keeps its slot.  Its handler is called again when another call has
 * ended and none has paused for longer, or after the pause at the latest.
 */

void ngx_http_review_busy_pause(ngx_http_review_turn_t *turn,
    ngx_msec_t pause, ngx_uint_t first);

/*
 * With the lock held: what a call has seen; a turn that is in no queue any
 * more, 1 if the connection that it had is another's, which must get it before
 * those who wait for a slot; what this process may go on with.
 */

void ngx_http_review_busy_learn(ngx_http_review_turn_t *turn,
    ngx_http_review_sample_t *sample);
ngx_uint_t ngx_http_review_busy_left(ngx_http_review_turn_t *turn,
    review_wake_t *wake);
void ngx_http_review_busy_claim(ngx_http_review_zone_t *zone);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_LIMIT_H_INCLUDED_ */
