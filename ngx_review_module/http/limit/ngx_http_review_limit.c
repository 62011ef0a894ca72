
/*
 * The LLM's capacity: a call takes a slot, or waits for its turn, and gives
 * the slot back.  What it has seen of the LLM moves the limit and the circuit.
 */

#include "http/ngx_http_review.h"


/* how long it counts what was seen of the LLM's connections */

#define NGX_HTTP_REVIEW_LIMIT_LATELY  1000


static void ngx_http_review_limit_hold(ngx_http_review_turn_t *turn);
static void ngx_http_review_limit_expired(ngx_event_t *ev);
static void ngx_http_review_limit_resume(ngx_event_t *ev);
static void ngx_http_review_limit_ready(ngx_http_review_zone_t *zone);


review_priority_e
ngx_http_review_priority_of(ngx_str_t *value)
{
    if (value->len == 4 && ngx_strncasecmp(value->data, (u_char *) "high", 4)
                           == 0)
    {
        return REVIEW_PRIORITY_HIGH;
    }

    if (value->len == 3 && ngx_strncasecmp(value->data, (u_char *) "low", 3)
                           == 0)
    {
        return REVIEW_PRIORITY_LOW;
    }

    return REVIEW_PRIORITY_NORMAL;
}


void
ngx_http_review_waiter_init(ngx_http_review_waiter_t *waiter,
    ngx_http_request_t *r, ngx_http_review_loc_conf_t *conf)
{
    ngx_str_t  value;

    waiter->limit = conf->limit;
    waiter->expiry = conf->call_timeout + NGX_HTTP_REVIEW_LIMIT_EXPIRY;
    waiter->index = REVIEW_QUEUE_NONE;
    waiter->priority = REVIEW_PRIORITY_NORMAL;

    ngx_queue_init(&waiter->turns);

    if (conf->limit && conf->priority
        && ngx_http_complex_value(r, conf->priority, &value) == NGX_OK)
    {
        waiter->priority = ngx_http_review_priority_of(&value);
    }
}


/* with the lock held; 0: the circuit is open */

static ngx_uint_t
ngx_http_review_limit_allowed(ngx_http_review_turn_t *turn,
    ngx_http_review_zone_t *zone)
{
    review_circuit_t  *circuit;

    circuit = &ngx_http_review_zone_load(zone)->circuit;

    if (circuit->expiry < turn->waiter->expiry) {
        circuit->expiry = (uint32_t) turn->waiter->expiry;
    }

    return review_circuit_allow(circuit, ngx_current_msec,
                                (uint32_t) ngx_random(), &turn->ticket)
           != REVIEW_CIRCUIT_REFUSE;
}


/* with the lock held */

static ngx_int_t
ngx_http_review_limit_take(ngx_http_review_turn_t *turn, review_queue_t *q,
    review_wake_t *wake)
{
    ngx_http_review_zone_t    *zone;
    ngx_http_review_waiter_t  *waiter;

    waiter = turn->waiter;
    zone = waiter->limit->zone;

    if (review_queue_take(q, zone->process)) {

        if (ngx_http_review_limit_allowed(turn, zone)) {
            turn->begun = ngx_current_msec;
            ngx_http_review_limit_hold(turn);
            return NGX_OK;
        }

        review_queue_give(q, zone->process);
        review_queue_serve(q, wake);

        turn->code = "circuit_open";
        return NGX_DECLINED;
    }

    if (review_circuit_state(&ngx_http_review_zone_load(zone)->circuit,
                             ngx_current_msec)
        != REVIEW_CIRCUIT_CLOSED)
    {
        turn->code = "circuit_open";
        return NGX_DECLINED;
    }

    waiter->index = review_queue_wait(q, waiter->index, zone->process,
                                      waiter->priority, waiter);

    if (waiter->index == REVIEW_QUEUE_NONE) {
        turn->code = "queue_full";
        return NGX_DECLINED;
    }

    turn->state = NGX_HTTP_REVIEW_TURN_WAITING;

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_review_limit_ask(ngx_http_review_turn_t *turn)
{
    ngx_int_t                  rc;
    review_wake_t              wake;
    review_queue_t            *q;
    ngx_http_review_zone_t    *zone;
    ngx_http_review_waiter_t  *waiter;

    waiter = turn->waiter;

    turn->code = NULL;
    turn->ticket = 0;
    turn->asked = ngx_current_msec;

    if (waiter->limit == NULL) {
        return NGX_OK;
    }

    zone = waiter->limit->zone;

    if (!ngx_http_review_process_entered(zone)) {
        turn->code = "queue_full";
        return NGX_DECLINED;
    }

    ngx_memzero(&wake, sizeof(review_wake_t));

    q = ngx_http_review_zone_lock(zone);
    rc = ngx_http_review_limit_take(turn, q, &wake);
    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);

    if (rc == NGX_AGAIN) {
        ngx_queue_insert_tail(&waiter->turns, &turn->queue);

        turn->timer.handler = ngx_http_review_limit_expired;
        turn->timer.data = turn;
        turn->timer.log = ngx_cycle->log;

        ngx_add_timer(&turn->timer, waiter->limit->wait);

        ngx_http_review_process_watch(zone);
    }

    return rc;
}


static void
ngx_http_review_limit_hold(ngx_http_review_turn_t *turn)
{
    ngx_http_review_zone_t  *zone;

    zone = turn->waiter->limit->zone;

    turn->state = NGX_HTTP_REVIEW_TURN_HELD;

    ngx_queue_insert_tail(&zone->held, &turn->queue);

    ngx_http_review_process_watch(zone);
}


static void
ngx_http_review_limit_expired(ngx_event_t *ev)
{
    ngx_http_review_turn_t *turn = ev->data;

    ngx_http_review_limit_leave(turn);

    turn->code = "queue_timeout";
    turn->handler(turn);
}


/* with the lock held: what a call that has ended says about the LLM */

static void
ngx_http_review_limit_learn(ngx_http_review_turn_t *turn, review_queue_t *q,
    ngx_http_review_sample_t *sample)
{
    ngx_http_review_load_t  *load;

    load = ngx_http_review_zone_load(turn->waiter->limit->zone);

    if (sample->lost) {
        load->lost = ngx_current_msec;

    } else if (sample->result == REVIEW_CIRCUIT_GOOD
               || sample->result == REVIEW_CIRCUIT_ANSWERED)
    {
        load->answered = ngx_current_msec;
    }

    review_circuit_result(&load->circuit, ngx_current_msec, turn->ticket,
                          sample->result);

    if (load->automatic) {
        review_adapt_sample(&load->adapt, ngx_current_msec, turn->begun,
                            q->in_flight, sample->outcome,
                            (uint32_t) sample->first, q->waiting);

        q->limit = review_adapt_limit(&load->adapt);
    }
}


/*
 * With the lock held: so many connections have become free since the last time,
 * as far as calls of the zone had them, so that as many may ask again.
 */

static void
ngx_http_review_limit_wake(ngx_http_review_zone_t *zone)
{
    uint64_t                 freed;
    ngx_queue_t             *head;
    ngx_http_review_turn_t  *turn;

    freed = ngx_http_review_zone_load(zone)->freed;

    for ( /* void */ ; zone->freed != freed; zone->freed++) {

        if (ngx_queue_empty(&zone->paused)) {
            zone->freed = freed;
            return;
        }

        head = ngx_queue_head(&zone->paused);
        ngx_queue_remove(head);

        turn = ngx_queue_data(head, ngx_http_review_turn_t, queue);
        turn->state = NGX_HTTP_REVIEW_TURN_READY;

        ngx_queue_insert_tail(&zone->ready, head);

        ngx_post_event(&zone->posted, &ngx_posted_events);
    }
}


void
ngx_http_review_limit_done(ngx_http_review_turn_t *turn,
    ngx_http_review_sample_t *sample)
{
    review_wake_t              wake;
    review_queue_t            *q;
    ngx_http_review_zone_t    *zone;
    ngx_http_review_waiter_t  *waiter;

    if (turn->state == NGX_HTTP_REVIEW_TURN_NONE) {
        return;
    }

    waiter = turn->waiter;
    zone = waiter->limit->zone;

    ngx_memzero(&wake, sizeof(review_wake_t));

    q = ngx_http_review_zone_lock(zone);

    if (turn->state == NGX_HTTP_REVIEW_TURN_WAITING) {
        review_queue_quit(q, &waiter->index);

    } else {
        ngx_http_review_limit_learn(turn, q, sample);
        review_queue_give(q, zone->process);

        if (turn->state == NGX_HTTP_REVIEW_TURN_HELD) {
            ngx_http_review_zone_load(zone)->freed++;
            ngx_http_review_limit_wake(zone);
        }
    }

    review_queue_serve(q, &wake);

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);

    ngx_queue_remove(&turn->queue);

    if (turn->timer.timer_set) {
        ngx_del_timer(&turn->timer);
    }

    turn->state = NGX_HTTP_REVIEW_TURN_NONE;
}


void
ngx_http_review_limit_leave(ngx_http_review_turn_t *turn)
{
    ngx_http_review_sample_t  sample;

    ngx_http_review_limit_sample(&sample, "cancelled");
    ngx_http_review_limit_done(turn, &sample);
}


void
ngx_http_review_limit_pause(ngx_http_review_turn_t *turn, ngx_msec_t pause)
{
    ngx_http_review_load_t  *load;
    ngx_http_review_zone_t  *zone;

    zone = turn->waiter->limit->zone;
    load = ngx_http_review_zone_load(zone);

    /* a probe that was none: another call may be one meanwhile */

    (void) ngx_http_review_zone_lock(zone);
    review_circuit_result(&load->circuit, ngx_current_msec, turn->ticket,
                          REVIEW_CIRCUIT_NOTHING);
    ngx_http_review_zone_unlock(zone);

    turn->state = NGX_HTTP_REVIEW_TURN_PAUSED;

    ngx_queue_remove(&turn->queue);
    ngx_queue_insert_tail(&zone->paused, &turn->queue);

    turn->timer.handler = ngx_http_review_limit_resume;
    turn->timer.data = turn;
    turn->timer.log = ngx_cycle->log;

    ngx_add_timer(&turn->timer, pause);

    ngx_http_review_process_watch(zone);
}


static void
ngx_http_review_limit_resume(ngx_event_t *ev)
{
    ngx_http_review_turn_t  *turn;
    ngx_http_review_zone_t  *zone;

    turn = ev->data;
    zone = turn->waiter->limit->zone;

    turn->state = NGX_HTTP_REVIEW_TURN_READY;

    ngx_queue_remove(&turn->queue);
    ngx_queue_insert_tail(&zone->ready, &turn->queue);

    ngx_http_review_limit_ready(zone);
}


/* is any call of this process connected, or connecting? */

static void
ngx_http_review_limit_look(ngx_http_review_zone_t *zone,
    ngx_uint_t *connected, ngx_uint_t *connecting)
{
    ngx_queue_t             *q;
    ngx_http_request_t      *r;
    ngx_http_upstream_t     *u;
    ngx_http_review_turn_t  *turn;

    *connected = 0;
    *connecting = 0;

    for (q = ngx_queue_head(&zone->held);
         q != ngx_queue_sentinel(&zone->held) && !*connected;
         q = ngx_queue_next(q))
    {
        turn = ngx_queue_data(q, ngx_http_review_turn_t, queue);

        r = *turn->request;
        u = r ? r->upstream : NULL;

        if (u == NULL || u->peer.connection == NULL) {
            continue;
        }

        if (u->state->connect_time != (ngx_msec_t) -1) {
            *connected = 1;

        } else if (ngx_current_msec - u->start_time
                   < NGX_HTTP_REVIEW_LIMIT_LATELY)
        {
            *connecting = 1;
        }
    }
}


/* may nginx leave a server of this upstream alone that is up? */

static ngx_uint_t
ngx_http_review_limit_bounded(ngx_http_upstream_srv_conf_t *uscf)
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


/*
 * nginx has the upstream's name for that of a server that it has not found.
 * Where another one was connected to before, there was a try all the same.
 */

ngx_uint_t
ngx_http_review_limit_no_server(ngx_http_request_t *r)
{
    ngx_str_t                  *host;
    ngx_uint_t                  i, n;
    ngx_http_upstream_t        *u;
    ngx_http_upstream_state_t  *state;

    u = r->upstream;

    if (u == NULL || u->upstream == NULL || r->upstream_states == NULL
        || r->upstream_states->nelts == 0
        || !ngx_http_review_limit_bounded(u->upstream))
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


static ngx_uint_t
ngx_http_review_limit_lately(ngx_msec_t when)
{
    return when && (ngx_msec_int_t) (ngx_current_msec - when)
                   < NGX_HTTP_REVIEW_LIMIT_LATELY;
}


ngx_uint_t
ngx_http_review_limit_is_busy(ngx_http_review_turn_t *turn)
{
    ngx_uint_t               busy, connected, connecting;
    review_queue_t          *q;
    ngx_http_review_load_t  *load;
    ngx_http_review_zone_t  *zone;

    if (turn->state != NGX_HTTP_REVIEW_TURN_HELD) {
        return 0;
    }

    zone = turn->waiter->limit->zone;
    load = ngx_http_review_zone_load(zone);

    ngx_http_review_limit_look(zone, &connected, &connecting);

    q = ngx_http_review_zone_lock(zone);

    if (ngx_http_review_limit_lately(turn->begun)
        && q->in_flight > q->shares[zone->process].in_flight)
    {
        connecting = 1;
    }

    busy = connected
           || ngx_http_review_limit_lately(load->connected)
           || ngx_http_review_limit_lately(load->answered)
           || (connecting && !ngx_http_review_limit_lately(load->lost));

    ngx_http_review_zone_unlock(zone);

    return busy;
}


/* takes what has been granted to this process */

ngx_uint_t
ngx_http_review_limit_claim(ngx_http_review_zone_t *zone)
{
    int                        gone;
    void                      *owner;
    uint32_t                   n;
    ngx_uint_t                 connected, connecting;
    ngx_queue_t               *head;
    review_wake_t              wake;
    review_queue_t            *q;
    ngx_http_review_turn_t    *turn;
    ngx_http_review_waiter_t  *waiter;

    ngx_memzero(&wake, sizeof(review_wake_t));

    ngx_http_review_limit_look(zone, &connected, &connecting);

    q = ngx_http_review_zone_lock(zone);

    if (connected) {
        ngx_http_review_zone_load(zone)->connected = ngx_current_msec;
    }

    ngx_http_review_limit_wake(zone);

    while ((n = review_queue_claim(q, zone->process, &owner, &gone))) {
        waiter = owner;

        if (gone) {
            waiter->index = REVIEW_QUEUE_NONE;
        }

        for ( /* void */ ; n && !ngx_queue_empty(&waiter->turns); n--) {
            head = ngx_queue_head(&waiter->turns);
            ngx_queue_remove(head);

            turn = ngx_queue_data(head, ngx_http_review_turn_t, queue);
            turn->state = NGX_HTTP_REVIEW_TURN_READY;
            turn->begun = ngx_current_msec;

            ngx_queue_insert_tail(&zone->ready, head);
        }

        /* all of them are waited for; if not, no slot must be lost by it */

        for ( /* void */ ; n; n--) {
            review_queue_give(q, zone->process);
        }
    }

    review_queue_serve(q, &wake);
    n = q->waiting;

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);

    ngx_http_review_limit_ready(zone);

    return n != 0 || !ngx_queue_empty(&zone->held)
           || !ngx_queue_empty(&zone->paused);
}


/* lets those go on whose turn has come; each of them may end others */

static void
ngx_http_review_limit_ready(ngx_http_review_zone_t *zone)
{
    ngx_uint_t               allowed;
    ngx_queue_t             *head;
    ngx_http_review_turn_t  *turn;

    while (!ngx_queue_empty(&zone->ready)) {
        head = ngx_queue_head(&zone->ready);
        turn = ngx_queue_data(head, ngx_http_review_turn_t, queue);

        (void) ngx_http_review_zone_lock(zone);
        allowed = ngx_http_review_limit_allowed(turn, zone);
        ngx_http_review_zone_unlock(zone);

        if (!allowed) {
            ngx_http_review_limit_leave(turn);

            turn->code = "circuit_open";
            turn->handler(turn);
            continue;
        }

        ngx_queue_remove(head);

        if (turn->timer.timer_set) {
            ngx_del_timer(&turn->timer);
        }

        ngx_http_review_limit_hold(turn);
        turn->handler(turn);
    }
}


/*
 * Calls that wait say how late one would be that comes now: the time that
 * calls have taken, as often as all slots will be taken by those who wait.
 */

ngx_uint_t
ngx_http_review_limit_full(ngx_http_review_limit_t *limit)
{
    uint32_t             waiting, slots;
    ngx_uint_t           i;
    uint64_t             n, late;
    review_queue_t      *q;
    review_histogram_t  *h;

    q = ngx_http_review_zone_lock(limit->zone);

    waiting = q->waiting;
    slots = q->limit;

    i = slots && q->in_flight >= slots && waiting >= limit->queue;

    ngx_http_review_zone_unlock(limit->zone);

    if (i == 0) {
        return 0;
    }

    /* where nobody may wait, nobody else looks for processes that have died */

    (void) ngx_http_review_process_reclaim(limit->zone);

    h = &ngx_http_review_zone_load(limit->zone)->metrics.call_duration;

    for (n = 0, i = 0; i < REVIEW_METRICS_BUCKETS; i++) {
        n += h->buckets[i];
    }

    late = n ? h->sum / n * (waiting + 1) / slots / 1000 + 1 : 1;

    return ngx_min(late, 60);
}


/* by the code of its failure, NULL if there was none */

void
ngx_http_review_limit_sample(ngx_http_review_sample_t *sample,
    const char *code)
{
    sample->outcome = REVIEW_ADAPT_OK;
    sample->result = REVIEW_CIRCUIT_GOOD;
    sample->first = 0;
    sample->lost = 0;

    if (code == NULL) {
        return;
    }

    if (ngx_strcmp(code, "rate_limited") == 0) {
        sample->outcome = REVIEW_ADAPT_OVERLOAD;
        sample->result = REVIEW_CIRCUIT_ANSWERED;

    } else if (ngx_strcmp(code, "call_timeout") == 0
               || ngx_strcmp(code, "http_503") == 0
               || ngx_strcmp(code, "http_504") == 0)
    {
        sample->outcome = REVIEW_ADAPT_OVERLOAD;
        sample->result = REVIEW_CIRCUIT_FAILED;

    } else if (ngx_strcmp(code, "connect") == 0
               || ngx_strcmp(code, "cut") == 0)
    {
        sample->outcome = REVIEW_ADAPT_OTHER;
        sample->result = REVIEW_CIRCUIT_FAILED;
        sample->lost = 1;

    } else if (ngx_strncmp(code, "http_5", 6) == 0) {
        sample->outcome = REVIEW_ADAPT_OTHER;
        sample->result = REVIEW_CIRCUIT_FAILED;

    } else if (ngx_strcmp(code, "internal") == 0
               || ngx_strcmp(code, "cancelled") == 0
               || ngx_strcmp(code, "busy") == 0)
    {
        sample->outcome = REVIEW_ADAPT_OTHER;
        sample->result = REVIEW_CIRCUIT_NOTHING;

    } else {
        if (ngx_strncmp(code, "http_", 5) == 0) {
            sample->outcome = REVIEW_ADAPT_OTHER;
        }

        sample->result = REVIEW_CIRCUIT_ANSWERED;
    }
}
