
/*
 * JSON text walked in place: nothing is allocated, nothing is built, nothing
 * recurses.  Strict as RFC 8259, but for nesting deeper than REVIEW_SCAN_DEPTH,
 * which is called bad.
 */

#ifndef _REVIEW_SCAN_H_INCLUDED_
#define _REVIEW_SCAN_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


#define REVIEW_SCAN_DEPTH  2048        /* jansson's own */


typedef enum {
    REVIEW_SCAN_OK = 0,
    REVIEW_SCAN_CUT,                   /* well-formed, but the text ended */
    REVIEW_SCAN_BAD
} review_scan_e;


#define review_scan_is_space(c)                                               \
    ((c) == ' ' || (c) == '\n' || (c) == '\r' || (c) == '\t')

/* cuts white space off both ends; the text is not written to */

void review_scan_trim(review_str_t *text);

/* advances *p over white space, of which there mostly is none */

void review_scan_spaces(const char **p, const char *last);

static inline void
review_scan_space(const char **p, const char *last)
{
    if (*p < last && (unsigned char) **p <= ' ') {
        review_scan_spaces(p, last);
    }
}


/*
 * The end of a run of ordinary text: the next quote, backslash or control
 * character, or "last".  *high is not zero if there are bytes of longer
 * sequences in it, and may be if they only follow it.
 */

const char *review_scan_run(const char *p, const char *last, uint64_t *high);

/*
 * Advances *p, which stands at a quote or at the end, over a string; "raw" is
 * what stands between the quotes, checked, but with its escapes.
 */

review_scan_e review_scan_string(const char **p, const char *last,
    review_str_t *raw);

/* advances *p over the next value and the white space before it */

review_scan_e review_scan_value(const char **p, const char *last);

/*
 * Undoes the escapes of a scanned string.  What has no place in a text does not
 * cost the answer: \u0000 is dropped, half of a surrogate pair becomes U+FFFD,
 * and *lossy is set, or else left alone.  An escape is never shorter than what
 * it stands for: "dst" has room for raw->len bytes.  Returns the bytes written.
 */

size_t review_scan_unescape_to(char *dst, const review_str_t *raw, int *lossy);

/* the same, appended to a buffer */

void review_scan_unescape(review_buf_t *b, const review_str_t *raw);

/*
 * Makes JSON text acceptable to jansson: the halves of surrogate pairs are
 * overwritten with \ufffd.  Returns their number.
 */

size_t review_scan_mend(char *data, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_SCAN_H_INCLUDED_ */
