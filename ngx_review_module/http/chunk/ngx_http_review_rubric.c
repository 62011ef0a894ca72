
/* Rubrics in the configuration. */

#include "http/chunk/ngx_http_review_chunk.h"


#define NGX_HTTP_REVIEW_MAX_RUBRIC  (16 * 1024 * 1024)


static review_rubric_t *ngx_http_review_rubric_named(void *data,
    const review_str_t *name);


static ngx_int_t
ngx_http_review_rubric_points(ngx_conf_t *cf, review_rubric_t *rubric,
    review_error_t *err)
{
    char    pointer[sizeof("/points/") + NGX_INT_T_LEN];
    size_t  i;

    for (i = 0; i < rubric->npoints; i++) {
        *ngx_sprintf((u_char *) pointer, "/points/%uz", i) = '\0';

        if (ngx_http_review_regex_point(cf->pool, &rubric->points[i], pointer,
                                        err)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        rubric->points[i].key = review_metrics_point_key(
                                    &rubric->name, &rubric->points[i].id);
    }

    return NGX_OK;
}


char *
ngx_http_review_rubric(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_chunk_main_conf_t *rmcf = conf;

    ngx_str_t                       *value, file, text;
    review_pool_t                   *pool;
    review_error_t                   err;
    review_rubric_t                 *rubric;
    ngx_http_review_named_rubric_t  *named;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a name";
    }

    if (ngx_http_review_rubric_find(rmcf, (char *) value[1].data,
                                    value[1].len))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate rubric \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    file = value[2];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK
        || ngx_http_review_file_read(cf, &file, "rubric",
                                     NGX_HTTP_REVIEW_MAX_RUBRIC, &text)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pool = ngx_http_review_pool(cf->pool);
    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&err, sizeof(review_error_t));

    rubric = review_rubric_load(pool, (char *) text.data, text.len, &err);

    if (rubric == NULL
        || ngx_http_review_rubric_points(cf, rubric, &err) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "rubric \"%V\": %s%s%s", &file, err.pointer,
                           err.pointer[0] ? ": " : "", err.text);
        return NGX_CONF_ERROR;
    }

    named = ngx_array_push(&rmcf->rubrics);
    if (named == NULL) {
        return NGX_CONF_ERROR;
    }

    named->name = value[1];
    named->rubric = rubric;

    return NGX_CONF_OK;
}


/* by the name in the configuration, which need not be that in the file */

review_rubric_t *
ngx_http_review_rubric_find(ngx_http_review_chunk_main_conf_t *rmcf,
    const char *name, size_t len)
{
    ngx_uint_t                       i;
    ngx_http_review_named_rubric_t  *named;

    named = rmcf->rubrics.elts;

    for (i = 0; i < rmcf->rubrics.nelts; i++) {
        if (named[i].name.len == len
            && ngx_strncmp(named[i].name.data, name, len) == 0)
        {
            return named[i].rubric;
        }
    }

    return NULL;
}


void
ngx_http_review_rubric_all(ngx_http_review_ctx_t *ctx, review_rubrics_t *given)
{
    ngx_http_review_chunk_conf_t  *conf;

    conf = ngx_http_review_chunk_conf(ctx);

    given->rubric = conf->rubric;
    given->find = ngx_http_review_rubric_named;
    given->data = ctx->request;
    given->max_points = conf->max_points;
    given->own = (int) conf->own;
}


static review_rubric_t *
ngx_http_review_rubric_named(void *data, const review_str_t *name)
{
    return ngx_http_review_rubric_find(
               ngx_http_get_module_main_conf((ngx_http_request_t *) data,
                                             ngx_http_review_chunk_module),
               name->data, name->len);
}
