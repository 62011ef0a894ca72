
/*
 * JSON as people and programs send it: a syntax error says where and what in
 * plain words, and members are read with their types checked.
 */

#ifndef _REVIEW_JSON_H_INCLUDED_
#define _REVIEW_JSON_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * Parses any JSON value; a byte order mark before it is skipped, a member
 * named twice is an error.  The caller owns the value.  NULL on an error: the
 * pointer in *err names the member that was being parsed, the text begins
 * with line and column.
 */

json_t *review_json_parse(const char *data, size_t len, review_error_t *err);

/*
 * The same for an object of which the list tells what it may have, and what the
 * objects in it may, see below: all else is refused before it is built.
 * *values is how many there are in it, which tells how long it takes to free.
 */

typedef struct review_member_s  review_member_t;

json_t *review_json_parse_known(const char *data, size_t len,
    const review_member_t *members, size_t *values, review_error_t *err);

/* line and column of the byte at "at", in code points, both from 1 */

void review_json_place(const char *data, size_t at, size_t *line,
    size_t *column);


/*
 * Writes "pointer" and one more name or index to dst, which has room for
 * REVIEW_ERROR_POINTER bytes and may be "pointer" itself.  A name that does
 * not fit is left out, and -1 returned: the pointer then names what holds it.
 */

int review_json_member_pointer_name(char *dst, const char *pointer,
    const char *name, size_t len);
int review_json_member_pointer_index(char *dst, const char *pointer,
    size_t index);


/* the value's type in words: "a string", "an array", "null" */

const char *review_json_member_type(const json_t *value);

/* the first of the names that has text, elements or members; or NULL */

const json_t *review_json_member_first(const json_t *object,
    const char *const *names);

/* the value itself as a string; "pointer" names the value; returns 0 or -1 */

int review_json_member_text(json_t *value, const char *pointer, size_t min,
    size_t max, review_str_t *text, review_error_t *err);


/*
 * What an object may have, as a list that ends with review_member_end.  Each
 * member has its kind, its bounds, and a place in a structure, or a function
 * that reads it:
 *
 *     review_member("id", STRING, review_chunk_text_t, id, .max = 1024),
 *     review_member_by("points", ARRAY, review_chunk_points),
 *     review_member_idle("start"),
 *     review_member_end
 *
 * Names that begin with "x-", "$" or "_" are comments and belong to other
 * tools: they are known everywhere.
 */

typedef enum {
    REVIEW_MEMBER_IDLE = 0,            /* known, and of no use */
    REVIEW_MEMBER_ANY,                 /* json_t * */
    REVIEW_MEMBER_OBJECT,              /* json_t * */
    REVIEW_MEMBER_ARRAY,               /* json_t * */
    REVIEW_MEMBER_STRING,              /* review_str_t, of min to max bytes */
    REVIEW_MEMBER_INTEGER,             /* int, from min to max */
    REVIEW_MEMBER_NUMBER,              /* double, from min to max */
    REVIEW_MEMBER_BOOLEAN,             /* int */
    REVIEW_MEMBER_CHOICE               /* int, the index of one of "names" */
} review_member_e;

struct review_member_s {
    const char             *name;
    review_member_e         kind;
    size_t                  at;
    int                     min;
    int                     max;       /* of a string, 0: any */
    const char *const      *names;
    const char             *missing;   /* what is said without it; NULL: it
                                          need not be there */

    /*
     * Called for each, when all before it are read: "value" is NULL if it is
     * not there.  Returns 0, or what the whole then returns.
     */

    int                   (*read)(void *into, json_t *value,
                                  const char *pointer, review_error_t *err);

    /* what the value may have if it is an object; NULL: anything */

    const review_member_t  *of;
    const review_member_t  *each;      /* what objects may have that it has as
                                          an array */
};

#define review_member(n, k, type, field, ...)                                 \
    { .name = n, .kind = REVIEW_MEMBER_ ## k, .at = offsetof(type, field),    \
      __VA_ARGS__ }
#define review_member_by(n, k, by, ...)                                       \
    { .name = n, .kind = REVIEW_MEMBER_ ## k, .read = by, __VA_ARGS__ }
#define review_member_idle(n)  { .name = n }
#define review_member_end      { .name = NULL }

/* or, where any other member is kept as it is: */

#define review_member_rest     { .name = NULL, .kind = REVIEW_MEMBER_ANY }

/*
 * Reads members to their places in "into", in the order of the list; what is
 * not there is left alone.  The first checks that all are known as well.  All
 * return 0, or 400: a wrong form; or what a function has returned.
 */

int review_json_object(json_t *object, const char *pointer,
    const review_member_t *members, void *into, review_error_t *err);
int review_json_object_members(json_t *object, const char *pointer,
    const review_member_t *members, void *into, review_error_t *err);
int review_json_object_known(json_t *object, const char *pointer,
    const review_member_t *members, review_error_t *err);

/* says so; returns 400 */

int review_json_object_unknown(const review_member_t *members,
    const char *pointer, const char *name, review_error_t *err);

/* the one of that name, or NULL */

const review_member_t *review_json_object_find(const review_member_t *members,
    const char *name);

/* for those to whom a member that is null is as good as none */

void review_json_object_drop_nulls(json_t *object);


#pragma GCC visibility pop


#endif /* _REVIEW_JSON_H_INCLUDED_ */
