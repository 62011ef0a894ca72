
/*
 * The tokens of a response, or of a request, that is on its way to somebody
 * else: it is read as it passes, in pieces cut anywhere, and nothing of it is
 * kept, however large it is.  Chat completions, completions and embeddings of
 * an OpenAI-compatible server, as JSON or as server-sent events; what is none
 * of these has no tokens.
 */

#ifndef _REVIEW_USAGE_H_INCLUDED_
#define _REVIEW_USAGE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_USAGE_NAME    64        /* bytes of a model's name */
#define REVIEW_USAGE_LEVELS  8         /* usage and text stand no deeper */
#define REVIEW_USAGE_WORD    24        /* nor are their names longer */
#define REVIEW_USAGE_TEXT    256       /* bytes that are estimated at once */


/* review_units(), which is of a wing above: with "tokens" it estimates them */

typedef size_t (*review_usage_units_pt)(const char *p, const char *last,
    int tokens);


typedef struct {
    uint64_t               tokens;
    size_t                 len;
    char                   data[REVIEW_USAGE_TEXT];
} review_usage_text_t;


/* what is said, reasoning_content, and reasoning: often the same one twice */

#define REVIEW_USAGE_TEXTS  3


typedef struct {

    /* results, valid after review_usage_end() */

    int64_t                prompt_tokens;      /* -1: not told */
    int64_t                completion_tokens;  /* -1: not told; what has come
                                                  since, and text of which none
                                                  are told, is estimated */
    char                   model[REVIEW_USAGE_NAME];
    size_t                 nmodel;             /* 0: not told */

    /* the reader's own */

    review_usage_units_pt  units;
    int64_t                total_tokens;
    int64_t                number;             /* -1: none, or no good one */
    uint32_t               depth;
    uint32_t               arrays;             /* a bit for each depth */
    uint32_t               code;               /* of \uXXXX */
    size_t                 nword;              /* of a name, or of a field */
    char                   word[REVIEW_USAGE_WORD];
    unsigned char          places[REVIEW_USAGE_LEVELS + 1];
    unsigned char          next;               /* the place of a value */
    unsigned char          escape;             /* digits to come, or more */
    unsigned               form:2;             /* JSON, or events */
    unsigned               part:2;             /* of a line */
    unsigned               cr:1;               /* the line ended with it */
    unsigned               string:1;
    unsigned               named:1;            /* the name was seen */
    unsigned               numeric:1;          /* in a number */
    unsigned               told:1;             /* in this event */
    review_usage_text_t    texts[REVIEW_USAGE_TEXTS];
} review_usage_t;


void review_usage_init(review_usage_t *u, review_usage_units_pt units);
void review_usage_feed(review_usage_t *u, const char *data, size_t len);

/* there is no more, whether it was all or not */

void review_usage_end(review_usage_t *u);

/* the tokens of all text since usage was told last, estimated */

uint64_t review_usage_estimate(review_usage_t *u);


#pragma GCC visibility pop


#endif /* _REVIEW_USAGE_H_INCLUDED_ */
