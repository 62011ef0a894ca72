
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


/* deeper than this a pointer has no room anyway */

#define REVIEW_SCAN_LEVELS  (REVIEW_ERROR_POINTER / 2)


typedef enum {
    REVIEW_SCAN_VALUE = 0,
    REVIEW_SCAN_NAME,
    REVIEW_SCAN_COLON,
    REVIEW_SCAN_NEXT                   /* a comma, or the closing bracket */
} review_scan_expected_e;


typedef struct {
    review_str_t            name;      /* with its escapes; data is NULL:
                                          none yet */
    size_t                  index;
    unsigned                array:1;
} review_scan_level_t;


/* where a scan has stopped, and what it was about */

typedef struct {
    const char             *token;     /* the last one begins here, */
    const char             *before;    /* and the one before it */
    review_scan_expected_e  expected;  /* in place of the last one */
    size_t                  depth;
    review_scan_level_t     levels[REVIEW_SCAN_LEVELS];
} review_scan_path_t;


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

/* the same, and adds up the values that it has seen */

review_scan_e review_scan_count(const char **p, const char *last,
    size_t *values);

/* the same, and tells where it has stopped; *p stands at the value */

review_scan_e review_scan_path(const char **p, const char *last,
    review_scan_path_t *path);

/*
 * The first escape of a string that has no place in a text, or NULL.  *cp is
 * what it stands for: 0, -1: half of a surrogate pair, or
 * REVIEW_SCAN_NO_ESCAPE.
 */

#define REVIEW_SCAN_NO_ESCAPE  -2

const char *review_scan_bad_escape(const char *p, const char *last,
    int32_t *cp);

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
