
/*
 * Server-sent events as WHATWG frames them: lines end with LF, CRLF or CR, and
 * input is cut anywhere.
 */

#ifndef _REVIEW_SSE_H_INCLUDED_
#define _REVIEW_SSE_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_SSE_OK = 0,
    REVIEW_SSE_STOP,               /* the handler wants no more */
    REVIEW_SSE_TOO_LARGE,
    REVIEW_SSE_NO_MEMORY
} review_sse_e;


/*
 * Called with the data of each event that has any; "error" is set if its type
 * is "error".  The data lives until the handler returns.  Returns 0 to go on.
 */

typedef int (*review_sse_handler_pt)(void *ctx, const review_str_t *data,
    int error);

/*
 * For streams that are not quite what they should be: is the line of data an
 * event of its own, although another one follows it at once?  NULL: none is.
 * With it an object that lacks its "data:" is an event, too.
 */

typedef int (*review_sse_whole_pt)(const review_str_t *data);


typedef struct {
    review_sse_handler_pt   handler;
    void                   *ctx;
    review_sse_whole_pt     whole;     /* may be set after "init" */
    size_t                  max;       /* bytes of a line, and of an event */
    review_buf_t            line;      /* a line cut in two */
    review_buf_t            joined;    /* data cut in two, or of many lines */
    review_str_t            data;      /* in the input, or "joined" */
    unsigned                any:1;     /* the event has data, */
    unsigned                single:1;  /* a line of it */
    unsigned                bare:1;    /* an object without "data:" */
    unsigned                error:1;   /* its type is "error" */
    unsigned                cr:1;      /* the input ended with CR */
} review_sse_t;


void review_sse_init(review_sse_t *sse, review_pool_t *pool, size_t max,
    review_sse_handler_pt handler, void *ctx);

/* after anything but REVIEW_SSE_OK it must not be called again */

review_sse_e review_sse_feed(review_sse_t *sse, const char *data, size_t len);

/* the input has ended: takes a last event that no blank line ended */

review_sse_e review_sse_end(review_sse_t *sse);

/* the first such byte in [p, last), or "last" */

static inline const char *
review_sse_find(char c, const char *p, const char *last)
{
    const char  *found;

    found = (p < last) ? memchr(p, c, (size_t) (last - p)) : NULL;

    return found ? found : last;
}


#pragma GCC visibility pop


#endif /* _REVIEW_SSE_H_INCLUDED_ */
