
/*
 * The configuration of the wing: what a location's endpoint is, times, sizes,
 * threads.
 */

#include "http/request/ngx_http_review_work.h"

#if (NGX_THREADS)
#include <ngx_thread_pool.h>
#endif


#define NGX_HTTP_REVIEW_THRESHOLD  (64 * 1024)


static char *ngx_http_review_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_request_merge_threads(ngx_conf_t *cf,
    ngx_http_review_request_conf_t *prev,
    ngx_http_review_request_conf_t *conf);
static ngx_int_t ngx_http_review_request_init_process(ngx_cycle_t *cycle);
static void *ngx_http_review_request_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_request_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_request_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_request_commands[] = {

    { ngx_string("review_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_review_thread_pool,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_request_conf_t, timeout),
      &ngx_http_review_param_positive },

    { ngx_string("review_call_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_request_conf_t, call_timeout),
      &ngx_http_review_param_positive },

    { ngx_string("review_ping"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_request_conf_t, ping),
      &ngx_http_review_param_positive },

    { ngx_string("review_max_text_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_request_conf_t, max_text),
      &ngx_http_review_param_positive },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_request_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_review_request_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_request_create_conf,   /* create location configuration */
    ngx_http_review_request_merge_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_review_request_module = {
    NGX_MODULE_V1,
    &ngx_http_review_request_module_ctx,   /* module context */
    ngx_http_review_request_commands,      /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_review_request_init_process,  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_review_request_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_review_request_main_conf_t));
}


static void *
ngx_http_review_request_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_request_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_request_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->threads = NGX_CONF_UNSET_PTR;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->call_timeout = NGX_CONF_UNSET_MSEC;
    conf->ping = NGX_CONF_UNSET_MSEC;
    conf->max_text = NGX_CONF_UNSET_SIZE;

    return conf;
}


static char *
ngx_http_review_request_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_request_conf_t *prev = parent;
    ngx_http_review_request_conf_t *conf = child;

    if (ngx_http_review_endpoint_merge(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 120000);
    ngx_conf_merge_msec_value(conf->call_timeout, prev->call_timeout, 60000);
    ngx_conf_merge_msec_value(conf->ping, prev->ping, 5000);
    ngx_conf_merge_size_value(conf->max_text, prev->max_text,
                              64 * 1024 * 1024);

    return ngx_http_review_request_merge_threads(cf, prev, conf);
}


static ngx_int_t
ngx_http_review_request_init_process(ngx_cycle_t *cycle)
{
    if ((ngx_process == NGX_PROCESS_WORKER
         || ngx_process == NGX_PROCESS_SINGLE)
        && ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_review_request_module))
    {
        ngx_http_review_thread_init();
    }

    return NGX_OK;
}


static char *
ngx_http_review_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_request_conf_t *rlcf = conf;

    ngx_str_t                  *value, size;
    ngx_http_review_threads_t  *threads;

    if (rlcf->threads != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    threads = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_threads_t));
    if (threads == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    threads->name = value[1];
    threads->threshold = NGX_HTTP_REVIEW_THRESHOLD;

    if (value[1].len == 0) {
        return "needs the name of a thread pool";
    }

    if (cf->args->nelts > 2) {

        if (!ngx_http_review_param(&value[2], "threshold", &size)) {
            return ngx_http_review_bad_param(cf, &value[2]);
        }

        threads->threshold = ngx_parse_size(&size);

        if (threads->threshold == (size_t) NGX_ERROR) {
            return ngx_http_review_bad_param(cf, &value[2]);
        }
    }

    rlcf->threads = threads;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

#if (NGX_THREADS)

    threads->pool = ngx_thread_pool_add(cf, &threads->name);

    return threads->pool ? NGX_CONF_OK : NGX_CONF_ERROR;

#else

    return "is unsupported: nginx was built without threads";

#endif
}


/* nginx's own default pool; its threads are started only where it's needed */

static ngx_http_review_threads_t *
ngx_http_review_request_default_threads(ngx_conf_t *cf, ngx_uint_t endpoint)
{
    ngx_http_review_threads_t            *threads;
    ngx_http_review_request_main_conf_t  *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_review_request_module);
    threads = &rmcf->threads;

    threads->threshold = NGX_HTTP_REVIEW_THRESHOLD;

#if (NGX_THREADS)

    if (endpoint && threads->pool == NULL) {
        threads->pool = ngx_thread_pool_add(cf, NULL);

        if (threads->pool == NULL) {
            return NULL;
        }
    }

#endif

    return threads;
}


static char *
ngx_http_review_request_merge_threads(ngx_conf_t *cf,
    ngx_http_review_request_conf_t *prev, ngx_http_review_request_conf_t *conf)
{
    ngx_http_review_request_main_conf_t  *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_review_request_module);

    ngx_conf_merge_ptr_value(conf->threads, prev->threads, &rmcf->threads);

    if (conf->threads != &rmcf->threads) {
        return NGX_CONF_OK;
    }

    return ngx_http_review_request_default_threads(cf, conf->handler != NULL)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}
