
#include "review/json/write.h"
#include "review/json/scan.h"


void
review_buf_escape(review_buf_t *b, const char *data, size_t len)
{
    char                 *p;
    uint64_t              high;
    const char           *end, *last;
    unsigned char         c;
    static const char     hex[] = "0123456789abcdef";
    static const char     names[] = "btn?fr";

    if (len == 0) {
        return;
    }

    high = 0;
    last = data + len;

    for ( ;; ) {
        end = review_scan_run(data, last, &high);
        review_buf_add(b, data, (size_t) (end - data));

        if (end == last) {
            return;
        }

        c = (unsigned char) *end;
        data = end + 1;

        p = review_buf_reserve(b, sizeof("\\u0000") - 1);
        if (p == NULL) {
            return;
        }

        p[0] = '\\';
        b->len += 2;

        if (c >= 0x20) {
            p[1] = (char) c;

        } else if (c >= '\b' && c <= '\r' && c != '\v') {
            p[1] = names[c - '\b'];

        } else {
            p[1] = 'u';
            p[2] = '0';
            p[3] = '0';
            p[4] = hex[c >> 4];
            p[5] = hex[c & 15];
            b->len += 4;
        }
    }
}


void
review_buf_json(review_buf_t *b, const char *data, size_t len)
{
    (void) review_buf_reserve(b, len + 2);

    review_buf_add(b, "\"", 1);
    review_buf_escape(b, data, len);
    review_buf_add(b, "\"", 1);
}


static int
review_buf_dump(const char *data, size_t len, void *buf)
{
    review_buf_add(buf, data, len);

    return 0;
}


void
review_buf_value(review_buf_t *b, const json_t *value)
{
    if (value == NULL) {
        review_buf_add(b, "null", 4);
        return;
    }

    /* 15 digits, so that 0.1 stays 0.1 */

    if (json_dump_callback(value, review_buf_dump, b,
                           JSON_COMPACT|JSON_ENCODE_ANY
                           |JSON_REAL_PRECISION(15))
        != 0)
    {
        b->failed = 1;
    }
}
