
/*
 * The LLM's capacity: a call takes a slot, or waits for its turn, and gives
 * the slot back.  What it has seen of the LLM moves the limit and the circuit.
 */

#include "http/limit/ngx_http_review_limit.h"


static void ngx_http_review_limit_hold(ngx_http_review_turn_t *turn);
static void ngx_http_review_limit_expired(ngx_event_t *ev);
static void ngx_http_review_limit_fall(ngx_http_review_zone_t *zone);
static void ngx_http_review_limit_ready(ngx_http_review_zone_t *zone);


review_priority_e
ngx_http_review_limit_priority_of(ngx_str_t *value)
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


/*
 * With the lock held: is its deadline nearer than an answer can be?  Who comes,
 * or waits, and finds it so when its turn comes, leaves the turn to others.
 */

static ngx_uint_t
ngx_http_review_limit_is_late(ngx_http_review_turn_t *turn)
{
    uint32_t                 fastest;
    ngx_http_review_load_t  *load;

    if (turn->expires == 0) {
        return 0;
    }

    load = ngx_http_review_zone_load(turn->waiter->limit->zone);
    fastest = review_recent_fastest(&load->recent, ngx_current_msec);

    return (ngx_msec_int_t) (turn->expires - ngx_current_msec)
           < (ngx_msec_int_t) fastest;
}


/*
 * With the lock held: may the call begin now?  One that was granted its slot
 * was promised room by the circuit, which may have opened since; one that has
 * paused, and one that comes, need room first.
 */

static ngx_uint_t
ngx_http_review_limit_begin(ngx_http_review_turn_t *turn)
{
    review_circuit_t  *circuit;

    circuit = &ngx_http_review_zone_load(turn->waiter->limit->zone)->circuit;

    if (circuit->expiry < turn->waiter->expiry) {
        circuit->expiry = (uint32_t) turn->waiter->expiry;
    }

    if (!turn->promised) {
        if ((turn->failed
             ? review_circuit_room(circuit, ngx_current_msec)
             : review_circuit_room_fresh(circuit, ngx_current_msec)) == 0)
        {
            return 0;
        }

        review_circuit_promise(circuit, ngx_current_msec, 1);
    }

    turn->promised = 0;

    return review_circuit_begin(circuit, (uint32_t) ngx_random(),
                                &turn->ticket);
}


/* with the lock held */

static void
ngx_http_review_limit_who(ngx_http_review_waiter_t *waiter, review_who_t *who)
{
    who->process = waiter->limit->zone->process;
    who->tenant = ngx_http_review_tenant_find(waiter);
    who->most = waiter->tenant_limit ? waiter->tenant_limit->calls : 0;
    who->priority = waiter->priority;
    who->owner = waiter;
}


/* with the lock held */

static void
ngx_http_review_limit_give(ngx_http_review_waiter_t *waiter, review_queue_t *q)
{
    review_who_t  who;

    ngx_http_review_limit_who(waiter, &who);
    review_queue_give(q, &waiter->index, &who);
}


/* with the lock held: other calls of it wait now, this one too, if it is one */

static void
ngx_http_review_limit_mark(ngx_http_review_waiter_t *waiter, review_queue_t *q,
    ngx_http_review_turn_t *turn)
{
    ngx_queue_t             *head;
    ngx_http_review_turn_t  *other;

    if (!ngx_queue_empty(&waiter->turns)) {
        head = ngx_queue_head(&waiter->turns);
        other = ngx_queue_data(head, ngx_http_review_turn_t, queue);

        if (turn == NULL || other->failed < turn->failed) {
            turn = other;
        }
    }

    if (turn && waiter->index != REVIEW_QUEUE_NONE) {
        review_queue_mark(q, waiter->index, turn->failed);
    }
}


/* with the lock held */

static ngx_int_t
ngx_http_review_limit_wait(ngx_http_review_turn_t *turn, review_queue_t *q)
{
    review_who_t               who;
    ngx_http_review_waiter_t  *waiter;

    waiter = turn->waiter;

    if (turn->falls && ngx_http_review_limit_is_open(waiter->limit)) {
        turn->code = REVIEW_CODE_CIRCUIT_OPEN;
        return NGX_DECLINED;
    }

    ngx_http_review_limit_who(waiter, &who);
    review_queue_wait(q, &waiter->index, &who);

    if (waiter->index == REVIEW_QUEUE_NONE) {
        turn->code = REVIEW_CODE_QUEUE_FULL;
        return NGX_DECLINED;
    }

    ngx_http_review_limit_mark(waiter, q, turn);

    turn->state = NGX_HTTP_REVIEW_TURN_WAITING;

    if (turn->falls) {
        ngx_queue_insert_tail(&waiter->limit->zone->falling, &turn->falling);
    }

    return NGX_AGAIN;
}


/* with the lock held */

static ngx_int_t
ngx_http_review_limit_take(ngx_http_review_turn_t *turn, review_queue_t *q)
{
    review_who_t               who;
    ngx_http_review_waiter_t  *waiter;

    waiter = turn->waiter;

    turn->failed = ngx_http_review_load_failed(
                           ngx_http_review_zone_load(waiter->limit->zone),
                           turn->key);

    turn->late = ngx_http_review_limit_is_late(turn);

    if (turn->late) {
        turn->code = ngx_http_review_limit_waited(turn);
        return NGX_DECLINED;
    }

    ngx_http_review_limit_who(waiter, &who);

    if (review_queue_take(q, &waiter->index, &who)) {

        if (ngx_http_review_limit_begin(turn)) {
            turn->begun = ngx_current_msec;
            ngx_http_review_limit_hold(turn);
            return NGX_OK;
        }

        review_queue_give(q, &waiter->index, &who);
    }

    return ngx_http_review_limit_wait(turn, q);
}


/* in the order in which they are to go on: first those that failed least */

static void
ngx_http_review_limit_insert(ngx_http_review_turn_t *turn)
{
    ngx_queue_t             *q, *turns;
    ngx_http_review_turn_t  *other;

    turns = &turn->waiter->turns;

    for (q = ngx_queue_last(turns);
         q != ngx_queue_sentinel(turns);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_http_review_turn_t, queue);

        if (other->failed <= turn->failed) {
            break;
        }
    }

    /* behind q, or first */

    ngx_queue_insert_head(q, &turn->queue);
}


static void
ngx_http_review_limit_set_timer(ngx_http_review_turn_t *turn)
{
    turn->timer.handler = ngx_http_review_limit_expired;
    turn->timer.data = turn;
    turn->timer.log = ngx_cycle->log;

    ngx_add_timer(&turn->timer, turn->waiter->limit->wait);
}


ngx_int_t
ngx_http_review_limit_ask(ngx_http_review_turn_t *turn)
{
    ngx_int_t                  rc;
    review_queue_t            *q;
    ngx_http_review_zone_t    *zone;
    ngx_http_review_waiter_t  *waiter;

    waiter = turn->waiter;

    turn->code = REVIEW_CODE_OK;
    turn->ticket = 0;
    turn->upstream = 0;
    turn->peer = 0;
    turn->go = 0;
    turn->promised = 0;
    turn->late = 0;
    turn->watched = 0;
    turn->open = 0;
    turn->alone = 0;
    turn->asked = ngx_current_msec;

    if (waiter->limit == NULL) {
        return NGX_OK;
    }

    zone = waiter->limit->zone;

    if (!ngx_http_review_process_entered(zone)) {
        turn->code = REVIEW_CODE_QUEUE_FULL;
        return NGX_DECLINED;
    }

    q = ngx_http_review_zone_lock(zone);
    rc = ngx_http_review_limit_take(turn, q);
    ngx_http_review_zone_unlock(zone);

    if (rc == NGX_AGAIN) {
        ngx_http_review_limit_insert(turn);
        ngx_http_review_limit_set_timer(turn);
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


ngx_uint_t
ngx_http_review_limit_is_open(ngx_http_review_limit_t *limit)
{
    ngx_http_review_load_t  *load;

    load = ngx_http_review_zone_load(limit->zone);

    return review_circuit_state(&load->circuit, ngx_current_msec)
           != REVIEW_CIRCUIT_CLOSED;
}


review_code_t
ngx_http_review_limit_waited(ngx_http_review_turn_t *turn)
{
    return ngx_http_review_limit_is_open(turn->waiter->limit)
           ? REVIEW_CODE_CIRCUIT_OPEN : REVIEW_CODE_QUEUE_TIMEOUT;
}


static void
ngx_http_review_limit_expired(ngx_event_t *ev)
{
    ngx_http_review_turn_t *turn = ev->data;

    ngx_http_review_limit_leave(turn);

    turn->code = ngx_http_review_limit_waited(turn);
    turn->handler(turn);
}


/* one server that hangs among others is no overload */

static void
ngx_http_review_limit_adapt(ngx_http_review_turn_t *turn, review_queue_t *q,
    ngx_http_review_sample_t *sample)
{
    ngx_http_review_load_t  *load;

    load = ngx_http_review_zone_load(turn->waiter->limit->zone);

    if (sample->outcome == REVIEW_ADAPT_OK) {
        review_recent_answered(&load->recent, ngx_current_msec, turn->peer);

    } else if (sample->silent
               && review_recent_is_alone(&load->recent, ngx_current_msec,
                                         turn->peer,
                                         ngx_current_msec - turn->begun))
    {
        return;
    }

    review_adapt_sample(&load->adapt, ngx_current_msec, turn->begun,
                        q->in_flight, sample->outcome,
                        (uint32_t) sample->first, q->waiting);

    q->limit = review_adapt_limit(&load->adapt);
}


/* with the lock held: what a call that has ended says about the LLM */

static void
ngx_http_review_limit_learn(ngx_http_review_turn_t *turn, review_queue_t *q,
    ngx_http_review_sample_t *sample)
{
    ngx_http_review_load_t  *load;

    load = ngx_http_review_zone_load(turn->waiter->limit->zone);

    ngx_http_review_busy_learn(turn, sample);

    ngx_http_review_load_result(load, turn, sample->result);

    turn->open = review_circuit_state(&load->circuit, ngx_current_msec)
                 != REVIEW_CIRCUIT_CLOSED;

    turn->watched = (load->circuit.conf.failures != 0);
    turn->alone = (turn->answers == load->answers);

    if (sample->result == REVIEW_CIRCUIT_GOOD) {
        review_recent_add(&load->recent, ngx_current_msec, sample->took);
    }

    load->answers += sample->result == REVIEW_CIRCUIT_GOOD
                     || sample->result == REVIEW_CIRCUIT_ANSWERED;
    turn->answers = load->answers;

    if (load->automatic) {
        ngx_http_review_limit_adapt(turn, q, sample);
    }
}


void
ngx_http_review_limit_done(ngx_http_review_turn_t *turn,
    ngx_http_review_sample_t *sample)
{
    review_wake_t              wake;
    review_queue_t            *q;
    ngx_http_review_load_t    *load;
    ngx_http_review_zone_t    *zone;
    ngx_http_review_waiter_t  *waiter;

    if (turn->state == NGX_HTTP_REVIEW_TURN_NONE) {
        return;
    }

    waiter = turn->waiter;
    zone = waiter->limit->zone;
    load = ngx_http_review_zone_load(zone);

    review_queue_wake_init(&wake);

    q = ngx_http_review_zone_lock(zone);

    if (turn->state == NGX_HTTP_REVIEW_TURN_WAITING) {
        turn->promised = review_queue_quit(q, &waiter->index);

        if (turn->falls) {
            ngx_queue_remove(&turn->falling);
        }

    } else {
        ngx_http_review_limit_learn(turn, q, sample);
        ngx_http_review_limit_give(waiter, q);
    }

    if (turn->promised) {
        turn->promised = 0;
        review_circuit_return(&load->circuit);
    }

    ngx_queue_remove(&turn->queue);
    ngx_http_review_limit_mark(waiter, q, NULL);

    if (!ngx_http_review_busy_left(turn, &wake)) {
        ngx_http_review_load_serve(load, q, &wake);
    }

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);

    if (turn->timer.timer_set) {
        ngx_del_timer(&turn->timer);
    }

    turn->state = NGX_HTTP_REVIEW_TURN_NONE;
}


void
ngx_http_review_limit_leave(ngx_http_review_turn_t *turn)
{
    ngx_http_review_sample_t  sample;

    ngx_http_review_limit_sample(&sample, REVIEW_CODE_CANCELLED);
    ngx_http_review_limit_done(turn, &sample);
}


/* takes what has been granted to this process */

ngx_uint_t
ngx_http_review_limit_claim(ngx_http_review_zone_t *zone)
{
    int                        gone;
    void                      *owner;
    uint32_t                   n;
    ngx_queue_t               *head;
    review_wake_t              wake;
    review_queue_t            *q;
    ngx_http_review_load_t    *load;
    ngx_http_review_turn_t    *turn;
    ngx_http_review_waiter_t  *waiter;

    review_queue_wake_init(&wake);

    load = ngx_http_review_zone_load(zone);
    q = ngx_http_review_zone_lock(zone);

    ngx_http_review_busy_claim(zone);

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
            turn->promised = 1;

            if (turn->falls) {
                ngx_queue_remove(&turn->falling);
            }

            ngx_queue_insert_tail(&zone->ready, head);
        }

        ngx_http_review_limit_mark(waiter, q, NULL);

        /* all of them are waited for; if not, no slot must be lost by it */

        for ( /* void */ ; n; n--) {
            ngx_http_review_limit_give(waiter, q);
            review_circuit_return(&load->circuit);
        }
    }

    ngx_http_review_load_serve(load, q, &wake);
    n = q->waiting;

    ngx_http_review_zone_unlock(zone);

    ngx_http_review_process_wake(zone, &wake);

    ngx_http_review_limit_fall(zone);
    ngx_http_review_limit_ready(zone);

    return n != 0 || !ngx_queue_empty(&zone->held)
           || !ngx_queue_empty(&zone->paused);
}


/* the circuit has opened: those who may ask elsewhere don't wait for it */

static void
ngx_http_review_limit_fall(ngx_http_review_zone_t *zone)
{
    ngx_queue_t             *head;
    ngx_http_review_turn_t  *turn;

    while (!ngx_queue_empty(&zone->falling)) {
        head = ngx_queue_head(&zone->falling);
        turn = ngx_queue_data(head, ngx_http_review_turn_t, falling);

        if (!ngx_http_review_limit_is_open(turn->waiter->limit)) {
            return;
        }

        ngx_http_review_limit_leave(turn);

        turn->code = REVIEW_CODE_CIRCUIT_OPEN;
        turn->handler(turn);
    }
}


/* the circuit has opened before it could begin: it gives its slot back */

static ngx_int_t
ngx_http_review_limit_wait_again(ngx_http_review_turn_t *turn,
    review_queue_t *q)
{
    ngx_http_review_limit_give(turn->waiter, q);

    turn->go = 0;

    return ngx_http_review_limit_wait(turn, q);
}


/* lets those go on whose turn has come; each of them may end others */

static void
ngx_http_review_limit_ready(ngx_http_review_zone_t *zone)
{
    ngx_int_t                rc;
    ngx_queue_t             *head;
    review_queue_t          *q;
    ngx_http_review_turn_t  *turn;

    while (!ngx_queue_empty(&zone->ready)) {
        head = ngx_queue_head(&zone->ready);
        turn = ngx_queue_data(head, ngx_http_review_turn_t, queue);

        q = ngx_http_review_zone_lock(zone);

        turn->late = ngx_http_review_limit_is_late(turn);

        rc = turn->late ? NGX_DECLINED
             : ngx_http_review_limit_begin(turn)
             ? NGX_OK : ngx_http_review_limit_wait_again(turn, q);

        ngx_http_review_zone_unlock(zone);

        if (turn->late) {
            ngx_http_review_limit_leave(turn);
            turn->code = ngx_http_review_limit_waited(turn);
            turn->handler(turn);
            continue;
        }

        ngx_queue_remove(head);

        if (turn->timer.timer_set
            && (rc != NGX_AGAIN
                || turn->timer.handler != ngx_http_review_limit_expired))
        {
            ngx_del_timer(&turn->timer);
        }

        switch (rc) {

        case NGX_OK:
            ngx_http_review_limit_hold(turn);
            turn->handler(turn);
            break;

        case NGX_AGAIN:
            ngx_http_review_limit_insert(turn);

            if (!turn->timer.timer_set) {
                ngx_http_review_limit_set_timer(turn);
            }

            break;

        default:
            turn->state = NGX_HTTP_REVIEW_TURN_NONE;
            turn->handler(turn);
        }
    }
}


/* that it may have at best; not 0, where there is a limit of any kind */

static uint32_t
ngx_http_review_limit_slots(review_queue_t *q, review_who_t *who)
{
    return q->limit && (who->most == 0 || q->limit < who->most)
           ? q->limit : who->most;
}


/*
 * With the lock held: the seconds until the circuit is probed next; or how late
 * a call would be that comes now: the time that calls have lately taken, as
 * often as all slots will be taken by those who wait.
 */

static ngx_uint_t
ngx_http_review_limit_lateness(ngx_http_review_load_t *load, review_queue_t *q,
    review_who_t *who)
{
    uint32_t  slots;
    uint64_t  late;

    if (review_circuit_state(&load->circuit, ngx_current_msec)
        != REVIEW_CIRCUIT_CLOSED)
    {
        return review_circuit_retry_after(&load->circuit, ngx_current_msec)
               / 1000 + 1;
    }

    slots = ngx_http_review_limit_slots(q, who);

    if (slots == 0) {
        return 1;
    }

    late = (uint64_t) review_recent_mean(&load->recent, ngx_current_msec)
           * (review_queue_ahead(q, who) + 1) / slots / 1000 + 1;

    return ngx_min(late, 60);
}


ngx_uint_t
ngx_http_review_limit_retry_after(ngx_http_review_waiter_t *waiter)
{
    ngx_uint_t               seconds;
    review_who_t             who;
    review_queue_t          *q;
    ngx_http_review_zone_t  *zone;

    zone = waiter->limit->zone;
    q = ngx_http_review_zone_lock(zone);

    ngx_http_review_limit_who(waiter, &who);

    seconds = ngx_http_review_limit_lateness(ngx_http_review_zone_load(zone),
                                             q, &who);

    ngx_http_review_zone_unlock(zone);

    return seconds;
}


ngx_uint_t
ngx_http_review_limit_full(ngx_http_review_waiter_t *waiter)
{
    ngx_uint_t               seconds;
    review_who_t             who;
    review_queue_t          *q;
    ngx_http_review_load_t  *load;
    ngx_http_review_zone_t  *zone;

    zone = waiter->limit->zone;
    load = ngx_http_review_zone_load(zone);
    q = ngx_http_review_zone_lock(zone);

    ngx_http_review_limit_who(waiter, &who);

    seconds = 0;

    if ((!review_queue_room(q, &who)
         || review_circuit_room(&load->circuit, ngx_current_msec) == 0)
        && review_queue_ahead(q, &who) >= waiter->limit->queue)
    {
        seconds = ngx_http_review_limit_lateness(load, q, &who);
    }

    ngx_http_review_zone_unlock(zone);

    if (seconds) {

        /* where nobody may wait, nobody else looks for the dead */

        (void) ngx_http_review_process_reclaim(zone);
    }

    return seconds;
}


/* by the code of its failure */

void
ngx_http_review_limit_sample(ngx_http_review_sample_t *sample,
    review_code_t code)
{
    sample->outcome = REVIEW_ADAPT_OTHER;
    sample->result = REVIEW_CIRCUIT_FAILED;
    sample->first = 0;
    sample->took = 0;
    sample->lost = 0;
    sample->silent = 0;

    switch (code) {

    case REVIEW_CODE_RATE_LIMITED:
        sample->outcome = REVIEW_ADAPT_OVERLOAD;
        sample->result = REVIEW_CIRCUIT_ANSWERED;
        break;

    case REVIEW_CODE_SLOW:
        sample->outcome = REVIEW_ADAPT_OVERLOAD;
        sample->result = REVIEW_CIRCUIT_ANSWERED;
        break;

    case REVIEW_CODE_CALL_TIMEOUT:
    case review_code_http(NGX_HTTP_GATEWAY_TIME_OUT):
        sample->silent = 1;
        /* fall through */

    case review_code_http(NGX_HTTP_SERVICE_UNAVAILABLE):
        sample->outcome = REVIEW_ADAPT_OVERLOAD;
        break;

    case REVIEW_CODE_CONNECT:
    case REVIEW_CODE_CUT:
        sample->lost = 1;
        break;

    case review_code_http(NGX_HTTP_BAD_GATEWAY):
        break;

    case REVIEW_CODE_QUOTA:
    case REVIEW_CODE_TOO_LARGE:
        sample->result = REVIEW_CIRCUIT_ANSWERED;
        break;

    case REVIEW_CODE_INTERNAL:
    case REVIEW_CODE_CANCELLED:
    case REVIEW_CODE_BUSY:
        sample->result = REVIEW_CIRCUIT_NOTHING;
        break;

    case REVIEW_CODE_OK:
        sample->outcome = REVIEW_ADAPT_OK;
        sample->result = REVIEW_CIRCUIT_GOOD;
        break;

    default:

        if (code < REVIEW_CODE_HTTP) {
            sample->outcome = REVIEW_ADAPT_OK;
            sample->result = REVIEW_CIRCUIT_ANSWERED;

        } else if (review_code_http_status(code) / 100 == 5) {
            sample->result = REVIEW_CIRCUIT_ERROR;

        } else {
            sample->result = REVIEW_CIRCUIT_ANSWERED;
        }
    }
}
