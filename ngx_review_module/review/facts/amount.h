
/*
 * Amounts of money, in words (壹佰万元整) and in digits (1,000,000.00元), as
 * exact integers.  What is not written as it has to be is bad: nothing is
 * guessed.
 */

#ifndef _REVIEW_AMOUNT_H_INCLUDED_
#define _REVIEW_AMOUNT_H_INCLUDED_


#include "review/facts/glyph.h"

#pragma GCC visibility push(hidden)


typedef struct {
    const char   *from;
    const char   *to;
    int64_t       number;              /* without its point: 12.50 is 1250 */
    int           decimals;            /* digits behind the point */
    int           power;               /* of the unit: 万元 is 4, 分 is -2 */
    unsigned      bad:1;               /* it can't be read: no number */
    unsigned      money:1;             /* it says that it is: ¥, 元 */
    unsigned      unit:1;              /* 元, 万元, 亿 stands behind it */
    unsigned      foreign:1;           /* 美元, $ */
    unsigned      negative:1;
} review_amount_t;


/*
 * The amount that begins at g, which goes behind it; 0: none does.  In words a
 * number without 元 is one as well; in digits one without a unit.
 */

int review_numeral_read(review_glyph_t *g, review_amount_t *amount);
int review_figure_read(review_glyph_t *g, review_amount_t *amount);

/* its unit, which may be in brackets; what a table's head has, too */

void review_figure_unit(review_glyph_t *g, review_amount_t *amount);

/* may a numeral begin with it? */

int review_numeral_begins(int32_t c);

/*
 * The amount in units of 10^-digits yuan; returns 0, or -1: it is bad, it is
 * not a whole number of them, or too many.
 */

int review_figure_value(const review_amount_t *amount, int digits,
    int64_t *value);


#pragma GCC visibility pop


#endif /* _REVIEW_AMOUNT_H_INCLUDED_ */
