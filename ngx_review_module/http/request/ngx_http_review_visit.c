
/*
 * Who comes to a request from outside: a timer, a turn, a thread, a transfer.
 * It may have been sent elsewhere meanwhile, and what it posts is run when the
 * visit ends.
 */

#include "http/request/ngx_http_review_request.h"
#include "http/request/ngx_http_review_work.h"


ngx_uint_t
ngx_http_review_visit_is_ours(ngx_http_review_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    if (ctx->over) {
        return 0;
    }

    r = ctx->request;

    if (r->post_action != ctx->post_action
        || ngx_http_get_module_ctx(r, ngx_http_review_module) != ctx)
    {
        ngx_http_review_visit_cleanup(ctx);
        return 0;
    }

    return 1;
}


ngx_connection_t *
ngx_http_review_visit_begin(ngx_http_review_ctx_t *ctx)
{
    return ngx_http_review_visit_is_ours(ctx)
           ? ngx_http_review_visit_request(ctx->request) : NULL;
}


ngx_connection_t *
ngx_http_review_visit_request(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    return c;
}


void
ngx_http_review_visit_end(ngx_connection_t *c)
{
    ngx_http_run_posted_requests(c);
}


/* the end, whatever has caused it: nothing may call back any more */

void
ngx_http_review_visit_cleanup(void *data)
{
    ngx_http_review_ctx_t *ctx = data;

    ngx_http_review_exit_leave(&ctx->exits);

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }

    if (ctx->ping.timer_set) {
        ngx_del_timer(&ctx->ping);
    }

    if (ctx->waking.posted) {
        ngx_delete_posted_event(&ctx->waking);
    }

    if (!ctx->over) {
        ctx->over = 1;

        if (ctx->work) {
            ctx->work->gone = 1;
        }

        if (ctx->cancel) {
            ctx->cancel(ctx);
        }
    }

    if (ctx->calling) {
        ctx->calling->leave(ctx);
    }
}


/*
 * A handler of the precontent phase: nginx goes on with the request in the
 * location of a post_action.  Its client waits for nothing any more, and no
 * call of it may keep its place in the queue, or an LLM at work, until then.
 */

ngx_int_t
ngx_http_review_visit_precontent(ngx_http_request_t *r)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_review_ctx_t  *ctx;

    if (!r->post_action || r != r->main) {
        return NGX_DECLINED;
    }

    for (cln = r->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_review_visit_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->post_action) {
            continue;
        }

        if (ctx->calling) {
            ctx->calling->stop(ctx);
        }

        ngx_http_review_visit_cleanup(ctx);
    }

    return NGX_DECLINED;
}
