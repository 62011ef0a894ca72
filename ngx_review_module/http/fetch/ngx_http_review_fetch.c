
/*
 * The fetch endpoint: many files are downloaded at once and saved as they
 * come, in a folder or in an object store; what became of each is told.
 *
 * A request has a few slots, each of which sees one URL after the other
 * through.
 */

#include "http/fetch/ngx_http_review_fetch.h"
#include "http/request/ngx_http_review_reply.h"


#define NGX_HTTP_REVIEW_FETCH_CALLS     8
#define NGX_HTTP_REVIEW_FETCH_CALLS_MAX 256
#define NGX_HTTP_REVIEW_FETCH_SIZE      (100 * 1024 * 1024)


static ngx_int_t ngx_http_review_fetch_handler(ngx_http_request_t *r);
static void ngx_http_review_fetch_read(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_fetch_parsed(ngx_http_review_ctx_t *ctx);
static ngx_int_t ngx_http_review_fetch_request(ngx_http_review_fetch_t *fetch);
static ngx_int_t ngx_http_review_fetch_slots(ngx_http_review_fetch_t *fetch);
static void ngx_http_review_fetch_progress(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_fetch_expire(ngx_http_review_ctx_t *ctx);
static void ngx_http_review_fetch_cancel(ngx_http_review_ctx_t *ctx);


static char *
ngx_http_review_fetch_param(ngx_conf_t *cf, ngx_str_t *param,
    ngx_http_review_fetch_conf_t *fetch, ngx_str_t *store)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "path", &arg) && arg.len) {
        fetch->path = arg;
        return ngx_conf_full_name(cf->cycle, &fetch->path, 0) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_http_review_param(param, "store", &arg) && arg.len) {
        *store = arg;
        return NGX_CONF_OK;
    }

    if (ngx_http_review_param(param, "calls", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        fetch->calls = n;

        if (n > 0 && n <= NGX_HTTP_REVIEW_FETCH_CALLS_MAX) {
            return NGX_CONF_OK;
        }
    }

    if (ngx_http_review_param(param, "max_size", &arg)) {
        fetch->max_size = ngx_parse_offset(&arg);

        if (fetch->max_size > 0) {
            return NGX_CONF_OK;
        }
    }

    return ngx_http_review_param_bad(cf, param);
}


char *
ngx_http_review_fetch(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_fetch_conf_t *fetch = conf;

    char                          *rv;
    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_http_review_store_conf_t  *scf;

    rv = ngx_http_review_endpoint_set(cf, cmd, ngx_http_review_fetch_handler);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    scf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_review_store_module);

    fetch->calls = NGX_HTTP_REVIEW_FETCH_CALLS;
    fetch->max_size = NGX_HTTP_REVIEW_FETCH_SIZE;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_review_fetch_param(cf, &value[i], fetch, &scf->name);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return fetch->path.len && scf->name.len
           ? "saves in a folder (\"path\") or in a \"store\", not in both"
           : NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_fetch_handler(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_review_ctx_create(r, sizeof(ngx_http_review_fetch_t));

    if (ctx == NULL || ngx_http_review_work(ctx) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->read = ngx_http_review_fetch_read;

    return ngx_http_review_ctx_read(ctx,
                                    ngx_http_review_headers_check_json(ctx));
}


static void
ngx_http_review_fetch_read(ngx_http_review_ctx_t *ctx)
{
    ngx_http_review_parse_json(ctx, review_fetch_members,
                               ngx_http_review_fetch_parsed);
}


static void
ngx_http_review_fetch_parsed(ngx_http_review_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_review_fetch_t  *fetch;

    fetch = (ngx_http_review_fetch_t *) ctx;

    rc = ngx_http_review_fetch_request(fetch);

    if (rc == NGX_OK) {
        rc = ngx_http_review_fetch_slots(fetch);
    }

    if (rc == NGX_OK) {
        ctx->progress = ngx_http_review_fetch_progress;
        ctx->expire = ngx_http_review_fetch_expire;
        ctx->cancel = ngx_http_review_fetch_cancel;

        rc = ngx_http_review_ctx_begin(ctx);
    }

    if (rc != NGX_OK) {
        ngx_http_review_ctx_fail(ctx, rc);
        return;
    }

    ngx_http_review_fetch_slot_wake(fetch);
}


static ngx_int_t
ngx_http_review_fetch_request(ngx_http_review_fetch_t *fetch)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    review_error_t           err;
    review_fetch_given_t     given;
    ngx_http_review_ctx_t   *ctx;
    review_fetch_request_t   request;

    ctx = &fetch->ctx;

    given.saves = ngx_http_review_fetch_conf(ctx)->path.len
                  || ngx_http_review_store_conf(ctx)->store;

    rc = review_fetch_request(ctx->pool, ctx->body, &given, &request, &err);
    rc = ngx_http_review_problem_read(ctx, rc, &err);

    if (rc != NGX_OK) {
        return rc;
    }

    fetch->nitems = request.n;
    fetch->items = ngx_pcalloc(ctx->request->pool,
                               fetch->nitems
                               * sizeof(ngx_http_review_fetch_item_t));
    if (fetch->items == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < fetch->nitems; i++) {
        fetch->items[i].url = request.urls[i].url;
        fetch->items[i].name = request.urls[i].name;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_fetch_slots(ngx_http_review_fetch_t *fetch)
{
    ngx_str_t                     *folder;
    ngx_uint_t                     i;
    ngx_http_request_t            *r;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_review_fetch_conf_t  *conf;
    ngx_http_review_fetch_kind_e   kind;

    r = fetch->ctx.request;
    conf = ngx_http_review_fetch_conf(&fetch->ctx);

    fetch->left = fetch->nitems;
    fetch->nslots = ngx_min(fetch->nitems, conf->calls);
    fetch->slots = ngx_pcalloc(r->pool, fetch->nslots
                                        * sizeof(ngx_http_review_fetch_slot_t));
    if (fetch->slots == NULL) {
        return NGX_ERROR;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    folder = &conf->path;
    kind = folder->len ? NGX_HTTP_REVIEW_FETCH_FOLDER
                       : NGX_HTTP_REVIEW_FETCH_HASH;

    if (ngx_http_review_store_conf(&fetch->ctx)->store) {
        folder = &clcf->client_body_temp_path->name;
        kind = NGX_HTTP_REVIEW_FETCH_TEMP;
    }

    for (i = 0; i < fetch->nslots; i++) {
        fetch->slots[i].fetch = fetch;

        if (ngx_http_review_fetch_slot_init(&fetch->slots[i], kind, folder)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_review_fetch_progress(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t                     i;
    ngx_http_review_fetch_t       *fetch;
    ngx_http_review_fetch_slot_t  *slot;

    fetch = (ngx_http_review_fetch_t *) ctx;

    for (i = 0; i < fetch->nslots; i++) {
        slot = &fetch->slots[i];

        ngx_http_review_fetch_slot_step(slot);

        while (slot->state == NGX_HTTP_REVIEW_FETCH_IDLE
               && fetch->next < fetch->nitems)
        {
            ngx_http_review_fetch_slot_start(slot,
                                             &fetch->items[fetch->next++]);
        }
    }

    if (fetch->left == 0) {
        ngx_http_review_fetch_reply(fetch);
    }
}


/* all that runs is stopped, whatever has a result keeps it */

static void
ngx_http_review_fetch_expire(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t                     i;
    ngx_http_review_fetch_t       *fetch;
    ngx_http_review_fetch_item_t  *item;

    fetch = (ngx_http_review_fetch_t *) ctx;

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "review: %s, %ui of %ui URLs are not downloaded",
                  ngx_http_review_ctx_why(ctx, "review_timeout is over"),
                  fetch->left, fetch->nitems);

    ngx_http_review_fetch_cancel(ctx);

    for (i = 0; i < fetch->nitems; i++) {
        item = &fetch->items[i];

        if (item->status == NGX_HTTP_REVIEW_FETCH_ENDED) {
            continue;
        }

        if (item->status == NGX_HTTP_REVIEW_FETCH_RUNS) {
            item->elapsed = ngx_current_msec - item->started;
        }

        item->status = NGX_HTTP_REVIEW_FETCH_ENDED;
        item->detail = review_code_sentence(REVIEW_CODE_DEADLINE);
        item->code = ngx_http_review_ctx_give_up(ctx, &item->detail);
    }

    fetch->next = fetch->nitems;
    fetch->left = 0;
}


static void
ngx_http_review_fetch_cancel(ngx_http_review_ctx_t *ctx)
{
    ngx_uint_t                i;
    ngx_http_review_fetch_t  *fetch;

    fetch = (ngx_http_review_fetch_t *) ctx;

    for (i = 0; i < fetch->nslots; i++) {
        ngx_http_review_fetch_slot_cancel(&fetch->slots[i]);
    }
}
