
#include "review/base/excerpt.h"
#include "review/base/utf8.h"

#include <stdio.h>


char *
review_excerpt(char *dst, size_t size, const char *data, size_t len)
{
    char        *d, *end;
    size_t       n;
    int32_t      cp;
    const char  *p, *q, *last;

    d = dst;
    end = dst + size - sizeof("...");
    p = data;
    last = data + len;

    while (p < last) {
        q = p;
        cp = review_utf8_next(&q, last);
        n = (size_t) (q - p);

        if ((size_t) (end - d) < n) {
            memcpy(d, "...", 3);
            d += 3;
            break;
        }

        if (cp < 0) {
            *d++ = '?';

        } else if (cp > 0x20 && (cp < 0x7f || cp > 0x9f)) {
            memcpy(d, p, n);
            d += n;

        } else if (d > dst && d[-1] != ' ') {
            *d++ = ' ';
        }

        p = q;
    }

    *d = '\0';

    return dst;
}


char *
review_excerpt_value(char *dst, size_t size, const json_t *value)
{
    size_t  n;

    switch (json_typeof(value)) {

    case JSON_STRING:
        dst[0] = '"';
        review_excerpt(dst + 1, size - 2, json_string_value(value),
                       json_string_length(value));
        n = strlen(dst);
        dst[n] = '"';
        dst[n + 1] = '\0';
        break;

    case JSON_INTEGER:
        snprintf(dst, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;

    case JSON_REAL:
        snprintf(dst, size, "%.15g", json_real_value(value));
        break;

    default:
        snprintf(dst, size, "%s", json_is_object(value) ? "an object"
                                  : json_is_array(value) ? "an array"
                                  : json_is_true(value) ? "true"
                                  : json_is_false(value) ? "false" : "null");
    }

    return dst;
}


/* servers repeat a key that they don't accept: it must not reach a log */

void
review_excerpt_mask(char *text)
{
    char  *p, *end;

    for (p = text; *p; p = end) {
        end = p + 1;

        if (p > text && (p[-1] == '-' || (p[-1] | 0x20) >= 'a'
                         || (p[-1] >= '0' && p[-1] <= '9')))
        {
            continue;
        }

        if (strncmp(p, "sk-", 3) == 0) {
            p += 3;

        } else if (strncasecmp(p, "bearer ", 7) == 0) {
            p += 7;

        } else {
            continue;
        }

        for (end = p; *end > ' ' && !strchr("\"',;:)", *end); end++) {
            *end = '*';
        }
    }
}
