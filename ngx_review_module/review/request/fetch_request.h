
/* What a client has downloaded: URLs, and the names to save them as. */

#ifndef _REVIEW_FETCH_REQUEST_H_INCLUDED_
#define _REVIEW_FETCH_REQUEST_H_INCLUDED_


#include "review/base/review.h"
#include "review/json/json.h"

#pragma GCC visibility push(hidden)


/* of a file's name, with its folders, and of each of these; S3 has the same */

#define REVIEW_FETCH_NAME      1024
#define REVIEW_FETCH_SEGMENT   255

/* what is not whole yet is called so, and nothing else */

#define REVIEW_FETCH_BEGUN     ".fetch-"


typedef struct {
    unsigned           saves:1;         /* in a folder, or a store */
} review_fetch_given_t;


typedef struct {
    review_str_t       url;             /* as the client wrote it */
    review_str_t       name;            /* data is NULL: none */
} review_fetch_url_t;


typedef struct {
    review_fetch_url_t  *urls;
    size_t               n;
} review_fetch_request_t;


extern const review_member_t  review_fetch_members[];

/*
 * Reads {"urls", "save_as"?}.  Names are safe below a folder, and each is
 * there once.  Returns 0, or the HTTP status of the problem that *err
 * describes, or -1: no memory.
 */

int review_fetch_request(review_pool_t *pool, json_t *body,
    const review_fetch_given_t *given, review_fetch_request_t *request,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_FETCH_REQUEST_H_INCLUDED_ */
