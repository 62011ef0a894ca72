
#include "review/limit/tenant.h"
#include "review/base/siphash.h"
#include "review/base/utf8.h"


#define REVIEW_TENANT_NONE   UINT32_MAX

#define REVIEW_TENANT_STEPS  1024

/* what a name that is not told as it is ends with: "~" and its hash */

#define REVIEW_TENANT_HASH  (1 + 16)


/* see review/limit/queue.c */

#define review_tenant_barrier()  __atomic_signal_fence(__ATOMIC_SEQ_CST)


static const char  review_tenant_other[] = "other";
static const char  review_tenant_default[] = "default";


static uint32_t
review_tenant_buckets(uint32_t size)
{
    uint32_t  n;

    for (n = 4; n < size; n *= 2) { /* void */ }

    return n;
}


size_t
review_tenant_size(uint32_t n)
{
    size_t  size;

    size = (size_t) n + REVIEW_TENANT_FIRST;

    return sizeof(review_tenants_t) + size * sizeof(review_tenant_t)
           + review_tenant_buckets((uint32_t) size) * sizeof(uint32_t);
}


static uint32_t *
review_tenant_bucket(review_tenants_t *t, uint64_t key)
{
    return (uint32_t *) &t->tenants[t->size] + (key & t->mask);
}


static void
review_tenant_link(review_tenants_t *t, uint32_t tenant)
{
    uint32_t  *bucket;

    bucket = review_tenant_bucket(t, t->tenants[tenant].key);

    t->tenants[tenant].next = *bucket;
    *bucket = tenant;
}


static void
review_tenant_unlink(review_tenants_t *t, uint32_t tenant)
{
    uint32_t  *link;

    link = review_tenant_bucket(t, t->tenants[tenant].key);

    while (*link != tenant) {
        link = &t->tenants[*link].next;
    }

    *link = t->tenants[tenant].next;
}


static int
review_tenant_shown(const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if ((unsigned char) name[i] < ' ' || name[i] == 0x7f) {
            return 0;
        }
    }

    return review_utf8_valid(name, len) == len;
}


/* as it is told: UTF-8 without controls, and no longer than there is room */

static void
review_tenant_name(review_tenant_t *tenant, uint64_t key, const char *name,
    size_t len)
{
    size_t  n, i;

    static const char  digits[] = "0123456789abcdef";

    n = len;

    if (!review_tenant_shown(name, len)) {
        n = 0;

    } else if (len > REVIEW_TENANT_NAME) {
        n = review_utf8_cut(name, len,
                            REVIEW_TENANT_NAME - REVIEW_TENANT_HASH);
    }

    memcpy(tenant->name, name, n);

    if (n < len) {
        tenant->name[n++] = '~';

        for (i = 0; i < 16; i++) {
            tenant->name[n++] = digits[key >> (60 - 4 * i) & 15];
        }
    }

    tenant->len = (uint32_t) n;
}


static void
review_tenant_set(review_tenants_t *t, uint32_t tenant, uint64_t key,
    const char *name, size_t len)
{
    review_tenant_name(&t->tenants[tenant], key, name, len);
    memset(&t->tenants[tenant].budget, 0, sizeof(review_budget_t));

    review_tenant_barrier();
    t->tenants[tenant].key = key;

    review_tenant_link(t, tenant);
}


void
review_tenant_init(review_tenants_t *t, uint32_t n, const uint64_t secret[2])
{
    memset(t, 0, sizeof(review_tenants_t));

    t->secret[0] = secret[0];
    t->secret[1] = secret[1];
    t->size = n + REVIEW_TENANT_FIRST;
    t->mask = review_tenant_buckets(t->size) - 1;

    review_tenant_repair(t);

    t->top = REVIEW_TENANT_FIRST;
    t->hand = REVIEW_TENANT_FIRST;

    review_tenant_set(t, REVIEW_TENANT_OTHER,
                      review_tenant_key(t, review_tenant_other,
                                        sizeof(review_tenant_other) - 1),
                      review_tenant_other, sizeof(review_tenant_other) - 1);
    review_tenant_set(t, REVIEW_TENANT_DEFAULT,
                      review_tenant_key(t, NULL, 0),
                      review_tenant_default,
                      sizeof(review_tenant_default) - 1);
}


uint64_t
review_tenant_key(const review_tenants_t *t, const char *name, size_t len)
{
    uint64_t  key;

    if (len == 0) {
        name = review_tenant_default;
        len = sizeof(review_tenant_default) - 1;
    }

    key = review_siphash(name, len, t->secret);

    return key ? key : 1;
}


/* one that nobody has had, or that is idle, free of who had it */

static uint32_t
review_tenant_create(review_tenants_t *t, review_tenant_idle_pt idle,
    void *data)
{
    uint32_t  tenant, n;

    if (t->top < t->size) {
        tenant = t->top;
        t->tenants[tenant].key = 0;

        review_tenant_barrier();
        t->top = tenant + 1;

        return tenant;
    }

    /* it is not for ever that one is looked for, while others want the lock */

    for (n = 0; n < REVIEW_TENANT_STEPS && n < t->size; n++) {
        tenant = t->hand++;

        if (t->hand >= t->size) {
            t->hand = REVIEW_TENANT_FIRST;
        }

        if (t->tenants[tenant].key == 0) {
            return tenant;
        }

        if (idle(data, tenant)) {
            review_tenant_unlink(t, tenant);
            t->tenants[tenant].key = 0;

            review_tenant_barrier();
            return tenant;
        }
    }

    return REVIEW_TENANT_OTHER;
}


uint32_t
review_tenant_find(review_tenants_t *t, uint64_t key, const char *name,
    size_t len, uint32_t before, review_tenant_idle_pt idle, void *data)
{
    uint32_t  tenant;

    if (before < t->top && t->tenants[before].key == key) {
        return before;
    }

    for (tenant = *review_tenant_bucket(t, key);
         tenant != REVIEW_TENANT_NONE;
         tenant = t->tenants[tenant].next)
    {
        if (t->tenants[tenant].key == key) {
            return tenant;
        }
    }

    tenant = review_tenant_create(t, idle, data);

    if (tenant != REVIEW_TENANT_OTHER) {
        review_tenant_set(t, tenant, key, name, len);
    }

    return tenant;
}


void
review_tenant_repair(review_tenants_t *t)
{
    uint32_t  i;

    for (i = 0; i <= t->mask; i++) {
        *review_tenant_bucket(t, i) = REVIEW_TENANT_NONE;
    }

    if (t->hand >= t->size) {
        t->hand = REVIEW_TENANT_FIRST;
    }

    for (i = 0; i < t->top; i++) {
        if (t->tenants[i].key) {
            review_tenant_link(t, i);
        }
    }
}
