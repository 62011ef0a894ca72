/*
 * Proves that tenants are known by their whole names: each has one number for
 * as long as it has calls, whoever asks, and however many come; those for whom
 * there is no room are "other".  Names are told in UTF-8, and no longer than
 * there is room for.  A process that dies at any store of a change leaves a
 * table that a repair makes sound: nobody has two numbers, or another's.
 */

#include "tap.h"
#include "review/base/utf8.h"
#include "review/limit/tenant.h"


static const uint64_t  secret[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static unsigned char   busy[4096];     /* by number */
static int             asked;


static int
idle(void *data, uint32_t tenant)
{
    (void) data;
    asked++;

    return !busy[tenant];
}


static review_tenants_t *
table(uint32_t n)
{
    size_t             size;
    review_tenants_t  *t;

    size = review_tenant_size(n);
    t = malloc(size);
    memset(t, 0xa5, size);
    memset(busy, 0, sizeof(busy));

    review_tenant_init(t, n, secret);

    return t;
}


static uint32_t
find_len(review_tenants_t *t, const char *name, size_t len)
{
    return review_tenant_find(t, review_tenant_key(t, name, len), name, len,
                              REVIEW_TENANT_DEFAULT, idle, NULL);
}


static uint32_t
find(review_tenants_t *t, const char *name)
{
    return find_len(t, name, strlen(name));
}


static uint32_t
find_n(review_tenants_t *t, uint32_t n)
{
    char  name[16];

    (void) snprintf(name, sizeof(name), "t%u", n);

    return find(t, name);
}


static void
test_names(void)
{
    char               name[300];
    size_t             i;
    uint32_t           a, b;
    review_tenants_t  *t;

    t = table(8);

    ok(find(t, "") == REVIEW_TENANT_DEFAULT
       && find(t, "default") == REVIEW_TENANT_DEFAULT
       && find(t, "other") == REVIEW_TENANT_OTHER, "those that are there");
    ok(t->tenants[REVIEW_TENANT_DEFAULT].len == 7
       && memcmp(t->tenants[REVIEW_TENANT_DEFAULT].name, "default", 7) == 0,
       "by their names");

    a = find(t, "sales");
    ok(a >= REVIEW_TENANT_FIRST && find(t, "sales") == a, "one by name");
    ok(find(t, "Sales") != a && find(t, "sales ") != a, "another one");

    ok(review_tenant_find(t, t->tenants[a].key, "", 0, a, idle, NULL) == a,
       "by the number that it had");

    memset(name, 'x', sizeof(name));
    a = find_len(t, name, 64);
    ok(t->tenants[a].len == 64, "64 bytes are told as they are");

    a = find_len(t, name, 65);
    b = find_len(t, name, 300);
    ok(a != b && t->tenants[a].len == 64 && t->tenants[b].len == 64
       && memcmp(t->tenants[a].name, t->tenants[b].name, 64) != 0
       && memcmp(t->tenants[a].name, name, 47) == 0
       && t->tenants[a].name[47] == '~', "longer ones by a hash: %.64s",
       t->tenants[a].name);

    for (i = 0; i < 60; i += 3) {
        memcpy(name + i, "部", 3);
    }

    a = find_len(t, name, 99);
    ok(review_utf8_valid(t->tenants[a].name, t->tenants[a].len)
       == t->tenants[a].len && t->tenants[a].len == 45 + 17,
       "no character is cut: %.*s", (int) t->tenants[a].len,
       t->tenants[a].name);

    free(t);
    t = table(8);

    a = find_len(t, "a\xff" "b", 3);
    b = find_len(t, "a\nb", 3);
    ok(a != b && t->tenants[a].len == 17 && t->tenants[a].name[0] == '~'
       && t->tenants[b].len == 17, "what is no text is a hash: %.17s",
       t->tenants[a].name);

    free(t);
}


static void
test_room(void)
{
    uint32_t           i, bad, first;
    review_tenants_t  *t;

    t = table(100);
    bad = 0;

    for (i = 0; i < 100; i++) {
        busy[REVIEW_TENANT_FIRST + i] = 1;
        bad += find_n(t, i) != REVIEW_TENANT_FIRST + i;
    }

    ok(bad == 0, "100 tenants");
    ok(find_n(t, 100) == REVIEW_TENANT_OTHER
       && find_n(t, 101) == REVIEW_TENANT_OTHER, "beyond that all are other");

    for (i = 0; i < 100; i++) {
        bad += find_n(t, i) != REVIEW_TENANT_FIRST + i;
    }

    ok(bad == 0, "those that were there are");

    busy[50] = 0;
    first = find_n(t, 100);
    ok(first == 50 && find_n(t, 100) == 50, "an idle one gives way");
    busy[50] = 1;
    ok(find_n(t, 48) == REVIEW_TENANT_OTHER, "and has no number then");

    busy[77] = 0;
    ok(find_n(t, 75) == 77 && find_n(t, 48) == 77 && find_n(t, 75) == 77,
       "others come and go, one at a time");

    memset(busy, 0, sizeof(busy));

    for (i = 0; i < 10000; i++) {
        bad += find_n(t, i) < REVIEW_TENANT_FIRST;
    }

    ok(bad == 0, "10,000 that are never busy all have numbers");

    for (i = 0; i < 100; i++) {
        bad += find_n(t, 9900 + i) < REVIEW_TENANT_FIRST
               || t->tenants[find_n(t, 9900 + i)].len != 5;
    }

    ok(bad == 0, "the last 100 have kept theirs");

    free(t);

    t = table(2000);
    memset(busy, 1, sizeof(busy));

    for (i = 0; i < 2000; i++) {
        (void) find_n(t, i);
    }

    asked = 0;
    (void) find_n(t, 2000);
    ok(asked <= 1024, "how long one is looked for is bounded: %d", asked);

    busy[2001] = 0;
    bad = find_n(t, 2000) == REVIEW_TENANT_OTHER
          && find_n(t, 2000) == REVIEW_TENANT_OTHER;
    ok(!bad, "and yet it is found, at the second try");

    free(t);
}


/* each name has one number, each number one name, all are found */

static int
sound(review_tenants_t *t, uint32_t names)
{
    uint32_t  i, j, n;

    n = 0;

    for (i = 0; i < t->top; i++) {
        if (t->tenants[i].key == 0) {
            continue;
        }

        n++;

        for (j = i + 1; j < t->top; j++) {
            if (t->tenants[i].key == t->tenants[j].key) {
                return 0;
            }
        }

        if (review_tenant_find(t, t->tenants[i].key, "", 0,
                               REVIEW_TENANT_DEFAULT, idle, NULL) != i
            || review_tenant_key(t, t->tenants[i].name, t->tenants[i].len)
               != t->tenants[i].key)
        {
            return 0;
        }
    }

    return n + 1 >= names && n <= names;
}


/* what was changed by a find, store by store, in the order of the code */

static void
test_repair(void)
{
    size_t             size;
    uint32_t           i, bad;
    review_tenants_t  *t, *copy;

    t = table(4);
    size = review_tenant_size(4);
    copy = malloc(size);
    bad = 0;

    for (i = 0; i < 4; i++) {
        (void) find_n(t, i);
    }

    ok(sound(t, 6), "sound");

    memcpy(copy, t, size);
    review_tenant_repair(copy);
    ok(sound(copy, 6), "a repair changes nothing");

    /* the links lost, a name half written, whose key is not there */

    for (i = 0; i < t->size; i++) {
        memcpy(copy, t, size);
        memset((char *) &copy->tenants[copy->size], 0,
               (copy->mask + 1) * sizeof(uint32_t));
        copy->hand = 77;

        if (i >= REVIEW_TENANT_FIRST) {
            copy->tenants[i].key = 0;
            memset(copy->tenants[i].name, '?', 10);
        }

        copy->tenants[i].next = 5;
        review_tenant_repair(copy);
        bad += !sound(copy, 6);

        if (i >= REVIEW_TENANT_FIRST) {
            memset(busy, 1, sizeof(busy));
            bad += find_n(copy, 99) != i || !sound(copy, 6);
            memset(busy, 0, sizeof(busy));
        }
    }

    ok(bad == 0, "whatever is half done: %u wrong", bad);

    free(t);
    free(copy);
}


int
main(void)
{
    test_names();
    test_room();
    test_repair();

    return tap_end();
}
