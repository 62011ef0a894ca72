
/*
 * The tenants of an LLM, shared by processes: who is who, by name.  Each has a
 * number, by which the queue knows it; see review/limit/queue.h about the
 * memory, who may call, and what a process may leave that dies.
 *
 * A tenant that neither waits nor has calls in flight may have to make room
 * for another one, which then has its number: whoever comes back asks again.
 */

#ifndef _REVIEW_TENANT_H_INCLUDED_
#define _REVIEW_TENANT_H_INCLUDED_


#include "review/base/review.h"
#include "review/limit/budget.h"

#pragma GCC visibility push(hidden)


/* bytes of a name that is told; identity is that of the whole name */

#define REVIEW_TENANT_NAME     64

/* these two are always there: all that have no room, all that have no name */

#define REVIEW_TENANT_OTHER    0
#define REVIEW_TENANT_DEFAULT  1

#define REVIEW_TENANT_FIRST    2


/* "key" says whose the rest is: it is stored last, and cleared first */

typedef struct {
    uint64_t         key;              /* 0: nobody's */
    uint32_t         next;             /* in the chain of its bucket */
    uint32_t         len;
    char             name[REVIEW_TENANT_NAME];
    review_budget_t  budget;
} review_tenant_t;


typedef struct {
    uint64_t         secret[2];        /* of the keys */
    uint32_t         size;             /* those that are always there too */
    uint32_t         top;              /* from here on they are untouched */
    uint32_t         hand;             /* where one to drop is looked for */
    uint32_t         mask;             /* of the buckets */
    review_tenant_t  tenants[];        /* the buckets are behind them */
} review_tenants_t;


/* may this one give way? */

typedef int (*review_tenant_idle_pt)(void *data, uint32_t tenant);


/* the bytes of a table of so many tenants, beside the two */

size_t review_tenant_size(uint32_t n);

void review_tenant_init(review_tenants_t *t, uint32_t n,
    const uint64_t secret[2]);

/* who has this name; an empty one is that of the default.  No lock is needed */

uint64_t review_tenant_key(const review_tenants_t *t, const char *name,
    size_t len);

/*
 * The number of the tenant with this key and name, a new one if need be; the
 * one that it had, "before", is looked at first.  Where there is no room, and
 * none is idle, it is REVIEW_TENANT_OTHER.
 */

uint32_t review_tenant_find(review_tenants_t *t, uint64_t key,
    const char *name, size_t len, uint32_t before,
    review_tenant_idle_pt idle, void *data);

/* a process died in the middle of a change: makes the chains anew */

void review_tenant_repair(review_tenants_t *t);


#pragma GCC visibility pop


#endif /* _REVIEW_TENANT_H_INCLUDED_ */
