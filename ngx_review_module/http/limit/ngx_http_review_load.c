
/* What all processes know of an LLM: its limit, its circuit, its metrics. */

#include "http/limit/ngx_http_review_limit.h"


/* gives free slots to those who wait, as far as the circuit has room */

void
ngx_http_review_load_serve(ngx_http_review_load_t *load, review_queue_t *q,
    review_wake_t *wake)
{
    uint32_t  n;

    n = review_circuit_room(&load->circuit, ngx_current_msec);
    n = review_queue_serve(q, n, wake);

    review_circuit_promise(&load->circuit, ngx_current_msec, n);
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
