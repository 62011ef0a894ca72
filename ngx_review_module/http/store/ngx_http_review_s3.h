
/*
 * Objects of a store that speaks S3's language: single operations on them,
 * tried again where that makes sense.  This knows neither libcurl nor
 * clients' requests.
 */

#ifndef _NGX_HTTP_REVIEW_S3_H_INCLUDED_
#define _NGX_HTTP_REVIEW_S3_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_md5.h>

#include "http/transfer/ngx_http_review_curl.h"

#include "review/base/buf.h"
#include "http/limit/ngx_http_review_limit.h"

#include "review/base/code.h"
#include "review/net/s3.h"

#pragma GCC visibility push(hidden)


/* larger bodies are uploaded in parts, of so many bytes if that is enough */

#define NGX_HTTP_REVIEW_S3_SINGLE       (16 * 1024 * 1024)
#define NGX_HTTP_REVIEW_S3_PART         (8 * 1024 * 1024)
#define NGX_HTTP_REVIEW_S3_PARTS        10000

#define NGX_HTTP_REVIEW_S3_TRIES        3

/* milliseconds of silence, in one try, where a worker waits for its exit */

#define NGX_HTTP_REVIEW_S3_BRIEF        1000

/* headers that an owner may have sent along */

#define NGX_HTTP_REVIEW_S3_HEADERS      8


typedef struct ngx_http_review_store_s  ngx_http_review_store_t;


/* "review_store" */

struct ngx_http_review_store_s {
    ngx_str_t                   name;
    ngx_str_t                   endpoint;   /* without a slash at its end */
    ngx_str_t                   region;
    ngx_str_t                   bucket;
    ngx_str_t                   access_key;
    ngx_str_t                   secret_key;
    ngx_msec_t                  timeout;
    ngx_msec_t                  connect_timeout;
};


typedef enum {
    NGX_HTTP_REVIEW_S3_GET = 0,
    NGX_HTTP_REVIEW_S3_HEAD,
    NGX_HTTP_REVIEW_S3_PUT,
    NGX_HTTP_REVIEW_S3_DELETE,
    NGX_HTTP_REVIEW_S3_LIST
} ngx_http_review_s3_e;


/* what LIST asks for; empty or 0: nothing is said */

typedef struct {
    ngx_str_t                   prefix;
    ngx_str_t                   delimiter;
    ngx_str_t                   token;      /* where a list went on */
    ngx_uint_t                  max;        /* keys */
} ngx_http_review_s3_query_t;


typedef struct ngx_http_review_s3_s  ngx_http_review_s3_t;
typedef struct ngx_http_review_s3_parts_s  ngx_http_review_s3_parts_t;


/*
 * An operation, zeroed when it is made; texts and the pool must last until its
 * end.  Callbacks are called from the event loop, never from inside of start,
 * resume, or cancel; after cancel, or done, none is.
 */

struct ngx_http_review_s3_s {

    /* what the owner sets */

    ngx_http_review_s3_e        type;
    ngx_http_review_store_t    *store;
    ngx_str_t                   key;        /* as it is, not encoded */
    ngx_http_review_s3_query_t  query;      /* of LIST */
    ngx_str_t                   args;       /* of the URL, mostly none */
    ngx_http_review_transfer_header_t  headers[NGX_HTTP_REVIEW_S3_HEADERS];
    ngx_uint_t                  nheaders;
    off_t                       size;       /* of PUT */
    ngx_uint_t                  brief;      /* a worker waits for it to end */
    ngx_uint_t                  passages;   /* its owner's, of us */
    ngx_http_review_limit_t    *limit;      /* where it is counted, or NULL */

    ngx_pool_t                 *pool;
    ngx_log_t                  *log;
    void                       *data;

    /* GET and HEAD: the headers of statuses 2xx and 304; GET: the body */

    ngx_int_t                 (*header)(ngx_http_review_s3_t *op,
                                        ngx_str_t *name, ngx_str_t *value);
    ngx_int_t                 (*body)(ngx_http_review_s3_t *op, u_char *data,
                                      size_t len);

    /*
     * PUT: at most "size" bytes from "offset" on; their number, at least one,
     * or NGX_ERROR.  A piece may be asked for again.
     */

    ssize_t                   (*read)(ngx_http_review_s3_t *op, u_char *buf,
                                      size_t size, off_t offset);

    /* the end, as below */

    void                      (*done)(ngx_http_review_s3_t *op);

    /*
     * What came of it: result is OK for all that the store has answered;
     * "failed" says if that was no success, STORE where the store itself says
     * so, as "said" has it.  The code is the store's word ("NoSuchKey"), or
     * our name for it.
     */

    review_code_t               result;
    review_code_t               failed;
    review_s3_error_e           said;
    ngx_uint_t                  status;     /* 0: no response */
    ngx_str_t                   etag;       /* of PUT, as it came */
    ngx_uint_t                  tries;
    unsigned                    handed:1;   /* the owner has seen some of it */
    char                        code[64];
    char                        message[256];

    /* its own */

    ngx_http_review_transfer_t  transfer;
    void                      (*answered)(ngx_http_review_transfer_t *t);
    ngx_http_review_transfer_header_t  sent[NGX_HTTP_REVIEW_S3_HEADERS + 2];
    u_char                      passage[NGX_INT_T_LEN];
    ngx_http_review_s3_parts_t *parts;      /* NULL: in one piece */
    ngx_event_t                 retry;
    ngx_msec_t                  started;
    uint64_t                    bytes;      /* of bodies, in all tries */
    review_pool_t              *memory;
    review_buf_t                url;
    review_buf_t                reply;      /* an error, or what is for us:
                                               of LIST, for the owner */
    review_str_t                own;        /* a body of ours; empty: none */
    off_t                       offset;     /* of what is sent, */
    off_t                       sending;    /* and how much of it */
    off_t                       moved;
    ngx_md5_t                   md5;        /* of what was sent */
    size_t                      ntag;
    char                        tag[128];   /* the response's ETag */
    unsigned                    ours:1;     /* the reply is for us */
    unsigned                    begun:1;    /* to be answered */
    unsigned                    encrypted:1; /* ETags are no MD5s */
};


/* NGX_OK, or NGX_ERROR: nothing was started, and nothing is called */

ngx_int_t ngx_http_review_s3_start(ngx_http_review_s3_t *op);

/* goes on after NGX_AGAIN of body */

void ngx_http_review_s3_resume(ngx_http_review_s3_t *op);

/* idempotent; an upload in parts is aborted on its own */

void ngx_http_review_s3_cancel(ngx_http_review_s3_t *op);

/* ngx_http_review_s3_request.c: a request of the operation */

typedef enum {
    NGX_HTTP_REVIEW_S3_ALL = 0,             /* the owner's headers */
    NGX_HTTP_REVIEW_S3_CONDITIONS,          /* only "If-..." */
    NGX_HTTP_REVIEW_S3_OTHERS,
    NGX_HTTP_REVIEW_S3_NONE
} ngx_http_review_s3_headers_e;

void ngx_http_review_s3_request_url(ngx_http_review_s3_t *op);
ngx_int_t ngx_http_review_s3_request_send(ngx_http_review_s3_t *op,
    const char *method, off_t upload, ngx_http_review_s3_headers_e headers);
void ngx_http_review_s3_request_fail(ngx_http_review_s3_t *op,
    review_code_t code, const char *message);
ngx_int_t ngx_http_review_s3_request_error(ngx_http_review_s3_t *op);

/* of what was sent; NGX_ERROR: something else has arrived */

ngx_int_t ngx_http_review_s3_request_check(ngx_http_review_s3_t *op,
    u_char *md5, ngx_uint_t parts);

/* writes "etag", of PUT, without the quotes that it comes in */

void ngx_http_review_s3_request_etag(ngx_http_review_s3_t *op,
    review_buf_t *b);


/*
 * ngx_http_review_s3_parts.c: uploads in parts, a sequence of requests of one
 * operation.  "next" makes one; "done" reads its answer: NGX_AGAIN: there are
 * more to be made, NGX_OK: that was all, NGX_ERROR: it has failed, and why.
 */

ngx_int_t ngx_http_review_s3_parts_create(ngx_http_review_s3_t *op);
ngx_int_t ngx_http_review_s3_parts_next(ngx_http_review_s3_t *op);
ngx_int_t ngx_http_review_s3_parts_done(ngx_http_review_s3_t *op);
ngx_uint_t ngx_http_review_s3_parts_lost(ngx_http_review_s3_t *op);

/*
 * What is to be started so that the store forgets them, or NULL: an operation
 * of its own, with a pool of its own, since the owner does not wait, and may be
 * gone.
 */

ngx_http_review_s3_t *ngx_http_review_s3_parts_abort(
    ngx_http_review_s3_t *op);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_S3_H_INCLUDED_ */
