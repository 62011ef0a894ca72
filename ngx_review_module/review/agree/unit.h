
/* Units of numbers that are no money: which measure the same, and how. */

#ifndef _REVIEW_AGREE_UNIT_H_INCLUDED_
#define _REVIEW_AGREE_UNIT_H_INCLUDED_


#include "review/base/review.h"
#include "review/facts/glyph.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_UNIT_NONE = 0,              /* a bare number */
    REVIEW_UNIT_MONEY,                 /* yuan */
    REVIEW_UNIT_FOREIGN,               /* of another currency */
    REVIEW_UNIT_MONTHS,
    REVIEW_UNIT_MINUTES,               /* and hours, days, weeks */
    REVIEW_UNIT_WORKDAYS,
    REVIEW_UNIT_SHARE,                 /* thousandths: 5% is 50 */
    REVIEW_UNIT_LENGTH,                /* millimetres */
    REVIEW_UNIT_MASS,                  /* grams */
    REVIEW_UNIT_AREA,                  /* square metres */
    REVIEW_UNIT_OTHER                  /* whatever it is called */
} review_unit_e;


typedef struct {
    const char     *name;              /* of small letters */
    review_unit_e   unit;
    int64_t         factor;
} review_unit_t;


/* the longest one that stands at g, which goes behind it, or NULL */

const review_unit_t *review_unit_read(review_glyph_t *g);


#pragma GCC visibility pop


#endif /* _REVIEW_AGREE_UNIT_H_INCLUDED_ */
