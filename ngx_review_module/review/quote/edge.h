
/*
 * The edges of a place that was found: what stands in the text on either side
 * decides whether it is a place at all, and whether it reaches further.
 */

#ifndef _REVIEW_EDGE_H_INCLUDED_
#define _REVIEW_EDGE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/*
 * Texts are valid UTF-8 and remain the caller's.  Offsets are bytes from their
 * start to their end, where no code point is cut.
 */

/*
 * Would a quote that starts here, or ends, make another number of the one that
 * stands here?  "10" does not stand in "110", "10.5", "-10", "10,000" or
 * "1/10", nor before a unit that scales it, nor does a written-out numeral in a
 * longer one.  What is counted, dates and names made of digits are quoted in
 * parts.
 */

int review_edge_cuts(const review_str_t *text, size_t offset, int start);

/*
 * Quote marks are not compared.  Where the quote has one at its start or end,
 * and the text has one there, it belongs to the place.  Returns the offset at
 * which the place then starts or ends.
 */

size_t review_edge_widen(const review_str_t *text, const review_str_t *quote,
    size_t offset, int start);


#pragma GCC visibility pop


#endif /* _REVIEW_EDGE_H_INCLUDED_ */
