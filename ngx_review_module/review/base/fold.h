
/*
 * What characters are when they are compared: compatibility forms (NFKC), and
 * radicals, which converters of PDF write in place of the ideographs that look
 * the same.  No allocation.
 */

#ifndef _REVIEW_FOLD_H_INCLUDED_
#define _REVIEW_FOLD_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_FOLD_CLUSTER    32      /* code points in a cluster, at most */
#define REVIEW_FOLD_EXPANSION  4       /* what one may become, at most */
#define REVIEW_FOLD_POINTS     (REVIEW_FOLD_CLUSTER * REVIEW_FOLD_EXPANSION)


/* nearly all of Chinese text: ideographs that no folding changes */

#define review_fold_is_han(c)  ((c) >= 0x3400 && (c) <= 0x9fff)


int32_t review_fold_ideograph(int32_t c);

/* the ideograph of a radical, or of a stroke; all others are left alone */

static inline int32_t
review_fold_radical(int32_t c)
{
    return (c >= 0x2e80 && c < 0x31f0 && (c < 0x2fe0 || c >= 0x31c0))
           ? review_fold_ideograph(c) : c;
}

/* may what begins with the byte belong to the code point before it? */

#define review_fold_may_extend(c)                                             \
    ((unsigned char) (c) >= 0xcc                                              \
     && ((unsigned char) (c) < 0xe4 || (unsigned char) (c) > 0xe9))

/*
 * A cluster is a base with its combining marks.  Returns the end of the one
 * whose first code point ends at p; *n becomes the number of its code points.
 */

const char *review_fold_cluster(const char *p, const char *last, size_t *n);

/*
 * The code points of a cluster, folded: there is room for REVIEW_FOLD_POINTS.
 * "cased": letter case is folded as well.  What is never seen is left out.
 * Returns their number, or -1: it stays as it is.
 */

int review_fold_compat(const char *data, size_t len, size_t n, int cased,
    int32_t *c);


#pragma GCC visibility pop


#endif /* _REVIEW_FOLD_H_INCLUDED_ */
