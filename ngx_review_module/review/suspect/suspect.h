
/*
 * Does a text speak to the reviewer?  An order to ignore what was asked or to
 * say a certain verdict, an answer or a mark of ours that is forged, control
 * tokens of chat templates, letters with invisible ones laced in between.
 *
 * It is a hint for people, and no wall: what it misses may still be an order.
 */

#ifndef _REVIEW_SUSPECT_H_INCLUDED_
#define _REVIEW_SUSPECT_H_INCLUDED_


#include "review/rubric/prompt.h"

#pragma GCC visibility push(hidden)


/* any text of the review: chunk, heading, references, vars; 1 or 0 */

int review_suspect(const review_subject_t *subject);

/* valid UTF-8 */

int review_suspect_text(const char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_SUSPECT_H_INCLUDED_ */
