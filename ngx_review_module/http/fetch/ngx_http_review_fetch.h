
/* What the files of the fetch endpoint share. */

#ifndef _NGX_HTTP_REVIEW_FETCH_H_INCLUDED_
#define _NGX_HTTP_REVIEW_FETCH_H_INCLUDED_


#include "http/store/ngx_http_review_store.h"
#include "http/transfer/ngx_http_review_download.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/code.h"
#include "review/request/fetch_request.h"

#pragma GCC visibility push(hidden)


/* of a download there are two: one is filled, one is being written */

#define NGX_HTTP_REVIEW_FETCH_BUFFER    (128 * 1024)

typedef struct ngx_http_review_fetch_s       ngx_http_review_fetch_t;
typedef struct ngx_http_review_fetch_file_s  ngx_http_review_fetch_file_t;


/* the wing's configuration: "review_fetch" */

typedef struct {
    ngx_str_t                   path;       /* empty: none */
    ngx_uint_t                  calls;      /* of a request at a time */
    off_t                       max_size;   /* of a file */
    ngx_uint_t                  access;     /* to a file below "path" */
} ngx_http_review_fetch_conf_t;


extern ngx_module_t  ngx_http_review_fetch_module;

#define ngx_http_review_fetch_conf(r)                                         \
    ((ngx_http_review_fetch_conf_t *)                                         \
         (r)->loc_conf[ngx_http_review_fetch_module.ctx_index])


/*
 * ngx_http_review_fetch_file.c: a file that is written on a thread while it
 * comes, under another name until it is whole.  One is used for many files,
 * one after the other; its handler says that something has changed.
 */

typedef enum {
    NGX_HTTP_REVIEW_FETCH_HASH = 0,         /* nothing is kept of it */
    NGX_HTTP_REVIEW_FETCH_FOLDER,
    NGX_HTTP_REVIEW_FETCH_TEMP              /* without a name, to be read */
} ngx_http_review_fetch_kind_e;

ngx_http_review_fetch_file_t *ngx_http_review_fetch_file_create(
    ngx_http_review_ctx_t *ctx, ngx_http_review_fetch_kind_e kind,
    ngx_str_t *folder, ngx_http_review_work_pt handler, void *data);

/* begins a file; "name" is that of a request */

void ngx_http_review_fetch_file_begin(ngx_http_review_fetch_file_t *file,
    review_str_t *name);

/* NGX_OK, NGX_AGAIN: there is no room now, NGX_ERROR: it can't be written */

ngx_int_t ngx_http_review_fetch_file_add(ngx_http_review_fetch_file_t *file,
    u_char *data, size_t len);
ngx_uint_t ngx_http_review_fetch_file_has_room(
    ngx_http_review_fetch_file_t *file);

/* that was all: it is written and gets its name; NGX_AGAIN: not yet */

void ngx_http_review_fetch_file_end(ngx_http_review_fetch_file_t *file);
ngx_int_t ngx_http_review_fetch_file_ended(ngx_http_review_fetch_file_t *file,
    u_char *sha256);

/* why it failed, or NULL */

const char *ngx_http_review_fetch_file_error(
    ngx_http_review_fetch_file_t *file);

/* what has no name yet is removed; NGX_AGAIN: a thread is still at it */

ngx_int_t ngx_http_review_fetch_file_drop(ngx_http_review_fetch_file_t *file);

/* of a whole file without a name */

ssize_t ngx_http_review_fetch_file_read(ngx_http_review_fetch_file_t *file,
    u_char *buf, size_t size, off_t offset);

/* the request has ended */

void ngx_http_review_fetch_file_leave(ngx_http_review_fetch_file_t *file);


typedef enum {
    NGX_HTTP_REVIEW_FETCH_WAITS = 0,
    NGX_HTTP_REVIEW_FETCH_RUNS,
    NGX_HTTP_REVIEW_FETCH_ENDED
} ngx_http_review_fetch_status_e;


/* one of the URLs, and its result */

typedef struct {
    review_str_t                url;        /* as the client wrote it */
    review_str_t                name;       /* data is NULL: none */
    ngx_http_review_fetch_status_e  status;
    ngx_uint_t                  http_status;
    off_t                       size;
    review_str_t                type;       /* data is NULL: none */
    u_char                      sha256[32];
    ngx_msec_t                  started;
    ngx_msec_t                  elapsed;
    review_code_t               code;
    const char                 *detail;
} ngx_http_review_fetch_item_t;


typedef enum {
    NGX_HTTP_REVIEW_FETCH_IDLE = 0,
    NGX_HTTP_REVIEW_FETCH_DOWNLOAD,
    NGX_HTTP_REVIEW_FETCH_WRITE,            /* the last of it, on a thread */
    NGX_HTTP_REVIEW_FETCH_PUT,              /* to the store */
    NGX_HTTP_REVIEW_FETCH_DROP              /* a thread is still at it */
} ngx_http_review_fetch_state_e;


/* what downloads one URL at a time */

typedef struct {
    ngx_http_review_fetch_t    *fetch;
    ngx_http_review_fetch_item_t  *item;
    ngx_http_review_fetch_state_e  state;
    ngx_http_review_download_t  download;
    ngx_http_review_s3_t        op;
    ngx_http_review_fetch_file_t  *file;
    ngx_pool_t                 *pool;       /* of this URL; NULL: none yet */
    unsigned                    paused:1;
    unsigned                    ended:1;    /* the download, or the upload */
} ngx_http_review_fetch_slot_t;


struct ngx_http_review_fetch_s {
    ngx_http_review_ctx_t       ctx;
    ngx_http_review_fetch_item_t  *items;
    ngx_uint_t                  nitems;
    ngx_uint_t                  next;       /* the first that waits */
    ngx_uint_t                  left;       /* that have no result */
    ngx_http_review_fetch_slot_t  *slots;
    ngx_uint_t                  nslots;
};


/*
 * ngx_http_review_fetch.c: the endpoint's directive; has the slots looked at,
 * from the event loop
 */

char *ngx_http_review_fetch(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_review_fetch_slot_wake(void *data);


/* ngx_http_review_fetch_slot.c: one URL after the other, when it is idle */

ngx_int_t ngx_http_review_fetch_slot_init(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_kind_e kind, ngx_str_t *folder);
void ngx_http_review_fetch_slot_start(ngx_http_review_fetch_slot_t *slot,
    ngx_http_review_fetch_item_t *item);

/* what follows from what has happened */

void ngx_http_review_fetch_slot_step(ngx_http_review_fetch_slot_t *slot);
void ngx_http_review_fetch_slot_cancel(ngx_http_review_fetch_slot_t *slot);


/* ngx_http_review_fetch_reply.c: ends the request */

void ngx_http_review_fetch_reply(ngx_http_review_fetch_t *fetch);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_REVIEW_FETCH_H_INCLUDED_ */
