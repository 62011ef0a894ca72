
/* Objects of a known form: a list says what they may have. */

#include "review/json/json.h"
#include "review/base/excerpt.h"

#include <stdio.h>


/* how far from a name another may be to be taken for it, misspelt */

#define REVIEW_MEMBER_DISTANCE  2
#define REVIEW_MEMBER_NAME      32


/* insertions, deletions and substitutions that make one of the other */

static size_t
review_member_distance(const char *a, const char *b)
{
    size_t  i, k, n, before, above, row[REVIEW_MEMBER_NAME];

    n = strlen(b);

    if (n >= REVIEW_MEMBER_NAME || strlen(a) >= REVIEW_MEMBER_NAME) {
        return REVIEW_MEMBER_NAME;
    }

    for (k = 0; k <= n; k++) {
        row[k] = k;
    }

    for (i = 0; a[i]; i++) {
        before = row[0]++;

        for (k = 1; k <= n; k++) {
            above = row[k];
            row[k] = before + (a[i] != b[k - 1]);

            if (row[k] > above + 1) {
                row[k] = above + 1;
            }

            if (row[k] > row[k - 1] + 1) {
                row[k] = row[k - 1] + 1;
            }

            before = above;
        }
    }

    return row[n];
}


/* what somebody may have meant, or NULL; half of a name may be wrong */

static const char *
review_member_nearest(const review_member_t *members, const char *name)
{
    size_t       n, least;
    const char  *nearest;

    nearest = NULL;
    least = REVIEW_MEMBER_DISTANCE + 1;

    for ( /* void */ ; members->name; members++) {
        n = review_member_distance(members->name, name);

        if (members->kind != REVIEW_MEMBER_IDLE && n < least
            && 2 * n <= strlen(name))
        {
            nearest = members->name;
            least = n;
        }
    }

    return nearest;
}


static int
review_member_unknown(const review_member_t *members, const char *pointer,
    const char *name, review_error_t *err)
{
    int          n;
    char         at[REVIEW_ERROR_POINTER], got[REVIEW_EXCERPT];
    char         text[REVIEW_ERROR_TEXT];
    const char  *nearest;

    (void) review_pointer_name(at, pointer, name, strlen(name));

    nearest = review_member_nearest(members, name);

    n = snprintf(text, sizeof(text), "\"%s\" is unknown, known are: ",
                 review_excerpt(got, sizeof(got), name, strlen(name)));

    for ( /* void */ ; members->name && n < (int) sizeof(text); members++) {
        if (members->kind != REVIEW_MEMBER_IDLE) {
            n += snprintf(text + n, sizeof(text) - n, "%s%s",
                          text[n - 2] == ':' ? "" : ", ", members->name);
        }
    }

    if (nearest && n < (int) sizeof(text)) {
        snprintf(text + n, sizeof(text) - n, "; did you mean \"%s\"?",
                 nearest);
    }

    return review_refuse(err, 400, at, "%s", text);
}


const review_member_t *
review_member_find(const review_member_t *members, const char *name)
{
    for ( /* void */ ; members->name; members++) {
        if (strcmp(members->name, name) == 0) {
            return members;
        }
    }

    return NULL;
}


int
review_json_known(json_t *object, const char *pointer,
    const review_member_t *members, review_error_t *err)
{
    json_t      *value;
    const char  *name;

    json_object_foreach(object, name, value) {

        if (name[0] != '$' && name[0] != '_' && strncmp(name, "x-", 2) != 0
            && review_member_find(members, name) == NULL)
        {
            return review_member_unknown(members, pointer, name, err);
        }
    }

    return 0;
}


static int
review_member_boolean(json_t *object, const char *pointer, const char *name,
    int *value, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    json_t  *member;

    member = json_object_get(object, name);

    if (!json_is_boolean(member)) {
        (void) review_pointer_name(at, pointer, name, strlen(name));

        return review_error(err, at, "must be true or false, got %s",
                            review_json_type(member));
    }

    *value = json_is_true(member);

    return 1;
}


/* one that is there; returns -1 if it is wrong */

static int
review_member_read(json_t *object, const char *pointer,
    const review_member_t *m, void *place, review_error_t *err)
{
    json_t  *unused;

    if (m->read && m->kind <= REVIEW_MEMBER_ARRAY) {
        place = &unused;
    }

    switch (m->kind) {

    case REVIEW_MEMBER_ANY:
        *(json_t **) place = json_object_get(object, m->name);
        return 0;

    case REVIEW_MEMBER_OBJECT:
    case REVIEW_MEMBER_ARRAY:
        return review_json_member(object, pointer, m->name,
                                  m->kind == REVIEW_MEMBER_OBJECT ? JSON_OBJECT
                                                                  : JSON_ARRAY,
                                  place, err);

    case REVIEW_MEMBER_STRING:
        return review_json_string(object, pointer, m->name, (size_t) m->min,
                                  m->max ? (size_t) m->max : SIZE_MAX, place,
                                  err);

    case REVIEW_MEMBER_INTEGER:
        return review_json_integer(object, pointer, m->name, m->min, m->max,
                                   place, err);

    case REVIEW_MEMBER_NUMBER:
        return review_json_number(object, pointer, m->name, m->min, m->max,
                                  place, err);

    case REVIEW_MEMBER_BOOLEAN:
        return review_member_boolean(object, pointer, m->name, place, err);

    case REVIEW_MEMBER_CHOICE:
        return review_json_choice(object, pointer, m->name, m->names, place,
                                  err);

    default: /* REVIEW_MEMBER_IDLE */
        return 0;
    }
}


int
review_json_members(json_t *object, const char *pointer,
    const review_member_t *members, void *into, review_error_t *err)
{
    int                     rc;
    char                    at[REVIEW_ERROR_POINTER];
    json_t                 *value;
    const review_member_t  *m;

    if (!json_is_object(object)) {
        return review_refuse(err, 400, pointer, "must be an object, got %s",
                             review_json_type(object));
    }

    for (m = members; m->name; m++) {
        value = json_object_get(object, m->name);

        if (m->missing || m->read) {
            (void) review_pointer_name(at, pointer, m->name, strlen(m->name));
        }

        if (value == NULL && m->missing) {
            return review_refuse(err, 400, at, "%s", m->missing);
        }

        if (value && review_member_read(object, pointer, m,
                                        (char *) into + m->at, err)
                     == -1)
        {
            return 400;
        }

        rc = m->read ? m->read(into, value, at, err) : 0;

        if (rc) {
            return rc;
        }
    }

    return 0;
}


int
review_json_object(json_t *object, const char *pointer,
    const review_member_t *members, void *into, review_error_t *err)
{
    int  rc;

    rc = review_json_known(object, pointer, members, err);

    return rc ? rc : review_json_members(object, pointer, members, into, err);
}


void
review_json_drop_nulls(json_t *object)
{
    void        *next;
    json_t      *value;
    const char  *name;

    json_object_foreach_safe(object, next, name, value) {
        if (json_is_null(value)) {
            (void) json_object_del(object, name);
        }
    }
}
