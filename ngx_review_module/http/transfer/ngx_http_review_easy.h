
/*
 * A transfer as libcurl sees it: an easy handle, its options and callbacks.
 * These two files alone know its transfers: ngx_http_review_curl.c, _easy.c.
 */

#ifndef _NGX_HTTP_REVIEW_EASY_H_INCLUDED_
#define _NGX_HTTP_REVIEW_EASY_H_INCLUDED_


#include "http/transfer/ngx_http_review_curl.h"

#include <ngx_event.h>
#include <curl/curl.h>

#pragma GCC visibility push(hidden)


/*
 * CURLOPT_QUICK_EXIT: a handle whose name is being resolved is removed without
 * waiting for the resolver's thread, which cleans up after itself.
 */

#if LIBCURL_VERSION_NUM < 0x075700
#error libcurl 7.87 or newer is required
#endif


/* a socket has been made; NGX_ERROR: it cannot be used */

typedef ngx_int_t (*ngx_http_review_easy_opened_pt)(curl_socket_t fd);


typedef struct {
    ngx_queue_t                  queue;
    CURL                        *easy;
    ngx_http_review_transfer_t  *transfer;  /* NULL: let go of */
    struct curl_slist           *headers;
    ngx_http_review_easy_opened_pt  opened;
    ngx_event_t                  posted;
    ngx_event_t                  silence;
    curl_off_t                   moved;     /* bytes, either way */
    unsigned                     added:1;   /* to the multi handle */
    unsigned                     told:1;    /* the head of a response ended */
    unsigned                     headed:1;  /* the owner has seen headers */
    unsigned                     paused:1;
    unsigned                     stopped:1;
    unsigned                     forbidden:1;
    unsigned                     lost:1;    /* no connection of nginx's */
    char                         error[CURL_ERROR_SIZE];
} ngx_http_review_easy_t;


/* makes own->easy, of what own->transfer says; each socket is shown */

ngx_int_t ngx_http_review_easy_init(ngx_http_review_easy_t *own,
    ngx_http_review_easy_opened_pt opened);

/* hands the final response's headers on */

ngx_int_t ngx_http_review_easy_headers(ngx_http_review_easy_t *own);

/* what came of it, for the owner */

void ngx_http_review_easy_result(ngx_http_review_easy_t *own, CURLcode code);



#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_EASY_H_INCLUDED_ */
