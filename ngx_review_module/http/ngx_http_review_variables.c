
/* Variables: about a review in its log, about a call in the LLM location. */

#include "http/ngx_http_review_module.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/call/ngx_http_review_call.h"

#include <ngx_md5.h>


#define NGX_HTTP_REVIEW_MD5  16


typedef ngx_int_t (*ngx_http_review_variable_pt)(ngx_http_review_ctx_t *ctx,
    ngx_str_t *value);


/* only of a request that was begun: a bad one has none */

static ngx_http_review_ctx_t *
ngx_http_review_variables_ctx(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_review_module);

    return ctx && ctx->begun ? ctx : NULL;
}


/* the reply's "status", once there is one */

static ngx_int_t
ngx_http_review_variables_status(ngx_http_review_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->status == NULL) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) ctx->status;
    value->len = ngx_strlen(value->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_variables_rubric(ngx_http_review_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->rubric == NULL) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) ctx->rubric->data;
    value->len = ctx->rubric->len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_variables_calls(ngx_http_review_ctx_t *ctx, ngx_str_t *value)
{
    return ngx_http_review_value_number(ctx->request->pool,
                                        ctx->usage.calls, value);
}


static ngx_int_t
ngx_http_review_variables_failed(ngx_http_review_ctx_t *ctx, ngx_str_t *value)
{
    return ngx_http_review_value_number(ctx->request->pool,
                                        ctx->failed, value);
}


static ngx_int_t
ngx_http_review_variables_retries(ngx_http_review_ctx_t *ctx, ngx_str_t *value)
{
    return ngx_http_review_value_number(ctx->request->pool,
                                        ctx->usage.retries, value);
}


static ngx_int_t
ngx_http_review_variables_llm_time(ngx_http_review_ctx_t *ctx,
    ngx_str_t *value)
{
    return ngx_http_review_value_time(ctx->request->pool,
                                      ctx->usage.time, value);
}


static ngx_int_t
ngx_http_review_variables_queue_time(ngx_http_review_ctx_t *ctx,
    ngx_str_t *value)
{
    return ngx_http_review_value_time(ctx->request->pool,
                                      ctx->usage.queue_time, value);
}


static ngx_int_t
ngx_http_review_variables_prompt_tokens(ngx_http_review_ctx_t *ctx,
    ngx_str_t *value)
{
    return ngx_http_review_value_number(ctx->request->pool,
                                        ctx->usage.prompt_tokens, value);
}


static ngx_int_t
ngx_http_review_variables_completion_tokens(ngx_http_review_ctx_t *ctx,
    ngx_str_t *value)
{
    return ngx_http_review_value_number(ctx->request->pool,
                                        ctx->usage.completion_tokens, value);
}


static ngx_int_t
ngx_http_review_variables_hash(ngx_pool_t *pool, ngx_md5_t *md5,
    ngx_str_t *value)
{
    u_char  hash[NGX_HTTP_REVIEW_MD5];

    ngx_md5_final(hash, md5);

    value->len = 2 * sizeof(hash);
    value->data = ngx_pnalloc(pool, value->len);

    if (value->data == NULL) {
        return NGX_ERROR;
    }

    ngx_hex_dump(value->data, hash, sizeof(hash));

    return NGX_OK;
}


/* a rubric of the request's own: how its prompts begin, and what it is */

static void
ngx_http_review_variables_rubric_key(ngx_md5_t *md5,
    const review_rubric_t *rubric)
{
    if (rubric && rubric->own) {
        ngx_md5_update(md5, rubric->name.data, rubric->name.len);
        ngx_md5_update(md5, "", 1);
        ngx_md5_update(md5, rubric->version.data ? rubric->version.data : "",
                       rubric->version.len);
        ngx_md5_update(md5, rubric->language.data, rubric->language.len);
        ngx_md5_update(md5, rubric->system.data ? rubric->system.data : "",
                       rubric->system.len);
    }
}


/* the same for all calls about a chunk */

static ngx_int_t
ngx_http_review_variables_chunk_key(ngx_http_review_ctx_t *ctx,
    ngx_str_t *value)
{
    ngx_md5_t                 md5;
    ngx_http_review_chunk_t  *chunk;

    chunk = ngx_http_review_chunk_of(ctx->request);

    if (chunk == NULL) {
        return NGX_DECLINED;
    }

    if (chunk->key.len == 0) {
        ngx_md5_init(&md5);
        ngx_md5_update(&md5, chunk->subject.chunk.data,
                       chunk->subject.chunk.len);
        ngx_http_review_variables_rubric_key(&md5, chunk->rubric);

        if (ngx_http_review_variables_hash(ctx->request->pool, &md5,
                                           &chunk->key)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    *value = chunk->key;

    return NGX_OK;
}


/*
 * The hash of all that an answer depends on: model, messages, parameters;
 * that is, of the body, and of which LLM is asked.
 */

static ngx_int_t
ngx_http_review_variables_call_key(ngx_http_review_call_t *call,
    ngx_str_t *value)
{
    size_t                   i;
    uint64_t                 chance[4];
    ngx_md5_t                md5;
    ngx_http_review_cell_t  *cell;

    ngx_md5_init(&md5);

    for (i = 0; i + call->nkey < call->npieces; i++) {
        ngx_md5_update(&md5, call->body[i].data, call->body[i].len);
    }

    if (call->backend == &ngx_http_review_chat_backend) {
        cell = call->data;
        ngx_md5_update(&md5, cell->llm->name.data, cell->llm->name.len);
    }

    /* a client's own body is not read for it: no two have the same key */

    if (call->npieces == 0) {
        chance[0] = ngx_random();
        chance[1] = ngx_random();
        chance[2] = ngx_current_msec;
        chance[3] = (uintptr_t) call;

        ngx_md5_update(&md5, chance, sizeof(chance));
    }

    return ngx_http_review_variables_hash(call->ctx->request->pool, &md5,
                                          value);
}


static ngx_int_t
ngx_http_review_variables_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                    rc;
    ngx_str_t                    value;
    ngx_http_review_ctx_t       *ctx;
    ngx_http_review_variable_pt  get;

    get = (ngx_http_review_variable_pt) data;
    ctx = ngx_http_review_variables_ctx(r);

    rc = ctx ? get(ctx, &value) : NGX_DECLINED;

    return ngx_http_review_value_found(v, rc, &value);
}


/* class and tenant: known from the request's headers on */

static ngx_http_review_waiter_t *
ngx_http_review_variables_waiter(ngx_http_request_t *r)
{
    ngx_http_review_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_review_module);

    return ctx ? &ctx->waiter : ngx_http_review_guard_waiter(r->main);
}


static ngx_int_t
ngx_http_review_variables_class(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_review_waiter_t  *waiter;

    static ngx_str_t  classes[] = {
        ngx_string("high"), ngx_string("normal"), ngx_string("low")
    };

    waiter = ngx_http_review_variables_waiter(r);

    return ngx_http_review_value_found(v, waiter ? NGX_OK : NGX_DECLINED,
                                       waiter ? &classes[waiter->priority]
                                              : NULL);
}


/* it may go into a header: controls are percent-encoded */

static ngx_int_t
ngx_http_review_variables_encode(ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p;
    size_t   i, n;

    static u_char  hex[] = "0123456789ABCDEF";

    for (i = 0, n = 0; i < name->len; i++) {
        n += name->data[i] < ' ' || name->data[i] == 0x7f;
    }

    *value = *name;

    if (n == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, name->len + 2 * n);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;
    value->len = name->len + 2 * n;

    for (i = 0; i < name->len; i++) {

        if (name->data[i] >= ' ' && name->data[i] != 0x7f) {
            *p++ = name->data[i];
            continue;
        }

        *p++ = '%';
        *p++ = hex[name->data[i] >> 4];
        *p++ = hex[name->data[i] & 0xf];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_variables_tenant(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                  rc;
    ngx_str_t                  value, *name;
    ngx_http_review_waiter_t  *waiter;

    static ngx_str_t  none = ngx_string("default");

    waiter = ngx_http_review_variables_waiter(r);

    if (waiter == NULL) {
        return ngx_http_review_value_found(v, NGX_DECLINED, NULL);
    }

    name = waiter->tenant.name.len ? &waiter->tenant.name : &none;

    rc = ngx_http_review_variables_encode(r->pool, name, &value);

    return ngx_http_review_value_found(v, rc, &value);
}


static ngx_int_t
ngx_http_review_variables_point(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                value;
    ngx_http_review_call_t  *call;
    ngx_http_review_cell_t  *cell;

    call = ngx_http_review_subrequest_of(r);

    if (call == NULL || call->backend != &ngx_http_review_chat_backend) {
        return ngx_http_review_value_found(v, NGX_DECLINED, NULL);
    }

    cell = call->data;
    value.data = (u_char *) cell->point->id.data;
    value.len = cell->point->id.len;

    return ngx_http_review_value_found(v, NGX_OK, &value);
}


/* for proxy_cache_bypass: an answer that is kept won't do */

static ngx_int_t
ngx_http_review_variables_fresh(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                value;
    ngx_http_review_call_t  *call;
    ngx_http_review_cell_t  *cell;

    call = ngx_http_review_subrequest_of(r);

    if (call == NULL || call->backend != &ngx_http_review_chat_backend) {
        return ngx_http_review_value_found(v, NGX_DECLINED, NULL);
    }

    cell = call->data;
    value.data = (u_char *) (cell->fresh ? "1" : "0");
    value.len = 1;

    return ngx_http_review_value_found(v, NGX_OK, &value);
}


static ngx_int_t
ngx_http_review_variables_key(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                rc;
    ngx_str_t                value;
    ngx_http_review_call_t  *call;

    call = ngx_http_review_subrequest_of(r);

    rc = call ? ngx_http_review_variables_call_key(call, &value)
              : NGX_DECLINED;

    return ngx_http_review_value_found(v, rc, &value);
}


#define ngx_http_review_variable_entry(name, get)                             \
    { ngx_string("review_" name), NULL, ngx_http_review_variables_variable,   \
      (uintptr_t) (get), NGX_HTTP_VAR_NOCACHEABLE, 0 }

static ngx_http_variable_t  ngx_http_review_vars[] = {

    ngx_http_review_variable_entry("status", ngx_http_review_variables_status),
    ngx_http_review_variable_entry("rubric", ngx_http_review_variables_rubric),
    ngx_http_review_variable_entry("calls", ngx_http_review_variables_calls),
    ngx_http_review_variable_entry("failed", ngx_http_review_variables_failed),
    ngx_http_review_variable_entry("retries",
        ngx_http_review_variables_retries),
    ngx_http_review_variable_entry("queue_time",
        ngx_http_review_variables_queue_time),
    ngx_http_review_variable_entry("llm_time",
        ngx_http_review_variables_llm_time),
    ngx_http_review_variable_entry("prompt_tokens",
        ngx_http_review_variables_prompt_tokens),
    ngx_http_review_variable_entry("completion_tokens",
        ngx_http_review_variables_completion_tokens),
    ngx_http_review_variable_entry("chunk_key",
        ngx_http_review_variables_chunk_key),

    { ngx_string("review_class"), NULL, ngx_http_review_variables_class,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("review_tenant"), NULL, ngx_http_review_variables_tenant,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("review_point"), NULL, ngx_http_review_variables_point,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("review_call_key"), NULL, ngx_http_review_variables_key,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("review_call_fresh"), NULL, ngx_http_review_variables_fresh,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_review_variables_add_all(ngx_conf_t *cf, ngx_http_variable_t *v)
{
    ngx_http_variable_t  *var;

    for ( /* void */ ; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_variables_add(ngx_conf_t *cf)
{
    if (ngx_http_review_variables_add_all(cf, ngx_http_review_vars)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_review_variables_add_all(
               cf, ngx_http_review_variables_call_vars);
}
