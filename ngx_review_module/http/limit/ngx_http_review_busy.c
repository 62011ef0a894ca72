
/*
 * Servers that have all the connections they may have: how that is told from
 * servers that are down, and who asks them again, and when.
 */

#include "http/limit/ngx_http_review_limit.h"


/* how long it counts what was seen of connections */

#define NGX_HTTP_REVIEW_BUSY_LATELY  1000

/* how often it is told what connections a process has */

#define NGX_HTTP_REVIEW_BUSY_LOOK    50


static void ngx_http_review_busy_resume(ngx_event_t *ev);


/* may nginx leave a server of this upstream alone that is up? */

static ngx_uint_t
ngx_http_review_busy_bounded(ngx_http_upstream_srv_conf_t *uscf)
{
    ngx_uint_t                   i;
    ngx_http_upstream_server_t  *server;

    if (!(uscf->flags & NGX_HTTP_UPSTREAM_CREATE) || uscf->servers == NULL) {
        return 0;
    }

    server = uscf->servers->elts;

    for (i = 0; i < uscf->servers->nelts; i++) {
        if (server[i].max_conns) {
            return 1;
        }
    }

    return 0;
}


/* as a number; 0: none whose servers may be busy */

static uint32_t
ngx_http_review_busy_upstream(ngx_http_request_t *r)
{
    ngx_str_t  *host;

    if (r->upstream == NULL || r->upstream->upstream == NULL
        || !ngx_http_review_busy_bounded(r->upstream->upstream))
    {
        return 0;
    }

    host = &r->upstream->upstream->host;

    return ngx_crc32_short(host->data, host->len) | 1;
}


/* the server that was asked last, by its name, as a number; 0: none was */

static uint32_t
ngx_http_review_busy_peer(ngx_http_request_t *r)
{
    ngx_http_upstream_state_t  *state;

    if (r->upstream == NULL || r->upstream_states == NULL
        || r->upstream_states->nelts == 0)
    {
        return 0;
    }

    state = r->upstream_states->elts;
    state += r->upstream_states->nelts - 1;

    return state->peer
           ? ngx_crc32_short(state->peer->data, state->peer->len) | 1 : 0;
}


void
ngx_http_review_busy_set_upstream(ngx_http_review_turn_t *turn,
    ngx_http_request_t *r)
{
    turn->peer = ngx_http_review_busy_peer(r);
    turn->upstream = ngx_http_review_busy_upstream(r);
    turn->local = 0;

    if (turn->upstream) {
#if (NGX_HTTP_UPSTREAM_ZONE)
        turn->local = (r->upstream->upstream->shm_zone == NULL);
#else
        turn->local = 1;
#endif
    }
}


/*
 * nginx has the upstream's name for that of a server that it has not found.
 * Where another one was connected to before, there was a try all the same.
 */

ngx_uint_t
ngx_http_review_busy_no_server(ngx_http_request_t *r)
{
    ngx_str_t                  *host;
    ngx_uint_t                  i, n;
    ngx_http_upstream_t        *u;
    ngx_http_upstream_state_t  *state;

    u = r->upstream;

    if (u == NULL || u->upstream == NULL || r->upstream_states == NULL
        || r->upstream_states->nelts == 0
        || !ngx_http_review_busy_bounded(u->upstream))
    {
        return 0;
    }

    host = &u->upstream->host;
    state = r->upstream_states->elts;
    n = r->upstream_states->nelts - 1;

    for (i = 0; i < n; i++) {
        if (state[i].peer && state[i].connect_time != (ngx_msec_t) -1) {
            return 0;
        }
    }

    return state[n].connect_time == (ngx_msec_t) -1
           && state[n].peer
           && state[n].peer->len == host->len
           && ngx_strncmp(state[n].peer->data, host->data, host->len) == 0;
}


/* another process's clock may be a little ahead */

static ngx_uint_t
ngx_http_review_busy_lately(ngx_msec_t when)
{
    return when && (ngx_msec_int_t) (ngx_current_msec - when)
                   < NGX_HTTP_REVIEW_BUSY_LATELY;
}


/* of few upstreams of a zone; the one that was seen least lately gives way */

static ngx_http_review_seen_t *
ngx_http_review_busy_seen(ngx_http_review_load_t *load, uint32_t upstream)
{
    ngx_uint_t               i;
    ngx_msec_t               last, oldest;
    ngx_http_review_seen_t  *seen, *found;

    found = &load->seen[0];
    oldest = (ngx_msec_t) -1;

    for (i = 0; i < NGX_HTTP_REVIEW_SEEN; i++) {
        seen = &load->seen[i];

        if (seen->upstream == upstream) {
            return seen;
        }

        last = ngx_max(seen->answered, ngx_max(seen->connected, seen->lost));

        if (last < oldest) {
            oldest = last;
            found = seen;
        }
    }

    ngx_memzero(found, sizeof(ngx_http_review_seen_t));
    found->upstream = upstream;

    return found;
}


void
ngx_http_review_busy_learn(ngx_http_review_turn_t *turn,
    ngx_http_review_sample_t *sample)
{
    ngx_http_review_load_t  *load;
    ngx_http_review_seen_t  *seen;

    if (turn->upstream == 0) {
        return;
    }

    load = ngx_http_review_zone_load(turn->waiter->limit->zone);
    seen = ngx_http_review_busy_seen(load, turn->upstream);

    if (sample->lost) {
        seen->lost = ngx_current_msec;

    } else if (sample->result == REVIEW_CIRCUIT_GOOD
               || sample->result == REVIEW_CIRCUIT_ANSWERED)
    {
        seen->answered = ngx_current_msec;
    }
}


/*
 * With the lock held: which calls of this process are connected?  Is one of
 * this upstream, or about to be?
 */

static void
ngx_http_review_busy_look(ngx_http_review_zone_t *zone, uint32_t upstream,
    ngx_uint_t *connected, ngx_uint_t *connecting)
{
    uint32_t                 asked;
    ngx_queue_t             *q;
    ngx_http_request_t      *r;
    ngx_http_upstream_t     *u;
    ngx_http_review_load_t  *load;
    ngx_http_review_turn_t  *turn;

    load = ngx_http_review_zone_load(zone);

    *connected = 0;
    *connecting = 0;

    for (q = ngx_queue_head(&zone->held);
         q != ngx_queue_sentinel(&zone->held);
         q = ngx_queue_next(q))
    {
        turn = ngx_queue_data(q, ngx_http_review_turn_t, queue);

        r = *turn->request;
        u = r ? r->upstream : NULL;

        if (u == NULL || u->peer.connection == NULL) {
            continue;
        }

        asked = ngx_http_review_busy_upstream(r);

        if (asked == 0) {
            continue;
        }

        if (u->state->connect_time != (ngx_msec_t) -1) {
            ngx_http_review_busy_seen(load, asked)->connected =
                                                            ngx_current_msec;

            if (asked == upstream) {
                *connected = 1;
            }

        } else if (asked == upstream
                   && ngx_http_review_busy_lately(u->start_time))
        {
            *connecting = 1;
        }
    }
}


ngx_uint_t
ngx_http_review_busy(ngx_http_review_turn_t *turn)
{
    ngx_uint_t               busy, connected, connecting;
    review_queue_t          *q;
    ngx_http_review_seen_t  *seen;
    ngx_http_review_zone_t  *zone;

    if (turn->state != NGX_HTTP_REVIEW_TURN_HELD) {
        return 0;
    }

    zone = turn->waiter->limit->zone;

    q = ngx_http_review_zone_lock(zone);

    ngx_http_review_busy_look(zone, turn->upstream, &connected, &connecting);

    if (ngx_http_review_busy_lately(turn->begun)
        && q->in_flight > review_queue_running(q, zone->process))
    {
        connecting = 1;
    }

    seen = ngx_http_review_busy_seen(ngx_http_review_zone_load(zone),
                                     turn->upstream);

    busy = connected
           || ngx_http_review_busy_lately(seen->connected)
           || ngx_http_review_busy_lately(seen->answered)
           || (connecting && !ngx_http_review_busy_lately(seen->lost));

    ngx_http_review_zone_unlock(zone);

    return busy;
}


/* with the lock held: the others see how long it has been waited for here */

static void
ngx_http_review_busy_tell(ngx_http_review_zone_t *zone)
{
    ngx_uint_t               n;
    ngx_queue_t             *head;
    ngx_http_review_load_t  *load;
    ngx_http_review_line_t  *line;
    ngx_http_review_turn_t  *turn;

    load = ngx_http_review_zone_load(zone);
    line = &ngx_http_review_zone_lines(zone, &n)[zone->process];

    line->since = 0;
    line->told = ngx_current_msec;
    line->calls = zone->npaused;

    if (ngx_queue_empty(&zone->paused)) {
        line->go = 0;
        return;
    }

    head = ngx_queue_head(&zone->paused);
    turn = ngx_queue_data(head, ngx_http_review_turn_t, queue);

    line->since = turn->begun ? turn->begun : 1;
    load->paused = ngx_current_msec;
}


/* in the order in which they got their slots */

static void
ngx_http_review_busy_insert(ngx_http_review_turn_t *turn)
{
    ngx_queue_t             *q;
    ngx_http_review_turn_t  *other;
    ngx_http_review_zone_t  *zone;

    zone = turn->waiter->limit->zone;

    for (q = ngx_queue_last(&zone->paused);
         q != ngx_queue_sentinel(&zone->paused);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_http_review_turn_t, queue);

        if ((ngx_msec_int_t) (turn->begun - other->begun) >= 0) {
            break;
        }
    }

    /* behind q, or first */

    ngx_queue_insert_head(q, &turn->queue);
}


void
ngx_http_review_busy_pause(ngx_http_review_turn_t *turn, ngx_msec_t pause,
    ngx_uint_t first)
{
    review_queue_t          *q;
    ngx_http_review_load_t  *load;
    ngx_http_review_zone_t  *zone;

    zone = turn->waiter->limit->zone;
    load = ngx_http_review_zone_load(zone);

    turn->state = NGX_HTTP_REVIEW_TURN_PAUSED;

    ngx_queue_remove(&turn->queue);
    ngx_http_review_busy_insert(turn);
    zone->npaused++;

    q = ngx_http_review_zone_lock(zone);

    ngx_http_review_busy_tell(zone);

    /* a probe that was none: another call may be one meanwhile */

    review_circuit_result(&load->circuit, ngx_current_msec, turn->ticket,
                          REVIEW_CIRCUIT_NOTHING, 0);
    turn->ticket = 0;

    /* more calls than connections are too many */

    if (load->automatic && first) {
        review_adapt_sample(&load->adapt, ngx_current_msec, turn->begun,
                            q->in_flight, REVIEW_ADAPT_OVERLOAD, 0,
                            q->waiting);

        q->limit = review_adapt_limit(&load->adapt);
    }

    ngx_http_review_zone_unlock(zone);

    turn->timer.handler = ngx_http_review_busy_resume;
    turn->timer.data = turn;
    turn->timer.log = ngx_cycle->log;

    ngx_add_timer(&turn->timer, pause);

    ngx_http_review_process_watch(zone);
}


/* a connection may have become free that no call of the zone had */

static void
ngx_http_review_busy_resume(ngx_event_t *ev)
{
    ngx_http_review_turn_t  *turn;
    ngx_http_review_zone_t  *zone;

    turn = ev->data;
    zone = turn->waiter->limit->zone;

    turn->state = NGX_HTTP_REVIEW_TURN_READY;
    turn->go = 0;

    ngx_queue_remove(&turn->queue);
    ngx_queue_insert_tail(&zone->ready, &turn->queue);
    zone->npaused--;

    ngx_post_event(&zone->posted, &ngx_posted_events);
}


/* of all processes, who has paused for longest may ask again */

ngx_uint_t
ngx_http_review_busy_left(ngx_http_review_turn_t *turn, review_wake_t *wake)
{
    ngx_uint_t               i, n, first;
    ngx_msec_t               oldest;
    ngx_http_review_load_t  *load;
    ngx_http_review_line_t  *line;
    ngx_http_review_zone_t  *zone;

    zone = turn->waiter->limit->zone;

    if (turn->state == NGX_HTTP_REVIEW_TURN_PAUSED) {
        zone->npaused--;
        ngx_http_review_busy_tell(zone);
        return 0;
    }

    /* it had a connection, or was about to take one that is free */

    if (!(turn->state == NGX_HTTP_REVIEW_TURN_HELD && turn->upstream)
        && !(turn->state == NGX_HTTP_REVIEW_TURN_READY && turn->go))
    {
        return 0;
    }

    load = ngx_http_review_zone_load(zone);

    /* those who pause say so all the time */

    if (!ngx_http_review_busy_lately(load->paused)) {
        return 0;
    }

    line = ngx_http_review_zone_lines(zone, &n);
    first = 0;
    oldest = 0;

    for (i = 0; i < n; i++) {
        /* all of them may go on already, or the process does not run */

        if (line[i].since == 0 || line[i].go >= line[i].calls
            || !ngx_http_review_busy_lately(line[i].told)
            || (turn->local && i != zone->process))
        {
            continue;
        }

        if (oldest == 0
            || (ngx_msec_int_t) (line[i].since - oldest) < 0)
        {
            oldest = line[i].since;
            first = i;
        }
    }

    if (oldest == 0) {
        return 0;
    }

    line[first].go++;
    review_queue_wake_add(wake, first);

    return 1;
}


void
ngx_http_review_busy_claim(ngx_http_review_zone_t *zone)
{
    ngx_uint_t               n, connected, connecting;
    ngx_queue_t             *head;
    ngx_http_review_line_t  *line;
    ngx_http_review_turn_t  *turn;

    if (ngx_current_msec - zone->looked >= NGX_HTTP_REVIEW_BUSY_LOOK) {
        zone->looked = ngx_current_msec;
        ngx_http_review_busy_look(zone, 0, &connected, &connecting);
    }

    line = &ngx_http_review_zone_lines(zone, &n)[zone->process];

    for ( /* void */ ; line->go && !ngx_queue_empty(&zone->paused); line->go--)
    {
        head = ngx_queue_head(&zone->paused);
        ngx_queue_remove(head);

        turn = ngx_queue_data(head, ngx_http_review_turn_t, queue);
        turn->state = NGX_HTTP_REVIEW_TURN_READY;
        turn->go = 1;
        zone->npaused--;

        ngx_queue_insert_tail(&zone->ready, head);
    }

    ngx_http_review_busy_tell(zone);
}
