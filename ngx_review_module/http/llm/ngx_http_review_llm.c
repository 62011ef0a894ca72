
/* "review_llm": where an LLM is, what it is called, how it is asked. */

#include "http/llm/ngx_http_review_llm.h"

#include "review/base/utf8.h"


/* bytes of a name, which is a label of metrics, too */

#define NGX_HTTP_REVIEW_LLM_NAME  64


static ngx_int_t
ngx_http_review_llm_name(ngx_str_t *arg, ngx_str_t *name)
{
    size_t  i;

    *name = *arg;

    for (i = 0; i < arg->len; i++) {
        if (arg->data[i] < 0x20 || arg->data[i] == 0x7f) {
            return NGX_DECLINED;
        }
    }

    return arg->len && arg->len <= NGX_HTTP_REVIEW_LLM_NAME
           && review_utf8_valid((char *) arg->data, arg->len) == arg->len
           ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_review_llm_is(ngx_str_t *arg, const char *word)
{
    return arg->len == ngx_strlen(word)
           && ngx_strncmp(arg->data, word, arg->len) == 0;
}


static ngx_int_t
ngx_http_review_llm_schema(ngx_str_t *arg, review_format_e *format)
{
    ngx_int_t  flag;

    if (ngx_http_review_llm_is(arg, "object")) {
        *format = REVIEW_FORMAT_OBJECT;
        return NGX_OK;
    }

    flag = ngx_http_review_param_on_off(arg);
    *format = flag == 1 ? REVIEW_FORMAT_SCHEMA : REVIEW_FORMAT_NONE;

    return flag == NGX_ERROR ? NGX_DECLINED : NGX_OK;
}


/* NGX_DECLINED: it is none; NGX_ERROR: what is wrong with it has been told */

static ngx_int_t
ngx_http_review_llm_param(ngx_conf_t *cf, ngx_http_review_llm_t *llm,
    ngx_str_t *param)
{
    ngx_int_t      flag;
    ngx_str_t      arg;
    review_llm_t  *asked;

    asked = &llm->asked;

    if (ngx_http_review_param(param, "name", &arg)) {
        return ngx_http_review_llm_name(&arg, &llm->name);
    }

    if (ngx_http_review_param(param, "fallback", &arg)) {
        return ngx_http_review_llm_name(&arg, &llm->instead);
    }

    if (ngx_http_review_param(param, "key_file", &arg)) {
        return ngx_http_review_file_key(cf, &arg, &llm->authorization);
    }

    if (ngx_http_review_param(param, "model", &arg) && arg.len) {
        asked->model.data = (char *) arg.data;
        asked->model.len = arg.len;

        return review_utf8_valid((char *) arg.data, arg.len) == arg.len
               ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_review_param(param, "schema", &arg)) {
        return ngx_http_review_llm_schema(&arg, &asked->format);
    }

    if (ngx_http_review_param(param, "tokens", &arg)) {
        asked->tokens = ngx_http_review_llm_is(&arg, "max_completion_tokens")
                        ? "max_completion_tokens" : "max_tokens";

        return ngx_http_review_llm_is(&arg, asked->tokens) ? NGX_OK
                                                           : NGX_DECLINED;
    }

    if (ngx_http_review_param(param, "stream", &arg)) {
        flag = ngx_http_review_param_on_off(&arg);
        asked->stream = flag == 1;
        return flag == NGX_ERROR ? NGX_DECLINED : NGX_OK;
    }

    if (ngx_http_review_param(param, "system", &arg)) {
        flag = ngx_http_review_param_on_off(&arg);
        asked->merged = flag == 0;
        return flag == NGX_ERROR ? NGX_DECLINED : NGX_OK;
    }

    return NGX_DECLINED;
}


char *
ngx_http_review_llm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_llm_conf_t *rlcf = conf;

    ngx_int_t               rc;
    ngx_str_t              *value;
    ngx_uint_t              i;
    ngx_http_review_llm_t  *llm, *known, set;

    ngx_memzero(&set, sizeof(ngx_http_review_llm_t));

    set.asked.stream = 1;
    set.asked.tokens = "max_tokens";
    set.file = cf->conf_file->file.name;
    set.line = cf->conf_file->line;

    value = cf->args->elts;

    if (ngx_http_review_param_set_uri(cf, &value[1], &set.uri) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rc = ngx_http_review_llm_param(cf, &set, &value[i]);

        if (rc != NGX_OK) {
            return rc == NGX_ERROR ? NGX_CONF_ERROR
                                   : ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    known = rlcf->llms ? ngx_http_review_llm_find(rlcf->llms, &set.name) : NULL;

    if (known && set.name.len == 0) {
        return "is duplicate: without a \"name\" there may be one of a level";
    }

    if (known) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name \"%V\" of \"review_llm\" was given in "
                           "%V:%ui already", &set.name, &known->file,
                           known->line);
        return NGX_CONF_ERROR;
    }

    if (rlcf->llms == NULL) {
        rlcf->llms = ngx_array_create(cf->pool, 1,
                                      sizeof(ngx_http_review_llm_t));
        if (rlcf->llms == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    llm = ngx_array_push(rlcf->llms);
    if (llm == NULL) {
        return NGX_CONF_ERROR;
    }

    *llm = set;

    return NGX_CONF_OK;
}


char *
ngx_http_review_llm_resolve(ngx_conf_t *cf, ngx_array_t *llms)
{
    ngx_uint_t              i, n;
    ngx_http_review_llm_t  *llm, *next;

    llm = llms->elts;

    for (i = 0; i < llms->nelts; i++) {

        if (llm[i].instead.len == 0) {
            continue;
        }

        llm[i].fallback = ngx_http_review_llm_find(llms, &llm[i].instead);

        if (llm[i].fallback == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"review_llm\" of the same level has the name "
                          "\"%V\" of \"fallback\" in %V:%ui", &llm[i].instead,
                          &llm[i].file, llm[i].line);
            return NGX_CONF_ERROR;
        }
    }

    for (i = 0; i < llms->nelts; i++) {

        next = llm[i].fallback;

        for (n = 0; next && n < llms->nelts; n++) {
            next = next->fallback;
        }

        if (next) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"fallback\" leads in a circle from \"review_llm\" "
                          "in %V:%ui", &llm[i].file, llm[i].line);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_http_review_llm_t *
ngx_http_review_llm_find(ngx_array_t *llms, ngx_str_t *name)
{
    ngx_uint_t              i;
    ngx_http_review_llm_t  *llm;

    llm = llms->elts;

    for (i = 0; i < llms->nelts; i++) {
        if (ngx_http_review_param_same(&llm[i].name, name)) {
            return &llm[i];
        }
    }

    return NULL;
}


ngx_http_review_llm_t *
ngx_http_review_llm_named(ngx_array_t *llms, const review_str_t *name)
{
    ngx_str_t  str;

    str.data = (u_char *) name->data;
    str.len = name->len;

    return ngx_http_review_llm_find(llms, &str);
}


/* the one without a name, wherever it stands, or the first */

ngx_http_review_llm_t *
ngx_http_review_llm_default(ngx_array_t *llms)
{
    ngx_str_t               none;
    ngx_http_review_llm_t  *llm;

    ngx_str_null(&none);

    llm = ngx_http_review_llm_find(llms, &none);

    return llm ? llm : llms->elts;
}
