
/*
 * A chat completion as it arrives from an OpenAI-compatible server: one JSON
 * object, or server-sent events with a delta each.
 */

#ifndef _REVIEW_COMPLETION_H_INCLUDED_
#define _REVIEW_COMPLETION_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"
#include "review/completion/delta.h"
#include "review/completion/sse.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_COMPLETION_OK = 0,
    REVIEW_COMPLETION_TRUNCATED,  /* finish_reason "length" and its like:
                                     content so far */
    REVIEW_COMPLETION_CUT,        /* ended before its end: connection cut, or
                                     nothing but a finish_reason that says so */
    REVIEW_COMPLETION_REFUSED,    /* finish_reason "content_filter" and its
                                     like, or a refusal */
    REVIEW_COMPLETION_ERROR,      /* an error object in place of an answer */
    REVIEW_COMPLETION_EMPTY,      /* no choices, null or empty content */
    REVIEW_COMPLETION_BAD_JSON,   /* not a chat completion at all */
    REVIEW_COMPLETION_TOO_LARGE,  /* over the limit given */
    REVIEW_COMPLETION_NO_MEMORY
} review_completion_e;


/* so many times the bytes of an answer may be thought before it */

#define REVIEW_COMPLETION_THOUGHT  4

/* bytes of a detail, with its end */

#define REVIEW_COMPLETION_DETAIL  256


typedef struct {
    /* results, valid after review_completion_end() */

    review_str_t   content;            /* valid UTF-8, without reasoning that
                                          came beside it; one JSON object that
                                          was all of it, if there is no more;
                                          behind it, or in its place, the
                                          arguments of functions */
    review_str_t   model;              /* as the server says; may be empty */
    review_str_t   finish_reason;      /* may be empty */
    int64_t        prompt_tokens;      /* -1: not told */
    int64_t        completion_tokens;  /* -1: not told */
    int64_t        reasoning_tokens;   /* of these; -1: not told */
    const char    *detail;             /* for people, valid UTF-8: what was
                                          wrong, or the error's message; ""
                                          if nothing was */
    unsigned       status;             /* of an error: the HTTP status that it
                                          amounts to; 0: who knows */
    size_t         pieces;             /* of a stream: how many had text */

    unsigned       torn:1;             /* a finish_reason that does not say
                                          that it is whole */
    unsigned       thinking:1;         /* it was cut before any content that is
                                          not reasoning */
    unsigned       quota:1;            /* an error: the account is used up */

    /* the parser's own */

    review_pool_t *pool;
    size_t         max;                /* bytes of content */
    size_t         max_thought;        /* bytes of reasoning */
    size_t         seen;               /* bytes of content */
    size_t         thought;            /* bytes of reasoning */
    size_t         blank;              /* white space before content */
    size_t         limit;              /* bytes of raw JSON, of an event */
    size_t         max_parsed;         /* of these, if it is not of the usual
                                          form, which is only walked through */
    review_sse_t   sse;
    review_delta_t delta;
    review_buf_t   raw;                /* a JSON body */
    review_buf_t   text;               /* content */
    review_buf_t   reasoning;
    review_buf_t   arguments;          /* of functions that are called */
    size_t         call;               /* which of them */
    review_buf_t   refusal;
    review_buf_t   name;               /* of the model */
    review_buf_t   finish;             /* the last finish_reason */
    char           head[8];            /* too little to see the form from */
    size_t         nhead;
    const char    *empty;              /* why there is no content */
    unsigned       mode:2;
    unsigned       started:1;          /* the first event was seen */
    unsigned       ending:1;           /* the body has ended */
    unsigned       done:1;             /* [DONE] was seen */
    unsigned       failed:4;           /* a review_completion_e, sticky */
} review_completion_t;


/*
 * An answer may have "max" bytes, and reasoning four times as many.  Content
 * that does not begin with an object or a fence may have both together: only
 * whoever reads it knows where reasoning ends.  The structure must stay where
 * it is until the end.
 */

void review_completion_init(review_completion_t *c, review_pool_t *pool,
    size_t max);

/*
 * Takes the next bytes of the body, cut anywhere.  Whether they are events or
 * one JSON object is seen from the bytes themselves.  Returns 0, or -1 once
 * more input makes no sense (too large, no memory): the caller may cancel.
 */

int review_completion_feed(review_completion_t *c, const char *data,
    size_t len);

/* what ends a stream is cut off a body; "end" has it done */

void review_completion_trim(review_completion_t *c);

/* the body has ended: says what it was, once */

review_completion_e review_completion_end(review_completion_t *c);


#pragma GCC visibility pop


#endif /* _REVIEW_COMPLETION_H_INCLUDED_ */
