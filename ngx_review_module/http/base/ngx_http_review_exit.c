
/*
 * A worker that is to exit, after a reload or a quit: what waits is told in
 * time, before nginx closes all connections at the end of
 * worker_shutdown_timeout.  nginx tells nobody: so it is looked, from time to
 * time, as long as there is anything to be told, and that keeps no worker.
 */

#include "http/base/ngx_http_review_base.h"


/* milliseconds between two looks, or a quarter of the timeout */

#define NGX_HTTP_REVIEW_EXIT_LOOK  1000


static void ngx_http_review_exit_look(ngx_event_t *ev);


static ngx_queue_t  ngx_http_review_exit_waiting;
static ngx_event_t  ngx_http_review_exit_event;
static ngx_msec_t   ngx_http_review_exit_end;
static ngx_uint_t   ngx_http_review_exit_known;


/* the configuration's that the worker was started with */

static ngx_msec_t
ngx_http_review_exit_timeout(void)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    return ccf->shutdown_timeout;
}


/*
 * nginx's timer cannot be named, but it is the one with its cycle.  Where there
 * is none the time is counted from now.
 */

static ngx_msec_t
ngx_http_review_exit_timer(ngx_msec_t timeout)
{
    ngx_event_t        *ev;
    ngx_rbtree_node_t  *node, *root, *sentinel;

    root = ngx_event_timer_rbtree.root;
    sentinel = ngx_event_timer_rbtree.sentinel;

    node = root == sentinel ? NULL : ngx_rbtree_min(root, sentinel);

    while (node) {
        ev = ngx_rbtree_data(node, ngx_event_t, timer);

        if (ev->cancelable && ev->data == (void *) ngx_cycle) {
            return ev->timer.key;
        }

        node = ngx_rbtree_next(&ngx_event_timer_rbtree, node);
    }

    return ngx_current_msec + timeout;
}


static ngx_uint_t
ngx_http_review_exit_is_known(ngx_msec_t timeout)
{
    if (ngx_exiting && !ngx_http_review_exit_known) {
        ngx_http_review_exit_known = 1;
        ngx_http_review_exit_end = ngx_http_review_exit_timer(timeout);
    }

    return ngx_http_review_exit_known;
}


static void
ngx_http_review_exit_look_later(ngx_msec_t timeout)
{
    ngx_event_t  *ev;

    static ngx_connection_t  dumb;          /* for logs of timers */

    dumb.fd = (ngx_socket_t) -1;

    ev = &ngx_http_review_exit_event;

    ev->handler = ngx_http_review_exit_look;
    ev->data = &dumb;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, ngx_min(timeout / 4 + 1, NGX_HTTP_REVIEW_EXIT_LOOK));
}


static void
ngx_http_review_exit_look(ngx_event_t *ev)
{
    ngx_msec_t                timeout;
    ngx_queue_t              *q;
    ngx_http_review_exits_t  *exits;

    if (ngx_queue_empty(&ngx_http_review_exit_waiting)) {
        return;
    }

    timeout = ngx_http_review_exit_timeout();

    if (!ngx_http_review_exit_is_known(timeout)) {
        ngx_http_review_exit_look_later(timeout);
        return;
    }

    while (!ngx_queue_empty(&ngx_http_review_exit_waiting)) {
        q = ngx_queue_head(&ngx_http_review_exit_waiting);
        exits = ngx_queue_data(q, ngx_http_review_exits_t, queue);

        ngx_http_review_exit_leave(exits);
        exits->handler(exits->data);
    }
}


void
ngx_http_review_exit_join(ngx_http_review_exits_t *exits)
{
    ngx_msec_t  timeout;

    timeout = ngx_http_review_exit_timeout();

    if (timeout == 0 || exits->queue.next
        || ngx_http_review_exit_is_known(timeout))
    {
        return;
    }

    if (ngx_http_review_exit_waiting.next == NULL) {
        ngx_queue_init(&ngx_http_review_exit_waiting);
    }

    ngx_queue_insert_tail(&ngx_http_review_exit_waiting, &exits->queue);

    if (!ngx_http_review_exit_event.timer_set) {
        ngx_http_review_exit_look_later(timeout);
    }
}


void
ngx_http_review_exit_leave(ngx_http_review_exits_t *exits)
{
    if (exits->queue.next) {
        ngx_queue_remove(&exits->queue);
        exits->queue.next = NULL;
    }
}


ngx_msec_t
ngx_http_review_exit_left(ngx_msec_t wanted, ngx_msec_t margin)
{
    ngx_msec_int_t  left;

    if (!ngx_http_review_exit_known) {
        return wanted;
    }

    left = (ngx_msec_int_t) (ngx_http_review_exit_end - margin
                             - ngx_current_msec);
    left = ngx_max(left, 0);

    return ngx_min(wanted, (ngx_msec_t) left);
}
