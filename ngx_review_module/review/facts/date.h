
/*
 * Dates as documents have them: 2026年3月1日, 2026-03-01, 2026.3.1, 20260301,
 * 二〇二六年三月一日, June 30, 2026.  Without its day, or month, it is any of
 * them.
 */

#ifndef _REVIEW_DATE_H_INCLUDED_
#define _REVIEW_DATE_H_INCLUDED_


#include "review/facts/glyph.h"

#pragma GCC visibility push(hidden)


typedef struct {
    const char   *from;
    const char   *to;
    int           first;               /* 20260301: the first day that it may */
    int           last;                /* be, and the last */
    unsigned      bad:1;               /* there is none such: 2026年13月 */
} review_date_t;


/* the date that begins at g, which goes behind it; 0: none does */

int review_date_read(review_glyph_t *g, review_date_t *date);

/* is all of the text one date, of one day? */

int review_date_is(const review_str_t *text, review_date_t *date);


#pragma GCC visibility pop


#endif /* _REVIEW_DATE_H_INCLUDED_ */
