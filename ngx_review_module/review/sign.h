
/* AWS Signature Version 4, of requests to S3. */

#ifndef _REVIEW_SIGN_H_INCLUDED_
#define _REVIEW_SIGN_H_INCLUDED_


#include <time.h>

#include "buf.h"

#pragma GCC visibility push(hidden)


#define REVIEW_SIGN_HEADERS  16

/* "20130524T000000Z" and its zero, the value of "x-amz-date" */

#define REVIEW_SIGN_DATE     17

typedef struct {
    review_str_t                 name;
    review_str_t                 value;
} review_sign_header_t;


/* the headers are all that are to be signed, "Host" among them */

typedef struct {
    const char                  *method;
    review_str_t                 url;       /* its arguments in order; all is
                                               percent-encoded */
    const char                  *date;
    const char                  *payload;   /* its hash, or what is said
                                               instead of it */
    const review_sign_header_t  *headers;
    size_t                       nheaders;
    review_str_t                 region;
    review_str_t                 access_key;
    review_str_t                 secret_key;
} review_sign_t;


void review_sign_date(char *date, time_t now);

/* of a URL, with its port if that is told */

review_str_t review_sign_host(const review_str_t *url);

/* overwrites the buffer with the value of "Authorization" */

void review_sign(review_buf_t *b, const review_sign_t *sign);


#pragma GCC visibility pop


#endif /* _REVIEW_SIGN_H_INCLUDED_ */
