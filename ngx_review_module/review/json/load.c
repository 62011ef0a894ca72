
#include "review/json/load.h"
#include "review/json/scan.h"
#include "review/json/walk.h"

#include <stdlib.h>


/* real texts are a few levels deep, deeper ones are jansson's */
#define REVIEW_LOAD_DEPTH   32

/* a double holds so many digits, and ten to such a power, exactly */
#define REVIEW_LOAD_DIGITS  15


typedef struct {
    review_walk_t   walk;
    size_t          flags;
    size_t          depth;
    char           *text;              /* an unescaped string, from malloc */
    size_t          size;
} review_load_t;


static json_t *review_load_value(review_load_t *l);


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


static int
review_load_member(review_load_t *l, json_t *object)
{
    size_t         n;
    json_t        *value;
    review_str_t   name;

    if (review_scan_string(&l->walk.p, l->walk.last, &name) != REVIEW_SCAN_OK
        || memchr(name.data, '\\', name.len))
    {
        return -1;
    }

    review_scan_space(&l->walk.p, l->walk.last);

    if (review_walk_byte(&l->walk, ':') != 0) {
        return -1;
    }

    value = review_load_value(l);
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
review_load_element(review_load_t *l, json_t *array)
{
    return json_array_append_new(array, review_load_value(l));
}


/* "list" is the caller's new one; it is freed where something is wrong */

static json_t *
review_load_list(review_load_t *l, json_t *list, char close,
    int (*element)(review_load_t *l, json_t *list))
{
    int  more;

    l->walk.p++;
    review_scan_space(&l->walk.p, l->walk.last);

    if (l->walk.p < l->walk.last && *l->walk.p == close) {
        l->walk.p++;
        return list;
    }

    if (list == NULL || ++l->depth > REVIEW_LOAD_DEPTH) {
        json_decref(list);
        return NULL;
    }

    do {
        more = element(l, list) == 0 ? review_load_next(l, close) : -1;
    } while (more == 1);

    l->depth--;

    if (more == 0) {
        return list;
    }

    json_decref(list);

    return NULL;
}


static json_t *
review_load_value(review_load_t *l)
{
    if (l->walk.p == l->walk.last) {
        return NULL;
    }

    switch (*l->walk.p) {

    case '{':
        return review_load_list(l, json_object(), '}', review_load_member);

    case '[':
        return review_load_list(l, json_array(), ']', review_load_element);

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
review_json_load_read(const char *data, size_t len, size_t flags)
{
    json_t         *value;
    review_load_t   l;

    memset(&l, 0, sizeof(l));

    l.walk.p = data;
    l.walk.last = data + len;
    l.flags = flags;

    review_scan_space(&l.walk.p, l.walk.last);

    if (l.walk.p == l.walk.last
        || (*l.walk.p != '{' && *l.walk.p != '[' && !(flags & JSON_DECODE_ANY)))
    {
        return NULL;
    }

    value = review_load_value(&l);
    free(l.text);

    review_scan_space(&l.walk.p, l.walk.last);

    if (l.walk.p == l.walk.last) {
        return value;
    }

    json_decref(value);

    return NULL;
}


json_t *
review_json_load(const char *data, size_t len, size_t flags,
    json_error_t *error)
{
    json_t  *value;

    value = review_json_load_read(data, len, flags);

    return value ? value : json_loadb(data, len, flags, error);
}
