
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

/* line and column of the byte at "at", in code points, both from 1 */

void review_json_place(const char *data, size_t at, size_t *line,
    size_t *column);


/*
 * Writes "pointer" and one more name or index to dst, which has room for
 * REVIEW_ERROR_POINTER bytes and may be "pointer" itself.  A name that does
 * not fit is left out, and -1 returned: the pointer then names what holds it.
 */

int review_pointer_name(char *dst, const char *pointer, const char *name,
    size_t len);
int review_pointer_index(char *dst, const char *pointer, size_t index);


/* the value's type in words: "a string", "an array", "null" */

const char *review_json_type(const json_t *value);

/*
 * Members of an object.  "pointer" names the object.  All return 1 if the
 * member is there and right, 0 if it is not there (*value is left alone), -1
 * if it is wrong.  Lengths are bytes.
 */

int review_json_member(json_t *object, const char *pointer, const char *name,
    json_type type, json_t **value, review_error_t *err);
int review_json_string(json_t *object, const char *pointer, const char *name,
    size_t min, size_t max, review_str_t *value, review_error_t *err);
int review_json_integer(json_t *object, const char *pointer, const char *name,
    int min, int max, int *value, review_error_t *err);
int review_json_number(json_t *object, const char *pointer, const char *name,
    int min, int max, double *value, review_error_t *err);

/* one of "names", a list with NULL at its end; *value is its index */

int review_json_choice(json_t *object, const char *pointer, const char *name,
    const char *const *names, int *value, review_error_t *err);

/* the value itself as a string; "pointer" names the value; returns 0 or -1 */

int review_json_text(json_t *value, const char *pointer, size_t min,
    size_t max, review_str_t *text, review_error_t *err);

/*
 * Are the names of all members known?  Those that begin with "x-", "$" or "_"
 * are comments and belong to other tools.  Returns 0 or -1.
 */

int review_json_known(json_t *object, const char *pointer,
    const char *const *names, review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_JSON_H_INCLUDED_ */
