
/* The JSON, or the query, that asks for chunks. */

#ifndef _REVIEW_SPLIT_REQUEST_H_INCLUDED_
#define _REVIEW_SPLIT_REQUEST_H_INCLUDED_


#include "review/base/review.h"
#include "review/json/json.h"
#include "review/split/split.h"

#pragma GCC visibility push(hidden)


typedef struct {
    size_t                     max_text;
    review_split_options_t     options;  /* where nothing is said */
} review_split_given_t;


typedef struct {
    review_str_t               text;     /* the JSON's own */
    review_split_options_t     options;
} review_split_request_t;


extern const review_member_t  review_split_request_members[];
extern const review_member_t  review_split_options_members[];

/*
 * Reads {"text", "max_chars"?, "overlap"?, "unit"?, "keep_tables"?}.  Returns
 * 0, or the HTTP status of the problem that *err describes.
 */

int review_split_request(review_pool_t *pool, json_t *body,
    const review_split_given_t *given, review_split_request_t *request,
    review_error_t *err);

/* the same for an object that has but the options; they hold the defaults */

int review_split_request_options(json_t *json, const char *pointer,
    review_split_options_t *options, review_error_t *err);

/*
 * The same for an option that comes as text, as in a query string; the pointer
 * is "" then and the text names the option.  REVIEW_SPLIT_UNKNOWN: it is not
 * one of ours.
 */

#define REVIEW_SPLIT_UNKNOWN  (-1)

int review_split_request_option(const review_str_t *name,
    const review_str_t *value, review_split_options_t *options,
    review_error_t *err);

/* do the options, all of them read, go together?  0 or 422 */

int review_split_request_check(const review_split_options_t *options,
    const char *pointer, review_error_t *err);


/*
 * What is told of a chunk beside its "id" and "text", here, in rankings and in
 * reports: known, and of no use, to those who take chunks as they are.
 */

#define REVIEW_CHUNK_IDLE                                                     \
    review_member_idle("start"), review_member_idle("end"),                   \
    review_member_idle("overlap"), review_member_idle("page"),                \
    review_member_idle("line"), review_member_idle("heading"),                \
    review_member_idle("sha256"), review_member_idle("table_header"),         \
    review_member_idle("oversize"), review_member_idle("status"),             \
    review_member_idle("index"), review_member_idle("score"),                 \
    review_member_idle("document")


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_REQUEST_H_INCLUDED_ */
