
/*
 * JSON, written into a buffer.
 *
 * "name" is that of a member, which needs no escapes, or NULL for an element
 * of an array, and for what stands alone.  Whether a comma is due is told by
 * the byte before: there is none at the beginning of a buffer or of a line, nor
 * behind what opens, nor behind a name.  What goes on in another buffer does so
 * within a string, or where no comma is due.
 */

#ifndef _REVIEW_JSON_WRITE_H_INCLUDED_
#define _REVIEW_JSON_WRITE_H_INCLUDED_


#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/* the comma, and room for "size" bytes: where they go, or NULL */

char *review_write_next(review_buf_t *b, size_t size);

/*
 * The comma and the name alone: the value comes next, without a name.  Most
 * names are literals, whose lengths are known when compiled.
 */

static inline void
review_write_name(review_buf_t *b, const char *name)
{
    char    *p;
    size_t   len;

    len = name ? strlen(name) : 0;
    p = review_write_next(b, len + sizeof("\"\":") - 1);

    if (p && name) {
        *p++ = '"';
        memcpy(p, name, len);
        p += len;
        *p++ = '"';
        *p++ = ':';

        b->len = (size_t) (p - b->data);
    }
}

/* a name that may need escapes */

void review_write_key(review_buf_t *b, const char *data, size_t len);


static inline void
review_write_object(review_buf_t *b, const char *name)
{
    review_write_name(b, name);
    review_buf_add(b, "{", 1);
}

static inline void
review_write_object_end(review_buf_t *b)
{
    review_buf_add(b, "}", 1);
}

static inline void
review_write_array(review_buf_t *b, const char *name)
{
    review_write_name(b, name);
    review_buf_add(b, "[", 1);
}

static inline void
review_write_array_end(review_buf_t *b)
{
    review_buf_add(b, "]", 1);
}


/* a string in several texts, each of which is valid UTF-8 */

static inline void
review_write_open(review_buf_t *b, const char *name)
{
    review_write_name(b, name);
    review_buf_add(b, "\"", 1);
}

void review_write_text(review_buf_t *b, const char *data, size_t len);

static inline void
review_write_close(review_buf_t *b)
{
    review_buf_add(b, "\"", 1);
}

/* valid UTF-8; of "bytes" what comes before the first that is not */

static inline void
review_write_string(review_buf_t *b, const char *name, const char *data,
    size_t len)
{
    review_write_open(b, name);
    review_write_text(b, data, len);
    review_write_close(b);
}

void review_write_bytes(review_buf_t *b, const char *name, const char *data,
    size_t len);

static inline void
review_write_str(review_buf_t *b, const char *name, const review_str_t *str)
{
    review_write_string(b, name, str->data, str->len);
}

/* null, if there is no such text */

void review_write_str_or_null(review_buf_t *b, const char *name,
    const review_str_t *str);

/* a word that needs no escapes, or null */

void review_write_word(review_buf_t *b, const char *name, const char *word);


static inline void
review_write_number(review_buf_t *b, const char *name, uint64_t n)
{
    review_write_name(b, name);
    review_buf_number(b, n);
}

void review_write_number_or_null(review_buf_t *b, const char *name,
    uint64_t n, int known);

/* rounded to four digits after its point; null, if it is below 0 */

void review_write_decimal(review_buf_t *b, const char *name, double value);

static inline void
review_write_bool(review_buf_t *b, const char *name, int flag)
{
    review_write_name(b, name);
    review_buf_add(b, flag ? "true" : "false", flag ? 4 : 5);
}

static inline void
review_write_null(review_buf_t *b, const char *name)
{
    review_write_name(b, name);
    review_buf_add(b, "null", 4);
}

/* an array of the names whose bits are set; nothing at all, if none is */

void review_write_set(review_buf_t *b, const char *name,
    const char *const *names, unsigned set);

/* compact; NULL is null */

void review_write_value(review_buf_t *b, const char *name,
    const json_t *value);

/*
 * What is JSON already, but for what some take for ends of lines: that is
 * escaped in all JSON which is written here
 */

void review_write_json(review_buf_t *b, const char *data, size_t len);

static inline void
review_write_raw(review_buf_t *b, const char *name, const char *data,
    size_t len)
{
    review_write_name(b, name);
    review_write_json(b, data, len);
}


#pragma GCC visibility pop


#endif /* _REVIEW_JSON_WRITE_H_INCLUDED_ */
