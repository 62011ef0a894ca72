
/* Directives, configuration, and where the module hooks into nginx. */

#include "http/chunk/ngx_http_review_chunk.h"
#include "http/transfer/ngx_http_review_curl.h"


/* what is sent of a reply before other events are seen to */

#define NGX_HTTP_REVIEW_SEND  (256 * 1024)


static void *ngx_http_review_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_review_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_review_check_backends(ngx_conf_t *cf,
    ngx_http_review_loc_conf_t *conf);
static char *ngx_http_review_positive(ngx_conf_t *cf, void *post, void *data);
static ngx_int_t ngx_http_review_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_review_init_process(ngx_cycle_t *cycle);
static void ngx_http_review_exit(ngx_cycle_t *cycle);


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

    { ngx_string("review_split"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_review_split,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_embed"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_review_embed,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_rank"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_review_rank,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_review_store,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_object"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_object,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_fetch"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_review_fetch,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_fetch_allow"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_fetch_allow,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_llm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_llm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_embeddings"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_embeddings,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_extract"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_extract,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_task"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_http_review_task,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_chunk_uri"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_review_chunk_uri,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_task_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, task_timeout),
      &ngx_http_review_positive_post },

    { ngx_string("review_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_review_thread_pool,
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

    { ngx_string("review_max_document_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, max_document),
      &ngx_http_review_positive_post },

    { ngx_string("review_max_text_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, max_text),
      &ngx_http_review_positive_post },

    { ngx_string("review_max_inputs"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_loc_conf_t, max_inputs),
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
    ngx_http_review_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_review_exit,                  /* exit process */
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
           != NGX_OK
        || ngx_array_init(&rmcf->stores, cf->pool, 1,
                          sizeof(ngx_http_review_store_t *))
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
     *     conf->handler = NULL;
     *     conf->rubric = NULL;
     *     conf->status = NULL;
     */

    conf->llm = NGX_CONF_UNSET_PTR;
    conf->embeddings = NGX_CONF_UNSET_PTR;
    conf->extract = NGX_CONF_UNSET_PTR;
    conf->chunk_uri = NGX_CONF_UNSET_PTR;
    conf->fetch_allow = NGX_CONF_UNSET_PTR;
    conf->threads = NGX_CONF_UNSET_PTR;
    conf->retry = NGX_CONF_UNSET_PTR;
    conf->limit = NGX_CONF_UNSET_PTR;
    conf->priority = NGX_CONF_UNSET_PTR;
    conf->guard = NGX_CONF_UNSET;
    conf->call_timeout = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->task_timeout = NGX_CONF_UNSET_MSEC;
    conf->ping = NGX_CONF_UNSET_MSEC;
    conf->max_chunk = NGX_CONF_UNSET_SIZE;
    conf->max_text = NGX_CONF_UNSET_SIZE;
    conf->max_document = NGX_CONF_UNSET_SIZE;
    conf->max_inputs = NGX_CONF_UNSET_UINT;
    conf->max_answer = NGX_CONF_UNSET_SIZE;
    conf->max_points = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_review_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_loc_conf_t *prev = parent;
    ngx_http_review_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_review_main_conf_t  *rmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->handler && clcf->handler != conf->handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "another content handler is set in the location of "
                      "\"%s\" in %V:%ui", conf->directive, &conf->file,
                      conf->line);
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

    /* large replies leave others their turn: sending 2m takes milliseconds */

    if (conf->handler && (clcf->sendfile_max_chunk == 0
                          || clcf->sendfile_max_chunk > NGX_HTTP_REVIEW_SEND))
    {
        clcf->sendfile_max_chunk = NGX_HTTP_REVIEW_SEND;
    }

    if (conf->store_name.len) {
        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);

        conf->store = ngx_http_review_store_find(rmcf, &conf->store_name);

        if (conf->store == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"review_store\" defines the store \"%V\" "
                          "of \"%s\" in %V:%ui", &conf->store_name,
                          conf->directive, &conf->file, conf->line);
            return NGX_CONF_ERROR;
        }
    }

    /* "if" and "limit_except" are parts of their location */

    if (clcf->noname || clcf->lmt_excpt) {
        conf->handler = prev->handler;
        conf->directive = prev->directive;
        conf->file = prev->file;
        conf->line = prev->line;
        conf->name = prev->name;
        conf->rubric = prev->rubric;
        conf->split = prev->split;
        conf->status = prev->status;
        conf->plain_errors = prev->plain_errors;
        conf->store = prev->store;
        conf->fetch = prev->fetch;

        if (clcf->lmt_excpt && clcf->handler == NULL) {
            clcf->handler = conf->handler;
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
    ngx_conf_merge_ptr_value(conf->embeddings, prev->embeddings, NULL);
    ngx_conf_merge_ptr_value(conf->extract, prev->extract, NULL);
    ngx_conf_merge_ptr_value(conf->chunk_uri, prev->chunk_uri, NULL);
    ngx_conf_merge_ptr_value(conf->fetch_allow, prev->fetch_allow, NULL);
    ngx_conf_merge_ptr_value(conf->limit, prev->limit, NULL);
    ngx_conf_merge_ptr_value(conf->priority, prev->priority, NULL);
    ngx_conf_merge_value(conf->guard, prev->guard, 0);

    if (conf->guard) {
        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);
        rmcf->guard = 1;
    }

    ngx_conf_merge_msec_value(conf->call_timeout, prev->call_timeout, 60000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 120000);
    ngx_conf_merge_msec_value(conf->task_timeout, prev->task_timeout,
                              3600000);
    ngx_conf_merge_msec_value(conf->ping, prev->ping, 5000);
    ngx_conf_merge_size_value(conf->max_chunk, prev->max_chunk, 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_text, prev->max_text,
                              64 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_document, prev->max_document,
                              64 * 1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_inputs, prev->max_inputs, 100000);
    ngx_conf_merge_size_value(conf->max_answer, prev->max_answer, 256 * 1024);
    ngx_conf_merge_uint_value(conf->max_points, prev->max_points, 1000);

    if (ngx_http_review_merge_threads(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_review_check_backends(cf, conf);
}


static char *
ngx_http_review_check_backends(ngx_conf_t *cf,
    ngx_http_review_loc_conf_t *conf)
{
    const char  *missing;

    if (conf->directive == NULL) {
        return NGX_CONF_OK;
    }

    missing = NULL;

    if (ngx_strcmp(conf->directive, "review") == 0 && conf->llm == NULL) {
        missing = "review_llm";
    }

    if (ngx_strcmp(conf->directive, "review_embed") == 0
        && conf->embeddings == NULL)
    {
        missing = "review_embeddings";
    }

    if (ngx_strcmp(conf->directive, "review_task") == 0
        && conf->chunk_uri == NULL)
    {
        missing = "review_chunk_uri";
    }

    if (ngx_strcmp(conf->directive, "review_fetch") == 0
        && conf->fetch_allow == NULL)
    {
        missing = "review_fetch_allow";
    }

    if (missing) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"%s\" is set for \"%s\" in %V:%ui", missing,
                      conf->directive, &conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

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

    rc = ngx_http_review_error_page_header(r);

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

    return ngx_http_review_error_page_body(r, in, ngx_http_next_body_filter);
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


static ngx_int_t
ngx_http_review_init_process(ngx_cycle_t *cycle)
{
    ngx_http_review_main_conf_t  *rmcf;

    /* cache managers and loaders make no calls */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_review_module);

    if (rmcf == NULL) {
        return NGX_OK;
    }

    ngx_http_review_thread_init();

    return ngx_http_review_process_init(cycle, &rmcf->zones,
                                        ngx_http_review_limit_claim);
}


static void
ngx_http_review_exit(ngx_cycle_t *cycle)
{
    ngx_http_review_curl_exit(cycle);
    ngx_http_review_process_exit(cycle);
}
