
/*
 * Variables about one try of a call, in the location that was asked; or about
 * the call that a guarded request is.
 */

#include "http/ngx_http_review_module.h"


typedef ngx_int_t (*ngx_http_review_variables_call_pt)(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value);


static ngx_int_t
ngx_http_review_variables_call_llm(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    *value = told->llm;

    return value->len ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_review_variables_call_attempt(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    return told->attempt
           ? ngx_http_review_value_number(pool, told->attempt, value)
           : NGX_DECLINED;
}


static ngx_int_t
ngx_http_review_variables_call_code(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    char  name[REVIEW_CODE_NAME];

    if (!told->ended) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) review_code_name(told->code, name);
    value->len = ngx_strlen(value->data);
    value->data = ngx_pstrdup(pool, value);

    return value->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_review_variables_call_model(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    value->data = (u_char *) told->model.data;
    value->len = told->model.len;

    return value->len ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_review_variables_call_tokens(ngx_pool_t *pool, int64_t tokens,
    ngx_str_t *value)
{
    return tokens < 0
           ? NGX_DECLINED
           : ngx_http_review_value_number(pool, tokens, value);
}


static ngx_int_t
ngx_http_review_variables_call_prompt(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    return ngx_http_review_variables_call_tokens(pool, told->prompt_tokens,
                                                 value);
}


static ngx_int_t
ngx_http_review_variables_call_completion(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    return ngx_http_review_variables_call_tokens(pool, told->completion_tokens,
                                                 value);
}


static ngx_int_t
ngx_http_review_variables_call_time(ngx_pool_t *pool, ngx_msec_int_t msec,
    ngx_str_t *value)
{
    return msec < 0 ? NGX_DECLINED
                    : ngx_http_review_value_time(pool, msec, value);
}


static ngx_int_t
ngx_http_review_variables_call_queue(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    return ngx_http_review_variables_call_time(pool, told->queue_time, value);
}


static ngx_int_t
ngx_http_review_variables_call_first(ngx_pool_t *pool,
    ngx_http_review_try_t *told, ngx_str_t *value)
{
    return ngx_http_review_variables_call_time(pool, told->first_token_time,
                                               value);
}


static ngx_int_t
ngx_http_review_variables_call(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                           rc;
    ngx_str_t                           value;
    ngx_http_review_try_t              call, *told;
    ngx_http_review_variables_call_pt   get;

    get = (ngx_http_review_variables_call_pt) data;

    told = ngx_http_review_call_told(r, &call) == NGX_OK
           ? &call
           : r == r->main ? ngx_http_review_guard_told(r) : NULL;

    rc = told ? get(r->pool, told, &value) : NGX_DECLINED;

    return ngx_http_review_value_found(v, rc, &value);
}


#define ngx_http_review_variables_call_entry(name, get)                       \
    { ngx_string("review_call_" name), NULL, ngx_http_review_variables_call,  \
      (uintptr_t) (get), NGX_HTTP_VAR_NOCACHEABLE, 0 }

ngx_http_variable_t  ngx_http_review_variables_call_vars[] = {

    ngx_http_review_variables_call_entry("llm",
        ngx_http_review_variables_call_llm),
    ngx_http_review_variables_call_entry("attempt",
        ngx_http_review_variables_call_attempt),
    ngx_http_review_variables_call_entry("code",
        ngx_http_review_variables_call_code),
    ngx_http_review_variables_call_entry("model",
        ngx_http_review_variables_call_model),
    ngx_http_review_variables_call_entry("prompt_tokens",
        ngx_http_review_variables_call_prompt),
    ngx_http_review_variables_call_entry("completion_tokens",
        ngx_http_review_variables_call_completion),
    ngx_http_review_variables_call_entry("queue_time",
        ngx_http_review_variables_call_queue),
    ngx_http_review_variables_call_entry("first_token_time",
        ngx_http_review_variables_call_first),

      ngx_http_null_variable
};
