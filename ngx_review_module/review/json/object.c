
/* Objects of a known form: a list says what they may have. */

#include "review/json/json.h"
#include "review/base/excerpt.h"

#include <stdio.h>


/* how far from a name another may be to be taken for it, misspelt */

#define REVIEW_MEMBER_DISTANCE  2
#define REVIEW_MEMBER_NAME      32


/* insertions, deletions and substitutions that make one of the other */

static size_t
review_json_object_member_distance(const char *a, const char *b)
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
review_json_object_member_nearest(const review_member_t *members,
    const char *name)
{
    size_t       n, least;
    const char  *nearest;

    nearest = NULL;
    least = REVIEW_MEMBER_DISTANCE + 1;

    for ( /* void */ ; members->name; members++) {
        n = review_json_object_member_distance(members->name, name);

        if (members->kind != REVIEW_MEMBER_IDLE && n < least
            && 2 * n <= strlen(name))
        {
            nearest = members->name;
            least = n;
        }
    }

    return nearest;
}


int
review_json_object_unknown(const review_member_t *members,
    const char *pointer, const char *name, review_error_t *err)
{
    int          n;
    char         at[REVIEW_ERROR_POINTER], got[REVIEW_EXCERPT];
    char         text[REVIEW_ERROR_TEXT];
    const char  *nearest;

    (void) review_json_member_pointer_name(at, pointer, name, strlen(name));

    nearest = review_json_object_member_nearest(members, name);

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
review_json_object_find(const review_member_t *members, const char *name)
{
    for ( /* void */ ; members->name; members++) {
        if (strcmp(members->name, name) == 0) {
            return members;
        }
    }

    return NULL;
}


int
review_json_object_known(json_t *object, const char *pointer,
    const review_member_t *members, review_error_t *err)
{
    json_t      *value;
    const char  *name;

    json_object_foreach(object, name, value) {

        if (name[0] != '$' && name[0] != '_' && strncmp(name, "x-", 2) != 0
            && review_json_object_find(members, name) == NULL)
        {
            return review_json_object_unknown(members, pointer, name, err);
        }
    }

    return 0;
}


static int
review_json_object_member_integer(const review_member_t *m, json_t *value,
    const char *pointer, int *n, review_error_t *err)
{
    json_int_t  i;

    if (!json_is_integer(value)) {
        return review_error(err, pointer, "must be an integer from %d to %d, "
                            "got %s", m->min, m->max,
                            review_json_member_type(value));
    }

    i = json_integer_value(value);

    if (i < m->min || i > m->max) {
        return review_error(err, pointer, "must be an integer from %d to %d, "
                            "got %" JSON_INTEGER_FORMAT, m->min, m->max, i);
    }

    *n = (int) i;

    return 0;
}


static int
review_json_object_member_number(const review_member_t *m, json_t *value,
    const char *pointer, double *n, review_error_t *err)
{
    if (!json_is_number(value)) {
        return review_error(err, pointer, "must be a number from %d to %d, "
                            "got %s", m->min, m->max,
                            review_json_member_type(value));
    }

    *n = json_number_value(value);

    if (*n < m->min || *n > m->max) {
        return review_error(err, pointer, "must be a number from %d to %d, "
                            "got %g", m->min, m->max, *n);
    }

    return 0;
}


static int
review_json_object_member_choice(const review_member_t *m, json_t *value,
    const char *pointer, int *n, review_error_t *err)
{
    int            i;
    char           list[160], got[REVIEW_EXCERPT];
    size_t         len;
    review_str_t   text;

    if (review_json_member_text(value, pointer, 0, SIZE_MAX, &text, err) != 0) {
        return -1;
    }

    *n = review_name_index(m->names, text.data, text.len);

    if (*n != -1) {
        return 0;
    }

    for (i = 0, len = 0; m->names[i] && len < sizeof(list); i++) {
        len += (size_t) snprintf(list + len, sizeof(list) - len, "%s%s",
                                 i ? ", " : "", m->names[i]);
    }

    return review_error(err, pointer, "must be one of %s, got \"%s\"", list,
                        review_excerpt(got, sizeof(got), text.data, text.len));
}


/* of the right type */

static int
review_json_object_member_is(int is, const char *type, json_t *value,
    const char *pointer, review_error_t *err)
{
    return is ? 0 : review_error(err, pointer, "must be %s, got %s", type,
                                 review_json_member_type(value));
}


/* one that is there; returns 0 or -1 */

static int
review_json_object_member_read(const review_member_t *m, json_t *value,
    const char *pointer, void *place, review_error_t *err)
{
    int  rc;

    switch (m->kind) {

    case REVIEW_MEMBER_STRING:
        return review_json_member_text(value, pointer, (size_t) m->min, m->max
                                       ? (size_t) m->max : SIZE_MAX, place,
                                       err);

    case REVIEW_MEMBER_INTEGER:
        return review_json_object_member_integer(m, value, pointer, place, err);

    case REVIEW_MEMBER_NUMBER:
        return review_json_object_member_number(m, value, pointer, place, err);

    case REVIEW_MEMBER_CHOICE:
        return review_json_object_member_choice(m, value, pointer, place, err);

    case REVIEW_MEMBER_BOOLEAN:
        *(int *) place = json_is_true(value);
        return review_json_object_member_is(json_is_boolean(value), "true or "
                                            "false", value, pointer, err);

    case REVIEW_MEMBER_OBJECT:
        rc = review_json_object_member_is(json_is_object(value), "an object",
                                          value, pointer, err);
        break;

    case REVIEW_MEMBER_ARRAY:
        rc = review_json_object_member_is(json_is_array(value), "an array",
                                          value, pointer, err);
        break;

    default: /* REVIEW_MEMBER_ANY */
        rc = 0;
    }

    if (m->read == NULL) {
        *(json_t **) place = value;
    }

    return rc;
}


int
review_json_object_members(json_t *object, const char *pointer,
    const review_member_t *members, void *into, review_error_t *err)
{
    int                     rc;
    char                    at[REVIEW_ERROR_POINTER];
    json_t                 *value;
    const review_member_t  *m;

    if (!json_is_object(object)) {
        return review_refuse(err, 400, pointer, "must be an object, got %s",
                             review_json_member_type(object));
    }

    for (m = members; m->name; m++) {
        value = json_object_get(object, m->name);

        if (m->kind == REVIEW_MEMBER_IDLE
            || (value == NULL && m->missing == NULL && m->read == NULL))
        {
            continue;
        }

        (void) review_json_member_pointer_name(at, pointer, m->name,
                                               strlen(m->name));

        if (value == NULL && m->missing) {
            return review_refuse(err, 400, at, "%s", m->missing);
        }

        if (value && review_json_object_member_read(m, value, at,
                                                    (char *) into + m->at, err)
            != 0)
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

    rc = review_json_object_known(object, pointer, members, err);

    return rc ? rc : review_json_object_members(object, pointer, members, into,
                                                err);
}


void
review_json_object_drop_nulls(json_t *object)
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
