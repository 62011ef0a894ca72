
/*
 * For fuzz targets of what reads requests: a body is JSON or is left out, and
 * what is refused names a member that is there, or one that is missing in what
 * is.  What a list of members has refused, or left out, before it was built
 * would have been refused by the reader as well, or makes no difference to it.
 */

#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H


#include "check.h"
#include "review/base/utf8.h"
#include "review/json/json.h"


/* the list has refused the body: whoever reads it whole must do so, too */

static int  fuzz_unknown;


/* the object that the bytes are, or NULL; endpoints get no others to read */

static inline json_t *
fuzz_body(review_pool_t *pool, const uint8_t *data, size_t size,
    const review_member_t *members)
{
    size_t           values;
    json_t          *body, *known;
    review_error_t   err;

    body = review_json_parse((const char *) data, size, &err);

    if (body == NULL || review_pool_own_json(pool, body) != 0
        || !json_is_object(body))
    {
        return NULL;
    }

    known = review_json_parse_known((const char *) data, size, members,
                                    &values, &err);
    fuzz_unknown = (known == NULL);

    if (known == NULL) {
        check(strstr(err.text, "is unknown"));
        return body;
    }

    check(review_pool_own_json(pool, known) == 0);

    return size % 2 ? known : body;
}


/* one step of a pointer, unescaped */

static inline char *
fuzz_token(char *dst, const char **p)
{
    char  *q;

    for (q = dst, (*p)++; **p && **p != '/'; (*p)++) {
        if (**p == '~') {
            (*p)++;
            check(**p == '0' || **p == '1');
            *q++ = **p == '0' ? '~' : '/';

        } else {
            *q++ = **p;
        }
    }

    *q = '\0';

    return dst;
}


static inline void
fuzz_refused(json_t *body, int rc, const review_error_t *err)
{
    char         token[REVIEW_ERROR_POINTER];
    json_t      *value;
    const char  *p;

    check(rc == 400 || rc == 413 || rc == 422);
    check(err->text[0] != '\0');
    check(review_utf8_valid(err->text, strlen(err->text))
          == strlen(err->text));
    check(review_utf8_valid(err->pointer, strlen(err->pointer))
          == strlen(err->pointer));
    check(err->pointer[0] == '\0' || err->pointer[0] == '/');

    for (p = err->pointer, value = body; *p; /* void */ ) {
        (void) fuzz_token(token, &p);

        /* a text that stands for an object has an id by its place */

        check(json_is_object(value) || json_is_array(value)
              || (json_is_string(value) && strcmp(token, "id") == 0));

        value = json_is_array(value) ? json_array_get(value,
                                                      (size_t) atoi(token))
                                     : json_object_get(value, token);

        check(value || *p == '\0');
    }
}


static inline void
fuzz_text(const review_str_t *text, size_t max)
{
    check(text->len <= max);
    check(text->data || text->len == 0);
    check(review_utf8_valid(text->data, text->len) == text->len);
}


static inline int
fuzz_same(const review_str_t *a, const review_str_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


#endif
