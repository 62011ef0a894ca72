
/* Directives, configuration, and where the module hooks into nginx. */

#include "ngx_http_review.h"


static void *ngx_http_review_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_review_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_review(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_review_llm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_retry(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_positive(ngx_conf_t *cf, void *post, void *data);
static ngx_int_t ngx_http_review_init(ngx_conf_t *cf);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;

static ngx_conf_post_t  ngx_http_review_positive_post = {
    ngx_http_review_positive
};


static ngx_command_t  ngx_http_review_commands[] = {

    { ngx_string("review_rubric"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_review_rubric,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_review,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_llm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_llm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_call_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, call_timeout),
      &ngx_http_review_positive_post },

    { ngx_string("review_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, timeout),
      &ngx_http_review_positive_post },

    { ngx_string("review_retry"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_retry,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_review_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_priority"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_priority,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_guard"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, guard),
      NULL },

    { ngx_string("review_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_ping"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, ping),
      &ngx_http_review_positive_post },

    { ngx_string("review_max_chunk_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, max_chunk),
      &ngx_http_review_positive_post },

    { ngx_string("review_max_answer_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, max_answer),
      &ngx_http_review_positive_post },

    { ngx_string("review_max_points"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, max_points),
      &ngx_http_review_positive_post },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_module_ctx = {
    ngx_http_review_add_variables,         /* preconfiguration */
    ngx_http_review_init,                  /* postconfiguration */

    ngx_http_review_create_main_conf,      /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_create_loc_conf,       /* create location configuration */
    ngx_http_review_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_review_module = {
    NGX_MODULE_V1,
    &ngx_http_review_module_ctx,           /* module context */
    ngx_http_review_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_review_process_init,     /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_review_process_exit,     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_review_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_review_main_conf_t  *rmcf;

    rmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_main_conf_t));
    if (rmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&rmcf->rubrics, cf->pool, 4,
                       sizeof(ngx_http_review_named_rubric_t))
        != NGX_OK
        || ngx_array_init(&rmcf->zones, cf->pool, 1,
                          sizeof(ngx_http_review_zone_t *))
           != NGX_OK)
    {
        return NULL;
    }

    return rmcf;
}


static void *
ngx_http_review_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_review_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->enable = 0;
     *     conf->rubric = NULL;
     *     conf->status = NULL;
     */

    conf->llm = NGX_CONF_UNSET_PTR;
    conf->retry = NGX_CONF_UNSET_PTR;
    conf->limit = NGX_CONF_UNSET_PTR;
    conf->priority = NGX_CONF_UNSET_PTR;
    conf->guard = NGX_CONF_UNSET;
    conf->call_timeout = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->ping = NGX_CONF_UNSET_MSEC;
    conf->max_chunk = NGX_CONF_UNSET_SIZE;
    conf->max_answer = NGX_CONF_UNSET_SIZE;
    conf->max_points = NGX_CONF_UNSET_UINT;

    return conf;
}


static ngx_http_review_retry_t *
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


static char *
ngx_http_review_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_loc_conf_t *prev = parent;
    ngx_http_review_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_review_main_conf_t  *rmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->enable && clcf->handler != ngx_http_review_handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "another content handler is set in the location of "
                      "\"review\" in %V:%ui", &conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    if (conf->status && clcf->handler != ngx_http_review_status_handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "another content handler is set in the location of "
                      "\"review_status\" in %V:%ui", &conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    /* rubrics may be defined behind the locations that name them */

    if (conf->name.len) {
        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);

        conf->rubric = ngx_http_review_rubric_find(rmcf,
                                                   (char *) conf->name.data,
                                                   conf->name.len);
        if (conf->rubric == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"review_rubric\" defines the rubric \"%V\" "
                          "of \"review\" in %V:%ui",
                          &conf->name, &conf->file, conf->line);
            return NGX_CONF_ERROR;
        }
    }

    /* "if" and "limit_except" are parts of their location */

    if (clcf->noname || clcf->lmt_excpt) {
        conf->enable = prev->enable;
        conf->rubric = prev->rubric;
        conf->status = prev->status;
        conf->file = prev->file;
        conf->line = prev->line;

        if (clcf->lmt_excpt && conf->enable && clcf->handler == NULL) {
            clcf->handler = ngx_http_review_handler;
        }

        if (clcf->lmt_excpt && conf->status && clcf->handler == NULL) {
            clcf->handler = ngx_http_review_status_handler;
        }
    }

    /*
     * The default is made once, at the top, and inherited: all locations that
     * do not say otherwise share one budget of retries.
     */

    if (prev->retry == NGX_CONF_UNSET_PTR) {
        prev->retry = ngx_http_review_create_retry(cf);
        if (prev->retry == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_merge_ptr_value(conf->retry, prev->retry, NULL);
    ngx_conf_merge_ptr_value(conf->llm, prev->llm, NULL);
    ngx_conf_merge_ptr_value(conf->limit, prev->limit, NULL);
    ngx_conf_merge_ptr_value(conf->priority, prev->priority, NULL);
    ngx_conf_merge_value(conf->guard, prev->guard, 0);

    if (conf->guard) {
        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);
        rmcf->guard = 1;
    }

    ngx_conf_merge_msec_value(conf->call_timeout, prev->call_timeout, 60000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 120000);
    ngx_conf_merge_msec_value(conf->ping, prev->ping, 5000);
    ngx_conf_merge_size_value(conf->max_chunk, prev->max_chunk, 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_answer, prev->max_answer, 256 * 1024);
    ngx_conf_merge_uint_value(conf->max_points, prev->max_points, 1000);

    if (conf->enable && conf->llm == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"review_llm\" is set for \"review\" in %V:%ui",
                      &conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_review(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (rlcf->enable) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is not allowed: the location has a content handler already";
    }

    clcf->handler = ngx_http_review_handler;

    rlcf->enable = 1;
    rlcf->file = cf->conf_file->file.name;
    rlcf->line = cf->conf_file->line;

    if (cf->args->nelts == 1) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of a rubric";
    }

    rlcf->name = value[1];

    return NGX_CONF_OK;
}


/* "name=value": the value is left in *value */

ngx_uint_t
ngx_http_review_param(ngx_str_t *param, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (param->len <= len
        || ngx_strncmp(param->data, name, len) != 0
        || param->data[len] != '=')
    {
        return 0;
    }

    value->data = param->data + len + 1;
    value->len = param->len - len - 1;

    return 1;
}


static ngx_int_t
ngx_http_review_on_off(ngx_str_t *value)
{
    if (value->len == 2 && ngx_strncmp(value->data, "on", 2) == 0) {
        return 1;
    }

    if (value->len == 3 && ngx_strncmp(value->data, "off", 3) == 0) {
        return 0;
    }

    return NGX_ERROR;
}


char *
ngx_http_review_bad_param(ngx_conf_t *cf, ngx_str_t *param)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       param);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_review_llm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    u_char                 *p;
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

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid uri \"%V\", it must be that of a location "
                           "of this server and begin with \"/\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    llm->uri = value[1];

    p = ngx_strlchr(value[1].data, value[1].data + value[1].len, '?');

    if (p) {
        llm->uri.len = p - value[1].data;
        llm->args.data = p + 1;
        llm->args.len = value[1].data + value[1].len - (p + 1);
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


static char *
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


/* zero would mean a timeout at once, or that nothing is ever allowed */

static char *
ngx_http_review_positive(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t *value = data;

    /* times, sizes and numbers are all of a word's size */

    return *value ? NGX_CONF_OK : "must be greater than zero";
}


static ngx_int_t
ngx_http_review_header_filter(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_review_call_t  *call;

    call = ngx_http_review_call_of(r);

    if (call) {
        return ngx_http_review_capture_header(r, call);
    }

    ngx_http_review_guard_header(r);

    rc = ngx_http_review_problem_header(r);

    return rc == NGX_OK ? ngx_http_next_header_filter(r) : rc;
}


static ngx_int_t
ngx_http_review_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_review_call_t  *call;

    call = ngx_http_review_call_of(r);

    if (call) {
        ngx_http_review_capture_body(r, call, in);
        return NGX_OK;
    }

    ngx_http_review_guard_filter(r, in);

    return ngx_http_review_problem_body(r, in, ngx_http_next_body_filter);
}


static ngx_int_t
ngx_http_review_init(ngx_conf_t *cf)
{
    ngx_str_t                     name = ngx_string("request_id");
    ngx_http_handler_pt          *h;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_review_main_conf_t  *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);

    rmcf->request_id = ngx_http_get_variable_index(cf, &name);
    if (rmcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_call_precontent;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_guard;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_SERVER_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_call_rewrite;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_review_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_review_body_filter;

    return NGX_OK;
}
