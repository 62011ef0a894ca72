
#include "review/json/write.h"
#include "review/json/scan.h"
#include "review/base/utf8.h"


char *
review_write_next(review_buf_t *b, size_t size)
{
    char  *p;

    p = review_buf_reserve(b, size + 1);

    if (p == NULL || b->len == 0) {
        return p;
    }

    switch (p[-1]) {

    case '{':
    case '[':
    case ':':
    case '\n':
        return p;

    default:
        *p++ = ',';
        b->len++;

        return p;
    }
}


void
review_write_key(review_buf_t *b, const char *data, size_t len)
{
    review_write_string(b, NULL, data, len);
    review_buf_add(b, ":", 1);
}


/*
 * U+0085, U+2028 and U+2029 end lines for many who read JSON line by line: the
 * next of them, which begins with this byte, or the end.
 */

static const char *
review_write_separator(const char *p, const char *last, int first)
{
    for ( /* void */ ; last - p >= 2; p++) {
        p = memchr(p, first, (size_t) (last - p));

        if (p == NULL) {
            break;
        }

        if (first == 0xc2 ? last - p >= 2 && (unsigned char) p[1] == 0x85
                          : last - p >= 3 && (unsigned char) p[1] == 0x80
                            && ((unsigned char) p[2] | 1) == 0xa9)
        {
            return p;
        }
    }

    return last;
}


void
review_write_json(review_buf_t *b, const char *data, size_t len)
{
    const char  *last, *next, *two, *three;

    last = data + len;
    two = review_write_separator(data, last, 0xc2);
    three = review_write_separator(data, last, 0xe2);

    for ( ;; ) {
        next = two < three ? two : three;
        review_buf_add(b, data, (size_t) (next - data));

        if (next == last) {
            return;
        }

        if (next == two) {
            review_buf_puts(b, "\\u0085");
            data = next + 2;
            two = review_write_separator(data, last, 0xc2);

        } else {
            review_buf_puts(b, (unsigned char) next[2] == 0xa8 ? "\\u2028"
                                                               : "\\u2029");
            data = next + 3;
            three = review_write_separator(data, last, 0xe2);
        }
    }
}


void
review_write_text(review_buf_t *b, const char *data, size_t len)
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

    last = data + len;

    for ( ;; ) {
        high = 0;
        end = review_scan_run(data, last, &high);

        if (high) {
            review_write_json(b, data, (size_t) (end - data));

        } else {
            review_buf_add(b, data, (size_t) (end - data));
        }

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
review_write_bytes(review_buf_t *b, const char *name, const char *data,
    size_t len)
{
    review_write_string(b, name, data, review_utf8_valid(data, len));
}


void
review_write_str_or_null(review_buf_t *b, const char *name,
    const review_str_t *str)
{
    if (str && str->data) {
        review_write_str(b, name, str);

    } else {
        review_write_null(b, name);
    }
}


void
review_write_word(review_buf_t *b, const char *name, const char *word)
{
    if (word == NULL) {
        review_write_null(b, name);
        return;
    }

    review_write_open(b, name);
    review_buf_puts(b, word);
    review_write_close(b);
}


void
review_write_number_or_null(review_buf_t *b, const char *name, uint64_t n,
    int known)
{
    if (known) {
        review_write_number(b, name, n);

    } else {
        review_write_null(b, name);
    }
}


void
review_write_decimal(review_buf_t *b, const char *name, double value)
{
    if (!(value >= 0)) {
        review_write_null(b, name);
        return;
    }

    review_write_name(b, name);
    review_buf_decimal(b, value);
}


static int
review_write_dumped(const char *data, size_t len, void *buf)
{
    review_write_json(buf, data, len);

    return 0;
}


void
review_write_value(review_buf_t *b, const char *name, const json_t *value)
{
    if (value == NULL) {
        review_write_null(b, name);
        return;
    }

    review_write_name(b, name);

    /* 15 digits, so that 0.1 stays 0.1 */

    if (json_dump_callback(value, review_write_dumped, b,
                           JSON_COMPACT|JSON_ENCODE_ANY
                           |JSON_REAL_PRECISION(15))
        != 0)
    {
        b->failed = 1;
    }
}


void
review_write_set(review_buf_t *b, const char *name, const char *const *names,
    unsigned set)
{
    if (set == 0) {
        return;
    }

    review_write_array(b, name);

    for ( /* void */ ; *names; names++, set >>= 1) {
        if (set & 1) {
            review_write_word(b, NULL, *names);
        }
    }

    review_write_array_end(b);
}
