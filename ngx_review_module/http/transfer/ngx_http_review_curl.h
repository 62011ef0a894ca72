
/*
 * libcurl on nginx's event loop: transfers that nothing waits for.  This knows
 * libcurl, and nothing of object stores or reviews; nobody above it includes
 * <curl/curl.h>.
 */

#ifndef _NGX_HTTP_REVIEW_CURL_H_INCLUDED_
#define _NGX_HTTP_REVIEW_CURL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "review/base/code.h"

#pragma GCC visibility push(hidden)


typedef struct ngx_http_review_transfer_s  ngx_http_review_transfer_t;


/*
 * What the owner sets; texts must last until the transfer's end.  Callbacks
 * are called from the event loop, never from inside of start, resume, or
 * cancel; after cancel, or done, none is.
 */

typedef struct {
    ngx_str_t                   name;       /* "Content-Type" */
    ngx_str_t                   value;      /* not empty */
} ngx_http_review_transfer_header_t;


struct ngx_http_review_transfer_s {
    const char                 *method;     /* "GET" */
    ngx_str_t                   url;        /* percent-encoded */
    ngx_http_review_transfer_header_t  *headers;
    ngx_uint_t                  nheaders;

    /* AWS Signature Version 4, service "s3"; region.len is 0: none */

    ngx_str_t                   region;
    ngx_str_t                   access_key;
    ngx_str_t                   secret_key;

    ngx_msec_t                  connect_timeout;
    ngx_msec_t                  timeout;    /* of silence, either way, not
                                               by an owner's NGX_AGAIN */
    off_t                       upload;     /* bytes of the body; -1: none */

    void                       *data;       /* the owner's */
    ngx_log_t                  *log;

    /*
     * The status and a header of the final response; may be NULL.  NGX_ERROR
     * stops the transfer.
     */

    ngx_int_t                 (*header)(ngx_http_review_transfer_t *t,
                                        ngx_str_t *name, ngx_str_t *value);

    /*
     * A piece of the response's body: NGX_OK, NGX_AGAIN: not now, it is kept
     * and comes again after resume; NGX_ERROR stops the transfer.
     */

    ngx_int_t                 (*body)(ngx_http_review_transfer_t *t,
                                      u_char *data, size_t len);

    /* at most "size" bytes to be sent: their number, NGX_AGAIN or NGX_ERROR */

    ssize_t                   (*read)(ngx_http_review_transfer_t *t,
                                      u_char *buf, size_t size);

    /* may the transfer talk to this address?  NULL: to any */

    ngx_uint_t                (*allowed)(ngx_http_review_transfer_t *t,
                                         struct sockaddr *sockaddr);

    /* the end; "result", "status", and "message" are set */

    void                      (*done)(ngx_http_review_transfer_t *t);

    /*
     * What came of it: OK: a response, of any status; CONNECT: DNS, connect,
     * TLS; TIMEOUT; CUT: the connection, in between; ADDRESS_NOT_ALLOWED;
     * STOPPED: by the owner's callback; FAILED: anything else.
     */

    review_code_t               result;
    ngx_uint_t                  status;     /* 0: no response */
    off_t                       received;
    char                        message[256]; /* for people; "" if none */

    void                       *own;        /* curl's side; NULL: not running */
};


/* NGX_OK, or NGX_ERROR: nothing was started, and nothing is called */

ngx_int_t ngx_http_review_curl_start(ngx_http_review_transfer_t *t);

/* goes on after NGX_AGAIN of body or read */

void ngx_http_review_curl_resume(ngx_http_review_transfer_t *t);

/* does not block, not even while a name is being resolved; idempotent */

void ngx_http_review_curl_cancel(ngx_http_review_transfer_t *t);

void ngx_http_review_curl_exit(ngx_cycle_t *cycle);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_CURL_H_INCLUDED_ */
