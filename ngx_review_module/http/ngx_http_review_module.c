
/*
 * Where all of it hooks into nginx.  Each wing is a module of its own, with its
 * directives and their configuration; this one has the filters, phases and
 * variables, and what is of no wing.  A request's context is this module's.
 */

#include "http/ngx_http_review_module.h"
#include "http/call/ngx_http_review_call.h"
#include "http/request/ngx_http_review_request.h"
#include "http/base/ngx_http_review_base.h"


static void *ngx_http_review_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_review_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_review_init(ngx_conf_t *cf);

static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_command_t  ngx_http_review_commands[] = {

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

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_module_ctx = {
    ngx_http_review_variables_add,         /* preconfiguration */
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
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_review_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_review_main_conf_t));
}


static void *
ngx_http_review_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_review_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->guard = NGX_CONF_UNSET;

    return conf;
}


/* nothing of it may depend on what wings merge, which may come later */

static char *
ngx_http_review_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_loc_conf_t *prev = parent;
    ngx_http_review_loc_conf_t *conf = child;

    ngx_http_review_main_conf_t  *rmcf;

    ngx_conf_merge_value(conf->guard, prev->guard, 0);

    if (conf->guard) {
        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_module);
        rmcf->guard = 1;
    }

    if (ngx_http_review_endpoint_inherits(cf)) {
        conf->status = prev->status;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_header_filter(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_review_call_t  *call;

    call = ngx_http_review_subrequest_of(r);

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

    call = ngx_http_review_subrequest_of(r);

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
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_subrequest_precontent;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_guard;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_visit_precontent;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_SERVER_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_review_subrequest_rewrite;

    ngx_http_review_locations(cf);

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_review_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_review_body_filter;

    return NGX_OK;
}
