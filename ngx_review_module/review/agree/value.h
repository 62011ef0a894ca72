
/*
 * A value that an LLM has taken from a text: what it is, and whether two of
 * them say the same.  2026-03-01 is 2026年3月1日, 壹佰万元整 is 100万元, 24个月
 * are two years; what can't be read for certain is never said to differ.
 */

#ifndef _REVIEW_AGREE_VALUE_H_INCLUDED_
#define _REVIEW_AGREE_VALUE_H_INCLUDED_


#include "review/agree/unit.h"
#include "review/base/buf.h"
#include "review/base/review.h"
#include "review/facts/glyph.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_VALUE_NONE = 0,             /* 无, n/a, nothing */
    REVIEW_VALUE_TEXT,
    REVIEW_VALUE_NUMBER,
    REVIEW_VALUE_DATE
} review_value_e;


typedef struct {
    review_str_t          text;        /* folded */
    review_value_e        kind;
    review_unit_e         unit;        /* of a number */
    review_str_t          name;        /* of REVIEW_UNIT_OTHER, or currency */
    review_str_t          bound;       /* 不少于, 约 */
    review_str_t          note;        /* what stands in brackets behind it */
    int64_t               written;     /* millionths, as it is written, */
    int64_t               number;      /* and of the unit's measure */
    int                   first;       /* of a date: 20260301 */
    int                   last;
    unsigned              bad:1;       /* a number that can't be told */
} review_value_t;


typedef enum {
    REVIEW_VALUE_SAME = 0,
    REVIEW_VALUE_FITS,                 /* 2026年3月 and 2026年3月1日 */
    REVIEW_VALUE_UNSURE,
    REVIEW_VALUE_DIFFERS
} review_value_says_e;


/*
 * The text is valid UTF-8; what is kept of it is the pool's.  0, or -1: no
 * memory.
 */

int review_value_read(review_pool_t *pool, const review_str_t *text,
    review_value_t *value);

/* what begins at g, which goes behind it: a number or a date; 0: none does */

int review_value_at(review_glyph_t *g, review_value_t *value);

review_value_says_e review_value_compare(const review_value_t *one,
    const review_value_t *two);

/*
 * The text without blanks, quote marks and letter case, in the shapes of NFKC.
 * "at" is NULL, or gets a uint32_t for each byte: where in the text it is from.
 */

void review_value_fold(review_buf_t *b, const review_str_t *text,
    review_buf_t *at);


#pragma GCC visibility pop


#endif /* _REVIEW_AGREE_VALUE_H_INCLUDED_ */
