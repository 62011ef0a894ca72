
/*
 * libcurl on nginx's event loop.  A worker has one multi handle, made when
 * first needed: connections are kept and used again by all its transfers.
 *
 * libcurl must not be called from inside of its callbacks, and an owner's
 * callbacks are called from these: what owners ask for there is done by an
 * event that is posted.
 */

#include "http/transfer/ngx_http_review_easy.h"

#include <openssl/err.h>


/*
 * Connections of a worker: in all, to one host, and idle ones that are kept.
 * Transfers beyond that wait for a connection, as long as their timeout.
 */

#define NGX_HTTP_REVIEW_CURL_TOTAL      512
#define NGX_HTTP_REVIEW_CURL_HOST       256
#define NGX_HTTP_REVIEW_CURL_IDLE       64

/* a worker's own */

static struct {
    CURLM                       *multi;
    ngx_queue_t                  running;   /* of ngx_http_review_easy_t */
    ngx_queue_t                  watched;   /* of ngx_connection_t */
    ngx_event_t                  timer;
    ngx_uint_t                   busy;      /* inside of libcurl */
    ngx_uint_t                   exiting;
} ngx_http_review_curl;


static ngx_int_t ngx_http_review_curl_init(void);
static ngx_int_t ngx_http_review_curl_opened(curl_socket_t fd);
static void ngx_http_review_curl_reap(void);
static void ngx_http_review_curl_posted(ngx_event_t *ev);
static void ngx_http_review_curl_silence(ngx_event_t *ev);
static void ngx_http_review_curl_remove(ngx_http_review_easy_t *own);
static void ngx_http_review_curl_end(ngx_http_review_easy_t *own,
    CURLcode code);


ngx_int_t
ngx_http_review_curl_start(ngx_http_review_transfer_t *t)
{
    ngx_http_review_easy_t  *own;

    t->own = NULL;
    t->result = REVIEW_CODE_FAILED;
    t->status = 0;
    t->received = 0;
    t->message[0] = '\0';

    if (ngx_http_review_curl_init() != NGX_OK) {
        return NGX_ERROR;
    }

    own = ngx_calloc(sizeof(ngx_http_review_easy_t), t->log);
    if (own == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&ngx_http_review_curl.running, &own->queue);

    own->transfer = t;

    own->posted.handler = ngx_http_review_curl_posted;
    own->posted.data = own;
    own->posted.log = ngx_cycle->log;

    own->silence.handler = ngx_http_review_curl_silence;
    own->silence.data = own;
    own->silence.log = ngx_cycle->log;

    if (ngx_http_review_easy_init(own, ngx_http_review_curl_opened) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, t->log, 0,
                      "a transfer could not be set up");
        own->transfer = NULL;
        ngx_http_review_curl_remove(own);
        return NGX_ERROR;
    }

    t->own = own;

    if (t->timeout) {
        ngx_add_timer(&own->silence, t->timeout);
    }

    ngx_post_event(&own->posted, &ngx_posted_events);

    return NGX_OK;
}


void
ngx_http_review_curl_resume(ngx_http_review_transfer_t *t)
{
    ngx_http_review_easy_t  *own;

    own = t->own;

    if (own == NULL || !own->paused) {
        return;
    }

    own->paused = 0;

    if (t->timeout) {
        ngx_add_timer(&own->silence, t->timeout);
    }

    ngx_post_event(&own->posted, &ngx_posted_events);
}


void
ngx_http_review_curl_cancel(ngx_http_review_transfer_t *t)
{
    ngx_http_review_easy_t  *own;

    own = t->own;

    if (own == NULL) {
        return;
    }

    t->own = NULL;
    own->transfer = NULL;

    if (own->silence.timer_set) {
        ngx_del_timer(&own->silence);
    }

    if (ngx_http_review_curl.busy) {
        ngx_post_event(&own->posted, &ngx_posted_events);
        return;
    }

    ngx_http_review_curl_remove(own);
}


void
ngx_http_review_curl_exit(ngx_cycle_t *cycle)
{
    ngx_queue_t             *q;
    ngx_http_review_easy_t  *own;

    ngx_http_review_curl.exiting = 1;

    if (ngx_http_review_curl.multi == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_http_review_curl.running)) {
        q = ngx_queue_head(&ngx_http_review_curl.running);
        own = ngx_queue_data(q, ngx_http_review_easy_t, queue);

        if (own->transfer) {
            own->transfer->own = NULL;
            own->transfer = NULL;
        }

        ngx_http_review_curl_remove(own);
    }

    curl_multi_cleanup(ngx_http_review_curl.multi);
    ngx_http_review_curl.multi = NULL;

    if (ngx_http_review_curl.timer.timer_set) {
        ngx_del_timer(&ngx_http_review_curl.timer);
    }

    if (ngx_http_review_curl.timer.posted) {
        ngx_delete_posted_event(&ngx_http_review_curl.timer);
    }

    curl_global_cleanup();
}


/* its owner has let go of it: libcurl calls back even now */

static void
ngx_http_review_curl_remove(ngx_http_review_easy_t *own)
{
    ngx_queue_remove(&own->queue);

    if (own->added) {
        curl_multi_remove_handle(ngx_http_review_curl.multi, own->easy);
    }

    curl_easy_cleanup(own->easy);
    curl_slist_free_all(own->headers);

    ERR_clear_error();

    if (own->silence.timer_set) {
        ngx_del_timer(&own->silence);
    }

    if (own->posted.posted) {
        ngx_delete_posted_event(&own->posted);
    }

    ngx_free(own);
}


/*
 * The multi handle's sockets are connections of nginx without a protocol.
 * Errors that libcurl leaves in OpenSSL's queue are not for nginx, which would
 * report them as those of its next connection.
 */

static void
ngx_http_review_curl_act(curl_socket_t fd, int events)
{
    int        running;
    CURLMcode  rc;

    ngx_http_review_curl.busy++;

    rc = curl_multi_socket_action(ngx_http_review_curl.multi, fd, events,
                                  &running);

    ngx_http_review_curl.busy--;

    ERR_clear_error();

    if (rc != CURLM_OK) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "curl_multi_socket_action() failed: %s",
                      curl_multi_strerror(rc));
    }

    ngx_http_review_curl_reap();
}


static void
ngx_http_review_curl_event(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    /* worker_shutdown_timeout is over */

    if (c->close) {
        (void) shutdown(c->fd, SHUT_RDWR);
    }

    ngx_http_review_curl_act(c->fd, ev->write ? CURL_CSELECT_OUT
                                              : CURL_CSELECT_IN);
}


static void
ngx_http_review_curl_timer(ngx_event_t *ev)
{
    ngx_http_review_curl_act(CURL_SOCKET_TIMEOUT, 0);
}


static int
ngx_http_review_curl_set_timer(CURLM *multi, long ms, void *data)
{
    ngx_event_t *ev = data;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (ms == 0) {
        ngx_post_event(ev, &ngx_posted_next_events);

    } else if (ms > 0) {
        ngx_add_timer(ev, (ngx_msec_t) ms);
    }

    return 0;
}


/*
 * Some versions of libcurl close a socket that is still connecting without a
 * word, and tell later, when its number may be another's.  So what is watched
 * is known by its inode.
 */

static void *
ngx_http_review_curl_inode(curl_socket_t fd)
{
    ngx_file_info_t  fi;

    return ngx_fd_info(fd, &fi) == NGX_FILE_ERROR
           ? NULL : (void *) (uintptr_t) ngx_file_uniq(&fi);
}


static ngx_connection_t *
ngx_http_review_curl_watch(curl_socket_t fd)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_http_review_curl_event;
    c->write->handler = ngx_http_review_curl_event;
    c->data = ngx_http_review_curl_inode(fd);

    ngx_queue_insert_tail(&ngx_http_review_curl.watched, &c->queue);

    return c;
}


static void
ngx_http_review_curl_ignore(ngx_connection_t *c, ngx_uint_t flags)
{
    if (c->read->active) {
        ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }

    if (c->write->active) {
        ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }
}


/* the socket is libcurl's, and may stay open */

static void
ngx_http_review_curl_unwatch(ngx_connection_t *c)
{
    ngx_http_review_curl_ignore(c, ngx_http_review_curl_inode(c->fd) == c->data
                                   ? 0 : NGX_CLOSE_EVENT);

    ngx_queue_remove(&c->queue);

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);

    c->fd = (ngx_socket_t) -1;
}


static ngx_int_t
ngx_http_review_curl_want(ngx_event_t *ev, ngx_int_t event, ngx_uint_t wanted)
{
    if (wanted) {
        return ev->active ? NGX_OK
                          : ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    }

    return ev->active ? ngx_del_event(ev, event, 0) : NGX_OK;
}


/* where one of that number is watched, libcurl will take it for the same */

static ngx_int_t
ngx_http_review_curl_opened(curl_socket_t fd)
{
    ngx_uint_t         in, out;
    ngx_queue_t       *q;
    ngx_connection_t  *c;

    for (q = ngx_queue_head(&ngx_http_review_curl.watched);
         q != ngx_queue_sentinel(&ngx_http_review_curl.watched);
         q = ngx_queue_next(q))
    {
        c = ngx_queue_data(q, ngx_connection_t, queue);

        if (c->fd != fd) {
            continue;
        }

        in = c->read->active;
        out = c->write->active;

        ngx_http_review_curl_ignore(c, NGX_CLOSE_EVENT);

        c->data = ngx_http_review_curl_inode(fd);

        return ngx_http_review_curl_want(c->read, NGX_READ_EVENT, in) == NGX_OK
               && ngx_http_review_curl_want(c->write, NGX_WRITE_EVENT, out)
                  == NGX_OK ? NGX_OK : NGX_ERROR;
    }

    return NGX_OK;
}


static int
ngx_http_review_curl_socket(CURL *easy, curl_socket_t fd, int what, void *data,
    void *socket)
{
    ngx_connection_t *c = socket;

    ngx_http_review_easy_t  *own;

    if (what == CURL_POLL_REMOVE) {

        if (c) {
            ngx_http_review_curl_unwatch(c);
        }

        return 0;
    }

    if (c == NULL) {
        c = ngx_http_review_curl_watch(fd);

        if (c) {
            curl_multi_assign(ngx_http_review_curl.multi, fd, c);
        }
    }

    if (c
        && ngx_http_review_curl_want(c->read, NGX_READ_EVENT,
                                     what & CURL_POLL_IN) == NGX_OK
        && ngx_http_review_curl_want(c->write, NGX_WRITE_EVENT,
                                     what & CURL_POLL_OUT) == NGX_OK)
    {
        return 0;
    }

    /* an error from here would be the end of all transfers */

    own = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &own);

    if (own) {
        own->lost = 1;
        ngx_post_event(&own->posted, &ngx_posted_events);
    }

    return 0;
}


static ngx_int_t
ngx_http_review_curl_init(void)
{
    CURLM        *multi;
    ngx_event_t  *timer;

    if (ngx_http_review_curl.multi) {
        return NGX_OK;
    }

    if (ngx_http_review_curl.exiting
        || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    {
        return NGX_ERROR;
    }

    multi = curl_multi_init();
    if (multi == NULL) {
        return NGX_ERROR;
    }

    timer = &ngx_http_review_curl.timer;

    /* transfers have timers of their own, for which a worker stays */

    timer->handler = ngx_http_review_curl_timer;
    timer->data = &ngx_http_review_curl;
    timer->log = ngx_cycle->log;
    timer->cancelable = 1;

    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                      ngx_http_review_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION,
                      ngx_http_review_curl_set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, timer);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long) NGX_HTTP_REVIEW_CURL_TOTAL);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      (long) NGX_HTTP_REVIEW_CURL_HOST);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                      (long) NGX_HTTP_REVIEW_CURL_IDLE);

    ngx_queue_init(&ngx_http_review_curl.running);
    ngx_queue_init(&ngx_http_review_curl.watched);
    ngx_http_review_curl.multi = multi;

    return NGX_OK;
}


/* an owner's callback may have cancelled any transfer */

static void
ngx_http_review_curl_reap(void)
{
    int                      left;
    CURLMsg                 *msg;
    CURLcode                 code;
    ngx_http_review_easy_t  *own;

    while (ngx_http_review_curl.multi) {

        msg = curl_multi_info_read(ngx_http_review_curl.multi, &left);

        if (msg == NULL) {
            return;
        }

        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        /* the message does not outlive its handle */

        code = msg->data.result;
        own = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &own);

        if (own) {
            ngx_http_review_curl_end(own, code);
        }
    }
}


/* what was asked for while libcurl was busy, or must not be done at once */

static void
ngx_http_review_curl_posted(ngx_event_t *ev)
{
    CURLcode                 code;
    ngx_http_review_easy_t  *own;

    own = ev->data;

    if (own->transfer == NULL) {
        ngx_http_review_curl_remove(own);
        return;
    }

    if (!own->added) {

        if (curl_multi_add_handle(ngx_http_review_curl.multi, own->easy)
            != CURLM_OK)
        {
            ngx_http_review_curl_end(own, CURLE_FAILED_INIT);
            return;
        }

        own->added = 1;
        return;
    }

    if (own->lost) {
        ngx_http_review_curl_end(own, CURLE_COULDNT_CONNECT);
        return;
    }

    ngx_http_review_curl.busy++;
    code = curl_easy_pause(own->easy, CURLPAUSE_CONT);
    ngx_http_review_curl.busy--;

    ERR_clear_error();

    /* an error here does not reach the multi handle */

    if (code != CURLE_OK) {
        ngx_http_review_curl_end(own, code);
    }
}


static void
ngx_http_review_curl_silence(ngx_event_t *ev)
{
    ngx_http_review_easy_t  *own;

    own = ev->data;

    ngx_snprintf((u_char *) own->error, CURL_ERROR_SIZE,
                 "nothing moved for %M ms%Z", own->transfer->timeout);

    ngx_http_review_curl_end(own, CURLE_OPERATION_TIMEDOUT);
}


static void
ngx_http_review_curl_end(ngx_http_review_easy_t *own, CURLcode code)
{
    ngx_http_review_transfer_t  *t;

    t = own->transfer;

    if (code == CURLE_OK && !own->told) {
        code = CURLE_PARTIAL_FILE;
    }

    /* a response without a body */

    if (t && code == CURLE_OK && !own->headed) {

        ngx_http_review_curl.busy++;

        if (ngx_http_review_easy_headers(own) != NGX_OK) {
            code = CURLE_ABORTED_BY_CALLBACK;
        }

        ngx_http_review_curl.busy--;

        t = own->transfer;
    }

    if (t == NULL) {
        ngx_http_review_curl_remove(own);
        return;
    }

    ngx_http_review_easy_result(own, code);

    t->own = NULL;
    own->transfer = NULL;

    ngx_http_review_curl_remove(own);

    t->done(t);
}
