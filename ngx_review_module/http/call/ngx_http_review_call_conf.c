
/*
 * The directives about backends: where they are, how they are asked, and how
 * often again.
 */

#include "http/ngx_http_review.h"


char *
ngx_http_review_llm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_int_t               flag;
    ngx_str_t              *value, arg;
    ngx_uint_t              i;
    ngx_http_review_llm_t  *llm;

    if (rlcf->llm != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    llm = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_llm_t));
    if (llm == NULL) {
        return NGX_CONF_ERROR;
    }

    llm->stream = 1;

    value = cf->args->elts;

    if (ngx_http_review_set_uri(cf, &value[1], &llm->uri) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_review_param(&value[i], "model", &arg) && arg.len) {
            if (review_utf8_valid((char *) arg.data, arg.len) != arg.len) {
                return ngx_http_review_bad_param(cf, &value[i]);
            }

            llm->model = arg;
            continue;
        }

        if (ngx_http_review_param(&value[i], "stream", &arg)) {
            flag = ngx_http_review_on_off(&arg);
            if (flag == NGX_ERROR) {
                return ngx_http_review_bad_param(cf, &value[i]);
            }

            llm->stream = flag;
            continue;
        }

        if (ngx_http_review_param(&value[i], "schema", &arg)) {
            flag = ngx_http_review_on_off(&arg);
            if (flag == NGX_ERROR) {
                return ngx_http_review_bad_param(cf, &value[i]);
            }

            llm->schema = flag;
            continue;
        }

        return ngx_http_review_bad_param(cf, &value[i]);
    }

    rlcf->llm = llm;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_embeddings_param(ngx_http_review_embeddings_t *e,
    ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "model", &arg) && arg.len) {
        e->model = arg;
        return review_utf8_valid((char *) arg.data, arg.len) == arg.len
               ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "batch", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        e->batch = n;
        return n >= 1 && n <= 2048 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "calls", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        e->calls = n;
        return n >= 1 && n <= 1000 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "encoding", &arg)) {

        if (arg.len == 4 && ngx_strncmp(arg.data, "auto", 4) == 0) {
            e->encoding = NGX_HTTP_REVIEW_ENCODING_AUTO;
            return NGX_OK;
        }

        if (arg.len == 5 && ngx_strncmp(arg.data, "float", 5) == 0) {
            e->encoding = NGX_HTTP_REVIEW_ENCODING_FLOAT;
            return NGX_OK;
        }

        e->encoding = NGX_HTTP_REVIEW_ENCODING_BASE64;

        return arg.len == 6 && ngx_strncmp(arg.data, "base64", 6) == 0
               ? NGX_OK : NGX_ERROR;
    }

    return NGX_ERROR;
}


char *
ngx_http_review_embeddings(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_http_review_embeddings_t  *e;

    if (rlcf->embeddings != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    e = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_embeddings_t));
    if (e == NULL) {
        return NGX_CONF_ERROR;
    }

    e->batch = 32;
    e->calls = 4;

    value = cf->args->elts;

    if (ngx_http_review_set_uri(cf, &value[1], &e->uri) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_review_embeddings_param(e, &value[i]) != NGX_OK) {
            return ngx_http_review_bad_param(cf, &value[i]);
        }
    }

    rlcf->embeddings = e;

    return NGX_CONF_OK;
}


char *
ngx_http_review_chunk_uri(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_int_t                     n;
    ngx_str_t                    *value, arg;
    ngx_http_review_chunk_uri_t  *uri;

    if (rlcf->chunk_uri != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    uri = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_chunk_uri_t));
    if (uri == NULL) {
        return NGX_CONF_ERROR;
    }

    uri->calls = 16;

    value = cf->args->elts;

    if (ngx_http_review_set_uri(cf, &value[1], &uri->uri) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts > 2) {

        if (!ngx_http_review_param(&value[2], "calls", &arg)) {
            return ngx_http_review_bad_param(cf, &value[2]);
        }

        n = ngx_atoi(arg.data, arg.len);

        if (n < 1 || n > 10000) {
            return ngx_http_review_bad_param(cf, &value[2]);
        }

        uri->calls = n;
    }

    rlcf->chunk_uri = uri;

    return NGX_CONF_OK;
}


/* "off" keeps a location from what it would inherit */

char *
ngx_http_review_extract(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_str_t              *value;
    ngx_http_review_uri_t  *uri;

    if (rlcf->extract != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        rlcf->extract = NULL;
        return NGX_CONF_OK;
    }

    uri = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_uri_t));
    if (uri == NULL) {
        return NGX_CONF_ERROR;
    }

    rlcf->extract = uri;

    return ngx_http_review_set_uri(cf, &value[1], uri);
}


ngx_http_review_retry_t *
ngx_http_review_create_retry(ngx_conf_t *cf)
{
    ngx_http_review_retry_t  *retry;

    retry = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_retry_t));
    if (retry == NULL) {
        return NULL;
    }

    retry->tries = 3;
    retry->backoff = 500;
    retry->max = 10000;
    retry->budget = 20;

    return retry;
}


static ngx_int_t
ngx_http_review_retry_param(ngx_http_review_retry_t *retry, ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "tries", &arg)) {
        n = ngx_atoi(arg.data, arg.len);
        if (n < 1 || n > 100) {
            return NGX_ERROR;
        }

        retry->tries = n;
        return NGX_OK;
    }

    if (ngx_http_review_param(param, "backoff", &arg)) {
        n = ngx_parse_time(&arg, 0);
        retry->backoff = n;
        return n > 0 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "max", &arg)) {
        n = ngx_parse_time(&arg, 0);
        retry->max = n;
        return n > 0 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "budget", &arg)
        && arg.len > 1 && arg.data[arg.len - 1] == '%')
    {
        n = ngx_atoi(arg.data, arg.len - 1);
        if (n == NGX_ERROR || n > 1000) {
            return NGX_ERROR;
        }

        retry->budget = n;
        return NGX_OK;
    }

    return NGX_ERROR;
}


char *
ngx_http_review_retry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_review_retry_t  *retry;

    if (rlcf->retry != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    retry = ngx_http_review_create_retry(cf);
    if (retry == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_review_retry_param(retry, &value[i]) != NGX_OK) {
            return ngx_http_review_bad_param(cf, &value[i]);
        }
    }

    if (retry->max < retry->backoff) {
        return "has \"max\" less than \"backoff\"";
    }

    rlcf->retry = retry;

    return NGX_CONF_OK;
}
