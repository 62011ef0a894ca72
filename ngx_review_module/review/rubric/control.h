
/*
 * Control tokens of chat templates: what a tokenizer takes for the beginning of
 * a turn, wherever it stands.  A space behind its bracket makes it plain text,
 * which an LLM still reads, and which a quote is still found by.
 */

#ifndef _REVIEW_CONTROL_H_INCLUDED_
#define _REVIEW_CONTROL_H_INCLUDED_


#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/* writes a text of others, escaped for JSON, with all of them set off */

void review_control_text(review_buf_t *b, const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_CONTROL_H_INCLUDED_ */
