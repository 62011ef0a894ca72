
/* JSON, written into a buffer. */

#ifndef _REVIEW_JSON_WRITE_H_INCLUDED_
#define _REVIEW_JSON_WRITE_H_INCLUDED_


#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/*
 * The text escaped as inside of a JSON string (RFC 8259), without quotes and
 * with them.  The text must be valid UTF-8.
 */

void review_buf_escape(review_buf_t *b, const char *data, size_t len);
void review_buf_json(review_buf_t *b, const char *data, size_t len);

/* a jansson value, compact; NULL writes null */

void review_buf_value(review_buf_t *b, const json_t *value);


#pragma GCC visibility pop


#endif /* _REVIEW_JSON_WRITE_H_INCLUDED_ */
