
/* What all processes know of an LLM: its limit, its circuit, its metrics. */

#include "http/limit/ngx_http_review_limit.h"


/* gives free slots to those who wait, as far as the circuit has room */

void
ngx_http_review_load_serve(ngx_http_review_load_t *load, review_queue_t *q,
    review_wake_t *wake)
{
    uint32_t           n;
    review_circuit_t  *circuit;

    circuit = &load->circuit;

    for ( ;; ) {
        n = review_circuit_room(circuit, ngx_current_msec);

        if (n == REVIEW_CIRCUIT_ALL) {
            (void) review_queue_serve(q, n, wake);
            return;
        }

        /* a probe: who has failed again and again knows least of the LLM */

        if ((n == 0 && !review_circuit_room_fresh(circuit, ngx_current_msec))
            || !review_queue_probe(q, n == 0, wake))
        {
            return;
        }

        review_circuit_promise(circuit, ngx_current_msec, 1);
    }
}


uint32_t
ngx_http_review_load_failed(ngx_http_review_load_t *load, uint32_t key)
{
    return key ? load->failed[key % NGX_HTTP_REVIEW_LOAD_FAILED] : 0;
}


void
ngx_http_review_load_result(ngx_http_review_load_t *load,
    ngx_http_review_turn_t *turn, review_circuit_result_e result)
{
    u_char            *failed;
    ngx_uint_t         open;
    review_circuit_t  *circuit;

    circuit = &load->circuit;
    open = (circuit->state != REVIEW_CIRCUIT_CLOSED);
    failed = &load->failed[turn->key % NGX_HTTP_REVIEW_LOAD_FAILED];

    review_circuit_result(circuit, ngx_current_msec, turn->ticket, result,
                          turn->failed != 0);

    if (open && circuit->state == REVIEW_CIRCUIT_CLOSED) {
        ngx_memzero(load->failed, sizeof(load->failed));
        return;
    }

    if (turn->key == 0) {
        return;
    }

    switch (result) {

    case REVIEW_CIRCUIT_FAILED:
    case REVIEW_CIRCUIT_ERROR:
        *failed = (u_char) ngx_min(*failed + 1, REVIEW_QUEUE_FAILED);
        break;

    case REVIEW_CIRCUIT_NOTHING:
        break;

    default:
        *failed = 0;
    }
}


/* makes the limit what the configuration says, with the lock held */

void
ngx_http_review_load_apply(ngx_http_review_load_t *load,
    ngx_http_review_zone_t *zone, review_queue_t *q, review_wake_t *wake)
{
    if (zone->automatic) {
        if (load->automatic) {
            review_adapt_bounds(&load->adapt, zone->min, zone->max);

        } else {
            review_adapt_init(&load->adapt, zone->min, zone->max);
        }

        q->limit = review_adapt_limit(&load->adapt);

    } else {
        q->limit = zone->calls;
    }

    load->automatic = zone->automatic;

    review_circuit_set(&load->circuit, &zone->circuit.conf);

    ngx_http_review_load_serve(load, q, wake);
}


void
ngx_http_review_load_init(ngx_http_review_load_t *load)
{
    ngx_memzero(load, sizeof(ngx_http_review_load_t));

    review_circuit_init(&load->circuit, NGX_HTTP_REVIEW_LIMIT_EXPIRY);
}
