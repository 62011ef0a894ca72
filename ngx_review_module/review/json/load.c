
#include "review/json/load.h"
#include "review/json/scan.h"
#include "review/json/walk.h"

#include <stdlib.h>


/* a double holds so many digits, and ten to such a power, exactly */
#define REVIEW_LOAD_DIGITS  15


typedef struct {
    review_walk_t           walk;
    size_t                  flags;
    size_t                  depth;
    size_t                  lists;     /* objects and arrays */
    int                     drops;     /* there is something to be dropped */
    char                   *text;      /* an unescaped string, from malloc */
    size_t                  size;
    review_load_known_t    *known;
} review_load_t;


/* what a list of members says of an object or array; NULL: anything goes */

typedef int (*review_load_element_pt)(review_load_t *l, json_t *list,
    const review_member_t *members);

static json_t *review_load_value(review_load_t *l, const review_member_t *of,
    const review_member_t *each);


/* undoes the escapes of a string; -1: what jansson does not take, too */

static int
review_load_unescape(review_load_t *l, review_str_t *str)
{
    int    lossy;
    char  *text;

    if (memchr(str->data, '\\', str->len) == NULL) {
        return 0;
    }

    if (str->len > l->size) {
        text = realloc(l->text, str->len);
        if (text == NULL) {
            return -1;
        }

        l->text = text;
        l->size = str->len;
    }

    lossy = 0;
    str->len = review_scan_unescape_to(l->text, str, &lossy);
    str->data = l->text;

    return lossy ? -1 : 0;
}


static json_t *
review_load_string(review_load_t *l)
{
    review_str_t  str;

    if (review_scan_string(&l->walk.p, l->walk.last, &str) != REVIEW_SCAN_OK
        || review_load_unescape(l, &str) != 0)
    {
        return NULL;
    }

    return json_stringn_nocheck(str.data, str.len);
}


/*
 * A number of few digits is exact as the quotient of two doubles.  All others
 * are jansson's, which rounds them, and finds out which are too large.
 */

static json_t *
review_load_number(review_load_t *l)
{
    size_t       digits, fraction;
    int64_t      n;
    const char  *p, *start;

    static const double  powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
                                      1e15 };

    start = l->walk.p;

    if (review_scan_value(&l->walk.p, l->walk.last) != REVIEW_SCAN_OK) {
        return NULL;
    }

    n = 0;
    digits = 0;
    fraction = 0;

    for (p = start + (*start == '-'); p < l->walk.p; p++) {

        if (*p == '.') {
            fraction = digits + 1;

        } else if (*p >= '0' && *p <= '9' && ++digits <= REVIEW_LOAD_DIGITS) {
            n = n * 10 + (*p - '0');

        } else {
            return json_loadb(start, (size_t) (l->walk.p - start),
                              l->flags|JSON_DECODE_ANY, NULL);
        }
    }

    if (fraction == 0 && !(l->flags & JSON_DECODE_INT_AS_REAL)) {
        return json_integer(*start == '-' ? -n : n);
    }

    fraction = fraction ? digits + 1 - fraction : 0;

    return json_real((*start == '-' ? -1.0 : 1.0) * (double) n
                     / powers[fraction]);
}


static json_t *
review_load_word(review_load_t *l)
{
    char  c;

    c = *l->walk.p;

    if (review_scan_value(&l->walk.p, l->walk.last) != REVIEW_SCAN_OK) {
        return NULL;
    }

    return c == 't' ? json_true() : c == 'f' ? json_false() : json_null();
}


/* 1: there is another element; 0: "close" has ended the list; -1 */

static int
review_load_next(review_load_t *l, char close)
{
    review_scan_space(&l->walk.p, l->walk.last);

    if (l->walk.p < l->walk.last && *l->walk.p == close) {
        l->walk.p++;
        return 0;
    }

    return review_walk_byte(&l->walk, ',') == 0 ? 1 : -1;
}


/* what the list says of a name; its end: nothing */

static const review_member_t *
review_load_find(const review_member_t *members, const review_str_t *name)
{
    for ( /* void */ ; members->name; members++) {
        if (members->name[0] == *name->data
            && strncmp(members->name, name->data, name->len) == 0
            && members->name[name->len] == '\0')
        {
            break;
        }
    }

    return members;
}


static int
review_load_is_comment(const review_str_t *name)
{
    return name->len && (name->data[0] == '$' || name->data[0] == '_'
                         || (name->len > 1 && name->data[0] == 'x'
                             && name->data[1] == '-'));
}


/* NULL: it is not known, nor would it be passed over, nor kept */

static const review_member_t *
review_load_known(const review_member_t *members, const review_str_t *name)
{
    const review_member_t  *m;

    static const review_member_t  comment = review_member_idle("");

    m = review_load_find(members, name);

    if (m->name || m->kind == REVIEW_MEMBER_ANY) {
        return m;
    }

    return review_load_is_comment(name) ? &comment : NULL;
}


/* there is no more room, or no such member */

static int
review_load_refuse(review_load_t *l, review_load_e why, const char *at)
{
    if (l->known->why == REVIEW_LOAD_BAD) {
        l->known->why = why;
        l->known->at = at;
    }

    return -1;
}


static int
review_load_count(review_load_t *l, size_t values, const char *at)
{
    l->known->values += values;

    return l->known->values > REVIEW_LOAD_VALUES
           ? review_load_refuse(l, REVIEW_LOAD_TOO_MANY, at) : 0;
}


/* what is of no use is not built: null keeps its name, for now */

static json_t *
review_load_skip(review_load_t *l)
{
    size_t       values;
    const char  *start;

    values = 0;
    start = l->walk.p;

    if (review_scan_count(&l->walk.p, l->walk.last, &values) != REVIEW_SCAN_OK
        || review_load_count(l, values, start) != 0)
    {
        return NULL;
    }

    l->drops = 1;

    return json_null();
}


/* null is as good as none, whatever its name */

static int
review_load_unknown(review_load_t *l, const char *start,
    const review_member_t *members)
{
    if (review_walk_null(&l->walk) == 0) {
        return review_load_count(l, 1, start);
    }

    l->known->members = members;

    return review_load_refuse(l, REVIEW_LOAD_UNKNOWN, start);
}


static int
review_load_member(review_load_t *l, json_t *object,
    const review_member_t *members)
{
    size_t                  n;
    json_t                 *value;
    const char             *start;
    review_str_t            name, raw;
    const review_member_t  *m;

    start = l->walk.p;

    if (review_scan_string(&l->walk.p, l->walk.last, &raw) != REVIEW_SCAN_OK) {
        return -1;
    }

    name = raw;
    m = NULL;

    if (review_load_unescape(l, &name) != 0) {
        return -1;
    }

    if (members) {
        m = review_load_known(members, &name);
    }

    review_scan_space(&l->walk.p, l->walk.last);

    if (review_walk_byte(&l->walk, ':') != 0) {
        return -1;
    }

    if (members && m == NULL) {
        return review_load_unknown(l, start, members);
    }

    value = m && m->kind == REVIEW_MEMBER_IDLE
            ? review_load_skip(l)
            : review_load_value(l, m ? m->of : NULL, m ? m->each : NULL);

    l->drops |= (m && m->name == NULL && json_is_null(value));

    /* the value may have used the memory of an unescaped name */

    name = raw;
    (void) review_load_unescape(l, &name);

    n = json_object_size(object);

    if (json_object_setn_new_nocheck(object, name.data, name.len, value) != 0)
    {
        return -1;
    }

    /* of two members of one name the last one stays, as with jansson */

    return json_object_size(object) > n
           || !(l->flags & JSON_REJECT_DUPLICATES) ? 0 : -1;
}


static int
review_load_element(review_load_t *l, json_t *array,
    const review_member_t *members)
{
    return json_array_append_new(array, review_load_value(l, members, NULL));
}


/*
 * Nobody is to go through what nobody reads: what was passed over goes, and so
 * do nulls where any number of members is kept.
 */

static void
review_load_drop(json_t *object, const review_member_t *members)
{
    void                   *next;
    json_t                 *value;
    const char             *name;
    review_str_t            str;
    const review_member_t  *m;

    json_object_foreach_safe(object, next, name, value) {

        if (!json_is_null(value)) {
            continue;
        }

        str.data = name;
        str.len = strlen(name);

        m = review_load_known(members, &str);

        if (m == NULL || m->name == NULL || m->kind == REVIEW_MEMBER_IDLE) {
            (void) json_object_del(object, name);
        }
    }
}


/* "list" is the caller's new one; it is freed where something is wrong */

static json_t *
review_load_list(review_load_t *l, json_t *list, char close,
    review_load_element_pt element, const review_member_t *members)
{
    int  more;

    l->walk.p++;
    review_scan_space(&l->walk.p, l->walk.last);

    if (list == NULL || l->depth == REVIEW_SCAN_DEPTH) {
        json_decref(list);
        return NULL;
    }

    if (l->walk.p < l->walk.last && *l->walk.p == close) {
        l->walk.p++;
        return list;
    }

    l->depth++;

    do {
        more = element(l, list, members) == 0 ? review_load_next(l, close)
                                              : -1;
    } while (more == 1);

    l->depth--;

    if (more == 0) {

        if (l->drops && members && close == '}') {
            review_load_drop(list, members);
        }

        return list;
    }

    json_decref(list);

    return NULL;
}


static json_t *
review_load_value(review_load_t *l, const review_member_t *of,
    const review_member_t *each)
{
    char  c;

    if (l->walk.p == l->walk.last
        || review_load_count(l, 1, l->walk.p) != 0)
    {
        return NULL;
    }

    c = *l->walk.p;

    if ((c == '{' || c == '[') && ++l->lists > REVIEW_LOAD_LISTS) {
        (void) review_load_refuse(l, REVIEW_LOAD_TOO_MANY_LISTS, l->walk.p);
        return NULL;
    }

    switch (c) {

    case '{':
        return review_load_list(l, json_object(), '}', review_load_member, of);

    case '[':
        return review_load_list(l, json_array(), ']', review_load_element,
                                each);

    case '"':
        return review_load_string(l);

    case 't':
    case 'f':
    case 'n':
        return review_load_word(l);

    default:
        return review_load_number(l);
    }
}


json_t *
review_json_load_known(const char *data, size_t len, size_t flags,
    const review_member_t *members, review_load_known_t *known)
{
    json_t         *value;
    review_load_t   l;

    memset(&l, 0, sizeof(l));
    memset(known, 0, sizeof(*known));

    l.walk.p = data;
    l.walk.last = data + len;
    l.flags = flags;
    l.known = known;

    review_scan_space(&l.walk.p, l.walk.last);

    if (l.walk.p == l.walk.last
        || (*l.walk.p != '{' && *l.walk.p != '[' && !(flags & JSON_DECODE_ANY)))
    {
        return NULL;
    }

    value = review_load_value(&l, members, NULL);
    free(l.text);

    review_scan_space(&l.walk.p, l.walk.last);

    if (l.walk.p == l.walk.last) {
        return value;
    }

    json_decref(value);

    return NULL;
}


json_t *
review_json_load_read(const char *data, size_t len, size_t flags)
{
    review_load_known_t  known;

    return review_json_load_known(data, len, flags, NULL, &known);
}


json_t *
review_json_load(const char *data, size_t len, size_t flags,
    json_error_t *error)
{
    json_t               *value;
    review_load_known_t   known;

    value = review_json_load_known(data, len, flags, NULL, &known);

    if (value || known.why == REVIEW_LOAD_BAD) {
        return value ? value : json_loadb(data, len, flags, error);
    }

    memset(error, 0, sizeof(*error));
    strcpy(error->text, "too many values");

    return NULL;
}
